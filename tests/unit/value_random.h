/* Random values and random file contents, the same for the same seed: for tests of values. */
#ifndef GFS_TESTS_UNIT_VALUE_RANDOM_H
#define GFS_TESTS_UNIT_VALUE_RANDOM_H

#include "graph/temporal.h"

struct value_random {
	uint64_t state; /* the seed, any */
};

uint64_t value_random_u64(struct value_random *random);
/* 0 to n - 1. */
size_t value_random_below(struct value_random *random, size_t n);
/* Appends contents of a property file that lie near some edge: numbers, words, blanks, broken UTF-8, lists, anything. */
void value_random_contents(struct value_random *random, struct gfs_buf *out);
/* Appends valid UTF-8 with controls, quotes and NUL among it. */
void value_random_text(struct value_random *random, struct gfs_buf *out);
double value_random_float(struct value_random *random);
/* Any value that may be stored, memory in `arena`; `declared` as gfs_value_declare sets it, bytes without newline. */
void value_random_value(struct value_random *random, struct gfs_arena *arena, struct gfs_value *ret_value);
/* A temporal value of the type: any that the rules allow, with an offset that its zone need not have. */
struct gfs_temporal *value_random_temporal(struct value_random *random, struct gfs_arena *arena, enum gfs_type type);
/* Changes, removes or adds some bytes. */
void value_random_mutate(struct value_random *random, struct gfs_buf *bytes);

#endif
