package cluster

import "testing"

func TestClientZone(t *testing.T) {
	for id, want := range map[string]string{
		"":                                "",
		"app":                             "",
		"application-foo,ws_az=us-east-1": "us-east-1",
		"warpstream_az=eu-south-2a,ws_pas=equal_spread": "eu-south-2a",
		"warpstream_proxy_target=proxy,warpstream_az":   "",
		"a,ws_az=x,warpstream_az=y":                     "x",
		"a ws_az=x":                                     "",
	} {
		if got := ClientZone(id); got != want {
			t.Errorf("%q: zone %q, want %q", id, got, want)
		}
	}
}

func TestOneLeader(t *testing.T) {
	for id, want := range map[string]bool{
		"":                            false,
		"ws_az=a":                     false,
		"ws_az=a,ws_pas=single_agent": true,
		"warpstream_partition_assignment_strategy=single_agent": true,
		"ws_pas=equal_spread,ws_pas=single_agent":               false,
	} {
		if got := OneLeader(id); got != want {
			t.Errorf("%q: %t, want %t", id, got, want)
		}
	}
}
