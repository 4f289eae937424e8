// A Kafka application on franz-go or on sarama.
//
// In:  --lib franz-go|sarama, then the flags every client of the end-to-end suite has:
//
//	client --lib L read  --bootstrap h:p,h:p --client-id ID --topic T --partition N [--from first|last]
//	client --lib L group --bootstrap h:p,h:p --client-id ID --topic T --group G [--from first|last]
//	client --lib L write --bootstrap h:p,h:p --client-id ID --topic T --partition N --rate N [--acks all|1|0] [--settings S]
//
// and --instances N for each: tests/peers/clients/run explains it.
//
// Out: JSON lines on stdout (tests/peers/app); the library's own messages on stderr.
// Who: tests/peers/clients/run.
//
// An ordinary application: it leaves all reconnecting and retrying to the library, and goes on after an error. Its writer
// has the library's defaults, or (--settings pipeline) many requests in flight: no idempotence, no lingering, so that each
// record or few is a request of its own.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/IBM/sarama"
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

// application is one role on one library; it ends with ctx.
type application func(ctx context.Context, o options, out *app.Output, library *log.Logger) error

var apps = map[string]application{
	"franz-go read": franzRead, "franz-go group": franzRead, "franz-go write": franzWrite,
	"sarama read": saramaRead, "sarama group": saramaGroup, "sarama write": saramaWrite,
}

func parse(args []string) options {
	var o options
	fs := flag.NewFlagSet("client", flag.ExitOnError)
	bootstrap := fs.String("bootstrap", "", "`HOST:PORT,...`")
	fs.StringVar(&o.clientID, "client-id", "", "sent byte for byte")
	fs.StringVar(&o.topic, "topic", "", "topic")
	app.PartitionFlag(fs, &o.partition)
	fs.StringVar(&o.group, "group", "", "read as a member of this group")
	fs.StringVar(&o.from, "from", "first", "first or last")
	fs.Float64Var(&o.rate, "rate", 10, "records a second")
	fs.StringVar(&o.acks, "acks", "", "all, 1 or 0; else the library's own in default settings, all in pipeline")
	fs.StringVar(&o.settings, "settings", "pipeline", "pipeline or default: how to write")
	fs.IntVar(&o.instances, "instances", 1, "independent clients in this process")
	o.Flags(fs)
	fs.Parse(args)
	if o.acks == "" && o.settings == "pipeline" {
		o.acks = "all"
	}
	o.bootstrap = strings.Split(*bootstrap, ",")
	return o
}

// paced hands out record ids, rate a second, until ctx ends.
func paced(ctx context.Context, o options, lib string, send func(id string, partition int32)) {
	due := time.Now()
	for seq := 1; ; seq++ {
		due = due.Add(time.Duration(float64(time.Second) / o.rate))
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
		}
		send(fmt.Sprintf("%s-%d%s-%d", lib, os.Getpid(), o.name, seq), int32(o.At(seq, o.partition)))
	}
}

// pause keeps an application whose library fails at once from spinning.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(100 * time.Millisecond):
	}
}

func main() {
	var run application
	if len(os.Args) > 3 && os.Args[1] == "--lib" {
		run = apps[os.Args[2]+" "+os.Args[3]]
	}
	if run == nil {
		fmt.Fprintln(os.Stderr, "usage: client --lib franz-go|sarama read|group|write --bootstrap HOST:PORT,... --client-id ID --topic T ...")
		os.Exit(2)
	}
	o := parse(os.Args[4:])
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	library := log.New(os.Stderr, os.Args[2]+": ", log.LstdFlags|log.Lmicroseconds)
	sarama.Logger = library
	app.Each(o.instances, o.clientID, o.group, func(i app.Instance, out *app.Output) {
		o := o
		o.Settings = o.Settings.Copy()
		o.clientID, o.group, o.name = i.ClientID, i.Group, i.Name
		o.partition = app.PartitionOf(o.partition, i)
		out.Emit(app.Event{Event: "start"})
		if err := run(ctx, o, out, library); err != nil {
			out.Fail(nil, err)
			os.Exit(1)
		}
		out.Emit(app.Event{Event: "stop"})
	})
}
