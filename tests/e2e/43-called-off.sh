#!/usr/bin/env bash
# A zone that loses its last ready agent while a client is held for its sake: the hold lets go, the client goes on where it
# is, nothing is lost or doubled. The same by a pause. Several requests are in flight and answers take 15 s, so the hold lasts
# until the test has looked, also on a busy machine.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a):9092
agent_start a --delay-produce 15s
topology a=ready b=ready
rezone_start --interval 500ms --stable-for 0s --cooldown 1s --give-up-after 0 --hold-timeout 40s
# after rezone, which sees the name a client gives when it connects: it may be held
client_start w confluent-debian write --bootstrap "$AT" --client-id "w,warpstream_az=b,warpstream_interzone_lb=true" --topic t --rate 5

holds() { some_rows '.phase == "hold"'; }
called_off() { event_count '.event == "refused" and .error == "ECANCELED"'; }
more_than() { [ "$(called_off)" -gt "$1" ]; }
conns() { in_ns cl ss -Htn state established "dport = 9092" | awk '{ print $3 }' | sort; }
kept() { [ -z "$(comm -23 <(rz_list -o json | jq -r '.[] | select(.kind == "data") | .client' | sort) <(conns))" ]; }

check "a producer is held" within "$DEADLINE" holds
topology a=ready b=notready
check "its zone has nobody ready any more: it is called off before the answers are there" within 13 more_than 0
check "nobody is held" no_rows '.phase == "hold"'
check "and nobody was moved" nobody_moved
wrote() { grep -c '"event": *"wrote"' "$WORK/w.log"; }
from=$(wrote)
wrote_more() { [ "$(wrote)" -gt $((from + 5)) ]; }
check "it writes on, on the connections that it has" within "$DEADLINE" wrote_more
check "none is another" kept

topology a=ready b=ready
check "it is held again" within "$DEADLINE" holds
n=$(called_off)
"$REZONE" pause --pin-dir "$PIN_DIR" 2>/dev/null
check "a pause calls it off too" within 13 more_than "$n"
check "nobody is held any more" no_rows '.phase == "hold"'
stop rezone
stop w
writes_end
written w t
none_doubled w 10
none_lost w
