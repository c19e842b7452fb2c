/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/media_share.h"

#include "bridge/forward.h"
#include "bridge/rx/rx_feedback.h"
#include "bridge/rx/rx_path.h"
#include "bridge/tx/tx_reports.h"

#include <stdlib.h>
#include <string.h>

#define DEMAND_OF(worker) (UINT64_MAX - (worker)) /* a share among the receivers of a source: no endpoint's handle */
#define SHARE_ROUND 1024                          /* items; then sockets and timers get their turn */
#define KEYFRAME_PAUSE_US 10000 /* between two requests of one share: the source's worker merges what is left */

static bool give(const MediaConference *c, unsigned to, const ShareItem *item)
{
    Worker *w = c->worker;
    if (mailbox_post(w->group->workers[to]->shared, item))
        return true;
    w->totals.drops[WORKER_DROP_SHARE]++;
    return false;
}

static ShareItem about(const MediaConference *c, ShareItemType type, const MediaEndpoint *ep, uint32_t ssrc)
{
    return (ShareItem){ .type = (uint8_t)type,
                        .from = (uint8_t)c->worker->index,
                        .ssrc = ssrc,
                        .conference = c->handle,
                        .endpoint = ep->handle };
}

static void give_all(const MediaConference *c, uint32_t to, const ShareItem *item)
{
    for (; to; to &= to - 1)
        give(c, (unsigned)__builtin_ctz(to), item);
}

/* ---- packets ---- */

/* The bytes of the packet alone: the receiver finds the frame's description by itself, it points into our parser. */
static Packet *make_copy(MediaConference *c, const Packet *p)
{
    Packet *copy = packet_new(&c->worker->pool);
    if (!copy)
        return NULL;
    size_t off = (size_t)(p->media.data - p->data);
    memcpy(copy->data + off, p->media.data, p->media.len);
    memcpy(&copy->media, &p->media, offsetof(MediaPacket, frame));
    copy->media.data = copy->data + off;
    copy->len = p->len;
    copy->now_us = p->now_us;
    return copy;
}

static void give_packet(MediaConference *c, const Packet *p, uint32_t to)
{
    Worker *w = c->worker;
    Packet *copy = make_copy(c, p);
    if (!copy) {
        w->totals.drops[WORKER_DROP_SHARE] += (unsigned)__builtin_popcount(to);
        return;
    }
    atomic_store_explicit(&copy->readers, (unsigned)__builtin_popcount(to) + 1, memory_order_relaxed);
    ShareItem item = about(c, SHARE_PACKET, p->source->owner, p->media.view.ssrc);
    item.packet = copy;
    for (; to; to &= to - 1) {
        if (give(c, (unsigned)__builtin_ctz(to), &item))
            w->totals.shared_out++;
        else
            packet_leave(&w->pool, copy);
    }
    packet_leave(&w->pool, copy);
}

void media_share_batch(MediaConference *c)
{
    packet_pool_fetch(&c->worker->pool);
    for (uint32_t i = 0; i < c->n_batch; i++)
        if (c->batch[i]->source->shares)
            give_packet(c, c->batch[i], c->batch[i]->source->shares);
}

/* ---- words ---- */

void media_share_level(const MediaSource *s, uint8_t level)
{
    const MediaConference *c = s->owner->conference;
    ShareItem item = about(c, SHARE_LEVEL, s->owner, media_source_ssrc(s));
    item.level = level;
    give_all(c, s->shares, &item);
}

static void give_report(const MediaSource *s, const RxEncoding *e, uint32_t to)
{
    const MediaConference *c = s->owner->conference;
    ShareItem item = about(c, SHARE_REPORT, s->owner, e->ssrc);
    item.report.ntp = e->sr_ntp;
    item.report.ts = e->sr_ts;
    give_all(c, to, &item);
}

void media_share_report(const MediaSource *s, const RxEncoding *e)
{
    give_report(s, e, s->shares);
}

void media_share_connected(const MediaEndpoint *ep)
{
    ShareItem item = about(ep->conference, SHARE_CONNECTED, ep, 0);
    item.connected = ep->connected;
    give_all(ep->conference, ep->conference->shares, &item);
}

void media_share_demand(MediaSource *mirror)
{
    const MediaEndpoint *owner = mirror->owner;
    ShareItem item = about(owner->conference, SHARE_DEMAND, owner, media_source_ssrc(mirror));
    mirror->told_height = sender_demand_height(&mirror->demand);
    item.max_height = mirror->told_height;
    give(owner->conference, owner->lives_on, &item);
}

void media_share_subscribed(const MediaSource *mirror)
{
    const MediaEndpoint *owner = mirror->owner;
    ShareItem item = about(owner->conference, SHARE_SUBSCRIBED, owner, media_source_ssrc(mirror));
    item.subscribed = mirror->subscribers > 0;
    give(owner->conference, owner->lives_on, &item);
}

void media_share_ask_keyframe(MediaSource *mirror, int64_t now_us)
{
    const MediaEndpoint *owner = mirror->owner;
    if (!video_type_enabled(mirror->alloc_type) ||
        (mirror->keyframes.last_us && now_us - mirror->keyframes.last_us < KEYFRAME_PAUSE_US))
        return;
    mirror->keyframes.last_us = now_us;
    ShareItem item = about(owner->conference, SHARE_KEYFRAME, owner, media_source_ssrc(mirror));
    give(owner->conference, owner->lives_on, &item);
}

void media_share_speech(const MediaConference *c)
{
    uint32_t recent[SPEECH_RECENT];
    ShareSpeech speech = { .silent = c->silent };
    size_t n = media_conference_recent(c, recent);
    for (size_t i = 0; i < n; i++) {
        const MediaEndpoint *ep = media_conference_find_speaker(c, recent[i]);
        if (ep)
            speech.recent[speech.n++] = ep->handle;
    }
    const MediaEndpoint *dominant = media_conference_find_speaker(c, c->dominant);
    speech.dominant = dominant ? dominant->handle : 0;
    for (uint32_t to = c->shares; to; to &= to - 1) {
        ShareItem item = { .type = SHARE_SPEECH, .from = (uint8_t)c->worker->index, .conference = c->handle };
        item.speech = malloc(sizeof(*item.speech));
        if (!item.speech)
            return;
        *item.speech = speech;
        if (!give(c, (unsigned)__builtin_ctz(to), &item))
            free(item.speech);
    }
}

void media_share_repeat(MediaConference *c)
{
    if (!c->shares)
        return;
    for (uint32_t i = 0; i < c->n_sources; i++) {
        MediaSource *s = c->sources[i];
        if (!s || !s->owner->mirror)
            continue;
        if (s->kind == WORKER_AUDIO && c->worker->config->loudest)
            media_share_subscribed(s);
        else if (s->kind == WORKER_VIDEO && s->told_height != WORKER_TOLD_NOTHING)
            media_share_demand(s);
    }
    for (uint32_t i = 0; i < c->n_endpoints; i++)
        if (!c->endpoints[i]->mirror)
            media_share_connected(c->endpoints[i]);
    if (media_conference_is_home(c))
        media_share_speech(c);
}

void media_share_set(MediaConference *c, uint32_t shares)
{
    uint32_t others = shares & ~(1u << c->worker->index), gone = c->shares & ~others;
    c->shares = others;
    for (uint32_t i = 0; i < c->n_sources; i++) {
        MediaSource *s = c->sources[i];
        if (!s || s->owner->mirror)
            continue;
        s->shares = s->kind == WORKER_AUDIO ? others : s->shares & others;
        s->subscribing &= others;
        for (uint32_t left = gone; left; left &= left - 1)
            media_source_set_demand(s, DEMAND_OF((unsigned)__builtin_ctz(left)), 0);
    }
    media_share_repeat(c);
}

/* ---- taking in ---- */

void media_share_index(MediaConference *c)
{
    uint32_t n = 0, size = 16;
    for (uint32_t i = 0; i < c->n_sources; i++)
        n += c->sources[i] && c->sources[i]->owner->mirror ? c->sources[i]->n_encodings : 0;
    while (size < 2 * n)
        size *= 2;
    free(c->mirrored);
    c->mirrored = n ? calloc(size, sizeof(*c->mirrored)) : NULL;
    c->mirrored_mask = size - 1;
    for (uint32_t i = 0; c->mirrored && i < c->n_sources; i++) {
        MediaSource *s = c->sources[i];
        for (uint8_t e = 0; s && s->owner->mirror && e < s->n_encodings; e++) {
            uint32_t at = media_ssrc_hash(s->encodings[e].ssrc);
            while (c->mirrored[at & c->mirrored_mask].ssrc)
                at++;
            c->mirrored[at & c->mirrored_mask] =
                (SsrcEntry){ .ssrc = s->encodings[e].ssrc, .source = s, .encoding = &s->encodings[e] };
        }
    }
}

static const SsrcEntry *find_mirrored(const MediaConference *c, const ShareItem *item)
{
    for (uint32_t i = media_ssrc_hash(item->ssrc); c->mirrored; i++) {
        const SsrcEntry *e = &c->mirrored[i & c->mirrored_mask];
        if (e->ssrc == 0)
            return NULL;
        if (e->ssrc == item->ssrc)
            return e->source->owner->handle == item->endpoint ? e : NULL;
    }
    return NULL;
}

static void take_packet(MediaConference *c, const ShareItem *item)
{
    Worker *w = c->worker;
    const SsrcEntry *entry = find_mirrored(c, item);
    if (!entry ||
        (!entry->encoding->state && !rx_encoding_start(entry->encoding, entry->source->kind == WORKER_VIDEO, 0)))
        return;
    Packet *p = packet_new(&w->pool);
    if (!p) {
        w->totals.drops[WORKER_DROP_SHARE]++;
        return;
    }
    const Packet *from = item->packet;
    size_t off = (size_t)(from->media.data - from->data);
    memcpy(p->data + off, from->media.data, from->media.len);
    memcpy(&p->media, &from->media, offsetof(MediaPacket, frame));
    p->media.data = p->data + off;
    p->len = from->len;
    p->now_us = w->now_us;
    p->source = entry->source;
    p->cached = p->patched = false;
    w->totals.shared_in++;
    if (w->batch_since_us == 0 || from->now_us < w->batch_since_us)
        w->batch_since_us = from->now_us;
    if (entry->source->kind == WORKER_AUDIO) {
        if (p->media.audio_level != MEDIA_LEVEL_NONE)
            media_conference_heard(c, entry->source, p->media.audio_level, w->now_us);
        forward_packet(c, p);
    } else {
        rx_path_video(c, p, entry->source, entry->encoding);
    }
    packet_unref(&w->pool, p);
}

static MediaSource *own_source(Worker *w, const ShareItem *item)
{
    MediaConference *c = worker_find_conference(w, item->conference);
    MediaEndpoint *ep = c ? media_conference_find(c, item->endpoint) : NULL;
    const SsrcEntry *e = ep && !ep->mirror ? media_endpoint_ssrc(ep, item->ssrc) : NULL;
    return e && c->shares >> item->from & 1 ? e->source : NULL;
}

/* From a share about a source of ours. It may have heard of the source, or we may not yet have heard of the share: then
 * control's word about it is in the inbox. */
static void on_wish(Worker *w, const ShareItem *item)
{
    MediaSource *s = own_source(w, item);
    if (!s) {
        forward_batches(w); /* a command may remove who sent what is in them */
        worker_on_inbox(w);
        s = own_source(w, item);
    }
    if (!s || (s->kind == WORKER_VIDEO) == (item->type == SHARE_SUBSCRIBED))
        return;
    uint32_t bit = 1u << item->from, before = s->shares;
    if (item->type == SHARE_SUBSCRIBED) {
        s->subscribing = item->subscribed ? s->subscribing | bit : s->subscribing & ~bit;
        return;
    }
    if (item->type == SHARE_KEYFRAME) {
        rx_feedback_ask_keyframe(s, w->now_us);
        return;
    }
    s->shares = item->max_height ? s->shares | bit : s->shares & ~bit;
    media_source_set_demand(s, DEMAND_OF(item->from), item->max_height);
    for (uint8_t i = 0; !(before & bit) && item->max_height && i < s->n_encodings; i++)
        if (s->encodings[i].sr_us)
            give_report(s, &s->encodings[i], bit);
}

static void take_report(MediaConference *c, const ShareItem *item)
{
    const SsrcEntry *entry = find_mirrored(c, item);
    if (!entry)
        return;
    entry->encoding->sr_ntp = item->report.ntp;
    entry->encoding->sr_ts = item->report.ts;
    entry->encoding->sr_us = c->worker->now_us;
    tx_reports_forward(entry->source, entry->encoding, c->worker->now_us);
}

static void take_level(MediaConference *c, const ShareItem *item)
{
    const SsrcEntry *entry = find_mirrored(c, item);
    if (entry)
        media_conference_heard(c, entry->source, item->level, c->worker->now_us);
}

static void take_connected(MediaConference *c, const ShareItem *item)
{
    MediaEndpoint *ep = media_conference_find(c, item->endpoint);
    if (ep && ep->mirror)
        ep->connected = item->connected;
}

static void take_speech(MediaConference *c, const ShareSpeech *s)
{
    uint32_t recent[SPEECH_RECENT];
    size_t n = 0;
    for (uint32_t i = 0; i < s->n && i < SPEECH_RECENT; i++) {
        const MediaEndpoint *ep = media_conference_find(c, s->recent[i]);
        if (ep)
            recent[n++] = ep->speaker;
    }
    const MediaEndpoint *dominant = s->dominant ? media_conference_find(c, s->dominant) : NULL;
    media_conference_told_speech(c, recent, n, dominant ? dominant->speaker : SPEECH_NOBODY, s->silent);
}

static void take(Worker *w, const ShareItem *item)
{
    MediaConference *c = worker_find_conference(w, item->conference);
    switch ((ShareItemType)item->type) {
    case SHARE_PACKET:
        if (c)
            take_packet(c, item);
        packet_leave(&w->group->workers[item->from]->pool, item->packet);
        break;
    case SHARE_LEVEL:
        if (c)
            take_level(c, item);
        break;
    case SHARE_REPORT:
        if (c)
            take_report(c, item);
        break;
    case SHARE_DEMAND:
    case SHARE_SUBSCRIBED:
    case SHARE_KEYFRAME:
        on_wish(w, item);
        break;
    case SHARE_CONNECTED:
        if (c)
            take_connected(c, item);
        break;
    case SHARE_SPEECH:
        if (c)
            take_speech(c, item->speech);
        free(item->speech);
        break;
    }
}

void worker_on_shared(Worker *w)
{
    ShareItem item;
    bool empty = false;
    for (unsigned n = 1; n <= SHARE_ROUND; n++) {
        if (!mailbox_take(w->shared, &item)) {
            /* As with the inbox: reset the wake-up, then look once more. */
            mailbox_clear_wake(w->shared);
            empty = !mailbox_take(w->shared, &item);
            if (empty)
                break;
        }
        take(w, &item);
        if (n % RECEIVE_BATCH == 0)
            forward_batches(w);
    }
    if (!empty)
        mailbox_keep_wake(w->shared);
    forward_batches(w);
}

void media_share_drain(Worker *w)
{
    ShareItem item;
    while (w->shared && mailbox_take(w->shared, &item))
        if (item.type == SHARE_SPEECH)
            free(item.speech);
}
