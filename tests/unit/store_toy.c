#include "store_toy.h"

#include "base/hash.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK(condition)                                                                                               \
	do {                                                                                                               \
		if (!(condition)) {                                                                                            \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
			abort();                                                                                                   \
		}                                                                                                              \
	} while (0)

/* ---- folders ---- */

char *toy_path(const char *dir, const char *name)
{
	char *path = NULL;
	CHECK(asprintf(&path, "%s/%s", dir, name) > 0);
	return path;
}

char *toy_dir_new(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = toy_path(tmp ? tmp : "/tmp", "gfs-toy-XXXXXX");
	CHECK(mkdtemp(path));
	return path;
}

static void remove_tree(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	if (!dir) {
		CHECK(unlink(path) == 0);
		return;
	}
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		char *below = toy_path(path, entry->d_name);
		remove_tree(below);
		free(below);
	}
	closedir(dir);
	CHECK(rmdir(path) == 0);
}

void toy_dir_remove(char *path)
{
	remove_tree(path);
	free(path);
}

static uint64_t hash_file(const char *path)
{
	static uint8_t bytes[1 << 16];
	uint64_t hash = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	while ((got = read(fd, bytes, sizeof bytes)) > 0)
		hash = gfs_hash64_seed(bytes, (size_t)got, hash);
	CHECK(got == 0);
	close(fd);
	return hash;
}

uint64_t toy_dir_hash(const char *path)
{
	uint64_t hash = 0; /* a sum: readdir has no order */
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;
	CHECK(dir);
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		char *below = toy_path(path, entry->d_name);
		CHECK(stat(below, &st) == 0);
		uint64_t content = S_ISDIR(st.st_mode) ? toy_dir_hash(below) : hash_file(below);
		uint64_t facts[] = { content, (uint64_t)st.st_size, (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec,
			st.st_ino };
		hash += gfs_hash64_seed(facts, sizeof facts, gfs_hash64(below, strlen(below)));
		free(below);
	}
	closedir(dir);
	return hash;
}

void toy_file_copy(const char *from_dir, const char *from, const char *to_dir, const char *to)
{
	static char bytes[1 << 16];
	char *source = toy_path(from_dir, from);
	char *target = toy_path(to_dir, to);
	int in = open(source, O_RDONLY), out = open(target, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t got;
	CHECK(in >= 0 && out >= 0);
	while ((got = read(in, bytes, sizeof bytes)) > 0)
		CHECK(write(out, bytes, (size_t)got) == got);
	CHECK(got == 0);
	close(in);
	close(out);
	free(source);
	free(target);
}

/* ---- what transaction k does ---- */

struct random {
	uint64_t state;
};

static uint64_t random_next(struct random *r)
{
	r->state += UINT64_C(0x9e3779b97f4a7c15);
	return gfs_mix64(r->state);
}

static uint64_t random_below(struct random *r, uint64_t n)
{
	return random_next(r) % n;
}

enum toy_op_kind { TOY_SET, TOY_NEW, TOY_PUT, TOY_DELETE, TOY_COUNTER };

struct toy_op {
	enum toy_op_kind kind;
	unsigned index; /* page or key */
	unsigned offset;
	unsigned size;
	uint8_t bytes[256];
};

static unsigned toy_op_count(struct random *r)
{
	return 1 + (unsigned)random_below(r, 6);
}

static void toy_op_next(struct random *r, struct toy_op *op)
{
	static const enum toy_op_kind kinds[] = { TOY_SET, TOY_SET, TOY_SET, TOY_SET, TOY_SET, TOY_NEW, TOY_PUT, TOY_PUT,
		TOY_DELETE, TOY_COUNTER };
	op->kind = kinds[random_below(r, sizeof kinds / sizeof kinds[0])];
	op->index = (unsigned)random_below(r, op->kind == TOY_PUT || op->kind == TOY_DELETE ? TOY_KEYS : TOY_PAGES);
	op->size = 8 + (unsigned)random_below(r, sizeof op->bytes - 8);
	op->offset = (unsigned)random_below(r, GFS_PAGE_PAYLOAD_SIZE - op->size);
	for (unsigned i = 0; i + 8 <= sizeof op->bytes; i += 8)
		gfs_put_le64(op->bytes + i, random_next(r));
}

static int set_bytes(struct gfs_txn *txn, const struct toy_op *op)
{
	struct gfs_store *store = gfs_txn_store(txn);
	struct gfs_page *page;
	int err = gfs_page_edit(txn, TOY_PAGE_ID(op->index), &page);
	if (err == GFS_ERR_NOTFOUND || op->kind == TOY_NEW) {
		if (err == 0)
			gfs_page_put(store, page);
		err = gfs_page_new(txn, TOY_PAGE_ID(op->index), GFS_PAGE_SLOTTED, &page);
	}
	if (err != 0)
		return err;
	uint8_t *bytes = gfs_page_touch(txn, page, op->offset, op->size);
	if (bytes)
		memcpy(bytes, op->bytes, op->size);
	gfs_page_put(store, page);
	return bytes ? 0 : GFS_ERR_NOMEM;
}

static int apply_op(struct gfs_txn *txn, const struct toy_op *op)
{
	struct gfs_kv *kv = gfs_store_kv(gfs_txn_store(txn));
	uint8_t key[4];
	gfs_put_be32(key, op->index);
	switch (op->kind) {
	case TOY_SET:
	case TOY_NEW:
		return set_bytes(txn, op);
	case TOY_PUT:
		return gfs_kv_put(kv, gfs_txn_undo(txn), GFS_KV_KEYS, gfs_slice(key, 4), gfs_slice(op->bytes, op->size));
	case TOY_DELETE:
		return gfs_kv_delete(kv, gfs_txn_undo(txn), GFS_KV_KEYS, gfs_slice(key, 4));
	case TOY_COUNTER:
		return gfs_txn_counter_set(txn, GFS_COUNTER_RELS, gfs_get_le64(op->bytes));
	}
	return GFS_ERR_INVALID;
}

int toy_apply(struct gfs_txn *txn, uint64_t k, bool log)
{
	struct random r = { k };
	struct toy_op op;
	int err = 0;
	for (unsigned n = toy_op_count(&r); n > 0 && err == 0; n--) {
		toy_op_next(&r, &op);
		err = apply_op(txn, &op);
	}
	if (err == 0)
		err = gfs_txn_counter_set(txn, GFS_COUNTER_NODES, k);
	if (err == 0 && log)
		gfs_buf_append_le64(gfs_txn_log(txn), k);
	return err;
}

int toy_commit(struct gfs_store *store, uint64_t *ret_lsn)
{
	struct gfs_txn *txn;
	int err = gfs_txn_begin(store, &txn);
	if (err != 0)
		return err;
	err = toy_apply(txn, gfs_store_counter(store, GFS_COUNTER_NODES) + 1, true);
	if (err == 0)
		return gfs_txn_commit(txn, ret_lsn);
	gfs_txn_abort(txn);
	return err;
}

uint64_t toy_count(struct gfs_store *store)
{
	return gfs_store_counter(store, GFS_COUNTER_NODES);
}

/* ---- hooks ---- */

static int replay(void *context, struct gfs_txn *txn, struct gfs_slice payload)
{
	struct gfs_reader r = gfs_reader(payload);
	(void)context;
	while (gfs_reader_left(&r) > 0) {
		uint64_t k = gfs_read_le64(&r);
		if (r.failed || k != gfs_store_counter(gfs_txn_store(txn), GFS_COUNTER_NODES) + 1)
			return GFS_ERR_CORRUPT;
		int err = toy_apply(txn, k, false);
		if (err != 0)
			return err;
	}
	return r.failed ? GFS_ERR_CORRUPT : 0;
}

static int before_freeze(void *context, struct gfs_store *store)
{
	uint8_t value[8];
	(void)context;
	gfs_put_le64(value, toy_count(store));
	return gfs_kv_put(gfs_store_kv(store), NULL, GFS_KV_META, gfs_slice_text("toy"), gfs_slice(value, sizeof value));
}

const struct gfs_store_hooks toy_hooks = { .replay = replay, .before_freeze = before_freeze };

int toy_open(
	const char *path, const struct gfs_store_opts *opts, struct gfs_store **ret_store, struct gfs_message *message)
{
	struct gfs_store *store;
	*ret_store = NULL;
	int err = gfs_store_open(path, opts, &store, message);
	if (err != 0)
		return err;
	err = gfs_store_recover(store, &toy_hooks, message);
	if (err == 0) {
		*ret_store = store;
		return 0;
	}
	int closed = gfs_store_close(store);
	(void)closed; /* never recovered: nothing to checkpoint */
	return err;
}

struct gfs_store *toy_open_ok(const char *path, const struct gfs_store_opts *opts)
{
	struct gfs_message message = { "" };
	struct gfs_store *store;
	int err = toy_open(path, opts, &store, &message);
	if (err != 0)
		fprintf(stderr, "open: %s (%s)\n", message.text, gfs_err_text(err));
	CHECK(err == 0);
	return store;
}

struct gfs_store *toy_create_open(const char *path, const struct gfs_store_opts *opts)
{
	struct gfs_message message = { "" };
	int err = gfs_store_create(path, &message);
	if (err != 0)
		fprintf(stderr, "create: %s (%s)\n", message.text, gfs_err_text(err));
	CHECK(err == 0);
	return toy_open_ok(path, opts);
}

/* ---- the model ---- */

struct toy_model {
	uint64_t k;
	uint64_t counter;
	bool exists[TOY_PAGES];
	uint8_t pages[TOY_PAGES][GFS_PAGE_PAYLOAD_SIZE];
	int value_size[TOY_KEYS]; /* -1: not there */
	uint8_t values[TOY_KEYS][256];
};

struct toy_model *toy_model_new(void)
{
	struct toy_model *model = calloc(1, sizeof *model);
	CHECK(model);
	for (unsigned i = 0; i < TOY_KEYS; i++)
		model->value_size[i] = -1;
	return model;
}

void toy_model_free(struct toy_model *model)
{
	free(model);
}

static void model_op(struct toy_model *m, const struct toy_op *op)
{
	switch (op->kind) {
	case TOY_NEW:
		memset(m->pages[op->index], 0, sizeof m->pages[0]);
		/* fallthrough */
	case TOY_SET:
		m->exists[op->index] = true;
		memcpy(m->pages[op->index] + op->offset, op->bytes, op->size);
		break;
	case TOY_PUT:
		m->value_size[op->index] = (int)op->size;
		memcpy(m->values[op->index], op->bytes, op->size);
		break;
	case TOY_DELETE:
		m->value_size[op->index] = -1;
		break;
	case TOY_COUNTER:
		m->counter = gfs_get_le64(op->bytes);
		break;
	}
}

void toy_model_advance(struct toy_model *model, uint64_t k)
{
	CHECK(k >= model->k);
	while (model->k < k) {
		struct random r = { ++model->k };
		struct toy_op op;
		for (unsigned n = toy_op_count(&r); n > 0; n--) {
			toy_op_next(&r, &op);
			model_op(model, &op);
		}
	}
}

static const char *compare_pages(struct gfs_store *store, const struct toy_model *m)
{
	for (unsigned i = 0; i < TOY_PAGES; i++) {
		struct gfs_page *page;
		int err = gfs_page_get(store, TOY_PAGE_ID(i), &page);
		if (err == GFS_ERR_NOTFOUND && !m->exists[i])
			continue;
		if (err != 0)
			return gfs_err_text(err);
		bool same = m->exists[i] && memcmp(gfs_page_payload(page), m->pages[i], sizeof m->pages[i]) == 0;
		gfs_page_put(store, page);
		if (!same)
			return m->exists[i] ? "a page's contents" : "a page that should not exist";
	}
	return NULL;
}

static const char *compare_values(struct gfs_store *store, const struct toy_model *m)
{
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	for (unsigned i = 0; i < TOY_KEYS; i++) {
		uint8_t key[4];
		gfs_put_be32(key, i);
		gfs_buf_clear(&value);
		int err = gfs_kv_get(gfs_store_kv(store), GFS_KV_KEYS, gfs_slice(key, 4), &value);
		if (err == GFS_ERR_NOTFOUND && m->value_size[i] < 0)
			continue;
		if (err != 0)
			return gfs_err_text(err);
		if ((int)value.size != m->value_size[i] || memcmp(value.data, m->values[i], value.size) != 0)
			return "a value of the table";
	}
	return NULL;
}

const char *toy_compare(struct gfs_store *store, const struct toy_model *model)
{
	gfs_store_read_begin(store);
	const char *difference = compare_pages(store, model);
	if (!difference)
		difference = compare_values(store, model);
	if (!difference && gfs_store_counter(store, GFS_COUNTER_NODES) != model->k)
		difference = "the number of transactions";
	if (!difference && gfs_store_counter(store, GFS_COUNTER_RELS) != model->counter)
		difference = "a counter";
	gfs_store_read_end(store);
	return difference;
}

uint64_t toy_verify(struct gfs_store *store)
{
	struct toy_model *model = toy_model_new();
	uint64_t k = toy_count(store);
	toy_model_advance(model, k);
	const char *difference = toy_compare(store, model);
	if (difference)
		fprintf(stderr, "after %llu transactions: %s\n", (unsigned long long)k, difference);
	CHECK(!difference);
	toy_model_free(model);
	return k;
}
