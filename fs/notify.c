/* Kernel-cache coherence: which inodes a change of the graph makes stale, and telling the kernel.
 *
 * Invariants (the protocol of the kernel's caches):
 *  K1  Every entry and attribute is cached for ever; whatever changes one of them tells the kernel before the change is replied to.
 *  K2  No lock is held while telling. Invalidating contents may wait for a pending READ, READLINK or WRITE of that inode, so the thread steps
 *      aside first and another one can serve it. READ and READLINK handlers never wait for a change.
 *  K3  Only inodes that the kernel was ever told of need telling.
 *  K4  A reply with attributes may still be on its way to its caller, whose inode the kernel has not made: telling finds nothing, and the stale
 *      attributes would stay. Such inodes are told again for a while.
 *  K5  A WRITE waits for no WRITE: two of them, to two inodes of one property (opened, renamed, opened again), would wait for each other, since
 *      the kernel holds the pages that it is writing. The other inodes lose their attributes at once, whose new mtime makes read(2) drop the pages,
 *      and their pages (which matter to mappings) in the background.
 *  K6  A folder whose listing changed has a later mtime than ever before (raised.h where no record says so), or the kernel goes on with the listing that
 *      it keeps; and while two readers may be filling that listing at once, an mtime that it keeps for no moment (gfs_exposed_heat). */
#include "base/checked.h"
#include "base/clock.h"
#include "fs/files.h"
#include "fs/fs_private.h"
#include "fs/raised.h"
#include "fs/retell.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define BATCH 256u

/* How often an inode that is being made is looked for at once, before that is left to the background. */
#define SPINS 20u
#define SPIN_NS 5000

static int tell_once(struct gfs_fs *fs, uint64_t nodeid, bool contents)
{
	atomic_fetch_add_explicit(&fs->notifications, 1, memory_order_relaxed);
	return fuse_lowlevel_notify_inval_inode(fs->session, nodeid, contents ? 0 : -1, 0);
}

static void tell(struct gfs_fs *fs, uint64_t nodeid, bool contents)
{
	if (!gfs_exposed_has(fs->exposed, nodeid))
		return;
	gfs_exposed_changed(fs->exposed, nodeid);
	if (contents && !gfs_loop_step_aside(fs->loop)) { /* nobody could serve the request that it may wait for */
		(void)tell_once(fs, nodeid, false);           /* as below */
		gfs_retell_add(fs->retell, nodeid, true);
		return;
	}
	int err = tell_once(fs, nodeid, contents);
	if (err != -ENOENT || !gfs_exposed_is_fresh(fs->exposed, nodeid))
		return;
	for (unsigned i = 0; i < SPINS && err == -ENOENT; i++) {
		struct timespec pause = { .tv_nsec = SPIN_NS };
		(void)nanosleep(&pause, NULL); /* waking early only means trying early */
		err = tell_once(fs, nodeid, contents);
	}
	if (err == -ENOENT)
		gfs_retell_add(fs->retell, nodeid, contents);
}

void gfs_notify_attr(struct gfs_fs *fs, uint64_t nodeid)
{
	tell(fs, nodeid, false);
}

void gfs_notify_contents(struct gfs_fs *fs, uint64_t nodeid)
{
	tell(fs, nodeid, true);
}

/* A property that is open under more of its former names has stale readers there. */
#define PROP_NODEIDS_MAX 16u

/* K5 */
static void tell_writer(struct gfs_fs *fs, uint64_t nodeid)
{
	if (!gfs_exposed_has(fs->exposed, nodeid))
		return;
	tell(fs, nodeid, false);
	gfs_retell_add(fs->retell, nodeid, true);
}

void gfs_notify_dead(struct gfs_fs *fs, uint64_t nodeid)
{
	uint64_t nodeids[PROP_NODEIDS_MAX];
	size_t count = gfs_files_dead_others(fs->files, nodeid, nodeids, PROP_NODEIDS_MAX);
	for (size_t i = 0; i < count; i++)
		tell_writer(fs, nodeids[i]);
}

struct notifier {
	struct gfs_fs *fs;
	uint64_t by_kernel;
	uint64_t renamed_ns; /* when the node was renamed that is being told of */
};

static void attr_of(const struct notifier *n, enum gfs_inode_kind kind, unsigned sub, uint64_t id)
{
	uint64_t nodeid = gfs_nodeid_pack(kind, 0, sub, id);
	if (nodeid != n->by_kernel)
		tell(n->fs, nodeid, false);
}

static void contents_of(const struct notifier *n, enum gfs_inode_kind kind, unsigned gen, unsigned sub, uint64_t id)
{
	uint64_t nodeid = gfs_nodeid_pack(kind, gen, sub, id);
	if (nodeid != n->by_kernel)
		tell(n->fs, nodeid, true);
}

static void static_attr(const struct notifier *n, enum gfs_static which)
{
	attr_of(n, GFS_INODE_STATIC, 0, which);
}

static void json_of(const struct notifier *n, uint64_t node)
{
	contents_of(n, GFS_INODE_NODE_JSON, 0, 0, node);
}

/* The node's own directory, whatever its generation is now. */
static void node_attr(const struct notifier *n, uint64_t id)
{
	struct gfs_node_record record;
	if (!gfs_exposed_has(n->fs->exposed, gfs_nodeid_pack(GFS_INODE_NODE, 0, 0, id)))
		return;
	gfs_graph_read_begin(n->fs->graph);
	int err = gfs_node_get(n->fs->graph, id, &record);
	gfs_graph_read_end(n->fs->graph);
	if (!err)
		attr_of(n, GFS_INODE_NODE, record.dir_generation, id);
}

/* A link that the kernel unlinks itself, by its only name, in the folder `dir`: the kernel drops the inode. To tell of it would only cost. */
static void dead_link(
	const struct notifier *n, uint64_t dir, enum gfs_inode_kind kind, unsigned gen, unsigned sub, uint64_t id)
{
	if (dir != n->by_kernel || atomic_load_explicit(&n->fs->aliases, memory_order_relaxed))
		contents_of(n, kind, gen, sub, id);
}

static void label_changed(const struct notifier *n, const struct gfs_change *c)
{
	node_attr(n, c->id);
	json_of(n, c->id);
	attr_of(n, GFS_INODE_NODE_LABELS, 0, c->id);
	attr_of(n, GFS_INODE_LABEL, c->name_id, 0);
	if (c->kind == GFS_CHANGE_LABEL_REMOVED) {
		dead_link(n, gfs_nodeid_pack(GFS_INODE_NODE_LABELS, 0, 0, c->id), GFS_INODE_NODE_LABEL, 0, c->name_id, c->id);
		dead_link(n, gfs_nodeid_pack(GFS_INODE_LABEL, 0, c->name_id, 0), GFS_INODE_LABEL_NODE,
			c->link_generation & GFS_NODEID_GEN_MAX, c->name_id, c->id);
	}
}

/* The folders out and in change only when a type appears in them or vanishes: folder_listed. */
static void rel_changed(const struct notifier *n, const struct gfs_change *c)
{
	attr_of(n, GFS_INODE_OUT_TYPE, c->name_id, c->start);
	attr_of(n, GFS_INODE_OUT_RELS, c->name_id, c->start);
	attr_of(n, GFS_INODE_IN_TYPE, c->name_id, c->end);
	attr_of(n, GFS_INODE_IN_RELS, c->name_id, c->end);
	attr_of(n, GFS_INODE_TYPE, c->name_id, 0);
	json_of(n, c->start);
	json_of(n, c->end);
	if (c->kind != GFS_CHANGE_REL_DELETED)
		return;
	dead_link(n, gfs_nodeid_pack(GFS_INODE_OUT_TYPE, 0, c->name_id, c->start), GFS_INODE_OUT_LINK, 0, c->end_generation,
		c->id);
	dead_link(
		n, gfs_nodeid_pack(GFS_INODE_IN_TYPE, 0, c->name_id, c->end), GFS_INODE_IN_LINK, 0, c->start_generation, c->id);
	contents_of(n, GFS_INODE_OUT_REL, 0, c->end_generation, c->id);
	contents_of(n, GFS_INODE_IN_REL, 0, c->start_generation, c->id);
	contents_of(n, GFS_INODE_REL_FROM, 0, 0, c->id);
	contents_of(n, GFS_INODE_REL_TO, 0, 0, c->id);
	attr_of(n, GFS_INODE_REL, 0, c->id);
}

/* Attributes are enough: another mtime makes the kernel drop the contents before the next read(2) (AUTO_INVAL_DATA). To invalidate contents is to
 * wait for pending WRITEs of other descriptors, uninterruptibly: a daemon that is killed meanwhile would never end, nor free its mount. */
static void prop_tell(const struct notifier *n, struct gfs_entity entity, uint16_t key, bool created)
{
	uint64_t nodeids[PROP_NODEIDS_MAX];
	size_t count = gfs_files_nodeids(n->fs->files, entity, key, nodeids, PROP_NODEIDS_MAX - 1);
	uint64_t base = gfs_nodeid_ino(nodeids[0]);
	if (base != nodeids[0])
		nodeids[count++] = base;
	for (size_t i = 0; i < count; i++) {
		if (nodeids[i] == n->by_kernel)
			continue;
		if (!created)
			tell(n->fs, nodeids[i], false);
		else if (gfs_exposed_has(
					 n->fs->exposed, nodeids[i])) /* by the reply to come: there is no inode yet to wait for */
			(void)tell_once(
				n->fs, nodeids[i], false); /* unless the kernel has one of a property that was here before */
	}
}

/* The links that lead to a relationship show its mtime. */
static void rel_prop_changed(const struct notifier *n, const struct gfs_change *c)
{
	struct gfs_rel_record rel;
	struct gfs_node_record start, end;
	gfs_graph_read_begin(n->fs->graph);
	int err = gfs_rel_get(n->fs->graph, c->id, &rel);
	if (!err)
		err = gfs_node_get(n->fs->graph, rel.start, &start);
	if (!err)
		err = gfs_node_get(n->fs->graph, rel.end, &end);
	gfs_graph_read_end(n->fs->graph);
	if (err) /* gone meanwhile, and told of */
		return;
	json_of(n, rel.start);
	json_of(n, rel.end);
	if (c->kind == GFS_CHANGE_PROP_CHANGED)
		return;
	attr_of(n, GFS_INODE_REL, 0, c->id);
	attr_of(n, GFS_INODE_REL_FROM, 0, c->id);
	attr_of(n, GFS_INODE_REL_TO, 0, c->id);
	attr_of(n, GFS_INODE_OUT_LINK, end.link_generation, c->id);
	attr_of(n, GFS_INODE_OUT_REL, end.link_generation, c->id);
	attr_of(n, GFS_INODE_IN_LINK, start.link_generation, c->id);
	attr_of(n, GFS_INODE_IN_REL, start.link_generation, c->id);
}

static void prop_changed(const struct notifier *n, const struct gfs_change *c)
{
	struct gfs_entity entity = { (enum gfs_entity_kind)c->entity, c->id };
	prop_tell(n, entity, c->name_id, c->kind == GFS_CHANGE_PROP_CREATED);
	if (entity.kind == GFS_NODE) {
		node_attr(n, c->id);
		json_of(n, c->id);
		return;
	}
	rel_prop_changed(n, c);
}

/* What a change of a node does to one relationship of its own: `dir` is the node's side of it. */
typedef void (*each_rel)(const struct notifier *n, const struct gfs_change *c, enum gfs_direction dir, uint16_t type,
	const struct gfs_adj_entry *entry);

static void rels_of_type(
	const struct notifier *n, const struct gfs_change *c, enum gfs_direction dir, uint16_t type, each_rel each)
{
	struct gfs_adj_entry entries[BATCH];
	struct gfs_adj_entry from = { 0, 0 };
	size_t count = 0;
	for (;;) {
		gfs_graph_read_begin(n->fs->graph);
		int err = gfs_rels_list(n->fs->graph, c->id, dir, type, from, entries, BATCH, &count);
		gfs_graph_read_end(n->fs->graph);
		if (err || count == 0)
			return;
		for (size_t i = 0; i < count; i++)
			each(n, c, dir, type, &entries[i]);
		from = entries[count - 1];
		from.rel++;
	}
}

static void rels_of_node(const struct notifier *n, const struct gfs_change *c, each_rel each)
{
	struct gfs_adj_type types[BATCH];
	size_t count = 0;
	for (unsigned dir = GFS_OUT; dir <= GFS_IN; dir++) {
		for (unsigned from = 1; from <= GFS_NAME_ID_MAX; from = types[count - 1].type + 1u) {
			gfs_graph_read_begin(n->fs->graph);
			int err = gfs_rels_types(
				n->fs->graph, c->id, (enum gfs_direction)dir, (uint16_t)from, types, BATCH, &count);
			gfs_graph_read_end(n->fs->graph);
			if (err || count == 0)
				break;
			for (size_t i = 0; i < count; i++)
				rels_of_type(n, c, (enum gfs_direction)dir, types[i].type, each);
		}
	}
}

/* ---- owner and mode of a node ---- */

static void props_attr(const struct notifier *n, struct gfs_entity entity)
{
	struct gfs_prop_info props[BATCH];
	size_t count = 0;
	for (unsigned from = 1; from <= GFS_NAME_ID_MAX; from = props[count - 1].key + 1u) {
		gfs_graph_read_begin(n->fs->graph);
		int err = gfs_prop_list(n->fs->graph, entity, (uint16_t)from, props, BATCH, &count);
		gfs_graph_read_end(n->fs->graph);
		if (err || count == 0)
			return;
		for (size_t i = 0; i < count; i++)
			prop_tell(n, entity, props[i].key, false);
	}
}

/* Relationships follow the node they start at; a link follows the node it lies in, and carries the other's link generation. */
static void meta_rel(const struct notifier *n, const struct gfs_change *c, enum gfs_direction dir, uint16_t type,
	const struct gfs_adj_entry *entry)
{
	(void)c, (void)type;
	struct gfs_node_record other;
	bool out = dir == GFS_OUT;
	gfs_graph_read_begin(n->fs->graph);
	int err = gfs_node_get(n->fs->graph, entry->other, &other);
	gfs_graph_read_end(n->fs->graph);
	if (!err) {
		attr_of(n, out ? GFS_INODE_OUT_LINK : GFS_INODE_IN_LINK, other.link_generation, entry->rel);
		attr_of(n, out ? GFS_INODE_OUT_REL : GFS_INODE_IN_REL, other.link_generation, entry->rel);
	}
	if (!out)
		return;
	json_of(n, entry->other); /* who may read what it tells of the relationship */
	attr_of(n, GFS_INODE_REL, 0, entry->rel);
	attr_of(n, GFS_INODE_REL_FROM, 0, entry->rel);
	attr_of(n, GFS_INODE_REL_TO, 0, entry->rel);
	props_attr(n, (struct gfs_entity){ GFS_REL, entry->rel });
}

static void meta_labels(const struct notifier *n, const struct gfs_change *c)
{
	uint16_t labels[GFS_LABELS_PER_NODE_MAX];
	struct gfs_node_record record;
	size_t count = 0;
	gfs_graph_read_begin(n->fs->graph);
	int err = gfs_node_labels(n->fs->graph, c->id, labels, GFS_LABELS_PER_NODE_MAX, &count);
	if (!err)
		err = gfs_node_get(n->fs->graph, c->id, &record);
	gfs_graph_read_end(n->fs->graph);
	for (size_t i = 0; !err && i < count; i++) {
		attr_of(n, GFS_INODE_NODE_LABEL, labels[i], c->id);
		uint64_t nodeid = gfs_nodeid_pack(
			GFS_INODE_LABEL_NODE, record.link_generation & GFS_NODEID_GEN_MAX, labels[i], c->id);
		if (nodeid != n->by_kernel)
			tell(n->fs, nodeid, false);
	}
}

/* The folder of any known type can be looked up, listed or not. */
static void meta_folders(const struct notifier *n, const struct gfs_change *c)
{
	struct gfs_catalog_entry type = { 0 };
	for (unsigned from = 1; from <= GFS_NAME_ID_MAX; from = type.id + 1u) {
		gfs_graph_read_begin(n->fs->graph);
		int err = gfs_catalog_next(gfs_graph_catalog(n->fs->graph), GFS_CATALOG_TYPE, (uint16_t)from, &type);
		gfs_graph_read_end(n->fs->graph);
		if (err)
			return;
		attr_of(n, GFS_INODE_OUT_TYPE, type.id, c->id);
		attr_of(n, GFS_INODE_OUT_RELS, type.id, c->id);
		attr_of(n, GFS_INODE_IN_TYPE, type.id, c->id);
		attr_of(n, GFS_INODE_IN_RELS, type.id, c->id);
	}
}

/* Every inode that shows the owner and mode of a node. */
static void meta_changed(const struct notifier *n, const struct gfs_change *c)
{
	node_attr(n, c->id);
	json_of(n, c->id);
	attr_of(n, GFS_INODE_NODE_LABELS, 0, c->id);
	attr_of(n, GFS_INODE_NODE_OUT, 0, c->id);
	attr_of(n, GFS_INODE_NODE_IN, 0, c->id);
	props_attr(n, (struct gfs_entity){ GFS_NODE, c->id });
	meta_labels(n, c);
	meta_folders(n, c);
	rels_of_node(n, c, meta_rel);
}

/* ---- a node's key ---- */

/* A folder that lists the node by its key. */
static void relisted(const struct notifier *n, enum gfs_inode_kind kind, unsigned sub, uint64_t id)
{
	uint64_t nodeid = gfs_nodeid_pack(kind, 0, sub, id);
	if (gfs_exposed_has(n->fs->exposed, nodeid))
		tell(n->fs, nodeid, !gfs_raised_set(n->fs->raised, nodeid, n->renamed_ns));
}

/* The link that is named after the node: seen from the node at the other end. */
static void renamed_rel(const struct notifier *n, const struct gfs_change *c, enum gfs_direction dir, uint16_t type,
	const struct gfs_adj_entry *entry)
{
	bool out = dir == GFS_OUT;
	contents_of(n, out ? GFS_INODE_IN_LINK : GFS_INODE_OUT_LINK, 0, c->link_generation, entry->rel);
	contents_of(n, out ? GFS_INODE_IN_REL : GFS_INODE_OUT_REL, 0, c->link_generation, entry->rel);
	contents_of(n, out ? GFS_INODE_REL_FROM : GFS_INODE_REL_TO, 0, 0, entry->rel);
	relisted(n, out ? GFS_INODE_IN_TYPE : GFS_INODE_OUT_TYPE, type, entry->other);
	relisted(n, out ? GFS_INODE_IN_RELS : GFS_INODE_OUT_RELS, type, entry->other);
	json_of(n, entry->other);
}

/* The generation that its names carry begins anew: names of 512 keys ago would be taken for those of the present key. The kernel is told to look all names
 * up again (FUSE_NOTIFY_INC_EPOCH, a bare header; Linux 6.16. Older ones refuse it: there a name that nobody has looked at for that long may
 * be found once more). */
static void begin_epoch(struct gfs_fs *fs)
{
	enum { NOTIFY_INC_EPOCH = 8 };
	struct {
		uint32_t size;
		int32_t code;
		uint64_t unique;
	} header = { sizeof header, NOTIFY_INC_EPOCH, 0 };
	ssize_t n = write(fuse_session_fd(fs->session), &header, sizeof header);
	(void)n;
}

/* Its ctime is the transaction's time, later than all before. */
static uint64_t renamed_at(struct gfs_fs *fs, uint64_t id)
{
	struct gfs_node_record record;
	gfs_graph_read_begin(fs->graph);
	int err = gfs_node_get(fs->graph, id, &record);
	gfs_graph_read_end(fs->graph);
	return err ? gfs_clock_real_ns() : record.ctime_ns; /* deleted since: which touches its neighbours itself */
}

static void node_renamed(const struct notifier *caller, const struct gfs_change *c)
{
	uint16_t labels[GFS_LABELS_PER_NODE_MAX];
	size_t count = 0;
	struct notifier own = *caller;
	const struct notifier *n = &own;
	own.renamed_ns = renamed_at(n->fs, c->id);
	if (((c->link_generation + 1u) & GFS_NODEID_GEN_MAX) == 0)
		begin_epoch(n->fs);
	static_attr(n, GFS_STATIC_NODES);
	attr_of(n, GFS_INODE_NODE, c->dir_generation, c->id);
	node_attr(n, c->id);
	json_of(n, c->id);
	contents_of(n, GFS_INODE_FOUND_NODE, GFS_EXPR_DEPTH, c->link_generation, c->id);
	contents_of(n, GFS_INODE_FOUND_NODE, GFS_INDEX_DEPTH, c->link_generation, c->id);
	gfs_graph_read_begin(n->fs->graph);
	int err = gfs_node_labels(n->fs->graph, c->id, labels, GFS_LABELS_PER_NODE_MAX, &count);
	gfs_graph_read_end(n->fs->graph);
	for (size_t i = 0; !err && i < count; i++) {
		relisted(n, GFS_INODE_LABEL, labels[i], 0);
		contents_of(n, GFS_INODE_LABEL_NODE, c->link_generation & GFS_NODEID_GEN_MAX, labels[i], c->id);
	}
	rels_of_node(n, c, renamed_rel);
}

static void node_deleted(const struct notifier *n, const struct gfs_change *c)
{
	static_attr(n, GFS_STATIC_NODES);
	attr_of(n, GFS_INODE_NODE, c->dir_generation, c->id);
	json_of(n, c->id);
	attr_of(n, GFS_INODE_NODE_LABELS, 0, c->id);
	attr_of(n, GFS_INODE_NODE_OUT, 0, c->id);
	attr_of(n, GFS_INODE_NODE_IN, 0, c->id);
}

static void folder_listed(const struct notifier *n, const struct gfs_change *c)
{
	bool out = c->dir == GFS_OUT;
	attr_of(n, out ? GFS_INODE_NODE_OUT : GFS_INODE_NODE_IN, 0, c->id);
	attr_of(n, out ? GFS_INODE_OUT_TYPE : GFS_INODE_IN_TYPE, c->name_id, c->id);
	attr_of(n, out ? GFS_INODE_OUT_RELS : GFS_INODE_IN_RELS, c->name_id, c->id);
}

/* /labels or /rels lists a name more or less; that folder is dead or alive with it. */
static void name_listed(const struct notifier *n, const struct gfs_change *c)
{
	if (c->dir == GFS_CATALOG_KEY)
		return;
	static_attr(n, c->dir == GFS_CATALOG_LABEL ? GFS_STATIC_LABELS : GFS_STATIC_RELS);
	attr_of(n, c->dir == GFS_CATALOG_LABEL ? GFS_INODE_LABEL : GFS_INODE_TYPE, c->name_id, 0);
}

static void notify_change(const struct notifier *n, const struct gfs_change *c)
{
	switch ((enum gfs_change_kind)c->kind) {
	case GFS_CHANGE_NODE_CREATED:
		static_attr(n, GFS_STATIC_NODES);
		break;
	case GFS_CHANGE_NODE_DELETED:
		node_deleted(n, c);
		break;
	case GFS_CHANGE_NODE_RENAMED:
		node_renamed(n, c);
		break;
	case GFS_CHANGE_NODE_META:
		meta_changed(n, c);
		break;
	case GFS_CHANGE_LABEL_ADDED:
	case GFS_CHANGE_LABEL_REMOVED:
		label_changed(n, c);
		break;
	case GFS_CHANGE_REL_CREATED:
	case GFS_CHANGE_REL_DELETED:
		rel_changed(n, c);
		break;
	case GFS_CHANGE_PROP_CREATED:
	case GFS_CHANGE_PROP_REMOVED:
	case GFS_CHANGE_PROP_CHANGED:
		prop_changed(n, c);
		break;
	case GFS_CHANGE_NAME_LISTED:
		name_listed(n, c);
		break;
	case GFS_CHANGE_FOLDER_LISTED:
		folder_listed(n, c);
		break;
	}
}

/* Too much to name: every inode the kernel was told of. */
struct everything {
	struct gfs_fs *fs;
};

static void tell_exposed(void *context, uint64_t nodeid)
{
	const struct everything *all = context;
	struct gfs_node_record record;
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	if (n.kind == GFS_INODE_NODE) {
		gfs_graph_read_begin(all->fs->graph);
		int err = gfs_node_get(all->fs->graph, n.id, &record);
		gfs_graph_read_end(all->fs->graph);
		nodeid = gfs_nodeid_pack(GFS_INODE_NODE, 0, err ? 0 : record.dir_generation, n.id);
	}
	tell(all->fs, nodeid, true);
}

void gfs_notify_changes(struct gfs_fs *fs, const struct gfs_changes *changes, uint64_t by_kernel)
{
	struct notifier n = { .fs = fs, .by_kernel = by_kernel };
	if (changes->everything) {
		struct everything all = { fs };
		gfs_loop_step_aside(fs->loop);
		gfs_exposed_each(fs->exposed, tell_exposed, &all);
		return;
	}
	for (size_t i = 0; i < changes->count; i++)
		notify_change(&n, &changes->items[i]);
}
