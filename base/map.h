/* Hash tables with open addressing: integers to integers, and byte strings to integers. Not thread-safe. */
#ifndef GFS_BASE_MAP_H
#define GFS_BASE_MAP_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gfs_u64map {
	struct gfs_u64map_slot *slots; /* owned */
	size_t count;
	size_t capacity; /* a power of two, or 0 */
	size_t used;     /* live and deleted slots */
};

#define GFS_U64MAP_INIT ((struct gfs_u64map){ 0 })

void gfs_u64map_release(struct gfs_u64map *map);
/* Sets key (any value) to value. GFS_ERR_NOMEM leaves the map as it was. */
int gfs_u64map_set(struct gfs_u64map *map, uint64_t key, uint64_t value) GFS_CHECK;
bool gfs_u64map_get(const struct gfs_u64map *map, uint64_t key, uint64_t *ret_value);
bool gfs_u64map_remove(struct gfs_u64map *map, uint64_t key);
/* Iterate: start with *at = 0; false at the end. The map must not change meanwhile. */
bool gfs_u64map_next(const struct gfs_u64map *map, size_t *at, uint64_t *ret_key, uint64_t *ret_value);

/* Byte strings are copied and never move: the ret_key of gfs_strmap_set stays valid until that key is removed, or the release. */
struct gfs_strmap {
	struct gfs_strmap_slot *slots;
	size_t count;
	size_t capacity;
	struct gfs_strmap_block *blocks;
};

#define GFS_STRMAP_INIT ((struct gfs_strmap){ 0 })

void gfs_strmap_release(struct gfs_strmap *map);
/* Adds or replaces. `ret_key` (may be NULL) is the map's own copy. */
int gfs_strmap_set(struct gfs_strmap *map, struct gfs_slice key, uint64_t value, struct gfs_slice *ret_key) GFS_CHECK;
bool gfs_strmap_get(const struct gfs_strmap *map, struct gfs_slice key, uint64_t *ret_value);
bool gfs_strmap_remove(struct gfs_strmap *map, struct gfs_slice key);

#endif
