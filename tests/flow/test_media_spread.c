/* SPDX-License-Identifier: Apache-2.0
 *
 * One conference on several workers, over loopback: what Chromium's encoders send (tests/vectors/media) reaches
 * receivers on other workers as it reaches those on the sender's own; people come and go while packets flow. */
#include "common/rtp/rtcp_fb.h"
#include "tests/fakes/media_hall.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define AUDIO_SSRC 0x11110001u
#define VIDEO(eid) (0x22220000u + (uint32_t)(eid))
#define RTX(eid) (0x33330000u + (uint32_t)(eid))
#define ROUNDS 3 /* a capture is sent so often, each going on where the last one ended */
#define TS_GAP 9000
#define STEP_MAX 2 /* where the projection leaves a frame unfinished, so that it can be seen to be */

typedef struct {
    MediaHall hall;
} Fixture;

typedef struct {
    const char *file;
    uint8_t pt, encodings;
} Capture;

static void set_up(Fixture *f, gconstpointer data)
{
    media_hall_init(&f->hall, 3, 0, 0);
    f->hall.spread = true;
}

static void tear_down(Fixture *f, gconstpointer data)
{
    media_hall_clear(&f->hall);
}

static MediaPeer *join_with(Fixture *f, const char *id, bool descriptors)
{
    PeerOptions o = {
        .profile = SRTP_PROFILE_GCM128, .ssrc_rewriting = true, .all_codecs = true, .descriptors = descriptors
    };
    return media_hall_join(&f->hall, id, &o);
}

static MediaPeer *join(Fixture *f, const char *id)
{
    return join_with(f, id, false);
}

/* ---- captures ---- */

typedef struct {
    int eid;
    size_t len; /* of the packet, its payload as long as it was */
    uint8_t bytes[1500];
} Captured;

static GArray *load(const char *name)
{
    g_autofree char *file = g_strdup_printf("%s.txt", name);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "tests", "vectors", "media", file, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    GArray *out = g_array_new(FALSE, FALSE, sizeof(Captured));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **l = lines; *l; l++) {
        g_auto(GStrv) field = g_strsplit(*l, " ", 4);
        if (**l == '#' || g_strv_length(field) != 4)
            continue;
        Captured c = { .eid = atoi(field[0]) };
        size_t n = strlen(field[3]) / 2;
        RtpView v;
        for (size_t i = 0; i < n; i++)
            c.bytes[i] =
                (uint8_t)(g_ascii_xdigit_value(field[3][2 * i]) << 4 | g_ascii_xdigit_value(field[3][2 * i + 1]));
        g_assert_cmpint(rtp_view_parse(c.bytes, n, &v), ==, RTP_OK);
        c.len = v.payload_off + (size_t)atoi(field[2]);
        g_assert_cmpuint(c.len, <, 1300);
        g_array_append_val(out, c);
    }
    return out;
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* The packet as of that round: numbers and timestamps of each encoding go on. */
static void send_captured(MediaPeer *from, const Captured *c, uint8_t pt, uint16_t seq_shift, uint32_t ts_shift)
{
    uint8_t out[1600];
    int len = (int)c->len;
    memcpy(out, c->bytes, c->len);
    uint16_t seq = (uint16_t)((out[2] << 8 | out[3]) + seq_shift);
    out[1] = (uint8_t)((out[1] & 0x80) | pt);
    out[2] = (uint8_t)(seq >> 8);
    out[3] = (uint8_t)seq;
    put32(out + 4, get32(out + 4) + ts_shift);
    put32(out + 8, VIDEO(c->eid));
    g_assert_cmpint(srtp_protect(from->tx, out, &len), ==, srtp_err_status_ok);
    media_peer_send_raw(from, out, (size_t)len);
}

/* Rising, each number once and none left out; `switches`: but for where the projection goes over to another encoding or
 * to the next round, between two frames. Returns how many. */
static size_t check_order(const MediaPeer *p, uint32_t ssrc, bool switches)
{
    size_t n = 0;
    uint16_t last = 0;
    uint32_t ts = 0;
    for (size_t i = 0; i < p->n_packets; i++) {
        const PeerPacket *k = &p->packets[i];
        if (k->rtcp || k->view.ssrc != ssrc)
            continue;
        if (n++) {
            uint16_t step = (uint16_t)(k->view.seq - last);
            g_assert_cmpuint(step, >=, 1);
            g_assert_cmpuint(step, <=, switches && k->view.ts != ts ? STEP_MAX : 1);
            g_assert_cmpint((int32_t)(k->view.ts - ts), >=, 0);
        }
        last = k->view.seq;
        ts = k->view.ts;
    }
    return n;
}

/* Everything, whatever the estimate says: the captures are sent many times as fast as they were made. */
static void wish_all(const MediaPeer *p)
{
    WorkerCommand *c = worker_command_new(WORKER_VIDEO_CONSTRAINTS, p->conference, p->handle, 0);
    c->video_constraints.last_n = -1;
    c->video_constraints.default_max_height = -1;
    c->video_constraints.default_max_fps = -1;
    c->video_constraints.assumed_bandwidth_bps = 1000000000;
    g_assert_true(workers_post(p->workers, p->worker, c));
}

static void test_codec(Fixture *f, gconstpointer data)
{
    const Capture *cap = data;
    uint32_t ssrcs[3] = { VIDEO(0), VIDEO(1), VIDEO(2) }, rtx[3] = { RTX(0), RTX(1), RTX(2) };
    bool dd = !strstr(cap->file, "plain") && cap->pt != PEER_PT_VP9;
    MediaPeer *a = join_with(f, "aaaaaaaa", dd), *b = join_with(f, "bbbbbbbb", dd), *c = join_with(f, "cccccccc", dd),
              *d = join_with(f, "dddddddd", dd);
    MediaPeer *receivers[] = { d, b, c }; /* d is on the sender's worker */
    g_assert_cmpuint(d->worker, ==, a->worker);
    g_assert_cmpuint(b->worker, !=, c->worker);
    media_peer_sources(a, 0, ssrcs, rtx, cap->encodings);
    for (int i = 0; i < 3; i++) {
        wish_all(receivers[i]);
        media_hall_await_video(&f->hall, receivers[i]);
    }
    g_autoptr(GArray) packets = load(cap->file);
    uint16_t first[3] = { 0 }, last[3] = { 0 };
    bool seen[3] = { false };
    uint32_t from_ts = 0, to_ts = 0; /* of encoding 0: each has an offset of its own */
    for (guint i = 0; i < packets->len; i++) {
        const Captured *k = &g_array_index(packets, Captured, i);
        uint16_t seq = (uint16_t)(k->bytes[2] << 8 | k->bytes[3]);
        if (!seen[k->eid])
            first[k->eid] = last[k->eid] = seq;
        if ((int16_t)(uint16_t)(seq - last[k->eid]) > 0)
            last[k->eid] = seq;
        if (k->eid == 0 && !seen[0])
            from_ts = get32(k->bytes + 4);
        if (k->eid == 0)
            to_ts = get32(k->bytes + 4);
        seen[k->eid] = true;
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < packets->len; i++) {
            const Captured *k = &g_array_index(packets, Captured, i);
            send_captured(a, k, cap->pt, (uint16_t)(round * (uint16_t)(last[k->eid] - first[k->eid] + 1)),
                          round * (to_ts - from_ts + TS_GAP));
            if (i % 8 == 7)
                media_hall_settle(&f->hall);
        }
        media_hall_run(&f->hall, 30);
    }
    media_hall_run(&f->hall, 50);
    WorkerTotals t = media_hall_totals(&f->hall);
    g_assert_cmpuint(t.drops[WORKER_DROP_MAILBOX], ==, 0); /* we waited for every hand-over */
    for (int i = 0; i < 3; i++) {
        uint32_t slot = media_hall_slot(&f->hall, receivers[i], "aaaaaaaa-v0", NULL);
        g_assert_cmpuint(receivers[i]->undecryptable, ==, 0);
        size_t n = check_order(receivers[i], slot, true);
        g_test_message("%s: worker %u got %zu of %u", cap->file, receivers[i]->worker, n, ROUNDS * packets->len);
        /* At the least the layers of the lowest encoding, from the second key frame on. */
        g_assert_cmpuint(n, >=, packets->len / 4);
    }
    g_assert_cmpuint(t.shared_in, ==, t.shared_out);
    g_assert_cmpuint(t.shared_in, >, 2 * packets->len);
    g_assert_cmpuint(t.drops[WORKER_DROP_SHARE], ==, 0);
}

/* ---- coming and going ---- */

static void send_audio(MediaPeer *p, uint32_t ssrc, uint16_t seq)
{
    uint8_t payload[40] = { 0 };
    PeerRtp rtp = { .pt = PEER_PT_OPUS,
                    .seq = seq,
                    .ts = seq * 960u,
                    .ssrc = ssrc,
                    .level = 30,
                    .tcc = -1,
                    .payload = payload,
                    .payload_len = sizeof(payload) };
    media_peer_send_rtp(p, &rtp);
}

static void remove_peer(Fixture *f, const MediaPeer *p)
{
    g_assert_true(workers_post(f->hall.workers, p->worker,
                               worker_command_new(WORKER_ENDPOINT_REMOVE, f->hall.conference, p->handle, 0)));
}

/* The last one of a worker leaves, its share ends; another one comes, and it begins again. */
static void test_come_and_go(Fixture *f, gconstpointer data)
{
    MediaPeer *a = join(f, "aaaaaaaa"), *b = join(f, "bbbbbbbb"), *peers[6] = { 0 };
    media_peer_sources(a, AUDIO_SSRC, NULL, NULL, 0);
    media_peer_sources(b, AUDIO_SSRC + 1, NULL, NULL, 0);
    media_hall_settle(&f->hall);
    uint16_t seq = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(peers); i++) {
        char id[16];
        g_snprintf(id, sizeof(id), "peer%04u", i);
        f->hall.spread = false;
        f->hall.worker = 2;
        peers[i] = join(f, id);
        g_assert_cmphex(workers_shares(f->hall.workers, f->hall.conference), ==, 7);
        for (int k = 0; k < 20; k++, seq++) {
            send_audio(a, AUDIO_SSRC, seq);
            send_audio(b, AUDIO_SSRC + 1, seq);
            media_hall_run(&f->hall, 1);
        }
        for (unsigned s = 0; s < 2; s++) {
            const char *names[] = { "aaaaaaaa-a0", "bbbbbbbb-a0" };
            uint32_t slot = media_hall_slot(&f->hall, peers[i], names[s], NULL);
            g_assert_cmpuint(slot, !=, 0);
            g_assert_cmpuint(media_hall_await(&f->hall, peers[i], slot, 20), ==, 20);
            g_assert_cmpuint(check_order(peers[i], slot, false), ==, 20);
        }
        remove_peer(f, peers[i]);
        g_assert_cmphex(workers_shares(f->hall.workers, f->hall.conference), ==, 3);
        for (int k = 0; k < 5; k++, seq++) {
            send_audio(a, AUDIO_SSRC, seq);
            send_audio(b, AUDIO_SSRC + 1, seq);
        }
        media_hall_run(&f->hall, 5); /* or the next one hears them too */
    }
    media_hall_run(&f->hall, 20);
    uint32_t slot = media_hall_slot(&f->hall, b, "aaaaaaaa-a0", NULL);
    g_assert_cmpuint(media_hall_await(&f->hall, b, slot, seq), ==, seq);
    g_assert_cmpuint(check_order(b, slot, false), ==, seq);
    /* The home ends with the conference only, though nobody lives there any more. */
    remove_peer(f, a);
    media_hall_run(&f->hall, 10);
    g_assert_cmpuint(media_hall_totals(&f->hall).conferences, ==, 1);
    g_assert_cmpuint(media_hall_totals(&f->hall).endpoints, ==, 1);
}

/* What the sender is told is what the greatest wish of all workers asks for. */
static void test_demand(Fixture *f, gconstpointer data)
{
    uint32_t ssrcs[3] = { VIDEO(0), VIDEO(1), VIDEO(2) }, rtx[3] = { RTX(0), RTX(1), RTX(2) };
    MediaPeer *a = join(f, "aaaaaaaa"), *b = join(f, "bbbbbbbb"), *c = join(f, "cccccccc");
    media_peer_sources(a, 0, ssrcs, rtx, 3);
    static const struct {
        int32_t b, c, told;
    } steps[] = { { 180, 0, 180 }, { 180, 360, 360 }, { 720, 360, 720 }, { 0, 360, 360 }, { 0, 0, 0 } };
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        const WorkerEvent *ev = NULL;
        media_peer_wish(b, steps[i].b);
        media_peer_wish(c, steps[i].c);
        gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
        do {
            media_hall_run(&f->hall, 10);
            ev = media_hall_last(&f->hall, WORKER_EV_SOURCE_CONSTRAINTS, a);
        } while (!(ev && ev->source_constraint.max_height == steps[i].told) && g_get_monotonic_time() < end);
        g_assert_nonnull(ev);
        g_assert_cmpint(ev->source_constraint.max_height, ==, steps[i].told);
    }
    media_peer_wish(b, 720);
    media_hall_run(&f->hall, 50);
    remove_peer(f, b);
    media_hall_run(&f->hall, 50);
    g_assert_cmpint(media_hall_last(&f->hall, WORKER_EV_SOURCE_CONSTRAINTS, a)->source_constraint.max_height, ==, 0);
}

/* Each worker is the home of one endpoint that talks in turn: all are told of the same speaker, once. */
static void test_speaker(Fixture *f, gconstpointer data)
{
    MediaPeer *peers[] = { join(f, "aaaaaaaa"), join(f, "bbbbbbbb"), join(f, "cccccccc") };
    for (unsigned i = 0; i < 3; i++)
        media_peer_sources(peers[i], AUDIO_SSRC + i, NULL, NULL, 0);
    media_hall_settle(&f->hall);
    uint16_t seq = 0;
    for (unsigned who = 0; who < 3; who++) {
        media_hall_forget_events(&f->hall);
        const WorkerEvent *ev = NULL;
        for (gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC; !ev && g_get_monotonic_time() < end; seq++) {
            uint8_t payload[40] = { 0 };
            for (unsigned i = 0; i < 3; i++) {
                PeerRtp rtp = { .pt = PEER_PT_OPUS,
                                .seq = seq,
                                .ts = seq * 960u,
                                .ssrc = AUDIO_SSRC + i,
                                .level = i == who && seq % 8 ? 5 : 126, /* without pauses it is a noise */
                                .tcc = -1,
                                .payload = payload,
                                .payload_len = sizeof(payload) };
                media_peer_send_rtp(peers[i], &rtp);
            }
            media_hall_pass(&f->hall, 5); /* waiting for workers may make it 40 ms, the speaker's patience */
            ev = media_hall_last(&f->hall, WORKER_EV_DOMINANT_SPEAKER, NULL);
            if (ev && strcmp(ev->speaker.dominant, peers[who]->id) != 0)
                ev = NULL;
        }
        g_assert_nonnull(ev);
        g_assert_cmpuint(ev->endpoint, ==, 0);
        g_assert_cmpuint(ev->worker, ==, 0); /* the home says it, and nobody else */
        /* Whose channel comes up is told by his own worker, the same. */
        for (unsigned i = 0; i < 3; i++) {
            workers_post(f->hall.workers, peers[i]->worker,
                         worker_command_new(WORKER_CHANNEL_UP, f->hall.conference, peers[i]->handle, 0));
            ev = media_hall_wait(&f->hall, WORKER_EV_DOMINANT_SPEAKER, peers[i], 60000);
            g_assert_nonnull(ev);
            g_assert_cmpstr(ev->speaker.dominant, ==, peers[who]->id);
            g_assert_cmpuint(ev->n, ==, who);
        }
    }
}

#define FLOW(name, function, data) g_test_add("/spread/" name, Fixture, data, set_up, function, tear_down)

int main(int argc, char **argv)
{
    static const Capture captures[] = {
        { "vp8-simulcast-plain", PEER_PT_VP8, 3 },
        { "vp8-simulcast-l1t3", PEER_PT_VP8, 3 },
        { "vp9-l1t3-plain", PEER_PT_VP9, 1 },
        { "vp9-l3t3-key", PEER_PT_VP9, 1 },
        { "vp9-l3t3", PEER_PT_VP9, 1 },
        { "h264-simulcast-plain", PEER_PT_H264, 3 },
        { "h264-simulcast-l1t3", PEER_PT_H264, 3 },
        { "av1-l1t3", PEER_PT_AV1, 1 },
        { "av1-l3t3-key", PEER_PT_AV1, 1 },
        { "av1-simulcast-l1t3", PEER_PT_AV1, 3 },
    };
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(captures); i++) {
        g_autofree char *name = g_strdup_printf("/spread/codec/%s", captures[i].file);
        g_test_add(name, Fixture, &captures[i], set_up, test_codec, tear_down);
    }
    FLOW("come and go", test_come_and_go, NULL);
    FLOW("demand", test_demand, NULL);
    FLOW("speaker", test_speaker, NULL);
    return g_test_run();
}
