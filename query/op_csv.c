/* LOAD CSV: a row for each line of a file, a list of its fields or, WITH HEADERS, a map. */
#include "query/op.h"

#include "query/load_csv.h"

struct csv_op {
	struct gfs_op op;
	struct gfs_batch *batch;
	uint32_t row;
	bool reading;
	struct gfs_load csv;
	struct gfs_slice *headers;
	uint32_t header_count;
	struct gfs_arena scratch; /* headers */
};

static int open_csv(struct gfs_op *op)
{
	((struct csv_op *)op)->scratch.budget = &op->exec->budget;
	return gfs_op_make_out(op, &op->plan->csv.slot, 1);
}

static void stop(struct csv_op *self)
{
	gfs_load_close(&self->csv);
	self->reading = false;
}

static void rewind_csv(struct gfs_op *op)
{
	struct csv_op *self = (struct csv_op *)op;
	stop(self);
	self->batch = NULL;
}

static void release_csv(struct gfs_op *op)
{
	struct csv_op *self = (struct csv_op *)op;
	stop(self);
	gfs_arena_release(&self->scratch);
}

static int separator_of(struct csv_op *self, char *ret_separator)
{
	const struct gfs_plan_item *item = &self->op.plan->csv.separator;
	struct gfs_datum value;
	*ret_separator = ',';
	if (item->expr == NULL)
		return 0;
	int err = gfs_expr_eval_row(self->op.exec, item->code, self->batch, self->row, &self->scratch, &value);
	if (err != 0)
		return err;
	if (value.type != GFS_DATUM_STRING || value.size != 1 || value.text[0] == '"' || value.text[0] == '\n')
		return gfs_query_fail(self->op.exec->error, GFS_QUERY_ARGUMENT_ERROR, GFS_QUERY_RUNTIME, "InvalidArgumentValue",
			&item->expr->pos, "FIELDTERMINATOR wants one character");
	*ret_separator = value.text[0];
	return 0;
}

static int read_headers(struct csv_op *self)
{
	struct gfs_load_fields fields;
	int err = gfs_load_next(&self->csv, self->op.exec, &self->scratch, &fields);
	self->headers = NULL;
	self->header_count = 0;
	if (err == 0 && fields.items != NULL) {
		self->headers = fields.items;
		self->header_count = fields.count;
	}
	return err;
}

static int begin_row(struct csv_op *self)
{
	const struct gfs_plan_item *item = &self->op.plan->csv.url;
	struct gfs_exec *exec = self->op.exec;
	struct gfs_datum url;
	char separator;
	gfs_arena_clear(&self->scratch);
	int err = separator_of(self, &separator);
	if (err == 0)
		err = gfs_expr_eval_row(exec, item->code, self->batch, self->row, &self->scratch, &url);
	if (err == 0 && url.type != GFS_DATUM_STRING)
		err = gfs_query_fail(exec->error, GFS_QUERY_TYPE_ERROR, GFS_QUERY_RUNTIME, "InvalidArgumentType",
			&item->expr->pos, "LOAD CSV wants the name of a file and not %s",
			gfs_datum_type_name((enum gfs_datum_type)url.type));
	if (err == 0)
		err = gfs_load_open(&self->csv, exec, gfs_datum_text(url), separator, &item->expr->pos);
	if (err != 0)
		return err;
	self->reading = true;
	return self->op.plan->csv.headers ? read_headers(self) : 0;
}

/* An empty field is null. */
static struct gfs_datum field_datum(struct gfs_slice field)
{
	return field.size == 0 ? gfs_datum_null() : gfs_datum_string(field);
}

static int list_of(struct csv_op *self, const struct gfs_load_fields *fields, struct gfs_datum *ret_value)
{
	struct gfs_datum *items = gfs_arena_alloc(&self->op.arena, fields->count * sizeof *items);
	if (items == NULL)
		return gfs_exec_nomem(self->op.exec);
	for (uint32_t i = 0; i < fields->count; i++)
		items[i] = field_datum(fields->items[i]);
	*ret_value = gfs_datum_list(items, fields->count);
	return 0;
}

static int map_of(struct csv_op *self, const struct gfs_load_fields *fields, struct gfs_datum *ret_value)
{
	struct gfs_datum_entry *entries = gfs_arena_alloc(&self->op.arena, self->header_count * sizeof *entries);
	if (entries == NULL)
		return gfs_exec_nomem(self->op.exec);
	for (uint32_t i = 0; i < self->header_count; i++)
		entries[i] = (struct gfs_datum_entry){ self->headers[i],
			i < fields->count ? field_datum(fields->items[i]) : gfs_datum_null() };
	return gfs_datum_map_make(&self->op.arena, entries, self->header_count, ret_value) == 0
		? 0
		: gfs_exec_nomem(self->op.exec);
}

/* One line, or the end of the file. */
static int step(struct csv_op *self)
{
	struct gfs_op *op = &self->op;
	struct gfs_load_fields fields;
	int err = self->reading ? 0 : begin_row(self);
	if (err == 0)
		err = gfs_load_next(&self->csv, op->exec, &op->arena, &fields);
	if (err != 0)
		return err;
	if (fields.items == NULL) {
		stop(self);
		self->row++;
		return 0;
	}
	struct gfs_datum *value = &op->out.columns[op->plan->csv.slot][op->out.count];
	err = op->plan->csv.headers ? map_of(self, &fields, value) : list_of(self, &fields, value);
	op->origin[op->out.count++] = self->row;
	return err;
}

static int next_csv(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct csv_op *self = (struct csv_op *)op;
	int err = gfs_exec_tick(op->exec);
	gfs_op_begin(op);
	while (err == 0 && op->out.count == 0) {
		if (self->batch == NULL) {
			self->row = 0;
			err = gfs_op_next(op->input, &self->batch);
			if (err != 0 || self->batch == NULL)
				return err;
		}
		while (err == 0 && self->row < self->batch->count && op->out.count < op->out.capacity)
			err = step(self);
		gfs_op_gather(op, self->batch);
		if (self->row == self->batch->count)
			self->batch = NULL;
	}
	if (err == 0)
		*ret_batch = &op->out;
	return err;
}

const struct gfs_op_vtable gfs_op_csv_vtable = {
	.size = sizeof(struct csv_op), .open = open_csv, .next = next_csv, .rewind = rewind_csv, .release = release_csv
};
