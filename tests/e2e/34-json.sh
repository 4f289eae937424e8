#!/usr/bin/env bash
# Every JSON form is as docs/schema/ says: of a daemon that moves, pauses, takes settings and another topology, of its log, and where
# none runs. What operators do are events with who, before and after. `rezone bugtool` has it all in one archive, and nobody's
# client.id, address, node's or person's name.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
OUT=$WORK/json
mkdir "$OUT"
FORMS=()
# form NAME SCHEMA COMMAND...: keeps what it prints, to be judged at the end
form() {
	local name=$1 schema=$2
	shift 2
	"$REZONE" "$@" -o json --pin-dir "$PIN_DIR" >"$OUT/$name" 2>/dev/null
	FORMS+=("$schema=$OUT/$name")
}
conf() { # LINE...: the config file, whole
	printf '%s\n' "$@" >"$WORK/conf.tmp"
	mv "$WORK/conf.tmp" "$WORK/rezone.yaml"
}
python3=/usr/bin/python3
$python3 -c 'import jsonschema' 2>/dev/null || skip "$(basename "$0"): python3-jsonschema is missing"

form status-none status status
form config-file config config --check <(echo 'rate: 0.4')
agent_start a
AT=$(agent_ip a):9092
ID="payments-$P,warpstream_az=b,$LB"
conf "exclude_clients: [secret-$P-*]" "mode: observe"
topology a=ready b=notready
client_start r kafka-go-debian read --bootstrap "$AT" --client-id "$ID" --topic t
rezone_start --config "$WORK/rezone.yaml" --interval 300ms --stable-for 0s --min-age 0s --outcome-after 500ms --rate 0.4 \
	--node-name "ip-10-99-1-1.$P.internal" --log-format json
check "the client is tracked" within "$DEADLINE" some_rows '.kind == "data"'
topology a=ready b=ready
check "mode observe: it would be moved" within "$DEADLINE" has_event '.event == "observe"'
form list-observing list list
form status-observing status status
form plan plan plan
form explain explain explain '*'
SUDO_USER=alice-$P "$REZONE" pause --pin-dir "$PIN_DIR" --for 1h --reason "of 10.99.9.1" -o json >"$OUT/pause" 2>/dev/null
FORMS+=("pause=$OUT/pause")
form pause-again pause pause
form status-paused status status
form plan plan plan
form resume pause resume
form resume-again pause resume
form reset-dry reset reset --all --dry-run
form reset reset reset --client-id "$ID"
conf "exclude_clients: [secret-$P-*]" "mode: enforce" "min_agents: 2"
check "settings are taken" within "$DEADLINE" has_event '.event == "setting" and .setting == "min-agents"'
conf "mode: nonsense"
check "... and refused" within "$DEADLINE" has_event '.event == "reload-failed"'
check "the move has an outcome" within "$DEADLINE" has_event '.event == "outcome"'
form list list list
form list-groups list-groups list --group-by zones
form traffic traffic traffic
form cost cost cost
form cost-priced cost cost --price 0.02,0.01
form traffic-groups traffic-groups traffic --group-by zones --limit 5
form stats stats stats
form topology topology topology
form config config config --changed
form events event events
form version version version
form uninstall uninstall uninstall
form status status status

by_whom='(.text | test("uid 0"))'
check "who paused, and why" has_event ".event == \"pause\" and $by_whom and (.text | test(\"alice-$P by sudo\"))"
check "who resumed" has_event ".event == \"resume\" and $by_whom"
check "who moved by hand" has_event ".event == \"reset\" and $by_whom"
check "... and what: the moves are marked" has_event '.event == "move" and .by_hand and .client_id != ""'
check "mode: before and after" has_event '.event == "setting" and .setting == "mode" and .before == "observe" and .after == "enforce"'
check "topology: before and after" has_event '.event == "topology" and .before != .after and .before != null'
check "each event names its node" eval 'no_event ".node != \"ip-10-99-1-1.$P.internal\""'

BUG=$WORK/bug.tar.gz
"$REZONE" bugtool --pin-dir "$PIN_DIR" --file "$BUG" -o json >"$OUT/bugtool" 2>"$WORK/bugtool.err"
rc=$?
FORMS+=("bugtool=$OUT/bugtool")
check "bugtool writes an archive ($rc)" eval '[ $rc = 0 ] && jq -e ".hashed and all(.parts[]; .exit_status != null)" "$OUT/bugtool" >/dev/null'
mkdir "$WORK/bug" && tar -xzf "$BUG" -C "$WORK/bug" --strip-components=1
check "only root can read it" test "$(stat -c %a "$BUG")" = 600
for part in version status config topology stats traffic cost plan list events check facts bugtool; do
	[ -s "$WORK/bug/$part.json" ] || not_ok "bugtool has no $part.json"
done
FORMS+=("bugtool-facts=$WORK/bug/facts.json" "bugtool=$WORK/bug/bugtool.json" "check=$WORK/bug/check.json" "list=$WORK/bug/list.json"
	"event=$WORK/bug/events.json" "topology=$WORK/bug/topology.json" "traffic=$WORK/bug/traffic.json" "cost=$WORK/bug/cost.json" "plan=$WORK/bug/plan.json" "status=$WORK/bug/status.json")
# found FOLDER: files in which a name stands
found() { grep -rlE "payments-|secret-$P|alice-|10[.-]99[.-]|fd99:|$P\.internal" "$1" | xargs -r -n1 basename; }
check "no client.id, address, node or person in it ($(found "$WORK/bug" | tr '\n' ' '))" test -z "$(found "$WORK/bug")"
check "... but each can be followed by its hash" test "$(grep -ohE 'client-[0-9a-f]{10}' "$WORK/bug/list.json" "$WORK/bug/events.json" | sort | uniq -c |
	sort -rn | awk 'NR == 1 { print ($1 > 2) }')" = 1
check "maps are counted" eval 'jq -e "[.maps[] | select(.name == \"conns\")][0] | .entries > 0 and .max_entries > .entries" "$WORK/bug/facts.json" >/dev/null'
mkdir "$WORK/raw" && "$REZONE" bugtool --pin-dir "$PIN_DIR" --raw --file - 2>/dev/null | tar -xz -C "$WORK/raw" --strip-components=1
check "--raw has them, --file - writes to stdout" test "$(found "$WORK/raw" | grep -cxE 'list.json|events.json|config.json|topology.json')" = 4
# each second of the next minute, of one reading of the clock: of one at each turn a slow machine would leave seconds out
begun=$(date +%s)
mkdir "$WORK/links" && for i in $(seq 0 60); do ln -s "$WORK/victim" "$WORK/links/rezone-bugtool-$(date -u -d "@$((begun + i))" +%Y%m%dT%H%M%SZ).tar.gz"; done
(cd "$WORK/links" && "$REZONE" bugtool --pin-dir "$PIN_DIR-none" >/dev/null 2>&1)
rc=$?
check "its own name may be somebody's link: it writes nothing there" eval '[ $rc = 1 ] && [ ! -e "$WORK/victim" ]'
check "nothing is left behind" eval '! ls -d "${TMPDIR:-/tmp}"/rezone-??????/rezone-bugtool-* 2>/dev/null'

stop rezone
awk '/^[{]/' "$WORK/rezone.log" >"$OUT/log"
FORMS+=("log=$OUT/log")
logged() { # WHAT JQ
	check "a log line says by fields $1" test "$(jq -s --arg pins "$PIN_DIR" --arg who "alice-$P" "any(.[]; $2)" "$OUT/log")" = true
}
logged "who paused, until when and why" '.event == "pause" and .until != null and .why == "of 10.99.9.1" and (.by | contains($who))'
logged "who resumed" '.event == "resume" and (.by | contains("uid 0"))'
logged "which setting, before and after" '.setting == "mode" and .before == "observe" and .after == "enforce" and .by != null'
logged "how many settings were taken" '.event == "reload" and .changed == 2 and .restart_for == null'
logged "why settings were refused" '.event == "reload-failed" and (.why | contains("mode"))'
logged "how many are to be moved by hand" '.event == "reset" and .connections == 1 and .now == false'
logged "what the topology is" '.part == "topology" and .agents == 2 and .ready == 2 and .zones == 2 and has("own_zone_from")'
logged "version and mode" '.event == "start" and .mode == "observe" and .pin_dir == $pins'
logged "whether pins stay" '.event == "stop" and .keep_pins == false'
REZONE_PROBE_WITHOUT=destroy,netlink spawn rezone - - "$REZONE" run --pin-dir "$PIN_DIR" --cgroup "$CGROUP" --log-format json
within "$DEADLINE" daemon_runs || not_ok "rezone did not start without a topology, and without a way to reset"
stop rezone
awk '/^[{]/' "$WORK/rezone.log" >"$OUT/log"
logged "what the kernel lacks" '.level == "warn" and .lacks == ["destroy", "netlink"] and .mode == "observe"'
logged "that it has no topology" '.level == "warn" and .sources == 0'
faults=$("$E2E_ROOT/tests/lib/json-schema" "${FORMS[@]}" 2>&1)
rc=$?
while read -r line; do [ -z "$line" ] || note "$line"; done <<<"$faults"
check "${#FORMS[@]} texts are as docs/schema/ says" test $rc = 0
sed -i 's/"verdict": "[a-z]*"/"verdict": "perhaps"/; s/"adopted"/"adopted_or_not"/' "$OUT/list"
check "... which can be told from what is not" test "$("$E2E_ROOT/tests/lib/json-schema" "list=$OUT/list" | wc -l)" -ge 3
