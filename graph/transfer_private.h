/* What the files of an import share: the CSV tokenizer, headers, and the state of one import. Nobody else includes it.
 *
 * Places in a file are pointers into its bytes; line and column (characters, from 1) are counted only when a message needs them. */
#ifndef GFS_GRAPH_TRANSFER_PRIVATE_H
#define GFS_GRAPH_TRANSFER_PRIVATE_H

#include "base/map.h"
#include "graph/transfer.h"

#include <stdarg.h>

/* ---- transfer_csv.c ---- */

struct gfs_csv_field {
	struct gfs_slice text; /* quotes resolved: in the file, or in the arena when a quote was doubled */
	const uint8_t *at;     /* where it starts in the file, its quote included */
};

struct gfs_csv_row {
	struct gfs_csv_field *fields; /* owned */
	size_t count, capacity;
	const uint8_t *at; /* its first byte */
};
void gfs_csv_row_release(struct gfs_csv_row *row);

struct gfs_csv {
	const uint8_t *at, *end;
};

/* Passes over a byte order mark. */
struct gfs_csv gfs_csv_open(struct gfs_slice contents);

struct gfs_csv_fault {
	const uint8_t *at;
	const char *reason;
};
/* The next row that is not blank. GFS_ERR_NOTFOUND at the end. GFS_ERR_INVALID with *ret_fault: `csv` then stands after the bad row. */
int gfs_csv_next(
	struct gfs_csv *csv, struct gfs_arena *arena, struct gfs_csv_row *row, struct gfs_csv_fault *ret_fault) GFS_CHECK;

/* A place as line and column, counted on from the place asked for before. */
struct gfs_position {
	const uint8_t *begin, *at, *line_start;
	uint64_t line;
};
struct gfs_position gfs_position_begin(struct gfs_slice contents);
/* *ret_column counts characters. */
void gfs_position_find(struct gfs_position *position, const uint8_t *at, uint64_t *ret_line, uint64_t *ret_column);

/* Room for a text in a message: 60 bytes and the mark that some are left out, each of 4 characters at most. */
enum { GFS_SHOWN_MAX = 256 };
/* `text` for a message: control bytes and what is not UTF-8 as \xNN, cut when it is long. Returns `out`. */
const char *gfs_show(struct gfs_slice text, char out[GFS_SHOWN_MAX]);

/* ---- transfer_header.c ---- */

enum gfs_column_kind {
	GFS_COLUMN_IGNORE,
	GFS_COLUMN_ID,
	GFS_COLUMN_LABEL,
	GFS_COLUMN_START_ID,
	GFS_COLUMN_END_ID,
	GFS_COLUMN_TYPE,
	GFS_COLUMN_PROPERTY,
};

/* A type that a header may name. */
struct gfs_column_type {
	const char *name;
	int64_t min, max; /* of an INTEGER */
	enum gfs_type type;
	bool one_character;
};

struct gfs_column {
	enum gfs_column_kind kind;
	const struct gfs_column_type *type; /* of a property, the one of an ID column included */
	bool is_array;
	struct gfs_slice name;  /* of the property; size 0: none */
	struct gfs_slice group; /* of an ID, START_ID or END_ID */
	const uint8_t *at;
	uint16_t key; /* id of the property's name */
};

struct gfs_header {
	struct gfs_column *columns; /* in the arena */
	size_t count;
	bool is_nodes;
};
/* Slices of the result lie in the row. GFS_ERR_INVALID with the fault; its reason is in `reason`. */
int gfs_header_read(const struct gfs_csv_row *row, struct gfs_arena *arena, struct gfs_header *ret_header,
	struct gfs_csv_fault *ret_fault, struct gfs_message *reason) GFS_CHECK;

/* ---- import.c, import_row.c: the state of an import ---- */

/* A file, opened as what its first line says. */
struct gfs_source {
	const char *name;
	struct gfs_slice contents;
	struct gfs_position position;
	bool is_jsonl;
	struct gfs_csv csv; /* after the header */
	struct gfs_header header;
	struct gfs_arena arena; /* of the header */
};

/* The transaction's names (gfs_bulk_name): keys; ids of the groups, from the first on; numbers of JSON Lines, of the first file with a
 * head from the first on. While there is only the global group, ids are keys. */
enum { GFS_IMPORT_SPACE_KEYS, GFS_IMPORT_SPACE_GROUPS };
#define GFS_IMPORT_SPACE_NUMBERS (UINT64_C(1) << 32)

struct gfs_import {
	struct gfs_graph *graph;
	struct gfs_tx *tx;
	const struct gfs_import_opts *opts;
	struct gfs_message *message;
	struct gfs_import_result result;
	struct gfs_source *source; /* being read */
	uint64_t done_bytes;       /* of the sources before it */
	uint64_t total_bytes;
	uint64_t told_bytes;                          /* when progress was called last */
	struct gfs_strmap names[GFS_CATALOG_KEY + 1]; /* by catalog kind: name -> id */
	struct gfs_slice *groups; /* their names, in the arenas of their sources; size 0: the global one */
	size_t group_count;
	bool has_groups;        /* one that is not the global one */
	uint64_t numbers;       /* the space of numbers */
	struct gfs_arena arena; /* of the row */
	/* The node or relationship that is being put together. */
	uint16_t labels[GFS_LABELS_PER_NODE_MAX];
	size_t label_count;
	struct gfs_bulk_prop *props;
	struct gfs_value *values;
	size_t prop_count, prop_capacity;
};

/* Writes "FILE:LINE:COLUMN: reason" to the message and returns GFS_ERR_INVALID, the code of a bad row. */
int gfs_import_fail(struct gfs_import *import, const uint8_t *at, const char *format, ...) GFS_PRINTF(3, 4) GFS_CHECK;
/* The same for an error of the graph, when it is one that the row is to blame for; any other is returned as it is. */
int gfs_import_blame(struct gfs_import *import, const uint8_t *at, int err, const char *what) GFS_CHECK;
/* After each row: reports a bad one that may be left out, forgets the row's memory and tells the progress. */
int gfs_import_row_done(struct gfs_import *import, int err, const uint8_t *next) GFS_CHECK;

/* The id of a name. */
int gfs_import_name(struct gfs_import *import, enum gfs_catalog_kind kind, struct gfs_slice name, const uint8_t *at,
	uint16_t *ret_id) GFS_CHECK;
/* After a roll-back that may have taken names back. */
void gfs_import_forget_names(struct gfs_import *import);
int gfs_import_add_label(struct gfs_import *import, struct gfs_slice name, const uint8_t *at) GFS_CHECK;
/* The value that the next property shall be put into; gfs_import_add_prop makes it one. GFS_ERR_NOMEM. */
int gfs_import_next_value(struct gfs_import *import, struct gfs_value **ret_value) GFS_CHECK;
void gfs_import_add_prop(struct gfs_import *import, uint16_t key);

/* Makes the node of the labels and properties at hand. GFS_ERR_EXISTS when the key is taken; other errors have their message. */
int gfs_import_node(struct gfs_import *import, struct gfs_slice key, const struct gfs_node_meta *meta,
	const uint8_t *at, uint64_t *ret_id) GFS_CHECK;
int gfs_import_rel(struct gfs_import *import, uint16_t type, uint64_t start, uint64_t end, uint64_t mtime_ns,
	const uint8_t *at, uint64_t *ret_id) GFS_CHECK;

/* ---- import_csv.c, import_jsonl.c: the rows of import->source ---- */

int gfs_import_csv(struct gfs_import *import) GFS_CHECK;
int gfs_import_jsonl(struct gfs_import *import) GFS_CHECK;

#endif
