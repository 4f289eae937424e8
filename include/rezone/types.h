/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * What the BPF programs and user space share: the values of the pinned maps, a header for one map
 * or a few that belong together. With ipc.h, which has those of the maps that no program looks
 * into, this is the ABI; abi.h says what holds for all of them.
 *
 * Comes in: nothing. Goes out: types, and of check.h and proxied.h pure functions; no libc.
 * Included by bpf/ and user/ alike.
 */
#ifndef REZONE_TYPES_H
#define REZONE_TYPES_H

#include <rezone/abi.h>
#include <rezone/frame.h>
#include <rezone/conn.h>     /* conns, partial */
#include <rezone/proxied.h>  /* proxied, proxy_peers */
#include <rezone/client.h>   /* client_ids, clients, wake */
#include <rezone/print.h>    /* prints, told */
#include <rezone/software.h> /* softwares, software_keys, secret */
#include <rezone/peer.h>     /* peers */
#include <rezone/agent.h>    /* agents, blocks */
#include <rezone/traffic.h>  /* client_traffic */
#include <rezone/reason.h>
#include <rezone/check.h>
#include <rezone/move.h>   /* moves */
#include <rezone/hold.h>   /* holds */
#include <rezone/held.h>   /* held */
#include <rezone/follow.h> /* follow */
#include <rezone/stats.h>  /* stats, errors */
#include <rezone/ledger.h> /* closed; of ipc.h: ledger, zone_bytes, client_bytes, counted, saved */

#endif
