#include "mount-tools/daemon.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What goes through the pipe: one NUL for success, or the text of the failure. Nothing at all: the child died. */

static size_t read_report(int fd, char *text, size_t size)
{
	size_t used = 0;
	while (used < size - 1) {
		ssize_t n = read(fd, text + used, size - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	text[used] = '\0';
	return used;
}

static void complain_of_death(pid_t child)
{
	int status = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		(void)fprintf(
			stderr, "graphfs: the daemon was ended by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		(void)fprintf(stderr, "graphfs: the daemon ended with status %d without a word\n", WEXITSTATUS(status));
}

/* The parent's whole life. */
static void wait_for_child(int fd, pid_t child, int failure_status)
{
	struct gfs_message message;
	size_t size = read_report(fd, message.text, sizeof message.text);
	if (size > 0 && message.text[0] == '\0')
		_exit(0);
	if (size == 0)
		complain_of_death(child);
	else
		(void)fprintf(stderr, "graphfs: %s\n", message.text);
	_exit(failure_status);
}

int gfs_daemon_start(struct gfs_daemon *daemon, bool foreground, int failure_status, struct gfs_message *message)
{
	int fds[2];
	*daemon = (struct gfs_daemon){ .foreground = foreground, .report_fd = -1 };
	if (foreground)
		return 0;
	if (pipe2(fds, O_CLOEXEC) != 0)
		return gfs_fail(message, gfs_err_from_errno(errno), "cannot make a pipe: %s", strerror(errno));
	(void)fflush(NULL); /* or both would write it */
	pid_t child = fork();
	if (child < 0)
		return gfs_fail(message, gfs_err_from_errno(errno), "cannot fork: %s", strerror(errno));
	if (child > 0) {
		(void)close(fds[1]); /* the child's end */
		wait_for_child(fds[0], child, failure_status);
	}
	(void)close(fds[0]); /* the parent's end */
	(void)setsid();      /* cannot fail in a new process */
	daemon->report_fd = fds[1];
	return 0;
}

static int leave_terminal(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return gfs_err_from_errno(errno);
	int err = 0;
	for (int to = STDIN_FILENO; !err && to <= STDERR_FILENO; to++)
		err = dup2(fd, to) < 0 ? gfs_err_from_errno(errno) : 0;
	if (fd > STDERR_FILENO)
		(void)close(fd); /* /dev/null */
	return err;
}

static int report(struct gfs_daemon *daemon, const char *data, size_t size)
{
	ssize_t n;
	do
		n = write(daemon->report_fd, data, size);
	while (n < 0 && errno == EINTR);
	(void)close(daemon->report_fd); /* a pipe: the write was the whole of it */
	daemon->report_fd = -1;
	return n == (ssize_t)size ? 0 : GFS_ERR_INTERRUPTED;
}

int gfs_daemon_ready(struct gfs_daemon *daemon)
{
	if (daemon->foreground)
		return 0;
	int err = chdir("/") != 0 ? gfs_err_from_errno(errno) : leave_terminal();
	if (err)
		return err;
	gfs_log_open("graphfs", true, GFS_LOG_INFO);
	return report(daemon, "", 1);
}

void gfs_daemon_failed(struct gfs_daemon *daemon, const struct gfs_message *message)
{
	if (daemon->report_fd >= 0) {
		int err = report(daemon, message->text, strlen(message->text));
		(void)err; /* the parent is gone: there is nobody to tell */
	} else if (daemon->foreground) {
		(void)fprintf(stderr, "graphfs: %s\n", message->text);
	} else {
		gfs_log(GFS_LOG_ERROR, "%s", message->text);
	}
}
