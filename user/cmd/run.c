// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone run`: the daemon, in the foreground.
 *
 * Comes in: settings, from flags, environment and file. Goes out: a daemon that runs until a signal
 * ends it (daemon/life.h).
 */
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "conf/conf.h"
#include "daemon/life.h"

int rz_cmd_run(int argc, char **argv)
{
	struct rz_conf_source *source;
	struct rz_daemon *d;
	struct rz_conf conf;
	int err;

	if (rz_conf_source_new(argc, argv, &source))
		return 2;
	if (rz_conf_start(source, RZ_CONF_TEXT_REGULAR, &conf)) {
		rz_conf_source_free(source);
		return 2;
	}
	rz_log_setup(conf.log_format, conf.log_level);
	rz_conf_environment_warn(environ);
	if (rz_daemon_start(&conf, source, &d))
		return 1;
	err = rz_daemon_loop(d);
	rz_daemon_stop(d);
	return err ? 1 : 0;
}
