/* Which nodes have a label, as a bit a node: made for a reading statement that asks often, so that asking costs no look-up in a cache. Kept true by the label's version
 * counter, which is looked at once for each hold of the graph lock. */
#ifndef GFS_QUERY_LABEL_SET_H
#define GFS_QUERY_LABEL_SET_H

#include "query/exec.h"

/* So many questions are answered by the store first. */
#define GFS_LABEL_SET_ASKED_MIN 512u
/* A set is not made for more nodes (4 MiB), nor more often in one statement (labels that change all the time). */
#define GFS_LABEL_SET_NODES_MAX (UINT64_C(1) << 25)
#define GFS_LABEL_SET_MADE_MAX 8u

struct gfs_label_set {
	uint64_t *bits;   /* in the arena of the run */
	uint64_t count;   /* bits */
	uint64_t version; /* the label's + 1; 0: there is no set */
	uint64_t slice_end_ns;
	uint32_t asked, made;
};

/* Under the graph lock. `set` begins as zeros. False: there is no set to ask, the store knows. */
bool gfs_label_set_ready(struct gfs_label_set *set, struct gfs_exec *exec, uint16_t label);

static inline bool gfs_label_set_has(const struct gfs_label_set *set, uint64_t node)
{
	return node < set->count && (set->bits[node / 64] >> node % 64 & 1);
}

#endif
