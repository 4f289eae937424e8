#!/usr/bin/env bash
# quiet
# A hold over a hole in the client's stream: a write is lost, and TCP keeps the one behind it. What fills the hole is held back, so
# neither is executed, and the move ends well, by a reset and by a FIN. If the client leaves meanwhile and the hold is called off,
# the agent's socket is closed all the same. Without bpf_sock_destroy nobody can tell whether a hole is filled: the hold is given up
# as soon as the responses are out, with its reason, and each write is executed once.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a)
RAW=$E2E_ROOT/tests/e2e/raw.py
REJECT=$E2E_ROOT/tests/e2e/reject.py
FLAGS=(--interval 250ms --stable-for 0s --cooldown 1h --rate 100 --gap-timeout 3s --hold-timeout 20s)
spawn agent a "$AGENTS" "$RAW" agent "$AT" 9092 "$WORK/trace" "$WORK/stall" 0.3
within "$DEADLINE" test -s "$WORK/trace" || not_ok "the agent starts"

tell() { # LINE: the client does it
	local n
	n=$(grep -cs '"done"' "$WORK/$name.log")
	echo "$*" >&5
	within "$DEADLINE" eval "[ \$(grep -c '\"done\"' \"$WORK/$name.log\") -gt ${n:-0} ]" || not_ok "the client does: $*"
}
of() { echo "(.client_id // \"\" | startswith(\"$name-\"))"; }
event() { "$REZONE" events --pin-dir "$PIN_DIR" -e "$1" -o json 2>/dev/null | jq -se "any(.[]; $(of) and $2)" >/dev/null; }
did() { grep '"did"' "$WORK/trace" | jq -se "[.[] | select(.port == $port) | .mark] | $1" >/dev/null; }
client_says() { jq -se "any(.[]; .name == \"$name-hole\" and $1)" "$WORK/$name.log" >/dev/null; }
followed() { bpftool -j map dump pinned "$PIN_DIR/holds" | jq -e 'any(.[]; .formatted.value.answers.synced == 1)'; }

# held_over_hole NAME FLAGS...: a client that never pauses; then TCP keeps a write of its behind a hole, the agent is slow to answer
# the $n requests before, and the client is held. What fills the hole does not get through.
held_over_hole() {
	local early kept dropped
	name=$1
	shift
	topology a=ready b=notready c=ready # else this library is held before the hole is there
	rezone_start "${FLAGS[@]}" "$@"
	mkfifo "$WORK/$name.fifo"
	spawn "$name" cl - "$REJECT" client "$AT" 9092 "$WORK/$name.fifo"
	exec 5<>"$WORK/$name.fifo"
	tell open "$name" b hole
	port=$(jq -s '[.[] | select(.event == "open")][0].port' "$WORK/$name.log")
	tell name "$name"
	tell flow "$name" 20
	within 10 some_rows "$(of) and .state == \"data\"" || not_ok "$name: it is identified"
	topology a=ready b=ready c=ready
	within 10 followed || not_ok "$name: its responses are followed"
	touch "$WORK/stall"
	early=$(stat_of early_segments) kept=$(counter a TCPOFOQueue)
	tell hole "$name"
	n=$(jq -s '[.[] | select(.event == "hole")][0].asked' "$WORK/$name.log")
	check "$name: TCP keeps a write behind a hole" \
		within 5 eval "[ \$(stat_of early_segments) -gt $early ] && [ \$(counter a TCPOFOQueue) -gt $kept ]"
	check "$name: it is held" within 10 some_rows "$(of) and .phase == \"hold\""
	dropped=$(stat_of held_segments)
	tell write "$name" 2
	check "$name: what fills the hole is held back" within 5 eval "[ \$(stat_of held_segments) -gt $dropped ]"
}
ends_well() {
	rm "$WORK/stall"
	check "$name: it is moved long before its hold would end" within 5 event move ".held_segments > 0"
	check "$name: its client sees the end, and has each of the $n responses" within 5 client_says ".event == \"end\" and .answered == $n"
	none_executed
	done_with
}
none_executed() { check "$name: neither of the two writes was executed" did "length == $((n - 1)) and unique == ."; }
done_with() {
	exec 5>&-
	stop "$name"
	stop rezone
}

held_over_hole reset --close reset
ends_well
held_over_hole fin --close fin
ends_well
# its client gives up, and the hold is called off: what TCP keeps behind the hole reaches the agent no more
ip -n "$P-cl" route change 10.99.0.0/16 dev eth0 src 10.99.9.1 rto_min 4s # why: 64-gives-up
held_over_hole leaves --close reset
tell leave leaves
check "leaves: its FIN comes behind what is held back" within "$DEADLINE" event left-while-held true
topology a=ready b=notready c=ready
check "leaves: the hold is called off" within "$DEADLINE" event refused true
rm "$WORK/stall"
check "leaves: once its responses are out, the agent's socket is closed" within "$DEADLINE" event left-closed true
check "leaves: its client has each of the $n responses" within 5 client_says ".event == \"end\" and .answered == $n"
none_executed
done_with
export REZONE_PROBE_WITHOUT=destroy
held_over_hole netlink --close reset
rm "$WORK/stall"
check "netlink: it is let go long before its hold would end, for that reason" within 5 event let-go '.check == "unseen-bytes"'
check "netlink: each of its writes is executed, once" within 10 did "length == $((n + 1)) and unique == ."
check "netlink: and answered" within 10 eval "tell count $name; client_says '.event == \"count\" and .answered == $((n + 2))'"
done_with
