/* What the index_*.c files share with each other and with tx.c and graph.c. Nobody else includes it. */
#ifndef GFS_GRAPH_INDEX_PRIVATE_H
#define GFS_GRAPH_INDEX_PRIVATE_H

#include "graph/constraint.h"
#include "graph/owner.h"

/* ---- index_value.c ---- */

/* A value's order alone is kept when it and its kinds fit GFS_INDEX_PREFIX_BYTES; of others the first bytes of the order (zeros behind a short one), the
 * XXH3-128 of all of it (of a text: of the text), and the XXH3-64 of the kinds. */
enum { GFS_INDEX_HASH_BYTES = 16, GFS_INDEX_KINDS_BYTES = 8 };
#define GFS_INDEX_LONG_BYTES (GFS_INDEX_PREFIX_BYTES + GFS_INDEX_HASH_BYTES + GFS_INDEX_KINDS_BYTES)
static_assert(GFS_INDEX_LONG_BYTES == GFS_PROP_VALUE_BYTES_MAX, "the long form is the largest value");

static inline bool gfs_index_value_is_long(struct gfs_slice bytes)
{
	return bytes.size == GFS_INDEX_LONG_BYTES;
}

/* The bytes that all equal values begin with: without the kinds. */
int gfs_index_value_equal_part(const struct gfs_value *value, struct gfs_index_value *ret) GFS_CHECK;
/* The value of a property as the index keeps it, in `arena` when that needs memory. Of a long text no more than a piece is in memory. */
int gfs_index_value_of_item(struct gfs_graph *graph, const struct gfs_row_item *item, struct gfs_arena *arena,
	struct gfs_index_value *ret) GFS_CHECK;
/* The empty string, which is no value to a unique index. */
bool gfs_index_value_is_blank(struct gfs_slice bytes);

/* ---- index.c ---- */

/* The definition alone, without an estimate, which takes longer than a look-up; NULL: none, or it is being dropped. */
const struct gfs_prop_index *gfs_index_look(struct gfs_graph *graph, uint16_t id);
/* Makes a definition with these flags of GFS_OP_INDEX_CREATE; `name` as for gfs_index_create. GFS_ERR_EXISTS: the name is taken. */
int gfs_index_define(
	struct gfs_tx *tx, uint16_t label, uint16_t key, unsigned flags, struct gfs_slice name, uint16_t *ret_id) GFS_CHECK;
/* As gfs_index_next, of indexes and constraints. */
int gfs_index_rule_next(struct gfs_graph *graph, unsigned from, struct gfs_index_info *ret_info) GFS_CHECK;
/* The node's key, or @ID, in quotes. */
void gfs_index_put_node(struct gfs_graph *graph, uint64_t node, struct gfs_buf *out);
/* A conflict in words. Under the lock. */
void gfs_index_tell_conflict(
	struct gfs_graph *graph, const struct gfs_index_conflict *conflict, struct gfs_message *message);

/* ---- index_keep.c ---- */

/* Around each op that is applied: what its nodes have in indexes before, and what is to be changed after. `before` fails for nothing but memory and damage. */
int gfs_index_before(struct gfs_tx *tx, const struct gfs_op *op) GFS_CHECK;
int gfs_index_after(struct gfs_tx *tx, const struct gfs_op *op) GFS_CHECK;
/* Building: enters a node that is not in the index, when it has the property. When it must have and has not, the definition is FAILED. */
int gfs_index_enter(struct gfs_tx *tx, const struct gfs_prop_index *index, uint64_t node) GFS_CHECK;
/* The value of a property as the index keeps it; GFS_ERR_NOTFOUND. */
int gfs_index_value_of_node(struct gfs_graph *graph, uint64_t node, uint16_t key, struct gfs_arena *arena,
	struct gfs_index_value *ret) GFS_CHECK;

/* ---- constraint.c ---- */

/* After an op was applied, not in replay: remembers its node when that lacks something required now. */
int gfs_constraint_note(struct gfs_tx *tx, const struct gfs_op *op) GFS_CHECK;
/* Whether a node with the label lacks what the definition requires. */
int gfs_constraint_is_lacking(
	struct gfs_graph *graph, const struct gfs_prop_index *index, uint64_t node, bool *ret_lacking) GFS_CHECK;
void gfs_constraint_tell_lack(
	struct gfs_graph *graph, const struct gfs_prop_index *index, uint64_t node, struct gfs_message *message);

/* ---- index_build.c ---- */

int gfs_index_builder_new(struct gfs_graph *graph, struct gfs_index_builder **ret_builder) GFS_CHECK;
/* Stops it. NULL is fine. */
void gfs_index_builder_free(struct gfs_index_builder *builder);
/* Whether there is something to build or to clear. Under the lock. */
bool gfs_index_has_work(struct gfs_graph *graph);
/* Starts the thread when it does not run, and wakes it. With no lock held. */
void gfs_index_builder_wake(struct gfs_index_builder *builder);

#endif
