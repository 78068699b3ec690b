/* The ten questions of ../shared/bench/peers.mjs on WordNet, in process: graphfs beside SQLite in the same run. The cache of results is off, then on; plans are kept, as SQLite's
 * are.
 *
 *   bench_cypher FOLDER [WHAT]   FOLDER has nodes.csv and rels.csv (scripts/bench-cypher makes them); WHAT: only that question, often, to look at
 *                                with perf
 *
 * SQLite has its statements prepared, indexes on all columns that a question uses, the same rows, and of its times with and without Bloom filters (which it
 * makes anew for each run) the better one. A figure is a median of processor time, of a batch of runs when one is short. Answers must agree in their number
 * of rows. Exit status 1 when graphfs is behind in one. */
#include "base/checked.h"
#include "graph/index.h"
#include "query/query.h"
#include "tests/bench/ok.h"
#include "tests/bench/processor.h"
#include "tests/support/csv_graph.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_MAX = 2000 };
#define RUN_NS (UINT64_C(1500) * GFS_NS_PER_MS)
/* Of a batch: asking for the time takes as long as a short question. */
#define BATCH_NS (UINT64_C(100) * 1000)
#define REPEAT_NS (UINT64_C(5000) * GFS_NS_PER_MS)

static const struct question {
	const char *name, *cypher, *sql;
	double target_us;
} questions[] = {
	{ "point", "MATCH (s:Synset {name:'dog.n.01'}) RETURN s.gloss", "SELECT gloss FROM n WHERE name='dog.n.01'", 3 },
	{ "count_label", "MATCH (s:Synset) RETURN count(s)", "SELECT count(*) FROM n WHERE synset=1", 3 },
	{ "one_hop", "MATCH (s:Synset {name:'dog.n.01'})-[:HYPONYM]->(t:Synset) RETURN t.name",
		"SELECT t.name FROM n s JOIN r ON r.s=s.id AND r.type='HYPONYM' JOIN n t ON t.id=r.t WHERE s.name='dog.n.01'",
		6 },
	{ "two_hop", "MATCH (s:Synset {name:'dog.n.01'})-[:HYPONYM]->(:Synset)-[:HYPONYM]->(t:Synset) RETURN count(t)",
		"SELECT count(*) FROM n s JOIN r a ON a.s=s.id AND a.type='HYPONYM' JOIN r b ON b.s=a.t AND b.type='HYPONYM' "
		"WHERE s.name='dog.n.01'",
		8 },
	{ "var_hop", "MATCH (s:Synset {name:'carnivore.n.01'})-[:HYPONYM*1..4]->(t:Synset) RETURN count(t)",
		"WITH RECURSIVE w(id,d) AS (SELECT id,0 FROM n WHERE name='carnivore.n.01' UNION ALL SELECT r.t,d+1 FROM w JOIN "
		"r ON r.s=w.id AND r.type='HYPONYM' WHERE d<4) SELECT count(*) FROM w WHERE d>0",
		60 },
	{ "group", "MATCH (s:Synset) RETURN s.lexfile AS f, count(*) AS n ORDER BY n DESC LIMIT 5",
		"SELECT lexfile,count(*) c FROM n WHERE synset=1 GROUP BY lexfile ORDER BY c DESC LIMIT 5", 5000 },
	{ "top_degree",
		"MATCH (s:Synset)-[:HYPONYM]->(t:Synset) RETURN s.name AS name, count(t) AS n ORDER BY n DESC LIMIT 5",
		"SELECT s.name,count(*) c FROM n s JOIN r ON r.s=s.id WHERE r.type='HYPONYM' GROUP BY s.id ORDER BY c DESC "
		"LIMIT 5",
		10000 },
	{ "filter", "MATCH (s:Synset) WHERE s.senses >= 10 RETURN count(s)",
		"SELECT count(*) FROM n WHERE synset=1 AND senses>=10", 2000 },
	{ "common",
		"MATCH (w:Word {name:'run'})-[:HAS_SENSE]->(s:Synset)<-[:HAS_SENSE]-(v:Word) RETURN v.name AS name, count(*) AS "
		"n ORDER BY n DESC, name LIMIT 5",
		"SELECT v.name,count(*) c FROM n w JOIN r a ON a.s=w.id AND a.type='HAS_SENSE' JOIN r b ON b.t=a.t AND "
		"b.type='HAS_SENSE' AND b.rowid<>a.rowid JOIN n v ON v.id=b.s WHERE w.name='run' GROUP BY v.id ORDER BY c DESC, "
		"v.name LIMIT 5",
		60 },
	{ "two_hop_all", "MATCH (a:Synset)-[:HYPERNYM]->(:Synset)-[:HYPERNYM]->(c:Synset) RETURN count(c)",
		"SELECT count(*) FROM r a JOIN r b ON b.s=a.t AND b.type='HYPERNYM' WHERE a.type='HYPERNYM'", 8000 },
};

static struct gfs_graph *graph;
static struct gfs_engine *engine, *uncached; /* with and without a cache of results; plans are kept in both */
static sqlite3 *db;

/* ---- SQLite ---- */

static void sql_ok(int rc, const char *what)
{
	if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) {
		fprintf(stderr, "sqlite: %s: %s\n", what, sqlite3_errmsg(db));
		exit(2);
	}
}

static void sql(const char *text)
{
	sql_ok(sqlite3_exec(db, text, NULL, NULL, NULL), text);
}

static struct gfs_result *cypher(const char *text, struct gfs_engine *by)
{
	struct gfs_query_error error = { 0 };
	struct gfs_result *result = NULL;
	if (gfs_query_run(by, gfs_slice_text(text), NULL, &result, &error) != 0) {
		fprintf(stderr, "%s: %s\n", text, error.message);
		exit(2);
	}
	return result;
}

static void bind(sqlite3_stmt *statement, int i, const struct gfs_datum *d)
{
	if (d->type == GFS_DATUM_STRING)
		sqlite3_bind_text(statement, i, d->text, (int)d->size, SQLITE_TRANSIENT);
	else if (d->type == GFS_DATUM_INTEGER)
		sqlite3_bind_int64(statement, i, d->integer);
	else if (d->type == GFS_DATUM_BOOLEAN)
		sqlite3_bind_int(statement, i, d->boolean);
	else
		sqlite3_bind_null(statement, i);
}

/* Every row that a question of ours gives becomes a row of theirs. */
static void copy(const char *text, const char *insert)
{
	sqlite3_stmt *statement;
	const struct gfs_datum *rows;
	struct gfs_query_error error = { 0 };
	size_t count;
	struct gfs_result *result = cypher(text, uncached);
	size_t columns = gfs_result_column_count(result);
	sql_ok(sqlite3_prepare_v2(db, insert, -1, &statement, NULL), insert);
	for (;;) {
		OK(gfs_result_next(result, &rows, &count, &error));
		if (count == 0)
			break;
		for (size_t row = 0; row < count; row++) {
			for (size_t i = 0; i < columns; i++)
				bind(statement, (int)i + 1, &rows[row * columns + i]);
			sql_ok(sqlite3_step(statement), insert);
			sqlite3_reset(statement);
		}
	}
	sqlite3_finalize(statement);
	gfs_result_free(result);
}

static void fill_sqlite(const char *path)
{
	sql_ok(sqlite3_open(path, &db), path);
	sql("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-262144");
	sql("CREATE TABLE n(id INTEGER PRIMARY KEY,name TEXT,synset INT,pos TEXT,lexfile TEXT,gloss TEXT,senses INT);"
		"CREATE TABLE r(s INT,t INT,type TEXT); BEGIN");
	copy("MATCH (n) RETURN id(n), n.name, n:Synset, n.pos, n.lexfile, n.gloss, n.senses",
		"INSERT INTO n VALUES(?,?,?,?,?,?,?)");
	copy("MATCH (a)-[r]->(b) RETURN id(a), id(b), type(r)", "INSERT INTO r VALUES(?,?,?)");
	sql("COMMIT; CREATE UNIQUE INDEX nn ON n(name,synset);CREATE INDEX rs ON r(s,type,t);"
		"CREATE INDEX rt ON r(t,type,s);CREATE INDEX ns ON n(synset);ANALYZE");
}

/* ---- measuring ---- */

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static size_t run_sql(void *context)
{
	sqlite3_stmt *statement = context;
	size_t rows = 0;
	while (sqlite3_step(statement) == SQLITE_ROW)
		rows++;
	sqlite3_reset(statement);
	return rows;
}

static size_t run_cypher(const char *text, struct gfs_engine *by)
{
	const struct gfs_datum *rows;
	struct gfs_query_error error = { 0 };
	size_t count, all = 0;
	struct gfs_result *result = cypher(text, by);
	do {
		OK(gfs_result_next(result, &rows, &count, &error));
		all += count;
	} while (count != 0);
	gfs_result_free(result);
	return all;
}

static size_t run_uncached(void *context)
{
	return run_cypher(context, uncached);
}

static size_t run_cached(void *context)
{
	return run_cypher(context, engine);
}

static uint64_t batch_ns(size_t (*run)(void *context), void *context, unsigned runs)
{
	uint64_t begin = processor_ns();
	for (unsigned i = 0; i < runs; i++)
		(void)run(context);
	return processor_ns() - begin;
}

/* The median in microseconds, warm. */
static double median(size_t (*run)(void *context), void *context, size_t *ret_rows)
{
	static uint64_t times[RUNS_MAX];
	size_t count = 0;
	unsigned runs = 1;
	*ret_rows = run(context);
	while (batch_ns(run, context, runs) < BATCH_NS)
		runs *= 2;
	uint64_t end = gfs_clock_mono_ns() + RUN_NS;
	while (count < RUNS_MAX && (count < 3 || gfs_clock_mono_ns() < end))
		times[count++] = batch_ns(run, context, runs);
	qsort(times, count, sizeof *times, by_value);
	return (double)times[count / 2] / 1000 / runs;
}

/* What the switch does is told in SQLite's own tests only; the number is its SQLITE_BloomFilter. */
static double median_sql(const char *text, bool bloom, size_t *ret_rows)
{
	enum { NO_BLOOM_FILTER = 0x80000 };
	sqlite3_stmt *statement;
	(void)sqlite3_test_control(SQLITE_TESTCTRL_OPTIMIZATIONS, db, bloom ? 0 : NO_BLOOM_FILTER);
	sql_ok(sqlite3_prepare_v2(db, text, -1, &statement, NULL), text);
	double us = median(run_sql, statement, ret_rows);
	sqlite3_finalize(statement);
	return us;
}

static bool compare(const struct question *q)
{
	size_t sql_rows, rows, cached_rows;
	double with_us = median_sql(q->sql, true, &sql_rows), without_us = median_sql(q->sql, false, &sql_rows);
	double sqlite_us = GFS_MIN(with_us, without_us);
	double us = median(run_uncached, (void *)(uintptr_t)q->cypher, &rows);
	double cached_us = median(run_cached, (void *)(uintptr_t)q->cypher, &cached_rows);
	bool ahead = us < sqlite_us && rows == sql_rows && rows == cached_rows;
	printf("%-12s %5zu %11.2f %11.2f %8.2f %9.1f %9.2f  %s%s%s\n", q->name, rows, sqlite_us, us, us / sqlite_us,
		q->target_us, cached_us, ahead ? "" : "BEHIND ", us <= q->target_us ? "" : "over target ",
		rows == sql_rows ? "" : "OTHER ROWS");
	fflush(stdout);
	return ahead;
}

/* For perf. */
static void repeat(const char *text)
{
	uint64_t end = gfs_clock_mono_ns() + REPEAT_NS;
	while (gfs_clock_mono_ns() < end)
		for (unsigned i = 0; i < 100; i++)
			(void)run_cypher(text, uncached);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/graphfs-cypher-XXXXXX", path[64], file[64], command[96];
	bool good = true;
	struct gfs_message message;
	if (argc < 2 || !mkdtemp(folder)) {
		fprintf(stderr, "usage: bench_cypher FOLDER [WHAT]\n");
		return 2;
	}
	(void)snprintf(path, sizeof path, "%s/db", folder);
	(void)snprintf(file, sizeof file, "%s/peer.sqlite", folder);
	OK(gfs_graph_create(path, NULL, &message));
	OK(gfs_graph_open(path, &(struct gfs_store_opts){ 0 }, &graph, &message));
	csv_graph_import(graph, argv[1]);
	OK(gfs_graph_close(graph));
	OK(gfs_graph_open(path, &(struct gfs_store_opts){ 0 }, &graph, &message));
	OK(gfs_engine_new(graph, NULL, &engine));
	OK(gfs_engine_new(graph, &(struct gfs_engine_opts){ .result_cache_off = true }, &uncached));
	gfs_result_free(cypher("CREATE INDEX FOR (s:Synset) ON (s.name)", engine));
	gfs_result_free(cypher("CREATE INDEX FOR (w:Word) ON (w.name)", engine));
	for (uint16_t id = 1; id <= 2; id++)
		OK(gfs_index_wait(graph, id, NULL, NULL, &message));
	if (argc > 2) {
		for (size_t i = 0; i < GFS_COUNT(questions); i++)
			if (strcmp(questions[i].name, argv[2]) == 0)
				repeat(questions[i].cypher);
	} else {
		fill_sqlite(file);
		printf(
			"%-12s %5s %11s %11s %8s %9s %9s\n", "median us", "rows", "SQLite", "graphfs", "ratio", "target", "cached");
		for (size_t i = 0; i < GFS_COUNT(questions); i++)
			good = compare(&questions[i]) && good;
		sqlite3_close(db);
	}
	gfs_engine_free(engine);
	gfs_engine_free(uncached);
	OK(gfs_graph_close(graph));
	(void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command) != 0 || !good;
}
