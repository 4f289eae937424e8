// Idempotent producers: what the log itself says about each one's last batches.
//
// In:  headers of batches, in the order of the log (log.go). Out: whether a batch comes next, is a copy, or leaves a gap.
// Who: log.go, with the partition locked; api_data.go for InitProducerId.
//
// Nothing is stored beside the log: producer id, epoch and first sequence number stand in each batch's header, so every
// agent that has read the file to its end decides alike. As in Kafka, the last five batches of a producer are known.
package main

import (
	"crypto/rand"
	"encoding/binary"
	"math"
)

const batchesKnown = 5 // of one producer in one partition; a client may have as many in flight

// written is one batch of a producer.
type written struct {
	first, last int32 // sequence numbers
	base        int64 // offset of the first record
}

// producer is one producer id in one partition.
type producer struct {
	epoch   int16
	batches []written // the newest last; never empty
}

// batchProducer reads who wrote a batch; id -1: no idempotent producer.
func batchProducer(head []byte) (id int64, epoch int16, first, last int32) {
	id = int64(binary.BigEndian.Uint64(head[43:]))
	epoch = int16(binary.BigEndian.Uint16(head[51:]))
	first = int32(binary.BigEndian.Uint32(head[53:]))
	// sequence numbers go on with 0 after the largest
	last = int32((int64(first) + int64(binary.BigEndian.Uint32(head[23:]))) & math.MaxInt32)
	return id, epoch, first, last
}

// note keeps what a batch in the log says.
func (p *partition) note(head []byte, base int64) {
	id, epoch, first, last := batchProducer(head)
	if id < 0 {
		return
	}
	if p.producers == nil {
		p.producers = make(map[int64]*producer)
	}
	w := p.producers[id]
	if w == nil || w.epoch != epoch {
		w = &producer{epoch: epoch}
		p.producers[id] = w
	}
	w.batches = append(w.batches, written{first, last, base})
	if len(w.batches) > batchesKnown {
		w.batches = w.batches[1:]
	}
}

// judge decides about a batch that is not in the log yet. A copy of a known one gives its offset. The log never forgets its
// beginning, so a producer's first sequence number is 0.
func (p *partition) judge(head []byte) (copyOf int64, code int16) {
	id, epoch, first, last := batchProducer(head)
	w := p.producers[id]
	switch {
	case id < 0:
		return -1, errNone
	case epoch < 0 || first < 0:
		return -1, errInvalidRequest
	case w != nil && epoch < w.epoch:
		return -1, errProducerEpoch
	case w == nil || epoch > w.epoch:
		if first != 0 {
			return -1, errOutOfOrder
		}
		return -1, errNone
	}
	for _, b := range w.batches {
		if b.first == first && b.last == last {
			return b.base, errNone
		}
	}
	if newest := w.batches[len(w.batches)-1].last; first != (newest+1)&math.MaxInt32 {
		return -1, errOutOfOrder
	}
	return -1, errNone
}

// initProducerID gives out a random id: no agent needs to know the ids of the others. It stays below 2^53, which every
// language can count to.
func (s *server) initProducerID(r *request) *wr {
	transaction := r.body.str()
	r.body.i32() // its timeout
	id, code := int64(-1), errNone
	var b [8]byte
	if _, err := rand.Read(b[:]); transaction != "" || err != nil {
		code = errInvalidRequest // there are no transactions
	} else {
		id = int64(binary.BigEndian.Uint64(b[:]) >> 11)
	}
	w := &wr{}
	w.i32(0) // throttle
	w.i16(code)
	w.i64(id)
	w.i16(0) // epoch
	return w
}
