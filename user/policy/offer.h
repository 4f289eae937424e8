/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which libraries can send this version of Produce at an agent that has that one: the part of a
 * fingerprint that needs the agent's own answer (daemon/ask.c).
 *
 * librdkafka always sends the newest version that it and the agent of this very connection have:
 * its broker thread asks each connection for the agent's versions, and rd_kafka_msgset_writer.c
 * (rd_kafka_msgset_writer_select_MsgVersion) takes rd_kafka_broker_ApiVersion_supported() of
 * rd_kafka_ProduceRequest_max_version, with no setting in between. Where it does not ask
 * (api.version.request=false, broker.version.fallback of 0.9 or older) it has Produce v1 at most
 * and sends message sets (rdkafka_feature.c), which fit no row of policy/prints.inc. That constant
 * is 7 at the tags 1.9.2, 2.0.2 and 2.3.0, 8 at 2.4.0, and 10 at 2.5.0, 2.5.3, 2.6.0, 2.8.0,
 * 2.10.0, 2.12.1 and in July 2026.
 *
 * Of no other library this is used: kafka-python takes the versions of the agent that it asked
 * first, also at others (client_async.py, check_version), sarama those of a setting, and what
 * releases between two measured ones have is not known. They may always send less than they could.
 *
 * Comes in: names that fit a print, what was sent, what the agent has. Goes out: those that remain.
 * Pure. Called by policy/known.c.
 */
#ifndef RZ_POLICY_OFFER_H
#define RZ_POLICY_OFFER_H

#include "policy/print.h"

/* Of `names`, those that may send Produce `sent` where the agent's newest is `has`. A name of
 * librdkafka stands for all releases after the next older one of the table, up to its own; the
 * newest name for those after it, too. So no release between two rows is ruled out that could do
 * it. */
rz_print_names rz_offer_narrow(rz_print_names names, unsigned sent, unsigned has);

/* What remains of `names` by what the agent said when it was asked; all of them if it was not. */
rz_print_names rz_offer_known(rz_print_names names, const struct rz_print_row *r);

/* What would remain if it said that it has a newer one than was sent. The same as `names`: there is
 * no need to ask. */
rz_print_names rz_offer_if_newer(rz_print_names names, const struct rz_print_row *r);

#endif
