#!/usr/bin/env bash
# What connections have carried is counted once, under the zones of its time: two zones are swapped in the topology while
# the connections are parked, the daemon restarts with --keep-pins, connections close while none runs. What cannot be written is told.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin

# the agent of zone a is in zone b, and the other way round
topology_swapped() {
	topology a=ready b=ready
	sed 's/zone: a, ready/zone: A, ready/; s/zone: b, ready/zone: a, ready/; s/zone: A, ready/zone: b, ready/' \
		"$WORK/topology.yaml" >"$WORK/topology.tmp"
	mv "$WORK/topology.tmp" "$WORK/topology.yaml"
}
start() { rezone_start --interval 300ms --mode observe --keep-pins --park-after 1s "$@"; }
# carried: the rows of all zones, in order; rx CLIENT-ZONE AGENT-ZONE: of one
carried() { "$REZONE" traffic -p "$PIN_DIR" -o json 2>/dev/null | jq -c '[.zones[] | select(.rx_bytes > 0) | [.client_zone, .agent_zone, .rx_bytes, .tx_bytes]] | sort'; }
rx() { carried | jq --arg c "$1" --arg a "$2" 'map(select(.[0] == $c and .[1] == $a) | .[2]) | add // 0'; }
above() { [ "$(rx "$1" "$2")" -gt "$3" ]; }
closed_above() { [ "$("$REZONE" traffic -p "$PIN_DIR" -o json | jq '[.zones[].closed] | add')" -gt "$1" ]; }
three_ticks() { [ "$(counter_of ticks)" -ge $((from + 3)) ]; }
# received: by the agent, as the kernel says; counted BYTES: all but what the latest requests of connections carried that are not parked
received() { in_ns a ss -Htni state established "sport = 9092" | grep -oE "bytes_received:[0-9]+" | awk -F: '{ n += $2 } END { print n }'; }
counted() { [ "$(($(rx b a) + $(rx b b) + 1500))" -ge "$1" ]; }
ticks_pass() {
	from=$(counter_of ticks)
	within "$DEADLINE" three_ticks || not_ok "ticks pass"
}
zone_is() { [ "$("$REZONE" topology -p "$PIN_DIR" -o json | jq -r '.agents[] | select(.agent == "10.99.1.1:9092") | .zone')" = "$1" ]; }
quiet() { # the writer and its connections stand still
	kill -STOP "-${PIDS[w]}" 2>/dev/null || kill -STOP "${PIDS[w]}"
	ticks_pass
}
go_on() { kill -CONT "-${PIDS[w]}" 2>/dev/null || kill -CONT "${PIDS[w]}"; }

topology a=ready b=ready
agent_start a
start
client_start w kafka-go-debian write --bootstrap "$(agent_ip a):9092" --client-id w,ws_az=b --topic t --rate 200
check "bytes of open connections are counted under their zones" within "$DEADLINE" above b a 10000
check "... also where nobody would move them, so that they are parked" within "$DEADLINE" some_rows '.parked and .client_id == "w,ws_az=b"'
quiet
all=$(received)
topology_swapped
check "the two zones are swapped" within "$DEADLINE" zone_is b
ticks_pass
# what parked connections carry is read from their sockets every ten seconds, and at once before a zone changes
check "what was carried before counts under the zones of its time ($(rx b a) of $all)" eval 'counted "$all" && [ "$(rx b b)" -lt 1500 ]'
was=$(rx b a)
go_on
check "what is carried from now on is under the zones of now" within "$DEADLINE" above b b 3000
check "... and is in no other row" test "$(rx b a)" = "$was"
check "... while it is parked again" within "$DEADLINE" some_rows '.parked and .client_id == "w,ws_az=b"'
quiet
all=$(received)
topology a=ready b=ready
check "the zones are swapped back" within "$DEADLINE" zone_is a
check "all is counted ($all)" within "$DEADLINE" counted "$all"
check "... what came before the zones changed, under those of its time" test "$(rx b a)" = "$was"
before=$(carried) here=$(rx b b) closed=$("$REZONE" traffic -p "$PIN_DIR" -o json | jq '[.zones[].closed] | add')

stop rezone
start
ticks_pass
check "a restart counts nothing twice, and forgets nothing" test "$(carried)" = "$before"
stop rezone
stop w KILL
nobody() { [ "$(in_ns a ss -Htn state established "sport = 9092" | wc -l)" = 0 ]; }
within "$DEADLINE" nobody || not_ok "all have closed"
start --log-format json
check "connections that closed while no daemon ran are counted" within "$DEADLINE" closed_above "$closed"
# their latest requests were not read yet; twice would be more than all
check "... by what is new ($(rx b a) after $was)" test "$(rx b a)" -ge "$was" -a "$(rx b a)" -lt $((was * 3 / 2))
check "... and the other row is as it was" test "$(rx b b)" = "$here"
check "rezone cost has the same bytes" jq -e --argjson was "$(rx b a)" '.total.cross_rx_bytes == $was and .total.same_bytes > 0 and .clients[0].client_id == "w,ws_az=b" and .covered_s > 0' \
	<<<"$("$REZONE" cost -p "$PIN_DIR" -o json --price 1,0)"

# a move whose saving cannot be kept: the map takes no more writes from user space
saved() { "$REZONE" cost -p "$PIN_DIR" -o json | jq .saved.moves; }
failed() { stat_is '.errors | any(.place == "ledger" and .errno == 1 and .count >= '"$1"')'; } # LEAST
told() { jq -Rc 'fromjson? | select(.map == "saved" and .error == "EPERM")' "$WORK/rezone.log" | wc -l; }
reset() { "$REZONE" reset -p "$PIN_DIR" --client-id "r,*" -o json 2>/dev/null | jq -e 'any(.[]; .moved)'; }
client_start r kafka-go-debian read --bootstrap "$(agent_ip a):9092" --client-id r,ws_az=b --topic t
check "a move by hand is among those that saved something" within "$DEADLINE" eval 'reset && [ "$(saved)" = 1 ]'
check "... and no write failed" eval '! failed 1 && [ "$(told)" = 0 ]'
bpftool map freeze pinned "$PIN_DIR/saved"
check "a move that cannot be kept is counted as a failure" within "$DEADLINE" eval 'reset && failed 1'
check "... so is the next one" within "$DEADLINE" eval 'reset && failed 2'
check "... the log is told once" test "$(told)" = 1
check "... and cost has the first move alone" test "$(saved)" = 1
