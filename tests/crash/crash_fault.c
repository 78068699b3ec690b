/* A call that fails, at every call that changes a file: EIO, ENOSPC, a short write, once and for good, in LMDB as well.
 *
 * Two stories. `life`: a database is opened, changed, checkpointed and closed. `recovery`: one that a power cut left is opened and closed. In both the call
 * number N fails. Then the graph is opened as the process left it, and as a power cut after that leaves it, where what a failed sync was for is gone
 * whatever later syncs said: it must be the graph after an operation that is not before the last one answered, or the last one promised; after a
 * recovery the graph that was recovered. The log's mode changes from kind to kind of fault. Readers of a store that has failed see what was committed, and writers are refused.
 *
 * GRAPHFS_FULL=1 or --all: every call; else a few, and every write of a meta page of LMDB's. GFS_SEED sets the seed. */
#include "base/checked.h"
#include "base/hash.h"
#include "tests/crash/io_trace.h"
#include "tests/crash/small_graph.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { OPS = 14, CHECKPOINT_AT = 5, CHECKPOINT_AGAIN_AT = 10, SYNC_EVERY = 4, REFUSALS = 2, STEP_QUICK = 17 };

static const struct kind {
	const char *name;
	struct io_fault fault;
} kinds[] = {
	{ "EIO once", { .error = EIO } },
	{ "EIO for good", { .error = EIO, .sticky = true } },
	{ "ENOSPC once", { .error = ENOSPC } },
	{ "ENOSPC for good", { .error = ENOSPC, .sticky = true } },
	{ "a short write", { .error = EIO, .half = true } },
	{ "a short write, then ENOSPC", { .error = ENOSPC, .half = true, .sticky = true } },
};

static struct run {
	uint64_t seed;
	struct rng rng;
	char base[64], path[80], torn[80], state[80];
	struct small_graph s;
	enum gfs_wal_mode mode;
	uint64_t base_digest, torn_digest;
	uint64_t digests[OPS + 1], done;
	uint64_t tried; /* what a commit that failed would have left; 0: none did */
	uint64_t executed, opened, refused, violations;
	char what[120];
} run;

static void violation(const char *what, uint64_t got, uint64_t want)
{
	run.violations++;
	fprintf(
		stderr, "VIOLATION: %s: %s (%llu, %llu)\n", run.what, what, (unsigned long long)got, (unsigned long long)want);
}

/* ---- the stories ---- */

static int open_graph(const char *path, struct gfs_graph **ret_graph, struct gfs_message *message)
{
	struct gfs_store_opts opts = small_graph_opts;
	opts.wal_mode = run.mode;
	message->text[0] = '\0';
	return gfs_graph_open(path, &opts, ret_graph, message);
}

/* Its answer. After an error nothing has changed. */
static int operate(struct gfs_graph *g)
{
	struct gfs_tx *tx;
	uint64_t lsn = 0;
	int err = gfs_tx_begin(g, &tx);
	if (err != 0)
		return err;
	small_graph_change(&run.s, tx);
	uint64_t wanted = small_graph_digest_held(g);
	err = gfs_tx_commit(tx, &lsn, NULL);
	uint64_t digest = small_graph_digest(g);
	if (err != 0) {
		run.tried = wanted;
		if (digest != run.digests[run.done])
			violation("a failed commit leaves something", 0, 0);
		gfs_graph_read_begin(g);
		small_graph_look(&run.s);
		gfs_graph_read_end(g);
		return err;
	}
	run.digests[++run.done] = digest;
	io_trace_mark(TRACE_COMMITTED, run.done);
	if (run.mode == GFS_WAL_ASYNC && run.done % SYNC_EVERY != 0)
		return 0;
	err = run.mode == GFS_WAL_ASYNC ? gfs_store_sync(gfs_graph_store(g))
									: gfs_store_commit_wait(gfs_graph_store(g), lsn);
	if (err == 0)
		io_trace_mark(TRACE_DURABLE, run.done);
	return err;
}

static void live(struct gfs_graph *g)
{
	unsigned refusals = 0;
	struct gfs_check_report report;
	while (run.done < OPS && refusals < REFUSALS) {
		int err = operate(g);
		if (err == 0 && (run.done == CHECKPOINT_AT || run.done == CHECKPOINT_AGAIN_AT)) {
			err = gfs_store_checkpoint(gfs_graph_store(g));
			if (err == 0)
				io_trace_mark(TRACE_DURABLE, run.done);
		}
		refusals += err != 0;
	}
	run.refused += refusals != 0;
	if (refusals != 0 && (gfs_graph_check(g, NULL, NULL, NULL, &report) != 0 || report.errors != 0))
		violation("readers find damage", report.errors, 0);
	if (small_graph_digest(g) != run.digests[run.done])
		violation("readers see something else than what was committed", 0, 0);
}

/* ---- judging ---- */

struct bounds {
	uint64_t committed, durable;
};

static void judge(const struct crash_disk *disk, enum crash_choice choice, const struct bounds *b)
{
	struct gfs_graph *g;
	struct gfs_message message;
	struct gfs_check_report report;
	uint64_t least = choice == CRASH_ALL ? b->committed : b->durable, k = least;
	crash_disk_make(disk, choice, &run.rng, run.state);
	int err = open_graph(run.state, &g, &message);
	run.opened++;
	if (err != 0) {
		violation(message.text, choice, (uint64_t)-err);
		return;
	}
	uint64_t digest = small_graph_digest(g);
	while (k <= run.done && run.digests[k] != digest)
		k++;
	/* One whose commit failed may be there all the same. */
	if (k > run.done && digest != run.tried)
		violation(choice == CRASH_ALL ? "another graph" : "another graph after a power cut", k, least);
	err = gfs_graph_check(g, NULL, NULL, NULL, &report);
	if (err != 0 || report.errors != 0)
		violation("fsck finds defects", report.errors, (uint64_t)-err);
	struct fixture f = { .graph = g };
	(void)new_node(&f, "after the fault");
	err = gfs_graph_close(g);
	if (err != 0)
		violation("it cannot be closed", choice, (uint64_t)-err);
}

static void judge_all(struct crash_disk *disk)
{
	size_t count;
	struct bounds b = { 0 };
	const struct io_event *events = io_trace_events(&count);
	for (size_t i = 0; i < count; i++) {
		const struct io_event *e = &events[i];
		b.committed = e->kind == TRACE_COMMITTED ? e->number : b.committed;
		b.durable = e->kind == TRACE_DURABLE ? e->number : b.durable;
		io_trace_apply(e, disk);
	}
	judge(disk, CRASH_ALL, &b);
	judge(disk, CRASH_NONE, &b);
}

/* ---- a trial ---- */

/* `from`: a folder, whose graph has the digest. False when there are not so many calls. */
static bool try_fault(const char *from, uint64_t digest, bool is_life, const struct io_fault *fault)
{
	struct gfs_graph *g;
	struct gfs_message message;
	struct small_graph before = run.s;
	small_graph_copy(from, run.path);
	struct crash_disk *disk = crash_disk_load(run.path);
	run.rng.state = gfs_mix64(run.seed) | 1;
	run.digests[0] = digest;
	run.done = run.tried = 0;
	io_trace_start(run.path);
	io_trace_fault(fault);
	int err = open_graph(run.path, &g, &message), closed = 0;
	if (err == 0) {
		run.s.f.graph = g;
		if (is_life)
			live(g);
		closed = gfs_graph_close(g);
	}
	bool fired = io_trace_calls() > fault->at;
	io_trace_stop();
	if (!fired && (err != 0 || closed != 0 || (is_life && run.done != OPS)))
		violation("something fails though no call does", (uint64_t)-err, (uint64_t)-closed);
	judge_all(disk);
	io_trace_clear();
	crash_disk_free(disk);
	run.s = before;
	run.executed += fired;
	return fired;
}

static void try_all(const char *story, const char *from, uint64_t digest, bool is_life, unsigned step, bool metas)
{
	for (size_t i = 0; i < GFS_COUNT(kinds); i++) {
		bool fired = true;
		run.mode = (enum gfs_wal_mode)((run.seed + i + is_life) % 3);
		for (uint64_t at = step == 1 ? 0 : i; fired; at += step) {
			struct io_fault fault = kinds[i].fault;
			fault.at = at;
			fault.metas = metas;
			(void)snprintf(run.what, sizeof run.what, "%s, %s %llu: %s", story, metas ? "meta page" : "call",
				(unsigned long long)at, kinds[i].name);
			fired = try_fault(from, digest, is_life, &fault);
		}
	}
}

/* ---- where they begin ---- */

static uint64_t digest_of_copy(const char *from)
{
	struct gfs_graph *g;
	struct gfs_message message;
	small_graph_copy(from, run.state);
	OK(open_graph(run.state, &g, &message));
	uint64_t digest = small_graph_digest(g);
	OK(gfs_graph_close(g));
	return digest;
}

/* A life without faults, cut off before the end, with a torn log. */
static void make_torn(void)
{
	size_t count;
	struct gfs_message message;
	struct small_graph before = run.s;
	small_graph_copy(run.base, run.path);
	struct crash_disk *disk = crash_disk_load(run.path);
	io_trace_start(run.path);
	OK(open_graph(run.path, &run.s.f.graph, &message));
	run.digests[0] = run.base_digest;
	live(run.s.f.graph);
	io_trace_stop();
	OK(gfs_graph_close(run.s.f.graph));
	const struct io_event *events = io_trace_events(&count);
	size_t last = count;
	while (events[last - 1].kind != TRACE_WRITE)
		last--;
	for (size_t i = 0; i < last; i++)
		io_trace_apply(&events[i], disk);
	crash_disk_make(disk, CRASH_CUT, &run.rng, run.torn);
	io_trace_clear();
	crash_disk_free(disk);
	run.s = before;
	run.torn_digest = digest_of_copy(run.torn);
}

int main(int argc, char **argv)
{
	const char *seed_text = getenv("GFS_SEED"), *full = getenv("GRAPHFS_FULL");
	bool all = (argc == 2 && strcmp(argv[1], "--all") == 0) || (full != NULL && full[0] != '\0');
	run.seed = seed_text != NULL ? strtoull(seed_text, NULL, 10) : 1;
	run.rng.state = gfs_mix64(run.seed) | 1;
	(void)snprintf(
		run.base, sizeof run.base, "%s/gfs-fault-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	REQUIRE(mkdtemp(run.base) != NULL);
	(void)snprintf(run.path, sizeof run.path, "%s.path", run.base);
	(void)snprintf(run.torn, sizeof run.torn, "%s.torn", run.base);
	(void)snprintf(run.state, sizeof run.state, "%s.state", run.base);
	run.s = (struct small_graph){ .rng = &run.rng, .f.opts = small_graph_opts };
	memcpy(run.s.f.path, run.base, sizeof run.base);
	small_graph_begin(&run.s);
	run.base_digest = digest_of_copy(run.base);
	make_torn();
	try_all("life", run.base, run.base_digest, true, all ? 1 : STEP_QUICK, false);
	try_all("life", run.base, run.base_digest, true, 1, true);
	try_all("recovery", run.torn, run.torn_digest, false, all ? 1 : 5, false);
	small_graph_remove(run.base);
	small_graph_remove(run.path);
	small_graph_remove(run.torn);
	small_graph_remove(run.state);
	printf(
		"crash_fault: %s, seed %llu: %llu faults executed, %llu lives told of theirs, %llu states opened, violations %llu\n",
		GFS_VERSION, (unsigned long long)run.seed, (unsigned long long)run.executed, (unsigned long long)run.refused,
		(unsigned long long)run.opened, (unsigned long long)run.violations);
	return run.executed == 0 || run.refused == 0 || run.violations != 0;
}
