/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include "bridge/transport/demux.h"
#include "bridge/transport/tuple.h"
#include "tests/fakes/bytes.h"
#include "tests/fakes/rows.h"

typedef struct {
    const char *name, *hex;
    DemuxKind want;
} KindCase;

static const KindCase kinds[] = {
    { "empty", "", DEMUX_OTHER },
    { "one byte", "80", DEMUX_OTHER },
    { "stun request", "00010000 2112a442 000102030405060708090a0b", DEMUX_STUN },
    { "stun response", "01010000 2112a442 000102030405060708090a0b", DEMUX_STUN },
    { "stun 19 bytes", "00010000 2112a442 000102030405060708090a", DEMUX_OTHER },
    { "stun no cookie", "00010000 2112a443 000102030405060708090a0b", DEMUX_OTHER },
    { "zrtp 16", "10000000 5a525450 0000000000000000000000000000", DEMUX_OTHER },
    { "below dtls 19", "13fefd0000000000000000000100", DEMUX_OTHER },
    { "dtls 20", "14fefd00000000000000000001", DEMUX_DTLS },
    { "dtls handshake", "16fefd00000000000000000000", DEMUX_DTLS },
    { "dtls 63", "3ffefd00000000000000000000", DEMUX_DTLS },
    { "dtls 12 bytes", "16fefd000000000000000000", DEMUX_OTHER },
    { "turn channel 64", "40000000000000000000000000", DEMUX_OTHER },
    { "127", "7f0000000000000000000000", DEMUX_OTHER },
    { "rtp", "80600001 00000002 00000003", DEMUX_RTP },
    { "rtp marker type 63", "80bf0001 00000002 00000003", DEMUX_RTP },
    { "rtp 11 bytes", "80600001 00000002 000000", DEMUX_OTHER },
    { "rtp type 96 marker", "80e00001 00000002 00000003", DEMUX_RTP },
    { "rtcp sr", "80c80001 00000002", DEMUX_RTCP },
    { "rtcp 192", "80c00001 00000002", DEMUX_RTCP },
    { "rtcp 223", "bfdf0001 00000002", DEMUX_RTCP },
    { "rtcp 7 bytes", "80c80001 000000", DEMUX_OTHER },
    { "192", "c0600001 00000002 00000003", DEMUX_OTHER },
};

static void test_kind(gconstpointer data)
{
    const KindCase *c = data;
    size_t len;
    uint8_t *bytes = bytes_from_hex(c->hex, &len);
    g_assert_cmpint(demux_kind(bytes, len), ==, c->want);
    free(bytes);
}

static void test_too_long(void)
{
    uint8_t bytes[DEMUX_MAX_DATAGRAM + 1] = { 0x80, 0x60 };
    g_assert_cmpint(demux_kind(bytes, DEMUX_MAX_DATAGRAM), ==, DEMUX_RTP);
    g_assert_cmpint(demux_kind(bytes, DEMUX_MAX_DATAGRAM + 1), ==, DEMUX_OTHER);
}

#define ID "2112a442 000102030405060708090a0b"
typedef struct {
    const char *name, *hex;
    StunPeek want;
    const char *ufrag;
} PeekCase;

static const PeekCase peeks[] = {
    { "username", "0001000c" ID "00060007 61626364 3a787900", STUN_PEEK_REQUEST, "abcd" },
    { "after another attribute", "00010014" ID "00240004 00000001 00060007 61626364 3a787900", STUN_PEEK_REQUEST,
      "abcd" },
    { "response", "01010000" ID, STUN_PEEK_RESPONSE, NULL },
    { "error response", "01110000" ID, STUN_PEEK_RESPONSE, NULL },
    { "indication", "00110000" ID, STUN_PEEK_DROP, NULL },
    { "allocate", "00030000" ID, STUN_PEEK_DROP, NULL },
    { "no username", "00010000" ID, STUN_PEEK_DROP, NULL },
    { "no colon", "0001000c" ID "00060007 61626364 65787900", STUN_PEEK_DROP, NULL },
    { "empty ufrag", "0001000c" ID "00060007 3a626364 65787900", STUN_PEEK_DROP, NULL },
    { "bad character", "0001000c" ID "00060007 61200064 3a787900", STUN_PEEK_DROP, NULL },
    { "attribute past end", "0001000c" ID "00060009 61626364 3a787900", STUN_PEEK_DROP, NULL },
    { "length not of 4", "0001000a" ID "00060006 61626364 3a78", STUN_PEEK_DROP, NULL },
    { "length short", "00010008" ID "00060007 61626364 3a787900", STUN_PEEK_DROP, NULL },
    { "length long", "00010010" ID "00060007 61626364 3a787900", STUN_PEEK_DROP, NULL },
    { "32 characters",
      "00010028" ID "00060023 6161616161616161616161616161616161616161616161616161616161616161 3a626300",
      STUN_PEEK_REQUEST, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
    { "33 characters",
      "00010028" ID "00060024 616161616161616161616161616161616161616161616161616161616161616161 3a6263",
      STUN_PEEK_DROP, NULL },
};

static void test_peek(gconstpointer data)
{
    const PeekCase *c = data;
    size_t len, off = 0, n = 0;
    uint8_t *bytes = bytes_from_hex(c->hex, &len);
    g_assert_cmpint(stun_peek(bytes, len, &off, &n), ==, c->want);
    if (c->ufrag) {
        g_assert_cmpuint(n, ==, strlen(c->ufrag));
        g_assert_cmpmem(bytes + off, n, c->ufrag, n);
    }
    free(bytes);
}

static void test_tuple(void)
{
    static const struct {
        const char *ip, *text;
    } rows[] = { { "192.0.2.1", "192.0.2.1:4000" },
                 { "2001:db8::1", "[2001:db8::1]:4000" },
                 { "::ffff:192.0.2.1", "192.0.2.1:4000" } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Tuple t, back;
        struct sockaddr_storage ss;
        char text[TUPLE_TEXT_MAX];
        g_assert_true(tuple_parse(rows[i].ip, 4000, 3, &t));
        g_assert_cmpstr(tuple_text(&t, text), ==, rows[i].text);
        socklen_t n = tuple_to_sockaddr(&t, &ss);
        g_assert_true(tuple_from_sockaddr((struct sockaddr *)&ss, n, 3, &back));
        g_assert_true(tuple_equal(&t, &back));
        g_assert_false(tuple_from_sockaddr((struct sockaddr *)&ss, n - 1, 3, &back));
        g_assert_false(tuple_is_set(&back));
    }
    Tuple t;
    struct sockaddr_storage ss;
    char text[TUPLE_TEXT_MAX];
    g_assert_false(tuple_parse("example.local", 1, 0, &t));
    g_assert_false(tuple_parse("1.2.3", 1, 0, &t));
    g_assert_cmpuint(tuple_to_sockaddr(&t, &ss), ==, 0);
    g_assert_cmpstr(tuple_text(&t, text), ==, "-");
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_scope_id = 2 };
    inet_pton(AF_INET6, "fe80::1", &in6.sin6_addr);
    g_assert_true(tuple_from_sockaddr((struct sockaddr *)&in6, sizeof(in6), 0, &t));
    g_assert_cmpuint(t.scope_id, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/demux/kind", kinds, test_kind);
    ADD_ROWS("/demux/peek", peeks, test_peek);
    g_test_add_func("/demux/kind/too long", test_too_long);
    g_test_add_func("/tuple/round trip", test_tuple);
    return g_test_run();
}
