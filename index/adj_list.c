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

/* Where the answer is. */
enum place { IN_VIEW, IN_BLOCKS, IN_ROWS };

/* IN_VIEW: the entries >= from are found, and live as long as the view does. IN_BLOCKS: they are in none but the folder's blocks. */
static enum place look(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry from, struct gfs_adj_view *view, const struct gfs_adj_entry **ret_entries, size_t *ret_count)
{
	if (!gfs_adj_view_get(adj, node, dir, view))
		return IN_ROWS;
	size_t i = gfs_adj_view_find(view, type);
	*ret_entries = NULL;
	*ret_count = 0;
	if (i == view->folder_count)
		return IN_VIEW;
	struct gfs_adj_folder folder = gfs_adj_view_folder(view, i);
	if (folder.is_long)
		return IN_BLOCKS;
	const struct gfs_adj_entry *entries = view->entries + folder.first;
	size_t skip = gfs_adj_entries_seek(entries, (size_t)folder.count, from);
	*ret_count = (size_t)folder.count - skip;
	*ret_entries = entries + skip;
	return IN_VIEW;
}

static int walk_rows(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry from, run_fn fn, void *context)
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

/* Hands the entries >= from of one type to `fn`. */
static int walk(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type, struct gfs_adj_entry from,
	run_fn fn, void *context)
{
	GFS_AUTO_ADJ_VIEW view = GFS_ADJ_VIEW_INIT;
	const struct gfs_adj_entry *found;
	size_t count;
	switch (look(adj, node, dir, type, from, &view, &found, &count)) {
	case IN_VIEW:
		(void)fn(context, found, count); /* there is only one run */
		return 0;
	case IN_BLOCKS:
		return walk_blocks(adj->store, node, dir, type, from, fn, context);
	default:
		return walk_rows(adj, node, dir, type, from, fn, context);
	}
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
	struct list_run run = { .entries = entries, .max = max };
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
	struct pair_run run = { .other = other, .rels = rels, .max = max };
	struct gfs_adj_entry from = { .other = other };
	int err = walk(adj, node, dir, type, from, pair_run, &run);
	if (err == 0)
		*ret_count = run.count;
	return err;
}

/* ---- types ---- */

/* The folders of a node, in a view or else in `form`. */
struct folders {
	struct gfs_adj_view view;
	struct gfs_adj_form form;
	const struct gfs_adj_folder *list; /* of the form's; NULL: of the view */
	size_t count;
	uint64_t mtime_ns;
};
#define AUTO_FOLDERS __attribute__((cleanup(folders_release))) struct folders

static void folders_release(struct folders *folders)
{
	gfs_adj_view_put(&folders->view);
	gfs_adj_form_release(&folders->form);
}

/* Release it in any case. */
static int folders_get(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, struct folders *f)
{
	*f = (struct folders){ .view = GFS_ADJ_VIEW_INIT };
	if (gfs_adj_view_get(adj, node, dir, &f->view)) {
		f->count = f->view.folder_count;
		f->mtime_ns = f->view.mtime_ns;
		return 0;
	}
	int err = gfs_adj_form_load(adj->store, gfs_adj_group_of(node), &f->form);
	if (err != 0 && err != GFS_ERR_NOTFOUND)
		return err;
	const struct gfs_adj_side *side = &f->form.sides[gfs_adj_side_of(node, dir)];
	f->count = side->folder_count;
	f->mtime_ns = side->mtime_ns;
	f->list = f->count > 0 ? f->form.folders + side->first_folder : NULL;
	return 0;
}

static struct gfs_adj_type folder_at(const struct folders *f, size_t i)
{
	struct gfs_adj_folder folder = f->list != NULL ? f->list[i] : gfs_adj_view_folder(&f->view, i);
	return (struct gfs_adj_type){
		.type = folder.type, .made = folder.made, .count = folder.count, .mtime_ns = folder.mtime_ns
	};
}

/* The first of the types >= type. */
static size_t folders_seek(const struct folders *f, uint16_t type)
{
	size_t i = 0;
	while (i < f->count && (f->list != NULL ? f->list[i].type : f->view.folders[i].type) < type)
		i++;
	return i;
}

int gfs_adj_types(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t from, struct gfs_adj_type *types,
	size_t max, size_t *ret_count)
{
	AUTO_FOLDERS folders;
	size_t count = 0;
	int err = folders_get(adj, node, dir, &folders);
	if (err != 0)
		return err;
	for (size_t i = folders_seek(&folders, from); i < folders.count && count < max; i++)
		types[count++] = folder_at(&folders, i);
	*ret_count = count;
	return 0;
}

int gfs_adj_type(
	struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type, struct gfs_adj_type *ret_type)
{
	AUTO_FOLDERS folders;
	int err = folders_get(adj, node, dir, &folders);
	if (err != 0)
		return err;
	size_t i = folders_seek(&folders, type);
	*ret_type = (struct gfs_adj_type){ .type = type };
	if (i < folders.count && folder_at(&folders, i).type == type)
		*ret_type = folder_at(&folders, i);
	return 0;
}

int gfs_adj_mtime(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint64_t *ret_mtime_ns)
{
	AUTO_FOLDERS folders;
	int err = folders_get(adj, node, dir, &folders);
	if (err == 0)
		*ret_mtime_ns = folders.mtime_ns;
	return err;
}
