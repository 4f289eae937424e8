#!/usr/bin/env bash
# needs: counterparts
# quiet, long
# librdkafka 2.12 and 2.16, writers that never pause, which know one other agent: after the close they write at the old agent again, and
# what they wrote there is doubled once they learn of home, unless they are followed. Nothing is doubled, lost, and no error beyond
# the same in mode observe; they come home. How many write there before they know of home is chance. PROOF_OUT=DIR keeps the run.
set -u
here=$(dirname "$0")
# shellcheck source=tests/e2e/lib.sh
. "$here/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "$(basename "$0"): not root"
command -v kcat >/dev/null || skip "$(basename "$0"): kcat is not installed"
out=${PROOF_OUT:-$(mktemp -d)}
"$here/proof.sh" "$out" --topology 1 --libs "confluent confluent-2.12" --roles write/default,write/pipeline \
	--short --plan "first:2 observe" --clients "${PROOF_CLIENTS:-3}" 2>&1
rc=$?
[ $rc -eq 3 ] && skip "$(basename "$0"): librdkafka is not built (scripts/counterparts)"
[ $rc -eq 0 ] || not_ok "the run ended with status $rc"
"$E2E_ROOT/tests/proof/proof.py" promises "$out" || E2E_FAILED=1
followed=$(cat "$out"/events-*.json | jq -s '[.[] | select(.event == "follow-close" or .event == "left-while-held")] | length')
note "clients were held back on their way home $followed times"
let=$(cat "$out"/events-*.json | jq -s '[.[] | select(.event == "let-through")] | length')
check "nobody was let through who did not know of home ($let)" test "$let" = 0
[ -n "${PROOF_OUT:-}" ] || rm -rf "$out"
exit $E2E_FAILED
