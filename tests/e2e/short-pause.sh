#!/usr/bin/env bash
# `make short-pause`: what closes by a FIN in short pauses cost producers of franz-go without idempotence. Each writer comes back to
# the same agent, for nobody listens at home, and is closed again and again, for each --settle of SETTLES until MOVES (200) are made or
# SECONDS_MAX (120) are over. Writers have one request in flight (the library's default) or many (pipe), 2 to 50 records a second, and
# responses at once, after 50 or after 250 ms. Those with stop in their names are stopped for STOP (0.3 s) again and again. BUSY (0):
# so many processes want to run meanwhile. ONLY="one5 pipe5": some writers. Prints a table for docs/evidence/holds.md, and judges nothing.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
counterpart() { "$E2E_ROOT/scripts/counterparts" path "$1" >/dev/null; }
counterpart client-go-others || skip "client-go-others is not built"
MOVES=${MOVES:-200} STOP=${STOP:-0.3} BUSY=${BUSY:-0}
ip -n "$P-a" addr add 10.99.1.2/16 dev eth0
ip -n "$P-a" addr add 10.99.1.3/16 dev eth0
topology a=ready b=ready
cat >>"$WORK/topology.yaml" <<-END
	  - { address: 10.99.1.2, zone: a, ready: true, name: agent-a2 }
	  - { address: 10.99.1.3, zone: a, ready: true, name: agent-a3 }
END
for i in 1 2 3; do # each has data of its own, so that it names itself alone
	delay=(0s 50ms 250ms)
	mkdir -p "$WORK/data$i"
	spawn "agent-$i" a "$AGENTS" "$STANDIN/rezone-agent" --id "$i" --zone a --listen "10.99.1.$i:9092" \
		--advertise "10.99.1.$i:9092" --data "$WORK/data$i" --log "$WORK/agent-$i.trace" --delay-produce "${delay[i - 1]}"
	within "$DEADLINE" test -e "$WORK/data$i/agents/$i" || not_ok "agent $i did not start"
done
# name -> agent, rate, settings
declare -A WRITER=(
	[one5]="1 5 one" [pipe5]="1 5 pipe" [one9]="1 9 one" [pipe9]="1 9 pipe" [one50]="1 50 one" [pipe50]="1 50 pipe"
	[one5at50]="2 5 one" [pipe5at50]="2 5 pipe" [one2at250]="3 2 one" [pipe2at250]="3 2 pipe"
	[one5stop]="1 5 one" [pipe5stop]="1 5 pipe" [one9stop]="1 9 one" [pipe9stop]="1 9 pipe"
	[one5at50stop]="2 5 one" [pipe5at50stop]="2 5 pipe" [one50stop]="1 50 one" [pipe50stop]="1 50 pipe"
)
one="--settings default --set enable.idempotence=false" pipe="--settings pipeline"
stop_and_go() { # PID: until it ends
	while kill -0 "$1" 2>/dev/null; do
		sleep "0.$((RANDOM % 9 + 1))"
		kill -STOP "$1" 2>/dev/null
		sleep "$STOP"
		kill -CONT "$1" 2>/dev/null
	done
}
for i in $(seq "$BUSY"); do spawn "busy-$i" - - sh -c 'while :; do :; done'; done
echo "| --settle | writer | moves | bridges called off | acknowledged | doubled | lost | errors |"
echo "|---|---|---|---|---|---|---|---|"
for settle in ${SETTLES:-250ms 10ms 0s}; do
	rezone_start --interval 300ms --stable-for 0s --cooldown 0s --give-up-after 0 --outcome-after 1s --rate 100 \
		--holds 64 --gap-timeout 1s --hold-timeout 400ms --settle "$settle"
	for w in ${ONLY:-${!WRITER[@]}}; do
		read -r agent rate how <<<"${WRITER[$w]}"
		within "$DEADLINE" eval 'in_ns cl timeout 5 kcat -L -b "10.99.1.$agent:9092" -t "$w-$settle" 2>/dev/null | grep -q "partition 0, leader [0-9]"'
		# shellcheck disable=SC2086 # flags
		client_start "$w-$settle" franz-go write --bootstrap "10.99.1.$agent:9092" --client-id "$w,warpstream_az=b,$LB" \
			--topic "$w-$settle" --partition 0 --rate "$rate" ${!how}
	done
	stoppers=
	for w in ${ONLY:-${!WRITER[@]}}; do
		[[ $w != *stop* ]] || { stop_and_go "${PIDS[$w-$settle]}" & stoppers+=" $!"; }
	done
	within "${SECONDS_MAX:-120}" eval '[ "$(moves_made)" -ge $(('"$MOVES"' + ${before:-0})) ]'
	before=$(moves_made)
	events '.event == "move" or .event == "let-go" or .event == "refused"' >"$WORK/$settle.events"
	held=$(stat_of held_segments)
	stop rezone
	for p in $stoppers; do kill "$p" 2>/dev/null; done
	for w in ${ONLY:-${!WRITER[@]}}; do
		kill -CONT "${PIDS[$w-$settle]}"
		stop "$w-$settle"
	done
	writes_end
	for w in ${ONLY:-${!WRITER[@]}}; do
		read -r agent rate how <<<"${WRITER[$w]}"
		written "$w-$settle" "$w-$settle" "10.99.1.$agent:9092"
		jq -rs --arg w "$w," --arg from "$STARTED" '[.[] | select((.client_id | startswith($w)) and .time >= $from)]
			| "\([.[] | select(.event == "move")] | length) | \([.[] | select(.check == "held")] | length)"' "$WORK/$settle.events" >"$WORK/n"
		echo "| $settle | $w | $(cat "$WORK/n") | $(wc -l <"$WORK/$w-$settle.acked") | $(doubled "$w-$settle") | $(lost "$w-$settle") | $(grep -c '"event":"error"' "$WORK/$w-$settle.log") |"
	done
	echo "held segments: $held"
done
