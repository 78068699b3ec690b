/* The transactional graph: what fs/, query/ and the tools call. Keeps records, rows, chains, catalog and indexes in step, and writes the
 * logical log records that recovery replays.
 *
 * Reading: between gfs_graph_read_begin and _end (the store's shared lock), for milliseconds. Writing: between gfs_tx_begin and
 * gfs_tx_commit or gfs_tx_abort (the exclusive lock); every reading function may be called there too. After an error inside a
 * transaction the caller aborts it, or rolls back to a mark.
 *
 * Ids are node and relationship ids of GFS_ID_BITS bits; label, type and property-key ids are the catalog's 16-bit ones. An unknown id is
 * GFS_ERR_NOTFOUND. */
#ifndef GFS_GRAPH_GRAPH_H
#define GFS_GRAPH_GRAPH_H

#include "graph/value.h"
#include "index/adjacency.h"
#include "store/catalog.h"
#include "store/record.h"
#include "store/store.h"
#include "store/undo.h"

struct gfs_graph;
struct gfs_tx;

/* ---- opening ---- */

struct gfs_graph_create_opts {
	const char *key_property; /* Cypher's CREATE takes a node's key from it; NULL: "name" */
};
/* `opts` may be NULL: the defaults. */
int gfs_graph_create(const char *path, const struct gfs_graph_create_opts *opts, struct gfs_message *message) GFS_CHECK;
/* Opens the store, recovers, starts its threads.
 *
 * Damage to what is no data (definitions of property indexes and constraints, settings, saved queries that the log changes) is GFS_ERR_CORRUPT with
 * a message that names the way out. But with `read_only` or `repair` the open goes on without them, and the message says so; otherwise it is empty
 * after 0. */
int gfs_graph_open(const char *path, const struct gfs_store_opts *opts, struct gfs_graph **ret_graph,
	struct gfs_message *message) GFS_CHECK;
int gfs_graph_close(struct gfs_graph *graph);

struct gfs_store *gfs_graph_store(struct gfs_graph *graph);
struct gfs_catalog *gfs_graph_catalog(struct gfs_graph *graph);
struct gfs_slice gfs_graph_key_property(struct gfs_graph *graph);

/* Off: questions about relationships are answered from the chains of the records and not from adjacency and the sets of types, with the same
 * answers in the same order. The indexes go on being kept, so either may be set at any time. On after an open. Without a lock. */
void gfs_graph_set_rel_index(struct gfs_graph *graph, bool on);
bool gfs_graph_rel_index(const struct gfs_graph *graph);

void gfs_graph_read_begin(struct gfs_graph *graph);
void gfs_graph_read_end(struct gfs_graph *graph);

/* ---- what changed: for kernel-cache coherence and for query caches ---- */

enum gfs_change_kind {
	GFS_CHANGE_NODE_CREATED,  /* id */
	GFS_CHANGE_NODE_DELETED,  /* id, link_generation, dir_generation: of the dead node */
	GFS_CHANGE_NODE_RENAMED,  /* id; link_generation, dir_generation: those before */
	GFS_CHANGE_NODE_META,     /* id: mode, owner or times of the node itself */
	GFS_CHANGE_LABEL_ADDED,   /* id, name_id */
	GFS_CHANGE_LABEL_REMOVED, /* id, name_id, link_generation of the node */
	GFS_CHANGE_REL_CREATED,   /* id, name_id (type), start, end */
	GFS_CHANGE_REL_DELETED,   /* the same; start_generation, end_generation: link generations of both ends */
	GFS_CHANGE_PROP_CREATED,  /* entity, id, name_id (key) */
	GFS_CHANGE_PROP_REMOVED,
	GFS_CHANGE_PROP_CHANGED,
	GFS_CHANGE_NAME_LISTED,   /* dir = catalog kind: name_id appeared in or vanished from /labels or /rels */
	GFS_CHANGE_FOLDER_LISTED, /* id (node), dir, name_id (type): a folder in out/ or in/ appeared or vanished */
};

enum gfs_entity_kind { GFS_NODE = 0, GFS_REL = 1 };

struct gfs_entity {
	enum gfs_entity_kind kind;
	uint64_t id;
};

struct gfs_change {
	uint8_t kind;   /* enum gfs_change_kind */
	uint8_t entity; /* enum gfs_entity_kind, for properties */
	uint8_t dir;
	uint16_t name_id;
	uint16_t link_generation, dir_generation;
	uint16_t start_generation, end_generation;
	uint64_t id, start, end;
};

/* Past this many a transaction keeps none and says `everything`: the reader must assume that anything changed. */
#define GFS_CHANGES_MAX 65536u

struct gfs_changes {
	struct gfs_change *items; /* owned */
	size_t count;
	bool everything;
};
void gfs_changes_release(struct gfs_changes *changes);

/* Called after every commit that changed something, with no lock held, in the committing thread, before gfs_tx_commit returns; not when the
 * transaction took its changes itself. One listener. */
typedef void (*gfs_graph_listener)(void *context, const struct gfs_changes *changes);
void gfs_graph_set_listener(struct gfs_graph *graph, gfs_graph_listener listener, void *context);

/* ---- transactions ---- */

int gfs_tx_begin(struct gfs_graph *graph, struct gfs_tx **ret_tx) GFS_CHECK;
/* `ret_lsn` and `ret_changes` may be NULL. With ret_changes the caller takes the changes and tells the views itself; otherwise the listener is
 * called. Does not wait for the disk: gfs_store_commit_wait does. On error nothing happened. GFS_ERR_REQUIRED as gfs_tx_check. */
int gfs_tx_commit(struct gfs_tx *tx, uint64_t *ret_lsn, struct gfs_changes *ret_changes) GFS_CHECK;
/* What a commit asks first: whether all that constraints require is there (graph/constraint.h). GFS_ERR_REQUIRED: gfs_index_explain has words for it
 * until the abort. */
int gfs_tx_check(struct gfs_tx *tx) GFS_CHECK;
void gfs_tx_abort(struct gfs_tx *tx); /* NULL is fine */
struct gfs_graph *gfs_tx_graph(struct gfs_tx *tx);
struct gfs_txn_mark gfs_tx_mark(struct gfs_tx *tx);
void gfs_tx_rollback_to(struct gfs_tx *tx, struct gfs_txn_mark mark);
/* As gfs_undo_push, for what a layer above keeps in step with the graph: called, under the graph lock, when the transaction is aborted or its commit
 * fails. */
int gfs_tx_undo_push(struct gfs_tx *tx, gfs_undo_fn fn, void *context, size_t size, void **ret_data) GFS_CHECK;
/* For tools that have the database to themselves: as gfs_txn_begin_unlogged has it. Nothing is logged; gfs_tx_commit writes a checkpoint and returns
 * when it is on disk. Changes are told as `everything`. */
int gfs_tx_begin_unlogged(struct gfs_graph *graph, struct gfs_tx **ret_tx) GFS_CHECK;
/* Between two statements of an unlogged transaction: keeps its memory bounded. What was done cannot be rolled back any more: marks are void,
 * and an abort fails the store (gfs_txn_relieve). After an error: abort. */
int gfs_tx_relieve(struct gfs_tx *tx) GFS_CHECK;
/* As gfs_tx_relieve, and does what gfs_bulk_finish does, in bounded memory. */
int gfs_tx_settle(struct gfs_tx *tx) GFS_CHECK;

/* ---- names ---- */

/* The id of a label, type or property key, made when it is new. GFS_ERR_INVALID, _ILSEQ, _NAMETOOLONG, _LIMIT. */
int gfs_name_make(struct gfs_tx *tx, enum gfs_catalog_kind kind, struct gfs_slice name, uint16_t *ret_id) GFS_CHECK;
/* Shown in /labels or /rels although unused. */
int gfs_name_set_made(struct gfs_tx *tx, enum gfs_catalog_kind kind, uint16_t id, bool made) GFS_CHECK;

/* ---- nodes ---- */

struct gfs_node_meta {
	uint32_t uid, gid;
	uint16_t mode;                         /* permission bits only */
	uint64_t mtime_ns, ctime_ns, btime_ns; /* 0: the transaction's time */
};

/* `key` may be empty (data NULL): no key. GFS_ERR_EXISTS. */
int gfs_node_create(
	struct gfs_tx *tx, struct gfs_slice key, const struct gfs_node_meta *meta, uint64_t *ret_id) GFS_CHECK;
/* Without `detach`: GFS_ERR_NOTEMPTY when it has relationships (properties and labels go with it in either case). */
int gfs_node_delete(struct gfs_tx *tx, uint64_t id, bool detach) GFS_CHECK;
/* Empty: takes the key away. `by_kernel`: the kernel moved the directory entry itself (rename(2)), its nodeid stays valid. */
int gfs_node_set_key(struct gfs_tx *tx, uint64_t id, struct gfs_slice key, bool by_kernel) GFS_CHECK;
enum {
	GFS_META_MODE = 1,
	GFS_META_UID = 2,
	GFS_META_GID = 4,
	GFS_META_MTIME = 8,
	GFS_META_BTIME = 16,
	GFS_META_CTIME = 32
};
/* Sets the fields that `which` names; ctime becomes the transaction's time unless named. */
int gfs_node_set_meta(struct gfs_tx *tx, uint64_t id, unsigned which, const struct gfs_node_meta *meta) GFS_CHECK;

int gfs_node_find(struct gfs_graph *graph, struct gfs_slice key, uint64_t *ret_id) GFS_CHECK;
int gfs_node_get(struct gfs_graph *graph, uint64_t id, struct gfs_node_record *ret_record) GFS_CHECK;
/* Appends the key; GFS_ERR_NODATA when the node has none. */
int gfs_node_key(struct gfs_graph *graph, uint64_t id, struct gfs_buf *out) GFS_CHECK;
/* The smallest id >= from that exists. */
int gfs_node_next(
	struct gfs_graph *graph, uint64_t from, uint64_t *ret_id, struct gfs_node_record *ret_record) GFS_CHECK;
/* Nothing in it: no property, no relationship (what rmdir asks). */
int gfs_node_is_empty(struct gfs_graph *graph, uint64_t id, bool *ret_empty) GFS_CHECK;

/* Ascending label ids; *ret_count may exceed max. */
int gfs_node_labels(struct gfs_graph *graph, uint64_t id, uint16_t *labels, size_t max, size_t *ret_count) GFS_CHECK;
int gfs_node_has_label(struct gfs_graph *graph, uint64_t id, uint16_t label, bool *ret_has) GFS_CHECK;
int gfs_node_add_label(struct gfs_tx *tx, uint64_t id, uint16_t label) GFS_CHECK;    /* GFS_ERR_EXISTS */
int gfs_node_remove_label(struct gfs_tx *tx, uint64_t id, uint16_t label) GFS_CHECK; /* GFS_ERR_NOTFOUND */
/* Up to `max` nodes with the label, ids >= from. */
int gfs_label_nodes(
	struct gfs_graph *graph, uint16_t label, uint64_t from, uint64_t *ids, size_t max, size_t *ret_count) GFS_CHECK;

/* ---- relationships ---- */

int gfs_rel_create(struct gfs_tx *tx, uint16_t type, uint64_t start, uint64_t end, uint64_t *ret_id) GFS_CHECK;
int gfs_rel_delete(struct gfs_tx *tx, uint64_t id) GFS_CHECK; /* its properties go with it */
int gfs_rel_get(struct gfs_graph *graph, uint64_t id, struct gfs_rel_record *ret_record) GFS_CHECK;
int gfs_rel_set_mtime(struct gfs_tx *tx, uint64_t id, uint64_t mtime_ns) GFS_CHECK;
/* Up to `max` relationships of a type, ids >= from. */
int gfs_type_rels(
	struct gfs_graph *graph, uint16_t type, uint64_t from, uint64_t *ids, size_t max, size_t *ret_count) GFS_CHECK;
/* Adjacency, with the meaning of index/adjacency.h. */
int gfs_rels_types(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t from,
	struct gfs_adj_type *types, size_t max, size_t *ret_count) GFS_CHECK;
int gfs_rels_type(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_type *ret_type) GFS_CHECK;
int gfs_rels_mtime(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint64_t *ret_mtime_ns) GFS_CHECK;
int gfs_rels_list(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry from, struct gfs_adj_entry *entries, size_t max, size_t *ret_count) GFS_CHECK;
int gfs_rels_pair(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t type, uint64_t other,
	uint64_t *rels, size_t max, size_t *ret_count) GFS_CHECK;
/* mkdir and rmdir of an empty folder out/TYPE or in/TYPE; removing one with relationships is GFS_ERR_NOTEMPTY. */
int gfs_folder_set_made(struct gfs_tx *tx, uint64_t node, enum gfs_direction dir, uint16_t type, bool made) GFS_CHECK;

/* ---- properties as values ---- */

/* The value's memory is in `arena`. GFS_ERR_NOTFOUND. */
int gfs_prop_get(struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, struct gfs_arena *arena,
	struct gfs_value *ret_value) GFS_CHECK;
/* Creates or replaces. GFS_ERR_TOOBIG. */
int gfs_prop_set(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key, const struct gfs_value *value) GFS_CHECK;
int gfs_prop_remove(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key) GFS_CHECK;

/* Owner and mode of a property that were set on it, in place of its node's (a relationship's: of its start). */
struct gfs_access {
	uint32_t uid, gid;
	uint16_t mode; /* permission bits */
};

struct gfs_prop_info {
	uint16_t key;
	enum gfs_type type;       /* as shown; for a long text not looked at yet: GFS_TYPE_STRING */
	uint64_t size;            /* of the file */
	uint64_t allocated_bytes; /* on disk */
	uint64_t mtime_ns;        /* its own last write, or its entity's mtime */
	bool has_access;          /* else it follows its node: mode & 0666 */
	struct gfs_access access;
};
/* Up to `max` properties with key id >= from, ascending by key id. */
int gfs_prop_list(struct gfs_graph *graph, struct gfs_entity entity, uint16_t from, struct gfs_prop_info *infos,
	size_t max, size_t *ret_count) GFS_CHECK;
int gfs_prop_stat(
	struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, struct gfs_prop_info *ret_info) GFS_CHECK;

/* ---- properties as files ---- */

/* A new empty file; GFS_ERR_EXISTS. */
int gfs_prop_create(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key) GFS_CHECK;
int gfs_prop_read(struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, uint64_t offset, void *data,
	size_t size, size_t *ret_size) GFS_CHECK;
/* As pwrite(2) and ftruncate(2). Long values change in place. GFS_ERR_TOOBIG past GFS_VALUE_BYTES_MAX. A declared type is kept while the text fits
 * it, and remembered while it does not until gfs_prop_settle, which fs/ calls when the last writer closes. */
int gfs_prop_write(
	struct gfs_tx *tx, struct gfs_entity entity, uint16_t key, uint64_t offset, struct gfs_slice data) GFS_CHECK;
int gfs_prop_truncate(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key, uint64_t size) GFS_CHECK;
int gfs_prop_settle(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key) GFS_CHECK;
/* True when gfs_prop_settle would change something. */
int gfs_prop_is_unsettled(
	struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, bool *ret_unsettled) GFS_CHECK;
int gfs_prop_set_type(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key,
	enum gfs_type type) GFS_CHECK; /* GFS_ERR_INVALID: the text does not fit */
int gfs_prop_set_mtime(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key, uint64_t mtime_ns) GFS_CHECK;
/* NULL: it follows its node again. */
int gfs_prop_set_access(
	struct gfs_tx *tx, struct gfs_entity entity, uint16_t key, const struct gfs_access *access) GFS_CHECK;
/* Moves a property; one that is there is replaced. Node to node, or within one. */
int gfs_prop_rename(
	struct gfs_tx *tx, struct gfs_entity from, uint16_t from_key, struct gfs_entity to, uint16_t to_key) GFS_CHECK;
/* Exchanges two properties (RENAME_EXCHANGE). */
int gfs_prop_exchange(
	struct gfs_tx *tx, struct gfs_entity a, uint16_t a_key, struct gfs_entity b, uint16_t b_key) GFS_CHECK;

/* ---- bulk ---- */

struct gfs_bulk_prop {
	uint16_t key; /* each at most once a node or relationship; any order */
	const struct gfs_value *value;
};
/* A node with labels (ids, distinct) and properties in one go. GFS_ERR_EXISTS: another node has the key; the transaction can go on without this one. */
int gfs_bulk_node(struct gfs_tx *tx, struct gfs_slice key, const struct gfs_node_meta *meta, const uint16_t *labels,
	size_t label_count, const struct gfs_bulk_prop *props, size_t prop_count, uint64_t *ret_id) GFS_CHECK;
/* A relationship; its place in chains and adjacency is kept back until gfs_bulk_finish (which a commit calls; call it before reading relationships). That both
 * nodes exist is only looked at then: GFS_ERR_NOTFOUND. */
int gfs_bulk_rel(struct gfs_tx *tx, uint16_t type, uint64_t start, uint64_t end, uint64_t mtime_ns,
	const struct gfs_bulk_prop *props, size_t prop_count, uint64_t *ret_id) GFS_CHECK;
int gfs_bulk_finish(struct gfs_tx *tx) GFS_CHECK;

/* From now on the transaction remembers what it calls the nodes that it makes, in bounded memory when it is relieved: their keys (space 0; no key is
 * changed or taken away in it), and what else the caller gives them for a name (any other space). Once, before the first node. */
int gfs_bulk_remember(struct gfs_tx *tx) GFS_CHECK;
/* A node of this transaction. GFS_ERR_NOTFOUND. */
int gfs_bulk_find(struct gfs_tx *tx, uint64_t space, struct gfs_slice name, uint64_t *ret_node) GFS_CHECK;
/* gfs_bulk_find of it comes a few rows later, and will be quicker. */
void gfs_bulk_expect(struct gfs_tx *tx, uint64_t space, struct gfs_slice name);
/* GFS_ERR_EXISTS. */
int gfs_bulk_name(struct gfs_tx *tx, uint64_t space, struct gfs_slice name, uint64_t node) GFS_CHECK;
/* Many gfs_bulk_find follow, and few nodes. When memory is relieved between statements: the transaction must be unlogged. */
int gfs_bulk_settle_names(struct gfs_tx *tx) GFS_CHECK;

/* ---- texts ---- */

/* Appends the node as one JSON object and a newline: {"key":..,"id":..,"labels":[..],"properties":{..},"out":{"TYPE":[{"key":..,"id":..,"properties":{..}}]},"in":{..}}.
 * *ret_mode (may be NULL): who may read it, as permission bits of the node's owner and group; properties of relationships from elsewhere that those
 * readers may not read are left out. */
int gfs_node_json(struct gfs_graph *graph, uint64_t id, struct gfs_buf *out, uint16_t *ret_mode) GFS_CHECK;

/* ---- checking ---- */

struct gfs_check_report {
	uint64_t nodes, relationships, properties, labels, types, keys;
	uint64_t pages, blobs, index_entries;
	uint64_t errors;
};
/* Verifies every page, record, chain, row, index entry and count. Calls `found` with one line a defect (at most 1,000 lines). Returns an error only when it could
 * not go on. Takes the shared lock in slices; meant for a database that nobody writes to. */
int gfs_graph_check(struct gfs_graph *graph, void (*found)(void *context, const char *line),
	void (*progress)(void *context, uint64_t done, uint64_t total), void *context,
	struct gfs_check_report *ret_report) GFS_CHECK;

#endif
