#include "base/checked.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/map.h"
#include "fs/fs_private.h"

#include <roaring/roaring.h>
#include <stdlib.h>

/* How long after a reply the kernel may still be making the inode: the caller of the system call has been woken but has not run. */
#define FRESH_NS (200 * GFS_NS_PER_MS)
#define FRESH_SLOTS 16384u
#define FRESH_WAYS 4u

struct fresh_slot {
	uint64_t nodeid;
	uint64_t until_ns;
};

/* How long after its reply a listing may still be on its way into the kernel's cache: until its reader, which runs in the kernel and so cannot be
 * stopped meanwhile, has got a processor. */
#define LISTING_NS (5 * GFS_NS_PER_S)

/* Folders lately listed, and those that changed while a listing may still have been on its way: hot. */
#define HOT_SLOTS 4096u
#define HOT_WAYS 4u
#define HEAT_MAX 999999u /* below a millisecond of nanoseconds */

struct hot_slot {
	uint64_t ino;
	uint64_t listed_ns; /* when a listing was replied last */
	uint64_t until_ns;  /* hot until then */
};

/* Sets of ids by (kind, sub, high bits of the id), as 32-bit Roaring bitmaps: a bit to two bytes for an inode the kernel knew. Grows
 * only: an inode that the kernel has forgotten costs a notification that finds nothing. */
struct gfs_exposed {
	struct gfs_mutex lock;  /* guards all below */
	struct gfs_u64map sets; /* group -> roaring_bitmap_t * */
	bool unknown;           /* memory failed once: everything counts as exposed from then on */
	struct fresh_slot fresh[FRESH_SLOTS];
	struct hot_slot hot[HOT_SLOTS];
	/* What slots had to make room knew: a folder without one may have been listed as late as this, and be hot until then. */
	uint64_t others_listed_ns, others_until_ns;
	uint32_t serial; /* of the attributes answered of hot folders */
};

int gfs_exposed_new(struct gfs_exposed **ret_exposed)
{
	struct gfs_exposed *e = calloc(1, sizeof *e);
	if (!e)
		return GFS_ERR_NOMEM;
	gfs_mutex_init(&e->lock, GFS_RANK_FS_EXPOSED);
	*ret_exposed = e;
	return 0;
}

void gfs_exposed_free(struct gfs_exposed *e)
{
	if (!e)
		return;
	size_t at = 0;
	uint64_t group, set;
	while (gfs_u64map_next(&e->sets, &at, &group, &set))
		roaring_bitmap_free((roaring_bitmap_t *)(uintptr_t)set);
	gfs_u64map_release(&e->sets);
	gfs_mutex_release(&e->lock);
	free(e);
}

static void add_locked(struct gfs_exposed *e, uint64_t ino)
{
	uint64_t found;
	roaring_bitmap_t *set = gfs_u64map_get(&e->sets, ino >> 32, &found) ? (roaring_bitmap_t *)(uintptr_t)found : NULL;
	if (!set) {
		set = roaring_bitmap_create();
		if (!set || gfs_u64map_set(&e->sets, ino >> 32, (uintptr_t)set) != 0) {
			if (set)
				roaring_bitmap_free(set);
			e->unknown = true;
			return;
		}
	}
	roaring_bitmap_add(set, (uint32_t)ino);
}

static struct fresh_slot *fresh_set(struct gfs_exposed *e, uint64_t nodeid)
{
	return &e->fresh[gfs_mix64(nodeid) % (FRESH_SLOTS / FRESH_WAYS) * FRESH_WAYS];
}

static void freshen_locked(struct gfs_exposed *e, uint64_t nodeid)
{
	struct fresh_slot *slot = fresh_set(e, nodeid);
	struct fresh_slot *oldest = slot;
	for (unsigned i = 0; i < FRESH_WAYS; i++) {
		if (slot[i].nodeid == nodeid) {
			oldest = &slot[i];
			break;
		}
		if (slot[i].until_ns < oldest->until_ns)
			oldest = &slot[i];
	}
	*oldest = (struct fresh_slot){ nodeid, gfs_clock_mono_ns() + FRESH_NS };
}

void gfs_exposed_add(struct gfs_exposed *e, uint64_t nodeid)
{
	gfs_mutex_lock(&e->lock);
	add_locked(e, gfs_nodeid_ino(nodeid));
	freshen_locked(e, nodeid);
	gfs_mutex_unlock(&e->lock);
}

/* ---- heat ---- */

static struct hot_slot *hot_find(struct gfs_exposed *e, uint64_t ino)
{
	struct hot_slot *slot = &e->hot[gfs_mix64(ino) % (HOT_SLOTS / HOT_WAYS) * HOT_WAYS];
	for (unsigned i = 0; i < HOT_WAYS; i++) {
		if (slot[i].ino == ino)
			return &slot[i];
	}
	return NULL;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static struct hot_slot *hot_make(struct gfs_exposed *e, uint64_t ino)
{
	struct hot_slot *slot = &e->hot[gfs_mix64(ino) % (HOT_SLOTS / HOT_WAYS) * HOT_WAYS];
	struct hot_slot *oldest = slot;
	for (unsigned i = 1; i < HOT_WAYS; i++) {
		if (later(slot[i].listed_ns, slot[i].until_ns) < later(oldest->listed_ns, oldest->until_ns))
			oldest = &slot[i];
	}
	e->others_listed_ns = later(e->others_listed_ns, oldest->listed_ns);
	e->others_until_ns = later(e->others_until_ns, oldest->until_ns);
	*oldest = (struct hot_slot){ .ino = ino, .until_ns = e->others_until_ns };
	return oldest;
}

void gfs_exposed_listed(struct gfs_exposed *e, uint64_t folder)
{
	uint64_t ino = gfs_nodeid_ino(folder);
	gfs_mutex_lock(&e->lock);
	struct hot_slot *slot = hot_find(e, ino);
	if (!slot)
		slot = hot_make(e, ino);
	slot->listed_ns = gfs_clock_mono_ns();
	gfs_mutex_unlock(&e->lock);
}

void gfs_exposed_changed(struct gfs_exposed *e, uint64_t folder)
{
	uint64_t ino = gfs_nodeid_ino(folder), now = gfs_clock_mono_ns();
	gfs_mutex_lock(&e->lock);
	struct hot_slot *slot = hot_find(e, ino);
	if (!slot && e->others_listed_ns != 0 && now - e->others_listed_ns < LISTING_NS) {
		slot = hot_make(e, ino);
		slot->listed_ns = e->others_listed_ns;
	}
	if (slot && slot->listed_ns != 0 && now - slot->listed_ns < LISTING_NS)
		slot->until_ns = now + LISTING_NS;
	gfs_mutex_unlock(&e->lock);
}

uint32_t gfs_exposed_heat(struct gfs_exposed *e, uint64_t folder)
{
	uint32_t heat = 0;
	gfs_mutex_lock(&e->lock);
	struct hot_slot *slot = hot_find(e, gfs_nodeid_ino(folder));
	uint64_t until_ns = slot ? slot->until_ns : e->others_until_ns;
	bool always = gfs_nodeid_is_computed(folder);
	if (always || (until_ns != 0 && gfs_clock_mono_ns() < until_ns)) {
		e->serial = e->serial % HEAT_MAX + 1;
		heat = e->serial;
	}
	gfs_mutex_unlock(&e->lock);
	return heat;
}

void gfs_exposed_forgotten(struct gfs_exposed *e, uint64_t nodeid)
{
	gfs_mutex_lock(&e->lock);
	struct fresh_slot *slot = fresh_set(e, nodeid);
	for (unsigned i = 0; i < FRESH_WAYS; i++) {
		if (slot[i].nodeid == nodeid)
			slot[i] = (struct fresh_slot){ 0 };
	}
	gfs_mutex_unlock(&e->lock);
}

bool gfs_exposed_has(struct gfs_exposed *e, uint64_t nodeid)
{
	uint64_t ino = gfs_nodeid_ino(nodeid), found;
	gfs_mutex_lock(&e->lock);
	bool has = e->unknown ||
		(gfs_u64map_get(&e->sets, ino >> 32, &found) &&
			roaring_bitmap_contains((roaring_bitmap_t *)(uintptr_t)found, (uint32_t)ino));
	gfs_mutex_unlock(&e->lock);
	return has;
}

bool gfs_exposed_is_fresh(struct gfs_exposed *e, uint64_t nodeid)
{
	uint64_t now = gfs_clock_mono_ns();
	bool fresh = false;
	gfs_mutex_lock(&e->lock);
	struct fresh_slot *slot = fresh_set(e, nodeid);
	for (unsigned i = 0; i < FRESH_WAYS; i++)
		fresh = fresh || (slot[i].nodeid == nodeid && slot[i].until_ns > now);
	gfs_mutex_unlock(&e->lock);
	return fresh;
}

uint64_t gfs_exposed_bytes(struct gfs_exposed *e)
{
	uint64_t bytes = sizeof *e, group, set;
	size_t at = 0;
	gfs_mutex_lock(&e->lock);
	while (gfs_u64map_next(&e->sets, &at, &group, &set)) {
		roaring_statistics_t s;
		roaring_bitmap_statistics((roaring_bitmap_t *)(uintptr_t)set, &s);
		bytes += s.n_bytes_array_containers + s.n_bytes_run_containers + s.n_bytes_bitset_containers;
	}
	gfs_mutex_unlock(&e->lock);
	return bytes;
}

#define EACH_BATCH 1024u

/* Copies up to EACH_BATCH members of one set, from *at on, out of the lock. */
static uint32_t copy_some(struct gfs_exposed *e, uint64_t group, uint32_t from, uint32_t *ids)
{
	uint64_t found;
	uint32_t n = 0;
	gfs_mutex_lock(&e->lock);
	if (gfs_u64map_get(&e->sets, group, &found)) {
		roaring_uint32_iterator_t it;
		roaring_init_iterator((roaring_bitmap_t *)(uintptr_t)found, &it);
		if (roaring_move_uint32_iterator_equalorlarger(&it, from))
			n = roaring_read_uint32_iterator(&it, ids, EACH_BATCH);
	}
	gfs_mutex_unlock(&e->lock);
	return n;
}

static uint64_t *copy_groups(struct gfs_exposed *e, size_t *ret_count)
{
	uint64_t group, set;
	size_t at = 0, n = 0;
	gfs_mutex_lock(&e->lock);
	uint64_t *groups = calloc(e->sets.count + 1, sizeof *groups);
	while (groups && gfs_u64map_next(&e->sets, &at, &group, &set))
		groups[n++] = group;
	gfs_mutex_unlock(&e->lock);
	*ret_count = n;
	return groups;
}

void gfs_exposed_each(struct gfs_exposed *e, void (*each)(void *context, uint64_t nodeid), void *context)
{
	uint32_t ids[EACH_BATCH];
	size_t count = 0;
	uint64_t *groups = copy_groups(e, &count);
	for (size_t i = 0; i < count; i++) {
		uint32_t from = 0, n;
		while ((n = copy_some(e, groups[i], from, ids)) > 0) {
			for (uint32_t k = 0; k < n; k++)
				each(context, groups[i] << 32 | ids[k]);
			if (ids[n - 1] == UINT32_MAX)
				break;
			from = ids[n - 1] + 1;
		}
	}
	free(groups);
}
