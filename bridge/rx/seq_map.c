/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/rx/seq_map.h"

void seq_map_start(SeqMap *m, int64_t first_in, int64_t first_out)
{
    m->first_in = first_in;
    m->top_in = first_in - 1;
    m->shift = first_in - first_out;
    m->used = m->newest = 0;
}

/* Distance from the start of a run; runs lie at most 2^31 behind the newest number. */
static int64_t run_start(const SeqMap *m, unsigned i)
{
    return m->top_in - (int32_t)((uint32_t)m->top_in - m->run[i].first);
}

static int64_t shift_from(const SeqMap *m, uint32_t low)
{
    return m->shift - (int32_t)((uint32_t)m->shift - low);
}

bool seq_map_accept(SeqMap *m, int64_t in, int64_t *out)
{
    if (in < m->first_in)
        return false;
    if (in > m->top_in) {
        m->top_in = in;
        *out = in - m->shift;
        return true;
    }
    int64_t after = m->shift; /* shift just behind the run looked at */
    for (unsigned n = 0; n < m->used; n++) {
        unsigned i = (m->newest + SEQ_MAP_RUNS - n) % SEQ_MAP_RUNS;
        int64_t start = run_start(m, i), before = shift_from(m, m->run[i].before);
        if (in >= start) {
            *out = in - after;
            return in >= start + (after - before);
        }
        after = before;
    }
    *out = in - after;
    return true;
}

static void leave_out(SeqMap *m, int64_t first, int64_t count)
{
    if (m->used > 0) {
        int64_t before = shift_from(m, m->run[m->newest].before);
        if (run_start(m, m->newest) + (m->shift - before) == first) { /* goes on where the last run ended */
            m->shift += count;
            m->top_in = first + count - 1;
            return;
        }
    }
    unsigned next = m->used ? (m->newest + 1u) % SEQ_MAP_RUNS : 0;
    if (m->used == SEQ_MAP_RUNS) { /* `next` is the oldest: the shift before it will be forgotten */
        unsigned second = (next + 1u) % SEQ_MAP_RUNS;
        int64_t length = shift_from(m, m->run[second].before) - shift_from(m, m->run[next].before);
        int64_t end = run_start(m, next) + length;
        if (end > m->first_in)
            m->first_in = end;
    } else {
        m->used++;
    }
    m->run[next].first = (uint32_t)first;
    m->run[next].before = (uint32_t)m->shift;
    m->newest = (uint16_t)next;
    m->shift += count;
    m->top_in = first + count - 1;
}

void seq_map_withhold(SeqMap *m, int64_t in)
{
    if (in > m->top_in)
        leave_out(m, in, 1);
}

void seq_map_withhold_through(SeqMap *m, int64_t upto)
{
    if (upto > m->top_in)
        leave_out(m, m->top_in + 1, upto - m->top_in);
}
