/* Processes of a test that say how far they are, and a watchdog over them: when one makes no step for too long, everything that can be known
 * about all of them and about the daemon is printed, and they are ended. */
#ifndef GFS_TESTS_SUPPORT_WATCH_H
#define GFS_TESTS_SUPPORT_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WATCH_SLOTS_MAX 64u

struct watch_slot {
	_Atomic uint64_t steps; /* relaxed: only compared with itself */
	_Atomic pid_t pid;      /* 0: not running */
	_Atomic bool idle;      /* waits for others of the test: it alone making no step is no hang */
	char doing[400];        /* written by the process, read by the watchdog: may be torn, is always terminated */
};

/* In memory shared with every process forked later. */
struct watch {
	unsigned count;
	unsigned limit_s;
	const char *mount; /* borrowed */
	pid_t daemon;      /* 0: unknown */
	struct watch_slot slots[WATCH_SLOTS_MAX];
};

/* Memory that forked processes share, zeroed; ends the program when there is none. */
void *watch_share(size_t size);
struct watch *watch_new(const char *mount, unsigned limit_s, pid_t daemon);
/* Forks a process that runs work(context, slot) and exits with its result. Call before watch_wait, at most WATCH_SLOTS_MAX times. */
void watch_start(struct watch *watch, int (*work)(void *context, struct watch_slot *slot), void *context);
/* A step was made, or is about to be made. `format` says which. */
void watch_step(struct watch_slot *slot, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Waits until all have ended. 0 when all returned 0; 1 when one did not; 2 after a hang (then the mount has been
 * unmounted by force, which lets go of those who hang in it, and the daemon killed). */
int watch_wait(struct watch *watch);

#endif
