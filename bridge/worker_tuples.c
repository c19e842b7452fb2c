/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_tuples.h"

#include <stdlib.h>

#define FIRST_SLOTS 256

static uint32_t tuple_hash(const TupleTable *t, const Tuple *key)
{
    uint64_t w[3];
    _Static_assert(sizeof(Tuple) == sizeof(w), "a tuple is hashed as three words");
    memcpy(w, key, sizeof(w));
    uint64_t h = t->seed;
    for (int i = 0; i < 3; i++) {
        h = (h ^ w[i]) * 0x9fb21c651e98df25u;
        h ^= h >> 32;
    }
    return (uint32_t)h;
}

bool tuple_table_init(TupleTable *t, uint32_t limit, uint64_t seed)
{
    *t = (TupleTable){ .mask = FIRST_SLOTS - 1, .limit = limit, .seed = seed | 1 };
    t->slots = calloc(FIRST_SLOTS, sizeof(*t->slots));
    return t->slots != NULL;
}

void tuple_table_clear(TupleTable *t)
{
    free(t->slots);
    t->slots = NULL;
    t->used = 0;
}

static TupleEntry *probe(const TupleTable *t, const Tuple *key)
{
    uint32_t i = tuple_hash(t, key) & t->mask;
    while (tuple_is_set(&t->slots[i].tuple) && !tuple_equal(&t->slots[i].tuple, key))
        i = (i + 1) & t->mask;
    return &t->slots[i];
}

TupleEntry *tuple_table_find(TupleTable *t, const Tuple *key)
{
    TupleEntry *e = probe(t, key);
    return tuple_is_set(&e->tuple) ? e : NULL;
}

static bool grow(TupleTable *t)
{
    TupleTable bigger = *t;
    bigger.mask = t->mask * 2 + 1;
    bigger.slots = calloc(bigger.mask + 1u, sizeof(*bigger.slots));
    if (!bigger.slots)
        return false;
    for (uint32_t i = 0; i <= t->mask; i++)
        if (tuple_is_set(&t->slots[i].tuple))
            *probe(&bigger, &t->slots[i].tuple) = t->slots[i];
    free(t->slots);
    *t = bigger;
    return true;
}

TupleEntry *tuple_table_put(TupleTable *t, const Tuple *key)
{
    TupleEntry *e = probe(t, key);
    if (tuple_is_set(&e->tuple))
        return e;
    if (t->used >= t->limit || (t->used * 4 >= t->mask * 3 && !grow(t))) {
        t->refused++;
        return NULL;
    }
    e = probe(t, key);
    *e = (TupleEntry){ .tuple = *key };
    t->used++;
    return e;
}

/* Backward-shift deletion: no tombstones, so look-ups stay short however often addresses change. */
static void remove_at(TupleTable *t, uint32_t hole)
{
    uint32_t i = hole;
    for (;;) {
        i = (i + 1) & t->mask;
        if (!tuple_is_set(&t->slots[i].tuple))
            break;
        uint32_t home = tuple_hash(t, &t->slots[i].tuple) & t->mask;
        if (((i - home) & t->mask) >= ((i - hole) & t->mask)) {
            t->slots[hole] = t->slots[i];
            hole = i;
        }
    }
    t->slots[hole] = (TupleEntry){ 0 };
    t->used--;
}

void tuple_table_remove(TupleTable *t, const Tuple *key)
{
    TupleEntry *e = tuple_table_find(t, key);
    if (e)
        remove_at(t, (uint32_t)(e - t->slots));
}

/* A deletion may move a later entry into the place just looked at, so that place is looked at again. */
#define REMOVE_IF(t, condition)                                                                                        \
    for (uint32_t i = 0; i <= (t)->mask;) {                                                                            \
        const TupleEntry *e = &(t)->slots[i];                                                                          \
        if (tuple_is_set(&e->tuple) && (condition))                                                                    \
            remove_at(t, i);                                                                                           \
        else                                                                                                           \
            i++;                                                                                                       \
    }

void tuple_table_remove_endpoint(TupleTable *t, const struct MediaEndpoint *endpoint)
{
    REMOVE_IF(t, e->endpoint == endpoint)
}

void tuple_table_expire_foreign(TupleTable *t, int64_t before_us)
{
    REMOVE_IF(t, !e->endpoint && e->used_us < before_us)
}
