/* The external sort, in memory, in runs, and in both. */
#include "base/checked.h"
#include "base/io.h"
#include "graph/sorter.h"
#include "tests/unit/graph_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f;
static struct gfs_sorter sorter;
static uint64_t seed = 7;

static int setup(void **state)
{
	(void)state;
	fixture_create(&f);
	fixture_open(&f);
	sorter = (struct gfs_sorter){ .store = gfs_graph_store(f.graph) };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gfs_sorter_release(&sorter);
	fixture_destroy(&f);
	return 0;
}

static uint64_t random_number(unsigned bits)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed >> (64 - bits);
}

static int compare(const void *a, const void *b)
{
	const struct gfs_triple *x = a, *y = b;
	for (unsigned i = 0; i < 3; i++)
		if (x->word[i] != y->word[i])
			return x->word[i] < y->word[i] ? -1 : 1;
	return 0;
}

/* Few different first words, so that the others count; KEEP and 0 among them. */
static struct gfs_triple random_triple(void)
{
	struct gfs_triple t = { { random_number(10) << 40, random_number(3) == 0 ? UINT64_MAX : random_number(17),
		random_number(48) } };
	return t;
}

static void check_merge(size_t first_run, size_t first_item, struct gfs_triple *expected, size_t count)
{
	struct gfs_merge *merge;
	struct gfs_triple got;
	qsort(expected, count, sizeof *expected, compare);
	OK(gfs_merge_begin(&sorter, first_run, first_item, &merge));
	for (size_t i = 0; i < count; i++) {
		OK(gfs_merge_next(merge, &got));
		assert_memory_equal(&got, &expected[i], sizeof got);
	}
	assert_int_equal(gfs_merge_next(merge, &got), GFS_ERR_NOTFOUND);
	gfs_merge_end(merge);
}

static void gather(struct gfs_triple *all, size_t runs, size_t size, size_t rest)
{
	for (size_t i = 0; i < runs * size + rest; i++) {
		all[i] = random_triple();
		OK(gfs_sorter_add(&sorter, all[i]));
		if (i / size < runs && i % size == size - 1)
			OK(gfs_sorter_write_run(&sorter));
	}
	assert_int_equal(sorter.run_count, runs);
	assert_int_equal(sorter.count, rest);
}

/* `runs` runs of `size` items and `rest` in memory: all of them, then all but some runs and some in memory. */
static void check(size_t runs, size_t size, size_t rest)
{
	size_t count = runs * size + rest, skip_runs = runs / 2, skip_items = rest / 3;
	struct gfs_triple *all = calloc(count, sizeof *all), *part = calloc(count, sizeof *part);
	assert_true(all != NULL && part != NULL);
	gather(all, runs, size, rest);
	memcpy(part, all, count * sizeof *all);
	check_merge(0, 0, part, count);
	size_t left = (runs - skip_runs) * size;
	memcpy(part, all + skip_runs * size, left * sizeof *all);
	memcpy(part + left, all + runs * size + skip_items, (rest - skip_items) * sizeof *all);
	check_merge(skip_runs, skip_items, part, left + rest - skip_items);
	free(all);
	free(part);
	gfs_sorter_release(&sorter);
}

static struct gfs_io_verdict fail_one(void *context, const struct gfs_io_event *event)
{
	enum gfs_io_op *op = context;
	return (struct gfs_io_verdict){ .error = event->op == *op ? EIO : 0 };
}

static void test_io_errors(void **state)
{
	struct gfs_merge *merge;
	struct gfs_triple got;
	enum gfs_io_op op = GFS_IO_WRITE;
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		OK(gfs_sorter_add(&sorter, random_triple()));
	gfs_io_set_hook(fail_one, &op);
	assert_int_equal(gfs_sorter_write_run(&sorter), GFS_ERR_IO);
	op = GFS_IO_OPEN;
	gfs_sorter_release(&sorter);
	OK(gfs_sorter_add(&sorter, random_triple()));
	assert_int_equal(gfs_sorter_write_run(&sorter), GFS_ERR_IO);
	gfs_io_set_hook(NULL, NULL);
	for (unsigned i = 0; i < 5000; i++)
		OK(gfs_sorter_add(&sorter, random_triple()));
	OK(gfs_sorter_write_run(&sorter));
	OK(gfs_merge_begin(&sorter, 0, 0, &merge));
	op = GFS_IO_READ;
	gfs_io_set_hook(fail_one, &op);
	int err = 0;
	for (unsigned i = 0; i < 5000 && err == 0; i++)
		err = gfs_merge_next(merge, &got);
	gfs_io_set_hook(NULL, NULL);
	assert_int_equal(err, GFS_ERR_IO);
	gfs_merge_end(merge);
}

static void test_merge(void **state)
{
	(void)state;
	check(0, 1, 100);
	check(0, 1, 30000);
	check(3, 1, 0);
	check(40, 700, 333);
	check(2, 50000, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_merge, setup, teardown),
		cmocka_unit_test_setup_teardown(test_io_errors, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
