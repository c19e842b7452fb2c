/* SPDX-License-Identifier: Apache-2.0
 *
 * The message half of endpoint.h: what its client says, what the worker's events tell its client. */
#include <string.h>
#include "bridge/bridge.h"
#include "bridge/channel/messages.h"
#include "bridge/endpoint.h"
#include "common/base/clock.h"

#define RESYNC_MS 1000 /* after a message was refused: the whole state again */

G_STATIC_ASSERT((int)MESSAGE_VIDEO_CAMERA == WORKER_VIDEO_CAMERA &&
                (int)MESSAGE_VIDEO_DESKTOP == WORKER_VIDEO_DESKTOP &&
                (int)MESSAGE_VIDEO_DESKTOP_HIGH_FPS == WORKER_VIDEO_DESKTOP_HIGH_FPS &&
                (int)MESSAGE_VIDEO_NONE == WORKER_VIDEO_NONE && (int)MESSAGE_VIDEO_DISABLED == WORKER_VIDEO_DISABLED);

/* ---- sending ---- */

bool endpoint_has_channel(const Endpoint *ep)
{
    return ep->web_socket.ops || endpoint_transport_channel_is_open(ep->transport);
}

bool endpoint_send(Endpoint *ep, const char *text)
{
    BridgeCounters *counters = &ep->conference->env->counters;
    size_t len = strlen(text);
    bool dc_open = endpoint_transport_channel_is_open(ep->transport);
    if (dc_open && (ep->data_channel_last || !ep->web_socket.ops)) {
        if (!endpoint_transport_send_text(ep->transport, text, len)) {
            counters->messages_unsent++;
            return false;
        }
        counters->data_channel_sent++;
        return true;
    }
    if (!ep->web_socket.ops)
        return false;
    if (!ep->web_socket.ops->send(ep->web_socket.socket, text, len)) {
        counters->messages_unsent++;
        return false;
    }
    counters->websocket_sent++;
    return true;
}

static gboolean on_resync(gpointer data)
{
    Endpoint *ep = data;
    ep->resync = 0;
    if (endpoint_has_channel(ep))
        endpoint_post(ep, endpoint_command(ep, WORKER_CHANNEL_UP, 0));
    return G_SOURCE_REMOVE;
}

void endpoint_tell(Endpoint *ep, char *text)
{
    if (endpoint_has_channel(ep) && !endpoint_send(ep, text) && ep->resync == 0) {
        log_warning(&ep->log, "message channel is full: the state will be repeated");
        ep->resync = g_timeout_add(RESYNC_MS, on_resync, ep);
    }
    g_free(text);
}

/* ---- carriers ---- */

static void channel_up(Endpoint *ep, const char *carrier)
{
    log_info(&ep->log, "message channel open by %s, %lld ms after creation", carrier,
             (long long)((clock_now_us() - ep->created_us) / 1000));
    bridge_endpoint_has_channel(ep->conference->bridge, ep);
    endpoint_post(ep, endpoint_command(ep, WORKER_CHANNEL_UP, 0)); /* all state follows as events */
}

void endpoint_data_channel_opened(Endpoint *ep)
{
    ep->data_channel_last = true;
    channel_up(ep, "data channel");
}

void endpoint_web_socket_opened(Endpoint *ep, Carrier socket)
{
    if (ep->web_socket.ops)
        ep->web_socket.ops->close(ep->web_socket.socket, ENDPOINT_REPLACED_CODE, "replaced");
    ep->web_socket = socket;
    ep->data_channel_last = false;
    endpoint_tell(ep, message_server_hello(NULL));
    channel_up(ep, "websocket");
}

void endpoint_web_socket_closed(Endpoint *ep, const void *socket)
{
    if (ep->web_socket.socket != socket)
        return; /* it was replaced */
    ep->web_socket = (Carrier){ NULL, NULL };
    log_info(&ep->log, "websocket closed");
}

/* ---- from the client ---- */

bool endpoint_owns_source(const Endpoint *ep, const char *source)
{
    for (size_t i = 0; i < ep->n_sources; i++)
        if (strcmp(ep->sources[i].name, source) == 0)
            return true;
    return false;
}

bool endpoint_looks_at(const Endpoint *ep, const Endpoint *other)
{
    for (size_t i = 0; i < other->n_sources; i++) {
        const char *name = other->sources[i].name;
        if (receiver_wishes_has(&ep->wishes, name) ||
            (ep->forwarded && g_strv_contains((const char *const *)ep->forwarded, name)))
            return true;
    }
    return false;
}

static void on_constraints(Endpoint *ep, Message *m)
{
    int64_t limit_bps = ep->conference->env->config->media.assumed_bandwidth_limit_kbps * 1000;
    receiver_wishes_merge(&ep->wishes, &m->video);
    endpoint_post(ep, receiver_wishes_command(&ep->wishes, ep->conference->handle, ep->handle, limit_bps));
}

static gboolean is_no_source(gpointer name, gpointer type, gpointer ep)
{
    return !endpoint_owns_source(ep, name);
}

/* When there are too many, those of sources that are not there give way. */
static void remember_type(Endpoint *ep, const char *source, MessageVideoType type)
{
    if (!g_hash_table_contains(ep->told_types, source) && g_hash_table_size(ep->told_types) >= ENDPOINT_TOLD_TYPES)
        g_hash_table_foreach_remove(ep->told_types, is_no_source, ep);
    g_hash_table_insert(ep->told_types, g_strdup(source), GINT_TO_POINTER((int)type));
}

void endpoint_told_types(const Endpoint *ep, WorkerSource *sources, size_t n)
{
    gpointer type;
    for (size_t i = 0; i < n; i++)
        if (sources[i].kind == WORKER_VIDEO &&
            g_hash_table_lookup_extended(ep->told_types, sources[i].name, NULL, &type))
            sources[i].video_type = (WorkerVideoType)GPOINTER_TO_INT(type);
}

/* The deprecated form names no source: the first video is meant. */
static void on_video_type(Endpoint *ep, const Message *m)
{
    const char *source = m->video_type.source;
    for (size_t i = 0; i < ep->n_sources && !source[0]; i++)
        if (ep->sources[i].kind == WORKER_VIDEO)
            source = ep->sources[i].name;
    if (!source[0])
        return;
    /* COMPAT: clients tell the type before the focus has signalled the source: it is applied with it. */
    remember_type(ep, source, m->video_type.type);
    endpoint_told_types(ep, ep->sources, ep->n_sources);
    WorkerCommand *c = endpoint_command(ep, WORKER_SOURCE_VIDEO_TYPE, 0);
    g_strlcpy(c->video_type.source, source, sizeof(c->video_type.source));
    c->video_type.type = (WorkerVideoType)m->video_type.type;
    endpoint_post(ep, c);
}

static size_t put_names(WorkerAudioName *to, char **names, size_t room, bool exclude)
{
    size_t n = 0;
    for (; *names && n < room; names++, n++) {
        g_strlcpy(to[n].name, *names, sizeof(to[n].name));
        to[n].exclude = exclude;
    }
    return n;
}

static void on_audio_subscription(Endpoint *ep, const ReceiverAudioSubscription *audio)
{
    size_t include = g_strv_length(audio->include), exclude = g_strv_length(audio->exclude);
    WorkerCommand *c = endpoint_command(ep, WORKER_AUDIO_SUBSCRIPTION, include + exclude);
    c->audio_subscription.all = audio->all;
    put_names(c->audio_subscription.names, audio->include, include, false);
    put_names(c->audio_subscription.names + include, audio->exclude, exclude, true);
    endpoint_post(ep, c);
}

static void on_endpoint_message(Endpoint *ep, const Message *m, const char *text, size_t len)
{
    Conference *c = ep->conference;
    if (ep->visitor)
        return;
    g_autofree char *forward = message_with_from(text, len, ep->id);
    if (strlen(forward) > MESSAGE_MAX_BYTES)
        return; /* it grew past what carriers take */
    if (m->type == MESSAGE_ENDPOINT_STATS) {
        conference_send_stats(c, ep, forward);
        return;
    }
    if (!m->to[0]) {
        conference_broadcast(c, ep, forward);
        return;
    }
    Endpoint *to = conference_find(c, m->to);
    if (to && to != ep)
        endpoint_send(to, forward);
    else
        log_debug(&ep->log, "message to an endpoint that is not here");
}

void endpoint_on_message(Endpoint *ep, bool by_data_channel, const char *text, size_t len)
{
    BridgeCounters *counters = &ep->conference->env->counters;
    Message m;
    if (by_data_channel)
        counters->data_channel_received++;
    else
        counters->websocket_received++;
    ep->data_channel_last = by_data_channel;
    if (!rate_limit_take(&ep->messages, clock_now_us())) {
        counters->messages_limited++;
        return;
    }
    MessageStatus status = message_parse(text, len, &m);
    if (status != MESSAGE_OK) {
        if (status != MESSAGE_UNKNOWN_CLASS) {
            counters->messages_bad++;
            log_warning(&ep->log, "message refused: %s", message_status_name(status));
        }
        return;
    }
    switch (m.type) {
    case MESSAGE_CLIENT_HELLO:
        endpoint_tell(ep, message_server_hello(NULL));
        break;
    case MESSAGE_RECEIVER_VIDEO_CONSTRAINTS:
        on_constraints(ep, &m);
        break;
    case MESSAGE_SOURCE_VIDEO_TYPE:
    case MESSAGE_VIDEO_TYPE:
        on_video_type(ep, &m);
        break;
    case MESSAGE_RECEIVER_AUDIO_SUBSCRIPTION:
        on_audio_subscription(ep, &m.audio);
        break;
    case MESSAGE_ENDPOINT_MESSAGE:
    case MESSAGE_ENDPOINT_STATS:
        on_endpoint_message(ep, &m, text, len);
        break;
    }
    message_clear(&m);
}

/* ---- from the worker ---- */

static void on_slots(Endpoint *ep, const WorkerEvent *ev)
{
    bool video = ev->type == WORKER_EV_VIDEO_SLOTS;
    g_autofree SourceMapEntry *entries = g_new0(SourceMapEntry, ev->n ? ev->n : 1);
    for (size_t i = 0; i < ev->n; i++) {
        const WorkerSlotEntry *from = &ev->slots.entries[i];
        entries[i] = (SourceMapEntry){
            .source = from->source,
            .owner = from->owner,
            .mid = from->mid[0] ? from->mid : NULL,
            .ssrc = from->ssrc,
            .rtx = from->rtx_ssrc,
            .video_type = (MessageVideoType)from->video_type,
        };
    }
    if (ev->n > 0)
        endpoint_tell(ep,
                      video ? message_video_sources_map(entries, ev->n) : message_audio_sources_map(entries, ev->n));
}

static void on_forwarded(Endpoint *ep, const WorkerEvent *ev)
{
    g_strfreev(ep->forwarded);
    ep->forwarded = g_new0(char *, ev->n + 1);
    for (size_t i = 0; i < ev->n; i++)
        ep->forwarded[i] = g_strdup(ev->names.entries[i].name);
    endpoint_tell(ep, message_forwarded_sources((const char *const *)ep->forwarded, ev->n));
}

static void on_ice_selected(Endpoint *ep, const WorkerEvent *ev)
{
    char text[TUPLE_TEXT_MAX];
    if (!tuple_is_set(&ep->remote))
        ep->conference->env->counters.ice_succeeded++;
    log_info(&ep->log, "ICE %s %s, %lld ms after creation", tuple_is_set(&ep->remote) ? "moved to" : "connected with",
             tuple_text(&ev->ice.remote, text), (long long)((clock_now_us() - ep->created_us) / 1000));
    ep->remote = ev->ice.remote;
}

static void on_restart_over(Endpoint *ep, bool succeeded)
{
    BridgeCounters *counters = &ep->conference->env->counters;
    if (!ep->restart_pending)
        return;
    ep->restart_pending = false;
    if (succeeded) {
        counters->ice_restarts_succeeded++;
        ep->ice = ep->pending_ice;
    } else {
        counters->ice_restarts_failed++;
    }
    log_info(&ep->log, "ICE restart %u %s", ep->generation, succeeded ? "took over" : "failed: the old path goes on");
}

/* A client takes what either of two channels says for the truth. Who leaves a superseded conference goes to the one
 * after it, so that nobody here looks at a sender any more is no reason for it to stop; and once a client hears the
 * new conference, the old one is silent. */
static bool is_outdated(const Endpoint *ep, const WorkerEvent *ev)
{
    return ep->moved || (ep->conference->superseded_us && ev->type == WORKER_EV_SOURCE_CONSTRAINTS);
}

static void on_channel_event(Endpoint *ep, const WorkerEvent *ev)
{
    if (is_outdated(ep, ev))
        return;
    switch (ev->type) {
    case WORKER_EV_VIDEO_SLOTS:
    case WORKER_EV_AUDIO_SLOTS:
        on_slots(ep, ev);
        break;
    case WORKER_EV_FORWARDED_SOURCES:
        on_forwarded(ep, ev);
        break;
    case WORKER_EV_SOURCE_CONSTRAINTS:
        endpoint_tell(
            ep, message_sender_source_constraints(ev->source_constraint.source, ev->source_constraint.max_height));
        break;
    case WORKER_EV_DOMINANT_SPEAKER: {
        const char *previous[CONFERENCE_SPEAKERS_MAX];
        size_t n = MIN(ev->n, G_N_ELEMENTS(previous));
        for (size_t i = 0; i < n; i++)
            previous[i] = ev->speaker.previous[i].id;
        endpoint_tell(ep, message_dominant_speaker(ev->speaker.dominant[0] ? ev->speaker.dominant : NULL, previous, n,
                                                   ev->speaker.silence));
        break;
    }
    case WORKER_EV_CONNECTIVITY:
        endpoint_tell(ep, message_connectivity(ev->connectivity.about, ev->connectivity.active));
        break;
    case WORKER_EV_BANDWIDTH: {
        g_autofree char *text = message_connection_stats(ev->bandwidth.bps);
        ep->bandwidth_bps = ev->bandwidth.bps;
        endpoint_send(ep, text); /* the next one comes anyway */
        break;
    }
    default:
        break;
    }
}

void endpoint_on_event(Endpoint *ep, const WorkerEvent *ev)
{
    struct Bridge *bridge = ep->conference->bridge;
    BridgeCounters *counters = &ep->conference->env->counters;
    switch (ev->type) {
    case WORKER_EV_FIRST_CHECK:
        log_debug(&ep->log, "first ICE check, %lld ms after creation",
                  (long long)((clock_now_us() - ep->created_us) / 1000));
        break;
    case WORKER_EV_ICE_WRITABLE:
        ep->writable = true;
        endpoint_transport_start(ep->transport);
        break;
    case WORKER_EV_DTLS:
        endpoint_transport_on_datagram(ep->transport, ev->dtls.bytes, ev->n);
        break;
    case WORKER_EV_ICE_SELECTED:
        on_ice_selected(ep, ev);
        break;
    case WORKER_EV_ICE_RESTARTED:
        on_restart_over(ep, true);
        break;
    case WORKER_EV_ICE_RESTART_FAILED:
        on_restart_over(ep, false);
        break;
    case WORKER_EV_CONSENT_LOST: /* 30 s without an answer; a restart under way has its own time limit */
        counters->consent_lost++;
        log_info(&ep->log, "no answer to consent checks any more");
        if (!ep->restart_pending)
            bridge_expire_later(bridge, ep, "consent lost");
        break;
    case WORKER_EV_ICE_FAILED:
        counters->ice_failed++;
        bridge_expire_later(bridge, ep, "ICE failed");
        break;
    case WORKER_EV_ENDPOINT_IDLE:
        bridge_expire_later(bridge, ep, "inactive");
        break;
    default:
        on_channel_event(ep, ev);
    }
}
