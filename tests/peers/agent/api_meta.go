// Metadata, FindCoordinator, CreateTopics: what makes this a zone-aware agent.
//
// In:  requests. Out: answers that show a client the agents of its zone only.
// Who: api.go's table.
package main

import (
	"strconv"
	"strings"

	"rezone/tests/peers/cluster"
)

func (s *server) metadata(r *request) *wr {
	v := r.version
	n := r.body.count(2)
	all := n < 0 || (v == 0 && n == 0)
	var names []string
	for i := 0; i < n; i++ {
		names = append(names, r.body.str())
	}
	create := true
	if v >= 4 {
		create = r.body.boolean()
	}
	if v >= 8 {
		r.body.i16() // two wishes for authorized operations: there is no authorization
	}
	if r.body.bad {
		return nil
	}
	if all {
		names = s.store.topics()
	}
	shown := s.cluster.Shown(r.clientID)

	w := &wr{}
	if v >= 3 {
		w.i32(0) // throttle
	}
	w.count(len(shown))
	for _, a := range shown {
		w.i32(a.ID)
		w.str(a.Host)
		w.i32(a.Port)
		if v >= 1 {
			w.str(a.Zone) // rack
		}
	}
	if v >= 2 {
		w.str("rezone-standin")
	}
	if v >= 1 {
		w.i32(shown[0].ID) // controller
	}
	w.count(len(names))
	for _, name := range names {
		s.topicMetadata(w, v, name, create, shown)
	}
	if v >= 8 {
		w.i32(-1 << 31) // cluster's authorized operations: not asked for
	}
	return w
}

func (s *server) topicMetadata(w *wr, v int16, name string, create bool, shown []cluster.Agent) {
	partitions, code := s.store.topic(name)
	if code == errUnknownTopic && create {
		partitions, code = s.store.create(name, 0)
		if code == errTopicExists { // another agent was quicker
			partitions, code = s.store.topic(name)
		}
	}
	w.i16(code)
	w.str(name)
	if v >= 1 {
		w.boolean(false) // internal
	}
	w.count(partitions)
	for p := 0; p < partitions; p++ {
		w.i16(errNone)
		w.i32(int32(p))
		w.i32(cluster.Pick(shown, name+"/"+strconv.Itoa(p)).ID)
		if v >= 7 {
			w.i32(-1) // leader epoch: there is none
		}
		for _, list := range [][]cluster.Agent{shown, shown} { // replicas, in sync
			w.count(len(list))
			for _, a := range list {
				w.i32(a.ID)
			}
		}
		if v >= 5 {
			w.count(0) // offline
		}
	}
	if v >= 8 {
		w.i32(-1 << 31)
	}
}

func (s *server) findCoordinator(r *request) *wr {
	v := r.version
	key := r.body.str()
	kind := int8(0)
	if v >= 1 {
		kind = r.body.i8()
	}
	if r.body.bad {
		return nil
	}
	w := &wr{}
	if v >= 1 {
		w.i32(0) // throttle
	}
	if kind != 0 { // transactions
		w.i16(errInvalidRequest)
		if v >= 1 {
			w.str("the stand-in knows no transactions")
		}
		w.i32(-1)
		w.str("")
		w.i32(-1)
		return w
	}
	// Any agent can coordinate any group, because groups live in the data directory.
	a := cluster.Pick(s.cluster.Shown(r.clientID), "group/"+key)
	w.i16(errNone)
	if v >= 1 {
		w.null()
	}
	w.i32(a.ID)
	w.str(a.Host)
	w.i32(a.Port)
	return w
}

func (s *server) createTopics(r *request) *wr {
	v, b := r.version, &r.body
	type wish struct {
		name       string
		partitions int
	}
	var wishes []wish
	for i, n := 0, b.count(16); i < n && !b.bad; i++ {
		t := wish{b.str(), int(b.i32())}
		b.i16() // replication factor: one shared directory, so no meaning
		for j, m := 0, b.count(8); j < m && !b.bad; j++ {
			b.i32()
			b.take(4 * b.count(4))
			t.partitions = m
		}
		for j, m := 0, b.count(4); j < m && !b.bad; j++ {
			b.str()
			b.str()
		}
		wishes = append(wishes, t)
	}
	b.i32() // timeout
	dry := v >= 1 && b.boolean()
	if b.bad {
		return nil
	}
	w := &wr{}
	if v >= 2 {
		w.i32(0) // throttle
	}
	w.count(len(wishes))
	for _, t := range wishes {
		code := errNone
		switch {
		case t.partitions == 0 || t.partitions < -1 || t.partitions > maxPartitions:
			code = errInvalidPartitions
		case dry:
			if _, code = s.store.topic(t.name); code == errNone {
				code = errTopicExists
			} else if code == errUnknownTopic {
				code = errNone
			}
		default:
			if t.partitions == -1 {
				t.partitions = 0 // the agent's default
			}
			_, code = s.store.create(t.name, t.partitions)
		}
		w.str(t.name)
		w.i16(code)
		if v >= 1 {
			w.null()
		}
	}
	return w
}

// validTopic is Kafka's rule, which also makes the name safe as a file name.
func validTopic(name string) bool {
	if name == "" || name == "." || name == ".." || len(name) > 249 {
		return false
	}
	return strings.IndexFunc(name, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			c == '.' || c == '_' || c == '-')
	}) < 0
}
