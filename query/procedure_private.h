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

/* procedure_builtin.c */
extern const struct gfs_procedure gfs_procedure_builtins[];
extern const size_t gfs_procedure_builtin_count;

#endif
