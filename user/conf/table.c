// SPDX-License-Identifier: Apache-2.0
/* The settings, see table.h: the rows. How a value is read: value.c. */
#include "conf/table.h"

#include <string.h>

#include "policy/reason.h"

static const char *const opt_ins[] = {"tag", "zone", "any", NULL};
static const char *const in_flights[] = {"wait", "ignore", NULL};
static const char *const closes[] = {"auto", "reset", "fin", NULL};
static const char *const shareds[] = {"auto", "skip", "move", NULL};
static const char *const local_proxies[] = {"skip", "move", NULL};
static const char *const leaders[] = {"many", "one", NULL};
static const char *const asks[] = {"auto", "on", "off", NULL};
static const char *const acks0s[] = {"skip", "move", NULL};
static const char *const clouds[] = {"auto", "off", "aws", "gcp", "azure", NULL};
static const char *const log_formats[] = {"text", "json", NULL};
static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};
/* rz_conf_set stores the index of the word: in a byte where the row says so, else in an int */
_Static_assert(RZ_OPT_IN_ANY == 2, "words are in the enums' order");
_Static_assert(RZ_CLOSE_FIN == 2 && RZ_SHARED_MOVE == 2 && RZ_ACKS0_MOVE == 1, "likewise");
_Static_assert(RZ_GIVE_LEADERS_ONE == 1 && RZ_ASK_OFF == 2, "likewise");
_Static_assert(RZ_LOG_JSON == 1 && RZ_LOG_DEBUG == 3, "words are in the enums' order");

#define AT(field)   offsetof(struct rz_conf, field)
#define DAY_SECONDS 86400.0

const struct rz_conf_row rz_conf_rows[] = {
	{"topology", RZ_CONF_PATH, AT(topology), 0, 0, NULL, NULL, NULL, NULL,
	 "the topology file: which agents exist, in which zone, and which are ready "
	 "(docs/topology.md). Without any source of agents rezone tracks connections and moves "
	 "nobody",
	 .section = "What rezone works on", .restart = true, .common = true},
	{"interval", RZ_CONF_DURATION, AT(interval_ns), 0.1, DAY_SECONDS, "30s", NULL,
	 "kafkaInterzoneLoadBalancingInterval",
	 "WARPSTREAM_KAFKA_INTERZONE_LOAD_BALANCING_INTERVAL",
	 "how often rezone compares the zones of all clients and agents, ±10 % so that nodes do "
	 "not act in step",
	 .common = true},
	{"port", RZ_CONF_PORTS, AT(ports), 1, 65535, "9092", NULL, NULL, NULL,
	 "the Kafka ports of the agents, at most 8; connections to other ports are not looked at",
	 .restart = true, .common = true},
	{"mode", RZ_CONF_WORD, AT(mode), 0, 0, "enforce", rz_mode_words, NULL, NULL,
	 "enforce: close the connections that are to be moved; observe: judge them and say what "
	 "enforcing would do, close none (`rezone reset` still does)",
	 .common = true, .narrow = true},
	{"paused", RZ_CONF_BOOL, AT(paused), 0, 0, "false", NULL, NULL, NULL,
	 "move nobody, as `rezone pause` does, for as long as this is set. `rezone resume` does "
	 "not "
	 "end it"},
	{"opt-in", RZ_CONF_WORD, AT(opt_in), 0, 0, "tag", opt_ins, NULL, NULL,
	 "which clients may be moved. tag: those with warpstream_interzone_lb=true in their "
	 "client.id; zone: all with a zone tag; any: also those whose zone is known only by their "
	 "address (--zoned-cidr-blocks)",
	 .section = "Which clients are moved", .common = true, .narrow = true},
	{"min-agents", RZ_CONF_COUNT, AT(min_agents), 1, 65536, "1", NULL, NULL, NULL,
	 "how many agents must be ready in a client's own zone before a client is moved there; 1, "
	 "so that a zone's first agent is used"},
	{"stable-for", RZ_CONF_DURATION, AT(stable_for_ns), 0, DAY_SECONDS, "30s", NULL, NULL, NULL,
	 "how long --min-agents agents must have been ready in a client's own zone before a client "
	 "is moved there; 30 s keep clients away from an agent that is up for seconds only"},
	{"topology-max-age", RZ_CONF_DURATION, AT(topology_max_age_ns), 3, DAY_SECONDS, "90s", NULL,
	 NULL, NULL,
	 "how long each source of the topology may go without proof that it is current; after that "
	 "nobody is moved until it is proved again",
	 .restart = true},
	{"min-age", RZ_CONF_DURATION, AT(min_age_ns), 0, DAY_SECONDS, "0s", NULL, NULL, NULL,
	 "connections younger than this are not moved"},
	{"rate", RZ_CONF_RATE, AT(rates.node), 0, 100000, "5", NULL, NULL, NULL,
	 "moves per second that this node begins at most; 0: no such limit",
	 .section = "How many move at a time", .common = true},
	{"rate-per-target", RZ_CONF_RATE, AT(rates.per_target), 0, 100000, "2", NULL, NULL, NULL,
	 "moves per second that the whole cluster begins towards a zone, for each ready agent in "
	 "it, so that a new agent is not flooded; this node takes the share of its own agents; 0: "
	 "no such limit"},
	{"cluster-rate", RZ_CONF_RATE, AT(rates.cluster), 0, 1000000, "0", NULL, NULL, NULL,
	 "moves per second that the whole cluster begins; this node takes the share of its own "
	 "agents; 0: no such limit"},
	{"client-share", RZ_CONF_RATE, AT(client_share), 0, 50, "40", NULL, NULL, NULL,
	 "per cent of a client's connections that may be moved at one --interval, if its library "
	 "has many that do not depend on one another (the kafka-go Reader has one for each "
	 "partition); at least one, and of every other library exactly one. 40: all are home in "
	 "three intervals, and most of them work at any time"},
	{"in-flight", RZ_CONF_WORD, AT(in_flight), 0, 0, "wait", in_flights, NULL, NULL,
	 "wait: close a connection only while no request is unanswered, except requests that a "
	 "client can send again without harm; ignore: close it at once, so that requests may be "
	 "executed twice",
	 .section = "How a connection is closed"},
	{"close", RZ_CONF_WORD, AT(close), 0, 0, "auto", closes, NULL, NULL,
	 "how a connection is closed. reset: by a TCP reset; fin: by a FIN on the agent's own "
	 "descriptor; auto: in the way that its client library handles best, and not at all if no "
	 "safe way is known (docs/clients.md). Producers that may write twice either way are never "
	 "closed"},
	{"shared", RZ_CONF_WORD, AT(shared), 0, 0, "auto", shareds, NULL, NULL,
	 "connections that carry group membership beside data, and share consumers. auto: move "
	 "those of libraries whose groups do not rebalance; skip: move none; move: move all, the "
	 "group may rebalance"},
	{"acks0", RZ_CONF_WORD, AT(acks0), 0, 0, "skip", acks0s, NULL, NULL,
	 "producers with acks=0. skip: never moved; move: closed while they pause and never held; "
	 "a record that they send in that instant is lost without a trace"},
	{"local-proxy", RZ_CONF_WORD, AT(local_proxy), 0, 0, "skip", local_proxies, NULL, NULL,
	 "connections that come from the agent's own network namespace, as those of a sidecar "
	 "proxy. skip: never moved, because the client behind the proxy may not have every "
	 "response yet, and would send the request again; move: treated as any other"},
	{"leaders", RZ_CONF_WORD, AT(leaders), 0, 0, "many", leaders, NULL, NULL,
	 "how many agents a client is given as leaders of its partitions, where its client.id does "
	 "not say (ws_pas). many: nobody knows, so a producer that leaves all of them at once, and "
	 "would write again what it had in flight, is left alone; one: the same agent for all of "
	 "them, so it is moved. Where that is not true it may write records twice "
	 "(docs/clients.md)"},
	{"ask-agents", RZ_CONF_WORD, AT(ask_agents), 0, 0, "auto", asks, NULL, NULL,
	 "whether rezone asks an agent which versions it has, on a connection of its own "
	 "(ApiVersions, by rezone-source), where that tells which of several libraries a producer "
	 "is. auto: where rezone starts processes without rights in any case (Kubernetes, a "
	 "cloud, --listen); on: also elsewhere, for which the daemon keeps four capabilities more; "
	 "off: no agent is asked, and the strictest rule of these libraries applies "
	 "(docs/clients.md)",
	 .restart = true},
	{"grace", RZ_CONF_DURATION, AT(grace_ns), 0, DAY_SECONDS, "6m", NULL, NULL, NULL,
	 "how long rezone waits for a client that is left alone because its library comes home by "
	 "itself, from when its zone is ready, or its connection was opened if that was later. "
	 "Until then it is `may come by itself`, after that `library`, and told in an event "
	 "`not-come`. Most libraries refresh their metadata every 5 minutes (docs/clients.md)"},
	{"settle", RZ_CONF_DURATION, AT(settle_ns), 0, 10, "250ms", NULL, NULL, NULL,
	 "how long all responses must have been out before a connection is closed, so that the "
	 "application can read them after TCP has acknowledged them; four times as long for a "
	 "client that sends nothing meanwhile"},
	{"gap-timeout", RZ_CONF_DURATION, AT(gap_timeout_ns), 0, 60, "1s", NULL, NULL, NULL,
	 "how long a move waits for a natural pause in the requests of a connection before it "
	 "holds new ones back; counted from when the responses are followed; a pause that began in "
	 "time may settle (--settle)"},
	{"hold-timeout", RZ_CONF_DURATION, AT(hold_timeout_ns), 0, RZ_HOLD_MAX_S, "5s", NULL, NULL,
	 NULL,
	 "how long a move holds back new requests of a connection at most; if a response is still "
	 "missing then, the connection is not closed, and is tried again after --cooldown; 0: hold "
	 "nothing back"},
	{"holds", RZ_CONF_COUNT, AT(holds), 1, 512, "16", NULL, NULL, NULL,
	 "how many connections wait for their pause, or are held back, at the same time"},
	{"listen-for", RZ_CONF_DURATION, AT(listen_for_ns), 0, 900, "3m", NULL, NULL, NULL,
	 "how long rezone goes on following the responses of a connection on which no request came "
	 "while its move waited, so that its next request shows that all is answered. Nothing is "
	 "held back meanwhile; packets that its agent's cgroup sends cost a little more. 0: the "
	 "connection is tried again after --cooldown"},
	{"cooldown", RZ_CONF_DURATION, AT(cooldown_ns), 0, 7 * DAY_SECONDS, "1m", NULL, NULL, NULL,
	 "how long a client (a client.id at an address) rests after moves that did not help. Its "
	 "first move begins a round of this length, in which its other connections may follow. "
	 "Connections that it opens in the wrong zone meanwhile wait for the next round, twice "
	 "this after the last move, doubled each time",
	 .section = "When moves do not help"},
	{"cooldown-max", RZ_CONF_DURATION, AT(cooldown_max_ns), 0, 7 * DAY_SECONDS, "1h", NULL,
	 NULL, NULL,
	 "the longest rest of a client whose moves do not help: where the doubling of --cooldown "
	 "ends"},
	{"give-up-after", RZ_CONF_COUNT, AT(give_up_after), 0, 1000, "3", NULL, NULL, NULL,
	 "after how many rounds of moves in a row that did not help a client is left alone for "
	 "--give-up-for; 0: never"},
	{"give-up-for", RZ_CONF_DURATION, AT(give_up_for_ns), 0, 30 * DAY_SECONDS, "24h", NULL,
	 NULL, NULL,
	 "how long a client is left alone after --give-up-after rounds of moves that did not help"},
	{"home-ready-wait", RZ_CONF_DURATION, AT(home_ready_wait_ns), 0, 7 * DAY_SECONDS, "30m",
	 NULL, NULL, NULL,
	 "how long a connection is left alone that its client opened in the wrong zone although "
	 "its home zone had been ready for --stable-for: the client would probably come back; 0: "
	 "it is moved like any other, and who comes under a new client.id is a new client"},
	{"outcome-after", RZ_CONF_DURATION, AT(outcome_after_ns), 0, DAY_SECONDS, "30s", NULL, NULL,
	 NULL,
	 "how long after a move rezone judges whether the client went home. The client has half of "
	 "this, at most 15 s, to leave a new connection to the agent that it came from"},
	{"breaker", RZ_CONF_RATE, AT(breaker), 0, 100, "30", NULL, NULL, NULL,
	 "if the latest move brought its client back to the wrong zone at this many per cent of "
	 "the client addresses (the 10 to 64 latest), nobody is moved for --breaker-for; 0: "
	 "never"},
	{"breaker-for", RZ_CONF_DURATION, AT(breaker_for_ns), 0, 30 * DAY_SECONDS, "30m", NULL,
	 NULL, NULL, "how long nobody is moved after too many moves did not help (--breaker)"},
	{"exclude-clients", RZ_CONF_GLOBS, AT(exclude_clients), 0, 0, NULL, NULL, NULL, NULL,
	 "clients that are never moved by the policy, by their client.id: globs (* ? [a-z]), "
	 "separated by spaces",
	 .section = "Clients that are never moved", .common = true},
	{"exclude-addresses", RZ_CONF_CIDRS, AT(exclude_addresses), 0, 0, NULL, NULL, NULL, NULL,
	 "clients that are never moved by the policy, by their address"},
	{"exclude-zones", RZ_CONF_ZONES, AT(exclude_zones), 0, 0, NULL, NULL, NULL, NULL,
	 "zones into which the policy moves no client, such as zones under a zonal shift"},
	{"max-connections", RZ_CONF_COUNT, AT(max_connections), 64, 4194304, "65536", NULL, NULL,
	 NULL,
	 "how many connections rezone tracks at most (the size of map conns); "
	 "further ones are not tracked, and counted in `rezone stats`",
	 .section = "Size", .restart = true},
	{"max-clients", RZ_CONF_COUNT, AT(max_clients), 64, 1048576, "16384", NULL, NULL, NULL,
	 "how many different client ids rezone knows at most (the size of map clients); clients "
	 "beyond that are not identified, and counted in `rezone stats`",
	 .restart = true},
	{"reconcile", RZ_CONF_DURATION, AT(reconcile_ns), 0.1, DAY_SECONDS, "5m", NULL, NULL, NULL,
	 "how often rezone compares map conns with the kernel's own sockets, to remove connections "
	 "whose close it did not see"},
	{"park-after", RZ_CONF_DURATION, AT(park_after_ns), 0, DAY_SECONDS, "30s", NULL, NULL, NULL,
	 "how long the requests of a connection are read before it is parked, if nobody would move "
	 "it as things stand: then rezone reads them no longer, and its packets cost a fifth. It "
	 "keeps all else that was learned, and is read again as soon as it might be moved. 0: "
	 "nobody is parked"},
	{"zoned-cidr-blocks", RZ_CONF_BLOCKS, AT(zoned_cidr_blocks), 0, 0, NULL, NULL,
	 "zonedCIDRBlocks", "WARPSTREAM_ZONED_CIDR_BLOCKS",
	 "zones of clients that have no zone tag, by their address; the longest prefix wins, a tag "
	 "beats the address (docs/dialects.md)",
	 .section = "Where clients say their zone"},
	{"zone-keys", RZ_CONF_KEYS, AT(zone_keys), 0, 0, NULL, NULL, NULL, NULL,
	 "further keys that name the zone in a client.id, as msk_az, beside those of WarpStream, "
	 "AutoMQ, Inkless and Bufstream (docs/dialects.md)",
	 .restart = true},
	{"opt-in-keys", RZ_CONF_KEYS, AT(opt_in_keys), 0, 0, NULL, NULL, NULL, NULL,
	 "further keys that opt a client in when their value is true, beside "
	 "warpstream_interzone_lb",
	 .restart = true},
	{"tag-separators", RZ_CONF_CHARS, AT(tag_separators), 0, 0, ",", NULL, NULL, NULL,
	 "the characters between the key=value pairs of --zone-keys and --opt-in-keys in a "
	 "client.id",
	 .restart = true},
	{"tag-url-decode", RZ_CONF_BOOL, AT(tag_url_decode), 0, 0, "false", NULL, NULL, NULL,
	 "decode %XX and + in the keys and values of --zone-keys and --opt-in-keys",
	 .restart = true},
	{"kube-service", RZ_CONF_TEXT, AT(kube_service), 0, 0, NULL, NULL, NULL, NULL,
	 "Kubernetes Services whose EndpointSlices say which agents exist, comma-separated: "
	 "NAMESPACE/SERVICE[=GROUP][@ROLE+ROLE] (docs/kubernetes.md)",
	 .section = "The topology from Kubernetes and the cloud", .restart = true, .list = ",",
	 .common = true},
	{"kube-selector", RZ_CONF_TEXT, AT(kube_selector), 0, 0, NULL, NULL, NULL, NULL,
	 "EndpointSlices that say which agents exist, chosen by their labels, separated by "
	 "semicolons: GROUP[@ROLE+ROLE]:NAMESPACE:SELECTOR (docs/kubernetes.md)",
	 .restart = true, .list = ";"},
	{"kube-port-name", RZ_CONF_TEXT, AT(kube_port_name), 0, RZ_CONF_MAY_BE_EMPTY, "kafka", NULL,
	 NULL, NULL,
	 "the name of the Kafka port in EndpointSlices; slices without it are left out; '' for a "
	 "Service whose only port has no name",
	 .restart = true},
	{"kube-server", RZ_CONF_TEXT, AT(kube_server), 0, 0, NULL, NULL, NULL, NULL,
	 "URL of the Kubernetes API server; in a pod rezone finds it by itself", .restart = true},
	{"kube-token-file", RZ_CONF_PATH, AT(kube_token_file), 0, 0, NULL, NULL, NULL, NULL,
	 "file with the token for the Kubernetes API server, read anew for each request; in a pod "
	 "the service account's",
	 .restart = true},
	{"kube-ca-file", RZ_CONF_PATH, AT(kube_ca_file), 0, 0, NULL, NULL, NULL, NULL,
	 "file with the CA certificates of the Kubernetes API server, read anew for each "
	 "connection; in a pod the service account's",
	 .restart = true},
	{"kube-zone-label", RZ_CONF_TEXT, AT(kube_zone_label), 0, 0, NULL, NULL, NULL, NULL,
	 "a label of this node's Node object that names its zone, as topology.kubernetes.io/zone. "
	 "Needs the right to get nodes, so it is read only if named here",
	 .restart = true},
	{"node-name", RZ_CONF_TEXT, AT(node_name), 0, 0, NULL, NULL, NULL, "NODE_NAME",
	 "this node's name in Kubernetes; the agents on this node give its zone, and agents of "
	 "other nodes are never taken for local ones",
	 .restart = true},
	{"zone", RZ_CONF_TEXT, AT(zone), 0, 0, NULL, NULL, NULL, NULL,
	 "this node's zone, if its agents in the topology do not say it"},
	{"cloud", RZ_CONF_WORD, AT(cloud), 0, 0, "auto", clouds, NULL, NULL,
	 "which cloud's metadata service rezone may ask for this node's zone. auto: the cloud that "
	 "the firmware names, none outside clouds; off: none",
	 .restart = true},
	{"cloud-url", RZ_CONF_TEXT, AT(cloud_url), 0, 0, NULL, NULL, NULL, NULL,
	 "URL of the cloud's metadata service, if it is not the cloud's usual one",
	 .restart = true},
	{"source-uid", RZ_CONF_COUNT, AT(source_uid), 1, 4294967294.0, "65533", NULL, NULL, NULL,
	 "the user and group, by number, as which the process runs that talks to the Kubernetes "
	 "API "
	 "server and the cloud (docs/security-processes.md); no other process should run as it",
	 .restart = true},
	{"price", RZ_CONF_PRICE, AT(price), 0, 0, "auto", NULL, NULL, NULL,
	 "what a GB between zones costs, for `rezone cost` and `rezone plan` (docs/cost.md). auto: "
	 "the list price of the cloud that the firmware names, and no money is shown outside "
	 "clouds; aws, gcp, azure: that cloud's; off: none; two numbers, such as 0.02,0.02: US "
	 "dollars per GB to the agents and from them"},
	{"topology-empty-confirm", RZ_CONF_DURATION, AT(empty_confirm_ns), 0, DAY_SECONDS, "30s",
	 NULL, NULL, NULL,
	 "when all agents of a Kubernetes Service vanish at once, how long that must last before "
	 "rezone believes it; nobody is moved meanwhile",
	 .restart = true},
	{"cgroup", RZ_CONF_PATH, AT(cgroup), 0, 0, NULL, NULL, NULL, NULL,
	 "path of the cgroup v2 root to which the programs are attached; rezone finds it by "
	 "itself",
	 .section = "The process", .restart = true},
	{"pin-dir", RZ_CONF_PATH, AT(pin_dir), 0, 0, "/sys/fs/bpf/rezone", NULL, NULL, NULL,
	 "directory on a BPF file system in which programs and maps are pinned; commands find the "
	 "daemon by it",
	 .restart = true, .letter = 'p'},
	{"keep-pins", RZ_CONF_BOOL, AT(keep_pins), 0, 0, "false", NULL, NULL, NULL,
	 "leave programs and maps in place on SIGTERM, so that the next run goes on tracking the "
	 "same connections",
	 .common = true},
	{"listen", RZ_CONF_TEXT, AT(listen), 0, 0, NULL, NULL, NULL, NULL,
	 "serve metrics and health over HTTP here, as `rezone serve` does, by a process without "
	 "rights that the daemon starts: 127.0.0.1:9496, [::1]:9496, or :9496 for all addresses. "
	 "Without it nothing listens",
	 .restart = true},
	{"log-format", RZ_CONF_WORD, AT(log_format), 0, 0, "text", log_formats, NULL, NULL,
	 "form of the log lines on stderr"},
	{"log-level", RZ_CONF_WORD, AT(log_level), 0, 0, "info", log_levels, NULL, NULL,
	 "the least important log lines that are written"},
};
const size_t rz_conf_n_rows = sizeof(rz_conf_rows) / sizeof(rz_conf_rows[0]);

static const char *const forms[] = {
	[RZ_CONF_PATH] = "PATH",
	[RZ_CONF_TEXT] = "TEXT",
	[RZ_CONF_DURATION] = "DURATION",
	[RZ_CONF_COUNT] = "N",
	[RZ_CONF_RATE] = "N",
	[RZ_CONF_BOOL] = "",
	[RZ_CONF_PORTS] = "N[,N...]",
	[RZ_CONF_WORD] = "WORD",
	[RZ_CONF_BLOCKS] = "ZONE@CIDR[,CIDR...][<>...]",
	[RZ_CONF_KEYS] = "KEY[,KEY...]",
	[RZ_CONF_CHARS] = "CHARS",
	[RZ_CONF_GLOBS] = "GLOB[ GLOB...]",
	[RZ_CONF_CIDRS] = "CIDR[,CIDR...]",
	[RZ_CONF_ZONES] = "ZONE[,ZONE...]",
	[RZ_CONF_PRICE] = "WORD|TO,FROM",
};

const char *rz_conf_form(const struct rz_conf_row *row)
{
	return forms[row->type];
}

bool rz_conf_is_text(const struct rz_conf_row *row)
{
	switch (row->type) {
	case RZ_CONF_PATH:
	case RZ_CONF_TEXT:
	case RZ_CONF_BLOCKS:
	case RZ_CONF_KEYS:
	case RZ_CONF_CHARS:
	case RZ_CONF_GLOBS:
	case RZ_CONF_CIDRS:
	case RZ_CONF_ZONES:
	case RZ_CONF_PRICE:
		return true;
	default:
		return false;
	}
}

const struct rz_conf_row *rz_conf_row_find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < rz_conf_n_rows; i++) {
		const struct rz_conf_row *r = &rz_conf_rows[i];

		if ((strlen(r->name) == len && !strncmp(r->name, name, len)) ||
		    (r->alias && strlen(r->alias) == len && !strncmp(r->alias, name, len)))
			return r;
	}
	return NULL;
}
