#include "base/checked.h"
#include "base/clock.h"
#include "fs/control.h"
#include "graph/index.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What one reading of stats is made from. */
struct sample {
	struct gfs_fs *fs;
	struct gfs_store *store;
	struct gfs_store_stats s;
	struct gfs_wal_stats wal;
	struct gfs_cache_stats caches[GFS_CACHE_LAYERS];
	struct gfs_buf *out;
};

static void head(struct gfs_buf *out, const char *name, const char *type, const char *help)
{
	gfs_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(const struct sample *t, const char *name, const char *help, uint64_t value)
{
	head(t->out, name, "gauge", help);
	gfs_buf_printf(t->out, "%s %" PRIu64 "\n", name, value);
}

static void counter(const struct sample *t, const char *name, const char *help, uint64_t value)
{
	head(t->out, name, "counter", help);
	gfs_buf_printf(t->out, "%s %" PRIu64 "\n", name, value);
}

static void seconds(const struct sample *t, const char *name, const char *help, uint64_t ns)
{
	head(t->out, name, "gauge", help);
	gfs_buf_printf(t->out, "%s %" PRIu64 ".%09" PRIu64 "\n", name, ns / GFS_NS_PER_S, ns % GFS_NS_PER_S);
}

static uint64_t names_in_use(struct gfs_fs *fs, enum gfs_catalog_kind kind)
{
	struct gfs_catalog *catalog = gfs_graph_catalog(fs->graph);
	struct gfs_catalog_entry e;
	uint64_t count = 0;
	for (uint64_t id = 1; id <= GFS_NAME_ID_MAX && gfs_catalog_next(catalog, kind, (uint16_t)id, &e) == 0;
		 id = (uint64_t)e.id + 1)
		count += e.count > 0 || e.made;
	return count;
}

/* The second number of /proc/self/statm, in bytes; 0 when it cannot be read. */
static uint64_t resident_bytes(void)
{
	char text[128] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	if (fd >= 0)
		(void)close(fd); /* only read */
	if (n <= 0)
		return 0;
	char *end;
	(void)strtoull(text, &end, 10); /* the size of the address space */
	return strtoull(end, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void show_graph(const struct sample *t)
{
	gauge(t, "graphfs_nodes", "Nodes in the graph.", gfs_store_counter(t->store, GFS_COUNTER_NODES));
	gauge(t, "graphfs_relationships", "Relationships in the graph.", gfs_store_counter(t->store, GFS_COUNTER_RELS));
	gauge(t, "graphfs_properties", "Properties of nodes and relationships.",
		gfs_store_counter(t->store, GFS_COUNTER_PROPERTIES));
	gauge(t, "graphfs_labels", "Labels in use.", names_in_use(t->fs, GFS_CATALOG_LABEL));
	gauge(t, "graphfs_relationship_types", "Relationship types in use.", names_in_use(t->fs, GFS_CATALOG_TYPE));
	struct gfs_index_info index;
	uint64_t indexes = 0, entries = 0;
	for (unsigned from = 1; gfs_index_next(t->fs->graph, from, &index) == 0; from = index.id + 1u) {
		indexes++;
		entries += index.entries;
	}
	gauge(t, "graphfs_property_indexes", "Property indexes.", indexes);
	gauge(t, "graphfs_property_index_entries", "Entries of all property indexes.", entries);
	gauge(t, "graphfs_property_keys", "Property names in use.", names_in_use(t->fs, GFS_CATALOG_KEY));
}

static void show_store(const struct sample *t)
{
	counter(t, "graphfs_commits_total", "Transactions committed since the mount.", t->s.commits);
	counter(t, "graphfs_aborts_total", "Transactions taken back since the mount.", t->s.aborts);
	counter(t, "graphfs_checkpoints_total", "Checkpoints written since the mount.", t->s.checkpoints);
	seconds(t, "graphfs_checkpoint_last_seconds", "How long the last checkpoint took.", t->s.checkpoint_ns_last);
	seconds(t, "graphfs_checkpoint_stall_max_seconds",
		"The longest that a checkpoint kept readers and writers waiting.", t->s.checkpoint_stall_ns_max);
	counter(t, "graphfs_pages_read_total", "Pages read from the database file.", t->s.pages_read);
	counter(t, "graphfs_pages_ahead_total", "Pages read before they were asked for, in sequential reads.",
		t->s.pages_ahead);
	counter(t, "graphfs_pages_warmed_total", "Pages read at the mount because the last run had them cached.",
		t->s.pages_warmed);
	counter(t, "graphfs_pages_written_total", "Pages written to the database file.", t->s.pages_written);
	gauge(t, "graphfs_disk_bytes", "Size of the database file and the log.", t->s.disk_bytes);
	gauge(t, "graphfs_disk_free_bytes", "Free space of the filesystem that holds the database.", t->s.free_bytes);
	gauge(t, "graphfs_recovered_transactions", "Transactions that this mount replayed from the log.",
		t->s.recovered_transactions);
	gauge(t, "graphfs_read_only", "1 when the database was opened read-only.", t->s.read_only);
	gauge(t, "graphfs_failed", "1 after a failed write: the store is read-only until it is opened again.",
		t->s.failure != 0);
}

static void show_wal(const struct sample *t)
{
	counter(t, "graphfs_wal_bytes_total", "Bytes appended to the log.", t->wal.bytes);
	counter(t, "graphfs_wal_appends_total", "Transactions appended to the log.", t->wal.appends);
	counter(t, "graphfs_wal_syncs_total", "Times the log was flushed to the disk.", t->wal.syncs);
	seconds(t, "graphfs_wal_sync_max_seconds", "The longest flush.", t->wal.sync_ns_max);
	gauge(t, "graphfs_wal_segments", "Segment files kept.", t->wal.segments);
	gauge(t, "graphfs_wal_end_lsn", "Where the next transaction goes.", t->wal.end_lsn);
	gauge(t, "graphfs_wal_durable_lsn", "Everything below is on the disk.", t->wal.durable_lsn);
	gauge(t, "graphfs_wal_oldest_lsn", "The first position that is kept.", t->wal.oldest_lsn);
}

/* One line a layer: the number of type uint64_t that lies at `offset` in its statistics. */
static void layers(const struct sample *t, const char *type, const char *name, const char *help, size_t offset)
{
	head(t->out, name, type, help);
	for (unsigned i = 0; i < GFS_CACHE_LAYERS; i++) {
		uint64_t value;
		memcpy(&value, (const char *)&t->caches[i] + offset, sizeof value);
		gfs_buf_printf(t->out, "%s{layer=\"%s\"} %" PRIu64 "\n", name, gfs_cache_layer_names[i], value);
	}
}

static void show_caches(const struct sample *t)
{
#define FIELD(field) offsetof(struct gfs_cache_stats, field)
	layers(t, "counter", "graphfs_cache_hits_total", "Look-ups that found their entry.", FIELD(hits));
	layers(t, "counter", "graphfs_cache_misses_total", "Look-ups that did not.", FIELD(misses));
	layers(t, "counter", "graphfs_cache_insertions_total", "Entries put in.", FIELD(insertions));
	layers(t, "counter", "graphfs_cache_evictions_total", "Entries thrown out.", FIELD(evictions));
	layers(t, "gauge", "graphfs_cache_entries", "Entries kept now.", FIELD(entries));
	layers(t, "gauge", "graphfs_cache_bytes", "Bytes they take.", FIELD(bytes));
	layers(t, "gauge", "graphfs_cache_dirty_bytes", "Bytes that the next checkpoint writes.", FIELD(dirty_bytes));
	layers(t, "gauge", "graphfs_cache_limit_bytes", "What clean entries may take.", FIELD(limit_bytes));
	head(t->out, "graphfs_cache_enabled", "gauge", "0 when nothing clean is kept.");
	for (unsigned i = 0; i < GFS_CACHE_LAYERS; i++)
		gfs_buf_printf(
			t->out, "graphfs_cache_enabled{layer=\"%s\"} %d\n", gfs_cache_layer_names[i], t->caches[i].enabled);
	gauge(t, "graphfs_cache_budget_bytes", "What all layers share.",
		gfs_cache_budget_bytes(gfs_store_cache_budget(t->store)));
}

static void show_mount(const struct sample *t)
{
	counter(t, "graphfs_requests_total", "Requests of the kernel.",
		atomic_load_explicit(&t->fs->requests, memory_order_relaxed));
	counter(t, "graphfs_notifications_total", "Notifications that keep the kernel's caches true.",
		atomic_load_explicit(&t->fs->notifications, memory_order_relaxed));
	gauge(t, "graphfs_exposed_bytes", "Memory of the table of inodes that the kernel was told of.",
		gfs_exposed_bytes(t->fs->exposed));
	gauge(t, "graphfs_resident_bytes", "Memory of the daemon.", resident_bytes());
	seconds(t, "graphfs_start_time_seconds", "When the daemon started, since 1970.", t->fs->started_ns);
}

void gfs_control_show_stats(struct gfs_fs *fs, struct gfs_buf *out)
{
	struct sample t = { .fs = fs, .store = gfs_graph_store(fs->graph), .out = out };
	gfs_store_stats_get(t.store, &t.s);
	gfs_wal_stats_get(gfs_store_wal(t.store), &t.wal);
	for (unsigned i = 0; i < GFS_CACHE_LAYERS; i++)
		gfs_cache_budget_stats(gfs_store_cache_budget(t.store), i, &t.caches[i]);
	show_graph(&t);
	show_store(&t);
	show_wal(&t);
	show_caches(&t);
	show_mount(&t);
}
