#include "query/walk.h"

#include "base/checked.h"
#include "query/columns.h"

#include <assert.h>

enum { DONE = 2, ONLY_CHUNK = 8 };

void gfs_walk_begin(struct gfs_walk *walk, struct gfs_exec *exec, const struct gfs_plan_rel *rel, uint64_t node,
	uint64_t only, bool turned)
{
	bool out = rel->direction == GFS_AST_BOTH || (rel->direction == GFS_AST_OUT) != turned;
	bool in = rel->direction == GFS_AST_BOTH || (rel->direction == GFS_AST_IN) != turned;
	walk->exec = exec;
	walk->rel = rel;
	walk->node = node;
	walk->only = only;
	walk->dir = out ? GFS_OUT : GFS_IN;
	walk->last_dir = in ? GFS_IN : GFS_OUT;
	walk->type_at = 0;
	walk->type = 0;
	walk->next_type = 1;
	walk->at = walk->count = 0;
	walk->many = walk->dense = false;
}

/* The next type that the node may have relationships of; 0: none in this direction. */
static int find_type(struct gfs_walk *walk)
{
	struct gfs_adj_type found;
	size_t count = 0;
	walk->type = 0;
	walk->from = (struct gfs_adj_entry){ .other = walk->only };
	if (walk->rel->types.count != 0) {
		while (walk->type == 0 && walk->type_at < walk->rel->types.count)
			walk->type = gfs_exec_name(walk->exec, walk->rel->types.ids[walk->type_at++]);
		return 0;
	}
	if (walk->next_type > GFS_NAME_ID_MAX)
		return 0;
	int err = gfs_rels_types(
		walk->exec->graph, walk->node, (enum gfs_direction)walk->dir, (uint16_t)walk->next_type, &found, 1, &count);
	if (err == 0 && count != 0) {
		walk->type = found.type;
		walk->next_type = found.type + 1u;
	}
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* Entries that lead elsewhere end the type: they are in order of the other end. */
static void trim(struct gfs_walk *walk, size_t wanted)
{
	uint32_t count = walk->count;
	if (walk->only != GFS_ID_NONE)
		for (count = 0; count < walk->count && walk->entries[count].other == walk->only;)
			count++;
	if (count < wanted)
		walk->type = 0;
	else
		walk->from = (struct gfs_adj_entry){ walk->entries[count - 1].other, walk->entries[count - 1].rel + 1 };
	walk->count = count;
}

/* All of the node's relationships of the type at once, when they lie side by side. */
static bool take_column(struct gfs_walk *walk)
{
	const struct gfs_chunk *chunk;
	if (!walk->many || walk->only != GFS_ID_NONE)
		return false;
	chunk = gfs_columns_chunk(walk->exec, walk->dir == GFS_OUT ? GFS_COLUMN_OUT : GFS_COLUMN_IN, (uint16_t)walk->type,
		walk->node, walk->dense);
	if (chunk == NULL)
		return false;
	uint32_t at = gfs_column_at(walk->node);
	walk->run = chunk->adjacency.entries + chunk->adjacency.first[at];
	walk->at = 0;
	walk->count = chunk->adjacency.first[at + 1] - chunk->adjacency.first[at];
	walk->type = 0;
	return true;
}

static int read_chunk(struct gfs_walk *walk)
{
	walk->run = walk->entries;
	size_t count = 0, wanted = walk->only == GFS_ID_NONE ? GFS_WALK_CHUNK : ONLY_CHUNK;
	int err = gfs_rels_list(walk->exec->graph, walk->node, (enum gfs_direction)walk->dir, (uint16_t)walk->type,
		walk->from, walk->entries, wanted, &count);
	if (err == GFS_ERR_NOTFOUND)
		err = 0;
	walk->at = 0;
	walk->count = (uint32_t)count;
	if (err == 0)
		trim(walk, wanted);
	return err;
}

/* Entries, or the end. */
static int refill(struct gfs_walk *walk)
{
	int err = 0;
	while (err == 0 && walk->at == walk->count && walk->dir != DONE) {
		if (walk->type == 0)
			err = find_type(walk);
		if (err == 0 && walk->type != 0) {
			if (!take_column(walk))
				err = read_chunk(walk);
			continue;
		}
		walk->type_at = 0;
		walk->next_type = 1;
		walk->dir = walk->dir == walk->last_dir ? DONE : walk->last_dir;
	}
	return err;
}

int gfs_walk_next(struct gfs_walk *walk, const struct gfs_adj_entry **ret_entry)
{
	for (;;) {
		int err = walk->at == walk->count ? refill(walk) : 0;
		if (err != 0)
			return gfs_exec_store_error(walk->exec, err);
		if (walk->at == walk->count) {
			*ret_entry = NULL;
			return 0;
		}
		const struct gfs_adj_entry *entry = &walk->run[walk->at++];
		bool again = walk->rel->direction == GFS_AST_BOTH && walk->dir == GFS_IN && entry->other == walk->node;
		if (!again && !gfs_exec_rel_gone(walk->exec, entry->rel)) {
			*ret_entry = entry;
			return 0;
		}
	}
}
