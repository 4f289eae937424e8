// Topics on disk, shared by all agents: any agent appends to and reads from any partition.
//
// In:  <data>/topics/<topic>/<partition>.log, a run of record batches (format v2), nothing else.
// Out: topics, partitions.
// Who: api_meta.go, api_data.go. log.go holds one partition.
package main

import (
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
)

type store struct {
	dir      string
	defaults int // partitions of a topic nobody gave a number for

	mu    sync.Mutex
	known map[string][]*partition
}

func openStore(data string, defaults int) (*store, error) {
	dir := filepath.Join(data, "topics")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &store{dir: dir, defaults: defaults, known: make(map[string][]*partition)}, nil
}

// topics lists all topics by name.
func (s *store) topics() []string {
	var names []string
	entries, _ := os.ReadDir(s.dir)
	for _, e := range entries {
		if e.IsDir() && validTopic(e.Name()) && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	sort.Strings(names)
	return names
}

// topic gives the number of partitions.
func (s *store) topic(name string) (int, int16) {
	parts, code := s.open(name)
	return len(parts), code
}

func (s *store) partition(topic string, n int32) (*partition, int16) {
	parts, code := s.open(topic)
	if code != errNone {
		return nil, code
	}
	if n < 0 || int(n) >= len(parts) {
		return nil, errUnknownTopic
	}
	return parts[n], errNone
}

// open looks a topic up. Topics never change and are never deleted, so what is known stays known.
func (s *store) open(name string) ([]*partition, int16) {
	if !validTopic(name) || strings.HasPrefix(name, ".") {
		return nil, errInvalidTopic
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if parts, ok := s.known[name]; ok {
		return parts, errNone
	}
	dir := filepath.Join(s.dir, name)
	logs, _ := filepath.Glob(filepath.Join(dir, "*.log"))
	if len(logs) == 0 {
		return nil, errUnknownTopic
	}
	parts := make([]*partition, len(logs))
	for i := range parts {
		parts[i] = &partition{name: filepath.Join(dir, strconv.Itoa(i)+".log")}
	}
	s.known[name] = parts
	return parts, errNone
}

// create makes a topic with n partitions (0: the default) in one step: the directory is filled under
// a hidden name and then renamed, so no agent sees half of it.
func (s *store) create(name string, n int) (int, int16) {
	if n == 0 {
		n = s.defaults
	}
	if !validTopic(name) || strings.HasPrefix(name, ".") {
		return 0, errInvalidTopic
	}
	final := filepath.Join(s.dir, name)
	if _, err := os.Stat(final); err == nil {
		return 0, errTopicExists
	}
	if len(s.topics()) >= maxTopics {
		return 0, errPolicy
	}
	tmp, err := os.MkdirTemp(s.dir, ".new-")
	if err != nil {
		return 0, errStorage
	}
	defer os.RemoveAll(tmp)
	for i := 0; i < n; i++ {
		f, err := os.Create(filepath.Join(tmp, strconv.Itoa(i)+".log"))
		if err != nil {
			return 0, errStorage
		}
		f.Close()
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return 0, errStorage
	}
	if err := os.Rename(tmp, final); err != nil {
		return 0, errTopicExists // a filled directory is never replaced
	}
	return n, errNone
}
