/* Linear probing in a power of two of slots, at most three quarters in use.
 *
 * gfs_u64map marks deleted slots and sweeps them when it grows; gfs_strmap closes the gap at once, which its stored hashes
 * make cheap. */
#include "base/map.h"

#include "base/checked.h"
#include "base/hash.h"

#include <assert.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 16 };

/* The capacity for one more than `count` entries, at most half full; 0 when it does not fit a size_t. */
static size_t capacity_for(size_t count)
{
	size_t capacity = CAPACITY_MIN;
	while (capacity / 2 < count + 1) {
		if (gfs_mul_overflows(capacity, 2, &capacity))
			return 0;
	}
	return capacity;
}

static bool is_full(size_t used, size_t capacity)
{
	return used + 1 > capacity / 4 * 3;
}

/* --- integers --- */

struct gfs_u64map_slot {
	uint64_t key;
	uint64_t value;
};

/* The states lie behind the slots, in the same allocation. */
enum { STATE_EMPTY, STATE_LIVE, STATE_DELETED };

static uint8_t *u64map_states(const struct gfs_u64map *map)
{
	return (uint8_t *)(map->slots + map->capacity);
}

void gfs_u64map_release(struct gfs_u64map *map)
{
	free(map->slots);
	*map = GFS_U64MAP_INIT;
}

/* The slot of key, or where a new one goes (the first deleted or empty slot on its way). capacity > 0. */
static size_t u64map_find(const struct gfs_u64map *map, uint64_t key, bool *ret_found)
{
	const uint8_t *states = u64map_states(map);
	size_t mask = map->capacity - 1;
	size_t free_at = SIZE_MAX;
	for (size_t i = gfs_mix64(key) & mask;; i = (i + 1) & mask) {
		if (states[i] == STATE_LIVE && map->slots[i].key == key) {
			*ret_found = true;
			return i;
		}
		if (states[i] != STATE_LIVE && free_at == SIZE_MAX)
			free_at = i;
		if (states[i] == STATE_EMPTY) {
			*ret_found = false;
			return free_at;
		}
	}
}

static void u64map_put(struct gfs_u64map *map, size_t at, uint64_t key, uint64_t value)
{
	uint8_t *states = u64map_states(map);
	assert(states[at] != STATE_LIVE);
	map->used += states[at] == STATE_EMPTY;
	map->count++;
	states[at] = STATE_LIVE;
	map->slots[at] = (struct gfs_u64map_slot){ .key = key, .value = value };
}

static int u64map_grow(struct gfs_u64map *map)
{
	size_t capacity = capacity_for(map->count);
	if (capacity == 0)
		return GFS_ERR_NOMEM;
	struct gfs_u64map grown = { .slots = calloc(capacity, sizeof *grown.slots + 1), .capacity = capacity };
	if (grown.slots == NULL)
		return GFS_ERR_NOMEM;
	size_t at = 0;
	uint64_t key;
	uint64_t value;
	while (gfs_u64map_next(map, &at, &key, &value)) {
		bool found;
		u64map_put(&grown, u64map_find(&grown, key, &found), key, value);
	}
	assert(grown.count == map->count);
	free(map->slots);
	*map = grown;
	return 0;
}

int gfs_u64map_set(struct gfs_u64map *map, uint64_t key, uint64_t value)
{
	bool found = false;
	size_t at = map->capacity == 0 ? 0 : u64map_find(map, key, &found);
	if (found) {
		map->slots[at].value = value;
		return 0;
	}
	if (is_full(map->used, map->capacity)) {
		int err = u64map_grow(map);
		if (err != 0)
			return err;
		at = u64map_find(map, key, &found);
	}
	u64map_put(map, at, key, value);
	return 0;
}

bool gfs_u64map_get(const struct gfs_u64map *map, uint64_t key, uint64_t *ret_value)
{
	if (map->count == 0)
		return false;
	bool found;
	size_t at = u64map_find(map, key, &found);
	if (found && ret_value != NULL)
		*ret_value = map->slots[at].value;
	return found;
}

bool gfs_u64map_remove(struct gfs_u64map *map, uint64_t key)
{
	if (map->count == 0)
		return false;
	bool found;
	size_t at = u64map_find(map, key, &found);
	if (found) {
		u64map_states(map)[at] = STATE_DELETED;
		map->count--;
	}
	return found;
}

bool gfs_u64map_next(const struct gfs_u64map *map, size_t *at, uint64_t *ret_key, uint64_t *ret_value)
{
	for (; *at < map->capacity; ++*at) {
		if (u64map_states(map)[*at] != STATE_LIVE)
			continue;
		*ret_key = map->slots[*at].key;
		if (ret_value != NULL)
			*ret_value = map->slots[*at].value;
		++*at;
		return true;
	}
	return false;
}

/* --- byte strings --- */

struct gfs_strmap_slot {
	const uint8_t *key; /* in a block; NULL: empty */
	size_t size;
	uint64_t hash;
	uint64_t value;
};

/* A removed key keeps its room, unless it was the last one added: so taking back what was just added, newest first, leaves nothing. */
struct gfs_strmap_block {
	struct gfs_strmap_block *next;
	size_t used;
	size_t size;
	uint8_t bytes[];
};

enum { BLOCK_BYTES_MIN = 1024, BLOCK_BYTES_MAX = 65536 };

void gfs_strmap_release(struct gfs_strmap *map)
{
	while (map->blocks != NULL) {
		struct gfs_strmap_block *next = map->blocks->next;
		free(map->blocks);
		map->blocks = next;
	}
	free(map->slots);
	*map = GFS_STRMAP_INIT;
}

/* The slot of key, or the empty one where it goes. capacity > 0. */
static size_t strmap_find(const struct gfs_strmap *map, struct gfs_slice key, uint64_t hash)
{
	size_t mask = map->capacity - 1;
	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		const struct gfs_strmap_slot *slot = &map->slots[i];
		if (slot->key == NULL)
			return i;
		if (slot->hash == hash && gfs_slice_equal(gfs_slice(slot->key, slot->size), key))
			return i;
	}
}

static int strmap_grow(struct gfs_strmap *map)
{
	size_t capacity = capacity_for(map->count);
	struct gfs_strmap_slot *slots = capacity == 0 ? NULL : calloc(capacity, sizeof *slots);
	if (slots == NULL)
		return GFS_ERR_NOMEM;
	for (size_t i = 0; i < map->capacity; i++) {
		if (map->slots[i].key == NULL)
			continue;
		size_t at = map->slots[i].hash & (capacity - 1);
		while (slots[at].key != NULL)
			at = (at + 1) & (capacity - 1);
		slots[at] = map->slots[i];
	}
	free(map->slots);
	map->slots = slots;
	map->capacity = capacity;
	return 0;
}

/* A copy of key that lives as long as the map, never NULL but for want of memory. */
static const uint8_t *strmap_copy(struct gfs_strmap *map, struct gfs_slice key)
{
	/* An empty key takes a byte, for an address of its own. */
	size_t size = GFS_MAX(key.size, (size_t)1);
	struct gfs_strmap_block *block = map->blocks;
	if (block == NULL || block->size - block->used < size) {
		size_t bytes = block == NULL ? BLOCK_BYTES_MIN : GFS_MIN(block->size * 2, (size_t)BLOCK_BYTES_MAX);
		bytes = GFS_MAX(bytes, size);
		if (gfs_add_overflows(bytes, sizeof *block, &bytes))
			return NULL;
		block = malloc(bytes);
		if (block == NULL)
			return NULL;
		*block = (struct gfs_strmap_block){ .next = map->blocks, .size = bytes - sizeof *block };
		map->blocks = block;
	}
	uint8_t *copy = block->bytes + block->used;
	if (key.size != 0)
		memcpy(copy, key.data, key.size);
	block->used += size;
	assert(block->used <= block->size);
	return copy;
}

static void strmap_give_back(struct gfs_strmap *map, const struct gfs_strmap_slot *slot)
{
	struct gfs_strmap_block *block = map->blocks;
	size_t size = GFS_MAX(slot->size, (size_t)1);
	if (block->used < size || slot->key != block->bytes + (block->used - size))
		return;
	block->used -= size;
	if (block->used == 0 && block->next != NULL) {
		map->blocks = block->next;
		free(block);
	}
}

int gfs_strmap_set(struct gfs_strmap *map, struct gfs_slice key, uint64_t value, struct gfs_slice *ret_key)
{
	/* Growing first costs a replaced key a spare rehash at most once a doubling. */
	if (is_full(map->count, map->capacity)) {
		int err = strmap_grow(map);
		if (err != 0)
			return err;
	}
	uint64_t hash = gfs_hash64(key.data, key.size);
	struct gfs_strmap_slot *slot = &map->slots[strmap_find(map, key, hash)];
	if (slot->key == NULL) {
		const uint8_t *copy = strmap_copy(map, key);
		if (copy == NULL)
			return GFS_ERR_NOMEM;
		*slot = (struct gfs_strmap_slot){ .key = copy, .size = key.size, .hash = hash };
		map->count++;
	}
	slot->value = value;
	if (ret_key != NULL)
		*ret_key = gfs_slice(slot->key, slot->size);
	return 0;
}

bool gfs_strmap_get(const struct gfs_strmap *map, struct gfs_slice key, uint64_t *ret_value)
{
	if (map->count == 0)
		return false;
	const struct gfs_strmap_slot *slot = &map->slots[strmap_find(map, key, gfs_hash64(key.data, key.size))];
	if (slot->key == NULL)
		return false;
	if (ret_value != NULL)
		*ret_value = slot->value;
	return true;
}

/* Knuth, The Art of Computer Programming 3, 6.4, algorithm R: entries after the gap move back unless that would take them
 * before their home. */
static void strmap_close_gap(struct gfs_strmap *map, size_t gap)
{
	size_t mask = map->capacity - 1;
	for (size_t i = (gap + 1) & mask; map->slots[i].key != NULL; i = (i + 1) & mask) {
		size_t home = map->slots[i].hash & mask;
		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		map->slots[gap] = map->slots[i];
		gap = i;
	}
	map->slots[gap].key = NULL;
}

bool gfs_strmap_remove(struct gfs_strmap *map, struct gfs_slice key)
{
	if (map->count == 0)
		return false;
	size_t at = strmap_find(map, key, gfs_hash64(key.data, key.size));
	if (map->slots[at].key == NULL)
		return false;
	strmap_give_back(map, &map->slots[at]);
	strmap_close_gap(map, at);
	map->count--;
	return true;
}
