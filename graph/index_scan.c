/* Asking an index: equality, ranges and prefixes as ranges of bytes, walked in batches. */
#include "graph/index_private.h"

#include "base/checked.h"
#include "graph/value_order.h"

#include <assert.h>

enum { NODE_BYTES = 6 };

static struct gfs_slice slice_of(const struct gfs_index_value *v)
{
	return gfs_slice(v->bytes, v->size);
}

static int compare(struct gfs_slice a, struct gfs_slice b)
{
	size_t size = GFS_MIN(a.size, b.size);
	int order = size == 0 ? 0 : memcmp(a.data, b.data, size);
	return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static bool starts_with(struct gfs_slice bytes, struct gfs_slice start)
{
	return bytes.size >= start.size && (start.size == 0 || memcmp(bytes.data, start.data, start.size) == 0);
}

/* The least bytes above all that begin with `v`. */
static void make_successor(struct gfs_index_value *v)
{
	while (v->size > 0 && v->bytes[v->size - 1] == 0xff)
		v->size--;
	if (v->size > 0)
		v->bytes[v->size - 1]++;
}

/* ---- from a range to bytes ---- */

/* What is kept of a bound's order; *ret_long when that is not all. */
static int bound_part(const struct gfs_value *bound, struct gfs_index_value *ret, bool *ret_long)
{
	int err = gfs_index_value_equal_part(bound, ret);
	*ret_long = err == 0 && ret->size > GFS_INDEX_PREFIX_BYTES;
	if (*ret_long)
		ret->size = GFS_INDEX_PREFIX_BYTES;
	return err;
}

static void class_start(const struct gfs_value *other, struct gfs_index_value *ret)
{
	ret->size = 1;
	ret->bytes[0] = (uint8_t)gfs_value_order_class(other);
}

/* Numbers end before NaN, which is not above anything. */
static int class_end(const struct gfs_value *other, struct gfs_index_value *ret)
{
	const struct gfs_value nan = { .type = GFS_TYPE_FLOAT, .real = __builtin_nan("") };
	if (gfs_value_order_class(other) == GFS_ORDER_NUMBER)
		return gfs_index_value_equal_part(&nan, ret);
	class_start(other, ret);
	make_successor(ret);
	return 0;
}

static int set_bounds(struct gfs_index_scan *s)
{
	const struct gfs_index_range *r = &s->range;
	int err = 0;
	if (r->lower == NULL && r->upper == NULL)
		return 0;
	if (r->lower == NULL)
		class_start(r->upper, &s->start);
	else
		err = bound_part(r->lower, &s->start, &s->lower_long);
	if (err == 0)
		err = r->upper == NULL ? class_end(r->lower, &s->end) : bound_part(r->upper, &s->end, &s->upper_long);
	if (r->lower != NULL && r->lower_open && !s->lower_long)
		make_successor(&s->start);
	if (r->upper != NULL && (!r->upper_open || s->upper_long))
		make_successor(&s->end);
	return err;
}

static int set_prefix(struct gfs_index_scan *s)
{
	GFS_AUTO_BUF order = GFS_BUF_INIT;
	struct gfs_slice text = *s->range.prefix;
	text.size = GFS_MIN(text.size, (size_t)GFS_INDEX_PREFIX_BYTES);
	gfs_text_order(GFS_TYPE_STRING, text, &order);
	int err = gfs_buf_failed(&order);
	if (err != 0)
		return err;
	s->prefix_long = order.size > GFS_INDEX_PREFIX_BYTES;
	s->start.size = (uint16_t)GFS_MIN(order.size, (size_t)GFS_INDEX_PREFIX_BYTES);
	memcpy(s->start.bytes, order.data, s->start.size);
	s->end = s->start;
	make_successor(&s->end);
	return 0;
}

static int set_equal(struct gfs_index_scan *s)
{
	int err = gfs_index_value_equal_part(s->range.equal, &s->start);
	s->end = s->start;
	make_successor(&s->end);
	return err;
}

static int begin(struct gfs_graph *graph, uint16_t id, struct gfs_index_scan *s)
{
	const struct gfs_prop_index *index = gfs_index_look(graph, id);
	if (index == NULL)
		return GFS_ERR_NOTFOUND;
	if (index->state != GFS_PROP_READY)
		return GFS_ERR_AGAIN;
	s->index = id;
	s->key = index->key;
	s->done = false;
	s->at_size = s->start.size = s->end.size = 0;
	s->lower_long = s->upper_long = s->prefix_long = false;
	return 0;
}

int gfs_index_scan_begin(
	struct gfs_graph *graph, uint16_t id, const struct gfs_index_range *range, struct gfs_index_scan *s)
{
	bool bounded = range->lower != NULL || range->upper != NULL;
	if ((range->equal != NULL) + (range->prefix != NULL) + bounded > 1)
		return GFS_ERR_INVALID;
	int err = begin(graph, id, s);
	s->range = *range;
	s->descending = range->descending;
	s->distinct = range->distinct;
	if (err == 0)
		err = range->equal != NULL ? set_equal(s) : range->prefix != NULL ? set_prefix(s) : set_bounds(s);
	return err;
}

static void set_at(struct gfs_index_scan *s, struct gfs_slice value, uint64_t node)
{
	memcpy(s->at, value.data, value.size);
	gfs_put_be48(s->at + value.size, node);
	s->at_size = (uint16_t)(value.size + NODE_BYTES);
}

int gfs_index_scan_value(
	struct gfs_graph *graph, uint16_t id, const struct gfs_index_value *value, uint64_t from, struct gfs_index_scan *s)
{
	int err = begin(graph, id, s);
	if (err != 0)
		return err;
	s->range = (struct gfs_index_range){ 0 };
	s->descending = s->distinct = false;
	s->start = s->end = *value;
	make_successor(&s->end);
	if (from > 1)
		set_at(s, slice_of(value), from - 1);
	return 0;
}

void gfs_index_scan_skip(struct gfs_index_scan *s, const struct gfs_index_value *value)
{
	assert(!s->descending);
	set_at(s, slice_of(value), (UINT64_C(1) << 8 * NODE_BYTES) - 1);
}

/* ---- bounds that only the record can tell ---- */

static int compare_orders(const struct gfs_value *a, const struct gfs_value *b, int *ret_order)
{
	GFS_AUTO_BUF x = GFS_BUF_INIT;
	GFS_AUTO_BUF y = GFS_BUF_INIT;
	GFS_AUTO_BUF kinds = GFS_BUF_INIT;
	int err = gfs_value_order(a, &x, &kinds);
	if (err == 0)
		err = gfs_value_order(b, &y, &kinds);
	if (err == 0)
		*ret_order = compare(gfs_buf_slice(&x), gfs_buf_slice(&y));
	return err;
}

/* Whether the value begins with as much as is kept of the bound. */
static bool is_beside(struct gfs_slice value, const struct gfs_index_value *bound, bool is_successor)
{
	struct gfs_index_value part = { .size = GFS_INDEX_PREFIX_BYTES };
	if (!gfs_index_value_is_long(value))
		return false;
	memcpy(part.bytes, value.data, GFS_INDEX_PREFIX_BYTES);
	if (is_successor)
		make_successor(&part);
	return gfs_slice_equal(slice_of(&part), slice_of(bound));
}

static int check_record(
	struct gfs_graph *graph, const struct gfs_index_scan *s, uint64_t node, bool lower, bool upper, bool *ret_in)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	int order = 0;
	*ret_in = true;
	int err = gfs_prop_get(graph, (struct gfs_entity){ GFS_NODE, node }, s->key, &arena, &value);
	if (err == 0 && s->prefix_long)
		*ret_in = starts_with(value.bytes, *s->range.prefix);
	if (err == 0 && lower) {
		err = compare_orders(&value, s->range.lower, &order);
		*ret_in = order > 0 || (order == 0 && !s->range.lower_open);
	}
	if (err == 0 && upper && *ret_in) {
		err = compare_orders(&value, s->range.upper, &order);
		*ret_in = order < 0 || (order == 0 && !s->range.upper_open);
	}
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err;
}

static int is_in(
	struct gfs_graph *graph, const struct gfs_index_scan *s, const struct gfs_prop_entry *entry, bool *ret_in)
{
	bool lower = s->lower_long && is_beside(entry->value, &s->start, false);
	bool upper = s->upper_long && is_beside(entry->value, &s->end, true);
	*ret_in = true;
	if (!lower && !upper && !s->prefix_long)
		return 0;
	return check_record(graph, s, entry->node, lower, upper, ret_in);
}

/* ---- walking ---- */

/* The first entry behind the last one given. */
static int seek(const struct gfs_index_scan *s, struct gfs_prop_cursor *cursor, struct gfs_prop_entry *entry)
{
	struct gfs_slice at = gfs_slice(s->at, s->at_size);
	if (s->descending) {
		if (at.size == 0 && s->end.size == 0)
			return gfs_prop_cursor_seek_end(cursor, entry);
		return gfs_prop_cursor_seek(cursor, at.size != 0 ? at : slice_of(&s->end), entry);
	}
	int err = gfs_prop_cursor_seek(cursor, at.size != 0 ? at : slice_of(&s->start), entry);
	if (err != 0 || at.size == 0)
		return err;
	bool same = gfs_slice_equal(entry->value, gfs_slice(at.data, at.size - NODE_BYTES)) &&
		entry->node == gfs_get_be48(at.data + at.size - NODE_BYTES);
	return same ? gfs_prop_cursor_next(cursor, entry) : 0;
}

/* The next entry; with `distinct`, of another value than the last one given. */
static int next(const struct gfs_index_scan *s, struct gfs_prop_cursor *cursor, struct gfs_prop_entry *entry)
{
	struct gfs_index_value last = { 0 };
	int err = gfs_prop_cursor_next(cursor, entry);
	if (err != 0 || !s->distinct || s->at_size == 0)
		return err;
	last.size = (uint16_t)(s->at_size - NODE_BYTES);
	memcpy(last.bytes, s->at, last.size);
	if (!gfs_slice_equal(entry->value, slice_of(&last)))
		return 0;
	if (!s->descending)
		make_successor(&last);
	return gfs_prop_cursor_seek(cursor, slice_of(&last), entry);
}

static bool is_past(const struct gfs_index_scan *s, const struct gfs_prop_entry *entry)
{
	if (s->descending)
		return compare(entry->value, slice_of(&s->start)) < 0;
	return s->end.size != 0 && compare(entry->value, slice_of(&s->end)) >= 0;
}

static int give(struct gfs_index_scan *s, const struct gfs_prop_entry *entry, struct gfs_arena *arena,
	struct gfs_index_hit *ret_hit)
{
	*ret_hit = (struct gfs_index_hit){ .node = entry->node };
	set_at(s, entry->value, entry->node);
	if (arena == NULL)
		return 0;
	ret_hit->bytes = gfs_arena_copy(arena, entry->value);
	return ret_hit->bytes.data == NULL ? GFS_ERR_NOMEM : 0;
}

static int walk(struct gfs_graph *graph, struct gfs_index_scan *s, struct gfs_prop_cursor *cursor,
	struct gfs_index_hit *hits, size_t max, struct gfs_arena *arena, size_t *ret_count)
{
	struct gfs_prop_entry entry;
	bool in;
	/* After a value that was given the next one is wanted, whatever nodes are left of it. */
	struct gfs_slice given = gfs_slice(s->at, s->at_size == 0 ? 0 : s->at_size - NODE_BYTES);
	int err = seek(s, cursor, &entry);
	if (err == 0 && s->distinct && given.size != 0 && gfs_slice_equal(entry.value, given))
		err = next(s, cursor, &entry);
	while (err == 0 && *ret_count < max && !is_past(s, &entry)) {
		err = is_in(graph, s, &entry, &in);
		if (err == 0 && in)
			err = give(s, &entry, arena, &hits[(*ret_count)++]);
		if (err == 0)
			err = next(s, cursor, &entry);
	}
	s->done = err == GFS_ERR_NOTFOUND || (err == 0 && is_past(s, &entry));
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

int gfs_index_scan_next(struct gfs_graph *graph, struct gfs_index_scan *s, struct gfs_index_hit *hits, size_t max,
	struct gfs_arena *arena, size_t *ret_count)
{
	struct gfs_prop_cursor *cursor = NULL;
	*ret_count = 0;
	if (s->done || max == 0)
		return 0;
	if (gfs_index_look(graph, s->index) == NULL)
		return GFS_ERR_NOTFOUND;
	int err = gfs_prop_cursor_open(graph->store, s->index, s->descending, &cursor);
	if (err == 0)
		err = walk(graph, s, cursor, hits, max, arena, ret_count);
	gfs_prop_cursor_close(cursor);
	return err;
}

int gfs_index_count(
	struct gfs_graph *graph, uint16_t id, const struct gfs_index_range *range, uint64_t max, uint64_t *ret_count)
{
	enum { BATCH = 256 };
	struct gfs_index_hit hits[BATCH];
	struct gfs_index_scan scan;
	uint64_t total = 0;
	size_t count = 1;
	int err = gfs_index_scan_begin(graph, id, range, &scan);
	while (err == 0 && total < max && count > 0) {
		err = gfs_index_scan_next(graph, &scan, hits, (size_t)GFS_MIN(max - total, (uint64_t)BATCH), NULL, &count);
		total += count;
	}
	if (err == 0)
		*ret_count = total;
	return err;
}

/* ---- one node ---- */

int gfs_index_value_of(struct gfs_graph *graph, uint16_t id, uint64_t node, struct gfs_index_value *ret)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	const struct gfs_prop_index *index = gfs_index_look(graph, id);
	bool has = false;
	if (index == NULL)
		return GFS_ERR_NOTFOUND;
	int err = gfs_node_has_label(graph, node, index->label, &has);
	if (err == 0 && !has)
		err = GFS_ERR_NOTFOUND;
	return err != 0 ? err : gfs_index_value_of_node(graph, node, index->key, &arena, ret);
}

int gfs_index_has(
	struct gfs_graph *graph, uint16_t id, const struct gfs_index_value *value, uint64_t node, bool *ret_has)
{
	int err = gfs_prop_entry_find(graph->store, id, slice_of(value), node);
	if (err == 0 || err == GFS_ERR_NOTFOUND)
		*ret_has = err == 0;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}
