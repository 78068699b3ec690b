/* Statements under way. */
#include "query/engine.h"

#include "base/clock.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>

int gfs_running_enter(
	struct gfs_engine *engine, struct gfs_running *running, struct gfs_slice text, struct gfs_query_error *error)
{
	running->text = text;
	running->start_ns = gfs_clock_mono_ns();
	gfs_mutex_lock(&engine->lock);
	bool room = engine->running_count < GFS_QUERY_CONCURRENT_MAX;
	if (room) {
		running->id = engine->next_id++;
		running->prev = NULL;
		running->next = engine->running;
		if (running->next != NULL)
			running->next->prev = running;
		engine->running = running;
		engine->running_count++;
		running->listed = true;
	}
	gfs_mutex_unlock(&engine->lock);
	return room ? 0
				: gfs_query_fail(error, GFS_QUERY_LIMIT_ERROR, GFS_QUERY_RUNTIME, "TooManyQueries", NULL,
					  "%u statements are running already", GFS_QUERY_CONCURRENT_MAX);
}

void gfs_engine_running(struct gfs_engine *engine, struct gfs_buf *out)
{
	uint64_t now_ns = gfs_clock_mono_ns();
	gfs_mutex_lock(&engine->lock);
	for (const struct gfs_running *r = engine->running; r != NULL; r = r->next) {
		uint64_t took_ns = now_ns > r->start_ns ? now_ns - r->start_ns : 0;
		gfs_buf_printf(out, "query-%" PRIu64 "\t%" PRIu64 "\t", r->id, took_ns / GFS_NS_PER_MS);
		for (size_t i = 0; i < r->text.size; i++)
			gfs_buf_append_u8(out, r->text.data[i] < ' ' || r->text.data[i] == 0x7f ? ' ' : r->text.data[i]);
		gfs_buf_append_u8(out, '\n');
	}
	gfs_mutex_unlock(&engine->lock);
}

void gfs_running_leave(struct gfs_engine *engine, struct gfs_running *running)
{
	if (!running->listed)
		return;
	gfs_mutex_lock(&engine->lock);
	assert(engine->running_count > 0);
	if (running->prev != NULL)
		running->prev->next = running->next;
	else
		engine->running = running->next;
	if (running->next != NULL)
		running->next->prev = running->prev;
	engine->running_count--;
	uint32_t slow_ms = engine->limits.slow_ms;
	gfs_mutex_unlock(&engine->lock);
	running->listed = false;
	if (engine->opts.slow == NULL || slow_ms == 0)
		return;
	uint64_t took_ms = (gfs_clock_mono_ns() - running->start_ns) / GFS_NS_PER_MS;
	if (took_ms >= slow_ms)
		engine->opts.slow(engine->opts.slow_context, running->text, took_ms);
}
