/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include "common/base/mailbox.h"

typedef struct {
    uint32_t writer, number;
    uint64_t check;
} Item;

static bool is_readable(const Mailbox *box)
{
    struct pollfd p = { .fd = mailbox_fd(box), .events = POLLIN };
    return poll(&p, 1, 0) == 1;
}

static void test_order_and_full(void)
{
    Mailbox *box = mailbox_new(sizeof(int), 3); /* rounded up to 4 */
    int v;
    g_assert_false(mailbox_take(box, &v));
    for (int round = 0; round < 5; round++) {
        for (v = 0; v < 4; v++)
            g_assert_true(mailbox_post(box, &v));
        g_assert_false(mailbox_post(box, &v));
        for (int want = 0; want < 4; want++) {
            g_assert_true(mailbox_take(box, &v));
            g_assert_cmpint(v, ==, want);
        }
        g_assert_false(mailbox_take(box, &v));
    }
    g_assert_cmpuint(mailbox_refused(box), ==, 5);
    mailbox_free(box);
}

static void test_wake(void)
{
    Mailbox *box = mailbox_new(1, 8);
    char c = 'x';
    g_assert_false(is_readable(box));
    mailbox_post(box, &c);
    mailbox_post(box, &c);
    g_assert_true(is_readable(box));
    mailbox_clear_wake(box);
    g_assert_false(is_readable(box));
    mailbox_post(box, &c); /* a post between clearing and taking wakes again */
    g_assert_true(is_readable(box));
    mailbox_free(box);
}

/* What was posted between "empty" and the reset has no wake-up of its own: a reader that stops then must ask for one. */
static void test_stop_early(void)
{
    Mailbox *box = mailbox_new(sizeof(int), 8);
    int v = 1;
    mailbox_post(box, &v);
    g_assert_true(mailbox_take(box, &v));
    g_assert_false(mailbox_take(box, &v));
    for (v = 2; v <= 3; v++)
        mailbox_post(box, &v);
    mailbox_clear_wake(box);
    g_assert_true(mailbox_take(box, &v));
    g_assert_cmpint(v, ==, 2);
    g_assert_false(is_readable(box));
    mailbox_keep_wake(box);
    g_assert_true(is_readable(box));
    mailbox_keep_wake(box); /* as if it had never been reset */
    mailbox_clear_wake(box);
    g_assert_false(is_readable(box));
    g_assert_true(mailbox_take(box, &v));
    g_assert_cmpint(v, ==, 3);
    mailbox_free(box);
}

static void test_bad_sizes(void)
{
    static const size_t bad[][2] = {
        { 0, 1 }, { MAILBOX_MAX_ITEM + 1, 1 }, { 8, 0 }, { 8, MAILBOX_MAX_CAPACITY + 1u }
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        errno = 0;
        g_assert_null(mailbox_new(bad[i][0], bad[i][1]));
        g_assert_cmpint(errno, ==, EINVAL);
    }
    mailbox_free(NULL);
}

#define WRITERS 3
#define PER_WRITER 20000u

typedef struct {
    Mailbox *box;
    uint32_t id;
    uint32_t refused;
} Writer;

static void *write_all(void *arg)
{
    Writer *w = arg;
    for (uint32_t i = 0; i < PER_WRITER; i++) {
        Item item = { w->id, i, ((uint64_t)w->id << 32 | i) ^ 0x5a5a5a5a5a5aULL };
        while (!mailbox_post(w->box, &item)) {
            w->refused++;
            sched_yield();
        }
    }
    return NULL;
}

/* Every item arrives once, whole, in its writer's order, and the reader only ever sleeps on the eventfd: a
 * lost wake-up would hang here until the timeout. */
static void test_threads(void)
{
    Mailbox *box = mailbox_new(sizeof(Item), 64);
    pthread_t threads[WRITERS];
    Writer writers[WRITERS];
    uint32_t next[WRITERS] = { 0 };
    for (uint32_t i = 0; i < WRITERS; i++) {
        writers[i] = (Writer){ box, i, 0 };
        g_assert_cmpint(pthread_create(&threads[i], NULL, write_all, &writers[i]), ==, 0);
    }
    for (uint32_t got = 0; got < WRITERS * PER_WRITER;) {
        struct pollfd p = { .fd = mailbox_fd(box), .events = POLLIN };
        g_assert_cmpint(poll(&p, 1, 20000), ==, 1);
        mailbox_clear_wake(box);
        Item item;
        while (mailbox_take(box, &item)) {
            g_assert_cmpuint(item.writer, <, WRITERS);
            g_assert_cmpuint(item.number, ==, next[item.writer]++);
            g_assert_cmpuint(item.check, ==, ((uint64_t)item.writer << 32 | item.number) ^ 0x5a5a5a5a5a5aULL);
            got++;
        }
    }
    uint64_t refused = 0;
    for (uint32_t i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
        refused += writers[i].refused;
    }
    g_assert_cmpuint(mailbox_refused(box), ==, refused);
    mailbox_free(box);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/mailbox/order and full", test_order_and_full);
    g_test_add_func("/base/mailbox/wake", test_wake);
    g_test_add_func("/base/mailbox/stop early", test_stop_early);
    g_test_add_func("/base/mailbox/bad sizes", test_bad_sizes);
    g_test_add_func("/base/mailbox/threads", test_threads);
    return g_test_run();
}
