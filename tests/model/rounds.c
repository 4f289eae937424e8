// SPDX-License-Identifier: Apache-2.0
/* Rounds of one client, naively, see model.h: client.h's and round.h's rules, told from the first
 * tick on. */
#include "pace.h"

static uint64_t rest(const struct run *r, unsigned futile)
{
	return doubled(r->limits.cooldown_ns, twist == TWIST_COOLDOWN_DOUBLES ? 0 : futile,
		       twist == TWIST_COOLDOWN_MAX ? UINT64_MAX / 4 : r->limits.cooldown_max_ns);
}

static bool has_given_up(const struct run *r, const struct past *p)
{
	return p->any && r->limits.give_up_after && p->futile >= r->limits.give_up_after &&
	       twist != TWIST_GIVE_UP;
}

/* Opened after a move, and idle since its client could have left it. */
static bool is_behind(const struct run *r, const struct tick *t, const struct row *row,
		      const struct past *p)
{
	uint64_t from = stays_from(r, row, p->latest_ns);

	return !row->home && p->first_ns && row->opened_ns > p->first_ns && row->data_ns < from &&
	       t->now_ns >= from && twist != TWIST_LEFT_BEHIND &&
	       twist != TWIST_RULE + RZ_REASON_LEFT_BEHIND;
}

static size_t tick_nr(const struct run *r, const struct tick *t)
{
	return (size_t)(t - r->ticks);
}

/* What a tick showed of the client, before anybody was moved in it. */
static void learn_of(const struct run *r, const struct tick *t, const struct row *who,
		     struct past *p)
{
	bool away = false, back_home = false, left_behind = false;
	size_t i, stay = 0;

	for (i = 0; i < t->n && r->limits.mode != RZ_MODE_OBSERVE; i++) {
		const struct row *row = &t->rows[i];

		if (!is_who(row, who))
			continue;
		left_behind |= is_behind(r, t, row, p);
		if (is_behind(r, t, row, p))
			continue;
		if (!row->home) {
			if (p->seen_tick + 1 < tick_nr(r, t))
				p->gone = 0;
			p->seen_tick = tick_nr(r, t);
			p->seen_ns = t->now_ns;
		}
		stay += !row->home && p->first_ns && row->opened_ns > p->first_ns &&
			row->data_ns >= stays_from(r, row, p->latest_ns);
		away |= !row->home && row->opened_ns > p->began_ns &&
			(row->data_ns >= stays_from(r, row, p->latest_ns) || twist == TWIST_STAYS);
		back_home |= row->home && row->opened_ns > p->began_ns;
	}
	if (t->now_ns > p->until_ns && t->now_ns > p->seen_ns + r->limits.cooldown_max_ns &&
	    twist != TWIST_FORGET_UNSEEN) {
		*p = left_behind && twist != TWIST_BEHIND_KEPT
			     ? (struct past){.any = true,
					     .seen_ns = p->seen_ns,
					     .first_ns = p->first_ns,
					     .latest_ns = p->latest_ns,
					     .lost = p->lost,
					     .several = p->several}
			     : (struct past){};
		return;
	}
	p->several |= stay > p->lost && twist != TWIST_SEVERAL;
	if (p->several)
		return;
	if (away && back_home && twist == TWIST_AWAY_BEATS_HOME)
		away = false;
	if (away && p->open && t->now_ns >= p->until_ns) {
		p->open = false;
		p->futile++;
		p->until_ns = has_given_up(r, p) ? t->now_ns + r->limits.give_up_for_ns
						 : p->moved_ns + rest(r, p->futile);
	} else if (!away && back_home && twist != TWIST_HOME_ENDS_ROW) {
		p->futile = 0;
		if (p->until_ns > p->moved_ns + rest(r, 0))
			p->until_ns = p->moved_ns + rest(r, 0);
	}
}

/* It was left alone for long enough, and may try again from the start. */
static void end_of_giving_up(const struct run *r, const struct tick *t, struct past *p)
{
	if (has_given_up(r, p) && t->now_ns >= p->until_ns && twist != TWIST_GIVE_UP_ENDS)
		p->futile = 0;
}

static void move_of(const struct run *r, const struct tick *t, const struct row *row,
		    struct past *p)
{
	/* all moves of a tick are of one round */
	bool same_round =
		p->any && p->open && (t->now_ns < p->until_ns || p->began_tick == tick_nr(r, t));
	uint64_t at = row->fate == WENT && row->at_ns > t->now_ns ? row->at_ns : t->now_ns;

	if (row->fate != STAYED && row->fate != WENT) {
		if (twist != TWIST_UNDO_FORGETS)
			return; /* it never was */
	}
	if (row->fate == WENT && row->reason == RZ_REASON_NONE) {
		p->first_ns = p->first_ns ? p->first_ns : at;
		p->latest_ns = at > p->latest_ns ? at : p->latest_ns;
		p->gone++;
		p->lost += row->opened_ns <= p->first_ns;
	}
	p->any = true;
	p->seen_ns = at;
	p->seen_tick = tick_nr(r, t);
	if (twist == TWIST_ROUND_AT_RESET)
		at = t->now_ns;
	p->moved_ns = at;
	if (same_round)
		return;
	p->began_ns = at;
	p->began_tick = tick_nr(r, t);
	p->open = true;
	p->until_ns = at + rest(r, p->futile);
}

/* One that was renamed rests under its old client.id as it did. Returns the first tick of its own.
 */
static size_t first_past(const struct run *r, const struct row *who, size_t ticks, struct past *ret)
{
	size_t i, k;

	for (i = 0; i <= ticks && i < r->n_ticks; i++)
		for (k = 0; k < r->ticks[i].n_copies; k++) {
			struct row was = {.who = r->ticks[i].copies[k].copy_of};

			if (r->ticks[i].copies[k].who != who->who)
				continue;
			if (twist != TWIST_RENAME_RESTS)
				*ret = past_of(r, &was, NULL, i);
			return i;
		}
	return 0;
}

struct past past_of(const struct run *r, const struct row *who, const struct row *before,
		    size_t ticks)
{
	struct past p = {};
	size_t i = first_past(r, who, ticks, &p), k;

	for (; i < ticks; i++) {
		const struct tick *t = &r->ticks[i];

		if (p.any)
			learn_of(r, t, who, &p);
		end_of_giving_up(r, t, &p);
		for (k = 0; k < t->n && &t->rows[k] != before; k++) {
			if (t->rows[k].forgot && is_who(t->rows[k].forgot, who))
				p = (struct past){};
			if (is_who(&t->rows[k], who) && had_a_go(r, &t->rows[k]))
				move_of(r, t, &t->rows[k], &p);
		}
	}
	return p;
}

bool is_left_behind(const struct run *r, const struct row *row)
{
	struct past p = past_of(r, row, row, r->n_ticks - 1);

	return is_behind(r, at_hand(r), row, &p);
}

/* The round is over, and whether its client stays on what it opened since cannot be known yet. */
static bool is_too_early(const struct run *r, const struct row *row, const struct past *p)
{
	uint64_t least = rest(r, 0) < leaving(r) ? rest(r, 0) : leaving(r);

	return p->latest_ns && (row->opened_ns > p->began_ns || row->opened_ns > p->latest_ns) &&
	       at_hand(r)->now_ns < p->latest_ns + least && twist != TWIST_TOO_EARLY;
}

/* Of several clients who came back rests, by how often it did, and who may have. */
static enum rz_reason ask_one(const struct run *r, const struct row *row, const struct past *p)
{
	bool given_up = r->limits.give_up_after && row->returns >= r->limits.give_up_after &&
			twist != TWIST_SEVERAL_GIVE_UP;
	uint64_t ns = given_up ? r->limits.give_up_for_ns
			       : rest(r, twist == TWIST_SEVERAL_DOUBLES ? 1 : row->returns);

	if (row->back_ns && at_hand(r)->now_ns < row->back_ns + ns && twist != TWIST_SEVERAL_RESTS)
		return given_up ? RZ_REASON_GAVE_UP : RZ_REASON_COOLING_DOWN;
	return row->opened_ns > p->first_ns && at_hand(r)->now_ns < row->opened_ns + rest(r, 0) &&
			       twist != TWIST_SEVERAL_NEW
		       ? RZ_REASON_COOLING_DOWN
		       : RZ_REASON_NONE;
}

/* Nobody knows whether a move brought it back. */
static bool may_be_back(const struct run *r, const struct row *row, const struct past *p)
{
	return p->first_ns && row->opened_ns > p->first_ns &&
	       at_hand(r)->now_ns < row->opened_ns + rest(r, 0) && twist != TWIST_BACK_RESTS;
}

enum rz_reason ask_history(const struct run *r, const struct row *row, const struct row *before)
{
	struct past p = past_of(r, row, before, r->n_ticks);
	bool early;

	if (!p.any && !is_remembered(r, row, before) && !has_room(r, before))
		return RZ_REASON_MEMORY_FULL;
	if (p.several)
		return ask_one(r, row, &p);
	early = p.any && is_too_early(r, row, &p);
	if (!p.any || (at_hand(r)->now_ns >= p.until_ns && !early))
		return RZ_REASON_NONE;
	if (has_given_up(r, &p))
		return RZ_REASON_GAVE_UP;
	/* those that it had when the round began follow */
	if (!early && p.open && !p.futile && row->opened_ns <= p.began_ns &&
	    twist != TWIST_ROUND_FOLLOWS && !may_be_back(r, row, &p))
		return RZ_REASON_NONE;
	/* and so does one that the first of them brought back, if it had nobody to ask */
	if ((!early || twist == TWIST_TWICE_EARLY) && p.open &&
	    (!p.futile || twist == TWIST_TWICE_FUTILE) && row->twice &&
	    (row->returns == 1 || (row->returns && twist == TWIST_TWICE_ONCE)) &&
	    twist != TWIST_TWICE)
		return RZ_REASON_NONE;
	return RZ_REASON_COOLING_DOWN;
}
