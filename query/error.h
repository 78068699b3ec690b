/* What is wrong with a statement, in openCypher's terms: kind, phase, detail, a sentence for a person, and where in the text. */
#ifndef GFS_QUERY_ERROR_H
#define GFS_QUERY_ERROR_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdint.h>

/* X(code, name): openCypher's error types. */
#define GFS_QUERY_ERROR_KINDS(X)                                                                                       \
	X(SYNTAX, "SyntaxError")                                                                                           \
	X(SEMANTIC, "SemanticError")                                                                                       \
	X(TYPE, "TypeError")                                                                                               \
	X(ARGUMENT, "ArgumentError")                                                                                       \
	X(ARITHMETIC, "ArithmeticError")                                                                                   \
	X(ENTITY_NOT_FOUND, "EntityNotFound")                                                                              \
	X(PROPERTY_NOT_FOUND, "PropertyNotFound")                                                                          \
	X(LABEL_NOT_FOUND, "LabelNotFound")                                                                                \
	X(CONSTRAINT_VIOLATION, "ConstraintVerificationFailed")                                                            \
	X(CONSTRAINT_VALIDATION, "ConstraintValidationFailed")                                                             \
	X(PARAMETER_MISSING, "ParameterMissing")                                                                           \
	X(PROCEDURE, "ProcedureError")                                                                                     \
	X(LIMIT, "LimitExceeded")                                                                                          \
	X(TERMINATED, "QueryTerminated")                                                                                   \
	X(STORE, "StoreError")

enum gfs_query_error_kind {
	GFS_QUERY_OK,
#define X(code, name) GFS_QUERY_##code##_ERROR,
	GFS_QUERY_ERROR_KINDS(X)
#undef X
};

enum gfs_query_phase { GFS_QUERY_COMPILE, GFS_QUERY_RUNTIME };

/* A place in the statement's text. `line` and `column` count from 1; columns are code points. */
struct gfs_query_pos {
	uint32_t offset; /* bytes */
	uint32_t line, column;
};

struct gfs_query_error {
	enum gfs_query_error_kind kind;
	enum gfs_query_phase phase;
	const char *detail; /* openCypher's detail code ("UndefinedVariable"); a string constant, never NULL once set */
	struct gfs_query_pos pos; /* line 0: nowhere */
	char message[512];
	int err; /* the graph's own error behind it (GFS_ERR_NOMEM, GFS_ERR_IO), or GFS_ERR_INVALID */
};

/* Fills `error` unless it holds one already (the first cause stays), and returns error->err (GFS_ERR_INVALID). */
int gfs_query_fail(struct gfs_query_error *error, enum gfs_query_error_kind kind, enum gfs_query_phase phase,
	const char *detail, const struct gfs_query_pos *pos, const char *format, ...) GFS_PRINTF(6, 7);
/* A failure of the layers below: kind STORE (or LIMIT, CONSTRAINT where `err` says so), detail by the code. Returns `err`. */
int gfs_query_fail_store(struct gfs_query_error *error, int err);
const char *gfs_query_error_kind_name(enum gfs_query_error_kind kind);
/* Appends message, the line of the text and a caret line under the place. */
struct gfs_buf;
void gfs_query_error_show(const struct gfs_query_error *error, struct gfs_slice text, struct gfs_buf *out);

#endif
