/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of EndpointSlices as text. Included by test_slice.c and test_kube.c. */
#ifndef TESTS_UNIT_SLICES_H
#define TESTS_UNIT_SLICES_H

#include "unit.h"

#include "source/kube.h"

static const struct rz_kube_form form = {"kafka", "node-a"};

#define META(name) \
	"\"metadata\":{\"name\":\"" name "\",\"uid\":\"U" name "\",\"resourceVersion\":\"7\"}"
#define PORTS                                                                             \
	"\"ports\":[{\"name\":\"http\",\"port\":8080},{\"name\":\"kafka\",\"port\":9092," \
	"\"protocol\":\"TCP\"}]"
#define SLICE(n, eps) "{" META(n) ",\"addressType\":\"IPv4\"," PORTS ",\"endpoints\":[" eps "]}"
#define POD(ip, uid, z, more)                                                                     \
	"{\"addresses\":[\"" ip "\"],\"targetRef\":{\"uid\":\"" uid "\"},\"zone\":\"" z "\"" more \
	"}"
#define PAGE(items) "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[" items "]}"

static struct rz_kube_page *page(const char *text)
{
	char why[RZ_KUBE_WHY_SIZE] = "";
	struct rz_kube_page *p = NULL;

	if (rz_kube_page_parse(text, strlen(text), &form, &p, why))
		fail_msg("%s", why);
	return p;
}

#endif
