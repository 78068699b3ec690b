/* /rels/TYPE/ID: relationships by type, each a directory with its ends and its properties. */
#include "fs/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 64u

/* ---- /rels/TYPE ---- */

static int type_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	struct gfs_catalog_entry entry;
	int err = gfs_catalog_get(gfs_graph_catalog(fs->graph), GFS_CATALOG_TYPE, gfs_nodeid_unpack(nodeid).sub, &entry);
	if (err == GFS_ERR_NOTFOUND || (!err && !gfs_view_is_listed(&entry)))
		return GFS_ERR_STALE;
	if (err)
		return err;
	gfs_attr_fill_fixed(fs, st, nodeid, S_IFDIR | fs->opts.mode, 0, entry.mtime_ns ? entry.mtime_ns : fs->started_ns);
	return 0;
}

static int find_rel(struct gfs_graph *graph, uint16_t type, const char *name, uint64_t *ret_id)
{
	struct gfs_rel_record rel;
	char *end;
	if (name[0] < '1' || name[0] > '9' || strlen(name) > 18)
		return GFS_ERR_NOTFOUND;
	*ret_id = strtoull(name, &end, 10);
	if (*end != '\0' || *ret_id > GFS_ID_MAX)
		return GFS_ERR_NOTFOUND;
	int err = gfs_rel_get(graph, *ret_id, &rel);
	return err ? err : rel.type == type ? 0 : GFS_ERR_NOTFOUND;
}

static int type_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	uint64_t id;
	int err = find_rel(fs->graph, gfs_nodeid_unpack(nodeid).sub, name, &id);
	if (!err)
		*ret_child = gfs_nodeid_pack(GFS_INODE_REL, 0, 0, id);
	return err;
}

static int type_list(struct gfs_lister *l, uint64_t nodeid)
{
	uint64_t ids[BATCH];
	uint64_t from = l->from + 1;
	for (;;) {
		size_t count = 0;
		int err = gfs_type_rels(l->fs->graph, gfs_nodeid_unpack(nodeid).sub, from, ids, BATCH, &count);
		for (size_t i = 0; !err && i < count; i++) {
			char name[24];
			(void)snprintf(name, sizeof name, "%llu", (unsigned long long)ids[i]); /* 20 digits at most */
			if (!gfs_lister_add(l, name, gfs_nodeid_pack(GFS_INODE_REL, 0, 0, ids[i]), S_IFDIR, ids[i]))
				return 0;
		}
		if (err || count == 0)
			return err;
		from = ids[count - 1] + 1;
	}
}

/* Removing a relationship's directory removes the relationship, once its properties are gone. */
static int type_rmdir(struct gfs_edit *e, uint64_t nodeid, const char *name)
{
	struct gfs_prop_info info;
	struct gfs_rel_record rel;
	uint64_t id;
	size_t count = 0;
	int err = find_rel(e->graph, gfs_nodeid_unpack(nodeid).sub, name, &id);
	if (!err)
		err = gfs_rel_get(e->graph, id, &rel);
	if (!err)
		err = gfs_view_may_write(e, rel.start);
	if (!err)
		err = gfs_prop_list(e->graph, (struct gfs_entity){ GFS_REL, id }, 0, &info, 1, &count);
	if (!err && count > 0)
		err = GFS_ERR_NOTEMPTY;
	return err ? err : gfs_rel_delete(e->tx, id);
}

const struct gfs_view gfs_view_type = {
	.attr = type_attr,
	.lookup = type_lookup,
	.list = type_list,
	.rmdir = type_rmdir,
	.setattr = gfs_view_setattr_follow,
};

/* ---- /rels/TYPE/ID ---- */

static const struct {
	const char *name;
	enum gfs_inode_kind kind;
} ends[] = {
	{ "from", GFS_INODE_REL_FROM },
	{ "to", GFS_INODE_REL_TO },
};
#define END_COUNT 2u

/* The relationship, and the node whose owner and mode it follows. */
static int rel_live(struct gfs_fs *fs, uint64_t id, struct gfs_rel_record *rel, struct gfs_node_record *start)
{
	int err = gfs_rel_get(fs->graph, id, rel);
	if (!err)
		err = gfs_node_get(fs->graph, rel->start, start);
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err;
}

static int rel_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	struct gfs_rel_record rel;
	struct gfs_node_record start;
	int err = rel_live(fs, gfs_nodeid_unpack(nodeid).id, &rel, &start);
	if (!err)
		gfs_attr_fill(st, nodeid, S_IFDIR, &start, 0, rel.mtime_ns);
	return err;
}

static int rel_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	uint64_t id = gfs_nodeid_unpack(nodeid).id;
	struct gfs_rel_record rel;
	struct gfs_node_record start;
	int err = rel_live(fs, id, &rel, &start);
	if (err)
		return err;
	for (size_t i = 0; i < END_COUNT; i++) {
		if (strcmp(name, ends[i].name) == 0) {
			*ret_child = gfs_nodeid_pack(ends[i].kind, 0, 0, id);
			return 0;
		}
	}
	return gfs_props_lookup(fs, (struct gfs_entity){ GFS_REL, id }, name, ret_child);
}

static int rel_list(struct gfs_lister *l, uint64_t nodeid)
{
	uint64_t id = gfs_nodeid_unpack(nodeid).id;
	struct gfs_rel_record rel;
	struct gfs_node_record start;
	int err = rel_live(l->fs, id, &rel, &start);
	if (err)
		return err;
	for (uint64_t i = l->from; i < END_COUNT; i++) {
		if (!gfs_lister_add(l, ends[i].name, gfs_nodeid_pack(ends[i].kind, 0, 0, id), S_IFLNK, i + 1))
			return 0;
	}
	uint64_t from = l->from > END_COUNT ? l->from - END_COUNT : 0;
	return gfs_props_list(l, (struct gfs_entity){ GFS_REL, id }, from + 1, END_COUNT);
}

static bool is_end(const char *name)
{
	return strcmp(name, ends[0].name) == 0 || strcmp(name, ends[1].name) == 0;
}

static int rel_create(struct gfs_edit *e, uint64_t nodeid, const char *name, mode_t mode, uint64_t *ret_child)
{
	if (is_end(name))
		return GFS_ERR_EXISTS;
	return gfs_props_create(e, (struct gfs_entity){ GFS_REL, gfs_nodeid_unpack(nodeid).id }, name, mode, ret_child);
}

/* The ends go only with the relationship; saying yes to their removal lets `rm -r` reach the rmdir that removes it. */
static int rel_unlink(struct gfs_edit *e, uint64_t nodeid, const char *name)
{
	struct gfs_rel_record rel;
	uint64_t id = gfs_nodeid_unpack(nodeid).id;
	int err = gfs_rel_get(e->graph, id, &rel);
	if (err || is_end(name))
		return err;
	return gfs_props_unlink(e, (struct gfs_entity){ GFS_REL, id }, name);
}

const struct gfs_view gfs_view_rel = {
	.attr = rel_attr,
	.lookup = rel_lookup,
	.list = rel_list,
	.create = rel_create,
	.unlink = rel_unlink,
	.setattr = gfs_view_setattr_follow,
};

/* ---- from, to ---- */

static int rel_end_readlink(struct gfs_fs *fs, uint64_t nodeid, struct gfs_buf *out)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	struct gfs_rel_record rel;
	struct gfs_component name;
	int err = gfs_rel_get(fs->graph, n.id, &rel);
	if (err)
		return err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err;
	err = gfs_view_node_name(
		fs->graph, n.kind == GFS_INODE_REL_FROM ? rel.start : rel.end, GFS_PLACE_NODES, &name, NULL);
	if (err)
		return err;
	gfs_buf_printf(out, "../../../nodes/%s", name.text);
	return gfs_buf_failed(out);
}

static int rel_end_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	GFS_AUTO_BUF target = GFS_BUF_INIT;
	struct gfs_rel_record rel;
	struct gfs_node_record start;
	int err = rel_live(fs, gfs_nodeid_unpack(nodeid).id, &rel, &start);
	if (!err)
		err = rel_end_readlink(fs, nodeid, &target);
	if (!err)
		gfs_attr_fill(st, nodeid, S_IFLNK, &start, target.size, rel.mtime_ns);
	return err;
}

const struct gfs_view gfs_view_rel_end = {
	.attr = rel_end_attr,
	.readlink = rel_end_readlink,
	.setattr = gfs_view_setattr_follow,
};
