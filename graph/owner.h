/* The owner of properties, a node or a relationship: its record and its row together. Private to graph/. */
#ifndef GFS_GRAPH_OWNER_H
#define GFS_GRAPH_OWNER_H

#include "graph/object.h"
#include "graph/row.h"

struct gfs_owner {
	struct gfs_entity entity;
	struct gfs_node_record node; /* the one that entity.kind names is filled */
	struct gfs_rel_record rel;
};

/* GFS_ERR_NOTFOUND when it does not exist. */
int gfs_owner_load(struct gfs_graph *graph, struct gfs_entity entity, struct gfs_owner *ret_owner) GFS_CHECK;
/* Writes the record. */
int gfs_owner_save(struct gfs_tx *tx, const struct gfs_owner *owner) GFS_CHECK;
uint64_t gfs_owner_row_id(const struct gfs_owner *owner);
uint64_t gfs_owner_mtime(const struct gfs_owner *owner);
/* What a change does to the owner's times. */
enum gfs_touch {
	GFS_TOUCH_NOTHING,
	GFS_TOUCH_CTIME,
	GFS_TOUCH_LISTING, /* ctime and mtime: a name in its folder */
};
void gfs_owner_touch(const struct gfs_tx *tx, struct gfs_owner *owner, enum gfs_touch touch);

/* A row for reading: pinned in its object or its page, or a copy of one that is kept elsewhere. */
struct gfs_row_ref {
	struct gfs_graph *graph;
	const struct gfs_object *object;
	struct gfs_page *page;
	struct gfs_buf copy;
	struct gfs_row row;
};
#define GFS_AUTO_ROW __attribute__((cleanup(gfs_row_ref_put))) struct gfs_row_ref
#define GFS_ROW_REF_INIT ((struct gfs_row_ref){ 0 })
/* `ref` is empty (GFS_ROW_REF_INIT). Row id 0 is an empty row. Lives under the graph lock; put it before the row is changed, or after. */
int gfs_row_ref_get(struct gfs_graph *graph, uint64_t row_id, struct gfs_row_ref *ref) GFS_CHECK;
/* An owner and its row for who changes nothing until `ref` is put: from the object cache, else from the store. GFS_ERR_NOTFOUND. */
int gfs_owner_look(
	struct gfs_graph *graph, struct gfs_entity entity, struct gfs_owner *ret_owner, struct gfs_row_ref *ref) GFS_CHECK;
void gfs_row_ref_put(struct gfs_row_ref *ref);

/* Makes the bytes in tx->row (none: no row) the row behind *row_id. */
int gfs_row_store(struct gfs_tx *tx, uint64_t *row_id) GFS_CHECK;

/* Puts `item` (NULL: nothing) in the place of property `key` and saves row and record. The owner is touched as for gfs_owner_touch, and
 * properties that showed the owner's former mtime keep showing it. item->mtime_ns is what it shall show; it is left out of the row
 * when that is the owner's. `row` is the owner's present row. */
int gfs_owner_edit(struct gfs_tx *tx, struct gfs_owner *owner, const struct gfs_row *row, uint16_t key,
	const struct gfs_row_item *item, enum gfs_touch touch) GFS_CHECK;
/* Sets the owner's mtime; properties that showed the former one keep it. Saves row and record. */
int gfs_owner_set_mtime(struct gfs_tx *tx, struct gfs_owner *owner, uint64_t mtime_ns) GFS_CHECK;

/* The time that a property shows. */
static inline uint64_t gfs_item_mtime(const struct gfs_owner *owner, const struct gfs_row_item *item)
{
	return item->has_mtime ? item->mtime_ns : gfs_owner_mtime(owner);
}

/* ---- labels (label.c) ---- */

/* The ids of a node's labels, ascending. */
struct gfs_labels {
	size_t count;
	uint16_t ids[GFS_LABELS_PER_NODE_MAX];
};
/* From the record, or from the row when they lie there. */
int gfs_labels_read(
	struct gfs_graph *graph, const struct gfs_node_record *record, struct gfs_labels *ret_labels) GFS_CHECK;

/* ---- one property of an owner (prop.c) ---- */

/* An owner, its row and one property, loaded together. */
struct gfs_prop_ref {
	struct gfs_owner owner;
	struct gfs_row_ref row;
	struct gfs_row_item item; /* when found */
	bool found;
};
#define GFS_AUTO_PROP __attribute__((cleanup(gfs_prop_ref_put))) struct gfs_prop_ref
#define GFS_PROP_REF_INIT ((struct gfs_prop_ref){ 0 })
/* GFS_ERR_NOTFOUND only for the owner: look at `found` for the property. */
int gfs_prop_ref_load(
	struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, struct gfs_prop_ref *ref) GFS_CHECK;
/* As gfs_prop_ref_load, but the property must be there. */
int gfs_prop_ref_get(
	struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, struct gfs_prop_ref *ref) GFS_CHECK;
/* As gfs_prop_ref_get, for who changes nothing until `ref` is put. */
int gfs_prop_ref_look(
	struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, struct gfs_prop_ref *ref) GFS_CHECK;
void gfs_prop_ref_put(struct gfs_prop_ref *ref);

/* The property has new contents, or is new: writes `item` in its place with the transaction's time, frees what the old one held, counts
 * and tells. */
int gfs_prop_place(struct gfs_tx *tx, struct gfs_prop_ref *ref, struct gfs_row_item *item) GFS_CHECK;

/* ---- the contents of a property (prop_value.c) ---- */

/* A blob's tag: its value's type (0: not looked at since the last write), and whether that is declared. */
#define GFS_BLOB_TAG(type, declared) ((uint32_t)(type) | (uint32_t)(declared) << 8)
#define GFS_BLOB_TAG_TYPE(tag) ((enum gfs_type)((tag)&0xff))
#define GFS_BLOB_TAG_DECLARED(tag) (((tag)&0x100) != 0)

/* The value, wherever it lies; strings in `arena`, or in the row. */
int gfs_item_value(struct gfs_graph *graph, const struct gfs_row_item *item, struct gfs_arena *arena,
	struct gfs_value *ret_value) GFS_CHECK;
/* Appends the whole file. */
int gfs_item_text(struct gfs_graph *graph, const struct gfs_row_item *item, struct gfs_buf *out) GFS_CHECK;
/* The declared type that later writes keep: the value's own or the latent one; 0: none. */
int gfs_item_declared(struct gfs_graph *graph, const struct gfs_row_item *item, enum gfs_type *ret_type) GFS_CHECK;
/* Fills the payload of `item` (value or blob) with an encoded value. The bytes must live until the row is written. */
int gfs_item_put_encoded(struct gfs_tx *tx, struct gfs_row_item *item, struct gfs_slice encoded) GFS_CHECK;
/* Fills payload and latent type of `item` with a file's contents, honouring the declared type (0: none). Uses tx->value, tx->arena. */
int gfs_item_put_text(
	struct gfs_tx *tx, struct gfs_row_item *item, struct gfs_slice text, enum gfs_type declared) GFS_CHECK;
/* A value from outside, in the form it is stored in: `declared` and `newline` as its text asks for. Replaces the contents of `out`.
 * GFS_ERR_INVALID, GFS_ERR_TOOBIG. */
int gfs_value_encode_normal(const struct gfs_value *value, struct gfs_buf *out) GFS_CHECK;
/* Gives back what the payload holds outside the row. */
int gfs_item_free(struct gfs_tx *tx, const struct gfs_row_item *item) GFS_CHECK;
/* Frees all properties of a row that goes, with their counts. */
int gfs_row_free_items(struct gfs_tx *tx, const struct gfs_row *row) GFS_CHECK;
/* A new blob with a file's contents in the payload of `item`. */
int gfs_item_put_blob(struct gfs_tx *tx, struct gfs_row_item *item, struct gfs_slice text, uint32_t tag) GFS_CHECK;

struct gfs_hasher128;
/* Reads a blob as a text, in pieces: whether it is UTF-8, and whether it ends in a newline (each may be NULL). A hasher (may be NULL) gets all of it but
 * such a newline; without one the reading may end early, when it is not UTF-8. */
int gfs_blob_look(struct gfs_graph *graph, uint64_t blob_id, struct gfs_hasher128 *hasher, bool *ret_utf8,
	bool *ret_newline) GFS_CHECK;

/* What a text is under a declared type (0: none): its value, and the latent type to remember. */
int gfs_text_value(struct gfs_slice text, enum gfs_type declared, struct gfs_arena *arena, struct gfs_value *ret_value,
	enum gfs_type *ret_latent) GFS_CHECK;

#endif
