// A Kafka application on @platformatic/kafka.
//
// In:  the flags of tests/peers/clients/run: read, group or write. It reads by groups only, as kafkajs.
// Out: JSON lines on stdout, the form of tests/peers/app/event.go; the library's messages on stderr.
// Who: tests/peers/clients/run.
//
// An ordinary application: it leaves all reconnecting and retrying to the library, and goes on after an error. Its writer has the
// library's defaults; only the partition is chosen.
import { parseArgs } from "node:util";
import { Consumer, Producer, stringDeserializers, stringSerializers } from "@platformatic/kafka";

const role = process.argv[2];
const text = (fallback) => ({ type: "string", default: fallback });
const { values: o } = parseArgs({
	args: process.argv.slice(3),
	options: {
		bootstrap: text(""), "client-id": text(""), topic: text(""), partition: text("0"), group: { type: "string" },
		from: text("first"), rate: text("10"), acks: { type: "string" }, settings: text("default"), instances: text("1"),
		set: text(""), size: text("0"), partitions: text("0"), pause: text("0"),
	},
});
const set = Object.fromEntries(o.set.split(";").filter(Boolean).map((pair) => pair.split("=")));
const instances = Number(o.instances);
const numbered = instances > 1 || (o["client-id"] + (o.group ?? "")).includes("%d");
const runsMs = 10000; // a reader with --pause reads for so long between two pauses
const stops = []; // one a client

function client(i) {
	const own = (t) => (numbered ? t.replaceAll("%d", i) : t);
	let n = 0;
	const emit = (event, { id = null, partition = null, offset = null, error = null, ...more } = {}) => {
		if (event === "read" || event === "wrote") n++;
		const known = numbered ? { client: i } : {};
		console.log(JSON.stringify({ t: new Date().toISOString(), event, n, id, partition, offset, error, ...known, ...more }));
	};
	const options = {
		clientId: own(o["client-id"]),
		bootstrapBrokers: o.bootstrap.split(","),
		...(set["sasl.mechanism"] && { sasl: { mechanism: set["sasl.mechanism"], username: "app", password: "secret" } }),
		...(set.retries && { retries: Number(set.retries) }),
	};
	const name = `platformatic-${process.pid}${numbered ? `-${i}` : ""}`;
	const partition = o.partition === "own" ? undefined : Number(o.partition) + i - 1; // undefined: the library chooses
	return { options, emit, name, partition, group: o.group && own(o.group) };
}

async function read({ options, emit, name, group }) {
	const consumer = new Consumer({
		...options, groupId: group ?? name, deserializers: stringDeserializers,
		...(set["group.protocol"] && { groupProtocol: set["group.protocol"] }),
	});
	stops.push(() => consumer.close(true));
	if (role === "group")
		consumer.on("consumer:group:join", (e) =>
			emit("assigned", { partitions: e.assignments?.flatMap((a) => a.partitions) ?? [], generation: e.generationId ?? null }));
	const open = async () => {
		const stream = await consumer.consume({
			topics: [o.topic], autocommit: true, mode: "committed", fallbackMode: o.from === "first" ? "earliest" : "latest",
		});
		stream.on("data", (m) => emit("read", { id: m.value.split(" ")[0], partition: m.partition, offset: Number(m.offset) }));
		stream.on("error", (e) => {
			emit("error", { error: String(e) });
			setTimeout(() => open().catch((e) => emit("error", { error: String(e) })), 1000); // a stream ends with its error; the application opens the next
		});
		const turn = (paused) => {
			if (paused) stream.pause();
			else stream.resume();
			setTimeout(turn, paused ? Number(o.pause) * 1000 : runsMs, !paused);
		};
		if (Number(o.pause)) setTimeout(turn, runsMs, true);
	};
	await open();
}

async function write({ options, emit, name, partition }) {
	const acks = { all: -1, 1: 1, 0: 0 }[set.acks ?? o.acks];
	const producer = new Producer({
		...options, serializers: stringSerializers, autocreateTopics: false,
		...(acks !== undefined && { acks }),
		...(set["enable.idempotence"] && { idempotent: set["enable.idempotence"] === "true" }),
	});
	stops.push(() => producer.close(true));
	let seq = 0;
	const timer = setInterval(async () => {
		const mine = ++seq;
		const id = `${name}-${mine}`;
		const value = Number(o.size) > id.length ? id + " ".padEnd(Number(o.size) - id.length, ".") : id;
		const at = Number(o.partitions) ? mine % Number(o.partitions) : partition;
		try {
			const r = await producer.send({ messages: [{ topic: o.topic, key: at === undefined ? undefined : "", value, partition: at }] });
			emit("wrote", { id, partition: at ?? r.offsets?.[0]?.partition, offset: r.offsets?.[0] ? Number(r.offsets[0].offset) : null });
		} catch (e) {
			emit("error", { id, error: String(e) });
		}
	}, 1000 / Number(o.rate));
	stops.push(() => clearInterval(timer));
}

const clients = Array.from({ length: instances }, (_, i) => client(i + 1));
for (const s of ["SIGTERM", "SIGINT"])
	process.once(s, async () => {
		setTimeout(() => process.exit(1), 5000).unref();
		await Promise.all(stops.map((stop) => stop()));
		for (const c of clients) c.emit("stop");
		process.exit(0);
	});
for (const c of clients) {
	c.emit("start");
	(role === "write" ? write(c) : read(c)).catch((e) => {
		c.emit("error", { error: String(e) });
		process.exit(1);
	});
}
