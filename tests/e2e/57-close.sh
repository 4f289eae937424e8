#!/usr/bin/env bash
# The other ways of a move: a FIN on the agent's own descriptor, also while requests are held back, and where there is no
# bpf_sock_destroy; --close; producers with acks=0 and --acks0; what cannot be reached is said and left alone.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a):9092
agent_start a --delay-produce 250ms
UNNAMED= # each address is an agent by itself: so the clients may know two others, and readers without a name get a FIN
topology a=ready b=ready c=ready
FLAGS=(--keep-pins --interval 500ms --stable-for 0s --cooldown 0s --give-up-after 0 --rate 100)
# how it was closed: no other key of an event tells a FIN from a reset than its text
FIN='(.text | startswith("closed"))' RESET='(.text | startswith("reset"))' HELD='.held_ms > 0'
moves() { event_count "$(of "$1" "$2")"; } # CLIENT HOW, by this daemon
moved() { has_event "$(of "$1" "$2")" "$3"; }
of() { echo ".event == \"move\" and .time >= \"$STARTED\" and (.client_id | startswith(\"$1,\")) and $2"; }

rezone_start --mode observe "${FLAGS[@]}" # sees the name that a client gives when it connects: it may be held
client_start w confluent-debian write --bootstrap "$AT" --client-id "w,warpstream_az=b,$LB" --topic t --rate 40
client_start r kafka-go-debian read --bootstrap "$AT" --client-id "r,warpstream_az=b,$LB" --topic t --partition 0
within "$DEADLINE" grep -q '"event":"read"' "$WORK/r.log" || not_ok "r reads"
goes_on() { [ "$(reads r)" -gt $((n + 20)) ]; }

stop rezone
# a reader that does not say what it is gets a FIN; a writer that does, and sends again, a reset
rezone_start "${FLAGS[@]}"
check "auto: a reader without a name is closed by a FIN" within "$DEADLINE" moved r "$FIN" 3
check "auto: a writer that may be held is reset after a hold" within "$DEADLINE" moved w "$RESET and $HELD" 3
check "... and by nothing else" eval '! moved r "$RESET" 1 && ! moved w "$FIN" 1'
n=$(reads r)
check "the reader goes on" within "$DEADLINE" goes_on
told() { # REASON: how many of the closed connections ended for the agent so
	events "$(of r "$FIN")" | jq -r .client | while read -r conn; do
		grep -F "\"conn\":\"$conn\"" "$WORK/agent-a.trace" | grep -q "\"event\":\"close\".*$1" && echo
	done | wc -l
}
# a client that sends in that instant may make it an error
check "the agent was told of an end of file ($(told EOF) of $(moves r "$FIN"))" test "$(told EOF)" -gt 0
check "... and not that it closed the connection itself" test "$(told 'software caused')" -eq 0
stop rezone

rezone_start "${FLAGS[@]}" --close fin
check "--close fin: a writer is closed after a hold" within "$DEADLINE" moved w "$FIN and $HELD" 3
stop rezone
rezone_start "${FLAGS[@]}" --close reset
check "--close reset: a reader is reset" within "$DEADLINE" moved r "$RESET" 3
stop rezone

# without bpf_sock_destroy look and end are two steps: both ways hold new requests back in between
export REZONE_PROBE_WITHOUT=destroy
rezone_start "${FLAGS[@]}"
check "without the kfunc: a reader is closed by a FIN" within "$DEADLINE" moved r "$FIN" 3
check "without the kfunc: a writer is reset after a hold" within "$DEADLINE" moved w "$RESET and $HELD" 3
stop rezone
unset REZONE_PROBE_WITHOUT
stop w
stop r
writes_end
written w t
none_doubled w 50
none_lost w

# acks=0
client_start z kafka-python-debian write --bootstrap "$AT" --client-id "z,warpstream_az=b,$LB" --topic z --rate 5 --acks 0
rezone_start "${FLAGS[@]}"
check "acks=0: skipped by default" within "$DEADLINE" some_rows '(.client_id | startswith("z,")) and .reason == "acks=0"'
check "... for good" stays 2 no_rows '(.client_id | startswith("z,")) and .verdict == "move"'
stop rezone
rezone_start "${FLAGS[@]}" --acks0 move
check "--acks0 move: reset, in a gap" within "$DEADLINE" moved z "$RESET and .held_ms == 0" 3
check "... never held" test "$(moves z "$HELD")" = 0
stop rezone
stop z

client_start r kafka-go-debian read --bootstrap "$AT" --client-id "r,warpstream_az=b,$LB" --topic t --partition 0
# a process that rezone cannot see: in a PID namespace of its own, with its /proc, /proc/PID/fd of the agent is not there
STARTED=$(utc_now)
spawn rezone - - unshare --pid --fork --kill-child --mount-proc "$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" \
	--topology "$WORK/topology.yaml" --breaker 0 --home-ready-wait 0s "${FLAGS[@]}"
check "an agent that cannot be seen: nobody is moved, and the line says why" \
	within "$DEADLINE" has_event ".event == \"refused\" and .time >= \"$STARTED\" and (.client_id | startswith(\"r,\")) and (.error == \"ESRCH\" or .error == \"ENOENT\")"
check "... nor closed" test "$(moves r true)" = 0
n=$(reads r)
within "$DEADLINE" eval 'client_start w2 kafka-python-debian write --bootstrap "$AT" --client-id w2,warpstream_az=a --topic t --rate 40; true'
check "the reader goes on" within "$DEADLINE" goes_on
