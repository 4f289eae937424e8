#!/usr/bin/env bash
# SIGKILL disturbs no connection, and the next rezone knows the connections it knew; SIGTERM leaves nothing;
# --keep-pins leaves everything, for the next daemon to go on with or to remove; two daemons do not share a pin directory; older connections are adopted.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
agent_start a
topology a=ready
AT=$(agent_ip a):9092
client_start w kafka-go-debian write --bootstrap "$AT" --client-id w,warpstream_az=a --topic t --rate 10
for i in 1 2 3; do
	client_start "r$i" kafka-go-debian read --bootstrap "$AT" --client-id "r$i,warpstream_az=b" --topic t --partition $((i - 1))
done
within "$DEADLINE" grep -q '"event":"read"' "$WORK/r1.log" || not_ok "r1 reads"

spawn idle cl - bash -c "exec 3<>/dev/tcp/$(agent_ip a)/9092; exec sleep 600"
within "$DEADLINE" eval '[ -n "$(conns_of idle)" ]' || not_ok "the silent one is connected"
rezone_start --interval 500ms
if "$REZONE" check -o json 2>/dev/null | jq -e 'any(.checks[]; .name == "census" and .status == "ok")' >/dev/null; then
	check "a connection older than rezone that says nothing is found and listed" within "$DEADLINE" has_rows '.state == "new" and .adopted == false and .agent_zone == "a"' 1
else
	note "no census on this kernel: a silent connection is not found"
fi
check "connections older than rezone are adopted at their next requests" within "$DEADLINE" has_rows '.kind == "data"' 7 # 3 readers, 1 writer to 4 partitions
check "they are counted as adopted" eval '[ "$(stat_of adopted)" -ge 3 ]'
cookies() { rz_list -o json | jq -c '[.[] | select(.kind == "data") | .cookie] | sort'; }
look() {
	known=$(cookies) before=$(data_conns true && conns_of idle)
	[ "$(jq length <<<"$known") $(wc -l <<<"$before")" = "7 8" ]
}
check "readers, writer and the silent one are known: 8 connections that must last" within "$DEADLINE" look

stop rezone KILL
check "SIGKILL disturbs no connection" stays 3 all_there "$before"
check "list works without a daemon, and says so" eval '"$REZONE" list --pin-dir "$PIN_DIR" >/dev/null 2>"$WORK/list.err" && [ -s "$WORK/list.err" ]'
check "tracking goes on without it" eval '[ "$(cookies)" = "$known" ]'
rezone_start --interval 500ms
check "started again it knows the same connections" eval '[ "$(cookies)" = "$known" ]'
check "with their identity" has_rows '.client_zone == "b" and .state == "data"' 3
check "the frame was never lost" test "$(stat_of frame_lost)" = 0
check "one program is attached, not two" within "$DEADLINE" has_progs 1

"$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" >"$WORK/second.out" 2>&1
rc=$?
check "a second daemon is refused, with one error" eval '[ $rc = 1 ] && [ "$(grep -c " error " "$WORK/second.out")" = 1 ]'
timeout "$DEADLINE" "$REZONE" run --pin-dir "$PIN_DIR-2" --cgroup "$CGROUP" >"$WORK/third.out" 2>&1
rc=$?
check "so is one with a pin directory of its own, which leaves nothing there" eval '[ $rc = 1 ] && [ "$(wc -l <"$WORK/third.out")" = 1 ] && [ ! -e "$PIN_DIR-2" ]'
check "no second program stays attached" has_progs 1
check "the first one runs on" alive rezone

# a successor that is started while the old one still runs, as of a pod that is deleted by force: it takes over from an end that leaves
# nothing, and from one that leaves its pins
successor() { # WHAT FLAGS...: of the one that follows
	local what=$1
	shift
	spawn next - - "$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" --topology "$WORK/topology.yaml" --interval 500ms "$@"
	within "$DEADLINE" test -s "$WORK/next.log" || not_ok "the successor says for whom it waits"
	check "$what: its successor waits for its end" alive next
	stop rezone
	PIDS[rezone]=${PIDS[next]}
	unset 'PIDS[next]'
	check "... then runs" within "$DEADLINE" daemon_runs
	check "... without an error" eval '! grep " error " "$WORK/next.log"'
	rm "$WORK/next.log"
}
successor "a daemon that removes its pins" --keep-pins
successor "a daemon that leaves its pins"
check "the connections are known in the end" within "$DEADLINE" has_rows '.kind == "data"' 7
check "nobody was disturbed by it" all_there "$before"

bpftool map pin pinned "$PIN_DIR/stats" "$PIN_DIR/other"
stop rezone
check "SIGTERM leaves no pin of rezone's, and somebody else's alone" eval '[ "$(ls "$PIN_DIR")" = other ]'
rm "$PIN_DIR/other"
rmdir "$PIN_DIR"
check "SIGTERM leaves no program" within "$DEADLINE" has_progs 0
check "nobody was disturbed" all_there "$before"
rezone_start --interval 500ms --keep-pins
within "$DEADLINE" has_rows '.kind == "data" and (.client_id | startswith("r"))' 3
stop rezone
check "--keep-pins leaves maps and programs" eval '[ -e "$PIN_DIR/conns" ] && has_progs 1'
check "a close is seen while no daemon runs" eval 'stop r1; within "$DEADLINE" has_rows ".kind == \"data\" and (.client_id | startswith(\"r\"))" 2'

# as one removes what a DaemonSet left that was deleted
rezone_start --interval 500ms --mode observe
check "a daemon without it takes them over" within "$DEADLINE" has_rows '.kind == "data" and (.client_id | startswith("r"))' 2
stop rezone
check "... and its end leaves nothing" eval '[ ! -e "$PIN_DIR" ] && within "$DEADLINE" has_progs 0'
