#include "fs/names.h"

#include "base/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const node_reserved[] = { "labels", "out", "in", ".json", NULL };
static const char *const links_reserved[] = { ".rel", NULL };
static const char *const rel_reserved[] = { "from", "to", NULL };
static const char *const none_reserved[] = { NULL };

static const char *const *reserved_in(enum gfs_name_place place)
{
	switch (place) {
	case GFS_PLACE_NODE:
		return node_reserved;
	case GFS_PLACE_LINKS:
		return links_reserved;
	case GFS_PLACE_REL:
		return rel_reserved;
	case GFS_PLACE_NODES:
	case GFS_PLACE_NAMES:
	case GFS_PLACE_LABELS:
		break;
	}
	return none_reserved;
}

static bool is_reserved(struct gfs_slice name, enum gfs_name_place place)
{
	for (const char *const *word = reserved_in(place); *word; word++) {
		if (gfs_slice_equal(name, gfs_slice_text(*word)))
			return true;
	}
	return false;
}

bool gfs_name_is_reserved(const char *component, enum gfs_name_place place)
{
	return is_reserved(gfs_slice_text(component), place);
}

/* Where a trailing "~DIGITS" starts, or SIZE_MAX. */
static size_t tilde_suffix(const uint8_t *text, size_t size)
{
	size_t at = size;
	while (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9')
		at--;
	return at < size && at > 0 && text[at - 1] == '~' ? at - 1 : SIZE_MAX;
}

static bool must_escape(const uint8_t *text, size_t at, size_t tilde, bool reserved, const char *signs)
{
	uint8_t c = text[at];
	if (c < 0x20 || c == 0x7f || c == '/' || c == '%' || strchr(signs, c))
		return true;
	return at == tilde || (at == 0 && (c == '@' || c == '.' || reserved));
}

int gfs_name_show(struct gfs_slice name, enum gfs_name_place place, struct gfs_component *ret)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t tilde = tilde_suffix(name.data, name.size);
	bool reserved = is_reserved(name, place);
	const char *signs = place == GFS_PLACE_LABELS ? "&|!()" : "";
	size_t n = 0;
	for (size_t i = 0; i < name.size; i++) {
		bool escape = must_escape(name.data, i, tilde, reserved, signs);
		if (n + (escape ? 3 : 1) > GFS_COMPONENT_BYTES_MAX)
			return GFS_ERR_NAMETOOLONG;
		if (escape) {
			ret->text[n++] = '%';
			ret->text[n++] = digits[name.data[i] >> 4];
			ret->text[n++] = digits[name.data[i] & 15];
		} else {
			ret->text[n++] = (char)name.data[i];
		}
	}
	ret->text[n] = '\0';
	ret->size = n;
	return n > 0 ? 0 : GFS_ERR_INVALID;
}

static void show_number(struct gfs_component *ret, char sign, uint64_t id)
{
	ret->size = (size_t)snprintf(ret->text, sizeof ret->text, "%c%llu", sign, (unsigned long long)id);
}

void gfs_name_show_node(struct gfs_slice key, uint64_t id, enum gfs_name_place place, struct gfs_component *ret)
{
	if (key.size == 0 || gfs_name_show(key, place, ret) != 0)
		show_number(ret, '@', id);
}

void gfs_name_show_id(struct gfs_slice name, uint16_t id, enum gfs_name_place place, struct gfs_component *ret)
{
	if (gfs_name_show(name, place, ret) != 0)
		show_number(ret, '@', id);
}

void gfs_name_add_rel(struct gfs_component *component, uint64_t node_id, uint64_t rel_id)
{
	char suffix[24];
	int n = snprintf(suffix, sizeof suffix, "~%llu", (unsigned long long)rel_id);
	if (component->size + (size_t)n > GFS_COMPONENT_BYTES_MAX)
		show_number(component, '@', node_id);
	memcpy(component->text + component->size, suffix, (size_t)n + 1);
	component->size += (size_t)n;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void decode(const char *text, size_t size, struct gfs_buf *out)
{
	for (size_t i = 0; i < size; i++) {
		int high = text[i] == '%' && i + 2 < size ? hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
		if (low >= 0) {
			gfs_buf_append_u8(out, (uint8_t)(high << 4 | low));
			i += 2;
		} else {
			gfs_buf_append_u8(out, (uint8_t)text[i]);
		}
	}
}

void gfs_name_decode(const char *component, struct gfs_buf *out)
{
	decode(component, strlen(component), out);
}

/* Digits without leading zero, at most GFS_ID_MAX; 0 when it is no such number. */
static uint64_t read_id(const char *text, size_t size)
{
	uint64_t v = 0;
	if (size == 0 || size > 18 || text[0] == '0')
		return 0;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		v = v * 10 + (uint64_t)(text[i] - '0');
	}
	return v <= GFS_ID_MAX ? v : 0;
}

int gfs_name_read(const char *component, bool with_rel, struct gfs_buf *out, struct gfs_name_read *ret)
{
	size_t size = strlen(component);
	*ret = (struct gfs_name_read){ 0 };
	if (size > GFS_COMPONENT_BYTES_MAX)
		return GFS_ERR_NAMETOOLONG;
	size_t tilde = with_rel ? tilde_suffix((const uint8_t *)component, size) : SIZE_MAX;
	if (tilde != SIZE_MAX && tilde > 0) {
		ret->rel = read_id(component + tilde + 1, size - tilde - 1);
		if (ret->rel != 0)
			size = tilde;
	}
	if (component[0] == '@')
		ret->id = read_id(component + 1, size - 1);
	size_t start = out->size;
	decode(component, size, out);
	int err = gfs_buf_failed(out);
	if (err)
		return err;
	ret->name = gfs_slice(out->data + start, out->size - start);
	if (memchr(ret->name.data, 0, ret->name.size))
		return GFS_ERR_INVALID;
	return gfs_utf8_valid(ret->name.data, ret->name.size) ? 0 : GFS_ERR_ILSEQ;
}
