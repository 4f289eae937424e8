#!/usr/bin/env bash
# Clients behind a network that loses, repeats, cuts, merges, reorders and damages segments (tests/tools/opinion/wire, a TUN device),
# real sockets behind it: what rezone knows of each connection, tshark reads from the packets that TCP takes.
# WIRE_RUNS="CONNECTIONS LOST EARLY TWICE HURT [PAUSE]" lines: rates in a thousand segments; with a pause (ms) between segments the topology
# flips each second, and connections are parked and read again. `make opinion` has ten thousand connections, and these.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/tools/opinion/opinion.sh"
P=rzf$$ PIN_DIR=/sys/fs/bpf/rzf$$
command -v tshark >/dev/null || skip "90-wire: tshark is missing (scripts/deps check)"
[ -x "$WIRE" ] || skip "90-wire: $WIRE is not built"
[ -c /dev/net/tun ] || skip "90-wire: this kernel has no TUN device"
e2e_begin
RUNS=${WIRE_RUNS:-"400 0 0 0 0
300 20 20 20 0
200 20 200 50 0
100 200 0 0 0
200 0 0 0 500
100 20 0 20 100"}
SEED=${SEED:-$RANDOM}
note "seed $SEED"
topology a=ready
ip -n "$P-a" tuntap add dev tun0 mode tun
ip -n "$P-a" link set tun0 txqueuelen 20000 mtu 40000 up
ip -n "$P-a" addr add 10.98.0.1/16 dev tun0
rezone_start "${FLIP_FLAGS[@]}"
wired() { grep -q '^wire: all sent' "$WORK/$1.log"; }
listens() { [ -n "$(in_ns a ss -Hltn "sport = $OPINION_PORT")" ]; }
nr=0
while read -r n lost early twice hurt pause; do
	nr=$((nr + 1))
	name=wire-$nr
	mkdir "$WORK/$nr"
	spawn "serve-$nr" a "$CGROUP" "$WIRE" serve "$OPINION_PORT"
	within "$DEADLINE" listens || not_ok "the server listens"
	capture_start "capture-$nr" a tun0
	before=$(stat_of frame_lost) found=$(stat_of frame_found) early_before=$(stat_of early_segments) taken_before=$(stat_of taken_back)
	parked_before=$(stat_of parked) read_before=$(stat_of read_again)
	[ -z "$pause" ] || flip_start "flip-$nr" 10.98.0.1
	spawn "$name" a - "$WIRE" open tun0 "10.98.0.1:$OPINION_PORT" "10.98.$nr.1" "$n" $((SEED + nr)) "$lost" "$early" "$twice" "$hurt" ${pause:+"$pause"}
	if ! within $((60 + n / 20)) wired "$name"; then
		not_ok "$n connections, $lost lost, $early early, $twice twice, $hurt damaged of a thousand segments: $(tail -n 1 "$WORK/$name.log")"
		break
	fi
	want=$(grep -c '"id":"[^"]' "$WORK/$name.log")
	[ -z "$pause" ] || stop "flip-$nr" KILL
	known() { [ "$(rows '.client_id != ""')" -ge "$want" ]; } # the daemon has read all ids
	within "$DEADLINE" known || not_ok "all $want ids are read"
	snapshot "$WORK/$nr"
	cp "$WORK/$name.log" "$WORK/$nr/truth.jsonl"
	capture_stop "capture-$nr"
	note "$(grep -h 'wire: all sent:' "$WORK/$name.log"); early $(($(stat_of early_segments) - early_before)), lost $(($(stat_of frame_lost) - before)), found again $(($(stat_of frame_found) - found))"
	opinion "$WORK/$nr" "$n" "$WORK/capture-$nr.pcap"
	again=$(sed -n 's/^ *\([0-9]*\) found again after.*/\1/p' "$WORK/$nr/verdict")
	again_read=$(($(stat_of read_again) - read_before))
	check "what was missed is what was counted: ${again:-0} connections" test $(($(stat_of frame_lost) - before + again_read)) -ge "${again:-0}"
	if [ -n "$pause" ]; then
		parked=$(($(stat_of parked) - parked_before))
		check "connections were parked ($parked times) and read again ($again_read times)" test "$parked" -ge $((n / 4)) -a "$again_read" -ge $((n / 4))
	fi
	[ "$lost$early$hurt" = 000 ] && check "where nothing was lost or early the frame never was" test $(($(stat_of frame_lost) - before)) = 0
	if [ "$hurt" -gt 0 ]; then
		taken=$(($(stat_of taken_back) - taken_before))
		check "what TCP threw away was read first, and taken back ($taken times)" test "$taken" -gt $((n / 20))
		[ "$lost$early" = 00 ] && check "... as if it had never been: all $n agree" grep -qE "^ *$n agree\$" "$WORK/$nr/verdict"
	fi
	[ -n "${KEEP:-}" ] && cp -r "$WORK/$nr" "$WORK/capture-$nr.pcap" "$KEEP/"
	stop "$name" KILL
	stop "serve-$nr" KILL
	gone() { [ "$(rz_list -o json | jq length)" = 0 ]; }
	within "$DEADLINE" gone || not_ok "nothing is left when all are gone"
	rm -f "$WORK/capture-$nr.pcap"
done <<<"$RUNS"
check "no wrong kind and no wrong id, in any" test $E2E_FAILED = 0
