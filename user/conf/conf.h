/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of `rezone run`: one row per key (table.c) holds name, form, limits, default,
 * environment variables and help; flags, config file, validation and --help all come from that
 * table.
 *
 * A flag beats the environment, which beats the config file, which beats the default. The file can
 * be read again while rezone runs (daemon/reload.c); each row says whether that takes a restart.
 */
#ifndef RZ_CONF_CONF_H
#define RZ_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "policy/limits.h"
#include "policy/reason.h"

enum rz_in_flight { RZ_IN_FLIGHT_WAIT, RZ_IN_FLIGHT_IGNORE };

#define RZ_CONF_ROWS_MAX 96

/* Where a value is from; a later one beats an earlier one. */
enum rz_conf_from { RZ_CONF_DEFAULT, RZ_CONF_FILE, RZ_CONF_ENVIRONMENT, RZ_CONF_FLAG };

enum rz_ask_agents { RZ_ASK_AUTO, RZ_ASK_ON, RZ_ASK_OFF };

struct rz_conf {
	char *topology; /* path, NULL: none, rezone only watches */
	char *cgroup;	/* path, NULL: found by itself */
	char *pin_dir;	/* default /sys/fs/bpf/rezone */
	uint64_t interval_ns;
	uint16_t ports[RZ_PORTS_MAX];
	uint16_t n_ports;
	enum rz_mode mode;
	bool paused; /* nobody is moved, as by `rezone pause` */
	enum rz_opt_in opt_in;
	uint32_t min_agents;
	uint64_t stable_for_ns;
	uint64_t topology_max_age_ns;
	uint64_t min_age_ns;
	uint64_t park_after_ns; /* 0: nobody is parked */
	struct rz_rates rates;	/* phase is not a setting */
	double client_share;	/* per cent */
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
	uint64_t home_ready_wait_ns;
	uint64_t listen_for_ns;
	uint32_t max_connections;
	uint32_t max_clients;
	uint64_t reconcile_ns;
	uint64_t gap_timeout_ns;
	uint64_t hold_timeout_ns;
	uint32_t holds;
	enum rz_in_flight in_flight;
	int close, shared, acks0; /* enum rz_close, rz_shared, rz_acks0 */
	int local_proxy;	  /* enum rz_local_proxy */
	int leaders;		  /* enum rz_give_leaders */
	int ask_agents;		  /* enum rz_ask_agents */
	uint64_t settle_ns;
	uint64_t grace_ns;
	char *zoned_cidr_blocks; /* topo/blocks.h has the grammar; NULL: none */
	char *zone_keys;	 /* of a dialect of one's own (client/tags.h); NULL: none */
	char *opt_in_keys;
	char *tag_separators;
	bool tag_url_decode;
	char *kube_service; /* source/spec.h has the grammar; both NULL: no Kubernetes */
	char *kube_selector;
	char *kube_port_name;
	char *kube_server, *kube_token_file, *kube_ca_file; /* NULL: as in a pod */
	char *kube_zone_label;				    /* NULL: the node is not asked for */
	char *node_name, *zone, *cloud_url;		    /* NULL: not given */
	uint32_t source_uid;				    /* of the network process */
	int cloud;					    /* enum rz_cloud_which */
	char *price;					    /* policy/price.h has the forms */
	uint64_t empty_confirm_ns;
	char *listen;	/* base/listen.h has the form; NULL: no server */
	bool keep_pins; /* on SIGTERM leave programs and maps in place */
	enum rz_log_format log_format;
	enum rz_log_level log_level;
	uint8_t from[RZ_CONF_ROWS_MAX]; /* enum rz_conf_from of each row */
};

/* What stays the same while rezone runs: the flags, and which file there is. */
struct rz_conf_source;

/* Reads argv (argv[0] is "run"), and keeps pointers into it. --help prints and exits 0. 0 or
 * -EINVAL, logged. */
int rz_conf_source_new(int argc, char **argv, struct rz_conf_source **ret);
void rz_conf_source_free(struct rz_conf_source *s); /* takes NULL */
/* The path of --config or REZONE_CONFIG; NULL: none. */
const char *rz_conf_source_file(const struct rz_conf_source *s);

/* The bytes of a config file. */
struct rz_conf_text {
	char *text;
	size_t len;
};
/* What rz_conf_start() has read. */
const struct rz_conf_text *rz_conf_source_text(const struct rz_conf_source *s);
/* From where a text may come. The daemon takes regular files alone: it reads the file each second,
 * in its one thread, and a FIFO, a terminal or a socket could keep it for ever. */
enum rz_conf_text_from {
	RZ_CONF_TEXT_REGULAR,
	RZ_CONF_TEXT_ANY, /* a command that reads once, as from a shell's <(...) */
};
/* 0, or -errno with one line in `why`. */
int rz_conf_text_read(const char *path, enum rz_conf_text_from from, struct rz_conf_text *ret,
		      char *why, size_t why_size);

/*
 * Puts the settings together: defaults, then `file` (NULL: there is none), the environment, the
 * flags. 0, or -errno with one line in `why` that names flag, variable or file:line:column, what is
 * wrong and how to mend it. *ret is filled wholly on success only.
 */
int rz_conf_load(const struct rz_conf_source *s, const struct rz_conf_text *file,
		 struct rz_conf *ret, char *why, size_t why_size);
#define RZ_CONF_WHY 640

/* Reads the file, keeps its text, and loads. 0 or -errno, logged. */
int rz_conf_start(struct rz_conf_source *s, enum rz_conf_text_from from, struct rz_conf *ret);
/* All of it in one. */
int rz_conf_read(int argc, char **argv, struct rz_conf *ret);
/* All settings as text, as map config has them; for free(). `file` is the config file's name. 0 or
 * -ENOMEM, logged. */
struct rz_conf_map_row;
int rz_conf_texts(const struct rz_conf *c, const char *file, struct rz_conf_map_row **ret,
		  size_t *ret_n);
/* The other way: the settings of a daemon by what map config has of them. A text that was cut stays
 * cut. 0, or -errno with one line in `why`; to be freed on success. */
int rz_conf_from_texts(const struct rz_conf_map_row *rows, size_t n, struct rz_conf *ret, char *why,
		       size_t why_size);

/* What they say of how many moves there may be. limits.rates.phase is 0: no setting. */
struct rz_limits rz_conf_limits(const struct rz_conf *c);

/* Warns of variables that begin with REZONE_ and set nothing: mistyped ones, with the one that was
 * meant, and REZONE_PORT=tcp://..., which is Kubernetes' word. */
void rz_conf_environment_warn(char *const *environment);
void rz_conf_free(struct rz_conf *c); /* frees what it points to */

#endif
