// What the clients of the end-to-end suite say, in one form for all languages.
//
// In:  events. Out: one JSON object a line on stdout, one write a line:
//
//	{"t": RFC 3339 UTC, "event": "start"|"read"|"wrote"|"error"|"stop", "n": records read or acknowledged
//	 so far, "id": record id, "partition": N, "offset": N, "error": text}; what is unknown is null.
//	{"t", "event": "assigned"|"revoked", "n", "partitions": [N...], "generation": N, ...}: what a group's member is told,
//	 where its library tells; a library that does not know the partitions or the generation leaves that out.
//	{..., "client": I}: the I-th client of a process that runs several; n is its own count.
//
// Who: franz.go, sarama.go. Copied from tests/clients/kafka-go: two modules.
package main

import (
	"encoding/json"
	"os"
	"sync"
	"time"
)

type event struct {
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

type output struct {
	mu     sync.Mutex
	n      int64
	client int // 0: the only one
}

// emit counts read and wrote events and prints. A closed stdout ends the client: nobody listens.
func (o *output) emit(e event) {
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

func (o *output) fail(id *string, err error) {
	text := err.Error()
	o.emit(event{Event: "error", ID: id, Error: &text})
}
