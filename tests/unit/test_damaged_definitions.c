/* Damage to what is no data (definitions of property indexes and constraints, settings, saved queries) never takes the data with it: bits of their rows are
 * flipped in data.mdb. The database then refuses to be written, in words that help; it can be read; fsck tells; a rebuild makes it whole. */
#include "base/checked.h"
#include "graph/constraint.h"
#include "graph/index.h"
#include "graph/rebuild.h"
#include "graph/saved_query.h"
#include "tests/support/scale.h"
#include "tests/unit/graph_fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define INDEX_NAME "the index"
#define RULE_NAME "the constraint"
#define QUERY_NAME "the query"
#define QUERY_TEXT "MATCH (n) RETURN count(n) AS nodes"
enum { NODES = 40, DEFINITION_HEAD_BYTES = 560, SUM_BYTES = 8, COPIES_MAX = 32 };

static struct fixture f;
static char kept[80];
static uint64_t digest; /* of the graph before any damage */
static uint8_t *data;   /* of the kept data.mdb */
static size_t data_bytes;
/* Where the row looked for begins (its key), in every copy that pages out of use may have. */
static size_t places[COPIES_MAX], place_count;

/* ---- the database ---- */

static void remove_folder(const char *path)
{
	char command[120];
	(void)snprintf(command, sizeof command, "rm -rf '%s'", path);
	REQUIRE(system(command) == 0);
}

static void copy_folder(const char *from, const char *to)
{
	char command[240];
	(void)snprintf(command, sizeof command, "cp -r '%s' '%s'", from, to);
	REQUIRE(system(command) == 0);
}

static void wait_for_indexes(void)
{
	struct gfs_message message;
	OK(gfs_index_wait_all(f.graph, NULL, NULL, &message));
}

static void fill(void)
{
	uint16_t label = name_of(&f, GFS_CATALOG_LABEL, "Person"), age = name_of(&f, GFS_CATALOG_KEY, "age"), id;
	uint64_t node;
	struct gfs_node_meta meta = { .mode = 0755 };
	struct gfs_tx *tx = tx_begin(&f);
	for (unsigned i = 0; i < NODES; i++) {
		struct gfs_value value = { .type = GFS_TYPE_INTEGER, .newline = true, .integer = i };
		OK(gfs_node_create(tx, (struct gfs_slice){ 0 }, &meta, &node));
		OK(gfs_prop_set(tx, node_entity(node), age, &value));
		OK(gfs_node_add_label(tx, node, label));
	}
	OK(gfs_index_create(tx, label, age, false, gfs_slice_text(INDEX_NAME), &id));
	OK(gfs_constraint_create(tx, label, age, false, true, gfs_slice_text(RULE_NAME), &id));
	OK(gfs_saved_query_make(tx, gfs_slice_text(QUERY_NAME), &id));
	OK(gfs_saved_query_set_text(tx, id, gfs_slice_text(QUERY_TEXT)));
	OK(gfs_saved_query_make(tx, gfs_slice_text("empty"), &id));
	tx_commit(tx);
	wait_for_indexes();
}

static int setup(void **state)
{
	(void)state;
	struct gfs_message message;
	f = (struct fixture){ .opts = { .wal_segment_bytes = 64 << 10 } };
	(void)snprintf(f.path, sizeof f.path, "/dev/shm/gfs-definitions-XXXXXX");
	REQUIRE(mkdtemp(f.path) != NULL);
	OK(gfs_graph_create(f.path, NULL, &message));
	(void)snprintf(kept, sizeof kept, "%s.kept", f.path);
	fixture_open(&f);
	fill();
	digest = graph_digest(f.graph);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	remove_folder(kept);
	free(data);
	data = NULL;
	fixture_destroy(&f);
	return 0;
}

/* ---- rows in the file ---- */

static void load(void)
{
	char name[100];
	struct stat st;
	(void)snprintf(name, sizeof name, "%s/data.mdb", kept);
	int fd = open(name, O_RDONLY);
	REQUIRE(fd >= 0 && fstat(fd, &st) == 0);
	data_bytes = (size_t)st.st_size;
	data = malloc(data_bytes);
	REQUIRE(data != NULL && read(fd, data, data_bytes) == (ssize_t)data_bytes);
	close(fd);
}

/* The closed database as it is; and back to that. */
static void keep(void)
{
	copy_folder(f.path, kept);
	load();
}

static void restore(void)
{
	remove_folder(f.path);
	copy_folder(kept, f.path);
}

/* `back`: how far the bytes are behind the row's beginning. */
static void find(const void *bytes, size_t size, size_t back)
{
	const uint8_t *at = data;
	place_count = 0;
	while ((at = memmem(at, data_bytes - (size_t)(at - data), bytes, size)) != NULL) {
		REQUIRE(place_count < COPIES_MAX);
		places[place_count++] = (size_t)(at - data) - back;
		at += size;
	}
	REQUIRE(place_count > 0);
}

static void flip(size_t offset, unsigned bit)
{
	char name[100];
	(void)snprintf(name, sizeof name, "%s/data.mdb", f.path);
	int fd = open(name, O_WRONLY);
	REQUIRE(fd >= 0);
	for (size_t i = 0; i < place_count; i++) {
		uint8_t byte = data[places[i] + offset] ^ (uint8_t)(1u << bit);
		REQUIRE(pwrite(fd, &byte, 1, (off_t)(places[i] + offset)) == 1);
	}
	close(fd);
}

/* ---- what must be so ---- */

static int open_as(bool read_only, bool repair, struct gfs_message *message)
{
	struct gfs_store_opts opts = f.opts;
	opts.read_only = read_only;
	opts.repair = repair;
	return gfs_graph_open(f.path, &opts, &f.graph, message);
}

static uint64_t errors(void)
{
	struct gfs_check_report report;
	OK(gfs_graph_check(f.graph, NULL, NULL, NULL, &report));
	return report.errors;
}

static void must_refuse(const char *what)
{
	struct gfs_message message;
	assert_int_equal(open_as(false, false, &message), GFS_ERR_CORRUPT);
	if (strstr(message.text, what) == NULL || strstr(message.text, "fsck.graphfs --rebuild-index") == NULL)
		fail_msg("%s", message.text);
	f.graph = NULL;
}

/* `what` is empty when the open has nothing to say. */
static void must_read(const char *what)
{
	struct gfs_message message;
	OK(open_as(true, false, &message));
	assert_true(what[0] == '\0' ? message.text[0] == '\0' : strstr(message.text, what) != NULL);
	assert_true(graph_digest(f.graph) == digest);
	fixture_close(&f);
}

/* What fsck does. False: the row's key leads to another place, where LMDB cannot remove it; then nothing may have changed. */
static bool repair(struct gfs_rebuild_report *ret_report)
{
	struct gfs_message message;
	OK(open_as(false, true, &message));
	assert_true(errors() > 0);
	int err = gfs_graph_rebuild(f.graph, NULL, NULL, ret_report, &message);
	if (err == 0) {
		require_clean(f.graph);
		fixture_close(&f);
		return true;
	}
	if (strstr(message.text, "graphfsctl dump") == NULL)
		fail_msg("%s", message.text);
	assert_true(graph_digest(f.graph) == digest);
	fixture_close(&f);
	return false;
}

static void must_be_whole(void)
{
	struct gfs_message message;
	OK(open_as(false, false, &message));
	assert_string_equal(message.text, "");
	require_clean(f.graph);
	assert_true(graph_digest(f.graph) == digest);
}

static bool has_definition(const char *name)
{
	struct gfs_index_info info;
	gfs_graph_read_begin(f.graph);
	int err = gfs_index_find_name(f.graph, gfs_slice_text(name), &info);
	gfs_graph_read_end(f.graph);
	return err == 0;
}

/* Its text, or NULL. */
static const char *text_of(const char *name, struct gfs_buf *text)
{
	uint16_t number;
	gfs_graph_read_begin(f.graph);
	int err = gfs_saved_query_find(f.graph, gfs_slice_text(name), &number);
	if (err == 0)
		OK(gfs_saved_query_text(f.graph, number, text));
	gfs_graph_read_end(f.graph);
	gfs_buf_append_u8(text, 0);
	return err == 0 ? (const char *)text->data : NULL;
}

/* ---- tests ---- */

/* Half of the key's bits; of the rest one bit in two bytes, but few of the estimate's registers. */
static bool is_tried(size_t byte, unsigned bit, size_t key_bytes, size_t row_bytes)
{
	bool registers = row_bytes > DEFINITION_HEAD_BYTES && byte >= key_bytes + 48 &&
		byte < key_bytes + DEFINITION_HEAD_BYTES;
	if (byte < key_bytes)
		return (byte + bit) % 2 == 0;
	return bit == byte % 8 && byte % 2 == 0 && (!registers || byte % GFS_SCALED(128, 256) == 0);
}

static void test_definitions(void **state)
{
	static const char *const names[] = { INDEX_NAME, RULE_NAME };
	unsigned trials = 0, misplaced = 0;
	(void)state;
	fixture_close(&f);
	keep();
	for (size_t n = 0; n < GFS_COUNT(names); n++) {
		size_t row_bytes = 4 + DEFINITION_HEAD_BYTES + strlen(names[n]) + SUM_BYTES;
		find(names[n], strlen(names[n]), 4 + DEFINITION_HEAD_BYTES);
		for (size_t at = 0; at < row_bytes * 8; at++) {
			struct gfs_rebuild_report report;
			if (!is_tried(at / 8, at % 8, 4, row_bytes))
				continue;
			flip(at / 8, at % 8);
			must_refuse("property index or constraint");
			must_read("property index or constraint");
			if (repair(&report)) {
				assert_true(report.definitions_dropped == 1 && report.settings_changed == 0);
				must_be_whole();
				assert_false(has_definition(names[n]));
				assert_true(has_definition(names[1 - n]));
				fixture_close(&f);
			} else {
				assert_true(at / 8 < 4);
				must_read("property index or constraint");
				misplaced++;
			}
			restore();
			trials++;
		}
	}
	print_message("%u flips, %u of keys that then were in wrong places\n", trials, misplaced);
	assert_true(trials > 50 && misplaced > 0 && misplaced <= 32);
}

struct row {
	const char *key;
	size_t key_bytes, value_bytes;
	bool holds_text;
};

/* What one row of a query says another one says as well, but for its text. */
static void test_saved_queries(void **state)
{
	static const struct row rows[] = {
		{ "query:\0\1", 8, 12 + sizeof QUERY_NAME - 1, false },
		{ "query_name:" QUERY_NAME, 11 + sizeof QUERY_NAME - 1, 2, false },
		{ "query_text:\0\1", 13, sizeof QUERY_TEXT - 1, true },
		{ "query_last", 10, 2, false },
	};
	(void)state;
	fixture_close(&f);
	keep();
	for (size_t n = 0; n < GFS_COUNT(rows); n++) {
		size_t row_bytes = rows[n].key_bytes + rows[n].value_bytes + SUM_BYTES;
		find(rows[n].key, rows[n].key_bytes, 0);
		for (size_t at = 0; at < row_bytes * 8; at++) {
			GFS_AUTO_BUF text = GFS_BUF_INIT;
			GFS_AUTO_BUF empty = GFS_BUF_INIT;
			struct gfs_rebuild_report report;
			if (at % 8 != at / 8 % 8 || at / 8 % 2 != 0)
				continue;
			flip(at / 8, at % 8);
			must_read("");
			if (repair(&report)) {
				assert_true(report.settings_changed > 0 && report.definitions_dropped == 0);
				must_be_whole();
				assert_string_equal(text_of(QUERY_NAME, &text), rows[n].holds_text ? "" : QUERY_TEXT);
				assert_string_equal(text_of("empty", &empty), "");
				fixture_close(&f);
			} else {
				assert_true(at / 8 < rows[n].key_bytes);
				must_read("");
			}
			restore();
		}
	}
}

static void test_settings(void **state)
{
	static const char key[] = "setting:key_property";
	size_t row_bytes = strlen(key) + strlen("name") + SUM_BYTES;
	(void)state;
	fixture_close(&f);
	keep();
	find(key, strlen(key), 0);
	for (size_t at = 0; at < row_bytes; at++) {
		struct gfs_rebuild_report report;
		flip(at, at % 8);
		must_refuse("the setting key_property");
		must_read("the setting key_property");
		if (repair(&report)) {
			assert_int_equal(report.settings_changed, 1);
			must_be_whole();
			assert_true(gfs_slice_equal(gfs_graph_key_property(f.graph), gfs_slice_text("name")));
			fixture_close(&f);
		} else {
			assert_true(at < strlen(key));
		}
		restore();
	}
}

/* The log changes what is damaged: the data that it has as well is not lost. */
static void change_and_die(struct fixture *fx, void *context)
{
	struct gfs_index_info info;
	uint16_t number, label = name_of(fx, GFS_CATALOG_LABEL, "Person");
	(void)context;
	struct gfs_tx *tx = tx_begin(fx);
	OK(gfs_index_find_name(fx->graph, gfs_slice_text(INDEX_NAME), &info));
	OK(gfs_index_drop(tx, info.id));
	OK(gfs_saved_query_find(fx->graph, gfs_slice_text(QUERY_NAME), &number));
	OK(gfs_saved_query_rename(tx, number, gfs_slice_text("renamed")));
	tx_commit(tx);
	uint64_t node = new_node(fx, "in the log");
	set_text(fx, node_entity(node), "age", "7");
	tx = tx_begin(fx);
	OK(gfs_node_add_label(tx, node, label));
	tx_commit(tx);
	OK(gfs_store_sync(gfs_graph_store(fx->graph)));
}

static void must_recover(const char *what)
{
	struct gfs_rebuild_report report;
	must_refuse(what);
	must_read(what);
	assert_true(repair(&report));
	must_be_whole();
	fixture_close(&f);
	restore();
}

static void test_with_a_log(void **state)
{
	struct gfs_message message;
	(void)state;
	fixture_close(&f);
	fixture_killed(&f, change_and_die, NULL);
	keep();
	OK(open_as(true, false, &message));
	digest = graph_digest(f.graph);
	fixture_close(&f);
	find(INDEX_NAME, strlen(INDEX_NAME), 4 + DEFINITION_HEAD_BYTES);
	flip(4, 0);
	must_recover("property index or constraint");
	find("query:\0\1", 8, 0);
	flip(8, 0);
	must_recover("that the log changes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_definitions),
		TEST(test_saved_queries),
		TEST(test_settings),
		TEST(test_with_a_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
