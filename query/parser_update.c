/* Clauses that write: CREATE, MERGE, SET, REMOVE, DELETE, FOREACH. */
#include "query/parser.h"

static int parse_create(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	clause->kind = GFS_CLAUSE_CREATE;
	gfs_parser_advance(p);
	return gfs_parser_pattern(p, &clause->create.pattern);
}

/* ---- SET and REMOVE ---- */

/* :A:B, also A&B: all of them. */
static int parse_set_labels(struct gfs_parser *p, struct gfs_ast_set_item *item)
{
	item->kind = GFS_SET_LABELS;
	while (gfs_parser_accept(p, ':') || (item->label_count > 0 && gfs_parser_accept(p, '&'))) {
		struct gfs_slice *label = gfs_parser_push(p, &item->labels, &item->label_count, sizeof *label);
		int err = label == NULL ? p->error->err : gfs_parser_name(p, "a label", label);
		if (err != 0)
			return err;
	}
	return 0;
}

static int parse_target(struct gfs_parser *p, struct gfs_ast_set_item *item)
{
	item->pos = p->token.pos;
	item->target = gfs_parser_target(p);
	return item->target == NULL ? p->error->err : 0;
}

static bool is_property(const struct gfs_ast_set_item *item)
{
	return item->target->kind == GFS_AST_PROPERTY || item->target->kind == GFS_AST_INDEX;
}

static int parse_set_item(struct gfs_parser *p, struct gfs_ast_set_item *item)
{
	int err = parse_target(p, item);
	if (err != 0)
		return err;
	if (gfs_parser_at(p, ':'))
		return parse_set_labels(p, item);
	if (gfs_parser_accept(p, GFS_TOKEN_PLUS_SET))
		item->kind = GFS_SET_MERGE;
	else if (gfs_parser_accept(p, '='))
		item->kind = is_property(item) ? GFS_SET_PROPERTY : GFS_SET_REPLACE;
	else
		return gfs_parser_unexpected(p, is_property(item) ? "'='" : "'=', '+=' or ':'");
	item->value = gfs_parser_expr(p);
	return item->value == NULL ? p->error->err : 0;
}

static int parse_remove_item(struct gfs_parser *p, struct gfs_ast_set_item *item)
{
	int err = parse_target(p, item);
	if (err != 0)
		return err;
	if (gfs_parser_at(p, ':'))
		return parse_set_labels(p, item);
	item->kind = GFS_SET_PROPERTY;
	return is_property(item) ? 0 : gfs_parser_unexpected(p, "'.' and a property key, or ':' and a label");
}

static int parse_items(struct gfs_parser *p, int (*one)(struct gfs_parser *p, struct gfs_ast_set_item *item),
	struct gfs_ast_set_item **items, uint32_t *count)
{
	do {
		struct gfs_ast_set_item *item = gfs_parser_push(p, items, count, sizeof *item);
		int err = item == NULL ? p->error->err : one(p, item);
		if (err != 0)
			return err;
	} while (gfs_parser_accept(p, ','));
	return 0;
}

static int parse_set(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	clause->kind = GFS_CLAUSE_SET;
	gfs_parser_advance(p);
	return parse_items(p, parse_set_item, &clause->set.items, &clause->set.count);
}

static int parse_remove(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	clause->kind = GFS_CLAUSE_REMOVE;
	gfs_parser_advance(p);
	return parse_items(p, parse_remove_item, &clause->set.items, &clause->set.count);
}

/* ---- MERGE ---- */

static int parse_merge_action(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	bool create = gfs_parser_accept_word(p, GFS_WORD_CREATE);
	int err = create ? 0 : gfs_parser_expect_word(p, GFS_WORD_MATCH, "CREATE or MATCH after ON");
	if (err == 0)
		err = gfs_parser_expect_word(p, GFS_WORD_SET, "SET");
	if (err != 0)
		return err;
	if (create)
		return parse_items(p, parse_set_item, &clause->merge.on_create, &clause->merge.on_create_count);
	return parse_items(p, parse_set_item, &clause->merge.on_match, &clause->merge.on_match_count);
}

static int parse_merge(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	clause->kind = GFS_CLAUSE_MERGE;
	gfs_parser_advance(p);
	struct gfs_ast_pattern *pattern = &clause->merge.pattern;
	struct gfs_ast_part *part = gfs_parser_push(p, &pattern->parts, &pattern->count, sizeof *part);
	int err = part == NULL ? p->error->err : gfs_parser_part(p, part);
	while (err == 0 && gfs_parser_accept_word(p, GFS_WORD_ON))
		err = parse_merge_action(p, clause);
	return err;
}

/* ---- DELETE, FOREACH ---- */

static int parse_delete(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	clause->kind = GFS_CLAUSE_DELETE;
	clause->del.detach = gfs_parser_accept_word(p, GFS_WORD_DETACH);
	if (!clause->del.detach)
		(void)gfs_parser_accept_word(p, GFS_WORD_NODETACH); /* is what it is without */
	int err = gfs_parser_expect_word(p, GFS_WORD_DELETE, "DELETE");
	if (err != 0)
		return err;
	do {
		struct gfs_ast_expr *expr = gfs_parser_expr(p);
		struct gfs_ast_expr **slot = expr == NULL
			? NULL
			: gfs_parser_push(p, &clause->del.exprs, &clause->del.count, sizeof *slot);
		if (slot == NULL)
			return p->error->err;
		*slot = expr;
	} while (gfs_parser_accept(p, ','));
	return 0;
}

static int parse_foreach_head(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	gfs_parser_advance(p);
	int err = gfs_parser_expect(p, '(', "'(' after FOREACH");
	if (err == 0)
		err = gfs_parser_name(p, "a variable", &clause->foreach.variable);
	if (err == 0)
		err = gfs_parser_expect_word(p, GFS_WORD_IN, "IN");
	if (err != 0)
		return err;
	p->no_bar = true;
	clause->foreach.list = gfs_parser_expr(p);
	p->no_bar = false;
	if (clause->foreach.list == NULL)
		return p->error->err;
	return gfs_parser_expect(p, '|', "an operator or '|'");
}

static int parse_foreach(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	clause->kind = GFS_CLAUSE_FOREACH;
	int err = gfs_parser_enter(p);
	if (err == 0)
		err = parse_foreach_head(p, clause);
	while (err == 0 && gfs_parser_at_clause(p)) {
		struct gfs_ast_clause *inner = gfs_parser_push(
			p, &clause->foreach.clauses, &clause->foreach.count, sizeof *inner);
		err = inner == NULL ? p->error->err : gfs_parser_clause(p, inner);
	}
	if (err != 0)
		return err;
	gfs_parser_leave(p);
	if (clause->foreach.count == 0)
		return gfs_parser_unexpected(p, "a clause that writes");
	return gfs_parser_expect(p, ')', "a clause that writes, or ')'");
}

int gfs_parser_update(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	switch (p->token.keyword) {
	case GFS_WORD_CREATE:
		return parse_create(p, clause);
	case GFS_WORD_MERGE:
		return parse_merge(p, clause);
	case GFS_WORD_SET:
		return parse_set(p, clause);
	case GFS_WORD_REMOVE:
		return parse_remove(p, clause);
	case GFS_WORD_FOREACH:
		return parse_foreach(p, clause);
	default:
		return parse_delete(p, clause);
	}
}
