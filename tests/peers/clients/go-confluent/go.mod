module rezone/tests/peers/clients/go-confluent

go 1.23

require (
	github.com/confluentinc/confluent-kafka-go/v2 v2.12.0
	rezone/tests/peers v0.0.0
)

replace rezone/tests/peers => ../..
