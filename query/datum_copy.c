/* Deep copies, for what must outlive the memory it was made in. */
#include "base/arena.h"
#include "graph/point.h"
#include "graph/temporal.h"
#include "query/datum_private.h"

static const void *copy_bytes(struct gfs_arena *arena, const void *data, size_t size)
{
	return gfs_arena_copy(arena, gfs_slice(data, size)).data;
}

static int copy_list(struct gfs_arena *arena, struct gfs_datum *d)
{
	struct gfs_datum *items = gfs_arena_alloc(arena, d->size * sizeof *items);
	if (items == NULL)
		return GFS_ERR_NOMEM;
	for (uint32_t i = 0; i < d->size; i++) {
		int err = gfs_datum_copy(arena, d->items[i], &items[i]);
		if (err != 0)
			return err;
	}
	d->items = items;
	return 0;
}

static int copy_map(struct gfs_arena *arena, struct gfs_datum *d)
{
	struct gfs_datum_entry *entries = gfs_arena_alloc(arena, d->size * sizeof *entries);
	if (entries == NULL)
		return GFS_ERR_NOMEM;
	for (uint32_t i = 0; i < d->size; i++) {
		entries[i].key = gfs_arena_copy(arena, d->entries[i].key);
		if (entries[i].key.data == NULL)
			return GFS_ERR_NOMEM;
		int err = gfs_datum_copy(arena, d->entries[i].value, &entries[i].value);
		if (err != 0)
			return err;
	}
	d->entries = entries;
	return 0;
}

static int copy_path(struct gfs_arena *arena, struct gfs_datum *d)
{
	uint32_t length = d->path->length;
	struct gfs_datum_path *path = gfs_arena_alloc(arena, sizeof *path);
	if (path == NULL)
		return GFS_ERR_NOMEM;
	path->length = length;
	path->nodes = copy_bytes(arena, d->path->nodes, ((size_t)length + 1) * sizeof *path->nodes);
	path->rels = copy_bytes(arena, d->path->rels, length * sizeof *path->rels);
	d->path = path;
	return path->nodes == NULL || path->rels == NULL ? GFS_ERR_NOMEM : 0;
}

static int copy_temporal(struct gfs_arena *arena, struct gfs_datum *d)
{
	struct gfs_temporal *t = gfs_arena_alloc(arena, sizeof *t);
	if (t == NULL)
		return GFS_ERR_NOMEM;
	*t = *d->temporal;
	d->temporal = t;
	if (t->zone.size == 0)
		return 0;
	t->zone = gfs_arena_copy(arena, t->zone);
	return t->zone.data == NULL ? GFS_ERR_NOMEM : 0;
}

int gfs_datum_copy(struct gfs_arena *arena, struct gfs_datum d, struct gfs_datum *ret_copy)
{
	int err = 0;
	switch (d.type) {
	case GFS_DATUM_STRING:
	case GFS_DATUM_BYTES:
		d.text = copy_bytes(arena, d.text, d.size);
		err = d.text == NULL ? GFS_ERR_NOMEM : 0;
		break;
	case GFS_DATUM_LIST:
		err = copy_list(arena, &d);
		break;
	case GFS_DATUM_MAP:
		err = copy_map(arena, &d);
		break;
	case GFS_DATUM_PATH:
		err = copy_path(arena, &d);
		break;
	case GFS_DATUM_POINT:
		d.point = copy_bytes(arena, d.point, sizeof *d.point);
		err = d.point == NULL ? GFS_ERR_NOMEM : 0;
		break;
	default:
		if (gfs_datum_is_temporal(d))
			err = copy_temporal(arena, &d);
	}
	if (err == 0)
		*ret_copy = d;
	return err;
}
