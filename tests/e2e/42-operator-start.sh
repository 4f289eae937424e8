#!/usr/bin/env bash
# What an operator meets at a start and at an end: signals that mean nothing do not end the daemon, nor does a log that nobody
# reads; a start that fails (rights, descriptors, memory, something in a pin's place) leaves nothing of its own and an earlier
# run's pins as they were; a killed check leaves no cgroup; output that cannot be written is an error.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
topology a=ready
MEMORY=
undo() {
	[ -n "$MEMORY" ] && rmdir "$MEMORY" 2>/dev/null
	rmdir "$(dirname "$CGROUP")/rezone-check-0-$P" 2>/dev/null
}
E2E_AT_END=undo
ticks() { "$REZONE" list --pin-dir "$PIN_DIR" >/dev/null 2>&1 && counter_of ticks; }
stat_json() { "$REZONE" stats --pin-dir "$PIN_DIR" -o json 2>/dev/null | jq "$1"; }
ticks_on() { # it ticks twice more
	local n
	n=$(ticks)
	within "$DEADLINE" eval "[ \"\$(ticks)\" -gt $((n + 1)) ]"
}

# signals
rezone_start --interval 200ms
for s in HUP USR1 USR2 PIPE; do
	kill -"$s" "${PIDS[rezone]}"
	check "SIG$s: it ticks on" ticks_on
done
has_pid() { [ "$(status_of pid)" = "${PIDS[rezone]}" ]; }
check "and it is the same daemon" has_pid
check "map settings has what it works by" eval '[ "$(setting_of interval_ns)" = 200000000 ]'
topology a=ready b=ready
check "a topology that changed is taken" within "$DEADLINE" eval '"$REZONE" topology --pin-dir "$PIN_DIR" -o json | jq -e ".agents | length == 4"'
stop rezone
check "SIGTERM leaves nothing" test ! -e "$PIN_DIR"

# a log that nobody reads
mkfifo "$WORK/log"
head -n 1 <"$WORK/log" >"$WORK/first" &
PIDS[head]=$!
"$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" --topology "$WORK/topology.yaml" --interval 200ms --log-level debug 2>"$WORK/log" &
PIDS[rezone]=$!
within "$DEADLINE" test -s "$WORK/first" || not_ok "it logs a line"
wait "${PIDS[head]}"
unset "PIDS[head]"
check "a log whose reader is gone: the daemon runs" within "$DEADLINE" eval '[ "$(ticks)" -gt 1 ]'
check "... and counts the lines" within "$DEADLINE" eval '[ "$(stat_json .log_lost)" -gt 0 ]'
check "... and ticks on" ticks_on
stop rezone
check "... and ends as it should" test ! -e "$PIN_DIR"

# output that cannot be written
cannot_write() { # ARGUMENTS...
	! "$REZONE" "$@" >/dev/full 2>"$WORK/full" && [ "$(wc -l <"$WORK/full")" = 1 ] &&
		! "$REZONE" "$@" >&- 2>"$WORK/full" && [ "$(wc -l <"$WORK/full")" = 1 ]
}
rezone_start
for c in list events stats topology traffic pause resume; do
	check "$c: an output that cannot be written is an error, said once" cannot_write "$c" --pin-dir "$PIN_DIR"
done
for c in list stats topology traffic; do
	check "$c -o json: likewise" cannot_write "$c" -o json --pin-dir "$PIN_DIR"
done
for c in help version "run --help" "run --help-markdown" check "check -o json"; do
	# shellcheck disable=SC2086
	check "$c: likewise" cannot_write $c
done
check "a daemon whose descriptors are closed has no BPF map for its log" eval \
	'stop rezone; "$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" --interval 200ms <&- >&- 2>&- & PIDS[rezone]=$!; within "$DEADLINE" ticks_on'
stop rezone

# a failed start
left() { find "$PIN_DIR" -mindepth 1 2>/dev/null | wc -l; }
fails() { # COMMAND...: it ends by itself with status 1, in a line, and leaves nothing
	timeout 60 "$@" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" --topology "$WORK/topology.yaml" >"$WORK/start" 2>&1
	[ $? -eq 1 ] && [ "$(grep -c ' error ' "$WORK/start")" = 1 ] && [ ! -e "$PIN_DIR" ]
}
said() {
	"$@" check -o json 2>/dev/null >"$WORK/check.json"
	jq -e ".checks[] | select(.name == \"$row\" and .status == \"failed\" and (.detail + .cure | contains(\"$words\")))" "$WORK/check.json" >/dev/null
}
for cap in net_admin bpf,-sys_admin; do
	without=(setpriv --bounding-set "-$cap" --inh-caps "-$cap" "$REZONE")
	named=CAP_${cap^^} named=${named%%,*}
	check "without $named the start fails, and leaves nothing" fails "${without[@]}"
	row=privileges words=$named
	check "... and check names it" said "${without[@]}"
done
both="-sys_admin,-sys_ptrace"
without=(setpriv --bounding-set "$both" --inh-caps "$both" "$REZONE")
# shellcheck disable=SC2317 # check calls it
limited() { "${without[@]}" check -o json >"$WORK/check.json" 2>/dev/null; [ $? -eq 1 ]; }
check "without CAP_SYS_ADMIN and CAP_SYS_PTRACE: limited" limited
costs() { jq -e --arg c "$1" '.checks[] | select(.name == "capabilities" and .status == "limited") | .detail | contains($c)' "$WORK/check.json"; }
check "... check says what each costs" eval 'costs CAP_SYS_ADMIN && costs CAP_SYS_PTRACE'
spawn rezone - - "${without[@]}" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" --topology "$WORK/topology.yaml"
check "... it starts" within "$DEADLINE" daemon_runs
stop rezone
few() { # N ARGUMENTS...
	ulimit -n "$1"
	shift
	"$REZONE" "$@"
}
export REZONE
export -f few
for n in 10 20 30 34 40; do
	check "with $n open files likewise" fails bash -c "few $n \"\$@\"" few
done
# of another version, whose start would be the way back: it goes when this one's start has succeeded, and not before
other=$PIN_DIR/v9999
keeps_other() { # N: the start fails for want of descriptors, be it early or late
	! timeout 60 bash -c 'few "$@"' few "$1" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" >/dev/null 2>&1 && [ -e "$other/conns" ]
}
if mkdir -p "$other" && bpftool map create "$other/conns" type array key 4 value 4 entries 1 name other 2>/dev/null; then
	for n in 40 42 44 46; do
		check "with $n open files: another version's pins stay" keeps_other "$n"
	done
	rezone_start
	check "a start that succeeds removes them" within "$DEADLINE" test ! -e "$other"
	stop rezone
else
	ok "# SKIP bpftool cannot make a map here"
fi
rm -rf "$PIN_DIR"
row=attach words="ulimit -n"
check "... and check names the limit" said bash -c 'few 30 "$@"' few
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$REZONE" "$@" >"$WORK/nobody" 2>&1; }
cp "$REZONE" "$WORK/rezone" && chmod 755 "$WORK" "$WORK/rezone"
check "a normal user's pause is refused, and no other place is proposed" eval \
	'REZONE=$WORK/rezone; ! as_nobody pause --pin-dir "$PIN_DIR" && ! grep -q "choose another" "$WORK/nobody"'
REZONE=$BUILD/rezone
rezone_start
refused() { # COMMAND...: root's is done, nobody's is not
	"$REZONE" "$@" --pin-dir "$PIN_DIR" >/dev/null 2>&1 && REZONE=$WORK/rezone && ! as_nobody "$@" --pin-dir "$PIN_DIR"
	local rc=$?
	REZONE=$BUILD/rezone
	return $rc
}
for words in list topology config pause resume "reset --all --dry-run" uninstall; do
	# shellcheck disable=SC2086 # words
	check "a normal user's $words is refused" refused $words
done
check "... nor does he see the pins" eval '! setpriv --reuid 65534 --regid 65534 --clear-groups ls "$PIN_DIR" >/dev/null 2>&1'
stop rezone

# a memory limit, in the hierarchy that has the controller
limited() {
	echo "$BASHPID" >"$MEMORY/cgroup.procs"
	exec "$REZONE" "$@"
}
if memory_cgroup; then
	export MEMORY
	export -f limited
	for mib in 16 24 32 36 48; do
		echo $((mib << 20)) >"$MEMORY/$LIMIT"
		check "a memory limit of $mib MiB: refused before the OOM killer comes, nothing is left" fails bash -c 'limited "$@"' limited
	done
	echo $((72 << 20)) >"$MEMORY/$LIMIT"
	bash -c 'limited "$@"' limited run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" --interval 200ms >"$WORK/limited.log" 2>&1 &
	PIDS[rezone]=$!
	check "one of 72 MiB suffices for the default sizes" within "$DEADLINE" ticks_on
	stop rezone
	check "... but not for a million connections" fails bash -c 'limited "$@" --max-connections 1000000' limited
else
	ok "# SKIP no cgroup with the memory controller can be made here"
fi

# something in a pin's place: found before the programs run, and after
mkdir -p "$PIN_DIR/v$("$REZONE" version | sed 's/.*ABI \([0-9]*\).*/\1/')"
V=$(echo "$PIN_DIR"/v*)
for name in conns link_segment link_state_new; do
	mkdir "$V/$name"
	timeout 60 "$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" >"$WORK/start" 2>&1
	rc=$?
	check "a directory in the place of $name: the start fails and leaves that alone" eval '[ $rc = 1 ] && [ "$(left)" = 2 ] && [ -d "$V/$name" ]'
	rmdir "$V/$name"
done
rm -rf "$PIN_DIR"
within "$DEADLINE" has_progs 0 || not_ok "a failed start leaves no program"
rezone_start --keep-pins
map_id() { bpftool -j map show pinned "$V/conns" | jq .id; }
stop rezone
before=$(left) id=$(map_id)
mkdir "$V/link_segment_new"
"$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" --max-connections 100 >"$WORK/start" 2>&1
rc=$?
rmdir "$V/link_segment_new"
check "an earlier run's pins are as they were, also maps that the failed start wanted larger or smaller" eval \
	'[ $rc = 1 ] && [ "$(left)" = "$before" ] && [ "$(map_id)" = "$id" ]'
rezone_start --max-connections 100
check "a start that succeeds replaces them" eval '[ "$(map_id)" != "$id" ] && [ ! -e "$V/conns_old" ]'
stop rezone
check "nothing is left in the end" test ! -e "$PIN_DIR"

# a killed check
root=$(dirname "$CGROUP")
trials() { find "$root" -maxdepth 1 -name 'rezone-check-*' | wc -l; }
none_left() { [ "$(trials)" = 0 ]; }
mkdir "$root/rezone-check-0-$P"
"$REZONE" check >/dev/null 2>&1
check "a check removes what a killed one left" test ! -e "$root/rezone-check-0-$P"
for s in KILL TERM HUP; do
	"$REZONE" check >/dev/null 2>&1 &
	pid=$!
	within "$DEADLINE" test -d "$root/rezone-check-$pid" || not_ok "the check makes a cgroup"
	kill -"$s" $pid
	wait $pid 2>/dev/null
	check "a check ended by SIG$s leaves no cgroup" within "$DEADLINE" test ! -e "$root/rezone-check-$pid"
done
