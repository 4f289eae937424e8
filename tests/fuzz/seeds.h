/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams that clients might send, good and bad: what the fuzzer begins with, and what is cut at
 * every byte in the kernel. Made here, not kept.
 *
 * Goes out: each stream with its name. Called by tests/fuzz/seeds_main.c and
 * tests/bpf/test_corpus.c.
 */
#ifndef TESTS_FUZZ_SEEDS_H
#define TESTS_FUZZ_SEEDS_H

#include <stddef.h>
#include <stdint.h>

typedef void seeds_fn(const char *name, const uint8_t *stream, size_t n, void *arg);

void seeds_each(seeds_fn *fn, void *arg);

/* Inputs of fuzz_frame.c that a fuzzer found, a line of hexadecimal digits each: four bytes, the
 * way (way.h), and the stream. -1 if the file cannot be read. */
typedef void seeds_input_fn(const uint8_t *input, size_t n, void *arg);
int seeds_read(const char *path, seeds_input_fn *fn, void *arg);

#endif
