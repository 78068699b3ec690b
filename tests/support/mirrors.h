/* Compares all views of a mount with one another, and what the kernel has cached with what the daemon says now. For a mount that nobody changes at
 * the moment. */
#ifndef GFS_TESTS_SUPPORT_MIRRORS_H
#define GFS_TESTS_SUPPORT_MIRRORS_H

#include <stdint.h>

struct mirrors_report {
	uint64_t nodes, relationships, labels, properties; /* seen */
	uint64_t looks;                                    /* comparisons made */
	uint64_t mismatches;
};

/* Looks at all nodes whose name starts with `prefix`, the relationships between them and their labels: out, in, .rel, /rels, .json and
 * /labels must agree, listings and look-ups too, and cached attributes with uncached ones. Each mismatch is a line on stderr (the first
 * 20 of a call). */
void mirrors_check(int mount_fd, const char *prefix, struct mirrors_report *ret_report);

#endif
