/* Records: nodes, their labels, and the chains and adjacency of their relationships; then the relationships themselves. */
#include "graph/check_private.h"

#include "base/checked.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- chains and adjacency ---- */

struct chain {
	uint64_t node;
	enum gfs_direction dir;
	struct gfs_bits *met;
	uint64_t count;
};

static const char *dir_name(enum gfs_direction dir)
{
	return dir == GFS_OUT ? "outgoing" : "incoming";
}

static void chain_defect(struct gfs_check_state *c, const struct chain *chain, uint64_t rel, const char *what)
{
	gfs_check_defect(c, "node %" PRIu64 ": its %s chain, relationship %" PRIu64 ": %s", chain->node,
		dir_name(chain->dir), rel, what);
}

/* The adjacency has the relationship: it is the first entry from its own place on. */
static int check_entry(
	struct gfs_check_state *c, const struct chain *chain, uint64_t rel, uint16_t type, uint64_t other)
{
	struct gfs_adj_entry entry = { other, rel }, got;
	size_t count;
	int err = gfs_adj_list(c->adj, chain->node, chain->dir, type, entry, &got, 1, &count);
	if (gfs_check_is_damage(err) || (err == 0 && (count == 0 || got.other != other || got.rel != rel))) {
		gfs_check_defect(c, "node %" PRIu64 ": its %s adjacency lacks relationship %" PRIu64, chain->node,
			dir_name(chain->dir), rel);
		err = 0;
	}
	return err;
}

/* One link: *at moves on, or to none when the chain is broken. */
static int check_link(struct gfs_check_state *c, struct chain *chain, uint64_t *at, uint64_t *prev)
{
	struct gfs_rel_record r;
	uint64_t id = *at;
	bool out = chain->dir == GFS_OUT;
	*at = GFS_ID_NONE;
	int err = gfs_rel_record_read(c->graph->store, id, &r);
	if (err != 0 && !gfs_check_is_damage(err))
		return err;
	if (err != 0 || !r.exists) {
		chain_defect(c, chain, id, err != 0 ? "its record is damaged" : "it does not exist");
		return 0;
	}
	if ((out ? r.start : r.end) != chain->node) {
		chain_defect(c, chain, id, "it belongs to another node");
		return 0;
	}
	if (!gfs_bits_set(chain->met, id)) {
		chain_defect(c, chain, id, "the chain comes back to it");
		return 0;
	}
	if ((out ? r.start_prev : r.end_prev) != *prev)
		chain_defect(c, chain, id, "its link back is wrong");
	chain->count++;
	*prev = id;
	*at = out ? r.start_next : r.end_next;
	return check_entry(c, chain, id, r.type, out ? r.end : r.start);
}

/* As many entries as the chain has links. Their form is looked at with the rows. */
static int check_adjacency(struct gfs_check_state *c, const struct chain *chain)
{
	struct gfs_adj_type types[64];
	uint64_t total = 0;
	size_t count = 1;
	int err = 0;
	for (uint32_t from = 1; err == 0 && count != 0 && from <= GFS_NAME_ID_MAX;
		 from = count == 0 ? 0 : types[count - 1].type + 1u) {
		err = gfs_adj_types(c->adj, chain->node, chain->dir, (uint16_t)from, types, GFS_COUNT(types), &count);
		if (err != 0)
			return gfs_check_is_damage(err) ? 0 : err;
		for (size_t i = 0; i < count; i++) {
			total += types[i].count;
			if (gfs_name_known(c->graph, GFS_CATALOG_TYPE, types[i].type) != 0)
				gfs_check_defect(c, "node %" PRIu64 ": its %s adjacency has type %u, which has no name", chain->node,
					dir_name(chain->dir), types[i].type);
		}
	}
	c->report.index_entries += total;
	if (err == 0 && total != chain->count)
		gfs_check_defect(c, "node %" PRIu64 ": %" PRIu64 " %s relationships in the chain, %" PRIu64 " in the adjacency",
			chain->node, chain->count, dir_name(chain->dir), total);
	return err;
}

static int check_chain(struct gfs_check_state *c, uint64_t node, enum gfs_direction dir, uint64_t first)
{
	struct chain chain = { .node = node, .dir = dir, .met = dir == GFS_OUT ? &c->in_out : &c->in_in };
	uint64_t prev = GFS_ID_NONE;
	int err = 0;
	for (uint64_t at = first; err == 0 && at != GFS_ID_NONE;)
		err = check_link(c, &chain, &at, &prev);
	return err != 0 ? err : check_adjacency(c, &chain);
}

/* ---- nodes ---- */

static int check_labels(struct gfs_check_state *c, uint64_t id, const struct gfs_node_record *record)
{
	struct gfs_labels labels;
	int err = gfs_labels_read(c->graph, record, &labels);
	if (err != 0)
		return gfs_check_is_damage(err) ? 0 : err; /* the row was told of already */
	for (size_t i = 0; i < labels.count; i++) {
		bool has = false;
		uint16_t label = labels.ids[i];
		c->label_uses[label]++;
		err = gfs_name_known(c->graph, GFS_CATALOG_LABEL, label);
		if (err == GFS_ERR_NOTFOUND)
			gfs_check_defect(c, "node %" PRIu64 ": label %u has no name", id, label);
		if (err == 0)
			err = gfs_idset_contains(c->graph->sets, GFS_IDSET_LABEL, label, id, &has);
		if (err != 0 && !gfs_check_is_damage(err))
			return err;
		if (!has)
			gfs_check_defect(c, "node %" PRIu64 ": the index of label %u lacks it", id, label);
	}
	return 0;
}

static int check_node(struct gfs_check_state *c, uint64_t id)
{
	struct gfs_node_record r;
	char what[40];
	int err = gfs_node_record_read(c->graph->store, id, &r);
	if (err == GFS_ERR_CORRUPT) {
		gfs_check_defect(c, "node %" PRIu64 ": its record is damaged", id);
		return 0;
	}
	if (err != 0 || !r.exists)
		return err;
	c->report.nodes++;
	(void)snprintf(what, sizeof what, "node %" PRIu64, id); /* it fits */
	if (id == GFS_ID_NONE || id >= gfs_store_counter(c->graph->store, GFS_COUNTER_NODE_NEXT))
		gfs_check_defect(c, "%s: its id was never given out", what);
	struct gfs_check_row row = {
		.row_id = r.row_id,
		.what = what,
		.is_node = true,
		.id = id,
		.labels_in_row = r.label_count == GFS_NODE_LABELS_IN_ROW,
	};
	err = gfs_check_row(c, &row);
	if (err == 0)
		err = check_labels(c, id, &r);
	if (err == 0)
		err = check_chain(c, id, GFS_OUT, r.first_out);
	return err != 0 ? err : check_chain(c, id, GFS_IN, r.first_in);
}

/* ---- relationships ---- */

static int check_type(struct gfs_check_state *c, uint64_t id, uint16_t type)
{
	bool has = false;
	c->type_uses[type]++;
	int err = gfs_name_known(c->graph, GFS_CATALOG_TYPE, type);
	if (err == GFS_ERR_NOTFOUND)
		gfs_check_defect(c, "relationship %" PRIu64 ": type %u has no name", id, type);
	if (err == 0)
		err = gfs_idset_contains(c->graph->sets, GFS_IDSET_TYPE, type, id, &has);
	if (err != 0 && !gfs_check_is_damage(err))
		return err;
	if (!has)
		gfs_check_defect(c, "relationship %" PRIu64 ": the index of type %u lacks it", id, type);
	return 0;
}

static int check_rel(struct gfs_check_state *c, uint64_t id)
{
	struct gfs_rel_record r;
	char what[40];
	int err = gfs_rel_record_read(c->graph->store, id, &r);
	if (err == GFS_ERR_CORRUPT) {
		gfs_check_defect(c, "relationship %" PRIu64 ": its record is damaged", id);
		return 0;
	}
	if (err != 0 || !r.exists)
		return err;
	c->report.relationships++;
	(void)snprintf(what, sizeof what, "relationship %" PRIu64, id); /* it fits */
	if (id == GFS_ID_NONE || id >= gfs_store_counter(c->graph->store, GFS_COUNTER_REL_NEXT))
		gfs_check_defect(c, "%s: its id was never given out", what);
	if (!gfs_bits_get(&c->in_out, id))
		gfs_check_defect(c, "%s: it is not in the chain of its start, node %" PRIu64, what, r.start);
	if (!gfs_bits_get(&c->in_in, id))
		gfs_check_defect(c, "%s: it is not in the chain of its end, node %" PRIu64, what, r.end);
	err = check_type(c, id, r.type);
	struct gfs_check_row row = { .row_id = r.row_id, .what = what, .id = id };
	return err != 0 ? err : gfs_check_row(c, &row);
}

/* ---- all pages of records ---- */

/* A page that cannot be read was told of before. */
static int page_there(struct gfs_check_state *c, uint64_t page_id, enum gfs_page_kind kind, bool *ret_there)
{
	struct gfs_page *page;
	int err = gfs_page_get(c->graph->store, page_id, &page);
	*ret_there = false;
	if (err != 0)
		return gfs_check_is_damage(err) ? 0 : err;
	*ret_there = gfs_page_kind(page) == kind;
	gfs_page_put(c->graph->store, page);
	return 0;
}

static int check_records(struct gfs_check_state *c, enum gfs_space space, enum gfs_page_kind kind, uint64_t next,
	uint64_t per_page, int (*check)(struct gfs_check_state *c, uint64_t id))
{
	int err = 0;
	for (uint64_t page = 0; err == 0 && page <= next / per_page; page++) {
		bool there;
		gfs_graph_read_begin(c->graph);
		err = page_there(c, GFS_PAGE_ID(space, page), kind, &there);
		for (uint64_t i = 0; err == 0 && there && i < per_page; i++)
			err = check(c, page * per_page + i);
		gfs_graph_read_end(c->graph);
		gfs_check_progress(c, 1);
	}
	return err;
}

int gfs_check_nodes(struct gfs_check_state *c)
{
	uint64_t next = gfs_store_counter(c->graph->store, GFS_COUNTER_NODE_NEXT);
	return check_records(c, GFS_SPACE_NODE, GFS_PAGE_NODES, next, GFS_NODES_PER_PAGE, check_node);
}

int gfs_check_rels(struct gfs_check_state *c)
{
	uint64_t next = gfs_store_counter(c->graph->store, GFS_COUNTER_REL_NEXT);
	return check_records(c, GFS_SPACE_REL, GFS_PAGE_RELS, next, GFS_RELS_PER_PAGE, check_rel);
}
