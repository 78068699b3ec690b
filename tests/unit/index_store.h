/* A store in a folder of its own, for the tests of index/. */
#ifndef TEST_INDEX_STORE_H
#define TEST_INDEX_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/store.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct test_store {
	char path[64];
	struct gfs_store *store;
	/* Lent to the store's hook; may be NULL. */
	int (*before_freeze)(struct gfs_store *store);
};

static inline int test_store_freeze(void *context, struct gfs_store *store)
{
	const struct test_store *t = context;
	return t->before_freeze == NULL ? 0 : t->before_freeze(store);
}

/* The tests checkpoint before they close: there is nothing to replay. */
static inline int test_store_replay(void *context, struct gfs_txn *txn, struct gfs_slice payload)
{
	(void)context;
	(void)txn;
	(void)payload;
	return 0;
}

static inline void test_store_open(struct test_store *t)
{
	struct gfs_message message = { 0 };
	struct gfs_store_opts opts = { .checkpoint_interval_ms = UINT_MAX, .dirty_bytes_max = UINT64_C(1) << 32 };
	struct gfs_store_hooks hooks = { .replay = test_store_replay, .before_freeze = test_store_freeze, .context = t };
	if (gfs_store_open(t->path, &opts, &t->store, &message) != 0)
		fail_msg("open: %s", message.text);
	if (gfs_store_recover(t->store, &hooks, &message) != 0)
		fail_msg("recover: %s", message.text);
}

static inline void test_store_create(struct test_store *t)
{
	struct gfs_message message = { 0 };
	*t = (struct test_store){ 0 };
	(void)snprintf(t->path, sizeof t->path, "/tmp/graphfs-index-XXXXXX");
	assert_non_null(mkdtemp(t->path));
	if (gfs_store_create(t->path, &message) != 0)
		fail_msg("create: %s", message.text);
	test_store_open(t);
}

static inline void test_store_close(struct test_store *t)
{
	assert_int_equal(gfs_store_close(t->store), 0);
	t->store = NULL;
}

static inline void test_store_destroy(struct test_store *t)
{
	char command[128];
	test_store_close(t);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", t->path);
	assert_int_equal(system(command), 0);
}

static inline struct gfs_txn *test_begin(struct test_store *t)
{
	struct gfs_txn *txn = NULL;
	assert_int_equal(gfs_txn_begin(t->store, &txn), 0);
	return txn;
}

static inline void test_commit(struct gfs_txn *txn)
{
	/* A record, so that the transaction counts as one that changed something. */
	gfs_buf_append_u8(gfs_txn_log(txn), 0);
	assert_int_equal(gfs_txn_commit(txn, NULL), 0);
}

/* xorshift64*: the same numbers at every run. */
static inline uint64_t test_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

#endif
