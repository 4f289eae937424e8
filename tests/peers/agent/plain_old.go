//go:build !go1.21

// In: a listener's configuration. Out: nothing, these Go versions know no MPTCP. Who: main.go.
package main

import "net"

func plainTCP(*net.ListenConfig) {}
