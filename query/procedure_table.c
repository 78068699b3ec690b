/* Tables as procedures, and the signatures that name them. */
#include "query/procedure_private.h"

#include "query/lexer.h"

#include <assert.h>
#include <strings.h>

/* ---- signatures: "a.b(x :: STRING?, y :: LIST? OF INTEGER?) :: (z :: NUMBER?)" ---- */

enum { FIELDS_MAX = 64 };

struct signature {
	struct gfs_lexer lexer;
	struct gfs_token token;
	struct gfs_slice name;
	struct gfs_procedure_field inputs[FIELDS_MAX], outputs[FIELDS_MAX];
	uint32_t input_count, output_count;
};

static void next(struct signature *s)
{
	s->token = gfs_lexer_next(&s->lexer);
}

static bool accept(struct signature *s, int kind)
{
	if (s->token.kind != kind)
		return false;
	next(s);
	return true;
}

static bool accept_colons(struct signature *s)
{
	if (!accept(s, ':'))
		return false;
	return accept(s, ':');
}

static bool read_type(struct signature *s, enum gfs_procedure_type *ret_type)
{
	static const struct {
		const char *name;
		enum gfs_procedure_type type;
	} types[] = {
#define X(code, text) { text, GFS_PROCEDURE_##code },
		GFS_PROCEDURE_TYPES(X)
#undef X
	};
	struct gfs_slice name = gfs_token_text(&s->lexer, &s->token);
	bool found = false;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (strlen(types[i].name) == name.size && strncasecmp(types[i].name, (const char *)name.data, name.size) == 0) {
			*ret_type = types[i].type;
			found = true;
		}
	}
	/* What is behind it - '?', OF INTEGER - narrows nothing that is checked. */
	while (s->token.kind != ',' && s->token.kind != ')' && s->token.kind != GFS_TOKEN_END)
		next(s);
	return found;
}

static bool read_fields(struct signature *s, struct gfs_procedure_field *fields, uint32_t *count)
{
	if (!accept(s, '('))
		return false;
	if (accept(s, ')'))
		return true;
	do {
		if (*count == FIELDS_MAX || s->token.kind != GFS_TOKEN_NAME)
			return false;
		fields[*count].name = gfs_token_text(&s->lexer, &s->token);
		next(s);
		if (!accept_colons(s) || !read_type(s, &fields[(*count)++].type))
			return false;
	} while (accept(s, ','));
	return accept(s, ')');
}

static bool read_signature(struct signature *s)
{
	uint32_t begin = s->token.pos.offset, end;
	do {
		if (s->token.kind != GFS_TOKEN_NAME)
			return false;
		end = s->token.pos.offset + s->token.size;
		next(s);
	} while (accept(s, '.'));
	s->name = gfs_slice(s->lexer.text.data + begin, end - begin);
	if (!read_fields(s, s->inputs, &s->input_count) || !accept_colons(s))
		return false;
	return read_fields(s, s->outputs, &s->output_count) && s->token.kind == GFS_TOKEN_END;
}

/* ---- tables ---- */

static bool row_matches(
	const struct gfs_procedure *procedure, const struct gfs_datum *row, const struct gfs_datum *args)
{
	for (uint32_t i = 0; i < procedure->input_count; i++) {
		if (!gfs_datum_same(row[i], args[i]))
			return false;
	}
	return true;
}

static int call_table(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	const struct gfs_procedure_table *table = procedure->data;
	size_t in = procedure->input_count, out = procedure->output_count;
	struct gfs_datum *rows = gfs_arena_alloc(env->arena, table->row_count * out * sizeof *rows);
	if (rows == NULL)
		return gfs_query_fail_store(env->error, GFS_ERR_NOMEM);
	size_t count = 0;
	for (size_t i = 0; i < table->row_count; i++) {
		const struct gfs_datum *row = table->rows + i * (in + out);
		if (!row_matches(procedure, row, args))
			continue;
		if (out != 0)
			memcpy(rows + count * out, row + in, out * sizeof *rows);
		count++;
	}
	*ret_rows = (struct gfs_procedure_rows){ .rows = rows, .count = count };
	return 0;
}

static int copy_fields(struct gfs_arena *arena, const struct gfs_procedure_field *fields, uint32_t count,
	const struct gfs_procedure_field **ret_copy)
{
	struct gfs_procedure_field *copy = gfs_arena_alloc(arena, count * sizeof *copy);
	if (copy == NULL)
		return GFS_ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++) {
		copy[i] = fields[i];
		copy[i].name = gfs_arena_copy(arena, fields[i].name);
		if (copy[i].name.data == NULL)
			return GFS_ERR_NOMEM;
	}
	*ret_copy = copy;
	return 0;
}

static int copy_rows(
	struct gfs_arena *arena, const struct gfs_datum *rows, size_t count, const struct gfs_datum **ret_copy)
{
	struct gfs_datum *copy = gfs_arena_alloc(arena, count * sizeof *copy);
	int err = copy == NULL ? GFS_ERR_NOMEM : 0;
	for (size_t i = 0; err == 0 && i < count; i++)
		err = gfs_datum_copy(arena, rows[i], &copy[i]);
	*ret_copy = copy;
	return err;
}

static int fill_table(struct gfs_arena *arena, const struct signature *s, const struct gfs_datum *rows,
	size_t row_count, struct gfs_procedure_table *table)
{
	struct gfs_procedure *procedure = &table->procedure;
	*table = (struct gfs_procedure_table){ .row_count = row_count };
	procedure->name = gfs_arena_copy(arena, s->name);
	procedure->input_count = s->input_count;
	procedure->output_count = s->output_count;
	procedure->call = call_table;
	procedure->data = table;
	int err = procedure->name.data == NULL ? GFS_ERR_NOMEM : 0;
	if (err == 0)
		err = copy_fields(arena, s->inputs, s->input_count, &procedure->inputs);
	if (err == 0)
		err = copy_fields(arena, s->outputs, s->output_count, &procedure->outputs);
	return err != 0 ? err : copy_rows(arena, rows, row_count * (s->input_count + s->output_count), &table->rows);
}

int gfs_procedures_add_table(
	struct gfs_procedures *procedures, struct gfs_slice signature, const struct gfs_datum *rows, size_t row_count)
{
	struct signature s = { .lexer = gfs_lexer(signature) };
	next(&s);
	if (!read_signature(&s))
		return GFS_ERR_INVALID;
	if (gfs_procedures_find(procedures, s.name) != NULL)
		return GFS_ERR_EXISTS;
	struct gfs_procedure_table *table = gfs_arena_alloc(&procedures->arena, sizeof *table);
	int err = table == NULL ? GFS_ERR_NOMEM : fill_table(&procedures->arena, &s, rows, row_count, table);
	if (err != 0)
		return err;
	table->next = procedures->tables;
	procedures->tables = table;
	return 0;
}
