/* The row of a node or relationship: its key, a long label list and its properties, as one string of bytes in the heap. Pure functions
 * on bytes; nothing here knows the store.
 *
 *   0 1 flags: 1 a key follows, 2 a label list follows   1 2 number of properties
 *   [varint n, n bytes: the key]  [varint n, n label ids of 2 bytes, ascending]
 *   properties, ascending by key id, each: 2 key id, 1 flags (1 own time, 2 in a blob, 4 latent type, 8 own access), varint length
 *   of the rest, [8 own mtime] [4 uid, 4 gid, 2 mode] [1 latent type] and then an encoded value (graph/value.h), or 8 bytes of blob id.
 *
 * Invariants, checked by gfs_row_check and therefore by fsck:
 *   W1 a row has at least one of: key, labels, properties (an empty one is not kept: row id 0)
 *   W2 property keys are strictly ascending and none is 0; so are label ids, of which there are more than three
 *   W3 nothing follows the last property
 *   W4 a property has a value of at most GFS_ROW_VALUE_BYTES_MAX encoded bytes or a blob, never both
 * A property without a time, or without access, of its own shows its owner's. A latent type is a declared one that the present text does not carry
 * by itself (graph/prop_file.c). */
#ifndef GFS_GRAPH_ROW_H
#define GFS_GRAPH_ROW_H

#include "base/buf.h"
#include "base/limits.h"
#include "graph/graph.h"

struct gfs_row {
	struct gfs_slice key;    /* data NULL: none */
	struct gfs_slice labels; /* 2 bytes an id; size 0: none here */
	uint16_t count;          /* of properties */
	struct gfs_slice items;
};

struct gfs_row_item {
	uint16_t key;
	bool has_mtime;
	bool is_blob;
	bool has_access; /* owner and mode of its own */
	struct gfs_access access;
	uint8_t latent; /* enum gfs_type; 0: none */
	uint64_t mtime_ns;
	uint64_t blob_id;
	struct gfs_slice value; /* encoded; when not in a blob */
};

/* Reads the head. Slices lie in `bytes`; an empty `bytes` is an empty row. GFS_ERR_CORRUPT. */
int gfs_row_open(struct gfs_slice bytes, struct gfs_row *ret_row) GFS_CHECK;

static inline bool gfs_row_is_empty(const struct gfs_row *row)
{
	return row->key.data == NULL && row->labels.size == 0 && row->count == 0;
}

/* Walks the properties: start with *at = row->items; GFS_ERR_NOTFOUND at the end, GFS_ERR_CORRUPT. */
int gfs_row_next(struct gfs_slice *at, struct gfs_row_item *ret_item) GFS_CHECK;
/* GFS_ERR_NOTFOUND, GFS_ERR_CORRUPT. */
int gfs_row_find(const struct gfs_row *row, uint16_t key, struct gfs_row_item *ret_item) GFS_CHECK;

/* Building: a head that promises `count` properties, then exactly so many items in ascending order. Failure is the buffer's. */
void gfs_row_put_head(struct gfs_buf *out, struct gfs_slice key, struct gfs_slice labels, uint16_t count);
void gfs_row_put_item(struct gfs_buf *out, const struct gfs_row_item *item);

/* A changed copy of a row's properties. */
struct gfs_row_edit {
	uint16_t key;                    /* 0: none is put or taken out */
	const struct gfs_row_item *item; /* replaces or adds the one of `key`; NULL: takes it out */
	bool fill;                       /* the owner's mtime changes: properties that show it get this one for their own */
	uint64_t fill_mtime_ns;
};
/* Appends `row`, edited, to `out`; nothing when no key, labels or properties remain. GFS_ERR_CORRUPT, GFS_ERR_LIMIT, GFS_ERR_NOMEM. */
int gfs_row_copy(const struct gfs_row *row, const struct gfs_row_edit *edit, struct gfs_buf *out) GFS_CHECK;

/* Verifies W1 to W4; values are not looked into. */
int gfs_row_check(struct gfs_slice bytes) GFS_CHECK;

#endif
