// A Kafka application on the Java client.
//
// In:  flags, the form every client of the end-to-end suite has:
//
//	Client read  --bootstrap h:p,h:p --client-id ID --topic T --partition N [--from first|last]
//	Client group --bootstrap h:p,h:p --client-id ID --topic T --group G [--from first|last]
//	Client write --bootstrap h:p,h:p --client-id ID --topic T --partition N --rate N [--acks all|1|0] [--settings S]
//
// and --instances N for each: tests/peers/clients/run explains it.
//
// Out: JSON lines on stdout, the form of tests/peers/app/event.go; the library's messages on stderr.
// Who: tests/peers/clients/run.
//
// An ordinary application: it leaves all reconnecting and retrying to the library, and goes on after an error. Its writer
// has the library's defaults, or (--settings pipeline) many requests in flight: no idempotence, no batches.

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public final class Client {
	static volatile boolean stopping;

	private long n;
	final Map<String, String> o;
	final Properties p = new Properties();
	private final String name; // the beginning of its record ids
	private final String number; // what every line says of it

	// One of several clients of the process has a number, which becomes the %d of --client-id and --group.
	Client(Map<String, String> all, int i, boolean numbered) {
		o = new HashMap<>(all);
		if (numbered)
			for (String key : List.of("client-id", "group", "set")) o.computeIfPresent(key, (k, v) -> v.replace("%d", "" + i));
		o.putIfAbsent("partition", "0");
		o.computeIfPresent("partition", (k, v) -> v.equals("own") ? null : "" + (Integer.parseInt(v) + i - 1)); // none: the library chooses
		name = "java-" + ProcessHandle.current().pid() + (numbered ? "-" + i : "") + "-";
		number = numbered ? ",\"client\":" + i : "";
		p.put("bootstrap.servers", o.get("bootstrap"));
		p.put("client.id", o.get("client-id"));
		for (String pair : o.getOrDefault("set", "").split(";")) {
			int at = pair.indexOf('=');
			if (at > 0) p.put(pair.substring(0, at), pair.substring(at + 1));
		}
		if (p.containsKey("sasl.mechanism")) {
			String module = p.get("sasl.mechanism").equals("PLAIN") ? "plain.Plain" : "scram.Scram";
			p.put("security.protocol", "SASL_PLAINTEXT");
			p.put("sasl.jaas.config", "org.apache.kafka.common.security." + module + "LoginModule required username=app password=secret;");
		}
	}

	private static String quoted(Object o) {
		if (o == null) return "null";
		StringBuilder s = new StringBuilder("\"");
		for (char c : o.toString().toCharArray()) {
			if (c == '"' || c == '\\') s.append('\\').append(c);
			else if (c < ' ') s.append(String.format("\\u%04x", (int) c));
			else s.append(c);
		}
		return s.append('"').toString();
	}

	void emit(String event, String id, Integer partition, Long offset, Object error) {
		emit(event, id, partition, offset, error, "");
	}

	synchronized void emit(String event, String id, Integer partition, Long offset, Object error, String more) {
		if (event.equals("read") || event.equals("wrote")) n++;
		System.out.printf("{\"t\":\"%s\",\"event\":\"%s\",\"n\":%d,\"id\":%s,\"partition\":%s,\"offset\":%s,\"error\":%s%s%s}%n",
				Instant.now(), event, n, quoted(id), partition, offset, quoted(error), number, more);
		System.out.flush();
	}

	// What a group's member is told.
	private ConsumerRebalanceListener member(KafkaConsumer<String, String> c) {
		return new ConsumerRebalanceListener() {
			private void tell(String what, Collection<TopicPartition> partitions) {
				emit(what, null, null, null, null, ",\"partitions\":" + partitions.stream().map(TopicPartition::partition).sorted().toList()
						+ ",\"generation\":" + c.groupMetadata().generationId());
			}

			@Override public void onPartitionsAssigned(Collection<TopicPartition> p) { tell("assigned", p); }
			@Override public void onPartitionsRevoked(Collection<TopicPartition> p) { tell("revoked", p); }
		};
	}

	private static final int RUNS_S = 10; // between two pauses

	private void read() throws InterruptedException {
		boolean first = o.getOrDefault("from", "first").equals("first");
		p.put("auto.offset.reset", first ? "earliest" : "latest");
		if (o.containsKey("group")) p.put("group.id", o.get("group"));
		try (var c = new KafkaConsumer<>(p, new StringDeserializer(), new StringDeserializer())) {
			Thread main = Thread.currentThread();
			atEnd(main, c::wakeup);
			if (o.containsKey("group")) {
				c.subscribe(List.of(o.get("topic")), member(c));
			} else {
				var tp = List.of(new TopicPartition(o.get("topic"), Integer.parseInt(o.getOrDefault("partition", "0"))));
				c.assign(tp);
				if (first) c.seekToBeginning(tp);
				else c.seekToEnd(tp);
			}
			long pause = Long.parseLong(o.getOrDefault("pause", "0"));
			Instant until = Instant.now().plusSeconds(RUNS_S);
			while (!stopping) {
				try {
					for (var r : c.poll(Duration.ofMillis(500)))
						emit("read", r.value().split(" ")[0], r.partition(), r.offset(), null);
					if (pause > 0 && Instant.now().isAfter(until)) {
						if (c.paused().isEmpty()) c.pause(c.assignment());
						else c.resume(c.paused());
						until = Instant.now().plusSeconds(c.paused().isEmpty() ? RUNS_S : pause);
					}
				} catch (WakeupException e) {
					throw e;
				} catch (KafkaException e) {
					emit("error", null, null, null, e);
					Thread.sleep(100);
				}
			}
		} catch (WakeupException e) {
			if (!stopping) throw e;
		}
	}

	private static final long TRANSACTION_NS = 1_000_000_000; // with a transactional.id: so long is each, one behind the other
	private final List<Runnable> uncommitted = Collections.synchronizedList(new ArrayList<>());

	// What is in a transaction counts as written once it is committed.
	private void commit(KafkaProducer<String, String> w) {
		try {
			w.commitTransaction();
			uncommitted.forEach(Runnable::run);
		} catch (KafkaException e) {
			emit("error", null, null, null, "aborted: " + e);
			w.abortTransaction();
		}
		uncommitted.clear();
	}

	private void write() throws InterruptedException {
		// By default it retries for 120 s (2147483647 times); since 3.0 it is idempotent with acks all, before it asks for one ack.
		if (o.getOrDefault("settings", "pipeline").equals("pipeline")) {
			o.putIfAbsent("acks", "all");
			p.put("enable.idempotence", "false");
			p.put("linger.ms", "0");
			p.put("batch.size", "0");
			p.put("max.in.flight.requests.per.connection", "1000");
		}
		if (o.containsKey("acks")) p.put("acks", o.get("acks"));
		long gap = (long) (1e9 / Double.parseDouble(o.getOrDefault("rate", "10")));
		Integer partition = o.containsKey("partition") ? Integer.valueOf(o.get("partition")) : null;
		int partitions = Integer.parseInt(o.getOrDefault("partitions", "0"));
		int size = Integer.parseInt(o.getOrDefault("size", "0"));
		try (var w = new KafkaProducer<>(p, new StringSerializer(), new StringSerializer())) {
			atEnd(Thread.currentThread(), () -> { });
			boolean transactional = p.containsKey("transactional.id");
			if (transactional) w.initTransactions();
			long due = System.nanoTime(), begun = 0;
			for (long seq = 1; !stopping; seq++) {
				due += gap;
				Thread.sleep(Duration.ofNanos(Math.max(0, due - System.nanoTime())).toMillis());
				String id = name + seq, value = size > id.length() ? id + " " + ".".repeat(size - id.length() - 1) : id;
				Integer at = partitions > 0 ? Integer.valueOf((int) (seq % partitions)) : partition;
				if (transactional && begun == 0) {
					w.beginTransaction();
					begun = System.nanoTime();
				}
				w.send(new ProducerRecord<>(o.get("topic"), at, null, value), (m, e) -> {
					Runnable wrote = () -> emit("wrote", id, m.partition(), m.hasOffset() ? m.offset() : null, null);
					if (e != null) emit("error", id, null, null, e);
					else if (transactional) uncommitted.add(wrote);
					else wrote.run();
				});
				if (transactional && System.nanoTime() - begun >= TRANSACTION_NS) {
					commit(w);
					begun = 0;
				}
			}
			if (begun != 0) commit(w);
		}
	}

	// On SIGTERM: asks the loop to end and waits for it, 5 s at most.
	static void atEnd(Thread loop, Runnable wake) {
		Runtime.getRuntime().addShutdownHook(new Thread(() -> {
			stopping = true;
			wake.run();
			try {
				loop.join(5000);
			} catch (InterruptedException e) {
				Thread.currentThread().interrupt();
			}
		}));
	}

	public static void main(String[] args) throws Exception {
		if (args.length % 2 == 0 || !List.of("read", "group", "write").contains(args[0])) {
			System.err.println("usage: Client read|group|write --bootstrap HOST:PORT,... --client-id ID --topic T ...");
			System.exit(2);
		}
		Map<String, String> o = new HashMap<>();
		for (int i = 1; i < args.length; i += 2) o.put(args[i].replaceFirst("^--", ""), args[i + 1]);
		int instances = Integer.parseInt(o.getOrDefault("instances", "1"));
		boolean numbered = instances > 1 || (o.get("client-id") + o.get("group")).contains("%d");
		for (int i = 1; i <= instances; i++) {
			Client c = new Client(o, i, numbered);
			new Thread(() -> c.run(args[0])).start();
		}
	}

	private void run(String role) {
		emit("start", null, null, null, null);
		try {
			if (role.equals("write")) write();
			else read();
		} catch (RuntimeException | InterruptedException e) {
			emit("error", null, null, null, e);
			Runtime.getRuntime().halt(1);
		}
		emit("stop", null, null, null, null);
	}
}
