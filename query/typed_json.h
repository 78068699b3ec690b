/* Values as JSON that keeps their types: the notation of the conformance kit, which graphfsctl shell --jsonl speaks.
 *
 *   null true "text" [..]    themselves; 1 is an INTEGER and 1.0 a FLOAT
 *   {"float":"NaN"}          or "Infinity", "-Infinity"
 *   {"map":{..}}
 *   {"temporal":"2015-07-21"} {"point":"point({..})"}  their text
 *   {"bytes":[1,2]}
 *   {"node":{"id":1,"labels":["A"],"props":{..}}}
 *   {"rel":{"id":1,"type":"T","start":1,"end":2,"props":{..}}}
 *   {"path":{"nodes":[node..],"rels":[rel..]}}        with what is inside "node" and "rel" */
#ifndef GFS_QUERY_TYPED_JSON_H
#define GFS_QUERY_TYPED_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "query/query.h"

/* Appends {"columns":[..],"rows":[[..],..]} of all rows that are left. Out of memory is remembered by `out`; an error is of the run, or of reading an entity. */
int gfs_typed_json_result(struct gfs_result *result, struct gfs_buf *out, struct gfs_query_error *error) GFS_CHECK;
/* {"error":{"kind":..,"phase":..,"detail":..,"message":..}} */
void gfs_typed_json_error(const struct gfs_query_error *error, struct gfs_buf *out);

/* A parsed jansson value (json_t *) as a value: of the above all but nodes, relationships, paths, temporal values, points and bytes, for which there is
 * GFS_ERR_NOTSUP; an object that is none of the above is a map. Everything is copied to `arena`. GFS_ERR_INVALID, GFS_ERR_LIMIT (too deep), GFS_ERR_NOMEM. */
int gfs_typed_json_read(const void *json, struct gfs_arena *arena, struct gfs_datum *ret_value) GFS_CHECK;

#endif
