/* The tree: nodes of FANOUT slots, each with the first eight bytes of its key as a big-endian number, so that most comparisons
 * touch nothing but the node. In an inner node slot i leads to the keys >= its own; slot 0 also to everything smaller. */
#include "store/memtable.h"

#include "base/checked.h"

#include <assert.h>

enum { FANOUT = 32, DEPTH_MAX = 24 };
enum { CLASS_SHIFT_MIN = 4, CLASS_BYTES_MIN = 1 << CLASS_SHIFT_MIN };

struct gfs_mem_node {
	unsigned count;
	struct gfs_mem_node *next; /* of a leaf: its right neighbour */
	uint64_t prefix[FANOUT];
	struct gfs_mem_entry *entry[FANOUT];
	struct gfs_mem_node *child[]; /* FANOUT of them in an inner node, none in a leaf */
};

/* ---- pool ---- */

void gfs_mem_pool_release(struct gfs_mem_pool *pool)
{
	gfs_arena_release(&pool->arena);
	*pool = (struct gfs_mem_pool){ 0 };
}

static void *pool_alloc(struct gfs_mem_pool *pool, size_t size)
{
	void *data = gfs_arena_alloc(&pool->arena, size);
	if (data)
		pool->used_bytes += (size + 7) & ~(size_t)7;
	return data;
}

/* Classes are 16, 24, 32, 48, 64, 96, ... */
static uint64_t class_bytes(unsigned class)
{
	return (uint64_t)(class % 2 ? 3 : 2) << (class / 2 + CLASS_SHIFT_MIN - 1);
}

/* The smallest class that holds `size`. */
static unsigned class_above(uint32_t size)
{
	if (size <= CLASS_BYTES_MIN)
		return 0;
	unsigned shift = 64 - (unsigned)__builtin_clzll((uint64_t)size - 1);
	unsigned class = (shift - CLASS_SHIFT_MIN) * 2;
	return size <= class_bytes(class - 1) ? class - 1 : class;
}

int gfs_mem_block_take(struct gfs_mem_pool *pool, uint32_t size, bool grows, struct gfs_mem_block *ret_block)
{
	unsigned class = class_above(size);
	uint64_t capacity = GFS_MIN(class_bytes(class), UINT32_MAX);
	assert(class < GFS_MEM_CLASS_COUNT && capacity >= size);
	void *data = pool->free_blocks[class];
	if (data) {
		memcpy(&pool->free_blocks[class], data, sizeof(void *));
	} else {
		if (!grows)
			capacity = GFS_MIN((size + UINT64_C(7)) & ~UINT64_C(7), UINT32_MAX);
		data = pool_alloc(pool, capacity);
	}
	if (!data)
		return GFS_ERR_NOMEM;
	*ret_block = (struct gfs_mem_block){ .data = data, .capacity = (uint32_t)capacity };
	return 0;
}

void gfs_mem_block_give(struct gfs_mem_pool *pool, struct gfs_mem_block block)
{
	if (block.capacity < CLASS_BYTES_MIN)
		return;
	unsigned class = class_above(block.capacity);
	if (class_bytes(class) > block.capacity)
		class --;
	memcpy(block.data, &pool->free_blocks[class], sizeof(void *));
	pool->free_blocks[class] = block.data;
}

/* ---- order ---- */

int gfs_mem_compare(struct gfs_slice a, struct gfs_slice b)
{
	size_t size = GFS_MIN(a.size, b.size);
	int order = size ? memcmp(a.data, b.data, size) : 0;
	return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* Zero-padded: equal prefixes say nothing, different ones decide. */
static uint64_t prefix_of(struct gfs_slice key)
{
	uint8_t bytes[8] = { 0 };
	if (key.size >= sizeof bytes)
		return gfs_get_be64(key.data);
	if (key.size)
		memcpy(bytes, key.data, key.size);
	return gfs_get_be64(bytes);
}

/* How many slots of the node, from `first` on, come before the key: with a key < it, or <= it when `after`. */
static unsigned slots_before(
	const struct gfs_mem_node *n, unsigned first, struct gfs_slice key, uint64_t prefix, bool after)
{
	unsigned low = first, high = n->count;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		bool before = n->prefix[middle] < prefix;
		if (n->prefix[middle] == prefix) {
			int order = gfs_mem_compare(gfs_mem_key(n->entry[middle]), key);
			before = after ? order <= 0 : order < 0;
		}
		if (before)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- look-up ---- */

/* The leaf that has the key or would; notes the way down when `path` is not NULL. */
struct path {
	struct gfs_mem_node *node[DEPTH_MAX];
	unsigned slot[DEPTH_MAX];
};

static struct gfs_mem_node *descend(
	const struct gfs_memtable *mt, struct gfs_slice key, uint64_t prefix, struct path *path)
{
	struct gfs_mem_node *n = mt->root;
	for (unsigned level = 0; level < mt->depth; level++) {
		unsigned slot = slots_before(n, 1, key, prefix, true) - 1;
		if (path) {
			path->node[level] = n;
			path->slot[level] = slot;
		}
		n = n->child[slot];
	}
	return n;
}

static struct gfs_mem_entry *entry_at(const struct gfs_mem_node *leaf, unsigned slot, struct gfs_slice key)
{
	if (slot >= leaf->count || !gfs_slice_equal(gfs_mem_key(leaf->entry[slot]), key))
		return NULL;
	return leaf->entry[slot];
}

struct gfs_mem_entry *gfs_memtable_find(const struct gfs_memtable *mt, struct gfs_slice key)
{
	if (!mt->root)
		return NULL;
	uint64_t prefix = prefix_of(key);
	const struct gfs_mem_node *leaf = descend(mt, key, prefix, NULL);
	return entry_at(leaf, slots_before(leaf, 0, key, prefix, false), key);
}

static struct gfs_mem_entry *skip_holes(struct gfs_mem_pos *pos)
{
	while (pos->leaf) {
		for (; pos->index < pos->leaf->count; pos->index++)
			if (pos->leaf->entry[pos->index]->state != GFS_MEM_HOLE)
				return pos->leaf->entry[pos->index];
		pos->leaf = pos->leaf->next;
		pos->index = 0;
	}
	return NULL;
}

struct gfs_mem_entry *gfs_memtable_seek(
	const struct gfs_memtable *mt, struct gfs_slice key, bool after, struct gfs_mem_pos *ret_pos)
{
	*ret_pos = (struct gfs_mem_pos){ .version = mt->version };
	if (!mt->root)
		return NULL;
	uint64_t prefix = prefix_of(key);
	ret_pos->leaf = descend(mt, key, prefix, NULL);
	ret_pos->index = slots_before(ret_pos->leaf, 0, key, prefix, after);
	return skip_holes(ret_pos);
}

struct gfs_mem_entry *gfs_memtable_next(const struct gfs_memtable *mt, struct gfs_mem_pos *pos)
{
	assert(pos->version == mt->version);
	(void)mt; /* read by the assert only */
	if (!pos->leaf)
		return NULL;
	pos->index++;
	return skip_holes(pos);
}

/* The leaf to the left of the one that `path` leads to, and the way there; NULL when that was the first. */
static struct gfs_mem_node *leaf_before(const struct gfs_memtable *mt, struct path *path)
{
	unsigned level = mt->depth;
	while (level > 0 && path->slot[level - 1] == 0)
		level--;
	if (level == 0)
		return NULL;
	path->slot[level - 1]--;
	struct gfs_mem_node *n = path->node[level - 1]->child[path->slot[level - 1]];
	for (; level < mt->depth; level++) {
		path->node[level] = n;
		path->slot[level] = n->count - 1;
		n = n->child[n->count - 1];
	}
	return n;
}

struct gfs_mem_entry *gfs_memtable_before(const struct gfs_memtable *mt, struct gfs_slice key)
{
	struct path path;
	if (!mt->root)
		return NULL;
	uint64_t prefix = prefix_of(key);
	const struct gfs_mem_node *leaf = descend(mt, key, prefix, &path);
	unsigned count = slots_before(leaf, 0, key, prefix, false);
	while (leaf) {
		for (; count > 0; count--)
			if (leaf->entry[count - 1]->state != GFS_MEM_HOLE)
				return leaf->entry[count - 1];
		leaf = leaf_before(mt, &path);
		count = leaf ? leaf->count : 0;
	}
	return NULL;
}

/* ---- insertion ---- */

static struct gfs_mem_node *node_new(struct gfs_mem_pool *pool, bool inner)
{
	struct gfs_mem_node *n = pool_alloc(pool, sizeof *n + (inner ? FANOUT * sizeof n->child[0] : 0));
	if (n) {
		n->count = 0;
		n->next = NULL;
	}
	return n;
}

static void node_insert(struct gfs_mem_node *n, unsigned slot, struct gfs_mem_entry *e, struct gfs_mem_node *child)
{
	size_t moved = n->count - slot;
	assert(n->count < FANOUT && slot <= n->count);
	memmove(n->prefix + slot + 1, n->prefix + slot, moved * sizeof n->prefix[0]);
	memmove(n->entry + slot + 1, n->entry + slot, moved * sizeof n->entry[0]);
	n->prefix[slot] = prefix_of(gfs_mem_key(e));
	n->entry[slot] = e;
	if (child) {
		memmove(n->child + slot + 1, n->child + slot, moved * sizeof n->child[0]);
		n->child[slot] = child;
	}
	n->count++;
}

/* Moves the slots from `keep` on into the new node on the right. */
static void node_split(struct gfs_mem_node *n, struct gfs_mem_node *right, unsigned keep, bool inner)
{
	unsigned moved = n->count - keep;
	memcpy(right->prefix, n->prefix + keep, moved * sizeof n->prefix[0]);
	memcpy(right->entry, n->entry + keep, moved * sizeof n->entry[0]);
	if (inner)
		memcpy(right->child, n->child + keep, moved * sizeof n->child[0]);
	right->count = moved;
	right->next = n->next;
	n->next = inner ? NULL : right;
	n->count = keep;
}

/* Everything that an insertion needs, taken before it changes anything. */
struct spare {
	struct gfs_mem_node *node[DEPTH_MAX + 1]; /* node[0]: a leaf; the others inner */
	unsigned count;
};

/* `full`: how many levels, from the leaf up, have no room. */
static int spare_take(struct gfs_mem_pool *pool, unsigned full, bool root_splits, struct spare *ret_spare)
{
	struct spare spare = { .count = full + (root_splits ? 1 : 0) };
	assert(spare.count <= DEPTH_MAX);
	for (unsigned i = 0; i < spare.count; i++) {
		spare.node[i] = node_new(pool, i > 0);
		if (!spare.node[i])
			return GFS_ERR_NOMEM;
	}
	*ret_spare = spare;
	return 0;
}

static unsigned full_levels(const struct gfs_memtable *mt, const struct path *path, const struct gfs_mem_node *leaf)
{
	if (leaf->count < FANOUT)
		return 0;
	unsigned full = 1;
	while (full <= mt->depth && path->node[mt->depth - full]->count == FANOUT)
		full++;
	return full;
}

static void grow_root(struct gfs_memtable *mt, struct gfs_mem_node *root)
{
	node_insert(root, 0, mt->root->entry[0], mt->root);
	mt->root = root;
	mt->depth++;
}

/* Puts an entry (and what lies below it) at `slot` of a full node: splits, and says where the right half begins. Keys that
 * come in order leave full nodes behind. */
static void split_insert(struct gfs_mem_node *n, struct gfs_mem_node *right, unsigned slot, struct gfs_mem_entry *e,
	struct gfs_mem_node *child)
{
	bool last = slot == FANOUT;
	unsigned keep = last ? FANOUT : FANOUT / 2;
	node_split(n, right, keep, child != NULL);
	if (slot < keep || (slot == keep && !last))
		node_insert(n, slot, e, child);
	else
		node_insert(right, slot - keep, e, child);
}

static void insert(struct gfs_memtable *mt, const struct path *path, struct gfs_mem_node *leaf, unsigned slot,
	struct gfs_mem_entry *e, struct spare *spare, unsigned full)
{
	struct gfs_mem_node *n = leaf, *child = NULL;
	unsigned level = mt->depth;
	for (unsigned i = 0; i < full; i++) {
		split_insert(n, spare->node[i], slot, e, child);
		child = spare->node[i];
		e = child->entry[0];
		if (level == 0) {
			grow_root(mt, spare->node[i + 1]);
			n = mt->root;
			slot = 1;
		} else {
			level--;
			n = path->node[level];
			slot = path->slot[level] + 1;
		}
	}
	node_insert(n, slot, e, child);
}

static struct gfs_mem_entry *entry_new(struct gfs_mem_pool *pool, struct gfs_slice key)
{
	struct gfs_mem_entry *e = pool_alloc(pool, sizeof *e + key.size);
	if (!e)
		return NULL;
	*e = (struct gfs_mem_entry){ .state = GFS_MEM_HOLE, .key_size = (uint16_t)key.size };
	memcpy(e->key, key.data, key.size);
	return e;
}

int gfs_memtable_add(
	struct gfs_memtable *mt, struct gfs_mem_pool *pool, struct gfs_slice key, struct gfs_mem_entry **ret_entry)
{
	assert(key.size > 0 && key.size <= UINT16_MAX);
	if (!mt->root && !(mt->root = node_new(pool, false)))
		return GFS_ERR_NOMEM;
	struct path path;
	struct spare spare;
	uint64_t prefix = prefix_of(key);
	struct gfs_mem_node *leaf = descend(mt, key, prefix, &path);
	unsigned slot = slots_before(leaf, 0, key, prefix, false);
	struct gfs_mem_entry *e = entry_at(leaf, slot, key);
	if (!e) {
		unsigned full = full_levels(mt, &path, leaf);
		int err = spare_take(pool, full, full > mt->depth, &spare);
		if (err)
			return err;
		e = entry_new(pool, key);
		if (!e)
			return GFS_ERR_NOMEM;
		insert(mt, &path, leaf, slot, e, &spare, full);
		mt->version++;
	}
	*ret_entry = e;
	return 0;
}
