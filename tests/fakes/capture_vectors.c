/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/capture_vectors.h"

#include "common/rtp/rtp_view.h"

#include <string.h>

#define FILE_HEADER 24
#define RECORD_HEADER 16
#define IP_UDP 28
#define LINK_RAW_IP 101
#define RTP_PORT 5004
#define PADDING_BIT 0x20

static uint32_t read_u32(const uint8_t *p, gboolean swapped)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return swapped ? GUINT32_SWAP_LE_BE(v) : v;
}

static gboolean fail(GError **error, const char *what)
{
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, what);
    return FALSE;
}

static void put_line(GString *out, unsigned eid, int64_t us, const uint8_t *packet, gsize len, const RtpView *v,
                     uint16_t seq, gsize cut)
{
    gsize kept = cut && v->payload_len > cut ? v->payload_off + cut : len;
    g_string_append_printf(out, "%u %" G_GINT64_FORMAT " %" G_GSIZE_FORMAT " ", eid, us, v->payload_len);
    for (gsize i = 0; i < kept; i++) {
        uint8_t byte = packet[i];
        if (i == 0 && kept < len)
            byte &= (uint8_t)~PADDING_BIT; /* it is cut away */
        if (i == 2 || i == 3)
            byte = (uint8_t)(i == 2 ? seq >> 8 : seq);
        g_string_append_printf(out, "%02x", byte);
    }
    g_string_append_c(out, '\n');
}

typedef struct {
    const uint32_t *ssrcs;
    unsigned n;
    gsize cut;
    uint16_t left_out[CAPTURE_ENCODINGS_MAX];
    int64_t first_us;
    GString *out;
} Reading;

static void take_packet(Reading *r, int64_t us, const uint8_t *packet, gsize len)
{
    RtpView v;
    unsigned eid = 0;
    if (rtp_view_parse(packet, len, &v) != RTP_OK)
        return;
    while (eid < r->n && r->ssrcs[eid] != v.ssrc)
        eid++;
    if (eid == r->n)
        return;
    if (v.payload_len == 0) {
        r->left_out[eid]++;
        return;
    }
    if (r->first_us < 0)
        r->first_us = us;
    put_line(r->out, eid, us - r->first_us, packet, len, &v, (uint16_t)(v.seq - r->left_out[eid]), r->cut);
}

static gboolean read_file(Reading *r, const uint8_t *pcap, gsize len, GError **error)
{
    if (len < FILE_HEADER)
        return fail(error, "too short for a capture");
    uint32_t magic = read_u32(pcap, FALSE);
    gboolean swapped = magic == 0xd4c3b2a1;
    if (!swapped && magic != 0xa1b2c3d4)
        return fail(error, "not a pcap file");
    if (read_u32(pcap + 20, swapped) != LINK_RAW_IP)
        return fail(error, "not a capture of the bridge: its packets do not begin with IP");
    for (gsize at = FILE_HEADER; at < len;) {
        if (len - at < RECORD_HEADER)
            return fail(error, "the capture ends within a packet");
        const uint8_t *record = pcap + at;
        gsize n = read_u32(record + 8, swapped);
        int64_t us = (int64_t)read_u32(record, swapped) * G_USEC_PER_SEC + read_u32(record + 4, swapped);
        at += RECORD_HEADER;
        if (n > len - at)
            return fail(error, "the capture ends within a packet");
        const uint8_t *ip = pcap + at;
        if (n > IP_UDP && ip[0] == 0x45 && (ip[22] << 8 | ip[23]) == RTP_PORT)
            take_packet(r, us, ip + IP_UDP, n - IP_UDP);
        at += n;
    }
    return TRUE;
}

char *capture_vectors_from_pcap(const uint8_t *pcap, gsize len, const uint32_t *ssrcs, unsigned n, gsize cut,
                                GError **error)
{
    Reading r = { .ssrcs = ssrcs, .n = MIN(n, CAPTURE_ENCODINGS_MAX), .cut = cut, .first_us = -1 };
    r.out = g_string_new(NULL);
    gboolean good = read_file(&r, pcap, len, error);
    return g_string_free(r.out, !good);
}

static CapturedPacket *parse_line(const char *line)
{
    g_auto(GStrv) f = g_strsplit(line, " ", 4);
    if (g_strv_length(f) != 4 || strlen(f[3]) % 2 != 0)
        return NULL;
    gsize len = strlen(f[3]) / 2;
    CapturedPacket *p = g_malloc0(sizeof(*p) + len);
    p->eid = (unsigned)g_ascii_strtoull(f[0], NULL, 10);
    p->us = g_ascii_strtoll(f[1], NULL, 10);
    p->payload_len = (gsize)g_ascii_strtoull(f[2], NULL, 10);
    p->len = len;
    for (gsize i = 0; i < len; i++)
        p->bytes[i] = (uint8_t)(g_ascii_xdigit_value(f[3][2 * i]) << 4 | g_ascii_xdigit_value(f[3][2 * i + 1]));
    return p;
}

GPtrArray *capture_vectors_parse(const char *text)
{
    g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **l = lines; *l; l++) {
        if (**l == '#' || **l == 0)
            continue;
        CapturedPacket *p = parse_line(*l);
        if (!p)
            return NULL;
        g_ptr_array_add(out, p);
    }
    return g_steal_pointer(&out);
}
