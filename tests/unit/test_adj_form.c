/* index/adj_code, index/adj_form: the bytes of adjacency, edits of a decoded row, and what is refused. */
#include "index_store.h"

#include "base/checked.h"
#include "index/adj_private.h"
#include "tests/unit/adj_old.h"

#include <string.h>

static uint64_t seed = 1;

static uint64_t below(uint64_t n)
{
	return test_random(&seed) % n;
}

static struct gfs_adj_entry entry(uint64_t other, uint64_t rel)
{
	return (struct gfs_adj_entry){ .other = other, .rel = rel };
}

/* ---- numbers and entries ---- */

static void test_numbers(void **state)
{
	(void)state;
	static const uint64_t values[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX, GFS_ID_MAX, UINT64_MAX - 1,
		UINT64_MAX };
	uint8_t bytes[10];
	for (size_t i = 0; i < GFS_COUNT(values); i++) {
		size_t size = (size_t)(gfs_adj_write(bytes, values[i]) - bytes);
		struct gfs_adj_bytes all = { bytes, bytes + size, false }, cut = { bytes, bytes + size - 1, false };
		assert_true(gfs_adj_read(&all) == values[i]);
		assert_true(all.at == all.end && !all.failed);
		assert_true(gfs_adj_read(&cut) == 0 && cut.failed);
		for (size_t k = 0; k < GFS_COUNT(values); k++)
			assert_true(gfs_adj_unzigzag(values[k], gfs_adj_zigzag(values[k], values[i])) == values[i]);
	}
	static const uint8_t endless[11] = { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1 };
	struct gfs_adj_bytes b = { endless, endless + sizeof endless, false };
	assert_true(gfs_adj_read(&b) == 0 && b.failed);
	assert_int_equal(gfs_adj_zigzag(5, 5), 0);
	assert_int_equal(gfs_adj_zigzag(5, 4), 1);
	assert_int_equal(gfs_adj_zigzag(5, 6), 2);
}

static void test_merge_and_seek(void **state)
{
	(void)state;
	struct gfs_adj_entry entries[3], merged[6];
	for (size_t i = 0; i < 3; i++)
		entries[i] = entry(10 * (i + 1), GFS_ID_MAX - i);
	assert_int_equal(gfs_adj_entries_seek(entries, 3, entry(0, 0)), 0);
	assert_int_equal(gfs_adj_entries_seek(entries, 3, entry(20, 1)), 1);
	assert_int_equal(gfs_adj_entries_seek(entries, 3, entry(20, GFS_ID_MAX)), 2);
	assert_int_equal(gfs_adj_entries_seek(entries, 3, entry(31, 0)), 3);
	struct gfs_adj_bulk_entry more[3] = { { 1, { 5, 1 } }, { 1, { 20, 1 } }, { 1, { 40, 1 } } };
	assert_int_equal(gfs_adj_entries_merge(entries, 3, more, 3, merged), 0);
	static const uint64_t others[] = { 5, 10, 20, 20, 30, 40 };
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(merged[i].other, others[i]);
	more[1].entry = entry(20, GFS_ID_MAX - 1);
	assert_int_equal(gfs_adj_entries_merge(entries, 3, more, 3, merged), GFS_ERR_EXISTS);
	more[1].entry = more[0].entry;
	assert_int_equal(gfs_adj_entries_merge(entries, 3, more, 3, merged), GFS_ERR_EXISTS);
	more[1].entry = entry(4, 1);
	assert_int_equal(gfs_adj_entries_merge(entries, 3, more, 3, merged), GFS_ERR_INVALID);
}

/* Entries near every edge: both signs of every difference, parallels, the largest ids. */
static void test_blocks_round_trip(void **state)
{
	(void)state;
	struct gfs_adj_entry entries[GFS_ADJ_BLOCK_MAX], again[GFS_ADJ_BLOCK_MAX];
	uint8_t bytes[GFS_ADJ_BLOCK_MAX * GFS_ADJ_ENTRY_BYTES_MAX];
	size_t count;
	for (unsigned round = 0; round < 2000; round++) {
		size_t want = below(GFS_ADJ_BLOCK_MAX + 1);
		uint64_t step = UINT64_C(1) << below(GFS_ID_BITS - 8), node = 1 + below(GFS_ID_MAX), other = 1 + below(step);
		for (size_t i = 0; i < want; i++) {
			bool parallel = i > 0 && below(4) == 0 && entries[i - 1].rel < GFS_ID_MAX;
			other += i > 0 && !parallel ? 1 + below(step) : 0;
			uint64_t rel = parallel ? entries[i - 1].rel + 1 + below(GFS_ID_MAX - entries[i - 1].rel)
									: 1 + below(GFS_ID_MAX);
			entries[i] = entry(GFS_MIN(other, GFS_ID_MAX - want + i), rel);
			other = entries[i].other;
		}
		size_t size = gfs_adj_block_encode(bytes, node, entries, want);
		assert_true(size <= sizeof bytes);
		assert_int_equal(gfs_adj_block_decode(gfs_slice(bytes, size), node, again, &count), 0);
		assert_int_equal(count, want);
		assert_memory_equal(again, entries, want * sizeof *again);
		if (size > 0)
			assert_int_equal(gfs_adj_block_decode(gfs_slice(bytes, size - 1), node, again, &count), GFS_ERR_CORRUPT);
	}
}

/* ---- rows ---- */

/* Random edits; at most a few hundred entries. */
static void edit(struct gfs_adj_form *form)
{
	struct gfs_adj_entry entries[40];
	struct gfs_adj_folder *folder;
	unsigned side = (unsigned)below(GFS_ADJ_GROUP_SIDES);
	uint16_t type = (uint16_t)(below(3) == 0 ? 1 + below(GFS_NAME_ID_MAX) : 1 + below(6));
	form->sides[side].mtime_ns = below(3) == 0 ? 1 + test_random(&seed) / 2 : 1000000 + below(3);
	folder = gfs_adj_form_find(form, side, type);
	if (folder == NULL)
		assert_int_equal(gfs_adj_form_insert(form, side, type, &folder), 0);
	folder->mtime_ns = below(2) == 0 ? form->sides[side].mtime_ns : test_random(&seed);
	folder->made = below(4) == 0;
	if (folder->is_long || (folder->count == 0 && below(5) == 0)) {
		folder->is_long = true;
		folder->count = 1 + below(GFS_ID_MAX);
		return;
	}
	size_t count = below(GFS_COUNT(entries));
	uint64_t other = 1 + below(100000), rel = 1 + below(1000000);
	for (size_t i = 0; i < count; i++) {
		entries[i] = entry(other, rel);
		other += below(2) * below(5000);
		rel = other == entries[i].other ? rel + 1 + below(9) : 1 + below(1000000);
	}
	assert_int_equal(gfs_adj_form_set_entries(form, folder, entries, count), 0);
	if (count == 0 && !folder->made)
		gfs_adj_form_remove(form, side, folder);
}

static void assert_same(const struct gfs_adj_form *a, const struct gfs_adj_form *b)
{
	assert_int_equal(a->folder_count, b->folder_count);
	assert_int_equal(a->entry_count, b->entry_count);
	assert_memory_equal(a->sides, b->sides, sizeof a->sides);
	for (size_t i = 0; i < a->folder_count; i++) {
		const struct gfs_adj_folder *x = &a->folders[i], *y = &b->folders[i];
		assert_true(x->type == y->type && x->made == y->made && x->is_long == y->is_long);
		assert_true(x->first == y->first && x->count == y->count && x->mtime_ns == y->mtime_ns);
	}
	if (a->entry_count > 0)
		assert_memory_equal(a->entries, b->entries, a->entry_count * sizeof *a->entries);
}

static void test_rows_round_trip(void **state)
{
	(void)state;
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	GFS_AUTO_BUF twice = GFS_BUF_INIT;
	for (unsigned round = 0; round < 300; round++) {
		uint64_t number = below(GFS_ID_MAX >> GFS_ADJ_GROUP_BITS);
		GFS_AUTO_ADJ_FORM form = { .number = number };
		for (uint64_t edits = 1 + below(60); edits > 0; edits--) {
			GFS_AUTO_ADJ_FORM again;
			GFS_AUTO_ADJ_FORM old;
			edit(&form);
			assert_false(gfs_adj_form_is_empty(&form));
			assert_int_equal(gfs_adj_form_encode(&form, &bytes), 0);
			assert_int_equal(gfs_adj_form_decode(gfs_buf_slice(&bytes), number, &again, NULL), 0);
			assert_same(&form, &again);
			assert_int_equal(gfs_adj_form_encode(&again, &twice), 0);
			assert_true(gfs_slice_equal(gfs_buf_slice(&bytes), gfs_buf_slice(&twice)));
			adj_old_encode(&form, &bytes);
			assert_int_equal(gfs_adj_form_decode(gfs_buf_slice(&bytes), number, &old, NULL), 0);
			assert_same(&form, &old);
		}
	}
}

static void test_edits(void **state)
{
	(void)state;
	GFS_AUTO_ADJ_FORM form = { .number = 3 };
	struct gfs_adj_entry entries[] = { { 1, 2 }, { 1, 3 }, { 9, 1 }, { 10, 1 } };
	struct gfs_adj_folder *folder;
	unsigned side = 0;
	assert_true(gfs_adj_form_is_empty(&form));
	for (unsigned i = 0; i < 3; i++) { /* sides 20, 10, 0; each two folders */
		form.sides[20 - 10 * i].mtime_ns = 7;
		assert_int_equal(gfs_adj_form_insert(&form, 20 - 10 * i, 5, &folder), 0);
		assert_int_equal(gfs_adj_form_set_entries(&form, folder, entries, i + 1), 0);
		assert_int_equal(gfs_adj_form_insert(&form, 20 - 10 * i, 4, &folder), 0);
	}
	assert_int_equal(form.folder_count, 6);
	assert_int_equal(form.entry_count, 6);
	assert_int_equal(gfs_adj_form_find(&form, 0, 5)->first, 0);
	assert_int_equal(gfs_adj_form_find(&form, 10, 5)->first, 3);
	assert_int_equal(gfs_adj_form_find(&form, 20, 5)->first, 5);
	assert_null(gfs_adj_form_find(&form, 1, 5));
	assert_null(gfs_adj_form_find(&form, 20, 6));
	assert_null(gfs_adj_form_largest(&form, &side)); /* none is worth a block */
	assert_int_equal(gfs_adj_form_set_entries(&form, gfs_adj_form_find(&form, 10, 5), entries, 4), 0);
	assert_ptr_equal(gfs_adj_form_largest(&form, &side), gfs_adj_form_find(&form, 10, 5));
	assert_int_equal(side, 10);
	folder = gfs_adj_form_find(&form, 0, 5);
	assert_int_equal(gfs_adj_form_set_entries(&form, folder, NULL, 0), 0);
	gfs_adj_form_remove(&form, 0, folder);
	assert_int_equal(gfs_adj_form_find(&form, 20, 5)->first, 4);
	assert_int_equal(form.sides[20].first_folder, 3);
	assert_true(gfs_adj_entry_equal(form.entries[1], entries[1]));
}

/* ---- damage ---- */

static int decode(const uint8_t *bytes, size_t size, const char **wrong)
{
	GFS_AUTO_ADJ_FORM form;
	return gfs_adj_form_decode(gfs_slice(bytes, size), 0, &form, wrong);
}

/* A row of node 1, out: type 3 with relationships 2 and 3 to node 1, type 5 made and empty, type 9 of 200 in blocks. */
static const uint8_t good[] = { GFS_ADJ_FORM, 100, 0, 0, 0, 0, 0, 0, 0, /* base time */
	2 | 32 | 3 << 6, 0,                                                 /* side 2, the base time, 3 folders */
	3 << 2 | 2, 0, 4, 0, 0,                                             /* the two entries */
	2 << 2, 0 << 3 | 1 | 4, 3,                                          /* its time is two before the side's */
	4 << 2, 0x80 | (200 << 3 | 2) % 128, (200 << 3 | 2) / 128 };

static void test_a_row_by_hand(void **state)
{
	(void)state;
	GFS_AUTO_ADJ_FORM form;
	const char *wrong = "";
	assert_int_equal(gfs_adj_form_decode(gfs_slice(good, sizeof good), 0, &form, &wrong), 0);
	assert_null(wrong);
	assert_int_equal(form.folder_count, 3);
	assert_int_equal(form.sides[2].mtime_ns, 100);
	assert_true(gfs_adj_entry_equal(form.entries[0], entry(1, 2)) && gfs_adj_entry_equal(form.entries[1], entry(1, 3)));
	assert_true(form.folders[1].type == 5 && form.folders[1].made && form.folders[1].mtime_ns == 98);
	assert_true(form.folders[2].type == 9 && form.folders[2].is_long && form.folders[2].count == 200);
}

/* The first entry of a folder is the difference to the nearest folder of its type and direction. */
static void test_near_entries(void **state)
{
	(void)state;
	static const uint8_t row[] = { GFS_ADJ_FORM, 100, 0, 0, 0, 0, 0, 0, 0, /* base time */
		32 | 1 << 6 | 0, 1 << 2 | 2, 18, 40, 1, 2,                         /* node 0 out: (9, 20), (10, 21) */
		32 | 2 << 6 | 1, 1 << 2 | 1, 16, 2, 2 << 2 | 1, 14, 60,            /* in: nothing near: (8, 22), (7, 52) */
		32 | 1 << 6 | 2, 1 << 2 | 1, 1, 3,                                 /* node 1 out: (8, 19) */
		32 | 1 << 6 | 3, 1 << 2 | 1, 4, 2 };                               /* in: (10, 23) */
	static const struct gfs_adj_entry entries[] = { { 9, 20 }, { 10, 21 }, { 8, 22 }, { 7, 52 }, { 8, 19 },
		{ 10, 23 } };
	GFS_AUTO_ADJ_FORM form;
	GFS_AUTO_BUF again = GFS_BUF_INIT;
	assert_int_equal(gfs_adj_form_decode(gfs_slice(row, sizeof row), 0, &form, NULL), 0);
	assert_int_equal(form.entry_count, GFS_COUNT(entries));
	for (size_t i = 0; i < GFS_COUNT(entries); i++)
		assert_true(gfs_adj_entry_equal(form.entries[i], entries[i]));
	assert_int_equal(gfs_adj_form_encode(&form, &again), 0);
	assert_true(gfs_slice_equal(gfs_buf_slice(&again), gfs_slice(row, sizeof row)));
}

static void test_damaged_rows_are_refused(void **state)
{
	(void)state;
	static const struct damage {
		size_t offset;
		uint8_t value;
		const char *wrong;
	} damage[] = {
		{ 0, 1, "form or size" },                                                    /* A1 */
		{ 9, 1 << 6 | 32 | 2, "" }, { 10, 7, "cut" },                                /* what follows, or does not */
		{ 11, 2, "types out of order" }, { 16, 0, "types out of order" },            /* A2 */
		{ 1, 0, "without a time" },                                                  /* A2: of the only side */
		{ 11, 3 << 2, "without relationships" }, { 17, 4, "without relationships" }, /* A3 */
		{ 17, 4 | 2, "without relationships" },
		{ 17, 4 | 2 | 1, "without relationships" }, /* in blocks, but has none */
		{ 17, 0xf8, "out of order" },               /* more than there are bytes for */
		{ 11, 3 << 2 | 3, "out of order" }, { 12, 1, "out of order" },
		{ 13, 0, "out of order" }, /* A4: node 0, relationship 0 */
		{ 13, 3, "out of order" }, /* relationship below 0 */
	};
	uint8_t bad[sizeof good];
	const char *wrong;
	for (size_t i = 0; i < GFS_COUNT(damage); i++) {
		memcpy(bad, good, sizeof good);
		bad[damage[i].offset] = damage[i].value;
		if (decode(bad, sizeof bad, &wrong) != GFS_ERR_CORRUPT)
			fail_msg("byte %zu as %u passed", damage[i].offset, damage[i].value);
		if (strstr(wrong, damage[i].wrong) == NULL)
			fail_msg("byte %zu as %u: %s", damage[i].offset, damage[i].value, wrong);
	}
	for (size_t size = 0; size < sizeof good; size++) {
		uint8_t *cut = malloc(size + 1); /* exact but for one, for the address sanitizer */
		memcpy(cut, good, size);
		assert_int_equal(decode(cut, size, &wrong), GFS_ERR_CORRUPT);
		free(cut);
	}
	/* Types past the largest, and sides that do not ascend. */
	static const uint8_t types[] = { GFS_ADJ_FORM, 1, 0, 0, 0, 0, 0, 0, 0, 2 << 6 | 32, 0xfc, 0xff, 0x0f, 1, 1 << 2,
		1 };
	static const uint8_t sides[] = { GFS_ADJ_FORM, 1, 0, 0, 0, 0, 0, 0, 0, 32 | 4, 32 | 4 };
	assert_int_equal(decode(types, sizeof types, &wrong), GFS_ERR_CORRUPT);
	assert_int_equal(decode(sides, sizeof sides, &wrong), GFS_ERR_CORRUPT);
}

/* Whatever bytes there are, they are refused, or mean something that can be written again; nothing reads past the end. */
static void test_random_bytes(void **state)
{
	(void)state;
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	GFS_AUTO_BUF again = GFS_BUF_INIT;
	for (unsigned round = 0; round < 400; round++) {
		GFS_AUTO_ADJ_FORM form = { .number = 0 };
		for (uint64_t edits = 1 + below(20); edits > 0; edits--)
			edit(&form);
		if (round % 4 == 0)
			adj_old_encode(&form, &bytes);
		else
			assert_int_equal(gfs_adj_form_encode(&form, &bytes), 0);
		for (unsigned i = 0; i < 200; i++) {
			size_t at = below(bytes.size), size = below(4) == 0 ? at + 1 : bytes.size;
			uint8_t was = bytes.data[at], *exact = malloc(size);
			bytes.data[at] = (uint8_t)test_random(&seed);
			memcpy(exact, bytes.data, size);
			GFS_AUTO_ADJ_FORM read;
			if (gfs_adj_form_decode(gfs_slice(exact, size), 0, &read, NULL) == 0) {
				GFS_AUTO_ADJ_FORM twice;
				assert_int_equal(gfs_adj_form_encode(&read, &again), 0);
				/* An encoding of the same is no longer, but for a side's folders. */
				assert_true(exact[0] == GFS_ADJ_FORM_OLD || again.size <= size + 1);
				assert_int_equal(gfs_adj_form_decode(gfs_buf_slice(&again), 0, &twice, NULL), 0);
				assert_same(&read, &twice);
			}
			free(exact);
			bytes.data[at] = was;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_merge_and_seek),
		cmocka_unit_test(test_blocks_round_trip),
		cmocka_unit_test(test_rows_round_trip),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_a_row_by_hand),
		cmocka_unit_test(test_near_entries),
		cmocka_unit_test(test_damaged_rows_are_refused),
		cmocka_unit_test(test_random_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
