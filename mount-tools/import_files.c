#include "mount-tools/import_files.h"

#include "base/io.h"
#include "base/mapping.h"
#include "mount-tools/tools.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 20 };

static ssize_t read_some(int fd, void *data, size_t size)
{
	ssize_t n;
	do
		n = read(fd, data, size);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Everything that comes from `from` into `to`. */
static int copy(int from, int to)
{
	uint64_t offset = 0;
	uint8_t *data = malloc(COPY_BYTES);
	ssize_t n = data == NULL ? -1 : read_some(from, data, COPY_BYTES);
	for (; n > 0; n = read_some(from, data, COPY_BYTES)) {
		int err = gfs_io_write_at(to, data, (size_t)n, offset);
		offset += (uint64_t)n;
		if (err != 0) {
			errno = gfs_err_errno(err);
			n = -1;
			break;
		}
	}
	free(data);
	return n < 0 ? -1 : 0;
}

/* A file without a name that has what the pipe gives; -1 with errno. */
static int spool(int pipe_fd, const char *dir)
{
	int dir_fd, fd = -1;
	int err = gfs_io_open_dir(dir, &dir_fd);
	if (err == 0) {
		err = gfs_io_open_temporary(dir_fd, &fd);
		gfs_io_close(dir_fd);
	}
	if (err != 0) {
		errno = gfs_err_errno(err);
		return -1;
	}
	if (copy(pipe_fd, fd) == 0)
		return fd;
	gfs_io_close(fd);
	return -1;
}

static int map_file(int fd, struct gfs_slice *ret_contents)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return -1;
	int err = gfs_mapping_open(fd, (uint64_t)st.st_size, ret_contents);
	if (err != 0)
		errno = gfs_err_errno(err);
	return err == 0 ? 0 : -1;
}

static int map_any(int fd, const char *dir, struct gfs_slice *ret_contents)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return -1;
	if (S_ISREG(st.st_mode))
		return map_file(fd, ret_contents);
	int copy_fd = spool(fd, dir);
	int failed = copy_fd < 0 ? -1 : map_file(copy_fd, ret_contents);
	gfs_io_close(copy_fd);
	return failed;
}

int gfs_import_files_open(struct gfs_import_files *files, const char *dir)
{
	for (size_t i = 0; i < files->count; i++) {
		struct gfs_import_file *file = &files->files[i];
		bool is_stdin = strcmp(file->name, "-") == 0;
		int fd = is_stdin ? STDIN_FILENO : open(file->name, O_RDONLY | O_CLOEXEC);
		int failed = fd < 0 ? -1 : map_any(fd, dir, &file->contents);
		if (failed)
			gfs_tool_say("%s: %s", file->name, gfs_tool_errno());
		if (fd >= 0 && !is_stdin)
			(void)close(fd); /* was only read */
		if (failed)
			return -1;
	}
	return 0;
}

void gfs_import_files_relieve(const struct gfs_import_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		gfs_mapping_relieve(files->files[i].contents);
}

void gfs_import_files_close(struct gfs_import_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		gfs_mapping_close(files->files[i].contents);
		files->files[i].contents = gfs_slice(NULL, 0);
	}
}
