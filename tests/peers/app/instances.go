// Several independent clients in one process: --instances N.
package app

import (
	"strconv"
	"strings"
	"sync"
)

// Instance is what tells one client of a process from the others.
type Instance struct {
	Index           int    // from 0
	ClientID, Group string // the %d of the flag is the instance's number, from 1
	Name            string // for its record ids; "" where there is one client
}

// Each runs one client for every instance, with its own output, and waits for all. One client without a %d has no number.
func Each(instances int, clientID, group string, run func(Instance, *Output)) {
	numbered := instances > 1 || strings.Contains(clientID+group, "%d")
	var all sync.WaitGroup
	for i := 0; i < instances; i++ {
		one, out := Instance{Index: i, ClientID: clientID, Group: group}, &Output{}
		if numbered {
			nr := strconv.Itoa(i + 1)
			out.client = i + 1
			one.ClientID = strings.ReplaceAll(clientID, "%d", nr)
			one.Group = strings.ReplaceAll(group, "%d", nr)
			one.Name = "-" + nr
		}
		all.Add(1)
		go func() { defer all.Done(); run(one, out) }()
	}
	all.Wait()
}
