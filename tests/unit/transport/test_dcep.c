/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/dcep.h"
#include "tests/fakes/bytes.h"
#include "tests/fakes/rows.h"

typedef struct {
    const char *name, *hex;
    DcepStatus want;
    DcepType type;
    const char *label, *protocol;
} Case;

static const Case cases[] = {
    { "ack", "02", DCEP_OK, DCEP_ACK, NULL, NULL },
    { "ack and more", "0200", DCEP_OK, DCEP_ACK, NULL, NULL },
    { "empty", "", DCEP_TRUNCATED, 0, NULL, NULL },
    { "open", "03 00 0000 00000000 0002 0003 6162 786d6c", DCEP_OK, DCEP_OPEN, "ab", "xml" },
    { "open without texts", "03 00 0000 00000000 0000 0000", DCEP_OK, DCEP_OPEN, "", "" },
    { "open and more", "03 00 0000 00000000 0001 0000 61 ffff", DCEP_OK, DCEP_OPEN, "a", "" },
    { "unordered", "03 80 0100 00000005 0001 0000 61", DCEP_OK, DCEP_OPEN, "a", "" },
    { "label cut", "03 00 0000 00000000 0002 0000 61", DCEP_TRUNCATED, 0, NULL, NULL },
    { "protocol cut", "03 00 0000 00000000 0001 0002 61 62", DCEP_TRUNCATED, 0, NULL, NULL },
    { "header cut", "03 00 0000 00000000 0001 00", DCEP_TRUNCATED, 0, NULL, NULL },
    { "label too long", "03 00 0000 00000000 0101 0000", DCEP_TOO_LONG, 0, NULL, NULL },
    { "protocol too long", "03 00 0000 00000000 0000 ffff", DCEP_TOO_LONG, 0, NULL, NULL },
    { "type 0", "00", DCEP_UNKNOWN_TYPE, 0, NULL, NULL },
    { "type 4", "04 00 0000 00000000 0000 0000", DCEP_UNKNOWN_TYPE, 0, NULL, NULL },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    size_t len;
    uint8_t *bytes = bytes_from_hex(c->hex, &len);
    DcepMessage m;
    g_assert_cmpint(dcep_parse(bytes, len, &m), ==, c->want);
    if (c->want == DCEP_OK)
        g_assert_cmpint(m.type, ==, c->type);
    if (c->label) {
        g_assert_cmpmem(bytes + m.label_off, m.label_len, c->label, strlen(c->label));
        g_assert_cmpmem(bytes + m.protocol_off, m.protocol_len, c->protocol, strlen(c->protocol));
    }
    free(bytes);
}

static void test_build(void)
{
    uint8_t out[64];
    DcepMessage m;
    g_autofree char *long_label = g_strnfill(DCEP_LABEL_MAX + 1, 'x');
    size_t n = dcep_build_open(out, sizeof(out), 0x81, "label", "proto");
    g_assert_cmpuint(n, ==, 22);
    g_assert_cmpint(dcep_parse(out, n, &m), ==, DCEP_OK);
    g_assert_cmpint(m.type, ==, DCEP_OPEN);
    g_assert_cmpuint(m.channel_type, ==, 0x81);
    g_assert_cmpmem(out + m.label_off, m.label_len, "label", 5);
    g_assert_cmpmem(out + m.protocol_off, m.protocol_len, "proto", 5);
    g_assert_cmpuint(dcep_build_open(out, n - 1, 0, "label", "proto"), ==, 0);
    g_assert_cmpuint(dcep_build_open(out, sizeof(out), 0, long_label, ""), ==, 0);
    g_assert_cmpuint(dcep_build_ack(out, 1), ==, 1);
    g_assert_cmpuint(dcep_build_ack(out, 0), ==, 0);
    g_assert_cmpint(dcep_parse(out, 1, &m), ==, DCEP_OK);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/dcep", cases, test_case);
    g_test_add_func("/dcep/build", test_build);
    return g_test_run();
}
