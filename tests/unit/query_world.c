#include "query_world.h"

#include "query/plan.h"
#include "query/show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

int query_world_setup(void **state)
{
	static struct query_world world;
	world = (struct query_world){ 0 };
	fixture_create(&world.fixture);
	fixture_open(&world.fixture);
	OK(gfs_engine_new(world.fixture.graph, NULL, &world.engine));
	*state = &world;
	return 0;
}

int query_world_teardown(void **state)
{
	struct query_world *world = *state;
	gfs_engine_free(world->engine);
	fixture_destroy(&world->fixture);
	return 0;
}

void query_world_engine(struct query_world *world, const struct gfs_engine_opts *opts)
{
	gfs_engine_free(world->engine);
	OK(gfs_engine_new(world->fixture.graph, opts, &world->engine));
}

/* ---- values ---- */

static void show(struct gfs_result *result, struct gfs_datum d, struct gfs_buf *out);

static void show_map(struct gfs_result *result, struct gfs_datum map, struct gfs_buf *out)
{
	gfs_buf_append_u8(out, '{');
	for (uint32_t i = 0; i < map.size; i++) {
		gfs_buf_printf(
			out, "%s%.*s: ", i == 0 ? "" : ", ", (int)map.entries[i].key.size, (const char *)map.entries[i].key.data);
		show(result, map.entries[i].value, out);
	}
	gfs_buf_append_u8(out, '}');
}

/* (:A:B {k: 1}), [:T {k: 1}] */
static void show_entity(struct gfs_result *result, struct gfs_datum d, struct gfs_buf *out)
{
	struct gfs_query_entity entity;
	struct gfs_query_error error = { 0 };
	OK(gfs_result_entity(result, d, &entity, &error));
	gfs_buf_append_u8(out, d.type == GFS_DATUM_NODE ? '(' : '[');
	for (size_t i = 0; i < entity.label_count; i++)
		gfs_buf_printf(out, ":%.*s", (int)entity.labels[i].size, (const char *)entity.labels[i].data);
	if (entity.properties.size != 0) {
		gfs_buf_append_text(out, entity.label_count != 0 ? " " : "");
		show_map(result, entity.properties, out);
	}
	gfs_buf_append_u8(out, d.type == GFS_DATUM_NODE ? ')' : ']');
}

static void show(struct gfs_result *result, struct gfs_datum d, struct gfs_buf *out)
{
	switch (d.type) {
	case GFS_DATUM_NULL:
		gfs_buf_append_text(out, "null");
		break;
	case GFS_DATUM_LIST:
		gfs_buf_append_u8(out, '[');
		for (uint32_t i = 0; i < d.size; i++) {
			gfs_buf_append_text(out, i == 0 ? "" : ", ");
			show(result, d.items[i], out);
		}
		gfs_buf_append_u8(out, ']');
		break;
	case GFS_DATUM_MAP:
		show_map(result, d, out);
		break;
	case GFS_DATUM_NODE:
	case GFS_DATUM_REL:
		show_entity(result, d, out);
		break;
	case GFS_DATUM_PATH:
		for (uint32_t i = 0; i <= d.path->length; i++) {
			show(result, gfs_datum_node(d.path->nodes[i]), out);
			if (i < d.path->length)
				show(result, gfs_datum_rel(d.path->rels[i]), out);
		}
		break;
	default:
		gfs_show_scalar(d, out);
		break;
	}
}

/* ---- answers ---- */

struct rows {
	struct gfs_buf *items;
	size_t count;
};

static void add_rows(struct gfs_result *result, const struct gfs_datum *values, size_t count, struct rows *rows)
{
	size_t width = gfs_result_column_count(result);
	rows->items = realloc(rows->items, (rows->count + count + 1) * sizeof *rows->items);
	REQUIRE(rows->items != NULL);
	for (size_t i = 0; i < count; i++) {
		struct gfs_buf *row = &rows->items[rows->count++];
		*row = GFS_BUF_INIT;
		for (size_t k = 0; k < width; k++) {
			gfs_buf_append_text(row, k == 0 ? "" : ", ");
			show(result, values[i * width + k], row);
		}
	}
}

static int by_text(const void *a, const void *b)
{
	const struct gfs_buf *x = a, *y = b;
	size_t size = x->size < y->size ? x->size : y->size;
	int order = size == 0 ? 0 : memcmp(x->data, y->data, size);
	return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

static void finish(struct rows *rows, bool sorted, struct gfs_buf *out)
{
	if (sorted && rows->count > 1)
		qsort(rows->items, rows->count, sizeof *rows->items, by_text);
	for (size_t i = 0; i < rows->count; i++) {
		gfs_buf_append_text(out, i == 0 ? "" : "; ");
		gfs_buf_append(out, rows->items[i].data, rows->items[i].size);
		gfs_buf_release(&rows->items[i]);
	}
	free(rows->items);
}

static void run(
	struct query_world *world, const char *text, const struct gfs_run_opts *opts, bool sorted, struct gfs_buf *out)
{
	struct gfs_query_error error = { 0 };
	struct gfs_result *result;
	struct rows rows = { 0 };
	const struct gfs_datum *values;
	size_t count = 1;
	gfs_buf_clear(out);
	int err = gfs_query_run(world->engine, gfs_slice_text(text), opts, &result, &error);
	if (err == 0) {
		while (err == 0 && count != 0) {
			err = gfs_result_next(result, &values, &count, &error);
			if (err == 0)
				add_rows(result, values, count, &rows);
		}
		gfs_result_free(result);
	}
	finish(&rows, sorted, out);
	if (err != 0) {
		gfs_buf_clear(out);
		gfs_buf_printf(out, "%s: %s", error.detail, error.message);
	}
	gfs_buf_append_u8(out, '\0');
}

void query_answer(struct query_world *world, const char *text, const struct gfs_run_opts *opts, struct gfs_buf *out)
{
	run(world, text, opts, false, out);
}

void query_answer_sorted(
	struct query_world *world, const char *text, const struct gfs_run_opts *opts, struct gfs_buf *out)
{
	run(world, text, opts, true, out);
}

void query_expect(struct query_world *world, const char *text, const char *wanted)
{
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	query_answer(world, text, NULL, &got);
	const char *answer = (const char *)got.data;
	size_t size = strlen(wanted);
	if (strcmp(answer, wanted) != 0 && !(strncmp(answer, wanted, size) == 0 && answer[size] == ':'))
		fail_msg("%s\n  gave   %s\n  wanted %s", text, answer, wanted);
}

bool query_plan_has(struct query_world *world, const char *text, const char *what)
{
	GFS_AUTO_BUF statement = GFS_BUF_INIT;
	struct gfs_query_error error;
	struct gfs_result *result;
	gfs_buf_append_text(&statement, "EXPLAIN ");
	gfs_buf_append_text(&statement, text);
	OK(gfs_query_run(world->engine, gfs_buf_slice(&statement), NULL, &result, &error));
	struct gfs_slice plan = gfs_result_plan(result);
	bool has = memmem(plan.data, plan.size, what, strlen(what)) != NULL;
	gfs_result_free(result);
	return has;
}

void query_expect_same(struct query_world *world, const char *text)
{
	GFS_AUTO_BUF plain = GFS_BUF_INIT, best = GFS_BUF_INIT;
	query_world_engine(world, &(struct gfs_engine_opts){ .passes_off = GFS_PASS_ALL });
	query_answer_sorted(world, text, NULL, &plain);
	query_world_engine(world, NULL);
	query_answer_sorted(world, text, NULL, &best);
	if (plain.size <= 1)
		fail_msg("%s gave nothing", text);
	assert_string_equal((const char *)best.data, (const char *)plain.data);
}
