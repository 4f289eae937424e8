// A Kafka application on the Java client.
//
// In:  flags, the form every client of the end-to-end suite has:
//
//	Client read  --bootstrap h:p,h:p --client-id ID --topic T --partition N [--group G] [--from first|last]
//	Client write --bootstrap h:p,h:p --client-id ID --topic T --partition N --rate N [--acks all|1|0]
//
// Out: JSON lines on stdout, the form of tests/clients/kafka-go/event.go; the library's messages on stderr.
// Who: tests/clients/run.
//
// An ordinary application: it leaves all reconnecting and retrying to the library.

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public final class Client {
	private static long n;
	private static volatile boolean stopping;

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

	private static synchronized void emit(String event, String id, Integer partition, Long offset, Object error) {
		if (event.equals("read") || event.equals("wrote")) n++;
		System.out.printf("{\"t\":\"%s\",\"event\":\"%s\",\"n\":%d,\"id\":%s,\"partition\":%s,\"offset\":%s,\"error\":%s}%n",
				Instant.now(), event, n, quoted(id), partition, offset, quoted(error));
		System.out.flush();
	}

	private static void read(Map<String, String> o, Properties p) {
		boolean first = o.getOrDefault("from", "first").equals("first");
		p.put("auto.offset.reset", first ? "earliest" : "latest");
		if (o.containsKey("group")) p.put("group.id", o.get("group"));
		try (var c = new KafkaConsumer<>(p, new StringDeserializer(), new StringDeserializer())) {
			Thread main = Thread.currentThread();
			atEnd(main, c::wakeup);
			if (o.containsKey("group")) {
				c.subscribe(List.of(o.get("topic")));
			} else {
				var tp = List.of(new TopicPartition(o.get("topic"), Integer.parseInt(o.getOrDefault("partition", "0"))));
				c.assign(tp);
				if (first) c.seekToBeginning(tp);
				else c.seekToEnd(tp);
			}
			while (!stopping)
				for (var r : c.poll(Duration.ofMillis(500)))
					emit("read", r.value(), r.partition(), r.offset(), null);
		} catch (WakeupException e) {
			if (!stopping) throw e;
		}
	}

	private static void write(Map<String, String> o, Properties p) throws InterruptedException {
		p.put("acks", o.getOrDefault("acks", "all"));
		p.put("enable.idempotence", "false");
		p.put("linger.ms", "5");
		long gap = (long) (1e9 / Double.parseDouble(o.getOrDefault("rate", "10")));
		Integer partition = Integer.valueOf(o.getOrDefault("partition", "0"));
		try (var w = new KafkaProducer<>(p, new StringSerializer(), new StringSerializer())) {
			atEnd(Thread.currentThread(), () -> { });
			long due = System.nanoTime();
			for (long seq = 1; !stopping; seq++) {
				due += gap;
				Thread.sleep(Duration.ofNanos(Math.max(0, due - System.nanoTime())).toMillis());
				String id = "java-" + ProcessHandle.current().pid() + "-" + seq;
				w.send(new ProducerRecord<>(o.get("topic"), partition, null, id), (m, e) -> {
					if (e != null) emit("error", id, null, null, e);
					else emit("wrote", id, m.partition(), m.hasOffset() ? m.offset() : null, null);
				});
			}
		}
	}

	// On SIGTERM: asks the loop to end and waits for it, 5 s at most.
	private static void atEnd(Thread loop, Runnable wake) {
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
		if (args.length % 2 == 0 || !(args[0].equals("read") || args[0].equals("write"))) {
			System.err.println("usage: Client read|write --bootstrap HOST:PORT,... --client-id ID --topic T ...");
			System.exit(2);
		}
		Map<String, String> o = new HashMap<>();
		for (int i = 1; i < args.length; i += 2) o.put(args[i].replaceFirst("^--", ""), args[i + 1]);
		Properties p = new Properties();
		p.put("bootstrap.servers", o.get("bootstrap"));
		p.put("client.id", o.get("client-id"));
		emit("start", null, null, null, null);
		try {
			if (args[0].equals("read")) read(o, p);
			else write(o, p);
		} catch (RuntimeException e) {
			emit("error", null, null, null, e);
			Runtime.getRuntime().halt(1);
		}
		emit("stop", null, null, null, null);
	}
}
