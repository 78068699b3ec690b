/* Whether the rows of saved queries fit together, and making them. A query's row and that of its name say the same twice: one brings back the other. */
#include "graph/saved_query_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct look {
	struct gfs_graph *graph;
	struct gfs_tx *tx; /* NULL: nothing is put right */
	void (*found)(void *context, const char *line);
	void *context;
	uint64_t wrong;
};

static void GFS_PRINTF(2, 3) tell(struct look *l, const char *format, ...)
{
	char line[512];
	va_list args;
	l->wrong++;
	if (l->found == NULL)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof line, format, args); /* a long line is cut */
	va_end(args);
	l->found(l->context, line);
}

/* Damaged rows are told elsewhere, and are gone when things are put right: then what cannot be told to be there is not (K3 of kv.h). */
static int judge(const struct look *l, int err)
{
	return err == GFS_ERR_CORRUPT && l->tx != NULL ? GFS_ERR_NOTFOUND : err;
}

static int text_size(const struct look *l, uint16_t number, uint32_t *ret_bytes)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	struct gfs_query_key key = gfs_query_key_of(GFS_QUERY_ROW_TEXT, number);
	int err = judge(l, gfs_kv_get(gfs_store_kv(l->graph->store), GFS_KV_META, gfs_query_key_slice(&key), &text));
	*ret_bytes = (uint32_t)text.size;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* ---- one row ---- */

static int restore(struct look *l, uint16_t number, struct gfs_slice name)
{
	struct gfs_saved_query query = { .number = number, .mtime_ns = gfs_tx_later(l->tx, 0) };
	gfs_query_set_name(&query, name);
	int err = text_size(l, number, &query.text_bytes);
	return err != 0 ? err : gfs_query_row_put(l->tx, &query);
}

static int check_name(struct look *l, struct gfs_slice key, struct gfs_slice value)
{
	struct gfs_saved_query query;
	size_t prefix = strlen(GFS_QUERY_ROW_NAME);
	struct gfs_slice name = gfs_slice(key.data + prefix, key.size - prefix);
	uint16_t number = value.size == 2 ? gfs_get_le16(value.data) : 0;
	if (number == 0 || gfs_name_check(name, GFS_SAVED_QUERY_NAME_BYTES_MAX) != 0) {
		tell(l, "a name of a saved query is of an unknown form");
		return l->tx == NULL ? 0 : gfs_query_row_drop(l->tx, key);
	}
	int err = judge(l, gfs_saved_query_get(l->graph, number, &query));
	if (err == GFS_ERR_NOTFOUND) {
		tell(l, "the saved query %.*s has a name and nothing else", (int)name.size, (const char *)name.data);
		return l->tx == NULL ? 0 : restore(l, number, name);
	}
	if (err == 0 && !gfs_slice_equal(gfs_saved_query_name(&query), name)) {
		tell(l, "the name %.*s leads to a saved query of another name", (int)name.size, (const char *)name.data);
		return l->tx == NULL ? 0 : gfs_query_row_drop(l->tx, key);
	}
	return err;
}

/* GFS_ERR_EXISTS: its name leads to another one. */
static int check_name_of(struct look *l, const struct gfs_saved_query *query)
{
	uint16_t number = 0;
	struct gfs_slice name = gfs_saved_query_name(query);
	int err = judge(l, gfs_saved_query_find(l->graph, name, &number));
	if (err == 0 && number == query->number)
		return 0;
	if (err != 0 && err != GFS_ERR_NOTFOUND)
		return err;
	tell(l, "the saved query %.*s is not found by its name", (int)name.size, (const char *)name.data);
	if (l->tx == NULL)
		return 0;
	struct gfs_query_key key = gfs_query_key_of_name(name);
	return err == 0 ? GFS_ERR_EXISTS : gfs_query_row_put_number(l->tx, gfs_query_key_slice(&key), query->number);
}

static int check_query(struct look *l, struct gfs_slice key, struct gfs_slice value)
{
	struct gfs_saved_query query;
	uint32_t text_bytes;
	size_t prefix = strlen(GFS_QUERY_ROW);
	if (key.size != prefix + 2 || gfs_query_row_read(gfs_get_be16(key.data + prefix), value, &query) != 0) {
		tell(l, "a saved query is of an unknown form");
		return l->tx == NULL ? 0 : gfs_query_row_drop(l->tx, key);
	}
	struct gfs_slice name = gfs_saved_query_name(&query);
	int err = check_name_of(l, &query);
	if (err == GFS_ERR_EXISTS)
		return gfs_query_row_drop(l->tx, key);
	if (err == 0)
		err = text_size(l, query.number, &text_bytes);
	if (err != 0 || text_bytes == query.text_bytes)
		return err;
	tell(l, "the saved query %.*s has not the text that it had", (int)name.size, (const char *)name.data);
	query.text_bytes = text_bytes;
	return l->tx == NULL ? 0 : gfs_query_row_put(l->tx, &query);
}

static int check_text(struct look *l, struct gfs_slice key, struct gfs_slice value)
{
	struct gfs_saved_query query;
	size_t prefix = strlen(GFS_QUERY_ROW_TEXT);
	uint16_t number = key.size == prefix + 2 ? gfs_get_be16(key.data + prefix) : 0;
	int err = number == 0 ? GFS_ERR_NOTFOUND : judge(l, gfs_saved_query_get(l->graph, number, &query));
	if (err != GFS_ERR_NOTFOUND)
		return err;
	tell(l, "there is a text of %zu bytes of a saved query that does not exist", value.size);
	return l->tx == NULL ? 0 : gfs_query_row_drop(l->tx, key);
}

static int check_last(struct look *l, struct gfs_slice key, struct gfs_slice value)
{
	if (value.size == 2)
		return 0;
	tell(l, "the number of the last saved query is of an unknown form");
	return l->tx == NULL ? 0 : gfs_query_row_drop(l->tx, key);
}

/* ---- all ---- */

static bool begins_with(struct gfs_slice key, struct gfs_slice prefix)
{
	return key.size >= prefix.size && memcmp(key.data, prefix.data, prefix.size) == 0;
}

/* Damaged rows are passed over. */
static int each(
	struct look *l, const char *prefix_text, int (*check)(struct look *l, struct gfs_slice key, struct gfs_slice value))
{
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key = { 0 }, value, prefix = gfs_slice_text(prefix_text);
	int err = gfs_kv_iter_open(gfs_store_kv(l->graph->store), GFS_KV_META, &it);
	if (err == 0)
		err = gfs_kv_iter_seek(it, prefix, &key, &value);
	while ((err == 0 && begins_with(key, prefix)) || (err == GFS_ERR_CORRUPT && key.size != 0)) {
		if (err == 0)
			err = check(l, key, value);
		if (err == 0 || (err == GFS_ERR_CORRUPT && l->tx == NULL))
			err = gfs_kv_iter_next(it, &key, &value);
	}
	gfs_kv_iter_close(it);
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

int gfs_saved_queries_check(struct gfs_graph *graph, struct gfs_tx *tx, void (*found)(void *context, const char *line),
	void *context, uint64_t *ret_wrong)
{
	struct look l = { .graph = graph, .tx = tx, .found = found, .context = context };
	int err = each(&l, GFS_QUERY_ROW_NAME, check_name);
	if (err == 0)
		err = each(&l, GFS_QUERY_ROW, check_query);
	if (err == 0)
		err = each(&l, GFS_QUERY_ROW_TEXT, check_text);
	if (err == 0)
		err = each(&l, GFS_QUERY_ROW_LAST, check_last);
	*ret_wrong = l.wrong;
	return err;
}
