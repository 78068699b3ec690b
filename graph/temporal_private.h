/* What the temporal*.c files share. Nobody else includes this. */
#ifndef GFS_GRAPH_TEMPORAL_PRIVATE_H
#define GFS_GRAPH_TEMPORAL_PRIVATE_H

#include "graph/temporal.h"

struct gfs_text_reader {
	const uint8_t *at, *end;
};

static inline struct gfs_text_reader gfs_text_reader(struct gfs_slice text)
{
	return (struct gfs_text_reader){ text.data, text.size == 0 ? text.data : text.data + text.size };
}

static inline bool gfs_text_accept(struct gfs_text_reader *r, uint8_t c)
{
	bool there = r->at < r->end && *r->at == c;
	r->at += there;
	return there;
}

/* The digits that come next, `min` to `max` (at most 18) of them; there may be more behind them. GFS_ERR_INVALID. */
int gfs_text_number(struct gfs_text_reader *r, int min, int max, uint64_t *ret_number) GFS_CHECK;

int gfs_duration_parse(struct gfs_slice text, struct gfs_temporal *ret_duration) GFS_CHECK;

#endif
