/* Entries and numbers as bytes. */
#include "index/adj_private.h"

enum { VARINT_BYTES_MAX = 10 };

uint64_t gfs_adj_read_long(struct gfs_adj_bytes *bytes)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < VARINT_BYTES_MAX && bytes->at < bytes->end; i++) {
		uint8_t byte = *bytes->at++;
		value |= (uint64_t)(byte & 0x7f) << 7 * i;
		if (byte < 0x80)
			return value;
	}
	bytes->failed = true;
	bytes->at = bytes->end;
	return 0;
}

uint8_t *gfs_adj_write(uint8_t *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return at;
}

uint8_t *gfs_adj_entries_write(
	uint8_t *at, struct gfs_adj_entry before, const struct gfs_adj_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct gfs_adj_entry e = entries[i];
		bool parallel = i > 0 && e.other == before.other;
		at = gfs_adj_write(at, i == 0 ? gfs_adj_zigzag(before.other, e.other) : e.other - before.other);
		at = gfs_adj_write(at, parallel ? e.rel - before.rel - 1 : gfs_adj_zigzag(before.rel, e.rel));
		before = e;
	}
	return at;
}

bool gfs_adj_entries_read(
	struct gfs_adj_bytes *bytes, struct gfs_adj_entry before, struct gfs_adj_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t step = gfs_adj_read(bytes), number = gfs_adj_read(bytes);
		bool parallel = i > 0 && step == 0;
		/* Sums that wrap leave the range of ids or descend. */
		if ((i > 0 && step > GFS_ID_MAX) || (parallel && number > GFS_ID_MAX))
			return false;
		before.other = i == 0 ? gfs_adj_unzigzag(before.other, step) : before.other + step;
		before.rel = parallel ? before.rel + number + 1 : gfs_adj_unzigzag(before.rel, number);
		entries[i] = before;
		if (bytes->failed || !gfs_adj_entry_valid(entries[i]))
			return false;
	}
	return true;
}

/* ---- sorted entries ---- */

size_t gfs_adj_entries_seek(const struct gfs_adj_entry *entries, size_t count, struct gfs_adj_entry entry)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (gfs_adj_entry_less(entries[middle], entry))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int gfs_adj_entries_merge(const struct gfs_adj_entry *entries, size_t count, const struct gfs_adj_bulk_entry *more,
	size_t more_count, struct gfs_adj_entry *out)
{
	size_t done = 0;
	for (size_t i = 0; i < more_count; i++) {
		struct gfs_adj_entry entry = more[i].entry;
		size_t run = gfs_adj_entries_seek(entries + done, count - done, entry);
		if (run > 0)
			memcpy(out, entries + done, run * sizeof *out);
		out += run;
		done += run;
		if (done < count && gfs_adj_entry_equal(entries[done], entry))
			return GFS_ERR_EXISTS;
		if (i > 0 && !gfs_adj_entry_less(more[i - 1].entry, entry))
			return gfs_adj_entry_equal(more[i - 1].entry, entry) ? GFS_ERR_EXISTS : GFS_ERR_INVALID;
		*out++ = entry;
	}
	if (done < count)
		memcpy(out, entries + done, (count - done) * sizeof *out);
	return 0;
}
