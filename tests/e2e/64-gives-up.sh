#!/usr/bin/env bash
# quiet
# A client gives up while it is held: it closes (a FIN behind what is held back) and writes the same again on another connection. The
# hold then ends without a close: called off, by its time, by a pause, by SIGKILL of the daemon, with a successor in mode
# observe. The agent must not execute what was held back; its socket is closed once its answers are out, by the daemon that
# is there then.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
AT=$(agent_ip a)
RAW=$E2E_ROOT/tests/e2e/raw.py
FLAGS=(--interval 250ms --stable-for 0s --cooldown 1h --gap-timeout 300ms --hold-timeout 10s)
# A Linux TCP whose timer has run out sends nothing new, and on 6.18 no FIN either, before what it sends again is acknowledged. So
# here the timer gives the test the time that it needs to act; what comes of a FIN that is not sent is in docs/concepts.md.
timer() { ip -n "$P-cl" route change 10.99.0.0/16 dev eth0 src 10.99.9.1 rto_min "$1"; }
timer 4s
topology a=ready b=ready
spawn agent a "$AGENTS" "$RAW" agent "$AT" 9092 "$WORK/trace" "$WORK/stall" 2
within "$DEADLINE" test -s "$WORK/trace" || not_ok "the agent starts"

tell() { echo "$*" >&5; }
said() { jq -s "[.[] | select($1)] | length" "$WORK/$name.log"; }
has_said() { [ "$(said "$1")" -gt 0 ]; }
dump() { bpftool -j map dump pinned "$PIN_DIR/$1" 2>/dev/null | jq "[.[] | .formatted | select($2)] | length"; }
dump_sum() { bpftool -j map dump pinned "$PIN_DIR/held" 2>/dev/null | jq "[.[] | .formatted | select(.key == $cookie) | .value.discarded] | add // 0"; }
has() { [ "$(dump "$1" "$2")" -gt 0 ]; }
event() { has_event ".event == \"$1\" and .cookie == $cookie"; }
phase() { rz_list -o json | jq -e "any(.[]; .client == \"10.99.9.1:$port\" and .phase == \"$1\")" >/dev/null; }
open_here() { in_ns a ss -Htn state established "sport = 9092 and dport = $port" | grep -q .; }
# of the writes that were held back: how many the agent has done on the old connection, and is none missing on the new one?
on_the_old() { jq -s "[.[] | select(.event == \"did\" and .port == $port and .mark > $last)] | length" "$WORK/trace"; }
not_on_the_old() { [ "$(on_the_old)" = 0 ]; }
all_on_the_new() {
	jq -s "[.[] | select(.event == \"did\" and .port == $new and .mark > $last) | .mark] | sort" "$WORK/trace" >"$WORK/done"
	jq -s "map(select(.event == \"again\"))[0].marks | map(select(. > $last))" "$WORK/$name.log" >"$WORK/again"
	jq -e -n --slurpfile d "$WORK/done" --slurpfile a "$WORK/again" '($a[0] | length) > 0 and $d[0] == $a[0]' >/dev/null
}
need() { # WHAT COMMAND...: or nothing here means anything
	local what=$1
	shift
	within "$DEADLINE" "$@" || { not_ok "$what"; exit 1; }
}

last_did() { jq -s "[.[] | select(.event == \"did\" and .port == $port) | .mark] | max" "$WORK/trace"; }
# the agent has done all that TCP gave it: two looks in a row show the same
all_did() {
	local before=$last
	last=$(last_did)
	[ "$last" = "$before" ] && in_ns a ss -Htn state established "sport = 9092 and dport = $port" | grep -q '^0 '
}

# held NAME HOW: a client whose writes are held back and whose agent does not answer, and that ends its connection in that way
held() {
	name=$1
	local how=$2
	rm -f "$WORK/stall"
	mkfifo "$WORK/$name.fifo"
	spawn "$name" cl - "$RAW" client "$AT" 9092 "$name,warpstream_az=b,$LB" "$WORK/$name.fifo"
	exec 5>"$WORK/$name.fifo"
	tell connect
	tell flow 50
	need "$name: it writes" has_said '.event == "answered"'
	port=$(jq -s 'map(select(.event == "connected"))[0].port' "$WORK/$name.log")
	need "$name: it is held" phase hold
	touch "$WORK/stall"
	cookie=$(rz_list -o json | jq ".[] | select(.client == \"10.99.9.1:$port\") | .cookie")
	need "$name: writes are held back" has holds ".key == $cookie and .value.fresh > 1"
	tell stop
	last=
	need "$name: its agent has done what came before" all_did
	[ "$how" = none ] && return
	gives_up "$how"
}
gives_up() { # HOW
	tell "$1"
	tell connect "$name-again"
	tell again
	need "$name: it writes again" has_said '.event == "again"'
	new=$(jq -s 'map(select(.event == "connected"))[1].port' "$WORK/$name.log")
	[ "$1" = reset ] || check "$name: its FIN comes behind what is held back" within "$DEADLINE" has held ".key == $cookie and .value.left_ns > 0"
	check "$name: it gives up, and writes the same elsewhere" within "$DEADLINE" all_on_the_new
}
# the hold has ended without a close: its client's TCP sends again what was held back, and nothing of it reaches the agent
judge() {
	local n
	n=$(dump_sum)
	within "$DEADLINE" eval "[ \$(dump_sum) -gt $n ]" || not_ok "$name: its TCP sends it again"
	check "$name: what was held back is not executed on the old connection" not_on_the_old
}
closed() {
	rm -f "$WORK/stall"
	check "$name: its last answer reaches it" within "$DEADLINE" has_said ".event == \"answered\" and .port == $port and .mark == $last"
	check "$name: then the agent's socket is closed" within "$DEADLINE" eval '! open_here'
	check "$name: an event says so" within "$DEADLINE" event left-closed
	check "$name: each write was executed once where it was sent again, none on the old connection" eval 'all_on_the_new && not_on_the_old'
	exec 5>&-
	stop "$name"
}

# before its clients: one that is older has said unseen that its library sends again, and is not held
rezone_start "${FLAGS[@]}"
held timeout fin
check "timeout: an event says that it has left" within "$DEADLINE" event left-while-held
check "timeout: it is let go" within "$DEADLINE" event let-go
check "timeout: and kept, for that reason" within "$DEADLINE" some_rows ".cookie == $cookie and .reason == \"left while held\""
judge
check "timeout: it is counted" test "$(stat_of left_while_held)" -ge 1
closed

held called-off fin
topology a=ready b=notready
check "called-off: its zone has nobody ready any more" within "$DEADLINE" event refused
judge
closed
topology a=ready b=ready

held pause fin
"$REZONE" pause --pin-dir "$PIN_DIR" 2>/dev/null
check "pause: it is called off" within "$DEADLINE" event refused
judge
rm -f "$WORK/stall"
check "pause: nobody is closed while it lasts" stays 4 open_here
"$REZONE" resume --pin-dir "$PIN_DIR" 2>/dev/null
closed

held killed fin
check "killed: the daemon knows that it has left" within "$DEADLINE" has held ".key == $cookie and .value.left_ns > 0"
stop rezone KILL
judge
rezone_start "${FLAGS[@]}" --mode observe
rm -f "$WORK/stall"
check "killed: the next one, which only observes, leaves it as it is" stays 4 eval 'open_here && not_on_the_old'
stop rezone
check "killed: its programs stay when it is stopped" eval 'open_here && judge >/dev/null && not_on_the_old'
rezone_start "${FLAGS[@]}" --paused
check "killed: nor does one that its settings pause close it" stays 4 eval 'open_here && not_on_the_old'
stop rezone
rezone_start "${FLAGS[@]}"
closed
check "nobody's payload is held back any more" within "$DEADLINE" eval '! has held true'
check "answers are watched no more" within "$DEADLINE" eval '! has holds true && ! compgen -G "$PIN_DIR/v*/link_answer"'

# nobody is there any more when it leaves, and the hold is over but for the client's TCP, which waits longer each time
timer 20s
held late none
stop rezone KILL
within "$DEADLINE" eval '[ "$(dump moves ".key == $cookie and .value.deadline_ns < $(($(cut -d. -f1 /proc/uptime) * 1000000000))")" = 1 ]'
gives_up fin
judge
rezone_start "${FLAGS[@]}"
closed

timer 4s
# a reset takes what was held back with it
held reset none
gives_up reset
check "reset: the connection is gone" within "$DEADLINE" eval '! open_here'
check "reset: nothing that was held back was executed" not_on_the_old
rm -f "$WORK/stall"
exec 5>&-
stop "$name"

# The kernel gives a new entry the memory of one that went while a program was at it: what such an entry says is another connection's.
rm -f "$WORK/stall"
name=other
mkfifo "$WORK/$name.fifo"
spawn "$name" cl - "$RAW" client "$AT" 9092 "$name" "$WORK/$name.fifo"
exec 5>"$WORK/$name.fifo"
tell connect
tell flow 50
need "$name: it writes" has_said '.event == "answered"'
port=$(jq -s 'map(select(.event == "connected"))[0].port' "$WORK/$name.log")
within "$DEADLINE" some_rows ".client == \"10.99.9.1:$port\""
cookie=$(rz_list -o json | jq ".[] | select(.client == \"10.99.9.1:$port\") | .cookie")
bytes() { python3 -c 'import struct, sys; print(*struct.pack(sys.argv[1], *map(int, sys.argv[2:])))' "$@"; }
# COOKIE: an entry of this connection as if that one's client had left; the daemon that begins has its programs look
plant() {
	local end
	stop rezone KILL
	end=$(bpftool -j map dump pinned "$PIN_DIR/conns" | jq ".[] | .formatted | select(.key == $cookie) | .value.frame.next_seq")
	# shellcheck disable=SC2046 # struct rz_held: lock, end, cookie, since_ns, left_ns, discarded, followed, pad
	bpftool map update pinned "$PIN_DIR"/v*/held key $(bytes '<Q' "$cookie") \
		value $(bytes '<IIQQQQII' 0 $(((end + 1000000000) & 0xffffffff)) "$1" 1 1 0 0 0)
	rezone_start "${FLAGS[@]}" --mode observe
}
answers() { said '.event == "answered"'; }
plant $((cookie + 1000000))
n=$(answers)
check "other: what is another's is not discarded" within "$DEADLINE" eval "[ \$(answers) -gt $((n + 20)) ]"
plant "$cookie"
check "other: (were it its own, it would be)" within "$DEADLINE" eval '[ "$(dump_sum)" -gt 0 ]'
exec 5>&-
