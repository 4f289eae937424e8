// One partition: an append-only file of record batches and an index of it in memory.
//
// In:  normalized batches (records.go). Out: the offsets they got; batches from an offset on.
// Who: api_data.go.
//
// Several agents append to one file: flock makes an append atomic between processes, the mutex
// between goroutines. Each agent's index catches up with what others wrote whenever it looks.
package main

import (
	"encoding/binary"
	"os"
	"sort"
	"sync"
	"syscall"
)

type batchAt struct {
	pos        int64
	size       int
	base, last int64 // first and last offset
	maxTime    int64 // newest record, ms
}

type partition struct {
	name string

	mu    sync.Mutex
	file  *os.File
	index []batchAt
	size  int64 // bytes of whole batches
	next  int64 // offset of the next record

	producers map[int64]*producer // sequence.go; nil while there is none
}

// appended is what became of one partition's batches.
type appended struct {
	base            int64 // first offset; -1 with a code
	records         int
	duplicate, lied bool // not written: a copy of what is there; the positive control (--lie)
	code            int16
}

// refresh opens the file and indexes batches that came since. A torn batch at the end (its writer
// died) is left out; the next append overwrites it. Call with the mutex held.
func (p *partition) refresh() error {
	if p.file == nil {
		f, err := os.OpenFile(p.name, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		p.file = f
	}
	st, err := p.file.Stat()
	if err != nil {
		return err
	}
	var head [batchHeader]byte
	for st.Size()-p.size >= batchHeader {
		if _, err := p.file.ReadAt(head[:], p.size); err != nil {
			return err
		}
		size := int64(binary.BigEndian.Uint32(head[8:])) + 12
		if size < batchHeader || p.size+size > st.Size() {
			break
		}
		base := int64(binary.BigEndian.Uint64(head[:]))
		p.add(head[:], int(size), base)
	}
	return nil
}

func (p *partition) add(head []byte, size int, base int64) {
	last := base + int64(binary.BigEndian.Uint32(head[23:]))
	p.index = append(p.index, batchAt{p.size, size, base, last,
		int64(binary.BigEndian.Uint64(head[35:]))})
	p.note(head, base)
	p.size += int64(size)
	p.next = last + 1
}

// locked runs f with the file locked against other agents and the index up to date.
func (p *partition) locked(f func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refresh(); err != nil {
		return err
	}
	fd := int(p.file.Fd())
	if err := syscall.Flock(fd, syscall.LOCK_EX); err != nil {
		return err
	}
	defer syscall.Flock(fd, syscall.LOCK_UN)
	if err := p.refresh(); err != nil { // what came while we waited
		return err
	}
	return f()
}

// append writes batches one after the other with the next offsets. A copy of an idempotent producer's batch is not written
// again; such a producer sends one batch a partition.
func (p *partition) append(batches [][]byte) (a appended) {
	for _, b := range batches {
		a.records += int(binary.BigEndian.Uint32(b[23:])) + 1
		if id, _, _, _ := batchProducer(b); id >= 0 && len(batches) > 1 {
			return appended{base: -1, code: errInvalidRequest}
		}
	}
	err := p.locked(func() error {
		if a.base, a.code = p.judge(batches[0]); a.code != errNone {
			a.records = 0
			return nil
		}
		if a.duplicate = a.base >= 0; a.duplicate {
			return nil
		}
		a.base = p.next
		var out []byte
		next := a.base
		for _, b := range batches {
			binary.BigEndian.PutUint64(b, uint64(next)) // outside of the batch's checksum
			next += int64(binary.BigEndian.Uint32(b[23:])) + 1
			out = append(out, b...)
		}
		if err := p.file.Truncate(p.size); err != nil { // a torn batch
			return err
		}
		if _, err := p.file.WriteAt(out, p.size); err != nil {
			return err
		}
		return p.refresh()
	})
	if err != nil {
		return appended{base: -1, code: errStorage}
	}
	return a
}

// lie says what an append would say, and writes nothing.
func (p *partition) lie(batches [][]byte) appended {
	a := appended{lied: true}
	for _, b := range batches {
		a.records += int(binary.BigEndian.Uint32(b[23:])) + 1
	}
	_, a.base, a.code = p.offsetFor(-1)
	return a
}

// read gives whole batches from the one that holds offset on, at most max bytes, but at least one if
// force; and the offset after the last record.
func (p *partition) read(offset int64, max int, force bool) ([]byte, int64, int16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refresh() != nil {
		return nil, -1, errStorage
	}
	if offset < 0 || offset > p.next {
		return nil, p.next, errOffsetOutOfRange
	}
	first := sort.Search(len(p.index), func(i int) bool { return p.index[i].last >= offset })
	size := 0
	for i := first; i < len(p.index); i++ {
		if size+p.index[i].size > max && !(force && size == 0) {
			break
		}
		size += p.index[i].size
	}
	if size == 0 {
		return nil, p.next, errNone
	}
	out := make([]byte, size)
	if _, err := p.file.ReadAt(out, p.index[first].pos); err != nil {
		return nil, p.next, errStorage
	}
	return out, p.next, errNone
}

// offsetFor answers ListOffsets: -1 the end, -2 the beginning, else the first batch with a record at
// that time or later (the batch's first offset: close enough for tests).
func (p *partition) offsetFor(when int64) (stamp, offset int64, code int16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refresh() != nil {
		return -1, -1, errStorage
	}
	switch {
	case when == -1:
		return -1, p.next, errNone
	case when == -2:
		return -1, 0, errNone
	case when < 0:
		return -1, -1, errInvalidRequest
	}
	for _, b := range p.index {
		if b.maxTime >= when {
			return b.maxTime, b.base, errNone
		}
	}
	return -1, -1, errNone
}
