#!/usr/bin/env python3
"""The table of fingerprints: how the requests of real libraries look (user/policy/prints.inc).

In:  what collect.sh wrote, one file a server.
Out: --make: the table, on stdout. --check: for each connection what rezone took it for; status 1 if that was a wrong name.
     --record: the prints of libraries that the table is not made from, for tests/unit/test_held_out.c, on stdout.
Who: `make fingerprints`, `make fingerprints-check`.
"""

import argparse
import json
import pathlib
import re
import sys

TABLE = pathlib.Path(__file__).parents[2] / "user/policy/prints.inc"

APIS = ["PRODUCE", "FETCH", "LIST_OFFSETS", "METADATA", "OFFSET_COMMIT", "FIND_COORDINATOR", "JOIN_GROUP", "HEARTBEAT"]
OF_A_GROUP = [APIS.index(a) for a in ("OFFSET_COMMIT", "JOIN_GROUP", "HEARTBEAT")]
DIFFERS = 255
LEAST = 2  # RZ_PRINT_LEAST
ENOUGH = 9  # of requests that look the same: more say nothing

# client of tests/peers/clients/run -> the name that it says in ApiVersions, or would, and its version
SAYS = {
    "confluent-1.9": ("confluent-kafka-python", "1.9.2-rdkafka-1.9.2"),
    "confluent-2.0": ("confluent-kafka-python", "2.0.2-rdkafka-2.0.2"),
    "confluent-2.3": ("confluent-kafka-python", "2.3.0-rdkafka-2.3.0"),
    "confluent-2.4": ("confluent-kafka-python", "2.4.0-rdkafka-2.4.0"),
    "confluent-2.6": ("confluent-kafka-python", "2.6.1-rdkafka-2.6.1"),
    "confluent-2.8": ("confluent-kafka-python", "2.8.2-rdkafka-2.8.0"),
    "confluent-2.12": ("confluent-kafka-python", "2.12.1-rdkafka-2.12.1"),
    "confluent": ("confluent-kafka-python", "2.16.0-rdkafka-2.16.0"),
    "confluent-debian": ("confluent-kafka-python", "1.7.0-rdkafka-2.0.2"),
    "java-2.8": ("apache-kafka-java", "2.8.2"),
    "java-3.9": ("apache-kafka-java", "3.9.1"),
    "java": ("apache-kafka-java", "4.4.0"),
    "franz-go": ("kgo", "v1.22.2"),
    "sarama": ("sarama", "v1.61.1"),
    "kafka-python": ("kafka-python", "3.0.0"),
    "confluent-go": ("confluent-kafka-go", "2.12.0"),
    "franz-go-1.15": ("kgo", "v1.15.4"),
    "platformatic": ("platformatic-kafka", "1.35.0"),
    "rust-rdkafka": ("librdkafka", "2.12.1"),
}
# ... and those that say none, or on a client's first connection alone
SILENT = {
    "kafka-go": ("kafka-go", "0.4.51"),
    "kafka-go-debian": ("kafka-go", "0.2.1"),
    "kafkajs": ("kafkajs", "2.2.4"),
    "aiokafka": ("aiokafka", "0.14.0"),
    "kafka-python-2.0": ("kafka-python", "2.0.2"),
    "kafka-python-debian": ("kafka-python", "2.0.2"),
    "kafka-python-ng": ("kafka-python-ng", "2.2.3"),
    "kafka-python-2.3": ("kafka-python", "2.3.3"),
    "rskafka": ("rskafka", "0.6"),
    "sarama-1.43": ("sarama", "v1.43.3"),
    "aiokafka-0.8": ("aiokafka", "0.8.1"),
    "kafka-go-0.4.30": ("kafka-go", "0.4.30"),
}
ALL = {**SAYS, **SILENT}
# their batches have no producer id, whatever is set: the sources have no idempotence (kafka-go 0.4.51 write.go, rskafka 0.6
# protocol/record.rs; kafka-python 2.0.2 and -ng 2.2.3 producer/kafka.py have no such setting)
NEVER_IDEMPOTENT = ("kafka-go", "kafka-python-2.0", "kafka-python-ng", "rskafka")
# one topic and one partition in each Produce, whatever is set (librdkafka 1.9.2 to 2.15.0 rdkafka_msgset_writer.c: both arrays' lengths
# are written as 1; rskafka client/partition.rs: it writes through a client of one partition)
ONE_PARTITION = ("confluent-1.9", "confluent-2.3", "confluent-2.4", "confluent-2.8", "confluent-2.12", "rskafka")
# the most requests that are unanswered at once, of whatever kind, by default. kafka-python's max_in_flight_requests_per_connection is 5,
# and 2.0.2, -ng 2.2.3 and 2.3.3 send none beyond it (conn.py, can_send_more; 2.3 sets it to 1 for an idempotent producer); 3.0 ends its
# pause behind it (net/connection.py), so it gets two more. kafkajs's idempotent producer has from 2.0 on a lock for each broker
# (eosManager, acquireBrokerLock), for Produce alone: two more, for it may ask for metadata beside one
UNANSWERED = {"kafka-python-2.0": 5, "kafka-python-ng": 5, "kafka-python-2.3": 5, "kafka-python": 7}
UNANSWERED_IDEMPOTENT = {"kafkajs": 3, "kafka-python-2.3": 1, "kafka-python": 7}
# half of what is left of a deadline when the request is made, in whole milliseconds (kafka-go 0.4.51 client.go, timeoutMs): a busy
# machine makes it smaller now and then, so the library's own is the greatest
FROM_CLOCK = {("kafka-go", "timeout_ms"), ("kafka-go", "max_wait_ms")}
# one library under several names: the one that the table has
RDKAFKA = {"librdkafka": "confluent-kafka-python", "confluent-kafka-go": "confluent-kafka-python"}

WRITE_FIELDS = {
    "leader_epoch": "leader_epoch",
    "producer_epoch": "producer_epoch",
    "base_sequence": "base_sequence",
    "timeout_ms": "produce_timeout_ms",
}
READ_FIELDS = {
    "max_wait_ms": "fetch_max_wait_ms",
    "min_bytes": "fetch_min_bytes",
    "max_bytes": "fetch_max_bytes",
    "isolation": "isolation",
    "session": "session",
}

FIELDS = {"WRITES": WRITE_FIELDS, "WRITES_IDEMPOTENT": WRITE_FIELDS, "READS": READ_FIELDS, "COORDINATES": {}}


def does(row):
    """What a connection with this print does; None: too little was seen of it."""
    p = row["print"]
    if not p or row["list"]["adopted"] is False:
        return None
    if p["versions"][0]:
        if p["produces"] < LEAST or p["batches_differ"] or p["old_batch"]:
            return None
        return "WRITES_IDEMPOTENT" if p["idempotent"] else "WRITES"
    if not p["versions"][1]:
        return "COORDINATES" if any(p["versions"][i] for i in OF_A_GROUP) else None
    if p["fetches"] < LEAST or p["fetches_differ"]:
        return None
    return "READS"


def differs(p, field):
    return (field == "timeout_ms" and p["timeouts_differ"]) or (field == "max_wait_ms" and p["waits_differ"])


def gather(rows):
    """(library, use) -> field -> the values that were seen"""
    out = {}
    for row in rows:
        use = does(row)
        if not use:
            continue
        p = row["print"]
        seen = out.setdefault((row["lib"], use), {"versions": [0] * len(APIS)})
        for name, of in FIELDS[use].items():
            values = seen.setdefault(name, set())
            if (row["lib"], name) in FROM_CLOCK:
                seen[name] = {max(values | {p[of]})}
            else:
                values.add(None if differs(p, name) else p[of])
        for i, v in enumerate(p["versions"]):
            if v != DIFFERS:
                seen["versions"][i] = max(seen["versions"][i], v)
    return out


def with_idempotence(table):
    """A library that writes may be set up to be idempotent, if it can be: what is its own in a batch is the same then."""
    for (lib, use), seen in list(table.items()):
        if use == "WRITES" and lib not in NEVER_IDEMPOTENT:
            table.setdefault((lib, "WRITES_IDEMPOTENT"), {**seen, "producer_epoch": {0}, "base_sequence": {0}})
    for (lib, use), seen in table.items():  # the versions are the library's
        if use == "WRITES" and (lib, "WRITES_IDEMPOTENT") in table:
            both = [max(a, b) for a, b in zip(seen["versions"], table[lib, "WRITES_IDEMPOTENT"]["versions"])]
            seen["versions"] = table[lib, "WRITES_IDEMPOTENT"]["versions"] = both
    return table


def value(values):
    """a constant of the library, or ANY"""
    return str(next(iter(values))) if len(values) == 1 and None not in values else "ANY"


def limits(lib, use):
    """what the sources say of a producer's requests: no capture of one that does not do a thing shows that it never does"""
    unanswered = {"WRITES": UNANSWERED, "WRITES_IDEMPOTENT": UNANSWERED_IDEMPOTENT}.get(use, {}).get(lib)
    one = use in ("WRITES", "WRITES_IDEMPOTENT") and lib in ONE_PARTITION
    return (f" .unanswered = {unanswered}," if unanswered else "") + (" .one = true," if one else "")


def known():
    """(library, use) of the table that is in the tree"""
    return set(re.findall(r"^\t/\* (\S+) \*/\n\t\{\.name = \d+, \.does = (\w+),", TABLE.read_text(), re.M))


def make(rows):
    table = with_idempotence(gather(rows))
    lost = known() - set(table)
    for lib, use in sorted(lost):
        print(f"not ok - {lib}, {use}: the table has it, and it was not seen now; was a client silent?", file=sys.stderr)
    if lost:
        return 1
    libs = sorted({lib for lib, _ in table}, key=lambda l: (ALL[l][0], l not in SAYS, ALL[l][1]))
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/*")
    print(" * How the requests of real libraries look. Made by `make fingerprints` from the clients of tests/peers/clients;")
    print(" * do not edit. ANY: the library has no constant there. versions: + 1, by enum rz_print_api; 0: none was seen.")
    print(" */")
    print("/* clang-format off */")
    print("static const struct name names[] = {")
    for lib in libs:
        name, version = ALL[lib]
        print(f'\t{{{{"{name}", "{version}"}}, {"true" if lib in SAYS else "false"}}},')
    print("};\n\nstatic const struct row rows[] = {")
    for (lib, use), seen in sorted(table.items(), key=lambda kv: (libs.index(kv[0][0]), kv[0][1])):
        said = "".join(f" .{f} = {value(seen[f])}," for f in FIELDS[use]) + limits(lib, use)
        versions = ", ".join(str(v) for v in seen["versions"])
        print(f"\t/* {lib} */\n\t{{.name = {libs.index(lib)}, .does = {use},{said}\n\t .versions = {{{versions}}}}},")
    print("};\n/* clang-format on */")
    return 0


def made_from():
    return {lib for lib, _ in known()}


def record(rows):
    made = made_from()
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* How the requests of libraries look that user/policy/prints.inc was not made from, on the stand-in and on Apache")
    print(" * Kafka. Made by `make fingerprints-record` from the clients of tests/peers/clients; do not edit. */")
    print("/* clang-format off */")
    print("static const struct held_out held_out[] = {")
    lines = set()
    for row in rows:
        if row["lib"] in made or does(row) in (None, "COORDINATES"):
            continue
        name, version = ALL[row["lib"]]
        p = {**row["print"], "produces": min(row["print"]["produces"], ENOUGH), "fetches": min(row["print"]["fetches"], ENOUGH)}
        fields = ", ".join(f".{k} = {v}" for k, v in p.items() if k not in ("versions", "pad") and v)
        versions = ", ".join(map(str, row["print"]["versions"]))
        lines.add(
            f'\t{{"{row["lib"]}", {{"{name}", "{version}"}}, {"true" if row["lib"] in SAYS else "false"},\n'
            f"\t {{{fields},\n\t  .versions = {{{versions}}}}}}},"
        )
    print("\n".join(sorted(lines)))
    print("};\n/* clang-format on */")


def check(rows):
    """No connection has a wrong name; how many have one."""
    wrong, counts = [], {}
    for row in rows:
        l = row["list"]
        if l["kind"] not in ("data", "shared", "acks0"):
            continue
        key = (row["server"], row["lib"], row["role"], row["settings"])
        name = RDKAFKA.get(ALL[row["lib"]][0], ALL[row["lib"]][0])
        names = (l["library"] or "").split(" or ")
        counts.setdefault(key, []).append(l["library"] if l["library_known_by"] == "fingerprint" else l["library_known_by"])
        if l["library_known_by"] == "fingerprint" and name not in names:
            wrong.append((key, l["library"], row["print"]))
    for key, found in sorted(counts.items()):
        print(f"# {' '.join(key)}: {', '.join(sorted(set(map(str, found))))}")
    for key, name, p in wrong:
        print(f"not ok - {' '.join(key)} was taken for {name}: {json.dumps(p)}")
    made, any_named = made_from(), False
    for what, libs in (("that the table is made from", made), ("others", {k[1] for k in counts} - made)):
        found = [f for key, fs in counts.items() if key[1] in libs for f in fs]
        named = [f for f in found if f not in ("unknown", "said", "sibling")]
        any_named |= bool(named)
        alone = sum(" or " not in f for f in named)
        bad = sum(key[1] in libs for key, _, _ in wrong)
        print(
            f"{'not ok' if bad else 'ok'} - {what}: {len({k[1] for k in counts} & libs)} clients, {len(found)} connections, "
            f"{len(named)} with a name by fingerprint ({alone} with one alone), {found.count('unknown')} unknown, {bad} wrong"
        )
    return 1 if wrong or not any_named else 0


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--make", action="store_true")
    a.add_argument("--check", action="store_true")
    a.add_argument("--record", action="store_true")
    a.add_argument("files", nargs="+")
    args = a.parse_args()
    rows = [row for f in args.files for row in json.load(open(f))]
    if args.make:
        return make(rows)
    if args.record:
        record(rows)
    return check(rows) if args.check else 0


if __name__ == "__main__":
    sys.exit(main())
