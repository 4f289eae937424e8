// Tests of idempotent producers over two agents, and of the positive control.
//
// In:  agents inside this process, over one data directory. Out: go test's verdict.
package main

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"testing"
)

// sequenced is a batch of n records as an idempotent producer sends it.
func sequenced(id int64, epoch int16, first int32, n int) []byte {
	b := writeBatch(make([]record, n))
	binary.BigEndian.PutUint64(b[43:], uint64(id))
	binary.BigEndian.PutUint16(b[51:], uint16(epoch))
	binary.BigEndian.PutUint32(b[53:], uint32(first))
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], castagnoli))
	return b
}

func TestIdempotence(t *testing.T) {
	data := t.TempDir()
	agents := []testAgent{startAgent(t, data, 1, "a"), startAgent(t, data, 2, "b")}
	agents[0].store.create("t", 1)
	for i, step := range []struct {
		agent     int
		id        int64
		epoch     int16
		first     int32
		n         int
		base      int64
		duplicate bool
		code      int16
	}{
		{0, 7, 0, 1, 1, -1, false, errOutOfOrder}, // its beginning is missing
		{0, 7, 0, 0, 2, 0, false, 0},
		{1, 7, 0, 0, 2, 0, true, 0}, // sent again, to the other agent
		{1, 7, 0, 2, 1, 2, false, 0},
		{0, 7, 0, 4, 1, -1, false, errOutOfOrder},
		{0, 8, 0, 0, 1, 3, false, 0}, // another producer's numbers are its own
		{0, 7, 0, 3, 1, 4, false, 0},
		{1, 7, 0, 4, 1, 5, false, 0},
		{0, 7, 0, 5, 1, 6, false, 0},
		{1, 7, 0, 0, 2, 0, true, 0}, // the oldest of five
		{0, 7, 0, 6, 1, 7, false, 0},
		{1, 7, 0, 0, 2, -1, false, errOutOfOrder}, // the sixth is forgotten
		{0, 7, 1, 7, 1, -1, false, errOutOfOrder}, // a new epoch begins with 0
		{1, 7, 1, 0, 1, 8, false, 0},
		{0, 7, 0, 7, 1, -1, false, errProducerEpoch},
		{1, -1, -1, -1, 1, 9, false, 0},
		{1, -1, -1, -1, 1, 10, false, 0}, // without idempotence nothing is compared
	} {
		got := agents[step.agent].append("t", 0, sequenced(step.id, step.epoch, step.first, step.n))
		if got.base != step.base || got.duplicate != step.duplicate || got.code != step.code {
			t.Errorf("step %d, %+v: %+v", i, step, got)
		}
	}
}

func TestSequenceWraps(t *testing.T) {
	p := &partition{}
	p.note(sequenced(7, 0, math.MaxInt32-1, 4), 0) // …46, …47, 0, 1
	if _, code := p.judge(sequenced(7, 0, 2, 1)); code != errNone {
		t.Errorf("after the largest number: error %d", code)
	}
}

func TestInitProducerID(t *testing.T) {
	c := dial(t, startAgent(t, t.TempDir(), 1, "a").addr)
	for transaction, want := range map[string]int16{"": errNone, "tx": errInvalidRequest} {
		w := &wr{}
		if w.str(transaction); transaction == "" {
			w = &wr{}
			w.null()
		}
		w.i32(1000)
		r := ask(t, c, 22, 1, "x", w.b)
		r.i32()
		if code, id := r.i16(), r.i64(); code != want || (id < 0) != (want != errNone) {
			t.Errorf("%q: error %d, id %d", transaction, code, id)
		}
	}
}

func TestLie(t *testing.T) {
	a := startAgent(t, t.TempDir(), 1, "a")
	a.cfg.lie = 3
	a.store.create("t", 1)
	for i := 1; i <= 9; i++ {
		got := a.append("t", 0, writeBatch([]record{{value: []byte("x")}}))
		if got.lied != (i%3 == 0) || got.base < 0 || got.code != errNone {
			t.Errorf("batch %d: %+v", i, got)
		}
	}
	p, _ := a.store.partition("t", 0)
	if _, n, _ := p.offsetFor(-1); n != 6 {
		t.Errorf("%d records in the log", n)
	}
}
