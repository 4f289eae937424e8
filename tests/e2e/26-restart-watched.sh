#!/usr/bin/env bash
# Commands that go on (events -f, list -w, top) while the daemon is restarted: it makes other maps, and they go on with those. Where
# none runs any more, list -w says so. A `rezone reset` that is stopped takes back what the daemon has not taken; one whose daemon is
# killed says so.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
agent_start a
topology a=ready
client_start r kafka-go-debian read --bootstrap "$(agent_ip a):9092" --client-id r,warpstream_az=a --topic t
rezone_start --interval 500ms --mode observe
within "$DEADLINE" some_rows '.client_id == "r,warpstream_az=a"' || not_ok "the reader is listed"
spawn events - - "$REZONE" events -f -o json --pin-dir "$PIN_DIR"
spawn list - - "$REZONE" list -w200ms -o json --pin-dir "$PIN_DIR"
spawn table - - "$REZONE" list -w200ms --pin-dir "$PIN_DIR"
spawn top - - "$REZONE" top -b -w 200ms --pin-dir "$PIN_DIR"
starts() { grep '^{' "$WORK/events.log" | jq -r 'select(.event == "start").event' | wc -l; }
lists() { tail -n 1 "$WORK/list.log" | jq -e "$1" >/dev/null; }
tops() { tail -n 12 "$WORK/top.log" | grep -A2 "^rezone top" | grep -qi -- "$1"; }
check "each shows the daemon" within "$DEADLINE" eval '[ "$(starts)" = 1 ] && lists length==1 && tops healthy'

stop rezone
check "the daemon ended: list says so, once" within "$DEADLINE" grep -q "no daemon runs" "$WORK/table.log"
check "... the events have its end" within "$DEADLINE" grep -q '"event":"stop"' "$WORK/events.log"
check "... top, that it does not run" within "$DEADLINE" tops 'not running'
agent_stop a
check "... and none of them ended" eval 'sleep 1; alive events && alive list && alive top && [ "$(grep -c "no daemon runs" "$WORK/table.log")" = 1 ]'

rezone_start --interval 500ms --mode observe
check "another daemon: events go on with its start" within "$DEADLINE" eval '[ "$(starts)" = 2 ]'
check "... list has its connections, and not the earlier one's" within "$DEADLINE" lists 'length == 0'
check "... top is healthy, and has none either" within "$DEADLINE" eval 'tops healthy && tops "connections 0"'
"$REZONE" pause --pin-dir "$PIN_DIR" --for 1s >/dev/null
check "... later events come, too" within "$DEADLINE" grep -q '"event":"resume"' "$WORK/events.log"
for c in events list table top; do stop $c; done

agent_start a
within "$DEADLINE" some_rows '.kind == "data"' || not_ok "the reader is back"
kill -STOP "${PIDS[rezone]}"
spawn reset - - "$REZONE" reset --all --pin-dir "$PIN_DIR"
check "reset waits for a daemon that stands still" within "$DEADLINE" eval '[ "$(entries orders)" -gt 0 ]'
kill -INT "${PIDS[reset]}"
wait "${PIDS[reset]}"
check "... stopped, it ends with status 1 and a line" test $? = 1 -a "$(grep -c "reset: stopped" "$WORK/reset.log")" = 1
unset "PIDS[reset]"
check "... and takes back what it wanted" test "$(entries orders)" = 0
kill -CONT "${PIDS[rezone]}"
check "... so that nobody is moved" stays 2 nobody_moved
kill -STOP "${PIDS[rezone]}"
spawn reset - - "$REZONE" reset --all --pin-dir "$PIN_DIR"
within "$DEADLINE" eval '[ "$(entries orders)" -gt 0 ]'
stop rezone KILL
check "reset, and the daemon is killed: it says so while it waits" within "$DEADLINE" grep -q "no daemon runs any more" "$WORK/reset.log"
stop reset INT
