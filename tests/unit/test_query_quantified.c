/* Quantified relationships: -[:T]->{1,3}, beside the same of variable length. */
#include "tests/unit/query_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void make_graph(struct query_world *world)
{
	query_expect(world,
		"CREATE (a:N {i: 1})-[:T {w: 1}]->(b:N {i: 2})-[:T {w: 2}]->(c:N {i: 3})-[:T {w: 3}]->(d:N {i: 4}), "
		"(a)-[:U {w: 9}]->(d), (d)-[:T {w: 4}]->(b)",
		"");
}

static void answer_of(struct query_world *world, const char *rel, struct gfs_buf *out)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_buf_printf(&text, "MATCH p = (a:N)%s(b) RETURN a.i, b.i, [x IN r | x.w], length(p)", rel);
	gfs_buf_append_u8(&text, '\0');
	query_answer_sorted(world, (const char *)text.data, NULL, out);
}

static void test_quantifiers(void **state)
{
	static const struct {
		const char *quantified, *starred;
	} pairs[] = {
		{ "-[r:T]->{2}", "-[r:T*2]->" },
		{ "-[r:T]->{1,3}", "-[r:T*1..3]->" },
		{ "-[r:T]->{,2}", "-[r:T*0..2]->" },
		{ "-[r:T]->{2,}", "-[r:T*2..]->" },
		{ "-[r:T]->{,}", "-[r:T*0..]->" },
		{ "-[r]->+", "-[r*]->" },
		{ "-[r]-*", "-[r*0..]-" },
		{ "<-[r:T|U]-{2,3}", "<-[r:T|U*2..3]-" },
		{ "-[r:T {w: 2}]-+", "-[r:T* {w: 2}]-" },
	};
	struct query_world *world = *state;
	make_graph(world);
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		GFS_AUTO_BUF a = GFS_BUF_INIT;
		GFS_AUTO_BUF b = GFS_BUF_INIT;
		answer_of(world, pairs[i].quantified, &a);
		answer_of(world, pairs[i].starred, &b);
		assert_true(strchr((const char *)a.data, ';') != NULL);
		assert_string_equal((const char *)a.data, (const char *)b.data);
	}
	query_expect(
		world, "MATCH (a {i: 1})-->{2}(b)-[:T]->{1,}(c) RETURN b.i, c.i ORDER BY b.i, c.i", "2, 3; 2, 4; 3, 2; 3, 4");
	query_expect(world, "MATCH (a) WHERE (a)-[:T]->{3}() AND NOT (a)<--+() RETURN a.i", "1");
	query_expect(world, "RETURN COUNT { ({i: 1})-[:T]->{2}() } AS c, EXISTS { (:N)-->{9}() } AS e", "1, false");
	query_expect(world, "MATCH (a {i: 1}) RETURN size([(a)-->{2}(b) WHERE b.i < 4 | b.i]) AS n", "2");
}

/* WHERE in the brackets is about one relationship, and may ask for what clauses before have found. */
static void test_where(void **state)
{
	struct query_world *world = *state;
	make_graph(world);
	query_expect(
		world, "MATCH (a {i: 1})-[r WHERE r.w < 3]->+(b) RETURN b.i, [x IN r | x.w] ORDER BY b.i", "2, [1]; 3, [1, 2]");
	query_expect(world, "MATCH (a {i: 1})-[r:T WHERE r.w < 3]->{2,}(b) WHERE size(r) < 3 RETURN b.i", "3");
	query_expect(world, "WITH 3 AS most MATCH (a {i: 1})-[r WHERE r.w < most]->+(b) RETURN b.i ORDER BY b.i", "2; 3");
	query_expect(world, "MATCH (a {i: 1})-[WHERE true]->{2}(b) RETURN b.i ORDER BY b.i", "2; 3");
	query_expect(world, "MATCH ({i: 4})<-[r WHERE startNode(r).i < 3]-+(b) RETURN b.i", "1");
	query_expect(world, "MATCH (a)-[r WHERE r.w < b.i]->+(b) RETURN b", "UndefinedVariable");
	query_expect(world, "MATCH (a)-[r WHERE a.i = 1]->+(b) RETURN b", "UndefinedVariable");
	query_expect(world, "MATCH (a)-[r {w: b.i}]->+(b) RETURN b", "UndefinedVariable");
}

static void test_wrong(void **state)
{
	struct query_world *world = *state;
	query_expect(world, "MATCH (a)-->{0}(b) RETURN b", "InvalidRelationshipPattern");
	query_expect(world, "MATCH (a)-->{3,2}(b) RETURN b", "InvalidRelationshipPattern");
	query_expect(world, "MATCH (a)-[*2]->{2}(b) RETURN b", "InvalidRelationshipPattern");
	query_expect(world, "MATCH (a)-->{1.5}(b) RETURN b", "InvalidRelationshipPattern");
	query_expect(world, "MATCH (a)-->{}(b) RETURN b", "UnexpectedSyntax");
	query_expect(world, "MATCH (a)-->{1..2}(b) RETURN b", "UnexpectedSyntax");
	query_expect(world, "MATCH (a)-->{1(b) RETURN b", "UnexpectedSyntax");
	query_expect(world, "CREATE (a)-[:T]->{2}(b)", "CreatingVarLength");
	query_expect(world, "MERGE (a)-[:T]->+(b)", "CreatingVarLength");
	query_expect(world, "MATCH (a)-[r]->+(b) RETURN r.w", "InvalidArgumentType");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_quantifiers, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_where, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_wrong, query_world_setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
