#!/usr/bin/env bash
# Kernels that lack something, simulated by the probe: without bpf_sock_destroy the reset goes by
# SOCK_DESTROY; without both nobody is moved; without the iterator what is older than rezone is found at its next segment; without the
# state tracepoint connections are found at their first segment; without atomic instructions that fetch the lock is taken; without the
# segment program a node cannot.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
agent_start a
topology a=ready b=notready
BOOT=$(agent_ip a):9092,$(agent_ip b):9092
client_start w kafka-go-debian write --bootstrap "$(agent_ip a):9092" --client-id w,warpstream_az=a --topic t --rate 10

# node_can WORD: the result of rezone check, and its exit status
node_can() {
	local rc
	local -A status=([yes]=0 ["with limits"]=1 [no]=2)
	"$REZONE" check -o json >"$WORK/check.json" 2>/dev/null
	rc=$?
	[ "$(jq -r .result "$WORK/check.json")" = "$1" ] && [ $rc = "${status[$1]}" ]
}
limited() { jq -e "any(.checks[]; .name == \"$1\" and .status == \"limited\" and .detail != \"\" and .cure != \"\")" "$WORK/check.json" >/dev/null; }
resets() { jq -e 'any(.checks[]; (.name == "reset" or .name == "netlink reset") and .status == "ok")' "$WORK/check.json" >/dev/null; }
"$REZONE" check 2>&1 | sed 's/^/# /'
word=yes
"$REZONE" check -o json 2>/dev/null | jq -e 'any(.checks[]; .status == "limited")' >/dev/null && word='with limits'
check "rezone check: this node can ($word)" node_can "$word"

# another clock than the kernel's: what it calls a deadline would be another moment to BPF
if unshare --time --fork true 2>/dev/null; then
	in_other_time() { unshare --time --monotonic "$1" --fork timeout $((10 * SLOW)) "$REZONE" "${@:2}" >"$WORK/time.log" 2>&1; }
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
check "without the kfunc, rezone check says: with limits, exit 1" node_can 'with limits'
check "... for want of the kfunc" limited kfunc
if uname -v | grep -q PREEMPT_RT; then
	check "... and SOCK_DESTROY is not used: it might come too late here" eval '! resets'
	unset REZONE_PROBE_WITHOUT
else
	check "... and SOCK_DESTROY works" resets
	rezone_start --interval 500ms --stable-for 0s
	unset REZONE_PROBE_WITHOUT
	client_start r kafka-go-debian read --bootstrap "$BOOT" --client-id "r,warpstream_az=b,$LB" --topic t --partition 0
	within "$DEADLINE" grep -q '"event":"read"' "$WORK/r.log" || not_ok "r reads"
	agent_start b
	topology a=ready b=ready
	check "the reader is moved home by SOCK_DESTROY" within "$DEADLINE" some_rows '(.client_id | startswith("r,")) and .locality == "same"'
	stop r
	stop rezone
fi

export REZONE_PROBE_WITHOUT=destroy,netlink
check "with no way to reset, rezone check says: with limits" node_can 'with limits'
check "... for want of the kfunc, and nothing else is left" eval 'limited kfunc && ! resets'
agent_stop b
client_start far kafka-go-debian read --bootstrap "$BOOT" --client-id "far,warpstream_az=b,$LB" --topic t --partition 0
within "$DEADLINE" grep -q '"event":"read"' "$WORK/far.log" || not_ok "far reads"
agent_start b
topology a=ready b=ready
rezone_start --interval 200ms --stable-for 0s
unset REZONE_PROBE_WITHOUT
before=$(moves_made)
check "the daemon observes, for it has no way to reset" eval '[ "$(setting_of mode) $(status_of way)" = "\"RZ_MODE_OBSERVE\" \"RZ_WAY_NONE\"" ]'
check "a candidate is shown as observed" within "$DEADLINE" some_rows '(.client_id | startswith("far,")) and .verdict == "keep" and .reason == "observing"'
far=$(data_conns '.client_id | startswith("far,")') from=$(counter_of ticks)
ticked() { [ "$(counter_of ticks)" -ge $((from + 20)) ]; }
check "20 ticks pass" within "$DEADLINE" ticked
check "nobody is moved in them" eval '[ "$(moves_made)" = "$before" ] && [ "$(counter_of moved)" = 0 ]'
check "the candidate's connection is the one it was" all_there "$far"
stop far
stop rezone

# as before Linux 5.12, whose iterator has no cookies
export REZONE_PROBE_WITHOUT=census,look
check "without the iterator, rezone check says: with limits" node_can 'with limits'
check "... for want of the census" limited census
agent_stop b
client_start old kafka-go-debian read --bootstrap "$BOOT" --client-id "old,warpstream_az=b,$LB" --topic t --partition 0
within "$DEADLINE" grep -q '"event":"read"' "$WORK/old.log" || not_ok "old reads"
agent_start b
rezone_start --interval 500ms --stable-for 0s
unset REZONE_PROBE_WITHOUT
check "a reader that is older than rezone is found at its next request, and moved home" within "$DEADLINE" some_rows '(.client_id | startswith("old,")) and .locality == "same"'
stop old
stop rezone

# as before Linux 5.12, on arm64 before 5.18: the fast path takes the entry's lock, and no program has an instruction that such a
# kernel refuses
program_of() { bpftool -j link show pinned "$(echo "$PIN_DIR"/v*/link_segment)" | jq .prog_id; }
fetches() { bpftool prog dump xlated id "$(program_of)" >"$WORK/xlated" && grep -c cmpxchg "$WORK/xlated"; }
agent_stop b
client_start locked kafka-go-debian read --bootstrap "$BOOT" --client-id "locked,warpstream_az=b,$LB" --topic t --partition 0
within "$DEADLINE" grep -q '"event":"read"' "$WORK/locked.log" || not_ok "locked reads"
agent_start b
export REZONE_PROBE_WITHOUT=fetch
rezone_start --interval 500ms --stable-for 0s
unset REZONE_PROBE_WITHOUT
check "without atomic instructions that fetch, a reader is moved home" within "$DEADLINE" some_rows '(.client_id | startswith("locked,")) and .locality == "same"'
check "... and the program has none" test "$(fetches)" = 0
stop locked
stop rezone

export REZONE_PROBE_WITHOUT=segment
check "without the segment program, rezone check says: no" node_can no
unset REZONE_PROBE_WITHOUT

export REZONE_PROBE_WITHOUT=state,closes
rezone_start --interval 500ms --stable-for 0s --reconcile 300ms
unset REZONE_PROBE_WITHOUT
client_start r2 kafka-go-debian read --bootstrap "$BOOT" --client-id "r2,warpstream_az=a" --topic t --partition 0
check "without the state tracepoint a new connection is identified" within "$DEADLINE" some_rows '(.client_id | startswith("r2,")) and .state == "data"'
stop r2
# a kernel before 5.12 has no census either
"$REZONE" check -o json 2>/dev/null | jq -e 'any(.checks[]; .name == "census" and .status != "ok")' >/dev/null ||
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
