/* Every change of a file or folder that this process makes, LMDB's included: the C library's calls for them are defined here, in the program, where the
 * shared library finds them first. For programs of one's own only: it must not be in a library that other tests link. */
#ifndef GFS_TESTS_CRASH_IO_TRACE_H
#define GFS_TESTS_CRASH_IO_TRACE_H

#include "tests/support/crash_disk.h"

enum io_trace_kind {
	TRACE_WRITE,
	TRACE_RESIZE,
	TRACE_GROW,
	TRACE_SYNC,
	TRACE_SYNC_FAILED,
	TRACE_SYNC_LAST, /* what O_DSYNC does after a write */
	TRACE_CREATE,
	TRACE_RENAME,
	TRACE_UNLINK,
	TRACE_BEGUN,     /* marks of the caller: `number` operations were begun, */
	TRACE_COMMITTED, /* were answered, */
	TRACE_DURABLE,   /* are promised to survive a power cut */
	TRACE_KIND_COUNT
};

struct io_event {
	enum io_trace_kind kind;
	uint64_t inode;  /* of the file, or of the folder of the names */
	uint64_t number; /* offset, size, inode made, or the mark's */
	uint8_t *data;   /* of a write; owned by the trace */
	size_t size;
	char name[40], to[40];
};

/* One at a time. Files elsewhere than on the filesystem of `path` are left out. Any thread may change files, and each call is one moment. */
void io_trace_start(const char *path);
void io_trace_stop(void);
void io_trace_mark(enum io_trace_kind kind, uint64_t number);
/* After the stop; they live until io_trace_clear. */
const struct io_event *io_trace_events(size_t *ret_count);
void io_trace_clear(void);

/* Makes calls fail while the trace is on. */
struct io_fault {
	uint64_t at; /* the call that fails, counted from 0 */
	bool sticky; /* and all after it */
	bool half;   /* the call `at` is a short write instead, if it is one at all */
	bool metas;  /* until then only writes with O_DSYNC are counted: LMDB's of its meta pages */
	int error;
};
void io_trace_fault(const struct io_fault *fault);
/* Calls since then that could have failed. */
uint64_t io_trace_calls(void);

/* Tells the disk of it; marks are nothing to it. */
void io_trace_apply(const struct io_event *event, struct crash_disk *disk);

#endif
