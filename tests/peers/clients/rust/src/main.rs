//! A Kafka application on rust-rdkafka or on rskafka.
//!
//! In:  client rdkafka group|write FLAGS..., client rskafka read|write FLAGS...: tests/peers/clients/run says the flags. rskafka
//!      has no groups; its reader has one partition. --set has librdkafka's properties.
//! Out: JSON lines on stdout, the form of tests/peers/app/event.go; the libraries' messages on stderr.
//! Who: tests/peers/clients/run.
//!
//! An ordinary application with the library's defaults: it leaves all reconnecting and retrying to the library. It ends at once
//! on SIGTERM: what is not acknowledged by then is not.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseRecord, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, ClientContext};
use rskafka::client::partition::{Compression, OffsetAt, UnknownTopicHandling};
use rskafka::client::ClientBuilder;
use rskafka::record::Record;

type Flags = HashMap<String, String>;

struct Output {
    client: usize,
    n: AtomicU64,
}

fn quoted(s: &str) -> String {
    let mut out = String::from("\"");
    for c in s.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if (c as u32) < 32 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out + "\""
}

impl Output {
    fn emit(&self, event: &str, id: Option<&str>, partition: Option<i32>, offset: Option<i64>, error: Option<&str>) {
        let counts = event == "read" || event == "wrote";
        let n = self.n.fetch_add(counts as u64, Ordering::Relaxed) + counts as u64;
        let text = |v: Option<&str>| v.map_or("null".to_string(), quoted);
        let number = |v: Option<i64>| v.map_or("null".to_string(), |n| n.to_string());
        println!(
            "{{\"t\":\"{}\",\"event\":\"{event}\",\"n\":{n},\"id\":{},\"partition\":{},\"offset\":{},\"error\":{},\"client\":{}}}",
            chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.6fZ"),
            text(id),
            number(partition.map(i64::from)),
            number(offset),
            text(error),
            self.client
        );
    }
}

struct Context(Arc<Output>);

impl ClientContext for Context {}

impl ConsumerContext for Context {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, r: &Rebalance<'_>) {
        match r {
            Rebalance::Assign(_) => self.0.emit("assigned", None, None, None, None),
            Rebalance::Revoke(_) => self.0.emit("revoked", None, None, None, None),
            Rebalance::Error(e) => self.0.emit("error", None, None, None, Some(&e.to_string())),
        }
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Box<String>;

    fn delivery(&self, r: &DeliveryResult<'_>, id: Self::DeliveryOpaque) {
        match r {
            Ok(m) => self.0.emit("wrote", Some(id.as_str()), Some(m.partition()), Some(m.offset()), None),
            Err((e, _)) => self.0.emit("error", Some(id.as_str()), None, None, Some(&e.to_string())),
        }
    }
}

fn config(o: &Flags) -> ClientConfig {
    let mut c = ClientConfig::new();
    c.set("bootstrap.servers", &o["bootstrap"]).set("client.id", &o["client-id"]);
    for pair in o.get("set").map(String::as_str).unwrap_or("").split(';') {
        if let Some((k, v)) = pair.split_once('=') {
            c.set(k, v);
        }
    }
    c
}

/// Record ids with the time to write each, --rate a second.
fn paced(o: &Flags, lib: &'static str, client: usize) -> impl Iterator<Item = (Instant, String)> {
    let gap = Duration::from_secs_f64(1.0 / o.get("rate").map_or(10.0, |v| v.parse::<f64>().unwrap()));
    let start = Instant::now();
    (1..).map(move |seq: u32| (start + gap * seq, format!("{lib}-{}-{client}-{seq}", std::process::id())))
}

/// None: the library's own partitioner chooses.
fn partition(o: &Flags, client: usize) -> Option<i32> {
    match o.get("partition").map(String::as_str) {
        Some("own") => None,
        first => Some(first.map_or(0, |v| v.parse::<i32>().unwrap()) + client as i32 - 1),
    }
}

fn rdkafka_write(o: &Flags, out: Arc<Output>) {
    let p: ThreadedProducer<Context> = config(o).create_with_context(Context(out.clone())).expect("producer");
    let (topic, partition) = (&o["topic"], partition(o, out.client));
    for (due, id) in paced(o, "rust-rdkafka", out.client) {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let value = id.clone();
        let mut record: BaseRecord<'_, (), str, Box<String>> = BaseRecord::with_opaque_to(topic, Box::new(id.clone())).payload(&value);
        record.partition = partition;
        if let Err((e, _)) = p.send(record) {
            out.emit("error", Some(&id), None, None, Some(&e.to_string()));
        }
    }
}

fn rdkafka_group(o: &Flags, out: Arc<Output>) {
    let reset = if o.get("from").map(String::as_str) == Some("last") { "latest" } else { "earliest" };
    let mut c = config(o);
    c.set("group.id", &o["group"]).set("auto.offset.reset", reset);
    let c: BaseConsumer<Context> = c.create_with_context(Context(out.clone())).expect("consumer");
    c.subscribe(&[&o["topic"]]).expect("subscribe");
    loop {
        match c.poll(Duration::from_millis(500)) {
            Some(Ok(m)) => {
                let text = String::from_utf8_lossy(m.payload().unwrap_or(b"")).into_owned();
                out.emit("read", text.split(' ').next(), Some(m.partition()), Some(m.offset()), None)
            }
            Some(Err(e)) => out.emit("error", None, None, None, Some(&e.to_string())),
            None => {}
        }
    }
}

async fn rskafka_partition(o: &Flags, out: &Output) -> rskafka::client::partition::PartitionClient {
    let bootstrap = o["bootstrap"].split(',').map(String::from).collect();
    let client = ClientBuilder::new(bootstrap).client_id(o["client-id"].as_str()).build().await.expect("client");
    let partition = partition(o, out.client).unwrap_or(out.client as i32 - 1); // it has no partitioner
    client.partition_client(o["topic"].clone(), partition, UnknownTopicHandling::Retry).await.expect("partition")
}

/// The records do not wait for one another, as those of a server's handlers; with max.in.flight.requests.per.connection=1 they do.
fn rskafka_write(o: &Flags, out: Arc<Output>) {
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let waits = o.get("set").is_some_and(|s| s == "max.in.flight.requests.per.connection=1");
    rt.block_on(async {
        let p = Arc::new(rskafka_partition(o, &out).await);
        for (due, id) in paced(o, "rskafka", out.client) {
            tokio::time::sleep(due.saturating_duration_since(Instant::now())).await;
            let (p, out) = (p.clone(), out.clone());
            let one = tokio::spawn(async move {
                let record = Record { key: None, value: Some(id.clone().into_bytes()), headers: BTreeMap::new(), timestamp: chrono::Utc::now() };
                match p.produce(vec![record], Compression::NoCompression).await {
                    Ok(_) => out.emit("wrote", Some(&id), Some(p.partition()), None, None),
                    Err(e) => out.emit("error", Some(&id), None, None, Some(&e.to_string())),
                }
            });
            if waits {
                one.await.expect("a write");
            }
        }
    });
}

fn rskafka_read(o: &Flags, out: Arc<Output>) {
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    rt.block_on(async {
        let p = rskafka_partition(o, &out).await;
        let mut next = p.get_offset(OffsetAt::Latest).await.expect("offset");
        loop {
            match p.fetch_records(next, 1..1_000_000, 500).await {
                Ok((records, _)) => {
                    for r in records {
                        next = r.offset + 1;
                        let text = String::from_utf8_lossy(r.record.value.as_deref().unwrap_or(b"")).into_owned();
                        out.emit("read", text.split(' ').next(), Some(p.partition()), Some(r.offset), None);
                    }
                }
                Err(e) => {
                    out.emit("error", None, None, None, Some(&e.to_string()));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    });
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let run: fn(&Flags, Arc<Output>) = match args.get(1..3).map(|a| (a[0].as_str(), a[1].as_str())) {
        Some(("rdkafka", "write")) => rdkafka_write,
        Some(("rdkafka", "group")) => rdkafka_group,
        Some(("rskafka", "write")) => rskafka_write,
        Some(("rskafka", "read")) => rskafka_read,
        _ => {
            eprintln!("usage: client rdkafka group|write ..., client rskafka read|write --bootstrap HOST:PORT,... --client-id ID --topic T ...");
            std::process::exit(2);
        }
    };
    let o: Flags = args[3..].chunks(2).map(|c| (c[0].trim_start_matches('-').to_string(), c.get(1).cloned().unwrap_or_default())).collect();
    let instances: usize = o.get("instances").map_or(1, |v| v.parse().unwrap());
    let all: Vec<_> = (1..=instances)
        .map(|i| {
            let mut o = o.clone();
            for key in ["client-id", "group", "set"] {
                if let Some(v) = o.get_mut(key) {
                    *v = v.replace("%d", &i.to_string());
                }
            }
            std::thread::spawn(move || {
                let out = Arc::new(Output { client: i, n: AtomicU64::new(0) });
                out.emit("start", None, None, None, None);
                run(&o, out);
            })
        })
        .collect();
    for t in all {
        if t.join().is_err() {
            std::process::exit(1);
        }
    }
}
