// SPDX-License-Identifier: Apache-2.0
/* Who runs this command, see who.h. */
#include "cmd/who.h"

#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

void rz_who(char *dst, size_t size, const char *for_whom)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw = getpwuid(getuid());
	const char *name = sudo && *sudo ? sudo : pw ? pw->pw_name : "somebody";
	char raw[64];

	if (for_whom && *for_whom)
		snprintf(raw, sizeof(raw), "%.24s by %.8s (uid %u, pid %d)", for_whom, name,
			 getuid(), getpid());
	else
		snprintf(raw, sizeof(raw), "%.24s%s (uid %u, pid %d)", name,
			 sudo && *sudo ? " by sudo" : "", getuid(), getpid());
	rz_str_escape(dst, size, (const uint8_t *)raw, strlen(raw));
}
