/* mount-tools/mount_options: what -o takes, what it refuses, and what libfuse is told. */
#include "base/checked.h"
#include "mount-tools/cache_options.h"

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

static struct gfs_message message;

static int parse(struct gfs_mount_options *o, const char *list)
{
	gfs_mount_options_init(o);
	message.text[0] = '\0';
	int err = gfs_mount_options_parse(o, list, &message);
	return err ? err : gfs_mount_options_finish(o, &message);
}

static void test_defaults(void **state)
{
	(void)state;
	struct gfs_mount_options o;
	assert_int_equal(parse(&o, ""), 0);
	assert_int_equal(o.store.wal_mode, GFS_WAL_ASYNC);
	assert_int_equal(o.store.cache.bytes, 0);
	assert_int_equal(o.fs.uid, getuid());
	assert_int_equal(o.fs.gid, getgid());
	assert_int_equal(o.fs.poll_us, UINT_MAX);
	assert_true(o.rel_index);
	assert_false(o.rel_index_given || o.store.read_only || o.fs.read_only || o.allow_other || o.remount);
	assert_int_equal(o.set | o.clear, 0);
}

static void test_values(void **state)
{
	(void)state;
	struct gfs_mount_options o;
	assert_int_equal(
		parse(&o,
			"wal=group,wal_interval=25,cache=64M,checkpoint_interval=5,checkpoint_log=8M,uid=7,gid=8,threads=4,poll_us=0,rel_index=off"),
		0);
	assert_true(!o.rel_index && o.rel_index_given);
	assert_int_equal(o.store.wal_mode, GFS_WAL_GROUP);
	assert_int_equal(o.store.wal_interval_ms, 25);
	assert_int_equal(o.store.cache.bytes, 64 << 20);
	assert_int_equal(o.store.checkpoint_interval_ms, 5000);
	assert_int_equal(o.store.checkpoint_log_bytes, 8 << 20);
	assert_int_equal(o.fs.uid, 7);
	assert_int_equal(o.fs.gid, 8);
	assert_int_equal(o.fs.threads, 4);
	assert_int_equal(o.fs.poll_us, 0);
	assert_true(o.wal_mode_given && o.wal_interval_given && o.cache_given);
	assert_int_equal(parse(&o, "checkpoint_interval=0"), 0);
	assert_int_equal(o.store.checkpoint_interval_ms, UINT_MAX);
}

static void test_cache_layers(void **state)
{
	(void)state;
	struct gfs_mount_options o;
	assert_int_equal(parse(&o, "cache_page=off,cache_object=2M,cache_policy=lru,cache_query_policy=clock"), 0);
	assert_true(o.store.cache.layers[GFS_CACHE_PAGE].off);
	assert_int_equal(o.store.cache.layers[GFS_CACHE_OBJECT].limit_bytes, 2 << 20);
	assert_string_equal(gfs_cache_policy_name(o.store.cache.layers[GFS_CACHE_INDEX].policy), "lru");
	assert_string_equal(gfs_cache_policy_name(o.store.cache.layers[GFS_CACHE_QUERY].policy), "clock");
	assert_true(o.layers_given[GFS_CACHE_PAGE].limit && o.layers_given[GFS_CACHE_OBJECT].limit);
	assert_false(o.layers_given[GFS_CACHE_INDEX].limit || o.cache_given);
	assert_false(o.cache_warm);
	assert_int_equal(parse(&o, "cache_page=off,cache_page=64K,cache_warm=on"), 0);
	assert_true(o.cache_warm);
	assert_false(o.store.cache.layers[GFS_CACHE_PAGE].off);
	assert_int_equal(o.store.cache.layers[GFS_CACHE_PAGE].limit_bytes, 64 << 10);
}

/* What a remount writes. */
static int note(void *context, const char *file, const char *text)
{
	struct gfs_buf *out = context;
	gfs_buf_printf(out, "%s=%s ", file, text);
	return gfs_buf_failed(out);
}

static void test_cache_layers_of_remount(void **state)
{
	(void)state;
	struct gfs_mount_options o;
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	assert_int_equal(parse(&o, "remount,cache=3M,cache_object_policy=lru,cache_page=off,cache_index=1M"), 0);
	assert_int_equal(gfs_cache_options_apply(&o, note, &out), 0);
	gfs_buf_append_u8(&out, 0);
	assert_string_equal((const char *)out.data,
		"cache/budget=3145728 cache/page/enabled=0 cache/object/policy=lru cache/index/limit=1048576 "
		"cache/index/enabled=1 ");
}

static void test_later_wins(void **state)
{
	(void)state;
	struct gfs_mount_options o;
	assert_int_equal(parse(&o, "ro,wal=sync,rw,wal=async,cache=1M,cache=2m"), 0);
	assert_false(o.store.read_only || o.fs.read_only);
	assert_int_equal(o.clear, MS_RDONLY);
	assert_int_equal(o.store.wal_mode, GFS_WAL_ASYNC);
	assert_int_equal(o.store.cache.bytes, 2 << 20);
	assert_int_equal(parse(&o, "rw,ro"), 0);
	assert_true(o.store.read_only && o.fs.read_only);
	assert_int_equal(parse(&o, "noatime,relatime"), 0);
	assert_int_equal(o.set, MS_RELATIME);
	/* A further list goes on where the first ended. */
	assert_int_equal(gfs_mount_options_parse(&o, "wal=group,ro", &message), 0);
	assert_int_equal(o.store.wal_mode, GFS_WAL_GROUP);
	assert_int_equal(o.set, MS_RELATIME | MS_RDONLY);
}

static void test_ignored(void **state)
{
	(void)state;
	struct gfs_mount_options o;
	assert_int_equal(parse(&o,
						 "defaults,auto,noauto,user,users,nouser,owner,group,nofail,_netdev,dev,suid,nodev,nosuid,"
						 "x-systemd.requires=/a,x-gvfs-hide,X-mount.mkdir,comment=a b,default_permissions,,"),
		0);
	assert_int_equal(o.set | o.clear, 0);
}

static void test_refused(void **state)
{
	(void)state;
	/* the list, and what the message must name */
	static const char *const rows[][2] = {
		{ "nonsense", "nonsense" },
		{ "rw,walls=3", "walls=3" },
		{ "ro=1", "ro=1" },
		{ "wal", "wal" },
		{ "wal=", "async, group or sync" },
		{ "wal=fast", "wal=fast" },
		{ "wal=groups", "wal=groups" },
		{ "wal_interval=0", "wal_interval=0" },
		{ "wal_interval=60001", "60000" },
		{ "cache=1", "cache=1" },
		{ "cache=lots", "cache=lots" },
		{ "cache_page=1K", "64K" },
		{ "cache_query=on", "or off" },
		{ "cache_pages=1M", "unknown" },
		{ "cache_warm=1", "on or off" },
		{ "cache_=1M", "unknown" },
		{ "cache_page", "unknown" },
		{ "cache_policy=fifo", "s3fifo, lru or clock" },
		{ "cache_page_policy=", "s3fifo, lru or clock" },
		{ "cache=99999999999999999999", "cache=9" },
		{ "checkpoint_log=4K", "checkpoint_log=4K" },
		{ "uid=root", "uid=root" },
		{ "uid=4294967295", "uid=4294967295" },
		{ "gid=-1", "gid=-1" },
		{ "mode=", "octal" },
		{ "mode=0758", "octal" },
		{ "mode=2777", "1777" },
		{ "mode=77777777777777", "1777" },
		{ "threads=1", "threads=1" },
		{ "poll_us=-5", "poll_us=-5" },
		{ "allow_root", "allow_other" },
		{ "user_id=0", "user_id" },
		{ "fsname=x", "fsname=x" },
	};
	for (size_t i = 0; i < GFS_COUNT(rows); i++) {
		struct gfs_mount_options o;
		assert_int_equal(parse(&o, rows[i][0]), GFS_ERR_INVALID);
		if (!strstr(message.text, rows[i][1]))
			fail_msg("%s: %s", rows[i][0], message.text);
	}
}

static void test_sloppy(void **state)
{
	(void)state;
	struct gfs_mount_options o;
	gfs_mount_options_init(&o);
	o.sloppy = true;
	assert_int_equal(gfs_mount_options_parse(&o, "nonsense,walls=3,user_id=0,ro", &message), 0);
	assert_int_equal(gfs_mount_options_finish(&o, &message), 0);
	assert_true(o.fs.read_only);
	/* What we know must still be right. */
	assert_int_equal(gfs_mount_options_parse(&o, "wal=fast", &message), GFS_ERR_INVALID);
}

/* What mount(8) hands over for `mount -o remount,noatime MNT`. */
static void test_remount(void **state)
{
	(void)state;
	struct gfs_mount_options o;
	assert_int_equal(
		parse(&o, "rw,nosuid,nodev,relatime,remount,noatime,user_id=0,group_id=0,default_permissions,allow_other"), 0);
	assert_true(o.remount);
	assert_int_equal(o.set, MS_NOATIME);
	assert_true((o.clear & (MS_RDONLY | MS_RELATIME)) == (MS_RDONLY | MS_RELATIME));
	assert_int_equal(gfs_mount_options_flags("ro,nosuid,nodev,relatime,noexec"), MS_RDONLY | MS_RELATIME | MS_NOEXEC);
	assert_int_equal(gfs_mount_options_flags("rw,user_id=0,sync"), MS_SYNCHRONOUS);
	assert_int_equal(gfs_mount_options_flags(""), 0);
}

static bool has_arg(const struct fuse_args *args, const char *text)
{
	for (int i = 0; i < args->argc; i++) {
		if (strcmp(args->argv[i], text) == 0)
			return true;
	}
	return false;
}

static void test_args(void **state)
{
	(void)state;
	struct gfs_mount_options o;
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	assert_int_equal(parse(&o, "ro,suid,dev,noexec,atime,wal=sync"), 0);
	assert_int_equal(gfs_mount_options_args(&o, "/a,b\\c d", &args), 0);
	assert_true(has_arg(&args, "-ofsname=/a\\,b\\\\c d"));
	assert_true(has_arg(&args, "-osubtype=graphfs") && has_arg(&args, "-odefault_permissions"));
	assert_true(has_arg(&args, "-onosuid") && has_arg(&args, "-onodev"));
	assert_true(has_arg(&args, "-oro") && has_arg(&args, "-onoexec"));
	assert_false(has_arg(&args, "-oallow_other") || has_arg(&args, "-osuid") || has_arg(&args, "-odev"));
	assert_int_equal(args.argc, 7);
	fuse_opt_free_args(&args);

	args = (struct fuse_args)FUSE_ARGS_INIT(0, NULL);
	assert_int_equal(parse(&o, "allow_other"), 0);
	assert_int_equal(gfs_mount_options_args(&o, "/db", &args), 0);
	assert_true(
		has_arg(&args, "-oallow_other") && has_arg(&args, "-odefault_permissions") && has_arg(&args, "-ofsname=/db"));
	fuse_opt_free_args(&args);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_cache_layers),
		cmocka_unit_test(test_cache_layers_of_remount),
		cmocka_unit_test(test_later_wins),
		cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_sloppy),
		cmocka_unit_test(test_remount),
		cmocka_unit_test(test_args),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
