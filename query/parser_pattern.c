/* Patterns: (a:A {k: 1})-[r:T*1..3]->(b), -[:T]->{1,3}, shortestPath(...), ANY SHORTEST, and labels. */
#include "query/parser.h"

/* ---- is it a pattern? ---- */

struct ahead {
	struct gfs_lexer lexer;
	struct gfs_token token;
};

static void ahead_next(struct ahead *a)
{
	a->token = gfs_lexer_next(&a->lexer);
}

static bool ahead_name(const struct ahead *a)
{
	return a->token.kind == GFS_TOKEN_NAME || a->token.kind == GFS_TOKEN_QUOTED;
}

static bool is_dash(int kind)
{
	return kind == '-' || kind == GFS_TOKEN_DASH;
}

static bool is_left(int kind)
{
	return kind == '<' || kind == GFS_TOKEN_LEFT;
}

static bool is_right(int kind)
{
	return kind == '>' || kind == GFS_TOKEN_RIGHT;
}

/* What may follow the variable of a node or relationship. */
static bool begins_detail(const struct gfs_token *token)
{
	return token->kind == ':' || token->kind == '{' || token->kind == '$' || token->keyword == GFS_WORD_WHERE;
}

/* Past the bracket that closes the one before. */
static bool skip_brackets(struct ahead *a)
{
	for (size_t open = 1; a->token.kind != GFS_TOKEN_END; ahead_next(a)) {
		int kind = a->token.kind;
		if (kind == '(' || kind == '[' || kind == '{')
			open++;
		else if ((kind == ')' || kind == ']' || kind == '}') && --open == 0) {
			ahead_next(a);
			return true;
		}
	}
	return false;
}

static bool skip_node(struct ahead *a)
{
	if (ahead_name(a) && a->token.keyword != GFS_WORD_WHERE)
		ahead_next(a);
	if (a->token.kind != ')' && !begins_detail(&a->token))
		return false;
	return skip_brackets(a);
}

static bool skip_rel_detail(struct ahead *a)
{
	if (ahead_name(a) && a->token.keyword != GFS_WORD_WHERE)
		ahead_next(a);
	if (a->token.kind != ']' && a->token.kind != '*' && !begins_detail(&a->token))
		return false;
	return skip_brackets(a);
}

static bool skip_rel(struct ahead *a)
{
	if (is_left(a->token.kind))
		ahead_next(a);
	if (!is_dash(a->token.kind))
		return false;
	ahead_next(a);
	if (a->token.kind == '[') {
		ahead_next(a);
		if (!skip_rel_detail(a))
			return false;
	}
	if (!is_dash(a->token.kind))
		return false;
	ahead_next(a);
	if (is_right(a->token.kind))
		ahead_next(a);
	int kind = a->token.kind;
	if (kind != '+' && kind != '*' && kind != '{')
		return true;
	ahead_next(a);
	return kind != '{' || skip_brackets(a);
}

bool gfs_parser_pattern_ahead(const struct gfs_parser *p)
{
	struct ahead a = { .lexer = p->lexer, .token = p->next };
	return skip_node(&a) && skip_rel(&a) && a.token.kind == '(';
}

/* ---- labels ---- */

static struct gfs_ast_label_expr *parse_label_or(struct gfs_parser *p, bool bar);

static struct gfs_ast_label_expr *new_label(struct gfs_parser *p, int kind)
{
	struct gfs_ast_label_expr *label = gfs_parser_alloc(p, sizeof *label);
	if (label == NULL)
		return NULL;
	label->kind = kind;
	label->pos = p->token.pos;
	return label;
}

static struct gfs_ast_label_expr *parse_label_group(struct gfs_parser *p)
{
	gfs_parser_advance(p);
	struct gfs_ast_label_expr *label = parse_label_or(p, true);
	return label != NULL && gfs_parser_expect(p, ')', "')' after the labels") == 0 ? label : NULL;
}

static struct gfs_ast_label_expr *parse_label(struct gfs_parser *p)
{
	if (gfs_parser_enter(p) != 0)
		return NULL;
	struct gfs_ast_label_expr *label;
	if (gfs_parser_at(p, '(')) {
		label = parse_label_group(p);
	} else if (gfs_parser_at(p, '!')) {
		label = new_label(p, GFS_LABEL_NOT);
		gfs_parser_advance(p);
		if (label != NULL)
			label->left = parse_label(p);
		label = label != NULL && label->left != NULL ? label : NULL;
	} else if (gfs_parser_at(p, '%')) {
		label = new_label(p, GFS_LABEL_ANY);
		gfs_parser_advance(p);
	} else {
		label = new_label(p, GFS_LABEL_NAME);
		if (label != NULL && gfs_parser_name(p, "a name after ':'", &label->name) != 0)
			label = NULL;
	}
	gfs_parser_leave(p);
	return label;
}

static struct gfs_ast_label_expr *join_labels(
	struct gfs_parser *p, int kind, struct gfs_ast_label_expr *left, struct gfs_ast_label_expr *right)
{
	struct gfs_ast_label_expr *label = right == NULL ? NULL : new_label(p, kind);
	if (label == NULL)
		return NULL;
	label->pos = left->pos;
	label->left = left;
	label->right = right;
	return label;
}

/* & and | are associative: the tree leans to the right, and each level counts as nested. */
static struct gfs_ast_label_expr *parse_label_and(struct gfs_parser *p)
{
	struct gfs_ast_label_expr *left = parse_label(p);
	if (left == NULL || (!gfs_parser_at(p, '&') && !gfs_parser_at(p, ':')))
		return left;
	if (gfs_parser_enter(p) != 0)
		return NULL;
	gfs_parser_advance(p);
	left = join_labels(p, GFS_LABEL_AND, left, parse_label_and(p));
	gfs_parser_leave(p);
	return left;
}

static struct gfs_ast_label_expr *parse_label_or(struct gfs_parser *p, bool bar)
{
	struct gfs_ast_label_expr *left = parse_label_and(p);
	if (left == NULL || !bar || !gfs_parser_at(p, '|'))
		return left;
	if (gfs_parser_enter(p) != 0)
		return NULL;
	gfs_parser_advance(p);
	(void)gfs_parser_accept(p, ':'); /* :A|:B is the old way */
	left = join_labels(p, GFS_LABEL_OR, left, parse_label_or(p, bar));
	gfs_parser_leave(p);
	return left;
}

struct gfs_ast_label_expr *gfs_parser_labels(struct gfs_parser *p, bool bar)
{
	return gfs_parser_expect(p, ':', "':'") == 0 ? parse_label_or(p, bar) : NULL;
}

/* ---- nodes and relationships ---- */

static int parse_pattern_variable(struct gfs_parser *p, struct gfs_slice *ret_name)
{
	if (!gfs_parser_at_name(p) || gfs_parser_at_word(p, GFS_WORD_WHERE))
		return 0;
	return gfs_parser_name(p, "a variable", ret_name);
}

static int parse_properties(struct gfs_parser *p, struct gfs_ast_expr **ret_expr)
{
	if (!gfs_parser_at(p, '{') && !gfs_parser_at(p, '$'))
		return 0;
	*ret_expr = gfs_parser_at(p, '{') ? gfs_parser_map(p) : gfs_parser_parameter(p);
	return *ret_expr == NULL ? p->error->err : 0;
}

static int parse_inner_where(struct gfs_parser *p, struct gfs_ast_expr **ret_expr)
{
	if (!gfs_parser_accept_word(p, GFS_WORD_WHERE))
		return 0;
	*ret_expr = gfs_parser_expr(p);
	return *ret_expr == NULL ? p->error->err : 0;
}

static int parse_optional_labels(struct gfs_parser *p, struct gfs_ast_label_expr **ret_labels)
{
	if (!gfs_parser_at(p, ':'))
		return 0;
	*ret_labels = gfs_parser_labels(p, true);
	return *ret_labels == NULL ? p->error->err : 0;
}

static int parse_node(struct gfs_parser *p, struct gfs_ast_node *node)
{
	node->pos = p->token.pos;
	int err = gfs_parser_expect(p, '(', "'(' and a node");
	if (err == 0)
		err = parse_pattern_variable(p, &node->variable);
	if (err == 0)
		err = parse_optional_labels(p, &node->labels);
	if (err == 0)
		err = parse_properties(p, &node->properties);
	if (err == 0)
		err = parse_inner_where(p, &node->where);
	return err != 0 ? err : gfs_parser_expect(p, ')', "')' after the node");
}

static int parse_hops(struct gfs_parser *p, bool *ret_given, uint64_t *ret_hops)
{
	if (!gfs_parser_at(p, GFS_TOKEN_NUMBER))
		return 0;
	struct gfs_datum value;
	int err = gfs_number_value(gfs_token_text(&p->lexer, &p->token), false, &p->token.pos, &value, p->error);
	if (err != 0)
		return err;
	if (value.type != GFS_DATUM_INTEGER)
		return gfs_parser_unexpected_detail(p, "InvalidRelationshipPattern", "a whole number of relationships");
	gfs_parser_advance(p);
	*ret_given = true;
	*ret_hops = (uint64_t)value.integer;
	return 0;
}

/* * *2 *1..3 *..3 *1.. */
static int parse_range(struct gfs_parser *p, struct gfs_ast_rel *rel)
{
	if (!gfs_parser_accept(p, '*'))
		return 0;
	rel->variable_length = true;
	int err = parse_hops(p, &rel->has_min, &rel->min);
	if (err != 0)
		return err;
	if (gfs_parser_accept(p, GFS_TOKEN_DOTS))
		return parse_hops(p, &rel->has_max, &rel->max);
	rel->has_max = rel->has_min;
	rel->max = rel->min;
	return 0;
}

static int parse_rel_detail(struct gfs_parser *p, struct gfs_ast_rel *rel)
{
	int err = parse_pattern_variable(p, &rel->variable);
	if (err == 0)
		err = parse_optional_labels(p, &rel->types);
	if (err == 0)
		err = parse_range(p, rel);
	if (err == 0)
		err = parse_properties(p, &rel->properties);
	if (err == 0)
		err = parse_inner_where(p, &rel->where);
	if (err != 0 || gfs_parser_accept(p, ']'))
		return err;
	return gfs_parser_unexpected_detail(p, "InvalidRelationshipPattern", "']' after the relationship");
}

static int expect_dash(struct gfs_parser *p)
{
	if (!is_dash(p->token.kind))
		return gfs_parser_unexpected(p, "'-' of a relationship");
	gfs_parser_advance(p);
	return 0;
}

static int bad_quantifier(struct gfs_parser *p, const struct gfs_query_pos *pos, const char *why)
{
	return gfs_query_fail(
		p->error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, "InvalidRelationshipPattern", pos, "%s", why);
}

/* At what follows '{': 2}, 1,3}, ,3} or 2,} */
static int parse_counts(struct gfs_parser *p, struct gfs_ast_rel *rel)
{
	int err = parse_hops(p, &rel->has_min, &rel->min);
	if (err != 0)
		return err;
	if (gfs_parser_accept(p, ',')) {
		err = parse_hops(p, &rel->has_max, &rel->max);
	} else if (rel->has_min) {
		rel->has_max = true;
		rel->max = rel->min;
	} else {
		err = gfs_parser_unexpected(p, "a number of relationships or ','");
	}
	return err != 0 ? err : gfs_parser_expect(p, '}', "',' or '}' of the quantifier");
}

/* Behind a relationship: {2}, {1,3}, {,3}, {2,}, + or * */
static int parse_quantifier(struct gfs_parser *p, struct gfs_ast_rel *rel)
{
	struct gfs_query_pos pos = p->token.pos;
	bool counts = gfs_parser_at(p, '{');
	if (!counts && !gfs_parser_at(p, '+') && !gfs_parser_at(p, '*'))
		return 0;
	if (rel->variable_length)
		return bad_quantifier(p, &pos, "a relationship with * in its brackets takes no quantifier");
	rel->variable_length = rel->quantified = true;
	rel->min = gfs_parser_at(p, '+') ? 1 : 0;
	gfs_parser_advance(p);
	int err = counts ? parse_counts(p, rel) : 0;
	rel->has_min = true;
	if (err != 0 || !rel->has_max)
		return err;
	if (rel->max == 0)
		return bad_quantifier(p, &pos, "the most that a quantifier takes is 1 or more");
	return rel->max < rel->min ? bad_quantifier(p, &pos, "the most that a quantifier takes is not below the least") : 0;
}

static int parse_rel(struct gfs_parser *p, struct gfs_ast_rel *rel)
{
	rel->pos = p->token.pos;
	bool left = is_left(p->token.kind);
	if (left)
		gfs_parser_advance(p);
	int err = expect_dash(p);
	if (err == 0 && gfs_parser_accept(p, '['))
		err = parse_rel_detail(p, rel);
	if (err == 0)
		err = expect_dash(p);
	if (err != 0)
		return err;
	bool right = is_right(p->token.kind);
	if (right)
		gfs_parser_advance(p);
	rel->direction = left == right ? GFS_AST_BOTH : left ? GFS_AST_IN : GFS_AST_OUT;
	return parse_quantifier(p, rel);
}

/* ---- parts ---- */

static int parse_chain(struct gfs_parser *p, struct gfs_ast_part *part)
{
	uint32_t node_count = 0;
	struct gfs_ast_node *node = gfs_parser_push(p, &part->nodes, &node_count, sizeof *node);
	int err = node == NULL ? p->error->err : parse_node(p, node);
	while (err == 0 && (is_dash(p->token.kind) || is_left(p->token.kind))) {
		struct gfs_ast_rel *rel = gfs_parser_push(p, &part->rels, &part->rel_count, sizeof *rel);
		err = rel == NULL ? p->error->err : parse_rel(p, rel);
		if (err != 0)
			return err;
		node = gfs_parser_push(p, &part->nodes, &node_count, sizeof *node);
		err = node == NULL ? p->error->err : parse_node(p, node);
	}
	return err;
}

/* Around a chain may be parentheses, which mean nothing. */
static int parse_element(struct gfs_parser *p, struct gfs_ast_part *part)
{
	if (p->next.kind != '(' || !gfs_parser_at(p, '('))
		return parse_chain(p, part);
	int err = gfs_parser_enter(p);
	if (err != 0)
		return err;
	gfs_parser_advance(p);
	err = parse_element(p, part);
	gfs_parser_leave(p);
	return err != 0 ? err : gfs_parser_expect(p, ')', "')' after the pattern");
}

static enum gfs_ast_shortest shortest_of(const struct gfs_parser *p)
{
	if (p->next.kind != '(')
		return GFS_AST_NOT_SHORTEST;
	if (gfs_parser_at_word(p, GFS_WORD_SHORTESTPATH))
		return GFS_AST_SHORTEST;
	return gfs_parser_at_word(p, GFS_WORD_ALLSHORTESTPATHS) ? GFS_AST_ALL_SHORTEST : GFS_AST_NOT_SHORTEST;
}

static void accept_paths(struct gfs_parser *p)
{
	if (!gfs_parser_accept_word(p, GFS_WORD_PATH))
		(void)gfs_parser_accept_word(p, GFS_WORD_PATHS); /* says nothing more */
}

/* k of SHORTEST k and ANY k: there is one. */
static int parse_one(struct gfs_parser *p)
{
	struct gfs_query_pos pos = p->token.pos;
	bool given = false;
	uint64_t count = 1;
	int err = parse_hops(p, &given, &count);
	if (err == 0 && count != 1)
		err = bad_quantifier(p, &pos, "of the shortest paths between two nodes there may be asked for 1, or for all");
	return err;
}

/* SHORTEST [1] [PATHS] [GROUP]: with GROUP all that are as short as the shortest. */
static int parse_shortest_selector(struct gfs_parser *p, struct gfs_ast_part *part)
{
	gfs_parser_advance(p);
	part->shortest = GFS_AST_SHORTEST;
	int err = parse_one(p);
	accept_paths(p);
	if (gfs_parser_accept_word(p, GFS_WORD_GROUP) || gfs_parser_accept_word(p, GFS_WORD_GROUPS))
		part->shortest = GFS_AST_ALL_SHORTEST;
	return err;
}

/* Which of the paths between two nodes: ALL [PATHS] (as without), ALL SHORTEST, ANY [SHORTEST], SHORTEST 1, SHORTEST 1 GROUP. */
static int parse_selector(struct gfs_parser *p, struct gfs_ast_part *part)
{
	int err = 0;
	if (gfs_parser_at_word(p, GFS_WORD_SHORTEST)) {
		err = parse_shortest_selector(p, part);
	} else if (gfs_parser_accept_word(p, GFS_WORD_ANY)) {
		part->shortest = GFS_AST_SHORTEST;
		if (!gfs_parser_accept_word(p, GFS_WORD_SHORTEST))
			err = parse_one(p);
		accept_paths(p);
	} else if (gfs_parser_accept_word(p, GFS_WORD_ALL)) {
		if (gfs_parser_accept_word(p, GFS_WORD_SHORTEST))
			part->shortest = GFS_AST_ALL_SHORTEST;
		accept_paths(p);
	}
	part->selected = part->shortest != GFS_AST_NOT_SHORTEST;
	return err;
}

int gfs_parser_part(struct gfs_parser *p, struct gfs_ast_part *part)
{
	part->pos = p->token.pos;
	if (gfs_parser_at_name(p) && p->next.kind == '=') {
		int err = gfs_parser_name(p, "a variable", &part->variable);
		if (err != 0)
			return err;
		gfs_parser_advance(p);
	}
	part->shortest = shortest_of(p);
	if (part->shortest == GFS_AST_NOT_SHORTEST) {
		int err = parse_selector(p, part);
		return err != 0 ? err : parse_element(p, part);
	}
	gfs_parser_advance(p);
	gfs_parser_advance(p);
	int err = parse_element(p, part);
	return err != 0 ? err : gfs_parser_expect(p, ')', "')' after the pattern");
}

int gfs_parser_pattern(struct gfs_parser *p, struct gfs_ast_pattern *pattern)
{
	do {
		struct gfs_ast_part *part = gfs_parser_push(p, &pattern->parts, &pattern->count, sizeof *part);
		int err = part == NULL ? p->error->err : gfs_parser_part(p, part);
		if (err != 0)
			return err;
	} while (gfs_parser_accept(p, ','));
	return 0;
}
