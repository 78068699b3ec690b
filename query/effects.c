#include "query/effects.h"

#include "query/function.h"

#include "store/catalog.h"

/* More names than this in a statement: everything is assumed to collide. */
#define NAMES_MAX 4096u

bool gfs_effects_init(struct gfs_planner *planner, struct gfs_effects *effects)
{
	*effects = (struct gfs_effects){ .reads = gfs_symset_new(planner->arena, NAMES_MAX),
		.writes = gfs_symset_new(planner->arena, NAMES_MAX),
		.changes = gfs_symset_new(planner->arena, NAMES_MAX) };
	if (effects->reads.words != NULL && effects->writes.words != NULL && effects->changes.words != NULL)
		return true;
	(void)gfs_plan_failed(planner, GFS_ERR_NOMEM);
	return false;
}

static void read_flag(struct gfs_effects *effects, unsigned int flags)
{
	effects->read_flags |= flags | GFS_EFFECT_SOME;
}

static void write_flag(struct gfs_effects *effects, unsigned int flags)
{
	effects->write_flags |= flags | GFS_EFFECT_SOME;
}

static unsigned int some_of(uint8_t kind)
{
	return kind == GFS_CATALOG_TYPE ? GFS_EFFECT_SOME_TYPE
		: kind == GFS_CATALOG_KEY   ? GFS_EFFECT_SOME_KEY
									: GFS_EFFECT_SOME_LABEL;
}

static void read_name(struct gfs_planner *planner, struct gfs_effects *effects, uint32_t name)
{
	if (name < NAMES_MAX)
		gfs_symset_add(effects->reads, name);
	else
		read_flag(effects, GFS_EFFECT_EVERYTHING);
	read_flag(effects, some_of(planner->plan->names[name].kind));
}

static void write_name(struct gfs_planner *planner, struct gfs_effects *effects, uint32_t name)
{
	if (name < NAMES_MAX)
		gfs_symset_add(effects->writes, name);
	else
		write_flag(effects, GFS_EFFECT_EVERYTHING);
	write_flag(effects, some_of(planner->plan->names[name].kind));
}

static void change_name(struct gfs_planner *planner, struct gfs_effects *effects, uint32_t name)
{
	write_name(planner, effects, name);
	if (name < NAMES_MAX)
		gfs_symset_add(effects->changes, name);
}

/* ---- expressions ---- */

struct reading {
	struct gfs_planner *planner;
	struct gfs_effects *effects;
};

static void read_labels(struct reading *reading, const struct gfs_ast_label_expr *labels)
{
	if (labels == NULL)
		return;
	if (labels->kind == GFS_LABEL_NAME) {
		read_name(reading->planner, reading->effects, gfs_plan_name(reading->planner, GFS_CATALOG_LABEL, labels->name));
		return;
	}
	if (labels->kind == GFS_LABEL_ANY)
		read_flag(reading->effects, GFS_EFFECT_LABELS);
	read_labels(reading, labels->left);
	read_labels(reading, labels->right);
}

static bool reads_graph(const struct gfs_ast_expr *call)
{
	const struct gfs_function *function = gfs_function_find(call->name);
	return function != NULL && (function->flags & GFS_FUNCTION_GRAPH) != 0;
}

static bool read_expr(void *context, const struct gfs_ast_expr *expr)
{
	struct reading *reading = context;
	switch (expr->kind) {
	case GFS_AST_PROPERTY:
		read_name(reading->planner, reading->effects, gfs_plan_name(reading->planner, GFS_CATALOG_KEY, expr->name));
		break;
	case GFS_AST_INDEX:
	case GFS_AST_MAP_PROJECTION:
		read_flag(reading->effects, GFS_EFFECT_PROPERTIES);
		break;
	case GFS_AST_HAS_LABELS:
		read_labels(reading, expr->labels);
		break;
	case GFS_AST_CALL:
		/* labels(), keys(), key() and kin may look at all of an entity. */
		if (reads_graph(expr))
			read_flag(reading->effects, GFS_EFFECT_PROPERTIES | GFS_EFFECT_LABELS);
		break;
	case GFS_AST_PATTERN:
	case GFS_AST_PATTERN_COMPREHENSION:
	case GFS_AST_EXISTS:
	case GFS_AST_COUNT:
	case GFS_AST_COLLECT:
		read_flag(reading->effects, GFS_EFFECT_EVERYTHING);
		break;
	default:
		break;
	}
	return true;
}

static int read_item(void *context, struct gfs_plan_item *item)
{
	const struct gfs_ast_walker walker = { .expr = read_expr, .context = context };
	if (item->expr != NULL)
		gfs_ast_walk_expr(&walker, item->expr);
	return 0;
}

/* ---- operators ---- */

static void add_rel(struct gfs_planner *planner, const struct gfs_plan_rel *rel, struct gfs_effects *effects)
{
	if (rel->types.count == 0)
		read_flag(effects, GFS_EFFECT_RELS);
	for (uint32_t i = 0; i < rel->types.count; i++)
		read_name(planner, effects, rel->types.ids[i]);
}

/* Properties of what is new are seen by nobody who does not find it by a label or type. */
static void add_entities(struct gfs_planner *planner, const struct gfs_plan_node *node, struct gfs_effects *effects)
{
	for (uint32_t i = 0; i < node->create.count; i++) {
		const struct gfs_plan_entity *entity = &node->create.entities[i];
		if (!entity->is_rel)
			write_flag(effects, GFS_EFFECT_NODES);
		else
			read_flag(effects, 0); /* its ends */
		for (uint32_t k = 0; k < entity->names.count; k++)
			write_name(planner, effects, entity->names.ids[k]);
	}
}

static void add_sets(
	struct gfs_planner *planner, const struct gfs_plan_set *sets, uint32_t count, struct gfs_effects *effects)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct gfs_plan_set *set = &sets[i];
		read_flag(effects, 0);
		if (set->kind == GFS_SET_PROPERTY && set->key.expr == NULL)
			change_name(planner, effects, set->name);
		else if (set->kind != GFS_SET_LABELS)
			write_flag(effects, GFS_EFFECT_PROPERTIES);
		for (uint32_t k = 0; k < set->labels.count; k++)
			change_name(planner, effects, set->labels.ids[k]);
	}
}

static void add_own(struct gfs_planner *planner, const struct gfs_plan_node *node, struct gfs_effects *effects)
{
	switch (node->kind) {
	case GFS_PLAN_ALL_NODES:
	case GFS_PLAN_KEY_SEEK:
	case GFS_PLAN_ID_SEEK:
		read_flag(effects, GFS_EFFECT_NODES);
		break;
	case GFS_PLAN_INDEX_SEEK:
	case GFS_PLAN_INDEX_RANGE:
	case GFS_PLAN_INDEX_ORDER:
		read_name(planner, effects, node->scan.key);
		read_name(planner, effects, node->scan.label);
		break;
	case GFS_PLAN_LABEL_SCAN:
		read_name(planner, effects, node->scan.label);
		break;
	case GFS_PLAN_TYPE_SCAN:
	case GFS_PLAN_EXPAND:
	case GFS_PLAN_VAR_EXPAND:
	case GFS_PLAN_SHORTEST:
		add_rel(planner, &node->rel, effects);
		break;
	case GFS_PLAN_REL_ENDS:
		read_flag(effects, 0);
		break;
	case GFS_PLAN_CREATE:
	case GFS_PLAN_MERGE:
		add_entities(planner, node, effects);
		add_sets(planner, node->create.on_create, node->create.on_create_count, effects);
		add_sets(planner, node->create.on_match, node->create.on_match_count, effects);
		break;
	case GFS_PLAN_SET:
	case GFS_PLAN_REMOVE:
		add_sets(planner, node->set.items, node->set.count, effects);
		break;
	case GFS_PLAN_DELETE:
		write_flag(effects, GFS_EFFECT_DELETES);
		break;
	case GFS_PLAN_COUNT_STORE:
		if (node->count.names.count == 0)
			read_flag(effects, node->count.relationships ? GFS_EFFECT_RELS : GFS_EFFECT_NODES);
		for (uint32_t i = 0; i < node->count.names.count; i++)
			read_name(planner, effects, node->count.names.ids[i]);
		break;
	case GFS_PLAN_CALL:
		read_flag(effects, GFS_EFFECT_EVERYTHING);
		break;
	default:
		break;
	}
}

static void add_tree(struct gfs_planner *planner, const struct gfs_plan_node *node, struct gfs_effects *effects)
{
	for (; node != NULL; node = node->input)
		gfs_effects_add(planner, node, effects);
}

void gfs_effects_add(struct gfs_planner *planner, const struct gfs_plan_node *node, struct gfs_effects *effects)
{
	struct reading reading = { planner, effects };
	/* Nothing is changed by looking. */
	(void)gfs_plan_each_item((struct gfs_plan_node *)(uintptr_t)node, read_item, &reading);
	add_own(planner, node, effects);
	add_tree(planner, node->right, effects);
	for (uint32_t i = 0; node->kind == GFS_PLAN_UNION && i < node->join.count; i++)
		add_tree(planner, node->join.parts[i], effects);
}

bool gfs_effects_collide(const struct gfs_effects *reader, const struct gfs_effects *writer)
{
	unsigned int reads = reader->read_flags, writes = writer->write_flags;
	if ((writes & GFS_EFFECT_DELETES) != 0 && reads != 0)
		return true;
	if ((reads & GFS_EFFECT_NODES) != 0 && (writes & GFS_EFFECT_NODES) != 0)
		return true;
	if ((reads & GFS_EFFECT_RELS) != 0 && (writes & (GFS_EFFECT_RELS | GFS_EFFECT_SOME_TYPE)) != 0)
		return true;
	if ((reads & GFS_EFFECT_PROPERTIES) != 0 && (writes & (GFS_EFFECT_PROPERTIES | GFS_EFFECT_SOME_KEY)) != 0)
		return true;
	if ((writes & GFS_EFFECT_PROPERTIES) != 0 && (reads & GFS_EFFECT_SOME_KEY) != 0)
		return true;
	if ((reads & GFS_EFFECT_LABELS) != 0 && (writes & (GFS_EFFECT_LABELS | GFS_EFFECT_SOME_LABEL)) != 0)
		return true;
	if ((reader->write_flags & GFS_EFFECT_PROPERTIES) != 0 &&
		(writes & (GFS_EFFECT_PROPERTIES | GFS_EFFECT_SOME_KEY)) != 0)
		return true;
	return gfs_symset_meets(reader->reads, writer->writes) || gfs_symset_meets(reader->changes, writer->changes);
}
