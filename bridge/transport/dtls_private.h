/* SPDX-License-Identifier: Apache-2.0
 *
 * What dtls.c and dtls_rivals.c share; private to them. */
#ifndef PLENUM_BRIDGE_TRANSPORT_DTLS_PRIVATE_H
#define PLENUM_BRIDGE_TRANSPORT_DTLS_PRIVATE_H

#include "bridge/transport/dtls.h"
#include "bridge/transport/dtls_certificate.h"
#include "bridge/transport/dtls_cookie.h"
#include "bridge/transport/dtls_flight.h"

#define ALERT_MAX 32
#define DIGEST_TEXT_MAX (64 * 3)

struct DtlsContext {
    DtlsCertificate *certificate;
    BIO_METHOD *bio;
    unsigned refs; /* the owner and every transport: a session needs the BIO_METHOD to its end */
};

typedef struct Held {
    struct Held *next;
    size_t len;
    uint8_t bytes[];
} Held;

/* A handshake another hello has taken the place of; the flight of its client may still come. */
typedef struct {
    SSL *ssl; /* NULL: empty */
    DtlsFlight *flight;
    int64_t since_us; /* when it became one */
} Rival;

typedef struct {
    char hash[8];
    char value[DIGEST_TEXT_MAX];
} Fingerprint;

struct DtlsTransport {
    DtlsContext *ctx;
    DtlsCertificate *certificate;
    DtlsCallbacks cb;
    void *user;
    DtlsRole role;
    SSL *ssl;                      /* NULL before start and after the end */
    Rival rivals[DTLS_RIVALS_MAX]; /* newest first */
    DtlsFlight *flight;            /* server, until connected: what the client said in the clear */
    const uint8_t *in;             /* the datagram OpenSSL may read now */
    size_t in_len;
    int64_t deadline_us, datagrams_us; /* end of patience; this second began */
    Held *held;                        /* datagrams before start; then application data before ready */
    unsigned n_held, sessions, hellos, asked, datagrams, dropped;
    uint8_t cookie[DTLS_COOKIE_BYTES]; /* server: shows that a client hears what we send to this address */
    int64_t rest_until_us;             /* spoilt too often; 0 no */
    Fingerprint *fingerprints;
    unsigned n_fingerprints;
    uint8_t alert[ALERT_MAX]; /* what the spoilt handshake wanted to tell */
    size_t alert_len;
    bool fingerprints_done, connected, ready, ended, processing, priming;
};

/* dtls.c: a handshake from the beginning, in place of the running one; `asked`: it goes on from a hello with our cookie. */
bool dtls_session_new(DtlsTransport *t, bool asked);

/* dtls_rivals.c, server: several ClientHellos came, and only one can be the peer's. */

/* Looks for a hello in these records. The first is answered as it is; another one without our cookie is asked for it,
 * which costs nothing and changes nothing; with it, its handshake becomes the running one. False: these records say no
 * more, or there is no room for another such handshake as none has waited for DTLS_RIVAL_US yet. */
bool dtls_rivals_hello(DtlsTransport *t, const uint8_t *records, size_t n, int64_t now_us);
/* Every handshake hears what is said; what proves itself in one of them decides. Returns the length of what OpenSSL
 * may see in the one that goes on. */
size_t dtls_rivals_hear(DtlsTransport *t, const uint8_t *records, size_t n, uint8_t *out, size_t cap);
/* The running handshake is spoilt: the newest of the others goes on in its place. False: there is none. */
bool dtls_rivals_return(DtlsTransport *t);
void dtls_rivals_clear(DtlsTransport *t);

#endif
