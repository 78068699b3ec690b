/* One engine, many threads: readers with every cache beside writers, and a long reader that no writer waits for. */
#include "query_world.h"

#include "base/clock.h"
#include "tests/support/rng.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { THREADS = 4, ROUNDS = 300 };

struct worker {
	struct query_world *world;
	unsigned number;
	pthread_t thread;
};

static void run(struct query_world *world, const char *text, struct gfs_buf *out)
{
	query_answer_sorted(world, text, NULL, out);
}

/* Each thread counts up a node of its own: it must see its last number, whatever the others do and the caches say. */
static void *work(void *context)
{
	struct worker *worker = context;
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	char text[160], wanted[32];
	for (unsigned i = 1; i <= ROUNDS; i++) {
		(void)snprintf(text, sizeof text, "MATCH (n:Own {id: %u}) SET n.count = %u", worker->number, i);
		run(worker->world, text, &got);
		(void)snprintf(text, sizeof text, "MATCH (n:Own {id: %u}) RETURN n.count", worker->number);
		(void)snprintf(wanted, sizeof wanted, "%u", i);
		run(worker->world, text, &got);
		REQUIRE(strcmp((const char *)got.data, wanted) == 0);
		run(worker->world, "MATCH (n:N)-[:T]->(m) WHERE m.x >= 2 RETURN count(*), sum(n.x)", &got);
		REQUIRE(strcmp((const char *)got.data, "100, 150") == 0);
		run(worker->world, "MATCH (n:Own) RETURN count(n)", &got);
		REQUIRE(strcmp((const char *)got.data, "4") == 0);
	}
	return NULL;
}

static void make_graph(struct query_world *world)
{
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	run(world, "UNWIND range(0, 3) AS i CREATE (:Own {id: i, count: 0})", &got);
	run(world, "UNWIND range(0, 199) AS i CREATE (:N {i: i, x: i % 4})", &got);
	run(world, "MATCH (a:N), (b:N) WHERE b.i = a.i + 1 AND a.i < 199 OR (a.i = 199 AND b.i = 0) CREATE (a)-[:T]->(b)",
		&got);
	run(world, "MATCH (n:N)-[:T]->(m) WHERE m.x >= 2 RETURN count(*), sum(n.x)", &got);
	REQUIRE(strncmp((const char *)got.data, "100, ", 5) == 0);
}

static void test_many_threads(void **state)
{
	struct worker workers[THREADS];
	make_graph(*state);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .world = *state, .number = i };
		REQUIRE(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		REQUIRE(pthread_join(workers[i].thread, NULL) == 0);
}

/* ---- a long reader ---- */

struct reader {
	struct query_world *world;
	_Atomic bool stop;
	_Atomic bool going;
};

static bool wants_stop(void *context)
{
	struct reader *reader = context;
	atomic_store(&reader->going, true);
	return atomic_load(&reader->stop);
}

static void *read_long(void *context)
{
	struct reader *reader = context;
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	const struct gfs_run_opts opts = { .interrupted = wants_stop, .context = reader };
	query_answer(
		reader->world, "MATCH (a:N), (b:N), (c:N), (d:N) WHERE a.x + b.x + c.x + d.x < 0 RETURN count(*)", &opts, &got);
	REQUIRE(strncmp((const char *)got.data, "QueryTerminated", 15) == 0);
	return NULL;
}

/* The promise is 50 ms; a slice is 2. Under a sanitizer and on a busy machine a thread may have to wait for its turn as well. */
static void test_a_long_reader(void **state)
{
	struct reader reader = { .world = *state };
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	pthread_t thread;
	uint64_t sum_ns = 0;
	make_graph(*state);
	REQUIRE(pthread_create(&thread, NULL, read_long, &reader) == 0);
	while (!atomic_load(&reader.going))
		sched_yield();
	for (unsigned i = 0; i < 50; i++) {
		uint64_t start_ns = gfs_clock_mono_ns();
		run(*state, "MATCH (n:Own {id: 1}) SET n.count = n.count + 1", &got);
		sum_ns += gfs_clock_mono_ns() - start_ns;
	}
	atomic_store(&reader.stop, true);
	REQUIRE(pthread_join(thread, NULL) == 0);
	print_message("a write beside a long reader takes %.2f ms\n", (double)sum_ns / 50 / (double)GFS_NS_PER_MS);
	assert_true(sum_ns / 50 < 50 * GFS_NS_PER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_many_threads, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_a_long_reader, query_world_setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
