/* base/map against arrays that do the same slowly. */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { KEYS = 600, STEPS = 60000 };

struct model {
	bool present[KEYS];
	uint64_t value[KEYS];
	size_t count;
};

/* Keys that are near each other, far from each other, 0 and the largest. */
static uint64_t key_of(int i)
{
	if (i % 3 == 0)
		return (uint64_t)i;
	if (i % 3 == 1)
		return UINT64_MAX - (uint64_t)i + 1;
	return (uint64_t)i << 40;
}

static void check_u64map_iteration(const struct gfs_u64map *map, const struct model *model)
{
	size_t at = 0;
	size_t seen = 0;
	uint64_t key;
	uint64_t value;
	while (gfs_u64map_next(map, &at, &key, &value)) {
		int i = 0;
		while (i < KEYS && key_of(i) != key)
			i++;
		assert_true(i < KEYS && model->present[i] && model->value[i] == value);
		seen++;
	}
	assert_int_equal(seen, model->count);
	assert_int_equal(map->count, model->count);
}

static void test_u64map_model(void **state)
{
	(void)state;
	static struct model model;
	struct gfs_u64map map = GFS_U64MAP_INIT;
	uint64_t value;
	assert_false(gfs_u64map_get(&map, 0, &value));
	assert_false(gfs_u64map_remove(&map, 0));
	srand(2);
	for (int step = 0; step < STEPS; step++) {
		int i = rand() % KEYS;
		if (rand() % 2 == 0) {
			uint64_t v = (uint64_t)rand();
			assert_int_equal(gfs_u64map_set(&map, key_of(i), v), 0);
			model.count += !model.present[i];
			model.present[i] = true;
			model.value[i] = v;
		} else {
			assert_int_equal(gfs_u64map_remove(&map, key_of(i)), model.present[i]);
			model.count -= model.present[i];
			model.present[i] = false;
		}
		int other = rand() % KEYS;
		assert_int_equal(gfs_u64map_get(&map, key_of(other), &value), model.present[other]);
		if (model.present[other])
			assert_true(value == model.value[other]);
		if (step % 5000 == 0)
			check_u64map_iteration(&map, &model);
	}
	check_u64map_iteration(&map, &model);
	gfs_u64map_release(&map);
	assert_int_equal(map.count, 0);
}

/* Adding and removing for ever must not grow the table: deleted slots are swept. */
static void test_u64map_churn(void **state)
{
	(void)state;
	struct gfs_u64map map = GFS_U64MAP_INIT;
	for (uint64_t i = 0; i < 100000; i++) {
		assert_int_equal(gfs_u64map_set(&map, i, i), 0);
		assert_true(gfs_u64map_remove(&map, i));
	}
	assert_int_equal(map.count, 0);
	assert_true(map.capacity <= 64);
	gfs_u64map_release(&map);
}

static struct gfs_slice text_of(int i, char text[32])
{
	int size = i == 0 ? 0 : snprintf(text, 32, "%.*s%d", i % 9, "a\tb c/d%e", i);
	return gfs_slice(text, (size_t)size);
}

static void test_strmap_model(void **state)
{
	(void)state;
	static struct model model;
	static struct gfs_slice copies[KEYS];
	struct gfs_strmap map = GFS_STRMAP_INIT;
	char text[32];
	uint64_t value;
	assert_false(gfs_strmap_get(&map, gfs_slice_text("x"), &value));
	assert_false(gfs_strmap_remove(&map, gfs_slice_text("x")));
	srand(3);
	for (int step = 0; step < STEPS; step++) {
		int i = rand() % KEYS;
		struct gfs_slice key = text_of(i, text);
		if (rand() % 2 == 0) {
			uint64_t v = (uint64_t)rand();
			struct gfs_slice copy;
			assert_int_equal(gfs_strmap_set(&map, key, v, &copy), 0);
			assert_true(gfs_slice_equal(copy, key));
			assert_true(!model.present[i] || copy.data == copies[i].data); /* it never moves */
			copies[i] = copy;
			model.count += !model.present[i];
			model.present[i] = true;
			model.value[i] = v;
		} else {
			assert_int_equal(gfs_strmap_remove(&map, key), model.present[i]);
			model.count -= model.present[i];
			model.present[i] = false;
		}
		int other = rand() % KEYS;
		assert_int_equal(gfs_strmap_get(&map, text_of(other, text), &value), model.present[other]);
		if (model.present[other]) {
			assert_true(value == model.value[other]);
			assert_true(gfs_slice_equal(copies[other], text_of(other, text)));
		}
		assert_int_equal(map.count, model.count);
	}
	gfs_strmap_release(&map);
	assert_int_equal(map.count, 0);
}

static void test_strmap_long_keys(void **state)
{
	(void)state;
	struct gfs_strmap map = GFS_STRMAP_INIT;
	static char key[100001];
	memset(key, 'k', sizeof key);
	for (size_t size = 1; size <= 100000; size *= 10)
		assert_int_equal(gfs_strmap_set(&map, gfs_slice(key, size), size, NULL), 0);
	for (size_t size = 1; size <= 100000; size *= 10) {
		uint64_t value;
		assert_true(gfs_strmap_get(&map, gfs_slice(key, size), &value));
		assert_int_equal(value, size);
		assert_false(gfs_strmap_get(&map, gfs_slice(key, size + 1), &value));
	}
	gfs_strmap_release(&map);
}

/* An import that failed took its new names back from the catalog, and their bytes stayed for the life of the mount: 2 MB for each
 * attempt with 2,000 names. Keys removed newest first must leave their room. */
static void test_strmap_gives_room_back(void **state)
{
	(void)state;
	enum { KEYS_A_ROUND = 500, KEY_BYTES = 1000 };
	struct gfs_strmap map = GFS_STRMAP_INIT;
	char key[KEY_BYTES];
	struct gfs_slice slice = gfs_slice(key, sizeof key);
	const uint8_t *first = NULL;
	memset(key, 'k', sizeof key);
	assert_int_equal(gfs_strmap_set(&map, gfs_slice_text("stays"), 1, NULL), 0);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < KEYS_A_ROUND; i++) {
			struct gfs_slice copy;
			memcpy(key, &i, sizeof i);
			assert_int_equal(gfs_strmap_set(&map, slice, 2, &copy), 0);
			first = round == 0 && i == 0 ? copy.data : first;
			assert_true(i != 0 || copy.data == first);
		}
		for (int i = KEYS_A_ROUND - 1; i >= 0; i--) {
			memcpy(key, &i, sizeof i);
			assert_true(gfs_strmap_remove(&map, slice));
		}
		assert_true(gfs_strmap_get(&map, gfs_slice_text("stays"), NULL));
	}
	gfs_strmap_release(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64map_model),
		cmocka_unit_test(test_u64map_churn),
		cmocka_unit_test(test_strmap_model),
		cmocka_unit_test(test_strmap_long_keys),
		cmocka_unit_test(test_strmap_gives_room_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
