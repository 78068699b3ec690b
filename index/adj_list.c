/* Reading adjacency: from a view when there is one, else from the rows. */
#include "index/adj_private.h"

#include "base/checked.h"
#include "index/adj_view.h"

/* ---- entries ---- */

/* Gets runs of entries in order; false: enough. */
typedef bool (*run_fn)(void *context, const struct gfs_adj_entry *entries, size_t count);

static int walk_blocks(struct gfs_store *store, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry from, run_fn fn, void *context)
{
	struct gfs_adj_blocks blocks;
	bool more = true;
	gfs_adj_blocks_begin(&blocks);
	int err = gfs_adj_blocks_seek(&blocks, store, node, dir, type, from);
	while (err == 0 && more) {
		size_t skip = gfs_adj_entries_seek(blocks.entries, blocks.count, from);
		more = fn(context, blocks.entries + skip, blocks.count - skip);
		if (more)
			err = gfs_adj_blocks_next(&blocks);
	}
	gfs_adj_blocks_end(&blocks);
	if (err == GFS_ERR_NOTFOUND)
		err = gfs_adj_entry_equal(blocks.bound, GFS_ADJ_ENTRY_LAST) ? 0 : GFS_ERR_CORRUPT; /* A8 */
	return err;
}

/* Hands the entries >= from of one type to `fn`. */
static int walk(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type, struct gfs_adj_entry from,
	run_fn fn, void *context)
{
	GFS_AUTO_ADJ_FORM form;
	int err = gfs_adj_form_load(adj->store, gfs_adj_group_of(node), &form);
	if (err != 0)
		return err == GFS_ERR_NOTFOUND ? 0 : err;
	const struct gfs_adj_folder *folder = gfs_adj_form_find(&form, gfs_adj_side_of(node, dir), type);
	if (folder == NULL || folder->count == 0)
		return 0;
	if (folder->is_long)
		return walk_blocks(adj->store, node, dir, type, from, fn, context);
	const struct gfs_adj_entry *entries = form.entries + folder->first;
	size_t skip = gfs_adj_entries_seek(entries, (size_t)folder->count, from);
	(void)fn(context, entries + skip, (size_t)folder->count - skip); /* there is only one run */
	return 0;
}

/* The entries >= from of a folder that a view has whole. */
static const struct gfs_adj_entry *seek_in(
	const struct gfs_adj_view *view, const struct gfs_adj_folder *folder, struct gfs_adj_entry from, size_t *ret_count)
{
	const struct gfs_adj_entry *entries = view->entries + folder->first;
	size_t skip = gfs_adj_entries_seek(entries, (size_t)folder->count, from);
	*ret_count = (size_t)folder->count - skip;
	return entries + skip;
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

static bool list_run(void *context, const struct gfs_adj_entry *entries, size_t count)
{
	struct list_run *run = context;
	size_t take = GFS_MIN(count, run->max - run->count);
	if (take > 0)
		memcpy(run->entries + run->count, entries, take * sizeof *entries);
	run->count += take;
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

static bool pair_run(void *context, const struct gfs_adj_entry *entries, size_t count)
{
	size_t i = 0;
	while (i < count && take_pair(context, entries[i]))
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

/* The folders of a node, in a view or else in `form`. */
struct folders {
	const struct gfs_adj_folder *list;
	size_t count;
	uint64_t mtime_ns;
};

static int folders_get(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, struct gfs_adj_view *view,
	struct gfs_adj_form *form, struct folders *ret)
{
	*form = (struct gfs_adj_form){ 0 };
	if (gfs_adj_view_get(adj, node, dir, view)) {
		*ret = (struct folders){ view->folders, view->folder_count, view->mtime_ns };
		return 0;
	}
	int err = gfs_adj_form_load(adj->store, gfs_adj_group_of(node), form);
	if (err != 0 && err != GFS_ERR_NOTFOUND)
		return err;
	const struct gfs_adj_side *side = &form->sides[gfs_adj_side_of(node, dir)];
	*ret = (struct folders){ .count = side->folder_count, .mtime_ns = side->mtime_ns };
	if (side->folder_count > 0)
		ret->list = form->folders + side->first_folder;
	return 0;
}

int gfs_adj_types(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t from, struct gfs_adj_type *types,
	size_t max, size_t *ret_count)
{
	GFS_AUTO_ADJ_VIEW view = GFS_ADJ_VIEW_INIT;
	GFS_AUTO_ADJ_FORM form;
	struct folders folders;
	size_t count = 0;
	int err = folders_get(adj, node, dir, &view, &form, &folders);
	if (err != 0)
		return err;
	for (size_t i = 0; i < folders.count && count < max; i++) {
		if (folders.list[i].type >= from)
			types[count++] = type_of(&folders.list[i]);
	}
	*ret_count = count;
	return 0;
}

int gfs_adj_type(
	struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type, struct gfs_adj_type *ret_type)
{
	GFS_AUTO_ADJ_VIEW view = GFS_ADJ_VIEW_INIT;
	GFS_AUTO_ADJ_FORM form;
	struct folders folders;
	int err = folders_get(adj, node, dir, &view, &form, &folders);
	if (err != 0)
		return err;
	size_t i = 0;
	while (i < folders.count && folders.list[i].type < type)
		i++;
	bool there = i < folders.count && folders.list[i].type == type;
	*ret_type = there ? type_of(&folders.list[i]) : (struct gfs_adj_type){ .type = type };
	return 0;
}

int gfs_adj_mtime(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint64_t *ret_mtime_ns)
{
	GFS_AUTO_ADJ_VIEW view = GFS_ADJ_VIEW_INIT;
	GFS_AUTO_ADJ_FORM form;
	struct folders folders;
	int err = folders_get(adj, node, dir, &view, &form, &folders);
	if (err == 0)
		*ret_mtime_ns = folders.mtime_ns;
	return err;
}
