#!/usr/bin/env bash
# Who is never held: connections in TLS, of Multipath TCP, out of frame, in their SASL phase, and producers that do not say what
# they are, all in the wrong zone and never pausing. Neither the policy nor an operator's order drops a segment of theirs or ends them, and each has its reason. A producer
# beside them is held and moved; nothing is dropped of any connection but its own, though a neighbour has the same client.id.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
ODD=$E2E_ROOT/tests/e2e/odd.py
AT=$(agent_ip a)
NAMES=(tls sasl sasl-raw unframed)
python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)' 2>/dev/null && NAMES+=(mptcp)
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x -keyout "$WORK/key.pem" -out "$WORK/cert.pem" 2>/dev/null ||
	skip "46-never-held: openssl makes no certificate"
spawn serve a "$CGROUP" "$ODD" serve "$AT" 9092 "$WORK"
within "$DEADLINE" in_ns a sh -c "ss -Hltn 'sport = 9092' | grep -q ." || not_ok "the server listens"
topology a=ready b=ready
rezone_start --interval 500ms --stable-for 0s --cooldown 1s --give-up-after 0 --rate 100 --gap-timeout 300ms
spawn odd cl - "$ODD" talk "$AT" 9092 "${NAMES[@]}"
within "$DEADLINE" grep -q ready "$WORK/odd.log"

port_of() { awk -v n="$1" '$1 == n && $2 ~ /^[0-9]+$/ { print $2 }' "$WORK/$2.log"; }
row() { # LOG NAME JQ: the listed connection of that name
	local port
	port=$(port_of "$2" "$1")
	rz_list -o json | jq -r ".[] | select(.client | endswith(\":$port\")) | $3"
}
is() { [ "$(row "$@")" = true ]; }
declare -A STATE=([tls]='.state == "tls" and .reason == "not identified"' [mptcp]='.state == "mptcp" and .reason == "MPTCP"'
	[sasl]='.kind == "sasl" and .reason == "not a data connection"' [sasl-raw]='.kind == "sasl" and .reason == "not a data connection"'
	[unframed]='.state == "desynced" and .reason == "not identified"')
for n in "${NAMES[@]}"; do check "$n: ${STATE[$n]}" within "$DEADLINE" is odd "$n" "${STATE[$n]}"; done
before=$(counter_of ticks)
ten_more() { [ "$(counter_of ticks)" -ge $((before + 10)) ]; }
check "ten ticks go by" within "$DEADLINE" ten_more

reset() { "$REZONE" reset --pin-dir "$PIN_DIR" "$@" -o json 2>"$WORK/reset.err"; }
for n in "${NAMES[@]}"; do
	cookie=$(row odd "$n" .cookie)
	for now in "" --now; do
		# shellcheck disable=SC2086 # no word or one
		said=$(reset --cookie "$cookie" $now | jq -r '.[] | "\(.moved) \(.result)"')
		check "$n: by hand ${now:-with patience} it is not moved, and that says why: $said" \
			eval '[ "$said" = "false $(row odd "$n" .reason)" ] || [ "$said" = "false not identified" ] || [ "$said" = "false not a data connection" ]'
	done
done
check "nothing was dropped" test "$(stat_of held_segments)" = 0
check "nothing was moved" nobody_moved
# one that never says what it is may not send again what is taken from it: it is ended in a gap or not at all
spawn unnamed cl - "$ODD" talk "$AT" 9092 unnamed
check "unnamed: it is let go" within 30 has_event '.event == "let-go" and (.client_id | startswith("slow-unnamed,"))'
said=$(reset --cookie "$(row unnamed unnamed .cookie)" | jq -r '.[] | "\(.moved) \(.result)"')
check "unnamed: by hand too: $said" eval '[[ $said == "false let go"* ]]'
check "unnamed: it is still there" eval '! grep -q lost "$WORK/unnamed.log"'
check "unnamed: nothing of it was dropped" test "$(stat_of held_segments)" = 0
stop unnamed
check "none was lost" eval '! grep -q lost "$WORK/odd.log"' || grep lost "$WORK/odd.log" | sed 's/^/# /'

# the test can fail: a producer beside them, which never pauses, is held and moved
spawn slow cl - "$ODD" talk "$AT" 9092 slow
check "a producer beside them is held and moved" within 30 grep -q 'lost: .*reset by peer' "$WORK/slow.log"
stop rezone
dropped() { events_now | jq -s 'map(.held_segments // 0) | add // 0'; }
stop slow

# in a hold: neighbours of the same client.id, as fast as they can; a segment of theirs that was dropped would be sent again
rezone_start --mode observe --gap-timeout 300ms --keep-pins
spawn near cl - "$ODD" talk "$AT" 9092 neighbour
within "$DEADLINE" is near neighbour '.state == "data"' || not_ok "the neighbour is tracked"
# what it sent again because it had not arrived: what a busy machine makes it send again by itself its peer reports as a duplicate
retrans() {
	in_ns cl ss -Htin "sport = $(port_of neighbour near)" |
		awk '{ for (i = 1; i <= NF; i++) { if ($i ~ /^retrans:/) { sub(/.*\//, "", $i); n += $i } if ($i ~ /^dsack_dups:/) { sub(/.*:/, "", $i); n -= $i } } }
			END { print n + 0 }'
}
bytes() { in_ns cl ss -Htin "sport = $(port_of neighbour near)" | grep -o 'bytes_acked:[0-9]*' | cut -d: -f2; }
clean=0 flowed=0 held=0
for i in 1 2 3; do
	spawn "slow$i" cl - "$ODD" talk "$AT" 9092 slow
	within "$DEADLINE" is "slow$i" slow '.state == "data"' || not_ok "the producer is tracked"
	r=$(retrans) b=$(bytes)
	reset --cookie "$(row "slow$i" slow .cookie)" >"$WORK/reset.json"
	r2=$(retrans) b2=$(bytes)
	note "hold $i: $(jq -r '.[].result' "$WORK/reset.json"); the neighbour sent $(((b2 - b) / 1000000)) MB meanwhile, of which $((r2 - r)) segments again for want of them"
	[ "$r2" -le "$r" ] && clean=$((clean + 1))
	[ "$b2" -gt $((b + 100000)) ] && flowed=$((flowed + 1))
	[ "$(jq -r '.[].moved' "$WORK/reset.json")" = true ] && held=$((held + 1))
	stop "slow$i"
done
check "three producers are held and moved ($held)" test $held = 3
check "the neighbour, of the same client.id, goes on meanwhile ($flowed of 3)" test $flowed = 3
check "and sent nothing again in a hold ($clean of 3)" test $clean -ge 1
check "what was dropped was dropped of connections in a move, to the segment ($(stat_of held_segments), $(dropped))" \
	eval '[ "$(stat_of held_segments)" -gt 0 ] && [ "$(stat_of held_segments)" = "$(dropped)" ]'
check "the others are still there" eval '! grep -q lost "$WORK/odd.log" "$WORK/near.log"'
