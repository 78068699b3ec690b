/* Plans in the query layer of the caches. A plan lies under its statement's text, or, when literals were lifted out of that, under the normalised form. A text
 * with lifted literals that comes again gets an entry of its own, with the plan and the literals: from then on it is not read any more. */
#include "query/engine.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/hash.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { FORM_TEXT = 'P', FORM_NORMAL = 'N' };

/* What lies under a text. */
struct prepared {
	struct gfs_cached cached;
	struct gfs_shared_plan *shared; /* a reference */
	struct gfs_arena arena;         /* of the literals */
	const struct gfs_lifted *lifted;
};

/* ---- life ---- */

static void free_shared(struct gfs_cached *cached)
{
	struct gfs_shared_plan *shared = gfs_container_of(cached, struct gfs_shared_plan, cached);
	gfs_plan_release(&shared->plan);
	free(shared);
}

struct gfs_shared_plan *gfs_shared_plan_new(void)
{
	struct gfs_shared_plan *shared = calloc(1, sizeof *shared);
	if (shared != NULL)
		gfs_cached_init(&shared->cached, sizeof *shared, free_shared);
	return shared;
}

static void free_prepared(struct gfs_cached *cached)
{
	struct prepared *prepared = gfs_container_of(cached, struct prepared, cached);
	gfs_cached_release(&prepared->shared->cached);
	gfs_arena_release(&prepared->arena);
	free(prepared);
}

/* Copies of the literals. */
static int copy_lifted(struct prepared *prepared, const struct gfs_normal *normal)
{
	struct gfs_lifted *copy = gfs_arena_alloc(&prepared->arena, normal->count * sizeof *copy);
	int err = copy == NULL ? GFS_ERR_NOMEM : 0;
	for (uint32_t i = 0; err == 0 && i < normal->count; i++) {
		copy[i] = normal->lifted[i];
		err = gfs_datum_copy(&prepared->arena, normal->lifted[i].value, &copy[i].value);
	}
	prepared->lifted = copy;
	return err;
}

/* NULL without memory. */
static struct prepared *prepared_new(struct gfs_shared_plan *shared, const struct gfs_normal *normal)
{
	struct prepared *prepared = calloc(1, sizeof *prepared);
	if (prepared == NULL)
		return NULL;
	gfs_cached_hold(&shared->cached);
	prepared->shared = shared;
	gfs_cached_init(&prepared->cached, sizeof *prepared, free_prepared);
	if (copy_lifted(prepared, normal) != 0) {
		gfs_cached_release(&prepared->cached);
		return NULL;
	}
	/* With the plan, which may stay in memory for this entry alone. */
	prepared->cached.bytes += prepared->arena.bytes + shared->cached.bytes;
	return prepared;
}

/* ---- entries ---- */

/* data NULL without memory. */
static struct gfs_slice make_key(struct gfs_result *result, uint8_t form, struct gfs_slice text)
{
	uint8_t *key = gfs_arena_alloc(&result->exec.arena, text.size + 1);
	if (key == NULL)
		return gfs_slice(NULL, 0);
	key[0] = form;
	if (text.size != 0)
		memcpy(key + 1, text.data, text.size);
	return gfs_slice(key, text.size + 1);
}

static struct gfs_cached *look_up(struct gfs_result *result, struct gfs_slice key)
{
	struct gfs_engine *engine = result->engine;
	return key.data == NULL ? NULL : gfs_results_get(engine->cache, key, gfs_engine_version, engine);
}

static void add(struct gfs_result *result, struct gfs_slice key, struct gfs_cached *value, uint64_t cost_ns)
{
	const struct gfs_shared_plan *shared = result->shared;
	if (key.data == NULL)
		return;
	(void)gfs_results_add(result->engine->cache,
		&(struct gfs_results_item){ .key = key,
			.stamps = shared->stamps,
			.stamp_count = shared->stamp_count,
			.cost_ns = cost_ns,
			.result = value }); /* refused: it is made again next time */
}

static void add_prepared(struct gfs_result *result, struct gfs_slice key, uint64_t cost_ns)
{
	struct prepared *prepared = prepared_new(result->shared, &result->normal);
	if (prepared == NULL)
		return; /* it is found or made again next time */
	add(result, key, &prepared->cached, cost_ns);
	gfs_cached_release(&prepared->cached);
}

/* ---- finding ---- */

/* Whether the text came a while ago. Most with literals in them never come again, and would only push out others. */
static bool came_before(struct gfs_engine *engine, struct gfs_slice text)
{
	uint64_t hash = gfs_hash64(text.data, text.size);
	_Atomic uint64_t *seen = &engine->texts_seen[hash % GFS_TEXTS_SEEN];
	if (atomic_load_explicit(seen, memory_order_relaxed) == hash)
		return true;
	atomic_store_explicit(seen, hash, memory_order_relaxed);
	return false;
}

static bool find_prepared(struct gfs_result *result, struct gfs_slice key)
{
	struct gfs_cached *found = look_up(result, key);
	if (found == NULL)
		return false;
	const struct prepared *prepared = gfs_container_of(found, struct prepared, cached);
	result->plan_held = found;
	result->shared = prepared->shared;
	result->lifted = prepared->lifted;
	return true;
}

bool gfs_plan_cache_find(struct gfs_result *result, struct gfs_slice text)
{
	struct gfs_slice key = make_key(result, FORM_TEXT, text);
	if (find_prepared(result, key))
		return true;
	bool again = came_before(result->engine, text);
	uint64_t start_ns = again ? gfs_clock_mono_ns() : 0;
	if (!gfs_normalize(text, &result->exec.arena, &result->normal))
		return false;
	result->lifted = result->normal.lifted;
	struct gfs_cached *found = look_up(result, make_key(result, FORM_NORMAL, gfs_buf_slice(&result->normal.text)));
	if (found == NULL)
		return false;
	result->plan_held = found;
	result->shared = gfs_container_of(found, struct gfs_shared_plan, cached);
	if (again)
		add_prepared(result, key, gfs_clock_mono_ns() - start_ns);
	return true;
}

/* ---- keeping ---- */

static void add_stamp(struct gfs_shared_plan *shared, struct gfs_engine *engine, uint32_t kind, uint32_t id)
{
	shared->stamps[shared->stamp_count++] = (struct gfs_stamp){
		.kind = kind, .id = id, .version = gfs_engine_version(engine, kind, id)
	};
}

/* A plan lives until indexes change, or the numbers that it was chosen by are quite different. */
static bool stamp(struct gfs_shared_plan *shared, struct gfs_engine *engine)
{
	struct gfs_plan *plan = &shared->plan;
	shared->stamps = gfs_arena_alloc(&plan->arena, (plan->name_count + 2) * sizeof *shared->stamps);
	if (shared->stamps == NULL)
		return false;
	add_stamp(shared, engine, GFS_STAMP_SCHEMA, 0);
	add_stamp(shared, engine, GFS_STAMP_ABOUT, 0);
	for (uint32_t i = 0; i < plan->name_count; i++) {
		const struct gfs_plan_name *name = &plan->names[i];
		uint16_t id;
		if (name->kind != GFS_CATALOG_KEY &&
			gfs_catalog_find(gfs_graph_catalog(engine->graph), (enum gfs_catalog_kind)name->kind, name->text, &id) == 0)
			add_stamp(shared, engine, GFS_STAMP_ABOUT, (uint32_t)name->kind << 16 | id);
	}
	return true;
}

void gfs_plan_cache_keep(struct gfs_result *result, struct gfs_slice text, uint64_t cost_ns)
{
	struct gfs_shared_plan *shared = result->shared;
	if (!stamp(shared, result->engine))
		return;
	shared->cached.bytes += shared->plan.arena.bytes;
	if (result->normal.count == 0)
		add_prepared(result, make_key(result, FORM_TEXT, text), cost_ns);
	else
		add(result, make_key(result, FORM_NORMAL, gfs_buf_slice(&result->normal.text)), &shared->cached, cost_ns);
}
