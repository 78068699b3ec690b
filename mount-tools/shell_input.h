/* Lines for the shell: from a terminal with editing, history and completion (libedit), or from a file. */
#ifndef GFS_MOUNT_TOOLS_SHELL_INPUT_H
#define GFS_MOUNT_TOOLS_SHELL_INPUT_H

#include "mount-tools/shell_complete.h"

struct gfs_shell_input;

/* The graph's labels, types and property keys and the engine's procedures are offered on tab. The history is kept in ~/.graphfs_history. */
int gfs_shell_input_new(
	const struct gfs_shell_world *world, bool interactive, struct gfs_shell_input **ret_input) GFS_CHECK;
/* Keeps the history. NULL is fine. */
void gfs_shell_input_free(struct gfs_shell_input *input);

enum gfs_shell_event { GFS_SHELL_LINE, GFS_SHELL_CANCELLED, GFS_SHELL_END };

/* The next line with its newline, valid until the next call; it may be changed in place. `more`: it goes on a statement. */
enum gfs_shell_event gfs_shell_input_line(struct gfs_shell_input *input, bool more, char **ret_line);

#endif
