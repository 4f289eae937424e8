// The truth of a test: what this agent executed, and when.
//
// In:  connections opened and closed, requests, appended and fetched records.
// Out: one JSON object a line, appended to --log with one write each, so that a reader that follows
// the file sees whole lines. encoding/json escapes what clients sent.
// Who: server.go and api_*.go write; tests read.
package main

import (
	"bytes"
	"encoding/json"
	"os"
	"sync"
	"time"
)

type traceLine struct {
	T          string `json:"t"`
	Agent      int    `json:"agent"`
	Event      string `json:"event"` // open, drained, close, request, software, produced, fetched, group
	Conn       string `json:"conn"`
	API        string `json:"api,omitempty"`
	Version    *int16 `json:"version,omitempty"`
	Corr       *int32 `json:"corr,omitempty"`
	ClientID   string `json:"client_id,omitempty"`
	Topic      string `json:"topic,omitempty"`
	Partition  *int32 `json:"partition,omitempty"`
	Acks       *int16 `json:"acks,omitempty"`
	BaseOffset *int64 `json:"base_offset,omitempty"`
	Records    *int   `json:"records,omitempty"`
	Error      int16  `json:"error,omitempty"` // Kafka's error code
	Duplicate  bool   `json:"duplicate,omitempty"`
	Lied       bool   `json:"lied,omitempty"`
	Unread     *int64 `json:"unread,omitempty"` // bytes thrown away

	Software        string `json:"software,omitempty"`
	SoftwareVersion string `json:"software_version,omitempty"`

	Group      string   `json:"group,omitempty"`
	Generation *int32   `json:"generation,omitempty"`
	Members    []string `json:"members,omitempty"`
	Reason     string   `json:"reason,omitempty"`
}

type trace struct {
	mu    sync.Mutex
	f     *os.File // nil: no log wanted
	agent int
}

func openTrace(name string, agent int) (*trace, error) {
	t := &trace{agent: agent}
	if name == "" {
		return t, nil
	}
	var err error
	t.f, err = os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	return t, err
}

func (t *trace) write(l traceLine) {
	if t.f == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	l.T = time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	l.Agent = t.agent
	var text bytes.Buffer
	enc := json.NewEncoder(&text) // ends the line, too
	enc.SetEscapeHTML(false)
	if enc.Encode(l) == nil {
		t.f.Write(text.Bytes())
	}
}

// line starts a line about a request.
func (r *request) line(event string) traceLine {
	return traceLine{Event: event, Conn: r.conn, API: apis[r.key].name, Version: &r.version,
		Corr: &r.corr, ClientID: r.clientID}
}
