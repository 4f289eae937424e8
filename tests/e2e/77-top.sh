#!/usr/bin/env bash
# rezone top in a real terminal (tmux): at 80x24 and wide, keys, another size, moves as they happen; the terminal is as it was after
# q, SIGINT, SIGTERM, SIGSEGV and Ctrl-Z; nothing that a client sends reaches it. -b and -o json for scripts.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
command -v tmux >/dev/null || skip "$(basename "$0"): there is no tmux"
e2e_begin
TMUX_SOCKET=$WORK/tmux
term() { tmux -S "$TMUX_SOCKET" -f /dev/null "$@"; }
E2E_AT_END='term kill-server 2>/dev/null'
screen() { term capture-pane -p -t top; }
shows() { screen | grep -qE -- "$1"; }
shows_not() { ! shows "$1"; }
keys() { term send-keys -t top "$@"; }
start() {
	keys "$REZONE top --pin-dir $PIN_DIR -w 300ms" Enter
	within "$DEADLINE" shows '^rezone top' || not_ok "top did not start"
}
top_pid() { pgrep -f "top --pin-dir $PIN_DIR" | head -1; }
# as_it_was WHAT: its prompt, an ordinary screen, its settings; what is typed is seen again
as_it_was() {
	check "$1: the screen is the shell's" within "$DEADLINE" shows 'before-top'
	keys "stty -g | cksum; echo typed-\$((40+2))" Enter
	check "... and the terminal as it was" within "$DEADLINE" eval 'shows "typed-42" && shows "echo typed-" && [ "$(screen | grep -c "^$STTY")" -ge 2 ] &&
		[ "$(term display -p -t top "#{alternate_on}#{cursor_flag}")" = 01 ]'
	keys 'clear; echo before-top; stty -g | cksum' Enter
	within "$DEADLINE" shows "^$STTY" || not_ok "the shell does not answer"
}

agent_start a
AT=$(agent_ip a):9092
topology a=ready b=notready
client_start r kafka-go-debian read --bootstrap "$AT" --client-id "orders,warpstream_az=b,$LB" --topic t
client_start w kafka-go-debian read --bootstrap "$AT" --client-id "$(printf 'evil\033[2J\a\nline,warpstream_az=b')" --topic t
client_start s kafka-go-debian read --bootstrap "$AT" --client-id "same,warpstream_az=a,$LB" --topic t
rezone_start --interval 300ms --stable-for 0s --min-age 0s --outcome-after 500ms
check "three clients" within "$DEADLINE" eval 'some_rows ".client_id | startswith(\"orders\")" && some_rows ".client_id | startswith(\"same\")" && some_rows ".client_id | startswith(\"evil\")"'

check "-b: two frames of plain text" eval '[ "$("$REZONE" top -b --frames 2 -w 200ms --pin-dir "$PIN_DIR" | grep -c "^rezone top")" = 2 ]'
"$REZONE" top -b --frames 1 -w 200ms --all --pin-dir "$PIN_DIR" >"$WORK/batch" 2>&1
check "... with no byte that is not printable" eval '! LC_ALL=C grep -q "[^ -~]" "$WORK/batch" && grep -q "evil.x1b.2J.x07.x0aline" "$WORK/batch"'
"$REZONE" top -o json --frames 2 -w 200ms --pin-dir "$PIN_DIR" >"$WORK/top.json"
check "-o json: an object a line, as its schema says" eval '[ "$(wc -l <"$WORK/top.json")" = 2 ] &&
	{ ! /usr/bin/python3 -c "import jsonschema" 2>/dev/null || "$E2E_ROOT/tests/lib/json-schema" "top=$WORK/top.json"; }'
check "no terminal: refused" eval '! "$REZONE" top --pin-dir "$PIN_DIR" </dev/null'

term new-session -d -s top -x 80 -y 24 "env PS1='\$ ' bash --norc"
keys 'clear; echo before-top; stty -g | cksum' Enter
within "$DEADLINE" shows '^[0-9]+ [0-9]+$' || not_ok "the shell does not answer"
STTY=$(screen | grep -E '^[0-9]+ [0-9]+$')
start
check "80x24: the matrix, a client across zones and why it stays" within "$DEADLINE" eval 'shows "^CLIENT.AGENT +a" && shows "^b +.*\(" && shows "orders.* b -> a .*no agent there"'
check "... not one at home; the keys on the last line" eval 'shows_not "> same" && screen | sed -n 24p | grep -q "^q quit"'
check "... a hostile id as text" shows 'evil.x1b'
check "... no line is too long" eval '[ "$(screen | awk "length > 80" | wc -l)" = 0 ]'
keys a
check "a: all clients" within "$DEADLINE" shows '[ >] same,'
keys /
keys -l ord
keys Enter
check "/: a filter" within "$DEADLINE" eval 'shows "orders" && shows_not "[ >] same," && shows "filter: ord"'
keys Enter
check "Enter: why" within "$DEADLINE" shows 'any (other )?key: back'
check "... by rezone explain" shows 'no agent there'
keys x
within "$DEADLINE" shows '^rezone top' || not_ok "back"
keys Space
check "space: frozen" within "$DEADLINE" shows 'FROZEN'
term resize-window -t top -x 150 -y 40
check "another size is drawn, also while frozen" within "$DEADLINE" eval 'shows FROZEN && screen | sed -n 40p | grep -q "^q quit"'
keys Space
keys s
check "s: another order" within "$DEADLINE" shows 's by bytes'
check "wide: the whole id" within "$DEADLINE" shows 'orders,warpstream_az=b,warpstream_inter'
agent_start b
topology a=ready b=ready
check "a move as it happens" within "$DEADLINE" shows ' move +a -> b orders'
check "... and its outcome" within "$DEADLINE" shows ' outcome +a -> b orders'
keys q
as_it_was "q"
for signal in INT TERM SEGV; do
	start
	kill -$signal "$(top_pid)"
	as_it_was "SIG$signal"
done
start
keys C-z
as_it_was "Ctrl-Z"
keys fg Enter
check "fg: it goes on" within "$DEADLINE" shows '^rezone top'
keys C-c
as_it_was "Ctrl-C"
