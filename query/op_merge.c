/* MERGE: for each row, all that matches the pattern, or what is made when nothing does. */
#include "query/change.h"
#include "query/op.h"

struct merge {
	struct gfs_op op;
	struct gfs_batch *batch;
	uint32_t row;
	bool running, found;
};

static int open_merge(struct gfs_op *op)
{
	int err = gfs_op_make_out(op, op->plan->fresh.ids, op->plan->fresh.count);
	for (uint32_t i = 0; err == 0 && i < op->plan->create.count; i++)
		err = gfs_op_make_column(op, op->plan->create.entities[i].slot);
	return err;
}

static void rewind_merge(struct gfs_op *op)
{
	struct merge *self = (struct merge *)op;
	self->batch = NULL;
	self->running = false;
}

static int set_all(
	struct gfs_op *op, const struct gfs_plan_set *sets, uint32_t count, const struct gfs_batch *batch, uint32_t row)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < count; i++)
		err = gfs_change_set(op->exec, &sets[i], batch, row, &op->arena);
	return err;
}

/* The batch that ON CREATE and ON MATCH see: the row, and what was matched or made. */
static int look_at_row(struct merge *self, uint32_t at)
{
	struct gfs_op *op = &self->op;
	op->origin[at] = self->row;
	for (uint32_t i = 0; i < op->plan->pass.count; i++) {
		uint32_t slot = op->plan->pass.ids[i];
		op->out.columns[slot][at] = self->batch->columns[slot][self->row];
	}
	return 0;
}

static int null_property(struct gfs_op *op, const struct gfs_plan_entity *entity)
{
	return gfs_query_fail(op->exec->error, GFS_QUERY_SEMANTIC_ERROR, GFS_QUERY_RUNTIME, "MergeReadOwnWrites",
		&entity->pos, "MERGE cannot look for a property that is null");
}

/* A property that is null would never be found, and made again and again. */
static int check_nulls(struct merge *self)
{
	struct gfs_op *op = &self->op;
	for (uint32_t i = 0; i < op->plan->create.count; i++) {
		const struct gfs_plan_entity *entity = &op->plan->create.entities[i];
		struct gfs_datum map;
		if (entity->properties.expr == NULL)
			continue;
		int err = gfs_expr_eval_row(op->exec, entity->properties.code, self->batch, self->row, &op->arena, &map);
		if (err != 0)
			return err;
		for (uint32_t k = 0; map.type == GFS_DATUM_MAP && k < map.size; k++)
			if (gfs_datum_is_null(map.entries[k].value))
				return null_property(op, entity);
	}
	return 0;
}

static int make_row(struct merge *self)
{
	struct gfs_op *op = &self->op;
	int err = check_nulls(self);
	if (err == 0)
		err = look_at_row(self, 0);
	for (uint32_t i = 0; err == 0 && i < op->plan->create.count; i++) {
		const struct gfs_plan_entity *entity = &op->plan->create.entities[i];
		err = gfs_change_create(op->exec, entity, &op->out, 0, &op->arena, &op->out.columns[entity->slot][0]);
	}
	op->out.count = 1;
	return err != 0 ? err : set_all(op, op->plan->create.on_create, op->plan->create.on_create_count, &op->out, 0);
}

static int take_matches(struct merge *self, const struct gfs_batch *right)
{
	struct gfs_op *op = &self->op;
	int err = 0;
	self->found = true;
	for (uint32_t i = 0; i < op->plan->fresh.count; i++)
		memcpy(op->out.columns[op->plan->fresh.ids[i]], right->columns[op->plan->fresh.ids[i]],
			right->count * sizeof(struct gfs_datum));
	for (uint32_t row = 0; err == 0 && row < right->count; row++) {
		err = look_at_row(self, row);
		op->out.count++;
		if (err == 0)
			err = set_all(op, op->plan->create.on_match, op->plan->create.on_match_count, &op->out, row);
	}
	return err;
}

static int step(struct merge *self)
{
	struct gfs_op *op = &self->op;
	struct gfs_batch *right = NULL;
	int err = 0;
	if (!self->running) {
		gfs_op_rewind(op->right);
		self->running = true;
		self->found = false;
		err = gfs_op_lend(op->argument, self->batch, self->row);
	}
	if (err == 0)
		err = gfs_op_next(op->right, &right);
	if (err == 0 && right != NULL)
		return take_matches(self, right);
	if (err == 0 && !self->found)
		err = make_row(self);
	self->running = false;
	self->row++;
	return err;
}

static int next_merge(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct merge *self = (struct merge *)op;
	int err = gfs_exec_tick(op->exec);
	gfs_op_begin(op);
	while (err == 0 && op->out.count == 0) {
		if (self->batch == NULL) {
			self->row = 0;
			err = gfs_op_next(op->input, &self->batch);
			if (err != 0 || self->batch == NULL)
				return err;
		}
		while (err == 0 && self->row < self->batch->count && op->out.count == 0)
			err = step(self);
		if (self->row == self->batch->count)
			self->batch = NULL;
	}
	if (err == 0)
		*ret_batch = &op->out;
	return err;
}

const struct gfs_op_vtable gfs_op_merge_vtable = {
	.size = sizeof(struct merge), .open = open_merge, .next = next_merge, .rewind = rewind_merge
};
