/* Random operations through the graph's API against arrays that say what must be there. Each round runs in a child that opens the database,
 * compares everything, goes on, and then either closes it or is killed: what was committed must be there in the next round, down to
 * the times, and nothing else.
 *
 * Once with the caches as they are by default or small, and once with each of the sixteen ways to switch their layers off, the others so small
 * that they evict all the time. The writer compares as well, in the middle of its transactions.
 *
 * Once with the caches as they are by default, or small; and once with each of the sixteen ways to switch their layers off, those that are on so
 * small that they evict all the time. The writer compares too, in the middle of its transactions.
 *
 * GFS_SEED repeats a run; GFS_MODEL_OPS makes it longer. */
#include "tests/unit/graph_fixture.h"
#include "tests/unit/index_check.h"

#include "base/checked.h"
#include "base/clock.h"
#include "graph/label_expr.h"
#include "tests/support/scale.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { NODES = 120, RELS = 400, LABELS = 8, TYPES = 4, KEYS = 10, TEXT_ARENA = 1 << 29 };

struct text {
	const uint8_t *data;
	size_t size;
};

struct prop {
	bool there;
	enum gfs_type declared;
	struct text text;
};

struct node {
	bool there;
	uint64_t id;
	struct text key; /* size 0: none */
	bool labels[LABELS];
	bool made[2][TYPES];
	struct prop props[KEYS];
	uint16_t mode;
};

struct rel {
	bool there;
	uint64_t id;
	unsigned type, start, end; /* of the arrays */
	struct prop props[KEYS];
};

struct model {
	struct node nodes[NODES];
	struct rel rels[RELS];
	bool label_made[LABELS];
};

/* Shared with the children. */
struct shared {
	struct model model;
	uint64_t digest;
	bool has_digest;
	uint64_t random;
	uint64_t ops, refused, index_entries;
	size_t used;
	uint16_t labels[LABELS], types[TYPES], keys[KEYS];
	uint8_t arena[];
};

static struct shared *shared;
static struct model *model; /* the one being changed */

/* ---- randomness ---- */

static uint64_t next_random(void)
{
	shared->random += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = shared->random;
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static unsigned below(unsigned n)
{
	return (unsigned)(next_random() % n);
}

static uint8_t *new_bytes(size_t size)
{
	REQUIRE(shared->used + size < TEXT_ARENA);
	uint8_t *p = shared->arena + shared->used;
	shared->used += size;
	return p;
}

static struct text text_of(const void *data, size_t size)
{
	uint8_t *p = new_bytes(size);
	if (size != 0)
		memcpy(p, data, size);
	return (struct text){ p, size };
}

static struct gfs_slice slice_of(struct text t)
{
	return gfs_slice(t.data, t.size);
}

/* Texts that are near every boundary: types, the row's limit, a page. */
static struct text random_text(void)
{
	static const char *const texts[] = { "", "\n", "30\n", "30", "-1\n", "030\n", "true\n", "1.5\n", "1.5", "NaN\n",
		"abc\n", "abc", "[1, 2]\n", "[1, 2, 'a']\n", "\xff\xfe", "caf\xc3\xa9\n", "\xc3" };
	if (below(3) != 0) {
		const char *t = texts[below(GFS_COUNT(texts))];
		return text_of(t, strlen(t));
	}
	static const unsigned sizes[] = { 10, 100, 1020, 1022, 1023, 1024, 1025, 1030, 5000, 8100, 20000 };
	size_t size = sizes[below(GFS_COUNT(sizes))];
	uint8_t *p = new_bytes(size);
	unsigned style = below(4);
	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(style == 0 ? next_random()
				: style == 1        ? (unsigned char)"0123, []"[below(8)]
									: (unsigned char)('a' + below(26)));
	if (style == 3)
		p[size - 1] = '\n';
	return (struct text){ p, size };
}

/* ---- the model of a property ---- */

static enum gfs_type type_under(struct text t, enum gfs_type declared)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value v;
	if (declared != GFS_TYPE_NULL && gfs_value_parse(declared, slice_of(t), &arena, &v) == 0)
		return declared;
	gfs_value_infer(slice_of(t), &v);
	return v.type;
}

static struct text spliced(struct text old, uint64_t offset, struct text data)
{
	size_t size = GFS_MAX(old.size, offset + data.size);
	uint8_t *p = new_bytes(size);
	memset(p, 0, size);
	if (old.size != 0)
		memcpy(p, old.data, old.size);
	memcpy(p + offset, data.data, data.size);
	return (struct text){ p, size };
}

static struct text cut(struct text old, size_t size)
{
	uint8_t *p = new_bytes(size);
	memset(p, 0, size);
	if (size != 0 && old.size != 0)
		memcpy(p, old.data, GFS_MIN(size, old.size));
	return (struct text){ p, size };
}

/* ---- comparing ---- */

static void compare_prop(struct gfs_graph *g, struct gfs_entity e, uint16_t key, const struct prop *p)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_prop_info info;
	struct gfs_value value;
	static uint8_t bytes[1 << 20];
	size_t got;
	OK(gfs_prop_stat(g, e, key, &info));
	REQUIRE(info.size == p->text.size);
	OK(gfs_prop_read(g, e, key, 0, bytes, sizeof bytes, &got));
	REQUIRE(got == p->text.size && (got == 0 || memcmp(bytes, p->text.data, got) == 0));
	if (got > 3) {
		OK(gfs_prop_read(g, e, key, got / 2, bytes, 2, &got));
		REQUIRE(got == 2 && memcmp(bytes, p->text.data + p->text.size / 2, 2) == 0);
	}
	OK(gfs_prop_get(g, e, key, &arena, &value));
	REQUIRE(value.type == type_under(p->text, p->declared));
	bool unsettled;
	OK(gfs_prop_is_unsettled(g, e, key, &unsettled));
	if (p->declared != 0 && value.type != p->declared && p->text.size != 0)
		REQUIRE(unsettled);
}

static void compare_props(struct gfs_graph *g, struct gfs_entity e, const struct prop *props)
{
	struct gfs_prop_info infos[KEYS + 1];
	size_t count, expected = 0;
	for (unsigned k = 0; k < KEYS; k++) {
		struct gfs_prop_info info;
		if (props[k].there) {
			compare_prop(g, e, shared->keys[k], &props[k]);
			expected++;
		} else {
			REQUIRE(gfs_prop_stat(g, e, shared->keys[k], &info) == GFS_ERR_NOTFOUND);
		}
	}
	OK(gfs_prop_list(g, e, 1, infos, GFS_COUNT(infos), &count));
	REQUIRE(count == expected);
}

static int by_entry(const void *a, const void *b)
{
	const struct gfs_adj_entry *x = a, *y = b;
	if (x->other != y->other)
		return x->other < y->other ? -1 : 1;
	return (x->rel > y->rel) - (x->rel < y->rel);
}

static void compare_pair(struct gfs_graph *g, uint64_t id, enum gfs_direction dir, uint16_t type,
	const struct gfs_adj_entry *entries, size_t count)
{
	uint64_t rels[RELS];
	size_t n, expected = 0;
	uint64_t other = entries[below((unsigned)count)].other;
	OK(gfs_rels_pair(g, id, dir, type, other, rels, RELS, &n));
	for (size_t i = 0; i < count; i++) {
		if (entries[i].other == other) {
			REQUIRE(expected < n && rels[expected] == entries[i].rel);
			expected++;
		}
	}
	REQUIRE(n == expected);
	uint64_t few[2];
	OK(gfs_rels_pair(g, id, dir, type, other, few, GFS_COUNT(few), &n));
	REQUIRE(n == expected && memcmp(few, rels, GFS_MIN(n, GFS_COUNT(few)) * sizeof *few) == 0);
}

/* Some at a time. */
static void compare_parts(struct gfs_graph *g, uint64_t id, enum gfs_direction dir, uint16_t type,
	const struct gfs_adj_entry *entries, size_t count)
{
	struct gfs_adj_entry part[4], from = { 0 };
	for (size_t at = 0, n; at < count; at += n) {
		OK(gfs_rels_list(g, id, dir, type, from, part, 1 + below(GFS_COUNT(part)), &n));
		REQUIRE(n > 0 && at + n <= count && memcmp(part, entries + at, n * sizeof *part) == 0);
		from = (struct gfs_adj_entry){ part[n - 1].other, part[n - 1].rel + 1 };
	}
}

static void compare_folder(struct gfs_graph *g, unsigned n, enum gfs_direction dir, unsigned type)
{
	struct gfs_adj_entry expected[RELS], got[RELS + 1];
	struct gfs_adj_type info;
	size_t count = 0, got_count;
	for (unsigned i = 0; i < RELS; i++) {
		const struct rel *r = &model->rels[i];
		if (r->there && r->type == type && (dir == GFS_OUT ? r->start : r->end) == n)
			expected[count++] = (struct gfs_adj_entry){ model->nodes[dir == GFS_OUT ? r->end : r->start].id, r->id };
	}
	qsort(expected, count, sizeof *expected, by_entry);
	OK(gfs_rels_list(
		g, model->nodes[n].id, dir, shared->types[type], (struct gfs_adj_entry){ 0 }, got, RELS + 1, &got_count));
	REQUIRE(got_count == count && memcmp(got, expected, count * sizeof *got) == 0);
	OK(gfs_rels_type(g, model->nodes[n].id, dir, shared->types[type], &info));
	REQUIRE(info.count == count && info.made == model->nodes[n].made[dir][type]);
	compare_parts(g, model->nodes[n].id, dir, shared->types[type], got, count);
	if (count != 0)
		compare_pair(g, model->nodes[n].id, dir, shared->types[type], got, count);
}

/* Two at a time. */
static void compare_types(struct gfs_graph *g, uint64_t id, enum gfs_direction dir, const bool *made)
{
	struct gfs_adj_type got[2], one;
	size_t n, shown = 0;
	for (unsigned t = 0; t < TYPES; t++) {
		OK(gfs_rels_type(g, id, dir, shared->types[t], &one));
		if (one.count == 0 && !made[t])
			continue;
		uint16_t from = shown == 0 ? 1 : (uint16_t)(got[0].type + 1u);
		OK(gfs_rels_types(g, id, dir, from, got, 1 + below(2), &n));
		REQUIRE(n > 0 && got[0].type == one.type && got[0].made == one.made);
		REQUIRE(got[0].count == one.count && got[0].mtime_ns == one.mtime_ns);
		shown++;
	}
	OK(gfs_rels_types(g, id, dir, shown == 0 ? 1 : (uint16_t)(got[0].type + 1u), got, 2, &n));
	REQUIRE(n == 0);
}

static void compare_node(struct gfs_graph *g, unsigned n)
{
	const struct node *m = &model->nodes[n];
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	struct gfs_node_record r;
	uint16_t labels[LABELS + 1];
	size_t count, expected = 0;
	uint64_t id;
	OK(gfs_node_get(g, m->id, &r));
	REQUIRE(r.mode == m->mode);
	if (m->key.size != 0) {
		OK(gfs_node_key(g, m->id, &key));
		REQUIRE(gfs_slice_equal(gfs_buf_slice(&key), slice_of(m->key)));
		OK(gfs_node_find(g, slice_of(m->key), &id));
		REQUIRE(id == m->id);
	} else {
		REQUIRE(gfs_node_key(g, m->id, &key) == GFS_ERR_NODATA);
	}
	OK(gfs_node_labels(g, m->id, labels, LABELS + 1, &count));
	for (unsigned l = 0; l < LABELS; l++) {
		if (m->labels[l])
			REQUIRE(expected < count && labels[expected++] == shared->labels[l]);
	}
	REQUIRE(count == expected);
	compare_props(g, node_entity(m->id), m->props);
	for (unsigned t = 0; t < TYPES; t++) {
		compare_folder(g, n, GFS_OUT, t);
		compare_folder(g, n, GFS_IN, t);
	}
	compare_types(g, m->id, GFS_OUT, m->made[GFS_OUT]);
	compare_types(g, m->id, GFS_IN, m->made[GFS_IN]);
}

static void compare_label(struct gfs_graph *g, unsigned l)
{
	uint64_t ids[NODES + 1];
	struct gfs_catalog_entry entry;
	size_t count, expected = 0;
	for (unsigned n = 0; n < NODES; n++)
		expected += model->nodes[n].there && model->nodes[n].labels[l];
	OK(gfs_label_nodes(g, shared->labels[l], 1, ids, NODES + 1, &count));
	REQUIRE(count == expected);
	OK(gfs_catalog_get(gfs_graph_catalog(g), GFS_CATALOG_LABEL, shared->labels[l], &entry));
	REQUIRE(entry.count == expected && entry.made == model->label_made[l]);
}

/* A random expression over labels or types. */
static struct gfs_set_expr random_expr(enum gfs_idset_kind kind)
{
	struct gfs_set_expr expr = GFS_SET_EXPR_INIT(kind);
	for (unsigned terms = 1 + below(12); terms > 0 || expr.open > 1; terms -= terms > 0) {
		static const enum gfs_set_op ops[] = { GFS_SET_NAME, GFS_SET_ANY, GFS_SET_NOT, GFS_SET_AND, GFS_SET_OR };
		const uint16_t *names = kind == GFS_IDSET_LABEL ? shared->labels : shared->types;
		enum gfs_set_op op = terms == 0 ? GFS_SET_AND : below(2) == 0 ? GFS_SET_NAME : ops[below(GFS_COUNT(ops))];
		int err = gfs_set_expr_push(&expr, op, names[below(kind == GFS_IDSET_LABEL ? LABELS : TYPES)]);
		REQUIRE(err == 0 || (err == GFS_ERR_INVALID && op >= GFS_SET_NOT));
		if (expr.open == 0)
			terms++;
	}
	return expr;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* Whole lists, in parts. */
static void compare_label_expr(struct gfs_graph *g)
{
	struct gfs_set_expr expr = random_expr(GFS_IDSET_LABEL);
	uint64_t expected[NODES], got[NODES], from = 0, total;
	size_t count = 0, n;
	for (unsigned i = 0; i < NODES; i++) {
		const struct node *m = &model->nodes[i];
		uint16_t labels[LABELS];
		size_t has_count = 0;
		bool has;
		for (unsigned l = 0; l < LABELS; l++) {
			if (m->labels[l])
				labels[has_count++] = shared->labels[l];
		}
		if (!m->there)
			continue;
		OK(gfs_label_expr_has(g, &expr, m->id, &has));
		REQUIRE(has == gfs_set_expr_holds(&expr, labels, has_count));
		if (has)
			expected[count++] = m->id;
	}
	qsort(expected, count, sizeof *expected, by_number);
	for (size_t at = 0; at <= count; at += n) {
		OK(gfs_label_expr_nodes(g, &expr, from, got, 1 + below(NODES), &n));
		REQUIRE(at + n <= count && memcmp(got, expected + at, n * sizeof *got) == 0 && (n > 0 || at == count));
		if (n == 0)
			break;
		from = got[n - 1] + 1;
	}
	OK(gfs_label_expr_count(g, &expr, &total));
	REQUIRE(total == count);
	gfs_set_expr_release(&expr);
}

static void compare_type_expr(struct gfs_graph *g)
{
	struct gfs_set_expr expr = random_expr(GFS_IDSET_TYPE);
	uint64_t expected[RELS], got[RELS + 1], total;
	size_t count = 0, n;
	for (unsigned i = 0; i < RELS; i++) {
		const struct rel *r = &model->rels[i];
		bool has;
		if (!r->there)
			continue;
		OK(gfs_type_expr_has(g, &expr, r->id, &has));
		REQUIRE(has == gfs_set_expr_holds(&expr, &shared->types[r->type], 1));
		if (has)
			expected[count++] = r->id;
	}
	qsort(expected, count, sizeof *expected, by_number);
	OK(gfs_type_expr_rels(g, &expr, 0, got, RELS + 1, &n));
	REQUIRE(n == count && memcmp(got, expected, n * sizeof *got) == 0);
	OK(gfs_type_expr_count(g, &expr, &total));
	REQUIRE(total == count);
	gfs_set_expr_release(&expr);
}

/* The graph lock is held, either way. */
static void compare_held(struct gfs_graph *g)
{
	struct gfs_node_record r;
	uint64_t id, found = 0, expected = 0;
	for (unsigned n = 0; n < NODES; n++) {
		if (model->nodes[n].there) {
			compare_node(g, n);
			expected++;
		}
	}
	for (uint64_t from = 1; gfs_node_next(g, from, &id, &r) == 0; from = id + 1)
		found++;
	REQUIRE(found == expected);
	for (unsigned i = 0; i < RELS; i++) {
		if (model->rels[i].there)
			compare_props(g, rel_entity(model->rels[i].id), model->rels[i].props);
	}
	for (unsigned l = 0; l < LABELS; l++)
		compare_label(g, l);
	for (unsigned i = 0; i < 50; i++) {
		compare_label_expr(g);
		compare_type_expr(g);
	}
}

static void compare_graph(struct gfs_graph *g)
{
	gfs_graph_read_begin(g);
	compare_held(g);
	gfs_graph_read_end(g);
}

/* By the indexes and by the chains. */
static void compare_all(struct gfs_graph *g)
{
	gfs_graph_set_rel_index(g, false);
	compare_graph(g);
	uint64_t digest = graph_digest(g);
	gfs_graph_set_rel_index(g, true);
	compare_graph(g);
	REQUIRE(graph_digest(g) == digest);
}

/* ---- picking ---- */

static struct node *some_node(void)
{
	for (unsigned i = 0, at = below(NODES); i < NODES; i++, at = (at + 1) % NODES) {
		if (model->nodes[at].there)
			return &model->nodes[at];
	}
	return NULL;
}

static struct node *free_node(void)
{
	for (unsigned i = 0; i < NODES; i++) {
		if (!model->nodes[i].there)
			return &model->nodes[i];
	}
	return NULL;
}

static struct rel *some_rel(void)
{
	for (unsigned i = 0, at = below(RELS); i < RELS; i++, at = (at + 1) % RELS) {
		if (model->rels[at].there)
			return &model->rels[at];
	}
	return NULL;
}

static struct rel *free_rel(void)
{
	for (unsigned i = 0; i < RELS; i++) {
		if (!model->rels[i].there)
			return &model->rels[i];
	}
	return NULL;
}

static bool key_taken(struct text key)
{
	for (unsigned i = 0; i < NODES; i++) {
		if (model->nodes[i].there && key.size != 0 && gfs_slice_equal(slice_of(model->nodes[i].key), slice_of(key)))
			return true;
	}
	return false;
}

/* From few enough that they collide; now and then a long one, which the index hashes. */
static struct text random_key(void)
{
	char bytes[1024];
	unsigned which = below(300);
	size_t size = (size_t)snprintf(bytes, sizeof bytes, "key%u", which);
	if (which % 10 == 0) {
		memset(bytes + size, 'x', 710);
		size += 700 + which % 7;
	}
	return which % 13 == 0 ? (struct text){ 0 } : text_of(bytes, size);
}

struct target {
	struct gfs_entity e;
	struct prop *props;
};

static bool some_target(struct target *t)
{
	struct rel *r = below(4) == 0 ? some_rel() : NULL;
	struct node *n = r == NULL ? some_node() : NULL;
	if (r == NULL && n == NULL)
		return false;
	*t = r != NULL ? (struct target){ rel_entity(r->id), r->props } : (struct target){ node_entity(n->id), n->props };
	return true;
}

/* ---- operations: each returns the error it got, having required that it is the one the model expects ---- */

static int expect(int err, int expected)
{
	if (err != expected)
		fprintf(stderr, "got %s, expected %s\n", gfs_err_text(err), gfs_err_text(expected));
	REQUIRE(err == expected);
	return err;
}

static int op_node_create(struct gfs_tx *tx)
{
	struct node *n = free_node();
	struct gfs_node_meta meta = { .mode = (uint16_t)below(01000) };
	struct text key = random_key();
	uint64_t id;
	if (n == NULL)
		return 0;
	int err = gfs_node_create(tx, slice_of(key), &meta, &id);
	if (expect(err, key_taken(key) ? GFS_ERR_EXISTS : 0) != 0)
		return err;
	*n = (struct node){ .there = true, .id = id, .key = key, .mode = meta.mode };
	return 0;
}

static int op_node_delete(struct gfs_tx *tx)
{
	struct node *n = some_node();
	bool detach = below(2) == 0, has = false;
	if (n == NULL)
		return 0;
	unsigned index = (unsigned)(n - model->nodes);
	for (unsigned i = 0; i < RELS; i++)
		has |= model->rels[i].there && (model->rels[i].start == index || model->rels[i].end == index);
	int err = gfs_node_delete(tx, n->id, detach);
	if (expect(err, has && !detach ? GFS_ERR_NOTEMPTY : 0) != 0)
		return err;
	for (unsigned i = 0; i < RELS; i++) {
		if (model->rels[i].start == index || model->rels[i].end == index)
			model->rels[i].there = false;
	}
	n->there = false;
	return 0;
}

static int op_node_key(struct gfs_tx *tx)
{
	struct node *n = some_node();
	struct text key = random_key();
	if (n == NULL)
		return 0;
	bool same = gfs_slice_equal(slice_of(key), slice_of(n->key));
	int err = gfs_node_set_key(tx, n->id, slice_of(key), below(2));
	if (expect(err, !same && key_taken(key) ? GFS_ERR_EXISTS : 0) == 0)
		n->key = key;
	return err;
}

static int op_node_meta(struct gfs_tx *tx)
{
	struct node *n = some_node();
	struct gfs_node_meta meta = { .mode = (uint16_t)below(01000), .mtime_ns = 1000 + below(1000) };
	if (n == NULL)
		return 0;
	OK(gfs_node_set_meta(tx, n->id, GFS_META_MODE | (below(2) ? GFS_META_MTIME : 0u), &meta));
	n->mode = meta.mode;
	return 0;
}

static int op_label_add(struct gfs_tx *tx)
{
	struct node *n = some_node();
	unsigned l = below(LABELS);
	if (n == NULL)
		return 0;
	int err = gfs_node_add_label(tx, n->id, shared->labels[l]);
	expect(err, n->labels[l] ? GFS_ERR_EXISTS : 0);
	n->labels[l] = true;
	return err;
}

static int op_label_remove(struct gfs_tx *tx)
{
	struct node *n = some_node();
	unsigned l = below(LABELS);
	if (n == NULL)
		return 0;
	int err = gfs_node_remove_label(tx, n->id, shared->labels[l]);
	expect(err, n->labels[l] ? 0 : GFS_ERR_NOTFOUND);
	n->labels[l] = false;
	return err;
}

static int op_label_made(struct gfs_tx *tx)
{
	unsigned l = below(LABELS);
	bool made = below(2) == 0;
	OK(gfs_name_set_made(tx, GFS_CATALOG_LABEL, shared->labels[l], made));
	model->label_made[l] = made;
	return 0;
}

static int op_rel_create(struct gfs_tx *tx)
{
	struct rel *r = free_rel();
	/* Few starts, so that there are hubs, parallels and loops. */
	struct node *a = some_node(), *b = below(8) == 0 ? a : some_node();
	unsigned type = below(TYPES);
	uint64_t id;
	if (r == NULL || a == NULL)
		return 0;
	OK(gfs_rel_create(tx, shared->types[type], a->id, b->id, &id));
	*r = (struct rel){ .there = true,
		.id = id,
		.type = type,
		.start = (unsigned)(a - model->nodes),
		.end = (unsigned)(b - model->nodes) };
	return 0;
}

static int op_rel_delete(struct gfs_tx *tx)
{
	struct rel *r = some_rel();
	if (r == NULL)
		return 0;
	OK(gfs_rel_delete(tx, r->id));
	r->there = false;
	return 0;
}

static int op_rel_mtime(struct gfs_tx *tx)
{
	struct rel *r = some_rel();
	if (r != NULL)
		OK(gfs_rel_set_mtime(tx, r->id, below(2000)));
	return 0;
}

static int op_folder(struct gfs_tx *tx)
{
	struct node *n = some_node();
	unsigned type = below(TYPES), dir = below(2);
	bool made = below(2) == 0, has = false;
	if (n == NULL)
		return 0;
	for (unsigned i = 0; i < RELS; i++) {
		const struct rel *r = &model->rels[i];
		has |= r->there && r->type == type && &model->nodes[dir == GFS_OUT ? r->start : r->end] == n;
	}
	int err = gfs_folder_set_made(tx, n->id, (enum gfs_direction)dir, shared->types[type], made);
	if (expect(err, !made && has ? GFS_ERR_NOTEMPTY : 0) == 0)
		n->made[dir][type] = made;
	return err;
}

/* A value and what its file says. */
static void random_value(struct gfs_arena *arena, struct gfs_value *value, struct prop *prop)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	struct text t = random_text();
	*value = (struct gfs_value){ .newline = true };
	switch (below(5)) {
	case 0:
		value->type = GFS_TYPE_INTEGER;
		value->integer = (int64_t)next_random() >> below(64);
		break;
	case 1:
		value->type = GFS_TYPE_FLOAT;
		value->real = below(10) == 0 ? __builtin_nan("") : (double)below(1000) / 8;
		break;
	case 2:
		value->type = GFS_TYPE_LIST;
		value->list.count = below(3) == 0 ? below(600) : below(4);
		value->list.items = gfs_arena_alloc(arena, (value->list.count + 1) * sizeof *value->list.items);
		for (size_t i = 0; i < value->list.count; i++)
			value->list.items[i] = (struct gfs_value){ .type = GFS_TYPE_INTEGER, .integer = below(1000) };
		break;
	default:
		gfs_value_infer(slice_of(t), value);
		if (value->type != GFS_TYPE_BYTES) {
			value->type = GFS_TYPE_STRING;
			value->bytes = slice_of(t);
			/* The file has one newline more than a string that ends in one. */
			value->newline = below(2) == 0 || (t.size != 0 && t.data[t.size - 1] == '\n');
		}
	}
	struct gfs_value declared = *value;
	gfs_value_declare(&declared);
	OK(gfs_value_text(value, &text));
	if (value->newline)
		gfs_buf_append_u8(&text, '\n');
	*prop = (struct prop){
		.there = true,
		.declared = declared.declared ? value->type : GFS_TYPE_NULL,
		.text = text_of(text.data, text.size),
	};
}

static int op_prop_set(struct gfs_tx *tx)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	struct prop prop;
	struct target t;
	unsigned k = below(KEYS);
	if (!some_target(&t))
		return 0;
	random_value(&arena, &value, &prop);
	OK(gfs_prop_set(tx, t.e, shared->keys[k], &value));
	t.props[k] = prop;
	return 0;
}

static int op_prop_remove(struct gfs_tx *tx)
{
	struct target t;
	unsigned k = below(KEYS);
	if (!some_target(&t))
		return 0;
	int err = gfs_prop_remove(tx, t.e, shared->keys[k]);
	expect(err, t.props[k].there ? 0 : GFS_ERR_NOTFOUND);
	t.props[k].there = false;
	return err;
}

static int op_prop_create(struct gfs_tx *tx)
{
	struct target t;
	unsigned k = below(KEYS);
	if (!some_target(&t))
		return 0;
	int err = gfs_prop_create(tx, t.e, shared->keys[k]);
	if (expect(err, t.props[k].there ? GFS_ERR_EXISTS : 0) == 0)
		t.props[k] = (struct prop){ .there = true };
	return err;
}

static int op_prop_write(struct gfs_tx *tx)
{
	struct target t;
	struct text data = random_text();
	unsigned k = below(KEYS);
	if (!some_target(&t))
		return 0;
	struct prop *p = &t.props[k];
	uint64_t offset = below(3) == 0 || p->text.size == 0 ? below(2000)
		: below(2) == 0                                  ? p->text.size
														 : below((unsigned)p->text.size + 1);
	offset = below(2) == 0 ? 0 : offset;
	int err = gfs_prop_write(tx, t.e, shared->keys[k], offset, slice_of(data));
	if (expect(err, p->there ? 0 : GFS_ERR_NOTFOUND) == 0 && data.size != 0)
		p->text = spliced(p->text, offset, data);
	return err;
}

static int op_prop_truncate(struct gfs_tx *tx)
{
	static const unsigned sizes[] = { 0, 0, 0, 1, 2, 100, 1022, 1023, 1024, 1025, 9000, 30000 };
	struct target t;
	unsigned k = below(KEYS), size = sizes[below(GFS_COUNT(sizes))];
	if (!some_target(&t))
		return 0;
	int err = gfs_prop_truncate(tx, t.e, shared->keys[k], size);
	if (expect(err, t.props[k].there ? 0 : GFS_ERR_NOTFOUND) == 0)
		t.props[k].text = cut(t.props[k].text, size);
	return err;
}

static int op_prop_settle(struct gfs_tx *tx)
{
	struct target t;
	unsigned k = below(KEYS);
	bool unsettled;
	if (!some_target(&t))
		return 0;
	struct prop *p = &t.props[k];
	int err = gfs_prop_settle(tx, t.e, shared->keys[k]);
	if (expect(err, p->there ? 0 : GFS_ERR_NOTFOUND) != 0)
		return err;
	if (p->declared != 0 && p->text.size != 0 && type_under(p->text, p->declared) != p->declared)
		p->declared = GFS_TYPE_NULL;
	OK(gfs_prop_is_unsettled(gfs_tx_graph(tx), t.e, shared->keys[k], &unsettled));
	REQUIRE(!unsettled);
	return 0;
}

static int op_prop_type(struct gfs_tx *tx)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	struct target t;
	unsigned k = below(KEYS);
	enum gfs_type type = (enum gfs_type)(1 + below(GFS_TYPE_COUNT - 1));
	if (!some_target(&t))
		return 0;
	struct prop *p = &t.props[k];
	int expected = p->there ? gfs_value_parse(type, slice_of(p->text), &arena, &value) : GFS_ERR_NOTFOUND;
	int err = gfs_prop_set_type(tx, t.e, shared->keys[k], type);
	if (expect(err, expected) == 0)
		p->declared = value.declared ? type : GFS_TYPE_NULL;
	return err;
}

static int op_prop_mtime(struct gfs_tx *tx)
{
	struct target t;
	unsigned k = below(KEYS);
	if (some_target(&t) && t.props[k].there)
		OK(gfs_prop_set_mtime(tx, t.e, shared->keys[k], 500 + below(1000)));
	return 0;
}

static int op_prop_rename(struct gfs_tx *tx)
{
	struct target a, b;
	unsigned from = below(KEYS), to = below(KEYS);
	if (!some_target(&a) || !some_target(&b))
		return 0;
	if (below(2) == 0)
		b = a;
	int err = gfs_prop_rename(tx, a.e, shared->keys[from], b.e, shared->keys[to]);
	if (expect(err, a.props[from].there ? 0 : GFS_ERR_NOTFOUND) != 0)
		return err;
	struct prop moved = a.props[from];
	a.props[from].there = false;
	b.props[to] = moved;
	return 0;
}

static int op_prop_exchange(struct gfs_tx *tx)
{
	struct target a, b;
	unsigned ka = below(KEYS), kb = below(KEYS);
	if (!some_target(&a) || !some_target(&b))
		return 0;
	int err = gfs_prop_exchange(tx, a.e, shared->keys[ka], b.e, shared->keys[kb]);
	if (expect(err, a.props[ka].there && b.props[kb].there ? 0 : GFS_ERR_NOTFOUND) != 0)
		return err;
	struct prop moved = a.props[ka];
	a.props[ka] = b.props[kb];
	b.props[kb] = moved;
	return 0;
}

struct random_props {
	struct gfs_value values[KEYS];
	struct gfs_bulk_prop bulk[KEYS];
	size_t count;
};

static void random_props(struct gfs_arena *arena, struct random_props *r, struct prop *props)
{
	r->count = 0;
	for (unsigned k = KEYS; k-- > 0;) {
		if (below(3) != 0)
			continue;
		random_value(arena, &r->values[k], &props[k]);
		r->bulk[r->count++] = (struct gfs_bulk_prop){ shared->keys[k], &r->values[k] };
	}
}

static int op_bulk_node(struct gfs_tx *tx)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct random_props props;
	struct node *n = free_node();
	struct node made = { .there = true, .key = random_key(), .mode = 0700 };
	struct gfs_node_meta meta = { .mode = 0700 };
	uint16_t labels[LABELS];
	size_t count = 0;
	if (n == NULL)
		return 0;
	for (unsigned l = LABELS; l-- > 0;) {
		made.labels[l] = below(2) == 0;
		if (made.labels[l])
			labels[count++] = shared->labels[l];
	}
	random_props(&arena, &props, made.props);
	int err = gfs_bulk_node(tx, slice_of(made.key), &meta, labels, count, props.bulk, props.count, &made.id);
	if (expect(err, key_taken(made.key) ? GFS_ERR_EXISTS : 0) == 0)
		*n = made;
	return err;
}

static int op_bulk_rel(struct gfs_tx *tx)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct random_props props;
	struct rel *r = free_rel();
	struct node *a = some_node(), *b = below(8) == 0 ? a : some_node();
	if (r == NULL || a == NULL)
		return 0;
	struct rel made = {
		.there = true, .type = below(TYPES), .start = (unsigned)(a - model->nodes), .end = (unsigned)(b - model->nodes)
	};
	random_props(&arena, &props, made.props);
	OK(gfs_bulk_rel(tx, shared->types[made.type], a->id, b->id, below(2) * 77u, props.bulk, props.count, &made.id));
	*r = made;
	return 0;
}

static int op_bulk_finish(struct gfs_tx *tx)
{
	OK(gfs_bulk_finish(tx));
	return 0;
}

/* Indexes come and go; what is in them is compared with the graph, not the model. */
static int op_index_create(struct gfs_tx *tx)
{
	struct gfs_index_info info;
	uint16_t label = shared->labels[below(LABELS)], key = shared->keys[below(KEYS)], id;
	bool there = gfs_index_find(gfs_tx_graph(tx), label, key, &info) == 0;
	return expect(gfs_index_create(tx, label, key, false, (struct gfs_slice){ 0 }, &id), there ? GFS_ERR_EXISTS : 0);
}

static int op_index_drop(struct gfs_tx *tx)
{
	struct gfs_index_info info;
	if (below(4) != 0 || gfs_index_next(gfs_tx_graph(tx), below(20), &info) != 0)
		return 0;
	OK(gfs_index_drop(tx, info.id));
	return 0;
}

static int (*const operations[])(struct gfs_tx *tx) = {
	op_node_create,
	op_node_create,
	op_node_create,
	op_node_create,
	op_node_delete,
	op_node_key,
	op_node_meta,
	op_label_add,
	op_label_add,
	op_label_remove,
	op_label_made,
	op_rel_create,
	op_rel_create,
	op_rel_create,
	op_rel_create,
	op_rel_create,
	op_rel_delete,
	op_rel_mtime,
	op_folder,
	op_prop_set,
	op_prop_set,
	op_prop_remove,
	op_prop_create,
	op_prop_create,
	op_prop_write,
	op_prop_write,
	op_prop_write,
	op_prop_truncate,
	op_prop_settle,
	op_prop_type,
	op_prop_mtime,
	op_prop_rename,
	op_prop_exchange,
	op_bulk_node,
	op_bulk_rel,
	op_bulk_rel,
	op_bulk_finish,
	op_index_create,
	op_index_drop,
};

/* ---- transactions ---- */

/* Runs some operations; an operation that was refused, and now and then one that was not, is taken back. */
static void run_operations(struct gfs_tx *tx)
{
	static struct model before;
	unsigned count = 1 + below(8);
	for (unsigned i = 0; i < count; i++) {
		before = *model;
		struct gfs_txn_mark mark = gfs_tx_mark(tx);
		int err = operations[below(GFS_COUNT(operations))](tx);
		if (err == 0 && below(20) == 0)
			err = operations[below(GFS_COUNT(operations))](tx) != 0 ? GFS_ERR_AGAIN : GFS_ERR_AGAIN;
		shared->ops++;
		shared->refused += err != 0;
		if (err != 0) {
			gfs_tx_rollback_to(tx, mark);
			*model = before;
		}
	}
	if (below(50) == 0) {
		OK(gfs_bulk_finish(tx));
		compare_held(gfs_tx_graph(tx));
	}
}

static void run_transaction(struct gfs_graph *g)
{
	static struct model before;
	struct gfs_changes changes;
	struct gfs_tx *tx;
	uint64_t lsn;
	before = *model;
	OK(gfs_tx_begin(g, &tx));
	run_operations(tx);
	if (below(10) == 0) {
		gfs_tx_abort(tx);
		*model = before;
		return;
	}
	OK(gfs_tx_commit(tx, &lsn, &changes));
	gfs_changes_release(&changes);
	if (below(30) == 0)
		OK(gfs_store_commit_wait(gfs_graph_store(g), lsn));
}

static void make_names(struct gfs_graph *g)
{
	struct gfs_tx *tx;
	char name[16];
	OK(gfs_tx_begin(g, &tx));
	for (unsigned i = 0; i < KEYS; i++) {
		(void)snprintf(name, sizeof name, "n%u", i);
		OK(gfs_name_make(tx, GFS_CATALOG_KEY, gfs_slice_text(name), &shared->keys[i]));
		if (i < LABELS)
			OK(gfs_name_make(tx, GFS_CATALOG_LABEL, gfs_slice_text(name), &shared->labels[i]));
		if (i < TYPES)
			OK(gfs_name_make(tx, GFS_CATALOG_TYPE, gfs_slice_text(name), &shared->types[i]));
	}
	OK(gfs_tx_commit(tx, NULL, NULL));
}

static void round_body(struct fixture *f, void *context)
{
	uint64_t ops = *(uint64_t *)context, until = shared->ops + ops;
	if (shared->has_digest)
		REQUIRE(graph_digest(f->graph) == shared->digest);
	else
		make_names(f->graph);
	compare_all(f->graph);
	shared->index_entries += require_indexes(f->graph);
	while (shared->ops < until) {
		run_transaction(f->graph);
		if (below(200) == 0)
			OK(gfs_store_checkpoint(gfs_graph_store(f->graph)));
		if (below(50) == 0)
			gfs_graph_set_rel_index(f->graph, !gfs_graph_rel_index(f->graph));
		if (below(300) == 0)
			shared->index_entries += require_indexes(f->graph);
	}
	compare_all(f->graph);
	shared->index_entries += require_indexes(f->graph);
	shared->digest = graph_digest(f->graph);
	shared->has_digest = true;
	if (below(3) == 0)
		require_clean(f->graph);
	if (below(3) == 0) {
		fixture_close(f);
	} else if (below(2) == 0) {
		/* Killed in the middle of a transaction, of which nothing may remain. */
		struct model before = *model;
		run_operations(tx_begin(f));
		*model = before;
	}
}

/* The layers of the caches for the next round. `off`: a bit a layer, the others tiny; NULL: as a mount would have them. */
static void set_caches(struct gfs_cache_budget_opts *cache, const unsigned *off)
{
	enum { PAGE_LIMIT_BYTES = 1 << 16, LIMIT_BYTES = 1 << 12 };
	cache->bytes = below(2) == 0 ? 1 << 20 : 0;
	for (unsigned layer = 0; off != NULL && layer < GFS_CACHE_LAYERS; layer++) {
		cache->layers[layer].off = *off >> layer & 1;
		cache->layers[layer].limit_bytes = layer == GFS_CACHE_PAGE ? PAGE_LIMIT_BYTES : LIMIT_BYTES;
	}
}

static void run_model(uint64_t total, const unsigned *off)
{
	const char *seed = getenv("GFS_SEED");
	struct fixture f = { .opts = { .wal_segment_bytes = GFS_WAL_SEGMENT_BYTES_MIN, .checkpoint_log_bytes = 1 << 20 } };
	shared = mmap(
		NULL, sizeof *shared + TEXT_ARENA, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(shared, MAP_FAILED);
	model = &shared->model;
	shared->random = seed != NULL ? strtoull(seed, NULL, 0) : gfs_clock_real_ns();
	print_message("GFS_SEED=%#llx\n", (unsigned long long)shared->random);
	fixture_create(&f);
	for (unsigned round = 0; shared->ops < total; round++) {
		uint64_t count = 1 + below((unsigned)GFS_MIN(total / (off != NULL ? 3 : 10), UINT64_C(100000)));
		f.opts.wal_mode = (enum gfs_wal_mode)(round % 3);
		set_caches(&f.opts.cache, off);
		shared->used = GFS_MIN(shared->used, (size_t)TEXT_ARENA);
		fixture_killed(&f, round_body, &count);
	}
	fixture_open(&f);
	assert_true(graph_digest(f.graph) == shared->digest);
	compare_all(f.graph);
	require_clean(f.graph);
	print_message("%llu operations, %llu refused, %llu index entries compared\n", (unsigned long long)shared->ops,
		(unsigned long long)shared->refused, (unsigned long long)shared->index_entries);
	assert_true(off != NULL || shared->index_entries > 0); /* few operations may make no index */
	fixture_destroy(&f);
	munmap(shared, sizeof *shared + TEXT_ARENA);
}

static uint64_t total_ops(uint64_t usual)
{
	const char *ops = getenv("GFS_MODEL_OPS");
	return ops != NULL ? strtoull(ops, NULL, 0) : usual;
}

static void test_model(void **state)
{
	(void)state;
	run_model(total_ops(GFS_SCALED(20000, 2000)), NULL);
}

static void test_layers(void **state)
{
	(void)state;
	for (unsigned off = 0; off < 1u << GFS_CACHE_LAYERS; off++)
		run_model(total_ops(GFS_SCALED(800, 60)), &off);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_model), cmocka_unit_test(test_layers) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
