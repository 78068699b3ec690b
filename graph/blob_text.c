/* Looks through a long text without having all of it in memory. */
#include "graph/owner.h"

#include "base/checked.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "store/blob.h"

#include <assert.h>
#include <string.h>

#define PIECE_BYTES ((size_t)64 << 10)

/* Bytes at the end of `data` that may be the start of a sequence which the next piece completes: 0 to 3. */
static size_t open_tail(const uint8_t *data, size_t size)
{
	for (size_t back = 1; back <= 3 && back <= size; back++) {
		uint8_t b = data[size - back];
		if (b >= 0xc0)
			return (b >= 0xf0 ? 4u : b >= 0xe0 ? 3u : 2u) > back ? back : 0;
		if (b < 0x80)
			return 0;
	}
	return 0;
}

/* The blob piece by piece: what a piece has in front of it belongs to a sequence that the one before left open. */
struct look {
	struct gfs_hasher128 *hasher;
	bool *utf8;
	size_t kept;
	uint8_t bytes[PIECE_BYTES + 4];
};

static void look_at_piece(struct look *l, size_t got, bool last)
{
	size_t have = l->kept + got;
	assert(l->kept <= 3 && have <= sizeof l->bytes);
	if (l->hasher != NULL) {
		bool newline = last && got != 0 && l->bytes[have - 1] == '\n';
		gfs_hasher128_add(l->hasher, l->bytes + l->kept, got - newline);
	}
	if (l->utf8 == NULL || !*l->utf8) {
		l->kept = 0;
		return;
	}
	size_t kept = last ? 0 : open_tail(l->bytes, have);
	*l->utf8 = gfs_utf8_valid(l->bytes, have - kept);
	memmove(l->bytes, l->bytes + have - kept, kept);
	l->kept = kept;
}

int gfs_blob_look(
	struct gfs_graph *graph, uint64_t blob_id, struct gfs_hasher128 *hasher, bool *ret_utf8, bool *ret_newline)
{
	uint64_t size, at = 0;
	size_t got;
	int err = gfs_blob_size(graph->store, blob_id, &size);
	if (err != 0)
		return err;
	struct look *l = malloc(sizeof *l);
	if (l == NULL)
		return GFS_ERR_NOMEM;
	l->hasher = hasher;
	l->utf8 = ret_utf8;
	l->kept = 0;
	if (ret_utf8 != NULL)
		*ret_utf8 = true;
	if (ret_newline != NULL)
		*ret_newline = false;
	while (err == 0 && at < size && (hasher != NULL || (ret_utf8 != NULL && *ret_utf8))) {
		err = gfs_blob_read(graph->store, blob_id, at, l->bytes + l->kept, PIECE_BYTES, &got);
		if (err == 0 && got == 0)
			err = GFS_ERR_CORRUPT;
		if (err != 0)
			break;
		at += got;
		if (ret_newline != NULL)
			*ret_newline = l->bytes[l->kept + got - 1] == '\n';
		look_at_piece(l, got, at == size);
	}
	free(l);
	return err;
}
