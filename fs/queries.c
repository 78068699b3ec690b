#include "fs/queries.h"

#include "fs/rows.h"
#include "graph/saved_query.h"
#include "store/wal.h"

#include <assert.h>
#include <roaring/roaring.h>
#include <stdlib.h>

/* Ids that share their high bits share a bitmap. */
#define PART_BITS 32
#define PARTS (1u << (GFS_ID_BITS - PART_BITS))

struct gfs_query_nodes {
	uint16_t number;
	uint64_t version;               /* of the graph before the query ran */
	uint64_t used;                  /* by the table's clock */
	unsigned refs;                  /* the table's own, and those handed out */
	roaring_bitmap_t *parts[PARTS]; /* NULL: empty */
};

struct gfs_queries {
	struct gfs_mutex lock; /* guards everything, the counts and times of use of nodes too */
	struct gfs_query_nodes *kept[GFS_QUERIES_KEPT];
	uint64_t clock;
};

int gfs_queries_new(struct gfs_queries **ret_queries)
{
	struct gfs_queries *q = calloc(1, sizeof *q);
	if (!q)
		return GFS_ERR_NOMEM;
	gfs_mutex_init(&q->lock, GFS_RANK_LEAF);
	*ret_queries = q;
	return 0;
}

static void unref(struct gfs_query_nodes *nodes)
{
	if (!nodes)
		return;
	assert(nodes->refs > 0);
	if (--nodes->refs > 0)
		return;
	for (unsigned i = 0; i < PARTS; i++) {
		if (nodes->parts[i])
			roaring_bitmap_free(nodes->parts[i]);
	}
	free(nodes);
}

void gfs_queries_free(struct gfs_queries *q)
{
	if (!q)
		return;
	for (unsigned i = 0; i < GFS_QUERIES_KEPT; i++)
		unref(q->kept[i]);
	gfs_mutex_release(&q->lock);
	free(q);
}

void gfs_queries_put(struct gfs_queries *q, struct gfs_query_nodes *nodes)
{
	gfs_mutex_lock(&q->lock);
	unref(nodes);
	gfs_mutex_unlock(&q->lock);
}

/* ---- the set ---- */

static int add(struct gfs_query_nodes *nodes, uint64_t id)
{
	roaring_bitmap_t **part = &nodes->parts[id >> PART_BITS];
	assert(id <= GFS_ID_MAX);
	if (!*part)
		*part = roaring_bitmap_create();
	if (!*part)
		return GFS_ERR_NOMEM;
	roaring_bitmap_add(*part, (uint32_t)id);
	return 0;
}

bool gfs_query_nodes_have(const struct gfs_query_nodes *nodes, uint64_t id)
{
	const roaring_bitmap_t *part = id <= GFS_ID_MAX ? nodes->parts[id >> PART_BITS] : NULL;
	return part && roaring_bitmap_contains(part, (uint32_t)id);
}

bool gfs_query_nodes_next(const struct gfs_query_nodes *nodes, uint64_t from, uint64_t *ret_id)
{
	for (; from <= GFS_ID_MAX; from = ((from >> PART_BITS) + 1) << PART_BITS) {
		roaring_uint32_iterator_t it;
		const roaring_bitmap_t *part = nodes->parts[from >> PART_BITS];
		if (!part)
			continue;
		roaring_init_iterator(part, &it);
		if (roaring_move_uint32_iterator_equalorlarger(&it, (uint32_t)from)) {
			*ret_id = from >> PART_BITS << PART_BITS | it.current_value;
			return true;
		}
	}
	return false;
}

/* ---- finding it ---- */

static int add_rows(struct gfs_query_nodes *nodes, struct gfs_rows *rows)
{
	const struct gfs_datum *data = NULL;
	size_t count = 1, columns = gfs_result_column_count(rows->result);
	while (count != 0) {
		int err = gfs_result_next(rows->result, &data, &count, &rows->error);
		for (size_t i = 0; !err && i < count * columns; i++) {
			if (data[i].type == GFS_DATUM_NODE)
				err = add(nodes, data[i].id);
		}
		if (err)
			return err;
	}
	return 0;
}

static int run(struct gfs_fs *fs, fuse_req_t req, struct gfs_slice text, struct gfs_query_nodes *nodes)
{
	static const struct gfs_run_opts opts = { .read_only = true };
	struct gfs_rows rows = { 0 };
	if (text.size == 0)
		return 0;
	int err = gfs_rows_run(fs, &rows, req, text, &opts);
	rows.req = req;
	if (!err)
		err = add_rows(nodes, &rows);
	if (err)
		err = gfs_rows_failed(&rows, err, NULL);
	gfs_rows_release(&rows);
	return err;
}

/* In the place of what was kept of that query, or of the one not used for the longest time. */
static void keep(struct gfs_queries *q, struct gfs_query_nodes *nodes)
{
	struct gfs_query_nodes **place = &q->kept[0];
	gfs_mutex_lock(&q->lock);
	for (unsigned i = 0; i < GFS_QUERIES_KEPT; i++) {
		struct gfs_query_nodes **slot = &q->kept[i];
		if (*slot && (*slot)->number == nodes->number) {
			place = slot;
			break;
		}
		if (*place && (!*slot || (*slot)->used < (*place)->used))
			place = slot;
	}
	unref(*place);
	*place = nodes;
	nodes->refs++;
	nodes->used = ++q->clock;
	gfs_mutex_unlock(&q->lock);
}

static struct gfs_query_nodes *find_kept(struct gfs_queries *q, uint16_t number, bool go_on, uint64_t version)
{
	struct gfs_query_nodes *found = NULL;
	gfs_mutex_lock(&q->lock);
	for (unsigned i = 0; i < GFS_QUERIES_KEPT && !found; i++) {
		struct gfs_query_nodes *nodes = q->kept[i];
		if (nodes && nodes->number == number && (go_on || nodes->version == version))
			found = nodes;
	}
	if (found) {
		found->refs++;
		found->used = ++q->clock;
	}
	gfs_mutex_unlock(&q->lock);
	return found;
}

int gfs_queries_nodes(
	struct gfs_fs *fs, fuse_req_t req, uint16_t number, bool go_on, struct gfs_query_nodes **ret_nodes)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_loop_step_aside(fs->loop);
	gfs_graph_read_begin(fs->graph);
	/* Every commit moves the end of the log; a change of the text is one as well. */
	uint64_t version = gfs_wal_end_lsn(gfs_store_wal(gfs_graph_store(fs->graph)));
	int err = gfs_saved_query_text(fs->graph, number, &text);
	gfs_graph_read_end(fs->graph);
	if (err)
		return err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err;
	*ret_nodes = find_kept(fs->queries, number, go_on, version);
	if (*ret_nodes)
		return 0;
	struct gfs_query_nodes *nodes = calloc(1, sizeof *nodes);
	if (!nodes)
		return GFS_ERR_NOMEM;
	*nodes = (struct gfs_query_nodes){ .number = number, .version = version, .refs = 1 };
	err = run(fs, req, gfs_buf_slice(&text), nodes);
	if (err) {
		unref(nodes);
		return err;
	}
	keep(fs->queries, nodes);
	*ret_nodes = nodes;
	return 0;
}
