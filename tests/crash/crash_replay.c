/* Power cuts at every moment of a database's life.
 *
 * A life is some hundred operations on a small graph, with checkpoints, syncs, a remount and rebuilds of the indexes in between, some of them unlogged, in each of the three modes of the log. Every change
 * of its files, LMDB's included, is noted (io_trace.h). Then at each moment the folder is made as a power cut there may leave it (crash_disk.h), opened, and
 * compared: it must be the graph as it was after some operation k, which is at least the last one that was promised to be durable, at most the
 * last one begun; when only the process died, the last one answered. Some states are looked through by fsck, changed, closed and opened once more. Every
 * second life begins with such a state of the one before, so that recovery itself is cut at every moment: it must come to the same graph.
 *
 * --states N or GFS_CRASH_STATES=N: so many states; GRAPHFS_FULL=1: 100,000. GFS_SEED sets the seed. A state that is wrong is kept, and its folder named. */
#include "base/checked.h"
#include "base/hash.h"
#include "graph/index.h"
#include "graph/rebuild.h"
#include "tests/crash/io_trace.h"
#include "tests/crash/small_graph.h"
#include "tests/support/scale.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { STATES_QUICK = GFS_SCALED(600, 150), STATES_FULL = 100000, OPS = 90, STATE_SECONDS = 60, KEPT_MAX = 5 };
/* States at a moment when something is not sure: one each of all and none, and of the others: */
static const unsigned states_of[CRASH_CHOICE_COUNT] = { 1, 1, 6, 8, 6 };
static const char *const choice_names[CRASH_CHOICE_COUNT] = { "all", "none", "cut", "writes", "blocks" };
/* One state in so many is */
enum { CHECKED_EVERY = 8, GOES_ON_EVERY = 16 };
/* In every other pair of lives, so that checkpoints begin by themselves and unlogged changes move into LMDB's batch. */
enum { DIRTY_BYTES_FEW = 200 << 10 };

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
	struct small_graph s;
	enum gfs_wal_mode mode;
	uint64_t digests[OPS + 1]; /* after so many operations */
	uint64_t done;
} life;

/* From a state of the life before. What recovery has to come to, a copy of it tells. */
static void begin_again(void)
{
	small_graph_copy(run.next, run.path);
	fixture_open(&life.s.f);
	gfs_graph_read_begin(life.s.f.graph);
	small_graph_look(&life.s);
	gfs_graph_read_end(life.s.f.graph);
	life.digests[0] = small_graph_digest(life.s.f.graph);
	life.done = 0;
	fixture_close(&life.s.f);
	small_graph_copy(run.next, run.path);
	run.has_next = false;
}

static void promise(void)
{
	io_trace_mark(TRACE_DURABLE, life.done);
}

static void operate(void)
{
	uint64_t lsn = 0;
	struct gfs_store *store = gfs_graph_store(life.s.f.graph);
	io_trace_mark(TRACE_BEGUN, life.done + 1);
	struct gfs_tx *tx = tx_begin(&life.s.f);
	if (below(10) == 0) { /* one that is taken back leaves nothing, but ids */
		uint64_t id;
		OK(gfs_node_create(tx, (struct gfs_slice){ 0 }, &(struct gfs_node_meta){ .mode = 0700 }, &id));
		gfs_tx_abort(tx);
		tx = tx_begin(&life.s.f);
	}
	for (unsigned n = below(8) == 0 ? 6 : 1; n > 0; n--)
		small_graph_change(&life.s, tx);
	OK(gfs_tx_commit(tx, &lsn, NULL));
	life.digests[++life.done] = small_graph_digest(life.s.f.graph);
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

/* What an offline import does: no log, a commit that is a checkpoint, and memory given back in between. */
static void operate_unlogged(void)
{
	struct gfs_message message;
	struct gfs_tx *tx;
	OK(gfs_index_wait_all(life.s.f.graph, NULL, NULL, &message));
	io_trace_mark(TRACE_BEGUN, life.done + 1);
	OK(gfs_tx_begin_unlogged(life.s.f.graph, &tx));
	for (unsigned n = 0; n < 6; n++) {
		small_graph_change(&life.s, tx);
		OK(gfs_tx_relieve(tx));
	}
	OK(gfs_tx_commit(tx, NULL, NULL));
	life.digests[++life.done] = small_graph_digest(life.s.f.graph);
	io_trace_mark(TRACE_COMMITTED, life.done);
	promise();
}

/* What fsck --rebuild-index does: all anew, and nothing else. */
static void rebuild(void)
{
	struct gfs_message message;
	struct gfs_rebuild_report report;
	OK(gfs_index_wait_all(life.s.f.graph, NULL, NULL, &message));
	OK(gfs_graph_rebuild(life.s.f.graph, NULL, NULL, &report, &message));
	REQUIRE(small_graph_digest(life.s.f.graph) == life.digests[life.done]);
	promise();
}

static void begin(void)
{
	if (run.has_next) {
		begin_again();
		return;
	}
	small_graph_remove(run.path);
	life = (struct life){ .mode = (enum gfs_wal_mode)(run.lives % 3), .s.f.opts = small_graph_opts, .s.rng = &run.rng };
	life.s.f.opts.wal_mode = life.mode;
	life.s.f.opts.dirty_bytes_max = run.lives % 4 < 2 ? DIRTY_BYTES_FEW : 0;
	memcpy(life.s.f.path, run.path, sizeof run.path);
	small_graph_begin(&life.s);
	fixture_open(&life.s.f);
	life.digests[0] = small_graph_digest(life.s.f.graph);
	fixture_close(&life.s.f);
}

static void live(void)
{
	io_trace_start(run.path);
	fixture_open(&life.s.f);
	while (life.done < OPS) {
		if (below(30) == 0)
			operate_unlogged();
		else
			operate();
		if (below(60) == 0)
			rebuild();
		if (life.done == OPS / 2) {
			fixture_close(&life.s.f);
			promise();
			fixture_open(&life.s.f);
		}
	}
	if (below(2) == 0) {
		fixture_close(&life.s.f);
		promise();
	}
	io_trace_stop();
	if (life.s.f.graph != NULL)
		fixture_close(&life.s.f);
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
	struct gfs_store_opts opts = small_graph_opts;
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
	uint64_t digest = small_graph_digest(g);
	int err = gfs_graph_close(g);
	run.went_on++;
	if (err != 0)
		violation("it cannot be closed", (uint64_t)-err, 0);
	if (open_state(true, &g) != 0)
		return;
	if (small_graph_digest(g) != digest)
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
	uint64_t digest = small_graph_digest(g), k = find_digest(digest, least, b->begun);
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
	small_graph_remove(run.path);
	small_graph_remove(run.state);
	small_graph_remove(run.next);
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
