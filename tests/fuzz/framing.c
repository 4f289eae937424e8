// SPDX-License-Identifier: Apache-2.0
/* The product's framing stage in user space; framing.h says what for. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "maps.bpf.h"

/* what user space tells the programs at load time, to be changed from one connection to the next */
static struct rz_config framing_config;
#define rz_config framing_config

#include "fast.bpf.h"
#include "park.bpf.h"

#include "framing.h"

#include <stdlib.h>
#include <string.h>

#define COOKIE	     1
#define CPUS	     2
#define OTHERS_CLAIM 0x8007

/* More than a stream of FRAMING_STREAM_MAX bytes can fill. */
#define ROWS	 512
#define KEY_SIZE 16

static struct table {
	const void *map;
	size_t key_size, value_size;
	uint8_t *values;
	uint32_t n;
	uint8_t keys[ROWS][KEY_SIZE];
} tables[] = {
	{.map = &conns, .key_size = 8, .value_size = sizeof(struct rz_conn)},
	{.map = &client_ids, .key_size = 8, .value_size = sizeof(struct rz_client_id)},
	{.map = &proxied, .key_size = 8, .value_size = sizeof(struct rz_proxied)},
	{.map = &prints, .key_size = 8, .value_size = sizeof(struct rz_print)},
	{.map = &softwares, .key_size = 4, .value_size = sizeof(struct rz_software)},
	{.map = &software_keys, .key_size = 8, .value_size = sizeof(struct rz_software_key)},
	{.map = &peers, .key_size = 16, .value_size = sizeof(struct rz_peer)},
	{.map = &partial,
	 .key_size = sizeof(struct rz_partial_key),
	 .value_size = sizeof(struct rz_partial)},
	{.map = &errors, .key_size = sizeof(struct rz_error_key), .value_size = 8},
};
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

static struct rz_scratch scratches[CPUS];
static struct rz_undo undo_here;
static struct rz_early early_here;
static struct rz_stats stats_all;
static struct rz_secret secret_one;
static struct rz_client client_one = {.opt_in = 1};
static struct tcp_sock tcp;
static struct bpf_sock sock;
bool framing_fast = true, framing_claims = true;
uint64_t framing_fast_took, framing_stopped;
static int cpu, locked;
static bool loses; /* under the lock the frame is another one */
static bool claimed[CPUS];
static uint32_t torn_words;
static enum rz_park marks_meanwhile[2]; /* what user space does before the other CPU's segment */
static const struct framing_segment *on_cpu[CPUS];
static const struct framing_other *others;
static size_t n_others, done_others;
uint32_t framing_dropped;

static struct table *table_of(const void *map)
{
	size_t i;

	for (i = 0; i < N_TABLES; i++)
		if (tables[i].map == map)
			return &tables[i];
	return NULL;
}

static uint8_t *row_of(struct table *t, const void *key)
{
	uint32_t i;

	for (i = 0; i < t->n; i++)
		if (!memcmp(t->keys[i], key, t->key_size))
			return t->values + i * t->value_size;
	return NULL;
}

void *bpf_map_lookup_elem(const void *map, const void *key)
{
	struct table *t = table_of(map);

	if (locked || claimed[cpu])
		abort(); /* no helper under a lock, says the verifier; nor under a claim, say we */
	if (map == &scratch)
		return &scratches[cpu];
	if (map == &clients) /* user space has read each id already */
		return &client_one;
	if (map == &stats)
		return &stats_all;
	if (map == &undo)
		return &undo_here;
	if (map == &secret)
		return &secret_one;
	if (map == &early)
		return &early_here;
	return t ? row_of(t, key) : NULL;
}

long bpf_map_update_elem(const void *map, const void *key, const void *value, __u64 flags)
{
	struct table *t = table_of(map);
	uint8_t *row;

	if (!t || locked || claimed[cpu])
		abort();
	row = row_of(t, key);
	if (row && flags == BPF_NOEXIST)
		return -RZ_EEXIST;
	if (!row) {
		if (t->n == ROWS)
			return -7; /* E2BIG: full */
		memset(t->keys[t->n], 0, KEY_SIZE);
		memcpy(t->keys[t->n], key, t->key_size);
		row = t->values + t->n++ * t->value_size;
	}
	memcpy(row, value, t->value_size);
	return 0;
}

long bpf_map_delete_elem(const void *map, const void *key)
{
	struct table *t = table_of(map);
	uint8_t *row = t ? row_of(t, key) : NULL;
	uint32_t i;

	if (!row)
		return -RZ_ENOENT;
	i = (uint32_t)((row - t->values) / (long)t->value_size);
	t->n--;
	memmove(row, t->values + t->n * t->value_size, t->value_size);
	memmove(t->keys[i], t->keys[t->n], KEY_SIZE);
	return 0;
}

/* A packet here is its payload alone, so offsets are those of struct rz_seg with `off` 0. */
long bpf_skb_load_bytes(const struct __sk_buff *skb, __u32 off, void *to, __u32 len)
{
	const struct framing_segment *s = on_cpu[cpu];

	(void)skb;
	if (locked || claimed[cpu])
		abort();
	if (!len || off > s->len || len > s->len - off)
		return -RZ_EFAULT;
	memcpy(to, s->payload + off, len);
	return 0;
}

long bpf_probe_read_kernel(void *dst, __u32 size, const void *src)
{
	memcpy(dst, src, size);
	return 0;
}

long bpf_ringbuf_output(void *ring, void *data, __u64 size, __u64 flags)
{
	(void)ring, (void)data, (void)size, (void)flags;
	return 0;
}

__u64 bpf_ringbuf_query(void *ring, __u64 what)
{
	(void)ring, (void)what;
	return 0;
}

static struct rz_conn *conn_here(void)
{
	return (struct rz_conn *)(void *)tables[0].values;
}

static bool run(const struct framing_segment *s);

/* The other CPU does its next step. */
static void meanwhile_here(void)
{
	const struct framing_segment *s = others->s;
	uint32_t torn = torn_words;

	others++;
	n_others--;
	cpu = 1;
	torn_words = 0;
	framing_mark(marks_meanwhile[0], marks_meanwhile[1]);
	framing_dropped |= (uint32_t)run(s) << done_others++;
	torn_words = torn;
	cpu = 0;
}

/* This CPU comes by. */
static void pass(enum framing_instant at)
{
	while (cpu == 0 && n_others && others->at == at) {
		framing_stopped += at != FRAMING_BEFORE;
		meanwhile_here();
	}
}

__u32 framing_swap(void *at, __u32 was, __u32 is)
{
	__u32 *word = at;
	bool takes = !(was >> 16), gives = !(is >> 16);

	if (takes && !locked)
		pass(FRAMING_BEFORE);
	if (gives && !locked)
		pass(FRAMING_GIVING);
	if (*word != was)
		return *word;
	if (gives && !claimed[cpu])
		abort();
	*word = is;
	if (takes || gives)
		claimed[cpu] = takes;
	if (takes && !locked)
		pass(FRAMING_TAKEN);
	return was;
}

void framing_mark(enum rz_park from, enum rz_park to)
{
	if (conn_here()->park == from && !conn_here()->claim) /* as rz_park_change() */
		conn_here()->park = to;
}

void framing_mark_meanwhile(enum rz_park from, enum rz_park to)
{
	marks_meanwhile[0] = from;
	marks_meanwhile[1] = to;
}

enum rz_park framing_park(void)
{
	return conn_here()->park;
}

/* The other CPU commits while this one copies: some words of the copy are old and some new. */
void framing_barrier(void)
{
	uint64_t *was = (uint64_t *)(void *)&scratches[0].was;
	uint32_t i;

	if (claimed[cpu]) {
		pass(FRAMING_MIDST);
		return;
	}
	if (cpu != 0 || !n_others || !torn_words)
		return;
	meanwhile_here();
	for (i = 0; i < sizeof(struct rz_frame) / 8; i++)
		if (torn_words & 1u << i)
			memcpy(was + i, (uint8_t *)&conn_here()->frame + 8 * i, 8);
}

/* The lock is taken to commit: there the other CPU was faster. Steps that are due at an instant of
 * the fast path are done here at the latest. */
void bpf_spin_lock(struct bpf_spin_lock *lock)
{
	(void)lock;
	while (cpu == 0 && n_others)
		meanwhile_here();
	if (loses)
		conn_here()->frame.generation ^= 0x8000;
	locked = 1;
}

void bpf_spin_unlock(struct bpf_spin_lock *lock)
{
	(void)lock;
	locked = 0;
	if (loses)
		conn_here()->frame.generation ^= 0x8000;
}

__u64 bpf_ktime_get_ns(void)
{
	return 1;
}

__u64 bpf_ktime_get_coarse_ns(void)
{
	return 1;
}

__u64 bpf_jiffies64(void)
{
	return 1;
}

__u64 bpf_get_socket_cookie(void *skb)
{
	(void)skb;
	return COOKIE;
}

struct bpf_sock *bpf_sk_fullsock(struct bpf_sock *sk)
{
	return sk;
}

struct bpf_tcp_sock *bpf_tcp_sock(struct bpf_sock *sk)
{
	(void)sk;
	return NULL;
}

struct tcp_sock *bpf_skc_to_tcp_sock(void *sk)
{
	(void)sk;
	tcp.rcv_nxt = on_cpu[cpu]->rcv_nxt;
	tcp.rcv_wnd = FRAMING_STREAM_MAX;
	return &tcp;
}

/* What rz_segment() of bpf/rezone.bpf.c does once it has the entry. Returns whether it is dropped.
 */
static bool run(const struct framing_segment *s)
{
	struct rz_seg seg = {.seq = s->seq, .len = s->len};
	struct __sk_buff skb = {.len = s->len, .sk = &sock};

	on_cpu[cpu] = s;
	if (conn_here()->park >= RZ_PARK_WANTED && rz_park_skips(&sock, conn_here(), COOKIE))
		return false;
	if (rz_frame_inside(conn_here(), &seg))
		return false;
	if (framing_fast && rz_fast_segment(&skb, COOKIE, conn_here(), &seg)) {
		framing_fast_took++;
		return false;
	}
	if (rz_frame_is_left_alone(conn_here(), &seg))
		return false;
	return rz_take_segment(&skb, &sock, COOKIE, conn_here(), &seg);
}

void framing_begin(uint32_t seq, bool adopted)
{
	struct rz_conn c = {.cookie = COOKIE};
	__u64 cookie = COOKIE;
	size_t i;

	framing_config.claims = framing_claims;

	for (i = 0; i < N_TABLES; i++) {
		if (!tables[i].values)
			tables[i].values = calloc(ROWS, tables[i].value_size);
		tables[i].n = 0;
	}
	memset(&stats_all, 0, sizeof(stats_all));
	memset(&undo_here, 0, sizeof(undo_here));
	memset(&early_here, 0, sizeof(early_here));
	framing_mark_meanwhile(RZ_PARK_NO, RZ_PARK_NO);
	c.frame.owner = COOKIE;
	c.frame.next_seq = c.frame.read_end = seq;
	c.frame.synced = !adopted;
	c.frame.adopted = adopted;
	c.frame.api_key = -1;
	bpf_map_update_elem(&conns, &cookie, &c, BPF_ANY);
}

size_t framing_segment(const struct framing_segment *s, const struct framing_other *meanwhile,
		       size_t n, uint32_t torn)
{
	size_t done, i;

	cpu = 0;
	torn_words = torn;
	others = meanwhile;
	n_others = n;
	framing_dropped = done_others = 0;
	if (run(s))
		abort(); /* the other CPU cannot be faster so often */
	done = n - n_others;
	n_others = 0;
	for (i = done; i < n; i++) { /* there was nothing to put back */
		framing_mark(marks_meanwhile[0], marks_meanwhile[1]);
		if (run(meanwhile[i].s))
			abort(); /* nobody else is here */
	}
	if (conn_here()->claim || claimed[0] || claimed[1] || scratches[0].users ||
	    scratches[1].users)
		abort(); /* left behind */
	return done;
}

bool framing_busy(const struct framing_segment *s)
{
	bool dropped;

	cpu = 0;
	scratches[0].users = 1;
	dropped = run(s);
	if (scratches[0].users != 1)
		abort(); /* it is not given back what was not had */
	scratches[0].users = 0;
	return dropped;
}

bool framing_loses(const struct framing_segment *s, bool claim)
{
	struct rz_stats was = stats_all;
	bool dropped, fast = framing_fast;

	cpu = 0;
	if (claim && framing_claims) {
		conn_here()->claim = OTHERS_CLAIM;
		dropped = run(s);
		if (conn_here()->claim != OTHERS_CLAIM)
			abort(); /* whoever has it gives it back, and nobody else */
		conn_here()->claim = 0;
	} else {
		framing_fast = false;
		loses = true;
		dropped = run(s);
		loses = false;
		framing_fast = fast;
	}
	if (stats_all.races != was.races + dropped)
		abort(); /* what is dropped is counted */
	stats_all = was;
	return dropped;
}

const struct rz_frame *framing_frame(void)
{
	return &conn_here()->frame;
}

const struct rz_stats *framing_stats(void)
{
	return &stats_all;
}

const struct rz_client_id *framing_client_id(void)
{
	return bpf_map_lookup_elem(&client_ids, &conn_here()->frame.client);
}

const struct rz_software *framing_software(void)
{
	return bpf_map_lookup_elem(&softwares, &conn_here()->frame.software);
}

const struct rz_proxied *framing_proxied(void)
{
	__u64 cookie = COOKIE;

	return bpf_map_lookup_elem(&proxied, &cookie);
}

bool framing_kept_early(void)
{
	uint32_t i;

	for (i = 0; i < RZ_EARLY_MAX; i++)
		if (early_here.pieces[i].cookie)
			return true;
	return false;
}

uint32_t framing_pieces(void)
{
	return table_of(&partial)->n;
}
