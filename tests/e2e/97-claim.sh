#!/usr/bin/env bash
# A claim that was left on a connection's entry, which nothing is known to do: its segments are dropped, three ticks find it, the log
# says so, and the connection is read on from a new entry. The others do not notice.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
. "$E2E_ROOT/tests/e2e/crowd.sh"
topology a=ready b=ready
crowd_serve a
rezone_start --mode observe --interval 1s
crowd_sources
crowd_open crowd a 3 -e 200 -i "left-%u,warpstream_az=b"
known() { has_rows '(.client_id // "" | startswith("left-")) and .client_zone == "b" and .state == "identified"' 3; }
check "three clients are identified" within "$DEADLINE" known

first() { bpftool -j map dump pinned "$PIN_DIR/conns" | jq -r '.[0] | (.key, .value) | join(" ")'; }
claims() { bpftool -j map dump pinned "$PIN_DIR/conns" | jq '[.[].formatted.value.claim | select(. != 0)] | length'; }
leave() {
	local key value
	{ read -r key && read -r -a value; } < <(first)
	value[6]=0x07 value[7]=0x80
	# shellcheck disable=SC2086
	bpftool map update pinned "$PIN_DIR/conns" key $key value "${value[@]}"
}
claimed() { [ "$(claims)" = "$1" ]; }
dropped() { [ "$(stat_of races)" -gt "$races" ]; }
races=$(stat_of races)
check "a claim is left on one of their entries" leave
check "its segments are dropped" within 10 dropped
check "it stays for some ticks" claimed 1
check "the daemon finds it, and no claim is left" within 60 claimed 0
check "all three are identified" within 60 known
