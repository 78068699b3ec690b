/* Lists, maps, comprehensions, quantifiers, reduce. */
#include "query/parser.h"

#include <assert.h>

/* ---- maps ---- */

static int parse_entry(struct gfs_parser *p, struct gfs_ast_expr *map)
{
	struct gfs_slice key;
	uint32_t count = map->arg_count;
	struct gfs_slice *name = gfs_parser_push(p, &map->names, &count, sizeof *name);
	struct gfs_ast_expr **value = name == NULL ? NULL : gfs_parser_push(p, &map->args, &map->arg_count, sizeof *value);
	if (value == NULL)
		return p->error->err;
	int err = gfs_parser_key(p, "a key", &key);
	if (err == 0)
		err = gfs_parser_expect(p, ':', "':' after the key");
	if (err != 0)
		return err;
	*name = key;
	*value = gfs_parser_expr(p);
	return *value == NULL ? p->error->err : 0;
}

struct gfs_ast_expr *gfs_parser_map(struct gfs_parser *p)
{
	bool no_bar = p->no_bar, inside = p->inside_case;
	p->no_bar = p->inside_case = false;
	struct gfs_ast_expr *map = gfs_parser_node(p, GFS_AST_MAP);
	if (map == NULL)
		return NULL;
	gfs_parser_advance(p);
	if (!gfs_parser_accept(p, '}')) {
		do {
			if (parse_entry(p, map) != 0)
				return NULL;
		} while (gfs_parser_accept(p, ','));
		if (gfs_parser_expect(p, '}', "',' or '}'") != 0)
			return NULL;
	}
	p->no_bar = no_bar;
	p->inside_case = inside;
	return gfs_parser_close(p, map);
}

/* .name, .*, name: value, name */
static int parse_projection_item(struct gfs_parser *p, struct gfs_ast_projection_item *item)
{
	if (gfs_parser_accept(p, '.')) {
		if (gfs_parser_accept(p, '*')) {
			item->kind = GFS_ITEM_ALL;
			return 0;
		}
		item->kind = GFS_ITEM_PROPERTY;
		return gfs_parser_key(p, "a property key or '*' after '.'", &item->name);
	}
	struct gfs_query_pos pos = p->token.pos;
	int err = gfs_parser_key(p, ".key, .*, key: value or a variable", &item->name);
	if (err != 0)
		return err;
	if (gfs_parser_accept(p, ':')) {
		item->kind = GFS_ITEM_VALUE;
		item->value = gfs_parser_expr(p);
		return item->value == NULL ? p->error->err : 0;
	}
	item->kind = GFS_ITEM_VARIABLE;
	item->value = gfs_parser_node(p, GFS_AST_VARIABLE);
	if (item->value == NULL)
		return p->error->err;
	item->value->pos = pos;
	item->value->name = item->name;
	return gfs_parser_close(p, item->value) == NULL ? p->error->err : 0;
}

struct gfs_ast_expr *gfs_parser_map_projection(struct gfs_parser *p, struct gfs_ast_expr *of)
{
	bool no_bar = p->no_bar, inside = p->inside_case;
	p->no_bar = p->inside_case = false;
	struct gfs_ast_expr *expr = gfs_parser_node_args(p, GFS_AST_MAP_PROJECTION, 1);
	if (expr == NULL || gfs_parser_enter(p) != 0)
		return NULL;
	expr->pos = of->pos;
	expr->args[0] = of;
	gfs_parser_advance(p);
	while (!gfs_parser_at(p, '}')) {
		struct gfs_ast_projection_item item = { 0 };
		if (parse_projection_item(p, &item) != 0)
			return NULL;
		struct gfs_ast_projection_item *slot = gfs_parser_push(p, &expr->items, &expr->item_count, sizeof *slot);
		if (slot == NULL)
			return NULL;
		*slot = item;
		if (!gfs_parser_accept(p, ','))
			break;
	}
	gfs_parser_leave(p);
	if (gfs_parser_expect(p, '}', "',' or '}'") != 0)
		return NULL;
	p->no_bar = no_bar;
	p->inside_case = inside;
	return gfs_parser_close(p, expr);
}

/* ---- variable IN list ---- */

/* variable IN list [WHERE predicate] */
static int parse_iteration(struct gfs_parser *p, struct gfs_ast_expr *expr)
{
	int err = gfs_parser_name(p, "a variable", &expr->variable);
	if (err == 0)
		err = gfs_parser_expect_word(p, GFS_WORD_IN, "IN");
	if (err != 0)
		return err;
	expr->args[0] = gfs_parser_expr(p);
	return expr->args[0] == NULL ? p->error->err : 0;
}

static int parse_optional(struct gfs_parser *p, bool there, struct gfs_ast_expr **ret_expr)
{
	if (!there)
		return 0;
	*ret_expr = gfs_parser_expr(p);
	return *ret_expr == NULL ? p->error->err : 0;
}

/* WHERE predicate, | expression: each may be missing. */
static int parse_filter(struct gfs_parser *p, struct gfs_ast_expr *expr, uint32_t where)
{
	p->no_bar = true;
	int err = parse_optional(p, gfs_parser_accept_word(p, GFS_WORD_WHERE), &expr->args[where]);
	p->no_bar = false;
	return err;
}

struct gfs_ast_expr *gfs_parser_quantifier(struct gfs_parser *p, enum gfs_ast_kind kind)
{
	bool no_bar = p->no_bar, comprehension = kind == GFS_AST_LIST_COMPREHENSION;
	struct gfs_ast_expr *expr = gfs_parser_node_args(p, kind, comprehension ? 3 : 2);
	if (expr == NULL)
		return NULL;
	gfs_parser_advance(p);
	gfs_parser_advance(p);
	p->no_bar = true;
	if (parse_iteration(p, expr) != 0 || parse_filter(p, expr, 1) != 0)
		return NULL;
	if (comprehension && parse_optional(p, gfs_parser_accept(p, '|'), &expr->args[2]) != 0)
		return NULL;
	if (gfs_parser_expect(p, ')', expr->args[1] == NULL ? "WHERE" : "an operator or ')'") != 0)
		return NULL;
	p->no_bar = no_bar;
	return gfs_parser_close(p, expr);
}

/* reduce(sum = 0, x IN list | sum + x) */
struct gfs_ast_expr *gfs_parser_reduce(struct gfs_parser *p)
{
	bool no_bar = p->no_bar;
	struct gfs_ast_expr *expr = gfs_parser_node_args(p, GFS_AST_REDUCE, 3);
	if (expr == NULL)
		return NULL;
	gfs_parser_advance(p);
	gfs_parser_advance(p);
	if (gfs_parser_name(p, "a variable", &expr->variable2) != 0 || gfs_parser_expect(p, '=', "'='") != 0)
		return NULL;
	p->no_bar = false;
	expr->args[0] = gfs_parser_expr(p);
	if (expr->args[0] == NULL || gfs_parser_expect(p, ',', "','") != 0)
		return NULL;
	p->no_bar = true;
	if (gfs_parser_name(p, "a variable", &expr->variable) != 0 || gfs_parser_expect_word(p, GFS_WORD_IN, "IN") != 0)
		return NULL;
	expr->args[1] = gfs_parser_expr(p);
	if (expr->args[1] == NULL || gfs_parser_expect(p, '|', "'|'") != 0)
		return NULL;
	p->no_bar = false;
	expr->args[2] = gfs_parser_expr(p);
	if (expr->args[2] == NULL || gfs_parser_expect(p, ')', "an operator or ')'") != 0)
		return NULL;
	p->no_bar = no_bar;
	return gfs_parser_close(p, expr);
}

/* ---- [ ... ] ---- */

/* What binds no tighter than IN: its left end stands for the right side of an IN that was read as a comprehension's. */
static bool binds_loosely(const struct gfs_ast_expr *expr)
{
	assert(expr != NULL);
	if (expr->parenthesised)
		return false;
	if (expr->kind == GFS_AST_COMPARE || expr->kind == GFS_AST_IS_NULL || expr->kind == GFS_AST_IS_NOT_NULL ||
		expr->kind == GFS_AST_IS_TYPED)
		return true;
	return expr->kind == GFS_AST_BINARY && expr->op <= GFS_OP_REGEX;
}

/* `[x IN a AND b, ...` is no comprehension: (x IN (a AND b)) becomes (x IN a) AND b. */
static struct gfs_ast_expr *as_membership(struct gfs_parser *p, struct gfs_ast_expr *variable, struct gfs_ast_expr *of)
{
	struct gfs_ast_expr **at = &of;
	while (binds_loosely(*at)) {
		(*at)->pos = variable->pos;
		(*at)->height++;
		at = &(*at)->args[0];
	}
	*at = gfs_parser_binary(p, GFS_OP_IN, variable, *at);
	return *at == NULL ? NULL : of;
}

static struct gfs_ast_expr *parse_items(struct gfs_parser *p, struct gfs_ast_expr *list, struct gfs_ast_expr *first)
{
	if (first == NULL)
		return gfs_parser_exprs(p, ']', &list->args, &list->arg_count) == 0 ? list : NULL;
	struct gfs_ast_expr **slot = gfs_parser_push(p, &list->args, &list->arg_count, sizeof *slot);
	if (slot == NULL)
		return NULL;
	*slot = first;
	if (gfs_parser_accept(p, ']'))
		return list;
	if (gfs_parser_expect(p, ',', "an operator, ',' or ']'") != 0)
		return NULL;
	if (gfs_parser_at(p, ']')) {
		(void)gfs_parser_unexpected(p, "an expression"); /* NULL says so */
		return NULL;
	}
	return gfs_parser_exprs(p, ']', &list->args, &list->arg_count) == 0 ? list : NULL;
}

/* [x IN list WHERE predicate | expression], or a list whose first item is `x IN list`. */
static struct gfs_ast_expr *parse_comprehension(struct gfs_parser *p, struct gfs_ast_expr *list)
{
	struct gfs_ast_expr *variable = gfs_parser_node(p, GFS_AST_VARIABLE);
	struct gfs_ast_expr *expr = gfs_parser_node_args(p, GFS_AST_LIST_COMPREHENSION, 3);
	if (variable == NULL || expr == NULL)
		return NULL;
	variable->text = gfs_token_text(&p->lexer, &p->token);
	expr->pos = list->pos;
	p->no_bar = true;
	if (parse_iteration(p, expr) != 0)
		return NULL;
	p->no_bar = false;
	variable->name = expr->variable;
	if (gfs_parser_at(p, ',')) {
		struct gfs_ast_expr *first = as_membership(p, variable, expr->args[0]);
		return first == NULL ? NULL : parse_items(p, list, first);
	}
	if (parse_filter(p, expr, 1) != 0 || parse_optional(p, gfs_parser_accept(p, '|'), &expr->args[2]) != 0)
		return NULL;
	return gfs_parser_expect(p, ']', "WHERE, '|' or ']'") == 0 ? expr : NULL;
}

/* [pattern WHERE predicate | expression], the pattern already read. */
static struct gfs_ast_expr *parse_pattern_comprehension(
	struct gfs_parser *p, struct gfs_ast_expr *list, struct gfs_ast_pattern *pattern)
{
	struct gfs_ast_expr *expr = gfs_parser_node_args(p, GFS_AST_PATTERN_COMPREHENSION, 2);
	if (expr == NULL)
		return NULL;
	expr->pos = list->pos;
	expr->pattern = pattern;
	if (parse_filter(p, expr, 0) != 0 || gfs_parser_expect(p, '|', "'|' and what to collect") != 0)
		return NULL;
	expr->args[1] = gfs_parser_expr(p);
	return expr->args[1] != NULL && gfs_parser_expect(p, ']', "an operator or ']'") == 0 ? expr : NULL;
}

/* p = (a)-->(b) */
static bool named_pattern_ahead(const struct gfs_parser *p)
{
	if (!gfs_parser_at_name(p) || p->next.kind != '=')
		return false;
	struct gfs_parser ahead = *p;
	gfs_parser_advance(&ahead);
	gfs_parser_advance(&ahead);
	return gfs_parser_at(&ahead, '(') && gfs_parser_pattern_ahead(&ahead);
}

static struct gfs_ast_expr *parse_named_pattern(struct gfs_parser *p, struct gfs_ast_expr *list)
{
	struct gfs_ast_pattern *pattern = gfs_parser_alloc(p, sizeof *pattern);
	if (pattern == NULL)
		return NULL;
	pattern->parts = gfs_parser_alloc(p, sizeof *pattern->parts);
	pattern->count = 1;
	if (pattern->parts == NULL || gfs_parser_part(p, pattern->parts) != 0)
		return NULL;
	return parse_pattern_comprehension(p, list, pattern);
}

static struct gfs_ast_expr *parse_bracketed(struct gfs_parser *p, struct gfs_ast_expr *list)
{
	if (gfs_parser_at_name(p) && p->next.keyword == GFS_WORD_IN)
		return parse_comprehension(p, list);
	if (named_pattern_ahead(p))
		return parse_named_pattern(p, list);
	if (gfs_parser_accept(p, ']'))
		return list;
	if (!gfs_parser_at(p, '('))
		return parse_items(p, list, NULL);
	struct gfs_ast_expr *first = gfs_parser_expr(p);
	if (first == NULL)
		return NULL;
	bool comprehension = gfs_parser_at(p, '|') || gfs_parser_at_word(p, GFS_WORD_WHERE);
	if (first->kind == GFS_AST_PATTERN && !first->parenthesised && comprehension)
		return parse_pattern_comprehension(p, list, first->pattern);
	return parse_items(p, list, first);
}

struct gfs_ast_expr *gfs_parser_list(struct gfs_parser *p)
{
	bool no_bar = p->no_bar, inside = p->inside_case;
	p->no_bar = p->inside_case = false;
	struct gfs_ast_expr *list = gfs_parser_node(p, GFS_AST_LIST);
	if (list == NULL || gfs_parser_enter(p) != 0)
		return NULL;
	gfs_parser_advance(p);
	struct gfs_ast_expr *expr = parse_bracketed(p, list);
	gfs_parser_leave(p);
	if (expr == NULL)
		return NULL;
	p->no_bar = no_bar;
	p->inside_case = inside;
	return gfs_parser_close(p, expr);
}
