// What the stand-in agent, the zone view and the Go clients share. The module has no dependency, so Debian's Go builds it too:
// scripts/build-standin (which finds it by GOPATH) and scripts/counterparts.
module rezone/tests/peers

go 1.19
