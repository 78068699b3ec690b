/* Time zones by ICU. An opened calendar of ICU costs some ten thousand instructions and may be used by one thread at a time, so the last
 * few are kept, each behind the lock that guards them all.
 *
 * ICU counts milliseconds in a double. Years past 2400 have the rules of the year that many times 400 before, when the calendar is the
 * same; years before 1700 those of 1700, before any zone had rules. */
#include "graph/temporal.h"

#include "base/lock.h"

#include <assert.h>
#include <unicode/ucal.h>

enum { KEPT_MAX = 8, ERA_DAYS = 146097 };

struct kept {
	char name[GFS_ZONE_BYTES_MAX];
	size_t name_size; /* 0: free */
	UCalendar *calendar;
	uint64_t used; /* when last, in look-ups */
};

static struct {
	pthread_once_t once;
	struct gfs_mutex lock;      /* guards all below */
	struct kept kept[KEPT_MAX]; /* for the life of the program */
	uint64_t looks;
} zones = { .once = PTHREAD_ONCE_INIT };

static void init_lock(void)
{
	gfs_mutex_init(&zones.lock, GFS_RANK_LEAF);
}

static bool wide_name(struct gfs_slice zone, UChar wide[GFS_ZONE_BYTES_MAX])
{
	if (!gfs_zone_name_valid(zone))
		return false;
	for (size_t i = 0; i < zone.size; i++)
		wide[i] = zone.data[i];
	return true;
}

static void lock_zones(void)
{
	(void)pthread_once(&zones.once, init_lock); /* fails for a broken argument only */
	gfs_mutex_lock(&zones.lock);
}

static struct kept *find_kept(struct gfs_slice zone)
{
	for (size_t i = 0; i < KEPT_MAX; i++) {
		struct kept *k = &zones.kept[i];
		if (gfs_slice_equal(gfs_slice(k->name, k->name_size), zone))
			return k;
	}
	return NULL;
}

static bool is_known(const UChar *wide, size_t size)
{
	UChar canonical[GFS_ZONE_BYTES_MAX];
	UBool system = 0;
	UErrorCode status = U_ZERO_ERROR;
	ucal_getCanonicalTimeZoneID(wide, (int32_t)size, canonical, GFS_ZONE_BYTES_MAX, &system, &status);
	return U_SUCCESS(status) && system;
}

bool gfs_zone_exists(struct gfs_slice zone)
{
	UChar wide[GFS_ZONE_BYTES_MAX];
	if (!wide_name(zone, wide))
		return false;
	lock_zones();
	bool kept = find_kept(zone) != NULL;
	gfs_mutex_unlock(&zones.lock);
	return kept || is_known(wide, zone.size);
}

static struct kept *oldest(void)
{
	struct kept *k = &zones.kept[0];
	for (size_t i = 1; i < KEPT_MAX; i++) {
		if (zones.kept[i].used < k->used)
			k = &zones.kept[i];
	}
	return k;
}

/* Of the kept ones, or opened in the place of the one that was used longest ago. GFS_ERR_NOTFOUND, GFS_ERR_NOMEM. */
static int calendar_of(struct gfs_slice zone, UCalendar **ret_calendar)
{
	UChar wide[GFS_ZONE_BYTES_MAX];
	UErrorCode status = U_ZERO_ERROR;
	struct kept *k = find_kept(zone);
	if (k == NULL) {
		if (!wide_name(zone, wide) || !is_known(wide, zone.size))
			return GFS_ERR_NOTFOUND;
		UCalendar *calendar = ucal_open(wide, (int32_t)zone.size, "", UCAL_GREGORIAN, &status);
		if (U_FAILURE(status))
			return GFS_ERR_NOMEM;
		k = oldest();
		if (k->calendar != NULL)
			ucal_close(k->calendar);
		*k = (struct kept){ .name_size = zone.size, .calendar = calendar };
		memcpy(k->name, zone.data, zone.size);
	}
	k->used = ++zones.looks;
	*ret_calendar = k->calendar;
	return 0;
}

/* The day in whose year the zone has the same rules, within what ICU can count. */
static int64_t day_of_rules(int64_t days)
{
	const int64_t first = gfs_days_from_civil(1700, 1, 1);
	const int64_t last = gfs_days_from_civil(2400, 1, 1);
	if (days < first)
		return first;
	return days < last ? days : last - ERA_DAYS + (days - last) % ERA_DAYS;
}

static double milliseconds(int64_t days, int64_t second_of_day)
{
	return (double)(day_of_rules(days) * GFS_DAY_SECONDS + second_of_day) * 1000.0;
}

/* Of the instant, or of the local time, `days` and `second_of_day`. */
static int32_t look_up(UCalendar *calendar, double at_ms, bool local, UErrorCode *status)
{
	int32_t raw = 0;
	int32_t saving = 0;
	ucal_setMillis(calendar, at_ms, status);
	if (local) {
		ucal_getTimeZoneOffsetFromLocal(calendar, UCAL_TZ_LOCAL_FORMER, UCAL_TZ_LOCAL_FORMER, &raw, &saving, status);
	} else {
		raw = ucal_get(calendar, UCAL_ZONE_OFFSET, status);
		saving = ucal_get(calendar, UCAL_DST_OFFSET, status);
	}
	return (raw + saving) / 1000;
}

static int offset_at(struct gfs_slice zone, int64_t days, int64_t second_of_day, bool local, int32_t *ret_offset_s)
{
	UErrorCode status = U_ZERO_ERROR;
	UCalendar *calendar = NULL;
	int32_t offset = 0;
	if (zone.size == 0)
		return GFS_ERR_NOTFOUND;
	lock_zones();
	int err = calendar_of(zone, &calendar);
	if (err == 0)
		offset = look_up(calendar, milliseconds(days, second_of_day), local, &status);
	gfs_mutex_unlock(&zones.lock);
	if (err == 0 && U_FAILURE(status))
		err = GFS_ERR_NOMEM;
	if (err == 0)
		*ret_offset_s = offset;
	return err;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int gfs_zone_offset(struct gfs_slice zone, int64_t instant_s, int32_t *ret_offset_s)
{
	int64_t days = floor_div(instant_s, GFS_DAY_SECONDS);
	return offset_at(zone, days, instant_s - days * GFS_DAY_SECONDS, false, ret_offset_s);
}

int64_t gfs_instant_seconds(const struct gfs_temporal *t)
{
	return t->days * GFS_DAY_SECONDS + t->nanos / GFS_SECOND_NANOS - t->offset_s;
}

void gfs_set_instant(struct gfs_temporal *t, int64_t instant_s)
{
	int64_t local = instant_s + t->offset_s;
	t->days = floor_div(local, GFS_DAY_SECONDS);
	t->nanos = (local - t->days * GFS_DAY_SECONDS) * GFS_SECOND_NANOS + t->nanos % GFS_SECOND_NANOS;
}

void gfs_move_seconds(struct gfs_temporal *t, int64_t seconds)
{
	int64_t second = t->nanos / GFS_SECOND_NANOS + seconds % GFS_DAY_SECONDS;
	int64_t carry = floor_div(second, GFS_DAY_SECONDS);
	t->days += seconds / GFS_DAY_SECONDS + carry;
	t->nanos = (second - carry * GFS_DAY_SECONDS) * GFS_SECOND_NANOS + t->nanos % GFS_SECOND_NANOS;
}

/* In a gap the offset before it puts the instant past the change, so that the zone shows another local time there. */
static int skip_gap(struct gfs_temporal *t)
{
	int64_t instant = gfs_instant_seconds(t);
	int err = gfs_zone_offset(t->zone, instant, &t->offset_s);
	if (err == 0)
		gfs_set_instant(t, instant);
	return err;
}

int gfs_zone_resolve(struct gfs_temporal *t, const int32_t *preferred)
{
	int32_t there;
	if (t->zone.size == 0)
		return 0;
	if (preferred != NULL) {
		t->offset_s = *preferred;
		int err = gfs_zone_offset(t->zone, gfs_instant_seconds(t), &there);
		if (err != 0 || there == *preferred)
			return err;
	}
	int err = offset_at(t->zone, t->days, t->nanos / GFS_SECOND_NANOS, true, &t->offset_s);
	return err != 0 ? err : skip_gap(t);
}
