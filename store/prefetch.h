/* Pages that are read before they are asked for, by a thread of their own:
 *
 *  - Sequential reads. Misses are watched for runs: the third in a row of one space, ascending, has the following pages read, and each time
 *    the reader has gone through those, twice as many, up to GFS_PREFETCH_PAGES_MAX. Random and descending reads cause nothing.
 *  - Warming. A list of page ids, read until it ends or the cache is full.
 *
 * The thread takes the graph lock shared for one page at a time, so that a writer waits for one read at most, and gives up what
 * it is at when it is told to stop. */
#ifndef GFS_STORE_PREFETCH_H
#define GFS_STORE_PREFETCH_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct gfs_store;
struct gfs_prefetch;

#define GFS_PREFETCH_PAGES_MAX 32u
/* And never more than this part of the page layer's limit, or what was read ahead would go before it is used. */
#define GFS_PREFETCH_LIMIT_PART 64u

int gfs_prefetch_new(struct gfs_store *store, struct gfs_prefetch **ret_prefetch) GFS_CHECK;
/* Stops the thread. NULL is fine. */
void gfs_prefetch_free(struct gfs_prefetch *prefetch);

/* Starts the thread; before, what is asked for is ignored. */
int gfs_prefetch_start(struct gfs_prefetch *prefetch) GFS_CHECK;
/* Waits for the thread to end. Does nothing when it is not there. */
void gfs_prefetch_stop(struct gfs_prefetch *prefetch);

/* A page had to be read. Any lock below GFS_RANK_LEAF may be held. */
void gfs_prefetch_missed(struct gfs_prefetch *prefetch, uint64_t page_id);
/* Takes the array over (malloc). */
void gfs_prefetch_warm(struct gfs_prefetch *prefetch, uint64_t *page_ids, size_t count);

/* Pages that were read ahead, and that were read for warming. */
void gfs_prefetch_counts(struct gfs_prefetch *prefetch, uint64_t *ret_ahead, uint64_t *ret_warmed);

#endif
