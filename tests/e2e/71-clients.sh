#!/usr/bin/env bash
# needs: counterparts
# nightly
# Every real client library on nisshi behind our zone view: tracked, reset, and seen coming home and going on.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/e2e/servers.sh"
e2e_begin
BOOT=$(agent_ip a):9092,$(agent_ip b):9092
# library and role. Not here: kafkajs, whose consumers go back to the agent they know after a reset, and whose producers do so
# unless a request was taken from them: they do not ask for metadata before metadataMaxAge (5 minutes).
CASES=${CASES:-"kafka-go:read kafka-go:write librdkafka:read confluent-2.0:write confluent:read confluent:write
kafka-python:read kafka-python:write aiokafka:read aiokafka:write franz-go:read franz-go:write sarama:read sarama:write
java:read java:write"}
GAP_ONLY='^(aiokafka|franz-go):write$'      # moved in a gap or not at all
ALONE='^aiokafka:read$' # it may be kafkajs's, which knows one agent alone

nisshi_start a
nisshi_start b
front_stop b
counterpart client-kafka-go >/dev/null || exit 0
client_start feed kafka-go write --bootstrap "$(agent_ip a):9092" --client-id feed,warpstream_az=a --topic t --rate 20
within "$DEADLINE" grep -q '"event":"wrote"' "$WORK/feed.log" || not_ok "records are written"

id_of() { echo "${1/:/-},warpstream_az=b,$LB"; }
data_of() { echo "(.client_id == \"$(id_of "$1")\") and .kind == \"data\""; }
done_events() { grep -cE '"event": ?"(read|wrote)"' "$WORK/${1/:/-}.log"; }
moves_of() { event_count ".event == \"move\" and .client_id == \"$(id_of "$1")\""; }
was_moved() { [ "$(moves_of "$1")" -gt 0 ]; }

# A client that was reset in a bad moment (librdkafka 2.0 with one connection and no other to ask) needs a second reset.
topology a=ready b=notready
rezone_start --interval 250ms --stable-for 0s --rate 100 --cooldown 5s --cooldown-max 5s --give-up-after 0
for c in $CASES; do
	rate=10
	[[ $c =~ $GAP_ONLY ]] && rate=0.5
	client_start "${c/:/-}" "${c%%:*}" "${c##*:}" --bootstrap "$BOOT" --client-id "$(id_of "$c")" --topic t --partition 1 --rate $rate
done
running=()
for c in $CASES; do
	if within "$DEADLINE" some_rows "$(data_of "$c") and .agent_zone == \"a\""; then
		ok "$c: its data connection is tracked"
		running+=("$c")
	elif grep -q '^SKIP' "$WORK/${c/:/-}.log"; then
		(skip "$c: $(grep -m 1 '^SKIP' "$WORK/${c/:/-}.log")")
	else
		not_ok "$c: its data connection is tracked"
	fi
done
check "with no agent in their zone, nobody is moved" nobody_moved
front_start b
topology a=ready b=ready
began=$(now_ms)
for c in "${running[@]}"; do
	f=$(data_of "$c")
	if [[ $c =~ $ALONE ]]; then
		check "$c: left alone for its library's sake" within "$DEADLINE" some_rows "$f and .locality == \"cross\" and (.reason == \"may come by itself\" or .reason == \"library\")"
		check "$c: not moved" eval '! was_moved "$c"'
		continue
	fi
	if within "$DEADLINE" eval "some_rows '$f and .locality == \"same\"' && no_rows '$f and .locality == \"cross\" and .idle_s < 3'"; then
		ok "$c: home"
		note "$c: home, seen $((($(now_ms) - began) / 1000)) s after b's agent was there, by $(moves_of "$c") moves"
	else
		not_ok "$c: home"
	fi
	# kafka-go's Writer asks for metadata every 6 s by itself, and may be faster than rezone; franz-go's was, once
	if [[ $c =~ ^(kafka-go|franz-go):write$ ]] && ! was_moved "$c"; then
		note "$c: came home by itself"
	else
		check "$c: by a move" was_moved "$c"
	fi
	n=$(done_events "$c")
	more=10
	[[ $c =~ $GAP_ONLY ]] && more=3 # it writes every two seconds
	goes_on() { [ "$(done_events "$c")" -gt $((n + more)) ]; }
	check "$c: goes on there" within "$DEADLINE" goes_on
done
for c in "${running[@]}"; do check "$c: the application runs on" alive "${c/:/-}"; done
