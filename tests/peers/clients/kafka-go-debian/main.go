// kafka-go-client: the demo's Kafka application, on Debian's kafka-go (0.2.1).
//
// In:  flags, the form every client of the end-to-end suite has:
//
//	kafka-go-client read  --bootstrap h:p,h:p --client-id ID --topic T --partition N [--from first|last]
//	kafka-go-client write --bootstrap h:p,h:p --client-id ID --topic T --rate N [--acks all|1] [--name NAME] [--size BYTES]
//
// Out: JSON lines on stdout (tests/peers/app); the library's own messages on stderr.
// Who: scripts/demo and the end-to-end tests.
//
// An ordinary application: it keeps the library's defaults and leaves all reconnecting and retrying
// to it, because what the library does by itself after a lost connection is what is being watched.
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

	kafka "github.com/segmentio/kafka-go"
	"rezone/tests/peers/app"
)

type options struct {
	bootstrap []string
	clientID  string
	topic     string
	partition int
	from      string
	rate      float64
	acks      string
	name      string
	size      int
}

func usage(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, "kafka-go-client: "+format+"\n", args...)
	fmt.Fprintln(os.Stderr, "usage: kafka-go-client read|write --bootstrap HOST:PORT,... --client-id ID --topic TOPIC ... (see read --help, write --help)")
	os.Exit(2)
}

func parse(command string, args []string) options {
	var o options
	fs := flag.NewFlagSet(command, flag.ExitOnError)
	bootstrap := fs.String("bootstrap", "", "`HOST:PORT,...` to ask for the cluster")
	fs.StringVar(&o.clientID, "client-id", "", "client.id, sent byte for byte")
	fs.StringVar(&o.topic, "topic", "", "topic")
	if command == "read" {
		fs.IntVar(&o.partition, "partition", 0, "partition to read")
		fs.StringVar(&o.from, "from", "first", "where to begin: first or last")
	} else {
		fs.Float64Var(&o.rate, "rate", 10, "records a second")
		fs.StringVar(&o.acks, "acks", "all", "all or 1 (this kafka-go cannot send 0)")
		fs.StringVar(&o.name, "name", fmt.Sprintf("w%d", os.Getpid()), "first part of the record ids")
		fs.IntVar(&o.size, "size", 0, "bytes of a record: its id, a blank, and dots; the id alone is the least")
	}
	fs.Parse(args)
	for _, b := range strings.Split(*bootstrap, ",") {
		if b != "" {
			o.bootstrap = append(o.bootstrap, b)
		}
	}
	switch {
	case fs.NArg() > 0:
		usage("unexpected argument %q", fs.Arg(0))
	case len(o.bootstrap) == 0 || o.clientID == "" || o.topic == "":
		usage("--bootstrap, --client-id and --topic are needed")
	case command == "read" && o.from != "first" && o.from != "last":
		usage("--from is first or last")
	case command == "read" && o.partition < 0:
		usage("--partition is 0 or more")
	case command == "write" && o.rate <= 0:
		usage("--rate must be above 0")
	case command == "write" && o.acks == "0":
		// SetRequiredAcks of 0.2.1 refuses 0, and its Writer ignores that and asks for all.
		usage("--acks 0: kafka-go 0.2.1 cannot do it")
	case command == "write" && o.acks != "all" && o.acks != "1":
		usage("--acks is all or 1")
	}
	return o
}

// dialer carries the client.id; Reader and Writer both take it from here in 0.2.1.
func dialer(o options) *kafka.Dialer {
	return &kafka.Dialer{ClientID: o.clientID, Timeout: 10 * time.Second, DualStack: true}
}

func main() {
	if len(os.Args) < 2 || os.Args[1] != "read" && os.Args[1] != "write" {
		usage("read or write?")
	}
	o := parse(os.Args[1], os.Args[2:])
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	library := log.New(os.Stderr, "kafka-go: ", log.LstdFlags|log.Lmicroseconds)

	out := &app.Output{}
	out.Emit(app.Event{Event: "start"})
	if os.Args[1] == "read" {
		read(ctx, o, out, library)
	} else {
		write(ctx, o, out, library)
	}
	out.Emit(app.Event{Event: "stop"})
}
