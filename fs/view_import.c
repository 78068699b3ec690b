#include "base/checked.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mapping.h"
#include "fs/imports.h"
#include "graph/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERROR_SUFFIX ".error"

struct import_file {
	uint64_t number; /* never reused in a mount */
	char name[GFS_COMPONENT_BYTES_MAX + 1];
	int fd; /* of a file without a name that has the contents; -1 while they are empty */
	uint64_t size;
	struct gfs_buf error;
	uint64_t mtime_ns;
	bool written; /* since the last flush */
	bool busy;    /* being imported: contents must not change */
};

/* So much of a file is read by an import before its memory is given back. */
#define READ_BYTES_KEPT (UINT64_C(4) << 20)

struct gfs_imports {
	struct gfs_store *store; /* in whose folder contents lie */
	struct gfs_mutex lock;   /* guards all below, and is held while contents are read and written */
	struct import_file *files[GFS_IMPORT_FILES_MAX];
	uint64_t next_number;
	uint64_t mtime_ns;
};

int gfs_imports_new(struct gfs_store *store, struct gfs_imports **ret_imports)
{
	struct gfs_imports *imports = calloc(1, sizeof *imports);
	if (!imports)
		return GFS_ERR_NOMEM;
	imports->store = store;
	gfs_mutex_init(&imports->lock, GFS_RANK_LEAF);
	imports->next_number = 1;
	imports->mtime_ns = gfs_clock_real_ns();
	*ret_imports = imports;
	return 0;
}

static void free_file(struct import_file *file)
{
	gfs_io_close(file->fd);
	gfs_buf_release(&file->error);
	free(file);
}

void gfs_imports_free(struct gfs_imports *imports)
{
	if (!imports)
		return;
	for (size_t i = 0; i < GFS_IMPORT_FILES_MAX; i++) {
		if (imports->files[i])
			free_file(imports->files[i]);
	}
	gfs_mutex_release(&imports->lock);
	free(imports);
}

uint64_t gfs_imports_mtime(struct gfs_imports *imports)
{
	gfs_mutex_lock(&imports->lock);
	uint64_t t = imports->mtime_ns;
	gfs_mutex_unlock(&imports->lock);
	return t;
}

static void changed(struct gfs_imports *imports)
{
	uint64_t now = gfs_clock_real_ns();
	imports->mtime_ns = now > imports->mtime_ns ? now : imports->mtime_ns + 1;
}

static struct import_file **by_name(struct gfs_imports *imports, const char *name)
{
	for (size_t i = 0; i < GFS_IMPORT_FILES_MAX; i++) {
		if (imports->files[i] && strcmp(imports->files[i]->name, name) == 0)
			return &imports->files[i];
	}
	return NULL;
}

static struct import_file *by_nodeid(struct gfs_imports *imports, uint64_t nodeid)
{
	uint64_t number = gfs_nodeid_unpack(nodeid).id;
	for (size_t i = 0; i < GFS_IMPORT_FILES_MAX; i++) {
		if (imports->files[i] && imports->files[i]->number == number)
			return imports->files[i];
	}
	return NULL;
}

static bool error_name(const char *name, char *base, size_t size)
{
	size_t n = strlen(name), s = strlen(ERROR_SUFFIX);
	if (n <= s || n - s >= size || strcmp(name + n - s, ERROR_SUFFIX) != 0)
		return false;
	memcpy(base, name, n - s);
	base[n - s] = '\0';
	return true;
}

int gfs_imports_lookup(struct gfs_imports *imports, const char *name, uint64_t *ret_child)
{
	char base[GFS_COMPONENT_BYTES_MAX + 1];
	int err = GFS_ERR_NOTFOUND;
	gfs_mutex_lock(&imports->lock);
	struct import_file **slot = by_name(imports, name);
	if (slot) {
		*ret_child = gfs_nodeid_pack(GFS_INODE_IMPORT, 0, 0, (*slot)->number);
		err = 0;
	} else if (error_name(name, base, sizeof base) && (slot = by_name(imports, base)) && (*slot)->error.size > 0) {
		*ret_child = gfs_nodeid_pack(GFS_INODE_IMPORT_ERROR, 0, 0, (*slot)->number);
		err = 0;
	}
	gfs_mutex_unlock(&imports->lock);
	return err;
}

/* Cookies: 2 * slot + 1 after the file, one more after its error. */
static bool list_file(struct gfs_lister *l, const struct import_file *file, uint64_t slot)
{
	struct gfs_component name;
	uint64_t cookie = 2 * slot + 1;
	if (l->from < cookie &&
		!gfs_lister_add(l, file->name, gfs_nodeid_pack(GFS_INODE_IMPORT, 0, 0, file->number), S_IFREG, cookie))
		return false;
	size_t size = strlen(file->name);
	if (file->error.size == 0 || size + strlen(ERROR_SUFFIX) > GFS_COMPONENT_BYTES_MAX)
		return true;
	memcpy(name.text, file->name, size);
	memcpy(name.text + size, ERROR_SUFFIX, sizeof ERROR_SUFFIX);
	return gfs_lister_add(
		l, name.text, gfs_nodeid_pack(GFS_INODE_IMPORT_ERROR, 0, 0, file->number), S_IFREG, cookie + 1);
}

/* Attributes are asked for with the table's lock free, so entries are copied out first. */
int gfs_imports_list(struct gfs_lister *l)
{
	struct gfs_imports *imports = l->fs->imports;
	for (uint64_t i = l->from / 2; i < GFS_IMPORT_FILES_MAX; i++) {
		struct import_file copy;
		gfs_mutex_lock(&imports->lock);
		bool there = imports->files[i] != NULL;
		if (there)
			copy = *imports->files[i];
		gfs_mutex_unlock(&imports->lock);
		if (there && !list_file(l, &copy, i))
			break;
	}
	return 0;
}

int gfs_imports_create(struct gfs_imports *imports, const char *name, uint64_t *ret_child)
{
	int err = GFS_ERR_LIMIT;
	char base[GFS_COMPONENT_BYTES_MAX + 1];
	if (strlen(name) > GFS_COMPONENT_BYTES_MAX)
		return GFS_ERR_NAMETOOLONG;
	if (error_name(name, base, sizeof base))
		return GFS_ERR_PERM;
	struct import_file *file = calloc(1, sizeof *file);
	if (!file)
		return GFS_ERR_NOMEM;
	memcpy(file->name, name, strlen(name));
	file->fd = -1;
	gfs_mutex_lock(&imports->lock);
	if (by_name(imports, name))
		err = GFS_ERR_EXISTS;
	for (size_t i = 0; err == GFS_ERR_LIMIT && i < GFS_IMPORT_FILES_MAX; i++) {
		if (imports->files[i])
			continue;
		changed(imports);
		file->number = imports->next_number++;
		file->mtime_ns = imports->mtime_ns;
		imports->files[i] = file;
		*ret_child = gfs_nodeid_pack(GFS_INODE_IMPORT, 0, 0, file->number);
		err = 0;
	}
	gfs_mutex_unlock(&imports->lock);
	if (err)
		free_file(file);
	return err;
}

int gfs_imports_unlink(struct gfs_imports *imports, const char *name)
{
	char base[GFS_COMPONENT_BYTES_MAX + 1];
	int err = 0;
	gfs_mutex_lock(&imports->lock);
	struct import_file **slot = by_name(imports, name);
	struct import_file **failed = error_name(name, base, sizeof base) ? by_name(imports, base) : NULL;
	if (slot && (*slot)->busy) {
		err = GFS_ERR_LOCKED;
	} else if (slot) {
		free_file(*slot);
		*slot = NULL;
		changed(imports);
	} else if (failed && (*failed)->error.size > 0) {
		gfs_buf_clear(&(*failed)->error);
		changed(imports);
	} else {
		err = GFS_ERR_NOTFOUND;
	}
	gfs_mutex_unlock(&imports->lock);
	return err;
}

int gfs_imports_rename(struct gfs_imports *imports, const char *from, const char *to)
{
	int err = 0;
	if (strlen(to) > GFS_COMPONENT_BYTES_MAX)
		return GFS_ERR_NAMETOOLONG;
	gfs_mutex_lock(&imports->lock);
	struct import_file **slot = by_name(imports, from), **there = by_name(imports, to);
	if (!slot)
		err = GFS_ERR_NOTFOUND;
	else if (there && there != slot)
		err = GFS_ERR_EXISTS;
	else if ((*slot)->busy)
		err = GFS_ERR_LOCKED;
	if (!err) {
		memset((*slot)->name, 0, sizeof(*slot)->name);
		memcpy((*slot)->name, to, strlen(to));
		changed(imports);
	}
	gfs_mutex_unlock(&imports->lock);
	return err;
}

static int import_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	int err = GFS_ERR_STALE;
	bool is_error = gfs_nodeid_unpack(nodeid).kind == GFS_INODE_IMPORT_ERROR;
	gfs_mutex_lock(&fs->imports->lock);
	struct import_file *file = by_nodeid(fs->imports, nodeid);
	if (file) {
		gfs_attr_fill_fixed(fs, st, nodeid, S_IFREG | (is_error ? 0400 : 0600),
			is_error ? file->error.size : file->size, file->mtime_ns);
		err = 0;
	}
	gfs_mutex_unlock(&fs->imports->lock);
	return err;
}

static int read_error(const struct import_file *file, uint64_t offset, size_t size, struct gfs_buf *out)
{
	size_t left = offset < file->error.size ? file->error.size - (size_t)offset : 0;
	if (left > 0)
		gfs_buf_append(out, file->error.data + offset, GFS_MIN(size, left));
	return gfs_buf_failed(out);
}

static int read_contents(const struct import_file *file, uint64_t offset, size_t size, struct gfs_buf *out)
{
	uint64_t left = offset < file->size ? file->size - offset : 0;
	size_t got = 0, before = out->size;
	size = GFS_MIN(size, left);
	if (size == 0)
		return 0;
	uint8_t *data = gfs_buf_extend(out, size);
	int err = data ? gfs_io_read_some_at(file->fd, data, size, offset, &got) : GFS_ERR_NOMEM;
	out->size = before + got;
	return err;
}

int gfs_imports_read(struct gfs_imports *imports, uint64_t nodeid, uint64_t offset, size_t size, struct gfs_buf *out)
{
	int err = GFS_ERR_STALE;
	gfs_mutex_lock(&imports->lock);
	struct import_file *file = by_nodeid(imports, nodeid);
	if (file)
		err = gfs_nodeid_unpack(nodeid).kind == GFS_INODE_IMPORT ? read_contents(file, offset, size, out)
																 : read_error(file, offset, size, out);
	gfs_mutex_unlock(&imports->lock);
	return err;
}

/* The file may be changed, and has a descriptor. */
static int edit(struct gfs_imports *imports, struct import_file *file)
{
	if (!file)
		return GFS_ERR_STALE;
	if (file->busy)
		return GFS_ERR_LOCKED;
	return file->fd >= 0 ? 0 : gfs_store_temporary_file(imports->store, &file->fd);
}

int gfs_imports_write(struct gfs_imports *imports, uint64_t nodeid, uint64_t offset, struct gfs_slice data)
{
	if (offset > GFS_IMPORT_FILE_BYTES_MAX || data.size > GFS_IMPORT_FILE_BYTES_MAX - offset)
		return GFS_ERR_TOOBIG;
	gfs_mutex_lock(&imports->lock);
	struct import_file *file = by_nodeid(imports, nodeid);
	int err = edit(imports, file);
	if (!err && data.size > 0)
		err = gfs_io_write_at(file->fd, data.data, data.size, offset);
	if (!err && data.size > 0) {
		file->size = GFS_MAX(file->size, offset + data.size);
		file->mtime_ns = gfs_clock_real_ns();
		file->written = true;
	}
	gfs_mutex_unlock(&imports->lock);
	return err;
}

int gfs_imports_truncate(struct gfs_imports *imports, uint64_t nodeid, uint64_t size)
{
	if (size > GFS_IMPORT_FILE_BYTES_MAX)
		return GFS_ERR_TOOBIG;
	gfs_mutex_lock(&imports->lock);
	struct import_file *file = by_nodeid(imports, nodeid);
	int err = edit(imports, file);
	if (!err)
		err = gfs_io_truncate(file->fd, size);
	if (!err) {
		file->size = size;
		file->mtime_ns = gfs_clock_real_ns();
	}
	gfs_mutex_unlock(&imports->lock);
	return err;
}

struct reading {
	struct gfs_slice contents;
	uint64_t relieved_at;
};

/* What was read by now needs no memory. */
static int relieve(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
	struct reading *r = context;
	(void)total_bytes;
	if (done_bytes - r->relieved_at >= READ_BYTES_KEPT) {
		gfs_mapping_relieve(r->contents);
		r->relieved_at = done_bytes;
	}
	return 0;
}

static int run_import(
	struct gfs_fs *fs, const struct import_file *file, uint32_t uid, uint32_t gid, struct gfs_buf *error)
{
	struct reading reading = { 0 };
	struct gfs_import_opts opts = {
		.meta = { .uid = uid, .gid = gid, .mode = 0755 }, .progress = relieve, .context = &reading
	};
	struct gfs_import_result result;
	struct gfs_message message = { "" };
	struct gfs_store *store = gfs_graph_store(fs->graph);
	int err = gfs_mapping_open(file->fd, file->size, &reading.contents);
	if (!err) {
		struct gfs_import_file source = { .name = file->name, .contents = reading.contents };
		err = gfs_import(fs->graph, &source, 1, &opts, &result, &message);
	}
	gfs_mapping_close(reading.contents);
	if (!err)
		err = gfs_store_commit_wait(store, gfs_wal_end_lsn(gfs_store_wal(store)));
	if (err)
		gfs_buf_printf(error, "%s%s\n", message.text[0] ? message.text : gfs_err_text(err),
			err == GFS_ERR_TXNBIG ? "; graphfsctl import has no such limit: unmount for it, or drop less at a time"
								  : "");
	return err;
}

/* After the import: a good file vanishes, a bad one stays with its error. */
static void finish(struct gfs_imports *imports, struct import_file *file, bool good, struct gfs_buf *error)
{
	gfs_mutex_lock(&imports->lock);
	file->busy = false;
	gfs_buf_release(&file->error);
	file->error = *error;
	changed(imports);
	for (size_t i = 0; good && i < GFS_IMPORT_FILES_MAX; i++) {
		if (imports->files[i] == file) {
			imports->files[i] = NULL;
			free_file(file);
			break;
		}
	}
	gfs_mutex_unlock(&imports->lock);
}

/* ---- who closes ---- */

struct gfs_import_open {
	uint32_t uid, gid;
	long process; /* 0: not known */
};

/* The process that a thread belongs to; 0 when that cannot be found out (it lies in another pid namespace, or /proc hides it). */
static long process_of(pid_t thread)
{
	char path[64], line[128];
	long process = 0;
	(void)snprintf(path, sizeof path, "/proc/%ld/status", (long)thread);
	FILE *f = thread > 0 ? fopen(path, "re") : NULL;
	while (f && process == 0 && fgets(line, sizeof line, f)) {
		if (strncmp(line, "Tgid:", 5) == 0)
			process = strtol(line + 5, NULL, 10);
	}
	if (f)
		(void)fclose(f); /* only read */
	return process;
}

int gfs_import_open_new(const struct fuse_ctx *who, struct gfs_import_open **ret_open)
{
	struct gfs_import_open *open = calloc(1, sizeof *open);
	if (!open)
		return GFS_ERR_NOMEM;
	*open = (struct gfs_import_open){ who->uid, who->gid, process_of(who->pid) };
	*ret_open = open;
	return 0;
}

void gfs_import_open_free(struct gfs_import_open *open)
{
	free(open);
}

static int import_written(struct gfs_fs *fs, uint64_t nodeid, uint32_t uid, uint32_t gid)
{
	struct gfs_imports *imports = fs->imports;
	gfs_mutex_lock(&imports->lock);
	struct import_file *file = by_nodeid(imports, nodeid);
	bool run = file && file->written && !file->busy;
	if (run) {
		file->written = false;
		file->busy = true;
	}
	gfs_mutex_unlock(&imports->lock);
	if (!run)
		return 0;
	gfs_loop_step_aside(fs->loop);
	struct gfs_buf error = GFS_BUF_INIT;
	int err = run_import(fs, file, uid, gid, &error);
	finish(imports, file, err == 0, &error);
	gfs_notify_contents(fs, gfs_nodeid_pack(GFS_INODE_IMPORT_ERROR, 0, 0, gfs_nodeid_unpack(nodeid).id));
	gfs_notify_attr(fs, nodeid);
	gfs_notify_attr(fs, gfs_nodeid_static(GFS_STATIC_IMPORT));
	return err;
}

int gfs_imports_flush(struct gfs_fs *fs, uint64_t nodeid, const struct gfs_import_open *open, pid_t pid)
{
	long process = process_of(pid);
	if (process != 0 && open->process != 0 && process != open->process)
		return 0;
	return import_written(fs, nodeid, open->uid, open->gid);
}

void gfs_imports_release(struct gfs_fs *fs, uint64_t nodeid, struct gfs_import_open *open)
{
	if (open && import_written(fs, nodeid, open->uid, open->gid) != 0)
		gfs_log(GFS_LOG_WARNING, "a dropped file could not be imported; its .error says why");
	gfs_import_open_free(open);
}

/* Times only: dropped files belong to the mount. */
static int import_setattr(struct gfs_edit *e, uint64_t nodeid, const struct stat *st, int to_set)
{
	int err = gfs_view_setattr_follow(e, nodeid, st, to_set & ~FUSE_SET_ATTR_SIZE);
	if (!err && (to_set & FUSE_SET_ATTR_SIZE))
		err = gfs_imports_truncate(e->fs->imports, nodeid, (uint64_t)st->st_size);
	return err;
}

const struct gfs_view gfs_view_import = { .attr = import_attr, .setattr = import_setattr };
