#!/usr/bin/env bash
# The grammar of the command line: what is mistyped ends with status 2 and says what was meant; a short option means the same in
# every command, and one that meant something else is refused before anything is done.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
COMMANDS="status list top plan events traffic cost topology config stats pause resume reset check bugtool uninstall version"
exits() { # STATUS ARGUMENTS...
	local want=$1
	shift
	"$REZONE" "$@" >"$WORK/out" 2>"$WORK/err"
	[ $? -eq "$want" ]
}
refused() { exits 2 "$@" && [ -s "$WORK/err" ] && [ ! -s "$WORK/out" ]; } # with a line, and nothing else
names_out() { grep -q -- "$1" "$WORK/out"; }
names() { grep -q -- "$1" "$WORK/err"; }

check "a mistyped command: 2, and what was meant" eval 'refused lst && names "list"'
check "a command that nobody can mean" refused frobnicate
check "help, -h and --help are one page of at most 24 lines, wide 80" eval \
	'exits 0 help && cp "$WORK/out" "$WORK/help" && exits 0 --help && cmp -s "$WORK/out" "$WORK/help" && exits 0 -h && cmp -s "$WORK/out" "$WORK/help" &&
	[ "$(wc -l <"$WORK/help")" -le 24 ] && [ "$(wc -L <"$WORK/help")" -le 80 ]'
check "options without a word are those of status" eval 'exits 3 -o json -p "$PIN_DIR" && jq -e ".health == \"not running\"" <"$WORK/out" >/dev/null && exits 3 --live -p "$PIN_DIR" && refused --no-such'
check "REZONE_PIN_DIR is where commands look, -p beats it" eval '
	REZONE_PIN_DIR=$PIN_DIR/ exits 3 status && names_out "$PIN_DIR;" && REZONE_PIN_DIR=/x exits 3 status -p "$PIN_DIR" && names_out "$PIN_DIR;" &&
	REZONE_PIN_DIR= exits 3 status -o json'
check "config --check warns of a variable that is none, as run does" eval \
	'REZONE_MOOD=observe exits 0 config --check /dev/null && names "did you mean REZONE_MODE" && [ "$(wc -l <"$WORK/err")" = 1 ]'
check "-V is version" eval 'exits 0 -V && cp "$WORK/out" "$WORK/version" && exits 0 version && cmp -s "$WORK/out" "$WORK/version" && [ -s "$WORK/out" ]'
for c in $COMMANDS; do
	check "$c: help, an option and a form that do not exist, an argument too many" eval \
		'exits 0 help $c && [ -s "$WORK/out" ] && refused $c --no-such && refused $c -o xml && refused $c too-many'
	check "$c: -o takes table, wide and json" eval \
		'for f in table wide json; do exits 0 $c -o $f --help || exit 1; done'
done
check "explain: help; which connection; one word" eval 'exits 0 help explain && [ -s "$WORK/out" ] && refused explain && refused explain a b && refused explain --no-such'
# LETTER NAME of every option that has a letter
letters() { for c in $COMMANDS explain; do "$REZONE" "$c" --describe | awk -F '\t' '$1 == "option" && $3 != "" { print $3, $2 }'; done | sort -u; }
check "a short option means one thing in all commands" eval '[ "$(letters | wc -l)" -gt 10 ] && [ -z "$(letters | cut -d" " -f1 | uniq -d)" ]'
check "each command has --help-all" eval 'for c in $COMMANDS run; do exits 0 $c --help-all && [ -s "$WORK/out" ] || exit 1; done'
check "--help-all has all commands" eval 'exits 0 --help-all && for c in $COMMANDS; do grep -q " $c " "$WORK/out" || exit 1; done'
check "version as JSON" eval 'exits 0 version -o json && jq -e ".map_abi > 0 and (.version | test(\"^[0-9]\"))" <"$WORK/out" >/dev/null'
check "help of a command that does not exist" refused help lst
check "run: all settings before the kernel" eval 'refused run --pin-dir "$PIN_DIR" --mode enforse && names enforce && [ ! -e "$PIN_DIR" ]'
check "run --help is one screen, --help-all has all" eval \
	'exits 0 run --help && [ "$(wc -l <"$WORK/out")" -le 60 ] && ! grep -q -- --kube-ca-file "$WORK/out" && exits 0 run --help-all && grep -q -- --kube-ca-file "$WORK/out"'

# what these letters meant until now
check "pause -f is refused, names --for, and pauses nothing" eval 'refused pause --pin-dir "$PIN_DIR" -f 1h && names "--for" && [ ! -e "$PIN_DIR" ]'
check "reset -n is refused, and names --dry-run" eval 'refused reset --all -n && names "--dry-run"'
check "topology -f is refused, and names --file" eval 'refused topology -f x && names "--file"'
check "check -c is refused, and names --cgroup" eval 'refused check -c / && names "--cgroup"'
check "list: words that do not exist" eval 'refused list --sort agee && names "age" && refused list --group-by zone && names "zones" && refused list --limit 0'
check "traffic: words that do not exist, and an order beside groups" eval 'refused traffic --sort byte && names "bytes" && refused traffic --group-by zone && names "zones" && refused traffic --sort rx -g zones'
check "plan, cost, explain, topology: words that do not exist" eval 'refused plan --sort byte && names "bytes" && refused plan -g zone && names "zones" &&
	refused cost --sort price && names "cost" && refused cost -g agent && names "client-id" && refused explain x --sort agee && names "age" &&
	refused topology --sort zones && names "zone" && refused topology --limit 0'
check "an address that is none is refused, before it could select nothing" eval \
	'for a in 10.0.0 10.0.0.1: 10.0.0.1:70000 app-1 "[fd00::1"; do refused list --agent "$a" && names "as 10.0.2.7" && refused reset --client "$a" || exit 1; done'
check "events: no word is no choice" eval 'refused events -e "" && names "name at least one" && refused events -e ,move'
check "list: groups have an order of their own" refused list --sort age --group-by zones
