#include "tests/crash/small_graph.h"

#include "base/checked.h"
#include "base/hash.h"
#include "graph/constraint.h"
#include "graph/index.h"
#include "graph/saved_query.h"

#include <string.h>

const struct gfs_store_opts small_graph_opts = {
	.wal_segment_bytes = 64 << 10,
	.wal_interval_ms = 1,
	.checkpoint_interval_ms = UINT32_MAX,
	.cache.bytes = UINT64_C(4) << 20,
};

static unsigned below(struct small_graph *s, unsigned n)
{
	return rng_below(s->rng, n);
}

static void mix_text(uint64_t *digest, struct gfs_slice text)
{
	*digest = gfs_hash64_seed(text.data, text.size, *digest);
}

uint64_t small_graph_digest_held(struct gfs_graph *g)
{
	struct gfs_index_info info;
	struct gfs_saved_query query;
	uint64_t digest = graph_digest_held(g);
	for (unsigned from = 1; gfs_index_next(g, from, &info) == 0; from = info.id + 1u)
		mix_text(&digest, info.name);
	for (unsigned from = 1; gfs_constraint_next(g, from, &info) == 0; from = info.id + 1u)
		mix_text(&digest, info.name);
	for (unsigned from = 1; gfs_saved_query_next(g, from, &query) == 0; from = query.number + 1u) {
		GFS_AUTO_BUF text = GFS_BUF_INIT;
		OK(gfs_saved_query_text(g, query.number, &text));
		mix_text(&digest, gfs_saved_query_name(&query));
		mix_text(&digest, gfs_buf_slice(&text));
	}
	return digest;
}

uint64_t small_graph_digest(struct gfs_graph *g)
{
	gfs_graph_read_begin(g);
	uint64_t digest = small_graph_digest_held(g);
	gfs_graph_read_end(g);
	return digest;
}

static struct gfs_slice random_text(struct small_graph *s)
{
	static const unsigned sizes[] = { 3, 40, 1000, 1030, 3000, 9000, 30000 };
	static uint8_t text[30000];
	size_t size = sizes[below(s, GFS_COUNT(sizes))];
	for (size_t i = 0; i < size; i++)
		text[i] = (uint8_t)('a' + below(s, 26));
	return gfs_slice(text, size);
}

static void add_node(struct small_graph *s, struct gfs_tx *tx)
{
	char key[32];
	struct gfs_node_meta meta = { .uid = 1, .gid = 2, .mode = 0755 };
	if (s->node_count == SMALL_NODES_MAX)
		return;
	uint64_t *id = &s->nodes[s->node_count++];
	(void)snprintf(key, sizeof key, "node %u", s->names++);
	OK(gfs_node_create(tx, gfs_slice_text(key), &meta, id));
	if (below(s, 2) == 0)
		OK(gfs_node_add_label(tx, *id, s->labels[below(s, SMALL_LABELS)]));
}

static void set_prop(struct small_graph *s, struct gfs_tx *tx, struct gfs_entity e)
{
	struct gfs_value value = { .type = GFS_TYPE_INTEGER, .newline = true, .integer = below(s, 1000) };
	if (below(s, 3) != 0)
		value = (struct gfs_value){ .type = GFS_TYPE_STRING, .newline = true, .bytes = random_text(s) };
	OK(gfs_prop_set(tx, e, s->keys[below(s, SMALL_KEYS)], &value));
}

static void add_rel(struct small_graph *s, struct gfs_tx *tx)
{
	if (s->rel_count == SMALL_RELS_MAX)
		return;
	uint64_t *id = &s->rels[s->rel_count++];
	OK(gfs_rel_create(
		tx, s->types[below(s, SMALL_TYPES)], s->nodes[below(s, s->node_count)], s->nodes[below(s, s->node_count)], id));
	if (below(s, 3) == 0)
		set_prop(s, tx, rel_entity(*id));
}

static void remove_rel(struct small_graph *s, struct gfs_tx *tx)
{
	if (s->rel_count == 0)
		return;
	uint64_t *id = &s->rels[below(s, s->rel_count)];
	OK(gfs_rel_delete(tx, *id));
	*id = s->rels[--s->rel_count];
}

/* The relationships that go with it are forgotten. */
static void remove_node(struct small_graph *s, struct gfs_tx *tx)
{
	struct gfs_rel_record record;
	if (s->node_count < 6)
		return;
	uint64_t *id = &s->nodes[below(s, s->node_count)];
	OK(gfs_node_delete(tx, *id, true));
	*id = s->nodes[--s->node_count];
	for (unsigned i = s->rel_count; i-- > 0;) {
		if (gfs_rel_get(s->f.graph, s->rels[i], &record) != 0)
			s->rels[i] = s->rels[--s->rel_count];
	}
}

static void write_part(struct small_graph *s, struct gfs_tx *tx, uint64_t node)
{
	int err = gfs_prop_create(tx, node_entity(node), s->keys[0]);
	REQUIRE(err == 0 || err == GFS_ERR_EXISTS);
	OK(gfs_prop_write(tx, node_entity(node), s->keys[0], below(s, 20000), random_text(s)));
}

static void change_query(struct small_graph *s, struct gfs_tx *tx)
{
	uint16_t number;
	if (gfs_saved_query_find(s->f.graph, gfs_slice_text("query"), &number) != 0)
		OK(gfs_saved_query_make(tx, gfs_slice_text("query"), &number));
	else if (below(s, 3) == 0)
		OK(gfs_saved_query_remove(tx, number));
	else
		OK(gfs_saved_query_set_text(tx, number, random_text(s)));
}

static void change_index(struct small_graph *s, struct gfs_tx *tx)
{
	struct gfs_index_info info;
	uint16_t id;
	if (gfs_index_find(s->f.graph, s->labels[0], s->keys[1], &info) == 0)
		OK(gfs_index_drop(tx, info.id));
	else
		OK(gfs_index_create(tx, s->labels[0], s->keys[1], false, (struct gfs_slice){ 0 }, &id));
}

static void change_node(struct small_graph *s, struct gfs_tx *tx, uint64_t node)
{
	char key[32];
	uint16_t label = s->labels[below(s, SMALL_LABELS)];
	bool has;
	(void)snprintf(key, sizeof key, "renamed %u", s->names++);
	OK(gfs_node_has_label(s->f.graph, node, label, &has));
	switch (below(s, 3)) {
	case 0:
		OK(gfs_node_set_key(tx, node, gfs_slice_text(key), false));
		break;
	case 1:
		OK(has ? gfs_node_remove_label(tx, node, label) : gfs_node_add_label(tx, node, label));
		break;
	default:
		OK(gfs_node_set_meta(tx, node, GFS_META_MODE, &(struct gfs_node_meta){ .mode = 0700 + below(s, 8) }));
		break;
	}
}

void small_graph_change(struct small_graph *s, struct gfs_tx *tx)
{
	uint64_t node = s->nodes[below(s, s->node_count)];
	switch (below(s, 12)) {
	case 0:
	case 1:
		add_node(s, tx);
		break;
	case 2:
	case 3:
		set_prop(s, tx, node_entity(node));
		break;
	case 4:
	case 5:
		add_rel(s, tx);
		break;
	case 6:
		remove_rel(s, tx);
		break;
	case 7:
		remove_node(s, tx);
		break;
	case 8:
		write_part(s, tx, node);
		break;
	case 9:
		change_query(s, tx);
		break;
	case 10:
		change_index(s, tx);
		break;
	default:
		change_node(s, tx, node);
		break;
	}
}

void small_graph_begin(struct small_graph *s)
{
	struct gfs_message message;
	uint16_t number;
	static const char *const names[] = { "A", "B", "C" };
	OK(gfs_graph_create(s->f.path, NULL, &message));
	fixture_open(&s->f);
	for (unsigned i = 0; i < SMALL_KEYS; i++) {
		s->keys[i] = name_of(&s->f, GFS_CATALOG_KEY, names[i]);
		if (i < SMALL_TYPES)
			s->types[i] = name_of(&s->f, GFS_CATALOG_TYPE, names[i]);
		if (i < SMALL_LABELS)
			s->labels[i] = name_of(&s->f, GFS_CATALOG_LABEL, names[i]);
	}
	struct gfs_tx *tx = tx_begin(&s->f);
	OK(gfs_saved_query_make(tx, gfs_slice_text("first"), &number));
	OK(gfs_saved_query_set_text(tx, number, gfs_slice_text("RETURN 1")));
	for (unsigned i = 0; i < 10; i++)
		add_node(s, tx);
	tx_commit(tx);
	fixture_close(&s->f);
}

void small_graph_look(struct small_graph *s)
{
	struct gfs_node_record record;
	uint64_t from = 1;
	size_t count;
	s->node_count = s->rel_count = 0;
	while (s->node_count < SMALL_NODES_MAX && gfs_node_next(s->f.graph, from, &s->nodes[s->node_count], &record) == 0)
		from = s->nodes[s->node_count++] + 1;
	for (unsigned i = 0; i < SMALL_TYPES; i++) {
		OK(gfs_type_rels(s->f.graph, s->types[i], 1, s->rels + s->rel_count, SMALL_RELS_MAX - s->rel_count, &count));
		s->rel_count += (unsigned)count;
	}
}

/* ---- folders ---- */

void small_graph_remove(const char *path)
{
	char command[120];
	(void)snprintf(command, sizeof command, "rm -rf '%s'", path);
	REQUIRE(system(command) == 0);
}

void small_graph_copy(const char *from, const char *to)
{
	char command[240];
	(void)snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", to, from, to);
	REQUIRE(system(command) == 0);
}
