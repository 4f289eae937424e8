/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cloud this machine is in, by its firmware: outside clouds nobody is asked.
 *
 * Comes in: the setting --cloud. Goes out: the cloud and its name. Called by daemon/reporter.c.
 */
#ifndef RZ_SOURCE_VENDOR_H
#define RZ_SOURCE_VENDOR_H

enum rz_cloud_which {
	RZ_CLOUD_AUTO = 0,
	RZ_CLOUD_OFF,
	RZ_CLOUD_AWS,
	RZ_CLOUD_GCP,
	RZ_CLOUD_AZURE,
	RZ_CLOUD_COUNT,
};

/* `which`, and for RZ_CLOUD_AUTO the cloud that the firmware names, or RZ_CLOUD_OFF. */
enum rz_cloud_which rz_vendor_cloud(enum rz_cloud_which which);
/* "aws"; "" for RZ_CLOUD_OFF. */
const char *rz_vendor_name(enum rz_cloud_which which);

#endif
