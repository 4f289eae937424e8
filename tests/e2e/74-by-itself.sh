#!/usr/bin/env bash
# needs: counterparts
# quiet
# nightly
# Who is left to its library is waited for: kafka-go's Writer asks for metadata every few seconds and is told as home by itself, once;
# librdkafka's asks every five minutes, and is told as not come when --grace is over, once, and as gone when it ends. When their zone goes meanwhile, that is told. Nobody is moved.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/e2e/servers.sh"
e2e_begin
counterpart client-kafka-go >/dev/null || exit 0
counterpart client-python >/dev/null || exit 0
AT=$(agent_ip a):9092
agent_start a
topology a=ready b=notready c=ready # with an agent in a third zone librdkafka's Writer is not moved
rezone_start --interval 500ms --stable-for 0s --grace 20s
start() { client_start "$1" "$2" write --bootstrap "$AT" --client-id "$1,warpstream_az=b,$LB" --topic "$1" --rate 5 --settings default; }
row() { some_rows "(.client_id | startswith(\"$1,\")) and .kind == \"data\" and ($2)"; }
told() { event_count "(.client_id | startswith(\"$1,\")) and ($2)"; } # CLIENT JQ
is_told() { [ "$(told "$1" "$2")" = "$3" ]; }
in_ns cl kcat -L -b "$AT" -t goes >/dev/null 2>&1 # makes the topic: kafka-go's Writer does not
start goes kafka-go
start stays confluent
for c in goes stays; do
	check "$c: while its zone has no agent, nobody waits for it" within "$DEADLINE" row $c '.reason == "no agent there" and .expected_home_by == null'
done
topology a=ready b=ready c=ready # and no client can reach it yet
for c in goes stays; do
	check "$c: is waited for, and list says until when" within "$DEADLINE" row $c \
		'.reason == "may come by itself" and (.expected_home_by | sub("[.]000Z$"; "Z") | fromdate) - now > 10 and (.expected_home_by | sub("[.]000Z$"; "Z") | fromdate) - now < 22'
done
topology a=ready b=notready c=ready
for c in goes stays; do
	check "$c: its zone is gone: it is told that nobody waits for it any more" within "$DEADLINE" is_told $c '.event == "not-awaited" and .reason == "no agent there"' 1
done
topology a=ready b=ready c=ready
for c in goes stays; do
	check "$c: is waited for anew" within "$DEADLINE" row $c '.reason == "may come by itself"'
done
agent_start b
check "goes: came home by itself, and is told so" within "$DEADLINE" is_told goes '.event == "by-itself" and .outcome == "home"' 1
check "stays: its time is over: it is told as not come" within 40 is_told stays '.event == "not-come" and .reason == "library"' 1
check "stays: ... and is listed as overdue" row stays '.reason == "library" and (.expected_home_by | sub("[.]000Z$"; "Z") | fromdate) <= now + 1'
check "... once, whatever follows" stays 3 is_told stays '.event == "not-come" or .event == "by-itself"' 1
stop stays
check "stays: it ends: it left, after all" within 60 is_told stays '.event == "by-itself" and .outcome == "left"' 1
check "goes: is told once" is_told goes '.event == "by-itself" or .event == "not-come" or .event == "outcome"' 1
check "stats have the counts" within 5 stat_is '.by_itself == {home: 1, left: 1, not_come: 1, awaited: 0}'
check "nobody was moved" nobody_moved
