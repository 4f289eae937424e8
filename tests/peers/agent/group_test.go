// Tests of consumer groups across two agents.
//
// In:  agents inside this process, over one data directory. Out: go test's verdict.
package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type groupClient struct {
	t    *testing.T
	c    net.Conn
	id   string
	code int16
	gen  int32
	lead string
	n    int // members told of
}

func (g *groupClient) join() {
	w := &wr{}
	w.str("g")
	w.i32(10000)
	w.i32(10000)
	w.str(g.id)
	w.str("consumer")
	w.count(1)
	w.str("range")
	w.bytes([]byte("meta"))
	r := ask(g.t, g.c, 11, 4, "app", w.b)
	r.i32()
	g.code, g.gen = r.i16(), r.i32()
	r.str()
	g.lead, g.id = r.str(), r.str()
	g.n = r.count(4)
}

func (g *groupClient) sync(assign map[string]string) (string, int16) {
	w := &wr{}
	w.str("g")
	w.i32(g.gen)
	w.str(g.id)
	w.count(len(assign))
	for id, what := range assign {
		w.str(id)
		w.bytes([]byte(what))
	}
	r := ask(g.t, g.c, 14, 1, "app", w.b)
	r.i32()
	code := r.i16()
	return string(r.bytes()), code
}

func (g *groupClient) heartbeat() int16 {
	w := &wr{}
	w.str("g")
	w.i32(g.gen)
	w.str(g.id)
	r := ask(g.t, g.c, 12, 1, "app", w.b)
	r.i32()
	return r.i16()
}

func TestGroupOverTwoAgents(t *testing.T) {
	data := t.TempDir()
	a, b := startAgent(t, data, 1, "a"), startAgent(t, data, 2, "b")
	name := filepath.Join(t.TempDir(), "trace")
	shared, _ := openTrace(name, 0)
	a.groups.trace, b.groups.trace = shared, shared
	one := &groupClient{t: t, c: dial(t, a.addr)}
	two := &groupClient{t: t, c: dial(t, b.addr)}
	for _, g := range []*groupClient{one, two} {
		if g.join(); g.code != errMemberIDNeeded || g.id == "" {
			t.Fatalf("first join: error %d, id %q", g.code, g.id)
		}
	}
	// Alone first, by agent a; then the other, by agent b.
	if one.join(); one.code != 0 || one.lead != one.id || one.n != 1 {
		t.Fatalf("join: %+v", one)
	}
	if got, code := one.sync(map[string]string{one.id: "all"}); got != "all" || code != 0 {
		t.Fatalf("sync: %q, %d", got, code)
	}
	joined := make(chan bool)
	go func() { two.join(); close(joined) }()
	for one.heartbeat() != errRebalance {
	}
	one.join()
	<-joined
	if one.gen != 2 || two.gen != 2 || two.lead != one.id || one.n != 2 {
		t.Fatalf("second generation: %+v, %+v", one, two)
	}
	told, _ := os.ReadFile(name)
	if n := strings.Count(string(told), `"event":"group"`); n != 2 {
		t.Errorf("%d generations in the trace", n)
	}
	if !strings.Contains(string(told), `"generation":2`) || !strings.Contains(string(told), `"a member joined"`) {
		t.Errorf("the trace tells %s", told)
	}
	if two.heartbeat() != 0 {
		t.Error("heartbeat while syncing failed")
	}
	synced := make(chan string)
	go func() { got, _ := two.sync(nil); synced <- got }()
	one.sync(map[string]string{one.id: "x", two.id: "y"})
	if got := <-synced; got != "y" {
		t.Errorf("the second member was assigned %q", got)
	}
	// The group is not its coordinator's: the second member goes on through the other agent.
	two.c = dial(t, a.addr)
	if code := two.heartbeat(); code != 0 {
		t.Errorf("heartbeat through another agent: %d", code)
	}
	two.gen = 1
	if code := two.heartbeat(); code != errIllegalGeneration {
		t.Errorf("old generation: %d", code)
	}
}
