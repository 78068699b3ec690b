/* Parts of the graph side by side, for statements that look at much of it: a property of many nodes, the nodes of a label, the ends of many
 * relationships, the relationships of many nodes. In chunks by id, which lie in the query layer of the caches with the version of the name that they were made
 * from; a chunk is made when a statement would read most of it anyway.
 *
 * A run keeps the chunks that it has looked at, as values in its rows lie there; after each time that it gave the graph lock away it looks whether they are
 * still true. Writing statements use none: what they have changed is in no chunk. */
#ifndef GFS_QUERY_COLUMNS_H
#define GFS_QUERY_COLUMNS_H

#include "cache/results.h"
#include "query/exec.h"

enum gfs_column_kind {
	GFS_COLUMN_PROPERTY = 1, /* id: key; of nodes */
	GFS_COLUMN_LABEL,        /* id: label */
	GFS_COLUMN_ENDS,         /* id: 0; of relationships */
	GFS_COLUMN_OUT,          /* id: type: the relationships that leave nodes */
	GFS_COLUMN_IN,
};

/* Ids of a chunk, by kind. */
#define GFS_COLUMN_SHIFT 12
#define GFS_COLUMN_LABEL_SHIFT 16
#define GFS_COLUMN_IDS (1u << GFS_COLUMN_SHIFT)

/* In the place of a value that is too long to be kept: it is read from the graph. */
#define GFS_COLUMN_ELSEWHERE UINT8_MAX

struct gfs_column_ends {
	uint64_t start, end; /* 0: it was not there when the chunk was made */
};

struct gfs_chunk {
	struct gfs_cached cached;
	struct gfs_arena arena; /* of what follows */
	union {
		struct gfs_datum *values;
		uint64_t *bits;
		struct gfs_column_ends *ends;
		struct {
			uint32_t *first; /* of each node's entries; one more at the end */
			struct gfs_adj_entry *entries;
		} adjacency;
	};
};

struct gfs_columns;

/* The chunk that `id` (of a node or relationship) is in, or NULL: read it from the graph then. `make`: the chunk is wanted at once; otherwise it is looked
 * for, and made, when this run has asked for it often enough. `name`: a name id. The pointer is good until the lock is given back. */
const struct gfs_chunk *gfs_columns_chunk(
	struct gfs_exec *exec, enum gfs_column_kind kind, uint16_t name, uint64_t id, bool make);
/* Gives all chunks back: the run ends. */
void gfs_columns_drop(struct gfs_exec *exec);

static inline uint32_t gfs_column_at(uint64_t id)
{
	return (uint32_t)(id & (GFS_COLUMN_IDS - 1));
}
static inline bool gfs_column_bit(const struct gfs_chunk *chunk, uint64_t id)
{
	uint32_t at = (uint32_t)(id & ((1u << GFS_COLUMN_LABEL_SHIFT) - 1));
	return (chunk->bits[at / 64] >> at % 64 & 1) != 0;
}

#endif
