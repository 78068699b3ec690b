/* Into and out of a graph: CSV with the headers of neo4j-admin import, and JSON Lines, which a dump writes and an import reads back to the
 * same dump, byte for byte. */
#ifndef GFS_GRAPH_TRANSFER_H
#define GFS_GRAPH_TRANSFER_H

#include "graph/graph.h"

/* One file to import; its bytes stay the caller's. */
struct gfs_import_file {
	const char *name; /* for messages */
	struct gfs_slice contents;
};

struct gfs_import_opts {
	bool skip_bad;             /* a bad row is reported and left out instead of ending the import */
	bool unlogged;             /* gfs_tx_begin_unlogged: the caller has the database to itself */
	struct gfs_node_meta meta; /* owner and mode of new nodes; times 0 */
	/* One line a bad row: "FILE:LINE:COLUMN: reason". May be NULL. */
	void (*bad_row)(void *context, const char *line);
	/* Called now and then with bytes read of bytes in all. May be NULL. A non-zero answer stops with GFS_ERR_INTERRUPTED. */
	int (*progress)(void *context, uint64_t done_bytes, uint64_t total_bytes);
	void *context;
};

struct gfs_import_result {
	uint64_t nodes, relationships, properties, bad_rows;
};

/* All files in one transaction: everything or nothing. Each file is recognised by its first line: `{` is JSON Lines, a header with :ID nodes, with :START_ID
 * and :END_ID relationships; node files are taken first, else in the order given.
 * CSV (RFC 4180, UTF-8, optional byte order mark, comma; line ends LF or CRLF): columns NAME:ID or :ID or :ID(GROUP), :LABEL (labels split at ;), :START_ID, :END_ID, :TYPE,
 * NAME:int|long|short|byte|float|double|boolean|string|char and their arrays `[]` (split at ;), NAME without a type is a string, :IGNORE. An empty field is
 * no property. NAME:ID also becomes the property NAME. An id that names a node of the graph already is a bad row, save that relationships find nodes that are already there.
 * GFS_ERR_INVALID with "FILE:LINE:COLUMN: reason" in `message`. */
int gfs_import(struct gfs_graph *graph, const struct gfs_import_file *files, size_t count,
	const struct gfs_import_opts *opts, struct gfs_import_result *ret_result, struct gfs_message *message) GFS_CHECK;

/* Writes the graph as JSON Lines through `write` (non-zero stops and is returned):
 *   {"graphfs":1,"key_property":"name"}
 *   {"label":"Person"}   {"type":"KNOWS"}      made by mkdir and unused
 *   {"index":"Person.age","label":"Person","property":"age"}   and "unique":true, "required":true (alone: no index, only the
 *       constraint); an import makes it before the nodes that follow
 *   {"query":"adults","text":"MATCH ..."}   a saved query; an import leaves one of that name as it is
 *   {"node":1,"key":"ann","labels":["Person"],"mode":493,"uid":0,"gid":0,"mtime":NS,"ctime":NS,"btime":NS,"properties":{"age":30},"folders":{"out":["LIKES"]}}
 *   {"rel":1,"type":"KNOWS","start":1,"end":2,"mtime":NS,"properties":{}}
 * Nodes and relationships are numbered from 1 in the order of their ids, so the same graph gives the same bytes whatever its ids. A property with its own mtime
 * is listed in "mtimes":{"age":NS}, one with its own owner and mode in "access":{"age":[MODE,UID,GID]}. Takes the shared lock in slices: meant for a database that nobody writes to. */
int gfs_dump(struct gfs_graph *graph, int (*write)(void *context, struct gfs_slice bytes), void *context) GFS_CHECK;

#endif
