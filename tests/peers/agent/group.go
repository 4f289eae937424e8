// Consumer groups, kept in the data directory like everything else: any agent coordinates any group.
//
// In:  what members ask for (api_group.go). Out: the group's state, one locked JSON file a group.
// Who: api_group.go.
//
// Only the classic protocol. group.instance.id is accepted, but such a member is treated as an
// ordinary one. No agent needs to be told of another's members: whoever looks at the file next
// removes the expired and moves the state on.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"sort"
	"syscall"
	"time"
)

// A group's life: empty → joining → syncing → stable, and back to joining when members come or go.
const (
	phaseEmpty   = ""
	phaseJoining = "joining" // waits until all members have (re)joined
	phaseSyncing = "syncing" // waits for the leader's assignment
	phaseStable  = "stable"
)

// firstJoinWait gives members that start together the chance to share their first generation.
var firstJoinWait = 200 * time.Millisecond

type protocol struct {
	Name string
	Meta []byte
}

type member struct {
	SessionMs   int64
	RebalanceMs int64
	Seen        int64 // unix ms of the last sign of life
	Joined      bool  // has asked for the coming generation
	Protocols   []protocol
	Assignment  []byte
}

type committed struct {
	Offset int64
	Meta   string
}

type groupState struct {
	Group      string
	Phase      string
	Since      int64 // unix ms at which joining began
	Wait       int64 // ms joining lasts at least
	Generation int32
	Type       string // protocol type
	Protocol   string // chosen by vote of the protocols all support
	Leader     string
	Reason     string // why joining began, for the trace
	Members    map[string]*member
	Pending    map[string]int64               // ids given out (KIP-394), until unix ms
	Offsets    map[string]map[int32]committed // topic, partition
}

type groups struct {
	dir   string
	trace *trace
}

func openGroups(data string) (*groups, error) {
	g := &groups{dir: filepath.Join(data, "groups"), trace: &trace{}}
	return g, os.MkdirAll(g.dir, 0o755)
}

// with runs f on the group's state, alone among all agents, and stores what f changed. The name goes
// through a hash, because a group may be called anything.
func (gs *groups) with(name string, f func(*groupState)) error {
	sum := sha256.Sum256([]byte(name))
	path := filepath.Join(gs.dir, hex.EncodeToString(sum[:12])+".json")
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if os.IsNotExist(err) {
		if all, err := os.ReadDir(gs.dir); err != nil || len(all) >= maxGroups {
			return syscall.ENOSPC
		}
		file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	defer file.Close() // also frees the lock
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	before, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	g := &groupState{}
	if json.Unmarshal(before, g) != nil || g.Group != name { // new, or torn by a dying agent
		g = &groupState{Group: name}
	}
	if g.Members == nil {
		g.Members = map[string]*member{}
	}
	if g.Pending == nil {
		g.Pending = map[string]int64{}
	}
	if g.Offsets == nil {
		g.Offsets = map[string]map[int32]committed{}
	}
	generation := g.Generation
	g.advance()
	f(g)
	g.advance()
	if g.Generation != generation {
		gs.trace.write(traceLine{Event: "group", Group: name, Generation: &g.Generation, Members: g.memberIDs(), Reason: g.Reason})
	}
	after, err := json.Marshal(g)
	if err != nil || bytes.Equal(before, after) {
		return err
	}
	if _, err := file.WriteAt(after, 0); err != nil {
		return err
	}
	return file.Truncate(int64(len(after)))
}

func nowMs() int64 { return time.Now().UnixMilli() }

// advance removes the expired and completes a join whose members are all there or out of time.
func (g *groupState) advance() {
	now := nowMs()
	for id, until := range g.Pending {
		if until < now {
			delete(g.Pending, id)
		}
	}
	for id, m := range g.Members {
		if now-m.Seen > m.SessionMs {
			g.remove(id, "session expired")
		}
	}
	if g.Phase != phaseJoining || now-g.Since < g.Wait {
		return
	}
	missing, patience := 0, int64(0)
	for _, m := range g.Members {
		if !m.Joined {
			missing++
		}
		if m.RebalanceMs > patience {
			patience = m.RebalanceMs
		}
	}
	if missing > 0 && now-g.Since < patience {
		return
	}
	for id, m := range g.Members {
		if !m.Joined {
			delete(g.Members, id)
		}
	}
	if len(g.Members) == 0 {
		g.Phase = phaseEmpty
		return
	}
	g.nextGeneration()
}

func (g *groupState) nextGeneration() {
	ids := g.memberIDs()
	if g.Members[g.Leader] == nil {
		g.Leader = ids[0]
	}
	g.Protocol = ""
	for _, p := range g.Members[g.Leader].Protocols {
		all := true
		for _, id := range ids {
			all = all && g.Members[id].supports(p.Name)
		}
		if all {
			g.Protocol = p.Name
			break
		}
	}
	for _, m := range g.Members {
		m.Assignment = nil
	}
	g.Generation++
	g.Phase = phaseSyncing
}

func (g *groupState) memberIDs() []string {
	var ids []string
	for id := range g.Members {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}

// rebalance starts a join; members learn of it from their next heartbeat. The first reason stands.
func (g *groupState) rebalance(why string) {
	if g.Phase == phaseJoining {
		return
	}
	g.Reason = why
	g.Wait = 0
	if g.Phase == phaseEmpty {
		g.Wait = firstJoinWait.Milliseconds()
	}
	g.Phase, g.Since = phaseJoining, nowMs()
	for _, m := range g.Members {
		m.Joined = false
	}
}

func (g *groupState) remove(id, why string) {
	if g.Members[id] == nil {
		return
	}
	delete(g.Members, id)
	if len(g.Members) > 0 {
		g.rebalance(why)
	} else {
		g.Phase = phaseEmpty
	}
}

// check answers whether a member may speak for a generation, and notes that it lives.
func (g *groupState) check(id string, generation int32) int16 {
	m := g.Members[id]
	if m == nil {
		return errUnknownMember
	}
	m.Seen = nowMs()
	if generation != g.Generation {
		return errIllegalGeneration
	}
	return errNone
}

func (m *member) supports(name string) bool {
	for _, p := range m.Protocols {
		if p.Name == name {
			return true
		}
	}
	return false
}

func sameProtocols(a, b []protocol) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || !bytes.Equal(a[i].Meta, b[i].Meta) {
			return false
		}
	}
	return true
}
