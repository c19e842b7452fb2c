/* SPDX-License-Identifier: Apache-2.0
 *
 * SSRC rewriting under churn: sources of several codecs come and go, last-n and sizes change, sounds
 * and pictures are muted, all at random; what the receiver gets on each SSRC stays one unbroken stream that it was told
 * of before. */
#include "tests/unit/media/engine_kit.h"

#include "bridge/forward.h"
#include "bridge/tx/tx_allocate.h"
#include "bridge/tx/tx_state.h"
#include "common/rtp/rtp_ext.h"
#include "common/rtp/rtp_write.h"

#include <string.h>

#define STEPS 10000
#define KINDS 2
#define SOURCES 9 /* of one kind at once; more than there are slots */
#define VIDEO_SLOTS 5
#define AUDIO_SLOTS 4
#define MID_ID 3
#define VP9_PT 101
#define AV1_PT 102
#define H264_PT 103
#define DD_ID 7
#define PAYLOAD (ENGINE_PICTURE + 4) /* bytes; the last say whose it is */

static const struct {
    MediaCodec codec;
    uint8_t pt;
} codecs[] = { { CODEC_VP8, VP8_PT }, { CODEC_VP9, VP9_PT }, { CODEC_AV1, AV1_PT }, { CODEC_H264, H264_PT } };

/* One of the sender's; ssrc 0: not there now. */
typedef struct {
    uint32_t ssrc;
    char name[WORKER_NAME_SIZE];
    SrtpStream srtp;
    unsigned codec;
    bool begun;
    uint16_t seq;
    uint32_t ts;
    unsigned picture;
} Source;

/* One SSRC as the receiver knows it. */
typedef struct {
    bool audio, started;
    char source[WORKER_NAME_SIZE], mid[WORKER_MID_SIZE];
    uint16_t seq;
    uint32_t ts;
    uint64_t packets;
} Heard;

typedef struct {
    Engine *f;
    GRand *rand;
    Source source[KINDS][SOURCES];
    GHashTable *heard; /* SSRC -> Heard */
    uint32_t next_ssrc;
    int last_n;
    int64_t wished_us;
    bool muted[KINDS];
    unsigned maps, packets, takeovers;
} Churn;

static unsigned dice(Churn *c, unsigned n)
{
    return (unsigned)g_rand_int_range(c->rand, 0, (gint32)n);
}

/* ---- what the receiver is told, and what it gets ---- */

static void read_events(Churn *c)
{
    WorkerEvent *ev;
    while (mailbox_take(c->f->group.events, &ev)) {
        bool audio = ev->type == WORKER_EV_AUDIO_SLOTS;
        for (size_t i = 0; (audio || ev->type == WORKER_EV_VIDEO_SLOTS) && i < ev->n; i++) {
            const WorkerSlotEntry *e = &ev->slots.entries[i];
            Heard *h = g_hash_table_lookup(c->heard, GUINT_TO_POINTER(e->ssrc));
            c->maps++;
            if (!h) {
                h = g_new0(Heard, 1);
                h->audio = audio;
                g_strlcpy(h->mid, e->mid, sizeof(h->mid));
                g_assert_cmpstr(h->mid, !=, "");
                g_hash_table_insert(c->heard, GUINT_TO_POINTER(e->ssrc), h);
            } else {
                c->takeovers++;
            }
            g_assert_true(h->audio == audio); /* an SSRC never changes its kind, nor its mid */
            g_assert_cmpstr(h->mid, ==, e->mid);
            g_strlcpy(h->source, e->source, sizeof(h->source));
        }
        worker_event_free(ev);
    }
}

static void check_packet(Churn *c, const RtpView *v)
{
    char name[WORKER_NAME_SIZE];
    uint8_t of[4];
    RtpExtElement e;
    Heard *h = g_hash_table_lookup(c->heard, GUINT_TO_POINTER(v->ssrc));
    g_assert_nonnull(h); /* told before the first packet */
    g_assert_true(rtp_ext_find(engine_heard, v, MID_ID, &e));
    g_assert_cmpmem(engine_heard + e.off, e.len, h->mid, strlen(h->mid));
    memcpy(of, engine_heard + v->payload_off + ENGINE_PICTURE, sizeof(of));
    g_snprintf(name, sizeof(name), "s%u", (unsigned)of[1] << 16 | (unsigned)of[2] << 8 | of[3]);
    g_assert_cmpstr(name, ==, h->source); /* the one that this SSRC was said to carry */
    g_assert_true(h->audio == (of[0] == WORKER_AUDIO));
    if (h->started) {
        g_assert_cmpuint(v->seq, ==, (uint16_t)(h->seq + 1)); /* none twice, no hole: nothing was lost */
        g_assert_cmpint((int32_t)(v->ts - h->ts), >, 0);
    }
    h->started = true;
    h->seq = v->seq;
    h->ts = v->ts;
    h->packets++;
    c->packets++;
}

static void receive(Churn *c)
{
    RtpView v;
    read_events(c);
    while (engine_hear(c->f, 1, &v))
        if (v.payload_len == PAYLOAD && v.ssrc != c->f->conference->video_ssrc) /* padding and RTX are other sizes */
            check_packet(c, &v);
}

static void wait_ms(Churn *c, unsigned ms)
{
    for (unsigned i = 0; i < ms; i += 5) {
        c->f->w.now_us += 5000;
        timers_run(&c->f->w.timers, c->f->w.now_us, 64);
        send_batch_flush(c->f->w.batch);
        receive(c);
    }
}

/* ---- what the sender does ---- */

static void signal_all(Churn *c)
{
    WorkerSource list[KINDS * SOURCES] = { 0 };
    size_t n = 0;
    for (int k = 0; k < KINDS; k++)
        for (int i = 0; i < SOURCES; i++) {
            const Source *s = &c->source[k][i];
            if (!s->ssrc)
                continue;
            WorkerSource *w = &list[n++];
            w->kind = (WorkerKind)k;
            w->n_encodings = 1;
            w->encodings[0].ssrc = s->ssrc;
            w->encodings[0].rtx_ssrc = k == WORKER_VIDEO ? s->ssrc + 0x10000 : 0;
            g_strlcpy(w->name, s->name, sizeof(w->name));
        }
    media_endpoint_set_sources(c->f->client[0].ep, list, n);
    g_assert_cmpuint(c->f->client[0].ep->n_sources, ==, n);
}

static void come_or_go(Churn *c, unsigned kind)
{
    Source *s = &c->source[kind][dice(c, SOURCES)];
    if (s->ssrc) {
        s->ssrc = 0;
    } else {
        uint32_t ssrc = ++c->next_ssrc;
        *s = (Source){ .ssrc = ssrc,
                       .codec = dice(c, G_N_ELEMENTS(codecs)),
                       .seq = (uint16_t)g_rand_int(c->rand),
                       .ts = g_rand_int(c->rand),
                       .picture = g_rand_int(c->rand) };
        g_snprintf(s->name, sizeof(s->name), "s%u", ssrc);
    }
    signal_all(c);
}

static void send_one(Churn *c, unsigned kind, Source *s)
{
    Engine *f = c->f;
    uint8_t header[64], payload[PAYLOAD] = { 0 }, dd[8], level = 30;
    RtpExtItem item = { LEVEL_ID, 1, &level };
    RtpHeader h = { .seq = ++s->seq, .ssrc = s->ssrc, .marker = kind == WORKER_VIDEO };
    size_t n_items = 1;
    h.ts = s->ts += kind == WORKER_VIDEO ? 3000 : 960;
    if (kind == WORKER_VIDEO) {
        const MediaSource *at = media_endpoint_find_source(f->client[0].ep, s->name);
        bool key = s->picture % 300 == 0 || at->keyframes.unanswered > 0 || !s->begun;
        s->begun = true;
        h.pt = codecs[s->codec].pt;
        s->picture++;
        item = (RtpExtItem){ DD_ID, 0, dd };
        item.len =
            (uint8_t)engine_picture(codecs[s->codec].codec, key, s->picture, s->picture, s->picture, payload, dd);
        n_items = item.len > 0;
    } else {
        h.pt = OPUS_PT;
    }
    memcpy(payload + ENGINE_PICTURE,
           (uint8_t[]){ (uint8_t)kind, (uint8_t)(s->ssrc >> 16), (uint8_t)(s->ssrc >> 8), (uint8_t)s->ssrc }, 4);
    size_t n = rtp_header_write(header, sizeof(header), &h, &item, n_items, false);
    engine_give_rtp(f, 0, &s->srtp, header, n, payload, sizeof(payload));
    receive(c);
}

static void send_some(Churn *c)
{
    unsigned offset = dice(c, SOURCES);
    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned i = 0; i < SOURCES; i++) {
            Source *s = &c->source[k][(i + offset) % SOURCES];
            if (s->ssrc && dice(c, 3) == 0)
                send_one(c, k, s);
        }
}

static void wish(Churn *c)
{
    static const int heights[] = { 0, 180, 720 };
    WorkerCommand *w = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, 0);
    c->wished_us = c->f->w.now_us;
    c->last_n = (int)dice(c, VIDEO_SLOTS + 3) - 1;
    w->video_constraints.last_n = c->last_n;
    w->video_constraints.default_max_height = heights[dice(c, 10) ? 1 + dice(c, 2) : 0];
    w->video_constraints.default_max_fps = -1;
    w->video_constraints.assumed_bandwidth_bps = 1000000000; /* the allocator has enough for all */
    media_endpoint_set_wishes(c->f->client[1].ep, w);
}

/* What was sent before and waits somewhere does not count: only what is sent from now on. */
static void check_mute(Churn *c, unsigned kind)
{
    unsigned before = c->packets;
    for (unsigned i = 0; c->muted[kind] && i < SOURCES; i++)
        if (c->source[kind][i].ssrc)
            send_one(c, kind, &c->source[kind][i]);
    g_assert_cmpuint(c->packets, ==, before);
}

static void check_limits(const Churn *c)
{
    const TxState *tx = c->f->client[1].ep->tx;
    for (int k = 0; k < KINDS; k++)
        for (int i = k == WORKER_VIDEO ? VIDEO_SLOTS : AUDIO_SLOTS; i < SLOTS_MAX; i++) {
            g_assert_null(tx->slot_streams[k][i]);
            g_assert_cmpuint(tx->slots[k]->slot[i].source, ==, SLOT_SOURCE_NONE);
        }
    if (c->last_n >= 0 && tx->allocated_us > c->wished_us)
        g_assert_cmpuint(tx->n_forwarded, <=, (unsigned)c->last_n);
}

/* ---- */

static void set_up(Engine *f, gconstpointer unused)
{
    engine_set_up(f, NULL);
    WorkerMedia media;
    engine_describe(&media, LEVEL_ID);
    media.extension_ids[RTP_EXT_DEPENDENCY_DESCRIPTOR] = DD_ID;
    media.extension_ids[RTP_EXT_MID] = MID_ID;
    for (size_t i = 1; i < G_N_ELEMENTS(codecs); i++)
        media.payloads[media.n_payloads++] = (WorkerPayload){ .pt = codecs[i].pt,
                                                              .kind = WORKER_VIDEO,
                                                              .codec = codecs[i].codec,
                                                              .clock_hz = 90000,
                                                              .feedback = WORKER_FB_PLI | WORKER_FB_TCC };
    for (unsigned i = 0; i < CLIENTS; i++)
        media_endpoint_set_media(f->client[i].ep, &media);
    /* Client 1 takes rewritten SSRCs, few of them. */
    MediaEndpoint *ep = f->client[1].ep;
    tx_state_free(ep->tx);
    ep->ssrc_rewriting = ep->mid = true;
    ep->tx = tx_state_new(ep, f->w.now_us);
    ep->tx->slots[WORKER_VIDEO]->limit = VIDEO_SLOTS;
    ep->tx->slots[WORKER_AUDIO]->limit = AUDIO_SLOTS;
}

static void test_churn(Engine *f, gconstpointer seed)
{
    Churn c = { .f = f, .rand = g_rand_new_with_seed(GPOINTER_TO_UINT(seed)), .next_ssrc = 50000, .last_n = -1 };
    c.heard = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    wish(&c);
    for (int i = 0; i < SOURCES; i++)
        come_or_go(&c, (unsigned)i % KINDS);
    for (int step = 0; step < STEPS; step++) {
        unsigned kind = dice(&c, KINDS);
        switch (dice(&c, 160)) {
        case 0:
        case 1:
            come_or_go(&c, kind);
            break;
        case 2:
            wish(&c);
            break;
        case 3:
            c.muted[kind] = !c.muted[kind] && dice(&c, 3) == 0;
            media_endpoint_set_mute(f->client[0].ep, c.muted[WORKER_AUDIO], c.muted[WORKER_VIDEO]);
            wait_ms(&c, 3000); /* all that waits is out, and every slot has settled */
            check_mute(&c, kind);
            break;
        case 4:
            c.source[WORKER_VIDEO][dice(&c, SOURCES)].codec = dice(&c, G_N_ELEMENTS(codecs));
            break;
        case 5:
            wait_ms(&c, 2500);
            break;
        default:
            wait_ms(&c, 5 * dice(&c, 4));
            send_some(&c);
            check_limits(&c);
        }
    }
    g_test_message("%u packets on %u SSRCs, %u maps, %u take-overs", c.packets, g_hash_table_size(c.heard), c.maps,
                   c.takeovers);
    g_assert_cmpuint(c.packets, >, STEPS);
    g_assert_cmpuint(c.takeovers, >, 20);
    g_hash_table_unref(c.heard);
    g_rand_free(c.rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/media/slot churn/1", Engine, GUINT_TO_POINTER(1), set_up, test_churn, engine_tear_down);
    g_test_add("/media/slot churn/2", Engine, GUINT_TO_POINTER(2), set_up, test_churn, engine_tear_down);
    return g_test_run();
}
