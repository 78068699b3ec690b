/* Takes out EAGERs that separate nothing: where no operator below reads what one above writes, or the other way round, a row may go all the way up before the
 * next one is made. An operator that needs all rows anyway (SORT, AGGREGATE) separates as well as an EAGER. */
#include "query/plan_private.h"

#include "query/effects.h"

/* Rows are separated here whatever the pass does. */
static bool is_barrier(const struct gfs_plan_node *node)
{
	return node->kind == GFS_PLAN_SORT || node->kind == GFS_PLAN_TOP || node->kind == GFS_PLAN_AGGREGATE;
}

/* The tree gives no more than one row: there is nothing to separate. */
static bool gives_one_row(const struct gfs_plan_node *node)
{
	for (; node != NULL; node = node->input) {
		switch (node->kind) {
		case GFS_PLAN_AGGREGATE:
			if (node->aggregate.key_count == 0)
				return true;
			break;
		case GFS_PLAN_KEY_SEEK:
		case GFS_PLAN_ID_SEEK:
			if (node->scan.list)
				return false;
			break;
		case GFS_PLAN_ARGUMENT:
		case GFS_PLAN_PROJECT:
		case GFS_PLAN_FILTER:
		case GFS_PLAN_SKIP:
		case GFS_PLAN_LIMIT:
		case GFS_PLAN_SORT:
		case GFS_PLAN_TOP:
		case GFS_PLAN_DISTINCT:
		case GFS_PLAN_EAGER:
		case GFS_PLAN_CREATE:
		case GFS_PLAN_SET:
		case GFS_PLAN_REMOVE:
		case GFS_PLAN_DELETE:
		case GFS_PLAN_FOREACH:
			break;
		default:
			return false;
		}
	}
	return true;
}

struct chain {
	struct gfs_plan_node **nodes; /* from the leaf up */
	uint32_t count;
};

static bool chain_of(struct gfs_planner *planner, struct gfs_plan_node *root, struct chain *chain)
{
	*chain = (struct chain){ 0 };
	for (struct gfs_plan_node *node = root; node != NULL; node = node->input)
		chain->count++;
	chain->nodes = gfs_plan_alloc(planner, chain->count * sizeof(struct gfs_plan_node *));
	uint32_t at = chain->count;
	for (struct gfs_plan_node *node = root; chain->nodes != NULL && node != NULL; node = node->input)
		chain->nodes[--at] = node;
	return chain->nodes != NULL;
}

/* `below`: what runs in turns with the place, from the last barrier up to it. */
static bool separates(
	struct gfs_planner *planner, const struct chain *chain, uint32_t at, const struct gfs_effects *below)
{
	struct gfs_effects above;
	if (!gfs_effects_init(planner, &above))
		return true;
	for (uint32_t i = at + 1; i < chain->count; i++) {
		gfs_effects_add(planner, chain->nodes[i], &above);
		if (is_barrier(chain->nodes[i]))
			break;
	}
	return gfs_effects_collide(below, &above) || gfs_effects_collide(&above, below);
}

static void rewrite_inner(struct gfs_planner *planner, struct gfs_plan_node *node)
{
	if (node->right != NULL)
		node->right = gfs_rewrite_eager(planner, node->right);
	for (uint32_t i = 0; node->kind == GFS_PLAN_UNION && i < node->join.count; i++)
		node->join.parts[i] = gfs_rewrite_eager(planner, node->join.parts[i]);
}

struct gfs_plan_node *gfs_rewrite_eager(struct gfs_planner *planner, struct gfs_plan_node *root)
{
	struct chain chain;
	struct gfs_effects below;
	if (root == NULL || !chain_of(planner, root, &chain) || !gfs_effects_init(planner, &below))
		return root;
	for (uint32_t i = 0; i < chain.count; i++) {
		struct gfs_plan_node *node = chain.nodes[i];
		rewrite_inner(planner, node);
		if (node->kind != GFS_PLAN_EAGER) {
			gfs_effects_add(planner, node, &below);
			if (is_barrier(node) && !gfs_effects_init(planner, &below))
				return root;
			continue;
		}
		if (!gives_one_row(node->input) && separates(planner, &chain, i, &below)) {
			if (!gfs_effects_init(planner, &below))
				return root;
		} else if (i + 1 < chain.count) {
			chain.nodes[i + 1]->input = node->input;
			chain.nodes[i] = node->input;
		} else {
			root = node->input;
		}
	}
	return root;
}
