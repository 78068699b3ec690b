/* Places in UTF-8 text by code points. The text is valid. */
#ifndef GFS_QUERY_TEXT_H
#define GFS_QUERY_TEXT_H

#include "base/bytes.h"

#include <stdbool.h>

/* Number of code points. */
size_t gfs_text_points(struct gfs_slice text);
/* The byte where the code point lies that is `points` past the one at byte `at`; the text's size when there are fewer. */
size_t gfs_text_skip(struct gfs_slice text, size_t at, size_t points);
/* The byte where the code point lies that ends at byte `end`, which is past 0. */
size_t gfs_text_before(struct gfs_slice text, size_t end);

#endif
