/* SPDX-License-Identifier: Apache-2.0
 *
 * What the batch makes of datagrams, seen from the receiving sockets: bytes, order, and how few calls it took. */
#include "bridge/tx/send_batch.h"

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    int out, in[2];
    Tuple to[2];
    WorkerTotals totals;
    SendBatch *batch;
} Fixture;

static int udp(Tuple *at)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(sa);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&sa, len), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&sa, &len), ==, 0);
    g_assert_true(tuple_from_sockaddr((struct sockaddr *)&sa, len, 0, at));
    return fd;
}

static void set_up(Fixture *f, gconstpointer gso)
{
    Tuple own;
    f->out = udp(&own);
    f->in[0] = udp(&f->to[0]);
    f->in[1] = udp(&f->to[1]);
    memset(&f->totals, 0, sizeof(f->totals));
    f->batch = send_batch_new(&f->out, 1, gso != NULL, &f->totals);
}

static void tear_down(Fixture *f, gconstpointer gso)
{
    send_batch_free(f->batch);
    close(f->out);
    close(f->in[0]);
    close(f->in[1]);
}

static void send_one(Fixture *f, int to, uint8_t mark, size_t len)
{
    uint8_t *p = send_batch_reserve(f->batch);
    memset(p, mark, len);
    send_batch_commit(f->batch, &f->to[to], len);
}

static void expect(Fixture *f, int from, uint8_t mark, size_t len)
{
    uint8_t in[2000];
    g_assert_cmpint(recv(f->in[from], in, sizeof(in), 0), ==, (int)len);
    for (size_t i = 0; i < len; i++)
        g_assert_cmpuint(in[i], ==, mark);
}

static void test_runs(Fixture *f, gconstpointer gso)
{
    static const size_t lens[] = { 1200, 1200, 1200, 700, 1200, 1300, 1300, 1300 };
    for (int to = 0; to < 2; to++)
        for (uint8_t i = 0; i < G_N_ELEMENTS(lens); i++)
            send_one(f, to, (uint8_t)(to * 100 + i), lens[i]);
    send_batch_flush(f->batch);
    for (int to = 0; to < 2; to++)
        for (uint8_t i = 0; i < G_N_ELEMENTS(lens); i++)
            expect(f, to, (uint8_t)(to * 100 + i), lens[i]);
    g_assert_cmpuint(f->totals.tx_datagrams, ==, 16);
    g_assert_cmpuint(f->totals.tx_calls, ==, 1);
    /* 1200 x3 + 700 | 1200 | 1300 x3, for each receiver */
    g_assert_cmpuint(f->totals.tx_runs, ==, gso ? 6 : 16);
    g_assert_cmpuint(f->totals.drops[WORKER_DROP_SEND], ==, 0);
}

/* More than any of the limits: segments of a run, runs of a call, bytes of the arena. */
static void test_many(Fixture *f, gconstpointer gso)
{
    unsigned sent = 0;
    for (int round = 0; round < 10; round++) {
        for (uint8_t i = 0; i < 40; i++, sent++)
            send_one(f, round & 1, i, round < 5 ? 1200 : 100 + i);
        send_batch_flush(f->batch);
        for (uint8_t i = 0; i < 40; i++)
            expect(f, round & 1, i, round < 5 ? 1200 : 100 + i);
    }
    for (unsigned i = 0; i < 300; i++)
        send_one(f, (int)(i & 1), (uint8_t)i, 1400);
    send_batch_flush(f->batch);
    for (unsigned i = 0; i < 100; i++) /* as many as fit into a default receive buffer */
        expect(f, (int)(i & 1), (uint8_t)i, 1400);
    g_assert_cmpuint(f->totals.tx_datagrams, ==, sent + 300);
}

static void test_single(Fixture *f, gconstpointer gso)
{
    send_batch_flush(f->batch);
    g_assert_cmpuint(f->totals.tx_calls, ==, 0);
    send_one(f, 0, 9, 1);
    send_one(f, 0, 9, 0); /* nothing */
    Tuple other = f->to[0];
    other.socket = 3; /* no such socket */
    send_batch_commit(f->batch, &other, 10);
    send_batch_flush(f->batch);
    expect(f, 0, 9, 1);
    g_assert_cmpint(recv(f->in[0], &other, sizeof(other), 0), <, 0);
}

#define ADD(name, function, gso) g_test_add("/send_batch/" name, Fixture, gso, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("runs/gso", test_runs, "gso");
    ADD("runs/plain", test_runs, NULL);
    ADD("many/gso", test_many, "gso");
    ADD("many/plain", test_many, NULL);
    ADD("single/gso", test_single, "gso");
    return g_test_run();
}
