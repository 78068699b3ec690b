/* Which node an import's texts stand for, for more of them than fit in memory. A text is known by 94 bits of its 128-bit hash, seeded at random:
 * that two of a billion texts meet has a chance of one in ten billion, and nobody can make it happen.
 *
 * The newest lie in a table in memory. When gfs_idmap_relieve finds it full it becomes a run: sorted by hash, in a file without a name, with one
 * hash in memory for every RUN_BLOCK of them, so that looking into a run is one read of a kilobyte. Runs of like size are merged. A Bloom filter
 * (one line of the processor's cache a text) tells most texts that are in no run. Where little is added between look-ups, the table
 * keeps what was found in the runs. Not thread-safe. */
#ifndef GFS_GRAPH_IDMAP_H
#define GFS_GRAPH_IDMAP_H

#include "store/store.h"

struct gfs_idmap;

/* What a text is hashed to: the key of an entry. */
struct gfs_idmap_key {
	uint64_t high, low; /* of `low` the upper 30 bits count */
};

int gfs_idmap_new(struct gfs_store *store, struct gfs_idmap **ret_map) GFS_CHECK;
void gfs_idmap_free(struct gfs_idmap *map); /* NULL is fine */

/* Texts of different spaces are different. */
struct gfs_idmap_key gfs_idmap_key(const struct gfs_idmap *map, uint64_t space, struct gfs_slice text);
/* GFS_ERR_NOTFOUND, or an error of reading. */
int gfs_idmap_find(struct gfs_idmap *map, struct gfs_idmap_key key, uint64_t *ret_id) GFS_CHECK;
/* The text is going to be looked for: fetches where it would be into the processor's cache. */
void gfs_idmap_expect(const struct gfs_idmap *map, struct gfs_idmap_key key);
/* An entry that is not there; the id is 1 to GFS_ID_MAX. Touches memory only, and takes more of it until the next relieve. GFS_ERR_NOMEM. */
int gfs_idmap_add(struct gfs_idmap *map, struct gfs_idmap_key key, uint64_t id) GFS_CHECK;
/* Takes back an addition since the last relieve. */
void gfs_idmap_remove(struct gfs_idmap *map, struct gfs_idmap_key key);
/* Keeps to the limit on memory. */
int gfs_idmap_relieve(struct gfs_idmap *map) GFS_CHECK;
/* Memory. */
size_t gfs_idmap_bytes(const struct gfs_idmap *map);
/* Many look-ups and few additions follow: makes them quick, when there is enough new since the last time. */
int gfs_idmap_settle(struct gfs_idmap *map) GFS_CHECK;

#endif
