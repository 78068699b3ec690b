/* Definitions: an array in memory, loaded at open, written back at checkpoints. Undo restores an earlier copy of the fields that change; it
 * leaves the registers of the estimate and the dirty mark as they are, which is safe. A definition that was forgotten, or whose making was
 * undone, keeps its place, marked gone, until the transaction is over, so that undo records can point at it. */
#include "index/prop_private.h"

#include "base/checked.h"
#include "base/hash.h"
#include "store/undo.h"

#include <assert.h>
#include <stdlib.h>

enum { GONE = 0 }; /* a state that only memory knows */
enum { ROW_KEY_BYTES = 4, FLAG_UNIQUE = 1, FLAG_REQUIRED = 2 };
enum {
	OFFSET_LABEL = 0,
	OFFSET_KEY = 2,
	OFFSET_STATE = 4,
	OFFSET_FLAGS = 5,
	OFFSET_NEXT = 8,
	OFFSET_ENTRIES = 16,
	OFFSET_CHANGED = 24,
	OFFSET_CONFLICT = 32,
	OFFSET_DISTINCT = 48,
	OFFSET_NAME = OFFSET_DISTINCT + GFS_DISTINCT_BYTES
};

struct definition {
	struct gfs_prop_index index;
	bool dirty;
	uint8_t name[]; /* index.name points here */
};

struct gfs_prop_indexes {
	struct definition **items; /* ascending by id; owned */
	size_t count, capacity;
	uint64_t damaged; /* rows left out at open */
	unsigned last_id; /* given out last in this process */
	uint64_t changed_ns;
	unsigned gone;
	unsigned in_use; /* definitions with a key, gone ones not counted */
	unsigned required;
	/* How many of those name it; by id. */
	uint16_t key_uses[GFS_NAME_ID_MAX + 1], label_uses[GFS_NAME_ID_MAX + 1];
};

/* ---- the array ---- */

/* The first place with an id >= from. */
static size_t place_of(const struct gfs_prop_indexes *p, unsigned from)
{
	size_t low = 0, high = p->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (p->items[middle]->index.id < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct definition *find(const struct gfs_prop_indexes *p, uint16_t id)
{
	size_t at = place_of(p, id);
	struct definition *d = at < p->count && p->items[at]->index.id == id ? p->items[at] : NULL;
	return d != NULL && d->index.state != GONE ? d : NULL;
}

static void use(struct gfs_prop_indexes *p, const struct gfs_prop_index *index, int delta)
{
	if (index->key != 0) {
		p->in_use = (unsigned)((int)p->in_use + delta);
		p->required = (unsigned)((int)p->required + (index->required ? delta : 0));
		p->key_uses[index->key] = (uint16_t)(p->key_uses[index->key] + delta);
		p->label_uses[index->label] = (uint16_t)(p->label_uses[index->label] + delta);
	}
}

/* A copy of `like` in its place; entries, times and estimate included. */
static int insert(struct gfs_prop_indexes *p, const struct gfs_prop_index *like, struct definition **ret)
{
	if (p->count == p->capacity) {
		size_t capacity = p->capacity == 0 ? 8 : p->capacity * 2;
		struct definition **items = reallocarray(p->items, capacity, sizeof *items);
		if (items == NULL)
			return GFS_ERR_NOMEM;
		p->items = items;
		p->capacity = capacity;
	}
	struct definition *d = malloc(sizeof *d + like->name.size);
	if (d == NULL)
		return GFS_ERR_NOMEM;
	*d = (struct definition){ .index = *like };
	if (like->name.size != 0)
		memcpy(d->name, like->name.data, like->name.size);
	d->index.name = gfs_slice(d->name, like->name.size);
	size_t at = place_of(p, like->id);
	memmove(p->items + at + 1, p->items + at, (p->count - at) * sizeof(struct definition *));
	p->items[at] = d;
	p->count++;
	use(p, &d->index, 1);
	*ret = d;
	return 0;
}

/* ---- disk ---- */

static bool index_valid(const struct gfs_prop_index *i, unsigned flags)
{
	bool folder = i->key == 0;
	unsigned known = folder ? 0 : FLAG_UNIQUE | FLAG_REQUIRED;
	return i->id != 0 && i->label != 0 && i->state >= GFS_PROP_BUILDING && i->state <= GFS_PROP_DROPPING &&
		(flags & ~known) == 0 && i->name.size <= GFS_NAME_BYTES_MAX && (i->name.size == 0) == folder;
}

static int row_read(struct gfs_slice key, struct gfs_slice value, struct gfs_prop_index *ret)
{
	const uint8_t *v = value.data;
	if (key.size != ROW_KEY_BYTES || value.size < OFFSET_NAME)
		return GFS_ERR_CORRUPT;
	*ret = (struct gfs_prop_index){
		.id = gfs_get_be16(key.data + GFS_PROP_ID_BYTES),
		.label = gfs_get_le16(v + OFFSET_LABEL),
		.key = gfs_get_le16(v + OFFSET_KEY),
		.state = v[OFFSET_STATE],
		.unique = v[OFFSET_FLAGS] & FLAG_UNIQUE,
		.required = v[OFFSET_FLAGS] & FLAG_REQUIRED,
		.next = gfs_get_le64(v + OFFSET_NEXT),
		.entries = gfs_get_le64(v + OFFSET_ENTRIES),
		.changed_ns = gfs_get_le64(v + OFFSET_CHANGED),
		.conflict = { gfs_get_le64(v + OFFSET_CONFLICT), gfs_get_le64(v + OFFSET_CONFLICT + 8) },
		.name = gfs_slice(v + OFFSET_NAME, value.size - OFFSET_NAME),
	};
	memcpy(ret->distinct.registers, v + OFFSET_DISTINCT, GFS_DISTINCT_BYTES);
	return index_valid(ret, v[OFFSET_FLAGS]) ? 0 : GFS_ERR_CORRUPT;
}

static void row_key(uint16_t id, uint8_t out[ROW_KEY_BYTES])
{
	gfs_put_be16(out, 0);
	gfs_put_be16(out + GFS_PROP_ID_BYTES, id);
}

static int row_write(struct gfs_kv *kv, const struct gfs_prop_index *i)
{
	uint8_t key[ROW_KEY_BYTES], value[OFFSET_NAME + GFS_NAME_BYTES_MAX] = { 0 };
	row_key(i->id, key);
	gfs_put_le16(value + OFFSET_LABEL, i->label);
	gfs_put_le16(value + OFFSET_KEY, i->key);
	value[OFFSET_STATE] = i->state;
	value[OFFSET_FLAGS] = (uint8_t)((i->unique ? FLAG_UNIQUE : 0) | (i->required ? FLAG_REQUIRED : 0));
	gfs_put_le64(value + OFFSET_NEXT, i->next);
	gfs_put_le64(value + OFFSET_ENTRIES, i->entries);
	gfs_put_le64(value + OFFSET_CHANGED, i->changed_ns);
	gfs_put_le64(value + OFFSET_CONFLICT, i->conflict[0]);
	gfs_put_le64(value + OFFSET_CONFLICT + 8, i->conflict[1]);
	memcpy(value + OFFSET_DISTINCT, i->distinct.registers, GFS_DISTINCT_BYTES);
	if (i->name.size != 0)
		memcpy(value + OFFSET_NAME, i->name.data, i->name.size);
	return gfs_kv_put(kv, NULL, GFS_KV_PROPS, gfs_slice(key, sizeof key), gfs_slice(value, OFFSET_NAME + i->name.size));
}

static const uint8_t definition_prefix[GFS_PROP_ID_BYTES] = { 0 };

static bool is_definition_key(struct gfs_slice key)
{
	return key.size >= sizeof definition_prefix && memcmp(key.data, definition_prefix, sizeof definition_prefix) == 0;
}

bool gfs_prop_definition_valid(struct gfs_slice key, struct gfs_slice value)
{
	struct gfs_prop_index index;
	return is_definition_key(key) && row_read(key, value, &index) == 0;
}

static int load_row(struct gfs_prop_indexes *p, struct gfs_slice key, struct gfs_slice value)
{
	struct gfs_prop_index index;
	struct definition *d;
	int err = row_read(key, value, &index);
	if (err == 0 && p->count == GFS_PROP_INDEX_MAX)
		err = GFS_ERR_CORRUPT;
	return err == 0 ? insert(p, &index, &d) : err;
}

/* Of a damaged row not even the key counts (K1 of kv.h): before the first good entry it may have been a definition. */
static int load(struct gfs_prop_indexes *p, struct gfs_kv_iter *it)
{
	struct gfs_slice key, value;
	int err = gfs_kv_iter_seek(it, gfs_slice(definition_prefix, sizeof definition_prefix), &key, &value);
	while ((err == 0 && is_definition_key(key)) || (err == GFS_ERR_CORRUPT && key.size != 0)) {
		if (err == 0)
			err = load_row(p, key, value);
		if (err == GFS_ERR_CORRUPT) {
			p->damaged++;
			err = 0;
		}
		if (err == 0)
			err = gfs_kv_iter_next(it, &key, &value);
	}
	if (err == GFS_ERR_CORRUPT) { /* the tree itself: who knows what was behind */
		p->damaged++;
		err = 0;
	}
	p->last_id = p->count == 0 ? 0 : p->items[p->count - 1]->index.id;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

int gfs_prop_indexes_open(struct gfs_store *store, struct gfs_prop_indexes **ret_indexes)
{
	struct gfs_prop_indexes *p = calloc(1, sizeof *p);
	struct gfs_kv_iter *it = NULL;
	if (p == NULL)
		return GFS_ERR_NOMEM;
	int err = gfs_kv_iter_open(gfs_store_kv(store), GFS_KV_PROPS, &it);
	if (err == 0)
		err = load(p, it);
	gfs_kv_iter_close(it);
	if (err == 0)
		*ret_indexes = p;
	else
		gfs_prop_indexes_free(p);
	return err;
}

void gfs_prop_indexes_free(struct gfs_prop_indexes *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->count; i++)
		free(p->items[i]);
	free(p->items);
	free(p);
}

uint64_t gfs_prop_indexes_damaged(const struct gfs_prop_indexes *p)
{
	return p->damaged;
}

void gfs_prop_indexes_sweep(struct gfs_prop_indexes *p)
{
	size_t kept = 0;
	if (p->gone == 0)
		return;
	for (size_t i = 0; i < p->count; i++) {
		if (p->items[i]->index.state == GONE)
			free(p->items[i]);
		else
			p->items[kept++] = p->items[i];
	}
	p->count = kept;
	p->gone = 0;
}

int gfs_prop_indexes_before_freeze(struct gfs_prop_indexes *p, struct gfs_store *store)
{
	gfs_prop_indexes_sweep(p);
	for (size_t i = 0; i < p->count; i++) {
		struct definition *d = p->items[i];
		if (!d->dirty)
			continue;
		int err = row_write(gfs_store_kv(store), &d->index);
		if (err != 0)
			return err;
		d->dirty = false;
	}
	return 0;
}

/* ---- looking ---- */

bool gfs_prop_indexes_any(const struct gfs_prop_indexes *p)
{
	return p->in_use != 0;
}

bool gfs_prop_indexes_any_required(const struct gfs_prop_indexes *p)
{
	return p->required != 0;
}

bool gfs_prop_indexes_have_key(const struct gfs_prop_indexes *p, uint16_t key)
{
	return p->key_uses[key] != 0;
}

bool gfs_prop_indexes_have_label(const struct gfs_prop_indexes *p, uint16_t label)
{
	return p->label_uses[label] != 0;
}

uint64_t gfs_prop_indexes_changed_ns(const struct gfs_prop_indexes *p)
{
	return p->changed_ns;
}

const struct gfs_prop_index *gfs_prop_index_next(const struct gfs_prop_indexes *p, unsigned from)
{
	for (size_t at = place_of(p, from); at < p->count; at++) {
		if (p->items[at]->index.state != GONE)
			return &p->items[at]->index;
	}
	return NULL;
}

const struct gfs_prop_index *gfs_prop_index_get(const struct gfs_prop_indexes *p, uint16_t id)
{
	const struct definition *d = find(p, id);
	return d == NULL ? NULL : &d->index;
}

/* ---- changing ---- */

/* What undo puts back. */
struct former {
	struct definition *at;
	uint8_t state;
	uint64_t next, entries, changed_ns;
	uint64_t conflict[2];
};

static void set_state(struct gfs_prop_indexes *p, struct gfs_prop_index *index, uint8_t state)
{
	if ((index->state == GONE) != (state == GONE)) {
		use(p, index, state == GONE ? -1 : 1);
		p->gone = state == GONE ? p->gone + 1 : p->gone - 1;
	}
	index->state = state;
}

static void restore(void *context, void *data, size_t size)
{
	struct gfs_prop_indexes *p = context;
	const struct former *f = data;
	struct gfs_prop_index *index = &f->at->index;
	(void)size;
	set_state(p, index, f->state);
	index->next = f->next;
	index->entries = f->entries;
	index->changed_ns = f->changed_ns;
	index->conflict[0] = f->conflict[0];
	index->conflict[1] = f->conflict[1];
}

/* Remembers `d` as it is, with `state` for its state, and marks it as changed now. */
static int note(struct gfs_txn *txn, struct gfs_prop_indexes *p, struct definition *d, uint8_t state)
{
	void *data;
	const struct gfs_prop_index *i = &d->index;
	int err = gfs_undo_push(gfs_txn_undo(txn), restore, p, sizeof(struct former), &data);
	if (err != 0)
		return err;
	*(struct former *)data = (struct former){ d, state, i->next, i->entries, i->changed_ns,
		{ i->conflict[0], i->conflict[1] } };
	d->index.changed_ns = gfs_txn_time_ns(txn);
	d->dirty = true;
	return 0;
}

static int new_id(struct gfs_prop_indexes *p, uint16_t wanted, uint16_t *ret_id)
{
	unsigned id = wanted != 0 ? wanted : p->last_id;
	size_t at = place_of(p, id);
	if (p->count >= GFS_PROP_INDEX_MAX)
		return GFS_ERR_LIMIT;
	if (wanted != 0 && at < p->count && p->items[at]->index.id == wanted)
		return GFS_ERR_EXISTS;
	while (wanted == 0) {
		id = id % GFS_NAME_ID_MAX + 1;
		at = place_of(p, id);
		if (at == p->count || p->items[at]->index.id != id)
			break;
	}
	p->last_id = id;
	*ret_id = (uint16_t)id;
	return 0;
}

int gfs_prop_index_add(
	struct gfs_txn *txn, struct gfs_prop_indexes *p, const struct gfs_prop_index *like, uint16_t *ret_id)
{
	struct gfs_prop_index index = {
		.label = like->label,
		.key = like->key,
		.state = like->state,
		.unique = like->unique,
		.required = like->required,
		.next = like->next,
		.name = like->name,
	};
	struct definition *d;
	assert(like->state != GONE && (like->key == 0) == (like->name.size == 0));
	int err = new_id(p, like->id, &index.id);
	if (err == 0)
		err = insert(p, &index, &d);
	if (err != 0)
		return err;
	err = note(txn, p, d, GONE);
	if (err != 0) {
		set_state(p, &d->index, GONE);
		return err;
	}
	p->changed_ns = gfs_txn_time_ns(txn);
	*ret_id = index.id;
	return 0;
}

int gfs_prop_index_set(struct gfs_txn *txn, struct gfs_prop_indexes *p, uint16_t id, const struct gfs_prop_index *to)
{
	struct definition *d = find(p, id);
	if (d == NULL)
		return GFS_ERR_NOTFOUND;
	assert(to->state != GONE);
	int err = note(txn, p, d, d->index.state);
	if (err != 0)
		return err;
	if (d->index.state != to->state)
		p->changed_ns = gfs_txn_time_ns(txn);
	d->index.state = to->state;
	d->index.next = to->next;
	d->index.conflict[0] = to->conflict[0];
	d->index.conflict[1] = to->conflict[1];
	return 0;
}

int gfs_prop_index_forget(struct gfs_txn *txn, struct gfs_prop_indexes *p, uint16_t id)
{
	uint8_t key[ROW_KEY_BYTES];
	struct definition *d = find(p, id);
	if (d == NULL)
		return GFS_ERR_NOTFOUND;
	assert(d->index.entries == 0);
	row_key(id, key);
	int err = note(txn, p, d, d->index.state);
	if (err == 0)
		err = gfs_kv_delete(
			gfs_store_kv(gfs_txn_store(txn)), gfs_txn_undo(txn), GFS_KV_PROPS, gfs_slice(key, sizeof key));
	if (err != 0)
		return err;
	set_state(p, &d->index, GONE);
	p->changed_ns = gfs_txn_time_ns(txn);
	return 0;
}

int gfs_prop_indexes_reset(struct gfs_txn *txn, struct gfs_prop_indexes *p)
{
	int err = 0;
	for (size_t i = 0; err == 0 && i < p->count; i++) {
		struct definition *d = p->items[i];
		err = note(txn, p, d, d->index.state);
		d->index.entries = 0;
		d->index.distinct = (struct gfs_distinct){ { 0 } };
	}
	return err;
}

int gfs_prop_index_count(struct gfs_txn *txn, struct gfs_prop_indexes *p, uint16_t id, int delta)
{
	struct definition *d = find(p, id);
	assert(d != NULL && (delta == 1 || delta == -1));
	if (delta < 0 && d->index.entries == 0)
		return GFS_ERR_CORRUPT;
	int err = note(txn, p, d, d->index.state);
	if (err == 0)
		d->index.entries += (uint64_t)delta;
	return err;
}

void gfs_prop_index_note_value(struct gfs_prop_indexes *p, uint16_t id, struct gfs_slice value)
{
	gfs_distinct_add(&find(p, id)->index.distinct, gfs_hash64(value.data, value.size));
}
