// Tests of the stand-in itself: formats, shared storage, groups, and what hostile bytes do to it.
//
// In:  agents inside this process, on loopback. Out: go test's verdict.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rezone/tests/peers/cluster"
)

type testAgent struct {
	*server
	addr string
}

func startAgent(t *testing.T, data string, id int, zone string) testAgent {
	t.Helper()
	ln, err := listenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	st, err1 := openStore(data, 4)
	gs, err2 := openGroups(data)
	tr, err3 := openTrace("", id)
	cl, err4 := cluster.Announce(data, cluster.Agent{ID: int32(id), Zone: zone, Host: "h", Port: int32(9000 + id)})
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s := newServer(config{id: id, zone: zone}, st, gs, cl, tr)
	go s.accept(ln)
	t.Cleanup(func() { cl.Withdraw(); ln.Close(); s.closeAll() })
	return testAgent{s, ln.Addr().String()}
}

func ask(t *testing.T, c net.Conn, key, version int16, clientID string, body []byte) rd {
	t.Helper()
	w := &wr{}
	w.i16(key)
	w.i16(version)
	w.i32(7)
	w.str(clientID)
	w.b = append(w.b, body...)
	out := &wr{}
	out.bytes(w.b)
	if _, err := c.Write(out.b); err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	var head [8]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, binary.BigEndian.Uint32(head[:])-4)
	if _, err := io.ReadFull(c, p); err != nil {
		t.Fatal(err)
	}
	return rd{b: p}
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestFormats(t *testing.T) {
	in := []record{{time: 1000, key: []byte("k"), value: []byte("v1")},
		{time: 1005, value: []byte{}}, {time: 990, key: []byte{}}}
	batch := writeBatch(in)
	if !batchValid(batch) {
		t.Fatal("own batch is not valid")
	}
	for _, magic := range []int8{0, 1} {
		set, code := downConvert(batch, magic)
		if code != errNone {
			t.Fatal(code)
		}
		again, code := normalize(set)
		if code != errNone || len(again) != 1 {
			t.Fatal(code)
		}
		if magic == 1 && !bytes.Equal(again[0], batch) {
			t.Error("v2 → v1 → v2 changed the batch")
		}
		if _, n := countRecords(set); n != len(in) {
			t.Errorf("%d records counted", n)
		}
	}
	for i := range batch[16:] { // any flipped byte is seen
		bad := append([]byte(nil), batch...)
		bad[16+i] ^= 0x40
		if _, code := normalize(bad); code == errNone {
			t.Errorf("byte %d flipped and not seen", 16+i)
		}
	}
}

func TestSharedLog(t *testing.T) {
	data := t.TempDir()
	a, b := startAgent(t, data, 1, "a"), startAgent(t, data, 2, "b")
	if _, code := a.store.create("t", 2); code != errNone {
		t.Fatal(code)
	}
	const each = 200
	done := make(chan bool)
	for _, s := range []testAgent{a, b} {
		s := s
		go func() {
			for i := 0; i < each; i++ {
				s.append("t", 0, writeBatch([]record{{value: []byte("x")}, {value: []byte("y")}}))
			}
			done <- true
		}()
	}
	<-done
	<-done
	p, _ := b.store.partition("t", 0)
	set, high, code := p.read(0, maxAnswer, true)
	if code != errNone || high != 4*each {
		t.Fatalf("high watermark %d, code %d", high, code)
	}
	records, _ := readBatches(set)
	for i, r := range records {
		if r.offset != int64(i) {
			t.Fatalf("record %d has offset %d", i, r.offset)
		}
	}
	// A writer that died in the middle of a batch.
	f, _ := os.OpenFile(filepath.Join(data, "topics", "t", "0.log"), os.O_APPEND|os.O_WRONLY, 0)
	f.Write(set[:70])
	f.Close()
	if got := a.append("t", 0, writeBatch([]record{{value: []byte("z")}})); got.base != 4*each || got.code != 0 {
		t.Errorf("after a torn batch: %+v", got)
	}
}

func TestZoneView(t *testing.T) {
	data := t.TempDir()
	a := startAgent(t, data, 1, "a")
	c := dial(t, a.addr)
	brokers := func(clientID string) int {
		body := &wr{}
		body.count(0)
		r := ask(t, c, 3, 1, clientID, body.b)
		return r.count(1)
	}
	if n := brokers("x,ws_az=b"); n != 1 {
		t.Errorf("%d brokers before b", n)
	}
	b := startAgent(t, data, 2, "b")
	for id, want := range map[string]int{"x,ws_az=b": 1, "x": 2, "x,ws_az=c": 2} {
		if n := brokers(id); n != want {
			t.Errorf("%q is shown %d brokers, want %d", id, n, want)
		}
	}
	if _, err := cluster.Announce(data, b.cluster.Self); err == nil {
		t.Error("a second agent with the same id started")
	}
	b.cluster.Abandon() // as a killed agent
	if n := brokers("x"); n != 1 {
		t.Errorf("%d brokers after b died", n)
	}
}

func TestVersions(t *testing.T) {
	c := dial(t, startAgent(t, t.TempDir(), 1, "a").addr)
	for version, want := range map[int16]int16{0: 0, 2: 0, 3: 0, 4: errUnsupportedVersion, 99: errUnsupportedVersion} {
		r := ask(t, c, apiVersions, version, "x", []byte{0, 2, 'a', 2, 'b', 0})
		if code := r.i16(); code != want {
			t.Errorf("version %d: error %d", version, code)
		}
	}
}

// Random and bit-flipped requests may close their connection, nothing else.
func TestHostile(t *testing.T) {
	a := startAgent(t, t.TempDir(), 1, "a")
	rng := rand.New(rand.NewSource(1))
	for i := 0; i < 3000; i++ {
		w := &wr{}
		w.i16(int16(rng.Intn(21)))
		w.i16(int16(rng.Intn(12)))
		w.i32(1)
		w.str("x")
		for n := rng.Intn(12); n > 0; n-- { // mostly small numbers: they reach deeper
			w.i16(int16(rng.Intn(4)) - 1)
		}
		junk := make([]byte, rng.Intn(30))
		rng.Read(junk)
		out := &wr{}
		out.bytes(append(w.b, junk...))
		c, err := net.Dial("tcp", a.addr)
		if err != nil {
			t.Fatal(err)
		}
		c.Write(out.b)
		c.(*net.TCPConn).CloseWrite()
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("request %d hangs: %x", i, out.b)
		}
		c.Close()
	}
}
