/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doing what the daemon asks for. Comes in: requests (kern/enter_form.h), one after the other. Goes
 * out: an answer to each. Called by user/enter.c, in rezone-enter.
 */
#ifndef RZ_ENTER_ACT_H
#define RZ_ENTER_ACT_H

#include "kern/enter_form.h"

/* Answers until the other end of `fd` is closed: 0; or until a request is none: -EBADMSG; or -errno
 * of the socket. */
int rz_enter_act(int fd, const struct rz_enter_ports *ports);

#endif
