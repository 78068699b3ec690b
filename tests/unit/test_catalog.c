/* The catalog: names and ids, what aborts take back, what checkpoints keep, rows that no store of ours writes. */
#include "rows_store.h"

#include "store/kv.h"

static uint16_t add(struct rows *r, struct gfs_txn *txn, enum gfs_catalog_kind kind, const char *name)
{
	uint16_t id = 0;
	assert_int_equal(gfs_catalog_add(txn, r->catalog, kind, gfs_slice_text(name), &id), 0);
	return id;
}

static struct gfs_catalog_entry get(struct rows *r, enum gfs_catalog_kind kind, uint16_t id)
{
	struct gfs_catalog_entry e;
	assert_int_equal(gfs_catalog_get(r->catalog, kind, id, &e), 0);
	return e;
}

static void assert_name(struct gfs_slice got, const char *name)
{
	assert_int_equal(got.size, strlen(name));
	assert_memory_equal(got.data, name, got.size);
}

static void test_names(void **state)
{
	struct rows *r = *state;
	uint16_t id;
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(add(r, txn, GFS_CATALOG_LABEL, "Person"), 1);
	assert_int_equal(add(r, txn, GFS_CATALOG_LABEL, "Movie"), 2);
	assert_int_equal(add(r, txn, GFS_CATALOG_TYPE, "Person"), 1);
	assert_int_equal(add(r, txn, GFS_CATALOG_KEY, "name"), 1);
	assert_int_equal(gfs_catalog_add(txn, r->catalog, GFS_CATALOG_LABEL, gfs_slice_text("Movie"), &id), GFS_ERR_EXISTS);
	rows_commit(txn);
	assert_int_equal(gfs_catalog_find(r->catalog, GFS_CATALOG_LABEL, gfs_slice_text("Movie"), &id), 0);
	assert_int_equal(id, 2);
	assert_int_equal(gfs_catalog_find(r->catalog, GFS_CATALOG_TYPE, gfs_slice_text("Movie"), &id), GFS_ERR_NOTFOUND);
	struct gfs_catalog_entry e;
	assert_int_equal(gfs_catalog_next(r->catalog, GFS_CATALOG_LABEL, 0, &e), 0);
	assert_name(e.name, "Person");
	assert_int_equal(gfs_catalog_next(r->catalog, GFS_CATALOG_LABEL, 2, &e), 0);
	assert_name(e.name, "Movie");
	assert_int_equal(gfs_catalog_next(r->catalog, GFS_CATALOG_LABEL, 3, &e), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_catalog_get(r->catalog, GFS_CATALOG_LABEL, 0, &e), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_catalog_get(r->catalog, GFS_CATALOG_LABEL, 65535, &e), GFS_ERR_NOTFOUND);
}

static void test_counts_and_versions(void **state)
{
	struct rows *r = *state;
	struct gfs_txn *txn = rows_begin(r);
	uint16_t id = add(r, txn, GFS_CATALOG_KEY, "age");
	struct gfs_catalog_entry before = get(r, GFS_CATALOG_KEY, id);
	assert_int_equal(before.mtime_ns, gfs_txn_time_ns(txn));
	rows_commit(txn);
	txn = rows_begin(r);
	assert_int_equal(gfs_catalog_count(txn, r->catalog, GFS_CATALOG_KEY, id, 5), 0);
	assert_int_equal(gfs_catalog_count(txn, r->catalog, GFS_CATALOG_KEY, id, -2), 0);
	assert_int_equal(gfs_catalog_touch(txn, r->catalog, GFS_CATALOG_KEY, id), 0);
	assert_int_equal(gfs_catalog_set_made(txn, r->catalog, GFS_CATALOG_KEY, id, true), 0);
	struct gfs_catalog_entry e = get(r, GFS_CATALOG_KEY, id);
	assert_int_equal(e.count, 3);
	assert_int_equal(e.version, before.version + 4);
	assert_int_equal(e.mtime_ns, gfs_txn_time_ns(txn));
	assert_true(e.made);
	assert_int_equal(gfs_catalog_count(txn, r->catalog, GFS_CATALOG_KEY, id, -4), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_catalog_count(txn, r->catalog, GFS_CATALOG_KEY, id, INT64_MIN), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_catalog_set_count(txn, r->catalog, GFS_CATALOG_KEY, id, UINT64_MAX), 0);
	assert_int_equal(gfs_catalog_count(txn, r->catalog, GFS_CATALOG_KEY, id, 1), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_catalog_count(txn, r->catalog, GFS_CATALOG_KEY, 2, 1), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_catalog_touch(txn, r->catalog, GFS_CATALOG_KEY, 0), GFS_ERR_NOTFOUND);
	gfs_txn_abort(txn);
	e = get(r, GFS_CATALOG_KEY, id);
	assert_int_equal(e.count, 0);
	assert_int_equal(e.mtime_ns, before.mtime_ns);
	assert_false(e.made);
	assert_true(e.version > before.version);
}

static void test_abort_takes_names_back(void **state)
{
	struct rows *r = *state;
	uint16_t found;
	char name[32];
	struct gfs_txn *txn = rows_begin(r);
	uint16_t old = add(r, txn, GFS_CATALOG_LABEL, "old");
	rows_commit(txn);
	txn = rows_begin(r);
	for (unsigned i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof name, "gone %u", i);
		uint16_t id = add(r, txn, GFS_CATALOG_LABEL, name);
		assert_int_equal(gfs_catalog_count(txn, r->catalog, GFS_CATALOG_LABEL, i % 2 ? id : old, 1), 0);
	}
	uint64_t version = get(r, GFS_CATALOG_LABEL, 2).version;
	gfs_txn_abort(txn);
	assert_int_equal(
		gfs_catalog_find(r->catalog, GFS_CATALOG_LABEL, gfs_slice_text("gone 7"), &found), GFS_ERR_NOTFOUND);
	assert_int_equal(get(r, GFS_CATALOG_LABEL, old).count, 0);
	/* A checkpoint now must not write the ghosts. */
	assert_int_equal(gfs_store_checkpoint(r->store), 0);
	txn = rows_begin(r);
	assert_int_equal(add(r, txn, GFS_CATALOG_LABEL, "new"), 2);
	struct gfs_catalog_entry e = get(r, GFS_CATALOG_LABEL, 2);
	assert_int_equal(e.count, 0);
	assert_true(e.version > version);
	rows_commit(txn);
	rows_reopen(r);
	assert_name(get(r, GFS_CATALOG_LABEL, 1).name, "old");
	assert_name(get(r, GFS_CATALOG_LABEL, 2).name, "new");
	assert_int_equal(gfs_catalog_get(r->catalog, GFS_CATALOG_LABEL, 3, &e), GFS_ERR_NOTFOUND);
}

static void test_reopen(void **state)
{
	struct rows *r = *state;
	enum { COUNT = 1000 };
	char name[32];
	struct gfs_txn *txn = rows_begin(r);
	uint64_t time_ns = gfs_txn_time_ns(txn);
	for (unsigned i = 1; i <= COUNT; i++) {
		(void)snprintf(name, sizeof name, "schlüssel %u", i);
		uint16_t id = add(r, txn, GFS_CATALOG_KEY, name);
		assert_int_equal(gfs_catalog_count(txn, r->catalog, GFS_CATALOG_KEY, id, i), 0);
		assert_int_equal(gfs_catalog_set_made(txn, r->catalog, GFS_CATALOG_KEY, id, i % 2 == 0), 0);
	}
	rows_commit(txn);
	rows_reopen(r);
	txn = rows_begin(r);
	assert_int_equal(gfs_catalog_count(txn, r->catalog, GFS_CATALOG_KEY, 10, 1), 0);
	rows_commit(txn);
	rows_reopen(r);
	for (uint16_t i = 1; i <= COUNT; i++) {
		struct gfs_catalog_entry e = get(r, GFS_CATALOG_KEY, i);
		(void)snprintf(name, sizeof name, "schlüssel %u", i);
		assert_name(e.name, name);
		assert_int_equal(e.count, i == 10 ? 11 : i);
		assert_int_equal(e.made, i % 2 == 0);
		if (i == 10)
			assert_true(e.mtime_ns > time_ns);
		else
			assert_true(e.mtime_ns == time_ns);
	}
}

static void test_limit(void **state)
{
	struct rows *r = *state;
	uint16_t id;
	char name[32];
	struct gfs_txn *txn = rows_begin(r);
	for (unsigned i = 1; i <= GFS_NAME_ID_MAX; i++) {
		(void)snprintf(name, sizeof name, "%u", i);
		assert_int_equal(add(r, txn, GFS_CATALOG_TYPE, name), i);
	}
	assert_int_equal(gfs_catalog_add(txn, r->catalog, GFS_CATALOG_TYPE, gfs_slice_text("x"), &id), GFS_ERR_LIMIT);
	assert_int_equal(get(r, GFS_CATALOG_TYPE, GFS_NAME_ID_MAX).id, GFS_NAME_ID_MAX);
	rows_commit(txn);
	rows_reopen(r);
	assert_name(get(r, GFS_CATALOG_TYPE, GFS_NAME_ID_MAX).name, "65535");
	struct gfs_catalog_entry e;
	assert_int_equal(gfs_catalog_next(r->catalog, GFS_CATALOG_TYPE, GFS_NAME_ID_MAX, &e), 0);
}

struct bad {
	const char *key;
	size_t key_size;
	const char *tail; /* flags and name */
	size_t tail_size;
};

static void test_hostile(void **state)
{
	struct rows *r = *state;
	static char longest[1100] = { 0 };
	memset(longest + 1, 'x', sizeof longest - 1);
	const struct bad bad[] = {
		{ "\1\0\2", 3, "\0y", 2 },                              /* a gap */
		{ "\0\0\1", 3, "\0y", 2 },                              /* kinds */
		{ "\4\0\1", 3, "\0y", 2 }, { "\1\0", 2, "\0y", 2 },     /* keys of a wrong size */
		{ "\1\0\1\0", 4, "\0y", 2 }, { "\1\0\0", 3, "\0y", 2 }, /* id 0 */
		{ "\1\0\1", 3, "\0", 1 },                               /* no name */
		{ "\1\0\1", 3, "", 0 },                                 /* no flags */
		{ "\1\0\1", 3, "\2y", 2 },                              /* unknown flags */
		{ "\1\0\1", 3, "\0y\0z", 4 },                           /* NUL */
		{ "\1\0\1", 3, "\0\xc3", 2 },                           /* not UTF-8 */
		{ "\1\0\1", 3, longest, 1026 },                         /* too long */
	};
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct gfs_catalog *catalog = NULL;
		uint8_t value[1200] = { 0 };
		memcpy(value + 16, bad[i].tail, bad[i].tail_size);
		struct gfs_txn *txn = rows_begin(r);
		assert_int_equal(gfs_kv_put(gfs_store_kv(r->store), gfs_txn_undo(txn), GFS_KV_CATALOG,
							 gfs_slice(bad[i].key, bad[i].key_size), gfs_slice(value, 16 + bad[i].tail_size)),
			0);
		assert_int_equal(gfs_catalog_open(r->store, &catalog), GFS_ERR_CORRUPT);
		assert_null(catalog);
		gfs_txn_abort(txn);
	}
	/* A name under two ids. */
	struct gfs_catalog *catalog;
	uint8_t value[18] = { [17] = 'y' };
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(gfs_kv_put(gfs_store_kv(r->store), gfs_txn_undo(txn), GFS_KV_CATALOG, gfs_slice("\1\0\1", 3),
						 gfs_slice(value, 18)),
		0);
	assert_int_equal(gfs_kv_put(gfs_store_kv(r->store), gfs_txn_undo(txn), GFS_KV_CATALOG, gfs_slice("\1\0\2", 3),
						 gfs_slice(value, 18)),
		0);
	assert_int_equal(gfs_catalog_open(r->store, &catalog), GFS_ERR_CORRUPT);
	gfs_txn_abort(txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(test_names),
		ROWS_TEST(test_counts_and_versions),
		ROWS_TEST(test_abort_takes_names_back),
		ROWS_TEST(test_reopen),
		ROWS_TEST(test_limit),
		ROWS_TEST(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
