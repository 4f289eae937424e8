#!/usr/bin/env bash
# A move loses and doubles no write, although the producers never pause: answers take 250 ms, so requests are always in
# flight. Counted by unique record id from the server's log. The same with --in-flight ignore, which shows that the test can
# fail. The zone of the clients has no agent that they can reach, so each move brings them back and they are moved again.
# MOVES=20 of each client (default 8).
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
MOVES=${MOVES:-8}
AT=$(agent_ip a):9092
LIBS=(librdkafka confluent-debian) # by their name they send again, and so may be held
agent_start a --delay-produce 250ms
topology a=ready b=ready

moves() { event_count ".event == \"move\" and (.client_id | startswith(\"$1,\"))"; } # CLIENT
moved_enough() {
	local lib
	for lib in "${LIBS[@]}"; do [ "$(moves "$lib")" -ge $((before[$lib] + MOVES)) ] || return 1; done
}
# kcat reads its input by 2 kB, so its records come in bursts: often enough that it never pauses for as long as a gap is
rate_of() { [ "$1" = librdkafka ] && echo 300 || echo 40; }
declare -A before=()

# round NAME FLAGS...: writers work through moves; leaves NAME-LIB.all and NAME-LIB.acked
round() {
	local name=$1 lib
	shift
	rezone_start --interval 1s --stable-for 0s --cooldown 0s --give-up-after 0 --rate 100 "$@"
	for lib in "${LIBS[@]}"; do
		before[$lib]=$(moves "$lib")
		client_start "$name-$lib" "$lib" write --bootstrap "$AT" --client-id "$lib,warpstream_az=b,$LB" \
			--topic "$name-$lib" --rate "$(rate_of "$lib")"
	done
	check "$name: each of ${#LIBS[@]} producers is moved $MOVES times" within $((MOVES * 20 + 30)) moved_enough
	stop rezone # first: then what is in flight is answered
	for lib in "${LIBS[@]}"; do
		note "$name, $lib: $(event_kinds ".time >= \"$STARTED\" and (.client_id | startswith(\"$lib,\")) and .waited_ms != null")"
		stop "$name-$lib"
	done
	writes_end
	for lib in "${LIBS[@]}"; do written "$name-$lib"; done
}

round held
for lib in "${LIBS[@]}"; do none_doubled "held-$lib" 50; done
none_lost held-confluent-debian
round plain --in-flight ignore
sum=0
for lib in "${LIBS[@]}"; do
	note "plain, $lib: $(doubled "plain-$lib") of $(wc -l <"$WORK/plain-$lib.all") writes doubled"
	sum=$((sum + $(doubled "plain-$lib")))
done
check "without waiting writes are doubled ($sum)" test $sum -gt 0
