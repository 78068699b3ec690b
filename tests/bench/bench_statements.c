/* What short statements cost in process, whatever they ask: CREATE, a point query alone and on two threads, parsing and planning, an answer that is cached.
 *
 * On a graph of its own in /tmp, warm. Figures are medians of batches in processor time, but for the threads, where it is what came out. Exit status 1
 * when one is over its limit. */
#include "base/checked.h"
#include "graph/index.h"
#include "query/query.h"
#include "tests/bench/ok.h"
#include "tests/bench/processor.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 100000, NODES_A_STATEMENT = 10000, BATCHES = 200, RUNS = 200, THREADS = 2, THREAD_RUNS = 200000 };

static struct gfs_graph *graph;
static struct gfs_engine *engine, *uncached; /* with and without a cache of results */

static void run_by(struct gfs_engine *by, const char *text, const struct gfs_run_opts *opts)
{
	const struct gfs_datum *rows;
	struct gfs_query_error error = { 0 };
	struct gfs_result *result = NULL;
	size_t count = 1;
	int err = gfs_query_run(by, gfs_slice_text(text), opts, &result, &error);
	while (err == 0 && count != 0)
		err = gfs_result_next(result, &rows, &count, &error);
	if (err != 0) {
		fprintf(stderr, "%s: %s\n", text, error.message);
		exit(2);
	}
	gfs_result_free(result);
}

/* ---- what is measured; `i` is another one each time ---- */

static void create_with_parameters(unsigned i)
{
	char name[32];
	(void)snprintf(name, sizeof name, "with %u", i);
	const struct gfs_param params[] = {
		{ gfs_slice_text("name"), gfs_datum_string(gfs_slice_text(name)) },
		{ gfs_slice_text("age"), gfs_datum_integer(i) },
	};
	run_by(uncached, "CREATE (:Made {name: $name, age: $age})",
		&(struct gfs_run_opts){ .params = params, .param_count = GFS_COUNT(params) });
}

static void create_with_literals(unsigned i)
{
	char text[80];
	(void)snprintf(text, sizeof text, "CREATE (:Made {name: 'plain %u', age: %u})", i, i);
	run_by(uncached, text, NULL);
}

static void point(unsigned i)
{
	char name[32];
	(void)snprintf(name, sizeof name, "p%u", i * 7919 % NODES);
	const struct gfs_param param = { gfs_slice_text("name"), gfs_datum_string(gfs_slice_text(name)) };
	run_by(uncached, "MATCH (p:Person {name: $name}) RETURN p.age",
		&(struct gfs_run_opts){ .params = &param, .param_count = 1 });
}

static void point_with_literal(unsigned i)
{
	char text[80];
	(void)snprintf(text, sizeof text, "MATCH (p:Person {name: 'p%u'}) RETURN p.age", i * 7919 % NODES);
	run_by(uncached, text, NULL);
}

static void plan(unsigned i)
{
	(void)i; /* the same each time: no cache is asked */
	run_by(uncached,
		"MATCH (a:Person {name: 'p1'})-[:KNOWS]->(b:Person) WHERE b.age > 30 WITH a, count(b) AS n "
		"MATCH (a)<-[:KNOWS]-(c:Person) WHERE n > 1 RETURN c.name, n ORDER BY c.name LIMIT 3",
		&(struct gfs_run_opts){ .no_cache = true, .explain = true });
}

static void repeat(unsigned i)
{
	(void)i;
	run_by(engine, "MATCH (p:Person) WHERE p.age > 30 RETURN count(p), avg(p.age)", NULL);
}

static const struct row {
	const char *what;
	void (*run)(unsigned i);
	double limit_us;
} table[] = {
	{ "CREATE of a node with two properties, parameters", create_with_parameters, 5 },
	{ "  with literals, another text each time", create_with_literals, 5 },
	{ "point query, parameters", point, 5 },
	{ "  with a literal, another text each time", point_with_literal, 5 },
	{ "parsing and planning four clauses", plan, 50 },
	{ "a repeat that the result cache answers", repeat, 2 },
};

/* ---- measuring ---- */

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static bool measure(const struct row *row)
{
	uint64_t ns[BATCHES];
	unsigned i = 0;
	for (; i < RUNS; i++)
		row->run(i);
	for (unsigned k = 0; k < BATCHES; k++) {
		uint64_t start = processor_ns();
		for (unsigned end = i + RUNS; i < end; i++)
			row->run(i);
		ns[k] = processor_ns() - start;
	}
	qsort(ns, BATCHES, sizeof *ns, by_value);
	double us = (double)ns[BATCHES / 2] / 1000 / RUNS;
	printf("%-52s %8.2f us %8.0f %s\n", row->what, us, row->limit_us, us <= row->limit_us ? "" : "OVER");
	return us <= row->limit_us;
}

static void *ask_points(void *context)
{
	unsigned from = *(const unsigned *)context;
	for (unsigned i = 0; i < THREAD_RUNS; i++)
		point(from + i);
	return NULL;
}

static bool measure_threads(void)
{
	pthread_t threads[THREADS];
	unsigned from[THREADS];
	uint64_t start = gfs_clock_mono_ns();
	for (unsigned i = 0; i < THREADS; i++) {
		from[i] = i * THREAD_RUNS;
		OK(pthread_create(&threads[i], NULL, ask_points, &from[i]) != 0 ? GFS_ERR_NOMEM : 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	double seconds = (double)(gfs_clock_mono_ns() - start) / 1e9, rate = (double)THREADS * THREAD_RUNS / seconds;
	printf("%-52s %8.0f /s %8u %s\n", "point queries on two threads", rate, 100000, rate >= 100000 ? "" : "UNDER");
	return rate >= 100000;
}

static void fill(void)
{
	char text[160];
	struct gfs_message message;
	for (unsigned i = 0; i < NODES; i += NODES_A_STATEMENT) {
		(void)snprintf(text, sizeof text, "UNWIND range(%u, %u) AS i CREATE (:Person {name: 'p' + i, age: i %% 90})", i,
			i + NODES_A_STATEMENT - 1);
		run_by(engine, text, NULL);
	}
	run_by(engine, "MATCH (a:Person {name: 'p1'}), (b:Person {name: 'p2'}) CREATE (a)-[:KNOWS]->(b)", NULL);
	run_by(engine, "CREATE INDEX FOR (p:Person) ON (p.name)", NULL);
	OK(gfs_index_wait(graph, 1, NULL, NULL, &message));
	for (unsigned i = 0; i < NODES; i++)
		point(i); /* all of them, so that the caches have what they can hold */
}

int main(void)
{
	char folder[] = "/tmp/graphfs-statements-XXXXXX", path[64], command[96];
	struct gfs_message message;
	bool good = true;
	if (mkdtemp(folder) == NULL)
		return 2;
	(void)snprintf(path, sizeof path, "%s/db", folder);
	OK(gfs_graph_create(path, NULL, &message));
	OK(gfs_graph_open(path, &(struct gfs_store_opts){ 0 }, &graph, &message));
	OK(gfs_engine_new(graph, NULL, &engine));
	OK(gfs_engine_new(graph, &(struct gfs_engine_opts){ .result_cache_off = true }, &uncached));
	fill();
	printf("%-52s %11s %8s\n", "", "", "limit");
	for (size_t i = 0; i < GFS_COUNT(table); i++)
		good = measure(&table[i]) && good;
	good = measure_threads() && good;
	gfs_engine_free(engine);
	gfs_engine_free(uncached);
	OK(gfs_graph_close(graph));
	(void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command) != 0 || !good;
}
