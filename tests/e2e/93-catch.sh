#!/usr/bin/env bash
# A client whose connections carry one write each, at their very beginning, as franz-go's that writes seldom: the next one is waited for,
# and closed before that write is executed, once; with both ways to reset. Not a producer without idempotence, not during a pause, not
# once home is gone; a daemon that stands still or dies holds the write for no longer than --hold-timeout. And one of librdkafka that is closed between
# two writes is followed until its next one.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a)
RAW=$E2E_ROOT/tests/e2e/raw.py
FLAGS=(--interval 250ms --stable-for 0s --cooldown 1h --gap-timeout 300ms --hold-timeout 1s)
topology a=ready b=notready
spawn agent a "$AGENTS" "$RAW" agent "$AT" 9092 "$WORK/trace" "$WORK/stall" 0.05
within "$DEADLINE" test -s "$WORK/trace" || not_ok "the agent starts"

tell() { echo "$*" >&5; }
said() { [ "$(jq -s "[.[] | select($1)] | length" "$WORK/$name.log")" -ge "${2:-1}" ]; }
port_of() { jq -s "[.[] | select(.event == \"connected\") | .port][$1]" "$WORK/$name.log"; }
done_at() { [ "$(jq -s "[.[] | select(.event == \"did\" and .port == $1)] | length" "$WORK/trace")" = "$2" ]; }
its() { has_event ".event == \"$1\" and (.client_id | startswith(\"$name,\"))" "${2:-1}"; }
# carried COOKIE: what it saves is counted by what the connection carried that the client has ended
carried() { bpftool -j map dump pinned "$PIN_DIR/saved" | jq -e --argjson c "$1" 'any(.[].formatted; .key == $c and .value.rx_bytes > 0 and .value.seen_ns > 0)'; }
never() { no_event ".event == \"$1\" and (.client_id | startswith(\"$name,\"))"; }
followed() { [ "$(entries follow)" = "$1" ]; }
# shows_waiting N: so many clients, this one among them; in JSON and in words
shows_waiting() {
	"$REZONE" status --pin-dir "$PIN_DIR" -o json | jq -e --arg at "$AT:9092" --argjson n "$1" "
		.waiting | .next_connection == \$n and (.clients | length) == \$n and
		any(.clients[]; (.client_id | startswith(\"$name,\")) and .agent == \$at and .since < .until)" &&
		"$REZONE" status --pin-dir "$PIN_DIR" -o wide | grep "^  client  *$name,.* connections to $AT:9092;" &&
		"$REZONE" list --pin-dir "$PIN_DIR" | grep "^the next connection of $1 clients is waited for"
} >"$WORK/shown" 2>&1
need() { # WHAT COMMAND...: or nothing here means anything
	local what=$1
	shift
	within "$DEADLINE" "$@" || { not_ok "$what"; exit 1; }
}
# begins NAME LIBRARY PRODUCER: it has written once, and home comes; its move hears nothing of it
begins() {
	name=$1 n=0
	topology a=ready b=notready
	mkfifo "$WORK/$name.fifo"
	spawn "$name" cl - "$RAW" client "$AT" 9092 "$name,warpstream_az=b,$LB" "$WORK/$name.fifo" "$2" "$3"
	exec 5>"$WORK/$name.fifo"
	connects
	tell write 1
	need "$name: it writes" said '.event == "answered"'
	need "$name: rezone knows it, and that home is gone" has_rows "(.client_id | startswith(\"$name,\")) and .kind == \"data\" and .reason == \"no agent there\"" 1
	need "$name: nobody is waited for of those before it" followed 0
	topology a=ready b=ready
	need "$name: nothing is heard of it" its let-go
}
connects() {
	tell connect
	n=$((n + 1))
	need "$name: it connects" said '.event == "connected"' "$n"
	port=$(port_of $((n - 1)))
}
# the connection was idle for long
idles() {
	tell close
	need "$name: its connection has ended" said ".event == \"end\" and .port == $port"
}
quits() { exec 5>&-; stop "$name"; }

caught() { # NAME
	begins "$1" kgo/v1.22.2 4711
	check "$1: its next connection is waited for" within 5 followed 1
	idles
	check "$1: ... which status shows, though it has no connection" within 5 shows_waiting 1
	connects
	tell ask
	check "$1: what asks where things are is answered" within 5 said ".event == \"told where\" and .port == $port"
	check "$1: nothing is closed before it writes" never move
	tell write 1
	check "$1: its next connection is moved as it writes" within 5 its move
	check "$1: ... the client knows" within 5 said ".event == \"end\" and .port == $port"
	check "$1: ... and nothing of it was executed" done_at "$port" 0
	check "$1: nobody is waited for any more" within 5 followed 0
	saved=$(events ".event == \"move\" and (.client_id | startswith(\"$1,\"))" | jq .cookie)
	check "$1: it is among the moves that saved something" within 5 carried "$saved"
	connects
	tell again
	check "$1: on the one after that it is executed" within "$DEADLINE" done_at "$port" 1
	check "$1: it was moved once" eval 'its move && [ "$(event_count ".event == \"move\" and (.client_id | startswith(\"$name,\"))")" = 1 ]'
	quits
}

echo "mode: enforce" >"$WORK/rezone.yaml"
rezone_start "${FLAGS[@]}" --config "$WORK/rezone.yaml"
caught whole

# an agent drops what comes twice of an idempotent producer alone
begins plain kgo/v1.22.2 0
check "plain: without idempotence nobody's next connection is waited for" stays 2 followed 0
idles
connects
tell write 1
check "plain: it is executed" within "$DEADLINE" done_at "$port" 1
check "plain: it was not moved" never move
quits

begins paused kgo/v1.22.2 4712
check "paused: its next connection is waited for" within 5 followed 1
"$REZONE" pause --pin-dir "$PIN_DIR" 2>/dev/null
check "paused: a pause ends that" within 10 followed 0
idles
connects
tell write 1
check "paused: it is executed" within "$DEADLINE" done_at "$port" 1
check "paused: it was not moved" never move
quits
"$REZONE" resume --pin-dir "$PIN_DIR" 2>/dev/null

begins away kgo/v1.22.2 4714
check "away: its next connection is waited for" within 5 followed 1
kill -HUP "${PIDS[rezone]}"
check "away: settings that are read again and are the same end nothing" within 5 has_event '.event == "reload"'
check "away: ... it is waited for still" stays 2 followed 1
topology a=ready b=notready
check "away: nobody waits for it once home is gone, though it has not come" within 5 followed 0
idles
connects
tell write 1
check "away: it is executed" within "$DEADLINE" done_at "$port" 1
quits

begins killed kgo/v1.22.2 4713
check "killed: its next connection is waited for" within 5 followed 1
idles
stop rezone KILL
connects
tell write 1
check "killed: the write is held for no longer than a hold, and executed" within 6 done_at "$port" 1
check "killed: ... once" stays 2 done_at "$port" 1
quits

rezone_start "${FLAGS[@]}" --hold-timeout 4s
check "what an earlier daemon has waited for ends" within 5 followed 0
begins restarted kgo/v1.22.2 4716
check "restarted: its next connection is waited for" within 5 followed 1
idles
stop rezone KILL
connects
tell write 1
check "restarted: its write is held" within 2 eval '[ "$(entries held)" = 1 ]'
rezone_start "${FLAGS[@]}"
check "restarted: the next daemon says that it let it through" within 5 its let-through
check "restarted: it is executed" within 5 done_at "$port" 1
quits

begins late kgo/v1.22.2 4715
idles
check "late: its next connection is waited for" within 5 shows_waiting 1
kill -STOP "${PIDS[rezone]}"
connects
tell write 1
check "late: while the daemon stands still the write is held for no longer than a hold, and executed" within 6 done_at "$port" 1
kill -CONT "${PIDS[rezone]}"
check "late: an event says that it came, and was let through" within 5 its refused
check "late: it was not moved" never move
quits

begins seldom 2.16.0 0
tell write 1
check "seldom: it is moved between two writes" within "$DEADLINE" its move
check "seldom: a quarter of a minute later it is followed still" stays 16 followed 1
connects
tell write 1
check "seldom: its next write is held, and its connection closed" within 10 its follow-close
check "seldom: ... before it was executed" done_at "$port" 0
quits
stop rezone

# the client's next connection comes in the same interval: it has felt nothing of the move yet
export REZONE_PROBE_WITHOUT=destroy
rezone_start "${FLAGS[@]}" --interval 5s
caught netlink
