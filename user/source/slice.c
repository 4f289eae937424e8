// SPDX-License-Identifier: Apache-2.0
/* One EndpointSlice, from its JSON object; see slice.h. Pure. The answers around it are answer.c's.
 */
#include "source/slice_json.h"
#include "topo/zone.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* Names come from outside, so the line is made fit for any terminal here. */
int rz_kube_bad(struct rz_kube_reader *r, const char *fmt, ...)
{
	char line[RZ_KUBE_WHY_SIZE];
	size_t used;
	va_list ap;

	used = r->what[0] ? snprintf(line, sizeof(line), "%s: ", r->what) : 0;
	va_start(ap, fmt);
	vsnprintf(line + used, sizeof(line) - used, fmt, ap);
	va_end(ap);
	rz_str_printable(r->why, RZ_KUBE_WHY_SIZE, line, strlen(line));
	return -EINVAL;
}

/* Counts what is left out of a slice, and names the first. */
static void __attribute__((format(printf, 3, 4)))
leave_out(struct rz_kube_reader *r, struct rz_kube_slice *s, const char *fmt, ...)
{
	char line[RZ_KUBE_LEFT_OUT_SIZE];
	size_t used;
	va_list ap;

	if (s->left_out++)
		return;
	used = snprintf(line, sizeof(line), "%.100s: ", r->what);
	va_start(ap, fmt);
	vsnprintf(line + used, sizeof(line) - used, fmt, ap);
	va_end(ap);
	rz_str_printable(s->left_out_why, sizeof(s->left_out_why), line, strlen(line));
}

const char *rz_kube_type_name(const json_t *j)
{
	static const char *const names[] = {"an object", "a list", "a string", "a number",
					    "a number",	 "a bool", "a bool",   "null"};

	return j ? names[json_typeof(j)] : "missing";
}

bool rz_kube_absent(const json_t *j)
{
	return !j || json_is_null(j);
}

int rz_kube_text(struct rz_kube_reader *r, const json_t *obj, const char *key, char *dst,
		 size_t size)
{
	const json_t *j = json_object_get(obj, key);

	if (rz_kube_absent(j)) {
		*dst = '\0';
		return 0;
	}
	if (!json_is_string(j))
		return rz_kube_bad(r, "%s is %s, must be a string", key, rz_kube_type_name(j));
	if (json_string_length(j) >= size)
		return rz_kube_bad(r, "%s has %zu bytes, more than the %zu it may have", key,
				   json_string_length(j), size - 1);
	rz_str_copy(dst, size, json_string_value(j));
	return 0;
}

/* null and missing are `fallback`, as the API has it for each of the conditions. */
static int take_bool(struct rz_kube_reader *r, const json_t *obj, const char *key, bool fallback,
		     bool *ret)
{
	const json_t *j = obj ? json_object_get(obj, key) : NULL;

	if (!rz_kube_absent(j) && !json_is_boolean(j))
		return rz_kube_bad(r, "endpoints[%zu].conditions.%s is %s, must be true or false",
				   r->at, key, rz_kube_type_name(j));
	*ret = rz_kube_absent(j) ? fallback : json_is_true(j);
	return 0;
}

/* Serving and not terminating; nil ready is ready, nil serving is as ready, nil terminating is no.
 */
static int take_conditions(struct rz_kube_reader *r, const json_t *ep, bool *ret)
{
	const json_t *c = json_object_get(ep, "conditions");
	bool ready = false, serving = false, terminating = false;
	int err;

	if (!rz_kube_absent(c) && !json_is_object(c))
		return rz_kube_bad(r, "endpoints[%zu].conditions is %s, must be an object", r->at,
				   rz_kube_type_name(c));
	err = take_bool(r, c, "ready", true, &ready);
	if (!err)
		err = take_bool(r, c, "serving", ready, &serving);
	if (!err)
		err = take_bool(r, c, "terminating", false, &terminating);
	if (!err)
		*ret = serving && !terminating;
	return err;
}

/* 1: it is no zone's name. The API server passes any text on. */
static int take_zone(struct rz_kube_reader *r, const json_t *ep, struct rz_kube_slice *s,
		     char dst[RZ_ZONE_SIZE])
{
	const json_t *j = json_object_get(ep, "zone");

	*dst = '\0';
	if (rz_kube_absent(j))
		return 0;
	if (!json_is_string(j))
		return rz_kube_bad(r, "endpoints[%zu].zone is %s, must be a string", r->at,
				   rz_kube_type_name(j));
	if (*json_string_value(j) &&
	    !rz_zone_valid(json_string_value(j), strlen(json_string_value(j)))) {
		leave_out(r, s, "endpoints[%zu].zone \"%.40s\" is no zone name (" RZ_ZONE_FORM ")",
			  r->at, json_string_value(j));
		return 1;
	}
	rz_str_copy(dst, RZ_ZONE_SIZE, json_string_value(j));
	return 0;
}

static int take_ref(struct rz_kube_reader *r, const json_t *ep, char *uid)
{
	const json_t *ref = json_object_get(ep, "targetRef");

	*uid = '\0';
	if (rz_kube_absent(ref))
		return 0;
	if (!json_is_object(ref))
		return rz_kube_bad(r, "endpoints[%zu].targetRef is %s, must be an object", r->at,
				   rz_kube_type_name(ref));
	return rz_kube_text(r, ref, "uid", uid, RZ_KUBE_UID_SIZE);
}

/* 1: it is no host's address. */
static int take_address(struct rz_kube_reader *r, const json_t *j, struct rz_kube_slice *s,
			__u8 dst[16])
{
	static const __u8 any4[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, any6[16] = {};
	const char *text = json_string_value(j);

	if (!text)
		return rz_kube_bad(r, "endpoints[%zu] has an address that is %s, must be a string",
				   r->at, rz_kube_type_name(j));
	if (!rz_addr_parse(text, dst) && memcmp(dst, any4, 16) && memcmp(dst, any6, 16))
		return 0;
	leave_out(r, s,
		  "endpoints[%zu] has the address \"%.60s\", which is no IPv4 or IPv6 address of "
		  "a host",
		  r->at, text);
	return 1;
}

static int take_addresses(struct rz_kube_reader *r, const json_t *ep, struct rz_kube_slice *s,
			  size_t room, struct rz_kube_endpoint *row)
{
	const json_t *addresses = json_object_get(ep, "addresses"), *a;
	size_t i, was = s->n;
	int err;

	if (!json_is_array(addresses) || !json_array_size(addresses))
		return rz_kube_bad(
			r, "endpoints[%zu].addresses is %s, must be a list of at least one", r->at,
			json_is_array(addresses) ? "empty" : rz_kube_type_name(addresses));
	json_array_foreach (addresses, i, a) {
		if (s->n == room)
			return rz_kube_bad(
				r, "endpoints[%zu] has more addresses than the %d it may have",
				r->at, RZ_KUBE_ADDRESSES);
		err = take_address(r, a, s, row->addr);
		if (err) {
			s->n = was;
			return err;
		}
		if (!i)
			rz_endpoint_format(row->first, sizeof(row->first), row->addr, s->port);
		s->endpoints[s->n++] = *row;
	}
	return 0;
}

/* An endpoint becomes one row for each of its addresses; as a rule it has one. */
static int take_endpoint(struct rz_kube_reader *r, const json_t *ep, struct rz_kube_slice *s,
			 size_t room)
{
	struct rz_kube_endpoint row = {.number = (uint16_t)r->at};
	char node[RZ_KUBE_NAME_SIZE] = "";
	int err;

	if (!json_is_object(ep))
		return rz_kube_bad(r, "endpoints[%zu] is %s, must be an object", r->at,
				   rz_kube_type_name(ep));
	err = take_conditions(r, ep, &row.serves);
	if (!err)
		err = take_ref(r, ep, row.uid);
	if (!err)
		err = rz_kube_text(r, ep, "nodeName", node, sizeof(node));
	if (!err)
		err = take_zone(r, ep, s, row.zone);
	if (err)
		return err < 0 ? err : 0;
	row.local = *r->form->node_name && !strcmp(node, r->form->node_name);
	row.elsewhere = *r->form->node_name && *node && !row.local;
	err = take_addresses(r, ep, s, room, &row);
	return err < 0 ? err : 0;
}

static int take_endpoints(struct rz_kube_reader *r, const json_t *obj, struct rz_kube_slice *s)
{
	const json_t *all = json_object_get(obj, "endpoints"), *ep, *addresses;
	size_t n, room = 0;
	int err = 0;

	if (rz_kube_absent(all))
		return 0;
	if (!json_is_array(all))
		return rz_kube_bad(r, "endpoints is %s, must be a list", rz_kube_type_name(all));
	n = json_array_size(all);
	if (n > RZ_KUBE_ENDPOINTS)
		return rz_kube_bad(r, "%zu endpoints, more than the %d a slice may have", n,
				   RZ_KUBE_ENDPOINTS);
	json_array_foreach (all, r->at, ep) {
		addresses = json_object_get(ep, "addresses");
		if (json_array_size(addresses) > RZ_KUBE_ADDRESSES)
			return rz_kube_bad(
				r, "endpoints[%zu] has %zu addresses, more than the %d it may have",
				r->at, json_array_size(addresses), RZ_KUBE_ADDRESSES);
		room += json_array_size(addresses);
	}
	s->endpoints = calloc(room + 1, sizeof(*s->endpoints));
	if (!s->endpoints)
		return -ENOMEM;
	for (r->at = 0; r->at < n && !err; r->at++)
		err = take_endpoint(r, json_array_get(all, r->at), s, room);
	return err;
}

static int take_number(struct rz_kube_reader *r, const json_t *p, size_t i, struct rz_kube_slice *s)
{
	const json_t *number = json_object_get(p, "port");

	/* a pod that has no container port of the Service's name */
	if (rz_kube_absent(number)) {
		leave_out(r, s, "ports[%zu] has no number", i);
		return 0;
	}
	if (!json_is_integer(number) || json_integer_value(number) < 1 ||
	    json_integer_value(number) > 65535)
		return rz_kube_bad(r, "ports[%zu].port is %s, must be a number from 1 to 65535", i,
				   json_is_integer(number) ? "out of range"
							   : rz_kube_type_name(number));
	s->port = (uint16_t)json_integer_value(number);
	return 0;
}

/* The number of the port with the wanted name; 0 if the slice has none. A Service's only port may
 * have no name: then its name is "". */
static int take_port(struct rz_kube_reader *r, const json_t *obj, struct rz_kube_slice *s)
{
	const json_t *ports = json_object_get(obj, "ports"), *p;
	char name[64] = "", protocol[16] = "";
	size_t i;

	if (rz_kube_absent(ports))
		return 0;
	if (!json_is_array(ports))
		return rz_kube_bad(r, "ports is %s, must be a list", rz_kube_type_name(ports));
	json_array_foreach (ports, i, p) {
		if (!json_is_object(p))
			return rz_kube_bad(r, "ports[%zu] is %s, must be an object", i,
					   rz_kube_type_name(p));
		if (rz_kube_text(r, p, "name", name, sizeof(name)) ||
		    rz_kube_text(r, p, "protocol", protocol, sizeof(protocol)))
			return -EINVAL;
		if (*protocol && strcmp(protocol, "TCP"))
			continue;
		if (!strcmp(name, r->form->port_name))
			return take_number(r, p, i, s);
		if (!*name && json_array_size(ports) == 1)
			leave_out(r, s,
				  "its only port has no name; if that is Kafka's, say "
				  "--kube-port-name ''");
	}
	return 0;
}

int rz_kube_slice_meta(struct rz_kube_reader *r, const json_t *obj, struct rz_kube_slice *s)
{
	const json_t *meta = json_object_get(obj, "metadata");
	int err;

	if (!json_is_object(meta))
		return rz_kube_bad(r, "metadata is %s, must be an object", rz_kube_type_name(meta));
	err = rz_kube_text(r, meta, "name", s->name, sizeof(s->name));
	if (!err)
		err = rz_kube_text(r, meta, "uid", s->uid, sizeof(s->uid));
	if (!err)
		err = rz_kube_text(r, meta, "resourceVersion", s->version, sizeof(s->version));
	if (!err && !*s->name)
		err = rz_kube_bad(r, "metadata.name is missing");
	return err;
}

static int read_slice(struct rz_kube_reader *r, const json_t *obj, struct rz_kube_slice *s)
{
	char family[16];
	int err = rz_kube_slice_meta(r, obj, s);

	if (err)
		return err;
	snprintf(r->what, sizeof(r->what), "slice \"%.200s\"", s->name);
	err = rz_kube_text(r, obj, "addressType", family, sizeof(family));
	if (err || !strcmp(family, "FQDN")) /* names, not addresses: nobody can be matched by one */
		return err;
	err = take_port(r, obj, s);
	return err || !s->port ? err : take_endpoints(r, obj, s);
}

int rz_kube_slice_read(struct rz_kube_reader *r, const json_t *obj, struct rz_kube_slice **ret)
{
	struct rz_kube_slice *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	err = read_slice(r, obj, s);
	if (err) {
		rz_kube_slice_free(s);
		return err;
	}
	r->what[0] = '\0';
	*ret = s;
	return 0;
}

void rz_kube_slice_free(struct rz_kube_slice *s)
{
	if (!s)
		return;
	free(s->endpoints);
	free(s);
}
