// SPDX-License-Identifier: Apache-2.0
/* This node's name, see node.h. */
#include "base/node.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

void rz_node_name(char dst[static RZ_NODE_SIZE], const char *given)
{
	static const char *const variables[] = {"REZONE_NODE_NAME", "NODE_NAME"};
	char host[RZ_NODE_SIZE] = "";
	size_t i;

	for (i = 0; (!given || !*given) && i < 2; i++)
		given = getenv(variables[i]);
	if (!given || !*given) {
		gethostname(host, sizeof(host) - 1);
		given = host;
	}
	rz_str_escape(dst, RZ_NODE_SIZE, given, strlen(given));
}
