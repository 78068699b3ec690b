/* A compiled regular expression that a statement keeps between rows: see struct gfs_function_env. */
#ifndef GFS_QUERY_REGEX_H
#define GFS_QUERY_REGEX_H

struct gfs_regex;

/* NULL is fine. */
void gfs_regex_free(struct gfs_regex *regex);

#endif
