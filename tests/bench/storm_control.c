/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/storm_control.h"

#include "bridge/bridge.h"
#include "bridge/colibri_routes.h"
#include "bridge/transport/dtls.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#include <glib-unix.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#define COLIBRI "<conference-modify xmlns='jitsi:colibri2' meeting-id='storm-%u-%u' "
#define OPUS                                                                                                           \
    "<media type='audio'><payload-type xmlns='urn:xmpp:jingle:apps:rtp:1' id='111' name='opus' clockrate='48000' "     \
    "channels='2'/></media>"
#define VP8                                                                                                            \
    "<media type='video'><payload-type xmlns='urn:xmpp:jingle:apps:rtp:1' id='100' name='VP8' clockrate='90000'/>"     \
    "</media>"

struct StormControl {
    Workers *workers;
    Config *config;
    BridgeEnv env;
    LocalCandidate candidate;
    Bridge *bridge;
    pthread_t thread;
    GMainLoop *loop;
    _Atomic int64_t requests_ns;
    /* the storm under way */
    StormClients *clients;
    unsigned n, people, next, storms;
    _Atomic bool leaving;
};

static int64_t thread_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- the workers, as main.c gives them to the Bridge ---- */

static unsigned choose(void *user)
{
    return workers_choose(((StormControl *)user)->workers);
}

static unsigned place(void *user, uint64_t conference)
{
    return workers_place(((StormControl *)user)->workers, conference);
}

static uint32_t shares(void *user, uint64_t conference)
{
    return workers_shares(((StormControl *)user)->workers, conference);
}

static bool post(void *user, unsigned worker, WorkerCommand *c)
{
    return workers_post(((StormControl *)user)->workers, worker, c);
}

static gboolean on_events(gint fd, GIOCondition condition, gpointer user)
{
    StormControl *s = user;
    WorkerEvent *ev;
    (void)fd;
    (void)condition;
    while ((ev = workers_next_event(s->workers))) {
        bridge_on_event(s->bridge, ev);
        worker_event_free(ev);
    }
    return G_SOURCE_CONTINUE;
}

/* ---- requests ---- */

static void request(StormControl *s, const char *xml)
{
    unsigned status;
    g_autofree char *answer = colibri_routes_post(s->bridge, xml, strlen(xml), &status);
    if (status != 200)
        g_error("storm: status %u: %s", status, answer);
}

static const Endpoint *endpoint_of(StormControl *s, unsigned i)
{
    char meeting[48], id[16];
    g_snprintf(meeting, sizeof(meeting), "storm-%u-%u", s->storms, i / s->people);
    g_snprintf(id, sizeof(id), "%08x", i);
    return conference_find(bridge_find_meeting(s->bridge, meeting), id);
}

static void join(StormControl *s, unsigned i)
{
    unsigned room = i / s->people;
    g_autofree char *create = g_strdup_printf(
        COLIBRI "%s><endpoint id='%08x' create='true'><capability name='source-names'/>"
                "<capability name='ssrc-rewriting'/>" OPUS VP8 "<transport ice-controlling='true'/></endpoint>"
                "</conference-modify>",
        s->storms, room, i % s->people == 0 ? "create='true' name='storm@conference.meet.example'" : "", i);
    request(s, create);
    g_autofree char *transport = g_strdup_printf(
        COLIBRI "><endpoint id='%08x'><transport><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' "
                "ufrag='%s' pwd='%s'><fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='active'>"
                "%s</fingerprint></transport></transport></endpoint></conference-modify>",
        s->storms, room, i, storm_client_ufrag(s->clients, i), storm_client_pwd(s->clients, i),
        storm_client_fingerprint(s->clients, i));
    request(s, transport);
    const Endpoint *ep = endpoint_of(s, i);
    storm_client_begin(s->clients, i, &ep->ice, endpoint_transport_fingerprint(ep->transport));
}

/* One join a turn of the loop, as requests come over a network. */
static gboolean on_join(gpointer user)
{
    StormControl *s = user;
    int64_t before = thread_cpu_ns();
    join(s, s->next++);
    s->requests_ns += thread_cpu_ns() - before;
    return s->next < s->n ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean on_leave(gpointer user)
{
    StormControl *s = user;
    for (unsigned room = 0; room * s->people < s->n; room++) {
        g_autofree char *xml = g_strdup_printf(COLIBRI "expire='true'/>", s->storms, room);
        request(s, xml);
    }
    s->storms++;
    s->leaving = false;
    return G_SOURCE_REMOVE;
}

void storm_control_join(StormControl *s, StormClients *clients, unsigned n, unsigned people)
{
    s->clients = clients;
    s->n = n;
    s->people = people;
    s->next = 0;
    g_idle_add_full(G_PRIORITY_DEFAULT, on_join, s, NULL);
}

void storm_control_leave(StormControl *s)
{
    s->leaving = true;
    g_idle_add_full(G_PRIORITY_DEFAULT, on_leave, s, NULL);
    while (s->leaving)
        g_usleep(1000);
}

/* ---- life ---- */

static gboolean on_quit(gpointer user)
{
    g_main_loop_quit(((StormControl *)user)->loop);
    return G_SOURCE_REMOVE;
}

static void *control_main(void *user)
{
    StormControl *s = user;
    pthread_setname_np(pthread_self(), "control");
    s->bridge = bridge_new(&s->env, &(BridgeEvents){ 0 });
    guint events = g_unix_fd_add(workers_event_fd(s->workers), G_IO_IN, on_events, s);
    g_main_loop_run(s->loop);
    bridge_free(s->bridge);
    g_source_remove(events);
    return NULL;
}

StormControl *storm_control_new(Workers *workers)
{
    StormControl *s = g_new0(StormControl, 1);
    g_autoptr(GError) error = NULL;
    struct sched_param ordinary = { 0 };
    pthread_attr_t attributes;
    log_set_level(LOG_LEVEL_ERROR);
    s->workers = workers;
    s->config = config_load_text(bridge_options, bridge_n_options, sizeof(BridgeConfig), "bench", "", &error);
    g_assert_no_error(error);
    s->candidate = (LocalCandidate){ .type = CANDIDATE_HOST, .priority = 2130706431, .foundation = "1" };
    tuple_parse("127.0.0.1", workers_port(workers), 0, &s->candidate.addr);
    s->candidate.base = s->candidate.addr;
    s->env = (BridgeEnv){ .config = config_values(s->config),
                          .media = { choose, place, shares, post, worker_ice_credentials, s },
                          .dtls = dtls_context_new(clock_now_us()),
                          .candidates = &s->candidate,
                          .n_candidates = 1,
                          .public_candidates = &s->candidate,
                          .n_public_candidates = 1 };
    g_assert_nonnull(s->env.dtls);
    s->loop = g_main_loop_new(NULL, FALSE);
    pthread_attr_init(&attributes);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, SCHED_OTHER);
    pthread_attr_setschedparam(&attributes, &ordinary);
    g_assert_cmpint(pthread_create(&s->thread, &attributes, control_main, s), ==, 0);
    pthread_attr_destroy(&attributes);
    return s;
}

int64_t storm_control_cpu_ns(const StormControl *s)
{
    clockid_t clock;
    struct timespec t;
    g_assert_cmpint(pthread_getcpuclockid(s->thread, &clock), ==, 0);
    g_assert_cmpint(clock_gettime(clock, &t), ==, 0);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t storm_control_requests_ns(const StormControl *s)
{
    return s->requests_ns;
}

void storm_control_free(StormControl *s)
{
    g_idle_add_full(G_PRIORITY_DEFAULT, on_quit, s, NULL);
    pthread_join(s->thread, NULL);
    g_main_loop_unref(s->loop);
    dtls_context_free(s->env.dtls);
    config_free(s->config);
    g_free(s);
}
