/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a receiver does not get a stream, or less of it than there is, as the snapshot tells: each reason is brought
 * about in the engine. A reason without a case here, or without a word in the manual, fails. */
#include "bridge/tx/tx_allocate.h"
#include "bridge/worker_snapshot.h"
#include "common/rtp/rtp_write.h"
#include "tests/unit/media/film_kit.h"

#include <string.h>

static void expect(Engine *f, const char *source, ForwardReason reason)
{
    WorkerCommand *ask = worker_command_new(WORKER_SNAPSHOT, 1, 11, 0);
    WorkerEvent *ev;
    const char *found = "not listed";
    unsigned times = 0;
    ask->snapshot.streams = true;
    engine_drain(f, WORKER_EV_SNAPSHOT);
    worker_snapshot(&f->w, f->conference, ask, f->w.now_us);
    worker_command_free(ask);
    while (mailbox_take(f->group.events, &ev)) {
        for (size_t i = 0; ev->type == WORKER_EV_SNAPSHOT && i < ev->snapshot.n_streams; i++) {
            const WorkerStreamStats *s = &ev->snapshot.streams[i];
            if (!s->is_tx || strcmp(s->name, source) != 0)
                continue;
            found = forward_reason_name(s->reason);
            times++;
        }
        worker_event_free(ev);
    }
    g_assert_cmpstr(found, ==, forward_reason_name(reason));
    g_assert_cmpuint(times, ==, 1);
}

/* Of c0-v0. */
static int target(Engine *f)
{
    const MediaSource *s = media_endpoint_find_source(f->client[0].ep, "c0-v0");
    return f->client[1].ep->tx->by_source[s->index].video->target;
}

/* ---- a case for each ---- */

static void case_ok(Engine *f)
{
    film_wish(f, 720, -1, ALLOC_UNLIMITED);
    film_begin(f, FILM_ENCODINGS);
    expect(f, "c0-v0", FORWARD_OK);
    engine_speak(f, 0, 1);
    expect(f, "c0-a0", FORWARD_OK);
    film_wish(f, ALLOC_UNLIMITED, -1, ALLOC_UNLIMITED);
    expect(f, "c0-v0", FORWARD_OK);
}

static void case_cap(Engine *f)
{
    film_wish(f, 0, -1, ALLOC_UNLIMITED);
    expect(f, "c0-v0", FORWARD_CAP);
    film_wish(f, 180, -1, ALLOC_UNLIMITED);
    Film m = film_begin(f, FILM_ENCODINGS);
    expect(f, "c0-v0", FORWARD_CAP); /* something flows: less than there is */
    m.sending = 1;
    film_seconds(&m, 6);
    expect(f, "c0-v0", FORWARD_OK); /* the sender has stopped making what nobody wants */

    WorkerCommand *c = worker_command_new(WORKER_AUDIO_SUBSCRIPTION, 1, 11, 1);
    c->audio_subscription.all = true;
    g_strlcpy(c->audio_subscription.names[0].name, "c0-a0", sizeof(c->audio_subscription.names[0].name));
    c->audio_subscription.names[0].exclude = true;
    media_endpoint_set_audio_wishes(f->client[1].ep, c);
    expect(f, "c0-a0", FORWARD_CAP); /* before its first packet, and after it */
    engine_speak(f, 0, 1);
    expect(f, "c0-a0", FORWARD_CAP);
}

static void case_bandwidth(Engine *f)
{
    film_wish(f, 720, -1, 40000);
    Film m = film_begin(f, FILM_ENCODINGS);
    expect(f, "c0-v0", FORWARD_BANDWIDTH);
    g_assert_cmpint(target(f), >=, 0);
    g_assert_cmpint(LAYER_EID(target(f)), ==, 0); /* the smallest picture */
    film_wish(f, 720, -1, 1000);
    film_seconds(&m, 1);
    expect(f, "c0-v0", FORWARD_BANDWIDTH);
    g_assert_cmpint(target(f), ==, LAYER_SUSPENDED);
    film_wish(f, 720, -1, ALLOC_UNLIMITED);
    film_show(&m, true);
    expect(f, "c0-v0", FORWARD_OK);
}

/* The same by an estimate instead of an assumption. */
static void case_bandwidth_estimated(Engine *f)
{
    f->group.config.trust_bwe = true;
    f->group.config.start_bps = 40000;
    film_wish(f, 720, -1, -1);
    film_begin(f, FILM_ENCODINGS);
    g_assert_true(f->client[1].ep->tx->estimate_rules);
    expect(f, "c0-v0", FORWARD_BANDWIDTH);
}

/* More than before comes in, to which nobody looks in particular: it is seen only when it lasts. */
static void case_hold(Engine *f)
{
    film_wish(f, 720, -1, ALLOC_UNLIMITED);
    Film m = film_begin(f, 1);
    film_seconds(&m, LAYER_HOLD_WISH_US / 1000000 + 1);
    film_allocate(f);
    expect(f, "c0-v0", FORWARD_OK);
    m.sending = FILM_ENCODINGS;
    film_show(&m, true);
    film_seconds(&m, 1);
    film_allocate(f);
    expect(f, "c0-v0", FORWARD_HOLD);
    g_assert_cmpint(LAYER_EID(target(f)), ==, 0);
    film_seconds(&m, LAYER_HOLD_TILE_US / 1000000);
    film_allocate(f);
    film_show(&m, true);
    expect(f, "c0-v0", FORWARD_OK);
    g_assert_cmpint(LAYER_EID(target(f)), ==, FILM_ENCODINGS - 1);
}

static void case_last_n(Engine *f)
{
    film_wish(f, 720, 0, ALLOC_UNLIMITED);
    film_begin(f, FILM_ENCODINGS);
    expect(f, "c0-v0", FORWARD_LAST_N);
}

/* The bridge's own limits: for conferences of three videos (there are two besides the receiver's), and because of load. */
static void test_bridge_last_n(Engine *f, gconstpointer unused)
{
    film_wish(f, 720, -1, ALLOC_UNLIMITED);
    film_begin(f, FILM_ENCODINGS);
    expect(f, "c0-v0", FORWARD_OK);
    f->group.config.last_n_limits[0] = (LastNStep){ .size = 4, .last_n = 0 };
    f->group.config.n_last_n_limits = 1;
    film_allocate(f);
    expect(f, "c0-v0", FORWARD_OK);
    f->group.config.last_n_limits[0] = (LastNStep){ .size = 3, .last_n = 1 };
    film_allocate(f);
    expect(f, "c0-v1", FORWARD_LAST_N);
    g_assert_cmpint(target(f), >=, 0);
    f->group.config.n_last_n_limits = 0;
    film_allocate(f);
    expect(f, "c0-v1", FORWARD_NO_PACKETS);
    workers_limit_last_n(&f->group, 1);
    film_allocate(f);
    expect(f, "c0-v1", FORWARD_LAST_N);
    g_assert_cmpint(target(f), >=, 0);
    g_assert_cmpuint(f->w.totals.most_forwarded, ==, 1); /* as the snapshot says that was just made */
    workers_limit_last_n(&f->group, 0);
    film_allocate(f);
    expect(f, "c0-v1", FORWARD_NO_PACKETS);
}

/* A screen on stage goes beyond the estimate, unless the operator does not want that. */
static void test_oversend(Engine *f, gconstpointer unused)
{
    media_source_set_video_type(media_endpoint_find_source(f->client[0].ep, "c0-v0"), WORKER_VIDEO_DESKTOP);
    WorkerCommand *w = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, 1);
    w->video_constraints.last_n = -1;
    w->video_constraints.default_max_height = 720;
    w->video_constraints.default_max_fps = -1;
    w->video_constraints.assumed_bandwidth_bps = 100000;
    g_strlcpy(w->video_constraints.constraints[0].name, "c0-v0", sizeof(w->video_constraints.constraints[0].name));
    w->video_constraints.constraints[0].on_stage = true;
    media_endpoint_set_wishes(f->client[1].ep, w);
    Film m = film_begin(f, FILM_ENCODINGS);
    g_assert_cmpint(LAYER_EID(target(f)), ==, 2);
    g_assert_true(f->client[1].ep->tx->result.oversending);
    f->group.config.no_oversend = true;
    film_allocate(f);
    film_show(&m, true);
    g_assert_cmpint(LAYER_EID(target(f)), ==, 1);
    g_assert_false(f->client[1].ep->tx->result.oversending);
}

static void case_sender_muted(Engine *f)
{
    film_wish(f, 720, -1, ALLOC_UNLIMITED);
    Film m = film_begin(f, FILM_ENCODINGS);
    engine_speak(f, 0, 1);
    media_endpoint_set_mute(f->client[0].ep, true, true); /* by a moderator */
    film_allocate(f);
    film_seconds(&m, 1);
    expect(f, "c0-v0", FORWARD_SENDER_MUTED);
    expect(f, "c0-a0", FORWARD_SENDER_MUTED);
    media_endpoint_set_mute(f->client[0].ep, false, false);
    film_allocate(f);
    film_show(&m, true);
    expect(f, "c0-v0", FORWARD_OK);
    media_source_set_video_type(media_endpoint_find_source(f->client[0].ep, "c0-v0"), WORKER_VIDEO_NONE);
    film_allocate(f);
    expect(f, "c0-v0", FORWARD_SENDER_MUTED); /* by himself */
}

static void case_waiting_keyframe(Engine *f)
{
    Film m = { .f = f, .sending = 1 };
    film_wish(f, 180, -1, ALLOC_UNLIMITED);
    film_seconds(&m, 1);
    expect(f, "c0-v0", FORWARD_WAITING_KEYFRAME);
    m = film_begin(f, FILM_ENCODINGS);
    expect(f, "c0-v0", FORWARD_CAP);
    film_wish(f, 720, -1, ALLOC_UNLIMITED);
    film_seconds(&m, 1);
    expect(f, "c0-v0", FORWARD_WAITING_KEYFRAME); /* the small picture flows meanwhile */
    film_show(&m, true);
    expect(f, "c0-v0", FORWARD_OK);
}

static void case_no_packets(Engine *f)
{
    film_wish(f, 720, -1, ALLOC_UNLIMITED);
    expect(f, "c0-v0", FORWARD_NO_PACKETS);
    expect(f, "c0-a0", FORWARD_NO_PACKETS);
    film_begin(f, FILM_ENCODINGS);
    engine_speak(f, 0, 1);
    f->w.now_us += PROJECTION_IDLE_US + 100000;
    expect(f, "c0-v0", FORWARD_NO_PACKETS);
    expect(f, "c0-a0", FORWARD_NO_PACKETS);
}

/* Rewritten SSRCs, one of each kind: the second source has none, until the first may be taken off its own. */
static void case_unmapped(Engine *f)
{
    MediaEndpoint *ep = f->client[1].ep;
    uint8_t header[12];
    SrtpStream srtp = { 0 };
    RtpHeader h = { .pt = OPUS_PT, .seq = 1, .ssrc = AUDIO_SSRC(100) };
    expect(f, "c0-v0", FORWARD_UNMAPPED); /* nothing was allocated yet */
    tx_state_free(ep->tx);
    ep->ssrc_rewriting = ep->mid = true;
    ep->tx = tx_state_new(ep, f->w.now_us);
    ep->tx->slots[WORKER_VIDEO]->limit = ep->tx->slots[WORKER_AUDIO]->limit = 1;
    film_wish(f, 720, -1, ALLOC_UNLIMITED);
    film_begin(f, FILM_ENCODINGS);
    expect(f, "c0-v0", FORWARD_OK);
    expect(f, "c0-v1", FORWARD_UNMAPPED);
    g_assert_cmpuint(f->w.totals.limits[WORKER_LIMIT_SLOTS], >, 0);
    engine_speak(f, 0, 1);
    uint64_t before = f->w.totals.limits[WORKER_LIMIT_SLOTS];
    size_t n = rtp_header_write(header, sizeof(header), &h, NULL, 0, false);
    engine_give_rtp(f, 0, &srtp, header, n, "voice", 5);
    g_assert_cmpuint(f->w.totals.limits[WORKER_LIMIT_SLOTS], ==, before + 1);
    expect(f, "c0-a0", FORWARD_OK);
    expect(f, "c0-a1", FORWARD_UNMAPPED);
}

static void case_quiet(Engine *f)
{
    for (uint16_t seq = 1; seq < 200; seq++)
        engine_speak_as(f, 0, OPUS_PT, 127, seq);
    expect(f, "c0-a0", FORWARD_QUIET);
    engine_speak(f, 0, 200);
    expect(f, "c0-a0", FORWARD_OK);
    f->group.config.loudest = 1;
    engine_speak_as(f, 1, OPUS_PT, 10, 1);
    for (uint16_t seq = 1; seq < 200; seq++) {
        engine_speak_as(f, 1, OPUS_PT, 10, seq);
        engine_speak_as(f, 0, OPUS_PT, 60, (uint16_t)(200 + seq));
    }
    expect(f, "c0-a0", FORWARD_QUIET);
}

static void case_codec(Engine *f)
{
    WorkerMedia media;
    engine_describe(&media, LEVEL_ID);
    media.n_payloads = 0;
    media_endpoint_set_media(f->client[1].ep, &media);
    film_wish(f, 720, -1, ALLOC_UNLIMITED);
    film_begin(f, FILM_ENCODINGS);
    engine_speak(f, 0, 1);
    expect(f, "c0-v0", FORWARD_CODEC);
    expect(f, "c0-a0", FORWARD_CODEC);
}

static void case_not_connected(Engine *f)
{
    film_wish(f, 720, -1, ALLOC_UNLIMITED);
    f->client[1].ep->ready = false; /* as before the handshake */
    film_begin(f, FILM_ENCODINGS);
    expect(f, "c0-v0", FORWARD_NOT_CONNECTED);
    expect(f, "c0-a0", FORWARD_NOT_CONNECTED);
}

static void (*const cases[])(Engine *) = {
    [FORWARD_OK] = case_ok,
    [FORWARD_CAP] = case_cap,
    [FORWARD_BANDWIDTH] = case_bandwidth,
    [FORWARD_HOLD] = case_hold,
    [FORWARD_LAST_N] = case_last_n,
    [FORWARD_SENDER_MUTED] = case_sender_muted,
    [FORWARD_WAITING_KEYFRAME] = case_waiting_keyframe,
    [FORWARD_NO_PACKETS] = case_no_packets,
    [FORWARD_UNMAPPED] = case_unmapped,
    [FORWARD_QUIET] = case_quiet,
    [FORWARD_CODEC] = case_codec,
    [FORWARD_NOT_CONNECTED] = case_not_connected,
};
G_STATIC_ASSERT(G_N_ELEMENTS(cases) == FORWARD_REASONS);

static void test_case(Engine *f, gconstpointer reason)
{
    cases[GPOINTER_TO_INT(reason)](f);
}

static void test_estimated(Engine *f, gconstpointer unused)
{
    case_bandwidth_estimated(f);
}

/* What an operator sees has its line in the manual. */
static void test_manual(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "doc", "man", "plenum-bridge.8", NULL), *page = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &page, NULL, &error);
    g_assert_no_error(error);
    for (int i = 0; i < FORWARD_REASONS; i++) {
        g_autofree char *entry = g_strdup_printf(".TP\n.B %s\n", forward_reason_name((ForwardReason)i));
        g_assert_nonnull(strstr(page, entry));
    }
    g_assert_cmpstr(forward_reason_name(FORWARD_REASONS), ==, "unknown");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (int i = 0; i < FORWARD_REASONS; i++) {
        g_assert_nonnull(cases[i]);
        g_autofree char *path = g_strdup_printf("/media/reasons/%s", forward_reason_name((ForwardReason)i));
        g_test_add(path, Engine, GINT_TO_POINTER(i), film_set_up, test_case, engine_tear_down);
    }
    g_test_add("/media/reasons/bandwidth-estimated", Engine, NULL, film_set_up, test_estimated, engine_tear_down);
    g_test_add("/media/reasons/oversend", Engine, NULL, film_set_up, test_oversend, engine_tear_down);
    g_test_add("/media/reasons/bridge-last-n", Engine, NULL, film_set_up, test_bridge_last_n, engine_tear_down);
    g_test_add_func("/media/reasons/manual", test_manual);
    return g_test_run();
}
