/* SPDX-License-Identifier: Apache-2.0
 *
 * Input: a profile byte and a mode byte, then a datagram. Mode bit 0: SRTCP instead of SRTP. Mode bit 1: the datagram is
 * protected with the right keys first, so that headers of any shape reach the code behind authentication.
 * Properties: nothing passes without the keys; what was protected comes out as it went in, once. */
#include <stdlib.h>
#include <string.h>
#include "bridge/transport/srtp.h"
#include "bridge/transport/srtp_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM 2048

static void fuzz_rtp(const SrtpKeys *keys, bool sign, const uint8_t *data, size_t size)
{
    uint8_t pkt[ROOM];
    SrtpRx *rx = srtp_rx_new(keys->profile, keys->rx_key, keys->rx_salt);
    size_t len = size, header = sign ? srtp_header_len(data, size) : 0;
    memcpy(pkt, data, size);
    if (header) {
        SrtpTx *tx = srtp_tx_new(keys->profile, keys->rx_key, keys->rx_salt);
        SrtpStream stream = { 0 };
        len = srtp_tx_protect(tx, &stream, data, header, data + header, size - header, pkt, sizeof(pkt));
        srtp_tx_free(tx);
        if (len == 0)
            abort();
    }
    uint8_t again[ROOM];
    size_t again_len = len;
    memcpy(again, pkt, len);
    SrtpStatus status = srtp_rx_unprotect(rx, pkt, &len, NULL);
    if ((status == SRTP_OK) != (header != 0))
        abort();
    if (header && (len != size || memcmp(pkt, data, size) != 0))
        abort();
    if (header && srtp_rx_unprotect(rx, again, &again_len, NULL) != SRTP_REPLAYED)
        abort();
    if (srtp_rx_streams(rx) != (header ? 1 : 0))
        abort();
    srtp_rx_free(rx);
}

static void fuzz_rtcp(const SrtpKeys *keys, bool sign, const uint8_t *data, size_t size)
{
    uint8_t pkt[ROOM];
    SrtpKeys turned = *keys;
    memcpy(turned.tx_key, keys->rx_key, sizeof(turned.tx_key));
    memcpy(turned.tx_salt, keys->rx_salt, sizeof(turned.tx_salt));
    Srtcp *in = srtcp_new(keys), *out = srtcp_new(&turned);
    size_t len = size;
    memcpy(pkt, data, size);
    bool sealed = sign && size >= 8 && data[0] >> 6 == 2 && srtcp_protect(out, pkt, &len, sizeof(pkt)) == SRTP_OK;
    if ((srtcp_unprotect(in, pkt, &len) == SRTP_OK) != sealed)
        abort();
    if (sealed && (len != size || memcmp(pkt, data, size) != 0))
        abort();
    srtcp_free(in);
    srtcp_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const SrtpProfile profiles[] = { SRTP_PROFILE_CM80, SRTP_PROFILE_GCM128, SRTP_PROFILE_GCM256 };
    SrtpKeys keys = { 0 };
    if (size < 2 || size > 1502)
        return 0;
    keys.profile = profiles[data[0] % 3];
    memset(keys.rx_key, 0x5a, sizeof(keys.rx_key));
    memset(keys.rx_salt, 0xa5, sizeof(keys.rx_salt));
    if (data[1] & 1)
        fuzz_rtcp(&keys, data[1] & 2, data + 2, size - 2);
    else
        fuzz_rtp(&keys, data[1] & 2, data + 2, size - 2);
    return 0;
}
