/* graph/rebuild: whatever is done to the rows of the indexes, the records give them back; what no record knows is kept while it can be read.
 *
 * GFS_SEED repeats a run. */
#include "tests/unit/graph_fixture.h"
#include "tests/unit/index_check.h"

#include "base/checked.h"
#include "base/clock.h"
#include "graph/index.h"
#include "graph/rebuild.h"
#include "graph/transfer.h"
#include "index/adjacency.h"
#include "store/kv.h"
#include "store/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { NODES = 90, RELS = 700, HUB_RELS = 1500, ROUNDS = 60, DAMAGES = 12 };

static struct fixture f;
static uint64_t seed;
static uint64_t nodes[NODES];

static uint64_t below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

/* ---- a graph that has some of everything ---- */

static void make_nodes(struct gfs_tx *tx, const uint16_t *labels)
{
	struct gfs_node_meta meta = { .mode = 0755 };
	for (unsigned i = 0; i < NODES; i++) {
		char key[700];
		size_t size = (size_t)snprintf(key, sizeof key, "node %u", i);
		if (i % 9 == 0) { /* the index has a hash of these */
			memset(key + size, 'x', 600);
			size += 600;
		}
		OK(gfs_node_create(tx, gfs_slice(key, i % 7 == 3 ? 0 : size), &meta, &nodes[i]));
		for (unsigned l = 0; l < 5; l++) {
			if (below(3) == 0)
				OK(gfs_node_add_label(tx, nodes[i], labels[l]));
		}
	}
}

static void make_rels(struct gfs_tx *tx, const uint16_t *types)
{
	uint64_t id;
	for (unsigned i = 0; i < RELS; i++)
		OK(gfs_rel_create(tx, types[below(4)], nodes[below(NODES)], nodes[below(NODES)], &id));
	for (unsigned i = 0; i < HUB_RELS; i++)
		OK(gfs_rel_create(tx, types[i % 2], nodes[40], nodes[below(NODES)], &id));
	for (unsigned i = 0; i < 50; i++)
		OK(gfs_rel_delete(tx, 1 + i * 11)); /* free ids */
}

static void set_numbers(uint16_t label, uint16_t key)
{
	struct gfs_message message;
	struct gfs_value value = { .type = GFS_TYPE_INTEGER, .newline = true };
	struct gfs_tx *tx = tx_begin(&f);
	uint16_t index;
	for (unsigned i = 0; i < NODES; i += 2) {
		value.integer = (int64_t)below(30);
		OK(gfs_prop_set(tx, node_entity(nodes[i]), key, &value));
	}
	OK(gfs_index_create(tx, label, key, false, (struct gfs_slice){ 0 }, &index));
	tx_commit(tx);
	OK(gfs_index_wait(f.graph, index, NULL, NULL, &message));
}

static int setup(void **state)
{
	(void)state;
	uint16_t labels[5], types[4];
	f = (struct fixture){ 0 };
	fixture_create(&f);
	fixture_open(&f);
	for (unsigned i = 0; i < 5; i++) {
		char name[] = { 'N', (char)('0' + i), 0 };
		labels[i] = name_of(&f, GFS_CATALOG_LABEL, name);
		if (i < 4)
			types[i] = name_of(&f, GFS_CATALOG_TYPE, name);
	}
	struct gfs_tx *tx = tx_begin(&f);
	make_nodes(tx, labels);
	make_rels(tx, types);
	tx_commit(tx);
	set_numbers(labels[0], name_of(&f, GFS_CATALOG_KEY, "number"));
	require_clean(f.graph);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&f);
	return 0;
}

static int append(void *context, struct gfs_slice bytes)
{
	gfs_buf_append(context, bytes.data, bytes.size);
	return gfs_buf_failed(context);
}

static void dump(struct gfs_buf *out)
{
	gfs_buf_clear(out);
	OK(gfs_dump(f.graph, append, out));
}

static void rebuild(void)
{
	struct gfs_rebuild_report report;
	struct gfs_message message;
	if (gfs_graph_rebuild(f.graph, NULL, NULL, &report, &message) != 0)
		fail_msg("%s", message.text);
	assert_int_equal(report.nodes, NODES);
	assert_int_equal(report.relationships, RELS + HUB_RELS - 50);
	assert_int_equal(report.properties, NODES / 2);
}

/* ---- damage ---- */

/* The number of rows of a table; and the one with number `n` among them. */
static size_t rows(enum gfs_kv_table table, size_t n, struct gfs_buf *key, struct gfs_buf *value)
{
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice k, v;
	size_t count = 0;
	gfs_graph_read_begin(f.graph);
	OK(gfs_kv_iter_open(gfs_store_kv(gfs_graph_store(f.graph)), table, &it));
	int err = gfs_kv_iter_seek(it, gfs_slice("", 0), &k, &v);
	for (; err == 0; err = gfs_kv_iter_next(it, &k, &v)) {
		if (count++ != n)
			continue;
		gfs_buf_clear(key);
		gfs_buf_clear(value);
		gfs_buf_append(key, k.data, k.size);
		gfs_buf_append(value, v.data, v.size);
	}
	gfs_kv_iter_close(it);
	gfs_graph_read_end(f.graph);
	return count;
}

static void put(enum gfs_kv_table table, struct gfs_slice key, const struct gfs_slice *value)
{
	struct gfs_txn *txn;
	struct gfs_kv *kv = gfs_store_kv(gfs_graph_store(f.graph));
	OK(gfs_txn_begin(gfs_graph_store(f.graph), &txn));
	OK(value == NULL ? gfs_kv_delete(kv, gfs_txn_undo(txn), table, key)
					 : gfs_kv_put(kv, gfs_txn_undo(txn), table, key, *value));
	OK(gfs_txn_commit(txn, NULL));
}

/* One row gone, of other bytes, under another key, or made up; sums are right, as all that is written here. Definitions of property indexes stay. */
static void damage_row(enum gfs_kv_table table)
{
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	size_t count = rows(table, SIZE_MAX, &key, &value);
	assert_true(count > 0);
	(void)rows(table, below(count), &key, &value);
	if (table == GFS_KV_PROPS && gfs_get_be16(key.data) == 0)
		return;
	struct gfs_slice bytes = gfs_buf_slice(&value);
	switch (below(5)) {
	case 0:
		put(table, gfs_buf_slice(&key), NULL);
		break;
	case 1: /* at another place, where it is no definition either: without those nothing opens */
		key.data[key.size - 1 - below(GFS_MIN(key.size, (size_t)3))] ^= (uint8_t)(1u << below(7));
		if (table != GFS_KV_PROPS || gfs_get_be16(key.data) != 0)
			put(table, gfs_buf_slice(&key), &bytes);
		break;
	case 2:
		if (value.size > 0)
			value.data[below(value.size)] ^= (uint8_t)(1u << below(8));
		put(table, gfs_buf_slice(&key), &bytes);
		break;
	case 3:
		bytes.size = below(bytes.size + 1);
		put(table, gfs_buf_slice(&key), &bytes);
		break;
	default:
		if (table != GFS_KV_PROPS) {
			for (size_t i = 0; i < key.size; i++)
				key.data[i] = (uint8_t)below(256);
		}
		put(table, gfs_slice(key.data, 1 + below(key.size)), &bytes);
		break;
	}
}

static void damage_counts(void)
{
	struct gfs_txn *txn;
	static const enum gfs_counter counters[] = { GFS_COUNTER_NODES, GFS_COUNTER_RELS, GFS_COUNTER_PROPERTIES };
	OK(gfs_txn_begin(gfs_graph_store(f.graph), &txn));
	OK(gfs_txn_counter_set(txn, counters[below(3)], below(5000)));
	for (int kind = GFS_CATALOG_LABEL; kind <= GFS_CATALOG_KEY; kind++)
		OK(gfs_catalog_set_count(txn, gfs_graph_catalog(f.graph), (enum gfs_catalog_kind)kind, 1, below(100)));
	OK(gfs_txn_commit(txn, NULL));
}

static const enum gfs_kv_table tables[] = { GFS_KV_KEYS, GFS_KV_IDSETS, GFS_KV_ADJ, GFS_KV_FREE, GFS_KV_PROPS };

static void reopen(void)
{
	OK(gfs_store_checkpoint(gfs_graph_store(f.graph)));
	fixture_close(&f);
	fixture_open(&f);
}

static uint64_t errors(void)
{
	struct gfs_check_report report;
	OK(gfs_graph_check(f.graph, NULL, NULL, NULL, &report));
	return report.errors;
}

static void test_random_damage(void **state)
{
	(void)state;
	GFS_AUTO_BUF before = GFS_BUF_INIT;
	GFS_AUTO_BUF after = GFS_BUF_INIT;
	uint64_t found = 0;
	dump(&before);
	reopen();
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (uint64_t i = 1 + below(DAMAGES); i > 0; i--)
			damage_row(tables[round % 2 == 0 ? below(GFS_COUNT(tables)) : round / 2 % GFS_COUNT(tables)]);
		if (below(3) == 0)
			damage_counts();
		reopen();
		found += errors() > 0;
		rebuild();
		require_clean(f.graph);
		dump(&after);
		assert_true(gfs_slice_equal(gfs_buf_slice(&before), gfs_buf_slice(&after)));
		reopen();
		require_clean(f.graph);
	}
	assert_true(found > ROUNDS * 3 / 4); /* damage that was none is rare */
}

/* Rows whose sums are wrong, beside rows that are missing: the index cannot tell that those are, and must be made whole all the same. */
static void test_rows_with_wrong_sums(void **state)
{
	(void)state;
	GFS_AUTO_BUF before = GFS_BUF_INIT;
	GFS_AUTO_BUF after = GFS_BUF_INIT;
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	struct gfs_kv_batch *batch;
	dump(&before);
	reopen();
	struct gfs_kv_backend *backend = gfs_store_kv_backend(gfs_graph_store(f.graph));
	OK(backend->ops->batch_begin(backend, &batch));
	for (size_t t = 0; t < GFS_COUNT(tables); t++) {
		for (size_t n = rows(tables[t], SIZE_MAX, &key, &value) / 2; n < SIZE_MAX && n % 4 != 0; n--) {
			(void)rows(tables[t], n, &key, &value);
			if (tables[t] == GFS_KV_PROPS && gfs_get_be16(key.data) == 0)
				continue;
			OK(backend->ops->batch_delete(batch, tables[t], gfs_buf_slice(&key)));
			key.data[key.size - 1]++;
			OK(backend->ops->batch_put(batch, tables[t], gfs_buf_slice(&key), gfs_slice_text("no sum at all")));
		}
	}
	OK(backend->ops->batch_commit(batch));
	fixture_close(&f);
	fixture_open(&f);
	assert_true(errors() > 0);
	rebuild();
	reopen();
	require_clean(f.graph);
	dump(&after);
	assert_true(gfs_slice_equal(gfs_buf_slice(&before), gfs_buf_slice(&after)));
}

static void test_every_row_gone(void **state)
{
	(void)state;
	GFS_AUTO_BUF before = GFS_BUF_INIT;
	GFS_AUTO_BUF after = GFS_BUF_INIT;
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	dump(&before);
	reopen();
	for (size_t t = 0; t < 3; t++) {
		while (rows(tables[t], 0, &key, &after) > 0)
			put(tables[t], gfs_buf_slice(&key), NULL);
	}
	for (size_t n = rows(GFS_KV_PROPS, SIZE_MAX, &key, &after); n-- > 0;) {
		(void)rows(GFS_KV_PROPS, n, &key, &after);
		if (gfs_get_be16(key.data) != 0) /* not a definition: no record knows those */
			put(GFS_KV_PROPS, gfs_buf_slice(&key), NULL);
	}
	reopen();
	assert_true(errors() > 0);
	rebuild();
	reopen();
	require_clean(f.graph);
	assert_true(require_indexes(f.graph) > 0);
	dump(&after);
	assert_true(gfs_slice_equal(gfs_buf_slice(&before), gfs_buf_slice(&after)));
}

/* Times, and folders made by mkdir, are in rows of adjacency only: those that can be read keep them, while the rest is made anew. */
static void test_what_no_record_knows(void **state)
{
	(void)state;
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	uint16_t fresh = name_of(&f, GFS_CATALOG_TYPE, "FRESH"), old = name_of(&f, GFS_CATALOG_TYPE, "N0");
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_folder_set_made(tx, nodes[40], GFS_OUT, fresh, true));
	OK(gfs_folder_set_made(tx, nodes[40], GFS_IN, old, true));
	OK(gfs_folder_set_made(tx, nodes[60], GFS_IN, fresh, true));
	OK(gfs_folder_set_made(tx, nodes[60], GFS_IN, fresh, false)); /* the side has a time, and no folder for it */
	tx_commit(tx);
	reopen();
	uint64_t digest = graph_digest(f.graph);
	/* The hub's blocks, of which each third goes; one key in two; all sets. */
	for (size_t n = rows(GFS_KV_ADJ, SIZE_MAX, &key, &value); n-- > 0;) {
		(void)rows(GFS_KV_ADJ, n, &key, &value);
		if (key.size == 21 && n % 3 == 0)
			put(GFS_KV_ADJ, gfs_buf_slice(&key), NULL);
	}
	for (size_t n = rows(GFS_KV_KEYS, SIZE_MAX, &key, &value); n-- > 1; n--) {
		(void)rows(GFS_KV_KEYS, n, &key, &value);
		put(GFS_KV_KEYS, gfs_buf_slice(&key), NULL);
	}
	while (rows(GFS_KV_IDSETS, 0, &key, &value) > 0)
		put(GFS_KV_IDSETS, gfs_buf_slice(&key), NULL);
	reopen();
	assert_true(errors() > 0);
	rebuild();
	require_clean(f.graph);
	assert_true(graph_digest(f.graph) == digest);
	reopen();
	assert_true(graph_digest(f.graph) == digest);
}

/* Nothing is changed when the records are damaged themselves. */
static void test_damaged_records(void **state)
{
	(void)state;
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	struct gfs_rebuild_report report;
	struct gfs_message message;
	struct gfs_txn *txn;
	struct gfs_rel_record rel;
	reopen();
	OK(gfs_rel_get(f.graph, 700, &rel));
	rel.end = 5000; /* there is no such node */
	OK(gfs_txn_begin(gfs_graph_store(f.graph), &txn));
	OK(gfs_rel_record_write(txn, 700, &rel));
	OK(gfs_txn_commit(txn, NULL));
	reopen();
	size_t count = rows(GFS_KV_ADJ, SIZE_MAX, &key, &value);
	assert_int_equal(gfs_graph_rebuild(f.graph, NULL, NULL, &report, &message), GFS_ERR_CORRUPT);
	if (strstr(message.text, "relationship 700: a node that it is of does not exist") == NULL)
		fail_msg("%s", message.text);
	int err = gfs_graph_close(f.graph);
	assert_true(err == 0 || err == GFS_ERR_INTERRUPTED);
	f.graph = NULL;
	fixture_open(&f);
	assert_int_equal(rows(GFS_KV_ADJ, SIZE_MAX, &key, &value), count);
	fixture_close(&f);
}

static void test_read_only(void **state)
{
	(void)state;
	struct gfs_rebuild_report report;
	struct gfs_message message;
	fixture_close(&f);
	f.opts.read_only = true;
	fixture_open(&f);
	assert_int_equal(gfs_graph_rebuild(f.graph, NULL, NULL, &report, &message), GFS_ERR_READONLY);
	assert_true(message.text[0] != '\0');
	OK(gfs_graph_close(f.graph));
	f.graph = NULL;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const char *given = getenv("GFS_SEED");
	seed = given != NULL ? strtoull(given, NULL, 0) : gfs_clock_real_ns();
	print_message("GFS_SEED=%#llx\n", (unsigned long long)seed);
	const struct CMUnitTest tests[] = {
		TEST(test_random_damage),
		TEST(test_rows_with_wrong_sums),
		TEST(test_every_row_gone),
		TEST(test_what_no_record_knows),
		TEST(test_damaged_records),
		TEST(test_read_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
