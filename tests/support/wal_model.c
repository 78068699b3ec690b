#include "tests/support/wal_model.h"

#include "base/io.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool wal_scratch_init(struct wal_scratch *scratch)
{
	const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(scratch->path, sizeof scratch->path, "%s/gfs-wal-XXXXXX", parent);
	return mkdtemp(scratch->path) != NULL && gfs_io_open_dir(scratch->path, &scratch->dir_fd) == 0;
}

void wal_scratch_empty(struct wal_scratch *scratch)
{
	DIR *dir = opendir(scratch->path);
	if (dir == NULL)
		return;
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
		if (e->d_name[0] != '.')
			(void)unlinkat(scratch->dir_fd, e->d_name, 0);
	}
	closedir(dir);
}

void wal_scratch_release(struct wal_scratch *scratch)
{
	wal_scratch_empty(scratch);
	gfs_io_close(scratch->dir_fd);
	(void)rmdir(scratch->path);
}

void wal_model_fill(uint64_t n, uint8_t *out, size_t size)
{
	uint64_t x = n * UINT64_C(0x9e3779b97f4a7c15) + size;
	for (size_t i = 0; i < size; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		out[i] = (uint8_t)x;
	}
}

void wal_model_release(struct wal_model *model)
{
	free(model->scratch);
	model->scratch = NULL;
	model->scratch_size = 0;
}

static const uint8_t *expected(struct wal_model *model, uint64_t n, size_t size)
{
	if (model->scratch_size < size + 1) {
		free(model->scratch);
		model->scratch = malloc(size + 1);
		model->scratch_size = size + 1;
		if (model->scratch == NULL)
			abort();
	}
	wal_model_fill(n, model->scratch, size);
	return model->scratch;
}

int wal_model_each(void *context, uint64_t commit_lsn, uint64_t time_ns, struct gfs_slice payload)
{
	struct wal_model *model = context;
	uint64_t n = model->first + model->count;
	size_t size = model->size_of(n);
	if (payload.size != size || time_ns != n + 1 || commit_lsn <= model->last_lsn ||
		(size != 0 && memcmp(payload.data, expected(model, n, size), size) != 0))
		model->wrong = true;
	model->last_lsn = commit_lsn;
	model->count++;
	return 0;
}

int wal_model_append(struct gfs_wal *wal, struct wal_model *model, uint64_t n, uint64_t *ret_lsn)
{
	size_t size = model->size_of(n);
	return gfs_wal_append(wal, n + 1, gfs_slice(expected(model, n, size), size), ret_lsn);
}
