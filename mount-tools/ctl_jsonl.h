/* Statements as JSON lines on standard input, answers on standard output. */
#ifndef GFS_MOUNT_TOOLS_CTL_JSONL_H
#define GFS_MOUNT_TOOLS_CTL_JSONL_H

/* Until the end of the input; returns the program's exit code. */
int gfs_ctl_jsonl(void);

#endif
