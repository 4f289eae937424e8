#!/usr/bin/env bash
# `rezone plan` and `rezone explain` of a daemon that observes: what they foretell is what the same daemon does once it enforces.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
plan() { "$REZONE" plan --pin-dir "$PIN_DIR" "$@" 2>/dev/null; }
plans() { plan -o json | jq -e "$1" >/dev/null; }

agent_start a
AT=$(agent_ip a):9092
topology a=ready
rezone_start --interval 500ms --stable-for 0s --topology-max-age 3s --mode observe --keep-pins
client_start goes kafka-go-debian read --bootstrap "$AT" --client-id "goes,warpstream_az=b,$LB" --topic t
client_start stays kafka-go-debian read --bootstrap "$AT" --client-id "stays,warpstream_az=b" --topic t
check "no agent at home: nobody would move, the operator could change that" within "$DEADLINE" plans \
	'.would_move.connections == 0 and ([.stays[] | select(.reason == "no agent there" and .who == "operator" and .locality == "cross")] | length == 1)'
topology a=ready b=ready
check "who opted in would move, at the first tick" within "$DEADLINE" plans '.would_move | .connections > 0 and .first_tick > 0 and
	all(.clients[]; .client_id | startswith("goes")) and (.clients[0].client_zone == "b" and .clients[0].agent_zone == "a" and .clients[0].first_s == 0)'
check "who did not stays, and its owner could change that" plans \
	'[.stays[] | select(.reason == "not opted in" and .who == "owner") | .clients[].client_id] | length > 0 and all(.[]; startswith("stays"))'
explains() { "$REZONE" explain --pin-dir "$PIN_DIR" "$1" -o json 2>/dev/null | jq -e "$2" >/dev/null; }
failed='[.[0].rules[] | select(.answer == "failed") | .reason]'
check "explain, by a client.id: the one rule that failed, and that only a change mends it" explains 'stays,*' \
	"$failed == [\"not opted in\"] and .[0].next.kind == \"change\" and (.[0].rules | length > 20)"
COOKIE=$(rz_list -o json | jq -r '[.[] | select(.client_id // "" | startswith("goes")) | .cookie][0]')
check "... by its cookie: all rules passed, and what it waits for is mode observe" within "$DEADLINE" explains "$COOKIE" \
	"$failed == [] and (.[0].turn | map(select(.answer == \"failed\").reason) == [\"observing\"]) and .[0].next.reason == \"observing\" and (.[0].history | map(.event) | index(\"observe\") != null)"
check "... by an address: all of that client" explains "$(rz_list -o json | jq -r '.[0].client | sub(":[0-9]+$"; "")')" 'length == 2'
"$REZONE" explain --pin-dir "$PIN_DIR" nobody >/dev/null 2>&1
check "... of nobody: status 1" test $? = 1
[ -z "${SHOW-}" ] || "$REZONE" explain --pin-dir "$PIN_DIR" '*'
PLANNED=$(plan -o json | jq -r '[.would_move.clients[].client_id] | sort | unique | join(" ")')

stop rezone
rezone_start --interval 500ms --stable-for 0s --topology-max-age 3s --keep-pins
check "enforcing moves whom the plan named" within "$DEADLINE" has_event ".event == \"move\" and .client_id == \"$PLANNED\""
check "... and nobody else" no_event ".event == \"move\" and .client_id != \"$PLANNED\""

# a candidate whose reason cannot be shown: map moves takes no more writes from user space
failed() { stat_is '.errors | any(.place == "moves" and .errno == 1 and .count >= '"$1"')'; } # LEAST
told() { jq -Rc 'fromjson? | select(.map == "moves" and .error == "EPERM")' "$WORK/rezone.log" | wc -l; }
stop rezone
rezone_start --interval 500ms --stable-for 0s --topology-max-age 3s --mode observe --log-format json
bpftool map freeze pinned "$PIN_DIR/moves"
client_start late kafka-go-debian read --bootstrap "$AT" --client-id "late,warpstream_az=b,$LB" --topic t
check "a reason that cannot be shown is counted as a failure, at each tick" within "$DEADLINE" failed 2
check "... and the log is told once" test "$(told)" = 1
