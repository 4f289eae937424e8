#!/usr/bin/env bash
# Read again: a reader is parked because its client is excluded, its agent is at home, or its client.id has no tag that is known. Once the
# setting, the topology or the tags are others, it is read again, and is a candidate when 64 more of its requests were read, not before.
# Debian's packages and the stand-in suffice.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
agent_start a
AT=$(agent_ip a):9092
CONF=$WORK/rezone.yaml
READER='.client_id == "r,team_az=b,team_move=true" and .kind == "data"'
topology a=ready b=ready
# settings INTERVAL [LINE]: taken when the file has rested for a second
settings() { printf 'mode: observe\ninterval: %s\n%s\n' "$1" "${2:-}" >"$CONF.new" && mv "$CONF.new" "$CONF"; }
start() { rezone_start --config "$CONF" --stable-for 0s --park-after 1s --reconcile 1s --keep-pins "$@"; }
tags=(--zone-keys team_az --opt-in-keys team_move)
settings 300ms 'exclude_clients: "r,*"'
start "${tags[@]}"
client_start w kafka-go-debian write --bootstrap "$AT" --client-id w,warpstream_az=a --topic t --rate 100
client_start r kafka-go-debian read --bootstrap "$AT" --client-id r,team_az=b,team_move=true --topic t --partition 0

# parked REASON: it is, with all that was learned
parked() { within "$DEADLINE" some_rows "$READER and .parked and .reason == \"$1\""; }
requests_of() { rz_list -o json | jq "[.[] | select($READER and $1) | .requests] | first // empty"; } # JQ-FILTER
sees_candidate() { at=$(requests_of '.verdict == "move" or .reason == "observing"') && [ -n "$at" ]; }
# judged_anew WHY AGAIN: AGAIN connections were read again so far, for another reason
judged_anew() {
	check "$1: it is read again" within "$DEADLINE" eval '[ "$(stat_of read_again)" -gt '"$2"' ]'
	check "... and is a candidate in the end" within "$DEADLINE" sees_candidate
	check "... when 64 requests more were read, not before ($was, $at)" test "$at" -ge $((was + 64))
}

check "excluded, it is parked" parked excluded
was=$(requests_of .parked) again=$(stat_of read_again)
# of each parked connection, the writer's too: on a slow machine a client may have opened another one, which nobody parks without a tick
bytes() { rz_list -o json | jq -c '[.[] | select(.parked) | {key: (.cookie | tostring), value: .rx_bytes}] | from_entries'; }
settings 1h 'exclude_clients: "r,*"'
check "... the next tick comes in an hour" within "$DEADLINE" has_event '.event == "setting" and .setting == "interval" and .after == "1h"'
no_tick() { [ "$(counter_of ticks)" = "$ticks" ]; }
rests() { ticks=$(counter_of ticks) && stays 1 no_tick; }
within "$DEADLINE" rests || not_ok "the tick that was due still comes, and no other behind it"
first=$(bytes)
more_bytes() { bytes | jq -e --argjson first "$first" 'any(to_entries[]; .value > ($first[.key] // infinite))' >/dev/null; }
check "... bytes go on being read from sockets" within "$DEADLINE" more_bytes
more_bytes || note "bytes at first $first, now $(bytes); errors $("$REZONE" stats --pin-dir "$PIN_DIR" -o json | jq -c .errors)"
check "... without a tick" no_tick
check "... its requests are not read" test "$(requests_of .parked)" = "$was"
settings 300ms
judged_anew "another setting" "$again"

sed 's/zone: a,/zone: A,/; s/zone: b,/zone: a,/; s/zone: A,/zone: b,/' "$WORK/topology.yaml" >"$WORK/topology.tmp"
mv "$WORK/topology.tmp" "$WORK/topology.yaml"
check "its agent is at home: it is parked" parked "same zone"
was=$(requests_of .parked) again=$(stat_of read_again)
topology a=ready b=ready
judged_anew "another topology" "$again"

stop rezone
# its tags mean nothing to this daemon, from its first tick on: it would move who opted in by them
start --mode enforce
check "its tags mean nothing: it is parked" parked "not opted in"
was=$(requests_of .parked) again=$(stat_of read_again)
stop rezone
start "${tags[@]}"
judged_anew "other tags" "$again"
check "nobody was moved" nobody_moved
