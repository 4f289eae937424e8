#!/usr/bin/env bash
# needs: counterparts
# How the requests of real libraries look: starts clients, then rezone, so that it finds their connections in mid-stream, and
# writes what its map `prints` says of each.
# Comes in: SERVER=standin|kafka; LIBS, names that tests/peers/clients/run knows; OUT, a file. Goes out: a JSON array in OUT, one
# object a connection: lib, role, settings, server, print (the map's value), list (the row of `rezone list`).
# Called by tests/prints/run.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"
. "$E2E_ROOT/tests/e2e/servers.sh"
: "${SERVER:=standin}" "${OUT:=/dev/stdout}" "${SECONDS_LONG:=25}"
read -ra LIBS <<<"${LIBS:-kafka-go franz-go sarama kafkajs kafka-python kafka-python-2.0 kafka-python-ng aiokafka confluent-1.9 confluent-2.3 confluent-2.12 confluent java-2.8 java-3.9 java}"
e2e_begin
AT=$(agent_ip a):9092
topology a=ready b=notready
if [ "$SERVER" = kafka ]; then kafka_start a; else agent_start a; fi

has_topic() { in_ns cl timeout 5 kcat -L -b "$AT" -t "$1" 2>/dev/null | grep -q 'partition 1, leader [0-9]'; }
# ROLE SETTINGS: as in the client.id; a reader has no settings
start() {
	local name=$1.$2.$3 rest
	case "$2" in
	write) rest="write --rate 5 --settings $3" ;;
	read) rest="read --settings $3" ;;
	group) rest="group --group $1 --settings $3" ;;
	esac
	# shellcheck disable=SC2086 # words
	spawn "$name" cl - "${RUN:-$E2E_ROOT/tests/peers/clients/run}" "$1" ${rest%% *} --bootstrap "$AT" --client-id "$name,warpstream_az=b" --topic t ${rest#* }
	NAMES+=("$name")
}
# spoke NAME: it has written or read a record
spoke() { grep -qE '"event": *"(wrote|read)"' "$WORK/$1.log" 2>/dev/null || grep -q '^SKIP' "$WORK/$1.log"; }
within "$DEADLINE" has_topic t || not_ok "the topic is made"
NAMES=()
for lib in "${LIBS[@]}"; do
	start "$lib" write default
	start "$lib" write pipeline
	start "$lib" read default
	start "$lib" group default
done
end=$((SECONDS + 60)) # for all of them together
for name in "${NAMES[@]}"; do within $((end > SECONDS ? end - SECONDS : 1)) spoke "$name" || note "$name is silent: $(tail -n 1 "$WORK/$name.log" | cut -c1-200)"; done
rezone_start --interval 1s --mode observe --stable-for 0s --park-after 0s # a parked connection has no print
sleep "$SECONDS_LONG" # for requests that come seldom: there is no condition to poll for
bpftool -j map dump pinned "$PIN_DIR/prints" | jq '[.[].formatted | {cookie: .key, print: .value}]' >"$WORK/prints.json"
rz_list -o json >"$WORK/list.json"
jq -n --arg server "$SERVER" --slurpfile p "$WORK/prints.json" --slurpfile l "$WORK/list.json" '
	($p[0] | map({(.cookie | tostring): .print}) | add // {}) as $prints |
	[$l[0][] | select(.client_id != null) | (.client_id | split(",")[0] | capture("^(?<lib>.*)\\.(?<role>[a-z]+)\\.(?<settings>[a-z]+)$")) as $n |
		$n + {server: $server, print: $prints[.cookie | tostring], list: .}]' >"$OUT"
note "$(jq length "$OUT") connections, $(jq '[.[] | select(.print)] | length' "$OUT") with a print"
