/* SPDX-License-Identifier: Apache-2.0
 *
 * Three owners add and remove sources as the input says, three bytes a step. After each step: no SSRC and
 * no msid belongs to two owners, nobody is over the limit, every group's members are there, and the
 * compact JSON reads back as what it was written from. */
#include "common/jingle/source_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const owners[] = { "a", "b", "c" };

static void check_pair(const SourceSet *x, const SourceSet *y)
{
    for (guint i = 0; x && y && i < x->sources->len; i++) {
        const Source *src = x->sources->pdata[i];
        if (source_set_find(y, src->ssrc))
            g_error("one SSRC, two owners");
        for (guint j = 0; j < y->sources->len; j++) {
            const Source *other = y->sources->pdata[j];
            if (src->msid && g_strcmp0(src->msid, other->msid) == 0)
                g_error("one msid, two owners");
        }
    }
}

static void check_owner(const SourceSet *s, const SourceLimits *limits)
{
    if (s->sources->len > limits->max_sources || s->groups->len > limits->max_groups)
        g_error("over the limit");
    for (guint i = 0; i < s->groups->len; i++) {
        const SourceGroup *g = s->groups->pdata[i];
        for (guint j = 0; j < g->n; j++) {
            if (!source_set_find(s, g->ssrcs[j]))
                g_error("a group of strangers");
        }
    }
    g_autoptr(SourceSet) stripped = source_set_copy(s);
    source_set_strip_simulcast(stripped);
    for (guint i = 0; i < stripped->groups->len; i++) {
        if (((const SourceGroup *)stripped->groups->pdata[i])->semantics == GROUP_SIM)
            g_error("simulcast left");
    }
    g_autoptr(SourceSet) lost = source_set_difference(s, stripped);
    source_set_add(stripped, lost);
    if (!source_set_equal(stripped, s))
        g_error("difference and sum disagree");
}

static void check(const SourceMap *m, const SourceLimits *limits)
{
    for (guint i = 0; i < G_N_ELEMENTS(owners); i++) {
        const SourceSet *s = source_map_get(m, owners[i]);
        if (s)
            check_owner(s, limits);
        for (guint j = 0; j < i; j++)
            check_pair(s, source_map_get(m, owners[j]));
    }
    g_autofree char *json = source_map_to_json(m);
    g_autoptr(SourceMap) back = source_map_from_json(json, NULL);
    if (!back || !source_map_equal(m, back))
        g_error("JSON reads differently");
}

/* One change: bits of the three bytes choose owner, verb, SSRCs 0..15, msid and group. */
static void step(SourceMap *m, const uint8_t b[3], const SourceLimits *limits)
{
    const char *owner = owners[b[0] % 3];
    g_autoptr(SourceSet) change = source_set_new();
    uint32_t ssrcs[3] = { b[1] & 15, b[1] >> 4, b[2] & 15 };
    g_autofree char *msid = g_strdup_printf("m%d", b[2] >> 6);
    MediaKind kind = b[0] & 0x40 ? MEDIA_AUDIO : MEDIA_VIDEO;
    guint n = 1 + (b[2] >> 4) % 3;
    for (guint i = 0; i < n; i++)
        source_set_add_source(change, kind, ssrcs[i], NULL, b[2] >> 6 == 3 ? NULL : msid, VIDEO_TYPE_UNSET);
    if (b[0] & 0x20)
        source_set_add_group(change, kind, b[0] & 0x10 ? GROUP_SIM : GROUP_FID, ssrcs, n);
    if (b[0] & 0x80)
        source_map_try_remove(m, owner, change, NULL, NULL);
    else if (b[0] == 0x0f)
        source_set_free(source_map_take(m, owner));
    else
        source_map_try_add(m, owner, change, limits, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SourceLimits limits = { .max_sources = 6, .max_groups = 4, .check_names = true };
    g_autoptr(SourceMap) m = source_map_new();
    size = MIN(size, 3 * 256);
    for (size_t at = 0; at + 3 <= size; at += 3) {
        step(m, data + at, &limits);
        check(m, &limits);
    }
    return 0;
}
