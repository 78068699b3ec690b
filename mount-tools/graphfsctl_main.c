/* graphfsctl: imports, dumps and looks at graphs. */
#include "base/checked.h"
#include "mount-tools/tools.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
	"usage: graphfsctl COMMAND ...\n"
	"\n"
	"  import DIR [--skip-bad] [--cache SIZE] [--nodes FILE...] [--relationships FILE...] [FILE.jsonl...]\n"
	"                            read CSV (neo4j-admin headers) and JSON Lines into the database in DIR\n"
	"  dump DIR [-o FILE] [--cache SIZE]\n"
	"                            write the database in DIR as JSON Lines, which import reads back\n"
	"  stats TARGET              numbers about a mount point or a database, in Prometheus' text format\n"
	"  checkpoint MOUNTPOINT     write a checkpoint now\n"
	"  query TARGET TEXT [--param NAME=VALUE]... [--format table|csv|json|typed] [--no-cache]\n"
	"                            run a Cypher statement on a mount point or a database\n"
	"  shell TARGET              type Cypher statements, with history and completion\n"
	"  shell --jsonl             Cypher statements as JSON lines, on an empty database that is gone at the end\n"
	"\n"
	"  -h, --help                show this\n"
	"  -V, --version             show the version\n"
	"\n"
	"DIR is the folder of a database that is not mounted. SIZE: memory for its pages, 64M unless given.\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "import", gfs_ctl_import },
	{ "dump", gfs_ctl_dump },
	{ "stats", gfs_ctl_stats },
	{ "query", gfs_ctl_query },
	{ "shell", gfs_ctl_shell },
	{ "checkpoint", gfs_ctl_checkpoint },
};

/* Writes 1 to the control file. The file is opened by its full name: nothing is created when this is no mount. */
int gfs_ctl_checkpoint(int argc, char **argv)
{
	if (argc != 2)
		return gfs_tool_usage(1, "checkpoint: which mount point?");
	GFS_AUTO_BUF path = GFS_BUF_INIT;
	gfs_buf_printf(&path, "%s/.graphfs/checkpoint", argv[1]);
	gfs_buf_append_u8(&path, '\0');
	if (gfs_buf_failed(&path) != 0) {
		gfs_tool_say("%s", gfs_err_text(GFS_ERR_NOMEM));
		return 1;
	}
	int fd = open((const char *)path.data, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		gfs_tool_say("%s: %s", (const char *)path.data, gfs_tool_errno());
		return 1;
	}
	bool failed = write(fd, "1\n", 2) != 2;
	if (failed)
		gfs_tool_say("%s: %s", (const char *)path.data, gfs_tool_errno());
	if (close(fd) != 0 && !failed) {
		gfs_tool_say("%s: %s", (const char *)path.data, gfs_tool_errno());
		failed = true;
	}
	return failed ? 1 : 0;
}

static bool is_help(const char *word)
{
	return strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0;
}

static int run(int argc, char **argv)
{
	if (argc < 2)
		return gfs_tool_usage(1, "which command?");
	if (is_help(argv[1]) || (argc == 3 && is_help(argv[2]))) {
		fputs(help, stdout);
		return 0;
	}
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0)
		return gfs_tool_version();
	for (size_t i = 0; i < GFS_COUNT(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	return gfs_tool_usage(1, "there is no command '%s'", argv[1]);
}

int main(int argc, char **argv)
{
	gfs_tool_begin("graphfsctl");
	int code = run(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		gfs_tool_say("standard output: %s", gfs_tool_errno());
		code = 1;
	}
	return code;
}
