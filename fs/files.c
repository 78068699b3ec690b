#include "fs/files.h"

#include "base/map.h"
#include "fs/bindings.h"

#include <stdlib.h>
#include <string.h>

/* What a property held when it went; shared by all files that were open on it. */
struct grave {
	unsigned files;
	uint64_t number; /* never used again */
	uint64_t mtime_ns;
	struct gfs_buf contents;
};

/* One inode of the kernel's that is open. */
struct gfs_file {
	uint64_t nodeid;          /* what the kernel calls it */
	struct gfs_entity entity; /* what it is now */
	uint16_t key;
	unsigned opens, writers;
	bool
		closing; /* renamed and closed: nobody's, but the kernel is not told yet, so that changes still must be told to it */
	struct grave *grave; /* NULL: the property is there */
	struct gfs_file *next;
};

struct gfs_files {
	struct gfs_mutex lock;       /* guards all below */
	struct gfs_u64map by_nodeid; /* -> struct gfs_file * */
	struct gfs_file *open;       /* list of all */
	struct gfs_bindings bindings;
	uint64_t graves; /* how many there were */
	_Atomic unsigned
		odd; /* open files that are dead or renamed, and bindings: while 0, a nodeid means what it packs (relaxed: changed
	                                under the graph's exclusive lock, or where a nodeid that nobody holds is let go; read under the graph lock) */
};

static void free_grave(struct grave *grave)
{
	if (!grave)
		return;
	gfs_buf_release(&grave->contents);
	free(grave);
}

static void grave_put(struct grave *grave)
{
	if (grave && --grave->files == 0)
		free_grave(grave);
}

int gfs_files_new(struct gfs_files **ret_files)
{
	struct gfs_files *files = calloc(1, sizeof *files);
	if (!files)
		return GFS_ERR_NOMEM;
	gfs_mutex_init(&files->lock, GFS_RANK_LEAF);
	*ret_files = files;
	return 0;
}

void gfs_files_free(struct gfs_files *files)
{
	if (!files)
		return;
	while (files->open) {
		struct gfs_file *file = files->open;
		files->open = file->next;
		grave_put(file->grave);
		free(file);
	}
	gfs_u64map_release(&files->by_nodeid);
	gfs_bindings_release(&files->bindings);
	gfs_mutex_release(&files->lock);
	free(files);
}

static uint64_t pack(struct gfs_entity entity, uint16_t key, unsigned gen)
{
	return gfs_nodeid_pack(entity.kind == GFS_NODE ? GFS_INODE_NODE_PROP : GFS_INODE_REL_PROP, gen, key, entity.id);
}

static void unpack(uint64_t nodeid, struct gfs_file_target *t)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	*t = (struct gfs_file_target){ { n.kind == GFS_INODE_NODE_PROP ? GFS_NODE : GFS_REL, n.id }, n.sub, 0 };
}

static bool is(const struct gfs_file *file, struct gfs_entity entity, uint16_t key)
{
	return !file->grave && file->entity.kind == entity.kind && file->entity.id == entity.id && file->key == key;
}

static bool is_odd(const struct gfs_file *file)
{
	struct gfs_file_target t;
	unpack(file->nodeid, &t);
	return !is(file, t.entity, t.key);
}

static struct gfs_file *find(struct gfs_files *files, uint64_t nodeid)
{
	uint64_t found;
	return gfs_u64map_get(&files->by_nodeid, nodeid, &found) ? (struct gfs_file *)(uintptr_t)found : NULL;
}

uint64_t gfs_files_nodeid(struct gfs_files *files, struct gfs_entity entity, uint16_t key)
{
	uint64_t base = pack(entity, key, 0);
	if (atomic_load_explicit(&files->odd, memory_order_relaxed) == 0)
		return base;
	gfs_mutex_lock(&files->lock);
	uint64_t nodeid = gfs_bindings_nodeid(&files->bindings, base, true);
	gfs_mutex_unlock(&files->lock);
	return nodeid;
}

size_t gfs_files_nodeids(struct gfs_files *files, struct gfs_entity entity, uint16_t key, uint64_t *nodeids, size_t max)
{
	size_t count = 1;
	nodeids[0] = pack(entity, key, 0);
	if (atomic_load_explicit(&files->odd, memory_order_relaxed) == 0)
		return count;
	gfs_mutex_lock(&files->lock);
	uint64_t last = gfs_bindings_last(&files->bindings, nodeids[0]);
	nodeids[0] = gfs_bindings_nodeid(&files->bindings, nodeids[0], false);
	if (last != nodeids[0] && count < max)
		nodeids[count++] = last;
	for (struct gfs_file *file = files->open; file && count < max; file = file->next) {
		if (is(file, entity, key) && file->nodeid != nodeids[0])
			nodeids[count++] = file->nodeid;
	}
	gfs_mutex_unlock(&files->lock);
	return count;
}

/* Runs `odd` along with a change of the number of bindings. */
static void count_bindings(struct gfs_files *files, size_t before)
{
	size_t after = files->bindings.by_base.count;
	if (after > before)
		atomic_fetch_add_explicit(&files->odd, 1, memory_order_relaxed);
	else if (after < before)
		atomic_fetch_sub_explicit(&files->odd, 1, memory_order_relaxed);
}

static int advance(struct gfs_files *files, struct gfs_entity entity, uint16_t key)
{
	size_t before = files->bindings.by_base.count;
	int err = gfs_bindings_advance(&files->bindings, pack(entity, key, 0));
	count_bindings(files, before);
	return err;
}

bool gfs_files_is_bound(struct gfs_files *files, uint64_t nodeid)
{
	struct gfs_file_target t;
	uint64_t binding;
	if (atomic_load_explicit(&files->odd, memory_order_relaxed) == 0)
		return false;
	unpack(nodeid, &t);
	gfs_mutex_lock(&files->lock);
	bool bound = gfs_u64map_get(&files->bindings.by_base, pack(t.entity, t.key, 0), &binding);
	gfs_mutex_unlock(&files->lock);
	return bound;
}

void gfs_files_forget(struct gfs_files *files, uint64_t nodeid, bool fresh)
{
	gfs_mutex_lock(&files->lock);
	size_t before = files->bindings.by_base.count;
	gfs_bindings_forget(&files->bindings, nodeid, fresh);
	count_bindings(files, before);
	gfs_mutex_unlock(&files->lock);
}

int gfs_files_resolve(struct gfs_files *files, uint64_t nodeid, struct gfs_file_target *t)
{
	int err = 0;
	unpack(nodeid, t);
	if (atomic_load_explicit(&files->odd, memory_order_relaxed) == 0 && gfs_nodeid_unpack(nodeid).gen == 0)
		return 0;
	gfs_mutex_lock(&files->lock);
	struct gfs_file *file = find(files, nodeid);
	if (file && file->closing)
		err = GFS_ERR_STALE;
	else if (file)
		*t = (struct gfs_file_target){ file->entity, file->key, file->grave ? file->nodeid : 0 };
	else if (gfs_bindings_nodeid(&files->bindings, pack(t->entity, t->key, 0), false) != nodeid)
		err = GFS_ERR_STALE;
	gfs_mutex_unlock(&files->lock);
	return err;
}

static struct gfs_file *add(struct gfs_files *files, uint64_t nodeid)
{
	struct gfs_file_target t;
	struct gfs_file *file = calloc(1, sizeof *file);
	if (!file || gfs_u64map_set(&files->by_nodeid, nodeid, (uintptr_t)file) != 0) {
		free(file);
		return NULL;
	}
	unpack(nodeid, &t);
	file->nodeid = nodeid;
	file->entity = t.entity;
	file->key = t.key;
	file->next = files->open;
	files->open = file;
	return file;
}

int gfs_files_open(struct gfs_files *files, uint64_t nodeid, bool writer, struct gfs_file **ret_file)
{
	gfs_mutex_lock(&files->lock);
	struct gfs_file *file = find(files, nodeid);
	if (!file)
		file = add(files, nodeid);
	if (file) {
		file->closing = false;
		file->opens++;
		file->writers += writer;
	}
	gfs_mutex_unlock(&files->lock);
	*ret_file = file;
	return file ? 0 : GFS_ERR_NOMEM;
}

static void forget(struct gfs_files *files, struct gfs_file *file)
{
	struct gfs_file **at = &files->open;
	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
	(void)gfs_u64map_remove(&files->by_nodeid, file->nodeid); /* it is there: add put it in */
	if (is_odd(file))
		atomic_fetch_sub_explicit(&files->odd, 1, memory_order_relaxed);
	grave_put(file->grave);
	free(file);
}

bool gfs_files_release(
	struct gfs_files *files, struct gfs_file *file, bool writer, struct gfs_file_target *t, uint64_t *ret_left)
{
	*ret_left = 0;
	gfs_mutex_lock(&files->lock);
	file->writers -= writer;
	bool settle = writer && file->writers == 0 && !file->grave;
	*t = (struct gfs_file_target){ file->entity, file->key, 0 };
	if (--file->opens == 0) {
		file->closing = is_odd(file) && !file->grave;
		if (file->closing)
			*ret_left = file->nodeid;
		else
			forget(files, file);
	}
	gfs_mutex_unlock(&files->lock);
	return settle;
}

void gfs_files_drop(struct gfs_files *files, uint64_t left)
{
	gfs_mutex_lock(&files->lock);
	struct gfs_file *file = find(files, left);
	if (file && file->closing)
		forget(files, file);
	gfs_mutex_unlock(&files->lock);
}

void gfs_file_target_get(struct gfs_files *files, struct gfs_file *file, struct gfs_file_target *t)
{
	gfs_mutex_lock(&files->lock);
	*t = (struct gfs_file_target){ file->entity, file->key, file->grave ? file->nodeid : 0 };
	gfs_mutex_unlock(&files->lock);
}

bool gfs_files_is_open(struct gfs_files *files, struct gfs_entity entity, uint16_t key)
{
	bool open = false;
	gfs_mutex_lock(&files->lock);
	for (struct gfs_file *file = files->open; file && !open; file = file->next)
		open = is(file, entity, key);
	gfs_mutex_unlock(&files->lock);
	return open;
}

/* Keeps `odd` in step with what `change` does to a file. */
static void count_odd(struct gfs_files *files, bool before, bool after)
{
	if (after && !before)
		atomic_fetch_add_explicit(&files->odd, 1, memory_order_relaxed);
	else if (before && !after)
		atomic_fetch_sub_explicit(&files->odd, 1, memory_order_relaxed);
}

static struct grave *grave_new(struct gfs_slice contents, uint64_t mtime_ns)
{
	struct grave *grave = calloc(1, sizeof *grave);
	if (!grave)
		return NULL;
	grave->mtime_ns = mtime_ns;
	gfs_buf_append(&grave->contents, contents.data, contents.size);
	if (gfs_buf_failed(&grave->contents) == 0)
		return grave;
	free_grave(grave);
	return NULL;
}

/* What a transaction has done to open files, in its undo records. Names keep the nodeids that they got: those of before are STALE, and the kernel looks
 * them up again. */
struct undo_bury {
	uint64_t grave;
};

static void undo_bury(void *context, void *data, size_t size)
{
	struct gfs_files *files = context;
	const struct undo_bury *u = data;
	(void)size;
	gfs_mutex_lock(&files->lock);
	for (struct gfs_file *file = files->open; file; file = file->next) {
		struct grave *grave = file->grave;
		if (!grave || grave->number != u->grave)
			continue;
		file->grave = NULL;
		grave_put(grave);
		count_odd(files, true, is_odd(file));
	}
	gfs_mutex_unlock(&files->lock);
}

int gfs_files_bury(struct gfs_files *files, struct gfs_tx *tx, struct gfs_entity entity, uint16_t key,
	struct gfs_slice contents, uint64_t mtime_ns)
{
	void *undo;
	struct grave *grave = grave_new(contents, mtime_ns);
	int err = grave ? gfs_tx_undo_push(tx, undo_bury, files, sizeof(struct undo_bury), &undo) : GFS_ERR_NOMEM;
	if (err) {
		free_grave(grave);
		return err;
	}
	gfs_mutex_lock(&files->lock);
	grave->files = 1; /* this function */
	grave->number = ++files->graves;
	*(struct undo_bury *)undo = (struct undo_bury){ grave->number };
	err = advance(files, entity, key);
	for (struct gfs_file *file = files->open; !err && file; file = file->next) {
		if (!is(file, entity, key))
			continue;
		bool odd = is_odd(file);
		file->grave = grave;
		grave->files++;
		count_odd(files, odd, true);
	}
	grave_put(grave);
	gfs_mutex_unlock(&files->lock);
	return err;
}

static void become(struct gfs_files *files, struct gfs_file *file, struct gfs_entity to, uint16_t to_key)
{
	bool odd = is_odd(file);
	file->entity = to;
	file->key = to_key;
	count_odd(files, odd, is_odd(file));
}

/* Of a move, `b` is where to; of an exchange, whose undoing is another, either may be either. */
struct undo_rename {
	struct gfs_entity a, b;
	uint16_t a_key, b_key;
};

static void exchange_locked(struct gfs_files *files, const struct undo_rename *names)
{
	for (struct gfs_file *file = files->open; file; file = file->next) {
		if (is(file, names->a, names->a_key))
			become(files, file, names->b, names->b_key);
		else if (is(file, names->b, names->b_key))
			become(files, file, names->a, names->a_key);
	}
}

static void undo_rename(void *context, void *data, size_t size)
{
	struct gfs_files *files = context;
	(void)size;
	gfs_mutex_lock(&files->lock);
	exchange_locked(files, data);
	gfs_mutex_unlock(&files->lock);
}

/* `both`: the other name gets another nodeid too. A name that something was moved to is nobody's before: what was there is buried. */
static int rename_files(struct gfs_files *files, struct gfs_tx *tx, const struct undo_rename *names, bool both)
{
	void *undo;
	int err = gfs_tx_undo_push(tx, undo_rename, files, sizeof *names, &undo);
	if (err)
		return err;
	*(struct undo_rename *)undo = *names;
	gfs_mutex_lock(&files->lock);
	err = advance(files, names->a, names->a_key);
	if (!err && both)
		err = advance(files, names->b, names->b_key);
	exchange_locked(files, names); /* in any case: if this failed, it is undone */
	gfs_mutex_unlock(&files->lock);
	return err;
}

int gfs_files_move(struct gfs_files *files, struct gfs_tx *tx, struct gfs_entity from, uint16_t from_key,
	struct gfs_entity to, uint16_t to_key)
{
	return rename_files(files, tx, &(struct undo_rename){ from, to, from_key, to_key }, false);
}

int gfs_files_exchange(struct gfs_files *files, struct gfs_tx *tx, struct gfs_entity a, uint16_t a_key,
	struct gfs_entity b, uint16_t b_key)
{
	return rename_files(files, tx, &(struct undo_rename){ a, b, a_key, b_key }, true);
}

/* ---- the dead ---- */

static struct grave *grave_of(struct gfs_files *files, uint64_t nodeid)
{
	const struct gfs_file *file = find(files, nodeid);
	return file ? file->grave : NULL;
}

int gfs_files_dead_read(
	struct gfs_files *files, uint64_t nodeid, uint64_t offset, void *data, size_t size, size_t *ret_size)
{
	gfs_mutex_lock(&files->lock);
	const struct grave *grave = grave_of(files, nodeid);
	size_t left = grave && offset < grave->contents.size ? grave->contents.size - (size_t)offset : 0;
	*ret_size = size < left ? size : left;
	if (*ret_size > 0)
		memcpy(data, grave->contents.data + offset, *ret_size);
	gfs_mutex_unlock(&files->lock);
	return grave ? 0 : GFS_ERR_STALE;
}

static int resize(struct gfs_buf *contents, uint64_t size)
{
	if (size > contents->size) {
		size_t more = (size_t)size - contents->size;
		uint8_t *gap = gfs_buf_extend(contents, more);
		if (!gap)
			return GFS_ERR_NOMEM;
		memset(gap, 0, more);
	}
	contents->size = (size_t)size;
	return 0;
}

int gfs_files_dead_write(struct gfs_files *files, uint64_t nodeid, uint64_t offset, struct gfs_slice data)
{
	int err = 0;
	if (offset > GFS_VALUE_BYTES_MAX || data.size > GFS_VALUE_BYTES_MAX - offset)
		return GFS_ERR_TOOBIG;
	gfs_mutex_lock(&files->lock);
	struct grave *grave = grave_of(files, nodeid);
	if (!grave)
		err = GFS_ERR_STALE;
	else if (offset + data.size > grave->contents.size)
		err = resize(&grave->contents, offset + data.size);
	if (!err && data.size > 0)
		memcpy(grave->contents.data + offset, data.data, data.size);
	gfs_mutex_unlock(&files->lock);
	return err;
}

int gfs_files_dead_truncate(struct gfs_files *files, uint64_t nodeid, uint64_t size)
{
	if (size > GFS_VALUE_BYTES_MAX)
		return GFS_ERR_TOOBIG;
	gfs_mutex_lock(&files->lock);
	struct grave *grave = grave_of(files, nodeid);
	int err = grave ? resize(&grave->contents, size) : GFS_ERR_STALE;
	gfs_mutex_unlock(&files->lock);
	return err;
}

int gfs_files_dead_stat(struct gfs_files *files, uint64_t nodeid, uint64_t *ret_size, uint64_t *ret_mtime_ns)
{
	gfs_mutex_lock(&files->lock);
	const struct grave *grave = grave_of(files, nodeid);
	if (grave) {
		*ret_size = grave->contents.size;
		*ret_mtime_ns = grave->mtime_ns;
	}
	gfs_mutex_unlock(&files->lock);
	return grave ? 0 : GFS_ERR_STALE;
}

size_t gfs_files_dead_others(struct gfs_files *files, uint64_t nodeid, uint64_t *nodeids, size_t max)
{
	size_t count = 0;
	if (atomic_load_explicit(&files->odd, memory_order_relaxed) == 0)
		return 0;
	gfs_mutex_lock(&files->lock);
	const struct grave *grave = grave_of(files, nodeid);
	for (const struct gfs_file *file = files->open; grave && file && count < max; file = file->next) {
		if (file->grave == grave && file->nodeid != nodeid)
			nodeids[count++] = file->nodeid;
	}
	gfs_mutex_unlock(&files->lock);
	return count;
}
