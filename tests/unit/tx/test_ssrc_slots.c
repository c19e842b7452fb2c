/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>
#include "bridge/tx/ssrc_slots.h"

static void next_pair(void *user, uint32_t *ssrc, uint32_t *rtx)
{
    uint32_t *n = user;
    *ssrc = ++*n;
    *rtx = ++*n;
}

#define SECOND 1000000

static void test_assign(void)
{
    SsrcSlots s;
    uint32_t n = 1000;
    uint16_t changed[SLOTS_MAX];
    SlotSsrcSource fresh = { next_pair, &n };
    ssrc_slots_init(&s, 'v', 3);
    uint32_t first[] = { 11, 12, 13, 14 };
    g_assert_cmpuint(ssrc_slots_assign(&s, first, 2, 4, SECOND, fresh, changed), ==,
                     3); /* 13 fills, 14 finds no room */
    g_assert_cmpint(ssrc_slots_find(&s, 11), ==, 0);
    g_assert_cmpint(ssrc_slots_find(&s, 13), ==, 2);
    g_assert_cmpint(ssrc_slots_find(&s, 14), ==, -1);
    g_assert_cmpstr(s.slot[0].mid, ==, "v0");
    g_assert_cmpstr(s.slot[2].mid, ==, "v2");
    g_assert_cmpuint(ssrc_slots_assign(&s, first, 2, 4, 2 * SECOND, fresh, changed), ==, 0); /* nothing new */
    uint32_t wanted[] = { 12, 14, 11, 13 };
    g_assert_cmpuint(ssrc_slots_assign(&s, wanted, 2, 4, 2 * SECOND, fresh, changed), ==, 0); /* not yet settled */
    g_assert_cmpuint(ssrc_slots_assign(&s, wanted, 2, 4, 4 * SECOND, fresh, changed), ==, 1);
    g_assert_cmpuint(changed[0], ==, 2); /* 13, wanted by nobody, gave way; SSRCs and mid stay with the slot */
    g_assert_cmpuint(s.slot[2].source, ==, 14);
    g_assert_cmpuint(s.slot[2].ssrc, ==, 1005);
    g_assert_cmpuint(s.slot[2].rtx_ssrc, ==, 1006);
    g_assert_cmpstr(s.slot[2].mid, ==, "v2");
    g_assert_cmpint(ssrc_slots_find_ssrc(&s, 1006), ==, 2);
    g_assert_cmpint(ssrc_slots_find_ssrc(&s, 1007), ==, -1);
}

static void test_departed(void)
{
    SsrcSlots s;
    uint32_t n = 0;
    uint16_t changed[SLOTS_MAX];
    SlotSsrcSource fresh = { next_pair, &n };
    ssrc_slots_init(&s, 'a', 2);
    bool is_new;
    g_assert_cmpint(ssrc_slots_touch(&s, 7, 0, fresh, &is_new), ==, 0);
    g_assert_true(is_new);
    g_assert_cmpint(ssrc_slots_touch(&s, 7, 1, fresh, &is_new), ==, 0);
    g_assert_false(is_new);
    g_assert_cmpint(ssrc_slots_remove(&s, 7), ==, 0);
    g_assert_cmpint(ssrc_slots_remove(&s, 7), ==, -1);
    g_assert_cmpint(ssrc_slots_find_ssrc(&s, 1), ==, -1);
    g_assert_cmpint(ssrc_slots_touch(&s, 7, 2, fresh, &is_new), ==, 0); /* even the same source gets new numbers */
    g_assert_cmpuint(s.slot[0].ssrc, ==, 3);
    g_assert_cmpstr(s.slot[0].mid, ==, "a1");
    (void)changed;
}

static void test_audio_lru(void)
{
    SsrcSlots s;
    uint32_t n = 0;
    SlotSsrcSource fresh = { next_pair, &n };
    bool is_new;
    ssrc_slots_init(&s, 'a', SLOTS_MAX + 100);
    for (uint32_t i = 1; i <= SLOTS_MAX; i++)
        g_assert_cmpint(ssrc_slots_touch(&s, i, i, fresh, &is_new), ==, (int)i - 1);
    g_assert_cmpint(ssrc_slots_touch(&s, 99, 100, fresh, &is_new), ==, -1); /* all were announced just now */
    for (uint32_t i = 1; i <= SLOTS_MAX; i++)
        if (i != 17)
            ssrc_slots_touch(&s, i, 10 * SECOND + i, fresh, &is_new);
    g_assert_cmpint(ssrc_slots_touch(&s, 99, 11 * SECOND, fresh, &is_new), ==, 16);
    g_assert_true(is_new);
    g_assert_cmpint(ssrc_slots_find(&s, 17), ==, -1);
    g_assert_cmpint(ssrc_slots_touch(&s, 17, 11 * SECOND, fresh, &is_new), ==, 0); /* 1 is the oldest now */
    g_assert_cmpint(ssrc_slots_touch(&s, SLOT_SOURCE_NONE, 12 * SECOND, fresh, &is_new), ==, -1);
}

/* No SSRC carries two sources at once, wanted sources within the limit are mapped once everything has settled. */
static void test_random(void)
{
    g_autoptr(GRand) r = g_rand_new_with_seed(3);
    SsrcSlots s;
    uint32_t n = 0;
    SlotSsrcSource fresh = { next_pair, &n };
    uint16_t changed[SLOTS_MAX];
    ssrc_slots_init(&s, 'v', 10);
    int64_t now = 0;
    for (int step = 0; step < 3000; step++) {
        uint32_t sources[20];
        now += g_rand_int_range(r, 0, 2 * SECOND);
        guint count = (guint)g_rand_int_range(r, 1, 20), wanted = (guint)g_rand_int_range(r, 0, (gint32)count + 1);
        for (guint i = 0; i < count; i++)
            sources[i] = (uint32_t)(1 + (step + 7 * (int)i) % 30);
        SsrcSlots before = s;
        size_t c = ssrc_slots_assign(&s, sources, wanted, count, now, fresh, changed);
        for (int i = 0; i < 10; i++) {
            gboolean told = FALSE;
            for (size_t k = 0; k < c; k++)
                told |= changed[k] == i;
            g_assert_cmpint(told, ==, before.slot[i].source != s.slot[i].source);
            if (before.slot[i].ever_used)
                g_assert_cmpuint(before.slot[i].ssrc, ==, s.slot[i].ssrc);
            for (int j = 0; j < i && s.slot[i].source; j++)
                g_assert_cmpuint(s.slot[i].source, !=, s.slot[j].source);
        }
        if (step % 50 == 49) {
            now += 3 * SECOND;
            ssrc_slots_assign(&s, sources, wanted, count, now, fresh, changed);
            for (guint i = 0; i < wanted && i < 10; i++)
                g_assert_cmpint(ssrc_slots_find(&s, sources[i]), >=, 0);
        }
        if (g_rand_double(r) < 0.1)
            ssrc_slots_remove(&s, (uint32_t)g_rand_int_range(r, 1, 31));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ssrc_slots/assign", test_assign);
    g_test_add_func("/ssrc_slots/departed", test_departed);
    g_test_add_func("/ssrc_slots/audio-lru", test_audio_lru);
    g_test_add_func("/ssrc_slots/random", test_random);
    return g_test_run();
}
