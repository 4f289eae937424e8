// A Kafka application on the current kafka-go, the client of rezone's mission.
//
// In:  flags, the form every client of the end-to-end suite has:
//
//	client read  --bootstrap h:p,h:p --client-id ID --topic T --partition N [--from first|last]
//	client group --bootstrap h:p,h:p --client-id ID --topic T --group G [--from first|last]
//	client write --bootstrap h:p,h:p --client-id ID --topic T --rate N [--acks all|1|0] [--settings S]
//
// and --instances N for each: tests/peers/clients/run explains it.
//
// Out: JSON lines on stdout (tests/peers/app); the library's own messages on stderr.
// Who: tests/peers/clients/run.
//
// An ordinary application: it leaves all reconnecting and retrying to the library.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	kafka "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
	"rezone/tests/peers/app"
)

type options struct {
	bootstrap                          []string
	clientID, topic, group, from, acks string
	partition                          int
	rate                               float64
	settings, name                     string // name: what tells the record ids of several instances apart
	instances                          int
	app.Settings
}

func parse(command string, args []string) options {
	var o options
	fs := flag.NewFlagSet(command, flag.ExitOnError)
	bootstrap := fs.String("bootstrap", "", "`HOST:PORT,...`")
	fs.StringVar(&o.clientID, "client-id", "", "sent byte for byte")
	fs.StringVar(&o.topic, "topic", "", "topic")
	app.PartitionFlag(fs, &o.partition) // in pipeline settings one client writes to all
	fs.StringVar(&o.group, "group", "", "read as a member of this group")
	fs.StringVar(&o.from, "from", "first", "first or last")
	fs.Float64Var(&o.rate, "rate", 10, "records a second")
	fs.StringVar(&o.acks, "acks", "all", "all, 1 or 0")
	fs.StringVar(&o.settings, "settings", "pipeline", "pipeline or default: how to write")
	fs.IntVar(&o.instances, "instances", 1, "independent clients in this process")
	o.Flags(fs)
	fs.Parse(args)
	o.bootstrap = strings.Split(*bootstrap, ",")
	return o
}

// mechanism of SASL, nil if there is none.
func mechanism(o *options) sasl.Mechanism {
	switch o.Take("sasl.mechanism") {
	case "PLAIN":
		return plain.Mechanism{Username: app.User, Password: app.Password}
	case "SCRAM-SHA-256":
		m, _ := scram.Mechanism(scram.SHA256, app.User, app.Password)
		return m
	}
	return nil
}

func read(ctx context.Context, o options, out *app.Output, library *log.Logger) {
	c := kafka.ReaderConfig{
		Brokers:     o.bootstrap,
		Topic:       o.topic,
		Dialer:      &kafka.Dialer{ClientID: o.clientID, Timeout: 10 * time.Second, DualStack: true, SASLMechanism: mechanism(&o)},
		MinBytes:    1,
		MaxBytes:    1 << 20,
		StartOffset: kafka.FirstOffset,
		ErrorLogger: library,
	}
	if o.from == "last" {
		c.StartOffset = kafka.LastOffset
	}
	o.Rest("kafka-go")
	if o.group != "" {
		c.GroupID = o.group
		c.Logger = &groupLog{out: out}
	} else {
		c.Partition = o.partition
	}
	r := kafka.NewReader(c)
	if o.group == "" { // StartOffset is for groups
		r.SetOffset(c.StartOffset)
	}
	until := time.Now().Add(app.Runs)
	for ctx.Err() == nil { // a member commits each record before it takes the next
		if o.Pause > 0 && time.Now().After(until) { // the library has no pause: the application takes no record
			select {
			case <-ctx.Done():
			case <-time.After(o.Pause):
			}
			until = time.Now().Add(app.Runs)
		}
		m, err := r.ReadMessage(ctx)
		if err != nil {
			if ctx.Err() == nil {
				out.Fail(nil, err)
				time.Sleep(100 * time.Millisecond)
			}
			continue
		}
		id := app.IDOf(string(m.Value))
		out.Emit(app.Event{Event: "read", ID: &id, Partition: &m.Partition, Offset: &m.Offset})
	}
	app.AtMost(3*time.Second, func() { r.Close() }) // leaves the group
}

// maxWaiting bounds the records handed over but not yet acknowledged while agents are away.
const maxWaiting = 1000

// writer has the library's defaults (a batch waits up to 1 s, 10 attempts, no idempotence: it has none) but for acks, which
// a Writer that is not made by NewWriter does not ask for: without them nobody could say what was acknowledged.
func writer(o *options, library *log.Logger) *kafka.Writer {
	acks := map[string]kafka.RequiredAcks{"all": kafka.RequireAll, "1": kafka.RequireOne, "0": kafka.RequireNone}
	w := &kafka.Writer{
		Addr:         kafka.TCP(o.bootstrap...),
		Topic:        o.topic,
		RequiredAcks: acks[o.acks],
		Transport:    &kafka.Transport{ClientID: o.clientID, SASL: mechanism(o)},
		ErrorLogger:  library,
	}
	if o.settings == "pipeline" {
		w.BatchTimeout = 20 * time.Millisecond // one request at a time for each partition is all this library has in flight
	}
	if o.partition != app.Own && (o.settings == "default" || o.instances > 1) {
		seq := 0 // called by one goroutine at a time or not: any spread is good
		w.Balancer = kafka.BalancerFunc(func(kafka.Message, ...int) int {
			seq++
			return o.At(seq, o.partition)
		})
	}
	if level := o.Take("acks"); level != "" {
		w.RequiredAcks = acks[level]
	}
	if n := o.TakeNumber("retries"); n >= 0 {
		w.MaxAttempts = n + 1
	}
	if n := o.TakeNumber("linger.ms"); n >= 0 {
		w.BatchTimeout = time.Duration(n) * time.Millisecond
	}
	if n := o.TakeNumber("batch.size"); n >= 0 {
		w.BatchBytes = int64(n)
	}
	o.Rest("kafka-go")
	return w
}

func write(ctx context.Context, o options, out *app.Output, library *log.Logger) {
	w := writer(&o, library)
	var waiting sync.WaitGroup
	slots := make(chan struct{}, maxWaiting)
	tick := time.NewTicker(time.Duration(float64(time.Second) / o.rate))
	defer tick.Stop()
	for seq := 1; ctx.Err() == nil; seq++ {
		select {
		case <-ctx.Done():
			continue
		case <-tick.C:
		}
		slots <- struct{}{}
		id := fmt.Sprintf("kafka-go-%d%s-%d", os.Getpid(), o.name, seq)
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			err := w.WriteMessages(context.Background(), kafka.Message{Value: []byte(o.Value(id))})
			<-slots
			if err != nil {
				out.Fail(&id, err)
				return
			}
			out.Emit(app.Event{Event: "wrote", ID: &id})
		}()
	}
	app.AtMost(5*time.Second, func() { waiting.Wait(); w.Close() })
}

func main() {
	if len(os.Args) < 2 || os.Args[1] != "read" && os.Args[1] != "group" && os.Args[1] != "write" {
		fmt.Fprintln(os.Stderr, "usage: client read|group|write --bootstrap HOST:PORT,... --client-id ID --topic T ...")
		os.Exit(2)
	}
	o := parse(os.Args[1], os.Args[2:])
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	library := log.New(os.Stderr, "kafka-go: ", log.LstdFlags|log.Lmicroseconds)
	run := read
	if os.Args[1] == "write" {
		run = write
	}
	app.Each(o.instances, o.clientID, o.group, func(i app.Instance, out *app.Output) {
		o := o
		o.Settings = o.Settings.Copy()
		o.clientID, o.group, o.name = i.ClientID, i.Group, i.Name
		o.partition = app.PartitionOf(o.partition, i)
		out.Emit(app.Event{Event: "start"})
		run(ctx, o, out, library)
		out.Emit(app.Event{Event: "stop"})
	})
}
