/* Pages of a known kind: what heap, blobs, records and the free-space map ask of the page API. A page id may come from disk, so a page
 * of another kind is GFS_ERR_CORRUPT, never used. */
#ifndef GFS_STORE_TYPED_PAGE_H
#define GFS_STORE_TYPED_PAGE_H

#include "store/store.h"

static inline int gfs_page_expect(struct gfs_store *store, struct gfs_page *page, enum gfs_page_kind kind)
{
	if (gfs_page_kind(page) == kind)
		return 0;
	gfs_page_put(store, page);
	return GFS_ERR_CORRUPT;
}

/* As gfs_page_get. */
static inline int gfs_page_get_kind(
	struct gfs_store *store, uint64_t page_id, enum gfs_page_kind kind, struct gfs_page **ret_page)
{
	int err = gfs_page_get(store, page_id, ret_page);
	return err != 0 ? err : gfs_page_expect(store, *ret_page, kind);
}

/* As gfs_page_edit. */
static inline int gfs_page_edit_kind(
	struct gfs_txn *txn, uint64_t page_id, enum gfs_page_kind kind, struct gfs_page **ret_page)
{
	int err = gfs_page_edit(txn, page_id, ret_page);
	return err != 0 ? err : gfs_page_expect(gfs_txn_store(txn), *ret_page, kind);
}

/* As gfs_page_edit_kind; a page that does not exist is made. */
static inline int gfs_page_edit_or_new(
	struct gfs_txn *txn, uint64_t page_id, enum gfs_page_kind kind, struct gfs_page **ret_page)
{
	int err = gfs_page_edit_kind(txn, page_id, kind, ret_page);
	return err == GFS_ERR_NOTFOUND ? gfs_page_new(txn, page_id, kind, ret_page) : err;
}

/* For a page that something on disk says exists. */
static inline int gfs_page_must_exist(int err)
{
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err;
}

#endif
