/* Operators, by precedence climbing. Lowest first: OR, XOR, AND, NOT, comparisons (a chain is one node), IN and the tests of strings, null and types,
 * + - ||, * / %, ^, unary + -, then what stands behind an atom: .key [index] :Label. */
#include "query/parser.h"

#include "base/checked.h"

#include <assert.h>

static struct gfs_ast_expr *parse_or(struct gfs_parser *p);
static struct gfs_ast_expr *parse_unary(struct gfs_parser *p);

/* ---- nodes ---- */

struct gfs_ast_expr *gfs_parser_node(struct gfs_parser *p, enum gfs_ast_kind kind)
{
	struct gfs_ast_expr *expr = gfs_parser_alloc(p, sizeof *expr);
	if (expr == NULL)
		return NULL;
	expr->kind = (uint8_t)kind;
	expr->pos = p->token.pos;
	expr->literal = gfs_datum_null();
	return expr;
}

struct gfs_ast_expr *gfs_parser_node_args(struct gfs_parser *p, enum gfs_ast_kind kind, uint32_t arg_count)
{
	struct gfs_ast_expr *expr = gfs_parser_node(p, kind);
	if (expr == NULL)
		return NULL;
	expr->args = gfs_parser_alloc(p, arg_count * sizeof(struct gfs_ast_expr *));
	expr->arg_count = arg_count;
	return expr->args == NULL ? NULL : expr;
}

struct gfs_ast_expr *gfs_parser_close(struct gfs_parser *p, struct gfs_ast_expr *expr)
{
	uint32_t height = 0;
	for (uint32_t i = 0; i < expr->arg_count; i++) {
		if (expr->args[i] != NULL)
			height = GFS_MAX(height, expr->args[i]->height + 1u);
	}
	if (height > GFS_QUERY_HEIGHT_MAX) {
		(void)gfs_query_fail(p->error, GFS_QUERY_LIMIT_ERROR, GFS_QUERY_COMPILE, "TooDeep", &expr->pos,
			"more than %u operators in a row", GFS_QUERY_HEIGHT_MAX); /* NULL says so */
		return NULL;
	}
	expr->height = (uint16_t)height;
	assert(p->last_end >= expr->pos.offset);
	expr->text = gfs_slice(p->lexer.text.data + expr->pos.offset, p->last_end - expr->pos.offset);
	return expr;
}

/* `right` is the last thing parsed, or lies where it was parsed: the text goes from the left one's begin to the right one's end. */
struct gfs_ast_expr *gfs_parser_binary(
	struct gfs_parser *p, enum gfs_ast_op op, struct gfs_ast_expr *left, struct gfs_ast_expr *right)
{
	struct gfs_ast_expr *expr = gfs_parser_node_args(p, GFS_AST_BINARY, 2);
	if (expr == NULL)
		return NULL;
	expr->op = (uint8_t)op;
	expr->pos = left->pos;
	expr->args[0] = left;
	expr->args[1] = right;
	if (gfs_parser_close(p, expr) == NULL)
		return NULL;
	expr->text = gfs_slice(left->text.data, (size_t)(right->text.data + right->text.size - left->text.data));
	return expr;
}

/* ---- AND, OR, XOR ---- */

struct operands {
	struct gfs_ast_expr **items;
	uint32_t count;
};

static int push_operand(struct gfs_parser *p, struct operands *operands, struct gfs_ast_expr *expr)
{
	if (expr == NULL)
		return p->error->err;
	struct gfs_ast_expr **slot = gfs_parser_push(p, &operands->items, &operands->count, sizeof *slot);
	if (slot == NULL)
		return p->error->err;
	*slot = expr;
	return 0;
}

/* As low a tree as can be: they are associative. */
struct gfs_ast_expr *gfs_parser_balanced(
	struct gfs_parser *p, enum gfs_ast_op op, struct gfs_ast_expr **items, uint32_t count)
{
	assert(count > 0);
	if (count == 1)
		return items[0];
	struct gfs_ast_expr *left = gfs_parser_balanced(p, op, items, count / 2);
	struct gfs_ast_expr *right = left == NULL ? NULL : gfs_parser_balanced(p, op, items + count / 2, count - count / 2);
	return right == NULL ? NULL : gfs_parser_binary(p, op, left, right);
}

static struct gfs_ast_expr *parse_chain(struct gfs_parser *p, enum gfs_keyword word, enum gfs_ast_op op,
	struct gfs_ast_expr *(*operand)(struct gfs_parser *p))
{
	struct gfs_ast_expr *first = operand(p);
	if (first == NULL || !gfs_parser_at_word(p, word))
		return first;
	struct operands operands = { 0 };
	if (push_operand(p, &operands, first) != 0)
		return NULL;
	while (gfs_parser_accept_word(p, word)) {
		if (push_operand(p, &operands, operand(p)) != 0)
			return NULL;
	}
	return gfs_parser_balanced(p, op, operands.items, operands.count);
}

/* ---- IN, STARTS WITH, IS NULL and kin ---- */

static struct gfs_ast_expr *parse_additive(struct gfs_parser *p);

static int accept_test(struct gfs_parser *p, enum gfs_ast_op *ret_op)
{
	if (gfs_parser_accept_word(p, GFS_WORD_IN)) {
		*ret_op = GFS_OP_IN;
	} else if (gfs_parser_accept_word(p, GFS_WORD_CONTAINS)) {
		*ret_op = GFS_OP_CONTAINS;
	} else if (gfs_parser_accept(p, GFS_TOKEN_MATCHES)) {
		*ret_op = GFS_OP_REGEX;
	} else {
		*ret_op = gfs_parser_at_word(p, GFS_WORD_STARTS) ? GFS_OP_STARTS_WITH : GFS_OP_ENDS_WITH;
		gfs_parser_advance(p);
		return gfs_parser_expect_word(p, GFS_WORD_WITH, "WITH after STARTS or ENDS");
	}
	return 0;
}

/* At IS. */
static struct gfs_ast_expr *parse_is(struct gfs_parser *p, struct gfs_ast_expr *of)
{
	gfs_parser_advance(p);
	enum gfs_ast_kind kind = gfs_parser_accept_word(p, GFS_WORD_NOT) ? GFS_AST_IS_NOT_NULL : GFS_AST_IS_NULL;
	if (gfs_parser_at_type_test(p))
		return gfs_parser_type_test(p, of, kind == GFS_AST_IS_NOT_NULL);
	if (gfs_parser_expect_word(p, GFS_WORD_NULL, kind == GFS_AST_IS_NULL ? "NULL or NOT NULL after IS" : "NULL") != 0)
		return NULL;
	struct gfs_ast_expr *expr = gfs_parser_node_args(p, kind, 1);
	if (expr == NULL)
		return NULL;
	expr->pos = of->pos;
	expr->args[0] = of;
	return gfs_parser_close(p, expr);
}

/* The tests that stand behind `expr`. */
static struct gfs_ast_expr *parse_tests_of(struct gfs_parser *p, struct gfs_ast_expr *expr)
{
	while (expr != NULL) {
		enum gfs_keyword word = p->token.keyword;
		if (word == GFS_WORD_IS) {
			expr = parse_is(p, expr);
		} else if (gfs_parser_at(p, ':') && p->next.kind == ':') {
			expr = gfs_parser_type_test(p, expr, false);
		} else if (word == GFS_WORD_IN || word == GFS_WORD_CONTAINS || word == GFS_WORD_STARTS ||
			word == GFS_WORD_ENDS || p->token.kind == GFS_TOKEN_MATCHES) {
			enum gfs_ast_op op;
			if (accept_test(p, &op) != 0)
				return NULL;
			struct gfs_ast_expr *right = parse_additive(p);
			expr = right == NULL ? NULL : gfs_parser_binary(p, op, expr, right);
		} else {
			break;
		}
	}
	return expr;
}

static struct gfs_ast_expr *parse_tests(struct gfs_parser *p)
{
	return parse_tests_of(p, parse_additive(p));
}

/* ---- comparisons ---- */

static bool accept_comparison(struct gfs_parser *p, uint8_t *ret_op)
{
	switch (p->token.kind) {
	case '=':
		*ret_op = GFS_OP_EQ;
		break;
	case GFS_TOKEN_NE:
		*ret_op = GFS_OP_NE;
		break;
	case '<':
		*ret_op = GFS_OP_LT;
		break;
	case GFS_TOKEN_LE:
		*ret_op = GFS_OP_LE;
		break;
	case '>':
		*ret_op = GFS_OP_GT;
		break;
	case GFS_TOKEN_GE:
		*ret_op = GFS_OP_GE;
		break;
	default:
		return false;
	}
	gfs_parser_advance(p);
	return true;
}

static struct gfs_ast_expr *parse_chain_of(struct gfs_parser *p, struct gfs_ast_expr *first)
{
	uint8_t op;
	if (first == NULL || !accept_comparison(p, &op))
		return first;
	struct gfs_ast_expr *expr = gfs_parser_node(p, GFS_AST_COMPARE);
	struct operands operands = { 0 };
	uint32_t op_count = 0;
	if (expr == NULL || push_operand(p, &operands, first) != 0)
		return NULL;
	do {
		uint8_t *slot = gfs_parser_push(p, &expr->ops, &op_count, sizeof op);
		if (slot == NULL || push_operand(p, &operands, parse_tests(p)) != 0)
			return NULL;
		*slot = op;
	} while (accept_comparison(p, &op));
	expr->pos = first->pos;
	expr->args = operands.items;
	expr->arg_count = operands.count;
	return gfs_parser_close(p, expr);
}

static struct gfs_ast_expr *parse_comparison(struct gfs_parser *p)
{
	return parse_chain_of(p, parse_tests(p));
}

bool gfs_parser_at_test(const struct gfs_parser *p)
{
	switch (p->token.kind) {
	case '=':
	case GFS_TOKEN_NE:
	case '<':
	case GFS_TOKEN_LE:
	case '>':
	case GFS_TOKEN_GE:
	case GFS_TOKEN_MATCHES:
		return true;
	case ':':
		return p->next.kind == ':';
	default:
		return p->token.keyword == GFS_WORD_IS || p->token.keyword == GFS_WORD_IN ||
			p->token.keyword == GFS_WORD_CONTAINS || p->token.keyword == GFS_WORD_STARTS ||
			p->token.keyword == GFS_WORD_ENDS;
	}
}

struct gfs_ast_expr *gfs_parser_comparison_of(struct gfs_parser *p, struct gfs_ast_expr *left)
{
	return parse_chain_of(p, parse_tests_of(p, left));
}

/* ---- NOT and the booleans ---- */

static struct gfs_ast_expr *parse_not(struct gfs_parser *p)
{
	if (!gfs_parser_at_word(p, GFS_WORD_NOT))
		return parse_comparison(p);
	struct gfs_ast_expr *expr = gfs_parser_node_args(p, GFS_AST_UNARY, 1);
	if (expr == NULL || gfs_parser_enter(p) != 0)
		return NULL;
	expr->op = GFS_OP_NOT;
	gfs_parser_advance(p);
	expr->args[0] = parse_not(p);
	gfs_parser_leave(p);
	return expr->args[0] == NULL ? NULL : gfs_parser_close(p, expr);
}

static struct gfs_ast_expr *parse_and(struct gfs_parser *p)
{
	return parse_chain(p, GFS_WORD_AND, GFS_OP_AND, parse_not);
}

static struct gfs_ast_expr *parse_xor(struct gfs_parser *p)
{
	return parse_chain(p, GFS_WORD_XOR, GFS_OP_XOR, parse_and);
}

static struct gfs_ast_expr *parse_or(struct gfs_parser *p)
{
	return parse_chain(p, GFS_WORD_OR, GFS_OP_OR, parse_xor);
}

/* ---- arithmetic ---- */

enum { PRECEDENCE_ADD, PRECEDENCE_MULTIPLY, PRECEDENCE_POWER, PRECEDENCE_UNARY };

/* What the token is as a binary operator; -1: none. */
static int arithmetic_op(const struct gfs_parser *p, int *ret_precedence)
{
	static const struct {
		int kind, precedence;
		enum gfs_ast_op op;
	} table[] = {
		{ '+', PRECEDENCE_ADD, GFS_OP_ADD },
		{ '-', PRECEDENCE_ADD, GFS_OP_SUBTRACT },
		{ GFS_TOKEN_CONCAT, PRECEDENCE_ADD, GFS_OP_CONCAT },
		{ '*', PRECEDENCE_MULTIPLY, GFS_OP_MULTIPLY },
		{ '/', PRECEDENCE_MULTIPLY, GFS_OP_DIVIDE },
		{ '%', PRECEDENCE_MULTIPLY, GFS_OP_MODULO },
		{ '^', PRECEDENCE_POWER, GFS_OP_POWER },
	};
	for (size_t i = 0; i < GFS_COUNT(table); i++) {
		if (table[i].kind == p->token.kind) {
			*ret_precedence = table[i].precedence;
			return (int)table[i].op;
		}
	}
	return -1;
}

/* All are left-associative, ^ too. */
static struct gfs_ast_expr *parse_arithmetic(struct gfs_parser *p, int lowest)
{
	struct gfs_ast_expr *left = parse_unary(p);
	int precedence;
	for (int op; left != NULL && (op = arithmetic_op(p, &precedence)) >= 0 && precedence >= lowest;) {
		gfs_parser_advance(p);
		struct gfs_ast_expr *right = parse_arithmetic(p, precedence + 1);
		left = right == NULL ? NULL : gfs_parser_binary(p, (enum gfs_ast_op)op, left, right);
	}
	return left;
}

static struct gfs_ast_expr *parse_additive(struct gfs_parser *p)
{
	return parse_arithmetic(p, PRECEDENCE_ADD);
}

/* -5 is a literal: the smallest integer has no positive twin. */
static struct gfs_ast_expr *parse_negative_number(struct gfs_parser *p)
{
	struct gfs_ast_expr *expr = gfs_parser_node(p, GFS_AST_LITERAL);
	if (expr == NULL)
		return NULL;
	gfs_parser_advance(p);
	struct gfs_slice text = gfs_token_text(&p->lexer, &p->token);
	if (gfs_number_value(text, true, &p->token.pos, &expr->literal, p->error) != 0)
		return NULL;
	gfs_parser_advance(p);
	return gfs_parser_close(p, expr);
}

/* ---- what stands behind an atom ---- */

static struct gfs_ast_expr *parse_property(struct gfs_parser *p, struct gfs_ast_expr *of)
{
	gfs_parser_advance(p);
	struct gfs_ast_expr *expr = gfs_parser_node_args(p, GFS_AST_PROPERTY, 1);
	if (expr == NULL || gfs_parser_key(p, "a property key after '.'", &expr->name) != 0)
		return NULL;
	expr->pos = of->pos;
	expr->args[0] = of;
	return gfs_parser_close(p, expr);
}

static int parse_bounds(struct gfs_parser *p, struct gfs_ast_expr *expr)
{
	if (!gfs_parser_at(p, GFS_TOKEN_DOTS)) {
		expr->args[1] = gfs_parser_expr(p);
		if (expr->args[1] == NULL)
			return p->error->err;
	}
	if (!gfs_parser_accept(p, GFS_TOKEN_DOTS))
		return 0;
	expr->kind = GFS_AST_SLICE;
	if (!gfs_parser_at(p, ']')) {
		expr->args[2] = gfs_parser_expr(p);
		if (expr->args[2] == NULL)
			return p->error->err;
	}
	return 0;
}

static struct gfs_ast_expr *parse_index(struct gfs_parser *p, struct gfs_ast_expr *of)
{
	bool no_bar = p->no_bar;
	p->no_bar = false;
	gfs_parser_advance(p);
	struct gfs_ast_expr *expr = gfs_parser_node_args(p, GFS_AST_INDEX, 3);
	if (expr == NULL || parse_bounds(p, expr) != 0 || gfs_parser_expect(p, ']', "']' after the index") != 0)
		return NULL;
	expr->pos = of->pos;
	expr->args[0] = of;
	expr->arg_count = expr->kind == GFS_AST_SLICE ? 3 : 2;
	p->no_bar = no_bar;
	return gfs_parser_close(p, expr);
}

static struct gfs_ast_expr *parse_has_labels(struct gfs_parser *p, struct gfs_ast_expr *of)
{
	struct gfs_ast_expr *expr = gfs_parser_node_args(p, GFS_AST_HAS_LABELS, 1);
	if (expr == NULL)
		return NULL;
	expr->pos = of->pos;
	expr->args[0] = of;
	expr->labels = gfs_parser_labels(p, !p->no_bar);
	return expr->labels == NULL ? NULL : gfs_parser_close(p, expr);
}

static struct gfs_ast_expr *parse_postfix(struct gfs_parser *p, bool labels)
{
	struct gfs_ast_expr *expr = gfs_parser_atom(p);
	while (expr != NULL) {
		if (gfs_parser_at(p, '.'))
			expr = parse_property(p, expr);
		else if (gfs_parser_at(p, '['))
			expr = parse_index(p, expr);
		else if (labels && gfs_parser_at(p, ':') && p->next.kind != ':')
			expr = parse_has_labels(p, expr);
		else
			break;
	}
	return expr;
}

struct gfs_ast_expr *gfs_parser_target(struct gfs_parser *p)
{
	return parse_postfix(p, false);
}

static struct gfs_ast_expr *parse_unary(struct gfs_parser *p)
{
	if (!gfs_parser_at(p, '-') && !gfs_parser_at(p, '+'))
		return parse_postfix(p, true);
	if (gfs_parser_at(p, '-') && p->next.kind == GFS_TOKEN_NUMBER)
		return parse_negative_number(p);
	struct gfs_ast_expr *expr = gfs_parser_node_args(p, GFS_AST_UNARY, 1);
	if (expr == NULL || gfs_parser_enter(p) != 0)
		return NULL;
	expr->op = gfs_parser_at(p, '-') ? GFS_OP_MINUS : GFS_OP_PLUS;
	gfs_parser_advance(p);
	expr->args[0] = parse_unary(p);
	gfs_parser_leave(p);
	return expr->args[0] == NULL ? NULL : gfs_parser_close(p, expr);
}

struct gfs_ast_expr *gfs_parser_expr(struct gfs_parser *p)
{
	if (gfs_parser_enter(p) != 0)
		return NULL;
	struct gfs_ast_expr *expr = parse_or(p);
	gfs_parser_leave(p);
	return expr;
}

int gfs_parser_exprs(struct gfs_parser *p, int closing, struct gfs_ast_expr ***items, uint32_t *count)
{
	if (gfs_parser_accept(p, closing))
		return 0;
	do {
		struct gfs_ast_expr *expr = gfs_parser_expr(p);
		struct gfs_ast_expr **slot = expr == NULL ? NULL : gfs_parser_push(p, items, count, sizeof *slot);
		if (slot == NULL)
			return p->error->err;
		*slot = expr;
	} while (gfs_parser_accept(p, ','));
	return gfs_parser_expect(p, closing, closing == ')' ? "',' or ')'" : "',' or ']'");
}
