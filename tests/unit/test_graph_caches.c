/* The layers of the caches switched, resized and given other policies at random, while four workers go on: three that read the graph in every
 * way that the layers answer, and one that changes it, commits, aborts and rolls back. What a reader sees must be what the model says, which the
 * writer changes under the same lock. */
#include "tests/unit/graph_fixture.h"

#include "base/checked.h"
#include "graph/rel_walk.h"
#include "tests/support/rng.h"
#include "tests/support/scale.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
	NODES = 48,
	LABELS = 5,
	TYPES = 2,
	READERS = 3,
	READS_A_CHANGE = 8,
	CHANGES_A_COMMIT = 8,
	CHANGES = GFS_SCALED(10000, 1500)
};

struct model {
	int64_t value[NODES];              /* of a property; 0: it has none */
	bool renamed[NODES];               /* its key is the other one of its two */
	bool labels[NODES][LABELS];        /* more than lie in a record */
	uint64_t rel[TYPES][NODES][NODES]; /* the id of the one relationship; 0: none */
	int64_t rel_value[TYPES][NODES][NODES];
};

static struct fixture f;
static struct model model; /* guarded by the graph lock */
static uint64_t nodes[NODES];
static uint16_t value_key, labels[LABELS], types[TYPES];
static _Atomic bool stop;
static _Atomic uint64_t reads, commits, aborts;

struct worker {
	struct rng rng;
	pthread_t thread;
};

static const char *key_of(unsigned n, bool renamed, char key[16])
{
	(void)snprintf(key, 16, "%s%u", renamed ? "other" : "n", n);
	return key;
}

/* ---- reading; the graph lock is held, either way ---- */

static void check_value(struct gfs_entity e, int64_t wanted)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_prop_info info;
	struct gfs_value value;
	int err = gfs_prop_get(f.graph, e, value_key, &arena, &value);
	REQUIRE(err == (wanted == 0 ? GFS_ERR_NOTFOUND : 0));
	REQUIRE(gfs_prop_stat(f.graph, e, value_key, &info) == err);
	if (err == 0)
		REQUIRE(value.type == GFS_TYPE_INTEGER && value.integer == wanted && info.type == GFS_TYPE_INTEGER);
}

static void check_keys(unsigned n)
{
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	char text[16];
	uint64_t id;
	OK(gfs_node_key(f.graph, nodes[n], &key));
	REQUIRE(gfs_slice_equal(gfs_buf_slice(&key), gfs_slice_text(key_of(n, model.renamed[n], text))));
	OK(gfs_node_find(f.graph, gfs_buf_slice(&key), &id));
	REQUIRE(id == nodes[n]);
	REQUIRE(gfs_node_find(f.graph, gfs_slice_text(key_of(n, !model.renamed[n], text)), &id) == GFS_ERR_NOTFOUND);
}

static void check_labels(unsigned n)
{
	uint16_t got[LABELS];
	size_t count, wanted = 0;
	OK(gfs_node_labels(f.graph, nodes[n], got, LABELS, &count));
	for (unsigned l = 0; l < LABELS; l++) {
		if (model.labels[n][l])
			REQUIRE(wanted < count && got[wanted++] == labels[l]);
	}
	REQUIRE(wanted == count);
}

static void check_label(unsigned l)
{
	uint64_t ids[NODES + 1];
	size_t count, wanted = 0;
	OK(gfs_label_nodes(f.graph, labels[l], 1, ids, NODES + 1, &count));
	for (unsigned n = 0; n < NODES; n++) {
		if (model.labels[n][l])
			REQUIRE(wanted < count && ids[wanted++] == nodes[n]);
	}
	REQUIRE(wanted == count);
}

static uint64_t rel_at(unsigned type, unsigned n, unsigned other, enum gfs_direction dir)
{
	return dir == GFS_OUT ? model.rel[type][n][other] : model.rel[type][other][n];
}

static void check_rels(unsigned n, enum gfs_direction dir)
{
	GFS_AUTO_RELS_WALK walk;
	struct gfs_rels_run run;
	struct gfs_adj_type folder;
	size_t walked = 0;
	gfs_rels_walk_init(&walk, f.graph);
	gfs_rels_walk_start(&walk, nodes[n], dir, 0);
	while (gfs_rels_walk_next(&walk, &run) == 0)
		walked += run.count;
	for (unsigned type = 0; type < TYPES; type++) {
		struct gfs_adj_entry got[NODES + 1];
		size_t count, wanted = 0;
		OK(gfs_rels_list(f.graph, nodes[n], dir, types[type], (struct gfs_adj_entry){ 0 }, got, NODES + 1, &count));
		for (unsigned other = 0; other < NODES; other++) {
			uint64_t rel = rel_at(type, n, other, dir);
			if (rel == 0)
				continue;
			REQUIRE(wanted < count && got[wanted].other == nodes[other] && got[wanted].rel == rel);
			wanted++;
		}
		OK(gfs_rels_type(f.graph, nodes[n], dir, types[type], &folder));
		REQUIRE(count == wanted && folder.count == wanted);
		REQUIRE(walked >= wanted);
		walked -= wanted;
	}
	REQUIRE(walked == 0);
}

static void check_rel(unsigned type, unsigned n, unsigned other)
{
	struct gfs_rel_record record;
	uint64_t id = model.rel[type][n][other];
	if (id == 0)
		return;
	OK(gfs_rel_get(f.graph, id, &record));
	REQUIRE(record.start == nodes[n] && record.end == nodes[other] && record.type == types[type]);
	check_value(rel_entity(id), model.rel_value[type][n][other]);
}

static void check_something(struct rng *rng)
{
	unsigned n = rng_below(rng, NODES), type = rng_below(rng, TYPES);
	check_value(node_entity(nodes[n]), model.value[n]);
	check_keys(n);
	check_labels(n);
	check_label(rng_below(rng, LABELS));
	check_rels(n, GFS_OUT);
	check_rels(n, GFS_IN);
	check_rel(type, n, rng_below(rng, NODES));
	check_rel(type, rng_below(rng, NODES), n);
}

static void *read_on(void *context)
{
	struct worker *worker = context;
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		gfs_graph_read_begin(f.graph);
		check_something(&worker->rng);
		gfs_graph_read_end(f.graph);
		atomic_fetch_add_explicit(&reads, 1, memory_order_relaxed);
	}
	return NULL;
}

/* ---- writing ---- */

static void set_value(struct gfs_tx *tx, struct gfs_entity e, int64_t *value, int64_t now)
{
	struct gfs_value v = { .type = GFS_TYPE_INTEGER, .newline = true, .integer = now };
	if (now != 0)
		OK(gfs_prop_set(tx, e, value_key, &v));
	else if (*value != 0)
		OK(gfs_prop_remove(tx, e, value_key));
	*value = now;
}

static void change_rel(struct gfs_tx *tx, struct rng *rng)
{
	unsigned type = rng_below(rng, TYPES), a = rng_below(rng, NODES), b = rng_below(rng, NODES);
	uint64_t *id = &model.rel[type][a][b];
	if (*id == 0) {
		OK(gfs_rel_create(tx, types[type], nodes[a], nodes[b], id));
		model.rel_value[type][a][b] = 0;
	} else if (rng_below(rng, 2) == 0) {
		OK(gfs_rel_delete(tx, *id));
		*id = 0;
	} else {
		set_value(tx, rel_entity(*id), &model.rel_value[type][a][b], rng_below(rng, 5));
	}
}

static void change_label(struct gfs_tx *tx, unsigned n, unsigned l)
{
	bool *has = &model.labels[n][l];
	if (*has)
		OK(gfs_node_remove_label(tx, nodes[n], labels[l]));
	else
		OK(gfs_node_add_label(tx, nodes[n], labels[l]));
	*has = !*has;
}

static void change_something(struct gfs_tx *tx, struct rng *rng)
{
	unsigned n = rng_below(rng, NODES);
	char key[16];
	switch (rng_below(rng, 6)) {
	case 0:
		model.renamed[n] = !model.renamed[n];
		OK(gfs_node_set_key(tx, nodes[n], gfs_slice_text(key_of(n, model.renamed[n], key)), false));
		break;
	case 1:
		change_label(tx, n, rng_below(rng, LABELS));
		break;
	case 2:
		set_value(tx, node_entity(nodes[n]), &model.value[n], rng_below(rng, 1000));
		break;
	default:
		change_rel(tx, rng);
	}
}

/* A part that is taken back, now and then; the writer looks at what is left, whoever cached what. */
static void change_in_parts(struct gfs_tx *tx, struct rng *rng)
{
	static struct model before;
	for (unsigned parts = 1 + rng_below(rng, 3); parts > 0; parts--) {
		struct gfs_txn_mark mark = gfs_tx_mark(tx);
		before = model;
		change_something(tx, rng);
		check_something(rng);
		if (rng_below(rng, 4) == 0) {
			gfs_tx_rollback_to(tx, mark);
			model = before;
			check_something(rng);
		}
	}
}

static void *write_on(void *context)
{
	static struct model before;
	struct worker *worker = context;
	struct rng *rng = &worker->rng;
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		struct gfs_tx *tx = tx_begin(&f);
		before = model;
		change_in_parts(tx, rng);
		if (rng_below(rng, 4) == 0) {
			model = before;
			gfs_tx_abort(tx);
			atomic_fetch_add_explicit(&aborts, 1, memory_order_relaxed);
		} else {
			tx_commit(tx);
			atomic_fetch_add_explicit(&commits, 1, memory_order_relaxed);
		}
		if (rng_below(rng, 100) == 0)
			OK(gfs_store_checkpoint(gfs_graph_store(f.graph)));
		sched_yield(); /* the lock prefers writers */
	}
	return NULL;
}

/* ---- the layers ---- */

static void change_layers(struct rng *rng)
{
	static const char *const policies[] = { "s3fifo", "lru", "clock" };
	struct gfs_cache_budget *budget = gfs_store_cache_budget(gfs_graph_store(f.graph));
	enum gfs_cache_layer layer = (enum gfs_cache_layer)rng_below(rng, GFS_CACHE_LAYERS);
	switch (rng_below(rng, 4)) {
	case 0:
		gfs_cache_budget_set_enabled(budget, layer, rng_below(rng, 3) != 0);
		break;
	case 1:
		gfs_cache_budget_set_limit(budget, layer, rng_below(rng, 3) == 0 ? 0 : 1u << rng_below(rng, 20));
		break;
	case 2:
		OK(gfs_cache_budget_set_policy(
			budget, layer, gfs_cache_policy_find(gfs_slice_text(policies[rng_below(rng, GFS_COUNT(policies))]))));
		break;
	default:
		gfs_cache_budget_set_bytes(budget, (1u << 20) + rng_below(rng, 8u << 20));
	}
}

static bool behind(unsigned changes)
{
	uint64_t looks = atomic_load_explicit(&reads, memory_order_relaxed);
	uint64_t written = atomic_load_explicit(&commits, memory_order_relaxed);
	return looks < (uint64_t)changes * READS_A_CHANGE || written < changes / CHANGES_A_COMMIT;
}

/* Beside the changes the others get on with their work: so many looks at the graph to one, and so many to a commit. */
static void change_all(struct rng *rng)
{
	for (unsigned i = 0; i < CHANGES; i++) {
		change_layers(rng);
		while (behind(i))
			sched_yield();
	}
}

static int setup(void **state)
{
	char key[16];
	(void)state;
	f = (struct fixture){ .opts = { .cache.bytes = 4 << 20, .checkpoint_log_bytes = 1 << 20 } };
	fixture_create(&f);
	fixture_open(&f);
	value_key = name_of(&f, GFS_CATALOG_KEY, "value");
	for (unsigned i = 0; i < LABELS; i++) {
		(void)snprintf(key, sizeof key, "L%u", i);
		labels[i] = name_of(&f, GFS_CATALOG_LABEL, key);
	}
	for (unsigned i = 0; i < TYPES; i++) {
		(void)snprintf(key, sizeof key, "T%u", i);
		types[i] = name_of(&f, GFS_CATALOG_TYPE, key);
	}
	for (unsigned n = 0; n < NODES; n++)
		nodes[n] = new_node(&f, key_of(n, false, key));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&f);
	return 0;
}

static void test_changed_while_in_use(void **state)
{
	struct worker workers[READERS + 1];
	struct rng rng = { 0x2545f4914f6cdd1d };
	(void)state;
	for (unsigned i = 0; i <= READERS; i++) {
		workers[i].rng = (struct rng){ 77 + i };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, i == 0 ? write_on : read_on, &workers[i]), 0);
	}
	change_all(&rng);
	atomic_store(&stop, true);
	for (unsigned i = 0; i <= READERS; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
	print_message("%d changes of layers, %llu looks, %llu commits, %llu aborts\n", (int)CHANGES,
		(unsigned long long)reads, (unsigned long long)commits, (unsigned long long)aborts);
	assert_true(reads > CHANGES && commits >= CHANGES / CHANGES_A_COMMIT - 1 && aborts > 0);
	require_clean(f.graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_changed_while_in_use, setup, teardown) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
