/* Procedures about the engine and the schema: what SHOW shows, as rows to go on with. */
#include "query/engine.h"
#include "query/procedure_private.h"

#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>

/* ---- indexes and constraints ---- */

static struct gfs_datum name_of(
	struct gfs_procedure_list *rows, struct gfs_graph *graph, enum gfs_catalog_kind kind, uint16_t id)
{
	struct gfs_catalog_entry entry;
	if (gfs_catalog_get(gfs_graph_catalog(graph), kind, id, &entry) != 0)
		return gfs_datum_null();
	return gfs_procedure_text(rows, entry.name);
}

static struct gfs_datum list_of(struct gfs_procedure_list *rows, struct gfs_datum item)
{
	struct gfs_datum *items = gfs_arena_alloc(rows->arena, sizeof *items);
	if (items == NULL) {
		rows->failed = true;
		return gfs_datum_null();
	}
	items[0] = item;
	return gfs_datum_list(items, 1);
}

static const char *state_name(enum gfs_prop_state state)
{
	return state == GFS_PROP_READY ? "ONLINE" : state == GFS_PROP_FAILED ? "FAILED" : "POPULATING";
}

static void add_index(struct gfs_procedure_list *rows, struct gfs_graph *graph, const struct gfs_index_info *info)
{
	struct gfs_datum row[] = {
		gfs_procedure_text(rows, info->name),
		gfs_datum_string(gfs_slice_text(state_name(info->state))),
		gfs_datum_float(info->percent),
		gfs_datum_string(gfs_slice_text(info->unique ? "UNIQUE" : "NONUNIQUE")),
		name_of(rows, graph, GFS_CATALOG_LABEL, info->label),
		list_of(rows, name_of(rows, graph, GFS_CATALOG_KEY, info->key)),
	};
	gfs_procedure_add_row(rows, row);
}

static void add_constraint(struct gfs_procedure_list *rows, struct gfs_graph *graph, const struct gfs_index_info *info)
{
	struct gfs_datum row[] = {
		gfs_procedure_text(rows, info->name),
		gfs_datum_string(gfs_slice_text(gfs_schema_constraint_type(info))),
		name_of(rows, graph, GFS_CATALOG_LABEL, info->label),
		list_of(rows, name_of(rows, graph, GFS_CATALOG_KEY, info->key)),
	};
	gfs_procedure_add_row(rows, row);
}

int gfs_procedure_indexes(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)args;
	struct gfs_procedure_list rows = { .arena = env->arena, .columns = procedure->output_count };
	struct gfs_index_info info;
	for (unsigned int from = 0; gfs_index_next(env->graph, from, &info) == 0; from = info.id + 1u)
		add_index(&rows, env->graph, &info);
	return gfs_procedure_finish(&rows, env, ret_rows);
}

int gfs_procedure_constraints(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)args;
	struct gfs_procedure_list rows = { .arena = env->arena, .columns = procedure->output_count };
	struct gfs_index_info info;
	for (unsigned int from = 0; gfs_constraint_next(env->graph, from, &info) == 0; from = info.id + 1u)
		add_constraint(&rows, env->graph, &info);
	return gfs_procedure_finish(&rows, env, ret_rows);
}

/* ---- running statements ---- */

static void add_query(struct gfs_procedure_list *rows, const struct gfs_running *running)
{
	char id[32];
	(void)snprintf(id, sizeof id, "query-%llu", (unsigned long long)running->id); /* fits */
	bool terminated = atomic_load_explicit(&running->terminated, memory_order_relaxed);
	struct gfs_datum row[] = {
		gfs_procedure_text(rows, gfs_slice_text(id)),
		gfs_procedure_text(rows, running->text),
		gfs_datum_integer((int64_t)((gfs_clock_mono_ns() - running->start_ns) / GFS_NS_PER_MS)),
		gfs_datum_string(gfs_slice_text(terminated ? "terminating" : "running")),
	};
	gfs_procedure_add_row(rows, row);
}

int gfs_procedure_queries(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)args;
	struct gfs_procedure_list rows = { .arena = env->arena, .columns = procedure->output_count };
	gfs_mutex_lock(&env->engine->lock);
	for (const struct gfs_running *running = env->engine->running; running != NULL; running = running->next)
		add_query(&rows, running);
	gfs_mutex_unlock(&env->engine->lock);
	return gfs_procedure_finish(&rows, env, ret_rows);
}
