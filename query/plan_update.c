/* CREATE, MERGE, SET, REMOVE, DELETE, FOREACH. Each sees all rows before the next operator sees any: an EAGER below and above, which rewrite_eager.c takes
 * out where nothing can collide. */
#include "query/plan_private.h"

#include "store/catalog.h"

#include <assert.h>

/* ---- what is created ---- */

static uint32_t count_names(const struct gfs_ast_label_expr *labels)
{
	if (labels == NULL)
		return 0;
	return labels->kind == GFS_LABEL_NAME ? 1 : count_names(labels->left) + count_names(labels->right);
}

static void collect_names(
	struct gfs_planner *planner, uint8_t kind, const struct gfs_ast_label_expr *labels, struct gfs_plan_names *names)
{
	if (labels == NULL)
		return;
	if (labels->kind == GFS_LABEL_NAME) {
		names->ids[names->count++] = gfs_plan_name(planner, kind, labels->name);
		return;
	}
	collect_names(planner, kind, labels->left, names);
	collect_names(planner, kind, labels->right, names);
}

static struct gfs_plan_names names_of(
	struct gfs_planner *planner, uint8_t kind, const struct gfs_ast_label_expr *labels)
{
	struct gfs_plan_names names = { .ids = gfs_plan_alloc(planner, count_names(labels) * sizeof *names.ids) };
	if (names.ids != NULL)
		collect_names(planner, kind, labels, &names);
	return names;
}

struct creating {
	struct gfs_planner *planner;
	struct gfs_symset made; /* what has a value already */
	struct gfs_plan_entity *entities;
	uint32_t count;
};

static void create_node(struct creating *c, const struct gfs_ast_node *node)
{
	if (gfs_symset_has(c->made, node->symbol->id))
		return;
	gfs_symset_add(c->made, node->symbol->id);
	c->entities[c->count++] = (struct gfs_plan_entity){
		.slot = node->symbol->id,
		.names = names_of(c->planner, GFS_CATALOG_LABEL, node->labels),
		.properties = { .expr = node->properties, .slot = GFS_SLOT_NONE },
		.pos = node->pos,
	};
}

static void create_rel(struct creating *c, const struct gfs_ast_part *part, uint32_t i)
{
	const struct gfs_ast_rel *rel = &part->rels[i];
	bool left = rel->direction == GFS_AST_IN;
	gfs_symset_add(c->made, rel->symbol->id);
	c->entities[c->count++] = (struct gfs_plan_entity){
		.slot = rel->symbol->id,
		.is_rel = true,
		.names = names_of(c->planner, GFS_CATALOG_TYPE, rel->types),
		.from = part->nodes[left ? i + 1 : i].symbol->id,
		.to = part->nodes[left ? i : i + 1].symbol->id,
		.properties = { .expr = rel->properties, .slot = GFS_SLOT_NONE },
		.pos = rel->pos,
	};
}

/* Nodes of a part before its relationships. */
static bool entities_of(struct creating *c, const struct gfs_ast_pattern *pattern)
{
	uint32_t places = 0;
	for (uint32_t i = 0; i < pattern->count; i++)
		places += pattern->parts[i].rel_count * 2 + 1;
	c->entities = gfs_plan_alloc(c->planner, places * sizeof *c->entities);
	if (c->entities == NULL)
		return false;
	for (uint32_t i = 0; i < pattern->count; i++) {
		const struct gfs_ast_part *part = &pattern->parts[i];
		for (uint32_t k = 0; k <= part->rel_count; k++)
			create_node(c, &part->nodes[k]);
		for (uint32_t k = 0; k < part->rel_count; k++)
			create_rel(c, part, k);
	}
	return c->planner->err == 0;
}

static struct gfs_plan_node *create(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clause, struct gfs_symset available)
{
	struct creating c = { .planner = planner, .made = available };
	struct gfs_plan_node *node = gfs_plan_node_new(planner, GFS_PLAN_CREATE, input);
	if (node == NULL || !entities_of(&c, &clause->create.pattern))
		return NULL;
	node->create.entities = c.entities;
	node->create.count = c.count;
	return gfs_plan_paths(planner, node, &clause->create.pattern, available);
}

/* ---- SET and REMOVE ---- */

static struct gfs_plan_item item_of(const struct gfs_ast_expr *expr)
{
	return (struct gfs_plan_item){ .expr = expr, .slot = GFS_SLOT_NONE };
}

static struct gfs_plan_set set_of(struct gfs_planner *planner, const struct gfs_ast_set_item *item)
{
	struct gfs_plan_set set = { .kind = item->kind, .target = item_of(item->target), .value = item_of(item->value) };
	if (item->kind == GFS_SET_PROPERTY) {
		assert(item->target->kind == GFS_AST_PROPERTY || item->target->kind == GFS_AST_INDEX);
		set.target = item_of(item->target->args[0]);
		if (item->target->kind == GFS_AST_PROPERTY)
			set.name = gfs_plan_name(planner, GFS_CATALOG_KEY, item->target->name);
		else
			set.key = item_of(item->target->args[1]);
	}
	set.labels = gfs_plan_names_of(planner, GFS_CATALOG_LABEL, item->labels, item->label_count);
	return set;
}

static struct gfs_plan_set *sets_of(struct gfs_planner *planner, const struct gfs_ast_set_item *items, uint32_t count)
{
	struct gfs_plan_set *sets = gfs_plan_alloc(planner, count * sizeof *sets);
	for (uint32_t i = 0; sets != NULL && i < count; i++)
		sets[i] = set_of(planner, &items[i]);
	return sets;
}

static struct gfs_plan_node *set(
	struct gfs_planner *planner, struct gfs_plan_node *input, const struct gfs_ast_clause *clause)
{
	struct gfs_plan_node *node = gfs_plan_node_new(
		planner, clause->kind == GFS_CLAUSE_SET ? GFS_PLAN_SET : GFS_PLAN_REMOVE, input);
	if (node == NULL)
		return NULL;
	node->set.items = sets_of(planner, clause->set.items, clause->set.count);
	node->set.count = clause->set.count;
	return node;
}

/* ---- the others ---- */

static struct gfs_plan_node *merge(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clause, struct gfs_symset available)
{
	struct gfs_plan_exprs predicates = { 0 };
	struct creating c = { .planner = planner, .made = gfs_symset_copy(planner->arena, available) };
	struct gfs_plan_node *node = gfs_plan_node_new(planner, GFS_PLAN_MERGE, input);
	if (node == NULL || c.made.words == NULL || !entities_of(&c, &clause->merge.pattern))
		return gfs_plan_failed(planner, GFS_ERR_NOMEM);
	node->create.entities = c.entities;
	node->create.count = c.count;
	node->create.on_create = sets_of(planner, clause->merge.on_create, clause->merge.on_create_count);
	node->create.on_create_count = clause->merge.on_create_count;
	node->create.on_match = sets_of(planner, clause->merge.on_match, clause->merge.on_match_count);
	node->create.on_match_count = clause->merge.on_match_count;
	struct gfs_ast_pattern bare = clause->merge.pattern;
	struct gfs_ast_part part = bare.parts[0];
	part.symbol = NULL; /* the path is projected above */
	bare.parts = &part;
	node->right = gfs_plan_pattern(planner, gfs_plan_argument(planner), &bare, &predicates, available);
	return node->right == NULL ? NULL : gfs_plan_paths(planner, node, &clause->merge.pattern, available);
}

static struct gfs_plan_node *delete (
	struct gfs_planner *planner, struct gfs_plan_node *input, const struct gfs_ast_clause *clause)
{
	struct gfs_plan_node *node = gfs_plan_node_new(planner, GFS_PLAN_DELETE, input);
	struct gfs_plan_item *items = gfs_plan_alloc(planner, clause->del.count * sizeof *items);
	if (node == NULL || items == NULL)
		return NULL;
	for (uint32_t i = 0; i < clause->del.count; i++)
		items[i] = item_of(clause->del.exprs[i]);
	node->del.items = items;
	node->del.count = clause->del.count;
	node->del.detach = clause->del.detach;
	return node;
}

static struct gfs_plan_node *foreach (struct gfs_planner *planner, struct gfs_plan_node * input,
	const struct gfs_ast_clause *clause, struct gfs_symset available)
{
	struct gfs_symset inside = gfs_symset_copy(planner->arena, available);
	struct gfs_plan_node *node = gfs_plan_node_new(planner, GFS_PLAN_FOREACH, input);
	if (node == NULL || inside.words == NULL)
		return gfs_plan_failed(planner, GFS_ERR_NOMEM);
	node->foreach.list = item_of(clause->foreach.list);
	node->foreach.slot = clause->foreach.symbol->id;
	gfs_symset_add(inside, node->foreach.slot);
	node->right = gfs_plan_clauses(
		planner, gfs_plan_argument(planner), clause->foreach.clauses, clause->foreach.count, inside);
	return node->right == NULL ? NULL : node;
}

static struct gfs_plan_node *update(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clause, struct gfs_symset available)
{
	switch (clause->kind) {
	case GFS_CLAUSE_CREATE:
		return create(planner, input, clause, available);
	case GFS_CLAUSE_MERGE:
		return merge(planner, input, clause, available);
	case GFS_CLAUSE_SET:
	case GFS_CLAUSE_REMOVE:
		return set(planner, input, clause);
	case GFS_CLAUSE_DELETE:
		return delete (planner, input, clause);
	default:
		assert(clause->kind == GFS_CLAUSE_FOREACH);
		return foreach (planner, input, clause, available);
	}
}

struct gfs_plan_node *gfs_plan_update(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clause, struct gfs_symset available)
{
	return gfs_plan_eager(planner, update(planner, gfs_plan_eager(planner, input), clause, available));
}
