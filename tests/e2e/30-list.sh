#!/usr/bin/env bash
# 20 clients, 5 ids, IPv4 and IPv6: list -o json and the bpftool dump agree, connection by connection, with
# what each client was started with. The truth comes from ss: which process holds which port.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
agent_start a
spawn agent-c c "$CGROUP" "$STANDIN/rezone-agent" --id 3 --zone c --listen "[::]:9092" \
	--advertise "[fd99::3:1]:9092" --data "$WORK/data" --log "$WORK/agent-c.trace"
within "$DEADLINE" test -e "$WORK/data/agents/3" || not_ok "agent c starts"
topology a=ready c=ready
rezone_start --interval 1s

# the topic must be there, and be written to, before kcat reads it
client_start w kafka-go-debian write --bootstrap 10.99.1.1:9092 --client-id w,warpstream_az=a --topic t --rate 10
within "$DEADLINE" grep -q '"event":"wrote"' "$WORK/w.log" || not_ok "the writer writes"
declare -A ID_OF=([${PIDS[w]}]='w,warpstream_az=a')

ids=('one,warpstream_az=a' 'two,ws_az=c,warpstream_interzone_lb=true' 'three' 'four with space,warpstream_az=b'
	$'five\e[31m,warpstream_az=a')
for i in $(seq 0 19); do
	id=${ids[$((i % 5))]}
	if [ $((i % 2)) -eq 0 ]; then boot=10.99.1.1:9092; else boot='[fd99::3:1]:9092'; fi
	client_start "k$i" librdkafka read --bootstrap "$boot" --client-id "$id" --topic t --partition $((i % 4))
	ID_OF[${PIDS[k$i]}]=$id
done
check "all 20 clients have a data connection" within "$DEADLINE" eval '[ "$(rows ".kind == \"data\"")" -ge 20 ]'

# local port -> id, from the kernel's list of sockets and the processes we started
for pid in "${!ID_OF[@]}"; do printf '%s\t%s\n' "$pid" "${ID_OF[$pid]//$'\e'/\\x1b}"; done >"$WORK/ids"
truth() {
	in_ns cl ss -Htnp state established "dport = 9092" | awk -F '\t' '
		NR == FNR { id[$1] = $2; next }
		{
			split($0, f, " +")
			pid = $0; sub(/^.*pid=/, "", pid); sub(/[^0-9].*$/, "", pid)
			print f[3] "\t" (pid in id ? id[pid] : "?")
		}' "$WORK/ids" - | sort
}
listed() { rz_list -o json | jq -r '.[] | [.client, .client_id] | @tsv' | sed 's/\\\\/\\/g' | sort; }
same() { truth >"$WORK/truth"; listed >"$WORK/listed"; cmp -s "$WORK/truth" "$WORK/listed"; }
check "list agrees with the processes on every connection ($(truth | wc -l))" within "$DEADLINE" same
same || diff "$WORK/truth" "$WORK/listed" | head -n 10 | sed 's/^/# /'
check "both address families are there" eval 'grep -q "^\[fd99" "$WORK/truth" && grep -q "^10\.99" "$WORK/truth"'

# the same from the maps alone: conns by its client port, clients by its hash
dump() {
	bpftool -j map dump pinned "$PIN_DIR/clients" | jq '[.[].formatted | {key: (.key | tostring), value: .value}] | from_entries' >"$WORK/clients.json"
	# a connection that has asked for nothing since its client was read has its zone in clients alone
	bpftool -j map dump pinned "$PIN_DIR/conns" | jq -r --slurpfile c "$WORK/clients.json" \
		'.[].formatted.value | $c[0][.frame.client | tostring] as $who |
			[.tuple.client_port, ($who.id // "?"), (if .frame.zone_known == 1 then .zone else $who.zone // "" end)] | @tsv' |
		sed 's/\\\\/\\/g; s/\\nx/\\x/g' | sort # bpftool 7.1 writes a backslash as \\n
}
expected() {
	awk -F '\t' '{
		port = $1; sub(/^.*:/, "", port)
		zone = ""
		if (match($2, /(warpstream_az|ws_az)=[a-z]/)) zone = substr($2, RSTART + RLENGTH - 1, 1)
		print port "\t" $2 "\t" zone
	}' "$WORK/truth" | sort
}
agree() { truth >"$WORK/truth"; dump >"$WORK/dump"; expected >"$WORK/expected"; cmp -s "$WORK/dump" "$WORK/expected"; }
check "bpftool's dump agrees on id and zone of every connection" within "$DEADLINE" agree
agree || diff "$WORK/expected" "$WORK/dump" | head -n 10 | sed 's/^/# /'

esc=$(printf '\033')
check "no escape sequence of a client.id reaches the terminal" eval '! rz_list | grep -q "$esc" && rz_list | grep -q "five"'
check "--client-id filters by glob" eval '[ "$(rz_list -o json --client-id "two,*" | jq "[.[].client_id] | unique | length")" = 1 ]'
check "--locality filters" eval '[ "$(rz_list -o json --locality same | jq "[.[].locality] | unique | join(\",\")")" = "\"same\"" ]'
check "-o wide prints a table" eval 'rz_list -o wide | head -n 1 | grep -q COOKIE'
check "a wrong locality is refused with status 2" eval '"$REZONE" list --locality far >/dev/null 2>&1; [ $? = 2 ]'
