#include "fs/bindings.h"

#include <stdlib.h>

#define GENERATIONS (GFS_NODEID_GEN_MAX + 1u)

struct binding {
	uint16_t gen;                    /* the one that look-ups answer */
	uint16_t last;                   /* the one that they answered before it */
	bool handed;                     /* and have answered since it is: the kernel may hold it */
	uint16_t count;                  /* of bits in `held` */
	uint64_t held[GENERATIONS / 64]; /* the others that the kernel may hold */
};

static uint64_t with_gen(uint64_t nodeid, unsigned gen)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	return gfs_nodeid_pack(n.kind, gen, n.sub, n.id);
}

static struct binding *find(const struct gfs_bindings *bindings, uint64_t base)
{
	uint64_t found;
	return gfs_u64map_get(&bindings->by_base, base, &found) ? (struct binding *)(uintptr_t)found : NULL;
}

static bool is_held(const struct binding *b, unsigned gen)
{
	return b->held[gen / 64] >> gen % 64 & 1;
}

void gfs_bindings_release(struct gfs_bindings *bindings)
{
	size_t at = 0;
	uint64_t base, found;
	while (gfs_u64map_next(&bindings->by_base, &at, &base, &found))
		free((struct binding *)(uintptr_t)found);
	gfs_u64map_release(&bindings->by_base);
}

uint64_t gfs_bindings_nodeid(struct gfs_bindings *bindings, uint64_t base, bool hand)
{
	struct binding *b = find(bindings, base);
	if (!b)
		return base;
	b->handed = b->handed || hand;
	return with_gen(base, b->gen);
}

uint64_t gfs_bindings_last(const struct gfs_bindings *bindings, uint64_t base)
{
	const struct binding *b = find(bindings, base);
	return b ? with_gen(base, b->last) : base;
}

static struct binding *add(struct gfs_bindings *bindings, uint64_t base)
{
	struct binding *b = calloc(1, sizeof *b);
	if (!b || gfs_u64map_set(&bindings->by_base, base, (uintptr_t)b) != 0) {
		free(b);
		return NULL;
	}
	b->handed = true; /* it was answered without our noting it */
	return b;
}

int gfs_bindings_advance(struct gfs_bindings *bindings, uint64_t base)
{
	struct binding *b = find(bindings, base);
	if (!b)
		b = add(bindings, base);
	if (!b)
		return GFS_ERR_NOMEM;
	if (!b->handed) /* the kernel cannot hold this one: it will do */
		return 0;
	for (unsigned step = 1; step < GENERATIONS; step++) {
		unsigned gen = (b->gen + step) % GENERATIONS;
		if (is_held(b, gen))
			continue;
		assert(!is_held(b, b->gen));
		b->held[b->gen / 64] |= UINT64_C(1) << b->gen % 64;
		b->count++;
		b->last = b->gen;
		b->gen = (uint16_t)gen;
		b->handed = false;
		return 0;
	}
	return GFS_ERR_LOCKED;
}

void gfs_bindings_forget(struct gfs_bindings *bindings, uint64_t nodeid, bool fresh)
{
	unsigned gen = gfs_nodeid_unpack(nodeid).gen;
	uint64_t base = with_gen(nodeid, 0);
	struct binding *b = find(bindings, base);
	if (!b)
		return;
	if (gen == b->gen) {
		b->handed = b->handed && fresh;
	} else if (is_held(b, gen)) {
		b->held[gen / 64] &= ~(UINT64_C(1) << gen % 64);
		b->count--;
	}
	if (b->count > 0 || b->handed)
		return;
	(void)gfs_u64map_remove(&bindings->by_base, base); /* it is there: find found it */
	free(b);
}
