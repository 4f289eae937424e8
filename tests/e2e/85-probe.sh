#!/usr/bin/env bash
# needs: counterparts
# quiet
# Writers that are older than rezone, never pause, and whose requests look like those of another library that must not be held, or not
# moved. A hold without a close tells who has more requests in flight, or several partitions in one, than that library would: it is
# known then, and moved. Who does not is held once, and never closed after a hold; it has no error by it. Nothing is doubled or lost.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a):9092
agent_start a --delay-produce 20ms
agent_start c --delay-produce 20ms # else they know nobody but this one and home
topology a=ready c=ready b=notready
declare -A LIB=() FLAGS=()
with() { # NAME LIB COUNTERPART FLAGS: if it is built
	if "$E2E_ROOT/scripts/counterparts" path "$3" >/dev/null; then LIB[$1]=$2 FLAGS[$1]=${4:-}; else (skip "$1: $3 is not built"); fi
}
with rd19 confluent-1.9 client-confluent-1.9
with rd20 confluent-2.0 client-confluent-2.0
with rd23 confluent-2.3 client-confluent-2.3
with rdpart confluent-2.3 client-confluent-2.3 "--partitions 4 --rate 20"
with slow confluent-2.3 client-confluent-2.3 "--rate 1.8" # two seconds of it tell nothing
with own kafka-python-2.3 client-kafka-python-2.3 "--partition own"
with wide kafka-python-2.3 client-kafka-python-2.3 "--partitions 4 --rate 20"
with py kafka-python-2.0 client-kafka-python-2.0
with pywide kafka-python-2.0 client-kafka-python-2.0 "--partitions 4 --rate 20"
with ng kafka-python-ng client-kafka-python-ng
with narrow kafka-python-2.3 client-kafka-python-2.3
with rd212 confluent-2.12 client-confluent-2.12
moved=() stays=() # who is told, and who is not: as many as are built
for c in rd19 rd20 rd23 rdpart slow own wide; do [ -z "${LIB[$c]:-}" ] || moved+=("$c"); done
for c in py pywide ng narrow rd212; do [ -z "${LIB[$c]:-}" ] || stays+=("$c"); done
for c in "${moved[@]}" "${stays[@]}"; do # the stand-in makes a topic when it is asked for
	within "$DEADLINE" eval 'in_ns cl timeout 5 kcat -L -b $AT -t $c 2>/dev/null | grep -q "partition 3, leader [0-9]"' || not_ok "topic $c is made"
	# shellcheck disable=SC2086 # words
	client_start "$c" "${LIB[$c]}" write --bootstrap "$AT" --client-id "$c,warpstream_az=b,$LB" --topic "$c" --rate 5 --settings default ${FLAGS[$c]}
done
writes() { [ "$(grep -c '"event": *"wrote"' "$WORK/$1.log")" -ge "${2:-1}" ]; }
for c in "${moved[@]}" "${stays[@]}"; do within 60 writes "$c" || not_ok "$c writes: $(tail -n 1 "$WORK/$c.log")"; done
rezone_start --interval 500ms --stable-for 0s --rate 100
agent_start b --delay-produce 20ms
topology a=ready c=ready b=ready
count() { event_count "(.client_id | startswith(\"$1,\")) and ($2)"; } # CLIENT JQ
came() { [ "$(count "$1" "$2")" -ge 1 ]; }
known_by() { some_rows "(.client_id | startswith(\"$1,\")) and .kind == \"data\" and .library_known_by == \"$2\""; }

for c in "${moved[@]}"; do
	check "$c, ${LIB[$c]}, is held and let go" within 60 came "$c" '.event == "let-go" and .check == "probed"'
	check "$c: ... then it is known, and moved" within 60 came "$c" '.event == "move" and .library_known_by == "probe"'
	check "$c: ... and is at home" within "$DEADLINE" client_at "$c" b
done
for c in "${stays[@]}"; do
	check "$c, ${LIB[$c]}, is held and let go" within 60 came "$c" '.event == "let-go" and .check == "probed"'
done
for c in "${stays[@]}"; do writes "$c" 150 || within 60 writes "$c" 150 || not_ok "$c goes on writing"; done
for c in "${stays[@]}"; do
	check "$c: ... each connection once, and it is never closed after a hold" eval '[ -z "$(events ".check == \"probed\" and (.client_id | startswith(\"$c,\"))" | jq -r .client | sort | uniq -d)" ] && [ "$(count "$c" ".event == \"move\" and .held_ms > 0")" = 0 ]'
	check "$c: ... without an error" eval '! grep -q "\"event\": *\"error\"" "$WORK/$c.log"'
done
[ -z "${LIB[rd212]:-}" ] || check "rd212 was told from kafka-python, and is left alone" known_by rd212 probe
for c in "${moved[@]}"; do check "$c has no error" eval '! grep -q "\"event\": *\"error\"" "$WORK/$c.log"'; done
for c in "${!LIB[@]}"; do note "$c: $(event_kinds ".client_id | startswith(\"$c,\")")"; done
for c in "${!LIB[@]}"; do stop "$c"; done
writes_end
stop rezone
for c in "${!LIB[@]}"; do
	written "$c"
	none_doubled "$c" 20
	none_lost "$c"
done
