#!/usr/bin/env bash
# needs: counterparts
# What a library bears decides what is done to its producers. librdkafka after 2.3 may write twice whichever way its connection
# ends: it is left alone, by hand and with --close too. Who does not say what it is may not send again what is taken from it: it is
# never held, and moved in a gap or let go. librdkafka up to 2.3 sends again, and is held. All with their default number of tries.
# The clients' zone has no agent that they can reach, so each move brings them back.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
LB=warpstream_interzone_lb=true
AT=$(agent_ip a):9092
agent_start a --delay-produce 250ms
topology a=ready b=ready
declare -A LIB=([new]=confluent [busy]=kafka-python-debian [calm]=kafka-python-debian) RATE=([new]=40 [busy]=40 [calm]=0.5)
"$E2E_ROOT/scripts/counterparts" path client-python >/dev/null || { (skip "new: client-python is not built") && unset 'LIB[new]'; }
events() { "$REZONE" events --pin-dir "$PIN_DIR" -o json 2>/dev/null; }
count() { events | jq -s "map(select(.client_id // \"\" | startswith(\"$1,\")) | select($2)) | length"; } # CLIENT JQ
came() { [ "$(count "$1" "$2")" -ge "$3" ]; }
row() { some_rows "(.client_id | startswith(\"$1,\")) and .kind == \"data\" and ($2)"; }
start() { client_start "$1" "$2" write --bootstrap "$AT" --client-id "$1,warpstream_az=b,$LB" --topic "$1" --rate "$3" --settings default; }

# --keep-pins: names that clients gave when they connected outlive a restart
run() { rezone_start --keep-pins --interval 500ms --stable-for 0s --cooldown 1s --give-up-after 0 --rate 100 "$@"; }
run --grace 4s
for c in "${!LIB[@]}"; do start "$c" "${LIB[$c]}" "${RATE[$c]}"; done
if [ -n "${LIB[new]:-}" ]; then
	check "new: librdkafka 2.16 is left alone at first to come by itself" within "$DEADLINE" row new '.reason == "may come by itself" and .software == "confluent-kafka-python"'
	check "new: ... and later for its library's sake" within "$DEADLINE" row new '.reason == "library"'
fi
check "calm: a writer without a name is moved in its pauses" within 60 came calm '.event == "move" and .held_ms == 0' 3
check "busy: one that never pauses is let go" within 60 came busy '.event == "let-go"' 3
check "busy: ... nothing of it was held back" test "$(count busy '(.held_ms // 0) > 0 or (.held_segments // 0) > 0 or .event == "hold" or .event == "move"')" = 0
by_hand() { "$REZONE" reset --pin-dir "$PIN_DIR" --client-id "$1,*" -o json 2>/dev/null | jq -r '.[] | select(.moved or (.result | . != "not a data connection")) | "\(.moved) \(.result)"'; }
if [ -n "${LIB[new]:-}" ]; then
	said=$(by_hand new)
	check "new: nor is it moved by hand: $said" test "$said" = "false library"
fi
said=$(by_hand busy)
check "busy: by hand it is let go too: $said" eval '[[ $said == "false let go"* ]]'
check "nothing was dropped of anybody" test "$(stat_of held_segments)" = 0
stop rezone
for how in fin reset; do # --close says how, not whether
	run --close $how
	check "--close $how: busy is let go" within 60 came busy '.event == "let-go"' 2
	[ -n "${LIB[new]:-}" ] && check "--close $how: new is left alone" row new '.reason == "library" or .reason == "may come by itself"'
	check "--close $how: nothing of busy was held back" test "$(count busy '(.held_segments // 0) > 0 or .event == "hold" or .event == "move"')" = 0
	stop rezone
done
# the look and the close are two steps: new requests are held back in between, and call it off
export REZONE_PROBE_WITHOUT=destroy
run
check "without the kfunc: calm is moved in its pauses" within 60 came calm '.event == "move"' 3
check "without the kfunc: busy is let go" within 60 came busy '.event == "let-go"' 2
check "without the kfunc: busy is never moved" test "$(count busy '.event == "move" or .event == "hold"')" = 0
check "without the kfunc: calm was not ended after something was held back" test "$(count calm '.event == "move" and .held_ms > 0')" = 0
stop rezone
unset REZONE_PROBE_WITHOUT
[ -z "${LIB[new]:-}" ] || check "new: it was never moved" test "$(grep -c 'client.id "new,.*: \(reset\|closed\)' "$WORK/rezone.log")" = 0

for c in "${!LIB[@]}"; do stop "$c"; done
# what is answered after the last is read
executed() { grep -c '"event":"produced"' "$WORK/agent-a.trace"; }
quiet() { was=${now:-} now=$(executed); [ "$was" = "$now" ]; }
within 20 eval 'sleep 0.4; quiet' || not_ok "the last requests are answered"
for c in "${!LIB[@]}"; do
	in_ns cl timeout 60 kcat -C -b "$AT" -t "$c" -o beginning -e -f '%s\n' 2>/dev/null | sort >"$WORK/all"
	grep '^{' "$WORK/$c.log" | jq -r 'select(.event == "wrote") | .id' | sort -u >"$WORK/acked"
	check "$c: of $(wc -l <"$WORK/all") writes none is doubled, none acknowledged is lost" \
		eval '[ -s "$WORK/acked" ] && [ -z "$(uniq -d "$WORK/all")" ] && [ -z "$(comm -13 "$WORK/all" "$WORK/acked")" ]'
	check "$c: its application saw no error" eval '! grep -q "\"event\": *\"error\"" "$WORK/$c.log"' || grep -m 3 '"error"' "$WORK/$c.log" | sed 's/^/# /'
done
