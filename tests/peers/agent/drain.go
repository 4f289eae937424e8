// The graceful stop: nothing that was executed stays unanswered, and no client sees a reset.
//
// In:  SIGTERM, by way of main.go. Out: every connection ended by a FIN behind its last answer; "drained" in the trace.
// Who: main.go, server.go.
//
// A connection stops reading at once; what was read completely is executed. All that was executed is answered, delayed
// answers too, and only when the peer's TCP has acknowledged the answers a FIN follows. What the client sends meanwhile is
// read and thrown away, because a close with unread bytes would send a reset.
package main

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"
)

const clientReads = 100 * time.Millisecond // its TCP has the answers: its application takes them

// drain stops the server within cfg.drainTimeout. The listener is closed before.
func (s *server) drain() {
	s.mu.Lock()
	s.until = time.Now().Add(s.cfg.drainTimeout)
	close(s.stopping) // long polls are answered now
	for c := range s.conns {
		c.SetReadDeadline(time.Unix(1, 0))
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.serving.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Until(s.until) + time.Second): // an answer that is delayed for longer
	}
	s.closeAll()
}

// stopped says whether a connection's reader ended because of drain.
func (s *server) stopped(err error) bool {
	select {
	case <-s.stopping:
		return errors.Is(err, os.ErrDeadlineExceeded)
	default:
		return false
	}
}

// finish ends a connection whose answers are all written.
func (s *server) finish(c net.Conn) (reason string, unread int64) {
	t := c.(*net.TCPConn)
	for unsent(t) > 0 {
		if time.Now().After(s.until) {
			return "deadline: answers are not acknowledged", 0
		}
		time.Sleep(time.Millisecond)
	}
	t.SetReadDeadline(time.Now().Add(clientReads))
	unread, err := io.Copy(io.Discard, t)
	t.CloseWrite()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		var n int64
		t.SetReadDeadline(s.until)
		n, err = io.Copy(io.Discard, t)
		unread += n
	}
	switch {
	case err == nil:
		return "client closed", unread
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "deadline: client did not close", unread
	}
	return err.Error(), unread
}

// unsent gives the bytes the peer's TCP has not acknowledged (SIOCOUTQ); 0 if the connection is gone.
func unsent(t *net.TCPConn) int {
	var n int32
	raw, err := t.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&n))); e != 0 {
			n = 0
		}
	})
	return int(n)
}
