/* Names and the nodes they stand for: in memory, in runs, settled, taken back. */
#include "base/io.h"
#include "graph/idmap.h"
#include "tests/support/scale.h"
#include "tests/unit/graph_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f;
static struct gfs_idmap *map;

static int setup(void **state)
{
	(void)state;
	f.opts.dirty_bytes_max = UINT64_C(128) << 10; /* for runs of 12,000 and more */
	fixture_create(&f);
	fixture_open(&f);
	OK(gfs_idmap_new(gfs_graph_store(f.graph), &map));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gfs_idmap_free(map);
	fixture_destroy(&f);
	return 0;
}

static struct gfs_idmap_key key_of(uint64_t space, uint64_t number)
{
	char text[32];
	(void)snprintf(text, sizeof text, "n%llu", (unsigned long long)number);
	return gfs_idmap_key(map, space, gfs_slice_text(text));
}

static void add(uint64_t number)
{
	uint64_t id;
	assert_int_equal(gfs_idmap_find(map, key_of(0, number), &id), GFS_ERR_NOTFOUND);
	OK(gfs_idmap_add(map, key_of(0, number), number + 1));
}

static void expect(uint64_t number, bool there)
{
	uint64_t id = 0;
	assert_int_equal(gfs_idmap_find(map, key_of(0, number), &id), there ? 0 : GFS_ERR_NOTFOUND);
	assert_true(!there || id == number + 1);
}

static void expect_all(uint64_t count, uint64_t step)
{
	for (uint64_t i = 0; i < count; i += step) {
		uint64_t id;
		expect(i, true);
		expect(i + count, false);
		assert_int_equal(gfs_idmap_find(map, key_of(1, i), &id), GFS_ERR_NOTFOUND);
	}
}

/* Every third is taken back, with others in between. */
static void test_take_back(void **state)
{
	enum { COUNT = 20000 };
	(void)state;
	for (uint64_t i = 0; i < COUNT; i++) {
		add(i);
		if (i % 3 == 2) {
			gfs_idmap_remove(map, key_of(0, i));
			expect(i, false);
		}
	}
	for (uint64_t i = 0; i < COUNT; i++)
		expect(i, i % 3 != 2);
	for (uint64_t i = 0; i < COUNT; i++)
		if (i % 3 != 2)
			gfs_idmap_remove(map, key_of(0, i));
	for (uint64_t i = 0; i < COUNT; i++)
		expect(i, false);
}

/* Enough for several runs and a merge; settled, and more after that. */
static void test_runs(void **state)
{
	const uint64_t count = GFS_SCALED(300000, 100000);
	(void)state;
	for (uint64_t i = 0; i < count; i++) {
		add(i);
		OK(gfs_idmap_relieve(map));
	}
	expect_all(count, 97);
	OK(gfs_idmap_settle(map));
	for (unsigned again = 0; again < 2; again++)
		expect_all(count, 61);
	add(3 * count);
	gfs_idmap_remove(map, key_of(0, 3 * count));
	add(3 * count);
	OK(gfs_idmap_settle(map)); /* for one, nothing is merged */
	expect(3 * count, true);
	expect_all(count, 211);
}

static struct gfs_io_verdict fail_one(void *context, const struct gfs_io_event *event)
{
	return (struct gfs_io_verdict){ .error = event->op == *(enum gfs_io_op *)context ? EIO : 0 };
}

static void test_io_errors(void **state)
{
	const uint64_t count = 30000;
	enum gfs_io_op op = GFS_IO_WRITE;
	uint64_t id;
	int err = 0;
	(void)state;
	for (uint64_t i = 0; i < count && err == 0; i++) {
		OK(gfs_idmap_add(map, key_of(0, i), i + 1));
		err = gfs_idmap_relieve(map);
	}
	OK(err);
	gfs_io_set_hook(fail_one, &op);
	assert_int_equal(gfs_idmap_settle(map), GFS_ERR_IO);
	op = GFS_IO_READ;
	assert_int_equal(gfs_idmap_find(map, key_of(0, 0), &id), GFS_ERR_IO);
	gfs_io_set_hook(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_take_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_io_errors, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
