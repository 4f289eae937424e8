#!/usr/bin/env bash
# One run of the set-ups that fleets have (tests/fleet/arena.py) in namespaces of its own: fleet.sh OUT FLAGS...
# FLEET_REZONE=PATH: another binary. Called by tests/fleet/fleet.py and 75-fleet.sh.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
REZONE=${FLEET_REZONE:-$REZONE}
e2e_begin
export P WORK CGROUP PIN_DIR REZONE
"$E2E_ROOT/tests/fleet/arena.py" "$@" &
PIDS[arena]=$!
wait "${PIDS[arena]}"
rc=$?
unset "PIDS[arena]"
exit $rc
