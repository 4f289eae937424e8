// Kafka's primitive types.
//
// In:  bytes of a request (rd), values of an answer (wr).
// Out: values, bytes. A reader that ran out of bytes keeps its first error and gives zeroes, so that
// the decoders read straight down and ask once, at the end.
// Who: every api_*.go, records.go. Source: the protocol guide of Apache Kafka.
package main

import (
	"encoding/binary"
	"errors"
)

var errMalformed = errors.New("malformed request")

type rd struct {
	b   []byte
	bad bool
}

func (r *rd) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return nil
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

func (r *rd) i8() int8 {
	if p := r.take(1); p != nil {
		return int8(p[0])
	}
	return 0
}

func (r *rd) boolean() bool { return r.i8() != 0 }

func (r *rd) i16() int16 {
	if p := r.take(2); p != nil {
		return int16(binary.BigEndian.Uint16(p))
	}
	return 0
}

func (r *rd) i32() int32 {
	if p := r.take(4); p != nil {
		return int32(binary.BigEndian.Uint32(p))
	}
	return 0
}

func (r *rd) i64() int64 {
	if p := r.take(8); p != nil {
		return int64(binary.BigEndian.Uint64(p))
	}
	return 0
}

// str reads a nullable string; null reads as "".
func (r *rd) str() string {
	n := r.i16()
	if n < 0 {
		return ""
	}
	return string(r.take(int(n)))
}

// bytes reads nullable bytes; null reads as nil.
func (r *rd) bytes() []byte {
	n := r.i32()
	if n < 0 {
		return nil
	}
	return r.take(int(n))
}

// count reads an array's length; -1 is null. An array longer than the bytes that are left could
// hold (each element has at least min bytes) is malformed, so no length can make us allocate much.
func (r *rd) count(min int) int {
	n := int(r.i32())
	if n < -1 || n > len(r.b)/min {
		r.bad = true
		return 0
	}
	return n
}

// varint reads a zigzag varint (record format v2).
func (r *rd) varint() int64 {
	if r.bad {
		return 0
	}
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

type wr struct{ b []byte }

func (w *wr) i8(v int8)   { w.b = append(w.b, byte(v)) }
func (w *wr) i16(v int16) { w.b = append(w.b, byte(v>>8), byte(v)) }
func (w *wr) i32(v int32) { w.b = append(w.b, byte(v>>24), byte(v>>16), byte(v>>8), byte(v)) }

func (w *wr) i64(v int64) {
	w.i32(int32(v >> 32))
	w.i32(int32(v))
}

func (w *wr) boolean(v bool) {
	if v {
		w.i8(1)
	} else {
		w.i8(0)
	}
}

func (w *wr) str(s string) {
	w.i16(int16(len(s)))
	w.b = append(w.b, s...)
}

// byTopic writes n entries as Kafka nests them, [topic [entry]]: neighbours of one topic share its
// entry, because some clients (sarama) forget the first of two entries for a topic.
func (w *wr) byTopic(n int, topic func(i int) string, entry func(i int)) {
	var starts []int
	for i := 0; i < n; i++ {
		if i == 0 || topic(i) != topic(i-1) {
			starts = append(starts, i)
		}
	}
	w.count(len(starts))
	for j, from := range starts {
		to := n
		if j+1 < len(starts) {
			to = starts[j+1]
		}
		w.str(topic(from))
		w.count(to - from)
		for i := from; i < to; i++ {
			entry(i)
		}
	}
}

func (w *wr) null() { w.i16(-1) }

func (w *wr) bytes(p []byte) {
	w.i32(int32(len(p)))
	w.b = append(w.b, p...)
}

func (w *wr) count(n int) { w.i32(int32(n)) }

func (w *wr) varint(v int64) { w.b = appendVarint(w.b, v) }

func appendVarint(b []byte, v int64) []byte {
	var tmp [binary.MaxVarintLen64]byte
	return append(b, tmp[:binary.PutVarint(tmp[:], v)]...)
}
