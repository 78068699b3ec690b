/* A Cypher statement from the command line: run, and its rows printed as they come. */
#ifndef GFS_MOUNT_TOOLS_STATEMENT_H
#define GFS_MOUNT_TOOLS_STATEMENT_H

#include "query/output.h"

struct gfs_statement_opts {
	enum gfs_output_format format;
	const struct gfs_param *params;
	size_t param_count;
	bool no_cache;
	bool summary; /* what was changed, and how long it took, on standard error */
};

/* Rows to standard output, what is wrong to standard error. SIGINT ends the statement, not the program. Returns 0, or 1 when it failed. */
int gfs_statement_run(struct gfs_engine *engine, struct gfs_slice text, const struct gfs_statement_opts *opts);

/* Whether `target` is a mount point of a daemon that answers statements. */
bool gfs_statement_is_mounted(const char *target);
/* The same on a mount point, through its /.graphfs/cypher. `params`: "name=value" each. */
int gfs_statement_run_mounted(const char *target, const char *text, const struct gfs_statement_opts *opts,
	const char *const *params, size_t param_count);

/* Appends what a mount answers to `request` (fs/cypher.h); false when it is an error, or cannot be asked. Says nothing. */
bool gfs_statement_ask_mounted(const char *target, const char *request, struct gfs_buf *out);

/* "name=value": the value is JSON of the kind that query/typed_json.h reads, or else a text. The name and value lie in `arena`. GFS_ERR_INVALID (no name),
 * GFS_ERR_NOMEM, and what gfs_typed_json_read says. */
int gfs_statement_param(const char *text, struct gfs_arena *arena, struct gfs_param *ret_param) GFS_CHECK;

#endif
