// SPDX-License-Identifier: Apache-2.0
/* The topology file: watching it, see file.h. Its form is read in parse.c. */
#include "topo/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"

#define FILE_MAX_BYTES (16u << 20)

struct rz_topo_file {
	char *path;
	char *text; /* what was last taken or refused; NULL before the first look */
	size_t len;
	char text_why[640]; /* why that text was refused, "" if it was taken */
	bool taken;	    /* a text was: it stays where a later one is refused */
	int fault;	    /* what the last look gave, and the line that was said about it */
	char why[640];
};

int rz_topo_file_new(const char *path, struct rz_topo_file **ret)
{
	struct rz_topo_file *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->path = strdup(path);
	if (!f->path) {
		free(f);
		return -ENOMEM;
	}
	*ret = f;
	return 0;
}

void rz_topo_file_free(struct rz_topo_file *f)
{
	if (!f)
		return;
	free(f->path);
	free(f->text);
	free(f);
}

/* Reads a whole regular file. A pipe would block the daemon, a directory never ends. */
static int read_whole(const char *path, char **ret, size_t *ret_len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > FILE_MAX_BYTES)
		return -EFBIG;
	text = malloc(st.st_size + 1);
	if (!text)
		return -ENOMEM;
	while (len < (size_t)st.st_size && (n = read(fd, text + len, st.st_size - len)) > 0)
		len += n;
	if (n < 0)
		return -errno;
	*ret = RZ_TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

static const char *read_cure(int err)
{
	switch (err) {
	case -ENOENT:
		return "write it there, or name another";
	case -EINVAL:
		return "name a regular file";
	case -EFBIG:
		return "16 MiB is the limit";
	default:
		return "make it readable";
	}
}

/* Notes a fault; says it once, until it changes or is gone. */
static int fault(struct rz_topo_file *f, int err, const char *why)
{
	bool known = f->fault == err && !strcmp(f->why, why);

	f->fault = err;
	snprintf(f->why, sizeof(f->why), "%s", why);
	return known ? err
		     : rz_err(err, "topology: %s%s", why,
			      f->taken ? " (what was read before stays)" : "");
}

int rz_topo_file_poll(struct rz_topo_file *f, struct rz_topo **ret)
{
	_cleanup_free_ char *text = NULL;
	struct rz_topo *fresh = NULL;
	char why[sizeof(f->why)];
	size_t len = 0;
	int err = read_whole(f->path, &text, &len);

	if (err) {
		snprintf(why, sizeof(why), "%s:1:1: cannot be read: %s; %s", f->path,
			 strerror(-err), read_cure(err));
		return fault(f, err, why);
	}
	if (!f->text || f->len != len || memcmp(f->text, text, len)) {
		err = rz_topo_parse(text, len, f->path, &fresh, why, sizeof(why));
		if (err == -ENOMEM)
			return err;
		free(f->text);
		f->text = RZ_TAKE_PTR(text);
		f->len = len;
		snprintf(f->text_why, sizeof(f->text_why), "%s", err ? why : "");
	}
	if (f->text_why[0])
		return fault(f, -EINVAL, f->text_why);
	if (f->fault)
		rz_log_fields(RZ_LOG_INFO, json_pack("{s:o}", "file", rz_json_printable(f->path)),
			      "topology: %s is whole again", f->path);
	f->fault = 0;
	if (!fresh)
		return 0;
	f->taken = true;
	*ret = fresh;
	return 1;
}

const char *rz_topo_file_fault(const struct rz_topo_file *f)
{
	return f->fault ? f->why : "";
}
