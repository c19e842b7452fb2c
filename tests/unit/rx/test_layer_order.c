/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>
#include "bridge/rx/layer_order.h"
#include "tests/fakes/rows.h"

#define MS 1000

typedef struct {
    int ms, eid, height; /* eid as in force then */
    const char *rank;    /* new places of 0, 1, 2; NULL: no change */
    int sent;            /* encodings, as the sender says with this packet; 0 it does not */
} Step;

typedef struct {
    const char *name;
    int encodings;
    Step steps[14];
} Case;

static const Case cases[] = {
    { "lowest first", 3, { { 0, 0, 180 }, { 5, 1, 360 }, { 9, 2, 720 }, { 5000, 0, 0 } } },
    { "highest first", 3, { { 1, 0, 720 }, { 5, 1, 360 }, { 9, 2, 180, "210" }, { 20, 0, 180 }, { 5000, 2, 720 } } },
    { "rotated", 3, { { 1, 0, 360 }, { 5, 1, 720 }, { 9, 2, 180, "120" } } },
    { "equal ones stay", 3, { { 1, 0, 720 }, { 5, 1, 720 }, { 9, 2, 720 }, { 2000, 1, 0 } } },
    { "two equal above one", 3, { { 1, 0, 720 }, { 5, 1, 720 }, { 9, 2, 180, "120" } } },
    { "two of three come", 3, { { 1, 0, 720 }, { 5, 1, 360 }, { 400, 1, 0 }, { 506, 0, 0, "102" }, { 600, 0, 0 } } },
    { "two of three come, as said", 3, { { 1, 0, 720, NULL, 2 }, { 5, 1, 360, "102", 2 }, { 600, 0, 0 } } },
    { "one more than was said",
      3,
      { { 1, 0, 720, NULL, 2 },
        { 5, 1, 360, "102", 2 },
        { 100, 2, 180, NULL, 3 }, /* it is settled: a second of this */
        { 1000, 2, 0 },
        { 1101, 2, 180, "120" } } },
    { "more said than there are", 2, { { 1, 0, 720, NULL, 4 }, { 5, 1, 360, "10", 4 } } },
    { "said no more",
      3,
      { { 1, 0, 720, NULL, 2 }, { 4, 0, 0, NULL, -1 }, { 5, 1, 360 }, { 400, 1, 0 }, { 506, 0, 0, "102" } } },
    { "the third comes later",
      3,
      { { 1, 0, 720 }, { 5, 1, 360 }, { 506, 0, 0, "102" }, { 2999, 0, 0 }, { 3000, 1, 0 }, { 3001, 2, 180, "120" } } },
    { "the middle one is silent", 3, { { 1, 0, 720 }, { 9, 2, 180 }, { 520, 2, 0, "210" } } },
    { "one encoding", 1, { { 1, 0, 720 }, { 5, 0, 360 }, { 900, 0, 180 } } },
    { "out of range", 3, { { 1, 3, 720 }, { 5, 0, 360 } } },
    { "grows, lowest first told",
      3,
      { { 1, 0, 90 },
        { 2, 1, 180 },
        { 3, 2, 360 },
        { 1000, 0, 270 }, /* for a moment it is above the next one */
        { 1030, 1, 540 },
        { 1060, 2, 1080 },
        { 4000, 2, 0 } } },
    { "one that stopped has no say",
      3,
      { { 1, 0, 180 }, { 2, 1, 360 }, { 3, 2, 720 }, { 5000, 0, 540 }, { 5001, 1, 1080 }, { 9000, 1, 0 } } },
    { "the order changes in the middle",
      2,
      { { 1, 0, 180 }, { 2, 1, 720 }, { 5000, 0, 720 }, { 5001, 1, 180 }, { 5900, 1, 0 }, { 6002, 0, 0, "10" } } },
    { "a conflict that passes",
      2,
      { { 1, 0, 180 }, { 2, 1, 720 }, { 5000, 0, 720 }, { 5001, 1, 180 }, { 5600, 0, 90 }, { 7000, 0, 0 } } },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    LayerOrder o;
    layer_order_init(&o, c->encodings);
    for (const Step *s = c->steps; s->ms || s == c->steps; s++) {
        uint8_t rank[LAYER_ORDER_MAX];
        if (s->sent)
            layer_order_expect(&o, s->sent > 0 ? (unsigned)s->sent : 0);
        bool changed = layer_order_packet(&o, s->eid, (unsigned)s->height, 1000000 + (int64_t)s->ms * MS, rank);
        g_test_message("%d ms", s->ms);
        g_assert_cmpint(changed, ==, s->rank != NULL);
        for (size_t i = 0; changed && i < strlen(s->rank); i++)
            g_assert_cmpint(rank[i], ==, s->rank[i] - '0');
        if (changed)
            g_assert_cmpint(rank[3], ==, 3);
    }
}

/* Whatever comes: ranks are a permutation, and heights that stay as they are come to rest. */
static void test_random(void)
{
    for (int round = 0; round < 500; round++) {
        LayerOrder o;
        int n = g_test_rand_int_range(1, LAYER_ORDER_MAX + 1), place[LAYER_ORDER_MAX], changes = 0;
        unsigned height[LAYER_ORDER_MAX];
        layer_order_init(&o, n);
        for (int e = 0; e < n; e++) {
            place[e] = e;
            height[e] = 90u << g_test_rand_int_range(0, 4);
        }
        for (int64_t us = 1; us < 8000000; us += 20000) {
            uint8_t rank[LAYER_ORDER_MAX];
            int e = g_test_rand_int_range(0, n);
            if (!layer_order_packet(&o, place[e], g_test_rand_int_range(0, 5) ? 0 : height[e], us, rank))
                continue;
            changes++;
            unsigned seen = 0;
            for (int i = 0; i < LAYER_ORDER_MAX; i++)
                seen |= 1u << rank[i];
            g_assert_cmpuint(seen, ==, (1u << LAYER_ORDER_MAX) - 1);
            for (int i = 0; i < n; i++)
                place[i] = rank[place[i]];
        }
        g_assert_cmpint(changes, <=, 6);
        for (int a = 0; a < n; a++)
            for (int b = 0; b < n; b++)
                g_assert_true(height[a] >= height[b] || place[a] < place[b]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/rx/layer order", cases, test_case);
    g_test_add_func("/rx/layer order/random", test_random);
    return g_test_run();
}
