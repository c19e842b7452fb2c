/* SPDX-License-Identifier: Apache-2.0
 *
 * Units and packets of the tests of the bandwidth estimator's parts. */
#ifndef PLENUM_TESTS_TX_BWE_TEST_H
#define PLENUM_TESTS_TX_BWE_TEST_H

#include "bridge/tx/bwe_packet.h"

#define MS 1000LL
#define SECOND 1000000LL
#define START (100 * SECOND) /* of the sender's clock */

static inline BwePacket packet(int64_t send_us, int64_t arrival_us, uint16_t bytes)
{
    return (BwePacket){ .send_us = send_us, .arrival_us = arrival_us, .bytes = bytes };
}

#endif
