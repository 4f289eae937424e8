#!/usr/bin/env bash
# File systems that are not as they should be: the BPF file system is missing, another is mounted over it, it is read-only at the start and
# while a daemon runs, a pin directory is elsewhere; a log whose reader stands still, a log and an archive on a disk that is full.
# All mounts are in mount namespaces of the test's own.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"
e2e_begin
FLAGS=(--pin-dir "$PIN_DIR" --cgroup "$CGROUP" --topology "$WORK/topology.yaml" --interval 200ms --stable-for 0s --cooldown 1s --cooldown-max 1s --give-up-after 0
	--breaker 0 --rate-per-target 0 --home-ready-wait 0s --reconcile 1s)
agent_start a
topology a=ready b=ready
client_start reader kafka-go-debian read --bootstrap "$(agent_ip a):9092" --client-id "r,warpstream_az=b,$LB" --topic t
client_start writer kafka-go-debian write --bootstrap "$(agent_ip a):9092" --client-id w,warpstream_az=a --topic t --rate 10
within "$DEADLINE" grep -q '"event":"read"' "$WORK/reader.log" || not_ok "the reader reads"

# in_mounts MOUNTING COMMAND...: in a mount namespace in which the first was done
in_mounts() {
	local mounting=$1
	shift
	# shellcheck disable=SC2016 # the inner shell's
	unshare -m --propagation private sh -c 'eval "$1" || exit 9; shift; exec "$@"' sh "$mounting" "$@"
}
# run_in MOUNTING: the daemon, its log in $WORK/rezone.log
run_in() { spawn rezone - - unshare -m --propagation private sh -c 'eval "$1" || exit 9; shift; exec "$@"' sh "$1" "$REZONE" run "${FLAGS[@]}"; }
there() { nsenter -m -t "${PIDS[rezone]}" "$@"; }
moved_there() { there bpftool -j map dump pinned "$PIN_DIR/counters" | jq '.[0].formatted.value.moved'; }
moves_on() {
	local n
	within "$DEADLINE" eval '[ "$(moved_there)" -ge 0 ]'
	n=$(moved_there)
	within "$DEADLINE" eval "[ \"\$(moved_there)\" -gt $n ]"
}
# refused MOUNTING [FLAGS...]: status 1, one line of an error, and nothing of it is left
refused() {
	local mounting=$1
	shift
	in_mounts "$mounting" timeout 60 "$REZONE" run "${FLAGS[@]}" "$@" >"$WORK/start" 2>&1
	[ $? -eq 1 ] && [ "$(grep -c ' error ' "$WORK/start")" = 1 ] && [ ! -e "$PIN_DIR" ] && has_progs 0
}

# the BPF file system
for what in "no BPF file system is mounted:umount -l /sys/fs/bpf" "a tmpfs is mounted over it:mount -t tmpfs tmpfs /sys/fs/bpf"; do
	run_in "${what#*:}"
	check "${what%%:*}: rezone mounts one, and moves" moves_on
	check "... in its own mount namespace" test ! -e "$PIN_DIR"
	stop rezone
	check "... and its end leaves no program" within "$DEADLINE" has_progs 0
done
check "it is read-only: the start is refused" refused 'mount -o bind,ro /sys/fs/bpf /sys/fs/bpf; mount -o remount,bind,ro /sys/fs/bpf'
sed 's/^/# /' "$WORK/start"
mkdir "$WORK/elsewhere"
check "--pin-dir on another file system: likewise" refused true --pin-dir "$WORK/elsewhere/pins"
check "... and nothing is made there" test ! -e "$WORK/elsewhere/pins"

# mounted as mount(8) does it, by mode 1777: a user of the node may have been there first
anybodys="mount -t bpf bpf /sys/fs/bpf"
as_nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
check "the pin directory is another user's: the start is refused" refused "$anybodys; $as_nobody mkdir $PIN_DIR"
sed 's/^/# /' "$WORK/start"
check "... or his symbolic link" refused "$anybodys; mkdir -m 700 $PIN_DIR-elsewhere; $as_nobody ln -s $PIN_DIR-elsewhere $PIN_DIR"
check "... or root's, and others may write to it" refused "$anybodys; mkdir -m 777 $PIN_DIR"
in_mounts "$anybodys; mkdir -m 755 $PIN_DIR" "$REZONE" pause --pin-dir "$PIN_DIR" >"$WORK/start" 2>&1
check "... root's, which others may read, will do" grep -q paused "$WORK/start"

run_in "mount --bind /sys/fs/bpf /sys/fs/bpf"
check "writable at the start" moves_on
there mount -o remount,bind,ro /sys/fs/bpf
refused_for_it() { has_event '.event == "refused" and .check == "not-watched"' "$1"; }
check "read-only while it runs: who must be watched is not moved, and an event says so" within "$DEADLINE" refused_for_it 1
there mount -o remount,bind,rw /sys/fs/bpf
check "... writable again: moves go on" moves_on
n=$(event_count '.event == "refused" and .check == "not-watched"')
there mount -o remount,bind,ro /sys/fs/bpf
check "... read-only again: refused again" within "$DEADLINE" refused_for_it $((n + 1))
"$REZONE" pause --pin-dir "$PIN_DIR" 2>/dev/null
check "... an operator can stop it" within "$DEADLINE" eval 'there "$REZONE" status --pin-dir "$PIN_DIR" -o json | jq -e ".paused != null" >/dev/null'
"$REZONE" resume --pin-dir "$PIN_DIR" 2>/dev/null
stop rezone
check "... its end detaches the segment program, though the pins cannot be removed" within "$DEADLINE" eval '[ -e "$PIN_DIR" ] && has_progs 0'
rezone_start --interval 200ms
check "... and the next start replaces them" within "$DEADLINE" has_progs 1
stop rezone
check "... so that nothing is left" test ! -e "$PIN_DIR"

# a log that is not read, though its reader is there
mkfifo "$WORK/pipe"
# shellcheck disable=SC2094 # the shell holds both ends, and reads nothing
exec 6<>"$WORK/pipe"
"$REZONE" run "${FLAGS[@]}" --interval 100ms --log-level debug 2>"$WORK/pipe" >/dev/null </dev/null 6>&- &
PIDS[rezone]=$!
check "a log whose reader stands still: the daemon runs" within "$DEADLINE" daemon_runs
lost() { stat_is '.log_lost > 0'; }
python3 - "$WORK/pipe" <<'END' # as if it had logged until the pipe is full
import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
try:
    while True:
        os.write(fd, b"." * 4095 + b"\n")
except BlockingIOError:
    pass
END
check "... when the pipe is full lines are lost, and counted" within "$DEADLINE" lost
check "... and it goes on moving" moves_on
check "... and is healthy" eval '"$REZONE" status --pin-dir "$PIN_DIR" -o json | jq -e ".health == \"healthy\"" >/dev/null'
timeout 5 cat <&6 >"$WORK/read" &
PIDS[reader-again]=$!
check "read again, the log says how many lines it lacks" within "$DEADLINE" grep -q 'could not be written' "$WORK/read"
stop rezone
check "... and the end is as it should be" test ! -e "$PIN_DIR"
stop reader-again
exec 6>&-

# a disk that is full
mkdir "$WORK/disk"
DISK="mount -t tmpfs -o size=64k tmpfs $WORK/disk"
spawn rezone - - unshare -m --propagation private sh -c 'eval "$1" || exit 9; log=$2; shift 2; exec "$@" 2>>"$log"' sh "$DISK" "$WORK/disk/log" \
	"$REZONE" run "${FLAGS[@]}" --interval 100ms --log-level debug
within "$DEADLINE" daemon_runs || not_ok "rezone starts"
there dd if=/dev/zero of="$WORK/disk/fill" bs=4k >/dev/null 2>&1
check "a log on a disk that is full: lines are lost, and counted" within "$DEADLINE" lost
check "... and it goes on moving" moves_on
there "$REZONE" bugtool --pin-dir "$PIN_DIR" --file "$WORK/disk/archive.tar.gz" >"$WORK/bugtool" 2>&1
rc=$?
check "rezone bugtool to it: an error, and no half archive" eval '[ $rc = 1 ] && [ "$(there ls "$WORK/disk" | sort | tr "\n" " ")" = "fill log " ]'
there rm "$WORK/disk/fill"
check "space again: the log says how many lines it lacks" within "$DEADLINE" there grep -q 'could not be written' "$WORK/disk/log"
stop rezone
check "nothing is left in the end" eval '[ ! -e "$PIN_DIR" ] && has_progs 0'
check "the writer at home was never disturbed" test "$(event_count '.event == "move" and (.client_id | startswith("w,"))')" = 0
