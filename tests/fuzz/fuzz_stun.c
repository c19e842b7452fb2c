/* SPDX-License-Identifier: Apache-2.0
 *
 * Input: a role byte, then datagrams, each behind a two-byte length, given to an agent as if from one tuple. A
 * byte 0xff as the first of the length's two means: sign what follows (fix length, MAC and checksum), so that
 * the code behind authentication is reached. Properties: nothing unauthenticated makes the agent speak or
 * remember; the strict scan and the peek never disagree about a request that was accepted. */
#include <openssl/hmac.h>
#include <stdlib.h>
#include "bridge/transport/demux.h"
#include "bridge/transport/ice_agent.h"
#include "bridge/transport/ice_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PWD "0123456789abcdefghijklmn"
static const IceCredentials cred = { .ufrag = "abcd", .pwd = PWD };

static uint32_t crc32_of(const uint8_t *p, size_t n)
{
    uint32_t c = 0xffffffff;
    while (n--) {
        c ^= *p++;
        for (int i = 0; i < 8; i++)
            c = c >> 1 ^ (0xedb88320 & -(c & 1));
    }
    return ~c;
}

/* The bytes as a message under our password: header length, MESSAGE-INTEGRITY, FINGERPRINT. */
static size_t sign(uint8_t *m, size_t n)
{
    n &= ~(size_t)3;
    m[4] = 0x21, m[5] = 0x12, m[6] = 0xa4, m[7] = 0x42;
    m[2] = (uint8_t)((n + 24 - 20) >> 8);
    m[3] = (uint8_t)(n + 24 - 20);
    unsigned mac_len;
    m[n] = 0, m[n + 1] = 8, m[n + 2] = 0, m[n + 3] = 20;
    HMAC(EVP_sha1(), PWD, sizeof(PWD) - 1, m, n, m + n + 4, &mac_len);
    n += 24;
    m[2] = (uint8_t)((n + 8 - 20) >> 8);
    m[3] = (uint8_t)(n + 8 - 20);
    uint32_t f = crc32_of(m, n) ^ 0x5354554e;
    memcpy(m + n,
           (uint8_t[]){ 0x80, 0x28, 0, 4, (uint8_t)(f >> 24), (uint8_t)(f >> 16), (uint8_t)(f >> 8), (uint8_t)f }, 8);
    return n + 8;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static IceStun *stun;
    static IceOut out;
    static uint8_t buf[2048];
    if (!stun)
        stun = ice_stun_new();
    if (size < 1)
        return 0;
    int64_t now = 1000000;
    IceAgent *a = ice_agent_new(&cred, now);
    if (data[0] & 1)
        ice_agent_set_remote(a, 0, "efgh", PWD, now);
    size_t pos = 1;
    bool known = false;
    while (pos + 2 <= size) {
        bool signs = data[pos] == 0xff;
        size_t n = signs ? data[pos + 1] : (size_t)(data[pos] << 8 | data[pos + 1]);
        pos += 2;
        if (n > size - pos)
            n = size - pos;
        if (n > 1500)
            n = 1500;
        memcpy(buf, data + pos, n);
        pos += n;
        if (signs && n >= 20)
            n = sign(buf, n);
        uint8_t *exact = malloc(n ? n : 1);
        memcpy(exact, buf, n);
        Tuple from = { .ip = { 192, 0, 2, (uint8_t)(data[0] >> 4) }, .port = (uint16_t)(1000 + (n & 15)), .family = 4 };
        size_t off = 0, len = 0;
        IceMessage m;
        ice_out_clear(&out);
        IceDrop d = ice_agent_on_stun(a, stun, &from, exact, n, now, &out);
        if (d != ICE_DROP_NONE && (out.n_datagrams || out.n_events))
            abort();
        if (d == ICE_DROP_NONE) {
            known = true;
            if (ice_message_scan(exact, n, &m) != ICE_SCAN_OK)
                abort();
            if (m.type == ICE_MSG_REQUEST && (stun_peek(exact, n, &off, &len) != STUN_PEEK_REQUEST ||
                                              len != strlen(cred.ufrag) || memcmp(exact + off, cred.ufrag, len) != 0))
                abort();
        } else {
            stun_peek(exact, n, &off, &len);
        }
        free(exact);
        now += 10000;
        if (ice_agent_next_due(a) <= now) {
            ice_out_clear(&out);
            ice_agent_on_tick(a, stun, now, &out);
        }
    }
    if (!known && ice_agent_next_due(a) != INT64_MAX)
        abort();
    ice_agent_free(a);
    return 0;
}
