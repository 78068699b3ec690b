/* Patterns: which node to start from, and in which order to walk the relationships.
 *
 * Every label, type, property and WHERE of the pattern becomes a predicate in one list. Then one part of the pattern after the other is solved: a
 * relationship with an end that has a value already is walked from there; when there is none, the cheapest node is looked for. Predicates are
 * checked as soon as their variables have values. */
#include "query/plan_match.h"

#include "store/catalog.h"

#include <assert.h>

/* ---- what a pattern asks for, as predicates ---- */

static void add_label_predicates(struct gfs_match *match, struct gfs_symbol *symbol,
	const struct gfs_ast_label_expr *labels, const struct gfs_query_pos *pos)
{
	if (labels->kind == GFS_LABEL_AND) {
		add_label_predicates(match, symbol, labels->left, pos);
		add_label_predicates(match, symbol, labels->right, pos);
		return;
	}
	struct gfs_ast_expr *expr = gfs_plan_expr_new(match->planner, GFS_AST_HAS_LABELS, 1);
	if (expr == NULL)
		return;
	expr->args[0] = gfs_plan_variable(match->planner, symbol);
	expr->labels = (struct gfs_ast_label_expr *)(uintptr_t)labels;
	expr->pos = *pos;
	if (expr->args[0] != NULL)
		gfs_plan_exprs_add(match->planner, match->predicates, expr);
}

static void add_property_predicates(struct gfs_planner *planner, struct gfs_plan_exprs *list, struct gfs_symbol *symbol,
	const struct gfs_ast_expr *properties)
{
	if (properties == NULL)
		return;
	for (uint32_t i = 0; properties->kind == GFS_AST_MAP && i < properties->arg_count; i++)
		gfs_plan_exprs_add(planner, list,
			gfs_plan_compare(planner, GFS_OP_EQ,
				gfs_plan_property(planner, symbol, properties->names[i], &properties->pos), properties->args[i]));
}

static void add_node_predicates(struct gfs_match *match, const struct gfs_ast_node *node)
{
	if (node->labels != NULL)
		add_label_predicates(match, node->symbol, node->labels, &node->pos);
	add_property_predicates(match->planner, match->predicates, node->symbol, node->properties);
	if (node->where != NULL)
		gfs_plan_conjuncts(match->planner, match->predicates, node->where);
}

/* True when the types are plain names, any of which will do. */
static bool plain_types(const struct gfs_ast_label_expr *types)
{
	if (types->kind == GFS_LABEL_OR)
		return plain_types(types->left) && plain_types(types->right);
	return types->kind == GFS_LABEL_NAME;
}

static void collect_types(
	struct gfs_planner *planner, const struct gfs_ast_label_expr *types, struct gfs_plan_names *names)
{
	uint32_t name;
	if (types->kind == GFS_LABEL_OR) {
		collect_types(planner, types->left, names);
		collect_types(planner, types->right, names);
		return;
	}
	name = gfs_plan_name(planner, GFS_CATALOG_TYPE, types->name);
	for (uint32_t i = 0; i < names->count; i++)
		if (names->ids[i] == name)
			return;
	names->ids[names->count++] = name;
}

static uint32_t count_types(const struct gfs_ast_label_expr *types)
{
	return types->kind == GFS_LABEL_OR ? count_types(types->left) + count_types(types->right) : 1;
}

static struct gfs_plan_names types_of(struct gfs_planner *planner, const struct gfs_ast_rel *rel)
{
	struct gfs_plan_names names = { 0 };
	if (rel->types == NULL || !plain_types(rel->types))
		return names;
	names.ids = gfs_plan_alloc(planner, count_types(rel->types) * sizeof *names.ids);
	if (names.ids != NULL)
		collect_types(planner, rel->types, &names);
	return names;
}

/* Of a single relationship: predicates on it. Of a variable-length one, and of a shortest path: filters of each step, in `step`. */
static void add_rel_predicates(struct gfs_match *match, struct gfs_match_rel *rel)
{
	struct gfs_plan_exprs *list = match->predicates;
	struct gfs_symbol *symbol = rel->ast->symbol;
	bool each = rel->ast->quantified;
	if (rel->shortest != GFS_AST_NOT_SHORTEST && !rel->ast->variable_length) {
		rel->step = symbol->id;
		list = &rel->filters;
		each = true;
	} else if (rel->ast->variable_length) {
		symbol = gfs_plan_alloc(match->planner, sizeof *symbol);
		if (symbol == NULL)
			return;
		rel->step = rel->ast->step != NULL ? rel->ast->step->id : gfs_plan_slot_new(match->planner);
		symbol->id = rel->step;
		list = &rel->filters;
	}
	if (rel->ast->types != NULL && (!plain_types(rel->ast->types) || rel->is_given)) {
		struct gfs_plan_exprs *outer = match->predicates;
		match->predicates = list;
		add_label_predicates(match, symbol, rel->ast->types, &rel->ast->pos);
		match->predicates = outer;
	}
	add_property_predicates(match->planner, list, symbol, rel->ast->properties);
	if (rel->ast->where != NULL)
		gfs_plan_conjuncts(match->planner, each ? list : match->predicates, rel->ast->where);
}

static bool add_rels(struct gfs_match *match, const struct gfs_ast_part *part)
{
	for (uint32_t i = 0; i < part->rel_count; i++) {
		struct gfs_match_rel *rel = &match->rels[match->rel_count++];
		*rel = (struct gfs_match_rel){
			.ast = &part->rels[i],
			.left = &part->nodes[i],
			.right = &part->nodes[i + 1],
			.shortest = part->shortest,
			.step = GFS_SLOT_NONE,
			.is_given = gfs_symset_has(match->available, part->rels[i].symbol->id),
		};
		rel->types = types_of(match->planner, rel->ast);
		add_rel_predicates(match, rel);
	}
	return match->planner->err == 0;
}

static bool take_pattern(struct gfs_match *match, const struct gfs_ast_pattern *pattern)
{
	uint32_t rels = 0, nodes = 0;
	for (uint32_t i = 0; i < pattern->count; i++) {
		rels += pattern->parts[i].rel_count;
		nodes += pattern->parts[i].rel_count + 1;
	}
	match->rels = gfs_plan_alloc(match->planner, rels * sizeof *match->rels);
	match->nodes = gfs_plan_alloc(match->planner, nodes * sizeof *match->nodes);
	if (match->rels == NULL || match->nodes == NULL)
		return false;
	for (uint32_t i = 0; i < pattern->count; i++) {
		const struct gfs_ast_part *part = &pattern->parts[i];
		for (uint32_t k = 0; k <= part->rel_count; k++) {
			match->nodes[match->node_count++] = &part->nodes[k];
			add_node_predicates(match, &part->nodes[k]);
		}
		if (!add_rels(match, part))
			return false;
	}
	return true;
}

/* ---- predicates ---- */

struct gfs_plan_node *gfs_plan_filter(
	struct gfs_planner *planner, struct gfs_plan_node *input, const struct gfs_plan_exprs *predicates)
{
	if (predicates->count == 0 || input == NULL)
		return input;
	struct gfs_plan_node *node = gfs_plan_node_new(planner, GFS_PLAN_FILTER, input);
	struct gfs_plan_item *items = gfs_plan_alloc(planner, predicates->count * sizeof *items);
	if (node == NULL || items == NULL)
		return NULL;
	for (uint32_t i = 0; i < predicates->count; i++) {
		items[i] = (struct gfs_plan_item){ .expr = predicates->items[i], .slot = GFS_SLOT_NONE };
		node->rows *= 0.3;
	}
	node->list.items = items;
	node->list.count = predicates->count;
	return node;
}

struct gfs_symset gfs_match_uses(struct gfs_match *match, const struct gfs_ast_expr *expr)
{
	struct gfs_symset uses = gfs_plan_set_new(match->planner);
	if (uses.words == NULL)
		return uses;
	gfs_plan_uses(uses, expr);
	gfs_symset_intersect(uses, match->defined);
	return uses;
}

/* Symbols of the statement that the predicate needs and that something can give: those of inner patterns are never there. */
static bool is_ready(struct gfs_match *match, const struct gfs_ast_expr *expr)
{
	struct gfs_symset uses = gfs_match_uses(match, expr);
	return uses.words != NULL && gfs_symset_within(uses, match->available);
}

void gfs_match_place(struct gfs_match *match, bool all)
{
	struct gfs_plan_exprs ready = { 0 };
	uint32_t left = 0;
	if (!all && (match->planner->passes & GFS_PASS_FILTER) == 0)
		return;
	for (uint32_t i = 0; i < match->predicates->count; i++) {
		const struct gfs_ast_expr *expr = match->predicates->items[i];
		if (all || is_ready(match, expr))
			gfs_plan_exprs_add(match->planner, &ready, expr);
		else
			match->predicates->items[left++] = expr;
	}
	match->predicates->count = left;
	match->tree = gfs_plan_filter(match->planner, match->tree, &ready);
}

/* ---- relationships ---- */

static bool has(const struct gfs_match *match, const struct gfs_ast_node *node)
{
	return gfs_symset_has(match->available, node->symbol->id);
}

static struct gfs_slots others_of(struct gfs_match *match)
{
	struct gfs_slots others = { .ids = gfs_plan_alloc(match->planner, match->rel_count * sizeof *others.ids) };
	for (uint32_t i = 0; others.ids != NULL && i < match->rel_count; i++)
		if (match->rels[i].solved && match->rels[i].shortest == GFS_AST_NOT_SHORTEST)
			others.ids[others.count++] = match->rels[i].ast->symbol->id;
	return others;
}

static struct gfs_plan_item *filter_items(struct gfs_planner *planner, const struct gfs_plan_exprs *filters)
{
	struct gfs_plan_item *items = gfs_plan_alloc(planner, filters->count * sizeof *items);
	for (uint32_t i = 0; items != NULL && i < filters->count; i++)
		items[i] = (struct gfs_plan_item){ .expr = filters->items[i], .slot = GFS_SLOT_NONE };
	return items;
}

static enum gfs_ast_direction turned(enum gfs_ast_direction direction)
{
	return direction == GFS_AST_BOTH ? direction : direction == GFS_AST_OUT ? GFS_AST_IN : GFS_AST_OUT;
}

static double fanout(struct gfs_match *match, const struct gfs_match_rel *rel)
{
	struct gfs_planner *planner = match->planner;
	double rels = 0, nodes = gfs_plan_count(planner, GFS_CATALOG_LABEL, (struct gfs_slice){ 0 });
	if (rel->types.count == 0)
		rels = gfs_plan_count(planner, GFS_CATALOG_TYPE, (struct gfs_slice){ 0 });
	for (uint32_t i = 0; i < rel->types.count; i++)
		rels += gfs_plan_count(planner, GFS_CATALOG_TYPE, planner->plan->names[rel->types.ids[i]].text);
	double each = nodes > 0 ? rels / nodes : 0;
	if (rel->ast->direction == GFS_AST_BOTH)
		each *= 2;
	return rel->ast->variable_length ? each * 4 : each;
}

static void fill_rel(struct gfs_match *match, struct gfs_match_rel *rel, bool reversed, struct gfs_plan_node *node)
{
	const struct gfs_ast_node *from = reversed ? rel->right : rel->left, *to = reversed ? rel->left : rel->right;
	node->rel = (struct gfs_plan_rel){
		.slot = rel->ast->symbol->id,
		.from = from->symbol->id,
		.to = to->symbol->id,
		.direction = reversed ? turned(rel->ast->direction) : rel->ast->direction,
		.types = rel->types,
		.into = has(match, to),
		.others = others_of(match),
		.min = rel->ast->has_min ? rel->ast->min : 1,
		.max = !rel->ast->variable_length ? 1
			: rel->ast->has_max           ? rel->ast->max
										  : UINT64_MAX,
		.single = !rel->ast->variable_length,
		.filters = filter_items(match->planner, &rel->filters),
		.filter_count = rel->filters.count,
		.step = rel->step,
		.reversed = reversed,
		.bound = rel->is_given,
		.from_both = rel->ast->variable_length && rel->shortest == GFS_AST_NOT_SHORTEST && !rel->is_given &&
			has(match, to) && (match->planner->passes & GFS_PASS_ENDS) != 0,
		.all_shortest = rel->shortest == GFS_AST_ALL_SHORTEST,
	};
}

static void note_solved(struct gfs_match *match, struct gfs_match_rel *rel)
{
	rel->solved = true;
	gfs_symset_add(match->available, rel->ast->symbol->id);
	gfs_symset_add(match->available, rel->left->symbol->id);
	gfs_symset_add(match->available, rel->right->symbol->id);
	gfs_match_place(match, false);
}

static void expand(struct gfs_match *match, struct gfs_match_rel *rel)
{
	bool reversed = !has(match, rel->left);
	enum gfs_plan_kind kind = GFS_PLAN_EXPAND;
	if (rel->shortest != GFS_AST_NOT_SHORTEST)
		kind = GFS_PLAN_SHORTEST;
	else if (rel->ast->variable_length)
		kind = GFS_PLAN_VAR_EXPAND;
	struct gfs_plan_node *node = gfs_plan_node_new(match->planner, kind, match->tree);
	if (node == NULL)
		return;
	fill_rel(match, rel, reversed, node);
	node->rows *= node->rel.into ? 0.5 : fanout(match, rel);
	match->tree = node;
	note_solved(match, rel);
}

/* Ends that have a value already are found under another name and compared. */
static uint32_t end_slot(struct gfs_match *match, const struct gfs_ast_node *node)
{
	if (!has(match, node)) {
		gfs_symset_add(match->available, node->symbol->id);
		return node->symbol->id;
	}
	struct gfs_symbol *twin = gfs_plan_alloc(match->planner, sizeof *twin);
	if (twin == NULL)
		return 0;
	*twin = (struct gfs_symbol){ .type = GFS_SYMBOL_NODE, .id = gfs_plan_slot_new(match->planner) };
	gfs_symset_add(match->available, twin->id);
	gfs_plan_exprs_add(match->planner, match->predicates,
		gfs_plan_compare(match->planner, GFS_OP_EQ, gfs_plan_variable(match->planner, twin),
			gfs_plan_variable(match->planner, node->symbol)));
	return twin->id;
}

static void project_ends(struct gfs_match *match, struct gfs_match_rel *rel, enum gfs_plan_kind kind, double rows)
{
	struct gfs_plan_node *node = gfs_plan_node_new(match->planner, kind, match->tree);
	if (node == NULL)
		return;
	fill_rel(match, rel, false, node);
	node->rel.into = false;
	node->rel.from = end_slot(match, rel->left);
	node->rel.to = end_slot(match, rel->right);
	node->rows *= rows;
	match->tree = node;
	note_solved(match, rel);
}

/* A relationship that has a value already. */
static bool solve_given(struct gfs_match *match)
{
	for (uint32_t i = 0; i < match->rel_count; i++) {
		struct gfs_match_rel *rel = &match->rels[i];
		if (rel->solved || !rel->is_given || rel->ast->variable_length)
			continue;
		project_ends(match, rel, GFS_PLAN_REL_ENDS, 1);
		return true;
	}
	return false;
}

/* A relationship with an end that has a value: one with both, else the one with the fewest to walk. */
static struct gfs_match_rel *cheapest_rel(struct gfs_match *match)
{
	struct gfs_match_rel *best = NULL;
	double best_cost = 0;
	for (uint32_t i = 0; i < match->rel_count; i++) {
		struct gfs_match_rel *rel = &match->rels[i];
		bool left = has(match, rel->left), right = has(match, rel->right);
		if (rel->solved || !(left || right) || (rel->shortest != GFS_AST_NOT_SHORTEST && !(left && right)))
			continue;
		double cost = left && right && !rel->ast->variable_length ? 0 : fanout(match, rel);
		if (best == NULL || ((match->planner->passes & GFS_PASS_START) != 0 && cost < best_cost)) {
			best = rel;
			best_cost = cost;
		}
	}
	return best;
}

static bool solve_next(struct gfs_match *match)
{
	struct gfs_match_rel *best = cheapest_rel(match);
	if (best != NULL)
		expand(match, best);
	return best != NULL;
}

/* With more rows than this, one that is looked for in each is worth it only where walking finds more than that. */
enum { SEEK_ROWS = 64 };

/* A node that is given by its key, id or a unique value is looked for before it is walked to: then both ends are known. */
static bool solve_seek(struct gfs_match *match)
{
	const struct gfs_match_rel *next = cheapest_rel(match);
	return next != NULL && (match->tree->rows <= SEEK_ROWS || fanout(match, next) >= 1) && gfs_match_seek(match);
}

void gfs_match_solve(struct gfs_match *match)
{
	while (match->tree != NULL && match->planner->err == 0)
		if (!solve_given(match) && !solve_seek(match) && !solve_next(match) && !gfs_match_start(match))
			return;
}

/* ---- the whole ---- */

/* Slots that the pattern gives a value to, and those that were there. */
static bool note_defined(struct gfs_match *match)
{
	match->defined = gfs_symset_copy(match->planner->arena, match->available);
	if (match->defined.words == NULL)
		return false;
	for (uint32_t i = 0; i < match->node_count; i++)
		gfs_symset_add(match->defined, match->nodes[i]->symbol->id);
	for (uint32_t i = 0; i < match->rel_count; i++)
		gfs_symset_add(match->defined, match->rels[i].ast->symbol->id);
	for (uint32_t i = 0; i < match->pattern->count; i++)
		if (match->pattern->parts[i].symbol != NULL)
			gfs_symset_add(match->defined, match->pattern->parts[i].symbol->id);
	return true;
}

/* MATCH (n) where n has a value already: no row when that is null. */
static void require_given(struct gfs_match *match)
{
	for (uint32_t i = 0; i < match->pattern->count; i++) {
		const struct gfs_ast_part *part = &match->pattern->parts[i];
		if (part->rel_count != 0 || !has(match, &part->nodes[0]))
			continue;
		struct gfs_ast_expr *expr = gfs_plan_expr_new(match->planner, GFS_AST_IS_NOT_NULL, 1);
		if (expr == NULL)
			return;
		expr->args[0] = gfs_plan_variable(match->planner, part->nodes[0].symbol);
		if (expr->args[0] != NULL)
			gfs_plan_exprs_add(match->planner, match->predicates, expr);
	}
}

struct gfs_ast_expr *gfs_plan_path_expr(struct gfs_planner *planner, const struct gfs_ast_part *part)
{
	struct gfs_ast_expr *expr = gfs_plan_expr_new(planner, (enum gfs_ast_kind)GFS_PLAN_AST_PATH, 0);
	struct gfs_ast_pattern *pattern = gfs_plan_alloc(planner, sizeof *pattern);
	if (expr == NULL || pattern == NULL)
		return NULL;
	*pattern = (struct gfs_ast_pattern){ .parts = (struct gfs_ast_part *)(uintptr_t)part, .count = 1 };
	expr->pattern = pattern;
	expr->pos = part->pos;
	return expr;
}

struct gfs_plan_node *gfs_plan_paths(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_pattern *pattern, struct gfs_symset available)
{
	struct gfs_plan_item *items = gfs_plan_alloc(planner, pattern->count * sizeof *items);
	uint32_t count = 0;
	for (uint32_t i = 0; items != NULL && i < pattern->count; i++) {
		const struct gfs_ast_part *part = &pattern->parts[i];
		if (part->symbol == NULL)
			continue;
		items[count].expr = gfs_plan_path_expr(planner, part);
		items[count++].slot = part->symbol->id;
		gfs_symset_add(available, part->symbol->id);
	}
	if (count == 0 || planner->err != 0)
		return input;
	struct gfs_plan_node *node = gfs_plan_node_new(planner, GFS_PLAN_PROJECT, input);
	if (node == NULL)
		return NULL;
	node->list.items = items;
	node->list.count = count;
	return node;
}

struct gfs_plan_node *gfs_plan_pattern(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_pattern *pattern, struct gfs_plan_exprs *predicates, struct gfs_symset available)
{
	struct gfs_match match = {
		.planner = planner, .pattern = pattern, .predicates = predicates, .available = available, .tree = input
	};
	if (input == NULL || !take_pattern(&match, pattern) || !note_defined(&match))
		return NULL;
	require_given(&match);
	gfs_match_place(&match, false);
	gfs_match_solve(&match);
	match.tree = gfs_plan_paths(planner, match.tree, pattern, available);
	gfs_match_place(&match, true);
	return planner->err == 0 ? match.tree : NULL;
}

struct gfs_plan_node *gfs_plan_match(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clause, struct gfs_symset available)
{
	struct gfs_plan_exprs predicates = { 0 };
	if (clause->match.where != NULL)
		gfs_plan_conjuncts(planner, &predicates, clause->match.where);
	if (!clause->match.optional)
		return gfs_plan_pattern(planner, input, &clause->match.pattern, &predicates, available);
	struct gfs_plan_node *node = gfs_plan_node_new(planner, GFS_PLAN_OPTIONAL, input);
	struct gfs_plan_node *right = gfs_plan_pattern(
		planner, gfs_plan_argument(planner), &clause->match.pattern, &predicates, available);
	if (node == NULL || right == NULL)
		return NULL;
	node->right = right;
	node->rows *= right->rows > 1 ? right->rows : 1;
	return node;
}

/* ---- used by plan_start.c ---- */

void gfs_match_scan(struct gfs_match *match, struct gfs_plan_node *node, const struct gfs_symbol *symbol)
{
	match->tree = node;
	gfs_symset_add(match->available, symbol->id);
	gfs_match_place(match, false);
}

void gfs_match_type_scan(struct gfs_match *match, struct gfs_match_rel *rel, double rows)
{
	project_ends(match, rel, GFS_PLAN_TYPE_SCAN, rows);
}
