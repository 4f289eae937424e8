#!/usr/bin/env bash
# An upgrade and a rollback over a map ABI, each after a SIGKILL in a hold, and after a SIGTERM: between rezone as it is and as it was before the
# map ABI was raised. The connections live on and are known again, one program is attached, the other version's pins are gone, and no
# write is lost or doubled.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"
EARLIER=$("$(dirname "$0")/earlier" 2>&1 | tail -n 1)
[ -x "$EARLIER/rezone" ] || skip "upgrade: $EARLIER"
e2e_begin
NOW=$REZONE BEFORE=$EARLIER/rezone
AT=$(agent_ip a):9092
WRITERS=(confluent-debian-1 confluent-debian-2 confluent-debian-3)
agent_start a --delay-produce 250ms
topology a=ready b=ready
export REZONE_HOME_READY_WAIT=0s
abi_of() { "$1" version | sed -E 's/.*ABI ([0-9]+).*/\1/'; } # PROGRAM
start() { # PROGRAM [FLAGS...]
	REZONE=$1
	shift
	spawn rezone - - "$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" --topology "$WORK/topology.yaml" --breaker 0 --rate-per-target 0 --interval 250ms \
		--stable-for 0s --cooldown 1s --cooldown-max 1s --give-up-after 0 --gap-timeout 200ms --hold-timeout 2s --keep-pins "$@"
	within "$DEADLINE" daemon_runs || not_ok "rezone of map ABI $(abi_of "$REZONE") starts"
}
held() { bpftool -j map dump pinned "$PIN_DIR/moves" | jq -e 'any(.[].formatted.value; .phase == "RZ_PHASE_HOLD" and .deadline_ns > 0)' >/dev/null; }
count() { grep -c "\"event\":\"produced\".*\"topic\":\"$1\"" "$WORK/agent-a.trace"; }
# all_go_on: each writer's next write, and one more
all_go_on() {
	local w n
	for w in "${WRITERS[@]}"; do
		n=$(count "$w")
		within "$DEADLINE" eval "[ \$(count $w) -gt $((n + 1)) ]" || return 1
	done
}
# known: everybody who writes, by name; the readers of maps look where the daemon that runs has them
known() { [ "$(data_conns '.client_id | startswith("at-home,")' | wc -l)" = 4 ] && [ "$(data_conns '.client_id | startswith("confluent-debian")' | wc -l)" -ge ${#WRITERS[@]} ]; }
judge() { # WHAT
	local abi
	abi=$(abi_of "$REZONE")
	check "$1: one program, not two" within "$DEADLINE" has_progs 1
	if [ "$REZONE" = "$NOW" ]; then
		check "$1: the pins of map ABI $abi alone, and no symlink of the other's" within "$DEADLINE" eval \
			"[ -z \"\$(find $PIN_DIR -maxdepth 1 -name 'v[0-9]*' ! -name v$abi; find $PIN_DIR -maxdepth 1 -xtype l)\" ]"
	else # the version before takes away the other's links, and maps whose names it knows
		check "$1: no link of the other's" within "$DEADLINE" eval "! compgen -G '$PIN_DIR/v$(abi_of "$NOW")/link_*'"
	fi
	check "$1: everybody goes on" all_go_on
	check "$1: and is known" within "$DEADLINE" known
	check "$1: who is at home has the connections it had" all_there "$kept"
}
# names are known to the version that saw them: each in its time sees new connections of these clients
again() { # PROGRAM WAY: from the one that runs, while somebody is held, to that program
	local w
	stop rezone
	start "$REZONE" --mode observe
	for w in "${WRITERS[@]}"; do
		stop "$w"
		client_start "$w" "${w%-*}" write --bootstrap "$AT" --client-id "$w,warpstream_az=b,$LB" --topic "$w" --rate 40
	done
	within "$DEADLINE" known || not_ok "$2 to map ABI $(abi_of "$1"): the clients are known before"
	stop rezone
	start "$REZONE"
	check "$2 to map ABI $(abi_of "$1"): in a hold" within "$DEADLINE" held
	stop rezone "$2"
	start "$1"
	judge "$2 to map ABI $(abi_of "$1")"
}

start "$BEFORE" --mode observe
client_start at-home kafka-go-debian write --bootstrap "$AT" --client-id at-home,warpstream_az=a --topic at-home --rate 10
for w in "${WRITERS[@]}"; do client_start "$w" "${w%-*}" write --bootstrap "$AT" --client-id "$w,warpstream_az=b,$LB" --topic "$w" --rate 40; done
check "map ABI $(abi_of "$BEFORE") knows the clients" within "$DEADLINE" known
kept=$(data_conns '.client_id | startswith("at-home,")')
again "$NOW" KILL
again "$BEFORE" KILL
again "$NOW" TERM
again "$BEFORE" TERM
stop rezone KILL
start "$NOW"
stop rezone KILL
REZONE=$NOW
check "rezone uninstall removes the pins of both" eval '"$NOW" uninstall --pin-dir "$PIN_DIR" >/dev/null 2>&1; [ ! -e "$PIN_DIR" ]'
check "... and the programs" within "$DEADLINE" has_progs 0
for w in "${WRITERS[@]}" at-home; do stop "$w"; done
writes_end
for w in "${WRITERS[@]}" at-home; do
	written "$w"
	none_doubled "$w" 20
	none_lost "$w"
done
