#!/usr/bin/env bash
# alone
# Two CPUs on the fast path, over ordinary TCP: one connection after the other is the only one, and says Produce and Fetch, a segment each.
# In turns: the receiving device hands each segment to a CPU by chance (RPS). Copies: the network has every packet twice, and the two
# come to a CPU each at once, by two devices of one address.
# Of each connection every request is counted once, its place in the stream is the last byte, and the listener has heard each in order.
# Counters of the product say that the fast path took them, and that two CPUs met (fast_requests, claims_met).
# CPUS_CONNECTIONS (3) of CPUS_REQUESTS (20000) each, and again up to CPUS_ROUNDS times until they met.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
[ "$(nproc)" -ge 2 ] || skip "36-two-cpus-fast: one CPU"
N=${CPUS_CONNECTIONS:-3} EACH=${CPUS_REQUESTS:-20000} ROUNDS=${CPUS_ROUNDS:-5}
RPS=/sys/class/net/eth0/queues/rx-0/rps_cpus
in_ns a test -w $RPS || skip "36-two-cpus-fast: the kernel lacks RPS"
topology a=ready b=ready
rezone_start --mode observe --interval 1s --stable-for 0s

# of each connection each request was read once, and the next one is waited for behind the last byte that was sent
whole() {
	bpftool -j map dump pinned "$PIN_DIR/conns" | jq -e --argjson n "$N" --argjson each "$EACH" '[.[].formatted.value.frame
		| select(.requests == $each and .answerable == $each and .correlation_id == $each - 1 and .synced == 1 and .adopted == 0
			and .have == 0 and .next_seq == .read_end)] | length == $n' >/dev/null
}
identified() { has_rows '.client_id == "spread,warpstream_az=b" and .state == "data" and .client_zone == "b"' "$N"; }
declare -A was=() is=()
read_stats() { # was|is
	local name
	local -n into=$1
	for name in requests fast_requests claims_met races early_segments frame_lost taken_back; do into+=(["$name"]=$(stat_of $name)); done
}
by() { echo $((is[$1] - was[$1])); }
round() { # WHAT DEVICE|-
	read_stats was
	mkfifo "$WORK/open"
	exec 7<>"$WORK/open"
	# shellcheck disable=SC2016 # the inner shell's
	spawn spread a "$CGROUP" sh -c 'exec "$@" <"$0"' "$WORK/open" "$BUILD/spread" "$(agent_ip a)" 9092 "/run/netns/$P-cl" "$2" "$N" "$EACH"
	said() { grep -q . "$WORK/spread.log"; }
	within 120 said || not_ok "$1: all is said"
	check "$1: each request was heard once, in order, and answered" grep -qx "heard $((N * EACH)) wrong 0 mistaken 0" "$WORK/spread.log"
	check "... read once, to the last byte" within 5 whole
	within 1 whole || note "$(bpftool -j map dump pinned "$PIN_DIR/conns" | jq -c '[.[].formatted.value | {rx_bytes} + (.frame | {requests, answerable, correlation_id, synced, adopted, unseen, state, next_seq, read_end})]')"
	check "... every client is identified" within 5 identified
	read_stats is
	check "... counted once ($(by requests))" test "$(by requests)" = $((N * EACH))
	check "... no place in a stream was lost" test "$(by frame_lost)" = 0
	check "... by the fast path: $(by fast_requests)" test "$(by fast_requests)" -gt $((N * EACH / 10))
	note "$1: of $((N * EACH)) requests $(by fast_requests) by the fast path; claims met $(by claims_met), races $(by races), early $(by early_segments), taken back $(by taken_back)"
	MET=$((MET + $(by claims_met))) LOST=$((LOST + $(by races)))
	stop spread
	exec 7>&-
	rm -f "$WORK/open" "$WORK/spread.log"
	within 30 no_rows true || not_ok "$1: all are gone"
}
rounds() { # WHAT DEVICE|-
	local i
	MET=0 LOST=0
	for ((i = 0; i < ROUNDS; i++)); do
		round "$1" "$2"
		[ $MET = 0 ] || break
	done
	check "$1: two CPUs met on the fast path ($MET times, of which $LOST cost a segment)" test $MET -gt 0
}
rounds "in turns" eth0

# a second way into the agent's namespace, for the copies
copies() {
	local mac
	mac=$(in_ns a cat /sys/class/net/eth0/address)
	ip -n "$P-a" link add eth1 address "$mac" type veth peer name v-copy netns "$P-sw"
	ip -n "$P-a" link set eth1 up
	in_ns a sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done'
	in_ns a sh -c "echo 1 >$RPS && echo 2 >${RPS/eth0/eth1}"
	in_ns sw ip link set v-copy up
	in_ns sw tc qdisc add dev v-cl ingress
	in_ns sw tc filter add dev v-cl ingress protocol ip u32 match u32 0 0 action mirred egress mirror dev v-copy
}
if copies; then rounds copies -; else skip "copies: no tc mirred"; fi
