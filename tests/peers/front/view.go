// The zone view: whom an answer tells the client of.
//
// In:  a request's kind and client.id, and the broker's answer. Out: the answer with the live fronts that this client may
// see (tests/peers/cluster) in the place of brokers, leaders, replicas and coordinator; without the leader that the answer to
// a Produce or Fetch may name, which is the broker behind. What cannot be read passes as it is.
// Who: session.go.
package main

import (
	"encoding/binary"
	"log"
	"reflect"

	"github.com/twmb/franz-go/pkg/kmsg"
	"rezone/tests/peers/cluster"
)

// view is what the live fronts know of each other.
type view struct{ *cluster.Cluster }

// rewrite takes an answer without its size: correlation id, tagged fields if the form is flexible, body.
func (v view) rewrite(r request, b []byte) []byte {
	var out []byte
	switch r.key {
	case apiVersions:
		out = withoutTags(r, b)
	case apiMetadata:
		m := kmsg.NewPtrMetadataResponse()
		out = through(m, r, b, func() { v.metadata(m, r.clientID) })
	case apiFindCoordinator:
		m := kmsg.NewPtrFindCoordinatorResponse()
		out = through(m, r, b, func() { v.coordinator(m, r.clientID) })
	case apiDescribeCluster:
		m := kmsg.NewPtrDescribeClusterResponse()
		out = through(m, r, b, func() { v.describe(m, r.clientID) })
	case apiProduce, apiFetch, apiShareFetch, apiShareAcknowledge:
		m := kmsg.ResponseForKey(r.key)
		named := false
		out = through(m, r, b, func() { named = withoutLeaders(m) })
		if !named {
			return b
		}
		log.Printf("front: the answer of api %d version %d to %s named the broker behind", r.key, r.version, r.clientID)
	}
	if out == nil {
		return b
	}
	return out
}

// through decodes the body, lets change work on it, and encodes it again.
func through(m kmsg.Response, r request, b []byte, change func()) []byte {
	m.SetVersion(r.version)
	head := 4
	if m.IsFlexible() {
		head = 5 // one byte: no tagged fields
	}
	if r.version > m.MaxVersion() || len(b) < head {
		log.Printf("front: answer of api %d version %d passes as it is", r.key, r.version)
		return nil
	}
	if err := m.ReadFrom(b[head:]); err != nil {
		log.Printf("front: answer of api %d version %d passes as it is: %v", r.key, r.version, err)
		return nil
	}
	change()
	return m.AppendTo(append([]byte(nil), b[:head]...))
}

func (v view) metadata(m *kmsg.MetadataResponse, clientID string) {
	shown := v.Shown(clientID)
	m.Brokers = nil
	for _, a := range shown {
		br := kmsg.NewMetadataResponseBroker()
		zone := a.Zone
		br.NodeID, br.Host, br.Port, br.Rack = a.ID, a.Host, a.Port, &zone
		m.Brokers = append(m.Brokers, br)
	}
	m.ControllerID = shown[0].ID
	leaders := shown
	if cluster.OneLeader(clientID) {
		leaders = []cluster.Agent{cluster.Pick(shown, clientID)}
	}
	for i := range m.Topics {
		for j := range m.Topics[i].Partitions {
			p := &m.Topics[i].Partitions[j]
			p.Leader = leaders[int(p.Partition)%len(leaders)].ID
			p.Replicas, p.ISR, p.OfflineReplicas = ids(shown), ids(shown), nil
		}
	}
}

func (v view) coordinator(m *kmsg.FindCoordinatorResponse, clientID string) {
	a := v.Shown(clientID)[0]
	if m.ErrorCode == 0 {
		m.NodeID, m.Host, m.Port = a.ID, a.Host, a.Port
	}
	for i := range m.Coordinators {
		if m.Coordinators[i].ErrorCode == 0 {
			m.Coordinators[i].NodeID, m.Coordinators[i].Host, m.Coordinators[i].Port = a.ID, a.Host, a.Port
		}
	}
}

func (v view) describe(m *kmsg.DescribeClusterResponse, clientID string) {
	shown := v.Shown(clientID)
	m.Brokers = nil
	for _, a := range shown {
		br := kmsg.NewDescribeClusterResponseBroker()
		zone := a.Zone
		br.NodeID, br.Host, br.Port, br.Rack = a.ID, a.Host, a.Port, &zone
		m.Brokers = append(m.Brokers, br)
	}
	m.ControllerID = shown[0].ID
}

// withoutLeaders takes out where the leader is that a client should have asked (KIP-951): it asks for metadata then. A broker
// says so of a topic that was made a moment ago and that it does not lead yet. False: the answer names nobody.
func withoutLeaders(m kmsg.Response) bool {
	v := reflect.ValueOf(m).Elem()
	named := v.FieldByName("Brokers") // of Produce and Fetch
	if !named.IsValid() {
		named = v.FieldByName("NodeEndpoints") // of share groups
	}
	if named.Len() == 0 {
		return false
	}
	named.SetZero()
	topics := v.FieldByName("Topics")
	for i := range topics.Len() {
		partitions := topics.Index(i).FieldByName("Partitions")
		for j := range partitions.Len() {
			partitions.Index(j).FieldByName("CurrentLeader").Addr().Interface().(interface{ Default() }).Default()
		}
	}
	return true
}

func ids(agents []cluster.Agent) []int32 {
	var out []int32
	for _, a := range agents {
		out = append(out, a.ID)
	}
	return out
}

// withoutTags drops ApiVersions' tagged fields, on which librdkafka 2.0.2 fails, and caps what view.go must read at the
// versions it can. ApiVersions answers have the old header in every version (KIP-511).
func withoutTags(r request, b []byte) []byte {
	m := kmsg.NewPtrApiVersionsResponse()
	version := r.version
	// an unknown version is answered in version 0 with error 35
	if len(b) >= 6 && int16(binary.BigEndian.Uint16(b[4:])) == 35 {
		version = 0
	}
	m.SetVersion(version)
	if version > m.MaxVersion() || len(b) < 4 || m.ReadFrom(b[4:]) != nil {
		log.Printf("front: an ApiVersions answer of version %d passes as it is", version)
		return nil
	}
	m.UnknownTags = kmsg.Tags{}
	m.SupportedFeatures, m.FinalizedFeatures, m.FinalizedFeaturesEpoch = nil, nil, -1
	for i := range m.ApiKeys {
		switch k := &m.ApiKeys[i]; k.ApiKey {
		case apiProduce, apiFetch, apiMetadata, apiFindCoordinator, apiDescribeCluster, apiShareFetch, apiShareAcknowledge:
			k.MaxVersion = min(k.MaxVersion, kmsg.ResponseForKey(k.ApiKey).MaxVersion())
		}
	}
	return m.AppendTo(append([]byte(nil), b[:4]...))
}
