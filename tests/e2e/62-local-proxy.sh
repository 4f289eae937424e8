#!/usr/bin/env bash
# A sidecar in the agent's pod: the client's connection ends in it, and it opens one from 127.0.0.6 to the agent's own address, by
# whose TCP nobody knows what the client has got. Such connections are left alone, unless --local-proxy says otherwise.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a)
RAW=$E2E_ROOT/tests/e2e/raw.py
FLAGS=(--interval 250ms --stable-for 0s --cooldown 0s --give-up-after 0)
ip -n "$P-a" addr add 127.0.0.6/8 dev lo 2>/dev/null
topology a=ready b=ready
spawn agent a "$CGROUP" "$RAW" agent "$AT" 9092 "$WORK/trace" "$WORK/stall" 0
spawn proxy a "$CGROUP" "$RAW" proxy "$AT" 15006 127.0.0.6 "$AT" 9092
within "$DEADLINE" test -s "$WORK/trace" || not_ok "the agent starts"
within "$DEADLINE" eval 'in_ns a ss -Hltn "sport = 15006" | grep -q .' || not_ok "the proxy starts"
# with pauses, for one that is older than rezone is closed in a pause or not at all
client() { # NAME PORT
	mkfifo "$WORK/$1.fifo"
	spawn "$1" cl - "$RAW" client "$AT" "$2" "$1,warpstream_az=b,$LB" "$WORK/$1.fifo"
	exec {fd}<>"$WORK/$1.fifo" # open until the end: the client ends with it
	printf 'connect\nflow 2500\n' >&"$fd"
}
of() { echo "(.client_id | startswith(\"$1,\"))"; }
moved() { has_event ".event == \"move\" and (.client_id | startswith(\"$1,\"))"; }

# older than rezone, and younger
client old 15006
within "$DEADLINE" grep -q '"answered"' "$WORK/old.log" || not_ok "the older one writes"
rezone_start "${FLAGS[@]}"
client young 15006
for c in old young; do
	check "$c: it is left alone, and the reason says why" within "$DEADLINE" some_rows "$(of $c) and .reason == \"behind a local proxy\" and .via == \"local\""
done
client direct 9092
check "one that comes over the network is moved meanwhile" within "$DEADLINE" moved direct
"$REZONE" reset --pin-dir "$PIN_DIR" --all -o json >"$WORK/reset.json" 2>/dev/null
check "by hand neither, for the same reason" eval 'jq -se "flatten | map(select(.client | startswith(\"127.0.0.6:\"))) | length == 2 and all(.[]; .moved == false and .result == \"behind a local proxy\")" "$WORK/reset.json" >/dev/null'
check "none was moved" eval '! moved old && ! moved young'
stop rezone
rezone_start "${FLAGS[@]}" --local-proxy move
check "--local-proxy move: they are moved" within "$DEADLINE" eval 'moved old && moved young'
