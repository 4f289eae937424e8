// The table of what the agent can do, and ApiVersions, which is that table on the wire.
//
// In:  an api key. Out: name, versions served, handler.
// Who: server.go dispatches by it.
//
// The highest versions stop just below the flexible encodings, so the codecs stay small; ApiVersions
// itself is served up to 3, because clients name their software there (KIP-511).
package main

const (
	apiProduce  int16 = 0
	apiFetch    int16 = 1
	apiVersions int16 = 18
)

// Kafka's error codes that are answered here.
const (
	errNone                int16 = 0
	errOffsetOutOfRange    int16 = 1
	errCorrupt             int16 = 2
	errUnknownTopic        int16 = 3
	errOffsetMetaTooLarge  int16 = 12
	errStorage             int16 = 56
	errInvalidTopic        int16 = 17
	errIllegalGeneration   int16 = 22
	errInconsistent        int16 = 23
	errUnknownMember       int16 = 25
	errRebalance           int16 = 27
	errUnsupportedVersion  int16 = 35
	errTopicExists         int16 = 36
	errInvalidPartitions   int16 = 37
	errInvalidRequest      int16 = 42
	errNoSession           int16 = 70
	errUnsupportedCodec    int16 = 76
	errMemberIDNeeded      int16 = 79
	errGroupFull           int16 = 81
	errPolicy              int16 = 44
	errNotCoordinator      int16 = 16
	errOutOfOrder          int16 = 45
	errProducerEpoch       int16 = 47
	errInvalidRequiredAcks int16 = 21
)

type api struct {
	name     string
	min, max int16
	waits    bool // may take long: runs beside the requests that follow on its connection
	handle   func(*server, *request) *wr
}

var apis map[int16]api

func init() { // not a literal: ApiVersions reads the table it stands in
	apis = map[int16]api{
		apiProduce:  {"Produce", 0, 8, false, (*server).produce},
		apiFetch:    {"Fetch", 0, 11, true, (*server).fetch},
		2:           {"ListOffsets", 1, 5, false, (*server).listOffsets},
		3:           {"Metadata", 0, 8, false, (*server).metadata},
		8:           {"OffsetCommit", 2, 7, false, (*server).offsetCommit},
		9:           {"OffsetFetch", 1, 5, false, (*server).offsetFetch},
		10:          {"FindCoordinator", 0, 2, false, (*server).findCoordinator},
		11:          {"JoinGroup", 0, 5, true, (*server).joinGroup},
		12:          {"Heartbeat", 0, 3, false, (*server).heartbeat},
		13:          {"LeaveGroup", 0, 3, false, (*server).leaveGroup},
		14:          {"SyncGroup", 0, 3, true, (*server).syncGroup},
		apiVersions: {"ApiVersions", 0, 3, false, (*server).versions},
		19:          {"CreateTopics", 0, 4, false, (*server).createTopics},
		22:          {"InitProducerId", 0, 1, false, (*server).initProducerID},
	}
}

// traceSoftware notes what the client says it is. Its header and body are flexible: no tags, then two compact strings.
func (s *server) traceSoftware(r *request) {
	b := rd{b: r.body.b}
	b.i8()
	l := r.line("software")
	l.Software = string(b.take(int(uint8(b.i8())) - 1))
	l.SoftwareVersion = string(b.take(int(uint8(b.i8())) - 1))
	if !b.bad {
		s.trace.write(l)
	}
}

// versions answers ApiVersions. A version it does not know is answered in version 0 with error 35
// and the list, so that the client can ask again lower (KIP-511).
func (s *server) versions(r *request) *wr {
	w := &wr{}
	flexible := r.version >= 3
	if flexible {
		s.traceSoftware(r)
	}
	r.body.b = nil
	if r.version < 0 {
		w.i16(errUnsupportedVersion)
	} else {
		w.i16(errNone)
	}
	if flexible {
		w.i8(int8(len(apis) + 1)) // compact array; fits one byte
	} else {
		w.count(len(apis))
	}
	for key := int16(0); key <= 22; key++ {
		a, ok := apis[key]
		if !ok {
			continue
		}
		w.i16(key)
		w.i16(a.min)
		w.i16(a.max)
		if flexible {
			w.i8(0) // no tagged fields
		}
	}
	if r.version >= 1 {
		w.i32(0) // throttle
	}
	if flexible {
		w.i8(0)
	}
	return w
}
