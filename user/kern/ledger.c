// SPDX-License-Identifier: Apache-2.0
/* The ledger's maps, see ledger.h. */
#include "kern/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "kern/batch.h"
#include "kern/pins.h"

int rz_ledger_rows_read(const struct rz_maps *m, struct rz_ledger_rows *r)
{
	__u32 zero = 0;
	int err;

	*r = (struct rz_ledger_rows){};
	err = bpf_map_lookup_elem(m->ledger, &zero, &r->state) ? -errno : 0;
	if (!err)
		err = rz_batch_read(m->saved, sizeof(*r->saved_cookies), sizeof(*r->saved), 0,
				    (void **)&r->saved_cookies, (void **)&r->saved, &r->n_saved);
	if (!err)
		err = rz_batch_read(m->client_bytes, sizeof(*r->clients),
				    sizeof(*r->clients_values), 0, (void **)&r->clients,
				    (void **)&r->clients_values, &r->n_clients);
	if (!err)
		err = rz_batch_read(m->zone_bytes, sizeof(*r->zones), sizeof(*r->zones_sums), 0,
				    (void **)&r->zones, (void **)&r->zones_sums, &r->n_zones);
	return err ? rz_err(err, "maps: cannot read what connections have carried: %s",
			    strerror(-err))
		   : 0;
}

void rz_ledger_rows_free(struct rz_ledger_rows *r)
{
	free(r->zones);
	free(r->zones_sums);
	free(r->clients);
	free(r->clients_values);
	free(r->saved_cookies);
	free(r->saved);
}

/* The kernel rounds the whole up to pages. */
static size_t map_bytes(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n / RZ_COUNTED_EACH * sizeof(struct rz_counted_entry) + page - 1) / page * page;
}

static int map_places(int fd, size_t n, struct rz_counted_entry **ret)
{
	void *at = mmap(NULL, map_bytes(n), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*ret = at;
	return 0;
}

int rz_ledger_counted_map(const struct rz_maps *m, struct rz_counted_entry **ret, size_t *ret_n)
{
	size_t n = (size_t)rz_maps_room(m->counted) * RZ_COUNTED_EACH;
	int err = map_places(m->counted, n, ret);

	if (!err)
		*ret_n = n;
	return err;
}

void rz_ledger_counted_unmap(struct rz_counted_entry *places, size_t n)
{
	if (places)
		munmap(places, map_bytes(n));
}

/* In steps that grow with it, so that little stays empty and little is copied. */
static size_t more_places(size_t n, size_t limit)
{
	size_t step = (n / 64 / RZ_COUNTED_FIRST + 1) * RZ_COUNTED_FIRST;

	return n + step < limit ? n + step : limit;
}

/* By a rename: whoever opens the pin, or comes after a kill, finds the old map or the new one. */
static int pin_instead(int fd, const char *pin_dir)
{
	char path[4200], fresh[4200];

	rz_pins_path(path, sizeof(path), pin_dir, "counted");
	rz_pins_path(fresh, sizeof(fresh), pin_dir, "counted_new");
	unlink(fresh); /* of a daemon that was killed here */
	if (bpf_obj_pin(fd, fresh))
		return -errno;
	if (rename(fresh, path)) {
		int err = -errno;

		unlink(fresh);
		return err;
	}
	return 0;
}

int rz_ledger_counted_grow(const struct rz_maps *m, const char *pin_dir, size_t limit,
			   struct rz_counted_entry **places, size_t *n)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	size_t more = more_places(*n, limit);
	_cleanup_close_ int fd = -1;
	struct rz_counted_entry *grown;
	int err;

	if (more <= *n)
		return -ENOSPC;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "counted", sizeof(__u32),
			    sizeof(struct rz_counted_entry), more / RZ_COUNTED_EACH, &opts);
	if (fd < 0)
		return -errno;
	err = map_places(fd, more, &grown);
	if (err)
		return err;
	memcpy(grown, *places, *n / RZ_COUNTED_EACH * sizeof(*grown));
	err = pin_dir[0] ? pin_instead(fd, pin_dir) : 0;
	if (!err && dup3(fd, m->counted, O_CLOEXEC) < 0)
		err = -errno;
	if (err) {
		rz_ledger_counted_unmap(grown, more);
		return err;
	}
	rz_ledger_counted_unmap(*places, *n);
	*places = grown;
	*n = more;
	return 0;
}
