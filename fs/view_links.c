/* Relationships seen from a node: out, in; out/TYPE, in/TYPE; the symlinks in them; and .rel.
 *
 * "Side" below is one direction of one node. The link to another node is named by that node, and "~REL" follows for all but the
 * lowest of several relationships of one type between the same pair. */
#include "fs/raised.h"
#include "fs/view.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 64u
/* Links listed at once, about what a reply holds: by chains each batch is a walk over all relationships of the node. */
#define LINKS_BATCH 1024u
#define RELS_NAME ".rel"

static enum gfs_direction direction_of(enum gfs_inode_kind kind)
{
	switch (kind) {
	case GFS_INODE_NODE_OUT:
	case GFS_INODE_OUT_TYPE:
	case GFS_INODE_OUT_RELS:
	case GFS_INODE_OUT_LINK:
	case GFS_INODE_OUT_REL:
		return GFS_OUT;
	default:
		return GFS_IN;
	}
}

static int live(struct gfs_fs *fs, uint64_t id, struct gfs_node_record *record)
{
	int err = gfs_node_get(fs->graph, id, record);
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err;
}

/* ---- out, in ---- */

static int side_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	struct gfs_node_record record;
	uint64_t mtime = 0;
	int err = live(fs, n.id, &record);
	if (!err)
		err = gfs_rels_mtime(fs->graph, n.id, direction_of(n.kind), &mtime);
	if (!err)
		gfs_attr_fill(st, nodeid, S_IFDIR, &record, 0, mtime ? mtime : record.btime_ns);
	return err;
}

static uint64_t folder_nodeid(enum gfs_direction dir, uint64_t node, uint16_t type)
{
	return gfs_nodeid_pack(dir == GFS_OUT ? GFS_INODE_OUT_TYPE : GFS_INODE_IN_TYPE, 0, type, node);
}

static int side_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	struct gfs_node_record record;
	uint16_t type;
	int err = live(fs, n.id, &record);
	if (!err)
		err = gfs_view_find_name(fs->graph, GFS_CATALOG_TYPE, name, &type);
	if (!err)
		*ret_child = folder_nodeid(direction_of(n.kind), n.id, type);
	return err;
}

static int side_list(struct gfs_lister *l, uint64_t nodeid)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	enum gfs_direction dir = direction_of(n.kind);
	struct gfs_adj_type types[BATCH];
	struct gfs_node_record record;
	size_t count = 0;
	uint64_t from = l->from + 1;
	int err = live(l->fs, n.id, &record);
	while (!err && from <= GFS_NAME_ID_MAX) {
		err = gfs_rels_types(l->fs->graph, n.id, dir, (uint16_t)from, types, BATCH, &count);
		for (size_t i = 0; !err && i < count; i++) {
			struct gfs_component name;
			err = gfs_view_show_name(l->fs->graph, GFS_CATALOG_TYPE, types[i].type, GFS_PLACE_NAMES, &name);
			if (!err && !gfs_lister_add(l, name.text, folder_nodeid(dir, n.id, types[i].type), S_IFDIR, types[i].type))
				return 0;
		}
		if (count < BATCH)
			break;
		from = (uint64_t)types[count - 1].type + 1;
	}
	return err;
}

static int side_mkdir(struct gfs_edit *e, uint64_t nodeid, const char *name, mode_t mode, uint64_t *ret_child)
{
	(void)mode;
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	enum gfs_direction dir = direction_of(n.kind);
	struct gfs_adj_type folder;
	uint16_t type;
	int err = gfs_view_make_name(e, GFS_CATALOG_TYPE, name, &type);
	if (!err)
		err = gfs_rels_type(e->graph, n.id, dir, type, &folder);
	if (!err && (folder.made || folder.count > 0))
		err = GFS_ERR_EXISTS;
	if (!err)
		err = gfs_folder_set_made(e->tx, n.id, dir, type, true);
	if (!err)
		*ret_child = folder_nodeid(dir, n.id, type);
	return err;
}

static int side_rmdir(struct gfs_edit *e, uint64_t nodeid, const char *name)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	struct gfs_adj_type folder;
	uint16_t type;
	int err = gfs_view_find_name(e->graph, GFS_CATALOG_TYPE, name, &type);
	if (!err)
		err = gfs_rels_type(e->graph, n.id, direction_of(n.kind), type, &folder);
	if (!err && folder.count > 0)
		err = GFS_ERR_NOTEMPTY;
	if (err || !folder.made)
		return err;
	return gfs_folder_set_made(e->tx, n.id, direction_of(n.kind), type, false);
}

const struct gfs_view gfs_view_side = {
	.attr = side_attr,
	.lookup = side_lookup,
	.list = side_list,
	.mkdir = side_mkdir,
	.rmdir = side_rmdir,
	.setattr = gfs_view_setattr_follow,
};

/* ---- out/TYPE, in/TYPE ---- */

static int folder_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	struct gfs_node_record record;
	struct gfs_adj_type folder = { 0 };
	int err = live(fs, n.id, &record);
	if (!err)
		err = gfs_rels_type(fs->graph, n.id, direction_of(n.kind), n.sub, &folder);
	if (err)
		return err;
	/* One without a record has never had anything in it, or has nothing any more: that listing needs no time of its own, and must not have one of
	 * before. */
	uint64_t mtime = folder.mtime_ns ? gfs_raised_get(fs->raised, nodeid, folder.mtime_ns) : record.btime_ns;
	gfs_attr_fill(st, nodeid, S_IFDIR, &record, 0, mtime);
	return err;
}

/* The relationship that `name` stands for in a folder, and the node at its other end. */
static int find_link(struct gfs_graph *graph, uint64_t nodeid, const char *name, uint64_t *ret_rel, uint64_t *ret_other)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	enum gfs_direction dir = direction_of(n.kind);
	GFS_AUTO_BUF memory = GFS_BUF_INIT;
	struct gfs_name_read read;
	struct gfs_rel_record rel;
	int err = gfs_name_read(name, true, &memory, &read);
	if (err == GFS_ERR_NOMEM)
		return err;
	if (!err && read.rel != 0 && gfs_rel_get(graph, read.rel, &rel) == 0) {
		uint64_t mine = dir == GFS_OUT ? rel.start : rel.end;
		uint64_t other = dir == GFS_OUT ? rel.end : rel.start;
		uint64_t named = read.id;
		if (named == 0 && gfs_node_find(graph, read.name, &named) != 0)
			named = 0;
		if (mine == n.id && rel.type == n.sub && named == other) {
			*ret_rel = read.rel;
			*ret_other = other;
			return 0;
		}
	}
	size_t count = 0;
	err = gfs_view_find_node(graph, name, ret_other);
	if (!err)
		err = gfs_rels_pair(graph, n.id, dir, n.sub, *ret_other, ret_rel, 1, &count);
	return err ? err : count > 0 ? 0 : GFS_ERR_NOTFOUND;
}

static uint64_t link_nodeid(enum gfs_direction dir, bool rel_view, uint64_t rel, const struct gfs_node_record *other)
{
	enum gfs_inode_kind kind = dir == GFS_OUT ? (rel_view ? GFS_INODE_OUT_REL : GFS_INODE_OUT_LINK)
											  : (rel_view ? GFS_INODE_IN_REL : GFS_INODE_IN_LINK);
	return gfs_nodeid_pack(kind, 0, other->link_generation, rel);
}

static int lookup_link(struct gfs_fs *fs, uint64_t nodeid, bool rel_view, const char *name, uint64_t *ret_child)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	struct gfs_node_record record;
	uint64_t rel, other;
	int err = live(fs, n.id, &record);
	if (!err)
		err = find_link(fs->graph, nodeid, name, &rel, &other);
	if (!err)
		err = gfs_node_get(fs->graph, other, &record);
	if (!err)
		gfs_view_note_alias(fs, name);
	if (!err)
		*ret_child = link_nodeid(direction_of(n.kind), rel_view, rel, &record);
	return err;
}

static int folder_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	if (strcmp(name, RELS_NAME) == 0) {
		enum gfs_inode_kind kind = n.kind == GFS_INODE_OUT_TYPE ? GFS_INODE_OUT_RELS : GFS_INODE_IN_RELS;
		*ret_child = gfs_nodeid_pack(kind, 0, n.sub, n.id);
		return 0;
	}
	return lookup_link(fs, nodeid, false, name, ret_child);
}

/* Cookies: the other node in the high bits, low bits of the relationship below, so that the place is known even when the entry has gone
 * meanwhile. Links of one pair are listed by those low bits. */
#define TAG_BITS 23u
#define TAG_OF(rel) ((rel) & ((UINT64_C(1) << TAG_BITS) - 1))
#define LINK_COOKIE(other, rel) (((other) << TAG_BITS | TAG_OF(rel)) + 1)
static_assert(GFS_ID_BITS + TAG_BITS < 63, "a cookie is a positive off_t");

struct link_listing {
	struct gfs_lister *l;
	uint64_t node;
	enum gfs_direction dir;
	uint16_t type;
	bool rel_view;
	bool full;
};

static int add_link(struct link_listing *s, const struct gfs_component *name, const struct gfs_node_record *record,
	uint64_t other, uint64_t rel, uint64_t lowest)
{
	struct gfs_component shown = *name;
	if (rel != lowest) { /* it will be listed without the number once it is the lowest */
		gfs_name_add_rel(&shown, other, rel);
		gfs_view_note_alias(s->l->fs, shown.text);
	}
	uint64_t child = link_nodeid(s->dir, s->rel_view, rel, record);
	s->full = !gfs_lister_add(s->l, shown.text, child, S_IFLNK, LINK_COOKIE(other, rel));
	return 0;
}

static int by_tag(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	uint64_t tx = TAG_OF(x), ty = TAG_OF(y);
	return tx != ty ? (tx > ty) - (tx < ty) : (x > y) - (x < y);
}

/* All relationships of one pair, from tag `from` on. */
static int list_pair(struct link_listing *s, uint64_t other, uint64_t from, const struct gfs_component *name,
	const struct gfs_node_record *record)
{
	size_t count = 0;
	uint64_t lowest = 0;
	int err = gfs_rels_pair(s->l->fs->graph, s->node, s->dir, s->type, other, &lowest, 1, &count);
	if (err || count == 0)
		return err;
	uint64_t *rels = calloc(count, sizeof *rels);
	if (!rels)
		return GFS_ERR_NOMEM;
	size_t room = count;
	err = gfs_rels_pair(s->l->fs->graph, s->node, s->dir, s->type, other, rels, room, &count);
	qsort(rels, room, sizeof *rels, by_tag);
	for (size_t i = 0; !err && i < room && !s->full; i++) {
		if (TAG_OF(rels[i]) >= from)
			err = add_link(s, name, record, other, rels[i], lowest);
	}
	free(rels);
	return err;
}

static int list_entries(struct link_listing *s, const struct gfs_adj_entry *entries, size_t count, uint64_t first_other,
	uint64_t first_tag, uint64_t *last_other)
{
	int err = 0;
	for (size_t i = 0; !err && i < count && !s->full; i++) {
		struct gfs_component name;
		struct gfs_node_record record;
		uint64_t other = entries[i].other;
		if (other == *last_other)
			continue;
		*last_other = other;
		err = gfs_view_node_name(s->l->fs->graph, other, GFS_PLACE_LINKS, &name, &record);
		bool single = i + 1 < count && entries[i + 1].other != other && other != first_other;
		if (!err && single)
			err = add_link(s, &name, &record, other, entries[i].rel, entries[i].rel);
		else if (!err)
			err = list_pair(s, other, other == first_other ? first_tag : 0, &name, &record);
	}
	return err;
}

static int list_links(struct gfs_lister *l, uint64_t nodeid, bool rel_view)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	struct link_listing s = { .l = l, .node = n.id, .dir = direction_of(n.kind), .type = n.sub, .rel_view = rel_view };
	struct gfs_adj_entry entries[LINKS_BATCH];
	struct gfs_node_record record;
	/* l->from is LINK_COOKIE of the last entry sent, that is (other, tag) + 1: exactly the first (other, tag) wanted. */
	uint64_t first_other = l->from >> TAG_BITS, first_tag = TAG_OF(l->from), last_other = 0;
	struct gfs_adj_entry from = { .other = first_other, .rel = 0 };
	int err = live(l->fs, n.id, &record);
	while (!err && !s.full) {
		size_t count = 0;
		err = gfs_rels_list(l->fs->graph, n.id, s.dir, n.sub, from, entries, LINKS_BATCH, &count);
		if (!err && count > 0)
			err = list_entries(&s, entries, count, first_other, first_tag, &last_other);
		if (count < LINKS_BATCH)
			break;
		from = (struct gfs_adj_entry){ .other = entries[count - 1].other + 1, .rel = 0 };
	}
	return err;
}

static int folder_list(struct gfs_lister *l, uint64_t nodeid)
{
	return list_links(l, nodeid, false);
}

static int check_new_link(
	struct gfs_edit *e, struct gfs_nodeid n, const char *name, const char *target, uint64_t *ret_other)
{
	GFS_AUTO_BUF memory = GFS_BUF_INIT;
	const char *last;
	uint64_t named;
	size_t count = 0;
	int err = gfs_view_target(target, "nodes", &last, &memory);
	if (!err)
		err = gfs_view_find_node(e->graph, last, ret_other);
	if (!err && (gfs_view_find_node(e->graph, name, &named) != 0 || named != *ret_other))
		err = GFS_ERR_PERM;
	if (!err)
		err = gfs_rels_pair(e->graph, n.id, direction_of(n.kind), n.sub, *ret_other, &named, 1, &count);
	if (!err && count > 0)
		err = GFS_ERR_EXISTS;
	/* A link in `in` is a relationship that starts at the other node: it needs that node's permission too. */
	if (!err && direction_of(n.kind) == GFS_IN)
		err = gfs_view_may_write(e, *ret_other);
	return err;
}

static int folder_symlink(
	struct gfs_edit *e, uint64_t nodeid, const char *name, const char *target, uint64_t *ret_child)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	enum gfs_direction dir = direction_of(n.kind);
	struct gfs_node_record record;
	uint64_t other, rel;
	int err = check_new_link(e, n, name, target, &other);
	if (!err)
		err = gfs_rel_create(e->tx, n.sub, dir == GFS_OUT ? n.id : other, dir == GFS_OUT ? other : n.id, &rel);
	if (!err)
		err = gfs_node_get(e->graph, other, &record);
	if (!err)
		*ret_child = link_nodeid(dir, false, rel, &record);
	return err;
}

static int folder_unlink(struct gfs_edit *e, uint64_t nodeid, const char *name)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	uint64_t rel, other;
	int err = find_link(e->graph, nodeid, name, &rel, &other);
	if (!err && direction_of(n.kind) == GFS_IN)
		err = gfs_view_may_write(e, other);
	return err ? err : gfs_rel_delete(e->tx, rel);
}

const struct gfs_view gfs_view_folder = {
	.attr = folder_attr,
	.lookup = folder_lookup,
	.list = folder_list,
	.symlink = folder_symlink,
	.unlink = folder_unlink,
	.setattr = gfs_view_setattr_follow,
};

/* ---- .rel ---- */

static int folder_rels_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	return lookup_link(fs, nodeid, true, name, ret_child);
}

static int folder_rels_list(struct gfs_lister *l, uint64_t nodeid)
{
	return list_links(l, nodeid, true);
}

const struct gfs_view gfs_view_folder_rels = {
	.attr = folder_attr,
	.lookup = folder_rels_lookup,
	.list = folder_rels_list,
	.setattr = gfs_view_setattr_follow,
};

/* ---- the symlinks ---- */

/* The relationship and its other end, when the nodeid still binds its name. */
static int link_live(struct gfs_fs *fs, uint64_t nodeid, struct gfs_rel_record *rel, struct gfs_component *name)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	struct gfs_node_record record;
	int err = gfs_rel_get(fs->graph, n.id, rel);
	if (!err)
		err = gfs_view_node_name(
			fs->graph, direction_of(n.kind) == GFS_OUT ? rel->end : rel->start, GFS_PLACE_LINKS, name, &record);
	if (err == GFS_ERR_NOTFOUND || (!err && record.link_generation != n.sub))
		return GFS_ERR_STALE;
	return err;
}

static int link_readlink(struct gfs_fs *fs, uint64_t nodeid, struct gfs_buf *out)
{
	struct gfs_rel_record rel;
	struct gfs_component name;
	int err = link_live(fs, nodeid, &rel, &name);
	if (err)
		return err;
	gfs_buf_printf(out, "../../../%s", name.text);
	return gfs_buf_failed(out);
}

static int link_rel_readlink(struct gfs_fs *fs, uint64_t nodeid, struct gfs_buf *out)
{
	struct gfs_rel_record rel;
	struct gfs_component name, type;
	int err = link_live(fs, nodeid, &rel, &name);
	if (!err)
		err = gfs_view_show_name(fs->graph, GFS_CATALOG_TYPE, rel.type, GFS_PLACE_NAMES, &type);
	if (err)
		return err;
	gfs_buf_printf(out, "../../../../../rels/%s/%llu", type.text, (unsigned long long)gfs_nodeid_unpack(nodeid).id);
	return gfs_buf_failed(out);
}

static int link_attr_of(
	struct gfs_fs *fs, uint64_t nodeid, struct stat *st, int (*readlink)(struct gfs_fs *, uint64_t, struct gfs_buf *))
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	GFS_AUTO_BUF target = GFS_BUF_INIT;
	struct gfs_rel_record rel;
	struct gfs_node_record mine;
	int err = readlink(fs, nodeid, &target);
	if (!err)
		err = gfs_rel_get(fs->graph, n.id, &rel);
	if (!err)
		err = gfs_node_get(fs->graph, direction_of(n.kind) == GFS_OUT ? rel.start : rel.end, &mine);
	if (!err)
		gfs_attr_fill(st, nodeid, S_IFLNK, &mine, target.size, rel.mtime_ns);
	return err;
}

static int link_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	return link_attr_of(fs, nodeid, st, link_readlink);
}

static int link_rel_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	return link_attr_of(fs, nodeid, st, link_rel_readlink);
}

const struct gfs_view gfs_view_link = {
	.attr = link_attr,
	.readlink = link_readlink,
	.setattr = gfs_view_setattr_follow,
};
const struct gfs_view gfs_view_link_rel = {
	.attr = link_rel_attr,
	.readlink = link_rel_readlink,
	.setattr = gfs_view_setattr_follow,
};
