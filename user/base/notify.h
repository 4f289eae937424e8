/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service manager is told: ready, reloading, stopping, alive. A datagram to the socket that
 * the environment names (NOTIFY_SOCKET), as sd_notify(3) of systemd documents it; where there is
 * none nothing is sent. Called by daemon/.
 */
#ifndef RZ_BASE_NOTIFY_H
#define RZ_BASE_NOTIFY_H

#include <stdint.h>

/* Sends lines such as "READY=1\nSTATUS=mode observe". 0, also if nobody is to be told; or -errno,
 * logged. Waits a second at most, so a manager that does not read cannot stop the daemon. */
int rz_notify(const char *lines);

/* "RELOADING=1", with the time that systemd wants beside it. */
int rz_notify_reloading(uint64_t now_ns);

/* "WATCHDOG=1", if the manager asked for it (WATCHDOG_USEC) and half of its time is over since the
 * latest one. Called about once a second. */
void rz_notify_alive(uint64_t now_ns);

#endif
