/* Pages, searching, places. lmdb_check.c has what is asked before LMDB changes something. */
#include "store/lmdb_tree.h"

#include "store/lmdb_page.h"

#include <string.h>

/* ---- metas ---- */

#define MAGIC UINT32_C(0xBEEFC0DE)
enum { DATA_VERSION = 1 };
/* MDB_INTEGERKEY; and of the file's own flags, which lie beside it, MDB_NOSUBDIR */
enum { FREE_FLAGS = 0x08, FILE_FLAGS = 0x4000 };
enum {
	META_MAGIC = 16,
	META_VERSION = 20,
	META_MAP_BYTES = 32,
	META_FREE = 40,
	META_MAIN = META_FREE + GFS_LMDB_TREE_BYTES,
	META_LAST_PAGE = META_MAIN + GFS_LMDB_TREE_BYTES,
	META_TRANSACTION = META_LAST_PAGE + 8,
	META_BYTES = META_TRANSACTION + 8,
};
enum { TREE_PAD = 0, TREE_FLAGS = 4, TREE_DEPTH = 6, TREE_ROOT = 40 };
enum { PAGE_BYTES_MIN = 4096, PAGE_BYTES_MAX = 65536 };

static struct gfs_lmdb_tree tree_read(const uint8_t *p)
{
	return (struct gfs_lmdb_tree){ .root = gfs_get_le64(p + TREE_ROOT),
		.depth = gfs_get_le16(p + TREE_DEPTH),
		.flags = gfs_get_le16(p + TREE_FLAGS) };
}

static bool tree_sound(const struct gfs_lmdb_tree *tree, uint16_t flags, uint64_t page_count)
{
	bool empty = tree->root == GFS_LMDB_NO_PAGE;
	return tree->flags == flags && tree->depth <= GFS_LMDB_DEPTH_MAX && (tree->depth == 0) == empty &&
		(empty || (tree->root >= GFS_LMDB_META_PAGES && tree->root < page_count));
}

/* What LMDB looks at in both. */
static bool meta_readable(const uint8_t *page, uint64_t number, uint32_t page_bytes)
{
	return gfs_get_le64(page) == number && gfs_get_le16(page + GFS_LMDB_PAGE_FLAGS) == GFS_LMDB_META &&
		gfs_get_le32(page + META_FREE + TREE_PAD) == page_bytes;
}

static bool meta_sound(const uint8_t *page, uint64_t number, uint32_t page_bytes)
{
	uint64_t count = gfs_get_le64(page + META_LAST_PAGE) + 1;
	struct gfs_lmdb_tree free = tree_read(page + META_FREE), main = tree_read(page + META_MAIN);
	free.flags &= (uint16_t)~FILE_FLAGS;
	return meta_readable(page, number, page_bytes) && count >= GFS_LMDB_META_PAGES &&
		count <= gfs_get_le64(page + META_MAP_BYTES) / page_bytes && tree_sound(&free, FREE_FLAGS, count) &&
		tree_sound(&main, 0, count);
}

int gfs_lmdb_metas_check(struct gfs_slice bytes)
{
	if (bytes.size < META_BYTES || gfs_get_le32(bytes.data + META_MAGIC) != MAGIC)
		return GFS_ERR_NOTDB;
	uint32_t page_bytes = gfs_get_le32(bytes.data + META_FREE + TREE_PAD);
	if (page_bytes < PAGE_BYTES_MIN || page_bytes > PAGE_BYTES_MAX || (page_bytes & (page_bytes - 1)) != 0 ||
		bytes.size < page_bytes + META_BYTES)
		return GFS_ERR_CORRUPT;
	for (uint64_t i = 0; i < GFS_LMDB_META_PAGES; i++) {
		const uint8_t *page = bytes.data + i * page_bytes;
		if (gfs_get_le32(page + META_MAGIC) != MAGIC || gfs_get_le32(page + META_VERSION) != DATA_VERSION)
			return i == 0 ? GFS_ERR_NOTDB : GFS_ERR_CORRUPT;
		if (!meta_readable(page, i, page_bytes))
			return GFS_ERR_CORRUPT;
	}
	const uint8_t *second = bytes.data + page_bytes;
	bool newer = gfs_get_le64(second + META_TRANSACTION) > gfs_get_le64(bytes.data + META_TRANSACTION);
	return meta_sound(newer ? second : bytes.data, newer, page_bytes) ? 0 : GFS_ERR_CORRUPT;
}

int gfs_lmdb_snapshot_open(
	const struct gfs_lmdb_file *file, uint64_t transaction, struct gfs_lmdb_snapshot *ret_snapshot)
{
	uint8_t copy[META_BYTES];
	uint64_t number = transaction % GFS_LMDB_META_PAGES;
	if (file->bytes < GFS_LMDB_META_PAGES * (uint64_t)file->page_bytes)
		return GFS_ERR_CORRUPT;
	const uint8_t *page = file->map + number * file->page_bytes;
	memcpy(copy, page, sizeof copy);
	if (gfs_get_le64(copy + META_TRANSACTION) != transaction ||
		gfs_get_le64(page + META_TRANSACTION) != transaction) /* written over while it was copied */
		return GFS_ERR_AGAIN;
	struct gfs_lmdb_snapshot s = {
		.file = *file,
		.transaction = transaction,
		.page_count = gfs_get_le64(copy + META_LAST_PAGE) + 1,
		.free = tree_read(copy + META_FREE),
		.main = tree_read(copy + META_MAIN),
	};
	if (!meta_sound(copy, number, file->page_bytes))
		return GFS_ERR_CORRUPT;
	if (s.page_count > file->bytes / file->page_bytes)
		s.page_count = file->bytes / file->page_bytes;
	*ret_snapshot = s;
	return 0;
}

int gfs_lmdb_tree_open(const struct gfs_lmdb_snapshot *snapshot, struct gfs_slice name, struct gfs_lmdb_tree *ret_tree)
{
	struct gfs_slice value;
	struct gfs_lmdb_node node;
	int err = gfs_lmdb_find(snapshot, &snapshot->main, name, &node);
	if (err == 0 && node.flags != GFS_LMDB_SUBTREE)
		err = GFS_ERR_CORRUPT;
	if (err == 0)
		err = gfs_lmdb_node_value(snapshot, &node, &value);
	if (err == 0 && value.size != GFS_LMDB_TREE_BYTES)
		err = GFS_ERR_CORRUPT;
	if (err != 0)
		return err;
	struct gfs_lmdb_tree tree = tree_read(value.data);
	if (!tree_sound(&tree, 0, snapshot->page_count))
		return GFS_ERR_CORRUPT;
	*ret_tree = tree;
	return 0;
}

/* ---- pages ---- */

int gfs_lmdb_page_get(
	const struct gfs_lmdb_snapshot *snapshot, uint64_t number, bool leaf, struct gfs_lmdb_page *ret_page)
{
	if (number < GFS_LMDB_META_PAGES || number >= snapshot->page_count)
		return GFS_ERR_CORRUPT;
	const uint8_t *data = snapshot->file.map + number * snapshot->file.page_bytes;
	unsigned lower = gfs_get_le16(data + GFS_LMDB_PAGE_LOWER), upper = gfs_get_le16(data + GFS_LMDB_PAGE_UPPER);
	unsigned flags = gfs_get_le16(data + GFS_LMDB_PAGE_FLAGS) & ~(unsigned)GFS_LMDB_DIRTY;
	if (gfs_get_le64(data) != number || flags != (leaf ? GFS_LMDB_LEAF : GFS_LMDB_BRANCH))
		return GFS_ERR_CORRUPT;
	if (lower < GFS_LMDB_PAGE_HEAD || lower % 2 != 0 || lower > upper || upper > snapshot->file.page_bytes)
		return GFS_ERR_CORRUPT;
	unsigned count = (lower - GFS_LMDB_PAGE_HEAD) / 2;
	if (count < (leaf ? 1 : 2))
		return GFS_ERR_CORRUPT;
	*ret_page = (struct gfs_lmdb_page){
		.data = data, .number = number, .bytes = snapshot->file.page_bytes, .upper = upper, .count = count, .leaf = leaf
	};
	return 0;
}

int gfs_lmdb_page_node(const struct gfs_lmdb_page *page, unsigned i, struct gfs_lmdb_node *ret_node)
{
	size_t at = gfs_get_le16(page->data + GFS_LMDB_PAGE_HEAD + (size_t)2 * i);
	if (at % 2 != 0 || at < page->upper || at + GFS_LMDB_NODE_HEAD > page->bytes)
		return GFS_ERR_CORRUPT;
	const uint8_t *p = page->data + at;
	uint64_t number = gfs_get_le16(p) | (uint64_t)gfs_get_le16(p + 2) << 16;
	unsigned flags = gfs_get_le16(p + 4);
	size_t key_size = gfs_get_le16(p + 6), left = page->bytes - at - GFS_LMDB_NODE_HEAD;
	if (key_size > left)
		return GFS_ERR_CORRUPT;
	struct gfs_lmdb_node node = { .key = gfs_slice(p + GFS_LMDB_NODE_HEAD, key_size) };
	if (page->leaf) {
		size_t inside = flags == GFS_LMDB_BIG ? 8 : number;
		if ((flags != 0 && flags != GFS_LMDB_BIG && flags != GFS_LMDB_SUBTREE) || inside > left - key_size)
			return GFS_ERR_CORRUPT;
		node.flags = flags;
		node.data = p + GFS_LMDB_NODE_HEAD + key_size;
		node.size = number;
	} else {
		node.child = number | (uint64_t)flags << 32;
	}
	*ret_node = node;
	return 0;
}

int gfs_lmdb_node_value(
	const struct gfs_lmdb_snapshot *snapshot, const struct gfs_lmdb_node *node, struct gfs_slice *ret_value)
{
	if (node->flags != GFS_LMDB_BIG) {
		*ret_value = gfs_slice(node->data, node->size);
		return 0;
	}
	uint64_t number = gfs_get_le64(node->data), page_bytes = snapshot->file.page_bytes;
	uint64_t pages = (GFS_LMDB_PAGE_HEAD + (uint64_t)node->size + page_bytes - 1) / page_bytes;
	if (number < GFS_LMDB_META_PAGES || number >= snapshot->page_count || pages > snapshot->page_count - number)
		return GFS_ERR_CORRUPT;
	const uint8_t *data = snapshot->file.map + number * page_bytes;
	if (gfs_get_le64(data) != number ||
		(gfs_get_le16(data + GFS_LMDB_PAGE_FLAGS) & ~(unsigned)GFS_LMDB_DIRTY) != GFS_LMDB_OVERFLOW ||
		gfs_get_le32(data + GFS_LMDB_PAGE_LOWER) != pages)
		return GFS_ERR_CORRUPT;
	*ret_value = gfs_slice(data + GFS_LMDB_PAGE_HEAD, node->size);
	return 0;
}

/* ---- searching ---- */

static int compare(struct gfs_slice a, struct gfs_slice b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	int order = size == 0 ? 0 : memcmp(a.data, b.data, size);
	return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* The first node with a key >= `key`; page->count when there is none. A branch's first key counts as below all. */
static int seek_in_page(const struct gfs_lmdb_page *page, struct gfs_slice key, unsigned *ret_at, bool *ret_equal)
{
	unsigned low = page->leaf ? 0 : 1, high = page->count;
	*ret_equal = false;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		struct gfs_lmdb_node node;
		int err = gfs_lmdb_page_node(page, middle, &node);
		if (err != 0)
			return err;
		int order = compare(node.key, key);
		if (order == 0) {
			*ret_equal = true;
			high = low = middle;
		} else if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	*ret_at = low;
	return 0;
}

int gfs_lmdb_page_seek(const struct gfs_lmdb_page *page, struct gfs_slice key, unsigned *ret_at, bool *ret_equal)
{
	int err = seek_in_page(page, key, ret_at, ret_equal);
	if (err == 0 && !page->leaf && !*ret_equal)
		--*ret_at; /* the child before the first greater key; there is one, as the search began behind it */
	return err;
}

int gfs_lmdb_page_child(const struct gfs_lmdb_snapshot *snapshot, const struct gfs_lmdb_page *page, unsigned i,
	bool leaf, struct gfs_lmdb_page *ret_page)
{
	struct gfs_lmdb_node node;
	int err = gfs_lmdb_page_node(page, i, &node);
	return err != 0 ? err : gfs_lmdb_page_get(snapshot, node.child, leaf, ret_page);
}

int gfs_lmdb_find(const struct gfs_lmdb_snapshot *snapshot, const struct gfs_lmdb_tree *tree, struct gfs_slice key,
	struct gfs_lmdb_node *ret_node)
{
	struct gfs_lmdb_page page;
	unsigned at = 0;
	bool equal = false;
	if (tree->root == GFS_LMDB_NO_PAGE)
		return GFS_ERR_NOTFOUND;
	int err = gfs_lmdb_page_get(snapshot, tree->root, tree->depth == 1, &page);
	for (unsigned level = 1; err == 0; level++) {
		err = gfs_lmdb_page_seek(&page, key, &at, &equal);
		if (err != 0 || page.leaf)
			break;
		err = gfs_lmdb_page_child(snapshot, &page, at, level + 1 == tree->depth, &page);
	}
	if (err == 0 && !equal)
		err = GFS_ERR_NOTFOUND;
	return err != 0 ? err : gfs_lmdb_page_node(&page, at, ret_node);
}

int gfs_lmdb_tree_get(const struct gfs_lmdb_snapshot *snapshot, const struct gfs_lmdb_tree *tree, struct gfs_slice key,
	struct gfs_slice *ret_value)
{
	struct gfs_lmdb_node node;
	int err = gfs_lmdb_find(snapshot, tree, key, &node);
	if (err == 0 && node.flags == GFS_LMDB_SUBTREE)
		err = GFS_ERR_CORRUPT;
	return err != 0 ? err : gfs_lmdb_node_value(snapshot, &node, ret_value);
}

/* ---- places ---- */

static int page_of(const struct gfs_lmdb_place *place, unsigned level, struct gfs_lmdb_page *ret_page)
{
	return gfs_lmdb_page_get(place->snapshot, place->steps[level].page, level + 1 == place->tree->depth, ret_page);
}

static int entry_at(const struct gfs_lmdb_place *place, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	struct gfs_lmdb_page page;
	struct gfs_lmdb_node node;
	int err = page_of(place, place->depth - 1, &page);
	if (err == 0 && place->steps[place->depth - 1].at >= page.count)
		err = GFS_ERR_CORRUPT;
	if (err == 0)
		err = gfs_lmdb_page_node(&page, place->steps[place->depth - 1].at, &node);
	if (err == 0 && node.flags == GFS_LMDB_SUBTREE)
		err = GFS_ERR_CORRUPT;
	if (err == 0)
		err = gfs_lmdb_node_value(place->snapshot, &node, ret_value);
	if (err == 0)
		*ret_key = node.key;
	return err;
}

enum side { FIRST, LAST, SOUGHT };

/* Goes down from the page at `level` of the stack to a leaf. */
static int descend(struct gfs_lmdb_place *place, unsigned level, enum side side, struct gfs_slice key)
{
	for (;; level++) {
		struct gfs_lmdb_page page;
		struct gfs_lmdb_node node;
		bool equal = false;
		unsigned at = 0;
		int err = page_of(place, level, &page);
		if (err == 0 && side == SOUGHT)
			err = gfs_lmdb_page_seek(&page, key, &at, &equal);
		if (err != 0)
			return err;
		place->steps[level].at = side == SOUGHT ? at : side == FIRST ? 0 : page.count - 1;
		if (page.leaf) {
			place->depth = level + 1;
			return 0;
		}
		err = gfs_lmdb_page_node(&page, place->steps[level].at, &node);
		if (err != 0)
			return err;
		place->steps[level + 1].page = node.child;
	}
}

/* To the entry beside, upwards and down again; `by` is 1 or -1. GFS_ERR_NOTFOUND leaves the place as it was. */
static int step(struct gfs_lmdb_place *place, int by)
{
	for (unsigned level = place->depth; level-- > 0;) {
		struct gfs_lmdb_page page;
		struct gfs_lmdb_node node;
		unsigned at = place->steps[level].at;
		int err = page_of(place, level, &page);
		if (err != 0)
			return err;
		if (by > 0 ? at + 1 >= page.count : at == 0)
			continue;
		place->steps[level].at = by > 0 ? at + 1 : at - 1;
		if (page.leaf)
			return 0;
		err = gfs_lmdb_page_node(&page, place->steps[level].at, &node);
		if (err != 0)
			return err;
		place->steps[level + 1].page = node.child;
		return descend(place, level + 1, by > 0 ? FIRST : LAST, (struct gfs_slice){ 0 });
	}
	return GFS_ERR_NOTFOUND;
}

int gfs_lmdb_place_seek(
	struct gfs_lmdb_place *place, struct gfs_slice key, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	struct gfs_lmdb_page leaf;
	place->depth = 0;
	if (place->tree->root == GFS_LMDB_NO_PAGE)
		return GFS_ERR_NOTFOUND;
	place->steps[0].page = place->tree->root;
	int err = descend(place, 0, key.size == 0 ? FIRST : SOUGHT, key);
	if (err == 0)
		err = page_of(place, place->depth - 1, &leaf);
	if (err == 0 && place->steps[place->depth - 1].at == leaf.count) { /* behind the last of the leaf */
		place->steps[place->depth - 1].at--;
		err = step(place, 1);
		if (err == GFS_ERR_NOTFOUND)
			place->steps[place->depth - 1].at++;
	}
	if (err == 0)
		err = entry_at(place, ret_key, ret_value);
	if (err != 0 && err != GFS_ERR_NOTFOUND)
		place->depth = 0;
	return err;
}

int gfs_lmdb_place_next(struct gfs_lmdb_place *place, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	int err = place->depth == 0 ? GFS_ERR_NOTFOUND : step(place, 1);
	return err != 0 ? err : entry_at(place, ret_key, ret_value);
}

int gfs_lmdb_place_prev(struct gfs_lmdb_place *place, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	int err = place->depth == 0 ? GFS_ERR_NOTFOUND : step(place, -1);
	return err != 0 ? err : entry_at(place, ret_key, ret_value);
}
