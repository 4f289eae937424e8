// The reading application.
//
// In:  one partition, by kafka-go's Reader without a group. Out: an event a record.
// Who: main.go.
package main

import (
	"context"
	"log"
	"strings"
	"time"

	kafka "github.com/segmentio/kafka-go"
	"rezone/tests/peers/app"
)

func read(ctx context.Context, o options, out *app.Output, library *log.Logger) {
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers:     o.bootstrap,
		Topic:       o.topic,
		Partition:   o.partition,
		Dialer:      dialer(o),
		MinBytes:    1, // else 0.2.1 waits for a megabyte
		MaxBytes:    1 << 20,
		ErrorLogger: library,
	})
	if o.from == "last" {
		r.SetOffset(kafka.LastOffset)
	} else {
		r.SetOffset(kafka.FirstOffset)
	}
	for {
		m, err := r.ReadMessage(ctx)
		if ctx.Err() != nil {
			break
		}
		if err != nil { // what the library could not mend; it goes on trying, so do we
			out.Fail(nil, err)
			pause(ctx, 100*time.Millisecond)
			continue
		}
		id := strings.SplitN(string(m.Value), " ", 2)[0]
		out.Emit(app.Event{Event: "read", ID: &id, Partition: &m.Partition, Offset: &m.Offset})
	}
	// Close would wait for the long poll under way, up to 10 s; there is nothing left to save.
	app.AtMost(500*time.Millisecond, func() { r.Close() })
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
