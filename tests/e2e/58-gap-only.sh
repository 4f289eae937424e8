#!/usr/bin/env bash
# needs: counterparts
# franz-go's producer may write twice if a hold took requests from it, so it is ended in a gap or not at all.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/e2e/servers.sh"
e2e_begin
LB=warpstream_interzone_lb=true
AT=$(agent_ip a):9092
counterpart client-go-others >/dev/null || exit 0
agent_start a --delay-produce 250ms
topology a=ready b=ready
for t in busy calm; do # franz-go makes none
	within "$DEADLINE" eval 'in_ns cl timeout 5 kcat -L -b "$AT" -t $t 2>/dev/null | grep -q "partition 0, leader [0-9]"' || not_ok "topic $t is made"
done
rezone_start --interval 500ms --stable-for 0s --cooldown 0s --give-up-after 0 --rate 100 --gap-timeout 1s --hold-timeout 2s
# after rezone, which sees the name a client gives when it connects
client_start busy franz-go write --bootstrap "$AT" --client-id "busy,warpstream_az=b,$LB" --topic busy --partition 0 --rate 40
client_start calm franz-go write --bootstrap "$AT" --client-id "calm,warpstream_az=b,$LB" --topic calm --partition 0 --rate 0.5
"$REZONE" events --pin-dir "$PIN_DIR" -f -o json >"$WORK/events.json" 2>/dev/null &
PIDS[events]=$!
count() { grep "\"client_id\":\"$1," "$WORK/events.json" | jq -s "map(select($2)) | length"; } # CLIENT JQ
came() { [ "$(count "$@")" -ge 3 ]; }

check "one that pauses is closed in a gap" within "$DEADLINE" came calm '.event == "move" and (.text | startswith("closed in a gap"))'
check "one that never does is let go" within "$DEADLINE" came busy '.event == "let-go"'
check "... and the line says why" grep -q '"busy,.*let go: no gap in .* might write twice after a hold' "$WORK/rezone.log"
check "... it is never held, nor closed" test "$(count busy '.event == "hold" or .event == "move"')" = 0
check "... and nothing of it was held back" test "$(count busy '.held_segments != null and .held_segments > 0')" = 0
stop rezone
stop busy
stop calm
log_of() { in_ns cl timeout 60 kcat -C -b "$AT" -t "$1" -o beginning -e -f '%s\n' 2>/dev/null | sort; }
for c in busy calm; do
	n=$(log_of $c | wc -l)
	check "$c: no write of $n is doubled" eval '[ "$n" -gt 3 ] && [ -z "$(log_of $c | uniq -d)" ]'
done
