#include "fs/exprs.h"

#include "base/hash.h"
#include "base/lock.h"
#include "base/map.h"
#include "fs/nodeid.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct gfs_exprs {
	struct gfs_mutex lock;   /* guards everything, the counts in items too */
	struct gfs_u64map items; /* nodeid -> struct gfs_exprs_item * */
	uint64_t clock;
};

int gfs_exprs_new(struct gfs_exprs **ret_exprs)
{
	struct gfs_exprs *e = calloc(1, sizeof *e);
	if (!e)
		return GFS_ERR_NOMEM;
	gfs_mutex_init(&e->lock, GFS_RANK_LEAF);
	*ret_exprs = e;
	return 0;
}

static void unref(struct gfs_exprs_item *item)
{
	assert(item->refs > 0);
	if (--item->refs > 0)
		return;
	gfs_set_expr_release(&item->expr);
	free(item);
}

void gfs_exprs_free(struct gfs_exprs *e)
{
	if (!e)
		return;
	size_t at = 0;
	uint64_t nodeid, item;
	while (gfs_u64map_next(&e->items, &at, &nodeid, &item))
		unref((struct gfs_exprs_item *)(uintptr_t)item);
	gfs_u64map_release(&e->items);
	gfs_mutex_release(&e->lock);
	free(e);
}

static struct gfs_exprs_item *find(struct gfs_exprs *e, uint64_t nodeid)
{
	uint64_t item;
	return gfs_u64map_get(&e->items, nodeid, &item) ? (struct gfs_exprs_item *)(uintptr_t)item : NULL;
}

static uint64_t nodeid_of(uint64_t hash)
{
	return gfs_nodeid_pack(GFS_INODE_EXPR, 0, hash >> GFS_ID_BITS & UINT16_MAX, hash & GFS_ID_MAX);
}

/* The text's item; or NULL, and *ret_nodeid is free for it. Two texts of one hash take neighbouring numbers. */
static struct gfs_exprs_item *find_text(struct gfs_exprs *e, const char *text, uint64_t *ret_nodeid)
{
	uint64_t hash = gfs_hash64(text, strlen(text));
	struct gfs_exprs_item *item;
	do {
		*ret_nodeid = nodeid_of(hash++);
		item = find(e, *ret_nodeid);
	} while (item && strcmp(item->text, text) != 0);
	return item;
}

/* The one that was not used for the longest time goes. */
static void make_room(struct gfs_exprs *e)
{
	struct gfs_exprs_item *oldest = NULL;
	size_t at = 0;
	uint64_t nodeid, item;
	if (e->items.count < GFS_EXPRS_MAX)
		return;
	while (gfs_u64map_next(&e->items, &at, &nodeid, &item)) {
		struct gfs_exprs_item *one = (struct gfs_exprs_item *)(uintptr_t)item;
		if (!oldest || one->used < oldest->used)
			oldest = one;
	}
	if (!oldest)
		return;
	(void)gfs_u64map_remove(&e->items, oldest->nodeid); /* it was found there */
	unref(oldest);
}

static int add(struct gfs_exprs *e, uint64_t nodeid, const char *text, struct gfs_set_expr *expr)
{
	size_t size = strlen(text) + 1;
	make_room(e);
	struct gfs_exprs_item *item = calloc(1, sizeof *item + size);
	if (!item)
		return GFS_ERR_NOMEM;
	item->expr = *expr;
	item->nodeid = nodeid;
	item->used = ++e->clock;
	item->refs = 1;
	memcpy(item->text, text, size);
	int err = gfs_u64map_set(&e->items, nodeid, (uintptr_t)item);
	if (err) {
		free(item);
		return err;
	}
	*expr = GFS_SET_EXPR_INIT(expr->kind); /* it is the item's now */
	return 0;
}

int gfs_exprs_enter(struct gfs_exprs *e, const char *text, struct gfs_set_expr *expr, uint64_t *ret_nodeid)
{
	uint64_t nodeid;
	int err = 0;
	gfs_mutex_lock(&e->lock);
	struct gfs_exprs_item *item = find_text(e, text, &nodeid);
	if (item)
		item->used = ++e->clock;
	else
		err = add(e, nodeid, text, expr);
	gfs_mutex_unlock(&e->lock);
	gfs_set_expr_release(expr);
	if (!err)
		*ret_nodeid = nodeid;
	return err;
}

int gfs_exprs_get(struct gfs_exprs *e, uint64_t nodeid, struct gfs_exprs_item **ret_item)
{
	gfs_mutex_lock(&e->lock);
	struct gfs_exprs_item *item = find(e, nodeid);
	if (item) {
		item->used = ++e->clock;
		item->refs++;
	}
	gfs_mutex_unlock(&e->lock);
	*ret_item = item;
	return item ? 0 : GFS_ERR_STALE;
}

void gfs_exprs_put(struct gfs_exprs *e, struct gfs_exprs_item *item)
{
	gfs_mutex_lock(&e->lock);
	unref(item);
	gfs_mutex_unlock(&e->lock);
}
