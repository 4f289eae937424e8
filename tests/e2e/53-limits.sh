#!/usr/bin/env bash
# A topology that lies (it names a ready agent in zone b that nobody can reach) does little harm: moves towards it go at
# --rate-per-target, what becomes of them is said, the breaker opens and closes again. Who is excluded is never moved.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
N=12
agent_start a
topology a=ready b=ready
AT=$(agent_ip a):9092
client_start w kafka-go-debian write --bootstrap "$AT" --client-id w,warpstream_az=a --topic t --rate 20
# the breaker wants ten addresses
for i in $(seq $N); do
	client_start_from "$i" "r$i" kafka-go-debian read --bootstrap "$AT" --client-id "r$i,warpstream_az=b,$LB" --topic t
done
client_start rx kafka-go-debian read --bootstrap "$AT" --client-id "rx,warpstream_az=b,$LB" --topic t
for i in $(seq $N) x; do
	within "$DEADLINE" grep -q '"event":"read"' "$WORK/r$i.log" || not_ok "r$i reads"
done
more_moves() { [ "$(moves_made)" -ge "$1" ]; }
waits_for() { bpftool -j map dump pinned "$PIN_DIR/moves" | jq -e "[.[].formatted.value | select(.reason == \"$1\")] | length >= $2" >/dev/null; }

# one ready agent there, and all others here: this node has the whole of two moves a second
began=$(now_ms)
rezone_start --interval 1s --stable-for 0s --rate 100 --rate-per-target 2 --exclude-clients 'y* rx,*' \
	--breaker 30 --breaker-for 15s --outcome-after 2s --cooldown 3s
check "the first moves happen" within "$DEADLINE" more_moves 2
check "others wait for the target's rate" within "$DEADLINE" waits_for RZ_REASON_TARGET_BUDGET 4
check "the breaker opens" within 30 stat_is '.breaker_opened == 1'
took=$((($(now_ms) - began) / 1000 + 1)) before=$(moves_made)
check "until then no more than two moves a second ($before in ${took} s)" test "$before" -ge 10 -a "$before" -le $((2 * took + 2))
check "one event says so" test "$(event_count '.event == "breaker-open"')" = 1
check "and in stats, and how long" stat_is '.breaker_open_for_s > 0 and .outcomes.returned >= 3'
check "who waits, waits for it" within "$DEADLINE" waits_for RZ_REASON_BREAKER 1
check "nobody is moved meanwhile" stays 5 eval '[ "$(moves_made)" = "$before" ]'
check "it closes again" within 45 has_event '.event == "breaker-closed"'
check "and moves go on" within "$DEADLINE" more_moves $((before + 1))
check "of clients that came back it is said" has_event '.event == "outcome" and .outcome == "returned" and (.client_id | test("^r[0-9]+,"))' 3
check "the excluded client is shown as such" has_rows '(.client_id | startswith("rx,")) and .reason == "excluded"' 1
check "and was never moved" no_event '(.event | . == "move" or . == "let-go" or . == "refused") and (.client_id | startswith("rx,"))'
stop rezone

# an operator's zonal shift
rezone_start --interval 500ms --stable-for 0s --rate 100 --exclude-zones c,b
check "nobody is moved into an excluded zone" within "$DEADLINE" has_rows '.reason == "excluded"' $((N + 1))
stop rezone

# clients that find an agent at home, on this node
agent_start b
rezone_start --interval 500ms --stable-for 0s --rate 100
check "clients that came home are said to be home" within 20 stat_is ".outcomes.home >= $N and .outcomes.returned == 0"
