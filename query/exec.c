#include "query/exec.h"

#include "base/clock.h"
#include "graph/index.h"
#include "query/change.h"

#include <assert.h>
#include <stdatomic.h>

enum { TICKS_A_LOOK = 8 };
/* How long a reader keeps the graph lock. */
#define SLICE_NS (2 * GFS_NS_PER_MS)

void *gfs_exec_alloc(struct gfs_exec *exec, size_t size)
{
	void *memory = gfs_arena_alloc(&exec->arena, size);
	if (memory != NULL)
		memset(memory, 0, size);
	return memory;
}

void *gfs_exec_room(struct gfs_exec *exec, size_t size)
{
	void *memory = gfs_arena_alloc(&exec->arena, size);
#ifndef NDEBUG
	if (memory != NULL)
		memset(memory, 0xa5, size); /* no type has this number: who reads what nobody wrote is found */
#endif
	return memory;
}

int gfs_exec_nomem(struct gfs_exec *exec)
{
	return gfs_query_fail_store(exec->error, GFS_ERR_NOMEM);
}

int gfs_exec_store_error(struct gfs_exec *exec, int err)
{
	struct gfs_message message = { "" };
	if (err == 0)
		return 0;
	if ((err != GFS_ERR_UNIQUE && err != GFS_ERR_REQUIRED) || exec->tx == NULL)
		return gfs_query_fail_store(exec->error, err);
	gfs_index_explain(exec->tx, &message);
	return gfs_query_fail(exec->error, GFS_QUERY_CONSTRAINT_VALIDATION_ERROR, GFS_QUERY_RUNTIME,
		"ConstraintValidationFailed", NULL, "%s", message.text);
}

/* ---- names ---- */

uint16_t gfs_exec_name(struct gfs_exec *exec, uint32_t name)
{
	const struct gfs_plan_name *wanted = &exec->plan->names[name];
	uint16_t id = exec->names[name];
	if (id != 0)
		return id;
	if (gfs_catalog_find(gfs_graph_catalog(exec->graph), (enum gfs_catalog_kind)wanted->kind, wanted->text, &id) != 0)
		return 0;
	return exec->names[name] = id;
}

int gfs_exec_name_make(struct gfs_exec *exec, uint32_t name, uint16_t *ret_id)
{
	const struct gfs_plan_name *wanted = &exec->plan->names[name];
	*ret_id = exec->names[name];
	if (*ret_id != 0)
		return 0;
	int err = gfs_name_make(exec->tx, (enum gfs_catalog_kind)wanted->kind, wanted->text, ret_id);
	if (err != 0)
		return gfs_exec_store_error(exec, err);
	exec->names[name] = *ret_id;
	return 0;
}

/* ---- the lock ---- */

void gfs_exec_lock(struct gfs_exec *exec)
{
	assert(!exec->locked);
	if (exec->tx == NULL)
		gfs_graph_read_begin(exec->graph);
	exec->locked = true;
	if (exec->now_ns == 0)
		exec->now_ns = gfs_clock_mono_ns();
	exec->slice_end_ns = exec->now_ns + SLICE_NS;
}

void gfs_exec_unlock(struct gfs_exec *exec)
{
	assert(exec->locked);
	exec->locked = false;
	exec->now_ns = 0;
	if (exec->tx != NULL)
		return;
	exec->epoch++;
	gfs_graph_read_end(exec->graph);
	/* A property key's id may belong to another name when the lock is back. */
	memset(exec->names, 0, exec->plan->name_count * sizeof *exec->names);
}

/* ---- transactions ---- */

int gfs_exec_begin(struct gfs_exec *exec)
{
	bool reading = exec->locked;
	assert(exec->tx == NULL);
	if (reading)
		gfs_exec_unlock(exec);
	int err = gfs_tx_begin(exec->graph, &exec->tx);
	if (err == 0 || reading)
		gfs_exec_lock(exec);
	return gfs_exec_store_error(exec, err);
}

void gfs_exec_forget_deleted(struct gfs_exec *exec)
{
	gfs_u64map_release(&exec->deleted.nodes);
	gfs_u64map_release(&exec->deleted.rels);
	gfs_arena_clear(&exec->deleted.arena);
	exec->deleted.waiting = 0;
}

/* What was found out in the transaction may be otherwise when others have had the lock. */
static struct gfs_tx *leave(struct gfs_exec *exec)
{
	struct gfs_tx *tx = exec->tx;
	exec->tx = NULL;
	exec->locked = false;
	exec->epoch++;
	memset(exec->names, 0, exec->plan->name_count * sizeof *exec->names);
	gfs_exec_forget_deleted(exec);
	return tx;
}

int gfs_exec_commit(struct gfs_exec *exec)
{
	uint64_t lsn;
	int err = gfs_change_finish(exec);
	if (err == 0)
		err = gfs_exec_store_error(exec, gfs_tx_check(exec->tx));
	if (err != 0) {
		gfs_exec_abort(exec);
		return err;
	}
	err = gfs_tx_commit(leave(exec), &lsn, NULL);
	if (err == 0)
		err = gfs_store_commit_wait(gfs_graph_store(exec->graph), lsn);
	return gfs_exec_store_error(exec, err);
}

void gfs_exec_abort(struct gfs_exec *exec)
{
	gfs_tx_abort(leave(exec));
}

/* ---- limits ---- */

static int ended(struct gfs_exec *exec, const char *why)
{
	return gfs_query_fail(
		exec->error, GFS_QUERY_TERMINATED_ERROR, GFS_QUERY_RUNTIME, "QueryTerminated", NULL, "%s", why);
}

static int look(struct gfs_exec *exec)
{
	uint64_t now_ns = gfs_clock_mono_ns();
	/* Relaxed: it only has to be seen sometime. */
	if (exec->terminated != NULL && atomic_load_explicit(exec->terminated, memory_order_relaxed))
		return ended(exec, "the statement was terminated");
	if (exec->deadline_ns != 0 && now_ns > exec->deadline_ns)
		return gfs_query_fail(exec->error, GFS_QUERY_LIMIT_ERROR, GFS_QUERY_RUNTIME, "TimeLimit", NULL,
			"the statement took longer than the limit");
	if (now_ns < exec->slice_end_ns)
		return 0;
	exec->slice_end_ns = now_ns + SLICE_NS;
	if (exec->tx == NULL)
		gfs_exec_unlock(exec);
	bool interrupted = exec->interrupted != NULL && exec->interrupted(exec->interrupted_context);
	if (exec->tx == NULL)
		gfs_exec_lock(exec);
	return interrupted ? ended(exec, "the statement was interrupted") : 0;
}

int gfs_exec_tick(struct gfs_exec *exec)
{
	return ++exec->ticks % TICKS_A_LOOK == 0 ? look(exec) : 0;
}
