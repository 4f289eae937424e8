#!/usr/bin/env bash
# needs: counterparts
# `make pace`: how many connections of one kafka-go Reader may be moved at an interval, by what its application sees. A Reader with a
# connection for each of PARTITIONS, that has read every partition for a while, when its home appears; for each client-share the longest
# time without a record of a partition and of all, errors, generations, and when all were home. `all`: `rezone reset` of all at once.
# Prints a table for docs/evidence/pace.md; judges nothing.
# PARTITIONS="16 200" SHARES="0 10 25 50 all" ROLES="group read" CLOSES="reset fin" INTERVAL=5 REZONE_FLAGS=
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a)
INTERVAL=${INTERVAL:-5}
QUIET=10 # seconds of the baseline
READER='.client_id | startswith("reader")'
echo "| connections | reader | close | client-share | moves | home after | longest without a record, of a partition: before, meanwhile | ... of all partitions | errors | generations | log lines |"
echo "|---|---|---|---|---|---|---|---|---|---|---|"

# away N: so many data connections of the reader are at agent a
away() { has_rows "($READER) and (.kind == \"data\" or .kind == \"shared\") and .locality == \"cross\"" "$1"; }
# fed N: every partition was read lately
fed() { [ "$(tail -n 2000 "$WORK/reader.log" | grep -o '"partition":[0-9]*,"offset":[0-9]*' | cut -d, -f1 | sort -u | wc -l)" = "$1" ]; }

# cell PARTITIONS ROLE CLOSE SHARE
cell() {
	local n=$1 role=$2 close=$3 share=$4 up all rate args flags
	read -ra flags <<<"${REZONE_FLAGS:-}"
	rm -rf "$WORK/data" "$WORK"/reader.log "$WORK"/*.trace
	mkdir -p "$WORK/data"
	topology a=ready b=notready
	agent_start a --partitions "$n"
	rezone_start --interval "${INTERVAL}s" --stable-for 0s --rate 1000 --close "$close" \
		--client-share "$([ "$share" = all ] && echo 0 || echo "$share")" "${flags[@]}"
	rate=$((n * 2 > 400 ? 400 : n * 5))
	in_ns cl kcat -L -b "$AT:9092" -t feed >/dev/null 2>&1 # makes the topic: kafka-go's Writer does not
	client_start feeder kafka-go write --bootstrap "$AT:9092" --client-id feeder --topic feed --rate $rate
	args=(--partition 0 --instances "$n")
	[ "$role" = read ] || args=(--group pace)
	within "$DEADLINE" grep -q '"wrote"' "$WORK/feeder.log" || not_ok "the feeder writes"
	client_start reader kafka-go "$role" --bootstrap "$AT:9092" --client-id "reader,warpstream_az=b,$LB" --topic feed --from last "${args[@]}"
	within 60 fed "$n" || not_ok "all $n partitions are read"
	within "$DEADLINE" away "$n" || not_ok "$n connections are away: $(rows "$READER")"
	sleep $QUIET
	up=$(utc_now)
	agent_start b --partitions "$n"
	topology a=ready b=ready
	if [ "$share" = all ]; then
		within "$DEADLINE" some_rows "($READER) and .reason != \"no agent there\""
		"$REZONE" reset --pin-dir "$PIN_DIR" --client-id 'reader*' >/dev/null 2>&1
	fi
	within $((n * INTERVAL + 30)) away 0
	all=$(now_ms)
	sleep 3 # the last ones find their way
	stop reader
	"$(dirname "$0")/pace.py" "$WORK/reader.log" "$n" "$up" $QUIET "$all" "$(events '.event == "move"' | wc -l)" \
		"$n" "$([ "$role" = read ] && echo "$n Readers" || echo "one, in a group")" "$close" "$share"
	[ -z "${KEEP:-}" ] || cp "$WORK/reader.log" "$KEEP/reader-$n-$role-$close-$share.log"
	stop feeder
	stop rezone
	rm -f "$WORK/events.json"
	agent_stop a KILL
	agent_stop b KILL
}

for n in ${PARTITIONS:-16 200}; do
	for role in ${ROLES:-group read}; do
		for close in ${CLOSES:-reset fin}; do
			for share in ${SHARES:-0 10 25 50 all}; do
				cell "$n" "$role" "$close" "$share"
			done
		done
	done
done
