#!/usr/bin/env bash
# What rezone knows of each connection: what speaks, what it is used for, who the client is and where, whichever way it
# says so. Thirty connections that begin with bytes of our own, and real clients that do the same by themselves.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
spawn sink a "$CGROUP" "$E2E_ROOT/tests/e2e/speak.py" sink 10.99.1.1 9092
agent_start c
topology a=ready b=notready c=ready
rezone_start --interval 1s --mode observe --opt-in any --zone-keys msk_az --zoned-cidr-blocks \
	'c@203.0.113.0/24<>b@10.99.0.0/16<>a@10.99.9.0/24'
within "$DEADLINE" in_ns a ss -Hltn "sport = 9092" || not_ok "the sink listens"
spawn say cl - "$E2E_ROOT/tests/e2e/speak.py" say 10.99.1.1 9092
within "$DEADLINE" grep -q ready "$WORK/say.log" || not_ok "all have spoken"

# row NAME: the listed connection of that name
port_of() { awk -v n="$1" '$1 == n { print $2 }' "$WORK/say.log"; }
row() { # NAME JQ
	local port
	port=$(port_of "$1")
	rz_list -o json | jq -e ".[] | select((.client | endswith(\":$port\")) or (.proxy // \"\" | endswith(\":$port\"))) | $2" >/dev/null
}
expect() { # NAME JQ
	check "$1: $2" within "$DEADLINE" row "$1" "$2" || true
}

expect silent '.state == "new" and .kind == "silent" and .protocol == null and .reason == "not identified"'
for name in http redis ssh noise; do
	expect $name ".state == \"not-kafka\" and .protocol == \"$name\" and .verdict == \"keep\""
done
expect tls '.state == "tls" and .protocol == "tls" and .client_id == null'
expect data '.kind == "data" and .client_zone == "b" and .zone_from == "tag" and .requests == 2 and .answerable == 2'
expect data '.metadata_age_s != null'
expect produce '.kind == "data" and .answerable == 1 and .metadata_age_s == null'
expect acks0 '.kind == "acks0" and .answerable == 0 and .verdict == "keep"'
expect acks0-new '.kind == "acks0" and .requests == 1 and .answerable == 0'
expect transactional '.kind == "transactional" and .answerable == 1'
expect transactions '.kind == "transactional"'
expect coordinator '.kind == "coordinator"'
expect shared '.kind == "shared"'
expect metadata '.kind == "metadata"'
expect sasl '.kind == "sasl" and .state == "identified"'
expect sasl-raw '.kind == "data" and .requests == 3'
expect software '.software == "apache-kafka-java" and .software_version == "4.4.0"'
expect proxy1 '.client == "203.0.113.7:51544" and (.proxy | startswith("10.99.9.1:")) and .kind == "data"'
expect proxy2 '.client == "203.0.113.8:4242" and .proxy != null'
expect proxy-tls '.state == "tls" and .client_zone == "c" and .zone_from == "address"'
expect null-id '.client_id == null and .state == "data" and .dialect == "none" and .client_zone == "a" and .zone_from == "address"'
expect empty-id '.client_id == "" and .state == "data"'
expect long-id '.truncated == true and .client_zone == "b"'
for name in automq inkless bufstream custom; do
	expect $name ".dialect == \"$name\" and .client_zone == \"b\" and .zone_from == \"tag\""
done
if grep -q no-mptcp "$WORK/say.log"; then
	ok "# SKIP mptcp: this kernel has no Multipath TCP"
else
	expect mptcp '.state == "mptcp" and .reason == "MPTCP" and .verdict == "keep"'
fi
expect streams '.client_zone == "b" and .dialect == "warpstream"'
expect untagged '.client_zone == "a" and .zone_from == "address" and .locality == "same" and .reason == "same zone"'

check "the table has a word for each" eval 'rz_list >"$WORK/table"; for w in silent http redis ssh noise tls acks0 sasl transactional; do grep -q " $w " "$WORK/table" || exit 1; done'
check "those that are not identified are counted, with their age" eval \
	'"$REZONE" stats -p "$PIN_DIR" -o json | jq -e ".unidentified > 0 and .unidentified_oldest_s > 0" >/dev/null'
check "... as list shows them" eval '[ "$("$REZONE" stats -p "$PIN_DIR" -o json | jq .unidentified)" = "$(rows ".client_id == \"\" and .dialect == null")" ]'

in_ns cl "$E2E_ROOT/tests/e2e/speak.py" brief 10.99.3.1 9092
topology a=ready c=ready # bytes are counted before the zones change, and the record of the close is read for that
check "the library that a connection has named is remembered, though no tick met it" within "$DEADLINE" eval \
	'bpftool map dump pinned "$PIN_DIR/named" | grep -q "\"version\": \"2.3.3\""'
check "... it has closed" no_rows '.client_id == "brief"'
topology a=ready b=notready c=ready

# real clients say it by themselves
client_start w0 librdkafka write --bootstrap 10.99.3.1:9092 --client-id rd,ws_az=c --topic t --rate 5
check "librdkafka names itself and its version" within "$DEADLINE" some_rows \
	'.client_id == "rd,ws_az=c" and (.software | tostring | startswith("librdkafka")) and (.software_version | length) > 2'
# kcat sends what it has read in pieces of 1024 bytes
kcat_acks0() { while printf '%01024d\n' 1 2>/dev/null; do sleep 0.2; done | timeout 60 kcat -P -b 10.99.3.1:9092 -X client.id=acks0,ws_az=c -X acks=0 -t t; }
export -f kcat_acks0
spawn kcat cl - bash -c kcat_acks0
check "a producer with acks=0 is recognised" within "$DEADLINE" some_rows '.client_id == "acks0,ws_az=c" and .kind == "acks0"'
client_start kg kafka-go-debian read --bootstrap 10.99.3.1:9092 --client-id kg,ws_az=c --topic t --partition 0
check "who does not name its library has none" within "$DEADLINE" some_rows '.client_id == "kg,ws_az=c" and .software == null and .kind == "data"'

# bytes stay when connections go
sent=$(in_ns a ss -Htni state established "sport = 9092" | grep -o 'bytes_received:[0-9]*' | awk -F: '{ n += $2 } END { print n }')
stop say KILL
check "closed connections are gone from the list" within "$DEADLINE" no_rows '(.agent == "10.99.1.1:9092")'
total() { "$REZONE" traffic -p "$PIN_DIR" -o json | jq '[.zones[] | select(.agent_zone == "a") | .rx_bytes] | add'; }
check "their bytes are kept, all of them ($sent)" within "$DEADLINE" eval '[ "$(total)" = "$sent" ]'
check "by zones of clients and agents" eval '"$REZONE" traffic -p "$PIN_DIR" -o json | jq -e ".zones[] | select(.client_zone == \"b\" and .agent_zone == \"a\" and .locality == \"cross\" and .closed > 10)" >/dev/null'
check "by client.id" eval '"$REZONE" traffic -p "$PIN_DIR" -o json | jq -e ".clients[] | select(.client_id == \"msk_az=b,my-pod-1\" and .closed == 1 and .rx_bytes > 30)" >/dev/null'
check "no map was full and no call failed" eval '"$REZONE" stats -p "$PIN_DIR" -o json | jq -e "(.conns_full + .clients_full + .proxied_full + .softwares_full + .traffic_full) == 0 and .errors == []" >/dev/null'
