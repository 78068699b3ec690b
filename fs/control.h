/* What the files of /.graphfs share: control.c the tree, control_cache.c a cache layer's folder, control_query.c what the query layer's has beside and the folder query,
 * control_index.c the folders of indexes, control_stats.c the statistics, view_control.c how it looks. */
#ifndef GFS_FS_CONTROL_H
#define GFS_FS_CONTROL_H

#include "fs/fs_private.h"
#include "fs/names.h"

/* gfs_control_read for callers that hold the graph lock, which is not recursive. */
int gfs_control_text(struct gfs_fs *fs, uint64_t id, struct gfs_buf *out) GFS_CHECK;

/* Of files that are only written to, and of cypher. */
void gfs_control_show_nothing(struct gfs_fs *fs, struct gfs_buf *out);
/* Everything that is counted, in the text format of Prometheus (version 0.0.4). The graph lock is held shared. */
void gfs_control_show_stats(struct gfs_fs *fs, struct gfs_buf *out);

/* The files of each cache/LAYER. */
struct gfs_control_layer_file {
	const char *name;
	void (*show)(const struct gfs_cache_stats *stats, struct gfs_buf *out);
	/* Takes what was written, without its newline. NULL: read-only. */
	int (*store)(struct gfs_cache_budget *budget, enum gfs_cache_layer layer, struct gfs_slice text);
};
extern const struct gfs_control_layer_file gfs_control_layer_files[];
extern const size_t gfs_control_layer_file_count;

/* False: the file, or what lies in the folder, is shown without the graph lock, also while a statement holds that. */
bool gfs_control_needs_graph(uint64_t id);

/* The files that cache/query has beside them: plans and results apart. */
struct gfs_control_query_file {
	const char *name;
	bool is_private; /* the owner's alone */
	void (*show)(struct gfs_fs *fs, struct gfs_buf *out);
	/* Takes what was written, without its newline. NULL: read-only. */
	int (*store)(struct gfs_fs *fs, struct gfs_slice text);
};
extern const struct gfs_control_query_file gfs_control_query_files[];
extern const size_t gfs_control_query_file_count;
/* Those of the folder query, without the graph lock. */
extern const struct gfs_control_query_file gfs_control_limit_files[];
extern const size_t gfs_control_limit_file_count;

/* ---- control_index.c: what lies below the folder GFS_CONTROL_INDEX, which changes with the indexes. Under the graph lock ---- */

bool gfs_control_is_index(uint64_t id);
bool gfs_control_index_is_dir(uint64_t id);
/* GFS_ERR_STALE, GFS_ERR_ISDIR. */
int gfs_control_index_text(struct gfs_fs *fs, uint64_t id, struct gfs_buf *out) GFS_CHECK;
/* As gfs_control_next and _lookup; dir_id is GFS_CONTROL_INDEX or the folder of an index. */
int gfs_control_index_next(
	struct gfs_fs *fs, uint64_t dir_id, uint64_t from, uint64_t *ret_id, struct gfs_component *ret_name) GFS_CHECK;
int gfs_control_index_lookup(struct gfs_fs *fs, uint64_t dir_id, const char *name, uint64_t *ret_id) GFS_CHECK;

#endif
