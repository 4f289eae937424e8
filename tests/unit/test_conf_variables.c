/* SPDX-License-Identifier: Apache-2.0 */
/* conf/environment.c: which variables are settings, which are slips, and which are Kubernetes's. */
#include "conf.h"

static void judge(const char *name, const char *value, enum rz_conf_variable_kind kind,
		  const char *meant)
{
	char near[RZ_CONF_VARIABLE_SIZE];

	assert_int_equal(rz_conf_variable_judge(name, value, near), kind);
	assert_string_equal(near, meant);
}

/* Every setting's variable is known; a slip of a finger finds the one that was meant. */
static void test_variables(void **state)
{
	char name[RZ_CONF_VARIABLE_SIZE], slip[RZ_CONF_VARIABLE_SIZE];
	size_t i, len;

	(void)state;
	for (i = 0; i < rz_conf_n_rows; i++) {
		rz_conf_variable(&rz_conf_rows[i], name, sizeof(name));
		judge(name, "1", RZ_CONF_VARIABLE_SETTING, "");
		len = strlen(name);
		if (len < strlen("REZONE_") + 6)
			continue; /* one letter less may be another's name */
		snprintf(slip, sizeof(slip), "%.*s", (int)len - 1, name);
		judge(slip, "1", RZ_CONF_VARIABLE_UNKNOWN, name);
	}
	judge("REZONE_CONFIG", "/x", RZ_CONF_VARIABLE_SETTING, "");
	judge("REZONE_MODUS", "observe", RZ_CONF_VARIABLE_UNKNOWN, "REZONE_MODE");
	judge("REZONE_OPTIN", "any", RZ_CONF_VARIABLE_UNKNOWN, "REZONE_OPT_IN");
	judge("REZONE_QWERTYUIOP", "1", RZ_CONF_VARIABLE_UNKNOWN, "");
	judge("REZONE_", "1", RZ_CONF_VARIABLE_UNKNOWN, "");
	judge("REZONEMODE", "observe", RZ_CONF_VARIABLE_OTHERS, "");
	judge("PATH", "/bin", RZ_CONF_VARIABLE_OTHERS, "");
}

/* What Kubernetes makes for Services named rezone, rezone-x and rezone-mode. */
static void test_service_links(void **state)
{
	static const char *const names[] = {
		"REZONE_SERVICE_HOST",
		"REZONE_SERVICE_PORT",
		"REZONE_SERVICE_PORT_KAFKA",
		"REZONE_PORT",
		"REZONE_PORT_9092_TCP",
		"REZONE_PORT_9092_TCP_PROTO",
		"REZONE_PORT_9092_TCP_PORT",
		"REZONE_PORT_9092_TCP_ADDR",
		"REZONE_PORT_53_UDP_ADDR",
		"REZONE_X_SERVICE_HOST",
		"REZONE_X_PORT",
		"REZONE_MODE_PORT",
		"REZONE_X_PORT_9092_TCP",
		"REZONE_X_PORT_1_PORT_9092_SCTP_PORT",
	};
	struct rz_conf c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		judge(names[i], "tcp://10.0.0.1:9092", RZ_CONF_VARIABLE_SERVICE_LINK, "");
	judge("REZONE_PORT", "9092,9093", RZ_CONF_VARIABLE_SETTING, "");
	judge("REZONE_PORTS", "9092", RZ_CONF_VARIABLE_UNKNOWN, "REZONE_PORT");
	judge("REZONE_KUBE_SERVICE", "a/b", RZ_CONF_VARIABLE_SETTING, "");
	judge("REZONE_PORT_9092_XCP", "1", RZ_CONF_VARIABLE_UNKNOWN, "");

	setenv("REZONE_PORT", "tcp://10.0.0.1:9092", 1);
	assert_int_equal(read_conf(&c, NULL), 0);
	assert_int_equal(c.n_ports, 1);
	assert_int_equal(c.ports[0], 9092);
	rz_conf_free(&c);
	setenv("REZONE_PORT", "9093", 1);
	assert_int_equal(read_conf(&c, NULL), 0);
	assert_int_equal(c.ports[0], 9093);
	rz_conf_free(&c);
	unsetenv("REZONE_PORT");
}

/* A line for each that sets nothing, none for the others. */
static void test_variable_lines(void **state)
{
	char *const environment[] = {
		(char *)"REZONE_MODUS=observe",
		(char *)"REZONE_MODE=observe",
		(char *)"REZONE_PORT=tcp://1.2.3.4:5",
		(char *)"REZONE_SERVICE_HOST=1.2.3.4",
		(char *)"HOME=/",
		(char *)"REZONE_\033[31m=1",
		(char *)"no equals sign",
		NULL,
	};
	struct capture cap;

	(void)state;
	rz_log_setup(RZ_LOG_TEXT, RZ_LOG_INFO);
	capture_begin(&cap);
	rz_conf_environment_warn(environment);
	capture_end(&cap, said, sizeof(said));
	assert_int_equal(capture_lines(said), 3);
	assert_non_null(strstr(said, "REZONE_MODE?"));
	assert_null(strchr(said, '\033'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_service_links),
		cmocka_unit_test(test_variable_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
