/* A graph whose rows of adjacency are all of form 2: it is what it was, rows change to the form of today when they are written, and a rebuild leaves none. */
#include "tests/unit/adj_old.h"
#include "tests/unit/graph_fixture.h"

#include "base/checked.h"
#include "graph/rebuild.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { NODES = 150, RELS = 2000, HUB_RELS = 1500, TYPES = 20, BATCH = 100 };

static struct fixture f;
static uint64_t nodes[NODES];

static uint64_t below(uint64_t n)
{
	static uint64_t random = 1;
	random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (random >> 33) % n;
}

static void make_rels(struct gfs_tx *tx, const uint16_t *types, unsigned count)
{
	uint64_t id;
	for (unsigned i = 0; i < count; i++)
		OK(gfs_rel_create(tx, types[below(TYPES)], nodes[below(NODES)], nodes[below(NODES)], &id));
}

/* In many transactions, so that there are many times; a hub whose folder is in blocks; folders made by mkdir. */
static void make_graph(void)
{
	uint16_t types[TYPES], made = name_of(&f, GFS_CATALOG_TYPE, "MADE");
	uint64_t id;
	for (unsigned i = 0; i < NODES; i++) {
		char name[] = { 'n', (char)('0' + i / 100), (char)('0' + i / 10 % 10), (char)('0' + i % 10), 0 };
		nodes[i] = new_node(&f, name);
		if (i < TYPES)
			types[i] = name_of(&f, GFS_CATALOG_TYPE, name);
	}
	for (unsigned done = 0; done < RELS; done += BATCH) {
		struct gfs_tx *tx = tx_begin(&f);
		make_rels(tx, types, BATCH);
		tx_commit(tx);
	}
	struct gfs_tx *tx = tx_begin(&f);
	for (unsigned i = 0; i < HUB_RELS; i++)
		OK(gfs_rel_create(tx, types[0], nodes[40], nodes[below(NODES)], &id));
	OK(gfs_folder_set_made(tx, nodes[7], GFS_IN, made, true));
	tx_commit(tx);
}

/* ---- the rows of all groups ---- */

static void make_rows_old(void)
{
	struct gfs_store *store = gfs_graph_store(f.graph);
	GFS_AUTO_BUF row = GFS_BUF_INIT;
	uint8_t key[GFS_ADJ_GROUP_KEY_BYTES];
	struct gfs_txn *txn;
	OK(gfs_txn_begin(store, &txn));
	for (uint64_t number = 0; number <= gfs_adj_group_of(nodes[NODES - 1]); number++) {
		GFS_AUTO_ADJ_FORM form;
		OK(gfs_adj_form_load(store, number, &form));
		adj_old_encode(&form, &row);
		gfs_adj_group_key(key, number);
		OK(gfs_kv_put(
			gfs_store_kv(store), gfs_txn_undo(txn), GFS_KV_ADJ, gfs_slice(key, sizeof key), gfs_buf_slice(&row)));
	}
	OK(gfs_txn_commit(txn, NULL));
}

static unsigned old_rows(void)
{
	GFS_AUTO_BUF row = GFS_BUF_INIT;
	uint8_t key[GFS_ADJ_GROUP_KEY_BYTES];
	unsigned count = 0;
	gfs_graph_read_begin(f.graph);
	for (uint64_t number = 0; number <= gfs_adj_group_of(nodes[NODES - 1]); number++) {
		gfs_buf_clear(&row);
		gfs_adj_group_key(key, number);
		OK(gfs_kv_get(gfs_store_kv(gfs_graph_store(f.graph)), GFS_KV_ADJ, gfs_slice(key, sizeof key), &row));
		count += row.data[0] == GFS_ADJ_FORM_OLD;
	}
	gfs_graph_read_end(f.graph);
	return count;
}

static void reopen(void)
{
	OK(gfs_store_checkpoint(gfs_graph_store(f.graph)));
	fixture_close(&f);
	fixture_open(&f);
}

/* ---- */

static void rebuild(void)
{
	struct gfs_rebuild_report report;
	struct gfs_message message;
	OK(gfs_graph_rebuild(f.graph, NULL, NULL, &report, &message));
}

static void test_old_rows(void **state)
{
	(void)state;
	fixture_create(&f);
	fixture_open(&f);
	make_graph();
	uint64_t digest = graph_digest(f.graph);
	reopen(); /* what follows is not logged */
	assert_int_equal(old_rows(), 0);
	make_rows_old();
	reopen();
	unsigned all = old_rows();
	assert_true(all > NODES / GFS_ADJ_GROUP_NODES);
	require_clean(f.graph);
	assert_true(graph_digest(f.graph) == digest);
	/* A relationship between two nodes far from each other changes two rows. */
	(void)new_rel(&f, "n000", nodes[0], nodes[NODES - 1]);
	assert_int_equal(old_rows(), all - 2);
	require_clean(f.graph);
	digest = graph_digest(f.graph);
	reopen();
	rebuild();
	assert_int_equal(old_rows(), 0);
	require_clean(f.graph);
	assert_true(graph_digest(f.graph) == digest);
	fixture_destroy(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_old_rows) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
