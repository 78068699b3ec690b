/* How the leader of loop.c waits for the next request.
 *
 * A request that has to wake a sleeping processor costs several times what it costs otherwise, and so does its answer. There are three ways to
 * wait: to poll for a while first (saves waking ours), to sleep, or to sleep on the processor that the caller runs on (nobody is woken: the
 * two take turns, which is the best of all for one caller and the worst when that processor has other work). Which is best
 * depends on what else the machine does and on where the scheduler has put whom, so it is measured: each way is tried for some requests, and then
 * the best kept for a good while. */
#ifndef GFS_FS_PACE_H
#define GFS_FS_PACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum gfs_pace_way { GFS_PACE_POLL, GFS_PACE_SLEEP, GFS_PACE_NEAR, GFS_PACE_WAYS };

/* The leader's; handed over with leadership. */
struct gfs_pace {
	enum gfs_pace_way way;
	bool keeps;                     /* the way was chosen; else it is being tried */
	unsigned left;                  /* requests until the next step */
	unsigned laps;                  /* of trying */
	unsigned keep;                  /* how many requests a chosen way is kept for: more each time it wins again */
	enum gfs_pace_way won;          /* the last time */
	uint64_t last_ns;               /* when the last request came */
	uint64_t until_ns;              /* a chosen way is kept no longer than that */
	uint64_t sum_ns[GFS_PACE_WAYS]; /* of intervals between requests, as many for each way */
	unsigned follow;                /* requests until the caller's processor is looked for again */
};

void gfs_pace_init(struct gfs_pace *pace);
/* A request has come. True when the caller's processor should be looked for now: gfs_pace_follow. */
bool gfs_pace_step(struct gfs_pace *pace, uint64_t now_ns);
/* Another thread leads from now on. */
void gfs_pace_hand_over(struct gfs_pace *pace);

/* Ties the calling thread to the processor that thread `caller` runs on, and lets it go again. Whatever fails leaves things as they are. */
void gfs_pace_follow(pid_t caller);
void gfs_pace_let_go(void);

#endif
