// A group's member on kafka-go, whose Reader tells of its group in log lines alone.
//
// In:  the Reader's Logger. Out: assigned and revoked events; other lines are dropped.
// Who: main.go.
package main

import (
	"fmt"
	"regexp"
	"strconv"

	"rezone/tests/peers/app"
)

var (
	joined     = regexp.MustCompile(`^joined group .* in generation (\d+)$`)
	subscribed = regexp.MustCompile(`^subscribed to topics and partitions: `)
	partition  = regexp.MustCompile(`partition:(\d+)`)
	ended      = regexp.MustCompile(`^stopped heartbeat for group`)
)

type groupLog struct {
	out        *app.Output
	generation int32
}

func number(s string) int32 {
	n, _ := strconv.Atoi(s)
	return int32(n)
}

// Printf is called by one goroutine of the Reader for what matters here: joined, then subscribed, then ended.
func (g *groupLog) Printf(format string, args ...interface{}) {
	line := fmt.Sprintf(format, args...)
	switch {
	case joined.MatchString(line):
		g.generation = number(joined.FindStringSubmatch(line)[1])
	case subscribed.MatchString(line):
		partitions := []int32{}
		for _, p := range partition.FindAllStringSubmatch(line, -1) {
			partitions = append(partitions, number(p[1]))
		}
		generation := g.generation
		g.out.Emit(app.Event{Event: "assigned", Partitions: &partitions, Generation: &generation})
	case ended.MatchString(line):
		g.out.Emit(app.Event{Event: "revoked"})
	}
}
