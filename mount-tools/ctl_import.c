/* graphfsctl import */
#include "base/checked.h"
#include "base/clock.h"
#include "mount-tools/import_files.h"
#include "mount-tools/tools.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BAR_WIDTH = 40 };
/* Less at a time would only be slow. */
#define DIRTY_BYTES_MIN (UINT64_C(4) << 20)
/* So much of the files is read before its memory is given back. */
#define READ_BYTES_KEPT (UINT64_C(4) << 20)

static volatile sig_atomic_t stop_wanted;

static void want_stop(int number)
{
	(void)number;
	stop_wanted = 1;
}

struct import {
	const char *dir; /* of the database, as given */
	bool skip_bad;
	uint64_t cache_bytes;
	struct gfs_import_files files;
	uint64_t relieved_at; /* bytes read when memory was given back last */
	bool bar;
	unsigned percent; /* shown last */
};

/* ---- the command line ---- */

static void add_file(struct import *import, const char *name)
{
	import->files.files[import->files.count++].name = name;
}

/* Options take any number of files; what stands before them is the folder, and files by themselves are recognised alike. */
static int read_arguments(int argc, char **argv, struct import *import)
{
	bool options = true;
	int bad_size = 0;
	for (int i = 1; i < argc && bad_size == 0; i++) {
		const char *word = argv[i];
		if (options && strcmp(word, "--") == 0)
			options = false;
		else if (options && strcmp(word, "--skip-bad") == 0)
			import->skip_bad = true;
		else if (options && (strcmp(word, "--nodes") == 0 || strcmp(word, "--relationships") == 0))
			continue; /* the header tells which is which */
		else if (options && strcmp(word, "--cache") == 0 && i + 1 < argc)
			bad_size = gfs_tool_cache(argv[++i], &import->cache_bytes);
		else if (options && strncmp(word, "--cache=", 8) == 0)
			bad_size = gfs_tool_cache(word + 8, &import->cache_bytes);
		else if (options && (strncmp(word, "--nodes=", 8) == 0 || strncmp(word, "--relationships=", 16) == 0))
			add_file(import, strchr(word, '=') + 1);
		else if (options && word[0] == '-' && word[1] != '\0')
			return gfs_tool_usage(1, "import: unknown option '%s'", word);
		else if (import->dir == NULL)
			import->dir = word;
		else
			add_file(import, word);
	}
	if (bad_size != 0)
		return bad_size;
	if (import->dir == NULL)
		return gfs_tool_usage(1, "import: which database?");
	if (import->files.count == 0)
		return gfs_tool_usage(1, "import: which files?");
	return 0;
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
	if (done - import->relieved_at >= READ_BYTES_KEPT) {
		gfs_import_files_relieve(&import->files);
		import->relieved_at = done;
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
	int err = gfs_import(graph, import->files.files, import->files.count, &opts, &result, &message);
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
	/* It comes to most pages once: of its memory a quarter is for them, a quarter for what is dirty, the rest for names (graph/idmap.c). */
	uint64_t quarter = import->cache_bytes / 4;
	struct gfs_store_opts opts = {
		.cache = { .bytes = import->cache_bytes,
			.layers = { [GFS_CACHE_PAGE].limit_bytes = quarter,
				[GFS_CACHE_OBJECT].off = true,
				[GFS_CACHE_INDEX].off = true,
				[GFS_CACHE_QUERY].off = true } },
		.dirty_bytes_max = GFS_MAX(quarter, DIRTY_BYTES_MIN),
	};
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
	struct import import = {
		.bar = isatty(STDERR_FILENO), .percent = UINT32_MAX, .cache_bytes = GFS_TOOL_CACHE_BYTES_DEFAULT
	};
	import.files.files = calloc((size_t)argc, sizeof *import.files.files);
	if (import.files.files == NULL) {
		gfs_tool_say("%s", gfs_err_text(GFS_ERR_NOMEM));
		return 1;
	}
	int code = read_arguments(argc, argv, &import);
	if (code == 0)
		code = gfs_import_files_open(&import.files, import.dir) == 0 ? 0 : 1;
	if (code == 0) {
		(void)sigaction(SIGINT, &action, NULL); /* cannot fail with these numbers */
		(void)sigaction(SIGTERM, &action, NULL);
		code = open_and_import(&import);
	}
	gfs_import_files_close(&import.files);
	free(import.files.files);
	return code;
}
