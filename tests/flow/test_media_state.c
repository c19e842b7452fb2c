/* SPDX-License-Identifier: Apache-2.0
 *
 * What the media engine decides and tells: layers, speakers, wishes, mutes, mappings, restarts. Over loopback, with
 * hand-made clients. */
#include "common/rtp/rtcp_fb.h"
#include "tests/fakes/media_hall.h"

#include <glib.h>
#include <string.h>

typedef struct {
    MediaHall hall;
} Fixture;

#define AUDIO(n) (0x11110000u + (n))
#define VIDEO(n, eid) (0x22220000u + (n)*16 + (eid))
#define RTX(n, eid) (0x33330000u + (n)*16 + (eid))

/* data: on how many workers, each peer on another than the one before. */
static void set_up(Fixture *f, gconstpointer data)
{
    media_hall_init(&f->hall, GPOINTER_TO_UINT(data), 0, 0);
    f->hall.spread = true;
}

static void tear_down(Fixture *f, gconstpointer data)
{
    media_hall_clear(&f->hall);
}

static MediaPeer *join(Fixture *f, const char *id)
{
    PeerOptions o = { .profile = SRTP_PROFILE_GCM128, .ssrc_rewriting = true, .mid = true };
    return media_hall_join(&f->hall, id, &o);
}

static void post(Fixture *f, WorkerCommand *c)
{
    unsigned worker = f->hall.worker;
    for (unsigned i = 0; i < f->hall.n_peers; i++)
        if (f->hall.peers[i].handle == c->endpoint)
            worker = f->hall.peers[i].worker;
    g_assert_true(workers_post(f->hall.workers, worker, c));
}

static void send_audio(MediaPeer *p, uint32_t ssrc, uint16_t seq, int level)
{
    uint8_t payload[40] = { 0 };
    PeerRtp rtp = { .pt = PEER_PT_OPUS,
                    .seq = seq,
                    .ts = seq * 960u,
                    .ssrc = ssrc,
                    .level = level,
                    .tcc = -1,
                    .payload = payload,
                    .payload_len = sizeof(payload) };
    media_peer_send_rtp(p, &rtp);
}

/* One packet, one frame, in each encoding: 180, 360, 720 pixels. The payload's last byte names the encoding. */
static void send_simulcast(MediaPeer *p, unsigned n, uint16_t seq, bool key, int encodings)
{
    static const size_t sizes[] = { 200, 500, 1000 };
    for (int eid = 0; eid < encodings; eid++) {
        uint8_t payload[1000] = { 0x90, 0xe0, (uint8_t)(0x80 | (seq >> 8 & 0x7f)), (uint8_t)seq, (uint8_t)seq, 0x20 };
        uint16_t height = (uint16_t)(180 << eid), width = (uint16_t)(320 << eid);
        payload[6] = key ? 0x10 : 0x11;
        if (key)
            memcpy(payload + 9, (uint8_t[]){ 0x9d, 0x01, 0x2a, width & 0xff, width >> 8, height & 0xff, height >> 8 },
                   7);
        payload[sizes[eid] - 1] = (uint8_t)eid;
        PeerRtp rtp = { .pt = PEER_PT_VP8,
                        .marker = 1,
                        .seq = seq,
                        .ts = seq * 3000u,
                        .ssrc = VIDEO(n, eid),
                        .level = -1,
                        .tcc = (uint16_t)(seq * 3 + eid),
                        .payload = payload,
                        .payload_len = sizes[eid] };
        media_peer_send_rtp(p, &rtp);
    }
}

static void simulcast_source(MediaPeer *p, unsigned n, uint32_t audio)
{
    uint32_t video[] = { VIDEO(n, 0), VIDEO(n, 1), VIDEO(n, 2) }, rtx[] = { RTX(n, 0), RTX(n, 1), RTX(n, 2) };
    media_peer_sources(p, audio, video, rtx, 3);
}

/* Which encoding the newest packet on that SSRC came from; checks that numbers run on without a hole. */
static int encoding_of_last(const MediaPeer *p, uint32_t ssrc, size_t *count)
{
    const PeerPacket *last = NULL;
    *count = 0;
    for (size_t i = 0; i < p->n_packets; i++) {
        const PeerPacket *at = &p->packets[i];
        if (at->rtcp || at->view.ssrc != ssrc)
            continue;
        if (last)
            g_assert_cmpuint(at->view.seq, ==, (uint16_t)(last->view.seq + 1));
        if (last)
            g_assert_cmpint((int32_t)(at->view.ts - last->view.ts), >, 0);
        last = at;
        (*count)++;
    }
    return last ? last->data[last->view.payload_off + last->view.payload_len - 1] : -1;
}

static void await_no_video(Fixture *f, const MediaPeer *p)
{
    for (int i = 0; i < 100 && media_hall_last(&f->hall, WORKER_EV_FORWARDED_SOURCES, p)->n; i++)
        media_hall_run(&f->hall, 20);
    g_assert_cmpuint(media_hall_last(&f->hall, WORKER_EV_FORWARDED_SOURCES, p)->n, ==, 0);
}

static void test_simulcast(Fixture *f, gconstpointer data)
{
    MediaPeer *a = join(f, "aaaaaaaa"), *b = join(f, "bbbbbbbb"), *c = join(f, "cccccccc");
    simulcast_source(a, 1, 0);
    media_peer_wish(b, 720);
    media_peer_wish(c, 180);
    media_hall_await_video(&f->hall, b);
    media_hall_await_video(&f->hall, c);
    uint16_t seq = 0;
    for (; seq < 60; seq++) {
        send_simulcast(a, 1, seq, seq % 15 == 0, 3);
        media_hall_run(&f->hall, 15);
    }
    uint32_t slot_b = media_hall_slot(&f->hall, b, "aaaaaaaa-v0", NULL);
    uint32_t slot_c = media_hall_slot(&f->hall, c, "aaaaaaaa-v0", NULL);
    size_t n_b, n_c;
    media_hall_await(&f->hall, b, slot_b, 60); /* what is on its way still */
    media_hall_await(&f->hall, c, slot_c, 60);
    g_assert_cmpint(encoding_of_last(b, slot_b, &n_b), ==, 2);
    g_assert_cmpint(encoding_of_last(c, slot_c, &n_c), ==, 0);
    g_assert_cmpuint(n_b, >=, 55);
    g_assert_cmpuint(n_c, >=, 55);
    /* The sender hears of the greatest wish. */
    g_assert_cmpint(media_hall_last(&f->hall, WORKER_EV_SOURCE_CONSTRAINTS, a)->source_constraint.max_height, ==, 720);
    media_peer_wish(b, 360);
    for (int i = 0; i < 100; i++) {
        if (media_hall_last(&f->hall, WORKER_EV_SOURCE_CONSTRAINTS, a)->source_constraint.max_height == 360)
            break;
        media_hall_run(&f->hall, 20);
    }
    g_assert_cmpint(media_hall_last(&f->hall, WORKER_EV_SOURCE_CONSTRAINTS, a)->source_constraint.max_height, ==, 360);
    for (; seq < 110; seq++) {
        send_simulcast(a, 1, seq, seq % 15 == 0, 3);
        media_hall_run(&f->hall, 15);
    }
    media_hall_await(&f->hall, b, slot_b, 110);
    g_assert_cmpint(encoding_of_last(b, slot_b, &n_b), ==, 1);
    g_assert_cmpuint(n_b, >=, 100);
    /* Off: nothing more, and ForwardedSources is empty. */
    media_peer_wish(b, 0);
    await_no_video(f, b);
    media_hall_run(&f->hall, 50);
    media_peer_forget_packets(b);
    for (; seq < 120; seq++) {
        send_simulcast(a, 1, seq, false, 3);
        media_hall_run(&f->hall, 10);
    }
    g_assert_cmpuint(media_peer_count(b, slot_b, NULL), ==, 0);
    media_hall_await(&f->hall, c, slot_c, 120);
    g_assert_cmpint(encoding_of_last(c, slot_c, &n_c), ==, 0);
    g_assert_cmpuint(n_c, >=, 110);
}

static void test_video_type(Fixture *f, gconstpointer data)
{
    MediaPeer *a = join(f, "aaaaaaaa"), *b = join(f, "bbbbbbbb");
    simulcast_source(a, 1, 0);
    media_peer_wish(b, 720);
    media_hall_await_video(&f->hall, b);
    for (uint16_t seq = 0; seq < 10; seq++) {
        send_simulcast(a, 1, seq, seq == 0, 3);
        media_hall_run(&f->hall, 10);
    }
    uint32_t slot = media_hall_slot(&f->hall, b, "aaaaaaaa-v0", NULL);
    g_assert_cmpuint(media_hall_await(&f->hall, b, slot, 9), >=, 9);
    WorkerCommand *c = worker_command_new(WORKER_SOURCE_VIDEO_TYPE, f->hall.conference, a->handle, 0);
    g_strlcpy(c->video_type.source, "aaaaaaaa-v0", sizeof(c->video_type.source));
    c->video_type.type = WORKER_VIDEO_NONE;
    post(f, c);
    await_no_video(f, b);
}

static void test_mute(Fixture *f, gconstpointer data)
{
    MediaPeer *a = join(f, "aaaaaaaa"), *b = join(f, "bbbbbbbb");
    simulcast_source(a, 1, AUDIO(1));
    media_hall_settle(&f->hall);
    for (uint16_t seq = 0; seq < 60; seq++) {
        if (seq == 20 || seq == 40) {
            media_hall_run(&f->hall, 50); /* what was sent is through */
            WorkerCommand *c = worker_command_new(WORKER_FORCE_MUTE, f->hall.conference, a->handle, 0);
            c->force_mute.audio = seq == 20;
            post(f, c);
            media_hall_settle(&f->hall);
        }
        send_audio(a, AUDIO(1), seq, 30);
        media_hall_run(&f->hall, 2);
    }
    media_hall_run(&f->hall, 30);
    uint32_t slot = media_hall_slot(&f->hall, b, "aaaaaaaa-a0", NULL);
    g_assert_cmpuint(media_hall_await(&f->hall, b, slot, 40), ==, 40);
    const PeerPacket *last = NULL, *first = NULL;
    media_peer_count(b, slot, &last);
    for (size_t i = 0; !first; i++)
        first = !b->packets[i].rtcp && b->packets[i].view.ssrc == slot ? &b->packets[i] : NULL;
    g_assert_cmpuint(last->view.seq, ==, (uint16_t)(first->view.seq + 39)); /* no hole */
}

static void test_subscription(Fixture *f, gconstpointer data)
{
    MediaPeer *a = join(f, "aaaaaaaa"), *b = join(f, "bbbbbbbb"), *c = join(f, "cccccccc");
    media_peer_sources(a, AUDIO(1), NULL, NULL, 0);
    media_peer_sources(b, AUDIO(2), NULL, NULL, 0);
    WorkerCommand *s = worker_command_new(WORKER_AUDIO_SUBSCRIPTION, f->hall.conference, c->handle, 1);
    s->audio_subscription.all = true;
    g_strlcpy(s->audio_subscription.names[0].name, "aaaaaaaa-a0", sizeof(s->audio_subscription.names[0].name));
    s->audio_subscription.names[0].exclude = true;
    post(f, s);
    media_hall_settle(&f->hall);
    for (uint16_t seq = 0; seq < 40; seq++) {
        if (seq == 20) {
            media_hall_run(&f->hall, 50);
            s = worker_command_new(WORKER_AUDIO_SUBSCRIPTION, f->hall.conference, c->handle, 1);
            g_strlcpy(s->audio_subscription.names[0].name, "aaaaaaaa-a0", sizeof(s->audio_subscription.names[0].name));
            post(f, s);
            media_hall_settle(&f->hall);
        }
        send_audio(a, AUDIO(1), seq, 30);
        send_audio(b, AUDIO(2), seq, 30);
        media_hall_run(&f->hall, 3);
    }
    media_hall_run(&f->hall, 30);
    uint32_t slot_a = media_hall_slot(&f->hall, c, "aaaaaaaa-a0", NULL);
    uint32_t slot_b = media_hall_slot(&f->hall, c, "bbbbbbbb-a0", NULL);
    g_assert_cmpuint(media_hall_await(&f->hall, c, slot_a, 20), ==, 20);
    g_assert_cmpuint(media_hall_await(&f->hall, c, slot_b, 20), ==, 20);
}

static void test_speaker(Fixture *f, gconstpointer data)
{
    MediaPeer *a = join(f, "aaaaaaaa"), *b = join(f, "bbbbbbbb"), *c = join(f, "cccccccc");
    media_peer_sources(a, AUDIO(1), NULL, NULL, 0);
    media_peer_sources(b, AUDIO(2), NULL, NULL, 0);
    media_hall_settle(&f->hall);
    const WorkerEvent *ev = NULL;
    static const char *const turns[] = { "aaaaaaaa", "bbbbbbbb" };
    uint16_t seq = 0;
    for (unsigned turn = 0; turn < G_N_ELEMENTS(turns); turn++) {
        ev = NULL;
        for (int i = 0; i < 1500 && !ev; i++, seq++) {
            bool pause = seq % 8 == 0; /* without pauses it is a noise */
            send_audio(a, AUDIO(1), seq, turn == 0 && !pause ? 15 : 126);
            send_audio(b, AUDIO(2), seq, turn == 1 && !pause ? 10 : 126);
            media_hall_pass(&f->hall, 5);
            ev = media_hall_last(&f->hall, WORKER_EV_DOMINANT_SPEAKER, NULL);
            if (ev && strcmp(ev->speaker.dominant, turns[turn]) != 0)
                ev = NULL;
        }
    }
    g_assert_nonnull(ev);
    g_assert_cmpuint(ev->endpoint, ==, 0);
    g_assert_cmpstr(ev->speaker.dominant, ==, "bbbbbbbb");
    g_assert_cmpuint(ev->n, ==, 1);
    g_assert_cmpstr(ev->speaker.previous[0].id, ==, "aaaaaaaa");
    /* Goes on, or the next silence would give the word back to who has talked longer. */
    for (int i = 0; i < 600; i++, seq++) {
        send_audio(a, AUDIO(1), seq, 126);
        send_audio(b, AUDIO(2), seq, seq % 8 ? 10 : 126);
        media_hall_pass(&f->hall, 5);
    }
    /* Whoever's channel opens later is told alone, with all mappings. */
    media_hall_forget_events(&f->hall);
    post(f, worker_command_new(WORKER_CHANNEL_UP, f->hall.conference, c->handle, 0));
    ev = media_hall_wait(&f->hall, WORKER_EV_DOMINANT_SPEAKER, c, 1000);
    g_assert_nonnull(ev);
    g_assert_cmpstr(ev->speaker.dominant, ==, "bbbbbbbb");
    ev = media_hall_last(&f->hall, WORKER_EV_AUDIO_SLOTS, c);
    g_assert_nonnull(ev);
    g_assert_true(ev->slots.complete);
    g_assert_cmpuint(ev->n, ==, 2);
    g_assert_cmpuint(ev->slots.entries[0].ssrc, !=, ev->slots.entries[1].ssrc);
    g_assert_cmpstr(ev->slots.entries[0].mid, !=, "");
}

/* An SSRC that only ever came before the keys is not lost with them. */
static void test_early(Fixture *f, gconstpointer data)
{
    PeerOptions o = { .profile = SRTP_PROFILE_CM80, .ssrc_rewriting = true };
    MediaPeer *b = join(f, "bbbbbbbb");
    /* A peer whose keys are held back: made without the engine's knowledge of them, then posted. */
    MediaPeer *a = media_hall_add(&f->hall, "aaaaaaaa", &o);
    post(f, worker_command_new(WORKER_ENDPOINT_REMOVE, f->hall.conference, a->handle, 0));
    a->handle += 500;
    WorkerCommand *c = worker_command_new(WORKER_ENDPOINT_CREATE, f->hall.conference, a->handle, 0);
    g_strlcpy(c->endpoint_create.id, a->id, sizeof(c->endpoint_create.id));
    c->endpoint_create.ice = a->bridge;
    c->endpoint_create.ssrc_rewriting = true;
    c->endpoint_create.initial_last_n = -1;
    post(f, c);
    c = worker_command_new(WORKER_REMOTE_ICE, f->hall.conference, a->handle, 0);
    g_strlcpy(c->remote_ice.ufrag, a->ufrag, sizeof(c->remote_ice.ufrag));
    g_strlcpy(c->remote_ice.pwd, a->pwd, sizeof(c->remote_ice.pwd));
    post(f, c);
    c = worker_command_new(WORKER_MEDIA, f->hall.conference, a->handle, 0);
    c->media.n_payloads = 1;
    c->media.payloads[0] =
        (WorkerPayload){ .pt = PEER_PT_OPUS, .kind = WORKER_AUDIO, .codec = CODEC_OPUS, .clock_hz = 48000 };
    c->media.extension_ids[RTP_EXT_AUDIO_LEVEL] = PEER_EXT_LEVEL;
    post(f, c);
    media_peer_sources(a, AUDIO(1), NULL, NULL, 0);
    for (int i = 0; i < 100 && !a->nominated; i++) {
        if (i % 10 == 0)
            media_peer_check(a);
        media_hall_run(&f->hall, 10);
    }
    for (uint16_t seq = 0; seq < 10; seq++)
        send_audio(a, AUDIO(1), seq, 30);
    media_hall_run(&f->hall, 50);
    for (int i = 0; i < 100 && media_hall_snapshot(&f->hall, NULL)->snapshot.totals.rx_rtp < 10; i++)
        media_hall_run(&f->hall, 20);
    g_assert_cmpuint(b->n_packets, ==, 0);
    c = worker_command_new(WORKER_SRTP_KEYS, f->hall.conference, a->handle, 0);
    c->srtp_keys = a->keys;
    post(f, c);
    /* The next command removes its sources: what was replayed must be out by then. */
    post(f, worker_command_new(WORKER_SOURCES, f->hall.conference, a->handle, 0));
    g_assert_cmpuint(media_hall_await(&f->hall, b, 0, 10), ==, 10);
}

static void test_visitor(Fixture *f, gconstpointer data)
{
    PeerOptions o = { .profile = SRTP_PROFILE_GCM128, .ssrc_rewriting = true, .visitor = true };
    MediaPeer *a = join(f, "aaaaaaaa"), *v = media_hall_join(&f->hall, "vvvvvvvv", &o);
    media_peer_sources(a, AUDIO(1), NULL, NULL, 0);
    media_peer_sources(v, AUDIO(2), NULL, NULL, 0);
    media_hall_settle(&f->hall);
    for (uint16_t seq = 0; seq < 10; seq++) {
        send_audio(a, AUDIO(1), seq, 30);
        send_audio(v, AUDIO(2), seq, 30);
    }
    g_assert_cmpuint(media_hall_await(&f->hall, v, 0, 10), ==, 10);
    g_assert_cmpuint(a->n_packets - media_peer_count_rtcp(a, RTCP_PT_RR, -1), ==, 0);
}

static void test_ice_restart(Fixture *f, gconstpointer data)
{
    MediaPeer *a = join(f, "aaaaaaaa"), *b = join(f, "bbbbbbbb");
    media_peer_sources(a, AUDIO(1), NULL, NULL, 0);
    media_hall_settle(&f->hall);
    WorkerCommand *c = worker_command_new(WORKER_ICE_RESTART, f->hall.conference, a->handle, 0);
    c->ice_restart.generation = 1;
    g_assert_true(worker_ice_credentials(0, &c->ice_restart.ice));
    IceCredentials fresh = c->ice_restart.ice;
    post(f, c);
    c = worker_command_new(WORKER_REMOTE_ICE, f->hall.conference, a->handle, 0);
    c->remote_ice.generation = 1;
    g_strlcpy(c->remote_ice.ufrag, "newu", sizeof(c->remote_ice.ufrag));
    g_strlcpy(c->remote_ice.pwd, a->pwd, sizeof(c->remote_ice.pwd));
    post(f, c);
    for (uint16_t seq = 0; seq < 10; seq++)
        send_audio(a, AUDIO(1), seq, 30); /* the old path still counts */
    a->bridge = fresh;
    g_strlcpy(a->ufrag, "newu", sizeof(a->ufrag));
    media_hall_settle(&f->hall);
    media_peer_check(a);
    const WorkerEvent *ev = media_hall_wait(&f->hall, WORKER_EV_ICE_RESTARTED, a, 2000);
    g_assert_nonnull(ev);
    g_assert_cmpuint(ev->ice.generation, ==, 1);
    for (uint16_t seq = 10; seq < 20; seq++)
        send_audio(a, AUDIO(1), seq, 30);
    g_assert_cmpuint(media_hall_await(&f->hall, b, 0, 20), ==, 20);
    /* One that is not the next is refused. */
    c = worker_command_new(WORKER_ICE_RESTART, f->hall.conference, a->handle, 0);
    c->ice_restart.generation = 9;
    g_assert_true(worker_ice_credentials(0, &c->ice_restart.ice));
    post(f, c);
    g_assert_nonnull(media_hall_wait(&f->hall, WORKER_EV_ICE_RESTART_FAILED, a, 1000));
}

/* More speakers than slots: the least recently heard gives way, once the client has had time to follow. */
static void test_many_speakers(Fixture *f, gconstpointer data)
{
    MediaPeer *a = join(f, "aaaaaaaa"), *b = join(f, "bbbbbbbb");
    WorkerCommand *c = worker_command_new(WORKER_SOURCES, f->hall.conference, a->handle, WORKER_SOURCES_MAX);
    for (int i = 0; i < WORKER_SOURCES_MAX; i++) {
        WorkerSource *s = &c->sources.sources[i];
        g_snprintf(s->name, sizeof(s->name), "aaaaaaaa-a%d", i);
        s->kind = WORKER_AUDIO;
        s->n_encodings = 1;
        s->encodings[0].ssrc = AUDIO(i + 1);
    }
    post(f, c);
    media_hall_settle(&f->hall);
    for (uint16_t seq = 0; seq < 5; seq++)
        for (unsigned i = 0; i < WORKER_SOURCES_MAX; i++)
            send_audio(a, AUDIO(i + 1), seq, 30);
    media_hall_await(&f->hall, b, 0, 5 * WORKER_SOURCES_MAX);
    uint32_t seen[WORKER_SOURCES_MAX];
    for (int i = 0; i < WORKER_SOURCES_MAX; i++) {
        char name[32];
        g_snprintf(name, sizeof(name), "aaaaaaaa-a%d", i);
        seen[i] = media_hall_slot(&f->hall, b, name, NULL);
        g_assert_cmpuint(media_peer_count(b, seen[i], NULL), ==, 5);
        for (int k = 0; k < i; k++)
            g_assert_cmpuint(seen[i], !=, seen[k]);
    }
}

static void test_snapshot(Fixture *f, gconstpointer data)
{
    MediaPeer *a = join(f, "aaaaaaaa"), *b = join(f, "bbbbbbbb");
    simulcast_source(a, 1, AUDIO(1));
    media_peer_wish(b, 720);
    media_hall_await_video(&f->hall, b);
    for (uint16_t seq = 0; seq < 30; seq++) {
        send_audio(a, AUDIO(1), seq, 30);
        send_simulcast(a, 1, seq, seq == 0, 3);
        media_hall_run(&f->hall, 5);
    }
    media_hall_await(&f->hall, b, media_hall_slot(&f->hall, b, "aaaaaaaa-v0", NULL), 30);
    media_hall_await(&f->hall, b, media_hall_slot(&f->hall, b, "aaaaaaaa-a0", NULL), 30);
    const WorkerEvent *ev = media_hall_snapshot(&f->hall, NULL);
    unsigned here = GPOINTER_TO_UINT(data) == 1 ? 2 : 1; /* a worker knows of those that live there */
    g_assert_cmpuint(ev->n, ==, here);
    g_assert_cmpstr(ev->snapshot.endpoints[0].id, ==, "aaaaaaaa");
    g_assert_cmpint(ev->snapshot.endpoints[0].ice, ==, WORKER_ICE_SELECTED);
    g_assert_cmpuint(ev->snapshot.endpoints[0].rx_packets, ==, 120);
    g_assert_cmpuint(ev->snapshot.totals.endpoints, ==, here);
    ev = media_hall_snapshot(&f->hall, a);
    g_assert_cmpuint(ev->n, ==, 1);
    g_assert_cmpuint(ev->snapshot.n_streams, ==, 4);
    g_assert_cmpuint(ev->snapshot.streams[0].packets, ==, 30);
    ev = media_hall_snapshot(&f->hall, b);
    g_assert_cmpuint(ev->n, ==, 1);
    g_assert_cmpstr(ev->snapshot.endpoints[0].id, ==, "bbbbbbbb");
    g_assert_cmpuint(ev->snapshot.endpoints[0].tx_packets, >=, 60);
    g_assert_cmpint(ev->snapshot.endpoints[0].bandwidth_bps, >, 0);
    g_assert_cmpuint(ev->snapshot.endpoints[0].slots_video, ==, 1);
    g_assert_cmpuint(ev->snapshot.n_streams, ==, 2);
    g_assert_true(ev->snapshot.streams[0].is_tx);
}

/* Joins, leaves, source changes and packets in any order: nothing to see but that it survives. */
static void test_churn(Fixture *f, gconstpointer data)
{
    PeerOptions o = { .profile = SRTP_PROFILE_GCM128, .ssrc_rewriting = true };
    for (int i = 0; i < 8; i++) {
        char id[16];
        g_snprintf(id, sizeof(id), "peer%04d", i);
        media_hall_join(&f->hall, id, &o);
    }
    uint16_t seq = 0;
    for (int step = 0; step < 400; step++) {
        unsigned n = (unsigned)g_test_rand_int_range(0, 8);
        MediaPeer *p = &f->hall.peers[n];
        switch (g_test_rand_int_range(0, 12)) {
        case 0:
            simulcast_source(p, n, AUDIO(n));
            break;
        case 1:
            media_peer_sources(p, g_test_rand_bit() ? AUDIO(n) : 0, NULL, NULL, 0);
            break;
        case 2:
            media_peer_wish(p, g_test_rand_bit() ? 720 : 0);
            break;
        case 3:
            post(f, worker_command_new(WORKER_CHANNEL_UP, f->hall.conference, p->handle, 0));
            break;
        case 4: {
            WorkerCommand *c = worker_command_new(WORKER_SRTP_KEYS, f->hall.conference, p->handle, 0);
            c->srtp_keys = p->keys;
            post(f, c);
            break;
        }
        case 5:
            if (step > 300)
                post(f, worker_command_new(WORKER_ENDPOINT_REMOVE, f->hall.conference, p->handle, 0));
            break;
        case 6: {
            uint8_t nack[32];
            uint16_t missing = (uint16_t)g_test_rand_int();
            uint32_t slot = media_hall_slot(&f->hall, p, "peer0001-v0", NULL);
            media_peer_send_rtcp(p, nack, rtcp_nack_build(nack, sizeof(nack), 1, slot, &missing, 1));
            media_peer_send_rtcp(p, nack, rtcp_pli_build(nack, sizeof(nack), 1, slot));
            break;
        }
        default:
            for (int i = 0; i < 3; i++, seq++) {
                send_audio(p, AUDIO(n), seq, 30);
                send_simulcast(p, n, seq, g_test_rand_int_range(0, 5) == 0, 3);
            }
        }
        media_hall_run(&f->hall, 2);
        if (f->hall.n_events > HALL_EVENTS / 2)
            media_hall_forget_events(&f->hall);
    }
    post(f, worker_command_new(WORKER_CONFERENCE_REMOVE, f->hall.conference, 0, 0));
    media_hall_run(&f->hall, 30);
    WorkerTotals t = media_hall_totals(&f->hall);
    g_assert_cmpuint(t.endpoints, ==, 0);
    g_assert_cmpuint(t.conferences, ==, 0);
    g_assert_cmpuint(t.pool_in_use, <=, 64 * GPOINTER_TO_UINT(data));
}

#define FLOW(name, function) ON(1, "", name, function)
#define ON(n, prefix, name, function)                                                                                  \
    g_test_add("/media state/" prefix name, Fixture, GUINT_TO_POINTER(n), set_up, function, tear_down)
#define SPREAD(n, name, function) ON(n, "spread " #n "/", name, function)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    FLOW("simulcast", test_simulcast);
    FLOW("video type", test_video_type);
    FLOW("forced mute", test_mute);
    FLOW("audio subscription", test_subscription);
    FLOW("dominant speaker", test_speaker);
    FLOW("early packets", test_early);
    FLOW("visitor", test_visitor);
    FLOW("ice restart", test_ice_restart);
    FLOW("many speakers", test_many_speakers);
    FLOW("snapshot", test_snapshot);
    FLOW("churn", test_churn);
    SPREAD(2, "simulcast", test_simulcast);
    SPREAD(2, "video type", test_video_type);
    SPREAD(2, "forced mute", test_mute);
    SPREAD(2, "audio subscription", test_subscription);
    SPREAD(2, "dominant speaker", test_speaker);
    SPREAD(2, "visitor", test_visitor);
    SPREAD(2, "many speakers", test_many_speakers);
    SPREAD(2, "snapshot", test_snapshot);
    SPREAD(2, "churn", test_churn);
    SPREAD(3, "simulcast", test_simulcast);
    SPREAD(3, "video type", test_video_type);
    SPREAD(3, "forced mute", test_mute);
    SPREAD(3, "audio subscription", test_subscription);
    SPREAD(3, "dominant speaker", test_speaker);
    SPREAD(3, "visitor", test_visitor);
    SPREAD(3, "many speakers", test_many_speakers);
    SPREAD(3, "snapshot", test_snapshot);
    SPREAD(3, "churn", test_churn);
    return g_test_run();
}
