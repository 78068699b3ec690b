/* A toy graph layer over the store for tests: transaction number k changes pages, a table and counters in a way that k alone decides,
 * and its log record is just k. So the state after k transactions can be computed from nothing, and a store compared with it. */
#ifndef GFS_TESTS_STORE_TOY_H
#define GFS_TESTS_STORE_TOY_H

#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

#define TOY_PAGES 48u
#define TOY_KEYS 24u
#define TOY_PAGE_ID(i) GFS_PAGE_ID(GFS_SPACE_HEAP, (i) + 1)

extern const struct gfs_store_hooks toy_hooks;

/* A new folder under TMPDIR, to be removed by toy_dir_remove; never returns NULL. */
char *toy_dir_new(void);
void toy_dir_remove(char *path);
/* Bytes, names and times of every file below path. */
uint64_t toy_dir_hash(const char *path);
void toy_file_copy(const char *from_dir, const char *from, const char *to_dir, const char *to);
char *toy_path(const char *dir, const char *name);

/* Opens and recovers; 0 or the error of either, the store then NULL. */
int toy_open(
	const char *path, const struct gfs_store_opts *opts, struct gfs_store **ret_store, struct gfs_message *message);
/* The same, must not fail. */
struct gfs_store *toy_open_ok(const char *path, const struct gfs_store_opts *opts);
struct gfs_store *toy_create_open(const char *path, const struct gfs_store_opts *opts);

/* Changes of transaction k, in an open one; the record too when `log`. */
int toy_apply(struct gfs_txn *txn, uint64_t k, bool log);
/* Begin, apply the next, commit. */
int toy_commit(struct gfs_store *store, uint64_t *ret_lsn);
/* The number of transactions that the store's state says it holds. */
uint64_t toy_count(struct gfs_store *store);

/* The state after k transactions. */
struct toy_model;
struct toy_model *toy_model_new(void);
void toy_model_free(struct toy_model *model);
void toy_model_advance(struct toy_model *model, uint64_t k);
/* 0 when the store holds exactly the model's state, else a text that names the first difference. Takes the graph lock shared. */
const char *toy_compare(struct gfs_store *store, const struct toy_model *model);
/* Fails the test unless the store equals the state after toy_count transactions; returns that count. */
uint64_t toy_verify(struct gfs_store *store);

#endif
