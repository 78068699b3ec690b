/* Functions of any value: coalesce, nullIf, exists, valueType, timestamp, randomUUID. */
#include "base/checked.h"
#include "base/clock.h"
#include "base/hash.h"
#include "query/function_private.h"

#include <assert.h>
#include <sys/random.h>

#define ARGS const struct gfs_function_env *env, const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value

static int call_coalesce(ARGS)
{
	(void)env;
	*ret_value = gfs_datum_null();
	for (size_t i = 0; i < count && gfs_datum_is_null(*ret_value); i++)
		*ret_value = args[i];
	return 0;
}

static int call_null_if(ARGS)
{
	(void)env, (void)count;
	*ret_value = gfs_datum_equal(args[0], args[1]) == GFS_TRUE ? gfs_datum_null() : args[0];
	return 0;
}

static int call_exists(ARGS)
{
	(void)env, (void)count;
	*ret_value = gfs_datum_boolean(!gfs_datum_is_null(args[0]));
	return 0;
}

static int call_timestamp(ARGS)
{
	(void)args, (void)count;
	*ret_value = gfs_datum_integer((int64_t)(env->statement_ns / GFS_NS_PER_MS));
	return 0;
}

/* Version 4 of RFC 9562: random but for six bits. */
static int call_random_uuid(ARGS)
{
	enum { UUID_TEXT_SIZE = 36 };
	uint8_t bytes[16];
	(void)args, (void)count;
	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return gfs_query_fail_store(env->error, GFS_ERR_IO);
	bytes[6] = (uint8_t)(0x40 | (bytes[6] & 0x0f));
	bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f));
	char *text = gfs_function_alloc(env, UUID_TEXT_SIZE);
	if (text == NULL)
		return env->error->err;
	size_t at = 0;
	for (size_t i = 0; i < sizeof bytes; i++) {
		static const char digits[] = "0123456789abcdef";
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		text[at++] = digits[bytes[i] >> 4];
		text[at++] = digits[bytes[i] & 15];
	}
	assert(at == UUID_TEXT_SIZE);
	return gfs_function_string(env, gfs_slice(text, at), ret_value);
}

/* ---- valueType ---- */

/* `nullable`: null is among the values of which this is one. */
static void append_type(struct gfs_datum d, bool nullable, struct gfs_buf *out);

/* The types of the items, each once, in the order in which types are listed; null shows by the lack of NOT NULL, unless there is nothing else. */
static void append_item_types(struct gfs_datum list, struct gfs_buf *out)
{
	static const uint8_t order[] = { GFS_DATUM_BOOLEAN, GFS_DATUM_STRING, GFS_DATUM_INTEGER, GFS_DATUM_FLOAT,
		GFS_DATUM_DATE, GFS_DATUM_LOCALTIME, GFS_DATUM_TIME, GFS_DATUM_LOCALDATETIME, GFS_DATUM_DATETIME,
		GFS_DATUM_DURATION, GFS_DATUM_BYTES, GFS_DATUM_POINT, GFS_DATUM_NODE, GFS_DATUM_REL, GFS_DATUM_MAP,
		GFS_DATUM_LIST, GFS_DATUM_PATH };
	static_assert(GFS_COUNT(order) == GFS_DATUM_NULL, "all types but null");
	const struct gfs_datum *first[GFS_DATUM_TYPE_COUNT] = { NULL };
	size_t types = 0;
	for (uint32_t i = list.size; i-- > 0;)
		first[list.items[i].type] = &list.items[i];
	for (size_t i = 0; i < GFS_COUNT(order); i++) {
		if (first[order[i]] == NULL)
			continue;
		gfs_buf_append_text(out, types++ == 0 ? "" : " | ");
		append_type(*first[order[i]], first[GFS_DATUM_NULL] != NULL, out);
	}
	if (types == 0)
		gfs_buf_append_text(out, list.size == 0 ? "NOTHING" : "NULL");
}

static void append_type(struct gfs_datum d, bool nullable, struct gfs_buf *out)
{
	gfs_buf_append_text(out, gfs_type_of(d));
	if (d.type == GFS_DATUM_LIST) {
		gfs_buf_append_text(out, "<");
		append_item_types(d, out);
		gfs_buf_append_text(out, ">");
	}
	if (!nullable)
		gfs_buf_append_text(out, " NOT NULL");
}

static int call_value_type(ARGS)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	(void)count;
	append_type(args[0], gfs_datum_is_null(args[0]), &out);
	return gfs_function_buf(env, &out, ret_value);
}

static const struct gfs_function functions[] = {
	{ "coalesce", call_coalesce, 1, UINT8_MAX, GFS_FUNCTION_TAKES_NULL, GFS_DATUM_NULL },
	{ "nullIf", call_null_if, 2, 2, GFS_FUNCTION_TAKES_NULL, GFS_DATUM_NULL },
	{ "exists", call_exists, 1, 1, GFS_FUNCTION_TAKES_NULL, GFS_DATUM_BOOLEAN },
	{ "timestamp", call_timestamp, 0, 0, GFS_FUNCTION_VOLATILE, GFS_DATUM_INTEGER },
	{ "randomUUID", call_random_uuid, 0, 0, GFS_FUNCTION_VOLATILE, GFS_DATUM_STRING },
	{ "valueType", call_value_type, 1, 1, GFS_FUNCTION_TAKES_NULL, GFS_DATUM_STRING },
};

const struct gfs_function_table gfs_functions_scalar = { functions, GFS_COUNT(functions) };
