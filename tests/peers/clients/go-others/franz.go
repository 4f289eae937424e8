// The applications on franz-go.
//
// In:  options (main.go). Out: an event a record, an assignment or an error.
// Who: main.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"rezone/tests/peers/app"
)

func franzOptions(o options, library *log.Logger) []kgo.Opt {
	opts := []kgo.Opt{
		kgo.SeedBrokers(o.bootstrap...), kgo.ClientID(o.clientID),
		kgo.WithLogger(kgo.BasicLogger(library.Writer(), kgo.LogLevelWarn, nil)),
	}
	switch o.Take("sasl.mechanism") {
	case "PLAIN":
		opts = append(opts, kgo.SASL(plain.Auth{User: app.User, Pass: app.Password}.AsMechanism()))
	case "SCRAM-SHA-256":
		opts = append(opts, kgo.SASL(scram.Auth{User: app.User, Pass: app.Password}.AsSha256Mechanism()))
	}
	if id := o.Take("group.instance.id"); id != "" {
		opts = append(opts, kgo.InstanceID(o.group+o.name))
	}
	return opts
}

// franzGroup makes the reader a member of its group, which commits every 5 s by itself.
func franzGroup(o options, out *app.Output, at kgo.Offset) []kgo.Opt {
	tell := func(what string) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, cl *kgo.Client, topics map[string][]int32) {
			partitions := append([]int32{}, topics[o.topic]...)
			_, generation := cl.GroupMetadata()
			out.Emit(app.Event{Event: what, Partitions: &partitions, Generation: &generation})
		}
	}
	return []kgo.Opt{
		kgo.ConsumerGroup(o.group), kgo.ConsumeTopics(o.topic), kgo.ConsumeResetOffset(at),
		kgo.OnPartitionsAssigned(tell("assigned")), kgo.OnPartitionsRevoked(tell("revoked")), kgo.OnPartitionsLost(tell("revoked")),
	}
}

func franzRead(ctx context.Context, o options, out *app.Output, library *log.Logger) error {
	at := kgo.NewOffset().AtStart()
	if o.from == "last" {
		at = kgo.NewOffset().AtEnd()
	}
	opts := franzOptions(o, library)
	if o.group != "" {
		opts = append(opts, franzGroup(o, out, at)...)
	} else {
		opts = append(opts, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{o.topic: {int32(o.partition): at}}))
	}
	o.Rest("franz-go")
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return err
	}
	until, paused := time.Now().Add(app.Runs), false
	for ctx.Err() == nil {
		if o.Pause > 0 && time.Now().After(until) {
			paused = !paused
			if until = time.Now().Add(app.Runs); paused {
				cl.PauseFetchTopics(o.topic)
				until = time.Now().Add(o.Pause)
			} else {
				cl.ResumeFetchTopics(o.topic)
			}
		}
		poll, cancel := context.WithTimeout(ctx, time.Second)
		fetches := cl.PollFetches(poll)
		cancel()
		fetches.EachError(func(_ string, _ int32, err error) {
			if ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded) {
				out.Fail(nil, err)
				pause(ctx)
			}
		})
		fetches.EachRecord(func(r *kgo.Record) {
			id, partition := app.IDOf(string(r.Value)), int(r.Partition)
			out.Emit(app.Event{Event: "read", ID: &id, Partition: &partition, Offset: &r.Offset})
		})
	}
	app.AtMost(3*time.Second, cl.Close) // leaves the group
	return nil
}

// franzProducer: by default this library is idempotent with acks all, retries without end and lingers 10 ms.
func franzProducer(o options) []kgo.Opt {
	opts := []kgo.Opt{
		kgo.ProducerBatchCompression(kgo.NoCompression()), // it would take snappy, which not every reader here knows
	}
	if o.partition != app.Own {
		opts = append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	}
	acks := map[string]kgo.Acks{"all": kgo.AllISRAcks(), "1": kgo.LeaderAck(), "0": kgo.NoAck()}
	if level := o.Take("acks"); level != "" {
		o.acks = level
	}
	plain := o.Take("enable.idempotence") == "false"
	if n := o.TakeNumber("retries"); n >= 0 {
		opts = append(opts, kgo.RecordRetries(n))
	}
	if n := o.TakeNumber("linger.ms"); n >= 0 {
		opts = append(opts, kgo.ProducerLinger(time.Duration(n)*time.Millisecond))
	}
	if n := o.TakeNumber("batch.size"); n >= 0 {
		opts = append(opts, kgo.ProducerBatchMaxBytes(int32(n)))
	}
	if level, told := acks[o.acks]; told {
		opts = append(opts, kgo.RequiredAcks(level))
	}
	if plain || o.settings == "pipeline" || o.acks == "1" || o.acks == "0" { // it is idempotent with all only
		opts = append(opts, kgo.DisableIdempotentWrite())
	}
	if o.settings == "pipeline" {
		opts = append(opts, kgo.MaxProduceRequestsInflightPerBroker(1000), kgo.ProducerLinger(0))
	}
	return opts
}

// franzTransactions of a writer with a transactional.id: each takes a second, one behind the other. What is in one counts as
// written once it is committed.
type franzTransactions struct {
	cl    *kgo.Client
	out   *app.Output
	begun time.Time
	mu    sync.Mutex
	wrote []app.Event
}

func (t *franzTransactions) add(e app.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wrote = append(t.wrote, e)
}

func (t *franzTransactions) begin() {
	if t.begun.IsZero() {
		if err := t.cl.BeginTransaction(); err != nil {
			t.out.Fail(nil, err)
		}
		t.begun = time.Now()
	}
}

func (t *franzTransactions) commit() {
	if t.begun.IsZero() {
		return
	}
	err := t.cl.Flush(context.Background())
	if err == nil {
		err = t.cl.EndTransaction(context.Background(), kgo.TryCommit)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.out.Fail(nil, fmt.Errorf("aborted: %w", err))
		t.cl.EndTransaction(context.Background(), kgo.TryAbort)
		t.wrote = nil
	}
	for _, e := range t.wrote {
		t.out.Emit(e)
	}
	t.begun, t.wrote = time.Time{}, nil
}

func franzWrite(ctx context.Context, o options, out *app.Output, library *log.Logger) error {
	id := o.Take("transactional.id")
	opts := append(franzOptions(o, library), franzProducer(o)...)
	if id != "" {
		opts = append(opts, kgo.TransactionalID(strings.ReplaceAll(id, "%d", strings.TrimPrefix(o.name, "-"))))
	}
	o.Rest("franz-go")
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return err
	}
	in := &franzTransactions{cl: cl, out: out}
	paced(ctx, o, "franz-go", func(record string, partition int32) {
		r := &kgo.Record{Topic: o.topic, Partition: partition, Value: []byte(o.Value(record))}
		if id != "" {
			in.begin()
		}
		cl.Produce(context.Background(), r, func(r *kgo.Record, err error) {
			partition := int(r.Partition)
			wrote := app.Event{Event: "wrote", ID: &record, Partition: &partition, Offset: &r.Offset}
			switch {
			case err != nil:
				out.Fail(&record, err)
			case id != "":
				in.add(wrote)
			default:
				out.Emit(wrote)
			}
		})
		if id != "" && time.Since(in.begun) >= time.Second {
			in.commit()
		}
	})
	end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	in.commit()
	cl.Flush(end)
	app.AtMost(time.Second, cl.Close)
	return nil
}
