#!/usr/bin/env bash
# quiet
# The topology file: looked at each second; changes count in seconds, whole or not at all; a broken file is one line and the old stays.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
topology a=ready
rezone_start --interval 1s --stable-for 0s
shown() { "$REZONE" topology --pin-dir "$PIN_DIR" -o json; }
agents() { bpftool -j map dump pinned "$PIN_DIR/agents" | jq length; }
has_agents() { [ "$(agents)" = "$1" ]; }

check "the first file is in the maps" within "$DEADLINE" has_agents 2
topology a=ready b=ready c=notready
check "a changed file is in the maps in seconds" within 6 has_agents 6
check "zones are counted in map zones" eval \
	'bpftool -j map dump pinned "$PIN_DIR/zones" | jq -e "[.[].formatted | select(.key.zone == \"c\")][0].value.ready == 0" >/dev/null'
check "rezone topology shows them" eval 'shown | jq -e "tostring | test(\"\\\"b\\\"\")" >/dev/null'

fault() { shown | jq -r '.sources[0].fault // ""'; }
broken() { # WHAT CONTENT
	local before
	before=$(fault)
	printf '%s\n' "$2" >"$WORK/topology.tmp"
	mv "$WORK/topology.tmp" "$WORK/topology.yaml"
	another_fault() { [ "$(fault)" != "$before" ] && [[ $(fault) =~ topology.yaml:[0-9]+:[0-9]+:\  ]]; }
	check "$1: a fault with file, line and column" within "$DEADLINE" another_fault
	note "$(fault | cut -c1-200)"
	has_agents 6 || not_ok "$1: the old topology stays"
	has_fault || not_ok "$1: rezone topology shows the fault"
}
has_fault() { # also as text
	shown | jq -e '.sources[0].fault | contains("topology.yaml:")' >/dev/null && "$REZONE" topology --pin-dir "$PIN_DIR" | grep -q 'topology.yaml:[0-9]'
}
broken "bad YAML" 'agents: [ { address: 10.0.0.1'
broken "unknown key" 'agents: [ { addres: 10.0.0.1, zone: a } ]'
broken "bad address" 'agents: [ { address: 10.0.0.999, zone: a } ]'
broken "second agent of the same address" 'agents: [ { address: 10.0.0.1, zone: a }, { address: 10.0.0.1, zone: b } ]'
lines() { wc -l <"$WORK/rezone.log"; }
n=$(lines)
check "the same fault is not logged again every second" stays 3 eval '[ "$(lines)" = "$n" ]'
topology a=ready b=ready
check "a mended file is taken" within "$DEADLINE" has_agents 4
check "and has no fault any more" within "$DEADLINE" eval '! has_fault && shown | jq -e ".sources[0].fault == null" >/dev/null'
mv "$WORK/topology.yaml" "$WORK/topology.away"
check "a file that is gone is a fault" within "$DEADLINE" has_fault
check "... what was read before stays" has_agents 4
mv "$WORK/topology.away" "$WORK/topology.yaml"
check "... until it is back" within "$DEADLINE" eval '! has_fault'
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
check "a ConfigMap's symlink is read" within "$DEADLINE" has_agents 2
ln -s v2 "$WORK/..tmp" && mv -T "$WORK/..tmp" "$WORK/..data"
check "a swapped ConfigMap is read in seconds" within 6 has_agents 6
check "the daemon runs on" alive rezone
