/* SPDX-License-Identifier: Apache-2.0 */
/* Finding addresses in a text. Called by out/mask.c. */
#ifndef RZ_OUT_MASK_ADDRESS_H
#define RZ_OUT_MASK_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

/* Does an IPv4 or IPv6 address begin at text[at]? Its length, and the address as rz_addr_parse()
 * has it; 0: none. Also the form in names of nodes, ip-10-0-2-7. Loopback and unspecified addresses
 * say nothing of anybody and are none. */
size_t rz_mask_address(const char *text, size_t at, uint8_t ret_addr[16]);

#endif
