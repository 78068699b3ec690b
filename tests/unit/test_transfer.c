/* Import and dump: every message of a bad row, all or nothing, rows left out, and dumps that come back the same. */
#include "base/checked.h"
#include "graph/transfer.h"
#include "tests/unit/graph_fixture.h"
#include "tests/unit/value_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

/* ---- helpers ---- */

struct lines {
	char text[8192]; /* of bad rows, each with a newline */
	unsigned calls;  /* of progress */
	unsigned stop_after;
};

static void keep_line(void *context, const char *line)
{
	struct lines *lines = context;
	size_t used = strlen(lines->text);
	(void)snprintf(lines->text + used, sizeof lines->text - used, "%s\n", line);
}

static int count_progress(void *context, uint64_t done, uint64_t total)
{
	struct lines *lines = context;
	REQUIRE(done <= total);
	return ++lines->calls == lines->stop_after;
}

struct attempt {
	struct gfs_import_result result;
	struct gfs_message message;
	struct lines lines;
	unsigned stop_after;
	bool skip_bad, unlogged;
};

static int import_files(struct fixture *f, const struct gfs_import_file *files, size_t count, struct attempt *a)
{
	struct gfs_import_opts opts = {
		.skip_bad = a->skip_bad,
		.unlogged = a->unlogged,
		.meta = { .uid = 7, .gid = 8, .mode = 0750 },
		.bad_row = keep_line,
		.progress = count_progress,
		.context = &a->lines,
	};
	a->message.text[0] = a->lines.text[0] = '\0';
	a->lines.calls = 0;
	a->lines.stop_after = a->stop_after;
	return gfs_import(f->graph, files, count, &opts, &a->result, &a->message);
}

static struct gfs_import_file file(const char *name, const char *text)
{
	return (struct gfs_import_file){ name, gfs_slice_text(text) };
}

/* Two files; the second may be NULL. */
static int import_texts(struct fixture *f, const char *a_text, const char *b_text, struct attempt *a)
{
	struct gfs_import_file files[] = { file("a", a_text), file("b", b_text == NULL ? "" : b_text) };
	return import_files(f, files, b_text == NULL ? 1 : 2, a);
}

static int append(void *context, struct gfs_slice bytes)
{
	struct gfs_buf *out = context;
	gfs_buf_append(out, bytes.data, bytes.size);
	return gfs_buf_failed(out);
}

static void dump(struct fixture *f, struct gfs_buf *out)
{
	gfs_buf_clear(out);
	OK(gfs_dump(f->graph, append, out));
}

static uint64_t node_count(struct fixture *f)
{
	return gfs_store_counter(gfs_graph_store(f->graph), GFS_COUNTER_NODES);
}

/* The lines of a dump without what the clock gave, from the first node on. */
static void plain_dump(struct fixture *f, struct gfs_buf *out)
{
	GFS_AUTO_BUF all = GFS_BUF_INIT;
	dump(f, &all);
	gfs_buf_append_u8(&all, '\0');
	gfs_buf_clear(out);
	char *saved;
	(void)strtok_r((char *)all.data, "\n", &saved); /* the head */
	for (char *line = strtok_r(NULL, "\n", &saved); line != NULL; line = strtok_r(NULL, "\n", &saved)) {
		const char *cut = strstr(line, ",\"mode\":"), *rest = strstr(line, ",\"properties\":");
		if (cut == NULL)
			cut = strstr(line, ",\"mtime\":");
		if (cut == NULL || rest == NULL)
			cut = rest = line + strlen(line);
		gfs_buf_append(out, line, (size_t)(cut - line));
		gfs_buf_append_text(out, rest);
		gfs_buf_append_u8(out, '\n');
	}
	gfs_buf_append_u8(out, '\0');
	OK(gfs_buf_failed(out));
}

static void assert_graph(struct fixture *f, const char *expected)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	plain_dump(f, &out);
	assert_string_equal((const char *)out.data, expected);
	require_clean(f->graph);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	REQUIRE(f != NULL);
	fixture_create(f);
	fixture_open(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fixture_destroy(*state);
	free(*state);
	return 0;
}

static struct attempt attempt;

static void assert_imports(struct fixture *f, const char *a, const char *b)
{
	attempt = (struct attempt){ 0 };
	int err = import_texts(f, a, b, &attempt);
	if (err != 0)
		fail_msg("%s", attempt.message.text);
}

static void assert_refused(struct fixture *f, const char *a, const char *b, const char *message)
{
	attempt = (struct attempt){ 0 };
	uint64_t before = node_count(f);
	assert_int_equal(import_texts(f, a, b, &attempt), GFS_ERR_INVALID);
	assert_string_equal(attempt.message.text, message);
	assert_int_equal(node_count(f), before);
}

/* ---- CSV ---- */

static void test_csv_forms(void **state)
{
	assert_imports(*state,
		"\xef\xbb\xbfname:ID,:LABEL,text\r\n"
		"\r\n"
		"a,A;B,\"x,\"\"y\"\"\r\nz\"\r\n"
		"\"b\",;A;;A,\"\"\n"
		"c,,\xc3\xa9 t",
		NULL);
	assert_int_equal(attempt.result.nodes, 3);
	assert_int_equal(attempt.result.properties, 5);
	assert_graph(*state,
		"{\"node\":1,\"key\":\"a\",\"labels\":[\"A\",\"B\"],\"properties\":{\"name\":\"a\",\"text\":\"x,\\\"y\\\"\\r\\nz\"}}\n"
		"{\"node\":2,\"key\":\"b\",\"labels\":[\"A\"],\"properties\":{\"name\":\"b\"}}\n"
		"{\"node\":3,\"key\":\"c\",\"labels\":[],\"properties\":{\"name\":\"c\",\"text\":\"\xc3\xa9 t\"}}\n");
}

static void test_csv_types(void **state)
{
	assert_imports(*state,
		":id,i:int,l:LONG,s:short,b:byte,f:float,d:double,t:boolean,c:char,x:string,:ignore,ai:int[],as:string[],n\n"
		"k,+5,-9223372036854775808,-32768,127, 1e3 ,.5,TRUE,\xe2\x82\xac,30,zz,1;-2;3,a;;b,30\n"
		",,,,,,,,,,,,,\n",
		NULL);
	assert_graph(*state,
		"{\"node\":1,\"key\":\"k\",\"labels\":[],\"properties\":{\"ai\":[1,-2,3],\"as\":[\"a\",\"\",\"b\"],\"b\":127,\"c\":\"\xe2\x82\xac\","
		"\"d\":0.5,\"f\":1000.0,\"i\":5,\"l\":-9223372036854775808,\"n\":\"30\",\"s\":-32768,\"t\":true,\"x\":\"30\"}}\n"
		"{\"node\":2,\"labels\":[],\"properties\":{}}\n");
}

static void test_csv_temporal_types(void **state)
{
	assert_imports(*state,
		":ID,d:date,lt:localtime,t:time,ld:localdatetime,dt:datetime,du:duration,p:point,ds:date[]\n"
		"k,20150721, 2140 ,21:40+01,2015-W30-2T21,2015-07-21T21:40[Europe/London],PT90S,\"point({x: 1.0, y: 2.0, crs: "
		"'cartesian'})\",2015-07-21;2016\n",
		NULL);
	assert_graph(*state,
		"{\"node\":1,\"key\":\"k\",\"labels\":[],\"properties\":{\"d\":{\"$date\":\"2015-07-21\"},"
		"\"ds\":[{\"$date\":\"2015-07-21\"},{\"$date\":\"2016-01-01\"}],"
		"\"dt\":{\"$datetime\":\"2015-07-21T21:40+01:00[Europe/London]\"},\"du\":{\"$duration\":\"PT1M30S\"},"
		"\"ld\":{\"$localdatetime\":\"2015-07-21T21:00\"},\"lt\":{\"$localtime\":\"21:40\"},"
		"\"p\":{\"$point\":\"point({x: 1.0, y: 2.0, crs: 'cartesian'})\"},\"t\":{\"$time\":\"21:40+01:00\"}}}\n");
}

static void test_csv_relationships(void **state)
{
	assert_imports(
		*state, ":START_ID,:TYPE,:END_ID,w:float\nb,T,a,\n\"a\",T,\"a\",1.5\na,U,b,2\na,U,b,3\n", ":ID\na\nb\n");
	assert_graph(*state,
		"{\"node\":1,\"key\":\"a\",\"labels\":[],\"properties\":{}}\n"
		"{\"node\":2,\"key\":\"b\",\"labels\":[],\"properties\":{}}\n"
		"{\"rel\":1,\"type\":\"T\",\"start\":2,\"end\":1,\"properties\":{}}\n"
		"{\"rel\":2,\"type\":\"T\",\"start\":1,\"end\":1,\"properties\":{\"w\":1.5}}\n"
		"{\"rel\":3,\"type\":\"U\",\"start\":1,\"end\":2,\"properties\":{\"w\":2.0}}\n"
		"{\"rel\":4,\"type\":\"U\",\"start\":1,\"end\":2,\"properties\":{\"w\":3.0}}\n");
	assert_imports(*state, ":START_ID,:END_ID,:TYPE\na,c,V\n", ":ID\nc\n");
	assert_int_equal(attempt.result.relationships, 1);
}

static void test_groups(void **state)
{
	struct gfs_import_file files[] = {
		file("p", ":ID(P),n\n1,p1\n2,p2\n"),
		file("m", ":ID(M),n\n2,m2\n3,m3\n"),
		file("r", ":START_ID(P),:END_ID(M),:TYPE\n1,2,T\n2,3,T\n"),
	};
	attempt = (struct attempt){ 0 };
	OK(import_files(*state, files, 3, &attempt));
	assert_graph(*state,
		"{\"node\":1,\"key\":\"1\",\"labels\":[],\"properties\":{\"n\":\"p1\"}}\n"
		"{\"node\":2,\"key\":\"2\",\"labels\":[],\"properties\":{\"n\":\"p2\"}}\n"
		"{\"node\":3,\"key\":\"M:2\",\"labels\":[],\"properties\":{\"n\":\"m2\"}}\n"
		"{\"node\":4,\"key\":\"3\",\"labels\":[],\"properties\":{\"n\":\"m3\"}}\n"
		"{\"rel\":1,\"type\":\"T\",\"start\":1,\"end\":3,\"properties\":{}}\n"
		"{\"rel\":2,\"type\":\"T\",\"start\":2,\"end\":4,\"properties\":{}}\n");
	assert_imports(*state, ":START_ID(M),:END_ID(P),:TYPE\n2,1,BACK\n", NULL);
	assert_refused(*state, ":START_ID(M),:END_ID(P),:TYPE\n9,1,BACK\n", NULL, "a:2:1: unknown node '9'");
	assert_refused(*state, ":ID(M)\n2\n", NULL, "a:2:1: the graph has a node '2' already");
	assert_refused(*state, ":ID(M)\n7\n7\n", NULL, "a:3:1: a second node with the id '7'");
}

static void test_header_messages(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "a:1:1: the file is empty; it must start with a header or be JSON Lines" },
		{ "\n\n", "a:1:1: the file is empty; it must start with a header or be JSON Lines" },
		{ "name,age\n", "a:1:1: the header has neither :ID nor :START_ID and :END_ID" },
		{ "name:ID,age:day\n", "a:1:9: unknown column type 'day'" },
		{ ":ID,a,b,a:int\n", "a:1:9: a second column for the property 'a'" },
		{ ":ID,x:ID\n", "a:1:5: a second column of the kind of column 1" },
		{ ":ID,:START_ID\n", "a:1:1: the header has :ID and a column of relationships" },
		{ ":START_ID,:END_ID\n", "a:1:1: the header has :START_ID and :END_ID, but no :TYPE" },
		{ ":START_ID,:END_ID,:TYPE,:LABEL\n", "a:1:1: relationships have no :LABEL" },
		{ ":ID,,b\n", "a:1:5: a column without a name" },
		{ ":ID,:int\n", "a:1:5: a column without a name" },
		{ ":ID,:LABEL(X)\n", "a:1:5: unknown column type 'LABEL(X)'" },
		{ ":ID,\"a\n", "a:1:5: a quote is never closed" },
	};
	for (size_t i = 0; i < GFS_COUNT(cases); i++)
		assert_refused(*state, cases[i].text, NULL, cases[i].message);
}

static void test_row_messages(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ ":ID,a:int\nx,1\ny,1,2\n", "a:3:5: wrong number of fields: 3, and the header has 2" },
		{ ":ID,a:int\nx\n", "a:2:1: wrong number of fields: 1, and the header has 2" },
		{ ":ID,a:int\n\xc3\xa9\xc3\xa9,1x\n", "a:2:4: '1x' is not an integer" },
		{ ":ID,a:int\nx,9223372036854775808\n", "a:2:3: '9223372036854775808' is too large a number" },
		{ ":ID,a:byte\nx,128\n", "a:2:3: '128' does not fit in a byte" },
		{ ":ID,a:short\nx,-32769\n", "a:2:3: '-32769' does not fit in a short" },
		{ ":ID,a:float\nx,y\n", "a:2:3: 'y' is not a float" },
		{ ":ID,a:date\nx,2015-02-29\n", "a:2:3: '2015-02-29' is not a date" },
		{ ":ID,a:datetime\nx,2015T00[Mars/Base]\n", "a:2:3: '2015T00[Mars/Base]' is not a date-time" },
		{ ":ID,a:boolean\nx,yes\n", "a:2:3: 'yes' is not a boolean (true or false)" },
		{ ":ID,a:char\nx,ab\n", "a:2:3: 'ab' is not one character" },
		{ ":ID,a:int[]\nx,1;;2\n", "a:2:3: '' is not an integer" },
		{ ":ID,a\nx,\"y\nz\n", "a:2:3: a quote is never closed" },
		{ ":ID,a\nx,\"y\"z\n", "a:2:6: a closing quote must be followed by a comma or a line end" },
		{ ":ID,a\nx,y\"z\n", "a:2:4: a quote in a field that does not start with one" },
		{ ":ID,a\n\"x\ny\",1\nz,\xff\n", "a:4:3: not valid UTF-8" },
		{ ":ID,a:int\n\"x\ny\",z\n", "a:3:4: 'z' is not an integer" },
		{ ":ID\nx\nx\n", "a:3:1: a second node with the id 'x'" },
		{ ":ID,a:int\nx,\"1\n\x01\"\n", "a:2:3: '1\\x0a\\x01' is not an integer" },
		{ ":START_ID,:END_ID,:TYPE\nx,y,T\n", "a:2:1: unknown node 'x'" },
		{ ":START_ID,:END_ID,:TYPE\n,y,T\n", "a:2:1: unknown node ''" },
	};
	for (size_t i = 0; i < GFS_COUNT(cases); i++)
		assert_refused(*state, cases[i].text, NULL, cases[i].message);
	assert_refused(*state, ":ID\nn\n", ":START_ID,:END_ID,:TYPE\nn,n,\n",
		"b:2:5: a relationship type: empty, or with a NUL character");
	assert_refused(*state, ":ID\nn\n", ":START_ID,:END_ID,:TYPE\nn,n,T\nn,m,T\n", "b:3:3: unknown node 'm'");
	assert_imports(*state, ":ID\nold\n", NULL);
	assert_refused(*state, ":ID\nnew\nold\n", NULL, "a:3:1: the graph has a node 'old' already");
	assert_graph(*state, "{\"node\":1,\"key\":\"old\",\"labels\":[],\"properties\":{}}\n");
}

static void test_long_texts(void **state)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_buf_append_text(&text, ":ID,a:int\n");
	for (size_t i = 0; i <= GFS_KEY_BYTES_MAX; i++)
		gfs_buf_append_u8(&text, 'k');
	gfs_buf_append_text(&text, ",1\n");
	gfs_buf_append_u8(&text, '\0');
	assert_refused(*state, (const char *)text.data, NULL, "a:2:1: a node's key: name too long");
	gfs_buf_clear(&text);
	gfs_buf_append_text(&text, ":ID,a:int\nx,");
	for (size_t i = 0; i < 100; i++)
		gfs_buf_append_u8(&text, 'n');
	gfs_buf_append_u8(&text, '\0');
	assert_refused(*state, (const char *)text.data, NULL,
		"a:2:3: 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...' is not an integer");
}

static void test_skip_bad(void **state)
{
	attempt = (struct attempt){ .skip_bad = true };
	OK(import_texts(*state,
		":ID,:LABEL,a:int\n"
		"a,A,1\n"
		"b,Gone,x\n"
		"\"c\"c,A,1\n"
		"d,A\n"
		"\"e\ne\",A,2\n"
		"a,A,9\n"
		"f,\"A,3\n"
		"g,A,4\n",
		":START_ID,:END_ID,:TYPE\na,g,T\na,b,T\ng,a,T\n", &attempt));
	assert_string_equal(attempt.lines.text,
		"a:3:8: 'x' is not an integer\n"
		"a:4:4: a closing quote must be followed by a comma or a line end\n"
		"a:5:1: wrong number of fields: 2, and the header has 3\n"
		"a:8:1: a second node with the id 'a'\n"
		"a:9:3: a quote is never closed\n"
		"b:3:3: unknown node 'b'\n");
	assert_int_equal(attempt.result.bad_rows, 6);
	assert_int_equal(attempt.result.nodes, 3);
	assert_int_equal(attempt.result.relationships, 2);
	assert_graph(*state,
		"{\"node\":1,\"key\":\"a\",\"labels\":[\"A\"],\"properties\":{\"a\":1}}\n"
		"{\"node\":2,\"key\":\"e\\ne\",\"labels\":[\"A\"],\"properties\":{\"a\":2}}\n"
		"{\"node\":3,\"key\":\"g\",\"labels\":[\"A\"],\"properties\":{\"a\":4}}\n"
		"{\"rel\":1,\"type\":\"T\",\"start\":1,\"end\":3,\"properties\":{}}\n"
		"{\"rel\":2,\"type\":\"T\",\"start\":3,\"end\":1,\"properties\":{}}\n");
}

static void append_rows(struct gfs_buf *out, unsigned count)
{
	gfs_buf_append_text(out, "name:ID,:LABEL,n:int,text\n");
	for (unsigned i = 0; i < count; i++)
		gfs_buf_printf(out, "node %u,L%u,%u,\"a \"\"text\"\" of some length, %u\"\n", i, i % 7, i, i);
	OK(gfs_buf_failed(out));
}

static void test_progress_can_stop(void **state)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	append_rows(&text, 20000);
	struct gfs_import_file files[] = { { "big", gfs_buf_slice(&text) } };
	attempt = (struct attempt){ .stop_after = 2 };
	assert_int_equal(import_files(*state, files, 1, &attempt), GFS_ERR_INTERRUPTED);
	assert_string_equal(attempt.message.text, "big: interrupted");
	assert_int_equal(attempt.lines.calls, 2);
	assert_int_equal(node_count(*state), 0);
	attempt = (struct attempt){ .unlogged = true };
	OK(import_files(*state, files, 1, &attempt));
	assert_int_equal(node_count(*state), 20000);
	assert_true(attempt.lines.calls > 2);
	require_clean(((struct fixture *)*state)->graph);
}

/* ---- JSON Lines ---- */

static void test_jsonl_by_hand(void **state)
{
	assert_imports(*state,
		" \r\n"
		"{\"key\":\"a\",\"labels\":[\"X\",\"X\"],\"properties\":{\"s\":\"30\",\"l\":[1,null,\"x\"],\"n\":{\"$float\":\"NaN\"}}}\r\n"
		"{\"node\":5}\n"
		"{\"type\":\"T\",\"start\":5,\"end\":\"a\",\"properties\":{\"b\":{\"$bytes\":\"AP8=\"}}}\n"
		"{\"graphfs\":1}\n"
		"{\"node\":5,\"key\":\"c\",\"properties\":{\"t\":{\"$value\":\"x\",\"newline\":false}}}\n"
		"{\"rel\":1,\"type\":\"T\",\"start\":5,\"end\":5}",
		":START_ID,:END_ID,:TYPE\nc,a,CSV\n");
	assert_graph(*state,
		"{\"node\":1,\"key\":\"a\",\"labels\":[\"X\"],\"properties\":{\"l\":[1,null,\"x\"],\"n\":{\"$float\":\"NaN\"},\"s\":\"30\"}}\n"
		"{\"node\":2,\"labels\":[],\"properties\":{}}\n"
		"{\"node\":3,\"key\":\"c\",\"labels\":[],\"properties\":{\"t\":{\"$value\":\"x\",\"newline\":false}}}\n"
		"{\"rel\":1,\"type\":\"T\",\"start\":2,\"end\":1,\"properties\":{\"b\":{\"$bytes\":\"AP8=\"}}}\n"
		"{\"rel\":2,\"type\":\"T\",\"start\":3,\"end\":3,\"properties\":{}}\n"
		"{\"rel\":3,\"type\":\"CSV\",\"start\":3,\"end\":1,\"properties\":{}}\n");
}

static void test_jsonl_messages(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "{\"node\":1}\n{\"node\":}\n", "a:2:9: unexpected token near '}'" },
		{ "{\"node\":1,\"node\":2}", "a:1:16: duplicate object key near '\"node\"'" },
		{ "{\"node\":1}\n[1]\n", "a:2:1: not a JSON object" },
		{ "{\"x\":1}", "a:1:1: neither a node nor a relationship" },
		{ "{\"node\":1,\"propertys\":{}}", "a:1:1: unknown member 'propertys'" },
		{ "{\"node\":1}\n{\"node\":1}", "a:2:1: a second node with the number 1" },
		{ "{\"key\":\"a\"}\n{\"key\":\"a\"}", "a:2:1: there is a node 'a' already" },
		{ "{\"key\":7}", "a:1:1: 'key' is not a string" },
		{ "{\"node\":-1}", "a:1:1: 'node' is not a whole number" },
		{ "{\"node\":1,\"mode\":4096}", "a:1:1: 'mode' is too large" },
		{ "{\"node\":1,\"uid\":\"root\"}", "a:1:1: 'uid' is not a whole number" },
		{ "{\"node\":1,\"mtime\":\"soon\"}", "a:1:1: 'mtime' is not a time" },
		{ "{\"node\":1,\"labels\":\"A\"}", "a:1:1: 'labels' is not an array" },
		{ "{\"node\":1,\"labels\":[1]}", "a:1:1: a label is not a string" },
		{ "{\"node\":1,\"labels\":[\"\"]}", "a:1:1: a label: empty, or with a NUL character" },
		{ "{\"node\":1,\"properties\":[]}", "a:1:1: 'properties' is not an object" },
		{ "{\"node\":1,\"properties\":{\"a\":null}}", "a:1:1: the value of 'a' is none that a property can have" },
		{ "{\"node\":1,\"properties\":{\"a\":{\"b\":1}}}", "a:1:1: the value of 'a' is none that a property can have" },
		{ "{\"node\":1,\"mtimes\":{\"a\":1}}", "a:1:1: a time for 'a', which is no property" },
		{ "{\"node\":1,\"folders\":{\"out\":[1]}}", "a:1:1: a folder is not a string" },
		{ "{\"start\":1}", "a:1:1: 'type' is not a string" },
		{ "{\"type\":\"T\",\"start\":1,\"end\":1}", "a:1:1: unknown node 1" },
		{ "{\"type\":\"T\",\"start\":\"x\",\"end\":1}", "a:1:1: unknown node 'x'" },
		{ "{\"type\":\"T\",\"start\":null,\"end\":1}", "a:1:1: 'start' is neither a number nor a key" },
		{ "{\"graphfs\":2}", "a:1:1: version 2 of the format is not known" },
		{ "{\"label\":1}", "a:1:1: 'label' is not a string" },
	};
	for (size_t i = 0; i < GFS_COUNT(cases); i++)
		assert_refused(*state, cases[i].text, NULL, cases[i].message);
}

/* A bad line takes back the names that it made, and later lines must not think that they are there. */
static void test_jsonl_skip_bad(void **state)
{
	attempt = (struct attempt){ .skip_bad = true };
	OK(import_texts(*state,
		"{\"key\":\"a\",\"labels\":[\"New\"],\"properties\":{\"new\":1},\"mtimes\":{\"other\":1}}\n"
		"{\"key\":\"b\",\"labels\":[\"New\"],\"properties\":{\"new\":1}}\n"
		"{\"type\":\"T\",\"start\":\"b\",\"end\":\"a\"}\n"
		"{\"type\":\"T\",\"start\":\"b\",\"end\":\"b\",\"mtimes\":{\"x\":1}}\n"
		"{\"type\":\"T\",\"start\":\"b\",\"end\":\"b\",\"properties\":{\"x\":1}}\n",
		NULL, &attempt));
	assert_int_equal(attempt.result.bad_rows, 3);
	assert_int_equal(attempt.result.nodes, 1);
	assert_int_equal(attempt.result.relationships, 1);
	assert_int_equal(attempt.result.properties, 2);
	assert_graph(*state,
		"{\"node\":1,\"key\":\"b\",\"labels\":[\"New\"],\"properties\":{\"new\":1}}\n"
		"{\"rel\":1,\"type\":\"T\",\"start\":1,\"end\":1,\"properties\":{\"x\":1}}\n");
}

/* ---- dumps that come back ---- */

static void import_dump(struct fixture *f, const struct gfs_buf *text, bool unlogged)
{
	struct gfs_import_file files[] = { { "dump", gfs_buf_slice(text) } };
	attempt = (struct attempt){ .unlogged = unlogged };
	if (import_files(f, files, 1, &attempt) != 0)
		fail_msg("%s", attempt.message.text);
}

static void assert_comes_back(struct fixture *f)
{
	GFS_AUTO_BUF first = GFS_BUF_INIT;
	GFS_AUTO_BUF second = GFS_BUF_INIT;
	dump(f, &first);
	for (int unlogged = 0; unlogged < 2; unlogged++) {
		struct fixture copy = { 0 };
		fixture_create(&copy);
		fixture_open(&copy);
		import_dump(&copy, &first, unlogged != 0);
		dump(&copy, &second);
		assert_int_equal(first.size, second.size);
		assert_memory_equal(first.data, second.data, first.size);
		fixture_close(&copy);
		fixture_open(&copy);
		dump(&copy, &second);
		assert_int_equal(first.size, second.size);
		assert_memory_equal(first.data, second.data, first.size);
		require_clean(copy.graph);
		fixture_destroy(&copy);
	}
}

static void random_name(struct value_random *r, struct gfs_buf *out, size_t max)
{
	do {
		gfs_buf_clear(out);
		value_random_text(r, out);
		gfs_buf_printf(out, "%u", (unsigned)value_random_below(r, 5));
	} while (gfs_name_check(gfs_buf_slice(out), max) != 0);
}

/* What a transaction needs of random names. */
enum { NAMES = 12, NODES = 150, RELS = 300 };

struct making {
	struct value_random random;
	struct gfs_tx *tx;
	struct gfs_arena arena;
	uint16_t ids[GFS_CATALOG_KEY + 1][NAMES];
	uint64_t nodes[NODES];
};

static void make_names(struct making *m)
{
	GFS_AUTO_BUF name = GFS_BUF_INIT;
	for (int kind = GFS_CATALOG_LABEL; kind <= GFS_CATALOG_KEY; kind++) {
		for (size_t i = 0; i < NAMES; i++) {
			random_name(&m->random, &name, GFS_NAME_BYTES_MAX);
			OK(gfs_name_make(m->tx, (enum gfs_catalog_kind)kind, gfs_buf_slice(&name), &m->ids[kind][i]));
			if (kind != GFS_CATALOG_KEY && i % 3 == 0)
				OK(gfs_name_set_made(m->tx, (enum gfs_catalog_kind)kind, m->ids[kind][i], true));
		}
	}
}

static uint16_t any_name(struct making *m, enum gfs_catalog_kind kind)
{
	return m->ids[kind][value_random_below(&m->random, NAMES - 1)];
}

static void make_properties(struct making *m, struct gfs_entity e)
{
	for (size_t i = value_random_below(&m->random, 5); i > 0; i--) {
		GFS_AUTO_BUF contents = GFS_BUF_INIT;
		struct gfs_value value;
		uint16_t key = any_name(m, GFS_CATALOG_KEY);
		value_random_value(&m->random, &m->arena, &value);
		OK(gfs_prop_set(m->tx, e, key, &value));
		if (value_random_below(&m->random, 3) == 0) {
			value_random_contents(&m->random, &contents);
			OK(gfs_prop_truncate(m->tx, e, key, 0));
			OK(gfs_prop_write(m->tx, e, key, 0, gfs_buf_slice(&contents)));
			OK(gfs_prop_settle(m->tx, e, key));
		}
		if (value_random_below(&m->random, 3) == 0)
			OK(gfs_prop_set_mtime(m->tx, e, key, 1 + value_random_below(&m->random, SIZE_MAX / 2)));
	}
	gfs_arena_clear(&m->arena);
}

static void make_node(struct making *m, uint64_t *ret_id)
{
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	struct gfs_node_meta meta = {
		.uid = (uint32_t)value_random_u64(&m->random),
		.gid = (uint32_t)value_random_u64(&m->random),
		.mode = value_random_u64(&m->random) & 07777,
		.mtime_ns = value_random_u64(&m->random) >> value_random_below(&m->random, 3),
	};
	random_name(&m->random, &key, GFS_KEY_BYTES_MAX - 8);
	if (value_random_below(&m->random, 4) == 0)
		gfs_buf_clear(&key);
	int err = gfs_node_create(m->tx, gfs_buf_slice(&key), &meta, ret_id);
	if (err == GFS_ERR_EXISTS)
		err = gfs_node_create(m->tx, (struct gfs_slice){ 0 }, &meta, ret_id);
	OK(err);
	for (size_t i = value_random_below(&m->random, 6); i > 0; i--) {
		err = gfs_node_add_label(m->tx, *ret_id, any_name(m, GFS_CATALOG_LABEL));
		REQUIRE(err == 0 || err == GFS_ERR_EXISTS);
	}
	make_properties(m, node_entity(*ret_id));
	for (size_t i = value_random_below(&m->random, 3); i > 0; i--)
		OK(gfs_folder_set_made(
			m->tx, *ret_id, value_random_below(&m->random, 2) ? GFS_OUT : GFS_IN, any_name(m, GFS_CATALOG_TYPE), true));
}

static void make_rel(struct making *m)
{
	uint64_t id;
	OK(gfs_rel_create(m->tx, any_name(m, GFS_CATALOG_TYPE), m->nodes[value_random_below(&m->random, NODES)],
		m->nodes[value_random_below(&m->random, NODES)], &id));
	make_properties(m, rel_entity(id));
	if (value_random_below(&m->random, 2) == 0)
		OK(gfs_rel_set_mtime(m->tx, id, 1 + value_random_u64(&m->random) / 2));
	if (value_random_below(&m->random, 10) == 0)
		OK(gfs_rel_delete(m->tx, id));
}

static void make_graph(struct fixture *f, uint64_t seed)
{
	struct making m = { .random = { seed } };
	m.tx = tx_begin(f);
	make_names(&m);
	for (size_t i = 0; i < NODES; i++) {
		make_node(&m, &m.nodes[i]);
		if (i % 9 == 8) { /* gaps between ids */
			OK(gfs_node_delete(m.tx, m.nodes[i], true));
			make_node(&m, &m.nodes[i]);
		}
	}
	for (size_t i = 0; i < RELS; i++)
		make_rel(&m);
	tx_commit(m.tx);
	gfs_arena_release(&m.arena);
}

static void test_random_graphs_come_back(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct fixture f = { 0 };
		print_message("seed %u\n", (unsigned)seed);
		fixture_create(&f);
		fixture_open(&f);
		make_graph(&f, seed);
		assert_comes_back(&f);
		fixture_destroy(&f);
	}
}

static void test_many_names_come_back(void **state)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_buf_append_text(&text, "{\"node\":1,\"key\":\"all\",\"labels\":[");
	for (int i = 0; i < 300; i++)
		gfs_buf_printf(&text, "%s\"L%d\"", i == 0 ? "" : ",", i);
	gfs_buf_append_text(&text, "],\"properties\":{");
	for (int i = 0; i < 300; i++)
		gfs_buf_printf(&text, "%s\"p%d\":%d", i == 0 ? "" : ",", i, i);
	gfs_buf_append_text(&text, "},\"folders\":{\"in\":[");
	for (int i = 0; i < 200; i++)
		gfs_buf_printf(&text, "%s\"T%d\"", i == 0 ? "" : ",", i);
	gfs_buf_append_text(&text, "]}}\n");
	import_dump(*state, &text, false);
	assert_comes_back(*state);
}

/* The largest value there may be as a string, and long ones as bytes and with every byte escaped in JSON. */
static void test_large_values_come_back(void **state)
{
	static const uint8_t fill[] = { 'x', 0xff, 0x01 };
	struct fixture *f = *state;
	const char *sanitizers = getenv("GRAPHFS_SANITIZE");
	bool is_slow = sanitizers != NULL && sanitizers[0] != '\0';
	size_t size = is_slow ? 1 << 20 : GFS_VALUE_BYTES_MAX;
	uint8_t *data = malloc(size);
	REQUIRE(data != NULL);
	uint64_t node = new_node(f, "large");
	for (size_t i = 0; i < GFS_COUNT(fill); i++) {
		uint16_t key = name_of(f, GFS_CATALOG_KEY, i == 0 ? "text" : i == 1 ? "bytes" : "control");
		size_t length = i == 0 ? size : size / 32;
		memset(data, fill[i], length);
		struct gfs_tx *tx = tx_begin(f);
		OK(gfs_prop_create(tx, node_entity(node), key));
		OK(gfs_prop_write(tx, node_entity(node), key, 0, gfs_slice(data, length)));
		OK(gfs_prop_settle(tx, node_entity(node), key));
		tx_commit(tx);
	}
	free(data);
	assert_comes_back(f);
}

static void test_indexes_come_back(void **state)
{
	static const char head[] = "{\"graphfs\":1,\"key_property\":\"name\"}\n"
							   "{\"index\":\"A.b\",\"label\":\"A\",\"property\":\"b\"}\n"
							   "{\"index\":\"zz\",\"label\":\"A\",\"property\":\"a\",\"unique\":true}\n";
	struct attempt a = { 0 };
	struct fixture *f = *state;
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	assert_int_equal(
		import_texts(f, head, "{\"key\":\"x\",\"labels\":[\"A\"],\"properties\":{\"a\":1,\"b\":2}}\n", &a), 0);
	require_clean(f->graph);
	dump(f, &text);
	assert_true(text.size > strlen(head) && memcmp(text.data, head, strlen(head)) == 0);
	assert_comes_back(f);
	assert_int_equal(import_texts(f, head, NULL, &a), 0); /* they are there: nothing changes */
	static const struct {
		const char *text, *message;
	} bad[] = {
		{ "{\"index\":\"zz\",\"label\":\"A\",\"property\":\"c\"}", "a:1:1: there is another index 'zz' already" },
		{ "{\"index\":\"x\",\"label\":\"A\",\"property\":\"a\"}", "a:1:1: there is another index 'x' already" },
		{ "{\"index\":\"x\",\"label\":\"A\"}", "a:1:1: 'property' is not a string" },
		{ "{\"index\":\"x\",\"label\":\"A\",\"property\":\"c\",\"unique\":1}",
			"a:1:1: 'unique' is neither true nor false" },
		{ "{\"index\":\"\",\"label\":\"A\",\"property\":\"c\",\"x\":1}", "a:1:1: unknown member 'x'" },
		{ "{\"key\":\"y\",\"labels\":[\"A\"],\"properties\":{\"a\":1.0}}",
			"a:1:1: unique index zz: nodes 'x' and 'y' would both have 1" },
	};
	for (size_t i = 0; i < GFS_COUNT(bad); i++) {
		assert_int_equal(import_texts(f, bad[i].text, NULL, &a), GFS_ERR_INVALID);
		assert_string_equal(a.message.text, bad[i].message);
	}
	a.skip_bad = true;
	assert_int_equal(import_texts(f, bad[5].text, NULL, &a), 0);
	assert_int_equal(a.result.bad_rows, 1);
	require_clean(f->graph);
}

static void test_saved_queries_come_back(void **state)
{
	static const char head[] = "{\"graphfs\":1,\"key_property\":\"name\"}\n"
							   "{\"query\":\"a\",\"text\":\"RETURN 1\\n\"}\n"
							   "{\"query\":\"b\",\"text\":{\"$bytes\":\"/w==\"}}\n"
							   "{\"query\":\"c\",\"text\":\"\"}\n";
	struct attempt a = { 0 };
	struct fixture *f = *state;
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	assert_int_equal(import_texts(f, head, NULL, &a), 0);
	assert_int_equal(import_texts(f, "{\"query\":\"a\",\"text\":\"another\"}\n", NULL, &a), 0); /* it is there */
	require_clean(f->graph);
	dump(f, &text);
	assert_int_equal(text.size, strlen(head));
	assert_memory_equal(text.data, head, text.size);
	assert_comes_back(f);
	static const struct {
		const char *text, *message;
	} bad[] = {
		{ "{\"query\":1}", "a:1:1: 'query' is not a string" },
		{ "{\"query\":\"x\",\"text\":1}", "a:1:1: 'text' is not a string" },
		{ "{\"query\":\"x\",\"y\":1}", "a:1:1: unknown member 'y'" },
	};
	for (size_t i = 0; i < GFS_COUNT(bad); i++) {
		assert_int_equal(import_texts(f, bad[i].text, NULL, &a), GFS_ERR_INVALID);
		assert_string_equal(a.message.text, bad[i].message);
	}
}

static int stop_writing(void *context, struct gfs_slice bytes)
{
	(void)bytes;
	return ++*(int *)context == 2 ? GFS_ERR_NOSPC : 0;
}

static void test_dump_stops_when_writing_fails(void **state)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	int calls = 0;
	append_rows(&text, 5000);
	import_dump(*state, &text, false);
	assert_int_equal(gfs_dump(((struct fixture *)*state)->graph, stop_writing, &calls), GFS_ERR_NOSPC);
	assert_int_equal(calls, 2);
}

static void test_an_empty_graph_comes_back(void **state)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	dump(*state, &out);
	assert_int_equal(out.size, strlen("{\"graphfs\":1,\"key_property\":\"name\"}\n"));
	assert_comes_back(*state);
}

/* A logged import that is larger than the memory that a transaction may have leaves nothing behind, and the caches get back what they lent. */
static void test_too_large(void **state)
{
	struct fixture *f = *state;
	struct attempt a = { 0 };
	struct gfs_cache_stats before, after;
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	fixture_close(f);
	f->opts.cache.bytes = UINT64_C(32) << 20;
	fixture_open(f);
	struct gfs_cache_budget *budget = gfs_store_cache_budget(gfs_graph_store(f->graph));
	gfs_cache_budget_stats(budget, GFS_CACHE_PAGE, &before);
	gfs_buf_append_text(&text, "name:ID,text\n");
	for (unsigned i = 0; i < 100000; i++)
		gfs_buf_printf(&text, "node%u,%0200u\n", i, i);
	OK(gfs_buf_failed(&text));
	struct gfs_import_file whole = { "big", gfs_buf_slice(&text) }, part = { "part", gfs_buf_slice(&text) };
	part.contents.size = sizeof "name:ID,text\n" - 1; /* the header, and a thousand rows */
	for (unsigned rows = 0; rows < 1000; part.contents.size++)
		rows += part.contents.data[part.contents.size] == '\n';
	assert_int_equal(import_files(f, &whole, 1, &a), GFS_ERR_TXNBIG);
	assert_string_equal(a.message.text, "big: more changes at once than memory is there for");
	assert_int_equal(node_count(f), 0);
	gfs_cache_budget_stats(budget, GFS_CACHE_PAGE, &after);
	assert_int_equal(after.limit_bytes, before.limit_bytes);
	OK(import_files(f, &part, 1, &a));
	assert_int_equal(node_count(f), 1000);
	require_clean(f->graph);
	a.unlogged = a.skip_bad = true; /* those thousand are there already */
	OK(import_files(f, &whole, 1, &a));
	assert_int_equal(node_count(f), 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_csv_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_csv_types, setup, teardown),
		cmocka_unit_test_setup_teardown(test_csv_temporal_types, setup, teardown),
		cmocka_unit_test_setup_teardown(test_csv_relationships, setup, teardown),
		cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
		cmocka_unit_test_setup_teardown(test_header_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_row_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_skip_bad, setup, teardown),
		cmocka_unit_test_setup_teardown(test_progress_can_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jsonl_by_hand, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jsonl_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jsonl_skip_bad, setup, teardown),
		cmocka_unit_test(test_random_graphs_come_back),
		cmocka_unit_test_setup_teardown(test_many_names_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_values_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_indexes_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_saved_queries_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dump_stops_when_writing_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_empty_graph_comes_back, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
