/* What rows of CSV and of JSON Lines have in common: messages, names, properties, and the calls of the graph. */
#include "base/checked.h"
#include "graph/index.h"
#include "graph/transfer_private.h"

#include <assert.h>
#include <stdlib.h>

/* Bytes between two calls of progress. */
#define TELL_BYTES (UINT64_C(1) << 18)

int gfs_import_fail(struct gfs_import *import, const uint8_t *at, const char *format, ...)
{
	uint64_t line, column;
	char reason[GFS_SHOWN_MAX + 200];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(reason, sizeof reason, format, args); /* cut when it is long */
	va_end(args);
	struct gfs_source *source = import->source;
	gfs_position_find(&source->position, at, &line, &column);
	return gfs_fail(import->message, GFS_ERR_INVALID, "%s:%llu:%llu: %s", source->name, (unsigned long long)line,
		(unsigned long long)column, reason);
}

int gfs_import_blame(struct gfs_import *import, const uint8_t *at, int err, const char *what)
{
	switch (err) {
	case GFS_ERR_ILSEQ:
	case GFS_ERR_NAMETOOLONG:
	case GFS_ERR_TOOBIG:
	case GFS_ERR_LIMIT:
	case GFS_ERR_OVERFLOW:
		return gfs_import_fail(import, at, "%s: %s", what, gfs_err_text(err));
	case GFS_ERR_INVALID:
		return gfs_import_fail(import, at, "%s: empty, or with a NUL character", what);
	default:
		return err;
	}
}

static int tell_progress(struct gfs_import *import, const uint8_t *next)
{
	uint64_t done = import->done_bytes + (uint64_t)(next - import->source->contents.data);
	if (import->opts->progress == NULL || done - import->told_bytes < TELL_BYTES)
		return 0;
	import->told_bytes = done;
	return import->opts->progress(import->opts->context, done, import->total_bytes) != 0 ? GFS_ERR_INTERRUPTED : 0;
}

int gfs_import_row_done(struct gfs_import *import, int err, const uint8_t *next)
{
	if (err == GFS_ERR_INVALID && import->opts->skip_bad) {
		err = 0;
		import->result.bad_rows++;
		if (import->opts->bad_row != NULL)
			import->opts->bad_row(import->opts->context, import->message->text);
	}
	gfs_arena_clear(&import->arena);
	import->label_count = import->prop_count = 0;
	if (err == 0 && import->opts->unlogged)
		err = gfs_tx_relieve(import->tx);
	return err != 0 ? err : tell_progress(import, next);
}

/* ---- names ---- */

/* A row of CSV makes its names before its mark: they stay when it turns out bad, and the table of names stays true. Nobody sees them. */
int gfs_import_name(
	struct gfs_import *import, enum gfs_catalog_kind kind, struct gfs_slice name, const uint8_t *at, uint16_t *ret_id)
{
	static const char *const what[] = {
		[GFS_CATALOG_LABEL] = "a label",
		[GFS_CATALOG_TYPE] = "a relationship type",
		[GFS_CATALOG_KEY] = "a property name",
	};
	uint64_t known;
	if (gfs_strmap_get(&import->names[kind], name, &known)) {
		*ret_id = (uint16_t)known;
		return 0;
	}
	uint16_t id;
	int err = gfs_name_check(name, GFS_NAME_BYTES_MAX);
	if (err == 0)
		err = gfs_name_make(import->tx, kind, name, &id);
	if (err != 0)
		return gfs_import_blame(import, at, err, what[kind]);
	*ret_id = id;
	return gfs_strmap_set(&import->names[kind], name, id, NULL);
}

void gfs_import_forget_names(struct gfs_import *import)
{
	for (size_t i = 0; i < GFS_COUNT(import->names); i++)
		gfs_strmap_release(&import->names[i]);
}

int gfs_import_add_label(struct gfs_import *import, struct gfs_slice name, const uint8_t *at)
{
	uint16_t id = 0;
	int err = gfs_import_name(import, GFS_CATALOG_LABEL, name, at, &id);
	if (err != 0)
		return err;
	for (size_t i = 0; i < import->label_count; i++) {
		if (import->labels[i] == id)
			return 0;
	}
	if (import->label_count == GFS_COUNT(import->labels))
		return gfs_import_fail(import, at, "more than %u labels", GFS_LABELS_PER_NODE_MAX);
	import->labels[import->label_count++] = id;
	return 0;
}

/* ---- properties ---- */

/* The properties point at the values, so both arrays are as long, and the pointers are set where the values lie. */
static int grow_props(struct gfs_import *import)
{
	size_t capacity = import->prop_capacity == 0 ? 32 : import->prop_capacity * 2;
	struct gfs_value *values = reallocarray(import->values, capacity, sizeof *values);
	if (values == NULL)
		return GFS_ERR_NOMEM;
	import->values = values;
	struct gfs_bulk_prop *props = reallocarray(import->props, capacity, sizeof *props);
	if (props == NULL)
		return GFS_ERR_NOMEM;
	import->props = props;
	import->prop_capacity = capacity;
	for (size_t i = 0; i < import->prop_count; i++)
		props[i].value = &values[i];
	return 0;
}

int gfs_import_next_value(struct gfs_import *import, struct gfs_value **ret_value)
{
	int err = import->prop_count == import->prop_capacity ? grow_props(import) : 0;
	if (err == 0)
		*ret_value = &import->values[import->prop_count];
	return err;
}

void gfs_import_add_prop(struct gfs_import *import, uint16_t key)
{
	assert(import->prop_count < import->prop_capacity);
	import->props[import->prop_count] = (struct gfs_bulk_prop){ key, &import->values[import->prop_count] };
	import->prop_count++;
}

/* ---- the graph ---- */

int gfs_import_node(struct gfs_import *import, struct gfs_slice key, const struct gfs_node_meta *meta,
	const uint8_t *at, uint64_t *ret_id)
{
	struct gfs_txn_mark mark = gfs_tx_mark(import->tx);
	int err = key.size == 0 ? 0 : gfs_name_check(key, GFS_KEY_BYTES_MAX);
	if (err != 0)
		return gfs_import_blame(import, at, err, "a node's key");
	err = gfs_bulk_node(
		import->tx, key, meta, import->labels, import->label_count, import->props, import->prop_count, ret_id);
	if (err == 0)
		err = gfs_tx_check(import->tx); /* no later line gives this node a property */
	if (err == 0) {
		import->result.nodes++;
		import->result.properties += import->prop_count;
		return 0;
	}
	struct gfs_message why;
	bool refused = err == GFS_ERR_UNIQUE || err == GFS_ERR_REQUIRED;
	if (refused)
		gfs_index_explain(import->tx, &why); /* while the node is there */
	gfs_tx_rollback_to(import->tx, mark);
	if (refused)
		return gfs_import_fail(import, at, "%s", why.text);
	return err == GFS_ERR_EXISTS ? err : gfs_import_blame(import, at, err, "a node");
}

int gfs_import_rel(struct gfs_import *import, uint16_t type, uint64_t start, uint64_t end, uint64_t mtime_ns,
	const uint8_t *at, uint64_t *ret_id)
{
	struct gfs_txn_mark mark = gfs_tx_mark(import->tx);
	int err = gfs_bulk_rel(import->tx, type, start, end, mtime_ns, import->props, import->prop_count, ret_id);
	if (err == 0) {
		import->result.relationships++;
		import->result.properties += import->prop_count;
		return 0;
	}
	gfs_tx_rollback_to(import->tx, mark);
	return gfs_import_blame(import, at, err, "a relationship");
}
