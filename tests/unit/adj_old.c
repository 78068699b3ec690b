#include "tests/unit/adj_old.h"

#include "base/checked.h"

static void append(struct gfs_buf *out, uint64_t number)
{
	uint8_t bytes[10];
	gfs_buf_append(out, bytes, (size_t)(gfs_adj_write(bytes, number) - bytes));
}

/* Returns the last relationship in the row. */
static uint64_t append_entries(
	struct gfs_buf *out, uint64_t node, uint64_t rel, const struct gfs_adj_entry *e, size_t count)
{
	uint64_t other = node;
	for (size_t i = 0; i < count; i++) {
		bool parallel = i > 0 && e[i].other == other;
		append(out, i == 0 ? gfs_adj_zigzag(node, e[i].other) : e[i].other - other);
		append(out, parallel ? e[i].rel - rel - 1 : gfs_adj_zigzag(rel, e[i].rel));
		other = e[i].other;
		rel = e[i].rel;
	}
	return rel;
}

static void append_side_head(struct gfs_buf *out, unsigned side, const struct gfs_adj_side *s, uint64_t base)
{
	uint32_t few = GFS_MIN(s->folder_count, 3u);
	gfs_buf_append_u8(out, (uint8_t)(side | (s->mtime_ns == base ? 1u << 5 : 0) | few << 6));
	if (s->mtime_ns != base)
		append(out, gfs_adj_zigzag(base, s->mtime_ns));
	if (few == 3)
		append(out, s->folder_count - few);
}

static uint64_t append_side(struct gfs_buf *out, const struct gfs_adj_form *form, unsigned side, uint64_t rel)
{
	const struct gfs_adj_side *s = &form->sides[side];
	uint16_t type = 0;
	for (uint32_t i = 0; i < s->folder_count; i++) {
		const struct gfs_adj_folder *f = &form->folders[s->first_folder + i];
		bool own_time = f->mtime_ns != s->mtime_ns;
		append(out, (uint64_t)f->type - type);
		append(out, f->count << 3 | (f->made ? 1u : 0) | (f->is_long ? 2u : 0) | (own_time ? 4u : 0));
		if (own_time)
			append(out, gfs_adj_zigzag(s->mtime_ns, f->mtime_ns));
		if (!f->is_long && f->count > 0)
			rel = append_entries(
				out, gfs_adj_side_node(form->number, side), rel, form->entries + f->first, (size_t)f->count);
		type = f->type;
	}
	return rel;
}

void adj_old_encode(const struct gfs_adj_form *form, struct gfs_buf *out)
{
	uint64_t base = 0, rel = 0;
	gfs_buf_clear(out);
	for (unsigned side = 0; side < GFS_ADJ_GROUP_SIDES; side++) {
		const struct gfs_adj_side *s = &form->sides[side];
		if (s->mtime_ns == 0)
			continue;
		if (base == 0) {
			base = s->mtime_ns;
			gfs_buf_append_u8(out, GFS_ADJ_FORM_OLD);
			gfs_buf_append_le64(out, base);
		}
		append_side_head(out, side, s, base);
		rel = append_side(out, form, side, rel);
	}
}
