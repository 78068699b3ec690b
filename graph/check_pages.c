/* Pages: every one can be read and is of its kind; heap pages are in order, and their rows are noted for their owners to claim. */
#include "graph/check_private.h"

#include "store/fsm.h"
#include "store/heap.h"

#include <inttypes.h>

/* Reads one page. *ret_there: whether it exists. */
static int check_page(struct gfs_check_state *c, uint64_t page_id, bool *ret_there, enum gfs_page_kind *ret_kind)
{
	struct gfs_page *page;
	int err = gfs_page_get(c->graph->store, page_id, &page);
	*ret_there = err == 0;
	if (err == 0) {
		*ret_kind = gfs_page_kind(page);
		gfs_page_put(c->graph->store, page);
		c->report.pages++;
	}
	if (err == GFS_ERR_CORRUPT)
		gfs_check_defect(c, "page %u/%" PRIu64 " is damaged", GFS_PAGE_SPACE(page_id), GFS_PAGE_INDEX(page_id));
	return gfs_check_is_damage(err) ? 0 : err;
}

static bool kind_fits(enum gfs_space space, enum gfs_page_kind kind)
{
	switch (space) {
	case GFS_SPACE_NODE:
		return kind == GFS_PAGE_NODES;
	case GFS_SPACE_REL:
		return kind == GFS_PAGE_RELS;
	case GFS_SPACE_HEAP:
		return kind == GFS_PAGE_SLOTTED;
	case GFS_SPACE_BLOB:
		return kind == GFS_PAGE_BLOB_ROOT || kind == GFS_PAGE_BLOB_INDEX || kind == GFS_PAGE_BLOB_DATA ||
			kind == GFS_PAGE_FREE;
	case GFS_SPACE_FSM:
		return kind == GFS_PAGE_FSM;
	default:
		return false;
	}
}

/* Pages first to last of a space; those of a dense one must all exist. */
static int check_space(struct gfs_check_state *c, enum gfs_space space, uint64_t first, uint64_t last, bool dense)
{
	int err = 0;
	for (uint64_t i = first; err == 0 && i <= last; i++) {
		bool there;
		enum gfs_page_kind kind;
		uint64_t errors = c->report.errors;
		gfs_graph_read_begin(c->graph);
		err = check_page(c, GFS_PAGE_ID(space, i), &there, &kind);
		gfs_graph_read_end(c->graph);
		if (err == 0 && there && !kind_fits(space, kind))
			gfs_check_defect(c, "page %u/%" PRIu64 " is of kind %u, which does not belong there", space, i, kind);
		if (err == 0 && !there && dense && errors == c->report.errors)
			gfs_check_defect(c, "page %u/%" PRIu64 " is missing", space, i);
		gfs_check_progress(c, 1);
	}
	return err;
}

/* ---- the heap ---- */

static int note_row(void *context, uint64_t row_id, uint64_t blob_id)
{
	struct gfs_check_state *c = context;
	int err = gfs_u64map_set(&c->rows, row_id, 0);
	return err != 0 || blob_id == 0 ? err : gfs_check_blob(c, blob_id);
}

static int check_heap(struct gfs_check_state *c)
{
	uint64_t pages = gfs_store_counter(c->graph->store, GFS_COUNTER_HEAP_PAGES);
	int err = 0;
	for (uint64_t i = 1; err == 0 && i <= pages; i++) {
		struct gfs_message message = { "" };
		gfs_graph_read_begin(c->graph);
		err = gfs_heap_check_page(c->graph->store, i, note_row, c, &message);
		gfs_graph_read_end(c->graph);
		if (gfs_check_is_damage(err)) {
			gfs_check_defect(c, "%s", message.text);
			err = 0;
		}
		c->report.pages++;
		gfs_check_progress(c, 1);
	}
	return err;
}

/* F2: the summary bounds its leaves. */
static int check_fsm_leaf(struct gfs_check_state *c, const uint8_t *summary, uint64_t leaf)
{
	struct gfs_page *page;
	uint8_t most = 0;
	int err = gfs_page_get(c->graph->store, GFS_PAGE_ID(GFS_SPACE_FSM, leaf + 1), &page);
	if (err != 0)
		return gfs_check_is_damage(err) ? 0 : err;
	const uint8_t *bytes = gfs_page_payload(page);
	for (unsigned i = 0; i < GFS_PAGE_PAYLOAD_SIZE; i++)
		most = bytes[i] > most ? bytes[i] : most;
	if (most > summary[leaf])
		gfs_check_defect(c, "the summary of the free-space map is wrong for leaf %" PRIu64, leaf);
	gfs_page_put(c->graph->store, page);
	return 0;
}

static int check_fsm(struct gfs_check_state *c)
{
	uint64_t heap = gfs_store_counter(c->graph->store, GFS_COUNTER_HEAP_PAGES),
			 leaves = heap / GFS_FSM_PAGES_PER_LEAF + 1;
	struct gfs_page *summary;
	if (leaves > GFS_FSM_LEAVES_MAX)
		leaves = GFS_FSM_LEAVES_MAX;
	int err = check_space(c, GFS_SPACE_FSM, 0, leaves, false);
	if (err != 0)
		return err;
	gfs_graph_read_begin(c->graph);
	err = gfs_page_get(c->graph->store, GFS_PAGE_ID(GFS_SPACE_FSM, 0), &summary);
	if (err == 0) {
		for (uint64_t leaf = 0; err == 0 && leaf < leaves; leaf++)
			err = check_fsm_leaf(c, gfs_page_payload(summary), leaf);
		gfs_page_put(c->graph->store, summary);
	}
	gfs_graph_read_end(c->graph);
	return gfs_check_is_damage(err) ? 0 : err;
}

/* ---- pages that should not be ---- */

static bool page_expected(const struct gfs_check_state *c, uint64_t page_id)
{
	const struct gfs_store *store = c->graph->store;
	uint64_t index = GFS_PAGE_INDEX(page_id);
	switch (GFS_PAGE_SPACE(page_id)) {
	case GFS_SPACE_NODE:
		return index <= gfs_store_counter(store, GFS_COUNTER_NODE_NEXT) / GFS_NODES_PER_PAGE;
	case GFS_SPACE_REL:
		return index <= gfs_store_counter(store, GFS_COUNTER_REL_NEXT) / GFS_RELS_PER_PAGE;
	case GFS_SPACE_HEAP:
		return index != 0 && index <= gfs_store_counter(store, GFS_COUNTER_HEAP_PAGES);
	case GFS_SPACE_BLOB:
		return index != 0 && index <= gfs_store_counter(store, GFS_COUNTER_BLOB_PAGES);
	case GFS_SPACE_FSM:
		return index <= gfs_store_counter(store, GFS_COUNTER_HEAP_PAGES) / GFS_FSM_PAGES_PER_LEAF + 1;
	default:
		return false;
	}
}

static int check_strays(struct gfs_check_state *c)
{
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key, value;
	gfs_graph_read_begin(c->graph);
	int err = gfs_kv_iter_open(gfs_store_kv(c->graph->store), GFS_KV_PAGES, &it);
	if (err == 0) {
		err = gfs_kv_iter_seek(it, gfs_slice("", 0), &key, &value);
		for (; err == 0; err = gfs_kv_iter_next(it, &key, &value)) {
			if (key.size != 8 || value.size != GFS_PAGE_SIZE)
				gfs_check_defect(c, "the table of pages has an entry of the wrong size");
			else if (!page_expected(c, gfs_get_be64(key.data)))
				gfs_check_defect(c, "page %u/%" PRIu64 " lies past the end of its space",
					GFS_PAGE_SPACE(gfs_get_be64(key.data)), GFS_PAGE_INDEX(gfs_get_be64(key.data)));
		}
		gfs_kv_iter_close(it);
	}
	gfs_graph_read_end(c->graph);
	if (err == GFS_ERR_CORRUPT) {
		gfs_check_defect(c, "the table of pages is damaged and cannot be read to its end");
		err = 0;
	}
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

int gfs_check_pages(struct gfs_check_state *c)
{
	const struct gfs_store *store = c->graph->store;
	int err = check_space(
		c, GFS_SPACE_NODE, 0, gfs_store_counter(store, GFS_COUNTER_NODE_NEXT) / GFS_NODES_PER_PAGE, false);
	if (err == 0)
		err = check_space(
			c, GFS_SPACE_REL, 0, gfs_store_counter(store, GFS_COUNTER_REL_NEXT) / GFS_RELS_PER_PAGE, false);
	if (err == 0)
		err = check_space(c, GFS_SPACE_BLOB, 1, gfs_store_counter(store, GFS_COUNTER_BLOB_PAGES), true);
	if (err == 0)
		err = check_heap(c);
	if (err == 0)
		err = check_fsm(c);
	return err != 0 ? err : check_strays(c);
}
