#!/usr/bin/env bash
# alone
# nightly
# Segments that TCP throws away, after rezone has seen them: a wrong checksum, an old time stamp, an ACK that cannot be, outside the
# window, into a window that is shut, behind the client's FIN, dropped by a second filter. Each has a request of another client of
# another zone. Nobody is moved for it, and what TCP takes afterwards is read as if it had never been; both ways of closing.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a)
RAW=$E2E_ROOT/tests/e2e/raw.py
REJECT=$E2E_ROOT/tests/e2e/reject.py
FLAGS=(--interval 250ms --stable-for 0s --cooldown 0s --give-up-after 0 --rate 100 --close reset --gap-timeout 1s --hold-timeout 1s)
KINDS="checksum paws unsent old window filter"
topology a=ready b=ready
spawn agent a "$AGENTS" "$RAW" agent "$AT" 9092 "$WORK/trace" "$WORK/stall" 0.3
within "$DEADLINE" test -s "$WORK/trace" || not_ok "the agent starts"

tell() { # LINE: the clients do it
	local n
	n=$(grep -cs '"done"' "$WORK/$clients.log")
	echo "$*" >&5
	within "$DEADLINE" eval "[ \$(grep -c '\"done\"' \"$WORK/$clients.log\") -gt $n ]" || not_ok "the clients do: $*"
}
received() { in_ns a ss -Htni state established "sport = 9092" | grep -o 'bytes_received:[0-9]*' | awk -F: '{ n += $2 } END { print n + 0 }'; }
# hurt GROUP ZONE N: N segments, which rezone sees and TCP does not take
hurt() {
	local seen before
	seen=$(stat_of segments) before=$(received)
	tell hurt "$1" "$2"
	check "$round: $1: rezone sees the $3 segments" within "$DEADLINE" eval "[ \$(stat_of segments) -ge $((seen + $3)) ]"
	check "$round: $1: TCP throws them away" eval "[ \"\$(received)\" = $before ]"
}
is_open() { ! grep '"end"' "$WORK/$clients.log" | grep -q "\"name\": \"$1"; } # NAME: or the beginning of names
of() { echo ".client_id | startswith(\"$1-\")"; }
# itself GROUP N REQUESTS: each of its N connections is what its client says, and stays at home
itself() { has_rows "($(of "$1")) and .client_zone == \"a\" and .state == \"data\" and .reason == \"same zone\" and .requests == $3 and (.adopted | not)" "$2"; }
moved() { has_event ".event == \"move\" and .time >= \"$STARTED\" and (.client_id | startswith(\"$1\"))"; }

round() {
	round=$1 clients=clients-$1
	local sums paws eofs n
	mkfifo "$WORK/$clients.fifo"
	spawn "$clients" cl - "$REJECT" client "$AT" 9092 "$WORK/$clients.fifo"
	exec 5<>"$WORK/$clients.fifo"
	tell open older b checksum
	tell fetch older 1
	rezone_start "${FLAGS[@]}"
	"$REJECT" filter "$CGROUP" || not_ok "a second filter is attached"
	sums=$(counter a InCsumErrors) paws=$(counter a PAWSEstab)

	# a connection's first segment
	tell open first a "$KINDS"
	hurt first b 6
	check "$round: first: nobody is moved for them" stays 1 is_open first-
	tell fetch first 3
	check "$round: first: what is read then is what they say" within "$DEADLINE" itself first 6 3
	# a later one
	tell open later a "$KINDS"
	tell fetch later 3
	hurt later b 6
	check "$round: later: nobody is moved for them" stays 1 is_open later-
	tell fetch later 3
	check "$round: later: each is the client it was, and what is read then is what they say" within "$DEADLINE" itself later 6 6
	check "$round: by the checksum and by the time stamp" \
		eval "[ \$((\$(counter a InCsumErrors) - $sums)) = 2 ] && [ \$((\$(counter a PAWSEstab) - $paws)) = 2 ]"
	# who must go is not kept by it
	tell open away b "$KINDS"
	hurt away a 6
	tell fetch away 3
	for n in $KINDS; do
		check "$round: away: $n: who is not at home is moved" within "$DEADLINE" moved "away-$n,"
	done
	# older than rezone
	hurt older a 1
	tell fetch older 2
	check "$round: older than rezone: moved as well" within "$DEADLINE" moved older-

	# behind the FIN
	tell open gone a fin
	tell fetch gone 1
	hurt gone b 1
	eofs=$(grep -c '"eof"' "$WORK/trace")
	tell write gone 1
	check "$round: gone: then TCP has the FIN" within "$DEADLINE" eval '[ "$(grep -c "\"eof\"" "$WORK/trace")" -gt $eofs ]'
	check "$round: gone: and nothing behind it is read" stays 1 no_rows '.client_id | startswith("somebody-else-gone")'
	# the window is shut
	tell open full a shut
	tell fetch full 1
	kill -STOP "${PIDS[agent]}"
	tell fill full
	hurt full b 1
	check "$round: window shut: it is not moved" stays 1 is_open full-
	kill -CONT "${PIDS[agent]}"
	tell fetch full 1
	# many segments are thrown away at once there, and of more than eight changes rezone forgets the place in the stream: it finds
	# the next request, and nobody else in it
	check "$round: window shut: it is the client it was" within "$DEADLINE" eval 'tell fetch full 1; has_rows "($(of full)) and .client_zone == \"a\" and .reason == \"same zone\"" 1'
	check "$round: window shut: and nobody else" no_rows '.client_id | startswith("somebody-else-full")'

	# a size that lies, while somebody waits for the answers of a connection that must go: what the client writes then is no part of
	# a request that never ends
	topology a=ready b=notready
	check "$round: busy: home is away" within "$DEADLINE" eval '"$REZONE" topology --pin-dir "$PIN_DIR" -o json | jq -e "any(.agents[]; .zone == \"b\" and (.ready | not))" >/dev/null'
	tell open busy b size
	tell name busy
	tell flow busy 20
	within "$DEADLINE" some_rows "($(of busy)) and .state == \"data\"" || not_ok "$round: busy: it is identified"
	topology a=ready b=ready
	check "$round: busy: its answers are watched" within "$DEADLINE" some_rows "($(of busy)) and .phase == \"gap\""
	tell hurt busy a
	check "$round: busy: it is moved" within "$DEADLINE" moved busy-
	within "$DEADLINE" eval '! is_open busy-' || not_ok "$round: busy: its client sees the end"
	n=$(jq -s '[.[] | select(.event == "open" and .name == "busy-size")][0].port' "$WORK/$clients.log")
	n=$(grep '"did"' "$WORK/trace" | jq -s "[.[] | select(.port == $n)] | length")
	check "$round: busy: each of its $n writes that were executed was answered" \
		eval 'jq -se "[.[] | select(.event == \"end\" and .name == \"busy-size\")] | length == 1 and .[0].answered == $n + 1" "$WORK/$clients.log" >/dev/null'
	exec 5>&-
	stop "$clients"
	stop rezone
}

round walk
export REZONE_PROBE_WITHOUT=destroy
round netlink
