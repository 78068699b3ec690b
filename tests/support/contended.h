/* Changes that race: nodes that all processes change at once, so that only their errnos can be judged, and whether their views agree in the end
 * (mirrors.h). The nodes' keys start with "s-"; their type is TC, their labels LC0 and LC1. */
#ifndef GFS_TESTS_SUPPORT_CONTENDED_H
#define GFS_TESTS_SUPPORT_CONTENDED_H

#include "tests/support/rng.h"

#include <stdint.h>

#define CONTENDED_PREFIX "s-"

/* In memory that the processes share; all relaxed counters. */
struct contended_shared {
	_Atomic uint64_t done, estale;
	_Atomic uint32_t versions; /* of keys */
};

struct contended {
	int mount_fd;
	struct rng *rng;
	struct contended_shared *shared;
	/* Told what is about to be done. */
	void (*doing)(const char *format, ...) __attribute__((format(printf, 1, 2)));
};

/* Makes the nodes, type and labels. 0 or an errno. */
int contended_set_up(const struct contended *contended, unsigned nodes);
/* One random change or look. 0, or an errno that no race explains. */
int contended_step(const struct contended *contended);

#endif
