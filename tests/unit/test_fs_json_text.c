/* fs/json_text: a text is put together once for many reads, as long as it is true. */
#include "fs/json_text.h"
#include "tests/unit/graph_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f;
static struct gfs_json_texts *texts;

static int setup(void **state)
{
	(void)state;
	fixture_create(&f);
	fixture_open(&f);
	return gfs_json_texts_new(&texts);
}

static int teardown(void **state)
{
	(void)state;
	gfs_json_texts_free(texts);
	fixture_destroy(&f);
	return 0;
}

static struct gfs_json_text *get(uint64_t node)
{
	struct gfs_json_text *text;
	OK(gfs_json_texts_get(texts, f.graph, node, &text));
	return text;
}

/* Whether the node's text is this one, which is held. */
static bool is_text_of(uint64_t node, const struct gfs_json_text *text)
{
	struct gfs_json_text *now = get(node);
	bool same = now == text;
	gfs_json_texts_put(texts, now, same);
	return same;
}

static bool says(const struct gfs_json_text *text, const char *what)
{
	GFS_AUTO_BUF copy = GFS_BUF_INIT;
	gfs_buf_append(&copy, text->bytes.data, text->bytes.size);
	gfs_buf_append_u8(&copy, 0);
	assert_int_equal(gfs_buf_failed(&copy), 0);
	return strstr((const char *)copy.data, what) != NULL;
}

static void test_kept(void **state)
{
	(void)state;
	uint64_t ann = new_node(&f, "ann"), bob = new_node(&f, "bob");
	struct gfs_json_text *first = get(ann), *other = get(bob);
	assert_true(says(first, "\"ann\"") && says(other, "\"bob\""));
	assert_false(is_text_of(ann, first)); /* nobody said that there is more of it */
	gfs_json_texts_put(texts, first, true);
	struct gfs_json_text *again = get(ann);
	assert_ptr_equal(again, first);
	assert_true(is_text_of(ann, again));
	assert_false(is_text_of(bob, other));
	gfs_json_texts_put(texts, get(ann), false); /* read to its end */
	assert_false(is_text_of(ann, again));
	gfs_json_texts_put(texts, again, true);
	gfs_json_texts_put(texts, other, true); /* in place of it */
	assert_true(is_text_of(bob, other));
}

/* What was committed is in the next part, so all of it is made anew. */
static void test_true(void **state)
{
	(void)state;
	struct gfs_json_text *text;
	uint64_t ann = new_node(&f, "ann");
	gfs_json_texts_put(texts, get(ann), true);
	set_text(&f, node_entity(ann), "age", "thirty");
	text = get(ann);
	assert_true(says(text, "thirty"));
	gfs_json_texts_put(texts, text, true);
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_node_delete(tx, ann, true));
	tx_commit(tx);
	assert_int_equal(gfs_json_texts_get(texts, f.graph, ann, &text), GFS_ERR_NOTFOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_kept), TEST(test_true) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
