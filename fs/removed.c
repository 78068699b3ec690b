#include "fs/removed.h"

#include "base/lock.h"
#include "base/map.h"
#include "fs/nodeid.h"
#include "graph/graph.h"

#include <stdatomic.h>
#include <stdlib.h>

/* How many folders are remembered before those of dead nodes are looked for. */
#define SWEEP_COUNT 4096u

struct gfs_removed {
	struct gfs_mutex lock;   /* guards both fields below */
	struct gfs_u64map times; /* nodeid -> how often */
	size_t sweep_count;
	_Atomic bool any; /* release after the first, acquire: while false there is nothing to look for */
};

int gfs_removed_new(struct gfs_removed **ret_removed)
{
	struct gfs_removed *r = calloc(1, sizeof *r);
	if (!r)
		return GFS_ERR_NOMEM;
	gfs_mutex_init(&r->lock, GFS_RANK_FS_EXPOSED);
	r->sweep_count = SWEEP_COUNT;
	*ret_removed = r;
	return 0;
}

void gfs_removed_free(struct gfs_removed *r)
{
	if (!r)
		return;
	gfs_u64map_release(&r->times);
	gfs_mutex_release(&r->lock);
	free(r);
}

static bool is_of_node(enum gfs_inode_kind kind)
{
	return kind == GFS_INODE_NODE_LABELS || kind == GFS_INODE_NODE_OUT || kind == GFS_INODE_NODE_IN ||
		kind == GFS_INODE_OUT_TYPE || kind == GFS_INODE_IN_TYPE;
}

bool gfs_removed_applies(uint64_t nodeid)
{
	enum gfs_inode_kind kind = gfs_nodeid_unpack(nodeid).kind;
	return kind == GFS_INODE_LABEL || kind == GFS_INODE_TYPE || kind == GFS_INODE_INDEX || kind == GFS_INODE_QUERY ||
		kind == GFS_INODE_QUERY_NODES || is_of_node(kind);
}

static bool is_dead(struct gfs_graph *graph, uint64_t nodeid)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	struct gfs_node_record record;
	return is_of_node(n.kind) && gfs_node_get(graph, n.id, &record) == GFS_ERR_NOTFOUND;
}

/* Ids of nodes are not given out again within a mount: nobody asks for a dead node's folders any more. */
static void sweep_locked(struct gfs_removed *r, struct gfs_graph *graph)
{
	struct gfs_u64map kept = GFS_U64MAP_INIT;
	size_t at = 0;
	uint64_t nodeid, times;
	int err = 0;
	while (err == 0 && gfs_u64map_next(&r->times, &at, &nodeid, &times)) {
		if (!is_dead(graph, nodeid))
			err = gfs_u64map_set(&kept, nodeid, times);
	}
	if (err == 0) {
		gfs_u64map_release(&r->times);
		r->times = kept;
	} else {
		gfs_u64map_release(&kept);
	}
	r->sweep_count = r->times.count * 2 > SWEEP_COUNT ? r->times.count * 2 : SWEEP_COUNT;
}

void gfs_removed_add(struct gfs_removed *r, struct gfs_graph *graph, uint64_t nodeid)
{
	uint64_t times = 0;
	gfs_graph_read_begin(graph);
	gfs_mutex_lock(&r->lock);
	if (r->times.count >= r->sweep_count)
		sweep_locked(r, graph);
	bool known = gfs_u64map_get(&r->times, nodeid, &times);
	int err = gfs_u64map_set(&r->times, nodeid, known ? times + 1 : 1);
	(void)err; /* as the header says */
	atomic_store_explicit(&r->any, true, memory_order_release);
	gfs_mutex_unlock(&r->lock);
	gfs_graph_read_end(graph);
}

uint64_t gfs_removed_generation(struct gfs_removed *r, uint64_t nodeid)
{
	uint64_t times = 0;
	if (!atomic_load_explicit(&r->any, memory_order_acquire) || !gfs_removed_applies(nodeid))
		return 0;
	gfs_mutex_lock(&r->lock);
	bool known = gfs_u64map_get(&r->times, nodeid, &times);
	gfs_mutex_unlock(&r->lock);
	return known ? times : 0;
}
