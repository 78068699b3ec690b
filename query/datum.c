/* Equality and comparison of values, with null as the unknown. */
#include "query/datum.h"

#include "base/arena.h"
#include "base/checked.h"
#include "query/datum_private.h"

#include <assert.h>
#include <math.h>

const char *gfs_datum_type_name(enum gfs_datum_type type)
{
	static const char *const names[GFS_DATUM_TYPE_COUNT] = {
		[GFS_DATUM_MAP] = "MAP",
		[GFS_DATUM_NODE] = "NODE",
		[GFS_DATUM_REL] = "RELATIONSHIP",
		[GFS_DATUM_LIST] = "LIST",
		[GFS_DATUM_PATH] = "PATH",
		[GFS_DATUM_POINT] = "POINT",
		[GFS_DATUM_DATETIME] = "ZONED DATETIME",
		[GFS_DATUM_LOCALDATETIME] = "LOCAL DATETIME",
		[GFS_DATUM_DATE] = "DATE",
		[GFS_DATUM_TIME] = "ZONED TIME",
		[GFS_DATUM_LOCALTIME] = "LOCAL TIME",
		[GFS_DATUM_DURATION] = "DURATION",
		[GFS_DATUM_BYTES] = "BYTES",
		[GFS_DATUM_STRING] = "STRING",
		[GFS_DATUM_BOOLEAN] = "BOOLEAN",
		[GFS_DATUM_INTEGER] = "INTEGER",
		[GFS_DATUM_FLOAT] = "FLOAT",
		[GFS_DATUM_NULL] = "NULL",
	};
	assert(type < GFS_DATUM_TYPE_COUNT);
	return names[type];
}

/* ---- maps ---- */

/* Merges the sorted runs from[0..middle) and from[middle..end) into `to`; of equal keys those of the first run come first. */
static void merge(const struct gfs_datum_entry *from, size_t middle, size_t end, struct gfs_datum_entry *to)
{
	size_t a = 0;
	size_t b = middle;
	while (a < middle || b < end) {
		bool first = b == end || (a < middle && gfs_slice_order(from[a].key, from[b].key) <= 0);
		*to++ = first ? from[a++] : from[b++];
	}
}

static bool sorted(const struct gfs_datum_entry *entries, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (gfs_slice_order(entries[i - 1].key, entries[i].key) >= 0)
			return false;
	}
	return true;
}

static void sort_stable(struct gfs_datum_entry *entries, struct gfs_datum_entry *scratch, size_t count)
{
	for (size_t run = 1; run < count; run *= 2) {
		for (size_t at = 0; at < count; at += 2 * run) {
			size_t end = GFS_MIN(2 * run, count - at);
			merge(entries + at, GFS_MIN(run, end), end, scratch + at);
		}
		memcpy(entries, scratch, count * sizeof *entries);
	}
}

int gfs_datum_map_make(
	struct gfs_arena *arena, struct gfs_datum_entry *entries, size_t count, struct gfs_datum *ret_map)
{
	size_t kept = count;
	if (!sorted(entries, count)) {
		struct gfs_datum_entry *scratch = gfs_arena_alloc(arena, count * sizeof *scratch);
		if (scratch == NULL)
			return GFS_ERR_NOMEM;
		sort_stable(entries, scratch, count);
		kept = 0;
		for (size_t i = 0; i < count; i++) {
			bool again = kept != 0 && gfs_slice_equal(entries[kept - 1].key, entries[i].key);
			entries[again ? kept - 1 : kept++] = entries[i];
		}
	}
	*ret_map = gfs_datum_map(entries, kept);
	return 0;
}

const struct gfs_datum *gfs_datum_map_get(struct gfs_datum map, struct gfs_slice key)
{
	assert(map.type == GFS_DATUM_MAP);
	size_t low = 0;
	size_t high = map.size;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = gfs_slice_order(map.entries[middle].key, key);
		if (c == 0)
			return &map.entries[middle].value;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* ---- equality ---- */

static bool is_nan(struct gfs_datum d)
{
	return d.type == GFS_DATUM_FLOAT && isnan(d.real);
}

/* FALSE as soon as one pair differs, UNKNOWN when some pair is and none differs. */
static enum gfs_truth lists_equal(struct gfs_datum a, struct gfs_datum b)
{
	enum gfs_truth all = GFS_TRUE;
	if (a.size != b.size)
		return GFS_FALSE;
	for (uint32_t i = 0; i < a.size; i++) {
		enum gfs_truth one = gfs_datum_equal(a.items[i], b.items[i]);
		if (one == GFS_FALSE)
			return GFS_FALSE;
		if (one == GFS_UNKNOWN)
			all = GFS_UNKNOWN;
	}
	return all;
}

static enum gfs_truth maps_equal(struct gfs_datum a, struct gfs_datum b)
{
	enum gfs_truth all = GFS_TRUE;
	if (a.size != b.size)
		return GFS_FALSE;
	for (uint32_t i = 0; i < a.size; i++) {
		if (!gfs_slice_equal(a.entries[i].key, b.entries[i].key))
			return GFS_FALSE;
	}
	for (uint32_t i = 0; i < a.size; i++) {
		enum gfs_truth one = gfs_datum_equal(a.entries[i].value, b.entries[i].value);
		if (one == GFS_FALSE)
			return GFS_FALSE;
		if (one == GFS_UNKNOWN)
			all = GFS_UNKNOWN;
	}
	return all;
}

enum gfs_truth gfs_datum_equal(struct gfs_datum a, struct gfs_datum b)
{
	if (gfs_datum_is_null(a) || gfs_datum_is_null(b))
		return GFS_UNKNOWN;
	if (gfs_datum_is_number(a) && gfs_datum_is_number(b))
		return !is_nan(a) && !is_nan(b) && gfs_number_order(a, b) == 0 ? GFS_TRUE : GFS_FALSE;
	if (a.type != b.type)
		return GFS_FALSE;
	if (a.type == GFS_DATUM_LIST)
		return lists_equal(a, b);
	if (a.type == GFS_DATUM_MAP)
		return maps_equal(a, b);
	return gfs_datum_order(a, b) == 0 ? GFS_TRUE : GFS_FALSE;
}

/* ---- comparison ---- */

/* The first pair that is not equal decides; a prefix is less. */
static enum gfs_truth compare_lists(struct gfs_datum a, struct gfs_datum b, int *ret_order)
{
	uint32_t common = GFS_MIN(a.size, b.size);
	for (uint32_t i = 0; i < common; i++) {
		if (gfs_datum_equal(a.items[i], b.items[i]) == GFS_TRUE)
			continue;
		return gfs_datum_compare(a.items[i], b.items[i], ret_order);
	}
	*ret_order = gfs_integer_order(a.size, b.size);
	return GFS_TRUE;
}

static bool is_comparable(struct gfs_datum d)
{
	switch (d.type) {
	case GFS_DATUM_DATETIME:
	case GFS_DATUM_LOCALDATETIME:
	case GFS_DATUM_DATE:
	case GFS_DATUM_TIME:
	case GFS_DATUM_LOCALTIME:
	case GFS_DATUM_BYTES:
	case GFS_DATUM_STRING:
	case GFS_DATUM_BOOLEAN:
		return true;
	default:
		return false;
	}
}

enum gfs_truth gfs_datum_compare(struct gfs_datum a, struct gfs_datum b, int *ret_order)
{
	if (gfs_datum_is_number(a) && gfs_datum_is_number(b)) {
		if (is_nan(a) || is_nan(b))
			return GFS_FALSE;
		*ret_order = gfs_number_order(a, b);
		return GFS_TRUE;
	}
	if (a.type != b.type)
		return GFS_UNKNOWN;
	if (a.type == GFS_DATUM_LIST)
		return compare_lists(a, b, ret_order);
	if (!is_comparable(a))
		return GFS_UNKNOWN;
	*ret_order = gfs_datum_order(a, b);
	return GFS_TRUE;
}
