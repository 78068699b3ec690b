/* The catalog: names of labels, relationship types and property keys, each with a small id (given to another name only
 * when all are taken and nothing carries it), how many elements carry it, when its listing last changed, and a version counter for the query cache.
 *
 * Wholly in memory (at most 3 x 65,535 names), loaded at open, written back by gfs_catalog_before_freeze. Callers hold the graph
 * lock: shared to look, exclusive to change. Name slices stay valid as long as the lock is held. */
#ifndef GFS_STORE_CATALOG_H
#define GFS_STORE_CATALOG_H

#include "base/bytes.h"
#include "base/limits.h"
#include "store/store.h"

struct gfs_catalog;

enum gfs_catalog_kind { GFS_CATALOG_LABEL = 1, GFS_CATALOG_TYPE = 2, GFS_CATALOG_KEY = 3 };

struct gfs_catalog_entry {
	uint16_t id;
	struct gfs_slice name;
	uint64_t count;    /* nodes with the label, relationships of the type, properties with the key */
	uint64_t mtime_ns; /* of the listing /labels/NAME or /rels/NAME */
	uint64_t version;  /* raised by every change that a query over it could see; starts anew at each open */
	bool made;         /* shown in listings even when count is 0 (mkdir) */
};

int gfs_catalog_open(struct gfs_store *store, struct gfs_catalog **ret_catalog) GFS_CHECK;
void gfs_catalog_free(struct gfs_catalog *catalog);
/* For gfs_store_hooks.before_freeze: writes changed entries into the KV overlay, `max` at most; takes those written off *max. */
int gfs_catalog_before_freeze(struct gfs_catalog *catalog, struct gfs_store *store, size_t *max) GFS_CHECK;

/* GFS_ERR_NOTFOUND. */
int gfs_catalog_find(
	const struct gfs_catalog *catalog, enum gfs_catalog_kind kind, struct gfs_slice name, uint16_t *ret_id) GFS_CHECK;
int gfs_catalog_get(const struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t id,
	struct gfs_catalog_entry *ret_entry) GFS_CHECK;
/* The smallest id >= from; GFS_ERR_NOTFOUND past the last. */
int gfs_catalog_next(const struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t from,
	struct gfs_catalog_entry *ret_entry) GFS_CHECK;

/* A new name (the caller has checked it: UTF-8, 1 to GFS_NAME_BYTES_MAX bytes, no NUL) with the next id; GFS_ERR_EXISTS, GFS_ERR_LIMIT. */
int gfs_catalog_add(struct gfs_txn *txn, struct gfs_catalog *catalog, enum gfs_catalog_kind kind, struct gfs_slice name,
	uint16_t *ret_id) GFS_CHECK;
/* The id of a name that nothing carries and that is not made; GFS_ERR_LIMIT when there is none. */
int gfs_catalog_unused(struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t *ret_id) GFS_CHECK;
/* Gives the id of such a name to another name: only for property keys, whose ids no listing shows, and only when there are no new ids left.
 * GFS_ERR_CORRUPT when the id is in use, GFS_ERR_EXISTS. */
int gfs_catalog_reuse(struct gfs_txn *txn, struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t id,
	struct gfs_slice name) GFS_CHECK;
/* count += delta; version += 1; the mtime becomes the transaction's time. Undone by an abort, like all below. */
int gfs_catalog_count(
	struct gfs_txn *txn, struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t id, int64_t delta) GFS_CHECK;
/* version += 1 only: a value changed. */
int gfs_catalog_touch(
	struct gfs_txn *txn, struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t id) GFS_CHECK;
int gfs_catalog_set_made(
	struct gfs_txn *txn, struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t id, bool made) GFS_CHECK;
/* For fsck and index rebuilds: puts a count right. */
int gfs_catalog_set_count(struct gfs_txn *txn, struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t id,
	uint64_t count) GFS_CHECK;

#endif
