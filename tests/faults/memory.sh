#!/usr/bin/env bash
# The memory limit of rezone's cgroup is reached while it runs: connections that do not fit are not tracked, and counted, or the kernel ends
# the daemon; clients notice nothing either way, and with more memory a daemon knows all of them.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"
e2e_begin
. "$E2E_ROOT/tests/e2e/crowd.sh"
N=6000
[ -x "$CROWD_BIN" ] || skip "$(basename "$0"): $CROWD_BIN is not built"
memory_cgroup || skip "$(basename "$0"): no cgroup with the memory controller can be made here"
E2E_AT_END='stop rezone KILL; rm -rf "$PIN_DIR"; rmdir "$MEMORY" 2>/dev/null'
in_cgroup() { # COMMAND...
	echo "$BASHPID" >"$MEMORY/cgroup.procs"
	exec "$@"
}
usage() { cat "$MEMORY"/memory.usage_in_bytes "$MEMORY"/memory.current 2>/dev/null; }
start() {
	spawn rezone - - bash -c "$(declare -f in_cgroup); in_cgroup \"\$@\"" in_cgroup "$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" \
		--topology "$WORK/topology.yaml" --interval 500ms --stable-for 0s --home-ready-wait 0s
	within "$DEADLINE" daemon_runs || not_ok "rezone starts"
}
export MEMORY
topology a=ready b=ready
crowd_sources
agent_start b
crowd_serve a
client_start w kafka-go-debian write --bootstrap "$(agent_ip b):9092" --client-id w,warpstream_az=b --topic t --rate 20
echo $((100 << 20)) >"$MEMORY/$LIMIT"
start
check "who writes at home is tracked" within "$DEADLINE" some_rows '(.client_id | startswith("w,"))'

# from here on nothing more: what the daemon has is what it gets
limit=$(($(usage) + (1 << 20)))
echo $limit >"$MEMORY/$LIMIT" || not_ok "the limit is lowered"
note "limit $((limit >> 10)) KiB"
crowd_open crowd a $N -w 2 -q 18,3 -i 'c-%u,warpstream_az=a'
check "$N connections are opened" within 60 crowd_opened crowd
real() { in_ns a ss -Htn state established 'sport = 9092' | wc -l; }
before=$(real)
ended() { ! alive rezone; }
full() { [ "$(stat_of conns_full)" -gt 0 ] || [ "$(stat_of clients_full)" -gt 0 ]; }
check "the limit is reached: what does not fit is counted, or the kernel ends the daemon" within 60 eval 'full || ended'
if ended; then note "the kernel ended the daemon"; else note "the daemon runs; conns_full $(stat_of conns_full), clients_full $(stat_of clients_full)"; fi
note "usage $(($(usage) >> 10)) KiB, $(entries conns) connections tracked"
check "every client is still connected" test "$(real)" = "$before"
ended || check "the daemon goes on" stays 3 alive rezone
ended && stop rezone
: "${PIDS[rezone]:=}"

echo $((300 << 20)) >"$MEMORY/$LIMIT"
if [ -z "${PIDS[rezone]}" ]; then
	unset 'PIDS[rezone]'
	start
fi
stop crowd
crowd_open crowd2 a $N -w 2 -q 18,3 -i 'd-%u,warpstream_az=a'
check "with more memory $N others are opened" within 60 crowd_opened crowd2
all_known() { [ "$(rows '.client_id | startswith("d-")')" = $N ]; }
check "... and all are known" within 60 all_known
stop rezone
check "its end leaves nothing" eval '[ ! -e "$PIN_DIR" ] && has_progs 0'
check "who wrote at home was never cut off" test "$(grep -c '"event":"error"' "$WORK/w.log")" = 0
