/* How keys and names become path components and back.
 *
 * Shown form: bytes of the name, with '/', '%', control bytes (below 0x20, and 0x7f), a leading '@' or '.', a '~' that starts a trailing ~DIGITS,
 * the first byte of a name reserved in its directory, and in a label any of & | ! ( ) written as %XX (upper-case hexadecimal). A name whose shown form exceeds
 * GFS_COMPONENT_BYTES_MAX is shown by id, as @ID, which no encoded name looks like.
 * Reading is lenient: any component is decoded ('%' not followed by two hexadecimal digits stands for itself), so editors and
 * copies may use raw names; listings always show the shown form. */
#ifndef GFS_FS_NAMES_H
#define GFS_FS_NAMES_H

#include "base/buf.h"
#include "base/limits.h"

#include <stdbool.h>

/* Which names of ours a directory holds beside the users'. */
enum gfs_name_place {
	GFS_PLACE_NODES,  /* /nodes: none, "@ID" aside */
	GFS_PLACE_NODE,   /* /nodes/KEY: labels, out, in, .json */
	GFS_PLACE_LINKS,  /* out/TYPE: .rel */
	GFS_PLACE_REL,    /* /rels/TYPE/ID: from, to */
	GFS_PLACE_NAMES,  /* /rels, out, in: none */
	GFS_PLACE_LABELS, /* /labels, and labels of a node: none, but the signs of label expressions are escaped */
};

struct gfs_component {
	char text[GFS_COMPONENT_BYTES_MAX + 1]; /* NUL-terminated */
	size_t size;
};

/* GFS_ERR_NAMETOOLONG when the shown form does not fit. */
int gfs_name_show(struct gfs_slice name, enum gfs_name_place place, struct gfs_component *ret) GFS_CHECK;
/* A component, as it is, that names something of ours there. */
bool gfs_name_is_reserved(const char *component, enum gfs_name_place place);
/* A node: by key, or as @ID when the key is empty or too long. */
void gfs_name_show_node(struct gfs_slice key, uint64_t id, enum gfs_name_place place, struct gfs_component *ret);
/* A label, type or property: by name, or as @ID. */
void gfs_name_show_id(struct gfs_slice name, uint16_t id, enum gfs_name_place place, struct gfs_component *ret);
/* Puts ~REL behind a shown name; a name that would then not fit becomes @ID~REL. */
void gfs_name_add_rel(struct gfs_component *component, uint64_t node_id, uint64_t rel_id);

struct gfs_name_read {
	uint64_t id;           /* "@ID": the id; 0 otherwise */
	uint64_t rel;          /* "...~REL": the relationship asked for; 0 otherwise (only when `with_rel`) */
	struct gfs_slice name; /* the decoded name; lies in `out` */
};
/* Decodes a component. `with_rel`: a trailing ~DIGITS is split off (the whole component is then tried first by callers that find no such
 * relationship). GFS_ERR_ILSEQ when the result is not UTF-8, GFS_ERR_INVALID when it has a NUL, GFS_ERR_NAMETOOLONG for a component that is no
 * component. */
int gfs_name_read(const char *component, bool with_rel, struct gfs_buf *out, struct gfs_name_read *ret) GFS_CHECK;

/* Appends what a component stands for byte by byte, whatever that is. */
void gfs_name_decode(const char *component, struct gfs_buf *out);

#endif
