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

/* What the directions have. */
struct sizes {
	size_t folders[2], entries[2];
};

static struct sizes sizes_of(const struct gfs_adj_form *form, const struct gfs_adj_folder *folders)
{
	struct sizes sizes = { 0 };
	for (unsigned side = 0; side < GFS_ADJ_GROUP_SIDES; side++) {
		const struct gfs_adj_side *s = &form->sides[side];
		sizes.folders[side % 2] += s->folder_count;
		for (uint32_t i = 0; i < s->folder_count; i++) {
			const struct gfs_adj_folder *folder = &folders[s->first_folder + i];
			sizes.entries[side % 2] += folder->is_long ? 0 : (size_t)folder->count;
		}
	}
	return sizes;
}

static size_t half_bytes(const struct sizes *sizes, enum gfs_direction dir)
{
	static_assert(sizeof(struct gfs_adj_folder) % 8 == 0 && sizeof(struct gfs_adj_entry) % 8 == 0, "both stay aligned");
	return sizes->folders[dir] * sizeof(struct gfs_adj_folder) + sizes->entries[dir] * sizeof(struct gfs_adj_entry);
}

/* Its halves have room and nothing in it. */
static struct gfs_adj_group *new_group(uint64_t number, const struct sizes *sizes)
{
	size_t bytes = sizeof(struct gfs_adj_group) + half_bytes(sizes, GFS_OUT) + half_bytes(sizes, GFS_IN);
	struct gfs_adj_group *group = malloc(bytes);
	if (group == NULL)
		return NULL;
	*group = (struct gfs_adj_group){ .piece.free = free_group, .number = number, .bytes = bytes };
	uint8_t *at = (uint8_t *)(group + 1);
	for (int dir = GFS_OUT; dir <= GFS_IN; dir++) {
		struct gfs_adj_half *half = &group->halves[dir];
		half->bytes = half_bytes(sizes, dir);
		half->folders = (void *)at;
		half->entries = (void *)(half->folders + sizes->folders[dir]);
		at += half->bytes;
	}
	return group;
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

struct filling {
	struct gfs_store *store;
	const struct gfs_adj_form *form;
	const struct gfs_adj_folder *folders; /* the form's, as chosen */
	struct gfs_adj_group *group;
	size_t folder_count[2], entry_count[2]; /* so far, by direction */
};

/* Folder `i` of the form behind those that its half has. */
static int fill_folder(struct filling *f, unsigned side, size_t i)
{
	enum gfs_direction dir = side_dir(side);
	struct gfs_adj_half *half = &f->group->halves[dir];
	const struct gfs_adj_folder *stored = &f->form->folders[i];
	struct gfs_adj_folder *folder = &half->folders[f->folder_count[dir]++];
	struct gfs_adj_entry *to = half->entries + f->entry_count[dir];
	*folder = f->folders[i];
	folder->first = (uint32_t)f->entry_count[dir];
	if (folder->is_long || folder->count == 0)
		return 0;
	f->entry_count[dir] += (size_t)folder->count;
	if (stored->is_long)
		return read_blocks(f->store, gfs_adj_side_node(f->form->number, side), dir, folder->type, to, folder->count);
	memcpy(to, f->form->entries + stored->first, (size_t)folder->count * sizeof *to);
	return 0;
}

static int fill_group(struct filling *f)
{
	int err = 0;
	for (unsigned side = 0; err == 0 && side < GFS_ADJ_GROUP_SIDES; side++) {
		const struct gfs_adj_side *s = &f->form->sides[side];
		f->group->halves[side_dir(side)].sides[side / 2] = (struct gfs_adj_side){
			.first_folder = (uint32_t)f->folder_count[side_dir(side)],
			.folder_count = s->folder_count,
			.mtime_ns = s->mtime_ns,
		};
		for (uint32_t i = 0; err == 0 && i < s->folder_count; i++)
			err = fill_folder(f, side, s->first_folder + i);
	}
	return err;
}

/* `folders`: a copy of the form's, to be changed. */
static int make_group(struct gfs_store *store, const struct gfs_adj_form *form, struct gfs_adj_folder *folders,
	struct gfs_adj_group **ret_group)
{
	choose_folders(folders, form->folder_count, form->entry_count);
	struct sizes sizes = sizes_of(form, folders);
	struct filling f = { .store = store, .form = form, .folders = folders };
	f.group = new_group(form->number, &sizes);
	int err = f.group == NULL ? GFS_ERR_NOMEM : fill_group(&f);
	if (err == 0)
		*ret_group = f.group;
	else
		free(f.group);
	return err;
}

int gfs_adj_group_read(struct gfs_store *store, uint64_t number, struct gfs_adj_group **ret_group)
{
	GFS_AUTO_ADJ_FORM form;
	int err = gfs_adj_form_load(store, number, &form);
	if (err != 0 && err != GFS_ERR_NOTFOUND)
		return err;
	if (form.folder_count > GFS_ADJ_GROUP_FOLDERS_MAX)
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
