/* One system call from a script, with its exact outcome: prints the errno's name, or 0 and what the call answered. Exit status 2 only
 * when it was used wrongly. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static char answer[65536];

static long long number(const char *text)
{
	char *end;
	long long v = strtoll(text, &end, 0);
	if (*text == '\0' || *end != '\0') {
		fprintf(stderr, "fsop: not a number: %s\n", text);
		exit(2);
	}
	return v;
}

/* Closes and keeps the errno of what went before; an error of close(2) counts too. */
static int done(int fd, long result)
{
	int saved = errno;
	if (close(fd) != 0 && result >= 0)
		return -1;
	errno = saved;
	return result < 0 ? -1 : 0;
}

static int op_mkdir(char **a)
{
	return mkdir(a[0], 0777);
}

static int op_rmdir(char **a)
{
	return rmdir(a[0]);
}

static int op_unlink(char **a)
{
	return unlink(a[0]);
}

static int op_symlink(char **a)
{
	return symlink(a[0], a[1]);
}

static int op_link(char **a)
{
	return link(a[0], a[1]);
}

static mode_t file_type(char letter)
{
	switch (letter) {
	case 'c':
		return S_IFCHR;
	case 'b':
		return S_IFBLK;
	case 'p':
		return S_IFIFO;
	case 's':
		return S_IFSOCK;
	default:
		return S_IFREG;
	}
}

static int op_mknod(char **a)
{
	return mknod(a[0], file_type(*a[1]) | 0644, makedev(1, 3));
}

static unsigned rename_flags(const char *text)
{
	if (strcmp(text, "noreplace") == 0)
		return RENAME_NOREPLACE;
	return strcmp(text, "exchange") == 0 ? RENAME_EXCHANGE : 0;
}

static int op_rename(char **a)
{
	return renameat2(AT_FDCWD, a[0], AT_FDCWD, a[1], rename_flags(a[2]));
}

static int op_creat(char **a)
{
	int fd = open(a[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return fd < 0 ? -1 : done(fd, 0);
}

static int op_open(char **a)
{
	int fd = open(a[0], (*a[1] == 'w' ? O_WRONLY : *a[1] == 'd' ? O_RDONLY | O_DIRECTORY : O_RDONLY) | O_CLOEXEC);
	return fd < 0 ? -1 : done(fd, 0);
}

/* write PATH OFFSET TEXT: of an existing file; an offset of -1 appends. */
static int op_write(char **a)
{
	long long offset = number(a[1]);
	int fd = open(a[0], O_WRONLY | O_CLOEXEC | (offset < 0 ? O_APPEND : 0));
	if (fd < 0)
		return -1;
	size_t size = strlen(a[2]);
	return done(fd, offset < 0 ? write(fd, a[2], size) : pwrite(fd, a[2], size, offset));
}

/* mmap PATH OFFSET TEXT: changes the file through a shared mapping. */
static int op_mmap(char **a)
{
	struct stat st;
	size_t offset = (size_t)number(a[1]), size = strlen(a[2]);
	int fd = open(a[0], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || offset + size > (size_t)st.st_size) {
		errno = ERANGE;
		return done(fd, -1);
	}
	char *map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return done(fd, -1);
	memcpy(map + offset, a[2], size);
	int result = msync(map, (size_t)st.st_size, MS_SYNC);
	if (munmap(map, (size_t)st.st_size) != 0)
		result = -1;
	return done(fd, result);
}

static int op_truncate(char **a)
{
	return truncate(a[0], number(a[1]));
}

static int op_fallocate(char **a)
{
	int fd = open(a[0], O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -1 : done(fd, fallocate(fd, (int)number(a[1]), number(a[2]), number(a[3])));
}

static int op_chmod(char **a)
{
	return chmod(a[0], (mode_t)strtoul(a[1], NULL, 8));
}

static int op_chown(char **a)
{
	return lchown(a[0], (uid_t)number(a[1]), (gid_t)number(a[2]));
}

/* utimens PATH SECONDS NANOSECONDS */
static int op_utimens(char **a)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = number(a[1]), .tv_nsec = number(a[2]) } };
	return utimensat(AT_FDCWD, a[0], times, AT_SYMLINK_NOFOLLOW);
}

static int op_fsync(char **a)
{
	int fd = open(a[0], O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : done(fd, fsync(fd));
}

static int op_fdatasync(char **a)
{
	int fd = open(a[0], O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : done(fd, fdatasync(fd));
}

static int op_getxattr(char **a)
{
	ssize_t n = lgetxattr(a[0], a[1], answer, sizeof answer - 1);
	return n < 0 ? -1 : 0;
}

static int op_setxattr(char **a)
{
	return lsetxattr(a[0], a[1], a[2], strlen(a[2]), 0);
}

static int op_removexattr(char **a)
{
	return lremovexattr(a[0], a[1]);
}

static int op_listxattr(char **a)
{
	ssize_t n = llistxattr(a[0], answer, sizeof answer - 1);
	for (ssize_t i = 0; i + 1 < n; i++) {
		if (answer[i] == '\0')
			answer[i] = ',';
	}
	return n < 0 ? -1 : 0;
}

static int op_readlink(char **a)
{
	return readlink(a[0], answer, sizeof answer - 1) < 0 ? -1 : 0;
}

/* stat PATH: ino mode nlink uid gid size blocks mtime.ns, of the name itself. */
static int op_stat(char **a)
{
	struct stat st;
	if (lstat(a[0], &st) != 0)
		return -1;
	(void)snprintf(answer, sizeof answer, "%ju %o %ju %u %u %jd %jd %jd.%09ld", (uintmax_t)st.st_ino, st.st_mode,
		(uintmax_t)st.st_nlink, st.st_uid, st.st_gid, (intmax_t)st.st_size, (intmax_t)st.st_blocks,
		(intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return 0;
}

/* statvfs PATH: bsize blocks bfree files ffree namemax */
static int op_statvfs(char **a)
{
	struct statvfs st;
	if (statvfs(a[0], &st) != 0)
		return -1;
	(void)snprintf(answer, sizeof answer, "%lu %ju %ju %ju %ju %lu", st.f_bsize, (uintmax_t)st.f_blocks,
		(uintmax_t)st.f_bfree, (uintmax_t)st.f_files, (uintmax_t)st.f_ffree, st.f_namemax);
	return 0;
}

static const struct {
	const char *name;
	int arg_count;
	int (*run)(char **args);
} ops[] = {
	{ "mkdir", 1, op_mkdir },
	{ "rmdir", 1, op_rmdir },
	{ "unlink", 1, op_unlink },
	{ "symlink", 2, op_symlink }, /* TARGET PATH */
	{ "link", 2, op_link },
	{ "mknod", 2, op_mknod },   /* PATH c|b|p|s|f */
	{ "rename", 3, op_rename }, /* FROM TO noreplace|exchange|0 */
	{ "creat", 1, op_creat },
	{ "open", 2, op_open }, /* PATH r|w|d */
	{ "write", 3, op_write },
	{ "mmap", 3, op_mmap },
	{ "truncate", 2, op_truncate },
	{ "fallocate", 4, op_fallocate }, /* PATH MODE OFFSET LENGTH */
	{ "chmod", 2, op_chmod },
	{ "chown", 3, op_chown },
	{ "utimens", 3, op_utimens },
	{ "fsync", 1, op_fsync },
	{ "fdatasync", 1, op_fdatasync },
	{ "getxattr", 2, op_getxattr },
	{ "setxattr", 3, op_setxattr },
	{ "removexattr", 2, op_removexattr },
	{ "listxattr", 1, op_listxattr },
	{ "readlink", 1, op_readlink },
	{ "stat", 1, op_stat },
	{ "statvfs", 1, op_statvfs },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc >= 2 && i < sizeof ops / sizeof ops[0]; i++) {
		if (strcmp(argv[1], ops[i].name) != 0 || argc != 2 + ops[i].arg_count)
			continue;
		if (ops[i].run(argv + 2) == 0)
			printf("0%s%s\n", answer[0] ? " " : "", answer);
		else
			puts(strerrorname_np(errno));
		return 0;
	}
	fputs("usage: fsop OPERATION ARGUMENTS... (see fsop.c)\n", stderr);
	return 2;
}
