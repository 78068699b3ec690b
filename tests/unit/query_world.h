/* An engine on a graph of its own, and answers as text, for the tests of query/. */
#ifndef GFS_TESTS_QUERY_WORLD_H
#define GFS_TESTS_QUERY_WORLD_H

#include "graph_fixture.h"

#include "query/query.h"

struct query_world {
	struct fixture fixture;
	struct gfs_engine *engine;
};

/* For cmocka: *state is the world. */
int query_world_setup(void **state);
int query_world_teardown(void **state);
/* The engine anew, with other options. */
void query_world_engine(struct query_world *world, const struct gfs_engine_opts *opts);

/* Rows as text: values apart by commas, rows by semicolons; or "Detail: message" of the error. Strings are bare, nodes (:A {k: 1}), relationships [:T {k: 1}]. `opts` may
 * be NULL. */
void query_answer(struct query_world *world, const char *text, const struct gfs_run_opts *opts, struct gfs_buf *out);
/* The same with the rows in order of their text. */
void query_answer_sorted(
	struct query_world *world, const char *text, const struct gfs_run_opts *opts, struct gfs_buf *out);
/* Fails the test unless that is the answer; of an error only the detail is compared. */
void query_expect(struct query_world *world, const char *text, const char *wanted);
/* Whether the plan of the statement, as EXPLAIN shows it, has these words in it. */
bool query_plan_has(struct query_world *world, const char *text, const char *what);

/* The same rows, in any order, without and with the planner's passes; and that there are some. The engine is one with all passes after it. */
void query_expect_same(struct query_world *world, const char *text);

#endif
