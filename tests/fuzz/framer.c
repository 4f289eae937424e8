// SPDX-License-Identifier: Apache-2.0
/* The reference framer; framer.h says what it is. */
#include "framer.h"

#include <string.h>

enum step { DONE, MORE };

void framer_begin(struct framer *m, const uint8_t *stream, bool adopted)
{
	memset(m, 0, offsetof(struct framer, requests));
	m->n_requests = 0;
	m->p = stream;
	m->f.synced = !adopted;
	m->f.adopted = adopted;
	m->f.api_key = -1;
}

bool framer_settled(const struct framer *m)
{
	return m->f.state == RZ_STATE_TLS || m->f.state == RZ_STATE_NOT_KAFKA;
}

/* Bytes of the request at next_seq that have come. */
static uint32_t there(const struct framer *m)
{
	return (int32_t)(m->end - m->f.next_seq) > 0 ? m->end - m->f.next_seq : 0;
}

/* Are the `n` bytes at `off` of the request there? If not they are waited for. */
static bool has(struct framer *m, uint32_t off, uint32_t n)
{
	if (!n || there(m) >= off + n)
		return true;
	m->wants = m->f.next_seq + (there(m) > off ? there(m) : off);
	return false;
}

static const uint8_t *at(const struct framer *m, uint32_t off)
{
	return m->p + m->f.next_seq + off;
}

static void go_on(struct framer *m, uint32_t size)
{
	m->f.next_seq += size;
	m->wants = m->f.next_seq;
}

static void forget(struct framer *m)
{
	struct rz_frame *f = &m->f;
	struct rz_frame old = *f;

	memset(f, 0, sizeof(*f));
	f->next_seq = old.next_seq;
	f->correlation_id = old.correlation_id;
	f->via = old.via;
	f->api_key = -1;
	f->adopted = 1;
}

static void lose(struct framer *m)
{
	m->lost++;
	m->size_seen = false;
	if (m->f.client && !m->f.tentative) {
		m->f.state = RZ_STATE_DESYNCED;
	} else {
		forget(m);
		m->misses += m->misses < RZ_MISSES_MAX;
	}
	m->f.synced = m->f.tentative = 0;
}

static enum step stranger(struct framer *m, enum rz_protocol protocol)
{
	m->f.state = protocol == RZ_PROTOCOL_TLS ? RZ_STATE_TLS : RZ_STATE_NOT_KAFKA;
	m->f.protocol = protocol;
	m->f.synced = 0;
	return DONE;
}

static enum step proxy(struct framer *m, int version)
{
	uint32_t n = there(m), len, kept;

	if (version == 1) {
		n = n < RZ_PROXY_V1_MAX ? n : RZ_PROXY_V1_MAX;
		len = kept = rz_proxied_v1_length(at(m, 0), n);
		if (!len && n == RZ_PROXY_V1_MAX)
			return stranger(m, RZ_PROTOCOL_NOISE);
		if (!len) {
			has(m, n, 1);
			return DONE;
		}
	} else {
		if (!has(m, 0, RZ_PROXY_V2_FIXED))
			return DONE;
		len = rz_proxied_v2_length(at(m, 0));
		kept = len < RZ_PROXY_V2_KEPT ? len : RZ_PROXY_V2_KEPT;
		if (!has(m, 0, kept))
			return DONE;
	}
	m->proxied.len = (__u8)kept;
	memcpy(m->proxied.raw, at(m, 0), kept);
	m->f.via = RZ_VIA_PROXY;
	go_on(m, len);
	return MORE;
}

/* The first bytes of a connection: true if they are no request, or not yet known to be one. */
static bool strange(struct framer *m, enum step *ret)
{
	enum rz_protocol spoken = there(m) < 4 ? RZ_PROTOCOL_NOISE : rz_foreign_protocol(at(m, 0));
	int version;

	*ret = DONE;
	if (spoken != RZ_PROTOCOL_NOISE) {
		stranger(m, spoken);
		return true;
	}
	if (!has(m, 0, RZ_KAFKA_FIXED))
		return true;
	if (rz_foreign_is_tls(at(m, 0))) {
		stranger(m, RZ_PROTOCOL_TLS);
		return true;
	}
	version = m->f.via == RZ_VIA_PROXY ? 0 : rz_proxied_begins(at(m, 0));
	if (version)
		*ret = proxy(m, version);
	return version != 0;
}

static enum step bad(struct framer *m, const struct rz_request *r)
{
	if (m->f.sasl_raw && r->size >= 0 && r->size <= FRAMER_SASL_TOKEN_MAX) {
		go_on(m, 4 + (uint32_t)r->size);
		return MORE;
	}
	if (!m->f.requests && !m->f.adopted)
		return stranger(m, rz_foreign_protocol(at(m, 0)));
	lose(m);
	return DONE;
}

static void read_id(struct framer *m, int16_t len)
{
	memset(&m->id, 0, sizeof(m->id));
	m->id.len = len;
	memcpy(m->id.raw, at(m, RZ_KAFKA_FIXED), rz_request_id_kept(len));
}

static bool identify(struct framer *m, const struct rz_request *r)
{
	uint32_t kept = rz_request_id_kept(r->client_id_len);
	bool same;

	if (m->f.several || (m->f.client && r->client_id_len == m->f.client_id_len &&
			     !rz_effort_compares_id(&m->f)))
		return true;
	if (!has(m, RZ_KAFKA_FIXED, kept))
		return false;
	same = m->f.client && r->client_id_len == m->f.client_id_len &&
	       !memcmp(m->id.raw, at(m, RZ_KAFKA_FIXED), kept);
	if (m->f.tentative && m->f.requests) {
		if (!same) {
			lose(m);
			return false;
		}
		m->f.tentative = 0;
		m->identified++;
	}
	if (same)
		return true;
	if (m->f.client && m->f.requests >= 4) {
		m->f.several = 1;
		return true;
	}
	if (m->f.client && (m->f.produce || m->f.fetch || m->f.coordinator || m->f.metadata ||
			    m->f.transaction || m->f.other)) {
		m->f.several = 1;
		return true;
	}
	read_id(m, r->client_id_len);
	m->identified += !m->f.client && !m->f.tentative;
	m->f.client = 1;
	m->f.client_id_len = r->client_id_len;
	return true;
}

static bool read_body(struct framer *m, const struct rz_request *r, enum rz_acks *acks,
		      bool *answered)
{
	uint32_t want = rz_body_wanted(r, !m->f.software && !m->f.tentative);
	uint32_t off = RZ_KAFKA_FIXED + (r->client_id_len > 0 ? (uint32_t)r->client_id_len : 0);
	uint8_t buf[RZ_KAFKA_BUFFER] = {0};

	*answered = true;
	if (!has(m, off, want))
		return false;
	if (r->api_key != RZ_API_PRODUCE) {
		if (want) {
			memcpy(buf, at(m, off), want);
			memset(&m->software, 0, sizeof(m->software));
			m->f.software = rz_body_software(buf, 0, want, &m->software)
						? RZ_SOFTWARE_UNKEPT
						: 1;
		}
		return true;
	}
	if (want)
		memcpy(buf, at(m, off), want);
	*acks = rz_body_acks(buf, want, r->api_version);
	m->f.transaction |= *acks == RZ_ACKS_TRANSACTION;
	m->f.acks0 |= *acks == RZ_ACKS_NONE || *acks == RZ_ACKS_UNREAD;
	*answered = *acks != RZ_ACKS_NONE;
	return true;
}

static enum step note(struct framer *m, const struct rz_request *r, enum rz_acks acks,
		      bool answered)
{
	struct rz_frame *f = &m->f;

	if (m->n_requests < FRAMER_REQUESTS_MAX)
		m->requests[m->n_requests] = (struct framer_request){f->next_seq, *r, acks};
	m->n_requests++;
	if (f->requests++)
		f->tentative = m->misses = 0;
	f->protocol = RZ_PROTOCOL_KAFKA;
	f->answerable += answered;
	f->api_key = r->api_key;
	if (!f->tentative)
		f->correlation_id = r->correlation_id;
	rz_api_note(f, r->api_key, r->api_version);
	f->state = f->produce || f->fetch ? RZ_STATE_DATA : RZ_STATE_IDENTIFIED;
	go_on(m, 4 + (uint32_t)r->size);
	return (int32_t)(m->end - f->next_seq) > 0 ? MORE : DONE;
}

static enum step step(struct framer *m)
{
	enum rz_acks acks = RZ_ACKS_UNREAD;
	struct rz_request r;
	enum step said;
	bool answered;

	if (!m->f.requests && !m->f.adopted && strange(m, &said))
		return said;
	if (m->f.sasl_raw && there(m) >= 4) { /* a token may be shorter than a header */
		r.size = (int32_t)rz_bytes_be32(at(m, 0));
		if (r.size >= 0 && r.size < RZ_KAFKA_SIZE_MIN)
			return bad(m, &r);
	}
	if (!has(m, 0, RZ_KAFKA_FIXED))
		return DONE;
	if (rz_request_parse(at(m, 0), &r) ||
	    (m->f.sasl_raw &&
	     (r.api_key > 1023 || (m->f.client && r.client_id_len != m->f.client_id_len))))
		return bad(m, &r);
	if (!identify(m, &r) || !read_body(m, &r, &acks, &answered))
		return DONE;
	return note(m, &r, acks, answered);
}

/* Out of frame, nobody known: one record of TLS that ends here, or two in a row? */
static bool records(struct framer *m, uint32_t seg, uint32_t len)
{
	const uint8_t *p = m->p + seg, *q;
	uint32_t size;

	if (len < RZ_KAFKA_FIXED || p[0] != 23 || p[1] != 3 || p[2] > 4)
		return false;
	size = (uint32_t)p[3] << 8 | p[4];
	if (!size || size > 18432 || 5 + size > len)
		return false;
	if (5 + size == len)
		return true;
	q = p + 5 + size;
	if (10 + size > len || q[0] != 23 || q[1] != 3 || q[2] > 4)
		return false;
	size = (uint32_t)q[3] << 8 | q[4];
	return size && size <= 18432;
}

/* Out of frame: does a request of this client begin where the segment does, or with a size alone
 * right before it? */
static bool find(struct framer *m, uint32_t seg, uint32_t len)
{
	bool behind_size = m->size_seen && m->size_at + 4 == seg;
	struct rz_request r;
	uint32_t kept, n = behind_size ? len + 4 : len;

	m->f.next_seq = m->wants = behind_size ? m->size_at : seg;
	m->size_seen = !behind_size && len == 4 && rz_request_size_is_plausible(at(m, 0));
	m->size_at = seg;
	if (!behind_size && !m->f.client && records(m, seg, len)) {
		stranger(m, RZ_PROTOCOL_TLS);
		return false;
	}
	if (n < RZ_KAFKA_FIXED || rz_request_parse(at(m, 0), &r))
		return false;
	if (!m->f.client && r.api_key > 1023)
		return false;
	kept = rz_request_id_kept(r.client_id_len);
	if (n < RZ_KAFKA_FIXED + kept)
		return false;
	if (m->f.client) {
		if (r.client_id_len != m->f.client_id_len ||
		    memcmp(at(m, RZ_KAFKA_FIXED), m->id.raw, kept))
			return false;
		m->found++;
		m->f.state = m->f.produce || m->f.fetch ? RZ_STATE_DATA : RZ_STATE_IDENTIFIED;
	} else {
		m->f.tentative = 4 + (uint32_t)r.size != n;
	}
	m->f.synced = 1;
	return true;
}

static void keep(struct framer *m, uint32_t seg, uint32_t len, bool damaged)
{
	memmove(m->kept + 1, m->kept, sizeof(m->kept) - sizeof(m->kept[0]));
	m->kept[0].at = seg;
	m->kept[0].end = seg + len;
	m->kept[0].damaged = damaged;
}

/* The one that has the byte which is waited for, or -1. Those that are never asked for go. Of two
 * that were cut differently none is read, nor of a damaged one and the true one, nor where one had
 * the byte and it was not kept. */
static int kept_of(struct framer *m)
{
	int i, found = -1;
	bool doubt = false;

	for (i = FRAMER_EARLY_MAX - 1; i >= 0; i--) {
		if (!m->f.synced || (int32_t)(m->wants - m->kept[i].end) >= 0)
			m->kept[i].at = m->kept[i].end = m->wants;
		else if ((int32_t)(m->wants - m->kept[i].at) >= 0) {
			doubt |= m->wants - m->kept[i].at >= FRAMER_EARLY_KEPT ||
				 (found >= 0 && (m->kept[found].at != m->kept[i].at ||
						 m->kept[found].end != m->kept[i].end ||
						 m->kept[found].damaged != m->kept[i].damaged));
			found = i;
		}
	}
	return doubt ? -1 : found;
}

/* Does a segment come before the bytes in front of it, so that it is kept? */
static bool is_early(const struct framer *m, uint32_t seg, uint32_t rcv_nxt)
{
	return m->f.synced && (int32_t)(m->wants - seg) < 0 && (int32_t)(rcv_nxt - m->wants) <= 0;
}

static void read_segment(struct framer *m, uint32_t seg, uint32_t len, uint32_t rcv_nxt)
{
	int i;

	if (framer_settled(m))
		return;
	if (!m->f.synced && rz_effort_backs_off(m->misses, seg + m->seq0)) {
		m->backed_off++;
		return;
	}
	m->end = seg + len;
	if (m->f.synced) {
		if ((int32_t)(m->wants - m->end) >= 0)
			return;
		if (is_early(m, seg, rcv_nxt)) {
			m->early++;
			keep(m, seg, len, false);
			return;
		}
		if ((int32_t)(m->wants - seg) < 0)
			lose(m);
	}
	m->again |= !m->f.synced && (int32_t)(m->read_end - seg) > 0 &&
		    (int32_t)(m->read_end - rcv_nxt) > 0;
	if ((int32_t)(m->end - m->read_end) > 0)
		m->read_end = m->end;
	if (!m->f.synced && !find(m, seg, len)) {
		m->misses += m->misses < RZ_MISSES_MAX;
		return;
	}
	for (i = 0; i < FRAMER_REQUESTS_PER_SEGMENT; i++)
		if (step(m) == DONE)
			return;
	m->too_many++;
	lose(m);
}

/* Reads kept pieces, as long as one of them has the byte that is waited for. */
static void read_kept(struct framer *m, uint32_t rcv_nxt)
{
	uint32_t end;
	int i;

	while (!framer_settled(m) && (i = kept_of(m)) >= 0) {
		end = m->kept[i].end;
		if (end - m->kept[i].at > FRAMER_EARLY_KEPT)
			end = m->kept[i].at + FRAMER_EARLY_KEPT;
		read_segment(m, m->wants, end - m->wants, rcv_nxt);
	}
}

void framer_segment(struct framer *m, uint32_t seg, uint32_t len, uint32_t rcv_nxt)
{
	read_segment(m, seg, len, rcv_nxt);
	read_kept(m, rcv_nxt);
}

bool framer_damaged(struct framer *m, uint32_t seg, uint32_t len, uint32_t rcv_nxt)
{
	if (framer_settled(m) || !is_early(m, seg, rcv_nxt))
		return false;
	m->early++;
	keep(m, seg, len, true);
	read_kept(m, rcv_nxt); /* of two that differed it may have pushed out one */
	return true;
}

void framer_passed(struct framer *m, uint32_t wants, bool synced)
{
	int i;

	for (i = 0; i < FRAMER_EARLY_MAX; i++)
		if (!synced || (int32_t)(wants - m->kept[i].end) >= 0)
			m->kept[i].at = m->kept[i].end = m->wants;
}

void framer_unparked(struct framer *m, uint32_t rcv_nxt)
{
	uint32_t lost = m->lost;

	if (framer_settled(m))
		return;
	memset(m->kept, 0, sizeof(m->kept));
	lose(m);
	m->lost = lost;
	m->misses = 0;
	m->read_end = rcv_nxt;
}

/* clang-format off */
#define FIELDS(X)                                                                        \
	X(state) X(protocol) X(synced) X(adopted) X(tentative) X(requests) X(answerable) \
	X(correlation_id) X(api_key) X(sasl_raw) X(via) X(several) \
	X(produce) X(fetch) X(coordinator) X(metadata) X(transaction) X(sasl) X(other) X(acks0) \
	X(data_version)
/* clang-format on */

const char *framer_differs(const struct framer *m, const struct rz_frame *f, uint32_t seq0)
{
#define DIFFERS(field)              \
	if (m->f.field != f->field) \
		return #field;
	FIELDS(DIFFERS)
	if (!m->f.client != !f->client)
		return "client";
	if (!m->f.software != !f->software ||
	    (m->f.software == RZ_SOFTWARE_UNKEPT) != (f->software == RZ_SOFTWARE_UNKEPT))
		return "software";
	if (f->client && m->f.client_id_len != f->client_id_len)
		return "client_id_len";
	if (f->synced && m->f.next_seq + seq0 != f->next_seq)
		return "next_seq";
	if (f->synced && m->wants + seq0 != f->next_seq + f->have + f->skip)
		return "what is wanted";
	return NULL;
}
