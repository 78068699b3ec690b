/* A store in a folder of its own, with a catalog, for the tests of heap, blobs, records and catalog. */
#ifndef TEST_ROWS_STORE_H
#define TEST_ROWS_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/catalog.h"
#include "store/store.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rows {
	char path[64];
	struct gfs_store *store;
	struct gfs_catalog *catalog;
	uint64_t seed;
};

static inline int rows_freeze(void *context, struct gfs_store *store)
{
	struct rows *r = context;
	size_t max = SIZE_MAX;
	return gfs_catalog_before_freeze(r->catalog, store, &max);
}

/* The tests checkpoint before they close: there is nothing to replay. */
static inline int rows_replay(void *context, struct gfs_txn *txn, struct gfs_slice payload)
{
	(void)context;
	(void)txn;
	(void)payload;
	return 0;
}

static inline void rows_open(struct rows *r)
{
	struct gfs_message message = { 0 };
	struct gfs_store_opts opts = { .checkpoint_interval_ms = UINT_MAX, .dirty_bytes_max = UINT64_C(1) << 32 };
	struct gfs_store_hooks hooks = { .replay = rows_replay, .before_freeze = rows_freeze, .context = r };
	if (gfs_store_open(r->path, &opts, &r->store, &message) != 0)
		fail_msg("open: %s", message.text);
	assert_int_equal(gfs_catalog_open(r->store, &r->catalog), 0);
	if (gfs_store_recover(r->store, &hooks, &message) != 0)
		fail_msg("recover: %s", message.text);
}

static inline void rows_close(struct rows *r)
{
	assert_int_equal(gfs_store_close(r->store), 0);
	gfs_catalog_free(r->catalog);
	r->store = NULL;
	r->catalog = NULL;
}

static inline void rows_reopen(struct rows *r)
{
	rows_close(r);
	rows_open(r);
}

static inline int rows_setup(void **state)
{
	struct gfs_message message = { 0 };
	struct rows *r = calloc(1, sizeof *r);
	assert_non_null(r);
	r->seed = UINT64_C(88172645463325252);
	(void)snprintf(r->path, sizeof r->path, "/tmp/graphfs-rows-XXXXXX");
	assert_non_null(mkdtemp(r->path));
	if (gfs_store_create(r->path, &message) != 0)
		fail_msg("create: %s", message.text);
	rows_open(r);
	*state = r;
	return 0;
}

static inline int rows_teardown(void **state)
{
	struct rows *r = *state;
	char command[128];
	rows_close(r);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", r->path);
	assert_int_equal(system(command), 0);
	free(r);
	return 0;
}

static inline struct gfs_txn *rows_begin(struct rows *r)
{
	struct gfs_txn *txn = NULL;
	assert_int_equal(gfs_txn_begin(r->store, &txn), 0);
	return txn;
}

static inline void rows_commit(struct gfs_txn *txn)
{
	/* A record, so that the transaction counts as one that changed something. */
	gfs_buf_append_u8(gfs_txn_log(txn), 0);
	assert_int_equal(gfs_txn_commit(txn, NULL), 0);
}

/* xorshift64*: the same numbers at every run. */
static inline uint64_t rows_random_of(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(2685821657736338717) >> 11;
}

static inline uint64_t rows_random(struct rows *r, uint64_t below)
{
	return rows_random_of(&r->seed) % below;
}

static inline void rows_fill(struct rows *r, uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)rows_random(r, 256);
}

/* What a damaged disk would give: sets payload bytes of a page, to be taken back by an abort. */
static inline void rows_damage(struct gfs_txn *txn, uint64_t page_id, unsigned offset, const void *bytes, unsigned size)
{
	struct gfs_page *page;
	assert_int_equal(gfs_page_edit(txn, page_id, &page), 0);
	memcpy(gfs_page_touch(txn, page, offset, size), bytes, size);
	gfs_page_put(gfs_txn_store(txn), page);
}

#define ROWS_TEST(f) cmocka_unit_test_setup_teardown(f, rows_setup, rows_teardown)

#endif
