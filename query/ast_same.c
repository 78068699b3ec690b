/* Equality of expressions in form. Patterns and subqueries are equal only to themselves. */
#include "query/ast_walk.h"
#include "query/value_type.h"

static bool same_symbols(const struct gfs_ast_expr *a, const struct gfs_ast_expr *b)
{
	return a->symbol == b->symbol && a->symbol2 == b->symbol2;
}

static bool same_literal(struct gfs_datum a, struct gfs_datum b)
{
	return a.type == b.type && gfs_datum_same(a, b);
}

static bool same_labels(const struct gfs_ast_label_expr *a, const struct gfs_ast_label_expr *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->kind == b->kind && gfs_slice_equal(a->name, b->name) && same_labels(a->left, b->left) &&
		same_labels(a->right, b->right);
}

static bool same_names(const struct gfs_slice *a, const struct gfs_slice *b, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!gfs_slice_equal(a[i], b[i]))
			return false;
	return true;
}

static bool same_items(const struct gfs_ast_expr *a, const struct gfs_ast_expr *b)
{
	if (a->item_count != b->item_count)
		return false;
	for (uint32_t i = 0; i < a->item_count; i++) {
		const struct gfs_ast_projection_item *x = &a->items[i], *y = &b->items[i];
		if (x->kind != y->kind || !gfs_slice_equal(x->name, y->name) || (x->value == NULL) != (y->value == NULL) ||
			(x->value != NULL && !gfs_ast_same(x->value, y->value)))
			return false;
	}
	return true;
}

static bool same_own(const struct gfs_ast_expr *a, const struct gfs_ast_expr *b)
{
	switch (a->kind) {
	case GFS_AST_LITERAL:
		return same_literal(a->literal, b->literal);
	case GFS_AST_VARIABLE:
		return a->symbol == b->symbol;
	case GFS_AST_MAP:
		return same_names(a->names, b->names, a->arg_count);
	case GFS_AST_COMPARE:
		return memcmp(a->ops, b->ops, a->arg_count - 1) == 0;
	case GFS_AST_IS_TYPED:
		return a->negated == b->negated && gfs_value_type_same(a->type, b->type);
	case GFS_AST_HAS_LABELS:
		return same_labels(a->labels, b->labels);
	case GFS_AST_MAP_PROJECTION:
		return same_items(a, b);
	case GFS_AST_PATTERN:
	case GFS_AST_PATTERN_COMPREHENSION:
	case GFS_AST_EXISTS:
	case GFS_AST_COUNT:
	case GFS_AST_COLLECT:
		return false;
	case GFS_AST_LIST_COMPREHENSION:
	case GFS_AST_REDUCE:
	case GFS_AST_ALL:
	case GFS_AST_ANY:
	case GFS_AST_NONE:
	case GFS_AST_SINGLE:
		/* Each has variables of its own: equal would need a renaming. The same text in the same scope is the same thing. */
		return gfs_slice_equal(a->text, b->text) && same_symbols(a, b);
	default:
		return gfs_slice_equal(a->name, b->name);
	}
}

bool gfs_ast_same(const struct gfs_ast_expr *a, const struct gfs_ast_expr *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || a->op != b->op || a->distinct != b->distinct || a->arg_count != b->arg_count ||
		!same_own(a, b))
		return false;
	for (uint32_t i = 0; i < a->arg_count; i++) {
		if (a->args[i] == NULL || b->args[i] == NULL) {
			if (a->args[i] != b->args[i])
				return false;
		} else if (!gfs_ast_same(a->args[i], b->args[i])) {
			return false;
		}
	}
	return true;
}
