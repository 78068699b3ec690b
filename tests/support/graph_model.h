/* A small graph in plain memory, and what each view of a mount must show of it. One process owns it and the nodes whose keys start with its prefix; it
 * lies in shared memory, so that other processes can check against it. */
#ifndef GFS_TESTS_SUPPORT_GRAPH_MODEL_H
#define GFS_TESTS_SUPPORT_GRAPH_MODEL_H

#include "tests/support/fs_check.h"

#define MODEL_NODES 8
#define MODEL_TYPES 3
#define MODEL_LABELS 3
#define MODEL_PROPS 3
#define MODEL_KEY_MAX 32u
#define MODEL_PROP_BYTES_MAX 9000u
#define MODEL_REL_PROP_BYTES_MAX 64u
/* The property that relationships may have. */
#define MODEL_REL_PROP "w"

struct model_prop {
	bool exists;
	uint32_t size;
	uint8_t bytes[MODEL_PROP_BYTES_MAX];
};

enum { MODEL_OUT, MODEL_IN, MODEL_DIRS };

struct model_node {
	bool exists;
	char key[MODEL_KEY_MAX];
	int mode;
	bool labels[MODEL_LABELS];
	char made[MODEL_DIRS][16]; /* an empty folder made by mkdir; "" for none */
	struct model_prop props[MODEL_PROPS];
};

struct model_link {
	uint64_t id; /* of the relationship; 0: there is none */
	bool has_prop;
	uint32_t prop_size;
	uint8_t prop[MODEL_REL_PROP_BYTES_MAX];
};

struct model {
	char prefix[16];
	char types[MODEL_TYPES][16], labels[MODEL_LABELS][16];
	struct model_node nodes[MODEL_NODES];
	struct model_link links[MODEL_TYPES][MODEL_NODES][MODEL_NODES]; /* [type][from][to] */
};

/* The node of a key; -1. */
int model_find(const struct model *model, const char *key);
const char *model_prop_name(int prop);
/* No property, no relationship. */
bool model_node_is_empty(const struct model *model, int node);
/* Relationships of a node that a folder shows. */
int model_degree(const struct model *model, int node, int dir, int type);

/* A place where something of the graph shows. Nodes are meant by key, so that what a former key shows can be asked for too. */
enum model_view_kind {
	VIEW_NODE,          /* nodes/KEY */
	VIEW_NODES,         /* the listing of nodes */
	VIEW_NODE_NAMES,    /* the listing of nodes/KEY */
	VIEW_FOLDER_MODE,   /* nodes/KEY/out */
	VIEW_JSON,          /* nodes/KEY/.json */
	VIEW_LINK,          /* nodes/KEY/{out,in}/TYPE/OTHER, readlink */
	VIEW_LINK_STAT,     /* the same, lstat */
	VIEW_LINK_ALIAS,    /* the same by another spelling of OTHER, or as OTHER~ID, readlink */
	VIEW_LINKS,         /* its folder's listing */
	VIEW_SIDE,          /* the listing of nodes/KEY/{out,in} */
	VIEW_REL_LINK,      /* nodes/KEY/{out,in}/TYPE/.rel/OTHER, readlink */
	VIEW_REL_LINKS,     /* its folder's listing */
	VIEW_THROUGH,       /* the link, followed */
	VIEW_REL,           /* rels/TYPE/ID */
	VIEW_REL_END,       /* rels/TYPE/ID/{from,to} */
	VIEW_TYPE,          /* is ID in the listing of rels/TYPE? */
	VIEW_REL_PROP,      /* rels/TYPE/ID/w */
	VIEW_REL_PROP_SIDE, /* nodes/KEY/{out,in}/TYPE/.rel/OTHER/w */
	VIEW_NODE_LABEL,    /* nodes/KEY/labels/LABEL */
	VIEW_LABEL_NODE,    /* labels/LABEL/KEY */
	VIEW_LABEL_ALIAS,   /* the same by another spelling of KEY */
	VIEW_NODE_LABELS,   /* the listings of their folders */
	VIEW_LABEL,
	VIEW_LABEL_THROUGH, /* labels/LABEL/KEY, followed */
	VIEW_EXPR, /* the listing of labels/EXPR, where the expression is made of the label and the next one, by `form` */
	VIEW_EXPR_NODE, /* labels/EXPR/KEY */
	VIEW_PROP_STAT, /* nodes/KEY/PROPERTY: size and mode */
	VIEW_PROP_READ,
	VIEW_PROP_MMAP,
	VIEW_PROP_LINK,  /* read by nodes/OTHER/{out,in}/TYPE/KEY/PROPERTY */
	VIEW_PROP_LABEL, /* read by labels/LABEL/KEY/PROPERTY */
};

/* How many expressions there are of two labels. */
#define MODEL_FORMS 5u

struct model_view {
	enum model_view_kind kind;
	int dir, type, label, prop;
	unsigned form;
	uint64_t rel; /* of the relationship there is or was */
	char key[MODEL_KEY_MAX], other[MODEL_KEY_MAX];
};

/* What the view must show now. `scratch` holds what the check points to, beside the model itself. */
#define MODEL_SCRATCH_BYTES 8192u
void model_check(const struct model *model, const struct model_view *view, struct fs_check *ret_check, char *scratch);

#endif
