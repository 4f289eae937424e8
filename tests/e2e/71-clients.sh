#!/usr/bin/env bash
# needs: counterparts
# Every real client library on nisshi behind our zone view: tracked, reset, and seen coming home and going on.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/e2e/servers.sh"
e2e_begin
BOOT=$(agent_ip a):9092,$(agent_ip b):9092
LB=warpstream_interzone_lb=true
# library and role. Not here: kafkajs consumers, which after a reset go back to the agent they know and do not ask for
# metadata before metadataMaxAge (5 minutes).
CASES="kafka-go:read kafka-go:write librdkafka:read librdkafka:write confluent:read confluent:write
kafka-python:read kafka-python:write kafkajs:write java:read java:write"

nisshi_start a
nisshi_start b
front_stop b
counterpart client-kafka-go >/dev/null || exit 0
client_start feed kafka-go write --bootstrap "$(agent_ip a):9092" --client-id feed,warpstream_az=a --topic t --rate 20
within "$DEADLINE" grep -q '"event":"wrote"' "$WORK/feed.log" || not_ok "records are written"

id_of() { echo "${1/:/-},warpstream_az=b,$LB"; }
started=()
for c in $CASES; do
	client_start "${c/:/-}" "${c%%:*}" "${c##*:}" --bootstrap "$BOOT" --client-id "$(id_of "$c")" --topic t --partition 1 --rate 10
	started+=("$c")
done
topology a=ready b=ready
rezone_start --interval 1s --stable-for 24h # watches, and moves nobody: no zone is stable yet
running=()
for c in "${started[@]}"; do
	if within "$DEADLINE" some_rows "(.client_id == \"$(id_of "$c")\") and .kind == \"data\" and .agent_zone == \"a\""; then
		ok "$c: its data connection is tracked"
		running+=("$c")
	elif grep -q '^SKIP' "$WORK/${c/:/-}.log"; then
		(skip "$c: $(grep -m 1 '^SKIP' "$WORK/${c/:/-}.log")")
	else
		not_ok "$c: its data connection is tracked"
	fi
done
front_start b
check "with b's agent there, nobody moves by itself in 5 s" stays 5 no_rows '.client_zone == "b" and .locality == "same"'
stop rezone
rezone_start --interval 1s --stable-for 0s --rate 100
began=$(now_ms)
done_events() { grep -cE '"event": ?"(read|wrote)"' "$WORK/${1/:/-}.log"; }
for c in "${running[@]}"; do
	f="(.client_id == \"$(id_of "$c")\") and .kind == \"data\""
	if within "$DEADLINE" eval "some_rows '$f and .locality == \"same\"' && no_rows '$f and .locality == \"cross\"'"; then
		ok "$c: home"
		note "$c: home $((($(now_ms) - began) / 1000)) s after rezone began"
	else
		not_ok "$c: home"
	fi
	n=$(done_events "$c")
	goes_on() { [ "$(done_events "$c")" -gt $((n + 10)) ]; }
	case "$c" in
	librdkafka:write) ;; # kcat says nothing of what it wrote
	*) check "$c: goes on there" within "$DEADLINE" goes_on ;;
	esac
done
for c in "${running[@]}"; do check "$c: the application runs on" alive "${c/:/-}"; done
check "each was moved by a reset of rezone" test "$(stat_of resets)" -ge ${#running[@]}
