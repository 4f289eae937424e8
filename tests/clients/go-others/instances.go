// Several independent clients in one process: --instances N.
//
// In:  options. Out: one copy of them for each client.
// Who: main.go. Copied from tests/clients/kafka-go: two modules.
package main

import (
	"strconv"
	"strings"
	"sync"
)

// each runs one client for every instance, with its own output, and waits for all. The %d of --client-id and --group becomes
// the instance's number, and instance i has the partition --partition + i - 1. One client without a %d has no number.
func each(o options, run func(o options, out *output)) {
	numbered := o.instances > 1 || strings.Contains(o.clientID+o.group, "%d")
	var all sync.WaitGroup
	for i := 1; i <= o.instances; i++ {
		mine, out := o, &output{}
		if numbered {
			out.client = i
			mine.clientID = strings.ReplaceAll(o.clientID, "%d", strconv.Itoa(i))
			mine.group = strings.ReplaceAll(o.group, "%d", strconv.Itoa(i))
			mine.name = "-" + strconv.Itoa(i)
		}
		mine.partition += int32(i - 1)
		all.Add(1)
		go func() { defer all.Done(); run(mine, out) }()
	}
	all.Wait()
}
