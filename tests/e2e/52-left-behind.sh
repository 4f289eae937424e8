#!/usr/bin/env bash
# quiet
# Clients that come home first reconnect to the agent that they came from, send some requests there, and leave that connection
# open and idle. That is no failed move: no outcome is `returned`, the breaker stays closed, and the connection is left alone
# until its next request. (53-limits: clients that stay do open the breaker.)
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
N=14
AT=$(agent_ip a)
spawn sink a "$CGROUP" python3 "$E2E_ROOT/tests/e2e/speak.py" sink "$AT" 9092
within "$DEADLINE" in_ns a bash -c "exec 3<>/dev/tcp/$AT/9092" || not_ok "the server is there"
topology a=ready b=ready
# older than rezone: what it knows of their requests is what came since
spawn leavers cl - python3 "$E2E_ROOT/tests/e2e/left_behind.py" "$AT" 9092 $N "warpstream_az=b,$LB"
within "$DEADLINE" grep -q ready "$WORK/leavers.log" || not_ok "the clients are there"
outcomes() { event_count ".event == \"outcome\" and .outcome == \"$1\""; }
is() { [ "$("${@:2}")" = "$1" ]; }

# a client has half of outcome-after to leave a connection
rezone_start --interval 1s --stable-for 0s --rate 100 --cooldown 3s --outcome-after $((6 * SLOW))s --breaker 30
check "all are moved" within 20 is $N moves_made
check "what they left behind is shown as such" within "$DEADLINE" has_rows '.reason == "idle since its move"' $N
check "and since when it is idle" within "$DEADLINE" has_rows '.data_age_s > 3 and .data_age_s <= .age_s' $N
check "the log of verdicts has it" has_event '.event == "verdict" and .reason == "idle since its move"'
check "it is left alone, when all outcomes are due and after the cooldown" stays 8 is $N moves_made
check "then they are said to have left" within 40 is $N outcomes left
# four times outcome-after, for it may be between two requests
soonest=$(events '.event == "move" or .event == "outcome"' | jq -s 'def s: .time | sub("\\.[0-9]+Z$"; "Z") | fromdate;
	(map(select(.event == "move") | {(.cookie | tostring): s}) | add) as $moved | map(select(.event == "outcome") | s - $moved[.cookie | tostring]) | min')
check "no client is said to be gone before there was time to see it ($soonest s after its move)" test "$soonest" -ge $((20 * SLOW))
check "none is said to have returned" is 0 outcomes returned
check "the breaker was never open" stat_is '.breaker_opened == 0'
check "and they are left alone" is $N moves_made
kill -USR1 "${PIDS[leavers]}"
check "their next request makes them candidates" within "$DEADLINE" is $((2 * N)) moves_made
stop rezone
