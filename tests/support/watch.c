#include "tests/support/watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 50

void *watch_share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap of shared memory");
		exit(2);
	}
	return memory;
}

struct watch *watch_new(const char *mount, unsigned limit_s, pid_t daemon)
{
	struct watch *watch = watch_share(sizeof *watch);
	watch->mount = mount;
	watch->limit_s = limit_s;
	watch->daemon = daemon;
	return watch;
}

void watch_step(struct watch_slot *slot, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(slot->doing, sizeof slot->doing, format, args); /* cut when it is long */
	va_end(args);
	atomic_fetch_add_explicit(&slot->steps, 1, memory_order_relaxed);
}

void watch_start(struct watch *watch, int (*work)(void *context, struct watch_slot *slot), void *context)
{
	struct watch_slot *slot = &watch->slots[watch->count];
	if (watch->count == WATCH_SLOTS_MAX) {
		fprintf(stderr, "watch: too many processes\n");
		exit(2);
	}
	watch->count++;
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	if (pid == 0)
		exit(work(context, slot));
	slot->pid = pid;
}

/* ---- after a hang ---- */

static void print_file(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	if (fd >= 0)
		(void)close(fd);
	if (n <= 0)
		return;
	text[n] = '\0';
	for (char *line = text, *end; *line != '\0'; line = end) {
		end = line + strcspn(line, "\n");
		fprintf(stderr, "      %.*s\n", (int)(end - line), line);
		end += *end == '\n';
	}
}

static void print_thread(pid_t pid, const char *tid)
{
	static const char *const files[] = { "comm", "wchan", "syscall", "stack" };
	char path[320];
	fprintf(stderr, "    thread %s\n", tid);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		(void)snprintf(path, sizeof path, "/proc/%d/task/%s/%s", (int)pid, tid, files[i]);
		print_file(path);
	}
}

static void print_process(pid_t pid)
{
	char path[64];
	struct dirent *entry;
	(void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *dir = opendir(path);
	if (!dir) {
		fprintf(stderr, "    (gone)\n");
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			print_thread(pid, entry->d_name);
	}
	closedir(dir);
}

/* Where the daemon's threads are in its own code, when there is a debugger. */
static void print_backtrace(pid_t pid)
{
	char number[16];
	(void)snprintf(number, sizeof number, "%d", (int)pid);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		(void)dup2(STDERR_FILENO, STDOUT_FILENO);
		execlp("timeout", "timeout", "-s", "KILL", "20", "gdb", "-p", number, "-batch", "-nx", "-ex",
			"thread apply all backtrace 16", (char *)NULL);
		_exit(127);
	}
	if (child > 0)
		(void)waitpid(child, NULL, 0);
}

static void print_all(const struct watch *watch)
{
	for (unsigned i = 0; i < watch->count; i++) {
		const struct watch_slot *slot = &watch->slots[i];
		fprintf(stderr, "  process %u, pid %d, after %llu steps, doing: %s\n", i, (int)slot->pid,
			(unsigned long long)slot->steps, slot->doing);
		if (slot->pid != 0)
			print_process(slot->pid);
	}
	if (watch->daemon != 0) {
		fprintf(stderr, "  the daemon, pid %d\n", (int)watch->daemon);
		print_process(watch->daemon);
		print_backtrace(watch->daemon);
	}
}

static void end_all(const struct watch *watch)
{
	/* A thread that waits in the kernel for a page cannot be killed, and keeps the session open: a forced unmount aborts it. */
	if (umount2(watch->mount, MNT_FORCE) != 0)
		perror("forced unmount"); /* it is busy as a rule, and aborted all the same */
	if (watch->daemon != 0)
		(void)kill(watch->daemon, SIGKILL);
	for (unsigned i = 0; i < watch->count; i++) {
		if (watch->slots[i].pid != 0) {
			(void)kill(watch->slots[i].pid, SIGKILL);
			(void)waitpid(watch->slots[i].pid, NULL, 0);
		}
	}
}

/* ---- waiting ---- */

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

/* True when the process has ended; *bad is set when not well. */
static bool reap(struct watch_slot *slot, unsigned number, bool *bad)
{
	int status;
	if (slot->pid == 0)
		return true;
	if (waitpid(slot->pid, &status, WNOHANG) != slot->pid)
		return false;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "process %u ended with %s %d while doing: %s\n", number,
			WIFEXITED(status) ? "status" : "signal", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
			slot->doing);
		*bad = true;
	}
	slot->pid = 0;
	return true;
}

/* Since when each has made no step, and since when nobody has. */
struct progress {
	uint64_t steps[WATCH_SLOTS_MAX], since_ms[WATCH_SLOTS_MAX];
	uint64_t any_ms;
};

/* True when process i has been still for too long. */
static bool hangs(const struct watch *watch, struct progress *p, unsigned i)
{
	uint64_t steps = watch->slots[i].steps, now = now_ms(), limit_ms = watch->limit_s * UINT64_C(1000);
	if (steps != p->steps[i]) {
		p->steps[i] = steps;
		p->since_ms[i] = now;
		p->any_ms = now;
		return false;
	}
	if (watch->slots[i].idle) {
		p->since_ms[i] = now;
		return now - p->any_ms > limit_ms;
	}
	return now - p->since_ms[i] > limit_ms;
}

int watch_wait(struct watch *watch)
{
	struct progress progress = { .any_ms = now_ms() };
	bool bad = false;
	for (unsigned i = 0; i < watch->count; i++)
		progress.since_ms[i] = progress.any_ms;
	for (;;) {
		unsigned running = 0;
		for (unsigned i = 0; i < watch->count; i++) {
			if (reap(&watch->slots[i], i, &bad))
				continue;
			running++;
			if (!hangs(watch, &progress, i))
				continue;
			fprintf(stderr, "HANG: process %u made no step for %u s\n", i, watch->limit_s);
			print_all(watch);
			end_all(watch);
			return 2;
		}
		if (running == 0)
			return bad;
		struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
		(void)nanosleep(&pause, NULL); /* waking early only means looking early */
	}
}
