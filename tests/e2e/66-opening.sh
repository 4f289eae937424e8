#!/usr/bin/env bash
# The first bytes come with the handshake's last ACK, while there is only the listener: the client's library, a PROXY header and
# a write in flight are known all the same. So are bytes that come while the agent's socket is in SYN_RECV.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
topology a=ready b=ready
for ns in a cl; do in_ns $ns sysctl -qw net.ipv4.tcp_fastopen=$((0x403)); done # client, server, each listener
agent_start a
# the stand-in takes no PROXY header: one that takes all, and says nothing
spawn sink b "$CGROUP" python3 -c 'import socket
s, kept = socket.create_server(("", 9092)), []
while True: kept.append(s.accept())'
within "$DEADLINE" eval 'in_ns b ss -Htln "sport = 9092" | grep -q .' || not_ok "no sink"
rezone_start --mode observe
ask() { # WHAT CLIENT_ID [ZONE]: opens a connection whose ACK brings it, prints the port, and stays
	spawn "$1" cl - python3 -u "$E2E_ROOT/tests/e2e/opening.py" "$(agent_ip "${3:-a}")" "$1" "$2"
	within "$DEADLINE" test -s "$WORK/$1.log" || not_ok "$1 did not begin"
}
adopted=$(stat_of adopted)
ask library one,warpstream_az=b
ask pieces two,warpstream_az=b
ask proxy three,warpstream_az=b b
check "the library that rode on the ACK is known" within "$DEADLINE" some_rows '.client_id == "one,warpstream_az=b" and .software == "kgo" and (.adopted | not)'
check "a size alone on the ACK: the request behind it is read" within "$DEADLINE" some_rows '.client_id == "two,warpstream_az=b" and .requests == 1 and (.adopted | not)'
check "a PROXY header on the ACK is read" within "$DEADLINE" some_rows '.client_id == "three,warpstream_az=b" and (.client | startswith("10.77.77.7:"))'
ask syn-recv four,warpstream_az=b
check "bytes that come in SYN_RECV are read" within "$DEADLINE" some_rows '.client_id == "four,warpstream_az=b" and .requests == 1 and (.adopted | not)'
check "no beginning was missed" test "$(stat_of adopted)" = "$adopted"
check "no frame was lost" test "$(stat_of frame_lost)" = 0
