// Package cluster knows which agents are alive, and which of them a client is shown.
//
// In:  <data>/agents/<id>, one JSON file an agent, locked by its owner for as long as it lives.
// Out: the live agents; the zone view of one client.id.
// Who: the stand-in agent and the zone view before a real broker (front).
//
// A lock, not a heartbeat: the kernel drops it when the process dies, however it dies, so a dead
// agent is out of every answer at once and no clock is compared.
package cluster

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
)

type Agent struct {
	ID   int32  `json:"id"`
	Zone string `json:"zone"`
	Host string `json:"host"`
	Port int32  `json:"port"`
}

type Cluster struct {
	Self Agent
	dir  string
	file *os.File // held open: it carries the lock; nil: a signpost
}

// Announce writes and locks the agent's file. The file is locked before it gets its name, so nobody
// ever reads a live agent's file half written.
func Announce(data string, self Agent) (*Cluster, error) {
	dir := filepath.Join(data, "agents")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, strconv.Itoa(int(self.ID)))
	if _, alive := readAgent(name); alive {
		return nil, fmt.Errorf("agent %d is already running on %s", self.ID, data)
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Cluster, error) {
		os.Remove(f.Name())
		f.Close()
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return fail(err)
	}
	text, err := json.Marshal(self)
	if err != nil {
		return fail(err)
	}
	if _, err := f.Write(append(text, '\n')); err != nil {
		return fail(err)
	}
	if err := f.Chmod(0o644); err != nil {
		return fail(err)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return fail(err)
	}
	return &Cluster{dir: dir, Self: self, file: f}, nil
}

// Signpost sees the live agents, and is none itself.
func Signpost(data string) *Cluster {
	return &Cluster{dir: filepath.Join(data, "agents")}
}

// Abandon lets go of the lock and leaves the file, as an agent that was killed does. For tests.
func (c *Cluster) Abandon() { c.file.Close() }

// Withdraw removes the file, unless a successor has already put its own there.
func (c *Cluster) Withdraw() {
	if c.file == nil {
		return
	}
	name := filepath.Join(c.dir, strconv.Itoa(int(c.Self.ID)))
	ours, err1 := c.file.Stat()
	there, err2 := os.Stat(name)
	if err1 == nil && err2 == nil && os.SameFile(ours, there) {
		os.Remove(name)
	}
	c.file.Close()
}

// readAgent reads one file; alive only if somebody holds its lock.
func readAgent(name string) (Agent, bool) {
	var a Agent
	f, err := os.Open(name)
	if err != nil {
		return a, false
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return a, false // free: its owner is dead
	}
	return a, json.NewDecoder(f).Decode(&a) == nil
}

// Live lists the live agents by id. This agent is always among them, unless it is a signpost.
func (c *Cluster) Live() []Agent {
	entries, _ := os.ReadDir(c.dir)
	var agents []Agent
	if c.file != nil {
		agents = append(agents, c.Self)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if a, alive := readAgent(filepath.Join(c.dir, e.Name())); alive && (c.file == nil || a.ID != c.Self.ID) {
			agents = append(agents, a)
		}
	}
	sort.Slice(agents, func(i, j int) bool { return agents[i].ID < agents[j].ID })
	return agents
}

// Shown is the zone view: the live agents of the client's zone; all of them if it has none, or the
// client names no zone.
func (c *Cluster) Shown(clientID string) []Agent {
	all := c.Live()
	zone := ClientZone(clientID)
	if zone == "" {
		return all
	}
	var home []Agent
	for _, a := range all {
		if a.Zone == zone {
			home = append(home, a)
		}
	}
	if len(home) == 0 {
		return all
	}
	return home
}

// ClientZone reads the zone tag as WarpStream documents it: elements between commas, key=value, the
// first of the two keys wins.
func ClientZone(clientID string) string {
	for _, element := range strings.Split(clientID, ",") {
		key, value, ok := strings.Cut(element, "=")
		if ok && (key == "warpstream_az" || key == "ws_az") {
			return value
		}
	}
	return ""
}

// OneLeader says whether the client asks for one agent as the leader of all its partitions, as WarpStream documents it. The first
// of the two keys counts.
func OneLeader(clientID string) bool {
	for _, element := range strings.Split(clientID, ",") {
		key, value, ok := strings.Cut(element, "=")
		if ok && (key == "warpstream_partition_assignment_strategy" || key == "ws_pas") {
			return value == "single_agent"
		}
	}
	return false
}

// Pick spreads partitions and groups over the agents shown, the same way in every agent.
func Pick(agents []Agent, what string) Agent {
	h := fnv.New32a()
	h.Write([]byte(what))
	return agents[int(h.Sum32()%uint32(len(agents)))]
}
