#!/usr/bin/env bash
# alone
# Two CPUs at once: clients that send over loopback, one byte (or a few) at a time, and whose next segment comes to the other CPU,
# so that the segment program sees segments of one connection on two CPUs in quick succession, and some before those in front of
# them: by a raw socket, as often as can be, and by ordinary ones, as it happens. Every one of CPUS_CONNECTIONS (8000 ordinary
# ones, a twentieth of it for each round by a raw socket) is identified by both of its requests, and none lost its frame.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
[ "$(nproc)" -ge 2 ] || skip "36-two-cpus: one CPU"
ALL=${CPUS_CONNECTIONS:-8000}
topology a=ready b=ready
rezone_start --mode observe --interval 1s --stable-for 0s

# both requests were read, from the connection's first byte on
whole() { has_rows '(.client_id // "" | startswith("cpus-")) and .client_zone == "b" and .state == "identified"' "$1"; }
two() { bpftool -j map dump pinned "$PIN_DIR/conns" | jq -e "[.[].formatted.value.frame | select(.requests == 2 and .adopted == 0)] | length == $1" >/dev/null; }
figures() {
	local rows
	rows=$(rows '(.client_id // "" | startswith("cpus-")) and .client_zone == "b"')
	note "$1: $(($2 - rows)) of $2 not identified; early $(($(stat_of early_segments) - early)), frame_lost $(($(stat_of frame_lost) - lost)), races $(($(stat_of races) - races)), taken_back $(($(stat_of taken_back) - back))"
}
round() { # raw|plain PIECE CONNECTIONS
	local name=$1-$2
	early=$(stat_of early_segments) lost=$(stat_of frame_lost) races=$(stat_of races) back=$(stat_of taken_back)
	mkfifo "$WORK/open.$name"
	exec 7<>"$WORK/open.$name"
	spawn "cpus-$name" a "$CGROUP" sh -c 'exec "$@" <"$0"' "$WORK/open.$name" "$BUILD/cpus" "$1" "$(agent_ip a)" 9092 "$3" "$2"
	said() { grep -q . "$WORK/cpus-$name.log"; }
	within 120 said || not_ok "$1, pieces of up to $2: all is said"
	check "$1, pieces of up to $2: every client is identified" within "$DEADLINE" whole "$3"
	check "and every request read" within "$DEADLINE" two "$3"
	check "and no frame lost" test "$(stat_of frame_lost)" = "$lost"
	figures "$1, pieces of up to $2" "$3"
	stop "cpus-$name"
	exec 7>&-
	check "all are gone" within 30 no_rows true
}
round plain 1 "$ALL"
round raw 1 $((ALL / 20))
round raw 12 $((ALL / 20))
