// SPDX-License-Identifier: Apache-2.0
/* The ledger's maps, see ledger.h. */
#include "kern/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/log.h"
#include "kern/batch.h"

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

/* The kernel rounds each entry up to eight bytes, and the whole to pages. */
static size_t map_bytes(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n * sizeof(struct rz_counted) + page - 1) / page * page;
}

int rz_ledger_counted_map(const struct rz_maps *m, struct rz_counted **ret, size_t *ret_n)
{
	size_t n = rz_maps_room(m->counted);
	void *at = mmap(NULL, map_bytes(n), PROT_READ | PROT_WRITE, MAP_SHARED, m->counted, 0);

	if (at == MAP_FAILED)
		return -errno;
	*ret = at;
	*ret_n = n;
	return 0;
}

void rz_ledger_counted_unmap(struct rz_counted *places, size_t n)
{
	if (places)
		munmap(places, map_bytes(n));
}
