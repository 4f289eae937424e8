#!/usr/bin/env bash
# needs: counterparts
# nightly
# The table of set-ups (make clients-table), one line of it: its broker, agents, client, judge and dump work together.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
[ "$(id -u)" -eq 0 ] || { echo "ok - # SKIP 75-fleet: not root"; exit 0; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$root/tests/e2e/fleet.sh" "$out" --mode first --short kafka-go.group
rc=$?
[ $rc -ne 3 ] || { echo "ok - # SKIP 75-fleet: what it needs is not built (scripts/counterparts)"; exit 0; }
[ $rc -eq 0 ] || { echo "not ok - the run ends well"; exit 1; }
"$root/tests/fleet/fleet.py" check "$out"
