/* Property indexes through graph/index.h: what they answer, how they are built beside writers and after a crash, unique ones, and what fsck says when
 * they are wrong. Random changes against the records are test_graph_model's. */
#include "tests/unit/graph_fixture.h"
#include "tests/unit/index_check.h"

#include "base/checked.h"
#include "base/clock.h"
#include "graph/graph_private.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct fixture f;
static uint16_t person, key;

static int setup(void **state)
{
	(void)state;
	f = (struct fixture){ 0 };
	fixture_create(&f);
	fixture_open(&f);
	person = name_of(&f, GFS_CATALOG_LABEL, "Person");
	key = name_of(&f, GFS_CATALOG_KEY, "k");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&f);
	return 0;
}

/* ---- helpers ---- */

static struct gfs_value text(const char *bytes)
{
	return (struct gfs_value){ .type = GFS_TYPE_STRING, .newline = true, .bytes = gfs_slice_text(bytes) };
}

static struct gfs_value integer(int64_t v)
{
	return (struct gfs_value){ .type = GFS_TYPE_INTEGER, .newline = true, .integer = v };
}

static struct gfs_value real(double v)
{
	return (struct gfs_value){ .type = GFS_TYPE_FLOAT, .newline = true, .real = v };
}

static int make_person(struct gfs_tx *tx, const struct gfs_value *value, uint64_t *ret_id)
{
	struct gfs_node_meta meta = { .mode = 0755 };
	struct gfs_bulk_prop prop = { key, value };
	return gfs_bulk_node(tx, (struct gfs_slice){ 0 }, &meta, &person, 1, &prop, 1, ret_id);
}

/* A person with the value; the error of making it, after an abort. */
static int try_person(const struct gfs_value *value, uint64_t *ret_id)
{
	struct gfs_tx *tx = tx_begin(&f);
	int err = make_person(tx, value, ret_id);
	if (err != 0)
		gfs_tx_abort(tx);
	else
		tx_commit(tx);
	return err;
}

static uint64_t new_person(struct gfs_value value)
{
	uint64_t id = 0;
	OK(try_person(&value, &id));
	return id;
}

static uint16_t new_index(bool unique)
{
	uint16_t id;
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_index_create(tx, person, key, unique, (struct gfs_slice){ 0 }, &id));
	tx_commit(tx);
	return id;
}

static uint16_t ready_index(bool unique)
{
	struct gfs_message message;
	uint16_t id = new_index(unique);
	OK(gfs_index_wait(f.graph, id, NULL, NULL, &message));
	return id;
}

static void drop_index(uint16_t id)
{
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_index_drop(tx, id));
	tx_commit(tx);
}

static struct gfs_index_info info_of(uint16_t id)
{
	struct gfs_index_info info;
	gfs_graph_read_begin(f.graph);
	OK(gfs_index_get(f.graph, id, &info));
	gfs_graph_read_end(f.graph);
	return info;
}

static int set_value(uint64_t node, struct gfs_value value)
{
	struct gfs_tx *tx = tx_begin(&f);
	int err = gfs_prop_set(tx, node_entity(node), key, &value);
	if (err != 0)
		gfs_tx_abort(tx);
	else
		tx_commit(tx);
	return err;
}

/* The nodes of a range, as "1 2 3". */
static const char *found(uint16_t id, const struct gfs_index_range *range)
{
	static char out[512];
	struct gfs_index_hit hits[3];
	struct gfs_index_scan scan;
	size_t count = 1, used = 0;
	out[0] = '\0';
	gfs_graph_read_begin(f.graph);
	OK(gfs_index_scan_begin(f.graph, id, range, &scan));
	while (count > 0) {
		OK(gfs_index_scan_next(f.graph, &scan, hits, GFS_COUNT(hits), NULL, &count));
		for (size_t i = 0; i < count; i++)
			used += (size_t)snprintf(
				out + used, sizeof out - used, "%s%llu", used == 0 ? "" : " ", (unsigned long long)hits[i].node);
	}
	gfs_graph_read_end(f.graph);
	return out;
}

/* ---- asking ---- */

static void test_ranges(void **state)
{
	(void)state;
	struct gfs_value one = integer(1), three = integer(3), b = text("b"), nan = real((double)NAN), t = { 0 };
	struct gfs_slice prefix = gfs_slice_text("ab");
	uint16_t id = ready_index(false);
	new_person(integer(3));        /* 1 */
	new_person(real(1.0));         /* 2 */
	new_person(integer(1));        /* 3 */
	new_person(text("b"));         /* 4 */
	new_person(text("ab"));        /* 5 */
	new_person(text("abc"));       /* 6 */
	new_person(real((double)NAN)); /* 7 */
	new_person(real(2.5));         /* 8 */
	t = (struct gfs_value){ .type = GFS_TYPE_BOOLEAN, .boolean = true };
	new_person(t); /* 9 */
	assert_string_equal(found(id, &(struct gfs_index_range){ 0 }), "5 6 4 9 3 2 8 1 7");
	assert_string_equal(found(id, &(struct gfs_index_range){ .descending = true }), "7 1 8 2 3 9 4 6 5");
	assert_string_equal(found(id, &(struct gfs_index_range){ .equal = &one }), "3 2");
	assert_string_equal(found(id, &(struct gfs_index_range){ .equal = &nan }), "7");
	assert_string_equal(found(id, &(struct gfs_index_range){ .equal = &one, .descending = true }), "2 3");
	assert_string_equal(found(id, &(struct gfs_index_range){ .lower = &one }), "3 2 8 1");
	assert_string_equal(found(id, &(struct gfs_index_range){ .lower = &one, .lower_open = true }), "8 1");
	assert_string_equal(found(id, &(struct gfs_index_range){ .upper = &three, .upper_open = true }), "3 2 8");
	assert_string_equal(found(id, &(struct gfs_index_range){ .upper = &three }), "3 2 8 1");
	assert_string_equal(
		found(id, &(struct gfs_index_range){ .lower = &one, .upper = &three, .descending = true }), "1 8 2 3");
	assert_string_equal(found(id, &(struct gfs_index_range){ .lower = &three, .upper = &one }), "");
	assert_string_equal(found(id, &(struct gfs_index_range){ .upper = &b, .upper_open = true }), "5 6");
	assert_string_equal(found(id, &(struct gfs_index_range){ .lower = &b }), "4");
	assert_string_equal(found(id, &(struct gfs_index_range){ .prefix = &prefix }), "5 6");
	assert_string_equal(found(id, &(struct gfs_index_range){ .prefix = &prefix, .descending = true }), "6 5");
	struct gfs_index_scan scan;
	struct gfs_index_range two = { .equal = &one, .lower = &one };
	gfs_graph_read_begin(f.graph);
	assert_int_equal(gfs_index_scan_begin(f.graph, id, &two, &scan), GFS_ERR_INVALID);
	assert_int_equal(gfs_index_scan_begin(f.graph, 99, &two, &scan), GFS_ERR_INVALID);
	two.equal = NULL;
	assert_int_equal(gfs_index_scan_begin(f.graph, 99, &two, &scan), GFS_ERR_NOTFOUND);
	gfs_graph_read_end(f.graph);
	require_indexes(f.graph);
	require_clean(f.graph);
}

/* Values that agree in all that the index keeps in order, and more: bounds and prefixes among them are told by the records. */
static void test_long_values(void **state)
{
	(void)state;
	enum { SIZES = 8 };
	static const size_t sizes[SIZES] = { 460, 463, 464, 465, 500, 1100, 9000, 100000 };
	static char bytes[SIZES][100001];
	uint16_t id = ready_index(false);
	struct gfs_value values[SIZES];
	uint64_t nodes[SIZES];
	for (unsigned i = SIZES; i-- > 0;) {
		memset(bytes[i], 'x', sizes[i]);
		values[i] = text(bytes[i]);
		nodes[i] = new_person(values[i]);
	}
	for (unsigned i = 0; i < SIZES; i++) {
		char wanted[32];
		uint64_t count;
		struct gfs_slice prefix = values[i].bytes;
		(void)snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)nodes[i]);
		assert_string_equal(found(id, &(struct gfs_index_range){ .equal = &values[i] }), wanted);
		gfs_graph_read_begin(f.graph);
		struct gfs_index_range range = { .lower = &values[i] };
		OK(gfs_index_count(f.graph, id, &range, 100, &count));
		assert_int_equal(count, SIZES - i);
		range.lower_open = true;
		OK(gfs_index_count(f.graph, id, &range, 100, &count));
		assert_int_equal(count, SIZES - i - 1);
		range = (struct gfs_index_range){ .upper = &values[i], .upper_open = true, .descending = true };
		OK(gfs_index_count(f.graph, id, &range, 100, &count));
		assert_int_equal(count, i);
		range = (struct gfs_index_range){ .prefix = &prefix };
		OK(gfs_index_count(f.graph, id, &range, 100, &count));
		assert_int_equal(count, SIZES - i);
		gfs_graph_read_end(f.graph);
	}
	require_indexes(f.graph);
	fixture_close(&f);
	fixture_open(&f);
	require_indexes(f.graph);
	require_clean(f.graph);
}

/* A file written byte by byte, and settled: the index has what a reader of the property would get, after each call. */
static void test_file_writes(void **state)
{
	(void)state;
	uint16_t id = ready_index(false);
	uint64_t node = new_person(text("before"));
	struct gfs_value piece;
	char big[3000];
	memset(big, 'y', sizeof big);
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_prop_truncate(tx, node_entity(node), key, 0));
	tx_commit(tx);
	for (unsigned i = 0; i < 4; i++) {
		char written[8] = "";
		tx = tx_begin(&f);
		OK(gfs_prop_write(tx, node_entity(node), key, i, gfs_slice("1234" + i, 1)));
		tx_commit(tx);
		memcpy(written, "1234", i + 1);
		piece = integer(strtoll(written, NULL, 10));
		assert_string_equal(found(id, &(struct gfs_index_range){ .equal = &piece }), "1");
		require_indexes(f.graph);
	}
	for (unsigned i = 0; i < 3; i++) {
		tx = tx_begin(&f);
		OK(gfs_prop_write(tx, node_entity(node), key, i * sizeof big, gfs_slice(big, sizeof big)));
		tx_commit(tx);
		require_indexes(f.graph);
	}
	tx = tx_begin(&f);
	OK(gfs_prop_write(tx, node_entity(node), key, 4000, gfs_slice("\xff", 1)));
	tx_commit(tx);
	require_indexes(f.graph);
	tx = tx_begin(&f);
	OK(gfs_prop_settle(tx, node_entity(node), key));
	tx_commit(tx);
	require_indexes(f.graph);
	assert_int_equal(info_of(id).entries, 1);
	require_clean(f.graph);
}

/* One property changed over and over, with other changes in between and some of it taken back: what is known of its entries from the op before must not
 * outlive that. */
static void test_one_property_over_and_over(void **state)
{
	(void)state;
	struct gfs_value one = integer(1), two = integer(2), three = integer(3);
	uint16_t id = ready_index(false);
	uint64_t node = new_person(text("first"));
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_prop_set(tx, node_entity(node), key, &one));
	struct gfs_txn_mark mark = gfs_tx_mark(tx);
	OK(gfs_prop_set(tx, node_entity(node), key, &two));
	gfs_tx_rollback_to(tx, mark);
	OK(gfs_prop_set(tx, node_entity(node), key, &three));
	uint64_t other;
	OK(make_person(tx, &two, &other));
	OK(gfs_prop_set(tx, node_entity(node), key, &one));
	OK(gfs_prop_exchange(tx, node_entity(node), key, node_entity(other), key));
	OK(gfs_prop_set(tx, node_entity(node), key, &three));
	tx_commit(tx);
	require_indexes(f.graph);
	tx = tx_begin(&f);
	OK(gfs_prop_set(tx, node_entity(node), key, &one));
	gfs_tx_abort(tx);
	OK(set_value(node, two));
	require_indexes(f.graph);
	assert_string_equal(found(id, &(struct gfs_index_range){ .equal = &two }), "1");
	assert_string_equal(found(id, &(struct gfs_index_range){ .equal = &one }), "2");
	require_clean(f.graph);
}

/* ---- definitions ---- */

static void test_names(void **state)
{
	(void)state;
	struct gfs_index_info info;
	uint16_t id = new_index(false), other = name_of(&f, GFS_CATALOG_KEY, "other"), again = 0;
	struct gfs_tx *tx = tx_begin(&f);
	assert_int_equal(gfs_index_create(tx, person, key, true, gfs_slice_text("mine"), &again), GFS_ERR_EXISTS);
	assert_int_equal(gfs_index_create(tx, person, other, true, gfs_slice_text("Person.k"), &again), GFS_ERR_EXISTS);
	assert_int_equal(gfs_index_create(tx, person, 999, true, gfs_slice_text("x"), &again), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_index_create(tx, 999, other, true, gfs_slice_text("x"), &again), GFS_ERR_NOTFOUND);
	OK(gfs_index_create(tx, person, other, true, gfs_slice_text("mine"), &again));
	OK(gfs_index_folder_set_made(tx, person, true));
	tx_commit(tx);
	fixture_close(&f);
	fixture_open(&f);
	gfs_graph_read_begin(f.graph);
	OK(gfs_index_find_name(f.graph, gfs_slice_text("Person.k"), &info));
	assert_true(info.id == id && info.label == person && info.key == key && !info.unique);
	OK(gfs_index_find(f.graph, person, other, &info));
	assert_true(info.id == again && info.unique && gfs_slice_equal(info.name, gfs_slice_text("mine")));
	assert_true(gfs_index_folder_made(f.graph, person));
	gfs_graph_read_end(f.graph);
	tx = tx_begin(&f);
	OK(gfs_index_folder_set_made(tx, person, false));
	OK(gfs_index_drop(tx, again));
	assert_int_equal(gfs_index_drop(tx, again), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_index_get(f.graph, again, &info), GFS_ERR_NOTFOUND);
	gfs_tx_abort(tx);
	gfs_graph_read_begin(f.graph);
	OK(gfs_index_get(f.graph, again, &info));
	assert_true(gfs_index_folder_made(f.graph, person));
	gfs_graph_read_end(f.graph);
	require_clean(f.graph);
}

static void test_limit(void **state)
{
	(void)state;
	char name[24];
	uint16_t id;
	struct gfs_tx *tx = tx_begin(&f);
	for (unsigned i = 0; i < GFS_PROP_INDEX_MAX; i++) {
		uint16_t k;
		(void)snprintf(name, sizeof name, "k%u", i);
		OK(gfs_name_make(tx, GFS_CATALOG_KEY, gfs_slice_text(name), &k));
		OK(gfs_index_create(tx, person, k, false, (struct gfs_slice){ 0 }, &id));
	}
	assert_int_equal(gfs_index_create(tx, person, key, false, (struct gfs_slice){ 0 }, &id), GFS_ERR_LIMIT);
	tx_commit(tx);
	fixture_close(&f);
	fixture_open(&f);
	require_clean(f.graph);
}

/* Those that went, or were not made after all, do not count. */
static void test_limit_counts_what_there_is(void **state)
{
	(void)state;
	for (unsigned i = 0; i < GFS_PROP_INDEX_MAX + 10; i++) {
		struct gfs_tx *tx = tx_begin(&f);
		uint16_t id;
		OK(gfs_index_create(tx, person, key, false, (struct gfs_slice){ 0 }, &id));
		if (i % 2 == 0) {
			gfs_tx_abort(tx);
		} else {
			tx_commit(tx);
			drop_index(id); /* at once: there is nothing in it */
		}
	}
	require_clean(f.graph);
}

/* ---- building ---- */

enum { MANY = 30000 };

static bool is_slow(void)
{
	const char *sanitizers = getenv("GRAPHFS_SANITIZE");
	return sanitizers != NULL && sanitizers[0] != '\0';
}

static unsigned many(void)
{
	return is_slow() ? MANY / 10 : MANY;
}

static void fill_graph(unsigned count)
{
	struct gfs_node_meta meta = { .mode = 0755 };
	struct gfs_tx *tx = tx_begin(&f);
	for (unsigned i = 0; i < count; i++) {
		struct gfs_value value = integer(i % 1000);
		struct gfs_bulk_prop prop = { key, &value };
		uint64_t id;
		OK(gfs_bulk_node(tx, (struct gfs_slice){ 0 }, &meta, &person, 1, &prop, i % 10 != 0, &id));
	}
	tx_commit(tx);
}

static void test_build(void **state)
{
	(void)state;
	fill_graph(many());
	uint16_t id = ready_index(false);
	struct gfs_index_info info = info_of(id);
	assert_int_equal(info.entries, many() - many() / 10);
	assert_true(info.distinct > 800 && info.distinct < 1000);
	require_indexes(f.graph);
	require_clean(f.graph);
}

struct writer {
	_Atomic bool stop;
	uint64_t changes;
	_Atomic uint64_t worst_ns; /* since somebody asked last */
};

static void *write_on(void *context)
{
	struct writer *w = context;
	uint64_t random = 1;
	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		uint64_t start = gfs_clock_mono_ns();
		OK(set_value(1 + (random >> 33) % many(), integer((int64_t)(random >> 40) % 77)));
		uint64_t took = gfs_clock_mono_ns() - start, worst = atomic_load(&w->worst_ns);
		while (took > worst && !atomic_compare_exchange_weak(&w->worst_ns, &worst, took))
			;
		w->changes++;
		struct timespec pause = {
			.tv_nsec = 20000
		}; /* the lock is not fair: without one the builder has to wait for luck */
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

/* Writers go on, none is held up, and what they change is in the index when it is ready. */
static void test_build_beside_a_writer(void **state)
{
	(void)state;
	enum { STALL_MS = 200 }; /* promised are 50; the machine may be loaded, so one of the three must keep to it */
	struct writer w = { 0 };
	uint64_t best = UINT64_MAX;
	pthread_t thread;
	fill_graph(many());
	assert_int_equal(pthread_create(&thread, NULL, write_on, &w), 0);
	for (unsigned i = 0; i < 3; i++) {
		uint16_t id = ready_index(false);
		assert_true(info_of(id).entries > 0);
		if (i < 2)
			drop_index(id); /* the next one is built while this one is cleared */
		best = GFS_MIN(best, atomic_exchange(&w.worst_ns, 0));
	}
	atomic_store(&w.stop, true);
	pthread_join(thread, NULL);
	print_message(
		"%llu changes beside building, the slowest took %.1f ms\n", (unsigned long long)w.changes, (double)best / 1e6);
	assert_true(w.changes > 0);
	if (!is_slow())
		assert_true(best < STALL_MS * GFS_NS_PER_MS);
	require_indexes(f.graph);
	require_clean(f.graph);
}

/* The killed process has an index that is not ready, and one being cleared. */
static void begin_and_die(struct fixture *fx, void *context)
{
	uint16_t *id = context;
	(void)fx;
	drop_index(*id);
	uint16_t building = new_index(false);
	struct timespec pause = { .tv_nsec = 4000000 };
	(void)nanosleep(&pause, NULL);
	REQUIRE(building != *id);
}

static void test_build_goes_on_after_a_crash(void **state)
{
	(void)state;
	struct gfs_message message;
	struct gfs_index_info info;
	fill_graph(many());
	uint16_t id = ready_index(false);
	for (unsigned round = 0; round < 3; round++) {
		fixture_close(&f);
		fixture_killed(&f, begin_and_die, &id);
		fixture_open(&f);
		require_clean(f.graph); /* half built, half cleared */
		gfs_graph_read_begin(f.graph);
		OK(gfs_index_find(f.graph, person, key, &info));
		gfs_graph_read_end(f.graph);
		id = info.id;
		if (round == 1) {
			OK(gfs_store_checkpoint(gfs_graph_store(f.graph)));
			fixture_close(&f);
			fixture_open(&f);
		}
		gfs_index_resume(f.graph);
		OK(gfs_index_wait(f.graph, id, NULL, NULL, &message));
		require_indexes(f.graph);
		require_clean(f.graph);
	}
}

/* A step takes as long as it should, whatever a node takes: after many small ones, too. */
static void test_step_of_large_values(void **state)
{
	(void)state;
	enum { SMALL = 3000, LARGE = 64, LARGE_BYTES = 1 << 20 };
	uint16_t id;
	uint64_t last = 0;
	char *bytes = calloc(1, LARGE_BYTES);
	assert_non_null(bytes);
	for (int i = 0; i < LARGE_BYTES - 1; i++)
		bytes[i] = (char)('a' + i % 23);
	fill_graph(SMALL);
	for (int i = 0; i < LARGE; i++) {
		bytes[0] = (char)('0' + i);
		last = new_person(text(bytes));
	}
	free(bytes);
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_index_create(tx, person, key, false, (struct gfs_slice){ 0 }, &id));
	unsigned steps = 0; /* that end among the large ones */
	while (gfs_prop_index_get(f.graph->indexes, id)->state == GFS_PROP_BUILDING) {
		struct gfs_op op = { .code = GFS_OP_INDEX_STEP, .name = id };
		OK(gfs_tx_apply(tx, &op));
		uint64_t next = gfs_prop_index_get(f.graph->indexes, id)->next;
		steps += next > last - LARGE + 1 && next <= last;
	}
	tx_commit(tx);
	assert_true(steps > 0); /* 64 MiB in 3 ms are more than any machine reads */
	require_indexes(f.graph);
}

static void step_of(struct gfs_tx *tx, uint16_t id, uint64_t count)
{
	struct gfs_op op = { .code = GFS_OP_INDEX_STEP, .name = id, .number = count };
	OK(gfs_tx_apply(tx, &op));
}

/* Between two steps: what was entered is kept, from the first node to the last, and what was not is left to the next step. */
static void test_changes_between_steps(void **state)
{
	(void)state;
	enum { NODES = 9, ENTERED = 4 };
	struct gfs_value value = integer(1000);
	uint64_t nodes[NODES];
	uint16_t id;
	for (int i = 0; i < NODES; i++)
		nodes[i] = new_person(integer(i));
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_index_create(tx, person, key, false, (struct gfs_slice){ 0 }, &id));
	step_of(tx, id, ENTERED);
	for (int i = 0; i < NODES; i++) {
		if (i % 3 == 2)
			OK(gfs_prop_remove(tx, node_entity(nodes[i]), key));
		else
			OK(gfs_prop_set(tx, node_entity(nodes[i]), key, &value));
		assert_int_equal(gfs_prop_index_get(f.graph->indexes, id)->entries, i < 2 ? ENTERED : ENTERED - 1);
	}
	step_of(tx, id, NODES);
	assert_int_equal(gfs_prop_index_get(f.graph->indexes, id)->state, GFS_PROP_READY);
	tx_commit(tx);
	require_indexes(f.graph);
	require_clean(f.graph);
}

/* What the log says of each step is what the step did. */
static void build_and_die(struct fixture *fx, void *context)
{
	(void)fx;
	(void)context;
	drop_index(ready_index(false));
	(void)ready_index(false);
}

static void test_built_index_after_a_crash(void **state)
{
	(void)state;
	struct gfs_index_info info;
	fill_graph(many());
	fixture_close(&f);
	fixture_killed(&f, build_and_die, NULL);
	fixture_open(&f);
	gfs_graph_read_begin(f.graph);
	OK(gfs_index_find(f.graph, person, key, &info));
	gfs_graph_read_end(f.graph);
	assert_int_equal(info.state, GFS_PROP_READY);
	require_indexes(f.graph);
	require_clean(f.graph);
}

static bool at_once(void *context)
{
	(void)context;
	return true;
}

static void test_drop_while_building(void **state)
{
	(void)state;
	struct gfs_message message;
	fill_graph(many());
	uint16_t id = new_index(false);
	int err = gfs_index_wait(f.graph, id, at_once, NULL, &message);
	assert_true(err == 0 || err == GFS_ERR_INTERRUPTED);
	drop_index(id);
	assert_int_equal(gfs_index_wait(f.graph, id, NULL, NULL, &message), GFS_ERR_NOTFOUND);
	uint16_t again = ready_index(false);
	assert_true(again != id);
	require_indexes(f.graph);
	for (unsigned i = 0; i < 1000; i++) { /* until nothing of the first is left */
		struct timespec pause = { .tv_nsec = 10000000 };
		gfs_graph_read_begin(f.graph);
		bool gone = gfs_prop_index_get(f.graph->indexes, id) == NULL;
		gfs_graph_read_end(f.graph);
		if (gone)
			break;
		(void)nanosleep(&pause, NULL);
	}
	gfs_graph_read_begin(f.graph);
	assert_null(gfs_prop_index_get(f.graph->indexes, id));
	gfs_graph_read_end(f.graph);
	require_clean(f.graph);
}

/* ---- unique ones ---- */

static void test_unique(void **state)
{
	(void)state;
	struct gfs_message message = { "" };
	struct gfs_value same = real(1.0), blank = text("");
	uint16_t id = ready_index(true);
	uint64_t a = new_person(integer(1)), b = new_person(text("1")), other;
	assert_int_equal(try_person(&same, &other), GFS_ERR_UNIQUE);
	assert_int_equal(set_value(b, integer(1)), GFS_ERR_UNIQUE);
	OK(set_value(a, real(1.0))); /* of itself it may have it */
	assert_int_equal(info_of(id).entries, 2);
	/* The transaction says what it was about, and goes on when it takes the refused part back. */
	struct gfs_tx *tx = tx_begin(&f);
	struct gfs_txn_mark mark = gfs_tx_mark(tx);
	assert_int_equal(gfs_prop_set(tx, node_entity(b), key, &same), GFS_ERR_UNIQUE);
	gfs_index_explain(tx, &message);
	assert_string_equal(message.text, "unique index Person.k: nodes '@1' and '@2' would both have 1.0");
	gfs_tx_rollback_to(tx, mark);
	OK(gfs_prop_exchange(tx, node_entity(a), key, node_entity(b), key));
	tx_commit(tx);
	/* A label brings a node in. */
	uint64_t outside = new_node(&f, "outside");
	OK(set_value(outside, text("1")));
	tx = tx_begin(&f);
	assert_int_equal(gfs_node_add_label(tx, outside, person), GFS_ERR_UNIQUE);
	gfs_tx_abort(tx);
	/* Empty files do not count. */
	OK(try_person(&blank, &other));
	OK(try_person(&blank, &other));
	require_indexes(f.graph);
	require_clean(f.graph);
}

static void test_unique_on_data_that_is_not(void **state)
{
	(void)state;
	struct gfs_message message = { "" };
	struct gfs_index_info info;
	(void)new_node(&f, "x"); /* ids from 2 on */
	new_person(text("twice"));
	new_person(text("once"));
	uint64_t third = new_person(text("twice"));
	uint16_t id = new_index(true);
	assert_int_equal(gfs_index_wait(f.graph, id, NULL, NULL, &message), GFS_ERR_UNIQUE);
	assert_string_equal(message.text, "unique index Person.k: nodes '@2' and '@4' would both have \"twice\"");
	info = info_of(id);
	assert_true(info.state == GFS_PROP_FAILED && info.conflict[0] == 2 && info.conflict[1] == 4);
	/* It keeps nobody from anything, and answers nothing. */
	struct gfs_index_scan scan;
	gfs_graph_read_begin(f.graph);
	assert_int_equal(gfs_index_scan_begin(f.graph, id, &(struct gfs_index_range){ 0 }, &scan), GFS_ERR_AGAIN);
	gfs_graph_read_end(f.graph);
	new_person(text("once"));
	fixture_close(&f);
	fixture_open(&f);
	assert_int_equal(info_of(id).state, GFS_PROP_FAILED);
	require_clean(f.graph);
	drop_index(id);
	OK(set_value(third, text("thrice")));
	OK(set_value(5, text("five")));
	(void)ready_index(true);
	require_indexes(f.graph);
	require_clean(f.graph);
}

/* A long list with the same numbers of other types is equal. */
static void test_unique_long_lists(void **state)
{
	(void)state;
	enum { ITEMS = 100 };
	static struct gfs_value items[2][ITEMS];
	uint64_t other;
	(void)ready_index(true);
	for (unsigned i = 0; i < ITEMS; i++) {
		items[0][i] = (struct gfs_value){ .type = GFS_TYPE_INTEGER, .integer = i };
		items[1][i] = (struct gfs_value){ .type = GFS_TYPE_FLOAT, .real = i };
	}
	struct gfs_value a = { .type = GFS_TYPE_LIST, .list = { items[0], ITEMS } },
					 b = { .type = GFS_TYPE_LIST, .list = { items[1], ITEMS } };
	OK(try_person(&a, &other));
	assert_int_equal(try_person(&b, &other), GFS_ERR_UNIQUE);
	items[1][ITEMS - 1].real = 0.5;
	OK(try_person(&b, &other));
	require_indexes(f.graph);
	require_clean(f.graph);
}

/* ---- names that are used again ---- */

/* All key ids are taken, and the one of an index on which nothing is must stay with its name. */
static void test_key_is_kept(void **state)
{
	(void)state;
	char name[24];
	uint16_t k;
	(void)ready_index(false);
	struct gfs_tx *tx = tx_begin(&f);
	for (unsigned i = 0; i < GFS_NAME_ID_MAX + 10u; i++) {
		(void)snprintf(name, sizeof name, "name%u", i);
		OK(gfs_name_make(tx, GFS_CATALOG_KEY, gfs_slice_text(name), &k));
		assert_int_not_equal(k, key);
	}
	tx_commit(tx);
	require_clean(f.graph);
}

/* ---- fsck ---- */

static char lines[4096];

static void look(void *context, const char *line)
{
	(void)context;
	size_t used = strlen(lines);
	(void)snprintf(lines + used, sizeof lines - used, "%s\n", line);
}

static void expect_defects(const char *wanted)
{
	struct gfs_check_report report;
	lines[0] = '\0';
	OK(gfs_graph_check(f.graph, look, NULL, NULL, &report));
	if (strcmp(lines, wanted) != 0)
		print_error("wanted:\n%sgot:\n%s", wanted, lines);
	assert_string_equal(lines, wanted);
}

static struct gfs_index_value kept(struct gfs_value value)
{
	struct gfs_index_value v;
	OK(gfs_index_value_make(&value, &v));
	return v;
}

static void plant(uint16_t id, struct gfs_value value, uint64_t node, bool add)
{
	struct gfs_index_value v = kept(value);
	struct gfs_slice bytes = gfs_slice(v.bytes, v.size);
	struct gfs_txn *txn;
	OK(gfs_txn_begin(gfs_graph_store(f.graph), &txn));
	if (add)
		OK(gfs_prop_entry_add(txn, f.graph->indexes, id, bytes, node));
	else
		OK(gfs_prop_entry_remove(txn, f.graph->indexes, id, bytes, node));
	OK(gfs_txn_commit(txn, NULL));
}

static void rebuild_all(void)
{
	struct gfs_tx *tx;
	OK(gfs_tx_begin_unlogged(f.graph, &tx));
	OK(gfs_index_rebuild(tx));
	tx_commit(tx);
}

static void test_defects(void **state)
{
	(void)state;
	uint16_t id = ready_index(true);
	uint64_t a = new_person(integer(1)), b = new_person(integer(2)), c = new_node(&f, "c");
	plant(id, integer(1), a, false);
	expect_defects("index Person.k lacks node 1\n");
	plant(id, integer(7), a, true);
	expect_defects("index Person.k has another value than node 1\nindex Person.k lacks node 1\n");
	plant(id, integer(7), a, false);
	plant(id, integer(1), a, true);
	expect_defects("");
	plant(id, integer(2), c, true);
	expect_defects("index Person.k has what is not in node 3\n"
				   "unique index Person.k has nodes 2 and 3 with one value\n");
	plant(id, integer(2), c, false);
	static const uint8_t stray[] = { 0, 77, 0x70, 1, 0, 0, 0, 0, 0, 1 };
	struct gfs_kv *kv = gfs_store_kv(gfs_graph_store(f.graph));
	struct gfs_txn *txn;
	OK(gfs_txn_begin(gfs_graph_store(f.graph), &txn));
	OK(gfs_kv_put(kv, NULL, GFS_KV_PROPS, gfs_slice(stray, sizeof stray), (struct gfs_slice){ 0 }));
	OK(gfs_kv_put(kv, NULL, GFS_KV_PROPS, gfs_slice(stray, 5), (struct gfs_slice){ 0 }));
	OK(gfs_txn_commit(txn, NULL));
	expect_defects("the table of property indexes has a row of an unknown form\n"
				   "there are entries of a property index 77, which does not exist\n");
	plant(id, integer(1), a, false);
	plant(id, integer(3), b, true);
	rebuild_all();
	expect_defects("");
	require_indexes(f.graph);
}

static void test_rebuild(void **state)
{
	(void)state;
	uint16_t other = name_of(&f, GFS_CATALOG_KEY, "other"), unique;
	fill_graph(many());
	(void)ready_index(false);
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_index_create(tx, person, other, true, (struct gfs_slice){ 0 }, &unique));
	OK(gfs_index_folder_set_made(tx, person, true));
	tx_commit(tx);
	rebuild_all();
	require_indexes(f.graph);
	require_clean(f.graph);
	fixture_close(&f);
	fixture_open(&f);
	require_indexes(f.graph);
	require_clean(f.graph);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_ranges),
		TEST(test_long_values),
		TEST(test_file_writes),
		TEST(test_one_property_over_and_over),
		TEST(test_names),
		TEST(test_limit),
		TEST(test_limit_counts_what_there_is),
		TEST(test_build),
		TEST(test_build_beside_a_writer),
		TEST(test_build_goes_on_after_a_crash),
		TEST(test_step_of_large_values),
		TEST(test_changes_between_steps),
		TEST(test_built_index_after_a_crash),
		TEST(test_drop_while_building),
		TEST(test_unique),
		TEST(test_unique_on_data_that_is_not),
		TEST(test_unique_long_lists),
		TEST(test_key_is_kept),
		TEST(test_defects),
		TEST(test_rebuild),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
