/* CREATE and DROP INDEX and CONSTRAINT, in the way of Neo4j 5 and the old one; TERMINATE. SHOW: parser_show.c. */
#include "query/parser.h"

/* Kinds of index: there is one, and all of them give it. */
static bool at_index_kind(enum gfs_keyword word)
{
	return word == GFS_WORD_RANGE || word == GFS_WORD_BTREE || word == GFS_WORD_TEXT || word == GFS_WORD_POINT ||
		word == GFS_WORD_LOOKUP || word == GFS_WORD_FULLTEXT;
}

static bool at_schema_word(enum gfs_keyword word)
{
	return word == GFS_WORD_INDEX || word == GFS_WORD_INDEXES || word == GFS_WORD_CONSTRAINT ||
		word == GFS_WORD_CONSTRAINTS || at_index_kind(word);
}

/* ---- what a schema rule is about ---- */

/* n.key */
static int parse_key(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	struct gfs_slice variable;
	int err = gfs_parser_name(p, "a variable", &variable);
	if (err == 0)
		err = gfs_parser_expect(p, '.', "'.' and a property key");
	struct gfs_slice *key = err == 0 ? gfs_parser_push(p, &schema->keys, &schema->key_count, sizeof *key) : NULL;
	return key == NULL ? p->error->err : gfs_parser_name(p, "a property key", key);
}

/* n.key or (n.key, ...) */
static int parse_keys(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	if (!gfs_parser_accept(p, '('))
		return parse_key(p, schema);
	int err;
	do {
		err = parse_key(p, schema);
	} while (err == 0 && gfs_parser_accept(p, ','));
	return err != 0 ? err : gfs_parser_expect(p, ')', "',' or ')'");
}

static int parse_variable_label(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	struct gfs_slice variable;
	if (gfs_parser_at_name(p)) {
		int err = gfs_parser_name(p, "a variable", &variable);
		if (err != 0)
			return err;
	}
	int err = gfs_parser_expect(p, ':', "':' and a label");
	return err != 0 ? err : gfs_parser_name(p, "a label", &schema->label);
}

/* Behind "()": -[r:T]-(), with arrows or without. */
static int parse_rel_entity(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	schema->on_relationships = true;
	(void)gfs_parser_accept(p, '<'); /* the direction means nothing */
	int err = gfs_parser_expect(p, '-', "'-' of a relationship");
	if (err == 0)
		err = gfs_parser_expect(p, '[', "'['");
	if (err == 0)
		err = parse_variable_label(p, schema);
	if (err == 0)
		err = gfs_parser_expect(p, ']', "']'");
	if (err == 0)
		err = gfs_parser_expect(p, '-', "'-' of a relationship");
	(void)gfs_parser_accept(p, '>'); /* nor here */
	if (err == 0)
		err = gfs_parser_expect(p, '(', "'('");
	return err != 0 ? err : gfs_parser_expect(p, ')', "')'");
}

/* (n:Label) or ()-[r:TYPE]-() */
static int parse_entity(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	int err = gfs_parser_expect(p, '(', "'(' and what it is about");
	if (err == 0 && gfs_parser_accept(p, ')'))
		return parse_rel_entity(p, schema);
	if (err == 0)
		err = parse_variable_label(p, schema);
	return err != 0 ? err : gfs_parser_expect(p, ')', "')'");
}

static int parse_if(struct gfs_parser *p, bool not, bool *ret_given)
{
	if (!gfs_parser_accept_word(p, GFS_WORD_IF))
		return 0;
	*ret_given = true;
	int err = not ? gfs_parser_expect_word(p, GFS_WORD_NOT, "NOT EXISTS") : 0;
	return err != 0 ? err : gfs_parser_expect_word(p, GFS_WORD_EXISTS, "EXISTS");
}

static int parse_rule_name(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	enum gfs_keyword word = p->token.keyword;
	if (!gfs_parser_at_name(p) || word == GFS_WORD_IF || word == GFS_WORD_FOR || word == GFS_WORD_ON)
		return 0;
	return gfs_parser_name(p, "a name", &schema->name);
}

/* OPTIONS { ... }: taken and left aside. */
static int parse_options(struct gfs_parser *p)
{
	if (!gfs_parser_accept_word(p, GFS_WORD_OPTIONS))
		return 0;
	if (gfs_parser_at(p, '{'))
		return gfs_parser_map(p) == NULL ? p->error->err : 0;
	return gfs_parser_unexpected(p, "a map");
}

/* ---- indexes ---- */

/* :Label(key, ...), the old way */
static int parse_old_index(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	int err = gfs_parser_expect(p, ':', "':' and a label");
	if (err == 0)
		err = gfs_parser_name(p, "a label", &schema->label);
	if (err == 0)
		err = gfs_parser_expect(p, '(', "'(' and property keys");
	do {
		struct gfs_slice *key = err == 0 ? gfs_parser_push(p, &schema->keys, &schema->key_count, sizeof *key) : NULL;
		if (key == NULL)
			return p->error->err;
		err = gfs_parser_name(p, "a property key", key);
	} while (err == 0 && gfs_parser_accept(p, ','));
	return err != 0 ? err : gfs_parser_expect(p, ')', "',' or ')'");
}

static int parse_create_index(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	schema->kind = GFS_SCHEMA_CREATE_INDEX;
	int err = parse_rule_name(p, schema);
	if (err == 0)
		err = parse_if(p, true, &schema->if_not_exists);
	if (err == 0 && gfs_parser_at_word(p, GFS_WORD_ON) && p->next.kind == ':') {
		gfs_parser_advance(p);
		return parse_old_index(p, schema);
	}
	if (err == 0)
		err = gfs_parser_expect_word(p, GFS_WORD_FOR, "FOR");
	if (err == 0)
		err = parse_entity(p, schema);
	if (err == 0)
		err = gfs_parser_expect_word(p, GFS_WORD_ON, "ON");
	if (err != 0)
		return err;
	(void)gfs_parser_accept_word(p, GFS_WORD_EACH); /* may be there or not */
	err = gfs_parser_at(p, '(') ? parse_keys(p, schema) : gfs_parser_unexpected(p, "'(' and property keys");
	return err != 0 ? err : parse_options(p);
}

static int parse_drop_index(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	schema->kind = GFS_SCHEMA_DROP_INDEX;
	if (gfs_parser_at_word(p, GFS_WORD_ON) && p->next.kind == ':') {
		gfs_parser_advance(p);
		return parse_old_index(p, schema);
	}
	int err = gfs_parser_name(p, "the name of an index, or ON", &schema->name);
	return err != 0 ? err : parse_if(p, false, &schema->if_exists);
}

/* ---- constraints ---- */

/* IS UNIQUE, IS NOT NULL, IS [NODE | RELATIONSHIP] KEY */
static int parse_requirement(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	int err = parse_keys(p, schema);
	if (err == 0)
		err = gfs_parser_expect_word(p, GFS_WORD_IS, "IS");
	if (err != 0)
		return err;
	if (gfs_parser_accept_word(p, GFS_WORD_NOT)) {
		schema->exists = true;
		return gfs_parser_expect_word(p, GFS_WORD_NULL, "NULL");
	}
	if (!gfs_parser_accept_word(p, GFS_WORD_NODE) && !gfs_parser_accept_word(p, GFS_WORD_RELATIONSHIP)) {
		schema->unique = gfs_parser_accept_word(p, GFS_WORD_UNIQUE);
		return schema->unique ? 0 : gfs_parser_unexpected(p, "UNIQUE, NOT NULL or NODE KEY");
	}
	schema->unique = true;
	schema->exists = gfs_parser_accept_word(p, GFS_WORD_KEY);
	return schema->exists ? 0 : gfs_parser_expect_word(p, GFS_WORD_UNIQUE, "KEY or UNIQUE");
}

/* exists(n.key), the old way */
static int parse_old_exists(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	gfs_parser_advance(p);
	schema->exists = true;
	return gfs_parser_at(p, '(') ? parse_keys(p, schema) : gfs_parser_unexpected(p, "'('");
}

/* FOR entity REQUIRE ..., or the old ON entity ASSERT ... */
static int parse_constraint_rule(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	bool old = gfs_parser_accept_word(p, GFS_WORD_ON);
	int err = old ? 0 : gfs_parser_expect_word(p, GFS_WORD_FOR, "FOR");
	if (err == 0)
		err = parse_entity(p, schema);
	if (err == 0 && !(old && gfs_parser_accept_word(p, GFS_WORD_ASSERT)))
		err = gfs_parser_expect_word(p, GFS_WORD_REQUIRE, old ? "ASSERT" : "REQUIRE");
	if (err != 0)
		return err;
	if (gfs_parser_at_word(p, GFS_WORD_EXISTS) && p->next.kind == '(')
		return parse_old_exists(p, schema);
	return parse_requirement(p, schema);
}

static int parse_create_constraint(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	schema->kind = GFS_SCHEMA_CREATE_CONSTRAINT;
	int err = parse_rule_name(p, schema);
	if (err == 0)
		err = parse_if(p, true, &schema->if_not_exists);
	if (err == 0)
		err = parse_constraint_rule(p, schema);
	return err != 0 ? err : parse_options(p);
}

static int parse_drop_constraint(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	schema->kind = GFS_SCHEMA_DROP_CONSTRAINT;
	if (gfs_parser_at_word(p, GFS_WORD_ON) && p->next.kind == '(')
		return parse_constraint_rule(p, schema);
	int err = gfs_parser_name(p, "the name of a constraint, or ON", &schema->name);
	return err != 0 ? err : parse_if(p, false, &schema->if_exists);
}

/* ---- commands ---- */

/* At CREATE or DROP with something of the schema behind it. */
static int parse_change(struct gfs_parser *p, struct gfs_ast_schema *schema)
{
	bool drop = gfs_parser_at_word(p, GFS_WORD_DROP);
	gfs_parser_advance(p);
	if (gfs_parser_accept_word(p, GFS_WORD_CONSTRAINT))
		return drop ? parse_drop_constraint(p, schema) : parse_create_constraint(p, schema);
	if (at_index_kind(p->token.keyword))
		gfs_parser_advance(p);
	int err = gfs_parser_expect_word(p, GFS_WORD_INDEX, "INDEX or CONSTRAINT");
	if (err != 0)
		return err;
	return drop ? parse_drop_index(p, schema) : parse_create_index(p, schema);
}

/* TERMINATE QUERY id, ... */
static int parse_terminate(struct gfs_parser *p, struct gfs_ast_statement *statement)
{
	statement->kind = GFS_STATEMENT_TERMINATE;
	gfs_parser_advance(p);
	if (!gfs_parser_accept_word(p, GFS_WORD_QUERY) && !gfs_parser_accept_word(p, GFS_WORD_QUERIES) &&
		!gfs_parser_accept_word(p, GFS_WORD_TRANSACTION) && !gfs_parser_accept_word(p, GFS_WORD_TRANSACTIONS))
		return gfs_parser_unexpected(p, "QUERY or TRANSACTION");
	struct gfs_ast_expr *list = gfs_parser_node(p, GFS_AST_LIST);
	struct gfs_ast_expr *first = list == NULL ? NULL : gfs_parser_expr(p);
	if (first == NULL)
		return p->error->err;
	statement->terminate = first;
	if (!gfs_parser_at(p, ','))
		return 0;
	for (struct gfs_ast_expr *expr = first; expr != NULL;
		 expr = gfs_parser_accept(p, ',') ? gfs_parser_expr(p) : NULL) {
		struct gfs_ast_expr **slot = gfs_parser_push(p, &list->args, &list->arg_count, sizeof *slot);
		if (slot == NULL)
			return p->error->err;
		*slot = expr;
	}
	statement->terminate = list;
	return p->error->kind != GFS_QUERY_OK || gfs_parser_close(p, list) == NULL ? p->error->err : 0;
}

int gfs_parser_command(struct gfs_parser *p, struct gfs_ast_statement *statement, bool *ret_found)
{
	enum gfs_keyword word = p->token.keyword;
	*ret_found = true;
	if (word == GFS_WORD_SHOW)
		return gfs_parser_show(p, statement);
	if (word == GFS_WORD_TERMINATE)
		return parse_terminate(p, statement);
	if (word == GFS_WORD_DROP || (word == GFS_WORD_CREATE && at_schema_word(p->next.keyword))) {
		statement->kind = GFS_STATEMENT_SCHEMA;
		statement->schema = gfs_parser_alloc(p, sizeof *statement->schema);
		return statement->schema == NULL ? p->error->err : parse_change(p, statement->schema);
	}
	*ret_found = false;
	return 0;
}
