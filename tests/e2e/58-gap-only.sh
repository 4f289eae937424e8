#!/usr/bin/env bash
# needs: counterparts
# quiet
# franz-go's producer may write twice if a hold took requests from it, so it is ended in a gap or not at all.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/e2e/servers.sh"
e2e_begin
AT=$(agent_ip a):9092
counterpart client-go-others >/dev/null || exit 0
agent_start a --delay-produce 250ms
kafka_start c # the stand-in has Produce v8 at most
declare -A AT_OF=([older]=$(agent_ip c):9092 [often]=$(agent_ip c):9092)
# an answer, a second in which nothing comes, and the next request just when it would be closed
declare -A RATE=([busy]=40 [calm]=0.5 [edge1]=0.7999 [edge2]=0.7987 [edge3]=0.7974 [edge4]=0.7962 [edge5]=0.7949 [edge6]=0.7936)
for c in "${!RATE[@]}"; do AT_OF[$c]=$AT; done
topology a=ready b=ready c=ready
for t in "${!AT_OF[@]}"; do # franz-go makes none
	within "$DEADLINE" eval 'in_ns cl timeout 5 kcat -L -b "${AT_OF[$t]}" -t $t 2>/dev/null | grep -q "partition 0, leader [0-9]"' || not_ok "topic $t is made"
done
client_start older franz-go write --bootstrap "${AT_OF[older]}" --client-id "older,warpstream_az=b,$LB" --topic older --partition 0 --rate 40
# 5 s after its first question for metadata it asks again, on a connection that would say its name
within "$DEADLINE" eval '[ "$(grep -c "\"event\":\"wrote\"" "$WORK/older.log")" -ge 300 ]' || not_ok "older writes"
rezone_start --interval 500ms --stable-for 0s --cooldown 0s --give-up-after 0 --rate 100 --gap-timeout 1s --hold-timeout 2s
# after rezone, which sees the name a client gives when it connects
for c in "${!RATE[@]}"; do
	client_start "$c" franz-go write --bootstrap "$AT" --client-id "$c,warpstream_az=b,$LB" --topic "$c" --partition 0 --rate "${RATE[$c]}"
done
# a write each 200 ms, one request at a time as the library ships: its pauses are far shorter than --settle would take
client_start often franz-go write --bootstrap "${AT_OF[often]}" --client-id "often,warpstream_az=b,$LB" --topic often --partition 0 --rate 5 \
	--settings default --set enable.idempotence=false
count() { event_count "(.client_id | test(\"^$1,\")) and ($2)"; } # CLIENT JQ
no_error() { ! grep -q '"event":"error"' "$WORK/$1.log"; }
came() { [ "$(count "$@")" -ge 3 ]; }

check "one that pauses is closed in a gap" within "$DEADLINE" came calm '.event == "move" and (.text | startswith("closed in a gap"))'
check "one that writes often is closed in its short pauses" within "$DEADLINE" came often '.event == "move" and (.text | startswith("closed in a gap"))'
caught() { [ "$(stat_of held_segments)" -gt 0 ]; }
# a matter of a few ms, so of luck: one of some fifty tries or more
check "requests came just then, and were held back" within "$DEADLINE" caught
# (of one that writes often a request may come in the very instant of the FIN: dropped like one that is still on its way)
check "... and nobody was closed after that" test "$(count '(busy|calm|older|edge[0-9])' '.event == "move" and (.held_ms > 0 or (.text | startswith("closed in a gap") | not))')" = 0
note "held back between the last look and the end: $(stat_of held_segments) segments"
check "busy, which never pauses, is let go" within "$DEADLINE" came busy '.event == "let-go" and .error == "ETIMEDOUT" and .check != null and .check != "silent"'
check "busy is never held" test "$(count busy '.event == "hold" or (.event == "move" and .held_ms > 0)')" = 0
# who was there before rezone has said no name, and is known by the form of its requests
check "older is known by its requests" within "$DEADLINE" some_rows '(.client_id | startswith("older,")) and .kind == "data" and .software == null and .library == "kgo" and .library_known_by == "fingerprint"'
check "older, which never pauses, is let go" within "$DEADLINE" came older '.event == "let-go" and .library_known_by == "fingerprint"'
check "older is never held, and not closed" test "$(count older '.event == "hold" or .event == "move"')" = 0
stop rezone
for c in "${!AT_OF[@]}"; do stop "$c"; done
for c in "${!AT_OF[@]}"; do
	n=$(records_of "${AT_OF[$c]}" "$c" | wc -l)
	check "$c: no write of $n is doubled" eval '[ "$n" -gt 3 ] && [ -z "$(records_of "${AT_OF[$c]}" "$c" | sort | uniq -d)" ]'
	check "$c: no error" no_error "$c"
done
