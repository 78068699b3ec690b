/* fs/exprs: a folder's nodeid follows from its text, the table is bounded, and what is in use lives on. */
#include "fs/exprs.h"
#include "fs/nodeid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t enter(struct gfs_exprs *e, const char *text, uint16_t label)
{
	struct gfs_set_expr expr = GFS_SET_EXPR_INIT(GFS_IDSET_LABEL);
	uint64_t nodeid;
	assert_int_equal(gfs_set_expr_push(&expr, GFS_SET_NAME, label), 0);
	assert_int_equal(gfs_exprs_enter(e, text, &expr, &nodeid), 0);
	assert_null(expr.terms);
	assert_int_equal(gfs_nodeid_unpack(nodeid).kind, GFS_INODE_EXPR);
	return nodeid;
}

static struct gfs_exprs *new_exprs(void)
{
	struct gfs_exprs *e;
	assert_int_equal(gfs_exprs_new(&e), 0);
	return e;
}

static void assert_is(struct gfs_exprs *e, uint64_t nodeid, const char *text, uint16_t label)
{
	struct gfs_exprs_item *item;
	assert_int_equal(gfs_exprs_get(e, nodeid, &item), 0);
	assert_string_equal(item->text, text);
	assert_int_equal(item->expr.terms[0].name, label);
	gfs_exprs_put(e, item);
}

static void test_a_text_has_one_folder(void **state)
{
	(void)state;
	struct gfs_exprs *e = new_exprs(), *other = new_exprs();
	uint64_t a = enter(e, "A&B", 1), b = enter(e, "B&A", 2);
	assert_true(a != b);
	assert_true(enter(e, "A&B", 1) == a);
	assert_true(enter(other, "A&B", 1) == a); /* in another mount too */
	assert_is(e, a, "A&B", 1);
	assert_is(e, b, "B&A", 2);
	struct gfs_exprs_item *item;
	assert_int_equal(gfs_exprs_get(other, b, &item), GFS_ERR_STALE);
	gfs_exprs_free(e);
	gfs_exprs_free(other);
}

static void text_of(char *text, size_t size, unsigned i)
{
	(void)snprintf(text, size, "L%u&A", i);
}

static void test_those_used_last_stay(void **state)
{
	(void)state;
	enum { MORE = 100 };
	static uint64_t nodeids[GFS_EXPRS_MAX + MORE];
	struct gfs_exprs *e = new_exprs();
	struct gfs_exprs_item *held, *item;
	char text[32];
	for (unsigned i = 0; i < GFS_EXPRS_MAX; i++) {
		text_of(text, sizeof text, i);
		nodeids[i] = enter(e, text, (uint16_t)(i + 1));
	}
	/* The first MORE are used again; the first of all is in use for the whole time. */
	assert_int_equal(gfs_exprs_get(e, nodeids[0], &held), 0);
	for (unsigned i = 1; i < MORE; i++)
		assert_int_equal((text_of(text, sizeof text, i), enter(e, text, (uint16_t)(i + 1))), nodeids[i]);
	for (unsigned i = GFS_EXPRS_MAX; i < GFS_EXPRS_MAX + MORE; i++) {
		text_of(text, sizeof text, i);
		nodeids[i] = enter(e, text, (uint16_t)(i + 1));
	}
	for (unsigned i = 1; i < GFS_EXPRS_MAX + MORE; i++) {
		text_of(text, sizeof text, i);
		if (i >= MORE && i < 2 * MORE)
			assert_int_equal(gfs_exprs_get(e, nodeids[i], &item), GFS_ERR_STALE);
		else
			assert_is(e, nodeids[i], text, (uint16_t)(i + 1));
	}
	/* One that had to go comes back under its old nodeid. */
	text_of(text, sizeof text, MORE);
	assert_true(enter(e, text, MORE + 1) == nodeids[MORE]);
	/* Everything goes but for what is held. */
	for (unsigned i = 0; i < GFS_EXPRS_MAX; i++) {
		text_of(text, sizeof text, 2 * GFS_EXPRS_MAX + i);
		(void)enter(e, text, 1);
	}
	assert_int_equal(gfs_exprs_get(e, nodeids[0], &item), GFS_ERR_STALE);
	assert_string_equal(held->text, "L0&A");
	assert_int_equal(held->expr.terms[0].name, 1);
	gfs_exprs_put(e, held);
	gfs_exprs_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_text_has_one_folder),
		cmocka_unit_test(test_those_used_last_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
