/* The parser: what trees it makes of a text, and what it says when there is none. */
#include "base/checked.h"
#include "query/limits.h"
#include "tests/unit/ast_show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct gfs_ast_statement *parse(const char *text, struct gfs_arena *arena)
{
	struct gfs_query_error error = { 0 };
	struct gfs_ast_statement *statement = NULL;
	if (gfs_parse(gfs_slice_text(text), arena, &statement, &error) != 0)
		fail_msg("%s: %s (%u:%u)", text, error.message, error.pos.line, error.pos.column);
	return statement;
}

static struct gfs_ast_clause *only_clause(const char *text, struct gfs_arena *arena)
{
	struct gfs_ast_statement *statement = parse(text, arena);
	assert_int_equal(statement->kind, GFS_STATEMENT_QUERY);
	assert_int_equal(statement->query->count, 1);
	assert_int_equal(statement->query->parts[0].count, 1);
	return &statement->query->parts[0].clauses[0];
}

static void assert_text(struct gfs_buf *out, const char *wanted, const char *of)
{
	gfs_buf_append_u8(out, '\0');
	assert_int_equal(gfs_buf_failed(out), 0);
	if (strcmp((const char *)out->data, wanted) != 0)
		fail_msg("%s became %s, not %s", of, (const char *)out->data, wanted);
}

/* ---- expressions ---- */

static void assert_expr(const char *text, const char *wanted)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_BUF whole = GFS_BUF_INIT, out = GFS_BUF_INIT;
	gfs_buf_printf(&whole, "RETURN %s", text);
	gfs_buf_append_u8(&whole, '\0');
	const struct gfs_ast_clause *clause = only_clause((const char *)whole.data, &arena);
	assert_int_equal(clause->kind, GFS_CLAUSE_RETURN);
	assert_int_equal(clause->project.count, 1);
	const struct gfs_ast_expr *expr = clause->project.items[0].expr;
	show_expr(expr, &out);
	assert_text(&out, wanted, text);
	/* The text is the source. */
	assert_int_equal(expr->text.size, strlen(text));
	assert_memory_equal(expr->text.data, text, strlen(text));
}

static void test_literals(void **state)
{
	(void)state;
	assert_expr("0", "0");
	assert_expr("9223372036854775807", "9223372036854775807");
	assert_expr("-9223372036854775808", "-9223372036854775808");
	assert_expr("- 9223372036854775808", "-9223372036854775808");
	assert_expr("0x1Af", "431");
	assert_expr("-0x8000000000000000", "-9223372036854775808");
	assert_expr("0o17", "15");
	assert_expr("-0o1000000000000000000000", "-9223372036854775808");
	assert_expr("1_000", "1000");
	assert_expr("1.5", "1.5f");
	assert_expr(".5e2", "50f");
	assert_expr("1e3", "1000f");
	assert_expr("2E-2", "0.02f");
	assert_expr("true", "true");
	assert_expr("NULL", "null");
	assert_expr("'it\\'s'", "'it's'");
	assert_expr("\"a\\tb\"", "'a\tb'");
	assert_expr("'\\u0041\\U0001F600'", "'A\xF0\x9F\x98\x80'");
	assert_expr("'\\uD83D\\uDE00'", "'\xF0\x9F\x98\x80'");
	assert_expr("[1, 'a', []]", "(list 1 'a' (list))");
	assert_expr("{a: 1, `b c`: {}, match: 2, ``: 3}", "(map a:1 b c:(map) match:2 :3)");
}

static void test_precedence(void **state)
{
	(void)state;
	assert_expr("1 + 2 * 3", "(+ 1 (* 2 3))");
	assert_expr("1 - 2 - 3", "(- (- 1 2) 3)");
	assert_expr("(1 - 2) - 3", "(- (- 1 2) 3)");
	assert_expr("1 - (2 - 3)", "(- 1 (- 2 3))");
	assert_expr("2 ^ 3 ^ 2", "(^ (^ 2 3) 2)");
	assert_expr("-2 ^ 2", "(^ -2 2)");
	assert_expr("-a.b", "(neg (. a b))");
	assert_expr("a OR b AND c XOR NOT d", "(or a (xor (and b c) (not d)))");
	assert_expr("NOT a = b", "(not (cmp a = b))");
	assert_expr("a < b <= c", "(cmp a < b <= c)");
	assert_expr("a <> b + 1 IN c", "(cmp a <> (in (+ b 1) c))");
	assert_expr("a STARTS WITH b AND c ENDS WITH d", "(and (starts a b) (ends c d))");
	assert_expr("a CONTAINS b IS NULL", "(null? (contains a b))");
	assert_expr("a =~ b IS NOT NULL", "(some? (=~ a b))");
	assert_expr("a<-1", "(cmp a < -1)");
	assert_expr("a OR b OR c OR d", "(or (or a b) (or c d))");
	assert_expr("$p + $`q r` + $0", "(+ (+ $p $q r) $0)");
}

static void test_postfix(void **state)
{
	(void)state;
	assert_expr("a.b.c[0][1..2]", "(slice (index (. (. a b) c) 0) 1 2)");
	assert_expr("a[..2]", "(slice a _ 2)");
	assert_expr("a[1..]", "(slice a 1 _)");
	assert_expr("a[..]", "(slice a _ _)");
	assert_expr("a:B:C", "(: a (B&C))");
	assert_expr("a:B|!C&%", "(: a (B|(!C&%)))");
	assert_expr("a:(B|C)&D", "(: a ((B|C)&D))");
	assert_expr("n {.a, .*, b: 1, c}", "(project n .a .* b:1 c)");
	assert_expr("n.end", "(. n end)");
}

static void test_calls(void **state)
{
	(void)state;
	assert_expr("count(*)", "(count*)");
	assert_expr("count(DISTINCT a)", "(count distinct a)");
	assert_expr("duration.between(a, b)", "(duration.between a b)");
	assert_expr("count", "count");
	assert_expr("rand()", "(rand)");
	assert_expr("CASE a WHEN 1 THEN 'x' ELSE 2 END", "(case a 1 'x' 2)");
	assert_expr("CASE WHEN a THEN b WHEN c THEN d END", "(case _ a b c d _)");
	assert_expr("all(x IN a WHERE x > 1)", "(all x a (cmp x > 1))");
	assert_expr("single(x IN a)", "(single x a _)");
	assert_expr("reduce(s = 0, x IN a | s + x)", "(reduce s x 0 a (+ s x))");
	assert_expr("filter(x IN a WHERE x)", "(for x a x _)");
}

static void test_comprehensions(void **state)
{
	(void)state;
	assert_expr("[x IN a]", "(for x a _ _)");
	assert_expr("[x IN a WHERE x:B | x.c]", "(for x a (: x B) (. x c))");
	assert_expr("[x IN a, b]", "(list (in x a) b)");
	assert_expr("[x IN a AND b OR c, d]", "(list (or (and (in x a) b) c) d)");
	assert_expr("[x IN a = b, d]", "(list (cmp (in x a) = b) d)");
	assert_expr("[(a)-->(b) | b]", "(match (a)-[]->(b) _ b)");
	assert_expr("[p = (a)-[r]-(b) WHERE a.x | p]", "(match p=(a)-[r]-(b) (. a x) p)");
	assert_expr("[(a)-->(b)]", "(list (pattern (a)-[]->(b)))");
	assert_expr("[(a) - 1]", "(list (- a 1))");
}

static void test_patterns_in_expressions(void **state)
{
	(void)state;
	assert_expr("(a)-[:T]->(b)", "(pattern (a)-[:T]->(b))");
	assert_expr("(a)--(b)", "(pattern (a)-[]-(b))");
	assert_expr("(a)<--()", "(pattern (a)<-[]-())");
	assert_expr("(a) - (b)", "(- a b)");
	assert_expr("(a) < (b)", "(cmp a < b)");
	assert_expr("(a)-[1]", "(- a (list 1))");
	assert_expr("shortestPath((a)-[*]->(b))", "(pattern shortest (a)-[*..]->(b))");
	assert_expr("length(allShortestPaths((a)-[*..5]-(b)))", "(length (pattern shortests (a)-[*..5]-(b)))");
	assert_expr("EXISTS { (a)-->() }", "(exists{})");
	assert_expr("COUNT { MATCH (a) RETURN a }", "(count{})");
	assert_expr("exists((a)-->())", "(exists (pattern (a)-[]->()))");
}

/* ---- patterns ---- */

static void assert_pattern(const char *text, const char *wanted)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_BUF whole = GFS_BUF_INIT, out = GFS_BUF_INIT;
	gfs_buf_printf(&whole, "MATCH %s", text);
	gfs_buf_append_u8(&whole, '\0');
	const struct gfs_ast_clause *clause = only_clause((const char *)whole.data, &arena);
	assert_int_equal(clause->kind, GFS_CLAUSE_MATCH);
	show_pattern(&clause->match.pattern, &out);
	assert_text(&out, wanted, text);
}

static void test_patterns(void **state)
{
	(void)state;
	assert_pattern("()", "()");
	assert_pattern("(a:A:B {k: 1})", "(a:(A&B)(map k:1))");
	assert_pattern("(:A|B WHERE a.x)", "(:(A|B)?(. a x))");
	assert_pattern("(a $p)", "(a$p)");
	assert_pattern("(a)-[r:T|:U|V {k: 2}]->(b)", "(a)-[r:(T|(U|V))(map k:2)]->(b)");
	assert_pattern("(a)<-[*2]-(b)", "(a)<-[*2..2]-(b)");
	assert_pattern(
		"()-[*]-()-[r*1..3]->()-[:T*..4]->()-[*5..]->()", "()-[*..]-()-[r*1..3]->()-[:T*..4]->()-[*5..]->()");
	assert_pattern("(a)<-->(b)", "(a)-[]-(b)");
	assert_pattern("p = (a)-->(b), (c)", "p=(a)-[]->(b), (c)");
	assert_pattern("p = ((a)-->(b))", "p=(a)-[]->(b)");
	assert_pattern("p = shortestPath((a)-[*]-(b))", "p=shortest (a)-[*..]-(b)");
	assert_pattern("(a)\xE2\x80\x94[]\xE2\x80\x94\xE2\x9F\xA9(b)", "(a)-[]->(b)");
	assert_pattern("(end)-[in:OR]->(match)", "(end)-[in:OR]->(match)");
}

/* ---- clauses and statements ---- */

static void test_clauses(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	static const enum gfs_ast_clause_kind wanted[] = { GFS_CLAUSE_MATCH, GFS_CLAUSE_MATCH, GFS_CLAUSE_UNWIND,
		GFS_CLAUSE_LOAD_CSV, GFS_CLAUSE_CALL, GFS_CLAUSE_SUBQUERY, GFS_CLAUSE_WITH, GFS_CLAUSE_CREATE, GFS_CLAUSE_MERGE,
		GFS_CLAUSE_SET, GFS_CLAUSE_REMOVE, GFS_CLAUSE_DELETE, GFS_CLAUSE_DELETE, GFS_CLAUSE_FOREACH,
		GFS_CLAUSE_RETURN };
	const struct gfs_ast_statement *statement = parse(
		"MATCH (a) USING INDEX a:L(k, l) USING JOIN ON a WHERE a.k = 1 "
		"OPTIONAL MATCH (b) UNWIND [1] AS x "
		"LOAD CSV WITH HEADERS FROM 'u' AS row FIELDTERMINATOR ';' "
		"CALL p.q(1) YIELD c AS d, e WHERE d CALL { RETURN 1 AS f } "
		"WITH DISTINCT *, 1 AS g ORDER BY g DESC, a SKIP 1 LIMIT 2 WHERE g "
		"CREATE (c) MERGE (d) ON CREATE SET d.x = 1 ON MATCH SET d += {} "
		"SET a.b = 1, a = {}, a:B:C REMOVE a.b, a:C DELETE a DETACH DELETE b "
		"FOREACH (i IN [1] | CREATE (h) SET h.i = i) RETURN *;",
		&arena);
	assert_int_equal(statement->query->count, 1);
	const struct gfs_ast_part_query *part = &statement->query->parts[0];
	assert_int_equal(part->count, GFS_COUNT(wanted));
	for (uint32_t i = 0; i < part->count; i++)
		assert_int_equal(part->clauses[i].kind, wanted[i]);
	assert_non_null(part->clauses[0].match.hints);
	assert_int_equal(part->clauses[0].match.hints->key_count, 2);
	assert_true(part->clauses[1].match.optional);
	assert_int_equal(part->clauses[4].call.yield_count, 2);
	const struct gfs_ast_projection *with = &part->clauses[6].project;
	assert_true(with->distinct && with->star);
	assert_int_equal(with->order_count, 2);
	assert_true(with->order[0].descending && !with->order[1].descending);
	assert_int_equal(part->clauses[8].merge.on_create_count, 1);
	assert_int_equal(part->clauses[8].merge.on_match[0].kind, GFS_SET_MERGE);
	assert_int_equal(part->clauses[9].set.items[2].label_count, 2);
	assert_true(part->clauses[12].del.detach);
	assert_int_equal(part->clauses[13].foreach.count, 2);
}

static void test_unions(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	const struct gfs_ast_statement *statement = parse(
		"RETURN 1 AS a UNION ALL RETURN 2 AS a UNION RETURN 3 AS a", &arena);
	assert_int_equal(statement->query->count, 3);
	assert_true(statement->query->parts[1].union_all);
	assert_false(statement->query->parts[2].union_all);
}

/* CALL (x) { } is written as WITH x in each part. */
static void test_scoped_subquery(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	const struct gfs_ast_clause *call = only_clause("CALL (x) { RETURN 1 AS a UNION RETURN 2 AS a }", &arena);
	assert_int_equal(call->kind, GFS_CLAUSE_SUBQUERY);
	for (uint32_t i = 0; i < 2; i++) {
		const struct gfs_ast_part_query *part = &call->subquery.query->parts[i];
		assert_int_equal(part->count, 2);
		assert_int_equal(part->clauses[0].kind, GFS_CLAUSE_WITH);
		assert_int_equal(part->clauses[0].project.count, 1);
	}
}

static void test_prefixes(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	assert_int_equal(parse("EXPLAIN RETURN 1", &arena)->mode, GFS_MODE_EXPLAIN);
	assert_int_equal(parse("profile RETURN 1", &arena)->mode, GFS_MODE_PROFILE);
	assert_true(parse("CYPHER cache=off RETURN 1", &arena)->cache_off);
	assert_false(parse("CYPHER cache=on RETURN 1", &arena)->cache_off);
	assert_false(parse("// c\n/* d */ RETURN 1 // e", &arena)->cache_off);
}

static const struct gfs_ast_schema *schema(const char *text, struct gfs_arena *arena)
{
	const struct gfs_ast_statement *statement = parse(text, arena);
	assert_int_equal(statement->kind, GFS_STATEMENT_SCHEMA);
	return statement->schema;
}

static void test_schema(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	const struct gfs_ast_schema *s = schema("CREATE INDEX ON :Person(name)", &arena);
	assert_int_equal(s->kind, GFS_SCHEMA_CREATE_INDEX);
	assert_memory_equal(s->label.data, "Person", 6);
	s = schema("CREATE RANGE INDEX i IF NOT EXISTS FOR (n:A) ON (n.b, n.c) OPTIONS {}", &arena);
	assert_true(s->if_not_exists && s->name.size == 1 && s->key_count == 2 && !s->on_relationships);
	s = schema("CREATE INDEX FOR ()-[r:T]-() ON (r.x)", &arena);
	assert_true(s->on_relationships && s->name.size == 0);
	assert_int_equal(schema("DROP INDEX i IF EXISTS", &arena)->kind, GFS_SCHEMA_DROP_INDEX);
	assert_int_equal(schema("DROP INDEX ON :A(b)", &arena)->key_count, 1);
	s = schema("CREATE CONSTRAINT c FOR (n:A) REQUIRE n.b IS UNIQUE", &arena);
	assert_true(s->kind == GFS_SCHEMA_CREATE_CONSTRAINT && s->unique && !s->exists);
	s = schema("CREATE CONSTRAINT ON (n:A) ASSERT exists(n.b)", &arena);
	assert_true(s->exists && !s->unique);
	s = schema("CREATE CONSTRAINT FOR (n:A) REQUIRE (n.b, n.c) IS NODE KEY", &arena);
	assert_true(s->exists && s->unique && s->key_count == 2);
	s = schema("CREATE CONSTRAINT FOR (n:A) REQUIRE n.b IS NOT NULL", &arena);
	assert_true(s->exists && !s->unique);
	assert_int_equal(parse("TERMINATE TRANSACTION 'a', 'b'", &arena)->terminate->arg_count, 2);
}

/* ---- what is wrong ---- */

static void test_errors(void **state)
{
	(void)state;
	static const struct {
		const char *text, *detail, *message;
		uint32_t line, column;
	} cases[] = {
		{ "", "UnexpectedSyntax", "the statement ends", 1, 1 },
		{ "FOO", "UnexpectedSyntax", "expected a clause", 1, 1 },
		{ "RETURN", "UnexpectedSyntax", "expected an expression", 1, 7 },
		{ "RETURN 1 2", "UnexpectedSyntax", "end of the statement, not '2'", 1, 10 },
		{ "MATCH (n\nRETURN n", "UnexpectedSyntax", "')' after the node", 2, 1 },
		{ "RETURN '\xC3\xA4' +", "UnexpectedSyntax", "expected an expression", 1, 13 },
		{ "RETURN 1 != 2", "UnexpectedSyntax", "not equal is <>", 1, 10 },
		{ "RETURN 'abc", "UnexpectedSyntax", "no closing quote", 1, 8 },
		{ "RETURN /* abc", "UnexpectedSyntax", "comment has no end", 1, 8 },
		{ "RETURN '\\uH'", "InvalidUnicodeLiteral", "hexadecimal", 1, 8 },
		{ "RETURN '\\uD800'", "InvalidUnicodeLiteral", "hexadecimal", 1, 8 },
		{ "RETURN '\\q'", "UnexpectedSyntax", "escape", 1, 8 },
		{ "RETURN 42 \xE2\x80\x94 41", "InvalidUnicodeCharacter", "", 1, 11 },
		{ "RETURN {1B2: 1}", "UnexpectedSyntax", "expected a key", 1, 9 },
		{ "RETURN {k1#k: 1}", "UnexpectedSyntax", "means nothing", 1, 11 },
		{ "RETURN {, }", "UnexpectedSyntax", "expected a key", 1, 9 },
		{ "RETURN [, ]", "UnexpectedSyntax", "expected an expression", 1, 9 },
		{ "RETURN [1, ]", "UnexpectedSyntax", "expected an expression", 1, 12 },
		{ "RETURN 0x", "InvalidNumberLiteral", "not a number", 1, 8 },
		{ "RETURN 12h4", "InvalidNumberLiteral", "not a number", 1, 8 },
		{ "RETURN 1__0", "InvalidNumberLiteral", "not a number", 1, 8 },
		{ "RETURN 1e", "InvalidNumberLiteral", "not a number", 1, 8 },
		{ "RETURN 9223372036854775808", "IntegerOverflow", "64 bits", 1, 8 },
		{ "RETURN 0x8000000000000000", "IntegerOverflow", "64 bits", 1, 8 },
		{ "RETURN -0x8000000000000001", "IntegerOverflow", "64 bits", 1, 9 },
		{ "RETURN 1.34E999", "FloatingPointOverflow", "too large", 1, 8 },
		{ "MATCH (a)-[:L..]->(b)", "InvalidRelationshipPattern", "']'", 1, 14 },
		{ "MATCH (a)-[*-2]->(b)", "InvalidRelationshipPattern", "']'", 1, 13 },
		{ "MATCH (a)-[*1.5]->(b)", "InvalidRelationshipPattern", "whole number", 1, 13 },
		{ "RETURN CASE WHEN 1 THEN 2", "UnexpectedSyntax", "WHEN, ELSE or END", 1, 26 },
		{ "RETURN 1 AS", "UnexpectedSyntax", "a name after AS", 1, 12 },
		{ "RETURN a.", "UnexpectedSyntax", "a property key", 1, 10 },
		{ "CYPHER cash=off RETURN 1", "UnexpectedSyntax", "the option cache", 1, 8 },
		{ "CREATE INDEX FOR (n:A)", "UnexpectedSyntax", "expected ON", 1, 23 },
		{ "SHOW ME", "UnexpectedSyntax", "INDEXES, CONSTRAINTS, FUNCTIONS, PROCEDURES, QUERIES or TRANSACTIONS", 1, 6 },
		{ "MATCH (``) RETURN 1", "UnexpectedSyntax", "a variable", 1, 8 },
		{ "RETURN `a", "UnexpectedSyntax", "no closing `", 1, 8 },
	};
	for (size_t i = 0; i < GFS_COUNT(cases); i++) {
		GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
		struct gfs_query_error error = { 0 };
		struct gfs_ast_statement *statement;
		assert_int_equal(gfs_parse(gfs_slice_text(cases[i].text), &arena, &statement, &error), GFS_ERR_INVALID);
		if (strcmp(error.detail, cases[i].detail) != 0 || strstr(error.message, cases[i].message) == NULL ||
			error.pos.line != cases[i].line || error.pos.column != cases[i].column)
			fail_msg("%s: %s, %s, %u:%u", cases[i].text, error.detail, error.message, error.pos.line, error.pos.column);
		assert_int_equal(error.kind, GFS_QUERY_SYNTAX_ERROR);
		assert_int_equal(error.phase, GFS_QUERY_COMPILE);
	}
}

static void test_error_is_shown_with_a_caret(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	struct gfs_query_error error = { 0 };
	struct gfs_ast_statement *statement;
	struct gfs_slice text = gfs_slice_text("MATCH (n)\n\tWHERE n.\xC3\xA4 =\nRETURN n");
	assert_int_equal(gfs_parse(text, &arena, &statement, &error), GFS_ERR_INVALID);
	gfs_query_error_show(&error, text, &out);
	assert_text(&out,
		"SyntaxError (UnexpectedSyntax): expected an expression, not 'RETURN'\nline 3, column 1:\nRETURN n\n^\n",
		"error");
}

/* Nesting and long chains end with an error, not with the stack. */
static void assert_too_deep(const char *before, const char *again, size_t count)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	struct gfs_query_error error = { 0 };
	struct gfs_ast_statement *statement;
	gfs_buf_append_text(&text, before);
	for (size_t i = 0; i < count; i++)
		gfs_buf_append_text(&text, again);
	assert_int_equal(gfs_parse(gfs_buf_slice(&text), &arena, &statement, &error), GFS_ERR_INVALID);
	assert_string_equal(error.detail, "TooDeep");
	assert_int_equal(error.kind, GFS_QUERY_LIMIT_ERROR);
}

static void test_depth(void **state)
{
	(void)state;
	static const char *const nested[] = { "(", "[", "{a:", "NOT ", "- ", "a[", "f(", "CASE WHEN ", "[x IN ", "n {a: " };
	for (size_t i = 0; i < GFS_COUNT(nested); i++)
		assert_too_deep("RETURN ", nested[i], 100000);
	assert_too_deep("RETURN 1", " + 1", 100000);
	assert_too_deep("RETURN a", ".b", 100000);
	assert_too_deep("RETURN a", "[0]", 100000);
	assert_too_deep("RETURN a:", "!", 100000);
	assert_too_deep("RETURN a", ":B", 100000);
	assert_too_deep("", "CALL { ", 100000);
	assert_too_deep("", "FOREACH (x IN y | ", 100000);
	assert_too_deep("MATCH ", "(", 100000);
}

/* AND and OR are as long as one likes. */
static void test_long_conditions(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_buf_append_text(&text, "RETURN a");
	for (int i = 0; i < 100000; i++)
		gfs_buf_append_text(&text, " OR b");
	gfs_buf_append_u8(&text, '\0');
	const struct gfs_ast_clause *clause = only_clause((const char *)text.data, &arena);
	assert_in_range(clause->project.items[0].expr->height, 16, 18);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_postfix),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_comprehensions),
		cmocka_unit_test(test_patterns_in_expressions),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_clauses),
		cmocka_unit_test(test_unions),
		cmocka_unit_test(test_scoped_subquery),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_error_is_shown_with_a_caret),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_long_conditions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
