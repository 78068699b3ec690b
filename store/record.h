/* Node and relationship records, decoded. Layouts: store/format.h. A record lives in page id / per page of its space; a page that
 * does not exist yet holds only records that do not exist. */
#ifndef GFS_STORE_RECORD_H
#define GFS_STORE_RECORD_H

#include "base/limits.h"
#include "store/store.h"

#define GFS_NODE_LABELS_INLINE 3u
#define GFS_NODE_LABELS_IN_ROW 255u

struct gfs_node_record {
	bool exists;
	uint8_t label_count; /* 0 to 3, or GFS_NODE_LABELS_IN_ROW */
	uint16_t mode;       /* permission bits */
	uint32_t uid, gid;
	uint16_t labels[GFS_NODE_LABELS_INLINE]; /* ascending */
	uint16_t link_generation;                /* raised by every change of the key: symlinks named after the node die */
	uint16_t dir_generation;                 /* raised by a change of the key that the kernel did not make itself */
	uint64_t row_id;                         /* 0: no key, no properties */
	uint64_t first_out, first_in;            /* GFS_ID_NONE: none */
	uint64_t mtime_ns, ctime_ns, btime_ns, labels_mtime_ns;
};

struct gfs_rel_record {
	bool exists;
	uint16_t type;
	uint64_t start, end;
	uint64_t start_prev, start_next, end_prev, end_next; /* GFS_ID_NONE at the ends of a chain */
	uint64_t row_id;                                     /* 0: no properties */
	uint64_t mtime_ns;
};

/* An id past the last page, or never used, gives exists == false, not an error. GFS_ERR_CORRUPT when a field is out of its range. */
int gfs_node_record_read(struct gfs_store *store, uint64_t id, struct gfs_node_record *ret_record) GFS_CHECK;
int gfs_rel_record_read(struct gfs_store *store, uint64_t id, struct gfs_rel_record *ret_record) GFS_CHECK;
/* The same for many ids, best in order: the page that the last one was read from stays pinned in *near (NULL at first), to be given back in the end. */
int gfs_node_record_near(
	struct gfs_store *store, struct gfs_page **near, uint64_t id, struct gfs_node_record *ret_record) GFS_CHECK;
int gfs_rel_record_near(
	struct gfs_store *store, struct gfs_page **near, uint64_t id, struct gfs_rel_record *ret_record) GFS_CHECK;
/* Writes all of it (exists == false: all zero), making the page when needed. Only the bytes that differ are noted for undo. */
int gfs_node_record_write(struct gfs_txn *txn, uint64_t id, const struct gfs_node_record *record) GFS_CHECK;
int gfs_rel_record_write(struct gfs_txn *txn, uint64_t id, const struct gfs_rel_record *record) GFS_CHECK;

/* The smallest existing id >= from; GFS_ERR_NOTFOUND when there is none. Whole empty pages are skipped. */
int gfs_node_record_next(
	struct gfs_store *store, uint64_t from, uint64_t *ret_id, struct gfs_node_record *ret_record) GFS_CHECK;
int gfs_rel_record_next(
	struct gfs_store *store, uint64_t from, uint64_t *ret_id, struct gfs_rel_record *ret_record) GFS_CHECK;

/* Up to `max` ids of existing records in [from, end), ascending; *ret_count 0 when there are none. Looks at nothing but whether they exist. */
int gfs_node_record_list(
	struct gfs_store *store, uint64_t from, uint64_t end, uint64_t *ids, size_t max, size_t *ret_count) GFS_CHECK;
int gfs_rel_record_list(
	struct gfs_store *store, uint64_t from, uint64_t end, uint64_t *ids, size_t max, size_t *ret_count) GFS_CHECK;

/* Ids: a new one, taken from those that were free when the store was opened, else the next never used. Ids freed since the open are not
 * reused before the next open, so that a file handle never changes its meaning. `_take` is for replay and restores: it marks a
 * given id as used. */
int gfs_node_id_new(struct gfs_txn *txn, uint64_t *ret_id) GFS_CHECK;
int gfs_rel_id_new(struct gfs_txn *txn, uint64_t *ret_id) GFS_CHECK;
int gfs_node_id_take(struct gfs_txn *txn, uint64_t id) GFS_CHECK;
int gfs_rel_id_take(struct gfs_txn *txn, uint64_t id) GFS_CHECK;
int gfs_node_id_free(struct gfs_txn *txn, uint64_t id) GFS_CHECK;
int gfs_rel_id_free(struct gfs_txn *txn, uint64_t id) GFS_CHECK;

#endif
