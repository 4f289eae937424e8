#!/usr/bin/env bash
# alone
# nightly
# CROWD connections at once (20000; `make crowd`: 100000): all in map conns, all identified, and what each costs in kernel
# memory. Goes out besides "ok" lines: figures in notes, for docs/evidence/performance.md.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
. "$E2E_ROOT/tests/e2e/crowd.sh"
N=${CROWD:-20000}
WORKERS=$((N / 15000 + 1))
LIMIT=376

slab() { awk '$1 ~ /^kmalloc(-cg)?-(192|256|512)$/ { printf "%s %d  ", $1, $2 }' /proc/slabinfo; }
memlock() { bpftool -j map show pinned "$PIN_DIR/$1" | jq .bytes_memlock; }

crowd_sources
topology a=ready b=ready
memcg_begin || note "no memory cgroup: memory is not measured"
memcg_start --mode observe --interval 1s --max-connections $((N + N / 16))
crowd_serve a $WORKERS
[ -z "$MEMCG" ] || before=$(kmem)
slabs=$(slab) locked=$(memlock conns)
crowd_open crowd a "$N" -w $WORKERS -q 18,3,1 -i 'crowd,warpstream_az=b'
started=$(now_ms)
check "$N connections are opened" within $((60 + N / 500)) crowd_opened crowd
note "took $(($(now_ms) - started)) ms: $(crowd_says crowd)"
real() { [ "$(in_ns a ss -Htn state established 'sport = 9092' | wc -l)" = "$N" ]; }
check "ss shows $N" within "$DEADLINE" real
check "map conns holds exactly those" crowd_same 10 a
check "all are identified" within 60 has_rows '.client_id == "crowd,warpstream_az=b" and .state == "data"' "$N"
check "nothing was lost" nothing_lost conns_full clients_full partial_full frame_lost races
list_ms=$(now_ms)
rz_list >/dev/null
note "rezone list of them: $(($(now_ms) - list_ms)) ms; the daemon's RSS $(awk '/^VmRSS/ { print $2 }' "/proc/${PIDS[rezone]}/status") kB"
note "slab objects before: $slabs"
note "slab objects now:    $(slab)"
note "map conns, bytes_memlock: $locked -> $(memlock conns), $((($(memlock conns) - locked) / N)) for each"
if [ -n "$MEMCG" ]; then
	now=$(kmem)
	note "kernel memory of rezone: $before bytes with none, $now with $N: $(((now - before) / N)) for each, $((now / N)) with all that is fixed"
	check "a connection costs at most $LIMIT bytes of kernel memory" test $(((now - before) / N)) -le $LIMIT
	[ "$N" -lt 100000 ] || check "also with its share of all maps and programs" test $((now / N)) -le $LIMIT
fi
stop crowd
none() { [ -z "$(crowd_listed)" ]; }
check "and holds none when all are gone" within 60 none
# The kernel's BPF allocator keeps freed elements for a grace period, and until others are freed after them: a second crowd may
# stand beside the first one's memory. What must not grow is the third.
for again in second third; do
	crowd_open $again a "$N" -w $WORKERS -q 18,3,1 -i 'crowd,warpstream_az=b'
	check "a $again crowd comes" within $((60 + N / 500)) crowd_opened $again
	check "all of it is there" crowd_same 60 a
	[ -z "$MEMCG" ] || note "kernel memory with the $again crowd: $(kmem)"
	[ $again = third ] && break
	stop $again
	check "and goes" within 60 none
done
[ -z "$MEMCG" ] || check "kernel memory does not grow crowd by crowd" test "$(kmem)" -le $((now + (now - before) * 21 / 20))
