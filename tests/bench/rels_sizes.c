/* What the indexes of relationships take, on disk and in memory, beside the records that they are made from. */
#include "index/idset.h"
#include "store/heap.h"
#include "store/record.h"
#include "store/slotted.h"
#include "tests/bench/rels.h"

#include <lmdb.h>

#define INDEX_PERCENT_MAX 20u /* of the plain data, on disk */

/* ---- of the open database ---- */

static uint64_t index_layer(struct gfs_graph *graph)
{
	struct gfs_cache_stats stats;
	gfs_cache_budget_stats(gfs_store_cache_budget(gfs_graph_store(graph)), GFS_CACHE_INDEX, &stats);
	return stats.bytes;
}

/* What is in memory when all has been asked for. */
static uint64_t load(struct gfs_graph *graph, const struct rels_all *all)
{
	struct rels_engine engine = rels_graph(graph);
	uint64_t before = index_layer(graph);
	for (uint64_t node = 1; node <= all->last_node; node++) {
		for (unsigned dir = 0; dir < 2; dir++)
			(void)engine.nodes(graph, &node, 1, (enum gfs_direction)dir);
	}
	struct gfs_catalog_entry type;
	for (uint16_t from = 0; gfs_catalog_next(gfs_graph_catalog(graph), GFS_CATALOG_TYPE, from, &type) == 0;
		 from = (uint16_t)(type.id + 1))
		(void)engine.of_type(graph, type.id);
	return index_layer(graph) - before;
}

static void count_records(struct gfs_graph *graph, struct rels_sizes *s)
{
	struct gfs_store *store = gfs_graph_store(graph);
	struct gfs_rel_record record;
	GFS_AUTO_BUF row = GFS_BUF_INIT;
	uint64_t id;
	gfs_graph_read_begin(graph);
	s->rels = gfs_store_counter(store, GFS_COUNTER_RELS);
	s->records = (gfs_store_counter(store, GFS_COUNTER_REL_NEXT) / GFS_RELS_PER_PAGE + 1) * GFS_PAGE_SIZE;
	for (uint64_t from = 0; gfs_rel_record_next(store, from, &id, &record) == 0; from = id + 1) {
		if (record.row_id == 0)
			continue;
		gfs_buf_clear(&row);
		OK(gfs_heap_read(store, record.row_id, &row));
		s->properties += row.size + GFS_SLOTTED_SLOT_SIZE;
	}
	gfs_graph_read_end(graph);
}

void rels_sizes_of_graph(struct gfs_graph *graph, const struct rels_all *all, struct rels_sizes *s)
{
	s->loaded = load(graph, all);
	count_records(graph, s);
}

/* ---- of its file ---- */

static MDB_dbi open_table(MDB_txn *txn, const char *name)
{
	MDB_dbi dbi;
	if (mdb_dbi_open(txn, name, 0, &dbi) != 0) {
		fprintf(stderr, "table %s cannot be read\n", name);
		exit(2);
	}
	return dbi;
}

static uint64_t table_bytes(MDB_txn *txn, const char *name)
{
	MDB_stat stat;
	if (mdb_stat(txn, open_table(txn, name), &stat) != 0)
		exit(2);
	return (stat.ms_leaf_pages + stat.ms_branch_pages + stat.ms_overflow_pages) * stat.ms_psize;
}

/* The sets of types share a table with those of labels: what LMDB needs for a row, or for its pages when it has some of its own. */
static uint64_t type_sets_bytes(MDB_txn *txn)
{
	enum { PAGE = 4096, PAGE_HEAD = 16, ROW_HEAD = 10, ROW_MAX = 2030 /* without its head */ };
	MDB_cursor *cursor;
	MDB_val key, value;
	uint64_t bytes = 0;
	if (mdb_cursor_open(txn, open_table(txn, "idsets"), &cursor) != 0)
		exit(2);
	while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
		if (*(const uint8_t *)key.mv_data != GFS_IDSET_TYPE)
			continue;
		bytes += ROW_HEAD + key.mv_size;
		if (key.mv_size + value.mv_size > ROW_MAX)
			bytes += (value.mv_size + PAGE_HEAD + PAGE - 1) / PAGE * PAGE;
		else
			bytes += value.mv_size;
	}
	mdb_cursor_close(cursor);
	return bytes;
}

void rels_sizes_of_file(const char *path, struct rels_sizes *s)
{
	char file[4096];
	MDB_env *env;
	MDB_txn *txn;
	(void)snprintf(file, sizeof file, "%s/data.mdb", path);
	if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, GFS_KV_TABLE_COUNT) != 0 ||
		mdb_env_open(env, file, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0) != 0 ||
		mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0) {
		fprintf(stderr, "%s cannot be read\n", file);
		exit(2);
	}
	s->adjacency = table_bytes(txn, "adj");
	s->type_sets = type_sets_bytes(txn);
	mdb_txn_abort(txn);
	mdb_env_close(env);
}

static void line(const struct rels_sizes *s, const char *what, uint64_t bytes)
{
	printf("%-36s%12.1f%12.1f%12.1f\n", what, (double)bytes / 1e6, (double)bytes / (double)s->rels,
		100 * (double)bytes / (double)(s->records + s->properties));
}

bool rels_sizes_print(const struct rels_sizes *s)
{
	printf("\n%-36s%12s%12s%12s\n", "", "MB", "bytes each", "% of plain");
	line(s, "records of relationships", s->records);
	line(s, "  and their properties: plain", s->records + s->properties);
	line(s, "adjacency, on disk", s->adjacency);
	line(s, "  and sets of types: the index", s->adjacency + s->type_sets);
	line(s, "index in memory, all of it loaded", s->loaded);
	line(s, "CSR array, both directions", s->csr);
	line(s, "DUPFIXED table, both directions", s->dupfixed);
	bool met = (s->adjacency + s->type_sets) * 100 <= (s->records + s->properties) * INDEX_PERCENT_MAX;
	printf("the index takes at most %u %%: %s\n", INDEX_PERCENT_MAX, met ? "met" : "missed");
	return met;
}
