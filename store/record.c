#include "store/record.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "store/typed_page.h"

#include <assert.h>

static_assert(GFS_NODE_RECORD_SIZE * GFS_NODES_PER_PAGE <= GFS_PAGE_PAYLOAD_SIZE, "node records fit");
static_assert(GFS_REL_RECORD_SIZE * GFS_RELS_PER_PAGE <= GFS_PAGE_PAYLOAD_SIZE, "relationship records fit");

enum { FLAG_EXISTS = 1, MODE_MAX = 07777 };
enum { RECORD_SIZE_MAX = GFS_NODE_RECORD_SIZE };

/* Where records of one kind lie. */
struct place {
	enum gfs_space space;
	enum gfs_page_kind kind;
	enum gfs_counter next;
	unsigned size, per_page;
};
static const struct place nodes = { GFS_SPACE_NODE, GFS_PAGE_NODES, GFS_COUNTER_NODE_NEXT, GFS_NODE_RECORD_SIZE,
	GFS_NODES_PER_PAGE };
static const struct place rels = { GFS_SPACE_REL, GFS_PAGE_RELS, GFS_COUNTER_REL_NEXT, GFS_REL_RECORD_SIZE,
	GFS_RELS_PER_PAGE };

/* ---- nodes ---- */

enum {
	NODE_FLAGS = 0,
	NODE_LABEL_COUNT = 1,
	NODE_MODE = 2,
	NODE_UID = 4,
	NODE_GID = 8,
	NODE_LABELS = 12,
	NODE_LINK_GENERATION = 18,
	NODE_DIR_GENERATION = 20,
	NODE_ROW = 24,
	NODE_FIRST_OUT = 32,
	NODE_FIRST_IN = 38,
	NODE_MTIME = 48,
	NODE_CTIME = 56,
	NODE_BTIME = 64,
	NODE_LABELS_MTIME = 72,
};

static bool node_labels_valid(const struct gfs_node_record *r)
{
	if (r->label_count == GFS_NODE_LABELS_IN_ROW)
		return r->row_id != 0;
	if (r->label_count > GFS_NODE_LABELS_INLINE)
		return false;
	for (unsigned i = 0; i < r->label_count; i++) {
		if (r->labels[i] <= (i == 0 ? 0 : r->labels[i - 1]))
			return false;
	}
	return true;
}

static bool node_valid(const struct gfs_node_record *r)
{
	return r->mode <= MODE_MAX && r->first_out <= GFS_ID_MAX && r->first_in <= GFS_ID_MAX && node_labels_valid(r);
}

/* N1: without the flag there is nothing to read. */
static int node_decode(const uint8_t *p, struct gfs_node_record *ret_record)
{
	if (p[NODE_FLAGS] == 0) {
		*ret_record = (struct gfs_node_record){ 0 };
		return 0;
	}
	*ret_record = (struct gfs_node_record){
		.exists = true,
		.label_count = p[NODE_LABEL_COUNT],
		.mode = gfs_get_le16(p + NODE_MODE),
		.uid = gfs_get_le32(p + NODE_UID),
		.gid = gfs_get_le32(p + NODE_GID),
		.labels = { gfs_get_le16(p + NODE_LABELS), gfs_get_le16(p + NODE_LABELS + 2),
			gfs_get_le16(p + NODE_LABELS + 4) },
		.link_generation = gfs_get_le16(p + NODE_LINK_GENERATION),
		.dir_generation = gfs_get_le16(p + NODE_DIR_GENERATION),
		.row_id = gfs_get_le64(p + NODE_ROW),
		.first_out = gfs_get_le48(p + NODE_FIRST_OUT),
		.first_in = gfs_get_le48(p + NODE_FIRST_IN),
		.mtime_ns = gfs_get_le64(p + NODE_MTIME),
		.ctime_ns = gfs_get_le64(p + NODE_CTIME),
		.btime_ns = gfs_get_le64(p + NODE_BTIME),
		.labels_mtime_ns = gfs_get_le64(p + NODE_LABELS_MTIME),
	};
	return p[NODE_FLAGS] == FLAG_EXISTS && node_valid(ret_record) ? 0 : GFS_ERR_CORRUPT;
}

/* `p` is zero. */
static void node_encode(uint8_t *p, const struct gfs_node_record *r)
{
	if (!r->exists)
		return;
	p[NODE_FLAGS] = FLAG_EXISTS;
	p[NODE_LABEL_COUNT] = r->label_count;
	gfs_put_le16(p + NODE_MODE, r->mode);
	gfs_put_le32(p + NODE_UID, r->uid);
	gfs_put_le32(p + NODE_GID, r->gid);
	if (r->label_count != GFS_NODE_LABELS_IN_ROW) {
		for (unsigned i = 0; i < r->label_count; i++)
			gfs_put_le16(p + NODE_LABELS + 2 * i, r->labels[i]);
	}
	gfs_put_le16(p + NODE_LINK_GENERATION, r->link_generation);
	gfs_put_le16(p + NODE_DIR_GENERATION, r->dir_generation);
	gfs_put_le64(p + NODE_ROW, r->row_id);
	gfs_put_le48(p + NODE_FIRST_OUT, r->first_out);
	gfs_put_le48(p + NODE_FIRST_IN, r->first_in);
	gfs_put_le64(p + NODE_MTIME, r->mtime_ns);
	gfs_put_le64(p + NODE_CTIME, r->ctime_ns);
	gfs_put_le64(p + NODE_BTIME, r->btime_ns);
	gfs_put_le64(p + NODE_LABELS_MTIME, r->labels_mtime_ns);
}

/* ---- relationships ---- */

enum {
	REL_FLAGS = 0,
	REL_TYPE = 2,
	REL_START = 4,
	REL_END = 10,
	REL_START_PREV = 16,
	REL_START_NEXT = 22,
	REL_END_PREV = 28,
	REL_END_NEXT = 34,
	REL_ROW = 40,
	REL_MTIME = 48,
};

static bool rel_valid(const struct gfs_rel_record *r)
{
	if (r->type == 0 || r->start == GFS_ID_NONE || r->end == GFS_ID_NONE || r->start > GFS_ID_MAX ||
		r->end > GFS_ID_MAX)
		return false;
	return r->start_prev <= GFS_ID_MAX && r->start_next <= GFS_ID_MAX && r->end_prev <= GFS_ID_MAX &&
		r->end_next <= GFS_ID_MAX;
}

static int rel_decode(const uint8_t *p, struct gfs_rel_record *ret_record)
{
	if (p[REL_FLAGS] == 0) {
		*ret_record = (struct gfs_rel_record){ 0 };
		return 0;
	}
	*ret_record = (struct gfs_rel_record){
		.exists = true,
		.type = gfs_get_le16(p + REL_TYPE),
		.start = gfs_get_le48(p + REL_START),
		.end = gfs_get_le48(p + REL_END),
		.start_prev = gfs_get_le48(p + REL_START_PREV),
		.start_next = gfs_get_le48(p + REL_START_NEXT),
		.end_prev = gfs_get_le48(p + REL_END_PREV),
		.end_next = gfs_get_le48(p + REL_END_NEXT),
		.row_id = gfs_get_le64(p + REL_ROW),
		.mtime_ns = gfs_get_le64(p + REL_MTIME),
	};
	return p[REL_FLAGS] == FLAG_EXISTS && rel_valid(ret_record) ? 0 : GFS_ERR_CORRUPT;
}

/* `p` is zero. */
static void rel_encode(uint8_t *p, const struct gfs_rel_record *r)
{
	if (!r->exists)
		return;
	p[REL_FLAGS] = FLAG_EXISTS;
	gfs_put_le16(p + REL_TYPE, r->type);
	gfs_put_le48(p + REL_START, r->start);
	gfs_put_le48(p + REL_END, r->end);
	gfs_put_le48(p + REL_START_PREV, r->start_prev);
	gfs_put_le48(p + REL_START_NEXT, r->start_next);
	gfs_put_le48(p + REL_END_PREV, r->end_prev);
	gfs_put_le48(p + REL_END_NEXT, r->end_next);
	gfs_put_le64(p + REL_ROW, r->row_id);
	gfs_put_le64(p + REL_MTIME, r->mtime_ns);
}

/* ---- pages of records ---- */

/* A page that does not exist gives *ret_page NULL: its records do not exist. */
static int page_open(struct gfs_store *store, const struct place *place, uint64_t number, struct gfs_page **ret_page)
{
	int err = gfs_page_get_kind(store, GFS_PAGE_ID(place->space, number), place->kind, ret_page);
	if (err != GFS_ERR_NOTFOUND)
		return err;
	*ret_page = NULL;
	return 0;
}

/* Writes the record's bytes from the first to the last that differ. */
static int bytes_write(struct gfs_txn *txn, struct gfs_page *page, unsigned offset, const uint8_t *bytes, unsigned size)
{
	const uint8_t *old = gfs_page_payload(page) + offset;
	unsigned from = 0;
	unsigned to = size;
	while (from < to && old[from] == bytes[from])
		from++;
	while (to > from && old[to - 1] == bytes[to - 1])
		to--;
	if (from == to)
		return 0;
	uint8_t *at = gfs_page_touch(txn, page, offset + from, to - from);
	if (at == NULL)
		return GFS_ERR_NOMEM;
	memcpy(at, bytes + from, to - from);
	return 0;
}

static int record_write(struct gfs_txn *txn, const struct place *place, uint64_t id, bool exists, const uint8_t *bytes)
{
	struct gfs_page *page;
	uint64_t page_id = GFS_PAGE_ID(place->space, id / place->per_page);
	if (id == GFS_ID_NONE || id > GFS_ID_MAX)
		return GFS_ERR_INVALID;
	int err = gfs_page_edit_kind(txn, page_id, place->kind, &page);
	if (err == GFS_ERR_NOTFOUND) {
		if (!exists)
			return 0;
		err = gfs_page_new(txn, page_id, place->kind, &page);
	}
	if (err != 0)
		return err;
	err = bytes_write(txn, page, (unsigned)(id % place->per_page) * place->size, bytes, place->size);
	gfs_page_put(gfs_txn_store(txn), page);
	return err;
}

int gfs_node_record_write(struct gfs_txn *txn, uint64_t id, const struct gfs_node_record *record)
{
	uint8_t bytes[GFS_NODE_RECORD_SIZE] = { 0 };
	assert(!record->exists || node_valid(record));
	node_encode(bytes, record);
	return record_write(txn, &nodes, id, record->exists, bytes);
}

int gfs_rel_record_write(struct gfs_txn *txn, uint64_t id, const struct gfs_rel_record *record)
{
	uint8_t bytes[GFS_REL_RECORD_SIZE] = { 0 };
	assert(!record->exists || rel_valid(record));
	rel_encode(bytes, record);
	return record_write(txn, &rels, id, record->exists, bytes);
}

int gfs_node_record_read(struct gfs_store *store, uint64_t id, struct gfs_node_record *ret_record)
{
	struct gfs_page *page = NULL;
	int err = id > GFS_ID_MAX ? 0 : page_open(store, &nodes, id / GFS_NODES_PER_PAGE, &page);
	if (err != 0)
		return err;
	if (page == NULL) {
		*ret_record = (struct gfs_node_record){ 0 };
		return 0;
	}
	err = node_decode(gfs_page_payload(page) + id % GFS_NODES_PER_PAGE * GFS_NODE_RECORD_SIZE, ret_record);
	gfs_page_put(store, page);
	return err;
}

int gfs_rel_record_read(struct gfs_store *store, uint64_t id, struct gfs_rel_record *ret_record)
{
	struct gfs_page *page = NULL;
	int err = id > GFS_ID_MAX ? 0 : page_open(store, &rels, id / GFS_RELS_PER_PAGE, &page);
	if (err != 0)
		return err;
	if (page == NULL) {
		*ret_record = (struct gfs_rel_record){ 0 };
		return 0;
	}
	err = rel_decode(gfs_page_payload(page) + id % GFS_RELS_PER_PAGE * GFS_REL_RECORD_SIZE, ret_record);
	gfs_page_put(store, page);
	return err;
}

/* *near becomes the page, or NULL when it does not exist. */
static int page_near(struct gfs_store *store, const struct place *place, uint64_t number, struct gfs_page **near)
{
	if (*near != NULL && (*near)->entry.key == GFS_PAGE_ID(place->space, number))
		return 0;
	if (*near != NULL)
		gfs_page_put(store, *near);
	*near = NULL;
	return page_open(store, place, number, near);
}

int gfs_node_record_near(
	struct gfs_store *store, struct gfs_page **near, uint64_t id, struct gfs_node_record *ret_record)
{
	int err = id > GFS_ID_MAX ? 0 : page_near(store, &nodes, id / GFS_NODES_PER_PAGE, near);
	if (err != 0)
		return err;
	if (id <= GFS_ID_MAX && *near != NULL)
		return node_decode(gfs_page_payload(*near) + id % GFS_NODES_PER_PAGE * GFS_NODE_RECORD_SIZE, ret_record);
	*ret_record = (struct gfs_node_record){ 0 };
	return 0;
}

int gfs_rel_record_near(struct gfs_store *store, struct gfs_page **near, uint64_t id, struct gfs_rel_record *ret_record)
{
	int err = id > GFS_ID_MAX ? 0 : page_near(store, &rels, id / GFS_RELS_PER_PAGE, near);
	if (err != 0)
		return err;
	if (id <= GFS_ID_MAX && *near != NULL)
		return rel_decode(gfs_page_payload(*near) + id % GFS_RELS_PER_PAGE * GFS_REL_RECORD_SIZE, ret_record);
	*ret_record = (struct gfs_rel_record){ 0 };
	return 0;
}

/* ---- scans ---- */

static_assert((int)NODE_FLAGS == (int)REL_FLAGS, "one scan for both kinds looks at the flags");

/* The first id >= from, in the page of `from`, whose flags are set; its bytes go to `bytes`. GFS_ERR_NOTFOUND. */
static int page_scan(
	struct gfs_store *store, const struct place *place, uint64_t from, uint64_t *ret_id, uint8_t *bytes)
{
	struct gfs_page *page;
	int err = page_open(store, place, from / place->per_page, &page);
	if (err != 0)
		return err;
	if (page == NULL)
		return GFS_ERR_NOTFOUND;
	unsigned i = (unsigned)(from % place->per_page);
	const uint8_t *p = gfs_page_payload(page) + i * place->size;
	while (i < place->per_page && p[NODE_FLAGS] == 0) {
		i++;
		p += place->size;
	}
	if (i < place->per_page) {
		*ret_id = from - from % place->per_page + i;
		memcpy(bytes, p, place->size);
	} else {
		err = GFS_ERR_NOTFOUND;
	}
	gfs_page_put(store, page);
	return err;
}

static int record_next(
	struct gfs_store *store, const struct place *place, uint64_t from, uint64_t *ret_id, uint8_t *bytes)
{
	uint64_t end = gfs_store_counter(store, place->next);
	from = GFS_MAX(from, UINT64_C(1));
	while (from < end) {
		int err = page_scan(store, place, from, ret_id, bytes);
		if (err != GFS_ERR_NOTFOUND)
			return err == 0 && *ret_id >= end ? GFS_ERR_NOTFOUND : err;
		from += place->per_page - from % place->per_page;
	}
	return GFS_ERR_NOTFOUND;
}

int gfs_node_record_next(struct gfs_store *store, uint64_t from, uint64_t *ret_id, struct gfs_node_record *ret_record)
{
	uint8_t bytes[RECORD_SIZE_MAX];
	int err = record_next(store, &nodes, from, ret_id, bytes);
	return err != 0 ? err : node_decode(bytes, ret_record);
}

int gfs_rel_record_next(struct gfs_store *store, uint64_t from, uint64_t *ret_id, struct gfs_rel_record *ret_record)
{
	uint8_t bytes[RECORD_SIZE_MAX];
	int err = record_next(store, &rels, from, ret_id, bytes);
	return err != 0 ? err : rel_decode(bytes, ret_record);
}

/* Those of the page of `from` that lie below `end`. */
static int page_list(struct gfs_store *store, const struct place *place, uint64_t from, uint64_t end, uint64_t *ids,
	size_t max, size_t *count)
{
	struct gfs_page *page;
	int err = page_open(store, place, from / place->per_page, &page);
	if (err != 0 || page == NULL)
		return err;
	const uint8_t *p = gfs_page_payload(page) + from % place->per_page * place->size;
	for (uint64_t id = from; id < end && *count < max; id++, p += place->size) {
		if (p[NODE_FLAGS] != 0)
			ids[(*count)++] = id;
	}
	gfs_page_put(store, page);
	return 0;
}

static int record_list(struct gfs_store *store, const struct place *place, uint64_t from, uint64_t end, uint64_t *ids,
	size_t max, size_t *ret_count)
{
	size_t count = 0;
	int err = 0;
	from = GFS_MAX(from, UINT64_C(1));
	end = GFS_MIN(end, gfs_store_counter(store, place->next));
	while (err == 0 && from < end && count < max) {
		uint64_t next = from + place->per_page - from % place->per_page;
		err = page_list(store, place, from, GFS_MIN(end, next), ids, max, &count);
		from = next;
	}
	if (err == 0)
		*ret_count = count;
	return err;
}

int gfs_node_record_list(
	struct gfs_store *store, uint64_t from, uint64_t end, uint64_t *ids, size_t max, size_t *ret_count)
{
	return record_list(store, &nodes, from, end, ids, max, ret_count);
}

int gfs_rel_record_list(
	struct gfs_store *store, uint64_t from, uint64_t end, uint64_t *ids, size_t max, size_t *ret_count)
{
	return record_list(store, &rels, from, end, ids, max, ret_count);
}
