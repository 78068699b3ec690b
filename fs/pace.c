#include "fs/pace.h"

#include "base/clock.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETTLE 4u /* requests after a change of ways that do not count */
#define TRY 16u
#define LAPS 4u /* the ways take turns: what is asked for may change meanwhile */
#define KEEP_MIN 4096u
#define KEEP_MAX 65536u
#define KEEP_NS (2 * GFS_NS_PER_S)
#define FOLLOW_EVERY 256u
#define PAUSE_NS (GFS_NS_PER_MS / 2) /* a longer interval is the callers' own */
#define CAP_NS 150000u               /* of what one interval may weigh: those in which something else ran */

static void try_way(struct gfs_pace *p, enum gfs_pace_way way)
{
	p->way = way;
	p->left = SETTLE + TRY;
	p->follow = 1;
}

static void try_all(struct gfs_pace *p)
{
	p->keeps = false;
	p->laps = LAPS;
	for (int way = 0; way < GFS_PACE_WAYS; way++)
		p->sum_ns[way] = 0;
	try_way(p, GFS_PACE_POLL);
}

void gfs_pace_init(struct gfs_pace *p)
{
	*p = (struct gfs_pace){ .keep = KEEP_MIN, .won = GFS_PACE_POLL };
	try_all(p);
}

/* Another way must be better by a fifth than being near: one that happens to be as good is good only until the scheduler moves somebody. */
static enum gfs_pace_way best(const struct gfs_pace *p)
{
	enum gfs_pace_way way = p->sum_ns[GFS_PACE_SLEEP] < p->sum_ns[GFS_PACE_POLL] ? GFS_PACE_SLEEP : GFS_PACE_POLL;
	return p->sum_ns[way] + p->sum_ns[way] / 5 < p->sum_ns[GFS_PACE_NEAR] ? way : GFS_PACE_NEAR;
}

static void keep(struct gfs_pace *p, uint64_t now_ns)
{
	p->way = best(p);
	p->keep = p->way == p->won && p->keep < KEEP_MAX ? p->keep * 2 : KEEP_MIN;
	p->won = p->way;
	p->keeps = true;
	p->left = p->keep;
	p->until_ns = now_ns + KEEP_NS;
}

static void next(struct gfs_pace *p, uint64_t now_ns)
{
	if (p->keeps)
		try_all(p);
	else if (p->way < GFS_PACE_NEAR)
		try_way(p, (enum gfs_pace_way)(p->way + 1));
	else if (--p->laps > 0)
		try_way(p, GFS_PACE_POLL);
	else
		keep(p, now_ns);
}

bool gfs_pace_step(struct gfs_pace *p, uint64_t now_ns)
{
	uint64_t interval_ns = now_ns - p->last_ns;
	p->last_ns = now_ns;
	if (interval_ns <= PAUSE_NS) {
		if (!p->keeps && p->left <= TRY)
			p->sum_ns[p->way] += interval_ns < CAP_NS ? interval_ns : CAP_NS;
		if (--p->left == 0 || (p->keeps && now_ns > p->until_ns))
			next(p, now_ns);
	}
	if (p->way != GFS_PACE_NEAR || --p->follow > 0)
		return false;
	p->follow = FOLLOW_EVERY;
	return true;
}

void gfs_pace_hand_over(struct gfs_pace *p)
{
	p->follow = 1;
}

/* ---- processors ---- */

/* What the thread was allowed before it was tied. */
static _Thread_local cpu_set_t allowed;
static _Thread_local int tied_to = -1;

/* Field 39 of /proc/TID/stat; -1 when that cannot be known. */
static int cpu_of(pid_t thread)
{
	char path[48], text[1024];
	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)thread);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	if (fd >= 0)
		(void)close(fd); /* only read */
	if (n <= 0)
		return -1;
	text[n] = '\0';
	const char *at = strrchr(text, ')'); /* the end of field 2, which may have spaces in it */
	for (int field = 2; at && field < 39; field++)
		at = strchr(at + 1, ' ');
	return at ? (int)strtol(at, NULL, 10) : -1;
}

void gfs_pace_follow(pid_t caller)
{
	cpu_set_t one;
	int cpu = caller > 0 ? cpu_of(caller) : -1;
	if (cpu < 0 || cpu >= CPU_SETSIZE || cpu == tied_to)
		return;
	if (tied_to < 0 && sched_getaffinity(0, sizeof allowed, &allowed) != 0)
		return;
	if (!CPU_ISSET(cpu, &allowed))
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof one, &one) == 0)
		tied_to = cpu;
}

void gfs_pace_let_go(void)
{
	if (tied_to >= 0 && sched_setaffinity(0, sizeof allowed, &allowed) == 0)
		tied_to = -1;
}
