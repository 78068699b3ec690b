/* Procedures about the engine and the schema, and SHOW of the same. */
#include "query/engine.h"
#include "query/procedure_private.h"

#include "base/buf.h"
#include "base/clock.h"
#include "graph/temporal.h"

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

static const char *constraint_type(const struct gfs_index_info *constraint)
{
	return !constraint->required ? "UNIQUENESS" : constraint->unique ? "NODE_KEY" : "NODE_PROPERTY_EXISTENCE";
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
		gfs_datum_string(gfs_slice_text(constraint_type(info))),
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

/* ---- SHOW INDEXES, SHOW CONSTRAINTS ---- */

void gfs_procedure_append_quoted(struct gfs_buf *out, struct gfs_slice name)
{
	gfs_buf_append_u8(out, '`');
	for (size_t i = 0; i < name.size; i++) {
		if (name.data[i] == '`')
			gfs_buf_append_u8(out, '`');
		gfs_buf_append_u8(out, name.data[i]);
	}
	gfs_buf_append_u8(out, '`');
}

/* The statement that makes it: `before` its name, `between` label and property, `after` both. */
static struct gfs_datum create_text(struct gfs_procedure_list *rows, struct gfs_graph *graph,
	const struct gfs_index_info *info, const char *before, const char *between, const char *after)
{
	const struct gfs_catalog *catalog = gfs_graph_catalog(graph);
	struct gfs_catalog_entry label, key;
	if (gfs_catalog_get(catalog, GFS_CATALOG_LABEL, info->label, &label) != 0 ||
		gfs_catalog_get(catalog, GFS_CATALOG_KEY, info->key, &key) != 0)
		return gfs_datum_null();
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_buf_append_text(&text, before);
	gfs_procedure_append_quoted(&text, info->name);
	gfs_buf_append_text(&text, " FOR (n:");
	gfs_procedure_append_quoted(&text, label.name);
	gfs_buf_append_text(&text, between);
	gfs_procedure_append_quoted(&text, key.name);
	gfs_buf_append_text(&text, after);
	rows->failed = rows->failed || gfs_buf_failed(&text) != 0;
	return gfs_procedure_text(rows, gfs_buf_slice(&text));
}

static struct gfs_datum create_constraint(
	struct gfs_procedure_list *rows, struct gfs_graph *graph, const struct gfs_index_info *info)
{
	const char *rule = !info->required ? ") IS UNIQUE" : info->unique ? ") IS NODE KEY" : ") IS NOT NULL";
	return create_text(rows, graph, info, "CREATE CONSTRAINT ", ") REQUIRE (n.", rule);
}

static void show_index(struct gfs_procedure_list *rows, struct gfs_graph *graph, const struct gfs_index_info *info)
{
	struct gfs_datum row[] = {
		gfs_datum_integer(info->id),
		gfs_procedure_text(rows, info->name),
		gfs_datum_string(gfs_slice_text(state_name(info->state))),
		gfs_datum_float(info->percent),
		gfs_datum_string(gfs_slice_text("RANGE")),
		gfs_datum_string(gfs_slice_text("NODE")),
		list_of(rows, name_of(rows, graph, GFS_CATALOG_LABEL, info->label)),
		list_of(rows, name_of(rows, graph, GFS_CATALOG_KEY, info->key)),
		info->unique ? gfs_procedure_text(rows, info->name) : gfs_datum_null(),
		info->unique ? create_constraint(rows, graph, info)
					 : create_text(rows, graph, info, "CREATE RANGE INDEX ", ") ON (n.", ")"),
	};
	gfs_procedure_add_row(rows, row);
}

static void show_constraint(struct gfs_procedure_list *rows, struct gfs_graph *graph, const struct gfs_index_info *info)
{
	struct gfs_datum row[] = {
		gfs_datum_integer(info->id),
		gfs_procedure_text(rows, info->name),
		gfs_datum_string(gfs_slice_text(constraint_type(info))),
		gfs_datum_string(gfs_slice_text("NODE")),
		list_of(rows, name_of(rows, graph, GFS_CATALOG_LABEL, info->label)),
		list_of(rows, name_of(rows, graph, GFS_CATALOG_KEY, info->key)),
		info->unique ? gfs_procedure_text(rows, info->name) : gfs_datum_null(),
		create_constraint(rows, graph, info),
	};
	gfs_procedure_add_row(rows, row);
}

int gfs_procedure_show_indexes(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)args;
	struct gfs_procedure_list rows = { .arena = env->arena, .columns = procedure->output_count };
	struct gfs_index_info info;
	for (unsigned int from = 0; gfs_index_next(env->graph, from, &info) == 0; from = info.id + 1u)
		show_index(&rows, env->graph, &info);
	return gfs_procedure_finish(&rows, env, ret_rows);
}

int gfs_procedure_show_constraints(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)args;
	struct gfs_procedure_list rows = { .arena = env->arena, .columns = procedure->output_count };
	struct gfs_index_info info;
	for (unsigned int from = 0; gfs_constraint_next(env->graph, from, &info) == 0; from = info.id + 1u)
		show_constraint(&rows, env->graph, &info);
	return gfs_procedure_finish(&rows, env, ret_rows);
}

/* ---- running statements ---- */

static struct gfs_datum query_id(struct gfs_procedure_list *rows, const struct gfs_running *running)
{
	char id[32];
	(void)snprintf(id, sizeof id, "query-%llu", (unsigned long long)running->id); /* fits */
	return gfs_procedure_text(rows, gfs_slice_text(id));
}

static struct gfs_datum query_status(const struct gfs_running *running)
{
	bool terminated = atomic_load_explicit(&running->terminated, memory_order_relaxed);
	return gfs_datum_string(gfs_slice_text(terminated ? "terminating" : "running"));
}

static void add_query(struct gfs_procedure_list *rows, const struct gfs_running *running)
{
	struct gfs_datum row[] = {
		query_id(rows, running),
		gfs_procedure_text(rows, running->text),
		gfs_datum_integer((int64_t)((gfs_clock_mono_ns() - running->start_ns) / GFS_NS_PER_MS)),
		query_status(running),
	};
	gfs_procedure_add_row(rows, row);
}

static struct gfs_datum elapsed(struct gfs_procedure_list *rows, const struct gfs_running *running)
{
	uint64_t took_ns = gfs_clock_mono_ns() - running->start_ns;
	struct gfs_temporal *duration = gfs_arena_alloc(rows->arena, sizeof *duration);
	rows->failed = rows->failed || duration == NULL;
	if (duration == NULL)
		return gfs_datum_null();
	*duration = (struct gfs_temporal){ .seconds = (int64_t)(took_ns / GFS_NS_PER_S),
		.nanos = (int64_t)(took_ns % GFS_NS_PER_S) };
	return (struct gfs_datum){ .type = GFS_DATUM_DURATION, .temporal = duration };
}

/* Each statement is a transaction of its own, and goes by the same id. */
static void add_transaction(struct gfs_procedure_list *rows, const struct gfs_running *running)
{
	struct gfs_datum id = query_id(rows, running);
	struct gfs_datum row[] = { id, id, gfs_procedure_text(rows, running->text), query_status(running),
		elapsed(rows, running) };
	gfs_procedure_add_row(rows, row);
}

static int list_running(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	void (*add)(struct gfs_procedure_list *rows, const struct gfs_running *running),
	struct gfs_procedure_rows *ret_rows)
{
	struct gfs_procedure_list rows = { .arena = env->arena, .columns = procedure->output_count };
	gfs_mutex_lock(&env->engine->lock);
	for (const struct gfs_running *running = env->engine->running; running != NULL; running = running->next)
		add(&rows, running);
	gfs_mutex_unlock(&env->engine->lock);
	return gfs_procedure_finish(&rows, env, ret_rows);
}

int gfs_procedure_queries(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)args;
	return list_running(procedure, env, add_query, ret_rows);
}

int gfs_procedure_show_transactions(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)args;
	return list_running(procedure, env, add_transaction, ret_rows);
}
