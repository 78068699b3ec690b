/* The table of values and the ring of places. The table is a map from nodeid to an item; items also stand in a list by when they were asked for
 * last, whose last one goes when there are too many. */
#include "fs/index_values.h"

#include "base/hash.h"
#include "base/lock.h"
#include "base/map.h"
#include "fs/nodeid.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 256, TAG_BITS = 28 };
static_assert(GFS_ID_BITS + TAG_BITS < 63, "a cookie is a positive off_t");

struct item {
	struct item *before, *after;
	uint64_t nodeid;
	uint16_t size;
	uint8_t bytes[];
};

struct place {
	uint64_t cookie;
	uint16_t index;
	struct gfs_index_value value;
};

struct gfs_index_values {
	struct gfs_mutex lock;   /* guards everything */
	struct gfs_u64map items; /* nodeid -> struct item * */
	struct item *first, *last;
	struct place places[PLACES];
	unsigned next_place;
};

int gfs_index_values_new(struct gfs_index_values **ret_values)
{
	struct gfs_index_values *v = calloc(1, sizeof *v);
	if (!v)
		return GFS_ERR_NOMEM;
	gfs_mutex_init(&v->lock, GFS_RANK_LEAF);
	*ret_values = v;
	return 0;
}

void gfs_index_values_free(struct gfs_index_values *v)
{
	if (!v)
		return;
	for (struct item *item = v->first, *after; item; item = after) {
		after = item->after;
		free(item);
	}
	gfs_u64map_release(&v->items);
	gfs_mutex_release(&v->lock);
	free(v);
}

/* ---- nodeids ---- */

static uint64_t nodeid_of(uint16_t index, uint64_t hash)
{
	return gfs_nodeid_pack(GFS_INODE_INDEX_VALUE, hash >> GFS_ID_BITS & GFS_NODEID_GEN_MAX, index, hash & GFS_ID_MAX);
}

uint64_t gfs_index_values_nodeid(uint16_t index, struct gfs_slice value)
{
	return nodeid_of(index, gfs_hash64(value.data, value.size));
}

static struct item *find(struct gfs_index_values *v, uint64_t nodeid)
{
	uint64_t item;
	return gfs_u64map_get(&v->items, nodeid, &item) ? (struct item *)(uintptr_t)item : NULL;
}

/* The value's item; or NULL, and *ret_nodeid is free for it. Two values of one hash take neighbouring numbers. */
static struct item *find_value(struct gfs_index_values *v, uint16_t index, struct gfs_slice value, uint64_t *ret_nodeid)
{
	uint64_t hash = gfs_hash64(value.data, value.size);
	struct item *item;
	do {
		*ret_nodeid = nodeid_of(index, hash++);
		item = find(v, *ret_nodeid);
	} while (item && !gfs_slice_equal(gfs_slice(item->bytes, item->size), value));
	return item;
}

static void take_out(struct gfs_index_values *v, struct item *item)
{
	*(item->before ? &item->before->after : &v->first) = item->after;
	*(item->after ? &item->after->before : &v->last) = item->before;
}

static void put_first(struct gfs_index_values *v, struct item *item)
{
	item->before = NULL;
	item->after = v->first;
	*(v->first ? &v->first->before : &v->last) = item;
	v->first = item;
}

static void use(struct gfs_index_values *v, struct item *item)
{
	take_out(v, item);
	put_first(v, item);
}

static void forget_last(struct gfs_index_values *v)
{
	struct item *item = v->last;
	take_out(v, item);
	(void)gfs_u64map_remove(&v->items, item->nodeid); /* every item is in it */
	free(item);
}

static int add(struct gfs_index_values *v, uint64_t nodeid, struct gfs_slice value)
{
	struct item *item = malloc(sizeof *item + value.size);
	if (!item)
		return GFS_ERR_NOMEM;
	*item = (struct item){ .nodeid = nodeid, .size = (uint16_t)value.size };
	memcpy(item->bytes, value.data, value.size);
	int err = gfs_u64map_set(&v->items, nodeid, (uintptr_t)item);
	if (err) {
		free(item);
		return err;
	}
	put_first(v, item);
	if (v->items.count > GFS_INDEX_VALUES_MAX)
		forget_last(v);
	return 0;
}

int gfs_index_values_enter(
	struct gfs_index_values *v, uint16_t index, const struct gfs_index_value *value, uint64_t *ret_nodeid)
{
	struct gfs_slice bytes = gfs_slice(value->bytes, value->size);
	uint64_t nodeid;
	int err = 0;
	gfs_mutex_lock(&v->lock);
	struct item *item = find_value(v, index, bytes, &nodeid);
	if (item)
		use(v, item);
	else
		err = add(v, nodeid, bytes);
	gfs_mutex_unlock(&v->lock);
	if (!err)
		*ret_nodeid = nodeid;
	return err;
}

int gfs_index_values_get(struct gfs_index_values *v, uint64_t nodeid, struct gfs_index_value *ret_value)
{
	gfs_mutex_lock(&v->lock);
	struct item *item = find(v, nodeid);
	if (item) {
		use(v, item);
		ret_value->size = item->size;
		memcpy(ret_value->bytes, item->bytes, item->size);
	}
	gfs_mutex_unlock(&v->lock);
	return item ? 0 : GFS_ERR_STALE;
}

/* ---- places in a listing ---- */

static uint64_t tag_of(struct gfs_slice value)
{
	return gfs_hash64(value.data, value.size) >> (64 - TAG_BITS);
}

uint64_t gfs_index_cookie(struct gfs_slice value, uint64_t node)
{
	return node << TAG_BITS | tag_of(value);
}

void gfs_index_values_stopped(
	struct gfs_index_values *v, uint16_t index, uint64_t cookie, const struct gfs_index_value *value)
{
	gfs_mutex_lock(&v->lock);
	v->places[v->next_place] = (struct place){ .cookie = cookie, .index = index, .value = *value };
	v->next_place = (v->next_place + 1) % PLACES;
	gfs_mutex_unlock(&v->lock);
}

static int find_place(struct gfs_index_values *v, uint16_t index, uint64_t cookie, struct gfs_index_value *ret_value)
{
	int err = GFS_ERR_STALE;
	gfs_mutex_lock(&v->lock);
	for (unsigned i = 0; err && i < PLACES; i++) {
		if (v->places[i].cookie == cookie && v->places[i].index == index) {
			*ret_value = v->places[i].value;
			err = 0;
		}
	}
	gfs_mutex_unlock(&v->lock);
	return err;
}

int gfs_index_values_resume(struct gfs_index_values *v, struct gfs_graph *graph, uint16_t index, uint64_t cookie,
	struct gfs_index_value *ret_value)
{
	struct gfs_index_value value;
	int err = gfs_index_value_of(graph, index, cookie >> TAG_BITS, &value);
	if (!err && tag_of(gfs_slice(value.bytes, value.size)) == (cookie & ((UINT64_C(1) << TAG_BITS) - 1))) {
		*ret_value = value;
		return 0;
	}
	return err && err != GFS_ERR_NOTFOUND ? err : find_place(v, index, cookie, ret_value);
}
