/* Functions that expressions call, by name. One table (function.c) over files by subject: function_string.c, function_math.c, function_list.c,
 * function_graph.c, function_temporal.c, function_convert.c, function_spatial.c. Aggregating functions are in aggregate.h. */
#ifndef GFS_QUERY_FUNCTION_H
#define GFS_QUERY_FUNCTION_H

#include "base/arena.h"
#include "query/datum.h"
#include "query/error.h"

struct gfs_graph;
struct gfs_regex;
struct gfs_rel_record;

/* What a function may use while it runs. */
struct gfs_function_env {
	struct gfs_arena *arena; /* for results */
	struct gfs_graph *graph; /* under the graph lock; NULL when constants are folded */
	struct gfs_query_error *error;
	uint64_t statement_ns, transaction_ns; /* wall clock at their begin: for date() and kin */
	uint64_t *random;                      /* state of rand(), of this statement */
	struct gfs_regex **
		regex; /* =~ keeps its last expression here; gfs_regex_free (query/regex.h) at the end of the statement. NULL: it keeps none */
	const struct gfs_query_pos *pos; /* of the call, for errors */
	uint64_t
		memory_bytes_max; /* the arena's limit, asked before large results are made; 0: GFS_QUERY_MEMORY_BYTES_MAX */
	/* A relationship that the statement itself has deleted, of which type() may still be asked. NULL: there is none. */
	bool (*deleted_rel)(void *context, uint64_t id, struct gfs_rel_record *ret_record);
	void *context; /* of deleted_rel */
};

enum {
	GFS_FUNCTION_VOLATILE = 1,   /* another answer each time: rand(), timestamp(), date(): no folding, no caching */
	GFS_FUNCTION_GRAPH = 2,      /* reads the graph */
	GFS_FUNCTION_TAKES_NULL = 4, /* is called though an argument is null; otherwise the answer is null then */
	GFS_FUNCTION_CLOCK =
		8, /* as VOLATILE when it is called with less than two arguments, and not with a string: date(), date({timezone: 'UTC'}) */
};

struct gfs_function {
	const char *name; /* as documented: "toLower", "duration.between"; looked up without regard to case */
	/* 0 with *ret_value set, or a code with env->error filled. */
	int (*call)(
		const struct gfs_function_env *env, const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value);
	uint8_t args_min, args_max; /* UINT8_MAX: any number */
	uint8_t flags;
	/* What it gives, where the text alone tells: for the check. GFS_DATUM_NULL: it depends. */
	enum gfs_datum_type result;
};

/* NULL: there is none of this name. */
const struct gfs_function *gfs_function_find(struct gfs_slice name);
/* The i-th in order of name; NULL past the last. */
const struct gfs_function *gfs_function_at(size_t i);

/* All properties of a node or relationship, as a MAP. */
int gfs_function_properties(
	const struct gfs_function_env *env, struct gfs_datum entity, struct gfs_datum *ret_value) GFS_CHECK;

/* Operators on values, shared by the evaluator and constant folding. Null rules and overflow errors included. `op`: enum gfs_ast_op, ADD to CONCAT. */
int gfs_datum_arithmetic(const struct gfs_function_env *env, uint8_t op, struct gfs_datum a, struct gfs_datum b,
	struct gfs_datum *ret_value) GFS_CHECK;
int gfs_datum_negate(const struct gfs_function_env *env, struct gfs_datum a, struct gfs_datum *ret_value) GFS_CHECK;
/* IN, STARTS WITH, ENDS WITH, CONTAINS, =~ */
int gfs_datum_test(const struct gfs_function_env *env, uint8_t op, struct gfs_datum a, struct gfs_datum b,
	struct gfs_datum *ret_value) GFS_CHECK;
/* map.key, temporal.component, point.x; an entity's property is the evaluator's own. */
int gfs_datum_component(const struct gfs_function_env *env, struct gfs_datum of, struct gfs_slice name,
	struct gfs_datum *ret_value) GFS_CHECK;
/* list[i], map['key'] */
int gfs_datum_index(const struct gfs_function_env *env, struct gfs_datum of, struct gfs_datum at,
	struct gfs_datum *ret_value) GFS_CHECK;
/* list[from..to]; `from`, `to` may be NULL pointers when left out. */
int gfs_datum_slice(const struct gfs_function_env *env, struct gfs_datum of, const struct gfs_datum *from,
	const struct gfs_datum *to, struct gfs_datum *ret_value) GFS_CHECK;

#endif
