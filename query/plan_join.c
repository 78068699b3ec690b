/* Joins by hash. Two parts of a pattern that no relationship connects, but an equality does (WHERE a.x = b.y), need not be matched in turns: each is by
 * itself, and their rows are brought together by the values of the equality. The equality is checked once more afterwards, since a hash goes by
 * equivalence, which knows more cases than `=`. */
#include "query/plan_match.h"

#include <assert.h>

/* Rows of the two in turns for which a join is worth it: as many times the rows of both, and this many more. */
enum { GAIN_MIN = 4, ROWS_MIN = 64 };

struct join {
	struct gfs_match *match;  /* so far */
	struct gfs_match part;    /* to be joined */
	struct gfs_symset inside; /* symbols of the part */
	const struct gfs_ast_expr *equalities[GFS_PLAN_JOIN_KEYS_MAX];
	struct gfs_ast_expr *left[GFS_PLAN_JOIN_KEYS_MAX], *right[GFS_PLAN_JOIN_KEYS_MAX];
	uint32_t count;
};

/* ---- the part of the pattern ---- */

static bool is_inside(const struct join *join, const struct gfs_match_rel *rel)
{
	return gfs_symset_has(join->inside, rel->left->symbol->id) && gfs_symset_has(join->inside, rel->right->symbol->id);
}

/* All that relationships connect with `node`. A shortest path connects nothing: it wants both its ends. */
static bool spread(struct join *join, const struct gfs_ast_node *node)
{
	const struct gfs_match *match = join->match;
	bool more = true;
	gfs_symset_add(join->inside, node->symbol->id);
	while (more) {
		more = false;
		for (uint32_t i = 0; i < match->rel_count; i++) {
			const struct gfs_match_rel *rel = &match->rels[i];
			bool left = gfs_symset_has(join->inside, rel->left->symbol->id),
				 right = gfs_symset_has(join->inside, rel->right->symbol->id);
			if (!(left || right) || rel->shortest != GFS_AST_NOT_SHORTEST)
				continue;
			if (rel->solved || rel->is_given)
				return false;
			more |= left != right;
			gfs_symset_add(join->inside, rel->left->symbol->id);
			gfs_symset_add(join->inside, rel->right->symbol->id);
			gfs_symset_add(join->inside, rel->ast->symbol->id);
		}
	}
	return true;
}

static bool take_part(struct join *join)
{
	struct gfs_match *match = join->match, *part = &join->part;
	part->rels = gfs_plan_alloc(match->planner, match->rel_count * sizeof *part->rels);
	part->nodes = gfs_plan_alloc(match->planner, match->node_count * sizeof *part->nodes);
	if (part->rels == NULL || part->nodes == NULL)
		return false;
	for (uint32_t i = 0; i < match->rel_count; i++)
		if (!match->rels[i].solved && match->rels[i].shortest == GFS_AST_NOT_SHORTEST &&
			is_inside(join, &match->rels[i]))
			part->rels[part->rel_count++] = match->rels[i];
	for (uint32_t i = 0; i < match->node_count; i++)
		if (gfs_symset_has(join->inside, match->nodes[i]->symbol->id))
			part->nodes[part->node_count++] = match->nodes[i];
	return true;
}

/* ---- predicates ---- */

/* The two sides of an equality, of which the first can be told of the rows so far, the other of the part. */
static void consider_key(struct join *join, const struct gfs_ast_expr *expr)
{
	bool equal = (expr->kind == GFS_AST_BINARY && expr->op == GFS_OP_EQ) ||
		(expr->kind == GFS_AST_COMPARE && expr->arg_count == 2 && expr->ops[0] == GFS_OP_EQ);
	for (uint32_t i = 0; equal && i < 2 && join->count < GFS_PLAN_JOIN_KEYS_MAX; i++) {
		struct gfs_symset left = gfs_match_uses(join->match, expr->args[i]),
						  right = gfs_match_uses(join->match, expr->args[1 - i]);
		if (left.words == NULL || right.words == NULL)
			return;
		if (gfs_symset_count(left) == 0 || gfs_symset_count(right) == 0 ||
			!gfs_symset_within(left, join->match->available) || !gfs_symset_within(right, join->inside))
			continue;
		join->equalities[join->count] = expr;
		join->left[join->count] = expr->args[i];
		join->right[join->count++] = expr->args[1 - i];
		return;
	}
}

/* Copies those that are about the part alone; the others may be keys. */
static void sort_predicates(struct join *join)
{
	for (uint32_t i = 0; i < join->match->predicates->count; i++) {
		const struct gfs_ast_expr *expr = join->match->predicates->items[i];
		struct gfs_symset uses = gfs_match_uses(join->match, expr);
		if (uses.words == NULL)
			return;
		if (gfs_symset_within(uses, join->inside))
			gfs_plan_exprs_add(join->match->planner, join->part.predicates, expr);
		else
			consider_key(join, expr);
	}
}

static void drop_copied(struct join *join)
{
	struct gfs_plan_exprs *list = join->match->predicates;
	uint32_t left = 0;
	for (uint32_t i = 0; i < list->count; i++) {
		struct gfs_symset uses = gfs_match_uses(join->match, list->items[i]);
		if (uses.words != NULL && !gfs_symset_within(uses, join->inside))
			list->items[left++] = list->items[i];
	}
	list->count = left;
}

/* ---- relationships that must differ ---- */

static bool is_matched(const struct gfs_match_rel *rel)
{
	return rel->solved && rel->shortest == GFS_AST_NOT_SHORTEST;
}

/* Lists of relationships would have to be compared one by one: such parts are not joined. */
static bool can_tell_apart(const struct join *join)
{
	for (uint32_t i = 0; i < join->match->rel_count; i++)
		for (uint32_t k = 0; k < join->part.rel_count; k++)
			if (is_matched(&join->match->rels[i]) &&
				(join->match->rels[i].ast->variable_length || join->part.rels[k].ast->variable_length))
				return false;
	return true;
}

static void tell_apart(struct join *join)
{
	struct gfs_planner *planner = join->match->planner;
	for (uint32_t i = 0; i < join->match->rel_count; i++)
		for (uint32_t k = 0; k < join->part.rel_count; k++)
			if (is_matched(&join->match->rels[i]))
				gfs_plan_exprs_add(planner, join->match->predicates,
					gfs_plan_compare(planner, GFS_OP_NE, gfs_plan_variable(planner, join->match->rels[i].ast->symbol),
						gfs_plan_variable(planner, join->part.rels[k].ast->symbol)));
}

/* ---- the operator ---- */

/* The keys of one side as columns of its rows. */
static struct gfs_plan_node *add_keys(
	struct join *join, struct gfs_plan_node *tree, struct gfs_ast_expr *const *keys, struct gfs_slots *ret_slots)
{
	struct gfs_planner *planner = join->match->planner;
	struct gfs_plan_node *node = gfs_plan_node_new(planner, GFS_PLAN_PROJECT, tree);
	struct gfs_plan_item *items = gfs_plan_alloc(planner, join->count * sizeof *items);
	uint32_t *slots = gfs_plan_alloc(planner, join->count * sizeof *slots);
	if (node == NULL || items == NULL || slots == NULL)
		return NULL;
	for (uint32_t i = 0; i < join->count; i++) {
		slots[i] = gfs_plan_slot_new(planner);
		items[i] = (struct gfs_plan_item){ .expr = keys[i], .slot = slots[i] };
	}
	node->list.items = items;
	node->list.count = join->count;
	*ret_slots = (struct gfs_slots){ slots, join->count };
	return node;
}

static struct gfs_plan_node *make_node(struct join *join)
{
	struct gfs_planner *planner = join->match->planner;
	struct gfs_slots left = { 0 }, right = { 0 };
	struct gfs_plan_node *input = add_keys(join, join->match->tree, join->left, &left);
	struct gfs_plan_node *part = add_keys(join, join->part.tree, join->right, &right);
	struct gfs_plan_node *node = gfs_plan_node_new(planner, GFS_PLAN_HASH_JOIN, input);
	const struct gfs_ast_expr **equalities = gfs_plan_alloc(planner, sizeof join->equalities);
	if (part == NULL || node == NULL || equalities == NULL)
		return NULL;
	memcpy(equalities, join->equalities, sizeof join->equalities);
	node->right = part;
	node->hash.left = left;
	node->hash.right = right;
	node->hash.equalities = equalities;
	node->hash.keeps_input = input->rows < part->rows;
	if (node->rows < part->rows)
		node->rows = part->rows;
	return node;
}

/* The part becomes part of what is matched. */
static void settle(struct join *join)
{
	struct gfs_match *match = join->match;
	drop_copied(join);
	tell_apart(join);
	for (uint32_t i = 0; i < match->rel_count; i++)
		match->rels[i].solved |= match->rels[i].shortest == GFS_AST_NOT_SHORTEST && is_inside(join, &match->rels[i]);
	match->tree = make_node(join);
	gfs_symset_union(match->available, join->inside);
	gfs_match_place(match, false);
}

bool gfs_match_join(struct gfs_match *match, const struct gfs_ast_node *node, double rows)
{
	struct gfs_planner *planner = match->planner;
	struct gfs_plan_exprs predicates = { 0 };
	struct join join = { .match = match, .inside = gfs_plan_set_new(planner) };
	double so_far = match->tree->rows;
	if ((planner->passes & GFS_PASS_JOIN) == 0 || so_far < 2 || so_far * rows <= ROWS_MIN ||
		join.inside.words == NULL || !spread(&join, node))
		return false;
	join.part = (struct gfs_match){ .planner = planner,
		.pattern = match->pattern,
		.predicates = &predicates,
		.available = gfs_plan_set_new(planner),
		.defined = join.inside };
	if (join.part.available.words == NULL || !take_part(&join))
		return false;
	sort_predicates(&join);
	if (join.count == 0 || !can_tell_apart(&join) ||
		so_far * rows < GAIN_MIN * (so_far + gfs_match_start_rows(&join.part)))
		return false;
	join.part.tree = gfs_plan_argument(planner);
	gfs_match_solve(&join.part);
	gfs_match_place(&join.part, true);
	if (planner->err != 0)
		return false;
	settle(&join);
	return true;
}
