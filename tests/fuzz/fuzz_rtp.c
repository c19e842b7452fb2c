/* SPDX-License-Identifier: Apache-2.0
 *
 * RTP view, extension walk, RTX and RED over any bytes. Properties: everything a view or element names lies
 * inside the packet; extensions written anew read back the same; what unwraps as RTX is the packet that it says, and
 * what does not stays as it was. */
#include <stdlib.h>
#include <string.h>
#include "common/rtp/red.h"
#include "common/rtp/rtp_ext.h"
#include "common/rtp/rtp_write.h"
#include "common/rtp/rtx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(x)                                                                                                       \
    do {                                                                                                               \
        if (!(x))                                                                                                      \
            abort();                                                                                                   \
    } while (0)

#define MAX_ITEMS 64

static void rewrite_extensions(const uint8_t *data, const RtpView *v)
{
    RtpExtItem items[MAX_ITEMS];
    RtpExtElement e;
    RtpExtIter it;
    size_t n = 0, len = 0, i = 0;
    rtp_ext_iter_init(&it, data, v);
    while (rtp_ext_next(&it, &e)) {
        CHECK(e.id != 0 && e.off >= v->ext_off && e.off + e.len <= v->ext_off + v->ext_len);
        if (n < MAX_ITEMS)
            items[n++] = (RtpExtItem){ e.id, e.len, data + e.off };
    }
    static uint8_t out[RTP_HEADER_SIZE + RTP_EXT_BLOCK_HEADER + MAX_ITEMS * 257 + 4];
    RtpHeader h = { .pt = v->pt, .marker = v->marker, .seq = v->seq, .ts = v->ts, .ssrc = v->ssrc };
    len = rtp_header_write(out, sizeof(out), &h, items, n, true);
    CHECK(len >= RTP_HEADER_SIZE);
    RtpView again;
    CHECK(rtp_view_parse(out, len, &again) == RTP_OK);
    CHECK(again.pt == v->pt && again.marker == v->marker && again.seq == v->seq && again.ssrc == v->ssrc);
    rtp_ext_iter_init(&it, out, &again);
    while (rtp_ext_next(&it, &e)) {
        CHECK(i < n && e.id == items[i].id && e.len == items[i].len);
        CHECK(e.len == 0 || memcmp(out + e.off, items[i].data, e.len) == 0);
        i++;
    }
    CHECK(i == n);
}

/* As if it were RTX. */
static void unwrap(const uint8_t *data, size_t size, const RtpView *v)
{
    uint8_t *plain = malloc(size);
    RtpView u;
    memcpy(plain, data, size);
    RtxStatus status = rtx_unwrap(plain, v, 1, 2);
    CHECK((status == RTX_OK) == (v->payload_len >= RTX_OSN_SIZE));
    if (status == RTX_OK) {
        CHECK(rtp_view_parse(plain + RTX_OSN_SIZE, size - RTX_OSN_SIZE, &u) == RTP_OK && u.ssrc == 2 && u.pt == 1);
        CHECK(u.seq == (data[v->payload_off] << 8 | data[v->payload_off + 1]));
        CHECK(u.payload_len + RTX_OSN_SIZE == v->payload_len && u.ts == v->ts && u.marker == v->marker);
        CHECK(memcmp(plain + RTX_OSN_SIZE + u.payload_off, data + v->payload_off + RTX_OSN_SIZE, u.payload_len) == 0);
    } else {
        CHECK(memcmp(plain, data, size) == 0);
    }
    free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RtpView v;
    RedPrimary red;
    if (red_primary(data, size, &red))
        CHECK(red.off + red.len == size && red.redundant_count < RED_MAX_BLOCKS && red.pt < 128);
    if (rtp_view_parse(data, size, &v) != RTP_OK)
        return 0;
    CHECK(v.payload_off + v.payload_len + v.padding_len == size && v.ext_off + v.ext_len <= v.payload_off);
    rewrite_extensions(data, &v);
    unwrap(data, size, &v);
    return 0;
}
