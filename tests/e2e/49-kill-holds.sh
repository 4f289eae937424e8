#!/usr/bin/env bash
# SIGKILL in the midst of moves, KILLS times (12; `make kill-holds`: 200) at random moments, most of them while connections are
# held: every held connection goes on within its hold's deadline and TCP's next retransmission, for BPF keeps the deadline, and in
# the end no write is lost or doubled.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
KILLS=${KILLS:-12}
HOLD_MS=1000
AT=$(agent_ip a):9092
# not kafka-python: on a busy machine it doubles a write now and then if it meets a reset, with any daemon (docs/concepts.md, "Settle").
# librdkafka asks once a second here, for kcat reads its input in pieces.
WRITERS=(librdkafka-1 confluent-debian-1 confluent-debian-2 confluent-debian-3 confluent-debian-4 confluent-debian-5)
agent_start a --delay-produce 250ms
topology a=ready b=ready
rezone_start --mode observe --keep-pins # sees the names that clients give when they connect: they may be held
for w in "${WRITERS[@]}"; do
	client_start "$w" "${w%-*}" write --bootstrap "$AT" --client-id "$w,warpstream_az=b,$LB" --topic "$w" --rate 40
done
wrote() { grep -q "\"event\":\"produced\".*\"topic\":\"$1\"" "$WORK/agent-a.trace"; }
for w in "${WRITERS[@]}"; do within "$DEADLINE" wrote "$w" || not_ok "$w writes"; done
stop rezone

# on a busy machine a process that was killed may end later than the next one begins, and has the lock of the pins until then
ended() { ! grep -qE '^State:[[:space:]]+[^ZX[:space:]]' "/proc/$1/status"; }
for i in $(seq "$KILLS"); do
	rezone_start --interval 250ms --stable-for 0s --cooldown 3s --cooldown-max 3s --give-up-after 0 --rate 100 --gap-timeout 200ms --hold-timeout ${HOLD_MS}ms
	disown "${PIDS[rezone]}" # or the shell tells of its end
	"$E2E_ROOT/tests/e2e/kill_holds.py" "${PIDS[rezone]}" "$REZONE" "$PIN_DIR" "$WORK/agent-a.trace" 1300 >>"$WORK/kills.json" || not_ok "kill $i"
	within "$DEADLINE" ended "${PIDS[rezone]}" || not_ok "it has ended after kill $i"
	unset 'PIDS[rezone]'
done
of() { jq -s "$@" "$WORK/kills.json"; }
note "phases of moves at $(of length) kills: $(of -c '[.[].phases | to_entries[]] | group_by(.key) | map({(.[0].key): (map(.value) | add)}) | add')"
held=$(of '[.[].held[]] | length') in_hold=$(of '[.[] | select(.held | length > 0)] | length')
went=$(of '[.[].held[] | select(.went_on_ms != null)] | length')
spread() { of "[.[].held[] | select(.went_on_ms != null and .dropped > 0) | $1] | sort | \"median \(.[length / 2 | floor] | round), 90 % \(.[length * 9 / 10 | floor] | round), highest \(.[-1] | round) ms\"" | tr -d '"'; }
note "$held connections were held at $in_hold kills, $(of '[.[].held[] | select(.dropped > 0)] | length') of them had asked for something meanwhile; of these, from the kill to the next request that was executed: $(spread .went_on_ms); from the deadline: $(spread '.went_on_ms - .left_ms')"
check "a third of the kills fell into a hold, or more ($in_hold of $KILLS)" test "$in_hold" -ge $((KILLS / 3))
check "every connection that was held went on ($went of $held)" test "$went" -eq "$held"
# the client's TCP has doubled its timer while it was held: at most as long again, and three seconds for a busy machine
late=$(of -c ".[] | .load as \$load | .held[] | select(.dropped > 0 and (.went_on_ms // 1e9) > .left_ms + $HOLD_MS + 3000) | . + {load: \$load}" | tee "$WORK/late" | wc -l)
sed "s/^/# late: /" "$WORK/late"
check "within the hold's deadline and a retransmission ($late later)" test "$late" -eq 0
check "no connection was lost by it" test "$(of '[.[].held[] | select(.ended)] | length')" -eq 0

for w in "${WRITERS[@]}"; do stop "$w"; done
writes_end
lost=0 doubled=0 all=0
for w in "${WRITERS[@]}"; do
	written "$w"
	all=$((all + $(wc -l <"$WORK/$w.all")))
	d=$(doubled "$w") l=$(lost "$w")
	[ $((d + l)) -gt 0 ] && note "$w: $d doubled, $l lost"
	doubled=$((doubled + d)) lost=$((lost + l))
done
check "no write of $all is doubled ($doubled)" test $doubled -eq 0
check "no acknowledged write is lost ($lost)" test $lost -eq 0
check "they were many" test $all -gt $((KILLS * 50))
