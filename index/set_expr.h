/* Expressions over sets of one kind: labels (the elements are nodes) or relationship types (relationships). Kept in postfix order, so
 * that A & !(B | C) is A B C OR NOT AND; evaluated chunk by chunk (65,536 ids) on the bitmaps of index/idset.h, in ascending order of ids, with
 * nothing materialised but the chunk at hand.
 *
 * A complement is never worked out: each part of a result is a bitmap and whether its complement is meant, and the rules of De Morgan turn every
 * operation into an intersection, a union or a difference of bitmaps. Only a whole result that is a complement is matched against the records
 * that exist.
 *
 * Building and asking gfs_set_expr_holds need no lock; the rest the graph lock, shared. */
#ifndef GFS_INDEX_SET_EXPR_H
#define GFS_INDEX_SET_EXPR_H

#include "base/error.h"
#include "index/idset.h"
#include "store/catalog.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Operands that may wait for their operator at any moment: how deep an expression may nest. */
#define GFS_SET_STACK_MAX 64u
/* Names and operators of one expression. */
#define GFS_SET_TERMS_MAX 4096u

enum gfs_set_op {
	GFS_SET_NAME, /* the members of one set; name 0: of none (a name that nothing has) */
	GFS_SET_ANY,  /* what is in at least one set of the kind */
	GFS_SET_NOT,  /* of the operand before it: all nodes, or all relationships, but these */
	GFS_SET_AND,  /* of the two before it */
	GFS_SET_OR,
};

struct gfs_set_term {
	uint16_t op; /* enum gfs_set_op */
	uint16_t name;
};

struct gfs_set_expr {
	enum gfs_idset_kind kind;
	struct gfs_set_term *terms; /* owned */
	size_t count, capacity;
	unsigned open; /* operands without an operator yet: 1 when the expression is whole */
};

#define GFS_SET_EXPR_INIT(of) ((struct gfs_set_expr){ .kind = (of) })

void gfs_set_expr_release(struct gfs_set_expr *expr);
/* Appends a term. GFS_ERR_LIMIT past the limits above, GFS_ERR_INVALID for an operator without its operands, GFS_ERR_NOMEM. `name` counts for
 * GFS_SET_NAME only. */
int gfs_set_expr_push(struct gfs_set_expr *expr, enum gfs_set_op op, uint16_t name) GFS_CHECK;
bool gfs_set_expr_is_whole(const struct gfs_set_expr *expr);
/* Whether an element of exactly these sets (ascending) is in a whole expression. */
bool gfs_set_expr_holds(const struct gfs_set_expr *expr, const uint16_t *names, size_t count);

/* Up to `max` elements >= from, ascending, into ids[]; *ret_count 0 at the end. */
int gfs_set_expr_list(struct gfs_idsets *sets, const struct gfs_catalog *catalog, const struct gfs_set_expr *expr,
	uint64_t from, uint64_t *ids, size_t max, size_t *ret_count) GFS_CHECK;
/* How many there are. One set by itself: the catalog's count, at once. The last operation of others counts without making a bitmap. */
int gfs_set_expr_count(struct gfs_idsets *sets, const struct gfs_catalog *catalog, const struct gfs_set_expr *expr,
	uint64_t *ret_count) GFS_CHECK;

#endif
