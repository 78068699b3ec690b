/* The ordered tables in memory under store/kv: a B+ tree of entries per table, all tables of one generation out of one pool.
 *
 * An entry is never taken out: it becomes a hole (as if absent), so that entries and their keys keep their addresses until the
 * pool is released and undoing an insertion cannot fail. Not thread-safe: the callers of store/kv hold the graph lock. */
#ifndef GFS_STORE_MEMTABLE_H
#define GFS_STORE_MEMTABLE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { GFS_MEM_CLASS_COUNT = 58 };

/* Invariant M1: value_capacity never falls, so that every earlier value of the entry still fits (undo relies on it). */
struct gfs_mem_entry {
	uint8_t *value;
	uint32_t value_size;
	uint32_t value_capacity;
	uint16_t key_size;
	uint8_t state; /* enum gfs_mem_state */
	uint8_t key[];
};
enum gfs_mem_state { GFS_MEM_HOLE, GFS_MEM_VALUE, GFS_MEM_TOMBSTONE };

static inline struct gfs_slice gfs_mem_key(const struct gfs_mem_entry *e)
{
	return gfs_slice(e->key, e->key_size);
}

static inline struct gfs_slice gfs_mem_value(const struct gfs_mem_entry *e)
{
	return gfs_slice(e->value, e->value_size);
}

/* Bytewise; a prefix comes first. */
int gfs_mem_compare(struct gfs_slice a, struct gfs_slice b);

/* ---- pool ---- */

/* Memory of one generation. Blocks that values have outgrown are kept by size class and used again. */
struct gfs_mem_pool {
	struct gfs_arena arena;
	uint64_t used_bytes; /* handed out by the arena, blocks waiting for reuse included */
	void *free_blocks[GFS_MEM_CLASS_COUNT];
};

void gfs_mem_pool_release(struct gfs_mem_pool *pool);

struct gfs_mem_block {
	uint8_t *data;
	uint32_t capacity;
};
/* At least `size` bytes. `grows`: leave some room for the next time. GFS_ERR_NOMEM. */
int gfs_mem_block_take(struct gfs_mem_pool *pool, uint32_t size, bool grows, struct gfs_mem_block *ret_block) GFS_CHECK;
void gfs_mem_block_give(struct gfs_mem_pool *pool, struct gfs_mem_block block);

/* ---- table ---- */

/* All zero: empty. */
struct gfs_memtable {
	struct gfs_mem_node *root;
	unsigned depth;   /* levels above the leaves */
	uint64_t version; /* rises when a position may be out of date: an entry added, a hole filled or made */
};

/* The entry of the key, a hole included; NULL when there is none. */
struct gfs_mem_entry *gfs_memtable_find(const struct gfs_memtable *mt, struct gfs_slice key);
/* As find, and adds a hole when there is none. GFS_ERR_NOMEM leaves the table as it was. */
int gfs_memtable_add(struct gfs_memtable *mt, struct gfs_mem_pool *pool, struct gfs_slice key,
	struct gfs_mem_entry **ret_entry) GFS_CHECK;

struct gfs_mem_pos {
	const struct gfs_mem_node *leaf;
	unsigned index;
	uint64_t version;
};
/* The first entry that is no hole with a key >= `key` (> `key` when `after`); NULL past the end. */
struct gfs_mem_entry *gfs_memtable_seek(
	const struct gfs_memtable *mt, struct gfs_slice key, bool after, struct gfs_mem_pos *ret_pos);
/* The next one; pos->version must still be the table's. */
struct gfs_mem_entry *gfs_memtable_next(const struct gfs_memtable *mt, struct gfs_mem_pos *pos);
/* The last entry that is no hole with a key < `key`; NULL when there is none. */
struct gfs_mem_entry *gfs_memtable_before(const struct gfs_memtable *mt, struct gfs_slice key);

#endif
