#include "tests/unit/query_call.h"

#include "base/checked.h"
#include "graph/value.h"
#include "query/show.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>

struct reader {
	struct query_call *call;
	const char *at;
	bool failed; /* a call gave an error */
};

void query_call_init(struct query_call *call)
{
	*call = (struct query_call){ .random = 1 };
	call->env = (struct gfs_function_env){ .arena = &call->arena,
		.error = &call->error,
		.random = &call->random,
		.statement_ns = UINT64_C(1437514832142000000), /* 2015-07-21T21:40:32.142Z */
		.transaction_ns = UINT64_C(1437514832000000000) };
}

void query_call_release(struct query_call *call)
{
	gfs_arena_release(&call->arena);
}

static struct gfs_datum read_value(struct reader *r);

static void blanks(struct reader *r)
{
	while (*r->at == ' ')
		r->at++;
}

static bool accept(struct reader *r, char c)
{
	blanks(r);
	bool there = *r->at == c;
	r->at += there;
	return there;
}

static struct gfs_slice read_name(struct reader *r)
{
	blanks(r);
	const char *start = r->at;
	while (isalnum((unsigned char)*r->at) || *r->at == '.' || *r->at == '_')
		r->at++;
	return gfs_slice(start, (size_t)(r->at - start));
}

/* Up to `end`, after the opening character. */
static size_t read_items(struct reader *r, char end, struct gfs_datum *items, size_t max)
{
	size_t count = 0;
	(void)max; /* read by the assert only */
	if (accept(r, end))
		return 0;
	do {
		if (count >= max)
			abort();
		items[count++] = read_value(r);
	} while (accept(r, ','));
	bool closed = accept(r, end);
	assert(closed);
	(void)closed;
	return count;
}

static const struct gfs_datum *keep(struct reader *r, const struct gfs_datum *items, size_t count)
{
	const void *kept = gfs_arena_copy(&r->call->arena, gfs_slice(items, count * sizeof *items)).data;
	assert(kept != NULL);
	return kept;
}

static struct gfs_datum read_list(struct reader *r)
{
	struct gfs_datum items[64];
	size_t count = read_items(r, ']', items, GFS_COUNT(items));
	return gfs_datum_list(keep(r, items, count), count);
}

static struct gfs_datum read_map(struct reader *r)
{
	struct gfs_datum_entry entries[32];
	struct gfs_datum made;
	size_t count = 0;
	while (!accept(r, '}')) {
		assert(count < GFS_COUNT(entries));
		entries[count].key = read_name(r);
		bool colon = accept(r, ':');
		assert(colon);
		(void)colon;
		entries[count++].value = read_value(r);
		(void)accept(r, ',');
	}
	struct gfs_slice kept = gfs_arena_copy(&r->call->arena, gfs_slice(entries, count * sizeof entries[0]));
	int err = gfs_datum_map_make(&r->call->arena, (struct gfs_datum_entry *)(uintptr_t)kept.data, count, &made);
	assert(err == 0);
	(void)err;
	return made;
}

static struct gfs_datum read_string(struct reader *r)
{
	const char *end = strchr(r->at, '\'');
	assert(end != NULL);
	struct gfs_datum d = gfs_datum_string(gfs_slice(r->at, (size_t)(end - r->at)));
	r->at = end + 1;
	return d;
}

static struct gfs_datum call_function(struct reader *r, struct gfs_slice name)
{
	struct gfs_datum args[16];
	struct gfs_datum value = gfs_datum_null();
	const struct gfs_function *function = gfs_function_find(name);
	size_t count = read_items(r, ')', args, GFS_COUNT(args));
	assert(function != NULL && count >= function->args_min && count <= function->args_max);
	if (r->failed)
		return value;
	for (size_t i = 0; i < count; i++) {
		if (gfs_datum_is_null(args[i]) && (function->flags & GFS_FUNCTION_TAKES_NULL) == 0)
			return value;
	}
	int err = function->call(&r->call->env, keep(r, args, count), count, &value);
	assert((err == 0) == (r->call->error.kind == GFS_QUERY_OK));
	r->failed = err != 0;
	return value;
}

static struct gfs_datum read_number(struct reader *r)
{
	struct gfs_value value;
	const char *start = r->at;
	while (isalnum((unsigned char)*r->at) || *r->at == '.' || *r->at == '-' || *r->at == '+')
		r->at++;
	struct gfs_slice text = gfs_slice(start, (size_t)(r->at - start));
	bool real = memchr(text.data, '.', text.size) != NULL || memchr(text.data, 'E', text.size) != NULL ||
		memchr(text.data, 'I', text.size) != NULL;
	int err = gfs_value_parse_loose(real ? GFS_TYPE_FLOAT : GFS_TYPE_INTEGER, text, &r->call->arena, &value);
	assert(err == 0);
	(void)err;
	return real ? gfs_datum_float(value.real) : gfs_datum_integer(value.integer);
}

static struct gfs_datum read_word(struct reader *r)
{
	struct gfs_slice name = read_name(r);
	if (*r->at == '(') {
		r->at++;
		return call_function(r, name);
	}
	if (gfs_slice_equal(name, gfs_slice_text("true")) || gfs_slice_equal(name, gfs_slice_text("false")))
		return gfs_datum_boolean(name.size == 4);
	if (gfs_slice_equal(name, gfs_slice_text("NaN")))
		return gfs_datum_float((double)NAN);
	if (gfs_slice_equal(name, gfs_slice_text("Infinity")))
		return gfs_datum_float((double)INFINITY);
	assert(gfs_slice_equal(name, gfs_slice_text("null")));
	return gfs_datum_null();
}

static struct gfs_datum read_value(struct reader *r)
{
	if (accept(r, '['))
		return read_list(r);
	if (accept(r, '{'))
		return read_map(r);
	if (accept(r, '\''))
		return read_string(r);
	return isalpha((unsigned char)*r->at) ? read_word(r) : read_number(r);
}

struct gfs_datum query_value(struct query_call *call, const char *expression)
{
	struct reader r = { .call = call, .at = expression };
	call->error = (struct gfs_query_error){ 0 };
	struct gfs_datum d = read_value(&r);
	assert(*r.at == '\0');
	return d;
}

/* ---- out ---- */

static void show(struct gfs_datum d, struct gfs_buf *out)
{
	switch (d.type) {
	case GFS_DATUM_NULL:
		gfs_buf_append_text(out, "null");
		break;
	case GFS_DATUM_STRING:
		gfs_buf_printf(out, "'%.*s'", (int)d.size, d.text);
		break;
	case GFS_DATUM_NODE:
	case GFS_DATUM_REL:
		gfs_buf_printf(out, "%s%llu", d.type == GFS_DATUM_NODE ? "n" : "r", (unsigned long long)d.id);
		break;
	case GFS_DATUM_LIST:
		gfs_buf_append_text(out, "[");
		for (uint32_t i = 0; i < d.size; i++) {
			gfs_buf_append_text(out, i == 0 ? "" : ", ");
			show(d.items[i], out);
		}
		gfs_buf_append_text(out, "]");
		break;
	case GFS_DATUM_MAP:
		gfs_buf_append_text(out, "{");
		for (uint32_t i = 0; i < d.size; i++) {
			gfs_buf_printf(out, "%s%.*s: ", i == 0 ? "" : ", ", (int)d.entries[i].key.size, d.entries[i].key.data);
			show(d.entries[i].value, out);
		}
		gfs_buf_append_text(out, "}");
		break;
	default:
		gfs_show_scalar(d, out);
	}
}

const char *query_show_datum(struct query_call *call, struct gfs_datum d)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	if (call->error.kind != GFS_QUERY_OK)
		gfs_buf_printf(&out, "!%s %s", gfs_query_error_kind_name(call->error.kind), call->error.detail);
	else
		show(d, &out);
	(void)snprintf(call->text, sizeof call->text, "%.*s", (int)out.size, out.data); /* long ones are cut */
	return call->text;
}

const char *query_show(struct query_call *call, const char *expression)
{
	return query_show_datum(call, query_value(call, expression));
}
