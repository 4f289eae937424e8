// A Kafka application on kafkajs.
//
// In:  flags, the form every client of the end-to-end suite has:
//
//	client.js read  --bootstrap h:p,h:p --client-id ID --topic T [--from first|last]
//	client.js group --bootstrap h:p,h:p --client-id ID --topic T --group G [--from first|last]
//	client.js write --bootstrap h:p,h:p --client-id ID --topic T --partition N --rate N [--acks all|1|0] [--settings S]
//
// and --instances N for each: tests/peers/clients/run explains it.
//
// Out: JSON lines on stdout, the form of tests/peers/app/event.go; the library's messages on stderr.
// Who: tests/peers/clients/run.
//
// kafkajs reads by groups only: without --group the reader is the one member of a group of its own,
// and --partition is taken and not used. The writer has as many requests in flight as there are records unanswered.
"use strict";

const { parseArgs } = require("node:util");
const { Kafka, logLevel } = require("kafkajs");

const role = process.argv[2];
const { values: o } = parseArgs({
	args: process.argv.slice(3),
	options: {
		bootstrap: { type: "string" },
		"client-id": { type: "string" },
		topic: { type: "string" },
		partition: { type: "string", default: "0" },
		group: { type: "string" },
		from: { type: "string", default: "first" },
		rate: { type: "string", default: "10" },
		acks: { type: "string" },
		settings: { type: "string", default: "pipeline" },
		instances: { type: "string", default: "1" },
		set: { type: "string", default: "" },
		size: { type: "string", default: "0" },
		partitions: { type: "string", default: "0" },
		pause: { type: "string", default: "0" },
	},
});
const set = Object.fromEntries(o.set.split(";").filter(Boolean).map((pair) => pair.split("=")));
const runsMs = 10000; // a reader with --pause reads for so long between two pauses

const instances = Number(o.instances);
const numbered = instances > 1 || (o["client-id"] + (o.group ?? "")).includes("%d");
const stops = []; // one a client

// One independent client: its own library object, output and record ids. The %d of --client-id and --group becomes its number.
function client(i) {
	const own = (text) => (numbered ? text.replaceAll("%d", i) : text);
	let n = 0;
	const emit = (event, { id = null, partition = null, offset = null, error = null, ...more } = {}) => {
		if (event === "read" || event === "wrote") n++;
		const known = numbered ? { client: i } : {};
		console.log(JSON.stringify({ t: new Date().toISOString(), event, n, id, partition, offset, error, ...known, ...more }));
	};
	const kafka = new Kafka({
		clientId: own(o["client-id"]),
		brokers: o.bootstrap.split(","),
		...(set["sasl.mechanism"] && { sasl: { mechanism: set["sasl.mechanism"].toLowerCase(), username: "app", password: "secret" } }),
		logLevel: logLevel.WARN,
		logCreator: () => (entry) => console.error(`kafkajs: ${entry.log.message} ${entry.log.error ?? ""}`),
	});
	const name = `kafkajs-${process.pid}${numbered ? `-${i}` : ""}`;
	const partition = o.partition === "own" ? undefined : Number(o.partition) + i - 1; // undefined: the library chooses
	return { kafka, emit, name, partition, group: o.group && own(o.group) };
}

async function read({ kafka, emit, name, group }) {
	const consumer = kafka.consumer({ groupId: group ?? name });
	stops.push(() => consumer.disconnect());
	consumer.on(consumer.events.CRASH, (e) => emit("error", { error: String(e.payload.error) }));
	if (role === "group") {
		consumer.on(consumer.events.GROUP_JOIN, (e) =>
			emit("assigned", { partitions: e.payload.memberAssignment[o.topic] ?? [] }));
		consumer.on(consumer.events.REBALANCING, () => emit("revoked"));
	}
	await consumer.connect();
	await consumer.subscribe({ topic: o.topic, fromBeginning: o.from === "first" });
	await consumer.run({
		eachMessage: async ({ partition, message }) =>
			emit("read", { id: message.value.toString().split(" ")[0], partition, offset: Number(message.offset) }),
	});
	const turn = (paused) => {
		(paused ? consumer.pause : consumer.resume).call(consumer, [{ topic: o.topic }]);
		setTimeout(turn, paused ? Number(o.pause) * 1000 : runsMs, !paused);
	};
	if (Number(o.pause)) setTimeout(turn, runsMs, true);
}

// By default this library asks for all acks, retries 5 times and is not idempotent: what pipeline settings are, too.
async function write({ kafka, emit, name, partition }) {
	const pipeline = o.settings === "pipeline";
	const producer = kafka.producer({
		...(pipeline && { idempotent: false }),
		...(set["enable.idempotence"] === "true" && { idempotent: true, maxInFlightRequests: 1 }),
		...(set.retries && { retry: { retries: Number(set.retries) } }),
	});
	const level = set.acks ?? o.acks ?? (pipeline ? "all" : undefined);
	const acks = level === undefined ? {} : { acks: { all: -1, 1: 1, 0: 0 }[level] };
	await producer.connect();
	let seq = 0;
	const timer = setInterval(async () => {
		const mine = ++seq;
		const id = `${name}-${mine}`;
		try {
			const value = Number(o.size) > id.length ? id + " ".padEnd(Number(o.size) - id.length, ".") : id;
			const at = Number(o.partitions) ? mine % Number(o.partitions) : partition;
			const r = await producer.send({ topic: o.topic, ...acks, messages: [{ value, partition: at }] });
			emit("wrote", { id, partition: at ?? r[0]?.partition, offset: r[0] ? Number(r[0].baseOffset) : null });
		} catch (e) {
			emit("error", { id, error: String(e) });
		}
	}, 1000 / Number(o.rate));
	stops.push(() => {
		clearInterval(timer);
		return producer.disconnect();
	});
}

if (role !== "read" && role !== "group" && role !== "write") {
	console.error("usage: client.js read|group|write --bootstrap HOST:PORT,... --client-id ID --topic T ...");
	process.exit(2);
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
