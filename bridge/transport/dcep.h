/* SPDX-License-Identifier: Apache-2.0
 *
 * Data channel establishment protocol (RFC 8832): OPEN and ACK. Pure; any thread. */
#ifndef PLENUM_BRIDGE_TRANSPORT_DCEP_H
#define PLENUM_BRIDGE_TRANSPORT_DCEP_H

#include <stddef.h>
#include <stdint.h>

#define DCEP_LABEL_MAX 256 /* bytes of label and of protocol accepted */
#define DCEP_RELIABLE 0x00 /* channel type: reliable, ordered */

/* Payload protocol identifiers (RFC 8831 8). */
enum {
    DCEP_PPID_CONTROL = 50,
    DCEP_PPID_STRING = 51,
    DCEP_PPID_BINARY_PARTIAL = 52, /* deprecated */
    DCEP_PPID_BINARY = 53,
    DCEP_PPID_STRING_PARTIAL = 54, /* deprecated */
    DCEP_PPID_STRING_EMPTY = 56,
    DCEP_PPID_BINARY_EMPTY = 57,
};

typedef enum { DCEP_OPEN, DCEP_ACK } DcepType;
typedef struct {
    DcepType type;
    uint8_t channel_type;
    uint16_t priority;
    uint32_t reliability;
    size_t label_off, label_len, protocol_off, protocol_len; /* into the parsed bytes */
} DcepMessage;

typedef enum { DCEP_OK, DCEP_TRUNCATED, DCEP_UNKNOWN_TYPE, DCEP_TOO_LONG } DcepStatus;
/* Accepts any bytes; writes *out only for DCEP_OK. Bytes after the message are ignored. */
DcepStatus dcep_parse(const uint8_t *buf, size_t len, DcepMessage *out);
/* RFC 8832 5.1, 5.2. Return the length written, 0 when cap is too small or a text too long. */
size_t dcep_build_open(uint8_t *out, size_t cap, uint8_t channel_type, const char *label, const char *protocol);
size_t dcep_build_ack(uint8_t *out, size_t cap);

#endif
