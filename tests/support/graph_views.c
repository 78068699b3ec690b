#include "tests/support/graph_views.h"

#include <string.h>

struct model_view *graph_views_add(struct graph_views *v, enum model_view_kind kind, const char *key)
{
	static struct model_view spare;
	struct model_view *view = v->count < GRAPH_VIEWS_MAX ? &v->list[v->count++] : &spare;
	*view = (struct model_view){ .kind = kind };
	memcpy(view->key, key, strlen(key) + 1);
	return view;
}

static void add_link_view(
	struct graph_views *v, enum model_view_kind kind, int dir, int type, const char *key, const char *other)
{
	struct model_view *view = graph_views_add(v, kind, key);
	view->dir = dir;
	view->type = type;
	memcpy(view->other, other, strlen(other) + 1);
}

void graph_views_of_rel(struct graph_views *v, int type, uint64_t id)
{
	static const enum model_view_kind kinds[] = { VIEW_REL, VIEW_REL_END, VIEW_TYPE, VIEW_REL_PROP };
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && id != 0; i++) {
		struct model_view *view = graph_views_add(v, kinds[i], "");
		view->type = type;
		view->rel = id;
		view->dir = (int)rng_below(v->rng, MODEL_DIRS);
	}
}

void graph_views_of_link(struct graph_views *v, int type, const char *from, const char *to, uint64_t id)
{
	static const enum model_view_kind kinds[] = { VIEW_LINK, VIEW_LINK_STAT, VIEW_LINKS, VIEW_SIDE, VIEW_REL_LINK,
		VIEW_REL_LINKS, VIEW_THROUGH, VIEW_REL_PROP_SIDE };
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		add_link_view(v, kinds[i], MODEL_OUT, type, from, to);
		add_link_view(v, kinds[i], MODEL_IN, type, to, from);
	}
	if (v->aliases) {
		for (unsigned i = 0; i < 4; i++) {
			bool out = i % 2;
			add_link_view(v, VIEW_LINK_ALIAS, out ? MODEL_OUT : MODEL_IN, type, out ? from : to, out ? to : from);
			v->list[v->count - 1].rel = id;
			v->list[v->count - 1].label = i / 2;
		}
	}
	(void)graph_views_add(v, VIEW_JSON, from);
	(void)graph_views_add(v, VIEW_JSON, to);
	graph_views_of_rel(v, type, id);
}

void graph_views_of_label(struct graph_views *v, int label, const char *key)
{
	static const enum model_view_kind kinds[] = { VIEW_NODE_LABEL, VIEW_LABEL_NODE, VIEW_NODE_LABELS, VIEW_LABEL,
		VIEW_LABEL_THROUGH };
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		graph_views_add(v, kinds[i], key)->label = label;
	for (unsigned i = 0; i < 4; i++) {
		struct model_view *view = graph_views_add(v, i % 2 ? VIEW_EXPR : VIEW_EXPR_NODE, key);
		/* The label is the first of the two, or the second. */
		view->label = (label + (i < 2 ? 0 : MODEL_LABELS - 1)) % MODEL_LABELS;
		view->form = rng_below(v->rng, MODEL_FORMS);
	}
	if (v->aliases)
		graph_views_add(v, VIEW_LABEL_ALIAS, key)->label = label;
	(void)graph_views_add(v, VIEW_JSON, key);
}

void graph_views_of_prop(struct graph_views *v, const char *key, int prop)
{
	static const enum model_view_kind kinds[] = { VIEW_PROP_STAT, VIEW_PROP_READ, VIEW_PROP_MMAP, VIEW_NODE_NAMES,
		VIEW_JSON };
	int node = model_find(v->model, key);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		graph_views_add(v, kinds[i], key)->prop = prop;
	for (int type = 0; node >= 0 && type < MODEL_TYPES; type++) {
		for (int other = 0; other < MODEL_NODES; other++) {
			if (v->model->links[type][other][node].id == 0)
				continue;
			add_link_view(v, VIEW_PROP_LINK, MODEL_OUT, type, key, v->model->nodes[other].key);
			v->list[v->count - 1].prop = prop;
		}
	}
	for (int label = 0; node >= 0 && label < MODEL_LABELS; label++) {
		if (v->model->nodes[node].labels[label]) {
			struct model_view *view = graph_views_add(v, VIEW_PROP_LABEL, key);
			view->prop = prop;
			view->label = label;
		}
	}
}

void graph_views_of_key(struct graph_views *v, int node, const char *key)
{
	const struct model *model = v->model;
	(void)graph_views_add(v, VIEW_NODE, key);
	(void)graph_views_add(v, VIEW_NODES, key);
	(void)graph_views_add(v, VIEW_NODE_NAMES, key);
	(void)graph_views_add(v, VIEW_FOLDER_MODE, key);
	for (unsigned i = 0; i < 2; i++) {
		struct model_view *view = graph_views_add(v, i % 2 ? VIEW_EXPR : VIEW_EXPR_NODE, key);
		view->label = (int)rng_below(v->rng, MODEL_LABELS);
		view->form = rng_below(v->rng, MODEL_FORMS);
	}
	for (int label = 0; label < MODEL_LABELS; label++) {
		if (model->nodes[node].labels[label])
			graph_views_of_label(v, label, key);
	}
	for (int prop = 0; prop < MODEL_PROPS; prop++)
		graph_views_add(v, VIEW_PROP_READ, key)->prop = prop;
	for (int type = 0; type < MODEL_TYPES; type++) {
		for (int other = 0; other < MODEL_NODES; other++) {
			const char *name = model->nodes[other].key;
			if (model->links[type][node][other].id != 0) {
				add_link_view(v, VIEW_LINK, MODEL_IN, type, name, key);
				add_link_view(v, VIEW_LINKS, MODEL_IN, type, name, key);
				add_link_view(v, VIEW_REL_LINK, MODEL_OUT, type, key, name);
				graph_views_of_rel(v, type, model->links[type][node][other].id);
			}
			if (model->links[type][other][node].id != 0) {
				add_link_view(v, VIEW_LINK, MODEL_OUT, type, name, key);
				add_link_view(v, VIEW_THROUGH, MODEL_OUT, type, name, key);
				add_link_view(v, VIEW_REL_LINKS, MODEL_OUT, type, name, key);
				(void)graph_views_add(v, VIEW_JSON, name);
			}
		}
	}
}

void graph_views_choose(struct graph_views *v, unsigned max)
{
	unsigned count = 2 + rng_below(v->rng, max - 1);
	for (unsigned i = 0; i < count && i < v->count; i++) {
		unsigned j = i + rng_below(v->rng, v->count - i);
		struct model_view picked = v->list[j];
		v->list[j] = v->list[i];
		v->list[i] = picked;
	}
	if (v->count > count)
		v->count = count;
}
