/* graphfsctl stats */
#include "mount-tools/tools.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- of a mount: what the daemon says ---- */

static int copy_to_stdout(int fd, const char *name)
{
	char block[65536];
	ssize_t n;
	while ((n = read(fd, block, sizeof block)) > 0)
		fwrite(block, 1, (size_t)n, stdout); /* main looks at ferror */
	if (n < 0)
		gfs_tool_say("%s: %s", name, gfs_tool_errno());
	return n < 0 ? 1 : 0;
}

/* ---- of a database: what is counted ---- */

static void put_number(struct gfs_buf *out, const char *name, const char *help, uint64_t value)
{
	gfs_buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %llu\n", name, help, name, name, (unsigned long long)value);
}

/* A label's value in Prometheus' format: backslash, quote and newline are escaped. */
static void put_label_value(struct gfs_buf *out, struct gfs_slice text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];
		if (c == '\n')
			gfs_buf_append_text(out, "\\n");
		else if (c == '"' || c == '\\')
			gfs_buf_printf(out, "\\%c", c);
		else
			gfs_buf_append_u8(out, c);
	}
}

struct names {
	enum gfs_catalog_kind kind;
	const char *total, *total_help, *each, *each_help, *label;
};

/* How many names of a kind there are, and how many elements each has. */
static int put_names(struct gfs_graph *graph, const struct names *names, struct gfs_buf *out)
{
	GFS_AUTO_BUF lines = GFS_BUF_INIT;
	struct gfs_catalog_entry entry;
	uint64_t count = 0;
	int err = 0;
	for (unsigned from = 1; from <= GFS_NAME_ID_MAX; from = entry.id + 1u) {
		err = gfs_catalog_next(gfs_graph_catalog(graph), names->kind, (uint16_t)from, &entry);
		if (err != 0)
			break;
		if (entry.count == 0 && !entry.made)
			continue;
		count++;
		gfs_buf_printf(&lines, "%s{%s=\"", names->each, names->label);
		put_label_value(&lines, entry.name);
		gfs_buf_printf(&lines, "\"} %llu\n", (unsigned long long)entry.count);
	}
	if (err != 0 && err != GFS_ERR_NOTFOUND)
		return err;
	put_number(out, names->total, names->total_help, count);
	gfs_buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", names->each, names->each_help, names->each);
	gfs_buf_append(out, lines.data, lines.size);
	return gfs_buf_failed(&lines);
}

static int put_graph(struct gfs_graph *graph, struct gfs_buf *out)
{
	static const struct names kinds[] = {
		{ GFS_CATALOG_LABEL, "graphfs_labels", "Labels.", "graphfs_label_nodes", "Nodes with the label.", "label" },
		{ GFS_CATALOG_TYPE, "graphfs_relationship_types", "Relationship types.", "graphfs_type_relationships",
			"Relationships of the type.", "type" },
		{ GFS_CATALOG_KEY, "graphfs_property_keys", "Property names.", "graphfs_property_values",
			"Properties with the name.", "property" },
	};
	struct gfs_store *store = gfs_graph_store(graph);
	struct gfs_store_stats stats;
	gfs_store_stats_get(store, &stats);
	int err = 0;
	gfs_graph_read_begin(graph);
	put_number(out, "graphfs_nodes", "Nodes.", gfs_store_counter(store, GFS_COUNTER_NODES));
	put_number(out, "graphfs_relationships", "Relationships.", gfs_store_counter(store, GFS_COUNTER_RELS));
	put_number(out, "graphfs_properties", "Properties.", gfs_store_counter(store, GFS_COUNTER_PROPERTIES));
	for (size_t i = 0; err == 0 && i < sizeof kinds / sizeof *kinds; i++)
		err = put_names(graph, &kinds[i], out);
	gfs_graph_read_end(graph);
	put_number(out, "graphfs_disk_bytes", "Bytes of data file and log.", stats.disk_bytes);
	return err != 0 ? err : gfs_buf_failed(out);
}

static int show_database(const char *path)
{
	struct gfs_store_opts opts = { .read_only = true };
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	struct gfs_graph *graph;
	int err = gfs_tool_open(path, &opts, &graph);
	if (err != 0)
		return 1;
	err = put_graph(graph, &out);
	(void)gfs_graph_close(graph); /* read only: nothing to lose */
	if (err != 0)
		gfs_tool_say("%s: %s", path, gfs_err_text(err));
	else
		fwrite(out.data, 1, out.size, stdout); /* main looks at ferror */
	return err == 0 ? 0 : 1;
}

int gfs_ctl_stats(int argc, char **argv)
{
	if (argc != 2)
		return gfs_tool_usage(1, "stats: which mount point or database?");
	GFS_AUTO_BUF name = GFS_BUF_INIT;
	gfs_buf_printf(&name, "%s/.graphfs/stats", argv[1]);
	gfs_buf_append_u8(&name, '\0');
	if (gfs_buf_failed(&name) != 0) {
		gfs_tool_say("%s", gfs_err_text(GFS_ERR_NOMEM));
		return 1;
	}
	int fd = open((const char *)name.data, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		int code = copy_to_stdout(fd, (const char *)name.data);
		(void)close(fd); /* was only read */
		return code;
	}
	char *path = gfs_tool_path(argv[1]);
	int code = path == NULL ? 1 : show_database(path);
	free(path);
	return code;
}
