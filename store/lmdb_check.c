/* What LMDB is about to use for a change, checked beforehand. */
#include "store/lmdb_page.h"

#include <stdlib.h>

/* LMDB merges a page with one beside it, and then maybe that with the next. */
#define NEIGHBOURS 2u

int gfs_lmdb_sound_init(struct gfs_lmdb_sound *sound, const struct gfs_lmdb_snapshot *snapshot)
{
	uint64_t *bits = calloc((size_t)(snapshot->page_count / 64 + 1), sizeof *bits);
	if (!bits)
		return GFS_ERR_NOMEM;
	*sound = (struct gfs_lmdb_sound){ .bits = bits, .count = snapshot->page_count };
	return 0;
}

void gfs_lmdb_sound_release(struct gfs_lmdb_sound *sound)
{
	free(sound->bits);
	*sound = (struct gfs_lmdb_sound){ 0 };
}

/* L3, and of L4 what lies in the page itself. */
static int check_page(
	const struct gfs_lmdb_snapshot *snapshot, const struct gfs_lmdb_page *page, struct gfs_lmdb_sound *sound)
{
	uint64_t *word = &sound->bits[page->number / 64], bit = UINT64_C(1) << page->number % 64;
	if (*word & bit)
		return 0;
	for (unsigned i = 0; i < page->count; i++) {
		struct gfs_lmdb_node node;
		int err = gfs_lmdb_page_node(page, i, &node);
		if (err != 0)
			return err;
		if (!page->leaf && (node.child < GFS_LMDB_META_PAGES || node.child >= snapshot->page_count))
			return GFS_ERR_CORRUPT;
	}
	*word |= bit;
	return 0;
}

static int check_neighbours(const struct gfs_lmdb_snapshot *snapshot, const struct gfs_lmdb_page *page, unsigned at,
	bool leaf, struct gfs_lmdb_sound *sound)
{
	unsigned from = at > NEIGHBOURS ? at - NEIGHBOURS : 0;
	unsigned to = at + NEIGHBOURS < page->count ? at + NEIGHBOURS : page->count - 1;
	int err = 0;
	for (unsigned i = from; err == 0 && i <= to; i++) {
		struct gfs_lmdb_page child;
		err = gfs_lmdb_page_child(snapshot, page, i, leaf, &child);
		if (err == 0)
			err = check_page(snapshot, &child, sound);
	}
	return err;
}

int gfs_lmdb_path_check(const struct gfs_lmdb_snapshot *snapshot, const struct gfs_lmdb_tree *tree,
	struct gfs_slice key, struct gfs_lmdb_sound *sound)
{
	struct gfs_lmdb_page page;
	struct gfs_lmdb_node node;
	struct gfs_slice value;
	unsigned at = 0;
	bool equal = false;
	if (tree->root == GFS_LMDB_NO_PAGE)
		return 0;
	int err = gfs_lmdb_page_get(snapshot, tree->root, tree->depth == 1, &page);
	if (err == 0)
		err = check_page(snapshot, &page, sound);
	for (unsigned level = 1; err == 0; level++) {
		at = page.count - 1;
		if (key.size > 0)
			err = gfs_lmdb_page_seek(&page, key, &at, &equal);
		if (err != 0 || page.leaf)
			break;
		bool leaf = level + 1 == tree->depth;
		err = check_neighbours(snapshot, &page, at, leaf, sound);
		if (err == 0)
			err = gfs_lmdb_page_child(snapshot, &page, at, leaf, &page);
	}
	if (err != 0 || !equal)
		return err;
	err = gfs_lmdb_page_node(&page, at, &node);
	return err != 0 ? err : gfs_lmdb_node_value(snapshot, &node, &value);
}

static int check_list(const struct gfs_lmdb_snapshot *snapshot, struct gfs_slice list, struct gfs_lmdb_sound *sound)
{
	if (list.size < 8 || gfs_get_le64(list.data) > list.size / 8 - 1)
		return GFS_ERR_CORRUPT;
	uint64_t count = gfs_get_le64(list.data), above = snapshot->page_count;
	for (uint64_t i = 1; i <= count; i++) {
		uint64_t number = gfs_get_le64(list.data + i * 8);
		if (number >= above || number < GFS_LMDB_META_PAGES)
			return GFS_ERR_CORRUPT;
		above = number;
	}
	sound->free_pages += count;
	return 0;
}

static int check_free_page(const struct gfs_lmdb_snapshot *snapshot, const struct gfs_lmdb_page *page, unsigned levels,
	struct gfs_lmdb_sound *sound)
{
	int err = check_page(snapshot, page, sound);
	for (unsigned i = 0; err == 0 && i < page->count; i++) {
		struct gfs_lmdb_page child;
		struct gfs_lmdb_node node;
		struct gfs_slice list;
		if (!page->leaf) {
			err = gfs_lmdb_page_child(snapshot, page, i, levels == 2, &child);
			if (err == 0)
				err = check_free_page(snapshot, &child, levels - 1, sound);
			continue;
		}
		err = gfs_lmdb_page_node(page, i, &node);
		if (err == 0 && node.key.size != 8)
			err = GFS_ERR_CORRUPT;
		if (err == 0)
			err = gfs_lmdb_node_value(snapshot, &node, &list);
		if (err == 0)
			err = check_list(snapshot, list, sound);
	}
	return err;
}

int gfs_lmdb_free_check(const struct gfs_lmdb_snapshot *snapshot, struct gfs_lmdb_sound *sound)
{
	struct gfs_lmdb_page root;
	const struct gfs_lmdb_tree *tree = &snapshot->free;
	if (tree->root == GFS_LMDB_NO_PAGE)
		return 0;
	int err = gfs_lmdb_page_get(snapshot, tree->root, tree->depth == 1, &root);
	return err != 0 ? err : check_free_page(snapshot, &root, tree->depth, sound);
}
