#!/usr/bin/env bash
# What the end of a connection does to each client library: library x reset|FIN x kind of connection x agents listed.
# Not in CI: `make close-matrix`. One nisshi, before it our zone view as one or three agents in zone a and one in zone b.
#   ONE=1 (of a client's connections one at a time, not all at once) RUNS=3 LIBS="java sarama" ROUNDS="none wr grp take load" CLOSES="rst fin" LISTED="1 3" OUT=FILE
# Comes out: a JSON line for each client of each round in OUT (build/close-matrix.jsonl), a table at the end.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/e2e/servers.sh"
e2e_begin
nisshi=$(counterpart nisshi) || exit 0
front=$(counterpart front) || exit 0
for i in 2 3; do ip -n "$P-a" addr add "10.99.1.$i/16" dev eth0; done
in_ns a sysctl -qw net.ipv4.tcp_early_demux=0
ip -n "$P-a" rule add pref 100 lookup local
ip -n "$P-a" rule del pref 0
mkdir "$WORK/store"
SPAWN_DIR=$WORK/store spawn nisshi a - "$nisshi/bin/nisshi" broker --silent --cluster-id e2e \
	--listener-url "tcp://$(agent_ip a):9392" --advertised-listener-url "tcp://$(agent_ip a):9392" \
	--storage-engine sqlite:///e2e.db --group-initial-rebalance-delay 0s
within "$DEADLINE" port_open a "$(agent_ip a)" 9392 || { not_ok "nisshi did not start"; exit 1; }
E2E_AT_END='stop driver' # it has children of its own
export P WORK NISSHI=$nisshi/bin/nisshi FRONT=$front/front OUT=${OUT:-$BUILD/close-matrix.jsonl}
/usr/bin/python3 "$E2E_ROOT/tests/e2e/close_matrix.py" &
PIDS[driver]=$!
wait "${PIDS[driver]}"
/usr/bin/python3 "$E2E_ROOT/tests/e2e/close_table.py" <"$OUT"
