// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone config`: the settings that hold now, and where each is from; or is a file good?
 *
 * Comes in: map config, or --check FILE. Goes out: a table or JSON on stdout (docs/json.md).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cure.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "conf/conf.h"
#include "kern/maps.h"
#include "out/config.h"

struct ask {
	struct rz_ask common; /* first */
	const char *check;
	bool changed;
};

static const struct rz_opt options[] = {
	{"check", 0, "FILE", RZ_OPT_TEXT(struct ask, check),
	 "read and check this config file instead, as `rezone run --config FILE` would, with this "
	 "command's environment; needs no daemon and no privileges"},
	{"changed", 0, NULL, RZ_OPT_FLAG(struct ask, changed),
	 "only settings that do not have their default"},
	{},
};

static const struct rz_command command = {
	.options = options,
	.doc = "Shows the settings by which the daemon works now, where each is from (a flag beats "
	       "the environment, which beats the file, which beats the default), and whether a "
	       "change of it in the file is taken at once or by a restart.\vExit status: 0 done, 1 "
	       "could not (the file is wrong), 2 used wrongly.",
};

static int check(const struct ask *a)
{
	char *argv[] = {(char *)"rezone config", (char *)"--config", (char *)a->check, NULL};
	struct rz_conf_map_row *rows = NULL;
	struct rz_conf_source *source;
	struct rz_conf conf;
	size_t n = 0;
	int err = rz_conf_source_new(3, argv, &source);

	if (err)
		return err;
	rz_conf_environment_warn(environ); /* as `rezone run` does */
	err = rz_conf_start(source, RZ_CONF_TEXT_ANY, &conf);
	if (!err)
		err = rz_conf_texts(&conf, a->check, &rows, &n);
	if (!err) {
		struct rz_config_view v = {rows, n, a->changed};

		err = a->common.json ? rz_config_print_json(stdout, &v)
				     : rz_config_print_text(stdout, &v);
		rz_conf_free(&conf);
	}
	free(rows);
	rz_conf_source_free(source);
	return err;
}

static int show(const struct ask *a)
{
	_cleanup_free_ struct rz_conf_map_row *rows = NULL;
	struct rz_config_view v = {.changed = a->changed};
	int err = rz_conf_map_read(a->common.pin_dir, &rows, &v.n);

	if (err)
		return rz_err(err,
			      "config: cannot read the settings of a daemon with --pin-dir %s: "
			      "%s; %s",
			      a->common.pin_dir, strerror(-err),
			      err == -ENOENT ? "start it with `rezone run`, or check a file with "
					       "--check FILE"
					     : rz_cure(err));
	if (!rz_maps_daemon_alive(a->common.pin_dir))
		rz_warn("config: no daemon runs with --pin-dir %s; this is what the last one left",
			a->common.pin_dir);
	rz_ask_name_node_at(a->common.pin_dir);
	v.rows = rows;
	return a->common.json ? rz_config_print_json(stdout, &v) : rz_config_print_text(stdout, &v);
}

int rz_cmd_config(int argc, char **argv)
{
	struct ask a = {};

	rz_opts_read(argc, argv, &command, &a.common);
	return (a.check ? check(&a) : show(&a)) ? 1 : 0;
}
