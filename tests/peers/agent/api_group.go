// JoinGroup, SyncGroup, Heartbeat, LeaveGroup: the membership half of consumer groups.
//
// In:  requests. Out: answers; the group's file changed (group.go).
// Who: api.go's table. JoinGroup and SyncGroup wait for others by looking at the file again.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

func newMemberID(clientID string) string {
	var b [8]byte
	rand.Read(b[:])
	if len(clientID) > 200 {
		clientID = clientID[:200]
	}
	return clientID + "-" + hex.EncodeToString(b[:])
}

type joinWish struct {
	group, id, kind string
	session, wait   int64
	protocols       []protocol
}

func readJoin(r *request) (j joinWish) {
	b := &r.body
	j.group = b.str()
	j.session = int64(b.i32())
	j.wait = j.session
	if r.version >= 1 {
		j.wait = int64(b.i32())
	}
	j.id = b.str()
	if r.version >= 5 {
		b.str() // instance id
	}
	j.kind = b.str()
	for i, n := 0, b.count(6); i < n && !b.bad; i++ {
		p := protocol{b.str(), b.bytes()}
		b.bad = b.bad || len(p.Meta) > maxMemberMeta
		j.protocols = append(j.protocols, p)
	}
	return j
}

// enter puts the member into the group. done: it may be answered with the generation that is there.
func (g *groupState) enter(j *joinWish, clientID string, idFirst bool) (code int16, done bool) {
	m := g.Members[j.id]
	_, invited := g.Pending[j.id]
	switch {
	case len(g.Pending) >= maxMembers:
		return errGroupFull, true
	case j.id == "" && idFirst: // KIP-394: first an id, so that a retry makes no second member
		j.id = newMemberID(clientID)
		g.Pending[j.id] = nowMs() + j.session
		return errMemberIDNeeded, true
	case j.id == "":
		j.id = newMemberID(clientID)
	case m == nil && !invited:
		return errUnknownMember, true
	}
	delete(g.Pending, j.id)
	if len(g.Members) == 0 {
		g.Type = j.kind
	}
	if m == nil && len(g.Members) >= maxMembers {
		return errGroupFull, true
	}
	if g.Type != j.kind || len(j.protocols) == 0 {
		return errInconsistent, true
	}
	changed := m == nil || !sameProtocols(m.Protocols, j.protocols)
	why := "its leader asked again"
	switch {
	case m == nil:
		why = "a member joined"
	case changed:
		why = "a member changed its protocols"
	}
	if m == nil {
		m = &member{}
		g.Members[j.id] = m
	}
	m.SessionMs, m.RebalanceMs, m.Protocols, m.Seen = j.session, j.wait, j.protocols, nowMs()
	// A member that asks again about a generation it is in has only missed the answer. The leader
	// of a stable group asks on purpose: it wants new assignments.
	if !changed && (g.Phase == phaseSyncing || g.Phase == phaseStable && j.id != g.Leader) {
		return errNone, true
	}
	g.rebalance(why)
	m.Joined = true
	return errNone, false
}

func (s *server) joinGroup(r *request) *wr {
	j := readJoin(r)
	if r.body.bad {
		return nil
	}
	code, done, before := errNone, false, int32(0)
	var state groupState
	err := s.groups.with(j.group, func(g *groupState) {
		before = g.Generation
		code, done = g.enter(&j, r.clientID, r.version >= 4)
		state = *g
	})
	for err == nil && !done {
		if !s.pause(r) {
			code = errNotCoordinator
			break
		}
		err = s.groups.with(j.group, func(g *groupState) {
			if m := g.Members[j.id]; m == nil {
				code, done = errUnknownMember, true
			} else {
				m.alive()
				// another's wish may have begun the next round before this one was answered
				m.Joined = m.Joined || g.Phase == phaseJoining
				done = g.Generation > before && g.Phase != phaseJoining
			}
			state = *g
		})
	}
	if err != nil {
		code = errStorage
	}
	if code == errNone && state.Protocol == "" {
		code = errInconsistent
	}
	return writeJoin(r.version, code, j.id, &state)
}

func writeJoin(v int16, code int16, id string, g *groupState) *wr {
	w := &wr{}
	if v >= 2 {
		w.i32(0) // throttle
	}
	w.i16(code)
	if code != errNone {
		g = &groupState{Generation: -1}
	}
	w.i32(g.Generation)
	w.str(g.Protocol)
	w.str(g.Leader)
	w.str(id)
	if id != g.Leader { // only the leader assigns
		w.count(0)
		return w
	}
	w.count(len(g.Members))
	for _, other := range g.memberIDs() {
		w.str(other)
		if v >= 5 {
			w.null() // instance id
		}
		for _, p := range g.Members[other].Protocols {
			if p.Name == g.Protocol {
				w.bytes(p.Meta)
				break
			}
		}
	}
	return w
}

func (s *server) syncGroup(r *request) *wr {
	v, b := r.version, &r.body
	name, generation, id := b.str(), b.i32(), b.str()
	if v >= 3 {
		b.str() // instance id
	}
	given := map[string][]byte{}
	for i, n := 0, b.count(6); i < n && !b.bad; i++ {
		who := b.str()
		given[who] = b.bytes()
	}
	if b.bad {
		return nil
	}
	var code int16
	var mine []byte
	look := func(g *groupState) (done bool) {
		if code = g.check(id, generation); code != errNone {
			return true
		}
		if g.Phase == phaseSyncing && id == g.Leader {
			for who, m := range g.Members {
				m.Assignment = given[who]
			}
			g.Phase = phaseStable
		}
		switch g.Phase {
		case phaseStable:
			mine = g.Members[id].Assignment
			return true
		case phaseJoining:
			code = errRebalance
			return true
		}
		return false
	}
	for done := false; !done; {
		if err := s.groups.with(name, func(g *groupState) { done = look(g) }); err != nil {
			code, done = errStorage, true
		}
		if !done && !s.pause(r) {
			code, done = errNotCoordinator, true
		}
	}
	w := &wr{}
	if v >= 1 {
		w.i32(0) // throttle
	}
	w.i16(code)
	w.bytes(mine)
	return w
}

func (s *server) heartbeat(r *request) *wr {
	v, b := r.version, &r.body
	name, generation, id := b.str(), b.i32(), b.str()
	if v >= 3 {
		b.str() // instance id
	}
	if b.bad {
		return nil
	}
	code := errStorage
	s.groups.with(name, func(g *groupState) {
		if code = g.check(id, generation); code == errNone && g.Phase == phaseJoining {
			code = errRebalance
		}
	})
	w := &wr{}
	if v >= 1 {
		w.i32(0) // throttle
	}
	w.i16(code)
	return w
}

func (s *server) leaveGroup(r *request) *wr {
	v, b := r.version, &r.body
	name := b.str()
	var ids []string
	if v < 3 {
		ids = append(ids, b.str())
	} else {
		for i, n := 0, b.count(4); i < n && !b.bad; i++ {
			ids = append(ids, b.str())
			b.str() // instance id
		}
	}
	if b.bad {
		return nil
	}
	codes := make([]int16, len(ids))
	err := s.groups.with(name, func(g *groupState) {
		for i, id := range ids {
			if g.Members[id] == nil {
				codes[i] = errUnknownMember
			}
			g.remove(id, "a member left")
		}
	})
	code := errNone
	if err != nil {
		code = errStorage
	} else if v < 3 {
		code = codes[0]
	}
	w := &wr{}
	if v >= 1 {
		w.i32(0) // throttle
	}
	w.i16(code)
	if v >= 3 {
		w.count(len(ids))
		for i, id := range ids {
			w.str(id)
			w.null() // instance id
			w.i16(codes[i])
		}
	}
	return w
}

// alive notes a waiting member's life, but not on every look: a file is written for it.
func (m *member) alive() {
	if now := nowMs(); now-m.Seen > m.SessionMs/4 {
		m.Seen = now
	}
}

// pause waits before the next look; false if the client is gone or this agent goes: another one will look.
func (s *server) pause(r *request) bool {
	select {
	case <-s.stopping:
		return false
	case <-r.gone.Done():
		return false
	case <-time.After(2 * pollEvery):
		return true
	}
}
