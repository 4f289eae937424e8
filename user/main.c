// SPDX-License-Identifier: Apache-2.0
/*
 * The command table. Comes in: argv. Goes out: one command's exit status (0 done, 1 could not, 2
 * used wrongly). Without arguments: the status.
 */
#include <stdio.h>
#include <string.h>

#include "base/stdout.h"
#include "cmd/cmd.h"

static int help(int argc, char **argv);

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{"run", rz_cmd_run, "the daemon: track connections, and move home those that cross zones"},
	{"status", rz_cmd_status, "how rezone is on this node (default)"},
	{"list", rz_cmd_list, "the tracked connections, and why each is moved or kept"},
	{"events", rz_cmd_events, "what happened: verdicts, holds, moves, outcomes, freezes"},
	{"config", rz_cmd_config, "the settings that hold now, and where each is from"},
	{"traffic", rz_cmd_traffic, "bytes between zones and by client"},
	{"stats", rz_cmd_stats, "counters, how full the maps are, which calls failed"},
	{"topology", rz_cmd_topology, "zones, groups and agents as rezone counts them"},
	{"reset", rz_cmd_reset, "move connections by hand"},
	{"pause", rz_cmd_pause, "stop all moves on this node"},
	{"resume", rz_cmd_resume, "end the pause"},
	{"check", rz_cmd_check, "try whether this node can run rezone"},
	{"version", rz_cmd_version, "version and map ABI of this binary"},
	{"help", help, "this list"},
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *f)
{
	size_t i;

	fprintf(f,
		"Usage: rezone COMMAND [OPTION...]\n"
		"Watches the Kafka connections of this node's agents and closes those that cross\n"
		"availability zones while an agent in the client's own zone is ready.\n\n");
	for (i = 0; i < N_COMMANDS; i++)
		fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].what);
	fprintf(f, "\n`rezone COMMAND --help` says more.\n");
}

static int help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	usage(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	char *status[] = {"rezone status", NULL}, name[32];
	size_t i;

	rz_stdout_guard();
	if (argc < 2)
		return rz_cmd_status(1, status);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help(argc, argv);
	if (!strcmp(argv[1], "--version"))
		return rz_cmd_version(argc, argv);
	for (i = 0; i < N_COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		snprintf(name, sizeof(name), "rezone %s", commands[i].name);
		argv[1] = name; /* as --help and argp's messages call it */
		return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "rezone: there is no command \"%s\"; `rezone help` lists them\n", argv[1]);
	return 2;
}
