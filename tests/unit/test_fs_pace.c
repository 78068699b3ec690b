/* How the leader waits: the way that is measured best is kept, and tried again later. */
#include "fs/pace.h"

#include "base/clock.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

/* A world in which a request takes that long with each way. */
struct world {
	struct gfs_pace pace;
	uint64_t now_ns, took_ns[GFS_PACE_WAYS];
	unsigned follows;
};

static void ask(struct world *w, unsigned requests)
{
	for (unsigned i = 0; i < requests; i++) {
		w->now_ns += w->took_ns[w->pace.way];
		w->follows += gfs_pace_step(&w->pace, w->now_ns);
	}
}

static void until_kept(struct world *w)
{
	for (unsigned i = 0; i < 10000 && w->pace.keeps; i++)
		ask(w, 1);
	for (unsigned i = 0; i < 10000 && !w->pace.keeps; i++)
		ask(w, 1);
	assert_true(w->pace.keeps);
}

static void new_world(struct world *w, uint64_t poll_ns, uint64_t sleep_ns, uint64_t near_ns)
{
	*w = (struct world){ .now_ns = 1000, .took_ns = { poll_ns, sleep_ns, near_ns } };
	gfs_pace_init(&w->pace);
}

static void test_the_best_is_kept(void **state)
{
	(void)state;
	struct world w;
	new_world(&w, 30000, 90000, 10000);
	until_kept(&w);
	assert_int_equal(w.pace.way, GFS_PACE_NEAR);
	new_world(&w, 20000, 90000, 60000);
	until_kept(&w);
	assert_int_equal(w.pace.way, GFS_PACE_POLL);
	new_world(&w, 40000, 10000, 30000);
	until_kept(&w);
	assert_int_equal(w.pace.way, GFS_PACE_SLEEP);
}

static void test_near_wins_a_tie(void **state)
{
	(void)state;
	struct world w;
	new_world(&w, 20000, 10000, 11000);
	until_kept(&w);
	assert_int_equal(w.pace.way, GFS_PACE_NEAR);
}

static void test_it_is_tried_again(void **state)
{
	(void)state;
	struct world w;
	new_world(&w, 30000, 90000, 10000);
	until_kept(&w);
	w.took_ns[GFS_PACE_NEAR] = 200000; /* somebody else's work came to that processor */
	ask(&w, 70000);
	until_kept(&w);
	assert_int_equal(w.pace.way, GFS_PACE_POLL);
}

/* The callers' own pauses say nothing, and do not move it on. */
static void test_pauses_do_not_count(void **state)
{
	(void)state;
	struct world w;
	new_world(&w, 10 * GFS_NS_PER_MS, 10 * GFS_NS_PER_MS, 10 * GFS_NS_PER_MS);
	ask(&w, 20000);
	assert_false(w.pace.keeps);
	assert_int_equal(w.pace.way, GFS_PACE_POLL);
}

static void test_the_caller_is_looked_for_now_and_then(void **state)
{
	(void)state;
	struct world w;
	new_world(&w, 30000, 90000, 10000);
	ask(&w, 20); /* poll */
	assert_int_equal(w.follows, 0);
	until_kept(&w);
	unsigned before = w.follows;
	assert_true(before >= 4); /* once a lap */
	ask(&w, 1024);
	assert_in_range(w.follows - before, 4, 5);
	gfs_pace_hand_over(&w.pace);
	before = w.follows;
	ask(&w, 1);
	assert_int_equal(w.follows - before, 1);
}

static void test_processors(void **state)
{
	(void)state;
	cpu_set_t before, tied, after;
	assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
	gfs_pace_follow(getpid());
	assert_int_equal(sched_getaffinity(0, sizeof tied, &tied), 0);
	assert_int_equal(CPU_COUNT(&tied), 1);
	gfs_pace_follow(0);          /* a caller of another pid namespace */
	gfs_pace_follow(0x7ffffffe); /* one that is gone */
	gfs_pace_let_go();
	gfs_pace_let_go();
	assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_best_is_kept),
		cmocka_unit_test(test_near_wins_a_tie),
		cmocka_unit_test(test_it_is_tried_again),
		cmocka_unit_test(test_pauses_do_not_count),
		cmocka_unit_test(test_the_caller_is_looked_for_now_and_then),
		cmocka_unit_test(test_processors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
