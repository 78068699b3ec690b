/* Opening and closing: the store, the indexes on top of it, settings, hooks. */
#include "graph/index_private.h"

#include "graph/object.h"
#include "index/index_cache.h"

#include <assert.h>
#include <stdlib.h>

#define SETTING_KEY_PROPERTY "setting:key_property"
#define KEY_PROPERTY_DEFAULT "name"

/* Names and bitmaps that a checkpoint writes under one hold of the graph lock: a few milliseconds. */
enum { WRITE_SOME_MAX = 4096 };

static int write_names_and_sets(struct gfs_graph *graph, size_t *max)
{
	int err = gfs_catalog_before_freeze(graph->catalog, graph->store, max);
	return err != 0 ? err : gfs_idsets_before_freeze(graph->sets, graph->store, max);
}

static int before_freeze(void *context, struct gfs_store *store)
{
	struct gfs_graph *graph = context;
	size_t max = SIZE_MAX;
	assert(graph->store == store && graph->catalog != NULL && graph->sets != NULL);
	int err = write_names_and_sets(graph, &max);
	return err != 0 ? err : gfs_prop_indexes_before_freeze(graph->indexes, store);
}

static int write_some(void *context, struct gfs_store *store, bool *ret_more)
{
	struct gfs_graph *graph = context;
	size_t max = WRITE_SOME_MAX;
	assert(graph->store == store);
	(void)store; /* without assertions */
	int err = write_names_and_sets(graph, &max);
	*ret_more = max == 0;
	return err;
}

static uint64_t dirty_bytes(void *context)
{
	struct gfs_graph *graph = context;
	return gfs_idsets_dirty_bytes(graph->sets);
}

static int read_settings(struct gfs_graph *graph)
{
	int err = gfs_kv_get(
		gfs_store_kv(graph->store), GFS_KV_META, gfs_slice_text(SETTING_KEY_PROPERTY), &graph->key_property);
	graph->key_property_lost = err == GFS_ERR_CORRUPT;
	if (err == GFS_ERR_NOTFOUND || err == GFS_ERR_CORRUPT) {
		gfs_buf_append_text(&graph->key_property, KEY_PROPERTY_DEFAULT);
		err = gfs_buf_failed(&graph->key_property);
	}
	return err;
}

/* What is damaged and no data, in words; NULL: nothing is. */
static const char *lost(const struct gfs_graph *graph)
{
	if (gfs_prop_indexes_damaged(graph->indexes) != 0)
		return "the definition of a property index or constraint is damaged";
	if (graph->key_property_lost)
		return "the setting key_property is damaged";
	return graph->ops_lost != 0 ? "an index, constraint or saved query that the log changes is damaged" : NULL;
}

/* Who only reads goes on without: no answer depends on it. Who writes would break a rule that he cannot see. */
static int judge(const struct gfs_graph *graph, const char *path, struct gfs_message *message)
{
	const char *what = lost(graph);
	if (what == NULL)
		return 0;
	if (graph->lenient) {
		(void)gfs_fail(message, 0, "%s: %s, and was left out", path, what); /* its answer is its argument */
		return 0;
	}
	return gfs_fail(message, GFS_ERR_CORRUPT,
		"%s: %s, the data is not: 'fsck.graphfs --rebuild-index %s' drops what cannot be read", path, what, path);
}

static int open_parts(
	struct gfs_graph *graph, const char *path, const struct gfs_store_opts *opts, struct gfs_message *message)
{
	int err = gfs_store_open(path, opts, &graph->store, message);
	if (err != 0)
		return err;
	gfs_store_read_begin(graph->store);
	err = read_settings(graph);
	if (err == 0)
		err = gfs_catalog_open(graph->store, &graph->catalog);
	if (err == 0)
		err = gfs_object_cache_open(graph);
	if (err == 0)
		err = gfs_index_cache_open(graph->store, &graph->index_cache);
	if (err == 0)
		err = gfs_idsets_open(graph->store, graph->index_cache, &graph->sets);
	if (err == 0)
		err = gfs_adj_open(graph->store, graph->index_cache, &graph->adj);
	if (err == 0)
		err = gfs_prop_indexes_open(graph->store, &graph->indexes);
	gfs_store_read_end(graph->store);
	if (err == 0)
		err = gfs_index_builder_new(graph, &graph->builder);
	if (err != 0)
		return gfs_fail(message, err, "%s: reading the catalog: %s", path, gfs_err_text(err));
	err = judge(graph, path, message);
	if (err != 0)
		return err;
	struct gfs_store_hooks hooks = { .replay = gfs_graph_replay,
		.before_freeze = before_freeze,
		.write_some = write_some,
		.dirty_bytes = dirty_bytes,
		.context = graph };
	err = gfs_store_recover(graph->store, &hooks, message);
	return graph->ops_lost != 0 && (err == 0 || err == GFS_ERR_CORRUPT) ? judge(graph, path, message) : err;
}

/* The store goes first: its last checkpoint asks the catalog and the indexes for what they hold. */
static int release(struct gfs_graph *graph)
{
	gfs_index_builder_free(graph->builder);
	int err = gfs_store_close(graph->store);
	gfs_prop_indexes_free(graph->indexes);
	gfs_adj_free(graph->adj);
	gfs_idsets_free(graph->sets);
	gfs_cache_free(graph->index_cache);
	gfs_cache_free(graph->objects);
	gfs_catalog_free(graph->catalog);
	gfs_tx_release(&graph->tx);
	gfs_buf_release(&graph->key_property);
	free(graph);
	return err;
}

int gfs_graph_open(
	const char *path, const struct gfs_store_opts *opts, struct gfs_graph **ret_graph, struct gfs_message *message)
{
	struct gfs_graph *graph = calloc(1, sizeof *graph);
	if (graph == NULL) {
		(void)gfs_fail(
			message, GFS_ERR_NOMEM, "%s: %s", path, gfs_err_text(GFS_ERR_NOMEM)); /* its answer is its argument */
		return GFS_ERR_NOMEM;
	}
	gfs_tx_init(&graph->tx, graph);
	atomic_init(&graph->rel_index, true);
	graph->lenient = opts->read_only || opts->repair;
	message->text[0] = '\0';
	int err = open_parts(graph, path, opts, message);
	if (err != 0) {
		(void)release(graph); /* the first error is the one to tell */
		return err;
	}
	*ret_graph = graph;
	return 0;
}

int gfs_graph_close(struct gfs_graph *graph)
{
	return graph == NULL ? 0 : release(graph);
}

/* A setting of a new database, which nobody else can see yet: written past the log, by a checkpoint. */
static int write_key_property(struct gfs_graph *graph, struct gfs_slice name)
{
	struct gfs_txn *txn;
	int err = gfs_txn_begin(graph->store, &txn);
	if (err != 0)
		return err;
	err = gfs_kv_put(
		gfs_store_kv(graph->store), gfs_txn_undo(txn), GFS_KV_META, gfs_slice_text(SETTING_KEY_PROPERTY), name);
	if (err != 0) {
		gfs_txn_abort(txn);
		return err;
	}
	err = gfs_txn_commit(txn, NULL);
	return err != 0 ? err : gfs_store_checkpoint(graph->store);
}

int gfs_graph_create(const char *path, const struct gfs_graph_create_opts *opts, struct gfs_message *message)
{
	struct gfs_slice name = gfs_slice_text(
		opts != NULL && opts->key_property != NULL ? opts->key_property : KEY_PROPERTY_DEFAULT);
	struct gfs_store_opts store_opts = { 0 };
	struct gfs_graph *graph = NULL;
	int err = gfs_name_check(name, GFS_NAME_BYTES_MAX);
	if (err != 0)
		return gfs_fail(message, err, "key_property: %s", gfs_err_text(err));
	err = gfs_store_create(path, message);
	if (err == 0)
		err = gfs_graph_open(path, &store_opts, &graph, message);
	if (err != 0)
		return err;
	err = write_key_property(graph, name);
	int close_err = gfs_graph_close(graph);
	if (err == 0)
		err = close_err;
	return err == 0 ? 0 : gfs_fail(message, err, "%s: writing the settings: %s", path, gfs_err_text(err));
}

struct gfs_store *gfs_graph_store(struct gfs_graph *graph)
{
	return graph->store;
}

struct gfs_catalog *gfs_graph_catalog(struct gfs_graph *graph)
{
	return graph->catalog;
}

struct gfs_slice gfs_graph_key_property(struct gfs_graph *graph)
{
	return gfs_buf_slice(&graph->key_property);
}

void gfs_graph_set_rel_index(struct gfs_graph *graph, bool on)
{
	atomic_store_explicit(&graph->rel_index, on, memory_order_relaxed);
}

bool gfs_graph_rel_index(const struct gfs_graph *graph)
{
	return atomic_load_explicit(&graph->rel_index, memory_order_relaxed);
}

void gfs_graph_read_begin(struct gfs_graph *graph)
{
	gfs_store_read_begin(graph->store);
}

void gfs_graph_read_end(struct gfs_graph *graph)
{
	gfs_store_read_end(graph->store);
}

void gfs_graph_set_listener(struct gfs_graph *graph, gfs_graph_listener listener, void *context)
{
	graph->listener = listener;
	graph->listener_context = context;
}
