/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a target, between target.c (what it does) and request.c (what it sends, and how it
 * says what came). */
#ifndef RZ_KUBE_TARGET_INSIDE_H
#define RZ_KUBE_TARGET_INSIDE_H

#include "kube/target.h"

enum phase { PHASE_WAIT, PHASE_LIST, PHASE_WATCH };

struct rz_kube_target {
	const struct rz_kube_api *api;
	char *ns, *selector; /* the selector fit for a URL */
	char label[128];

	struct rz_kube_store *store, *fresh, *names; /* in force; being listed; being checked */
	char version[RZ_KUBE_VERSION_SIZE], version_of_list[RZ_KUBE_VERSION_SIZE];
	char version_of_check[RZ_KUBE_VERSION_SIZE];
	uint64_t check_newest; /* `newest` when the proof was asked for */
	uint64_t newest;       /* version that was ever seen, 0: none */
	uint64_t older_since_ns,
		older_first; /* answers are older than that since then, from this one */
	bool listed;
	unsigned page_slices;

	enum phase phase, next; /* `next` after PHASE_WAIT, at at_ns */
	uint64_t at_ns, began_ns;
	unsigned tries;		 /* without an answer that could be used */
	uint64_t retry_after_ns; /* asked for by the latest answer; 0 once it was waited for */
	struct rz_http_req *main, *check;
	bool fresh_connection; /* the last proof failed: the connection may be dead */

	char *line; /* of the watch, as far as it came */
	size_t len, room;
	uint64_t events;       /* of this watch */
	bool gone, unreadable; /* why this watch ends */
	char ended[RZ_KUBE_WHY_SIZE];

	uint64_t check_at_ns, check_began_ns, check_events;
	uint64_t proved_ns;
	bool failed, bad;
	char fault[RZ_KUBE_WHY_SIZE + 128];
	char ask_why[RZ_KUBE_WHY_SIZE];
};

uint32_t rz_kube_random(void);

/* target.c: how it stands. */
void rz_kube_tell(struct rz_kube_target *t);	    /* there is news */
uint64_t rz_kube_backoff(struct rz_kube_target *t); /* until the next try */
void rz_kube_stop_requests(struct rz_kube_target *t);
void rz_kube_wait(struct rz_kube_target *t, enum phase next, uint64_t ns);
void rz_kube_failed(struct rz_kube_target *t, enum phase next, const char *fault);
void rz_kube_bad_answer(struct rz_kube_target *t, const char *what, const char *why);
void rz_kube_proved(struct rz_kube_target *t, uint64_t at_ns);
/* A version was seen. */
void rz_kube_saw(struct rz_kube_target *t, const char *version);
/* Is a list of this version older than `newest`, which was seen before it was asked for? Then it
 * proves nothing, and `fault` (RZ_KUBE_WHY_SIZE) says so of `what`. */
bool rz_kube_is_older(struct rz_kube_target *t, const char *what, const char *version,
		      uint64_t newest, char *fault);
int rz_kube_take_page(struct rz_kube_store *into, struct rz_kube_page *p);
/* watch.c */
void rz_kube_watch_begin(struct rz_kube_target *t);
void rz_kube_check_begin(struct rz_kube_target *t, const char *next);
void rz_kube_target_note(struct rz_kube_target *t, const char *fault);

/* How long an answer may take to come. */
uint64_t rz_kube_time_out_ms(const struct rz_kube_api *api);
/* request.c: 0 or -errno with a line in t->ask_why. The answers come to the functions below. */
int rz_kube_ask_list(struct rz_kube_target *t, const char *next, unsigned limit);
int rz_kube_ask_watch(struct rz_kube_target *t);
int rz_kube_ask_check(struct rz_kube_target *t, const char *next);
/* A line for an answer that cannot be used, with how to mend it. */
void rz_kube_fault_text(const struct rz_kube_target *t, const char *what,
			const struct rz_http_answer *a, char *dst, size_t size);
/* Adds to `why` (RZ_KUBE_WHY_SIZE) what kind of answer it was. */
void rz_kube_bad_text(char *why, const struct rz_http_answer *a);

void rz_kube_on_list(void *arg, const struct rz_http_answer *a);
int rz_kube_on_watch_data(void *arg, const char *bytes, size_t n);
void rz_kube_on_watch(void *arg, const struct rz_http_answer *a);
void rz_kube_on_check(void *arg, const struct rz_http_answer *a);

#endif
