// What is set besides a library's defaults, and what records are made of: --set, --size, --partitions, --pause.
package app

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Settings are told in the words of Java and librdkafka; each application says them in its library's.
type Settings struct {
	words      map[string]string
	Size       int // bytes of a record; 0: its id alone
	Partitions int // written to in turn; 0: one alone
	Pause      time.Duration
}

func (s *Settings) Flags(fs *flag.FlagSet) {
	fs.Func("set", "`NAME=VALUE;...`", func(text string) error {
		s.words = map[string]string{}
		for _, pair := range strings.Split(text, ";") {
			if name, value, ok := strings.Cut(pair, "="); ok {
				s.words[name] = value
			}
		}
		return nil
	})
	fs.IntVar(&s.Size, "size", 0, "bytes of a record")
	fs.IntVar(&s.Partitions, "partitions", 0, "write to so many in turn")
	fs.Func("pause", "a reader pauses for so many seconds, again and again", func(text string) error {
		n, err := strconv.Atoi(text)
		s.Pause = time.Duration(n) * time.Second
		return err
	})
}

// Take hands out a setting once; "" if it is not set.
func (s *Settings) Take(name string) string {
	v := s.words[name]
	delete(s.words, name)
	return v
}

// TakeNumber is Take for a number; -1 if it is not set.
func (s *Settings) TakeNumber(name string) int {
	n, err := strconv.Atoi(s.Take(name))
	if err != nil {
		return -1
	}
	return n
}

// Rest ends the program if a setting was not taken: the library or the application does not know it.
func (s *Settings) Rest(lib string) {
	for name := range s.words {
		fmt.Fprintf(os.Stderr, "%s: --set %s: this application does not know it\n", lib, name)
		os.Exit(2)
	}
}

// Copy is for an application of several clients, each of which takes what is set.
func (s Settings) Copy() Settings {
	words := map[string]string{}
	for k, v := range s.words {
		words[k] = v
	}
	s.words = words
	return s
}

// Value is a record: its id, and more behind a blank where --size wants it.
func (s *Settings) Value(id string) string {
	if s.Size <= len(id) {
		return id
	}
	return id + " " + strings.Repeat(".", s.Size-len(id)-1)
}

// IDOf is the id in a record.
func IDOf(value string) string {
	id, _, _ := strings.Cut(value, " ")
	return id
}

// Own: the library's own partitioner chooses.
const Own = -1

// PartitionFlag takes a number, or "own".
func PartitionFlag(fs *flag.FlagSet, to *int) {
	fs.Func("partition", "`N` to read or write; own: the library chooses", func(v string) (err error) {
		*to = Own
		if v != "own" {
			*to, err = strconv.Atoi(v)
		}
		return err
	})
}

// PartitionOf is this client's of several: each has its own, or its library chooses.
func PartitionOf(first int, i Instance) int {
	if first == Own {
		return Own
	}
	return first + i.Index
}

// At is the partition of the record with this sequence number.
func (s *Settings) At(seq, alone int) int {
	if s.Partitions > 0 {
		return seq % s.Partitions
	}
	return alone
}

// Runs: a reader with --pause reads for so long between two pauses.
const Runs = 10 * time.Second

// SASL's user in all tests.
const User, Password = "app", "secret"
