/* The text of label expressions: a parser by recursive descent that writes postfix. */
#include "graph/label_expr.h"

#include <string.h>

#define OPERATORS "&|!()"
#define WILDCARD "%"

struct parser {
	const char *text, *at;
	unsigned depth;
	gfs_label_resolver resolve;
	void *context;
	struct gfs_set_expr *expr;
	struct gfs_message *message;
};

bool gfs_label_expr_is(const char *text)
{
	return strpbrk(text, OPERATORS) != NULL || strcmp(text, WILDCARD) == 0;
}

static int unexpected(struct parser *p, const char *wanted)
{
	return gfs_fail(p->message, GFS_ERR_INVALID, "label expression %s: %s is missing at byte %zu", p->text, wanted,
		(size_t)(p->at - p->text) + 1);
}

static int push(struct parser *p, enum gfs_set_op op, uint16_t label)
{
	int err = gfs_set_expr_push(p->expr, op, label);
	return err == 0 ? 0 : gfs_fail(p->message, err, "label expression %s: %s", p->text, gfs_err_text(err));
}

static int parse_name(struct parser *p)
{
	struct gfs_slice name = gfs_slice(p->at, strcspn(p->at, OPERATORS));
	uint16_t label = 0;
	if (name.size == 0)
		return unexpected(p, "a label");
	p->at += name.size;
	if (gfs_slice_equal(name, gfs_slice_text(WILDCARD)))
		return push(p, GFS_SET_ANY, 0);
	int err = p->resolve(p->context, name, &label);
	if (err != 0)
		return gfs_fail(p->message, err, "label expression %s: label %.*s: %s", p->text, (int)name.size,
			(const char *)name.data, gfs_err_text(err));
	return push(p, GFS_SET_NAME, label);
}

static int parse_expression(struct parser *p);

static int parse_group(struct parser *p)
{
	int err = parse_expression(p);
	if (err == 0 && *p->at != ')')
		err = unexpected(p, "a closing parenthesis");
	if (err == 0)
		p->at++;
	return err;
}

static int parse_factor(struct parser *p)
{
	int err;
	if (*p->at != '!' && *p->at != '(')
		return parse_name(p);
	if (p->depth == GFS_LABEL_EXPR_DEPTH_MAX)
		return gfs_fail(p->message, GFS_ERR_LIMIT, "label expression %s: nested too deep", p->text);
	p->depth++;
	if (*p->at++ == '(') {
		err = parse_group(p);
	} else {
		err = parse_factor(p);
		if (err == 0)
			err = push(p, GFS_SET_NOT, 0);
	}
	p->depth--;
	return err;
}

static int parse_term(struct parser *p)
{
	int err = parse_factor(p);
	while (err == 0 && *p->at == '&') {
		p->at++;
		err = parse_factor(p);
		if (err == 0)
			err = push(p, GFS_SET_AND, 0);
	}
	return err;
}

static int parse_expression(struct parser *p)
{
	int err = parse_term(p);
	while (err == 0 && *p->at == '|') {
		p->at++;
		err = parse_term(p);
		if (err == 0)
			err = push(p, GFS_SET_OR, 0);
	}
	return err;
}

int gfs_label_expr_parse(const char *text, gfs_label_resolver resolve, void *context, struct gfs_set_expr *ret_expr,
	struct gfs_message *message)
{
	struct gfs_set_expr expr = GFS_SET_EXPR_INIT(GFS_IDSET_LABEL);
	struct parser p = {
		.text = text, .at = text, .resolve = resolve, .context = context, .expr = &expr, .message = message
	};
	int err = parse_expression(&p);
	if (err == 0 && *p.at != '\0')
		err = unexpected(&p, "an operator");
	if (err != 0) {
		gfs_set_expr_release(&expr);
		return err;
	}
	*ret_expr = expr;
	return 0;
}
