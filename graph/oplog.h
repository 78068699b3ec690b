/* Logical log records: one a change, in the order in which they were made. A transaction's payload in the log is a run of them. They name
 * what was changed by ids, so that replay meets the same graph; what depends on the clock is the transaction's time.
 *
 * A record is one byte of code and then the fields of that code (oplog.c has the table), integers as varints. Decoding bytes of any
 * origin is safe: it yields a record whose ids are within the limits of base/limits.h and whose bytes lie in the input, or
 * GFS_ERR_CORRUPT. Lengths, modes and values are looked at when the record is applied. */
#ifndef GFS_GRAPH_OPLOG_H
#define GFS_GRAPH_OPLOG_H

#include "base/buf.h"
#include "graph/graph.h"

/* The numbers are part of the format. */
enum gfs_op_code {
	GFS_OP_NAME_MAKE = 1,   /* flags: catalog kind; name, bytes */
	GFS_OP_NAME_MADE = 2,   /* flags: catalog kind << 1 | made; name */
	GFS_OP_NODE_CREATE = 3, /* id, meta, bytes: key */
	GFS_OP_NODE_DELETE = 4, /* id; flags: detach */
	GFS_OP_NODE_KEY = 5,    /* id, bytes: key; flags: by_kernel */
	GFS_OP_NODE_META = 6,   /* id, meta; flags: which */
	GFS_OP_LABEL_ADD = 7,   /* id, name */
	GFS_OP_LABEL_REMOVE = 8,
	GFS_OP_REL_CREATE = 9,   /* id, name, start, end */
	GFS_OP_REL_DELETE = 10,  /* id */
	GFS_OP_REL_MTIME = 11,   /* id, number: ns */
	GFS_OP_FOLDER_MADE = 12, /* id, name; flags: direction << 1 | made */
	GFS_OP_PROP_SET = 13,    /* entity, name, bytes: encoded value */
	GFS_OP_PROP_REMOVE = 14, /* entity, name */
	GFS_OP_PROP_CREATE = 15,
	GFS_OP_PROP_WRITE = 16,    /* entity, name, number: offset, bytes */
	GFS_OP_PROP_TRUNCATE = 17, /* entity, name, number: size */
	GFS_OP_PROP_SETTLE = 18,
	GFS_OP_PROP_TYPE = 19,   /* flags: type */
	GFS_OP_PROP_MTIME = 20,  /* number: ns */
	GFS_OP_PROP_RENAME = 21, /* entity, name, entity2, name2 */
	GFS_OP_PROP_EXCHANGE = 22,
	GFS_OP_BULK_NODE = 23,    /* id, meta, bytes: key, labels, props */
	GFS_OP_BULK_REL = 24,     /* id, name, start, end, number: mtime, props */
	GFS_OP_PROP_ACCESS = 25,  /* entity, name, meta: uid, gid, mode; flags: it has access of its own */
	GFS_OP_INDEX_CREATE = 26, /* name: label, name2: key, number: its id, bytes: its name; flags below */
	GFS_OP_INDEX_DROP = 27,   /* name: its id */
	GFS_OP_INDEX_STEP =
		28, /* name: its id, number: how many nodes to enter, or entries to remove; 0: not applied yet */
	GFS_OP_INDEX_FAIL = 29,   /* name: its id */
	GFS_OP_INDEX_FOLDER = 30, /* name: label, number: its id when made; flags: made */
	GFS_OP_BULK_FINISH = 31,  /* before the end of the transaction: chains depend on when it was */
	GFS_OP_QUERY_MAKE = 32,   /* name: its number, bytes: its name */
	GFS_OP_QUERY_TEXT = 33,   /* name: its number, bytes: the text */
	GFS_OP_QUERY_RENAME = 34, /* name: its number, bytes: its name */
	GFS_OP_QUERY_REMOVE = 35, /* name: its number */
	GFS_OP_COUNT
};
/* Flags of GFS_OP_INDEX_CREATE. */
enum { GFS_OP_INDEX_UNIQUE = 1, GFS_OP_INDEX_REQUIRED = 2 };

struct gfs_op {
	enum gfs_op_code code;
	uint8_t flags;
	uint16_t name, name2; /* catalog ids */
	uint64_t id;          /* node or relationship; 0 in a create that has not been applied yet */
	struct gfs_entity entity, entity2;
	uint64_t start, end;
	uint64_t number;
	struct gfs_node_meta meta;
	struct gfs_slice bytes;
	struct gfs_slice labels; /* 2 bytes an id */
	struct gfs_slice props;  /* a run of: varint key id, varint size, encoded value; ascending by key id */
};

/* Appends the record; memory failure is the buffer's. */
void gfs_op_encode(const struct gfs_op *op, struct gfs_buf *out);
/* Reads the next record of *at and moves on. Slices lie in the input. GFS_ERR_NOTFOUND at the end, GFS_ERR_CORRUPT. */
int gfs_op_decode(struct gfs_slice *at, struct gfs_op *ret_op) GFS_CHECK;

/* The properties of a bulk record. */
void gfs_op_prop_encode(struct gfs_buf *out, uint16_t key, struct gfs_slice value);
int gfs_op_prop_decode(struct gfs_slice *at, uint16_t *ret_key, struct gfs_slice *ret_value) GFS_CHECK;

#endif
