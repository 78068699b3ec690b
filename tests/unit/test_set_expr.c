/* index/set_expr: building, truth of single elements, and lists and counts of random expressions against a table of bits, over ids in many chunks. */
#include "index_store.h"

#include "base/checked.h"
#include "index/index_cache.h"
#include "index/set_expr.h"
#include "store/record.h"

#include <string.h>

enum { LABELS = 7, CHUNKS = 6, ELEMENTS = 9000, EXPRESSIONS = 400 };

static struct test_store t;
static struct gfs_cache *cache;
static struct gfs_idsets *sets;
static struct gfs_catalog *catalog;
static uint64_t random_state = 88172645463325252u;

static struct element {
	uint64_t id;
	uint8_t labels; /* a bit a label */
} elements[ELEMENTS];
static size_t element_count;

static int freeze(struct gfs_store *store)
{
	size_t max = SIZE_MAX;
	int err = gfs_idsets_before_freeze(sets, store, &max);
	return err != 0 ? err : gfs_catalog_before_freeze(catalog, store, &max);
}

static uint64_t below(uint64_t n)
{
	return test_random(&random_state) % n;
}

/* ---- the sets: runs, dense stretches and single ids, chunks without any, and nodes that have no label ---- */

static void add_element(struct gfs_txn *txn, uint64_t id, uint8_t labels)
{
	struct gfs_node_record record = { .exists = true };
	assert_int_equal(gfs_node_id_take(txn, id), 0);
	assert_int_equal(gfs_node_record_write(txn, id, &record), 0);
	for (uint16_t l = 0; l < LABELS; l++) {
		if ((labels >> l & 1) == 0)
			continue;
		assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_LABEL, l + 1, id), 0);
		assert_int_equal(gfs_catalog_count(txn, catalog, GFS_CATALOG_LABEL, l + 1, 1), 0);
	}
	elements[element_count++] = (struct element){ id, labels };
}

static void fill(void)
{
	static const unsigned gaps[CHUNKS] = { 1, 200, 3, 0, 20, 65535 };
	struct gfs_txn *txn = test_begin(&t);
	for (uint16_t l = 0; l < LABELS; l++) {
		char name[] = { 'L', (char)('0' + l), 0 };
		uint16_t id;
		assert_int_equal(gfs_catalog_add(txn, catalog, GFS_CATALOG_LABEL, gfs_slice_text(name), &id), 0);
		assert_int_equal(id, l + 1);
	}
	for (uint64_t chunk = 0; chunk < CHUNKS; chunk++) {
		uint64_t from = chunk << 16, step = gaps[chunk];
		/* The last label is in the first chunk only, the one before it in all of some stretches. */
		for (uint64_t id = from + (chunk == 0); step != 0 && id < from + 65536; id += step) {
			if (element_count == ELEMENTS || id - from > 2000 * step)
				break;
			uint8_t labels = (uint8_t)below(1 << (chunk == 0 ? LABELS : LABELS - 1));
			add_element(txn, id, id % 1000 < 300 ? labels | 1 << (LABELS - 2) : labels & (uint8_t)~3u);
		}
	}
	assert_int_equal(gfs_txn_counter_set(txn, GFS_COUNTER_NODES, element_count), 0);
	test_commit(txn);
}

static int setup(void **state)
{
	(void)state;
	test_store_create(&t);
	assert_int_equal(gfs_index_cache_open(t.store, &cache), 0);
	assert_int_equal(gfs_idsets_open(t.store, cache, &sets), 0);
	assert_int_equal(gfs_catalog_open(t.store, &catalog), 0);
	t.before_freeze = freeze;
	fill();
	assert_int_equal(gfs_store_checkpoint(t.store), 0);
	gfs_cache_set_limit(cache, 8192); /* so that what is looked at is evicted all the time */
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_store_destroy(&t);
	gfs_idsets_free(sets);
	gfs_cache_free(cache);
	gfs_catalog_free(catalog);
	return 0;
}

/* ---- expressions ---- */

static void push(struct gfs_set_expr *expr, enum gfs_set_op op, uint16_t name)
{
	assert_int_equal(gfs_set_expr_push(expr, op, name), 0);
}

static struct gfs_set_expr random_expr(void)
{
	struct gfs_set_expr expr = GFS_SET_EXPR_INIT(GFS_IDSET_LABEL);
	unsigned terms = 1 + (unsigned)below(14);
	while (expr.count < terms || expr.open != 1) {
		enum gfs_set_op op = (enum gfs_set_op)below(8);
		if (op > GFS_SET_OR || expr.open == 0)
			op = GFS_SET_NAME;
		if (expr.count >= terms)
			op = below(2) == 0 ? GFS_SET_AND : GFS_SET_OR;
		int err = gfs_set_expr_push(&expr, op, (uint16_t)below(LABELS + 1)); /* 0: of none */
		assert_true(err == 0 || (err == GFS_ERR_INVALID && op > GFS_SET_NOT && expr.open < 2));
	}
	return expr;
}

/* By hand, not by gfs_set_expr_holds. */
static bool is_in(const struct gfs_set_expr *expr, uint8_t labels)
{
	bool stack[GFS_SET_STACK_MAX];
	unsigned top = 0;
	for (size_t i = 0; i < expr->count; i++) {
		uint16_t name = expr->terms[i].name;
		switch ((enum gfs_set_op)expr->terms[i].op) {
		case GFS_SET_NAME:
			stack[top++] = name != 0 && (labels >> (name - 1) & 1) != 0;
			break;
		case GFS_SET_ANY:
			stack[top++] = labels != 0;
			break;
		case GFS_SET_NOT:
			stack[top - 1] = !stack[top - 1];
			break;
		case GFS_SET_AND:
			top--;
			stack[top - 1] = stack[top - 1] && stack[top];
			break;
		case GFS_SET_OR:
			top--;
			stack[top - 1] = stack[top - 1] || stack[top];
			break;
		}
	}
	return stack[0];
}

static bool holds(const struct gfs_set_expr *expr, uint8_t labels)
{
	uint16_t names[LABELS];
	size_t count = 0;
	for (uint16_t l = 0; l < LABELS; l++) {
		if ((labels >> l & 1) != 0)
			names[count++] = l + 1;
	}
	return gfs_set_expr_holds(expr, names, count);
}

static size_t expected_of(const struct gfs_set_expr *expr, uint64_t *ids)
{
	size_t count = 0;
	for (size_t i = 0; i < element_count; i++) {
		bool in = is_in(expr, elements[i].labels);
		assert_int_equal(holds(expr, elements[i].labels), in);
		if (in)
			ids[count++] = elements[i].id;
	}
	return count;
}

/* The whole list in parts of random sizes, and a part from anywhere. */
static void compare_list(const struct gfs_set_expr *expr, const uint64_t *ids, size_t count)
{
	static uint64_t got[ELEMENTS];
	uint64_t from = 0;
	size_t n = 0, at = 0;
	do {
		assert_int_equal(gfs_set_expr_list(sets, catalog, expr, from, got, 1 + below(4000), &n), 0);
		assert_true(at + n <= count);
		assert_memory_equal(got, ids + at, n * sizeof *got);
		at += n;
		from = n > 0 ? got[n - 1] + 1 : 0;
	} while (n > 0);
	assert_int_equal(at, count);
	from = below(CHUNKS << 16);
	for (at = 0; at < count && ids[at] < from;)
		at++;
	assert_int_equal(gfs_set_expr_list(sets, catalog, expr, from, got, 100, &n), 0);
	assert_int_equal(n, GFS_MIN(count - at, (size_t)100));
	assert_memory_equal(got, ids + at, n * sizeof *got);
}

static void test_random_expressions(void **state)
{
	static uint64_t ids[ELEMENTS];
	(void)state;
	gfs_store_read_begin(t.store);
	for (unsigned i = 0; i < EXPRESSIONS; i++) {
		struct gfs_set_expr expr = random_expr();
		size_t count = expected_of(&expr, ids);
		uint64_t counted;
		compare_list(&expr, ids, count);
		assert_int_equal(gfs_set_expr_count(sets, catalog, &expr, &counted), 0);
		assert_int_equal(counted, count);
		gfs_set_expr_release(&expr);
	}
	gfs_store_read_end(t.store);
}

static void test_what_is_refused(void **state)
{
	struct gfs_set_expr expr = GFS_SET_EXPR_INIT(GFS_IDSET_LABEL);
	uint64_t ids[4], counted;
	size_t count;
	(void)state;
	assert_int_equal(gfs_set_expr_push(&expr, GFS_SET_NOT, 0), GFS_ERR_INVALID);
	push(&expr, GFS_SET_NAME, 1);
	assert_int_equal(gfs_set_expr_push(&expr, GFS_SET_OR, 0), GFS_ERR_INVALID);
	assert_true(gfs_set_expr_is_whole(&expr));
	push(&expr, GFS_SET_NAME, 2);
	assert_false(gfs_set_expr_is_whole(&expr));
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_set_expr_list(sets, catalog, &expr, 0, ids, 4, &count), GFS_ERR_INVALID);
	assert_int_equal(gfs_set_expr_count(sets, catalog, &expr, &counted), GFS_ERR_INVALID);
	gfs_store_read_end(t.store);
	while (expr.open < GFS_SET_STACK_MAX)
		push(&expr, GFS_SET_NAME, 1);
	assert_int_equal(gfs_set_expr_push(&expr, GFS_SET_NAME, 1), GFS_ERR_LIMIT);
	while (expr.open > 1)
		push(&expr, GFS_SET_AND, 0);
	while (expr.count < GFS_SET_TERMS_MAX)
		push(&expr, GFS_SET_NOT, 0);
	assert_int_equal(gfs_set_expr_push(&expr, GFS_SET_NOT, 0), GFS_ERR_LIMIT);
	gfs_set_expr_release(&expr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_expressions),
		cmocka_unit_test(test_what_is_refused),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
