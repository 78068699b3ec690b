/* Rows and blobs: each belongs to exactly one record, says what it may say, and nothing is left over. */
#include "graph/check_private.h"

#include "index/keys.h"
#include "store/blob.h"
#include "store/heap.h"

#include <inttypes.h>

/* ---- blobs ---- */

static int claim_page(void *context, uint64_t page_index)
{
	struct gfs_check_state *c = context;
	if (!gfs_bits_set(&c->blob_pages, page_index))
		gfs_check_defect(c, "blob page %" PRIu64 " belongs to more than one", page_index);
	return 0;
}

int gfs_check_blob(struct gfs_check_state *c, uint64_t blob_id)
{
	struct gfs_message message = { "" };
	int err = gfs_blob_check(c->graph->store, blob_id, claim_page, c, &message);
	c->report.blobs++;
	if (!gfs_check_is_damage(err))
		return err;
	gfs_check_defect(c, "%s", message.text);
	return 0;
}

/* A property's blob: its type is known or open, and its text fits a known one. */
static int check_contents(struct gfs_check_state *c, const char *what, const struct gfs_row_item *item)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	uint32_t tag;
	uint64_t errors = c->report.errors;
	int err = gfs_check_blob(c, item->blob_id);
	if (err != 0 || c->report.errors != errors)
		return err;
	err = gfs_blob_tag(c->graph->store, item->blob_id, &tag);
	if (err == 0 && (GFS_BLOB_TAG_TYPE(tag) >= GFS_TYPE_COUNT || tag > GFS_BLOB_TAG(0xff, true)))
		err = GFS_ERR_CORRUPT;
	if (err == 0)
		err = gfs_item_value(c->graph, item, &arena, &value);
	if (!gfs_check_is_damage(err))
		return err;
	gfs_check_defect(c, "%s: the blob of property %u has not the type it says", what, item->key);
	return 0;
}

/* ---- rows ---- */

static int check_inline(struct gfs_check_state *c, const char *what, const struct gfs_row_item *item)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	int err = gfs_value_decode(item->value, &arena, &value);
	if (err == GFS_ERR_CORRUPT)
		gfs_check_defect(c, "%s: the value of property %u is damaged", what, item->key);
	if (err != 0)
		return gfs_check_is_damage(err) ? 0 : err;
	struct gfs_value normal = value;
	gfs_value_declare(&normal);
	if (normal.declared != value.declared)
		gfs_check_defect(c, "%s: property %u is marked wrongly as of a declared type", what, item->key);
	return 0;
}

static int check_item(struct gfs_check_state *c, const char *what, const struct gfs_row_item *item)
{
	c->report.properties++;
	c->key_uses[item->key]++;
	int err = gfs_name_known(c->graph, GFS_CATALOG_KEY, item->key);
	if (err == GFS_ERR_NOTFOUND)
		gfs_check_defect(c, "%s: property key %u has no name", what, item->key);
	else if (err != 0)
		return err;
	if (item->latent >= GFS_TYPE_COUNT)
		gfs_check_defect(c, "%s: property %u has an unknown latent type", what, item->key);
	return item->is_blob ? check_contents(c, what, item) : check_inline(c, what, item);
}

static int check_key(struct gfs_check_state *c, const struct gfs_check_row *r, struct gfs_slice key)
{
	uint64_t node = GFS_ID_NONE;
	c->keys++;
	if (gfs_name_check(key, GFS_KEY_BYTES_MAX) != 0)
		gfs_check_defect(c, "%s: its key is not a valid name", r->what);
	int err = gfs_keys_find(c->graph->store, key, &node);
	if (gfs_check_is_damage(err) || (err == 0 && node != r->id)) {
		gfs_check_defect(c, "%s: the key index does not lead to it", r->what);
		err = 0;
	}
	return err;
}

static int check_items(struct gfs_check_state *c, const struct gfs_check_row *r, const struct gfs_row *row)
{
	struct gfs_slice at = row->items;
	struct gfs_row_item item;
	int err = 0;
	if (row->key.size != 0 && r->is_node)
		err = check_key(c, r, row->key);
	if (!r->is_node && (row->key.size != 0 || row->labels.size != 0))
		gfs_check_defect(c, "%s: its row has a key or labels", r->what);
	if (r->is_node && r->labels_in_row != (row->labels.size != 0))
		gfs_check_defect(c, "%s: record and row disagree on where its labels are", r->what);
	while (err == 0 && (err = gfs_row_next(&at, &item)) == 0)
		err = check_item(c, r->what, &item);
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* The row's bytes follow its rules (W1 to W4). */
static int check_bytes(const struct gfs_row_ref *ref, struct gfs_graph *graph, uint64_t row_id, bool *ret_good)
{
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	int err = ref->copy.data != NULL ? 0 : gfs_heap_read(graph->store, row_id, &bytes);
	if (err == 0)
		err = gfs_row_check(gfs_buf_slice(ref->copy.data != NULL ? &ref->copy : &bytes));
	*ret_good = err == 0;
	return err == GFS_ERR_CORRUPT ? 0 : err;
}

int gfs_check_row(struct gfs_check_state *c, const struct gfs_check_row *r)
{
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	uint64_t claimed = 0;
	bool good = false;
	if (r->row_id == 0)
		return 0;
	if (!gfs_u64map_get(&c->rows, r->row_id, &claimed)) {
		gfs_check_defect(c, "%s: its row %#" PRIx64 " does not exist", r->what, r->row_id);
		return 0;
	}
	if (claimed != 0) {
		gfs_check_defect(c, "%s: its row %#" PRIx64 " belongs to another as well", r->what, r->row_id);
		return 0;
	}
	int err = gfs_u64map_set(&c->rows, r->row_id, 1);
	if (err == 0)
		err = gfs_row_ref_get(c->graph, r->row_id, &ref);
	if (err == 0)
		err = check_bytes(&ref, c->graph, r->row_id, &good);
	if (gfs_check_is_damage(err) || (err == 0 && !good)) {
		gfs_check_defect(c, "%s: its row is damaged", r->what);
		return 0;
	}
	return err != 0 ? err : check_items(c, r, &ref.row);
}

/* ---- what nobody claimed ---- */

static int claim_free(void *context, uint64_t page_index)
{
	return claim_page(context, page_index);
}

int gfs_check_leftovers(struct gfs_check_state *c)
{
	struct gfs_message message = { "" };
	uint64_t row_id, claimed, pages = gfs_store_counter(c->graph->store, GFS_COUNTER_BLOB_PAGES);
	gfs_graph_read_begin(c->graph);
	int err = gfs_blob_free_pages(c->graph->store, claim_free, c, &message);
	gfs_graph_read_end(c->graph);
	if (gfs_check_is_damage(err))
		gfs_check_defect(c, "%s", message.text);
	else if (err != 0)
		return err;
	for (size_t at = 0; gfs_u64map_next(&c->rows, &at, &row_id, &claimed);) {
		if (claimed == 0)
			gfs_check_defect(c, "row %#" PRIx64 " belongs to nobody", row_id);
	}
	for (uint64_t i = 1; i <= pages; i++) {
		if (!gfs_bits_get(&c->blob_pages, i))
			gfs_check_defect(c, "blob page %" PRIu64 " belongs to nobody and is not free", i);
	}
	return 0;
}
