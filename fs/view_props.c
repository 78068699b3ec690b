/* Property files of nodes and relationships. */
#include "fs/files.h"
#include "fs/view.h"

#include <stdio.h>
#include <string.h>

#define BATCH 64u

static enum gfs_name_place place_of(struct gfs_entity entity)
{
	return entity.kind == GFS_NODE ? GFS_PLACE_NODE : GFS_PLACE_REL;
}

/* The node whose owner and mode an entity's files follow. */
static int owner_of(struct gfs_graph *graph, struct gfs_entity entity, struct gfs_node_record *ret_record)
{
	struct gfs_rel_record rel;
	uint64_t node = entity.id;
	int err = 0;
	if (entity.kind == GFS_REL) {
		err = gfs_rel_get(graph, entity.id, &rel);
		node = rel.start;
	}
	return err ? err : gfs_node_get(graph, node, ret_record);
}

static int prop_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	struct gfs_file_target t;
	struct gfs_node_record owner = { .mode = 0600 };
	struct gfs_prop_info info = { 0 };
	int err = gfs_files_resolve(fs->files, nodeid, &t);
	if (err)
		return err;
	if (t.dead) {
		err = gfs_files_dead_stat(fs->files, t.dead, &info.size, &info.mtime_ns);
		if (err)
			return err;
		(void)owner_of(fs->graph, t.entity, &owner); /* the owner may be gone too: then nobody's */
		gfs_attr_fill(st, nodeid, S_IFREG, &owner, info.size, info.mtime_ns);
		st->st_nlink = 0;
		return 0;
	}
	err = gfs_prop_stat(fs->graph, t.entity, t.key, &info);
	if (!err)
		err = owner_of(fs->graph, t.entity, &owner);
	if (err)
		return err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err;
	gfs_attr_fill(st, nodeid, S_IFREG, &owner, info.size, info.mtime_ns);
	if (info.has_access) {
		st->st_mode = S_IFREG | info.access.mode;
		st->st_uid = info.access.uid;
		st->st_gid = info.access.gid;
	}
	st->st_blocks = (blkcnt_t)((info.allocated_bytes + 511) / 512);
	return 0;
}

int gfs_props_lookup(struct gfs_fs *fs, struct gfs_entity entity, const char *name, uint64_t *ret_child)
{
	struct gfs_prop_info info;
	uint16_t key;
	int err = gfs_view_find_name(fs->graph, GFS_CATALOG_KEY, name, &key);
	if (!err)
		err = gfs_prop_stat(fs->graph, entity, key, &info);
	if (!err)
		*ret_child = gfs_files_nodeid(fs->files, entity, key);
	return err;
}

int gfs_props_list(struct gfs_lister *l, struct gfs_entity entity, uint64_t from_key, uint64_t cookie_base)
{
	struct gfs_prop_info infos[BATCH];
	while (from_key <= GFS_NAME_ID_MAX) {
		size_t count = 0;
		int err = gfs_prop_list(l->fs->graph, entity, (uint16_t)from_key, infos, BATCH, &count);
		for (size_t i = 0; !err && i < count; i++) {
			struct gfs_component name;
			err = gfs_view_show_name(l->fs->graph, GFS_CATALOG_KEY, infos[i].key, place_of(entity), &name);
			uint64_t child = gfs_files_nodeid(l->fs->files, entity, infos[i].key);
			if (!err && !gfs_lister_add(l, name.text, child, S_IFREG, cookie_base + infos[i].key))
				return 0;
		}
		if (err || count < BATCH)
			return err;
		from_key = (uint64_t)infos[count - 1].key + 1;
	}
	return 0;
}

/* A file made with fewer rights than its node gives (mkstemp's 0600) has no more. */
static int restrict_new(struct gfs_edit *e, struct gfs_entity entity, uint16_t key, mode_t mode)
{
	struct gfs_node_record owner;
	int err = owner_of(e->graph, entity, &owner);
	if (err || ((owner.mode & 0666) & ~mode) == 0)
		return err;
	struct gfs_access access = { .uid = owner.uid, .gid = owner.gid, .mode = mode & 0777 };
	return gfs_prop_set_access(e->tx, entity, key, &access);
}

int gfs_props_create(struct gfs_edit *e, struct gfs_entity entity, const char *name, mode_t mode, uint64_t *ret_child)
{
	uint16_t key;
	int err = gfs_view_make_name(e, GFS_CATALOG_KEY, name, &key);
	if (!err)
		err = gfs_prop_create(e->tx, entity, key);
	if (!err)
		err = restrict_new(e, entity, key, mode);
	if (!err)
		*ret_child = gfs_files_nodeid(e->fs->files, entity, key);
	return err;
}

/* Open descriptors keep what the property held. */
static int bury(struct gfs_edit *e, struct gfs_entity entity, uint16_t key)
{
	GFS_AUTO_BUF contents = GFS_BUF_INIT;
	struct gfs_prop_info info;
	size_t size = 0;
	if (!gfs_files_is_open(e->fs->files, entity, key))
		return 0;
	int err = gfs_prop_stat(e->graph, entity, key, &info);
	if (err)
		return err;
	uint8_t *data = gfs_buf_extend(&contents, info.size);
	if (!data)
		return GFS_ERR_NOMEM;
	err = gfs_prop_read(e->graph, entity, key, 0, data, info.size, &size);
	if (!err)
		err = gfs_files_bury(e->fs->files, e->tx, entity, key, gfs_slice(data, size), info.mtime_ns);
	return err;
}

int gfs_props_unlink(struct gfs_edit *e, struct gfs_entity entity, const char *name)
{
	struct gfs_prop_info info;
	uint16_t key;
	int err = gfs_view_find_name(e->graph, GFS_CATALOG_KEY, name, &key);
	if (!err)
		err = gfs_prop_stat(e->graph, entity, key, &info);
	if (!err)
		err = bury(e, entity, key);
	return err ? err : gfs_prop_remove(e->tx, entity, key);
}

/* A property that follows its node takes over the owner and mode of the node that it is moved to. Where somebody else moves it than the superuser or the
 * owner of both, it keeps those that it has: who may move a file need not be allowed to read it. */
static int keep_access(struct gfs_edit *e, struct gfs_entity from, uint16_t key, struct gfs_entity to)
{
	struct gfs_node_record old, new;
	struct gfs_prop_info info;
	int err = owner_of(e->graph, from, &old);
	if (!err)
		err = owner_of(e->graph, to, &new);
	if (!err)
		err = gfs_prop_stat(e->graph, from, key, &info);
	if (err)
		return err;
	bool own = e->uid == 0 || (e->uid == old.uid && e->uid == new.uid);
	bool same = old.uid == new.uid &&old.gid == new.gid &&old.mode == new.mode;
	if (own || same || info.has_access)
		return 0;
	struct gfs_access access = { .uid = old.uid, .gid = old.gid, .mode = old.mode & 0666 };
	return gfs_prop_set_access(e->tx, from, key, &access);
}

int gfs_props_rename(struct gfs_edit *e, struct gfs_entity from, const char *from_name, struct gfs_entity to,
	const char *to_name, unsigned flags)
{
	struct gfs_prop_info info;
	uint16_t from_key, to_key;
	if (gfs_name_is_reserved(from_name, place_of(from)) || gfs_name_is_reserved(to_name, place_of(to)))
		return GFS_ERR_PERM;
	int err = gfs_view_find_name(e->graph, GFS_CATALOG_KEY, from_name, &from_key);
	if (!err)
		err = gfs_prop_stat(e->graph, from, from_key, &info);
	if (!err)
		err = gfs_view_make_name(e, GFS_CATALOG_KEY, to_name, &to_key);
	if (err)
		return err;
	bool there = gfs_prop_stat(e->graph, to, to_key, &info) == 0;
	if ((flags & RENAME_NOREPLACE) && there)
		return GFS_ERR_EXISTS;
	if (from.kind == to.kind && from.id == to.id && from_key == to_key)
		return 0;
	err = keep_access(e, from, from_key, to);
	if (!err && there && (flags & RENAME_EXCHANGE))
		err = keep_access(e, to, to_key, from);
	if (err)
		return err;
	if (flags & RENAME_EXCHANGE) {
		err = there ? gfs_prop_exchange(e->tx, from, from_key, to, to_key) : GFS_ERR_NOTFOUND;
		return err ? err : gfs_files_exchange(e->fs->files, e->tx, from, from_key, to, to_key);
	}
	if (there)
		err = bury(e, to, to_key);
	if (!err)
		err = gfs_prop_rename(e->tx, from, from_key, to, to_key);
	return err ? err : gfs_files_move(e->fs->files, e->tx, from, from_key, to, to_key);
}

static int dead_setattr(struct gfs_edit *e, uint64_t nodeid, const struct stat *st, int to_set)
{
	return to_set & FUSE_SET_ATTR_SIZE ? gfs_files_dead_truncate(e->fs->files, nodeid, (uint64_t)st->st_size) : 0;
}

/* Owner and mode that are what the node gives anyway are not kept. */
static int set_access(
	struct gfs_edit *e, uint64_t nodeid, const struct gfs_file_target *t, const struct stat *st, int to_set)
{
	struct gfs_node_record owner;
	struct stat now;
	int err = prop_attr(e->fs, nodeid, &now);
	if (!err)
		err = owner_of(e->graph, t->entity, &owner);
	if (err)
		return err;
	struct gfs_access access = {
		.uid = to_set & FUSE_SET_ATTR_UID ? st->st_uid : now.st_uid,
		.gid = to_set & FUSE_SET_ATTR_GID ? st->st_gid : now.st_gid,
		.mode = (to_set & FUSE_SET_ATTR_MODE ? st->st_mode : now.st_mode) & 0777,
	};
	bool follows = access.uid == owner.uid && access.gid == owner.gid && access.mode == (owner.mode & 0666);
	return gfs_prop_set_access(e->tx, t->entity, t->key, follows ? NULL : &access);
}

static int prop_setattr(struct gfs_edit *e, uint64_t nodeid, const struct stat *st, int to_set)
{
	struct gfs_file_target t;
	int err = gfs_files_resolve(e->fs->files, nodeid, &t);
	if (err)
		return err;
	if (t.dead)
		return dead_setattr(e, t.dead, st, to_set);
	if (to_set & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		err = set_access(e, nodeid, &t, st, to_set);
	if (!err && (to_set & FUSE_SET_ATTR_SIZE))
		err = gfs_prop_truncate(e->tx, t.entity, t.key, (uint64_t)st->st_size);
	if (!err && (to_set & FUSE_SET_ATTR_MTIME_NOW))
		err = gfs_prop_set_mtime(e->tx, t.entity, t.key, 0);
	else if (!err && (to_set & FUSE_SET_ATTR_MTIME))
		err = gfs_prop_set_mtime(e->tx, t.entity, t.key, gfs_view_time_ns(&st->st_mtim));
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err;
}

const struct gfs_view gfs_view_prop = { .attr = prop_attr, .setattr = prop_setattr };
