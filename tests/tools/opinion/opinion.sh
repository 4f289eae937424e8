# shellcheck shell=bash
# A second opinion: tshark's, on the packets of the connections that rezone tracks.
# Comes in: sourced after tests/e2e/lib.sh. Goes out: functions. Called by tests/tools/opinion/run and tests/e2e/9*.sh.
WIRE=$BUILD/wire
OPINION_PORT=9092

# flip_start NAME AGENT...: from now on, second by second, the addresses are agents of the clients' zone, a, or of zone b; then zone a has no
# agent that is ready. So connections are parked, and read again, at any place in their streams
flip_start() {
	local name=$1
	shift
	(
		trap - EXIT
		while true; do
			for zone in a b; do
				{
					printf 'zone: %s\naliases: { a: [us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1e, us-east-1f] }\nagents:\n' "$zone"
					printf "  - { address: %s, zone: $zone, ready: true }\n" "$@"
					printf '  - { address: 10.99.77.77, zone: a, ready: false }\n'
				} >"$WORK/topology.flip"
				mv "$WORK/topology.flip" "$WORK/topology.yaml"
				sleep 1
			done
		done
	) &
	PIDS["$name"]=$!
}
FLIP_FLAGS=(--mode observe --interval 300ms --stable-for 0s --park-after 1s --opt-in any --zoned-cidr-blocks 'a@10.98.0.0/15')

# capture_start NAME NAMESPACE DEVICE: all packets into $WORK/NAME.pcap, but those that wire has damaged (their TOS is 4): TCP throws
# them away, and tshark shall read what TCP takes
capture_start() {
	spawn "$1" "$2" - dumpcap -q -i "$3" -B 256 -f "tcp port $OPINION_PORT and not (ip and ip[1] == 4)" -w "$WORK/$1.pcap"
	within "$DEADLINE" grep -q '^File:' "$WORK/$1.log" || not_ok "dumpcap does not start"
}

# dumpcap forgets what it has not taken over from the kernel when it is told to end: so when its file rests
capture_stop() { # NAME
	local size before=
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		size=$(stat -c %s "$WORK/$1.pcap")
		[ "$size" = "$before" ] && break
		before=$size
		sleep 1.2
	done
	stop "$1" INT
}

# What tshark reads of the requests in a capture: compare.py says which columns
capture_read() { # PCAP...
	local f
	for f in "$@"; do
		tshark -n -r "$f" -o tcp.reassemble_out_of_order:TRUE -d "tcp.port==$OPINION_PORT,kafka" \
			-Y "tcp.dstport == $OPINION_PORT && (kafka || (tcp.flags.syn == 1 && tcp.flags.ack == 0))" \
			-T fields -E occurrence=a -E 'aggregator=|' -e ip.src -e tcp.srcport -e tcp.flags.syn -e tcp.seq_raw \
			-e kafka.len -e kafka.api_key -e kafka.api_version -e kafka.correlation_id -e kafka.client_id \
			2>>"$WORK/tshark.log"
	done
}

# what rezone knows now of every connection
snapshot() { # FOLDER
	bpftool -j map dump pinned "$PIN_DIR/conns" >"$1/conns.json"
	rz_list -o json >"$1/list.json"
}

# opinion FOLDER LEAST PCAP...: both sides compared; LEAST connections must have been
opinion() {
	local folder=$1 least=$2 last
	shift 2
	capture_read "$@" >"$folder/tshark.tsv"
	python3 "$E2E_ROOT/tests/tools/opinion/compare.py" "$folder" "$least" >"$folder/verdict"
	local rc=$?
	sed 's/^/# /' "$folder/verdict"
	last=$(tail -n 1 "$folder/verdict")
	check "rezone and tshark agree: ${last%, 0 skipped}" test $rc -eq 0
}
