/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/rx/rx_path.h"

#include "bridge/forward.h"
#include "bridge/media_share.h"
#include "bridge/rx/rx_feedback.h"
#include "bridge/transport/demux.h"
#include "common/rtp/rtx.h"
#include "common/rtp/vla.h"

#include <stdlib.h>
#include <string.h>

/* Where the elements we care about are, by RtpExtType. */
typedef struct {
    MediaExtPos at[RTP_EXT_TYPE_COUNT];
} ExtMap;

static inline uint32_t read_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void drop(MediaEndpoint *ep, WorkerDrop why)
{
    media_endpoint_worker(ep)->totals.drops[why]++;
}

void rx_path_hold(MediaEndpoint *ep, Packet *p)
{
    if (!ep->early)
        ep->early = malloc(MEDIA_EARLY_MAX * sizeof(*ep->early));
    if (!ep->early || ep->n_early == MEDIA_EARLY_MAX) {
        drop(ep, WORKER_DROP_NO_KEYS);
        return;
    }
    ep->early[ep->n_early++] = packet_ref(p);
}

void rx_path_datagram(MediaEndpoint *ep, Packet *p, const Tuple *from)
{
    if (demux_kind(p->data, p->len) == DEMUX_RTCP)
        rx_path_rtcp(ep, p, from);
    else
        rx_path_rtp(ep, p, from);
}

static void find_extensions(const MediaEndpoint *ep, const uint8_t *data, const RtpView *v, ExtMap *map)
{
    memset(map, 0, sizeof(*map));
    if (v->ext_len == 0)
        return;
    RtpExtIter it;
    RtpExtElement e;
    rtp_ext_iter_init(&it, data, v);
    while (rtp_ext_next(&it, &e)) {
        MediaExtPos *at = &map->at[ep->ext_type[e.id]];
        if (at->off == 0)
            *at = (MediaExtPos){ .off = (uint16_t)e.off, .len = e.len, .id = e.id };
    }
}

static void log_transport_cc(MediaEndpoint *ep, const uint8_t *data, const RtpView *v, const ExtMap *ext,
                             int64_t now_us)
{
    const MediaExtPos *at = &ext->at[RTP_EXT_TRANSPORT_CC];
    if (at->len < 2)
        return;
    if (!ep->twcc && !(ep->twcc = twcc_log_new()))
        return;
    ep->twcc_ssrc = v->ssrc;
    uint16_t seq = (uint16_t)(data[at->off] << 8 | data[at->off + 1]);
    if (twcc_log_packet(ep->twcc, seq, v->marker, now_us))
        rx_feedback_transport_cc(ep, now_us);
    else
        media_endpoint_wake(ep, twcc_log_flush_at_us(ep->twcc));
}

static bool start_encoding(RxEncoding *e, const MediaSource *s, const PayloadInfo *info)
{
    return e->state || rx_encoding_start(e, s->kind == WORKER_VIDEO, info->clock_hz);
}

/* The receive path swallows this packet: downstream sees no hole. */
static void swallow(RxEncodingState *st, int64_t seq)
{
    if (st->closed_started)
        seq_map_withhold(&st->closed, seq);
}

static bool close_up(RxEncodingState *st, int64_t seq, int64_t *out)
{
    if (!st->closed_started) {
        seq_map_start(&st->closed, seq, seq);
        st->closed_started = true;
    }
    return seq_map_accept(&st->closed, seq, out);
}

static void fill_media(Packet *p, MediaSource *s, const RxEncoding *e, uint8_t *data, size_t len, const RtpView *v,
                       const PayloadInfo *info, const ExtMap *ext)
{
    static const uint8_t kept[MEDIA_EXT_COUNT] = {
        [MEDIA_EXT_AUDIO_LEVEL] = RTP_EXT_AUDIO_LEVEL,
        [MEDIA_EXT_VIDEO_ORIENTATION] = RTP_EXT_VIDEO_ORIENTATION,
        [MEDIA_EXT_DEPENDENCY_DESCRIPTOR] = RTP_EXT_DEPENDENCY_DESCRIPTOR,
        [MEDIA_EXT_COLOR_SPACE] = RTP_EXT_COLOR_SPACE,
        [MEDIA_EXT_VLA] = RTP_EXT_VIDEO_LAYERS,
    };
    MediaPacket *m = &p->media;
    p->source = s;
    p->cached = p->patched = false;
    m->data = data;
    m->len = len;
    m->view = *v;
    m->arrival_us = p->now_us;
    m->codec = info->codec;
    m->eid = e->eid;
    m->order = 0;
    m->audio_level = MEDIA_LEVEL_NONE;
    for (int i = 0; i < MEDIA_EXT_COUNT; i++)
        m->ext[i] = ext->at[kept[i]];
}

static int32_t silence_limit(const Worker *w)
{
    return w->config->silence_packets ? w->config->silence_packets : RX_SILENCE_PACKETS;
}

/* Silence goes no further, and leaves no hole. */
static void audio_packet(MediaEndpoint *ep, Packet *p, MediaSource *s, RxEncodingState *st, int64_t seq)
{
    MediaConference *c = ep->conference;
    MediaPacket *m = &p->media;
    const MediaExtPos *at = &m->ext[MEDIA_EXT_AUDIO_LEVEL];
    RtpAudioLevel level;
    if (at->off && rtp_ext_audio_level(m->data + at->off, at->len, &level)) {
        m->audio_level = level.level;
        int32_t limit = silence_limit(c->worker);
        if (level.level < RX_SILENCE_LEVEL || m->codec == CODEC_TELEPHONE_EVENT) /* a key pressed is no silence */
            s->silent_run = 0;
        else if (limit >= 0 && s->silent_run >= limit) {
            s->quiet_us = p->now_us;
            swallow(st, seq);
            drop(ep, WORKER_DROP_SILENCE);
            return;
        } else if (s->silent_run < UINT8_MAX)
            s->silent_run++;
        size_t rank = media_conference_heard(c, s, level.level, p->now_us), n = c->worker->config->loudest;
        if (n && !s->synthetic &&
            !loudest_passes(rank, n, c->dominant == ep->speaker, s->subscribers > 0 || s->subscribing)) {
            s->quiet_us = p->now_us;
            swallow(st, seq);
            drop(ep, WORKER_DROP_QUIETER);
            if (s->shares)
                media_share_level(s, level.level);
            return;
        }
    }
    if (close_up(st, seq, &m->seq))
        forward_packet(c, p);
    else
        drop(ep, WORKER_DROP_DUPLICATE);
}

/* How tall this encoding is, of a packet on which the sender says so: of a key frame by its picture, else as said,
 * unless the pictures have shown something else; 0 not known from this packet. */
static unsigned said_height(MediaSource *s, const MediaPacket *m)
{
    const MediaExtPos *at = &m->ext[MEDIA_EXT_VLA];
    VlaView v;
    if (s->vla_differs || !vla_parse(m->data + at->off, at->len, &v) || v.streams > s->n_encodings)
        return m->frame.height;
    unsigned said = vla_stream_height(&v, v.stream), sent = 0;
    if (m->frame.height && said && said != m->frame.height) {
        s->vla_differs = true;
        layer_order_expect(&s->order, 0);
        return m->frame.height;
    }
    for (unsigned i = 0; i < v.streams; i++)
        sent += vla_stream_is_sent(&v, i);
    layer_order_expect(&s->order, sent);
    return m->frame.height ? m->frame.height : said;
}

/* Lowest first, whatever order the SSRCs were signalled in. Receivers start anew with the next key frame. */
static bool keep_order(MediaSource *s, MediaPacket *m)
{
    uint8_t rank[LAYER_ORDER_MAX];
    unsigned height = m->ext[MEDIA_EXT_VLA].off ? said_height(s, m) : m->frame.height;
    if (!layer_order_packet(&s->order, m->eid, height, m->arrival_us, rank))
        return false;
    for (uint8_t i = 0; i < s->n_encodings; i++)
        s->encodings[i].eid = rank[s->encodings[i].eid];
    source_layers_renumber(s->layers, rank);
    m->eid = rank[m->eid];
    m->order = ++s->orders;
    return true;
}

void rx_path_video(MediaConference *c, Packet *p, MediaSource *s, RxEncoding *e)
{
    MediaPacket *m = &p->media;
    const MediaExtPos *dd = &m->ext[MEDIA_EXT_DEPENDENCY_DESCRIPTOR];
    const uint8_t *payload = m->data + m->view.payload_off;
    FrameParser *parser = &e->state->video->parser;
    m->eid = e->eid; /* as this worker has ordered them */
    m->order = s->orders;
    frame_parser_read(parser, (MediaCodec)m->codec, payload, m->view.payload_len, m->seq, m->view.ts, m->view.marker,
                      dd->off ? m->data + dd->off : NULL, dd->len, &m->frame);
    memcpy(p->prefix, payload, m->view.payload_len < sizeof(p->prefix) ? m->view.payload_len : sizeof(p->prefix));
    if (m->frame.keyframe)
        keyframe_requester_fulfilled(&s->keyframes);
    if (!s->layers) {
        if (!(s->layers = malloc(sizeof(*s->layers))))
            return;
        source_layers_init(s->layers, s->n_encodings);
    }
    bool changed = source_layers_packet(s->layers, m);
    if (s->n_encodings > 1)
        changed |= keep_order(s, m);
    if (changed) {
        s->table_us = 0;
        media_conference_reallocate(c, p->now_us);
    }
    forward_packet(c, p);
}

static void video_packet(MediaEndpoint *ep, Packet *p, MediaSource *s, RxEncoding *e, int64_t seq)
{
    rx_path_video(ep->conference, p, s, e);
    if (p->media.frame.keyframe && p->media.frame.start)
        nack_gen_keyframe(&e->state->video->nacks, seq);
}

static void ask_again(MediaEndpoint *ep, MediaSource *s, RxEncoding *e, RxEncodingState *st, int64_t seq,
                      int64_t now_us)
{
    uint16_t missing[NACK_GEN_MAX_GAP];
    size_t n = nack_gen_received(&st->video->nacks, seq, now_us, missing);
    if (n)
        rx_feedback_nack(ep, e->ssrc, missing, n);
    if (nack_gen_take_hole(&st->video->nacks)) {
        rx_feedback_gave_up(ep, &st->video->nacks);
        rx_feedback_ask_keyframe(s, now_us);
    }
    if (st->video->nacks.count)
        media_endpoint_wake(ep, nack_gen_due_at_us(&st->video->nacks, media_endpoint_rtt_us(ep), now_us));
}

/* An RTX packet becomes the packet it repeats; false: it carries none that is missing. */
static bool undo_rtx(MediaEndpoint *ep, Packet *p, RxEncoding *e, const PayloadInfo **info, uint8_t **data, size_t *len,
                     RtpView *v, int64_t *seq)
{
    RxEncodingState *st = e->state;
    if (!st)
        return false;
    uint8_t apt = (*info)->apt;
    rx_stream_packet(&st->rtx, v->seq, v->ts, (uint32_t)p->len, p->now_us, seq);
    *info = &ep->payloads[apt];
    if ((*info)->kind != WORKER_VIDEO + 1 || rtx_unwrap(*data, v, apt, e->ssrc) != RTX_OK)
        return false;
    *data += RTX_OSN_SIZE;
    *len -= RTX_OSN_SIZE;
    if (rtp_view_parse(*data, *len, v) != RTP_OK)
        return false;
    RxSeqStatus status = rx_stream_recovered(&st->stream, v->seq, seq);
    return status == RX_NEW || status == RX_LATE;
}

void rx_path_rtp(MediaEndpoint *ep, Packet *p, const Tuple *from)
{
    Worker *w = media_endpoint_worker(ep);
    int64_t now_us = p->now_us;
    w->totals.rx_rtp++;
    w->totals.rx_rtp_bytes += p->len;
    if (!ep->srtp_rx || !ep->payloads || !ep->ext_type) {
        rx_path_hold(ep, p);
        return;
    }
    const SsrcEntry *entry = media_endpoint_ssrc(ep, read_u32(p->data + 8));
    if (!entry) {
        drop(ep, WORKER_DROP_SSRC);
        return;
    }
    size_t len = p->len;
    if (srtp_rx_unprotect(ep->srtp_rx, p->data, &len, NULL) != SRTP_OK) {
        drop(ep, WORKER_DROP_SRTP);
        return;
    }
    media_endpoint_alive(ep, from, now_us);
    ep->rx_packets++;
    ep->rx_bytes += len;
    rate_window_add(&ep->rx_rate, (uint32_t)len, now_us);
    uint8_t *data = p->data;
    RtpView v;
    if (rtp_view_parse(data, len, &v) != RTP_OK) {
        drop(ep, WORKER_DROP_RTP_SYNTAX);
        return;
    }
    media_endpoint_capture(ep, data, len, false, now_us);
    ExtMap ext;
    find_extensions(ep, data, &v, &ext);
    log_transport_cc(ep, data, &v, &ext, now_us);
    MediaSource *s = entry->source;
    RxEncoding *e = entry->encoding;
    const PayloadInfo *info = &ep->payloads[v.pt];
    if (info->kind != (uint8_t)s->kind + 1 || (info->codec == CODEC_RTX) != entry->is_rtx ||
        !start_encoding(e, s, info)) {
        drop(ep, WORKER_DROP_PAYLOAD_TYPE);
        return;
    }
    RxEncodingState *st = e->state;
    int64_t seq;
    if (entry->is_rtx) {
        if (!undo_rtx(ep, p, e, &info, &data, &len, &v, &seq)) {
            drop(ep, WORKER_DROP_RTX);
            return;
        }
        find_extensions(ep, data, &v, &ext);
    } else {
        RxSeqStatus status = rx_stream_packet(&st->stream, v.seq, v.ts, (uint32_t)len, now_us, &seq);
        if (status == RX_DUPLICATE || status == RX_TOO_OLD) {
            drop(ep, WORKER_DROP_DUPLICATE);
            return;
        }
    }
    media_endpoint_wake(ep, ep->next_report_us);
    if (s->kind == WORKER_VIDEO && info->feedback & WORKER_FB_NACK)
        ask_again(ep, s, e, st, seq, now_us);
    if (v.payload_len == 0) {
        swallow(st, seq);
        return;
    }
    if (ep->muted[s->kind] || ep->visitor) {
        swallow(st, seq);
        drop(ep, ep->visitor ? WORKER_DROP_VISITOR : WORKER_DROP_MUTED);
        return;
    }
    fill_media(p, s, e, data, len, &v, info, &ext);
    if (s->kind == WORKER_AUDIO)
        audio_packet(ep, p, s, st, seq);
    else if (close_up(st, seq, &p->media.seq))
        video_packet(ep, p, s, e, seq);
    else
        drop(ep, WORKER_DROP_DUPLICATE);
}
