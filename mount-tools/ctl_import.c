/* graphfsctl import */
#include "base/clock.h"
#include "graph/transfer.h"
#include "mount-tools/tools.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BAR_WIDTH = 40 };

static volatile sig_atomic_t stop_wanted;

static void want_stop(int number)
{
	(void)number;
	stop_wanted = 1;
}

/* A file in memory: mapped, or read when it is a pipe. */
struct input {
	void *mapping; /* NULL: `read` has it */
	size_t size;
	struct gfs_buf read;
};

struct import {
	const char *dir; /* of the database, as given */
	bool skip_bad;
	struct gfs_import_file *files;
	struct input *inputs;
	size_t count;
	bool bar;
	unsigned percent; /* shown last */
};

/* ---- the command line ---- */

/* Options take any number of files; what stands before them is the folder, and files by themselves are recognised alike. */
static int read_arguments(int argc, char **argv, struct import *import)
{
	bool options = true;
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		if (options && strcmp(word, "--") == 0)
			options = false;
		else if (options && strcmp(word, "--skip-bad") == 0)
			import->skip_bad = true;
		else if (options && (strcmp(word, "--nodes") == 0 || strcmp(word, "--relationships") == 0))
			continue; /* the header tells which is which */
		else if (options && (strncmp(word, "--nodes=", 8) == 0 || strncmp(word, "--relationships=", 16) == 0))
			import->files[import->count++].name = strchr(word, '=') + 1;
		else if (options && word[0] == '-' && word[1] != '\0')
			return gfs_tool_usage(1, "import: unknown option '%s'", word);
		else if (import->dir == NULL)
			import->dir = word;
		else
			import->files[import->count++].name = word;
	}
	if (import->dir == NULL)
		return gfs_tool_usage(1, "import: which database?");
	if (import->count == 0)
		return gfs_tool_usage(1, "import: which files?");
	return 0;
}

/* ---- the files ---- */

static int read_pipe(int fd, struct input *input)
{
	enum { STEP = 1 << 20 };
	ssize_t n;
	do {
		if (gfs_buf_reserve(&input->read, STEP) != 0) {
			errno = ENOMEM;
			return -1;
		}
		n = read(fd, input->read.data + input->read.size, STEP);
		if (n > 0)
			input->read.size += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -1 : 0;
}

static int map_file(int fd, struct input *input, struct gfs_slice *ret_contents)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		int failed = read_pipe(fd, input);
		*ret_contents = gfs_buf_slice(&input->read);
		return failed;
	}
	if (st.st_size == 0)
		return 0;
	void *mapping = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (mapping == MAP_FAILED)
		return -1;
	(void)madvise(mapping, (size_t)st.st_size, MADV_SEQUENTIAL); /* a hint */
	input->mapping = mapping;
	input->size = (size_t)st.st_size;
	*ret_contents = gfs_slice(mapping, input->size);
	return 0;
}

static int open_files(struct import *import)
{
	for (size_t i = 0; i < import->count; i++) {
		struct gfs_import_file *file = &import->files[i];
		bool is_stdin = strcmp(file->name, "-") == 0;
		int fd = is_stdin ? STDIN_FILENO : open(file->name, O_RDONLY | O_CLOEXEC);
		int failed = fd < 0 ? -1 : map_file(fd, &import->inputs[i], &file->contents);
		if (failed)
			gfs_tool_say("%s: %s", file->name, gfs_tool_errno());
		if (fd >= 0 && !is_stdin)
			(void)close(fd); /* was only read */
		if (failed)
			return 1;
	}
	return 0;
}

static void close_files(struct import *import)
{
	for (size_t i = 0; i < import->count; i++) {
		if (import->inputs[i].mapping != NULL)
			(void)munmap(import->inputs[i].mapping, import->inputs[i].size); /* of a mapping that is ours */
		gfs_buf_release(&import->inputs[i].read);
	}
}

/* ---- progress ---- */

static void clear_bar(struct import *import)
{
	if (import->bar)
		fputs("\r\033[K", stderr);
	import->percent = UINT32_MAX;
}

static void show_bad_row(void *context, const char *line)
{
	clear_bar(context);
	gfs_tool_say("%s", line);
}

static int show_progress(void *context, uint64_t done, uint64_t total)
{
	struct import *import = context;
	unsigned percent = total == 0 ? 100 : (unsigned)(done * 100 / total);
	if (import->bar && percent != import->percent) {
		int full = (int)(percent * BAR_WIDTH / 100);
		fprintf(stderr, "\r[%.*s%*s] %3u %%", full, "########################################", BAR_WIDTH - full, "",
			percent);
		import->percent = percent;
	}
	return stop_wanted;
}

/* ---- the whole ---- */

static struct gfs_node_meta new_node_meta(void)
{
	mode_t mask = umask(0);
	(void)umask(mask);
	return (struct gfs_node_meta){ .uid = getuid(), .gid = getgid(), .mode = (uint16_t)(0755 & ~mask) };
}

static int import_into(struct gfs_graph *graph, struct import *import)
{
	struct gfs_import_opts opts = {
		.skip_bad = import->skip_bad,
		.unlogged = true,
		.meta = new_node_meta(),
		.bad_row = show_bad_row,
		.progress = show_progress,
		.context = import,
	};
	struct gfs_import_result result = { 0 };
	struct gfs_message message = { "" };
	uint64_t start_ns = gfs_clock_mono_ns();
	int err = gfs_import(graph, import->files, import->count, &opts, &result, &message);
	clear_bar(import);
	if (err != 0) {
		gfs_tool_say("%s", message.text);
		gfs_tool_say("nothing was imported");
		return 1;
	}
	if (result.bad_rows != 0)
		gfs_tool_say("%llu bad rows were left out", (unsigned long long)result.bad_rows);
	printf("imported %llu nodes, %llu relationships, %llu properties in %.1f s\n", (unsigned long long)result.nodes,
		(unsigned long long)result.relationships, (unsigned long long)result.properties,
		(double)(gfs_clock_mono_ns() - start_ns) / (double)GFS_NS_PER_S);
	return 0;
}

static int open_and_import(struct import *import)
{
	struct gfs_store_opts opts = { .cache.bytes = UINT64_C(512) << 20 };
	struct gfs_graph *graph;
	char *path = gfs_tool_path(import->dir);
	int err = path == NULL ? GFS_ERR_NOMEM : gfs_tool_open(path, &opts, &graph);
	int code = 1;
	if (err == 0) {
		code = import_into(graph, import);
		err = gfs_graph_close(graph);
		if (err != 0 && code == 0) {
			gfs_tool_say("%s: %s", path, gfs_err_text(err));
			code = 1;
		}
	}
	free(path);
	return code;
}

int gfs_ctl_import(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = want_stop };
	struct import import = { .bar = isatty(STDERR_FILENO), .percent = UINT32_MAX };
	import.files = calloc((size_t)argc, sizeof *import.files);
	import.inputs = calloc((size_t)argc, sizeof *import.inputs);
	int code = 1;
	if (import.files == NULL || import.inputs == NULL) {
		gfs_tool_say("%s", gfs_err_text(GFS_ERR_NOMEM));
		goto out;
	}
	code = read_arguments(argc, argv, &import);
	if (code == 0)
		code = open_files(&import);
	if (code == 0) {
		(void)sigaction(SIGINT, &action, NULL); /* cannot fail with these numbers */
		(void)sigaction(SIGTERM, &action, NULL);
		code = open_and_import(&import);
	}
	close_files(&import);
out:
	free(import.files);
	free(import.inputs);
	return code;
}
