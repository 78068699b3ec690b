/* base/lock: exclusion, the order of ranks (a wrong order ends a debug build), writers before readers, timed waits. */
#include "base/clock.h"
#include "base/lock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_right_order(void **state)
{
	(void)state;
	struct gfs_mutex low;
	struct gfs_mutex high;
	struct gfs_rwlock middle;
	gfs_mutex_init(&low, GFS_RANK_FS_LOOP);
	gfs_rwlock_init(&middle, GFS_RANK_STORE);
	gfs_mutex_init(&high, GFS_RANK_LEAF);
	for (int i = 0; i < 3; i++) {
		gfs_mutex_lock(&low);
		gfs_rwlock_read(&middle);
		gfs_mutex_lock(&high);
		/* Let go in any order. */
		gfs_mutex_unlock(&low);
		gfs_mutex_unlock(&high);
		gfs_mutex_lock(&high);
		gfs_rwlock_unlock_read(&middle);
		gfs_mutex_unlock(&high);
		gfs_rwlock_write(&middle);
		gfs_rwlock_unlock_write(&middle);
	}
	gfs_mutex_release(&low);
	gfs_rwlock_release(&middle);
	gfs_mutex_release(&high);
}

#ifndef GFS_RELEASE

static void take_falling(void)
{
	struct gfs_mutex low;
	struct gfs_mutex high;
	gfs_mutex_init(&low, GFS_RANK_STORE);
	gfs_mutex_init(&high, GFS_RANK_WAL);
	gfs_mutex_lock(&high);
	gfs_mutex_lock(&low);
}

static void take_equal(void)
{
	struct gfs_mutex one;
	struct gfs_mutex two;
	gfs_mutex_init(&one, GFS_RANK_LEAF);
	gfs_mutex_init(&two, GFS_RANK_LEAF);
	gfs_mutex_lock(&one);
	gfs_mutex_lock(&two);
}

static void read_twice(void)
{
	struct gfs_rwlock lock;
	gfs_rwlock_init(&lock, GFS_RANK_STORE);
	gfs_rwlock_read(&lock);
	gfs_rwlock_read(&lock);
}

static void unlock_not_held(void)
{
	struct gfs_mutex lock;
	gfs_mutex_init(&lock, GFS_RANK_LEAF);
	gfs_mutex_unlock(&lock);
}

static void use_uninitialised(void)
{
	struct gfs_mutex lock = { .m = PTHREAD_MUTEX_INITIALIZER };
	gfs_mutex_lock(&lock);
}

static void test_wrong_use_dies(void **state)
{
	(void)state;
	static void (*const wrongs[])(void) = { take_falling, take_equal, read_twice, unlock_not_held, use_uninitialised };
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			const struct rlimit no_core = { 0, 0 };
			(void)setrlimit(RLIMIT_CORE, &no_core);
			(void)signal(SIGABRT, SIG_DFL);
			(void)close(STDERR_FILENO);
			wrongs[i]();
			_exit(0);
		}
		int status = 0;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
	}
}

#endif

struct shared {
	struct gfs_mutex mutex;
	struct gfs_rwlock rwlock;
	struct gfs_cond cond;
	int counted; /* under mutex */
	int written; /* under rwlock */
	atomic_bool stop;
};

static void *count(void *context)
{
	struct shared *shared = context;
	for (int i = 0; i < 5000; i++) {
		gfs_mutex_lock(&shared->mutex);
		shared->counted++;
		gfs_mutex_unlock(&shared->mutex);
		gfs_rwlock_write(&shared->rwlock);
		shared->written++;
		gfs_rwlock_unlock_write(&shared->rwlock);
	}
	gfs_mutex_lock(&shared->mutex);
	gfs_cond_signal(&shared->cond);
	gfs_mutex_unlock(&shared->mutex);
	return NULL;
}

static void shared_init(struct shared *shared)
{
	*shared = (struct shared){ 0 };
	gfs_mutex_init(&shared->mutex, GFS_RANK_WAL);
	gfs_rwlock_init(&shared->rwlock, GFS_RANK_STORE);
	gfs_cond_init(&shared->cond);
}

static void shared_release(struct shared *shared)
{
	gfs_mutex_release(&shared->mutex);
	gfs_rwlock_release(&shared->rwlock);
	gfs_cond_release(&shared->cond);
}

static void test_exclusion(void **state)
{
	(void)state;
	struct shared shared;
	shared_init(&shared);
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, &shared), 0);
	gfs_mutex_lock(&shared.mutex);
	while (shared.counted < 4 * 5000)
		gfs_cond_wait(&shared.cond, &shared.mutex);
	gfs_mutex_unlock(&shared.mutex);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(shared.written, 4 * 5000);
	shared_release(&shared);
}

static void *read_for_ever(void *context)
{
	struct shared *shared = context;
	while (!atomic_load(&shared->stop)) {
		gfs_rwlock_read(&shared->rwlock);
		(void)usleep(500);
		gfs_rwlock_unlock_read(&shared->rwlock);
	}
	return NULL;
}

/* Four readers that overlap at all times: a lock that prefers readers would never let the writer in. */
static void test_writer_is_not_starved(void **state)
{
	(void)state;
	struct shared shared;
	shared_init(&shared);
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_for_ever, &shared), 0);
	(void)usleep(5000);
	for (int i = 0; i < 50; i++) {
		gfs_rwlock_write(&shared.rwlock);
		shared.written++;
		gfs_rwlock_unlock_write(&shared.rwlock);
	}
	atomic_store(&shared.stop, true);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(shared.written, 50);
	shared_release(&shared);
}

static void test_timed_wait(void **state)
{
	(void)state;
	struct shared shared;
	shared_init(&shared);
	uint64_t start = gfs_clock_mono_ns();
	gfs_mutex_lock(&shared.mutex);
	while (gfs_cond_wait_until(&shared.cond, &shared.mutex, start + 20 * GFS_NS_PER_MS) == 0)
		continue;
	gfs_mutex_unlock(&shared.mutex);
	assert_true(gfs_clock_mono_ns() >= start + 20 * GFS_NS_PER_MS);
	/* A deadline in the past does not wait. */
	gfs_mutex_lock(&shared.mutex);
	assert_int_equal(gfs_cond_wait_until(&shared.cond, &shared.mutex, 0), 1);
	gfs_mutex_unlock(&shared.mutex);
	assert_true(gfs_clock_real_ns() > UINT64_C(1600000000) * GFS_NS_PER_S);
	shared_release(&shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_order),
#ifndef GFS_RELEASE
		cmocka_unit_test(test_wrong_use_dies),
#endif
		cmocka_unit_test(test_exclusion),
		cmocka_unit_test(test_writer_is_not_starved),
		cmocka_unit_test(test_timed_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
