// A Kafka application on kafkajs.
//
// In:  flags, the form every client of the end-to-end suite has:
//
//	client.js read  --bootstrap h:p,h:p --client-id ID --topic T [--from first|last]
//	client.js group --bootstrap h:p,h:p --client-id ID --topic T --group G [--from first|last]
//	client.js write --bootstrap h:p,h:p --client-id ID --topic T --partition N --rate N [--acks all|1|0]
//
// Out: JSON lines on stdout, the form of tests/clients/kafka-go/event.go; the library's messages on stderr.
// Who: tests/clients/run.
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
		acks: { type: "string", default: "all" },
	},
});

let n = 0;
function emit(event, { id = null, partition = null, offset = null, error = null, ...more } = {}) {
	if (event === "read" || event === "wrote") n++;
	console.log(JSON.stringify({ t: new Date().toISOString(), event, n, id, partition, offset, error, ...more }));
}

const kafka = new Kafka({
	clientId: o["client-id"],
	brokers: o.bootstrap.split(","),
	logLevel: logLevel.WARN,
	logCreator: () => (entry) => console.error(`kafkajs: ${entry.log.message} ${entry.log.error ?? ""}`),
});

async function read() {
	const consumer = kafka.consumer({ groupId: o.group ?? `kafkajs-${process.pid}` });
	stop = () => consumer.disconnect();
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
			emit("read", { id: message.value.toString(), partition, offset: Number(message.offset) }),
	});
}

async function write() {
	const producer = kafka.producer({ idempotent: false });
	const acks = { all: -1, 1: 1, 0: 0 }[o.acks];
	const partition = Number(o.partition);
	await producer.connect();
	let seq = 0;
	const timer = setInterval(async () => {
		const id = `kafkajs-${process.pid}-${++seq}`;
		try {
			const r = await producer.send({ topic: o.topic, acks, messages: [{ value: id, partition }] });
			emit("wrote", { id, partition, offset: r[0] ? Number(r[0].baseOffset) : null });
		} catch (e) {
			emit("error", { id, error: String(e) });
		}
	}, 1000 / Number(o.rate));
	stop = () => {
		clearInterval(timer);
		return producer.disconnect();
	};
}

let stop = async () => {};
for (const s of ["SIGTERM", "SIGINT"])
	process.once(s, async () => {
		setTimeout(() => process.exit(1), 5000).unref();
		await stop();
		emit("stop");
		process.exit(0);
	});

if (role !== "read" && role !== "group" && role !== "write") {
	console.error("usage: client.js read|group|write --bootstrap HOST:PORT,... --client-id ID --topic T ...");
	process.exit(2);
}
emit("start");
(role === "write" ? write() : read()).catch((e) => {
	emit("error", { error: String(e) });
	process.exit(1);
});
