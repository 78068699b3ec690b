#include "query/label_set.h"

#include <string.h>

enum { BATCH = 1024 };

static int fill(struct gfs_label_set *set, struct gfs_exec *exec, uint16_t label)
{
	uint64_t ids[BATCH], from = 1;
	size_t count = 0;
	memset(set->bits, 0, (size_t)(set->count / 64) * sizeof *set->bits);
	for (;;) {
		int err = gfs_label_nodes(exec->graph, label, from, ids, BATCH, &count);
		if (err != 0 || count == 0)
			return err;
		for (size_t i = 0; i < count && ids[i] < set->count; i++)
			set->bits[ids[i] / 64] |= UINT64_C(1) << ids[i] % 64;
		from = ids[count - 1] + 1;
	}
}

/* A failure leaves no set: the store will say what is wrong. */
static bool make(struct gfs_label_set *set, struct gfs_exec *exec, uint16_t label, uint64_t version)
{
	uint64_t next = gfs_store_counter(gfs_graph_store(exec->graph), GFS_COUNTER_NODE_NEXT);
	if (next > GFS_LABEL_SET_NODES_MAX || set->made >= GFS_LABEL_SET_MADE_MAX)
		return false;
	if (set->bits == NULL || set->count < next) {
		set->count = (next / 64 + 1) * 64;
		set->bits = gfs_arena_alloc(&exec->arena, (size_t)(set->count / 8));
	}
	if (set->bits == NULL || fill(set, exec, label) != 0) {
		set->made = GFS_LABEL_SET_MADE_MAX;
		return false;
	}
	set->made++;
	set->version = version;
	return true;
}

bool gfs_label_set_ready(struct gfs_label_set *set, struct gfs_exec *exec, uint16_t label)
{
	struct gfs_catalog_entry entry;
	if (exec->tx != NULL || set->asked++ < GFS_LABEL_SET_ASKED_MIN)
		return false;
	set->asked = GFS_LABEL_SET_ASKED_MIN; /* it does not wrap */
	if (set->slice_end_ns == exec->slice_end_ns)
		return set->version != 0;
	if (gfs_catalog_get(gfs_graph_catalog(exec->graph), GFS_CATALOG_LABEL, label, &entry) != 0)
		return false;
	set->slice_end_ns = exec->slice_end_ns;
	if (set->version == entry.version + 1) /* 0 is none */
		return true;
	set->version = 0;
	return make(set, exec, label, entry.version + 1);
}
