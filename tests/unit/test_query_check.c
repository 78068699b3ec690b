/* The semantic check: what it refuses, what it fills in. */
#include "base/checked.h"
#include "query/procedure.h"
#include "tests/unit/ast_show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- the world ---- */

static struct gfs_procedures *procedures;

static const struct gfs_procedure *find_procedure(void *context, struct gfs_slice name)
{
	return gfs_procedures_find(context, name);
}

static bool find_parameter(void *context, struct gfs_slice name, struct gfs_datum *ret_value)
{
	(void)context;
	*ret_value = gfs_datum_null();
	return gfs_slice_equal(name, gfs_slice_text("given"));
}

static int set_up(void **state)
{
	(void)state;
	static const char *const signatures[] = { "test.none() :: ()",
		"test.two(given :: INTEGER?) :: (x :: STRING?, n :: NODE?)", "test.other(absent :: FLOAT?) :: (y :: NUMBER?)" };
	assert_int_equal(gfs_procedures_new(&procedures), 0);
	for (size_t i = 0; i < GFS_COUNT(signatures); i++)
		assert_int_equal(gfs_procedures_add_table(procedures, gfs_slice_text(signatures[i]), NULL, 0), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	gfs_procedures_free(procedures);
	return 0;
}

static int check(
	const char *text, struct gfs_arena *arena, struct gfs_ast_statement **ret_statement, struct gfs_query_error *error)
{
	struct gfs_check_env env = { .procedure = find_procedure, .parameter = find_parameter, .context = procedures };
	if (gfs_parse(gfs_slice_text(text), arena, ret_statement, error) != 0)
		fail_msg("%s: %s", text, error->message);
	return gfs_check_statement(*ret_statement, &env, arena, error);
}

static struct gfs_ast_statement *checked(const char *text, struct gfs_arena *arena)
{
	struct gfs_query_error error = { 0 };
	struct gfs_ast_statement *statement;
	if (check(text, arena, &statement, &error) != 0)
		fail_msg("%s: %s: %s", text, error.detail, error.message);
	return statement;
}

static void assert_fine(const char *text)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	(void)checked(text, &arena); /* fails the test when it is not */
}

static void assert_refused(const char *text, const char *detail)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_query_error error = { 0 };
	struct gfs_ast_statement *statement;
	if (check(text, &arena, &statement, &error) != GFS_ERR_INVALID)
		fail_msg("%s: %s is missing", text, detail);
	if (strcmp(error.detail, detail) != 0)
		fail_msg("%s: %s, not %s: %s", text, error.detail, detail, error.message);
	assert_int_equal(error.phase, GFS_QUERY_COMPILE);
	assert_true(error.pos.line > 0 && error.pos.offset <= strlen(text));
}

struct refusal {
	const char *detail, *text;
};

static void assert_all_refused(const struct refusal *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_refused(cases[i].text, cases[i].detail);
}

/* ---- scopes ---- */

static void test_undefined_variables(void **state)
{
	(void)state;
	static const char *const texts[] = { "RETURN a", "MATCH (a) WITH 1 AS b RETURN a", "MATCH (a) WHERE b.x RETURN a",
		"MATCH (a) RETURN [x IN [1] | x] + x", "MATCH (a) WITH DISTINCT a.x AS x ORDER BY a.y RETURN x",
		"MATCH (a) WITH count(a) AS c WHERE a.x RETURN c", "MATCH (a) DELETE b", "CREATE (a {x: b.y})",
		"CREATE (a {x: a.y})", "MATCH (a) WHERE (a)-[r]->() RETURN a", "MATCH (a) CALL { RETURN a AS b } RETURN b",
		"MATCH (a) WHERE EXISTS { MATCH (b) } RETURN b", "FOREACH (x IN [1] | CREATE (n)) SET n.x = 1",
		"MATCH (a) CALL test.two(1) YIELD z RETURN z", "CALL test.two(1) RETURN x",
		"MATCH (n) USING INDEX m:L(x) RETURN n", "MATCH (a) RETURN count(a.x) AS c ORDER BY a.y + count(a.x)",
		"RETURN a {.x}", "UNWIND x AS x RETURN x" };
	for (size_t i = 0; i < GFS_COUNT(texts); i++)
		assert_refused(texts[i], "UndefinedVariable");
}

static void test_scopes_that_reach(void **state)
{
	(void)state;
	static const char *const texts[] = { "MATCH (a) WITH a.x AS b ORDER BY a.y RETURN b",
		"MATCH (a) WITH a.x AS b WHERE a.y RETURN b", "MATCH (a) RETURN DISTINCT a.x ORDER BY a.x",
		"MATCH (a) RETURN a.x AS x, count(*) ORDER BY a.x", "MATCH (a) RETURN max(a.x) ORDER BY max(a.x) + 1",
		"MATCH (a) WHERE EXISTS { (a)-->(b) WHERE b.x = a.x } RETURN a",
		"MATCH (a) WHERE EXISTS { MATCH (a)-->(b) WITH b WHERE a.x RETURN b } RETURN a",
		"MATCH (a) CALL { WITH a RETURN a.x AS x } RETURN x", "MATCH (a) CALL { WITH * RETURN a.x AS x } RETURN x, a",
		"MATCH (a) CALL (a) { RETURN a.x AS x UNION RETURN 1 AS x } RETURN x", "WITH 1 AS x RETURN [x IN [2] | x], x",
		"MATCH (a {x: b.y}), (b) RETURN a", "CREATE (a {x: 1}), (b {y: a.x})",
		"MATCH (a) RETURN [(a)-->(b) WHERE b.x | b.y]", "MATCH (a) RETURN reduce(s = 0, x IN a.l | s + x)",
		"FOREACH (x IN [1] | FOREACH (y IN [x] | CREATE ({y: y})))", "CALL test.two YIELD x AS y, n",
		"CALL test.two(1) YIELD n MATCH (n)-->() RETURN n", "CALL test.none()", "MATCH (a) CALL test.none() RETURN a",
		"MATCH (a) MERGE (b {x: a.x}) ON CREATE SET b.y = a.y RETURN *", "RETURN CASE WHEN EXISTS { () } THEN 1 END",
		"MATCH (a), (b) RETURN shortestPath((a)-[*]-(b))" };
	for (size_t i = 0; i < GFS_COUNT(texts); i++)
		assert_fine(texts[i]);
}

static void test_names_taken(void **state)
{
	(void)state;
	static const struct refusal cases[] = {
		{ "VariableAlreadyBound", "MATCH (a) CREATE (a)" },
		{ "VariableAlreadyBound", "MATCH (a) MERGE (a)" },
		{ "VariableAlreadyBound", "CREATE (a:A)-[:T]->(b), (a:B)-[:T]->(b)" },
		{ "VariableAlreadyBound", "MATCH ()-[r]->() CREATE ()-[r]->()" },
		{ "VariableAlreadyBound", "MATCH (p) MATCH p = ()-->() RETURN p" },
		{ "VariableAlreadyBound", "WITH 1 AS x UNWIND [1] AS x RETURN x" },
		{ "VariableAlreadyBound", "WITH 1 AS x CALL { RETURN 2 AS x } RETURN x" },
		{ "VariableAlreadyBound", "WITH 1 AS x CALL test.two(1) YIELD x RETURN x" },
		{ "VariableAlreadyBound", "WITH 1 AS x LOAD CSV FROM 'f' AS x RETURN x" },
		{ "VariableAlreadyBound", "WITH 1 AS x FOREACH (x IN [1] | CREATE ())" },
		{ "VariableTypeConflict", "MATCH (a)-[a]->() RETURN a" },
		{ "VariableTypeConflict", "MATCH (a)-[r]->() MATCH (r) RETURN r" },
		{ "VariableTypeConflict", "MATCH p = ()-->() MATCH (p) RETURN p" },
		{ "VariableTypeConflict", "WITH 1 AS n MATCH (n) RETURN n" },
		{ "VariableTypeConflict", "MATCH (n) WITH [n] AS l MATCH (l) RETURN l" },
		{ "VariableTypeConflict", "MATCH ()-[r*]->() MATCH ()-[r]->() RETURN r" },
		{ "VariableTypeConflict", "MATCH (n) WITH n AS m MATCH ()-[m]->() RETURN m" },
		{ "RelationshipUniquenessViolation", "MATCH (a)-[r]->()-[r]->(b) RETURN r" },
		{ "RelationshipUniquenessViolation", "MATCH (a)-[r]->(), ()-[r]->(b) RETURN r" },
		{ "ColumnNameConflict", "RETURN 1 AS a, 2 AS a" },
		{ "ColumnNameConflict", "WITH 1 AS a, 2 AS a RETURN a" },
		{ "NoExpressionAlias", "MATCH (a) WITH a, count(*) RETURN a" },
		{ "NoVariablesInScope", "MATCH () RETURN *" },
		{ "DifferentColumnsInUnion", "RETURN 1 AS a UNION RETURN 2 AS b" },
	};
	assert_all_refused(cases, GFS_COUNT(cases));
	assert_fine("MATCH (a)-[r]->(b) MATCH (a)-[r]->(b) WHERE (a)-[r]->(b) RETURN r");
	assert_fine("MATCH (a)-[r]->(b) WITH a, r, b MATCH (a)-[r]->(b) WHERE (a)-[r]->(b) AND (b)<-[r]-(a) RETURN r");
	assert_fine("UNWIND [null] AS n MATCH (n) RETURN n");
}

/* ---- aggregates ---- */

static void test_aggregation(void **state)
{
	(void)state;
	static const struct refusal cases[] = {
		{ "InvalidAggregation", "MATCH (a) WHERE count(a) > 1 RETURN a" },
		{ "InvalidAggregation", "RETURN [x IN [1] | count(*)]" },
		{ "InvalidAggregation", "MATCH (a) RETURN a.x ORDER BY max(a.y)" },
		{ "InvalidAggregation", "MATCH (a) SET a.x = count(*)" },
		{ "InvalidAggregation", "UNWIND collect(1) AS x RETURN x" },
		{ "NestedAggregation", "RETURN count(count(*))" },
		{ "NonConstantExpression", "RETURN count(rand())" },
		{ "AmbiguousAggregationExpression", "MATCH (a) RETURN a.x + count(*)" },
		{ "AmbiguousAggregationExpression", "MATCH (a), (b) RETURN a.x + b.x, a.x + b.x + count(*)" },
		{ "AmbiguousAggregationExpression",
			"MATCH (a), (b) RETURN a.x + b.x, count(*) AS c ORDER BY a.x + b.x + count(*)" },
		{ "InvalidNumberOfArguments", "RETURN count()" },
		{ "InvalidNumberOfArguments", "RETURN percentileCont(1)" },
	};
	assert_all_refused(cases, GFS_COUNT(cases));
	assert_fine("MATCH (a) RETURN a.x, a.x + count(*)");
	assert_fine("MATCH (a) RETURN a, a.x + count(*) + $p");
	assert_fine("MATCH (a) RETURN size([x IN collect(a) WHERE x.y > 1 | x])");
	assert_fine("MATCH (a) RETURN count(*) * 10 + sum(a.x) AS s ORDER BY s");
}

/* What ORDER BY shares with an item is the item. */
static void test_order_refers_to_items(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	const struct gfs_ast_statement *statement = checked(
		"MATCH (a) RETURN a.x AS x, count(*) AS c ORDER BY a.x + count(*) + x", &arena);
	const struct gfs_ast_projection *project = &statement->query->parts[0].clauses[1].project;
	const struct gfs_ast_expr *sum = project->order[0].expr;
	show_expr(sum, &out);
	gfs_buf_append_u8(&out, '\0');
	assert_string_equal((const char *)out.data, "(+ (+ x c) x)");
	assert_ptr_equal(sum->args[0]->args[0]->symbol, project->items[0].symbol);
	assert_ptr_equal(sum->args[0]->args[1]->symbol, project->items[1].symbol);
	assert_true(project->aggregates && !project->items[0].aggregates && project->items[1].aggregates);
}

/* ---- types and calls ---- */

static void test_types(void **state)
{
	(void)state;
	static const struct refusal cases[] = {
		{ "InvalidArgumentType", "RETURN 1 AND true" },
		{ "InvalidArgumentType", "RETURN NOT 'a'" },
		{ "InvalidArgumentType", "MATCH (n) WHERE (n) RETURN n" },
		{ "InvalidArgumentType", "RETURN 1 IN 2" },
		{ "InvalidArgumentType", "RETURN none(x IN ['a', 'b'] WHERE x % 2 = 0)" },
		{ "InvalidArgumentType", "WITH 1 AS x RETURN x.y" },
		{ "InvalidArgumentType", "MATCH (n) RETURN type(n)" },
		{ "InvalidArgumentType", "MATCH p = () RETURN labels(p)" },
		{ "InvalidArgumentType", "MATCH p = ()-->() RETURN size(p)" },
		{ "InvalidArgumentType", "RETURN properties(1)" },
		{ "InvalidArgumentType", "MATCH ()-[r]->() RETURN length(r)" },
		{ "InvalidArgumentType", "RETURN exists(1)" },
		{ "InvalidArgumentType", "DELETE 1 + 1" },
		{ "InvalidArgumentType", "WITH 1 AS x SET x.y = 1" },
		{ "InvalidArgumentType", "RETURN 1 LIMIT 1.5" },
		{ "InvalidArgumentType", "CALL test.two('a')" },
		{ "InvalidPropertyType", "CREATE (a) SET a.x = [{y: 1}]" },
		{ "InvalidDelete", "MATCH (n) DELETE n:A" },
		{ "NegativeIntegerArgument", "RETURN 1 SKIP -1" },
		{ "NonConstantExpression", "MATCH (n) RETURN n LIMIT n.x" },
		{ "UnknownFunction", "RETURN foo(1)" },
		{ "InvalidNumberOfArguments", "RETURN size()" },
		{ "InvalidNumberOfArguments", "CALL test.two(1, 2)" },
		{ "UnexpectedSyntax", "RETURN size(DISTINCT [1])" },
		{ "UnexpectedSyntax", "MATCH (n) RETURN (n)-->()" },
		{ "UnexpectedSyntax", "MATCH (n) RETURN size((n)-->())" },
		{ "ProcedureNotFound", "CALL test.missing()" },
		{ "MissingParameter", "CALL test.other" },
		{ "InvalidArgumentPassingMode", "CALL test.two YIELD x RETURN x" },
		{ "UnexpectedSyntax", "CALL test.two(1) YIELD * RETURN x" },
	};
	assert_all_refused(cases, GFS_COUNT(cases));
	assert_fine("RETURN null AND true, 1 IN null, type(null), size(null), [1, 'a'][0].x");
	assert_fine("RETURN 1 SKIP toInteger(1.5) LIMIT $n + size([x IN [1] | x])");
	assert_fine("MATCH (n) WHERE NOT ((n)-->() OR exists((n)<--())) RETURN CASE WHEN (n)-->() THEN 1 END");
}

static const struct gfs_symbol *column(const char *text, struct gfs_arena *arena)
{
	const struct gfs_ast_query *query = checked(text, arena)->query;
	assert_int_equal(query->column_count, 1);
	return query->columns[0];
}

static void test_symbols_know_their_types(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	assert_int_equal(column("MATCH (n) RETURN n", &arena)->type, GFS_SYMBOL_NODE);
	assert_int_equal(column("MATCH (n) WITH n AS m RETURN m AS k", &arena)->type, GFS_SYMBOL_NODE);
	assert_int_equal(column("MATCH ()-[r]->() RETURN startNode(r) AS s", &arena)->type, GFS_SYMBOL_NODE);
	assert_int_equal(column("MATCH ()-[r*]->() RETURN r", &arena)->type, GFS_SYMBOL_REL_LIST);
	assert_int_equal(column("MATCH ()-[r*]->() RETURN r[0] AS x", &arena)->type, GFS_SYMBOL_REL);
	assert_int_equal(column("MATCH p = () RETURN p", &arena)->type, GFS_SYMBOL_PATH);
	assert_int_equal(column("RETURN 1 + 2", &arena)->value, GFS_DATUM_INTEGER);
	assert_int_equal(column("RETURN 1 + 2.0", &arena)->value, GFS_DATUM_FLOAT);
	assert_int_equal(column("RETURN ['a', 'b']", &arena)->element, GFS_DATUM_STRING);
	assert_int_equal(column("RETURN [1, 'b']", &arena)->element, GFS_DATUM_NULL);
	assert_int_equal(column("MATCH (n) RETURN n UNION MATCH ()-[n]->() RETURN n", &arena)->type, GFS_SYMBOL_VALUE);
	assert_int_equal(column("MATCH (n) RETURN n UNION MATCH (n) RETURN n", &arena)->type, GFS_SYMBOL_NODE);
}

static void test_star_is_in_order_of_name(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	const struct gfs_ast_statement *statement = checked("MATCH (b)-[c]->(a) RETURN *, 1 AS A", &arena);
	static const char *const names[] = { "a", "b", "c", "A" };
	assert_int_equal(statement->query->column_count, GFS_COUNT(names));
	for (uint32_t i = 0; i < GFS_COUNT(names); i++)
		assert_memory_equal(statement->query->columns[i]->name.data, names[i], 1);
}

static void test_bound_nodes(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	const struct gfs_ast_statement *statement = checked(
		"MATCH (a)-[r]->(b) MATCH (a)-[s]->(c)-[t]->(c) RETURN 1", &arena);
	const struct gfs_ast_part *part = &statement->query->parts[0].clauses[1].match.pattern.parts[0];
	assert_true(part->nodes[0].bound);
	assert_false(part->nodes[1].bound || part->nodes[2].bound || part->rels[0].bound);
	assert_ptr_equal(part->nodes[1].symbol, part->nodes[2].symbol);
	assert_ptr_equal(
		part->nodes[0].symbol, statement->query->parts[0].clauses[0].match.pattern.parts[0].nodes[0].symbol);
}

/* ---- patterns that are made, clauses in order ---- */

static void test_composition(void **state)
{
	(void)state;
	static const struct refusal cases[] = {
		{ "NoSingleRelationshipType", "CREATE ()-->()" },
		{ "NoSingleRelationshipType", "CREATE ()-[:A|B]->()" },
		{ "NoSingleRelationshipType", "MERGE (a)-[x]->(b)" },
		{ "RequiresDirectedRelationship", "CREATE (a)-[:T]-(b)" },
		{ "RequiresDirectedRelationship", "CREATE (a)<-[:T]->(b)" },
		{ "CreatingVarLength", "CREATE ()-[:T*2]->()" },
		{ "CreatingVarLength", "MERGE ()-[:T*2]->()" },
		{ "InvalidParameterUse", "MATCH (n $p) RETURN n" },
		{ "InvalidParameterUse", "MERGE (n $p)" },
		{ "UnexpectedSyntax", "CREATE (n:A|B)" },
		{ "UnexpectedSyntax", "CREATE (n WHERE true)" },
		{ "UnexpectedSyntax", "CREATE p = shortestPath((a)-[:T]->(b))" },
		{ "InvalidClauseComposition", "RETURN 1 AS a UNION RETURN 2 AS a UNION ALL RETURN 3 AS a" },
		{ "InvalidClauseComposition", "MATCH (n)" },
		{ "InvalidClauseComposition", "MATCH (n) WITH n" },
		{ "InvalidClauseComposition", "RETURN 1 AS a MATCH (n) RETURN n" },
		{ "InvalidClauseComposition", "CREATE (a) MATCH (b) RETURN b" },
		{ "InvalidClauseComposition", "MATCH (a) WHERE EXISTS { MATCH (b) SET b.x = 1 } RETURN a" },
		{ "InvalidClauseComposition", "FOREACH (x IN [1] | MATCH (n))" },
		{ "InvalidClauseComposition", "RETURN COLLECT { RETURN 1 AS a, 2 AS b }" },
		{ "InvalidRelationshipPattern", "MATCH shortestPath((a)-->()-->(b)) RETURN a" },
	};
	assert_all_refused(cases, GFS_COUNT(cases));
	assert_fine("MERGE (a)-[:T]-(b)");
	assert_fine("CREATE (n $p)");
	assert_fine("CREATE (n:A:B&C)");
	assert_fine("CREATE (a) WITH a MATCH (b) CREATE (a)-[:T]->(b)");
	assert_fine("MATCH (n) CALL { WITH n SET n.x = 1 } RETURN n");
}

static void test_writes(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	assert_false(checked("MATCH (n) RETURN n", &arena)->query->writes);
	assert_true(checked("MATCH (n) SET n.x = 1", &arena)->query->writes);
	assert_true(checked("CALL { CREATE (n) } RETURN 1", &arena)->query->writes);
	assert_true(checked("RETURN 1 AS a UNION CREATE (a) RETURN 2 AS a", &arena)->query->writes);
}

/* Many variables are found as quickly as few. */
static void test_many_variables(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_buf_append_text(&text, "CREATE (n0)");
	for (int i = 1; i < 50000; i++)
		gfs_buf_printf(&text, ", (n%d)", i);
	gfs_buf_append_text(&text, " RETURN n1, n49999");
	gfs_buf_append_u8(&text, '\0');
	const struct gfs_ast_query *query = checked((const char *)text.data, &arena)->query;
	assert_int_equal(query->columns[0]->id, 1);
	assert_int_equal(query->columns[1]->id, 49999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_undefined_variables),
		cmocka_unit_test(test_scopes_that_reach),
		cmocka_unit_test(test_names_taken),
		cmocka_unit_test(test_aggregation),
		cmocka_unit_test(test_order_refers_to_items),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_symbols_know_their_types),
		cmocka_unit_test(test_star_is_in_order_of_name),
		cmocka_unit_test(test_bound_nodes),
		cmocka_unit_test(test_composition),
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_many_variables),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
