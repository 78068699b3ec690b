/* What the parts of the graph layer share: the handle, the transaction, and one apply function for each kind of log record. Nobody
 * else includes it.
 *
 * Every change runs the same way, live and in replay: a public function fills a struct gfs_op and calls gfs_tx_apply, which calls the
 * op's apply function and then appends the op to the log. Replay decodes the op and calls the same apply function. An apply function
 * that makes something takes the op's id, or a new one when that is 0, and leaves it in the op. */
#ifndef GFS_GRAPH_PRIVATE_H
#define GFS_GRAPH_PRIVATE_H

#include "graph/graph.h"
#include "graph/idmap.h"
#include "graph/oplog.h"
#include "graph/sorter.h"
#include "index/idset.h"
#include "index/prop_index.h"
#include "index/set_expr.h"

#include <stdatomic.h>

/* Ends of relationships whose chains and adjacency are not written yet. Items below `done` and runs below `done_runs` are written; they stay
 * so that taking back a finish finds them. */
struct gfs_pending_list {
	struct gfs_sorter ends;
	size_t done, done_runs;
};

/* Two nodes that would have one value of a unique index; or one (`other` GFS_ID_NONE) that would have none. */
struct gfs_index_conflict {
	uint16_t index; /* 0: none */
	uint64_t node, other;
};

/* A node whose entries an op may change: those of one label, one key, or of all (0). */
struct gfs_index_target {
	uint64_t node;
	uint16_t label, key;
};

/* The one writer's transaction; lives in the graph and belongs to who holds the store's exclusive lock. */
struct gfs_tx {
	struct gfs_graph *graph;
	struct gfs_txn *txn;
	bool replaying; /* nothing is logged or told */
	bool unlogged;
	bool makes_work; /* for the builder of property indexes, once it is committed */
	struct gfs_changes changes;
	size_t changes_capacity;
	struct gfs_pending_list pending;
	struct gfs_idmap *names; /* NULL: it remembers none */
	bool had_keys;           /* with names: the graph had nodes with keys before */
	/* Scratch memory, kept from one transaction to the next. */
	struct gfs_buf row;     /* the new row (graph/owner.c) */
	struct gfs_buf text;    /* a property's text (graph/prop_file.c) */
	struct gfs_buf value;   /* an encoded value */
	struct gfs_buf props;   /* a bulk op's properties */
	struct gfs_arena arena; /* cleared before each op is applied */
	/* Entries of property indexes (graph/index_keep.c). At most GFS_PROP_INDEX_MAX of them, so never trimmed. */
	struct gfs_buf index_old, index_new;
	struct gfs_arena index_arena;
	/* Not GFS_ID_NONE: index_new has the entries of this target as they are, since the last op of all had it for its only one. */
	struct gfs_index_target index_known;
	struct gfs_index_conflict conflict; /* what the last GFS_ERR_UNIQUE or _REQUIRED was about */
	struct gfs_buf
		lacking; /* nodes, 8 bytes each, that lacked a required property after some op (graph/constraint.c) */
};

struct gfs_graph {
	struct gfs_store *store;
	struct gfs_catalog *catalog;
	struct gfs_cache *objects;     /* the object layer (object.h) */
	struct gfs_cache *index_cache; /* the index layer */
	struct gfs_idsets *sets;
	struct gfs_adj *adj;
	struct gfs_prop_indexes *indexes;
	struct gfs_index_builder *builder;
	struct gfs_buf key_property; /* constant after open */
	/* Since the open. What is damaged and no data is left out, not refused; the setting was; ops of the log about definitions or saved queries
	 * that could not be applied again. */
	bool lenient, key_property_lost;
	uint64_t ops_lost;
	_Atomic bool rel_index; /* relaxed: either way a question has the same answer */
	/* Set before the first commit by another thread. */
	gfs_graph_listener listener;
	void *listener_context;
	struct gfs_tx tx; /* guarded by the store's exclusive lock */
};

/* ---- tx.c ---- */

/* Applies and logs. */
int gfs_tx_apply(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
/* Applies only: replay. */
int gfs_tx_apply_only(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
void gfs_tx_init(struct gfs_tx *tx, struct gfs_graph *graph);
void gfs_tx_release(struct gfs_tx *tx);
/* Forgets what the last transaction left behind; keeps modest memory. */
void gfs_tx_reset(struct gfs_tx *tx, struct gfs_txn *txn, bool replaying);

static inline bool gfs_tx_tells(const struct gfs_tx *tx)
{
	return !tx->replaying && !tx->changes.everything;
}
int gfs_tx_tell(struct gfs_tx *tx, const struct gfs_change *change) GFS_CHECK;
/* A time that changes: the transaction's, but always later than `old`. (Equal to the transaction's: it changed in this one.) */
uint64_t gfs_tx_later(const struct gfs_tx *tx, uint64_t old);
int gfs_tx_add_counter(struct gfs_tx *tx, enum gfs_counter counter, int64_t delta) GFS_CHECK;
int gfs_tx_touch_counter(struct gfs_tx *tx, enum gfs_counter counter) GFS_CHECK;
/* gfs_catalog_count, and what it means for the listing of names. */
int gfs_tx_count_name(struct gfs_tx *tx, enum gfs_catalog_kind kind, uint16_t id, int64_t delta) GFS_CHECK;

/* ---- apply functions ---- */

int gfs_apply_name_make(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_name_made(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_node_create(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_node_delete(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_node_key(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_node_meta(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_label_add(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_label_remove(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_rel_create(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_rel_delete(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_rel_mtime(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_folder_made(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_prop_set(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_prop_remove(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_prop_create(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_prop_write(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_prop_truncate(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_prop_settle(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_prop_type(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_prop_mtime(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_prop_access(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_prop_rename(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_prop_exchange(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_bulk_node(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_bulk_rel(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_index_create(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_index_drop(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_index_step(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_index_fail(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_index_folder(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_bulk_finish(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_query_make(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_query_text(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_query_rename(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;
int gfs_apply_query_remove(struct gfs_tx *tx, struct gfs_op *op) GFS_CHECK;

/* ---- replay.c ---- */

/* For gfs_store_hooks. `context` is the graph. */
int gfs_graph_replay(void *context, struct gfs_txn *txn, struct gfs_slice payload) GFS_CHECK;

/* ---- bulk_finish.c ---- */

/* What gfs_bulk_finish does, unlogged: for apply functions, commits and replay, which come to it by themselves at the same place. */
int gfs_pending_write(struct gfs_tx *tx) GFS_CHECK;

/* ---- rel.c, for bulk.c ---- */

/* Puts a new relationship at the head of the chains of both ends and writes all records. `record` has type, ends, row and time. */
int gfs_rel_link(struct gfs_tx *tx, uint64_t id, struct gfs_rel_record *record) GFS_CHECK;
/* Takes or makes the id and fills the record from the op: type, ends, number as its mtime. Nothing is written yet. */
int gfs_rel_prepare(struct gfs_tx *tx, struct gfs_op *op, struct gfs_rel_record *ret_record) GFS_CHECK;
/* The set of the type, counts and the change. */
int gfs_rel_enter(struct gfs_tx *tx, uint64_t id, uint16_t type, uint64_t start, uint64_t end) GFS_CHECK;

/* ---- rel_chain.c: what rel.c and set_query.c answer with rel_index off ---- */

int gfs_chain_list(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry from, struct gfs_adj_entry *entries, size_t max, size_t *ret_count) GFS_CHECK;
int gfs_chain_pair(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t type, uint64_t other,
	uint64_t *rels, size_t max, size_t *ret_count) GFS_CHECK;
int gfs_chain_types(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t from,
	struct gfs_adj_type *types, size_t max, size_t *ret_count) GFS_CHECK;
int gfs_chain_type(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_type *ret_type) GFS_CHECK;
/* Up to `max` relationships, ids >= from, whose types the expression holds. */
int gfs_scan_rels(struct gfs_graph *graph, const struct gfs_set_expr *expr, uint64_t from, uint64_t *ids, size_t max,
	size_t *ret_count) GFS_CHECK;

/* ---- node.c, for bulk.c ---- */

/* Takes or makes the id and fills the record from the op's meta; enters the key. Nothing is written yet. */
int gfs_node_prepare(struct gfs_tx *tx, struct gfs_op *op, struct gfs_node_record *ret_record) GFS_CHECK;
/* Counts and the change. */
int gfs_node_enter(struct gfs_tx *tx, uint64_t id) GFS_CHECK;

/* A name of the kind with this id exists. */
int gfs_name_known(const struct gfs_graph *graph, enum gfs_catalog_kind kind, uint16_t id) GFS_CHECK;

#endif
