/* Reading adjacency: from a view when there is one, else from the rows. */
#include "index/adj_private.h"

#include "base/checked.h"
#include "index/adj_view.h"

/* Small enough for malloc's per-thread lists, large enough for nearly every header. */
enum { HEAD_BYTES_USUAL = 512 };

int gfs_adj_head_load(struct gfs_store *store, uint64_t node, enum gfs_direction dir, struct gfs_buf *head)
{
	assert(head->size == 0);
	uint8_t key[GFS_ADJ_HEAD_KEY_BYTES];
	gfs_adj_head_key(key, node, dir);
	int err = gfs_buf_reserve(head, HEAD_BYTES_USUAL);
	if (err == 0)
		err = gfs_kv_get(gfs_store_kv(store), GFS_KV_ADJ, gfs_slice(key, sizeof key), head);
	if (err == 0)
		err = gfs_adj_head_verify_size(gfs_buf_slice(head), NULL);
	return err;
}

/* Takes what the cursor is at, unless it has left the type. */
static int blocks_take(struct gfs_adj_blocks *blocks, struct gfs_slice key, struct gfs_slice value)
{
	if (key.size < GFS_ADJ_TYPE_KEY_BYTES || memcmp(key.data, blocks->key, GFS_ADJ_TYPE_KEY_BYTES) != 0)
		return GFS_ERR_NOTFOUND;
	if (key.size != GFS_ADJ_BLOCK_KEY_BYTES)
		return GFS_ERR_CORRUPT;
	blocks->bound = gfs_adj_block_key_bound(key.data);
	blocks->entries = value.data;
	return gfs_adj_block_count(value, &blocks->count);
}

int gfs_adj_blocks_seek(struct gfs_adj_blocks *blocks, struct gfs_store *store, uint64_t node, enum gfs_direction dir,
	uint16_t type, struct gfs_adj_entry from)
{
	struct gfs_slice key, value;
	int err = 0;
	gfs_adj_block_key(blocks->key, node, dir, type, from);
	if (blocks->it == NULL)
		err = gfs_kv_iter_open(gfs_store_kv(store), GFS_KV_ADJ, &blocks->it);
	if (err == 0)
		err = gfs_kv_iter_seek(blocks->it, gfs_slice(blocks->key, sizeof blocks->key), &key, &value);
	if (err == 0)
		err = blocks_take(blocks, key, value);
	return err;
}

int gfs_adj_blocks_next(struct gfs_adj_blocks *blocks)
{
	struct gfs_slice key, value;
	int err = gfs_kv_iter_next(blocks->it, &key, &value);
	if (err == 0)
		err = blocks_take(blocks, key, value);
	return err;
}

/* ---- entries ---- */

/* Gets runs of entries in order; false: enough. */
typedef bool (*run_fn)(void *context, const uint8_t *entries, size_t count);

static int walk_blocks(struct gfs_store *store, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry from, run_fn fn, void *context)
{
	struct gfs_adj_blocks blocks = { 0 };
	bool more = true;
	int err = gfs_adj_blocks_seek(&blocks, store, node, dir, type, from);
	while (err == 0 && more) {
		size_t skip = gfs_adj_entries_seek(blocks.entries, blocks.count, from);
		more = fn(context, blocks.entries + skip * GFS_ADJ_ENTRY_BYTES, blocks.count - skip);
		if (more)
			err = gfs_adj_blocks_next(&blocks);
	}
	gfs_kv_iter_close(blocks.it);
	if (err == GFS_ERR_NOTFOUND)
		err = gfs_adj_entry_equal(blocks.bound, GFS_ADJ_ENTRY_LAST) ? 0 : GFS_ERR_CORRUPT; /* A8 */
	return err;
}

/* Hands the entries >= from of one type to `fn`. */
static int walk(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type, struct gfs_adj_entry from,
	run_fn fn, void *context)
{
	GFS_AUTO_BUF head = GFS_BUF_INIT;
	int err = gfs_adj_head_load(adj->store, node, dir, &head);
	if (err != 0)
		return err == GFS_ERR_NOTFOUND ? 0 : err;
	struct gfs_adj_slot slot;
	gfs_adj_head_find(gfs_buf_slice(&head), type, &slot);
	if (slot.count == 0)
		return 0;
	if ((slot.flags & GFS_ADJ_BLOCKS) != 0)
		return walk_blocks(adj->store, node, dir, type, from, fn, context);
	const uint8_t *entries = head.data + slot.entries;
	size_t skip = gfs_adj_entries_seek(entries, (size_t)slot.count, from);
	(void)fn(context, entries + skip * GFS_ADJ_ENTRY_BYTES, (size_t)slot.count - skip); /* there is only one run */
	return 0;
}

/* The entries >= from of a folder that a view has whole. */
static const struct gfs_adj_entry *seek_in(
	const struct gfs_adj_view *view, const struct gfs_adj_folder *folder, struct gfs_adj_entry from, size_t *ret_count)
{
	const struct gfs_adj_entry *entries = view->entries + folder->first;
	size_t low = 0, high = (size_t)folder->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (gfs_adj_entry_less(entries[middle], from))
			low = middle + 1;
		else
			high = middle;
	}
	*ret_count = (size_t)folder->count - low;
	return entries + low;
}

/* True when a view has the answer: the entries >= from, which live as long as it does. */
static bool look(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type, struct gfs_adj_entry from,
	struct gfs_adj_view *view, const struct gfs_adj_entry **ret_entries, size_t *ret_count)
{
	if (!gfs_adj_view_get(adj, node, dir, view))
		return false;
	const struct gfs_adj_folder *folder = gfs_adj_view_find(view, type);
	*ret_entries = NULL;
	*ret_count = 0;
	if (folder == NULL)
		return true;
	if (folder->is_long)
		return false;
	*ret_entries = seek_in(view, folder, from, ret_count);
	return true;
}

struct list_run {
	struct gfs_adj_entry *entries;
	size_t count, max;
};

static bool list_run(void *context, const uint8_t *entries, size_t count)
{
	struct list_run *run = context;
	size_t take = GFS_MIN(count, run->max - run->count);
	for (size_t i = 0; i < take; i++)
		run->entries[run->count++] = gfs_adj_entry_get(entries, i);
	return run->count < run->max;
}

int gfs_adj_list(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type, struct gfs_adj_entry from,
	struct gfs_adj_entry *entries, size_t max, size_t *ret_count)
{
	GFS_AUTO_ADJ_VIEW view = GFS_ADJ_VIEW_INIT;
	struct list_run run = { .entries = entries, .max = max };
	const struct gfs_adj_entry *found;
	size_t count;
	if (look(adj, node, dir, type, from, &view, &found, &count)) {
		*ret_count = GFS_MIN(count, max);
		if (*ret_count > 0)
			memcpy(entries, found, *ret_count * sizeof *entries);
		return 0;
	}
	int err = walk(adj, node, dir, type, from, list_run, &run);
	if (err == 0)
		*ret_count = run.count;
	return err;
}

struct pair_run {
	uint64_t other;
	uint64_t *rels;
	size_t count, max;
};

/* False: another pair's. */
static bool take_pair(struct pair_run *run, struct gfs_adj_entry entry)
{
	if (entry.other != run->other)
		return false;
	if (run->count < run->max)
		run->rels[run->count] = entry.rel;
	run->count++;
	return true;
}

static bool pair_run(void *context, const uint8_t *entries, size_t count)
{
	size_t i = 0;
	while (i < count && take_pair(context, gfs_adj_entry_get(entries, i)))
		i++;
	return i == count;
}

int gfs_adj_pair(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type, uint64_t other,
	uint64_t *rels, size_t max, size_t *ret_count)
{
	GFS_AUTO_ADJ_VIEW view = GFS_ADJ_VIEW_INIT;
	struct pair_run run = { .other = other, .rels = rels, .max = max };
	struct gfs_adj_entry from = { .other = other };
	const struct gfs_adj_entry *found;
	size_t count;
	int err = 0;
	if (look(adj, node, dir, type, from, &view, &found, &count)) {
		for (size_t i = 0; i < count && take_pair(&run, found[i]);)
			i++;
	} else {
		err = walk(adj, node, dir, type, from, pair_run, &run);
	}
	if (err == 0)
		*ret_count = run.count;
	return err;
}

/* ---- types ---- */

static struct gfs_adj_type type_of(const struct gfs_adj_folder *folder)
{
	return (struct gfs_adj_type){
		.type = folder->type, .made = folder->made, .count = folder->count, .mtime_ns = folder->mtime_ns
	};
}

static size_t types_in_view(const struct gfs_adj_view *view, uint16_t from, struct gfs_adj_type *types, size_t max)
{
	size_t count = 0;
	for (size_t i = 0; i < view->folder_count && count < max; i++) {
		if (view->folders[i].type >= from)
			types[count++] = type_of(&view->folders[i]);
	}
	return count;
}

int gfs_adj_types(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t from, struct gfs_adj_type *types,
	size_t max, size_t *ret_count)
{
	GFS_AUTO_ADJ_VIEW view = GFS_ADJ_VIEW_INIT;
	GFS_AUTO_BUF head = GFS_BUF_INIT;
	size_t count = 0;
	if (gfs_adj_view_get(adj, node, dir, &view)) {
		*ret_count = types_in_view(&view, from, types, max);
		return 0;
	}
	int err = gfs_adj_head_load(adj->store, node, dir, &head);
	if (err != 0 && err != GFS_ERR_NOTFOUND)
		return err;
	unsigned all = err == 0 ? gfs_adj_head_types(head.data) : 0;
	for (unsigned i = 0; i < all && count < max; i++) {
		uint8_t flags;
		gfs_adj_head_type(head.data, i, &types[count], &flags);
		if (types[count].type >= from)
			count++;
	}
	*ret_count = count;
	return 0;
}

int gfs_adj_type(
	struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type, struct gfs_adj_type *ret_type)
{
	GFS_AUTO_ADJ_VIEW view = GFS_ADJ_VIEW_INIT;
	GFS_AUTO_BUF head = GFS_BUF_INIT;
	struct gfs_adj_slot slot = { 0 };
	if (gfs_adj_view_get(adj, node, dir, &view)) {
		const struct gfs_adj_folder *folder = gfs_adj_view_find(&view, type);
		*ret_type = folder != NULL ? type_of(folder) : (struct gfs_adj_type){ .type = type };
		return 0;
	}
	int err = gfs_adj_head_load(adj->store, node, dir, &head);
	if (err != 0 && err != GFS_ERR_NOTFOUND)
		return err;
	if (err == 0)
		gfs_adj_head_find(gfs_buf_slice(&head), type, &slot);
	*ret_type = (struct gfs_adj_type){
		.type = type, .made = (slot.flags & GFS_ADJ_MADE) != 0, .count = slot.count, .mtime_ns = slot.mtime_ns
	};
	return 0;
}

int gfs_adj_mtime(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint64_t *ret_mtime_ns)
{
	GFS_AUTO_ADJ_VIEW view = GFS_ADJ_VIEW_INIT;
	GFS_AUTO_BUF head = GFS_BUF_INIT;
	if (gfs_adj_view_get(adj, node, dir, &view)) {
		*ret_mtime_ns = view.mtime_ns;
		return 0;
	}
	int err = gfs_adj_head_load(adj->store, node, dir, &head);
	if (err != 0 && err != GFS_ERR_NOTFOUND)
		return err;
	*ret_mtime_ns = err == 0 ? gfs_adj_head_mtime(head.data) : 0;
	return 0;
}
