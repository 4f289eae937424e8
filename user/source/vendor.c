// SPDX-License-Identifier: Apache-2.0
/* Which cloud this machine is in, see vendor.h. */
#include "source/vendor.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static const struct {
	const char *name, *vendor;
} clouds[RZ_CLOUD_COUNT] = {
	[RZ_CLOUD_AUTO] = {"", ""},
	[RZ_CLOUD_OFF] = {"", ""},
	[RZ_CLOUD_AWS] = {"aws", "Amazon EC2"},
	[RZ_CLOUD_GCP] = {"gcp", "Google"},
	[RZ_CLOUD_AZURE] = {"azure", "Microsoft Corporation"},
};

enum rz_cloud_which rz_vendor_cloud(enum rz_cloud_which which)
{
	_cleanup_fclose_ FILE *f = NULL;
	char vendor[64] = "";
	int i;

	if (which != RZ_CLOUD_AUTO)
		return which;
	f = fopen("/sys/class/dmi/id/sys_vendor", "re");
	if (!f || !fgets(vendor, sizeof(vendor), f))
		return RZ_CLOUD_OFF;
	vendor[strcspn(vendor, "\n")] = '\0';
	for (i = RZ_CLOUD_AWS; i < RZ_CLOUD_COUNT; i++)
		if (!strcmp(vendor, clouds[i].vendor))
			return (enum rz_cloud_which)i;
	return RZ_CLOUD_OFF;
}

const char *rz_vendor_name(enum rz_cloud_which which)
{
	return clouds[which].name;
}
