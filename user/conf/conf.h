/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of `rezone run`: one row per key (table.c) holds name, form, limits, default,
 * environment variables and help; flags, config file, validation and --help all come from that
 * table.
 *
 * A flag beats the environment, which beats the config file, which beats the default.
 */
#ifndef RZ_CONF_CONF_H
#define RZ_CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "policy/budget.h"
#include "policy/reason.h"

enum rz_in_flight { RZ_IN_FLIGHT_WAIT, RZ_IN_FLIGHT_IGNORE };

struct rz_conf {
	char *topology; /* path, NULL: none, rezone only watches */
	char *cgroup;	/* path, NULL: found by itself */
	char *pin_dir;	/* default /sys/fs/bpf/rezone */
	uint64_t interval_ns;
	uint16_t ports[RZ_PORTS_MAX];
	uint16_t n_ports;
	enum rz_mode mode;
	enum rz_opt_in opt_in;
	uint32_t min_agents;
	uint64_t stable_for_ns;
	uint64_t topology_max_age_ns;
	uint64_t min_age_ns;
	struct rz_rates rates; /* phase is not a setting */
	uint64_t outcome_after_ns;
	double breaker; /* per cent */
	uint64_t breaker_for_ns;
	char *exclude_clients; /* policy/exclude.h has the forms; NULL: none */
	char *exclude_addresses;
	char *exclude_zones;
	uint64_t cooldown_ns;
	uint64_t cooldown_max_ns;
	uint32_t give_up_after;
	uint64_t give_up_for_ns;
	uint32_t max_connections;
	uint32_t max_clients;
	uint64_t reconcile_ns;
	uint64_t gap_timeout_ns;
	uint64_t hold_timeout_ns;
	uint32_t holds;
	enum rz_in_flight in_flight;
	int close, shared, acks0; /* enum rz_close, rz_shared, rz_acks0 */
	int local_proxy;	  /* enum rz_local_proxy */
	uint64_t settle_ns;
	uint64_t grace_ns;
	char *zoned_cidr_blocks; /* topo/blocks.h has the grammar; NULL: none */
	char *zone_keys;	 /* of a dialect of one's own (client/tags.h); NULL: none */
	char *opt_in_keys;
	char *tag_separators;
	bool tag_url_decode;
	char *kube_service; /* source/kube.h has the grammar; both NULL: no Kubernetes */
	char *kube_selector;
	char *kube_port_name;
	char *kube_server, *kube_token_file, *kube_ca_file; /* NULL: as in a pod */
	char *kube_zone_label;				    /* NULL: the node is not asked for */
	char *node_name, *zone, *cloud_url;		    /* NULL: not given */
	int cloud;					    /* enum rz_cloud_which */
	uint64_t empty_confirm_ns;
	bool keep_pins; /* on SIGTERM leave programs and maps in place */
	enum rz_log_format log_format;
	enum rz_log_level log_level;
};

/*
 * Reads argv (argv[0] is "run"), the environment and the file named by --config. --help prints and
 * exits 0. On a mistake: one line that names flag, variable or file:line:column, what is wrong and
 * how to mend it, and -EINVAL. conf is filled wholly on success only.
 */
int rz_conf_read(int argc, char **argv, struct rz_conf *ret);
/* Warns of variables that begin with REZONE_ and set nothing: mistyped ones, with the one that was
 * meant, and REZONE_PORT=tcp://..., which is Kubernetes' word. */
void rz_conf_environment_warn(char *const *environment);
void rz_conf_free(struct rz_conf *c); /* frees what it points to */

#endif
