/* The daemon gives up system calls that it has no more use for once it serves. */
#ifndef GFS_MOUNT_TOOLS_SEAL_H
#define GFS_MOUNT_TOOLS_SEAL_H

#include "base/error.h"

/* Lays a seccomp filter over all threads there are and will be: programs, other processes, namespaces, mounts, modules and keys are out of reach
 * (EPERM), and so are all sockets but those of this machine (AF_UNIX), through which syslog(3) finds a syslogd that was started anew. unmount(2) is
 * left, to end. Call as root after gfs_privileges_limit and after mounting. Does nothing for anyone else, who needs fusermount3 to unmount; in builds with
 * sanitizers, which start programs to explain a crash; and where the kernel or we know no filter. Does not block. */
int gfs_seal(void) GFS_CHECK;

#endif
