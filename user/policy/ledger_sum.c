// SPDX-License-Identifier: Apache-2.0
/* Sums by the hour, see ledger.h. Pure. */
#include "policy/ledger.h"

void rz_ledger_sum_add(struct rz_ledger_sum *s, uint32_t hour, const struct rz_ledger_more *more)
{
	struct rz_hour *h = &s->hours[hour % RZ_HOURS];

	s->rx_bytes += more->rx_bytes;
	s->tx_bytes += more->tx_bytes;
	s->tls_rx_bytes += more->tls_rx_bytes;
	s->tls_tx_bytes += more->tls_tx_bytes;
	s->closed += more->closed;
	if (h->hour != hour)
		*h = (struct rz_hour){.hour = hour};
	h->rx_bytes += more->rx_bytes;
	h->tx_bytes += more->tx_bytes;
}

struct rz_ledger_more rz_ledger_sum_hour(const struct rz_ledger_sum *s, uint32_t hour)
{
	const struct rz_hour *h = &s->hours[hour % RZ_HOURS];

	if (h->hour != hour)
		return (struct rz_ledger_more){};
	return (struct rz_ledger_more){h->rx_bytes, h->tx_bytes};
}

struct rz_ledger_more rz_ledger_sum_last(const struct rz_ledger_sum *s, uint32_t hour, uint32_t n)
{
	struct rz_ledger_more sum = {};
	size_t i;

	for (i = 0; i < RZ_HOURS; i++) {
		const struct rz_hour *h = &s->hours[i];

		if (h->hour > hour || h->hour + n <= hour)
			continue;
		sum.rx_bytes += h->rx_bytes;
		sum.tx_bytes += h->tx_bytes;
	}
	return sum;
}
