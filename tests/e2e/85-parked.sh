#!/usr/bin/env bash
# alone
# nightly
# PARKED producers (2000; `make crowd`: 10000) at home, all parked: what each costs in kernel memory, and that no side map has a
# row of it. Goes out besides "ok" lines: figures in notes, for docs/evidence/performance.md.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
. "$E2E_ROOT/tests/e2e/crowd.sh"
N=${PARKED:-2000}
WORKERS=$((N / 15000 + 1))
# 287, and a print's 104: the kernel's BPF allocator keeps the memory of those that went until others go after them
LIMIT=440

crowd_sources
topology a=ready b=ready
memcg_begin || note "no memory cgroup: memory is not measured"
memcg_start --mode observe --interval 1s --park-after 5s --max-connections $((N + N / 16))
crowd_serve a $WORKERS
[ -z "$MEMCG" ] || before=$(kmem)
# 64 requests are read before one is parked, one a second here
crowd_open crowd a "$N" -w $WORKERS -q 18,3,0 -e 1000 -i 'crowd,warpstream_az=a'
check "$N connections are opened" within $((60 + N / 500)) crowd_opened crowd
parked() { has_rows .parked "$N"; }
check "all are parked" within 240 parked
check "map conns holds exactly those" crowd_same 10 a
check "no print is kept of one that is parked" test "$(entries prints)" = 0
check "nor a piece of a header, nor a move" test "$(entries partial) $(entries moves)" = "0 0"
check "nothing was lost" nothing_lost conns_full clients_full partial_full prints_full
list_ms=$(now_ms)
rz_list >/dev/null
note "rezone list of them: $(($(now_ms) - list_ms)) ms; the daemon's RSS $(awk '/^VmRSS/ { print $2 }' "/proc/${PIDS[rezone]}/status") kB"
if [ -n "$MEMCG" ]; then
	now=$(kmem)
	note "kernel memory of rezone: $before bytes with none, $now with $N parked: $(((now - before) / N)) for each"
	check "a parked connection costs at most $LIMIT bytes of kernel memory" test $(((now - before) / N)) -le $LIMIT
fi
stop crowd
none() { [ -z "$(crowd_listed)" ]; }
check "and holds none when all are gone" within 60 none
