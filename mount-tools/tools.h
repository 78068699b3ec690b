/* What the command-line programs share. They print `program: what: why` to stderr and return exit codes. */
#ifndef GFS_MOUNT_TOOLS_TOOLS_H
#define GFS_MOUNT_TOOLS_TOOLS_H

#include "graph/graph.h"

#include <getopt.h>
#include <stdio.h>

/* Remembers the program's name for messages (it must live for ever). */
void gfs_tool_begin(const char *program);
/* Prints what may hold names and values from a database: control characters, and bytes that are not UTF-8, as \xNN, so that none of them is a command
 * to the terminal. Newlines and tabs stay. */
void gfs_tool_put(struct gfs_slice text, FILE *to);
/* Prints "program: TEXT", as gfs_tool_put does. */
void gfs_tool_say(const char *format, ...) GFS_PRINTF(1, 2);
/* Prints "program: TEXT", and how to learn more; returns `code`. */
int gfs_tool_usage(int code, const char *format, ...) GFS_PRINTF(2, 3);
/* Prints "program (graphfs) VERSION" to stdout; returns 0. */
int gfs_tool_version(void);
/* What the C library's errno means now. */
const char *gfs_tool_errno(void);

/* The absolute path without symlinks; a path that does not exist stays as it is. Owned by the caller; NULL with a message on error. */
char *gfs_tool_path(const char *path);
/* Prints what went wrong with the database: the message, or the error's text when that is empty, and the path unless the message has it. */
void gfs_tool_complain(const char *path, int err, const struct gfs_message *message);
/* Opens the database, or says why it cannot, with a hint when it is mounted. */
int gfs_tool_open(const char *path, const struct gfs_store_opts *opts, struct gfs_graph **ret_graph) GFS_CHECK;
/* Waits until all property indexes are built: nobody else does it while the database is not mounted. 0, or an exit code with a message printed. */
int gfs_tool_await_indexes(struct gfs_graph *graph, const char *path) GFS_CHECK;
/* Memory for the caches of a tool that works on a database that is not mounted, unless --cache says otherwise. */
#define GFS_TOOL_CACHE_BYTES_DEFAULT (UINT64_C(64) << 20)
/* Takes the argument of --cache: 0, or an exit code with a message printed. */
int gfs_tool_cache(const char *text, uint64_t *ret_bytes) GFS_CHECK;
/* graphfsctl's subcommands: argv[0] is the subcommand. They return the program's exit code. */
int gfs_ctl_import(int argc, char **argv);
int gfs_ctl_dump(int argc, char **argv);
int gfs_ctl_stats(int argc, char **argv);
int gfs_ctl_query(int argc, char **argv);
int gfs_ctl_shell(int argc, char **argv);
int gfs_ctl_checkpoint(int argc, char **argv);

#endif
