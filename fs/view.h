/* One view a kind of inode: how it looks, what lies in it, how it is changed. ops.c finds the view by the nodeid's kind.
 *
 * `attr`, `lookup`, `readlink` and `list` run under the graph's shared lock; the others inside a transaction. A missing operation answers
 * GFS_ERR_NOTDIR (lookup, list), GFS_ERR_INVALID (readlink) or GFS_ERR_PERM (changes). A nodeid that no longer binds its name is GFS_ERR_STALE.
 * `running_lookup` and `running_list` stand in for `lookup` and `list` where those run a statement: they are called with no lock held. */
#ifndef GFS_FS_VIEW_H
#define GFS_FS_VIEW_H

#include "fs/fs_private.h"
#include "fs/names.h"

/* A directory being listed into a reply. */
struct gfs_lister {
	struct gfs_fs *fs;
	fuse_req_t req;
	bool plus;     /* with attributes, each a look-up */
	uint64_t from; /* cookie of the last entry the kernel has, less GFS_COOKIE_BASE */
	char *data;
	size_t size, used;
};
/* Cookies 1 and 2 are "." and ".."; a view's own begin above. A view's cookie c means "after the entry c"; 0: from the start. */
#define GFS_COOKIE_BASE 2u

/* Adds one entry; false when the reply is full (stop listing). `file_type`: S_IFDIR, S_IFREG or S_IFLNK. */
bool gfs_lister_add(struct gfs_lister *lister, const char *name, uint64_t nodeid, mode_t file_type, uint64_t cookie);

/* A change being made: one request, one transaction. */
struct gfs_edit {
	struct gfs_fs *fs;
	struct gfs_tx *tx;
	struct gfs_graph *graph;
	fuse_req_t req;
	uint32_t uid, gid;
};

struct gfs_view {
	int (*attr)(struct gfs_fs *fs, uint64_t nodeid, struct stat *st);
	int (*lookup)(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child);
	int (*readlink)(struct gfs_fs *fs, uint64_t nodeid, struct gfs_buf *out);
	int (*list)(struct gfs_lister *lister, uint64_t nodeid);
	int (*running_lookup)(struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid, const char *name, uint64_t *ret_child);
	int (*running_list)(struct gfs_lister *lister, uint64_t nodeid);
	int (*mkdir)(struct gfs_edit *edit, uint64_t nodeid, const char *name, mode_t mode, uint64_t *ret_child);
	int (*create)(struct gfs_edit *edit, uint64_t nodeid, const char *name, mode_t mode, uint64_t *ret_child);
	int (*symlink)(struct gfs_edit *edit, uint64_t nodeid, const char *name, const char *target, uint64_t *ret_child);
	int (*unlink)(struct gfs_edit *edit, uint64_t nodeid, const char *name);
	int (*rmdir)(struct gfs_edit *edit, uint64_t nodeid, const char *name);
	int (*setattr)(struct gfs_edit *edit, uint64_t nodeid, const struct stat *st, int to_set);
};

extern const struct gfs_view gfs_view_static;      /* view_static.c: root, fixed folders */
extern const struct gfs_view gfs_view_node;        /* view_node.c */
extern const struct gfs_view gfs_view_node_labels; /* view_labels.c */
extern const struct gfs_view gfs_view_node_label;
extern const struct gfs_view gfs_view_label;
extern const struct gfs_view gfs_view_label_node;
extern const struct gfs_view gfs_view_expr;       /* view_exprs.c */
extern const struct gfs_view gfs_view_found_node; /* view_found.c */
extern const struct gfs_view gfs_view_index;      /* view_index.c */
extern const struct gfs_view gfs_view_index_value;
extern const struct gfs_view gfs_view_query; /* view_query.c */
extern const struct gfs_view gfs_view_query_nodes;
extern const struct gfs_view gfs_view_side;        /* view_links.c: out, in */
extern const struct gfs_view gfs_view_folder;      /* out/TYPE, in/TYPE */
extern const struct gfs_view gfs_view_folder_rels; /* .rel */
extern const struct gfs_view gfs_view_link;        /* the symlinks in them */
extern const struct gfs_view gfs_view_link_rel;
extern const struct gfs_view gfs_view_type; /* view_rels.c */
extern const struct gfs_view gfs_view_rel;
extern const struct gfs_view gfs_view_rel_end; /* from, to */
extern const struct gfs_view gfs_view_prop;    /* view_props.c */
extern const struct gfs_view gfs_view_json;    /* view_node.c */
extern const struct gfs_view gfs_view_import;  /* view_import.c */
extern const struct gfs_view gfs_view_control; /* view_control.c */

const struct gfs_view *gfs_view_of(uint64_t nodeid);
/* False for the few control files that answer also while a statement holds the graph. */
bool gfs_view_needs_graph(uint64_t nodeid);

/* ---- shared by views (view.c) ---- */

/* Attributes of something that follows node `record`: a directory, file (mode & 0666) or symlink. Times are `mtime_ns`. */
void gfs_attr_fill(struct stat *st, uint64_t nodeid, mode_t file_type, const struct gfs_node_record *record,
	uint64_t size, uint64_t mtime_ns);
/* Attributes of something that belongs to the mount. */
void gfs_attr_fill_fixed(
	const struct gfs_fs *fs, struct stat *st, uint64_t nodeid, mode_t mode, uint64_t size, uint64_t mtime_ns);
/* A time that a caller sets. Those that nanoseconds since 1970 cannot hold (before it, after 2262) become the nearest that they can. Never 0, which
 * stands for the present in graph/: the epoch itself is its first nanosecond. */
uint64_t gfs_view_time_ns(const struct timespec *t);
/* The node of a name in /nodes: by key, or @ID. GFS_ERR_NOTFOUND. */
int gfs_view_find_node(struct gfs_graph *graph, const char *name, uint64_t *ret_id) GFS_CHECK;
/* The shown name of a node, and its record. */
int gfs_view_node_name(struct gfs_graph *graph, uint64_t id, enum gfs_name_place place, struct gfs_component *ret_name,
	struct gfs_node_record *ret_record) GFS_CHECK;
uint64_t gfs_view_nodeid_of_node(uint64_t id, const struct gfs_node_record *record);
/* The link to it in a computed folder, `depth` folders below the root. */
uint64_t gfs_view_nodeid_of_found(uint64_t id, const struct gfs_node_record *record, unsigned depth);
/* Notes that `name` may be one of several by which the kernel knows the same link: it is not plainly the listed one. */
void gfs_view_note_alias(struct gfs_fs *fs, const char *name);
/* In the listing of /labels or /rels, and so there: something has it, or mkdir made it. */
static inline bool gfs_view_is_listed(const struct gfs_catalog_entry *entry)
{
	return entry->made || entry->count > 0;
}
/* The label, type or property key of a component. GFS_ERR_NOTFOUND. */
int gfs_view_find_name(
	struct gfs_graph *graph, enum gfs_catalog_kind kind, const char *name, uint16_t *ret_id) GFS_CHECK;
/* As gfs_view_find_name, and GFS_ERR_NOTFOUND for a label or type that nothing has, and that was not made: it is known but not there. */
int gfs_view_find_listed(
	struct gfs_graph *graph, enum gfs_catalog_kind kind, const char *name, uint16_t *ret_id) GFS_CHECK;
/* As gfs_view_find_name, made when new. */
int gfs_view_make_name(struct gfs_edit *edit, enum gfs_catalog_kind kind, const char *name, uint16_t *ret_id) GFS_CHECK;
int gfs_view_show_name(struct gfs_graph *graph, enum gfs_catalog_kind kind, uint16_t id, enum gfs_name_place place,
	struct gfs_component *ret_name) GFS_CHECK;
/* The last component of a symlink's target, when the rest is a path that `folder` ("nodes", "labels", "rels") may be reached by; GFS_ERR_PERM. */
int gfs_view_target(const char *target, const char *folder, const char **ret_last, struct gfs_buf *memory) GFS_CHECK;
/* GFS_ERR_ACCESS unless the caller may write to the node. */
int gfs_view_may_write(const struct gfs_edit *edit, uint64_t node) GFS_CHECK;
/* Accepts times (which follow from the data), what would change nothing, and any mode of what follows a node (it stays as the node's);
 * GFS_ERR_PERM for another owner, or mode of the mount's own folders. */
int gfs_view_setattr_follow(struct gfs_edit *edit, uint64_t nodeid, const struct stat *st, int to_set) GFS_CHECK;

/* A label expression in /labels (view_exprs.c). GFS_ERR_NOTFOUND also when it is none, or names a label that does not exist. */
int gfs_view_expr_lookup(struct gfs_fs *fs, const char *name, uint64_t *ret_child) GFS_CHECK;

/* /index itself (view_index.c). */
int gfs_view_index_lookup(struct gfs_fs *fs, const char *name, uint64_t *ret_child) GFS_CHECK;
int gfs_view_index_list(struct gfs_lister *lister) GFS_CHECK;
int gfs_view_index_mkdir(struct gfs_edit *edit, const char *name, uint64_t *ret_child) GFS_CHECK;
int gfs_view_index_rmdir(struct gfs_edit *edit, const char *name) GFS_CHECK;
/* After the commit that made `nodeid`, with no lock held: when that is an index, waits until it is built. GFS_ERR_INTERRUPTED: it goes on being
 * built. When no other thread could go on meanwhile it does not wait. */
int gfs_view_index_await(struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid) GFS_CHECK;

/* /query itself (view_query.c); `flags` RENAME_*. */
int gfs_view_query_lookup(struct gfs_fs *fs, const char *name, uint64_t *ret_child) GFS_CHECK;
int gfs_view_query_list(struct gfs_lister *lister) GFS_CHECK;
int gfs_view_query_mkdir(struct gfs_edit *edit, const char *name, uint64_t *ret_child) GFS_CHECK;
int gfs_view_query_rmdir(struct gfs_edit *edit, const char *name) GFS_CHECK;
int gfs_view_query_rename(struct gfs_edit *edit, const char *from, const char *to, unsigned flags) GFS_CHECK;

/* ---- properties of nodes and relationships (view_props.c) ---- */

int gfs_props_lookup(struct gfs_fs *fs, struct gfs_entity entity, const char *name, uint64_t *ret_child) GFS_CHECK;
int gfs_props_list(
	struct gfs_lister *lister, struct gfs_entity entity, uint64_t from_key, uint64_t cookie_base) GFS_CHECK;
int gfs_props_create(
	struct gfs_edit *edit, struct gfs_entity entity, const char *name, mode_t mode, uint64_t *ret_child) GFS_CHECK;
int gfs_props_unlink(struct gfs_edit *edit, struct gfs_entity entity, const char *name) GFS_CHECK;
/* rename(2) of a property; `flags` RENAME_*. */
int gfs_props_rename(struct gfs_edit *edit, struct gfs_entity from, const char *from_name, struct gfs_entity to,
	const char *to_name, unsigned flags) GFS_CHECK;
/* The entity whose properties a directory shows: nodes and relationships. False for other directories. */
bool gfs_view_entity(uint64_t dir_nodeid, struct gfs_entity *ret_entity);

#endif
