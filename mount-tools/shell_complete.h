/* What may stand at the cursor of the shell. */
#ifndef GFS_MOUNT_TOOLS_SHELL_COMPLETE_H
#define GFS_MOUNT_TOOLS_SHELL_COMPLETE_H

#include "base/arena.h"
#include "query/query.h"

/* Where names come from: a database, or a mount point. */
struct gfs_shell_world {
	struct gfs_graph *graph; /* NULL: a mount */
	struct gfs_engine *engine;
	const char *mount;
};

struct gfs_completions {
	struct gfs_slice *words; /* in order, without doubles */
	size_t count;
	size_t typed; /* bytes before the cursor that they begin with, in any case of letters for keywords and functions */
};

/* `line` up to the cursor: after ':' labels and types, after '.' property keys, after '$' nothing, else keywords, functions and procedures. All is in `arena`. */
int gfs_shell_complete(const struct gfs_shell_world *world, struct gfs_slice line, struct gfs_arena *arena,
	struct gfs_completions *ret_completions) GFS_CHECK;
/* Bytes that all words have in common. */
size_t gfs_completions_shared(const struct gfs_completions *completions);

#endif
