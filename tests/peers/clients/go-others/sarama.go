// The applications on sarama.
//
// In:  options (main.go). Out: an event a record, an assignment or an error.
// Who: main.go.
package main

import (
	"context"
	"log"
	"time"

	"github.com/IBM/sarama"
	"github.com/xdg-go/scram"
	"rezone/tests/peers/app"
)

func saramaConfig(o options, library *log.Logger) *sarama.Config {
	c := sarama.NewConfig()
	c.ClientID = o.clientID
	if o.settings == "pipeline" {
		c.Version = sarama.V2_8_0_0 // before 1.0 it refuses a client.id with = in it
	}
	if m := o.Take("sasl.mechanism"); m != "" {
		c.Net.SASL.Enable, c.Net.SASL.User, c.Net.SASL.Password = true, app.User, app.Password
		c.Net.SASL.Mechanism = sarama.SASLMechanism(m)
		c.Net.SASL.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return &scramClient{} }
	}
	if id := o.Take("group.instance.id"); id != "" {
		if !c.Version.IsAtLeast(sarama.V2_3_0_0) {
			c.Version = sarama.V2_3_0_0
		}
		c.Consumer.Group.InstanceId = o.group + o.name
	}
	c.Consumer.Return.Errors = o.settings != "default" // by default its logger has them, and the application does not
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	if o.from == "last" {
		c.Consumer.Offsets.Initial = sarama.OffsetNewest
	}
	return c
}

func saramaRecord(out *app.Output, m *sarama.ConsumerMessage) {
	id, partition := app.IDOf(string(m.Value)), int(m.Partition)
	out.Emit(app.Event{Event: "read", ID: &id, Partition: &partition, Offset: &m.Offset})
}

func saramaRead(ctx context.Context, o options, out *app.Output, library *log.Logger) error {
	c := saramaConfig(o, library)
	consumer, err := sarama.NewConsumer(o.bootstrap, c)
	if err != nil {
		return err
	}
	p, err := consumer.ConsumePartition(o.topic, int32(o.partition), c.Consumer.Offsets.Initial)
	if err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			app.AtMost(3*time.Second, func() { p.Close(); consumer.Close() })
			return nil
		case m := <-p.Messages():
			saramaRecord(out, m)
		case err := <-p.Errors():
			out.Fail(nil, err)
		}
	}
}

// member is what a sarama group's session calls.
type member struct {
	topic string
	out   *app.Output
}

func (m *member) tell(what string, s sarama.ConsumerGroupSession) error {
	partitions, generation := append([]int32{}, s.Claims()[m.topic]...), s.GenerationID()
	m.out.Emit(app.Event{Event: what, Partitions: &partitions, Generation: &generation})
	return nil
}

func (m *member) Setup(s sarama.ConsumerGroupSession) error   { return m.tell("assigned", s) }
func (m *member) Cleanup(s sarama.ConsumerGroupSession) error { return m.tell("revoked", s) }

func (m *member) ConsumeClaim(s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case <-s.Context().Done():
			return nil
		case r, open := <-claim.Messages():
			if !open {
				return nil
			}
			saramaRecord(m.out, r)
			s.MarkMessage(r, "") // committed every second
		}
	}
}

func saramaGroup(ctx context.Context, o options, out *app.Output, library *log.Logger) error {
	group, err := sarama.NewConsumerGroup(o.bootstrap, o.group, saramaConfig(o, library))
	if err != nil {
		return err
	}
	go func() {
		for err := range group.Errors() {
			out.Fail(nil, err)
		}
	}()
	for ctx.Err() == nil { // a session ends with every rebalance; the application begins the next
		if err := group.Consume(ctx, []string{o.topic}, &member{o.topic, out}); err != nil && ctx.Err() == nil {
			out.Fail(nil, err)
			pause(ctx)
		}
	}
	app.AtMost(3*time.Second, func() { group.Close() })
	return nil
}

// saramaProducer: by default this library asks for one ack, retries 3 times, is not idempotent and has 5 requests open.
func saramaProducer(o options, library *log.Logger) *sarama.Config {
	c := saramaConfig(o, library)
	if level := o.Take("acks"); level != "" {
		o.acks = level
	}
	if o.Take("enable.idempotence") == "true" {
		c.Producer.Idempotent, c.Net.MaxOpenRequests = true, 1
		o.acks = "all"
	}
	if n := o.TakeNumber("retries"); n >= 0 {
		c.Producer.Retry.Max = n
	}
	if n := o.TakeNumber("linger.ms"); n >= 0 {
		c.Producer.Flush.Frequency = time.Duration(n) * time.Millisecond
	}
	if n := o.TakeNumber("batch.size"); n >= 0 {
		c.Producer.Flush.Bytes = n
	}
	acks := map[string]sarama.RequiredAcks{"all": sarama.WaitForAll, "1": sarama.WaitForLocal, "0": sarama.NoResponse}
	if level, told := acks[o.acks]; told {
		c.Producer.RequiredAcks = level
	}
	c.Producer.Return.Successes = true
	if o.partition != app.Own {
		c.Producer.Partitioner = sarama.NewManualPartitioner
	}
	if o.settings == "pipeline" {
		c.Net.MaxOpenRequests = 100
		if o.instances == 1 {
			// Since 1.60 it has one request in flight for each partition, however many are open: so it writes to all in turn.
			c.Producer.Partitioner = sarama.NewRoundRobinPartitioner
		}
	}
	return c
}

func saramaWrite(ctx context.Context, o options, out *app.Output, library *log.Logger) error {
	c := saramaProducer(o, library)
	o.Rest("sarama")
	w, err := sarama.NewAsyncProducer(o.bootstrap, c)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m := range w.Successes() {
			id, partition := m.Metadata.(string), int(m.Partition)
			out.Emit(app.Event{Event: "wrote", ID: &id, Partition: &partition, Offset: &m.Offset})
		}
	}()
	go func() {
		for e := range w.Errors() {
			id := e.Msg.Metadata.(string)
			out.Fail(&id, e.Err)
		}
	}()
	paced(ctx, o, "sarama", func(id string, partition int32) {
		w.Input() <- &sarama.ProducerMessage{Topic: o.topic, Partition: partition, Value: sarama.StringEncoder(o.Value(id)), Metadata: id}
	})
	w.AsyncClose()
	app.AtMost(5*time.Second, func() { <-done })
	return nil
}

// scramClient is what sarama asks of the application: SCRAM-SHA-256, by a library.
type scramClient struct {
	*scram.Client
	*scram.ClientConversation
}

func (s *scramClient) Begin(user, password, authzID string) (err error) {
	s.Client, err = scram.SHA256.NewClient(user, password, authzID)
	if err == nil {
		s.ClientConversation = s.Client.NewConversation()
	}
	return err
}
