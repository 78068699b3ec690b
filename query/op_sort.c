/* ORDER BY: keeps all rows with their keys and sorts them; TOP keeps no more than twice what will be given, and asks for no more rows when those that come in
 * order are past that. The sort is stable. */
#include "query/op_amount.h"

#include "base/checked.h"
#include "graph/index.h"

#include <assert.h>
#include <stdlib.h>

struct sorted_row {
	struct gfs_datum *values; /* keys, then what is passed */
	uint64_t order;           /* of coming */
};

struct sort {
	struct gfs_op op;
	struct gfs_datum **keys; /* columns of the batch at hand */
	struct gfs_arena scratch;
	struct sorted_row *rows;
	uint64_t count, capacity, came, given;
	uint64_t most;          /* rows wanted; UINT64_MAX: all */
	struct gfs_arena spare; /* TOP: what is kept moves there and back */
	bool filled;
	bool ordered; /* the first `most` rows are in order: there was a cut */
	bool past;    /* with rows that come in order: all that are wanted have come */
};

static int open_sort(struct gfs_op *op)
{
	struct sort *self = (struct sort *)op;
	self->scratch.budget = self->spare.budget = &op->exec->budget;
	self->keys = gfs_exec_alloc(op->exec, op->plan->list.count * sizeof(struct gfs_datum *));
	for (uint32_t i = 0; self->keys != NULL && i < op->plan->list.count; i++) {
		self->keys[i] = gfs_exec_room(op->exec, GFS_BATCH_ROWS * sizeof(struct gfs_datum));
		if (self->keys[i] == NULL)
			return gfs_exec_nomem(op->exec);
	}
	return self->keys == NULL ? gfs_exec_nomem(op->exec) : gfs_op_make_out(op, NULL, 0);
}

static void rewind_sort(struct gfs_op *op)
{
	struct sort *self = (struct sort *)op;
	gfs_arena_clear(&op->arena);
	gfs_arena_clear(&self->spare);
	self->rows = NULL;
	self->count = self->capacity = self->came = self->given = 0;
	self->filled = self->ordered = self->past = false;
}

static void release_sort(struct gfs_op *op)
{
	struct sort *self = (struct sort *)op;
	gfs_arena_release(&self->scratch);
	gfs_arena_release(&self->spare);
}

/* ---- order ---- */

static int by_keys(const void *a, const void *b, void *context)
{
	const struct sorted_row *x = a, *y = b;
	const struct gfs_plan_node *plan = context;
	for (uint32_t i = 0; i < plan->list.count; i++) {
		int order = gfs_datum_order(x->values[i], y->values[i]);
		if (order != 0)
			return plan->list.items[i].descending ? -order : order;
	}
	return (x->order > y->order) - (x->order < y->order);
}

/* Rows past which the graph lock is given back meanwhile: the rows are copies, and others may change the graph. */
enum { MANY_ROWS = 4096 };

static void sort_rows(struct sort *self)
{
	struct gfs_exec *exec = self->op.exec;
	bool away = self->count > MANY_ROWS && exec->tx == NULL;
	if (away)
		gfs_exec_unlock(exec);
	/* qsort_r takes its context without const. */
	if (self->count > 1)
		qsort_r(self->rows, self->count, sizeof *self->rows, by_keys, (void *)(uintptr_t)self->op.plan);
	if (away)
		gfs_exec_lock(exec);
}

/* ---- keeping rows ---- */

static int make_room(struct sort *self)
{
	if (self->count < self->capacity)
		return 0;
	uint64_t capacity = GFS_MAX(self->capacity * 2, (uint64_t)64);
	struct sorted_row *larger = gfs_arena_alloc(&self->op.arena, capacity * sizeof *larger);
	if (larger == NULL)
		return gfs_exec_nomem(self->op.exec);
	if (self->count != 0)
		memcpy(larger, self->rows, self->count * sizeof *larger);
	self->rows = larger;
	self->capacity = capacity;
	return 0;
}

static uint32_t width(const struct sort *self)
{
	return self->op.plan->list.count + self->op.plan->pass.count;
}

static int keep_row(struct sort *self, const struct gfs_batch *batch, uint32_t row)
{
	const struct gfs_plan_node *plan = self->op.plan;
	struct gfs_arena *arena = &self->op.arena;
	int err = make_room(self);
	struct gfs_datum *values = err == 0 ? gfs_arena_alloc(arena, width(self) * sizeof *values) : NULL;
	if (values == NULL)
		return gfs_exec_nomem(self->op.exec);
	for (uint32_t i = 0; err == 0 && i < plan->list.count; i++)
		err = gfs_exec_keep(self->op.exec, arena, self->keys[i][row], &values[i]);
	for (uint32_t i = 0; err == 0 && i < plan->pass.count; i++)
		err = gfs_exec_keep(
			self->op.exec, arena, batch->columns[plan->pass.ids[i]][row], &values[plan->list.count + i]);
	self->rows[self->count++] = (struct sorted_row){ values, self->came++ };
	return err;
}

/* Leaves the first `most` rows and gives back the memory of the others. */
static int cut(struct sort *self)
{
	struct gfs_arena full = self->op.arena;
	struct sorted_row *old = self->rows;
	int err = 0;
	sort_rows(self);
	self->op.arena = self->spare;
	self->spare = full;
	self->rows = NULL;
	self->capacity = 0;
	uint64_t kept = GFS_MIN(self->count, self->most);
	for (self->count = 0; err == 0 && self->count < kept;) {
		err = make_room(self);
		struct gfs_datum *values = err == 0 ? gfs_arena_alloc(&self->op.arena, width(self) * sizeof *values) : NULL;
		if (values == NULL)
			return gfs_exec_nomem(self->op.exec);
		for (uint32_t i = 0; err == 0 && i < width(self); i++)
			err = gfs_exec_keep(self->op.exec, &self->op.arena, old[self->count].values[i], &values[i]);
		self->rows[self->count] = (struct sorted_row){ values, old[self->count].order };
		self->count++;
	}
	gfs_arena_clear(&self->spare);
	self->ordered = true;
	return err;
}

/* A row that comes after all those that are wanted need not be copied. */
static bool is_late(const struct sort *self, uint32_t row, const struct gfs_datum *last)
{
	const struct gfs_plan_node *plan = self->op.plan;
	for (uint32_t i = 0; i < plan->list.count; i++) {
		int order = gfs_datum_order(self->keys[i][row], last[i]);
		if (order != 0)
			return (plan->list.items[i].descending ? -order : order) > 0;
	}
	return true;
}

/* Of longer values an index has not all: those that begin alike come in any order (graph/index.h). A byte takes two there at most. */
static bool has_order(struct gfs_datum value)
{
	bool text = value.type == GFS_DATUM_STRING || value.type == GFS_DATUM_BYTES;
	return value.type != GFS_DATUM_LIST && (!text || value.size < GFS_INDEX_PREFIX_BYTES / 2);
}

/* Rows come in order of the first key, and this one and all after it are behind those that are wanted. */
static bool is_past(const struct sort *self, uint32_t row)
{
	const struct gfs_plan_node *plan = self->op.plan;
	if (!plan->list.in_order || self->count < self->most || self->most == 0 || !has_order(self->keys[0][row]))
		return false;
	int order = gfs_datum_order(self->keys[0][row], self->rows[self->most - 1].values[0]);
	return (plan->list.items[0].descending ? -order : order) > 0;
}

static int add_batch(struct sort *self, const struct gfs_batch *batch)
{
	const struct gfs_plan_node *plan = self->op.plan;
	int err = 0;
	gfs_arena_clear(&self->scratch);
	for (uint32_t i = 0; err == 0 && i < plan->list.count; i++)
		err = gfs_expr_eval(self->op.exec, plan->list.items[i].code, batch, &self->scratch, self->keys[i]);
	for (uint32_t row = 0; err == 0 && row < batch->count; row++) {
		self->past = is_past(self, row);
		if (self->past)
			break;
		if (self->ordered && self->most <= self->count && is_late(self, row, self->rows[self->most - 1].values))
			continue;
		err = keep_row(self, batch, row);
		if (err == 0 && self->most <= UINT64_MAX / 2 &&
			self->count >= GFS_MAX(self->most * 2, (uint64_t)GFS_BATCH_ROWS))
			err = cut(self);
	}
	return err;
}

static int amounts(struct sort *self)
{
	struct gfs_op *op = &self->op;
	uint64_t skip = 0;
	int err = 0;
	self->most = UINT64_MAX;
	if (op->plan->kind != GFS_PLAN_TOP)
		return 0;
	if (op->plan->list.skip.expr != NULL)
		err = gfs_op_amount(op, &op->plan->list.skip, "SKIP", &skip);
	if (err == 0)
		err = gfs_op_amount(op, &op->plan->list.amount, "LIMIT", &self->most);
	if (err == 0 && gfs_add_overflows(skip, self->most, &self->most))
		self->most = UINT64_MAX;
	return err;
}

static int fill(struct sort *self)
{
	struct gfs_batch *batch = NULL;
	int err = amounts(self);
	do {
		if (err == 0)
			err = gfs_op_next(self->op.input, &batch);
		if (err == 0 && batch != NULL && self->most != 0)
			err = add_batch(self, batch);
	} while (err == 0 && batch != NULL && !self->past);
	if (err == 0) {
		sort_rows(self);
		self->count = GFS_MIN(self->count, self->most);
	}
	self->filled = err == 0;
	return err;
}

static int next_sort(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct sort *self = (struct sort *)op;
	int err = self->filled ? 0 : fill(self);
	if (err != 0 || self->given == self->count)
		return err;
	op->out.count = (uint32_t)GFS_MIN(self->count - self->given, (uint64_t)op->out.capacity);
	for (uint32_t row = 0; row < op->out.count; row++) {
		const struct gfs_datum *values = self->rows[self->given + row].values + op->plan->list.count;
		for (uint32_t i = 0; i < op->plan->pass.count; i++)
			op->out.columns[op->plan->pass.ids[i]][row] = values[i];
	}
	self->given += op->out.count;
	*ret_batch = &op->out;
	return 0;
}

const struct gfs_op_vtable gfs_op_sort_vtable = {
	.size = sizeof(struct sort),
	.open = open_sort,
	.next = next_sort,
	.rewind = rewind_sort,
	.release = release_sort,
};
