# shellcheck shell=bash
# Real servers for end-to-end tests: nisshi behind our zone view, and Apache Kafka.
# Comes in: sourced after lib.sh. Goes out: functions; what they start ends with the test. Where a server was not built the
# test is skipped by name.

counterpart() { # NAME: its folder; fails after saying that the test is skipped
	"$E2E_ROOT/scripts/counterparts" path "$1" && return
	(skip "$(basename "$0"): $1 is not built (scripts/counterparts $1)") >&2
	return 1
}

port_open() { # NAMESPACE IP PORT
	in_ns "$1" bash -c "exec 3<>/dev/tcp/$2/$3" 2>/dev/null
}

# The brokers' store must have its tables before a second broker comes; the topic is made once.
NISSHI_TOPIC=t
nisshi_start() { # ZONE: a broker of that zone at 9392, the zone view before it at 9092
	local z=$1 ip nisshi front
	ip=$(agent_ip "$z")
	nisshi=$(counterpart nisshi) || exit 0
	front=$(counterpart front) || exit 0
	mkdir -p "$WORK/store" "$WORK/discovery"
	SPAWN_DIR=$WORK/store spawn "nisshi-$z" "$z" - "$nisshi/bin/nisshi" broker --silent --cluster-id e2e \
		--listener-url "tcp://$ip:9392" --advertised-listener-url "tcp://$ip:9392" \
		--storage-engine sqlite:///e2e.db --group-initial-rebalance-delay "${JOIN_WAIT:-0s}"
	within "$DEADLINE" port_open "$z" "$ip" 9392 || { not_ok "nisshi of zone $z did not start"; exit 1; }
	if [ ! -e "$WORK/store/topic" ]; then
		within "$DEADLINE" in_ns "$z" "$nisshi/bin/nisshi" topic create --broker "tcp://$ip:9392" $NISSHI_TOPIC --partitions 4
		touch "$WORK/store/topic"
	fi
	front_start "$z"
}

front_start() { # ZONE: the zone view; without it its broker is not to be found. UPSTREAM: another broker than the zone's own
	local z=$1 ip front
	ip=$(agent_ip "$z")
	front=$(counterpart front) || exit 0
	spawn "front-$z" "$z" "$CGROUP" "$front/front" --id "${ZONE_NR[$z]}" --zone "$z" --listen "$ip:9092" \
		--advertise "$ip:9092" --upstream "${UPSTREAM:-$ip:9392}" --discovery "$WORK/discovery"
	within "$DEADLINE" port_open "$z" "$ip" 9092 || { not_ok "the zone view of $z did not start"; exit 1; }
}

front_stop() { stop "front-$1"; }

# kafka_start NAMESPACE [IP PORT]: Apache Kafka, broker and controller in one, at 9092 of that zone; KAFKA_PROPERTIES: more lines of its file
kafka_start() {
	local z=$1 ip=${2:-} port=${3:-9092} dir
	[ -n "$ip" ] || ip=$(agent_ip "$z")
	dir=$(counterpart kafka) || exit 0
	cat >"$WORK/kafka.properties" <<-END
		process.roles=broker,controller
		node.id=1
		controller.quorum.voters=1@$ip:$((port + 1))
		listeners=PLAINTEXT://$ip:$port,CONTROLLER://$ip:$((port + 1))
		advertised.listeners=PLAINTEXT://$ip:$port
		controller.listener.names=CONTROLLER
		listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
		log.dirs=$WORK/kafka
		num.partitions=4
		offsets.topic.replication.factor=1
		offsets.topic.num.partitions=4
		transaction.state.log.replication.factor=1
		transaction.state.log.min.isr=1
		share.coordinator.state.topic.replication.factor=1
		share.coordinator.state.topic.min.isr=1
		group.initial.rebalance.delay.ms=0
		log.cleaner.dedupe.buffer.size=2097152
		${KAFKA_PROPERTIES:-}
	END
	in_ns "$z" java -cp "$dir/libs/*" kafka.tools.StorageTool format -t rezone-e2e-cluster-id1 -c "$WORK/kafka.properties" \
		>"$WORK/kafka-format.log" 2>&1
	# shellcheck disable=SC2086 # words
	spawn kafka "$z" "$CGROUP" java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
		-Dorg.slf4j.simpleLogger.defaultLogLevel=warn ${KAFKA_JAVA:-} -cp "$dir/libs/*" kafka.Kafka "$WORK/kafka.properties"
	within $((3 * DEADLINE)) port_open "$z" "$ip" "$port" || { not_ok "Apache Kafka did not start"; exit 1; } # a JVM, on a busy machine
}

# kafka_agents ZONE...: Apache Kafka in rezone's namespace `sw`, at 10.99.8.1:9392, and before it the zone view of each of these zones.
# Clients reach it by these alone. It has topic NISSHI_TOPIC.
kafka_agents() {
	local z
	UPSTREAM=10.99.8.1:9392
	in_ns sw ip link set lo up
	in_ns sw ip addr add 10.99.8.1/16 dev br0
	ip -n "$P-cl" route add unreachable 10.99.8.1
	mkdir -p "$WORK/discovery"
	kafka_start sw 10.99.8.1 9392
	# the topic comes with the first metadata request that names it, a moment later
	within "$DEADLINE" eval "in_ns sw kcat -L -b $UPSTREAM -t $NISSHI_TOPIC | grep -q 'partition 3, leader 1'" || not_ok "the topic is made"
	for z in "$@"; do front_start "$z"; done
}
