module rezone/tests/peers/front

go 1.23

require github.com/twmb/franz-go/pkg/kmsg v1.11.2

require rezone/tests/peers v0.0.0

replace rezone/tests/peers => ..
