/* SPDX-License-Identifier: Apache-2.0
 *
 * How far each SSRC got that was sent with under the present keys and has no stream any more: when it is signalled
 * again it goes on from there, because one SRTP index used twice gives an AES-GCM key away (RFC 3711 9.1).
 * Owner: the receiver's transmit state. Worker thread; not on the packet path. */
#ifndef PLENUM_BRIDGE_TX_SPENT_SSRCS_H
#define PLENUM_BRIDGE_TX_SPENT_SSRCS_H

#include "bridge/transport/srtp.h"

#define SPENT_SSRCS_MAX 32768 /* 12 bytes each, made on demand */

typedef struct {
    uint32_t ssrc, roc;
    uint16_t highest_seq;
} SpentSsrc;

/* Zero-initialise. */
typedef struct {
    SpentSsrc *list;
    uint32_t n, size;
} SpentSsrcs;

/* Takes the place of what was known of it. One that sent nothing needs no place. False: no memory or SPENT_SSRCS_MAX,
 * so its stream has to stay. */
bool spent_ssrcs_put(SpentSsrcs *s, uint32_t ssrc, const SrtpStream *indices);
/* Hands its indices over to a stream and forgets them. False: it was not used, *indices stays. */
bool spent_ssrcs_take(SpentSsrcs *s, uint32_t ssrc, SrtpStream *indices);
void spent_ssrcs_clear(SpentSsrcs *s); /* for new keys, and at the end */

#endif
