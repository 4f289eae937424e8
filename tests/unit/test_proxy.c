// SPDX-License-Identifier: Apache-2.0
/* user/client/proxy.c: the true client from a PROXY protocol header. */
#include "unit.h"
#include "base/str.h"
#include "client/proxy.h"

static int read_bytes(const void *bytes, size_t len, char *ret_text)
{
	struct rz_proxied p = {.len = (__u8)len};
	struct rz_endpoint at;
	int err;

	memcpy(p.raw, bytes, len);
	err = rz_proxy_read(&p, &at);
	if (!err)
		rz_endpoint_format(ret_text, RZ_ENDPOINT_TEXT, at.addr, at.port);
	return err;
}

static void test_v1(void **state)
{
	static const struct {
		const char *line;
		int err;
		const char *at;
	} rows[] = {
		{"PROXY TCP4 203.0.113.7 10.0.0.1 51544 9092\r\n", 0, "203.0.113.7:51544"},
		{"PROXY TCP6 2001:db8::7 fd00::1 65535 9092\r\n", 0, "[2001:db8::7]:65535"},
		{"PROXY UNKNOWN\r\n", -ENOENT, NULL},
		{"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", -ENOENT, NULL},
		{"PROXY TCP4 203.0.113.7 10.0.0.1 51544\r\n", -EINVAL, NULL},
		{"PROXY TCP4 203.0.113.7 10.0.0.1 51544 9092 1\r\n", -EINVAL, NULL},
		{"PROXY TCP4 203.0.113.777 10.0.0.1 51544 9092\r\n", -EINVAL, NULL},
		{"PROXY TCP4 203.0.113.7 10.0.0.1 65536 9092\r\n", -EINVAL, NULL},
		{"PROXY TCP4 203.0.113.7 10.0.0.1 -1 9092\r\n", -EINVAL, NULL},
		{"PROXY UDP4 203.0.113.7 10.0.0.1 51544 9092\r\n", -EINVAL, NULL},
		{"PROXY TCP4 203.0.113.7 10.0.0.1 51544 9092\n", -EINVAL, NULL},
		{"PROXY  TCP4 203.0.113.7 10.0.0.1 1 2\r\n", -EINVAL, NULL},
		{"PROXZ TCP4 203.0.113.7 10.0.0.1 51544 9092\r\n", -EINVAL, NULL},
	};
	char at[RZ_ENDPOINT_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		print_message("%s", rows[i].line);
		assert_int_equal(read_bytes(rows[i].line, strlen(rows[i].line), at), rows[i].err);
		if (!rows[i].err)
			assert_string_equal(at, rows[i].at);
	}
	assert_int_equal(read_bytes("PROXY TCP4 1.1.1.1\0 2.2.2.2 1 2\r\n", 33, at), -EINVAL);
}

static void test_v2(void **state)
{
	uint8_t h[52] =
		"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\x01\x02\x03\x0a\0\0\1\xc9\x58\x23\x84";
	char at[RZ_ENDPOINT_TEXT];

	(void)state;
	assert_int_equal(read_bytes(h, 28, at), 0);
	assert_string_equal(at, "10.1.2.3:51544");
	assert_int_equal(read_bytes(h, 27, at), -EINVAL);
	assert_int_equal(read_bytes(h, 15, at), -EINVAL);
	h[12] = 0x20; /* LOCAL: the balancer's own health check */
	assert_int_equal(read_bytes(h, 28, at), -ENOENT);
	h[12] = 0x31; /* version 3 */
	assert_int_equal(read_bytes(h, 28, at), -EINVAL);
	h[12] = 0x21;
	h[13] = 0x12; /* UDP */
	assert_int_equal(read_bytes(h, 28, at), -ENOENT);
	h[13] = 0x21;
	memset(h + 16, 0, 36);
	h[16] = 0x20;
	h[17] = 0x01;
	h[31] = 7;
	h[48] = 1;
	assert_int_equal(read_bytes(h, 52, at), 0);
	assert_string_equal(at, "[2001::7]:256");
	assert_int_equal(read_bytes(h, 51, at), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v1),
		cmocka_unit_test(test_v2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
