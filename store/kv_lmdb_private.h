/* The key-value backend on LMDB: what kv_lmdb.c (readers, cursors, opening) and kv_lmdb_batch.c (batches) share. Nobody else includes it. */
#ifndef GFS_STORE_KV_LMDB_PRIVATE_H
#define GFS_STORE_KV_LMDB_PRIVATE_H

#include "base/checked.h"
#include "base/lock.h"
#include "store/kv.h"
#include "store/lmdb_tree.h"

#include <lmdb.h>
#include <stdatomic.h>

enum { GFS_LMDB_FAULT_SHIFT = 16, GFS_LMDB_SEEN_COUNT = 1024 };

struct gfs_lmdb;

/* A committed state and its tables. */
struct gfs_lmdb_seen {
	struct gfs_lmdb_snapshot snapshot; /* transaction 0: none */
	struct gfs_lmdb_tree trees[GFS_KV_TABLE_COUNT];
};

/* In a reader's state (`place`), or in the exposed batch (`at`). */
struct gfs_kv_cursor {
	struct gfs_lmdb *db;
	struct gfs_lmdb_reader *reader; /* NULL: exposed */
	struct gfs_lmdb_place place;
	enum gfs_kv_table table;
	MDB_cursor *at; /* owned */
	bool past_end;  /* the last seek in the exposed batch found nothing */
};

struct gfs_lmdb_reader {
	struct gfs_lmdb_reader *next; /* in the pool */
	MDB_txn *txn;                 /* NULL: of the state that LMDB refuses to show */
	struct gfs_lmdb_seen seen;
	struct gfs_kv_cursor cursor;
};

struct gfs_lmdb {
	struct gfs_kv_backend base;
	MDB_env *env;
	MDB_dbi tables[GFS_KV_TABLE_COUNT];
	uint64_t map_bytes_max; /* the caller's limit */
	uint64_t map_bytes;
	uint32_t page_bytes;
	bool read_only;

	struct gfs_mutex
		pool_lock; /* guards idle, idle_count and active; map and map_size change under it while active is 0 */
	struct gfs_lmdb_reader *idle;
	unsigned idle_count;
	unsigned active; /* readers in use */
	uint8_t *map;
	size_t map_size;

	/* The batch's thread only. */
	bool map_was_full;
	_Atomic uint64_t free_pages; /* as gfs_kv_backend_stats.free_bytes (relaxed: a number to reckon with) */
	bool failed;
	/* When LMDB cannot write a meta page it refuses all that comes, readers as well. Nothing is written from then on, so the state before stays as it is,
	 * and who reads it needs none of LMDB's transactions. A commit notes that state first: `last`, then `last_noted` (release); who was refused reads them
	 * in the other order (acquire), and after a refusal there are no more commits. */
	struct gfs_lmdb_seen last;
	_Atomic bool last_noted;
	/* The batch that reads go through, or NULL: set and cleared while nobody but its thread uses the backend (batch_expose). */
	struct gfs_kv_batch *exposed;

	_Atomic uint64_t touched_bytes; /* relaxed: a figure; who resets it to 0 gives the memory back */
	_Atomic uint64_t used_bytes;    /* relaxed: a figure */
	_Atomic uint32_t epoch;         /* relaxed: how often memory was given back */
	/* Relaxed: a filter of stretches (low 40 bits), each with its epoch. */
	_Atomic uint64_t seen[GFS_LMDB_SEEN_COUNT];
};

struct gfs_kv_batch {
	struct gfs_lmdb *db;
	MDB_txn *txn;
	MDB_cursor *cursors[GFS_KV_TABLE_COUNT]; /* opened at first use; the transaction's end frees them */
	/* What it changes, and which of its pages LMDB may trust. */
	struct gfs_lmdb_seen base;
	struct gfs_lmdb_sound sound;
	uint64_t held_bytes; /* put since LMDB was last made to write its pages out, about */
	MDB_dbi valve;       /* the table of its own that the batch uses for that; 0: not made yet */
	/* A key that no key of the table exceeds, for appending; size 0: the table was empty. */
	size_t last_size[GFS_KV_TABLE_COUNT];
	uint8_t last[GFS_KV_TABLE_COUNT][GFS_KV_KEY_BYTES_MAX];
};

static inline struct gfs_lmdb *gfs_lmdb_of(struct gfs_kv_backend *kv)
{
	return gfs_container_of(kv, struct gfs_lmdb, base);
}

static inline MDB_val gfs_lmdb_val(struct gfs_slice s)
{
	return (MDB_val){ .mv_size = s.size, .mv_data = (void *)(uintptr_t)s.data };
}

static inline struct gfs_slice gfs_lmdb_slice(MDB_val v)
{
	return gfs_slice(v.mv_data, v.mv_size);
}

/* kv_lmdb.c */
extern const char *const gfs_lmdb_table_names[GFS_KV_TABLE_COUNT];
/* A reader of the newest committed state; ended before the next of the same thread begins. */
int gfs_lmdb_reader_begin(struct gfs_lmdb *db, struct gfs_lmdb_reader **ret_reader) GFS_CHECK;
void gfs_lmdb_reader_end(struct gfs_lmdb *db, struct gfs_lmdb_reader *reader);
/* A value in the map was read. */
void gfs_lmdb_note_read(struct gfs_lmdb *db, const void *data, size_t size);
/* LMDB's code as ours. */
int gfs_lmdb_error(int rc) GFS_CHECK;
/* `bytes` of the map were, or may have been, touched. */
void gfs_lmdb_note_touched(struct gfs_lmdb *db, uint64_t bytes);
void gfs_lmdb_give_memory_back(struct gfs_lmdb *db);
/* After a commit or an abort: how much of the file is in use. */
void gfs_lmdb_note_used(struct gfs_lmdb *db);
/* After a batch found the map full: the map was made small because the system refused more, so ask for twice as much. It moves, so
 * only while nobody reads; idle readers go, as LMDB wants no transaction to exist. */
void gfs_lmdb_grow_map(struct gfs_lmdb *db);

/* kv_lmdb_read.c: the operations of gfs_kv_backend_ops, and */
/* The file as it is mapped and as far as it exists. */
int gfs_lmdb_file_look(struct gfs_lmdb *db, struct gfs_lmdb_file *ret_file) GFS_CHECK;
/* The state of a transaction that somebody keeps alive. GFS_ERR_AGAIN. */
int gfs_lmdb_seen_open(struct gfs_lmdb *db, uint64_t transaction, struct gfs_lmdb_seen *ret_seen) GFS_CHECK;
int gfs_lmdb_get(
	struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_slice key, struct gfs_buf *out) GFS_CHECK;
int gfs_lmdb_get_into(
	struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_slice key, void *data, size_t size) GFS_CHECK;
int gfs_lmdb_cursor_open(
	struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_kv_cursor **ret_cursor) GFS_CHECK;
int gfs_lmdb_cursor_seek(
	struct gfs_kv_cursor *c, struct gfs_slice key, struct gfs_slice *ret_key, struct gfs_slice *ret_value) GFS_CHECK;
int gfs_lmdb_cursor_next(struct gfs_kv_cursor *c, struct gfs_slice *ret_key, struct gfs_slice *ret_value) GFS_CHECK;
int gfs_lmdb_cursor_prev(struct gfs_kv_cursor *c, struct gfs_slice *ret_key, struct gfs_slice *ret_value) GFS_CHECK;
void gfs_lmdb_cursor_close(struct gfs_kv_cursor *c);

/* kv_lmdb_batch.c: the operations of gfs_kv_backend_ops */
int gfs_lmdb_batch_begin(struct gfs_kv_backend *kv, struct gfs_kv_batch **ret_batch) GFS_CHECK;
int gfs_lmdb_batch_put(
	struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key, struct gfs_slice value) GFS_CHECK;
int gfs_lmdb_batch_delete(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key) GFS_CHECK;
void gfs_lmdb_batch_expose(struct gfs_kv_batch *b);
/* What LMDB is about to use for this key, when it was committed before the batch, is sound. `key` empty: the last. */
int gfs_lmdb_batch_check(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key) GFS_CHECK;
int gfs_lmdb_batch_commit(struct gfs_kv_batch *b) GFS_CHECK;
void gfs_lmdb_batch_abort(struct gfs_kv_batch *b);

#endif
