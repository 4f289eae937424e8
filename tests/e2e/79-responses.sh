#!/usr/bin/env bash
# The program that follows responses is attached to the cgroup of the moved sockets alone: the kernel's own count of its runs
# says that the packets of a neighbour in another cgroup do not meet it, and those of the moved connection do. The agent's
# process goes to another cgroup then, and its first one is removed: its socket keeps it, so the program goes to the whole
# cgroup, and `rezone status` says why. Several requests are in flight and responses take 8 s, so the hold lasts.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
/usr/bin/python3 -c 'import confluent_kafka' 2>/dev/null || skip "79-responses: python3-confluent-kafka is not installed"
e2e_begin
STATS=/proc/sys/kernel/bpf_stats_enabled
stats_were=$(cat $STATS)
E2E_AT_END='echo "$stats_were" >$STATS; stop neighbour; rmdir "$CGROUP/neighbour" 2>/dev/null'
AT=$(agent_ip a):9092
agent_start a --delay-produce 8s
topology a=ready b=ready
rezone_start --interval 500ms --stable-for 0s --cooldown 1s --give-up-after 0 --hold-timeout 20s
client_start w confluent-debian write --bootstrap "$AT" --client-id "w,warpstream_az=b,warpstream_interzone_lb=true" --topic t --rate 5

runs() { bpftool -j prog show id "$1" | jq '.run_cnt // 0'; }
sent() { tail -n 1 "$WORK/neighbour.log"; }
responses() { "$REZONE" status --pin-dir "$PIN_DIR" -o json | jq -r '.responses.why // "-"'; }

check "a producer is held" within "$DEADLINE" some_rows '.phase == "hold"'
check "one program is at the agent's cgroup" has_links "$AGENTS" 1
check "and none more at the one above it" has_links "$CGROUP" 1
check "the status has nothing to say of that" test "$(responses)" = -
program=$(links "$AGENTS")
echo 1 >$STATS
before=$(runs "$program")
mkdir "$CGROUP/neighbour"
spawn neighbour b "$CGROUP/neighbour" python3 -u -c 'import socket
listener = socket.create_server(("127.0.0.1", 9092))
one = socket.create_connection(listener.getsockname())
other = listener.accept()[0]
for n in range(1, 10**9):
    one.sendall(b"x"); other.recv(1)
    if n % 1000 == 0: print(n)'
has_sent() { [ "$(sent)" -ge 5000 ]; }
check "a neighbour on the same port sends 5,000 packets" within "$DEADLINE" has_sent
met=$(($(runs "$program") - before))
check "the program met few packets meanwhile: $met" test "$met" -lt 500
stop neighbour
saw_more() { [ "$(runs "$1")" -gt "$2" ]; } # PROGRAM N
check "but those of the held connection it meets" within "$DEADLINE" saw_more "$program" "$before"

"$REZONE" pause --pin-dir "$PIN_DIR" 2>/dev/null
check "once nobody moves, it is gone" within "$DEADLINE" has_links "$AGENTS" 0
tr ' ' '\n' <"$AGENTS/cgroup.procs" | while read -r pid; do echo "$pid" >"$CGROUP/cgroup.procs"; done
check "the cgroup in which the socket was made is removed" within "$DEADLINE" rmdir "$AGENTS"
"$REZONE" resume --pin-dir "$PIN_DIR" 2>/dev/null
check "the producer is held again" within "$DEADLINE" some_rows '.phase == "hold"'
check "now by a program at the whole cgroup" has_links "$CGROUP" 2
said_why() { responses | grep -q removed; }
check "the status says why" within "$DEADLINE" said_why
program=$(links "$CGROUP" | sort -n | tail -n 1)
check "there the program meets the packets of the held connection" within 15 saw_more "$program" 0
stop rezone
check "at the end nothing is attached" within "$DEADLINE" has_links "$CGROUP" 0
