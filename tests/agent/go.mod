module rezone/tests/agent

go 1.19
