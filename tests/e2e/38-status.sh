#!/usr/bin/env bash
# `rezone status`: what it says of a daemon that is well, paused, frozen, stopped, killed and not there; its exit status in each
# case, and that of --live and --ready, by which probes decide.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
status() { "$REZONE" status --pin-dir "$PIN_DIR" "$@" 2>/dev/null; }
exits() { # STATUS [FLAGS...]
	local want=$1
	shift
	status "$@" >/dev/null
	[ $? -eq "$want" ]
}
says() { status -o json | jq -e "$1" >/dev/null; }
# health HEALTH STATUS LIVE READY: its word, its exit status and those of the probes
health() { says ".health == \"$1\"" && exits "$2" && exits "$3" --live && exits "$4" --ready; }

check "no daemon has run: not running" health "not running" 3 3 3
check "... and what is not known is null" says '.mode == null and .moves == null and .faults[0].fault == "not running"'
check "usage errors are 2" exits 2 --no-such-option
"$REZONE" status >"$WORK/status.out" 2>&1
rc=$?
"$REZONE" >"$WORK/bare.out" 2>&1
bare=$?
check "rezone without a command is rezone status" eval '[ $bare = $rc ] && [ "$(head -1 "$WORK/status.out")" = "$(head -1 "$WORK/bare.out")" ]'

agent_start a
AT=$(agent_ip a):9092
topology a=ready
client_start r kafka-go-debian read --bootstrap "$AT" --client-id "r,warpstream_az=b,$LB" --topic t
(until [ -e "$WORK/started" ]; do status -o json; done) >"$WORK/at-start.json" &
PIDS[at-start]=$!
rezone_start --interval 500ms --stable-for 0s --topology-max-age 3s --outcome-after 1s --node-name node-7
touch "$WORK/started"
wait "${PIDS[at-start]}"
check "while it starts, what it has not written yet is null" eval 'jq -se "length > 1 and all(.pid == null or .pid > 0)" <"$WORK/at-start.json"'
check "healthy" within "$DEADLINE" health healthy 0 0 0
check "it says who and where it is" says '.node == "node-7" and .mode == "enforce" and .interval_s == 0.5 and .own_zone == "a" and
	.running_s < 60 and .tick_age_s < 5 and .beat_age_s < 5 and (.started | test("^20..-..-..T")) and (.version | test("^[0-9]+[.]"))'
check "its pid is the daemon's" says ".pid == ${PIDS[rezone]}"
check "agents and their source with its age" says '.topology | .agents == 1 and .ready == 1 and .zones == 1 and
	(.sources | length == 1 and (.[0].name | startswith("file ")) and .[0].age_s < 3)'
check "connections by locality; none would move" within "$DEADLINE" says '.connections.cross > 0 and .connections.would_move == 0'

status_pause() { "$REZONE" pause --pin-dir "$PIN_DIR" "$@" >/dev/null 2>&1; }
status_pause --for 1h --reason "a test"
check "paused: degraded, but live and ready" health degraded 1 0 0
check "... by whom, why, since and until" says '.paused | (.by | test("uid 0")) and .why == "a test" and .since < .until'
topology a=ready b=ready
check "who would move is counted while it is paused" within "$DEADLINE" says '.connections.would_move > 0 and .moves.moved == 0'
"$REZONE" resume --pin-dir "$PIN_DIR" >/dev/null 2>&1
check "moved, and what became of it" within "$DEADLINE" says '.moves | .moved > 0 and .home + .left + .returned > 0 and
	.not_known_yet == .moved - .home - .left - .returned'
check "healthy again" within "$DEADLINE" health healthy 0 0 0

echo "agents: [" >"$WORK/topology.tmp" && mv "$WORK/topology.tmp" "$WORK/topology.yaml"
check "a topology that is stale: degraded, but live and ready" within "$DEADLINE" health degraded 1 0 0
check "... with the freeze and since when" says '.frozen | .freeze == "stale" and (.since | test("^20")) and (.why | length > 0)'
topology a=ready b=ready
check "a change of the topology is an event with before and after" within "$DEADLINE" \
	has_event '.event == "topology" and (.before | startswith("1 agents in 1 zones")) and (.after | startswith("2 agents in 2 zones")) and (.text | startswith("by "))'
names_node() {
	local c
	for c in "status" "stats" "topology" "config" "traffic" "pause" "resume" "list --client-id r,*" "list --group-by zones" "reset --all --dry-run" "events"; do
		# shellcheck disable=SC2086 # words of a command
		"$REZONE" $c --pin-dir "$PIN_DIR" -o json 2>/dev/null | jq -se 'flatten | length > 0 and all(.[]; .node == "node-7")' >/dev/null || {
			note "$c"
			return 1
		}
	done
}
check "every JSON form names the node" names_node
check "... and over" within "$DEADLINE" health healthy 0 0 0

kill -STOP "${PIDS[rezone]}"
check "a daemon that is stopped: live, not ready" within "$DEADLINE" health degraded 1 0 1
check "... and says stalled" says '.faults | map(.fault) == ["stalled"]'
kill -CONT "${PIDS[rezone]}"
check "... and well when it goes on" within "$DEADLINE" health healthy 0 0 0
stop rezone KILL
check "killed: not running, with what it left" eval 'health "not running" 3 3 3 && says ".running_s == null and .version != null"'
(until exits 0 --ready; do sleep 0.01; done; status -o json) >"$WORK/first-ready.json" &
PIDS[first-ready]=$!
rezone_start --interval 500ms --mode observe
wait "${PIDS[first-ready]}"
check "the next one is ready by its own word, not by that of the one that was killed" eval 'jq -e ".pid == ${PIDS[rezone]}" <"$WORK/first-ready.json"'
check "the next one is well at once, and observes" within 5 eval 'health healthy 0 0 0 && says ".mode == \"observe\""'
stop rezone
check "after SIGTERM: not running" health "not running" 3 3 3

# Stopped in the midst of loading: its maps are pinned, its programs are not attached yet.
pinned() { compgen -G "$PIN_DIR/v*/$1" >/dev/null; }
spawn rezone - - "$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" --topology "$WORK/topology.yaml" --interval 500ms
for ((i = 0; i < 200000; i++)); do
	pinned conns && break
done
kill -STOP "${PIDS[rezone]}"
if pinned link_segment; then
	note "the start was over before it could be stopped: not looked at"
	kill -CONT "${PIDS[rezone]}"
else
	sleep 2
	at=$(date -u +%Y-%m-%dT%H:%M:%S)
	kill -CONT "${PIDS[rezone]}"
	check "a start that takes long: it has run since it was attached" within "$DEADLINE" says ".started >= \"$at\""
fi
stop rezone
