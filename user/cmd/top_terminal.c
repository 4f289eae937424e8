// SPDX-License-Identifier: Apache-2.0
/* The terminal of `rezone top`, see top_terminal.h. */
#include "cmd/top_terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The alternate screen without a cursor, and back: xterm's, which every terminal of today has; one
 * that does not ignores it. */
#define BEGIN "\033[?1049h\033[?25l\033[2J"
#define END   "\033[0m\033[?25h\033[?1049l"

static struct termios was;
static volatile sig_atomic_t taken;

/* Also called by a signal handler: write() and tcsetattr() may be. */
void rz_terminal_give_back(void)
{
	ssize_t n;

	if (!taken)
		return;
	taken = 0;
	n = write(STDOUT_FILENO, END, sizeof(END) - 1);
	(void)n; /* a terminal that is gone needs nothing back */
	tcsetattr(STDIN_FILENO, TCSANOW, &was);
}

static void on_end(int sig)
{
	rz_terminal_give_back();
	raise(sig); /* as it would have ended: SA_RESETHAND */
}

static void catch_ends(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS,	SIGFPE,	 SIGILL,
				      SIGABRT, SIGQUIT, SIGPIPE, SIGALRM};
	struct sigaction sa = {.sa_handler = on_end, .sa_flags = SA_RESETHAND | SA_NODEFER};
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
}

int rz_terminal_take(void)
{
	static bool is_set_up;
	struct termios raw;
	ssize_t n;

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &was))
		return -ENOTTY;
	if (!is_set_up) {
		is_set_up = true;
		atexit(rz_terminal_give_back);
		catch_ends();
	}
	raw = was;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	taken = 1;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw))
		return -errno;
	n = write(STDOUT_FILENO, BEGIN, sizeof(BEGIN) - 1);
	return n < 0 ? -errno : 0;
}

void rz_terminal_size(size_t *ret_width, size_t *ret_height)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) || !w.ws_col || !w.ws_row)
		w = (struct winsize){.ws_row = 24, .ws_col = 80};
	*ret_width = w.ws_col;
	*ret_height = w.ws_row;
}
