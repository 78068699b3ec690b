#include "mount-tools/cache_options.h"

#include "base/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "cache_"
#define POLICY "policy"

static const char *const policy_wanted = "s3fifo, lru or clock";

/* Cuts `prefix` off. */
static bool skip(struct gfs_slice *text, const char *prefix)
{
	size_t size = strlen(prefix);
	if (text->size < size || memcmp(text->data, prefix, size) != 0)
		return false;
	*text = gfs_slice(text->data + size, text->size - size);
	return true;
}

static int take_policy(struct gfs_mount_options *o, enum gfs_cache_layer layer, struct gfs_slice text)
{
	const struct gfs_cache_policy *policy = gfs_cache_policy_find(text);
	if (!policy)
		return GFS_ERR_INVALID;
	o->store.cache.layers[layer].policy = policy;
	o->layers_given[layer].policy = true;
	return 0;
}

static int take_limit(struct gfs_mount_options *o, enum gfs_cache_layer layer, struct gfs_slice text)
{
	bool off = gfs_slice_equal(text, gfs_slice_text("off"));
	uint64_t bytes = 0;
	if (!off && (gfs_parse_size(text, &bytes) != 0 || bytes < GFS_CACHE_LAYER_BYTES_MIN))
		return GFS_ERR_INVALID;
	o->store.cache.layers[layer].limit_bytes = bytes;
	o->store.cache.layers[layer].off = off;
	o->layers_given[layer].limit = true;
	return 0;
}

static int take_all_policies(struct gfs_mount_options *o, struct gfs_slice text)
{
	int err = 0;
	for (unsigned i = 0; !err && i < GFS_CACHE_LAYERS; i++)
		err = take_policy(o, i, text);
	return err;
}

static int take_warm(struct gfs_mount_options *o, struct gfs_slice text)
{
	o->cache_warm = gfs_slice_equal(text, gfs_slice_text("on"));
	return o->cache_warm || gfs_slice_equal(text, gfs_slice_text("off")) ? 0 : GFS_ERR_INVALID;
}

int gfs_cache_options_take(
	struct gfs_mount_options *o, struct gfs_slice name, struct gfs_slice text, const char **ret_wanted)
{
	if (!skip(&name, PREFIX))
		return GFS_ERR_NOTFOUND;
	*ret_wanted = "on or off";
	if (gfs_slice_equal(name, gfs_slice_text("warm")))
		return take_warm(o, text);
	*ret_wanted = policy_wanted;
	if (gfs_slice_equal(name, gfs_slice_text(POLICY)))
		return take_all_policies(o, text);
	for (unsigned i = 0; i < GFS_CACHE_LAYERS; i++) {
		struct gfs_slice rest = name;
		if (!skip(&rest, gfs_cache_layer_names[i]))
			continue;
		if (gfs_slice_equal(rest, gfs_slice_text("_" POLICY)))
			return take_policy(o, i, text);
		*ret_wanted = "a size of at least 64K, such as 128M, or off";
		return rest.size == 0 ? take_limit(o, i, text) : GFS_ERR_NOTFOUND;
	}
	return GFS_ERR_NOTFOUND;
}

/* ---- for a remount ---- */

struct setter {
	int (*set)(void *context, const char *file, const char *text);
	void *context;
};

static int set_file(const struct setter *s, enum gfs_cache_layer layer, const char *name, const char *text)
{
	char file[64];
	(void)snprintf(file, sizeof file, "cache/%s/%s", gfs_cache_layer_names[layer], name);
	return s->set(s->context, file, text);
}

static int apply_layer(const struct gfs_mount_options *o, enum gfs_cache_layer layer, const struct setter *s)
{
	char text[32];
	int err = 0;
	if (o->layers_given[layer].policy)
		err = set_file(s, layer, "policy", gfs_cache_policy_name(o->store.cache.layers[layer].policy));
	if (err || !o->layers_given[layer].limit)
		return err;
	if (o->store.cache.layers[layer].off)
		return set_file(s, layer, "enabled", "0");
	(void)snprintf(text, sizeof text, "%" PRIu64, o->store.cache.layers[layer].limit_bytes);
	err = set_file(s, layer, "limit", text);
	return err ? err : set_file(s, layer, "enabled", "1");
}

int gfs_cache_options_apply(
	const struct gfs_mount_options *o, int (*set)(void *context, const char *file, const char *text), void *context)
{
	const struct setter s = { .set = set, .context = context };
	char text[32];
	int err = 0;
	if (o->cache_given) {
		(void)snprintf(text, sizeof text, "%" PRIu64, o->store.cache.bytes);
		err = set(context, "cache/budget", text);
	}
	for (unsigned i = 0; !err && i < GFS_CACHE_LAYERS; i++)
		err = apply_layer(o, i, &s);
	return err;
}
