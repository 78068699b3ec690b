/* Every limit of the format and of the interfaces, by name. docs/format.md and the man pages cite these. */
#ifndef GFS_BASE_LIMITS_H
#define GFS_BASE_LIMITS_H

#include <stdint.h>

/* Node and relationship ids run from 1 to GFS_ID_MAX, so that a kind, a name generation, a label and an id fit one nodeid. */
#define GFS_ID_BITS 34
#define GFS_ID_MAX ((UINT64_C(1) << GFS_ID_BITS) - 1)
#define GFS_ID_NONE UINT64_C(0)

/* Labels, relationship types and property keys: ids 1 to GFS_NAME_ID_MAX, one range each. */
#define GFS_NAME_ID_MAX 65535u

/* A node's key, or a label's, type's or property's name, in bytes before encoding. */
#define GFS_KEY_BYTES_MAX 4096u
#define GFS_NAME_BYTES_MAX 1024u

/* One component of a path, in bytes after encoding (NAME_MAX of Linux). */
#define GFS_COMPONENT_BYTES_MAX 255u

/* A property's value as a file, in bytes. */
#define GFS_VALUE_BYTES_MAX (UINT64_C(64) << 20)

/* Properties of one node or relationship; labels of one node. */
#define GFS_PROPERTIES_MAX 65535u
#define GFS_LABELS_PER_NODE_MAX 1024u

/* A list inside a list, and so on: how deep a value may nest. */
#define GFS_VALUE_DEPTH_MAX 64u

/* What one logged transaction (one call, one statement, one file dropped into /import) may hold in memory and still change more: this much, and
 * one part in GFS_TXN_BUDGET_PART of the caches' budget, which the caches give up for it. */
#define GFS_TXN_BYTES (UINT64_C(16) << 20)
#define GFS_TXN_BUDGET_PART 4u

/* A value of at most this many encoded bytes lies in the entity's property row; a larger one in a blob of its own. */
#define GFS_ROW_VALUE_BYTES_MAX 1024u

#endif
