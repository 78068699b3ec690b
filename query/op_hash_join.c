/* Joins by hash: keeps the rows of one side in memory, by the values of its keys, and looks for those of each row of the other. A key with a null in it
 * equals nothing. */
#include "query/op.h"
#include "query/row_table.h"

#include "base/checked.h"

#include <assert.h>

/* Ends a chain of rows. */
#define NO_ROW UINT64_MAX

struct side {
	struct gfs_op *op;
	struct gfs_slots keys;
	struct gfs_slots columns; /* of the rows that the join gives */
};

struct hash_join {
	struct gfs_op op;
	struct side kept, other;
	bool filled;
	struct gfs_row_table table; /* keys of the side that is kept */
	struct gfs_rows rows;       /* its rows */
	uint64_t *first;            /* row of each entry of the table */
	uint64_t *next;             /* row with the same key as each row */
	uint64_t first_capacity, next_capacity;
	struct gfs_datum *values; /* of a key */
	struct gfs_batch *batch;  /* of the other side */
	uint32_t row;
	uint64_t at; /* kept row that goes with it next */
};

static void reset(struct hash_join *self)
{
	struct gfs_op *op = &self->op;
	gfs_arena_clear(&op->arena);
	gfs_row_table_init(&self->table, op->exec, &op->arena, self->kept.keys.count);
	self->rows = (struct gfs_rows){ .slots = &self->kept.columns };
	self->first = self->next = NULL;
	self->first_capacity = self->next_capacity = 0;
	self->batch = NULL;
	self->filled = false;
}

static int open_join(struct gfs_op *op)
{
	struct hash_join *self = (struct hash_join *)op;
	const struct gfs_plan_node *plan = op->plan;
	struct side input = { op->input, plan->hash.left, plan->pass };
	struct side right = { op->right, plan->hash.right, plan->fresh };
	assert(op->argument->plan->argument.slots.count == 0);
	self->kept = plan->hash.keeps_input ? input : right;
	self->other = plan->hash.keeps_input ? right : input;
	self->values = gfs_exec_alloc(op->exec, input.keys.count * sizeof *self->values);
	if (self->values == NULL)
		return gfs_exec_nomem(op->exec);
	reset(self);
	return gfs_op_make_out(op, plan->fresh.ids, plan->fresh.count);
}

static void rewind_join(struct gfs_op *op)
{
	gfs_op_rewind(op->right);
	reset((struct hash_join *)op);
}

/* Into self->values; false when one is null. */
static bool take_key(struct hash_join *self, const struct side *side, const struct gfs_batch *batch, uint32_t row)
{
	for (uint32_t i = 0; i < side->keys.count; i++) {
		self->values[i] = batch->columns[side->keys.ids[i]][row];
		if (self->values[i].type == GFS_DATUM_NULL)
			return false;
	}
	return true;
}

/* ---- keeping ---- */

/* Sets item `at` of an array that grows. */
static int put(struct hash_join *self, uint64_t **items, uint64_t *capacity, uint64_t at, uint64_t value)
{
	if (at >= *capacity) {
		uint64_t larger = GFS_MAX(*capacity * 2, (uint64_t)GFS_BATCH_ROWS_FEW);
		uint64_t *memory = gfs_arena_alloc(&self->op.arena, larger * sizeof *memory);
		if (memory == NULL)
			return gfs_exec_nomem(self->op.exec);
		if (*capacity != 0)
			memcpy(memory, *items, *capacity * sizeof *memory);
		*items = memory;
		*capacity = larger;
	}
	assert(at < *capacity);
	(*items)[at] = value;
	return 0;
}

static int keep_row(struct hash_join *self, const struct gfs_batch *batch, uint32_t row)
{
	struct gfs_op *op = &self->op;
	uint64_t entry, kept = self->rows.count;
	bool new;
	if (!take_key(self, &self->kept, batch, row))
		return 0;
	int err = gfs_row_table_find_values(&self->table, self->values, &entry, &new);
	if (err == 0)
		err = gfs_rows_add(op->exec, &op->arena, &self->rows, batch, row);
	if (err == 0)
		err = put(self, &self->next, &self->next_capacity, kept, new ? NO_ROW : self->first[entry]);
	return err != 0 ? err : put(self, &self->first, &self->first_capacity, entry, kept);
}

static int fill(struct hash_join *self)
{
	struct gfs_batch *batch;
	int err;
	do {
		err = gfs_op_next(self->kept.op, &batch);
		for (uint32_t row = 0; err == 0 && batch != NULL && row < batch->count; row++)
			err = keep_row(self, batch, row);
	} while (err == 0 && batch != NULL);
	self->filled = err == 0;
	return err;
}

/* ---- joining ---- */

static uint64_t find_first(struct hash_join *self)
{
	uint64_t entry;
	if (!take_key(self, &self->other, self->batch, self->row) ||
		!gfs_row_table_look(&self->table, self->values, &entry))
		return NO_ROW;
	return self->first[entry];
}

/* The kept row at hand with the row of the other side at hand. */
static void put_pair(struct hash_join *self)
{
	struct gfs_batch *out = &self->op.out;
	const struct gfs_datum *kept = gfs_rows_at(&self->rows, self->at);
	for (uint32_t i = 0; i < self->kept.columns.count; i++)
		out->columns[self->kept.columns.ids[i]][out->count] = kept[i];
	for (uint32_t i = 0; i < self->other.columns.count; i++) {
		uint32_t slot = self->other.columns.ids[i];
		out->columns[slot][out->count] = self->batch->columns[slot][self->row];
	}
	out->count++;
}

/* The next batch of the other side; none is asked for when nothing is kept. */
static int next_batch(struct hash_join *self)
{
	if (self->rows.count == 0)
		return 0;
	int err = gfs_op_next(self->other.op, &self->batch);
	if (err != 0 || self->batch == NULL)
		return err;
	self->row = 0;
	self->at = find_first(self);
	return 0;
}

/* Pairs of the batch at hand, as many as `out` takes. */
static void put_pairs(struct hash_join *self)
{
	while (self->op.out.count < self->op.out.capacity) {
		if (self->at != NO_ROW) {
			put_pair(self);
			self->at = self->next[self->at];
		} else if (++self->row == self->batch->count) {
			self->batch = NULL;
			return;
		} else {
			self->at = find_first(self);
		}
	}
}

static int next_join(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct hash_join *self = (struct hash_join *)op;
	int err = self->filled ? 0 : fill(self);
	op->out.count = 0;
	while (err == 0 && op->out.count == 0) {
		if (self->batch == NULL)
			err = next_batch(self);
		if (err == 0)
			err = gfs_exec_tick(op->exec);
		if (err != 0 || self->batch == NULL)
			return err;
		put_pairs(self);
	}
	if (err == 0)
		*ret_batch = &op->out;
	return err;
}

const struct gfs_op_vtable gfs_op_hash_join_vtable = {
	.size = sizeof(struct hash_join), .open = open_join, .next = next_join, .rewind = rewind_join
};
