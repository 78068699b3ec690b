/* The ordered key-value store under everything that is persisted at checkpoints: pages, catalog, indexes.
 *
 * gfs_kv_backend is the small interface that LMDB implements (store/kv_lmdb.c) and that a distributed engine could. Above it,
 * struct gfs_kv lays the changes since the last checkpoint: an ordered table in memory (memtable, a B+ tree) per KV table,
 * one generation being filled and, while a checkpoint runs, one frozen generation being written. Reading looks in both and
 * then in the backend, so a reader sees every committed change.
 *
 * K1  A row of any table but PAGES (whose pages have their own sums) ends, as the backend stores it, in 8 bytes: XXH3-64 of the value,
 *     seeded with the XXH3-64 of the key, which is seeded with the table's number. Nothing of a row whose sum is wrong is given out but
 *     its key, by iterators.
 * K2  Good rows that a cursor meets ascend; where they do not the tree is damaged.
 * K3  A damaged key misleads the search for others. It does so only to a place beside itself, so a key counts as absent only between two
 *     good rows that it fits between; else that is GFS_ERR_CORRUPT.
 *
 * Callers hold the graph lock: shared for get and iterate, exclusive for put, delete and freeze. */
#ifndef GFS_STORE_KV_H
#define GFS_STORE_KV_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "store/format.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- backend ---- */

struct gfs_kv_backend;
struct gfs_kv_batch;
struct gfs_kv_cursor;

struct gfs_kv_backend_stats {
	uint64_t commit_id;  /* LMDB's transaction id of the last commit */
	uint64_t used_bytes; /* of the file, in use */
	uint64_t file_bytes;
	uint64_t
		free_bytes; /* of those in use: what the last batch found free to be used again; UINT64_MAX before the first */
};

struct gfs_kv_backend_ops {
	void (*close)(struct gfs_kv_backend *kv);
	/* Appends the value to `out` (NULL: existence only); GFS_ERR_NOTFOUND. Sees every batch committed before the call. Thread-safe. */
	int (*get)(struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_slice key, struct gfs_buf *out);
	/* As get, into exactly `size` bytes; a value of another size is GFS_ERR_CORRUPT. For pages. */
	int (*get_into)(struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_slice key, void *data, size_t size);
	/* A snapshot of the moment. Positioned nowhere. */
	int (*cursor_open)(struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_kv_cursor **ret_cursor);
	/* The first entry with a key >= `key` (empty: the first of all); GFS_ERR_NOTFOUND past the end. Slices live until the next call on the cursor. */
	int (*cursor_seek)(
		struct gfs_kv_cursor *c, struct gfs_slice key, struct gfs_slice *ret_key, struct gfs_slice *ret_value);
	int (*cursor_next)(struct gfs_kv_cursor *c, struct gfs_slice *ret_key, struct gfs_slice *ret_value);
	/* The entry before; after a seek that found none: the last of all. GFS_ERR_NOTFOUND leaves the cursor nowhere. */
	int (*cursor_prev)(struct gfs_kv_cursor *c, struct gfs_slice *ret_key, struct gfs_slice *ret_value);
	void (*cursor_close)(struct gfs_kv_cursor *c);
	/* One batch at a time; nothing is seen before commit, all after it, durably. */
	int (*batch_begin)(struct gfs_kv_backend *kv, struct gfs_kv_batch **ret_batch);
	int (*batch_put)(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key, struct gfs_slice value);
	int (*batch_delete)(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key); /* absent: fine */
	/* From now on, until the batch ends, gets and cursors show what the batch has put and deleted. The caller sees to it that no thread but
	 * the batch's uses the backend meanwhile; no cursor is open then or at the end. Slices that cursors gave live until the next put or delete. */
	void (*batch_expose)(struct gfs_kv_batch *b);
	int (*batch_commit)(struct gfs_kv_batch *b); /* ends the batch in either case */
	void (*batch_abort)(struct gfs_kv_batch *b);
	void (*stats)(struct gfs_kv_backend *kv, struct gfs_kv_backend_stats *ret_stats);
};

struct gfs_kv_backend {
	const struct gfs_kv_backend_ops *ops;
};

struct gfs_kv_lmdb_opts {
	bool create;
	bool read_only;
	uint64_t map_bytes; /* the largest the file may become; 0: 1 TiB */
};

/* `path`: the data.mdb file. MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD, never NOSYNC or WRITEMAP; read-only also
 * MDB_NOLOCK, so that nothing on disk changes. Otherwise the reader table in LMDB's lock file (data.mdb-lock, made beside it) is what keeps pages that an older snapshot still sees from being reused. Other
 * processes are kept out by the store's own lock, not by that file. At most one backend a file and process; open it after any fork.
 *
 * `create`: makes the file and its tables unless they exist, as one durable commit (sync the folder afterwards); else GFS_ERR_NOTFOUND
 * without the file, GFS_ERR_NOTDB when it is something else. Symbolic links: GFS_ERR_ACCESS or the like, by gfs_io_open_at.
 * A batch belongs to the thread that began it; one that is exposed takes a few megabytes of memory, however much is put, another about as much
 * as is put. Once a commit failed for anything but lack of space, batch_begin answers
 * GFS_ERR_FAILED. Resident memory of the map is given back (MADV_DONTNEED) after every 8 MiB read. */
int gfs_kv_lmdb_open(const char *path, const struct gfs_kv_lmdb_opts *opts, struct gfs_kv_backend **ret_backend,
	struct gfs_message *message) GFS_CHECK;

/* ---- rows, straight to the backend: for META before there is an overlay ---- */

/* As the backend's batch_put, with the sum (K1). */
int gfs_kv_row_put(struct gfs_kv_backend *backend, struct gfs_kv_batch *batch, enum gfs_kv_table table,
	struct gfs_slice key, struct gfs_slice value) GFS_CHECK;
/* What a search that found nothing means (K3): GFS_ERR_NOTFOUND, GFS_ERR_CORRUPT or a failure. Never 0. */
int gfs_kv_prove_absent(struct gfs_kv_backend *backend, enum gfs_kv_table table, struct gfs_slice key) GFS_CHECK;
/* As gfs_kv_get. */
int gfs_kv_row_get(
	struct gfs_kv_backend *backend, enum gfs_kv_table table, struct gfs_slice key, struct gfs_buf *out) GFS_CHECK;

/* ---- overlay ---- */

struct gfs_kv;
struct gfs_undo;

/* Borrows `backend`, which outlives it. */
int gfs_kv_new(struct gfs_kv_backend *backend, struct gfs_kv **ret_kv) GFS_CHECK;
void gfs_kv_free(struct gfs_kv *kv);

/* Appends the value to `out` (may be NULL: existence only). GFS_ERR_NOTFOUND; GFS_ERR_CORRUPT, and nothing appended, when the backend's
 * row is damaged. */
int gfs_kv_get(struct gfs_kv *kv, enum gfs_kv_table table, struct gfs_slice key, struct gfs_buf *out) GFS_CHECK;

/* Key at most GFS_KV_KEY_BYTES_MAX bytes; bytes are copied. The former state is noted in `undo` (may be NULL: recovery of a
 * failed transaction is then impossible; only for tests and fsck). GFS_ERR_NOMEM leaves everything as it was. */
int gfs_kv_put(struct gfs_kv *kv, struct gfs_undo *undo, enum gfs_kv_table table, struct gfs_slice key,
	struct gfs_slice value) GFS_CHECK;
int gfs_kv_delete(struct gfs_kv *kv, struct gfs_undo *undo, enum gfs_kv_table table, struct gfs_slice key) GFS_CHECK;

/* Ordered iteration over the merged view. The caller keeps the graph lock from open to close; a writer may change the table while it
 * iterates, and sees what it puts ahead of the iterator. Slices live until the next call, a value also only until its key is put.
 * Next before a seek, or after the end: GFS_ERR_NOTFOUND.
 *
 * Damage in the backend is GFS_ERR_CORRUPT. With it *ret_key is the key of a row whose sum is wrong (and *ret_value empty): key or value
 * is not what was written; the row keeps no order with others, and next goes on behind it. An empty *ret_key: the tree itself is damaged,
 * there is no going on. A seek may begin with a damaged row before the sought key (K3). Damaged rows whose key has an entry in memory, deletions included, are passed over. */
struct gfs_kv_iter;
int gfs_kv_iter_open(struct gfs_kv *kv, enum gfs_kv_table table, struct gfs_kv_iter **ret_iter) GFS_CHECK;
int gfs_kv_iter_seek(
	struct gfs_kv_iter *it, struct gfs_slice key, struct gfs_slice *ret_key, struct gfs_slice *ret_value) GFS_CHECK;
int gfs_kv_iter_next(struct gfs_kv_iter *it, struct gfs_slice *ret_key, struct gfs_slice *ret_value) GFS_CHECK;
void gfs_kv_iter_close(struct gfs_kv_iter *it); /* NULL is fine */

/* The same view backwards. The caller keeps the graph lock, and changes nothing in the table, from open to close. `seek` gives the last entry
 * with a key < `key`, `prev` the one before that; GFS_ERR_NOTFOUND at the front. Slices live until the next call. Damage is
 * GFS_ERR_CORRUPT, and there is no going on: who wants to pass it goes forwards. */
struct gfs_kv_back;
int gfs_kv_back_open(struct gfs_kv *kv, enum gfs_kv_table table, struct gfs_kv_back **ret_back) GFS_CHECK;
int gfs_kv_back_seek(
	struct gfs_kv_back *back, struct gfs_slice key, struct gfs_slice *ret_key, struct gfs_slice *ret_value) GFS_CHECK;
int gfs_kv_back_prev(struct gfs_kv_back *back, struct gfs_slice *ret_key, struct gfs_slice *ret_value) GFS_CHECK;
void gfs_kv_back_close(struct gfs_kv_back *back); /* NULL is fine */

/* Bytes that changes since the last freeze take (keys, values, tree nodes, outgrown blocks). Safe without a lock. */
uint64_t gfs_kv_dirty_bytes(const struct gfs_kv *kv);

/* Checkpoint, in this order: freeze (exclusive lock, O(1)); write the frozen generation into the batch (no lock needed: it does
 * not change); after the batch's commit drop it (exclusive lock, O(1) plus a free that happens outside by `gfs_kv_trash_free`).
 * When the batch failed, thaw (exclusive lock): the frozen changes become part of the current generation again. It takes as long as
 * what changed since the freeze; with GFS_ERR_NOMEM readers still see everything, but the frozen part cannot be written
 * (GFS_ERR_FAILED) until a thaw succeeds. */
int gfs_kv_freeze(struct gfs_kv *kv) GFS_CHECK;
int gfs_kv_write_frozen(struct gfs_kv *kv, struct gfs_kv_batch *batch) GFS_CHECK;
void *gfs_kv_drop_frozen(struct gfs_kv *kv);
void gfs_kv_trash_free(void *trash);
int gfs_kv_thaw(struct gfs_kv *kv) GFS_CHECK;

#endif
