/* Property indexes: for a label and a property key, the nodes with both, ordered by the property's value.
 *
 * Here are definitions and entries. What a value looks like in an entry is graph/'s: any 1 to GFS_PROP_VALUE_BYTES_MAX bytes, of which none in use is
 * the start of another. An entry is (value, node); a node has at most one in an index.
 *
 *   X1  A row of the table is a definition under index id 0, or an entry of an index that has a definition.
 *   X2  A definition has a label, a known state and flags, and a name of 1 to GFS_NAME_BYTES_MAX bytes; or no key, no flags and no name: then it only
 *       says that the folder /index/LABEL was made.
 *   X3  `entries` is the number of entries. One that is required and not unique has none: it is a rule, not an index.
 *
 * Callers hold the graph lock: shared to look, exclusive to change. What was changed is undone by an abort. */
#ifndef GFS_INDEX_PROP_INDEX_H
#define GFS_INDEX_PROP_INDEX_H

#include "base/limits.h"
#include "index/distinct.h"
#include "store/store.h"

/* Definitions at a time. */
#define GFS_PROP_INDEX_MAX 1024u
/* index id (2), value, node (6) is a key of the key-value store. */
#define GFS_PROP_VALUE_BYTES_MAX 488u

/* The numbers are part of the format. */
enum gfs_prop_state {
	GFS_PROP_BUILDING = 1, /* nodes below `next` are in */
	GFS_PROP_READY = 2,
	GFS_PROP_FAILED = 3,   /* a unique one whose data is not; no longer kept */
	GFS_PROP_DROPPING = 4, /* nobody sees it any more; its entries are being removed */
};

struct gfs_prop_index {
	uint16_t id, label;
	uint16_t key; /* 0: only the folder of the label */
	uint8_t state;
	bool unique, required; /* required: every node with the label has the property */
	uint64_t next;         /* while building: the first node that is not in yet */
	uint64_t entries;
	uint64_t changed_ns;  /* when an entry or the state changed last */
	uint64_t conflict[2]; /* of a failed one: two nodes with one value, or 0 */
	struct gfs_slice name;
	struct gfs_distinct distinct; /* values ever entered */
};

static inline bool gfs_prop_index_has_entries(const struct gfs_prop_index *index)
{
	return index->key != 0 && (index->unique || !index->required);
}

struct gfs_prop_indexes;

/* Rows that are damaged and are, or may be, definitions are left out, and counted. */
int gfs_prop_indexes_open(struct gfs_store *store, struct gfs_prop_indexes **ret_indexes) GFS_CHECK;
/* How many were left out. */
uint64_t gfs_prop_indexes_damaged(const struct gfs_prop_indexes *indexes);
void gfs_prop_indexes_free(struct gfs_prop_indexes *indexes); /* NULL is fine */
/* For gfs_store_hooks.before_freeze: writes the definitions that changed. */
int gfs_prop_indexes_before_freeze(struct gfs_prop_indexes *indexes, struct gfs_store *store) GFS_CHECK;

/* ---- definitions ---- */

/* Gives up the places of definitions that went or were not made after all. For who holds the exclusive lock and has nothing to undo: at the beginning of
 * a transaction. */
void gfs_prop_indexes_sweep(struct gfs_prop_indexes *indexes);
/* Whether there is any index; one that is required; one of the key; one of the label. At once. */
bool gfs_prop_indexes_any(const struct gfs_prop_indexes *indexes);
bool gfs_prop_indexes_any_required(const struct gfs_prop_indexes *indexes);
bool gfs_prop_indexes_have_key(const struct gfs_prop_indexes *indexes, uint16_t key);
bool gfs_prop_indexes_have_label(const struct gfs_prop_indexes *indexes, uint16_t label);
/* When a definition was made or removed last, in this process; 0: never. */
uint64_t gfs_prop_indexes_changed_ns(const struct gfs_prop_indexes *indexes);
/* The definition with the smallest id >= from; NULL past the last. The pointer lives until definitions change. */
const struct gfs_prop_index *gfs_prop_index_next(const struct gfs_prop_indexes *indexes, unsigned from);
/* NULL when there is none. */
const struct gfs_prop_index *gfs_prop_index_get(const struct gfs_prop_indexes *indexes, uint16_t id);

/* Makes a definition of label, key, state, unique, required, next and name of `like`; with its id, or a new one that nothing had in this process when that is 0.
 * GFS_ERR_LIMIT; GFS_ERR_EXISTS when the id is taken. */
int gfs_prop_index_add(struct gfs_txn *txn, struct gfs_prop_indexes *indexes, const struct gfs_prop_index *like,
	uint16_t *ret_id) GFS_CHECK;
/* State, next and conflict become those of `to`. */
int gfs_prop_index_set(
	struct gfs_txn *txn, struct gfs_prop_indexes *indexes, uint16_t id, const struct gfs_prop_index *to) GFS_CHECK;
/* Takes the definition away; it has no entries. */
int gfs_prop_index_forget(struct gfs_txn *txn, struct gfs_prop_indexes *indexes, uint16_t id) GFS_CHECK;

/* ---- entries ---- */

/* The entry must not be there. */
int gfs_prop_entry_add(struct gfs_txn *txn, struct gfs_prop_indexes *indexes, uint16_t id, struct gfs_slice value,
	uint64_t node) GFS_CHECK;
/* GFS_ERR_CORRUPT when it is not there. */
int gfs_prop_entry_remove(struct gfs_txn *txn, struct gfs_prop_indexes *indexes, uint16_t id, struct gfs_slice value,
	uint64_t node) GFS_CHECK;
/* 0 or GFS_ERR_NOTFOUND. */
int gfs_prop_entry_find(struct gfs_store *store, uint16_t id, struct gfs_slice value, uint64_t node) GFS_CHECK;

/* A walk over an index under one lock. Going forwards, entries may be removed meanwhile. */
struct gfs_prop_cursor;

struct gfs_prop_entry {
	struct gfs_slice value; /* lives until the next call */
	uint64_t node;
};

int gfs_prop_cursor_open(
	struct gfs_store *store, uint16_t id, bool backwards, struct gfs_prop_cursor **ret_cursor) GFS_CHECK;
/* `bytes` is a value and perhaps a node (6 bytes, big-endian), or any start of that. Forwards: the first entry >= bytes. Backwards: the last
 * one < bytes. GFS_ERR_NOTFOUND past the end, GFS_ERR_CORRUPT. */
int gfs_prop_cursor_seek(
	struct gfs_prop_cursor *cursor, struct gfs_slice bytes, struct gfs_prop_entry *ret_entry) GFS_CHECK;
/* Backwards: the last entry of all. */
int gfs_prop_cursor_seek_end(struct gfs_prop_cursor *cursor, struct gfs_prop_entry *ret_entry) GFS_CHECK;
int gfs_prop_cursor_next(struct gfs_prop_cursor *cursor, struct gfs_prop_entry *ret_entry) GFS_CHECK;
void gfs_prop_cursor_close(struct gfs_prop_cursor *cursor); /* NULL is fine */

/* ---- for fsck ---- */

/* Removes up to `max` entries, those of no index too, and sets all counts to 0: call it until *ret_more is false. */
int gfs_prop_indexes_clear(
	struct gfs_txn *txn, struct gfs_prop_indexes *indexes, uint64_t max, bool *ret_more) GFS_CHECK;

/* Whether a row of the table, whose sum is right, is a definition as it should be (X2). */
bool gfs_prop_definition_valid(struct gfs_slice key, struct gfs_slice value);
/* Index id of a row's key; its value and node when that is not 0. GFS_ERR_CORRUPT for a key of another form. */
int gfs_prop_key_read(struct gfs_slice key, uint16_t *ret_id, struct gfs_prop_entry *ret_entry) GFS_CHECK;

#endif
