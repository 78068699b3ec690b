#include "mount-tools/shell_complete.h"

#include "base/checked.h"
#include "mount-tools/statement.h"
#include "query/aggregate.h"
#include "query/function.h"
#include "query/lexer.h"
#include "query/procedure.h"

#include <stdlib.h>
#include <strings.h>

struct collector {
	struct gfs_arena *arena;
	struct gfs_slice typed;
	struct gfs_slice *words;
	size_t count, capacity;
	bool failed;
};

static bool is_name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

static bool grow(struct collector *c)
{
	size_t capacity = c->capacity == 0 ? 64 : c->capacity * 2;
	struct gfs_slice *words = gfs_arena_alloc(c->arena, capacity * sizeof *words);
	if (words == NULL)
		return false;
	if (c->count != 0)
		memcpy(words, c->words, c->count * sizeof *words);
	c->words = words;
	c->capacity = capacity;
	return true;
}

static void offer(struct collector *c, struct gfs_slice word, bool any_case)
{
	if (word.size < c->typed.size || c->failed)
		return;
	const char *a = (const char *)word.data, *b = (const char *)c->typed.data;
	bool fits = c->typed.size == 0 ||
		(any_case ? strncasecmp(a, b, c->typed.size) == 0 : memcmp(a, b, c->typed.size) == 0);
	if (!fits)
		return;
	if (c->count == c->capacity && !grow(c)) {
		c->failed = true;
		return;
	}
	c->words[c->count] = gfs_arena_copy(c->arena, word);
	c->failed = c->words[c->count++].data == NULL;
}

/* ---- what there is ---- */

/* The lines of the CSV that a procedure of the mount answers, but the first, which is the column's name; names that need quotes are not offered. */
static void offer_lines(struct collector *c, struct gfs_slice text)
{
	for (bool first = true; text.size != 0; first = false) {
		const uint8_t *end = memchr(text.data, '\n', text.size);
		size_t size = end == NULL ? text.size : (size_t)(end - text.data);
		if (!first && size != 0 && text.data[0] != '"')
			offer(c, gfs_slice(text.data, size), false);
		size_t taken = GFS_MIN(size + 1, text.size);
		text = gfs_slice(text.data + taken, text.size - taken);
	}
}

static void offer_mounted_names(struct collector *c, const char *mount, enum gfs_catalog_kind kind)
{
	static const char *const requests[] = {
		[GFS_CATALOG_LABEL] = "{\"query\":\"CALL db.labels()\",\"format\":\"csv\"}",
		[GFS_CATALOG_TYPE] = "{\"query\":\"CALL db.relationshipTypes()\",\"format\":\"csv\"}",
		[GFS_CATALOG_KEY] = "{\"query\":\"CALL db.propertyKeys()\",\"format\":\"csv\"}",
	};
	GFS_AUTO_BUF answer = GFS_BUF_INIT;
	if (gfs_statement_ask_mounted(mount, requests[kind], &answer))
		offer_lines(c, gfs_buf_slice(&answer));
}

static void offer_names(struct collector *c, const struct gfs_shell_world *world, enum gfs_catalog_kind kind)
{
	struct gfs_graph *graph = world->graph;
	if (graph == NULL) {
		offer_mounted_names(c, world->mount, kind);
		return;
	}
	struct gfs_catalog_entry entry;
	gfs_graph_read_begin(graph);
	for (unsigned from = 1; from <= UINT16_MAX; from = entry.id + 1u) {
		if (gfs_catalog_next(gfs_graph_catalog(graph), kind, (uint16_t)from, &entry) != 0)
			break;
		offer(c, entry.name, false);
	}
	gfs_graph_read_end(graph);
}

static void offer_language(struct collector *c, struct gfs_engine *engine)
{
	static const char *const keywords[] = {
#define X(name, reserved) #name,
		GFS_KEYWORDS(X)
#undef X
	};
	const struct gfs_function *function;
	const struct gfs_aggregate *aggregate;
	const struct gfs_procedure *procedure;
	for (size_t i = 0; c->typed.size != 0 && i < GFS_COUNT(keywords); i++)
		offer(c, gfs_slice_text(keywords[i]), true);
	for (size_t i = 0; (function = gfs_function_at(i)) != NULL; i++)
		offer(c, gfs_slice_text(function->name), true);
	for (size_t i = 0; (aggregate = gfs_aggregate_at(i)) != NULL; i++)
		offer(c, gfs_slice_text(aggregate->name), true);
	for (size_t i = 0; engine != NULL && (procedure = gfs_procedures_at(gfs_engine_procedures(engine), i)) != NULL; i++)
		offer(c, procedure->name, true);
}

/* ---- in order ---- */

static int by_bytes(const void *a, const void *b)
{
	const struct gfs_slice *x = a, *y = b;
	int order = memcmp(x->data, y->data, GFS_MIN(x->size, y->size));
	return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

static void sort_words(struct collector *c)
{
	size_t kept = 0;
	if (c->count != 0)
		qsort(c->words, c->count, sizeof *c->words, by_bytes);
	for (size_t i = 0; i < c->count; i++) {
		if (kept == 0 || !gfs_slice_equal(c->words[kept - 1], c->words[i]))
			c->words[kept++] = c->words[i];
	}
	c->count = kept;
}

int gfs_shell_complete(const struct gfs_shell_world *world, struct gfs_slice line, struct gfs_arena *arena,
	struct gfs_completions *ret_completions)
{
	size_t from = line.size;
	while (from > 0 && is_name_byte(line.data[from - 1]))
		from--;
	struct collector c = { .arena = arena, .typed = gfs_slice(line.data + from, line.size - from) };
	uint8_t before = from == 0 ? 0 : line.data[from - 1];
	if (before == ':') {
		offer_names(&c, world, GFS_CATALOG_LABEL);
		offer_names(&c, world, GFS_CATALOG_TYPE);
	} else if (before == '.') {
		offer_names(&c, world, GFS_CATALOG_KEY);
	} else if (before != '$') {
		offer_language(&c, world->engine);
	}
	if (c.failed)
		return GFS_ERR_NOMEM;
	sort_words(&c);
	*ret_completions = (struct gfs_completions){ .words = c.words, .count = c.count, .typed = c.typed.size };
	return 0;
}

size_t gfs_completions_shared(const struct gfs_completions *completions)
{
	size_t shared = completions->count == 0 ? 0 : completions->words[0].size;
	for (size_t i = 1; i < completions->count; i++) {
		struct gfs_slice word = completions->words[i];
		size_t same = 0;
		while (same < shared && same < word.size && word.data[same] == completions->words[0].data[same])
			same++;
		shared = same;
	}
	return shared;
}
