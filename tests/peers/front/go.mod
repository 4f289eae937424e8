module rezone/tests/peers/front

go 1.26.0

require github.com/twmb/franz-go/pkg/kmsg v1.15.0

require rezone/tests/peers v0.0.0

replace rezone/tests/peers => ..
