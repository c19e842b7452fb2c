/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/load_scene.h"

#include "tests/bench/bench_room.h"

#include <glib.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define FIRST_CONFERENCE 1000000 /* a Bridge on the same workers counts from 1 */
#define FIRST_SSRC 0x10000000u
#define RAW_BIT 0x01000000u
#define RTX_BIT 0x02000000u
#define FEEDBACK_SSRC 0x0c000000u
#define LINGER_US 250000 /* after a pass, for what is on its way, and is asked for again */
#define SETTLE_US 500000
#define WARM_UP_US 2500000 /* start-up probes, layers measured, key frames */
#define LAYERS 3

static const struct {
    uint16_t width, height;
    unsigned per_frame;
} layers[LAYERS] = { { 320, 180, 1 }, { 640, 360, 2 }, { 1280, 720, 8 } };

size_t load_heap_bytes(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static uint64_t conference_of(const LoadScene *s, unsigned client)
{
    return FIRST_CONFERENCE + client / s->shape.people;
}

static unsigned worker_of(const LoadScene *s, unsigned client)
{
    return client / s->shape.people % workers_count(s->workers);
}

static bool sends(const LoadScene *s, unsigned client)
{
    return client % s->shape.people < s->shape.senders;
}

/* How far `receiver` sits behind `sender` in their room's ring; 0: in another room, or the same one. */
static unsigned distance(const LoadScene *s, unsigned sender, unsigned receiver)
{
    unsigned n = s->shape.people;
    if (sender / n != receiver / n)
        return 0;
    return (sender % n + n - receiver % n) % n;
}

/* Mixed: a receiver sees the last_n people after it in the ring, the first of them large, and hears all. */
static uint64_t receivers_of(const LoadScene *s, unsigned sender, unsigned stream)
{
    uint64_t mask = 0;
    for (unsigned r = 0; r < s->n_clients; r++) {
        unsigned d = distance(s, sender, r);
        bool gets = d > 0;
        if (s->shape.kind == SCENE_MIXED && stream < LAYERS)
            gets = stream == LAYERS - 1 ? d == 1 : stream == 0 && d > 1 && d <= s->shape.last_n;
        if (gets)
            mask |= (uint64_t)1 << r;
    }
    return mask;
}

static void plan_streams(LoadScene *s, unsigned client)
{
    LoadClient *c = &s->clients[client];
    const SceneShape *shape = &s->shape;
    if (!sends(s, client))
        return;
    if (shape->kind == SCENE_PLAIN) {
        c->streams[c->n_streams++] = (LoadStream){ .video = true,
                                                   .width = 1280,
                                                   .height = 720,
                                                   .per_frame = shape->per_frame,
                                                   .chunk = shape->chunk,
                                                   .frame_us = shape->frame_us,
                                                   .chunk_us = shape->chunk_us,
                                                   .payload = shape->payload };
    } else {
        for (int k = 0; k < LAYERS; k++)
            c->streams[c->n_streams++] = (LoadStream){ .video = true,
                                                       .width = layers[k].width,
                                                       .height = layers[k].height,
                                                       .per_frame = layers[k].per_frame,
                                                       .chunk = shape->chunk,
                                                       .frame_us = 33333,
                                                       .chunk_us = shape->chunk_us,
                                                       .payload = shape->payload };
        c->streams[c->n_streams++] = (LoadStream){ .per_frame = 1, .chunk = 1, .frame_us = 20000, .payload = 120 };
    }
    for (unsigned i = 0; i < c->n_streams; i++) {
        LoadStream *st = &c->streams[i];
        st->ssrc[LOAD_SERVER] = FIRST_SSRC + client * 16 + i;
        st->ssrc[LOAD_RAW] = st->ssrc[LOAD_SERVER] | RAW_BIT;
        st->copies = (unsigned)__builtin_popcountll(receivers_of(s, client, i));
    }
}

static void create_conference(LoadScene *s, unsigned client)
{
    WorkerCommand *c = worker_command_new(WORKER_CONFERENCE_CREATE, conference_of(s, client), 0, 0);
    c->conference_create.audio_ssrc = PEER_FEEDBACK_AUDIO;
    c->conference_create.video_ssrc = PEER_FEEDBACK_VIDEO;
    c->conference_create.last_n = -1;
    workers_post(s->workers, worker_of(s, client), c);
}

static void signal_sources(LoadClient *c)
{
    uint32_t audio = 0, video[LAYERS], rtx[LAYERS];
    uint8_t n = 0;
    for (unsigned i = 0; i < c->n_streams; i++) {
        if (c->streams[i].video) {
            video[n] = c->streams[i].ssrc[LOAD_SERVER];
            rtx[n] = video[n] | RTX_BIT;
            n++;
        } else {
            audio = c->streams[i].ssrc[LOAD_SERVER];
        }
    }
    media_peer_sources(&c->peer, audio, video, rtx, n);
}

static void wish(LoadScene *s, unsigned client)
{
    MediaPeer *p = &s->clients[client].peer;
    if (s->shape.kind == SCENE_PLAIN) {
        media_peer_wish(p, 720);
        return;
    }
    unsigned n = s->shape.last_n, room = client / s->shape.people * s->shape.people;
    WorkerCommand *c = worker_command_new(WORKER_VIDEO_CONSTRAINTS, p->conference, p->handle, n);
    c->video_constraints.last_n = (int32_t)n;
    c->video_constraints.default_max_height = 180;
    c->video_constraints.default_max_fps = -1;
    c->video_constraints.assumed_bandwidth_bps = -1;
    for (unsigned i = 0; i < n; i++) {
        unsigned other = room + (client - room + i + 1) % s->shape.people;
        g_snprintf(c->video_constraints.constraints[i].name, WORKER_NAME_SIZE, "%s-v0", s->clients[other].peer.id);
        c->video_constraints.constraints[i].on_stage = i == 0;
        c->video_constraints.constraints[i].selected = i > 0;
        c->video_constraints.constraints[i].has_constraint = true;
        c->video_constraints.constraints[i].max_height = i == 0 ? 720 : 180;
        c->video_constraints.constraints[i].max_fps = -1;
    }
    workers_post(s->workers, p->worker, c);
}

static void connect_client(LoadScene *s, MediaPeer *p)
{
    for (int i = 0; i < 2000 && !p->nominated; i++) {
        if (i % 50 == 0)
            media_peer_check(p);
        g_usleep(1000);
        /* media_peer_pump would decrypt media: there is none yet, and with it no packet to keep */
        media_peer_pump(p);
        bench_drop_events(s->workers);
    }
    g_assert_true(p->nominated);
}

static void make_raw(LoadScene *s)
{
    RawPeer peers[SCENE_CLIENTS_MAX];
    for (unsigned i = 0; i < s->n_clients; i++) {
        socklen_t len = sizeof(peers[i].at);
        peers[i].keys = &s->clients[i].peer.keys;
        g_assert_cmpint(getsockname(s->clients[i].peer.fd, (struct sockaddr *)&peers[i].at, &len), ==, 0);
    }
    s->raw = raw_loop_new(peers, s->n_clients);
    for (unsigned i = 0; i < s->n_clients; i++)
        for (unsigned k = 0; k < s->clients[i].n_streams; k++)
            raw_loop_route(s->raw, s->clients[i].streams[k].ssrc[LOAD_RAW], i, receivers_of(s, i, k));
    raw_loop_start(s->raw);
}

static void wait_until_served(LoadScene *s)
{
    for (int i = 0; i < 8; i++) {
        load_scene_forget_counts(s);
        load_scene_run(s, LOAD_SERVER, i ? 500000 : WARM_UP_US);
        LoadCounts n = load_scene_counts(s, LOAD_SERVER);
        if (i && n.received == n.expected && n.expected)
            break;
    }
    load_scene_forget_counts(s);
}

/* Once the workers have done what was posted and nothing waits to be fetched from them. */
static size_t settled_heap(LoadScene *s)
{
    for (unsigned i = 0; i < workers_count(s->workers); i++)
        worker_event_free(bench_snapshot(s->workers, i));
    bench_drop_events(s->workers);
    return load_heap_bytes();
}

static void join(LoadScene *s, unsigned i)
{
    PeerOptions o = { .profile = s->shape.profile, .ssrc_rewriting = true, .without_library = true };
    LoadClient *c = &s->clients[i];
    char id[16];
    if (i % s->shape.people == 0)
        create_conference(s, i);
    g_snprintf(id, sizeof(id), "p%u", i);
    media_peer_init(&c->peer, s->workers, worker_of(s, i), conference_of(s, i), 1000 + i, id, &o);
    connect_client(s, &c->peer);
}

static void start_client(LoadScene *s, unsigned i)
{
    LoadClient *c = &s->clients[i];
    media_peer_open_library(&c->peer);
    c->port[LOAD_SERVER] = c->peer.bridge_port;
    c->pt_video = PEER_PT_VP8;
    c->pt_rtx = PEER_PT_VP8_RTX;
    c->pt_audio = PEER_PT_OPUS;
    c->ext_tcc = PEER_EXT_TCC;
    c->nack_percent = s->shape.nack_percent;
    c->blind = s->shape.blind;
    load_client_start(c, FEEDBACK_SSRC + i, g_get_monotonic_time());
}

void load_scene_open(LoadScene *s, Workers *workers, const SceneShape *shape)
{
    *s = (LoadScene){ .shape = *shape, .workers = workers, .n_clients = shape->rooms * shape->people };
    g_assert_cmpuint(s->n_clients, <=, SCENE_CLIENTS_MAX);
    size_t before = settled_heap(s);
    for (unsigned i = 0; i < s->n_clients; i++)
        join(s, i);
    for (unsigned i = 0; i < s->n_clients; i++) { /* wishes name those who came later, too */
        plan_streams(s, i);
        if (s->clients[i].n_streams)
            signal_sources(&s->clients[i]);
        wish(s, i);
    }
    /* Keys, a path, everybody's sources and wishes, all of it allocated: only RTP is missing. */
    settled_heap(s);
    g_usleep(WARM_UP_US);
    s->heap_idle = (settled_heap(s) - before) / s->n_clients;
    for (unsigned i = 0; i < s->n_clients; i++)
        start_client(s, i);
    make_raw(s);
    for (unsigned i = 0; i < s->n_clients; i++)
        s->clients[i].port[LOAD_RAW] = raw_loop_port(s->raw);
    before = settled_heap(s);
    wait_until_served(s);
    s->heap_active = s->heap_idle + (settled_heap(s) - before) / s->n_clients;
}

static int open_epoll(LoadScene *s)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < s->n_clients; i++) {
        struct epoll_event ev = { .events = EPOLLIN, .data.u32 = i };
        g_assert_cmpint(epoll_ctl(epoll, EPOLL_CTL_ADD, s->clients[i].peer.fd, &ev), ==, 0);
    }
    return epoll;
}

void load_scene_run(LoadScene *s, int mode, int64_t duration_us)
{
    struct epoll_event ev[SCENE_CLIENTS_MAX];
    int epoll = open_epoll(s);
    int64_t now_us = g_get_monotonic_time(), end_us = now_us + duration_us;
    unsigned round = 0;
    for (unsigned i = 0; i < s->n_clients; i++)
        s->clients[i].delays = mode == LOAD_SERVER && s->into ? s->into : &s->delays[mode];
    while (now_us < end_us + LINGER_US) {
        if (s->stop && *s->stop && now_us < end_us)
            end_us = now_us;
        int64_t next = now_us + 5000;
        for (unsigned i = 0; i < s->n_clients; i++) {
            LoadClient *c = &s->clients[i];
            if (now_us < end_us) {
                int64_t due = load_client_send(c, mode, now_us);
                next = due < next ? due : next;
            }
            if (mode == LOAD_SERVER)
                load_client_report(c, now_us);
        }
        now_us = g_get_monotonic_time();
        int64_t wait_us = next > now_us ? next - now_us : 0;
        struct timespec wait = { .tv_nsec = wait_us * 1000 };
        int n = epoll_pwait2(epoll, ev, SCENE_CLIENTS_MAX, &wait, NULL);
        now_us = g_get_monotonic_time();
        for (int i = 0; i < n; i++)
            load_client_read(&s->clients[ev[i].data.u32], mode, now_us);
        if (++round % 64 == 0 && !s->events_elsewhere)
            bench_drop_events(s->workers);
    }
    close(epoll);
}

/* What was asked for before may have come since. */
static void forget_media(LoadCounts *now, const LoadCounts *before)
{
    LoadCounts n = *before;
    n.asked = now->asked;
    n.asked_again = now->asked_again;
    n.answered = now->answered;
    *now = n;
}

void load_scene_settle(LoadScene *s)
{
    static Samples unused;
    static LoadCounts kept[SCENE_CLIENTS_MAX];
    Samples *into = s->into;
    for (unsigned i = 0; i < s->n_clients; i++)
        kept[i] = s->clients[i].counts[LOAD_SERVER];
    s->into = &unused;
    load_scene_run(s, LOAD_SERVER, SETTLE_US);
    s->into = into;
    for (unsigned i = 0; i < s->n_clients; i++)
        forget_media(&s->clients[i].counts[LOAD_SERVER], &kept[i]);
}

LoadCounts load_scene_counts(const LoadScene *s, int mode)
{
    LoadCounts sum = { 0 };
    for (unsigned i = 0; i < s->n_clients; i++) {
        const LoadCounts *n = &s->clients[i].counts[mode];
        sum.sent += n->sent;
        sum.expected += n->expected;
        sum.received += n->received;
        sum.bytes += n->bytes;
        sum.asked += n->asked;
        sum.answered += n->answered;
        sum.asked_again += n->asked_again;
        sum.compared += n->compared;
        sum.different += n->different;
        sum.feedback += n->feedback;
        sum.reports += n->reports;
        sum.keyframes_asked += n->keyframes_asked;
    }
    return sum;
}

void load_scene_forget_counts(LoadScene *s)
{
    for (int mode = 0; mode < LOAD_MODES; mode++) {
        samples_clear(&s->delays[mode]);
        for (unsigned i = 0; i < s->n_clients; i++)
            s->clients[i].counts[mode] = (LoadCounts){ 0 };
    }
}

void load_scene_close(LoadScene *s)
{
    for (unsigned i = 0; i < s->n_clients; i += s->shape.people)
        workers_post(s->workers, worker_of(s, i),
                     worker_command_new(WORKER_CONFERENCE_REMOVE, conference_of(s, i), 0, 0));
    raw_loop_free(s->raw);
    for (unsigned i = 0; i < s->n_clients; i++)
        load_client_clear(&s->clients[i]);
    bench_drop_events(s->workers);
}
