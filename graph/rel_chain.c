/* Relationships without their indexes (rel_index=off): every question of index/adjacency.h answered from the chains of the records, in the
 * same order. A chain is in no order, so each question walks all of it, of a pair the shorter one of its two, and keeps the smallest answers that
 * there is room for. Only what no record knows, times of folders and those made by mkdir, is read from the adjacency's headers. */
#include "graph/graph_private.h"

#include "base/checked.h"

#include <assert.h>
#include <string.h>

/* ---- walking ---- */

/* One relationship of the chain. */
typedef void (*link_fn)(void *context, uint16_t type, struct gfs_adj_entry entry);

/* A place in a chain. */
struct chain {
	uint64_t node;
	enum gfs_direction dir;
	uint64_t next; /* GFS_ID_NONE: the end */
	uint64_t left; /* links that may come: a chain that comes back to itself has more than there are relationships */
};

static int chain_begin(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, struct chain *ret_chain)
{
	struct gfs_node_record start;
	int err = gfs_node_get(graph, node, &start);
	if (err == 0) {
		*ret_chain = (struct chain){ .node = node,
			.dir = dir,
			.next = dir == GFS_OUT ? start.first_out : start.first_in,
			.left = gfs_store_counter(graph->store, GFS_COUNTER_RELS) };
	}
	return err;
}

/* Reads the next link, which there is. */
static int chain_step(struct gfs_graph *graph, struct chain *chain, uint16_t *ret_type, struct gfs_adj_entry *ret_entry)
{
	struct gfs_rel_record r;
	bool out = chain->dir == GFS_OUT;
	int err = gfs_rel_record_read(graph->store, chain->next, &r);
	if (err != 0)
		return err;
	if (!r.exists || (out ? r.start : r.end) != chain->node || chain->left-- == 0)
		return GFS_ERR_CORRUPT;
	*ret_type = r.type;
	*ret_entry = (struct gfs_adj_entry){ .other = out ? r.end : r.start, .rel = chain->next };
	chain->next = out ? r.start_next : r.end_next;
	return 0;
}

static int walk(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, link_fn each, void *context)
{
	struct chain chain;
	int err = chain_begin(graph, node, dir, &chain);
	while (err == 0 && chain.next != GFS_ID_NONE) {
		uint16_t type;
		struct gfs_adj_entry entry;
		err = chain_step(graph, &chain, &type, &entry);
		if (err == 0)
			each(context, type, entry);
	}
	return err;
}

/* ---- one type: the smallest entries, in a heap with the largest of them on top ---- */

struct selection {
	uint16_t type;
	struct gfs_adj_entry from;
	struct gfs_adj_entry *heap;
	size_t count, max;
};

static bool less(struct gfs_adj_entry a, struct gfs_adj_entry b)
{
	return a.other < b.other || (a.other == b.other && a.rel < b.rel);
}

/* Puts `entry` at `i` or below, where nothing under it is larger. */
static void sift_down(struct gfs_adj_entry *heap, size_t count, size_t i, struct gfs_adj_entry entry)
{
	for (size_t child; (child = 2 * i + 1) < count; i = child) {
		if (child + 1 < count && less(heap[child], heap[child + 1]))
			child++;
		if (!less(entry, heap[child]))
			break;
		heap[i] = heap[child];
	}
	heap[i] = entry;
}

static void sift_up(struct gfs_adj_entry *heap, size_t i, struct gfs_adj_entry entry)
{
	for (; i > 0 && less(heap[(i - 1) / 2], entry); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = entry;
}

static void select_entry(void *context, uint16_t type, struct gfs_adj_entry entry)
{
	struct selection *s = context;
	if (type != s->type || less(entry, s->from))
		return;
	if (s->count < s->max)
		sift_up(s->heap, s->count++, entry);
	else if (s->max > 0 && less(entry, s->heap[0]))
		sift_down(s->heap, s->count, 0, entry);
}

int gfs_chain_list(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry from, struct gfs_adj_entry *entries, size_t max, size_t *ret_count)
{
	struct selection s = { .type = type, .from = from, .heap = entries, .max = max };
	int err = walk(graph, node, dir, select_entry, &s);
	if (err != 0)
		return err;
	for (size_t left = s.count; left > 1; left--) {
		struct gfs_adj_entry last = entries[left - 1];
		entries[left - 1] = entries[0];
		sift_down(entries, left - 1, 0, last);
	}
	*ret_count = s.count;
	return 0;
}

/* ---- one pair ---- */

struct pair {
	uint16_t type;
	uint64_t other;
	uint64_t *rels; /* the smallest, ascending */
	size_t count, max;
};

static void select_pair(void *context, uint16_t type, struct gfs_adj_entry entry)
{
	struct pair *p = context;
	if (type != p->type || entry.other != p->other)
		return;
	size_t at = GFS_MIN(p->count, p->max);
	p->count++;
	if (at == p->max && (at == 0 || entry.rel > p->rels[at - 1]))
		return;
	if (at == p->max)
		at--;
	for (; at > 0 && p->rels[at - 1] > entry.rel; at--)
		p->rels[at] = p->rels[at - 1];
	p->rels[at] = entry.rel;
}

/* Which of two chains is the shorter one: a step in each by turns, so that it costs twice the shorter one and a name of a hub is found from its other end. */
static int find_shorter(struct gfs_graph *graph, struct chain a, struct chain b, bool *ret_first)
{
	uint16_t type;
	struct gfs_adj_entry entry;
	int err = 0;
	while (err == 0 && a.next != GFS_ID_NONE && b.next != GFS_ID_NONE) {
		err = chain_step(graph, &a, &type, &entry);
		if (err == 0)
			err = chain_step(graph, &b, &type, &entry);
	}
	*ret_first = a.next == GFS_ID_NONE;
	return err;
}

int gfs_chain_pair(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t type, uint64_t other,
	uint64_t *rels, size_t max, size_t *ret_count)
{
	struct pair p = { .type = type, .other = other, .rels = rels, .max = max };
	enum gfs_direction back = dir == GFS_OUT ? GFS_IN : GFS_OUT;
	struct chain near, far;
	bool from_node = true;
	int err = chain_begin(graph, node, dir, &near);
	if (err != 0)
		return err;
	err = chain_begin(graph, other, back, &far);
	if (err == GFS_ERR_NOTFOUND) { /* what is no node has no relationships */
		*ret_count = 0;
		return 0;
	}
	if (err == 0)
		err = find_shorter(graph, near, far, &from_node);
	if (err != 0)
		return err;
	if (from_node) {
		err = walk(graph, node, dir, select_pair, &p);
	} else {
		p.other = node;
		err = walk(graph, other, back, select_pair, &p);
	}
	if (err == 0)
		*ret_count = p.count;
	return err;
}

/* ---- types ---- */

/* The smallest types from `from` on, ascending. One that was pushed out is larger than all that stay, so it never comes back with a part of its
 * count. */
struct types {
	uint16_t from;
	struct gfs_adj_type *types;
	size_t count, max;
};

/* The place of a type, made when it belongs among the smallest; NULL when it does not. */
static struct gfs_adj_type *type_place(struct types *t, uint16_t type)
{
	size_t low = 0, high = t->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (t->types[middle].type < type)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < t->count && t->types[low].type == type)
		return &t->types[low];
	if (type < t->from || low == t->max)
		return NULL;
	size_t kept = GFS_MIN(t->count, t->max - 1);
	memmove(t->types + low + 1, t->types + low, (kept - low) * sizeof *t->types);
	t->count = kept + 1;
	t->types[low] = (struct gfs_adj_type){ .type = type };
	return &t->types[low];
}

static void count_type(void *context, uint16_t type, struct gfs_adj_entry entry)
{
	struct gfs_adj_type *place = type_place(context, type);
	(void)entry;
	if (place != NULL)
		place->count++;
}

/* What only the header knows of the types found, and those that it alone has: made ones. */
static int read_folders(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, struct types *t)
{
	struct gfs_adj_type folders[64];
	size_t count = GFS_COUNT(folders);
	uint32_t from = t->from;
	while (count == GFS_COUNT(folders) && from <= GFS_NAME_ID_MAX) {
		int err = gfs_adj_types(graph->adj, node, dir, (uint16_t)from, folders, GFS_COUNT(folders), &count);
		if (err != 0)
			return err;
		for (size_t i = 0; i < count; i++) {
			struct gfs_adj_type *place = type_place(t, folders[i].type);
			if (place == NULL)
				return 0;
			place->made = folders[i].made;
			place->mtime_ns = folders[i].mtime_ns;
		}
		if (count > 0)
			from = folders[count - 1].type + 1u;
	}
	return 0;
}

int gfs_chain_types(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t from,
	struct gfs_adj_type *types, size_t max, size_t *ret_count)
{
	struct types t = { .from = from, .types = types, .max = max };
	if (max == 0) {
		*ret_count = 0;
		return 0;
	}
	int err = walk(graph, node, dir, count_type, &t);
	if (err == 0)
		err = read_folders(graph, node, dir, &t);
	if (err == 0)
		*ret_count = t.count;
	return err;
}

int gfs_chain_type(
	struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t type, struct gfs_adj_type *ret_type)
{
	struct gfs_adj_type one, folder;
	struct types t = { .from = type, .types = &one, .max = 1 };
	int err = gfs_adj_type(graph->adj, node, dir, type, &folder);
	if (err == 0)
		err = walk(graph, node, dir, count_type, &t);
	if (err != 0)
		return err;
	folder.count = t.count > 0 && one.type == type ? one.count : 0;
	*ret_type = folder;
	return 0;
}

/* ---- all of some types ---- */

int gfs_scan_rels(struct gfs_graph *graph, const struct gfs_set_expr *expr, uint64_t from, uint64_t *ids, size_t max,
	size_t *ret_count)
{
	struct gfs_rel_record record;
	size_t count = 0;
	uint64_t id;
	int err = 0;
	for (; count < max && (err = gfs_rel_record_next(graph->store, from, &id, &record)) == 0; from = id + 1) {
		if (gfs_set_expr_holds(expr, &record.type, 1))
			ids[count++] = id;
	}
	if (err == 0 || err == GFS_ERR_NOTFOUND)
		*ret_count = count;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}
