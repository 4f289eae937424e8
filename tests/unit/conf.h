/* SPDX-License-Identifier: Apache-2.0 */
/* Settings read as `rezone run` reads them, for the tests of conf/. */
#ifndef TESTS_UNIT_CONF_H
#define TESTS_UNIT_CONF_H

#include "capture.h"

#include "conf/table.h"

static char said[4096];

/* Reads `run` with these flags; what it says is in `said`. */
static inline int read_conf(struct rz_conf *c, const char *const *flags)
{
	char *argv[16] = {(char *)"run"};
	struct capture cap;
	int argc = 1, err;

	for (; flags && *flags; flags++)
		argv[argc++] = (char *)*flags;
	capture_begin(&cap);
	err = rz_conf_read(argc, argv, c);
	capture_end(&cap, said, sizeof(said));
	return err;
}

#define FLAGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline void write_file(char path[32], const char *text)
{
	int fd;

	strcpy(path, "/tmp/rezone-conf-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

#endif
