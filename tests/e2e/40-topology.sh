#!/usr/bin/env bash
# The topology file: changes within 2 s, whole or not at all; a broken file is one line and the old stays.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
topology a=ready
rezone_start --interval 1s --stable-for 0s
shown() { "$REZONE" topology --pin-dir "$PIN_DIR" -o json; }
agents() { bpftool -j map dump pinned "$PIN_DIR/agents" | jq length; }
has_agents() { [ "$(agents)" = "$1" ]; }

check "the first file is in the maps" within 3 has_agents 2
topology a=ready b=ready c=notready
check "a changed file is in the maps within 2 s" within 2 has_agents 6
check "zones are counted in map zones" eval \
	'bpftool -j map dump pinned "$PIN_DIR/zones" | jq -e "[.[].formatted | select(.key.zone == \"c\")][0].value.ready == 0" >/dev/null'
check "rezone topology shows them" eval 'shown | jq -e "tostring | test(\"\\\"b\\\"\")" >/dev/null'

faults() { grep -c 'topology.yaml:' "$WORK/rezone.log"; }
broken() { # WHAT CONTENT
	local n
	n=$(faults)
	printf '%s\n' "$2" >"$WORK/topology.tmp"
	mv "$WORK/topology.tmp" "$WORK/topology.yaml"
	more_faults() { [ "$(faults)" -gt "$n" ]; }
	check "$1: said in a line with file, line and column" within 3 more_faults
	note "$(grep 'topology.yaml:' "$WORK/rezone.log" | tail -n 1 | cut -c1-200)"
	grep 'topology.yaml:' "$WORK/rezone.log" | tail -n 1 | grep -qE 'topology.yaml:[0-9]+:[0-9]+: ' || not_ok "$1: line and column"
	has_agents 6 || not_ok "$1: the old topology stays"
	within 3 has_fault || not_ok "$1: rezone topology shows the fault"
}
has_fault() { # also as text
	shown | jq -e '.sources[0].fault | contains("topology.yaml:")' >/dev/null && "$REZONE" topology --pin-dir "$PIN_DIR" | grep -q 'topology.yaml:[0-9]'
}
broken "bad YAML" 'agents: [ { address: 10.0.0.1'
broken "unknown key" 'agents: [ { addres: 10.0.0.1, zone: a } ]'
broken "bad address" 'agents: [ { address: 10.0.0.999, zone: a } ]'
broken "second agent of the same address" 'agents: [ { address: 10.0.0.1, zone: a }, { address: 10.0.0.1, zone: b } ]'
n=$(faults)
check "the same fault is not said again every second" stays 3 eval '[ "$(faults)" = "$n" ]'
topology a=ready b=ready
check "a mended file is taken" within 3 has_agents 4
check "and has no fault any more" within 3 eval '! has_fault && shown | jq -e ".sources[0].fault == null" >/dev/null'
mv "$WORK/topology.yaml" "$WORK/topology.away"
check "a file that is gone is a fault" within 3 has_fault
check "... what was read before stays" has_agents 4
mv "$WORK/topology.away" "$WORK/topology.yaml"
check "... until it is back" within 3 eval '! has_fault'
check "rezone topology --file accepts it" eval '"$REZONE" topology --file "$WORK/topology.yaml" >/dev/null'
echo 'zone: [' >"$WORK/bad.yaml"
check "rezone topology --file refuses a bad one with status 1 and its place" eval \
	'out=$("$REZONE" topology --file "$WORK/bad.yaml" 2>&1); [ $? = 1 ] && grep -q "bad.yaml:[0-9]*:[0-9]*: " <<<"$out"'

# a ConfigMap's way: the file is a symlink into a folder that is swapped
mkdir "$WORK/v1" "$WORK/v2"
topology a=ready
mv "$WORK/topology.yaml" "$WORK/v1/topology.yaml"
topology a=ready b=ready c=ready
mv "$WORK/topology.yaml" "$WORK/v2/topology.yaml"
ln -s v1 "$WORK/..data" && ln -s ..data/topology.yaml "$WORK/topology.yaml"
check "a ConfigMap's symlink is read" within 3 has_agents 2
ln -s v2 "$WORK/..tmp" && mv -T "$WORK/..tmp" "$WORK/..data"
check "a swapped ConfigMap is read within 2 s" within 2 has_agents 6
check "the daemon runs on" alive rezone
