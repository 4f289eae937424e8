#!/usr/bin/env bash
# alone
# The last answer: an agent that has read the last complete request and not answered it yet looks idle to TCP. Some 220
# connections at once, each with its own way of asking (never pausing, pausing, in bursts, with long polls, behind a large
# Fetch, only reading, committing offsets beside reading; requests whole or cut), of being answered (whole, cut at every interesting byte, merged, the last byte
# late) and delay (0 to 3 s). When the reset came each client has every answer to what was executed, and did not wait for more.
# COPIES=3 of each (default 1).
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
LAST=$BUILD/last
AT=$(agent_ip a)
COPIES=${COPIES:-1}
topology a=ready b=ready c=ready # where they know no other agent, these are held at once

# round NAME FLAGS...: rezone, the server, all clients; ends when all have asked and are known as data connections
round() {
	local name=$1
	shift
	"$LAST" plan "$WORK/$name" "$COPIES"
	n=$("$LAST" say "$WORK/$name" | wc -l)
	rezone_start --holds 512 --hold-timeout 8s --shared move "$@"
	spawn "serve-$name" a "$AGENTS" "$LAST" serve "$WORK/$name" "$AT" 9092
	within "$DEADLINE" in_ns a sh -c "ss -Hltn 'sport = 9092' | grep -q ." || not_ok "the server listens"
	spawn "ask-$name" cl - "$LAST" ask "$WORK/$name" "$AT" 9092 "last-%u,warpstream_az=b,warpstream_interzone_lb=true"
	# the program knows what a connection is before the daemon has read its client.id
	within "$DEADLINE" has_rows '.state == "data" and (.kind == "data" or .kind == "shared") and .client_zone == "b"' "$n" || {
		not_ok "all $n are data connections of a known zone"
		exit 1
	}
}
# what became of them into NAME.json
say() {
	local name=$1
	within 25 eval '! alive "ask-$name"' # they end when all have been reset
	stop rezone
	stop "ask-$name"
	stop "serve-$name"
	"$LAST" say "$WORK/$name" | jq -s . >"$WORK/$name.json"
}
# those that FILTER selects; lists some
count() { jq "[.[] | select($2)] | length" "$WORK/$1.json"; }
none() { # WHAT NAME FILTER [OR-AT-MOST]
	local k
	k=$(count "$2" "$3")
	[ "$k" -eq 0 ] || jq -c "[.[] | select($3)] | .[:5][] | del(.port, .server_ended, .longest_gap_ms, .gap_ended_ms)" "$WORK/$2.json" | sed 's/^/# /'
	check "$1 ($k)" test "$k" -le "${4:-0}"
}
# median and highest of EXPRESSION over those that FILTER selects
spread() { jq -r "[.[] | select($2) | $3] | sort | if length == 0 then \"none\" else \"median \(.[length / 2 | floor]), highest \(.[-1]), of \(length)\" end" "$WORK/$1.json"; }
UNANSWERED='.outcome == "reset" and .executed != .answered'
# An answer whose last bytes come later than its head is believed when the next one is where it says; behind a delay of 3 s that is
# too late for some. Nobody is moved then.
TWICE='(.way == "late" or .way == "bytes")'

judge() { # NAME FILTER-OF-THOSE-THAT-MAY-BE-LET-GO
	none "$1: every one was reset, but those whose answers could not be followed in time" "$1" ".outcome != \"reset\" and (.outcome != \"open\" or ($2 | not))"
	check "$1: most of all $n were reset ($(count "$1" '.outcome == "reset"'))" test "$(count "$1" '.outcome == "reset"')" -gt $((n * 8 / 10))
	none "$1: no request that was executed and must be answered was unanswered at the reset" "$1" "$UNANSWERED" "${3:-0}"
	note "$1: ms from the last such answer, or the order, to the reset: $(spread "$1" '.outcome == "reset" and .manner != "read"' .after_answer_ms)"
	note "$1: of those with a long poll open: $(spread "$1" '.fetch_open > 0 and .before_fetch_ms > 0' .after_answer_ms), reset before its answer was due by $(spread "$1" '.fetch_open > 0 and .before_fetch_ms > 0' .before_fetch_ms)"
}

round hand --mode observe
"$LAST" mark "$WORK/hand"
"$REZONE" reset --pin-dir "$PIN_DIR" --all -o json >"$WORK/hand.reset" 2>"$WORK/hand.err"
say hand
judge hand "$TWICE and .delay_ms == 3000"
jq -r '.[] | .result' "$WORK/hand.reset" | sort | uniq -c | sed 's/^/# by hand: /'
note "orders as the daemon took them: $(events '.event == "reset"' | jq -r .text | xargs -d '\n')"
note "$(event_kinds '.waited_ms != null')"
# Nobody waits for what need not be answered: that would be a long poll of 10 s, or the end of the hold after 8 s. The order is read
# within a second, 250 ms are let pass, a second where the client says nothing meanwhile; a busy machine adds the rest.
none "hand: nobody waited for more than the last answer that must be" hand ".outcome == \"reset\" and .after_answer_ms > 4000 and .manner != \"read\" and ($TWICE | not)"
# The agent has not read each long poll yet when its connection is reset: then no answer is due (0).
none "hand: who only reads is reset at once, its long poll of 10 s open" hand ".manner == \"read\" and (.after_order_ms > 2000 or (.before_fetch_ms != 0 and .before_fetch_ms < 1000))"
check "hand: a long poll behind a Produce is not waited for" test "$(count hand '.manner == "poll" and .fetch_open == 1 and .before_fetch_ms > 500')" -ge 5

# the same by the policy's own ticks, on a kernel without bpf_sock_destroy
export REZONE_PROBE_WITHOUT=destroy
round policy --interval 1s --stable-for 4s --rate 1000 --cooldown 1h
unset REZONE_PROBE_WITHOUT
"$LAST" mark "$WORK/policy"
say policy
# there rcv_nxt is not known: a request that was held back before its last byte is waited for. And between the last look and the
# reset there is an instant in which a request may come: in a few hundred moves one at the most was hit
judge policy "($TWICE and .delay_ms == 3000) or .cut > 0" 2

# the test can fail: without waiting
round now --mode observe
"$LAST" mark "$WORK/now"
"$REZONE" reset --pin-dir "$PIN_DIR" --all --now >/dev/null 2>&1
say now
check "without waiting, executed requests are unanswered ($(count now "$UNANSWERED") of $n connections)" test "$(count now "$UNANSWERED")" -gt 20
