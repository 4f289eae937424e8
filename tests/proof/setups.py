"""The client set-ups of the proof: library x role x settings, and what the agents around them look like.

In:  nothing. Out: LIBRARIES, TOPOLOGIES, setups_of().
Who: arena.py starts them; judge.py and table.py name them.
"""

from collections import namedtuple

# name: as tests/peers/clients/run knows it; retries: its producer sends again by default
Library = namedtuple("Library", "name family version retries")

LIBRARIES = {
    l.name: l
    for l in (
        Library("confluent-1.9", "librdkafka", "1.9.2", True),
        Library("confluent-2.0", "librdkafka", "2.0.2", True),
        Library("confluent-2.3", "librdkafka", "2.3.0", True),
        Library("confluent-2.4", "librdkafka", "2.4.0", True),
        Library("confluent-2.6", "librdkafka", "2.6.1", True),
        Library("confluent-2.8", "librdkafka", "2.8.0", True),
        Library("confluent-2.12", "librdkafka", "2.12.1", True),
        Library("confluent", "librdkafka", "2.16.0", True),
        Library("java-2.8", "Java", "2.8.2", True),
        Library("java-3.9", "Java", "3.9.1", True),
        Library("java", "Java", "4.4.0", True),
        Library("kafka-python-2.0", "kafka-python", "2.0.2", False),
        Library("kafka-python-ng", "kafka-python-ng", "2.2.3", False),
        Library("kafka-python", "kafka-python", "3.0", True),
        Library("aiokafka", "aiokafka", "0.14", True),
        Library("kafka-go", "kafka-go", "0.4.51", True),
        Library("franz-go", "franz-go", "1.22.2", True),
        Library("sarama", "sarama", "1.61.1", True),
        Library("kafkajs", "kafkajs", "2.2.4", True),
    )
}

# The agents that a client knows beside those of its own zone b, by how many they are: (zone, number in it).
TOPOLOGIES = {1: [("a", 1)], 2: [("a", 1), ("c", 1)], 3: [("a", 1), ("c", 1), ("c", 2)]}
HOME = "b"
HOME_AGENTS = [("b", 1), ("b", 2), ("b", 3)]
ZONE_NR = {"a": 1, "b": 2, "c": 3}

# settings: (how the library is set up, records a second). A writer that never pauses for a second has no gap; sparse ones do.
WRITERS = {"default": ("default", 5), "sparse": ("default", 0.4), "pipeline": ("pipeline", 15)}

# A set-up is one process with `clients` clients in it. topic: writers have one of their own, a partition each.
Setup = namedtuple("Setup", "name lib role settings clients topic")

FEED = "feed"  # what readers and groups read


def setups_of(libs, clients, wanted=None):
    """All set-ups of these libraries; wanted: a function of (role, settings) that selects."""
    out = []
    for lib in libs:
        for settings in WRITERS:
            out.append(Setup(f"{lib}.write.{settings}", lib, "write", settings, clients, f"{lib}.write.{settings}"))
        for role in ("read", "group"):
            out.append(Setup(f"{lib}.{role}.default", lib, role, "default", clients, FEED))
    return [s for s in out if not wanted or wanted(s.role, s.settings)]


def sends_again(lib, role, settings):
    """False: a writer that sends each request once (pipeline settings raise the retries)"""
    return role != "write" or settings == "pipeline" or LIBRARIES[lib].retries


def client_id(setup, number="%d"):
    return f"{setup.name}.{number},warpstream_az={HOME},warpstream_interzone_lb=true"


def client_of(client_id):
    """(set-up's name, number) of a client.id of ours; None of others. Frameworks may append to it."""
    head = (client_id or "").split(",", 1)[0]
    name, _, number = head.rpartition(".")
    return (name, int(number)) if name and number.isdigit() else None


def agent_id(agent):
    zone, n = agent
    return ZONE_NR[zone] + 10 * (n - 1)


def agent_ip(agent):
    zone, n = agent
    return f"10.99.{ZONE_NR[zone]}.{n}"


def zone_of(agent_id_):
    return {nr: z for z, nr in ZONE_NR.items()}[agent_id_ % 10]
