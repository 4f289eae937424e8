# shellcheck shell=bash
# A server, all client libraries at work on it, and rezone that moves them again and again. See moves-volume.sh.
# Comes in: sourced after lib.sh and servers.sh; LIBS, RATE_*. Goes out: functions; moves_arena leaves in $WORK/run/SERVER what
# tests/moves/count.py reads.
#
# The topology says that zone b has a ready agent, but no client can find one: so each move brings the client back, and it can
# be moved again. It also says of each address that it is an agent by itself: so rezone takes it that the clients know two others,
# and moves groups that it would leave alone by default, too.
UNNAMED=

# A group's members join its first generation together: kafka-python 3.0 now and then reads no more after a rebalance, moves
# or not.
JOIN_WAIT=3s
MOVES_OPT=warpstream_interzone_lb=true
# --hold-timeout: of what cannot be judged the others wait for the end
MOVES_FLAGS=(--hold-timeout 3s --interval "${MOVES_INTERVAL:-2s}" --stable-for 0s --cooldown 0s --give-up-after 0 --rate 100 --holds 64
	--outcome-after 1s)

# roles of a library's applications: two producers, a partition each; two members of a group, which have one of these
# partitions each; kafka-go has a Reader too
roles_of() {
	echo "all one group1 group2"
	[ "$1" = kafka-go ] && echo reader
	true
}

moves_server_built() { # SERVER: or it is skipped by name
	case "$1" in
	kafka) counterpart kafka ;;
	nisshi) counterpart nisshi && counterpart front ;;
	esac >/dev/null
}

# moves_server_start SERVER: in the zones of AGENTS; sets DELAY_S, how long what is in flight may take
moves_server_start() {
	local z
	DELAY_S=1
	rm -rf "$WORK/data" "$WORK/store" "$WORK/discovery" "$WORK/kafka" "$WORK"/agent-*.trace
	mkdir -p "$WORK/data"
	for z in "${AGENTS[@]}"; do
		case "$1" in
		slow) agent_start "$z" --partitions 2 --join-wait $JOIN_WAIT --delay-produce 250ms ;;
		fast) agent_start "$z" --partitions 2 --join-wait $JOIN_WAIT --delay-produce 2ms ;;
		stuck) agent_start "$z" --partitions 2 --join-wait $JOIN_WAIT --delay-produce 3s && DELAY_S=5 ;;
		nisshi) nisshi_start "$z" ;;
		esac
	done
	[ "$1" = kafka ] && KAFKA_PROPERTIES=$'num.partitions=2\ngroup.initial.rebalance.delay.ms=3000' KAFKA_JAVA=-Dorg.slf4j.simpleLogger.log.org.apache.kafka.coordinator.group=info kafka_start a
	true
}

moves_server_stop() {
	local name
	for name in agent-a agent-c kafka front-a nisshi-a front-c nisshi-c; do stop $name KILL; done
}

has_topic() { in_ns cl timeout 5 kcat -L -b "$AT" -t "$1" 2>/dev/null | grep -q 'partition 1, leader [0-9]'; }
moves_topics() { # SERVER
	local lib
	for lib in "${LIBS[@]}"; do
		[ "$1" = nisshi ] && in_ns a "$(counterpart nisshi)/bin/nisshi" topic create --broker "tcp://$(agent_ip a):9392" \
			"$lib" --partitions 2 >>"$WORK/topics.log" 2>&1
		within "$DEADLINE" has_topic "$lib" || not_ok "$1: topic $lib is made"
	done
}

# the server's own word of a group's generation, where it has one
generations_of() { # SERVER
	case "$1" in
	kafka) sed -n 's/.*[Ss]tabilized group \([^ ]*\) generation \([0-9]*\).*/\1 \2/p' "$WORK/kafka.log" | sort -k 1,1 -k 2,2n |
		awk '{ last[$1] = $2 } END { for (g in last) print g, last[g] }' ;;
	nisshi) ;;
	*) jq -r '"\(.Group) \(.Generation)"' "$WORK"/data/groups/*.json 2>/dev/null ;;
	esac
}

# every application of every library, in the background
moves_apps_start() { # DIR RATE
	local lib role rest=
	for lib in "${LIBS[@]}"; do
		for role in $(roles_of "$lib"); do
			case "$role" in
			all) rest="write --partition 0 --acks all --rate $2" ;;
			one) rest="write --partition 1 --acks 1 --rate $2" ;;
			group*) rest="group --group $lib --from first" ;;
			reader) rest="read --partition 0 --from first" ;;
			esac
			# shellcheck disable=SC2086 # words
			client_start "$lib.$role" "$lib" ${rest%% *} --bootstrap "$AT" \
				--client-id "$lib.$role,warpstream_az=b,$MOVES_OPT" --topic "$lib" ${rest#* }
			ln -sf "$WORK/$lib.$role.log" "$1/$lib.$role.log"
		done
	done
}

all_spoke() {
	local app
	for app in $(each_app); do [ -s "$WORK/$app.log" ] || return 1; done
}

# what was not built is skipped by name
moves_libs_built() { # DIR SERVER
	local lib role built=()
	within "$DEADLINE" all_spoke || note "$2: not every application has said something"
	for lib in "${LIBS[@]}"; do
		if grep -q '^SKIP' "$WORK/$lib.all.log" 2>/dev/null; then
			(skip "$2, $(grep -m 1 '^SKIP' "$WORK/$lib.all.log")")
			for role in $(roles_of "$lib"); do stop "$lib.$role"; done
			rm -f "$1/$lib".*.log
		else
			built+=("$lib")
		fi
	done
	LIBS=("${built[@]}")
	[ ${#LIBS[@]} -gt 0 ] || skip "no client library was built"
}

each_app() { for lib in "${LIBS[@]}"; do for role in $(roles_of "$lib"); do echo "$lib.$role"; done; done; }

# who has no connection that carries data
moves_not_at_work() {
	comm -13 <(rz_list -o json | jq -r '.[] | select(.kind == "data" or .kind == "shared") | .client_id // ""' | cut -d, -f1 |
		sort -u) <(each_app | sort)
}
moves_all_at_work() { [ -z "$(moves_not_at_work)" ]; }

# who does not read or write within so many seconds
moves_idle() { # DIR SECONDS
	local app end=$(($(now_ms) + $2 * 1000)) idle
	declare -A size=()
	for app in $(each_app); do size[$app]=$(stat -Lc %s "$1/$app.log"); done
	while :; do
		idle=
		for app in $(each_app); do [ "$(stat -Lc %s "$1/$app.log")" -gt "${size[$app]}" ] || idle+="$app "; done
		[ -z "$idle" ] || [ "$(now_ms)" -ge $end ] && break
		sleep 0.3
	done
	echo "$idle"
}

# every coordinator connection, and every one that is that too, is reset as well
moves_reset_coordinators() { # FILE
	local client id z
	rz_list -o json | jq -r '.[] | select(.kind == "coordinator" or .kind == "shared") | select(.opt_in) | "\(.client) \(.client_id)"' |
		while read -r client id; do
			for z in "${AGENTS[@]}"; do in_ns "$z" ss -K "sport = 9092 and dst ${client%:*} and dport = ${client##*:}"; done >/dev/null 2>&1
			echo "$id" >>"$1"
		done
}

moves_so_far() { # EVENTS LIB
	local counted=${COUNTED:-move}
	case "$2" in # docs/clients.md
	confluent | kafka-go) counted=move ;; # their producers are left alone: those of their groups, and of kafka-go's reader
	franz-go) counted=${COUNTED:-'move|let-go'} ;; # its producers are never held, and never pause here
	esac
	grep -cE "\"event\": ?\"($counted)\".*\"client_id\": ?\"$2\." "$1"
}

# moves_phase DIR SERVER NAME TARGET FLAGS...: until each library had TARGET moves
moves_phase() {
	local dir=$1 server=$2 name=$3 target=$4 events lib n began end least told=0 round=0
	shift 4
	events=$dir/events-$name.json
	generations_of "$server" >"$dir/gens-$name-begin"
	rezone_start "${MOVES_FLAGS[@]}" --keep-pins "$@"
	began=$(now_ms)
	"$REZONE" events --pin-dir "$PIN_DIR" -f -o json -n 1 >"$events" 2>/dev/null &
	PIDS[events]=$!
	end=$((began + (${MOVES_WAIT:-60} + target * 4) * 1000))
	while :; do
		sleep 1
		[ "$name" = plain ] && [ $((round++ % 4)) -eq 0 ] && moves_reset_coordinators "$dir/coordinators-$name"
		least=$target
		for lib in "${LIBS[@]}"; do
			n=$(moves_so_far "$events" "$lib")
			[ "$n" -lt "$least" ] && least=$n
		done
		[ "$least" -ge "$target" ] && break
		[ "$(now_ms)" -ge $end ] && break
		if [ $(($(now_ms) - began)) -ge $((told + 30000)) ]; then
			told=$(($(now_ms) - began))
			note "$server, $name: $((told / 1000)) s, each library had at least $least of $target moves"
		fi
	done
	end=$(now_ms)
	stop rezone # then what is in flight is answered
	sleep $((DELAY_S + 2))
	stop events
	generations_of "$server" >"$dir/gens-$name-end"
	mkdir -p "$dir/dump-$name"
	for lib in "${LIBS[@]}"; do
		in_ns cl timeout 120 kcat -C -X fetch.wait.max.ms=1 -b "$AT" -t "$lib" -o beginning -e -f '%p %o %s\n' >"$dir/dump-$name/$lib" 2>>"$WORK/dump.log"
	done
	echo "$name $began $end $(now_ms)" >>"$dir/phases"
}

group_has_read() { # DIR LIB: every record of the last dump
	local last
	last=$(find "$1" -name 'dump-*' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
	[ -z "$(comm -13 <(grep -hoE '"id": ?"[^"]*"' "$1/$2".group*.log | sed 's/.*: \?"//; s/"$//' | sort -u) \
		<(cut -d' ' -f3- "$last/$2" | sort -u))" ]
}

# the server, its topics, a capture, and everybody at work on it; sets IDLE, who was not, before any move
moves_begin() { # DIR SERVER RATE
	local dir=$1 server=$2 more='' z
	AT=$(for z in "${AGENTS[@]}"; do echo "$(agent_ip "$z"):9092"; done | paste -sd,)
	[ "${#AGENTS[@]}" -gt 1 ] && more=c=ready
	[ "$server" = kafka ] && AT=$(agent_ip a):9092 more=
	# shellcheck disable=SC2086 # a word or none
	topology a=ready b=ready $more
	moves_server_start "$server"
	moves_topics "$server"
	spawn dumpcap cl - dumpcap -q -P -i eth0 -B 256 -s 4096 -f 'tcp port 9092' -w "$dir/wire.pcap"
	within "$DEADLINE" grep -q '^File:' "$WORK/dumpcap.log" || not_ok "dumpcap does not start"
	rezone_start "${MOVES_FLAGS[@]}" --keep-pins --mode observe
	moves_apps_start "$dir" "$3"
	moves_libs_built "$dir" "$server"
	within 90 moves_all_at_work || not_ok "$server: everybody is at work; not: $(moves_not_at_work | tr '\n' ' ')"
	IDLE=$(moves_idle "$dir" 15) # and by then the last group is formed
	[ -z "$IDLE" ] || note "$server: at no work before any move: $IDLE"
	stop rezone
}

moves_end() { # DIR SERVER
	local app lib
	for app in $(moves_idle "$1" 30); do
		[[ " $IDLE " = *" $app "* ]] || not_ok "$2: $app works on after all moves"
	done
	for lib in "${LIBS[@]}"; do within 3 group_has_read "$1" "$lib" || note "$2, $lib: its group has not read all"; done
	for app in $(each_app); do
		alive "$app" || not_ok "$2: $app runs on; it ended: $(tail -n 1 "$WORK/$app.log" | cut -c1-200)"
		kill "${PIDS[$app]}" 2>/dev/null
	done
	for app in $(each_app); do stop "$app" KILL; done
	sleep 1
	stop dumpcap INT
	moves_server_stop
	rm -rf "$PIN_DIR"
	for app in $(each_app); do mv "$WORK/$app.log" "$1/$app.log"; done
	cp "$WORK/rezone.log" "$1/"
}

# moves_arena SERVER RATE MOVES PLAIN FLAGS...: all libraries on one server; rows in $WORK/rows.json
moves_arena() {
	local server=$1 rate=$2 moves=$3 plain=$4 dir=${MOVES_OUT:-$WORK/run}/$1
	shift 4
	rm -rf "$dir"
	mkdir -p "$dir"
	moves_begin "$dir" "$server" "$rate"
	moves_phase "$dir" "$server" held "$moves" "$@"
	[ "$plain" -gt 0 ] && moves_phase "$dir" "$server" plain "$plain" --in-flight ignore
	moves_end "$dir" "$server"
	"$E2E_ROOT/tests/moves/count.py" "$dir" "$server" >"$WORK/rows-$server.json" || not_ok "$server: it was counted"
	cat "$WORK/rows-$server.json" >>"$WORK/rows.json"
}
