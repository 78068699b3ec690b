/* Names as path components: every name that fits is shown in one form only, and read back from it. */
#include "fs/names.h"

#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const enum gfs_name_place places[] = { GFS_PLACE_NODES, GFS_PLACE_NODE, GFS_PLACE_LINKS, GFS_PLACE_REL,
	GFS_PLACE_NAMES, GFS_PLACE_LABELS };
#define PLACES (sizeof places / sizeof places[0])

static void assert_shown(const char *name, enum gfs_name_place place, const char *want)
{
	struct gfs_component c;
	assert_int_equal(gfs_name_show(gfs_slice_text(name), place, &c), 0);
	assert_string_equal(c.text, want);
}

static void test_shown_forms(void **state)
{
	(void)state;
	assert_shown("ann", GFS_PLACE_NODES, "ann");
	assert_shown("and/or", GFS_PLACE_NODES, "and%2For");
	assert_shown("50%", GFS_PLACE_NODES, "50%25");
	assert_shown("a b", GFS_PLACE_NODES, "a b");
	assert_shown("a\nb\x7f", GFS_PLACE_NODES, "a%0Ab%7F");
	assert_shown("@5", GFS_PLACE_NODES, "%405");
	assert_shown("a@5", GFS_PLACE_NODES, "a@5");
	assert_shown(".", GFS_PLACE_NODES, "%2E");
	assert_shown("..", GFS_PLACE_NODES, "%2E.");
	assert_shown("a~12", GFS_PLACE_LINKS, "a%7E12");
	assert_shown("a~1b", GFS_PLACE_LINKS, "a~1b");
	assert_shown("a~", GFS_PLACE_LINKS, "a~");
	assert_shown("~7", GFS_PLACE_LINKS, "%7E7");
	assert_shown("labels", GFS_PLACE_NODE, "%6Cabels");
	assert_shown("labels", GFS_PLACE_NODES, "labels");
	assert_shown("from", GFS_PLACE_REL, "%66rom");
	assert_shown("a&b|!(c)", GFS_PLACE_LABELS, "a%26b%7C%21%28c%29");
	assert_shown("a&b|!(c)", GFS_PLACE_NAMES, "a&b|!(c)");
	assert_shown("%", GFS_PLACE_LABELS, "%25");
	assert_shown("\xf0\x9f\x98\x80", GFS_PLACE_NODES, "\xf0\x9f\x98\x80");
}

static void test_too_long_is_shown_by_id(void **state)
{
	(void)state;
	char name[300];
	struct gfs_component c;
	memset(name, 'x', sizeof name);
	assert_int_equal(gfs_name_show(gfs_slice(name, 255), GFS_PLACE_NODES, &c), 0);
	assert_int_equal(c.size, 255);
	assert_int_equal(gfs_name_show(gfs_slice(name, 256), GFS_PLACE_NODES, &c), GFS_ERR_NAMETOOLONG);
	gfs_name_show_node(gfs_slice(name, 256), 42, GFS_PLACE_NODES, &c);
	assert_string_equal(c.text, "@42");
	gfs_name_show_node(gfs_slice(NULL, 0), 7, GFS_PLACE_NODES, &c);
	assert_string_equal(c.text, "@7");
	gfs_name_show_node(gfs_slice(name, 250), 7, GFS_PLACE_LINKS, &c);
	gfs_name_add_rel(&c, 7, 123456);
	assert_string_equal(c.text, "@7~123456");
}

static void assert_read(const char *component, bool with_rel, uint64_t id, uint64_t rel, const char *name)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	struct gfs_name_read r;
	assert_int_equal(gfs_name_read(component, with_rel, &out, &r), 0);
	assert_int_equal(r.id, id);
	assert_int_equal(r.rel, rel);
	assert_int_equal(r.name.size, strlen(name));
	assert_memory_equal(r.name.data, name, strlen(name));
}

static void test_read_is_lenient(void **state)
{
	(void)state;
	assert_read("and%2For", false, 0, 0, "and/or");
	assert_read("and%2for", false, 0, 0, "and/or");
	assert_read("50%", false, 0, 0, "50%");
	assert_read("%zz%4", false, 0, 0, "%zz%4");
	assert_read(".x.swp", false, 0, 0, ".x.swp");
	assert_read("@12", false, 12, 0, "@12");
	assert_read("@012", false, 0, 0, "@012");
	assert_read("@x", false, 0, 0, "@x");
	assert_read("@99999999999999999999", false, 0, 0, "@99999999999999999999");
	assert_read("bob~17", true, 0, 17, "bob");
	assert_read("bob~17", false, 0, 0, "bob~17");
	assert_read("@4~17", true, 4, 17, "@4");
	assert_read("~17", true, 0, 0, "~17");
}

static void test_bad_components(void **state)
{
	(void)state;
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	struct gfs_name_read r;
	assert_int_equal(gfs_name_read("a%00b", false, &out, &r), GFS_ERR_INVALID);
	assert_int_equal(gfs_name_read("a\xff", false, &out, &r), GFS_ERR_ILSEQ);
	assert_int_equal(gfs_name_read("a%FF", false, &out, &r), GFS_ERR_ILSEQ);
}

static size_t random_name(uint8_t *name)
{
	static const char *const pieces[] = { "/", "%", "%2F", "@", ".", "~", "~1", "labels", "out", "in", ".json", ".rel",
		"from", "to", "a", "7", " ", "\n", "\x7f", "\xc3\xa9", "\xf0\x9f\x98\x80", "\\", "\"", "x" };
	size_t size = 0, n = 1 + (size_t)rand() % 12;
	for (size_t i = 0; i < n; i++) {
		const char *piece = pieces[(size_t)rand() % (sizeof pieces / sizeof pieces[0])];
		memcpy(name + size, piece, strlen(piece));
		size += strlen(piece);
	}
	return size;
}

static void test_random_names_round_trip(void **state)
{
	(void)state;
	unsigned seed = 20261122, tried = 0;
	srand(seed);
	for (unsigned i = 0; i < 200000; i++) {
		uint8_t name[128];
		GFS_AUTO_BUF out = GFS_BUF_INIT;
		struct gfs_component c;
		struct gfs_name_read r;
		size_t size = random_name(name);
		assert_int_equal(gfs_name_show(gfs_slice(name, size), places[i % PLACES], &c), 0);
		assert_null(strchr(c.text, '/'));
		assert_true(c.text[0] != '.' && c.text[0] != '@');
		assert_int_equal(gfs_name_read(c.text, true, &out, &r), 0);
		assert_int_equal(r.id | r.rel, 0);
		assert_int_equal(r.name.size, size);
		assert_memory_equal(r.name.data, name, size);
		tried++;
	}
	print_message("names tried: %u, seed %u\n", tried, seed);
	assert_true(tried > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown_forms),
		cmocka_unit_test(test_too_long_is_shown_by_id),
		cmocka_unit_test(test_read_is_lenient),
		cmocka_unit_test(test_bad_components),
		cmocka_unit_test(test_random_names_round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
