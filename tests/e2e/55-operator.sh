#!/usr/bin/env bash
# The operator's hand: `rezone events` tells of moves, holds, outcomes and verdicts as they happen and keeps them over a
# restart; pause and resume, also over a restart that removes everything; reset by hand, with and without waiting.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
agent_start a --delay-produce 250ms
AT=$(agent_ip a):9092
topology a=ready b=ready
# what the maps hold; the helpers of lib.sh also know what a SIGTERM removed
kept() { [ "$(events_now | jq -c "select($1)" | wc -l)" -ge "${2:-1}" ]; } # FILTER [LEAST]
paused() { [ "$("$REZONE" stats --pin-dir "$PIN_DIR" -o json 2>/dev/null | jq .paused)" = "$1" ]; } # true|false
pause() { "$REZONE" pause --pin-dir "$PIN_DIR" "$@" 2>/dev/null; }
resume() { "$REZONE" resume --pin-dir "$PIN_DIR" 2>/dev/null; }
reset() { "$REZONE" reset --pin-dir "$PIN_DIR" "$@" 2>"$WORK/reset.err"; }

# paused before there is a daemon
check "pause works before the first daemon" pause --reason "a test"
client_start w confluent-debian write --bootstrap "$AT" --client-id "w,warpstream_az=b,$LB" --topic t --rate 40
client_start other kafka-go-debian read --bootstrap "$AT" --client-id "other,warpstream_az=a" --topic t
within "$DEADLINE" grep -qE '"event": ?"wrote"' "$WORK/w.log" || not_ok "w writes"
flags=(--interval 500ms --stable-for 0s --cooldown 2s --cooldown-max 3s --give-up-after 2 --give-up-for 20s --outcome-after 2s)
rezone_start "${flags[@]}"
check "the daemon finds it paused" within "$DEADLINE" kept '.event == "pause" and (.text | startswith("by ") and endswith(": a test"))'
check "who would go is shown as paused" within "$DEADLINE" has_rows '.reason == "paused"' 1
check "and nobody goes" stays 3 eval '[ "$(moves_made)" = 0 ]'
check "stats says so" paused true
stop rezone
check "after SIGTERM nothing is left but the pause" test "$(find "$PIN_DIR" -mindepth 1 | wc -l)" = 1
rezone_start "${flags[@]}"
check "the pause is kept over a restart" within "$DEADLINE" has_rows '.reason == "paused"' 1
# again, for it may be held only if rezone has seen the name that it gives when it connects
stop w
client_start w confluent-debian write --bootstrap "$AT" --client-id "w,warpstream_az=b,$LB" --topic t --rate 40
within "$DEADLINE" some_rows '(.client_id | startswith("w,")) and .reason == "paused" and .software != null' || not_ok "w is seen with its name"

"$REZONE" events --pin-dir "$PIN_DIR" -f -o json >"$WORK/follow.log" 2>/dev/null &
PIDS[follow]=$!
check "resume" resume
said() { jq -se "map(select($1)) | length >= 1" <"$WORK/follow.log" >/dev/null; }
check "events -f shows that it goes on" within "$DEADLINE" said '.event == "resume"'
check "events -f shows the verdict's change" within "$DEADLINE" said '.event == "verdict" and .reason == "ready to move" and .from_zone == "a" and .to_zone == "b"'
check "events -f shows the hold" within "$DEADLINE" said '.event == "hold" and (.client_id | startswith("w,"))'
check "events -f shows the move, and what was held back" within "$DEADLINE" \
	said '.event == "move" and .held_ms > 0 and .waited_ms >= .held_ms and .reason == null and .by_hand == false'
check "events -f shows that it came back" within "$DEADLINE" said '.event == "outcome" and .outcome == "returned"'
check "events -f shows that the client was given up" within 30 said '.event == "gave-up" and .reason == "gave up"'
stop follow

# by hand: the client in its own zone too
before=$(moves_made)
check "a dry run shows what would be moved" eval '[ "$(reset --client-id "other,*" --dry-run -o json | jq -c "[.[] | .result] | unique")" = "[\"would be moved\"]" ]'
check "and moves nobody" stays 2 eval '[ "$(moves_made)" = "$before" ]'
check "reset by hand moves a client, wherever its zone is" eval 'reset --client-id "other,*" -o json | jq -e "any(.[]; .moved)" >/dev/null'
check "the order is an event that says by whom" kept '.event == "reset" and (.text | test("^by .*uid 0, pid [0-9]+.*: [0-9]+ connections, [0-9]+ can be moved"))'
check "the events say that it was by hand" kept '.event == "move" and .by_hand and (.client_id | startswith("other,"))'
# it did not opt in, and its own zone is the agent's: it can only come back here, which is home
check "its outcome is judged although it did not opt in" within "$DEADLINE" kept '.event == "outcome" and .outcome == "home" and .by_hand and (.client_id | startswith("other,"))'
check "a producer in the midst of its requests is held, then moved" eval 'reset --client-id "w,*" >/dev/null'
check "... in that order" kept '.event == "move" and .by_hand and (.client_id | startswith("w,")) and .held_segments > 0'
check "--now waits for nothing" eval 'within "$DEADLINE" some_rows ".client_id | startswith(\"w,\")"; within "$DEADLINE" reset --client-id "w,*" --now >/dev/null'
check "... and says so" kept '.event == "move" and .by_hand and .text == "reset" and .held_ms == 0'
check "an unknown client is said to be none" eval 'reset --cookie 1 >/dev/null && [ -s "$WORK/reset.err" ] && [ "$(reset --cookie 1 -o json | jq -c .)" = "[]" ]'
check "without a filter nothing is done" eval 'reset; [ $? -eq 2 ]'
events_of() { events_now | jq -c "select(.event == \"$1\")" | wc -l; }
one_more() { [ "$(events_of "$1")" -gt "$2" ]; }
began=$(events_of pause) over=$(events_of resume)
check "a second pause for a time only" pause --for 2s
check "the daemon finds it paused" within "$DEADLINE" one_more pause "$began"
check "ends by itself" within "$DEADLINE" eval 'one_more resume "$over" && paused false'
# a pause that stands is somebody's; a bare `pause` shows it
check "a pause for an hour, with a reason" pause --for 1h --reason "mine"
stands=$(pause) n=$(events_of pause)
check "the pause is an event when the command ends: who, until, why" eval \
	'events_now | jq -se "map(select(.event == \"pause\")) | last | .text | test(\"^by .*uid 0, pid [0-9]+.*, until .*: mine\")" >/dev/null'
check "a bare pause shows it" eval 'pause | grep -q mine'
check "... and changes nothing" eval '[ "$(pause)" = "$stands" ] && [ "$(events_of pause)" = "$n" ]'
check "--for does not change it either, and says so by its status" eval '! pause --for 1s >/dev/null && [ "$(pause)" = "$stands" ]'
check "--replace does" eval 'SUDO_USER=alice pause --replace --reason "hers" >/dev/null && [ "$(pause)" != "$stands" ]'
check "... and is an event of its own" eval '[ "$(events_of pause)" = $((n + 1)) ] && kept ".event == \"pause\" and (.text | startswith(\"by alice by sudo\") and endswith(\": hers\"))"'
n=$(events_of resume)
check "resume: an event that says by whom" eval 'resume && [ "$(events_of resume)" = $((n + 1)) ] && kept ".event == \"resume\" and (.text | test(\"^by .*pid [0-9]+\"))"'
check "a second resume is none" eval 'resume && [ "$(events_of resume)" = $((n + 1)) ]'
check "changes in a row: none is lost" eval 'for i in 1 2 3; do pause >/dev/null && resume; done; [ "$(events_of resume)" = $((n + 4)) ]'
# resume waits for the daemon, which is stopped here; meanwhile somebody pauses again
pause --for 1h >/dev/null
kill -STOP "${PIDS[rezone]}"
"$REZONE" resume --pin-dir "$PIN_DIR" >/dev/null 2>&1 &
PIDS[resume]=$!
within "$DEADLINE" paused false || not_ok "the pause is ended before the daemon has seen it"
check "somebody pauses again while another's resume waits" eval 'pause --reason again >/dev/null'
wait "${PIDS[resume]}"
unset "PIDS[resume]"
check "... and that pause stands when the resume is over" eval 'pause | grep -q again'
kill -CONT "${PIDS[rezone]}"
check "... for the daemon too" within "$DEADLINE" kept '.event == "pause" and (.text | endswith(": again"))'
resume
stop rezone KILL
check "without a daemon reset says so" eval '! reset --all >/dev/null && [ -s "$WORK/reset.err" ]'
check "events are kept over SIGKILL" kept '.event == "move"' 3
rezone_start "${flags[@]}"
check "and go on behind it" eval 'events_now | jq -se "map(.seq) as \$s | (\$s | length) > 5" >/dev/null && kept ".event == \"start\"" 2'
stop rezone

# map moves is full: what has no place there is not moved, and the command says so at once
rezone_start "${flags[@]}" --interval 1h --max-connections 64
resume
fill_moves() {
	local value i
	value=$(printf ' 0%.0s' $(seq "$(bpftool -j map show pinned "$PIN_DIR/moves" | jq .bytes_value)"))
	for i in $(seq 64); do echo "map update pinned $PIN_DIR/moves key $i 0 0 0 0 0 0 255 value$value"; done >"$WORK/fill"
	bpftool batch file "$WORK/fill" >/dev/null
}
# of_result WORD: how many of the connections that were ordered; the moved, and those without a place
of_result() { jq "[.[] | select(.result | startswith(\"$1\"))] | length" "$WORK/reset.json"; }
seen() { some_rows "(.client_id | startswith(\"$1,\")) and .kind == \"data\""; }
{ within "$DEADLINE" seen w && within "$DEADLINE" seen other; } || not_ok "both clients are seen again"
check "map moves is filled" fill_moves
began=$(now_ms)
reset --all --now -o json >"$WORK/reset.json"
rc=$?
took=$(($(now_ms) - began))
check "nobody is moved then ($(of_result "map moves is full") connections), with status 1" test $rc = 1 -a "$(of_result moved)" = 0 -a "$(of_result "map moves is full")" -ge 2
check "... and the command knows it at once ($took ms)" test $took -lt $((5000 * SLOW))
check "no order is left in the map" test "$(entries orders)" = 0
bpftool map delete pinned "$PIN_DIR/moves" key 1 0 0 0 0 0 0 255
reset --all --now -o json >"$WORK/reset.json"
check "with one place one is moved, and counted" test "$(of_result moved)" = 1 -a "$(of_result "map moves is full")" -ge 1
stop rezone
resume
check "nothing is left in the end" test ! -e "$PIN_DIR"
