#!/usr/bin/env bash
# alone
# nightly
# Map moves has room for some connections only: 6,000 candidates that wait, and three times 6,000 resets by hand within a minute.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
. "$E2E_ROOT/tests/e2e/crowd.sh"
N=6000
ROOM=16384 # of map moves, with so many connections allowed:
CONNECTIONS=20000

# crowd_comes NAME: N readers away from home, all identified
crowd_comes() {
	crowd_open "$1" a "$N" -q 18,3,1 -i "crowd,warpstream_az=b,$LB"
	check "$1: $N connections are opened" within 60 crowd_opened "$1"
	check "$1: all are identified" within 60 has_rows '.state == "data"' "$N"
}
real() { in_ns a ss -Htn state established 'sport = 9092' | wc -l; }
ended() {
	stop "$1"
	within 60 no_rows true || not_ok "$1 is still listed"
}
ticks_more() { [ "$(counter_of ticks)" -gt "$1" ]; }

crowd_sources
topology a=ready b=ready
rezone_start --mode observe --interval 1s --stable-for 0s --max-connections $CONNECTIONS
crowd_serve a
crowd_comes first
quarter() { [ "$(entries moves)" = $((ROOM / 4)) ]; }
check "a quarter of map moves has those that wait" within 60 quarter
check "... and that not all are shown is counted" stat_is '.errors | any(.place == "moves" and .errno == 7)'
at=$(counter_of ticks)
check "later ticks" within 60 ticks_more $((at + 2))
check "... show no more of them" quarter

for round in first second third; do
	[ $round = first ] || crowd_comes $round
	"$REZONE" reset --all --now --pin-dir "$PIN_DIR" >"$WORK/reset" 2>&1
	note "$(tail -n 1 "$WORK/reset")"
	check "$round: a reset by hand closes all $N" test "$(real)" = 0
	ended $round
done
# ring closed has room for 5,957
check "what each of them had carried is recorded" stat_is '.traffic_full == 0'
check "map moves would not have had room for three times as many" test $((3 * N)) -gt $ROOM
