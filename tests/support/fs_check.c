#include "tests/support/fs_check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- texts ---- */

static void grow(struct fs_text *text, size_t more)
{
	if (text->size + more + 1 <= text->capacity)
		return;
	text->capacity = (text->size + more + 1) * 2;
	text->data = realloc(text->data, text->capacity);
	if (text->data == NULL) {
		fprintf(stderr, "out of memory\n");
		abort();
	}
}

void fs_text_add(struct fs_text *text, const char *bytes, size_t size)
{
	grow(text, size);
	if (size > 0)
		memcpy(text->data + text->size, bytes, size);
	text->size += size;
	text->data[text->size] = '\0';
}

void fs_text_print(struct fs_text *text, const char *format, ...)
{
	char line[1024];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (n > 0)
		fs_text_add(text, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

void fs_path(char *out, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(out, FS_CHECK_PATH_MAX, format, args);
	va_end(args);
	if (n < 0 || (unsigned)n >= FS_CHECK_PATH_MAX) {
		fprintf(stderr, "a path is too long: %s\n", out);
		abort();
	}
}

void fs_text_release(struct fs_text *text)
{
	free(text->data);
	*text = (struct fs_text){ 0 };
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void fs_sort_lines(struct fs_text *text)
{
	size_t count = 0, n = 0;
	struct fs_text sorted = { 0 };
	for (size_t i = 0; i < text->size; i++)
		count += text->data[i] == '\n';
	char **lines = calloc(count + 1, sizeof *lines);
	if (lines == NULL)
		abort();
	for (char *line = text->data; n < count; line += strlen(line) + 1) {
		*strchr(line, '\n') = '\0';
		lines[n++] = line;
	}
	qsort(lines, count, sizeof *lines, by_text);
	for (size_t i = 0; i < count; i++) {
		fs_text_add(&sorted, lines[i], strlen(lines[i]));
		fs_text_add(&sorted, "\n", 1);
	}
	free(lines);
	fs_text_release(text);
	*text = sorted;
}

/* ---- system calls ---- */

int fs_list(int mount_fd, const char *path, const char *prefix, struct fs_text *out)
{
	int fd = openat(mount_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int err = 0;
	if (dir == NULL) {
		err = errno;
		(void)close(fd);
		return err;
	}
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strncmp(name, prefix, strlen(prefix)) == 0)
			fs_text_print(out, "%s\n", name);
	}
	err = errno;
	closedir(dir);
	fs_sort_lines(out);
	return err;
}

int fs_read(int mount_fd, const char *path, struct fs_text *out)
{
	char buf[16384];
	ssize_t n;
	int fd = openat(mount_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	while ((n = read(fd, buf, sizeof buf)) > 0)
		fs_text_add(out, buf, (size_t)n);
	int err = n < 0 ? errno : 0;
	(void)close(fd);
	return err;
}

int fs_readlink(int mount_fd, const char *path, char *target, size_t size)
{
	ssize_t n = readlinkat(mount_fd, path, target, size - 1);
	if (n < 0)
		return errno;
	target[n] = '\0';
	return 0;
}

static int map(int mount_fd, const char *path, struct fs_text *out)
{
	struct stat st;
	int err = 0;
	int fd = openat(mount_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (fstat(fd, &st) != 0) {
		err = errno;
	} else if (st.st_size > 0) {
		void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
		if (at == MAP_FAILED) {
			err = errno;
		} else {
			fs_text_add(out, at, (size_t)st.st_size);
			(void)munmap(at, (size_t)st.st_size);
		}
	}
	(void)close(fd);
	return err;
}

/* ---- json ---- */

static uint64_t hash_of(const void *bytes, size_t size)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < size; i++)
		h = (h ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
	return h;
}

uint64_t fs_check_hash(const void *bytes, size_t size)
{
	return hash_of(bytes, size > 0 && ((const char *)bytes)[size - 1] == '\n' ? size - 1 : size);
}

static uint64_t hash_of_value(const json_t *value)
{
	char text[32];
	if (json_is_string(value))
		return hash_of(json_string_value(value), json_string_length(value));
	int n = snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
	return hash_of(text, (size_t)n);
}

static bool add_side(const json_t *node, const char *side, struct fs_text *out)
{
	const char *type, *name;
	json_t *links, *link, *value;
	size_t i;
	const json_t *types = json_object_get(node, side);
	if (!json_is_object(types))
		return false;
	json_object_foreach((json_t *)(uintptr_t)types, type, links)
	{
		json_array_foreach(links, i, link)
		{
			const char *key = json_string_value(json_object_get(link, "key"));
			fs_text_print(out, "%s %s %s %lld", side, type, key ? key : "?",
				(long long)json_integer_value(json_object_get(link, "id")));
			json_object_foreach(json_object_get(link, "properties"), name, value)
				fs_text_print(out, " %s %" PRIx64, name, hash_of_value(value));
			fs_text_add(out, "\n", 1);
		}
	}
	return true;
}

static bool add_node(const json_t *node, struct fs_text *out)
{
	const char *name;
	json_t *value;
	size_t i;
	const json_t *labels = json_object_get(node, "labels");
	json_t *properties = json_object_get(node, "properties");
	if (!json_is_array(labels) || !json_is_object(properties))
		return false;
	json_array_foreach(labels, i, value) fs_text_print(out, "label %s\n", json_string_value(value));
	json_object_foreach(properties, name, value)
		fs_text_print(out, "property %s %" PRIx64 "\n", name, hash_of_value(value));
	return add_side(node, "out", out) && add_side(node, "in", out);
}

bool fs_check_json(const char *json, size_t size, struct fs_text *out)
{
	json_t *node = json_loadb(json, size, JSON_ALLOW_NUL, NULL);
	bool good = json_is_object(node) && add_node(node, out);
	json_decref(node);
	if (good)
		fs_sort_lines(out);
	return good;
}

/* ---- checks ---- */

static const char *errno_name(int err)
{
	const char *name = err == 0 ? "success" : strerrorname_np(err);
	return name ? name : "unknown error";
}

static bool wanted_errno(const struct fs_check *c, int err, char *got, size_t got_size)
{
	if (err == c->want_errno)
		return true;
	(void)snprintf(got, got_size, "%s", errno_name(err));
	return false;
}

/* The first place where they differ says most. */
static bool same_bytes(const struct fs_check *c, const struct fs_text *text, char *got, size_t got_size)
{
	size_t at = 0;
	if (text->size == c->bytes_size && (text->size == 0 || memcmp(text->data, c->bytes, text->size) == 0))
		return true;
	while (at < text->size && at < c->bytes_size && text->data[at] == (char)c->bytes[at])
		at++;
	(void)snprintf(got, got_size, "%zu bytes, other than wanted from %zu on: \"%.300s\"", text->size, at,
		text->size > 0 ? text->data : "");
	return false;
}

static bool run_stat(int mount_fd, const struct fs_check *c, char *got, size_t got_size)
{
	struct stat st;
	int err = fstatat(mount_fd, c->path, &st, c->kind == FS_CHECK_LSTAT ? AT_SYMLINK_NOFOLLOW : 0) == 0 ? 0 : errno;
	if (!wanted_errno(c, err, got, got_size))
		return false;
	if (err != 0)
		return true;
	if ((st.st_mode & S_IFMT) == c->type && (c->mode < 0 || (st.st_mode & 07777) == (mode_t)c->mode) &&
		(c->size < 0 || st.st_size == c->size))
		return true;
	(void)snprintf(got, got_size, "mode %o, size %lld", (unsigned)st.st_mode, (long long)st.st_size);
	return false;
}

static bool run_link(int mount_fd, const struct fs_check *c, char *got, size_t got_size)
{
	char target[FS_CHECK_PATH_MAX];
	int err = fs_readlink(mount_fd, c->path, target, sizeof target);
	struct fs_text text = { .data = target, .size = err == 0 ? strlen(target) : 0 };
	return wanted_errno(c, err, got, got_size) && (err != 0 || same_bytes(c, &text, got, got_size));
}

static bool run_list(int mount_fd, const struct fs_check *c, char *got, size_t got_size)
{
	struct fs_text text = { 0 };
	int err = fs_list(mount_fd, c->path, c->prefix, &text);
	bool good = wanted_errno(c, err, got, got_size);
	if (good && err == 0 && c->kind == FS_CHECK_LIST) {
		good = same_bytes(c, &text, got, got_size);
	} else if (good && err == 0) {
		bool has = false;
		for (const char *line = text.size ? text.data : ""; *line != '\0' && !has; line += strcspn(line, "\n") + 1)
			has = strcspn(line, "\n") == c->bytes_size && memcmp(line, c->bytes, c->bytes_size) == 0;
		good = has == c->want;
		if (!good)
			(void)snprintf(got, got_size, "the listing %s it", has ? "has" : "lacks");
	}
	fs_text_release(&text);
	return good;
}

static bool run_read(int mount_fd, const struct fs_check *c, char *got, size_t got_size)
{
	struct fs_text text = { 0 };
	int err = c->kind == FS_CHECK_READ ? fs_read(mount_fd, c->path, &text) : map(mount_fd, c->path, &text);
	bool good = wanted_errno(c, err, got, got_size) && (err != 0 || same_bytes(c, &text, got, got_size));
	fs_text_release(&text);
	return good;
}

static bool run_json(int mount_fd, const struct fs_check *c, char *got, size_t got_size)
{
	struct fs_text json = { 0 }, text = { 0 };
	int err = fs_read(mount_fd, c->path, &json);
	bool good = wanted_errno(c, err, got, got_size);
	if (good && err == 0 && !fs_check_json(json.data, json.size, &text)) {
		(void)snprintf(got, got_size, "not valid: %zu bytes, %.300s", json.size, json.size ? json.data : "");
		good = false;
	} else if (good && err == 0) {
		good = same_bytes(c, &text, got, got_size);
	}
	fs_text_release(&json);
	fs_text_release(&text);
	return good;
}

static bool run_same(int mount_fd, const struct fs_check *c, char *got, size_t got_size)
{
	struct stat a, b;
	int err = fstatat(mount_fd, c->path, &a, 0) == 0 ? 0 : errno;
	if (!wanted_errno(c, err, got, got_size))
		return false;
	if (err != 0)
		return true;
	err = fstatat(mount_fd, (const char *)c->bytes, &b, 0) == 0 ? 0 : errno;
	if (err == 0 && a.st_ino == b.st_ino && a.st_mode == b.st_mode)
		return true;
	(void)snprintf(got, got_size, "inode %llu, not that of %s: %s, inode %llu", (unsigned long long)a.st_ino,
		(const char *)c->bytes, errno_name(err), err == 0 ? (unsigned long long)b.st_ino : 0);
	return false;
}

bool fs_check_run(int mount_fd, const struct fs_check *c, char *got, size_t got_size)
{
	got[0] = '\0';
	switch (c->kind) {
	case FS_CHECK_LSTAT:
	case FS_CHECK_STAT:
		return run_stat(mount_fd, c, got, got_size);
	case FS_CHECK_LINK:
		return run_link(mount_fd, c, got, got_size);
	case FS_CHECK_LIST:
	case FS_CHECK_HAS:
		return run_list(mount_fd, c, got, got_size);
	case FS_CHECK_READ:
	case FS_CHECK_MMAP:
		return run_read(mount_fd, c, got, got_size);
	case FS_CHECK_JSON:
		return run_json(mount_fd, c, got, got_size);
	case FS_CHECK_SAME:
		return run_same(mount_fd, c, got, got_size);
	}
	return false;
}

const char *fs_check_kind_name(enum fs_check_kind kind)
{
	static const char *const names[] = { "lstat", "stat", "readlink", "list", "has", "read", "mmap", "json", "same" };
	return names[kind];
}

void fs_check_show(const struct fs_check *c, char *out, size_t size)
{
	if (c->want_errno != 0)
		(void)snprintf(out, size, "%s", errno_name(c->want_errno));
	else if (c->kind == FS_CHECK_LSTAT || c->kind == FS_CHECK_STAT)
		(void)snprintf(
			out, size, "type %o, mode %o, size %lld", (unsigned)c->type, (unsigned)c->mode, (long long)c->size);
	else if (c->kind == FS_CHECK_HAS)
		(void)snprintf(out, size, "%s \"%.*s\"", c->want ? "has" : "lacks", (int)c->bytes_size, (const char *)c->bytes);
	else
		(void)snprintf(out, size, "%zu bytes: \"%.*s\"", c->bytes_size,
			(int)(c->bytes_size < 300 ? c->bytes_size : 300), (const char *)c->bytes);
}
