/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include "bridge/transport/sctp.h"
#include "bridge/transport/sctp_table.h"
#include "tests/fakes/bytes.h"

typedef struct {
    SctpAssociation *a;
    GQueue out;      /* GBytes */
    GQueue messages; /* GBytes */
    unsigned opened, closed;
    size_t longest;
    bool echo;
} End;

static SctpStack *stack;
static int64_t now_us = 1000000;

static void on_send(void *user, const uint8_t *packet, size_t len)
{
    End *e = user;
    e->longest = MAX(e->longest, len);
    g_queue_push_tail(&e->out, g_bytes_new(packet, len));
}

static void on_open(void *user)
{
    ((End *)user)->opened++;
}

static void on_message(void *user, const char *text, size_t len)
{
    End *e = user;
    g_queue_push_tail(&e->messages, g_bytes_new(text, len));
    if (e->echo)
        g_assert_true(sctp_send_text(e->a, text, len)); /* callbacks may send */
}

static void on_closed(void *user)
{
    ((End *)user)->closed++;
}

static const SctpCallbacks callbacks = { on_send, on_open, on_message, on_closed };

static void end_init(End *e, SctpRole role)
{
    memset(e, 0, sizeof(*e));
    g_queue_init(&e->out);
    g_queue_init(&e->messages);
    e->a = sctp_association_new(stack, role, "JVB data channel", &callbacks, e);
    g_assert_nonnull(e->a);
}

static void end_clear(End *e)
{
    sctp_association_free(e->a);
    g_queue_clear_full(&e->out, (GDestroyNotify)g_bytes_unref);
    g_queue_clear_full(&e->messages, (GDestroyNotify)g_bytes_unref);
}

/* Carries packets for at most so long, until the end `until` has that many messages. One in lose_every packets
 * is lost. Without loss time is virtual; usrsctp compares retransmissions with the real clock, so that with
 * loss the time is real. */
static void run_until(End *a, End *b, unsigned lose_every, unsigned ms, const End *until, unsigned messages)
{
    static unsigned random = 7;
    End *ends[2] = { a, b };
    for (unsigned t = 0; t < ms && !(until && until->messages.length >= messages); t += SCTP_TICK_MS) {
        for (int round = 0; round < 500 && (a->out.length || b->out.length); round++) {
            for (int i = 0; i < 2; i++) {
                g_autoptr(GBytes) p = g_queue_pop_head(&ends[i]->out);
                random = random * 1664525 + 1013904223;
                if (!p || !ends[!i]->a || (lose_every && (random >> 16) % lose_every == 0))
                    continue;
                uint8_t *copy = bytes_exact(g_bytes_get_data(p, NULL), g_bytes_get_size(p));
                sctp_on_packet(ends[!i]->a, copy, g_bytes_get_size(p));
                free(copy);
            }
        }
        now_us += SCTP_TICK_MS * 1000;
        if (until)
            g_usleep(SCTP_TICK_MS * 1000);
        sctp_stack_tick(stack, now_us);
    }
}

static void run(End *a, End *b, unsigned lose_every, unsigned ms)
{
    run_until(a, b, lose_every, ms, NULL, 0);
}

static void connected_pair(End *server, End *client)
{
    end_init(server, SCTP_SERVER);
    end_init(client, SCTP_CLIENT);
    g_assert_cmpuint(server->out.length, ==, 0); /* the bridge never speaks first */
    run(server, client, 0, 500);
    g_assert_cmpuint(server->opened, ==, 1);
    g_assert_cmpuint(client->opened, ==, 1);
    g_assert_true(sctp_is_open(server->a) && sctp_is_open(client->a));
}

static void assert_next(End *e, const void *text, size_t len)
{
    g_autoptr(GBytes) m = g_queue_pop_head(&e->messages);
    g_assert_nonnull(m);
    g_assert_cmpmem(g_bytes_get_data(m, NULL), g_bytes_get_size(m), text, len);
}

static void test_messages(void)
{
    End s, c;
    connected_pair(&s, &c);
    s.echo = true;
    g_assert_true(sctp_send_text(c.a, "hello", 5));
    g_assert_true(sctp_send_text(c.a, "", 0));
    run(&s, &c, 0, 200);
    assert_next(&s, "hello", 5), assert_next(&s, "", 0);
    assert_next(&c, "hello", 5), assert_next(&c, "", 0);
    g_autofree char *big = g_malloc(SCTP_MESSAGE_MAX + 1);
    for (size_t i = 0; i <= SCTP_MESSAGE_MAX; i++)
        big[i] = (char)(i * 7 + i / 256);
    g_assert_false(sctp_send_text(c.a, big, SCTP_MESSAGE_MAX + 1));
    g_assert_true(sctp_send_text(c.a, big, SCTP_MESSAGE_MAX));
    run(&s, &c, 0, 2000);
    assert_next(&s, big, SCTP_MESSAGE_MAX), assert_next(&c, big, SCTP_MESSAGE_MAX);
    g_assert_cmpuint(MAX(s.longest, c.longest), <=, SCTP_PACKET_MAX);
    g_assert_cmpuint(MAX(s.longest, c.longest), >, SCTP_PACKET_MAX - 8);
    g_assert_cmpuint(sctp_counters(c.a).refused_sends, ==, 1);
    g_assert_cmpuint(sctp_counters(s.a).dropped_messages, ==, 0);
    end_clear(&s), end_clear(&c);
}

static void test_loss(void)
{
    End s, c;
    connected_pair(&s, &c);
    for (int i = 0; i < 60; i++) { /* in order, each once, whatever is lost */
        g_autofree char *text = g_strdup_printf("{\"n\":%d}", i);
        g_assert_true(sctp_send_text(c.a, text, strlen(text)));
    }
    run_until(&s, &c, 5, 30000, &s, 60);
    for (int i = 0; i < 60; i++) {
        g_autofree char *text = g_strdup_printf("{\"n\":%d}", i);
        assert_next(&s, text, strlen(text));
    }
    g_assert_cmpuint(s.closed + c.closed, ==, 0);
    end_clear(&s), end_clear(&c);
}

/* The set-up meets loss too. */
static void test_lost_init(void)
{
    End s, c;
    end_init(&s, SCTP_SERVER);
    end_init(&c, SCTP_CLIENT);
    g_clear_pointer(&c.out.head->data, g_bytes_unref);
    g_queue_clear(&c.out);
    run(&s, &c, 0, 1500);
    g_assert_cmpuint(s.opened, ==, 1);
    end_clear(&s), end_clear(&c);
}

/* The peer is silent for two minutes: ICE decides about that, not SCTP. */
static void test_patience(void)
{
    End s, c;
    connected_pair(&s, &c);
    g_assert_true(sctp_send_text(s.a, "later", 5));
    run(&s, &c, 1, 120000);
    g_assert_cmpuint(s.closed, ==, 0);
    run_until(&s, &c, 0, 10000, &c, 1);
    assert_next(&c, "later", 5);
    end_clear(&s), end_clear(&c);
}

static void test_full_buffer(void)
{
    End s, c;
    connected_pair(&s, &c);
    g_autofree char *big = g_strnfill(SCTP_MESSAGE_MAX, 'x');
    unsigned sent = 0;
    while (sent < 100 && sctp_send_text(s.a, big, SCTP_MESSAGE_MAX))
        sent++;
    g_assert_cmpuint(sent, >=, 3);
    g_assert_cmpuint(sent, <=, SCTP_SEND_BUFFER_MAX / SCTP_MESSAGE_MAX + 2); /* refuses instead of growing */
    g_assert_cmpuint(sctp_counters(s.a).refused_sends, ==, 1);
    run(&s, &c, 0, 3000);
    g_assert_cmpuint(c.messages.length, ==, sent);
    g_assert_true(sctp_send_text(s.a, "more", 4));
    end_clear(&s), end_clear(&c);
}

static void test_close(void)
{
    End s, c;
    connected_pair(&s, &c);
    sctp_association_free(c.a);
    c.a = NULL;
    run(&s, &c, 0, 200);
    g_assert_cmpuint(s.closed, ==, 1);
    g_assert_cmpuint(c.closed, ==, 0);
    g_assert_false(sctp_send_text(s.a, "x", 1));
    g_assert_false(sctp_is_open(s.a));
    end_clear(&s), end_clear(&c);
}

static void test_close_channel(void)
{
    End s, c;
    connected_pair(&s, &c);
    g_assert_true(sctp_send_text(c.a, "last", 4));
    sctp_close_channel(c.a);
    g_assert_false(sctp_is_open(c.a));
    run(&s, &c, 0, 1000);
    assert_next(&s, "last", 4);
    g_assert_cmpuint(s.closed, ==, 1);
    g_assert_cmpuint(c.closed, ==, 1); /* the answer of the other side */
    g_assert_false(sctp_send_text(s.a, "x", 1));
    end_clear(&s), end_clear(&c);
}

static void test_not_open(void)
{
    End s;
    end_init(&s, SCTP_SERVER);
    g_assert_false(sctp_send_text(s.a, "x", 1));
    g_assert_cmpuint(sctp_counters(s.a).refused_sends, ==, 1);
    for (size_t n = 0; n < 100; n++) { /* nonsense of all lengths, then the association still works */
        uint8_t *noise = malloc(n ? n : 1);
        for (size_t i = 0; i < n; i++)
            noise[i] = (uint8_t)g_test_rand_int();
        sctp_on_packet(s.a, noise, n);
        free(noise);
    }
    End c;
    end_init(&c, SCTP_CLIENT);
    run(&s, &c, 0, 500);
    g_assert_cmpuint(s.opened, ==, 1);
    end_clear(&s), end_clear(&c);
}

/* Two endpoints at once do not mix. */
static void test_two_pairs(void)
{
    End s1, c1, s2, c2;
    connected_pair(&s1, &c1);
    connected_pair(&s2, &c2);
    g_assert_true(sctp_send_text(c1.a, "one", 3));
    g_assert_true(sctp_send_text(c2.a, "two", 3));
    run(&s1, &c1, 0, 100);
    run(&s2, &c2, 0, 100);
    assert_next(&s1, "one", 3), assert_next(&s2, "two", 3);
    g_assert_cmpuint(s1.messages.length + s2.messages.length, ==, 0);
    end_clear(&s1), end_clear(&c1), end_clear(&s2), end_clear(&c2);
}

static void test_further_channels(void)
{
    End s, c;
    connected_pair(&s, &c);
    g_assert_true(sctp_open_channel(c.a, 2, 0, "second"));
    g_assert_true(sctp_open_channel(c.a, 4, 0x80, "unordered"));
    g_assert_true(sctp_open_channel(c.a, 0, 0, "again"));
    run(&s, &c, 0, 200);
    g_assert_cmpuint(sctp_counters(s.a).rejected_channels, ==, 3);
    g_assert_cmpuint(s.opened, ==, 1);
    g_assert_cmpuint(c.opened, ==, 1);
    g_assert_true(sctp_send_text(s.a, "still here", 10));
    run(&s, &c, 0, 200);
    assert_next(&c, "still here", 10);
    g_autofree char *long_label = g_strnfill(1000, 'x');
    g_assert_false(sctp_open_channel(s.a, 2, 0, long_label));
    end_clear(&s), end_clear(&c);
}

static void test_table(void)
{
    SctpTable t = { 0 };
    int what;
    g_assert_null(sctp_table_get(&t, 1));
    uint32_t first = sctp_table_add(&t, &what), second = sctp_table_add(&t, &what);
    g_assert_cmpuint(first, !=, 0);
    g_assert_cmpuint(second, !=, first);
    sctp_table_remove(&t, second);
    g_assert_null(sctp_table_get(&t, second));
    g_assert_cmpuint(sctp_table_add(&t, &what), !=, second); /* not at once again */
    g_assert_null(sctp_table_get(&t, 0));
    g_assert_null(sctp_table_get(&t, UINT32_MAX));
    sctp_table_remove(&t, 77777);
    while (t.count < SCTP_ASSOCIATIONS_MAX)
        g_assert_cmpuint(sctp_table_add(&t, &what), !=, 0);
    g_assert_cmpuint(sctp_table_add(&t, &what), ==, 0);
    sctp_table_clear(&t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    stack = sctp_stack_new(now_us);
    g_assert_null(sctp_stack_new(now_us));
    g_test_add_func("/sctp/messages", test_messages);
    g_test_add_func("/sctp/loss", test_loss);
    g_test_add_func("/sctp/lost init", test_lost_init);
    g_test_add_func("/sctp/patience", test_patience);
    g_test_add_func("/sctp/full buffer", test_full_buffer);
    g_test_add_func("/sctp/close", test_close);
    g_test_add_func("/sctp/close channel", test_close_channel);
    g_test_add_func("/sctp/not open", test_not_open);
    g_test_add_func("/sctp/two pairs", test_two_pairs);
    g_test_add_func("/sctp/further channels", test_further_channels);
    g_test_add_func("/sctp/table", test_table);
    int r = g_test_run();
    g_assert_true(sctp_stack_is_idle(stack));
    sctp_stack_free(stack);
    return r;
}
