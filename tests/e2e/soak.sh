#!/usr/bin/env bash
# An hour of load, churn, moves and faults: nothing is lost, nobody who must stay is closed, rezone gets over each fault, and the daemon does
# not grow. SOAK_SECONDS (3600; a day: 86400), FAULT_EVERY (60 s).
# Goes out: a line a minute, "ok" or "not ok"; and the figures of docs/evidence/soak.md. Called by `make soak`.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
TOTAL=${SOAK_SECONDS:-3600}
FAULT_EVERY=${FAULT_EVERY:-60}
REPORT=${SOAK_REPORT:-$E2E_ROOT/docs/evidence/soak.md}
e2e_begin
AT=$(agent_ip a):9092
WRITERS=(confluent-debian-1 confluent-debian-2)
FLAGS=(--keep-pins --interval 200ms --stable-for 0s --cooldown 1s --cooldown-max 2s --give-up-after 0 --rate 100 --reconcile 2s --config "$WORK/rezone.yaml")
agent_start a # alone: who is moved is told of no other, so each move brings it back, to be moved again
topology a=ready b=ready
: >"$WORK/rezone.yaml"
rezone_start "${FLAGS[@]}" --mode observe # sees the names that clients give when they connect: they may be held
for i in 0 1; do
	client_start "r$i" kafka-go-debian read --bootstrap "$AT" --client-id "r$i,warpstream_az=b,$LB" --topic at-home --partition $i
	client_start "stays$i" kafka-go-debian read --bootstrap "$AT" --client-id "stays$i,warpstream_az=b" --topic at-home --partition $i # not opted in
done
client_start at-home kafka-go-debian write --bootstrap "$AT" --client-id at-home,warpstream_az=a --topic at-home --rate 20
for w in "${WRITERS[@]}"; do client_start "$w" "${w%-*}" write --bootstrap "$AT" --client-id "$w,warpstream_az=b,$LB" --topic "$w" --rate 10; done
STAY='(.client_id | startswith("at-home,")) or (.client_id | startswith("stays"))'
look() {
	kept=$(data_conns "$STAY")
	[ "$(wc -l <<<"$kept")" = 6 ] # a writer to four partitions, two readers
}
check "six connections must stay" within "$DEADLINE" look
stop rezone
rezone_start "${FLAGS[@]}"

# clients that come and go, each with an id of its own
churn() {
	local n=0
	while :; do
		n=$((n + 1))
		sleep 0.05
		in_ns cl timeout 2 kcat -L -b "$AT" -X "client.id=churn-$n,warpstream_az=b,$LB" >/dev/null 2>&1
	done
}
churn &
PIDS[churn]=$!

# ---- faults: each returns when it has been made; `faulty` waits until rezone is well
fault_kill() { stop rezone KILL && rezone_start "${FLAGS[@]}"; }
fault_stopped() {
	kill -STOP "${PIDS[rezone]}"
	sleep 3
	kill -CONT "${PIDS[rezone]}"
}
fault_pins() { rm -rf "$PIN_DIR"; }
fault_link() { bpftool link detach id "$(bpftool -j link show | jq -s --argjson id "$(stat -c %i "$CGROUP")" '[add[] | select(.type == "cgroup" and .cgroup_id == $id)][0].id')"; }
fault_topology() {
	echo 'agents: [' >"$WORK/topology.yaml"
	within 10 is_frozen unreadable
	topology a=ready b=ready c=notready
}
fault_away() { # home is away for a moment: moves under way are called off
	topology a=ready b=notready
	sleep 2
	topology a=ready b=ready
}
fault_settings() {
	echo 'rate: many' >"$WORK/rezone.yaml"
	kill -HUP "${PIDS[rezone]}"
	sleep 1
	echo "rate: $((RANDOM % 50 + 50))" >"$WORK/rezone.yaml"
	kill -HUP "${PIDS[rezone]}"
}
fault_pause() {
	"$REZONE" pause --pin-dir "$PIN_DIR" >/dev/null 2>&1
	sleep 2
	"$REZONE" resume --pin-dir "$PIN_DIR" >/dev/null 2>&1
}
healthy() { "$REZONE" status --pin-dir "$PIN_DIR" -o json | jq -e '.health == "healthy" or (.faults | map(.fault) - ["settings refused"] == [])' && is_frozen no; }
moves_more() { [ "$(counter_of moved)" -gt "$1" ]; }
faulty() { # KIND
	local began n
	"fault_$1"
	began=$(now_ms)
	if within 30 healthy && n=$(counter_of moved) && within 60 moves_more "$n"; then
		echo "$1 $(($(now_ms) - began))" >>"$WORK/faults"
	else
		echo "$1 never" >>"$WORK/faults"
		not_ok "$1, at $((SECONDS - start)) s: rezone gets over it"
	fi
}
# a daemon that is started again has another memory: so the kills are in the first third, and the peaks of the others are compared
KINDS=(stopped pins link topology away settings pause)

rss() { awk '/^VmRSS/ { print $2 }' "/proc/${PIDS[rezone]}/status"; }
fds() { find "/proc/${PIDS[rezone]}/fd" -mindepth 1 | wc -l; }
start=$SECONDS fault_at=$((FAULT_EVERY / 2)) minute=0 turn=0
while t=$((SECONDS - start)) && [ $t -lt "$TOTAL" ]; do
	alive rezone || break
	if [ $t -ge $fault_at ]; then
		fault_at=$((t + FAULT_EVERY))
		if [ $((turn++ % 2)) = 0 ] && [ $t -lt $((TOTAL / 3)) ]; then faulty kill; else faulty "${KINDS[$((turn % ${#KINDS[@]}))]}"; fi
	fi
	printf '%d %d %d %d %d %d\n' $t "$(rss)" "$(fds)" "$(entries conns)" "$(entries client_ids)" "$(entries moves)" >>"$WORK/samples"
	if [ $((t / 60)) -ge $minute ]; then
		minute=$((t / 60 + 1))
		note "$t s, $(counter_of ticks) ticks, $(stat_of opened) connections opened, $(counter_of moved) moves, $(wc -l 2>/dev/null <"$WORK/faults" || echo 0) faults: RSS $(rss) kB, $(fds) descriptors, $(entries conns) conns, $(entries client_ids) client ids"
	fi
	sleep 5
done
stop churn KILL

# Client ids are kept for ten minutes, or until their map is half full: the memory follows them up and down. So what is
# compared is the peak of the second third of the time and of the last; the first third is for warming up.
peak() { # COLUMN 0|1|2: of that third
	awk -v t="$TOTAL" -v c="$1" -v third="$2" '$1 > t * third / 3 && $1 <= t * (third + 1) / 3 + 5 && $c > most { most = $c } END { print most + 0 }' "$WORK/samples"
}
check "the daemon is alive" alive rezone
grown() { [ "$(peak 2 2)" -gt $(($(peak 2 1) * 105 / 100 + 256)) ]; }
if [ "$TOTAL" -ge 1800 ]; then check "memory did not grow" eval '! grown'; else note "too short to judge memory by"; fi
check "descriptors did not grow" test "$(peak 3 2)" -le "$(($(peak 3 1) + 1))"
real() { ss -Htn -N "$P-a" state established "sport = 9092" | wc -l; }
agrees() { [ "$(entries conns)" = "$(real)" ]; }
moved=$(moves_made) opened=$(stat_of opened) ticks=$(counter_of ticks)
check "clients were moved all the time" test "$moved" -ge $((TOTAL / 10))
check "map conns holds exactly the connections there are" within 10 agrees
check "rezone got over all of $(wc -l <"$WORK/faults") faults" eval '! grep -q never "$WORK/faults"'
check "who must stay has the connections it had" all_there "$kept"
check "... and no event tells of a move of theirs" eval "[ \"\$(event_count '.event == \"move\" and ($STAY)')\" = 0 ]"
stop rezone
for w in "${WRITERS[@]}" at-home; do stop "$w"; done
writes_end
sums=
for w in "${WRITERS[@]}" at-home; do
	written "$w"
	none_doubled "$w" $((TOTAL / 2))
	none_lost "$w"
	sums+="$(wc -l <"$WORK/$w.acked") $(doubled "$w") $(lost "$w") "
done

# the figures, between the report's marks
# shellcheck disable=SC2086 # numbers
figures() {
	set -- $sums
	echo "Of $((TOTAL / 60)) minutes, on $(date -u '+%d %B %Y'), source $(git -C "$E2E_ROOT" rev-parse --short HEAD), Linux $(uname -r | cut -d- -f1), load $(cut -d' ' -f2 /proc/loadavg); $([ $E2E_FAILED = 0 ] && echo 'no check failed' || echo 'A CHECK FAILED')."
	printf '\n| what | first third | second third | last third |\n|---|---|---|---|\n'
	local row
	for row in "2 memory of the daemon, peak, kB" "3 its descriptors, peak" "4 connections, peak" "5 client ids, peak" "6 entries of map moves, peak"; do
		printf '| %s | %s | %s | %s |\n' "${row#* }" "$(peak "${row%% *}" 0)" "$(peak "${row%% *}" 1)" "$(peak "${row%% *}" 2)"
	done
	printf '\n| what | how many |\n|---|---|\n'
	printf '| %s | %s |\n' "ticks of the last daemon" "$ticks" "connections opened, as counted since the maps were last made" "$opened" moves "$moved" \
		"acknowledged writes of clients that were moved" $(($1 + $4)) "of these doubled, lost" "$(($2 + $5)), $(($3 + $6))" \
		"acknowledged writes of the client at home" "$7" "of these doubled, lost" "$8, $9"
	printf '\n| fault | times | until healthy and moving again: median, longest |\n|---|---|---|\n'
	local kind said
	for kind in kill "${KINDS[@]}"; do
		said=$(awk -v k="$kind" '$1 == k { print $2 }' "$WORK/faults" | sort -n | awk '{ a[NR] = $1 } END { if (NR) print NR " | " a[int((NR + 1) / 2)] " ms, " a[NR] " ms"; else print "0 | -" }')
		printf '| `%s` | %s |\n' "$kind" "$said"
	done
}
if [ -w "$REPORT" ]; then
	figures >"$WORK/figures"
	awk -v from="$WORK/figures" '/^<!-- figures/ { print; print ""; while ((getline line < from) > 0) print line; print ""; skip = 1; next } /^<!-- end/ { skip = 0 } !skip' "$REPORT" >"$WORK/report" && cp "$WORK/report" "$REPORT"
fi
