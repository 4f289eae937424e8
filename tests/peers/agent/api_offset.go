// OffsetCommit, OffsetFetch: how far a group has read.
//
// In:  requests. Out: answers; offsets in the group's file (group.go).
// Who: api.go's table.
package main

func (s *server) offsetCommit(r *request) *wr {
	v, b := r.version, &r.body
	name, generation, id := b.str(), b.i32(), b.str()
	if v >= 7 {
		b.str() // instance id
	}
	if v < 5 {
		b.i64() // retention
	}
	type commit struct {
		topic     string
		partition int32
		committed
	}
	var all []commit
	for i, n := 0, b.count(6); i < n && !b.bad; i++ {
		topic := b.str()
		for j, m := 0, b.count(14); j < m && !b.bad; j++ {
			c := commit{topic: topic, partition: b.i32()}
			c.Offset = b.i64()
			if v >= 6 {
				b.i32() // leader epoch
			}
			c.Meta = b.str()
			all = append(all, c)
		}
	}
	if b.bad {
		return nil
	}
	code := errNone
	err := s.groups.with(name, func(g *groupState) {
		// Without a generation: a client that assigns partitions itself, allowed while nobody
		// is a member.
		if generation >= 0 || len(g.Members) > 0 {
			if code = g.check(id, generation); code != errNone {
				return
			}
		}
		for _, c := range all {
			if _, unknown := s.store.partition(c.topic, c.partition); unknown != errNone || len(c.Meta) > maxOffsetMeta {
				continue
			}
			if g.Offsets[c.topic] == nil {
				g.Offsets[c.topic] = map[int32]committed{}
			}
			g.Offsets[c.topic][c.partition] = c.committed
		}
	})
	if err != nil {
		code = errStorage
	}
	w := &wr{}
	if v >= 3 {
		w.i32(0) // throttle
	}
	w.byTopic(len(all), func(i int) string { return all[i].topic }, func(i int) {
		w.i32(all[i].partition)
		if code == errNone && len(all[i].Meta) > maxOffsetMeta {
			w.i16(errOffsetMetaTooLarge)
		} else {
			w.i16(code)
		}
	})
	return w
}

func (s *server) offsetFetch(r *request) *wr {
	v, b := r.version, &r.body
	name := b.str()
	type want struct {
		topic     string
		partition int32
	}
	var wants []want
	topics := b.count(6)
	for i := 0; i < topics && !b.bad; i++ {
		topic := b.str()
		for j, m := 0, b.count(4); j < m && !b.bad; j++ {
			wants = append(wants, want{topic, b.i32()})
		}
	}
	if b.bad {
		return nil
	}
	var offsets map[string]map[int32]committed
	code := errNone
	if s.groups.with(name, func(g *groupState) { offsets = g.Offsets }) != nil {
		code = errStorage
	}
	if topics < 0 && v >= 2 { // all there are
		for topic, parts := range offsets {
			for p := range parts {
				wants = append(wants, want{topic, p})
			}
		}
	}
	w := &wr{}
	if v >= 3 {
		w.i32(0) // throttle
	}
	w.byTopic(len(wants), func(i int) string { return wants[i].topic }, func(i int) {
		t := wants[i]
		c, ok := offsets[t.topic][t.partition]
		if !ok {
			c.Offset = -1
		}
		w.i32(t.partition)
		w.i64(c.Offset)
		if v >= 5 {
			w.i32(-1) // leader epoch
		}
		w.str(c.Meta)
		w.i16(code)
	})
	if v >= 2 {
		w.i16(code)
	}
	return w
}
