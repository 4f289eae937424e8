#!/usr/bin/env bash
# alone
# Hostile peers: noise, lying lengths, a byte at a time, ids that would paint a terminal, requests smuggled inside a Produce,
# many distinct ids. rezone lives, keeps its limits, prints no control byte, gives nobody a wrong zone, and a good client beside
# them stays tracked. HOSTILE_IDS distinct ids (10000; `make hostile`: 100000).
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
. "$E2E_ROOT/tests/e2e/crowd.sh"
IDS=${HOSTILE_IDS:-10000} MAX_CLIENTS=2000 MAX_CONNS=4000 EACH=60
crowd_sources
crowd_serve a
agent_start b
topology a=ready b=ready
PORT=$((20000 + $$ % 10000))
rezone_start --interval 500ms --stable-for 0s --max-clients $MAX_CLIENTS --max-connections $MAX_CONNS --listen "127.0.0.1:$PORT"
client_start good kafka-go-debian write --bootstrap "$(agent_ip b):9092" --client-id good,warpstream_az=b,warpstream_interzone_lb=true --topic t --rate 20
good() { some_rows '(.client_id | startswith("good,")) and .state == "data" and .client_zone == "b" and .locality == "same"'; }
check "a good client is tracked" within "$DEADLINE" good

for m in noise lengths slow escapes smuggled silent; do
	# each manner has a zone of its own, so that whoever is shown in another's is in a wrong one
	crowd_open "$m" a $EACH -m "$m" -e 200 -i "h-$m-%u,warpstream_az=$m"
done
for m in noise lengths slow escapes smuggled silent; do within "$DEADLINE" crowd_opened "$m" || not_ok "the $m crowd is open"; done
said() { [ "$(crowd_says "$1" | sed 's/.* \([0-9]*\) said.*/\1/')" -ge $(($2 * EACH)) ]; }
check "each has said 20 things" within "$DEADLINE" eval 'said noise 20 && said lengths 20 && said escapes 20 && said smuggled 20'

# bytes FILE: none but printable ASCII and newlines
printable() { ! LC_ALL=C grep -qP '[^\x20-\x7e]' "$1"; }
outputs_printable() {
	local o rc=0
	for o in table wide json; do
		rz_list -o $o >"$WORK/out.$o" || rc=1
		printable "$WORK/out.$o" || { note "list -o $o: $(LC_ALL=C grep -aP '[^\x20-\x7e]' "$WORK/out.$o" | head -n 1 | cat -v)"; rc=1; }
	done
	printable "$WORK/rezone.log" || { note "log: $(LC_ALL=C grep -aP '[^\x20-\x7e]' "$WORK/rezone.log" | head -n 1 | cat -v)"; rc=1; }
	return $rc
}
check "no control byte, no byte above ASCII reaches list or log" outputs_printable
check "the JSON is whole" eval 'jq -e "type == \"array\" and length > 100" "$WORK/out.json" >/dev/null'
jq -c '.[] | {client_id, client_zone, state}' "$WORK/out.json" | sed 's/[0-9]\{1,\}/N/g' | sort | uniq -c | sort -rn | head -n 30 | sed 's/^/# /'
right_zones() { jq -e '[.[] | select(.client_id != null) | (.client_id | capture("^h-(?<m>[a-z]+)-") // {m: null}) as $c | select($c.m != null and .client_zone != null and .client_zone != $c.m)] | length == 0' "$WORK/out.json" >/dev/null; }
check "nobody is shown in a zone that its id does not name" right_zones
check "what was smuggled inside a Produce is nobody's id" no_rows '.client_id | startswith("smuggled,")'
check "who hides nothing is identified: ids with escapes" has_rows '.client_id | startswith("h-escapes-")' $EACH
check "and a request of a byte at a time" within 60 has_rows '(.client_id | startswith("h-slow-")) and .client_zone == "slow"' $EACH
check "noise is no client" no_rows '.client_id | startswith("h-noise-")'
check "the silent ones are listed, unidentified" has_rows '.state == "new" and .client_id == ""' $EACH
on_a_terminal() { # as a person sees it; the lines' own colour is at their ends
	script -qec "stty cols 400; \"$REZONE\" list --pin-dir $PIN_DIR" /dev/null </dev/null 2>/dev/null | tr -d '\r' |
		sed 's/^\x1b\[[0-9;]*m//; s/\x1b\[[0-9;]*m$//' >"$WORK/tty"
	grep -q h-escapes "$WORK/tty" && printable "$WORK/tty" && return
	LC_ALL=C grep -aP '[^\x20-\x7e]' "$WORK/tty" | head -n 2 | cat -v | sed 's/^/# /'
	return 1
}
check "nor a terminal" on_a_terminal
check "the good client is still tracked" good

# everything else that shows what a client says; rezone top on a terminal is 77-top's
other_outputs() {
	local c n=0
	while read -r c; do
		# shellcheck disable=SC2086 # words
		timeout 60 "$REZONE" $c --pin-dir "$PIN_DIR" >"$WORK/other" 2>&1
		printable "$WORK/other" || { note "$c: $(LC_ALL=C grep -aP '[^\x20-\x7e]' "$WORK/other" | head -n 1 | cat -v)"; return 1; }
		grep -q h-escapes "$WORK/other" && n=$((n + 1))
	done <<-'END'
		status
		status -o json
		events
		events -o json
		plan
		plan -o json
		explain h-escapes-*
		explain h-escapes-* -o json
		traffic
		traffic -o json
		cost
		cost -o json
		top --batch --frames 1 --all
		top --frames 1 --all -o json
		reset --client-id h-escapes-* --dry-run
		stats -o json
		topology -o json
	END
	"$REZONE" bugtool --raw --file - --pin-dir "$PIN_DIR" 2>"$WORK/other" | tar -xzO >>"$WORK/other"
	printable "$WORK/other" && note "$n of them show such a client.id"
}
check "nor any other command's output, nor an archive of rezone bugtool" other_outputs
curl -s --max-time 10 "http://127.0.0.1:$PORT/metrics" >"$WORK/other"
check "nor metrics, which have no client.id" eval 'grep -q ^rezone_connections "$WORK/other" && printable "$WORK/other" && ! grep -q h-escapes "$WORK/other"'

rss() { awk '/^VmRSS/ { print $2 }' "/proc/${PIDS[rezone]}/status"; }
flood() { # NAME: that many connections, each with an id of its own
	crowd_open "$1" a "$IDS" -w 2 -r 4000 -q 18,3 -i "$1-%u,warpstream_az=many"
	within $((IDS / 500 + 30)) crowd_opened "$1" || not_ok "the flood is over"
	stop "$1"
}
calm=$(rss)
flood many
first=$(rss) ids=$(entries client_ids)
check "$IDS distinct ids: map client_ids keeps its limit" test "$ids" -le $MAX_CLIENTS
check "and map clients" test "$(entries clients)" -le $MAX_CLIENTS
check "what did not fit is counted" test "$(stat_of clients_full)" -gt 0
flood more
second=$(rss)
flood last
third=$(rss)
note "RSS: $calm kB before, $first, $second, $third after $IDS distinct ids each; client_ids $ids, then $(entries client_ids)"
# by then each id has been seen and forgotten many times over; what may stay is what MAX_CLIENTS of them take
check "floods of ids do not make the daemon grow beyond its limits" test "$third" -le $((calm + MAX_CLIENTS * 4))
crowd_open full a $((MAX_CONNS + 500)) -w 2 -q 18 -i full
within 60 crowd_opened full || not_ok "the last crowd is open"
check "map conns keeps its limit" test "$(entries conns)" -le $MAX_CONNS
check "what did not fit is counted" within "$DEADLINE" eval '[ "$(stat_of conns_full)" -gt 0 ]'
check "the good client is still tracked" good
stop full
check "the log stays short" test "$(wc -l <"$WORK/rezone.log")" -le 60
wc -l <"$WORK/rezone.log" | sed 's/^/# lines of log: /'
check "the log has no control byte" printable "$WORK/rezone.log"
check "the good client was never cut off" test "$(grep -c '"event":"error"' "$WORK/good.log")" = 0
check "the daemon is alive" alive rezone
