/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/tx_reports.h"

#include "common/rtp/rtcp_report.h"

#define REPORT_MAX_AGE_US 10000000 /* an older one no longer tells the sender's clock */

static void send_report(MediaEndpoint *ep, TxStream *st, const RxEncoding *e, uint32_t out_ts, int64_t now_us)
{
    uint8_t buf[RTCP_SR_SIZE + SRTCP_OVERHEAD];
    RtcpSenderInfo info = { .ssrc = st->out.ssrc,
                            .ntp = e->sr_ntp,
                            .rtp_ts = out_ts,
                            .packet_count = (uint32_t)st->packets,
                            .octet_count = (uint32_t)st->octets };
    size_t len = rtcp_sr_build(buf, RTCP_SR_SIZE, &info, NULL, 0);
    unsigned place = st->next_report++ % TX_SR_HISTORY;
    st->reports[place].compact_ntp = rtcp_compact_ntp(e->sr_ntp);
    st->reports[place].sent_us = now_us;
    media_endpoint_send_rtcp(ep, buf, len, sizeof(buf));
}

static void forward_to(MediaEndpoint *ep, const MediaSource *s, const RxEncoding *e, int64_t now_us)
{
    TxSource *t = &ep->tx->by_source[s->index];
    uint32_t out_ts;
    if (s->kind == WORKER_AUDIO) {
        const TxAudio *a = t->audio;
        if (a && a->running && a->stream && a->stream->source == s && a->stream->packets)
            send_report(ep, a->stream, e, e->sr_ts + a->ts_shift, now_us);
        return;
    }
    TxVideo *v = t->video;
    if (!v || !v->stream || !v->stream->packets || !projection_map_sr(&v->projection, e->eid, e->sr_ts, &out_ts))
        return;
    v->sr_eid = e->eid;
    send_report(ep, v->stream, e, out_ts, now_us);
}

void tx_reports_forward(MediaSource *s, RxEncoding *e, int64_t now_us)
{
    const MediaConference *c = s->owner->conference;
    for (uint32_t i = 0; i < c->n_endpoints; i++) {
        MediaEndpoint *ep = c->endpoints[i];
        if (ep != s->owner && ep->ready && ep->tx && s->index < ep->tx->n_sources)
            forward_to(ep, s, e, now_us);
    }
}

void tx_reports_after_switch(MediaEndpoint *ep, int64_t now_us)
{
    for (uint32_t i = 0; ep->ready && i < ep->tx->n_sources; i++) {
        const TxSource *t = &ep->tx->by_source[i];
        if (!t->source || !t->video)
            continue;
        int layer = projection_current_layer(&t->video->projection);
        if (layer < 0 || LAYER_EID(layer) == t->video->sr_eid)
            continue;
        const RxEncoding *e = media_source_encoding(t->source, (unsigned)LAYER_EID(layer));
        if (e && e->sr_us && now_us - e->sr_us < REPORT_MAX_AGE_US)
            forward_to(ep, t->source, e, now_us);
    }
}
