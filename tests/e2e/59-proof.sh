#!/usr/bin/env bash
# needs: counterparts
# quiet, long
# Clients that can reach their home zone, which goes and comes back: real libraries as they ship and with many requests in flight, two
# other agents known to them; rezone there before them, and after. Nothing doubled, lost, no generation and no error beyond the same
# in mode observe; the moved arrive. Then the controls, which must fire: resets that wait for nothing, and agents that lie.
# PROOF_OUT=DIR keeps the run; PROOF_LIBS, PROOF_CLIENTS (of each set-up). `make moves` is the long form. PROOF_PARKED=1: all are
# parked before they are moved (`make moves-parked`).
set -u
here=$(dirname "$0")
# shellcheck source=tests/e2e/lib.sh
. "$here/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "$(basename "$0"): not root"
command -v kcat >/dev/null || skip "$(basename "$0"): kcat is not installed"
out=${PROOF_OUT:-$(mktemp -d)}
"$here/proof.sh" "$out" --topology 2 --libs "${PROOF_LIBS:-confluent-2.0 java kafka-go kafka-python-2.0}" \
	--short --plan "first last observe plain lie" --clients "${PROOF_CLIENTS:-2}" ${PROOF_PARKED:+--parked} 2>&1
rc=$?
[ $rc -eq 3 ] && skip "$(basename "$0"): no client library was built (scripts/counterparts)"
if [ $rc -eq 0 ]; then "$E2E_ROOT/tests/proof/proof.py" check "$out"; else not_ok "the run ended with status $rc"; fi
rc=$((E2E_FAILED + $?))
[ -n "${PROOF_OUT:-}" ] || rm -rf "$out"
exit $rc
