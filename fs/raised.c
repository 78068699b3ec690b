#include "fs/raised.h"

#include "base/lock.h"
#include "base/map.h"
#include "fs/nodeid.h"

#include <stdatomic.h>
#include <stdlib.h>

struct gfs_raised {
	struct gfs_mutex lock;   /* guards `times` */
	struct gfs_u64map times; /* folder -> ns */
	_Atomic bool any;        /* release after the first set, acquire: while false there is nothing to look for */
};

int gfs_raised_new(struct gfs_raised **ret_raised)
{
	struct gfs_raised *r = calloc(1, sizeof *r);
	if (!r)
		return GFS_ERR_NOMEM;
	gfs_mutex_init(&r->lock, GFS_RANK_LEAF);
	*ret_raised = r;
	return 0;
}

void gfs_raised_free(struct gfs_raised *r)
{
	if (!r)
		return;
	gfs_u64map_release(&r->times);
	gfs_mutex_release(&r->lock);
	free(r);
}

/* A folder and its .rel list the same names. */
static uint64_t folder_key(uint64_t nodeid)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	if (n.kind == GFS_INODE_OUT_RELS)
		n.kind = GFS_INODE_OUT_TYPE;
	else if (n.kind == GFS_INODE_IN_RELS)
		n.kind = GFS_INODE_IN_TYPE;
	return gfs_nodeid_pack(n.kind, 0, n.sub, n.id);
}

bool gfs_raised_set(struct gfs_raised *r, uint64_t folder, uint64_t mtime_ns)
{
	uint64_t key = folder_key(folder), old;
	gfs_mutex_lock(&r->lock);
	bool later = !gfs_u64map_get(&r->times, key, &old) || old < mtime_ns;
	int err = later ? gfs_u64map_set(&r->times, key, mtime_ns) : 0;
	atomic_store_explicit(&r->any, true, memory_order_release);
	gfs_mutex_unlock(&r->lock);
	return err == 0;
}

uint64_t gfs_raised_get(struct gfs_raised *r, uint64_t folder, uint64_t mtime_ns)
{
	uint64_t raised = 0;
	if (!atomic_load_explicit(&r->any, memory_order_acquire))
		return mtime_ns;
	gfs_mutex_lock(&r->lock);
	bool found = gfs_u64map_get(&r->times, folder_key(folder), &raised);
	gfs_mutex_unlock(&r->lock);
	return found && raised > mtime_ns ? raised : mtime_ns;
}
