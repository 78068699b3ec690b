/* The last step: from the top down, what is needed of each operator's rows; from the bottom up, what there is, and the compiled expressions. */
#include "query/plan_private.h"

#include "query/limits.h"

#include <assert.h>

static struct gfs_slots slots_of(struct gfs_planner *planner, struct gfs_symset set)
{
	struct gfs_slots slots = { 0 };
	slots.ids = gfs_plan_alloc(planner, gfs_symset_count(set) * sizeof *slots.ids);
	if (slots.ids == NULL)
		return slots;
	for (uint32_t slot = gfs_symset_next(set, 0); slot != UINT32_MAX; slot = gfs_symset_next(set, slot + 1))
		slots.ids[slots.count++] = slot;
	return slots;
}

/* Nothing of the rows below is seen above. */
static bool is_boundary(const struct gfs_plan_node *node)
{
	return node->kind == GFS_PLAN_AGGREGATE || node->kind == GFS_PLAN_UNION || node->kind == GFS_PLAN_COUNT_STORE;
}

static int compile_item(void *context, struct gfs_plan_item *item)
{
	struct gfs_compiler *compiler = context;
	if (item->expr == NULL)
		return 0;
	item->code = gfs_expr_compile(compiler, item->expr);
	return item->code == NULL ? compiler->planner->err : 0;
}

static int compile_items(struct gfs_planner *planner, struct gfs_plan_node *node, struct gfs_symset available)
{
	struct gfs_compiler compiler = {
		.planner = planner, .available = available, .locals = gfs_plan_set_new(planner), .known = node->known
	};
	if (compiler.locals.words == NULL)
		return planner->err;
	if ((node->kind == GFS_PLAN_VAR_EXPAND || node->kind == GFS_PLAN_SHORTEST) && node->rel.filter_count != 0)
		gfs_symset_add(compiler.locals, node->rel.step);
	return gfs_plan_each_item(node, compile_item, &compiler);
}

/* Paths that nobody looks at are not made. */
static void prune(struct gfs_plan_node *node, struct gfs_symset needed)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < node->list.count; i++)
		if (node->list.items[i].expr->kind != GFS_PLAN_AST_PATH || gfs_symset_has(needed, node->list.items[i].slot))
			node->list.items[kept++] = node->list.items[i];
	node->list.count = kept;
}

/* What the operator needs of its input's rows. */
static struct gfs_symset needed_below(
	struct gfs_planner *planner, const struct gfs_plan_node *node, struct gfs_symset needed)
{
	struct gfs_symset below = gfs_plan_set_new(planner), defined = gfs_plan_set_new(planner);
	if (below.words == NULL || defined.words == NULL)
		return (struct gfs_symset){ 0 };
	if (!is_boundary(node)) {
		gfs_plan_defines(node, defined);
		gfs_symset_union(below, needed);
		gfs_symset_subtract(below, defined);
	}
	gfs_plan_node_uses(node, below);
	if (node->right != NULL)
		gfs_plan_tree_uses(node->right, below);
	for (uint32_t i = 0; node->kind == GFS_PLAN_UNION && i < node->join.count; i++)
		gfs_plan_tree_uses(node->join.parts[i], below);
	return below;
}

static int finish(struct gfs_planner *planner, struct gfs_plan_node *node, struct gfs_symset needed,
	struct gfs_symset outer, struct gfs_symset *ret_available);

/* What is needed of the rows of a right side: what is needed above, and what the operator itself looks at. */
static int finish_right(
	struct gfs_planner *planner, struct gfs_plan_node *node, struct gfs_symset needed, struct gfs_symset available)
{
	struct gfs_symset inner = gfs_symset_copy(planner->arena, needed), unused = { 0 };
	if (inner.words == NULL)
		return GFS_ERR_NOMEM;
	gfs_plan_node_uses(node, inner);
	if (node->kind == GFS_PLAN_HASH_JOIN)
		available = gfs_plan_set_new(planner); /* it is lent nothing */
	if (available.words == NULL)
		return planner->err;
	if (node->kind == GFS_PLAN_FOREACH)
		gfs_symset_add(available, node->foreach.slot);
	int err = finish(planner, node->right, inner, available, &unused);
	if (node->kind == GFS_PLAN_FOREACH)
		gfs_symset_remove(available, node->foreach.slot);
	return err;
}

static int finish_parts(struct gfs_planner *planner, struct gfs_plan_node *node, struct gfs_symset available)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < node->join.count; i++) {
		struct gfs_symset needed = gfs_plan_set_new(planner), unused = { 0 };
		if (needed.words == NULL)
			return planner->err;
		for (uint32_t k = 0; k < node->join.columns[i].count; k++)
			gfs_symset_add(needed, node->join.columns[i].ids[k]);
		err = finish(planner, node->join.parts[i], needed, available, &unused);
	}
	return err;
}

/* The expressions of MERGE's ON CREATE and ON MATCH see what it makes, the property that an index has in order is that of what it gives. */
static int compile_node(struct gfs_planner *planner, struct gfs_plan_node *node, struct gfs_symset available)
{
	if (node->kind != GFS_PLAN_MERGE && node->kind != GFS_PLAN_CREATE && node->kind != GFS_PLAN_INDEX_ORDER)
		return compile_items(planner, node, available);
	struct gfs_symset with_made = gfs_symset_copy(planner->arena, available);
	if (with_made.words == NULL)
		return GFS_ERR_NOMEM;
	gfs_plan_defines(node, with_made);
	return compile_items(planner, node, with_made);
}

static int finish_leaf(struct gfs_planner *planner, struct gfs_plan_node *node, struct gfs_symset needed,
	struct gfs_symset outer, struct gfs_symset *ret_available)
{
	struct gfs_symset available = gfs_symset_copy(planner->arena, outer);
	if (available.words == NULL)
		return GFS_ERR_NOMEM;
	gfs_symset_intersect(available, needed);
	assert(node->kind == GFS_PLAN_ARGUMENT);
	node->argument.slots = slots_of(planner, available);
	*ret_available = available;
	return planner->err;
}

/* Slots that the operator hands on, and those it gives values to. */
static int finish_slots(struct gfs_planner *planner, struct gfs_plan_node *node, struct gfs_symset needed,
	struct gfs_symset available, struct gfs_symset *ret_available)
{
	struct gfs_symset pass = gfs_symset_copy(planner->arena, needed), defined = gfs_plan_set_new(planner);
	if (pass.words == NULL || defined.words == NULL)
		return GFS_ERR_NOMEM;
	/* A filter looks again at rows that it has moved, MERGE at rows of its own making. */
	if (node->kind == GFS_PLAN_MERGE || node->kind == GFS_PLAN_FILTER)
		gfs_plan_node_uses(node, pass);
	struct gfs_symset fresh = gfs_symset_copy(planner->arena, pass);
	if (fresh.words == NULL)
		return GFS_ERR_NOMEM;
	gfs_plan_defines(node, defined);
	gfs_symset_intersect(fresh, defined);
	node->fresh = slots_of(planner, fresh);
	gfs_symset_intersect(pass, available);
	gfs_symset_subtract(pass, defined);
	if (is_boundary(node))
		gfs_symset_subtract(pass, pass);
	node->pass = slots_of(planner, pass);
	gfs_symset_union(pass, defined);
	if (!is_boundary(node))
		gfs_symset_union(pass, available);
	*ret_available = pass;
	return planner->err;
}

static int finish_inner(struct gfs_planner *planner, struct gfs_plan_node *node, struct gfs_symset needed,
	struct gfs_symset outer, struct gfs_symset *ret_available)
{
	struct gfs_symset available = { 0 };
	if (node->kind == GFS_PLAN_PROJECT)
		prune(node, needed);
	struct gfs_symset below = needed_below(planner, node, needed);
	int err = below.words == NULL ? GFS_ERR_NOMEM : finish(planner, node->input, below, outer, &available);
	if (err == 0)
		err = compile_node(planner, node, available);
	if (err == 0 && node->right != NULL)
		err = finish_right(planner, node, needed, available);
	if (err == 0 && node->kind == GFS_PLAN_UNION)
		err = finish_parts(planner, node, available);
	return err != 0 ? err : finish_slots(planner, node, needed, available, ret_available);
}

static int finish(struct gfs_planner *planner, struct gfs_plan_node *node, struct gfs_symset needed,
	struct gfs_symset outer, struct gfs_symset *ret_available)
{
	if (planner->depth >= GFS_PLAN_DEPTH_MAX) {
		(void)gfs_query_fail(planner->error, GFS_QUERY_LIMIT_ERROR, GFS_QUERY_COMPILE, "StatementTooLong", NULL,
			"the statement needs more than %u operators on top of each other",
			GFS_PLAN_DEPTH_MAX); /* fills the error */
		return GFS_ERR_INVALID;
	}
	planner->depth++;
	int err = node->input == NULL ? finish_leaf(planner, node, needed, outer, ret_available)
								  : finish_inner(planner, node, needed, outer, ret_available);
	planner->depth--;
	return err;
}

int gfs_plan_finish(
	struct gfs_planner *planner, struct gfs_plan_node *root, struct gfs_symset needed, struct gfs_symset outer)
{
	struct gfs_symset available = { 0 };
	int err = finish(planner, root, needed, outer, &available);
	if (err != 0)
		(void)gfs_plan_failed(planner, err);
	return err;
}
