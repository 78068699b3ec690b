/* graphfsctl shell */
#include "mount-tools/ctl_jsonl.h"
#include "mount-tools/tools.h"

int gfs_ctl_shell(int argc, char **argv)
{
	static const struct option known[] = { { "jsonl", no_argument, NULL, 'j' }, { 0 } };
	bool jsonl = false;
	int c;
	optind = 1;
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c != 'j')
			return gfs_tool_usage(1, "shell: wrong usage");
		jsonl = true;
	}
	if (!jsonl || argc != optind)
		return gfs_tool_usage(1, "shell: --jsonl and nothing else");
	return gfs_ctl_jsonl();
}
