#include "store/undo.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

/* Records lie one behind the other in blocks, each with a link to the one before in its block. */
#define BLOCK_BYTES ((size_t)64 << 10)
#define NO_RECORD SIZE_MAX

struct record {
	gfs_undo_fn fn;
	void *context;
	size_t size;
	size_t previous; /* offset in the block, or NO_RECORD */
};
static_assert(sizeof(struct record) % 8 == 0, "what follows a record is 8-aligned");

struct block {
	struct block *below;
	size_t used;
	size_t last; /* offset of the newest record, or NO_RECORD */
	size_t capacity;
	uint64_t bytes[]; /* uint64_t for its alignment */
};

struct gfs_undo {
	struct block *top;   /* never NULL; the lowest block is of BLOCK_BYTES and is never freed */
	struct block *spare; /* one emptied block of BLOCK_BYTES, or NULL */
	size_t count;        /* of records: what a mark is */
	size_t below_bytes;  /* of the blocks below the top */
	bool rolling_back;
};

static struct block *block_new(size_t capacity)
{
	struct block *b = malloc(sizeof *b + capacity);
	if (b == NULL)
		return NULL;
	*b = (struct block){ .last = NO_RECORD, .capacity = capacity };
	return b;
}

int gfs_undo_new(struct gfs_undo **ret_undo)
{
	struct gfs_undo *undo = calloc(1, sizeof *undo);
	if (undo == NULL)
		return GFS_ERR_NOMEM;
	undo->top = block_new(BLOCK_BYTES);
	if (undo->top == NULL) {
		free(undo);
		return GFS_ERR_NOMEM;
	}
	*ret_undo = undo;
	return 0;
}

/* Takes the empty top block off; keeps one as a spare, so that pushes around a block's edge cost no malloc. */
static void pop_block(struct gfs_undo *undo)
{
	struct block *b = undo->top;
	assert(b->below != NULL);
	undo->top = b->below;
	undo->below_bytes -= undo->top->capacity;
	if (undo->spare == NULL && b->capacity == BLOCK_BYTES)
		undo->spare = b;
	else
		free(b);
}

void gfs_undo_clear(struct gfs_undo *undo)
{
	assert(!undo->rolling_back);
	while (undo->top->below != NULL)
		pop_block(undo);
	undo->top->used = 0;
	undo->top->last = NO_RECORD;
	undo->count = 0;
}

void gfs_undo_free(struct gfs_undo *undo)
{
	if (undo == NULL)
		return;
	gfs_undo_clear(undo);
	free(undo->spare);
	free(undo->top);
	free(undo);
}

static int push_block(struct gfs_undo *undo, size_t needed)
{
	struct block *b = undo->spare;
	if (needed <= BLOCK_BYTES && b != NULL)
		undo->spare = NULL;
	else
		b = block_new(needed > BLOCK_BYTES ? needed : BLOCK_BYTES);
	if (b == NULL)
		return GFS_ERR_NOMEM;
	b->below = undo->top;
	b->used = 0;
	b->last = NO_RECORD;
	undo->below_bytes += undo->top->capacity;
	undo->top = b;
	return 0;
}

size_t gfs_undo_bytes(const struct gfs_undo *undo)
{
	return undo->below_bytes + undo->top->used;
}

static struct record *record_at(struct block *b, size_t offset)
{
	return (struct record *)(void *)((uint8_t *)b->bytes + offset);
}

int gfs_undo_push(struct gfs_undo *undo, gfs_undo_fn fn, void *context, size_t size, void **ret_data)
{
	assert(!undo->rolling_back);
	if (size > SIZE_MAX / 2)
		return GFS_ERR_NOMEM;
	size_t needed = sizeof(struct record) + ((size + 7) & ~(size_t)7);
	if (undo->top->capacity - undo->top->used < needed) {
		int err = push_block(undo, needed);
		if (err != 0)
			return err;
	}
	struct block *b = undo->top;
	struct record *r = record_at(b, b->used);
	*r = (struct record){ .fn = fn, .context = context, .size = size, .previous = b->last };
	b->last = b->used;
	b->used += needed;
	undo->count++;
	*ret_data = r + 1;
	return 0;
}

size_t gfs_undo_mark(const struct gfs_undo *undo)
{
	return undo->count;
}

void gfs_undo_rollback(struct gfs_undo *undo, size_t mark)
{
	assert(mark <= undo->count);
	undo->rolling_back = true;
	while (undo->count > mark) {
		struct block *b = undo->top;
		if (b->last == NO_RECORD) {
			pop_block(undo);
			continue;
		}
		struct record *r = record_at(b, b->last);
		r->fn(r->context, r + 1, r->size);
		b->used = b->last;
		b->last = r->previous;
		undo->count--;
	}
	undo->rolling_back = false;
}
