/* Mutexes and reader-writer locks that know their rank. A thread may take a lock only of a higher rank than every one it
 * holds; debug builds (NDEBUG unset) assert it. The ranks below are the total order of the whole program. */
#ifndef GFS_BASE_LOCK_H
#define GFS_BASE_LOCK_H

#include <pthread.h>
#include <stdint.h>

enum gfs_lock_rank {
	GFS_RANK_FS_LOOP = 10,    /* fs/loop: who reads the session */
	GFS_RANK_FS_HANDLES = 20, /* fs/handles: open files, tombstones */
	/* store/checkpoint: one checkpoint at a time; held across LMDB's commit, taken by no request but `checkpoint` writes
	   and fsync never waits for it */
	GFS_RANK_CHECKPOINT = 30,
	GFS_RANK_STORE = 40,        /* store/store: the graph lock, shared by readers, exclusive for one writer */
	GFS_RANK_FS_EXPOSED = 50,   /* fs/exposed: what the kernel has seen; fs/removed */
	GFS_RANK_CATALOG = 60,      /* store/catalog: the name tables */
	GFS_RANK_INDEX = 70,        /* index: decoded bitmaps */
	GFS_RANK_CACHE_BUDGET = 75, /* cache/budget: limits of the layers */
	GFS_RANK_CACHE_SHARD = 80,  /* cache: one shard of the table */
	GFS_RANK_WAL = 90,          /* store/wal: positions and segment list; never held across fdatasync */
	GFS_RANK_KV_TXN_POOL = 100, /* store/kv: idle read transactions */
	GFS_RANK_LEAF = 110,        /* anything that takes no other lock */
};

struct gfs_mutex {
	pthread_mutex_t m;
	enum gfs_lock_rank rank;
};

void gfs_mutex_init(struct gfs_mutex *lock, enum gfs_lock_rank rank);
void gfs_mutex_release(struct gfs_mutex *lock); /* destroy; not held */
void gfs_mutex_lock(struct gfs_mutex *lock);
void gfs_mutex_unlock(struct gfs_mutex *lock);

struct gfs_cond {
	pthread_cond_t c; /* on the monotonic clock */
};

void gfs_cond_init(struct gfs_cond *cond);
void gfs_cond_release(struct gfs_cond *cond);
void gfs_cond_wait(struct gfs_cond *cond, struct gfs_mutex *held);
/* Returns 0 when woken, 1 when `deadline_mono_ns` passed. */
int gfs_cond_wait_until(struct gfs_cond *cond, struct gfs_mutex *held, uint64_t deadline_mono_ns);
void gfs_cond_signal(struct gfs_cond *cond);
void gfs_cond_broadcast(struct gfs_cond *cond);

/* What this thread does before it waits for a reader-writer lock that it has not got within GFS_LOCK_PATIENCE_NS. It is called with
 * what the thread holds besides, so it takes locks of the lowest rank only when that is nothing. NULL: nothing. */
#define GFS_LOCK_PATIENCE_NS 1000000
void gfs_lock_before_waiting(void (*call)(void *context), void *context);

/* Writers are preferred: a stream of readers cannot starve one. Not recursive, not even for readers. */
struct gfs_rwlock {
	pthread_rwlock_t l;
	enum gfs_lock_rank rank;
};

void gfs_rwlock_init(struct gfs_rwlock *lock, enum gfs_lock_rank rank);
void gfs_rwlock_release(struct gfs_rwlock *lock);
void gfs_rwlock_read(struct gfs_rwlock *lock);
void gfs_rwlock_write(struct gfs_rwlock *lock);
void gfs_rwlock_unlock_read(struct gfs_rwlock *lock);
void gfs_rwlock_unlock_write(struct gfs_rwlock *lock);

#endif
