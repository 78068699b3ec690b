/* How set expressions are evaluated: where they may have members (set_reach.c), what they have in one chunk (set_eval.c), and lists and counts of it
 * (set_list.c). Nobody else includes it. Everything here runs under the graph lock, shared, on whole expressions. */
#ifndef GFS_INDEX_SET_PRIVATE_H
#define GFS_INDEX_SET_PRIVATE_H

#include "index/idset_private.h"
#include "index/set_expr.h"

struct gfs_set_eval {
	struct gfs_idsets *sets;
	const struct gfs_catalog *catalog;
	const struct gfs_set_expr *expr;
};

static inline enum gfs_catalog_kind gfs_set_names(const struct gfs_set_expr *expr)
{
	return expr->kind == GFS_IDSET_LABEL ? GFS_CATALOG_LABEL : GFS_CATALOG_TYPE;
}

/* ---- where something may be (set_reach.c) ---- */

#define GFS_SET_NO_CHUNK UINT64_MAX

/* Of an expression or a part of it: the first chunk in which its bitmap may have members, and whether the complement of that bitmap is meant
 * (which does not depend on the chunk). */
struct gfs_set_reach {
	uint64_t chunk;
	bool negated;
};

/* No chunk from `from` on, but before the one answered, has members in the expression's bitmap. */
int gfs_set_reach_from(const struct gfs_set_eval *e, uint64_t from, struct gfs_set_reach *ret_reach) GFS_CHECK;
/* The next set of the kind that has members, from *name on, becomes *name. GFS_ERR_NOTFOUND. */
int gfs_set_next_name(const struct gfs_set_eval *e, uint32_t *name) GFS_CHECK;

/* ---- one chunk (set_eval.c) ---- */

/* A bitmap, or its complement. */
struct gfs_set_part {
	const roaring_bitmap_t *bits; /* NULL: empty */
	roaring_bitmap_t *own;        /* `bits`, when it was made here; else NULL, and it belongs to `pin` */
	struct gfs_idset_bits *pin;   /* NULL: none */
	bool negated;
};

struct gfs_set_machine {
	struct gfs_set_part stack[GFS_SET_STACK_MAX];
	unsigned top;
};
#define GFS_AUTO_SET_MACHINE __attribute__((cleanup(gfs_set_machine_release))) struct gfs_set_machine

void gfs_set_machine_release(struct gfs_set_machine *m);
/* Runs the first `count` terms on one chunk. What is on the stack afterwards is the caller's to release, in any case. */
int gfs_set_run(const struct gfs_set_eval *e, struct gfs_set_machine *m, uint64_t chunk, size_t count) GFS_CHECK;
uint64_t gfs_set_cardinality(const struct gfs_set_part *part);
/* Of the bitmap that GFS_SET_AND or GFS_SET_OR of the two would have, without making it. */
uint64_t gfs_set_join_cardinality(enum gfs_set_op op, const struct gfs_set_part *a, const struct gfs_set_part *b);

#endif
