#include "base/utf8.h"

#include "base/bytes.h"

#include <assert.h>

static bool is_tail(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

/* Unicode 15, table 3-7: the lead byte gives the length and the range of the second byte, which is where overlong forms,
 * surrogates and points above U+10FFFF differ; the others are plain tails. */
size_t gfs_utf8_next(const void *data, size_t size, uint32_t *ret_point)
{
	const uint8_t *p = data;
	if (size == 0)
		return 0;
	uint8_t lead = p[0];
	uint8_t low = 0x80;
	uint8_t high = 0xbf;
	size_t length;
	uint32_t point;
	if (lead < 0x80) {
		length = 1;
		point = lead;
	} else if (lead >= 0xc2 && lead <= 0xdf) {
		length = 2;
		point = lead & 0x1fu;
	} else if (lead >= 0xe0 && lead <= 0xef) {
		length = 3;
		point = lead & 0x0fu;
		low = lead == 0xe0 ? 0xa0 : low;
		high = lead == 0xed ? 0x9f : high;
	} else if (lead >= 0xf0 && lead <= 0xf4) {
		length = 4;
		point = lead & 0x07u;
		low = lead == 0xf0 ? 0x90 : low;
		high = lead == 0xf4 ? 0x8f : high;
	} else {
		return 0;
	}
	if (length > size || (length > 1 && (p[1] < low || p[1] > high)))
		return 0;
	for (size_t i = 1; i < length; i++) {
		if (!is_tail(p[i]))
			return 0;
		point = point << 6 | (p[i] & 0x3fu);
	}
	if (ret_point != NULL)
		*ret_point = point;
	return length;
}

bool gfs_utf8_valid(const void *data, size_t size)
{
	const uint8_t *p = data;
	size_t at = 0;
	while (at < size) {
		/* Eight bytes of ASCII at a time. */
		if (size - at >= 8 && (gfs_get_le64(p + at) & UINT64_C(0x8080808080808080)) == 0) {
			at += 8;
			continue;
		}
		size_t length = gfs_utf8_next(p + at, size - at, NULL);
		if (length == 0)
			return false;
		at += length;
	}
	assert(at == size);
	return true;
}

size_t gfs_utf8_put(uint32_t point, uint8_t *out)
{
	assert(point <= 0x10ffff && (point < 0xd800 || point > 0xdfff));
	if (point < 0x80) {
		out[0] = (uint8_t)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (uint8_t)(0xc0 | point >> 6);
		out[1] = (uint8_t)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (uint8_t)(0xe0 | point >> 12);
		out[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (point & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | point >> 18);
	out[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (point & 0x3f));
	return 4;
}
