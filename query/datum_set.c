/* Open addressing over a power of two, at most three quarters full. What a growth leaves behind stays in the arena: as much again as the
 * table at most. */
#include "query/datum_set.h"

#include <assert.h>

enum { FIRST_CAPACITY = 16 };

struct gfs_datum_set_slot {
	uint64_t hash; /* 0: empty */
	struct gfs_datum value;
};

static uint64_t hash_of(struct gfs_datum d)
{
	uint64_t h = gfs_datum_hash(d);
	return h == 0 ? 1 : h;
}

/* Where `d` is, or the empty slot that it would take. There is an empty one. */
static struct gfs_datum_set_slot *find(const struct gfs_datum_set *set, uint64_t hash, struct gfs_datum d)
{
	for (size_t i = (size_t)hash & (set->capacity - 1);; i = (i + 1) & (set->capacity - 1)) {
		struct gfs_datum_set_slot *slot = &set->slots[i];
		if (slot->hash == 0 || (slot->hash == hash && gfs_datum_same(slot->value, d)))
			return slot;
	}
}

static int grow(struct gfs_datum_set *set, struct gfs_arena *arena)
{
	struct gfs_datum_set wider = { .capacity = set->capacity == 0 ? FIRST_CAPACITY : set->capacity * 2 };
	wider.slots = gfs_arena_alloc(arena, wider.capacity * sizeof *wider.slots);
	if (wider.slots == NULL)
		return GFS_ERR_NOMEM;
	memset(wider.slots, 0, wider.capacity * sizeof *wider.slots);
	for (size_t i = 0; i < set->capacity; i++) {
		if (set->slots[i].hash != 0)
			*find(&wider, set->slots[i].hash, set->slots[i].value) = set->slots[i];
	}
	wider.count = set->count;
	*set = wider;
	return 0;
}

int gfs_datum_set_add(struct gfs_datum_set *set, struct gfs_arena *arena, struct gfs_datum d, bool *ret_new)
{
	int err;
	if (set->count >= set->capacity / 4 * 3 && (err = grow(set, arena)) != 0)
		return err;
	assert(set->count < set->capacity);
	struct gfs_datum_set_slot *slot = find(set, hash_of(d), d);
	*ret_new = slot->hash == 0;
	if (!*ret_new)
		return 0;
	if ((err = gfs_datum_copy(arena, d, &slot->value)) != 0)
		return err;
	slot->hash = hash_of(d);
	set->count++;
	return 0;
}
