/* A group's row: bytes to arrays, edits of the arrays, and back. */
#include "index/adj_private.h"

#include "base/checked.h"

#include <stdlib.h>

enum { SIDE_MASK = 31, SIDE_BASE_TIME = 32, SIDE_FOLDERS_SHIFT = 6, SIDE_FOLDERS_MORE = 3 };
enum { FOLDER_TYPE_SHIFT = 2, FOLDER_FEW = 3 }; /* most folders have one relationship, and say it with their type */
enum { FOLDER_MADE = 1, FOLDER_BLOCKS = 2, FOLDER_TIME = 4, FOLDER_COUNT_SHIFT = 3 };
enum { HEAD_BYTES = 9, VARINT_BYTES = 10, SIDE_BYTES_MAX = 1 + 2 * VARINT_BYTES, FOLDER_BYTES_MAX = 3 * VARINT_BYTES };
/* A folder and an entry take at least so much, a folder with what is in it; room for a few more saves an edit from growing the arrays. */
enum { ITEM_BYTES_MIN = 2, SPARE_FOLDERS = 4, SPARE_ENTRIES = 16 };

/* What the first entry of a folder is the difference to. Neighbours are of a kind, and their relationships were often made one after another:
 * the entries of the nearest folder of the same type and direction, as far as NEAR_SLOTS tell them apart. */
enum { NEAR_SLOTS = 16 };
struct near {
	struct gfs_adj_entry
		slots[NEAR_SLOTS]; /* the other of the first entry, the relationship of the last; 0: none yet */
	uint64_t rel;          /* the last one in the row; 0: none yet */
	bool is_old;           /* a row of form GFS_ADJ_FORM_OLD, whose folders know nothing of each other */
};

static struct gfs_adj_entry *near_slot(struct near *near, unsigned side, uint16_t type)
{
	return &near->slots[(type * 2u + side % 2) % NEAR_SLOTS];
}

static struct gfs_adj_entry near_get(struct near *near, const struct gfs_adj_form *form, unsigned side, uint16_t type)
{
	const struct gfs_adj_entry *slot = near_slot(near, side, type);
	return slot->rel != 0 ? *slot : (struct gfs_adj_entry){ gfs_adj_side_node(form->number, side), near->rel };
}

/* After a folder with entries. */
static void near_set(struct near *near, const struct gfs_adj_form *form, unsigned side, const struct gfs_adj_folder *f)
{
	const struct gfs_adj_entry *entries = form->entries + f->first;
	near->rel = entries[f->count - 1].rel;
	if (!near->is_old)
		*near_slot(near, side, f->type) = (struct gfs_adj_entry){ entries[0].other, near->rel };
}

void gfs_adj_form_release(struct gfs_adj_form *form)
{
	free(form->folders);
	free(form->entries);
}

static int reserve_folders(struct gfs_adj_form *form, size_t capacity)
{
	if (capacity <= form->folder_capacity)
		return 0;
	struct gfs_adj_folder *folders = realloc(form->folders, capacity * sizeof *folders);
	if (folders == NULL)
		return GFS_ERR_NOMEM;
	form->folders = folders;
	form->folder_capacity = capacity;
	return 0;
}

static int reserve_entries(struct gfs_adj_form *form, size_t capacity)
{
	if (capacity <= form->entry_capacity)
		return 0;
	struct gfs_adj_entry *entries = realloc(form->entries, capacity * sizeof *entries);
	if (entries == NULL)
		return GFS_ERR_NOMEM;
	form->entries = entries;
	form->entry_capacity = capacity;
	return 0;
}

/* ---- decoding ---- */

/* Each answers what is wrong, or NULL. The arrays have room for whatever the bytes can hold. */

static const char *read_entries(struct gfs_adj_form *form, struct gfs_adj_bytes *bytes, unsigned side,
	const struct gfs_adj_folder *folder, struct near *near)
{
	struct gfs_adj_entry from = near_get(near, form, side, folder->type);
	if (folder->count > (size_t)(bytes->end - bytes->at) / ITEM_BYTES_MIN ||
		!gfs_adj_entries_read(bytes, from, form->entries + form->entry_count, (size_t)folder->count))
		return "entries out of order";
	form->entry_count += (size_t)folder->count;
	near_set(near, form, side, folder);
	return NULL;
}

static const char *read_folder(
	struct gfs_adj_form *form, struct gfs_adj_bytes *bytes, unsigned side, uint64_t *type, struct near *near)
{
	uint64_t head = gfs_adj_read(bytes), step = near->is_old ? head : head >> FOLDER_TYPE_SHIFT;
	uint64_t few = near->is_old ? 0 : head & FOLDER_FEW;
	uint64_t word = few != 0 ? few << FOLDER_COUNT_SHIFT : gfs_adj_read(bytes);
	uint64_t time = (word & FOLDER_TIME) != 0 ? gfs_adj_read(bytes) : 0, count = word >> FOLDER_COUNT_SHIFT;
	bool in_blocks = (word & FOLDER_BLOCKS) != 0;
	if (bytes->failed)
		return "a folder that is cut";
	if (step == 0 || step > GFS_NAME_ID_MAX - *type)
		return "types out of order";
	*type += step;
	if (count > GFS_ID_MAX || (count == 0 && (word & (FOLDER_MADE | FOLDER_BLOCKS)) != FOLDER_MADE))
		return "a folder without relationships";
	struct gfs_adj_folder *folder = &form->folders[form->folder_count++];
	*folder = (struct gfs_adj_folder){
		.type = (uint16_t)*type,
		.made = (word & FOLDER_MADE) != 0,
		.is_long = in_blocks,
		.first = (uint32_t)form->entry_count,
		.count = count,
		.mtime_ns = gfs_adj_unzigzag(form->sides[side].mtime_ns, time),
	};
	form->sides[side].folder_count++;
	return in_blocks || count == 0 ? NULL : read_entries(form, bytes, side, folder, near);
}

static const char *read_side(
	struct gfs_adj_form *form, struct gfs_adj_bytes *bytes, uint64_t base, int *before, struct near *near)
{
	uint8_t head = *bytes->at++;
	int side = head & SIDE_MASK;
	uint64_t time = (head & SIDE_BASE_TIME) != 0 ? 0 : gfs_adj_read(bytes), folders = head >> SIDE_FOLDERS_SHIFT;
	if (folders == SIDE_FOLDERS_MORE)
		folders += gfs_adj_read(bytes);
	uint64_t mtime_ns = gfs_adj_unzigzag(base, time), type = 0;
	if (bytes->failed || folders > (size_t)(bytes->end - bytes->at) / ITEM_BYTES_MIN)
		return "a side that is cut";
	if (side <= *before || mtime_ns == 0)
		return "sides out of order, or without a time";
	*before = side;
	form->sides[side] = (struct gfs_adj_side){ .first_folder = (uint32_t)form->folder_count, .mtime_ns = mtime_ns };
	const char *wrong = NULL;
	for (uint64_t i = 0; wrong == NULL && i < folders; i++)
		wrong = read_folder(form, bytes, (unsigned)side, &type, near);
	return wrong;
}

static const char *read_sides(struct gfs_adj_form *form, struct gfs_slice value)
{
	struct gfs_adj_bytes bytes = { .at = value.data + HEAD_BYTES, .end = value.data + value.size };
	struct near near = { .is_old = value.data[0] == GFS_ADJ_FORM_OLD };
	uint64_t base = gfs_get_le64(value.data + 1);
	int side = -1;
	const char *wrong = NULL;
	while (wrong == NULL && bytes.at < bytes.end)
		wrong = read_side(form, &bytes, base, &side, &near);
	/* Sides that are not there have their place too. */
	for (int i = GFS_ADJ_GROUP_SIDES; wrong == NULL && i-- > 0;) {
		struct gfs_adj_side *s = &form->sides[i];
		if (s->mtime_ns == 0)
			s->first_folder = i + 1 < GFS_ADJ_GROUP_SIDES ? s[1].first_folder : (uint32_t)form->folder_count;
	}
	return wrong;
}

int gfs_adj_form_decode(struct gfs_slice value, uint64_t number, struct gfs_adj_form *form, const char **ret_wrong)
{
	const char *wrong = "a row of the wrong form or size";
	*form = (struct gfs_adj_form){ .number = number };
	size_t items = value.size / ITEM_BYTES_MIN;
	int err = reserve_folders(form, items + SPARE_FOLDERS);
	if (err == 0)
		err = reserve_entries(form, items + SPARE_ENTRIES);
	if (err != 0)
		return err;
	if (value.size > HEAD_BYTES && value.size < UINT32_MAX &&
		(value.data[0] == GFS_ADJ_FORM || value.data[0] == GFS_ADJ_FORM_OLD))
		wrong = read_sides(form, value);
	if (ret_wrong != NULL)
		*ret_wrong = wrong;
	return wrong == NULL ? 0 : GFS_ERR_CORRUPT;
}

/* ---- encoding ---- */

static uint8_t *write_folder(
	const struct gfs_adj_form *form, unsigned side, const struct gfs_adj_folder *folder, uint16_t before, uint8_t *at)
{
	uint64_t time = gfs_adj_zigzag(form->sides[side].mtime_ns, folder->mtime_ns);
	uint64_t flags = (folder->made ? FOLDER_MADE : 0u) | (folder->is_long ? FOLDER_BLOCKS : 0u) |
		(time != 0 ? FOLDER_TIME : 0u);
	uint64_t few = flags == 0 && folder->count <= FOLDER_FEW ? folder->count : 0;
	at = gfs_adj_write(at, ((uint64_t)folder->type - before) << FOLDER_TYPE_SHIFT | few);
	if (few == 0)
		at = gfs_adj_write(at, folder->count << FOLDER_COUNT_SHIFT | flags);
	return time != 0 ? gfs_adj_write(at, time) : at;
}

static uint8_t *write_entries(
	const struct gfs_adj_form *form, unsigned side, const struct gfs_adj_folder *folder, struct near *near, uint8_t *at)
{
	if (folder->is_long || folder->count == 0)
		return at;
	at = gfs_adj_entries_write(
		at, near_get(near, form, side, folder->type), form->entries + folder->first, (size_t)folder->count);
	near_set(near, form, side, folder);
	return at;
}

static uint8_t *write_side(
	const struct gfs_adj_form *form, unsigned side, uint64_t base, struct near *near, uint8_t *at)
{
	const struct gfs_adj_side *s = &form->sides[side];
	uint64_t time = gfs_adj_zigzag(base, s->mtime_ns);
	uint32_t folders = GFS_MIN(s->folder_count, (uint32_t)SIDE_FOLDERS_MORE);
	*at++ = (uint8_t)(side | (time == 0 ? SIDE_BASE_TIME : 0u) | folders << SIDE_FOLDERS_SHIFT);
	if (time != 0)
		at = gfs_adj_write(at, time);
	if (folders == SIDE_FOLDERS_MORE)
		at = gfs_adj_write(at, s->folder_count - SIDE_FOLDERS_MORE);
	uint16_t before = 0;
	for (uint32_t i = 0; i < s->folder_count; i++) {
		const struct gfs_adj_folder *folder = &form->folders[s->first_folder + i];
		at = write_folder(form, side, folder, before, at);
		before = folder->type;
		at = write_entries(form, side, folder, near, at);
	}
	return at;
}

int gfs_adj_form_encode(const struct gfs_adj_form *form, struct gfs_buf *out)
{
	size_t most = HEAD_BYTES + GFS_ADJ_GROUP_SIDES * SIDE_BYTES_MAX + form->folder_count * FOLDER_BYTES_MAX +
		form->entry_count * GFS_ADJ_ENTRY_BYTES_MAX;
	struct near near = { .rel = 0 };
	uint64_t base = 0;
	gfs_buf_clear(out);
	uint8_t *start = gfs_buf_extend(out, most), *at = start + HEAD_BYTES;
	if (start == NULL)
		return GFS_ERR_NOMEM;
	for (unsigned side = 0; side < GFS_ADJ_GROUP_SIDES; side++) {
		if (form->sides[side].mtime_ns == 0)
			continue;
		if (base == 0)
			base = form->sides[side].mtime_ns;
		at = write_side(form, side, base, &near, at);
	}
	start[0] = GFS_ADJ_FORM;
	gfs_put_le64(start + 1, base);
	out->size = (size_t)(at - start);
	assert(out->size <= most);
	return 0;
}

bool gfs_adj_form_is_empty(const struct gfs_adj_form *form)
{
	for (unsigned side = 0; side < GFS_ADJ_GROUP_SIDES; side++) {
		if (form->sides[side].mtime_ns != 0)
			return false;
	}
	return true;
}

/* ---- edits ---- */

/* The first folder of the side with a type >= `type`. */
static size_t folder_place(const struct gfs_adj_form *form, unsigned side, uint16_t type)
{
	size_t low = form->sides[side].first_folder, high = low + form->sides[side].folder_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (form->folders[middle].type < type)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct gfs_adj_folder *gfs_adj_form_find(const struct gfs_adj_form *form, unsigned side, uint16_t type)
{
	size_t i = folder_place(form, side, type), end = form->sides[side].first_folder + form->sides[side].folder_count;
	return i < end && form->folders[i].type == type ? &form->folders[i] : NULL;
}

static void add_folders(struct gfs_adj_form *form, unsigned side, int change)
{
	form->folder_count += (size_t)change;
	form->sides[side].folder_count += (uint32_t)change;
	for (unsigned i = side + 1; i < GFS_ADJ_GROUP_SIDES; i++)
		form->sides[i].first_folder += (uint32_t)change;
}

int gfs_adj_form_insert(struct gfs_adj_form *form, unsigned side, uint16_t type, struct gfs_adj_folder **ret_folder)
{
	assert(type != 0 && gfs_adj_form_find(form, side, type) == NULL);
	size_t i = folder_place(form, side, type);
	if (form->folder_count == form->folder_capacity && reserve_folders(form, form->folder_count * 2 + 1) != 0)
		return GFS_ERR_NOMEM;
	struct gfs_adj_folder *folder = &form->folders[i];
	memmove(folder + 1, folder, (form->folder_count - i) * sizeof *folder);
	uint32_t first = i < form->folder_count ? folder[1].first : (uint32_t)form->entry_count;
	*folder = (struct gfs_adj_folder){ .type = type, .first = first };
	add_folders(form, side, 1);
	*ret_folder = folder;
	return 0;
}

void gfs_adj_form_remove(struct gfs_adj_form *form, unsigned side, struct gfs_adj_folder *folder)
{
	assert(folder->count == 0);
	size_t i = (size_t)(folder - form->folders);
	memmove(folder, folder + 1, (form->folder_count - i - 1) * sizeof *folder);
	add_folders(form, side, -1);
}

int gfs_adj_form_set_entries(
	struct gfs_adj_form *form, struct gfs_adj_folder *folder, const struct gfs_adj_entry *entries, size_t count)
{
	assert(!folder->is_long && folder->first + folder->count <= form->entry_count);
	size_t old = (size_t)folder->count, total = form->entry_count - old + count;
	if (total > form->entry_capacity && reserve_entries(form, total * 2) != 0)
		return GFS_ERR_NOMEM;
	if (total == 0 && old == 0)
		return 0; /* there may be no array */
	struct gfs_adj_entry *at = form->entries + folder->first;
	memmove(at + count, at + old, (form->entry_count - folder->first - old) * sizeof *at);
	if (count > 0)
		memcpy(at, entries, count * sizeof *at);
	form->entry_count = total;
	folder->count = count;
	for (struct gfs_adj_folder *f = folder + 1; f < form->folders + form->folder_count; f++)
		f->first = (uint32_t)(f->first + count - old);
	return 0;
}

struct gfs_adj_folder *gfs_adj_form_largest(const struct gfs_adj_form *form, unsigned *ret_side)
{
	struct gfs_adj_folder *largest = NULL;
	uint64_t most = GFS_ADJ_SPILL_MIN - 1;
	for (unsigned side = 0; side < GFS_ADJ_GROUP_SIDES; side++) {
		struct gfs_adj_folder *f = form->folders + form->sides[side].first_folder;
		for (uint32_t i = 0; i < form->sides[side].folder_count; i++, f++) {
			if (!f->is_long && f->count > most) {
				largest = f;
				most = f->count;
				*ret_side = side;
			}
		}
	}
	return largest;
}

/* ---- loading ---- */

int gfs_adj_form_load(struct gfs_store *store, uint64_t number, struct gfs_adj_form *form)
{
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	uint8_t key[GFS_ADJ_GROUP_KEY_BYTES];
	gfs_adj_group_key(key, number);
	*form = (struct gfs_adj_form){ .number = number };
	int err = gfs_buf_reserve(&value, GFS_ADJ_VALUE_MAX);
	if (err == 0)
		err = gfs_kv_get(gfs_store_kv(store), GFS_KV_ADJ, gfs_slice(key, sizeof key), &value);
	return err != 0 ? err : gfs_adj_form_decode(gfs_buf_slice(&value), number, form, NULL);
}
