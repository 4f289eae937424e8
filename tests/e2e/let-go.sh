#!/usr/bin/env bash
# `make let-go`: what a hold that is let go costs its client. N connections (30) that never pause, whose agent answers later than a
# hold may last; for each hold timeout the time from the let-go to the next request that the agent gets, and of the whole stall
# (between two requests, 40 ms apart without a hold). And what the daemon's looking every few ms costs meanwhile. Prints a table for
# docs/evidence/holds.md; judges only that nothing was reset.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
LAST=$BUILD/last
AT=$(agent_ip a)
N=${N:-30}
topology a=ready b=ready
cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000 / hz }' "/proc/${PIDS[rezone]}/stat"; }
echo "| hold timeout | let go | from the let-go to the next request: median, 90 %, longest | the whole stall: median, 90 %, longest | the daemon's share of a CPU meanwhile |"
echo "|---|---|---|---|---|"
for ms in ${HOLD_MS:-500 1000 2000 5000}; do
	name=hold$ms
	"$LAST" stuck "$WORK/$name" "$N" $((ms * 11 / 10))
	rezone_start --mode observe --holds 512 --hold-timeout "${ms}ms"
	spawn "serve-$name" a "$CGROUP" "$LAST" serve "$WORK/$name" "$AT" 9092
	within "$DEADLINE" in_ns a sh -c "ss -Hltn 'sport = 9092' | grep -q ." || not_ok "the server listens"
	spawn "ask-$name" cl - "$LAST" ask "$WORK/$name" "$AT" 9092 "last-%u,warpstream_az=b,warpstream_interzone_lb=true"
	within "$DEADLINE" has_rows '.state == "data" and .requests > 5' "$N" || not_ok "all $N are data connections"
	"$LAST" mark "$WORK/$name"
	at=$(now_ms) cpu=$(cpu_ms)
	"$REZONE" reset --pin-dir "$PIN_DIR" --all >/dev/null 2>&1
	cpu=$(((${cpu%.*} - $(cpu_ms | cut -d. -f1)) * -1000 / ($(now_ms) - at)))
	sleep $((ms / 1000 + 1)) # TCP's timer has doubled at most to the time of the hold
	"$REZONE" events --pin-dir "$PIN_DIR" -e let-go -o json 2>/dev/null >"$WORK/$name.events"
	stop rezone
	"$LAST" say "$WORK/$name" >"$WORK/$name.json"
	check "hold timeout $ms ms: nobody was reset" eval '! grep -q "\"outcome\":\"reset\"" "$WORK/$name.json"' | grep -v '^ok'
	stop "ask-$name"
	stop "serve-$name"
	jq -rn --argjson at "$at" --arg ms "$ms" --argjson cpu "$cpu" --slurpfile rows "$WORK/$name.json" --slurpfile events "$WORK/$name.events" '
		def ms: (.[:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber);
		def spread: sort | "\(.[length / 2 | floor] | round) ms, \(.[length * 9 / 10 | floor] | round) ms, \(.[-1] | round) ms";
		($events | map({(.client | split(":")[-1]): ((.time | ms) - $at)}) | add) as $go |
		[$rows[] | select($go[(.port | tostring)] != null) | . + {after: (.gap_ended_ms - $go[(.port | tostring)])}] as $r |
		"| \($ms) ms | \($r | length) | \([$r[].after] | spread) | \([$r[].longest_gap_ms] | spread) | \($cpu / 10) % |"'
done
