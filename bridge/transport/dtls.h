/* SPDX-License-Identifier: Apache-2.0
 *
 * DTLS 1.2 for media (RFC 5763, RFC 5764): handshake with the peer, its certificate against the signalled
 * fingerprint, SRTP keys exported, and application data for SCTP. OpenSSL 3, driven by bytes; the library
 * reads the clock itself for its retransmission timer. Control thread. Datagrams must come from ICE-validated
 * tuples only; nothing a peer sends before its certificate matched has any effect beyond
 * this object. */
#ifndef PLENUM_BRIDGE_TRANSPORT_DTLS_H
#define PLENUM_BRIDGE_TRANSPORT_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bridge/transport/srtp.h"

#define DTLS_MTU 1200                      /* bytes of the longest datagram we send */
#define DTLS_RECEIVE_MAX 1500              /* longer datagrams are dropped */
#define DTLS_HANDSHAKE_US 30000000         /* from start to keys, the signalled fingerprint included */
#define DTLS_FIRST_TIMEOUT_US 80000        /* first retransmission; doubles up to 3 s */
#define DTLS_HANDSHAKE_DATAGRAMS_PER_S 256 /* accepted before the handshake is done; more are dropped */
#define DTLS_RIVALS_MAX 3     /* handshakes kept beside the running one: hellos with our cookie, and the first */
#define DTLS_RIVAL_US 2000000 /* one that has waited so long for its client may give way */
#define DTLS_EARLY_MAX 32     /* datagrams held until dtls_start, then until the fingerprint matched */
#define DTLS_SESSIONS_MAX 8   /* begun at once after one was spoilt behind the client's proof, or as client.. */
#define DTLS_REST_US 1000000  /* ..and then one so often, until DTLS_HANDSHAKE_US are over */
#define DTLS_CERTIFICATE_US 86400000000 /* a new certificate after this; running transports keep theirs */
#define DTLS_FINGERPRINTS_MAX 8
#define DTLS_FINGERPRINT_TEXT (32 * 3) /* "AB:CD:..." of sha-256, with its NUL */

/* The process's certificate and settings. */
typedef struct DtlsContext DtlsContext;
/* NULL: OpenSSL refused (details on its error queue). */
DtlsContext *dtls_context_new(int64_t now_us);
void dtls_context_free(DtlsContext *ctx); /* transports keep what they need; NULL is fine */

typedef enum { DTLS_SERVER, DTLS_CLIENT } DtlsRole;

/* Why a transport ended. */
typedef enum {
    DTLS_CLOSED_BY_PEER,     /* authenticated close_notify */
    DTLS_FAILED_HANDSHAKE,   /* nothing but errors came in time */
    DTLS_FAILED_FINGERPRINT, /* handshake complete, certificate is not the signalled one */
    DTLS_FAILED_TIMEOUT,
    DTLS_FAILED_PROFILE, /* no common SRTP profile */
} DtlsEnd;
const char *dtls_end_name(DtlsEnd e);

/* Called from within the functions below; none may free the transport. */
typedef struct {
    void (*send)(void *user, const uint8_t *datagram, size_t len);
    /* Handshake complete and certificate verified: once. The keys are wiped after the call. */
    void (*ready)(void *user, const SrtpKeys *keys);
    void (*data)(void *user, const uint8_t *bytes, size_t len); /* only after ready; at most DTLS_RECEIVE_MAX */
    void (*ended)(void *user, DtlsEnd why);                     /* once; nothing is called after it */
} DtlsCallbacks;

typedef struct DtlsTransport DtlsTransport;
/* Cheap: pins the current certificate (a fresh one if the last is over DTLS_CERTIFICATE_US old); the session
 * itself is made by dtls_start. NULL: no memory, or no certificate could be made. */
DtlsTransport *dtls_new(DtlsContext *ctx, const DtlsCallbacks *cb, void *user, int64_t now_us);
/* sha-256 of our certificate, upper case with colons, for signalling. Borrowed, lives as long as t. */
const char *dtls_fingerprint(const DtlsTransport *t);
/* Begins the handshake (a client sends at once). False when already started, or OpenSSL failed. */
bool dtls_start(DtlsTransport *t, DtlsRole role, int64_t now_us);
bool dtls_is_started(const DtlsTransport *t);
bool dtls_is_ready(const DtlsTransport *t);

/* One signalled fingerprint ("sha-256", "AB:CD:..."; any case). May come before, during or after the
 * handshake; of several the strongest hash decides, and any value under that hash may be the peer's. Only the
 * peer's own certificate counts, never others of its chain: it proves no possession of their keys.
 * Call dtls_fingerprints_done after the last of a set: only then may the handshake be judged.
 * False: unknown or too weak hash (sha-1, md5), malformed, or too many. */
bool dtls_add_fingerprint(DtlsTransport *t, const char *hash, const char *value);
void dtls_fingerprints_done(DtlsTransport *t, int64_t now_us);

/* One datagram from a valid tuple. Before dtls_start it is held. Unprotected alerts and broken records are ignored,
 * what a client says in the clear has no effect before it is proven to come from one who holds the key of the
 * certificate (dtls_flight.h), of differing hellos those count that show to come from one who hears us (dtls_cookie.h),
 * and a spoilt handshake begins anew, so that a forged datagram ends nothing. An established session ends only by an
 * authenticated alert. */
void dtls_on_datagram(DtlsTransport *t, const uint8_t *buf, size_t len, int64_t now_us);
void dtls_on_timer(DtlsTransport *t, int64_t now_us);          /* does what is due; at or after dtls_next_due */
int64_t dtls_next_due(const DtlsTransport *t, int64_t now_us); /* INT64_MAX: nothing planned */

/* Application data, one datagram of 1 to DTLS_MTU - 64 bytes. False: not ready, too long, or OpenSSL failed. */
bool dtls_write(DtlsTransport *t, const uint8_t *bytes, size_t len);
/* Sends close_notify; no callback follows. */
void dtls_close(DtlsTransport *t);
int dtls_dump(const DtlsTransport *t, char *out, size_t cap); /* JSON, no secrets; the length as snprintf has it */
void dtls_free(DtlsTransport *t);                             /* no callback follows; NULL is fine */

#endif
