// The writing application.
//
// In:  a rate. Out: records <name>-<seq> spread over the topic's partitions by kafka-go's Writer, an
// event for each that was acknowledged or given up.
// Who: main.go.
package main

import (
	"context"
	"fmt"
	"log"
	"strings"
	"sync"
	"time"

	kafka "github.com/segmentio/kafka-go"
	"rezone/tests/peers/app"
)

// maxWaiting bounds the records handed over but not yet acknowledged while agents are away.
const maxWaiting = 1000

func write(ctx context.Context, o options, out *app.Output, library *log.Logger) {
	acks := -1
	if o.acks == "1" {
		acks = 1
	}
	w := kafka.NewWriter(kafka.WriterConfig{
		Brokers:      o.bootstrap,
		Topic:        o.topic,
		Dialer:       dialer(o),
		RequiredAcks: acks,
		BatchTimeout: 20 * time.Millisecond, // the default of 1 s would batch a slow writer too much
		ErrorLogger:  library,
	})
	var waiting sync.WaitGroup
	slots := make(chan struct{}, maxWaiting)
	tick := time.NewTicker(time.Duration(float64(time.Second) / o.rate))
	defer tick.Stop()
loop:
	for seq := 1; ; seq++ {
		select {
		case <-ctx.Done():
			break loop
		case <-tick.C:
		}
		select {
		case <-ctx.Done():
			break loop
		case slots <- struct{}{}:
		}
		id := fmt.Sprintf("%s-%d", o.name, seq)
		value := id
		if dots := o.size - len(id) - 1; dots > 0 {
			value += " " + strings.Repeat(".", dots)
		}
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			// Not ctx: at the end, what is under way is still written and told.
			err := w.WriteMessages(context.Background(), kafka.Message{Value: []byte(value)})
			<-slots
			if err != nil { // after the library's 10 attempts
				out.Fail(&id, err)
				return
			}
			out.Emit(app.Event{Event: "wrote", ID: &id})
		}()
	}
	app.AtMost(3*time.Second, waiting.Wait)
	app.AtMost(3*time.Second, func() { w.Close() })
}
