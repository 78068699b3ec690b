#include "base/parse.h"

#include "base/checked.h"

int gfs_parse_u64(struct gfs_slice text, uint64_t *ret_value)
{
	uint64_t value = 0;
	if (text.size == 0)
		return GFS_ERR_INVALID;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return GFS_ERR_INVALID;
		if (gfs_mul_overflows(value, UINT64_C(10), &value) ||
			gfs_add_overflows(value, (uint64_t)(text.data[i] - '0'), &value))
			return GFS_ERR_OVERFLOW;
	}
	*ret_value = value;
	return 0;
}

static unsigned unit_shift(uint8_t letter)
{
	switch (letter) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	case 't':
	case 'T':
		return 40;
	default:
		return 0;
	}
}

int gfs_parse_size(struct gfs_slice text, uint64_t *ret_bytes)
{
	uint64_t number;
	unsigned shift = text.size > 0 ? unit_shift(text.data[text.size - 1]) : 0;
	if (shift != 0)
		text.size--;
	int err = gfs_parse_u64(text, &number);
	if (!err && gfs_mul_overflows(number, UINT64_C(1) << shift, &number))
		err = GFS_ERR_OVERFLOW;
	if (!err)
		*ret_bytes = number;
	return err;
}
