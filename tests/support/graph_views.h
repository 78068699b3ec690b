/* Which views of a model's graph a change shows in. */
#ifndef GFS_TESTS_SUPPORT_GRAPH_VIEWS_H
#define GFS_TESTS_SUPPORT_GRAPH_VIEWS_H

#include "tests/support/graph_model.h"
#include "tests/support/rng.h"

#define GRAPH_VIEWS_MAX 64u

struct graph_views {
	const struct model *model;
	struct rng *rng;
	bool aliases; /* names in other spellings too */
	unsigned count;
	struct model_view list[GRAPH_VIEWS_MAX];
};

/* A place for one more; what does not fit is left out. */
struct model_view *graph_views_add(struct graph_views *views, enum model_view_kind kind, const char *key);
/* Everything that shows the relationship `id` (0: none yet) of a type between the nodes of two keys. */
void graph_views_of_link(struct graph_views *views, int type, const char *from, const char *to, uint64_t id);
/* Those under /rels. */
void graph_views_of_rel(struct graph_views *views, int type, uint64_t id);
void graph_views_of_label(struct graph_views *views, int label, const char *key);
void graph_views_of_prop(struct graph_views *views, const char *key, int prop);
/* Everything that shows `key`, a former, present or coming key of the node: from its neighbours, its labels, its relationships. */
void graph_views_of_key(struct graph_views *views, int node, const char *key);
/* Keeps at most `max` and at least two of those there are, at random. */
void graph_views_choose(struct graph_views *views, unsigned max);

#endif
