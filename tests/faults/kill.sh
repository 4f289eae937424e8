#!/usr/bin/env bash
# SIGKILL at random moments of a daemon's life, KILLS times (40; nightly 500), with clients at work: at its start, in a tick, in a move, right
# behind one, in a reload, at its end, in an upgrade to another map ABI; and SIGSTOP in a hold. After each kill every client goes on
# and the next daemon starts; in the end nobody was closed who is never moved, and no write is lost or doubled.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"
e2e_begin
KILLS=${KILLS:-40}
AT=$(agent_ip a):9092
WRITERS=(librdkafka-1 confluent-debian-1 confluent-debian-2 confluent-debian-3)
earlier=$("$(dirname "$0")/earlier" 2>"$WORK/earlier.why") && earlier+=/rezone
[ -n "$earlier" ] || note "an upgrade is one to the same map ABI: $(cat "$WORK/earlier.why")"
agent_start a --delay-produce 250ms
topology a=ready b=ready
rezone_start --mode observe --keep-pins # sees the names that clients give when they connect: they may be held
for w in "${WRITERS[@]}"; do
	client_start "$w" "${w%-*}" write --bootstrap "$AT" --client-id "$w,warpstream_az=b,$LB" --topic "$w" --rate 40
done
# who is never moved: at home, not opted in, without a word
client_start at-home kafka-go-debian write --bootstrap "$AT" --client-id at-home,warpstream_az=a --topic at-home --rate 10
client_start not-opted-in kafka-go-debian read --bootstrap "$AT" --client-id not-opted-in,warpstream_az=b --topic at-home --partition 0
spawn silent cl - bash -c "exec 3<>/dev/tcp/${AT/:/\/}; exec sleep 36000"
for w in "${WRITERS[@]}" at-home; do within "$DEADLINE" grep -q "\"event\":\"produced\".*\"topic\":\"$w\"" "$WORK/agent-a.trace" || not_ok "$w writes"; done
within "$DEADLINE" grep -q '"event":"read"' "$WORK/not-opted-in.log" || not_ok "not-opted-in reads"
look() {
	kept=$(data_conns '(.client_id | startswith("at-home,")) or (.client_id | startswith("not-opted-in,"))' && conns_of silent)
	[ "$(wc -l <<<"$kept")" = 6 ] # four partitions, a reader, the silent one
}
check "six connections are never to be closed" within "$DEADLINE" look
stop rezone

: >"$WORK/rezone.yaml"
export WORK REZONE_HOME_READY_WAIT=0s # a variable, for an earlier version warns of what it does not know, and refuses such a flag
kills() { # KILLS MOMENTS
	"$E2E_ROOT/tests/faults/kill.py" "$1" "$2" "$PIN_DIR" "$WORK/agent-a.trace" "$WORK/rezone.yaml" "$REZONE" "$earlier" -- \
		--pin-dir "$PIN_DIR" --cgroup "$CGROUP" --config "$WORK/rezone.yaml" --topology "$WORK/topology.yaml" --breaker 0 --rate-per-target 0 \
		--interval 250ms --stable-for 0s --cooldown 1s --cooldown-max 1s --give-up-after 0 --gap-timeout 200ms \
		--hold-timeout 1s >>"$WORK/kills.json" || not_ok "kills: $2"
}
# Those that keep the pins first: the next daemon knows who its clients are, and may hold them. The others end on maps that are gone.
kills $((KILLS * 3 / 4)) start,move,tick,follow,reload,move,frozen
kills $((KILLS - KILLS * 3 / 4)) stop,upgrade
of() { jq -s "$@" "$WORK/kills.json"; }
none_of() { [ "$(of "[.[] | select($1)] | length")" = 0 ]; } # JQ-FILTER
of -c 'group_by(.moment)[] | {(.[0].moment): length, longest_ms: (map(.went_on_ms // 1e9) | max), phases: (map(.phases // {} | to_entries[]) | group_by(.key) | map({(.[0].key): (map(.value) | add)}) | add)}' | sed 's/^/# /'
check "$(of length) kills" eval '[ "$(of length)" = "$KILLS" ]'
check "every start behind a kill succeeded" none_of 'has("started_s") and .started_s == null'
check "behind every kill all clients went on" none_of '.went_on_ms == null'
check "and while it was stopped in a hold" none_of '.moment == "frozen" and .went_on_frozen_ms == null'
check "of those in a move, half or more fell into one" eval '[ "$(of "map(select(.moment == \"move\" and (.phases | length) > 0)) | length")" -ge "$(of "map(select(.moment == \"move\")) | length / 2 | floor")" ]'
check "who is never moved has the connections it had" all_there "$kept"
check "and no event tells of a move of theirs" eval '[ "$(event_count ".event == \"move\" and (.client_id | startswith(\"at-home,\") or startswith(\"not-opted-in,\"))")" = 0 ]'
note "$(moves_made) moves are told"

rezone_start --interval 250ms
check "a daemon behind all that: healthy" within "$DEADLINE" eval '"$REZONE" status --pin-dir "$PIN_DIR" -o json | jq -e ".health == \"healthy\"" >/dev/null'
check "... with one program, not two" within "$DEADLINE" has_progs 1
check "... and knows the clients" within "$DEADLINE" eval '[ "$(data_conns ".client_id | startswith(\"at-home,\")" | wc -l)" = 4 ]'
stop rezone
check "its end leaves no pin" test ! -e "$PIN_DIR"
check "... and no program" within "$DEADLINE" has_progs 0

for w in "${WRITERS[@]}" at-home; do stop "$w"; done
writes_end
for w in "${WRITERS[@]}" at-home; do
	written "$w"
	none_doubled "$w" "$KILLS"
	[ "${w%-*}" = librdkafka ] || none_lost "$w" # kcat does not say what it was told
done
