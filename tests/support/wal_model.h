/* Logs for tests: a scratch folder in memory, transactions whose bytes follow from their number, and the prefix check. */
#ifndef GFS_TESTS_SUPPORT_WAL_MODEL_H
#define GFS_TESTS_SUPPORT_WAL_MODEL_H

#include "store/wal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAL_MODEL_ID UINT64_C(0x6a09e667f3bcc908)

struct wal_scratch {
	char path[64];
	int dir_fd;
};
/* False when the folder cannot be made. */
bool wal_scratch_init(struct wal_scratch *scratch);
/* Removes every file in it. */
void wal_scratch_empty(struct wal_scratch *scratch);
void wal_scratch_release(struct wal_scratch *scratch);

/* Writes `size` bytes that transaction `n` and no other has. */
void wal_model_fill(uint64_t n, uint8_t *out, size_t size);

/* What replay brought back, checked against numbers first, first + 1, ... of sizes size_of(n). */
struct wal_model {
	size_t (*size_of)(uint64_t n);
	uint64_t first;
	uint64_t count; /* replayed so far */
	bool wrong;     /* one was not the next number's, or its LSN or time went back */
	uint64_t last_lsn;
	uint8_t *scratch; /* owned */
	size_t scratch_size;
};
void wal_model_release(struct wal_model *model);
int wal_model_each(void *context, uint64_t commit_lsn, uint64_t time_ns, struct gfs_slice payload);
/* Appends transaction `n` with time n + 1. */
int wal_model_append(struct gfs_wal *wal, struct wal_model *model, uint64_t n, uint64_t *ret_lsn) GFS_CHECK;

#endif
