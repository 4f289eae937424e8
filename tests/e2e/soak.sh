#!/usr/bin/env bash
# An hour of ticks at a short interval, with clients that come and go: the daemon must not grow.
# Comes in: SOAK_SECONDS (3600). Goes out: a line a minute; at the end the peaks of memory, descriptors and map
# entries in the second and the last third, and "ok" or "not ok". Called by `make soak`; docs/evidence/performance.md has a run's figures.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
SECONDS_TOTAL=${SOAK_SECONDS:-3600}
e2e_begin
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
start=$SECONDS
while [ $((SECONDS - start)) -lt "$SECONDS_TOTAL" ]; do
	sleep 5
	alive rezone || break
	printf '%d %d %d %d %d %d\n' $((SECONDS - start)) "$(rss)" "$(fds)" "$(entries conns)" "$(entries client_ids)" "$(entries moves)" >>"$WORK/samples"
	[ $(((SECONDS - start) % 60)) -lt 6 ] && note "$((SECONDS - start)) s, $(counter_of ticks) ticks, $(stat_of opened) connections opened, $(moves_made) moves: RSS $(rss) kB, $(fds) descriptors, $(entries conns) conns, $(entries client_ids) client ids"
done
stop churn KILL
# Client ids are kept for ten minutes, or until their map is half full: the memory follows them up and down. So what is
# compared is the peak of the second third of the time and of the last; the first third is for warming up.
peak() { # COLUMN 1|2: of the second or the last third
	awk -v t="$SECONDS_TOTAL" -v c="$1" -v third="$2" '$1 > t * third / 3 && $1 <= t * (third + 1) / 3 + 5 && $c > most { most = $c } END { print most + 0 }' "$WORK/samples"
}
note "peaks of the second and of the last third: RSS $(peak 2 1) -> $(peak 2 2) kB, descriptors $(peak 3 1) -> $(peak 3 2), conns $(peak 4 1) -> $(peak 4 2), client ids $(peak 5 1) -> $(peak 5 2), moves $(peak 6 1) -> $(peak 6 2)"
check "the daemon is alive" alive rezone
grown() { [ "$(peak 2 2)" -gt $(($(peak 2 1) * 105 / 100 + 256)) ]; }
if [ "$SECONDS_TOTAL" -ge 1800 ]; then check "memory did not grow" eval '! grown'; else note "too short to judge memory by"; fi
check "descriptors did not grow" test "$(peak 3 2)" -le "$(peak 3 1)"
real() { ss -Htn -N "$P-a" state established "sport = 9092" | wc -l; }
agrees() { [ "$(entries conns)" = "$(real)" ]; }
check "readers were moved all the time" test "$(moves_made)" -ge $((SECONDS_TOTAL / 10))
check "map conns holds exactly the connections there are" within 10 agrees
