/* The bump allocator: alignment, contents, growth, big objects, clearing. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_objects_are_apart_and_aligned(void **state)
{
	(void)state;
	enum { OBJECTS = 3000 };
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	static uint8_t *objects[OBJECTS];
	for (size_t i = 0; i < OBJECTS; i++) {
		objects[i] = gfs_arena_alloc(&arena, i);
		assert_non_null(objects[i]);
		assert_int_equal((uintptr_t)objects[i] % 16, 0);
		memset(objects[i], (int)(i % 251), i);
	}
	for (size_t i = 0; i < OBJECTS; i++) {
		for (size_t k = 0; k < i; k++)
			assert_int_equal(objects[i][k], i % 251);
	}
	/* Doubling wastes no more than it uses. */
	assert_in_range(arena.bytes, OBJECTS * (OBJECTS - 1) / 2, 2 * OBJECTS * OBJECTS / 2 + (1 << 20));
}

static void test_a_big_object_keeps_the_block_in_use(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	uint8_t *first = gfs_arena_alloc(&arena, 16);
	uint8_t *big = gfs_arena_alloc(&arena, 3 << 20);
	uint8_t *second = gfs_arena_alloc(&arena, 16);
	assert_non_null(big);
	memset(big, 1, 3 << 20);
	assert_ptr_equal(second, first + 16);
}

static void test_clear_keeps_one_block(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	gfs_arena_clear(&arena);
	for (int i = 0; i < 100; i++)
		assert_non_null(gfs_arena_alloc(&arena, 1000));
	gfs_arena_clear(&arena);
	size_t kept = arena.bytes;
	assert_in_range(kept, 1000, 1 << 20);
	assert_non_null(gfs_arena_alloc(&arena, 1000));
	assert_int_equal(arena.bytes, kept);
	gfs_arena_release(&arena);
	/* A block that one big object asked for is not kept. */
	assert_non_null(gfs_arena_alloc(&arena, 3 << 20));
	gfs_arena_clear(&arena);
	assert_int_equal(arena.bytes, 0);
}

static void test_sizes_that_cannot_be(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	assert_null(gfs_arena_alloc(&arena, SIZE_MAX));
	assert_null(gfs_arena_alloc(&arena, SIZE_MAX - 16));
	assert_int_equal(arena.bytes, 0);
	assert_non_null(gfs_arena_alloc(&arena, 0));
}

static void test_copy(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_slice copy = gfs_arena_copy(&arena, gfs_slice("ab\0c", 4));
	assert_int_equal(copy.size, 4);
	assert_memory_equal(copy.data, "ab\0c", 4);
	copy = gfs_arena_copy(&arena, gfs_slice(NULL, 0));
	assert_non_null(copy.data);
	assert_int_equal(copy.size, 0);
}

static void test_a_budget_is_shared(void **state)
{
	(void)state;
	struct gfs_arena_budget budget = { .max = 64 << 10 };
	GFS_AUTO_ARENA a = { .budget = &budget };
	GFS_AUTO_ARENA b = { .budget = &budget };
	assert_non_null(gfs_arena_alloc(&a, 40 << 10));
	assert_false(budget.refused);
	assert_null(gfs_arena_alloc(&b, 40 << 10));
	assert_true(budget.refused);
	gfs_arena_release(&a);
	assert_int_equal(budget.used, b.bytes);
	assert_non_null(gfs_arena_alloc(&b, 40 << 10));
	gfs_arena_clear(&b);
	assert_int_equal(budget.used, b.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects_are_apart_and_aligned),
		cmocka_unit_test(test_a_big_object_keeps_the_block_in_use),
		cmocka_unit_test(test_clear_keeps_one_block),
		cmocka_unit_test(test_sizes_that_cannot_be),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_a_budget_is_shared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
