/* fsck.graphfs: verifies a database that nobody uses. */
#include "graph/rebuild.h"
#include "mount-tools/tools.h"

#include <stdlib.h>
#include <unistd.h>

/* Of fsck(8). */
enum { FSCK_CLEAN = 0, FSCK_ERRORS_LEFT = 4, FSCK_FAILED = 8, FSCK_USAGE = 16 };

static const char help[] =
	"usage: fsck.graphfs [-n] [-v] [--rebuild-index] DIR\n"
	"Verify every page, record, chain, index entry and count of the graphfs database in DIR.\n"
	"A database that was not closed cleanly is recovered from its log first.\n"
	"\n"
	"  -n             change nothing, not even by recovery: the log is replayed in memory\n"
	"  -v             show progress, and more of what was verified\n"
	"  --rebuild-index  make all indexes and counts anew from the records first; drop definitions of indexes,\n"
	"                 settings and saved queries that are damaged\n"
	"  -a, -f, -p, -y accepted for fsck(8)'s sake; a check is always full, and nothing is repaired\n"
	"  -h, --help     show this\n"
	"  -V, --version  show the version\n"
	"\n"
	"exit code: 0 clean, 4 defects found, 8 could not check, 16 wrong usage\n";

enum { OPTION_REBUILD = 256 };

struct options {
	bool change_nothing, verbose, rebuild;
};

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "rebuild-index", no_argument, NULL, OPTION_REBUILD },
		{ 0 },
	};
	int c;
	while ((c = getopt_long(argc, argv, "nvafpyhV", known, NULL)) != -1) {
		switch (c) {
		case 'n':
			options->change_nothing = true;
			break;
		case 'v':
			options->verbose = true;
			break;
		case OPTION_REBUILD:
			options->rebuild = true;
			break;
		case 'a':
		case 'f':
		case 'p':
		case 'y':
			break;
		case 'h':
			fputs(help, stdout);
			return FSCK_CLEAN;
		case 'V':
			return gfs_tool_version();
		default:
			return gfs_tool_usage(FSCK_USAGE, "wrong usage");
		}
	}
	if (options->rebuild && options->change_nothing)
		return gfs_tool_usage(FSCK_USAGE, "-n and --rebuild-index exclude each other");
	if (argc - optind != 1)
		return gfs_tool_usage(FSCK_USAGE, argc == optind ? "which database?" : "one database only");
	return -1;
}

struct check {
	const char *path;
	bool bar;
};

static void show_defect(void *context, const char *line)
{
	const struct check *check = context;
	printf("%s%s: ", check->bar ? "\r\033[K" : "", check->path);
	gfs_tool_put(gfs_slice_text(line), stdout);
	putchar('\n');
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
	const struct check *check = context;
	if (check->bar && total != 0)
		fprintf(stderr, "\r%3u %% ", (unsigned)(done * 100 / total));
}

static void show_report(
	const struct check *check, const struct gfs_check_report *r, const struct gfs_store_stats *stats, bool verbose)
{
	if (check->bar)
		fputs("\r\033[K", stderr);
	if (stats->recovered_transactions != 0)
		printf("%s: recovered %llu transactions from the log\n", check->path,
			(unsigned long long)stats->recovered_transactions);
	if (verbose) {
		printf("%s: %llu labels, %llu relationship types, %llu property names\n", check->path,
			(unsigned long long)r->labels, (unsigned long long)r->types, (unsigned long long)r->keys);
		printf("%s: %llu bytes on disk\n", check->path, (unsigned long long)stats->disk_bytes);
	}
	printf(
		"%s: verified %llu nodes, %llu relationships, %llu properties, %llu pages, %llu long values, %llu index entries: ",
		check->path, (unsigned long long)r->nodes, (unsigned long long)r->relationships,
		(unsigned long long)r->properties, (unsigned long long)r->pages, (unsigned long long)r->blobs,
		(unsigned long long)r->index_entries);
	if (r->errors == 0)
		printf("clean\n");
	else
		printf("%llu defects\n", (unsigned long long)r->errors);
}

static void show_rebuilt(const char *path, const struct gfs_rebuild_report *r)
{
	printf("%s: indexes and counts rebuilt from %llu nodes, %llu relationships, %llu properties\n", path,
		(unsigned long long)r->nodes, (unsigned long long)r->relationships, (unsigned long long)r->properties);
	if (r->definitions_dropped != 0)
		printf("%s: damaged definitions of property indexes or constraints, dropped: %llu; make them again\n", path,
			(unsigned long long)r->definitions_dropped);
	if (r->settings_changed != 0)
		printf("%s: rows of settings and saved queries, put right or dropped: %llu\n", path,
			(unsigned long long)r->settings_changed);
}

static int rebuild(struct gfs_graph *graph, const char *path, const struct options *options)
{
	struct check check = { .path = path, .bar = options->verbose && isatty(STDERR_FILENO) };
	struct gfs_rebuild_report report;
	struct gfs_message message;
	int err = gfs_graph_rebuild(graph, show_progress, &check, &report, &message);
	if (check.bar)
		fputs("\r\033[K", stderr);
	if (err != 0)
		gfs_tool_say("%s: rebuilding the indexes: %s", path, message.text);
	else
		show_rebuilt(path, &report);
	return err;
}

static int check_graph(struct gfs_graph *graph, const char *path, const struct options *options)
{
	struct check check = { .path = path, .bar = options->verbose && isatty(STDERR_FILENO) };
	struct gfs_check_report report = { 0 };
	struct gfs_store_stats stats;
	int err = gfs_graph_check(graph, show_defect, show_progress, &check, &report);
	gfs_store_stats_get(gfs_graph_store(graph), &stats);
	show_report(&check, &report, &stats, options->verbose);
	if (err != 0)
		gfs_tool_say("%s: the check could not be finished: %s", path, gfs_err_text(err));
	if (report.errors != 0 || err == GFS_ERR_CORRUPT)
		return FSCK_ERRORS_LEFT;
	return err != 0 ? FSCK_FAILED : FSCK_CLEAN;
}

static int run(const char *path, const struct options *options)
{
	struct gfs_store_opts opts = { .read_only = options->change_nothing, .repair = true };
	struct gfs_graph *graph;
	int err = gfs_tool_open(path, &opts, &graph);
	if (err != 0)
		return err == GFS_ERR_CORRUPT ? FSCK_ERRORS_LEFT : FSCK_FAILED;
	err = options->rebuild ? rebuild(graph, path, options) : 0;
	int code = err == 0 ? check_graph(graph, path, options) : err == GFS_ERR_CORRUPT ? FSCK_ERRORS_LEFT : FSCK_FAILED;
	err = gfs_graph_close(graph);
	if (err != 0 && !options->change_nothing) {
		gfs_tool_say("%s: %s", path, gfs_err_text(err));
		code |= FSCK_FAILED;
	}
	return code;
}

int main(int argc, char **argv)
{
	gfs_tool_begin("fsck.graphfs");
	struct options options = { 0 };
	int code = read_options(argc, argv, &options);
	if (code >= 0)
		return code;
	char *path = gfs_tool_path(argv[optind]);
	if (path == NULL)
		return FSCK_FAILED;
	code = run(path, &options);
	free(path);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		gfs_tool_say("standard output: %s", gfs_tool_errno());
		code |= FSCK_FAILED;
	}
	return code;
}
