/* IN, STARTS WITH, ENDS WITH, CONTAINS and =~. */
#include "query/ast.h"
#include "query/function_private.h"

#include <assert.h>

static struct gfs_datum from_truth(enum gfs_truth truth)
{
	return truth == GFS_UNKNOWN ? gfs_datum_null() : gfs_datum_boolean(truth == GFS_TRUE);
}

/* True when some item is equal; unknown when none is and some may be. */
static int test_in(
	const struct gfs_function_env *env, struct gfs_datum item, struct gfs_datum list, struct gfs_datum *ret_value)
{
	enum gfs_truth any = GFS_FALSE;
	if (gfs_datum_is_null(list)) {
		*ret_value = gfs_datum_null();
		return 0;
	}
	if (list.type != GFS_DATUM_LIST)
		return gfs_fail_type(env, "InvalidArgumentType", "IN wants a LIST on its right, not %s", gfs_type_of(list));
	for (uint32_t i = 0; i < list.size && any != GFS_TRUE; i++) {
		enum gfs_truth one = gfs_datum_equal(item, list.items[i]);
		if (one != GFS_FALSE)
			any = one;
	}
	*ret_value = from_truth(any);
	return 0;
}

static bool starts_with(struct gfs_slice text, struct gfs_slice part)
{
	return part.size == 0 || (text.size >= part.size && memcmp(text.data, part.data, part.size) == 0);
}

static bool ends_with(struct gfs_slice text, struct gfs_slice part)
{
	return part.size == 0 ||
		(text.size >= part.size && memcmp(text.data + (text.size - part.size), part.data, part.size) == 0);
}

static bool contains(struct gfs_slice text, struct gfs_slice part)
{
	return part.size == 0 || (text.size >= part.size && memmem(text.data, text.size, part.data, part.size) != NULL);
}

int gfs_datum_test(
	const struct gfs_function_env *env, uint8_t op, struct gfs_datum a, struct gfs_datum b, struct gfs_datum *ret_value)
{
	if (op == GFS_OP_IN)
		return test_in(env, a, b, ret_value);
	if (a.type != GFS_DATUM_STRING || b.type != GFS_DATUM_STRING) {
		*ret_value = gfs_datum_null();
		return 0;
	}
	if (op == GFS_OP_REGEX)
		return gfs_regex_test(env, a, b, ret_value);
	struct gfs_slice text = gfs_datum_text(a);
	struct gfs_slice part = gfs_datum_text(b);
	assert(op == GFS_OP_STARTS_WITH || op == GFS_OP_ENDS_WITH || op == GFS_OP_CONTAINS);
	bool yes = op == GFS_OP_STARTS_WITH ? starts_with(text, part)
		: op == GFS_OP_ENDS_WITH        ? ends_with(text, part)
										: contains(text, part);
	*ret_value = gfs_datum_boolean(yes);
	return 0;
}
