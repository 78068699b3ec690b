#include "graph/oplog.h"

#include "base/checked.h"

#include <assert.h>

/* In this order in a record. */
enum {
	F_FLAGS = 1 << 0,
	F_ID = 1 << 1,
	F_ENTITY = 1 << 2,
	F_NAME = 1 << 3,
	F_ENTITY2 = 1 << 4,
	F_NAME2 = 1 << 5,
	F_ENDS = 1 << 6,
	F_NUMBER = 1 << 7,
	F_META = 1 << 8,
	F_BYTES = 1 << 9,
	F_LABELS = 1 << 10,
	F_PROPS = 1 << 11,
};

static const uint16_t fields_of[GFS_OP_COUNT] = {
	[GFS_OP_NAME_MAKE] = F_FLAGS | F_NAME | F_BYTES,
	[GFS_OP_NAME_MADE] = F_FLAGS | F_NAME,
	[GFS_OP_NODE_CREATE] = F_ID | F_META | F_BYTES,
	[GFS_OP_NODE_DELETE] = F_FLAGS | F_ID,
	[GFS_OP_NODE_KEY] = F_FLAGS | F_ID | F_BYTES,
	[GFS_OP_NODE_META] = F_FLAGS | F_ID | F_META,
	[GFS_OP_LABEL_ADD] = F_ID | F_NAME,
	[GFS_OP_LABEL_REMOVE] = F_ID | F_NAME,
	[GFS_OP_REL_CREATE] = F_ID | F_NAME | F_ENDS,
	[GFS_OP_REL_DELETE] = F_ID,
	[GFS_OP_REL_MTIME] = F_ID | F_NUMBER,
	[GFS_OP_FOLDER_MADE] = F_FLAGS | F_ID | F_NAME,
	[GFS_OP_PROP_SET] = F_ENTITY | F_NAME | F_BYTES,
	[GFS_OP_PROP_REMOVE] = F_ENTITY | F_NAME,
	[GFS_OP_PROP_CREATE] = F_ENTITY | F_NAME,
	[GFS_OP_PROP_WRITE] = F_ENTITY | F_NAME | F_NUMBER | F_BYTES,
	[GFS_OP_PROP_TRUNCATE] = F_ENTITY | F_NAME | F_NUMBER,
	[GFS_OP_PROP_SETTLE] = F_ENTITY | F_NAME,
	[GFS_OP_PROP_TYPE] = F_FLAGS | F_ENTITY | F_NAME,
	[GFS_OP_PROP_MTIME] = F_ENTITY | F_NAME | F_NUMBER,
	[GFS_OP_PROP_RENAME] = F_ENTITY | F_NAME | F_ENTITY2 | F_NAME2,
	[GFS_OP_PROP_EXCHANGE] = F_ENTITY | F_NAME | F_ENTITY2 | F_NAME2,
	[GFS_OP_PROP_ACCESS] = F_FLAGS | F_ENTITY | F_NAME | F_META,
	[GFS_OP_INDEX_CREATE] = F_FLAGS | F_NAME | F_NAME2 | F_NUMBER | F_BYTES,
	[GFS_OP_INDEX_DROP] = F_NAME,
	[GFS_OP_INDEX_STEP] = F_NAME | F_NUMBER,
	[GFS_OP_INDEX_FAIL] = F_NAME,
	[GFS_OP_INDEX_FOLDER] = F_FLAGS | F_NAME | F_NUMBER,
	[GFS_OP_BULK_NODE] = F_ID | F_META | F_BYTES | F_LABELS | F_PROPS,
	[GFS_OP_BULK_REL] = F_ID | F_NAME | F_ENDS | F_NUMBER | F_PROPS,
	[GFS_OP_BULK_FINISH] = 0,
	[GFS_OP_QUERY_MAKE] = F_NAME | F_BYTES,
	[GFS_OP_QUERY_TEXT] = F_NAME | F_BYTES,
	[GFS_OP_QUERY_RENAME] = F_NAME | F_BYTES,
	[GFS_OP_QUERY_REMOVE] = F_NAME,
};

static void put_bytes(struct gfs_buf *out, struct gfs_slice bytes)
{
	gfs_buf_append_varint(out, bytes.size);
	gfs_buf_append(out, bytes.data, bytes.size);
}

static void put_entity(struct gfs_buf *out, struct gfs_entity entity)
{
	gfs_buf_append_varint(out, entity.id << 1 | (entity.kind == GFS_REL));
}

static void put_meta(struct gfs_buf *out, const struct gfs_node_meta *meta)
{
	gfs_buf_append_varint(out, meta->uid);
	gfs_buf_append_varint(out, meta->gid);
	gfs_buf_append_varint(out, meta->mode);
	gfs_buf_append_varint(out, meta->mtime_ns);
	gfs_buf_append_varint(out, meta->ctime_ns);
	gfs_buf_append_varint(out, meta->btime_ns);
}

void gfs_op_encode(const struct gfs_op *op, struct gfs_buf *out)
{
	assert(op->code > 0 && op->code < GFS_OP_COUNT);
	unsigned fields = fields_of[op->code];
	gfs_buf_append_u8(out, (uint8_t)op->code);
	if (fields & F_FLAGS)
		gfs_buf_append_u8(out, op->flags);
	if (fields & F_ID)
		gfs_buf_append_varint(out, op->id);
	if (fields & F_ENTITY)
		put_entity(out, op->entity);
	if (fields & F_NAME)
		gfs_buf_append_varint(out, op->name);
	if (fields & F_ENTITY2)
		put_entity(out, op->entity2);
	if (fields & F_NAME2)
		gfs_buf_append_varint(out, op->name2);
	if (fields & F_ENDS) {
		gfs_buf_append_varint(out, op->start);
		gfs_buf_append_varint(out, op->end);
	}
	if (fields & F_NUMBER)
		gfs_buf_append_varint(out, op->number);
	if (fields & F_META)
		put_meta(out, &op->meta);
	if (fields & F_BYTES)
		put_bytes(out, op->bytes);
	if (fields & F_LABELS)
		put_bytes(out, op->labels);
	if (fields & F_PROPS)
		put_bytes(out, op->props);
}

static uint64_t read_at_most(struct gfs_reader *r, uint64_t max)
{
	uint64_t v = gfs_read_varint(r);
	if (v > max)
		r->failed = true;
	return r->failed ? 0 : v;
}

static uint64_t read_id(struct gfs_reader *r)
{
	uint64_t id = read_at_most(r, GFS_ID_MAX);
	if (id == GFS_ID_NONE)
		r->failed = true;
	return id;
}

static uint16_t read_name(struct gfs_reader *r)
{
	uint64_t id = read_at_most(r, GFS_NAME_ID_MAX);
	if (id == 0)
		r->failed = true;
	return (uint16_t)id;
}

static struct gfs_entity read_entity(struct gfs_reader *r)
{
	uint64_t v = read_at_most(r, GFS_ID_MAX << 1 | 1);
	if (v >> 1 == GFS_ID_NONE)
		r->failed = true;
	return (struct gfs_entity){ .kind = v & 1 ? GFS_REL : GFS_NODE, .id = v >> 1 };
}

static void read_meta(struct gfs_reader *r, struct gfs_node_meta *meta)
{
	meta->uid = (uint32_t)read_at_most(r, UINT32_MAX);
	meta->gid = (uint32_t)read_at_most(r, UINT32_MAX);
	meta->mode = (uint16_t)read_at_most(r, UINT16_MAX);
	meta->mtime_ns = gfs_read_varint(r);
	meta->ctime_ns = gfs_read_varint(r);
	meta->btime_ns = gfs_read_varint(r);
}

static struct gfs_slice read_sized(struct gfs_reader *r)
{
	return gfs_read_bytes(r, gfs_read_varint(r));
}

static void read_fields(struct gfs_reader *r, unsigned fields, struct gfs_op *op)
{
	if (fields & F_FLAGS)
		op->flags = gfs_read_u8(r);
	if (fields & F_ID)
		op->id = read_id(r);
	if (fields & F_ENTITY)
		op->entity = read_entity(r);
	if (fields & F_NAME)
		op->name = read_name(r);
	if (fields & F_ENTITY2)
		op->entity2 = read_entity(r);
	if (fields & F_NAME2)
		op->name2 = read_name(r);
	if (fields & F_ENDS) {
		op->start = read_id(r);
		op->end = read_id(r);
	}
	if (fields & F_NUMBER)
		op->number = gfs_read_varint(r);
	if (fields & F_META)
		read_meta(r, &op->meta);
	if (fields & F_BYTES)
		op->bytes = read_sized(r);
	if (fields & F_LABELS)
		op->labels = read_sized(r);
	if (fields & F_PROPS)
		op->props = read_sized(r);
}

int gfs_op_decode(struct gfs_slice *at, struct gfs_op *ret_op)
{
	if (at->size == 0)
		return GFS_ERR_NOTFOUND;
	struct gfs_reader r = gfs_reader(*at);
	unsigned code = gfs_read_u8(&r);
	if (code == 0 || code >= GFS_OP_COUNT)
		return GFS_ERR_CORRUPT;
	struct gfs_op op = { .code = (enum gfs_op_code)code };
	read_fields(&r, fields_of[code], &op);
	if (r.failed || op.labels.size % 2 != 0)
		return GFS_ERR_CORRUPT;
	*at = gfs_slice(r.at, gfs_reader_left(&r));
	*ret_op = op;
	return 0;
}

void gfs_op_prop_encode(struct gfs_buf *out, uint16_t key, struct gfs_slice value)
{
	gfs_buf_append_varint(out, key);
	put_bytes(out, value);
}

int gfs_op_prop_decode(struct gfs_slice *at, uint16_t *ret_key, struct gfs_slice *ret_value)
{
	if (at->size == 0)
		return GFS_ERR_NOTFOUND;
	struct gfs_reader r = gfs_reader(*at);
	uint16_t key = read_name(&r);
	struct gfs_slice value = read_sized(&r);
	if (r.failed || value.size == 0)
		return GFS_ERR_CORRUPT;
	*at = gfs_slice(r.at, gfs_reader_left(&r));
	*ret_key = key;
	*ret_value = value;
	return 0;
}
