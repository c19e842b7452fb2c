/* SPDX-License-Identifier: Apache-2.0
 *
 * One conference on several workers, piece by piece and without threads: what crosses between shares, what happens
 * when there is no room, who is told what when shares come and go, and where newcomers are placed. */
#include "bridge/media_share.h"
#include "bridge/worker_spread.h"
#include "tests/unit/media/engine_kit.h"

#include <string.h>

#define RING 8
#define ELSEWHERE 99 /* an endpoint of the other worker */

typedef struct {
    Engine e;
    Worker other;
} Two;

/* The engine's worker is the home; the other one is only its rings. */
static void set_up(Two *t, gconstpointer unused)
{
    engine_set_up(&t->e, NULL);
    memset(&t->other, 0, sizeof(t->other));
    t->e.group.workers[1] = &t->other;
    t->e.group.count = 2;
    t->other.index = 1;
    t->other.shared = mailbox_new(sizeof(ShareItem), RING);
    t->e.w.shared = mailbox_new(sizeof(ShareItem), 64);
    t->e.w.inbox = mailbox_new(sizeof(WorkerCommand *), 64);
}

static void tear_down(Two *t, gconstpointer unused)
{
    media_share_set(t->e.conference, 1);
    media_share_drain(&t->other);
    packet_pool_fetch(&t->e.w.pool);
    engine_tear_down(&t->e, NULL);
    mailbox_free(t->other.shared);
    mailbox_free(t->e.w.shared);
    mailbox_free(t->e.w.inbox);
}

/* Takes what was handed to the other worker; packets are given back. Returns how many of that type. */
static unsigned take(Two *t, ShareItemType type, ShareItem *last)
{
    ShareItem item;
    unsigned n = 0;
    while (mailbox_take(t->other.shared, &item)) {
        if (item.type == SHARE_PACKET)
            packet_leave(&t->e.w.pool, item.packet);
        if (item.type == SHARE_SPEECH)
            free(item.speech);
        if (item.type != type)
            continue;
        n++;
        if (last)
            *last = item;
    }
    return n;
}

static void open_share(Two *t)
{
    media_share_set(t->e.conference, 3);
    take(t, SHARE_PACKET, NULL);
}

/* An item from the other worker. */
static void from_other(Two *t, ShareItem item)
{
    item.from = 1;
    item.conference = 1;
    g_assert_true(mailbox_post(t->e.w.shared, &item));
    int64_t now_us = t->e.w.now_us;
    worker_on_shared(&t->e.w);
    send_batch_flush(t->e.w.batch);
    t->e.w.now_us = now_us;
}

static MediaSource *source(Two *t, unsigned client, WorkerKind kind)
{
    for (uint32_t i = 0; i < t->e.client[client].ep->n_sources; i++)
        if (t->e.client[client].ep->sources[i]->kind == kind)
            return t->e.client[client].ep->sources[i];
    g_assert_not_reached();
}

/* Nobody waits for a ring that is full, and nobody here misses anything for it. */
static void test_full_ring(Two *t, gconstpointer unused)
{
    RtpView v;
    unsigned heard = 0;
    open_share(t);
    uint32_t used = t->e.w.pool.used;
    for (uint16_t seq = 1; seq <= 20; seq++) {
        engine_speak(&t->e, 0, seq);
        heard += engine_hear(&t->e, 1, &v);
    }
    g_assert_cmpuint(heard, ==, 20);
    g_assert_cmpuint(t->e.w.totals.shared_out, ==, RING);
    g_assert_cmpuint(t->e.w.totals.drops[WORKER_DROP_SHARE], ==, 20 - RING);
    packet_pool_fetch(&t->e.w.pool);
    g_assert_cmpuint(t->e.w.pool.used, ==, used + RING); /* the refused ones are back already */
    g_assert_cmpuint(take(t, SHARE_PACKET, NULL), ==, RING);
    packet_pool_fetch(&t->e.w.pool);
    g_assert_cmpuint(t->e.w.pool.used, ==, used);
    /* There is room again. */
    engine_speak(&t->e, 0, 21);
    g_assert_cmpuint(take(t, SHARE_PACKET, NULL), ==, 1);
}

static void test_packet_as_it_came(Two *t, gconstpointer unused)
{
    ShareItem item;
    open_share(t);
    engine_speak(&t->e, 0, 500);
    g_assert_true(mailbox_take(t->other.shared, &item));
    g_assert_cmpuint(item.type, ==, SHARE_PACKET);
    g_assert_cmpuint(item.endpoint, ==, t->e.client[0].ep->handle);
    g_assert_cmpuint(item.ssrc, ==, AUDIO_SSRC(0));
    const MediaPacket *m = &item.packet->media;
    g_assert_true(m->data >= item.packet->data && m->data + m->len <= item.packet->data + PACKET_ROOM);
    g_assert_cmpuint(m->view.seq, ==, 500);
    g_assert_cmpuint(m->view.payload_len, ==, 40);
    g_assert_cmpuint(m->audio_level, ==, 30);
    g_assert_cmpmem(m->data + m->view.payload_off, 3, ((uint8_t[]){ 1, 2, 3 }), 3);
    packet_leave(&t->e.w.pool, item.packet);
    /* Video is handed over only when somebody there wants it, audio of a muted endpoint never. */
    g_assert_cmpuint(source(t, 0, WORKER_VIDEO)->shares, ==, 0);
    media_endpoint_set_mute(t->e.client[0].ep, true, false);
    engine_speak(&t->e, 0, 501);
    g_assert_cmpuint(take(t, SHARE_PACKET, NULL), ==, 0);
}

static void test_wishes(Two *t, gconstpointer unused)
{
    EngineClient *c = &t->e.client[0];
    MediaSource *s = source(t, 0, WORKER_VIDEO);
    ShareItem demand = { .type = SHARE_DEMAND, .endpoint = c->ep->handle, .ssrc = VIDEO_SSRC(0), .max_height = 360 };
    /* From a worker that has no share: nothing. */
    from_other(t, demand);
    g_assert_cmpuint(s->shares, ==, 0);
    open_share(t);
    engine_drain(&t->e, WORKER_EV_SNAPSHOT);
    from_other(t, demand);
    g_assert_cmpuint(s->shares, ==, 2);
    g_assert_cmpint(s->told_height, ==, 360);
    from_other(t, demand); /* repeated every second: told once */
    g_assert_cmpuint(engine_drain(&t->e, WORKER_EV_SOURCE_CONSTRAINTS), ==, 1);
    demand.max_height = 0;
    from_other(t, demand);
    g_assert_cmpuint(s->shares, ==, 0);
    g_assert_cmpint(s->told_height, ==, 0);
    /* The share goes: so does its wish. */
    demand.max_height = -1;
    from_other(t, demand);
    g_assert_cmpint(s->told_height, ==, -1);
    media_share_set(t->e.conference, 1);
    g_assert_cmpint(s->told_height, ==, 0);
    g_assert_cmpuint(s->shares, ==, 0);
    g_assert_cmpuint(source(t, 0, WORKER_AUDIO)->shares, ==, 0);
}

static void test_keyframe(Two *t, gconstpointer unused)
{
    ShareItem ask = { .type = SHARE_KEYFRAME, .endpoint = t->e.client[0].ep->handle, .ssrc = VIDEO_SSRC(0) };
    open_share(t);
    engine_count_rtcp(&t->e, 0);
    from_other(t, ask);
    from_other(t, ask); /* the limit is the source's, whoever asks */
    g_assert_cmpuint(engine_count_rtcp(&t->e, 0), ==, 1);
}

/* Control posts to the worker of a source first; its ring may be read before its inbox all the same. */
static void test_wish_before_word(Two *t, gconstpointer unused)
{
    WorkerCommand *shares = worker_command_new(WORKER_SHARES, 1, 0, 0);
    shares->shares = 3;
    g_assert_true(mailbox_post(t->e.w.inbox, &shares));
    from_other(
        t, (ShareItem){
               .type = SHARE_DEMAND, .endpoint = t->e.client[0].ep->handle, .ssrc = VIDEO_SSRC(0), .max_height = 720 });
    g_assert_cmpuint(source(t, 0, WORKER_VIDEO)->shares, ==, 2);
}

/* Loudness of a packet that stays here, and one who was asked for by name there. */
static void test_loudest(Two *t, gconstpointer unused)
{
    RtpView v;
    ShareItem item;
    open_share(t);
    t->e.group.config.loudest = 1;
    for (uint16_t seq = 1; seq < 10; seq++) {
        engine_speak_as(&t->e, 0, OPUS_PT, 10, seq);
        engine_speak_as(&t->e, 1, OPUS_PT, 60, seq);
        take(t, SHARE_PACKET, NULL);
    }
    while (engine_hear(&t->e, 0, &v))
        ;
    engine_speak_as(&t->e, 1, OPUS_PT, 60, 10);
    g_assert_false(engine_hear(&t->e, 0, &v));
    g_assert_cmpuint(take(t, SHARE_LEVEL, &item), ==, 1);
    g_assert_cmpuint(item.level, ==, 60);
    from_other(t, (ShareItem){ .type = SHARE_SUBSCRIBED,
                               .endpoint = t->e.client[1].ep->handle,
                               .ssrc = AUDIO_SSRC(1),
                               .subscribed = true });
    engine_speak_as(&t->e, 1, OPUS_PT, 60, 11);
    g_assert_cmpuint(take(t, SHARE_PACKET, NULL), ==, 1);
    from_other(t,
               (ShareItem){ .type = SHARE_SUBSCRIBED, .endpoint = t->e.client[1].ep->handle, .ssrc = AUDIO_SSRC(1) });
    engine_speak_as(&t->e, 1, OPUS_PT, 60, 12);
    g_assert_cmpuint(take(t, SHARE_PACKET, NULL), ==, 0);
}

/* What a mirror's packets do here, and items about what is not here. */
static void test_mirror(Two *t, gconstpointer unused)
{
    RtpView v;
    WorkerCommand *mirror = worker_command_new(WORKER_MIRROR, 1, ELSEWHERE, 0);
    g_strlcpy(mirror->mirror.id, "elsewhere", sizeof(mirror->mirror.id));
    mirror->mirror.worker = 1;
    MediaEndpoint *ep = media_endpoint_new_mirror(t->e.conference, mirror);
    worker_command_free(mirror);
    g_assert_nonnull(ep);
    WorkerSource s = {
        .name = "elsewhere-a0", .kind = WORKER_AUDIO, .n_encodings = 1, .encodings = { { .ssrc = 77 } }
    };
    media_endpoint_set_sources(ep, &s, 1);
    open_share(t);

    /* A packet made here plays the other worker's. */
    engine_speak(&t->e, 0, 1);
    ShareItem item;
    g_assert_true(mailbox_take(t->other.shared, &item));
    while (engine_hear(&t->e, 1, &v))
        ;
    PacketPool *pool = &t->e.w.pool, theirs;
    packet_pool_init(&theirs, 128);
    t->other.pool = theirs;
    for (int i = 0; i < 3; i++) {
        Packet *p = packet_new(&t->other.pool);
        *p = (Packet){ .slab = p->slab, .refs = 1, .len = item.packet->len, .now_us = item.packet->now_us };
        memcpy(p->data, item.packet->data, PACKET_ROOM);
        p->media = item.packet->media;
        p->media.data = p->data + (item.packet->media.data - item.packet->data);
        p->media.seq = 100 + i;
        atomic_store(&p->readers, 1);
        /* ours; of a conference not here; of an SSRC not there */
        ShareItem given = { .type = SHARE_PACKET, .endpoint = ELSEWHERE, .ssrc = i == 2 ? 78 : 77, .packet = p };
        if (i == 1)
            given.endpoint = ELSEWHERE + 1;
        from_other(t, given);
    }
    packet_leave(pool, item.packet);
    for (unsigned to = 0; to < CLIENTS; to++) {
        g_assert_true(engine_hear(&t->e, to, &v));
        g_assert_cmpuint(v.payload_len, ==, 40);
        g_assert_false(engine_hear(&t->e, to, &v));
    }
    g_assert_cmpuint(take(t, SHARE_PACKET, NULL), ==, 0); /* it is not handed on */
    packet_pool_fetch(&t->other.pool);
    g_assert_cmpuint(t->other.pool.used, ==, 0);
    packet_pool_clear(&t->other.pool);
    media_endpoint_free(ep);
    from_other(t, (ShareItem){ .type = SHARE_LEVEL, .endpoint = ELSEWHERE, .ssrc = 77 });
    from_other(t, (ShareItem){ .type = SHARE_CONNECTED, .endpoint = ELSEWHERE });
    from_other(t, (ShareItem){ .type = SHARE_REPORT, .endpoint = ELSEWHERE, .ssrc = 77 });
}

/* ---- boxes without room ---- */

static void test_events_wait(Two *t, gconstpointer unused)
{
    Worker *w = &t->e.w;
    Mailbox *big = t->e.group.events;
    uint64_t lost = w->totals.drops[WORKER_DROP_MAILBOX];
    t->e.group.events = mailbox_new(sizeof(WorkerEvent *), 2);
    for (int64_t i = 0; i < 7; i++) {
        WorkerEvent *ev =
            worker_event_new(w, i == 4 ? WORKER_EV_DTLS : WORKER_EV_ICE_FAILED, NULL, t->e.client[0].ep, 0);
        ev->ice.generation = (uint32_t)i;
        worker_emit(w, ev);
    }
    g_assert_cmpuint(w->n_unsent, ==, 4);
    g_assert_cmpuint(w->totals.drops[WORKER_DROP_MAILBOX], ==, lost + 1); /* the datagram */
    static const uint32_t order[] = { 0, 1, 2, 3, 5, 6 };
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        WorkerEvent *ev;
        g_assert_true(mailbox_take(t->e.group.events, &ev));
        g_assert_cmpuint(ev->ice.generation, ==, order[i]);
        worker_event_free(ev);
        worker_emit_unsent(w);
    }
    g_assert_cmpuint(w->n_unsent, ==, 0);
    mailbox_free(t->e.group.events);
    t->e.group.events = big;
}

/* ---- routes ---- */

typedef struct {
    Workers *group;
} Posts;

static void posts_set_up(Posts *p, gconstpointer room)
{
    p->group = g_new0(Workers, 1);
    p->group->count = 3;
    for (unsigned i = 0; i < 3; i++) {
        p->group->workers[i] = g_new0(Worker, 1);
        p->group->workers[i]->inbox = mailbox_new(sizeof(WorkerCommand *), GPOINTER_TO_UINT(room));
    }
}

static char *taken(Posts *p, unsigned worker)
{
    static const char *const names[WORKER_COMMANDS] = {
        [WORKER_CONFERENCE_CREATE] = "conference",
        [WORKER_CONFERENCE_REMOVE] = "end",
        [WORKER_ENDPOINT_CREATE] = "create",
        [WORKER_ENDPOINT_REMOVE] = "remove",
        [WORKER_SOURCES] = "sources",
        [WORKER_FORCE_MUTE] = "mute",
        [WORKER_SOURCE_VIDEO_TYPE] = "type",
        [WORKER_MIRROR] = "mirror",
        [WORKER_SHARES] = "shares",
        [WORKER_CHANNEL_UP] = "up",
    };
    GString *text = g_string_new(NULL);
    WorkerCommand *c;
    while (mailbox_take(p->group->workers[worker]->inbox, &c)) {
        g_string_append_printf(text, "%s%s", text->len ? " " : "", names[c->type]);
        if (c->type == WORKER_SHARES)
            g_string_append_printf(text, "=%x", c->shares);
        else if (c->endpoint)
            g_string_append_printf(text, "-%u", (unsigned)c->endpoint);
        worker_command_free(c);
    }
    return g_string_free(text, FALSE);
}

static void posts_tear_down(Posts *p, gconstpointer room)
{
    workers_drop_kept(p->group);
    worker_routes_clear(&p->group->routes);
    for (unsigned i = 0; i < 3; i++) {
        g_free(taken(p, i));
        mailbox_free(p->group->workers[i]->inbox);
        g_free(p->group->workers[i]);
    }
    g_free(p->group);
}

static bool post(Posts *p, unsigned worker, WorkerCommandType type, uint64_t endpoint)
{
    return workers_post(p->group, worker, worker_command_new(type, 5, endpoint, type == WORKER_SOURCES ? 1 : 0));
}

#define EXPECT(p, worker, text)                                                                                        \
    do {                                                                                                               \
        g_autofree char *got = taken(p, worker);                                                                       \
        g_assert_cmpstr(got, ==, text);                                                                                \
    } while (0)

static void test_routes(Posts *p, gconstpointer unused)
{
    g_assert_true(post(p, 1, WORKER_CONFERENCE_CREATE, 0));
    g_assert_false(post(p, 1, WORKER_CONFERENCE_CREATE, 0)); /* there already */
    g_assert_true(post(p, 1, WORKER_ENDPOINT_CREATE, 1));
    g_assert_true(post(p, 1, WORKER_SOURCES, 1));
    g_assert_true(post(p, 1, WORKER_FORCE_MUTE, 1));
    EXPECT(p, 1, "conference create-1 sources-1 mute-1");
    g_assert_cmphex(workers_shares(p->group, 5), ==, 2);
    /* A second worker gets a share: it is told who is there before its own endpoint comes. */
    g_assert_true(post(p, 2, WORKER_ENDPOINT_CREATE, 2));
    EXPECT(p, 2, "conference mirror-1 mute-1 sources-1 shares=6 create-2");
    EXPECT(p, 1, "shares=6 mirror-2");
    g_assert_true(post(p, 2, WORKER_SOURCES, 2));
    g_assert_true(post(p, 2, WORKER_CHANNEL_UP, 2));
    EXPECT(p, 2, "sources-2 up-2");
    EXPECT(p, 1, "sources-2");
    g_assert_true(post(p, 0, WORKER_ENDPOINT_CREATE, 3));
    EXPECT(p, 0, "conference mirror-1 mute-1 sources-1 mirror-2 sources-2 shares=7 create-3");
    EXPECT(p, 2, "shares=7 mirror-3");
    g_free(taken(p, 1));
    /* The last one of a worker leaves: its share ends, the home's never does before the conference. */
    g_assert_true(post(p, 2, WORKER_ENDPOINT_REMOVE, 2));
    EXPECT(p, 2, "remove-2 end");
    EXPECT(p, 1, "remove-2 shares=3");
    EXPECT(p, 0, "remove-2 shares=3");
    g_assert_true(post(p, 1, WORKER_ENDPOINT_REMOVE, 1));
    EXPECT(p, 1, "remove-1");
    EXPECT(p, 0, "remove-1");
    g_assert_true(post(p, 1, WORKER_CONFERENCE_REMOVE, 0));
    EXPECT(p, 1, "end");
    EXPECT(p, 0, "end");
    EXPECT(p, 2, "");
    g_assert_cmphex(workers_shares(p->group, 5), ==, 0);
}

static void test_video_type_is_remembered(Posts *p, gconstpointer unused)
{
    g_assert_true(post(p, 0, WORKER_CONFERENCE_CREATE, 0));
    g_assert_true(post(p, 0, WORKER_ENDPOINT_CREATE, 1));
    WorkerCommand *c = worker_command_new(WORKER_SOURCES, 5, 1, 1);
    g_strlcpy(c->sources.sources[0].name, "v", WORKER_NAME_SIZE);
    g_assert_true(workers_post(p->group, 0, c));
    c = worker_command_new(WORKER_SOURCE_VIDEO_TYPE, 5, 1, 0);
    g_strlcpy(c->video_type.source, "v", WORKER_NAME_SIZE);
    c->video_type.type = WORKER_VIDEO_NONE;
    g_assert_true(workers_post(p->group, 0, c));
    g_assert_true(post(p, 1, WORKER_ENDPOINT_CREATE, 2));
    while (mailbox_take(p->group->workers[1]->inbox, &c) && c->type != WORKER_SOURCES)
        worker_command_free(c);
    g_assert_cmpint(c->sources.sources[0].video_type, ==, WORKER_VIDEO_NONE);
    worker_command_free(c);
}

/* A removal is never lost, nothing overtakes it, and what cannot be carried out is refused as before. */
static void test_full_inbox(Posts *p, gconstpointer unused)
{
    g_assert_true(post(p, 0, WORKER_CONFERENCE_CREATE, 0));
    g_assert_true(post(p, 0, WORKER_ENDPOINT_CREATE, 1));
    g_assert_false(post(p, 0, WORKER_ENDPOINT_CREATE, 2)); /* two fit */
    g_assert_false(post(p, 0, WORKER_SOURCES, 1));
    g_assert_true(post(p, 0, WORKER_ENDPOINT_REMOVE, 1));
    g_assert_true(post(p, 0, WORKER_CONFERENCE_REMOVE, 0));
    g_assert_true(atomic_load(&p->group->workers[0]->wants_room));
    WorkerCommand *c;
    g_assert_true(mailbox_take(p->group->workers[0]->inbox, &c));
    worker_command_free(c);
    g_assert_true(post(p, 0, WORKER_CONFERENCE_CREATE, 0) == false); /* one place, and the removal takes it */
    EXPECT(p, 0, "create-1 remove-1");
    workers_send_kept(p->group, 0);
    EXPECT(p, 0, "end");
    g_assert_cmpuint(p->group->kept[0].n, ==, 0);
    g_assert_true(post(p, 0, WORKER_CONFERENCE_CREATE, 0));
}

/* ---- the rule ---- */

static void test_rule(void)
{
    static const struct {
        SpreadWorker w[3];
        uint32_t shares, size, limit;
        unsigned home, chosen;
    } cases[] = {
        { { { 100, 10, 0 }, { 0, 0, 0 }, { 0, 0, 0 } }, 1, 50, 700, 0, 0 },     /* enough room at home */
        { { { 800, 50, 0 }, { 300, 9, 0 }, { 200, 9, 0 } }, 1, 50, 700, 0, 2 }, /* a first share elsewhere */
        { { { 800, 50, 0 }, { 300, 9, 0 }, { 200, 9, 0 } }, 3, 50, 700, 0, 1 }, /* the one there is first */
        { { { 800, 50, 0 }, { 750, 9, 0 }, { 200, 9, 0 } }, 3, 50, 700, 0, 2 }, /* then another */
        { { { 950, 50, 0 }, { 900, 9, 0 }, { 850, 9, 0 } }, 3, 50, 700, 0, 1 }, /* all full: no third for so little */
        { { { 990, 50, 0 }, { 980, 9, 0 }, { 750, 9, 0 } }, 3, 50, 700, 0, 2 }, /* all full, but one clearly less */
        { { { 800, 50, 0 }, { 0, 0, 0 }, { 0, 0, 0 } }, 1, SPREAD_LEAST - 1, 700, 0, 0 }, /* a small one stays */
        { { { 800, 50, 0 }, { 0, 0, 0 }, { 0, 0, 0 } }, 1, 50, 0, 0, 0 },                 /* never */
        { { { 0, 300, 300 }, { 0, 0, 0 }, { 0, 0, 0 } }, 1, 300, 700, 0, 1 },  /* a rush: nothing measured yet */
        { { { 400, 120, 20 }, { 0, 0, 0 }, { 0, 0, 0 } }, 1, 120, 470, 0, 1 }, /* each costs what the others cost */
        { { { 0, 0, 0 }, { 100, 9, 0 }, { 800, 9, 0 } }, 4, 50, 700, 2, 0 },
        { { { 20, 69, 0, 69 }, { 0, 0, 0 }, { 0, 0, 0 } }, 1, 69, 700, 0, 0 },       /* all muted, not too many */
        { { { 20, 70, 0, 70 }, { 0, 0, 0 }, { 0, 0, 0 } }, 1, 70, 700, 0, 1 },       /* more than can show themselves */
        { { { 20, 70, 0, 70 }, { 9, 40, 0, 40 }, { 0, 0, 0 } }, 3, 110, 700, 0, 1 }, /* the share there is goes on */
        { { { 20, 90, 0, 90 }, { 9, 80, 0, 80 }, { 0, 80, 0, 79 } }, 7, 249, 700, 0, 2 }, /* and so evenly */
        { { { 20, 300, 0, 10 }, { 0, 0, 0 }, { 0, 0, 0 } }, 1, 10, 700, 0, 0 }, /* others' count by what they cost */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("case %zu", i);
        g_assert_cmpuint(spread_choose(cases[i].w, 3, cases[i].home, cases[i].shares, cases[i].size, cases[i].limit),
                         ==, cases[i].chosen);
    }
    const SpreadWorker one = { 990, 50, 0 };
    g_assert_cmpuint(spread_choose(&one, 1, 0, 1, 50, 700), ==, 0);
}

/* A rush of joins is placed before anything can be measured. */
static void test_place(Posts *p, gconstpointer unused)
{
    unsigned on[3] = { 0 };
    p->group->config.spread_percent = 70;
    g_assert_true(post(p, 0, WORKER_CONFERENCE_CREATE, 0));
    for (uint64_t i = 1; i <= 600; i++) {
        unsigned at = workers_place(p->group, 5);
        on[at]++;
        g_assert_true(post(p, at, WORKER_ENDPOINT_CREATE, i));
        atomic_fetch_add(&p->group->workers[at]->load, 1);
    }
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmpuint(on[i], ==, 200);
    /* Three seconds later they are part of what is measured, little, for all are muted: still they go on evenly. */
    for (unsigned i = 0; i < 3; i++)
        atomic_store(&p->group->workers[i]->uptime_s, SPREAD_SETTLED_S);
    for (uint64_t i = 601; i <= 630; i++) {
        unsigned at = workers_place(p->group, 5);
        on[at]++;
        g_assert_true(post(p, at, WORKER_ENDPOINT_CREATE, i));
        atomic_fetch_add(&p->group->workers[at]->load, 1);
        for (unsigned k = 0; k < 3; k++)
            atomic_fetch_add(&p->group->workers[k]->uptime_s, SPREAD_SETTLED_S);
    }
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmpuint(on[i], ==, 210);
    atomic_store(&p->group->workers[2]->load, 1);
    g_assert_cmpuint(workers_place(p->group, 6), ==, 2); /* a conference nobody knows: the least loaded */
}

#define SHARE(name, function) g_test_add("/share/" name, Two, NULL, set_up, function, tear_down)
#define POSTS(name, function, room)                                                                                    \
    g_test_add("/posts/" name, Posts, GUINT_TO_POINTER(room), posts_set_up, function, posts_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    SHARE("full ring", test_full_ring);
    SHARE("a packet as it came", test_packet_as_it_came);
    SHARE("wishes", test_wishes);
    SHARE("key frame", test_keyframe);
    SHARE("a wish before control's word", test_wish_before_word);
    SHARE("loudest", test_loudest);
    SHARE("mirror", test_mirror);
    SHARE("events wait", test_events_wait);
    POSTS("routes", test_routes, 64);
    POSTS("video type is remembered", test_video_type_is_remembered, 64);
    POSTS("full inbox", test_full_inbox, 2);
    POSTS("place", test_place, 65536);
    g_test_add_func("/spread/rule", test_rule);
    return g_test_run();
}
