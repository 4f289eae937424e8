#!/usr/bin/env bash
# Tight limits of a process (RLIMIT_MEMLOCK, FSIZE, NOFILE, AS) and of memory: rezone runs as it should, or refuses in one line that says what it
# needs and leaves nothing. And ten daemons that start in one moment: one runs, nine are refused. (42-operator-start has each
# number of open files, and each limit of memory.)
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"
e2e_begin
topology a=ready b=ready
FLAGS=(--pin-dir "$PIN_DIR" --cgroup "$CGROUP" --topology "$WORK/topology.yaml" --interval 200ms)
AT=$(agent_ip a):9092
agent_start a
client_start w kafka-go-debian write --bootstrap "$AT" --client-id w,warpstream_az=a --topic t --rate 10
within "$DEADLINE" grep -q '"event":"wrote"' "$WORK/w.log" || not_ok "w writes"
listed() { has_rows '.kind == "data" and (.client_id | startswith("w,"))' 4; }

for limit in memlock=0:0 fsize=0:0 core=0:0 nofile=256:256 nproc=1:1 stack=1048576:1048576; do
	spawn rezone - - prlimit "--$limit" setpriv --bounding-set -sys_resource --inh-caps -sys_resource "$REZONE" run "${FLAGS[@]}"
	if [ "${limit%%=*}" = memlock ] && [ "$(uname -r | cut -d. -f1)" -lt 6 ] && ! within "$DEADLINE" daemon_runs; then
		note "this kernel counts maps as locked memory: refused without CAP_SYS_RESOURCE"
		check "$limit: refused, in one line, and nothing is left" eval '! alive rezone && [ "$(grep -c " error " "$WORK/rezone.log")" = 1 ] && [ ! -e "$PIN_DIR" ]'
		unset 'PIDS[rezone]'
		continue
	fi
	check "$limit: the daemon runs, and lists who is there" within "$DEADLINE" listed
	stop rezone
	check "$limit: its end leaves nothing" eval '[ ! -e "$PIN_DIR" ]'
done

# less memory than the start needs, as no cgroup's limit but the process's own
refused=0
for mib in 24 32 48 64 96 128; do
	prlimit --as=$((mib << 20)) "$REZONE" run "${FLAGS[@]}" --interval 1h >"$WORK/start" 2>&1 &
	PIDS[start]=$!
	within "$DEADLINE" eval '! alive start || status_of pid | grep -q "[1-9]"' || not_ok "address space of $mib MiB: neither runs nor ends"
	kill -TERM "${PIDS[start]}" 2>/dev/null
	wait "${PIDS[start]}"
	rc=$?
	unset 'PIDS[start]'
	[ $rc = 1 ] && refused=$((refused + 1))
	check "address space of $mib MiB: it ends with a status of its own ($rc), and leaves nothing" eval '[ $rc -le 1 -o $rc = 127 ] && [ ! -e "$PIN_DIR" ] && has_progs 0'
done
note "$refused of 6 were refused"

# ten at once
for i in 1 2 3 4 5 6 7 8 9 10; do spawn "one-$i" - - "$REZONE" run "${FLAGS[@]}"; done
running() { local i n=0; for i in 1 2 3 4 5 6 7 8 9 10; do ! alive "one-$i" || n=$((n + 1)); done; echo $n; }
check "of ten that start in one moment one runs" within "$DEADLINE" eval '[ "$(running)" = 1 ] && listed'
statuses=
for i in 1 2 3 4 5 6 7 8 9 10; do
	alive "one-$i" && { last=$i; continue; }
	wait "${PIDS[one-$i]}"
	statuses+=$?
	unset "PIDS[one-$i]"
done
check "... nine are refused, each in one line" eval '[ "$statuses" = 111111111 ] && [ "$(cat "$WORK"/one-*.log | grep -c " error ")" = 9 ]'
check "... with one program" within "$DEADLINE" has_progs 1
check "... which goes on" listed
stop "one-$last"
check "nothing is left in the end" eval '[ ! -e "$PIN_DIR" ] && within 10 has_progs 0'
