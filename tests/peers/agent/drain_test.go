// Tests of the graceful stop: requests that are answered late, that wait, and that are never read.
//
// In:  an agent inside this process, on loopback. Out: go test's verdict.
package main

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// frame is one request on the wire.
func frame(key, version int16, corr int32, body []byte) []byte {
	w := &wr{}
	w.i16(key)
	w.i16(version)
	w.i32(corr)
	w.str("x")
	out := &wr{}
	out.bytes(append(w.b, body...))
	return out.b
}

func produceBody(batch []byte) []byte {
	w := &wr{}
	w.null() // no transaction
	w.i16(-1)
	w.i32(1000)
	w.count(1)
	w.str("t")
	w.count(1)
	w.i32(0)
	w.bytes(batch)
	return w.b
}

// answers reads until the connection ends and gives the correlation ids.
func answers(c net.Conn) (corrs []int32, err error) {
	for {
		var head [8]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return corrs, err
		}
		if _, err := io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(head[:]))-4); err != nil {
			return corrs, err
		}
		corrs = append(corrs, int32(binary.BigEndian.Uint32(head[4:])))
	}
}

// waitTrace waits until the trace has the text.
func waitTrace(t *testing.T, name, text string) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if got, _ := os.ReadFile(name); strings.Contains(string(got), text) {
			return
		}
	}
	t.Fatalf("the trace never says %s", text)
}

func TestDrain(t *testing.T) {
	a := startAgent(t, t.TempDir(), 1, "a")
	a.cfg.delayProduce, a.cfg.drainTimeout = 300*time.Millisecond, 5*time.Second
	a.store.create("t", 1)
	p, _ := a.store.partition("t", 0)
	const sent = 4 * maxInFlight
	c := dial(t, a.addr)
	c.SetDeadline(time.Now().Add(10 * time.Second))
	for i := int32(0); i < sent; i++ {
		c.Write(frame(apiProduce, 3, i, produceBody(writeBatch([]record{{value: []byte("v")}}))))
	}
	executed := func() int64 { _, n, _ := p.offsetFor(-1); return n }
	for end := time.Now().Add(5 * time.Second); executed() < maxInFlight; {
		if time.Now().After(end) {
			t.Fatalf("%d requests executed", executed())
		}
	}
	stopped := make(chan bool)
	go func() { a.drain(); close(stopped) }()
	<-a.stopping
	more := make(chan bool)
	go func() { // a client that goes on writing gets no reset either
		defer close(more)
		for i := int32(sent); i < sent+100; i++ {
			c.Write(frame(apiProduce, 3, i, produceBody(writeBatch([]record{{value: []byte("v")}}))))
			time.Sleep(5 * time.Millisecond)
		}
	}()
	got, err := answers(c)
	if err != io.EOF {
		t.Errorf("the connection ended with %v", err)
	}
	if n := executed(); int64(len(got)) != n || n >= sent {
		t.Errorf("%d executed of %d, %d answered", n, sent, len(got))
	}
	for i, corr := range got {
		if int(corr) != i {
			t.Fatalf("answer %d is for request %d", i, corr)
		}
	}
	<-more
	c.Close()
	select {
	case <-stopped:
	case <-time.After(2 * time.Second):
		t.Error("drain does not end with its last client")
	}
	if n := executed(); int64(len(got)) != n {
		t.Errorf("%d executed, %d answered: something was executed after the stop", n, len(got))
	}
}

func TestDrainLongPolls(t *testing.T) {
	a := startAgent(t, t.TempDir(), 1, "a")
	a.cfg.drainTimeout = 5 * time.Second
	name := filepath.Join(t.TempDir(), "trace")
	a.trace, _ = openTrace(name, 1)
	a.store.create("t", 1)
	fetch := &wr{}
	fetch.i32(-1)
	fetch.i32(60000)
	fetch.i32(1)
	fetch.i32(1 << 20)
	fetch.i8(0)
	fetch.count(1)
	fetch.str("t")
	fetch.count(1)
	fetch.i32(0)
	fetch.i64(0)
	fetch.i32(1 << 20)
	c := dial(t, a.addr)
	c.SetDeadline(time.Now().Add(3 * time.Second))
	c.Write(frame(apiFetch, 4, 1, fetch.b))
	waitTrace(t, name, `"api":"Fetch"`)
	go a.drain()
	got, err := answers(c)
	if err != io.EOF || len(got) != 1 {
		t.Errorf("answered %v, then %v", got, err)
	}
	c.Close()
	waitTrace(t, name, `"event":"drained"`)
}
