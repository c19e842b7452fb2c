/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rtp/av1_dd.h"

#include <string.h>

/* Big-endian bit cursor, sticky failure as in Reader. */
typedef struct {
    const uint8_t *p;
    size_t len, pos; /* bits */
    bool failed;
} Bits;

static uint32_t get(Bits *b, unsigned n)
{
    if (b->failed || n > b->len - b->pos) {
        b->failed = true;
        return 0;
    }
    uint32_t v = 0;
    for (; n; n--, b->pos++)
        v = v << 1 | (b->p[b->pos >> 3] >> (7 - (b->pos & 7)) & 1);
    return v;
}

/* ns(n) of the AV1 specification, 4.10.7: a value below n in as few bits as possible. */
static uint32_t get_ns(Bits *b, uint32_t n)
{
    unsigned w = 0;
    for (uint32_t x = n; x; x >>= 1)
        w++;
    uint32_t m = (1u << w) - n, v = get(b, w - 1);
    return v < m ? v : (v << 1) - m + get(b, 1);
}

static bool read_layers(Bits *b, DdStructure *s)
{
    unsigned sid = 0, tid = 0, next;
    do {
        if (s->template_count == DD_MAX_TEMPLATES || sid >= DD_MAX_SPATIAL || tid > 7)
            return false;
        DdTemplate *t = &s->templates[s->template_count++];
        t->sid = (uint8_t)sid;
        t->tid = (uint8_t)tid;
        t->dti = 0;
        t->fdiff_count = 0;
        next = get(b, 2);
        if (next == 1) {
            tid++;
        } else if (next == 2) {
            tid = 0;
            sid++;
        }
    } while (next != 3 && !b->failed);
    s->spatial_count = (uint8_t)(sid + 1);
    return true;
}

static uint64_t read_dtis(Bits *b, unsigned targets)
{
    uint64_t dti = 0;
    for (unsigned i = 0; i < targets; i++)
        dti |= (uint64_t)get(b, 2) << (2 * i);
    return dti;
}

static bool read_structure(Bits *b, DdStructure *s)
{
    s->template_offset = (uint8_t)get(b, 6);
    s->target_count = (uint8_t)(get(b, 5) + 1);
    s->template_count = 0;
    if (!read_layers(b, s))
        return false;
    for (int i = 0; i < s->template_count; i++)
        s->templates[i].dti = read_dtis(b, s->target_count);
    for (int i = 0; i < s->template_count; i++) {
        DdTemplate *t = &s->templates[i];
        while (get(b, 1)) {
            if (t->fdiff_count == DD_MAX_FDIFFS)
                return false;
            t->fdiff[t->fdiff_count++] = (uint8_t)(get(b, 4) + 1);
        }
    }
    s->chain_count = (uint8_t)get_ns(b, s->target_count + 1u);
    if (s->chain_count) {
        for (int i = 0; i < s->target_count; i++)
            get_ns(b, s->chain_count); /* which chain protects it: forwarding does not ask */
        for (int i = 0; i < s->template_count * s->chain_count && !b->failed; i++)
            get(b, 4);
    }
    bool sizes = get(b, 1);
    for (int i = 0; i < DD_MAX_SPATIAL; i++) {
        bool given = sizes && i < s->spatial_count;
        s->width[i] = given ? (uint16_t)(get(b, 16) + 1) : 0;
        s->height[i] = given ? (uint16_t)(get(b, 16) + 1) : 0;
    }
    for (int t = 0; t < s->target_count; t++) {
        s->target_sid[t] = s->target_tid[t] = 0;
        for (int i = 0; i < s->template_count; i++) {
            const DdTemplate *tp = &s->templates[i];
            if (dd_dti(tp->dti, (unsigned)t) == DTI_NOT_PRESENT)
                continue;
            if (tp->sid > s->target_sid[t])
                s->target_sid[t] = tp->sid;
            if (tp->tid > s->target_tid[t])
                s->target_tid[t] = tp->tid;
        }
    }
    return true;
}

/* frame_dependency_definition(): the template, and what this frame says otherwise. */
static DdStatus read_definition(Bits *b, const DdStructure *s, DdView *v)
{
    unsigned index = (v->template_id + 64u - s->template_offset) % 64;
    if (index >= s->template_count)
        return DD_NO_STRUCTURE; /* numbered by a structure that was never seen */
    const DdTemplate *t = &s->templates[index];
    v->sid = t->sid;
    v->tid = t->tid;
    v->dti = v->custom_dtis ? read_dtis(b, s->target_count) : t->dti;
    if (v->custom_fdiffs) {
        for (uint32_t size; (size = get(b, 2)) != 0;) {
            if (v->fdiff_count == DD_MAX_FDIFFS)
                return DD_INVALID;
            v->fdiff[v->fdiff_count++] = (uint16_t)(get(b, 4 * size) + 1);
        }
    } else {
        for (int i = 0; i < t->fdiff_count; i++)
            v->fdiff[i] = t->fdiff[i];
        v->fdiff_count = t->fdiff_count;
    }
    for (int i = 0; v->custom_chains && i < s->chain_count; i++)
        get(b, 8);
    return DD_OK;
}

DdStatus dd_parse(const uint8_t *ext, size_t len, const DdStructure *current, DdStructure *fresh, DdView *out)
{
    if (len < 3)
        return DD_TRUNCATED;
    if (len > DD_MAX_LEN)
        return DD_INVALID;
    Bits b = { .p = ext, .len = 8 * len };
    DdView v = { 0 };
    v.start = get(&b, 1);
    v.end = get(&b, 1);
    v.template_id = (uint8_t)get(&b, 6);
    v.frame_number = (uint16_t)get(&b, 16);
    v.extended = len > 3;
    if (v.extended) {
        v.has_structure = get(&b, 1);
        v.has_active_mask = get(&b, 1);
        v.custom_dtis = get(&b, 1);
        v.custom_fdiffs = get(&b, 1);
        v.custom_chains = get(&b, 1);
    }
    v.bits_structure = (uint16_t)b.pos;
    if (v.has_structure) {
        if (!read_structure(&b, fresh))
            return DD_INVALID;
        current = fresh;
    }
    if (!current) {
        *out = v;
        return DD_NO_STRUCTURE;
    }
    v.target_count = current->target_count;
    v.bits_mask = (uint16_t)b.pos;
    if (v.has_active_mask)
        v.active_mask = get(&b, current->target_count);
    v.bits_custom = (uint16_t)b.pos;
    DdStatus status = read_definition(&b, current, &v);
    v.bits_end = (uint16_t)b.pos;
    if (status == DD_INVALID)
        return status;
    if (b.failed)
        return DD_TRUNCATED;
    if (status == DD_NO_STRUCTURE && v.has_structure)
        return DD_INVALID; /* its own template is not in its own structure */
    *out = v;
    return status;
}

static bool same_template(const DdTemplate *a, const DdTemplate *b)
{
    return a->dti == b->dti && a->sid == b->sid && a->tid == b->tid && a->fdiff_count == b->fdiff_count &&
           memcmp(a->fdiff, b->fdiff, a->fdiff_count) == 0;
}

bool dd_same_structure(const DdStructure *a, const DdStructure *b)
{
    if (a->template_offset != b->template_offset || a->template_count != b->template_count ||
        a->target_count != b->target_count || a->chain_count != b->chain_count ||
        memcmp(a->width, b->width, sizeof(a->width)) != 0 || memcmp(a->height, b->height, sizeof(a->height)) != 0)
        return false;
    for (int i = 0; i < a->template_count; i++)
        if (!same_template(&a->templates[i], &b->templates[i]))
            return false;
    return true;
}

typedef struct {
    uint8_t *p;
    size_t cap, pos; /* bits */
    bool failed;
} BitWriter;

static void put(BitWriter *w, uint32_t value, unsigned n)
{
    if (w->failed || n > w->cap - w->pos) {
        w->failed = true;
        return;
    }
    for (; n; n--, w->pos++) {
        uint8_t mask = (uint8_t)(0x80 >> (w->pos & 7)), *byte = &w->p[w->pos >> 3];
        if ((w->pos & 7) == 0)
            *byte = 0;
        if (value >> (n - 1) & 1)
            *byte |= mask;
    }
}

static void copy_bits(BitWriter *w, const uint8_t *ext, size_t len, size_t from, size_t to)
{
    Bits b = { .p = ext, .len = 8 * len, .pos = from };
    while (b.pos < to && !b.failed && !w->failed) {
        unsigned n = to - b.pos > 16 ? 16 : (unsigned)(to - b.pos);
        put(w, get(&b, n), n);
    }
    w->failed |= b.failed;
}

size_t dd_rewrite(const uint8_t *ext, size_t len, const DdView *v, const DdRewrite *rw, uint8_t *out, size_t cap)
{
    if (v->bits_end > 8 * len)
        return 0;
    if (!v->extended && !rw->write_mask && cap >= 3) { /* most packets: the mandatory bytes alone */
        out[0] = (uint8_t)(v->start << 7 | v->end << 6 | ((v->template_id + rw->template_delta) & 63));
        out[1] = (uint8_t)(rw->frame_number >> 8);
        out[2] = (uint8_t)rw->frame_number;
        return 3;
    }
    BitWriter w = { .p = out, .cap = 8 * cap };
    put(&w, v->start, 1);
    put(&w, v->end, 1);
    put(&w, (v->template_id + rw->template_delta) % 64u, 6);
    put(&w, rw->frame_number, 16);
    bool custom = v->custom_dtis || v->custom_fdiffs || v->custom_chains;
    if (v->has_structure || rw->write_mask || custom) {
        put(&w, v->has_structure, 1);
        put(&w, rw->write_mask, 1);
        put(&w, v->custom_dtis, 1);
        put(&w, v->custom_fdiffs, 1);
        put(&w, v->custom_chains, 1);
        if (v->has_structure) {
            Bits b = { .p = ext, .len = 8 * len, .pos = v->bits_structure };
            put(&w, (get(&b, 6) + rw->template_delta) % 64u, 6);
            copy_bits(&w, ext, len, b.pos, v->bits_mask);
        }
        if (rw->write_mask)
            put(&w, v->target_count < 32 ? rw->mask & ((1u << v->target_count) - 1) : rw->mask, v->target_count);
        copy_bits(&w, ext, len, v->bits_custom, v->bits_end);
    }
    return w.failed ? 0 : (w.pos + 7) / 8;
}

bool av1_aggregation_parse(const uint8_t *payload, size_t len, Av1Aggregation *out)
{
    if (len == 0)
        return false;
    *out = (Av1Aggregation){ .continues = payload[0] & 0x80,
                             .continued_next = payload[0] & 0x40,
                             .new_sequence = payload[0] & 0x08 };
    return true;
}
