// rezone-agent: a stand-in for a leaderless, zone-aware Kafka-compatible agent.
//
// In:  flags; Kafka requests over TCP; the data directory shared with the other agents.
// Out: Kafka answers; one line "listening ..." on stdout; optionally a log of what was executed.
// Who: the demo and the end-to-end tests. See README.md for what it is not.
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
	"strings"
	"syscall"
	"time"

	"rezone/tests/peers/cluster"
)

// Limits that keep a hostile or broken client from hurting the machine.
const (
	maxRequest    = 16 << 20 // bytes of one request
	maxAnswer     = 4 << 20  // record bytes of one Fetch answer
	maxInFlight   = 64       // requests of one connection executed but not yet answered
	maxConns      = 1024
	maxTopics     = 1000
	maxPartitions = 256 // per topic
	maxGroups     = 1000
	maxMembers    = 1000        // per group
	maxMemberMeta = 1 << 20     // bytes of one protocol of a member
	maxOffsetMeta = 4096        // bytes of an offset's remark, as in Kafka
	maxWait       = time.Minute // of a long poll, whatever the client asks
	pollEvery     = 10 * time.Millisecond
)

type config struct {
	id           int
	zone         string
	listen       string
	advertise    string
	data         string
	partitions   int
	delayProduce time.Duration
	delayFetch   time.Duration
	drainTimeout time.Duration
	signpost     bool
	lie          int
	logFile      string
}

func parseFlags() (config, error) {
	var c config
	flag.IntVar(&c.id, "id", -1, "broker `ID`, unique among the agents of one data directory (needed)")
	flag.StringVar(&c.zone, "zone", "", "the agent's `ZONE` (needed)")
	flag.StringVar(&c.listen, "listen", "", "`IP:PORT` to listen on; [::]:PORT takes IPv4 too (needed)")
	flag.StringVar(&c.advertise, "advertise", "", "`HOST:PORT` told to clients (default: --listen)")
	flag.StringVar(&c.data, "data", "", "data `DIR` shared by all agents (needed)")
	flag.IntVar(&c.partitions, "partitions", 4, "partitions of a topic that is created by being asked for")
	flag.DurationVar(&c.delayProduce, "delay-produce", 0, "execute Produce at once, answer it this much later")
	flag.DurationVar(&c.delayFetch, "delay-fetch", 0, "execute Fetch at once, answer it this much later")
	flag.DurationVar(&c.drainTimeout, "drain-timeout", 10*time.Second, "on SIGTERM, end connections within this time")
	flag.IntVar(&c.lie, "lie", 0, "positive control: acknowledge every `N`th Produce batch without writing it")
	flag.DurationVar(&firstJoinWait, "join-wait", firstJoinWait, "a new group waits this long for members that start together")
	flag.BoolVar(&c.signpost, "signpost", false, "be no agent: name the live agents, and close connections that ask for more")
	flag.StringVar(&c.logFile, "log", "", "append JSON lines of what was executed to `FILE`")
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return c, fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case c.id < 0 || c.id > 1<<30:
		return c, fmt.Errorf("--id must be 0 or more")
	case c.zone == "" || c.listen == "" || c.data == "":
		return c, fmt.Errorf("--zone, --listen and --data are needed")
	case c.lie < 0 || c.drainTimeout < 0:
		return c, fmt.Errorf("--lie and --drain-timeout must be 0 or more")
	case c.partitions < 1 || c.partitions > maxPartitions:
		return c, fmt.Errorf("--partitions must be 1 to %d", maxPartitions)
	}
	if c.advertise == "" {
		c.advertise = c.listen
	}
	return c, nil
}

// splitAdvertise turns HOST:PORT into what a Metadata answer carries.
func splitAdvertise(s string) (string, int, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, fmt.Errorf("--advertise: %w", err)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 || host == "" {
		return "", 0, fmt.Errorf("--advertise %q is not HOST:PORT", s)
	}
	return host, n, nil
}

// listenTCP opens a plain TCP listener. An IPv4 address gets an IPv4 socket; without this, Go would
// open a dual-stack one for 0.0.0.0.
func listenTCP(addr string) (net.Listener, error) {
	network := "tcp"
	if host, _, err := net.SplitHostPort(addr); err == nil && !strings.Contains(host, ":") {
		network = "tcp4"
	}
	var lc net.ListenConfig
	plainTCP(&lc)
	return lc.Listen(context.Background(), network, addr)
}

func run() error {
	cfg, err := parseFlags()
	if err != nil {
		fmt.Fprintf(os.Stderr, "rezone-agent: %v (see --help)\n", err)
		os.Exit(2)
	}
	host, port, err := splitAdvertise(cfg.advertise)
	if err != nil {
		return err
	}
	// Before anything is visible to others, so that no signal finds us half announced.
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, syscall.SIGTERM, syscall.SIGINT)

	st, err := openStore(cfg.data, cfg.partitions)
	if err != nil {
		return err
	}
	groups, err := openGroups(cfg.data)
	if err != nil {
		return err
	}
	trace, err := openTrace(cfg.logFile, cfg.id)
	if err != nil {
		return err
	}
	ln, err := listenTCP(cfg.listen)
	if err != nil {
		return err
	}
	// Announced only once connections are accepted: whoever sees the file may connect.
	self := cluster.Agent{ID: int32(cfg.id), Zone: cfg.zone, Host: host, Port: int32(port)}
	cl := cluster.Signpost(cfg.data)
	if !cfg.signpost {
		if cl, err = cluster.Announce(cfg.data, self); err != nil {
			return err
		}
	}
	srv := newServer(cfg, st, groups, cl, trace)
	go srv.accept(ln)
	fmt.Printf("listening on %s as agent %d of zone %s\n", ln.Addr(), cfg.id, cfg.zone)

	got := <-sig
	cl.Withdraw() // first, so that no client is sent here any more
	ln.Close()
	if got == syscall.SIGTERM {
		go func() { <-sig; srv.closeAll(); os.Exit(1) }() // told twice: at once
		srv.drain()
	}
	srv.closeAll()
	return nil
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("rezone-agent: ")
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
