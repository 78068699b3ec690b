/* The normalised form of a statement: literals that cannot change its plan or the names of its columns are taken out, so that statements which differ in
 * them alone share a plan. What is taken out is given to the run as parameters. */
#ifndef GFS_QUERY_NORMALIZE_H
#define GFS_QUERY_NORMALIZE_H

#include "base/arena.h"
#include "base/buf.h"
#include "query/ast.h"

/* A parameter of this name stands for a literal; no statement can name it so. Followed by its number. */
#define GFS_LIFTED_PREFIX "\x01"
#define GFS_LIFTED_MAX 64u

struct gfs_lifted {
	uint32_t offset; /* of the literal in the text */
	struct gfs_datum value;
};

struct gfs_normal {
	struct gfs_buf
		text; /* words with a blank behind, literals as marks; where columns get their names, with what lies between the words */
	struct gfs_lifted *lifted;
	uint32_t count;
};

/* False, with count 0: there is nothing to lift, the text cannot be read (the parser will say why), or memory failed. `lifted` lies in `arena`, values there or
 * in the text. */
bool gfs_normalize(struct gfs_slice text, struct gfs_arena *arena, struct gfs_normal *ret_normal);
void gfs_normal_release(struct gfs_normal *normal);
/* A place in `from` as a place in `to`, which has the same normalised form: what fails in a plan is told of in the text that is run. */
struct gfs_query_pos gfs_normal_place(struct gfs_slice from, struct gfs_slice to, struct gfs_query_pos pos);
/* In a parsed statement puts parameters in the place of the literals. */
int gfs_normal_lift(
	const struct gfs_normal *normal, struct gfs_ast_statement *statement, struct gfs_arena *arena) GFS_CHECK;

#endif
