/* Entries are arrays by id, one a kind, with a table from name to id. Undo takes back names, counts, times and the made flag. It leaves
 * two things raised, which is safe: the version (a cached result is thrown away once more than needed) and the dirty mark (an entry
 * is written once more than needed). */
#include "store/catalog.h"

#include "base/checked.h"
#include "base/map.h"
#include "base/utf8.h"
#include "store/kv.h"
#include "store/undo.h"

#include <assert.h>
#include <stdlib.h>

enum { KIND_COUNT = 3, KEY_SIZE = 3, CAPACITY_MIN = 16, FLAG_MADE = 1 };
/* Value: count 8, mtime 8, flags 1, the name. */
enum { OFFSET_COUNT = 0, OFFSET_MTIME = 8, OFFSET_FLAGS = 16, OFFSET_NAME = 17 };

struct entry {
	struct gfs_slice name; /* in the map's arena */
	uint64_t count;
	uint64_t mtime_ns;
	uint64_t version;
	bool made;
	bool dirty; /* its id is in `dirty` below */
};

/* Entries and dirty have `capacity` places; place id - 1 belongs to id. */
struct names {
	struct entry *entries;
	uint16_t *dirty;
	unsigned count, capacity, dirty_count;
	unsigned reuse_at; /* where the search for an unused entry goes on: an id */
	struct gfs_strmap ids;
};

struct gfs_catalog {
	struct names kinds[KIND_COUNT];
};

static bool kind_valid(unsigned kind)
{
	return kind >= GFS_CATALOG_LABEL && kind <= GFS_CATALOG_KEY;
}

static struct names *names_of(struct gfs_catalog *catalog, enum gfs_catalog_kind kind)
{
	assert(kind_valid(kind));
	return &catalog->kinds[kind - 1];
}

static const struct names *names_look(const struct gfs_catalog *catalog, enum gfs_catalog_kind kind)
{
	assert(kind_valid(kind));
	return &catalog->kinds[kind - 1];
}

/* ---- the arrays ---- */

static int names_reserve(struct names *n)
{
	if (n->count < n->capacity)
		return 0;
	unsigned capacity = n->capacity == 0 ? CAPACITY_MIN : n->capacity * 2;
	struct entry *entries = realloc(n->entries, capacity * sizeof *entries);
	if (entries == NULL)
		return GFS_ERR_NOMEM;
	n->entries = entries;
	uint16_t *dirty = realloc(n->dirty, capacity * sizeof *dirty);
	if (dirty == NULL)
		return GFS_ERR_NOMEM;
	n->dirty = dirty;
	memset(entries + n->capacity, 0, (capacity - n->capacity) * sizeof *entries);
	n->capacity = capacity;
	return 0;
}

static void mark_dirty(struct names *n, unsigned id)
{
	struct entry *e = &n->entries[id - 1];
	if (e->dirty)
		return;
	assert(n->dirty_count < n->capacity);
	e->dirty = true;
	n->dirty[n->dirty_count++] = (uint16_t)id;
}

/* Puts the next id under `name`. Its place may have had an entry that an abort took back: the version goes on from there. */
static int names_append(struct names *n, struct gfs_slice name, struct entry **ret_entry)
{
	struct gfs_slice kept;
	int err = names_reserve(n);
	if (err == 0)
		err = gfs_strmap_set(&n->ids, name, n->count + 1, &kept);
	if (err != 0)
		return err;
	struct entry *e = &n->entries[n->count++];
	e->name = kept;
	e->count = 0;
	e->mtime_ns = 0;
	e->made = false;
	*ret_entry = e;
	return 0;
}

/* ---- disk ---- */

static bool name_valid(struct gfs_slice name)
{
	return name.size >= 1 && name.size <= GFS_NAME_BYTES_MAX && gfs_utf8_valid(name.data, name.size) &&
		memchr(name.data, 0, name.size) == NULL;
}

/* Ids come in order and without a gap, since none is ever given back. */
static int load_row(struct gfs_catalog *catalog, struct gfs_slice key, struct gfs_slice value)
{
	struct entry *e;
	if (key.size != KEY_SIZE || !kind_valid(key.data[0]) || value.size < OFFSET_NAME)
		return GFS_ERR_CORRUPT;
	struct names *n = names_of(catalog, key.data[0]);
	struct gfs_slice name = gfs_slice(value.data + OFFSET_NAME, value.size - OFFSET_NAME);
	if (gfs_get_be16(key.data + 1) != n->count + 1 || value.data[OFFSET_FLAGS] > FLAG_MADE)
		return GFS_ERR_CORRUPT;
	if (!name_valid(name) || gfs_strmap_get(&n->ids, name, NULL))
		return GFS_ERR_CORRUPT;
	int err = names_append(n, name, &e);
	if (err != 0)
		return err;
	e->count = gfs_get_le64(value.data + OFFSET_COUNT);
	e->mtime_ns = gfs_get_le64(value.data + OFFSET_MTIME);
	e->made = value.data[OFFSET_FLAGS] == FLAG_MADE;
	return 0;
}

static int load(struct gfs_catalog *catalog, struct gfs_store *store)
{
	struct gfs_kv_iter *it;
	struct gfs_slice key;
	struct gfs_slice value;
	int err = gfs_kv_iter_open(gfs_store_kv(store), GFS_KV_CATALOG, &it);
	if (err != 0)
		return err;
	err = gfs_kv_iter_seek(it, gfs_slice("", 0), &key, &value);
	while (err == 0) {
		err = load_row(catalog, key, value);
		if (err == 0)
			err = gfs_kv_iter_next(it, &key, &value);
		else if (err == GFS_ERR_NOTFOUND)
			err = GFS_ERR_CORRUPT;
	}
	gfs_kv_iter_close(it);
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

int gfs_catalog_open(struct gfs_store *store, struct gfs_catalog **ret_catalog)
{
	struct gfs_catalog *catalog = calloc(1, sizeof *catalog);
	if (catalog == NULL)
		return GFS_ERR_NOMEM;
	int err = load(catalog, store);
	if (err == 0)
		*ret_catalog = catalog;
	else
		gfs_catalog_free(catalog);
	return err;
}

void gfs_catalog_free(struct gfs_catalog *catalog)
{
	if (catalog == NULL)
		return;
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		gfs_strmap_release(&catalog->kinds[i].ids);
		free(catalog->kinds[i].entries);
		free(catalog->kinds[i].dirty);
	}
	free(catalog);
}

static int store_row(struct gfs_store *store, unsigned kind, unsigned id, const struct entry *e)
{
	uint8_t key[KEY_SIZE] = { (uint8_t)kind };
	uint8_t value[OFFSET_NAME + GFS_NAME_BYTES_MAX];
	assert(e->name.size <= GFS_NAME_BYTES_MAX);
	gfs_put_be16(key + 1, (uint16_t)id);
	gfs_put_le64(value + OFFSET_COUNT, e->count);
	gfs_put_le64(value + OFFSET_MTIME, e->mtime_ns);
	value[OFFSET_FLAGS] = e->made ? FLAG_MADE : 0;
	memcpy(value + OFFSET_NAME, e->name.data, e->name.size);
	return gfs_kv_put(gfs_store_kv(store), NULL, GFS_KV_CATALOG, gfs_slice(key, sizeof key),
		gfs_slice(value, OFFSET_NAME + e->name.size));
}

/* What fails stays dirty. */
static int store_names(struct gfs_store *store, unsigned kind, struct names *n, size_t *max)
{
	for (; n->dirty_count > 0 && *max > 0; --*max) {
		unsigned id = n->dirty[n->dirty_count - 1];
		/* Past the count: it was added by a transaction that was taken back; nameless: one that could not be (undo_reuse). */
		int err = id > n->count || n->entries[id - 1].name.size == 0 ? 0
																	 : store_row(store, kind, id, &n->entries[id - 1]);
		if (err != 0)
			return err;
		n->entries[id - 1].dirty = false;
		n->dirty_count--;
	}
	return 0;
}

int gfs_catalog_before_freeze(struct gfs_catalog *catalog, struct gfs_store *store, size_t *max)
{
	int err = 0;
	for (unsigned i = 0; err == 0 && i < KIND_COUNT; i++)
		err = store_names(store, i + 1, &catalog->kinds[i], max);
	return err;
}

/* ---- looking ---- */

int gfs_catalog_find(
	const struct gfs_catalog *catalog, enum gfs_catalog_kind kind, struct gfs_slice name, uint16_t *ret_id)
{
	uint64_t id;
	if (!gfs_strmap_get(&names_look(catalog, kind)->ids, name, &id))
		return GFS_ERR_NOTFOUND;
	assert(id >= 1 && id <= GFS_NAME_ID_MAX);
	*ret_id = (uint16_t)id;
	return 0;
}

int gfs_catalog_get(
	const struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t id, struct gfs_catalog_entry *ret_entry)
{
	const struct names *n = names_look(catalog, kind);
	if (id == 0 || id > n->count)
		return GFS_ERR_NOTFOUND;
	const struct entry *e = &n->entries[id - 1];
	*ret_entry = (struct gfs_catalog_entry){
		.id = id,
		.name = e->name,
		.count = e->count,
		.mtime_ns = e->mtime_ns,
		.version = e->version,
		.made = e->made,
	};
	return 0;
}

int gfs_catalog_next(
	const struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t from, struct gfs_catalog_entry *ret_entry)
{
	return gfs_catalog_get(catalog, kind, GFS_MAX(from, (uint16_t)1), ret_entry);
}

/* ---- changing ---- */

/* An entry as it was. */
struct undo_entry {
	struct names *names;
	uint64_t count;
	uint64_t mtime_ns;
	uint16_t id;
	bool made;
};

static void undo_entry(void *context, void *data, size_t size)
{
	(void)context;
	(void)size;
	const struct undo_entry *u = data;
	struct entry *e = &u->names->entries[u->id - 1];
	assert(u->id <= u->names->count);
	e->count = u->count;
	e->mtime_ns = u->mtime_ns;
	e->made = u->made;
	e->version++;
}

/* The newest entry goes: undo is in reverse, so it is the one that was added. */
static void undo_add(void *context, void *data, size_t size)
{
	(void)context;
	(void)size;
	struct names *n;
	memcpy(&n, data, sizeof n);
	assert(n->count > 0);
	struct entry *e = &n->entries[n->count - 1];
	bool removed = gfs_strmap_remove(&n->ids, e->name);
	assert(removed);
	(void)removed;
	e->version++;
	n->count--;
}

struct undo_reuse {
	struct names *names;
	uint16_t id;
	uint16_t size;
	uint8_t name[GFS_NAME_BYTES_MAX]; /* the one before */
};

/* The former name comes back; its memory in the map was given up, so it is put in anew. Without memory for it the entry stays nameless: it is unused. */
static void undo_reuse(void *context, void *data, size_t size)
{
	(void)context, (void)size;
	const struct undo_reuse *u = data;
	struct entry *e = &u->names->entries[u->id - 1];
	bool removed = gfs_strmap_remove(&u->names->ids, e->name);
	assert(removed);
	(void)removed;
	int err = gfs_strmap_set(&u->names->ids, gfs_slice(u->name, u->size), u->id, &e->name);
	if (err != 0)
		e->name = (struct gfs_slice){ 0 };
	e->version++;
}

static bool is_unused(const struct entry *e)
{
	return e->count == 0 && !e->made;
}

int gfs_catalog_unused(struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t *ret_id)
{
	struct names *n = names_of(catalog, kind);
	for (unsigned step = 0; step < n->count; step++) {
		unsigned id = (n->reuse_at + step) % n->count + 1;
		if (!is_unused(&n->entries[id - 1]))
			continue;
		n->reuse_at = id;
		*ret_id = (uint16_t)id;
		return 0;
	}
	return GFS_ERR_LIMIT;
}

int gfs_catalog_reuse(
	struct gfs_txn *txn, struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t id, struct gfs_slice name)
{
	struct names *n = names_of(catalog, kind);
	struct gfs_slice kept;
	void *data;
	assert(name_valid(name));
	if (id == 0 || id > n->count || !is_unused(&n->entries[id - 1]))
		return GFS_ERR_CORRUPT;
	if (gfs_strmap_get(&n->ids, name, NULL))
		return GFS_ERR_EXISTS;
	struct entry *e = &n->entries[id - 1];
	int err = gfs_strmap_set(&n->ids, name, id, &kept);
	if (err != 0)
		return err;
	err = gfs_undo_push(gfs_txn_undo(txn), undo_reuse, NULL, sizeof(struct undo_reuse), &data);
	if (err != 0) {
		(void)gfs_strmap_remove(&n->ids, kept); /* it was put in above */
		return err;
	}
	struct undo_reuse *u = data;
	u->names = n;
	u->id = id;
	u->size = (uint16_t)e->name.size;
	if (e->name.size > 0)
		memcpy(u->name, e->name.data, e->name.size);
	(void)gfs_strmap_remove(&n->ids, e->name); /* a nameless one is not there */
	e->name = kept;
	e->version++;
	mark_dirty(n, id);
	return 0;
}

/* The entry of `id` for change: noted for undo, dirty, its version raised. */
static int entry_edit(struct gfs_txn *txn, struct names *n, uint16_t id, struct entry **ret_entry)
{
	void *data;
	if (id == 0 || id > n->count)
		return GFS_ERR_NOTFOUND;
	int err = gfs_undo_push(gfs_txn_undo(txn), undo_entry, NULL, sizeof(struct undo_entry), &data);
	if (err != 0)
		return err;
	struct entry *e = &n->entries[id - 1];
	*(struct undo_entry *)data = (struct undo_entry){
		.names = n, .count = e->count, .mtime_ns = e->mtime_ns, .id = id, .made = e->made
	};
	mark_dirty(n, id);
	e->version++;
	*ret_entry = e;
	return 0;
}

int gfs_catalog_add(struct gfs_txn *txn, struct gfs_catalog *catalog, enum gfs_catalog_kind kind, struct gfs_slice name,
	uint16_t *ret_id)
{
	struct names *n = names_of(catalog, kind);
	struct entry *e;
	void *data;
	assert(name_valid(name));
	if (gfs_strmap_get(&n->ids, name, NULL))
		return GFS_ERR_EXISTS;
	if (n->count == GFS_NAME_ID_MAX)
		return GFS_ERR_LIMIT;
	int err = names_append(n, name, &e);
	if (err != 0)
		return err;
	err = gfs_undo_push(gfs_txn_undo(txn), undo_add, NULL, sizeof n, &data);
	if (err != 0) {
		undo_add(NULL, &n, sizeof n);
		return err;
	}
	memcpy(data, &n, sizeof n);
	e->mtime_ns = gfs_txn_time_ns(txn);
	e->version++;
	mark_dirty(n, n->count);
	*ret_id = (uint16_t)n->count;
	return 0;
}

/* A count that would leave its range was wrong before. */
static int count_add(uint64_t count, int64_t delta, uint64_t *ret_count)
{
	bool wraps = delta < 0 ? gfs_sub_overflows(count, -(uint64_t)delta, ret_count)
						   : gfs_add_overflows(count, (uint64_t)delta, ret_count);
	return wraps ? GFS_ERR_CORRUPT : 0;
}

int gfs_catalog_count(
	struct gfs_txn *txn, struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t id, int64_t delta)
{
	struct entry *e;
	uint64_t count;
	int err = entry_edit(txn, names_of(catalog, kind), id, &e);
	if (err == 0)
		err = count_add(e->count, delta, &count);
	if (err != 0)
		return err;
	e->count = count;
	e->mtime_ns = gfs_txn_time_ns(txn);
	return 0;
}

int gfs_catalog_touch(struct gfs_txn *txn, struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t id)
{
	struct names *n = names_of(catalog, kind);
	(void)txn; /* nothing to undo: see the top */
	if (id == 0 || id > n->count)
		return GFS_ERR_NOTFOUND;
	n->entries[id - 1].version++;
	return 0;
}

int gfs_catalog_set_made(
	struct gfs_txn *txn, struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t id, bool made)
{
	struct entry *e;
	int err = entry_edit(txn, names_of(catalog, kind), id, &e);
	if (err == 0)
		e->made = made;
	return err;
}

int gfs_catalog_set_count(
	struct gfs_txn *txn, struct gfs_catalog *catalog, enum gfs_catalog_kind kind, uint16_t id, uint64_t count)
{
	struct entry *e;
	int err = entry_edit(txn, names_of(catalog, kind), id, &e);
	if (err == 0)
		e->count = count;
	return err;
}
