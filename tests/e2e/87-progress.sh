#!/usr/bin/env bash
# The progress of a reset by hand: whoever waits is told on stderr how many of how many connections are done, in a pipe and on a
# terminal, and stdout has the result alone.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
. "$E2E_ROOT/tests/e2e/crowd.sh"
N=1200

real() { in_ns a ss -Htn state established 'sport = 9092' | wc -l; }
opened() {
	crowd_open "$1" a "$N" -q 18,3,1 -i "crowd,warpstream_az=b"
	within 60 crowd_opened "$1" || not_ok "$1: $N connections are opened"
	within 60 has_rows '.state == "data"' "$N" || not_ok "$1: $N connections are tracked"
}
# counts FILE: of each of its lines the first two numbers, "DONE ALL"
counts() { tr -d '\r' <"$1" | sed -nE 's/^[^0-9]*([0-9]+)[^0-9]+([0-9]+).*/\1 \2/p'; }
# rises FILE: two lines or more, each of all N; none is of fewer than the one before, the last is of more than the first, none of more than N
rises() { counts "$1" | awk -v n=$N '$2 != n || $1 > n || $1 < was { bad = 1 } NR == 1 { first = $1 } { was = $1 } END { exit bad || NR < 2 || was <= first }'; }
# result FILE: a row for each connection, and last how many of how many were moved
result() { [ "$(wc -l <"$1")" = $((N + 2)) ] && [ "$(tail -n 1 "$1" | grep -oE '[0-9]+' | tr '\n' ' ')" = "$N $N " ]; }

crowd_sources
topology a=ready b=ready
# one at a time: each waits for its moment, so that all of them take some seconds
rezone_start --mode observe --holds 1
crowd_serve a

opened pipe
"$REZONE" reset --all --pin-dir "$PIN_DIR" 2> >(cat >"$WORK/pipe.err") >"$WORK/pipe.out"
check "pipe: all are moved" test "$(real)" = 0
check "... the progress rises" within "$DEADLINE" rises "$WORK/pipe.err"
check "... and stdout has the result alone" result "$WORK/pipe.out"
stop pipe
within 60 no_rows true

opened terminal
script -qec "'$REZONE' reset --all --pin-dir '$PIN_DIR' >'$WORK/terminal.out'" /dev/null >"$WORK/terminal.err" </dev/null
check "terminal: all are moved" test "$(real)" = 0
check "... the progress rises" rises "$WORK/terminal.err"
check "... and stdout has the result alone" result "$WORK/terminal.out"
stop terminal
within 60 no_rows true

# one that is over at once says nothing meanwhile
opened now
"$REZONE" reset --all --now --pin-dir "$PIN_DIR" 2>"$WORK/now.err" >"$WORK/now.out"
check "at once: no progress is told" test ! -s "$WORK/now.err"
check "... and stdout has the result" result "$WORK/now.out"
stop now
