/* Patterns that are made: CREATE and MERGE. */
#include "query/check.h"

/* ---- what may be made ---- */

/* A, or A & B: nothing else can be made true. */
static int check_new_labels(struct gfs_checker *c, const struct gfs_ast_label_expr *labels)
{
	for (; labels != NULL && labels->kind == GFS_LABEL_AND; labels = labels->right) {
		int err = check_new_labels(c, labels->left);
		if (err != 0)
			return err;
	}
	if (labels == NULL || labels->kind == GFS_LABEL_NAME)
		return 0;
	return GFS_CHECKER_FAIL(c, "UnexpectedSyntax", &labels->pos, "a new node has labels, and no choice of them");
}

static int check_new_properties(struct gfs_checker *c, struct gfs_ast_expr *properties, bool merge)
{
	if (properties == NULL)
		return 0;
	if (merge && properties->kind == GFS_AST_PARAMETER)
		return GFS_CHECKER_FAIL(c, "InvalidParameterUse", &properties->pos,
			"a parameter cannot stand for all properties in MERGE; use {key: $%.*s.key}", GFS_SHOWN(properties->name));
	return gfs_check_expr(c, properties);
}

static int check_no_where(struct gfs_checker *c, const struct gfs_ast_expr *where)
{
	if (where == NULL)
		return 0;
	return GFS_CHECKER_FAIL(c, "UnexpectedSyntax", &where->pos, "WHERE is for patterns that are looked for");
}

/* ---- nodes and relationships ---- */

/* A node that is there already stands at the end of a new relationship, and nothing is said of it again. */
static int check_known_node(struct gfs_checker *c, const struct gfs_ast_node *node, bool alone)
{
	if (node->variable.size == 0 || gfs_scope_find(c->scope, node->variable) == NULL)
		return 0;
	if (!alone && node->labels == NULL && node->properties == NULL)
		return 0;
	return GFS_CHECKER_FAIL(c, "VariableAlreadyBound", &node->pos,
		"there is a variable '%.*s' already; it can be given neither labels nor properties here",
		GFS_SHOWN(node->variable));
}

static int check_new_node(struct gfs_checker *c, struct gfs_ast_node *node, bool alone, bool merge, uint32_t first_id)
{
	int err = check_known_node(c, node, alone);
	if (err == 0)
		err = check_new_labels(c, node->labels);
	if (err == 0)
		err = check_no_where(c, node->where);
	if (err == 0)
		err = check_new_properties(c, node->properties, merge);
	return err != 0 ? err : gfs_check_node_symbol(c, node, first_id, true);
}

static int check_new_type(struct gfs_checker *c, const struct gfs_ast_rel *rel, bool merge)
{
	if (rel->variable_length)
		return GFS_CHECKER_FAIL(c, "CreatingVarLength", &rel->pos, "a new relationship has no variable length");
	if (rel->types == NULL || rel->types->kind != GFS_LABEL_NAME)
		return GFS_CHECKER_FAIL(c, "NoSingleRelationshipType", &rel->pos, "a new relationship has one type: [:TYPE]");
	if (!merge && rel->direction == GFS_AST_BOTH)
		return GFS_CHECKER_FAIL(
			c, "RequiresDirectedRelationship", &rel->pos, "a new relationship has a direction: --> or <--");
	return 0;
}

static int check_new_rel(struct gfs_checker *c, struct gfs_ast_rel *rel, bool merge)
{
	if (rel->variable.size != 0 && gfs_scope_find(c->scope, rel->variable) != NULL)
		return GFS_CHECKER_FAIL(
			c, "VariableAlreadyBound", &rel->pos, "there is a variable '%.*s' already", GFS_SHOWN(rel->variable));
	int err = check_new_type(c, rel, merge);
	if (err == 0)
		err = check_no_where(c, rel->where);
	if (err == 0)
		err = check_new_properties(c, rel->properties, merge);
	if (err != 0)
		return err;
	if (rel->variable.size != 0)
		return gfs_checker_bind(c, rel->variable, GFS_SYMBOL_REL, &rel->pos, &rel->symbol);
	rel->symbol = gfs_checker_symbol(c, rel->variable, GFS_SYMBOL_REL);
	return rel->symbol == NULL ? c->error->err : 0;
}

/* In the order of the text: properties may use what was made before. */
static int check_new_part(struct gfs_checker *c, struct gfs_ast_part *part, bool merge, uint32_t first_id)
{
	if (part->shortest != GFS_AST_NOT_SHORTEST)
		return GFS_CHECKER_FAIL(c, "UnexpectedSyntax", &part->pos, "a shortest path cannot be made");
	int err = check_new_node(c, &part->nodes[0], part->rel_count == 0, merge, first_id);
	for (uint32_t i = 0; err == 0 && i < part->rel_count; i++) {
		err = check_new_rel(c, &part->rels[i], merge);
		if (err == 0)
			err = check_new_node(c, &part->nodes[i + 1], false, merge, first_id);
	}
	if (err != 0 || part->variable.size == 0)
		return err;
	return gfs_checker_bind(c, part->variable, GFS_SYMBOL_PATH, &part->pos, &part->symbol);
}

int gfs_check_create(struct gfs_checker *c, struct gfs_ast_pattern *pattern, bool merge)
{
	uint32_t first_id = c->statement->symbol_count;
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < pattern->count; i++)
		err = check_new_part(c, &pattern->parts[i], merge, first_id);
	return err;
}
