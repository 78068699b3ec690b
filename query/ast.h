/* What the parser makes of a statement's text, and what the semantic check adds. All of it lies in the statement's arena.
 *
 * Lists are arrays with a count. Names are unescaped (no backticks). `text` is the source of a node where a column takes its name from it. */
#ifndef GFS_QUERY_AST_H
#define GFS_QUERY_AST_H

#include "base/arena.h"
#include "query/datum.h"
#include "query/error.h"

struct gfs_ast_expr;
struct gfs_ast_pattern;
struct gfs_ast_query;
struct gfs_value_type;

/* ---- variables ---- */

enum gfs_symbol_type {
	GFS_SYMBOL_VALUE, /* anything */
	GFS_SYMBOL_NODE,
	GFS_SYMBOL_REL,
	GFS_SYMBOL_REL_LIST, /* of a variable-length relationship */
	GFS_SYMBOL_PATH,
};

/* One variable of one scope: two that share a name are two symbols. WITH x and RETURN x keep the symbol of x, and so does AS x; any other item makes a new one.
 * The columns of a UNION are symbols of their own, which the items of each part stand for in order. Anonymous parts of patterns have symbols too. */
struct gfs_symbol {
	struct gfs_slice name; /* empty: made by the check or planner (anonymous pattern parts) */
	enum gfs_symbol_type type;
	uint8_t
		value; /* enum gfs_datum_type of what it holds, as far as the text tells; GFS_DATUM_NULL: anything. Anything may be null, too. */
	uint8_t element; /* the same of the items of a LIST */
	uint32_t id;     /* 0 to gfs_ast_statement.symbol_count - 1, in the order of being made */
	uint32_t stamp;  /* the check's own */
};

/* ---- expressions ---- */

enum gfs_ast_kind {
	GFS_AST_LITERAL,        /* literal (null, booleans, numbers, strings) */
	GFS_AST_PARAMETER,      /* name */
	GFS_AST_VARIABLE,       /* name; symbol after the check */
	GFS_AST_PROPERTY,       /* args[0] . name */
	GFS_AST_INDEX,          /* args[0] [ args[1] ] */
	GFS_AST_SLICE,          /* args[0] [ args[1] .. args[2] ], either may be NULL */
	GFS_AST_LIST,           /* args */
	GFS_AST_MAP,            /* names[i]: args[i] */
	GFS_AST_MAP_PROJECTION, /* args[0] { items }: see struct gfs_ast_projection_item */
	GFS_AST_UNARY,          /* op args[0] */
	GFS_AST_BINARY,         /* args[0] op args[1] */
	GFS_AST_COMPARE,        /* a chain: args[0] ops[0] args[1] ops[1] args[2] ... */
	GFS_AST_IS_NULL,        /* args[0] IS NULL */
	GFS_AST_IS_NOT_NULL,
	GFS_AST_IS_TYPED,   /* args[0] IS [NOT, if `negated`] :: type */
	GFS_AST_HAS_LABELS, /* args[0] : labels; also a relationship and its types */
	GFS_AST_CALL,       /* name ( [DISTINCT] args ) */
	GFS_AST_COUNT_STAR,
	GFS_AST_CASE,       /* subject in args[0] or NULL, then WHEN, THEN pairs, then ELSE or NULL */
	GFS_AST_CASE_TESTS, /* the same; each WHEN is a condition, in which the variable without a name is the subject */
	GFS_AST_LIST_COMPREHENSION,    /* [ variable IN args[0] WHERE args[1] | args[2] ], the last two may be NULL */
	GFS_AST_PATTERN_COMPREHENSION, /* [ pattern WHERE args[0] | args[1] ], args[0] may be NULL */
	GFS_AST_REDUCE,                /* reduce(variable2 = args[0], variable IN args[1] | args[2]) */
	GFS_AST_ALL,                   /* all(variable IN args[0] WHERE args[1]), and so on; args[1] may be NULL */
	GFS_AST_ANY,
	GFS_AST_NONE,
	GFS_AST_SINGLE,
	GFS_AST_PATTERN, /* a pattern as a predicate or as the argument of exists(); shortestPath(...) is one with part.shortest set */
	GFS_AST_EXISTS,  /* EXISTS { subquery } or EXISTS { pattern WHERE } */
	GFS_AST_COUNT,   /* COUNT { ... } */
	GFS_AST_COLLECT, /* COLLECT { ... } */
};

enum gfs_ast_op {
	GFS_OP_OR,
	GFS_OP_XOR,
	GFS_OP_AND,
	GFS_OP_NOT,
	GFS_OP_EQ,
	GFS_OP_NE,
	GFS_OP_LT,
	GFS_OP_LE,
	GFS_OP_GT,
	GFS_OP_GE,
	GFS_OP_IN,
	GFS_OP_STARTS_WITH,
	GFS_OP_ENDS_WITH,
	GFS_OP_CONTAINS,
	GFS_OP_REGEX,
	GFS_OP_ADD,
	GFS_OP_SUBTRACT,
	GFS_OP_MULTIPLY,
	GFS_OP_DIVIDE,
	GFS_OP_MODULO,
	GFS_OP_POWER,
	GFS_OP_CONCAT,
	GFS_OP_PLUS,
	GFS_OP_MINUS, /* unary */
};

/* A label or type expression: `A`, `!A`, `A&B`, `A|B`, `%`; the old `:A:B` is A&B. */
struct gfs_ast_label_expr {
	enum { GFS_LABEL_NAME, GFS_LABEL_ANY, GFS_LABEL_NOT, GFS_LABEL_AND, GFS_LABEL_OR } kind;
	struct gfs_slice name;
	struct gfs_ast_label_expr *left, *right;
	struct gfs_query_pos pos;
};

struct gfs_ast_projection_item {
	enum {
		GFS_ITEM_PROPERTY,
		/* .name */ GFS_ITEM_ALL,
		/* .* */ GFS_ITEM_VALUE,
		/* name: value */ GFS_ITEM_VARIABLE /* name */
	} kind;
	struct gfs_slice name;
	struct gfs_ast_expr *value; /* VALUE and VARIABLE */
};

struct gfs_ast_expr {
	uint8_t kind; /* enum gfs_ast_kind */
	uint8_t op;   /* enum gfs_ast_op */
	bool distinct;
	bool negated; /* IS_TYPED */
	bool parenthesised;
	bool aggregate; /* by the check: a call of an aggregating function, not merely something that contains one */
	uint8_t value, element; /* by the check: as in struct gfs_symbol */
	/* Of the tree of `args` below; at most GFS_QUERY_HEIGHT_MAX. Chains of AND, OR and XOR are balanced. */
	uint16_t height;
	uint32_t arg_count;
	struct gfs_query_pos pos;
	struct gfs_slice name;
	struct gfs_slice text; /* the whole expression's source, without the blanks around it */
	struct gfs_datum literal;
	struct gfs_ast_expr **args;
	union {
		struct gfs_slice *names;               /* MAP */
		uint8_t *ops;                          /* COMPARE */
		const struct gfs_value_type *type;     /* IS_TYPED */
		struct gfs_ast_label_expr *labels;     /* HAS_LABELS */
		struct gfs_ast_projection_item *items; /* MAP_PROJECTION; item_count */
		struct gfs_ast_pattern *pattern;       /* PATTERN, PATTERN_COMPREHENSION */
		struct gfs_ast_query
			*subquery; /* EXISTS, COUNT, COLLECT: a bare pattern is parsed as MATCH pattern [WHERE] RETURN nothing */
	};
	uint32_t item_count;
	struct gfs_slice variable, variable2; /* comprehensions, quantifiers, reduce */
	struct gfs_symbol *symbol, *symbol2;  /* by the check: of VARIABLE; of variable and variable2 */
};

/* ---- patterns ---- */

enum gfs_ast_direction { GFS_AST_OUT, GFS_AST_IN, GFS_AST_BOTH };

struct gfs_ast_node {
	struct gfs_slice variable;         /* empty: anonymous */
	struct gfs_ast_label_expr *labels; /* or NULL */
	struct gfs_ast_expr *properties;   /* MAP or PARAMETER, or NULL */
	struct gfs_ast_expr *where;        /* (n WHERE ...), or NULL */
	struct gfs_symbol *symbol;         /* by the check; anonymous ones get one too */
	bool bound;                        /* by the check: the symbol has a value before this clause */
	struct gfs_query_pos pos;
};

struct gfs_ast_rel {
	struct gfs_slice variable;
	struct gfs_ast_label_expr *types; /* or NULL */
	struct gfs_ast_expr *properties;
	struct gfs_ast_expr *where;
	enum gfs_ast_direction direction;
	bool variable_length;
	bool
		quantified; /* {1,3}, + or * behind it: variable_length too, and WHERE is about each relationship and not about the list */
	bool has_min, has_max;
	uint64_t min, max; /* hops, when given */
	struct gfs_symbol *symbol;
	struct gfs_symbol *step; /* by the check: one relationship of a quantified one, in its WHERE; or NULL */
	bool bound;
	struct gfs_query_pos pos;
};

enum gfs_ast_shortest { GFS_AST_NOT_SHORTEST, GFS_AST_SHORTEST, GFS_AST_ALL_SHORTEST };

/* node (rel node)*: node_count is rel_count + 1. */
struct gfs_ast_part {
	struct gfs_slice variable; /* p = ...; empty without */
	struct gfs_symbol *symbol; /* of the path; NULL without */
	enum gfs_ast_shortest shortest;
	bool selected; /* `shortest` by ANY SHORTEST and its kin, not by a function */
	struct gfs_ast_node *nodes;
	struct gfs_ast_rel *rels;
	uint32_t rel_count;
	struct gfs_query_pos pos;
};

struct gfs_ast_pattern {
	struct gfs_ast_part *parts;
	uint32_t count;
};

/* ---- clauses ---- */

/* USING: advice to the planner. */
struct gfs_ast_hint {
	enum { GFS_HINT_INDEX, GFS_HINT_SCAN, GFS_HINT_JOIN } kind;
	struct gfs_slice variable; /* JOIN ON a, b: a hint each */
	struct gfs_slice label;    /* INDEX, SCAN */
	struct gfs_slice *keys;    /* INDEX */
	uint32_t key_count;
	struct gfs_ast_hint *next;
	struct gfs_query_pos pos;
};

enum gfs_ast_clause_kind {
	GFS_CLAUSE_MATCH,
	GFS_CLAUSE_WITH,
	GFS_CLAUSE_RETURN,
	GFS_CLAUSE_UNWIND,
	GFS_CLAUSE_CREATE,
	GFS_CLAUSE_MERGE,
	GFS_CLAUSE_SET,
	GFS_CLAUSE_REMOVE,
	GFS_CLAUSE_DELETE,
	GFS_CLAUSE_FOREACH,
	GFS_CLAUSE_CALL,     /* a procedure */
	GFS_CLAUSE_SUBQUERY, /* CALL { } */
	GFS_CLAUSE_LOAD_CSV,
	GFS_CLAUSE_FINISH, /* the end of a query that returns nothing */
};

struct gfs_ast_item { /* of RETURN and WITH; of ORDER BY */
	struct gfs_ast_expr *expr;
	struct gfs_slice name; /* the alias, or the expression's text; ORDER BY: empty */
	bool aliased;
	bool descending;           /* ORDER BY */
	struct gfs_symbol *symbol; /* by the check: what the following clauses see; NULL in ORDER BY */
	/* By the check: `expr` contains an aggregate; an item without is a grouping key when another one does */
	bool aggregates;
};

/* RETURN and WITH. ORDER BY and WHERE see the items' symbols, and those from before the clause too unless it aggregates or is DISTINCT. Where a part of them is
 * the same as an item's expression the check puts the item's symbol in its place, so that no aggregate is left in ORDER BY. */
struct gfs_ast_projection {
	bool distinct;
	bool star; /* `items` follow it; the check replaces it by items in front, in order of name */
	struct gfs_ast_item *items;
	uint32_t count;
	struct gfs_ast_item *order;
	uint32_t order_count;
	struct gfs_ast_expr *skip, *limit; /* or NULL */
	struct gfs_ast_expr *where;        /* WITH only, or NULL */
	bool aggregates;                   /* by the check: some item contains an aggregate */
};

enum gfs_ast_set_kind {
	GFS_SET_PROPERTY, /* target (PROPERTY or INDEX expression) = value */
	GFS_SET_REPLACE,  /* variable = map or entity */
	GFS_SET_MERGE,    /* variable += map or entity */
	GFS_SET_LABELS,   /* variable :A:B */
};

struct gfs_ast_set_item { /* SET and REMOVE (PROPERTY, LABELS) */
	enum gfs_ast_set_kind kind;
	struct gfs_ast_expr *target;
	struct gfs_ast_expr *value;
	struct gfs_slice *labels;
	uint32_t label_count;
	struct gfs_query_pos pos;
};

/* When a transaction of CALL { } IN TRANSACTIONS fails: so does the statement, the next ones go on, or none follows. */
enum gfs_ast_on_error { GFS_ON_ERROR_FAIL, GFS_ON_ERROR_CONTINUE, GFS_ON_ERROR_BREAK };

struct gfs_ast_clause {
	enum gfs_ast_clause_kind kind;
	struct gfs_query_pos pos;
	union {
		struct {
			bool optional;
			struct gfs_ast_pattern pattern;
			struct gfs_ast_expr *where;
			struct gfs_ast_hint *hints; /* USING ..., parsed and kept; NULL without */
		} match;
		struct gfs_ast_projection project;
		struct {
			struct gfs_ast_expr *list;
			struct gfs_slice variable;
			struct gfs_symbol *symbol;
		} unwind;
		struct {
			struct gfs_ast_pattern pattern;
		} create;
		struct {
			struct gfs_ast_pattern pattern; /* one part */
			struct gfs_ast_set_item *on_create, *on_match;
			uint32_t on_create_count, on_match_count;
		} merge;
		struct {
			struct gfs_ast_set_item *items;
			uint32_t count;
		} set; /* SET and REMOVE */
		struct {
			bool detach;
			struct gfs_ast_expr **exprs;
			uint32_t count;
		} del;
		struct {
			struct gfs_slice variable;
			struct gfs_symbol *symbol;
			struct gfs_ast_expr *list;
			struct gfs_ast_clause *clauses;
			uint32_t count;
		} foreach;
		struct {
			struct gfs_slice name; /* with its dots: "db.labels"; "SHOW INDEXES" */
			bool show;             /* SHOW: the first clause, and the columns are its own unless RETURN follows */
			bool has_args;         /* false: CALL name without parentheses (arguments are parameters) */
			struct gfs_ast_expr **args;
			uint32_t arg_count;
			bool has_yield, yield_star;
			/* expr: a VARIABLE of the result column, without symbol; name: as what. The check adds those of YIELD * and of a standalone call or SHOW
			 * without YIELD, and the parameters that stand for the arguments of one without parentheses. */
			struct gfs_ast_item *yields;
			uint32_t yield_count;
			struct gfs_ast_expr *where;
			const struct gfs_procedure *procedure; /* by the check */
			bool standalone;                       /* by the check: the only clause */
		} call;
		struct {
			struct gfs_ast_query *query;
			struct gfs_ast_expr *in_transactions_of; /* IN TRANSACTIONS [OF n ROWS]; NULL without */
			bool in_transactions;
			enum gfs_ast_on_error on_error;
			struct gfs_slice status;          /* REPORT STATUS AS; empty without */
			struct gfs_symbol *status_symbol; /* by the check; or NULL */
		} subquery;
		struct {
			bool headers;
			struct gfs_ast_expr *url, *separator;
			struct gfs_slice variable;
			struct gfs_symbol *symbol;
		} load_csv;
	};
};

/* ---- statements ---- */

/* Clauses up to a UNION; the columns of all parts agree. */
struct gfs_ast_part_query {
	struct gfs_ast_clause *clauses;
	uint32_t count;
	bool union_all; /* how it joins the part before */
};

struct gfs_ast_query {
	struct gfs_ast_part_query *parts;
	uint32_t count;
	struct gfs_symbol **columns; /* by the check: what RETURN, SHOW or a standalone CALL gives; count 0 without */
	uint32_t column_count;
	bool writes; /* by the check */
};

enum gfs_ast_schema_kind {
	GFS_SCHEMA_CREATE_INDEX,
	GFS_SCHEMA_DROP_INDEX,
	GFS_SCHEMA_CREATE_CONSTRAINT,
	GFS_SCHEMA_DROP_CONSTRAINT,
};

struct gfs_ast_schema {
	enum gfs_ast_schema_kind kind;
	struct gfs_slice name; /* or empty */
	struct gfs_slice label;
	struct gfs_slice *keys;
	uint32_t key_count;
	bool on_relationships;
	bool unique, exists; /* of constraints */
	bool if_not_exists, if_exists;
};

enum gfs_ast_statement_kind {
	GFS_STATEMENT_QUERY,
	GFS_STATEMENT_SCHEMA,
	GFS_STATEMENT_TERMINATE, /* `terminate`: an id or a list of ids */
};

enum gfs_ast_mode { GFS_MODE_RUN, GFS_MODE_EXPLAIN, GFS_MODE_PROFILE };

struct gfs_ast_statement {
	enum gfs_ast_statement_kind kind;
	enum gfs_ast_mode mode;
	bool cache_off; /* CYPHER cache=off */
	struct gfs_slice text;
	struct gfs_ast_query *query;
	struct gfs_ast_schema *schema;
	struct gfs_ast_expr *terminate;
	uint32_t symbol_count; /* by the check */
};

/* ---- making it ---- */

/* Parses `text` (which stays where it is for as long as the result is used) into `arena`. GFS_ERR_INVALID with `error` filled, GFS_ERR_NOMEM. Limits: GFS_QUERY_TEXT_BYTES_MAX,
 * GFS_QUERY_DEPTH_MAX. A ';' at the end is taken. */
int gfs_parse(struct gfs_slice text, struct gfs_arena *arena, struct gfs_ast_statement **ret_statement,
	struct gfs_query_error *error) GFS_CHECK;

/* What the check needs to know of the world. Either may be NULL: there are no procedures; nothing is known of parameters. */
struct gfs_check_env {
	/* The procedure of this name, or NULL. */
	const struct gfs_procedure *(*procedure)(void *context, struct gfs_slice name);
	/* True when the statement was given a value for this parameter: asked of those that stand for a procedure's arguments. */
	bool (*parameter)(void *context, struct gfs_slice name, struct gfs_datum *ret_value);
	void *context;
};

/* Resolves variables to symbols, checks scopes, types as far as the text tells, aggregation rules, functions and their numbers of arguments;
 * fills every field above that says "by the check". */
int gfs_check_statement(struct gfs_ast_statement *statement, const struct gfs_check_env *env, struct gfs_arena *arena,
	struct gfs_query_error *error) GFS_CHECK;

#endif
