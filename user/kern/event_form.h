/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event as it lies in maps events and verdicts: its bytes without their zeros, for most of an
 * event is room for long client ids and texts. Pure.
 *
 * The form is a row of: how many zeros (a byte), how many bytes follow (a byte), these bytes. What
 * is missing at the end is zero.
 *
 * Called by kern/events.c.
 */
#ifndef RZ_KERN_EVENT_FORM_H
#define RZ_KERN_EVENT_FORM_H

#include <stddef.h>
#include <stdint.h>

#include <rezone/ipc.h>

/* Bytes at most: the first row of bytes, and each that follows another of 255, costs two more. */
#define RZ_EVENT_FORM_MAX (sizeof(struct rz_event) + 2 * (1 + sizeof(struct rz_event) / 255))

/* Returns how many bytes of `dst` it took. */
size_t rz_event_form_write(uint8_t dst[static RZ_EVENT_FORM_MAX], const struct rz_event *e);

/* 0; -EBADMSG: these are no such bytes. *ret is written on success only. */
int rz_event_form_read(const uint8_t *src, size_t n, struct rz_event *ret);

#endif
