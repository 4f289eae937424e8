// One connection: requests go up as they are, answers come down in order.
//
// In:  a client's connection. Out: frames to the broker and back; view.go rewrites some answers.
// Who: main.go.
package main

import (
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"time"
)

const (
	maxFrame   = 120 << 20
	maxWaiting = 10000 // requests without an answer yet

	apiProduce          = 0
	apiFetch            = 1
	apiMetadata         = 3
	apiFindCoordinator  = 10
	apiVersions         = 18
	apiDescribeCluster  = 60
	apiShareFetch       = 78
	apiShareAcknowledge = 79
)

type request struct {
	key, version int16
	clientID     string
	at           time.Time
}

type session struct {
	client, broker net.Conn
	log            *connLog
	view           view
	upstream       string
	delay          time.Duration
	waiting        chan request
}

// run ends when either side ends; both are closed then.
func (s *session) run() {
	defer s.client.Close()
	defer s.log.write(logLine{Event: "closed"})
	var err error
	s.broker, err = net.DialTimeout("tcp", s.upstream, 5*time.Second)
	if err != nil {
		log.Printf("front: upstream: %v", err)
		return
	}
	s.waiting = make(chan request, maxWaiting)
	go func() {
		defer s.client.Close()
		defer s.broker.Close()
		if err := s.down(); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
			log.Printf("front: from the broker: %v", err)
		}
	}()
	if err := s.up(); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		log.Printf("front: from %v: %v", s.client.RemoteAddr(), err)
	}
	s.broker.Close()
}

func readFrame(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxFrame {
		return nil, errors.New("a frame of more than 120 MB")
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

func writeFrame(w io.Writer, b []byte) error {
	_, err := w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))
	return err
}

func parseHeader(b []byte) (request, error) {
	if len(b) < 10 {
		return request{}, errors.New("a request without a header")
	}
	r := request{key: int16(binary.BigEndian.Uint16(b)), version: int16(binary.BigEndian.Uint16(b[2:])), at: time.Now()}
	if n := int16(binary.BigEndian.Uint16(b[8:])); n > 0 {
		if len(b) < 10+int(n) {
			return r, errors.New("a client.id longer than its request")
		}
		r.clientID = string(b[10 : 10+n])
	}
	return r, nil
}

// noAnswer: a Produce with acks=0. Its acks stand behind the client.id and the transactional id.
func noAnswer(r request, b []byte) bool {
	if r.key != apiProduce {
		return false
	}
	at := 10 + len(r.clientID)
	if r.version >= 9 { // flexible: tagged fields of the header, compact string
		if len(b) < at+2 || b[at] != 0 {
			return false
		}
		at++
		n := int(b[at])
		if n > 0x7f {
			return false
		}
		at += 1 + max(n-1, 0)
	} else if r.version >= 3 {
		if len(b) < at+2 {
			return false
		}
		at += 2 + max(int(int16(binary.BigEndian.Uint16(b[at:]))), 0)
	}
	return len(b) >= at+2 && b[at] == 0 && b[at+1] == 0
}

// ApiVersions 5 names the broker that the client means to reach (KIP-1242), and the broker behind is no agent's name. A client
// that is told that the version is unknown asks again with an older one (KIP-511), before it asks for anything else.
const maxApiVersions = 4

// unsupported answers ApiVersions in version 0: error 35, and which versions of it there are.
func unsupported(request []byte) []byte {
	b := append([]byte(nil), request[4:8]...) // correlation id
	for _, n := range []uint16{35, 0, 1, apiVersions, 0, maxApiVersions} {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	return b
}

func (s *session) up() error {
	defer close(s.waiting)
	for {
		b, err := readFrame(s.client)
		if err != nil {
			return err
		}
		r, err := parseHeader(b)
		if err != nil {
			return err
		}
		s.log.asked(r)
		if r.key == apiVersions && r.version > maxApiVersions {
			if err := writeFrame(s.client, unsupported(b)); err != nil {
				return err
			}
			continue
		}
		if !noAnswer(r, b) {
			s.waiting <- r
		}
		if err := writeFrame(s.broker, b); err != nil {
			return err
		}
	}
}

func (s *session) down() error {
	for {
		b, err := readFrame(s.broker)
		if err != nil {
			return err
		}
		r, open := <-s.waiting
		if !open {
			return io.EOF
		}
		s.log.answered(r, b)
		if s.delay > 0 && r.key == apiProduce {
			time.Sleep(time.Until(r.at.Add(s.delay)))
		}
		if err := writeFrame(s.client, s.view.rewrite(r, b)); err != nil {
			return err
		}
	}
}
