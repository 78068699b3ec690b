#include "tests/unit/graph_fixture.h"

#include "base/checked.h"
#include "base/hash.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void fixture_create(struct fixture *f)
{
	struct gfs_graph_create_opts opts = { 0 };
	struct gfs_message message = { "" };
	(void)snprintf(f->path, sizeof f->path, "/tmp/gfs-graph-XXXXXX");
	REQUIRE(mkdtemp(f->path) != NULL);
	int err = gfs_graph_create(f->path, &opts, &message);
	if (err != 0)
		fprintf(stderr, "create: %s\n", message.text);
	OK(err);
}

void fixture_open(struct fixture *f)
{
	struct gfs_message message = { "" };
	int err = gfs_graph_open(f->path, &f->opts, &f->graph, &message);
	if (err != 0)
		fprintf(stderr, "open: %s\n", message.text);
	OK(err);
}

void fixture_close(struct fixture *f)
{
	struct gfs_graph *graph = f->graph;
	f->graph = NULL;
	OK(gfs_graph_close(graph));
}

void fixture_destroy(struct fixture *f)
{
	char command[96];
	if (f->graph != NULL)
		(void)gfs_graph_close(f->graph);
	f->graph = NULL;
	(void)snprintf(command, sizeof command, "rm -rf '%s'", f->path);
	REQUIRE(system(command) == 0);
}

int fixture_ended(struct fixture *f, void (*body)(struct fixture *f, void *context), void *context)
{
	int status;
	fflush(NULL);
	pid_t pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		fixture_open(f);
		body(f, context);
		_exit(0);
	}
	REQUIRE(waitpid(pid, &status, 0) == pid);
	REQUIRE(WIFEXITED(status));
	return WEXITSTATUS(status);
}

void fixture_killed(struct fixture *f, void (*body)(struct fixture *f, void *context), void *context)
{
	REQUIRE(fixture_ended(f, body, context) == 0);
}

struct gfs_tx *tx_begin(struct fixture *f)
{
	struct gfs_tx *tx;
	OK(gfs_tx_begin(f->graph, &tx));
	return tx;
}

void tx_commit(struct gfs_tx *tx)
{
	OK(gfs_tx_commit(tx, NULL, NULL));
}

uint16_t name_of(struct fixture *f, enum gfs_catalog_kind kind, const char *name)
{
	uint16_t id;
	struct gfs_tx *tx = tx_begin(f);
	OK(gfs_name_make(tx, kind, gfs_slice_text(name), &id));
	tx_commit(tx);
	return id;
}

uint64_t new_node(struct fixture *f, const char *key)
{
	struct gfs_node_meta meta = { .uid = 1, .gid = 2, .mode = 0755 };
	uint64_t id;
	struct gfs_tx *tx = tx_begin(f);
	OK(gfs_node_create(tx, gfs_slice_text(key), &meta, &id));
	tx_commit(tx);
	return id;
}

uint64_t new_rel(struct fixture *f, const char *type, uint64_t start, uint64_t end)
{
	uint16_t name = name_of(f, GFS_CATALOG_TYPE, type);
	uint64_t id;
	struct gfs_tx *tx = tx_begin(f);
	OK(gfs_rel_create(tx, name, start, end, &id));
	tx_commit(tx);
	return id;
}

struct gfs_entity node_entity(uint64_t id)
{
	return (struct gfs_entity){ GFS_NODE, id };
}

struct gfs_entity rel_entity(uint64_t id)
{
	return (struct gfs_entity){ GFS_REL, id };
}

void set_text(struct fixture *f, struct gfs_entity e, const char *key, const char *text)
{
	uint16_t name = name_of(f, GFS_CATALOG_KEY, key);
	struct gfs_value value = { .type = GFS_TYPE_STRING, .newline = true, .bytes = gfs_slice_text(text) };
	struct gfs_tx *tx = tx_begin(f);
	OK(gfs_prop_set(tx, e, name, &value));
	tx_commit(tx);
}

static void print_line(void *context, const char *line)
{
	(void)context;
	fprintf(stderr, "check: %s\n", line);
}

void require_clean(struct gfs_graph *graph)
{
	struct gfs_check_report report;
	OK(gfs_graph_check(graph, print_line, NULL, NULL, &report));
	REQUIRE(report.errors == 0);
}

/* ---- the digest ---- */

static void mix(uint64_t *digest, const void *data, size_t size)
{
	*digest = gfs_hash64_seed(data, size, *digest);
}

static void mix_number(uint64_t *digest, uint64_t number)
{
	mix(digest, &number, sizeof number);
}

static void digest_props(struct gfs_graph *g, struct gfs_entity e, uint64_t *digest)
{
	struct gfs_prop_info infos[16];
	size_t count = 1;
	for (uint32_t from = 1; count != 0; from = count == 0 ? 0 : infos[count - 1].key + 1u) {
		OK(gfs_prop_list(g, e, (uint16_t)from, infos, GFS_COUNT(infos), &count));
		for (size_t i = 0; i < count; i++) {
			mix_number(digest, infos[i].key);
			mix_number(digest, (uint64_t)infos[i].type);
			mix_number(digest, infos[i].size);
			mix_number(digest, infos[i].mtime_ns);
			uint8_t *text = malloc(infos[i].size + 1);
			size_t got;
			OK(gfs_prop_read(g, e, infos[i].key, 0, text, infos[i].size + 1, &got));
			REQUIRE(got == infos[i].size);
			mix(digest, text, got);
			free(text);
		}
	}
}

static void digest_direction(struct gfs_graph *g, uint64_t id, enum gfs_direction dir, uint64_t *digest)
{
	struct gfs_adj_type types[64];
	struct gfs_adj_entry entries[256];
	size_t count, n;
	uint64_t mtime_ns;
	OK(gfs_rels_mtime(g, id, dir, &mtime_ns));
	mix_number(digest, mtime_ns);
	OK(gfs_rels_types(g, id, dir, 1, types, GFS_COUNT(types), &count));
	for (size_t i = 0; i < count; i++) {
		struct gfs_adj_entry from = { 0 };
		mix_number(digest, types[i].type);
		mix_number(digest, types[i].made);
		mix_number(digest, types[i].count);
		mix_number(digest, types[i].mtime_ns);
		for (n = 1; n != 0;) {
			OK(gfs_rels_list(g, id, dir, types[i].type, from, entries, GFS_COUNT(entries), &n));
			mix(digest, entries, n * sizeof *entries);
			if (n != 0)
				from = (struct gfs_adj_entry){ entries[n - 1].other, entries[n - 1].rel + 1 };
		}
	}
}

static void digest_node(struct gfs_graph *g, uint64_t id, struct gfs_node_record *r, uint64_t *digest)
{
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	uint16_t labels[GFS_LABELS_PER_NODE_MAX];
	size_t count;
	uint64_t numbers[] = { id, r->label_count, r->mode, r->uid, r->gid, r->link_generation, r->dir_generation,
		r->first_out, r->first_in, r->mtime_ns, r->ctime_ns, r->btime_ns, r->labels_mtime_ns };
	mix(digest, numbers, sizeof numbers);
	int err = gfs_node_key(g, id, &key);
	REQUIRE(err == 0 || err == GFS_ERR_NODATA);
	mix(digest, key.data, key.size);
	OK(gfs_node_labels(g, id, labels, GFS_LABELS_PER_NODE_MAX, &count));
	mix(digest, labels, count * sizeof *labels);
	digest_props(g, node_entity(id), digest);
	digest_direction(g, id, GFS_OUT, digest);
	digest_direction(g, id, GFS_IN, digest);
}

static void digest_rels(struct gfs_graph *g, uint16_t type, uint64_t *digest)
{
	uint64_t ids[64], from = 1;
	size_t count;
	for (;;) {
		OK(gfs_type_rels(g, type, from, ids, GFS_COUNT(ids), &count));
		if (count == 0)
			return;
		for (size_t i = 0; i < count; i++) {
			struct gfs_rel_record r;
			OK(gfs_rel_get(g, ids[i], &r));
			uint64_t numbers[] = { ids[i], r.type, r.start, r.end, r.start_prev, r.start_next, r.end_prev, r.end_next,
				r.mtime_ns };
			mix(digest, numbers, sizeof numbers);
			digest_props(g, rel_entity(ids[i]), digest);
		}
		from = ids[count - 1] + 1;
	}
}

static void digest_names(struct gfs_graph *g, enum gfs_catalog_kind kind, uint64_t *digest)
{
	struct gfs_catalog_entry e;
	for (uint32_t from = 1; gfs_catalog_next(gfs_graph_catalog(g), kind, (uint16_t)from, &e) == 0; from = e.id + 1u) {
		mix(digest, e.name.data, e.name.size);
		uint64_t numbers[] = { e.id, e.count, e.mtime_ns, e.made };
		mix(digest, numbers, sizeof numbers);
		if (kind == GFS_CATALOG_TYPE)
			digest_rels(g, e.id, digest);
	}
}

uint64_t graph_digest_held(struct gfs_graph *g)
{
	static const enum gfs_counter counters[] = { GFS_COUNTER_NODE_NEXT, GFS_COUNTER_REL_NEXT, GFS_COUNTER_NODES,
		GFS_COUNTER_RELS, GFS_COUNTER_PROPERTIES, GFS_COUNTER_ROOT_MTIME, GFS_COUNTER_LABELS_MTIME,
		GFS_COUNTER_TYPES_MTIME };
	struct gfs_node_record r;
	uint64_t id, digest = 0;
	for (uint64_t from = 1; gfs_node_next(g, from, &id, &r) == 0; from = id + 1)
		digest_node(g, id, &r, &digest);
	digest_names(g, GFS_CATALOG_LABEL, &digest);
	digest_names(g, GFS_CATALOG_TYPE, &digest);
	digest_names(g, GFS_CATALOG_KEY, &digest);
	for (size_t i = 0; i < GFS_COUNT(counters); i++)
		mix_number(&digest, gfs_store_counter(gfs_graph_store(g), counters[i]));
	return digest;
}

uint64_t graph_digest(struct gfs_graph *g)
{
	gfs_graph_read_begin(g);
	uint64_t digest = graph_digest_held(g);
	gfs_graph_read_end(g);
	return digest;
}
