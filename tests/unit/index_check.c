#include "tests/unit/index_check.h"

#include "base/checked.h"
#include "graph/value_order.h"
#include "tests/unit/graph_fixture.h"

#include <string.h>

enum { BATCH = 7, TEXT_MAX = 600 }; /* a small odd batch, so that scans stop anywhere */

struct entry {
	struct gfs_index_value value;
	uint64_t node;
};

struct entries {
	struct entry *items;
	size_t count, capacity;
};

static int by_value(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	size_t size = GFS_MIN(x->value.size, y->value.size);
	int order = memcmp(x->value.bytes, y->value.bytes, size);
	if (order == 0)
		order = (x->value.size > y->value.size) - (x->value.size < y->value.size);
	return order != 0 ? order : (x->node > y->node) - (x->node < y->node);
}

static struct entry *new_entry(struct entries *e)
{
	if (e->count == e->capacity) {
		e->capacity = e->capacity == 0 ? 64 : e->capacity * 2;
		e->items = reallocarray(e->items, e->capacity, sizeof *e->items);
		REQUIRE(e->items != NULL);
	}
	return &e->items[e->count++];
}

static void find_in_records(struct gfs_graph *g, const struct gfs_index_info *info, struct entries *ret)
{
	struct gfs_node_record record;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	uint64_t id;
	for (uint64_t from = 1; gfs_node_next(g, from, &id, &record) == 0; from = id + 1) {
		struct gfs_value value;
		bool has;
		gfs_arena_clear(&arena);
		OK(gfs_node_has_label(g, id, info->label, &has));
		int err = has ? gfs_prop_get(g, node_entity(id), info->key, &arena, &value) : GFS_ERR_NOTFOUND;
		REQUIRE(err == 0 || err == GFS_ERR_NOTFOUND);
		if (err != 0)
			continue;
		struct entry *e = new_entry(ret);
		e->node = id;
		OK(gfs_index_value_make(&value, &e->value));
	}
	if (ret->count > 1)
		qsort(ret->items, ret->count, sizeof *ret->items, by_value);
}

static bool same_value(const struct gfs_index_value *a, const struct gfs_index_value *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* ---- the ways to walk it ---- */

static void expect_hit(const struct gfs_index_hit *hit, const struct entry *e)
{
	REQUIRE(hit->node == e->node);
	REQUIRE(gfs_slice_equal(hit->bytes, gfs_slice(e->value.bytes, e->value.size)));
}

static void walk_all(struct gfs_graph *g, const struct gfs_index_info *info, const struct entries *wanted, bool back)
{
	struct gfs_index_range range = { .descending = back };
	struct gfs_index_hit hits[BATCH];
	struct gfs_index_scan scan;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	size_t at = 0, count = 1;
	OK(gfs_index_scan_begin(g, info->id, &range, &scan));
	while (count > 0) {
		OK(gfs_index_scan_next(g, &scan, hits, BATCH, &arena, &count));
		for (size_t i = 0; i < count; i++, at++) {
			REQUIRE(at < wanted->count);
			expect_hit(&hits[i], &wanted->items[back ? wanted->count - 1 - at : at]);
		}
	}
	REQUIRE(at == wanted->count);
}

static void walk_distinct(
	struct gfs_graph *g, const struct gfs_index_info *info, const struct entries *wanted, bool back)
{
	struct gfs_index_range range = { .descending = back, .distinct = true };
	struct gfs_index_hit hits[BATCH];
	struct gfs_index_scan scan;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	size_t seen = 0, count = 1, different = 0;
	for (size_t i = 0; i < wanted->count; i++)
		different += i == 0 || !same_value(&wanted->items[i].value, &wanted->items[i - 1].value);
	OK(gfs_index_scan_begin(g, info->id, &range, &scan));
	while (count > 0) {
		OK(gfs_index_scan_next(g, &scan, hits, BATCH, &arena, &count));
		seen += count;
	}
	REQUIRE(seen == different);
}

/* The value of one entry: all nodes with it, and each of them by itself. */
static void look_up(struct gfs_graph *g, const struct gfs_index_info *info, const struct entries *wanted, size_t at)
{
	const struct entry *e = &wanted->items[at];
	struct gfs_index_hit hits[BATCH];
	struct gfs_index_scan scan;
	struct gfs_index_value value;
	size_t count = 1, first = at;
	bool has;
	while (first > 0 && same_value(&wanted->items[first - 1].value, &e->value))
		first--;
	OK(gfs_index_scan_value(g, info->id, &e->value, 1, &scan));
	while (count > 0) {
		OK(gfs_index_scan_next(g, &scan, hits, BATCH, NULL, &count));
		for (size_t i = 0; i < count; i++, first++)
			REQUIRE(first < wanted->count && hits[i].node == wanted->items[first].node);
	}
	REQUIRE(first == wanted->count || !same_value(&wanted->items[first].value, &e->value));
	OK(gfs_index_has(g, info->id, &e->value, e->node, &has));
	REQUIRE(has);
	OK(gfs_index_value_of(g, info->id, e->node, &value));
	REQUIRE(same_value(&value, &e->value));
}

/* ---- ranges, whose members every value's own order tells ---- */

static void order_of(struct gfs_graph *g, const struct gfs_index_info *info, uint64_t node, struct gfs_arena *arena,
	struct gfs_value *ret_value, struct gfs_buf *ret_order)
{
	GFS_AUTO_BUF kinds = GFS_BUF_INIT;
	OK(gfs_prop_get(g, node_entity(node), info->key, arena, ret_value));
	gfs_buf_clear(ret_order);
	OK(gfs_value_order(ret_value, ret_order, &kinds));
}

static int compare(const struct gfs_buf *a, const struct gfs_buf *b)
{
	int order = memcmp(a->data, b->data, GFS_MIN(a->size, b->size));
	return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

/* Between the values of two entries: as many as there are, whichever bound is open. */
static void count_between(struct gfs_graph *g, const struct gfs_index_info *info, const struct entries *all, size_t low,
	size_t high, unsigned open)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_BUF lower = GFS_BUF_INIT;
	GFS_AUTO_BUF upper = GFS_BUF_INIT;
	GFS_AUTO_BUF mine = GFS_BUF_INIT;
	struct gfs_value a, b, v;
	uint64_t wanted = 0, got = 0;
	order_of(g, info, all->items[low].node, &arena, &a, &lower);
	order_of(g, info, all->items[high].node, &arena, &b, &upper);
	for (size_t i = 0; i < all->count; i++) {
		order_of(g, info, all->items[i].node, &arena, &v, &mine);
		int below = compare(&mine, &lower), above = compare(&mine, &upper);
		wanted += (below > 0 || (below == 0 && !(open & 1))) && (above < 0 || (above == 0 && !(open & 2)));
	}
	struct gfs_index_range range = {
		.lower = &a, .upper = &b, .lower_open = open & 1, .upper_open = (open & 2) != 0, .descending = (open & 4) != 0
	};
	OK(gfs_index_count(g, info->id, &range, UINT64_MAX, &got));
	REQUIRE(got == wanted);
	wanted = 0;
	for (size_t i = 0; i < all->count; i++) {
		order_of(g, info, all->items[i].node, &arena, &v, &mine);
		wanted += compare(&mine, &lower) == 0;
	}
	range = (struct gfs_index_range){ .equal = &a };
	OK(gfs_index_count(g, info->id, &range, UINT64_MAX, &got));
	REQUIRE(got == wanted && got > 0);
}

static uint64_t check_index(struct gfs_graph *g, uint16_t id)
{
	static unsigned turn;
	struct gfs_index_info info;
	struct entries wanted = { 0 };
	gfs_graph_read_begin(g);
	OK(gfs_index_get(g, id, &info));
	REQUIRE(info.state == GFS_PROP_READY && info.percent == 100);
	find_in_records(g, &info, &wanted);
	REQUIRE(info.entries == wanted.count && info.distinct <= info.entries);
	walk_all(g, &info, &wanted, false);
	walk_all(g, &info, &wanted, true);
	walk_distinct(g, &info, &wanted, false);
	walk_distinct(g, &info, &wanted, true);
	for (size_t i = 0; i < wanted.count; i += 1 + wanted.count / 16)
		look_up(g, &info, &wanted, i);
	for (unsigned i = 0; i < 4 && wanted.count != 0; i++, turn++)
		count_between(g, &info, &wanted, turn * 7 % wanted.count, (turn * 11 + 5) % wanted.count, turn);
	gfs_graph_read_end(g);
	free(wanted.items);
	return wanted.count;
}

uint64_t require_indexes(struct gfs_graph *g)
{
	struct gfs_index_info info;
	struct gfs_message message;
	uint64_t entries = 0;
	for (unsigned from = 1;; from = info.id + 1u) {
		gfs_graph_read_begin(g);
		int err = gfs_index_next(g, from, &info);
		gfs_graph_read_end(g);
		if (err == GFS_ERR_NOTFOUND)
			return entries;
		OK(err);
		OK(gfs_index_wait(g, info.id, NULL, NULL, &message));
		entries += check_index(g, info.id);
	}
}
