/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/bridge/fake_transport.h"
#include <string.h>

struct EndpointTransport {
    const EndpointTransportEvents *events;
    void *user;
    GQueue heard;
    unsigned fingerprints;
    bool with_channel, open, started, done, client, full;
};

EndpointTransport *endpoint_transport_new(struct DtlsContext *dtls, SctpClock *sctp,
                                          const EndpointTransportEvents *events, void *user)
{
    EndpointTransport *t = g_new0(EndpointTransport, 1);
    t->events = events;
    t->user = user;
    t->with_channel = sctp != NULL;
    g_queue_init(&t->heard);
    return t;
}

const char *endpoint_transport_fingerprint(const EndpointTransport *t)
{
    return "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:"
           "AB:CD:EF";
}

void endpoint_transport_set_client(EndpointTransport *t, bool client)
{
    t->client = client;
}

bool endpoint_transport_add_fingerprint(EndpointTransport *t, const char *hash, const char *value)
{
    if (strcmp(hash, "sha-1") == 0)
        return false;
    t->fingerprints++;
    return true;
}

void endpoint_transport_fingerprints_done(EndpointTransport *t)
{
    t->done = true;
}

void endpoint_transport_start(EndpointTransport *t)
{
    t->started = true;
}

void endpoint_transport_on_datagram(EndpointTransport *t, const uint8_t *bytes, size_t len)
{
    t->events->datagram(t->user, bytes, len); /* an echo */
}

bool endpoint_transport_is_ready(const EndpointTransport *t)
{
    return t->started && t->done;
}

bool endpoint_transport_channel_is_open(const EndpointTransport *t)
{
    return t->open;
}

bool endpoint_transport_send_text(EndpointTransport *t, const char *text, size_t len)
{
    if (!t->open || t->full)
        return false;
    g_queue_push_tail(&t->heard, g_strndup(text, len));
    return true;
}

char *endpoint_transport_dump(const EndpointTransport *t)
{
    return g_strdup("{}");
}

void endpoint_transport_free(EndpointTransport *t)
{
    if (!t)
        return;
    g_queue_clear_full(&t->heard, g_free);
    g_free(t);
}

void fake_transport_open_channel(EndpointTransport *t)
{
    g_assert_true(t->with_channel);
    t->open = true;
    t->events->channel_open(t->user);
}

void fake_transport_say(EndpointTransport *t, const char *text)
{
    t->events->message(t->user, text, strlen(text));
}

void fake_transport_fail(EndpointTransport *t)
{
    t->events->ended(t->user, true, "test");
}

char *fake_transport_heard(EndpointTransport *t)
{
    return g_queue_pop_head(&t->heard);
}

bool fake_transport_started(const EndpointTransport *t)
{
    return t->started;
}

unsigned fake_transport_fingerprints(const EndpointTransport *t)
{
    return t->fingerprints;
}

bool fake_transport_is_client(const EndpointTransport *t)
{
    return t->client;
}

void fake_transport_set_full(EndpointTransport *t, bool full)
{
    t->full = full;
}

void fake_transport_connect(EndpointTransport *t)
{
    const SrtpKeys keys = { 0 };
    t->started = t->done = true;
    t->events->keys(t->user, &keys);
}
