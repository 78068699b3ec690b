/* A node as one JSON object: key, id, labels, properties, and its relationships by direction and type. Made for people and for jq: values are
 * plain. A relationship is {"key": the other node's key or null, "node": its id, "id": the relationship's id, "properties": {..}}.
 *
 * The text must not tell anybody what the files do not. Properties with an owner and mode of their own, and relationships from nodes with another
 * mode, narrow who may read the text. Only those of somebody else's relationships, who shall not decide that, are left out instead, unless everyone
 * who may read the node may read them. */
#include "graph/owner.h"
#include "graph/rel_walk.h"

#include "base/checked.h"

#define READ_BITS 0444u

/* Who reads the text: owner, group and others of the node, as far as `mode` has their bit. */
struct readers {
	uint32_t uid, gid;
	unsigned mode;
};

/* Whether something with this access is shown to them; narrows them to those who may see it. `own`: it is the node's, whoever owns it. */
static bool admit(struct readers *readers, const struct gfs_access *access, bool own)
{
	bool same = readers->uid == access->uid && readers->gid == access->gid;
	if (same)
		readers->mode &= access->mode;
	else if ((access->mode & READ_BITS) != READ_BITS && own)
		readers->mode = 0; /* for root alone */
	return same || own || (access->mode & READ_BITS) == READ_BITS;
}

/* The files of a relationship follow the node it starts at. To get at one takes r of the file and x of the folder, which have the same mode. */
static bool admit_from(struct readers *readers, const struct gfs_node_record *start)
{
	struct gfs_access access = {
		.uid = start->uid, .gid = start->gid, .mode = (uint16_t)(start->mode & (unsigned)start->mode << 2 & READ_BITS)
	};
	return admit(readers, &access, false);
}

static void put_key(struct gfs_slice key, struct gfs_buf *out)
{
	if (key.size == 0)
		gfs_buf_append_text(out, "null");
	else
		gfs_json_string(key, out);
}

static int put_name(struct gfs_graph *graph, enum gfs_catalog_kind kind, uint16_t id, struct gfs_buf *out)
{
	struct gfs_catalog_entry entry;
	int err = gfs_catalog_get(graph->catalog, kind, id, &entry);
	if (err == 0)
		gfs_json_string(entry.name, out);
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err;
}

static int put_properties(
	struct gfs_graph *graph, const struct gfs_row *row, struct readers *readers, bool own, struct gfs_buf *out)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_slice at = row->items;
	struct gfs_row_item item;
	const char *separator = "";
	int err;
	gfs_buf_append_text(out, "\"properties\":{");
	while ((err = gfs_row_next(&at, &item)) == 0) {
		struct gfs_value value;
		if (item.has_access && !admit(readers, &item.access, own))
			continue;
		gfs_buf_append_text(out, separator);
		separator = ",";
		err = put_name(graph, GFS_CATALOG_KEY, item.key, out);
		gfs_buf_append_u8(out, ':');
		if (err == 0)
			err = gfs_item_value(graph, &item, &arena, &value);
		if (err == 0)
			err = gfs_value_json(&value, true, out);
		if (err != 0)
			return err;
		gfs_arena_clear(&arena);
	}
	gfs_buf_append_u8(out, '}');
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

static int put_labels(struct gfs_graph *graph, uint64_t id, struct gfs_buf *out)
{
	uint16_t labels[GFS_LABELS_PER_NODE_MAX];
	size_t count;
	int err = gfs_node_labels(graph, id, labels, GFS_LABELS_PER_NODE_MAX, &count);
	gfs_buf_append_text(out, "\"labels\":[");
	for (size_t i = 0; err == 0 && i < count; i++) {
		if (i > 0)
			gfs_buf_append_u8(out, ',');
		err = put_name(graph, GFS_CATALOG_LABEL, labels[i], out);
	}
	gfs_buf_append_u8(out, ']');
	return err;
}

static int put_relationship(struct gfs_graph *graph, const struct gfs_adj_entry *entry, enum gfs_direction dir,
	struct readers *readers, struct gfs_buf *out)
{
	struct gfs_owner other, rel;
	GFS_AUTO_ROW other_row = GFS_ROW_REF_INIT;
	GFS_AUTO_ROW rel_row = GFS_ROW_REF_INIT;
	int err = gfs_owner_look(graph, (struct gfs_entity){ GFS_NODE, entry->other }, &other, &other_row);
	if (err == 0)
		err = gfs_owner_look(graph, (struct gfs_entity){ GFS_REL, entry->rel }, &rel, &rel_row);
	if (err != 0)
		return err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err;
	gfs_buf_append_text(out, "{\"key\":");
	put_key(other_row.row.key, out);
	gfs_buf_printf(
		out, ",\"node\":%llu,\"id\":%llu,", (unsigned long long)entry->other, (unsigned long long)entry->rel);
	bool own = dir == GFS_OUT;
	if (own || rel_row.row.count == 0 || admit_from(readers, &other.node))
		err = put_properties(graph, &rel_row.row, readers, own, out);
	else
		gfs_buf_append_text(out, "\"properties\":{}");
	gfs_buf_append_u8(out, '}');
	return err;
}

/* Relationships of a type, which may come in several runs: the list is left open. */
static int put_run(struct gfs_graph *graph, const struct gfs_rels_run *run, enum gfs_direction dir, bool first,
	struct readers *readers, struct gfs_buf *out)
{
	int err = 0;
	for (size_t i = 0; err == 0 && i < run->count; i++) {
		if (!first || i > 0)
			gfs_buf_append_u8(out, ',');
		err = put_relationship(graph, &run->entries[i], dir, readers, out);
	}
	return err;
}

static int put_direction(
	struct gfs_graph *graph, uint64_t id, enum gfs_direction dir, struct readers *readers, struct gfs_buf *out)
{
	GFS_AUTO_RELS_WALK walk;
	struct gfs_rels_run run;
	uint16_t type = 0; /* whose list is open; 0: none */
	int err;
	gfs_buf_append_text(out, dir == GFS_OUT ? "\"out\":{" : "\"in\":{");
	gfs_rels_walk_init(&walk, graph);
	gfs_rels_walk_start(&walk, id, dir, 0);
	while ((err = gfs_rels_walk_next(&walk, &run)) == 0) {
		bool first = run.type != type;
		if (first) {
			gfs_buf_append_text(out, type == 0 ? "" : "],");
			err = put_name(graph, GFS_CATALOG_TYPE, run.type, out);
			gfs_buf_append_text(out, ":[");
			type = run.type;
		}
		if (err == 0)
			err = put_run(graph, &run, dir, first, readers, out);
		if (err != 0)
			return err;
	}
	gfs_buf_append_text(out, type == 0 ? "}" : "]}");
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

int gfs_node_json(struct gfs_graph *graph, uint64_t id, struct gfs_buf *out, uint16_t *ret_mode)
{
	struct gfs_owner owner;
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	int err = gfs_owner_look(graph, (struct gfs_entity){ GFS_NODE, id }, &owner, &ref);
	if (err != 0)
		return err;
	struct readers readers = { owner.node.uid, owner.node.gid, owner.node.mode & READ_BITS };
	gfs_buf_append_text(out, "{\"key\":");
	put_key(ref.row.key, out);
	gfs_buf_printf(out, ",\"id\":%llu,", (unsigned long long)id);
	err = put_labels(graph, id, out);
	gfs_buf_append_u8(out, ',');
	if (err == 0)
		err = put_properties(graph, &ref.row, &readers, true, out);
	gfs_buf_append_u8(out, ',');
	if (err == 0)
		err = put_direction(graph, id, GFS_OUT, &readers, out);
	gfs_buf_append_u8(out, ',');
	if (err == 0)
		err = put_direction(graph, id, GFS_IN, &readers, out);
	gfs_buf_append_text(out, "}\n");
	if (err == 0)
		err = gfs_buf_failed(out);
	if (err == 0 && ret_mode != NULL)
		*ret_mode = (uint16_t)readers.mode;
	return err;
}
