#!/usr/bin/env bash
# needs: counterparts
# quiet
# A process that is not ours any more stands where rezone-source asks agents for their versions (tests/tools/hostile), and says anything at
# all. The writers are those of 94-ask: older than rezone, kafka-python or librdkafka. Nothing that it says of an agent that nobody reaches
# makes one of them another, also where the daemon's connection has the address and port of a client's; nothing that is none of its
# business is taken; no flood, silence or end of it holds the daemon up, also where it cannot be killed. Nobody is moved and no one waits.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/e2e/servers.sh"
e2e_begin
[ -x "$BUILD/hostile-source" ] || { not_ok "$BUILD/hostile-source is not built"; exit 1; }
counterpart client-python >/dev/null || exit 0
BIN=$WORK/bin
mkdir "$BIN"
cp "$BUILD"/rezone "$BUILD"/rezone-enter "$BUILD"/rezone-serve "$BIN"
cp "$BUILD/hostile-source" "$BIN/rezone-source"
REZONE=$BIN/rezone
export HOSTILE_MODE=$WORK/mode
STUCK= # a process that does not end with its daemon
E2E_AT_END='[ -z "$STUCK" ] || kill -KILL "$STUCK" 2>/dev/null'

for z in a c b; do nisshi_start $z; done
front_stop b
topology a=ready c=ready b=ready
client_start py kafka-python write --bootstrap "$(agent_ip a):9092" --client-id "py,warpstream_az=b,$LB" --topic "$NISSHI_TOPIC" --partition 0 --rate 5 \
	--settings default --set enable.idempotence=false
client_start rd confluent write --bootstrap "$(agent_ip a):9092" --client-id "rd,warpstream_az=b,$LB" --topic "$NISSHI_TOPIC" --partition 1 --rate 5 \
	--settings default --set enable.idempotence=false
writes() { [ "$(grep -c '"event": *"wrote"' "$WORK/$1.log")" -ge 5 ]; }
for c in py rd; do within 60 writes $c || not_ok "$c writes: $(tail -n 1 "$WORK/$c.log")"; done

status() { "$REZONE" status --pin-dir "$PIN_DIR" -o json; }
asked() { status | jq -e "$1" >/dev/null; } # JQ, of status
counted() { stat_is "[.errors[]? | select(.place == \"source\" and .errno == $1)] | length > 0"; } # ERRNO
# Of py both names are possible. Of rd, too, unless a Produce v10 gives it away
unknown() { some_rows '(.client_id | startswith("py,")) and .library == "confluent-kafka-python or kafka-python"'; }
stays_rd() { no_rows '(.client_id | startswith("rd,")) and .library == "kafka-python"'; }
no_one_waits() { # what an agent did not say is noted with each connection that it was asked for
	bpftool -j map dump pinned "$PIN_DIR/told" | jq -e 'length > 0 and all(.[]; .formatted.value.agent_has == 127)' >/dev/null
}
source_pid() { pgrep -P "${PIDS[rezone]}" -f 'rezone-source.* ask=1'; }
harmless() { # WORD
	check "$1: of an agent that did not say it nothing is taken" asked '.asked.answered == 0'
	check "$1: nobody is taken for another, nor moved" eval 'unknown && stays_rd && nobody_moved'
	check "$1: no one waits for an answer" within "$DEADLINE" no_one_waits
}
begin() { # WORD [FLAGS...]: a daemon of its own, in the namespace from which the agents' addresses lead where this test says
	echo "$1" >"$HOSTILE_MODE"
	shift
	REZONE_NS=sw rezone_start --ask-agents on --interval 1s --stable-for 0s --rate 100 "$@"
}

# At the agents' addresses here a server listens that is not theirs, and never says a word.
in_ns sw ip link set lo up
for z in a c; do in_ns sw ip addr add "$(agent_ip $z)/32" dev lo; done
spawn false sw - python3 -c '
import socket
s = socket.create_server(("", 9092)); keep = []
while True: keep.append(s.accept())'
within "$DEADLINE" port_open sw 127.0.0.1 9092 || not_ok "the false agent listens"

begin claims --mode observe
check "claims: told that the address leads elsewhere" within "$DEADLINE" asked '.asked.failed > 0 and (.asked.failed_why // "" | contains("leads elsewhere"))'
harmless claims
stop rezone

# The daemon's own port is that of the client's connection, from the client's address, at what it takes for the agent.
at=$(in_ns cl ss -Htn state established "dst $(agent_ip a) and dport = 9092" | awk '{ print $3; exit }')
in_ns sw ip addr add "${at%:*}/32" dev lo
for z in a c; do in_ns sw ip route replace local "$(agent_ip $z)" dev lo src "${at%:*}" table local; done
in_ns sw sysctl -qw net.ipv4.ip_local_port_range="${at##*:} ${at##*:}"
begin claims --mode observe
check "a client's port: the daemon's connection has it" within "$DEADLINE" eval 'in_ns sw ss -Htn state all "src $at and dst $(agent_ip a)" | grep -q .'
check "... told that it is not its other end" within "$DEADLINE" asked '.asked.failed > 0 and (.asked.failed_why // "" | contains("leads elsewhere"))'
harmless "a client's port"
stop rezone
in_ns sw sysctl -qw net.ipv4.ip_local_port_range="32768 60999"
in_ns sw ip addr del "${at%:*}/32" dev lo
stop false KILL
for z in a c; do # else this namespace would answer ARP for them
	in_ns sw ip route del local "$(agent_ip $z)" table local
	in_ns sw ip addr del "$(agent_ip $z)/32" dev lo
done

# From here on the agents are reached
in_ns sw ip addr add 10.99.8.1/16 dev br0
REFUSED=74 ENDED=10 SILENT=110 BUSY=16
for word in unasked:$REFUSED early:$REFUSED names-port:$REFUSED passes:$REFUSED floods:$REFUSED garbage:$REFUSED \
	ends:$ENDED silent:$SILENT; do
	begin "${word%%:*}" --mode observe
	check "${word%%:*}: it is ended, and counted" within "$DEADLINE" counted "${word#*:}"
	harmless "${word%%:*}"
	check "... it is gone" within 5 eval '! source_pid'
	check "... and the daemon ticks" within "$DEADLINE" eval '[ "$(counter_of ticks)" -gt 2 ]'
	stop rezone
done

# A process that nobody may kill does not end
cat >"$BIN/no-kill" <<-END
	#!/bin/sh
	exec setpriv --bounding-set=-kill --inh-caps=-kill "$BIN/rezone" "\$@"
END
chmod +x "$BIN/no-kill"
REZONE=$BIN/no-kill begin stays --mode observe
check "stays: it is told that no agent is asked" within "$DEADLINE" asked '.asked.failed_why // "" | contains("CAP_KILL")'
check "... and counted" counted $BUSY
STUCK=$(source_pid)
harmless stays
check "... there is one of it" test "$(wc -w <<<"$STUCK")" = 1
failed=$(counter_of asked_failed)
check "... and no other is started" stays 3 eval '[ "$(source_pid)" = "$STUCK" ] && [ "$(counter_of asked_failed)" = "$failed" ]'
echo ends >"$HOSTILE_MODE"
kill -KILL "$STUCK" && STUCK=
check "... once it has ended, agents are asked again" within 60 eval '[ "$(counter_of asked_failed)" -gt "$failed" ]'
stop rezone

# Whatever it says of agents that it does reach, librdkafka sends what these have, and stays what it is
front_start b
begin claims
check "claims of agents that it reaches: they count as asked" within "$DEADLINE" asked '.asked.answered > 0'
check "... librdkafka is not moved" eval 'stays 5 stays_rd; no_event "(.client_id | startswith(\"rd,\")) and .event == \"move\""'
for c in py rd; do check "$c has no error" eval '! grep -q "\"event\": *\"error\"" "$WORK/$c.log"'; done
stop rezone

# Whether agents are asked is decided at the start: the program that comes later is not used, and no one waits for it
rm "$BIN/rezone-source"
printf 'stable_for: 0s\n' >"$WORK/rezone.yaml"
begin none --mode observe --config "$WORK/rezone.yaml"
cp "$BUILD/rezone-source" "$BIN"
printf 'stable_for: 1s\n' >"$WORK/rezone.yaml"
kill -HUP "${PIDS[rezone]}"
check "settings are read again" within "$DEADLINE" has_event '.event == "reload"'
check "... and nobody is asked for" test "$(setting_of ask_agents)" = 0
