/* The ends of bulk relationships: sorted by node and by neighbour, then written as adjacency and as chains, node by node; what that changes
 * in the records of relationships is sorted again, by relationship. So every page and row is come to once and in order, however many
 * relationships there are, where one relationship at a time would go back and forth through all of them. */
#include "graph/bulk_private.h"
#include "graph/object.h"
#include "index/adj_view.h"

#include "base/checked.h"
#include "store/undo.h"

#include <assert.h>
#include <stdlib.h>

/* In a transaction that is relieved, what is gathered goes to the file in runs: of this many at most, less when little may be dirty. */
#define RUN_ITEMS_MAX ((size_t)1 << 18)
#define RUN_ITEMS_MIN ((size_t)512)
/* Ends of one node that are written at once. */
#define ENTRIES_MAX ((size_t)1 << 15)

/* ---- what is pending ---- */

struct pending_state {
	size_t count, done, done_runs;
};

static void restore_pending(void *context, void *data, size_t size)
{
	struct gfs_tx *tx = context;
	const struct pending_state *state = data;
	(void)size;
	assert(state->done <= state->count && state->count <= tx->pending.ends.capacity);
	tx->pending.ends.count = state->count;
	tx->pending.done = state->done;
	tx->pending.done_runs = state->done_runs;
}

int gfs_pending_note(struct gfs_tx *tx)
{
	void *data;
	const struct gfs_pending_list *pending = &tx->pending;
	int err = gfs_undo_push(gfs_txn_undo(tx->txn), restore_pending, tx, sizeof(struct pending_state), &data);
	if (err == 0)
		*(struct pending_state *)data = (struct pending_state){ pending->ends.count, pending->done,
			pending->done_runs };
	return err;
}

static bool is_pending(const struct gfs_pending_list *pending)
{
	return pending->done < pending->ends.count || pending->done_runs < pending->ends.run_count;
}

/* ---- links ----
 * What a chain's place says of its neighbours, as a triple: relationship and direction, previous, next. Of two for the same place the one with
 * a previous comes later and counts. */

#define KEEP UINT64_MAX

struct finish {
	struct gfs_tx *tx;
	bool relieves;
	struct gfs_merge *ends;
	struct gfs_triple end; /* the next one */
	bool at_end;
	struct gfs_sorter links;
	struct gfs_adj_bulk_entry *entries; /* ENTRIES_MAX */
};

static size_t run_items(const struct gfs_tx *tx)
{
	uint64_t fit = gfs_store_dirty_bytes_max(tx->graph->store) / 4 / sizeof(struct gfs_triple);
	return (size_t)GFS_MAX(GFS_MIN(fit, RUN_ITEMS_MAX), RUN_ITEMS_MIN);
}

static int add_link(struct finish *f, uint64_t rel, enum gfs_direction dir, uint64_t prev, uint64_t next)
{
	return gfs_sorter_add(&f->links, (struct gfs_triple){ { rel << 1 | (uint64_t)dir, prev, next } });
}

/* Between two steps. */
static int relieve(struct finish *f)
{
	return f->relieves ? gfs_txn_relieve(f->tx->txn) : 0;
}

static void apply_link(struct gfs_rel_record *record, const struct gfs_triple *link)
{
	bool out = (link->word[0] & 1) == GFS_OUT;
	*(out ? &record->start_prev : &record->end_prev) = link->word[1];
	if (link->word[2] != KEEP)
		*(out ? &record->start_next : &record->end_next) = link->word[2];
}

/* The links of one relationship, from *link on, which then is the first of the next one. */
static int write_links(struct finish *f, struct gfs_merge *merge, struct gfs_triple *link)
{
	struct gfs_rel_record record;
	uint64_t rel = link->word[0] >> 1;
	int more = 0;
	int err = gfs_rel_record_read(f->tx->graph->store, rel, &record);
	if (err == 0 && !record.exists)
		err = GFS_ERR_CORRUPT;
	if (err != 0)
		return err;
	while (more == 0 && link->word[0] >> 1 == rel) {
		apply_link(&record, link);
		more = gfs_merge_next(merge, link);
	}
	if (more == 0 || more == GFS_ERR_NOTFOUND)
		err = gfs_object_write_rel(f->tx, rel, &record);
	return err != 0 ? err : more;
}

static int write_all_links(struct finish *f)
{
	struct gfs_merge *merge = NULL;
	struct gfs_triple link;
	int err = gfs_merge_begin(&f->links, 0, 0, &merge);
	if (err == 0)
		err = gfs_merge_next(merge, &link);
	while (err == 0) {
		err = write_links(f, merge, &link);
		if (err == 0)
			err = relieve(f);
	}
	gfs_merge_end(merge);
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* ---- ends ---- */

/* Folders that these relationships made appear. */
static int tell_folders(struct gfs_tx *tx, const struct gfs_adj_bulk_entry *entries, size_t count)
{
	int err = 0;
	for (size_t i = 0, next; err == 0 && i < count && gfs_tx_tells(tx); i = next) {
		struct gfs_adj_type folder;
		struct gfs_change change = {
			.kind = GFS_CHANGE_FOLDER_LISTED,
			.id = gfs_adj_at_node(entries[i].at),
			.dir = (uint8_t)gfs_adj_at_dir(entries[i].at),
			.name_id = (uint16_t)entries[i].at,
		};
		for (next = i + 1; next < count && entries[next].at == entries[i].at;)
			next++;
		err = gfs_adj_type(tx->graph->adj, change.id, gfs_adj_at_dir(entries[i].at), change.name_id, &folder);
		if (err == 0 && !folder.made && folder.count == next - i)
			err = gfs_tx_tell(tx, &change);
	}
	return err;
}

/* Puts the entries, all of one node and direction, before the node's chain, in their order. */
static int write_chain(struct finish *f, const struct gfs_adj_bulk_entry *e, size_t count)
{
	struct gfs_node_record record;
	uint64_t node = gfs_adj_at_node(e->at);
	enum gfs_direction dir = gfs_adj_at_dir(e->at);
	assert(node != GFS_ID_NONE && node <= GFS_ID_MAX);
	int err = gfs_node_record_read(f->tx->graph->store, node, &record);
	if (err == 0 && !record.exists)
		err = GFS_ERR_NOTFOUND;
	if (err != 0)
		return err;
	uint64_t *head = dir == GFS_OUT ? &record.first_out : &record.first_in;
	for (size_t i = 0; err == 0 && i < count; i++) {
		uint64_t prev = i == 0 ? GFS_ID_NONE : e[i - 1].entry.rel;
		err = add_link(f, e[i].entry.rel, dir, prev, i + 1 == count ? *head : e[i + 1].entry.rel);
	}
	if (err == 0 && *head != GFS_ID_NONE)
		err = add_link(f, *head, dir, e[count - 1].entry.rel, KEEP);
	*head = e[0].entry.rel;
	return err != 0 ? err : gfs_object_write_node(f->tx, node, &record);
}

static int next_end(struct finish *f)
{
	int err = gfs_merge_next(f->ends, &f->end);
	f->at_end = err == GFS_ERR_NOTFOUND;
	return f->at_end ? 0 : err;
}

static int write_chains(struct finish *f, size_t count)
{
	int err = 0;
	for (size_t i = 0, next; err == 0 && i < count; i = next) {
		for (next = i + 1; next < count && f->entries[next].at >> 16 == f->entries[i].at >> 16;)
			next++;
		err = write_chain(f, f->entries + i, next - i);
	}
	return err;
}

static uint64_t group_of(const struct gfs_triple *end)
{
	return gfs_adj_at_node(end->word[0]) >> GFS_ADJ_GROUP_BITS;
}

/* The ends of the nodes that share a row of adjacency, or as many of them as are written at once. */
static int write_ends(struct finish *f)
{
	struct gfs_tx *tx = f->tx;
	uint64_t group = group_of(&f->end);
	size_t count = 0;
	int err = 0;
	while (err == 0 && count < ENTRIES_MAX && !f->at_end && group_of(&f->end) == group) {
		f->entries[count++] = (struct gfs_adj_bulk_entry){ f->end.word[0], { f->end.word[1], f->end.word[2] } };
		err = next_end(f);
	}
	if (err == 0)
		err = write_chains(f, count);
	if (err == 0)
		err = gfs_adj_add_sorted(tx->txn, tx->graph->adj, f->entries, count);
	return err != 0 ? err : tell_folders(tx, f->entries, count);
}

static int write_all_ends(struct finish *f)
{
	const struct gfs_pending_list *pending = &f->tx->pending;
	int err = gfs_merge_begin(&pending->ends, pending->done_runs, pending->done, &f->ends);
	if (err == 0)
		err = next_end(f);
	while (err == 0 && !f->at_end) {
		err = write_ends(f);
		if (err == 0 && f->relieves && f->links.count >= run_items(f->tx))
			err = gfs_sorter_write_run(&f->links);
		if (err == 0)
			err = relieve(f);
	}
	gfs_merge_end(f->ends);
	return err;
}

/* ---- the whole ---- */

static int finish(struct gfs_tx *tx, bool relieves)
{
	struct finish f = { .tx = tx, .relieves = relieves, .links.store = tx->graph->store };
	if (!is_pending(&tx->pending))
		return 0;
	f.entries = malloc(ENTRIES_MAX * sizeof *f.entries);
	int err = f.entries == NULL ? GFS_ERR_NOMEM : gfs_pending_note(tx);
	if (err == 0)
		err = write_all_ends(&f);
	if (err == 0)
		err = write_all_links(&f);
	if (err == 0) {
		tx->pending.done = tx->pending.ends.count;
		tx->pending.done_runs = tx->pending.ends.run_count;
	}
	gfs_sorter_release(&f.links);
	free(f.entries);
	return err;
}

int gfs_pending_write(struct gfs_tx *tx)
{
	return finish(tx, false);
}

int gfs_apply_bulk_finish(struct gfs_tx *tx, struct gfs_op *op)
{
	(void)op; /* it has no fields */
	return gfs_pending_write(tx);
}

/* Logged, so that replay writes chains in the same order: each finish puts what it has before what was there. */
int gfs_bulk_finish(struct gfs_tx *tx)
{
	struct gfs_op op = { .code = GFS_OP_BULK_FINISH };
	return is_pending(&tx->pending) ? gfs_tx_apply(tx, &op) : 0;
}

/* Nothing is undone any more, so what is written need not be kept. */
static int trim_pending(struct gfs_tx *tx)
{
	struct gfs_pending_list *pending = &tx->pending;
	struct gfs_sorter *ends = &pending->ends;
	if (pending->done_runs > 0) {
		assert(pending->done_runs == ends->run_count);
		gfs_sorter_drop_runs(ends);
		pending->done_runs = 0;
	}
	if (pending->done > 0) {
		memmove(ends->items, ends->items + pending->done, (ends->count - pending->done) * sizeof *ends->items);
		ends->count -= pending->done;
		pending->done = 0;
	}
	return ends->count < run_items(tx) ? 0 : gfs_sorter_write_run(ends);
}

int gfs_tx_relieve(struct gfs_tx *tx)
{
	assert(tx->unlogged);
	int err = gfs_txn_relieve(tx->txn);
	if (err == 0 && tx->names != NULL)
		err = gfs_idmap_relieve(tx->names);
	return err != 0 ? err : trim_pending(tx);
}

int gfs_tx_settle(struct gfs_tx *tx)
{
	assert(tx->unlogged);
	int err = gfs_tx_relieve(tx);
	if (err == 0 && tx->pending.ends.run_count > 0)
		err = gfs_sorter_write_run(&tx->pending.ends);
	if (err == 0)
		err = finish(tx, true);
	return err != 0 ? err : gfs_tx_relieve(tx);
}
