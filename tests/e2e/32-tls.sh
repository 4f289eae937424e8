#!/usr/bin/env bash
# Clients under TLS, of OpenSSL and of Python, opened before rezone and after it: each is known as TLS, has its zone by its address,
# a locality, and its bytes while it is open and when it has closed; their share of the bytes across zones is told. None is ever
# held or closed, by the policy or by hand; a plain producer beside them is.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
ODD=$E2E_ROOT/tests/e2e/odd.py
AT=$(agent_ip a)
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x -keyout "$WORK/key.pem" -out "$WORK/cert.pem" 2>/dev/null ||
	skip "32-tls: openssl makes no certificate"
ip -n "$P-cl" addr add 10.99.9.2/16 dev eth0 # zone a's; 10.99.9.1 is zone b's
spawn serve a "$CGROUP" "$ODD" serve "$AT" 9092 "$WORK"
within "$DEADLINE" in_ns a sh -c "ss -Hltn 'sport = 9092' | grep -q ." || not_ok "the server listens"
topology a=ready b=ready

# s_client NAME ADDRESS FLAGS...: OpenSSL's own client, which sends a Metadata request each 50 ms
requests() { while printf '\0\0\0\015\0\003\0\0\0\0\0\007\0\003tls' 2>/dev/null; do sleep 0.05; done; }
export -f requests
s_client() {
	local name=$1 from=$2
	shift 2
	spawn "$name" cl - bash -c 'exec openssl s_client -quiet -bind "$0:0" "$@" < <(requests) >/dev/null' "$from" -connect "$AT:9092" "$@"
}
port_of() { # NAME: the client's port; odd.py says it, of openssl ss does
	awk '$1 ~ /^tls/ && $2 ~ /^[0-9]+$/ { print $2; exit }' "$WORK/$1.log" | grep . ||
		in_ns cl ss -Htnp state established "dport = 9092" | awk -v pid="pid=${PIDS[$1]}," 'index($0, pid) { sub(/.*:/, "", $3); print $3 }'
}
s_client older-13 10.99.9.1 -tls1_3
s_client older-12 10.99.9.1 -tls1_2
spawn older-bulk cl - "$ODD" talk "$AT" 9092 tls-bulk
connected() { [ -n "$(port_of "$1")" ]; }
for n in older-13 older-12 older-bulk; do within "$DEADLINE" connected $n || not_ok "$n is connected"; done
all_of_tcp() { in_ns a ss -Htni state established "sport = 9092" | grep -o 'bytes_received:[0-9]*' | awk -F: '{ n += $2 } END { print n + 0 }'; }
# what is older than rezone counts from the first tick that sees it: not before its start, and not after two ticks
before=$(all_of_tcp)
rezone_start --interval 250ms --stable-for 0s --cooldown 1s --give-up-after 0 --rate 100 --gap-timeout 300ms --opt-in any \
	--zoned-cidr-blocks 'b@10.99.9.0/24<>a@10.99.9.2/32'
two_ticks() { [ "$(counter_of ticks)" -ge 2 ]; }
within "$DEADLINE" two_ticks || not_ok "rezone ticks"
after=$(all_of_tcp)
s_client newer-13 10.99.9.1 -tls1_3
s_client at-home 10.99.9.2 -tls1_3
spawn newer-python cl - "$ODD" talk "$AT" 9092 tls
ACROSS="older-13 older-12 older-bulk newer-13 newer-python"

row() { # NAME JQ
	local port
	port=$(port_of "$1")
	rz_list -o json | jq -r ".[] | select(.client | endswith(\":$port\")) | $2"
}
is() { [ "$(row "$@")" = true ]; }
for n in $ACROSS; do
	check "$n: TLS, of zone b by its address, across zones" within "$DEADLINE" is "$n" \
		'.state == "tls" and .protocol == "tls" and .client_zone == "b" and .zone_from == "address" and .locality == "cross" and .verdict == "keep" and .reason == "not identified"'
done
check "at-home: TLS, in its zone" within "$DEADLINE" is at-home '.state == "tls" and .client_zone == "a" and .locality == "same"'

# What TCP has of a connection while it is open: what rezone says lies between two looks at it
tcp_has() { in_ns a ss -Htni state established "dport = $(port_of "$1")" | grep -o "$2:[0-9]*" | cut -d: -f2; }
up_to_date() { # NAME TCP'S-WORD KEY
	local before
	before=$(tcp_has "$1" "$2")
	[ "${before:-0}" -gt 2000 ] || return 1
	within 5 eval "[ \"\$(row $1 .$3)\" -ge $before ]" && [ "$(row "$1" ".$3")" -le "$(tcp_has "$1" "$2")" ]
}
for n in $ACROSS at-home; do
	check "$n: its bytes are counted while it is open ($(row "$n" .rx_bytes), $(row "$n" .tx_bytes))" eval "within $DEADLINE up_to_date $n bytes_received rx_bytes && within $DEADLINE up_to_date $n bytes_acked tx_bytes"
done

# a plain producer beside them is moved: the policy is at work
spawn plain cl - "$ODD" talk "$AT" 9092 slow
check "a plain producer beside them is moved" within "$DEADLINE" grep -q 'lost: .*reset by peer' "$WORK/plain.log"
ticks=$(counter_of ticks)
ten_more() { [ "$(counter_of ticks)" -ge $((ticks + 10)) ]; }
check "ten ticks go by" within "$DEADLINE" ten_more
for n in $ACROSS; do
	for now in "" --now; do
		# shellcheck disable=SC2086 # no word or one
		said=$("$REZONE" reset --pin-dir "$PIN_DIR" --cookie "$(row "$n" .cookie)" $now -o json 2>/dev/null | jq -r '.[] | "\(.moved) \(.result)"')
		check "$n: by hand ${now:-with patience} it is not moved: $said" test "$said" = "false not identified"
	done
done
check "no event but a verdict is about one without a client.id" no_event '.client_id == "" and .cookie != null and .event != "verdict"'
for n in $ACROSS at-home; do check "$n: it is still there" eval "alive $n && [ \"\$(row $n .state)\" = tls ] && ! grep -q lost \$WORK/$n.log"; done

# their share
share() { "$REZONE" traffic --pin-dir "$PIN_DIR" -o json | jq -e "$1" >/dev/null; }
OF_ROWS='[.zones[] | select(.locality == "cross")] | (100 * (map(.tls_rx_bytes + .tls_tx_bytes) | add) / (map(.rx_bytes + .tx_bytes) | add))'
check "their share of the bytes across zones is told" share ".tls_cross_percent > 50 and .tls_cross_percent < 100 and ((.tls_cross_percent - ($OF_ROWS)) | fabs) < 0.001"
says() { "$REZONE" status --pin-dir "$PIN_DIR" -o json | jq -e "$1" >/dev/null; }
check "... and status counts them" within "$DEADLINE" says '.connections.tls == 6 and .connections.tls_cross == 5'

# when they have closed their bytes are exact
for n in $ACROSS at-home; do kill -STOP "${PIDS[$n]}"; done
quiet() { local was; was=$(all_of_tcp); sleep 1; [ "$(all_of_tcp)" = "$was" ]; }
within "$DEADLINE" quiet || not_ok "the stopped clients are quiet"
sent=$(all_of_tcp)
for n in $ACROSS at-home; do stop "$n" KILL; done
check "closed connections are gone from the list" within "$DEADLINE" no_rows '.state == "tls"'
total() { "$REZONE" traffic --pin-dir "$PIN_DIR" -o json | jq '[.zones[].tls_rx_bytes] | add'; }
all_are_kept() {
	local n
	n=$(total)
	[ "$n" -ge $((sent - after)) ] && [ "$n" -le $((sent - before)) ]
}
check "their bytes are kept, all of them ($(total) of $sent less $before to $after)" within "$DEADLINE" all_are_kept
