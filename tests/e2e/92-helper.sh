#!/usr/bin/env bash
# The daemon has three capabilities and its helper, rezone-enter, three others. The helper is killed while its keeper cannot start
# another: nobody in another network namespace is moved, with the reason, and the daemon goes on; then it is back by itself, and
# the client comes home. Its keeper is killed: the spare takes its place. All are killed: status and events say so. It is late at the
# start, as on a busy node: the daemon goes on without it, and when it is there all is as if it had been.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin

proc() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }
role() { # NAME: the process of that name whose arguments name this daemon; its parent may be gone
	local p
	for p in $(pgrep -f "^rezone-enter parent=${PIDS[rezone]} "); do
		[ "$(cat "/proc/$p/comm" 2>/dev/null)" = "$1" ] && echo "$p" && return
	done
	return 1
}
keeper() { role rezone-keeper; }
answering() { role rezone-enter; }
spare() { role rezone-spare; }
fault() { "$REZONE" status --pin-dir "$PIN_DIR" -o json | jq -e '.faults | any(.fault == "helper down")' >/dev/null; }
has_only() { # PID MASK: and no program gets more
	local set
	for set in CapEff CapPrm CapBnd; do [ $((16#$(proc "$1" $set))) = "$2" ] || return 1; done
	[ $((16#$(proc "$1" CapAmb))) = 0 ] && [ "$(proc "$1" NoNewPrivs)" = 1 ]
}
counted() { stat_is ".errors | any(.place == \"enter\" and .errno == $1)"; }

agent_start a
topology a=ready b=notready
rezone_start --interval 500ms --stable-for 0s --rate 50 --cloud off --park-after 1s
daemon=$((1 << 39 | 1 << 38 | 1 << 12)) helper=$((1 << 21 | 1 << 19 | 1 << 2))
check "the daemon has CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, and no others" has_only "${PIDS[rezone]}" $daemon
check "the helper has CAP_SYS_ADMIN, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, and no others" has_only "$(answering)" $helper
check "... and so has its keeper" has_only "$(keeper)" $helper
check "... and the keeper's spare" has_only "$(spare)" $helper
check "... under a seccomp list" test "$(proc "$(answering)" Seccomp)" = 2
check "... with one socket, to the daemon" test "$(find "/proc/$(answering)/fd" -lname 'socket:*' | wc -l)" = 1
note "descriptors: $(find "/proc/$(answering)/fd" -type l -printf '%l ')"

three="$(answering) $(keeper) $(spare)"
# shellcheck disable=SC2086 # words
kill -TERM $three
check "a SIGTERM, as systemd sends it to all of a unit, ends none of them before the daemon" stays 1 eval '[ "$(answering) $(keeper) $(spare)" = "$three" ]'

kill -STOP "$(keeper)"
kill -KILL "$(answering)"
client_start r kafka-go-debian read --bootstrap "$(agent_ip a):9092,$(agent_ip b):9092" --client-id "r,warpstream_az=b,$LB" --topic t --partition 0
at_a() { client_at r a && ! client_at r b; }
at_b() { client_at r b && ! client_at r a; }
if within "$DEADLINE" at_a; then
	agent_start b
	topology a=ready b=ready
	check "killed: a move is refused, with the reason" within "$DEADLINE" has_event '.event == "refused" and .error == "EOWNERDEAD"'
	check "... it is counted" counted 110
	check "... an event says so" has_event '.event == "helper-down"'
	check "... and the status is degraded by it" fault
	check "... the client stays" at_a
else
	not_ok "the client is at an agent of zone a first"
fi
check "... the daemon goes on" daemon_runs
kill -CONT "$(keeper)"
check "another one answers" within "$DEADLINE" eval '[ -n "$(answering)" ]'
check "... and the client comes home" within "$DEADLINE" at_b
check "... an event and the status say so" within "$DEADLINE" eval 'has_event ".event == \"helper-back\"" && ! fault'

next=$(spare) old=$(answering)
kill -KILL "$(keeper)"
check "its keeper is killed: the spare is the keeper" within "$DEADLINE" eval '[ "$(keeper)" = "$next" ]'
check "... another one answers, with the same rights" within "$DEADLINE" eval 'new=$(answering) && [ "$new" != "$old" ] && has_only "$new" $helper'
check "... under a seccomp list" within "$DEADLINE" eval '[ "$(proc "$(answering)" Seccomp)" = 2 ]'
check "... there is a spare again" within "$DEADLINE" spare
check "... events say so" within "$DEADLINE" eval '[ "$(event_count ".event == \"helper-down\"")" = 2 ] && [ "$(event_count ".event == \"helper-back\"")" = 2 ]'
check "... and the status is as before" within "$DEADLINE" eval '! fault'
check "it made no call that its list forbids" eval '! counted 1'

# at home, and parked: its bytes are read from its socket, in another network namespace
client_start w kafka-go-debian write --bootstrap "$(agent_ip a):9092" --client-id w,warpstream_az=a --topic t --rate 100
check "a writer at home is parked" within "$DEADLINE" some_rows '.client_id == "w,warpstream_az=a" and .parked'
kill -KILL "$(spare)" "$(keeper)" "$(answering)"
check "all three are killed: the status says so, and to restart" within "$DEADLINE" eval '"$REZONE" status --pin-dir "$PIN_DIR" -o json | jq -e ".faults | any(.fault == \"helper down\" and (.text | contains(\"restart\")))" >/dev/null'
check "... that its bytes cannot be read is counted" within "$DEADLINE" stat_is '.errors | any(.place == "park" and .errno == 130)'
check "... the daemon goes on" daemon_runs
stop w
stop rezone
rezone_start --interval 500ms --stable-for 0s --cloud off
check "... and the next one has a helper" within "$DEADLINE" eval '! fault && answering'
old=${PIDS[rezone]}
stop rezone
check "... which ends with it" within "$DEADLINE" eval '! pgrep -f "^rezone-enter parent=$old "'

# late: the program waits for a file before it is what it is
cp -a "$(dirname "$REZONE")"/rezone* "$WORK/" 2>/dev/null
mv "$WORK/rezone-enter" "$WORK/rezone-enter.late"
printf '#!/bin/bash\nuntil [ -e "%s/go" ]; do sleep 0.1; done\nexec -a rezone-enter "%s/rezone-enter.late" "$@"\n' "$WORK" "$WORK" >"$WORK/rezone-enter"
chmod +x "$WORK/rezone-enter"
spawn idle cl - bash -c "exec 3<>/dev/tcp/$(agent_ip a)/9092; exec sleep 600"
agent_stop b
client_start late kafka-go-debian read --bootstrap "$(agent_ip a):9092" --client-id "late,warpstream_az=b,$LB" --topic t --partition 0
late_at_a() { client_at late a; }
comes() { "$REZONE" status --pin-dir "$PIN_DIR" -o json | jq -e '.faults | any(.fault == "helper down" and (.text | contains("restart") | not))' >/dev/null; }
within "$DEADLINE" late_at_a || not_ok "the client is at an agent of zone a first"
agent_start b
REZONE=$WORK/rezone rezone_start --interval 500ms --stable-for 0s --rate 50 --cloud off
check "not ready in time: the daemon runs, and the status says so, and that it comes" within "$DEADLINE" comes
check "... a move is refused, with the reason" within "$DEADLINE" has_event ".event == \"refused\" and .error == \"EOWNERDEAD\" and .client_id == \"late,warpstream_az=b,$LB\""
check "... who was there and is silent is not known" no_rows '.client_id == "" and .agent_zone == "a"'
touch "$WORK/go"
check "ready: the status is as before" within "$DEADLINE" eval '! fault'
check "... the client is moved" within "$DEADLINE" eval 'has_event ".event == \"move\" and .client_id == \"late,warpstream_az=b,$LB\""'
check "... and the silent one is known" within "$DEADLINE" some_rows '.client_id == "" and .agent_zone == "a"'
