#!/usr/bin/env bash
# A socket that closes, changes its client or is reused between decision and reset is never hit: STALE tries (10000; `make stale`:
# 100000) in each of the two ways, half of them while the reset runs. tests/tools/move/stale.c has the rules.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
TRIES=${STALE:-10000}

for way in walk netlink; do
	spawn "$way" - "$CGROUP" "$BUILD/stale" "$CGROUP" "$TRIES" "$way"
	pid=${PIDS[$way]}
	within $((TRIES / 200 + 30)) eval "! kill -0 $pid" || not_ok "$way: ended in time"
	wait "$pid"
	rc=$?
	unset "PIDS[$way]"
	if [ $rc = 77 ]; then
		ok "# SKIP $way: this kernel has no such way"
		continue
	fi
	sed 's/^/# /' "$WORK/$way.log"
	check "$way: of $TRIES rows each had the result of what had become of its socket" test $rc = 0
	check "$way: those that had not changed were reset" grep -qE '^kept +[0-9]+ tries, +([1-9][0-9]*) with error 0, +\1 resets seen' "$WORK/$way.log"
done
