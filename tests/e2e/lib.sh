# shellcheck shell=bash
# What every end-to-end test needs: namespaces that are zones, agents, clients, rezone, and polling.
#
# Comes in: sourced by tests/e2e/NN-*.sh. Goes out: functions; a trap that ends what the test started and
# removes what it made. Each test prints "ok - what" or "not ok - what" lines; tests/e2e/run adds them up.
#
# One machine, several network namespaces: P-a, P-b, P-c (a zone each, agents at 10.99.Z.1 and
# fd99::Z:1), P-cl (clients, 10.99.9.1), joined by a bridge in P-sw. P is unique to the test. rezone is
# attached to a cgroup of the test's own; the agents run in one below it, $AGENTS.

set -u
E2E_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$E2E_ROOT/build}
REZONE=$BUILD/rezone
STANDIN=$BUILD/standin
P=rze$$
PIN_DIR=/sys/fs/bpf/$P
WORK=
CGROUP=
DEADLINE=${E2E_DEADLINE:-30} # seconds that a poll may last
SLOW=${E2E_SLOW:-1}           # that many times as long on a slow machine, and so may every other poll
E2E_FAILED=0
E2E_AT_END= # what a test does at its end besides
declare -A PIDS=() # name -> pid of everything started

LB=warpstream_interzone_lb=true # the tag by which a client opts in
declare -A ZONE_NR=([a]=1 [b]=2 [c]=3)

ok() { printf 'ok - %s\n' "$*"; }
not_ok() {
	printf 'not ok - %s\n' "$*"
	E2E_FAILED=1
}
skip() { # ends the test
	printf 'ok - # SKIP %s\n' "$*"
	exit 0
}
note() { printf '# %s\n' "$*"; }

# jq: with -e first, no output is a no. Debian 12's says yes to no input at all, as of a daemon that is gone
jq() {
	local out rc
	[[ $1 =~ ^-[a-z]*e ]] || { command jq "$@"; return; }
	out=$(command jq "$@")
	rc=$?
	[ -n "$out" ] || return 4
	printf '%s\n' "$out"
	return $rc
}

# check WHAT COMMAND...: one line, by the command's exit status. E2E_TIMES=1: a note says which took seconds, and when they began
check() {
	local what=$1 began=$SECONDS
	shift
	if "$@"; then ok "$what"; else not_ok "$what"; fi
	[ -z "${E2E_TIMES:-}" ] || [ $SECONDS -le $((began + 1)) ] || note "$((SECONDS - began)) s, from $began s on"
}

now_ms() { date +%s%3N; }
utc_now() { date -u +%FT%T.%3NZ; }

# within SECONDS COMMAND...: polls until it succeeds; SLOW times as long
within() {
	local end=$(($(now_ms) + $1 * SLOW * 1000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(now_ms)" -ge $end ] && return 1
		sleep 0.1
	done
}

# stays SECONDS COMMAND...: it holds at every look for that long
stays() {
	local end=$(($(now_ms) + $1 * 1000))
	shift
	while [ "$(now_ms)" -lt $end ]; do
		"$@" >/dev/null 2>&1 || return 1
		sleep 0.2
	done
}

in_ns() {
	local ns=$1
	shift
	ip netns exec "$P-$ns" "$@"
}

stop() { # NAME [SIGNAL]
	local pid=${PIDS[$1]:-}
	[ -n "$pid" ] || return 0
	kill -"${2:-TERM}" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	unset "PIDS[$1]"
	[ "$1" != rezone ] || stop events-kept # it reads once more before it ends
}

# cgroup_removed: the test's. A child of a process that was killed may still be in it, with its connections to close: tests/tools/load/crowd.c
cgroup_removed() {
	cat "$CGROUP"{,/*,/*/*}/cgroup.procs 2>/dev/null | xargs -r kill -KILL 2>/dev/null
	rmdir "$CGROUP"/*/*/ "$CGROUP"/*/ "$CGROUP" 2>/dev/null
	[ ! -d "$CGROUP" ]
}

e2e_end() {
	local name ns rc=$?
	# a child of this shell that is ended before it has become its command runs the trap too
	[ "$BASHPID" = $$ ] || exit "$rc"
	trap - EXIT INT TERM
	[ -z "$E2E_AT_END" ] || eval "$E2E_AT_END"
	for name in "${!PIDS[@]}"; do stop "$name" KILL; done
	[ $E2E_FAILED -ne 0 ] && [ -n "$WORK" ] && for name in "$WORK"/*.log; do
		[ -s "$name" ] && note "--- $(basename "$name")" && tail -n "${E2E_TAIL:-15}" "$name" | cut -c1-400 | sed 's/^/# /'
	done
	rm -rf "$PIN_DIR"
	for ns in a b c cl sw; do ip netns del "$P-$ns" 2>/dev/null; done
	[ -z "$CGROUP" ] || within "$DEADLINE" cgroup_removed || not_ok "$CGROUP is left: $(xargs <"$CGROUP/cgroup.procs" 2>&1)"
	[ -n "$WORK" ] && rm -rf "$WORK"
	[ "$rc" -eq 0 ] && [ $E2E_FAILED -ne 0 ] && rc=1
	exit "$rc"
}

# e2e_begin: work folder, cgroup, namespaces, trap
e2e_begin() {
	[ "$(id -u)" -eq 0 ] || skip "$(basename "$0"): not root"
	[ -x "$REZONE" ] || { not_ok "$REZONE is not built"; exit 1; }
	WORK=$(mktemp -d)
	exec 9>&1 # a trap comes in the midst of a poll, whose output goes to nobody
	trap e2e_end EXIT
	trap 'exec >&9; not_ok "ended by a signal, as by a deadline"; exit 130' INT TERM
	local root
	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
	[ -n "$root" ] || skip "$(basename "$0"): no cgroup v2 is mounted"
	CGROUP=$root/$P
	mkdir "$CGROUP" || { CGROUP=; not_ok "cannot make a cgroup"; exit 1; }
	AGENTS=$CGROUP/agents
	mkdir "$AGENTS"
	mkdir -p "$WORK/data"
	local ns nr
	ip netns add "$P-sw"
	in_ns sw ip link add br0 type bridge
	in_ns sw ip link set br0 up
	for ns in a b c cl; do
		nr=${ZONE_NR[$ns]:-9}
		ip netns add "$P-$ns"
		ip -n "$P-$ns" link add eth0 type veth peer name "v-$ns" netns "$P-sw"
		in_ns sw ip link set "v-$ns" master br0 up
		ip -n "$P-$ns" addr add "10.99.$nr.1/16" dev eth0
		ip -n "$P-$ns" addr add "fd99::$nr:1/64" dev eth0 nodad
		ip -n "$P-$ns" link set lo up
		ip -n "$P-$ns" link set eth0 up
	done
}

# memory_cgroup: makes one with the memory controller, in the hierarchy that has it: $MEMORY, its limit in file $LIMIT; the test removes it
memory_cgroup() {
	local at file
	at=$(awk '$9 == "cgroup" && $NF ~ /(^|,)memory(,|$)/ { print $5; exit }' /proc/self/mountinfo) file=memory.limit_in_bytes
	if [ -n "$at" ]; then
		at=$at$(awk -F: '$2 ~ /(^|,)memory(,|$)/ { print $3 }' /proc/self/cgroup)
	else
		at=$(dirname "$CGROUP") file=memory.max
		grep -qw memory "$at/cgroup.subtree_control" || return 1
	fi
	MEMORY=$at/$P LIMIT=$file
	mkdir "$MEMORY" 2>/dev/null || { MEMORY=; return 1; }
	[ -e "$MEMORY/$LIMIT" ]
}

agent_ip() { echo "10.99.${ZONE_NR[$1]}.1"; }

# spawn NAME NAMESPACE CGROUP|- COMMAND...: in the background, output to $WORK/NAME.log; SPAWN_DIR: in that folder
spawn() {
	local name=$1 ns=$2 cg=$3
	shift 3
	(
		[ "$cg" = - ] || echo "$BASHPID" >"$cg/cgroup.procs"
		cd "${SPAWN_DIR:-.}" || exit 1
		if [ "$ns" = - ]; then exec "$@"; else exec ip netns exec "$P-$ns" "$@"; fi
	) >>"$WORK/$name.log" 2>&1 9>&- </dev/null &
	PIDS[$name]=$!
}

alive() { kill -0 "${PIDS[$1]}" 2>/dev/null; }

# agent_start ZONE [FLAGS...]: the stand-in agent of that zone, on IPv4 and IPv6
agent_start() {
	local z=$1
	shift
	spawn "agent-$z" "$z" "$AGENTS" "$STANDIN/rezone-agent" --id "${ZONE_NR[$z]}" --zone "$z" \
		--listen "[::]:9092" --advertise "$(agent_ip "$z"):9092" --data "$WORK/data" \
		--log "$WORK/agent-$z.trace" "$@"
	within "$DEADLINE" test -e "$WORK/data/agents/${ZONE_NR[$z]}" || not_ok "agent $z did not start"
}

agent_stop() { stop "agent-$1" "${2:-TERM}"; }

# topology ZONE=ready|notready...: writes the file as a person's editor or a ConfigMap would, whole. One dual-stack agent a
# zone; if UNNAMED is set its addresses are two agents.
topology() {
	local spec z r name
	{
		echo "zone: a"
		echo "aliases: { b: [bz-1] }"
		echo "agents:"
		for spec in "$@"; do
			z=${spec%%=*} r=true
			[ "${spec#*=}" = notready ] && r=false
			name=${UNNAMED-", name: agent-$z"}
			echo "  - { address: $(agent_ip "$z"), zone: $z, ready: $r$name }"
			echo "  - { address: 'fd99::${ZONE_NR[$z]}:1', zone: $z, ready: $r$name }"
		done
	} >"$WORK/topology.tmp"
	mv "$WORK/topology.tmp" "$WORK/topology.yaml"
}

# daemon_runs: the process of PIDS[rezone] has started; it writes its pid into map status then
daemon_runs() { alive rezone && [ "$(status_of pid)" = "${PIDS[rezone]}" ]; }

# events_keep: a reader writes the daemon's events to $WORK/events.json until `stop rezone`. A SIGTERM removes the maps with
# their events, and a ring keeps some 4096.
events_keep() {
	stop events-kept # of a daemon that ended in another way
	"$REZONE" events --pin-dir "$PIN_DIR" -f -o json >>"$WORK/events.json" 2>/dev/null 9>&- </dev/null &
	PIDS[events-kept]=$!
}

# rezone_start [FLAGS...]
# Most tests move the same few clients again and again, to agents that take them all, and start them at an agent of the wrong
# zone while home is ready: neither breaker nor target rate nor a wait for those that came although home was ready, unless a
# test asks for them. STARTED is when, in the form of an event's time. REZONE_NS: in that network namespace, from which it
# reaches the agents, as from a node's own it reaches pods; else in the machine's, from which it does not.
rezone_start() {
	STARTED=$(utc_now)
	# shellcheck disable=SC2086 # words
	spawn rezone - - ${REZONE_NS:+nsenter "--net=/run/netns/$P-$REZONE_NS"} "$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" --topology "$WORK/topology.yaml" \
		--breaker 0 --rate-per-target 0 --home-ready-wait 0s "$@"
	within "$DEADLINE" daemon_runs || {
		not_ok "rezone did not start"
		exit 1
	}
	events_keep
}

rz_list() { "$REZONE" list --pin-dir "$PIN_DIR" "$@" 2>/dev/null; }

# rows JQ-FILTER: how many listed connections it selects; who has no client.id has "" here, so that startswith can be asked
rows() { rz_list -o json | jq "[.[] | .client_id //= \"\" | select($1)] | length"; }
has_rows() { # FILTER N
	[ "$(rows "$1")" = "$2" ]
}
some_rows() { [ "$(rows "$1")" -gt 0 ]; }
no_rows() { has_rows "$1" 0; }

# links CGROUP: the programs there, by number
links() { bpftool -j link show | jq -s -r --argjson id "$(stat -c %i "$1")" 'add // [] | .[] | select(.type == "cgroup" and .cgroup_id == $id) | .prog_id'; }
has_links() { [ "$(links "$1" | wc -l)" = "$2" ]; } # CGROUP N

# progs: how many programs are on the test's cgroup. A detached one is freed by the kernel a moment later; without any, bpftool prints
# nothing; cgroup show is blind on 5.10
progs() { bpftool -j link show | jq -s --argjson id "$(stat -c %i "$CGROUP")" '[add // [] | .[] | select(.type == "cgroup" and .cgroup_id == $id)] | length'; }
has_progs() { [ "$(progs)" = "$1" ]; }

# entries MAP: how many it has
entries() { bpftool -j map dump pinned "$PIN_DIR/$1" | jq length; }

# stat_of FIELD: one counter of map stats, over all CPUs
stat_of() {
	bpftool -j map dump pinned "$PIN_DIR/stats" | jq "[.[0].formatted.values[].value.$1] | add"
}

# counter ZONE NAME: the kernel's own, of that zone's TCP
counter() { in_ns "$1" cat /proc/net/snmp /proc/net/netstat | awk -v w="$2" '$1 ~ /^Tcp/ && !(NR % 2) { for (i = 1; i <= NF; i++) if (h[i] == w) print $i } { split($0, h) }'; }

# What the daemon says of itself. setting_of FIELD: written once; status_of, counter_of FIELD: each second, and at each tick
only_entry() { bpftool -j map dump pinned "$PIN_DIR/$1" | jq ".[0].formatted.value.$2"; }
setting_of() { only_entry settings "$1"; }
status_of() { only_entry status "$1"; }
counter_of() { only_entry counters "$1"; }

# stat_is JQ: so do the statistics say
stat_is() { "$REZONE" stats --pin-dir "$PIN_DIR" -o json | jq -e "$1" >/dev/null; }

# frozen: why nobody is moved, or "no"
frozen() { "$REZONE" topology --pin-dir "$PIN_DIR" -o json 2>/dev/null | jq -r '.frozen // "no"'; }
is_frozen() { [ "$(frozen)" = "$1" ]; }

# home_with_first_ticks INTERVAL COMMAND...: the client is home, by COMMAND, with the first ticks that know of its agent. Counted
# in ticks, for a busy machine is late with all of them. On an emulated one this itself looks only now and then, so there the time
# of the move's own event counts, and may be nine intervals. Call it when the topology has just been given the agent.
home_with_first_ticks() {
	local interval=$1 started from moved
	shift
	started=$(now_ms) from=$(counter_of ticks)
	if within "$DEADLINE" "$@"; then ok "the reader is home"; else
		not_ok "the reader is home"
		note "$(rz_list -o json | jq -c '[.[] | [.client_id, .agent_zone, .locality, .state, .reason]]')"
	fi
	note "home $(($(now_ms) - started)) ms after the topology had it, interval $interval s ±10 %"
	# one may come before the topology is read, one takes the client, one may come while its connections are looked at
	from=$(($(counter_of ticks) - from))
	if [ "$SLOW" -gt 1 ]; then
		moved=$(events '.event == "move"' | jq -rs '.[0].time // "tomorrow"')
		moved=$(($(date -d "$moved" +%s%3N) - started))
		check "... moved soon (after $moved ms; $from ticks until it was seen at home)" test "$moved" -le $((9000 * interval))
	else
		check "... with the first ticks ($from)" test "$from" -le 3
	fi
}

# events_now: what `rezone events` has in this moment
events_now() { "$REZONE" events --pin-dir "$PIN_DIR" -o json 2>/dev/null; }

# events JQ-FILTER: those that it selects, one a line, of all daemons since the test began; no client.id is "". The reader of
# events_keep looks five times a second, and may be in the midst of a line: the maps are read too, each event counts once.
events() {
	awk '/^[{].*[}]$/ && !seen[$0]++' <(cat "$WORK/events.json" 2>/dev/null) <(events_now) | jq -c ".client_id //= \"\" | select($1)"
}
event_count() { events "$1" | wc -l; }
has_event() { [ "$(event_count "$1")" -ge "${2:-1}" ]; } # FILTER [LEAST]
# no_event FILTER: none, of a daemon whose events can be read: each tells of its start
no_event() { has_event '.event == "start"' && [ "$(event_count "$1")" = 0 ]; }
# event_kinds JQ-FILTER: their texts on one line, each with how often it came; for a note
event_kinds() { events "$1" | jq -r '.event + " " + (.text // "")' | sed 's/[0-9.]* \(ms\|segments\)/N \1/g' | sort | uniq -c | sort -rn | tr -s ' ' | tr '\n' ';'; }

# moves_made: connections that rezone has ended since the test began, in whatever way; stat `resets` knows bpf_sock_destroy alone
moves_made() { event_count '.event == "move"'; }
nobody_moved() { no_event '.event == "move"' && [ "$(counter_of moved)" = 0 ]; }

# records_of ADDRESS TOPIC: all records; the server answers fast enough for a reader that ends at the end
records_of() { in_ns cl timeout 60 kcat -C -b "$1" -t "$2" -o beginning -e -f '%s\n' 2>/dev/null; }

# writes_end: waits until agents execute nothing more; call it when no client writes any more
writes_end() {
	local was=none now
	for _ in $(seq $((60 * SLOW))); do
		now=$(cat "$WORK"/agent-*.trace | grep -c '"event":"produced"')
		[ "$now" != "$was" ] || return
		was=$now
		sleep 0.5
	done
	not_ok "the last writes are executed"
}
# written NAME [TOPIC [ADDRESS]]: all records of a topic (NAME) at an address ($AT), and what the client NAME was told is written:
# sorted into $WORK/NAME.all and NAME.acked
written() {
	records_of "${3:-$AT}" "${2:-$1}" | sort >"$WORK/$1.all"
	grep '^{' "$WORK/$1.log" | jq -r 'select(.event == "wrote") | .id' | sort -u >"$WORK/$1.acked"
}
doubled() { uniq -d "$WORK/$1.all" | wc -l; }
lost() { comm -13 <(uniq "$WORK/$1.all") "$WORK/$1.acked" | wc -l; }
# none_doubled NAME LEAST, none_lost NAME: judge them. kcat does not say what it was told
none_doubled() {
	local n d
	n=$(wc -l <"$WORK/$1.all") d=$(doubled "$1")
	check "$1: no write of $n is doubled ($d)" test "$n" -gt "$2" -a "$d" = 0
}
none_lost() {
	local n l
	n=$(wc -l <"$WORK/$1.acked") l=$(lost "$1")
	check "$1: no acknowledged write of $n is lost ($l)" test "$n" -gt 0 -a "$l" = 0
}

# client_start NAME LIB read|write [FLAGS...]: tests/peers/clients/run in the clients' namespace
client_start() {
	local name=$1 lib=$2 role=$3
	shift 3
	spawn "$name" cl - "$E2E_ROOT/tests/peers/clients/run" "$lib" "$role" "$@"
}

# client_start_from I NAME LIB read|write [FLAGS...]: the same from an address of its own, 10.99.21.I: as a user of its own, for whom the
# kernel chooses that address
client_start_from() {
	local i=$1 name=$2 lib=$3 role=$4 uid=$((60000 + $1))
	shift 4
	ip -n "$P-cl" addr add "10.99.21.$i/16" dev eth0
	ip -n "$P-cl" route add 10.99.0.0/16 dev eth0 src "10.99.21.$i" table "$uid"
	ip -n "$P-cl" rule add uidrange "$uid-$uid" table "$uid"
	spawn "$name" cl - setpriv --reuid="$uid" --clear-groups --inh-caps=+dac_read_search,+dac_override \
		--ambient-caps=+dac_read_search,+dac_override "$E2E_ROOT/tests/peers/clients/run" "$lib" "$role" "$@"
}

# reads NAME: records that this application has read so far
reads() { grep -c '"event": *"read"' "$WORK/$1.log"; }
# client_at NAME ZONE: that application has a connection to the zone's agent. ss reads sockets and processes one after the other, and
# may miss one
client_at() { in_ns cl ss -Htnp state established "dst $(agent_ip "$2") and dport = 9092" | grep -q "pid=${PIDS[$1]},"; }

# Connections of the clients' namespace to port 9092. Not all last: kafka-go dials, asks for the partitions and closes, every 15 s or minute.
# data_conns JQ-FILTER: the clients' addresses of data connections; conns_of NAME: of what that process holds
data_conns() { rz_list -o json | jq -r ".[] | .client_id //= \"\" | select(.kind == \"data\" and ($1)) | .client"; }
conns_of() { in_ns cl ss -Htnp state established "dport = 9092" | awk -v pid="pid=${PIDS[$1]}," 'index($0, pid) { print $3 }'; }
# all_there ADDRESSES: each is still connected. Looked at twice: ss may miss one while others come and go
all_there() { [ -n "$1" ] && { none_missing "$1" || none_missing "$1"; }; }
none_missing() { [ -z "$(comm -23 <(sort <<<"$1") <(in_ns cl ss -Htn state established "dport = 9092" | awk '{ print $3 }' | sort))" ]; }
