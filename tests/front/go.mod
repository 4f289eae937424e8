module rezone/tests/front

go 1.23

require github.com/twmb/franz-go/pkg/kmsg v1.11.2
