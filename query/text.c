/* A code point starts at every byte that is no continuation byte. */
#include "query/text.h"

#include <assert.h>

static bool starts(uint8_t byte)
{
	return (byte & 0xc0) != 0x80;
}

size_t gfs_text_points(struct gfs_slice text)
{
	size_t points = 0;
	for (size_t i = 0; i < text.size; i++)
		points += starts(text.data[i]);
	return points;
}

size_t gfs_text_skip(struct gfs_slice text, size_t at, size_t points)
{
	while (points != 0 && at < text.size) {
		do
			at++;
		while (at < text.size && !starts(text.data[at]));
		points--;
	}
	return at;
}

size_t gfs_text_before(struct gfs_slice text, size_t end)
{
	assert(end != 0 && end <= text.size);
	do
		end--;
	while (end != 0 && !starts(text.data[end]));
	return end;
}
