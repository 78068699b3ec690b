/* Single bits flipped in the files of a closed database, which is then opened again; every answer of the graph is compared with what it
 * was before the flip.
 *
 * A trial is a child process: one flip anywhere in data.mdb, the superblock or the log, then open, compare, fsck. Every fourth trial
 * opens for writing, also commits and checkpoints, and compares once more after that. Each call must give the right answer or an error.
 * Where calls gave wrong answers without an error fsck must have something to say. Outcomes, the worst of a trial counts:
 *
 *   same      every answer right, fsck content          fsck told  every answer right or an error, and fsck named a defect
 *   refused   the open or a checkpoint failed           call told  a call failed
 *   fsck only an answer was wrong, and only fsck tells  CRASH      the process ended
 *   SILENT    an answer was wrong and nothing tells     HANG
 *
 * CRASH, SILENT and HANG are violations. --all N or GFS_CRASH_SAMPLE=N: so many flips. --only I: the trial I, loudly.
 * GFS_SEED sets the seed. */
#include "base/checked.h"
#include "base/hash.h"
#include "tests/support/scale.h"
#include "tests/unit/graph_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	TRIALS_DEFAULT = GFS_SCALED(3000, 100),
	NODES = 240,
	HUB_RELS = 500,
	BLOB_BYTES = 150000,
	FILES_MAX = 16,
	TRIAL_SECONDS = 20
};
enum { ANSWERS_MAX = 1 << 16, WRITE_EVERY = 4, CHILD_EXIT = 64 };

enum outcome { SAME, FSCK_TOLD, REFUSED, CALL_TOLD, FSCK_ONLY, CRASH, SILENT, HANG, OUTCOME_COUNT };
static const char *const outcome_names[OUTCOME_COUNT] = { "same", "fsck told", "refused", "call told", "fsck only",
	"CRASH", "SILENT", "HANG" };

struct file {
	char name[64];
	uint8_t *data;
	size_t size;
};

static struct run {
	char path[64];
	uint64_t seed;
	bool loud;
	struct file files[FILES_MAX];
	size_t file_count;
	/* What each call answered before any flip. */
	uint64_t answers[ANSWERS_MAX];
	size_t answer_count;
	uint64_t counts[OUTCOME_COUNT], per_file[3][OUTCOME_COUNT];
} run;

/* ---- asking ---- */

/* One pass over all calls, in an order that no answer changes. */
struct asking {
	struct gfs_graph *g;
	bool learn;
	size_t at;
	uint64_t told, wrong;
};

static void answer(struct asking *a, int err, uint64_t digest, const char *what)
{
	bool plain = err == 0 || err == GFS_ERR_NOTFOUND || err == GFS_ERR_NODATA;
	uint64_t number = gfs_mix64(digest + (uint64_t)-err);
	if (a->learn) {
		REQUIRE(plain && a->at < ANSWERS_MAX);
		run.answers[a->at] = number;
	} else if (!plain) {
		if (run.loud && a->told == 0)
			fprintf(stderr, "  told: %s: %s\n", what, gfs_err_text(err));
		a->told++;
	} else if (a->at >= run.answer_count || run.answers[a->at] != number) {
		if (run.loud && a->wrong == 0)
			fprintf(stderr, "  wrong: %s: %s\n", what, gfs_err_text(err));
		a->wrong++;
	}
	a->at++;
}

static void ask_props(struct asking *a, struct gfs_entity e)
{
	struct gfs_prop_info infos[16];
	static uint8_t text[BLOB_BYTES + 1];
	size_t count = 0, got = 0;
	int err = gfs_prop_list(a->g, e, 1, infos, GFS_COUNT(infos), &count);
	uint64_t digest = count;
	for (size_t i = 0; err == 0 && i < count; i++) {
		uint64_t numbers[] = { digest, infos[i].key, infos[i].type, infos[i].size, infos[i].mtime_ns };
		digest = gfs_hash64(numbers, sizeof numbers);
		err = gfs_prop_read(a->g, e, infos[i].key, 0, text, sizeof text, &got);
		if (err == 0)
			digest = gfs_hash64_seed(text, got, digest);
	}
	answer(a, err, err == 0 ? digest : 0, "properties");
}

static void ask_direction(struct asking *a, uint64_t id, enum gfs_direction dir)
{
	struct gfs_adj_type types[8];
	static struct gfs_adj_entry entries[2 * HUB_RELS];
	size_t count = 0, n = 0;
	uint64_t mtime_ns = 0;
	int err = gfs_rels_mtime(a->g, id, dir, &mtime_ns);
	answer(a, err, mtime_ns, "mtime of relationships");
	err = gfs_rels_types(a->g, id, dir, 1, types, GFS_COUNT(types), &count);
	uint64_t digest = 0;
	for (size_t i = 0; err == 0 && i < count; i++) {
		uint64_t numbers[] = { digest, types[i].type, types[i].made, types[i].count, types[i].mtime_ns };
		digest = gfs_hash64(numbers, sizeof numbers);
	}
	answer(a, err, err == 0 ? digest : 0, "types of relationships");
	for (uint16_t type = 1; type <= 2; type++) {
		err = gfs_rels_list(a->g, id, dir, type, (struct gfs_adj_entry){ 0 }, entries, GFS_COUNT(entries), &n);
		answer(a, err, err == 0 ? gfs_hash64(entries, n * sizeof *entries) : 0, "relationships");
	}
}

static void ask_node(struct asking *a, uint64_t id)
{
	struct gfs_node_record r = { 0 };
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	uint16_t labels[16];
	size_t count = 0;
	int err = gfs_node_get(a->g, id, &r);
	uint64_t numbers[] = { r.exists, r.label_count, r.mode, r.uid, r.gid, r.link_generation, r.dir_generation,
		r.first_out, r.first_in, r.mtime_ns, r.ctime_ns, r.btime_ns, r.labels_mtime_ns };
	answer(a, err, err == 0 ? gfs_hash64(numbers, sizeof numbers) : 0, "node");
	err = gfs_node_key(a->g, id, &key);
	answer(a, err, err == 0 ? gfs_hash64(key.data, key.size) : 0, "key");
	err = gfs_node_labels(a->g, id, labels, GFS_COUNT(labels), &count);
	answer(a, err, err == 0 ? gfs_hash64(labels, GFS_MIN(count, GFS_COUNT(labels)) * sizeof *labels) : 0, "labels");
	ask_props(a, node_entity(id));
	ask_direction(a, id, GFS_OUT);
	ask_direction(a, id, GFS_IN);
}

static void ask_rel(struct asking *a, uint64_t id)
{
	struct gfs_rel_record r = { 0 };
	int err = gfs_rel_get(a->g, id, &r);
	uint64_t numbers[] = { r.type, r.start, r.end, r.start_prev, r.start_next, r.end_prev, r.end_next, r.mtime_ns };
	answer(a, err, err == 0 ? gfs_hash64(numbers, sizeof numbers) : 0, "relationship");
	ask_props(a, rel_entity(id));
}

static void key_text(unsigned i, char text[64])
{
	(void)snprintf(text, 64, "node-%u", i); /* it fits */
}

static void ask_keys(struct asking *a)
{
	char text[64];
	for (unsigned i = 0; i < 2 * NODES; i++) { /* the second half does not exist */
		uint64_t id = 0;
		key_text(i, text);
		int err = gfs_node_find(a->g, gfs_slice_text(text), &id);
		answer(a, err, err == 0 ? id : 0, "finding a key");
	}
}

static void ask_sets(struct asking *a)
{
	static uint64_t ids[4 * (NODES + HUB_RELS)];
	for (uint16_t name = 1; name <= 4; name++) {
		size_t count = 0;
		int err = gfs_label_nodes(a->g, name, 1, ids, GFS_COUNT(ids), &count);
		answer(a, err, err == 0 ? gfs_hash64(ids, count * sizeof *ids) : 0, "nodes of a label");
		err = gfs_type_rels(a->g, name, 1, ids, GFS_COUNT(ids), &count);
		answer(a, err, err == 0 ? gfs_hash64(ids, count * sizeof *ids) : 0, "relationships of a type");
	}
}

static void ask_names(struct asking *a)
{
	for (enum gfs_catalog_kind kind = GFS_CATALOG_LABEL; kind <= GFS_CATALOG_KEY; kind++) {
		for (uint16_t id = 1; id <= 6; id++) {
			struct gfs_catalog_entry e = { 0 };
			int err = gfs_catalog_next(gfs_graph_catalog(a->g), kind, id, &e);
			uint64_t numbers[] = { e.id, e.mtime_ns, e.made, gfs_hash64(e.name.data, e.name.size) };
			answer(a, err, err == 0 ? gfs_hash64(numbers, sizeof numbers) : 0, "name");
		}
	}
}

static void ask_all(struct asking *a)
{
	gfs_graph_read_begin(a->g);
	struct gfs_slice key_property = gfs_graph_key_property(a->g);
	answer(a, 0, gfs_hash64(key_property.data, key_property.size), "settings");
	ask_names(a);
	ask_keys(a);
	for (uint64_t id = 1; id <= NODES; id++)
		ask_node(a, id);
	for (uint64_t id = 1; id <= NODES + HUB_RELS; id++)
		ask_rel(a, id);
	ask_sets(a);
	gfs_graph_read_end(a->g);
}

/* ---- the database ---- */

static void make_node(struct gfs_tx *tx, unsigned i, const uint16_t labels[2], uint16_t key, uint64_t *ret_id)
{
	struct gfs_node_meta meta = { .uid = i, .gid = 2, .mode = 0755 };
	char text[64];
	key_text(i, text);
	OK(gfs_node_create(tx, gfs_slice_text(text), &meta, ret_id));
	OK(gfs_node_add_label(tx, *ret_id, labels[i % 2]));
	struct gfs_value value = { .type = GFS_TYPE_STRING, .newline = true, .bytes = gfs_slice_text(text) };
	OK(gfs_prop_set(tx, node_entity(*ret_id), key, &value));
}

static void fill(struct gfs_graph *g)
{
	uint16_t labels[2], types[2], keys[2];
	uint64_t ids[NODES], rel, spare;
	struct gfs_tx *tx;
	static uint8_t blob[BLOB_BYTES];
	OK(gfs_tx_begin(g, &tx));
	OK(gfs_name_make(tx, GFS_CATALOG_LABEL, gfs_slice_text("Person"), &labels[0]));
	OK(gfs_name_make(tx, GFS_CATALOG_LABEL, gfs_slice_text("Place"), &labels[1]));
	OK(gfs_name_make(tx, GFS_CATALOG_TYPE, gfs_slice_text("KNOWS"), &types[0]));
	OK(gfs_name_make(tx, GFS_CATALOG_TYPE, gfs_slice_text("LIKES"), &types[1]));
	OK(gfs_name_make(tx, GFS_CATALOG_KEY, gfs_slice_text("text"), &keys[0]));
	OK(gfs_name_make(tx, GFS_CATALOG_KEY, gfs_slice_text("long"), &keys[1]));
	for (unsigned i = 0; i < NODES; i++)
		make_node(tx, i, labels, keys[0], &ids[i]);
	for (unsigned i = 0; i < HUB_RELS; i++)
		OK(gfs_rel_create(tx, types[0], ids[0], ids[i % NODES], &rel));
	for (unsigned i = 0; i < NODES; i++) {
		OK(gfs_rel_create(tx, types[1], ids[i], ids[(i * 7 + 1) % NODES], &rel));
		struct gfs_value value = { .type = GFS_TYPE_INTEGER, .integer = i };
		OK(gfs_prop_set(tx, rel_entity(rel), keys[0], &value));
	}
	for (size_t i = 0; i < sizeof blob; i++)
		blob[i] = (uint8_t)gfs_mix64(i);
	OK(gfs_prop_create(tx, node_entity(ids[3]), keys[1]));
	OK(gfs_prop_write(tx, node_entity(ids[3]), keys[1], 0, gfs_slice(blob, sizeof blob)));
	for (unsigned i = 0; i < 8; i++) /* some free ids */
		OK(gfs_node_create(tx, gfs_slice(NULL, 0), &(struct gfs_node_meta){ .mode = 0700 }, &spare));
	for (unsigned i = 0; i < 4; i++)
		OK(gfs_node_delete(tx, spare - i, false));
	OK(gfs_tx_commit(tx, NULL, NULL));
}

static const struct gfs_store_opts for_writing = { .wal_segment_bytes = 64 << 10 };
static const struct gfs_store_opts for_reading = { .wal_segment_bytes = 64 << 10, .read_only = true };

static void build(void)
{
	struct gfs_message message = { "" };
	struct asking learning = { .learn = true };
	struct gfs_check_report report;
	OK(gfs_graph_create(run.path, NULL, &message));
	OK(gfs_graph_open(run.path, &for_writing, &learning.g, &message));
	fill(learning.g);
	OK(gfs_graph_close(learning.g));
	OK(gfs_graph_open(run.path, &for_reading, &learning.g, &message));
	ask_all(&learning);
	run.answer_count = learning.at;
	OK(gfs_graph_check(learning.g, NULL, NULL, NULL, &report));
	REQUIRE(report.errors == 0 && report.nodes == NODES + 4 && report.relationships == NODES + HUB_RELS);
	OK(gfs_graph_close(learning.g));
}

/* ---- its files ---- */

static void file_path(const char *name, char out[160])
{
	(void)snprintf(out, 160, "%s/%s", run.path, name); /* cut names are not ours */
}

static void read_file(const char *name)
{
	char path[160];
	struct stat st;
	REQUIRE(run.file_count < FILES_MAX);
	struct file *f = &run.files[run.file_count++];
	(void)snprintf(f->name, sizeof f->name, "%s", name);
	file_path(name, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	REQUIRE(fd >= 0 && fstat(fd, &st) == 0);
	f->size = (size_t)st.st_size;
	f->data = malloc(f->size + 1);
	REQUIRE(f->data != NULL && read(fd, f->data, f->size) == (ssize_t)f->size);
	close(fd);
}

static void write_file(const struct file *f)
{
	char path[160];
	file_path(f->name, path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	REQUIRE(fd >= 0 && write(fd, f->data, f->size) == (ssize_t)f->size);
	close(fd);
}

static void each_log_file(void (*each)(const char *name))
{
	char path[160], name[300];
	file_path("wal", path);
	DIR *dir = opendir(path);
	REQUIRE(dir != NULL);
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		(void)snprintf(name, sizeof name, "wal/%s", e->d_name);
		if (e->d_name[0] != '.')
			each(name);
	}
	closedir(dir);
}

static void remove_file(const char *name)
{
	char path[160];
	file_path(name, path);
	REQUIRE(unlink(path) == 0);
}

static void restore_all(void)
{
	each_log_file(remove_file);
	for (size_t i = 0; i < run.file_count; i++)
		write_file(&run.files[i]);
}

struct flip {
	const struct file *file;
	unsigned kind; /* of its file: 0 data.mdb, 1 superblock, 2 log */
	size_t offset;
	uint8_t mask;
};

/* One in ten goes to each of superblock and log: data.mdb is where the structure is. */
static struct flip flip_of(uint64_t trial)
{
	uint64_t random = gfs_mix64(run.seed * UINT64_C(0x9e3779b97f4a7c15) + trial);
	uint64_t choice = random % 10;
	struct flip flip = { .kind = choice == 0 ? 1 : choice == 1 ? 2 : 0 };
	flip.file = &run.files[flip.kind == 2 ? 2 + random / 16 % (run.file_count - 2) : flip.kind];
	random = gfs_mix64(random);
	flip.offset = (size_t)(random / 8 % flip.file->size);
	flip.mask = (uint8_t)(1u << random % 8);
	return flip;
}

static void apply(const struct flip *flip)
{
	char path[160];
	uint8_t byte = flip->file->data[flip->offset] ^ flip->mask;
	file_path(flip->file->name, path);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	REQUIRE(fd >= 0 && pwrite(fd, &byte, 1, (off_t)flip->offset) == 1);
	close(fd);
}

static void take_back(const struct flip *flip)
{
	struct flip back = *flip;
	back.mask = 0;
	apply(&back);
}

/* ---- a trial ---- */

static void loud_line(void *context, const char *line)
{
	(void)context;
	if (run.loud)
		fprintf(stderr, "  fsck: %s\n", line);
}

/* Compares everything; fsck last, so that it cannot warm what the calls read. */
static enum outcome judge(struct gfs_graph *g)
{
	struct asking a = { .g = g };
	struct gfs_check_report report;
	ask_all(&a);
	int err = gfs_graph_check(g, loud_line, NULL, NULL, &report);
	bool fsck_told = err != 0 || report.errors != 0;
	if (run.loud && err != 0)
		fprintf(stderr, "  fsck could not go on: %s\n", gfs_err_text(err));
	if (a.wrong != 0)
		return fsck_told ? FSCK_ONLY : SILENT;
	if (a.told != 0)
		return CALL_TOLD;
	return fsck_told ? FSCK_TOLD : SAME;
}

static int change(struct gfs_graph *g)
{
	struct gfs_tx *tx;
	uint64_t id;
	int err = gfs_tx_begin(g, &tx);
	if (err != 0)
		return err;
	for (unsigned i = 0; err == 0 && i < 6; i++)
		err = gfs_node_create(tx, gfs_slice(NULL, 0), &(struct gfs_node_meta){ .mode = 0700 }, &id);
	if (err != 0) {
		gfs_tx_abort(tx);
		return err;
	}
	return gfs_tx_commit(tx, NULL, NULL);
}

static enum outcome open_and_judge(const struct gfs_store_opts *opts, bool changing)
{
	struct gfs_message message = { "" };
	struct gfs_graph *g;
	int err = gfs_graph_open(run.path, opts, &g, &message);
	if (err != 0) {
		if (run.loud)
			fprintf(stderr, "  open: %s\n", message.text);
		return REFUSED;
	}
	enum outcome outcome = judge(g);
	if (changing && change(g) != 0 && outcome == SAME)
		outcome = CALL_TOLD;
	err = gfs_graph_close(g);
	return err != 0 && outcome == SAME ? REFUSED : outcome;
}

static _Noreturn void child(bool writing)
{
	alarm(TRIAL_SECONDS);
	if (!run.loud && freopen("/dev/null", "w", stderr) == NULL)
		_exit(100);
	enum outcome outcome = open_and_judge(writing ? &for_writing : &for_reading, writing);
	if (writing && outcome == SAME)
		outcome = open_and_judge(&for_reading, false);
	_exit(CHILD_EXIT + (int)outcome);
}

static enum outcome await(pid_t pid, uint64_t trial)
{
	int status;
	REQUIRE(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status)) {
		printf("trial %llu: signal %d\n", (unsigned long long)trial, WTERMSIG(status));
		return WTERMSIG(status) == SIGALRM ? HANG : CRASH;
	}
	int code = WEXITSTATUS(status) - CHILD_EXIT;
	return code >= 0 && code < OUTCOME_COUNT ? (enum outcome)code : CRASH; /* a sanitizer's report */
}

static void try_one(uint64_t trial)
{
	struct flip flip = flip_of(trial);
	bool writing = trial % WRITE_EVERY == 0;
	apply(&flip);
	fflush(NULL);
	pid_t pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0)
		child(writing);
	enum outcome outcome = await(pid, trial);
	run.counts[outcome]++;
	run.per_file[flip.kind][outcome]++;
	if (outcome >= FSCK_ONLY || run.loud)
		printf("trial %llu: %s at %zu, mask %02x%s: %s\n", (unsigned long long)trial, flip.file->name, flip.offset,
			flip.mask, writing ? ", writing" : "", outcome_names[outcome]);
	if (writing)
		restore_all();
	else
		take_back(&flip);
}

/* ---- the whole ---- */

static void report_counts(uint64_t trials)
{
	static const char *const kinds[] = { "data.mdb", "superblock", "log" };
	printf("crash_flip: seed %llu, %llu flips, %zu answers compared after each\n", (unsigned long long)run.seed,
		(unsigned long long)trials, run.answer_count);
	for (unsigned kind = 0; kind < GFS_COUNT(kinds); kind++) {
		printf("  %-10s", kinds[kind]);
		for (unsigned i = 0; i < OUTCOME_COUNT; i++)
			printf("  %s %llu", outcome_names[i], (unsigned long long)run.per_file[kind][i]);
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	const char *count_text = argc == 3 && strcmp(argv[1], "--all") == 0 ? argv[2] : getenv("GFS_CRASH_SAMPLE");
	const char *sanitizers = getenv("GRAPHFS_SANITIZE");
	if (!count_text && sanitizers && *sanitizers)
		count_text = "100"; /* a trial asks thousands of questions: too slow for more */
	const char *only = argc == 3 && strcmp(argv[1], "--only") == 0 ? argv[2] : NULL;
	const char *seed_text = getenv("GFS_SEED");
	uint64_t trials = count_text != NULL ? strtoull(count_text, NULL, 10) : TRIALS_DEFAULT;
	run.seed = seed_text != NULL ? strtoull(seed_text, NULL, 10) : 1;
	run.loud = only != NULL;
	(void)snprintf(
		run.path, sizeof run.path, "%s/gfs-flip-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	REQUIRE(mkdtemp(run.path) != NULL);
	build();
	read_file("data.mdb");
	read_file("superblock");
	each_log_file(read_file);
	if (only != NULL)
		try_one(strtoull(only, NULL, 10));
	for (uint64_t trial = 0; only == NULL && trial < trials; trial++)
		try_one(trial);
	report_counts(only != NULL ? 1 : trials);
	char command[96];
	(void)snprintf(command, sizeof command, "rm -rf '%s'", run.path);
	if (system(command) != 0)
		fprintf(stderr, "crash_flip: %s stays\n", run.path);
	return trials == 0 || run.counts[CRASH] + run.counts[SILENT] + run.counts[HANG] != 0;
}
