/* SPDX-License-Identifier: Apache-2.0
 *
 * libsrtp2 sessions made from our profiles: for builds --with-srtp=libsrtp2, and as the reference in tests. Any thread. */
#ifndef PLENUM_BRIDGE_TRANSPORT_SRTP_POLICY_H
#define PLENUM_BRIDGE_TRANSPORT_SRTP_POLICY_H

#include <srtp2/srtp.h>
#include "bridge/transport/srtp.h"

/* A session for any SSRC of one direction. NULL: unknown profile, or libsrtp2 refused. */
srtp_t srtp_policy_session(SrtpProfile profile, const uint8_t *key, const uint8_t *salt, bool outbound);

#endif
