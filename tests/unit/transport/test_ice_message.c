/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/ice_message.h"
#include "tests/fakes/bytes.h"
#include "tests/fakes/rows.h"

/* Attributes in hex; the header with the right length is put in front. */
#define USER "00060007 61626364 3a787900"
#define PRIO "00240004 6e7f00ff"
#define CTRL "802a0008 0102030405060708"
#define MI "00080014 0000000000000000000000000000000000000000"
#define FP "80280004 00000000"
#define XMA "00200008 00010000 00000000"

typedef struct {
    const char *name;
    uint16_t type;
    const char *attributes;
    IceScan want;
} Case;

static const Case cases[] = {
    { "request", 1, USER PRIO CTRL MI FP, ICE_SCAN_OK },
    { "request without role", 1, USER PRIO MI FP, ICE_SCAN_OK },
    { "no fingerprint", 1, USER PRIO CTRL MI, ICE_SCAN_MALFORMED },
    { "no integrity", 1, USER PRIO CTRL FP, ICE_SCAN_MALFORMED },
    { "fingerprint not last", 1, USER PRIO MI FP CTRL, ICE_SCAN_MALFORMED },
    { "two fingerprints", 1, USER PRIO MI FP FP, ICE_SCAN_MALFORMED },
    { "fingerprint before integrity", 1, USER PRIO FP MI, ICE_SCAN_MALFORMED },
    { "no username", 1, PRIO CTRL MI FP, ICE_SCAN_MALFORMED },
    { "empty username", 1, "00060000" PRIO CTRL MI FP, ICE_SCAN_MALFORMED },
    { "no priority", 1, USER CTRL MI FP, ICE_SCAN_MALFORMED },
    { "priority zero", 1, USER "00240004 00000000" MI FP, ICE_SCAN_MALFORMED },
    { "priority of 3 bytes", 1, USER "00240003 01020300" MI FP, ICE_SCAN_MALFORMED },
    { "role of 4 bytes", 1, USER PRIO "802a0004 01020304" MI FP, ICE_SCAN_MALFORMED },
    { "use-candidate with value", 1, USER PRIO "00250004 01020304" MI FP, ICE_SCAN_MALFORMED },
    { "integrity of 4 bytes", 1, USER PRIO "00080004 01020304" FP, ICE_SCAN_MALFORMED },
    { "fingerprint of 8 bytes", 1, USER PRIO MI "80280008 0102030405060708", ICE_SCAN_MALFORMED },
    { "attribute past the end", 1, USER PRIO MI "80280008 01020304", ICE_SCAN_MALFORMED },
    { "priority after integrity", 1, USER MI PRIO FP, ICE_SCAN_MALFORMED },
    { "nonsense after integrity", 1, USER PRIO MI "7ffe0004 01020304 00240001 01000000" FP, ICE_SCAN_OK },
    { "no attributes", 1, "", ICE_SCAN_MALFORMED },
    { "indication", 0x11, FP, ICE_SCAN_NOT_USED },
    { "allocate", 3, USER PRIO MI FP, ICE_SCAN_NOT_USED },
    { "success", 0x101, XMA MI FP, ICE_SCAN_OK },
    { "success ipv6", 0x101, "00200014 00020000 00000000 00000000 00000000 00000000" MI FP, ICE_SCAN_OK },
    { "success without address", 0x101, MI FP, ICE_SCAN_MALFORMED },
    { "address of 4 bytes", 0x101, "00200004 00010000" MI FP, ICE_SCAN_MALFORMED },
    { "address empty", 0x101, "00200000" MI FP, ICE_SCAN_MALFORMED },
    { "ipv6 address of 8 bytes", 0x101, "00200008 00020000 00000000" MI FP, ICE_SCAN_MALFORMED },
    { "address family 3", 0x101, "00200008 00030000 00000000" MI FP, ICE_SCAN_MALFORMED },
    { "error 487", 0x111, "00090004 00000457" MI FP, ICE_SCAN_OK },
    { "error of 2 bytes", 0x111, "00090002 00000000" MI FP, ICE_SCAN_MALFORMED },
    { "error empty", 0x111, "00090000" MI FP, ICE_SCAN_MALFORMED },
    { "error 787", 0x111, "00090004 00000757" MI FP, ICE_SCAN_MALFORMED },
    { "error without code", 0x111, MI FP, ICE_SCAN_MALFORMED },
};

static uint8_t *message(uint16_t type, const char *attributes, size_t *len)
{
    size_t body;
    free(bytes_from_hex(attributes, &body));
    g_autofree char *hex =
        g_strdup_printf("%04x%04x 2112a442 000102030405060708090a0b %s", type, (unsigned)body, attributes);
    return bytes_from_hex(hex, len);
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    size_t len;
    IceMessage m;
    uint8_t *bytes = message(c->type, c->attributes, &len);
    g_assert_cmpint(ice_message_scan(bytes, len, &m), ==, c->want);
    for (size_t n = 0; c->want == ICE_SCAN_OK && n < len;
         n++) { /* every truncation, with and without a matching length field */
        uint8_t *cut = bytes_exact(bytes, n);
        g_assert_cmpint(ice_message_scan(cut, n, &m), !=, ICE_SCAN_OK);
        if (n >= 20) {
            cut[2] = (uint8_t)((n - 20) >> 8);
            cut[3] = (uint8_t)(n - 20);
            g_assert_cmpint(ice_message_scan(cut, n, &m), !=, ICE_SCAN_OK);
        }
        free(cut);
    }
    free(bytes);
}

static void test_fields(void)
{
    size_t len;
    IceMessage m;
    uint8_t *bytes = message(1, USER PRIO CTRL "00250000 7ffe0001 01000000 c0570004 00000001" PRIO MI FP, &len);
    g_assert_cmpint(ice_message_scan(bytes, len, &m), ==, ICE_SCAN_OK);
    g_assert_cmpint(m.type, ==, ICE_MSG_REQUEST);
    g_assert_cmpmem(bytes + m.username_off, m.username_len, "abcd:xy", 7);
    g_assert_cmpuint(m.priority, ==, 0x6e7f00ff);
    g_assert_true(m.controlling && !m.controlled && m.use_candidate);
    g_assert_cmpuint(m.tie_breaker, ==, 0x0102030405060708);
    g_assert_cmpuint(m.n_unknown, ==, 1);
    g_assert_cmpuint(m.unknown[0], ==, 0x7ffe);
    free(bytes);
    bytes = message(0x111, "00090008 00000457 61626364" MI FP, &len);
    g_assert_cmpint(ice_message_scan(bytes, len, &m), ==, ICE_SCAN_OK);
    g_assert_cmpuint(m.error_code, ==, 487);
    free(bytes);
}

static void test_many_attributes(void)
{
    size_t len;
    IceMessage m;
    for (int n = ICE_ATTRIBUTES_MAX - 10; n < ICE_ATTRIBUTES_MAX + 10; n++) {
        g_autoptr(GString) s = g_string_new(USER PRIO);
        for (int i = 0; i < n; i++)
            g_string_append(s, "7f000000");
        g_string_append(s, MI FP);
        uint8_t *bytes = message(1, s->str, &len);
        g_assert_cmpint(ice_message_scan(bytes, len, &m), ==,
                        n + 4 <= ICE_ATTRIBUTES_MAX ? ICE_SCAN_OK : ICE_SCAN_MALFORMED);
        free(bytes);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/ice/message", cases, test_case);
    g_test_add_func("/ice/message/fields", test_fields);
    g_test_add_func("/ice/message/many attributes", test_many_attributes);
    return g_test_run();
}
