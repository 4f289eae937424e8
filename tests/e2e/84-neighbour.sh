#!/usr/bin/env bash
# One client cannot hurt another: each attack fills a map that all share, or did before there were limits by address and by
# connection. After each, a client from another address that was not there before is identified, with its zone and library.
# Goes out besides "ok" lines: figures in notes. The attacks are neighbour.py's.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
MAX_CLIENTS=16384 MAX_CONNS=4000
EVIL=10.99.20.1
for i in 1 2 3 4 5 9; do ip -n "$P-cl" addr add "10.99.20.$i/16" dev eth0; done
neighbour() { # NAME NAMESPACE ARGUMENTS...
	local name=$1 ns=$2
	shift 2
	spawn "$name" "$ns" "$([ "$ns" = cl ] && echo - || echo "$CGROUP")" "$E2E_ROOT/tests/e2e/neighbour.py" "$@"
}
attacked() { within "$1" grep -q '^done' "$WORK/$2.log" || not_ok "the attack of $2 is over"; }
took() { sed -n 's/^done in //p' "$WORK/$1.log"; }
seed() { bpftool -j map dump pinned "$PIN_DIR/secret" | jq -r '.[0].formatted.value.seed'; }

neighbour sink a sink "$(agent_ip a)"
within "$DEADLINE" in_ns a ss -Hltn "sport = 9092" || not_ok "the sink listens"
topology a=ready b=ready
start() {
	rezone_start --mode observe --interval 500ms --stable-for 0s --min-age 0s --reconcile 2s --max-clients $MAX_CLIENTS \
		--max-connections $MAX_CONNS "$@"
}
start
check "the seed of all hashes can be read by root alone" test "$(stat -Lc '%a %U' "$PIN_DIR/secret")" = "600 root"
first_seed=$(seed)
check "and there is one" test "${first_seed:-0}" != 0
stop rezone
start --keep-pins
second_seed=$(seed)
check "another run has another one" test "$second_seed" != "$first_seed"

# newcomer NAME LIBRARY: opens, and is seen as what it is
newcomer() {
	neighbour "$1" cl honest 10.99.20.9 "$(agent_ip a)" "$1,warpstream_az=b,warpstream_interzone_lb=true" "$2"
	check "a client that comes then is identified, with its zone and library" within "$DEADLINE" some_rows \
		"(.client_id | startswith(\"$1,\")) and .state == \"data\" and .client_zone == \"b\" and .software == \"$2\""
}
newcomer calm kgo

neighbour ids cl ids $EVIL "$(agent_ip a)" 20000
attacked 120 ids
note "20,000 client ids on one connection, $(took ids): client_ids has $(entries client_ids) of $MAX_CLIENTS"
check "20,000 client ids on one connection leave client_ids empty" test "$(entries client_ids)" -lt 100
check "counted" test "$(stat_of ids_full)" -gt 0
# in sync, or out of it, for it speaks faster than anybody needs to
check "the connection is left alone, and says why" within "$DEADLINE" has_rows \
	"(.client | startswith(\"$EVIL:\")) and .verdict == \"keep\" and (.reason == \"several clients\" or .reason == \"not identified\")" 1
newcomer after-ids sarama
stop ids

neighbour self c self "$(agent_ip c)" 5000
attacked 120 self
within "$DEADLINE" eval '[ "$(entries conns)" -ge $((MAX_CONNS / 8)) ]'
note "5,000 silent connections of a pod to itself, $(took self): conns has $(entries conns) of $MAX_CONNS"
check "5,000 silent connections of a pod to itself have an eighth of conns" test "$(entries conns)" -le $((MAX_CONNS / 8 + 100))
check "counted" test "$(stat_of strangers_full)" -gt 0
newcomer after-self kgo
# it is an agent after all: what was not tracked is met by the census. Still it is one address, and so has a quarter at most
topology a=ready b=ready c=ready
at_c() { rows "(.agent | startswith(\"$(agent_ip c):\"))"; }
check "they have their room when the agent becomes known" within 30 eval "[ \"\$(at_c)\" -gt $((MAX_CONNS / 8)) ]"
check "but not more than a quarter of all" within "$DEADLINE" eval "[ \"\$(at_c)\" -le $((MAX_CONNS / 4)) ]"
note "once it is an agent: $(at_c) tracked"
topology a=ready b=ready
check "and lose it when it is none any more" within 30 eval "[ \"\$(at_c)\" -le $((MAX_CONNS / 8)) ]"
stop self

neighbour zones cl zones $EVIL "$(agent_ip a)" 2250
neighbour more-zones cl zones 10.99.20.2 "$(agent_ip a)" 2250
attacked 120 zones
attacked 120 more-zones
note "4,500 invented zones, $(took zones): zone_bytes has $(entries zone_bytes)"
check "4,500 invented zones share one row" test "$(entries zone_bytes)" -lt 10
newcomer after-zones kgo
stop after-zones
in_traffic() { "$REZONE" traffic -p "$PIN_DIR" -o json | jq -e '.zones[] | select(.client_zone == "b" and .agent_zone == "a" and .closed > 0)'; }
check "bytes of a zone that is known have a row of their own" within "$DEADLINE" in_traffic

# The program counts exactly while no tick counts anew: what comes between a tick's look and its count may be let in once more
kill -STOP "${PIDS[rezone]}"
neighbour names cl names $EVIL "$(agent_ip a)" 1100
attacked 120 names
kill -CONT "${PIDS[rezone]}"
note "1,100 names of libraries, $(took names): softwares has $(entries softwares) of 1024"
check "1,100 names of libraries have a quarter of softwares" test "$(entries softwares)" -le 300
newcomer after-names franz-go
for i in 2 3 4 5; do neighbour "names-$i" cl names "10.99.20.$i" "$(agent_ip a)" 300; done
for i in 2 3 4 5; do attacked 120 "names-$i"; done
note "with 1,200 more from four addresses: $(entries softwares)"
neighbour unkept cl honest 10.99.20.9 "$(agent_ip a)" "unkept,warpstream_az=b,warpstream_interzone_lb=true" another
check "who comes with a new library then is left alone, and that is why" within "$DEADLINE" some_rows \
	'(.client_id | startswith("unkept,")) and .reason == "library'"'"'s name not kept" and .software == null'
check "whose library was known is not hurt" some_rows '(.client_id | startswith("after-names,")) and .software == "franz-go"'
for i in names names-2 names-3 names-4 names-5; do stop "$i"; done
check "they are forgotten once nobody has them" within 20 eval '[ "$(entries softwares)" -lt 512 ]'
newcomer after-all brand-new

passed=$(stat_of backed_off) seen=$(stat_of segments)
neighbour noise cl noise $EVIL "$(agent_ip a)" 5
attacked 30 noise
seen=$(($(stat_of segments) - seen)) passed=$(($(stat_of backed_off) - passed))
note "noise: $passed of $seen segments passed over"
check "noise is looked at ever less" test "$passed" -gt $((seen / 2))
check "no client was counted as one whose name collides" test "$(stat_of software_collisions)" = 0

stop rezone
start --keep-pins
check "the seed outlives a restart with --keep-pins" test "$(seed)" = "$second_seed"
check "and so do the keys: the clients are known by them" within "$DEADLINE" some_rows '(.client_id | startswith("calm,")) and .client_zone == "b"'
check "the log has neither seed" eval '! grep -qiE "$first_seed|$second_seed|$(printf "%x|%x" "$first_seed" "$second_seed")" "$WORK/rezone.log"'
