#!/usr/bin/env bash
# Kernels that lack something, simulated by the probe: without bpf_sock_destroy the reset goes by
# SOCK_DESTROY; without both nobody is moved; without the state tracepoint connections are found at their first segment.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
LB=warpstream_interzone_lb=true
agent_start a
topology a=ready b=notready
BOOT=$(agent_ip a):9092,$(agent_ip b):9092

"$REZONE" check >"$WORK/check.log" 2>&1
rc=$?
sed 's/^/# /' "$WORK/check.log"
word=yes want=0
grep -q '^limited' "$WORK/check.log" && word='with limits' want=1
check "rezone check: this node can ($word), exit $want" eval '[ $rc = $want ] && grep -q "on this node: $word$" "$WORK/check.log"'
check "rezone check -o json says the same" eval '"$REZONE" check -o json 2>/dev/null | jq -e --arg w "$word" ".result == \$w" >/dev/null'

# another clock than the kernel's: what it calls a deadline would be another moment to BPF
if unshare --time --fork true 2>/dev/null; then
	in_other_time() { unshare --time --monotonic "$1" --fork timeout 10 "$REZONE" "${@:2}" >"$WORK/time.log" 2>&1; }
	for shift in 3600 -1; do
		in_other_time "$shift" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" --mode observe
		rc=$?
		check "in a time namespace $shift s away the daemon does not start, and leaves nothing" eval '[ $rc = 1 ] && [ ! -e "$PIN_DIR" ]'
	done
	in_other_time 3600 check -o json
	rc=$?
	check "rezone check says: no" eval '[ $rc = 2 ] && jq -e ".result == \"no\" and any(.checks[]; .name == \"clock\" and .status == \"failed\")" "$WORK/time.log" >/dev/null'
else
	note "no time namespace can be made here: not tried what the daemon does in one"
fi

export REZONE_PROBE_WITHOUT=destroy
"$REZONE" check >"$WORK/check2.log" 2>&1
rc=$?
check "without the kfunc, rezone check says: with limits, exit 1" eval '[ $rc = 1 ] && grep -q "with limits" "$WORK/check2.log"'
rezone_start --interval 500ms --stable-for 0s
unset REZONE_PROBE_WITHOUT
client_start w kafka-go-debian write --bootstrap "$(agent_ip a):9092" --client-id w,warpstream_az=a --topic t --rate 10
client_start r kafka-go-debian read --bootstrap "$BOOT" --client-id "r,warpstream_az=b,$LB" --topic t --partition 0
within "$DEADLINE" grep -q '"event":"read"' "$WORK/r.log" || not_ok "r reads"
agent_start b
topology a=ready b=ready
check "the reader is moved home by SOCK_DESTROY" within "$DEADLINE" some_rows '(.client_id | startswith("r,")) and .locality == "same"'
stop r
stop rezone

export REZONE_PROBE_WITHOUT=destroy,netlink
"$REZONE" check >"$WORK/check3.log" 2>&1
rc=$?
check "with no way to reset, rezone check says: with limits, and why" eval '[ $rc = 1 ] && grep -q "moves nobody" "$WORK/check3.log"'
agent_stop b
client_start far kafka-go-debian read --bootstrap "$BOOT" --client-id "far,warpstream_az=b,$LB" --topic t --partition 0
within "$DEADLINE" grep -q '"event":"read"' "$WORK/far.log" || not_ok "far reads"
agent_start b
rezone_start --interval 200ms --stable-for 0s
unset REZONE_PROBE_WITHOUT
before=$(moves_made)
check "the daemon says why it observes" grep -q 'this kernel can reset no connection' "$WORK/rezone.log"
check "a candidate is shown as observed" within "$DEADLINE" some_rows '(.client_id | startswith("far,")) and .verdict == "keep" and .reason == "observing"'
far=$(data_conns '.client_id | startswith("far,")') from=$(counter_of ticks)
ticked() { [ "$(counter_of ticks)" -ge $((from + 20)) ]; }
check "20 ticks pass" within "$DEADLINE" ticked
check "nobody is moved in them" eval '[ "$(moves_made)" = "$before" ] && [ "$(counter_of moved)" = 0 ]'
check "the candidate's connection is the one it was" all_there "$far"
check "rezone list says so too" eval '"$REZONE" list --pin-dir "$PIN_DIR" 2>/dev/null | grep -q "can reset no connection"'
stop far
stop rezone

export REZONE_PROBE_WITHOUT=state,closes
rezone_start --interval 500ms --stable-for 0s --reconcile 300ms
unset REZONE_PROBE_WITHOUT
client_start r2 kafka-go-debian read --bootstrap "$BOOT" --client-id "r2,warpstream_az=a" --topic t --partition 0
check "without the state tracepoint a new connection is identified" within "$DEADLINE" some_rows '(.client_id | startswith("r2,")) and .state == "data"'
stop r2
# a kernel before 5.12 has no census either
grep -q 'stay in map conns' "$WORK/rezone.log" ||
	check "its close, which nobody saw, is found by the census" within "$DEADLINE" no_rows '(.client_id // "") | startswith("r2,")'
stop rezone

# as before Linux 5.12: closes are seen, by the cookie that the segment program gave the socket
export REZONE_PROBE_WITHOUT=state
rezone_start --interval 500ms --stable-for 0s
unset REZONE_PROBE_WITHOUT
client_start r3 kafka-go-debian read --bootstrap "$BOOT" --client-id "r3,warpstream_az=a" --topic t --partition 0
check "without the cookie helper a new connection is identified" within "$DEADLINE" some_rows '(.client_id | startswith("r3,")) and .state == "data"'
stop r3
check "and forgotten when it closes" within "$DEADLINE" no_rows '(.client_id // "") | startswith("r3,")'
