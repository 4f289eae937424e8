#!/usr/bin/env bash
# alone
# A client that is kept from running: its TCP has all answers, its application has read none, and its library throws away what it
# reads together with the connection's end. It is stopped for 0.7 s again and again, longer than --settle; rezone sees that it
# says nothing, and waits. kafka-python 2.0, which does not say what it is, is moved in its pauses; 3.0, which does, in holds. The same
# with --settle 0s, which shows that the test can fail. MOVES=20 of each (default 12).
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
MOVES=${MOVES:-12}
LB=warpstream_interzone_lb=true
AT=$(agent_ip a):9092
agent_start a --delay-produce 250ms
topology a=ready b=ready
moved_enough() { has_event ".event == \"move\" and (.client_id | startswith(\"$1,\"))" "$MOVES"; }
executed() { grep -c "\"event\":\"produced\".*\"topic\":\"$1\"" "$WORK/agent-a.trace"; }
quiet() { was=$now now=$(executed "$1"); [ "$was" = "$now" ]; }

stop_and_go() { # PID: until it ends
	while kill -0 "$1" 2>/dev/null; do
		sleep "$((RANDOM % 2)).$((RANDOM % 9 + 1))"
		kill -STOP "$1" 2>/dev/null
		sleep 0.7
		kill -CONT "$1" 2>/dev/null
	done
}

# round NAME LIB RATE FLAGS...: leaves NAME.all and NAME.acked
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
	check "$name: moved $MOVES times" within $((MOVES * 8 + 30)) moved_enough "$name"
	stop rezone
	stop stopper KILL
	kill -CONT "${PIDS[$name]}"
	stop "$name"
	now=
	within 20 eval "sleep 0.4; quiet $name" || not_ok "$name: its last requests are answered"
	records_of "$AT" "$name" | sort >"$WORK/$name.all"
	grep '^{' "$WORK/$name.log" | jq -r 'select(.event == "wrote") | .id' | sort -u >"$WORK/$name.acked"
}
doubled() { uniq -d "$WORK/$1.all" | wc -l; }

# judge NAME LEAST
judge() {
	judged=$1
	check "$1: no write of $(wc -l <"$WORK/$1.all") is doubled ($(doubled "$1"))" test "$(doubled "$1")" -eq 0 -a "$(wc -l <"$WORK/$1.all")" -gt "$2"
	check "$1: no acknowledged write of $(wc -l <"$WORK/$1.acked") is lost" eval '[ -s "$WORK/$judged.acked" ] && [ -z "$(comm -13 <(uniq "$WORK/$judged.all") "$WORK/$judged.acked")" ]'
}

round pausing kafka-python-debian 0.6
judge pausing "$MOVES"
if "$E2E_ROOT/scripts/counterparts" path client-python >/dev/null; then
	round never-pausing kafka-python 40
	judge never-pausing 100
else
	(skip "never-pausing: client-python is not built")
fi
MOVES=$((MOVES * 3))
round hasty kafka-python-debian 0.6 --settle 0s
check "who is not waited for does writes twice ($(doubled hasty) of $(wc -l <"$WORK/hasty.all"))" test "$(doubled hasty)" -gt 0
