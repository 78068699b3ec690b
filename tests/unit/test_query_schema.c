/* CREATE, DROP and SHOW CONSTRAINT, and what constraints do to statements. */
#include "tests/unit/query_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_required(void **state)
{
	struct query_world *world = *state;
	query_expect(world, "CREATE (:P {name: 'a', age: 1}), (:P {name: 'b'})", "");
	query_expect(world, "CREATE CONSTRAINT has_age FOR (p:P) REQUIRE p.age IS NOT NULL", "ConstraintCreationFailed");
	query_expect(world, "SHOW CONSTRAINTS", "");
	query_expect(world, "CREATE CONSTRAINT has_name FOR (p:P) REQUIRE p.name IS NOT NULL", "");
	query_expect(world, "CREATE CONSTRAINT FOR (p:P) REQUIRE (p.name) IS NOT NULL", "IndexAlreadyExists");
	query_expect(world, "CREATE CONSTRAINT IF NOT EXISTS ON (p:P) ASSERT exists(p.name)", "");
	query_expect(world, "SHOW CONSTRAINTS", "2, has_name, NODE_PROPERTY_EXISTENCE, NODE, [P], [name], null");
	query_expect(world, "SHOW INDEXES", "");
	query_expect(world, "CALL db.constraints()", "has_name, NODE_PROPERTY_EXISTENCE, P, [name]");
	query_expect(world, "DROP INDEX has_name", "IndexNotFound");
	query_expect(world, "DROP CONSTRAINT ON (p:P) ASSERT p.name IS UNIQUE", "IndexNotFound");
	query_expect(world, "DROP CONSTRAINT ON (p:P) ASSERT exists(p.name)", "");
	query_expect(world, "SHOW CONSTRAINTS", "");
}

/* A statement that would end with a node without the property leaves no trace. */
static void test_statements(void **state)
{
	struct query_world *world = *state;
	query_expect(world, "CREATE CONSTRAINT has_name FOR (p:P) REQUIRE p.name IS NOT NULL", "");
	query_expect(world, "CREATE (:P {age: 1})", "ConstraintValidationFailed");
	query_expect(world, "CREATE (p:P) SET p.name = 'a'", "");
	query_expect(world, "MERGE (p:P {age: 2}) ON CREATE SET p.name = 'b'", "");
	query_expect(world, "MATCH (p:P {name: 'a'}) REMOVE p.name", "ConstraintValidationFailed");
	query_expect(world, "MATCH (p:P {name: 'a'}) SET p.name = null", "ConstraintValidationFailed");
	query_expect(world, "MATCH (p:P {name: 'a'}) SET p = {age: 3}", "ConstraintValidationFailed");
	query_expect(world, "MATCH (p:P {name: 'a'}) SET p = {name: 'c'}", "");
	query_expect(world, "CREATE (q:Q) SET q:P", "ConstraintValidationFailed");
	query_expect(world, "MATCH (p:P {name: 'c'}) REMOVE p.name REMOVE p:P", "");
	query_expect(world, "MATCH (p:P) DELETE p", "");
	query_expect(world, "MATCH (n) RETURN labels(n), n.name", "[], null");
}

static void test_node_key(void **state)
{
	struct query_world *world = *state;
	query_expect(world, "CREATE CONSTRAINT person_key FOR (p:P) REQUIRE p.id IS NODE KEY", "");
	query_expect(world, "CREATE CONSTRAINT FOR (p:P) REQUIRE p.id IS UNIQUE", "IndexAlreadyExists");
	query_expect(world, "SHOW CONSTRAINTS YIELD", "UnexpectedSyntax");
	query_expect(world, "CREATE (:P {id: 1})", "");
	query_expect(world, "CREATE (:P {id: 1})", "ConstraintValidationFailed");
	query_expect(world, "CREATE (:P)", "ConstraintValidationFailed");
	query_expect(world, "SHOW CONSTRAINTS", "1, person_key, NODE_KEY, NODE, [P], [id], person_key");
	query_expect(world, "SHOW INDEXES", "1, person_key, ONLINE, 100.0, RANGE, NODE, [P], [id], person_key");
	query_expect(world, "DROP CONSTRAINT person_key", "");
	query_expect(world, "CREATE (:P {id: 1})", "");
}

static void test_not_there(void **state)
{
	struct query_world *world = *state;
	query_expect(world, "CREATE CONSTRAINT FOR ()-[r:T]-() REQUIRE r.x IS NOT NULL", "NotSupported");
	query_expect(world, "CREATE CONSTRAINT FOR (p:P) REQUIRE (p.a, p.b) IS NODE KEY", "NotSupported");
	query_expect(world, "CREATE INDEX FOR (p:P) ON (p.a, p.b)", "NotSupported");
	query_expect(world, "CREATE INDEX FOR ()-[r:T]-() ON (r.x)", "NotSupported");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_required, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_statements, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_node_key, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_not_there, query_world_setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
