/* index/keys: node keys to ids. */
#include "index_store.h"

#include "base/limits.h"
#include "index/keys.h"

#include <string.h>

static struct test_store t;

static int setup(void **state)
{
	(void)state;
	test_store_create(&t);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_store_destroy(&t);
	return 0;
}

static int find(const void *key, size_t size, uint64_t *ret_node)
{
	gfs_store_read_begin(t.store);
	int err = gfs_keys_find(t.store, gfs_slice(key, size), ret_node);
	gfs_store_read_end(t.store);
	return err;
}

static void add(const void *key, size_t size, uint64_t node)
{
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_keys_add(txn, gfs_slice(key, size), node), 0);
	test_commit(txn);
}

static void assert_found(const void *key, size_t size, uint64_t expected)
{
	uint64_t node = 0;
	assert_int_equal(find(key, size, &node), 0);
	assert_int_equal(node, expected);
}

static void test_add_find_remove(void **state)
{
	(void)state;
	uint64_t node;
	assert_int_equal(find("Lennart Carlson", 15, &node), GFS_ERR_NOTFOUND);
	add("Lennart Carlson", 15, 7);
	add("Lennart", 7, GFS_ID_MAX);
	assert_found("Lennart Carlson", 15, 7);
	assert_found("Lennart", 7, GFS_ID_MAX);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_keys_add(txn, gfs_slice_text("Lennart"), 3), GFS_ERR_EXISTS);
	assert_int_equal(gfs_keys_remove(txn, gfs_slice_text("Lennart")), 0);
	assert_int_equal(gfs_keys_remove(txn, gfs_slice_text("Lennart")), GFS_ERR_NOTFOUND);
	test_commit(txn);
	assert_int_equal(find("Lennart", 7, &node), GFS_ERR_NOTFOUND);
	assert_found("Lennart Carlson", 15, 7);
}

static void test_sizes_that_have_no_stored_form(void **state)
{
	(void)state;
	static const char big[GFS_KEY_BYTES_MAX + 1];
	uint64_t node;
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_keys_add(txn, gfs_slice("", 0), 1), GFS_ERR_INVALID);
	assert_int_equal(gfs_keys_add(txn, gfs_slice(big, sizeof big), 1), GFS_ERR_INVALID);
	assert_int_equal(gfs_keys_remove(txn, gfs_slice(big, sizeof big)), GFS_ERR_INVALID);
	gfs_txn_abort(txn);
	assert_int_equal(find("", 0, &node), GFS_ERR_INVALID);
}

/* Every size around the one where keys become hashed, and long ones that differ in the last byte only. */
static void test_long_keys(void **state)
{
	(void)state;
	uint8_t key[GFS_KEY_BYTES_MAX];
	memset(key, 'k', sizeof key);
	for (size_t size = GFS_KEYS_PLAIN_MAX - 3; size <= GFS_KEYS_PLAIN_MAX + 40; size++)
		add(key, size, size);
	add(key, sizeof key, 1);
	key[sizeof key - 1] = 'x';
	add(key, sizeof key, 2);
	key[sizeof key - 1] = 'k';
	for (size_t size = GFS_KEYS_PLAIN_MAX - 3; size <= GFS_KEYS_PLAIN_MAX + 40; size++)
		assert_found(key, size, size);
	assert_found(key, sizeof key, 1);
	key[sizeof key - 1] = 'x';
	assert_found(key, sizeof key, 2);
}

/* Zeros, slashes and high bytes are bytes like any other. */
static void test_binary_keys(void **state)
{
	(void)state;
	uint64_t node;
	uint8_t key[2];
	for (unsigned i = 0; i < 256; i++) {
		key[0] = (uint8_t)i;
		key[1] = 0;
		add(key, 1, 1 + i);
		add(key, 2, 1001 + i);
	}
	for (unsigned i = 0; i < 256; i++) {
		key[0] = (uint8_t)i;
		key[1] = 0;
		assert_found(key, 1, 1 + i);
		assert_found(key, 2, 1001 + i);
		key[1] = 1;
		assert_int_equal(find(key, 2, &node), GFS_ERR_NOTFOUND);
	}
}

static void test_abort_and_reopen(void **state)
{
	(void)state;
	uint64_t node;
	add("stays", 5, 1);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_keys_remove(txn, gfs_slice_text("stays")), 0);
	assert_int_equal(gfs_keys_add(txn, gfs_slice_text("goes"), 2), 0);
	gfs_txn_abort(txn);
	assert_found("stays", 5, 1);
	assert_int_equal(find("goes", 4, &node), GFS_ERR_NOTFOUND);
	test_store_close(&t);
	test_store_open(&t);
	assert_found("stays", 5, 1);
	assert_int_equal(find("goes", 4, &node), GFS_ERR_NOTFOUND);
}

struct seen {
	unsigned count, stop_at;
	uint8_t before[GFS_KV_KEY_BYTES_MAX];
	size_t before_size;
	uint64_t sum, damaged;
};

static int see(void *context, struct gfs_slice key, uint64_t node)
{
	struct seen *seen = context;
	size_t common = key.size < seen->before_size ? key.size : seen->before_size;
	int order = memcmp(seen->before, key.data, common);
	assert_true(order < 0 || (order == 0 && seen->before_size < key.size));
	memcpy(seen->before, key.data, key.size);
	seen->before_size = key.size;
	seen->sum += node;
	seen->damaged += node == GFS_ID_NONE;
	return ++seen->count == seen->stop_at ? GFS_ERR_INTERRUPTED : 0;
}

static int each(struct seen *seen)
{
	gfs_store_read_begin(t.store);
	int err = gfs_keys_each(t.store, see, seen);
	gfs_store_read_end(t.store);
	return err;
}

static void test_each(void **state)
{
	(void)state;
	struct seen seen = { 0 };
	char key[16];
	assert_int_equal(each(&seen), 0);
	assert_int_equal(seen.count, 0);
	for (unsigned i = 1; i <= 100; i++) {
		(void)snprintf(key, sizeof key, "%u", i);
		add(key, strlen(key), i);
	}
	seen = (struct seen){ 0 };
	assert_int_equal(each(&seen), 0);
	assert_int_equal(seen.count, 100);
	assert_int_equal(seen.sum, 5050);
	seen = (struct seen){ .stop_at = 3 };
	assert_int_equal(each(&seen), GFS_ERR_INTERRUPTED);
	assert_int_equal(seen.count, 3);
}

static void test_damaged_value(void **state)
{
	(void)state;
	uint64_t node;
	const uint8_t short_value[5] = { 1 }, zero[6] = { 0 }, large[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	const struct gfs_slice damaged[] = { gfs_slice(short_value, 5), gfs_slice(zero, 6), gfs_slice(large, 6) };
	for (size_t i = 0; i < 3; i++) {
		struct gfs_txn *txn = test_begin(&t);
		assert_int_equal(
			gfs_kv_put(gfs_store_kv(t.store), gfs_txn_undo(txn), GFS_KV_KEYS, gfs_slice_text("k"), damaged[i]), 0);
		test_commit(txn);
		assert_int_equal(find("k", 1, &node), GFS_ERR_CORRUPT);
		struct seen seen = { 0 };
		assert_int_equal(each(&seen), 0);
		assert_int_equal(seen.damaged, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_add_find_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sizes_that_have_no_stored_form, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_binary_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abort_and_reopen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_value, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
