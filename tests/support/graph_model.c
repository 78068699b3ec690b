#include "tests/support/graph_model.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const dir_names[MODEL_DIRS] = { "out", "in" };

int model_find(const struct model *model, const char *key)
{
	for (int i = 0; i < MODEL_NODES; i++) {
		if (model->nodes[i].exists && strcmp(model->nodes[i].key, key) == 0)
			return i;
	}
	return -1;
}

const char *model_prop_name(int prop)
{
	static const char *const names[MODEL_PROPS] = { "alpha", "beta", "gamma" };
	return names[prop];
}

static const struct model_link *link_of(const struct model *model, int dir, int type, int node, int other)
{
	return dir == MODEL_OUT ? &model->links[type][node][other] : &model->links[type][other][node];
}

int model_degree(const struct model *model, int node, int dir, int type)
{
	int degree = 0;
	for (int other = 0; other < MODEL_NODES; other++)
		degree += link_of(model, dir, type, node, other)->id != 0;
	return degree;
}

bool model_node_is_empty(const struct model *model, int node)
{
	for (int prop = 0; prop < MODEL_PROPS; prop++) {
		if (model->nodes[node].props[prop].exists)
			return false;
	}
	for (int type = 0; type < MODEL_TYPES; type++) {
		if (model_degree(model, node, MODEL_OUT, type) + model_degree(model, node, MODEL_IN, type) > 0)
			return false;
	}
	return true;
}

/* ---- making a check ---- */

struct making {
	const struct model *model;
	const struct model_view *view;
	struct fs_check *check;
	char *scratch;
	const struct model_node *node; /* of view->key; NULL when there is none now */
	int index, other;              /* of view->key and view->other; -1 */
};

static void path(struct making *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void path(struct making *m, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(m->check->path, sizeof m->check->path, format, args); /* keys are short */
	va_end(args);
}

static void text(struct making *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void text(struct making *m, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(m->scratch, MODEL_SCRATCH_BYTES, format, args);
	va_end(args);
	m->check->bytes = (const uint8_t *)m->scratch;
	m->check->bytes_size = strlen(m->scratch);
}

/* Takes the lines over, sorted. */
static void lines(struct making *m, struct fs_text *all)
{
	fs_sort_lines(all);
	assert(all->size < MODEL_SCRATCH_BYTES);
	if (all->size > 0)
		memcpy(m->scratch, all->data, all->size);
	m->check->bytes = (const uint8_t *)m->scratch;
	m->check->bytes_size = all->size;
	fs_text_release(all);
}

static void exists_if(struct making *m, bool there)
{
	m->check->want_errno = there ? 0 : ENOENT;
}

static const struct model_link *link_meant(const struct making *m)
{
	static const struct model_link none;
	if (m->index < 0 || m->other < 0)
		return &none;
	return link_of(m->model, m->view->dir, m->view->type, m->index, m->other);
}

static const char *type_name(const struct making *m)
{
	return m->model->types[m->view->type];
}

static const char *side_name(const struct making *m)
{
	return dir_names[m->view->dir];
}

/* ---- nodes ---- */

static void make_nodes(struct making *m)
{
	struct fs_text all = { 0 };
	m->check->kind = FS_CHECK_LIST;
	(void)snprintf(m->check->prefix, sizeof m->check->prefix, "%s", m->model->prefix);
	for (int i = 0; i < MODEL_NODES; i++) {
		const struct model_node *node = &m->model->nodes[i];
		if (node->exists && (m->view->kind == VIEW_NODES || node->labels[m->view->label]))
			fs_text_print(&all, "%s\n", node->key);
	}
	if (m->view->kind == VIEW_NODES)
		path(m, "nodes");
	else
		path(m, "labels/%s", m->model->labels[m->view->label]);
	lines(m, &all);
}

static void make_node_names(struct making *m)
{
	struct fs_text all = { 0 };
	m->check->kind = FS_CHECK_LIST;
	path(m, "nodes/%s", m->view->key);
	fs_text_print(&all, "labels\nout\nin\n");
	for (int prop = 0; m->node && prop < MODEL_PROPS; prop++) {
		if (m->node->props[prop].exists)
			fs_text_print(&all, "%s\n", model_prop_name(prop));
	}
	lines(m, &all);
}

static void make_node_labels(struct making *m)
{
	struct fs_text all = { 0 };
	m->check->kind = FS_CHECK_LIST;
	path(m, "nodes/%s/labels", m->view->key);
	for (int label = 0; m->node && label < MODEL_LABELS; label++) {
		if (m->node->labels[label])
			fs_text_print(&all, "%s\n", m->model->labels[label]);
	}
	lines(m, &all);
}

static void add_json_links(struct making *m, int dir, struct fs_text *all)
{
	for (int type = 0; type < MODEL_TYPES; type++) {
		for (int other = 0; other < MODEL_NODES; other++) {
			const struct model_link *link = link_of(m->model, dir, type, m->index, other);
			if (link->id == 0)
				continue;
			fs_text_print(
				all, "%s %s %s %" PRIu64, dir_names[dir], m->model->types[type], m->model->nodes[other].key, link->id);
			if (link->has_prop)
				fs_text_print(all, " %s %" PRIx64, MODEL_REL_PROP, fs_check_hash(link->prop, link->prop_size));
			fs_text_print(all, "\n");
		}
	}
}

static void make_json(struct making *m)
{
	struct fs_text all = { 0 };
	m->check->kind = FS_CHECK_JSON;
	path(m, "nodes/%s/.json", m->view->key);
	for (int label = 0; m->node && label < MODEL_LABELS; label++) {
		if (m->node->labels[label])
			fs_text_print(&all, "label %s\n", m->model->labels[label]);
	}
	for (int prop = 0; m->node && prop < MODEL_PROPS; prop++) {
		const struct model_prop *p = &m->node->props[prop];
		if (p->exists)
			fs_text_print(&all, "property %s %" PRIx64 "\n", model_prop_name(prop), fs_check_hash(p->bytes, p->size));
	}
	if (m->node) {
		add_json_links(m, MODEL_OUT, &all);
		add_json_links(m, MODEL_IN, &all);
	}
	lines(m, &all);
}

static void make_mode(struct making *m)
{
	m->check->kind = FS_CHECK_LSTAT;
	m->check->type = S_IFDIR;
	m->check->mode = m->node ? m->node->mode : -1;
	path(m, "nodes/%s%s", m->view->key, m->view->kind == VIEW_NODE ? "" : "/out");
}

/* ---- relationships ---- */

static void make_link(struct making *m)
{
	exists_if(m, link_meant(m)->id != 0);
	path(m, "nodes/%s/%s/%s/%s", m->view->key, side_name(m), type_name(m), m->view->other);
	if (m->view->kind == VIEW_LINK) {
		m->check->kind = FS_CHECK_LINK;
		text(m, "../../../%s", m->view->other);
	} else if (m->view->kind == VIEW_LINK_STAT) {
		m->check->kind = FS_CHECK_LSTAT;
		m->check->type = S_IFLNK;
		m->check->size = (int64_t)(strlen("../../../") + strlen(m->view->other));
	} else {
		m->check->kind = FS_CHECK_SAME;
		text(m, "nodes/%s", m->view->other);
	}
}

static void make_link_alias(struct making *m)
{
	const struct model_view *v = m->view;
	uint64_t id = link_meant(m)->id;
	exists_if(m, id != 0);
	m->check->kind = FS_CHECK_LINK;
	text(m, "../../../%s", v->other);
	if (v->rel != 0 && v->label) { /* of what it is or was */
		exists_if(m, id == v->rel);
		path(m, "nodes/%s/%s/%s/%s~%" PRIu64, v->key, side_name(m), type_name(m), v->other, v->rel);
	} else {
		path(m, "nodes/%s/%s/%s/%%%02x%s", v->key, side_name(m), type_name(m), (unsigned)(uint8_t)v->other[0],
			v->other + 1);
	}
}

static void make_rel_link(struct making *m)
{
	exists_if(m, link_meant(m)->id != 0);
	m->check->kind = FS_CHECK_LINK;
	path(m, "nodes/%s/%s/%s/.rel/%s", m->view->key, side_name(m), type_name(m), m->view->other);
	text(m, "../../../../../rels/%s/%" PRIu64, type_name(m), link_meant(m)->id);
}

static void make_links(struct making *m)
{
	struct fs_text all = { 0 };
	m->check->kind = FS_CHECK_LIST;
	path(m, "nodes/%s/%s/%s%s", m->view->key, side_name(m), type_name(m), m->view->kind == VIEW_LINKS ? "" : "/.rel");
	for (int other = 0; m->node && other < MODEL_NODES; other++) {
		if (link_of(m->model, m->view->dir, m->view->type, m->index, other)->id != 0)
			fs_text_print(&all, "%s\n", m->model->nodes[other].key);
	}
	lines(m, &all);
}

static void make_side(struct making *m)
{
	struct fs_text all = { 0 };
	m->check->kind = FS_CHECK_LIST;
	path(m, "nodes/%s/%s", m->view->key, side_name(m));
	for (int type = 0; m->node && type < MODEL_TYPES; type++) {
		if (model_degree(m->model, m->index, m->view->dir, type) > 0)
			fs_text_print(&all, "%s\n", m->model->types[type]);
	}
	if (m->node && m->node->made[m->view->dir][0] != '\0')
		fs_text_print(&all, "%s\n", m->node->made[m->view->dir]);
	lines(m, &all);
}

/* The relationship that the view means, wherever its ends are called what by now; NULL when it is gone. */
static const struct model_link *rel_meant(const struct making *m, int *ret_from, int *ret_to)
{
	for (int from = 0; from < MODEL_NODES; from++) {
		for (int to = 0; to < MODEL_NODES; to++) {
			const struct model_link *link = &m->model->links[m->view->type][from][to];
			if (link->id == m->view->rel && link->id != 0) {
				*ret_from = from;
				*ret_to = to;
				return link;
			}
		}
	}
	return NULL;
}

static void make_rel(struct making *m)
{
	int ends[MODEL_DIRS] = { 0, 0 };
	const struct model_link *link = rel_meant(m, &ends[0], &ends[1]);
	bool end = m->view->kind == VIEW_REL_END;
	exists_if(m, link != NULL);
	path(m, "rels/%s/%" PRIu64 "%s", type_name(m), m->view->rel,
		!end                            ? ""
			: m->view->dir == MODEL_OUT ? "/from"
										: "/to");
	if (end) {
		m->check->kind = FS_CHECK_LINK;
		text(m, "../../../nodes/%s", link ? m->model->nodes[ends[m->view->dir]].key : "");
	} else {
		m->check->kind = FS_CHECK_LSTAT;
		m->check->type = S_IFDIR;
	}
}

static void make_type(struct making *m)
{
	int from, to;
	m->check->kind = FS_CHECK_HAS;
	m->check->want = rel_meant(m, &from, &to) != NULL;
	path(m, "rels/%s", type_name(m));
	text(m, "%" PRIu64, m->view->rel);
}

static void make_rel_prop(struct making *m)
{
	int from, to;
	bool side = m->view->kind == VIEW_REL_PROP_SIDE;
	const struct model_link *link = side ? link_meant(m) : rel_meant(m, &from, &to);
	m->check->kind = FS_CHECK_READ;
	exists_if(m, link && link->id != 0 && link->has_prop);
	m->check->bytes = link ? link->prop : NULL;
	m->check->bytes_size = link ? link->prop_size : 0;
	if (side)
		path(m, "nodes/%s/%s/%s/.rel/%s/" MODEL_REL_PROP, m->view->key, side_name(m), type_name(m), m->view->other);
	else
		path(m, "rels/%s/%" PRIu64 "/" MODEL_REL_PROP, type_name(m), m->view->rel);
}

/* ---- labels ---- */

static void make_label(struct making *m)
{
	const char *label = m->model->labels[m->view->label];
	exists_if(m, m->node && m->node->labels[m->view->label]);
	m->check->kind = m->view->kind == VIEW_LABEL_THROUGH ? FS_CHECK_SAME : FS_CHECK_LINK;
	if (m->view->kind == VIEW_NODE_LABEL) {
		path(m, "nodes/%s/labels/%s", m->view->key, label);
		text(m, "../../../labels/%s", label);
	} else {
		if (m->view->kind == VIEW_LABEL_ALIAS)
			path(m, "labels/%s/%%%02X%s", label, (unsigned)(uint8_t)m->view->key[0], m->view->key + 1);
		else
			path(m, "labels/%s/%s", label, m->view->key);
		text(m, "%snodes/%s", m->view->kind == VIEW_LABEL_THROUGH ? "" : "../../", m->view->key);
	}
}

/* The expression of the view, and whether it holds a node. */
static bool make_expr(const struct making *m, const struct model_node *node, char *text, size_t size)
{
	int next = (m->view->label + 1) % MODEL_LABELS;
	const char *a = m->model->labels[m->view->label], *b = m->model->labels[next];
	bool has_a = node && node->labels[m->view->label], has_b = node && node->labels[next];
	switch (m->view->form) {
	case 0:
		(void)snprintf(text, size, "%s&%s", a, b);
		return has_a && has_b;
	case 1:
		(void)snprintf(text, size, "%s|%s", a, b);
		return has_a || has_b;
	case 2:
		(void)snprintf(text, size, "%s&!%s", a, b);
		return has_a && !has_b;
	case 3:
		(void)snprintf(text, size, "!(%s|%s)", a, b);
		return node && !has_a && !has_b;
	default:
		(void)snprintf(text, size, "%%&!(!%s|%s)", a, b);
		return has_a && !has_b;
	}
}

static void make_expr_list(struct making *m)
{
	struct fs_text all = { 0 };
	char expr[64];
	m->check->kind = FS_CHECK_LIST;
	(void)snprintf(m->check->prefix, sizeof m->check->prefix, "%s", m->model->prefix);
	for (int i = 0; i < MODEL_NODES; i++) {
		const struct model_node *node = &m->model->nodes[i];
		if (node->exists && make_expr(m, node, expr, sizeof expr))
			fs_text_print(&all, "%s\n", node->key);
	}
	(void)make_expr(m, NULL, expr, sizeof expr);
	path(m, "labels/%s", expr);
	lines(m, &all);
}

static void make_expr_node(struct making *m)
{
	char expr[64];
	m->check->kind = FS_CHECK_LINK;
	exists_if(m, make_expr(m, m->node, expr, sizeof expr));
	path(m, "labels/%s/%s", expr, m->view->key);
	text(m, "../../nodes/%s", m->view->key);
}

/* ---- properties ---- */

static void make_prop(struct making *m)
{
	const char *name = model_prop_name(m->view->prop);
	const struct model_prop *prop = m->node ? &m->node->props[m->view->prop] : NULL;
	bool there = prop && prop->exists;
	m->check->kind = m->view->kind == VIEW_PROP_STAT ? FS_CHECK_LSTAT
		: m->view->kind == VIEW_PROP_MMAP            ? FS_CHECK_MMAP
													 : FS_CHECK_READ;
	m->check->type = S_IFREG;
	path(m, "nodes/%s/%s", m->view->key, name);
	if (m->view->kind == VIEW_PROP_LINK) {
		path(m, "nodes/%s/%s/%s/%s/%s", m->view->other, side_name(m), type_name(m), m->view->key, name);
		there = there && m->other >= 0 && link_of(m->model, m->view->dir, m->view->type, m->other, m->index)->id != 0;
	} else if (m->view->kind == VIEW_PROP_LABEL) {
		path(m, "labels/%s/%s/%s", m->model->labels[m->view->label], m->view->key, name);
		there = there && m->node->labels[m->view->label];
	}
	exists_if(m, there);
	if (there) {
		m->check->bytes = prop->bytes;
		m->check->bytes_size = prop->size;
		m->check->size = prop->size;
		m->check->mode = m->node->mode & 0666;
	}
}

void model_check(const struct model *model, const struct model_view *view, struct fs_check *check, char *scratch)
{
	static void (*const makers[])(struct making * m) = {
		[VIEW_NODE] = make_mode,
		[VIEW_NODES] = make_nodes,
		[VIEW_NODE_NAMES] = make_node_names,
		[VIEW_FOLDER_MODE] = make_mode,
		[VIEW_JSON] = make_json,
		[VIEW_LINK] = make_link,
		[VIEW_LINK_STAT] = make_link,
		[VIEW_LINK_ALIAS] = make_link_alias,
		[VIEW_LINKS] = make_links,
		[VIEW_SIDE] = make_side,
		[VIEW_REL_LINK] = make_rel_link,
		[VIEW_REL_LINKS] = make_links,
		[VIEW_THROUGH] = make_link,
		[VIEW_REL] = make_rel,
		[VIEW_REL_END] = make_rel,
		[VIEW_TYPE] = make_type,
		[VIEW_REL_PROP] = make_rel_prop,
		[VIEW_REL_PROP_SIDE] = make_rel_prop,
		[VIEW_NODE_LABEL] = make_label,
		[VIEW_LABEL_NODE] = make_label,
		[VIEW_LABEL_ALIAS] = make_label,
		[VIEW_NODE_LABELS] = make_node_labels,
		[VIEW_LABEL] = make_nodes,
		[VIEW_LABEL_THROUGH] = make_label,
		[VIEW_EXPR] = make_expr_list,
		[VIEW_EXPR_NODE] = make_expr_node,
		[VIEW_PROP_STAT] = make_prop,
		[VIEW_PROP_READ] = make_prop,
		[VIEW_PROP_MMAP] = make_prop,
		[VIEW_PROP_LINK] = make_prop,
		[VIEW_PROP_LABEL] = make_prop,
	};
	struct making m = { .model = model, .view = view, .check = check, .scratch = scratch };
	*check = (struct fs_check){ .mode = -1, .size = -1 };
	m.index = model_find(model, view->key);
	m.other = model_find(model, view->other);
	m.node = m.index >= 0 ? &model->nodes[m.index] : NULL;
	/* Views inside a node's folder go with the node; the makers below say otherwise where more must exist. */
	bool in_node = view->kind != VIEW_NODES && view->kind != VIEW_LABEL && view->kind != VIEW_TYPE &&
		view->kind != VIEW_EXPR;
	exists_if(&m, !in_node || m.node != NULL);
	makers[view->kind](&m);
}
