/* SPDX-License-Identifier: Apache-2.0
 *
 * What carries bridge-channel messages to one client, seen from the endpoint: a WebSocket here, or in tests
 * a recorder. (The data channel needs no such seam: it belongs to the endpoint's transport.) Control thread. */
#ifndef PLENUM_BRIDGE_CHANNEL_CARRIER_H
#define PLENUM_BRIDGE_CHANNEL_CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    bool (*send)(void *socket, const char *text, size_t len); /* false: it cannot take more now; nothing was sent */
    void (*close)(void *socket, uint16_t code, const char *reason); /* the socket forgets its user at once */
} CarrierOps;

typedef struct {
    const CarrierOps *ops; /* NULL: no carrier */
    void *socket;
} Carrier;

#endif
