/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/conference.h"
#include <string.h>
#include "bridge/bridge.h"
#include "bridge/channel/messages.h"
#include "common/base/clock.h"

/* Random, nonzero and different from `other`. */
static uint32_t random_ssrc(uint32_t other)
{
    uint32_t ssrc;
    do
        ssrc = g_random_int();
    while (ssrc == 0 || ssrc == other);
    return ssrc;
}

Conference *conference_new(struct Bridge *bridge, BridgeEnv *env, uint64_t handle, const char *id,
                           const char *meeting_id, const char *name, const char *focus)
{
    Conference *c = g_new0(Conference, 1);
    *c = (Conference){
        .env = env,
        .bridge = bridge,
        .handle = handle,
        .worker = env->media.choose(env->media.user),
        .meeting_id = g_strdup(meeting_id),
        .name = g_strdup(name),
        .focus = g_strdup(focus),
        .created_us = clock_now_us(),
        .endpoints = g_hash_table_new(g_str_hash, g_str_equal),
        .ssrcs = g_hash_table_new(NULL, NULL),
    };
    g_strlcpy(c->id, id, sizeof(c->id));
    c->audio_ssrc = random_ssrc(0);
    c->video_ssrc = random_ssrc(c->audio_ssrc);
    c->log.room = c->name ? c->name : c->meeting_id;

    WorkerCommand *create = worker_command_new(WORKER_CONFERENCE_CREATE, handle, 0, 0);
    create->conference_create.audio_ssrc = c->audio_ssrc;
    create->conference_create.video_ssrc = c->video_ssrc;
    create->conference_create.last_n = (int32_t)env->config->media.last_n;
    g_strlcpy(create->conference_create.name, c->log.room, sizeof(create->conference_create.name));
    if (!env->media.post(env->media.user, c->worker, create)) {
        env->counters.commands_refused++;
        conference_free(c);
        return NULL;
    }
    env->counters.conferences_created++;
    log_info(&c->log, "conference created, id %s, meeting-id %s, worker %u", c->id, c->meeting_id, c->worker);
    return c;
}

static void clear_speakers(Conference *c)
{
    for (size_t i = 0; i < CONFERENCE_SPEAKERS_MAX; i++)
        g_clear_pointer(&c->speakers[i], g_free);
}

void conference_free(Conference *c)
{
    GHashTableIter iter;
    gpointer ep;
    g_hash_table_iter_init(&iter, c->endpoints);
    while (g_hash_table_iter_next(&iter, NULL, &ep)) {
        g_hash_table_iter_steal(&iter);
        bridge_unregister(c->bridge, ep);
        endpoint_free(ep);
    }
    c->env->media.post(c->env->media.user, c->worker, worker_command_new(WORKER_CONFERENCE_REMOVE, c->handle, 0, 0));
    clear_speakers(c);
    g_hash_table_unref(c->endpoints);
    g_hash_table_unref(c->ssrcs);
    g_free(c->meeting_id);
    g_free(c->name);
    g_free(c->focus);
    g_free(c);
}

Endpoint *conference_find(const Conference *c, const char *id)
{
    return g_hash_table_lookup(c->endpoints, id);
}

unsigned conference_size(const Conference *c)
{
    return g_hash_table_size(c->endpoints);
}

bool conference_claim_ssrcs(Conference *c, Endpoint *ep, GArray *ssrcs, uint32_t *taken)
{
    for (guint i = 0; i < ssrcs->len; i++) {
        uint32_t ssrc = g_array_index(ssrcs, uint32_t, i);
        const Endpoint *owner = g_hash_table_lookup(c->ssrcs, GUINT_TO_POINTER(ssrc));
        if ((owner && owner != ep) || ssrc == c->audio_ssrc || ssrc == c->video_ssrc) {
            *taken = ssrc;
            return false;
        }
    }
    for (guint i = 0; i < ep->ssrcs->len; i++)
        g_hash_table_remove(c->ssrcs, GUINT_TO_POINTER(g_array_index(ep->ssrcs, uint32_t, i)));
    g_array_unref(ep->ssrcs);
    ep->ssrcs = ssrcs;
    for (guint i = 0; i < ssrcs->len; i++)
        g_hash_table_insert(c->ssrcs, GUINT_TO_POINTER(g_array_index(ssrcs, uint32_t, i)), ep);
    return true;
}

void conference_expire_endpoint(Conference *c, Endpoint *ep, const char *why)
{
    log_info(&ep->log, "endpoint expired after %lld s: %s", (long long)((clock_now_us() - ep->created_us) / 1000000),
             why);
    for (guint i = 0; i < ep->ssrcs->len; i++)
        g_hash_table_remove(c->ssrcs, GUINT_TO_POINTER(g_array_index(ep->ssrcs, uint32_t, i)));
    g_hash_table_remove(c->endpoints, ep->id);
    bridge_unregister(c->bridge, ep);
    endpoint_free(ep);
}

/* ---- messages to many ---- */

void conference_broadcast(Conference *c, const Endpoint *except, const char *text)
{
    GHashTableIter iter;
    gpointer ep;
    g_hash_table_iter_init(&iter, c->endpoints);
    while (g_hash_table_iter_next(&iter, NULL, &ep))
        if (ep != except)
            endpoint_send(ep, text);
}

static bool is_recent_speaker(const Conference *c, const char *id)
{
    return g_strv_contains((const char *const *)c->speakers, id);
}

void conference_send_stats(Conference *c, const Endpoint *from, const char *text)
{
    bool all =
        conference_size(c) <= (unsigned)c->env->config->media.stats_filter_threshold || is_recent_speaker(c, from->id);
    GHashTableIter iter;
    gpointer ep;
    g_hash_table_iter_init(&iter, c->endpoints);
    while (g_hash_table_iter_next(&iter, NULL, &ep))
        if (ep != from && (all || endpoint_looks_at(ep, from)))
            endpoint_send(ep, text);
}

/* ---- events of the whole ---- */

static void on_dominant_speaker(Conference *c, const WorkerEvent *ev)
{
    clear_speakers(c);
    size_t n = 0;
    if (ev->speaker.dominant[0])
        c->speakers[n++] = g_strdup(ev->speaker.dominant);
    for (size_t i = 0; i < ev->n && n < CONFERENCE_SPEAKERS_MAX; i++)
        c->speakers[n++] = g_strdup(ev->speaker.previous[i].id);
    c->env->counters.dominant_speaker_changes++;
    log_debug(&c->log, "dominant speaker is %s", ev->speaker.dominant[0] ? ev->speaker.dominant : "nobody");
}

static void on_connectivity(Conference *c, const WorkerEvent *ev)
{
    Endpoint *about = conference_find(c, ev->connectivity.about);
    if (!about || about->active == ev->connectivity.active)
        return;
    about->active = ev->connectivity.active;
    if (about->active)
        c->env->counters.endpoints_reconnected++;
    else
        c->env->counters.endpoints_disconnected++;
    log_info(&about->log, "endpoint is %s", about->active ? "active again" : "silent");
}

void conference_on_event(Conference *c, const WorkerEvent *ev)
{
    GHashTableIter iter;
    gpointer ep;
    if (ev->type == WORKER_EV_DOMINANT_SPEAKER)
        on_dominant_speaker(c, ev);
    else if (ev->type == WORKER_EV_CONNECTIVITY)
        on_connectivity(c, ev);
    else
        return;
    g_hash_table_iter_init(&iter, c->endpoints);
    while (g_hash_table_iter_next(&iter, NULL, &ep))
        endpoint_on_event(ep, ev);
}

bool conference_sweep(Conference *c, int64_t now_us)
{
    GHashTableIter iter;
    gpointer data;
    g_hash_table_iter_init(&iter, c->endpoints);
    while (g_hash_table_iter_next(&iter, NULL, &data)) {
        Endpoint *ep = data;
        if (!ep->channel_counted && ep->ready_us &&
            now_us - ep->ready_us > ENDPOINT_CHANNEL_DELAY_S * INT64_C(1000000)) {
            ep->channel_counted = true;
            if (!endpoint_has_channel(ep)) {
                c->env->counters.no_channel_after_delay++;
                log_warning(&ep->log, "no message channel %d s after DTLS: this client gets no video",
                            ENDPOINT_CHANNEL_DELAY_S);
            }
        }
    }
    if (c->superseded_us && now_us - c->superseded_us > BRIDGE_SUPERSEDED_US)
        return true;
    return conference_size(c) == 0 && now_us - c->created_us > CONFERENCE_EMPTY_US;
}
