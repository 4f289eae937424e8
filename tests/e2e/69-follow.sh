#!/usr/bin/env bash
# alone
# A client that writes again at the agent that it came from is followed after the close: what it writes on its next connection there is
# held back, what asks where things are is answered; it is closed again before anything is executed, three times at most, by the
# same last check as a move; then it is let through. If it leaves by itself, nothing of it is executed. A daemon that dies leaves it
# held, and the next one goes on. Not where another connection has the same client.id, address and agent.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a)
RAW=$E2E_ROOT/tests/e2e/raw.py
FLAGS=(--interval 250ms --stable-for 0s --cooldown 1h --gap-timeout 300ms)
topology a=ready b=ready
spawn agent a "$AGENTS" "$RAW" agent "$AT" 9092 "$WORK/trace" "$WORK/stall" 0.05
within "$DEADLINE" test -s "$WORK/trace" || not_ok "the agent starts"

tell() { echo "$*" >&5; }
said() { jq -s "[.[] | select($1)] | length" "$WORK/$name.log"; }
has_said() { [ "$(said "$1")" -ge "${2:-1}" ]; }
ports() { jq -s "[.[] | select(.event == \"connected\") | .port][$1]" "$WORK/$name.log"; }
done_at() { jq -s "[.[] | select(.event == \"did\" and .port == $1)] | length" "$WORK/trace"; }
# of the writes of this client, on whatever connection: how many were executed more than once
twice_done() {
	local ports
	ports=$(jq -s -c '[.[] | select(.event == "connected") | .port]' "$WORK/$name.log")
	[ "$(jq -s --argjson ports "$ports" '[.[] | select(.event == "did" and (.port | IN($ports[]))) | .mark] | length - (unique | length)' "$WORK/trace")" = "$1" ]
}
event() { event_count ".event == \"$1\" and .move == $cookie"; }
came() { [ "$(event "$1")" -ge "${2:-1}" ]; }
followed() { some_rows ".client == \"$1\" and .reason == \"followed since its move\""; }
need() { # WHAT COMMAND...: or nothing here means anything
	local what=$1
	shift
	within "$DEADLINE" "$@" || { not_ok "$what"; exit 1; }
}
# begins NAME: a client of librdkafka 2.16 that never pauses
begins() {
	name=$1
	mkfifo "$WORK/$name.fifo"
	spawn "$name" cl - "$RAW" client "$AT" 9092 "$name,warpstream_az=b,$LB" "$WORK/$name.fifo" 2.16.0
	exec 5>"$WORK/$name.fifo"
	tell connect
	tell flow 50
	need "$name: it writes" has_said '.event == "answered"'
}
# moved NAME: ... and it has been moved
moved() {
	begins "$1"
	need "$name: it is moved" has_event ".event == \"move\" and (.client_id | startswith(\"$name,\"))"
	need "$name: its connection ends" has_said '.event == "end"'
	cookie=$(events ".event == \"move\" and (.client_id | startswith(\"$name,\"))" | jq -s '.[0].cookie')
	tell stop
	n=1
}
connects_again() {
	tell connect
	n=$((n + 1))
	need "$name: it connects again" eval "[ \"\$(ports $((n - 1)))\" != null ]"
	port=$(ports $((n - 1)))
}
# back: it connects to the same agent again, and writes there what is not answered
back() {
	connects_again
	tell ask
	tell again
}
# back_and_listed WHAT: ... and is listed as one that is followed. The daemon, which closes after a second, stands still from then on
back_and_listed() {
	kill -STOP "${PIDS[rezone]}"
	back
	check "$1" within "$DEADLINE" followed "10.99.9.1:$port"
}
goes_on() { kill -CONT "${PIDS[rezone]}"; }
ended() { has_said ".event == \"end\" and .port == $port"; } # the reset is the writer's or the reader's to see
quits() { exec 5>&-; stop "$name"; }

# the whole of it, with both ways to reset
follow_whole() { # NAME
	local i
	moved "$1"
	for i in 1 2 3; do
		back_and_listed "$name: connection $i after the move is followed, and listed so"
		goes_on
		check "$name: ... it is told where things are" within "$DEADLINE" has_said ".event == \"told where\" and .port == $port"
		check "$name: ... it is closed, too, as a part of the move" within 10 eval "came follow-close $i && ended"
		check "$name: ... and nothing of it was executed" test "$(done_at "$port")" = 0
	done
	back
	check "$name: the fourth is let through" within 10 came let-through
	check "$name: ... all of it is executed" within "$DEADLINE" eval '[ "$(done_at $port)" = "$(jq -s "[.[] | select(.event == \"again\")] | last.marks | length" "$WORK/$name.log")" ] && [ "$(done_at $port)" -gt 0 ]'
	check "$name: ... each write once in all" twice_done 0
	check "$name: it was closed three times after the move" test "$(event follow-close)" = 3
	held_ms=$(events ".event == \"follow-close\" and .move == $cookie" | jq -s 'map(.held_ms) | [min, max] | map(tostring) | join(" to ")')
	note "$name: closed after $held_ms ms"
	check "$name: nobody is followed any more" within "$DEADLINE" eval '[ "$(entries follow)" = 0 ]'
	quits
}

rezone_start "${FLAGS[@]}"
follow_whole whole

# it learns of home meanwhile, and leaves. Its FIN would wait behind what TCP sends again after 0.2 s, and behind what exceeds the
# first window: neither happens on this route. The daemon, which would close the connection first, stands still until the FIN is there.
moved leaves
ip -n "$P-cl" route add "$AT" dev eth0 src 10.99.9.1 rto_min 60s initcwnd 1000
left=$(stat_of left_while_held)
kill -STOP "${PIDS[rezone]}"
connects_again
tell again
tell close
need "leaves: its FIN comes while it is held" eval '[ "$(stat_of left_while_held)" -gt "$left" ]'
goes_on
ip -n "$P-cl" route del "$AT" dev eth0
check "leaves: it is held, and an event says that it has left" within 5 has_event '.event == "left-while-held" and (.client_id | startswith("leaves,"))'
check "leaves: the agent's socket is closed" within 10 has_event '.event == "left-closed" and (.client_id | startswith("leaves,"))'
check "leaves: nothing of it was executed" test "$(done_at "$port")" = 0
check "leaves: nor was it closed for it" test "$(event follow-close)" = 0
back_and_listed "leaves: it is followed when it comes back"
goes_on
quits

# the daemon dies; the connection stays held; the next daemon goes on
moved killed
back_and_listed "killed: it is followed"
stop rezone KILL
check "killed: without a daemon it stays held, for longer than it is followed where it does not come" stays 14 eval '[ "$(done_at $port)" = 0 ]'
rezone_start "${FLAGS[@]}" --mode observe
check "killed: one that only observes leaves it so" stays 3 eval '[ "$(done_at $port)" = 0 ] && ! ended'
stop rezone KILL
rezone_start "${FLAGS[@]}"
check "killed: the next one closes it" within 10 eval 'came follow-close && ended'
check "killed: nothing of it was executed" test "$(done_at "$port")" = 0
"$REZONE" pause --pin-dir "$PIN_DIR" 2>/dev/null
back
check "paused: it is closed, too" within 10 ended
check "paused: nothing of it was executed" test "$(done_at "$port")" = 0
"$REZONE" resume --pin-dir "$PIN_DIR" 2>/dev/null
# a stop waits until it is over
back
need "stopped: it has written" has_said '.event == "again"' 3
stop rezone
check "stopped: it was closed before the programs went" within 5 ended
check "stopped: nothing of it was executed" test "$(done_at "$port")" = 0
quits

# whose connection the next one is nobody could tell
topology a=ready b=notready
rezone_start "${FLAGS[@]}"
begins pods
exec 6>&5
mkfifo "$WORK/pods-2.fifo"
spawn pods-2 cl - "$RAW" client "$AT" 9092 "pods,warpstream_az=b,$LB" "$WORK/pods-2.fifo" 2.16.0
exec 5>"$WORK/pods-2.fifo"
tell connect
tell flow 50
need "pods: both write" has_rows '(.client_id | startswith("pods,")) and .kind == "data"' 2
topology a=ready b=ready
check "pods: two with one client.id at one address are left alone" within "$DEADLINE" has_rows '(.client_id | startswith("pods,")) and .reason == "may come by itself"' 2
exec 5>&-
stop pods-2
check "pods: one that is alone is moved" within "$DEADLINE" has_event '.event == "move" and (.client_id | startswith("pods,"))'
exec 6>&-
stop pods
stop rezone

export REZONE_PROBE_WITHOUT=destroy
rezone_start "${FLAGS[@]}"
follow_whole netlink
