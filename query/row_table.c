#include "query/row_table.h"

#include "base/checked.h"

#include <assert.h>

enum { PLACES_MIN = 64 };

void gfs_row_table_init(struct gfs_row_table *table, struct gfs_exec *exec, struct gfs_arena *arena, uint32_t width)
{
	*table = (struct gfs_row_table){ .exec = exec, .arena = arena, .shape = { .count = width } };
}

static uint64_t hash_values(const struct gfs_datum *values, uint32_t count)
{
	uint64_t hash = UINT64_C(0x9e3779b97f4a7c15);
	for (uint32_t i = 0; i < count; i++)
		hash = (hash ^ gfs_datum_hash(values[i])) * UINT64_C(0xff51afd7ed558ccd) + 1;
	return hash ^ hash >> 32;
}

static int grow_places(struct gfs_row_table *table)
{
	uint64_t count = GFS_MAX(table->place_count * 2, (uint64_t)PLACES_MIN);
	uint32_t *places = gfs_arena_alloc(table->arena, count * sizeof *places);
	if (places == NULL)
		return gfs_exec_nomem(table->exec);
	memset(places, 0, count * sizeof *places);
	for (uint64_t entry = 0; entry < table->rows.count; entry++) {
		uint64_t at = table->hashes[entry] & (count - 1);
		while (places[at] != 0)
			at = (at + 1) & (count - 1);
		places[at] = (uint32_t)(entry + 1);
	}
	table->places = places;
	table->place_count = count;
	return 0;
}

static int note_hash(struct gfs_row_table *table, uint64_t entry, uint64_t hash)
{
	if (entry == table->hash_capacity) {
		uint64_t capacity = GFS_MAX(table->hash_capacity * 2, (uint64_t)PLACES_MIN / 2);
		uint64_t *hashes = gfs_arena_alloc(table->arena, capacity * sizeof *hashes);
		if (hashes == NULL)
			return gfs_exec_nomem(table->exec);
		if (entry != 0)
			memcpy(hashes, table->hashes, entry * sizeof *hashes);
		table->hashes = hashes;
		table->hash_capacity = capacity;
	}
	table->hashes[entry] = hash;
	return 0;
}

static bool is_entry(const struct gfs_row_table *table, uint64_t entry, uint64_t hash, const struct gfs_datum *values)
{
	if (table->hashes[entry] != hash)
		return false;
	const struct gfs_datum *kept = gfs_rows_at(&table->rows, entry);
	for (uint32_t i = 0; i < table->shape.count; i++)
		if (!gfs_datum_same(kept[i], values[i]))
			return false;
	return true;
}

/* Where the entry of the values is, or the free place for it. */
static uint64_t place_of(const struct gfs_row_table *table, uint64_t hash, const struct gfs_datum *values)
{
	uint64_t at = hash & (table->place_count - 1);
	while (table->places[at] != 0 && !is_entry(table, table->places[at] - 1, hash, values))
		at = (at + 1) & (table->place_count - 1);
	return at;
}

bool gfs_row_table_look(const struct gfs_row_table *table, const struct gfs_datum *values, uint64_t *ret_entry)
{
	if (table->place_count == 0)
		return false;
	uint64_t at = place_of(table, hash_values(values, table->shape.count), values);
	if (table->places[at] == 0)
		return false;
	*ret_entry = table->places[at] - 1;
	return true;
}

static int add(struct gfs_row_table *table, uint64_t hash, const struct gfs_datum *values, uint64_t at)
{
	uint64_t entry = table->rows.count;
	table->rows.slots = &table->shape;
	struct gfs_datum *kept = gfs_rows_new(table->exec, table->arena, &table->rows);
	if (kept == NULL || entry == UINT32_MAX)
		return gfs_exec_nomem(table->exec);
	int err = note_hash(table, entry, hash);
	for (uint32_t i = 0; err == 0 && i < table->shape.count; i++)
		err = gfs_exec_keep(table->exec, table->arena, values[i], &kept[i]);
	table->places[at] = (uint32_t)(entry + 1);
	return err;
}

int gfs_row_table_find_values(
	struct gfs_row_table *table, const struct gfs_datum *values, uint64_t *ret_entry, bool *ret_new)
{
	uint64_t hash = hash_values(values, table->shape.count);
	table->rows.slots = &table->shape;
	if (table->rows.count * 2 >= table->place_count) {
		int err = grow_places(table);
		if (err != 0)
			return err;
	}
	uint64_t at = place_of(table, hash, values);
	*ret_new = table->places[at] == 0;
	if (!*ret_new) {
		*ret_entry = table->places[at] - 1;
		return 0;
	}
	*ret_entry = table->rows.count;
	return add(table, hash, values, at);
}

int gfs_row_table_find(struct gfs_row_table *table, const struct gfs_batch *batch, const uint32_t *slots, uint32_t row,
	uint64_t *ret_entry, bool *ret_new)
{
	struct gfs_datum few[8] = { 0 }, *values = few;
	if (table->shape.count > GFS_COUNT(few))
		values = gfs_arena_alloc(table->arena, table->shape.count * sizeof *values);
	if (values == NULL)
		return gfs_exec_nomem(table->exec);
	for (uint32_t i = 0; i < table->shape.count; i++)
		values[i] = batch->columns[slots[i]][row];
	return gfs_row_table_find_values(table, values, ret_entry, ret_new);
}
