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
