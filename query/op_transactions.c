/* CALL { } IN TRANSACTIONS: takes some rows of its input, runs the right side for each of them in a transaction, commits it, and then hands on what came of
 * them. So what is above and below only reads, and never while a transaction is open.
 *
 * With ON ERROR CONTINUE and BREAK the rows of a transaction that failed are handed on once each, with null for what the right side would have given. */
#include "query/op_amount.h"

#include "base/checked.h"

#include <assert.h>
#include <stdio.h>

struct transactions {
	struct gfs_op op;
	uint64_t amount;         /* rows in a transaction; 0: not known yet */
	struct gfs_rows rows;    /* of the input, for the next transaction */
	struct gfs_rows made;    /* what it came to */
	struct gfs_slots kept;   /* of `rows`: what is passed, and what the right side looks at */
	struct gfs_slots handed; /* of `made`: what is passed, then what is fresh */
	struct gfs_batch *batch; /* of the input */
	struct gfs_batch *lent;  /* one row, as the right side borrows it */
	uint32_t at;             /* in `batch` */
	uint64_t given;          /* of `made` */
	uint64_t begun;          /* transactions so far */
	bool broken;             /* ON ERROR BREAK, and one has failed */
	struct gfs_datum status; /* of the last transaction; its memory is that of `made` */
};

/* ---- opening ---- */

static bool has_slot(struct gfs_slots slots, uint32_t slot)
{
	for (uint32_t i = 0; i < slots.count; i++)
		if (slots.ids[i] == slot)
			return true;
	return false;
}

/* `a`, then those of `b` that are not in it. */
static int join_slots(struct gfs_op *op, struct gfs_slots a, struct gfs_slots b, struct gfs_slots *ret_slots)
{
	struct gfs_slots all = { .ids = gfs_exec_alloc(op->exec, (a.count + b.count) * sizeof *all.ids) };
	if (all.ids == NULL)
		return gfs_exec_nomem(op->exec);
	for (uint32_t i = 0; i < a.count; i++)
		all.ids[all.count++] = a.ids[i];
	for (uint32_t i = 0; i < b.count; i++)
		if (!has_slot(a, b.ids[i]))
			all.ids[all.count++] = b.ids[i];
	*ret_slots = all;
	return 0;
}

static int make_lent(struct transactions *self)
{
	struct gfs_exec *exec = self->op.exec;
	self->lent = gfs_exec_alloc(exec, sizeof *self->lent);
	struct gfs_datum *values = gfs_exec_alloc(exec, self->kept.count * sizeof *values);
	struct gfs_datum **columns = gfs_exec_alloc(exec, exec->plan->slot_count * sizeof *columns);
	if (self->lent == NULL || values == NULL || columns == NULL)
		return gfs_exec_nomem(exec);
	for (uint32_t i = 0; i < self->kept.count; i++)
		columns[self->kept.ids[i]] = &values[i];
	*self->lent = (struct gfs_batch){ .columns = columns, .count = 1, .capacity = 1 };
	return 0;
}

static int open_transactions(struct gfs_op *op)
{
	struct transactions *self = (struct transactions *)op;
	int err = join_slots(op, op->plan->pass, op->argument->plan->argument.slots, &self->kept);
	if (err == 0)
		err = join_slots(op, op->plan->pass, op->plan->fresh, &self->handed);
	if (err == 0)
		err = make_lent(self);
	return err != 0 ? err : gfs_op_make_out(op, op->plan->fresh.ids, op->plan->fresh.count);
}

static int know_amount(struct transactions *self)
{
	const struct gfs_plan_item *item = &self->op.plan->apply.amount;
	if (item->expr == NULL) {
		self->amount = GFS_TRANSACTION_ROWS;
		return 0;
	}
	int err = gfs_op_amount(&self->op, item, "OF", &self->amount);
	if (err != 0 || self->amount != 0)
		return err;
	return gfs_query_fail(self->op.exec->error, GFS_QUERY_ARGUMENT_ERROR, GFS_QUERY_RUNTIME, "NumberOutOfRange",
		&item->expr->pos, "a transaction has at least one row");
}

/* ---- a transaction ---- */

static int take_rows(struct transactions *self)
{
	struct gfs_op *op = &self->op;
	int err = 0;
	gfs_op_begin(op);
	self->rows = (struct gfs_rows){ .slots = &self->kept };
	self->made = (struct gfs_rows){ .slots = &self->handed };
	self->given = 0;
	while (err == 0 && self->rows.count < self->amount) {
		if (self->batch == NULL) {
			self->at = 0;
			err = gfs_op_next(op->input, &self->batch);
			if (err != 0 || self->batch == NULL)
				return err;
		}
		for (; err == 0 && self->at < self->batch->count && self->rows.count < self->amount; self->at++)
			err = gfs_rows_add(op->exec, &op->arena, &self->rows, self->batch, self->at);
		if (self->at == self->batch->count)
			self->batch = NULL;
	}
	return err;
}

/* A row to hand on: the one that is lent, with what row `at` of the right side's batch adds (NULL: null); the status is put in later. */
static int hand_on(struct transactions *self, const struct gfs_batch *right, uint32_t at)
{
	struct gfs_op *op = &self->op;
	struct gfs_datum *to = gfs_rows_new(op->exec, &op->arena, &self->made);
	uint32_t passed = op->plan->pass.count;
	int err = to == NULL ? GFS_ERR_NOMEM : 0;
	for (uint32_t i = 0; err == 0 && i < passed; i++)
		to[i] = self->lent->columns[self->handed.ids[i]][0];
	for (uint32_t i = passed; err == 0 && i < self->handed.count; i++) {
		to[i] = gfs_datum_null();
		if (right != NULL && self->handed.ids[i] != op->plan->apply.status)
			err = gfs_exec_keep(op->exec, &op->arena, right->columns[self->handed.ids[i]][at], &to[i]);
	}
	return err;
}

static void lend(struct transactions *self, const struct gfs_datum *row)
{
	for (uint32_t i = 0; i < self->kept.count; i++)
		self->lent->columns[self->kept.ids[i]][0] = row[i];
}

static int run_row(struct transactions *self, const struct gfs_datum *row)
{
	struct gfs_op *op = &self->op;
	struct gfs_batch *right;
	bool unit = op->plan->apply.unit;
	lend(self, row);
	gfs_op_rewind(op->right);
	int err = gfs_op_lend(op->argument, self->lent, 0);
	do {
		right = NULL;
		if (err == 0)
			err = gfs_op_next(op->right, &right);
		for (uint32_t i = 0; err == 0 && !unit && right != NULL && i < right->count; i++)
			err = hand_on(self, right, i);
	} while (err == 0 && right != NULL);
	return err == 0 && unit ? hand_on(self, NULL, 0) : err;
}

/* The lock is held again after it, as a reader's. */
static int run_rows(struct transactions *self)
{
	struct gfs_exec *exec = self->op.exec;
	int err = gfs_exec_begin(exec);
	for (uint64_t i = 0; err == 0 && i < self->rows.count; i++)
		err = run_row(self, gfs_rows_at(&self->rows, i));
	if (err == 0)
		err = gfs_exec_commit(exec);
	else if (exec->tx != NULL)
		gfs_exec_abort(exec);
	if (!exec->locked)
		gfs_exec_lock(exec);
	return err;
}

/* ---- ON ERROR ---- */

/* What the statement itself is to blame for; limits, the end of the statement and failures of the store end it as ever. */
static bool is_caught(const struct gfs_query_error *error)
{
	return error->kind != GFS_QUERY_LIMIT_ERROR && error->kind != GFS_QUERY_TERMINATED_ERROR &&
		error->kind != GFS_QUERY_STORE_ERROR;
}

static int text_of(struct transactions *self, struct gfs_slice text, struct gfs_datum *ret_value)
{
	struct gfs_slice copy = gfs_arena_copy(&self->op.arena, text);
	if (copy.data == NULL)
		return gfs_exec_nomem(self->op.exec);
	*ret_value = gfs_datum_string(copy);
	return 0;
}

/* `message` is empty without a failure. */
static int set_status(struct transactions *self, bool started, struct gfs_slice message)
{
	struct gfs_datum id = gfs_datum_null(), text = gfs_datum_null();
	char name[40];
	if (self->op.plan->apply.status == GFS_SLOT_NONE)
		return 0;
	int size = snprintf(name, sizeof name, "transaction-%llu", (unsigned long long)self->begun);
	int err = started ? text_of(self, gfs_slice(name, (size_t)size), &id) : 0;
	if (err == 0 && message.size != 0)
		err = text_of(self, message, &text);
	struct gfs_datum_entry *entries = gfs_arena_alloc(&self->op.arena, 4 * sizeof *entries);
	if (err != 0 || entries == NULL)
		return err != 0 ? err : gfs_exec_nomem(self->op.exec);
	bool committed = started && message.size == 0;
	entries[0] = (struct gfs_datum_entry){ gfs_slice_text("committed"), gfs_datum_boolean(committed) };
	entries[1] = (struct gfs_datum_entry){ gfs_slice_text("errorMessage"), text };
	entries[2] = (struct gfs_datum_entry){ gfs_slice_text("started"), gfs_datum_boolean(started) };
	entries[3] = (struct gfs_datum_entry){ gfs_slice_text("transactionId"), id };
	self->status = gfs_datum_map(entries, 4);
	return 0;
}

/* Each row once, with nothing from the right side. */
static int hand_on_all(struct transactions *self)
{
	int err = 0;
	self->made = (struct gfs_rows){ .slots = &self->handed };
	for (uint64_t i = 0; err == 0 && i < self->rows.count; i++) {
		lend(self, gfs_rows_at(&self->rows, i));
		err = hand_on(self, NULL, 0);
	}
	return err;
}

static int go_on(struct transactions *self, const struct gfs_query_counts *counts)
{
	struct gfs_exec *exec = self->op.exec;
	struct gfs_query_error error = *exec->error;
	exec->counts = *counts;
	*exec->error = (struct gfs_query_error){ 0 };
	self->broken = self->op.plan->apply.on_error == GFS_ON_ERROR_BREAK;
	int err = set_status(self, true, gfs_slice_text(error.message));
	return err != 0 ? err : hand_on_all(self);
}

static int run_transaction(struct transactions *self)
{
	struct gfs_exec *exec = self->op.exec;
	struct gfs_query_counts counts = exec->counts;
	if (self->broken) {
		int err = set_status(self, false, gfs_slice_text(""));
		return err != 0 ? err : hand_on_all(self);
	}
	self->begun++;
	int err = run_rows(self);
	if (err == 0)
		return set_status(self, true, gfs_slice_text(""));
	if (self->op.plan->apply.on_error == GFS_ON_ERROR_FAIL || !is_caught(exec->error))
		return err;
	return go_on(self, &counts);
}

/* ---- rows ---- */

static void give(struct transactions *self)
{
	struct gfs_batch *out = &self->op.out;
	out->count = (uint32_t)GFS_MIN(self->made.count - self->given, (uint64_t)out->capacity);
	for (uint32_t row = 0; row < out->count; row++) {
		const struct gfs_datum *from = gfs_rows_at(&self->made, self->given + row);
		for (uint32_t i = 0; i < self->handed.count; i++)
			out->columns[self->handed.ids[i]][row] = self->handed.ids[i] == self->op.plan->apply.status ? self->status
																										: from[i];
	}
	self->given += out->count;
}

static int next_transactions(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct transactions *self = (struct transactions *)op;
	int err = self->amount != 0 ? 0 : know_amount(self);
	while (err == 0 && self->given == self->made.count) {
		err = gfs_exec_tick(op->exec);
		if (err == 0)
			err = take_rows(self);
		if (err == 0 && self->rows.count == 0)
			return 0;
		if (err == 0)
			err = run_transaction(self);
	}
	if (err != 0)
		return err;
	give(self);
	*ret_batch = &op->out;
	return 0;
}

/* Not inside another query, so it is never rewound. */
const struct gfs_op_vtable gfs_op_transactions_vtable = {
	.size = sizeof(struct transactions), .open = open_transactions, .next = next_transactions
};
