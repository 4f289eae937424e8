// SPDX-License-Identifier: Apache-2.0
/*
 * The config file: a YAML mapping with the keys of the table, _ for -.
 *
 * Comes in: a path. Goes out: values set in struct rz_conf, or one line. Called by conf.c.
 */
#include "conf/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/yaml.h"

#define FILE_MAX_BYTES (1u << 20)
#define KEYS_MAX       64

/* The flag's name as a key: keep-pins is keep_pins. */
static void key_of(const char *flag, char *dst, size_t size)
{
	rz_str_copy(dst, size, flag);
	for (; *dst; dst++)
		if (*dst == '-')
			*dst = '_';
}

static int set_all(struct rz_conf *c, struct rz_yaml *y, yaml_node_t *root)
{
	char names[KEYS_MAX][32], why[512];
	const char *keys[KEYS_MAX + 1];
	size_t i;
	int err;

	for (i = 0; i < rz_conf_n_rows && i < KEYS_MAX; i++) {
		key_of(rz_conf_rows[i].name, names[i], sizeof(names[i]));
		keys[i] = names[i];
	}
	keys[i] = NULL;
	err = rz_yaml_mapping(y, root, "the configuration", keys);
	for (i = 0; i < rz_conf_n_rows && !err; i++) {
		yaml_node_t *n = rz_yaml_get(y, root, names[i]);
		const char *text = n ? rz_yaml_scalar(y, n, names[i]) : NULL;

		if (n && !text)
			return -EINVAL;
		if (n && rz_conf_set(c, &rz_conf_rows[i], text, why, sizeof(why)))
			err = rz_yaml_fail(y, n, "%s: %s", names[i], why);
	}
	return err;
}

int rz_conf_file_read(struct rz_conf *c, const char *path, char *why, size_t why_size)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	_cleanup_free_ char *text = malloc(FILE_MAX_BYTES + 1);
	struct rz_yaml y;
	size_t len;
	int err;

	if (!text)
		return -ENOMEM;
	len = f ? fread(text, 1, FILE_MAX_BYTES + 1, f) : 0;
	if (!f || ferror(f)) {
		err = -errno;
		snprintf(why, why_size,
			 "%s: cannot be read: %s; name a readable file with --config", path,
			 strerror(errno));
		return err;
	}
	if (len > FILE_MAX_BYTES) {
		snprintf(why, why_size, "%s: larger than 1 MiB; this is no configuration", path);
		return -EFBIG;
	}
	err = rz_yaml_load(&y, path, text, len, why, why_size);
	if (!err &&
	    rz_yaml_root(&y)) /* an empty file is a configuration that leaves all as it is */
		err = set_all(c, &y, rz_yaml_root(&y));
	rz_yaml_free(&y);
	return err;
}
