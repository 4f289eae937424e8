// A Kafka application on confluent-kafka-go, Go's binding of librdkafka.
//
// In:  the flags of tests/peers/clients/run: group or write; --set has librdkafka's own properties.
// Out: JSON lines on stdout (tests/peers/app); the library's own messages on stderr.
// Who: tests/peers/clients/run.
//
// An ordinary application with the library's defaults: it leaves all reconnecting and retrying to the library.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"rezone/tests/peers/app"
)

type options struct {
	bootstrap, clientID, topic, group, from, set, name string
	partition, instances, size                         int
	rate                                               float64
}

func parse(args []string) options {
	var o options
	fs := flag.NewFlagSet("client", flag.ExitOnError)
	fs.StringVar(&o.bootstrap, "bootstrap", "", "`HOST:PORT,...`")
	fs.StringVar(&o.clientID, "client-id", "", "sent byte for byte")
	fs.StringVar(&o.topic, "topic", "", "topic")
	app.PartitionFlag(fs, &o.partition) // its own for "any" is -1, too
	fs.StringVar(&o.group, "group", "", "read as a member of this group")
	fs.StringVar(&o.from, "from", "first", "first or last")
	fs.Float64Var(&o.rate, "rate", 10, "records a second")
	fs.String("settings", "default", "the library's own")
	fs.StringVar(&o.set, "set", "", "`NAME=VALUE;...`, librdkafka's properties")
	fs.IntVar(&o.size, "size", 0, "bytes of a record")
	fs.IntVar(&o.instances, "instances", 1, "independent clients in this process")
	fs.Parse(args)
	return o
}

func config(o options, more kafka.ConfigMap) *kafka.ConfigMap {
	c := kafka.ConfigMap{"bootstrap.servers": o.bootstrap, "client.id": o.clientID}
	for k, v := range more {
		c[k] = v
	}
	for _, pair := range strings.Split(o.set, ";") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			c[name] = value
		}
	}
	return &c
}

func group(ctx context.Context, o options, out *app.Output) error {
	reset := map[string]string{"first": "earliest", "last": "latest"}[o.from]
	c, err := kafka.NewConsumer(config(o, kafka.ConfigMap{"group.id": o.group, "auto.offset.reset": reset}))
	if err != nil {
		return err
	}
	tell := func(what string, of []kafka.TopicPartition) {
		partitions := []int32{}
		for _, p := range of {
			partitions = append(partitions, p.Partition)
		}
		out.Emit(app.Event{Event: what, Partitions: &partitions})
	}
	err = c.SubscribeTopics([]string{o.topic}, func(c *kafka.Consumer, e kafka.Event) error {
		switch e := e.(type) {
		case kafka.AssignedPartitions:
			tell("assigned", e.Partitions)
		case kafka.RevokedPartitions:
			tell("revoked", e.Partitions)
		}
		return nil
	})
	for err == nil && ctx.Err() == nil {
		switch e := c.Poll(500).(type) {
		case *kafka.Message:
			id, partition, offset := app.IDOf(string(e.Value)), int(e.TopicPartition.Partition), int64(e.TopicPartition.Offset)
			out.Emit(app.Event{Event: "read", ID: &id, Partition: &partition, Offset: &offset})
		case kafka.Error:
			if e.IsFatal() {
				out.Fail(nil, e)
			}
		}
	}
	app.AtMost(3*time.Second, func() { c.Close() })
	return err
}

func write(ctx context.Context, o options, out *app.Output) error {
	p, err := kafka.NewProducer(config(o, nil))
	if err != nil {
		return err
	}
	go func() {
		for e := range p.Events() {
			m, ok := e.(*kafka.Message)
			if !ok {
				continue
			}
			id := m.Opaque.(string)
			if m.TopicPartition.Error != nil {
				out.Fail(&id, m.TopicPartition.Error)
				continue
			}
			partition, offset := int(m.TopicPartition.Partition), int64(m.TopicPartition.Offset)
			out.Emit(app.Event{Event: "wrote", ID: &id, Partition: &partition, Offset: &offset})
		}
	}()
	s := app.Settings{Size: o.size}
	tick := time.NewTicker(time.Duration(float64(time.Second) / o.rate))
	defer tick.Stop()
	for seq := 1; ; seq++ {
		select {
		case <-ctx.Done():
			p.Flush(5000)
			return nil
		case <-tick.C:
		}
		id := fmt.Sprintf("confluent-go-%d%s-%d", os.Getpid(), o.name, seq)
		to := kafka.TopicPartition{Topic: &o.topic, Partition: int32(o.partition)}
		if err := p.Produce(&kafka.Message{TopicPartition: to, Value: []byte(s.Value(id)), Opaque: id}, nil); err != nil {
			out.Fail(&id, err)
		}
	}
}

func main() {
	run := map[string]func(context.Context, options, *app.Output) error{"group": group, "write": write}[strings.Join(os.Args[1:min(2, len(os.Args))], "")]
	if run == nil {
		fmt.Fprintln(os.Stderr, "usage: client group|write --bootstrap HOST:PORT,... --client-id ID --topic T ...")
		os.Exit(2)
	}
	o := parse(os.Args[2:])
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	app.Each(o.instances, o.clientID, o.group, func(i app.Instance, out *app.Output) {
		o := o
		o.clientID, o.group, o.name = i.ClientID, i.Group, i.Name
		o.partition = app.PartitionOf(o.partition, i)
		out.Emit(app.Event{Event: "start"})
		if err := run(ctx, o, out); err != nil {
			out.Fail(nil, err)
			os.Exit(1)
		}
		out.Emit(app.Event{Event: "stop"})
	})
}
