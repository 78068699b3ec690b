/* The registry: built-in procedures in order of name, then the tables, newest first. */
#include "query/procedure_private.h"

#include <assert.h>
#include <stdlib.h>

int gfs_procedures_new(struct gfs_procedures **ret_procedures)
{
	struct gfs_procedures *procedures = calloc(1, sizeof *procedures);
	if (procedures == NULL)
		return GFS_ERR_NOMEM;
	*ret_procedures = procedures;
	return 0;
}

void gfs_procedures_free(struct gfs_procedures *procedures)
{
	if (procedures == NULL)
		return;
	gfs_arena_release(&procedures->arena);
	free(procedures);
}

void gfs_procedures_clear_tables(struct gfs_procedures *procedures)
{
	procedures->tables = NULL;
	gfs_arena_clear(&procedures->arena);
}

const struct gfs_procedure *gfs_procedures_at(const struct gfs_procedures *procedures, size_t i)
{
	if (i < gfs_procedure_builtin_count)
		return &gfs_procedure_builtins[i];
	const struct gfs_procedure_table *table = procedures->tables;
	for (i -= gfs_procedure_builtin_count; table != NULL && i > 0; i--)
		table = table->next;
	return table == NULL ? NULL : &table->procedure;
}

const struct gfs_procedure *gfs_procedures_find(const struct gfs_procedures *procedures, struct gfs_slice name)
{
	const struct gfs_procedure *procedure;
	for (size_t i = 0; (procedure = gfs_procedures_at(procedures, i)) != NULL; i++) {
		if (gfs_slice_equal(procedure->name, name))
			return procedure;
	}
	return NULL;
}

const char *gfs_procedure_type_name(enum gfs_procedure_type type)
{
	static const char *const names[] = {
#define X(code, name) [GFS_PROCEDURE_##code] = name,
		GFS_PROCEDURE_TYPES(X)
#undef X
	};
	return names[type];
}

bool gfs_procedure_argument(enum gfs_procedure_type type, struct gfs_datum value, struct gfs_datum *ret_value)
{
	static const uint8_t types[] = {
		[GFS_PROCEDURE_ANY] = GFS_DATUM_NULL,
		[GFS_PROCEDURE_BOOLEAN] = GFS_DATUM_BOOLEAN,
		[GFS_PROCEDURE_INTEGER] = GFS_DATUM_INTEGER,
		[GFS_PROCEDURE_FLOAT] = GFS_DATUM_FLOAT,
		[GFS_PROCEDURE_NUMBER] = GFS_DATUM_FLOAT,
		[GFS_PROCEDURE_STRING] = GFS_DATUM_STRING,
		[GFS_PROCEDURE_MAP] = GFS_DATUM_MAP,
		[GFS_PROCEDURE_NODE] = GFS_DATUM_NODE,
		[GFS_PROCEDURE_REL] = GFS_DATUM_REL,
		[GFS_PROCEDURE_PATH] = GFS_DATUM_PATH,
		[GFS_PROCEDURE_LIST] = GFS_DATUM_LIST,
	};
	*ret_value = value;
	if (value.type == types[type] || value.type == GFS_DATUM_NULL || type == GFS_PROCEDURE_ANY)
		return true;
	if (value.type != GFS_DATUM_INTEGER)
		return false;
	if (type == GFS_PROCEDURE_FLOAT)
		*ret_value = gfs_datum_float((double)value.integer);
	return type == GFS_PROCEDURE_FLOAT || type == GFS_PROCEDURE_NUMBER;
}
