#include "mount-tools/mount_options.h"

#include "base/checked.h"
#include "base/parse.h"
#include "mount-tools/cache_options.h"

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

#define CHECKPOINT_LOG_BYTES_MIN (UINT64_C(1) << 20)
#define ATIME_FLAGS (MS_NOATIME | MS_RELATIME | MS_STRICTATIME)

/* ---- options with a value ---- */

static const char *const wal_modes[] = {
	[GFS_WAL_ASYNC] = "async",
	[GFS_WAL_GROUP] = "group",
	[GFS_WAL_SYNC] = "sync",
};

const char *gfs_mount_options_wal_mode(enum gfs_wal_mode mode)
{
	return wal_modes[mode];
}

/* A number from min to max. */
static int number(struct gfs_slice text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	uint64_t value;
	if (gfs_parse_u64(text, &value) != 0 || value < min || value > max)
		return GFS_ERR_INVALID;
	*ret_value = value;
	return 0;
}

static int size_from(struct gfs_slice text, uint64_t min, uint64_t *ret_bytes)
{
	uint64_t bytes;
	if (gfs_parse_size(text, &bytes) != 0 || bytes < min)
		return GFS_ERR_INVALID;
	*ret_bytes = bytes;
	return 0;
}

static int take_wal(struct gfs_mount_options *o, struct gfs_slice text)
{
	for (size_t i = 0; i < GFS_COUNT(wal_modes); i++) {
		if (gfs_slice_equal(text, gfs_slice_text(wal_modes[i]))) {
			o->store.wal_mode = (enum gfs_wal_mode)i;
			o->wal_mode_given = true;
			return 0;
		}
	}
	return GFS_ERR_INVALID;
}

static int take_wal_interval(struct gfs_mount_options *o, struct gfs_slice text)
{
	uint64_t ms;
	int err = number(text, 1, 60000, &ms);
	if (!err) {
		o->store.wal_interval_ms = (unsigned)ms;
		o->wal_interval_given = true;
	}
	return err;
}

static int take_cache(struct gfs_mount_options *o, struct gfs_slice text)
{
	int err = size_from(text, GFS_CACHE_BUDGET_BYTES_MIN, &o->store.cache.bytes);
	if (!err)
		o->cache_given = true;
	return err;
}

static int take_checkpoint_interval(struct gfs_mount_options *o, struct gfs_slice text)
{
	uint64_t seconds;
	int err = number(text, 0, 86400, &seconds);
	if (!err)
		o->store.checkpoint_interval_ms = seconds ? (unsigned)seconds * 1000u : UINT_MAX;
	return err;
}

static int take_checkpoint_log(struct gfs_mount_options *o, struct gfs_slice text)
{
	return size_from(text, CHECKPOINT_LOG_BYTES_MIN, &o->store.checkpoint_log_bytes);
}

static int take_rel_index(struct gfs_mount_options *o, struct gfs_slice text)
{
	o->rel_index = gfs_slice_equal(text, gfs_slice_text("on"));
	o->rel_index_given = o->rel_index || gfs_slice_equal(text, gfs_slice_text("off"));
	return o->rel_index_given ? 0 : GFS_ERR_INVALID;
}

/* The daemon works in /, so the path says all. */
static int take_load_csv(struct gfs_mount_options *o, struct gfs_slice text)
{
	if (text.size == 0 || text.size >= sizeof o->fs.load_csv || text.data[0] != '/')
		return GFS_ERR_INVALID;
	memcpy(o->fs.load_csv, text.data, text.size);
	o->fs.load_csv[text.size] = '\0';
	return 0;
}

static int take_uid(struct gfs_mount_options *o, struct gfs_slice text)
{
	uint64_t id;
	int err = number(text, 0, UINT32_MAX - 1, &id);
	if (!err)
		o->fs.uid = (uint32_t)id;
	return err;
}

static int take_gid(struct gfs_mount_options *o, struct gfs_slice text)
{
	uint64_t id;
	int err = number(text, 0, UINT32_MAX - 1, &id);
	if (!err)
		o->fs.gid = (uint32_t)id;
	return err;
}

static int take_mode(struct gfs_mount_options *o, struct gfs_slice text)
{
	uint32_t mode = 0;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '7' || mode > GFS_FS_MODE_MAX >> 3)
			return GFS_ERR_INVALID;
		mode = mode << 3 | (uint32_t)(text.data[i] - '0');
	}
	if (text.size == 0 || mode > GFS_FS_MODE_MAX)
		return GFS_ERR_INVALID;
	o->fs.mode = mode;
	return 0;
}

static int take_threads(struct gfs_mount_options *o, struct gfs_slice text)
{
	uint64_t count;
	int err = number(text, 2, 64, &count);
	if (!err)
		o->fs.threads = (unsigned)count;
	return err;
}

static int take_poll_us(struct gfs_mount_options *o, struct gfs_slice text)
{
	uint64_t us;
	int err = number(text, 0, 1000000, &us);
	if (!err)
		o->fs.poll_us = (unsigned)us;
	return err;
}

static const struct valued {
	const char *name;
	int (*take)(struct gfs_mount_options *o, struct gfs_slice text);
	const char *wanted;
} valued[] = {
	{ "wal", take_wal, "async, group or sync" },
	{ "wal_interval", take_wal_interval, "1 to 60000 milliseconds" },
	{ "cache", take_cache, "a size of at least 1M, such as 512M or 2G" },
	{ "checkpoint_interval", take_checkpoint_interval, "1 to 86400 seconds, or 0 for never" },
	{ "checkpoint_log", take_checkpoint_log, "a size of at least 1M, such as 64M" },
	{ "rel_index", take_rel_index, "on or off" },
	{ "load_csv", take_load_csv, "the absolute path of a folder" },
	{ "uid", take_uid, "a user's number" },
	{ "gid", take_gid, "a group's number" },
	{ "mode", take_mode, "an octal number of at most 1777" },
	{ "threads", take_threads, "2 to 64" },
	{ "poll_us", take_poll_us, "0 to 1000000 microseconds" },
};

/* ---- options without ---- */

/* Flags of mount(2). nosuid and nodev are not here: they are always set. */
static const struct flag {
	const char *name;
	unsigned long set, clear;
	bool libfuse; /* libfuse and fusermount3 know it by this name */
} flags[] = {
	{ "ro", MS_RDONLY, 0, true },
	{ "rw", 0, MS_RDONLY, false },
	{ "noexec", MS_NOEXEC, 0, true },
	{ "exec", 0, MS_NOEXEC, false },
	{ "sync", MS_SYNCHRONOUS, 0, true },
	{ "async", 0, MS_SYNCHRONOUS, false },
	{ "dirsync", MS_DIRSYNC, 0, true },
	{ "noatime", MS_NOATIME, MS_RELATIME | MS_STRICTATIME, true },
	{ "relatime", MS_RELATIME, MS_NOATIME | MS_STRICTATIME, false },
	{ "strictatime", MS_STRICTATIME, MS_NOATIME | MS_RELATIME, false },
	{ "atime", 0, ATIME_FLAGS, false },
	{ "nodiratime", MS_NODIRATIME, 0, true },
	{ "diratime", 0, MS_NODIRATIME, false },
	{ "nosymfollow", MS_NOSYMFOLLOW, 0, true },
	{ "symfollow", 0, MS_NOSYMFOLLOW, false },
};

/* Meant for mount(8), for init, or granted in any case. */
static const char *const ignored[] = {
	"defaults",
	"auto",
	"noauto",
	"user",
	"nouser",
	"users",
	"owner",
	"group",
	"nofail",
	"_netdev",
	"dev",
	"nodev",
	"suid",
	"nosuid",
	"comment",
	"default_permissions",
	"silent",
	"loud",
	"nolazytime",
	"norelatime",
	"nostrictatime",
};

/* What /proc/self/mountinfo shows of a FUSE mount and mount(8) hands back with `remount`. */
static const char *const kernel_only[] = { "user_id", "group_id", "max_read", "blksize", "rootmode", "fd" };

static bool is_one_of(struct gfs_slice name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (gfs_slice_equal(name, gfs_slice_text(names[i])))
			return true;
	}
	return false;
}

static bool is_ignored(struct gfs_slice name)
{
	bool is_extension = name.size >= 2 && (name.data[0] == 'x' || name.data[0] == 'X') && name.data[1] == '-';
	return is_extension || is_one_of(name, ignored, GFS_COUNT(ignored));
}

static const struct flag *flag_of(struct gfs_slice name)
{
	for (size_t i = 0; i < GFS_COUNT(flags); i++) {
		if (gfs_slice_equal(name, gfs_slice_text(flags[i].name)))
			return &flags[i];
	}
	return NULL;
}

static const struct valued *valued_of(struct gfs_slice name)
{
	for (size_t i = 0; i < GFS_COUNT(valued); i++) {
		if (gfs_slice_equal(name, gfs_slice_text(valued[i].name)))
			return &valued[i];
	}
	return NULL;
}

/* ---- the list ---- */

static int take_word(struct gfs_mount_options *o, struct gfs_slice name, struct gfs_message *message)
{
	const struct flag *f = flag_of(name);
	if (f) {
		o->set = (o->set | f->set) & ~f->clear;
		o->clear = (o->clear | f->clear) & ~f->set;
	} else if (gfs_slice_equal(name, gfs_slice_text("remount"))) {
		o->remount = true;
	} else if (gfs_slice_equal(name, gfs_slice_text("allow_other"))) {
		o->allow_other = true;
	} else if (gfs_slice_equal(name, gfs_slice_text("allow_root"))) {
		return gfs_fail(message, GFS_ERR_INVALID,
			"option allow_root: not supported: what root has read would show to others; use allow_other");
	} else if (!is_ignored(name) && !o->sloppy) {
		return gfs_fail(message, GFS_ERR_INVALID, "option %.*s: unknown", (int)name.size, (const char *)name.data);
	}
	return 0;
}

static int take_valued(
	struct gfs_mount_options *o, const struct valued *v, struct gfs_slice item, struct gfs_message *message)
{
	size_t skip = strlen(v->name) + 1;
	if (skip <= item.size && v->take(o, gfs_slice(item.data + skip, item.size - skip)) == 0)
		return 0;
	return gfs_fail(
		message, GFS_ERR_INVALID, "option %.*s: must be %s", (int)item.size, (const char *)item.data, v->wanted);
}

static int take_cache_layer(
	struct gfs_mount_options *o, struct gfs_slice item, const uint8_t *equals, struct gfs_message *message)
{
	const char *wanted;
	struct gfs_slice name = gfs_slice(item.data, (size_t)(equals - item.data));
	int err = gfs_cache_options_take(o, name, gfs_slice(equals + 1, item.size - name.size - 1), &wanted);
	if (err != GFS_ERR_INVALID)
		return err;
	return gfs_fail(message, err, "option %.*s: must be %s", (int)item.size, (const char *)item.data, wanted);
}

static int take_item(struct gfs_mount_options *o, struct gfs_slice item, struct gfs_message *message)
{
	const uint8_t *equals = memchr(item.data, '=', item.size);
	struct gfs_slice name = gfs_slice(item.data, equals ? (size_t)(equals - item.data) : item.size);
	const struct valued *v = valued_of(name);
	if (v)
		return take_valued(o, v, item, message);
	int err = equals ? take_cache_layer(o, item, equals, message) : GFS_ERR_NOTFOUND;
	if (err != GFS_ERR_NOTFOUND)
		return err;
	if (is_one_of(name, kernel_only, GFS_COUNT(kernel_only))) {
		(void)snprintf(o->kernel_only, sizeof o->kernel_only, "%.*s", (int)name.size, (const char *)name.data);
		return 0;
	}
	if (equals && !is_ignored(name)) {
		if (o->sloppy)
			return 0;
		return gfs_fail(message, GFS_ERR_INVALID, "option %.*s: unknown", (int)item.size, (const char *)item.data);
	}
	return take_word(o, name, message);
}

void gfs_mount_options_init(struct gfs_mount_options *o)
{
	*o = (struct gfs_mount_options){
		.store = { .wal_mode = GFS_WAL_ASYNC },
		.fs = { .uid = getuid(), .gid = getgid(), .mode = GFS_FS_MODE_DEFAULT, .poll_us = UINT_MAX },
		.rel_index = true,
	};
}

int gfs_mount_options_parse(struct gfs_mount_options *o, const char *list, struct gfs_message *message)
{
	int err = 0;
	while (!err && *list) {
		size_t size = strcspn(list, ",");
		if (size > 0)
			err = take_item(o, gfs_slice(list, size), message);
		list += size;
		list += *list == ',';
	}
	return err;
}

int gfs_mount_options_finish(struct gfs_mount_options *o, struct gfs_message *message)
{
	if (o->kernel_only[0] && !o->remount && !o->sloppy)
		return gfs_fail(message, GFS_ERR_INVALID, "option %s: unknown", o->kernel_only);
	bool read_only = (o->set & MS_RDONLY) != 0;
	o->store.read_only = read_only;
	o->fs.read_only = read_only;
	return 0;
}

/* ---- for libfuse ---- */

/* fsname= with what libfuse's own reading of a list would take apart. */
static int add_fsname(const char *source, struct fuse_args *args)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_buf_append_text(&text, "-ofsname=");
	for (const char *c = source; *c; c++) {
		if (*c == ',' || *c == '\\')
			gfs_buf_append_u8(&text, '\\');
		gfs_buf_append_u8(&text, (uint8_t)*c);
	}
	gfs_buf_append_u8(&text, 0);
	int err = gfs_buf_failed(&text);
	if (!err && fuse_opt_add_arg(args, (const char *)text.data) != 0)
		err = GFS_ERR_NOMEM;
	return err;
}

static int add_option(struct fuse_args *args, const char *name)
{
	char text[64];
	(void)snprintf(text, sizeof text, "-o%s", name);
	return fuse_opt_add_arg(args, text) == 0 ? 0 : GFS_ERR_NOMEM;
}

int gfs_mount_options_args(const struct gfs_mount_options *o, const char *source, struct fuse_args *args)
{
	static const char *const always[] = { "subtype=graphfs", "default_permissions", "nosuid", "nodev" };
	int err = add_fsname(source, args);
	for (size_t i = 0; !err && i < GFS_COUNT(always); i++)
		err = add_option(args, always[i]);
	if (!err && o->allow_other)
		err = add_option(args, "allow_other");
	for (size_t i = 0; !err && i < GFS_COUNT(flags); i++) {
		if (flags[i].libfuse && (o->set & flags[i].set))
			err = add_option(args, flags[i].name);
	}
	return err;
}

/* ---- for a remount ---- */

unsigned long gfs_mount_options_flags(const char *list)
{
	unsigned long set = 0;
	while (*list) {
		size_t size = strcspn(list, ",");
		const struct flag *f = flag_of(gfs_slice(list, size));
		set |= f ? f->set : 0;
		list += size;
		list += *list == ',';
	}
	return set;
}
