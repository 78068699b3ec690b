/* CALL procedure, and SHOW: its arguments and what it yields. */
#include "query/check.h"

#include "query/procedure.h"

#include <assert.h>

/* ---- arguments ---- */

/* CALL name, alone and without parentheses: parameters of the inputs' names are its arguments. */
static int take_parameters(struct gfs_checker *c, struct gfs_ast_clause *clause, const struct gfs_procedure *procedure)
{
	clause->call.args = gfs_checker_alloc(c, procedure->input_count * sizeof(struct gfs_ast_expr *));
	if (clause->call.args == NULL)
		return c->error->err;
	clause->call.arg_count = procedure->input_count;
	for (uint32_t i = 0; i < procedure->input_count; i++) {
		struct gfs_slice name = procedure->inputs[i].name;
		struct gfs_datum value;
		if (c->env->parameter != NULL && !c->env->parameter(c->env->context, name, &value))
			return gfs_query_fail(c->error, GFS_QUERY_PARAMETER_MISSING_ERROR, GFS_QUERY_COMPILE, "MissingParameter",
				&clause->pos, "the parameter $%.*s, an argument of %.*s, is missing", GFS_SHOWN(name),
				GFS_SHOWN(procedure->name));
		struct gfs_ast_expr *expr = gfs_checker_alloc(c, sizeof *expr);
		if (expr == NULL)
			return c->error->err;
		expr->kind = GFS_AST_PARAMETER;
		expr->name = expr->text = name;
		expr->pos = clause->pos;
		expr->literal = gfs_datum_null();
		clause->call.args[i] = expr;
	}
	return 0;
}

/* True when a value of `type` may be an argument. */
static bool suits(enum gfs_procedure_type wanted, uint8_t type)
{
	static const uint8_t types[] = {
		[GFS_PROCEDURE_BOOLEAN] = GFS_DATUM_BOOLEAN,
		[GFS_PROCEDURE_INTEGER] = GFS_DATUM_INTEGER,
		[GFS_PROCEDURE_STRING] = GFS_DATUM_STRING,
		[GFS_PROCEDURE_MAP] = GFS_DATUM_MAP,
		[GFS_PROCEDURE_NODE] = GFS_DATUM_NODE,
		[GFS_PROCEDURE_REL] = GFS_DATUM_REL,
		[GFS_PROCEDURE_PATH] = GFS_DATUM_PATH,
		[GFS_PROCEDURE_LIST] = GFS_DATUM_LIST,
	};
	if (type == GFS_DATUM_NULL || wanted == GFS_PROCEDURE_ANY)
		return true;
	if (wanted == GFS_PROCEDURE_FLOAT || wanted == GFS_PROCEDURE_NUMBER)
		return type == GFS_DATUM_INTEGER || type == GFS_DATUM_FLOAT;
	return types[wanted] == type;
}

static int check_args(struct gfs_checker *c, struct gfs_ast_clause *clause, const struct gfs_procedure *procedure)
{
	if (clause->call.arg_count != procedure->input_count)
		return GFS_CHECKER_FAIL(c, "InvalidNumberOfArguments", &clause->pos, "%.*s takes %u argument%s, not %u",
			GFS_SHOWN(procedure->name), procedure->input_count, procedure->input_count == 1 ? "" : "s",
			clause->call.arg_count);
	for (uint32_t i = 0; i < clause->call.arg_count; i++) {
		struct gfs_ast_expr *arg = clause->call.args[i];
		int err = gfs_check_expr(c, arg);
		if (err != 0)
			return err;
		if (!suits(procedure->inputs[i].type, arg->value))
			return GFS_CHECKER_FAIL(c, "InvalidArgumentType", &arg->pos, "%.*s takes %s for %.*s, not %s",
				GFS_SHOWN(procedure->name), gfs_procedure_type_name(procedure->inputs[i].type),
				GFS_SHOWN(procedure->inputs[i].name), gfs_datum_type_name((enum gfs_datum_type)arg->value));
	}
	return 0;
}

/* ---- results ---- */

/* YIELD *, or alone without YIELD: the first `count` columns. */
static int yield_all(
	struct gfs_checker *c, struct gfs_ast_clause *clause, const struct gfs_procedure *procedure, uint32_t count)
{
	struct gfs_ast_item *items = gfs_checker_alloc(c, count * sizeof *items);
	if (items == NULL)
		return c->error->err;
	for (uint32_t i = 0; i < count; i++) {
		struct gfs_ast_expr *expr = gfs_checker_alloc(c, sizeof *expr);
		if (expr == NULL)
			return c->error->err;
		expr->kind = GFS_AST_VARIABLE;
		expr->pos = clause->pos;
		expr->literal = gfs_datum_null();
		items[i].expr = expr;
		items[i].name = expr->name = expr->text = procedure->outputs[i].name;
	}
	clause->call.yields = items;
	clause->call.yield_count = count;
	return 0;
}

static enum gfs_symbol_type symbol_type(enum gfs_procedure_type type)
{
	switch (type) {
	case GFS_PROCEDURE_NODE:
		return GFS_SYMBOL_NODE;
	case GFS_PROCEDURE_REL:
		return GFS_SYMBOL_REL;
	case GFS_PROCEDURE_PATH:
		return GFS_SYMBOL_PATH;
	default:
		return GFS_SYMBOL_VALUE;
	}
}

static int check_yield(struct gfs_checker *c, const struct gfs_procedure *procedure, struct gfs_ast_item *item)
{
	for (uint32_t i = 0; i < procedure->output_count; i++) {
		if (gfs_slice_equal(procedure->outputs[i].name, item->expr->name))
			return gfs_checker_bind(
				c, item->name, symbol_type(procedure->outputs[i].type), &item->expr->pos, &item->symbol);
	}
	return GFS_CHECKER_FAIL(c, "UndefinedVariable", &item->expr->pos, "%.*s yields no '%.*s'",
		GFS_SHOWN(procedure->name), GFS_SHOWN(item->expr->name));
}

static int check_yields(struct gfs_checker *c, struct gfs_ast_clause *clause, const struct gfs_procedure *procedure)
{
	bool alone = clause->call.standalone || clause->call.show;
	bool all = clause->call.yield_star || (alone && !clause->call.has_yield);
	uint32_t count = clause->call.show && !clause->call.has_yield ? procedure->shown_count : procedure->output_count;
	if (clause->call.yield_star && !alone)
		return GFS_CHECKER_FAIL(
			c, "UnexpectedSyntax", &clause->pos, "YIELD * is for a CALL that stands alone; name the results");
	int err = all ? yield_all(c, clause, procedure, count) : 0;
	for (uint32_t i = 0; err == 0 && i < clause->call.yield_count; i++)
		err = check_yield(c, procedure, &clause->call.yields[i]);
	return err != 0 ? err : gfs_check_predicate(c, clause->call.where);
}

static const struct gfs_procedure *find(const struct gfs_checker *c, const struct gfs_ast_clause *clause)
{
	if (clause->call.show)
		return gfs_procedure_show(clause->call.name);
	return c->env->procedure == NULL ? NULL : c->env->procedure(c->env->context, clause->call.name);
}

int gfs_check_procedure_call(struct gfs_checker *c, struct gfs_ast_clause *clause, bool standalone)
{
	const struct gfs_procedure *procedure = find(c, clause);
	clause->call.procedure = procedure;
	clause->call.standalone = standalone;
	if (procedure == NULL)
		return gfs_query_fail(c->error, GFS_QUERY_PROCEDURE_ERROR, GFS_QUERY_COMPILE, "ProcedureNotFound", &clause->pos,
			"there is no procedure '%.*s'", GFS_SHOWN(clause->call.name));
	if (!clause->call.has_args && !standalone)
		return GFS_CHECKER_FAIL(c, "InvalidArgumentPassingMode", &clause->pos,
			"in a longer query the arguments of %.*s stand in parentheses", GFS_SHOWN(procedure->name));
	int err = clause->call.has_args ? 0 : take_parameters(c, clause, procedure);
	if (err == 0)
		err = check_args(c, clause, procedure);
	return err != 0 ? err : check_yields(c, clause, procedure);
}
