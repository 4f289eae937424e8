#!/usr/bin/env bash
# Metrics and health over HTTP: `rezone run --listen` starts a process without rights; what it says is what `rezone list` says,
# promtool finds no fault in it, and strangers cost it nothing; it ends with the daemon, and the daemon goes on without it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
command -v curl >/dev/null || skip "$(basename "$0"): curl is missing"
[ -x "$BUILD/rezone-serve" ] || skip "$(basename "$0"): rezone-serve is not built"
PORT=$((20000 + $$ % 10000))
URL=http://127.0.0.1:$PORT
get() { curl -s --max-time 5 "$URL/$1"; }
code() { # PATH [CURL FLAGS...]
	local path=$1
	shift
	curl -s -o /dev/null --max-time 5 -w '%{http_code}' "$@" "$URL/$path"
}
answers() { [ "$(code "$1")" = "$2" ]; } # PATH STATUS
# value SERIES: of /metrics, the line that begins with it
value() { get metrics | awk -v s="$1 " 'index($0, s) == 1 { print $NF }'; }
value_is() { [ "$(value "$1")" = "$2" ]; }
conns() { value "rezone_connections{group=\"default\",client_zone=\"$1\",agent_zone=\"$2\"}"; }
listed() { rows ".client_zone == \"$1\" and .agent_zone == \"$2\" and .locality != \"unknown\""; }
agrees() { # ZONE ZONE: list and /metrics, which may be a second old
	local n
	n=$(listed "$1" "$2")
	[ "$n" -gt 0 ] && [ "$(conns "$1" "$2")" = "$n" ] && [ "$(listed "$1" "$2")" = "$n" ]
}
server() { pgrep -x -P "${PIDS[rezone]}" rezone-serve; }
rights() { awk '/^(Uid|Groups|Cap...|NoNewPrivs):/ { print $1, $2 }' "/proc/$(server)/status" | tr '\n' ' '; }

agent_start a
AT=$(agent_ip a):9092
topology a=ready
rezone_start --interval 500ms --stable-for 0s --listen "127.0.0.1:$PORT"
client_start r kafka-go-debian read --bootstrap "$AT" --client-id "r,warpstream_az=b,$LB" --topic t
client_start x kafka-go-debian read --bootstrap "$AT" --client-id "x\"},warpstream_az=nowhere,$LB" --topic t
check "it serves" within "$DEADLINE" answers healthz 200
spawn drip - - python3 "$E2E_ROOT/tests/e2e/strangers.py" 127.0.0.1 "$PORT" drip
note "its rights: $(rights)"
check "it is nobody, and has no capabilities" eval '[[ $(rights) =~ ^Uid:\ 65534\ Groups:\ (CapInh:\ )?.*CapPrm:\ 0+\ CapEff:\ 0+\ CapBnd:\ 0+\ CapAmb:\ 0+\ NoNewPrivs:\ 1 ]]'
check "ready" within "$DEADLINE" answers readyz 200
check "connections are those of rezone list" within "$DEADLINE" agrees b a
check "a zone that a client invents is no label" eval '! get metrics | grep -q nowhere && [ "$(conns unknown a)" -gt 0 ]'
check "who arrived before home was ready is counted so" within "$DEADLINE" \
	eval '[ "$(value "rezone_arrivals_total{client_zone=\"b\",home_was_ready=\"no\"}")" -gt 0 ]'
"$REZONE" pause --pin-dir "$PIN_DIR" >/dev/null 2>&1
agent_start b
topology a=ready b=ready
check "who waits for the pause is blocked by it" within "$DEADLINE" eval '[ "$(value "rezone_moves_blocked{cause=\"paused\"}")" -gt 0 ]'
check "... which is live and ready" eval 'answers healthz 200 && answers readyz 200'
"$REZONE" resume --pin-dir "$PIN_DIR" >/dev/null 2>&1
moved() { [ "$(counter_of moved)" -gt 0 ] && value_is 'rezone_moves_total{result="moved",method="reset",trigger="policy",to_zone="b"}' "$(counter_of moved)"; }
check "moves are those of map counters" within "$DEADLINE" moved
check "their waits are a histogram" eval '[ "$(value rezone_move_wait_seconds_count)" = "$(counter_of moved)" ]'
check "the tick runs" eval '[ "$(value rezone_tick_duration_seconds_count)" -gt 0 ] && [ "$(value rezone_last_tick_timestamp_seconds | cut -d. -f1)" -ge $(($(date +%s) - 5)) ]'

PROM=$("$E2E_ROOT/scripts/counterparts" path prometheus)
if [ -n "$PROM" ]; then
	check "promtool finds no fault" eval 'get metrics | "$PROM/promtool" check metrics'
else
	ok "promtool finds no fault # SKIP scripts/counterparts prometheus has not built it"
fi

check "HEAD has no body" eval '[ "$(curl -sI --max-time 5 "$URL/metrics" | tail -c 4 | od -An -c | tr -d " \n")" = "\\r\\n\\r\\n" ]'
check "another method is 405, another path 404" eval '[ "$(code metrics -X POST -d x)" = 405 ] && answers nothing 404'
was=$(server)
python3 "$E2E_ROOT/tests/e2e/strangers.py" 127.0.0.1 "$PORT" send >"$WORK/strangers.json" 2>"$WORK/strangers.log"
note "$(jq -c . "$WORK/strangers.json")"
check "strangers get an error or nothing" jq -e '.statuses | [.POST, .DELETE, .TRACE] == [405, 405, 405] and .["another path"] == 404 and
	all(.[]; . == null or . == 200 or (. >= 400 and . < 600))' "$WORK/strangers.json"
check "... and nothing back of what they sent" jq -e '.echoed == []' "$WORK/strangers.json"
# they are ended after 5 s without a byte: until then another address is served all the same
spawn full - - python3 "$E2E_ROOT/tests/e2e/strangers.py" 127.0.0.1 "$PORT" full 12
within "$DEADLINE" grep -q begun "$WORK/full.log" || not_ok "all connections of an address are held"
other_is_served() { curl -s -o /dev/null --max-time 1 -w "%{http_code} after %{time_total} s, %{errormsg}\n" --interface 127.0.0.7 "$URL/healthz" | tee -a "$WORK/other.log" | grep -q ^200; }
check "who holds all connections of an address keeps out no other one" within 3 other_is_served
check "who sends a byte a second is ended" within 20 grep -q '^[0-9]' "$WORK/drip.log"
note "after $(tail -1 "$WORK/drip.log") s"
check "it is the same process, and small" eval '[ "$(server)" = "$was" ] && [ "$(awk "/VmRSS/ { print \$2 }" "/proc/$was/status")" -lt 32768 ]'
# what the strangers asked for has used up its share of a CPU: a page may be refused for a moment
few() { local n; n=$(value process_open_fds); [ "${n:-100}" -lt 100 ]; }
check "... which has few descriptors" within "$DEADLINE" few

spawn alone - - "$REZONE" serve --pin-dir "$PIN_DIR" --listen "127.0.0.1:$((PORT + 1))"
check "rezone serve by itself, whose log is a file, serves too" within "$DEADLINE" curl -sf --max-time 5 "http://127.0.0.1:$((PORT + 1))/readyz"
check "... and goes on" stays 1 alive alone

stop r
stop x
bytes() { value "rezone_traffic_bytes_total{group=\"default\",client_zone=\"b\",agent_zone=\"a\",direction=\"$1\"}"; }
same_bytes() {
	local cost
	cost=$("$REZONE" cost --pin-dir "$PIN_DIR" -o json | jq -r '.zones[] | select(.client_zone == "b" and .agent_zone == "a") | "\(.cross_rx_bytes) \(.cross_tx_bytes)"')
	[ "${cost%% *}" -gt 0 ] && [ "$(bytes from_client) $(bytes to_client)" = "$cost" ]
}
check "bytes between zones are those of rezone cost" within "$DEADLINE" same_bytes

kill -KILL "$was"
check "killed: the daemon starts it again" within 10 eval '[ -n "$(server)" ] && [ "$(server)" != "$was" ] && answers healthz 200'
was=$(server)
stop rezone
check "it ends with the daemon" eval '[ ! -e "/proc/$was" ]'
