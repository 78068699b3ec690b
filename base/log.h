/* One line a message, to stderr or syslog. For fs/, mount-tools/ and tests only: libraries return errors instead. */
#ifndef GFS_BASE_LOG_H
#define GFS_BASE_LOG_H

#include "base/error.h"

#include <stdbool.h>

enum gfs_log_level { GFS_LOG_ERROR, GFS_LOG_WARNING, GFS_LOG_INFO, GFS_LOG_DEBUG };

/* `program` must live for ever. To syslog (facility daemon) when `to_syslog`, else to stderr. Thread-safe after the first call. */
void gfs_log_open(const char *program, bool to_syslog, enum gfs_log_level most_verbose);

/* Control bytes in the text are shown as \xNN, so that a name cannot forge a line. */
void gfs_log(enum gfs_log_level level, const char *format, ...) GFS_PRINTF(2, 3);

bool gfs_log_enabled(enum gfs_log_level level);

#endif
