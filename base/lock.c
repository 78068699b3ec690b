#include "base/lock.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

/* The calls below fail only for a lock that is broken or misused: going on would corrupt what it guards. */
static void must(int failed)
{
	if (failed != 0)
		abort();
}

#ifndef NDEBUG

/* The locks that this thread holds, in the order it took them: ranks rise, since a lower one cannot be added. */
enum { HELD_MAX = 32 };
struct held {
	const void *lock;
	enum gfs_lock_rank rank;
};
static _Thread_local struct held held[HELD_MAX];
static _Thread_local int held_count;

static void rank_push(const void *lock, enum gfs_lock_rank rank)
{
	assert(rank > 0); /* initialised */
	assert(held_count == 0 || held[held_count - 1].rank < rank);
	assert(held_count < HELD_MAX);
	held[held_count++] = (struct held){ .lock = lock, .rank = rank };
}

static void rank_pop(const void *lock)
{
	int at = held_count - 1;
	while (at >= 0 && held[at].lock != lock)
		at--;
	assert(at >= 0); /* by the thread that took it */
	for (; at + 1 < held_count; at++)
		held[at] = held[at + 1];
	held_count--;
}

static void rank_assert_held(const void *lock)
{
	int at = held_count - 1;
	while (at >= 0 && held[at].lock != lock)
		at--;
	assert(at >= 0);
}

#else

static void rank_push(const void *lock, enum gfs_lock_rank rank)
{
	(void)lock;
	(void)rank;
}

static void rank_pop(const void *lock)
{
	(void)lock;
}

static void rank_assert_held(const void *lock)
{
	(void)lock;
}

#endif

void gfs_mutex_init(struct gfs_mutex *lock, enum gfs_lock_rank rank)
{
	must(pthread_mutex_init(&lock->m, NULL));
	lock->rank = rank;
}

void gfs_mutex_release(struct gfs_mutex *lock)
{
	must(pthread_mutex_destroy(&lock->m));
}

void gfs_mutex_lock(struct gfs_mutex *lock)
{
	rank_push(lock, lock->rank);
	must(pthread_mutex_lock(&lock->m));
}

void gfs_mutex_unlock(struct gfs_mutex *lock)
{
	rank_pop(lock);
	must(pthread_mutex_unlock(&lock->m));
}

void gfs_cond_init(struct gfs_cond *cond)
{
	pthread_condattr_t attributes;
	must(pthread_condattr_init(&attributes));
	must(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
	must(pthread_cond_init(&cond->c, &attributes));
	must(pthread_condattr_destroy(&attributes));
}

void gfs_cond_release(struct gfs_cond *cond)
{
	must(pthread_cond_destroy(&cond->c));
}

void gfs_cond_wait(struct gfs_cond *cond, struct gfs_mutex *held_mutex)
{
	rank_assert_held(held_mutex);
	must(pthread_cond_wait(&cond->c, &held_mutex->m));
}

int gfs_cond_wait_until(struct gfs_cond *cond, struct gfs_mutex *held_mutex, uint64_t deadline_mono_ns)
{
	rank_assert_held(held_mutex);
	struct timespec deadline = {
		.tv_sec = (time_t)(deadline_mono_ns / GFS_NS_PER_S),
		.tv_nsec = (long)(deadline_mono_ns % GFS_NS_PER_S),
	};
	int failed = pthread_cond_timedwait(&cond->c, &held_mutex->m, &deadline);
	if (failed == ETIMEDOUT)
		return 1;
	must(failed);
	return 0;
}

void gfs_cond_signal(struct gfs_cond *cond)
{
	must(pthread_cond_signal(&cond->c));
}

void gfs_cond_broadcast(struct gfs_cond *cond)
{
	must(pthread_cond_broadcast(&cond->c));
}

static _Thread_local struct {
	void (*call)(void *context);
	void *context;
} before_waiting;

void gfs_lock_before_waiting(void (*call)(void *context), void *context)
{
	before_waiting.call = call;
	before_waiting.context = context;
}

/* The clock of the realtime: the other one has no call that the thread sanitizer knows. One that is set back makes this wait go on, as it would without. */
static struct timespec patience_end(void)
{
	enum { NS_PER_S = 1000000000 };
	struct timespec end;
	(void)clock_gettime(CLOCK_REALTIME, &end); /* it cannot fail */
	end.tv_nsec += GFS_LOCK_PATIENCE_NS;
	end.tv_sec += end.tv_nsec / NS_PER_S;
	end.tv_nsec %= NS_PER_S;
	return end;
}

static bool got(int failed)
{
	must(failed != 0 && failed != ETIMEDOUT && failed != EBUSY);
	return failed == 0;
}

void gfs_rwlock_init(struct gfs_rwlock *lock, enum gfs_lock_rank rank)
{
	pthread_rwlockattr_t attributes;
	must(pthread_rwlockattr_init(&attributes));
	/* The kind without NONRECURSIVE is documented but prefers readers all the same. */
	must(pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP));
	must(pthread_rwlock_init(&lock->l, &attributes));
	must(pthread_rwlockattr_destroy(&attributes));
	lock->rank = rank;
}

void gfs_rwlock_release(struct gfs_rwlock *lock)
{
	must(pthread_rwlock_destroy(&lock->l));
}

void gfs_rwlock_read(struct gfs_rwlock *lock)
{
	rank_push(lock, lock->rank);
	if (before_waiting.call != NULL) {
		if (got(pthread_rwlock_tryrdlock(&lock->l))) /* nearly always, and without a look at the clock */
			return;
		struct timespec end = patience_end();
		if (got(pthread_rwlock_timedrdlock(&lock->l, &end)))
			return;
		rank_pop(lock);
		before_waiting.call(before_waiting.context);
		rank_push(lock, lock->rank);
	}
	must(pthread_rwlock_rdlock(&lock->l));
}

void gfs_rwlock_write(struct gfs_rwlock *lock)
{
	rank_push(lock, lock->rank);
	if (before_waiting.call != NULL) {
		if (got(pthread_rwlock_trywrlock(&lock->l)))
			return;
		struct timespec end = patience_end();
		if (got(pthread_rwlock_timedwrlock(&lock->l, &end)))
			return;
		rank_pop(lock);
		before_waiting.call(before_waiting.context);
		rank_push(lock, lock->rank);
	}
	must(pthread_rwlock_wrlock(&lock->l));
}

void gfs_rwlock_unlock_read(struct gfs_rwlock *lock)
{
	rank_pop(lock);
	must(pthread_rwlock_unlock(&lock->l));
}

void gfs_rwlock_unlock_write(struct gfs_rwlock *lock)
{
	rank_pop(lock);
	must(pthread_rwlock_unlock(&lock->l));
}
