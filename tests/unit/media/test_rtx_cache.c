/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/rx/keyframe_requester.h"
#include "bridge/tx/rtx_cache.h"

#include <glib.h>
#include <string.h>

typedef struct {
    PacketPool pool;
    RtxCache cache;
    RtxMap map;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    memset(f, 0, sizeof(*f));
    packet_pool_init(&f->pool, 4096);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    rtx_cache_clear(&f->cache, &f->pool);
    rtx_map_clear(&f->map);
    g_assert_cmpuint(f->pool.used, ==, 0);
    packet_pool_clear(&f->pool);
}

/* The packet's first byte says which it is. */
static uint32_t put(Fixture *f, uint8_t mark, int64_t now_us)
{
    Packet *p = packet_new(&f->pool);
    p->now_us = now_us;
    p->data[0] = mark;
    uint32_t index = rtx_cache_put(&f->cache, &f->pool, p);
    packet_unref(&f->pool, p);
    return index;
}

static void note(Fixture *f, uint16_t seq, uint32_t index, uint8_t dd_len)
{
    ProjectedPacket out = {
        .ssrc = 1, .ts = seq * 10u, .seq = seq, .marker = seq & 1, .patch_len = 4, .dd_len = dd_len
    };
    memset(out.patch, seq, sizeof(out.patch));
    memset(out.dd, seq, dd_len);
    rtx_map_put(&f->map, &out, (uint16_t)(seq + 1), index, &f->cache, seq);
}

/* So many newer ones that none of the older is kept for being one of the last. */
static void put_many(Fixture *f, int64_t now_us)
{
    for (int i = 0; i < RTX_CACHE_LEAST; i++)
        put(f, 0xff, now_us);
}

static void test_age(Fixture *f, gconstpointer data)
{
    uint32_t first = put(f, 1, 1000), second = put(f, 2, 1000 + RTX_CACHE_US / 2);
    g_assert_cmpuint(rtx_cache_get(&f->cache, first)->data[0], ==, 1);
    put_many(f, 1000 + RTX_CACHE_US);
    g_assert_cmpuint(rtx_cache_get(&f->cache, first)->data[0], ==, 1);
    put(f, 3, 1001 + RTX_CACHE_US);
    g_assert_null(rtx_cache_get(&f->cache, first));
    g_assert_cmpuint(rtx_cache_get(&f->cache, second)->data[0], ==, 2);
    g_assert_null(rtx_cache_get(&f->cache, second + RTX_CACHE_LEAST + 100)); /* not yet given */
    rtx_cache_expire(&f->cache, &f->pool, 10 * RTX_CACHE_US);
    g_assert_cmpuint(f->pool.used, ==, 0);
}

/* Two packets a second, as of a screen on which little happens: the second time somebody asks is late. */
static void test_slow(Fixture *f, gconstpointer data)
{
    uint32_t first = put(f, 1, 0);
    for (int64_t now_us = 500000; now_us <= RTX_CACHE_LEAST_US; now_us += 500000)
        put(f, 2, now_us);
    g_assert_nonnull(rtx_cache_get(&f->cache, first));
    put(f, 3, RTX_CACHE_LEAST_US + 1);
    g_assert_null(rtx_cache_get(&f->cache, first));
    g_assert_nonnull(rtx_cache_get(&f->cache, first + 1));
    put_many(f, RTX_CACHE_LEAST_US + 2); /* fast now: more than enough are younger */
    g_assert_null(rtx_cache_get(&f->cache, first + 5));
}

/* Two round trips are kept, however long, to a limit. */
static void test_rtt(Fixture *f, gconstpointer data)
{
    uint32_t first = put(f, 1, 0);
    rtx_cache_rtt(&f->cache, 800000);
    put_many(f, 1600000);
    g_assert_nonnull(rtx_cache_get(&f->cache, first));
    put(f, 2, 1600001);
    g_assert_null(rtx_cache_get(&f->cache, first));
    rtx_cache_rtt(&f->cache, 60000000);
    put_many(f, 1600000 + RTX_CACHE_RTTS * RTX_CACHE_RTT_MAX_US);
    g_assert_nonnull(rtx_cache_get(&f->cache, first + 1));
    put(f, 3, 1600001 + RTX_CACHE_RTTS * RTX_CACHE_RTT_MAX_US);
    g_assert_null(rtx_cache_get(&f->cache, first + 1));
}

/* What waited in a queue has its second from then on; one long wait does not keep later ones longer. */
static void test_waited(Fixture *f, gconstpointer data)
{
    const int64_t ms = 1000, start = 5000 * ms;
    uint32_t first = put(f, 1, start);
    put_many(f, start + 1);
    rtx_cache_waited(&f->cache, 800 * ms, start + 800 * ms);
    rtx_cache_expire(&f->cache, &f->pool, start + 1790 * ms);
    g_assert_nonnull(rtx_cache_get(&f->cache, first));
    rtx_cache_expire(&f->cache, &f->pool, start + 1810 * ms);
    g_assert_null(rtx_cache_get(&f->cache, first));
    int64_t now_us = start + 800 * ms;
    for (; now_us < start + 3900 * ms; now_us += 100 * ms)
        rtx_cache_waited(&f->cache, ms, now_us);
    uint32_t later = put(f, 2, now_us);
    put_many(f, now_us + 1);
    for (int i = 0; i < 10; i++, now_us += 100 * ms)
        rtx_cache_waited(&f->cache, ms, now_us);
    g_assert_nonnull(rtx_cache_get(&f->cache, later));
    rtx_cache_expire(&f->cache, &f->pool, now_us + 2 * ms);
    g_assert_null(rtx_cache_get(&f->cache, later));
}

static void test_limit(Fixture *f, gconstpointer data)
{
    uint32_t first = put(f, 0, 0), last = first;
    for (int i = 1; i < RTX_CACHE_MAX + 10; i++)
        last = put(f, (uint8_t)i, 0);
    g_assert_cmpuint(f->pool.used, ==, RTX_CACHE_MAX);
    g_assert_null(rtx_cache_get(&f->cache, first + 9));
    g_assert_cmpuint(rtx_cache_get(&f->cache, first + 10)->data[0], ==, 10);
    g_assert_cmpuint(rtx_cache_get(&f->cache, last)->data[0], ==, (RTX_CACHE_MAX + 9) & 0xff);
}

/* Indexes run over 2^32. */
static void test_wrap(Fixture *f, gconstpointer data)
{
    f->cache.head = f->cache.tail = UINT32_MAX - 70;
    uint32_t index[200];
    for (int i = 0; i < 200; i++)
        index[i] = put(f, (uint8_t)i, 0);
    for (int i = 0; i < 200; i++)
        g_assert_cmpuint(rtx_cache_get(&f->cache, index[i])->data[0], ==, i);
}

static void test_map(Fixture *f, gconstpointer data)
{
    static const uint16_t starts[] = { 0, 127, 32767, 65500 };
    for (size_t s = 0; s < G_N_ELEMENTS(starts); s++) {
        for (uint16_t i = 0; i < 300; i++)
            note(f, (uint16_t)(starts[s] + i), put(f, (uint8_t)i, 0), 0);
        for (uint16_t i = 0; i < 300; i++) {
            uint16_t seq = (uint16_t)(starts[s] + i);
            const RtxEntry *e = rtx_map_find(&f->map, seq);
            ProjectedPacket out;
            g_assert_nonnull(e);
            g_assert_cmpuint(rtx_cache_get(&f->cache, e->index)->data[0], ==, i & 0xff);
            g_assert_true(rtx_map_restore(&f->map, e, &out));
            g_assert_cmpuint(out.ts, ==, seq * 10u);
            g_assert_cmpuint(out.marker, ==, seq & 1);
            g_assert_cmpuint(out.patch_len, ==, 4);
            g_assert_cmpuint(out.patch[3], ==, seq & 0xff);
            g_assert_cmpuint(e->tcc, ==, (uint16_t)(seq + 1));
        }
        g_assert_null(rtx_map_find(&f->map, (uint16_t)(starts[s] + 300)));
        g_assert_null(rtx_map_find(&f->map, (uint16_t)(starts[s] - 1)));
        rtx_map_clear(&f->map);
    }
}

/* A slow stream needs no more entries than its source keeps packets. */
static void test_map_stays_small(Fixture *f, gconstpointer data)
{
    for (int i = 0; i < 5000; i++)
        note(f, (uint16_t)i, put(f, (uint8_t)i, i * (RTX_CACHE_LEAST_US / 50)), 0);
    g_assert_cmpuint(f->map.size, ==, RTX_MAP_FIRST);
    g_assert_cmpuint(f->cache.size, ==, RTX_CACHE_FIRST);
}

static void test_descriptors(Fixture *f, gconstpointer data)
{
    ProjectedPacket out;
    note(f, 1, put(f, 1, 0), 3);
    note(f, 2, put(f, 2, 0), 200);
    g_assert_true(rtx_map_restore(&f->map, rtx_map_find(&f->map, 1), &out));
    g_assert_cmpuint(out.dd_len, ==, 3);
    g_assert_cmpuint(out.dd[2], ==, 1);
    g_assert_true(rtx_map_restore(&f->map, rtx_map_find(&f->map, 2), &out));
    g_assert_cmpuint(out.dd_len, ==, 200);
    g_assert_cmpuint(out.dd[199], ==, 2);
    for (uint16_t i = 3; i < 3 + RTX_MAP_BLOBS; i++)
        note(f, i, put(f, 2, 0), 100);
    g_assert_false(rtx_map_restore(&f->map, rtx_map_find(&f->map, 2), &out)); /* its place was needed */
    g_assert_true(rtx_map_restore(&f->map, rtx_map_find(&f->map, 4), &out));
    g_assert_cmpuint(out.dd[99], ==, 4);
}

#define MS 1000

static void test_keyframe_limits(void)
{
    KeyframeRequester k = { 0 };
    int64_t now = 5000000;
    g_assert_true(keyframe_requester_ask(&k, now));
    g_assert_cmpint(keyframe_requester_due_us(&k), ==, INT64_MAX);
    g_assert_false(keyframe_requester_ask(&k, now + 10 * MS)); /* too soon: remembered */
    g_assert_cmpint(keyframe_requester_due_us(&k), ==, now + KEYFRAME_INTERVAL_US);
    g_assert_false(keyframe_requester_tick(&k, now + 100 * MS));
    g_assert_true(keyframe_requester_tick(&k, now + KEYFRAME_INTERVAL_US));
    g_assert_false(keyframe_requester_tick(&k, now + 2 * KEYFRAME_INTERVAL_US));
    g_assert_false(keyframe_requester_ask(&k, now + KEYFRAME_INTERVAL_US + 10 * MS));
    keyframe_requester_fulfilled(&k);
    g_assert_false(keyframe_requester_tick(&k, now + 9 * KEYFRAME_INTERVAL_US));
    /* Nobody answers: patience ends. */
    now += 10000000;
    for (int i = 0; i < KEYFRAME_PATIENCE; i++, now += KEYFRAME_INTERVAL_US)
        g_assert_true(keyframe_requester_ask(&k, now));
    g_assert_false(keyframe_requester_ask(&k, now));
    g_assert_cmpint(keyframe_requester_due_us(&k), ==, now - KEYFRAME_INTERVAL_US + KEYFRAME_SLOW_US);
    keyframe_requester_fulfilled(&k);
    g_assert_true(keyframe_requester_ask(&k, now));
}

static void test_keyframe_asker(void)
{
    KeyframeAsker a = { 0 };
    int64_t now = 1000000;
    g_assert_true(keyframe_asker_allows(&a, 0, now));
    g_assert_false(keyframe_asker_allows(&a, 0, now + 199 * MS));
    g_assert_true(keyframe_asker_allows(&a, 20 * MS, now + 31 * MS));   /* RTT + 10 ms */
    g_assert_true(keyframe_asker_allows(&a, 500 * MS, now + 231 * MS)); /* never more than 200 ms */
    g_assert_false(keyframe_asker_allows(&a, 0, now + 1230 * MS));      /* three in ten seconds, then one a second */
    g_assert_true(keyframe_asker_allows(&a, 0, now + 1231 * MS));
    g_assert_false(keyframe_asker_allows(&a, 0, now + 2230 * MS));
    unsigned allowed = 0;
    for (int64_t ms = 2231; ms < 12000; ms += 10)
        allowed += keyframe_asker_allows(&a, 0, now + ms * MS);
    g_assert_cmpuint(allowed, ==, 10); /* who never stops asking gets no new burst */
    now += 22000 * MS;
    for (int i = 0; i < KEYFRAME_RECEIVER_BURST; i++)
        g_assert_true(keyframe_asker_allows(&a, 0, now + i * KEYFRAME_RECEIVER_US));
    g_assert_false(keyframe_asker_allows(&a, 0, now + KEYFRAME_RECEIVER_BURST * KEYFRAME_RECEIVER_US));
}

/* Wishes that change without end ask for a key frame each, but not of the sender: ten, and then one a second. */
static void test_keyframe_needs(void)
{
    KeyframeAsker a = { 0 };
    unsigned asked = 0, seconds[12] = { 0 };
    for (int64_t t = 0; t < 12; t++)
        for (int ms = 0; ms < 1000; ms += 10)
            seconds[t] += keyframe_asker_needs(&a, 1000000 + t * 1000000 + ms * MS);
    g_assert_cmpuint(seconds[0], ==, 5); /* a KEYFRAME_RECEIVER_US each */
    for (int t = 0; t < 10; t++)
        asked += seconds[t];
    g_assert_cmpuint(asked, >=, KEYFRAME_NEED_BURST + 7);
    g_assert_cmpuint(asked, <=, KEYFRAME_NEED_BURST + 8);
    g_assert_cmpuint(seconds[5], ==, 1);
    g_assert_cmpuint(seconds[10], ==, 5);                  /* a new window */
    g_assert_true(keyframe_asker_allows(&a, 0, 12990000)); /* what it says itself is counted apart */
}

static void test_keyframe_ahead(void)
{
    g_assert_cmpint(keyframe_ahead_us(0, 0, 7), ==, 7 + KEYFRAME_AHEAD_US);
    g_assert_cmpint(keyframe_ahead_us(300 * MS, 50 * MS, 7), ==, 7 + 250 * MS + KEYFRAME_AHEAD_US);
    g_assert_cmpint(keyframe_ahead_us(50 * MS, 300 * MS, 7), ==, 7 + KEYFRAME_AHEAD_US); /* it cannot come in time */
    g_assert_cmpint(keyframe_ahead_us(9000 * MS, 0, 7), ==, 7 + KEYFRAME_AHEAD_MAX_US + KEYFRAME_AHEAD_US);
}

#define ADD(name, function) g_test_add("/rtx/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("cache/age", test_age);
    ADD("cache/slow", test_slow);
    ADD("cache/rtt", test_rtt);
    ADD("cache/waited", test_waited);
    ADD("cache/limit", test_limit);
    ADD("cache/wrap", test_wrap);
    ADD("map/numbers", test_map);
    ADD("map/stays small", test_map_stays_small);
    ADD("map/descriptors", test_descriptors);
    g_test_add_func("/keyframe/source", test_keyframe_limits);
    g_test_add_func("/keyframe/receiver", test_keyframe_asker);
    g_test_add_func("/keyframe/needs", test_keyframe_needs);
    g_test_add_func("/keyframe/ahead", test_keyframe_ahead);
    return g_test_run();
}
