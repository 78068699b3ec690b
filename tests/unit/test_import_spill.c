/* Imports that are larger than the memory they may use: the same graph as with plenty of it; and whatever goes wrong on the way, the state
 * before. */
#include "base/checked.h"
#include "base/io.h"
#include "graph/transfer.h"
#include "store/store_private.h"
#include "tests/support/scale.h"
#include "tests/unit/graph_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NODES = GFS_SCALED(1500, 600), RELS = GFS_SCALED(4500, 1500), HUB_EVERY = 5 };
#define SMALL_DIRTY_BYTES (UINT64_C(64) << 10)

static struct gfs_buf first_nodes, first_rels, more_nodes, more_rels;
static uint32_t seed = 20240601;

static uint32_t below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 8) * n >> 24);
}

/* ---- data ---- */

/* Node i is PREFIXi; with `bad`, one row in 25 is. */
static void make_nodes(struct gfs_buf *out, const char *prefix, bool bad)
{
	gfs_buf_printf(out, "name:ID,:LABEL,number:int,text\n");
	for (unsigned i = 0; i < NODES; i++) {
		gfs_buf_printf(out, "%s%u,%s,%u,", prefix, i * 7919u % NODES, i % 3 ? "Person;Odd" : "Place", i);
		for (unsigned words = below(40); words > 0; words--)
			gfs_buf_append_text(out, "word ");
		gfs_buf_append_text(out, "\n");
		if (bad && i % 50 == 49)
			gfs_buf_printf(out, "%sbad%u,Label%u,no number,\n", prefix, i, i);
		if (bad && i % 50 == 25)
			gfs_buf_printf(out, "%s%u,Person,1,twice\n", prefix, i * 7919u % NODES);
	}
	OK(gfs_buf_failed(out));
}

/* Some into a hub, some from a node to itself, some from nodes of OTHER. */
static void make_rels(struct gfs_buf *out, const char *prefix, const char *other, bool bad)
{
	gfs_buf_printf(out, ":START_ID,:END_ID,:TYPE,weight:int\n");
	for (unsigned i = 0; i < RELS; i++) {
		unsigned start = below(NODES), end = i % HUB_EVERY == 0 ? 1 : i % 97 == 0 ? start : below(NODES);
		gfs_buf_printf(
			out, "%s%u,%s%u,T%u,%s\n", i % 11 ? prefix : other, start, prefix, end, i % 5, i % 4 ? "" : "12");
		if (bad && i % 50 == 49)
			gfs_buf_printf(out, "%s%u,nobody,T0,\n", prefix, start);
	}
	OK(gfs_buf_failed(out));
}

static int make_data(void **state)
{
	(void)state;
	make_nodes(&first_nodes, "a", true);
	make_rels(&first_rels, "a", "a", true);
	make_nodes(&more_nodes, "b", false);
	make_rels(&more_rels, "b", "a", false);
	return 0;
}

static int free_data(void **state)
{
	(void)state;
	gfs_buf_release(&first_nodes);
	gfs_buf_release(&first_rels);
	gfs_buf_release(&more_nodes);
	gfs_buf_release(&more_rels);
	return 0;
}

/* ---- imports ---- */

static void ignore_row(void *context, const char *line)
{
	(void)line;
	++*(unsigned *)context;
}

static int import(struct fixture *f, struct gfs_slice nodes, struct gfs_slice rels, bool skip_bad)
{
	unsigned bad = 0;
	struct gfs_import_file files[] = { { "nodes", nodes }, { "rels", rels } };
	struct gfs_import_opts opts = {
		.skip_bad = skip_bad, .unlogged = true, .meta = { .mode = 0750 }, .bad_row = ignore_row, .context = &bad
	};
	struct gfs_import_result result = { 0 };
	struct gfs_message message = { "" };
	int err = gfs_import(f->graph, files, rels.size == 0 ? 1 : 2, &opts, &result, &message);
	REQUIRE(err != 0 || (result.nodes == NODES && result.relationships == RELS && result.bad_rows == bad));
	REQUIRE(err != 0 || (bad > 0) == skip_bad);
	return err;
}

static int import_first(struct fixture *f)
{
	return import(f, gfs_buf_slice(&first_nodes), gfs_buf_slice(&first_rels), true);
}

static int import_more(struct fixture *f)
{
	return import(f, gfs_buf_slice(&more_nodes), gfs_buf_slice(&more_rels), false);
}

static int append(void *context, struct gfs_slice bytes)
{
	gfs_buf_append(context, bytes.data, bytes.size);
	return gfs_buf_failed(context);
}

/* The dump, with every time as 0. */
static void dump(struct fixture *f, struct gfs_buf *out)
{
	GFS_AUTO_BUF all = GFS_BUF_INIT;
	OK(gfs_dump(f->graph, append, &all));
	gfs_buf_clear(out);
	for (size_t i = 0; i < all.size; i++) {
		gfs_buf_append_u8(out, all.data[i]);
		if (all.size - i < 6 || memcmp(all.data + i, "time\":", 6) != 0)
			continue;
		gfs_buf_append_text(out, "ime\":0");
		for (i += 6; all.data[i] >= '0' && all.data[i] <= '9';)
			i++;
		i--;
	}
	OK(gfs_buf_failed(out));
}

static void make_fixture(struct fixture *f, uint64_t dirty_bytes_max)
{
	*f = (struct fixture){ .opts = { .dirty_bytes_max = dirty_bytes_max,
							   .cache.bytes = GFS_CACHE_BUDGET_BYTES_MIN,
							   .checkpoint_interval_ms = UINT32_MAX } };
	fixture_create(f);
}

/* Which of two states the database is in, of which it must be in one. */
static bool is_first_of(struct fixture *f, const struct gfs_buf *a, const struct gfs_buf *b)
{
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	fixture_open(f);
	dump(f, &got);
	require_clean(f->graph);
	fixture_close(f);
	bool first = gfs_slice_equal(gfs_buf_slice(&got), gfs_buf_slice(a));
	assert_true(first || gfs_slice_equal(gfs_buf_slice(&got), gfs_buf_slice(b)));
	return first;
}

/* A second import, with a transaction in the log before it. */
static void import_all(struct fixture *f, struct gfs_buf *ret_first, struct gfs_buf *ret_all)
{
	struct gfs_store_stats stats;
	fixture_open(f);
	OK(import_first(f));
	dump(f, ret_first);
	require_clean(f->graph);
	(void)new_node(f, "between");
	OK(import_more(f));
	gfs_store_stats_get(gfs_graph_store(f->graph), &stats);
	assert_int_equal(stats.checkpoints, 2);
	assert_int_equal(stats.dirty_bytes, 0);
	fixture_close(f);
	fixture_open(f);
	require_clean(f->graph);
	dump(f, ret_all);
}

static void test_same_graph(void **state)
{
	struct fixture roomy, small;
	GFS_AUTO_BUF first = GFS_BUF_INIT;
	GFS_AUTO_BUF all = GFS_BUF_INIT;
	GFS_AUTO_BUF first_small = GFS_BUF_INIT;
	GFS_AUTO_BUF all_small = GFS_BUF_INIT;
	(void)state;
	make_fixture(&roomy, 0);
	make_fixture(&small, SMALL_DIRTY_BYTES);
	import_all(&roomy, &first, &all);
	import_all(&small, &first_small, &all_small);
	assert_true(first.size > 1000 && all.size > 2 * first.size - 1000);
	assert_true(gfs_slice_equal(gfs_buf_slice(&first), gfs_buf_slice(&first_small)));
	assert_true(gfs_slice_equal(gfs_buf_slice(&all), gfs_buf_slice(&all_small)));
	fixture_destroy(&roomy);
	fixture_destroy(&small);
}

static int close_graph(struct fixture *f)
{
	struct gfs_graph *graph = f->graph;
	f->graph = NULL;
	return gfs_graph_close(graph);
}

/* A fixture that the first import has filled, and what it dumps. Not open. */
static void make_filled(struct fixture *f, struct gfs_buf *ret_dump)
{
	make_fixture(f, SMALL_DIRTY_BYTES);
	fixture_open(f);
	OK(import_first(f));
	dump(f, ret_dump);
	fixture_close(f);
}

/* A quote that is never closed ends the import, at any place of it. */
static void test_abort(void **state)
{
	struct fixture f;
	struct gfs_txn *txn;
	GFS_AUTO_BUF before = GFS_BUF_INIT;
	GFS_AUTO_BUF cut = GFS_BUF_INIT;
	(void)state;
	make_filled(&f, &before);
	for (unsigned i = 0; i < 8; i++) {
		const struct gfs_buf *whole = i % 2 ? &more_rels : &more_nodes;
		fixture_open(&f);
		gfs_buf_clear(&cut);
		gfs_buf_append(&cut, whole->data, 100 + below((uint32_t)whole->size - 100));
		gfs_buf_append_text(&cut, "\n\"");
		OK(gfs_buf_failed(&cut));
		int err = i % 2 ? import(&f, gfs_buf_slice(&more_nodes), gfs_buf_slice(&cut), false)
						: import(&f, gfs_buf_slice(&cut), gfs_slice("", 0), false);
		assert_int_equal(err, GFS_ERR_INVALID);
		assert_int_equal(gfs_txn_begin(gfs_graph_store(f.graph), &txn), GFS_ERR_FAILED);
		assert_int_equal(close_graph(&f), GFS_ERR_INTERRUPTED);
		(void)is_first_of(&f, &before, &before);
	}
	fixture_destroy(&f);
}

/* ---- calls that go wrong ---- */

enum manner { FAIL, DIE, MANNER_COUNT };
static enum manner manner;
static unsigned wrong_at, calls;

static bool wrong_now(void)
{
	bool now = calls++ == wrong_at;
	if (now && manner == DIE)
		_exit(7);
	return now;
}

static const struct gfs_kv_backend_ops *real;

static int bad_put(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key, struct gfs_slice value)
{
	return wrong_now() ? GFS_ERR_NOSPC : real->batch_put(b, table, key, value);
}

static int bad_commit(struct gfs_kv_batch *b)
{
	if (!wrong_now())
		return real->batch_commit(b);
	real->batch_abort(b);
	return GFS_ERR_NOSPC;
}

static int import_with_bad_batch(struct fixture *f)
{
	static struct gfs_kv_backend_ops bad;
	struct gfs_kv_backend *backend = gfs_store_kv_backend(gfs_graph_store(f->graph));
	real = backend->ops;
	bad = *real;
	bad.batch_put = bad_put;
	bad.batch_commit = bad_commit;
	backend->ops = &bad;
	int err = import_more(f);
	backend->ops = real;
	return err;
}

static struct gfs_io_verdict bad_io(void *context, const struct gfs_io_event *event)
{
	(void)context;
	if (event->op == GFS_IO_READ)
		return (struct gfs_io_verdict){ 0 };
	return (struct gfs_io_verdict){ .error = wrong_now() ? EIO : 0 };
}

static int import_with_bad_io(struct fixture *f)
{
	gfs_io_set_hook(bad_io, NULL);
	int err = import_more(f);
	gfs_io_set_hook(NULL, NULL);
	return err;
}

typedef int (*import_fn)(struct fixture *f);

static void die_in(struct fixture *f, void *context)
{
	import_fn fn = *(import_fn *)context;
	_exit(fn(f) == 0 ? 0 : 1);
}

/* True when the import was over before the call came. */
static bool go_wrong(struct fixture *f, enum manner how, unsigned at, import_fn fn)
{
	manner = how;
	wrong_at = at;
	calls = 0;
	if (how == DIE)
		return fixture_ended(f, die_in, &fn) == 0;
	fixture_open(f);
	int err = fn(f);
	(void)close_graph(f); /* fails as the import did */
	return err == 0;
}

static unsigned count_calls(import_fn fn, struct gfs_buf *ret_after)
{
	struct fixture f;
	manner = FAIL;
	wrong_at = UINT32_MAX;
	calls = 0;
	make_filled(&f, ret_after);
	fixture_open(&f);
	OK(fn(&f));
	dump(&f, ret_after);
	fixture_destroy(&f);
	return calls;
}

/* `commit_calls`: how many of the last calls may come when the batch is already committed. */
static void check_all_manners(import_fn fn, unsigned commit_calls, unsigned tries)
{
	struct fixture f;
	GFS_AUTO_BUF before = GFS_BUF_INIT;
	GFS_AUTO_BUF after = GFS_BUF_INIT;
	unsigned count = count_calls(fn, &after), done = 0, committed = 0;
	assert_true(count > 10);
	make_filled(&f, &before);
	for (unsigned i = 0; i < MANNER_COUNT * tries; i++, done++) {
		unsigned last = i / MANNER_COUNT; /* the last calls always, of the others some */
		unsigned at = last < 10 ? count - 1 - last : below(count);
		assert_false(go_wrong(&f, i % MANNER_COUNT, at, fn));
		if (is_first_of(&f, &before, &after))
			continue;
		assert_true(at >= count - commit_calls);
		committed++;
		fixture_destroy(&f);
		make_filled(&f, &before);
	}
	printf("%u of %u calls, %u after the commit\n", done, MANNER_COUNT * count, committed);
	fixture_destroy(&f);
}

static void test_batch_goes_wrong(void **state)
{
	(void)state;
	check_all_manners(import_with_bad_batch, 0, GFS_SCALED(11, 6));
}

static void test_io_goes_wrong(void **state)
{
	(void)state;
	check_all_manners(import_with_bad_io, 10, GFS_SCALED(12, 12));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_graph),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_batch_goes_wrong),
		cmocka_unit_test(test_io_goes_wrong),
	};
	return cmocka_run_group_tests(tests, make_data, free_data);
}
