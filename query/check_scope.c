#include "query/check.h"

#include "base/hash.h"

#include <assert.h>

void *gfs_checker_alloc(struct gfs_checker *c, size_t size)
{
	void *object = gfs_arena_alloc(c->arena, size);
	if (object == NULL)
		(void)gfs_query_fail_store(c->error, GFS_ERR_NOMEM); /* NULL says so */
	else
		memset(object, 0, size);
	return object;
}

/* ---- finding ---- */

/* Where the name is, or would go. */
static struct gfs_symbol **slot_of(const struct gfs_scope *scope, struct gfs_slice name)
{
	assert(scope->table_size > scope->count);
	uint64_t at = gfs_hash64(name.data, name.size);
	for (;; at++) {
		struct gfs_symbol **slot = &scope->table[at & (scope->table_size - 1)];
		if (*slot == NULL || gfs_slice_equal((*slot)->name, name))
			return slot;
	}
}

struct gfs_symbol *gfs_scope_own(const struct gfs_scope *scope, struct gfs_slice name)
{
	if (scope->table != NULL)
		return *slot_of(scope, name);
	for (uint32_t i = scope->count; i-- > 0;) {
		if (gfs_slice_equal(scope->symbols[i]->name, name))
			return scope->symbols[i];
	}
	return NULL;
}

struct gfs_symbol *gfs_scope_find(const struct gfs_scope *scope, struct gfs_slice name)
{
	for (; scope != NULL; scope = scope->parent) {
		struct gfs_symbol *symbol = gfs_scope_own(scope, name);
		if (symbol != NULL)
			return symbol;
	}
	return NULL;
}

/* ---- adding ---- */

static int grow_list(struct gfs_checker *c, struct gfs_scope *scope)
{
	if ((scope->count & (scope->count - 1)) != 0)
		return 0;
	size_t capacity = scope->count == 0 ? 1 : (size_t)scope->count * 2;
	struct gfs_symbol **grown = gfs_checker_alloc(c, capacity * sizeof(struct gfs_symbol *));
	if (grown == NULL)
		return GFS_ERR_NOMEM;
	if (scope->count != 0)
		memcpy(grown, scope->symbols, scope->count * sizeof(struct gfs_symbol *));
	scope->symbols = grown;
	return 0;
}

/* At most half full. */
static int grow_table(struct gfs_checker *c, struct gfs_scope *scope)
{
	if (scope->count < GFS_SCOPE_LISTED_MAX || scope->count * 2 < scope->table_size)
		return 0;
	scope->table_size = scope->table_size == 0 ? 4 * GFS_SCOPE_LISTED_MAX : scope->table_size * 2;
	scope->table = gfs_checker_alloc(c, scope->table_size * sizeof(struct gfs_symbol *));
	if (scope->table == NULL)
		return GFS_ERR_NOMEM;
	for (uint32_t i = 0; i < scope->count; i++)
		*slot_of(scope, scope->symbols[i]->name) = scope->symbols[i];
	return 0;
}

int gfs_scope_add(struct gfs_checker *c, struct gfs_scope *scope, struct gfs_symbol *symbol)
{
	int err = grow_list(c, scope);
	if (err == 0)
		err = grow_table(c, scope);
	if (err != 0)
		return err;
	scope->symbols[scope->count] = symbol;
	if (scope->table != NULL)
		*slot_of(scope, symbol->name) = symbol;
	scope->count++;
	return 0;
}

/* ---- symbols ---- */

static void set_type(struct gfs_symbol *symbol, enum gfs_symbol_type type)
{
	static const struct {
		uint8_t value, element;
	} types[] = {
		[GFS_SYMBOL_VALUE] = { GFS_DATUM_NULL, GFS_DATUM_NULL },
		[GFS_SYMBOL_NODE] = { GFS_DATUM_NODE, GFS_DATUM_NULL },
		[GFS_SYMBOL_REL] = { GFS_DATUM_REL, GFS_DATUM_NULL },
		[GFS_SYMBOL_REL_LIST] = { GFS_DATUM_LIST, GFS_DATUM_REL },
		[GFS_SYMBOL_PATH] = { GFS_DATUM_PATH, GFS_DATUM_NULL },
	};
	symbol->type = type;
	symbol->value = types[type].value;
	symbol->element = types[type].element;
}

struct gfs_symbol *gfs_checker_symbol(struct gfs_checker *c, struct gfs_slice name, enum gfs_symbol_type type)
{
	struct gfs_symbol *symbol = gfs_checker_alloc(c, sizeof *symbol);
	if (symbol == NULL)
		return NULL;
	symbol->name = name;
	symbol->id = c->statement->symbol_count++;
	set_type(symbol, type);
	return symbol;
}

struct gfs_symbol *gfs_checker_symbol_of(struct gfs_checker *c, struct gfs_slice name, const struct gfs_ast_expr *expr)
{
	struct gfs_symbol *symbol = gfs_checker_symbol(c, name, GFS_SYMBOL_VALUE);
	if (symbol == NULL)
		return NULL;
	if (expr->kind == GFS_AST_VARIABLE)
		symbol->type = expr->symbol->type;
	else if (expr->value == GFS_DATUM_NODE)
		symbol->type = GFS_SYMBOL_NODE;
	else if (expr->value == GFS_DATUM_REL)
		symbol->type = GFS_SYMBOL_REL;
	else if (expr->value == GFS_DATUM_PATH)
		symbol->type = GFS_SYMBOL_PATH;
	symbol->value = expr->value;
	symbol->element = expr->element;
	return symbol;
}

int gfs_checker_bind(struct gfs_checker *c, struct gfs_slice name, enum gfs_symbol_type type,
	const struct gfs_query_pos *pos, struct gfs_symbol **ret_symbol)
{
	if (gfs_scope_find(c->scope, name) != NULL)
		return GFS_CHECKER_FAIL(c, "VariableAlreadyBound", pos, "there is a variable '%.*s' already", GFS_SHOWN(name));
	struct gfs_symbol *symbol = gfs_checker_symbol(c, name, type);
	if (symbol == NULL)
		return c->error->err;
	*ret_symbol = symbol;
	return gfs_scope_add(c, c->scope, symbol);
}

int gfs_checker_undefined(struct gfs_checker *c, struct gfs_slice name, const struct gfs_query_pos *pos)
{
	return GFS_CHECKER_FAIL(c, "UndefinedVariable", pos, "there is no variable '%.*s' here", GFS_SHOWN(name));
}
