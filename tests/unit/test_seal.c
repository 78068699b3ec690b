/* mount-tools/seal: what is refused, in threads of before and after, and what still works. Needs root, and a build without sanitizers. */
#include "mount-tools/privileges.h"
#include "mount-tools/seal.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What went wrong, as the child's exit status. */
enum { FINE, NOT_LIMITED, NOT_SEALED, INTERNET, LOCAL, PROGRAM, NAMESPACE, MOUNT, FILES, THREAD };

static bool is_refused(long result)
{
	return result == -1 && errno == EPERM;
}

static uintptr_t look(void)
{
	struct stat st;
	char *const argv[] = { (char[]){ "true" }, NULL };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0)
		return LOCAL;
	(void)close(fd); /* never used */
	if (!is_refused(socket(AF_INET, SOCK_STREAM, 0)) || !is_refused(socket(AF_NETLINK, SOCK_RAW, 0)))
		return INTERNET;
	if (!is_refused(execv("/bin/true", argv)))
		return PROGRAM;
	if (!is_refused(unshare(CLONE_NEWUSER)))
		return NAMESPACE;
	if (!is_refused(mount("none", "/nowhere", "tmpfs", 0, NULL)))
		return MOUNT;
	return stat("/", &st) == 0 ? FINE : FILES;
}

static pthread_barrier_t sealed;

static void *look_after(void *context)
{
	(void)context;
	(void)pthread_barrier_wait(&sealed); /* a barrier of two */
	return (void *)look();
}

static void *look_now(void *context)
{
	(void)context;
	return (void *)look();
}

static int in_child(void)
{
	pthread_t before, after;
	void *found_before, *found_after;
	if (gfs_privileges_limit() != 0)
		return NOT_LIMITED;
	if (pthread_barrier_init(&sealed, NULL, 2) != 0 || pthread_create(&before, NULL, look_after, NULL) != 0)
		return THREAD;
	if (gfs_seal() != 0)
		return NOT_SEALED;
	(void)pthread_barrier_wait(&sealed); /* a barrier of two */
	if (pthread_join(before, &found_before) != 0 || pthread_create(&after, NULL, look_now, NULL) != 0 ||
		pthread_join(after, &found_after) != 0)
		return THREAD;
	return found_before ? (int)(uintptr_t)found_before : (int)(uintptr_t)found_after;
}

static void test_refused(void **state)
{
	(void)state;
	int status = 0;
	const char *sanitizer = getenv("GRAPHFS_SANITIZE");
	if (geteuid() != 0 || (sanitizer && *sanitizer))
		skip();
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(in_child());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), FINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
