/* SPDX-License-Identifier: Apache-2.0
 *
 * The record layer's cleartext part (RFC 6347 4.1): which records of a datagram OpenSSL may see. Any bytes. Pure; any
 * thread. */
#ifndef PLENUM_BRIDGE_TRANSPORT_DTLS_RECORD_H
#define PLENUM_BRIDGE_TRANSPORT_DTLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rtp/reader.h"

enum { DTLS_CHANGE_CIPHER_SPEC = 20, DTLS_ALERT = 21, DTLS_HANDSHAKE = 22, DTLS_APPLICATION = 23 };
#define DTLS_RECORD_HEADER 13

typedef struct {
    uint8_t type;
    uint16_t epoch;
    const uint8_t *header, *body; /* borrowed */
    size_t len;                   /* of the body */
} DtlsRecord;

/* The next record with something in it. False: no whole one is left. */
bool dtls_record_next(Reader *r, DtlsRecord *out);

static inline bool dtls_record_is_clear_handshake(const DtlsRecord *record)
{
    return record->type == DTLS_HANDSHAKE && record->epoch == 0;
}

/* Copies the well-framed records that matter to out (of len bytes at least) and returns their total length.
 * Left out: alerts in the clear, which anyone can forge, unknown types and versions, and all after a record
 * that does not fit. */
size_t dtls_records_filter(const uint8_t *buf, size_t len, uint8_t *out);
/* The first record is an alert in the clear. */
bool dtls_record_is_clear_alert(const uint8_t *buf, size_t len);

#endif
