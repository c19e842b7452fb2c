/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/endpoint_transport.h"
#include <glib.h>
#include "bridge/transport/dtls.h"
#include "bridge/transport/sctp.h"
#include "common/base/clock.h"

/* ---- the stack and its clock ---- */

struct SctpClock {
    SctpStack *stack;
    guint source; /* 0: asleep */
};

SctpClock *sctp_clock_new(void)
{
    SctpStack *stack = sctp_stack_new(clock_now_us());
    if (!stack)
        return NULL;
    SctpClock *clock = g_new0(SctpClock, 1);
    clock->stack = stack;
    return clock;
}

static gboolean on_tick(gpointer data)
{
    SctpClock *clock = data;
    sctp_stack_tick(clock->stack, clock_now_us());
    if (!sctp_stack_is_idle(clock->stack))
        return G_SOURCE_CONTINUE;
    clock->source = 0;
    return G_SOURCE_REMOVE;
}

static void clock_wake(SctpClock *clock)
{
    if (clock->source == 0)
        clock->source = g_timeout_add(SCTP_TICK_MS, on_tick, clock);
}

void sctp_clock_free(SctpClock *clock)
{
    if (!clock)
        return;
    if (clock->source)
        g_source_remove(clock->source);
    sctp_stack_free(clock->stack);
    g_free(clock);
}

/* ---- one endpoint ---- */

struct EndpointTransport {
    /* set at birth */
    DtlsTransport *dtls;
    SctpClock *sctp; /* NULL: no data channel */
    const EndpointTransportEvents *events;
    void *user;
    /* control */
    bool client, fingerprints_done, ended, closing;
    SctpAssociation *association; /* once DTLS is ready */
    guint timer;
    int64_t timer_due_us;
    guint call; /* source: the peer may be waiting for our INIT */
};

#define SCTP_CALL_MS 500 /* browsers speak at once; who is silent for so long is called */

static gboolean on_timer(gpointer data);

/* One timer source, moved only when it would come too late; DTLS asks again when it comes too early. */
static void arm(EndpointTransport *t)
{
    int64_t now = clock_now_us(), due = t->ended ? INT64_MAX : dtls_next_due(t->dtls, now);
    if (due == INT64_MAX || (t->timer && t->timer_due_us <= due))
        return;
    if (t->timer)
        g_source_remove(t->timer);
    t->timer_due_us = MAX(due, now);
    t->timer = g_timeout_add((guint)CLAMP((due - now + 999) / 1000, 0, 60000), on_timer, t);
}

static gboolean on_timer(gpointer data)
{
    EndpointTransport *t = data;
    t->timer = 0;
    if (!t->ended)
        dtls_on_timer(t->dtls, clock_now_us());
    arm(t);
    return G_SOURCE_REMOVE;
}

/* ---- SCTP below the channel ---- */

static void on_sctp_send(void *user, const uint8_t *packet, size_t len)
{
    EndpointTransport *t = user;
    if (!t->ended)
        dtls_write(t->dtls, packet, len); /* a refusal is a lost packet: SCTP repeats it */
}

static void on_sctp_open(void *user)
{
    EndpointTransport *t = user;
    if (!t->closing)
        t->events->channel_open(t->user);
}

static void on_sctp_message(void *user, const char *text, size_t len)
{
    EndpointTransport *t = user;
    if (!t->closing)
        t->events->message(t->user, text, len);
}

static void on_sctp_closed(void *user)
{
    EndpointTransport *t = user;
    if (!t->closing)
        t->events->channel_closed(t->user);
}

static const SctpCallbacks sctp_callbacks = {
    .send = on_sctp_send, .open = on_sctp_open, .message = on_sctp_message, .closed = on_sctp_closed
};

/* ---- DTLS ---- */

static void on_dtls_send(void *user, const uint8_t *datagram, size_t len)
{
    EndpointTransport *t = user;
    t->events->datagram(t->user, datagram, len);
}

static gboolean on_call(gpointer data)
{
    EndpointTransport *t = data;
    t->call = 0;
    sctp_association_call(t->association);
    clock_wake(t->sctp);
    return G_SOURCE_REMOVE;
}

static void on_dtls_ready(void *user, const SrtpKeys *keys)
{
    EndpointTransport *t = user;
    if (t->sctp)
        t->association = sctp_association_new(t->sctp->stack, SCTP_SERVER, NULL, &sctp_callbacks, t);
    if (t->association) {
        t->call = g_timeout_add(SCTP_CALL_MS, on_call, t);
        clock_wake(t->sctp);
    }
    t->events->keys(t->user, keys);
}

static void on_dtls_data(void *user, const uint8_t *bytes, size_t len)
{
    EndpointTransport *t = user;
    if (t->association) {
        sctp_on_packet(t->association, bytes, len);
        clock_wake(t->sctp);
    }
}

static void on_dtls_ended(void *user, DtlsEnd why)
{
    EndpointTransport *t = user;
    t->ended = true;
    if (!t->closing)
        t->events->ended(t->user, why != DTLS_CLOSED_BY_PEER, dtls_end_name(why));
}

static const DtlsCallbacks dtls_callbacks = {
    .send = on_dtls_send, .ready = on_dtls_ready, .data = on_dtls_data, .ended = on_dtls_ended
};

/* ---- life ---- */

EndpointTransport *endpoint_transport_new(struct DtlsContext *dtls, SctpClock *sctp,
                                          const EndpointTransportEvents *events, void *user)
{
    EndpointTransport *t = g_new0(EndpointTransport, 1);
    *t = (EndpointTransport){ .sctp = sctp, .events = events, .user = user };
    t->dtls = dtls_new(dtls, &dtls_callbacks, t, clock_now_us());
    if (!t->dtls)
        g_clear_pointer(&t, g_free);
    return t;
}

const char *endpoint_transport_fingerprint(const EndpointTransport *t)
{
    return dtls_fingerprint(t->dtls);
}

void endpoint_transport_set_client(EndpointTransport *t, bool client)
{
    t->client = client;
}

bool endpoint_transport_add_fingerprint(EndpointTransport *t, const char *hash, const char *value)
{
    return t->fingerprints_done || dtls_add_fingerprint(t->dtls, hash, value);
}

void endpoint_transport_fingerprints_done(EndpointTransport *t)
{
    if (t->fingerprints_done)
        return;
    t->fingerprints_done = true;
    if (!t->ended)
        dtls_fingerprints_done(t->dtls, clock_now_us());
    arm(t);
}

void endpoint_transport_start(EndpointTransport *t)
{
    if (t->ended || dtls_is_started(t->dtls))
        return;
    if (!dtls_start(t->dtls, t->client ? DTLS_CLIENT : DTLS_SERVER, clock_now_us()) && !t->ended)
        on_dtls_ended(t, DTLS_FAILED_HANDSHAKE);
    arm(t);
}

void endpoint_transport_on_datagram(EndpointTransport *t, const uint8_t *bytes, size_t len)
{
    if (!t->ended)
        dtls_on_datagram(t->dtls, bytes, len, clock_now_us());
    arm(t);
}

bool endpoint_transport_is_ready(const EndpointTransport *t)
{
    return !t->ended && dtls_is_ready(t->dtls);
}

bool endpoint_transport_channel_is_open(const EndpointTransport *t)
{
    return t->association && sctp_is_open(t->association);
}

bool endpoint_transport_send_text(EndpointTransport *t, const char *text, size_t len)
{
    if (t->ended || !endpoint_transport_channel_is_open(t))
        return false;
    clock_wake(t->sctp);
    return sctp_send_text(t->association, text, len);
}

char *endpoint_transport_dump(const EndpointTransport *t)
{
    char dtls[1024];
    SctpCounters counters = { 0 };
    if (dtls_dump(t->dtls, dtls, sizeof(dtls)) <= 0)
        g_strlcpy(dtls, "{}", sizeof(dtls));
    if (t->association)
        counters = sctp_counters(t->association);
    return g_strdup_printf("{\"dtls\":%s,\"channel_open\":%s,\"rejected_channels\":%u,\"dropped_messages\":%u,"
                           "\"refused_sends\":%u}",
                           dtls, endpoint_transport_channel_is_open(t) ? "true" : "false", counters.rejected_channels,
                           counters.dropped_messages, counters.refused_sends);
}

void endpoint_transport_free(EndpointTransport *t)
{
    if (!t)
        return;
    t->closing = true;
    if (t->timer)
        g_source_remove(t->timer);
    if (t->call)
        g_source_remove(t->call);
    if (t->association)
        sctp_association_free(t->association);
    if (!t->ended)
        dtls_close(t->dtls);
    dtls_free(t->dtls);
    g_free(t);
}
