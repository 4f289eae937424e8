#!/usr/bin/env bash
# needs: counterparts
# nightly
# Every real client library on nisshi (behind our zone view) and on Apache Kafka: what rezone knows of each connection while
# it goes on, tshark reads from the packets. Then once more on Apache Kafka, under a topology that flips each second, so that connections
# are parked and read again meanwhile.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/e2e/servers.sh"
. "$E2E_ROOT/tests/tools/opinion/opinion.sh"
P=rzf$$ PIN_DIR=/sys/fs/bpf/rzf$$
command -v tshark >/dev/null || skip "91-opinion: tshark is missing (scripts/deps check)"
e2e_begin
CASES="java:read java:write kafka-go:read kafka-go:write librdkafka:read librdkafka:write confluent:read confluent:write
kafka-python:read kafka-python:write kafkajs:read kafkajs:write"
AZ=b
topology a=ready b=ready c=ready
rezone_start --mode observe --interval 1s
kafka_start a
nisshi_start b
has_topic() { in_ns a kcat -L -b "$(agent_ip a):9092" -t t | grep -q 'partition 3, leader 1'; }
within "$DEADLINE" has_topic || not_ok "the topic is made"
capture_start capture cl eth0

# server_opinion NAME ZONE
server_opinion() {
	local name=$1 zone=$2 c id n=0
	mkdir "$WORK/of-$name"
	for c in $CASES; do
		client_start "$name-${c/:/-}" "${c%%:*}" "${c##*:}" --bootstrap "$(agent_ip "$zone"):9092" \
			--client-id "$name-${c/:/-},warpstream_az=$AZ" --topic t --partition 1 --rate 50
	done
	for c in $CASES; do
		id="$name-${c/:/-},warpstream_az=$AZ"
		if within "$DEADLINE" some_rows ".client_id == \"$id\" and .kind == \"data\""; then
			n=$((n + 1))
		elif grep -q '^SKIP' "$WORK/$name-${c/:/-}.log"; then
			(skip "$name, $c: $(grep -m 1 '^SKIP' "$WORK/$name-${c/:/-}.log")")
		else
			not_ok "$name, $c: is tracked"
		fi
	done
	busy() { [ "$(rz_list -o json | jq "[.[] | select(.agent | startswith(\"$(agent_ip "$zone"):\")) | .requests] | add")" -gt $((n * 100)) ]; }
	within "$DEADLINE" busy
	snapshot "$WORK/of-$name"
	APPLICATIONS=$((${APPLICATIONS:-0} + n))
	for c in $CASES; do stop "$name-${c/:/-}" KILL; done
}
server_opinion kafka a
server_opinion nisshi b
check "the frame was never lost" test "$(stat_of frame_lost)" = 0
stop rezone
rezone_start "${FLIP_FLAGS[@]}"
AZ=a
flip_start flip "$(agent_ip a)"
server_opinion parked a
stop flip KILL
parked=$(stat_of parked) again=$(stat_of read_again)
check "connections were parked ($parked times) and read again ($again times)" test "$parked" -ge 10 -a "$again" -ge 10
check "the frame was never lost" test "$(stat_of frame_lost)" = 0
capture_stop capture
for name in kafka nisshi parked; do opinion "$WORK/of-$name" $((APPLICATIONS / 3)) "$WORK/capture.pcap"; done
note "$APPLICATIONS applications"
