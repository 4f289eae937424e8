// Record formats. On disk there is only v2 (magic 2).
//
// In:  record sets as clients wrote them: v2 batches, or the older message sets (magic 0 and 1) of
//
//	Produce v0-v2, which Debian's kafka-go 0.2.1 writes.
//
// Out: v2 batches, checked; or, for Fetch v0-v3, message sets again.
// Who: api_data.go. Source: Apache Kafka's message format documentation.
//
// Payloads of v2 batches are stored as they came, so any compression works between new clients. Only
// where a format must be changed are they opened, and then only gzip is known here.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"io"
)

const (
	batchHeader = 61             // bytes of a v2 batch before its first record
	maxUnpacked = 2 * maxRequest // bytes of a decompressed set
	maxRecords  = maxRequest / 4 // of one batch; a record has 7 bytes at least
	codecMask   = 7
	codecGzip   = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type record struct {
	offset     int64
	time       int64  // ms; -1 unknown
	key, value []byte // nil is null
}

// normalize turns what a Produce carries into v2 batches whose base offsets are still to be set.
func normalize(set []byte) ([][]byte, int16) {
	var batches [][]byte
	for len(set) > 0 {
		if len(set) < 17 {
			return nil, errCorrupt
		}
		if magic := int8(set[16]); magic < 2 {
			records, code := readMessages(set, nil, 0)
			if code != errNone {
				return nil, code
			}
			return append(batches, writeBatch(records)), errNone // an old set is old to its end
		}
		size := int64(binary.BigEndian.Uint32(set[8:])) + 12
		if size < batchHeader || size > int64(len(set)) || !batchValid(set[:size]) {
			return nil, errCorrupt
		}
		b := append([]byte(nil), set[:size]...)
		binary.BigEndian.PutUint32(b[12:], 0) // leader epoch
		batches = append(batches, b)
		set = set[size:]
	}
	if len(batches) == 0 {
		return nil, errCorrupt
	}
	return batches, errNone
}

func batchValid(b []byte) bool {
	last := int32(binary.BigEndian.Uint32(b[23:]))
	count := int32(binary.BigEndian.Uint32(b[57:]))
	return b[16] == 2 && count > 0 && count <= maxRecords && last == count-1 &&
		binary.BigEndian.Uint32(b[17:]) == crc32.Checksum(b[21:], castagnoli)
}

// writeBatch builds one uncompressed v2 batch of records in their order.
func writeBatch(records []record) []byte {
	first, newest := records[0].time, records[0].time
	w := &wr{b: make([]byte, batchHeader)}
	for i, r := range records {
		if r.time > newest {
			newest = r.time
		}
		body := &wr{}
		body.i8(0) // attributes
		body.varint(r.time - first)
		body.varint(int64(i))
		for _, p := range [][]byte{r.key, r.value} {
			if p == nil {
				body.varint(-1)
				continue
			}
			body.varint(int64(len(p)))
			body.b = append(body.b, p...)
		}
		body.varint(0) // headers
		w.varint(int64(len(body.b)))
		w.b = append(w.b, body.b...)
	}
	h := &wr{}
	h.i64(0) // base offset
	h.i32(int32(len(w.b) - 12))
	h.i32(0) // leader epoch
	h.i8(2)
	h.i32(0) // checksum, below
	h.i16(0) // attributes
	h.i32(int32(len(records) - 1))
	h.i64(first)
	h.i64(newest)
	h.i64(-1) // producer
	h.i16(-1)
	h.i32(-1)
	h.i32(int32(len(records)))
	copy(w.b, h.b)
	binary.BigEndian.PutUint32(w.b[17:], crc32.Checksum(w.b[21:], castagnoli))
	return w.b
}

// readMessages reads an old message set; a compressed message holds a set of its own, one level deep.
func readMessages(set []byte, to []record, depth int) ([]record, int16) {
	r := rd{b: set}
	for len(r.b) > 0 {
		r.i64() // offset: we give our own
		body := rd{b: r.bytes()}
		sum := uint32(body.i32())
		if r.bad || body.bad || crc32.ChecksumIEEE(body.b) != sum {
			return nil, errCorrupt
		}
		magic, attributes, stamp := body.i8(), body.i8(), int64(-1)
		if magic == 1 {
			stamp = body.i64()
		}
		key, value := body.bytes(), body.bytes()
		if body.bad || magic < 0 || magic > 1 || len(to) >= maxRecords {
			return nil, errCorrupt
		}
		if attributes&codecMask == 0 {
			to = append(to, record{time: stamp, key: key, value: value})
			continue
		}
		inner, code := unpack(value, attributes)
		if code != errNone || depth > 0 {
			return nil, errUnsupportedCodec
		}
		if to, code = readMessages(inner, to, depth+1); code != errNone {
			return nil, code
		}
	}
	if len(to) == 0 {
		return nil, errCorrupt
	}
	return to, errNone
}

func unpack(p []byte, attributes int8) ([]byte, int16) {
	switch attributes & codecMask {
	case 0:
		return p, errNone
	case codecGzip:
		z, err := gzip.NewReader(bytes.NewReader(p))
		if err != nil {
			return nil, errCorrupt
		}
		out, err := io.ReadAll(io.LimitReader(z, maxUnpacked+1))
		if err != nil || len(out) > maxUnpacked {
			return nil, errCorrupt
		}
		return out, errNone
	}
	return nil, errUnsupportedCodec
}

// readBatches reads the records of v2 batches that were checked when they were stored.
func readBatches(set []byte) ([]record, int16) {
	var out []record
	for len(set) >= batchHeader {
		size := int(binary.BigEndian.Uint32(set[8:])) + 12
		b := set[:size]
		set = set[size:]
		base, first := int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[27:]))
		body, code := unpack(b[batchHeader:], int8(b[22]))
		if code != errNone {
			return nil, code
		}
		r := rd{b: body}
		for n := binary.BigEndian.Uint32(b[57:]); n > 0 && !r.bad; n-- {
			rec := rd{b: r.take(int(r.varint()))}
			rec.i8()
			one := record{time: first + rec.varint(), offset: base + rec.varint()}
			for _, p := range []*[]byte{&one.key, &one.value} {
				if l := rec.varint(); l >= 0 {
					*p = rec.take(int(l))
				}
			}
			r.bad = r.bad || rec.bad
			out = append(out, one)
		}
		if r.bad { // the checksum was right, so its producer wrote nonsense
			return nil, errCorrupt
		}
	}
	return out, errNone
}

// downConvert rewrites v2 batches as a message set for a reader that knows nothing newer.
func downConvert(set []byte, magic int8) ([]byte, int16) {
	records, code := readBatches(set)
	if code != errNone {
		return nil, code
	}
	w := &wr{}
	for _, r := range records {
		body := &wr{}
		body.i8(magic)
		body.i8(0)
		if magic == 1 {
			body.i64(r.time)
		}
		for _, p := range [][]byte{r.key, r.value} {
			if p == nil {
				body.i32(-1)
			} else {
				body.bytes(p)
			}
		}
		w.i64(r.offset)
		w.i32(int32(4 + len(body.b)))
		w.i32(int32(crc32.ChecksumIEEE(body.b)))
		w.b = append(w.b, body.b...)
	}
	return w.b, errNone
}

// countRecords gives the first offset and the number of records of either form, for the trace.
func countRecords(set []byte) (base int64, n int) {
	base = -1
	for len(set) >= 17 {
		if base < 0 {
			base = int64(binary.BigEndian.Uint64(set))
		}
		if set[16] == 2 {
			n += int(binary.BigEndian.Uint32(set[23:])) + 1
		} else {
			n++
		}
		size := int64(binary.BigEndian.Uint32(set[8:])) + 12
		if size > int64(len(set)) {
			break
		}
		set = set[size:]
	}
	return base, n
}
