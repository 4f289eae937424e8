// Who is alive, and whom a client is shown.
//
// In:  <data>/agents/<id>, one JSON file an agent, locked by its owner for as long as it lives.
// Out: the live agents; the zone view of one client.id.
// Who: main.go announces, api_meta.go asks on every Metadata and FindCoordinator request.
//
// A lock, not a heartbeat: the kernel drops it when the process dies, however it dies, so a dead
// agent is out of every answer at once and no clock is compared.
package main

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

type agentInfo struct {
	ID   int32  `json:"id"`
	Zone string `json:"zone"`
	Host string `json:"host"`
	Port int32  `json:"port"`
}

type cluster struct {
	dir  string
	self agentInfo
	file *os.File // held open: it carries the lock; nil: a signpost, which is no agent
}

// announce writes and locks the agent's file. The file is locked before it gets its name, so nobody
// ever reads a live agent's file half written.
func announce(data string, self agentInfo) (*cluster, error) {
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
	fail := func(err error) (*cluster, error) {
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
	return &cluster{dir: dir, self: self, file: f}, nil
}

// withdraw removes the file, unless a successor has already put its own there.
func (c *cluster) withdraw() {
	if c.file == nil { // a signpost
		return
	}
	name := filepath.Join(c.dir, strconv.Itoa(int(c.self.ID)))
	ours, err1 := c.file.Stat()
	there, err2 := os.Stat(name)
	if err1 == nil && err2 == nil && os.SameFile(ours, there) {
		os.Remove(name)
	}
	c.file.Close()
}

// readAgent reads one file; alive only if somebody holds its lock.
func readAgent(name string) (agentInfo, bool) {
	var a agentInfo
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

// live lists the live agents by id. This agent is always among them, unless it is a signpost.
func (c *cluster) live() []agentInfo {
	entries, _ := os.ReadDir(c.dir)
	var agents []agentInfo
	if c.file != nil {
		agents = append(agents, c.self)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if a, alive := readAgent(filepath.Join(c.dir, e.Name())); alive && (c.file == nil || a.ID != c.self.ID) {
			agents = append(agents, a)
		}
	}
	sort.Slice(agents, func(i, j int) bool { return agents[i].ID < agents[j].ID })
	return agents
}

// shown is the zone view: the live agents of the client's zone; all of them if it has none, or the
// client names no zone.
func (c *cluster) shown(clientID string) []agentInfo {
	all := c.live()
	zone := clientZone(clientID)
	if zone == "" {
		return all
	}
	var home []agentInfo
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

// clientZone reads the zone tag as WarpStream documents it: elements between commas, key=value, the
// first of the two keys wins.
func clientZone(clientID string) string {
	for _, element := range strings.Split(clientID, ",") {
		key, value, ok := strings.Cut(element, "=")
		if ok && (key == "warpstream_az" || key == "ws_az") {
			return value
		}
	}
	return ""
}

// pick spreads partitions and groups over the agents shown, the same way in every agent.
func pick(agents []agentInfo, what string) agentInfo {
	h := fnv.New32a()
	h.Write([]byte(what))
	return agents[int(h.Sum32()%uint32(len(agents)))]
}
