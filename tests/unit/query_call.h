/* Calls functions and operators of queries by text, and shows what they give: for tests of values.
 *
 * Values are written as Cypher's literals and calls: null, true, 1, 1.5, 'text', [1, 2], {a: 1}, date('2015-07-21'), toUpper('a'), NaN. */
#ifndef GFS_TESTS_UNIT_QUERY_CALL_H
#define GFS_TESTS_UNIT_QUERY_CALL_H

#include "query/function.h"

struct query_call {
	struct gfs_arena arena;
	struct gfs_query_error error;
	struct gfs_function_env env;
	uint64_t random;
	char text[512]; /* of the last answer */
};

void query_call_init(struct query_call *call);
void query_call_release(struct query_call *call);

/* The value of an expression; the test fails when it cannot be read. A function's error ends it: call->error is set. */
struct gfs_datum query_value(struct query_call *call, const char *expression);
/* The value's text, in the notation above, in call->text; errors as "!TypeError InvalidArgumentValue". */
const char *query_show(struct query_call *call, const char *expression);
const char *query_show_datum(struct query_call *call, struct gfs_datum d);

#endif
