"""The set-ups that fleets run, the most common first: a line of the table in docs/clients.md each.

In:  nothing. Out: SETUPS, client ids, where agents are.
Who: arena.py starts them; judge.py and fleet.py name them.

A set-up: key; library and what of it is set, for people; the name that tests/peers/clients/run knows it by, its role and flags.
writers have a topic of their own, readers and groups read FEED (or WIDE, with 120 partitions). `set` has the library's properties in
the words of Java and librdkafka, which the applications translate. `window`: how long it is watched with home. `excluded`: rezone's
rules keep it, or its application says errors wherever a connection ends, or ends by itself, or nothing brings it home here; the share of
those that come home does not count it.
"""

from collections import namedtuple

FIELDS = "key library what lib role flags set topic sasl window clients excluded why_not tags"
Setup = namedtuple("Setup", FIELDS)

FEED, WIDE = "feed", "wide"
WINDOW_S = 63  # --stable-for 2s, --interval 1s, and 60 s: so long a client has to come home
HOME, OTHERS = "b", ("a", "c")
ZONE_NR = {"a": 1, "b": 2, "c": 3}
HOME_AGENTS = 3
# what a client.id says besides: its client asks for one agent as the leader of all partitions. These libraries' producers are moved
# only then, or if they are idempotent: each but the idempotent ones says so, and each library has a line without
ONE_AGENT = ",ws_pas=single_agent"
AT_ONE = ("confluent-2.12", "confluent", "confluent-go", "rust-rdkafka")
ACKS0, BARE, TRANSACTIONS, STAYS, ENDS = "acks=0", "does not retry", "transactions", "not moved by the rules", "ends by itself"
EPOCH = "wants a new leader epoch"  # its client follows no leader without one, and Kafka behind the fronts has none


def setup(key, library, what, lib, role, rate=None, size=None, partitions=None, pause=None, set="", topic=None, sasl=False,
          window=WINDOW_S, clients=2, excluded="", why_not="", flags=(), tags=None, own=False):
    flags = list(flags)
    for name, value in (("rate", rate), ("size", size), ("partitions", partitions), ("pause", pause)):
        if value is not None:
            flags += [f"--{name}", str(value)]
    if role == "write":
        flags += ["--rate", "5"] * (rate is None) + ["--partition", "own"] * (own and partitions is None)
    if tags is None:
        tags = ONE_AGENT if role == "write" and lib in AT_ONE else ""
    if tags == ONE_AGENT:
        what += ", `ws_pas=single_agent`"
    return Setup(key, library, what, lib, role, tuple(flags), set, topic or (FEED if role != "write" else ""), sasl, window, clients,
                 excluded, why_not, tags)


# as fleets have them: name for people, name in tests/peers/clients/run, does the default producer send again?
LIBRARIES = (
    ("Java 3.9.1", "java-3.9", ""),
    ("librdkafka 2.12.1, Python", "confluent-2.12", ""),
    ("Java 4.4.0", "java", ""),
    ("kafka-go 0.4.51", "kafka-go", ""),
    ("sarama 1.61.1", "sarama", ""),
    ("franz-go 1.22.2", "franz-go", ""),
    ("librdkafka 2.3.0, Python", "confluent-2.3", ""),
    ("kafkajs 2.2.4", "kafkajs", ""),
    ("Java 2.8.2", "java-2.8", ""),
    ("kafka-python 2.0.2", "kafka-python-2.0", BARE),
    ("aiokafka 0.14.0", "aiokafka", ""),
    ("librdkafka 2.16.0, Python", "confluent", ""),
    ("confluent-kafka-go 2.12.0", "confluent-go", ""),
    ("sarama 1.43.3", "sarama-1.43", ""),
    ("kafka-python 3.0.0", "kafka-python", ""),
    ("kafka-go 0.4.30", "kafka-go-0.4.30", ""),
    ("franz-go 1.15.4", "franz-go-1.15", ""),
    ("librdkafka 1.9.2, Python", "confluent-1.9", ""),
    ("kafka-python 2.3.3", "kafka-python-2.3", ""),
    ("kafka-python-ng 2.2.3", "kafka-python-ng", BARE),
    ("aiokafka 0.8.1", "aiokafka-0.8", ""),
    ("@platformatic/kafka 1.35.0", "platformatic", ""),
    ("rust-rdkafka 0.39.0", "rust-rdkafka", ""),
    ("rskafka 0.6.0", "rskafka", ""),
    ("librdkafka 2.0.2, Python", "confluent-2.0", ""),
    ("librdkafka 2.0.2, C", "rdkafka-c", ""),
    ("librdkafka 2.8.0, Python", "confluent-2.8", ""),
    ("librdkafka 2.6.1, Python", "confluent-2.6", EPOCH),
)
NAMES = {lib: name for name, lib, _ in LIBRARIES}
NO_GROUPS = ("rskafka",)  # the library has none
# its CHANGELOG: it repeats the client's nonce, which brokers since 3.8.1 refuse
OLD_SCRAM = "not run: librdkafka before 2.6.1 cannot log in to Kafka 4 by SCRAM"
ENDING_GROUPS = ("platformatic",)  # it throws where its group's coordinator is no longer listed, and nobody can catch that


def defaults():
    """each library as it ships: a producer and a group of two"""
    for name, lib, excluded in LIBRARIES:
        if lib in AT_ONE:
            yield setup(f"{lib}.one", name, "producer, defaults", lib, "write", own=True)
            yield setup(f"{lib}.write", name, "producer, defaults", lib, "write", tags="", own=True)
        else:
            yield setup(f"{lib}.write", name, "producer, defaults", lib, "write", excluded=excluded, own=True)
        if lib in NO_GROUPS:
            yield setup(f"{lib}.read", name, "reader", lib, "read")
        else:
            yield setup(f"{lib}.group", name, "group of 2, defaults", lib, "group", excluded=ENDS if lib in ENDING_GROUPS else excluded if excluded == EPOCH else "")


def producers():
    """what is set on producers; most write to one partition, which matters to kafka-python's and rskafka's probes"""
    yield setup("kafka-python-2.3.partition", NAMES["kafka-python-2.3"], "producer, one partition", "kafka-python-2.3", "write")
    yield setup("rskafka.waits", NAMES["rskafka"], "producer, waits for each response", "rskafka", "write",
                set="max.in.flight.requests.per.connection=1")
    for lib in ("java-3.9", "java", "confluent-2.12", "confluent-2.3", "franz-go", "kafka-python"):
        on = lib.startswith("confluent")
        what = "producer, idempotent" if on else "producer, not idempotent"
        what_set = f"enable.idempotence={'true' if on else 'false'}"
        yield setup(f"{lib}.idempotent", NAMES[lib], what, lib, "write", set=what_set, tags="", own=lib == "kafka-python")
        if lib == "kafka-python":
            yield setup(f"{lib}.plain-partition", NAMES[lib], what + ", one partition", lib, "write", set=what_set)
    yield setup("sarama.idempotent", NAMES["sarama"], "producer, idempotent", "sarama", "write", set="enable.idempotence=true")
    yield setup("aiokafka.idempotent", NAMES["aiokafka"], "producer, idempotent", "aiokafka", "write", set="enable.idempotence=true")
    yield setup("kafkajs.idempotent", NAMES["kafkajs"], "producer, idempotent", "kafkajs", "write", set="enable.idempotence=true")
    for lib in ("java-3.9", "confluent-2.3", "confluent-2.12", "sarama", "kafka-go"):
        if lib != "sarama":
            yield setup(f"{lib}.acks1", NAMES[lib], "producer, acks=1", lib, "write", set="acks=1" + (";enable.idempotence=false" if "java" in lib else ""))
        else:
            yield setup(f"{lib}.acks-all", NAMES[lib], "producer, acks=all", lib, "write", set="acks=all")
    for lib in ("java-3.9", "confluent-2.12", "kafka-go", "sarama"):
        yield setup(f"{lib}.acks0", NAMES[lib], "producer, acks=0", lib, "write", excluded=ACKS0,
                    set="acks=0" + (";enable.idempotence=false" if "java" in lib else ""))
    for lib in ("java-3.9", "confluent-2.12", "franz-go"):
        yield setup(f"{lib}.transactions", NAMES[lib], "producer, a transaction a second", lib, "write", set=f"transactional.id={lib}-%d",
                    excluded=TRANSACTIONS)
    for lib in ("java-3.9", "confluent-2.3", "sarama", "kafka-go"):
        yield setup(f"{lib}.retries0", NAMES[lib], "producer, retries=0", lib, "write", excluded=BARE,
                    set="retries=0" + (";enable.idempotence=false" if "java" in lib else ""))


def loads():
    """how much is written, and how often"""
    for lib in ("java-3.9", "confluent-2.3", "confluent-2.12", "kafka-go", "franz-go", "sarama"):
        yield setup(f"{lib}.1MB", NAMES[lib], "producer, batches of 1 MB", lib, "write", rate=20, size=50000, clients=1,
                    set="linger.ms=1000;batch.size=1000000")
    for lib in ("java-3.9", "confluent-2.3", "confluent-2.12", "kafka-go"):
        yield setup(f"{lib}.120", NAMES[lib], "producer, 120 partitions", lib, "write", rate=60, partitions=120, clients=1)
        yield setup(f"{lib}.group120", NAMES[lib], "group of 2, 120 partitions", lib, "group", topic=WIDE)
    for lib in ("java-3.9", "confluent-2.3"):
        yield setup(f"{lib}.5MBs", NAMES[lib], "producer, linger 50 ms, 5 MB/s", lib, "write", rate=500, size=10000, clients=1,
                    set="linger.ms=50;batch.size=500000")
    for lib in ("java-3.9", "confluent-2.12", "kafka-go", "franz-go"):
        yield setup(f"{lib}.40s", NAMES[lib], "producer, a write every 40 s", lib, "write", rate=0.025, window=150)
        yield setup(f"{lib}.paused", NAMES[lib], "group of 2, paused for 40 s at a time", lib, "group", pause=40, window=100)


def groups():
    """how groups are made"""
    yield setup("java.consumer", NAMES["java"], "group.protocol=consumer", "java", "group", set="group.protocol=consumer")
    yield setup("java-3.9.committed", NAMES["java-3.9"], "group of 2, isolation.level=read_committed", "java-3.9", "group",
                set="isolation.level=read_committed")
    yield setup("java-3.9.sticky", NAMES["java-3.9"], "cooperative-sticky", "java-3.9", "group",
                set="partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor")
    yield setup("java.sticky", NAMES["java"], "cooperative-sticky", "java", "group",
                set="partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor")
    yield setup("java-3.9.static", NAMES["java-3.9"], "static members", "java-3.9", "group", set="group.instance.id=m%d")
    yield setup("java.static", NAMES["java"], "static members", "java", "group", set="group.instance.id=m%d")
    yield setup("confluent-2.12.sticky", NAMES["confluent-2.12"], "cooperative-sticky", "confluent-2.12", "group",
                set="partition.assignment.strategy=cooperative-sticky")
    yield setup("confluent-2.12.static", NAMES["confluent-2.12"], "static members", "confluent-2.12", "group", set="group.instance.id=m%d")
    yield setup("confluent-2.12.consumer", NAMES["confluent-2.12"], "group.protocol=consumer", "confluent-2.12", "group", set="group.protocol=consumer")
    yield setup("franz-go.static", NAMES["franz-go"], "static members", "franz-go", "group", set="group.instance.id=yes")
    yield setup("sarama.static", NAMES["sarama"], "static members", "sarama", "group", set="group.instance.id=yes")
    yield setup("streams", "Kafka Streams 4.4.0", "at least once", "streams", "streams")
    yield setup("streams.eos", "Kafka Streams 4.4.0", "exactly once", "streams", "streams", set="processing.guarantee=exactly_once_v2",
                excluded=TRANSACTIONS)
    yield setup("share", "Java 4.4.0", "share consumers", "share", "share", excluded=STAYS)


def secured():
    """SASL; the broker asks for it anew every 20 s, of those that can"""
    for mechanism, libs in (("SCRAM-SHA-256", ("java-3.9", "confluent-2.12", "confluent-2.3", "kafka-go", "sarama", "franz-go", "kafka-python", "kafkajs")),
                            ("PLAIN", ("java-3.9", "confluent-2.12", "confluent-2.3", "kafka-go", "sarama"))):
        for lib in libs:
            for role in ("write", "group"):
                yield setup(f"{lib}.{role}.{mechanism.partition('-')[0]}", NAMES[lib], f"{'producer' if role == 'write' else 'group of 2'}, SASL {mechanism}",
                            lib, role, set=f"sasl.mechanism={mechanism}", sasl=True, why_not=OLD_SCRAM if (lib, mechanism) == ("confluent-2.3", "SCRAM-SHA-256") else "")


SETUPS = [s for part in (defaults(), producers(), groups(), loads(), secured()) for s in part]
BY_KEY = {s.key: s for s in SETUPS}
assert len(BY_KEY) == len(SETUPS), "keys are unique"


def client_id(s, number="%d"):
    return f"{s.key}.{number},warpstream_az={HOME},warpstream_interzone_lb=true{s.tags}"


def client_of(text):
    """(set-up's key, number) of a client.id of ours; None of others. Frameworks may append to it."""
    head = (text or "").split(",", 1)[0]
    key, _, number = head.rpartition(".")
    return (key, int(number)) if key in BY_KEY and number.isdigit() else None


def agents(zones):
    return [(z, n) for z in zones for n in range(1, (HOME_AGENTS if z == HOME else 1) + 1)]


def agent_id(zone, n):
    return ZONE_NR[zone] + 10 * (n - 1)


def agent_ip(zone, n):
    return f"10.99.{ZONE_NR[zone]}.{n}"


def is_home(agent):
    return agent % 10 == ZONE_NR[HOME]
