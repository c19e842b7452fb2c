/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/media_endpoint.h"

#include "bridge/forward.h"
#include "bridge/rx/rx_path.h"
#include "bridge/tx/tx_pace.h"
#include "bridge/tx/tx_slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

MediaEndpoint *media_endpoint_new(MediaConference *c, const WorkerCommand *create)
{
    Worker *w = c->worker;
    MediaEndpoint *ep = calloc(1, sizeof(*ep));
    if (!ep)
        return NULL;
    ep->conference = c;
    ep->handle = create->endpoint;
    ep->ssrc_rewriting = create->endpoint_create.ssrc_rewriting;
    ep->mid = ep->ssrc_rewriting && create->endpoint_create.mid;
    ep->visitor = create->endpoint_create.visitor;
    ep->initial_last_n = create->endpoint_create.initial_last_n;
    ep->created_us = w->now_us;
    ep->connected = true;
    ep->padding_pt = 0xff;
    snprintf(ep->id, sizeof(ep->id), "%s", create->endpoint_create.id);
    timer_init(&ep->timer, media_endpoint_tick, ep);
    ep->ice = ice_agent_new(&create->endpoint_create.ice, w->now_us);
    if (!ep->ice || !timers_reserve(&w->timers, w->n_endpoints + w->n_conferences + 8) ||
        !worker_add_ufrag(w, create->endpoint_create.ice.ufrag, ep))
        goto failed;
    if (!media_conference_add(c, ep)) {
        worker_remove_ufrags_of(w, ep);
        goto failed;
    }
    w->n_endpoints++;
    atomic_fetch_add_explicit(&w->load, 1, memory_order_relaxed);
    return ep;
failed:
    ice_agent_free(ep->ice);
    free(ep);
    return NULL;
}

MediaEndpoint *media_endpoint_new_mirror(MediaConference *c, const WorkerCommand *mirror)
{
    MediaEndpoint *ep = calloc(1, sizeof(*ep));
    if (!ep)
        return NULL;
    ep->conference = c;
    ep->handle = mirror->endpoint;
    ep->mirror = true;
    ep->lives_on = (uint8_t)mirror->mirror.worker;
    ep->visitor = mirror->mirror.visitor;
    ep->created_us = c->worker->now_us;
    ep->connected = true;
    ep->padding_pt = 0xff;
    snprintf(ep->id, sizeof(ep->id), "%s", mirror->mirror.id);
    if (media_conference_add(c, ep))
        return ep;
    free(ep);
    return NULL;
}

static void drop_early(MediaEndpoint *ep)
{
    for (uint32_t i = 0; i < ep->n_early; i++)
        packet_unref(&media_endpoint_worker(ep)->pool, ep->early[i]);
    free(ep->early);
    ep->early = NULL;
    ep->n_early = 0;
}

static void drop_keys(MediaEndpoint *ep)
{
    srtp_rx_free(ep->srtp_rx);
    srtp_tx_free(ep->srtp_tx);
    srtcp_free(ep->srtcp);
    ep->srtp_rx = NULL;
    ep->srtp_tx = NULL;
    ep->srtcp = NULL;
    ep->ready = false;
}

void media_endpoint_free(MediaEndpoint *ep)
{
    Worker *w = media_endpoint_worker(ep);
    media_endpoint_set_sources(ep, NULL, 0);
    media_endpoint_set_audio_wishes(ep, NULL);
    media_conference_remove(ep->conference, ep);
    if (ep->mirror) {
        free(ep->ssrcs);
        free(ep);
        return;
    }
    tx_pace_clear(ep);
    tx_state_free(ep->tx);
    drop_early(ep);
    drop_keys(ep);
    timer_set(&w->timers, &ep->timer, TIMER_NEVER);
    tuple_table_remove_endpoint(&w->tuples, ep);
    worker_remove_ufrags_of(w, ep);
    ice_agent_free(ep->ice);
    twcc_log_free(ep->twcc);
    capture_release(ep->capture);
    worker_command_free(ep->wishes);
    free(ep->payloads);
    free(ep->ext_type);
    free(ep->ssrcs);
    w->n_endpoints--;
    atomic_fetch_sub_explicit(&w->load, 1, memory_order_relaxed);
    free(ep);
}

static void replay_early(MediaEndpoint *ep);

/* Tables by payload type and by extension id, so that a packet costs one look-up each. */
void media_endpoint_set_media(MediaEndpoint *ep, const WorkerMedia *media)
{
    if (!ep->payloads && !(ep->payloads = calloc(128, sizeof(*ep->payloads))))
        return;
    if (!ep->ext_type && !(ep->ext_type = calloc(256, sizeof(*ep->ext_type))))
        return;
    uint8_t ids[RTP_EXT_TYPE_COUNT];
    memcpy(ids, ep->ext_id, sizeof(ids));
    bool mixed = ep->allow_mixed, tcc = ep->tcc_video, audio_tcc = false;
    memset(ep->payloads, 0, 128 * sizeof(*ep->payloads));
    memset(ep->ext_type, 0, 256 * sizeof(*ep->ext_type));
    ep->padding_pt = 0xff;
    ep->tcc_video = ep->tcc_audio = ep->remb = ep->has_rtx = false;
    for (int i = 0; i < 128; i++)
        ep->payloads[i].rtx_pt = 0xff;
    for (size_t i = 0; i < media->n_payloads && i < WORKER_PAYLOADS_MAX; i++) {
        const WorkerPayload *p = &media->payloads[i];
        if (p->pt > 127)
            continue;
        PayloadInfo *info = &ep->payloads[p->pt];
        info->kind = (uint8_t)(p->kind + 1);
        info->codec = (uint8_t)p->codec;
        info->apt = p->apt & 0x7f;
        info->feedback = p->feedback;
        info->clock_hz = p->clock_hz ? p->clock_hz : p->kind == WORKER_VIDEO ? 90000 : 48000;
        if (p->kind != WORKER_VIDEO) {
            audio_tcc |= (p->feedback & WORKER_FB_TCC) != 0;
            continue;
        }
        if (p->codec == CODEC_RTX) {
            ep->payloads[info->apt].rtx_pt = p->pt;
            ep->has_rtx = true;
        } else if (ep->padding_pt == 0xff) {
            ep->padding_pt = p->pt;
        }
        ep->tcc_video |= (p->feedback & WORKER_FB_TCC) != 0;
        ep->remb |= (p->feedback & WORKER_FB_REMB) != 0;
    }
    for (unsigned t = 1; t < RTP_EXT_TYPE_COUNT; t++) {
        ep->ext_id[t] = media->extension_ids[t];
        if (ep->ext_id[t])
            ep->ext_type[ep->ext_id[t]] = (uint8_t)t;
    }
    ep->tcc_video = ep->tcc_video && ep->ext_id[RTP_EXT_TRANSPORT_CC];
    ep->tcc_audio = audio_tcc && ep->tcc_video;
    ext_policy_steps(&ep->ext_steps, ep->ext_id, ep->tcc_video);
    ep->allow_mixed = media->allow_mixed;
    if (mixed != ep->allow_mixed || tcc != ep->tcc_video || memcmp(ids, ep->ext_id, sizeof(ids)) != 0)
        tx_state_forget_sent(ep->tx);
    tx_slots_media_changed(ep);
    if (ep->srtp_rx)
        replay_early(ep);
}

/* What came before the keys, or before the media was signalled, comes in now. */
static void replay_early(MediaEndpoint *ep)
{
    Worker *w = media_endpoint_worker(ep);
    Packet **early = ep->early;
    uint32_t n = ep->n_early;
    ep->early = NULL;
    ep->n_early = 0;
    for (uint32_t i = 0; i < n; i++) {
        rx_path_datagram(ep, early[i], &ep->send_to);
        packet_unref(&w->pool, early[i]);
    }
    free(early);
    /* The next command may remove who sent them. */
    forward_batches(w);
}

void media_endpoint_set_keys(MediaEndpoint *ep, const SrtpKeys *keys)
{
    drop_keys(ep);
    ep->srtp_rx = srtp_rx_new(keys->profile, keys->rx_key, keys->rx_salt);
    ep->srtp_tx = srtp_tx_new(keys->profile, keys->tx_key, keys->tx_salt);
    ep->srtcp = srtcp_new(keys);
    ep->profile = keys->profile;
    if (!ep->srtp_rx || !ep->srtp_tx || !ep->srtcp) {
        drop_keys(ep);
        return;
    }
    /* With new keys every index starts at zero again: no stream may remember the old ones. */
    if (ep->tx)
        tx_slots_new_keys(ep);
    ep->ready = tuple_is_set(&ep->send_to);
    tx_slots_ready(ep);
    replay_early(ep);
}

void media_endpoint_set_mute(MediaEndpoint *ep, bool audio, bool video)
{
    ep->muted[WORKER_AUDIO] = audio;
    ep->muted[WORKER_VIDEO] = video;
    for (uint32_t i = 0; i < ep->n_sources; i++)
        if (ep->sources[i]->kind == WORKER_VIDEO)
            media_source_set_video_type(ep->sources[i], ep->sources[i]->video_type);
}
