/* RFC 4180, over bytes in memory. */
#include "base/utf8.h"
#include "graph/transfer_private.h"

#include <assert.h>
#include <stdlib.h>

static const char reason_unterminated[] = "a quote is never closed";
static const char reason_after_quote[] = "a closing quote must be followed by a comma or a line end";
static const char reason_stray_quote[] = "a quote in a field that does not start with one";
static const char reason_utf8[] = "not valid UTF-8";

/* What ends a run of plain text. */
static const bool stops_text[256] = { [','] = true, ['\n'] = true, ['"'] = true };

void gfs_csv_row_release(struct gfs_csv_row *row)
{
	free(row->fields);
	*row = (struct gfs_csv_row){ 0 };
}

struct gfs_csv gfs_csv_open(struct gfs_slice contents)
{
	static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };
	struct gfs_csv csv = { .at = contents.data,
		.end = contents.size == 0 ? contents.data : contents.data + contents.size };
	if (contents.size >= sizeof mark && memcmp(contents.data, mark, sizeof mark) == 0)
		csv.at += sizeof mark;
	return csv;
}

static size_t left(const struct gfs_csv *csv)
{
	return (size_t)(csv->end - csv->at);
}

/* The bytes of a line end at csv->at: 0, 1 or 2. */
static size_t line_end(const struct gfs_csv *csv)
{
	if (left(csv) >= 1 && csv->at[0] == '\n')
		return 1;
	return left(csv) >= 2 && csv->at[0] == '\r' && csv->at[1] == '\n' ? 2 : 0;
}

static int bad(struct gfs_csv_fault *fault, const uint8_t *at, const char *reason)
{
	*fault = (struct gfs_csv_fault){ .at = at, .reason = reason };
	return GFS_ERR_INVALID;
}

/* A copy of `text` with each doubled quote as one. */
static int undouble(struct gfs_slice text, struct gfs_arena *arena, struct gfs_slice *ret_text)
{
	uint8_t *copy = gfs_arena_alloc(arena, text.size);
	if (copy == NULL)
		return GFS_ERR_NOMEM;
	const uint8_t *at = text.data, *end = text.data + text.size;
	size_t size = 0;
	while (at < end) {
		const uint8_t *quote = memchr(at, '"', (size_t)(end - at));
		size_t run = quote == NULL ? (size_t)(end - at) : (size_t)(quote - at) + 1;
		memcpy(copy + size, at, run);
		size += run;
		at += run + (quote != NULL);
	}
	assert(size <= text.size);
	*ret_text = gfs_slice(copy, size);
	return 0;
}

/* csv->at is after the opening quote and ends after the closing one. */
static int read_quoted(
	struct gfs_csv *csv, struct gfs_arena *arena, struct gfs_slice *ret_text, struct gfs_csv_fault *fault)
{
	const uint8_t *start = csv->at;
	bool doubled = false;
	for (;;) {
		const uint8_t *quote = left(csv) == 0 ? NULL : memchr(csv->at, '"', left(csv));
		if (quote == NULL)
			return bad(fault, start - 1, reason_unterminated);
		csv->at = quote + 1;
		if (csv->at == csv->end || *csv->at != '"')
			break;
		csv->at++;
		doubled = true;
	}
	*ret_text = gfs_slice(start, (size_t)(csv->at - 1 - start));
	if (csv->at != csv->end && *csv->at != ',' && line_end(csv) == 0)
		return bad(fault, csv->at, reason_after_quote);
	return doubled ? undouble(*ret_text, arena, ret_text) : 0;
}

static int read_plain(struct gfs_csv *csv, struct gfs_slice *ret_text, struct gfs_csv_fault *fault)
{
	const uint8_t *start = csv->at, *at = start;
	while (at < csv->end && !stops_text[*at])
		at++;
	if (at < csv->end && *at == '"')
		return bad(fault, at, reason_stray_quote);
	if (at < csv->end && *at == '\n' && at > start && at[-1] == '\r')
		at--;
	csv->at = at;
	*ret_text = gfs_slice(start, (size_t)(at - start));
	return 0;
}

static int add_field(struct gfs_csv_row *row, struct gfs_csv_field **ret_field)
{
	if (row->count == row->capacity) {
		size_t capacity = row->capacity == 0 ? 32 : row->capacity * 2;
		struct gfs_csv_field *fields = reallocarray(row->fields, capacity, sizeof *fields);
		if (fields == NULL)
			return GFS_ERR_NOMEM;
		row->fields = fields;
		row->capacity = capacity;
	}
	*ret_field = &row->fields[row->count++];
	return 0;
}

static int read_fields(
	struct gfs_csv *csv, struct gfs_arena *arena, struct gfs_csv_row *row, struct gfs_csv_fault *fault)
{
	for (;;) {
		struct gfs_csv_field *field;
		int err = add_field(row, &field);
		if (err != 0)
			return err;
		field->at = csv->at;
		if (csv->at < csv->end && *csv->at == '"') {
			csv->at++;
			err = read_quoted(csv, arena, &field->text, fault);
		} else {
			err = read_plain(csv, &field->text, fault);
		}
		if (err != 0)
			return err;
		if (csv->at == csv->end || *csv->at != ',')
			return 0;
		csv->at++;
	}
}

static int check_utf8(const uint8_t *begin, const uint8_t *end, struct gfs_csv_fault *fault)
{
	if (gfs_utf8_valid(begin, (size_t)(end - begin)))
		return 0;
	size_t length;
	while ((length = gfs_utf8_next(begin, (size_t)(end - begin), NULL)) != 0)
		begin += length;
	return bad(fault, begin, reason_utf8);
}

/* To the start of the line after `at`. */
static void pass_line(struct gfs_csv *csv, const uint8_t *at)
{
	const uint8_t *newline = at == csv->end ? NULL : memchr(at, '\n', (size_t)(csv->end - at));
	csv->at = newline == NULL ? csv->end : newline + 1;
}

int gfs_csv_next(struct gfs_csv *csv, struct gfs_arena *arena, struct gfs_csv_row *row, struct gfs_csv_fault *ret_fault)
{
	size_t blank;
	while ((blank = line_end(csv)) != 0)
		csv->at += blank;
	if (csv->at == csv->end)
		return GFS_ERR_NOTFOUND;
	row->at = csv->at;
	row->count = 0;
	int err = read_fields(csv, arena, row, ret_fault);
	if (err == GFS_ERR_INVALID)
		pass_line(csv, ret_fault->at);
	if (err != 0)
		return err;
	err = check_utf8(row->at, csv->at, ret_fault);
	csv->at += line_end(csv);
	assert(csv->at <= csv->end && row->count > 0);
	return err;
}

/* ---- places ---- */

struct gfs_position gfs_position_begin(struct gfs_slice contents)
{
	const uint8_t *begin = gfs_csv_open(contents).at; /* an editor does not count a byte order mark */
	return (struct gfs_position){ .begin = begin, .at = begin, .line_start = begin, .line = 1 };
}

void gfs_position_find(struct gfs_position *position, const uint8_t *at, uint64_t *ret_line, uint64_t *ret_column)
{
	struct gfs_position p = *position;
	if (at < p.at)
		p = (struct gfs_position){ .begin = p.begin, .at = p.begin, .line_start = p.begin, .line = 1 };
	const uint8_t *newline;
	while (p.at < at && (newline = memchr(p.at, '\n', (size_t)(at - p.at))) != NULL) {
		p.at = p.line_start = newline + 1;
		p.line++;
	}
	if (p.at < at)
		p.at = at;
	*position = p;
	*ret_line = p.line;
	*ret_column = 1;
	for (const uint8_t *c = p.line_start; c < at; c++)
		*ret_column += (*c & 0xc0) != 0x80;
}

const char *gfs_show(struct gfs_slice text, char out[GFS_SHOWN_MAX])
{
	enum { BYTES_MAX = 60 };
	size_t size = 0, at = 0;
	while (at < text.size && at < BYTES_MAX) {
		size_t length = gfs_utf8_next(text.data + at, text.size - at, NULL);
		if (length == 0 || text.data[at] < 0x20 || text.data[at] == 0x7f) {
			size += (size_t)snprintf(out + size, GFS_SHOWN_MAX - size, "\\x%02x", text.data[at]);
			at++;
			continue;
		}
		memcpy(out + size, text.data + at, length);
		size += length;
		at += length;
	}
	assert(size + sizeof "..." <= GFS_SHOWN_MAX);
	memcpy(out + size, "...", at < text.size ? sizeof "..." : 0);
	out[size + (at < text.size ? strlen("...") : 0)] = '\0';
	return out;
}
