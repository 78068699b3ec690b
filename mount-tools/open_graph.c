#include "mount-tools/open_graph.h"

#include "base/clock.h"
#include "mount-tools/mountinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLOSING_WAIT_MS 60000u
#define LETTING_GO_MS 500u
#define CLOSING_POLL_MS 20

/* First line of a small file, "" when it cannot be read. */
static void read_line(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "re");
	if (!f || !fgets(text, (int)size, f))
		text[0] = '\0';
	if (f)
		(void)fclose(f); /* only read */
	text[strcspn(text, "\n")] = '\0';
}

/* umount(8) is done before the daemon is: then it writes its last checkpoint. Whether that is who holds the lock. */
static bool is_closing(const char *source, uint64_t waited_ms)
{
	char path[64], text[64];
	GFS_AUTO_BUF lock = GFS_BUF_INIT;
	bool mounted = false;
	gfs_buf_printf(&lock, "%s/lock", source);
	gfs_buf_append_u8(&lock, 0);
	if (gfs_buf_failed(&lock) != 0)
		return false;
	read_line((const char *)lock.data, text, sizeof text);
	long pid = strtol(text, NULL, 10);
	if (pid <= 0 || gfs_mountinfo_has_source((pid_t)pid, source, &mounted) != 0)
		return waited_ms < LETTING_GO_MS; /* it has just let go, or is about to */
	(void)snprintf(path, sizeof path, "/proc/%ld/comm", pid);
	read_line(path, text, sizeof text);
	return strcmp(text, "graphfs") == 0 && !mounted;
}

int gfs_open_patiently(
	const char *path, const struct gfs_store_opts *opts, struct gfs_graph **ret_graph, struct gfs_message *message)
{
	const struct timespec pause = { .tv_nsec = CLOSING_POLL_MS * (long)GFS_NS_PER_MS };
	uint64_t begun_ns = gfs_clock_mono_ns(), waited_ms = 0;
	int err = gfs_graph_open(path, opts, ret_graph, message);
	while (err == GFS_ERR_LOCKED && waited_ms < CLOSING_WAIT_MS && is_closing(path, waited_ms)) {
		(void)nanosleep(&pause, NULL); /* a signal only makes it shorter */
		waited_ms = (gfs_clock_mono_ns() - begun_ns) / GFS_NS_PER_MS;
		err = gfs_graph_open(path, opts, ret_graph, message);
	}
	return err;
}
