/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/media_hall.h"

#include <glib.h>
#include <poll.h>
#include <string.h>

#define CONFERENCE 77
#define SETTLING_ID UINT64_MAX         /* of snapshots that only tell how far a worker is */
#define PATIENCE_US (60 * 1000 * 1000) /* for what must happen, on a machine however busy */
#define LITTLE_MS 20                   /* for what should not happen */

void media_hall_init(MediaHall *h, unsigned n_workers, unsigned worker, int32_t silence_packets)
{
    char error[200] = "";
    WorkersConfig config = {
        .count = n_workers, .n_addresses = 1, .trust_bwe = true, .gso = true, .silence_packets = silence_packets
    };
    g_assert_true(tuple_parse("127.0.0.1", 0, 0, &config.addresses[0]));
    *h = (MediaHall){ .conference = CONFERENCE, .worker = worker };
    h->workers = workers_new(&config, error, sizeof(error));
    g_assert_cmpstr(error, ==, "");
    g_assert_nonnull(h->workers);
    WorkerCommand *c = worker_command_new(WORKER_CONFERENCE_CREATE, CONFERENCE, 0, 0);
    c->conference_create.audio_ssrc = PEER_FEEDBACK_AUDIO;
    c->conference_create.video_ssrc = PEER_FEEDBACK_VIDEO;
    c->conference_create.last_n = -1;
    workers_post(h->workers, worker, c);
}

MediaPeer *media_hall_add(MediaHall *h, const char *id, const PeerOptions *options)
{
    g_assert_cmpuint(h->n_peers, <, HALL_PEERS);
    unsigned worker = h->spread ? (h->worker + h->n_peers) % workers_count(h->workers) : h->worker;
    MediaPeer *p = &h->peers[h->n_peers++];
    media_peer_init(p, h->workers, worker, h->conference, 1000 + h->n_peers, id, options);
    return p;
}

MediaPeer *media_hall_join(MediaHall *h, const char *id, const PeerOptions *options)
{
    MediaPeer *p = media_hall_add(h, id, options);
    for (int i = 0; i < 1000 && !(p->nominated && media_hall_last(h, WORKER_EV_ICE_SELECTED, p)); i++) {
        if (i % 10 == 0)
            media_peer_check(p);
        media_hall_run(h, 20);
    }
    g_assert_true(p->nominated);
    g_assert_true(p->answered);
    g_assert_nonnull(media_hall_last(h, WORKER_EV_ICE_SELECTED, p));
    return p;
}

static void take_events(MediaHall *h)
{
    WorkerEvent *ev;
    while ((ev = workers_next_event(h->workers))) {
        bool settling = ev->type == WORKER_EV_SNAPSHOT && ev->snapshot.id == SETTLING_ID;
        h->answers += settling;
        if (h->n_events < HALL_EVENTS && !settling)
            h->events[h->n_events++] = ev;
        else
            worker_event_free(ev);
    }
}

static void pump(MediaHall *h, int timeout_ms)
{
    struct pollfd fds[HALL_PEERS + 1];
    for (unsigned i = 0; i < h->n_peers; i++)
        fds[i] = (struct pollfd){ .fd = h->peers[i].fd, .events = POLLIN };
    fds[h->n_peers] = (struct pollfd){ .fd = workers_event_fd(h->workers), .events = POLLIN };
    poll(fds, h->n_peers + 1, timeout_ms);
    for (unsigned i = 0; i < h->n_peers; i++)
        media_peer_pump(&h->peers[i]);
    take_events(h);
}

/* Until every worker has answered: by then it has gone through a whole round that began since, so that it has read what
 * was in its sockets and rings, and run the timers that were due. A worker may find the question while it carries out
 * commands, again and again if whoever asks is the faster one; as many as it carries out in one go, twice, make it finish
 * the round it is in and the next one. */
static void wait_for_workers(MediaHall *h)
{
    unsigned n = workers_count(h->workers);
    h->answers = 0;
    for (unsigned w = 0; w < n; w++) {
        for (int i = 0; i < 2 * WORKER_COMMANDS_PER_ROUND; i++) /* of no conference: nothing is done */
            g_assert_true(workers_post(h->workers, w, worker_command_new(WORKER_REQUEST_KEYFRAME, 0, 0, 0)));
        WorkerCommand *c = worker_command_new(WORKER_SNAPSHOT, h->conference, 0, 0);
        c->snapshot.id = SETTLING_ID;
        g_assert_true(workers_post(h->workers, w, c));
    }
    for (gint64 end = g_get_monotonic_time() + PATIENCE_US; h->answers < n;) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        pump(h, 10);
    }
}

void media_hall_settle(MediaHall *h)
{
    /* What has come is read by one worker, belongs to another one, and goes to the shares of others still. */
    for (int i = 0; i < 3; i++)
        wait_for_workers(h);
}

void media_hall_pass(MediaHall *h, unsigned ms)
{
    gint64 end = g_get_monotonic_time() + ms * 1000;
    for (gint64 left; (left = end - g_get_monotonic_time()) > 0;)
        pump(h, (int)(left / 1000) + 1);
}

void media_hall_run(MediaHall *h, unsigned ms)
{
    media_hall_pass(h, ms);
    media_hall_settle(h);
    pump(h, 0);
}

const WorkerEvent *media_hall_last(const MediaHall *h, WorkerEventType type, const MediaPeer *peer)
{
    for (unsigned i = h->n_events; i-- > 0;)
        if (h->events[i]->type == type && (!peer || h->events[i]->endpoint == peer->handle))
            return h->events[i];
    return NULL;
}

unsigned media_hall_count(const MediaHall *h, WorkerEventType type, const MediaPeer *peer)
{
    unsigned n = 0;
    for (unsigned i = 0; i < h->n_events; i++)
        n += h->events[i]->type == type && (!peer || h->events[i]->endpoint == peer->handle);
    return n;
}

const WorkerEvent *media_hall_wait(MediaHall *h, WorkerEventType type, const MediaPeer *peer, unsigned timeout_ms)
{
    gint64 end = g_get_monotonic_time() + timeout_ms * 1000;
    while (!media_hall_last(h, type, peer) && g_get_monotonic_time() < end)
        pump(h, 10);
    return media_hall_last(h, type, peer);
}

void media_hall_forget_events(MediaHall *h)
{
    for (unsigned i = 0; i < h->n_events; i++)
        worker_event_free(h->events[i]);
    h->n_events = 0;
}

uint32_t media_hall_slot(const MediaHall *h, const MediaPeer *peer, const char *source, uint32_t *rtx_ssrc)
{
    for (unsigned i = h->n_events; i-- > 0;) {
        const WorkerEvent *ev = h->events[i];
        if ((ev->type != WORKER_EV_VIDEO_SLOTS && ev->type != WORKER_EV_AUDIO_SLOTS) || ev->endpoint != peer->handle)
            continue;
        for (size_t k = 0; k < ev->n; k++) {
            if (strcmp(ev->slots.entries[k].source, source) != 0)
                continue;
            if (rtx_ssrc)
                *rtx_ssrc = ev->slots.entries[k].rtx_ssrc;
            return ev->slots.entries[k].ssrc;
        }
    }
    return 0;
}

const WorkerEvent *media_hall_snapshot(MediaHall *h, const MediaPeer *peer)
{
    static uint64_t id;
    WorkerCommand *c = worker_command_new(WORKER_SNAPSHOT, h->conference, peer ? peer->handle : 0, 0);
    c->snapshot.id = ++id;
    c->snapshot.streams = true;
    workers_post(h->workers, peer ? peer->worker : h->worker, c);
    gint64 end = g_get_monotonic_time() + PATIENCE_US;
    for (;;) {
        const WorkerEvent *ev = media_hall_last(h, WORKER_EV_SNAPSHOT, NULL);
        if (ev && ev->snapshot.id == id)
            return ev;
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        pump(h, 10);
    }
}

WorkerTotals media_hall_totals(MediaHall *h)
{
    WorkerTotals sum = { 0 };
    unsigned own = h->worker;
    for (h->worker = 0; h->worker < workers_count(h->workers); h->worker++) {
        const WorkerTotals *t = &media_hall_snapshot(h, NULL)->snapshot.totals;
        sum.handed_over += t->handed_over;
        sum.shared_out += t->shared_out;
        sum.shared_in += t->shared_in;
        sum.conferences += t->conferences;
        sum.endpoints += t->endpoints;
        sum.pool_in_use += t->pool_in_use;
        for (int i = 0; i < WORKER_DROPS; i++)
            sum.drops[i] += t->drops[i];
    }
    h->worker = own;
    return sum;
}

void media_hall_await_video(MediaHall *h, const MediaPeer *peer)
{
    const WorkerEvent *ev = NULL;
    gint64 end = g_get_monotonic_time() + PATIENCE_US;
    while (!(ev && ev->n) && g_get_monotonic_time() < end) {
        pump(h, 10);
        ev = media_hall_last(h, WORKER_EV_FORWARDED_SOURCES, peer);
    }
    g_assert_true(ev && ev->n);
    media_hall_settle(h); /* the sender's worker may not have heard of it yet */
}

static size_t count_rtp(const MediaPeer *p, uint32_t ssrc)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_packets; i++)
        n += !p->packets[i].rtcp && (ssrc == 0 || p->packets[i].view.ssrc == ssrc);
    return n;
}

size_t media_hall_await(MediaHall *h, const MediaPeer *peer, uint32_t ssrc, size_t n)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;
    while (count_rtp(peer, ssrc) < n && g_get_monotonic_time() < end)
        pump(h, 10);
    media_hall_run(h, LITTLE_MS);
    return count_rtp(peer, ssrc);
}

size_t media_hall_await_rtcp(MediaHall *h, const MediaPeer *peer, uint8_t pt, int count, size_t n)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;
    while (media_peer_count_rtcp(peer, pt, count) < n && g_get_monotonic_time() < end)
        pump(h, 10);
    return media_peer_count_rtcp(peer, pt, count);
}

void media_hall_clear(MediaHall *h)
{
    workers_free(h->workers);
    for (unsigned i = 0; i < h->n_peers; i++)
        media_peer_clear(&h->peers[i]);
    media_hall_forget_events(h);
}
