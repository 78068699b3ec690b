/* Power cuts at every moment of a database's life.
 *
 * A life is some hundred operations on a small graph, with checkpoints, syncs and a remount in between, in each of the three modes of the log. Every change
 * of its files, LMDB's included, is noted (io_trace.h). Then at each moment the folder is made as a power cut there may leave it (crash_disk.h), opened, and
 * compared: it must be the graph as it was after some operation k, which is at least the last one that was promised to be durable, at most the
 * last one begun; when only the process died, the last one answered. Some states are looked through by fsck, changed, closed and opened once more. Every
 * second life begins with such a state of the one before, so that recovery itself is cut at every moment: it must come to the same graph.
 *
 * --states N or GFS_CRASH_STATES=N: so many states; GRAPHFS_FULL=1: 100,000. GFS_SEED sets the seed. A state that is wrong is kept, and its folder named. */
#include "base/checked.h"
#include "base/hash.h"
#include "graph/constraint.h"
#include "graph/index.h"
#include "graph/saved_query.h"
#include "tests/crash/io_trace.h"
#include "tests/unit/graph_fixture.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { STATES_QUICK = 600, STATES_FULL = 100000, OPS = 90, NODES_MAX = 40, RELS_MAX = 80, STATE_SECONDS = 60 };
enum { LABELS = 2, TYPES = 2, KEYS = 3, KEPT_MAX = 5 };
/* States at a moment when something is not sure: one each of all and none, and of the others: */
static const unsigned states_of[CRASH_CHOICE_COUNT] = { 1, 1, 6, 8, 6 };
static const char *const choice_names[CRASH_CHOICE_COUNT] = { "all", "none", "cut", "writes", "blocks" };
/* One state in so many is */
enum { CHECKED_EVERY = 8, GOES_ON_EVERY = 16 };

static const struct gfs_store_opts base_opts = {
	.wal_segment_bytes = 64 << 10,
	.wal_interval_ms = 1,
	.checkpoint_interval_ms = UINT32_MAX,
	.cache.bytes = UINT64_C(4) << 20,
};

static struct run {
	uint64_t seed;
	struct rng rng;
	char path[64], state[80], next[80]; /* the database; the folder for states; where the next life begins */
	bool has_next;
	uint64_t executed, counts[CRASH_CHOICE_COUNT], checked, went_on, replayed, violations;
	uint64_t lives, moments;
	char what[160]; /* the state being tried */
} run;

static unsigned below(unsigned n)
{
	return rng_below(&run.rng, n);
}

/* ---- a life ---- */

static struct life {
	struct fixture f;
	enum gfs_wal_mode mode;
	uint64_t nodes[NODES_MAX], rels[RELS_MAX];
	unsigned node_count, rel_count, names;
	uint16_t labels[LABELS], types[TYPES], keys[KEYS];
	uint64_t digests[OPS + 1]; /* after so many operations */
	uint64_t done;
} life;

static void mix_text(uint64_t *digest, struct gfs_slice text)
{
	*digest = gfs_hash64_seed(text.data, text.size, *digest);
}

/* What the graph shows, definitions and saved queries too; not how far an index is built. */
static uint64_t digest_of(struct gfs_graph *g)
{
	struct gfs_index_info info;
	struct gfs_saved_query query;
	uint64_t digest = graph_digest(g);
	gfs_graph_read_begin(g);
	for (unsigned from = 1; gfs_index_next(g, from, &info) == 0; from = info.id + 1u)
		mix_text(&digest, info.name);
	for (unsigned from = 1; gfs_constraint_next(g, from, &info) == 0; from = info.id + 1u)
		mix_text(&digest, info.name);
	for (unsigned from = 1; gfs_saved_query_next(g, from, &query) == 0; from = query.number + 1u) {
		GFS_AUTO_BUF text = GFS_BUF_INIT;
		OK(gfs_saved_query_text(g, query.number, &text));
		mix_text(&digest, gfs_saved_query_name(&query));
		mix_text(&digest, gfs_buf_slice(&text));
	}
	gfs_graph_read_end(g);
	return digest;
}

static struct gfs_slice random_text(void)
{
	static const unsigned sizes[] = { 3, 40, 1000, 1030, 3000, 9000, 30000 };
	static uint8_t text[30000];
	size_t size = sizes[below(GFS_COUNT(sizes))];
	for (size_t i = 0; i < size; i++)
		text[i] = (uint8_t)('a' + below(26));
	return gfs_slice(text, size);
}

static void add_node(struct gfs_tx *tx)
{
	char key[32];
	struct gfs_node_meta meta = { .uid = 1, .gid = 2, .mode = 0755 };
	if (life.node_count == NODES_MAX)
		return;
	uint64_t *id = &life.nodes[life.node_count++];
	(void)snprintf(key, sizeof key, "node %u", life.names++);
	OK(gfs_node_create(tx, gfs_slice_text(key), &meta, id));
	if (below(2) == 0)
		OK(gfs_node_add_label(tx, *id, life.labels[below(LABELS)]));
}

static void set_prop(struct gfs_tx *tx, struct gfs_entity e)
{
	struct gfs_value value = { .type = GFS_TYPE_INTEGER, .newline = true, .integer = below(1000) };
	if (below(3) != 0)
		value = (struct gfs_value){ .type = GFS_TYPE_STRING, .newline = true, .bytes = random_text() };
	OK(gfs_prop_set(tx, e, life.keys[below(KEYS)], &value));
}

static void add_rel(struct gfs_tx *tx)
{
	if (life.rel_count == RELS_MAX)
		return;
	uint64_t *id = &life.rels[life.rel_count++];
	OK(gfs_rel_create(
		tx, life.types[below(TYPES)], life.nodes[below(life.node_count)], life.nodes[below(life.node_count)], id));
	if (below(3) == 0)
		set_prop(tx, rel_entity(*id));
}

static void remove_rel(struct gfs_tx *tx)
{
	if (life.rel_count == 0)
		return;
	uint64_t *id = &life.rels[below(life.rel_count)];
	OK(gfs_rel_delete(tx, *id));
	*id = life.rels[--life.rel_count];
}

/* The relationships that go with it are forgotten. */
static void remove_node(struct gfs_tx *tx)
{
	struct gfs_rel_record record;
	if (life.node_count < 6)
		return;
	uint64_t *id = &life.nodes[below(life.node_count)];
	OK(gfs_node_delete(tx, *id, true));
	*id = life.nodes[--life.node_count];
	for (unsigned i = life.rel_count; i-- > 0;) {
		if (gfs_rel_get(life.f.graph, life.rels[i], &record) != 0)
			life.rels[i] = life.rels[--life.rel_count];
	}
}

static void write_part(struct gfs_tx *tx, uint64_t node)
{
	int err = gfs_prop_create(tx, node_entity(node), life.keys[0]);
	REQUIRE(err == 0 || err == GFS_ERR_EXISTS);
	OK(gfs_prop_write(tx, node_entity(node), life.keys[0], below(20000), random_text()));
}

static void change_query(struct gfs_tx *tx)
{
	uint16_t number;
	if (gfs_saved_query_find(life.f.graph, gfs_slice_text("query"), &number) != 0)
		OK(gfs_saved_query_make(tx, gfs_slice_text("query"), &number));
	else if (below(3) == 0)
		OK(gfs_saved_query_remove(tx, number));
	else
		OK(gfs_saved_query_set_text(tx, number, random_text()));
}

static void change_index(struct gfs_tx *tx)
{
	struct gfs_index_info info;
	uint16_t id;
	if (gfs_index_find(life.f.graph, life.labels[0], life.keys[1], &info) == 0)
		OK(gfs_index_drop(tx, info.id));
	else
		OK(gfs_index_create(tx, life.labels[0], life.keys[1], false, (struct gfs_slice){ 0 }, &id));
}

static void change_node(struct gfs_tx *tx, uint64_t node)
{
	char key[32];
	uint16_t label = life.labels[below(LABELS)];
	bool has;
	(void)snprintf(key, sizeof key, "renamed %u", life.names++);
	OK(gfs_node_has_label(life.f.graph, node, label, &has));
	switch (below(3)) {
	case 0:
		OK(gfs_node_set_key(tx, node, gfs_slice_text(key), false));
		break;
	case 1:
		OK(has ? gfs_node_remove_label(tx, node, label) : gfs_node_add_label(tx, node, label));
		break;
	default:
		OK(gfs_node_set_meta(tx, node, GFS_META_MODE, &(struct gfs_node_meta){ .mode = 0700 + below(8) }));
		break;
	}
}

static void change_anything(struct gfs_tx *tx)
{
	uint64_t node = life.nodes[below(life.node_count)];
	switch (below(12)) {
	case 0:
	case 1:
		add_node(tx);
		break;
	case 2:
	case 3:
		set_prop(tx, node_entity(node));
		break;
	case 4:
	case 5:
		add_rel(tx);
		break;
	case 6:
		remove_rel(tx);
		break;
	case 7:
		remove_node(tx);
		break;
	case 8:
		write_part(tx, node);
		break;
	case 9:
		change_query(tx);
		break;
	case 10:
		change_index(tx);
		break;
	default:
		change_node(tx, node);
		break;
	}
}

/* Names and the first nodes: before anything is noted. */
static void begin_graph(void)
{
	static const char *const names[] = { "A", "B", "C" };
	fixture_open(&life.f);
	for (unsigned i = 0; i < KEYS; i++) {
		life.keys[i] = name_of(&life.f, GFS_CATALOG_KEY, names[i]);
		if (i < TYPES)
			life.types[i] = name_of(&life.f, GFS_CATALOG_TYPE, names[i]);
		if (i < LABELS)
			life.labels[i] = name_of(&life.f, GFS_CATALOG_LABEL, names[i]);
	}
	struct gfs_tx *tx = tx_begin(&life.f);
	for (unsigned i = 0; i < 10; i++)
		add_node(tx);
	tx_commit(tx);
	life.digests[0] = digest_of(life.f.graph);
	fixture_close(&life.f);
}

static void remove_folder(const char *path)
{
	char command[120];
	(void)snprintf(command, sizeof command, "rm -rf '%s'", path);
	REQUIRE(system(command) == 0);
}

static void copy_folder(const char *from, const char *to)
{
	char command[240];
	(void)snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", to, from, to);
	REQUIRE(system(command) == 0);
}

/* What there is now. */
static void look_around(struct gfs_graph *g)
{
	struct gfs_node_record record;
	uint64_t from = 1;
	size_t count;
	life.node_count = life.rel_count = 0;
	while (life.node_count < NODES_MAX && gfs_node_next(g, from, &life.nodes[life.node_count], &record) == 0)
		from = life.nodes[life.node_count++] + 1;
	for (unsigned i = 0; i < TYPES; i++) {
		OK(gfs_type_rels(g, life.types[i], 1, life.rels + life.rel_count, RELS_MAX - life.rel_count, &count));
		life.rel_count += (unsigned)count;
	}
}

/* From a state of the life before. What recovery has to come to, a copy of it tells. */
static void begin_again(void)
{
	copy_folder(run.next, run.path);
	fixture_open(&life.f);
	gfs_graph_read_begin(life.f.graph);
	look_around(life.f.graph);
	gfs_graph_read_end(life.f.graph);
	life.digests[0] = digest_of(life.f.graph);
	life.done = 0;
	fixture_close(&life.f);
	copy_folder(run.next, run.path);
	run.has_next = false;
}

static void promise(void)
{
	io_trace_mark(TRACE_DURABLE, life.done);
}

static void operate(void)
{
	uint64_t lsn = 0;
	struct gfs_store *store = gfs_graph_store(life.f.graph);
	io_trace_mark(TRACE_BEGUN, life.done + 1);
	struct gfs_tx *tx = tx_begin(&life.f);
	if (below(10) == 0) { /* one that is taken back leaves nothing, but ids */
		uint64_t id;
		OK(gfs_node_create(tx, (struct gfs_slice){ 0 }, &(struct gfs_node_meta){ .mode = 0700 }, &id));
		gfs_tx_abort(tx);
		tx = tx_begin(&life.f);
	}
	for (unsigned n = below(8) == 0 ? 6 : 1; n > 0; n--)
		change_anything(tx);
	OK(gfs_tx_commit(tx, &lsn, NULL));
	life.digests[++life.done] = digest_of(life.f.graph);
	io_trace_mark(TRACE_COMMITTED, life.done);
	if (life.mode != GFS_WAL_ASYNC) {
		OK(gfs_store_commit_wait(store, lsn));
		promise();
	} else if (below(6) == 0) {
		OK(gfs_store_sync(store));
		promise();
	}
	if (below(12) == 0) {
		OK(gfs_store_checkpoint(store));
		promise();
	}
}

static void begin(void)
{
	struct gfs_message message;
	if (run.has_next) {
		begin_again();
		return;
	}
	remove_folder(run.path);
	life = (struct life){ .mode = (enum gfs_wal_mode)(run.lives % 3), .f.opts = base_opts };
	life.f.opts.wal_mode = life.mode;
	memcpy(life.f.path, run.path, sizeof run.path);
	OK(gfs_graph_create(run.path, NULL, &message));
	begin_graph();
}

static void live(void)
{
	io_trace_start(run.path);
	fixture_open(&life.f);
	while (life.done < OPS) {
		operate();
		if (life.done == OPS / 2) {
			fixture_close(&life.f);
			promise();
			fixture_open(&life.f);
		}
	}
	if (below(2) == 0) {
		fixture_close(&life.f);
		promise();
	}
	io_trace_stop();
	if (life.f.graph != NULL)
		fixture_close(&life.f);
	run.lives++;
}

/* ---- a state ---- */

struct bounds {
	uint64_t begun, committed, durable;
};

static void violation(const char *what, uint64_t got, uint64_t want)
{
	char kept[100], command[300];
	fprintf(
		stderr, "VIOLATION: %s: %s (%llu, %llu)\n", run.what, what, (unsigned long long)got, (unsigned long long)want);
	if (run.violations++ < KEPT_MAX) {
		(void)snprintf(kept, sizeof kept, "/tmp/graphfs-crash-%llu-%llu", (unsigned long long)run.seed,
			(unsigned long long)run.executed);
		(void)snprintf(command, sizeof command, "rm -rf '%s'; cp -r '%s' '%s'", kept, run.state, kept);
		fprintf(stderr, "  the folder after that: %s\n", system(command) == 0 ? kept : "not kept");
	}
}

static void loud_line(void *context, const char *line)
{
	(void)context;
	fprintf(stderr, "  fsck: %s\n", line);
}

static void check(struct gfs_graph *g)
{
	struct gfs_check_report report;
	int err = gfs_graph_check(g, loud_line, NULL, NULL, &report);
	run.checked++;
	if (err != 0 || report.errors != 0)
		violation("fsck finds defects", report.errors, (uint64_t)-err);
}

/* The operation after which the graph was like this, or so many + 1. */
static uint64_t find_digest(uint64_t digest, uint64_t from, uint64_t to)
{
	uint64_t k = from;
	while (k <= to && life.digests[k] != digest)
		k++;
	return k;
}

static int open_state(bool writing, struct gfs_graph **ret_graph)
{
	struct gfs_message message = { "" };
	struct gfs_store_opts opts = base_opts;
	opts.read_only = !writing;
	int err = gfs_graph_open(run.state, &opts, ret_graph, &message);
	if (err != 0) {
		fprintf(stderr, "  %s\n", message.text);
		violation("it cannot be opened", (uint64_t)-err, 0);
	}
	return err;
}

/* A change on top of what was recovered, and everything once more. */
static void go_on(struct gfs_graph *g)
{
	struct fixture f = { .graph = g };
	(void)new_node(&f, "after the power cut");
	uint64_t digest = digest_of(g);
	int err = gfs_graph_close(g);
	run.went_on++;
	if (err != 0)
		violation("it cannot be closed", (uint64_t)-err, 0);
	if (open_state(true, &g) != 0)
		return;
	if (digest_of(g) != digest)
		violation("after a clean close it is another graph", 0, 0);
	check(g);
	(void)gfs_graph_close(g); /* what is asked here was asked above */
}

static void try_state(const struct crash_disk *disk, enum crash_choice choice, const struct bounds *b)
{
	struct gfs_graph *g;
	struct gfs_store_stats stats;
	uint64_t least = choice == CRASH_ALL ? b->committed : b->durable;
	bool goes_on = run.executed % GOES_ON_EVERY == 0;
	crash_disk_make(disk, choice, &run.rng, run.state);
	alarm(STATE_SECONDS);
	run.executed++;
	run.counts[choice]++;
	if (open_state(goes_on || run.executed % 2 == 0, &g) != 0)
		return;
	gfs_store_stats_get(gfs_graph_store(g), &stats);
	run.replayed += stats.recovered_transactions;
	uint64_t digest = digest_of(g), k = find_digest(digest, least, b->begun);
	if (k > b->begun) {
		k = find_digest(digest, 0, life.done);
		violation(k > life.done ? "a graph that never was" : "of the wrong operation", k, least);
	}
	if (run.executed % CHECKED_EVERY == 0)
		check(g);
	if (goes_on)
		go_on(g);
	else
		(void)gfs_graph_close(g); /* as above */
}

static void try_moment(const struct crash_disk *disk, size_t moment, const struct bounds *b, uint64_t states_max)
{
	bool sure = crash_disk_pending(disk) == 0;
	run.moments++;
	for (int choice = 0; choice < CRASH_CHOICE_COUNT && (!sure || choice == CRASH_ALL); choice++) {
		for (unsigned i = 0; i < states_of[choice] && run.executed < states_max; i++) {
			(void)snprintf(run.what, sizeof run.what, "life %llu, moment %zu, %s %u, state %llu: %llu to %llu",
				(unsigned long long)run.lives, moment, choice_names[choice], i, (unsigned long long)run.executed,
				(unsigned long long)b->durable, (unsigned long long)b->begun);
			try_state(disk, (enum crash_choice)choice, b);
		}
	}
}

/* ---- the whole ---- */

/* Of the moments of a life, one in `every`, of those of its recovery more. `again`: one of them is where the next life begins. */
static void replay(struct crash_disk *disk, unsigned every, uint64_t states_max, bool again)
{
	size_t count;
	struct bounds b = { 0 };
	const struct io_event *events = io_trace_events(&count);
	size_t next = again ? count / 2 + below((unsigned)count / 2) : count;
	for (size_t i = 0; i < count && run.executed < states_max; i++) {
		const struct io_event *e = &events[i];
		b.begun = e->kind == TRACE_BEGUN ? e->number : b.begun;
		b.committed = e->kind == TRACE_COMMITTED ? e->number : b.committed;
		b.durable = e->kind == TRACE_DURABLE ? e->number : b.durable;
		io_trace_apply(e, disk);
		if (e->kind != TRACE_BEGUN && below(b.begun == 0 ? (every + 3) / 4 : every) == 0)
			try_moment(disk, i, &b, states_max);
		if (i == next) {
			crash_disk_make(disk, CRASH_CUT, &run.rng, run.next);
			run.has_next = true;
		}
	}
}

static void die_loudly(int number)
{
	static const char text[] = "crash_replay: the process ends at: ";
	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	(void)!write(STDERR_FILENO, run.what, strlen(run.what));
	(void)!write(STDERR_FILENO, "\n", 1);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static uint64_t states_wanted(int argc, char **argv)
{
	const char *text = argc == 3 && strcmp(argv[1], "--states") == 0 ? argv[2] : getenv("GFS_CRASH_STATES");
	const char *full = getenv("GRAPHFS_FULL");
	if (text != NULL)
		return strtoull(text, NULL, 10);
	return full != NULL && full[0] != '\0' ? STATES_FULL : STATES_QUICK;
}

int main(int argc, char **argv)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGALRM };
	const char *seed_text = getenv("GFS_SEED");
	uint64_t states = states_wanted(argc, argv);
	run.seed = seed_text != NULL ? strtoull(seed_text, NULL, 10) : 1;
	run.rng.state = gfs_mix64(run.seed) | 1;
	(void)snprintf(
		run.path, sizeof run.path, "%s/gfs-replay-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	REQUIRE(mkdtemp(run.path) != NULL);
	(void)snprintf(run.state, sizeof run.state, "%s.state", run.path);
	(void)snprintf(run.next, sizeof run.next, "%s.next", run.path);
	for (size_t i = 0; i < GFS_COUNT(signals); i++)
		(void)signal(signals[i], die_loudly);
	while (run.executed < states) {
		bool again = !run.has_next;
		begin();
		struct crash_disk *disk = crash_disk_load(run.path);
		live();
		replay(disk, states < STATES_FULL / 10 ? 40 : 1, states, again);
		io_trace_clear();
		crash_disk_free(disk);
	}
	remove_folder(run.path);
	remove_folder(run.state);
	remove_folder(run.next);
	printf(
		"crash_replay: %s, seed %llu: %llu states executed at %llu moments of %llu lives; %llu transactions replayed, %llu checked by fsck, "
		"%llu written on\n ",
		GFS_VERSION, (unsigned long long)run.seed, (unsigned long long)run.executed, (unsigned long long)run.moments,
		(unsigned long long)run.lives, (unsigned long long)run.replayed, (unsigned long long)run.checked,
		(unsigned long long)run.went_on);
	for (unsigned i = 0; i < CRASH_CHOICE_COUNT; i++)
		printf(" %s %llu", choice_names[i], (unsigned long long)run.counts[i]);
	printf("  violations %llu\n", (unsigned long long)run.violations);
	return run.executed == 0 || run.replayed == 0 || run.violations != 0;
}
