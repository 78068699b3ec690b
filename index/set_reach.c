/* Where a set expression may have members. */
#include "index/set_private.h"

#include "base/checked.h"

#include <assert.h>

int gfs_set_next_name(const struct gfs_set_eval *e, uint32_t *name)
{
	struct gfs_catalog_entry entry = { 0 };
	int err = 0;
	do {
		if (*name > GFS_NAME_ID_MAX)
			return GFS_ERR_NOTFOUND;
		err = gfs_catalog_next(e->catalog, gfs_set_names(e->expr), (uint16_t)*name, &entry);
		*name = entry.id + 1u;
	} while (err == 0 && entry.count == 0);
	*name = entry.id;
	return err;
}

static int reach_name(const struct gfs_set_eval *e, uint16_t name, uint64_t from, uint64_t *ret_chunk)
{
	struct gfs_idset *set;
	*ret_chunk = GFS_SET_NO_CHUNK;
	if (name == 0)
		return 0;
	int err = gfs_idset_get(e->sets, e->expr->kind, name, &set);
	if (err == 0)
		*ret_chunk = gfs_idset_next_chunk(set, from);
	return err;
}

static int reach_any(const struct gfs_set_eval *e, uint64_t from, uint64_t *ret_chunk)
{
	int err = 0;
	*ret_chunk = GFS_SET_NO_CHUNK;
	for (uint32_t name = 1; err == 0 && *ret_chunk != from; name++) {
		uint64_t chunk;
		err = gfs_set_next_name(e, &name);
		if (err == 0)
			err = reach_name(e, (uint16_t)name, from, &chunk);
		if (err == 0)
			*ret_chunk = GFS_MIN(*ret_chunk, chunk);
	}
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

static struct gfs_set_reach reach_and(struct gfs_set_reach a, struct gfs_set_reach b)
{
	if (a.negated && b.negated)
		return (struct gfs_set_reach){ GFS_MIN(a.chunk, b.chunk), true };
	if (a.negated || b.negated)
		return (struct gfs_set_reach){ a.negated ? b.chunk : a.chunk, false };
	return (struct gfs_set_reach){ GFS_MAX(a.chunk, b.chunk), false };
}

static struct gfs_set_reach reach_not(struct gfs_set_reach a)
{
	a.negated = !a.negated;
	return a;
}

int gfs_set_reach_from(const struct gfs_set_eval *e, uint64_t from, struct gfs_set_reach *ret_reach)
{
	struct gfs_set_reach stack[GFS_SET_STACK_MAX] = { 0 };
	unsigned top = 0;
	int err = 0;
	for (size_t i = 0; err == 0 && i < e->expr->count; i++) {
		const struct gfs_set_term *term = &e->expr->terms[i];
		switch ((enum gfs_set_op)term->op) {
		case GFS_SET_NAME:
		case GFS_SET_ANY:
			stack[top].negated = false;
			err = term->op == GFS_SET_NAME ? reach_name(e, term->name, from, &stack[top].chunk)
										   : reach_any(e, from, &stack[top].chunk);
			top++;
			break;
		case GFS_SET_NOT:
			stack[top - 1] = reach_not(stack[top - 1]);
			break;
		case GFS_SET_AND:
			top--;
			stack[top - 1] = reach_and(stack[top - 1], stack[top]);
			break;
		case GFS_SET_OR:
			top--;
			stack[top - 1] = reach_not(reach_and(reach_not(stack[top - 1]), reach_not(stack[top])));
			break;
		}
	}
	if (err == 0)
		*ret_reach = stack[0];
	return err;
}
