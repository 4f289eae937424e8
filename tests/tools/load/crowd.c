// SPDX-License-Identifier: Apache-2.0
/*
 * A crowd of Kafka-looking clients, or the server that they talk to. It knows nothing of rezone.
 *
 *   crowd serve -a ADDRESS:PORT [-w WORKERS]
 *   crowd open -a ADDRESS:PORT -f FIRST-SOURCE [-F SOURCES] -n CONNECTIONS [-w WORKERS] [-i ID]
 *              [-q KEY,KEY...] [-e EVERY-MS] [-r A-SECOND [-k KEEP]] [-m MANNER] [-s]
 *
 * Goes out: a line of figures each second, "crowd: all N opened" once; runs until SIGTERM. ID may
 * have one %u, the connection's number; -s sends each request's size alone. Called by
 * tests/e2e/8*.sh.
 */
#include "crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUESTS_MAX 16

volatile bool crowd_ends;

static void on_signal(int sig)
{
	(void)sig;
	crowd_ends = true;
}

static int usage(void)
{
	fprintf(stderr, "crowd serve|open -a ADDRESS:PORT; the file's head has the rest\n");
	return 2;
}

static bool parse_address(const char *text, struct sockaddr_in *ret)
{
	char addr[64];
	const char *colon = strchr(text, ':');

	snprintf(addr, sizeof(addr), "%.*s", colon ? (int)(colon - text) : 63, text);
	*ret = (struct sockaddr_in){.sin_family = AF_INET};
	ret->sin_port = htons(colon ? (uint16_t)atoi(colon + 1) : 0);
	return inet_pton(AF_INET, addr, &ret->sin_addr) == 1;
}

static void parse_requests(char *text, int *ret)
{
	char *word;
	int n = 0;

	while ((word = strsep(&text, ",")) && n < REQUESTS_MAX - 1)
		ret[n++] = atoi(word);
	ret[n] = -1;
}

/* At most one %u, and no other conversion. */
static bool template_is_plain(const char *id)
{
	const char *percent = strchr(id, '%');

	return !percent || (percent[1] == 'u' && !strchr(percent + 1, '%'));
}

static int parse(struct crowd *c, int argc, char **argv, int *requests)
{
	int opt, manner;

	while ((opt = getopt(argc, argv, "a:f:F:n:w:i:q:e:r:k:m:s")) > 0) {
		switch (opt) {
		case 'a':
			if (!parse_address(optarg, &c->at))
				return usage();
			break;
		case 'f':
			if (!parse_address(optarg, &c->from))
				return usage();
			break;
		case 'F':
			c->sources = (uint32_t)atoi(optarg);
			break;
		case 'n':
			c->n = (uint32_t)atoi(optarg);
			break;
		case 'w':
			c->workers = (uint32_t)atoi(optarg);
			break;
		case 'i':
			c->id = optarg;
			break;
		case 'q':
			parse_requests(optarg, requests);
			break;
		case 'e':
			c->every_ms = (uint32_t)atoi(optarg);
			break;
		case 'r':
			c->rate = (uint32_t)atoi(optarg);
			break;
		case 'k':
			c->keep = (uint32_t)atoi(optarg);
			break;
		case 'm':
			manner = said_manner(optarg);
			if (manner < 0)
				return usage();
			c->manner = (enum manner)manner;
			break;
		case 's':
			c->split = true;
			break;
		default:
			return usage();
		}
	}
	if (!c->at.sin_port || !c->workers || c->workers > WORKERS_MAX || !c->sources ||
	    !template_is_plain(c->id))
		return usage();
	return 0;
}

static int listen_at(const struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (const struct sockaddr *)at, sizeof(*at)) || listen(fd, 4096)) {
		perror("crowd: listen");
		exit(1);
	}
	return fd;
}

/* Prints sums until it is over. */
static void watch(const struct crowd *c, bool serves)
{
	struct figures sum;
	bool said = false;
	uint32_t i;
	int s;

	for (s = 0; !crowd_ends; s++) {
		sleep(1);
		memset(&sum, 0, sizeof(sum));
		for (i = 0; i < c->workers; i++) {
			const volatile struct figures *f = &c->figures[i];

			sum.opened += f->opened;
			sum.closed += f->closed;
			sum.failed += f->failed;
			sum.sent += f->sent;
			sum.answered += f->answered;
		}
		printf("%d s: %lu opened, %ld open, %lu failed, %lu said, %lu answered\n", s + 1,
		       sum.opened, (long)(sum.opened - sum.closed), sum.failed, sum.sent,
		       sum.answered);
		if (!serves && !said && sum.opened + sum.failed == c->n)
			said = printf("crowd: all %u opened\n", c->n) > 0;
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	static int requests[REQUESTS_MAX] = {18, 3, -1};
	struct crowd c = {.sources = 1, .workers = 1, .id = "crowd-%u", .requests = requests};
	struct sigaction sa = {.sa_handler = on_signal};
	bool serves = argc > 1 && !strcmp(argv[1], "serve");
	pid_t pids[WORKERS_MAX];
	struct rlimit lim;
	int listener = -1;
	uint32_t i;

	if (argc < 2 || (!serves && strcmp(argv[1], "open")) ||
	    parse(&c, argc - 1, argv + 1, requests))
		return usage();
	if (!getrlimit(RLIMIT_NOFILE, &lim)) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
	c.figures = mmap(NULL, sizeof(*c.figures) * c.workers, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c.figures == MAP_FAILED)
		return 1;
	if (serves)
		listener = listen_at(&c.at);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	for (i = 0; i < c.workers; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* also if the parent is killed */
		if (serves)
			crowd_serve(&c, i, listener);
		else
			crowd_open(&c, i);
		_exit(0);
	}
	watch(&c, serves);
	for (i = 0; i < c.workers; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGTERM);
	for (i = 0; i < c.workers; i++)
		if (pids[i] > 0)
			waitpid(pids[i], NULL, 0);
	return 0;
}
