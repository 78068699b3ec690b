#include "query_generator.h"

#include "base/checked.h"

static bool is_deep(struct query_generator *g)
{
	return g->depth >= QUERY_EXPR_DEPTH;
}

/* A node variable, or false after an integer in its place. */
static bool node_or_number(struct query_generator *g, unsigned *ret_number)
{
	if (query_find(g, QUERY_VAR_NODE, ret_number))
		return true;
	query_put(g, "%u", query_pick(g, 4));
	return false;
}

/* ---- lists ---- */

static void put_list(struct query_generator *g)
{
	unsigned n;
	switch (query_pick(g, 6)) {
	case 5:
		query_put(g, "([");
		query_put_any(g);
		query_put(g, "] || [2, null])");
		break;
	case 0:
		query_put(g, "range(0, %u)", query_pick(g, 4));
		break;
	case 1:
		query_put(g, "[");
		query_put_any(g);
		query_put(g, ", ");
		query_put_any(g);
		query_put(g, "]");
		break;
	case 2:
		if (query_find(g, QUERY_VAR_NODE, &n))
			query_put(g, "labels(v%u)", n);
		else
			query_put(g, "[]");
		break;
	case 3:
		query_put(g, "[1, null, 'a', 3]%s", query_pick(g, 2) ? "[1..]" : "");
		break;
	default:
		if (query_find(g, QUERY_VAR_PATH, &n))
			query_put(g, "[q IN nodes(v%u) | q.%c]", n, "ixs"[query_pick(g, 3)]);
		else
			query_put(g, "[q IN [3, 1, null] WHERE q > %u OR q IS NULL | q]", query_pick(g, 4));
		break;
	}
}

/* ---- what looks at the graph ---- */

static void put_pattern_from(struct query_generator *g, unsigned node)
{
	static const char *const rels[] = { "-->", "<--", "--", "-[:T]->", "<-[:U]-", "-[:T|V]-", "-[:T {w: 1}]->",
		"-[:U*1..2]->" };
	static const char *const ends[] = { "()", "(:A)", "(:B)", "({x: 2})", "(:!A)" };
	query_put(g, "(v%u)%s%s", node, rels[query_pick(g, GFS_COUNT(rels))], ends[query_pick(g, GFS_COUNT(ends))]);
}

/* What stands in EXISTS { } and COUNT { }. */
static void put_inner_match(struct query_generator *g, unsigned node)
{
	static const char *const rels[] = { "-->", "<--", "-[:T]->", "-[:U]-" };
	unsigned count = g->count, inner;
	query_put(g, "MATCH (v%u)%s", node, rels[query_pick(g, GFS_COUNT(rels))]);
	inner = query_declare(g, QUERY_VAR_NODE);
	query_put(g, "(v%u%s)", inner, query_pick(g, 3) == 0 ? ":B" : "");
	if (query_pick(g, 2)) {
		bool condition = g->condition;
		g->condition = true;
		query_put(g, " WHERE ");
		query_put_boolean(g);
		g->condition = condition;
	}
	g->count = count;
}

/* ---- integers ---- */

static void put_graph_integer(struct query_generator *g)
{
	unsigned n;
	if (!node_or_number(g, &n))
		return;
	switch (query_pick(g, 4)) {
	case 0:
		query_put(g, "COUNT { ");
		put_inner_match(g, n);
		query_put(g, " }");
		break;
	case 1:
		query_put(g, "size([");
		put_pattern_from(g, n);
		query_put(g, " | 1])");
		break;
	case 2:
		query_put(g, "reduce(t = 0, e IN [(v%u)-->(q) WHERE q.x >= %u | q.i] | t + e)", n, query_pick(g, 3));
		break;
	default:
		query_put(g, "COUNT { ");
		put_pattern_from(g, n);
		query_put(g, " }");
		break;
	}
}

static void put_variable_integer(struct query_generator *g)
{
	unsigned n;
	switch (query_pick(g, 5)) {
	case 0:
		if (query_find(g, QUERY_VAR_REL, &n)) {
			query_put(g, "v%u.w", n);
			return;
		}
		break;
	case 1:
		if (query_find(g, QUERY_VAR_RELS, &n)) {
			query_put(g, "size(v%u)", n);
			return;
		}
		break;
	case 2:
		if (query_find(g, QUERY_VAR_PATH, &n)) {
			query_put(g, "length(v%u)", n);
			return;
		}
		break;
	case 3:
		if (query_find(g, QUERY_VAR_INTEGER, &n)) {
			query_put(g, "v%u", n);
			return;
		}
		break;
	default:
		break;
	}
	if (node_or_number(g, &n))
		query_put(g, "v%u.%c", n, "ix"[query_pick(g, 2)]);
}

/* CASE of a value, each WHEN some values and tests. */
static void put_case_of(struct query_generator *g)
{
	static const char *const tests[] = { "", "> ", "<> ", "<= ", "IN [1, null] || [", "IS NULL, ", ":: FLOAT, " };
	query_put(g, "CASE ");
	query_put_any(g);
	for (unsigned i = 0; i < 2; i++) {
		unsigned test = query_pick(g, GFS_COUNT(tests));
		query_put(g, " WHEN %s", tests[test]);
		query_put_integer(g);
		query_put(g, test == 4 ? "], 5 THEN " : query_pick(g, 2) ? ", null, 's1' THEN " : " THEN ");
		query_put_integer(g);
	}
	query_put(g, " ELSE 0 END");
}

static void put_made_integer(struct query_generator *g)
{
	g->depth++;
	switch (query_pick(g, 7)) {
	case 6:
		put_case_of(g);
		break;
	case 0:
	case 1:
		query_put(g, "(");
		query_put_integer(g);
		query_put(g, query_pick(g, 2) ? " + " : " - ");
		query_put_integer(g);
		query_put(g, ")");
		break;
	case 2:
		query_put(g, "coalesce(");
		query_put_integer(g);
		query_put(g, ", ");
		query_put_integer(g);
		query_put(g, ")");
		break;
	case 3:
		query_put(g, "CASE WHEN ");
		query_put_boolean(g);
		query_put(g, " THEN ");
		query_put_integer(g);
		query_put(g, " ELSE ");
		query_put_integer(g);
		query_put(g, " END");
		break;
	case 4:
		query_put(g, "size(");
		put_list(g);
		query_put(g, ")");
		break;
	default:
		put_graph_integer(g);
		break;
	}
	g->depth--;
}

void query_put_integer(struct query_generator *g)
{
	unsigned kind = query_pick(g, 8);
	bool condition = g->condition;
	g->condition = false;
	if (kind == 0)
		query_put(g, "%u", query_pick(g, 6));
	else if (kind == 1 && query_pick(g, 3) == 0)
		query_put(g, "null");
	else if (kind < 5 || is_deep(g))
		put_variable_integer(g);
	else
		put_made_integer(g);
	g->condition = condition;
}

/* ---- booleans ---- */

static void put_comparison(struct query_generator *g)
{
	static const char *const operators[] = { "=", "<>", "<", "<=", ">", ">=" };
	if (query_pick(g, 3) == 0) {
		query_put_any(g);
		query_put(g, " %s ", operators[query_pick(g, GFS_COUNT(operators))]);
		query_put_any(g);
		return;
	}
	query_put_integer(g);
	query_put(g, " %s ", operators[query_pick(g, GFS_COUNT(operators))]);
	query_put_integer(g);
	if (query_pick(g, 6) == 0)
		query_put(g, " < %u", query_pick(g, 6));
}

static void put_type_test(struct query_generator *g)
{
	static const char *const types[] = { "INTEGER", "FLOAT | STRING NOT NULL", "LIST<INTEGER | NULL>", "ANY NOT NULL",
		"ANY<BOOLEAN | INTEGER LIST>", "NOTHING", "PROPERTY VALUE", "NODE NOT NULL" };
	query_put_any(g);
	query_put(g, " IS %s:: %s", query_pick(g, 2) ? "NOT " : "", types[query_pick(g, GFS_COUNT(types))]);
}

static void put_test(struct query_generator *g)
{
	unsigned n;
	switch (query_pick(g, 6)) {
	case 5:
		put_type_test(g);
		break;
	case 0:
		query_put_any(g);
		query_put(g, " IS %sNULL", query_pick(g, 2) ? "NOT " : "");
		break;
	case 1:
		query_put_any(g);
		query_put(g, " IN ");
		put_list(g);
		break;
	case 2:
		if (query_find(g, QUERY_VAR_NODE, &n))
			query_put(g, "v%u.%c %s 's1'", n, "sm"[query_pick(g, 2)],
				query_pick(g, 2)       ? "STARTS WITH"
					: query_pick(g, 2) ? "CONTAINS"
									   : "ENDS WITH");
		else
			query_put(g, "'s' STARTS WITH null");
		break;
	case 3:
		query_put(g, "%s(e IN ", (const char *const[]){ "any", "all", "none", "single" }[query_pick(g, 4)]);
		put_list(g);
		query_put(g, " WHERE e = %u)", query_pick(g, 4));
		break;
	default:
		if (query_find(g, QUERY_VAR_NODE, &n))
			query_put(g, "v%u:%s", n, (const char *const[]){ "A", "B", "A&B", "A|C", "!B" }[query_pick(g, 5)]);
		else
			query_put(g, "%s", (const char *const[]){ "true", "false", "null" }[query_pick(g, 3)]);
		break;
	}
}

static void put_graph_boolean(struct query_generator *g)
{
	unsigned n;
	if (!query_find(g, QUERY_VAR_NODE, &n)) {
		query_put(g, "true");
	} else if (query_pick(g, 2)) {
		query_put(g, g->condition ? "" : "exists(");
		put_pattern_from(g, n);
		query_put(g, g->condition ? "" : ")");
	} else {
		query_put(g, "EXISTS { ");
		put_inner_match(g, n);
		query_put(g, " }");
	}
}

static void put_combined(struct query_generator *g)
{
	static const char *const operators[] = { "AND", "OR", "XOR", "AND", "OR" };
	query_put(g, "(");
	query_put_boolean(g);
	query_put(g, " %s ", operators[query_pick(g, GFS_COUNT(operators))]);
	query_put_boolean(g);
	query_put(g, ")");
}

void query_put_boolean(struct query_generator *g)
{
	unsigned kind = is_deep(g) ? query_pick(g, 6) : query_pick(g, 12);
	g->depth++;
	if (kind < 4) {
		put_comparison(g);
	} else if (kind < 6) {
		put_test(g);
	} else if (kind < 8) {
		put_graph_boolean(g);
	} else if (kind == 8) {
		query_put(g, "NOT (");
		query_put_boolean(g);
		query_put(g, ")");
	} else {
		put_combined(g);
	}
	g->depth--;
}

/* ---- anything ---- */

void query_put_any(struct query_generator *g)
{
	bool condition = g->condition;
	unsigned n;
	g->depth++;
	g->condition = false;
	switch (query_pick(g, is_deep(g) ? 5 : 7)) {
	case 0:
		if (query_find(g, QUERY_VAR_NODE, &n))
			query_put(g, "v%u.m", n);
		else
			query_put(g, "'s1'");
		break;
	case 1:
		if (query_find(g, QUERY_VAR_NODE, &n))
			query_put(g, query_pick(g, 3) == 0 ? "v%u" : "v%u.s", n);
		else
			query_put(g, "null");
		break;
	case 2:
		if (query_find(g, QUERY_VAR_ANY, &n))
			query_put(g, "v%u", n);
		else
			query_put(g, "true");
		break;
	case 3:
		if (query_find(g, QUERY_VAR_REL, &n))
			query_put(g, query_pick(g, 2) ? "type(v%u)" : "v%u", n);
		else
			query_put(g, "2.5");
		break;
	case 5:
		put_list(g);
		break;
	case 6:
		query_put(g, "(");
		query_put_boolean(g);
		query_put(g, ")");
		break;
	default:
		query_put_integer(g);
		break;
	}
	g->condition = condition;
	g->depth--;
}

/* One whose value is the same for rows in any order. */
void query_put_aggregate(struct query_generator *g)
{
	static const char *const of_integers[] = { "sum(", "sum(DISTINCT ", "percentileDisc(" };
	static const char *const of_all[] = { "count(", "count(DISTINCT ", "min(", "max(", "size(collect(",
		"size(collect(DISTINCT " };
	unsigned kind = query_pick(g, 10);
	if (kind == 0) {
		query_put(g, "count(*)");
	} else if (kind < 4) {
		query_put(g, "%s", of_integers[kind - 1]);
		query_put_integer(g);
		query_put(g, kind == 3 ? ", 0.5)" : ")");
	} else {
		query_put(g, "%s", of_all[kind - 4]);
		query_put_any(g);
		query_put(g, kind < 8 ? ")" : "))");
	}
}
