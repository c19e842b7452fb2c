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

/* The hello of a handshake that nobody was asked for a cookie in, or the first of all. */
static bool is_first_hello(const DtlsTransport *t, const uint8_t *records, size_t n)
{
    if (!dtls_flight_was_asked(t->flight) && !dtls_flight_is_other_hello(t->flight, records, n))
        return true;
    for (int i = 0; i < DTLS_RIVALS_MAX && t->rivals[i].ssl; i++)
        if (!dtls_flight_was_asked(t->rivals[i].flight) && !dtls_flight_is_other_hello(t->rivals[i].flight, records, n))
            return true;
    return false;
}

static bool is_hello_of(const DtlsFlight *f, const uint8_t *records, size_t n)
{
    return dtls_flight_was_asked(f) && !dtls_flight_is_other_hello(f, records, n);
}

/* One who hears us says another hello: he began anew, or the first one was forged. Both handshakes stay, the latest is
 * the one we repeat our answer of, and the proof decides. */
static bool take_turn(DtlsTransport *t, const uint8_t *records, size_t n, int64_t now_us)
{
    Rival current = { t->ssl, t->flight, now_us };
    Rival *last = &t->rivals[DTLS_RIVALS_MAX - 1];
    if (is_hello_of(t->flight, records, n))
        return true;
    for (int i = 0; i < DTLS_RIVALS_MAX && t->rivals[i].ssl; i++) {
        if (!is_hello_of(t->rivals[i].flight, records, n))
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
    if (!dtls_session_new(t, true)) {
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

bool dtls_rivals_hello(DtlsTransport *t, const uint8_t *records, size_t n, int64_t now_us)
{
    uint8_t request[DTLS_COOKIE_REQUEST_BYTES];
    if (!t->flight || dtls_flight_is_proven(t->flight))
        return true;
    switch (dtls_cookie_look(records, n, t->cookie)) {
    case DTLS_HELLO_PLAIN:
        if (is_first_hello(t, records, n))
            return true;
        t->asked++;
        dtls_cookie_request(t->cookie, request);
        t->cb.send(t->user, request, sizeof(request));
        return false;
    case DTLS_HELLO_WRONG:
        return false;
    case DTLS_HELLO_COOKIE:
        return take_turn(t, records, n, now_us);
    case DTLS_HELLO_NONE: /* the rest of a hello whose beginning was his */
        return !dtls_flight_was_asked(t->flight) || take_turn(t, records, n, now_us);
    }
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
