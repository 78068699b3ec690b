/* Nodeids: what the kernel calls an inode, packed from what it shows, so that the daemon need not remember the inodes that the
 * kernel holds. 64 bits: kind 5, generation 9, sub 16, id GFS_ID_BITS (34).
 *
 * A nodeid is one binding of one name: a node's key change raises the generation that names made from the key carry, so old ones die
 * and are answered ESTALE. st_ino is the nodeid without its generations and so is stable across mounts. */
#ifndef GFS_FS_NODEID_H
#define GFS_FS_NODEID_H

#include "base/limits.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum gfs_inode_kind {
	GFS_INODE_STATIC,       /* id: enum gfs_static */
	GFS_INODE_NODE,         /* /nodes/KEY            id node; sub directory generation */
	GFS_INODE_NODE_LABELS,  /* /nodes/KEY/labels     id node */
	GFS_INODE_NODE_OUT,     /* /nodes/KEY/out        id node */
	GFS_INODE_NODE_IN,      /* /nodes/KEY/in         id node */
	GFS_INODE_NODE_JSON,    /* /nodes/KEY/.json      id node */
	GFS_INODE_NODE_LABEL,   /* /nodes/KEY/labels/L   id node; sub label */
	GFS_INODE_OUT_TYPE,     /* /nodes/KEY/out/T      id node; sub type */
	GFS_INODE_IN_TYPE,      /* /nodes/KEY/in/T       id node; sub type */
	GFS_INODE_OUT_RELS,     /* /nodes/KEY/out/T/.rel id node; sub type */
	GFS_INODE_IN_RELS,      /* /nodes/KEY/in/T/.rel  id node; sub type */
	GFS_INODE_OUT_LINK,     /* /nodes/KEY/out/T/K2   id relationship; sub link generation of the end */
	GFS_INODE_IN_LINK,      /* /nodes/KEY/in/T/K2    id relationship; sub link generation of the start */
	GFS_INODE_OUT_REL,      /* .../out/T/.rel/K2     id relationship; sub link generation of the end */
	GFS_INODE_IN_REL,       /* .../in/T/.rel/K2      id relationship; sub link generation of the start */
	GFS_INODE_NODE_PROP,    /* /nodes/KEY/P          id node; sub property key; generation of the open file */
	GFS_INODE_LABEL,        /* /labels/L             sub label */
	GFS_INODE_LABEL_NODE,   /* /labels/L/KEY         id node; sub label; generation: low bits of the link generation */
	GFS_INODE_TYPE,         /* /rels/T               sub type */
	GFS_INODE_REL,          /* /rels/T/ID            id relationship */
	GFS_INODE_REL_FROM,     /* /rels/T/ID/from       id relationship */
	GFS_INODE_REL_TO,       /* /rels/T/ID/to         id relationship */
	GFS_INODE_REL_PROP,     /* /rels/T/ID/P          id relationship; sub property key; generation of the open file */
	GFS_INODE_IMPORT,       /* /import/FILE          id: its number, never reused in a mount */
	GFS_INODE_IMPORT_ERROR, /* /import/FILE.error    id: the same */
	GFS_INODE_CONTROL,      /* /.graphfs/...         id: index in the table of control files */
	GFS_INODE_EXPR,         /* /labels/EXPR          sub and id: a hash of the text (fs/exprs.h) */
	GFS_INODE_FOUND_NODE, /* /labels/EXPR/KEY, /index/L/P/V/KEY, /query/NAME/nodes/KEY: id node; sub: its link generation; generation: folders up to the root */
	GFS_INODE_INDEX,      /* /index/L, /index/L/P  sub label; id: 0, or that of the index */
	GFS_INODE_INDEX_VALUE, /* /index/L/P/V          sub index; generation and id: a hash of the value (fs/index_values.h) */
	GFS_INODE_QUERY,       /* /query/NAME, and its files: sub query; id: 0, or enum gfs_query_file */
	GFS_INODE_QUERY_NODES, /* /query/NAME/nodes     sub query */
	GFS_INODE_KIND_COUNT
};
static_assert(GFS_INODE_KIND_COUNT <= 32, "a kind has five bits");

enum gfs_static {
	GFS_STATIC_ROOT = 1, /* FUSE_ROOT_ID */
	GFS_STATIC_NODES,
	GFS_STATIC_LABELS,
	GFS_STATIC_RELS,
	GFS_STATIC_IMPORT,
	GFS_STATIC_INDEX,
	GFS_STATIC_QUERY,
	GFS_STATIC_COUNT
};

/* The id of /.graphfs/index in the table of control files. */
#define GFS_CONTROL_NAME ".graphfs" /* in the root */
#define GFS_CONTROL_INDEX 3u
#define GFS_CONTROL_CYPHER 4u

/* How many folders up from a GFS_INODE_FOUND_NODE the root is. */
enum { GFS_EXPR_DEPTH = 2, GFS_QUERY_DEPTH = 3, GFS_INDEX_DEPTH = 4 };

#define GFS_NODEID_SUB_SHIFT GFS_ID_BITS
#define GFS_NODEID_GEN_SHIFT (GFS_NODEID_SUB_SHIFT + 16)
#define GFS_NODEID_KIND_SHIFT (GFS_NODEID_GEN_SHIFT + 9)
#define GFS_NODEID_GEN_MAX 511u
static_assert(GFS_NODEID_KIND_SHIFT + 5 == 64, "the parts fill 64 bits");

struct gfs_nodeid {
	enum gfs_inode_kind kind;
	uint16_t gen;
	uint16_t sub;
	uint64_t id;
};

static inline uint64_t gfs_nodeid_pack(enum gfs_inode_kind kind, unsigned gen, unsigned sub, uint64_t id)
{
	assert(id <= GFS_ID_MAX && gen <= GFS_NODEID_GEN_MAX && sub <= UINT16_MAX);
	return (uint64_t)kind << GFS_NODEID_KIND_SHIFT | (uint64_t)gen << GFS_NODEID_GEN_SHIFT |
		(uint64_t)sub << GFS_NODEID_SUB_SHIFT | id;
}

static inline uint64_t gfs_nodeid_static(enum gfs_static which)
{
	return gfs_nodeid_pack(GFS_INODE_STATIC, 0, 0, which);
}

static inline struct gfs_nodeid gfs_nodeid_unpack(uint64_t nodeid)
{
	return (struct gfs_nodeid){
		.kind = (enum gfs_inode_kind)(nodeid >> GFS_NODEID_KIND_SHIFT),
		.gen = nodeid >> GFS_NODEID_GEN_SHIFT & GFS_NODEID_GEN_MAX,
		.sub = nodeid >> GFS_NODEID_SUB_SHIFT & UINT16_MAX,
		.id = nodeid & GFS_ID_MAX,
	};
}

/* The nodeid without what changes when a name does: st_ino, and the identity that exposure is remembered by. */
static inline uint64_t gfs_nodeid_ino(uint64_t nodeid)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	switch (n.kind) {
	case GFS_INODE_NODE:
	case GFS_INODE_OUT_LINK:
	case GFS_INODE_IN_LINK:
	case GFS_INODE_OUT_REL:
	case GFS_INODE_IN_REL:
	case GFS_INODE_FOUND_NODE:
		return gfs_nodeid_pack(n.kind, 0, 0, n.id);
	case GFS_INODE_INDEX_VALUE:
		return nodeid;
	default:
		return gfs_nodeid_pack(n.kind, 0, n.sub, n.id);
	}
}

/* A folder whose listing follows from data of many nodes: the kernel keeps neither entries nor attributes of it, so it is never told of one, and every
 * answer with its attributes has another mtime, so that it takes no listing for a later one. */
static inline bool gfs_nodeid_is_computed(uint64_t nodeid)
{
	enum gfs_inode_kind kind = gfs_nodeid_unpack(nodeid).kind;
	return kind == GFS_INODE_EXPR || kind == GFS_INODE_INDEX || kind == GFS_INODE_INDEX_VALUE ||
		kind == GFS_INODE_QUERY_NODES || nodeid == gfs_nodeid_static(GFS_STATIC_INDEX) ||
		nodeid == gfs_nodeid_static(GFS_STATIC_QUERY) ||
		nodeid == gfs_nodeid_pack(GFS_INODE_CONTROL, 0, 0, GFS_CONTROL_INDEX);
}

/* Its attributes change by themselves, or with those of other inodes. */
static inline bool gfs_nodeid_changes_itself(uint64_t nodeid)
{
	enum gfs_inode_kind kind = gfs_nodeid_unpack(nodeid).kind;
	return kind == GFS_INODE_CONTROL || kind == GFS_INODE_QUERY;
}

/* Of those that lie in such a folder, what a listing gives names of only: the kernel looks each up at every use. */
static inline bool gfs_nodeid_is_found(uint64_t nodeid)
{
	enum gfs_inode_kind kind = gfs_nodeid_unpack(nodeid).kind;
	return kind == GFS_INODE_FOUND_NODE || kind == GFS_INODE_INDEX_VALUE;
}

#endif
