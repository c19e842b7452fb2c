/* SPDX-License-Identifier: Apache-2.0
 *
 * What ICE needs to know of a STUN Binding message (RFC 8489 5, RFC 8445 7), read strictly and before any
 * authentication. Attributes after MESSAGE-INTEGRITY are ignored, except FINGERPRINT, which must be the last
 * one. The checksum and the MAC themselves are ice_stun's work. Pure; any thread. */
#ifndef PLENUM_BRIDGE_TRANSPORT_ICE_MESSAGE_H
#define PLENUM_BRIDGE_TRANSPORT_ICE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ICE_TRANSACTION_OFF 8 /* the 12 bytes after the cookie */
#define ICE_TRANSACTION_BYTES 12
#define ICE_UNKNOWN_MAX 8     /* unknown attributes told in one 420 */
#define ICE_ATTRIBUTES_MAX 64 /* of one message */

typedef enum { ICE_MSG_REQUEST, ICE_MSG_SUCCESS, ICE_MSG_ERROR } IceMessageClass;

typedef struct {
    IceMessageClass type;
    size_t username_off, username_len; /* len 0: absent */
    uint32_t priority;                 /* 0: absent (no candidate has priority 0) */
    bool controlling, controlled;      /* which role attribute was there */
    uint64_t tie_breaker;
    bool use_candidate;
    uint16_t error_code; /* 300..699 for ICE_MSG_ERROR */
    unsigned n_unknown;
    uint16_t unknown[ICE_UNKNOWN_MAX]; /* comprehension-required ones */
} IceMessage;

typedef enum {
    ICE_SCAN_OK,
    ICE_SCAN_MALFORMED, /* framing, FINGERPRINT not last, no MESSAGE-INTEGRITY, a needed attribute missing */
    ICE_SCAN_NOT_USED,  /* well-framed, but no Binding request or response */
} IceScan;

/* Accepts any bytes; writes *out only for ICE_SCAN_OK. A request has USERNAME and PRIORITY. */
IceScan ice_message_scan(const uint8_t *buf, size_t len, IceMessage *out);

#endif
