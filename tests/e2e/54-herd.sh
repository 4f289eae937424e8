#!/usr/bin/env bash
# alone
# nightly
# A thundering herd: HERD=5000 candidates at once, when their zone gets an agent, drain at the configured rate and not
# faster, in any second; one agent's process holds them all. Half of them say what they are and are reset, half do not and
# get a FIN. Mode observe says the same of the same clients before.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/e2e/crowd.sh"
e2e_begin
HERD=${HERD:-5000}
RATE=${RATE:-250}
crowd_serve a 1
crowd_sources
UNNAMED= # each address is an agent by itself: so the clients may know two others, and readers without a name get a FIN
topology a=ready b=notready c=ready
# as many places in map moves as connections: else most of them are kept for moves, and few that wait are shown
rezone_start --interval 2s --stable-for 0s --rate $((4 * RATE)) --mode observe --keep-pins --max-connections 16384
crowd_open named a $((HERD / 2)) -i 'h%u,warpstream_az=b,warpstream_interzone_lb=true' -q 18,1
crowd_open unnamed a $((HERD / 2)) -i 'hu%u,warpstream_az=b,warpstream_interzone_lb=true' -q 1
check "$HERD clients are across zones" within 60 has_rows '.reason == "no agent there"' "$HERD"
topology a=ready b=ready c=ready
check "observe: all would be moved" within 60 has_rows '.reason == "observing"' "$HERD"
rz_list -o json | jq -r '.[] | select(.reason == "observing") | .client_id' | sort -u >"$WORK/observed"
check "observe: nobody is" nobody_moved
stop rezone
topology a=ready b=notready c=ready
rezone_start --interval 10s --stable-for 0s --rate "$RATE" --max-connections 16384
check "their zone has no agent again" within 60 has_rows '.reason == "no agent there"' "$HERD"
used_ms() { awk '{ print ($14 + $15) * 10 }' "/proc/${PIDS[rezone]}/stat"; }
cpu=$(used_ms) began=$(now_ms)
topology a=ready b=ready c=ready
all_moved() { [ "$(counter_of moved)" -ge "$HERD" ]; }
# a tick may be 11 s away, then it goes at its rate; on a busy machine some clients pause later
check "all are moved, at $RATE a second" within $((HERD * 2 / RATE + 15)) all_moved
note "$(($(used_ms) - cpu)) ms of CPU for $(moves_made) moves in $((($(now_ms) - began) / 1000)) s"
# when each move began to wait, in ms of the day: then it had been granted. It ends later, on a busy machine much later
events '.event == "move"' >"$WORK/moves.json"
jq -r '(.time | .[11:13], .[14:16], .[17:19], .[20:23]), .waited_ms' "$WORK/moves.json" | paste - - - - - |
	awk '{ print (($1 * 60 + $2) * 60 + $3) * 1000 + $4 - $5 }' | sort -n >"$WORK/times"
# A bucket holds a second's worth, and what a tick owes that took long is made up by the next: at no time have more been granted
# than the rate allows since the first, and a second's worth; a quarter of one for the rounding of times
ahead=$(awk -v rate="$RATE" 'NR == 1 { first = $1 } { n = NR - rate * ($1 - first) / 1000; if (n > most) most = n } END { printf "%d", most }' "$WORK/times")
check "never ahead of that rate by more than a second's worth ($ahead)" test "$ahead" -le $((RATE * 5 / 4))
check "half by a FIN" test "$(jq -r '.text | select(startswith("closed"))' "$WORK/moves.json" | wc -l)" = $((HERD / 2))
jq -r .client_id "$WORK/moves.json" | sort >"$WORK/moved"
check "exactly those of whom observe said so, each once" diff "$WORK/observed" "$WORK/moved"
