// The zone-view front: what WarpStream's agents do with Metadata, before a real server that does not.
//
// In:  Kafka connections. Out: the same to a broker behind it, whose answers pass byte for byte, except the broker lists of
// Metadata, FindCoordinator and DescribeCluster (view.go) and ApiVersions' tagged fields.
// Who: tests/e2e/servers.sh, one process a zone before one nisshi broker each.
//
// Real storage and serving, our zone view. It stands in for WarpStream's agent only in whom a client is told of.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"rezone/tests/peers/cluster"
)

func main() {
	id := flag.Int("id", 1, "this agent's node id")
	zone := flag.String("zone", "", "this agent's zone")
	listen := flag.String("listen", "", "`IP:PORT` to listen on")
	advertise := flag.String("advertise", "", "`HOST:PORT` that clients are told")
	upstream := flag.String("upstream", "", "`IP:PORT` of the broker behind")
	discovery := flag.String("discovery", "", "folder that all fronts share")
	logName := flag.String("log", "", "`FILE` for JSON lines: what each connection carries, and answers to group members")
	logData := flag.Bool("log-data", false, "... and each request for data")
	delay := flag.Duration("delay-produce", 0, "holds the answers to Produce for that long")
	flag.Parse()
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)

	host, portText, err := net.SplitHostPort(*advertise)
	port, err2 := strconv.Atoi(portText)
	if err != nil || err2 != nil || *zone == "" || *listen == "" || *upstream == "" || *discovery == "" {
		fmt.Fprintln(os.Stderr, "front: --zone, --listen, --advertise, --upstream and --discovery are needed")
		os.Exit(2)
	}
	events, err := openLog(*logName, *id, *logData)
	if err != nil {
		log.Fatalf("front: %v", err)
	}
	// Go 1.24 and newer listen with Multipath TCP by default, which rezone leaves alone
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(context.Background(), "tcp", *listen)
	if err != nil {
		log.Fatalf("front: %v", err)
	}
	c, err := cluster.Announce(*discovery, cluster.Agent{ID: int32(*id), Zone: *zone, Host: host, Port: int32(port)})
	if err != nil {
		log.Fatalf("front: %v", err)
	}
	fmt.Printf("listening on %s as agent %d of zone %s\n", l.Addr(), *id, *zone)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		c.Withdraw()
		os.Exit(0) // the kernel closes the connections
	}()
	for {
		conn, err := l.Accept()
		if err != nil {
			log.Printf("front: accept: %v", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go (&session{client: conn, view: view{c}, upstream: *upstream, delay: *delay, log: events.of(conn)}).run()
	}
}
