/* Patterns that are looked for: MATCH, comprehensions, conditions. */
#include "query/ast_walk.h"
#include "query/check.h"

#include <assert.h>

static int type_conflict(
	struct gfs_checker *c, const struct gfs_symbol *symbol, const struct gfs_query_pos *pos, const char *wanted)
{
	return GFS_CHECKER_FAIL(
		c, "VariableTypeConflict", pos, "the variable '%.*s' is not %s", GFS_SHOWN(symbol->name), wanted);
}

static bool may_be(const struct gfs_symbol *symbol, enum gfs_datum_type type)
{
	return symbol->value == type || symbol->value == GFS_DATUM_NULL;
}

/* The symbol of this name, or a new one; *ret_found tells which. Without a name there is always a new one. */
static int find_or_make(struct gfs_checker *c, struct gfs_slice name, enum gfs_symbol_type type, bool make,
	const struct gfs_query_pos *pos, struct gfs_symbol **ret_symbol, bool *ret_found)
{
	struct gfs_symbol *symbol = name.size == 0 ? NULL : gfs_scope_find(c->scope, name);
	*ret_found = symbol != NULL;
	if (symbol == NULL && name.size != 0 && !make)
		return gfs_checker_undefined(c, name, pos);
	if (symbol == NULL) {
		symbol = gfs_checker_symbol(c, name, type);
		int err = symbol == NULL ? c->error->err : 0;
		if (err == 0 && name.size != 0)
			err = gfs_scope_add(c, c->scope, symbol);
		if (err != 0)
			return err;
	}
	*ret_symbol = symbol;
	return 0;
}

/* Symbols from `first_id` on are of the pattern itself. */
int gfs_check_node_symbol(struct gfs_checker *c, struct gfs_ast_node *node, uint32_t first_id, bool make)
{
	bool found;
	int err = find_or_make(c, node->variable, GFS_SYMBOL_NODE, make, &node->pos, &node->symbol, &found);
	if (err != 0)
		return err;
	if (!may_be(node->symbol, GFS_DATUM_NODE))
		return type_conflict(c, node->symbol, &node->pos, "a node");
	node->bound = found && node->symbol->id < first_id;
	return 0;
}

static int check_rel_symbol(struct gfs_checker *c, struct gfs_ast_rel *rel, uint32_t first_id, bool make)
{
	bool found;
	enum gfs_symbol_type type = rel->variable_length ? GFS_SYMBOL_REL_LIST : GFS_SYMBOL_REL;
	int err = find_or_make(c, rel->variable, type, make, &rel->pos, &rel->symbol, &found);
	if (err != 0)
		return err;
	struct gfs_symbol *symbol = rel->symbol;
	if (!may_be(symbol, rel->variable_length ? GFS_DATUM_LIST : GFS_DATUM_REL) ||
		(rel->variable_length && symbol->element != GFS_DATUM_REL && symbol->element != GFS_DATUM_NULL))
		return type_conflict(c, symbol, &rel->pos, rel->variable_length ? "a list of relationships" : "a relationship");
	if (found && symbol->stamp == c->stamp)
		return GFS_CHECKER_FAIL(c, "RelationshipUniquenessViolation", &rel->pos,
			"'%.*s' is in the pattern twice, and a relationship is never matched twice", GFS_SHOWN(symbol->name));
	rel->bound = found && symbol->id < first_id;
	symbol->stamp = c->stamp;
	return 0;
}

static int check_part_symbols(struct gfs_checker *c, struct gfs_ast_part *part, uint32_t first_id, bool make)
{
	int err = gfs_check_node_symbol(c, &part->nodes[0], first_id, make);
	for (uint32_t i = 0; err == 0 && i < part->rel_count; i++) {
		err = check_rel_symbol(c, &part->rels[i], first_id, make);
		if (err == 0)
			err = gfs_check_node_symbol(c, &part->nodes[i + 1], first_id, make);
	}
	if (err != 0 || part->variable.size == 0)
		return err;
	return gfs_checker_bind(c, part->variable, GFS_SYMBOL_PATH, &part->pos, &part->symbol);
}

static int check_properties(struct gfs_checker *c, struct gfs_ast_expr *properties)
{
	if (properties == NULL)
		return 0;
	if (properties->kind == GFS_AST_PARAMETER)
		return GFS_CHECKER_FAIL(c, "InvalidParameterUse", &properties->pos,
			"a parameter cannot stand for all properties in a pattern that is looked for; use {key: $%.*s.key}",
			GFS_SHOWN(properties->name));
	return gfs_check_expr(c, properties);
}

/* Symbols of the pattern itself, as a quantified relationship's own expressions may not use them. */
struct outside {
	uint32_t first_id, end_id;
	const struct gfs_symbol *used;
};

static void note_use(void *context, const struct gfs_symbol *symbol)
{
	struct outside *outside = context;
	if (symbol->id >= outside->first_id && symbol->id < outside->end_id)
		outside->used = symbol;
}

static int check_inside(struct gfs_checker *c, const struct gfs_ast_rel *rel, struct outside *outside)
{
	const struct gfs_ast_walker walker = { .symbol = note_use, .context = outside };
	gfs_ast_walk_expr(&walker, rel->properties);
	gfs_ast_walk_expr(&walker, rel->where);
	if (outside->used == NULL)
		return 0;
	return GFS_CHECKER_FAIL(c, "UndefinedVariable", &rel->pos,
		"'%.*s' is outside of the quantified relationship; ask for it in the WHERE of the clause",
		GFS_SHOWN(outside->used->name));
}

/* In the WHERE of a quantified relationship its variable is one relationship. */
static int check_quantified(struct gfs_checker *c, struct gfs_ast_rel *rel, uint32_t first_id)
{
	struct gfs_scope inner = { .parent = c->scope };
	struct outside outside = { .first_id = first_id, .end_id = c->statement->symbol_count };
	int err = check_properties(c, rel->properties);
	if (err == 0 && rel->variable.size != 0) {
		c->scope = &inner;
		rel->step = gfs_checker_symbol(c, rel->variable, GFS_SYMBOL_REL);
		err = rel->step == NULL ? c->error->err : gfs_scope_add(c, c->scope, rel->step);
	}
	if (err == 0)
		err = gfs_check_predicate(c, rel->where);
	c->scope = inner.parent;
	return err != 0 ? err : check_inside(c, rel, &outside);
}

static int check_part_exprs(struct gfs_checker *c, struct gfs_ast_part *part, uint32_t first_id)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i <= part->rel_count; i++) {
		err = check_properties(c, part->nodes[i].properties);
		if (err == 0)
			err = gfs_check_predicate(c, part->nodes[i].where);
	}
	for (uint32_t i = 0; err == 0 && i < part->rel_count; i++) {
		if (part->rels[i].quantified) {
			err = check_quantified(c, &part->rels[i], first_id);
			continue;
		}
		err = check_properties(c, part->rels[i].properties);
		if (err == 0)
			err = gfs_check_predicate(c, part->rels[i].where);
	}
	return err;
}

static int check_shortest(struct gfs_checker *c, const struct gfs_ast_pattern *pattern, const struct gfs_ast_part *part)
{
	if (part->shortest == GFS_AST_NOT_SHORTEST)
		return 0;
	if (part->rel_count != 1)
		return GFS_CHECKER_FAIL(
			c, "InvalidRelationshipPattern", &part->pos, "a shortest path is of one relationship between two nodes");
	if (part->selected && pattern->count != 1)
		return GFS_CHECKER_FAIL(
			c, "InvalidRelationshipPattern", &part->pos, "a pattern with SHORTEST or ANY stands alone in its MATCH");
	if (part->selected && part->rels[0].has_min && part->rels[0].min > 1)
		return GFS_CHECKER_FAIL(c, "InvalidRelationshipPattern", &part->rels[0].pos,
			"a shortest path is looked for from 0 or 1 relationships on");
	return 0;
}

int gfs_check_pattern(struct gfs_checker *c, struct gfs_ast_pattern *pattern, enum gfs_pattern_use use)
{
	uint32_t first_id = c->statement->symbol_count, outer = c->stamp;
	int err = 0;
	c->stamp = ++c->last_stamp;
	for (uint32_t i = 0; err == 0 && i < pattern->count; i++) {
		err = check_shortest(c, pattern, &pattern->parts[i]);
		if (err == 0)
			err = check_part_symbols(c, &pattern->parts[i], first_id, use == GFS_PATTERN_MATCH);
	}
	for (uint32_t i = 0; err == 0 && i < pattern->count; i++)
		err = check_part_exprs(c, &pattern->parts[i], first_id);
	c->stamp = outer;
	return err;
}
