#!/usr/bin/env bash
# quiet
# nightly
# A producer that pauses is moved in its pause, and nothing of it is held back. One that says nothing while its move waits is let
# go, which says so, and listened to: its next request is enough. One that says nothing for longer rests, and is tried again. While
# rezone listens, its program is at the agent's cgroup; a pause, and the daemon's death, take it away. librdkafka, which says its
# name: of it no request has to be taken (docs/clients.md). The clients' zone has no agent that they can reach, so each move brings
# them back.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a):9092
agent_start a --delay-produce 20ms
topology a=ready b=ready c=ready # where it knows no other agent, this library is held
rezone_start --interval 1s --stable-for 0s --cooldown 3s --give-up-after 0 --rate 100 --listen-for 30s

# NAME HALF-SECONDS: a record of 9 kB every so many half seconds (kcat reads its input by a few kB); --delay-produce answers each on its own
writer() {
	# kcat in the shell's place; while that process is there
	spawn "$1" cl - bash -c "exec kcat -E -P -b $AT -t $1 -p 0 -X 'client.id=$1,warpstream_az=b,$LB' -X linger.ms=0 < <(
		i=0
		while printf '%s-%03000d\n' $1 \$i 2>/dev/null; do
			i=\$((i + 1))
			[ \$i -lt 3 ] || for _ in {1..$2}; do kill -0 \$\$ 2>/dev/null && sleep 0.5; done
		done)"
}
writer pausing 5
writer sparse 40
writer silent 600
within "$DEADLINE" some_rows '.kind == "data" and (.client_id | startswith("silent"))' || not_ok "the silent one has written"

of() { echo "(.client_id | startswith(\"$1,\")) and $2"; } # CLIENT FILTER
GAP='.event == "move" and .held_ms == 0'
HOLD='.event == "move" and .held_ms > 0'
SILENT='.event == "let-go" and .check == "silent"'
LISTENED='.reason == "listening"'
check "one that says nothing is let go, and why" within 30 has_event "$(of silent "$SILENT")"
check "it is listened to" within 10 some_rows "$(of silent "$LISTENED")"
check "rezone's program is at the agent's cgroup for it" has_links "$AGENTS" 1
listens() { "$REZONE" status --pin-dir "$PIN_DIR" -o json | jq -e '.waiting.listening >= 1' >/dev/null; }
check "... and status counts it" within 5 listens
check "a producer that writes every 2.5 s is reset in a gap, three times" within 90 has_event "$(of pausing "$GAP")" 3
# a request that comes just before the pause has settled breaks it
check "it was hardly ever held" test "$(event_count "$(of pausing "$HOLD")")" -le 1
check "a producer that writes every 20 s is reset in a gap, too" within 60 has_event "$(of sparse "$GAP")"
check "... whenever it was let go" within 120 has_event "$(of sparse "$SILENT")" 2
check "... again and again" within 150 has_event "$(of sparse "$GAP")" 3
# what became of the sparse one, a letter an event: let go, moved in a gap
fates() { events "$(of sparse '(.event == "let-go" or .event == "move")')" | jq -r 'if .event == "move" then "m" else .check[0:1] end' | tr -d '\n'; }
check "each time its next request was enough: $(fates)" eval '! fates | grep -q ss'
check "the one that said nothing for longer is tried again" within 60 has_event "$(of silent "$SILENT")" 2
note "$(event_kinds "$(of silent '.waited_ms != null')")"

# by hand nobody waits for the next request: who asks is told at once, and the policy goes on listening
check "it is listened to again" within 60 some_rows "$(of silent "$LISTENED")"
cookie=$("$REZONE" list --pin-dir "$PIN_DIR" -o json | jq -r ".[] | select($(of silent "$LISTENED")) | .cookie")
"$REZONE" reset --pin-dir "$PIN_DIR" --cookie "$cookie" >"$WORK/reset" 2>&1
check "by hand it is let go, too" within 10 has_event "$(of silent "$SILENT and .by_hand")"
check "and listened to as before" within 5 some_rows "$(of silent "$LISTENED")"

stop pausing
stop sparse
pause() { "$REZONE" "$@" --pin-dir "$PIN_DIR" 2>/dev/null; }
check "it is listened to" within 60 some_rows "$(of silent "$LISTENED")"
pause pause
check "a pause ends that" within 5 has_links "$AGENTS" 0
# the reason is another one while it rests, if it has said nothing for --listen-for just before
check "... and the reason says so" within 90 some_rows "$(of silent '.reason == "paused"')"
pause resume
check "after it, it is tried again" within 60 some_rows "$(of silent "$LISTENED")"
check "the program is there again" has_links "$AGENTS" 1
stop rezone KILL
check "it ends with the daemon that listened" within 5 has_links "$AGENTS" 0
rezone_start --interval 1s --stable-for 0s --cooldown 3s --give-up-after 0 --rate 100 --listen-for 30s
check "the next daemon tries it again" within 60 some_rows "$(of silent "$LISTENED")"
stop rezone
check "a stop leaves no program there" within 5 has_links "$AGENTS" 0
alive silent || not_ok "the silent one runs"
for w in pausing sparse; do written "$w"; done
none_doubled pausing 5
none_doubled sparse 3
