#include "tests/bench/rels.h"

#include <assert.h>

struct csr {
	uint64_t nodes;     /* ids are less */
	uint32_t *first[2]; /* by direction and node: where its relationships begin */
	uint16_t *type;
	uint32_t *other, *rel;
	size_t count;
};

struct range {
	uint32_t from, end;
};

static struct range of_node(const struct csr *c, uint64_t node, enum gfs_direction dir)
{
	return (struct range){ c->first[dir][node], c->first[dir][node + 1] };
}

/* The first in the range with at least this (type, other). */
static uint32_t lower_bound(const struct csr *c, struct range r, uint16_t type, uint64_t other)
{
	while (r.from < r.end) {
		uint32_t middle = r.from + (r.end - r.from) / 2;
		if (c->type[middle] < type || (c->type[middle] == type && c->other[middle] < other))
			r.from = middle + 1;
		else
			r.end = middle;
	}
	return r.from;
}

static struct range of_folder(const struct csr *c, uint64_t node, enum gfs_direction dir, uint16_t type)
{
	struct range all = of_node(c, node, dir);
	return (struct range){ lower_bound(c, all, type, 0), lower_bound(c, all, type, UINT64_MAX) };
}

static struct rels_answer nodes(void *state, const uint64_t *ids, size_t count, enum gfs_direction dir)
{
	const struct csr *c = state;
	struct rels_answer answer = { 0 };
	for (size_t n = 0; n < count; n++) {
		struct range r = of_node(c, ids[n], dir);
		answer.count += r.end - r.from;
		for (uint32_t i = r.from; i < r.end; i++)
			answer.sum += c->type[i] + (uint64_t)(c->other[i] ^ c->rel[i]);
	}
	return answer;
}

static struct rels_answer folder(void *state, uint64_t node, enum gfs_direction dir, uint16_t type)
{
	const struct csr *c = state;
	struct rels_answer answer = { 0 };
	struct gfs_adj_entry batch[RELS_BATCH];
	for (uint32_t from = of_folder(c, node, dir, type).from;; from += RELS_BATCH) {
		struct range r = of_folder(c, node, dir, type);
		size_t count = 0;
		for (uint32_t i = from; i < r.end && count < RELS_BATCH; i++)
			batch[count++] = (struct gfs_adj_entry){ c->other[i], c->rel[i] };
		for (size_t i = 0; i < count; i++)
			answer.sum += type + (batch[i].other ^ batch[i].rel);
		answer.count += count;
		if (count < RELS_BATCH)
			return answer;
	}
}

static uint64_t degree(void *state, uint64_t node, enum gfs_direction dir, uint16_t type)
{
	struct range r = of_folder(state, node, dir, type);
	return r.end - r.from;
}

static struct rels_answer pair(void *state, uint64_t node, enum gfs_direction dir, uint16_t type, uint64_t other)
{
	const struct csr *c = state;
	struct range r = of_node(c, node, dir);
	struct rels_answer answer = { 0 };
	for (uint32_t i = lower_bound(c, r, type, other); i < r.end && c->type[i] == type && c->other[i] == other; i++) {
		answer.count++;
		answer.sum += c->rel[i];
	}
	return answer;
}

static void *array(size_t count, size_t size)
{
	void *p = calloc(count, size);
	if (p == NULL) {
		perror("rels_csr");
		exit(2);
	}
	return p;
}

struct rels_engine rels_csr(const struct rels_all *all)
{
	struct csr *c = array(1, sizeof *c);
	assert(all->count <= UINT32_MAX && all->last_node < UINT32_MAX);
	c->nodes = all->last_node + 1;
	c->count = all->count;
	c->type = array(all->count, sizeof *c->type);
	c->other = array(all->count, sizeof *c->other);
	c->rel = array(all->count, sizeof *c->rel);
	size_t i = 0;
	for (unsigned dir = 0; dir < 2; dir++) {
		c->first[dir] = array(c->nodes + 1, sizeof *c->first[dir]);
		for (uint64_t node = 0; node <= c->nodes; node++) {
			while (i < all->count && all->ends[i].at < rels_at(node, (enum gfs_direction)dir, 0))
				i++;
			c->first[dir][node] = (uint32_t)i;
		}
	}
	for (i = 0; i < all->count; i++) {
		c->type[i] = (uint16_t)all->ends[i].at;
		c->other[i] = (uint32_t)all->ends[i].entry.other;
		c->rel[i] = (uint32_t)all->ends[i].entry.rel;
	}
	return (struct rels_engine){
		.name = "CSR array", .nodes = nodes, .folder = folder, .degree = degree, .pair = pair, .state = c
	};
}

uint64_t rels_csr_bytes(const struct rels_engine *engine)
{
	const struct csr *c = engine->state;
	return 2 * (c->nodes + 1) * sizeof *c->first[0] + c->count * (sizeof *c->type + sizeof *c->other + sizeof *c->rel);
}

void rels_csr_free(struct rels_engine *engine)
{
	struct csr *c = engine->state;
	free(c->first[0]);
	free(c->first[1]);
	free(c->type);
	free(c->other);
	free(c->rel);
	free(c);
}
