"""A Kafka application on one of Python's client libraries.

In:  --lib kafka-python|confluent|aiokafka, then the flags every client of the end-to-end suite has:

    client.py --lib L read  --bootstrap h:p,h:p --client-id ID --topic T --partition N [--from first|last]
    client.py --lib L group --bootstrap h:p,h:p --client-id ID --topic T --group G [--from first|last]
    client.py --lib L write --bootstrap h:p,h:p --client-id ID --topic T --partition N --rate N [--acks all|1|0]

Out: JSON lines on stdout, the form of tests/clients/kafka-go/event.go; the library's own messages on stderr.
Who: tests/clients/run. kafka-python also stands for Debian's python3-kafka 2.0, confluent for the one on librdkafka 2.0,
with the same code.

An ordinary application: it leaves all reconnecting and retrying to the library, and goes on after an error. Its writer has
many requests in flight: no idempotence, no lingering, so that each record or few is a request of its own. (aiokafka has one
request in flight for each agent, whatever is asked.)
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

    def __init__(self):
        self.n = 0
        self.lock = threading.Lock()

    def emit(self, event, id=None, partition=None, offset=None, error=None, **more):
        with self.lock:
            if event in ("read", "wrote"):
                self.n += 1
            now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            row = dict(t=now, event=event, n=self.n, id=id, partition=partition, offset=offset, error=error, **more)
            print(json.dumps(row), flush=True)


out = Output()
stopping = threading.Event()


def ids(lib):
    seq = 0
    while True:
        seq += 1
        yield f"{lib}-{os.getpid()}-{seq}"


def paced(o):
    """Record ids, o.rate a second, until the process is told to stop."""
    due = time.monotonic()
    for id in ids(o.lib):
        due += 1 / o.rate
        if stopping.wait(max(0, due - time.monotonic())):
            return
        yield id


def told(what, partitions, generation=None):
    """What a group's member is told; generation where the library lets one see it."""
    known = {} if generation is None else {"generation": generation}
    out.emit(what, partitions=sorted(p.partition for p in partitions), **known)


def failed(error):
    """What the application sees; it goes on, but does not spin."""
    out.emit("error", error=repr(error))
    stopping.wait(0.1)


def kafka_python_member(c):
    from kafka import ConsumerRebalanceListener

    def tell(what, partitions):
        known = getattr(c._coordinator, "_generation", None)
        told(what, partitions, getattr(known, "generation_id", None))

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
    )
    if o.group:
        c.subscribe([o.topic], listener=kafka_python_member(c))
    else:
        tp = TopicPartition(o.topic, o.partition)
        c.assign([tp])
        if o.first:
            c.seek_to_beginning(tp)
    while not stopping.is_set():
        try:
            polled = c.poll(timeout_ms=500)
        except Exception as e:
            failed(e)
            continue
        for records in polled.values():
            for r in records:
                out.emit("read", r.value.decode(), r.partition, r.offset)
    c.close()


def kafka_python_write(o):
    from kafka import KafkaProducer

    # the current release is idempotent unless told otherwise; 2.0 does not know the word
    plain = {"enable_idempotence": False} if "enable_idempotence" in KafkaProducer.DEFAULT_CONFIG else {}
    p = KafkaProducer(
        bootstrap_servers=o.bootstrap.split(","),
        client_id=o.client_id,
        acks="all" if o.acks == "all" else int(o.acks),
        linger_ms=0,
        batch_size=0,
        max_in_flight_requests_per_connection=1000,
        retries=100,  # 2.0 tries once unless told otherwise
        **plain,
    )
    for id in paced(o):
        try:
            f = p.send(o.topic, id.encode(), partition=o.partition)
        except Exception as e:
            out.emit("error", id, error=repr(e))
            continue
        f.add_callback(lambda m, id=id: out.emit("wrote", id, m.partition, m.offset))
        f.add_errback(lambda e, id=id: out.emit("error", id, error=repr(e)))
    try:
        p.close(timeout=5)
    except Exception as e:  # 3.0 says so when not all was answered in that time
        out.emit("error", error=repr(e))


def confluent_read(o):
    from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, TopicPartition

    c = Consumer(
        {
            "bootstrap.servers": o.bootstrap,
            "client.id": o.client_id,
            "group.id": o.group or "none",
            "enable.auto.commit": bool(o.group),
            "auto.offset.reset": "earliest" if o.first else "latest",
        }
    )
    if o.group:
        c.subscribe(
            [o.topic],
            on_assign=lambda _, partitions: told("assigned", partitions),
            on_revoke=lambda _, partitions: told("revoked", partitions),
        )
    else:
        c.assign([TopicPartition(o.topic, o.partition, OFFSET_BEGINNING if o.first else OFFSET_END)])
    while not stopping.is_set():
        m = c.poll(0.5)
        if m is None:
            continue
        if m.error():
            out.emit("error", error=str(m.error()))
        else:
            out.emit("read", m.value().decode(), m.partition(), m.offset())
    c.close()


def confluent_write(o):
    from confluent_kafka import Producer

    p = Producer(
        {
            "bootstrap.servers": o.bootstrap,
            "client.id": o.client_id,
            "acks": o.acks,
            "linger.ms": 0,
            "batch.num.messages": 4,
            "enable.idempotence": False,
            "max.in.flight.requests.per.connection": 1000000,  # what WarpStream advises, and the default
        }
    )

    def done(err, m, id):
        if err:
            out.emit("error", id, error=str(err))
        else:
            out.emit("wrote", id, m.partition(), m.offset())

    for id in paced(o):
        try:
            p.produce(o.topic, id.encode(), partition=o.partition, on_delivery=lambda e, m, id=id: done(e, m, id))
        except BufferError as e:  # its queue is full: agents have been away for long
            out.emit("error", id, error=repr(e))
        p.poll(0)
    p.flush(5)


def aiokafka_member(c):
    from aiokafka import ConsumerRebalanceListener

    class Member(ConsumerRebalanceListener):
        async def on_partitions_assigned(self, assigned):
            told("assigned", assigned, getattr(c._coordinator, "generation", None))

        async def on_partitions_revoked(self, revoked):
            told("revoked", revoked, getattr(c._coordinator, "generation", None))

    return Member()


async def aiokafka_read(o):
    from aiokafka import AIOKafkaConsumer, TopicPartition

    c = AIOKafkaConsumer(
        bootstrap_servers=o.bootstrap,
        client_id=o.client_id,
        group_id=o.group,
        auto_offset_reset="earliest" if o.first else "latest",
    )
    await c.start()
    if o.group:
        c.subscribe([o.topic], listener=aiokafka_member(c))
    else:
        tp = TopicPartition(o.topic, o.partition)
        c.assign([tp])
        await (c.seek_to_beginning(tp) if o.first else c.seek_to_end(tp))
    while not stopping.is_set():
        try:
            polled = await c.getmany(timeout_ms=500)
        except Exception as e:
            out.emit("error", error=repr(e))
            await asyncio.sleep(0.1)
            continue
        for records in polled.values():
            for r in records:
                out.emit("read", r.value.decode(), r.partition, r.offset)
    await asyncio.wait_for(c.stop(), 3)


async def aiokafka_write(o):
    from aiokafka import AIOKafkaProducer

    p = AIOKafkaProducer(
        bootstrap_servers=o.bootstrap,
        client_id=o.client_id,
        acks="all" if o.acks == "all" else int(o.acks),
        linger_ms=0,
    )
    await p.start()
    waiting = set()

    async def one(id):
        try:
            m = await p.send_and_wait(o.topic, id.encode(), partition=o.partition)
            out.emit("wrote", id, o.partition, m.offset if m else None)
        except Exception as e:
            out.emit("error", id, error=repr(e))

    due = time.monotonic()
    for id in ids(o.lib):
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
    a.add_argument("--partition", type=int, default=0)
    a.add_argument("--group")
    a.add_argument("--from", dest="start", choices=["first", "last"], default="first")
    a.add_argument("--rate", type=float, default=10)
    a.add_argument("--acks", choices=["all", "1", "0"], default="all")
    o = a.parse_args()
    o.first = o.start == "first"
    for s in (signal.SIGTERM, signal.SIGINT):
        signal.signal(s, lambda *_: stopping.set())
    out.emit("start")
    run = globals()[f"{o.lib.replace('-', '_')}_{'write' if o.role == 'write' else 'read'}"]
    if asyncio.iscoroutinefunction(run):
        asyncio.run(run(o))
    else:
        run(o)
    out.emit("stop")


if __name__ == "__main__":
    try:
        main()
    except Exception as e:  # an application ends on what its library could not bear; the tests look for it
        out.emit("error", error=repr(e))
        sys.exit(1)
