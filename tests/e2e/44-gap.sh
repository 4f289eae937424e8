#!/usr/bin/env bash
# quiet
# nightly
# A producer that pauses is moved in its pause, and nothing of it is held back; one that writes every few minutes cannot be
# judged while a move waits: it is let go, which says so, and tried again. librdkafka, which says its name: of it
# no request has to be taken (docs/clients.md). The clients' zone has no agent that they can reach, so each move brings them back.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a):9092
agent_start a --delay-produce 20ms
topology a=ready b=ready c=ready # where it knows no other agent, this library is held
rezone_start --interval 1s --stable-for 0s --cooldown 3s --give-up-after 0 --rate 100

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
writer silent 600
within "$DEADLINE" some_rows '.kind == "data" and (.client_id | startswith("silent"))' || not_ok "the silent one has written"

of() { echo "(.client_id | startswith(\"$1,\")) and $2"; } # CLIENT FILTER
GAP='.event == "move" and .held_ms == 0'
HOLD='.event == "move" and .held_ms > 0'
SILENT='.event == "let-go" and .check == "silent"'
check "a producer that writes every 2.5 s is reset in a gap, three times" within 90 has_event "$(of pausing "$GAP")" 3
# a request that comes just before the pause has settled breaks it
check "it was hardly ever held" test "$(event_count "$(of pausing "$HOLD")")" -le 1
check "one that says nothing is let go, and why" within 30 has_event "$(of silent "$SILENT")"
check "it is tried again" within 60 has_event "$(of silent "$SILENT")" 3
note "$(event_kinds "$(of pausing '.waited_ms != null')")"
stop rezone
for w in pausing silent; do alive "$w" || not_ok "$w runs"; done
stop pausing
writes_end
written pausing
none_doubled pausing 5
