#!/usr/bin/env bash
# needs: counterparts
# quiet
# Producers that are older than rezone and write to one partition: by their requests they may be kafka-python or librdkafka, and no probe
# tells which. rezone asks their agent, a real server, for its versions: librdkafka would send the newest one. kafka-python's come home,
# librdkafka's stay; nothing is doubled or lost. Before that agents that refuse the question, say nothing, or say what is no answer: all
# stay there, and `rezone status` says why. Without --ask-agents nobody is asked here. ASK_SERVER=kafka: on Apache Kafka, without those
# that do not answer (96-ask-kafka).
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/e2e/servers.sh"
e2e_begin
declare -A LIB=()
with() { # NAME LIB COUNTERPART
	if "$E2E_ROOT/scripts/counterparts" path "$3" >/dev/null; then LIB[$1]=$2; else (skip "$1: $3 is not built"); fi
}
with py3 kafka-python client-python
with py23 kafka-python-2.3 client-kafka-python-2.3
with rd212 confluent-2.12 client-confluent-2.12
with rd216 confluent client-python
[ -n "${LIB[py3]:-}" ] || skip "94-ask: client-python is not built"
ASK_SERVER=${ASK_SERVER:-nisshi}
if [ "$ASK_SERVER" = kafka ]; then kafka_agents a c b; else for z in a c b; do nisshi_start $z; done; fi
front_stop b # its broker runs, but nobody is told of it
topology a=ready c=ready b=ready
n=0
for c in "${!LIB[@]}"; do
	client_start "$c" "${LIB[$c]}" write --bootstrap "$(agent_ip a):9092" --client-id "$c,warpstream_az=b,$LB" --topic "$NISSHI_TOPIC" --partition $n --rate 5 \
		--settings default --set enable.idempotence=false
	n=$((n + 1))
done
writes() { [ "$(grep -c '"event": *"wrote"' "$WORK/$1.log")" -ge "${2:-5}" ]; }
for c in "${!LIB[@]}"; do within 60 writes "$c" || not_ok "$c writes: $(tail -n 1 "$WORK/$c.log")"; done
status() { "$REZONE" status --pin-dir "$PIN_DIR" -o json; }
asked() { status | jq -e "$1" >/dev/null; } # JQ, of status
named() { some_rows "(.client_id | startswith(\"py3,\")) and .library == \"$1\""; }
both="confluent-kafka-python or kafka-python"

# From this namespace the address of the agents leads nowhere, or to a server that is not theirs
others_answer() {
	rezone_start --interval 1s --stable-for 0s --rate 100 --mode observe
	within "$DEADLINE" named "$both" || not_ok "py3 may be both"
	check "with a topology file alone no agent is asked" stays 3 asked '.asked.answered + .asked.failed == 0'
	stop rezone

	in_ns sw ip link set lo up
	fake() { # NAME WHAT: a server at both agents' addresses, in rezone's own namespace alone
		spawn "$1" sw - python3 -c '
import socket, sys, time
s = socket.create_server(("", 9092)); keep = []
while True:
    c, _ = s.accept(); keep.append(c); q = c.recv(99)
    if sys.argv[1] == "garbage": c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    if sys.argv[1] == "good": c.sendall(bytes([0,0,0,16]) + q[8:12] + bytes([0,0, 0,0,0,1, 0,0, 0,0, 0,11]))
    if sys.argv[1] == "closes": c.close()
' "$2"
	}
	for z in a c; do in_ns sw ip addr add "$(agent_ip $z)/32" dev lo; done
	for what in "refused:Connection refused" "silent:no answer within" "garbage:none to ApiVersions" "closes:reset" "good:leads elsewhere"; do
		[ "${what%%:*}" = refused ] || fake fake "${what%%:*}"
		[ "${what%%:*}" = refused ] || within "$DEADLINE" port_open sw 127.0.0.1 9092 || not_ok "the false agent listens"
		REZONE_NS=sw rezone_start --ask-agents on --interval 1s --stable-for 0s --rate 100 --mode observe
		check "${what%%:*}: it is told" within "$DEADLINE" asked ".asked.failed > 0 and (.asked.failed_why // \"\" | contains(\"${what#*:}\"))"
		check "... py3 is as before" named "$both"
		check "... and no agent counts as asked" asked '.asked.answered == 0'
		stop rezone
		stop fake KILL
	done
	for z in a c; do in_ns sw ip addr del "$(agent_ip $z)/32" dev lo; done
	in_ns sw ip addr add 10.99.8.1/16 dev br0
}

[ "$ASK_SERVER" = kafka ] || others_answer
topology a=ready c=ready b=notready
REZONE_NS=sw rezone_start --ask-agents on --interval 1s --stable-for 0s --rate 100
front_start b
topology a=ready c=ready b=ready
moved() { [ "$(event_count "(.client_id | startswith(\"$1,\")) and .event == \"move\"")" -ge "${2:-1}" ]; }
check "their agent was asked, and answered" within "$DEADLINE" asked '.asked.answered > 0'
for c in py3 py23; do
	[ -n "${LIB[$c]:-}" ] || continue
	check "$c is known, and moved" within "$DEADLINE" eval 'event_count "(.client_id | startswith(\"$c,\")) and .event == \"move\" and .library_known_by == \"fingerprint\"" | grep -q "[1-9]"'
	check "... and is at home" within "$DEADLINE" client_at "$c" b
done
for c in rd212 rd216; do
	[ -z "${LIB[$c]:-}" ] || check "$c stays" eval 'stays 5 client_at "$c" a || client_at "$c" c; ! moved "$c"'
done
check "no system call of rezone-source was refused" eval '! "$REZONE" stats --pin-dir "$PIN_DIR" -o json | jq -e ".errors[]? | select(.place == \"source\")"'
check "it runs only while it asks" within "$DEADLINE" eval '! pgrep -P "${PIDS[rezone]}" -f "rezone-source.* ask=1"'
check "rezone's own connections are no clients that it would move" no_rows '.client_id == "rezone" and .reason != "not opted in" and .reason != "not identified"'
for c in "${!LIB[@]}"; do check "$c has no error" eval '! grep -q "\"event\": *\"error\"" "$WORK/$c.log"'; done
for c in "${!LIB[@]}"; do stop "$c"; done
stop rezone
in_ns cl timeout 30 kcat -C -b "$(agent_ip a):9092" -t "$NISSHI_TOPIC" -o beginning -e -q -f '%s\n' 2>/dev/null | sort >"$WORK/read"
for c in "${!LIB[@]}"; do
	grep '"event": *"wrote"' "$WORK/$c.log" | jq -r .id | sort -u >"$WORK/$c.acked"
	check "$c: of $(wc -l <"$WORK/$c.acked") acknowledged records none is lost" eval '[ -s "$WORK/$c.acked" ] && [ -z "$(comm -23 "$WORK/$c.acked" <(sort -u "$WORK/read"))" ]'
	check "$c: none is doubled" eval '[ -z "$(comm -12 "$WORK/$c.acked" <(uniq -d "$WORK/read"))" ]'
done
