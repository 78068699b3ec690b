#include "index/set_expr.h"

#include "base/checked.h"

#include <assert.h>
#include <stdlib.h>

void gfs_set_expr_release(struct gfs_set_expr *expr)
{
	free(expr->terms);
	*expr = GFS_SET_EXPR_INIT(expr->kind);
}

static unsigned operands_of(enum gfs_set_op op)
{
	switch (op) {
	case GFS_SET_NOT:
		return 1;
	case GFS_SET_AND:
	case GFS_SET_OR:
		return 2;
	case GFS_SET_NAME:
	case GFS_SET_ANY:
		break;
	}
	return 0;
}

static int reserve(struct gfs_set_expr *expr)
{
	if (expr->count < expr->capacity)
		return 0;
	size_t capacity = GFS_MAX(expr->capacity * 2, (size_t)8);
	struct gfs_set_term *terms = realloc(expr->terms, capacity * sizeof *terms);
	if (terms == NULL)
		return GFS_ERR_NOMEM;
	expr->terms = terms;
	expr->capacity = capacity;
	return 0;
}

int gfs_set_expr_push(struct gfs_set_expr *expr, enum gfs_set_op op, uint16_t name)
{
	unsigned operands = operands_of(op);
	if (expr->open < operands)
		return GFS_ERR_INVALID;
	if (expr->count == GFS_SET_TERMS_MAX || expr->open - operands == GFS_SET_STACK_MAX)
		return GFS_ERR_LIMIT;
	int err = reserve(expr);
	if (err != 0)
		return err;
	expr->terms[expr->count++] = (struct gfs_set_term){ .op = (uint16_t)op, .name = op == GFS_SET_NAME ? name : 0 };
	expr->open = expr->open - operands + 1;
	return 0;
}

bool gfs_set_expr_is_whole(const struct gfs_set_expr *expr)
{
	return expr->open == 1;
}

static bool is_in(uint16_t name, const uint16_t *names, size_t count)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (names[middle] < name)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && names[low] == name;
}

/* The stack of truths is a word: the top is bit 0. */
static_assert(GFS_SET_STACK_MAX <= 64, "a bit an operand");

bool gfs_set_expr_holds(const struct gfs_set_expr *expr, const uint16_t *names, size_t count)
{
	uint64_t stack = 0;
	assert(gfs_set_expr_is_whole(expr));
	for (size_t i = 0; i < expr->count; i++) {
		uint64_t top = stack & 1;
		switch ((enum gfs_set_op)expr->terms[i].op) {
		case GFS_SET_NAME:
			stack = stack << 1 | is_in(expr->terms[i].name, names, count);
			break;
		case GFS_SET_ANY:
			stack = stack << 1 | (count > 0);
			break;
		case GFS_SET_NOT:
			stack ^= 1;
			break;
		case GFS_SET_AND:
			stack = stack >> 1 & (top | ~UINT64_C(1));
			break;
		case GFS_SET_OR:
			stack = stack >> 1 | top;
			break;
		}
	}
	return stack & 1;
}
