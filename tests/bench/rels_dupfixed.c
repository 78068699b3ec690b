#include "base/bytes.h"
#include "tests/bench/rels.h"

#include <lmdb.h>
#include <stdbool.h>
#include <string.h>

#define MDB_OK(call)                                                                                                   \
	do {                                                                                                               \
		int mdb_rc = (call);                                                                                           \
		if (mdb_rc != 0) {                                                                                             \
			fprintf(stderr, "%s: %s\n", #call, mdb_strerror(mdb_rc));                                                  \
			exit(2);                                                                                                   \
		}                                                                                                              \
	} while (0)

enum { VALUE_SIZE = 12, ID_SIZE = 6 };

struct table {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_cursor *cursor;
};

/* ---- rows ---- */

static void encode(uint8_t value[VALUE_SIZE], struct gfs_adj_entry entry)
{
	gfs_put_be48(value, entry.other);
	gfs_put_be48(value + ID_SIZE, entry.rel);
}

static struct gfs_adj_entry decode(const uint8_t *value)
{
	return (struct gfs_adj_entry){ gfs_get_be48(value), gfs_get_be48(value + ID_SIZE) };
}

/* False at the end. */
static bool move(struct table *t, MDB_val *key, MDB_val *value, MDB_cursor_op op)
{
	int rc = mdb_cursor_get(t->cursor, key, value, op);
	if (rc == MDB_NOTFOUND)
		return false;
	MDB_OK(rc);
	return true;
}

static uint64_t at_of(const MDB_val *key)
{
	uint64_t at;
	memcpy(&at, key->mv_data, sizeof at);
	return at;
}

/* ---- questions ---- */

/* All values of the key at which the cursor stands; `value` is the first of them. */
static void add_all(struct table *t, MDB_val *key, MDB_val *value, struct rels_answer *answer)
{
	uint16_t type = (uint16_t)at_of(key);
	bool more = move(t, key, value, MDB_GET_MULTIPLE);
	for (; more; more = move(t, key, value, MDB_NEXT_MULTIPLE)) {
		const uint8_t *bytes = value->mv_data;
		for (size_t i = 0; i < value->mv_size; i += VALUE_SIZE) {
			struct gfs_adj_entry entry = decode(bytes + i);
			answer->count++;
			answer->sum += type + (entry.other ^ entry.rel);
		}
	}
}

static struct rels_answer nodes(void *state, const uint64_t *ids, size_t count, enum gfs_direction dir)
{
	struct table *t = state;
	struct rels_answer answer = { 0 };
	MDB_val key, value;
	uint64_t here = 0; /* where the cursor stands, at a key that is not asked for yet; 0: nowhere */
	for (size_t n = 0; n < count; n++) {
		uint64_t from = rels_at(ids[n], dir, 0), end = rels_at(ids[n] + 1, dir, 0);
		if (here < from) {
			key = (MDB_val){ sizeof from, &from };
			if (!move(t, &key, &value, MDB_SET_RANGE))
				break;
			here = at_of(&key);
		}
		while (here < end) {
			add_all(t, &key, &value, &answer);
			if (!move(t, &key, &value, MDB_NEXT_NODUP))
				return answer;
			here = at_of(&key);
		}
	}
	return answer;
}

/* One batch of a folder from an entry on. */
static size_t list(struct table *t, uint64_t at, struct gfs_adj_entry from, struct gfs_adj_entry batch[RELS_BATCH])
{
	uint8_t bytes[VALUE_SIZE];
	MDB_val key = { sizeof at, &at }, value = { sizeof bytes, bytes };
	size_t count = 0;
	encode(bytes, from);
	bool more = move(t, &key, &value, MDB_GET_BOTH_RANGE);
	for (; more && count < RELS_BATCH; more = move(t, &key, &value, MDB_NEXT_DUP))
		batch[count++] = decode(value.mv_data);
	return count;
}

static struct rels_answer folder(void *state, uint64_t node, enum gfs_direction dir, uint16_t type)
{
	struct rels_answer answer = { 0 };
	struct gfs_adj_entry batch[RELS_BATCH], from = { 0, 0 };
	for (;;) {
		size_t count = list(state, rels_at(node, dir, type), from, batch);
		for (size_t i = 0; i < count; i++)
			answer.sum += type + (batch[i].other ^ batch[i].rel);
		answer.count += count;
		if (count < RELS_BATCH)
			return answer;
		from = (struct gfs_adj_entry){ batch[count - 1].other, batch[count - 1].rel + 1 };
	}
}

static uint64_t degree(void *state, uint64_t node, enum gfs_direction dir, uint16_t type)
{
	struct table *t = state;
	uint64_t at = rels_at(node, dir, type);
	MDB_val key = { sizeof at, &at }, value;
	size_t count = 0;
	if (move(t, &key, &value, MDB_SET))
		MDB_OK(mdb_cursor_count(t->cursor, &count));
	return count;
}

static struct rels_answer pair(void *state, uint64_t node, enum gfs_direction dir, uint16_t type, uint64_t other)
{
	struct table *t = state;
	uint64_t at = rels_at(node, dir, type);
	uint8_t bytes[VALUE_SIZE];
	MDB_val key = { sizeof at, &at }, value = { sizeof bytes, bytes };
	struct rels_answer answer = { 0 };
	encode(bytes, (struct gfs_adj_entry){ other, 0 });
	bool more = move(t, &key, &value, MDB_GET_BOTH_RANGE);
	for (; more; more = move(t, &key, &value, MDB_NEXT_DUP)) {
		struct gfs_adj_entry entry = decode(value.mv_data);
		if (entry.other != other)
			break;
		answer.count++;
		answer.sum += entry.rel;
	}
	return answer;
}

/* ---- the table ---- */

static void load(struct table *t, const struct rels_all *all)
{
	MDB_txn *txn;
	MDB_OK(mdb_txn_begin(t->env, NULL, 0, &txn));
	MDB_OK(mdb_dbi_open(txn, NULL, MDB_CREATE | MDB_INTEGERKEY | MDB_DUPSORT | MDB_DUPFIXED, &t->dbi));
	for (size_t i = 0; i < all->count; i++) {
		uint64_t at = all->ends[i].at;
		uint8_t bytes[VALUE_SIZE];
		MDB_val key = { sizeof at, &at }, value = { sizeof bytes, bytes };
		bool same = i > 0 && all->ends[i - 1].at == at;
		encode(bytes, all->ends[i].entry);
		MDB_OK(mdb_put(txn, t->dbi, &key, &value, same ? MDB_APPENDDUP : MDB_APPEND));
	}
	MDB_OK(mdb_txn_commit(txn));
}

struct rels_engine rels_dupfixed(const struct rels_all *all, const char *path)
{
	struct table *t = calloc(1, sizeof *t);
	if (t == NULL) {
		perror("rels_dupfixed");
		exit(2);
	}
	MDB_OK(mdb_env_create(&t->env));
	MDB_OK(mdb_env_set_mapsize(t->env, (size_t)1 << 32));
	MDB_OK(mdb_env_open(t->env, path, MDB_NOSUBDIR | MDB_NOSYNC, 0600));
	load(t, all);
	MDB_OK(mdb_txn_begin(t->env, NULL, MDB_RDONLY, &t->txn));
	MDB_OK(mdb_cursor_open(t->txn, t->dbi, &t->cursor));
	return (struct rels_engine){
		.name = "DUPFIXED", .nodes = nodes, .folder = folder, .degree = degree, .pair = pair, .state = t
	};
}

uint64_t rels_dupfixed_bytes(const struct rels_engine *engine)
{
	struct table *t = engine->state;
	MDB_envinfo info;
	MDB_stat stat;
	MDB_OK(mdb_env_info(t->env, &info));
	MDB_OK(mdb_env_stat(t->env, &stat));
	return (info.me_last_pgno + 1) * stat.ms_psize;
}

void rels_dupfixed_free(struct rels_engine *engine)
{
	struct table *t = engine->state;
	mdb_cursor_close(t->cursor);
	mdb_txn_abort(t->txn);
	mdb_env_close(t->env);
	free(t);
}
