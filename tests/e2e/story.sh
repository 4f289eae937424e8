# shellcheck shell=bash
# The scene of scripts/demo and scripts/screens: three zones, applications in two of them, rezone from its start to its removal.
#
# Comes in: sourced after lib.sh. Goes out: functions that bring about each turn of the story and wait until it has come (status
# 1: it did not), and what its end proves. The daemon reads $WORK/rezone.yaml and $WORK/topology.yaml. It has the product's
# defaults but for `price` and three settings for which nobody likes to wait.

STORY_READERS=(billing-0 billing-1) # opted in, one for each partition: together they read all that is written
STORY_BOOT=$(agent_ip a):9092,$(agent_ip b):9092,$(agent_ip c):9092

story_zones() {
	local z
	for z in a b c; do agent_start $z --partitions 2; done
	topology a=ready b=ready c=ready
}

story_settings() {
	cat >"$WORK/rezone.yaml" <<-END
		topology: topology.yaml
		mode: observe
		interval: 10s
		stable_for: 5s
		outcome_after: 10s
		price: aws
	END
}

story_run() {
	SPAWN_DIR=$WORK spawn rezone - - "$REZONE" run --config rezone.yaml --pin-dir "$PIN_DIR" --cgroup "$CGROUP"
	within "$DEADLINE" daemon_runs
}

# story_reader NAME TAGS PARTITION
story_reader() {
	client_start "$1" kafka-go-debian read --bootstrap "$STORY_BOOT" --client-id "$1,$2" --topic orders --partition "$3"
}
# a Writer in zone a; in zone b a Reader of each partition, and one that has not opted in
story_clients() {
	client_start shop kafka-go-debian write --bootstrap "$STORY_BOOT" --client-id "shop,warpstream_az=a,$LB" --topic orders \
		--rate 50 --size 2000
	story_reader billing-0 "warpstream_az=b,$LB" 0
	story_reader billing-1 "warpstream_az=b,$LB" 1
	story_reader audit "warpstream_az=b" 0
	within "$DEADLINE" story_b same 3
}

# Data connections of zone b's Readers. story_b LOCALITY N: so many have this locality; story_home: both that opted in are home;
# story_minute: those have been seen for a minute, so that a month can be projected from them
story_b() { has_rows ".kind == \"data\" and .client_zone == \"b\" and .locality == \"$1\"" "$2"; }
story_home() { has_rows '.kind == "data" and .client_zone == "b" and .opt_in and .locality == "same"' 2; }
story_minute() { has_rows '.kind == "data" and .client_zone == "b" and .opt_in and .age_s > 61' 2; }

story_b_goes() {
	topology a=ready b=notready c=ready
	agent_stop b
	within "$DEADLINE" has_rows '.client_zone == "b" and .kind == "data" and .reason == "no agent there"' 2 &&
		within "$DEADLINE" story_b cross 3
}
story_b_returns() {
	agent_start b --partitions 2
	topology a=ready b=ready c=ready
}

story_enforce() { sed -i s/observe/enforce/ "$WORK/rezone.yaml"; }
story_outcomes() { [ "$(events_now | jq 'select(.event == "outcome") | .event' | wc -l)" -ge 2 ]; }

# said EVENT FIELD NAME...: of each such line of these applications, the field
said() {
	local event=$1 field=$2
	shift 2
	cat "${@/#/$WORK/}" | jq -rR "fromjson? | select(.event == \"$event\") | .$field"
}
story_written() { said wrote id shop.log | sort; }
story_read() { said read id "${STORY_READERS[@]/%/.log}" | sort; }
# story_lost: acknowledged records that no Reader has read; story_doubled: records that were read twice; story_gaps: places at
# which a Reader did not go on with the next offset; story_errors: what the library could not mend, and told its application
story_lost() { comm -23 <(story_written | uniq) <(story_read | uniq) | wc -l; }
story_doubled() { story_read | uniq -d | wc -l; }
story_gaps() {
	local name
	for name in "${STORY_READERS[@]}"; do said read offset "$name.log" | awk '$1 != n++ { print; n = $1 + 1 }'; done | wc -l
}
story_errors() { said error error "${STORY_READERS[@]/%/.log}" | wc -l; }
story_all_read() { [ "$(story_lost)" = 0 ]; }
