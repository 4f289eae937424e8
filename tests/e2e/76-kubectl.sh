#!/usr/bin/env bash
# kubectl rezone over three real daemons, each with agents, a cgroup and pins of its own, as on three nodes; kubectl itself is a
# stand-in (tests/peers/kubectl). All nodes are in one table, a client that left one node is seen at home on another, a pause is
# each node's and names the user, a node that is down is named; uninstall leaves no pin although the daemons keep theirs.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
export KUBECTL_STATE=$WORK/state PATH=$E2E_ROOT/tests/peers/kubectl:$PATH REZONE
fleet() { "$E2E_ROOT/deploy/kubectl-rezone" "$@" 2>>"$WORK/fleet.log" </dev/null; }
says() { # JQ COMMAND...
	local filter=$1
	shift
	fleet "$@" -o json | jq -e "$filter" >/dev/null
}
mkdir -p "$KUBECTL_STATE/exec"
nodes=(a b c)
jq -n '{status: {desiredNumberScheduled: 3}, spec: {selector: {matchLabels: {app: "rezone"}}}}' >"$KUBECTL_STATE/daemonset.json"
jq -n '{items: ["a", "b", "c"] | map({metadata: {name: "rezone-\(.)"}, spec: {nodeName: "node-\(.)"},
	status: {phase: "Running", containerStatuses: [{name: "rezone", state: {running: {}}}]}})}' >"$KUBECTL_STATE/pods.json"
echo "shop orders-1 <none> ReplicaSet orders-77 77 Running 10.99.9.1" >"$KUBECTL_STATE/everybody"
E2E_AT_END='for z in a b c; do rm -rf "$PIN_DIR-$z"; done'

# node ZONE: a daemon that knows the agents of its own cgroup alone
node() {
	spawn "node-$1" - - "$REZONE" run --pin-dir "$PIN_DIR-$1" --cgroup "$CGROUP/$1" --topology "$WORK/topology.yaml" --zone "$1" \
		--node-name "node-$1" --keep-pins --breaker 0 --rate-per-target 0 --interval 300ms --stable-for 0s --outcome-after 1s \
		--hold-timeout 3s
	echo "pin $PIN_DIR-$1" >"$KUBECTL_STATE/exec/rezone-$1"
}
for z in "${nodes[@]}"; do
	mkdir "$CGROUP/$z"
done
start_agent() { AGENTS=$CGROUP/$1 agent_start "$1"; }
start_agent a
start_agent c
topology a=ready b=notready c=ready
for z in "${nodes[@]}"; do node "$z"; done
check "three nodes are healthy" within "$DEADLINE" fleet status
check "... each in its zone" says '[.items[] | .own_zone] == ["a", "b", "c"] and (.items | map(.node)) == ["node-a", "node-b", "node-c"]' status
client_start r kafka-go-debian read --bootstrap "$(agent_ip a):9092" --client-id "orders,warpstream_az=b,$LB" --topic t
check "a client is on the wrong node, and named by its workload" within "$DEADLINE" says \
	'.items | any(.node != "node-b" and .workload == "deployment/orders" and .locality == "cross" and .kind == "data")' list
check "groups are added up over the nodes" says 'any(.items[]; .name == "b" and .connections > 0)' list --group-by client-zone
check "the plan of all nodes names nobody yet, and says what is missing" says '[.items[].would_move.connections] == [0, 0, 0] and
	any(.items[].stays[]; .locality == "cross" and .change != "")' plan
check "... as a table" eval 'fleet plan | grep -q "^stays across zones:"'
start_agent b
topology a=ready b=ready c=ready
check "the node that it left does not know where it is" within "$DEADLINE" says 'any(.items[]; .event == "outcome" and .outcome == "left")' events -e outcome
check "... the fleet does: at home on node-b" within "$DEADLINE" says \
	'any(.items[]; .event == "outcome" and .outcome == "left" and .seen.where == "home" and .seen.node == "node-b")' events -e outcome

check "all are paused, for the user" says '[.items[] | .result == "paused" and (.pause.by | startswith("alice@example.com by root (uid 0"))] == [true, true, true]' \
	pause --for 1h --reason 'a shift'
check "... status says so, and is 1" eval '! fleet status >/dev/null && says "all(.items[]; .faults[0].fault == \"paused\")" status'
check "... each node tells who" says '[.items[] | .text | test("alice@example.com")] == [true, true, true]' events -e pause
check "all are resumed" eval 'fleet resume >/dev/null && says "all(.items[]; .paused == null)" status'

echo down >"$KUBECTL_STATE/exec/rezone-c"
check "a node that cannot be asked is named, the others are shown" says '(.items | length) == 2 and .failed[0].node == "node-c"' status
check "... and nothing is uninstalled" eval '! fleet uninstall --yes && alive node-a'
echo "pin $PIN_DIR-c" >"$KUBECTL_STATE/exec/rezone-c"
(cd "$WORK" && fleet bugtool >/dev/null)
check "each node's archive is there" test "$(for f in "$WORK"/rezone-bugtool-*/node-?.tar.gz; do tar -tzf "$f"; done | grep -c /list.json)" = 3
# what deleting the DaemonSet does to its pods
printf '#!/bin/sh\nkill -TERM %s\n' "$(for z in a b c; do echo -n "${PIDS[node-$z]} "; done)" >"$KUBECTL_STATE/on-delete"
chmod +x "$KUBECTL_STATE/on-delete"
check "uninstall" fleet uninstall --yes
gone() { ! alive node-a && ! alive node-b && ! alive node-c; }
check "... the daemons end" within "$DEADLINE" gone
for z in "${nodes[@]}"; do [ ! -e "$PIN_DIR-$z" ] || not_ok "pins of node-$z stay: $(find "$PIN_DIR-$z" | tr '\n' ' ')"; done
check "... and no pin stays" eval '! ls -d "$PIN_DIR"-? 2>/dev/null'
check "uninstall where none runs has nothing to do" test "$("$REZONE" uninstall -o json --pin-dir "$PIN_DIR-a" | jq -r .result)" = "nothing there"
