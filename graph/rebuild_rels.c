/* Indexes anew: what comes from relationships. Their ends are sorted, as in a bulk load, so that each row of adjacency is written once, in order. */
#include "graph/rebuild_private.h"

#include "base/checked.h"
#include "index/adj_rebuild.h"

#include <stdlib.h>

/* Ends that are sorted in memory, and of one group that are handed on at once. */
#define RUN_ITEMS_MAX ((size_t)1 << 20)
#define ENTRIES_MAX ((size_t)1 << 14)

/* ---- types ---- */

static int add_end(
	struct gfs_rebuild *r, uint64_t node, enum gfs_direction dir, uint16_t type, uint64_t other, uint64_t rel)
{
	return gfs_sorter_add(&r->ends, (struct gfs_triple){ { gfs_adj_at(node, dir, type), other, rel } });
}

static int rebuild_rel(struct gfs_rebuild *r, uint64_t id, const struct gfs_rel_record *record)
{
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	int err = gfs_row_ref_get(r->graph, record->row_id, &ref);
	if (err == 0)
		err = gfs_rebuild_count_row(r, &ref.row);
	if (err == 0)
		err = gfs_idset_add(r->tx->txn, r->graph->sets, GFS_IDSET_TYPE, record->type, id);
	if (err == 0)
		err = add_end(r, record->start, GFS_OUT, record->type, record->end, id);
	if (err == 0)
		err = add_end(r, record->end, GFS_IN, record->type, record->start, id);
	if (err == 0 && r->ends.count >= RUN_ITEMS_MAX)
		err = gfs_sorter_write_run(&r->ends);
	r->type_uses[record->type]++;
	return err != 0 ? gfs_rebuild_fail(r, err, "relationship", id, gfs_err_text(err)) : 0;
}

int gfs_rebuild_rels(struct gfs_rebuild *r)
{
	struct gfs_rel_record record;
	uint64_t id = 0;
	int err = 0;
	while (err == 0 && (err = gfs_rel_record_next(r->graph->store, id + 1, &id, &record)) == 0) {
		err = rebuild_rel(r, id, &record);
		if (err == 0)
			err = gfs_rebuild_step(r);
		r->report.relationships++;
	}
	if (err != 0 && err != GFS_ERR_NOTFOUND)
		return gfs_rebuild_fail(r, err, "a relationship from id", id, gfs_err_text(err));
	return 0;
}

/* ---- adjacency ---- */

struct walk {
	struct gfs_rebuild *r;
	struct gfs_merge *merge;
	struct gfs_triple end; /* the next one */
	bool at_end;
	struct gfs_adj_bulk_entry *entries; /* ENTRIES_MAX */
};

static int next_end(struct walk *w)
{
	int err = gfs_merge_next(w->merge, &w->end);
	w->at_end = err == GFS_ERR_NOTFOUND;
	return w->at_end ? 0 : err;
}

/* Which nodes of a group exist. */
static int existing_nodes(struct gfs_store *store, uint64_t first, uint32_t *ret_nodes)
{
	uint64_t ids[GFS_ADJ_GROUP_NODES];
	size_t count = 0;
	*ret_nodes = 0;
	int err = gfs_node_record_list(store, first, first + GFS_ADJ_GROUP_NODES, ids, GFS_COUNT(ids), &count);
	for (size_t i = 0; err == 0 && i < count; i++)
		*ret_nodes |= 1u << (ids[i] - first);
	return err;
}

static bool in_group(const struct walk *w, uint64_t first)
{
	return !w->at_end && gfs_adj_at_node(w->end.word[0]) - first < GFS_ADJ_GROUP_NODES;
}

/* Hands the ends of the group on, some at a time. */
static int add_ends(struct walk *w, struct gfs_adj_rebuild *rebuild, uint64_t first, uint32_t nodes)
{
	int err = 0;
	while (err == 0 && in_group(w, first)) {
		size_t count = 0;
		for (; err == 0 && count < ENTRIES_MAX && in_group(w, first); count++) {
			struct gfs_adj_bulk_entry e = { w->end.word[0], { w->end.word[1], w->end.word[2] } };
			if ((nodes >> (gfs_adj_at_node(e.at) - first) & 1) == 0)
				return gfs_rebuild_fail(
					w->r, GFS_ERR_CORRUPT, "relationship", e.entry.rel, "a node that it is of does not exist");
			w->entries[count] = e;
			err = next_end(w);
		}
		if (err == 0)
			err = gfs_adj_rebuild_add(rebuild, w->entries, count);
	}
	return err;
}

static int rebuild_group(struct walk *w, uint64_t first)
{
	struct gfs_adj_rebuild *rebuild = NULL;
	uint32_t nodes;
	int err = existing_nodes(w->r->graph->store, first, &nodes);
	if (err == 0)
		err = gfs_adj_rebuild_begin(w->r->tx->txn, w->r->graph->adj, first, nodes, &rebuild);
	if (err == 0)
		err = add_ends(w, rebuild, first, nodes);
	if (err == 0)
		err = gfs_adj_rebuild_end(rebuild);
	gfs_adj_rebuild_free(rebuild);
	return err != 0 ? gfs_rebuild_fail(w->r, err, "adjacency from node", first, gfs_err_text(err)) : 0;
}

int gfs_rebuild_adjacency(struct gfs_rebuild *r)
{
	struct walk w = { .r = r };
	uint64_t end = gfs_store_counter(r->graph->store, GFS_COUNTER_NODE_NEXT);
	w.entries = malloc(ENTRIES_MAX * sizeof *w.entries);
	int err = w.entries == NULL ? GFS_ERR_NOMEM : gfs_merge_begin(&r->ends, 0, 0, &w.merge);
	if (err == 0)
		err = next_end(&w);
	for (uint64_t first = 0; err == 0 && first < end; first += GFS_ADJ_GROUP_NODES) {
		err = rebuild_group(&w, first);
		if (err == 0)
			err = gfs_rebuild_step(r);
	}
	if (err == 0 && !w.at_end)
		err = gfs_rebuild_fail(
			r, GFS_ERR_CORRUPT, "relationship", w.end.word[2], "a node that it is of does not exist");
	gfs_merge_end(w.merge);
	free(w.entries);
	return err;
}
