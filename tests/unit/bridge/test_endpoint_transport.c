/* SPDX-License-Identifier: Apache-2.0
 *
 * The real endpoint transport against a client made of the same DTLS and SCTP modules, datagrams carried by a
 * queue that can lose some. */
#include <string.h>
#include "bridge/endpoint_transport.h"
#include "bridge/transport/dtls.h"
#include "bridge/transport/sctp.h"
#include "common/base/clock.h"

typedef struct {
    bool to_server;
    size_t len;
    uint8_t bytes[DTLS_RECEIVE_MAX];
} Datagram;

typedef struct {
    DtlsContext *context;
    SctpClock *clock;
    EndpointTransport *server;
    DtlsTransport *client;
    GQueue wire;
    unsigned lose; /* drop the next so many datagrams */
    /* seen */
    SrtpKeys server_keys, client_keys;
    unsigned keys, ended, failed, client_packets;
    GString *server_heard;
} Wire;

static void post(Wire *w, bool to_server, const uint8_t *bytes, size_t len)
{
    if (w->lose > 0) {
        w->lose--;
        return;
    }
    Datagram *d = g_new0(Datagram, 1);
    d->to_server = to_server;
    d->len = len;
    memcpy(d->bytes, bytes, len);
    g_queue_push_tail(&w->wire, d);
}

static void on_datagram(void *user, const uint8_t *bytes, size_t len)
{
    post(user, false, bytes, len);
}

static void on_keys(void *user, const SrtpKeys *keys)
{
    ((Wire *)user)->server_keys = *keys;
    ((Wire *)user)->keys++;
}

static void on_channel_open(void *user)
{
}

static void on_message(void *user, const char *text, size_t len)
{
    g_string_append_printf(((Wire *)user)->server_heard, "%.*s\n", (int)len, text);
}

static void on_channel_closed(void *user)
{
}

static void on_ended(void *user, bool failed, const char *why)
{
    ((Wire *)user)->ended++;
    ((Wire *)user)->failed += failed;
}

static const EndpointTransportEvents events = { on_datagram, on_keys,           on_channel_open,
                                                on_message,  on_channel_closed, on_ended };

static void client_send(void *user, const uint8_t *bytes, size_t len)
{
    post(user, true, bytes, len);
}

static void client_ready(void *user, const SrtpKeys *keys)
{
    ((Wire *)user)->client_keys = *keys;
}

static void client_data(void *user, const uint8_t *bytes, size_t len)
{
    ((Wire *)user)->client_packets++;
}

static void client_ended(void *user, DtlsEnd why)
{
}

static const DtlsCallbacks client_callbacks = { client_send, client_ready, client_data, client_ended };

/* channel: SCTP, too. */
static void set_up(Wire *w, gconstpointer channel)
{
    int64_t now = clock_now_us();
    *w = (Wire){ .server_heard = g_string_new(NULL) };
    g_queue_init(&w->wire);
    w->context = dtls_context_new(now);
    w->clock = channel ? sctp_clock_new() : NULL;
    w->server = endpoint_transport_new(w->context, w->clock, &events, w);
    w->client = dtls_new(w->context, &client_callbacks, w, now);
    g_assert_nonnull(w->server);
    g_assert_nonnull(w->client);
    dtls_add_fingerprint(w->client, "sha-256", endpoint_transport_fingerprint(w->server));
    dtls_fingerprints_done(w->client, now);
}

static void tear_down(Wire *w, gconstpointer channel)
{
    endpoint_transport_free(w->server);
    dtls_free(w->client);
    sctp_clock_free(w->clock);
    dtls_context_free(w->context);
    g_queue_clear_full(&w->wire, g_free);
    g_string_free(w->server_heard, TRUE);
}

static void turn(Wire *w)
{
    Datagram *d;
    while ((d = g_queue_pop_head(&w->wire))) {
        if (d->to_server)
            endpoint_transport_on_datagram(w->server, d->bytes, d->len);
        else
            dtls_on_datagram(w->client, d->bytes, d->len, clock_now_us());
        g_free(d);
    }
    if (dtls_next_due(w->client, clock_now_us()) <= clock_now_us())
        dtls_on_timer(w->client, clock_now_us());
    g_main_context_iteration(NULL, FALSE);
}

/* Until *n reaches want; only a machine that does nothing else at all takes a minute. */
static void run_until(Wire *w, const unsigned *n, unsigned want)
{
    for (int64_t end = clock_now_us() + 60000000; *n < want; g_usleep(1000)) {
        g_assert_cmpint(clock_now_us(), <, end);
        turn(w);
    }
}

static void signal_fingerprint(Wire *w)
{
    g_assert_true(endpoint_transport_add_fingerprint(w->server, "sha-256", dtls_fingerprint(w->client)));
    endpoint_transport_fingerprints_done(w->server);
}

static void check_keys(const Wire *w)
{
    size_t len = srtp_key_len(w->server_keys.profile);
    g_assert_cmpint(w->server_keys.profile, ==, w->client_keys.profile);
    g_assert_cmpmem(w->server_keys.rx_key, len, w->client_keys.tx_key, len);
    g_assert_cmpmem(w->server_keys.tx_key, len, w->client_keys.rx_key, len);
}

static void test_handshake(Wire *w, gconstpointer channel)
{
    signal_fingerprint(w);
    endpoint_transport_start(w->server);
    endpoint_transport_start(w->server); /* once */
    dtls_start(w->client, DTLS_CLIENT, clock_now_us());
    run_until(w, &w->keys, 1);
    turn(w);
    check_keys(w);
    g_assert_true(endpoint_transport_is_ready(w->server));
    g_assert_false(endpoint_transport_channel_is_open(w->server));
    g_assert_false(endpoint_transport_send_text(w->server, "x", 1));
}

/* The fingerprint comes after the handshake is complete: no keys before it. */
static void test_late_fingerprint(Wire *w, gconstpointer channel)
{
    endpoint_transport_start(w->server);
    dtls_start(w->client, DTLS_CLIENT, clock_now_us());
    for (int i = 0; i < 200; i++) {
        turn(w);
        g_usleep(1000);
    }
    g_assert_cmpuint(w->keys, ==, 0);
    signal_fingerprint(w);
    g_assert_cmpuint(w->keys, ==, 1);
    check_keys(w);
}

static void test_other_fingerprint(Wire *w, gconstpointer channel)
{
    g_assert_true(endpoint_transport_add_fingerprint(
        w->server, "sha-256",
        "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF"));
    endpoint_transport_fingerprints_done(w->server);
    endpoint_transport_start(w->server);
    dtls_start(w->client, DTLS_CLIENT, clock_now_us());
    run_until(w, &w->ended, 1);
    g_assert_cmpuint(w->failed, ==, 1);
    g_assert_cmpuint(w->keys, ==, 0);
}

/* Our timer repeats what was lost. */
static void test_loss(Wire *w, gconstpointer channel)
{
    signal_fingerprint(w);
    endpoint_transport_start(w->server);
    dtls_start(w->client, DTLS_CLIENT, clock_now_us());
    Datagram *hello = g_queue_pop_head(&w->wire); /* the server's first answer gets lost */
    w->lose = 20;
    endpoint_transport_on_datagram(w->server, hello->bytes, hello->len);
    g_assert_cmpuint(w->lose, <, 20);
    w->lose = 0;
    g_free(hello);
    run_until(w, &w->keys, 1);
}

/* We as DTLS client, when the peer says it is passive. */
static void test_client_role(Wire *w, gconstpointer channel)
{
    signal_fingerprint(w);
    endpoint_transport_set_client(w->server, true);
    dtls_start(w->client, DTLS_SERVER, clock_now_us());
    endpoint_transport_start(w->server);
    g_assert_cmpuint(w->wire.length, ==, 1); /* a client speaks first */
    run_until(w, &w->keys, 1);
}

/* A client that waits for our INIT gets one. */
static void test_silent_sctp_peer(Wire *w, gconstpointer channel)
{
    signal_fingerprint(w);
    endpoint_transport_start(w->server);
    dtls_start(w->client, DTLS_CLIENT, clock_now_us());
    run_until(w, &w->keys, 1);
    g_assert_cmpuint(w->client_packets, ==, 0);
    run_until(w, &w->client_packets, 1);
    g_assert_false(endpoint_transport_channel_is_open(w->server));
}

/* The peer goes, and the transport with an association that never came up. */
static void test_goodbye(Wire *w, gconstpointer channel)
{
    signal_fingerprint(w);
    endpoint_transport_start(w->server);
    dtls_start(w->client, DTLS_CLIENT, clock_now_us());
    run_until(w, &w->keys, 1);
    dtls_close(w->client);
    run_until(w, &w->ended, 1);
    g_assert_cmpuint(w->failed, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ALONE(path, func) g_test_add(path, Wire, NULL, set_up, func, tear_down)
#define WITH_CHANNEL(path, func) g_test_add(path, Wire, "channel", set_up, func, tear_down)
    ALONE("/bridge/transport/handshake", test_handshake);
    ALONE("/bridge/transport/late fingerprint", test_late_fingerprint);
    ALONE("/bridge/transport/other fingerprint", test_other_fingerprint);
    ALONE("/bridge/transport/loss", test_loss);
    ALONE("/bridge/transport/client role", test_client_role);
    WITH_CHANNEL("/bridge/transport/silent SCTP peer", test_silent_sctp_peer);
    WITH_CHANNEL("/bridge/transport/goodbye", test_goodbye);
    return g_test_run();
}
