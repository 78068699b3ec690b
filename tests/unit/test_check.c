/* fsck sees every kind of damage: each is planted in a sound graph, past the graph's API, and must be told in words. */
#include "tests/unit/graph_fixture.h"

#include "base/checked.h"
#include "graph/graph_private.h"
#include "graph/row.h"
#include "index/keys.h"
#include "store/blob.h"
#include "store/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f;
static uint64_t a, b, named, rel, loop;
static uint16_t label, type, key;

static int setup(void **state)
{
	char text[6000];
	char name[16], longer[900];
	(void)state;
	f = (struct fixture){ 0 };
	fixture_create(&f);
	fixture_open(&f);
	memset(text, 'x', sizeof text);
	memset(longer, 'y', sizeof longer);
	text[sizeof text - 1] = longer[sizeof longer - 1] = 0;
	a = new_node(&f, "a");
	b = new_node(&f, "b");
	named = new_node(&f, longer);
	rel = new_rel(&f, "T", a, b);
	loop = new_rel(&f, "T", a, a);
	(void)new_rel(&f, "T", b, a);
	label = name_of(&f, GFS_CATALOG_LABEL, "L0");
	type = name_of(&f, GFS_CATALOG_TYPE, "T");
	set_text(&f, node_entity(a), "k", "short");
	set_text(&f, node_entity(b), "k", text);
	set_text(&f, rel_entity(rel), "k", "short");
	key = name_of(&f, GFS_CATALOG_KEY, "k");
	for (unsigned i = 0; i < 5; i++) {
		(void)snprintf(name, sizeof name, "L%u", i);
		uint16_t l = name_of(&f, GFS_CATALOG_LABEL, name);
		struct gfs_tx *tx = tx_begin(&f);
		OK(gfs_node_add_label(tx, a, l));
		if (i == 0)
			OK(gfs_node_add_label(tx, b, l));
		tx_commit(tx);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&f);
	return 0;
}

/* ---- the harness ---- */

struct finding {
	const char *wanted;
	bool met;
	unsigned lines;
	char all[4096];
};

static void look(void *context, const char *line)
{
	struct finding *finding = context;
	finding->lines++;
	finding->met |= strstr(line, finding->wanted) != NULL;
	size_t used = strlen(finding->all);
	(void)snprintf(finding->all + used, sizeof finding->all - used, "%s\n", line);
}

static void must_find(const char *wanted)
{
	struct finding finding = { .wanted = wanted };
	struct gfs_check_report report;
	OK(gfs_graph_check(f.graph, look, NULL, &finding, &report));
	if (!finding.met)
		print_error("wanted: %s\ngot:\n%s", wanted, finding.all);
	assert_true(finding.met);
	assert_true(report.errors >= 1 && report.errors == finding.lines);
}

static struct gfs_txn *begin(void)
{
	struct gfs_txn *txn;
	OK(gfs_txn_begin(gfs_graph_store(f.graph), &txn));
	return txn;
}

static void commit(struct gfs_txn *txn)
{
	OK(gfs_txn_commit(txn, NULL));
}

static struct gfs_node_record node(uint64_t id)
{
	struct gfs_node_record r;
	OK(gfs_node_get(f.graph, id, &r));
	return r;
}

static void put_node(uint64_t id, struct gfs_node_record r)
{
	struct gfs_txn *txn = begin();
	OK(gfs_node_record_write(txn, id, &r));
	commit(txn);
}

static struct gfs_rel_record relationship(uint64_t id)
{
	struct gfs_rel_record r;
	OK(gfs_rel_get(f.graph, id, &r));
	return r;
}

static void put_rel(uint64_t id, struct gfs_rel_record r)
{
	struct gfs_txn *txn = begin();
	OK(gfs_rel_record_write(txn, id, &r));
	commit(txn);
}

static void put_row(uint64_t row_id, const void *bytes, size_t size)
{
	struct gfs_txn *txn = begin();
	uint64_t now;
	OK(gfs_heap_update(txn, row_id, gfs_slice(bytes, size), &now));
	REQUIRE(now == row_id);
	commit(txn);
}

static void put_kv(enum gfs_kv_table table, struct gfs_slice k, struct gfs_slice v)
{
	struct gfs_txn *txn = begin();
	OK(gfs_kv_put(gfs_store_kv(gfs_graph_store(f.graph)), gfs_txn_undo(txn), table, k, v));
	commit(txn);
}

static void add_counter(enum gfs_counter counter)
{
	struct gfs_txn *txn = begin();
	OK(gfs_txn_counter_set(txn, counter, gfs_store_counter(gfs_graph_store(f.graph), counter) + 1));
	commit(txn);
}

/* Overwrites bytes of a page's payload; the page itself stays valid. */
static void poke(uint64_t page_id, unsigned offset, const void *bytes, unsigned size)
{
	struct gfs_txn *txn = begin();
	struct gfs_page *page;
	OK(gfs_page_edit(txn, page_id, &page));
	void *at = gfs_page_touch(txn, page, offset, size);
	REQUIRE(at != NULL);
	memcpy(at, bytes, size);
	gfs_page_put(gfs_graph_store(f.graph), page);
	commit(txn);
}

static uint64_t blob_of_b(void)
{
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	struct gfs_row row;
	struct gfs_row_item item;
	OK(gfs_heap_read(gfs_graph_store(f.graph), node(b).row_id, &bytes));
	OK(gfs_row_open(gfs_buf_slice(&bytes), &row));
	OK(gfs_row_find(&row, key, &item));
	REQUIRE(item.is_blob);
	return item.blob_id;
}

/* A row with one property. */
static void one_item(struct gfs_buf *out, const char *node_key, struct gfs_row_item item)
{
	gfs_row_put_head(out, gfs_slice_text(node_key), (struct gfs_slice){ 0 }, 1);
	gfs_row_put_item(out, &item);
}

/* ---- nothing wrong ---- */

static uint64_t last_done, last_total;

static void progress(void *context, uint64_t done, uint64_t total)
{
	(void)context;
	assert_true(done >= last_done && done <= total);
	last_done = done;
	last_total = total;
}

static void test_clean(void **state)
{
	struct finding finding = { .wanted = "" };
	struct gfs_check_report r;
	(void)state;
	last_done = 0;
	OK(gfs_graph_check(f.graph, look, progress, &finding, &r));
	assert_int_equal(finding.lines, 0);
	assert_true(r.nodes == 3 && r.relationships == 3 && r.properties == 3 && r.errors == 0);
	assert_true(r.labels == 5 && r.types == 1 && r.keys == 1 && r.blobs == 1 && r.pages >= 5);
	assert_int_equal(r.index_entries, 3 + 6 + 3 + 6); /* keys, labels, types, both directions */
	assert_true(last_total != 0 && last_done == last_total);
}

/* ---- pages ---- */

/* What a bad disk does: the checksum no longer fits. */
static void test_damaged_page(void **state)
{
	struct gfs_store *store = gfs_graph_store(f.graph);
	GFS_AUTO_BUF page = GFS_BUF_INIT;
	uint8_t k[8];
	(void)state;
	OK(gfs_store_checkpoint(store));
	gfs_cache_set_enabled(gfs_store_page_cache(store), false);
	gfs_put_be64(k, GFS_PAGE_ID(GFS_SPACE_REL, 0));
	OK(gfs_kv_get(gfs_store_kv(store), GFS_KV_PAGES, gfs_slice(k, 8), &page));
	page.data[100] ^= 1;
	put_kv(GFS_KV_PAGES, gfs_slice(k, 8), gfs_buf_slice(&page));
	OK(gfs_store_checkpoint(store));
	must_find("page 2/0 is damaged");
}

static void test_page_of_wrong_kind(void **state)
{
	struct gfs_txn *txn = begin();
	struct gfs_page *page;
	(void)state;
	OK(gfs_page_edit(txn, GFS_PAGE_ID(GFS_SPACE_NODE, 0), &page));
	page->data[24] = GFS_PAGE_BLOB_DATA; /* its kind */
	gfs_page_put(gfs_graph_store(f.graph), page);
	commit(txn);
	must_find("page 1/0 is of kind");
}

static void test_missing_page(void **state)
{
	(void)state;
	add_counter(GFS_COUNTER_BLOB_PAGES);
	must_find("page 4/");
}

static void test_stray_page(void **state)
{
	static const uint8_t zeros[GFS_PAGE_SIZE];
	uint8_t k[8];
	(void)state;
	gfs_put_be64(k, GFS_PAGE_ID(GFS_SPACE_HEAP, 500));
	put_kv(GFS_KV_PAGES, gfs_slice(k, 8), gfs_slice(zeros, sizeof zeros));
	must_find("past the end of its space");
	put_kv(GFS_KV_PAGES, gfs_slice(k, 8), gfs_slice(zeros, 5));
	must_find("wrong size");
}

static void test_heap_page(void **state)
{
	uint64_t page_id = GFS_PAGE_ID(GFS_SPACE_HEAP, node(a).row_id >> 12);
	(void)state;
	poke(page_id, 0, "\xff\xff\xff\xff", 4);
	must_find("heap page");
}

/* Rows whose sums are wrong, as the backend has them. */
static void test_damaged_rows(void **state)
{
	static const enum gfs_kv_table tables[] = { GFS_KV_META, GFS_KV_CATALOG, GFS_KV_KEYS, GFS_KV_IDSETS, GFS_KV_ADJ,
		GFS_KV_FREE };
	static const char *const lines[] = { "table of settings and saved queries is damaged", "table of names is damaged",
		"key index is damaged", "table of id sets is damaged", "table of adjacency is damaged",
		"table of free ids is damaged" };
	struct gfs_kv_backend *backend = gfs_store_kv_backend(gfs_graph_store(f.graph));
	struct gfs_kv_batch *batch;
	(void)state;
	OK(backend->ops->batch_begin(backend, &batch));
	for (size_t i = 0; i < GFS_COUNT(tables); i++)
		OK(backend->ops->batch_put(batch, tables[i], gfs_slice_text("\xff no row"), gfs_slice_text("no sum at all")));
	OK(backend->ops->batch_commit(batch));
	for (size_t i = 0; i < GFS_COUNT(tables); i++)
		must_find(lines[i]);
}

static void test_free_space_map(void **state)
{
	(void)state;
	poke(GFS_PAGE_ID(GFS_SPACE_FSM, 1), (unsigned)(node(a).row_id >> 12), "\x01", 1);
	must_find("free-space map is wrong");
	poke(GFS_PAGE_ID(GFS_SPACE_FSM, 0), 0, "\x00", 1);
	must_find("summary of the free-space map");
}

/* ---- records ---- */

static void test_node_record(void **state)
{
	(void)state;
	poke(GFS_PAGE_ID(GFS_SPACE_NODE, 0), (unsigned)(a * GFS_NODE_RECORD_SIZE + 1), "\x09", 1);
	must_find("its record is damaged");
}

static void test_rel_record(void **state)
{
	(void)state;
	poke(GFS_PAGE_ID(GFS_SPACE_REL, 0), (unsigned)(rel * GFS_REL_RECORD_SIZE + 2), "\0\0", 2);
	must_find("its record is damaged");
}

static void test_unused_ids(void **state)
{
	struct gfs_node_record r = { .exists = true };
	(void)state;
	put_node(60, r);
	must_find("node 60: its id was never given out");
}

/* ---- chains ---- */

static void test_chain_of_another(void **state)
{
	struct gfs_node_record r = node(b);
	(void)state;
	r.first_out = rel;
	put_node(b, r);
	must_find("it belongs to another node");
	must_find("it is not in the chain of its start");
}

static void test_chain_cycle(void **state)
{
	struct gfs_rel_record r = relationship(rel);
	(void)state;
	r.start_next = loop;
	put_rel(rel, r);
	must_find("the chain comes back to it");
}

static void test_chain_back_link(void **state)
{
	struct gfs_rel_record r = relationship(rel);
	(void)state;
	r.start_prev = GFS_ID_NONE;
	put_rel(rel, r);
	must_find("its link back is wrong");
}

static void test_chain_cut(void **state)
{
	struct gfs_node_record r = node(a);
	(void)state;
	r.first_in = GFS_ID_NONE;
	put_node(a, r);
	must_find("it is not in the chain of its end");
}

static void test_chain_to_nothing(void **state)
{
	struct gfs_node_record r = node(b);
	(void)state;
	r.first_out = 40;
	put_node(b, r);
	must_find("it does not exist");
}

/* ---- rows ---- */

static void test_row_missing(void **state)
{
	struct gfs_node_record r = node(a);
	(void)state;
	r.row_id = node(a).row_id + 100;
	put_node(a, r);
	must_find("does not exist");
	must_find("belongs to nobody");
}

static void test_row_shared(void **state)
{
	struct gfs_node_record r = node(b);
	(void)state;
	r.row_id = node(named).row_id;
	put_node(b, r);
	must_find("belongs to another as well");
}

static void test_row_bytes(void **state)
{
	(void)state;
	put_row(node(b).row_id, "\x08garbage", 8);
	must_find("its row is damaged");
}

static void test_row_labels(void **state)
{
	struct gfs_node_record r = node(a);
	(void)state;
	r.label_count = 0;
	put_node(a, r);
	must_find("disagree on where its labels are");
}

static void test_row_of_relationship(void **state)
{
	GFS_AUTO_BUF row = GFS_BUF_INIT;
	(void)state;
	one_item(&row, "key", (struct gfs_row_item){ .key = key, .value = gfs_slice("\x04x", 2) });
	put_row(relationship(rel).row_id, row.data, row.size);
	must_find("its row has a key or labels");
}

static void plant_item(struct gfs_row_item item)
{
	GFS_AUTO_BUF row = GFS_BUF_INIT;
	one_item(&row, "b", item);
	put_row(node(b).row_id, row.data, row.size);
}

static void encoded(struct gfs_buf *out, struct gfs_value value)
{
	OK(gfs_value_encode(&value, out));
}

static void test_values(void **state)
{
	GFS_AUTO_BUF good = GFS_BUF_INIT;
	GFS_AUTO_BUF declared = GFS_BUF_INIT;
	(void)state;
	plant_item((struct gfs_row_item){ .key = key, .value = gfs_slice("\xff\xff\xff", 3) });
	must_find("the value of property 1 is damaged");
	encoded(&good, (struct gfs_value){ .type = GFS_TYPE_STRING, .newline = true, .bytes = gfs_slice_text("x") });
	plant_item((struct gfs_row_item){ .key = 999, .value = gfs_buf_slice(&good) });
	must_find("property key 999 has no name");
	plant_item((struct gfs_row_item){ .key = key, .latent = 99, .value = gfs_buf_slice(&good) });
	must_find("unknown latent type");
	encoded(&declared, (struct gfs_value){ .type = GFS_TYPE_STRING, .newline = true, .bytes = gfs_slice_text("30") });
	plant_item((struct gfs_row_item){ .key = key, .value = gfs_buf_slice(&declared) });
	must_find("marked wrongly");
	/* And the blob that b had before is nobody's now. */
	must_find("belongs to nobody and is not free");
}

/* ---- blobs ---- */

static void test_blob_shared(void **state)
{
	GFS_AUTO_BUF row = GFS_BUF_INIT;
	struct gfs_slice none = { 0 };
	struct gfs_row_item item = { .key = key, .is_blob = true, .blob_id = blob_of_b() };
	(void)state;
	gfs_row_put_head(&row, none, none, 1);
	gfs_row_put_item(&row, &item);
	put_row(relationship(rel).row_id, row.data, row.size);
	must_find("belongs to more than one");
}

static void test_blob_root(void **state)
{
	(void)state;
	poke(GFS_PAGE_ID(GFS_SPACE_BLOB, blob_of_b()), 0, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	must_find("blob 1");
}

static void test_blob_type(void **state)
{
	struct gfs_txn *txn = begin();
	(void)state;
	OK(gfs_blob_set_tag(txn, blob_of_b(), GFS_TYPE_INTEGER));
	commit(txn);
	must_find("has not the type it says");
	txn = begin();
	OK(gfs_blob_set_tag(txn, blob_of_b(), 200));
	commit(txn);
	must_find("has not the type it says");
}

static void test_blob_free_list(void **state)
{
	struct gfs_txn *txn = begin();
	(void)state;
	OK(gfs_txn_counter_set(txn, GFS_COUNTER_BLOB_FREE, blob_of_b()));
	commit(txn);
	must_find("free");
}

/* ---- indexes ---- */

static void test_key_index_lacks(void **state)
{
	struct gfs_txn *txn = begin();
	(void)state;
	OK(gfs_keys_remove(txn, gfs_slice_text("b")));
	commit(txn);
	must_find("the key index does not lead to it");
}

static void test_key_index_has_more(void **state)
{
	struct gfs_txn *txn = begin();
	(void)state;
	OK(gfs_keys_add(txn, gfs_slice_text("ghost"), 77));
	OK(gfs_keys_add(txn, gfs_slice_text("second"), a));
	commit(txn);
	must_find("leads to node 77");
	must_find("5 entries, 3 nodes have keys");
}

static void test_label_index(void **state)
{
	struct gfs_txn *txn = begin();
	(void)state;
	OK(gfs_idset_remove(txn, f.graph->sets, GFS_IDSET_LABEL, label, a));
	OK(gfs_idset_add(txn, f.graph->sets, GFS_IDSET_TYPE, type, 99));
	commit(txn);
	must_find("the index of label 1 lacks it");
	must_find("the index of label 1 has 1 ids, the records 2");
	must_find("the index of type 1 has 4 ids, the records 3");
}

static void test_type_index(void **state)
{
	struct gfs_txn *txn = begin();
	(void)state;
	OK(gfs_idset_remove(txn, f.graph->sets, GFS_IDSET_TYPE, type, rel));
	commit(txn);
	must_find("the index of type 1 lacks it");
}

static void test_set_of_no_name(void **state)
{
	uint8_t k[9] = { GFS_IDSET_LABEL, 0x7f, 0xff };
	(void)state;
	put_kv(GFS_KV_IDSETS, gfs_slice(k, 9), gfs_slice("x", 1));
	must_find("label 32767, which has no name");
	put_kv(GFS_KV_IDSETS, gfs_slice(k, 4), gfs_slice("x", 1));
	must_find("id sets has a key of an unknown form");
}

static void test_adjacency_lacks(void **state)
{
	struct gfs_txn *txn = begin();
	(void)state;
	OK(gfs_adj_remove(txn, f.graph->adj, a, GFS_OUT, type, (struct gfs_adj_entry){ b, rel }));
	commit(txn);
	must_find("its outgoing adjacency lacks relationship");
}

static void test_adjacency_has_more(void **state)
{
	struct gfs_txn *txn = begin();
	(void)state;
	OK(gfs_adj_add(txn, f.graph->adj, b, GFS_IN, type, (struct gfs_adj_entry){ a, 70 }));
	OK(gfs_adj_add(txn, f.graph->adj, named, GFS_IN, 888, (struct gfs_adj_entry){ a, 71 }));
	OK(gfs_adj_add(txn, f.graph->adj, 500, GFS_IN, type, (struct gfs_adj_entry){ a, 71 }));
	commit(txn);
	must_find("1 incoming relationships in the chain, 2 in the adjacency");
	must_find("type 888, which has no name");
	must_find("adjacency of node 500, which does not exist");
}

static void test_adjacency_form(void **state)
{
	uint8_t k[6] = { 0 };
	(void)state;
	put_kv(GFS_KV_ADJ, gfs_slice(k, 6), gfs_slice("garbage", 7));
	must_find("the adjacency of nodes 0 to 15: a row of the wrong form");
	must_find("its outgoing adjacency lacks relationship");
	k[5] = 1; /* no first of a group */
	put_kv(GFS_KV_ADJ, gfs_slice(k, 6), gfs_slice("x", 1));
	put_kv(GFS_KV_ADJ, gfs_slice(k, 3), gfs_slice("x", 1));
	must_find("adjacency has a key of an unknown form");
}

/* Blocks of a group that has no row. */
static void test_adjacency_blocks_alone(void **state)
{
	uint8_t k[21] = { 0, 0, 0, 0, 1, 0 };
	(void)state;
	put_kv(GFS_KV_ADJ, gfs_slice(k, 21), gfs_slice("", 0));
	must_find("the adjacency of nodes 256 to 271: blocks without the row of their group");
}

static void test_free_ids(void **state)
{
	uint8_t k[7] = { 1 }, zero = 0;
	(void)state;
	gfs_put_be48(k + 1, a);
	put_kv(GFS_KV_FREE, gfs_slice(k, 7), gfs_slice(&zero, 1));
	must_find("listed as free and in use");
	gfs_put_be48(k + 1, 5000);
	put_kv(GFS_KV_FREE, gfs_slice(k, 7), gfs_slice(&zero, 1));
	must_find("node id 5000 is listed as free and was never given out");
	put_kv(GFS_KV_FREE, gfs_slice(k, 2), gfs_slice(&zero, 1));
	must_find("free ids has a key of an unknown form");
}

static void test_labels_without_names(void **state)
{
	struct gfs_node_record r = node(b);
	(void)state;
	r.labels[0] = 4444;
	put_node(b, r);
	must_find("label 4444 has no name");
	struct gfs_rel_record l = relationship(rel);
	l.type = 4444;
	put_rel(rel, l);
	must_find("type 4444 has no name");
}

/* ---- counts ---- */

static void test_counters(void **state)
{
	(void)state;
	add_counter(GFS_COUNTER_NODES);
	must_find("the counter of nodes is 4, there are 3");
	add_counter(GFS_COUNTER_RELS);
	must_find("the counter of relationships is 4");
	add_counter(GFS_COUNTER_PROPERTIES);
	must_find("the counter of properties is 4");
}

static void test_catalog_counts(void **state)
{
	struct gfs_txn *txn = begin();
	(void)state;
	OK(gfs_catalog_set_count(txn, gfs_graph_catalog(f.graph), GFS_CATALOG_LABEL, label, 9));
	OK(gfs_catalog_set_count(txn, gfs_graph_catalog(f.graph), GFS_CATALOG_TYPE, type, 9));
	OK(gfs_catalog_set_count(txn, gfs_graph_catalog(f.graph), GFS_CATALOG_KEY, key, 9));
	commit(txn);
	must_find("label L0 is counted 9 times and used 2 times");
	must_find("type T is counted 9 times and used 3 times");
	must_find("property key k is counted 9 times and used 3 times");
}

static void test_counters_out_of_range(void **state)
{
	struct gfs_txn *txn = begin();
	struct gfs_check_report report;
	(void)state;
	OK(gfs_txn_counter_set(txn, GFS_COUNTER_NODE_NEXT, UINT64_MAX));
	commit(txn);
	assert_int_equal(gfs_graph_check(f.graph, NULL, NULL, NULL, &report), GFS_ERR_CORRUPT);
	assert_int_equal(report.errors, 1);
}

/* No more lines than promised, but all are counted. */
static void test_many_defects(void **state)
{
	struct finding finding = { .wanted = "" };
	struct gfs_check_report report;
	struct gfs_txn *txn = begin();
	uint8_t k[7] = { 1 };
	(void)state;
	for (unsigned i = 0; i < 1500; i++) {
		gfs_put_be48(k + 1, 10000 + i);
		OK(gfs_kv_put(
			gfs_store_kv(gfs_graph_store(f.graph)), gfs_txn_undo(txn), GFS_KV_FREE, gfs_slice(k, 7), gfs_slice("", 1)));
	}
	commit(txn);
	OK(gfs_graph_check(f.graph, look, NULL, &finding, &report));
	assert_int_equal(finding.lines, 1000);
	assert_int_equal(report.errors, 1500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_clean),
		TEST(test_damaged_page),
		TEST(test_page_of_wrong_kind),
		TEST(test_missing_page),
		TEST(test_stray_page),
		TEST(test_heap_page),
		TEST(test_damaged_rows),
		TEST(test_free_space_map),
		TEST(test_node_record),
		TEST(test_rel_record),
		TEST(test_unused_ids),
		TEST(test_chain_of_another),
		TEST(test_chain_cycle),
		TEST(test_chain_back_link),
		TEST(test_chain_cut),
		TEST(test_chain_to_nothing),
		TEST(test_row_missing),
		TEST(test_row_shared),
		TEST(test_row_bytes),
		TEST(test_row_labels),
		TEST(test_row_of_relationship),
		TEST(test_values),
		TEST(test_blob_shared),
		TEST(test_blob_root),
		TEST(test_blob_type),
		TEST(test_blob_free_list),
		TEST(test_key_index_lacks),
		TEST(test_key_index_has_more),
		TEST(test_label_index),
		TEST(test_type_index),
		TEST(test_set_of_no_name),
		TEST(test_adjacency_lacks),
		TEST(test_adjacency_has_more),
		TEST(test_adjacency_form),
		TEST(test_adjacency_blocks_alone),
		TEST(test_free_ids),
		TEST(test_labels_without_names),
		TEST(test_counters),
		TEST(test_catalog_counts),
		TEST(test_counters_out_of_range),
		TEST(test_many_defects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
