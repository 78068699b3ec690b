/* duration.between() and its kin. What one side lacks it takes from the other: a date, a zone; a time is midnight. Then both are told on
 * the first's clock. */
#include "query/temporal_private.h"

#include <assert.h>

struct side {
	bool date, zoned;
	struct gfs_temporal t;
};

static struct side side_of(struct gfs_datum d)
{
	enum gfs_datum_type type = gfs_datum_kind(d);
	return (struct side){ .date = gfs_has_date(type), .zoned = gfs_has_offset(type), .t = *d.temporal };
}

static int take_zone(struct side *to, const struct side *from)
{
	to->t.zone = from->t.zone;
	to->t.offset_s = from->t.offset_s;
	return gfs_zone_resolve(&to->t, NULL);
}

/* On the clock of `a`. */
static int tell_alike(const struct side *a, struct side *b)
{
	int64_t instant = gfs_instant_seconds(&b->t);
	b->t.zone = a->t.zone;
	b->t.offset_s = a->t.offset_s;
	if (a->t.zone.size != 0) {
		int err = gfs_zone_offset(a->t.zone, instant, &b->t.offset_s);
		if (err != 0)
			return err;
	}
	gfs_set_instant(&b->t, instant);
	return 0;
}

static int align(struct side *a, struct side *b)
{
	int err = 0;
	if (a->date && !b->date)
		b->t.days = a->t.days;
	else if (b->date && !a->date)
		a->t.days = b->t.days;
	if (a->zoned && !b->zoned)
		err = take_zone(b, a);
	else if (b->zoned && !a->zoned)
		err = take_zone(a, b);
	if (err == 0 && (a->zoned || b->zoned))
		err = tell_alike(a, b);
	return err;
}

/* The day of `b`, one nearer to `a` when the time of day has not come round yet. */
static int64_t whole_day(const struct gfs_temporal *a, const struct gfs_temporal *b)
{
	if (b->days > a->days && b->nanos < a->nanos)
		return b->days - 1;
	return b->days < a->days && b->nanos > a->nanos ? b->days + 1 : b->days;
}

static int64_t months_between(int64_t from, int64_t to)
{
	struct gfs_civil a = gfs_civil_from_days(from);
	struct gfs_civil b = gfs_civil_from_days(to);
	/* A month in units of 32 days, more than any has: whole ones are left by the division. */
	return (((b.year - a.year) * 12 + b.month - a.month) * 32 + b.day - a.day) / 32;
}

/* Nanoseconds from a to b: of the clock, or of the instants where zones have their say. */
static __int128 nanos_between(const struct gfs_temporal *a, const struct gfs_temporal *b)
{
	__int128 seconds = gfs_instant_seconds(b) - (__int128)gfs_instant_seconds(a);
	return seconds * GFS_SECOND_NANOS + b->nanos % GFS_SECOND_NANOS - a->nanos % GFS_SECOND_NANOS;
}

static void put_nanos(__int128 nanos, struct gfs_temporal *d)
{
	d->seconds = (int64_t)(nanos / GFS_SECOND_NANOS);
	d->nanos = (int64_t)(nanos % GFS_SECOND_NANOS);
	if (d->nanos < 0) {
		d->nanos += GFS_SECOND_NANOS;
		d->seconds--;
	}
}

/* Months, then days, then what is left; each step moves `a` towards `b`. */
static int split(struct side *a, const struct side *b, struct gfs_temporal *d)
{
	int32_t offset = a->t.offset_s;
	d->months = months_between(a->t.days, whole_day(&a->t, &b->t));
	int err = gfs_days_add_months(a->t.days, d->months, &a->t.days);
	if (err != 0)
		return err;
	d->days = whole_day(&a->t, &b->t) - a->t.days;
	a->t.days += d->days;
	err = gfs_zone_resolve(&a->t, &offset);
	put_nanos(nanos_between(&a->t, &b->t), d);
	return err;
}

int gfs_temporal_between(const struct gfs_function_env *env, enum gfs_between what, struct gfs_datum from,
	struct gfs_datum to, struct gfs_datum *ret_value)
{
	struct gfs_temporal d = { 0 };
	struct side a = side_of(from);
	struct side b = side_of(to);
	bool dates = a.date && b.date;
	int err = align(&a, &b);
	if (err != 0)
		return gfs_fail_temporal_err(env, err, "the time zone");
	switch (what) {
	case GFS_BETWEEN_MONTHS:
		d.months = months_between(a.t.days, whole_day(&a.t, &b.t));
		break;
	case GFS_BETWEEN_DAYS:
		d.days = whole_day(&a.t, &b.t) - a.t.days;
		break;
	case GFS_BETWEEN_SECONDS:
		put_nanos(nanos_between(&a.t, &b.t), &d);
		break;
	case GFS_BETWEEN_ALL:
		if (dates)
			err = split(&a, &b, &d);
		else
			put_nanos(nanos_between(&a.t, &b.t), &d);
	}
	if (err != 0)
		return gfs_fail_temporal_err(env, err, "a duration");
	return gfs_temporal_result(env, GFS_DATUM_DURATION, &d, ret_value);
}
