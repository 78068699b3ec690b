#include "fs/retell.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

#define QUEUE_MAX 4096u
#define EVERY_NS GFS_NS_PER_MS
#define GIVE_UP_NS (200 * GFS_NS_PER_MS)

struct retell_item {
	uint64_t nodeid;
	uint64_t until_ns;
	bool contents;
};

struct gfs_retell {
	struct gfs_fs *fs;
	struct gfs_mutex lock; /* guards all below */
	struct gfs_cond wake;
	struct retell_item items[QUEUE_MAX];
	size_t count;
	bool stop, started;
	pthread_t thread;
};

int gfs_retell_new(struct gfs_fs *fs, struct gfs_retell **ret_retell)
{
	struct gfs_retell *r = calloc(1, sizeof *r);
	if (!r)
		return GFS_ERR_NOMEM;
	r->fs = fs;
	gfs_mutex_init(&r->lock, GFS_RANK_LEAF);
	gfs_cond_init(&r->wake);
	*ret_retell = r;
	return 0;
}

void gfs_retell_add(struct gfs_retell *r, uint64_t nodeid, bool contents)
{
	gfs_mutex_lock(&r->lock);
	size_t at = r->count < QUEUE_MAX ? r->count++ : 0;
	r->items[at] = (struct retell_item){ nodeid, gfs_clock_mono_ns() + GIVE_UP_NS, contents };
	gfs_cond_signal(&r->wake);
	gfs_mutex_unlock(&r->lock);
}

/* Takes the items out, tells each, returns those that are still unknown. No lock is held while telling. */
static size_t tell_all(struct gfs_retell *r, struct retell_item *items, size_t count)
{
	uint64_t now = gfs_clock_mono_ns();
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		int err = fuse_lowlevel_notify_inval_inode(r->fs->session, items[i].nodeid, items[i].contents ? 0 : -1, 0);
		if (err == -ENOENT && items[i].until_ns > now)
			items[kept++] = items[i];
	}
	return kept;
}

static void *run(void *argument)
{
	struct gfs_retell *r = argument;
	struct retell_item *items = malloc(sizeof r->items);
	gfs_mutex_lock(&r->lock);
	while (!r->stop && items) {
		if (r->count == 0) {
			gfs_cond_wait(&r->wake, &r->lock);
			continue;
		}
		size_t count = r->count;
		for (size_t i = 0; i < count; i++)
			items[i] = r->items[i];
		r->count = 0;
		gfs_mutex_unlock(&r->lock);
		count = tell_all(r, items, count);
		gfs_mutex_lock(&r->lock);
		for (size_t i = 0; i < count && r->count < QUEUE_MAX; i++)
			r->items[r->count++] = items[i];
		if (r->count > 0 && !r->stop) {
			int timed_out = gfs_cond_wait_until(&r->wake, &r->lock, gfs_clock_mono_ns() + EVERY_NS);
			(void)timed_out; /* either way there is work */
		}
	}
	gfs_mutex_unlock(&r->lock);
	free(items);
	return NULL;
}

int gfs_retell_start(struct gfs_retell *r)
{
	if (pthread_create(&r->thread, NULL, run, r) != 0)
		return GFS_ERR_NOMEM;
	r->started = true;
	return 0;
}

void gfs_retell_free(struct gfs_retell *r)
{
	if (!r)
		return;
	gfs_mutex_lock(&r->lock);
	r->stop = true;
	gfs_cond_signal(&r->wake);
	gfs_mutex_unlock(&r->lock);
	if (r->started)
		(void)pthread_join(r->thread, NULL); /* joinable, joined once */
	gfs_cond_release(&r->wake);
	gfs_mutex_release(&r->lock);
	free(r);
}
