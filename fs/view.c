#include "fs/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct gfs_view *gfs_view_of(uint64_t nodeid)
{
	static const struct gfs_view *const views[GFS_INODE_KIND_COUNT] = {
		[GFS_INODE_STATIC] = &gfs_view_static,
		[GFS_INODE_NODE] = &gfs_view_node,
		[GFS_INODE_NODE_LABELS] = &gfs_view_node_labels,
		[GFS_INODE_NODE_OUT] = &gfs_view_side,
		[GFS_INODE_NODE_IN] = &gfs_view_side,
		[GFS_INODE_NODE_JSON] = &gfs_view_json,
		[GFS_INODE_NODE_LABEL] = &gfs_view_node_label,
		[GFS_INODE_OUT_TYPE] = &gfs_view_folder,
		[GFS_INODE_IN_TYPE] = &gfs_view_folder,
		[GFS_INODE_OUT_RELS] = &gfs_view_folder_rels,
		[GFS_INODE_IN_RELS] = &gfs_view_folder_rels,
		[GFS_INODE_OUT_LINK] = &gfs_view_link,
		[GFS_INODE_IN_LINK] = &gfs_view_link,
		[GFS_INODE_OUT_REL] = &gfs_view_link_rel,
		[GFS_INODE_IN_REL] = &gfs_view_link_rel,
		[GFS_INODE_NODE_PROP] = &gfs_view_prop,
		[GFS_INODE_LABEL] = &gfs_view_label,
		[GFS_INODE_LABEL_NODE] = &gfs_view_label_node,
		[GFS_INODE_TYPE] = &gfs_view_type,
		[GFS_INODE_REL] = &gfs_view_rel,
		[GFS_INODE_REL_FROM] = &gfs_view_rel_end,
		[GFS_INODE_REL_TO] = &gfs_view_rel_end,
		[GFS_INODE_REL_PROP] = &gfs_view_prop,
		[GFS_INODE_IMPORT] = &gfs_view_import,
		[GFS_INODE_IMPORT_ERROR] = &gfs_view_import,
		[GFS_INODE_CONTROL] = &gfs_view_control,
		[GFS_INODE_EXPR] = &gfs_view_expr,
		[GFS_INODE_FOUND_NODE] = &gfs_view_found_node,
		[GFS_INODE_INDEX] = &gfs_view_index,
		[GFS_INODE_INDEX_VALUE] = &gfs_view_index_value,
		[GFS_INODE_QUERY] = &gfs_view_query,
		[GFS_INODE_QUERY_NODES] = &gfs_view_query_nodes,
	};
	static const struct gfs_view nothing = { 0 };
	enum gfs_inode_kind kind = gfs_nodeid_unpack(nodeid).kind;
	return kind < GFS_INODE_KIND_COUNT ? views[kind] : &nothing;
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) };
}

static void fill(struct stat *st, uint64_t nodeid, mode_t mode, uint64_t size, uint64_t mtime_ns, uint64_t ctime_ns)
{
	*st = (struct stat){
		.st_ino = gfs_nodeid_ino(nodeid),
		.st_mode = mode,
		.st_nlink = 1,
		.st_size = (off_t)size,
		.st_blocks = S_ISREG(mode) ? (blkcnt_t)((size + 511) / 512) : 0,
		.st_blksize = 4096,
		.st_mtim = timespec_of(mtime_ns),
		.st_ctim = timespec_of(ctime_ns),
	};
	st->st_atim = st->st_mtim;
}

void gfs_attr_fill(struct stat *st, uint64_t nodeid, mode_t file_type, const struct gfs_node_record *record,
	uint64_t size, uint64_t mtime_ns)
{
	mode_t mode = S_ISLNK(file_type) ? 0777 : S_ISREG(file_type) ? record->mode & 0666 : record->mode;
	/* Only the node itself shows its ctime: what follows it would change without being told of. */
	bool is_node = gfs_nodeid_unpack(nodeid).kind == GFS_INODE_NODE;
	uint64_t changed_ns = is_node && record->ctime_ns > mtime_ns ? record->ctime_ns : mtime_ns;
	fill(st, nodeid, file_type | mode, size, mtime_ns, changed_ns);
	st->st_uid = record->uid;
	st->st_gid = record->gid;
}

void gfs_attr_fill_fixed(
	const struct gfs_fs *fs, struct stat *st, uint64_t nodeid, mode_t mode, uint64_t size, uint64_t mtime_ns)
{
	fill(st, nodeid, mode, size, mtime_ns, mtime_ns);
	st->st_uid = fs->opts.uid;
	st->st_gid = fs->opts.gid;
}

uint64_t gfs_view_time_ns(const struct timespec *t)
{
	enum { NS_PER_S = 1000000000 };
	if (t->tv_sec < 0 || (t->tv_sec == 0 && t->tv_nsec == 0))
		return 1; /* 0 stands for the present in graph/ */
	if (t->tv_sec >= INT64_MAX / NS_PER_S)
		return INT64_MAX;
	return (uint64_t)t->tv_sec * NS_PER_S + (uint64_t)t->tv_nsec;
}

int gfs_view_find_node(struct gfs_graph *graph, const char *name, uint64_t *ret_id)
{
	GFS_AUTO_BUF memory = GFS_BUF_INIT;
	struct gfs_name_read read;
	int err = gfs_name_read(name, false, &memory, &read);
	if (err)
		return err == GFS_ERR_NOMEM ? err : GFS_ERR_NOTFOUND;
	if (read.id != 0) {
		struct gfs_node_record record;
		err = gfs_node_get(graph, read.id, &record);
		*ret_id = read.id;
		return err;
	}
	return gfs_node_find(graph, read.name, ret_id);
}

/* Other spellings of a name have one of these in them, or its listed form has; what has none is written in one way only. */
void gfs_view_note_alias(struct gfs_fs *fs, const char *name)
{
	bool plain = name[0] != '.';
	for (const char *c = name; plain && *c != '\0'; c++)
		plain = (uint8_t)*c >= 0x20 && *c != 0x7f && *c != '%' && *c != '@' && *c != '~';
	if (!plain)
		atomic_store_explicit(&fs->aliases, true, memory_order_relaxed);
}

uint64_t gfs_view_nodeid_of_node(uint64_t id, const struct gfs_node_record *record)
{
	return gfs_nodeid_pack(GFS_INODE_NODE, 0, record->dir_generation, id);
}

int gfs_view_node_name(struct gfs_graph *graph, uint64_t id, enum gfs_name_place place, struct gfs_component *ret_name,
	struct gfs_node_record *ret_record)
{
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	int err = ret_record ? gfs_node_get(graph, id, ret_record) : 0;
	if (err)
		return err;
	err = gfs_node_key(graph, id, &key);
	if (err && err != GFS_ERR_NODATA)
		return err;
	gfs_name_show_node(gfs_buf_slice(&key), id, place, ret_name);
	return 0;
}

static int read_name(const char *name, struct gfs_buf *memory, struct gfs_name_read *read)
{
	return gfs_name_read(name, false, memory, read);
}

int gfs_view_find_name(struct gfs_graph *graph, enum gfs_catalog_kind kind, const char *name, uint16_t *ret_id)
{
	GFS_AUTO_BUF memory = GFS_BUF_INIT;
	struct gfs_name_read read;
	int err = read_name(name, &memory, &read);
	if (err)
		return err == GFS_ERR_NOMEM ? err : GFS_ERR_NOTFOUND;
	if (read.id != 0) {
		struct gfs_catalog_entry entry;
		if (read.id > GFS_NAME_ID_MAX)
			return GFS_ERR_NOTFOUND;
		*ret_id = (uint16_t)read.id;
		return gfs_catalog_get(gfs_graph_catalog(graph), kind, *ret_id, &entry);
	}
	return gfs_catalog_find(gfs_graph_catalog(graph), kind, read.name, ret_id);
}

int gfs_view_find_listed(struct gfs_graph *graph, enum gfs_catalog_kind kind, const char *name, uint16_t *ret_id)
{
	struct gfs_catalog_entry entry;
	int err = gfs_view_find_name(graph, kind, name, ret_id);
	if (!err)
		err = gfs_catalog_get(gfs_graph_catalog(graph), kind, *ret_id, &entry);
	return err ? err : gfs_view_is_listed(&entry) ? 0 : GFS_ERR_NOTFOUND;
}

int gfs_view_make_name(struct gfs_edit *edit, enum gfs_catalog_kind kind, const char *name, uint16_t *ret_id)
{
	GFS_AUTO_BUF memory = GFS_BUF_INIT;
	struct gfs_name_read read;
	int err = read_name(name, &memory, &read);
	if (err)
		return err;
	if (read.id != 0)
		return gfs_view_find_name(edit->graph, kind, name, ret_id);
	return gfs_name_make(edit->tx, kind, read.name, ret_id);
}

int gfs_view_show_name(struct gfs_graph *graph, enum gfs_catalog_kind kind, uint16_t id, enum gfs_name_place place,
	struct gfs_component *ret_name)
{
	struct gfs_catalog_entry entry;
	int err = gfs_catalog_get(gfs_graph_catalog(graph), kind, id, &entry);
	if (err)
		return err;
	gfs_name_show_id(entry.name, id, place, ret_name);
	return 0;
}

/* What may stand before the last component: nothing, dots only, or anything whose own last component is the folder's name. */
static bool is_path_to(const char *path, size_t size, const char *folder)
{
	size_t f = strlen(folder);
	while (size > 0 && path[size - 1] == '/')
		size--;
	if (size >= f && memcmp(path + size - f, folder, f) == 0 && (size == f || path[size - f - 1] == '/'))
		return true;
	if (size > 0 && path[0] == '/')
		return false;
	for (size_t i = 0; i < size; i++) {
		if (path[i] != '.' && path[i] != '/')
			return false;
	}
	return true;
}

int gfs_view_target(const char *target, const char *folder, const char **ret_last, struct gfs_buf *memory)
{
	size_t size = strlen(target);
	while (size > 1 && target[size - 1] == '/')
		size--;
	size_t start = size;
	while (start > 0 && target[start - 1] != '/')
		start--;
	if (start == size || !is_path_to(target, start, folder))
		return GFS_ERR_PERM;
	if (size - start <= 2 && strncmp(target + start, "..", size - start) == 0)
		return GFS_ERR_PERM; /* a step, not a name */
	gfs_buf_append(memory, target + start, size - start);
	gfs_buf_append_u8(memory, 0);
	int err = gfs_buf_failed(memory);
	*ret_last = (const char *)memory->data;
	return err;
}

/* Whether "Groups:" of a status file names `gid`. */
static bool names_group(const char *line, uint32_t gid)
{
	static const char head[] = "Groups:";
	if (strncmp(line, head, sizeof head - 1) != 0)
		return false;
	const char *at = line + sizeof head - 1;
	for (;;) {
		char *end;
		unsigned long group = strtoul(at, &end, 10);
		if (end == at)
			return false;
		if (group == gid)
			return true;
		at = end;
	}
}

/* The caller's supplementary groups, from /proc. (libfuse 3.14's own fuse_req_getgroups reads past the end of its buffer.) */
static bool in_groups(fuse_req_t req, uint32_t gid)
{
	char path[64];
	char *line = NULL;
	size_t size = 0;
	bool in = false;
	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)fuse_req_ctx(req)->pid); /* fits */
	FILE *f = fopen(path, "re");
	while (f && !in && getline(&line, &size, f) > 0)
		in = names_group(line, gid);
	free(line);
	if (f)
		(void)fclose(f); /* only read */
	return in;
}

/* As the kernel decides: who is in the group has the group's rights, be they less than those of others. */
int gfs_view_may_write(const struct gfs_edit *edit, uint64_t node)
{
	struct gfs_node_record record;
	int err = gfs_node_get(edit->graph, node, &record);
	if (err || edit->uid == 0)
		return err;
	bool group = record.mode & 0020, others = record.mode & 0002;
	bool may = others;
	if (edit->uid == record.uid)
		may = record.mode & 0200;
	else if (edit->gid == record.gid || (group != others && in_groups(edit->req, record.gid)))
		may = group;
	return may ? 0 : GFS_ERR_ACCESS;
}

/* Does its mode follow a node's, rather than being the mount's own? */
static bool follows_node(uint64_t nodeid)
{
	switch (gfs_nodeid_unpack(nodeid).kind) {
	case GFS_INODE_STATIC:
	case GFS_INODE_LABEL:
	case GFS_INODE_TYPE:
	case GFS_INODE_IMPORT:
	case GFS_INODE_IMPORT_ERROR:
	case GFS_INODE_CONTROL:
	case GFS_INODE_EXPR:
	case GFS_INODE_INDEX:
	case GFS_INODE_INDEX_VALUE:
	case GFS_INODE_QUERY:
	case GFS_INODE_QUERY_NODES:
		return false;
	default:
		return true;
	}
}

int gfs_view_setattr_follow(struct gfs_edit *edit, uint64_t nodeid, const struct stat *st, int to_set)
{
	struct stat now;
	const struct gfs_view *view = gfs_view_of(nodeid);
	int err = view->attr ? view->attr(edit->fs, nodeid, &now) : GFS_ERR_STALE;
	if (err)
		return err;
	/* rsync, tar, cp -p, install and most editors set the mode of what they have made, and give up when that fails. */
	bool mode = (to_set & FUSE_SET_ATTR_MODE) && ((st->st_mode ^ now.st_mode) & 07777) && !follows_node(nodeid);
	bool owner = ((to_set & FUSE_SET_ATTR_UID) && st->st_uid != now.st_uid) ||
		((to_set & FUSE_SET_ATTR_GID) && st->st_gid != now.st_gid);
	return mode || owner || (to_set & FUSE_SET_ATTR_SIZE) ? GFS_ERR_PERM : 0;
}

bool gfs_view_entity(uint64_t dir_nodeid, struct gfs_entity *ret_entity)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(dir_nodeid);
	if (n.kind != GFS_INODE_NODE && n.kind != GFS_INODE_REL)
		return false;
	*ret_entity = (struct gfs_entity){ n.kind == GFS_INODE_NODE ? GFS_NODE : GFS_REL, n.id };
	return true;
}
