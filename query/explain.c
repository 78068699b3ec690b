/* A plan as text. */
#include "query/exec.h"

#include "base/buf.h"
#include "base/clock.h"

struct explaining {
	const struct gfs_plan *plan;
	const struct gfs_profile *profile;
	struct gfs_buf *out;
};

static void names(const struct explaining *e, const struct gfs_plan_names *list, char between)
{
	for (uint32_t i = 0; i < list->count; i++) {
		struct gfs_slice name = e->plan->names[list->ids[i]].text;
		gfs_buf_append_u8(e->out, (uint8_t)(i == 0 ? ':' : between));
		gfs_buf_append(e->out, name.data, name.size);
	}
}

static void text_of(const struct explaining *e, const struct gfs_ast_expr *expr)
{
	if (expr == NULL)
		return;
	if (expr->text.size != 0)
		gfs_buf_append(e->out, expr->text.data, expr->text.size);
	else if (expr->kind == GFS_AST_BINARY && expr->op == GFS_OP_EQ) {
		text_of(e, expr->args[0]);
		gfs_buf_append_text(e->out, " = ");
		text_of(e, expr->args[1]);
	} else if (expr->kind == GFS_AST_PROPERTY || expr->kind == GFS_AST_VARIABLE) {
		if (expr->kind == GFS_AST_PROPERTY) {
			text_of(e, expr->args[0]);
			gfs_buf_append_u8(e->out, '.');
		}
		gfs_buf_append(e->out, expr->name.data, expr->name.size);
	}
}

static void items(const struct explaining *e, const struct gfs_plan_item *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		gfs_buf_append_text(e->out, i == 0 ? " " : ", ");
		text_of(e, list[i].expr);
	}
}

static void rel(const struct explaining *e, const struct gfs_plan_rel *r)
{
	gfs_buf_append_text(e->out, r->direction == GFS_AST_IN ? " <-[" : " -[");
	names(e, &r->types, '|');
	gfs_buf_append_text(e->out, r->direction == GFS_AST_OUT ? "]->" : "]-");
	if (r->into)
		gfs_buf_append_text(e->out, r->from_both ? " (into, from both ends)" : " (into)");
}

static void scan(const struct explaining *e, const struct gfs_plan_node *node)
{
	bool indexed = node->kind == GFS_PLAN_INDEX_SEEK || node->kind == GFS_PLAN_INDEX_RANGE ||
		node->kind == GFS_PLAN_INDEX_ORDER;
	if (indexed || node->kind == GFS_PLAN_LABEL_SCAN)
		names(e, &(struct gfs_plan_names){ (uint32_t[]){ node->scan.label }, 1 }, '&');
	if (indexed) {
		struct gfs_slice key = e->plan->names[node->scan.key].text;
		gfs_buf_printf(e->out, "(%.*s)", (int)key.size, (const char *)key.data);
	}
	if (node->scan.value.expr != NULL && node->kind != GFS_PLAN_INDEX_ORDER)
		items(e, &node->scan.value, 1);
	if (node->scan.descending)
		gfs_buf_append_text(e->out, " descending");
	if (node->scan.nulls)
		gfs_buf_append_text(e->out, node->scan.descending ? ", nulls first" : " nulls last");
}

static void details(const struct explaining *e, const struct gfs_plan_node *node)
{
	switch (node->kind) {
	case GFS_PLAN_LABEL_SCAN:
	case GFS_PLAN_KEY_SEEK:
	case GFS_PLAN_ID_SEEK:
	case GFS_PLAN_INDEX_SEEK:
	case GFS_PLAN_INDEX_RANGE:
	case GFS_PLAN_INDEX_ORDER:
		scan(e, node);
		break;
	case GFS_PLAN_TYPE_SCAN:
	case GFS_PLAN_EXPAND:
	case GFS_PLAN_VAR_EXPAND:
	case GFS_PLAN_SHORTEST:
		rel(e, &node->rel);
		break;
	case GFS_PLAN_FILTER:
	case GFS_PLAN_PROJECT:
	case GFS_PLAN_SORT:
	case GFS_PLAN_TOP:
		items(e, node->list.items, node->list.count);
		if (node->kind == GFS_PLAN_TOP && node->list.in_order)
			gfs_buf_append_text(e->out, " (they come in order)");
		break;
	case GFS_PLAN_AGGREGATE:
		items(e, node->aggregate.keys, node->aggregate.key_count);
		break;
	case GFS_PLAN_SKIP:
	case GFS_PLAN_LIMIT:
	case GFS_PLAN_UNWIND:
		items(e, &node->item, 1);
		break;
	case GFS_PLAN_HASH_JOIN:
		for (uint32_t i = 0; i < node->hash.left.count; i++) {
			gfs_buf_append_text(e->out, i == 0 ? " " : ", ");
			text_of(e, node->hash.equalities[i]);
		}
		break;
	case GFS_PLAN_TRANSACTIONS:
		items(e, &node->apply.amount, 1);
		if (node->apply.on_error != GFS_ON_ERROR_FAIL)
			gfs_buf_append_text(
				e->out, node->apply.on_error == GFS_ON_ERROR_BREAK ? " on error break" : " on error continue");
		break;
	case GFS_PLAN_COUNT_STORE:
		names(e, &node->count.names, '|');
		break;
	default:
		break;
	}
}

/* Its own part: what is below is taken off. */
static uint64_t own(uint64_t all, uint64_t below)
{
	return all > below ? all - below : 0;
}

static void profile_of(const struct explaining *e, const struct gfs_plan_node *node)
{
	static const struct gfs_profile nothing = { 0 };
	const struct gfs_profile *p = &e->profile[node->id];
	const struct gfs_profile *below = node->input == NULL ? &nothing : &e->profile[node->input->id];
	gfs_buf_printf(e->out, "; %llu rows, %.3f ms; pages %llu hits, %llu misses; objects %llu hits, %llu misses",
		(unsigned long long)p->rows, (double)own(p->ns, below->ns) / (double)GFS_NS_PER_MS,
		(unsigned long long)own(p->page_hits, below->page_hits),
		(unsigned long long)own(p->page_misses, below->page_misses),
		(unsigned long long)own(p->object_hits, below->object_hits),
		(unsigned long long)own(p->object_misses, below->object_misses));
}

static void line(const struct explaining *e, const struct gfs_plan_node *node, unsigned int depth)
{
	for (unsigned int i = 0; i < depth; i++)
		gfs_buf_append_text(e->out, "| ");
	gfs_buf_append_text(e->out, gfs_plan_kind_name(node->kind));
	details(e, node);
	gfs_buf_printf(e->out, "  (about %.0f rows", node->rows);
	if (e->profile != NULL)
		profile_of(e, node);
	gfs_buf_append_text(e->out, ")\n");
}

static void tree(const struct explaining *e, const struct gfs_plan_node *node, unsigned int depth)
{
	for (; node != NULL; node = node->input) {
		line(e, node, depth);
		if (node->right != NULL)
			tree(e, node->right, depth + 1);
		for (uint32_t i = 0; node->kind == GFS_PLAN_UNION && i < node->join.count; i++)
			tree(e, node->join.parts[i], depth + 1);
	}
}

void gfs_plan_explain(const struct gfs_plan *plan, const struct gfs_profile *profile, struct gfs_buf *out)
{
	const struct explaining e = { plan, profile, out };
	tree(&e, plan->root, 0);
	for (uint32_t i = 0; i < plan->sub_count; i++) {
		gfs_buf_printf(out, "in expressions, %u:\n", i + 1);
		tree(&e, plan->subs[i], 1);
	}
}
