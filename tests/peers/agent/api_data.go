// Produce, Fetch, ListOffsets.
//
// In:  requests of any version served. Out: answers in the same version; record batches appended to
// and read from the store; lines in the trace.
// Who: api.go's table. Every agent leads every partition.
package main

import (
	"sync/atomic"
	"time"
)

func (s *server) produce(r *request) *wr {
	v, b := r.version, &r.body
	transaction := ""
	if v >= 3 {
		transaction = b.str()
	}
	acks := b.i16()
	b.i32() // timeout
	w := &wr{}
	topics := b.count(6)
	w.count(topics)
	for i := 0; i < topics && !b.bad; i++ {
		name := b.str()
		w.str(name)
		n := b.count(8)
		w.count(n)
		for j := 0; j < n && !b.bad; j++ {
			partition, set := b.i32(), b.bytes()
			if b.bad {
				return nil
			}
			a := appended{base: -1, code: errInvalidRequest}
			switch {
			case transaction != "":
			case acks < -1 || acks > 1:
				a.code = errInvalidRequiredAcks
			default:
				a = s.append(name, partition, set)
			}
			l := r.line("produced")
			l.Topic, l.Partition, l.Acks, l.Error = name, &partition, &acks, a.code
			l.BaseOffset, l.Records, l.Duplicate, l.Lied = &a.base, &a.records, a.duplicate, a.lied
			s.trace.write(l)

			w.i32(partition)
			w.i16(a.code)
			w.i64(a.base)
			if v >= 2 {
				w.i64(-1) // append time: records keep their own
			}
			if v >= 5 {
				w.i64(0) // log start
			}
			if v >= 8 {
				w.count(0) // errors by record
				w.null()
			}
		}
	}
	if v >= 1 {
		w.i32(0) // throttle
	}
	if acks == 0 {
		return nil
	}
	return w
}

func (s *server) append(topic string, partition int32, set []byte) appended {
	p, code := s.store.partition(topic, partition)
	if code != errNone {
		return appended{base: -1, code: code}
	}
	batches, code := normalize(set)
	if code != errNone {
		return appended{base: -1, code: code}
	}
	if n := int64(s.cfg.lie); n > 0 && atomic.AddInt64(&s.batches, 1)%n == 0 {
		return p.lie(batches)
	}
	return p.append(batches)
}

type fetchPart struct {
	topic     string
	partition int32
	offset    int64
	max       int
	log       *partition // nil where code is set
	code      int16
	high      int64
	records   []byte
}

func (s *server) fetch(r *request) *wr {
	v := r.version
	wait, min, max, session, parts := s.readFetch(r)
	if r.body.bad {
		return nil
	}
	if session != 0 { // we never gave one out: every fetch is a full one
		w := &wr{}
		w.i32(0)
		w.i16(errNoSession)
		w.i32(0)
		w.count(0)
		return w
	}
	end := time.Now().Add(wait)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		size, failed := collect(parts, v, max)
		if size >= min || failed || !time.Now().Before(end) {
			break
		}
		select {
		case <-r.gone.Done():
			return nil
		case <-s.stopping:
			end = time.Now()
		case <-tick.C:
		}
	}
	s.traceFetch(r, parts)
	return writeFetch(v, parts)
}

func (s *server) readFetch(r *request) (wait time.Duration, min, max int, session int32, parts []*fetchPart) {
	v, b := r.version, &r.body
	b.i32() // replica
	wait = time.Duration(b.i32()) * time.Millisecond
	if wait > maxWait {
		wait = maxWait
	}
	min, max = int(b.i32()), maxAnswer
	if v >= 3 {
		if m := int(b.i32()); m < max {
			max = m
		}
	}
	if v >= 4 {
		b.i8() // isolation: there are no transactions
	}
	if v >= 7 {
		session = b.i32()
		b.i32() // epoch
	}
	if min > max { // else it could never be satisfied
		min = max
	}
	for i, n := 0, b.count(6); i < n && !b.bad; i++ {
		topic := b.str()
		for j, m := 0, b.count(16); j < m && !b.bad; j++ {
			p := &fetchPart{topic: topic, partition: b.i32()}
			if v >= 9 {
				b.i32() // leader epoch
			}
			p.offset = b.i64()
			if v >= 5 {
				b.i64() // log start of a follower
			}
			p.max = int(b.i32())
			p.log, p.code = s.store.partition(p.topic, p.partition)
			parts = append(parts, p)
		}
	}
	// v7+: forgotten topics, v11: rack; neither matters without sessions and followers.
	return wait, min, max, session, parts
}

// collect reads what is there now. The first partition with records may exceed the limits by its
// first batch, so that no batch is too large to be read (KIP-74).
func collect(parts []*fetchPart, v int16, max int) (size int, failed bool) {
	for _, p := range parts {
		p.records = nil
		if p.code != errNone {
			failed = true
			continue
		}
		room := max - size
		if p.max < room {
			room = p.max
		}
		var batches []byte
		batches, p.high, p.code = p.log.read(p.offset, room, size == 0)
		if p.code == errNone && v < 4 && len(batches) > 0 {
			magic := int8(1)
			if v < 2 {
				magic = 0
			}
			batches, p.code = downConvert(batches, magic)
		}
		if p.code != errNone {
			failed = true
			continue
		}
		p.records = batches
		size += len(batches)
	}
	return size, failed
}

func writeFetch(v int16, parts []*fetchPart) *wr {
	w := &wr{}
	if v >= 1 {
		w.i32(0) // throttle
	}
	if v >= 7 {
		w.i16(errNone)
		w.i32(0) // no session
	}
	w.byTopic(len(parts), func(i int) string { return parts[i].topic }, func(i int) {
		p := parts[i]
		w.i32(p.partition)
		w.i16(p.code)
		w.i64(p.high)
		if v >= 4 {
			w.i64(p.high) // last stable offset
		}
		if v >= 5 {
			w.i64(0) // log start
		}
		if v >= 4 {
			w.count(0) // aborted transactions
		}
		if v >= 11 {
			w.i32(-1) // preferred read replica
		}
		w.bytes(p.records)
	})
	return w
}

func (s *server) traceFetch(r *request, parts []*fetchPart) {
	for _, p := range parts {
		if len(p.records) == 0 && p.code == errNone {
			continue
		}
		l := r.line("fetched")
		base, records := p.offset, 0
		if p.code == errNone {
			base, records = countRecords(p.records)
		}
		l.Topic, l.Partition, l.BaseOffset, l.Records, l.Error = p.topic, &p.partition, &base, &records, p.code
		s.trace.write(l)
	}
}

func (s *server) listOffsets(r *request) *wr {
	v, b := r.version, &r.body
	b.i32() // replica
	if v >= 2 {
		b.i8() // isolation
	}
	w := &wr{}
	if v >= 2 {
		w.i32(0) // throttle
	}
	topics := b.count(6)
	w.count(topics)
	for i := 0; i < topics && !b.bad; i++ {
		name := b.str()
		w.str(name)
		n := b.count(12)
		w.count(n)
		for j := 0; j < n && !b.bad; j++ {
			partition := b.i32()
			if v >= 4 {
				b.i32() // leader epoch
			}
			stamp, offset := int64(-1), int64(-1)
			p, code := s.store.partition(name, partition)
			if when := b.i64(); code == errNone {
				stamp, offset, code = p.offsetFor(when)
			}
			w.i32(partition)
			w.i16(code)
			w.i64(stamp)
			w.i64(offset)
			if v >= 4 {
				w.i32(-1) // leader epoch
			}
		}
	}
	return w
}
