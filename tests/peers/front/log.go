// What connections carried, and what group members were told.
//
// In:  requests and answers as they pass (session.go). Out: JSON lines appended to --log FILE, the stand-in agent's form:
//
//	{"t", "agent", "event": "carries", "conn", "client_id", "api": N}: the first request of that kind on a connection;
//	 Metadata (3) every time
//	{"t", "agent", "event": "group", "conn", "client_id", "api": 11|12|13|14, "error": N, "generation": N}: an answer to
//	 JoinGroup, Heartbeat, LeaveGroup, SyncGroup; the generation stands in JoinGroup's alone
//	{"t", "agent", "event": "closed", "conn"}
//	with --log-data {"t", "agent", "event": "data", "conn", "client_id", "api": N}: each Produce, Fetch, ShareFetch
//
// Who: main.go opens it. Without --log nothing is written.
package main

import (
	"encoding/json"
	"log"
	"net"
	"os"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

type logLine struct {
	T          string `json:"t"`
	Agent      int    `json:"agent"`
	Event      string `json:"event"`
	Conn       string `json:"conn"`
	ClientID   string `json:"client_id,omitempty"`
	API        *int16 `json:"api,omitempty"`
	Error      *int16 `json:"error,omitempty"`
	Generation *int32 `json:"generation,omitempty"`
}

type eventLog struct {
	mu    sync.Mutex
	file  *os.File
	agent int
	data  bool // each request for data
}

func openLog(name string, agent int, data bool) (*eventLog, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	return &eventLog{file: f, agent: agent, data: data}, err
}

// connLog is one connection's view of the log; nil where there is none.
type connLog struct {
	events *eventLog
	conn   string
	seen   map[int16]bool // by the goroutine that reads requests alone
}

func (e *eventLog) of(c net.Conn) *connLog {
	if e == nil {
		return nil
	}
	return &connLog{events: e, conn: c.RemoteAddr().String(), seen: map[int16]bool{}}
}

func (c *connLog) write(l logLine) {
	if c == nil {
		return
	}
	l.T, l.Agent, l.Conn = time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"), c.events.agent, c.conn
	b, err := json.Marshal(l)
	if err == nil {
		c.events.mu.Lock()
		_, err = c.events.file.Write(append(b, '\n'))
		c.events.mu.Unlock()
	}
	if err != nil {
		log.Printf("front: log: %v", err)
	}
}

func (c *connLog) asked(r request) {
	if c != nil && c.events.data && (r.key == apiProduce || r.key == apiFetch || r.key == apiShareFetch) {
		c.write(logLine{Event: "data", ClientID: r.clientID, API: &r.key})
	}
	if c == nil || c.seen[r.key] && r.key != apiMetadata {
		return
	}
	c.seen[r.key] = true
	c.write(logLine{Event: "carries", ClientID: r.clientID, API: &r.key})
}

// answered takes an answer as the broker gave it.
func (c *connLog) answered(r request, b []byte) {
	var m kmsg.Response
	if c != nil {
		m = groupAnswer(r.key)
	}
	if m == nil {
		return
	}
	m.SetVersion(r.version)
	head := 4
	if m.IsFlexible() {
		head = 5 // one byte: no tagged fields
	}
	l := logLine{Event: "group", ClientID: r.clientID, API: &r.key}
	if r.version <= m.MaxVersion() && len(b) >= head && m.ReadFrom(b[head:]) == nil {
		switch m := m.(type) {
		case *kmsg.JoinGroupResponse:
			l.Error, l.Generation = &m.ErrorCode, &m.Generation
		case *kmsg.SyncGroupResponse:
			l.Error = &m.ErrorCode
		case *kmsg.HeartbeatResponse:
			l.Error = &m.ErrorCode
		case *kmsg.LeaveGroupResponse:
			l.Error = &m.ErrorCode
		}
	}
	c.write(l)
}

func groupAnswer(key int16) kmsg.Response {
	switch key {
	case 11, 12, 13, 14:
		return kmsg.ResponseForKey(key)
	}
	return nil
}
