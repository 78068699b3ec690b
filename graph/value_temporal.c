/* Temporal values and points inside property values: stored bytes, and points' text.
 *
 *   DATE           zigzag varint days
 *   LOCALTIME      varint nanoseconds of the day
 *   TIME           varint nanoseconds of the day, zigzag varint offset in seconds
 *   LOCALDATETIME  zigzag varint days, varint nanoseconds of the day
 *   DATETIME       as LOCALDATETIME, zigzag varint offset in seconds, the zone's name to the end (none: the offset alone)
 *   DURATION       zigzag varints months, days, seconds; varint nanoseconds of the second
 *   POINT          one byte: bit 0 three dimensions, bit 1 geographic; two or three floats of 8 bytes, little-endian, finite */
#include "base/checked.h"
#include "graph/point.h"
#include "graph/temporal.h"
#include "graph/value_private.h"

#include <assert.h>
#include <math.h>

static void append_zigzag(struct gfs_buf *out, int64_t v)
{
	gfs_buf_append_varint(out, (uint64_t)v << 1 ^ (uint64_t)(v < 0 ? -1 : 0));
}

static int64_t read_zigzag(struct gfs_reader *r)
{
	uint64_t raw = gfs_read_shortest_varint(r);
	return (int64_t)(raw >> 1 ^ -(raw & 1));
}

/* Which fields a type has. */
static bool has_days(enum gfs_type type)
{
	return type == GFS_TYPE_DATE || type == GFS_TYPE_LOCALDATETIME || type == GFS_TYPE_DATETIME ||
		type == GFS_TYPE_DURATION;
}

static bool has_offset(enum gfs_type type)
{
	return type == GFS_TYPE_TIME || type == GFS_TYPE_DATETIME;
}

int gfs_value_encode_temporal(const struct gfs_value *value, struct gfs_buf *out)
{
	const struct gfs_temporal *t = value->temporal;
	if (!gfs_temporal_valid(value->type, t))
		return GFS_ERR_INVALID;
	if (value->type == GFS_TYPE_DURATION)
		append_zigzag(out, t->months);
	if (has_days(value->type))
		append_zigzag(out, t->days);
	if (value->type == GFS_TYPE_DURATION)
		append_zigzag(out, t->seconds);
	if (value->type != GFS_TYPE_DATE)
		gfs_buf_append_varint(out, (uint64_t)t->nanos);
	if (has_offset(value->type))
		append_zigzag(out, t->offset_s);
	gfs_buf_append(out, t->zone.data, t->zone.size);
	return 0;
}

int gfs_value_decode_temporal(struct gfs_reader *r, struct gfs_arena *arena, struct gfs_value *value)
{
	struct gfs_temporal *t = gfs_arena_alloc(arena, sizeof *t);
	if (t == NULL)
		return GFS_ERR_NOMEM;
	*t = (struct gfs_temporal){ 0 };
	if (value->type == GFS_TYPE_DURATION)
		t->months = read_zigzag(r);
	if (has_days(value->type))
		t->days = read_zigzag(r);
	if (value->type == GFS_TYPE_DURATION)
		t->seconds = read_zigzag(r);
	if (value->type != GFS_TYPE_DATE) {
		uint64_t nanos = gfs_read_shortest_varint(r);
		t->nanos = nanos > INT64_MAX ? -1 : (int64_t)nanos;
	}
	if (has_offset(value->type)) {
		int64_t offset = read_zigzag(r);
		t->offset_s = (int32_t)offset;
		if (t->offset_s != offset)
			return GFS_ERR_CORRUPT;
	}
	if (value->type == GFS_TYPE_DATETIME)
		t->zone = gfs_read_bytes(r, gfs_reader_left(r));
	value->temporal = t;
	return gfs_temporal_valid(value->type, t) ? 0 : GFS_ERR_CORRUPT;
}

/* ---- points ---- */

static const struct {
	enum gfs_srid srid;
	const char *name;
} systems[] = { { GFS_SRID_CARTESIAN, "cartesian" }, { GFS_SRID_CARTESIAN_3D, "cartesian-3d" },
	{ GFS_SRID_WGS_84, "wgs-84" }, { GFS_SRID_WGS_84_3D, "wgs-84-3d" } };

static int dimensions(const struct gfs_point *p)
{
	return gfs_point_is_3d(p) ? 3 : 2;
}

bool gfs_point_valid(const struct gfs_point *p)
{
	bool known = false;
	for (size_t i = 0; i < GFS_COUNT(systems); i++)
		known = known || systems[i].srid == p->srid;
	for (int i = 0; i < 3; i++) {
		if (!isfinite(p->at[i]))
			return false;
	}
	return known && (gfs_point_is_3d(p) || (p->at[2] == 0 && !signbit(p->at[2])));
}

const char *gfs_srid_name(uint32_t srid)
{
	for (size_t i = 0; i < GFS_COUNT(systems); i++) {
		if (systems[i].srid == srid)
			return systems[i].name;
	}
	return NULL;
}

bool gfs_srid_find(struct gfs_slice name, uint32_t *ret_srid)
{
	for (size_t i = 0; i < GFS_COUNT(systems); i++) {
		if (gfs_slice_equal(name, gfs_slice_text(systems[i].name))) {
			*ret_srid = systems[i].srid;
			return true;
		}
	}
	return false;
}

int gfs_value_encode_point(const struct gfs_point *p, struct gfs_buf *out)
{
	if (!gfs_point_valid(p))
		return GFS_ERR_INVALID;
	gfs_buf_append_u8(out, (uint8_t)(gfs_point_is_3d(p) | gfs_point_is_geographic(p) << 1));
	for (int i = 0; i < dimensions(p); i++) {
		uint64_t bits;
		memcpy(&bits, &p->at[i], sizeof bits);
		gfs_buf_append_le64(out, bits);
	}
	return 0;
}

int gfs_value_decode_point(struct gfs_reader *r, struct gfs_arena *arena, struct gfs_value *value)
{
	struct gfs_point *p = gfs_arena_alloc(arena, sizeof *p);
	if (p == NULL)
		return GFS_ERR_NOMEM;
	*p = (struct gfs_point){ 0 };
	uint8_t kind = gfs_read_u8(r);
	if (kind > 3)
		return GFS_ERR_CORRUPT;
	if ((kind & 2) != 0)
		p->srid = (kind & 1) != 0 ? GFS_SRID_WGS_84_3D : GFS_SRID_WGS_84;
	else
		p->srid = (kind & 1) != 0 ? GFS_SRID_CARTESIAN_3D : GFS_SRID_CARTESIAN;
	for (int i = 0; i < dimensions(p); i++) {
		uint64_t bits = gfs_read_le64(r);
		memcpy(&p->at[i], &bits, sizeof bits);
	}
	value->point = p;
	return gfs_point_valid(p) ? 0 : GFS_ERR_CORRUPT;
}

/* Coordinates are finite: but for the sign of 0, equal ones have the same bits. */
bool gfs_point_equal_bits(const struct gfs_point *a, const struct gfs_point *b)
{
	for (int i = 0; i < 3; i++) {
		if (a->at[i] != b->at[i] || !signbit(a->at[i]) != !signbit(b->at[i]))
			return false;
	}
	return a->srid == b->srid;
}

void gfs_point_text(const struct gfs_point *p, struct gfs_buf *out)
{
	static const char *const names[] = { "{x: ", ", y: ", ", z: " };
	gfs_buf_append_text(out, "point(");
	for (int i = 0; i < dimensions(p); i++) {
		char number[GFS_NUMBER_TEXT_MAX];
		gfs_buf_append_text(out, names[i]);
		gfs_buf_append(out, number, gfs_float_text(p->at[i], number));
	}
	gfs_buf_printf(out, ", crs: '%s'})", gfs_srid_name(p->srid));
}

static bool accept(struct gfs_slice *text, const char *word)
{
	size_t size = strlen(word);
	if (text->size < size || memcmp(text->data, word, size) != 0)
		return false;
	*text = gfs_slice(text->data + size, text->size - size);
	return true;
}

static bool coordinate(struct gfs_slice *text, double *ret)
{
	const uint8_t *comma = memchr(text->data, ',', text->size);
	size_t size = comma == NULL ? text->size : (size_t)(comma - text->data);
	if (!gfs_float_read(gfs_slice(text->data, size), ret))
		return false;
	*text = gfs_slice(text->data + size, text->size - size);
	return true;
}

int gfs_point_read(struct gfs_slice text, struct gfs_arena *arena, struct gfs_value *value)
{
	struct gfs_point *p = gfs_arena_alloc(arena, sizeof *p);
	if (p == NULL)
		return GFS_ERR_NOMEM;
	*p = (struct gfs_point){ 0 };
	bool ok = accept(&text, "point({x: ") && coordinate(&text, &p->at[0]) && accept(&text, ", y: ") &&
		coordinate(&text, &p->at[1]);
	bool third = ok && accept(&text, ", z: ");
	ok = ok && (!third || coordinate(&text, &p->at[2])) && accept(&text, ", crs: '");
	if (!ok || text.size < 3 || memcmp(text.data + (text.size - 3), "'})", 3) != 0 ||
		!gfs_srid_find(gfs_slice(text.data, text.size - 3), &p->srid) || gfs_point_is_3d(p) != third ||
		!gfs_point_valid(p))
		return GFS_ERR_INVALID;
	value->type = GFS_TYPE_POINT;
	value->point = p;
	return 0;
}

/* ---- temporal text ---- */

int gfs_value_read_temporal(enum gfs_type type, struct gfs_slice text, struct gfs_arena *arena, struct gfs_value *value)
{
	struct gfs_temporal *t = gfs_arena_alloc(arena, sizeof *t);
	if (t == NULL)
		return GFS_ERR_NOMEM;
	int err = gfs_temporal_parse(type, text, arena, t);
	if (err != 0)
		return err == GFS_ERR_NOMEM ? err : GFS_ERR_INVALID;
	value->type = type;
	value->temporal = t;
	return 0;
}
