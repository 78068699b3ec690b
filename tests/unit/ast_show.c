#include "tests/unit/ast_show.h"

#include "base/checked.h"

static void put(struct gfs_buf *out, const char *text)
{
	gfs_buf_append_text(out, text);
}

static void put_slice(struct gfs_buf *out, struct gfs_slice text)
{
	gfs_buf_append(out, text.data, text.size);
}

static const char *op_name(uint8_t op)
{
	static const char *const names[] = { "or", "xor", "and", "not", "=", "<>", "<", "<=", ">", ">=", "in", "starts",
		"ends", "contains", "=~", "+", "-", "*", "/", "%", "^", "||", "pos", "neg" };
	return names[op];
}

static const char *kind_name(uint8_t kind)
{
	static const char *const names[] = { [GFS_AST_PROPERTY] = ".",
		[GFS_AST_INDEX] = "index",
		[GFS_AST_SLICE] = "slice",
		[GFS_AST_LIST] = "list",
		[GFS_AST_MAP] = "map",
		[GFS_AST_MAP_PROJECTION] = "project",
		[GFS_AST_IS_NULL] = "null?",
		[GFS_AST_IS_NOT_NULL] = "some?",
		[GFS_AST_IS_TYPED] = "typed?",
		[GFS_AST_HAS_LABELS] = ":",
		[GFS_AST_COUNT_STAR] = "count*",
		[GFS_AST_CASE] = "case",
		[GFS_AST_CASE_TESTS] = "case?",
		[GFS_AST_LIST_COMPREHENSION] = "for",
		[GFS_AST_PATTERN_COMPREHENSION] = "match",
		[GFS_AST_REDUCE] = "reduce",
		[GFS_AST_ALL] = "all",
		[GFS_AST_ANY] = "any",
		[GFS_AST_NONE] = "none",
		[GFS_AST_SINGLE] = "single",
		[GFS_AST_PATTERN] = "pattern",
		[GFS_AST_EXISTS] = "exists{}",
		[GFS_AST_COUNT] = "count{}",
		[GFS_AST_COLLECT] = "collect{}" };
	return kind < GFS_COUNT(names) && names[kind] != NULL ? names[kind] : "?";
}

static void show_literal(struct gfs_datum d, struct gfs_buf *out)
{
	switch (d.type) {
	case GFS_DATUM_BOOLEAN:
		put(out, d.boolean ? "true" : "false");
		break;
	case GFS_DATUM_INTEGER:
		gfs_buf_printf(out, "%lld", (long long)d.integer);
		break;
	case GFS_DATUM_FLOAT:
		gfs_buf_printf(out, "%gf", d.real);
		break;
	case GFS_DATUM_STRING:
		put(out, "'");
		put_slice(out, gfs_datum_text(d));
		put(out, "'");
		break;
	default:
		put(out, "null");
	}
}

void show_labels(const struct gfs_ast_label_expr *labels, struct gfs_buf *out)
{
	switch (labels->kind) {
	case GFS_LABEL_NAME:
		put_slice(out, labels->name);
		return;
	case GFS_LABEL_ANY:
		put(out, "%");
		return;
	case GFS_LABEL_NOT:
		put(out, "!");
		show_labels(labels->left, out);
		return;
	case GFS_LABEL_AND:
	case GFS_LABEL_OR:
		put(out, "(");
		show_labels(labels->left, out);
		put(out, labels->kind == GFS_LABEL_AND ? "&" : "|");
		show_labels(labels->right, out);
		put(out, ")");
	}
}

static void show_items(const struct gfs_ast_expr *expr, struct gfs_buf *out)
{
	for (uint32_t i = 0; i < expr->item_count; i++) {
		const struct gfs_ast_projection_item *item = &expr->items[i];
		put(out, item->kind == GFS_ITEM_PROPERTY ? " ." : item->kind == GFS_ITEM_ALL ? " .*" : " ");
		put_slice(out, item->name);
		if (item->kind == GFS_ITEM_VALUE) {
			put(out, ":");
			show_expr(item->value, out);
		}
	}
}

static void show_args(const struct gfs_ast_expr *expr, struct gfs_buf *out)
{
	for (uint32_t i = 0; i < expr->arg_count; i++) {
		put(out, " ");
		if (expr->kind == GFS_AST_MAP) {
			put_slice(out, expr->names[i]);
			put(out, ":");
		}
		if (expr->kind == GFS_AST_COMPARE && i > 0) {
			put(out, op_name(expr->ops[i - 1]));
			put(out, " ");
		}
		if (expr->args[i] == NULL)
			put(out, "_");
		else
			show_expr(expr->args[i], out);
	}
}

static void show_head(const struct gfs_ast_expr *expr, struct gfs_buf *out)
{
	if (expr->kind == GFS_AST_UNARY || expr->kind == GFS_AST_BINARY)
		put(out, op_name(expr->op));
	else if (expr->kind == GFS_AST_COMPARE)
		put(out, "cmp");
	else if (expr->kind == GFS_AST_CALL)
		put_slice(out, expr->name);
	else
		put(out, kind_name(expr->kind));
	if (expr->distinct)
		put(out, " distinct");
	if (expr->variable2.size != 0) {
		put(out, " ");
		put_slice(out, expr->variable2);
	}
	if (expr->variable.size != 0) {
		put(out, " ");
		put_slice(out, expr->variable);
	}
}

void show_expr(const struct gfs_ast_expr *expr, struct gfs_buf *out)
{
	if (expr->kind == GFS_AST_LITERAL) {
		show_literal(expr->literal, out);
		return;
	}
	if (expr->kind == GFS_AST_VARIABLE || expr->kind == GFS_AST_PARAMETER) {
		put(out, expr->kind == GFS_AST_PARAMETER ? "$" : "");
		put_slice(out, expr->name);
		return;
	}
	put(out, "(");
	show_head(expr, out);
	if (expr->kind == GFS_AST_PATTERN || expr->kind == GFS_AST_PATTERN_COMPREHENSION) {
		put(out, " ");
		show_pattern(expr->pattern, out);
	}
	show_args(expr, out);
	if (expr->kind == GFS_AST_PROPERTY) {
		put(out, " ");
		put_slice(out, expr->name);
	} else if (expr->kind == GFS_AST_HAS_LABELS) {
		put(out, " ");
		show_labels(expr->labels, out);
	} else if (expr->kind == GFS_AST_MAP_PROJECTION) {
		show_items(expr, out);
	}
	put(out, ")");
}

static void show_rest(const struct gfs_ast_label_expr *labels, const struct gfs_ast_expr *properties,
	const struct gfs_ast_expr *where, struct gfs_buf *out)
{
	if (labels != NULL) {
		put(out, ":");
		show_labels(labels, out);
	}
	if (properties != NULL)
		show_expr(properties, out);
	if (where != NULL) {
		put(out, "?");
		show_expr(where, out);
	}
}

static void show_node(const struct gfs_ast_node *node, struct gfs_buf *out)
{
	put(out, "(");
	put_slice(out, node->variable);
	show_rest(node->labels, node->properties, node->where, out);
	put(out, ")");
}

static void show_rel(const struct gfs_ast_rel *rel, struct gfs_buf *out)
{
	put(out, rel->direction == GFS_AST_IN ? "<-[" : "-[");
	put_slice(out, rel->variable);
	show_rest(rel->types, rel->properties, rel->where, out);
	if (rel->variable_length)
		put(out, "*");
	if (rel->has_min)
		gfs_buf_printf(out, "%llu", (unsigned long long)rel->min);
	if (rel->variable_length)
		put(out, "..");
	if (rel->has_max)
		gfs_buf_printf(out, "%llu", (unsigned long long)rel->max);
	put(out, rel->quantified ? " each" : "");
	put(out, rel->direction == GFS_AST_OUT ? "]->" : "]-");
}

void show_pattern(const struct gfs_ast_pattern *pattern, struct gfs_buf *out)
{
	for (uint32_t i = 0; i < pattern->count; i++) {
		const struct gfs_ast_part *part = &pattern->parts[i];
		put(out, i == 0 ? "" : ", ");
		put_slice(out, part->variable);
		put(out, part->variable.size == 0 ? "" : "=");
		put(out,
			part->shortest == GFS_AST_SHORTEST           ? "shortest "
				: part->shortest == GFS_AST_ALL_SHORTEST ? "shortests "
														 : "");
		show_node(&part->nodes[0], out);
		for (uint32_t k = 0; k < part->rel_count; k++) {
			show_rel(&part->rels[k], out);
			show_node(&part->nodes[k + 1], out);
		}
	}
}
