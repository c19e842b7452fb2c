/* SPDX-License-Identifier: Apache-2.0
 *
 * endpoint_transport.h without DTLS and SCTP: a test opens the channel, speaks as the client and reads what
 * the client was sent. Linked in place of the real one. */
#ifndef PLENUM_TESTS_FAKE_TRANSPORT_H
#define PLENUM_TESTS_FAKE_TRANSPORT_H

#include "bridge/endpoint_transport.h"

void fake_transport_open_channel(EndpointTransport *t);
void fake_transport_say(EndpointTransport *t, const char *text);
void fake_transport_connect(EndpointTransport *t); /* DTLS is up */
void fake_transport_fail(EndpointTransport *t);
/* Messages sent to the client and not yet taken, oldest first; NULL: none. The caller frees. */
char *fake_transport_heard(EndpointTransport *t);
bool fake_transport_started(const EndpointTransport *t);
unsigned fake_transport_fingerprints(const EndpointTransport *t);
bool fake_transport_is_client(const EndpointTransport *t);
void fake_transport_set_full(EndpointTransport *t, bool full);

#endif
