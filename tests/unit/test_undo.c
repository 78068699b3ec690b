/* store/undo: newest first, marks, alignment, sizes around a block's edge, no memory kept for ever. */
#include "store/undo.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct trace {
	uint64_t expected; /* the number of the record that must come next; they are undone downward */
	size_t undone;
};

static size_t size_of(uint64_t n)
{
	static const size_t edges[] = { 8, 9, 15, 16, 100, 1000, 4096, 65536 - 32, 65536 - 31, 65536, 200000 };
	return n % 97 == 0 ? edges[n / 97 % (sizeof edges / sizeof *edges)] : 8 + n % 64;
}

static void undo_one(void *context, void *data, size_t size)
{
	struct trace *t = context;
	uint64_t n;
	assert_int_equal((uintptr_t)data % 8, 0);
	memcpy(&n, data, sizeof n);
	assert_int_equal(n, t->expected);
	assert_int_equal(size, size_of(n));
	for (size_t i = 8; i < size; i++)
		assert_int_equal(((uint8_t *)data)[i], (uint8_t)(n + i));
	t->expected--;
	t->undone++;
}

static void push(struct gfs_undo *undo, struct trace *t, uint64_t n)
{
	void *data = NULL;
	assert_int_equal(gfs_undo_push(undo, undo_one, t, size_of(n), &data), 0);
	memcpy(data, &n, sizeof n);
	for (size_t i = 8; i < size_of(n); i++)
		((uint8_t *)data)[i] = (uint8_t)(n + i);
}

static void test_newest_first(void **state)
{
	struct gfs_undo *undo = NULL;
	struct trace t = { 0 };
	(void)state;
	assert_int_equal(gfs_undo_new(&undo), 0);
	assert_int_equal(gfs_undo_mark(undo), 0);
	for (uint64_t n = 0; n < 5000; n++)
		push(undo, &t, n);
	t.expected = 4999;
	gfs_undo_rollback(undo, 0);
	assert_int_equal(t.undone, 5000);
	gfs_undo_rollback(undo, 0);
	assert_int_equal(t.undone, 5000);
	gfs_undo_free(undo);
	gfs_undo_free(NULL);
}

static void test_marks(void **state)
{
	struct gfs_undo *undo = NULL;
	struct trace t = { 0 };
	uint64_t next = 0;
	unsigned seed = 1;
	size_t marks[64];
	uint64_t numbers[64];
	(void)state;
	assert_int_equal(gfs_undo_new(&undo), 0);
	for (int round = 0; round < 2000; round++) {
		size_t depth = 1 + (size_t)rand_r(&seed) % 64;
		for (size_t d = 0; d < depth; d++) {
			marks[d] = gfs_undo_mark(undo);
			numbers[d] = next;
			for (int i = rand_r(&seed) % 20; i > 0; i--)
				push(undo, &t, next++);
		}
		size_t back = (size_t)rand_r(&seed) % depth;
		t.expected = next - 1;
		gfs_undo_rollback(undo, marks[back]);
		next = numbers[back];
		assert_int_equal(gfs_undo_mark(undo), marks[back]);
		if (rand_r(&seed) % 4 == 0) {
			gfs_undo_clear(undo);
			next = 0;
			assert_int_equal(gfs_undo_mark(undo), 0);
		}
	}
	gfs_undo_free(undo);
}

static void test_empty_record_and_too_large(void **state)
{
	struct gfs_undo *undo = NULL;
	void *data = NULL;
	(void)state;
	assert_int_equal(gfs_undo_new(&undo), 0);
	assert_int_equal(gfs_undo_push(undo, undo_one, NULL, 0, &data), 0);
	assert_non_null(data);
	assert_int_equal(gfs_undo_push(undo, undo_one, NULL, SIZE_MAX - 3, &data), GFS_ERR_NOMEM);
	assert_int_equal(gfs_undo_push(undo, undo_one, NULL, SIZE_MAX / 2 + 1, &data), GFS_ERR_NOMEM);
	assert_int_equal(gfs_undo_mark(undo), 1);
	gfs_undo_clear(undo);
	gfs_undo_free(undo);
}

/* The same transaction over and over takes no more memory than once. */
static void test_steady_memory(void **state)
{
	struct gfs_undo *undo = NULL;
	struct trace t = { 0 };
	size_t first = 0;
	(void)state;
	assert_int_equal(gfs_undo_new(&undo), 0);
	for (int round = 0; round < 100; round++) {
		for (uint64_t n = 0; n < 3000; n++)
			push(undo, &t, n);
		gfs_undo_clear(undo);
		struct mallinfo2 m = mallinfo2();
		if (round == 1)
			first = m.uordblks + m.hblkhd;
		if (round > 1)
			assert_int_equal(m.uordblks + m.hblkhd, first);
	}
	gfs_undo_free(undo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_newest_first),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_empty_record_and_too_large),
		cmocka_unit_test(test_steady_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
