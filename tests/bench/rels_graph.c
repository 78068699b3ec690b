#include "base/checked.h"
#include "graph/rel_walk.h"
#include "tests/bench/rels.h"

static struct rels_answer nodes(void *state, const uint64_t *ids, size_t count, enum gfs_direction dir)
{
	struct gfs_graph *graph = state;
	struct rels_answer answer = { 0 };
	struct gfs_rels_walk walk;
	struct gfs_rels_run run;
	gfs_graph_read_begin(graph);
	gfs_rels_walk_init(&walk, graph);
	for (size_t n = 0; n < count; n++) {
		gfs_rels_walk_start(&walk, ids[n], dir, 0);
		int err;
		while ((err = gfs_rels_walk_next(&walk, &run)) == 0) {
			answer.count += run.count;
			for (size_t i = 0; i < run.count; i++)
				answer.sum += run.type + (run.entries[i].other ^ run.entries[i].rel);
		}
		if (err != GFS_ERR_NOTFOUND)
			OK(err);
	}
	gfs_rels_walk_end(&walk);
	gfs_graph_read_end(graph);
	return answer;
}

static size_t list(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry *from, struct gfs_adj_entry batch[RELS_BATCH])
{
	size_t count;
	OK(gfs_rels_list(graph, node, dir, type, *from, batch, RELS_BATCH, &count));
	if (count > 0)
		*from = (struct gfs_adj_entry){ batch[count - 1].other, batch[count - 1].rel + 1 };
	return count;
}

static struct rels_answer folder(void *state, uint64_t node, enum gfs_direction dir, uint16_t type)
{
	struct rels_answer answer = { 0 };
	struct gfs_adj_entry batch[RELS_BATCH], from = { 0, 0 };
	size_t count;
	do {
		gfs_graph_read_begin(state);
		count = list(state, node, dir, type, &from, batch);
		gfs_graph_read_end(state);
		for (size_t i = 0; i < count; i++)
			answer.sum += type + (batch[i].other ^ batch[i].rel);
		answer.count += count;
	} while (count == RELS_BATCH);
	return answer;
}

static struct rels_answer keys(void *state, uint64_t node, enum gfs_direction dir, uint16_t type)
{
	struct rels_answer answer = { 0 };
	struct gfs_adj_entry batch[RELS_BATCH], from = { 0, 0 };
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	size_t count;
	do {
		gfs_graph_read_begin(state);
		count = list(state, node, dir, type, &from, batch);
		for (size_t i = 0; i < count; i++) {
			gfs_buf_clear(&key);
			int err = gfs_node_key(state, batch[i].other, &key);
			if (err != GFS_ERR_NODATA)
				OK(err);
			answer.sum += key.size;
		}
		gfs_graph_read_end(state);
		answer.count += count;
	} while (count == RELS_BATCH);
	return answer;
}

static uint64_t degree(void *state, uint64_t node, enum gfs_direction dir, uint16_t type)
{
	struct gfs_adj_type found;
	gfs_graph_read_begin(state);
	OK(gfs_rels_type(state, node, dir, type, &found));
	gfs_graph_read_end(state);
	return found.count;
}

static struct rels_answer pair(void *state, uint64_t node, enum gfs_direction dir, uint16_t type, uint64_t other)
{
	struct rels_answer answer = { 0 };
	uint64_t rels[RELS_BATCH];
	size_t count;
	gfs_graph_read_begin(state);
	OK(gfs_rels_pair(state, node, dir, type, other, rels, RELS_BATCH, &count));
	gfs_graph_read_end(state);
	answer.count = count;
	for (size_t i = 0; i < GFS_MIN(count, (size_t)RELS_BATCH); i++)
		answer.sum += rels[i];
	return answer;
}

static struct rels_answer of_type(void *state, uint16_t type)
{
	enum { BATCH = 1024 };
	struct rels_answer answer = { 0 };
	uint64_t ids[BATCH];
	size_t count = 0;
	for (uint64_t from = 1;; from = ids[count - 1] + 1) {
		gfs_graph_read_begin(state);
		OK(gfs_type_rels(state, type, from, ids, BATCH, &count));
		gfs_graph_read_end(state);
		if (count == 0)
			return answer;
		answer.count += count;
		for (size_t i = 0; i < count; i++)
			answer.sum += ids[i];
	}
}

struct rels_engine rels_graph(struct gfs_graph *graph)
{
	return (struct rels_engine){ .name = "index",
		.nodes = nodes,
		.folder = folder,
		.keys = keys,
		.degree = degree,
		.pair = pair,
		.of_type = of_type,
		.state = graph };
}
