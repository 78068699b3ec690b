/* Building and clearing indexes in the background.
 *
 * One thread, started when there is first something to do. A step is one transaction that enters some nodes of an index being built, or removes some entries
 * of one being dropped: as many as STEP_NS are enough for, whatever each takes. Between steps it lets the others run for as long as it did. A step is
 * logged by its size alone: replay does the same work on the same state. */
#include "graph/index_private.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/lock.h"

#include <assert.h>
#include <stdlib.h>

/* How long a step holds the lock, but for what it is at then: far below the 50 ms that a writer may be held up. */
#define STEP_NS (3 * GFS_NS_PER_MS)
enum { STEP_COUNT_MAX = 65536 };
/* How often waiting is interrupted to look whether it should end, and a step that memory failed is tried again. */
#define LOOK_NS (50 * GFS_NS_PER_MS)
#define RETRY_NS GFS_NS_PER_S

struct gfs_index_builder {
	struct gfs_graph *graph;
	struct gfs_mutex lock; /* guards all below */
	struct gfs_cond changed;
	pthread_t thread;
	bool started, stop, wanted;
	int err; /* why it gave up; 0 */
};

/* ---- a step ---- */

static const struct gfs_prop_index *next_work(struct gfs_graph *graph)
{
	const struct gfs_prop_index *index = gfs_prop_index_next(graph->indexes, 1);
	while (index != NULL && index->state != GFS_PROP_BUILDING && index->state != GFS_PROP_DROPPING)
		index = gfs_prop_index_next(graph->indexes, index->id + 1u);
	return index;
}

bool gfs_index_has_work(struct gfs_graph *graph)
{
	return next_work(graph) != NULL;
}

/* How far a step goes. */
struct extent {
	uint64_t done, max;
	uint64_t until_ns; /* 0: for ever */
};

/* Counts one more. False: it was the last. */
static bool goes_on(struct extent *e)
{
	e->done++;
	return e->done < e->max && (e->until_ns == 0 || gfs_clock_mono_ns() < e->until_ns);
}

/* Enters nodes, which are those of the label from `to->next` on. *ret_more: all of them, and there is room for more; not when the index has FAILED. */
static int enter_nodes(struct gfs_tx *tx, struct gfs_prop_index *to, const uint64_t *nodes, size_t count,
	struct extent *extent, bool *ret_more)
{
	*ret_more = true;
	for (size_t i = 0; *ret_more && i < count; i++) {
		int err = gfs_index_enter(tx, to, nodes[i]);
		if (err != 0)
			return err;
		to->next = nodes[i] + 1;
		to->state = gfs_prop_index_get(tx->graph->indexes, to->id)->state;
		*ret_more = goes_on(extent) && to->state == GFS_PROP_BUILDING;
	}
	return 0;
}

/* Enters the nodes of the label from `next` on. */
static int build_step(struct gfs_tx *tx, uint16_t id, struct extent *extent)
{
	enum { BATCH = 256 };
	struct gfs_prop_index to = *gfs_prop_index_get(tx->graph->indexes, id);
	uint64_t nodes[BATCH];
	bool more = true;
	while (more) {
		size_t got, wanted = (size_t)GFS_MIN(extent->max - extent->done, (uint64_t)BATCH);
		int err = gfs_label_nodes(tx->graph, to.label, to.next, nodes, wanted, &got);
		if (err == 0)
			err = enter_nodes(tx, &to, nodes, got, extent, &more);
		if (err != 0 || to.state != GFS_PROP_BUILDING)
			return err; /* it failed, which is noted */
		if (more && got < wanted) {
			to.state = GFS_PROP_READY;
			extent->done++; /* to look for one more belongs to the step */
			more = false;
		}
	}
	return gfs_prop_index_set(tx->txn, tx->graph->indexes, id, &to);
}

static int clear_step(struct gfs_tx *tx, uint16_t id, struct extent *extent)
{
	struct gfs_prop_indexes *indexes = tx->graph->indexes;
	struct gfs_prop_cursor *cursor = NULL;
	struct gfs_prop_entry entry;
	uint8_t bytes[GFS_PROP_VALUE_BYTES_MAX];
	bool more = true;
	int err = gfs_prop_cursor_open(tx->graph->store, id, false, &cursor);
	if (err == 0)
		err = gfs_prop_cursor_seek(cursor, (struct gfs_slice){ 0 }, &entry);
	while (err == 0 && more) {
		struct gfs_slice value = gfs_slice(bytes, entry.value.size);
		memcpy(bytes, entry.value.data, entry.value.size);
		err = gfs_prop_entry_remove(tx->txn, indexes, id, value, entry.node);
		more = goes_on(extent);
		if (err == 0)
			err = gfs_prop_cursor_next(cursor, &entry);
	}
	gfs_prop_cursor_close(cursor);
	return err == GFS_ERR_NOTFOUND ? gfs_prop_index_forget(tx->txn, indexes, id) : err;
}

int gfs_apply_index_step(struct gfs_tx *tx, struct gfs_op *op)
{
	const struct gfs_prop_index *index = gfs_prop_index_get(tx->graph->indexes, op->name);
	struct extent extent = { .max = op->number };
	if (index == NULL || (op->number == 0 && tx->replaying))
		return GFS_ERR_CORRUPT;
	if (op->number == 0)
		extent = (struct extent){ .max = STEP_COUNT_MAX, .until_ns = gfs_clock_mono_ns() + STEP_NS };
	int err = GFS_ERR_CORRUPT;
	if (index->state == GFS_PROP_BUILDING)
		err = build_step(tx, op->name, &extent);
	else if (index->state == GFS_PROP_DROPPING)
		err = clear_step(tx, op->name, &extent);
	op->number = GFS_MAX(extent.done, UINT64_C(1));
	return err;
}

/* ---- all anew ---- */

static int rebuild(struct gfs_tx *tx, const struct gfs_prop_index *index)
{
	uint16_t id = index->id;
	struct gfs_prop_index to = *index;
	if (index->state == GFS_PROP_DROPPING)
		return gfs_prop_index_forget(tx->txn, tx->graph->indexes, id);
	to.state = GFS_PROP_BUILDING;
	to.next = 1;
	to.conflict[0] = to.conflict[1] = GFS_ID_NONE;
	int err = gfs_prop_index_set(tx->txn, tx->graph->indexes, id, &to);
	while (err == 0 && gfs_prop_index_get(tx->graph->indexes, id)->state == GFS_PROP_BUILDING) {
		struct extent extent = { .max = STEP_COUNT_MAX };
		err = build_step(tx, id, &extent);
		if (err == 0)
			err = gfs_tx_relieve(tx);
	}
	return err;
}

int gfs_index_rebuild(struct gfs_tx *tx)
{
	assert(tx->unlogged);
	bool more = true;
	int err = 0;
	while (err == 0 && more) {
		err = gfs_prop_indexes_clear(tx->txn, tx->graph->indexes, STEP_COUNT_MAX, &more);
		if (err == 0)
			err = gfs_tx_relieve(tx);
	}
	for (unsigned id = 1; err == 0 && id <= GFS_NAME_ID_MAX; id++) {
		const struct gfs_prop_index *index = gfs_prop_index_next(tx->graph->indexes, id);
		if (index == NULL)
			break;
		id = index->id;
		if (index->key != 0)
			err = rebuild(tx, index);
	}
	return err;
}

/* ---- the steps ---- */

/* An index that cannot be built for another reason than its data: it is FAILED without a conflict. */
static int give_up(struct gfs_graph *graph, uint16_t id)
{
	struct gfs_tx *tx;
	int err = gfs_tx_begin(graph, &tx);
	if (err != 0)
		return err;
	struct gfs_op op = { .code = GFS_OP_INDEX_FAIL, .name = id };
	err = gfs_tx_apply(tx, &op);
	if (err != 0) {
		gfs_tx_abort(tx);
		return err;
	}
	return gfs_tx_commit(tx, NULL, NULL);
}

int gfs_apply_index_fail(struct gfs_tx *tx, struct gfs_op *op)
{
	const struct gfs_prop_index *index = gfs_prop_index_get(tx->graph->indexes, op->name);
	if (index == NULL || index->state != GFS_PROP_BUILDING)
		return GFS_ERR_CORRUPT;
	struct gfs_prop_index to = *index;
	to.state = GFS_PROP_FAILED;
	return gfs_prop_index_set(tx->txn, tx->graph->indexes, op->name, &to);
}

/* Does one step. *ret_id: of the index worked on; 0 when there was nothing to do. *ret_took_ns: with the graph lock held. */
static int step(struct gfs_graph *graph, uint16_t *ret_id, uint64_t *ret_took_ns)
{
	struct gfs_tx *tx;
	int err = gfs_tx_begin(graph, &tx);
	*ret_id = 0;
	*ret_took_ns = 0;
	if (err != 0)
		return err;
	uint64_t start_ns = gfs_clock_mono_ns();
	const struct gfs_prop_index *index = next_work(graph);
	if (index == NULL) {
		gfs_tx_abort(tx);
		return 0;
	}
	*ret_id = index->id;
	struct gfs_op op = { .code = GFS_OP_INDEX_STEP, .name = index->id };
	err = gfs_tx_apply(tx, &op);
	if (err != 0) {
		gfs_tx_abort(tx);
		return err;
	}
	err = gfs_tx_commit(tx, NULL, NULL);
	*ret_took_ns = gfs_clock_mono_ns() - start_ns;
	return err;
}

/* ---- the thread ---- */

/* Waits under the lock until `ns` have passed or it shall stop. */
static void pause_for(struct gfs_index_builder *b, uint64_t ns)
{
	uint64_t until = gfs_clock_mono_ns() + ns;
	while (!b->stop && gfs_cond_wait_until(&b->changed, &b->lock, until) == 0)
		;
}

/* One step and the pause after it, with the lock held but while stepping. False when there is nothing more to do. */
static bool work(struct gfs_index_builder *b)
{
	uint16_t id;
	uint64_t took_ns;
	gfs_mutex_unlock(&b->lock);
	int err = step(b->graph, &id, &took_ns);
	if (err == GFS_ERR_CORRUPT || err == GFS_ERR_LIMIT)
		err = give_up(b->graph, id);
	gfs_mutex_lock(&b->lock);
	gfs_cond_broadcast(&b->changed);
	if (err != 0 && err != GFS_ERR_NOMEM) {
		b->err = err;
		return false;
	}
	if (err == 0 && id == 0)
		return false;
	pause_for(b, err != 0 ? RETRY_NS : took_ns);
	return true;
}

static void *run(void *context)
{
	struct gfs_index_builder *b = context;
	gfs_mutex_lock(&b->lock);
	while (!b->stop && b->err == 0) {
		if (!b->wanted) {
			gfs_cond_wait(&b->changed, &b->lock);
			continue;
		}
		b->wanted = false; /* before the look: who comes later asks again */
		while (!b->stop && work(b))
			;
	}
	gfs_mutex_unlock(&b->lock);
	return NULL;
}

int gfs_index_builder_new(struct gfs_graph *graph, struct gfs_index_builder **ret_builder)
{
	struct gfs_index_builder *b = calloc(1, sizeof *b);
	if (b == NULL)
		return GFS_ERR_NOMEM;
	b->graph = graph;
	gfs_mutex_init(&b->lock, GFS_RANK_LEAF);
	gfs_cond_init(&b->changed);
	*ret_builder = b;
	return 0;
}

void gfs_index_builder_free(struct gfs_index_builder *b)
{
	if (b == NULL)
		return;
	gfs_mutex_lock(&b->lock);
	b->stop = true;
	gfs_cond_broadcast(&b->changed);
	bool started = b->started;
	gfs_mutex_unlock(&b->lock);
	if (started)
		(void)pthread_join(b->thread, NULL); /* it is ours, and was not joined */
	gfs_cond_release(&b->changed);
	gfs_mutex_release(&b->lock);
	free(b);
}

void gfs_index_builder_wake(struct gfs_index_builder *b)
{
	gfs_mutex_lock(&b->lock);
	b->wanted = true;
	if (!b->started)
		b->started = pthread_create(&b->thread, NULL, run, b) == 0; /* else the next wake tries again */
	gfs_cond_broadcast(&b->changed);
	gfs_mutex_unlock(&b->lock);
}

void gfs_index_resume(struct gfs_graph *graph)
{
	gfs_graph_read_begin(graph);
	bool work = gfs_index_has_work(graph);
	gfs_graph_read_end(graph);
	if (work)
		gfs_index_builder_wake(graph->builder);
}

/* ---- waiting ---- */

static bool is_refusal(int err)
{
	return err == GFS_ERR_UNIQUE || err == GFS_ERR_REQUIRED;
}

/* GFS_ERR_AGAIN while it is being built. */
static int look(struct gfs_graph *graph, uint16_t id, struct gfs_message *message)
{
	gfs_graph_read_begin(graph);
	const struct gfs_prop_index *index = gfs_prop_index_get(graph->indexes, id);
	int err = 0;
	if (index == NULL || index->key == 0 || index->state == GFS_PROP_DROPPING)
		err = GFS_ERR_NOTFOUND;
	else if (index->state == GFS_PROP_BUILDING)
		err = GFS_ERR_AGAIN;
	else if (index->state == GFS_PROP_FAILED) {
		struct gfs_index_conflict conflict = { id, index->conflict[1], index->conflict[0] };
		err = conflict.node == GFS_ID_NONE  ? GFS_ERR_CORRUPT
			: conflict.other == GFS_ID_NONE ? GFS_ERR_REQUIRED
											: GFS_ERR_UNIQUE;
		if (is_refusal(err))
			gfs_index_tell_conflict(graph, &conflict, message);
	}
	gfs_graph_read_end(graph);
	return err;
}

int gfs_index_wait(struct gfs_graph *graph, uint16_t id, bool (*interrupted)(void *context), void *context,
	struct gfs_message *message)
{
	struct gfs_index_builder *b = graph->builder;
	gfs_index_resume(graph);
	for (;;) {
		int err = look(graph, id, message);
		if (err != GFS_ERR_AGAIN)
			return err == 0 || is_refusal(err) ? err : gfs_fail(message, err, "%s", gfs_err_text(err));
		if (interrupted != NULL && interrupted(context))
			return gfs_fail(message, GFS_ERR_INTERRUPTED, "%s", gfs_err_text(GFS_ERR_INTERRUPTED));
		gfs_mutex_lock(&b->lock);
		err = b->err;
		if (err == 0)
			(void)gfs_cond_wait_until(
				&b->changed, &b->lock, gfs_clock_mono_ns() + LOOK_NS); /* either way it looks again */
		gfs_mutex_unlock(&b->lock);
		if (err != 0)
			return gfs_fail(message, err, "%s", gfs_err_text(err));
	}
}

/* The first that is being built; 0: none is. */
static uint16_t find_building(struct gfs_graph *graph)
{
	gfs_graph_read_begin(graph);
	const struct gfs_prop_index *index = gfs_prop_index_next(graph->indexes, 1);
	while (index != NULL && (index->key == 0 || index->state != GFS_PROP_BUILDING))
		index = gfs_prop_index_next(graph->indexes, index->id + 1u);
	uint16_t id = index == NULL ? 0 : index->id;
	gfs_graph_read_end(graph);
	return id;
}

int gfs_index_wait_all(
	struct gfs_graph *graph, bool (*interrupted)(void *context), void *context, struct gfs_message *message)
{
	for (uint16_t id = find_building(graph); id != 0; id = find_building(graph)) {
		int err = gfs_index_wait(graph, id, interrupted, context, message);
		if (err != 0 && !is_refusal(err) && err != GFS_ERR_NOTFOUND)
			return err;
	}
	return 0;
}
