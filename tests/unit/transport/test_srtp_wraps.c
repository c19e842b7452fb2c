/* SPDX-License-Identifier: Apache-2.0
 *
 * Rollover counters over many rounds of sequence numbers, with loss, reordering and repetitions densest where the
 * numbers wrap: our packets through libsrtp2, its packets through ours. */
#include "config.h"
#include <glib.h>
#include <string.h>
#include "bridge/transport/srtp.h"
#include "bridge/transport/srtp_policy.h"

#define ROUNDS 12
#define NEAR 400   /* packets on either side of a wrap that are all there */
#define STRIDE 900 /* elsewhere up to so many in a row are lost */
#define WINDOW 48  /* packets that are on their way at once, in any order */
#define PAYLOAD 24
#define PACKET 96
#define SSRC 0x01020304u

typedef struct {
    int64_t index;
    size_t len;
    uint8_t bytes[PACKET];
} Flying;

static void fill(uint8_t *p, int64_t index)
{
    memset(p, 0, 12);
    p[0] = 0x80;
    p[1] = 96;
    p[2] = (uint8_t)(index >> 8);
    p[3] = (uint8_t)index;
    for (int i = 0; i < 4; i++)
        p[8 + i] = (uint8_t)(SSRC >> (24 - 8 * i));
    for (int i = 0; i < PAYLOAD; i++)
        p[12 + i] = (uint8_t)(index >> (8 * (i % 8)));
}

static int64_t next_index(GRand *r, int64_t index)
{
    int64_t in_round = index & 0xffff;
    bool near = in_round < NEAR || in_round >= 65536 - NEAR;
    int64_t next = index + (near ? 1 : g_rand_int_range(r, 1, STRIDE));
    int64_t wrap = (index | 0xffff) + 1 - NEAR; /* do not jump over the place of interest */
    return index < wrap && next > wrap ? wrap : next;
}

typedef size_t (*Protect)(void *session, SrtpStream *st, uint8_t *packet, int64_t index);
typedef bool (*Unprotect)(void *session, uint8_t *packet, size_t len);

static size_t our_protect(void *session, SrtpStream *st, uint8_t *packet, int64_t index)
{
    uint8_t plain[12 + PAYLOAD];
    fill(plain, index);
    return srtp_tx_protect(session, st, plain, 12, plain + 12, PAYLOAD, packet, PACKET);
}

static size_t their_protect(void *session, SrtpStream *st, uint8_t *packet, int64_t index)
{
    int len = 12 + PAYLOAD;
    fill(packet, index);
    g_assert_cmpint(srtp_protect(session, packet, &len), ==, srtp_err_status_ok);
    return (size_t)len;
}

static bool our_unprotect(void *session, uint8_t *packet, size_t len)
{
    return srtp_rx_unprotect(session, packet, &len, NULL) == SRTP_OK;
}

static bool their_unprotect(void *session, uint8_t *packet, size_t len)
{
    int n = (int)len;
    return srtp_unprotect(session, packet, &n) == srtp_err_status_ok;
}

/* The indices a sender protects, in its order: now and then one comes after a newer one, as a repeated packet does. */
static GArray *sending_order(GRand *r)
{
    GArray *order = g_array_new(FALSE, FALSE, sizeof(int64_t));
    for (int64_t i = 65536 - 3 * NEAR; i < (int64_t)(ROUNDS + 1) << 16; i = next_index(r, i))
        g_array_append_val(order, i);
    for (guint i = 1; i + 1 < order->len; i++) {
        int64_t *at = &g_array_index(order, int64_t, i), late = at[0];
        if (g_rand_int_range(r, 0, 20) || at[1] - late > 60) /* libsrtp2's senders look no further back */
            continue;
        at[0] = at[1];
        at[1] = late;
    }
    return order;
}

static void soak(void *tx, Protect protect, void *rx, Unprotect unprotect, guint32 seed)
{
    GRand *r = g_rand_new_with_seed(seed);
    GArray *order = sending_order(r);
    SrtpStream st = { 0 };
    Flying flying[WINDOW];
    unsigned n = 0, delivered = 0, lost = 0, late = 0, too_old = 0;
    int64_t newest = -1;
    for (guint next = 0; next < order->len || n > 0;) {
        for (; n < WINDOW && next < order->len; n++, next++) {
            flying[n].index = g_array_index(order, int64_t, next);
            flying[n].len = protect(tx, &st, flying[n].bytes, flying[n].index);
            g_assert_cmpuint(flying[n].len, >, 0);
        }
        unsigned i = delivered ? (unsigned)g_rand_int_range(r, 0, (gint32)n) : 0; /* the first comes first */
        Flying f = flying[i];
        flying[i] = flying[--n];
        if (delivered && g_rand_int_range(r, 0, 10) == 0) {
            lost++;
            continue;
        }
        uint8_t again[PACKET], plain[12 + PAYLOAD];
        memcpy(again, f.bytes, f.len);
        fill(plain, f.index);
        bool in_window = newest - f.index < SRTP_REPLAY_WINDOW;
        g_assert_cmpint(unprotect(rx, f.bytes, f.len), ==, in_window);
        if (in_window)
            g_assert_cmpmem(f.bytes, sizeof(plain), plain, sizeof(plain));
        g_assert_false(unprotect(rx, again, f.len)); /* never a second time */
        too_old += !in_window;
        late += f.index < newest;
        newest = MAX(newest, f.index);
        delivered++;
    }
    g_assert_cmpint(newest >> 16, ==, ROUNDS);
    g_assert_cmpuint(lost, >, 500);
    g_assert_cmpuint(late, >, 5000);
    g_assert_cmpuint(too_old, >, 0);
    g_array_unref(order);
    g_rand_free(r);
}

static void keys(uint8_t key[SRTP_KEY_MAX_BYTES], uint8_t salt[SRTP_SALT_MAX_BYTES])
{
    memset(key, 0x3c, SRTP_KEY_MAX_BYTES);
    memset(salt, 0xc3, SRTP_SALT_MAX_BYTES);
}

static void test_sending(gconstpointer data)
{
    SrtpProfile profile = *(const SrtpProfile *)data;
    uint8_t key[SRTP_KEY_MAX_BYTES], salt[SRTP_SALT_MAX_BYTES];
    keys(key, salt);
    for (guint32 seed = 1; seed <= 2; seed++) {
        SrtpTx *tx = srtp_tx_new(profile, key, salt);
        srtp_t rx = srtp_policy_session(profile, key, salt, false);
        soak(tx, our_protect, rx, their_unprotect, seed);
        srtp_tx_free(tx);
        srtp_dealloc(rx);
    }
}

static void test_receiving(gconstpointer data)
{
    SrtpProfile profile = *(const SrtpProfile *)data;
    uint8_t key[SRTP_KEY_MAX_BYTES], salt[SRTP_SALT_MAX_BYTES];
    keys(key, salt);
    for (guint32 seed = 3; seed <= 4; seed++) {
        srtp_t tx = srtp_policy_session(profile, key, salt, true);
        SrtpRx *rx = srtp_rx_new(profile, key, salt);
        soak(tx, their_protect, rx, our_unprotect, seed);
        srtp_rx_free(rx);
        srtp_dealloc(tx);
    }
}

int main(int argc, char **argv)
{
    static const SrtpProfile profiles[] = { SRTP_PROFILE_CM80, SRTP_PROFILE_GCM128, SRTP_PROFILE_GCM256 };
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(profiles); i++) {
        g_autofree char *out = g_strdup_printf("/srtp-wraps/%s/sending", srtp_profile_name(profiles[i]));
        g_autofree char *in = g_strdup_printf("/srtp-wraps/%s/receiving", srtp_profile_name(profiles[i]));
        g_test_add_data_func(out, &profiles[i], test_sending);
        g_test_add_data_func(in, &profiles[i], test_receiving);
    }
    return g_test_run();
}
