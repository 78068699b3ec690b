#include "index/key_hint.h"

#include "base/checked.h"
#include "base/hash.h"
#include "index/index_cache.h"

#include <stdlib.h>

struct hint {
	struct gfs_index_entry piece;
	_Atomic uint64_t node; /* relaxed: it is no more than a hint */
};

enum { ALLOCATION_BYTES = 16 };

/* Keys of one hash share a hint. */
static uint64_t cache_key(struct gfs_slice key)
{
	return gfs_index_cache_key(GFS_INDEX_KEYS, gfs_hash64(key.data, key.size) >> (64 - GFS_INDEX_KEY_BITS));
}

static struct hint *hint_of(struct gfs_cache_entry *entry)
{
	return gfs_container_of(entry, struct hint, piece.entry);
}

static void free_hint(struct gfs_index_entry *piece)
{
	free(gfs_container_of(piece, struct hint, piece));
}

bool gfs_key_hint_get(struct gfs_cache *cache, struct gfs_slice key, uint64_t *ret_node)
{
	struct gfs_cache_entry *entry = gfs_cache_is_enabled(cache) ? gfs_cache_get(cache, cache_key(key)) : NULL;
	if (entry == NULL)
		return false;
	*ret_node = atomic_load_explicit(&hint_of(entry)->node, memory_order_relaxed);
	gfs_cache_put(cache, entry);
	return true;
}

void gfs_key_hint_set(struct gfs_cache *cache, struct gfs_slice key, uint64_t node)
{
	if (!gfs_cache_is_enabled(cache))
		return;
	struct gfs_cache_entry *entry = gfs_cache_peek(cache, cache_key(key));
	if (entry == NULL) {
		struct hint *hint = calloc(1, sizeof *hint);
		if (hint == NULL)
			return;
		hint->piece.free = free_hint;
		entry = gfs_cache_insert(cache, &hint->piece.entry, cache_key(key), sizeof *hint + ALLOCATION_BYTES);
		if (entry != &hint->piece.entry)
			free(hint);
	}
	atomic_store_explicit(&hint_of(entry)->node, node, memory_order_relaxed);
	gfs_cache_put(cache, entry);
}
