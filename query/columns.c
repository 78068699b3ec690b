#include "query/columns.h"

#include "base/checked.h"
#include "base/clock.h"
#include "graph/prop_walk.h"
#include "graph/rel_walk.h"
#include "query/datum_value.h"
#include "query/stamp.h"

#include <stdlib.h>

/* Columns that one statement may look at. */
enum { COLUMNS_MAX = 32 };
/* A longer text stays in the graph. */
enum { TEXT_BYTES_MAX = 64 };
/* A chunk is looked for in the cache when it is asked for the second time, and made at the last of so many. */
enum { ASKED_AGAIN = 1, ASKED_MUCH = GFS_COLUMN_IDS / 8 };

struct column {
	uint8_t kind;
	uint16_t name;
	struct gfs_chunk **chunks; /* by number; references */
	uint16_t *asked;           /* by number: how often in vain */
	uint32_t count;
	uint64_t epoch, version; /* when it was looked at last, and what it depended on then */
};

/* A chunk that is not true any more, of which values may be in rows. */
struct retired {
	struct retired *next;
	struct gfs_chunk *chunk;
};

struct gfs_columns {
	struct column items[COLUMNS_MAX];
	uint32_t count;
	struct retired *retired;
};

static unsigned int shift_of(enum gfs_column_kind kind)
{
	return kind == GFS_COLUMN_LABEL ? GFS_COLUMN_LABEL_SHIFT : GFS_COLUMN_SHIFT;
}

/* ---- making chunks ---- */

static void free_chunk(struct gfs_cached *cached)
{
	struct gfs_chunk *chunk = gfs_container_of(cached, struct gfs_chunk, cached);
	gfs_arena_release(&chunk->arena);
	free(chunk);
}

static bool keeps(struct gfs_datum value)
{
	return value.type > GFS_DATUM_BYTES ? value.type != GFS_DATUM_STRING || value.size <= TEXT_BYTES_MAX : false;
}

static int read_value(struct gfs_prop_walk *walk, struct gfs_chunk *chunk, uint16_t key, uint64_t id,
	struct gfs_arena *scratch, struct gfs_datum *ret)
{
	struct gfs_value value;
	struct gfs_datum datum;
	int err = gfs_prop_walk_get(walk, (struct gfs_entity){ GFS_NODE, id }, key, scratch, &value);
	*ret = gfs_datum_null();
	if (err != 0)
		return err == GFS_ERR_NOTFOUND ? 0 : err;
	err = gfs_datum_from_value(&value, scratch, &datum);
	if (err != 0 || !keeps(datum)) {
		ret->type = GFS_COLUMN_ELSEWHERE;
		return 0;
	}
	return gfs_datum_copy(&chunk->arena, datum, ret);
}

static int make_values(struct gfs_exec *exec, struct gfs_chunk *chunk, uint16_t key, uint64_t base)
{
	GFS_AUTO_ARENA scratch = GFS_ARENA_INIT;
	GFS_AUTO_PROP_WALK walk;
	int err = 0;
	gfs_prop_walk_init(&walk, exec->graph);
	chunk->values = gfs_arena_alloc(&chunk->arena, GFS_COLUMN_IDS * sizeof *chunk->values);
	if (chunk->values == NULL)
		return GFS_ERR_NOMEM;
	for (uint32_t i = 0; err == 0 && i < GFS_COLUMN_IDS; i++) {
		gfs_arena_clear(&scratch);
		chunk->values[i] = gfs_datum_null();
		if (base + i != GFS_ID_NONE)
			err = read_value(&walk, chunk, key, base + i, &scratch, &chunk->values[i]);
	}
	return err;
}

static int make_bits(struct gfs_exec *exec, struct gfs_chunk *chunk, uint16_t label, uint64_t base)
{
	uint64_t ids[GFS_BATCH_ROWS], end = base + (UINT64_C(1) << GFS_COLUMN_LABEL_SHIFT), from = base == 0 ? 1 : base;
	size_t bytes = (1u << GFS_COLUMN_LABEL_SHIFT) / 8, count = 1;
	chunk->bits = gfs_arena_alloc(&chunk->arena, bytes);
	if (chunk->bits == NULL)
		return GFS_ERR_NOMEM;
	memset(chunk->bits, 0, bytes);
	while (count != 0 && from < end) {
		int err = gfs_label_nodes(exec->graph, label, from, ids, GFS_COUNT(ids), &count);
		if (err != 0)
			return err;
		for (size_t i = 0; i < count && ids[i] < end; i++)
			chunk->bits[(ids[i] - base) / 64] |= UINT64_C(1) << (ids[i] - base) % 64;
		if (count != 0)
			from = ids[count - 1] + 1;
	}
	return 0;
}

static int make_ends(struct gfs_exec *exec, struct gfs_chunk *chunk, uint64_t base)
{
	chunk->ends = gfs_arena_alloc(&chunk->arena, GFS_COLUMN_IDS * sizeof *chunk->ends);
	if (chunk->ends == NULL)
		return GFS_ERR_NOMEM;
	for (uint32_t i = 0; i < GFS_COLUMN_IDS; i++) {
		struct gfs_rel_record record;
		int err = base + i == GFS_ID_NONE ? GFS_ERR_NOTFOUND : gfs_rel_get(exec->graph, base + i, &record);
		chunk->ends[i] = (struct gfs_column_ends){ 0 };
		if (err == 0)
			chunk->ends[i] = (struct gfs_column_ends){ record.start, record.end };
		else if (err != GFS_ERR_NOTFOUND)
			return err;
	}
	return 0;
}

/* Entries of one node behind those that are there. */
static int add_entries(struct gfs_rels_walk *walk, struct gfs_buf *entries)
{
	struct gfs_rels_run run;
	int err;
	while ((err = gfs_rels_walk_next(walk, &run)) == 0)
		gfs_buf_append(entries, run.entries, run.count * sizeof *run.entries);
	return err == GFS_ERR_NOTFOUND ? gfs_buf_failed(entries) : err;
}

static int make_adjacency(
	struct gfs_exec *exec, struct gfs_chunk *chunk, enum gfs_direction dir, uint16_t type, uint64_t base)
{
	GFS_AUTO_BUF entries = GFS_BUF_INIT;
	GFS_AUTO_RELS_WALK walk;
	uint32_t *first = gfs_arena_alloc(&chunk->arena, (GFS_COLUMN_IDS + 1) * sizeof *first);
	gfs_rels_walk_init(&walk, exec->graph);
	if (first == NULL)
		return GFS_ERR_NOMEM;
	for (uint32_t i = 0; i < GFS_COLUMN_IDS; i++) {
		first[i] = (uint32_t)(entries.size / sizeof(struct gfs_adj_entry));
		if (base + i == GFS_ID_NONE)
			continue;
		gfs_rels_walk_start(&walk, base + i, dir, type);
		int err = add_entries(&walk, &entries);
		if (err != 0)
			return err;
		if (entries.size / sizeof(struct gfs_adj_entry) > UINT32_MAX)
			return GFS_ERR_LIMIT;
	}
	first[GFS_COLUMN_IDS] = (uint32_t)(entries.size / sizeof(struct gfs_adj_entry));
	struct gfs_slice copy = gfs_arena_copy(&chunk->arena, gfs_buf_slice(&entries));
	chunk->adjacency.first = first;
	chunk->adjacency.entries = (struct gfs_adj_entry *)(uintptr_t)copy.data; /* ours: just made */
	return copy.data == NULL ? GFS_ERR_NOMEM : 0;
}

static int fill(struct gfs_exec *exec, struct gfs_chunk *chunk, enum gfs_column_kind kind, uint16_t name, uint64_t base)
{
	switch (kind) {
	case GFS_COLUMN_PROPERTY:
		return make_values(exec, chunk, name, base);
	case GFS_COLUMN_LABEL:
		return make_bits(exec, chunk, name, base);
	case GFS_COLUMN_ENDS:
		return make_ends(exec, chunk, base);
	default:
		return make_adjacency(exec, chunk, kind == GFS_COLUMN_OUT ? GFS_OUT : GFS_IN, name, base);
	}
}

/* ---- the cache ---- */

struct chunk_key {
	uint8_t form, kind;
	uint16_t name;
	uint32_t number;
};

static struct gfs_slice key_slice(const struct chunk_key *key)
{
	return gfs_slice(key, sizeof *key);
}

/* What the chunk depends on. The ends of a relationship never change, and ids are not used again. */
static size_t stamp_of(struct gfs_exec *exec, enum gfs_column_kind kind, uint16_t name, struct gfs_stamp *stamp)
{
	stamp->id = name;
	stamp->kind = kind == GFS_COLUMN_PROPERTY ? GFS_STAMP_KEY
		: kind == GFS_COLUMN_LABEL            ? GFS_STAMP_LABEL
											  : GFS_STAMP_TYPE;
	stamp->version = gfs_engine_version(exec->engine, stamp->kind, stamp->id);
	return kind == GFS_COLUMN_ENDS ? 0 : 1;
}

static struct gfs_chunk *make_chunk(struct gfs_exec *exec, const struct chunk_key *key)
{
	uint64_t start_ns = gfs_clock_mono_ns();
	struct gfs_stamp stamp = { 0 };
	struct gfs_chunk *chunk = calloc(1, sizeof *chunk);
	if (chunk == NULL)
		return NULL;
	size_t stamps = stamp_of(exec, (enum gfs_column_kind)key->kind, key->name, &stamp);
	gfs_cached_init(&chunk->cached, sizeof *chunk, free_chunk);
	if (fill(exec, chunk, (enum gfs_column_kind)key->kind, key->name,
			(uint64_t)key->number << shift_of((enum gfs_column_kind)key->kind)) != 0) {
		gfs_cached_release(&chunk->cached);
		return NULL; /* who wants a value reads it, and finds the error */
	}
	chunk->cached.bytes += chunk->arena.bytes;
	(void)gfs_results_add(gfs_engine_cache(exec->engine),
		&(struct gfs_results_item){ .key = key_slice(key),
			.stamps = &stamp,
			.stamp_count = stamps,
			.cost_ns = gfs_clock_mono_ns() - start_ns,
			.result = &chunk->cached }); /* refused: it serves this statement alone */
	return chunk;
}

/* ---- the columns of a run ---- */

static struct column *column_of(struct gfs_exec *exec, enum gfs_column_kind kind, uint16_t name)
{
	struct gfs_columns *columns = exec->columns;
	if (columns == NULL)
		columns = exec->columns = gfs_exec_alloc(exec, sizeof *columns);
	for (uint32_t i = 0; columns != NULL && i < columns->count; i++)
		if (columns->items[i].kind == kind && columns->items[i].name == name)
			return &columns->items[i];
	if (columns == NULL || columns->count == COLUMNS_MAX)
		return NULL;
	columns->items[columns->count] = (struct column){ .kind = (uint8_t)kind, .name = name };
	return &columns->items[columns->count++];
}

static bool has_room(struct gfs_exec *exec, struct column *column, uint32_t number)
{
	if (number < column->count)
		return true;
	uint32_t count = GFS_MAX(number + 1, column->count * 2);
	struct gfs_chunk **chunks = gfs_exec_alloc(exec, count * sizeof(struct gfs_chunk *));
	uint16_t *asked = gfs_exec_alloc(exec, count * sizeof *asked);
	if (chunks == NULL || asked == NULL)
		return false;
	if (column->count != 0) {
		memcpy(chunks, column->chunks, column->count * sizeof(struct gfs_chunk *));
		memcpy(asked, column->asked, column->count * sizeof *asked);
	}
	column->chunks = chunks;
	column->asked = asked;
	column->count = count;
	return true;
}

static struct gfs_chunk *find_chunk(struct gfs_exec *exec, const struct chunk_key *key, bool make)
{
	struct gfs_cached *found = gfs_results_get(
		gfs_engine_cache(exec->engine), key_slice(key), gfs_engine_version, exec->engine);
	if (found != NULL)
		return gfs_container_of(found, struct gfs_chunk, cached);
	return make ? make_chunk(exec, key) : NULL;
}

/* False: no memory to remember the old chunks by. */
static bool retire(struct gfs_exec *exec, struct column *column)
{
	for (uint32_t i = 0; i < column->count; i++) {
		if (column->chunks[i] == NULL)
			continue;
		struct retired *retired = gfs_exec_alloc(exec, sizeof *retired);
		if (retired == NULL)
			return false;
		*retired = (struct retired){ exec->columns->retired, column->chunks[i] };
		exec->columns->retired = retired;
		column->chunks[i] = NULL;
	}
	return true;
}

/* What was true when the lock was held last may not be now. */
static bool look_again(struct gfs_exec *exec, struct column *column)
{
	struct gfs_stamp stamp;
	if (column->epoch == exec->epoch + 1)
		return true;
	size_t stamps = stamp_of(exec, (enum gfs_column_kind)column->kind, column->name, &stamp);
	if (stamps != 0 && stamp.version != column->version && !retire(exec, column))
		return false;
	column->version = stamp.version;
	column->epoch = exec->epoch + 1;
	return true;
}

const struct gfs_chunk *gfs_columns_chunk(
	struct gfs_exec *exec, enum gfs_column_kind kind, uint16_t name, uint64_t id, bool make)
{
	const struct chunk_key key = { 'C', (uint8_t)kind, name, (uint32_t)(id >> shift_of(kind)) };
	if (exec->tx != NULL || exec->engine == NULL)
		return NULL;
	struct column *column = column_of(exec, kind, name);
	if (column == NULL || !look_again(exec, column) || !has_room(exec, column, key.number))
		return NULL;
	if (column->chunks[key.number] != NULL)
		return column->chunks[key.number];
	uint16_t asked = column->asked[key.number];
	if (asked < ASKED_MUCH)
		column->asked[key.number]++;
	if (make || asked == ASKED_AGAIN || asked == ASKED_MUCH - 1)
		column->chunks[key.number] = find_chunk(exec, &key, make || asked == ASKED_MUCH - 1);
	return column->chunks[key.number];
}

void gfs_columns_drop(struct gfs_exec *exec)
{
	struct gfs_columns *columns = exec->columns;
	for (uint32_t i = 0; columns != NULL && i < columns->count; i++)
		for (uint32_t k = 0; k < columns->items[i].count; k++) {
			struct gfs_chunk *chunk = columns->items[i].chunks[k];
			columns->items[i].chunks[k] = NULL;
			if (chunk != NULL)
				gfs_cached_release(&chunk->cached);
		}
	for (struct retired *retired = columns == NULL ? NULL : columns->retired; retired != NULL; retired = retired->next)
		gfs_cached_release(&retired->chunk->cached);
	exec->columns = NULL;
}
