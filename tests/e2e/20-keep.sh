#!/usr/bin/env bash
# Who is never touched, in 20 ticks: no opt-in flag, no agent in the client's zone, already at home, not
# Kafka at all, observe mode.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
agent_start a
topology a=ready b=ready
AT=$(agent_ip a):9092

client_start w kafka-go-debian write --bootstrap "$AT" --client-id w,warpstream_az=a --topic t --rate 10
client_start noflag kafka-go-debian read --bootstrap "$AT" --client-id "noflag,warpstream_az=b" --topic t --partition 0
client_start nozone kafka-go-debian read --bootstrap "$AT" --client-id "nozone,$LB" --topic t --partition 0
client_start empty kafka-go-debian read --bootstrap "$AT" --client-id "empty,warpstream_az=c,$LB" --topic t --partition 0
client_start unknown kafka-go-debian read --bootstrap "$AT" --client-id "unknown,warpstream_az=mars,$LB" --topic t --partition 0
client_start home kafka-go-debian read --bootstrap "$AT" --client-id "home,warpstream_az=a,$LB" --topic t --partition 0
client_start librdkafka librdkafka read --bootstrap "$AT" --client-id "rd,warpstream_az=b" --topic t --partition 0
spawn silent cl - bash -c "exec 3<>/dev/tcp/$(agent_ip a)/9092; exec sleep 1000"
for c in noflag nozone empty unknown home; do
	within "$DEADLINE" grep -q '"event":"read"' "$WORK/$c.log" || not_ok "$c reads"
done

rezone_start --interval 500ms --stable-for 0s --rate 1000
# something else on the same port: the agent takes its first bytes for the size of a request and waits for the rest
spawn stranger cl - bash -c "exec 3<>/dev/tcp/$(agent_ip a)/9092; printf '\\0\\0 GET / HTTP/1.1\\r\\nHost: x' >&3; exec sleep 1000"
want='.kind == "data" and .reason == '
check "no opt-in flag: not opted in" within "$DEADLINE" some_rows "$want \"not opted in\" and (.client_id | startswith(\"noflag\"))"
check "no zone tag: no zone" within "$DEADLINE" some_rows "$want \"no zone\" and (.client_id | startswith(\"nozone\"))"
check "a zone that the topology does not know: zone unknown" within "$DEADLINE" some_rows "$want \"zone unknown\" and (.client_id | startswith(\"unknown\"))"
check "already at home: same zone" within "$DEADLINE" some_rows "$want \"same zone\" and (.client_id | startswith(\"home\"))"
# zone c is known but has nobody ready
topology a=ready b=ready c=notready
check "no ready agent in the client's zone: no agent there" within "$DEADLINE" some_rows "$want \"no agent there\" and (.client_id | startswith(\"empty\"))"

# what each client holds now, and 20 ticks later: a data connection or more, or the bare one of who is no client
look() {
	local c mine
	before=
	for c in w noflag nozone empty unknown home rd; do
		mine=$(data_conns ".client_id | startswith(\"$c,\")")
		[ -n "$mine" ] || return 1
		before+=$mine$'\n'
	done
	for c in stranger silent; do
		mine=$(conns_of $c)
		[ -n "$mine" ] || return 1
		before+=$mine$'\n'
	done
	before=${before%$'\n'}
}
check "all of them hold a connection" within "$DEADLINE" look
from=$(counter_of ticks)
twenty() { [ "$(counter_of ticks)" -ge $((from + 20)) ]; }
check "20 ticks pass" within 60 twenty
check "each of these $(wc -l <<<"$before") connections is still there" all_there "$before"
check "nobody was moved" nobody_moved
check "who speaks something else shows as not-kafka, and is kept" has_rows '.state == "not-kafka" and .verdict == "keep"' 1
for c in noflag nozone empty unknown home; do alive "$c" || not_ok "$c runs"; done

# observing: a client that enforce would move stays, and the reason says why
stop rezone
rezone_start --interval 500ms --stable-for 0s --mode observe
client_start cross kafka-go-debian read --bootstrap "$AT" --client-id "cross,warpstream_az=b,$LB" --topic t --partition 0
check "observe: a candidate is seen, with the reason observing" within "$DEADLINE" some_rows '.reason == "observing" and (.client_id | startswith("cross"))'
from=$(counter_of ticks)
check "observe: 20 more ticks pass" within 60 twenty
check "observe: nobody was moved" nobody_moved
