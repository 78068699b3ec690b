/* Folders that are listed, and names that are looked up, all the time, by several processes at once, while they change elsewhere: after each change the
 * next answer must have it. The kernel keeps one cached listing of a folder for all its readers, so that one reader's answer of before the change may be taken for
 * another's of after it; and an answer that is on its way when a name goes makes an inode that nobody could yet be told of.
 *
 *   listings MOUNT [--changes N] [--readers N] [--limit SECONDS] [--daemon PID]
 *
 * Changes: a neighbour renamed, a link made and removed from its other end, a label given and taken from the node's side. */
#include "tests/support/fs_check.h"
#include "tests/support/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STALE_MAX 20u
#define OTHERS 40u /* links beside the one that changes, so that a listing takes a while */

static struct {
	const char *mount;
	unsigned changes, readers, limit_s;
	pid_t daemon;
} options = { .changes = 3000, .readers = 4, .limit_s = 20 };

struct shared {
	_Atomic bool stop;
	_Atomic uint64_t listings, looks, stale, late;
};
static struct shared *shared;
static int mount_fd;

/* What is changed, where that shows, and what the folder must list then. */
static const char *const folders[] = { "nodes/X/in/T", "labels/L", "nodes/X/in/T/.rel" };
#define FOLDERS 3u

static void must(long result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "listings: %s: %s\n", what, strerrorname_np(errno));
	shared->stop = true;
	exit(1);
}

static bool lists(const char *folder, const char *name)
{
	struct fs_text list = { 0 };
	char line[64];
	errno = fs_list(mount_fd, folder, "", &list);
	must(errno ? -1 : 0, folder);
	int n = snprintf(line, sizeof line, "%s\n", name);
	bool has = false;
	for (const char *at = list.size ? list.data : NULL; at && *at && !has; at = strchr(at, '\n') + 1)
		has = strncmp(at, line, (size_t)n) == 0;
	fs_text_release(&list);
	return has;
}

static void expect(const char *folder, const char *name, bool want, const char *after)
{
	shared->looks++;
	if (lists(folder, name) == want)
		return;
	uint64_t n = shared->stale++;
	struct timespec pause = { .tv_nsec = 300000000L };
	(void)nanosleep(&pause, NULL);
	bool late = lists(folder, name) == want;
	shared->late += late;
	if (n < 10)
		fprintf(stderr, "STALE: after %s, %s %s %s%s\n", after, folder, want ? "lacks" : "lists", name,
			late ? ", but not a while later" : ", for good");
	if (n + 1 >= STALE_MAX)
		shared->stop = true;
}

/* The names that come and go. */
static const char *const names[] = { "nodes/X/in/T/M", "labels/L/M", "nodes/X/in/T/.rel/M" };
#define NAMES 3u

static int look_up_all(struct watch_slot *slot, unsigned which)
{
	struct stat st;
	char target[FS_CHECK_PATH_MAX];
	while (!shared->stop) {
		const char *name = names[which++ % NAMES];
		watch_step(slot, "look up %s", name);
		if (fstatat(mount_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			(void)fs_readlink(mount_fd, name, target, sizeof target); /* it may be gone by now */
		shared->listings++;
	}
	return 0;
}

static void expect_name(const char *name, bool want, const char *after)
{
	struct stat st;
	shared->looks++;
	if ((fstatat(mount_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) == want)
		return;
	uint64_t n = shared->stale++;
	struct timespec pause = { .tv_nsec = 300000000L };
	(void)nanosleep(&pause, NULL);
	bool late = (fstatat(mount_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) == want;
	shared->late += late;
	if (n < 10)
		fprintf(stderr, "STALE: after %s, %s %s%s\n", after, name, want ? "is not there" : "is still there",
			late ? ", but right a while later" : ", for good");
	if (n + 1 >= STALE_MAX)
		shared->stop = true;
}

static int read_all(void *context, struct watch_slot *slot)
{
	unsigned which = (unsigned)(uintptr_t)context;
	if (which % 2)
		return look_up_all(slot, which);
	while (!shared->stop) {
		struct fs_text list = { 0 };
		const char *folder = folders[which++ % FOLDERS];
		watch_step(slot, "list %s", folder);
		errno = fs_list(mount_fd, folder, "", &list);
		must(errno ? -1 : 0, folder);
		fs_text_release(&list);
		shared->listings++;
	}
	return 0;
}

static void rename_neighbour(struct watch_slot *slot, unsigned i)
{
	char from[32], to[32], old_path[FS_CHECK_PATH_MAX], new_path[FS_CHECK_PATH_MAX], after[80];
	(void)snprintf(from, sizeof from, "n%u", i);
	(void)snprintf(to, sizeof to, "n%u", i + 1);
	fs_path(old_path, "nodes/%s", from);
	fs_path(new_path, "nodes/%s", to);
	(void)snprintf(after, sizeof after, "mv %s %s", from, to);
	watch_step(slot, "%s", after);
	must(renameat(mount_fd, old_path, mount_fd, new_path), after);
	for (unsigned f = 0; f < FOLDERS; f++) {
		watch_step(slot, "look at %s after %s", folders[f], after);
		expect(folders[f], from, false, after);
		expect(folders[f], to, true, after);
	}
}

static void link_and_unlink(struct watch_slot *slot)
{
	watch_step(slot, "link from the other end");
	must(symlinkat("../../../X", mount_fd, "nodes/M/out/T/X"), "ln -s nodes/M/out/T/X");
	expect_name("nodes/X/in/T/M", true, "ln -s nodes/M/out/T/X");
	expect("nodes/X/in/T", "M", true, "ln -s nodes/M/out/T/X");
	watch_step(slot, "label");
	must(symlinkat("../../../labels/L", mount_fd, "nodes/M/labels/L"), "ln -s nodes/M/labels/L");
	expect_name("labels/L/M", true, "ln -s nodes/M/labels/L");
	expect("labels/L", "M", true, "ln -s nodes/M/labels/L");
	watch_step(slot, "unlink from the other end");
	must(unlinkat(mount_fd, "nodes/M/out/T/X", 0), "rm nodes/M/out/T/X");
	for (unsigned i = 0; i < NAMES; i += 2)
		expect_name(names[i], false, "rm nodes/M/out/T/X");
	expect("nodes/X/in/T", "M", false, "rm nodes/M/out/T/X");
	watch_step(slot, "unlabel");
	must(unlinkat(mount_fd, "nodes/M/labels/L", 0), "rm nodes/M/labels/L");
	expect_name("labels/L/M", false, "rm nodes/M/labels/L");
	expect("labels/L", "M", false, "rm nodes/M/labels/L");
}

static int change_all(void *context, struct watch_slot *slot)
{
	(void)context;
	for (unsigned i = 0; i < options.changes && !shared->stop; i++) {
		rename_neighbour(slot, i);
		link_and_unlink(slot);
	}
	shared->stop = true;
	return 0;
}

static void set_up(void)
{
	char path[FS_CHECK_PATH_MAX], target[FS_CHECK_PATH_MAX];
	static const char *const dirs[] = { "rels/T", "labels/L", "nodes/X", "nodes/M", "nodes/n0" };
	for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
		must(mkdirat(mount_fd, dirs[i], 0755) != 0 && errno != EEXIST ? -1 : 0, dirs[i]);
	must(symlinkat("../../../n0", mount_fd, "nodes/X/in/T/n0"), "ln -s n0");
	must(symlinkat("../../nodes/n0", mount_fd, "labels/L/n0"), "label of n0");
	for (unsigned i = 0; i < OTHERS; i++) {
		fs_path(path, "nodes/other%u", i);
		must(mkdirat(mount_fd, path, 0755), path);
		fs_path(target, "../../../other%u", i);
		fs_path(path, "nodes/X/in/T/other%u", i);
		must(symlinkat(target, mount_fd, path), path);
	}
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: listings MOUNT [--changes N] [--readers N] [--limit SECONDS] [--daemon PID]\n");
		return 2;
	}
	options.mount = argv[1];
	for (int i = 2; i + 1 < argc; i += 2) {
		unsigned n = (unsigned)strtoul(argv[i + 1], NULL, 10);
		if (strcmp(argv[i], "--changes") == 0)
			options.changes = n;
		else if (strcmp(argv[i], "--readers") == 0)
			options.readers = n < WATCH_SLOTS_MAX ? n : WATCH_SLOTS_MAX - 1;
		else if (strcmp(argv[i], "--limit") == 0)
			options.limit_s = n;
		else if (strcmp(argv[i], "--daemon") == 0)
			options.daemon = (pid_t)n;
	}
	mount_fd = open(options.mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount_fd < 0) {
		perror(options.mount);
		return 2;
	}
	shared = watch_share(sizeof *shared);
	struct watch *watch = watch_new(options.mount, options.limit_s, options.daemon);
	set_up();
	for (unsigned i = 0; i < options.readers; i++)
		watch_start(watch, read_all, (void *)(uintptr_t)i);
	watch_start(watch, change_all, NULL);
	int bad = watch_wait(watch);
	printf("listings: %u rounds of changes under %" PRIu64 " listings and look-ups by %u readers, %" PRIu64
		   " looks: %" PRIu64 " stale (%" PRIu64 " of them right a little later), %d hangs\n",
		options.changes, (uint64_t)shared->listings, options.readers, (uint64_t)shared->looks, (uint64_t)shared->stale,
		(uint64_t)shared->late, bad == 2);
	return bad || shared->stale > 0 || shared->looks == 0;
}
