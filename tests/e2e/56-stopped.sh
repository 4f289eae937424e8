#!/usr/bin/env bash
# quiet
# nightly
# A client that is kept from running: its TCP has all answers, its application has read none, and its library throws away what it
# reads together with the connection's end. It is stopped for 0.7 s again and again, longer than --settle; rezone sees that it
# says nothing, and waits. kafka-python 2.0, which does not say what it is, is moved in its pauses; 3.0, which does, in holds. The same
# with --settle 0s, which shows that the test can fail. MOVES=20 of each (default 12).
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
MOVES=${MOVES:-12}
AT=$(agent_ip a):9092
agent_start a --delay-produce 250ms
topology a=ready b=ready
moved_enough() { has_event ".event == \"move\" and (.client_id | startswith(\"$1,\"))" "$MOVES"; }
# seen_doubled NAME: some write of it is. Read while it writes, after its latest move
seen_doubled() { written "$1" && [ "$(doubled "$1")" -gt 0 ]; }

stop_and_go() { # PID: until it ends
	while kill -0 "$1" 2>/dev/null; do
		sleep "$((RANDOM % 2)).$((RANDOM % 9 + 1))"
		kill -STOP "$1" 2>/dev/null
		sleep 0.7
		kill -CONT "$1" 2>/dev/null
	done
}

# round NAME LIB RATE FLAGS...: leaves NAME.all and NAME.acked. It ends after MOVES moves, or when DONE succeeds
round() {
	local name=$1 lib=$2 rate=$3
	shift 3
	rezone_start --mode observe --keep-pins # sees the name that the client gives when it connects: it may be held
	client_start "$name" "$lib" write --bootstrap "$AT" --client-id "$name,warpstream_az=b,$LB" --topic "$name" --rate "$rate"
	within "$DEADLINE" grep -qE '"event": ?"wrote"' "$WORK/$name.log" || not_ok "$name writes"
	stop rezone
	stop_and_go "${PIDS[$name]}" &
	PIDS[stopper]=$!
	rezone_start --interval 400ms --stable-for 0s --cooldown 0s --give-up-after 0 --rate 100 "$@"
	check "$name: moved $MOVES times${DONE:+, or $DONE}" within $((MOVES * 8 + 30)) eval "${DONE:-false} $name || moved_enough $name"
	stop rezone
	stop stopper KILL
	kill -CONT "${PIDS[$name]}"
	stop "$name"
	writes_end
	written "$name"
}

DONE=
round pausing kafka-python-debian 0.6
none_doubled pausing "$MOVES"
none_lost pausing
if "$E2E_ROOT/scripts/counterparts" path client-python >/dev/null; then
	round never-pausing kafka-python 40
	none_doubled never-pausing 100
	none_lost never-pausing
else
	(skip "never-pausing: client-python is not built")
fi
# two moves of a dozen do it
MOVES=$((MOVES * 3)) DONE=seen_doubled
round hasty kafka-python-debian 0.6 --settle 0s
check "who is not waited for does writes twice ($(doubled hasty) of $(wc -l <"$WORK/hasty.all"))" test "$(doubled hasty)" -gt 0
