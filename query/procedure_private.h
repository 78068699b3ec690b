/* What the files of the procedures share. */
#ifndef GFS_QUERY_PROCEDURE_PRIVATE_H
#define GFS_QUERY_PROCEDURE_PRIVATE_H

#include "query/procedure.h"

struct gfs_procedure_table {
	struct gfs_procedure procedure; /* first: its `data` is the table */
	const struct gfs_datum *rows;   /* of inputs and outputs */
	size_t row_count;
	struct gfs_procedure_table *next;
};

struct gfs_procedures {
	struct gfs_arena arena; /* of the tables */
	struct gfs_procedure_table *tables;
};

/* Rows as they come; a failure is remembered to the end. */
struct gfs_procedure_list {
	struct gfs_arena *arena;
	struct gfs_datum *rows;
	size_t count, capacity;
	uint32_t columns;
	bool failed;
};
void gfs_procedure_add_row(struct gfs_procedure_list *rows, const struct gfs_datum *row);
struct gfs_datum gfs_procedure_text(struct gfs_procedure_list *rows, struct gfs_slice text);
int gfs_procedure_finish(const struct gfs_procedure_list *rows, const struct gfs_procedure_env *env,
	struct gfs_procedure_rows *ret_rows) GFS_CHECK;

/* "db.labels() :: (label :: STRING)" */
struct gfs_datum gfs_procedure_signature(struct gfs_procedure_list *rows, const struct gfs_procedure *procedure);

/* Fields and procedures of the tables. */
#define GFS_LITERAL(literal)                                                                                           \
	{                                                                                                                  \
		.data = (const uint8_t *)(literal), .size = sizeof(literal) - 1                                                \
	}
#define GFS_FIELD(literal, kind)                                                                                       \
	{                                                                                                                  \
		.name = GFS_LITERAL(literal), .type = GFS_PROCEDURE_##kind                                                     \
	}
#define GFS_PROCEDURE(literal, fields, function, what)                                                                 \
	{                                                                                                                  \
		.name = GFS_LITERAL(literal), .outputs = (fields), .output_count = sizeof(fields) / sizeof((fields)[0]),       \
		.call = (function), .description = (what)                                                                      \
	}

/* procedure_admin.c: db.constraints, db.indexes, dbms.queries, and what SHOW shows of the same. */
int gfs_procedure_constraints(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows) GFS_CHECK;
int gfs_procedure_indexes(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows) GFS_CHECK;
int gfs_procedure_queries(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows) GFS_CHECK;

int gfs_procedure_show_constraints(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows) GFS_CHECK;
int gfs_procedure_show_indexes(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows) GFS_CHECK;
int gfs_procedure_show_transactions(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows) GFS_CHECK;

/* `name` in backticks. */
struct gfs_buf;
void gfs_procedure_append_quoted(struct gfs_buf *out, struct gfs_slice name);

/* procedure_schema.c: db.schema.* */
int gfs_procedure_node_properties(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows) GFS_CHECK;
int gfs_procedure_rel_properties(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows) GFS_CHECK;
int gfs_procedure_visualization(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows) GFS_CHECK;

/* procedure_builtin.c */
extern const struct gfs_procedure gfs_procedure_builtins[];
extern const size_t gfs_procedure_builtin_count;

#endif
