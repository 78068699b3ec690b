/* Hints for the key index: at which node a key was found last, in the index layer of the caches. A hint saves the search of the table; it may be
 * wrong at any time, for nobody takes it back when the key moves on. So who follows one looks at the node's own key, and asks
 * gfs_keys_find when that is another one.
 *
 * `cache`: the index layer's. Any thread, with or without the graph lock. */
#ifndef GFS_INDEX_KEY_HINT_H
#define GFS_INDEX_KEY_HINT_H

#include "base/bytes.h"
#include "cache/cache.h"

/* False: there is none. */
bool gfs_key_hint_get(struct gfs_cache *cache, struct gfs_slice key, uint64_t *ret_node);
/* Replaces the one before. Without memory, or with the layer off, there is none afterwards. */
void gfs_key_hint_set(struct gfs_cache *cache, struct gfs_slice key, uint64_t node);

#endif
