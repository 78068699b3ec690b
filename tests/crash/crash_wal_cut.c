/* A 64 KiB log segment cut at every byte, in three ways, and reopened. Behind it lies a second segment, intact, whose frames must
 * never be replayed past a cut.
 *
 * What comes back must be a prefix of what was committed, with everything that lies wholly before the cut. A cut inside the segment's
 * header must be refused: no crash makes one (W1 in store/wal_format.h). Now and then the log is also started, appended to and
 * reopened. GFS_CRASH_SAMPLE=N or --sample N: every Nth byte only. GFS_SEED sets the seed. */
#include "base/io.h"
#include "store/wal_format.h"
#include "tests/support/scale.h"
#include "tests/support/wal_model.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_BYTES ((size_t)GFS_WAL_SEGMENT_BYTES_MIN)
#define FIRST_NAME "0000000000000001.log"
#define CONTINUE_EVERY 61u

enum how { TRUNCATE, ZERO_TAIL, GARBAGE_TAIL, HOW_COUNT };
static const char *const how_names[HOW_COUNT] = { "truncated", "zero tail", "garbage tail" };

static struct run {
	struct wal_scratch scratch;
	struct wal_model model;
	int fd;              /* the first segment's file */
	uint64_t ends[4096]; /* offset in it where each transaction ends; past LOG_BYTES for those that end in the second */
	size_t ends_count;
	uint8_t good[LOG_BYTES], garbage[LOG_BYTES], second[LOG_BYTES];
	uint64_t reopened, refused, continued, violations;
} run;

static uint64_t seed;

static size_t size_of(uint64_t n)
{
	uint64_t x = (n + 1) * (seed | 1) * UINT64_C(0x9e3779b97f4a7c15);
	x ^= x >> 29;
	return n == 5 ? 0 : x % 16 == 0 ? x / 16 % 3000 : x / 16 % 200;
}

static void die(const char *what, int err)
{
	fprintf(stderr, "crash_wal_cut: %s: %s\n", what, gfs_err_text(err));
	exit(2);
}

static int open_log(struct gfs_wal **ret_wal, bool read_only)
{
	struct gfs_message message;
	struct gfs_wal_opts opts = { .database_id = WAL_MODEL_ID,
		.segment_bytes = LOG_BYTES,
		.interval_ms = 60000, /* no sync: what a crash may tear is all of it */
		.read_only = read_only };
	int err = gfs_wal_open(run.scratch.dir_fd, &opts, 0, ret_wal, &message);
	if (err != 0)
		return err;
	run.model.count = 0;
	run.model.last_lsn = 0;
	run.model.wrong = false;
	err = gfs_wal_replay(*ret_wal, wal_model_each, &run.model);
	if (err != 0)
		gfs_wal_close(*ret_wal);
	return err;
}

static void read_file(const char *name, uint8_t *out)
{
	int fd = openat(run.scratch.dir_fd, name, O_RDONLY);
	if (fd < 0 || pread(fd, out, LOG_BYTES, 0) != (ssize_t)LOG_BYTES)
		die(name, GFS_ERR_IO);
	close(fd);
}

static void build(void)
{
	struct gfs_wal *wal = NULL;
	int err = gfs_wal_create(run.scratch.dir_fd, WAL_MODEL_ID, 0);
	if (err == 0)
		err = open_log(&wal, false);
	if (err == 0)
		err = gfs_wal_start(wal);
	for (uint64_t end = 0; err == 0 && end < LOG_BYTES + LOG_BYTES / 4;) {
		err = wal_model_append(wal, &run.model, run.ends_count, &end);
		run.ends[run.ends_count++] = WAL_HEADER_BYTES + end;
	}
	if (err != 0)
		die("building the log", err);
	gfs_wal_close(wal);
	read_file(FIRST_NAME, run.good);
	read_file("0000000000000002.log", run.second);
	for (size_t i = 0; i < LOG_BYTES; i++)
		run.garbage[i] = (uint8_t)((seed + i) * UINT64_C(0x9e3779b97f4a7c15) >> 40) | 1;
	run.fd = openat(run.scratch.dir_fd, FIRST_NAME, O_RDWR);
	if (run.fd < 0)
		die("opening the segment", GFS_ERR_IO);
}

static void put(int fd, const uint8_t *data, size_t from, size_t to)
{
	if (pwrite(fd, data + from, to - from, (off_t)from) != (ssize_t)(to - from))
		die("writing the cut", GFS_ERR_IO);
}

static void cut_log(size_t cut, enum how how)
{
	static const uint8_t zeros[LOG_BYTES];
	put(run.fd, run.good, 0, cut);
	if (how == TRUNCATE && ftruncate(run.fd, (off_t)cut) != 0)
		die("cutting", GFS_ERR_IO);
	if (how != TRUNCATE)
		put(run.fd, how == ZERO_TAIL ? zeros : run.garbage, cut, LOG_BYTES);
}

static size_t whole_before(size_t cut)
{
	static size_t at; /* cuts come in ascending order */
	while (at < run.ends_count && run.ends[at] <= cut)
		at++;
	return at;
}

static void violation(size_t cut, enum how how, const char *what, uint64_t got, uint64_t want)
{
	if (run.violations++ < 20)
		fprintf(stderr, "VIOLATION at byte %zu, %s: %s: %llu, expected %llu\n", cut, how_names[how], what,
			(unsigned long long)got, (unsigned long long)want);
}

/* Goes on writing after the cut: what was recovered stays, what was cut off never returns. */
static void continue_log(size_t cut, enum how how, struct gfs_wal *wal, uint64_t recovered)
{
	uint64_t lsn = 0;
	int err = gfs_wal_start(wal);
	for (uint64_t n = recovered; err == 0 && n < recovered + 3; n++)
		err = wal_model_append(wal, &run.model, n, &lsn);
	gfs_wal_close(wal);
	if (err != 0)
		violation(cut, how, "starting again failed", (uint64_t)-err, 0);
	err = open_log(&wal, true);
	if (err != 0 || run.model.wrong || run.model.count != recovered + 3)
		violation(cut, how, "transactions after going on", run.model.count, recovered + 3);
	if (err == 0)
		gfs_wal_close(wal);
	run.continued++;
	int fd = openat(run.scratch.dir_fd, "0000000000000002.log", O_RDWR | O_CREAT, 0600);
	put(fd, run.second, 0, LOG_BYTES);
	close(fd);
}

static void try_cut(size_t cut, enum how how, size_t whole)
{
	struct gfs_wal *wal = NULL;
	bool go_on = run.reopened % CONTINUE_EVERY == 0;
	cut_log(cut, how);
	int err = open_log(&wal, !go_on);
	run.reopened++;
	if (cut < WAL_HEADER_BYTES) {
		if (err != GFS_ERR_CORRUPT)
			violation(cut, how, "a damaged header was not refused", (uint64_t)-err, (uint64_t)-GFS_ERR_CORRUPT);
		run.refused++;
		if (err == 0)
			gfs_wal_close(wal);
		return;
	}
	if (err != 0) {
		violation(cut, how, "reopening failed", (uint64_t)-err, 0);
		return;
	}
	uint64_t recovered = run.model.count;
	/* One more is whole when the cut only took zeros that were there before. */
	bool none_lost = recovered == whole || (recovered == whole + 1 && how == ZERO_TAIL);
	if (run.model.wrong || !none_lost)
		violation(cut, how, "transactions recovered", recovered, whole);
	if (go_on)
		continue_log(cut, how, wal, recovered);
	else
		gfs_wal_close(wal);
}

int main(int argc, char **argv)
{
	const char *sample_text = argc == 3 && strcmp(argv[1], "--sample") == 0 ? argv[2] : getenv("GFS_CRASH_SAMPLE");
	size_t sample = sample_text != NULL ? strtoul(sample_text, NULL, 10) : GFS_SCALED(1, 16);
	const char *seed_text = getenv("GFS_SEED");
	seed = seed_text != NULL ? strtoull(seed_text, NULL, 10) : 1;
	run.model.size_of = size_of;
	if (sample == 0 || !wal_scratch_init(&run.scratch))
		die("bad arguments or no scratch folder", GFS_ERR_INVALID);
	build();
	for (size_t cut = 0; cut < LOG_BYTES; cut += sample) {
		size_t whole = whole_before(cut);
		for (enum how how = TRUNCATE; how < HOW_COUNT; how++)
			try_cut(cut, how, whole);
	}
	printf(
		"crash_wal_cut: seed %llu, %zu transactions, %llu reopens (%llu in the header, refused; %llu also written on), "
		"%llu violations\n",
		(unsigned long long)seed, run.ends_count, (unsigned long long)run.reopened, (unsigned long long)run.refused,
		(unsigned long long)run.continued, (unsigned long long)run.violations);
	close(run.fd);
	wal_scratch_release(&run.scratch);
	wal_model_release(&run.model);
	return run.reopened == 0 || run.violations != 0;
}
