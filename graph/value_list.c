/* Reads the text of a list: [1, 'a', [true, null], bytes('00ff'), date('2015-07-21')]. The grammar is the printer's, a little wider in numbers of escapes; whoever needs
 * exactness prints again and compares. */
#include "base/checked.h"
#include "graph/value_private.h"

#include <assert.h>

struct parser {
	const uint8_t *at;
	const uint8_t *end;
	struct gfs_arena *arena;
};

static bool accept(struct parser *p, const char *text)
{
	size_t size = strlen(text);
	if ((size_t)(p->end - p->at) < size || memcmp(p->at, text, size) != 0)
		return false;
	p->at += size;
	return true;
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two hex digits at `at`, which has them; -1 when they are none. */
static int hex_byte(const uint8_t *at)
{
	int high = hex_value(at[0]);
	int low = hex_value(at[1]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* The character after a backslash; moves *at past it. Only characters below U+0080 are ever escaped. */
static int unescape(const uint8_t **at, const uint8_t *end)
{
	uint8_t letter = *(*at)++;
	if (letter == '\'')
		return letter;
	if (letter != 'u')
		return gfs_text_unescape(letter);
	if (end - *at < 4 || (*at)[0] != '0' || (*at)[1] != '0')
		return -1;
	int byte = hex_byte(*at + 2);
	*at += 4;
	return byte < 0x80 ? byte : -1;
}

static int copy_unescaped(struct gfs_slice raw, struct gfs_arena *arena, struct gfs_slice *ret)
{
	uint8_t *copy = gfs_arena_alloc(arena, raw.size);
	if (copy == NULL)
		return GFS_ERR_NOMEM;
	size_t size = 0;
	const uint8_t *at = raw.data;
	const uint8_t *end = raw.data + raw.size;
	while (at < end) {
		int c = *at++;
		if (c == '\\') {
			c = at < end ? unescape(&at, end) : -1;
			if (c < 0)
				return GFS_ERR_INVALID;
		}
		copy[size++] = (uint8_t)c;
	}
	assert(size <= raw.size);
	*ret = gfs_slice(copy, size);
	return 0;
}

/* After the opening quote. */
static int read_string(struct parser *p, struct gfs_value *value)
{
	const uint8_t *start = p->at;
	bool escaped = false;
	for (; p->at < p->end && *p->at != '\''; p->at++) {
		if (*p->at != '\\')
			continue;
		escaped = true;
		if (++p->at == p->end)
			return GFS_ERR_INVALID;
	}
	if (p->at == p->end)
		return GFS_ERR_INVALID;
	value->type = GFS_TYPE_STRING;
	value->bytes = gfs_slice(start, (size_t)(p->at - start));
	p->at++;
	return escaped ? copy_unescaped(value->bytes, p->arena, &value->bytes) : 0;
}

/* After bytes(' */
static int read_hex(struct parser *p, struct gfs_value *value)
{
	const uint8_t *quote = memchr(p->at, '\'', (size_t)(p->end - p->at));
	if (quote == NULL || (quote - p->at) % 2 != 0)
		return GFS_ERR_INVALID;
	size_t size = (size_t)(quote - p->at) / 2;
	uint8_t *bytes = gfs_arena_alloc(p->arena, size);
	if (bytes == NULL)
		return GFS_ERR_NOMEM;
	for (size_t i = 0; i < size; i++, p->at += 2) {
		int byte = hex_byte(p->at);
		if (byte < 0)
			return GFS_ERR_INVALID;
		bytes[i] = (uint8_t)byte;
	}
	value->type = GFS_TYPE_BYTES;
	value->bytes = gfs_slice(bytes, size);
	return accept(p, "')") ? 0 : GFS_ERR_INVALID;
}

/* The type whose name and (' come next, taken; GFS_TYPE_NULL when there is none. */
static enum gfs_type accept_call(struct parser *p)
{
	const uint8_t *name = p->at;
	const uint8_t *end = name;
	enum gfs_type type;
	while (end < p->end && *end >= 'a' && *end <= 'z')
		end++;
	if (gfs_type_from_name(gfs_slice(name, (size_t)(end - name)), &type) != 0 || !gfs_type_is_temporal(type))
		return GFS_TYPE_NULL;
	p->at = end;
	if (accept(p, "('"))
		return type;
	p->at = name;
	return GFS_TYPE_NULL;
}

/* After date(' */
static int read_temporal(struct parser *p, enum gfs_type type, struct gfs_value *value)
{
	const uint8_t *quote = memchr(p->at, '\'', (size_t)(p->end - p->at));
	if (quote == NULL)
		return GFS_ERR_INVALID;
	int err = gfs_value_read_temporal(type, gfs_slice(p->at, (size_t)(quote - p->at)), p->arena, value);
	p->at = quote;
	return err == 0 && !accept(p, "')") ? GFS_ERR_INVALID : err;
}

/* point({...}), which has no brace inside. */
static int read_point(struct parser *p, struct gfs_value *value)
{
	const uint8_t *brace = memchr(p->at, '}', (size_t)(p->end - p->at));
	if (brace == NULL || brace + 1 == p->end)
		return GFS_ERR_INVALID;
	struct gfs_slice text = gfs_slice(p->at, (size_t)(brace + 2 - p->at));
	p->at = brace + 2;
	return gfs_point_read(text, p->arena, value);
}

/* A number or a word, up to what may follow an item. */
static int read_word(struct parser *p, struct gfs_value *value)
{
	const uint8_t *start = p->at;
	while (p->at < p->end && *p->at != ',' && *p->at != ']')
		p->at++;
	struct gfs_slice word = gfs_slice(start, (size_t)(p->at - start));
	if (gfs_slice_equal(word, gfs_slice_text("null"))) {
		value->type = GFS_TYPE_NULL;
		return 0;
	}
	return gfs_scalar_read(word, value) ? 0 : GFS_ERR_INVALID;
}

static int read_list(struct parser *p, unsigned int depth, struct gfs_value *value);

static int read_item(struct parser *p, unsigned int depth, struct gfs_value *value)
{
	if (accept(p, "["))
		return read_list(p, depth, value);
	if (accept(p, "'"))
		return read_string(p, value);
	if (accept(p, "bytes('"))
		return read_hex(p, value);
	if (p->end - p->at > 6 && memcmp(p->at, "point(", 6) == 0)
		return read_point(p, value);
	enum gfs_type type = accept_call(p);
	return type != GFS_TYPE_NULL ? read_temporal(p, type, value) : read_word(p, value);
}

/* Up to and with the closing bracket, into a buffer of struct gfs_value. */
static int read_items(struct parser *p, unsigned int depth, struct gfs_buf *items)
{
	if (accept(p, "]"))
		return 0;
	do {
		struct gfs_value item = { 0 };
		int err = read_item(p, depth, &item);
		if (err != 0)
			return err;
		gfs_buf_append(items, &item, sizeof item);
	} while (accept(p, ", "));
	return accept(p, "]") ? gfs_buf_failed(items) : GFS_ERR_INVALID;
}

/* After the opening bracket; `depth` lists are around this one. */
static int read_list(struct parser *p, unsigned int depth, struct gfs_value *value)
{
	GFS_AUTO_BUF items = GFS_BUF_INIT;
	if (depth >= GFS_VALUE_DEPTH_MAX)
		return GFS_ERR_INVALID;
	int err = read_items(p, depth + 1, &items);
	if (err != 0)
		return err;
	struct gfs_slice copy = gfs_arena_copy(p->arena, gfs_buf_slice(&items));
	if (copy.data == NULL)
		return GFS_ERR_NOMEM;
	value->type = GFS_TYPE_LIST;
	/* The copy is ours to write to. */
	value->list.items = (struct gfs_value *)(uintptr_t)copy.data;
	value->list.count = copy.size / sizeof *value;
	return 0;
}

int gfs_list_read(struct gfs_slice text, struct gfs_arena *arena, struct gfs_value *ret_value)
{
	struct gfs_value value = { 0 };
	struct parser p = { .at = text.data, .end = text.size == 0 ? text.data : text.data + text.size, .arena = arena };
	if (p.at == p.end || !accept(&p, "["))
		return GFS_ERR_INVALID;
	int err = read_list(&p, 0, &value);
	if (err == 0 && p.at != p.end)
		err = GFS_ERR_INVALID;
	if (err == 0)
		*ret_value = value;
	return err;
}
