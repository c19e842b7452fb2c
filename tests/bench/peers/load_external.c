/* SPDX-License-Identifier: Apache-2.0
 *
 * The load generator against any SFU: clients with ICE and DTLS-SRTP, the same clients and scenes as bench_forward.
 * Signalling is somebody else's (the scripts beside this file): it says on stdin what to do and reads answers on stdout.
 *
 *     open N                               -> N lines "I PORT UFRAG PWD FINGERPRINT"
 *     peer I ROLE FINGERPRINT PT RTX TCC AUDIO NACK
 *         ROLE of ours: client or server; RTX, TCC or the audio type 0: none; NACK: percent of the video asked for again
 *     check I HOST PORT UFRAG PWD          controlling: checks and nominates the server's address
 *     send I SSRC WIDTH HEIGHT PER_FRAME CHUNK FRAME_US CHUNK_US PAYLOAD COPIES
 *         one stream more; CHUNK packets back to back; HEIGHT 0: audio
 *     connect                              -> "connected K of N PROFILE" when all are, or after 20 s
 *     run MS PID                           -> "sent S expected E received R cpu_us C p50 A p99 B p999 D different F asked G answered H"
 *
 * cpu_us is what the threads of process PID used meanwhile. */
#include "bridge/transport/dtls.h"
#include "common/base/clock.h"
#include "tests/bench/awake.h"
#include "tests/bench/load_client.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <glib.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#define CLIENTS_MAX 512
#define CONNECT_US 20000000
#define CHECK_US 50000
#define LINGER_US 200000

typedef struct {
    LoadClient load;
    char server_pwd[96];
    DtlsTransport *dtls;
    DtlsRole role;
    int64_t check_us; /* the next */
    bool ready;
} External;

static External clients[CLIENTS_MAX];
static unsigned n_clients;
static DtlsContext *context;
static Samples delays;
static int epoll_fd;

static void on_send(void *user, const uint8_t *bytes, size_t len)
{
    External *e = user;
    media_peer_send_raw(&e->load.peer, bytes, len);
}

/* Our keys, as the server sees them. */
static void on_ready(void *user, const SrtpKeys *keys)
{
    External *e = user;
    SrtpKeys *k = &e->load.peer.keys;
    *k = (SrtpKeys){ .profile = keys->profile };
    memcpy(k->rx_key, keys->tx_key, sizeof(k->rx_key));
    memcpy(k->rx_salt, keys->tx_salt, sizeof(k->rx_salt));
    memcpy(k->tx_key, keys->rx_key, sizeof(k->tx_key));
    memcpy(k->tx_salt, keys->rx_salt, sizeof(k->tx_salt));
    media_peer_open_library(&e->load.peer);
    load_client_start(&e->load, 0x0c000000u + (uint32_t)(e - clients), clock_now_us());
    e->load.delays = &delays;
    e->ready = true;
}

static void on_data(void *user, const uint8_t *bytes, size_t len)
{
    (void)user;
    (void)bytes;
    (void)len;
}

static void on_ended(void *user, DtlsEnd why)
{
    fprintf(stderr, "client %td: DTLS %s\n", (External *)user - clients, dtls_end_name(why));
}

static void on_dtls(void *user, const uint8_t *bytes, size_t len)
{
    External *e = user;
    dtls_on_datagram(e->dtls, bytes, len, clock_now_us());
}

static void random_text(char *out, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    uint8_t bytes[64];
    g_assert_cmpint(getrandom(bytes, n, 0), ==, (ssize_t)n);
    for (size_t i = 0; i + 1 < n; i++)
        out[i] = letters[bytes[i] & 31];
    out[n - 1] = '\0';
}

static void open_clients(unsigned n)
{
    static const DtlsCallbacks callbacks = { on_send, on_ready, on_data, on_ended };
    g_assert_cmpuint(n, <=, CLIENTS_MAX);
    for (n_clients = 0; n_clients < n; n_clients++) {
        External *e = &clients[n_clients];
        MediaPeer *p = &e->load.peer;
        struct sockaddr_in at = { .sin_family = AF_INET };
        socklen_t len = sizeof(at);
        p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        g_assert_cmpint(bind(p->fd, (struct sockaddr *)&at, len), ==, 0);
        g_assert_cmpint(getsockname(p->fd, (struct sockaddr *)&at, &len), ==, 0);
        struct epoll_event ev = { .events = EPOLLIN, .data.u32 = n_clients };
        g_assert_cmpint(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, p->fd, &ev), ==, 0);
        random_text(p->ufrag, sizeof(p->ufrag));
        random_text(p->pwd, 25);
        e->load.dtls = on_dtls;
        e->load.user = e;
        e->dtls = dtls_new(context, &callbacks, e, clock_now_us());
        g_assert_nonnull(e->dtls);
        printf("%u %u %s %s %s\n", n_clients, ntohs(at.sin_port), p->ufrag, p->pwd, dtls_fingerprint(e->dtls));
    }
}

/* One turn: whatever is due and whatever has come. */
static void turn(bool sending, bool reporting)
{
    struct epoll_event ev[CLIENTS_MAX];
    int64_t now_us = clock_now_us(), next = now_us + 5000;
    for (unsigned i = 0; i < n_clients; i++) {
        External *e = &clients[i];
        if (!e->ready) {
            if (dtls_is_started(e->dtls) && dtls_next_due(e->dtls, now_us) <= now_us)
                dtls_on_timer(e->dtls, now_us);
            if (e->load.peer.controlling && now_us >= e->check_us) {
                e->check_us = now_us + CHECK_US;
                media_peer_check(&e->load.peer);
            }
            if ((e->load.peer.nominated || (e->load.peer.controlling && e->load.peer.answered)) &&
                !dtls_is_started(e->dtls))
                dtls_start(e->dtls, e->role, now_us);
            continue;
        }
        if (sending) {
            int64_t due = load_client_send(&e->load, LOAD_SERVER, now_us);
            next = due < next ? due : next;
        }
        if (reporting)
            load_client_report(&e->load, now_us);
    }
    now_us = clock_now_us();
    struct timespec wait = { .tv_nsec = next > now_us ? (next - now_us) * 1000 : 0 };
    int n = epoll_pwait2(epoll_fd, ev, CLIENTS_MAX, &wait, NULL);
    now_us = clock_now_us();
    for (int i = 0; i < n; i++)
        load_client_read(&clients[ev[i].data.u32].load, LOAD_SERVER, now_us);
}

static void connect_clients(void)
{
    unsigned ready = 0;
    for (int64_t end = clock_now_us() + CONNECT_US; ready < n_clients && clock_now_us() < end;) {
        turn(false, false);
        ready = 0;
        for (unsigned i = 0; i < n_clients; i++)
            ready += clients[i].ready;
    }
    printf("connected %u of %u %s\n", ready, n_clients, srtp_profile_name(clients[0].load.peer.keys.profile));
}

/* Sum over the threads; those that end meanwhile are missed, servers keep theirs. */
static int64_t cpu_ns_of(int pid)
{
    g_autofree char *tasks = g_strdup_printf("/proc/%d/task", pid);
    int64_t sum = 0;
    DIR *d = opendir(tasks);
    for (struct dirent *t; d && (t = readdir(d));) {
        g_autofree char *path = g_strdup_printf("%s/%s/schedstat", tasks, t->d_name);
        g_autofree char *text = NULL;
        if (t->d_name[0] != '.' && g_file_get_contents(path, &text, NULL, NULL))
            sum += g_ascii_strtoll(text, NULL, 10);
    }
    if (d)
        closedir(d);
    return sum;
}

static void run(int ms, int pid)
{
    LoadCounts sum = { 0 };
    samples_clear(&delays);
    for (unsigned i = 0; i < n_clients; i++)
        clients[i].load.counts[LOAD_SERVER] = (LoadCounts){ 0 };
    int64_t cpu = cpu_ns_of(pid), end = clock_now_us() + ms * 1000;
    while (clock_now_us() < end)
        turn(true, true);
    for (end += LINGER_US; clock_now_us() < end;)
        turn(false, true);
    cpu = cpu_ns_of(pid) - cpu;
    for (unsigned i = 0; i < n_clients; i++) {
        const LoadCounts *c = &clients[i].load.counts[LOAD_SERVER];
        sum.sent += c->sent;
        sum.expected += c->expected;
        sum.received += c->received;
        sum.different += c->different;
        sum.asked += c->asked;
        sum.answered += c->answered;
    }
    printf("sent %lu expected %lu received %lu cpu_us %ld p50 %u p99 %u p999 %u different %lu asked %lu answered %lu\n",
           sum.sent, sum.expected, sum.received, cpu / 1000, samples_quantile(&delays, 0.5),
           samples_quantile(&delays, 0.99), samples_quantile(&delays, 0.999), sum.different, sum.asked, sum.answered);
}

static void set_peer(unsigned i, const char *role, const char *fingerprint, const int number[5])
{
    External *e = &clients[i];
    e->role = strcmp(role, "client") == 0 ? DTLS_CLIENT : DTLS_SERVER;
    e->load.pt_video = (uint8_t)number[0];
    e->load.pt_rtx = (uint8_t)(number[1] ? number[1] : 0xff);
    e->load.ext_tcc = (uint8_t)number[2];
    e->load.pt_audio = (uint8_t)(number[3] ? number[3] : 0xff);
    e->load.nack_percent = (unsigned)number[4];
    g_assert_true(dtls_add_fingerprint(e->dtls, "sha-256", fingerprint));
    dtls_fingerprints_done(e->dtls, clock_now_us());
}

static void set_check(unsigned i, const char *host, unsigned port, const char *ufrag, const char *pwd)
{
    MediaPeer *p = &clients[i].load.peer;
    g_assert_cmpuint(strlen(ufrag), <, sizeof(p->bridge.ufrag));
    p->bridge_host = inet_addr(host);
    p->bridge_port = clients[i].load.port[LOAD_SERVER] = (uint16_t)port;
    g_strlcpy(p->bridge.ufrag, ufrag, sizeof(p->bridge.ufrag));
    g_strlcpy(clients[i].server_pwd, pwd, sizeof(clients[i].server_pwd));
    p->server_pwd = clients[i].server_pwd;
    p->controlling = true;
}

static bool add_stream(const char *line)
{
    unsigned i, width, height, per_frame, chunk, copies;
    int64_t frame_us, chunk_us;
    size_t payload;
    uint32_t ssrc;
    if (sscanf(line, "send %u %u %u %u %u %u %ld %ld %zu %u", &i, &ssrc, &width, &height, &per_frame, &chunk, &frame_us,
               &chunk_us, &payload, &copies) != 10 ||
        i >= n_clients || clients[i].load.n_streams == LOAD_STREAMS_MAX)
        return false;
    LoadClient *l = &clients[i].load;
    l->streams[l->n_streams++] = (LoadStream){ .video = height > 0,
                                               .ssrc = { ssrc },
                                               .width = (uint16_t)width,
                                               .height = (uint16_t)height,
                                               .per_frame = per_frame,
                                               .chunk = chunk,
                                               .frame_us = frame_us,
                                               .chunk_us = chunk_us,
                                               .payload = payload,
                                               .copies = copies };
    return true;
}

static void command(const char *line)
{
    unsigned i, port;
    int a, b, number[5];
    char host[48], ufrag[96], pwd[96];
    char role[8], fingerprint[DTLS_FINGERPRINT_TEXT + 1];
    if (sscanf(line, "open %u", &i) == 1) {
        open_clients(i);
    } else if (sscanf(line, "peer %u %7s %96s %d %d %d %d %d", &i, role, fingerprint, &number[0], &number[1],
                      &number[2], &number[3], &number[4]) == 8 &&
               i < n_clients) {
        set_peer(i, role, fingerprint, number);
    } else if (sscanf(line, "check %u %47s %u %95s %95s", &i, host, &port, ufrag, pwd) == 5 && i < n_clients) {
        set_check(i, host, port, ufrag, pwd);
    } else if (add_stream(line)) {
        return;
    } else if (strncmp(line, "connect", 7) == 0) {
        connect_clients();
    } else if (sscanf(line, "run %d %d", &a, &b) == 2) {
        run(a, b);
    } else {
        fprintf(stderr, "not understood: %s", line);
        exit(2);
    }
    fflush(stdout);
}

/* The next whole line that has come, or NULL; false in *open at the end of input. */
static char *next_line(GString *in, bool *open)
{
    char bytes[4096];
    struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
    while (*open && !strchr(in->str, '\n') && poll(&fd, 1, 0) == 1) {
        ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
        *open = n > 0;
        if (n > 0)
            g_string_append_len(in, bytes, n);
    }
    const char *end = strchr(in->str, '\n');
    if (!end)
        return NULL;
    char *line = g_strndup(in->str, (gsize)(end + 1 - in->str));
    g_string_erase(in, 0, end + 1 - in->str);
    return line;
}

/* Between commands the network goes on: signalling takes its time, and checks want their answers. */
int main(void)
{
    struct sched_param p = { .sched_priority = 5 };
    awake_start(); /* as in bench_forward */
    GString *in = g_string_new(NULL);
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    sched_setscheduler(0, SCHED_RR, &p);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    context = dtls_context_new(clock_now_us());
    g_assert_nonnull(context);
    for (bool open = true; open;) {
        for (char *line; (line = next_line(in, &open)); g_free(line))
            command(line);
        turn(false, false);
    }
    g_string_free(in, TRUE);
    return 0;
}
