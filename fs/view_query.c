/* /query/NAME: saved queries. mkdir makes one, rmdir removes it, mv renames it; its text is the file `cypher`, its results are read from the other files,
 * and nodes/ has links to the nodes that it returns.
 *
 * Statements see everything whatever the modes of nodes are, so all of it belongs to the owner of the mount alone. What lies in a query's folder cannot be
 * removed, but says that it was, so that rm -r comes to the rmdir of the query. */
#include "fs/queries.h"
#include "fs/query_file.h"
#include "fs/view.h"
#include "graph/saved_query.h"

#include <string.h>

/* Ids in nodeids, and cookies; nodes/ follows the files. */
static const char *const files[GFS_QUERY_FILE_END] = {
	[GFS_QUERY_CYPHER] = "cypher",
	[GFS_QUERY_CSV] = "result.csv",
	[GFS_QUERY_JSON] = "result.json",
	[GFS_QUERY_TXT] = "result.txt",
	[GFS_QUERY_EXPLAIN] = "explain",
};
#define NODES_NAME "nodes"

static uint16_t number_of(uint64_t nodeid)
{
	return gfs_nodeid_unpack(nodeid).sub;
}

/* 0: the folder. */
static uint64_t file_of(uint64_t nodeid)
{
	return gfs_nodeid_unpack(nodeid).id;
}

static uint64_t nodeid_of(uint16_t number, uint64_t file)
{
	return gfs_nodeid_pack(GFS_INODE_QUERY, 0, number, file);
}

static uint64_t nodes_of(uint16_t number)
{
	return gfs_nodeid_pack(GFS_INODE_QUERY_NODES, 0, number, 0);
}

static int get(struct gfs_fs *fs, uint64_t nodeid, struct gfs_saved_query *ret_query)
{
	int err = gfs_saved_query_get(fs->graph, number_of(nodeid), ret_query);
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err;
}

/* ---- /query ---- */

static int find(struct gfs_graph *graph, const char *name, uint16_t *ret_number)
{
	GFS_AUTO_BUF memory = GFS_BUF_INIT;
	struct gfs_name_read read;
	int err = gfs_name_read(name, false, &memory, &read);
	if (err)
		return err == GFS_ERR_NOMEM ? err : GFS_ERR_NOTFOUND;
	return read.id != 0 ? GFS_ERR_NOTFOUND : gfs_saved_query_find(graph, read.name, ret_number);
}

/* A name that can be listed. */
static int read_new_name(const char *component, struct gfs_buf *memory, struct gfs_slice *ret_name)
{
	struct gfs_name_read read;
	struct gfs_component shown;
	int err = gfs_name_read(component, false, memory, &read);
	if (!err && read.id != 0)
		err = GFS_ERR_INVALID;
	if (!err)
		err = gfs_name_show(read.name, GFS_PLACE_NAMES, &shown);
	if (!err)
		*ret_name = read.name;
	return err;
}

int gfs_view_query_lookup(struct gfs_fs *fs, const char *name, uint64_t *ret_child)
{
	uint16_t number;
	int err = find(fs->graph, name, &number);
	if (!err)
		*ret_child = nodeid_of(number, 0);
	return err;
}

int gfs_view_query_list(struct gfs_lister *l)
{
	struct gfs_saved_query query;
	for (uint64_t from = l->from + 1; from <= GFS_NAME_ID_MAX; from = query.number + 1u) {
		struct gfs_component name;
		int err = gfs_saved_query_next(l->fs->graph, (unsigned)from, &query);
		if (!err)
			err = gfs_name_show(gfs_saved_query_name(&query), GFS_PLACE_NAMES, &name);
		if (err)
			return err == GFS_ERR_NOTFOUND ? 0 : err;
		if (!gfs_lister_add(l, name.text, nodeid_of(query.number, 0), S_IFDIR, query.number))
			break;
	}
	return 0;
}

int gfs_view_query_mkdir(struct gfs_edit *e, const char *name, uint64_t *ret_child)
{
	GFS_AUTO_BUF memory = GFS_BUF_INIT;
	struct gfs_slice text;
	uint16_t number;
	int err = read_new_name(name, &memory, &text);
	if (!err)
		err = gfs_saved_query_make(e->tx, text, &number);
	if (!err)
		*ret_child = nodeid_of(number, 0);
	return err;
}

int gfs_view_query_rmdir(struct gfs_edit *e, const char *name)
{
	uint16_t number;
	int err = find(e->graph, name, &number);
	return err ? err : gfs_saved_query_remove(e->tx, number);
}

/* One that is in the way is never empty, so it is not replaced. */
int gfs_view_query_rename(struct gfs_edit *e, const char *from, const char *to, unsigned flags)
{
	GFS_AUTO_BUF memory = GFS_BUF_INIT;
	struct gfs_slice name;
	uint16_t number;
	if (flags & RENAME_EXCHANGE)
		return GFS_ERR_INVALID;
	int err = find(e->graph, from, &number);
	if (!err)
		err = read_new_name(to, &memory, &name);
	if (!err)
		err = gfs_saved_query_rename(e->tx, number, name);
	return err == GFS_ERR_EXISTS && !(flags & RENAME_NOREPLACE) ? GFS_ERR_NOTEMPTY : err;
}

/* ---- /query/NAME ---- */

/* How long a result is shows only when it is read: 0, as in /proc. */
static int query_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	struct gfs_saved_query query;
	uint64_t file = file_of(nodeid);
	int err = get(fs, nodeid, &query);
	if (err)
		return err;
	if (file == 0)
		gfs_attr_fill_fixed(fs, st, nodeid, S_IFDIR | 0700, 0, query.mtime_ns);
	else if (file == GFS_QUERY_CYPHER)
		gfs_attr_fill_fixed(fs, st, nodeid, S_IFREG | 0600, query.text_bytes, query.mtime_ns);
	else
		gfs_attr_fill_fixed(fs, st, nodeid, S_IFREG | 0400, 0, query.mtime_ns);
	return 0;
}

static int query_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	struct gfs_saved_query query;
	int err = file_of(nodeid) != 0 ? GFS_ERR_NOTDIR : get(fs, nodeid, &query);
	if (err)
		return err;
	*ret_child = nodes_of(query.number);
	if (strcmp(name, NODES_NAME) == 0)
		return 0;
	for (unsigned i = GFS_QUERY_CYPHER; i < GFS_QUERY_FILE_END; i++) {
		*ret_child = nodeid_of(query.number, i);
		if (strcmp(name, files[i]) == 0)
			return 0;
	}
	return GFS_ERR_NOTFOUND;
}

static int query_list(struct gfs_lister *l, uint64_t nodeid)
{
	struct gfs_saved_query query;
	int err = file_of(nodeid) != 0 ? GFS_ERR_NOTDIR : get(l->fs, nodeid, &query);
	if (err)
		return err;
	for (uint64_t i = l->from + 1; i < GFS_QUERY_FILE_END; i++) {
		if (!gfs_lister_add(l, files[i], nodeid_of(query.number, i), S_IFREG, i))
			return 0;
	}
	if (l->from < GFS_QUERY_FILE_END)
		(void)gfs_lister_add(
			l, NODES_NAME, nodes_of(query.number), S_IFDIR, GFS_QUERY_FILE_END); /* the last: full or not */
	return 0;
}

static int query_unlink(struct gfs_edit *e, uint64_t nodeid, const char *name)
{
	uint64_t child;
	return query_lookup(e->fs, nodeid, name, &child);
}

static int query_setattr(struct gfs_edit *e, uint64_t nodeid, const struct stat *st, int to_set)
{
	bool cut = file_of(nodeid) != 0 && (to_set & FUSE_SET_ATTR_SIZE);
	int err = gfs_view_setattr_follow(e, nodeid, st, cut ? to_set & ~FUSE_SET_ATTR_SIZE : to_set);
	return err || !cut ? err : gfs_query_file_truncate(e, nodeid, (uint64_t)st->st_size);
}

const struct gfs_view gfs_view_query = {
	.attr = query_attr,
	.lookup = query_lookup,
	.list = query_list,
	.unlink = query_unlink,
	.rmdir = query_unlink,
	.setattr = query_setattr,
};

/* ---- /query/NAME/nodes ---- */

static int nodes_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	struct gfs_saved_query query;
	int err = get(fs, nodeid, &query);
	if (!err)
		gfs_attr_fill_fixed(fs, st, nodeid, S_IFDIR | 0700, 0, query.mtime_ns);
	return err;
}

static int nodes_lookup(struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	struct gfs_query_nodes *nodes;
	struct gfs_node_record record;
	uint64_t id;
	int err = gfs_queries_nodes(fs, req, number_of(nodeid), false, &nodes);
	if (err)
		return err;
	gfs_graph_read_begin(fs->graph);
	err = gfs_view_find_node(fs->graph, name, &id);
	if (!err && !gfs_query_nodes_have(nodes, id))
		err = GFS_ERR_NOTFOUND;
	if (!err)
		err = gfs_node_get(fs->graph, id, &record);
	if (!err)
		*ret_child = gfs_view_nodeid_of_found(id, &record, GFS_QUERY_DEPTH);
	gfs_graph_read_end(fs->graph);
	gfs_queries_put(fs->queries, nodes);
	return err;
}

/* Nodes that have gone since the query ran are left out. */
static int list_nodes(struct gfs_lister *l, const struct gfs_query_nodes *nodes)
{
	for (uint64_t id = l->from; gfs_query_nodes_next(nodes, id + 1, &id);) {
		struct gfs_component name;
		struct gfs_node_record record;
		int err = gfs_view_node_name(l->fs->graph, id, GFS_PLACE_NODES, &name, &record);
		if (err == GFS_ERR_NOTFOUND)
			continue;
		if (err)
			return err;
		if (!gfs_lister_add(l, name.text, gfs_view_nodeid_of_found(id, &record, GFS_QUERY_DEPTH), S_IFLNK, id))
			break;
	}
	return 0;
}

static int nodes_list(struct gfs_lister *l, uint64_t nodeid)
{
	struct gfs_query_nodes *nodes;
	int err = gfs_queries_nodes(l->fs, l->req, number_of(nodeid), l->from != 0, &nodes);
	if (err)
		return err;
	gfs_graph_read_begin(l->fs->graph);
	err = list_nodes(l, nodes);
	gfs_graph_read_end(l->fs->graph);
	gfs_queries_put(l->fs->queries, nodes);
	return err;
}

static int nodes_unlink(struct gfs_edit *e, uint64_t nodeid, const char *name)
{
	struct gfs_saved_query query;
	(void)name;
	return get(e->fs, nodeid, &query);
}

const struct gfs_view gfs_view_query_nodes = {
	.attr = nodes_attr,
	.running_lookup = nodes_lookup,
	.running_list = nodes_list,
	.unlink = nodes_unlink,
	.setattr = gfs_view_setattr_follow,
};
