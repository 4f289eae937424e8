"""A Kafka application on one of Python's client libraries.

In:  --lib kafka-python|confluent|aiokafka, then the flags every client of the end-to-end suite has:

    client.py --lib L read  --bootstrap h:p,h:p --client-id ID --topic T --partition N [--from first|last]
    client.py --lib L group --bootstrap h:p,h:p --client-id ID --topic T --group G [--from first|last]
    client.py --lib L write --bootstrap h:p,h:p --client-id ID --topic T --partition N --rate N [--acks all|1|0]
                            [--settings pipeline|default]

and --instances N for each: tests/peers/clients/run explains it.

Out: JSON lines on stdout, the form of tests/peers/app/event.go; the library's own messages on stderr.
Who: tests/peers/clients/run. kafka-python also stands for Debian's python3-kafka 2.0 and for kafka-python-ng, confluent for every
librdkafka, with the same code.

An ordinary application: it leaves all reconnecting and retrying to the library, and goes on after an error. Its writer has
the library's defaults, or (--settings pipeline) many requests in flight: no idempotence, no lingering, so that each record
or few is a request of its own. (aiokafka has one request in flight for each agent, whatever is asked.)
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
import time
from datetime import datetime, timezone


class Output:
    """One JSON object a line; counts what was read or acknowledged."""

    lock = threading.Lock()

    def __init__(self, client):
        self.n = 0
        self.known = {} if client is None else {"client": client}

    def emit(self, event, id=None, partition=None, offset=None, error=None, **more):
        with self.lock:
            if event in ("read", "wrote"):
                self.n += 1
            now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            row = dict(t=now, event=event, n=self.n, id=id, partition=partition, offset=offset, error=error)
            print(json.dumps({**row, **self.known, **more}), flush=True)


stopping = threading.Event()


def ids(o):
    seq = 0
    while True:
        seq += 1
        yield f"{o.lib}-{os.getpid()}{o.name}-{seq}"


def paced(o):
    """Record ids, o.rate a second, until the process is told to stop."""
    due = time.monotonic()
    for id in ids(o):
        due += 1 / o.rate
        if stopping.wait(max(0, due - time.monotonic())):
            return
        yield id


def value(o, id):
    """The record: its id, and more behind a blank where --size wants it."""
    return (id + " " + "." * (o.size - len(id) - 1) if o.size > len(id) else id).encode()


def id_of(value):
    return value.split(b" ", 1)[0].decode()


def at(o, id):
    """The partition of this record: one alone, or all in turn; None: the library's own partitioner chooses."""
    if o.partition is None:
        return None
    return int(id.rpartition("-")[2]) % o.partitions if o.partitions else o.partition


# What --set says in the words of Java and librdkafka, in those of the libraries in pure Python
PURE = {
    "enable.idempotence": ("enable_idempotence", lambda v: v == "true"),
    "retries": ("retries", int),
    "linger.ms": ("linger_ms", int),
    "request.timeout.ms": ("request_timeout_ms", int),
    "batch.size": ("batch_size", int),
    "sasl.mechanism": ("sasl_mechanism", str),
}
PURE_NAMES = {"aiokafka": {"batch_size": "max_batch_size"}}


def pure(o):
    """--set as keyword arguments"""
    out = {}
    for k, v in o.settings_set.items():
        name, kind = PURE[k]
        out[PURE_NAMES.get(o.lib, {}).get(name, name)] = kind(v)
    if "sasl_mechanism" in out:
        out |= dict(security_protocol="SASL_PLAINTEXT", sasl_plain_username="app", sasl_plain_password="secret")
    return out


def rd(o):
    """--set as librdkafka's properties"""
    out = {k: v.replace("%d", str(o.number)) for k, v in o.settings_set.items()}
    if "sasl.mechanism" in out:
        out |= {"security.protocol": "SASL_PLAINTEXT", "sasl.username": "app", "sasl.password": "secret"}
    return out


RUNS_S = 10  # a reader with --pause reads for so long between two pauses


class Pauses:
    """Whether a reader with --pause has to pause or to go on now."""

    def __init__(self, o):
        self.pause, self.paused, self.until = o.pause, False, time.monotonic() + RUNS_S

    def turn(self):
        if not self.pause or time.monotonic() < self.until:
            return None
        self.paused = not self.paused
        self.until = time.monotonic() + (self.pause if self.paused else RUNS_S)
        return self.paused


def acks(o):
    """The setting of both libraries in pure Python; nothing where the library's own is wanted."""
    return {} if o.acks is None else {"acks": "all" if o.acks == "all" else int(o.acks)}


def told(o, what, partitions, generation=None):
    """What a group's member is told; generation where the library lets one see it."""
    known = {} if generation is None else {"generation": generation}
    o.out.emit(what, partitions=sorted(p.partition for p in partitions), **known)


def failed(o, error):
    """What the application sees; it goes on, but does not spin."""
    o.out.emit("error", error=repr(error))
    stopping.wait(0.1)


def kafka_python_member(o, c):
    from kafka import ConsumerRebalanceListener

    def tell(what, partitions):
        known = getattr(c._coordinator, "_generation", None)
        told(o, what, partitions, getattr(known, "generation_id", None))

    class Member(ConsumerRebalanceListener):
        def on_partitions_assigned(self, assigned):
            tell("assigned", assigned)

        def on_partitions_revoked(self, revoked):
            tell("revoked", revoked)

    return Member()


def kafka_python_read(o):
    from kafka import KafkaConsumer, TopicPartition

    c = KafkaConsumer(
        bootstrap_servers=o.bootstrap.split(","),
        client_id=o.client_id,
        group_id=o.group,
        auto_offset_reset="earliest" if o.first else "latest",
        **pure(o),
    )
    pauses = Pauses(o)
    if o.group:
        c.subscribe([o.topic], listener=kafka_python_member(o, c))
    else:
        tp = TopicPartition(o.topic, o.partition)
        c.assign([tp])
        if o.first:
            c.seek_to_beginning(tp)
    while not stopping.is_set():
        try:
            polled = c.poll(timeout_ms=500)
        except Exception as e:
            failed(o, e)
            continue
        turn = pauses.turn()
        if turn is not None:
            (c.pause if turn else c.resume)(*c.assignment())
        for records in polled.values():
            for r in records:
                o.out.emit("read", id_of(r.value), r.partition, r.offset)
    c.close()


def kafka_python_write(o):
    from kafka import KafkaProducer

    # By default 2.0 and -ng ask for one ack and try once: retries=0. 3.0 is idempotent with acks all, and retries for 120 s.
    pipeline = dict(
        linger_ms=0,
        batch_size=0,
        max_in_flight_requests_per_connection=1000,
        retries=100,
        enable_idempotence=False,
    )
    known = KafkaProducer.DEFAULT_CONFIG  # 2.0 does not know enable_idempotence
    settings = {k: v for k, v in pipeline.items() if k in known} if o.settings == "pipeline" else {}
    p = KafkaProducer(bootstrap_servers=o.bootstrap.split(","), client_id=o.client_id, **acks(o), **settings, **pure(o))
    for id in paced(o):
        try:
            f = p.send(o.topic, value(o, id), partition=at(o, id))
        except Exception as e:
            o.out.emit("error", id, error=repr(e))
            continue
        f.add_callback(lambda m, id=id: o.out.emit("wrote", id, m.partition, m.offset))
        f.add_errback(lambda e, id=id: o.out.emit("error", id, error=repr(e)))
    try:
        p.close(timeout=5)
    except Exception as e:  # 3.0 says so when not all was answered in that time
        o.out.emit("error", error=repr(e))


def confluent_read(o):
    from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, TopicPartition

    c = Consumer(
        {
            "bootstrap.servers": o.bootstrap,
            "client.id": o.client_id,
            "group.id": o.group or "none",
            "enable.auto.commit": bool(o.group),
            "auto.offset.reset": "earliest" if o.first else "latest",
            **rd(o),
        }
    )
    pauses = Pauses(o)
    if o.group:
        c.subscribe(
            [o.topic],
            on_assign=lambda _, partitions: told(o, "assigned", partitions),
            on_revoke=lambda _, partitions: told(o, "revoked", partitions),
        )
    else:
        c.assign([TopicPartition(o.topic, o.partition, OFFSET_BEGINNING if o.first else OFFSET_END)])
    while not stopping.is_set():
        turn = pauses.turn()
        if turn is not None:
            (c.pause if turn else c.resume)(c.assignment())
        m = c.poll(0.5)
        if m is None:
            continue
        if m.error():
            o.out.emit("error", error=str(m.error()))
        else:
            o.out.emit("read", id_of(m.value()), m.partition(), m.offset())
    c.close()


TRANSACTION_S = 1  # with a transactional.id: so long is each, one behind the other


class Transactions:
    """of a writer with a transactional.id; what is in one counts as written once it is committed"""

    def __init__(self, o, producer):
        self.o, self.p, self.begun, self.wrote = o, producer, None, []
        producer.init_transactions()

    def before(self):
        if self.begun is None:
            self.p.begin_transaction()
            self.begun = time.monotonic()

    def after(self):
        if time.monotonic() - self.begun >= TRANSACTION_S:
            self.commit()

    def commit(self):
        from confluent_kafka import KafkaException

        if self.begun is None:
            return
        try:
            self.p.flush()
            self.p.commit_transaction()
            for row in self.wrote:
                self.o.out.emit("wrote", *row)
        except KafkaException as e:
            self.o.out.emit("error", error=f"aborted: {e}")
            self.p.abort_transaction()
        self.begun, self.wrote = None, []


def confluent_write(o):
    from confluent_kafka import Producer

    # By default it asks for all acks, retries for 300 s (2147483647 times), is not idempotent and lingers 5 ms.
    pipeline = {
        "linger.ms": 0,
        "batch.num.messages": 4,
        "enable.idempotence": False,
        "max.in.flight.requests.per.connection": 1000000,  # what WarpStream advises, and the default
    }
    settings = pipeline if o.settings == "pipeline" else {}
    if o.acks is not None:
        settings["acks"] = o.acks
    p = Producer({"bootstrap.servers": o.bootstrap, "client.id": o.client_id, **settings, **rd(o)})

    in_ = Transactions(o, p) if "transactional.id" in o.settings_set else None

    def done(err, m, id):
        if err:
            o.out.emit("error", id, error=str(err))
        elif in_:
            in_.wrote.append((id, m.partition(), m.offset()))
        else:
            o.out.emit("wrote", id, m.partition(), m.offset())

    for id in paced(o):
        try:
            to = {} if at(o, id) is None else {"partition": at(o, id)}
            if in_:
                in_.before()
            p.produce(o.topic, value(o, id), on_delivery=lambda e, m, id=id: done(e, m, id), **to)
        except BufferError as e:  # its queue is full: agents have been away for long
            o.out.emit("error", id, error=repr(e))
        p.poll(0)
        if in_:
            in_.after()
    if in_:
        in_.commit()
    p.flush(5)


def aiokafka_member(o, c):
    from aiokafka import ConsumerRebalanceListener

    class Member(ConsumerRebalanceListener):
        async def on_partitions_assigned(self, assigned):
            told(o, "assigned", assigned, getattr(c._coordinator, "generation", None))

        async def on_partitions_revoked(self, revoked):
            told(o, "revoked", revoked, getattr(c._coordinator, "generation", None))

    return Member()


async def aiokafka_read(o):
    from aiokafka import AIOKafkaConsumer, TopicPartition

    c = AIOKafkaConsumer(
        bootstrap_servers=o.bootstrap,
        client_id=o.client_id,
        group_id=o.group,
        auto_offset_reset="earliest" if o.first else "latest",
        **pure(o),
    )
    pauses = Pauses(o)
    await c.start()
    if o.group:
        c.subscribe([o.topic], listener=aiokafka_member(o, c))
    else:
        tp = TopicPartition(o.topic, o.partition)
        c.assign([tp])
        await (c.seek_to_beginning(tp) if o.first else c.seek_to_end(tp))
    while not stopping.is_set():
        try:
            polled = await c.getmany(timeout_ms=500)
        except Exception as e:
            o.out.emit("error", error=repr(e))
            await asyncio.sleep(0.1)
            continue
        turn = pauses.turn()
        if turn is not None:
            (c.pause if turn else c.resume)(*c.assignment())
        for records in polled.values():
            for r in records:
                o.out.emit("read", id_of(r.value), r.partition, r.offset)
    await asyncio.wait_for(c.stop(), 3)


async def aiokafka_write(o):
    from aiokafka import AIOKafkaProducer

    # By default it asks for one ack, retries until request_timeout_ms (40 s), is not idempotent; linger_ms=0 is its default.
    p = AIOKafkaProducer(bootstrap_servers=o.bootstrap, client_id=o.client_id, **acks(o), **pure(o))
    await p.start()
    waiting = set()

    async def one(id):
        try:
            m = await p.send_and_wait(o.topic, value(o, id), partition=at(o, id))
            o.out.emit("wrote", id, m.partition if m else at(o, id), m.offset if m else None)
        except Exception as e:
            o.out.emit("error", id, error=repr(e))

    due = time.monotonic()
    for id in ids(o):
        if stopping.is_set():
            break
        due += 1 / o.rate
        await asyncio.sleep(max(0, due - time.monotonic()))
        task = asyncio.create_task(one(id))
        waiting.add(task)
        task.add_done_callback(waiting.discard)
    await asyncio.wait_for(p.stop(), 5)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--lib", required=True, choices=["kafka-python", "confluent", "aiokafka"])
    a.add_argument("role", choices=["read", "group", "write"])
    a.add_argument("--bootstrap", required=True)
    a.add_argument("--client-id", required=True)
    a.add_argument("--topic", required=True)
    a.add_argument("--partition", default="0")
    a.add_argument("--group")
    a.add_argument("--from", dest="start", choices=["first", "last"], default="first")
    a.add_argument("--rate", type=float, default=10)
    a.add_argument("--acks", choices=["all", "1", "0"], help="default: all in pipeline, else the library's own")
    a.add_argument("--settings", choices=["pipeline", "default"], default="pipeline")
    a.add_argument("--instances", type=int, default=1)
    a.add_argument("--set", default="", help="NAME=VALUE;...")
    a.add_argument("--size", type=int, default=0)
    a.add_argument("--partitions", type=int, default=0)
    a.add_argument("--pause", type=int, default=0)
    o = a.parse_args()
    o.settings_set = dict(pair.split("=", 1) for pair in o.set.split(";") if pair)
    if "acks" in o.settings_set and o.lib != "confluent":
        o.acks = o.settings_set.pop("acks")
    o.first = o.start == "first"
    if o.settings == "pipeline":
        o.acks = o.acks or "all"
    # not by a handler: a second signal in the middle of the first one's set() would wait for its lock for ever
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    threading.Thread(target=lambda: (signal.sigwait(ends), stopping.set()), daemon=True).start()
    run = globals()[f"{o.lib.replace('-', '_')}_{'write' if o.role == 'write' else 'read'}"]
    if asyncio.iscoroutinefunction(run):
        asyncio.run(all_of(run, instances(o)))
        return
    threads = [threading.Thread(target=one, args=(run, i)) for i in instances(o)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def instances(o):
    """One copy of the options for each client. The %d of --client-id and --group becomes the instance's number."""
    numbered = o.instances > 1 or "%d" in o.client_id + (o.group or "")
    for i in range(1, o.instances + 1):
        mine = argparse.Namespace(**vars(o))
        mine.number = i
        mine.out = Output(i if numbered else None)
        mine.name = f"-{i}" if numbered else ""
        mine.partition = None if o.partition == "own" else int(o.partition) + i - 1
        if numbered:
            mine.client_id = o.client_id.replace("%d", str(i))
            mine.group = o.group and o.group.replace("%d", str(i))
        yield mine


def one(run, o):
    """An application ends on what its library could not bear; the tests look for it."""
    o.out.emit("start")
    try:
        run(o)
    except Exception as e:
        o.out.emit("error", error=repr(e))
        os._exit(1)
    o.out.emit("stop")


async def all_of(run, clients):
    async def task(o):
        o.out.emit("start")
        try:
            await run(o)
        except Exception as e:
            o.out.emit("error", error=repr(e))
            os._exit(1)
        o.out.emit("stop")

    await asyncio.gather(*(task(o) for o in clients))


if __name__ == "__main__":
    main()
