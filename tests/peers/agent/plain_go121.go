//go:build go1.21

// In: a listener's configuration. Out: the same with Multipath TCP off. Who: main.go.
package main

import "net"

// plainTCP turns MPTCP off: Go 1.24 and later listen with it unless told otherwise, and the tests
// must not depend on the compiler's age.
func plainTCP(lc *net.ListenConfig) { lc.SetMultipathTCP(false) }
