#!/usr/bin/env bash
# An hour of ticks at a short interval, with clients that come and go: the daemon must not grow.
# Comes in: SOAK_SECONDS (3600). Goes out: a line a minute; at the end memory, descriptors and map entries of an early
# and the last tenth, and "ok" or "not ok". Called by `make soak`; docs/performance.md has a run's figures.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
SECONDS_TOTAL=${SOAK_SECONDS:-3600}
e2e_begin
LB=warpstream_interzone_lb=true
BOOT=$(agent_ip a):9092
agent_start a # alone: the readers of zone b are told of no other, so each reset brings them back, to be reset again
topology a=ready b=ready
rezone_start --interval 200ms --stable-for 0s --cooldown 1s --cooldown-max 2s --give-up-after 0 --rate 100
for i in 0 1; do
	client_start "r$i" kafka-go-debian read --bootstrap "$BOOT" --client-id "r$i,warpstream_az=b,$LB" --topic t --partition $i
	client_start "w$i" kafka-go-debian write --bootstrap "$BOOT" --client-id "w$i,warpstream_az=a" --topic t --rate 20
done
# clients that come and go, each with an id of its own; and the topology flips
churn() {
	local n=0
	while :; do
		n=$((n + 1))
		sleep 0.05
		in_ns cl timeout 2 kcat -L -b "$(agent_ip a):9092" -X "client.id=churn-$n,warpstream_az=b,$LB" >/dev/null 2>&1
		if [ $((n % 40)) -eq 0 ]; then topology a=ready b=ready c=notready; elif [ $((n % 40)) -eq 20 ]; then topology a=ready b=ready; fi
	done
}
churn &
PIDS[churn]=$!

rss() { awk '/^VmRSS/ { print $2 }' "/proc/${PIDS[rezone]}/status"; }
fds() { find "/proc/${PIDS[rezone]}/fd" -mindepth 1 | wc -l; }
entries() { bpftool -j map dump pinned "$PIN_DIR/$1" | jq length; }
ticks() { bpftool -j map dump pinned "$PIN_DIR/settings" | jq '.[0].formatted.value.ticks'; }
start=$SECONDS
while [ $((SECONDS - start)) -lt "$SECONDS_TOTAL" ]; do
	sleep 5
	alive rezone || break
	printf '%d %d %d %d %d %d\n' $((SECONDS - start)) "$(rss)" "$(fds)" "$(entries conns)" "$(entries client_ids)" "$(entries moves)" >>"$WORK/samples"
	[ $(((SECONDS - start) % 60)) -lt 6 ] && note "$((SECONDS - start)) s, $(ticks) ticks, $(stat_of opened) connections opened, $(stat_of resets) resets: RSS $(rss) kB, $(fds) descriptors, $(entries conns) conns, $(entries client_ids) client ids"
done
stop churn KILL
median() { # COLUMN head|tail: a tenth of the time after the first third, or the last tenth
	awk -v t="$SECONDS_TOTAL" '$1 > t / 3' "$WORK/samples" >"$WORK/s"
	local n=$(($(wc -l <"$WORK/s") / 6 + 1))
	"$2" -n $n "$WORK/s" | awk -v c="$1" '{ print $c }' | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
note "medians of a tenth of the time after the first third, and of the last tenth: RSS $(median 2 head) -> $(median 2 tail) kB, descriptors $(median 3 head) -> $(median 3 tail), conns $(median 4 head) -> $(median 4 tail), client ids $(median 5 head) -> $(median 5 tail), moves $(median 6 head) -> $(median 6 tail)"
check "the daemon is alive" alive rezone
# client ids are kept for ten minutes by design, so the daemon's memory grows with them at first
grown() { [ "$(median 2 tail)" -gt $(($(median 2 head) * 110 / 100 + 512)) ]; }
check "memory did not grow" eval '! grown'
check "descriptors did not grow" test "$(median 3 tail)" -le "$(median 3 head)"
real() { ss -Htn -N "$P-a" state established "sport = 9092" | wc -l; }
agrees() { [ "$(entries conns)" = "$(real)" ]; }
check "readers were moved all the time" test "$(stat_of resets)" -ge $((SECONDS_TOTAL / 10))
check "map conns holds exactly the connections there are" within 10 agrees
