#!/usr/bin/env bash
# alone
# 1,000 connections that are older than rezone, in 5 network namespaces, each active once a second: all are identified before they
# have been active four times since its start. Also those whose requests come in two segments, as some clients write the size alone.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
. "$E2E_ROOT/tests/e2e/crowd.sh"
N=200 SPACES="n1 n2 n3 n4 n5"
more_end() {
	local ns
	for ns in $SPACES; do
		stop "serve-$ns" KILL
		stop "crowd-$ns" KILL
		ip netns del "$P-$ns" 2>/dev/null
	done
}
E2E_AT_END=more_end

topology a=ready b=ready
for ns in $SPACES; do
	ip netns add "$P-$ns"
	ip -n "$P-$ns" link set lo up
	spawn "serve-$ns" "$ns" "$CGROUP" "$CROWD_BIN" serve -a 127.0.0.1:9092
	within "$DEADLINE" crowd_listens "$ns" || not_ok "the server in $ns did not start"
done

# old NAME FLAGS...: opens them, waits for one round of activity, starts rezone, takes the time
old() {
	local what=$1 ns started
	shift
	for ns in $SPACES; do
		spawn "crowd-$ns" "$ns" - "$CROWD_BIN" open -a 127.0.0.1:9092 -f 127.0.0.2 -n $N -e 1000 -i "old-$ns-%u,warpstream_az=b" "$@"
	done
	for ns in $SPACES; do within "$DEADLINE" crowd_opened "crowd-$ns" || not_ok "the crowd in $ns is open"; done
	started=$(now_ms) before=$(active)
	rezone_start --mode observe --interval 1s
	check "$what: all 1,000 are identified" within "$DEADLINE" all_known
	note "$what: $(rows '.client_id | startswith("old-")') identified, $(($(now_ms) - started)) ms after the start; listed $(rows true)"
	# counted by the crowds, which a busy machine slows down with rezone; they tell once a second
	rounds=$((($(active) - before) / (5 * N)))
	check "$what: ... before they have been active four times ($rounds)" test $rounds -lt 4
	check "$what: each in its namespace, under its own id, with its zone" each_known
	stop rezone
	for ns in $SPACES; do stop "crowd-$ns"; done
}
active() { for ns in $SPACES; do crowd_says "crowd-$ns"; done | sed 's/.* \([0-9]*\) said.*/\1/' | jq -s "add"; }
all_known() { has_rows '(.client_id | startswith("old-")) and .client_zone == "b"' 1000; }
each_known() { rz_list -o json | jq -e '[.[] | select((.client_id // "") | startswith("old-"))] | ([.[].client_id] | unique | length) == 1000 and ([.[].netns] | unique | length) == 5' >/dev/null; }

old "requests that are segments" -q 18,1
old "data" -q 18,3,0
old "the size alone in a segment" -q 18,1 -s
