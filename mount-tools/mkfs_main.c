/* mkfs.graphfs: makes an empty database. */
#include "mount-tools/tools.h"

#include <stdlib.h>

static const char help[] =
	"usage: mkfs.graphfs [--key-property NAME] DIR\n"
	"Make an empty graphfs database in DIR, a folder that is new or empty.\n"
	"\n"
	"  -k, --key-property NAME  Cypher's CREATE takes a node's key from this property (default: name)\n"
	"  -q, --quiet              say nothing when all is well\n"
	"  -h, --help               show this\n"
	"  -V, --version            show the version\n";

struct options {
	const char *key_property;
	bool quiet;
};

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "key-property", required_argument, NULL, 'k' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c;
	while ((c = getopt_long(argc, argv, "k:qhV", known, NULL)) != -1) {
		switch (c) {
		case 'k':
			options->key_property = optarg;
			break;
		case 'q':
			options->quiet = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			return gfs_tool_version();
		default:
			return gfs_tool_usage(1, "wrong usage");
		}
	}
	if (argc - optind != 1)
		return gfs_tool_usage(1, argc == optind ? "which folder?" : "one folder only");
	return -1;
}

int main(int argc, char **argv)
{
	gfs_tool_begin("mkfs.graphfs");
	struct options options = { 0 };
	struct gfs_message message = { "" };
	int code = read_options(argc, argv, &options);
	if (code >= 0)
		return code;
	if (options.key_property != NULL && gfs_name_check(gfs_slice_text(options.key_property), GFS_NAME_BYTES_MAX) != 0)
		return gfs_tool_usage(1, "--key-property: not a property name");
	char *path = gfs_tool_path(argv[optind]);
	if (path == NULL)
		return 1;
	struct gfs_graph_create_opts opts = { .key_property = options.key_property };
	int err = gfs_graph_create(path, &opts, &message);
	if (err != 0)
		gfs_tool_complain(path, err, &message);
	else if (!options.quiet)
		printf("%s: an empty graphfs database\n", path);
	free(path);
	return err == 0 ? 0 : 1;
}
