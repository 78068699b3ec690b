/* All functions by name. The subjects' tables are joined into one order at the first look-up. */
#include "query/function.h"

#include "base/checked.h"
#include "query/function_private.h"

#include <assert.h>
#include <pthread.h>
#include <strings.h>

enum { FUNCTIONS_MAX = 256 };

static const struct gfs_function_table *const tables[] = { &gfs_functions_convert, &gfs_functions_duration,
	&gfs_functions_graph, &gfs_functions_list, &gfs_functions_math, &gfs_functions_round, &gfs_functions_scalar,
	&gfs_functions_spatial, &gfs_functions_string, &gfs_functions_temporal, &gfs_functions_text };

static pthread_once_t joined_once = PTHREAD_ONCE_INIT;
/* Written under joined_once. */
static const struct gfs_function *joined[FUNCTIONS_MAX];
static size_t joined_count;

static int name_order(const void *a, const void *b)
{
	const struct gfs_function *const *x = a;
	const struct gfs_function *const *y = b;
	return strcasecmp((*x)->name, (*y)->name);
}

static void join(void)
{
	for (size_t t = 0; t < GFS_COUNT(tables); t++) {
		assert(joined_count + tables[t]->count <= FUNCTIONS_MAX);
		for (size_t i = 0; i < tables[t]->count; i++)
			joined[joined_count++] = &tables[t]->functions[i];
	}
	qsort(joined, joined_count, sizeof joined[0], name_order);
}

static int compare_name(const char *known, struct gfs_slice name)
{
	int c = name.size == 0 ? 0 : strncasecmp(known, (const char *)name.data, name.size);
	return c != 0 ? c : known[name.size] != '\0';
}

const struct gfs_function *gfs_function_find(struct gfs_slice name)
{
	size_t low = 0;
	(void)pthread_once(&joined_once, join); /* fails for a broken argument only */
	size_t high = joined_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = compare_name(joined[middle]->name, name);
		if (c == 0)
			return joined[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct gfs_function *gfs_function_at(size_t i)
{
	(void)pthread_once(&joined_once, join); /* fails for a broken argument only */
	return i < joined_count ? joined[i] : NULL;
}
