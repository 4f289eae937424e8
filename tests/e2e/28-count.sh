#!/usr/bin/env bash
# Before zones change, what was carried until then is counted under those that hold still, at once and not at the next tick: here a
# tick comes after an hour. At a reload of zoned-cidr-blocks, at a change of the topology; but once a second at most, however often
# they change, for it is a walk over all connections.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
CONF=$WORK/rezone.yaml
at=$(agent_ip a):9092
# clients_in ZONE: by their address, for this one has no tag; taken over at once
clients_in() {
	reloads=$(reloaded)
	printf 'zoned_cidr_blocks: "%s@%s/24"\n' "$1" 10.99.9.0 >"$CONF.tmp"
	mv "$CONF.tmp" "$CONF"
	kill -HUP "${PIDS[rezone]}"
	within "$DEADLINE" eval '[ "$(reloaded)" -gt "$reloads" ]' || not_ok "the settings are read again"
}
reloaded() { status_of conf_reloads; }
rx() { # CLIENT-ZONE AGENT-ZONE
	"$REZONE" traffic -p "$PIN_DIR" -o json | jq --arg c "$1" --arg a "$2" '[.zones[] | select(.client_zone == $c and .agent_zone == $a) | .rx_bytes] | add // 0'
}
received() { in_ns a ss -Htni state established "sport = 9092" | grep -oE "bytes_received:[0-9]+" | awk -F: '{ n += $2 } END { print n + 0 }'; }
carries() { # BYTES more, then stands still
	local least=$(($(received) + $1))
	kill -CONT "-${PIDS[w]}" 2>/dev/null || kill -CONT "${PIDS[w]}"
	within "$DEADLINE" eval '[ "$(received)" -gt '$least' ]' || not_ok "the client writes"
	kill -STOP "-${PIDS[w]}" 2>/dev/null || kill -STOP "${PIDS[w]}"
}
second_passes() { sleep 1.1; } # what is tested is that it must
counted_at() { only_entry ledger updated_ns; }

topology a=ready b=ready c=ready
agent_start a
printf 'zoned_cidr_blocks: "c@10.99.9.0/24"\n' >"$CONF"
rezone_start --config "$CONF" --interval 1h --mode observe
client_start w kafka-go-debian write --bootstrap "$at" --client-id w --topic t --rate 200
within "$DEADLINE" some_rows '.client_id == "w" and .client_zone == "c"' || not_ok "the client is in the zone of its address"
carries 20000
check "no tick came: nothing is counted yet" test "$(counter_of ticks) $(rx c a)" = "0 0"
all=$(received)
clients_in b
# less than one request of the last ones was not read yet
check "before zoned-cidr-blocks change, what was carried counts ($(rx c a) of $all)" test "$(rx c a)" -ge $((all - 1500))
check "... under the zone of its time alone" test "$(rx b a)" -lt 1500

second_passes
carries 20000
was=$(rx c a) now=$(received)
topology a=ready b=ready c=ready
sed -i 's/zone: a, ready/zone: c, ready/' "$WORK/topology.yaml"
zone_is() { [ "$("$REZONE" topology -p "$PIN_DIR" -o json | jq -r '.agents[] | select(.agent == "10.99.1.1:9092") | .zone')" = "$1" ]; }
check "the agent is in another zone" within "$DEADLINE" zone_is c
check "before the topology changes, what was carried counts ($(rx b a) of $((now - all)))" test "$(rx b a)" -ge $((now - all - 1500))
check "... and no tick came all the while" test "$(counter_of ticks) $(rx c a)" = "0 $was"

# each of these changes the zones
second_passes
before=$(counted_at) began=$(now_ms) times=()
for zone in a c a c a c a c a c a c a c a c; do
	clients_in $zone
	times+=("$(counted_at)")
done
seconds=$((($(now_ms) - began) / 1000))
counts=$(printf '%s\n' "${times[@]}" | sort -u | wc -l)
check "${#times[@]} changes within $((seconds + 1)) s are counted once a second at most ($counts times)" test "$counts" -le $((seconds + 1))
check "... the first at once" test "${times[0]}" -gt "$before"
