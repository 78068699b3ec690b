#include "tests/support/crash_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 256, FOLDERS_MAX = 2, ENTRIES_MAX = 64, NAME_BYTES = 40, BLOCK_BYTES_MIN = 512, BLOCK_SIZES = 4 };

#define MUST(condition)                                                                                                \
	do {                                                                                                               \
		if (!(condition)) {                                                                                            \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
			abort();                                                                                                   \
		}                                                                                                              \
	} while (0)

/* A change of a file. */
struct change {
	uint64_t time;
	enum { WRITE, RESIZE, GROW } kind;
	uint64_t offset; /* or the new size */
	const uint8_t *data;
	size_t size;
	bool lost; /* a sync of it failed */
};

struct image {
	uint8_t *bytes; /* owned */
	size_t size, capacity;
};

struct file {
	uint64_t inode;
	struct image durable;
	struct change *changes; /* since the last sync; owned */
	size_t count, capacity;
};

struct entry {
	char name[NAME_BYTES];
	size_t file;
};

struct entries {
	struct entry items[ENTRIES_MAX];
	size_t count;
};

/* A change of a folder. */
struct move {
	uint64_t time;
	enum { CREATE, RENAME, UNLINK } kind;
	char name[NAME_BYTES], to[NAME_BYTES];
	size_t file;
};

struct folder {
	uint64_t inode;
	char name[NAME_BYTES]; /* "" for the root */
	struct entries durable;
	struct move moves[ENTRIES_MAX]; /* since the last sync */
	size_t count;
};

struct crash_disk {
	struct file files[FILES_MAX];
	size_t file_count;
	struct folder folders[FOLDERS_MAX];
	size_t folder_count;
	uint64_t time; /* of the last change */
};

/* ---- images ---- */

static void image_resize(struct image *image, size_t size)
{
	if (size > image->capacity) {
		image->capacity = size + size / 2;
		image->bytes = realloc(image->bytes, image->capacity);
		MUST(image->bytes != NULL);
	}
	if (size > image->size)
		memset(image->bytes + image->size, 0, size - image->size);
	image->size = size;
}

/* Part [from, to) of a write. */
static void image_write(struct image *image, const struct change *c, size_t from, size_t to)
{
	if (c->offset + to > image->size)
		image_resize(image, c->offset + to);
	memcpy(image->bytes + c->offset + from, c->data + from, to - from);
}

static void image_apply(struct image *image, const struct change *c)
{
	if (c->kind == WRITE)
		image_write(image, c, 0, c->size);
	else if (c->kind == RESIZE || c->offset > image->size)
		image_resize(image, c->offset);
}

/* ---- what is told ---- */

static struct file *file_of(struct crash_disk *disk, uint64_t inode)
{
	for (size_t i = disk->file_count; i-- > 0;) {
		if (disk->files[i].inode == inode)
			return &disk->files[i];
	}
	return NULL;
}

static struct folder *folder_of(struct crash_disk *disk, uint64_t inode)
{
	for (size_t i = 0; i < disk->folder_count; i++) {
		if (disk->folders[i].inode == inode)
			return &disk->folders[i];
	}
	return NULL;
}

static size_t file_new(struct crash_disk *disk, uint64_t inode)
{
	MUST(disk->file_count < FILES_MAX);
	disk->files[disk->file_count] = (struct file){ .inode = inode };
	return disk->file_count++;
}

static void note_change(struct crash_disk *disk, uint64_t inode, struct change change)
{
	struct file *f = file_of(disk, inode);
	if (f == NULL)
		return;
	if (f->count == f->capacity) {
		f->capacity = f->capacity * 2 + 16;
		f->changes = reallocarray(f->changes, f->capacity, sizeof *f->changes);
		MUST(f->changes != NULL);
	}
	change.time = ++disk->time;
	f->changes[f->count++] = change;
}

void crash_disk_write(struct crash_disk *disk, uint64_t inode, uint64_t offset, const uint8_t *data, size_t size)
{
	note_change(disk, inode, (struct change){ .kind = WRITE, .offset = offset, .data = data, .size = size });
}

void crash_disk_resize(struct crash_disk *disk, uint64_t inode, uint64_t size, bool grow_only)
{
	note_change(disk, inode, (struct change){ .kind = grow_only ? GROW : RESIZE, .offset = size });
}

static struct move *note_move(struct crash_disk *disk, uint64_t inode, const char *name)
{
	struct folder *d = folder_of(disk, inode);
	if (d == NULL)
		return NULL;
	MUST(d->count < ENTRIES_MAX && strlen(name) < NAME_BYTES);
	struct move *move = &d->moves[d->count++];
	*move = (struct move){ .time = ++disk->time };
	memcpy(move->name, name, strlen(name));
	return move;
}

void crash_disk_create(struct crash_disk *disk, uint64_t folder, const char *name, uint64_t inode)
{
	struct move *move = note_move(disk, folder, name);
	if (move != NULL) {
		move->kind = CREATE;
		move->file = file_new(disk, inode);
	}
}

void crash_disk_rename(struct crash_disk *disk, uint64_t folder, const char *from, const char *to)
{
	struct move *move = note_move(disk, folder, from);
	if (move != NULL) {
		MUST(strlen(to) < NAME_BYTES);
		move->kind = RENAME;
		memcpy(move->to, to, strlen(to));
	}
}

void crash_disk_unlink(struct crash_disk *disk, uint64_t folder, const char *name)
{
	struct move *move = note_move(disk, folder, name);
	if (move != NULL)
		move->kind = UNLINK;
}

/* ---- entries ---- */

static struct entry *entry_find(struct entries *entries, const char *name)
{
	for (size_t i = 0; i < entries->count; i++) {
		if (strcmp(entries->items[i].name, name) == 0)
			return &entries->items[i];
	}
	return NULL;
}

static void entry_set(struct entries *entries, const char *name, size_t file)
{
	struct entry *e = entry_find(entries, name);
	if (e == NULL) {
		MUST(entries->count < ENTRIES_MAX);
		e = &entries->items[entries->count++];
		memcpy(e->name, name, strlen(name) + 1);
	}
	e->file = file;
}

/* A name that is not there, because an earlier change is missing, changes nothing. */
static void move_apply(struct entries *entries, const struct move *move)
{
	struct entry *e = entry_find(entries, move->name);
	if (move->kind == CREATE)
		entry_set(entries, move->name, move->file);
	if (move->kind == CREATE || e == NULL)
		return;
	size_t file = e->file;
	*e = entries->items[--entries->count];
	if (move->kind == RENAME)
		entry_set(entries, move->to, file);
}

/* ---- syncs ---- */

void crash_disk_sync(struct crash_disk *disk, uint64_t inode)
{
	struct file *f = file_of(disk, inode);
	struct folder *d = folder_of(disk, inode);
	size_t lost = 0;
	for (size_t i = 0; f != NULL && i < f->count; i++) {
		if (f->changes[i].lost)
			f->changes[lost++] = f->changes[i];
		else
			image_apply(&f->durable, &f->changes[i]);
	}
	for (size_t i = 0; d != NULL && i < d->count; i++)
		move_apply(&d->durable, &d->moves[i]);
	if (f != NULL)
		f->count = lost;
	if (d != NULL)
		d->count = 0;
}

void crash_disk_sync_failed(struct crash_disk *disk, uint64_t inode)
{
	struct file *f = file_of(disk, inode);
	for (size_t i = 0; f != NULL && i < f->count; i++)
		f->changes[i].lost = true;
}

void crash_disk_sync_last(struct crash_disk *disk, uint64_t inode)
{
	struct file *f = file_of(disk, inode);
	if (f != NULL) {
		MUST(f->count > 0);
		image_apply(&f->durable, &f->changes[--f->count]);
	}
}

size_t crash_disk_pending(const struct crash_disk *disk)
{
	size_t count = 0;
	for (size_t i = 0; i < disk->file_count; i++)
		count += disk->files[i].count;
	for (size_t i = 0; i < disk->folder_count; i++)
		count += disk->folders[i].count;
	return count;
}

/* ---- loading ---- */

static void load_file(struct crash_disk *disk, int dir_fd, const char *name, struct folder *d)
{
	struct stat st;
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	MUST(fd >= 0 && fstat(fd, &st) == 0 && strlen(name) < NAME_BYTES);
	size_t file = file_new(disk, st.st_ino);
	struct image *image = &disk->files[file].durable;
	image_resize(image, (size_t)st.st_size);
	MUST(pread(fd, image->bytes, image->size, 0) == st.st_size);
	close(fd);
	entry_set(&d->durable, name, file);
}

static void load_folder(struct crash_disk *disk, int fd, const char *name)
{
	struct stat st;
	DIR *dir = fdopendir(fd);
	MUST(dir != NULL && fstat(fd, &st) == 0 && disk->folder_count < FOLDERS_MAX && strlen(name) < NAME_BYTES);
	struct folder *d = &disk->folders[disk->folder_count++];
	d->inode = st.st_ino;
	memcpy(d->name, name, strlen(name) + 1);
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		if (e->d_name[0] == '.')
			continue;
		if (e->d_type == DT_DIR)
			load_folder(disk, openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), e->d_name);
		else
			load_file(disk, fd, e->d_name, d);
	}
	closedir(dir);
}

struct crash_disk *crash_disk_load(const char *path)
{
	struct crash_disk *disk = calloc(1, sizeof *disk);
	MUST(disk != NULL);
	load_folder(disk, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "");
	return disk;
}

void crash_disk_free(struct crash_disk *disk)
{
	if (disk == NULL)
		return;
	for (size_t i = 0; i < disk->file_count; i++) {
		free(disk->files[i].durable.bytes);
		free(disk->files[i].changes);
	}
	free(disk);
}

/* ---- what may be left ---- */

struct cut {
	enum crash_choice choice;
	struct rng *rng;
	uint64_t time; /* CRASH_CUT: of the change that is torn */
	size_t block_bytes;
};

static size_t round_up(size_t n, size_t block)
{
	return (n + block - 1) / block * block;
}

/* Each of the blocks that it touches or not. */
static void write_torn(struct image *image, const struct change *c, const struct cut *cut)
{
	size_t at = 0;
	while (at < c->size) {
		size_t end = round_up(c->offset + at + 1, cut->block_bytes) - c->offset;
		end = end < c->size ? end : c->size;
		if (rng_below(cut->rng, 2) == 0)
			image_write(image, c, at, end);
		at = end;
	}
}

/* Each block as it was after some of the changes that touched it; the size as well. */
static void make_blocks(struct image *image, const struct file *f, const struct cut *cut)
{
	size_t block_bytes = cut->block_bytes, size = image->size, sized = rng_below(cut->rng, (unsigned)f->count + 1);
	uint64_t salt = rng_next(cut->rng);
	for (size_t i = 0; i < f->count; i++) {
		const struct change *c = &f->changes[i];
		size_t end = c->kind == WRITE ? c->offset + c->size : c->offset;
		if (i < sized)
			size = c->kind == RESIZE || end > size ? end : size;
		for (size_t at = 0; c->kind == WRITE && at < c->size;) {
			size_t block = (c->offset + at) / block_bytes, to = (block + 1) * block_bytes - c->offset;
			to = to < c->size ? to : c->size;
			/* The block's moment: the same for all of its changes. */
			struct rng one = { (salt ^ block * UINT64_C(0x9e3779b97f4a7c15)) | 1 };
			(void)rng_next(&one);
			if (i < rng_below(&one, (unsigned)f->count + 1))
				image_write(image, c, at, to);
			at = to;
		}
	}
	image_resize(image, size);
}

static void make_image(struct image *image, const struct file *f, const struct cut *cut)
{
	image_resize(image, 0);
	image_resize(image, f->durable.size);
	if (f->durable.size != 0)
		memcpy(image->bytes, f->durable.bytes, f->durable.size);
	if (cut->choice == CRASH_BLOCKS) {
		make_blocks(image, f, cut);
		return;
	}
	for (size_t i = 0; i < f->count && cut->choice != CRASH_NONE; i++) {
		const struct change *c = &f->changes[i];
		bool torn = cut->choice == CRASH_CUT && c->time == cut->time;
		bool lost = (cut->choice == CRASH_CUT && c->time > cut->time) ||
			(cut->choice == CRASH_WRITES && rng_below(cut->rng, 2) == 0);
		if (torn && c->kind == WRITE)
			write_torn(image, c, cut);
		else if (!lost)
			image_apply(image, c);
	}
}

static void make_entries(struct entries *entries, const struct folder *d, const struct cut *cut)
{
	size_t done = cut->choice == CRASH_NONE ? 0
		: cut->choice == CRASH_BLOCKS       ? rng_below(cut->rng, (unsigned)d->count + 1)
											: d->count;
	*entries = d->durable;
	for (size_t i = 0; i < done; i++) {
		bool lost = (cut->choice == CRASH_CUT && d->moves[i].time > cut->time) ||
			(cut->choice == CRASH_WRITES && rng_below(cut->rng, 2) == 0);
		if (!lost)
			move_apply(entries, &d->moves[i]);
	}
}

static void save(int dir_fd, const char *name, const struct image *image)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(fd >= 0 && write(fd, image->bytes, image->size) == (ssize_t)image->size);
	close(fd);
}

static void empty_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
		if (e->d_type == DT_REG)
			MUST(unlinkat(fd, e->d_name, 0) == 0);
	}
	if (dir != NULL)
		closedir(dir);
	else
		MUST(mkdir(path, 0700) == 0);
}

/* The moment of one of the changes that are not sure. */
static uint64_t any_time(const struct crash_disk *disk, struct rng *rng)
{
	size_t pending = crash_disk_pending(disk), n = pending == 0 ? 0 : rng_below(rng, (unsigned)pending);
	for (size_t i = 0; i < disk->file_count; i++) {
		if (n < disk->files[i].count)
			return disk->files[i].changes[n].time;
		n -= disk->files[i].count;
	}
	for (size_t i = 0; i < disk->folder_count; i++) {
		if (n < disk->folders[i].count)
			return disk->folders[i].moves[n].time;
		n -= disk->folders[i].count;
	}
	return 0;
}

void crash_disk_make(const struct crash_disk *disk, enum crash_choice choice, struct rng *rng, const char *path)
{
	struct cut cut = { .choice = choice, .rng = rng, .time = any_time(disk, rng) };
	struct image image = { 0 };
	cut.block_bytes = (size_t)BLOCK_BYTES_MIN << rng_below(rng, BLOCK_SIZES);
	for (size_t i = 0; i < disk->folder_count; i++) {
		char name[200];
		struct entries entries;
		(void)snprintf(name, sizeof name, "%s/%s", path, disk->folders[i].name); /* paths of tests are short */
		empty_folder(name);
		make_entries(&entries, &disk->folders[i], &cut);
		int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		MUST(fd >= 0);
		for (size_t e = 0; e < entries.count; e++) {
			make_image(&image, &disk->files[entries.items[e].file], &cut);
			save(fd, entries.items[e].name, &image);
		}
		close(fd);
	}
	free(image.bytes);
}
