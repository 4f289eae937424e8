// Kafka applications that the newest Java libraries alone have: Kafka Streams, and share consumers.
//
// In:  the flags of tests/peers/clients/run: streams or share. streams reads --topic and writes each record to --to; --group is
//      its application.id. --set has the library's own properties.
// Out: JSON lines on stdout, the form of tests/peers/app/event.go. A record that streams has read is "read"; what it wrote is read
//      in the topic --to.
// Who: tests/peers/clients/run.

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.HashMap;

import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

public final class Modern {
	private static void streams(Client c) throws InterruptedException {
		c.p.put("application.id", c.o.get("group"));
		c.p.put("state.dir", System.getProperty("java.io.tmpdir") + "/rezone-streams-" + ProcessHandle.current().pid());
		c.p.put("auto.offset.reset", c.o.getOrDefault("from", "first").equals("first") ? "earliest" : "latest");
		var builder = new StreamsBuilder();
		builder.stream(c.o.get("topic"), Consumed.with(Serdes.String(), Serdes.String()))
				.peek((k, v) -> c.emit("read", v, null, null, null))
				.to(c.o.get("to"), Produced.with(Serdes.String(), Serdes.String()));
		try (var s = new KafkaStreams(builder.build(), c.p)) {
			s.setStateListener((to, from) -> {
				if (to == KafkaStreams.State.ERROR) c.emit("error", null, null, null, "the application is in state ERROR");
				if (to == KafkaStreams.State.RUNNING) c.emit("assigned", null, null, null, null);
				if (to == KafkaStreams.State.REBALANCING) c.emit("revoked", null, null, null, null);
			});
			Client.atEnd(Thread.currentThread(), () -> s.close(Duration.ofSeconds(4)));
			s.start();
			while (!Client.stopping) Thread.sleep(100);
		}
	}

	private static void share(Client c) throws InterruptedException {
		c.p.put("group.id", c.o.get("group"));
		try (var s = new KafkaShareConsumer<>(c.p, new StringDeserializer(), new StringDeserializer())) {
			Client.atEnd(Thread.currentThread(), s::wakeup);
			s.subscribe(List.of(c.o.get("topic")));
			while (!Client.stopping) {
				try {
					for (var r : s.poll(Duration.ofMillis(500))) c.emit("read", r.value(), r.partition(), r.offset(), null);
				} catch (KafkaException e) {
					if (Client.stopping) return;
					c.emit("error", null, null, null, e);
					Thread.sleep(100);
				}
			}
		}
	}

	public static void main(String[] args) {
		Map<String, String> o = new HashMap<>();
		for (int i = 1; i < args.length; i += 2) o.put(args[i].replaceFirst("^--", ""), args[i + 1]);
		int instances = Integer.parseInt(o.getOrDefault("instances", "1"));
		for (int i = 1; i <= instances; i++) {
			Client c = new Client(o, i, true);
			new Thread(() -> {
				c.emit("start", null, null, null, null);
				try {
					if (args[0].equals("streams")) streams(c);
					else share(c);
				} catch (RuntimeException | InterruptedException e) {
					c.emit("error", null, null, null, e);
					Runtime.getRuntime().halt(1);
				}
				c.emit("stop", null, null, null, null);
			}).start();
		}
	}
}
