/* A benchmark ends when a call fails. */
#ifndef GFS_TESTS_BENCH_OK_H
#define GFS_TESTS_BENCH_OK_H

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>

#define OK(call)                                                                                                       \
	do {                                                                                                               \
		int ok_err = (call);                                                                                           \
		if (ok_err != 0) {                                                                                             \
			fprintf(stderr, "%s: %s\n", #call, gfs_err_text(ok_err));                                                  \
			exit(2);                                                                                                   \
		}                                                                                                              \
	} while (0)

#endif
