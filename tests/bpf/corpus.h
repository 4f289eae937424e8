/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The corpus: the seeds (tests/fuzz/seeds.c), tests/fuzz/corpus/frame.hex, and what `make fuzz` has
 * found, if it ran. A stream of it goes through the framing stage in the kernel and through the
 * reference framer, and the two are compared. Included by test_corpus.c and test_corpus_park.c.
 */
#ifndef TESTS_BPF_CORPUS_H
#define TESTS_BPF_CORPUS_H

#include "fixture.h"

#include <dirent.h>
#include <sys/stat.h>

#include "../fuzz/framer.h"
#include "../fuzz/seeds.h"
#include "../fuzz/way.h"

#define PIECE_MAX   3000 /* what BPF_PROG_TEST_RUN takes in one page */
#define STREAMS_MAX 4096
#define FORGET_AT   4000 /* ids and libraries in the maps before they are emptied */

static struct stream {
	char name[96];
	uint8_t *p;
	uint32_t n;
	uint32_t way; /* of a corpus file */
} streams[STREAMS_MAX];
static size_t n_streams;

static struct framer model;
static struct way way;
static uint32_t rounds = 30, every = 1;
static uint64_t pieces;
static uint32_t n_rejected;

static inline void keep(const char *name, const uint8_t *p, size_t n, void *arg)
{
	struct stream *s = &streams[n_streams];

	if (n_streams == STREAMS_MAX || !n || n > WAY_STREAM_MAX)
		return;
	snprintf(s->name, sizeof(s->name), "%.95s", name);
	s->p = malloc(n);
	assert_non_null(s->p);
	memcpy(s->p, p, n);
	s->n = (uint32_t)n;
	s->way = arg ? *(uint32_t *)arg : 0;
	n_streams++;
}

static inline void keep_input(const uint8_t *input, size_t n, void *name)
{
	uint32_t number;

	if (n <= 4)
		return;
	number = rz_bytes_be32(input);
	keep(name, input + 4, n - 4, &number);
}

static inline void keep_files(const char *dir)
{
	static uint8_t file[4 + WAY_STREAM_MAX];
	struct dirent *e;
	DIR *d = opendir(dir);
	char path[512];
	FILE *f;

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		f = e->d_name[0] == '.' ? NULL : fopen(path, "r");
		if (!f)
			continue;
		keep_input(file, fread(file, 1, sizeof(file), f), e->d_name);
		fclose(f);
	}
	if (d)
		closedir(d);
}

static inline int corpus_setup(void **state)
{
	const char *env = getenv("CORPUS_EVERY");

	if (env)
		every = (uint32_t)atoi(env);
	else if (v6) /* the same, but for the header before it */
		every *= 8;
	rounds = every > 1 ? 1 + 30 / every : rounds;
	seeds_each(keep, NULL);
	/* not there where the program runs without its tree, in another kernel's machine */
	seeds_read(CORPUS_FILE, keep_input, "frame.hex");
	keep_files(CORPUS_FOUND);
	printf("corpus: %zu streams\n", n_streams);
	return setup(state);
}

/* The maps have an end, and the corpus has more ids than they have rows. */
static inline void forget_much(void)
{
	static uint32_t ids, libraries, rejected_before;
	int fd = bpf_map__fd(skel->maps.softwares), keys = bpf_map__fd(skel->maps.software_keys);
	uint32_t key;
	uint64_t hash;

	ids += model.n_requests + n_rejected - rejected_before;
	libraries += model.n_requests + n_rejected - rejected_before;
	rejected_before = n_rejected;
	if (ids > FORGET_AT) {
		forget_clients();
		ids = 0;
	}
	if (libraries > RZ_SOFTWARES_MAX / 2) {
		while (!bpf_map_get_next_key(fd, NULL, &key))
			bpf_map_delete_elem(fd, &key);
		while (!bpf_map_get_next_key(keys, NULL, &hash))
			bpf_map_delete_elem(keys, &hash);
		libraries = 0;
	}
}

static inline void begin(uint32_t seq0, bool adopted, const struct stream *s)
{
	uint64_t cookie = 1;
	struct rz_conn c;

	forget_much();
	skel->bss->rz_test_has_tcp = 0;
	open_conn_at(seq0, adopted);
	framer_begin(&model, s->p, adopted);
	model.seq0 = seq0;
	/* the test's packets come over the loopback device */
	c = conn();
	c.frame.via = model.f.via = RZ_VIA_LOCAL;
	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.conns), &cookie, &c, BPF_ANY));
}

/* Both see a piece. The test's packets have no TCP socket behind them: what is missing is lost. */
static inline void piece(const struct stream *s, uint32_t seq0, uint32_t at, uint32_t len)
{
	uint32_t n;

	for (; len; at += n, len -= n) {
		n = len > PIECE_MAX ? PIECE_MAX : len;
		feed(seq0 + at, s->p + at, n);
		framer_segment(&model, at, n, at);
		pieces++;
	}
}

static inline const char *kept_differs(const struct rz_conn *c)
{
	struct rz_software software;
	struct rz_proxied proxied;
	struct rz_client_id id;
	uint64_t cookie = 1;

	if (c->frame.client && !c->frame.tentative) {
		id = client_id(c);
		if (id.len != model.id.len || memcmp(id.raw, model.id.raw, sizeof(id.raw)))
			return "the client.id";
	}
	if (c->frame.software && c->frame.software != RZ_SOFTWARE_UNKEPT &&
	    (bpf_map_lookup_elem(bpf_map__fd(skel->maps.softwares), &c->frame.software,
				 &software) ||
	     memcmp(&software, &model.software, sizeof(software))))
		return "the software";
	if (c->frame.via == RZ_VIA_PROXY &&
	    (bpf_map_lookup_elem(bpf_map__fd(skel->maps.proxied), &cookie, &proxied) ||
	     proxied.len != model.proxied.len ||
	     memcmp(proxied.raw, model.proxied.raw, proxied.len)))
		return "the PROXY header";
	return NULL;
}

/* As user space does: it has read the id. Only then is the fast path for this connection. */
static inline void settle(const struct rz_frame *f)
{
	struct rz_client client = {.opt_in = 1};

	if (f->client && !f->tentative && !f->zone_known)
		assert_int_equal(0, bpf_map_update_elem(bpf_map__fd(skel->maps.clients), &f->client,
							&client, BPF_ANY));
}

static inline void agree(const struct stream *s, uint32_t seq0, const char *how, uint32_t where)
{
	struct rz_conn c = conn();
	const char *what = framer_differs(&model, &c.frame, seq0);

	settle(&c.frame);
	if (!what)
		what = kept_differs(&c);
	if (what)
		fail_msg("%s, %s %u: %s differs; kernel: %u requests, next %u, state %u, synced "
			 "%u; user: %u, %u, %u, %u",
			 s->name, how, where, what, c.frame.requests, c.frame.next_seq - seq0,
			 c.frame.state, c.frame.synced, model.f.requests, model.f.next_seq,
			 model.f.state, model.f.synced);
}

/* TCP is there, and has all before this offset. */
static inline void tcp_has(uint32_t seq0, uint32_t at)
{
	skel->bss->rz_test_has_tcp = 1;
	skel->bss->rz_test_rcv_nxt = seq0 + at;
}

#endif
