/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"
#include <openssl/crypto.h>
#include "bridge/transport/srtp.h"
#include "bridge/transport/srtp_index.h"
#include "bridge/transport/srtp_kdf.h"
#include "bridge/transport/srtp_policy.h"
#ifndef PLENUM_SRTP_LIBSRTP2
#include "bridge/transport/srtp_evp.h"
#endif
#include "tests/fakes/bytes.h"

static const SrtpProfile profiles[] = { SRTP_PROFILE_CM80, SRTP_PROFILE_GCM128, SRTP_PROFILE_GCM256 };

static unsigned allocations; /* by OpenSSL, see main */

static void *counted_malloc(size_t n, const char *file, int line)
{
    __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
    return malloc(n);
}

static void *counted_realloc(void *p, size_t n, const char *file, int line)
{
    __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
    return realloc(p, n);
}

static void counted_free(void *p, const char *file, int line)
{
    free(p);
}

static uint32_t random_state = 1;
static uint32_t next_random(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

static void test_keys(uint8_t key[SRTP_KEY_MAX_BYTES], uint8_t salt[SRTP_SALT_MAX_BYTES])
{
    for (int i = 0; i < SRTP_KEY_MAX_BYTES; i++)
        key[i] = (uint8_t)(i * 7 + 3);
    for (int i = 0; i < SRTP_SALT_MAX_BYTES; i++)
        salt[i] = (uint8_t)(i * 11 + 5);
}

static size_t make_header(uint8_t *h, uint16_t seq, uint32_t ssrc, bool ext)
{
    static const uint8_t block[] = { 0xbe, 0xde, 0, 1, 0x10, 0xaa, 0, 0 };
    memcpy(h,
           (uint8_t[]){ (uint8_t)(ext ? 0x90 : 0x80), 96, (uint8_t)(seq >> 8), (uint8_t)seq, 1, 2, 3, 4,
                        (uint8_t)(ssrc >> 24), (uint8_t)(ssrc >> 16), (uint8_t)(ssrc >> 8), (uint8_t)ssrc },
           12);
    if (ext)
        memcpy(h + 12, block, sizeof(block));
    return ext ? 20 : 12;
}

/* One packet with `fill` payload bytes, protected. */
static size_t protect_simple(SrtpTx *tx, SrtpStream *st, uint16_t seq, uint32_t ssrc, uint8_t fill, size_t n,
                             uint8_t *out, size_t cap)
{
    uint8_t hdr[12], payload[256];
    make_header(hdr, seq, ssrc, false);
    memset(payload, fill, n);
    return srtp_tx_protect(tx, st, hdr, 12, payload, n, out, cap);
}

/* RFC 3711 B.3 */
static void test_kdf_vector(void)
{
    size_t n;
    uint8_t *key = bytes_from_hex("E1F97A0D3E018BE0D64FA32C06DE4139", &n),
            *salt = bytes_from_hex("0EC675AD498AFEEBB6960B3AABE6", &n);
    uint8_t *want_key = bytes_from_hex("C61E7A93744F39EE10734AFE3FF7A087", &n);
    uint8_t *want_salt = bytes_from_hex("30CBBC08863D8C85D49DB34A9AE1", &n);
    uint8_t *want_auth = bytes_from_hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4", &n);
    SrtpSessionKeys k;
    g_assert_true(srtp_session_keys(SRTP_PROFILE_CM80, false, key, salt, &k));
    g_assert_cmpmem(k.key, 16, want_key, 16);
    g_assert_cmpmem(k.salt, 14, want_salt, 14);
    g_assert_cmpmem(k.auth, 20, want_auth, 20);
    g_assert_false(srtp_session_keys(SRTP_PROFILE_NONE, false, key, salt, &k));
    free(key), free(salt), free(want_key), free(want_salt), free(want_auth);
}

#ifndef PLENUM_SRTP_LIBSRTP2
/* RFC 7714 16.1.1 and 16.2.1: session keys, first packet. */
static void test_gcm_vector(void)
{
    static const struct {
        SrtpProfile profile;
        const char *key, *cipher;
    } rows[] = {
        { SRTP_PROFILE_GCM128, "000102030405060708090a0b0c0d0e0f",
          "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cc"
          "e" },
        { SRTP_PROFILE_GCM256, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
          "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c1"
          "3" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t key_len, salt_len, hdr_len, n, want_len;
        SrtpSessionKeys k = { 0 };
        uint8_t *key = bytes_from_hex(rows[i].key, &key_len),
                *salt = bytes_from_hex("517569642070726f2071756f", &salt_len);
        uint8_t *hdr = bytes_from_hex("8040f17b8041f8d35501a0b2", &hdr_len),
                *want = bytes_from_hex(rows[i].cipher, &want_len);
        uint8_t *plain = bytes_from_hex("47616c6c696120657374206f6d6e697320646976697361"
                                        "20696e207061727465732074726573",
                                        &n);
        uint8_t out[128];
        memcpy(k.key, key, key_len);
        memcpy(k.salt, salt, salt_len);
        SrtpTx *tx = srtp_tx_new_session(rows[i].profile, &k);
        SrtpStream st = { 0 };
        size_t len = srtp_tx_protect(tx, &st, hdr, hdr_len, plain, n, out, sizeof(out));
        g_assert_cmpmem(out, hdr_len, hdr, hdr_len);
        g_assert_cmpmem(out + hdr_len, len - hdr_len, want, want_len);
        srtp_tx_free(tx);
        free(key), free(salt), free(hdr), free(want), free(plain);
    }
}
#endif

/* Our packets through libsrtp2, and its packets through ours, several rollovers, byte by byte. */
static void test_against_libsrtp(gconstpointer data)
{
    SrtpProfile profile = *(const SrtpProfile *)data;
    uint8_t key[SRTP_KEY_MAX_BYTES], salt[SRTP_SALT_MAX_BYTES];
    test_keys(key, salt);
    SrtpTx *tx = srtp_tx_new(profile, key, salt);
    SrtpRx *rx = srtp_rx_new(profile, key, salt);
    srtp_t ref_tx = srtp_policy_session(profile, key, salt, true),
           ref_rx = srtp_policy_session(profile, key, salt, false);
    SrtpStream st = { 0 };
    g_assert_true(tx && rx && ref_tx && ref_rx);
    unsigned before = 0;
    for (uint32_t i = 0; i < 200000; i++) {
        uint8_t hdr[20], payload[128], ours[200], ref[400];
        size_t hdr_len = make_header(hdr, (uint16_t)(i + 60000), 0xcafebabe, i & 1),
               n = next_random() % sizeof(payload);
        for (size_t j = 0; j < n; j++)
            payload[j] = (uint8_t)next_random();
        memcpy(ref, hdr, hdr_len);
        memcpy(ref + hdr_len, payload, n);
        int ref_len = (int)(hdr_len + n);
        size_t len = srtp_tx_protect(tx, &st, hdr, hdr_len, payload, n, ours, sizeof(ours));
        g_assert_cmpint(srtp_protect(ref_tx, ref, &ref_len), ==, srtp_err_status_ok);
        g_assert_cmpmem(ours, len, ref, (size_t)ref_len);
        int back = (int)len;
        uint8_t copy[200];
        memcpy(copy, ours, len);
        g_assert_cmpint(srtp_unprotect(ref_rx, copy, &back), ==, srtp_err_status_ok);
        g_assert_cmpmem(copy + hdr_len, (size_t)back - hdr_len, payload, n);
        g_assert_cmpint(srtp_rx_unprotect(rx, ours, &len, NULL), ==, SRTP_OK);
        g_assert_cmpmem(ours, hdr_len, hdr, hdr_len);
        g_assert_cmpmem(ours + hdr_len, len - hdr_len, payload, n);
        if (i == 10)
            before = allocations;
    }
    g_assert_cmpuint(allocations, ==, before); /* libsrtp2 here is the NSS build: all of these would be ours */
    g_assert_cmpuint(st.roc, ==, 3);
    srtp_tx_free(tx);
    srtp_rx_free(rx);
    srtp_dealloc(ref_tx);
    srtp_dealloc(ref_rx);
}

typedef struct {
    SrtpTx *tx;
    SrtpRx *rx;
    SrtpStream st;
} Pair;

static Pair pair_new(SrtpProfile profile)
{
    uint8_t key[SRTP_KEY_MAX_BYTES], salt[SRTP_SALT_MAX_BYTES];
    test_keys(key, salt);
    return (Pair){ .tx = srtp_tx_new(profile, key, salt), .rx = srtp_rx_new(profile, key, salt) };
}

static void pair_free(Pair *p)
{
    srtp_tx_free(p->tx);
    srtp_rx_free(p->rx);
}

static SrtpStatus receive(Pair *p, const uint8_t *pkt, size_t len)
{
    uint8_t *copy = bytes_exact(pkt, len);
    SrtpStatus s = srtp_rx_unprotect(p->rx, copy, &len, NULL);
    free(copy);
    return s;
}

static void test_replay(gconstpointer data)
{
    static const uint16_t starts[] = { 0, 127, 32767, 64000, 65535 };
    for (size_t k = 0; k < G_N_ELEMENTS(starts); k++) {
        Pair p = pair_new(*(const SrtpProfile *)data);
        static uint8_t pkts[3000][64];
        size_t len[3000];
        for (int i = 0; i < 3000; i++)
            len[i] = protect_simple(p.tx, &p.st, (uint16_t)(starts[k] + i), 7, 1, 20, pkts[i], 64);
        g_assert_cmpint(receive(&p, pkts[0], len[0]), ==, SRTP_OK);
        g_assert_cmpint(receive(&p, pkts[0], len[0]), ==, SRTP_REPLAYED);
        g_assert_cmpint(receive(&p, pkts[1000], len[1000]), ==, SRTP_OK);
        for (int i = 1; i < 1000; i++) /* late, each exactly once */
            g_assert_cmpint(receive(&p, pkts[i], len[i]), ==, SRTP_OK);
        for (int i = 0; i <= 1000; i++)
            g_assert_cmpint(receive(&p, pkts[i], len[i]), ==, SRTP_REPLAYED);
        g_assert_cmpint(receive(&p, pkts[2500], len[2500]), ==, SRTP_OK); /* past a whole window */
        g_assert_cmpint(receive(&p, pkts[2500 - 1024], len[2500 - 1024]), ==, SRTP_TOO_OLD);
        g_assert_cmpint(receive(&p, pkts[2500 - 1023], len[2500 - 1023]), ==, SRTP_OK);
        g_assert_cmpint(receive(&p, pkts[2500 - 1023], len[2500 - 1023]), ==, SRTP_REPLAYED);
        pair_free(&p);
    }
}

static void test_tamper(gconstpointer data)
{
    Pair p = pair_new(*(const SrtpProfile *)data);
    uint8_t pkt[96], first[96];
    size_t first_len = protect_simple(p.tx, &p.st, 100, 7, 1, 20, first, sizeof(first));
    size_t len = protect_simple(p.tx, &p.st, 101, 7, 1, 20, pkt, sizeof(pkt));
    for (int known = 0; known < 2; known++) {
        for (size_t bit = 0; bit < 8 * len; bit++) { /* every bit of header, payload and tag */
            pkt[bit / 8] ^= (uint8_t)(1 << bit % 8);
            g_assert_cmpint(receive(&p, pkt, len), !=, SRTP_OK);
            pkt[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t n = 0; n < len; n++)
            g_assert_cmpint(receive(&p, pkt, n), !=, SRTP_OK);
        g_assert_cmpuint(srtp_rx_streams(p.rx), ==, known); /* nothing kept for what did not authenticate */
        if (!known)
            g_assert_cmpint(receive(&p, first, first_len), ==, SRTP_OK);
    }
    g_assert_cmpint(receive(&p, pkt, len), ==, SRTP_OK); /* none of it moved the state */
    pair_free(&p);
}

static void test_malformed(gconstpointer data)
{
    Pair p = pair_new(*(const SrtpProfile *)data);
    uint8_t pkt[64] = { 0x9f, 96, 0, 1 }; /* 15 CSRCs and an extension that do not fit */
    for (size_t n = 0; n <= sizeof(pkt); n++)
        g_assert_cmpint(receive(&p, pkt, n), ==, SRTP_MALFORMED);
    pkt[0] = 0x40;
    g_assert_cmpint(receive(&p, pkt, sizeof(pkt)), ==, SRTP_MALFORMED);
    uint8_t hdr[20], out[64];
    size_t hdr_len = make_header(hdr, 1, 7, true);
    size_t tag = srtp_tag_len(*(const SrtpProfile *)data);
    g_assert_cmpuint(srtp_tx_protect(p.tx, &p.st, hdr, 12, hdr, 4, out, sizeof(out)), ==, 0); /* header cut */
    g_assert_cmpuint(srtp_tx_protect(p.tx, &p.st, hdr, hdr_len, hdr, 4, out, hdr_len + 4 + tag - 1), ==, 0);
    g_assert_false(p.st.started);
    g_assert_cmpuint(srtp_tx_protect(p.tx, &p.st, hdr, hdr_len, hdr, 4, out, hdr_len + 4 + tag), ==, hdr_len + 4 + tag);
    pair_free(&p);
}

static void test_reprotect(gconstpointer data)
{
    Pair p = pair_new(*(const SrtpProfile *)data);
    static uint8_t sent[600][64];
    uint8_t hdr[12], payload[20], again[64];
    size_t len[600];
    for (int i = 0; i < 600; i++)
        len[i] = protect_simple(p.tx, &p.st, (uint16_t)(65000 + i), 7, (uint8_t)i, 20, sent[i], 64);
    SrtpStream before = p.st;
    for (int i = 0; i < 600; i++) { /* before and after the rollover */
        make_header(hdr, (uint16_t)(65000 + i), 7, false);
        memset(payload, i, sizeof(payload));
        size_t n = srtp_tx_reprotect(p.tx, &p.st, hdr, 12, payload, 20, again, sizeof(again));
        g_assert_cmpmem(again, n, sent[i], len[i]);
    }
    g_assert_cmpmem(&before, sizeof(before), &p.st, sizeof(p.st));
    make_header(hdr, (uint16_t)(65000 + 600), 7, false);
    g_assert_cmpuint(srtp_tx_reprotect(p.tx, &p.st, hdr, 12, payload, 20, again, sizeof(again)), ==, 0);
    SrtpStream fresh = { 0 };
    g_assert_cmpuint(srtp_tx_reprotect(p.tx, &fresh, hdr, 12, payload, 20, again, sizeof(again)), ==, 0);
    pair_free(&p);
}

static void test_before_first(gconstpointer data)
{
    Pair p = pair_new(*(const SrtpProfile *)data);
    uint8_t out[64];
    g_assert_cmpuint(protect_simple(p.tx, &p.st, 3, 7, 0, 20, out, 64), >, 0);
    g_assert_cmpuint(protect_simple(p.tx, &p.st, 65530, 7, 0, 20, out, 64), ==, 0); /* would be index -6 */
    g_assert_cmpuint(p.st.roc, ==, 0);
    for (uint32_t i = 1; i < 5; i++) /* to number 3 of the second round */
        g_assert_cmpuint(protect_simple(p.tx, &p.st, (uint16_t)(3 + i * 16384), 7, 0, 20, out, 64), >, 0);
    g_assert_cmpuint(p.st.roc, ==, 1);
    /* A jump of 40000 looks like a number of the first round, whose index may have been used. */
    g_assert_cmpuint(protect_simple(p.tx, &p.st, 40003, 7, 0, 20, out, 64), ==, 0);
    g_assert_cmpuint(protect_simple(p.tx, &p.st, 65530, 7, 0, 20, out, 64), >, 0); /* late, but only a little */
    g_assert_cmpint(srtp_index_guess(0, 3, 65530), ==, -1);
    g_assert_cmpint(srtp_index_guess(1, 3, 65530), ==, 65530);
    g_assert_cmpint(srtp_index_guess(0, 65530, 3), ==, 65536 + 3);
    pair_free(&p);
}

static void test_in_place(gconstpointer data)
{
    Pair p = pair_new(*(const SrtpProfile *)data);
    uint8_t a[64], b[64];
    SrtpStream other = { 0 };
    size_t len = protect_simple(p.tx, &p.st, 9, 7, 5, 20, a, 64);
    make_header(b, 9, 7, false);
    memset(b + 12, 5, 20);
    size_t n = srtp_tx_protect(p.tx, &other, b, 12, b + 12, 20, b, sizeof(b));
    g_assert_cmpmem(a, len, b, n);
    pair_free(&p);
}

/* The first packets, up to the rollover, are lost. */
static void test_wrap_with_loss_at_start(gconstpointer data)
{
#ifdef PLENUM_SRTP_LIBSRTP2
    g_test_skip("libsrtp2 cannot guess the rollover of a stream it has not seen");
#else
    Pair p = pair_new(*(const SrtpProfile *)data);
    uint8_t pkt[64];
    size_t len = 0;
    for (int i = 0; i < 10; i++)
        len = protect_simple(p.tx, &p.st, (uint16_t)(65530 + i), 7, 1, 20, pkt, 64);
    const SrtpRxStream *s;
    g_assert_cmpint(srtp_rx_unprotect(p.rx, pkt, &len, &s), ==, SRTP_OK);
    g_assert_cmpuint(s->roc, ==, 1);
    g_assert_cmpuint(pkt[12], ==, 1);
    g_assert_cmpuint(pkt[31], ==, 1);
    pair_free(&p);
#endif
}

static void test_stream_limit(gconstpointer data)
{
    Pair p = pair_new(*(const SrtpProfile *)data);
    uint8_t pkt[64];
    for (uint32_t i = 0; i < SRTP_STREAMS_MAX + 10; i++) {
        SrtpStream st = { 0 };
        size_t len = protect_simple(p.tx, &st, 5, 1000 + 65536 * i, 1, 20, pkt, 64);
        g_assert_cmpint(receive(&p, pkt, len), ==, i < SRTP_STREAMS_MAX ? SRTP_OK : SRTP_FULL);
    }
    for (uint32_t i = 0; i < SRTP_STREAMS_MAX; i++) { /* all still known, whatever was removed before */
        SrtpStream st = { 0 };
        size_t len = protect_simple(p.tx, &st, 5, 1000 + 65536 * i, 1, 20, pkt, 64);
        g_assert_cmpint(receive(&p, pkt, len), ==, SRTP_REPLAYED);
        srtp_rx_forget(p.rx, 1000 + 65536 * i);
        g_assert_cmpuint(srtp_rx_streams(p.rx), ==, SRTP_STREAMS_MAX - 1 - i);
    }
    srtp_rx_forget(p.rx, 4);
    pair_free(&p);
}

static void test_rtcp(gconstpointer data)
{
    SrtpKeys a = { .profile = *(const SrtpProfile *)data }, b;
    test_keys(a.rx_key, a.rx_salt);
    memset(a.tx_key, 9, sizeof(a.tx_key));
    memset(a.tx_salt, 8, sizeof(a.tx_salt));
    b = a;
    memcpy(b.rx_key, a.tx_key, sizeof(b.rx_key));
    memcpy(b.rx_salt, a.tx_salt, sizeof(b.rx_salt));
    memcpy(b.tx_key, a.rx_key, sizeof(b.rx_key));
    memcpy(b.tx_salt, a.rx_salt, sizeof(b.rx_salt));
    Srtcp *sa = srtcp_new(&a), *sb = srtcp_new(&b);
    const uint8_t rr[8] = { 0x80, 201, 0, 1, 0, 0, 0, 7 };
    size_t trailer = 4 + srtp_tag_len(a.profile);
    for (int i = 0; i < 50; i++) {
        size_t n = sizeof(rr), cap = sizeof(rr) + trailer;
        uint8_t *pkt = malloc(cap);
        memcpy(pkt, rr, n);
        g_assert_cmpint(srtcp_protect(sa, pkt, &n, cap - 1), ==, SRTP_NO_SPACE);
        g_assert_cmpint(srtcp_protect(sa, pkt, &n, cap), ==, SRTP_OK);
        g_assert_cmpuint(n, ==, cap);
        for (size_t cut = 0; cut < n; cut++) {
            uint8_t *copy = bytes_exact(pkt, cut);
            size_t len = cut;
            g_assert_cmpint(srtcp_unprotect(sb, copy, &len), !=, SRTP_OK);
            free(copy);
        }
        uint8_t *copy = bytes_exact(pkt, n);
        size_t len = n;
        g_assert_cmpint(srtcp_unprotect(sb, copy, &len), ==, SRTP_OK);
        g_assert_cmpmem(copy, len, rr, sizeof(rr));
        len = n;
        memcpy(copy, pkt, n);
        g_assert_cmpint(srtcp_unprotect(sb, copy, &len), ==, SRTP_REPLAYED);
        free(copy);
        free(pkt);
    }
    srtcp_free(sa);
    srtcp_free(sb);
    a.profile = SRTP_PROFILE_NONE;
    g_assert_null(srtcp_new(&a));
    g_assert_null(srtp_tx_new(SRTP_PROFILE_NONE, a.tx_key, a.tx_salt));
    srtp_keys_wipe(&a);
    g_assert_cmpuint(a.tx_key[3], ==, 0);
}

/* Compound packets of all sizes through libsrtp2 and back, from several senders. */
static void test_rtcp_against_libsrtp(gconstpointer data)
{
    SrtpKeys k = { .profile = *(const SrtpProfile *)data };
    test_keys(k.tx_key, k.tx_salt);
    memcpy(k.rx_key, k.tx_key, sizeof(k.rx_key));
    memcpy(k.rx_salt, k.tx_salt, sizeof(k.rx_salt));
    Srtcp *s = srtcp_new(&k);
    srtp_t ref_tx = srtp_policy_session(k.profile, k.tx_key, k.tx_salt, true);
    srtp_t ref_rx = srtp_policy_session(k.profile, k.tx_key, k.tx_salt, false);
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t plain[400] = { 0x80, 200 + i % 8, 0, 0, 1, 2, 3, (uint8_t)(i % 5) }, ours[500], ref[600];
        size_t n = 8 + 4 * (i % 98), len = n;
        for (size_t j = 8; j < n; j++)
            plain[j] = (uint8_t)next_random();
        memcpy(ours, plain, n);
        memcpy(ref, plain, n);
        int ref_len = (int)n;
        g_assert_cmpint(srtcp_protect(s, ours, &len, sizeof(ours)), ==, SRTP_OK);
        g_assert_cmpint(srtp_protect_rtcp(ref_tx, ref, &ref_len), ==, srtp_err_status_ok);
        g_assert_cmpuint(len, ==, (size_t)ref_len);
        int back = (int)len;
        g_assert_cmpint(srtp_unprotect_rtcp(ref_rx, ours, &back), ==, srtp_err_status_ok);
        g_assert_cmpmem(ours, (size_t)back, plain, n);
        g_assert_cmpint(srtcp_unprotect(s, ref, &len), ==, SRTP_OK);
        g_assert_cmpmem(ref, len, plain, n);
    }
    srtcp_free(s);
    srtp_dealloc(ref_tx);
    srtp_dealloc(ref_rx);
}

/* Ever new senders: the table stays as large as it may, and whoever keeps talking keeps his place in it. */
static void test_rtcp_senders(gconstpointer data)
{
    SrtpKeys k = { .profile = *(const SrtpProfile *)data };
    test_keys(k.tx_key, k.tx_salt);
    memcpy(k.rx_key, k.tx_key, sizeof(k.rx_key));
    memcpy(k.rx_salt, k.tx_salt, sizeof(k.rx_salt));
    Srtcp *s = srtcp_new(&k);
    uint8_t first[64], second[64];
    unsigned evicted = 0;
    for (unsigned i = 0; i < 4 * SRTP_STREAMS_MAX; i++) {
        uint8_t pkt[64] = { 0x80, 201, 0, 1, 0x77, 0, (uint8_t)(i >> 8), (uint8_t)i };
        uint8_t steady[64] = { 0x80, 201, 0, 1, 0, 0, 0, 5 };
        size_t n = 8, len = 8;
        g_assert_cmpint(srtcp_protect(s, pkt, &n, sizeof(pkt)), ==, SRTP_OK);
        g_assert_cmpint(srtcp_protect(s, steady, &len, sizeof(steady)), ==, SRTP_OK);
        memcpy(i == 0 ? first : second, i == 0 ? pkt : steady, sizeof(first));
        g_assert_cmpint(srtcp_unprotect(s, pkt, &n), ==, SRTP_OK);
        g_assert_cmpint(srtcp_unprotect(s, steady, &len), ==, SRTP_OK);
        evicted += srtcp_take_evicted(s);
    }
    g_assert_cmpuint(evicted, ==, 3 * SRTP_STREAMS_MAX + 1);
    g_assert_cmpuint(srtcp_take_evicted(s), ==, 0);
    size_t trailer = 4 + srtp_tag_len(k.profile), n = 8 + trailer;
    g_assert_cmpint(srtcp_unprotect(s, second, &n), ==, SRTP_REPLAYED); /* never forgotten */
    n = 8 + trailer;
    g_assert_cmpint(srtcp_unprotect(s, first, &n), ==, SRTP_OK); /* forgotten, and heard anew */
    srtcp_free(s);
}

static void test_rtcp_tamper(gconstpointer data)
{
    SrtpKeys k = { .profile = *(const SrtpProfile *)data };
    test_keys(k.tx_key, k.tx_salt);
    memcpy(k.rx_key, k.tx_key, sizeof(k.rx_key));
    memcpy(k.rx_salt, k.tx_salt, sizeof(k.rx_salt));
    Srtcp *s = srtcp_new(&k);
    uint8_t pkt[64] = { 0x80, 201, 0, 7, 0, 0, 0, 1 };
    size_t n = 32;
    g_assert_cmpint(srtcp_protect(s, pkt, &n, sizeof(pkt)), ==, SRTP_OK);
    for (size_t bit = 0; bit <= 8 * n; bit++) { /* the last round leaves it whole */
        uint8_t *copy = bytes_exact(pkt, n);
        size_t len = n;
        if (bit < 8 * n)
            copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        g_assert_true((srtcp_unprotect(s, copy, &len) == SRTP_OK) == (bit == 8 * n));
        free(copy);
    }
    srtcp_free(s);
}

static const struct {
    const char *name;
    GTestDataFunc func;
} per_profile[] = {
    { "against libsrtp2", test_against_libsrtp },
    { "replay", test_replay },
    { "tamper", test_tamper },
    { "malformed", test_malformed },
    { "reprotect", test_reprotect },
    { "before first", test_before_first },
    { "in place", test_in_place },
    { "stream limit", test_stream_limit },
    { "rtcp", test_rtcp },
    { "wrap with loss at start", test_wrap_with_loss_at_start },
    { "rtcp against libsrtp2", test_rtcp_against_libsrtp },
    { "rtcp senders", test_rtcp_senders },
    { "rtcp tamper", test_rtcp_tamper },
};

int main(int argc, char **argv)
{
    CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/srtp/kdf/RFC 3711 B.3", test_kdf_vector);
#ifndef PLENUM_SRTP_LIBSRTP2
    g_test_add_func("/srtp/gcm/RFC 7714 16", test_gcm_vector);
#endif
    for (size_t i = 0; i < G_N_ELEMENTS(profiles); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(per_profile); j++) {
            g_autofree char *path = g_strdup_printf("/srtp/%s/%s", srtp_profile_name(profiles[i]), per_profile[j].name);
            g_test_add_data_func(path, &profiles[i], per_profile[j].func);
        }
    }
    return g_test_run();
}
