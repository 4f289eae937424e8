#!/usr/bin/env bash
# One run of the proof (tests/proof/arena.py) in namespaces of its own: proof.sh OUT FLAGS...
# REZONE=PATH: another binary. Called by tests/proof/proof.py and 59-proof.sh.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
REZONE=${PROOF_REZONE:-$REZONE}
e2e_begin
export P WORK CGROUP PIN_DIR REZONE STANDIN
"$E2E_ROOT/tests/proof/arena.py" "$@" &
PIDS[arena]=$!
wait "${PIDS[arena]}"
rc=$?
unset "PIDS[arena]"
exit $rc
