/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * What is read of Kafka's protocol, by pure functions: built for BPF, for cmocka and for fuzzing
 * from this one source. No libc, no I/O, no state. A function's name begins with its header's.
 */
#ifndef REZONE_KAFKA_H
#define REZONE_KAFKA_H

#include <rezone/request.h> /* a request's header */
#include <rezone/api.h>	    /* what its kind says of the connection */
#include <rezone/body.h>    /* the first bytes behind the header */
#include <rezone/proxied.h> /* a PROXY header in front of all */
#include <rezone/foreign.h> /* what is not Kafka */
#include <rezone/effort.h>  /* how often is done what costs */

#endif
