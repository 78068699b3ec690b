/* The check of a whole graph: its order, its report, and the counts at the end. */
#include "graph/check_private.h"

#include "base/checked.h"
#include "index/index_cache.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Nodes are met in the order of their ids, so few groups of adjacency are in use at a time. */
#define CACHE_BYTES (UINT64_C(4) << 20)

void gfs_check_defect(struct gfs_check_state *c, const char *format, ...)
{
	char line[768];
	va_list args;
	c->report.errors++;
	if (c->lines == GFS_CHECK_LINES_MAX || c->found == NULL)
		return;
	c->lines++;
	va_start(args, format);
	(void)vsnprintf(line, sizeof line, format, args); /* a long line is cut */
	va_end(args);
	c->found(c->context, line);
}

bool gfs_check_is_damage(int err)
{
	return err == GFS_ERR_CORRUPT || err == GFS_ERR_NOTFOUND || err == GFS_ERR_INVALID || err == GFS_ERR_EXISTS;
}

void gfs_check_progress(struct gfs_check_state *c, uint64_t pages)
{
	c->done += pages;
	if (c->progress != NULL)
		c->progress(c->context, GFS_MIN(c->done, c->total), c->total);
}

int gfs_bits_init(struct gfs_bits *bits, uint64_t count)
{
	/* calloc: pages of the bitmap that are never touched take no memory. */
	bits->words = calloc((size_t)(count / 64 + 1), sizeof *bits->words);
	bits->count = count;
	return bits->words == NULL ? GFS_ERR_NOMEM : 0;
}

bool gfs_bits_get(const struct gfs_bits *bits, uint64_t bit)
{
	return bit < bits->count && (bits->words[bit / 64] >> bit % 64 & 1) != 0;
}

bool gfs_bits_set(struct gfs_bits *bits, uint64_t bit)
{
	if (bit >= bits->count || gfs_bits_get(bits, bit))
		return false;
	bits->words[bit / 64] |= UINT64_C(1) << bit % 64;
	return true;
}

/* ---- counts ---- */

static void check_counter(struct gfs_check_state *c, enum gfs_counter counter, uint64_t found, const char *what)
{
	uint64_t stored = gfs_store_counter(c->graph->store, counter);
	if (stored != found)
		gfs_check_defect(c, "the counter of %s is %llu, there are %llu", what, (unsigned long long)stored,
			(unsigned long long)found);
}

static int check_names(
	struct gfs_check_state *c, enum gfs_catalog_kind kind, const uint64_t *uses, const char *what, uint64_t *ret_names)
{
	struct gfs_catalog_entry entry;
	uint32_t from = 1;
	int err = 0;
	for (; from <= GFS_NAME_ID_MAX && (err = gfs_catalog_next(c->graph->catalog, kind, (uint16_t)from, &entry)) == 0;
		 from = entry.id + 1u) {
		++*ret_names;
		if (entry.count != uses[entry.id])
			gfs_check_defect(c, "%s %.*s is counted %llu times and used %llu times", what, (int)entry.name.size,
				(const char *)entry.name.data, (unsigned long long)entry.count, (unsigned long long)uses[entry.id]);
	}
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

static int check_counts(struct gfs_check_state *c)
{
	struct gfs_check_report *r = &c->report;
	gfs_graph_read_begin(c->graph);
	check_counter(c, GFS_COUNTER_NODES, r->nodes, "nodes");
	check_counter(c, GFS_COUNTER_RELS, r->relationships, "relationships");
	check_counter(c, GFS_COUNTER_PROPERTIES, r->properties, "properties");
	int err = check_names(c, GFS_CATALOG_LABEL, c->label_uses, "label", &r->labels);
	if (err == 0)
		err = check_names(c, GFS_CATALOG_TYPE, c->type_uses, "type", &r->types);
	if (err == 0)
		err = check_names(c, GFS_CATALOG_KEY, c->key_uses, "property key", &r->keys);
	gfs_graph_read_end(c->graph);
	return err;
}

/* ---- the whole ---- */

static int start(struct gfs_check_state *c)
{
	struct gfs_store *store = c->graph->store;
	uint64_t rels = gfs_store_counter(store, GFS_COUNTER_REL_NEXT),
			 blobs = gfs_store_counter(store, GFS_COUNTER_BLOB_PAGES);
	uint64_t nodes = gfs_store_counter(store, GFS_COUNTER_NODE_NEXT),
			 heap = gfs_store_counter(store, GFS_COUNTER_HEAP_PAGES);
	if (rels > GFS_ID_MAX + 1 || nodes > GFS_ID_MAX + 1 || blobs > UINT64_C(1) << 40 || heap > UINT64_C(1) << 40) {
		gfs_check_defect(c, "a counter of ids or pages is out of its range");
		return GFS_ERR_CORRUPT;
	}
	int err = gfs_index_cache_new(CACHE_BYTES, &c->cache);
	if (err == 0)
		err = gfs_adj_open(store, c->cache, &c->adj);
	if (err != 0)
		return err;
	/* Each page is met once by itself, and records once more. */
	c->total = heap + blobs + 2 * (nodes / GFS_NODES_PER_PAGE + rels / GFS_RELS_PER_PAGE + 2);
	c->label_uses = calloc(GFS_NAME_ID_MAX + 1, sizeof *c->label_uses);
	c->type_uses = calloc(GFS_NAME_ID_MAX + 1, sizeof *c->type_uses);
	c->key_uses = calloc(GFS_NAME_ID_MAX + 1, sizeof *c->key_uses);
	if (c->label_uses == NULL || c->type_uses == NULL || c->key_uses == NULL)
		return GFS_ERR_NOMEM;
	err = gfs_bits_init(&c->in_out, rels + 1);
	if (err == 0)
		err = gfs_bits_init(&c->in_in, rels + 1);
	return err != 0 ? err : gfs_bits_init(&c->blob_pages, blobs + 1);
}

static void finish(struct gfs_check_state *c)
{
	gfs_u64map_release(&c->rows);
	gfs_adj_free(c->adj);
	gfs_cache_free(c->cache);
	free(c->blob_pages.words);
	free(c->in_out.words);
	free(c->in_in.words);
	free(c->label_uses);
	free(c->type_uses);
	free(c->key_uses);
}

int gfs_graph_check(struct gfs_graph *graph, void (*found)(void *context, const char *line),
	void (*progress)(void *context, uint64_t done, uint64_t total), void *context, struct gfs_check_report *ret_report)
{
	static int (*const parts[])(struct gfs_check_state * c) = {
		gfs_check_pages,
		gfs_check_nodes,
		gfs_check_rels,
		gfs_check_leftovers,
		gfs_check_indexes,
		gfs_check_props,
		check_counts,
	};
	struct gfs_check_state c = { .graph = graph, .found = found, .progress = progress, .context = context };
	int err = start(&c);
	for (size_t i = 0; err == 0 && i < GFS_COUNT(parts); i++)
		err = parts[i](&c);
	if (err == 0)
		gfs_check_progress(&c, c.total - GFS_MIN(c.done, c.total));
	*ret_report = c.report;
	finish(&c);
	return err;
}
