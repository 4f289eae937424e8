/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of the one binary, one file each. Each takes argv from its own name on and returns
 * the exit status: 0 done, 1 could not, 2 used wrongly; `check` and `status` have their own. Called
 * by main.c.
 */
#ifndef RZ_CMD_CMD_H
#define RZ_CMD_CMD_H

int rz_cmd_status(int argc, char **argv);
int rz_cmd_run(int argc, char **argv);
int rz_cmd_top(int argc, char **argv);
int rz_cmd_list(int argc, char **argv);
int rz_cmd_plan(int argc, char **argv);
int rz_cmd_explain(int argc, char **argv);
int rz_cmd_events(int argc, char **argv);
int rz_cmd_pause(int argc, char **argv);
int rz_cmd_resume(int argc, char **argv);
int rz_cmd_reset(int argc, char **argv);
int rz_cmd_traffic(int argc, char **argv);
int rz_cmd_cost(int argc, char **argv);
int rz_cmd_stats(int argc, char **argv);
int rz_cmd_serve(int argc, char **argv);
int rz_cmd_topology(int argc, char **argv);
int rz_cmd_config(int argc, char **argv);
int rz_cmd_check(int argc, char **argv);
int rz_cmd_uninstall(int argc, char **argv);
int rz_cmd_bugtool(int argc, char **argv);
int rz_cmd_version(int argc, char **argv);

#endif
