/* Which slots an operator reads and which it defines. */
#include "query/plan_private.h"

static void add_slot(struct gfs_symset set, uint32_t slot)
{
	if (slot != GFS_SLOT_NONE)
		gfs_symset_add(set, slot);
}

static void add_slots(struct gfs_symset set, struct gfs_slots slots)
{
	for (uint32_t i = 0; i < slots.count; i++)
		gfs_symset_add(set, slots.ids[i]);
}

/* ---- expressions of an operator ---- */

static int each_set(struct gfs_plan_set *items, uint32_t count, gfs_plan_item_fn fn, void *context)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < count; i++) {
		err = fn(context, &items[i].target);
		if (err == 0)
			err = fn(context, &items[i].key);
		if (err == 0)
			err = fn(context, &items[i].value);
	}
	return err;
}

static int each(struct gfs_plan_item *items, uint32_t count, gfs_plan_item_fn fn, void *context)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < count; i++)
		err = fn(context, &items[i]);
	return err;
}

static int each_of_aggregate(struct gfs_plan_node *node, gfs_plan_item_fn fn, void *context)
{
	int err = each(node->aggregate.keys, node->aggregate.key_count, fn, context);
	for (uint32_t i = 0; err == 0 && i < node->aggregate.aggregate_count; i++)
		err = each(node->aggregate.aggregates[i].args, node->aggregate.aggregates[i].arg_count, fn, context);
	return err;
}

static int each_of_create(struct gfs_plan_node *node, gfs_plan_item_fn fn, void *context)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < node->create.count; i++)
		err = fn(context, &node->create.entities[i].properties);
	if (err == 0)
		err = each_set(node->create.on_create, node->create.on_create_count, fn, context);
	if (err == 0)
		err = each_set(node->create.on_match, node->create.on_match_count, fn, context);
	return err;
}

int gfs_plan_each_item(struct gfs_plan_node *node, gfs_plan_item_fn fn, void *context)
{
	int err;
	switch (node->kind) {
	case GFS_PLAN_KEY_SEEK:
	case GFS_PLAN_ID_SEEK:
	case GFS_PLAN_INDEX_SEEK:
	case GFS_PLAN_INDEX_RANGE:
	case GFS_PLAN_INDEX_ORDER:
		err = fn(context, &node->scan.value);
		return err != 0 ? err : fn(context, &node->scan.upper);
	case GFS_PLAN_VAR_EXPAND:
	case GFS_PLAN_SHORTEST:
		return each(node->rel.filters, node->rel.filter_count, fn, context);
	case GFS_PLAN_FILTER:
	case GFS_PLAN_PROJECT:
	case GFS_PLAN_SORT:
	case GFS_PLAN_TOP:
		err = each(node->list.items, node->list.count, fn, context);
		if (err == 0 && node->kind == GFS_PLAN_TOP)
			err = fn(context, &node->list.amount);
		return err != 0 || node->kind != GFS_PLAN_TOP ? err : fn(context, &node->list.skip);
	case GFS_PLAN_AGGREGATE:
		return each_of_aggregate(node, fn, context);
	case GFS_PLAN_SKIP:
	case GFS_PLAN_LIMIT:
	case GFS_PLAN_UNWIND:
		return fn(context, &node->item);
	case GFS_PLAN_TRANSACTIONS:
		return fn(context, &node->apply.amount);
	case GFS_PLAN_CREATE:
	case GFS_PLAN_MERGE:
		return each_of_create(node, fn, context);
	case GFS_PLAN_SET:
	case GFS_PLAN_REMOVE:
		return each_set(node->set.items, node->set.count, fn, context);
	case GFS_PLAN_DELETE:
		return each(node->del.items, node->del.count, fn, context);
	case GFS_PLAN_FOREACH:
		return fn(context, &node->foreach.list);
	case GFS_PLAN_CALL:
		return each(node->call.args, node->call.arg_count, fn, context);
	case GFS_PLAN_LOAD_CSV:
		err = fn(context, &node->csv.url);
		return err != 0 ? err : fn(context, &node->csv.separator);
	default:
		return 0;
	}
}

/* ---- uses ---- */

static int item_uses(void *context, struct gfs_plan_item *item)
{
	if (item->expr != NULL)
		gfs_plan_uses(*(struct gfs_symset *)context, item->expr);
	return 0;
}

static void known_uses(const struct gfs_plan_node *node, struct gfs_symset set)
{
	for (const struct gfs_plan_known *known = node->known; known != NULL; known = known->next)
		gfs_symset_add(set, known->slot);
}

static void rel_uses(const struct gfs_plan_node *node, struct gfs_symset set)
{
	const struct gfs_plan_rel *rel = &node->rel;
	add_slots(set, rel->others);
	if (node->kind == GFS_PLAN_REL_ENDS || rel->bound)
		gfs_symset_add(set, rel->slot);
	if (node->kind == GFS_PLAN_TYPE_SCAN || node->kind == GFS_PLAN_REL_ENDS)
		return;
	gfs_symset_add(set, rel->from);
	if (rel->into)
		gfs_symset_add(set, rel->to);
}

void gfs_plan_node_uses(const struct gfs_plan_node *node, struct gfs_symset set)
{
	/* Nothing is changed by looking. */
	(void)gfs_plan_each_item((struct gfs_plan_node *)(uintptr_t)node, item_uses, &set);
	known_uses(node, set);
	switch (node->kind) {
	case GFS_PLAN_TYPE_SCAN:
	case GFS_PLAN_REL_ENDS:
	case GFS_PLAN_EXPAND:
	case GFS_PLAN_VAR_EXPAND:
	case GFS_PLAN_SHORTEST:
		rel_uses(node, set);
		break;
	case GFS_PLAN_HASH_JOIN:
		add_slots(set, node->hash.left);
		add_slots(set, node->hash.right);
		break;
	case GFS_PLAN_DISTINCT:
	case GFS_PLAN_RESULT:
		add_slots(set, node->slots);
		break;
	case GFS_PLAN_CREATE:
	case GFS_PLAN_MERGE:
		for (uint32_t i = 0; i < node->create.count; i++)
			if (node->create.entities[i].is_rel) {
				add_slot(set, node->create.entities[i].from);
				add_slot(set, node->create.entities[i].to);
			}
		break;
	default:
		break;
	}
}

void gfs_plan_tree_uses(const struct gfs_plan_node *node, struct gfs_symset set)
{
	for (; node != NULL; node = node->input) {
		gfs_plan_node_uses(node, set);
		if (node->right != NULL)
			gfs_plan_tree_uses(node->right, set);
		if (node->kind != GFS_PLAN_UNION)
			continue;
		for (uint32_t i = 0; i < node->join.count; i++) {
			add_slots(set, node->join.columns[i]);
			gfs_plan_tree_uses(node->join.parts[i], set);
		}
	}
}

/* ---- defines ---- */

static void rel_defines(const struct gfs_plan_node *node, struct gfs_symset set)
{
	const struct gfs_plan_rel *rel = &node->rel;
	if (node->kind != GFS_PLAN_REL_ENDS && !rel->bound)
		gfs_symset_add(set, rel->slot);
	if (node->kind == GFS_PLAN_TYPE_SCAN || node->kind == GFS_PLAN_REL_ENDS)
		gfs_symset_add(set, rel->from);
	if (!rel->into)
		gfs_symset_add(set, rel->to);
}

static void items_define(const struct gfs_plan_item *items, uint32_t count, struct gfs_symset set)
{
	for (uint32_t i = 0; i < count; i++)
		add_slot(set, items[i].slot);
}

static void create_defines(const struct gfs_plan_node *node, struct gfs_symset set)
{
	for (uint32_t i = 0; i < node->create.count; i++)
		gfs_symset_add(set, node->create.entities[i].slot);
	if (node->right != NULL)
		gfs_plan_tree_defines(node->right, set);
}

void gfs_plan_defines(const struct gfs_plan_node *node, struct gfs_symset set)
{
	switch (node->kind) {
	case GFS_PLAN_ALL_NODES:
	case GFS_PLAN_LABEL_SCAN:
	case GFS_PLAN_KEY_SEEK:
	case GFS_PLAN_ID_SEEK:
	case GFS_PLAN_INDEX_SEEK:
	case GFS_PLAN_INDEX_RANGE:
	case GFS_PLAN_INDEX_ORDER:
		gfs_symset_add(set, node->scan.slot);
		break;
	case GFS_PLAN_TYPE_SCAN:
	case GFS_PLAN_REL_ENDS:
	case GFS_PLAN_EXPAND:
	case GFS_PLAN_VAR_EXPAND:
	case GFS_PLAN_SHORTEST:
		rel_defines(node, set);
		break;
	case GFS_PLAN_PROJECT:
		items_define(node->list.items, node->list.count, set);
		break;
	case GFS_PLAN_AGGREGATE:
		items_define(node->aggregate.keys, node->aggregate.key_count, set);
		for (uint32_t i = 0; i < node->aggregate.aggregate_count; i++)
			gfs_symset_add(set, node->aggregate.aggregates[i].slot);
		break;
	case GFS_PLAN_COUNT_STORE:
		gfs_symset_add(set, node->count.slot);
		break;
	case GFS_PLAN_UNWIND:
		add_slot(set, node->item.slot);
		break;
	case GFS_PLAN_TRANSACTIONS:
		gfs_plan_tree_defines(node->right, set);
		add_slot(set, node->apply.status);
		break;
	case GFS_PLAN_APPLY:
	case GFS_PLAN_HASH_JOIN:
	case GFS_PLAN_OPTIONAL:
		gfs_plan_tree_defines(node->right, set);
		break;
	case GFS_PLAN_UNION:
		add_slots(set, node->join.out);
		break;
	case GFS_PLAN_CREATE:
	case GFS_PLAN_MERGE:
		create_defines(node, set);
		break;
	case GFS_PLAN_CALL:
		for (uint32_t i = 0; i < node->call.column_count; i++)
			gfs_symset_add(set, node->call.slots[i]);
		break;
	case GFS_PLAN_LOAD_CSV:
		gfs_symset_add(set, node->csv.slot);
		break;
	default:
		break;
	}
}

void gfs_plan_tree_defines(const struct gfs_plan_node *node, struct gfs_symset set)
{
	for (; node != NULL; node = node->input)
		gfs_plan_defines(node, set);
}
