// SPDX-License-Identifier: Apache-2.0
/*
 * The command table. Comes in: argv. Goes out: one command's exit status (0 done, 1 could not, 2
 * used wrongly; `status` and `check` have more). Without arguments: the status.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/stdout.h"
#include "base/yaml.h"
#include "cmd/cmd.h"
#include "cmd/describe.h"

static int help(int argc, char **argv);

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
	const char *group; /* title of the group that begins with this row, NULL: goes on */
	bool rare;	   /* stands in --help-all alone */
	bool logs;	   /* goes on, so its lines are a log's */
} commands[] = {
	{"status", rz_cmd_status, "how rezone is on this node; `rezone` alone does the same",
	 "See"},
	{"list", rz_cmd_list, "the tracked connections, and why each is moved or kept"},
	{"top", rz_cmd_top, "a live screen: rates between zones, the busiest clients, moves"},
	{"plan", rz_cmd_plan, "what enforcing would do, at what pace; who stays, and why"},
	{"explain", rz_cmd_explain, "why one connection, or a client's, are moved or kept"},
	{"events", rz_cmd_events, "what happened: verdicts, holds, moves, outcomes, freezes"},
	{"traffic", rz_cmd_traffic, "bytes between zones and by client"},
	{"cost", rz_cmd_cost, "what crossed zones in the last 48 hours, and what it cost"},
	{"topology", rz_cmd_topology, "zones, groups and agents as rezone counts them"},
	{"config", rz_cmd_config, "the settings that hold now; is a config file good?",
	 .rare = true},
	{"stats", rz_cmd_stats, "counters, how full the maps are, which calls failed",
	 .rare = true},
	{"pause", rz_cmd_pause, "stop all moves on this node", "Act"},
	{"resume", rz_cmd_resume, "end the pause"},
	{"reset", rz_cmd_reset, "move connections by hand"},
	{"uninstall", rz_cmd_uninstall, "leave no program and no map on this node", .rare = true},
	{"run", rz_cmd_run, "the daemon: track connections, move home those that cross zones",
	 "Run", .logs = true},
	{"serve", rz_cmd_serve, "metrics and health over HTTP, from the maps alone", .logs = true},
	{"check", rz_cmd_check, "try whether this node can run rezone"},
	{"bugtool", rz_cmd_bugtool, "one archive with what a bug report needs; names are hashed",
	 .rare = true},
	{"version", rz_cmd_version, "version and map ABI of this binary", .rare = true},
	{"help", help, "the commands, or `rezone help COMMAND`: that command's options",
	 .rare = true},
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

#define ABOUT                                                                               \
	"Watches the Kafka connections of this node's agents and closes those that cross\n" \
	"availability zones while an agent in the client's own zone is ready."

/* One screen, or all commands. */
static void usage(FILE *f, bool all)
{
	const char *group = "", *title = "";
	size_t i;

	fprintf(f, "Usage: rezone [COMMAND [OPTION...]]\n" ABOUT "\n\n");
	for (i = 0; i < N_COMMANDS; i++) {
		group = commands[i].group ?: group;
		if (commands[i].rare && !all)
			continue;
		fprintf(f, "%-4s  %-9s %s\n", group == title ? "" : group, commands[i].name,
			commands[i].what);
		title = group;
	}
	if (!all) {
		fputs("More:", f);
		for (i = 0; i < N_COMMANDS; i++)
			if (commands[i].rare)
				fprintf(f, " %s", commands[i].name);
		fputs(" (rezone --help-all)\n", f);
	}
	fprintf(f, "\nIn every command: -p DIR (the daemon's --pin-dir), --help; in all but `run` "
		   "also\n-o table|wide|json.\nExit status: 0 done, 1 could not, 2 used wrongly; "
		   "`status`, `check` "
		   "have more.\n");
}

/* The commands as lines (cmd/describe.h); `rezone COMMAND --describe` has each one's options. */
static int describe(void)
{
	const char *group = "";
	size_t i;

	for (i = 0; i < N_COMMANDS; i++) {
		group = commands[i].group ?: group;
		printf("command\t%s\t%s\t%s\n", commands[i].name, group, commands[i].what);
	}
	return 0;
}

static int mistyped(const char *word)
{
	const char *names[N_COMMANDS + 1] = {}, *near;
	size_t i;

	for (i = 0; i < N_COMMANDS; i++)
		names[i] = commands[i].name;
	near = rz_yaml_nearest(word, names);
	fprintf(stderr, "rezone: there is no command \"%s\"; ", word);
	if (near)
		fprintf(stderr, "did you mean %s?\n", near);
	else
		fprintf(stderr, "`rezone help` lists them\n");
	return 2;
}

/* argv[0] is the command's word. */
static int run(int argc, char **argv)
{
	static char name[32];
	size_t i;

	for (i = 0; i < N_COMMANDS; i++) {
		if (strcmp(argv[0], commands[i].name))
			continue;
		snprintf(name, sizeof(name), "rezone %s", commands[i].name);
		argv[0] = name; /* as --help and argp's messages call it */
		if (!commands[i].logs)
			rz_log_name(name);
		return commands[i].run(argc, argv);
	}
	return mistyped(argv[0]);
}

/* `rezone help`, `rezone help COMMAND`. */
static int help(int argc, char **argv)
{
	char *command[] = {argc > 1 ? argv[1] : NULL, (char *)"--help", NULL};

	if (argc > 1 && !strcmp(argv[1], RZ_DESCRIBE)) {
		puts("doc\tLists the commands, or shows the --help of one.\nargument\t[COMMAND]");
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "help") && argv[1][0] != '-')
		return run(2, command);
	usage(stdout, argc > 1 && !strcmp(argv[1], "--help-all"));
	return 0;
}

int main(int argc, char **argv)
{
	char *status[] = {(char *)"status", NULL}, *version[] = {(char *)"version", NULL};

	rz_stdout_guard();
	if (argc < 2)
		return run(1, status);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "--help-all"))
		return help(argc, argv);
	if (!strcmp(argv[1], RZ_DESCRIBE))
		return describe();
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return run(1, version);
	if (argv[1][0] == '-') { /* options alone are the status's, as no word is */
		argv[0] = status[0];
		return run(argc, argv);
	}
	return run(argc - 1, argv + 1);
}
