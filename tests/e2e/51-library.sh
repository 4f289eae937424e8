#!/usr/bin/env bash
# needs: counterparts
# quiet
# Each library's producers are moved by what that library bears. librdkafka after 2.8 may write twice whichever way its connection
# ends, unless it is followed: where nobody may be held it is left alone, by hand and with --close too. A library that says no name
# may not send again what is taken from it: it is never held, and moved in a gap or let go. librdkafka up to 2.8 sends again, and is held. All with their default number of tries.
# The clients' zone has no agent that they can reach, so each move brings them back.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a):9092
agent_start a --delay-produce 250ms
topology a=ready b=ready
declare -A LIB=([busy]=kafka-python-debian [calm]=kafka-python-debian) RATE=([busy]=40 [calm]=0.5 [new]=40 [new2]=0.5 [old]=40)
with() { # NAME LIB COUNTERPART: if it is built
	if "$E2E_ROOT/scripts/counterparts" path "$3" >/dev/null; then LIB[$1]=$2; else (skip "$1: $3 is not built"); fi
}
with new confluent client-python
with new2 confluent-2.12 client-confluent-2.12
count() { event_count ".time >= \"$STARTED\" and (.client_id | startswith(\"$1,\")) and ($2)"; } # CLIENT JQ, by this daemon
came() { [ "$(count "$1" "$2")" -ge "$3" ]; }
row() { some_rows "(.client_id | startswith(\"$1,\")) and .kind == \"data\" and ($2)"; }
start() { client_start "$1" "$2" write --bootstrap "$AT" --client-id "$1,warpstream_az=b,$LB" --topic "$1" --rate "$3" --settings default; }

# --keep-pins: names that clients gave when they connected outlive a restart
run() { rezone_start --keep-pins --interval 500ms --stable-for 0s --cooldown 1s --give-up-after 0 --rate 100 "$@"; }
news() { for c in new new2; do [ -z "${LIB[$c]:-}" ] || echo "$c"; done; }
by_hand() { "$REZONE" reset --pin-dir "$PIN_DIR" --client-id "$1,*" -o json 2>/dev/null | jq -r '.[] | select(.moved or (.result | . != "not a data connection")) | "\(.moved) \(.result)"'; }
run
for c in busy calm; do start "$c" "${LIB[$c]}" "${RATE[$c]}"; done
check "calm: a writer without a name is moved in its pauses" within 60 came calm '.event == "move" and .held_ms == 0' 3
check "busy: one that never pauses is let go" within 60 came busy '.event == "let-go"' 3
check "busy: ... nothing of it was held back" test "$(count busy '(.held_ms // 0) > 0 or (.held_segments // 0) > 0 or .event == "hold" or .event == "move"')" = 0
said=$(by_hand busy)
check "busy: by hand it is let go too: $said" eval '[[ $said == "false let go"* ]]'
check "nothing was dropped of anybody" test "$(stat_of held_segments)" = 0
with old confluent-2.3 client-confluent-2.3
if [ -n "${LIB[old]:-}" ]; then
	start old confluent-2.3 "${RATE[old]}"
	check "old: librdkafka 2.3, which never pauses, is held and moved" within 60 came old '.event == "move" and .held_ms > 0' 3
	check "old: ... and that is what was dropped" eval '[ "$(stat_of held_segments)" -gt 0 ] && [ "$(stat_of held_segments)" = "$(events ".client_id | startswith(\"old,\")" | jq -s "map(.held_segments // 0) | add")" ]'
	stop old
fi
stop rezone
# nobody may be held, so nobody can be followed
run --hold-timeout 0s
for c in $(news); do start "$c" "${LIB[$c]}" "${RATE[$c]}"; done
for c in $(news); do
	check "$c: ${LIB[$c]} is left alone, and may come by itself" within "$DEADLINE" row "$c" '.reason == "may come by itself" and .software == "confluent-kafka-python"'
	note "$c: $(rz_list -o json | jq -r ".[] | select(.client_id | startswith(\"$c,\")) | .software + \" \" + .software_version" | sort -u)"
	said=$(by_hand "$c")
	check "$c: nor is it moved by hand: $said" test "$said" = "false may come by itself"
done
stop rezone
for how in fin reset; do # --close says how, not whether
	run --close $how --grace 0s --hold-timeout 0s
	check "--close $how: busy is let go" within 60 came busy '.event == "let-go"' 2
	for c in $(news); do check "--close $how: $c is left alone for its library's sake" within "$DEADLINE" row "$c" '.reason == "library"'; done
	check "--close $how: nothing of busy was held back, and nobody else moved" test "$(count busy '(.held_segments // 0) > 0 or .event == "hold" or .event == "move"')$(count new '.event == "move"')$(count new2 '.event == "move"')" = 000
	stop rezone
done
# where they may be held they are moved, and followed. Nobody tells them of home, so they write here after each close, and are let
# through at the end
follows() { # HOW
	local c n
	for c in $(news); do
		check "$1$c: where it may be held, it is moved, and followed to the end" within 60 came "$c" '.event == "let-through"' 1
		n=$(count "$c" '.event == "follow-close"')
		check "$1$c: ... by $n closes, three for each move at most" test "$n" -ge 3 -a "$n" -le $((3 * $(count "$c" '.event == "move"')))
	done
}
run --cooldown 20s
follows ""
stop rezone
# the look and the close are two steps: new requests are held back in between, and call it off
export REZONE_PROBE_WITHOUT=destroy
run
check "without the kfunc: calm is moved in its pauses" within 60 came calm '.event == "move"' 3
check "without the kfunc: busy is let go" within 60 came busy '.event == "let-go"' 2
follows "without the kfunc: "
check "without the kfunc: busy is never moved" test "$(count busy '.event == "move" or .event == "hold"')" = 0
check "without the kfunc: calm was not ended after something was held back" test "$(count calm '.event == "move" and .held_ms > 0')" = 0
stop rezone
unset REZONE_PROBE_WITHOUT
for c in busy calm $(news); do stop "$c"; done
writes_end
for c in "${!LIB[@]}"; do
	written "$c"
	none_doubled "$c" 0
	none_lost "$c"
	check "$c: its application saw no error" eval '! grep -q "\"event\": *\"error\"" "$WORK/$c.log"' || grep -m 3 '"error"' "$WORK/$c.log" | sed 's/^/# /'
done
