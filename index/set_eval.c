/* What a set expression has in one chunk. */
#include "index/set_private.h"

#include <assert.h>

static void part_release(struct gfs_set_part *part)
{
	if (part->own != NULL)
		roaring_bitmap_free(part->own);
	gfs_idset_unpin(part->pin);
	*part = (struct gfs_set_part){ 0 };
}

void gfs_set_machine_release(struct gfs_set_machine *m)
{
	while (m->top > 0)
		part_release(&m->stack[--m->top]);
}

static int part_name(const struct gfs_set_eval *e, uint16_t name, uint64_t chunk, struct gfs_set_part *ret_part)
{
	struct gfs_idset *set;
	*ret_part = (struct gfs_set_part){ 0 };
	if (name == 0)
		return 0;
	int err = gfs_idset_get(e->sets, e->expr->kind, name, &set);
	if (err == 0)
		err = gfs_idset_pin(e->sets, set, chunk, &ret_part->pin);
	if (err == 0 && ret_part->pin != NULL)
		ret_part->bits = ret_part->pin->bitmap;
	return err;
}

static int part_any(const struct gfs_set_eval *e, uint64_t chunk, struct gfs_set_part *ret_part)
{
	int err = 0;
	*ret_part = (struct gfs_set_part){ .own = roaring_bitmap_create() };
	ret_part->bits = ret_part->own;
	if (ret_part->own == NULL)
		return GFS_ERR_NOMEM;
	for (uint32_t name = 1; err == 0; name++) {
		struct gfs_set_part one = { 0 };
		err = gfs_set_next_name(e, &name);
		if (err == 0)
			err = part_name(e, (uint16_t)name, chunk, &one);
		if (err == 0 && one.bits != NULL)
			roaring_bitmap_or_inplace(ret_part->own, one.bits);
		part_release(&one);
	}
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* The operations that are left once complements are only noted. */
enum join { JOIN_AND, JOIN_LESS, JOIN_OR };

struct join_plan {
	enum join join;
	bool swapped; /* the second operand less the first */
	bool negated; /* the complement of the result is meant */
};

static struct join_plan plan_and(bool a_negated, bool b_negated)
{
	if (a_negated && b_negated)
		return (struct join_plan){ .join = JOIN_OR, .negated = true };
	if (a_negated || b_negated)
		return (struct join_plan){ .join = JOIN_LESS, .swapped = a_negated };
	return (struct join_plan){ .join = JOIN_AND };
}

static struct join_plan plan_of(enum gfs_set_op op, bool a_negated, bool b_negated)
{
	if (op == GFS_SET_AND)
		return plan_and(a_negated, b_negated);
	struct join_plan plan = plan_and(!a_negated, !b_negated);
	plan.negated = !plan.negated;
	return plan;
}

/* Into a new bitmap, or into `a` when that is our own. */
static roaring_bitmap_t *join_bits(enum join join, struct gfs_set_part *a, const struct gfs_set_part *b)
{
	roaring_bitmap_t *own = a->own;
	switch (join) {
	case JOIN_AND:
		if (own == NULL)
			return roaring_bitmap_and(a->bits, b->bits);
		roaring_bitmap_and_inplace(own, b->bits);
		break;
	case JOIN_LESS:
		if (own == NULL)
			return roaring_bitmap_andnot(a->bits, b->bits);
		roaring_bitmap_andnot_inplace(own, b->bits);
		break;
	case JOIN_OR:
		if (own == NULL)
			return roaring_bitmap_or(a->bits, b->bits);
		roaring_bitmap_or_inplace(own, b->bits);
		break;
	}
	a->own = NULL;
	return own;
}

static void swap_parts(struct gfs_set_part *a, struct gfs_set_part *b)
{
	struct gfs_set_part c = *a;
	*a = *b;
	*b = c;
}

/* *a becomes the result; *b is released. */
static int join_parts(enum gfs_set_op op, struct gfs_set_part *a, struct gfs_set_part *b)
{
	struct join_plan plan = plan_of(op, a->negated, b->negated);
	/* The one that is our own goes first where the order is free, and so does the one that is not empty in a union. */
	bool free_order = plan.join != JOIN_LESS;
	if (plan.swapped || (free_order && a->own == NULL && b->own != NULL) || (plan.join == JOIN_OR && a->bits == NULL))
		swap_parts(a, b);
	if (a->bits == NULL || (b->bits == NULL && plan.join == JOIN_AND)) {
		part_release(a);
	} else if (b->bits != NULL) {
		roaring_bitmap_t *bits = join_bits(plan.join, a, b);
		part_release(a);
		a->bits = a->own = bits;
		if (bits == NULL) {
			part_release(b);
			return GFS_ERR_NOMEM;
		}
	}
	a->negated = plan.negated;
	part_release(b);
	return 0;
}

int gfs_set_run(const struct gfs_set_eval *e, struct gfs_set_machine *m, uint64_t chunk, size_t count)
{
	int err = 0;
	for (size_t i = 0; err == 0 && i < count; i++) {
		const struct gfs_set_term *term = &e->expr->terms[i];
		switch ((enum gfs_set_op)term->op) {
		case GFS_SET_NAME:
			err = part_name(e, term->name, chunk, &m->stack[m->top++]);
			break;
		case GFS_SET_ANY:
			err = part_any(e, chunk, &m->stack[m->top++]);
			break;
		case GFS_SET_NOT:
			m->stack[m->top - 1].negated = !m->stack[m->top - 1].negated;
			break;
		case GFS_SET_AND:
		case GFS_SET_OR:
			m->top--;
			err = join_parts((enum gfs_set_op)term->op, &m->stack[m->top - 1], &m->stack[m->top]);
			break;
		}
	}
	return err;
}

uint64_t gfs_set_cardinality(const struct gfs_set_part *part)
{
	return part->bits == NULL ? 0 : roaring_bitmap_get_cardinality(part->bits);
}

uint64_t gfs_set_join_cardinality(enum gfs_set_op op, const struct gfs_set_part *a, const struct gfs_set_part *b)
{
	struct join_plan plan = plan_of(op, a->negated, b->negated);
	const struct gfs_set_part *first = plan.swapped ? b : a, *second = plan.swapped ? a : b;
	if (first->bits == NULL || second->bits == NULL) {
		if (plan.join == JOIN_AND)
			return 0;
		return plan.join == JOIN_LESS ? gfs_set_cardinality(first)
									  : gfs_set_cardinality(first) + gfs_set_cardinality(second);
	}
	switch (plan.join) {
	case JOIN_AND:
		return roaring_bitmap_and_cardinality(first->bits, second->bits);
	case JOIN_LESS:
		return roaring_bitmap_andnot_cardinality(first->bits, second->bits);
	case JOIN_OR:
		break;
	}
	return roaring_bitmap_or_cardinality(first->bits, second->bits);
}
