/* A plan: a tree of operators that says how a statement's rows are made. Made once from the checked tree of a statement, constant from then on, shared by
 * every run of it (also by several threads at a time).
 *
 * Rows have slots. The slot of a variable is its symbol's id; the planner adds slots of its own behind them (aggregates, sort keys). An operator takes
 * rows from `input`, defines some slots and hands on those of the input's that are needed above (`pass`). `right`, where there is one, is a tree of its own
 * that runs once for each row of the input and gets slots of that row through its ARGUMENT leaf.
 *
 * Making one: plan_clause.c and its kin build the tree, rewrite_*.c change it without changing what it gives, and plan_finish.c works out `pass` and
 * compiles the expressions. */
#ifndef GFS_QUERY_PLAN_H
#define GFS_QUERY_PLAN_H

#include "query/ast.h"
#include "query/symset.h"

struct gfs_expr;
struct gfs_graph;

/* X(code, name in EXPLAIN). */
#define GFS_PLAN_KINDS(X)                                                                                              \
	X(ARGUMENT, "Argument")                                                                                            \
	X(ALL_NODES, "AllNodesScan")                                                                                       \
	X(LABEL_SCAN, "NodeByLabelScan")                                                                                   \
	X(KEY_SEEK, "NodeByKeySeek")                                                                                       \
	X(ID_SEEK, "NodeByIdSeek")                                                                                         \
	X(INDEX_SEEK, "NodeIndexSeek")                                                                                     \
	X(INDEX_RANGE, "NodeIndexSeekByRange")                                                                             \
	X(INDEX_ORDER, "NodeIndexScan")                                                                                    \
	X(TYPE_SCAN, "RelationshipTypeScan")                                                                               \
	X(REL_ENDS, "ProjectEndpoints")                                                                                    \
	X(EXPAND, "Expand")                                                                                                \
	X(VAR_EXPAND, "VarLengthExpand")                                                                                   \
	X(SHORTEST, "ShortestPath")                                                                                        \
	X(FILTER, "Filter")                                                                                                \
	X(PROJECT, "Projection")                                                                                           \
	X(AGGREGATE, "Aggregation")                                                                                        \
	X(COUNT_STORE, "CountFromStore")                                                                                   \
	X(DISTINCT, "Distinct")                                                                                            \
	X(SORT, "Sort")                                                                                                    \
	X(TOP, "Top")                                                                                                      \
	X(SKIP, "Skip")                                                                                                    \
	X(LIMIT, "Limit")                                                                                                  \
	X(UNWIND, "Unwind")                                                                                                \
	X(APPLY, "Apply")                                                                                                  \
	X(TRANSACTIONS, "TransactionApply")                                                                                \
	X(HASH_JOIN, "ValueHashJoin")                                                                                      \
	X(OPTIONAL, "OptionalApply")                                                                                       \
	X(UNION, "Union")                                                                                                  \
	X(EAGER, "Eager")                                                                                                  \
	X(CREATE, "Create")                                                                                                \
	X(MERGE, "Merge")                                                                                                  \
	X(SET, "SetProperties")                                                                                            \
	X(REMOVE, "RemoveProperties")                                                                                      \
	X(DELETE, "Delete")                                                                                                \
	X(FOREACH, "Foreach")                                                                                              \
	X(CALL, "ProcedureCall")                                                                                           \
	X(LOAD_CSV, "LoadCSV")                                                                                             \
	X(DRAIN, "EmptyResult")                                                                                            \
	X(RESULT, "ProduceResults")

enum gfs_plan_kind {
#define X(code, name) GFS_PLAN_##code,
	GFS_PLAN_KINDS(X)
#undef X
		GFS_PLAN_KIND_COUNT
};

#define GFS_SLOT_NONE UINT32_MAX
/* Of CALL { } IN TRANSACTIONS without OF. */
#define GFS_TRANSACTION_ROWS 1000u
/* Operators on top of each other. */
#define GFS_PLAN_DEPTH_MAX 2048u

struct gfs_slots {
	uint32_t *ids;
	uint32_t count;
};

/* An expression, and the slot that its value goes to (GFS_SLOT_NONE: nowhere, it is only looked at). */
struct gfs_plan_item {
	const struct gfs_ast_expr *expr;
	struct gfs_expr *code; /* by gfs_plan_finish */
	uint32_t slot;
	bool descending; /* SORT */
};

/* Expressions that an enclosing operator has computed already: where one of the same form occurs, the slot is read instead. */
struct gfs_plan_known {
	const struct gfs_ast_expr *expr;
	uint32_t slot;
	const struct gfs_plan_known *next;
};

/* Names (of labels, types, keys) are looked up by each run: a plan outlives changes of the catalog. Index into gfs_plan.names. */
struct gfs_plan_name {
	uint8_t kind; /* enum gfs_catalog_kind */
	struct gfs_slice text;
};

struct gfs_plan_names {
	uint32_t *ids;
	uint32_t count;
};

/* One relationship pattern. */
struct gfs_plan_rel {
	uint32_t slot;                    /* of the relationship, or the list of them */
	uint32_t from, to;                /* slots of the nodes, in the order in which it is walked */
	enum gfs_ast_direction direction; /* as seen from `from` */
	struct gfs_plan_names types;      /* one of these; none: any */
	bool into;                        /* `to` has a value already */
	struct gfs_slots others;          /* relationships and lists of them of the same MATCH: must differ */
	/* variable length */
	uint64_t min, max;
	struct gfs_plan_item *filters; /* on each relationship, in slot `step` */
	uint32_t filter_count;
	uint32_t step;
	bool reversed;  /* walked from the pattern's right end: the list is turned round */
	bool bound;     /* the list has a value already: only its ends are found */
	bool from_both; /* VAR_EXPAND with `into`: what leads to either end is found out first */
	bool all_shortest;
	bool single; /* the slot holds a relationship and no list */
};

struct gfs_plan_entity { /* CREATE, MERGE */
	uint32_t slot;
	bool is_rel;
	struct gfs_plan_names names;     /* labels, or the one type */
	uint32_t from, to;               /* of a relationship */
	struct gfs_plan_item properties; /* expr NULL: none */
	struct gfs_query_pos pos;
};

struct gfs_plan_set { /* an item of SET or REMOVE */
	enum gfs_ast_set_kind kind;
	struct gfs_plan_item target; /* the entity */
	struct gfs_plan_item key;    /* n[key]; expr NULL: `name` */
	uint32_t name;
	struct gfs_plan_item value;
	struct gfs_plan_names labels;
};

struct gfs_plan_aggregate {
	const struct gfs_ast_expr *call; /* CALL or COUNT_STAR */
	struct gfs_plan_item *args;
	uint32_t arg_count;
	uint32_t slot;
};

struct gfs_plan_node {
	enum gfs_plan_kind kind;
	uint32_t id; /* place in the plan, for PROFILE */
	struct gfs_plan_node *input, *right;
	double rows;            /* estimate of what it gives */
	struct gfs_slots pass;  /* by gfs_plan_finish: slots of the input that are handed on */
	struct gfs_slots fresh; /* by gfs_plan_finish: slots that it gives values to and that are needed above */
	const struct gfs_plan_known *known;
	union {
		struct {
			struct gfs_slots slots; /* what comes from outside */
		} argument;
		struct {
			uint32_t slot;
			uint32_t label, key; /* LABEL_SCAN, INDEX_*: indexes of the names */
			struct gfs_plan_item
				value; /* *_SEEK: what is looked for; INDEX_RANGE: the lower bound or prefix, or NULL; INDEX_ORDER: the property */
			struct gfs_plan_item upper; /* INDEX_RANGE */
			bool list;                  /* *_SEEK: one of a list */
			bool prefix;                /* INDEX_RANGE: strings that begin with `value` */
			bool lower_open, upper_open;
			bool descending; /* INDEX_RANGE, INDEX_ORDER */
			bool nulls;      /* INDEX_ORDER: nodes without the property as well, where ORDER BY has them */
		} scan;
		struct gfs_plan_rel rel; /* TYPE_SCAN, REL_ENDS, EXPAND, VAR_EXPAND, SHORTEST */
		struct {
			struct gfs_plan_item *items;
			uint32_t count;
			struct gfs_plan_item amount, skip; /* TOP: keeps as many rows as both together; skip.expr may be NULL */
			bool in_order;                     /* TOP: rows come as an index has the first key */
		} list;                                /* FILTER, PROJECT, SORT, TOP */
		struct gfs_plan_item item;             /* SKIP, LIMIT, UNWIND */
		struct {
			struct gfs_plan_item *keys;
			uint32_t key_count;
			struct gfs_plan_aggregate *aggregates;
			uint32_t aggregate_count;
		} aggregate;
		struct {
			uint32_t slot;
			bool relationships;
			struct gfs_plan_names names; /* none: all; relationships of several types are added up */
		} count;
		struct {
			bool unit;                   /* the right side is run for what it does: each row is handed on once */
			struct gfs_plan_item amount; /* TRANSACTIONS: rows in each; expr NULL: GFS_TRANSACTION_ROWS */
			enum gfs_ast_on_error on_error;
			uint32_t status; /* TRANSACTIONS: slot of the map that tells what became of it, or GFS_SLOT_NONE */
		} apply;
		struct {
			struct gfs_slots left, right; /* rows of the input and of the right side go together when these are equal */
			const struct gfs_ast_expr **equalities; /* for EXPLAIN; as many */
			bool keeps_input;                       /* the smaller side, which is kept in memory */
		} hash;                                     /* HASH_JOIN: the right side uses nothing of the input */
		struct gfs_slots slots; /* DISTINCT: by which; OPTIONAL: those that become null; RESULT: the columns */
		struct {
			struct gfs_plan_node **parts;
			struct gfs_slots *columns; /* of each part */
			uint32_t count;
			struct gfs_slots out;
		} join; /* UNION */
		struct {
			struct gfs_plan_entity *entities;
			uint32_t count;
			struct gfs_plan_set *on_create, *on_match; /* MERGE; `right` matches */
			uint32_t on_create_count, on_match_count;
		} create;
		struct {
			struct gfs_plan_set *items;
			uint32_t count;
		} set; /* SET, REMOVE */
		struct {
			struct gfs_plan_item *items;
			uint32_t count;
			bool detach;
		} del;
		struct {
			struct gfs_plan_item list;
			uint32_t slot;
		} foreach; /* `right`: the updates */
		struct {
			const struct gfs_procedure *procedure;
			struct gfs_plan_item *args;
			uint32_t arg_count;
			uint32_t *columns; /* which of the procedure's columns */
			uint32_t *slots;
			uint32_t column_count;
			struct gfs_query_pos pos;
		} call;
		struct {
			struct gfs_plan_item url, separator;
			bool headers;
			uint32_t slot;
		} csv;
	};
};

/* Rewrites and choices that can be switched off, for the differential test. */
enum {
	GFS_PASS_START = 1 << 0,  /* the cheapest start and order of patterns; otherwise as written, all nodes first */
	GFS_PASS_FILTER = 1 << 1, /* predicates as early as their variables are there; otherwise at the end of the clause */
	GFS_PASS_SEEK = 1 << 2,   /* keys, ids and indexes */
	GFS_PASS_TOP = 1 << 3,    /* sort and limit in one */
	GFS_PASS_COUNT = 1 << 4,  /* counts without records */
	GFS_PASS_EAGER = 1 << 5,  /* leaves out what cannot collide */
	GFS_PASS_JOIN =
		1 << 6, /* parts of a pattern that only an equality connects are matched apart, and joined by hash */
	GFS_PASS_ENDS = 1 << 7,  /* patterns of variable length are searched from both their ends, when these are known */
	GFS_PASS_ORDER = 1 << 8, /* first rows, min and max from an index that has them in order */
	GFS_PASS_ALL = (1 << 9) - 1
};

struct gfs_plan {
	struct gfs_arena arena; /* everything of it */
	struct gfs_plan_node *root;
	struct gfs_slice *columns; /* their names */
	uint32_t column_count;
	uint32_t slot_count;
	uint32_t node_count;
	struct gfs_plan_name *names;
	uint32_t name_count;
	struct gfs_slice *params;
	uint32_t param_count;
	struct gfs_plan_node **subs; /* trees inside expressions */
	uint32_t sub_count;
	struct gfs_plan_names reads; /* labels, types and keys that an answer depends on */
	bool reads_nodes;            /* and on which nodes there are */
	bool reads_anything;         /* and on more than can be told */
	bool calls;                  /* a procedure */
	bool writes;
	bool in_transactions; /* all that it writes lies right of a TRANSACTIONS: it runs as one that reads */
	bool is_volatile;     /* calls a function that answers differently each time */
};

/* Plans a checked query. `graph` (under the graph lock) tells cardinalities; NULL: none are known. The tree (and what it was made from) stays in use, so it
 * must live in plan->arena, which the caller made. */
int gfs_plan_make(struct gfs_plan *plan, const struct gfs_ast_statement *statement, struct gfs_graph *graph,
	unsigned int passes, struct gfs_query_error *error) GFS_CHECK;
void gfs_plan_release(struct gfs_plan *plan);
const char *gfs_plan_kind_name(enum gfs_plan_kind kind);

struct gfs_buf;
struct gfs_profile;
/* A line an operator, the last one first. `profile` (by node) may be NULL. */
void gfs_plan_explain(const struct gfs_plan *plan, const struct gfs_profile *profile, struct gfs_buf *out);

#endif
