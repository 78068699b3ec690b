/* A FUSE daemon that answers at once and keeps nothing but the type of each inode it made: what any daemon on this machine costs at least.
 * bench_fuse measures graphfs against it.
 *
 *   bench_null [-f] [-s] MOUNTPOINT         -s: libfuse's single-threaded loop
 *
 * What is made exists for as long as the kernel remembers it; every look-up finds nothing. The one exception: the size of /.requests is the
 * number of requests so far. */
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INODES_MAX (UINT64_C(1) << 24)
#define REQUESTS_NAME ".requests"
#define REQUESTS_INO INODES_MAX
#define FOREVER_S 1e9

enum type { TYPE_NONE, TYPE_DIR, TYPE_FILE, TYPE_LINK };
static uint8_t types[INODES_MAX];
static _Atomic uint64_t inodes_used = FUSE_ROOT_ID; /* relaxed: only unique */
static _Atomic uint64_t requests;                   /* relaxed: a statistic */

static void count(void)
{
	atomic_fetch_add_explicit(&requests, 1, memory_order_relaxed);
}

static struct stat look(fuse_ino_t ino)
{
	static const mode_t modes[] = { 0, S_IFDIR | 0755, S_IFREG | 0644, S_IFLNK | 0777 };
	struct stat st = { .st_ino = ino, .st_nlink = 1, .st_size = 3 };
	if (ino == REQUESTS_INO) {
		st.st_mode = S_IFREG | 0444;
		st.st_size = (off_t)atomic_load_explicit(&requests, memory_order_relaxed);
	} else {
		st.st_mode = modes[types[ino % INODES_MAX]];
	}
	return st;
}

static struct fuse_entry_param make(enum type type)
{
	fuse_ino_t ino = atomic_fetch_add_explicit(&inodes_used, 1, memory_order_relaxed) + 1;
	if (ino >= INODES_MAX) {
		fprintf(stderr, "bench_null: too many inodes\n");
		exit(1);
	}
	types[ino] = (uint8_t)type;
	return (struct fuse_entry_param){
		.ino = ino,
		.attr = look(ino),
		.attr_timeout = FOREVER_S,
		.entry_timeout = FOREVER_S,
	};
}

static void answer_made(fuse_req_t req, enum type type)
{
	struct fuse_entry_param made = make(type);
	count();
	fuse_reply_entry(req, &made);
}

static void answer(fuse_req_t req, int err)
{
	count();
	fuse_reply_err(req, err);
}

static void null_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e = { .ino = REQUESTS_INO };
	if (parent != FUSE_ROOT_ID || strcmp(name, REQUESTS_NAME) != 0) {
		answer(req, ENOENT);
		return;
	}
	e.attr = look(REQUESTS_INO);
	fuse_reply_entry(req, &e);
}

static void null_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)fi;
	struct stat st = look(ino);
	count();
	fuse_reply_attr(req, &st, ino == REQUESTS_INO ? 0 : FOREVER_S);
}

static void null_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int which, struct fuse_file_info *fi)
{
	(void)st, (void)which;
	null_getattr(req, ino, fi);
}

static void null_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	(void)parent, (void)name, (void)mode;
	answer_made(req, TYPE_DIR);
}

static void null_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	(void)target, (void)parent, (void)name;
	answer_made(req, TYPE_LINK);
}

static void null_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	(void)parent, (void)name, (void)mode;
	struct fuse_entry_param made = make(TYPE_FILE);
	count();
	fuse_reply_create(req, &made, fi);
}

static void null_remove(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	(void)parent, (void)name;
	answer(req, 0);
}

static void null_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	count();
	fuse_reply_open(req, fi);
}

static void null_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	static const char text[] = "hi\n";
	(void)ino, (void)fi;
	count();
	fuse_reply_buf(req, text, offset == 0 && size >= 3 ? 3 : 0);
}

static void null_write(
	fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset, struct fuse_file_info *fi)
{
	(void)ino, (void)bytes, (void)offset, (void)fi;
	count();
	fuse_reply_write(req, size);
}

static void null_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino, (void)fi;
	answer(req, 0);
}

static void null_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	(void)ino, (void)lookups;
	fuse_reply_none(req); /* not counted: nobody waits for it */
}

static const struct fuse_lowlevel_ops null_ops = {
	.lookup = null_lookup,
	.forget = null_forget,
	.getattr = null_getattr,
	.setattr = null_setattr,
	.mkdir = null_mkdir,
	.symlink = null_symlink,
	.create = null_create,
	.unlink = null_remove,
	.rmdir = null_remove,
	.open = null_open,
	.read = null_read,
	.write = null_write,
	.release = null_release,
};

static int serve(struct fuse_session *session, bool single)
{
	if (single)
		return fuse_session_loop(session);
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int result = fuse_session_loop_mt(session, config);
	fuse_loop_cfg_destroy(config);
	return result;
}

int main(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct fuse_cmdline_opts opts;
	if (fuse_parse_cmdline(&args, &opts) != 0 || opts.mountpoint == NULL) {
		fprintf(stderr, "usage: bench_null [-f] [-s] MOUNTPOINT\n");
		return 2;
	}
	types[FUSE_ROOT_ID] = TYPE_DIR;
	struct fuse_session *session = fuse_session_new(&args, &null_ops, sizeof null_ops, NULL);
	if (session == NULL || fuse_set_signal_handlers(session) != 0 || fuse_session_mount(session, opts.mountpoint) != 0)
		return 1;
	int result = serve(session, opts.singlethread);
	fuse_session_unmount(session);
	fuse_session_destroy(session);
	free(opts.mountpoint);
	fuse_opt_free_args(&args);
	return result != 0;
}
