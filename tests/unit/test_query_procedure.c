/* Procedures: signatures, tables, the types of arguments, the built-in ones. */
#include "base/checked.h"
#include "query/procedure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct gfs_procedures *new_procedures(void)
{
	struct gfs_procedures *procedures = NULL;
	assert_int_equal(gfs_procedures_new(&procedures), 0);
	return procedures;
}

static int add(struct gfs_procedures *procedures, const char *signature)
{
	return gfs_procedures_add_table(procedures, gfs_slice_text(signature), NULL, 0);
}

static const struct gfs_procedure *find(const struct gfs_procedures *procedures, const char *name)
{
	return gfs_procedures_find(procedures, gfs_slice_text(name));
}

static void test_signatures(void **state)
{
	(void)state;
	struct gfs_procedures *procedures = new_procedures();
	assert_int_equal(add(procedures, "a.b.c(x :: STRING?, y :: LIST? OF INTEGER?) :: (z :: NUMBER?)"), 0);
	const struct gfs_procedure *procedure = find(procedures, "a.b.c");
	assert_non_null(procedure);
	assert_int_equal(procedure->input_count, 2);
	assert_int_equal(procedure->inputs[0].type, GFS_PROCEDURE_STRING);
	assert_int_equal(procedure->inputs[1].type, GFS_PROCEDURE_LIST);
	assert_int_equal(procedure->output_count, 1);
	assert_int_equal(procedure->outputs[0].type, GFS_PROCEDURE_NUMBER);
	assert_memory_equal(procedure->outputs[0].name.data, "z", 1);
	assert_int_equal(add(procedures, "none() :: ()"), 0);
	assert_int_equal(find(procedures, "none")->input_count + find(procedures, "none")->output_count, 0);
	gfs_procedures_free(procedures);
}

static void test_wrong_signatures(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "a", "a()", "a() ::", "a() :: (x)", "a(x STRING?) :: ()",
		"a(x :: COLOUR?) :: ()", "a(x :: STRING?", "a..b() :: ()", "1() :: ()", "a() :: () b" };
	struct gfs_procedures *procedures = new_procedures();
	for (size_t i = 0; i < GFS_COUNT(wrong); i++)
		assert_int_equal(add(procedures, wrong[i]), GFS_ERR_INVALID);
	assert_int_equal(add(procedures, "a() :: ()"), 0);
	assert_int_equal(add(procedures, "a() :: ()"), GFS_ERR_EXISTS);
	assert_int_equal(add(procedures, "db.labels() :: ()"), GFS_ERR_EXISTS);
	gfs_procedures_free(procedures);
}

static void test_tables(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_procedures *procedures = new_procedures();
	struct gfs_datum rows[] = {
		gfs_datum_integer(1), gfs_datum_string(gfs_slice_text("a")), /* */
		gfs_datum_integer(2), gfs_datum_string(gfs_slice_text("b")), /* */
		gfs_datum_integer(1), gfs_datum_string(gfs_slice_text("c")), /* */
		gfs_datum_null(), gfs_datum_string(gfs_slice_text("d")),     /* */
	};
	struct gfs_slice signature = gfs_slice_text("t(x :: INTEGER?) :: (y :: STRING?)");
	assert_int_equal(gfs_procedures_add_table(procedures, signature, rows, 4), 0);
	const struct gfs_procedure *procedure = find(procedures, "t");
	struct gfs_query_error error = { 0 };
	struct gfs_procedure_env env = { .arena = &arena, .procedures = procedures, .error = &error };
	struct gfs_procedure_rows got;
	struct gfs_datum arg = gfs_datum_integer(1);
	assert_int_equal(procedure->call(procedure, &env, &arg, &got), 0);
	assert_int_equal(got.count, 2);
	assert_memory_equal(got.rows[0].text, "a", 1);
	assert_memory_equal(got.rows[1].text, "c", 1);
	arg = gfs_datum_null();
	assert_int_equal(procedure->call(procedure, &env, &arg, &got), 0);
	assert_int_equal(got.count, 1);
	gfs_procedures_clear_tables(procedures);
	assert_null(find(procedures, "t"));
	assert_non_null(find(procedures, "db.labels"));
	gfs_procedures_free(procedures);
}

static void test_arguments(void **state)
{
	(void)state;
	struct gfs_datum value;
	struct gfs_datum text = gfs_datum_string(gfs_slice_text("a"));
	assert_true(gfs_procedure_argument(GFS_PROCEDURE_FLOAT, gfs_datum_integer(2), &value));
	assert_int_equal(value.type, GFS_DATUM_FLOAT);
	assert_true(gfs_procedure_argument(GFS_PROCEDURE_NUMBER, gfs_datum_integer(2), &value));
	assert_int_equal(value.type, GFS_DATUM_INTEGER);
	assert_true(gfs_procedure_argument(GFS_PROCEDURE_INTEGER, gfs_datum_null(), &value));
	assert_true(gfs_procedure_argument(GFS_PROCEDURE_ANY, text, &value));
	assert_false(gfs_procedure_argument(GFS_PROCEDURE_INTEGER, gfs_datum_float(2), &value));
	assert_false(gfs_procedure_argument(GFS_PROCEDURE_FLOAT, text, &value));
	assert_false(gfs_procedure_argument(GFS_PROCEDURE_STRING, gfs_datum_integer(1), &value));
}

static void test_builtins_are_in_order(void **state)
{
	(void)state;
	struct gfs_procedures *procedures = new_procedures();
	const struct gfs_procedure *before = gfs_procedures_at(procedures, 0), *procedure;
	for (size_t i = 1; (procedure = gfs_procedures_at(procedures, i)) != NULL; i++, before = procedure)
		assert_true(
			memcmp(before->name.data, procedure->name.data, GFS_MIN(before->name.size, procedure->name.size)) <= 0);
	gfs_procedures_free(procedures);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_wrong_signatures),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_builtins_are_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
