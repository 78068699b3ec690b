/* graph/label_expr: what the text means, and what is told of one that means nothing. */
#include "tests/unit/graph_fixture.h"

#include "base/checked.h"
#include "graph/label_expr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Labels are single letters: A is 1, B is 2, and so on to F. */
static int resolve(void *context, struct gfs_slice name, uint16_t *ret_label)
{
	(void)context;
	if (name.size != 1 || name.data[0] < 'A' || name.data[0] > 'F')
		return GFS_ERR_NOTFOUND;
	*ret_label = (uint16_t)(name.data[0] - 'A' + 1);
	return 0;
}

static int parse(const char *text, struct gfs_set_expr *ret_expr, struct gfs_message *message)
{
	message->text[0] = '\0';
	return gfs_label_expr_parse(text, resolve, NULL, ret_expr, message);
}

/* Postfix, as letters. */
static void means(const char *text, const char *postfix)
{
	static const char ops[] = { [GFS_SET_ANY] = '%', [GFS_SET_NOT] = '!', [GFS_SET_AND] = '&', [GFS_SET_OR] = '|' };
	struct gfs_set_expr expr;
	struct gfs_message message;
	char got[64];
	size_t n = 0;
	if (parse(text, &expr, &message) != 0)
		fail_msg("%s", message.text);
	for (size_t i = 0; i < expr.count; i++)
		got[n++] = expr.terms[i].op == GFS_SET_NAME ? (char)('A' + expr.terms[i].name - 1) : ops[expr.terms[i].op];
	got[n] = '\0';
	assert_string_equal(got, postfix);
	assert_true(gfs_set_expr_is_whole(&expr));
	gfs_set_expr_release(&expr);
}

static void test_precedence(void **state)
{
	(void)state;
	means("A", "A");
	means("%", "%");
	means("A&B", "AB&");
	means("A|B&C", "ABC&|");
	means("(A|B)&C", "AB|C&");
	means("A&B|C&D", "AB&CD&|");
	means("!A&B", "A!B&");
	means("!(A&B)", "AB&!");
	means("A&!B", "AB!&");
	means("!!A", "A!!");
	means("A|B|C", "AB|C|");
	means("((A))", "A");
	means("!%", "%!");
	means("%&!(A|B)", "%AB|!&");
}

static void is_refused(const char *text, int expected, const char *why)
{
	struct gfs_set_expr expr;
	struct gfs_message message;
	assert_int_equal(parse(text, &expr, &message), expected);
	if (strstr(message.text, why) == NULL)
		fail_msg("%s: not of %s", message.text, why);
}

static void test_what_is_refused(void **state)
{
	(void)state;
	is_refused("", GFS_ERR_INVALID, "a label is missing at byte 1");
	is_refused("A&", GFS_ERR_INVALID, "a label is missing at byte 3");
	is_refused("&A", GFS_ERR_INVALID, "a label is missing at byte 1");
	is_refused("A||B", GFS_ERR_INVALID, "a label is missing at byte 3");
	is_refused("(A", GFS_ERR_INVALID, "a closing parenthesis is missing at byte 3");
	is_refused("A)", GFS_ERR_INVALID, "an operator is missing at byte 2");
	is_refused("A(B)", GFS_ERR_INVALID, "an operator is missing at byte 2");
	is_refused("!", GFS_ERR_INVALID, "a label");
	is_refused("()", GFS_ERR_INVALID, "a label");
	is_refused("A&X", GFS_ERR_NOTFOUND, "label X: does not exist");
	is_refused("A & B", GFS_ERR_NOTFOUND, "label A : does not exist"); /* spaces belong to names */
	is_refused("%%", GFS_ERR_NOTFOUND, "label %%");
}

static void test_depth_is_limited(void **state)
{
	char text[2 * GFS_LABEL_EXPR_DEPTH_MAX + 4];
	struct gfs_set_expr expr;
	struct gfs_message message;
	(void)state;
	memset(text, '(', GFS_LABEL_EXPR_DEPTH_MAX + 1);
	text[GFS_LABEL_EXPR_DEPTH_MAX + 1] = 'A';
	memset(text + GFS_LABEL_EXPR_DEPTH_MAX + 2, ')', GFS_LABEL_EXPR_DEPTH_MAX + 1);
	text[sizeof text - 1] = '\0';
	is_refused(text, GFS_ERR_LIMIT, "nested too deep");
	text[sizeof text - 2] = '\0';
	assert_int_equal(parse(text + 1, &expr, &message), 0);
	gfs_set_expr_release(&expr);
	memset(text, '!', GFS_LABEL_EXPR_DEPTH_MAX + 1);
	is_refused(text, GFS_ERR_LIMIT, "nested too deep");
	assert_int_equal(parse(text + 1, &expr, &message), GFS_ERR_INVALID); /* )))) behind it */
}

static void test_what_is_more_than_a_name(void **state)
{
	(void)state;
	static const char *const expressions[] = { "A&B", "A|", "!A", "(", "A)", "%" };
	static const char *const names[] = { "A", "", "50%", "%25", "A%26B", "a b", "%%" };
	for (size_t i = 0; i < GFS_COUNT(expressions); i++)
		assert_true(gfs_label_expr_is(expressions[i]));
	for (size_t i = 0; i < GFS_COUNT(names); i++)
		assert_false(gfs_label_expr_is(names[i]));
}

/* Expressions of the wrong kind, or not whole, are refused by every question. */
static void test_questions_want_whole_expressions_of_their_kind(void **state)
{
	struct fixture f = { 0 };
	struct gfs_set_term term = { GFS_SET_NAME, 1 };
	struct gfs_set_expr labels = { .kind = GFS_IDSET_LABEL, .terms = &term, .count = 1, .open = 1 }, types = labels;
	struct gfs_set_expr parts = { .kind = GFS_IDSET_LABEL, .terms = &term, .count = 1, .open = 2 };
	uint64_t ids[2], counted;
	size_t count;
	bool has;
	(void)state;
	types.kind = GFS_IDSET_TYPE;
	fixture_create(&f);
	fixture_open(&f);
	uint64_t node = new_node(&f, "node"), rel = new_rel(&f, "TYPE", node, node);
	gfs_graph_read_begin(f.graph);
	assert_int_equal(gfs_label_expr_nodes(f.graph, &types, 0, ids, 2, &count), GFS_ERR_INVALID);
	assert_int_equal(gfs_label_expr_nodes(f.graph, &parts, 0, ids, 2, &count), GFS_ERR_INVALID);
	assert_int_equal(gfs_label_expr_count(f.graph, &types, &counted), GFS_ERR_INVALID);
	assert_int_equal(gfs_label_expr_has(f.graph, &types, node, &has), GFS_ERR_INVALID);
	assert_int_equal(gfs_type_expr_rels(f.graph, &labels, 0, ids, 2, &count), GFS_ERR_INVALID);
	assert_int_equal(gfs_type_expr_count(f.graph, &labels, &counted), GFS_ERR_INVALID);
	assert_int_equal(gfs_type_expr_has(f.graph, &labels, rel, &has), GFS_ERR_INVALID);
	OK(gfs_type_expr_has(f.graph, &types, rel, &has));
	assert_true(has);
	assert_int_equal(gfs_label_expr_has(f.graph, &labels, node + 1, &has), GFS_ERR_NOTFOUND);
	gfs_graph_read_end(f.graph);
	fixture_destroy(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_depth_is_limited),
		cmocka_unit_test(test_what_is_more_than_a_name),
		cmocka_unit_test(test_questions_want_whole_expressions_of_their_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
