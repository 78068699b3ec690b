/* Who reads the session.
 *
 * What costs in FUSE is waking a processor that sleeps. So one thread, the leader, reads, handles and answers requests without handing
 * them over, waiting for the next as pace.h says. A handler that is about to wait (for the disk, for another
 * request's pages in the kernel) first steps aside: a follower becomes leader, and a free thread is always reading. When there is no follower,
 * because all of them wait, another thread is made: what they wait for may be a request that only a free thread can read. Such a thread ends
 * when it is not needed any more.
 *
 * The session's descriptor is non-blocking: reading it never holds more than the leader. */
#include "base/clock.h"
#include "base/log.h"
#include "fs/fs_private.h"
#include "fs/pace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#define THREADS_DEFAULT 8u
#define THREADS_MAX 512u
#define POLL_US_DEFAULT 50u

/* A thread, or room for one. */
struct worker {
	struct gfs_loop *loop;
	pthread_t thread;
	bool made;  /* and not joined yet */
	bool spare; /* made because all others waited */
	bool ended; /* joining it takes no time */
};

struct gfs_loop {
	struct gfs_fs *fs;
	struct gfs_pace pace;  /* the leader's; handed over under the lock */
	struct gfs_mutex lock; /* guards leading, waiting, workers */
	struct gfs_cond may_lead;
	bool leading;     /* some thread leads, or has been woken to */
	unsigned waiting; /* followers */
	unsigned wanted;  /* threads that stay */
	struct worker workers[THREADS_MAX];
	_Atomic bool stop; /* release by whoever ends the session, acquire by the loop */
	int wake_fd;       /* readable once stop is set: ends the leader's sleep */
	int fd;            /* the session's */
	int result;
};

/* Whether this thread leads, and whether it handed that over during the request it handles. */
static _Thread_local bool is_leader;

static struct gfs_loop *loop_of(void *userdata)
{
	return ((struct gfs_fs *)userdata)->loop;
}

/* ---- the device: libfuse calls these for every read and reply ---- */

/* The caller's thread, at 32 of the request's header. */
static pid_t caller_of(const void *request, size_t size)
{
	enum { PID_AT = 32 };
	uint32_t pid = 0;
	if (size >= PID_AT + sizeof pid)
		memcpy(&pid, (const uint8_t *)request + PID_AT, sizeof pid);
	return (pid_t)pid;
}

static void pace(struct gfs_loop *loop, const void *request, size_t size)
{
	if (loop->fs->opts.poll_us != UINT_MAX)
		return;
	if (gfs_pace_step(&loop->pace, gfs_clock_mono_ns()))
		gfs_pace_follow(caller_of(request, size));
	else if (loop->pace.way != GFS_PACE_NEAR)
		gfs_pace_let_go();
}

static uint64_t poll_until(const struct gfs_loop *loop)
{
	unsigned us = loop->fs->opts.poll_us;
	if (us == UINT_MAX)
		us = loop->pace.way == GFS_PACE_POLL ? POLL_US_DEFAULT : 0;
	return gfs_clock_mono_ns() + (uint64_t)us * 1000u;
}

/* The next request. Polls first when that pays, then sleeps; EINTR ends libfuse's receive and so the loop's wait. */
static ssize_t device_read(int fd, void *buf, size_t size, void *userdata)
{
	struct gfs_loop *loop = loop_of(userdata);
	uint64_t until = 0;
	for (;;) {
		ssize_t n = read(fd, buf, size);
		if (n >= 0)
			pace(loop, buf, (size_t)n);
		if (n >= 0 || errno != EAGAIN)
			return n;
		if (atomic_load_explicit(&loop->stop, memory_order_acquire)) {
			errno = ENODEV; /* libfuse takes it for an unmount and ends */
			return -1;
		}
		if (until == 0)
			until = poll_until(loop);
		if (gfs_clock_mono_ns() < until)
			continue;
		struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = loop->wake_fd, .events = POLLIN } };
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -1;
	}
}

/* FUSE_INIT's reply: flags that libfuse 3.14 does not know to send. Layout of the kernel's protocol 7.36 and later: out header 16 bytes, then
 * major, minor, max_readahead, flags (4 each), ... flags2 at 36 of the body. */
#define OUT_HEADER_SIZE 16u
#define INIT_FLAGS_AT 12u
#define INIT_OUT_SIZE 64u
#define FLAG_PARALLEL_DIROPS (UINT32_C(1) << 18)
#define FLAG_HANDLE_KILLPRIV_V2 (UINT32_C(1) << 28)

static void add_init_flags(struct gfs_loop *loop, struct iovec *iov, int count)
{
	uint32_t flags;
	if (count < 2 || iov[0].iov_len != OUT_HEADER_SIZE || iov[1].iov_len < INIT_FLAGS_AT + sizeof flags ||
		iov[1].iov_len > INIT_OUT_SIZE)
		return;
	uint8_t *at = (uint8_t *)iov[1].iov_base + INIT_FLAGS_AT;
	memcpy(&flags, at, sizeof flags);
	flags |= loop->fs->init_flags & (FLAG_PARALLEL_DIROPS | FLAG_HANDLE_KILLPRIV_V2);
	memcpy(at, &flags, sizeof flags);
}

static ssize_t device_writev(int fd, struct iovec *iov, int count, void *userdata)
{
	struct gfs_loop *loop = loop_of(userdata);
	if (!loop->fs->initialised) {
		add_init_flags(loop, iov, count);
		loop->fs->initialised = true;
	}
	return writev(fd, iov, count);
}

static int remember_init(const struct fuse_buf *buf, uint32_t *ret_flags)
{
	/* in header: 40 bytes, opcode at 4; body: major, minor, max_readahead, flags */
	enum { OPCODE_AT = 4, OPCODE_INIT = 26, FLAGS_AT = 40 + 12 };
	uint32_t opcode;
	if (buf->size < FLAGS_AT + sizeof *ret_flags || !buf->mem)
		return 0;
	memcpy(&opcode, (const uint8_t *)buf->mem + OPCODE_AT, sizeof opcode);
	if (opcode == OPCODE_INIT)
		memcpy(ret_flags, (const uint8_t *)buf->mem + FLAGS_AT, sizeof *ret_flags);
	return opcode == OPCODE_INIT;
}

/* ---- leading ---- */

int gfs_loop_new(struct gfs_fs *fs, struct gfs_loop **ret_loop)
{
	struct gfs_loop *loop = calloc(1, sizeof *loop);
	if (!loop)
		return GFS_ERR_NOMEM;
	loop->fs = fs;
	loop->fd = -1;
	gfs_pace_init(&loop->pace);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->wake_fd < 0) {
		free(loop);
		return GFS_ERR_IO;
	}
	gfs_mutex_init(&loop->lock, GFS_RANK_FS_LOOP);
	gfs_cond_init(&loop->may_lead);
	*ret_loop = loop;
	return 0;
}

void gfs_loop_free(struct gfs_loop *loop)
{
	if (!loop)
		return;
	(void)close(loop->wake_fd); /* an eventfd: nothing to lose */
	gfs_cond_release(&loop->may_lead);
	gfs_mutex_release(&loop->lock);
	free(loop);
}

static void *work(void *argument);

/* Called with the lock held. False when there are as many threads as may be. */
static bool make_worker(struct gfs_loop *loop, bool spare)
{
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		struct worker *w = &loop->workers[i];
		if (w->made && !w->ended)
			continue;
		if (w->made)
			(void)pthread_join(w->thread, NULL); /* joinable, joined once */
		*w = (struct worker){ .loop = loop, .spare = spare };
		w->made = pthread_create(&w->thread, NULL, work, w) == 0;
		return w->made;
	}
	return false;
}

bool gfs_loop_step_aside(struct gfs_loop *loop)
{
	if (!is_leader)
		return true;
	gfs_mutex_lock(&loop->lock);
	bool stopping = atomic_load_explicit(&loop->stop, memory_order_acquire);
	bool followed = loop->waiting > 0 || stopping || make_worker(loop, true);
	if (followed) {
		is_leader = false;
		loop->leading = false;
		gfs_pace_hand_over(&loop->pace);
		gfs_cond_signal(&loop->may_lead);
	}
	gfs_mutex_unlock(&loop->lock);
	return followed;
}

/* Waits until no other thread leads. False when the thread is to end. */
static bool become_leader(struct worker *w)
{
	struct gfs_loop *loop = w->loop;
	bool needed = true;
	gfs_mutex_lock(&loop->lock);
	while (needed && loop->leading && !atomic_load_explicit(&loop->stop, memory_order_acquire)) {
		needed = !w->spare || loop->waiting < loop->wanted;
		if (!needed)
			break;
		loop->waiting++;
		gfs_cond_wait(&loop->may_lead, &loop->lock);
		loop->waiting--;
	}
	bool lead = needed && !atomic_load_explicit(&loop->stop, memory_order_acquire);
	if (lead)
		loop->leading = true;
	else
		w->ended = true;
	gfs_mutex_unlock(&loop->lock);
	is_leader = lead;
	return lead;
}

static void end(struct gfs_loop *loop, int result)
{
	gfs_mutex_lock(&loop->lock);
	if (result != 0 && loop->result == 0)
		loop->result = result;
	atomic_store_explicit(&loop->stop, true, memory_order_release);
	gfs_cond_broadcast(&loop->may_lead);
	gfs_mutex_unlock(&loop->lock);
}

/* Reads and handles one request. False when the session is over. */
static bool serve_one(struct gfs_loop *loop, struct fuse_buf *buf)
{
	struct fuse_session *se = loop->fs->session;
	int n = fuse_session_receive_buf(se, buf);
	if (n == -EINTR || n == -EAGAIN)
		return true;
	if (n <= 0 || fuse_session_exited(se)) {
		end(loop, n < 0 && n != -ENODEV ? GFS_ERR_IO : 0);
		return false;
	}
	atomic_fetch_add_explicit(&loop->fs->requests, 1, memory_order_relaxed);
	if (!loop->fs->initialised)
		(void)remember_init(buf, &loop->fs->init_flags); /* the first request: INIT; anything else leaves the flags 0 */
	fuse_session_process_buf(se, buf);
	return !fuse_session_exited(se);
}

/* Who leads and has to wait for the graph, which a writing statement may have for long, lets another thread read: what interrupts that statement comes by
 * there. */
static void let_another_lead(void *context)
{
	(void)gfs_loop_step_aside(context); /* when there can be no other thread, it waits all the same */
}

static void *work(void *argument)
{
	struct worker *w = argument;
	struct gfs_loop *loop = w->loop;
	struct fuse_buf buf = { 0 };
	gfs_lock_before_waiting(let_another_lead, loop);
	while (become_leader(w)) {
		while (is_leader && serve_one(loop, &buf))
			;
		gfs_pace_let_go();
		if (is_leader || fuse_session_exited(loop->fs->session)) {
			end(loop, 0);
			break;
		}
	}
	is_leader = false;
	free(buf.mem);
	return NULL;
}

int gfs_loop_handshake(struct gfs_loop *loop)
{
	struct fuse_buf buf = { 0 };
	static const struct fuse_custom_io io = { .read = device_read, .writev = device_writev };
	loop->fd = fuse_session_fd(loop->fs->session);
	int flags = fcntl(loop->fd, F_GETFL);
	if (flags < 0 || fcntl(loop->fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
		fuse_session_custom_io(loop->fs->session, &io, loop->fd) != 0)
		return GFS_ERR_IO;
	bool going = true;
	is_leader = true;
	while (going && !loop->fs->initialised)
		going = serve_one(loop, &buf);
	is_leader = false;
	free(buf.mem);
	return going ? 0 : GFS_ERR_IO;
}

/* Those that stay come first: when they have ended the loop is stopping, and no more are made. */
static void join_all(struct gfs_loop *loop)
{
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		struct worker *w = &loop->workers[i];
		gfs_mutex_lock(&loop->lock);
		bool made = w->made;
		gfs_mutex_unlock(&loop->lock);
		if (made)
			(void)pthread_join(w->thread, NULL); /* joinable, joined once */
		w->made = false;
	}
}

int gfs_loop_run(struct gfs_loop *loop)
{
	unsigned count = loop->fs->opts.threads ? loop->fs->opts.threads : THREADS_DEFAULT;
	unsigned started = 0;
	gfs_mutex_lock(&loop->lock);
	loop->wanted = count;
	while (started < count && make_worker(loop, false))
		started++;
	gfs_mutex_unlock(&loop->lock);
	if (started < 2) { /* one thread alone could wait for itself */
		gfs_loop_stop(loop);
		end(loop, GFS_ERR_NOMEM);
	}
	join_all(loop);
	return loop->result;
}

void gfs_loop_stop(struct gfs_loop *loop)
{
	uint64_t one = 1;
	atomic_store_explicit(&loop->stop, true, memory_order_release);
	fuse_session_exit(loop->fs->session);
	ssize_t n = write(loop->wake_fd, &one, sizeof one);
	(void)n; /* a full counter is as readable as a new one */
}
