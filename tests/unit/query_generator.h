/* Random graphs and statements whose answers do not depend on the order in which rows are made: what every right plan agrees on.
 *
 * What is not settled by the language is left out or wrapped: a list of a pattern comprehension is only counted or added up, LIMIT stands behind an ORDER BY
 * of every variable, a property that is set from several rows gets the same value from each. Nothing raises an error in one order of evaluation that it
 * would not raise in another: operators are used on types that they are total for. */
#ifndef GFS_TESTS_QUERY_GENERATOR_H
#define GFS_TESTS_QUERY_GENERATOR_H

#include "base/buf.h"
#include "tests/support/rng.h"

#include <stdbool.h>

/* Nodes with labels A, B, C and properties i (all differ), x (a small integer or missing), s (a string), m (of any type or missing); relationships of
 * types T, U, V with w. All texts end with a 0 byte. */
void query_generate_graph(struct rng *rng, unsigned nodes, unsigned rels, struct gfs_buf *out);
void query_generate_reading(struct rng *rng, struct gfs_buf *out);
void query_generate_writing(struct rng *rng, struct gfs_buf *out);
/* A statement without its WHERE and RETURN, and a predicate on its variables. */
void query_generate_predicate(struct rng *rng, struct gfs_buf *match, struct gfs_buf *predicate);

/* ---- for query_generator*.c ---- */

enum query_var_kind {
	QUERY_VAR_NODE,
	QUERY_VAR_REL,
	QUERY_VAR_RELS, /* of a pattern of variable length */
	QUERY_VAR_PATH,
	QUERY_VAR_INTEGER, /* or null */
	QUERY_VAR_ANY
};

enum { QUERY_VARS_MAX = 32, QUERY_VARS_MANY = 6, QUERY_EXPR_DEPTH = 3 };

struct query_var {
	enum query_var_kind kind;
	unsigned number; /* it is called v<number> */
};

struct query_generator {
	struct rng *rng;
	struct gfs_buf *out;
	struct query_var vars[QUERY_VARS_MAX]; /* in scope */
	unsigned count;
	unsigned next;  /* number of the next variable */
	unsigned depth; /* of expressions */
	bool condition; /* a pattern may stand for itself here */
	unsigned rows;  /* about how many there may be */
};

unsigned query_pick(struct query_generator *g, unsigned below);
void query_put(struct query_generator *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Brings a variable into scope; its number. */
unsigned query_declare(struct query_generator *g, enum query_var_kind kind);
/* One of that kind in scope; false: there is none. */
bool query_find(struct query_generator *g, enum query_var_kind kind, unsigned *ret_number);

void query_put_integer(struct query_generator *g);
void query_put_boolean(struct query_generator *g);
void query_put_any(struct query_generator *g);
void query_put_aggregate(struct query_generator *g);
/* A path of nodes and relationships; declares what is new in it unless `names` is false. */
void query_put_path(struct query_generator *g, unsigned hops_max, bool names);

#endif
