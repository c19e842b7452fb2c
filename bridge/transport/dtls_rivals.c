/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/dtls_private.h"

#include <string.h>

static void rival_free(Rival *r)
{
    SSL_free(r->ssl);
    dtls_flight_free(r->flight);
    *r = (Rival){ 0 };
}

void dtls_rivals_clear(DtlsTransport *t)
{
    for (int i = 0; i < DTLS_RIVALS_MAX; i++)
        rival_free(&t->rivals[i]);
}

/* Another ClientHello while we wait for the answer to ours: either of the two is forged, or the peer began anew. Both
 * handshakes stay, the latest is the one we repeat our answer of, and the proof decides. */
bool dtls_rivals_hello(DtlsTransport *t, const uint8_t *records, size_t n, int64_t now_us)
{
    if (!t->flight || dtls_flight_is_proven(t->flight) || !dtls_flight_is_other_hello(t->flight, records, n))
        return true;
    Rival current = { t->ssl, t->flight, now_us };
    Rival *last = &t->rivals[DTLS_RIVALS_MAX - 1];
    for (int i = 0; i < DTLS_RIVALS_MAX && t->rivals[i].ssl; i++) {
        if (dtls_flight_is_other_hello(t->rivals[i].flight, records, n))
            continue;
        t->ssl = t->rivals[i].ssl; /* this one is repeated: its answer was lost */
        t->flight = t->rivals[i].flight;
        t->rivals[i] = current;
        return true;
    }
    if (last->ssl && now_us - last->since_us < DTLS_RIVAL_US)
        return false;
    t->ssl = NULL;
    t->flight = NULL;
    if (!dtls_session_new(t)) {
        t->ssl = current.ssl;
        t->flight = current.flight;
        return false;
    }
    t->sessions--; /* not after one was spoilt */
    t->hellos++;
    rival_free(last);
    memmove(&t->rivals[1], &t->rivals[0], sizeof(t->rivals) - sizeof(t->rivals[0]));
    t->rivals[0] = current;
    return true;
}

bool dtls_rivals_return(DtlsTransport *t)
{
    Rival spoilt = { t->ssl, t->flight, 0 }, *next = &t->rivals[0];
    if (!next->ssl)
        return false;
    t->ssl = next->ssl;
    t->flight = next->flight;
    memmove(&t->rivals[0], &t->rivals[1], sizeof(t->rivals) - sizeof(t->rivals[0]));
    t->rivals[DTLS_RIVALS_MAX - 1] = (Rival){ 0 };
    rival_free(&spoilt);
    return true;
}

size_t dtls_rivals_hear(DtlsTransport *t, const uint8_t *records, size_t n, uint8_t *out, size_t cap)
{
    size_t kept = dtls_flight_received(t->flight, records, n, out, cap);
    for (int i = 0; i < DTLS_RIVALS_MAX && !dtls_flight_is_proven(t->flight) && t->rivals[i].ssl; i++) {
        uint8_t proven[3 * DTLS_RECEIVE_MAX + DTLS_FLIGHT_ROOM];
        size_t theirs = dtls_flight_received(t->rivals[i].flight, records, n, proven, sizeof(proven));
        if (!dtls_flight_is_proven(t->rivals[i].flight))
            continue;
        Rival loser = { t->ssl, t->flight, 0 };
        t->ssl = t->rivals[i].ssl;
        t->flight = t->rivals[i].flight;
        t->rivals[i] = loser;
        memcpy(out, proven, theirs);
        kept = theirs;
    }
    if (dtls_flight_is_proven(t->flight))
        dtls_rivals_clear(t);
    return kept;
}
