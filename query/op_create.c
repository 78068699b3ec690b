/* CREATE: for each row, nodes and relationships in the order of the pattern. */
#include "query/change.h"
#include "query/op.h"

static int make_columns(struct gfs_op *op, uint32_t capacity)
{
	int err = 0;
	if (op->out.capacity >= capacity)
		return 0;
	op->out.capacity = capacity;
	for (uint32_t i = 0; err == 0 && i < op->plan->create.count; i++) {
		op->out.columns[op->plan->create.entities[i].slot] = NULL;
		err = gfs_op_make_column(op, op->plan->create.entities[i].slot);
	}
	return err;
}

static int create_row(struct gfs_op *op, struct gfs_batch *batch, uint32_t row)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < op->plan->create.count; i++) {
		const struct gfs_plan_entity *entity = &op->plan->create.entities[i];
		err = gfs_change_create(op->exec, entity, batch, row, &op->arena, &batch->columns[entity->slot][row]);
	}
	return err;
}

static int next_create(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct gfs_batch *batch;
	int err = gfs_op_next(op->input, &batch);
	if (err != 0 || batch == NULL)
		return err;
	err = make_columns(op, batch->capacity);
	for (uint32_t i = 0; err == 0 && i < op->plan->create.count; i++) {
		uint32_t slot = op->plan->create.entities[i].slot;
		batch->columns[slot] = op->out.columns[slot];
	}
	for (uint32_t row = 0; err == 0 && row < batch->count; row++) {
		gfs_arena_clear(&op->arena);
		err = create_row(op, batch, row);
		if (err == 0)
			err = gfs_exec_tick(op->exec);
	}
	if (err == 0)
		*ret_batch = batch;
	return err;
}

const struct gfs_op_vtable gfs_op_create_vtable = { .size = sizeof(struct gfs_op), .next = next_create };
