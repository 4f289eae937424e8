# shellcheck shell=bash
# Crowds for end-to-end tests: tests/tools/load/crowd as many clients, and as the server they are open to.
# Comes in: sourced after lib.sh and e2e_begin. Goes out: functions; what they start ends with the test.
CROWD_BIN=$BUILD/crowd
SOURCES=16 # client addresses: each has 28,000 ports

# crowd_serve ZONE [WORKERS]: at 9092 of that zone, below the test's cgroup
crowd_serve() {
	spawn "serve-$1" "$1" "$CGROUP" "$CROWD_BIN" serve -a "$(agent_ip "$1"):9092" -w "${2:-2}"
	within "$DEADLINE" crowd_listens "$1" || not_ok "the crowd's server did not start"
}
crowd_listens() { [ -n "$(in_ns "$1" ss -Hltn "sport = 9092")" ]; }

# The clients' namespace gets 10.99.20.1 and so on.
crowd_sources() {
	local i
	for i in $(seq "$SOURCES"); do ip -n "$P-cl" addr add "10.99.20.$i/16" dev eth0; done
}

# crowd_open NAME ZONE CONNECTIONS [FLAGS...]: from the clients' namespace
crowd_open() {
	local name=$1 zone=$2 n=$3
	shift 3
	spawn "$name" cl - "$CROWD_BIN" open -a "$(agent_ip "$zone"):9092" -f 10.99.20.1 -F $SOURCES -n "$n" "$@"
}
crowd_opened() { grep -q '^crowd: all' "$WORK/$1.log"; }
crowd_says() { grep ' s: ' "$WORK/$1.log" | tail -n 1; }

# The agents' connections as the kernel lists them and as rezone does, sorted: who is the client
crowd_real() { in_ns "$1" ss -Htn state established "sport = 9092" | awk '{ print $4 }' | sed 's/^\[::ffff:\(.*\)\]/\1/' | sort; }
crowd_listed() { rz_list -o json | jq -r '.[].client' | sort; }
crowd_agrees() {
	crowd_real "$1" >"$WORK/real"
	crowd_listed >"$WORK/listed"
	cmp -s "$WORK/real" "$WORK/listed"
}
state_misses() {
	local link
	for link in "$PIN_DIR"/v*/link_state; do
		bpftool -j prog show id "$(bpftool -j link show pinned "$link" | jq .prog_id)" | jq -r 'if .name then .recursion_misses // 0 else "unknown" end'
	done
}

# crowd_same SECONDS ZONE: within that time both agree, or the difference is said
crowd_same() {
	within "$1" crowd_agrees "$2" && return
	note "ss has $(wc -l <"$WORK/real"), rezone $(wc -l <"$WORK/listed")"
	note "only in ss: $(comm -23 "$WORK/real" "$WORK/listed" | head -n 3 | tr '\n' ' '), only in rezone: $(comm -13 "$WORK/real" "$WORK/listed" | head -n 3 | tr '\n' ' ')"
	note "calls of the state program that the kernel left out, for it was running on that CPU: $(state_misses)"
	bpftool map dump pinned "$PIN_DIR/stats" | grep -v ': 0,*$' | sed 's/^/# /'
	return 1
}

# nothing_lost COUNTER...: each is 0
nothing_lost() {
	local c rc=0
	for c in "$@"; do
		[ "$(stat_of "$c")" = 0 ] || { note "$c is $(stat_of "$c")"; rc=1; }
	done
	return $rc
}

# The kernel's memory is counted by what it is charged to: a memory cgroup in which rezone is alone. It has the slab objects
# at their true size, with the accounting's own bytes, which bpftool's bytes_memlock (an estimate) has not.
memcg_begin() {
	local at
	if [ -d /sys/fs/cgroup/memory ] && [ -e /sys/fs/cgroup/memory/memory.kmem.usage_in_bytes ]; then
		at=/sys/fs/cgroup/memory
		HOME_MEMCG=$at$(awk -F: '$2 == "memory" { print $3 }' /proc/self/cgroup)
		MEMCG=$at/$P
	elif [ -e "${CGROUP%/*}/cgroup.controllers" ] && grep -q memory "${CGROUP%/*}/cgroup.subtree_control"; then
		HOME_MEMCG=${CGROUP%/*}$(awk -F: '$1 == 0 { print $3 }' /proc/self/cgroup)
		MEMCG=${CGROUP%/*}/$P-memory
	fi
	E2E_AT_END=memcg_end
	[ -n "$MEMCG" ] && mkdir "$MEMCG"
}
MEMCG='' HOME_MEMCG=''
memcg_end() {
	stop rezone KILL
	rm -rf "$PIN_DIR"
	[ -z "$MEMCG" ] || rmdir "$MEMCG" 2>/dev/null
}
# memcg_start FLAGS...: rezone, in it
memcg_start() {
	[ -z "$MEMCG" ] || echo $$ >"$MEMCG/cgroup.procs"
	rezone_start "$@"
	[ -z "$MEMCG" ] || echo $$ >"$HOME_MEMCG/cgroup.procs"
}
kmem() {
	if [ -e "$MEMCG/memory.kmem.usage_in_bytes" ]; then
		cat "$MEMCG/memory.kmem.usage_in_bytes"
	else
		awk '$1 == "kernel" { print $2 }' "$MEMCG/memory.stat"
	fi
}
