#include "query_generator.h"

#include "base/checked.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { ROWS_MAX = 600 };

unsigned query_pick(struct query_generator *g, unsigned below)
{
	return rng_below(g->rng, below);
}

void query_put(struct query_generator *g, const char *format, ...)
{
	char text[200];
	va_list args;
	va_start(args, format);
	int size = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	assert(size >= 0 && (size_t)size < sizeof text);
	gfs_buf_append(g->out, text, (size_t)size);
}

unsigned query_declare(struct query_generator *g, enum query_var_kind kind)
{
	assert(g->count < QUERY_VARS_MAX);
	g->vars[g->count++] = (struct query_var){ kind, g->next };
	return g->next++;
}

bool query_find(struct query_generator *g, enum query_var_kind kind, unsigned *ret_number)
{
	unsigned start = g->count == 0 ? 0 : query_pick(g, g->count);
	for (unsigned i = 0; i < g->count; i++) {
		const struct query_var *var = &g->vars[(start + i) % g->count];
		if (var->kind == kind) {
			*ret_number = var->number;
			return true;
		}
	}
	return false;
}

/* ---- graphs ---- */

void query_generate_graph(struct rng *rng, unsigned nodes, unsigned rels, struct gfs_buf *out)
{
	static const char *const labels[] = { "", ":A", ":B", ":A:B", ":C" };
	static const char *const mixed[] = { "1", "'s1'", "true", "2.5", "[1, 2]", "'s12'", "null", "null" };
	gfs_buf_append_text(out, "CREATE ");
	for (unsigned i = 0; i < nodes; i++) {
		gfs_buf_printf(out, "%s(n%u%s {i: %u, s: 's%u', m: %s", i == 0 ? "" : ", ", i,
			labels[rng_below(rng, GFS_COUNT(labels))], i, rng_below(rng, 4), mixed[rng_below(rng, GFS_COUNT(mixed))]);
		if (rng_below(rng, 5) != 0)
			gfs_buf_printf(out, ", x: %u", rng_below(rng, 6));
		gfs_buf_append_text(out, "})");
	}
	for (unsigned i = 0; i < rels; i++)
		gfs_buf_printf(out, ", (n%u)-[:%c {w: %u}]->(n%u)", rng_below(rng, nodes), "TTUV"[rng_below(rng, 4)],
			rng_below(rng, 4), rng_below(rng, nodes));
	gfs_buf_append_u8(out, '\0');
}

/* ---- patterns ---- */

static void put_node(struct query_generator *g, bool names)
{
	static const char *const labels[] = { "", "", "", "", "", "", "", ":A", ":B", ":A&B", ":!C", ":A|C", ":A:B" };
	unsigned known;
	query_put(g, "(");
	if (names && query_pick(g, 4) == 0 && query_find(g, QUERY_VAR_NODE, &known))
		query_put(g, "v%u", known);
	else if (names && query_pick(g, 6) != 0)
		query_put(g, "v%u", query_declare(g, QUERY_VAR_NODE));
	query_put(g, "%s", labels[query_pick(g, GFS_COUNT(labels))]);
	if (query_pick(g, 16) == 0)
		query_put(g, " {%c: %u}", "ix"[query_pick(g, 2)], query_pick(g, 6));
	query_put(g, ")");
}

static void put_rel(struct query_generator *g, bool names)
{
	static const char *const types[] = { "", "", "", ":T", ":T", ":U", ":T|U", ":V" };
	static const char *const lengths[] = { "", "", "", "", "*1..2", "*0..1", "*2", "*..2" };
	static const char *const quantifiers[] = { "{1,2}", "{,1}", "{2}" };
	const char *length = lengths[query_pick(g, GFS_COUNT(lengths))];
	const char *quantifier = *length == '\0' && query_pick(g, 4) == 0
		? quantifiers[query_pick(g, GFS_COUNT(quantifiers))]
		: "";
	unsigned direction = query_pick(g, 3);
	query_put(g, direction == 0 ? "<-[" : "-[");
	bool single = *length == '\0' && *quantifier == '\0', named = names && query_pick(g, 3) != 0;
	if (named)
		query_put(g, "v%u", query_declare(g, single ? QUERY_VAR_REL : QUERY_VAR_RELS));
	query_put(g, "%s%s", types[query_pick(g, GFS_COUNT(types))], length);
	if (query_pick(g, 9) == 0)
		query_put(g, " {w: %u}", query_pick(g, 4));
	if (named && *quantifier != '\0' && query_pick(g, 3) == 0)
		query_put(g, " WHERE v%u.w < %u", g->vars[g->count - 1].number, query_pick(g, 5));
	query_put(g, direction == 1 ? "]->%s" : "]-%s", quantifier);
}

void query_put_path(struct query_generator *g, unsigned hops_max, bool names)
{
	unsigned hops = query_pick(g, hops_max + 1), path = 0;
	bool named = names && query_pick(g, 8) == 0;
	if (named)
		query_put(g, "v%u = ", path = g->next++);
	put_node(g, names);
	for (unsigned i = 0; i < hops; i++) {
		put_rel(g, names);
		put_node(g, names);
		g->rows *= 2;
	}
	g->rows *= 4;
	if (named)
		g->vars[g->count++] = (struct query_var){ QUERY_VAR_PATH, path };
}

/* ---- reading clauses ---- */

static void put_where(struct query_generator *g, unsigned of)
{
	if (query_pick(g, of) != 0)
		return;
	g->condition = true;
	query_put(g, " WHERE ");
	query_put_boolean(g);
	if (query_pick(g, 3) == 0) {
		query_put(g, " AND ");
		query_put_boolean(g);
	}
	g->condition = false;
}

static void put_match(struct query_generator *g)
{
	query_put(g, g->next > 0 && query_pick(g, 4) == 0 ? "OPTIONAL MATCH " : "MATCH ");
	query_put_path(g, 2, true);
	if (g->count < QUERY_VARS_MANY && query_pick(g, 4) == 0) {
		query_put(g, ", ");
		query_put_path(g, 1, true);
	}
	put_where(g, 2);
	query_put(g, " ");
}

/* A relationship, or many, between two nodes that are known, one of them perhaps by the index. */
static void put_between(struct query_generator *g)
{
	static const char *const patterns[] = { ":V*", ":U*", ":V*0..", ":U|V*..5", ":U*2..", "*1..3", "*2..3", "*0..3",
		":T*..4", ":T|V*3..4" };
	unsigned from, to, direction = query_pick(g, 3);
	bool list = query_pick(g, 5) != 0, sought = query_pick(g, 4) == 0;
	if (!query_find(g, QUERY_VAR_NODE, &from) || !query_find(g, QUERY_VAR_NODE, &to))
		return;
	if (sought)
		to = query_declare(g, QUERY_VAR_NODE);
	query_put(g, "MATCH v%u = (v%u)%s-[", g->next, from, direction == 0 ? "<" : "");
	g->vars[g->count++] = (struct query_var){ QUERY_VAR_PATH, g->next++ };
	query_put(g, "v%u", query_declare(g, list ? QUERY_VAR_RELS : QUERY_VAR_REL));
	if (list)
		query_put(g, "%s", patterns[query_pick(g, GFS_COUNT(patterns))]);
	if (query_pick(g, 6) == 0)
		query_put(g, " {w: %u}", query_pick(g, 4));
	query_put(g, "]-%s(v%u%s)", direction == 1 ? ">" : "", to, sought ? ":A" : "");
	if (query_pick(g, 4) == 0)
		query_put(g, ", (v%u)-[:V*..2]-(v%u)", to, from);
	if (sought)
		query_put(g, " WHERE v%u.i = %u", to, query_pick(g, 14));
	query_put(g, " ");
	g->rows *= 3;
}

static void put_unwind(struct query_generator *g)
{
	unsigned n;
	if (query_pick(g, 2)) {
		query_put(g, "UNWIND [1, 2, null] AS v%u ", query_declare(g, QUERY_VAR_INTEGER));
	} else if (query_find(g, QUERY_VAR_PATH, &n)) {
		query_put(g, "UNWIND nodes(v%u) AS v%u ", n, g->next);
		(void)query_declare(g, QUERY_VAR_NODE);
	} else {
		query_put(g, "UNWIND range(0, %u) AS v%u ", query_pick(g, 4), g->next);
		(void)query_declare(g, QUERY_VAR_INTEGER);
	}
	g->rows *= 3;
}

/* Every variable in scope, so that rows that are equal in it are equal. */
static void put_order(struct query_generator *g, bool all)
{
	query_put(g, " ORDER BY ");
	for (unsigned i = 0; i < g->count; i++)
		query_put(g, "%sv%u%s", i == 0 ? "" : ", ", g->vars[i].number, query_pick(g, 3) == 0 ? " DESC" : "");
	if (!all && query_pick(g, 3) != 0)
		return;
	if (query_pick(g, 3) == 0)
		query_put(g, " SKIP %u", query_pick(g, 4));
	query_put(g, " LIMIT %u", 1 + query_pick(g, all ? 20 : 6));
	g->rows = 12;
}

/* The variables that an aggregation groups by stay; each expression gets a name. */
static void put_items(struct query_generator *g, bool aggregates)
{
	struct query_var kept[QUERY_VARS_MAX];
	unsigned kept_count = 0, items = 0, fresh = 1 + query_pick(g, 2);
	for (unsigned i = 0; i < g->count && kept_count < QUERY_VARS_MAX - 3; i++) {
		if (query_pick(g, aggregates ? 3 : 2) != 0)
			continue;
		query_put(g, "%sv%u", items++ == 0 ? "" : ", ", g->vars[i].number);
		kept[kept_count++] = g->vars[i];
	}
	for (unsigned i = 0; i < fresh; i++) {
		bool integer = !aggregates && query_pick(g, 2);
		query_put(g, "%s", items++ == 0 ? "" : ", ");
		if (aggregates && (i == 0 || query_pick(g, 2)))
			query_put_aggregate(g);
		else if (integer)
			query_put_integer(g);
		else
			query_put_any(g);
		query_put(g, " AS v%u", g->next);
		kept[kept_count++] = (struct query_var){ integer ? QUERY_VAR_INTEGER : QUERY_VAR_ANY, g->next++ };
	}
	for (unsigned i = 0; i < kept_count; i++)
		g->vars[i] = kept[i];
	g->count = kept_count;
}

static void put_with(struct query_generator *g)
{
	bool aggregates = query_pick(g, 3) == 0, crowd = g->rows > ROWS_MAX / 4;
	query_put(g, "WITH %s", query_pick(g, 4) == 0 ? "DISTINCT " : "");
	if (!aggregates && g->count != 0 && g->count < QUERY_VARS_MANY && query_pick(g, 4) == 0)
		query_put(g, "*");
	else
		put_items(g, aggregates);
	if (crowd || query_pick(g, 4) == 0)
		put_order(g, crowd);
	put_where(g, 4);
	query_put(g, " ");
}

/* CALL { }: one that aggregates, so that each row stays one row. */
static void put_subquery(struct query_generator *g)
{
	unsigned n, count = g->count;
	if (!query_find(g, QUERY_VAR_NODE, &n))
		return;
	struct query_generator inner = *g;
	inner.vars[0] = (struct query_var){ QUERY_VAR_NODE, n };
	inner.count = 1;
	query_put(&inner, "CALL { WITH v%u MATCH (v%u)-[:%c]-(v%u) ", n, n, "TUV"[query_pick(g, 3)], inner.next);
	(void)query_declare(&inner, QUERY_VAR_NODE);
	put_where(&inner, 2);
	query_put(&inner, " RETURN ");
	query_put_aggregate(&inner);
	query_put(&inner, " AS v%u } ", inner.next);
	g->next = inner.next;
	g->count = count;
	(void)query_declare(g, QUERY_VAR_ANY);
}

static void put_reading_clauses(struct query_generator *g, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (g->rows > ROWS_MAX / 4 || g->count > QUERY_VARS_MANY) {
			put_with(g);
			continue;
		}
		switch (query_pick(g, i == 0 ? 5 : 11)) {
		case 0:
			put_unwind(g);
			break;
		case 5:
		case 6:
			put_with(g);
			break;
		case 7:
			put_subquery(g);
			break;
		case 9:
		case 10:
			put_between(g);
			break;
		default:
			put_match(g);
			break;
		}
	}
}

/* The first nodes of a label by a property that may be in an index, or its least and largest. */
static void put_first(struct query_generator *g)
{
	unsigned n = query_declare(g, QUERY_VAR_NODE);
	char key = "xmis"[query_pick(g, 4)];
	query_put(g, "MATCH (v%u:A)", n);
	if (query_pick(g, 3) == 0) {
		query_put(g, "-[:%c]->(v%u)", "TU"[query_pick(g, 2)], g -> next);
		(void)query_declare(g, QUERY_VAR_NODE);
	}
	if (query_pick(g, 4) == 0)
		query_put(g, " WHERE v%u.%c IS NOT NULL", n, key);
	else if (query_pick(g, 4) == 0)
		query_put(g, " WHERE v%u.%c >= %s", n, key, key == 's' ? "'s2'" : "2");
	else
		put_where(g, 3);
	if (query_pick(g, 3) == 0) {
		g->count = 0;
		query_put(g, " WITH");
		for (unsigned i = query_pick(g, 3); i > 0; i--)
			query_put(g, " max(v%u.%c) AS v%u,", n, "xmis"[query_pick(g, 4)], g -> next++);
		query_put(g, " %s(v%u.%c) AS v%u ", query_pick(g, 2) ? "max" : "min", n, key, g->next);
		(void)query_declare(g, QUERY_VAR_ANY);
		g->rows = 1;
		return;
	}
	query_put(g, query_pick(g, 2) ? " WITH * ORDER BY v%u.%c" : " WITH DISTINCT * ORDER BY v%u.%c", n, key);
	query_put(g, "%s", query_pick(g, 2) ? " DESC" : "");
	for (unsigned i = 0; i < g->count; i++)
		query_put(g, ", v%u%s", g->vars[i].number, query_pick(g, 3) == 0 ? " DESC" : "");
	query_put(g, " LIMIT %u ", 1 + query_pick(g, 8));
	g->rows = 8;
}

static void put_return(struct query_generator *g)
{
	bool aggregates = query_pick(g, 3) == 0;
	query_put(g, "RETURN %s", query_pick(g, 5) == 0 ? "DISTINCT " : "");
	put_items(g, aggregates);
	if (query_pick(g, 3) == 0)
		put_order(g, false);
}

static void put_union(struct query_generator *g)
{
	for (unsigned i = 0; i < 2; i++) {
		g->count = 0;
		g->rows = 1;
		put_reading_clauses(g, 1 + query_pick(g, 2));
		query_put(g, "RETURN ");
		query_put_any(g);
		query_put(g, " AS a, ");
		query_put_integer(g);
		query_put(g, " AS b%s", i == 1 ? "" : query_pick(g, 2) ? " UNION ALL " : " UNION ");
	}
}

void query_generate_reading(struct rng *rng, struct gfs_buf *out)
{
	struct query_generator g = { .rng = rng, .out = out, .rows = 1 };
	if (query_pick(&g, 6) == 0) {
		put_union(&g);
	} else {
		if (query_pick(&g, 4) == 0)
			put_first(&g);
		put_reading_clauses(&g, 1 + query_pick(&g, 4));
		put_return(&g);
	}
	gfs_buf_append_u8(out, '\0');
}

void query_generate_predicate(struct rng *rng, struct gfs_buf *match, struct gfs_buf *predicate)
{
	struct query_generator g = { .rng = rng, .out = match, .rows = 1 };
	put_reading_clauses(&g, 1 + query_pick(&g, 2));
	if (g.count == 0)
		put_unwind(&g);
	query_put(&g, "WITH * ");
	gfs_buf_append_u8(match, '\0');
	g.out = predicate;
	query_put_boolean(&g);
	gfs_buf_append_u8(predicate, '\0');
}

/* ---- writing clauses ---- */

/* Each sets from every row the same, or adds something up. */
static void put_set(struct query_generator *g, unsigned n)
{
	switch (query_pick(g, 8)) {
	case 0:
		query_put(g, "SET v%u.x = %u", n, query_pick(g, 6));
		break;
	case 1:
		query_put(g, "SET v%u.c = coalesce(v%u.c, 0) + 1", n, n);
		break;
	case 2:
		query_put(g, "SET v%u:%s", n, (const char *const[]){ "A", "B", "D", "A:D" }[query_pick(g, 4)]);
		break;
	case 3:
		query_put(g, "SET v%u += {x: v%u.i + 1, s: null}", n, n);
		break;
	case 4:
		query_put(g, "REMOVE v%u:%c", n, "AB"[query_pick(g, 2)]);
		break;
	case 5:
		query_put(g, "REMOVE v%u.%c", n, "xsm"[query_pick(g, 3)]);
		break;
	case 6:
		query_put(g, "SET v%u = {i: v%u.i, y: %u}", n, n, query_pick(g, 3));
		break;
	default:
		query_put(g, "FOREACH (e IN [1, 2] | SET v%u.c = coalesce(v%u.c, 0) + e CREATE (:F {x: e}))", n, n);
		break;
	}
}

static void put_merge(struct query_generator *g, unsigned n, unsigned m)
{
	switch (query_pick(g, 4)) {
	case 0:
		query_put(g, "MERGE (m:M {x: v%u.i %% 3}) ON CREATE SET m.c = 1 ON MATCH SET m.c = m.c + 1", n);
		break;
	case 1:
		query_put(g, "MERGE (v%u)-[r:V]->(v%u) ON CREATE SET r.made = true", n, m);
		break;
	case 2:
		query_put(g, "MERGE (v%u)-[r:W]->(v%u) ON MATCH SET r.c = coalesce(r.c, 0) + 1", n, m);
		break;
	default:
		query_put(g, "MERGE (a:A {i: v%u.i}) SET a.c = coalesce(a.c, 0) + 1", n);
		break;
	}
}

static void put_create(struct query_generator *g, unsigned n, unsigned m)
{
	switch (query_pick(g, 3)) {
	case 0:
		query_put(g, "CREATE (:A {x: v%u.x, i: v%u.i + 100})-[:T {w: 1}]->(v%u)", n, n, m);
		break;
	case 1:
		query_put(g, "CREATE (v%u)-[:T {w: v%u.i}]->(v%u)", n, m, m);
		break;
	default:
		query_put(g, "CREATE (:K {of: v%u.i})<-[:U]-(:B {x: %u})", n, query_pick(g, 6));
		break;
	}
}

/* `last`: nothing looks at the graph after it. */
static void put_delete(struct query_generator *g, unsigned n, bool last)
{
	unsigned r;
	if (query_find(g, QUERY_VAR_REL, &r) && query_pick(g, 2))
		query_put(g, "DELETE v%u", r);
	else
		query_put(g, last && query_pick(g, 2) ? "DELETE v%u" : "DETACH DELETE v%u", n);
	/* What is gone must not be looked at. */
	query_put(g, " WITH count(*) AS v%u", g->next);
	g->count = 0;
	(void)query_declare(g, QUERY_VAR_INTEGER);
}

static void put_writing_clause(struct query_generator *g, bool last)
{
	unsigned n, m;
	if (!query_find(g, QUERY_VAR_NODE, &n)) {
		query_put(g, "CREATE (v%u:A {i: 200, x: 2}) ", g->next);
		(void)query_declare(g, QUERY_VAR_NODE);
		return;
	}
	if (!query_find(g, QUERY_VAR_NODE, &m))
		m = n;
	switch (query_pick(g, 8)) {
	case 0:
	case 1:
		put_create(g, n, m);
		break;
	case 2:
		put_merge(g, n, m);
		break;
	case 3:
		put_delete(g, n, last);
		break;
	default:
		put_set(g, n);
		break;
	}
	query_put(g, " ");
}

/* A variable that is null now and then must not be created at: MATCH only. */
static void put_plain_match(struct query_generator *g)
{
	query_put(g, "MATCH ");
	query_put_path(g, 2, true);
	put_where(g, 2);
	query_put(g, " ");
}

void query_generate_writing(struct rng *rng, struct gfs_buf *out)
{
	struct query_generator g = { .rng = rng, .out = out, .rows = 1 };
	for (unsigned i = 1 + query_pick(&g, 2); i > 0; i--) {
		put_plain_match(&g);
		for (unsigned k = 1 + query_pick(&g, 2); k > 0; k--)
			put_writing_clause(&g, i == 1 && k == 1);
		if (i > 1)
			query_put(&g, "WITH * ");
	}
	query_put(&g, "RETURN ");
	query_put_aggregate(&g);
	query_put(&g, " AS a");
	gfs_buf_append_u8(out, '\0');
}
