#!/usr/bin/env bash
# An agent that works on one write for minutes: its client, which wrote in the very instant of the answer before, is not closed
# meanwhile, in either way of closing. The minutes are made by setting back when the latest request came, in map conns.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a)
RAW=$E2E_ROOT/tests/e2e/raw.py
topology a=ready b=ready
spawn agent a "$AGENTS" "$RAW" agent "$AT" 9092 "$WORK/trace" "$WORK/stall" 0
within "$DEADLINE" test -s "$WORK/trace" || not_ok "the agent starts"
answered() { grep -c '"event": "answered"' "$WORK/$1.log"; }
more_than() { [ "$(answered "$1")" -gt "$2" ]; }
# set_back COOKIE: its latest request came two minutes earlier
set_back() {
	bpftool -j map dump pinned "$PIN_DIR/conns" | python3 -c '
import json, struct, sys
for row in json.load(sys.stdin):
    c = row["formatted"]["value"]
    if row["formatted"]["key"] != int(sys.argv[1]):
        continue
    was, value = struct.pack("<Q", c["last_request_ns"]), bytes(int(b, 16) for b in row["value"])
    assert value.count(was) == 1
    now = struct.pack("<Q", c["last_request_ns"] - 120 * 10**9)
    print(*row["key"], "value", *(hex(b) for b in value.replace(was, now)))
' "$1" >"$WORK/row"
	read -ra row <"$WORK/row"
	bpftool map update pinned "$PIN_DIR/conns" key "${row[@]}"
}

stalled() { # NAME
	local name=$1 cookie n
	rm -f "$WORK/stall"
	rezone_start --mode observe --gap-timeout 1s --hold-timeout 2s
	mkfifo "$WORK/$name.fifo"
	spawn "$name" cl - "$RAW" client "$AT" 9092 "$name,warpstream_az=b,warpstream_interzone_lb=true" "$WORK/$name.fifo"
	exec 5>"$WORK/$name.fifo"
	printf 'connect\nsync 1000000\n' >&5
	check "$name: it writes, each write as soon as the one before is answered" within "$DEADLINE" more_than "$name" 50
	within "$DEADLINE" some_rows ".client_id | startswith(\"$name,\")" || not_ok "$name: it is identified"
	touch "$WORK/stall"
	n=-1
	within "$DEADLINE" eval 'sleep 0.3; [ "$n" = "$(answered "$name")" ] || { n=$(answered "$name"); false; }' || not_ok "$name: the agent stalls"
	cookie=$(rz_list -o json | jq -r ".[] | select(.client_id // \"\" | startswith(\"$name,\")) | .cookie")
	set_back "$cookie"
	check "$name: its latest request came two minutes ago" some_rows ".cookie == $cookie and .idle_s > 100"
	"$REZONE" reset --pin-dir "$PIN_DIR" --cookie "$cookie" -o json >"$WORK/$name.reset" 2>&1
	check "$name: it is not closed" no_event ".event == \"move\" and .cookie == $cookie"
	check "$name: the move was let go" has_event ".event == \"let-go\" and .cookie == $cookie"
	check "$name: its client was told nothing" eval '! grep -q "\"event\": \"end\"" "$WORK/$name.log"'
	rm -f "$WORK/stall"
	check "$name: and has its answer in the end" within "$DEADLINE" more_than "$name" "$((n + 10))"
	exec 5>&-
	stop "$name"
	stop rezone
}

stalled walk
export REZONE_PROBE_WITHOUT=destroy
stalled netlink
unset REZONE_PROBE_WITHOUT
