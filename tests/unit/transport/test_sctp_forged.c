/* SPDX-License-Identifier: Apache-2.0
 *
 * SCTP from an authenticated peer that means harm: error causes and address parameters whose lengths lie, and what our
 * own packets give away (RFC 9260 3.3.2, 3.3.10, 5.1.2). */
#include <glib.h>
#include "bridge/transport/sctp.h"
#include "tests/fakes/bytes.h"
#include "tests/fakes/crc32c.h"
#include "tests/fakes/rows.h"

#define HEADER 12 /* common header */
#define INIT 1
#define INIT_ACK 2
#define ABORT 6
#define ERROR 9
#define PACKETS 200

typedef struct {
    SctpAssociation *a;
    GQueue out;       /* GBytes, on their way */
    GByteArray *said; /* all it ever sent */
    uint8_t tag[4];   /* what its packets carried last: the other end's */
    unsigned opened, closed;
    GString *heard;
} End;

static SctpStack *stack;
static int64_t now_us = 1000000;

static void on_send(void *user, const uint8_t *packet, size_t len)
{
    End *e = user;
    g_queue_push_tail(&e->out, g_bytes_new(packet, len));
    g_byte_array_append(e->said, packet, (guint)len);
    memcpy(e->tag, packet + 4, sizeof(e->tag));
}

static void on_open(void *user)
{
    ((End *)user)->opened++;
}

static void on_message(void *user, const char *text, size_t len)
{
    g_string_append_len(((End *)user)->heard, text, (gssize)len);
}

static void on_closed(void *user)
{
    ((End *)user)->closed++;
}

static End *end_new(SctpRole role)
{
    static const SctpCallbacks callbacks = { on_send, on_open, on_message, on_closed };
    End *e = g_new0(End, 1);
    g_queue_init(&e->out);
    e->said = g_byte_array_new();
    e->heard = g_string_new(NULL);
    e->a = sctp_association_new(stack, role, "x", &callbacks, e);
    g_assert_nonnull(e->a);
    return e;
}

static void end_free(End *e)
{
    sctp_association_free(e->a);
    g_queue_clear_full(&e->out, (GDestroyNotify)g_bytes_unref);
    g_byte_array_unref(e->said);
    g_string_free(e->heard, TRUE);
    g_free(e);
}

static void carry(End *from, End *to)
{
    for (unsigned n = from->out.length; n > 0; n--) {
        g_autoptr(GBytes) p = g_queue_pop_head(&from->out);
        sctp_on_packet(to->a, g_bytes_get_data(p, NULL), g_bytes_get_size(p));
    }
}

static void run(End *server, End *client)
{
    for (int i = 0; i < PACKETS; i++) {
        carry(client, server);
        carry(server, client);
        sctp_stack_tick(stack, now_us += SCTP_TICK_MS * 1000);
    }
}

/* A chunk to the server, behind a true header: both ports, tag (NULL: 0) and checksum. Its bytes end where the packet
 * does, so that a read past them is seen. */
static void forge(End *server, const uint8_t *tag, const char *chunk)
{
    size_t len;
    g_autofree char *hex = g_strconcat("1388 1388 00000000 00000000", chunk, NULL);
    uint8_t *bytes = bytes_from_hex(hex, &len);
    g_assert(len >= 12); /* the compiler knows it then, too */
    if (tag)
        memcpy(bytes + 4, tag, 4);
    uint32_t c = crc32c(bytes, len);
    for (int i = 0; i < 4; i++)
        bytes[8 + i] = (uint8_t)(c >> 8 * i);
    sctp_on_packet(server->a, bytes, len);
    free(bytes);
}

/* The two talk, both ways. */
static void assert_talk(End *server, End *client)
{
    g_assert_true(sctp_is_open(server->a) && sctp_is_open(client->a));
    g_string_truncate(server->heard, 0);
    g_string_truncate(client->heard, 0);
    g_assert_true(sctp_send_text(client->a, "hello", 5));
    g_assert_true(sctp_send_text(server->a, "you", 3));
    run(server, client);
    g_assert_cmpstr(server->heard->str, ==, "hello");
    g_assert_cmpstr(client->heard->str, ==, "you");
}

typedef struct {
    const char *name, *chunk;
    bool ends; /* an ABORT is one, whatever it says of its cause */
} CauseCase;

static const CauseCase causes[] = {
    { "none", "09000004", false },
    { "unknown, whole", "0900000c ffee0008 01020304", false },
    { "stale cookie, whole", "0900000c 00030008 00000001", false },
    { "length 0", "09000008 00010000", false },
    { "length 3", "09000008 00010003", false },
    { "length past the chunk", "0900000c 0001ffff 31323334", false },
    { "length one too many", "0900000c 00060009 31323334", false },
    { "chunk longer than the packet", "0900ffff 00010008 31323334", false },
    { "unrecognised chunk, cut", "09000008 00060004", false },
    { "unrecognised chunk inside, its length lies", "0900000c 00060008 c000ffff", false },
    { "unrecognised parameter, cut", "0900000a 00080006 c0000000", false },
    { "many, the last lies", "09000014 00010008 00000000 00080008 80000004 0003fffc", false },
    { "abort", "06000004", true },
    { "abort, length 0", "06000008 000c0000", true },
    { "abort, length past the chunk", "0600000c 000cffff 31323334", true },
    { "abort, a reason not terminated", "0600000c 000c0008 ffffffff", true },
};

static void test_causes(gconstpointer data)
{
    const CauseCase *c = data;
    stack = sctp_stack_new(now_us);
    End *server = end_new(SCTP_SERVER), *client = end_new(SCTP_CLIENT);
    run(server, client);
    assert_talk(server, client);
    forge(server, client->tag, c->chunk);
    run(server, client);
    g_assert_cmpuint(server->closed, ==, c->ends);
    g_assert_true(sctp_is_open(server->a) == !c->ends);
    if (c->ends)
        g_assert_false(sctp_send_text(server->a, "x", 1));
    else
        assert_talk(server, client);
    end_free(client), end_free(server);
    sctp_stack_free(stack);
}

/* INIT: tag 7, window, 1 and 1 streams, first number 1; then its parameters. */
#define INIT_CHUNK(length, parameters) "010000" length "00000007 00010000 00010001 00000001" parameters

typedef struct {
    const char *name, *chunk;
} InitCase;

static const InitCase inits[] = {
    { "no parameter", INIT_CHUNK("14", "") },
    { "IPv4", INIT_CHUNK("1c", "00050008 7f000001") },
    { "IPv6", INIT_CHUNK("28", "00060014 00000000 00000000 00000000 00000001") },
    { "IPv4, the packet ends in it", INIT_CHUNK("1c", "00050008") },
    { "IPv4 of length 4", INIT_CHUNK("18", "00050004") },
    { "IPv4 of length 0", INIT_CHUNK("18", "00050000") },
    { "IPv6 of length 6", INIT_CHUNK("1c", "00060006 61620000") },
    { "IPv6 past the chunk", INIT_CHUNK("1c", "00060014 00000001") },
    { "IPv6 of length 65535", INIT_CHUNK("1c", "0006ffff 00000001") },
    { "a host name", INIT_CHUNK("20", "000b000c 6c6f6361 6c686f73") },
    { "address types, odd length", INIT_CHUNK("1c", "000c0007 00050006") },
    { "many addresses", INIT_CHUNK("34", "00050008 7f000001 00050008 7f000002 00050008 e0000001 00050008 ffffffff") },
    { "a cookie to be kept longer", INIT_CHUNK("1c", "00090008 ffffffff") },
};

/* Parameters of every INIT ACK that it sent: none may be an address. Returns how many INIT ACKs there were. */
static unsigned assert_no_addresses(End *server)
{
    unsigned n = 0;
    for (GList *i = server->out.head; i; i = i->next) {
        size_t len;
        const uint8_t *p = g_bytes_get_data(i->data, &len);
        if (len < HEADER + 20 || p[HEADER] != INIT_ACK)
            continue;
        n++;
        for (size_t at = HEADER + 20; at + 4 <= len;) {
            unsigned type = (unsigned)p[at] << 8 | p[at + 1], size = (unsigned)p[at + 2] << 8 | p[at + 3];
            g_assert_cmpuint(size, >=, 4);
            g_assert_true(type != 5 && type != 6 && type != 11);
            at += (size + 3) & ~3u;
        }
    }
    return n;
}

/* Whatever addresses a peer claims: it is answered where it is, and who comes after it is served. */
static void test_init_addresses(gconstpointer data)
{
    const InitCase *c = data;
    stack = sctp_stack_new(now_us);
    End *server = end_new(SCTP_SERVER), *client = end_new(SCTP_CLIENT);
    forge(server, NULL, c->chunk);
    unsigned answers = assert_no_addresses(server);
    g_assert_cmpuint(answers, <=, 1);
    g_assert_true(c != &inits[0] || answers == 1); /* the one without any is a good one */
    g_assert_cmpuint(server->opened + server->closed, ==, 0);
    g_queue_clear_full(&server->out, (GDestroyNotify)g_bytes_unref);
    run(server, client);
    assert_talk(server, client);
    forge(server, NULL, c->chunk); /* and once there is an association */
    assert_no_addresses(server);
    g_queue_clear_full(&server->out, (GDestroyNotify)g_bytes_unref);
    run(server, client);
    assert_talk(server, client);
    end_free(client), end_free(server);
    sctp_stack_free(stack);
}

/* In no packet, the state cookie included, is anything that points into this process. */
static unsigned pointers_in(const GByteArray *said, const void *near, unsigned shift)
{
    unsigned n = 0;
    for (guint i = 0; i + sizeof(uint64_t) <= said->len; i++) {
        uint64_t little, big;
        memcpy(&little, said->data + i, sizeof(little));
        big = GUINT64_SWAP_LE_BE(little);
        uint64_t pages = (uint64_t)(uintptr_t)near >> shift;
        n += GUINT64_FROM_LE(little) >> shift == pages || GUINT64_FROM_LE(big) >> shift == pages;
    }
    return n;
}

static void test_no_pointers(void)
{
    stack = sctp_stack_new(now_us);
    End *server = end_new(SCTP_SERVER), *client = end_new(SCTP_CLIENT);
    g_autoptr(GByteArray) control = g_byte_array_new();
    g_byte_array_append(control, (const uint8_t *)"\0\0\0", 3);
    g_byte_array_append(control, (const uint8_t *)&server->a, sizeof(server->a));
    g_assert_cmpuint(pointers_in(control, server->a, 24), ==, 1); /* it would be seen */
    forge(server, NULL, inits[1].chunk);
    g_queue_clear_full(&server->out, (GDestroyNotify)g_bytes_unref);
    run(server, client);
    assert_talk(server, client);
    forge(server, client->tag, causes[8].chunk);
    run(server, client);
    sctp_close_channel(server->a);
    run(server, client);
    g_assert_cmpuint(server->said->len, >, 500);
    const void *places[] = { server, server->a, stack, &server, &stack, (const void *)(uintptr_t)test_no_pointers };
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) { /* the heap, the stack, the program: 16 MiB around each */
        if ((uint64_t)(uintptr_t)places[i] >> 32 == 0)
            continue; /* so low that a number could be taken for it */
        g_assert_cmpuint(pointers_in(server->said, places[i], 24), ==, 0);
        g_assert_cmpuint(pointers_in(client->said, places[i], 24), ==, 0);
    }
    end_free(client), end_free(server);
    sctp_stack_free(stack);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/sctp forged/cause", causes, test_causes);
    ADD_ROWS("/sctp forged/INIT", inits, test_init_addresses);
    g_test_add_func("/sctp forged/no pointers", test_no_pointers);
    return g_test_run();
}
