/* SPDX-License-Identifier: Apache-2.0
 *
 * What a DTLS 1.2 server gets in the clear after the client's hello: Certificate, ClientKeyExchange and
 * CertificateVerify (RFC 5246 7.4.6 to 7.4.8, RFC 6347 4.2), in fragments, from anybody who can forge the client's
 * address. One wrong byte given to the library spoils a handshake that the client will not begin anew. So these
 * messages are kept back until they prove to belong together: CertificateVerify signs all of the handshake before it
 * with the key of that Certificate. Until then contradicting versions of a message are kept side by side.
 * Owner: the DTLS transport. Control thread. */
#ifndef PLENUM_BRIDGE_TRANSPORT_DTLS_FLIGHT_H
#define PLENUM_BRIDGE_TRANSPORT_DTLS_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DTLS_FLIGHT_VERSIONS 4           /* of one message, kept side by side; the oldest gives way */
#define DTLS_FLIGHT_CERTIFICATE_MAX 8192 /* bytes of a Certificate message; a self-signed one has about 400 */
#define DTLS_FLIGHT_MESSAGE_MAX 1024     /* bytes of the other two */
#define DTLS_FLIGHT_TRANSCRIPT_MAX 16384 /* bytes of all messages before */
#define DTLS_FLIGHT_PROOFS_MAX 256       /* signatures checked for one handshake */
#define DTLS_FLIGHT_ROOM (DTLS_FLIGHT_CERTIFICATE_MAX + 2 * DTLS_FLIGHT_MESSAGE_MAX + 3 * 25)

typedef struct DtlsFlight DtlsFlight;
/* `asked`: of a client who was asked for a cookie (dtls_cookie.h), so that his second hello is the one that counts and all
 * numbers are one higher. NULL: no memory. */
DtlsFlight *dtls_flight_new(bool asked);
bool dtls_flight_was_asked(const DtlsFlight *f);
void dtls_flight_free(DtlsFlight *f);

/* A datagram of ours: its handshake messages are what the client signs. */
void dtls_flight_sent(DtlsFlight *f, const uint8_t *datagram, size_t len);
/* Records of the client, as dtls_records_filter leaves them. Writes those that the library may see to out (cap at
 * least len + DTLS_FLIGHT_ROOM), those in the clear with record numbers of their own, and returns their length. */
size_t dtls_flight_received(DtlsFlight *f, const uint8_t *records, size_t len, uint8_t *out, size_t cap);
/* These records hold a part of a ClientHello that is not the one that came first. */
bool dtls_flight_is_other_hello(const DtlsFlight *f, const uint8_t *records, size_t len);
/* A CertificateVerify was right: what follows is the client's own. */
bool dtls_flight_is_proven(const DtlsFlight *f);

#endif
