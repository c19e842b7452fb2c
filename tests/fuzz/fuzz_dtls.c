/* SPDX-License-Identifier: Apache-2.0
 *
 * Input: datagrams, each behind a two-byte length, given to a fresh server (first byte even) or client (odd).
 * Properties: it never claims to be ready, ends at most once, and sends no datagram beyond the MTU. */
#include <stdlib.h>
#include <string.h>
#include "bridge/transport/dtls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned ended;

static void on_send(void *user, const uint8_t *datagram, size_t len)
{
    if (len > DTLS_MTU || ended)
        abort();
}

static void on_ready(void *user, const SrtpKeys *keys)
{
    abort(); /* nobody can have a key for the fingerprint below */
}

static void on_data(void *user, const uint8_t *bytes, size_t len)
{
    abort();
}

static void on_ended(void *user, DtlsEnd why)
{
    if (ended++)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const DtlsCallbacks cb = { on_send, on_ready, on_data, on_ended };
    static DtlsContext *ctx;
    if (!ctx)
        ctx = dtls_context_new(0);
    if (size < 1)
        return 0;
    ended = 0;
    DtlsTransport *t = dtls_new(ctx, &cb, NULL, 0);
    dtls_add_fingerprint(t, "sha-256",
                         "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:"
                         "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00");
    dtls_fingerprints_done(t, 0);
    dtls_start(t, data[0] & 1 ? DTLS_CLIENT : DTLS_SERVER, 0);
    for (size_t pos = 1; pos + 2 <= size;) {
        size_t n = (size_t)(data[pos] << 8 | data[pos + 1]);
        pos += 2;
        if (n > size - pos)
            n = size - pos;
        uint8_t *exact = malloc(n ? n : 1);
        memcpy(exact, data + pos, n);
        dtls_on_datagram(t, exact, n, 0);
        free(exact);
        pos += n;
    }
    dtls_on_timer(t, 1);
    if (dtls_is_ready(t))
        abort();
    dtls_free(t);
    return 0;
}
