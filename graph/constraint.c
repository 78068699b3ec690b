/* Constraints. Nodes that lack something after an op are noted, and looked at again when the transaction ends: by then they may have it, may
 * have lost the label, or may be gone. So a note is never taken back. */
#include "graph/constraint.h"
#include "graph/index_private.h"

#include <assert.h>

/* ---- making and finding ---- */

int gfs_constraint_create(struct gfs_tx *tx, uint16_t label, uint16_t key, bool unique, bool required,
	struct gfs_slice name, uint16_t *ret_id)
{
	struct gfs_index_info info;
	assert(unique || required);
	if (unique && gfs_index_find(tx->graph, label, key, &info) == 0)
		return GFS_ERR_EXISTS;
	for (unsigned from = 1; required && gfs_constraint_next(tx->graph, from, &info) == 0; from = info.id + 1u) {
		if (info.required && info.label == label && info.key == key)
			return GFS_ERR_EXISTS;
	}
	unsigned flags = (unique ? GFS_OP_INDEX_UNIQUE : 0) | (required ? GFS_OP_INDEX_REQUIRED : 0);
	return gfs_index_define(tx, label, key, flags, name, ret_id);
}

int gfs_constraint_next(struct gfs_graph *graph, unsigned from, struct gfs_index_info *ret_info)
{
	struct gfs_index_info info;
	int err = gfs_index_rule_next(graph, from, &info);
	while (err == 0 && !info.unique && !info.required)
		err = gfs_index_rule_next(graph, info.id + 1u, &info);
	if (err == 0)
		*ret_info = info;
	return err;
}

int gfs_constraint_find(
	struct gfs_graph *graph, uint16_t label, uint16_t key, bool unique, bool required, struct gfs_index_info *ret_info)
{
	struct gfs_index_info info;
	for (unsigned from = 1; gfs_constraint_next(graph, from, &info) == 0; from = info.id + 1u) {
		if (info.label == label && info.key == key && info.unique == unique && info.required == required) {
			*ret_info = info;
			return 0;
		}
	}
	return GFS_ERR_NOTFOUND;
}

/* ---- keeping ---- */

static bool is_asked_for(const struct gfs_prop_index *index)
{
	return index->required && (index->state == GFS_PROP_READY || index->state == GFS_PROP_BUILDING);
}

int gfs_constraint_is_lacking(
	struct gfs_graph *graph, const struct gfs_prop_index *index, uint64_t node, bool *ret_lacking)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	int err = gfs_prop_ref_load(graph, (struct gfs_entity){ GFS_NODE, node }, index->key, &ref);
	if (err == 0)
		*ret_lacking = !ref.found;
	return err;
}

/* The first definition about the label and key (0: any) that the node does not keep to; NULL when it keeps to all. A node that is gone does. */
static int find_lack(
	struct gfs_graph *graph, uint64_t node, uint16_t label, uint16_t key, const struct gfs_prop_index **ret_index)
{
	const struct gfs_prop_index *index = gfs_prop_index_next(graph->indexes, 1);
	*ret_index = NULL;
	for (; index != NULL; index = gfs_prop_index_next(graph->indexes, index->id + 1u)) {
		bool has = false, lacking = false;
		if (!is_asked_for(index) || (label != 0 && index->label != label) || (key != 0 && index->key != key))
			continue;
		int err = gfs_node_has_label(graph, node, index->label, &has);
		if (err == 0 && has)
			err = gfs_constraint_is_lacking(graph, index, node, &lacking);
		if (err != 0)
			return err == GFS_ERR_NOTFOUND ? 0 : err;
		if (lacking) {
			*ret_index = index;
			return 0;
		}
	}
	return 0;
}

static int note(struct gfs_tx *tx, uint64_t node, uint16_t label, uint16_t key)
{
	const struct gfs_prop_index *index;
	int err = find_lack(tx->graph, node, label, key, &index);
	if (err != 0 || index == NULL)
		return err;
	gfs_buf_append_le64(&tx->lacking, node);
	return gfs_buf_failed(&tx->lacking);
}

int gfs_constraint_note(struct gfs_tx *tx, const struct gfs_op *op)
{
	if (!gfs_prop_indexes_any_required(tx->graph->indexes))
		return 0;
	switch (op->code) {
	case GFS_OP_LABEL_ADD:
		return note(tx, op->id, op->name, 0);
	case GFS_OP_BULK_NODE:
		return note(tx, op->id, 0, 0);
	case GFS_OP_PROP_REMOVE:
	case GFS_OP_PROP_RENAME:
		return op->entity.kind == GFS_NODE ? note(tx, op->entity.id, 0, op->name) : 0;
	default:
		return 0; /* no other op gives a label or takes a property away */
	}
}

int gfs_tx_check(struct gfs_tx *tx)
{
	const struct gfs_prop_index *index;
	struct gfs_slice lacking = gfs_buf_slice(&tx->lacking);
	for (size_t at = 0; at < lacking.size; at += sizeof(uint64_t)) {
		uint64_t node = gfs_get_le64(lacking.data + at);
		int err = find_lack(tx->graph, node, 0, 0, &index);
		if (err != 0)
			return err;
		if (index != NULL) {
			tx->conflict = (struct gfs_index_conflict){ .index = index->id, .node = node, .other = GFS_ID_NONE };
			return GFS_ERR_REQUIRED;
		}
	}
	gfs_buf_clear(&tx->lacking);
	return 0;
}

/* ---- words ---- */

void gfs_constraint_tell_lack(
	struct gfs_graph *graph, const struct gfs_prop_index *index, uint64_t node, struct gfs_message *message)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	struct gfs_catalog_entry label = { 0 }, key = { 0 };
	if (gfs_catalog_get(graph->catalog, GFS_CATALOG_LABEL, index->label, &label) != 0 ||
		gfs_catalog_get(graph->catalog, GFS_CATALOG_KEY, index->key, &key) != 0)
		assert(!"a definition's names are known");
	gfs_buf_printf(&out, "constraint %.*s: node ", (int)index->name.size, (const char *)index->name.data);
	gfs_index_put_node(graph, node, &out);
	gfs_buf_printf(&out, " with the label %.*s would lack the property %.*s", (int)label.name.size,
		(const char *)label.name.data, (int)key.name.size, (const char *)key.name.data);
	(void)gfs_fail(
		message, GFS_ERR_REQUIRED, "%.*s", (int)out.size, (const char *)out.data); /* its answer is its argument */
}
