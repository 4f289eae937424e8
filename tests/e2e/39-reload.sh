#!/usr/bin/env bash
# Settings that change while rezone runs: by a ConfigMap's link, by a write in place, by SIGHUP. They are taken whole, each change
# is an event with before and after; on a mistake, or when the file loses all that it said, the old ones stay. What takes a restart
# is told and not taken. A pause by the settings and one by the operator are apart.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
CONF=$WORK/conf/rezone.yaml
# configmap TEXT: as kubelet does it: the file is a link into ..data, which is a link that another takes the place of
configmap() {
	local dir
	dir=$(mktemp -d "$WORK/conf/..XXXXXX")
	printf '%b' "$1" >"$dir/rezone.yaml"
	ln -s "$(basename "$dir")" "$WORK/conf/..new"
	mv -T "$WORK/conf/..new" "$WORK/conf/..data"
	[ -L "$CONF" ] || ln -s ..data/rezone.yaml "$CONF"
}
says() { "$REZONE" status --pin-dir "$PIN_DIR" -o json 2>/dev/null | jq -e "$1" >/dev/null; }
config_says() { "$REZONE" config --pin-dir "$PIN_DIR" -o json 2>/dev/null | jq -e ".settings | $1" >/dev/null; }
changed() { has_event ".event == \"setting\" and .setting == \"$1\" and .before == \"$2\" and .after == \"$3\""; } # KEY BEFORE AFTER

mkdir "$WORK/conf"
configmap 'mode: observe\ninterval: 1h\n'
agent_start a
AT=$(agent_ip a):9092
topology a=ready b=ready
client_start r kafka-go-debian read --bootstrap "$AT" --client-id "r,warpstream_az=b,$LB" --topic t
rezone_start --config "$CONF" --interval 500ms --stable-for 0s --cooldown 1s --give-up-after 0 --outcome-after 1s
check "config says where each setting is from" config_says '.mode == {value: "observe", from: "file '"$CONF"'", restart: false} and
	.interval.value == "500ms" and .interval.from == "flag --interval" and .rate.from == "default" and .port.restart'
check "mode observe: it would be moved, and is not" within "$DEADLINE" eval 'has_event ".event == \"observe\"" && nobody_moved'

configmap 'mode: enforce\ninterval: 2h\n'
check "another mode in the file: before and after are an event" within "$DEADLINE" changed mode observe enforce
check "... and who was only observed is moved" within "$DEADLINE" has_event '.event == "move"'
check "... config and status say so" eval 'config_says ".mode.value == \"enforce\"" && says ".mode == \"enforce\" and .settings.reloads == 1"'
check "a flag beats the file: its change is none" no_event '.event == "setting" and .setting == "interval"'

configmap 'mode: enforse\n'
check "a mistake: an event that names file, line and cure" within "$DEADLINE" \
	has_event '.event == "reload-failed" and (.text | contains("rezone.yaml:1:7") and contains("did you mean enforce"))'
check "... status is degraded by it" says '.health == "degraded" and (.faults | map(.fault) == ["settings refused"]) and (.settings.refused != null)'
check "... and the old settings stay" eval 'config_says ".mode.value == \"enforce\"" && says ".mode == \"enforce\""'
configmap 'mode: \303\251\n'
check "a mistake of other bytes than ASCII: still JSON" within "$DEADLINE" has_event '.event == "reload-failed" and (.text | contains("rezone.yaml:1:7: mode: ") and (contains("enforse") | not))'
: >"$(readlink -f "$CONF")"
check "a file that lost all it said is refused" within "$DEADLINE" has_event '.event == "reload-failed" and (.text | contains("sets nothing"))'
check "... once, however often it is looked at" eval 'sleep 2.5; [ "$(event_count ".event == \"reload-failed\"")" = 3 ]'
rm "$CONF"
check "so is one that is gone" within "$DEADLINE" has_event '.event == "reload-failed"' 4
check "... and the mode is what it was" says '.mode == "enforce"'
# as many blocks as there may be, and then as many others: old and new ones do not fit together
blocks() { seq 0 4095 | awk -v n="$1" '{ printf "%s%s.%d.%d.0/24", (NR > 1 ? "," : "mode: enforce\\nzoned_cidr_blocks: a@"), n, $1 / 256, $1 % 256 }'; }
of_blocks() { [ "$(bpftool -j map dump pinned "$PIN_DIR/blocks" | jq "[.[] | select(.formatted.key.addr[12] == $1)] | length")" = 4096 ] && has_entries blocks 4096; }
has_entries() { [ "$(entries "$1")" = "$2" ]; }
configmap "$(blocks 10)"
check "4096 blocks are taken" within "$DEADLINE" of_blocks 10
configmap "$(blocks 20)"
check "... and 4096 others in their place" within "$DEADLINE" of_blocks 20
# whoever opens a FIFO that nobody writes waits for ever
mv "$WORK/conf" "$WORK/conf.aside"; mkdir "$WORK/conf"; mkfifo "$CONF"
check "so is a FIFO, and the daemon goes on" within "$DEADLINE" has_event '.event == "reload-failed" and (.text | contains("is no regular file"))'
check "... its tick runs" stays 3 "$REZONE" status --pin-dir "$PIN_DIR" --ready
rm -r "$WORK/conf"; mv "$WORK/conf.aside" "$WORK/conf"
configmap 'mode: enforce\n'
check "whole again: healthy" within "$DEADLINE" says '.health == "healthy" and .settings.refused == null'

configmap 'mode: enforce\nmax_clients: 100\n'
check "what takes a restart is told" within "$DEADLINE" changed max-clients 16384 100
check "... named by status, and not taken" eval 'says ".settings.restart_for == \"max-clients\"" && config_says ".max_clients.value == \"16384\""'

configmap 'mode: enforce\nexclude_clients: ["r,*", "s,*"]\n'
check "a client that the file excludes, from now on" within "$DEADLINE" some_rows '(.client_id | startswith("r,")) and .reason == "excluded"'
check "... no restart is needed any more" within "$DEADLINE" says '.settings.restart_for == null'

# a pause by the settings is not the operator's
configmap 'mode: enforce\npaused: true\n'
check "paused by the settings" within "$DEADLINE" says '.paused_by_settings and .paused == null and .health == "degraded"'
check "... is an event as any pause" within "$DEADLINE" has_event '.event == "pause" and (.text | startswith("by the settings"))'
check "... and who would go waits" within "$DEADLINE" some_rows '.reason == "paused"'
"$REZONE" pause --pin-dir "$PIN_DIR" --reason mine >/dev/null 2>&1
check "paused by both" within "$DEADLINE" says '.paused_by_settings and .paused.why == "mine"'
"$REZONE" resume --pin-dir "$PIN_DIR" >/dev/null 2>"$WORK/resume.err"
check "resume ends the operator's alone, and says so" eval 'says ".paused_by_settings and .paused == null" && [ -s "$WORK/resume.err" ]'
before=$(moves_made)
check "... and nobody is moved" stays 2 eval '[ "$(moves_made)" = "$before" ]'

printf 'mode: enforce\npaused: false\n' >"$(readlink -f "$CONF")"
kill -HUP "${PIDS[rezone]}"
check "SIGHUP reads a file that was written in place" within "$DEADLINE" \
	has_event ".event == \"reload\" and (.text | test(\"^by SIGHUP from uid 0, pid [0-9]+: 1 changed\"))"
check "... and moves go on" within "$DEADLINE" eval '[ "$(moves_made)" -gt "$before" ]'
check "... which is an event" has_event '.event == "resume" and (.text | startswith("by the settings"))'
kill -HUP "${PIDS[rezone]}"
check "a SIGHUP without a change changes nothing" within "$DEADLINE" has_event '.event == "reload" and (.text | endswith("0 changed"))'

n=$(counter_of ticks)
for _ in $(seq 20); do kill -HUP "${PIDS[rezone]}"; sleep 0.2; done
check "SIGHUPs that come faster than ticks put none off" test "$(($(counter_of ticks) - n))" -ge 4

stop rezone KILL
configmap 'max_clients: 4096\nmax_connections: [1]\n'
"$REZONE" config --check "$CONF" >"$WORK/check.out" 2>"$WORK/check.err"
rc=$?
check "config --check names the mistake" test $rc = 1 -a -s "$WORK/check.err" -a ! -s "$WORK/check.out"
configmap 'mode: observe\nkeep_pins: true\n'
check "... and shows a good file, as nobody" eval \
	'chmod -R a+rX "$WORK"; setpriv --reuid 65534 --clear-groups "$REZONE" config --check "$CONF" -o json | jq -e ".settings.mode.value == \"observe\"" >/dev/null'
check "config shows what the last daemon left" config_says '.mode.value == "enforce"'
# as one removes rezone from a cluster by the settings alone
rezone_start --config "$CONF" --interval 500ms
configmap 'mode: observe\nkeep_pins: false\n'
check "keep_pins taken back is taken at once" within "$DEADLINE" changed keep-pins true false
stop rezone
check "... and nothing is left in the end" test ! -e "$PIN_DIR"
