/* One look at a file tree and what it must show. The looks are the system calls that programs use, so that the kernel answers from its caches
 * whenever it would for them. */
#ifndef GFS_TESTS_SUPPORT_FS_CHECK_H
#define GFS_TESTS_SUPPORT_FS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FS_CHECK_PATH_MAX 512u

enum fs_check_kind {
	FS_CHECK_LSTAT, /* type, and size and permissions where they are given */
	FS_CHECK_STAT,  /* the same, through a last symlink */
	FS_CHECK_LINK,  /* readlink(2) answers `bytes` */
	FS_CHECK_LIST,  /* the names that start with `prefix`, sorted, each followed by a newline, are `bytes` */
	FS_CHECK_HAS,   /* the listing has the name `bytes`, exactly when `want` */
	FS_CHECK_READ,  /* the contents are `bytes`, by read(2), and so is the size */
	FS_CHECK_MMAP,  /* the same, by mmap(2) */
	FS_CHECK_JSON,  /* a node's .json, in the form of fs_check_json, is `bytes` */
	FS_CHECK_SAME,  /* `path` and the path in `bytes` are one inode, through symlinks */
};

struct fs_check {
	enum fs_check_kind kind;
	int want_errno; /* 0: it must succeed */
	bool want;      /* for HAS */
	mode_t type;    /* S_IFDIR, S_IFREG or S_IFLNK */
	int mode;       /* permission bits; -1: any */
	int64_t size;   /* -1: any */
	const uint8_t *bytes;
	size_t bytes_size;
	char prefix[16];
	char path[FS_CHECK_PATH_MAX]; /* relative to the mount */
};

/* Looks. True when it is as it must be; otherwise `got` says what was found. */
bool fs_check_run(int mount_fd, const struct fs_check *check, char *got, size_t got_size);
const char *fs_check_kind_name(enum fs_check_kind kind);
/* What a check wants, as text. */
void fs_check_show(const struct fs_check *check, char *out, size_t size);

/* Formats a path into FS_CHECK_PATH_MAX bytes; ends the program when it does not fit. */
void fs_path(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text that can grow. Memory that runs out ends the program. */
struct fs_text {
	char *data; /* owned; NUL-terminated once something was added */
	size_t size, capacity;
};
void fs_text_add(struct fs_text *text, const char *bytes, size_t size);
void fs_text_print(struct fs_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fs_text_release(struct fs_text *text);

/* The names in a directory but for dots, sorted, each followed by a newline. 0 or an errno. */
int fs_list(int mount_fd, const char *path, const char *prefix, struct fs_text *out);
/* The whole file. 0 or an errno. */
int fs_read(int mount_fd, const char *path, struct fs_text *out);
/* 0 or an errno; `target` is terminated. */
int fs_readlink(int mount_fd, const char *path, char *target, size_t size);

/* The parts of a node's .json that the views show too, one line each, sorted:
 *   label NAME        property NAME HASH        out TYPE KEY ID [PROPERTY HASH]...        in TYPE KEY ID [PROPERTY HASH]...
 * False when it is no such object. */
bool fs_check_json(const char *json, size_t size, struct fs_text *out);
/* The HASH of a property line, of a file's contents. */
uint64_t fs_check_hash(const void *bytes, size_t size);
/* Sorts lines, each ended by a newline. */
void fs_sort_lines(struct fs_text *text);

#endif
