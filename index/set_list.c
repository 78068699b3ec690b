/* Listing and counting what a set expression has. */
#include "index/set_private.h"

#include "base/checked.h"
#include "store/record.h"

enum { RECORD_BATCH = 256 };

/* ---- listing ---- */

struct listing {
	uint64_t from;
	uint64_t *ids;
	size_t count, max;
};

static void list_bits(const roaring_bitmap_t *bits, uint64_t chunk, struct listing *l)
{
	uint32_t low = chunk == l->from >> GFS_IDSET_CHUNK_BITS ? (uint16_t)l->from : 0;
	if (bits != NULL)
		l->count += gfs_idset_bits_list(bits, chunk, low, l->ids + l->count, l->max - l->count);
}

/* Those of the records from l->from on, in one chunk, that the bitmap does not have. */
static int list_others(const struct gfs_set_eval *e, const roaring_bitmap_t *bits, uint64_t end, struct listing *l)
{
	uint64_t ids[RECORD_BATCH];
	size_t count = 1;
	int err = 0;
	while (err == 0 && count > 0 && l->count < l->max) {
		size_t max = GFS_MIN((size_t)RECORD_BATCH, l->max - l->count);
		err = e->expr->kind == GFS_IDSET_LABEL ? gfs_node_record_list(e->sets->store, l->from, end, ids, max, &count)
											   : gfs_rel_record_list(e->sets->store, l->from, end, ids, max, &count);
		for (size_t i = 0; err == 0 && i < count; i++) {
			if (bits == NULL || !roaring_bitmap_contains(bits, (uint16_t)ids[i]))
				l->ids[l->count++] = ids[i];
			l->from = ids[i] + 1;
		}
	}
	return err;
}

static uint64_t ids_end(const struct gfs_set_eval *e)
{
	return gfs_store_counter(
		e->sets->store, e->expr->kind == GFS_IDSET_LABEL ? GFS_COUNTER_NODE_NEXT : GFS_COUNTER_REL_NEXT);
}

static int list_negated(const struct gfs_set_eval *e, struct listing *l)
{
	uint64_t last = ids_end(e);
	int err = 0;
	while (err == 0 && l->from < last && l->count < l->max) {
		GFS_AUTO_SET_MACHINE m = { .top = 0 };
		uint64_t chunk = l->from >> GFS_IDSET_CHUNK_BITS, end = (chunk + 1) << GFS_IDSET_CHUNK_BITS;
		err = gfs_set_run(e, &m, chunk, e->expr->count);
		if (err == 0)
			err = list_others(e, m.stack[0].bits, end, l);
		if (l->count < l->max)
			l->from = end;
	}
	return err;
}

static int list_plain(const struct gfs_set_eval *e, struct gfs_set_reach reach, struct listing *l)
{
	int err = 0;
	while (err == 0 && reach.chunk != GFS_SET_NO_CHUNK && l->count < l->max) {
		GFS_AUTO_SET_MACHINE m = { .top = 0 };
		err = gfs_set_run(e, &m, reach.chunk, e->expr->count);
		if (err == 0)
			list_bits(m.stack[0].bits, reach.chunk, l);
		if (err == 0)
			err = gfs_set_reach_from(e, reach.chunk + 1, &reach);
	}
	return err;
}

int gfs_set_expr_list(struct gfs_idsets *sets, const struct gfs_catalog *catalog, const struct gfs_set_expr *expr,
	uint64_t from, uint64_t *ids, size_t max, size_t *ret_count)
{
	struct gfs_set_eval e = { .sets = sets, .catalog = catalog, .expr = expr };
	struct listing l = { .from = from, .ids = ids, .max = max };
	struct gfs_set_reach reach;
	if (!gfs_set_expr_is_whole(expr))
		return GFS_ERR_INVALID;
	int err = gfs_set_reach_from(&e, from >> GFS_IDSET_CHUNK_BITS, &reach);
	if (err == 0)
		err = reach.negated ? list_negated(&e, &l) : list_plain(&e, reach, &l);
	if (err == 0)
		*ret_count = l.count;
	return err;
}

/* ---- counting ---- */

/* Members of the bitmap in one chunk. `count`: the terms without those at the end that only say NOT. */
static int count_chunk(const struct gfs_set_eval *e, uint64_t chunk, size_t count, uint64_t *sum)
{
	GFS_AUTO_SET_MACHINE m = { .top = 0 };
	enum gfs_set_op last = (enum gfs_set_op)e->expr->terms[count - 1].op;
	bool joins = last == GFS_SET_AND || last == GFS_SET_OR;
	int err = gfs_set_run(e, &m, chunk, joins ? count - 1 : count);
	if (err == 0)
		*sum += joins ? gfs_set_join_cardinality(last, &m.stack[0], &m.stack[1]) : gfs_set_cardinality(&m.stack[0]);
	return err;
}

/* Members of the bitmap, and whether its complement is meant. */
static int count_bitmap(const struct gfs_set_eval *e, uint64_t *ret_sum, bool *ret_negated)
{
	struct gfs_set_reach reach;
	size_t count = e->expr->count;
	while (e->expr->terms[count - 1].op == GFS_SET_NOT)
		count--;
	*ret_sum = 0;
	int err = gfs_set_reach_from(e, 0, &reach);
	while (err == 0 && reach.chunk != GFS_SET_NO_CHUNK) {
		err = count_chunk(e, reach.chunk, count, ret_sum);
		if (err == 0)
			err = gfs_set_reach_from(e, reach.chunk + 1, &reach);
	}
	*ret_negated = err == 0 && reach.negated;
	return err;
}

int gfs_set_expr_count(
	struct gfs_idsets *sets, const struct gfs_catalog *catalog, const struct gfs_set_expr *expr, uint64_t *ret_count)
{
	struct gfs_set_eval e = { .sets = sets, .catalog = catalog, .expr = expr };
	struct gfs_catalog_entry entry;
	uint64_t sum, all;
	bool negated;
	if (!gfs_set_expr_is_whole(expr))
		return GFS_ERR_INVALID;
	if (expr->count == 1 && expr->terms[0].op == GFS_SET_NAME) {
		int err = gfs_catalog_get(catalog, gfs_set_names(expr), expr->terms[0].name, &entry);
		if (err == 0 || err == GFS_ERR_NOTFOUND)
			*ret_count = err == 0 ? entry.count : 0;
		return err == GFS_ERR_NOTFOUND ? 0 : err;
	}
	int err = count_bitmap(&e, &sum, &negated);
	if (err != 0)
		return err;
	if (!negated) {
		*ret_count = sum;
		return 0;
	}
	all = gfs_store_counter(sets->store, expr->kind == GFS_IDSET_LABEL ? GFS_COUNTER_NODES : GFS_COUNTER_RELS);
	return gfs_sub_overflows(all, sum, ret_count) ? GFS_ERR_CORRUPT : 0; /* sets have what exists, and nothing else */
}
