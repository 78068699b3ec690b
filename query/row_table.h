/* A hash table of rows by equivalence: for DISTINCT, grouping and joins. Everything in one arena. */
#ifndef GFS_QUERY_ROW_TABLE_H
#define GFS_QUERY_ROW_TABLE_H

#include "query/op.h"

struct gfs_row_table {
	struct gfs_exec *exec;
	struct gfs_arena *arena;
	struct gfs_slots shape; /* for `rows`: only the count matters */
	struct gfs_rows rows;   /* the keys, in the order in which they came */
	uint64_t *hashes;       /* by entry */
	uint64_t hash_capacity;
	uint32_t *places; /* hash -> entry + 1; a power of two */
	uint64_t place_count;
};

void gfs_row_table_init(struct gfs_row_table *table, struct gfs_exec *exec, struct gfs_arena *arena, uint32_t width);
/* The entry of the values that a row of the batch has in `slots` (as many as the width), made when it is new. */
int gfs_row_table_find(struct gfs_row_table *table, const struct gfs_batch *batch, const uint32_t *slots, uint32_t row,
	uint64_t *ret_entry, bool *ret_new) GFS_CHECK;
/* The same of values side by side. */
int gfs_row_table_find_values(
	struct gfs_row_table *table, const struct gfs_datum *values, uint64_t *ret_entry, bool *ret_new) GFS_CHECK;
/* Only looks. */
bool gfs_row_table_look(const struct gfs_row_table *table, const struct gfs_datum *values, uint64_t *ret_entry);

#endif
