/* Slotted pages against a model of rows in memory, and with bytes that no disk should hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/slotted.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = GFS_SLOTTED_SLOTS_MAX, PAGE = GFS_PAGE_PAYLOAD_SIZE };

struct model {
	uint8_t *rows[SLOTS]; /* NULL: no row */
	unsigned sizes[SLOTS];
	unsigned live_bytes, live;
};

static uint64_t seed = 1;

static unsigned random_below(unsigned n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (unsigned)(seed * UINT64_C(2685821657736338717) >> 33) % n;
}

static void model_set(struct model *m, unsigned slot, const uint8_t *row, unsigned size)
{
	if (m->rows[slot] != NULL) {
		m->live_bytes -= m->sizes[slot];
		m->live--;
		free(m->rows[slot]);
		m->rows[slot] = NULL;
	}
	if (row == NULL)
		return;
	m->rows[slot] = malloc(size);
	memcpy(m->rows[slot], row, size);
	m->sizes[slot] = size;
	m->live_bytes += size;
	m->live++;
}

static void model_compare(const struct model *m, const uint8_t *page)
{
	const char *why = NULL;
	if (gfs_slotted_check(page, &why) != 0)
		fail_msg("%s", why);
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		struct gfs_slotted_row row;
		int err = gfs_slotted_get(page, slot, &row);
		if (m->rows[slot] == NULL) {
			assert_int_equal(err, GFS_ERR_NOTFOUND);
			continue;
		}
		assert_int_equal(err, 0);
		assert_int_equal(row.size, m->sizes[slot]);
		assert_memory_equal(page + row.offset, m->rows[slot], row.size);
	}
}

static unsigned random_row(uint8_t *row, unsigned size_max)
{
	unsigned size = 1 + random_below(size_max);
	memset(row, (int)random_below(256), size);
	return size;
}

/* Only what the plan names may change. */
static void assert_plan_kept(const uint8_t *before, const uint8_t *after, const struct gfs_slotted_plan *plan)
{
	if (plan->compact)
		return;
	for (unsigned i = 0; i < PAGE; i++) {
		unsigned slot_at = GFS_SLOTTED_SLOT_OFFSET(plan->slot);
		if (i < GFS_SLOTTED_HEADER_SIZE || (i >= slot_at && i < slot_at + 4) ||
			(i >= plan->offset && i < plan->offset + plan->size))
			continue;
		assert_int_equal(before[i], after[i]);
	}
}

static void step_insert(struct model *m, uint8_t *page, unsigned size_max)
{
	uint8_t row[PAGE];
	uint8_t before[PAGE];
	struct gfs_slotted_plan plan;
	unsigned room;
	unsigned size = random_row(row, size_max);
	assert_int_equal(gfs_slotted_room(page, &room), 0);
	int err = gfs_slotted_plan_insert(page, size, &plan);
	assert_int_equal(err, size <= room ? 0 : GFS_ERR_NOSPC);
	if (err != 0)
		return;
	memcpy(before, page, PAGE);
	assert_int_equal(gfs_slotted_insert(page, &plan, row, false), 0);
	assert_plan_kept(before, page, &plan);
	assert_null(m->rows[plan.slot]);
	model_set(m, plan.slot, row, size);
}

static void step_update(struct model *m, uint8_t *page, unsigned slot, unsigned size_max)
{
	uint8_t row[PAGE];
	uint8_t before[PAGE];
	struct gfs_slotted_plan plan;
	unsigned size = random_row(row, size_max);
	int err = gfs_slotted_plan_update(page, slot, size, &plan);
	if (m->rows[slot] == NULL) {
		assert_int_equal(err, GFS_ERR_NOTFOUND);
		return;
	}
	unsigned others = m->live_bytes - m->sizes[slot];
	assert_int_equal(err, others + size + GFS_SLOTTED_SLOT_OFFSET(gfs_slotted_slots(page)) <= PAGE ? 0 : GFS_ERR_NOSPC);
	if (err != 0)
		return;
	memcpy(before, page, PAGE);
	assert_int_equal(gfs_slotted_update(page, &plan, row, false), 0);
	assert_plan_kept(before, page, &plan);
	model_set(m, slot, row, size);
}

static void step_delete(struct model *m, uint8_t *page, unsigned slot)
{
	int err = gfs_slotted_delete(page, slot);
	assert_int_equal(err, m->rows[slot] == NULL ? GFS_ERR_NOTFOUND : 0);
	model_set(m, slot, NULL, 0);
	if (m->live == 0)
		assert_int_equal(gfs_slotted_slots(page), 0);
}

static void run_random(unsigned size_max, unsigned steps)
{
	static uint8_t page[PAGE];
	struct model *m = calloc(1, sizeof *m);
	memset(page, 0, PAGE);
	gfs_slotted_init(page);
	for (unsigned i = 0; i < steps; i++) {
		unsigned slots = gfs_slotted_slots(page);
		unsigned slot = random_below(slots + 1);
		switch (random_below(4)) {
		case 0:
		case 1:
			step_insert(m, page, size_max);
			break;
		case 2:
			step_update(m, page, slot, size_max);
			break;
		default:
			step_delete(m, page, slot);
		}
		if (i % 16 == 0)
			model_compare(m, page);
	}
	for (unsigned slot = 0; slot < SLOTS; slot++)
		step_delete(m, page, slot);
	model_compare(m, page);
	free(m);
}

static void test_random(void **state)
{
	(void)state;
	run_random(2, 6000);
	run_random(40, 6000);
	run_random(400, 6000);
	run_random(4000, 6000);
	run_random(GFS_SLOTTED_ROW_BYTES_MAX, 2000);
}

static void test_longest_row(void **state)
{
	static uint8_t page[PAGE];
	static uint8_t row[GFS_SLOTTED_ROW_BYTES_MAX] = { 7 };
	struct gfs_slotted_plan plan;
	unsigned room;
	(void)state;
	gfs_slotted_init(page);
	assert_int_equal(gfs_slotted_room(page, &room), 0);
	assert_int_equal(room, GFS_SLOTTED_ROW_BYTES_MAX);
	assert_int_equal(gfs_slotted_plan_insert(page, room, &plan), 0);
	assert_int_equal(gfs_slotted_insert(page, &plan, row, false), 0);
	assert_int_equal(gfs_slotted_plan_insert(page, 1, &plan), GFS_ERR_NOSPC);
	assert_int_equal(gfs_slotted_room(page, &room), 0);
	assert_int_equal(room, 0);
}

static void test_smallest_rows(void **state)
{
	static uint8_t page[PAGE];
	struct gfs_slotted_plan plan;
	unsigned count = 0;
	(void)state;
	gfs_slotted_init(page);
	while (gfs_slotted_plan_insert(page, 1, &plan) == 0) {
		assert_int_equal(gfs_slotted_insert(page, &plan, (const uint8_t *)"x", false), 0);
		count++;
	}
	assert_int_equal(count, SLOTS);
}

/* A payload of 40 rows, some of them free again. */
static void build(uint8_t *page)
{
	uint8_t row[200];
	memset(page, 0, PAGE);
	memset(row, 3, sizeof row);
	gfs_slotted_init(page);
	for (unsigned i = 0; i < 40; i++) {
		struct gfs_slotted_plan plan;
		assert_int_equal(gfs_slotted_plan_insert(page, 8 + 4 * i, &plan), 0);
		assert_int_equal(gfs_slotted_insert(page, &plan, row, false), 0);
	}
	for (unsigned i = 0; i < 40; i += 3)
		assert_int_equal(gfs_slotted_delete(page, i), 0);
}

/* Every operation on any bytes stays inside the payload (the sanitizers watch) and answers something. */
static void try_all(uint8_t *page)
{
	static uint8_t row[PAGE];
	struct gfs_slotted_row found;
	struct gfs_slotted_plan plan;
	unsigned room;
	const char *why;
	int answers = gfs_slotted_check(page, &why);
	answers += gfs_slotted_room(page, &room);
	for (unsigned i = 0; i < 24; i++) {
		unsigned slot = i < 12 ? random_below(48) : random_below(70000);
		unsigned size = 1 + random_below(i % 2 == 0 ? 200 : GFS_SLOTTED_ROW_BYTES_MAX);
		if (gfs_slotted_get(page, slot, &found) == 0)
			assert_true(found.size > 0 && found.offset + found.size <= PAGE);
		if (gfs_slotted_plan_insert(page, size, &plan) == 0)
			answers += gfs_slotted_insert(page, &plan, row, false);
		if (gfs_slotted_plan_update(page, slot, size, &plan) == 0)
			answers += gfs_slotted_update(page, &plan, row, true);
		answers += gfs_slotted_delete(page, random_below(48));
	}
	assert_true(answers <= 0);
}

static void test_hostile(void **state)
{
	uint8_t *page = malloc(PAGE); /* exact, so that one byte too far is seen */
	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		build(page);
		unsigned changes = 1 + random_below(6);
		for (unsigned i = 0; i < changes; i++) {
			unsigned at = random_below(2) ? random_below(8) : random_below(8 + 4 * 41);
			page[at] = (uint8_t)(random_below(3) == 0 ? 0xff : random_below(256));
		}
		try_all(page);
	}
	free(page);
}

static void expect_damage(void (*damage)(uint8_t *page))
{
	static uint8_t page[PAGE];
	const char *why = NULL;
	build(page);
	assert_int_equal(gfs_slotted_check(page, &why), 0);
	damage(page);
	assert_int_equal(gfs_slotted_check(page, &why), GFS_ERR_CORRUPT);
	assert_non_null(why);
}

static void damage_overlap(uint8_t *page)
{
	memcpy(page + GFS_SLOTTED_SLOT_OFFSET(4), page + GFS_SLOTTED_SLOT_OFFSET(1), 2);
}
static void damage_garbage(uint8_t *page)
{
	gfs_put_le16(page + 4, (uint16_t)(gfs_get_le16(page + 4) + 1));
}
static void damage_free_loop(uint8_t *page)
{
	unsigned head = gfs_get_le16(page + 6);
	gfs_put_le16(page + GFS_SLOTTED_SLOT_OFFSET(head - 1), (uint16_t)head);
}
static void damage_free_lost(uint8_t *page)
{
	gfs_put_le16(page + 6, 0);
}
static void damage_bounds(uint8_t *page)
{
	gfs_put_le16(page + GFS_SLOTTED_SLOT_OFFSET(1), PAGE - 1);
}

static void test_check(void **state)
{
	(void)state;
	expect_damage(damage_overlap);
	expect_damage(damage_garbage);
	expect_damage(damage_free_loop);
	expect_damage(damage_free_lost);
	expect_damage(damage_bounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_longest_row),
		cmocka_unit_test(test_smallest_rows),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
