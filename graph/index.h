/* Property indexes as fs/ and query/ see them: which nodes with a label have which value of a property, in Cypher's order.
 *
 * An index answers once it is READY. Making one on a graph with data takes a while: a thread builds it in slices of some milliseconds, beside readers
 * and writers, and goes on after a crash. What changes meanwhile is kept. Dropped ones vanish at once and are cleared in the same way.
 *
 * A unique index refuses a second node with an equal value (1 and 1.0 are equal, NaN equals itself) with GFS_ERR_UNIQUE from the call that would set it. The
 * empty string does not count: it is what every property file holds between its making and its first write.
 *
 * Looking needs the graph lock, as everything in graph/graph.h. */
#ifndef GFS_GRAPH_INDEX_H
#define GFS_GRAPH_INDEX_H

#include "graph/graph.h"
#include "index/prop_index.h"

/* ---- definitions ---- */

struct gfs_index_info {
	uint16_t id, label, key;
	enum gfs_prop_state state;
	bool unique, required; /* a constraint (graph/constraint.h) */
	struct gfs_slice name; /* unique among indexes and constraints; lives as long as the lock is held */
	uint64_t entries;      /* nodes in it */
	uint64_t distinct;     /* different values, about (5 %), never below 1 unless it is empty */
	unsigned percent;      /* built so far */
	uint64_t changed_ns;   /* of the transaction that changed it last */
	uint64_t conflict[2];  /* FAILED: the two nodes with one value, or 0 and the one without a value, or 0 */
};

/* Makes an index; `name` empty: LABEL.PROPERTY. GFS_ERR_EXISTS (there is one for them, or of that name), GFS_ERR_LIMIT (GFS_PROP_INDEX_MAX), and as for
 * names. It is ready at once when no node has the label; else after the commit it is built by a thread. */
int gfs_index_create(
	struct gfs_tx *tx, uint16_t label, uint16_t key, bool unique, struct gfs_slice name, uint16_t *ret_id) GFS_CHECK;
/* Constraints too. GFS_ERR_NOTFOUND. */
int gfs_index_drop(struct gfs_tx *tx, uint16_t id) GFS_CHECK;
/* Those being dropped are not found. GFS_ERR_NOTFOUND. */
int gfs_index_get(struct gfs_graph *graph, uint16_t id, struct gfs_index_info *ret_info) GFS_CHECK;
int gfs_index_find(struct gfs_graph *graph, uint16_t label, uint16_t key, struct gfs_index_info *ret_info) GFS_CHECK;
/* Its id alone, which is quicker. */
int gfs_index_find_id(struct gfs_graph *graph, uint16_t label, uint16_t key, uint16_t *ret_id) GFS_CHECK;
/* Constraints too: they share names. */
int gfs_index_find_name(struct gfs_graph *graph, struct gfs_slice name, struct gfs_index_info *ret_info) GFS_CHECK;
/* The one with the smallest id >= from; GFS_ERR_NOTFOUND past the last. */
int gfs_index_next(struct gfs_graph *graph, unsigned from, struct gfs_index_info *ret_info) GFS_CHECK;
/* Rises when an index is made, becomes ready or goes: what plans depend on. Starts anew at each open. */
uint64_t gfs_index_generation(struct gfs_graph *graph);

/* The folder /index/LABEL is listed although the label has no index. */
int gfs_index_folder_set_made(struct gfs_tx *tx, uint16_t label, bool made) GFS_CHECK;
bool gfs_index_folder_made(struct gfs_graph *graph, uint16_t label);

/* ---- building ---- */

/* Waits until the index, or constraint, is ready. Called without a lock. `interrupted` (may be NULL) is asked some times a second: true ends the waiting with
 * GFS_ERR_INTERRUPTED, not the building. GFS_ERR_UNIQUE with the value and both nodes in `message`, GFS_ERR_REQUIRED with the node: it is FAILED then, and
 * stays until it is dropped. GFS_ERR_NOTFOUND when it was dropped meanwhile. */
int gfs_index_wait(struct gfs_graph *graph, uint16_t id, bool (*interrupted)(void *context), void *context,
	struct gfs_message *message) GFS_CHECK;
/* The same for all that are being built; what turns out not to be unique, or lacks what is required, is only FAILED. */
int gfs_index_wait_all(
	struct gfs_graph *graph, bool (*interrupted)(void *context), void *context, struct gfs_message *message) GFS_CHECK;
/* Goes on with what an earlier process left unfinished; else that waits for the next gfs_index_create or _drop. Not read-only. */
void gfs_index_resume(struct gfs_graph *graph);
/* What a GFS_ERR_UNIQUE or GFS_ERR_REQUIRED was about, of this transaction, in words: the index or constraint, the value and both nodes, or the node. */
void gfs_index_explain(struct gfs_tx *tx, struct gfs_message *message);

/* ---- values ---- */

/* A value as an index keeps it. Two are the same bytes when the values are the same, types of numbers included; they sort in Cypher's order, save that values
 * which agree in their first GFS_INDEX_PREFIX_BYTES bytes and are longer have no order among themselves. */
struct gfs_index_value {
	uint16_t size;
	uint8_t bytes[GFS_PROP_VALUE_BYTES_MAX];
};
#define GFS_INDEX_PREFIX_BYTES 464u

int gfs_index_value_make(const struct gfs_value *value, struct gfs_index_value *ret) GFS_CHECK;
/* The value, `newline` and `declared` false; memory in `arena`. GFS_ERR_NODATA: it is longer than what the index keeps of it. GFS_ERR_CORRUPT. */
int gfs_index_value_read(struct gfs_slice bytes, struct gfs_arena *arena, struct gfs_value *ret_value) GFS_CHECK;
/* The value that a node has in the index. GFS_ERR_NOTFOUND: it is not in it. */
int gfs_index_value_of(struct gfs_graph *graph, uint16_t id, uint64_t node, struct gfs_index_value *ret) GFS_CHECK;
/* Whether the node is in the index with this value. */
int gfs_index_has(
	struct gfs_graph *graph, uint16_t id, const struct gfs_index_value *value, uint64_t node, bool *ret_has) GFS_CHECK;

/* ---- asking ---- */

/* What to find: one of `equal`, `prefix`, bounds, or nothing, which is everything in order. */
struct gfs_index_range {
	const struct gfs_value *equal;  /* nodes with an equal value */
	const struct gfs_slice *prefix; /* strings that begin so */
	const struct gfs_value *lower,
		*upper; /* NULL: from, or to, the end of the other bound's kind (strings, numbers without NaN, ...) */
	bool lower_open, upper_open; /* without the bound itself */
	bool descending;
	bool distinct; /* one node of each value only (ascending: the lowest id) */
};

struct gfs_index_hit {
	uint64_t node;
	struct gfs_slice bytes; /* as in gfs_index_value; in the arena. Empty without one */
};

/* Where a scan is. The caller's; nothing to free. The lock may be given back between calls: what changes meanwhile is seen or not, and nothing else is
 * left out or comes twice. */
struct gfs_index_scan {
	uint16_t index, key;
	bool descending, distinct, done;
	/* Values in [start, end); an empty end: to the end of the index. */
	struct gfs_index_value start, end;
	/* A bound or prefix of which the index keeps only a part: what begins with that part is looked at in the records. The range's: what it points at
	 * must live as long as the scan. */
	bool lower_long, upper_long, prefix_long;
	struct gfs_index_range range;
	uint16_t at_size; /* the last entry given, value and node; 0: none yet */
	uint8_t at[GFS_PROP_VALUE_BYTES_MAX + 6];
};

/* GFS_ERR_NOTFOUND; GFS_ERR_AGAIN while the index is not ready; GFS_ERR_INVALID for a range that makes no sense. */
int gfs_index_scan_begin(struct gfs_graph *graph, uint16_t id, const struct gfs_index_range *range,
	struct gfs_index_scan *ret_scan) GFS_CHECK;
/* All nodes with exactly this value, by id, from node `from` on. */
int gfs_index_scan_value(struct gfs_graph *graph, uint16_t id, const struct gfs_index_value *value, uint64_t from,
	struct gfs_index_scan *ret_scan) GFS_CHECK;
/* Begins behind all entries of a value: ascending only. */
void gfs_index_scan_skip(struct gfs_index_scan *scan, const struct gfs_index_value *value);
/* Up to `max` entries; *ret_count 0 at the end. `arena` may be NULL: nodes only. */
int gfs_index_scan_next(struct gfs_graph *graph, struct gfs_index_scan *scan, struct gfs_index_hit *hits, size_t max,
	struct gfs_arena *arena, size_t *ret_count) GFS_CHECK;
/* How many entries are in the range, counted up to `max`: how selective it is. */
int gfs_index_count(struct gfs_graph *graph, uint16_t id, const struct gfs_index_range *range, uint64_t max,
	uint64_t *ret_count) GFS_CHECK;

/* ---- for fsck ---- */

/* Enters everything anew from the records, in an unlogged transaction, whose memory it keeps bounded (gfs_tx_relieve). A unique index that turns out not
 * to be is FAILED. */
int gfs_index_rebuild(struct gfs_tx *tx) GFS_CHECK;

#endif
