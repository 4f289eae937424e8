#!/usr/bin/env bash
# needs: counterparts
# quiet
# The writers of 94-ask on Apache Kafka, behind our zone view: its agents are asked for their versions, kafka-python's come home,
# librdkafka's stay, nothing is doubled or lost.
ASK_SERVER=kafka exec "$(dirname "$0")/94-ask.sh"
