/* SPDX-License-Identifier: Apache-2.0
 *
 * DTLS and, in it, SCTP of one endpoint, with the timer both need (RFC 8261, RFC 8831). The worker carries
 * the datagrams; this owns the sessions. Creating one costs a certificate reference: the session begins with
 * endpoint_transport_start. Control thread, default main context. */
#ifndef PLENUM_BRIDGE_ENDPOINT_TRANSPORT_H
#define PLENUM_BRIDGE_ENDPOINT_TRANSPORT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bridge/transport/srtp.h"

struct DtlsContext;

/* The process's SCTP stack, ticked while it has work. Must outlive every transport made with it. NULL when
 * there is one already. */
typedef struct SctpClock SctpClock;
SctpClock *sctp_clock_new(void);
void sctp_clock_free(SctpClock *clock); /* NULL is fine */

/* Called from within the functions below, from the timer and from the SCTP tick; none may free the transport. */
typedef struct {
    void (*datagram)(void *user, const uint8_t *bytes, size_t len); /* send it to the peer */
    void (*keys)(void *user, const SrtpKeys *keys); /* the fingerprint matched; once; wiped after the call */
    void (*channel_open)(void *user);
    void (*message)(void *user, const char *text, size_t len);
    void (*channel_closed)(void *user);
    /* DTLS is over: failed tells whether by an error, why is for the log. Once. */
    void (*ended)(void *user, bool failed, const char *why);
} EndpointTransportEvents;

typedef struct EndpointTransport EndpointTransport;

/* sctp NULL: no data channel. NULL when no certificate could be made. */
EndpointTransport *endpoint_transport_new(struct DtlsContext *dtls, SctpClock *sctp,
                                          const EndpointTransportEvents *events, void *user);
const char *endpoint_transport_fingerprint(const EndpointTransport *t); /* sha-256, for signalling */
/* The peer is DTLS server, so we are the client; the default is the other way round. Before the start only. */
void endpoint_transport_set_client(EndpointTransport *t, bool client);
/* A set of signalled fingerprints: `add` for each, then `done`. Once a set was complete, later ones are
 * ignored. add returns false for a hash that is unknown or too weak, or a malformed value. */
bool endpoint_transport_add_fingerprint(EndpointTransport *t, const char *hash, const char *value);
void endpoint_transport_fingerprints_done(EndpointTransport *t);
/* The path is validated: begin, once; later calls do nothing. */
void endpoint_transport_start(EndpointTransport *t);
/* One datagram that its worker takes for DTLS; any bytes, borrowed. */
void endpoint_transport_on_datagram(EndpointTransport *t, const uint8_t *bytes, size_t len);
bool endpoint_transport_is_ready(const EndpointTransport *t); /* keys were given */
bool endpoint_transport_channel_is_open(const EndpointTransport *t);
/* UTF-8, at most SCTP_MESSAGE_MAX bytes; copied. False: no open channel, too long, or it takes no more now. */
bool endpoint_transport_send_text(EndpointTransport *t, const char *text, size_t len);
char *endpoint_transport_dump(const EndpointTransport *t); /* JSON, caller frees */
/* Says goodbye to the peer and frees; of the callbacks only `datagram` follows. NULL is fine. */
void endpoint_transport_free(EndpointTransport *t);

#endif
