/* CASE, with a subject or without. Behind WHEN of one with a subject may stand several values, and tests of which the subject is the left side:
 * WHEN 1, 2 THEN, WHEN > 3 THEN, WHEN IS NULL THEN. */
#include "query/parser.h"

#include "base/checked.h"

struct arms {
	struct gfs_ast_expr *expr; /* the CASE */
	struct gfs_ast_expr **values;
	uint32_t
		value_count; /* one for each WHEN: the value that the subject is compared with; NULL: the argument is a condition */
	bool tests;      /* there are conditions */
};

static int push(struct gfs_parser *p, struct gfs_ast_expr *expr, struct gfs_ast_expr *arg)
{
	struct gfs_ast_expr **slot = gfs_parser_push(p, &expr->args, &expr->arg_count, sizeof *slot);
	if (slot == NULL)
		return p->error->err;
	*slot = arg;
	return 0;
}

static int push_parsed(struct gfs_parser *p, struct gfs_ast_expr *expr)
{
	struct gfs_ast_expr *arg = gfs_parser_expr(p);
	return arg == NULL ? p->error->err : push(p, expr, arg);
}

/* The subject as it stands in conditions: a variable without a name, at `pos`. */
static struct gfs_ast_expr *subject_at(struct gfs_parser *p, const struct gfs_query_pos *pos)
{
	struct gfs_ast_expr *expr = gfs_parser_node(p, GFS_AST_VARIABLE);
	if (expr == NULL)
		return NULL;
	expr->pos = *pos;
	expr->text = gfs_slice(p->lexer.text.data + pos->offset, 0);
	return expr;
}

static struct gfs_ast_expr *is_value(struct gfs_parser *p, struct gfs_ast_expr *value)
{
	struct gfs_ast_expr *subject = subject_at(p, &value->pos);
	return subject == NULL ? NULL : gfs_parser_binary(p, GFS_OP_EQ, subject, value);
}

/* A value or a test; *ret_value NULL: it was a test. */
static struct gfs_ast_expr *parse_operand(struct gfs_parser *p, struct gfs_ast_expr **ret_value)
{
	*ret_value = NULL;
	if (!gfs_parser_at_test(p))
		return *ret_value = gfs_parser_expr(p);
	struct gfs_ast_expr *subject = subject_at(p, &p->token.pos);
	return subject == NULL ? NULL : gfs_parser_comparison_of(p, subject);
}

/* Past the first operand there are conditions only. */
static struct gfs_ast_expr *parse_operands(struct gfs_parser *p, struct gfs_ast_expr **ret_value)
{
	struct gfs_ast_expr *first = parse_operand(p, ret_value), **items = NULL;
	uint32_t count = 0;
	if (first == NULL || !gfs_parser_at(p, ','))
		return first;
	struct gfs_ast_expr *value = *ret_value, *operand = first;
	*ret_value = NULL;
	for (;;) {
		if (operand != NULL && value != NULL)
			operand = is_value(p, operand);
		struct gfs_ast_expr **slot = operand == NULL ? NULL : gfs_parser_push(p, &items, &count, sizeof *slot);
		if (slot == NULL)
			return NULL;
		*slot = operand;
		if (!gfs_parser_accept(p, ','))
			return gfs_parser_balanced(p, GFS_OP_OR, items, count);
		operand = parse_operand(p, &value);
	}
}

static int parse_when(struct gfs_parser *p, struct arms *arms)
{
	bool subject = arms->expr->args[0] != NULL;
	struct gfs_ast_expr *value = NULL;
	struct gfs_ast_expr *when = subject ? parse_operands(p, &value) : gfs_parser_expr(p);
	struct gfs_ast_expr **slot = when == NULL ? NULL
											  : gfs_parser_push(p, &arms->values, &arms->value_count, sizeof *slot);
	if (slot == NULL)
		return p->error->err;
	*slot = value;
	arms->tests = arms->tests || (subject && value == NULL);
	int err = push(p, arms->expr, when);
	if (err == 0)
		err = gfs_parser_expect_word(p, GFS_WORD_THEN, "THEN");
	return err != 0 ? err : push_parsed(p, arms->expr);
}

/* Where some WHEN is a condition all are. */
static int to_conditions(struct gfs_parser *p, struct arms *arms)
{
	arms->expr->kind = GFS_AST_CASE_TESTS;
	for (uint32_t i = 0; i < arms->value_count; i++) {
		if (arms->values[i] == NULL)
			continue;
		struct gfs_ast_expr *condition = is_value(p, arms->values[i]);
		if (condition == NULL)
			return p->error->err;
		arms->expr->args[1 + 2 * i] = condition;
	}
	return 0;
}

static int parse_arms(struct gfs_parser *p, struct arms *arms)
{
	struct gfs_ast_expr *expr = arms->expr;
	int err = gfs_parser_at_word(p, GFS_WORD_WHEN) ? push(p, expr, NULL) : push_parsed(p, expr);
	if (err == 0)
		err = gfs_parser_expect_word(p, GFS_WORD_WHEN, "WHEN");
	while (err == 0) {
		err = parse_when(p, arms);
		if (err != 0 || !gfs_parser_accept_word(p, GFS_WORD_WHEN))
			break;
	}
	if (err == 0)
		err = gfs_parser_accept_word(p, GFS_WORD_ELSE) ? push_parsed(p, expr) : push(p, expr, NULL);
	if (err == 0)
		err = gfs_parser_expect_word(p, GFS_WORD_END, "WHEN, ELSE or END");
	return err != 0 || !arms->tests ? err : to_conditions(p, arms);
}

struct gfs_ast_expr *gfs_parser_case(struct gfs_parser *p)
{
	bool inside = p->inside_case, no_bar = p->no_bar;
	p->inside_case = true;
	p->no_bar = false;
	struct arms arms = { .expr = gfs_parser_node(p, GFS_AST_CASE) };
	if (arms.expr == NULL)
		return NULL;
	gfs_parser_advance(p);
	if (parse_arms(p, &arms) != 0)
		return NULL;
	p->inside_case = inside;
	p->no_bar = no_bar;
	return gfs_parser_close(p, arms.expr);
}
