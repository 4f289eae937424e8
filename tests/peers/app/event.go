// Package app has what the Go clients of the end-to-end suite share: what they say, in one form for all languages; several
// clients in one process; an end that does not wait for ever.
//
// In:  events. Out: one JSON object a line on stdout, one write a line:
//
//	{"t": RFC 3339 UTC, "event": "start"|"read"|"wrote"|"error"|"stop", "n": records read or acknowledged
//	 so far, "id": record id, "partition": N, "offset": N, "error": text}; what is unknown is null.
//	{"t", "event": "assigned"|"revoked", "n", "partitions": [N...], "generation": N, ...}: what a group's member is told,
//	 where its library tells; a library that does not know the partitions or the generation leaves that out.
//	{..., "client": I}: the I-th client of a process that runs several; n is its own count.
//
// Who: tests/peers/clients/kafka-go, kafka-go-debian, go-others.
package app

import (
	"encoding/json"
	"os"
	"sync"
	"time"
)

type Event struct {
	T         string  `json:"t"`
	Event     string  `json:"event"`
	N         int64   `json:"n"`
	ID        *string `json:"id"`
	Partition *int    `json:"partition"`
	Offset    *int64  `json:"offset"`
	Error     *string `json:"error"`
	Client    int     `json:"client,omitempty"`

	Partitions *[]int32 `json:"partitions,omitempty"`
	Generation *int32   `json:"generation,omitempty"`
}

type Output struct {
	mu     sync.Mutex
	n      int64
	client int // 0: the only one
}

// Emit counts read and wrote events and prints. A closed stdout ends the client: nobody listens.
func (o *Output) Emit(e Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if e.Event == "read" || e.Event == "wrote" {
		o.n++
	}
	e.N, e.Client = o.n, o.client
	e.T = time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	line, err := json.Marshal(e)
	if err == nil {
		_, err = os.Stdout.Write(append(line, '\n'))
	}
	if err != nil {
		os.Exit(1)
	}
}

// Fail tells of an error; id is nil where it is no record's.
func (o *Output) Fail(id *string, err error) {
	text := err.Error()
	o.Emit(Event{Event: "error", ID: id, Error: &text})
}

// AtMost lets f finish, but not for ever: at the end there may be no agent to say goodbye to.
func AtMost(d time.Duration, f func()) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(d):
	}
}
