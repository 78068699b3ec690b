/* graphfsctl dump */
#include "graph/transfer.h"
#include "mount-tools/tools.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct output {
	int fd;
	int error; /* errno of the write that failed */
};

static int write_all(void *context, struct gfs_slice bytes)
{
	struct output *output = context;
	while (bytes.size != 0) {
		ssize_t n = write(output->fd, bytes.data, bytes.size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			output->error = errno;
			return gfs_err_from_errno(errno);
		}
		bytes = gfs_slice(bytes.data + n, bytes.size - (size_t)n);
	}
	return 0;
}

static int dump_to(const char *dir, uint64_t cache_bytes, struct output *output, const char *name)
{
	struct gfs_store_opts opts = { .read_only = true, .cache.bytes = cache_bytes };
	struct gfs_graph *graph;
	char *path = gfs_tool_path(dir);
	int err = path == NULL ? GFS_ERR_NOMEM : gfs_tool_open(path, &opts, &graph);
	if (err == 0) {
		err = gfs_dump(graph, write_all, output);
		if (output->error != 0)
			gfs_tool_say("%s: %s", name, strerrordesc_np(output->error));
		else if (err != 0)
			gfs_tool_say("%s: %s", path, gfs_err_text(err));
		(void)gfs_graph_close(graph); /* read only: nothing to lose */
	}
	free(path);
	return err == 0 ? 0 : 1;
}

/* On disk when it is reported done. */
static int dump_to_file(const char *dir, uint64_t cache_bytes, const char *name)
{
	struct output output = { .fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) };
	if (output.fd < 0) {
		gfs_tool_say("%s: %s", name, gfs_tool_errno());
		return 1;
	}
	int code = dump_to(dir, cache_bytes, &output, name);
	if (code == 0 && fsync(output.fd) != 0 && errno != EINVAL && errno != EROFS) {
		gfs_tool_say("%s: %s", name, gfs_tool_errno());
		code = 1;
	}
	if (close(output.fd) != 0 && code == 0) {
		gfs_tool_say("%s: %s", name, gfs_tool_errno());
		code = 1;
	}
	return code;
}

int gfs_ctl_dump(int argc, char **argv)
{
	static const struct option known[] = { { "output", required_argument, NULL, 'o' },
		{ "cache", required_argument, NULL, 'c' }, { 0 } };
	struct output output = { .fd = STDOUT_FILENO };
	const char *file = NULL;
	uint64_t cache_bytes = GFS_TOOL_CACHE_BYTES_DEFAULT;
	int c, code;
	optind = 1;
	while ((c = getopt_long(argc, argv, "o:", known, NULL)) != -1) {
		if (c == 'c' && (code = gfs_tool_cache(optarg, &cache_bytes)) != 0)
			return code;
		if (c == 'o')
			file = optarg;
		else if (c != 'c')
			return gfs_tool_usage(1, "dump: wrong usage");
	}
	if (argc - optind != 1)
		return gfs_tool_usage(1, "dump: which database?");
	return file != NULL ? dump_to_file(argv[optind], cache_bytes, file)
						: dump_to(argv[optind], cache_bytes, &output, "standard output");
}
