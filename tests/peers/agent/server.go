// Connections: framing, order of answers, limits.
//
// In:  TCP connections. Out: answers in request order on each; lines in the trace.
// Who: main.go starts it; it calls the handlers in the table of api.go.
//
// A request is executed as soon as it is read, its answer is queued. So a pipelining producer has
// several executed but unanswered requests while --delay-produce holds the answers back, which is
// the moment a reset hurts most.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"sync"
	"time"

	"rezone/tests/peers/cluster"
)

type server struct {
	cfg     config
	store   *store
	groups  *groups
	cluster *cluster.Cluster
	trace   *trace

	mu    sync.Mutex
	conns map[net.Conn]struct{}

	serving  sync.WaitGroup // one a connection
	stopping chan struct{}  // closed by drain
	until    time.Time      // when drain gives up; set before stopping is closed
	batches  int64          // of Produce, counted for --lie; atomic
}

type request struct {
	key, version int16
	corr         int32
	clientID     string
	conn         string          // the peer, for the trace
	gone         context.Context // done when the connection is
	body         rd
}

// answer is a place in a connection's queue.
type answer struct {
	corr  int32
	delay time.Duration
	ready chan result
}

type result struct {
	body []byte // what follows the answer's header; nil where the protocol wants no answer
	at   time.Time
	err  error // ends the connection
}

func newServer(cfg config, st *store, g *groups, c *cluster.Cluster, t *trace) *server {
	g.trace = t
	return &server{cfg: cfg, store: st, groups: g, cluster: c, trace: t,
		conns: make(map[net.Conn]struct{}), stopping: make(chan struct{})}
}

func (s *server) accept(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors, or a peer that was quicker than us
			time.Sleep(pollEvery)
			continue
		}
		s.mu.Lock()
		full := len(s.conns) >= maxConns
		if !full {
			s.conns[c] = struct{}{}
			s.serving.Add(1)
			if !s.until.IsZero() { // accepted while drain began
				c.SetReadDeadline(time.Unix(1, 0))
			}
		}
		s.mu.Unlock()
		if full {
			c.Close()
			continue
		}
		go s.serve(c)
	}
}

func (s *server) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

func (s *server) serve(c net.Conn) {
	defer s.serving.Done()
	peer := c.RemoteAddr().String()
	s.trace.write(traceLine{Event: "open", Conn: peer})
	gone, cancel := context.WithCancel(context.Background())
	queue := make(chan *answer, maxInFlight)
	sent := make(chan error, 1)
	go func() { sent <- send(c, queue) }()

	err := s.read(c, peer, gone, queue)
	drained := s.stopped(err)
	if !drained {
		cancel() // long polls end now
	}
	close(queue)
	// What was executed is still answered to a client that only closed its half.
	if bad := <-sent; bad != nil {
		err = bad
	} else if drained {
		reason, unread := s.finish(c)
		s.trace.write(traceLine{Event: "drained", Conn: peer, Reason: reason, Unread: &unread})
		err = errors.New("drained")
	}
	cancel()
	c.Close()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.trace.write(traceLine{Event: "close", Conn: peer, Reason: err.Error()})
}

// read executes requests until the connection ends; always returns the reason.
func (s *server) read(c net.Conn, peer string, gone context.Context, queue chan<- *answer) error {
	for {
		frame, err := readFrame(c)
		if err != nil {
			return err
		}
		r := &request{conn: peer, gone: gone, body: rd{b: frame}}
		r.key, r.version, r.corr = r.body.i16(), r.body.i16(), r.body.i32()
		r.clientID = r.body.str()
		a, known := apis[r.key]
		if r.body.bad || !known {
			return errMalformed
		}
		if r.version < a.min || r.version > a.max {
			if r.key != apiVersions {
				return errors.New("unsupported version of " + a.name)
			}
			r.version = -1 // answered in version 0, with the error and the list
		}
		if s.cfg.signpost && !namesAgents(r.key) {
			return errors.New(a.name + " asked of a signpost")
		}
		s.trace.write(r.line("request"))
		ans := &answer{corr: r.corr, delay: s.delay(r.key), ready: make(chan result, 1)}
		if a.waits {
			go func() { ans.ready <- s.execute(a, r) }()
		} else {
			ans.ready <- s.execute(a, r)
		}
		queue <- ans
	}
}

// execute runs one handler. A handler's mistake costs its connection, never the agent.
func (s *server) execute(a api, r *request) (res result) {
	defer func() {
		if p := recover(); p != nil {
			log.Printf("%s v%d from %s: %v", a.name, r.version, r.conn, p)
			res = result{err: errMalformed}
		}
	}()
	w := a.handle(s, r)
	res.at = time.Now()
	switch {
	case r.body.bad:
		res.err = errMalformed
	case w != nil:
		res.body = w.b
	}
	return res
}

// namesAgents: what a signpost answers: ApiVersions, Metadata, FindCoordinator.
func namesAgents(key int16) bool {
	return key == apiVersions || key == 3 || key == 10
}

func (s *server) delay(key int16) time.Duration {
	switch key {
	case apiProduce:
		return s.cfg.delayProduce
	case apiFetch:
		return s.cfg.delayFetch
	}
	return 0
}

// readFrame reads one request. Memory grows with what arrives, not with what is announced.
func readFrame(c net.Conn) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, err
	}
	size := int64(int32(binary.BigEndian.Uint32(head[:])))
	if size < 8 || size > maxRequest {
		return nil, errMalformed
	}
	var buf bytes.Buffer
	if _, err := io.CopyN(&buf, c, size); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// send writes the answers in order; returns why it could not. The delay runs from the execution, not
// from the answer before, so pipelined requests are all late by the same time.
func send(c net.Conn, queue <-chan *answer) (err error) {
	for a := range queue {
		res := <-a.ready
		if err != nil {
			continue // the connection is lost; let the reader never block on the queue
		}
		if err = res.err; err == nil && res.body != nil {
			time.Sleep(time.Until(res.at.Add(a.delay)))
			var w wr
			w.i32(int32(4 + len(res.body)))
			w.i32(a.corr)
			_, err = c.Write(append(w.b, res.body...))
		}
		if err != nil {
			c.Close() // wakes the reader
		}
	}
	return err
}
