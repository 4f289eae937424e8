#!/usr/bin/env bash
# needs: counterparts
# nightly
# The protocol's truth: what Apache Kafka and its clients really speak is tracked and understood. Nobody is moved: a
# leader-based broker is no agent.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/e2e/servers.sh"
e2e_begin
topology a=ready b=ready
rezone_start --interval 1s --mode observe --stable-for 0s
kafka_start a
AT=$(agent_ip a):9092
# the topic comes with the first metadata request that names it, a moment later
has_topic() { in_ns a kcat -L -b "$AT" -t t | grep -q 'partition 3, leader 1'; }
within "$DEADLINE" has_topic || not_ok "the topic is made"
CASES="java:read java:write kafka-go:read kafka-go:write librdkafka:read librdkafka:write confluent:read confluent:write
kafka-python:read kafka-python:write aiokafka:read aiokafka:write franz-go:read franz-go:write sarama:read sarama:write
kafkajs:read kafkajs:write"
for c in $CASES; do
	client_start "${c/:/-}" "${c%%:*}" "${c##*:}" --bootstrap "$AT" --client-id "${c/:/-},warpstream_az=b" --topic t --partition 1 --rate 10
done
for c in $CASES; do
	if within "$DEADLINE" some_rows ".client_id == \"${c/:/-},warpstream_az=b\" and .kind == \"data\" and .client_zone == \"b\""; then
		ok "$c: its data connection is tracked"
	elif grep -q '^SKIP' "$WORK/${c/:/-}.log"; then
		(skip "$c: $(grep -m 1 '^SKIP' "$WORK/${c/:/-}.log")")
	else
		not_ok "$c: its data connection is tracked"
	fi
done
# a consumer group's coordinator connection is never taken for a data connection
client_start group kafka-go read --bootstrap "$AT" --client-id "group,warpstream_az=b" --topic t --partition 0 --group g
check "a group's coordinator connection is recognised" within "$DEADLINE" some_rows '.client_id == "group,warpstream_az=b" and .kind == "coordinator"'
check "the frame was never lost" test "$(stat_of frame_lost)" = 0
check "nothing was taken for not Kafka" no_rows '.state == "not-kafka"'
check "nobody was moved" nobody_moved
