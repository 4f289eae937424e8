// SPDX-License-Identifier: Apache-2.0
/*
 * How long small writes take: a librdkafka producer that sends at a fixed rate, without waiting for
 * more to send together, and measures each from the call to the acknowledgement.
 *
 * Comes in: bootstrap server, client.id, topic, writes a second, seconds to warm up, seconds to
 * measure. Goes out: a line "N P50_US P99_US"; status 1 if a write failed. Called by
 * tests/bench/beside.
 */
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SECOND_NS 1000000000ULL

/* Written by the thread that polls alone, read when it has ended. */
static uint32_t *took_us;
static size_t n_took;
static atomic_size_t n_failed;
static atomic_bool ends;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/* The opaque pointer is when the write was handed over, in ns, or NULL: it is not measured. */
static void on_written(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	(void)rk;
	(void)opaque;
	if (m->err)
		n_failed++;
	else if (m->_private)
		took_us[n_took++] = (uint32_t)((now_ns() - (uintptr_t)m->_private) / 1000);
}

/* Acknowledgements are told by a poll: one waits for them all the time, so that each is told at
 * once. */
static void *poll_all(void *rk)
{
	while (!ends)
		rd_kafka_poll(rk, 100);
	return NULL;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char error[256];

	if (rd_kafka_conf_set(conf, name, value, error, sizeof(error)) != RD_KAFKA_CONF_OK) {
		fprintf(stderr, "latency: %s=%s: %s\n", name, value, error);
		exit(2);
	}
}

static rd_kafka_t *producer(const char *bootstrap, const char *client_id)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char error[256];
	rd_kafka_t *rk;

	set(conf, "bootstrap.servers", bootstrap);
	set(conf, "client.id", client_id);
	set(conf, "acks", "1");
	set(conf, "linger.ms", "0");
	rd_kafka_conf_set_dr_msg_cb(conf, on_written);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
	if (!rk) {
		fprintf(stderr, "latency: %s\n", error);
		exit(2);
	}
	return rk;
}

/* Write I is due at its place in time, however long the one before took: else a stall would hide
 * those that it delays. */
static void write_all(rd_kafka_t *rk, const char *topic, uint64_t rate, uint64_t warm, uint64_t n)
{
	uint64_t began = now_ns(), due, i;
	static char value[100];
	struct timespec until;

	for (i = 0; i < n; i++) {
		due = began + i * SECOND_NS / rate;
		until = (struct timespec){(time_t)(due / SECOND_NS), (long)(due % SECOND_NS)};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		if (rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
				      RD_KAFKA_V_VALUE(value, sizeof(value)),
				      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				      RD_KAFKA_V_OPAQUE((void *)(uintptr_t)(i < warm ? 0 : due)),
				      RD_KAFKA_V_END))
			n_failed++;
	}
}

int main(int argc, char **argv)
{
	uint64_t rate, warm, n;
	pthread_t poller;
	rd_kafka_t *rk;

	if (argc != 7) {
		fprintf(stderr, "usage: latency BOOTSTRAP CLIENT_ID TOPIC RATE WARM_S SECONDS\n");
		return 2;
	}
	rate = strtoull(argv[4], NULL, 10);
	warm = rate * strtoull(argv[5], NULL, 10);
	n = warm + rate * strtoull(argv[6], NULL, 10);
	took_us = calloc(n + 1, sizeof(*took_us));
	if (!rate || !took_us)
		return 2;
	rk = producer(argv[1], argv[2]);
	if (pthread_create(&poller, NULL, poll_all, rk))
		return 2;
	write_all(rk, argv[3], rate, warm, n);
	rd_kafka_flush(rk, 10000);
	ends = true;
	pthread_join(poller, NULL);
	rd_kafka_destroy(rk);
	if (!n_took || n_failed) {
		fprintf(stderr, "latency: %zu writes failed, %zu were measured\n", (size_t)n_failed,
			n_took);
		return 1;
	}
	qsort(took_us, n_took, sizeof(*took_us), by_size);
	printf("%zu %u %u\n", n_took, took_us[n_took / 2], took_us[n_took * 99 / 100]);
	return 0;
}
