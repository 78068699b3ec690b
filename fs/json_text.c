#include "fs/json_text.h"

#include "base/lock.h"
#include "store/wal.h"

#include <assert.h>
#include <stdlib.h>

struct gfs_json_texts {
	struct gfs_mutex lock;      /* guards `kept` and the counts of references */
	struct gfs_json_text *kept; /* NULL: none */
};

int gfs_json_texts_new(struct gfs_json_texts **ret_texts)
{
	struct gfs_json_texts *texts = calloc(1, sizeof *texts);
	if (!texts)
		return GFS_ERR_NOMEM;
	gfs_mutex_init(&texts->lock, GFS_RANK_LEAF);
	*ret_texts = texts;
	return 0;
}

/* Gives a reference back. Under the lock. */
static void let_go(struct gfs_json_text *text)
{
	assert(text->refs > 0);
	if (--text->refs > 0)
		return;
	gfs_buf_release(&text->bytes);
	free(text);
}

/* `text` may be NULL. Under the lock. */
static void keep(struct gfs_json_texts *texts, struct gfs_json_text *text)
{
	struct gfs_json_text *before = texts->kept;
	texts->kept = text;
	if (text)
		text->refs++;
	if (before)
		let_go(before);
}

void gfs_json_texts_free(struct gfs_json_texts *texts)
{
	if (!texts)
		return;
	gfs_mutex_lock(&texts->lock);
	keep(texts, NULL);
	gfs_mutex_unlock(&texts->lock);
	gfs_mutex_release(&texts->lock);
	free(texts);
}

/* Rises with each commit. */
static uint64_t version_of(struct gfs_graph *graph)
{
	return gfs_wal_end_lsn(gfs_store_wal(gfs_graph_store(graph)));
}

static struct gfs_json_text *find(struct gfs_json_texts *texts, uint64_t node, uint64_t version)
{
	gfs_mutex_lock(&texts->lock);
	struct gfs_json_text *text = texts->kept;
	if (text && (text->node != node || text->version != version))
		text = NULL;
	if (text)
		text->refs++;
	gfs_mutex_unlock(&texts->lock);
	return text;
}

int gfs_json_texts_get(
	struct gfs_json_texts *texts, struct gfs_graph *graph, uint64_t node, struct gfs_json_text **ret_text)
{
	struct gfs_json_text *text = find(texts, node, version_of(graph));
	int err = 0;
	if (!text) {
		text = calloc(1, sizeof *text);
		if (!text)
			return GFS_ERR_NOMEM;
		text->refs = 1;
		text->node = node;
		gfs_graph_read_begin(graph);
		text->version = version_of(graph);
		err = gfs_node_json(graph, node, &text->bytes, NULL);
		gfs_graph_read_end(graph);
	}
	if (err)
		gfs_json_texts_put(texts, text, false);
	else
		*ret_text = text;
	return err;
}

void gfs_json_texts_put(struct gfs_json_texts *texts, struct gfs_json_text *text, bool more)
{
	gfs_mutex_lock(&texts->lock);
	if (more && texts->kept != text)
		keep(texts, text);
	else if (!more && texts->kept == text) {
		texts->kept = NULL;
		text->refs--; /* the caller's is another */
	}
	let_go(text);
	gfs_mutex_unlock(&texts->lock);
}
