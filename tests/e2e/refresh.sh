#!/usr/bin/env bash
# needs: counterparts
# `make refresh`: how long clients that rezone leaves to their library take to come home by themselves, with the library's own settings.
# The clients start, their home appears AFTER seconds (30) later; each is waited for up to WAIT seconds (330) from then. Prints a table for
# docs/clients.md; judges nothing. ONLY="confluent/write java/group"
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a):9092
AFTER=${AFTER:-30} WAIT=${WAIT:-330}
ALL="kafka-go/write franz-go/write sarama/write confluent/write confluent-2.12/write java/write java/group kafka-python/write kafkajs/read kafkajs/group aiokafka/read"
agent_start a
topology a=ready b=notready
rezone_start --interval 1s --stable-for 0s --mode observe # so that the libraries that rezone would move show theirs, too
in_ns cl kcat -L -b "$AT" -t feed >/dev/null 2>&1 # makes the topic: kafka-go's Writer does not
client_start feeder kafka-go write --bootstrap "$AT" --client-id feeder --topic feed --rate 5
within "$DEADLINE" grep -q '"wrote"' "$WORK/feeder.log" || not_ok "the feeder writes"
names=()
for c in ${ONLY:-$ALL}; do
	lib=${c%/*} role=${c#*/} name=${c/\//.} args=()
	case $role in
	write) args=(--topic "$name" --rate 5) ;;
	group) args=(--topic feed --group "$name" --from last) ;;
	read) args=(--topic feed --from last) ;;
	esac
	in_ns cl kcat -L -b "$AT" -t "$name" >/dev/null 2>&1
	client_start "$name" "$lib" "$role" --bootstrap "$AT" --client-id "$name,warpstream_az=b,$LB" --settings default "${args[@]}"
	within "$DEADLINE" some_rows "(.client_id | startswith(\"$name,\")) and (.data_age_s // 9) < 5" && names+=("$name")
done
sleep "$AFTER"
declare -A HOME_AT=()
up=$(now_ms)
agent_start b
topology a=ready b=ready
at_home() { some_rows "(.client_id | startswith(\"$1,\")) and .locality == \"same\" and (.data_age_s // 9) < 5"; }
while [ $(($(now_ms) - up)) -lt $((WAIT * 1000)) ] && [ ${#HOME_AT[@]} -lt ${#names[@]} ]; do
	for name in "${names[@]}"; do
		[ -n "${HOME_AT[$name]:-}" ] || ! at_home "$name" || HOME_AT[$name]=$((($(now_ms) - up) / 1000))
	done
	sleep 1
done
echo "| client | at home after | as rezone saw it in mode observe |"
echo "|---|---|---|"
for name in "${names[@]}"; do
	echo "| ${name/./ } | ${HOME_AT[$name]:-not within $WAIT} s | $(events "(.client_id | startswith(\"$name,\")) and (.event == \"by-itself\" or .event == \"not-come\" or .event == \"observe\")" | jq -r '.event + " " + (.outcome // "")' | sort | uniq -c | tr -s ' ' | tr '\n' ',') |"
done
