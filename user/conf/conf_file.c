// SPDX-License-Identifier: Apache-2.0
/*
 * The config file: a YAML mapping with the keys of the table, _ for -.
 *
 * Comes in: a path. Goes out: values set in struct rz_conf, or one line. Called by conf.c.
 */
#include "conf/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/yaml.h"

#define FILE_MAX_BYTES (1u << 20)
#define KEYS_MAX       RZ_CONF_ROWS_MAX

/* The flag's name as a key: keep-pins is keep_pins. */
static void key_of(const char *flag, char *dst, size_t size)
{
	rz_str_copy(dst, size, flag);
	for (; *dst; dst++)
		if (*dst == '-')
			*dst = '_';
}

/* What stands between the parts of a list in one line; NULL: it is no list. */
static const char *separator_of(const struct rz_conf_row *row)
{
	switch (row->type) {
	case RZ_CONF_PORTS:
	case RZ_CONF_KEYS:
	case RZ_CONF_CIDRS:
	case RZ_CONF_ZONES:
		return ",";
	case RZ_CONF_GLOBS:
		return " ";
	case RZ_CONF_BLOCKS:
		return "<>";
	default:
		return row->list;
	}
}

/* A YAML list as the line that the flag takes. NULL: a mistake, noted. For free(). */
static char *join(struct rz_yaml *y, yaml_node_t *n, const char *name, const char *separator)
{
	yaml_node_item_t *i;
	char *line = NULL;
	size_t len;
	FILE *f = open_memstream(&line, &len);

	for (i = n->data.sequence.items.start; f && i < n->data.sequence.items.top; i++) {
		yaml_node_t *item = yaml_document_get_node(&y->doc, *i);
		const char *text = rz_yaml_scalar(y, item, name);

		if (text && strstr(text, separator)) {
			rz_yaml_fail(y, item, "%s: \"%.60s\" has a '%s'; give each its own item",
				     name, text, separator);
			text = NULL;
		}
		if (!text) {
			fclose(f);
			free(line);
			return NULL;
		}
		fprintf(f, "%s%s", i > n->data.sequence.items.start ? separator : "", text);
	}
	if (f)
		fclose(f);
	return line;
}

static int set_one(struct rz_conf *c, struct rz_yaml *y, yaml_node_t *n, const char *name, size_t i)
{
	const struct rz_conf_row *row = &rz_conf_rows[i];
	const char *separator = separator_of(row), *text;
	_cleanup_free_ char *list = NULL;
	char why[512];

	if (n->type == YAML_SEQUENCE_NODE && separator) {
		list = join(y, n, name, separator);
		text = list;
	} else if (n->type == YAML_MAPPING_NODE && separator) {
		return rz_yaml_fail(y, n, "%s must be a value or a list; write %s: [VALUE, ...]",
				    name, name);
	} else {
		text = rz_yaml_scalar(y, n, name);
	}
	if (!text)
		return -EINVAL;
	c->from[i] = RZ_CONF_FILE;
	return rz_conf_set(c, row, text, why, sizeof(why)) ? rz_yaml_fail(y, n, "%s: %s", name, why)
							   : 0;
}

static int set_all(struct rz_conf *c, struct rz_yaml *y, yaml_node_t *root)
{
	char names[KEYS_MAX][32];
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

		if (n)
			err = set_one(c, y, n, names[i], i);
	}
	return err;
}

/* With O_NONBLOCK: without, the open of a FIFO that nobody writes never returns. NULL: see errno.
 */
static FILE *open_regular(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	FILE *f;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return NULL;
	}
	f = fdopen(fd, "r");
	if (f)
		RZ_TAKE_FD(fd);
	return f;
}

int rz_conf_text_read(const char *path, enum rz_conf_text_from from, struct rz_conf_text *ret,
		      char *why, size_t why_size)
{
	_cleanup_fclose_ FILE *f =
		from == RZ_CONF_TEXT_ANY ? fopen(path, "re") : open_regular(path);
	_cleanup_free_ char *text = NULL;
	size_t len;
	int err;

	if (!f && errno == EINVAL) {
		snprintf(why, why_size,
			 "%s: is no regular file; rezone reads it again when it changes, so write "
			 "the settings into one and name it with --config",
			 path);
		return -EINVAL;
	}
	text = f ? malloc(FILE_MAX_BYTES + 1) : NULL;
	if (f && !text) {
		snprintf(why, why_size, "%s: out of memory", path);
		return -ENOMEM;
	}
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
	*ret = (struct rz_conf_text){RZ_TAKE_PTR(text), len};
	return 0;
}

int rz_conf_file_read(struct rz_conf *c, const char *path, const struct rz_conf_text *file,
		      char *why, size_t why_size)
{
	struct rz_yaml y;
	int err = rz_yaml_load(&y, path, file->text, file->len, why, why_size);

	if (!err &&
	    rz_yaml_root(&y)) /* an empty file is a configuration that leaves all as it is */
		err = set_all(c, &y, rz_yaml_root(&y));
	rz_yaml_free(&y);
	return err;
}
