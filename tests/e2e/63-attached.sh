#!/usr/bin/env bash
# What rezone attached and pinned, taken away under it: a cgroup removed and made again, a link detached by hand, a second
# segment program on the same cgroup, pins removed and mounted over, another version's pins. Each is noticed, told as a freeze,
# and mended, or nobody is moved until a person does.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
RIVAL=$PIN_DIR-rival
E2E_AT_END='stop reader; stop rezone; stop second; rm -rf "$RIVAL"; agent_stop a KILL; rmdir "$CGROUP/slice" 2>/dev/null'
SLICE=$CGROUP/slice
mkdir "$SLICE"
topology a=ready b=ready
FLAGS=(--interval 500ms --stable-for 0s --reconcile 1s --min-age 0s --cooldown 1s --give-up-after 0)
id_of() { stat -c %i "$1"; }
# links of programs on a cgroup: cgroup show is blind on 5.10
links() { bpftool -j link show | jq -s --argjson id "$(id_of "$1")" '[add // [] | .[] | select(.type == "cgroup" and .cgroup_id == $id) | .id]'; }
has_links() { [ "$(links "$1" | jq length)" = "$2" ]; }
told() { event_count ".event == \"$1\""; }
told_more() { [ "$(told "$1")" -gt "$2" ]; }
agent_in() { # CGROUP
	rm -rf "$WORK/data/agents"
	spawn agent-a a "$1" "$STANDIN/rezone-agent" --id 1 --zone a --listen "[::]:9092" --advertise "$(agent_ip a):9092" --data "$WORK/data"
	within "$DEADLINE" test -e "$WORK/data/agents/1" || not_ok "agent a did not start"
}
reader() { client_start reader kafka-go-debian read --bootstrap "$(agent_ip a):9092" --client-id "r,warpstream_az=b,warpstream_interzone_lb=true" --topic t; }
moves_go_on() {
	local n
	n=$(counter_of moved)
	within "$DEADLINE" eval "[ \"\$(counter_of moved)\" -gt $n ]"
}

# the cgroup, removed and made again
rezone_start "${FLAGS[@]}" --cgroup "$SLICE"
freezes=$(told freeze)
check "what the kernel left out of the state program is told" \
	test "$("$REZONE" stats --pin-dir "$PIN_DIR" -o json | jq -r '.state_skipped | type')" = number
rmdir "$SLICE"
check "a removed cgroup: frozen, and said" within "$DEADLINE" is_frozen detached
mkdir "$SLICE"
check "made again: attached again, and over" within "$DEADLINE" eval 'is_frozen no && has_links "$SLICE" 1'
check "both are events" eval 'told_more freeze "$freezes" && told_more thaw 0'
agent_in "$SLICE"
reader
check "clients of the new cgroup are seen and moved" moves_go_on

# the link, detached by hand
freezes=$(told freeze)
bpftool link detach id "$(links "$SLICE" | jq '.[0]')"
check "a detached link: said" within "$DEADLINE" told_more freeze "$freezes"
check "... attached again, and over" within "$DEADLINE" eval 'is_frozen no && has_links "$SLICE" 1'
check "... and clients are moved again" moves_go_on

# pins, removed
rm -rf "$PIN_DIR"
check "removed pins are there again" within "$DEADLINE" eval 'is_frozen no && [ -e "$PIN_DIR/conns" ]'
check "... said" eval 'told_more freeze "$((freezes + 1))"'
"$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$SLICE" >"$WORK/second.out" 2>&1
rc=$?
check "... and nobody else may have the pin directory" test $rc = 1
check "a pause reaches the daemon" eval '"$REZONE" pause --pin-dir "$PIN_DIR" 2>/dev/null; within "$DEADLINE" eval "[ \"\$(told pause)\" = 1 ]"'
"$REZONE" resume --pin-dir "$PIN_DIR" 2>/dev/null

# a second segment program: at start it is refused, for another port it is none
"$REZONE" run --pin-dir "$RIVAL" --cgroup "$SLICE" >"$WORK/second.out" 2>&1
rc=$?
check "a second rezone on the same cgroup and port does not start" eval '[ $rc = 1 ] && ! [ -e "$RIVAL/conns" ]'
spawn second - - "$REZONE" run --pin-dir "$RIVAL" --cgroup "$SLICE" --port 19092
check "... for another port it does" within "$DEADLINE" test -e "$RIVAL/settings"
check "... and neither freezes" stays 3 is_frozen no
stop second
rm -rf "$RIVAL"
# one that an earlier run left: its link is pinned where the next run does not look
link=$(links "$SLICE" | jq '.[0]')
stop rezone KILL
bpftool link pin id "$link" "$RIVAL"
rezone_start "${FLAGS[@]}" --cgroup "$SLICE"
check "an earlier run's program that is kept elsewhere: frozen" within "$DEADLINE" is_frozen "second program"
check "... as nobody is moved" stays 2 eval '[ "$(counter_of moved)" = 0 ]'
rm "$RIVAL"
check "... until it is gone" within "$DEADLINE" eval 'is_frozen no && has_links "$SLICE" 1'

# another version's pins, as a rollback finds them
stop rezone KILL
mv "$PIN_DIR"/v[0-9]* "$PIN_DIR/v99"
rezone_start "${FLAGS[@]}" --cgroup "$SLICE"
check "a newer version's programs end when an older one starts" within "$DEADLINE" has_links "$SLICE" 1
check "... and its pins are removed" test ! -e "$PIN_DIR/v99"
stop rezone

# a file system mounted over the pins, in a mount namespace of its own
spawn rezone - - unshare -m sh -c 'mount --make-rprivate / && exec "$@"' sh "$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$SLICE" \
	--topology "$WORK/topology.yaml" "${FLAGS[@]}"
check "in a mount namespace" within "$DEADLINE" daemon_runs
there() { nsenter -m -t "${PIDS[rezone]}" "$@"; }
there mount -t bpf bpf /sys/fs/bpf
check "pins that are mounted over are made again" within "$DEADLINE" there test -e "$PIN_DIR/conns"
check "... and the daemon is found" within "$DEADLINE" eval '[ "$(there "$REZONE" topology --pin-dir "$PIN_DIR" -o json | jq -r ".frozen // \"no\"")" = no ]'
stop rezone
check "its end leaves no program, though the first pins are hidden" within "$DEADLINE" has_links "$SLICE" 0
