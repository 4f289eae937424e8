#!/usr/bin/env bash
# needs: counterparts
# The topology from a real API server: the only agent of a zone goes and comes back, and its clients come home; while the API
# server is down, or its network swallows packets, nobody moves.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
servers=$("$E2E_ROOT/scripts/counterparts" path kube) || skip "65-kube: no kube-apiserver is built: scripts/counterparts kube"
e2e_begin
mkfifo "$WORK/fifo"
spawn kube - - env RZK_WORK="$WORK" RZK_SERVERS="$servers" RZK_ADDRESS="$(agent_ip c)" nsenter --net="/run/netns/$P-c" \
	python3 "$E2E_ROOT/tests/kube/serve.py" "$WORK/fifo"
in_ns c ip link set lo up
within 120 test -e "$WORK/flags" || { not_ok "the API server starts"; exit 1; }
served() { wc -l <"$WORK/served"; }
tell() { # COMMAND...: has it done
	local n
	touch "$WORK/served"
	n=$(served)
	echo "$*" >"$WORK/fifo"
	within 90 eval "[ \$(served) -gt $n ]" || not_ok "served: $*"
}
ID=reader,warpstream_az=b,warpstream_interzone_lb=true
BOOT=$(agent_ip a):9092,$(agent_ip b):9092
agent_start a
client_start writer kafka-go-debian write --bootstrap "$(agent_ip a):9092" --client-id writer,warpstream_az=a --topic t --rate 20
client_start reader kafka-go-debian read --bootstrap "$BOOT" --client-id "$ID" --topic t --partition 0 --from first
within "$DEADLINE" grep -q '"event":"read"' "$WORK/reader.log" || not_ok "the reader reads"
home() { client_at reader b && ! client_at reader a; }
stuck() { client_at reader a || client_at reader a; }
comes_home() { # WHAT SECONDS
	local started
	started=$(now_ms)
	check "$1" within "$2" home
	note "home after $(($(now_ms) - started)) ms, interval 1 s"
}

tell agents a=ready
read -ra flags <"$WORK/flags"
spawn rezone - - nsenter --net="/run/netns/$P-cl" "$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" --interval 1s --stable-for 0s --rate 50 \
	--cooldown 1s --cooldown-max 2s --give-up-after 0 --breaker 0 --home-ready-wait 0s --rate-per-target 0 --topology-max-age 6s --node-name node-a "${flags[@]}"
check "the slices give agents, and this node's the own zone" within "$DEADLINE" eval \
	'"$REZONE" topology --pin-dir "$PIN_DIR" -o json | jq -e ".own_zone == \"a\" and (.agents | length) == 1" >/dev/null'

agent_start b
tell agents a=ready b=ready
comes_home "b's agent in the slices: the reader comes home" 10
agent_stop b
check "b's only agent goes: the reader goes on in zone a" within "$DEADLINE" client_at reader a
tell agents a=ready b=notready
check "kept: no agent there" within "$DEADLINE" some_rows ".client_id == \"$ID\" and .reason == \"no agent there\""
tell kill
check "the API server is killed: frozen" within "$DEADLINE" is_frozen unreachable
agent_start b
check "... and for 5 s nobody moves" stays 5 stuck
tell start
check "it is back: not frozen any more" within "$DEADLINE" is_frozen no
tell agents a=ready b=ready
comes_home "b's agent is ready again: the reader is home" 10

# away once more, and then the network swallows what goes to the API server
agent_stop b
within "$DEADLINE" client_at reader a || not_ok "the reader is in zone a again"
in_ns sw ip link set v-c down
check "packets are swallowed: frozen, when topology_max_age of 6 s is over" within 20 eval '! is_frozen no'
note "$(events '.event == "freeze"' | jq -r .text | tail -n 1)"
agent_start b
check "... and for 5 s nobody moves, although b's agent is there" stays 5 stuck
in_ns sw ip link set v-c up
check "the network is back: not frozen any more" within "$DEADLINE" is_frozen no
comes_home "... and the reader is home" "$DEADLINE"
check "the daemon runs on" alive rezone
