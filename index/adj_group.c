/* Making a group: its row decoded, and the blocks of its folders as far as there is room. */
#include "index/adj_group.h"

#include "base/checked.h"

#include <stdlib.h>

static void free_group(struct gfs_index_entry *piece)
{
	free(gfs_container_of(piece, struct gfs_adj_group, piece));
}

static enum gfs_direction side_dir(unsigned side)
{
	return side % 2 == 0 ? GFS_OUT : GFS_IN;
}

/* ---- how much of it ---- */

/* Which folders in blocks the group will have too: short ones, while there is room. They are no longer long. */
static void choose_folders(struct gfs_adj_folder *folders, size_t count, size_t entries)
{
	for (size_t i = 0; i < count; i++) {
		struct gfs_adj_folder *folder = &folders[i];
		if (folder->is_long && folder->count <= GFS_ADJ_FOLDER_ENTRIES_MAX &&
			folder->count + entries <= GFS_ADJ_GROUP_ENTRIES_MAX) {
			folder->is_long = false;
			entries += (size_t)folder->count;
		}
	}
}

/* ---- what is in it ---- */

/* A7 of the block under the cursor; its entries go to `entries`. */
static bool take_block(const struct gfs_adj_blocks *block, struct gfs_adj_entry above, struct gfs_adj_entry *entries)
{
	if (block->count == 0)
		return true;
	if (!gfs_adj_entry_less(above, block->entries[0]) ||
		gfs_adj_entry_less(block->bound, block->entries[block->count - 1]))
		return false;
	memcpy(entries, block->entries, block->count * sizeof *entries);
	return true;
}

/* All blocks of a folder: A7 to A9. */
static int read_blocks(struct gfs_store *store, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry *entries, uint64_t count)
{
	struct gfs_adj_blocks blocks;
	struct gfs_adj_entry above = { 0 };
	uint64_t left = count;
	gfs_adj_blocks_begin(&blocks);
	int err = gfs_adj_blocks_seek(&blocks, store, node, dir, type, above);
	while (err == 0) {
		if (blocks.count > left || !take_block(&blocks, above, entries + (count - left))) {
			err = GFS_ERR_CORRUPT;
			break;
		}
		left -= blocks.count;
		above = blocks.bound;
		err = gfs_adj_blocks_next(&blocks);
	}
	gfs_adj_blocks_end(&blocks);
	if (err != GFS_ERR_NOTFOUND)
		return err;
	return left == 0 && gfs_adj_entry_equal(above, GFS_ADJ_ENTRY_LAST) ? 0 : GFS_ERR_CORRUPT;
}

/* Puts together a group, or only counts what is in it. */
struct filling {
	struct gfs_store *store;
	const struct gfs_adj_form *form;
	const struct gfs_adj_folder *folders;   /* the form's, as chosen */
	struct gfs_adj_group *group;            /* NULL: counts */
	size_t folder_count[2], entry_count[2]; /* so far, by direction */
	size_t number_count;
	uint64_t last_number;
};

static uint16_t add_number(struct filling *f, uint64_t number)
{
	if (f->group != NULL)
		f->group->numbers[f->number_count] = number;
	f->last_number = number;
	return (uint16_t)f->number_count++;
}

/* The first number is 0: no time. */
static uint16_t add_time(struct filling *f, uint64_t time_ns)
{
	if (time_ns == 0)
		return 0;
	return time_ns == f->last_number ? (uint16_t)(f->number_count - 1) : add_number(f, time_ns);
}

static int fill_entries(struct filling *f, unsigned side, size_t i, struct gfs_adj_entry *to)
{
	const struct gfs_adj_folder *stored = &f->form->folders[i];
	if (stored->is_long)
		return read_blocks(
			f->store, gfs_adj_side_node(f->form->number, side), side_dir(side), stored->type, to, stored->count);
	memcpy(to, f->form->entries + stored->first, (size_t)stored->count * sizeof *to);
	return 0;
}

/* Folder `i` of the form behind those that its half has. */
static int fill_folder(struct filling *f, unsigned side, size_t i)
{
	enum gfs_direction dir = side_dir(side);
	const struct gfs_adj_folder *folder = &f->folders[i];
	struct gfs_adj_small_folder small = { .type = folder->type,
		.first = (uint16_t)f->entry_count[dir],
		.number = folder->is_long ? add_number(f, folder->mtime_ns) : add_time(f, folder->mtime_ns),
		.made = folder->made,
		.is_long = folder->is_long };
	if (folder->is_long)
		(void)add_number(f, folder->count); /* comes next to its time */
	if (f->group != NULL)
		f->group->halves[dir].folders[f->folder_count[dir]] = small;
	f->folder_count[dir]++;
	if (folder->is_long || folder->count == 0)
		return 0;
	f->entry_count[dir] += (size_t)folder->count;
	return f->group == NULL ? 0 : fill_entries(f, side, i, f->group->halves[dir].entries + small.first);
}

static int fill_side(struct filling *f, unsigned side)
{
	const struct gfs_adj_side *s = &f->form->sides[side];
	enum gfs_direction dir = side_dir(side);
	struct gfs_adj_small_side small = { (uint16_t)f->folder_count[dir], add_time(f, s->mtime_ns) };
	int err = 0;
	if (f->group != NULL)
		f->group->halves[dir].sides[side / 2] = small;
	for (uint32_t i = 0; err == 0 && i < s->folder_count; i++)
		err = fill_folder(f, side, s->first_folder + i);
	return err;
}

static int fill(struct filling *f)
{
	int err = 0;
	(void)add_number(f, 0); /* see add_time */
	for (unsigned side = 0; err == 0 && side < GFS_ADJ_GROUP_SIDES; side++)
		err = fill_side(f, side);
	for (int dir = GFS_OUT; err == 0 && f->group != NULL && dir <= GFS_IN; dir++) {
		struct gfs_adj_half *half = &f->group->halves[dir];
		half->folders[f->folder_count[dir]] = (struct gfs_adj_small_folder){ .first = (uint16_t)f->entry_count[dir] };
		half->sides[GFS_ADJ_GROUP_NODES] = (struct gfs_adj_small_side){
			.first_folder = (uint16_t)f->folder_count[dir]
		};
	}
	return err;
}

/* ---- its memory ---- */

static size_t half_bytes(const struct filling *counts, enum gfs_direction dir)
{
	static_assert(
		sizeof(struct gfs_adj_small_folder) % 8 == 0 && sizeof(struct gfs_adj_entry) % 8 == 0, "both stay aligned");
	return (counts->folder_count[dir] + 1) * sizeof(struct gfs_adj_small_folder) +
		counts->entry_count[dir] * sizeof(struct gfs_adj_entry);
}

/* One with room for what was counted. */
static struct gfs_adj_group *new_group(const struct filling *counts)
{
	size_t numbers_bytes = counts->number_count * sizeof(uint64_t);
	size_t bytes = sizeof(struct gfs_adj_group) + numbers_bytes + half_bytes(counts, GFS_OUT) +
		half_bytes(counts, GFS_IN);
	struct gfs_adj_group *group = malloc(bytes);
	if (group == NULL)
		return NULL;
	*group = (struct gfs_adj_group){ .piece.free = free_group, .number = counts->form->number, .bytes = bytes };
	group->numbers = (void *)(group + 1);
	uint8_t *at = (uint8_t *)(group + 1) + numbers_bytes;
	for (int dir = GFS_OUT; dir <= GFS_IN; dir++) {
		struct gfs_adj_half *half = &group->halves[dir];
		half->bytes = half_bytes(counts, dir);
		half->folders = (void *)at;
		half->entries = (void *)(half->folders + counts->folder_count[dir] + 1);
		at += half->bytes;
	}
	return group;
}

/* ---- reading ---- */

/* `folders`: a copy of the form's, to be changed. */
static int make_group(struct gfs_store *store, const struct gfs_adj_form *form, struct gfs_adj_folder *folders,
	struct gfs_adj_group **ret_group)
{
	choose_folders(folders, form->folder_count, form->entry_count);
	struct filling counts = { .form = form, .folders = folders };
	int err = fill(&counts);
	struct filling f = { .store = store, .form = form, .folders = folders, .group = new_group(&counts) };
	if (err == 0)
		err = f.group == NULL ? GFS_ERR_NOMEM : fill(&f);
	if (err == 0)
		*ret_group = f.group;
	else
		free(f.group);
	return err;
}

/* Its places fit into 16 bits: what a row without blocks has, blocks come as far as there is room, and the numbers, at most two a folder and one a side. */
static bool is_small(const struct gfs_adj_form *form)
{
	static_assert(2 * GFS_ADJ_GROUP_FOLDERS_MAX + GFS_ADJ_GROUP_SIDES + 1 <= UINT16_MAX, "numbers do");
	static_assert(GFS_ADJ_GROUP_ENTRIES_MAX <= UINT16_MAX, "entries of blocks do");
	return form->folder_count <= GFS_ADJ_GROUP_FOLDERS_MAX && form->entry_count <= UINT16_MAX;
}

int gfs_adj_group_read(struct gfs_store *store, uint64_t number, struct gfs_adj_group **ret_group)
{
	GFS_AUTO_ADJ_FORM form;
	int err = gfs_adj_form_load(store, number, &form);
	if (err != 0 && err != GFS_ERR_NOTFOUND)
		return err;
	if (!is_small(&form))
		return GFS_ERR_LIMIT;
	struct gfs_adj_folder *folders = calloc(form.folder_count + 1, sizeof *folders);
	if (folders == NULL)
		return GFS_ERR_NOMEM;
	if (form.folder_count > 0)
		memcpy(folders, form.folders, form.folder_count * sizeof *folders);
	err = make_group(store, &form, folders, ret_group);
	free(folders);
	return err;
}
