/* What operators read of the graph and what they write, as far as the plan tells. */
#ifndef GFS_QUERY_EFFECTS_H
#define GFS_QUERY_EFFECTS_H

#include "query/plan_private.h"

struct gfs_effects {
	struct gfs_symset reads, writes;      /* names of the plan: labels, types, keys */
	struct gfs_symset changes;            /* those of `writes` that entities which are there already may get or lose */
	unsigned int read_flags, write_flags; /* GFS_EFFECT_* */
};

enum {
	GFS_EFFECT_NODES = 1,      /* reads: which nodes there are; writes: makes some */
	GFS_EFFECT_RELS = 2,       /* the same of relationships of any type */
	GFS_EFFECT_PROPERTIES = 4, /* of any key */
	GFS_EFFECT_LABELS = 8,     /* any label */
	GFS_EFFECT_DELETES = 16,   /* writes only */
	GFS_EFFECT_SOME = 32,      /* reads, or needs entities that are there; writes anything at all */
	GFS_EFFECT_SOME_TYPE = 64, /* relationships of some type that is in the names */
	GFS_EFFECT_SOME_KEY = 128,
	GFS_EFFECT_SOME_LABEL = 256,
	GFS_EFFECT_EVERYTHING = 511
};

/* Nothing. False: memory failed (the planner knows). */
bool gfs_effects_init(struct gfs_planner *planner, struct gfs_effects *effects);
/* Adds those of one operator and of its right side. */
void gfs_effects_add(struct gfs_planner *planner, const struct gfs_plan_node *node, struct gfs_effects *effects);
/* One reads what the other writes, or both change the same: what comes last stays. */
bool gfs_effects_collide(const struct gfs_effects *reader, const struct gfs_effects *writer);

#endif
