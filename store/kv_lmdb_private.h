/* The key-value backend on LMDB: what kv_lmdb.c (readers, cursors, opening) and kv_lmdb_batch.c (batches) share. Nobody else includes it. */
#ifndef GFS_STORE_KV_LMDB_PRIVATE_H
#define GFS_STORE_KV_LMDB_PRIVATE_H

#include "base/checked.h"
#include "base/lock.h"
#include "store/kv.h"

#include <lmdb.h>
#include <stdatomic.h>

enum { GFS_LMDB_FAULT_SHIFT = 16, GFS_LMDB_SEEN_COUNT = 1024 };

struct gfs_lmdb;

struct gfs_kv_cursor {
	struct gfs_lmdb *db;
	MDB_cursor *at; /* one of the reader's */
	bool past_end;  /* the last seek found nothing */
};

struct gfs_lmdb_reader {
	struct gfs_lmdb_reader *next; /* in the pool */
	MDB_txn *txn;
	MDB_cursor *cursors[GFS_KV_TABLE_COUNT]; /* opened at first use */
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
	void *map;       /* NULL: not found, nothing is given back */
	size_t map_size;

	/* The batch's thread only. */
	bool map_was_full;
	bool failed;
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
	uint64_t held_bytes;                     /* put since LMDB was last made to write its pages out, about */
	MDB_dbi valve;                           /* the table of its own that the batch uses for that; 0: not made yet */
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

/* kv_lmdb_batch.c: the operations of gfs_kv_backend_ops */
int gfs_lmdb_batch_begin(struct gfs_kv_backend *kv, struct gfs_kv_batch **ret_batch) GFS_CHECK;
int gfs_lmdb_batch_put(
	struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key, struct gfs_slice value) GFS_CHECK;
int gfs_lmdb_batch_delete(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key) GFS_CHECK;
void gfs_lmdb_batch_expose(struct gfs_kv_batch *b);
int gfs_lmdb_batch_commit(struct gfs_kv_batch *b) GFS_CHECK;
void gfs_lmdb_batch_abort(struct gfs_kv_batch *b);

#endif
