/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/request_limiter.h"

typedef struct {
    double tokens;
    int64_t at_ms;
} Bucket;

struct RequestLimiter {
    double per_s, burst;
    GHashTable *buckets; /* sender -> Bucket */
    Bucket shared;
};

RequestLimiter *request_limiter_new(double per_s, guint burst)
{
    RequestLimiter *l = g_new0(RequestLimiter, 1);
    l->per_s = per_s;
    l->burst = burst;
    l->shared.tokens = burst;
    l->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return l;
}

static double tokens_at(const RequestLimiter *l, const Bucket *b, int64_t now_ms)
{
    return MIN(l->burst, b->tokens + l->per_s * (double)MAX(0, now_ms - b->at_ms) / 1000.0);
}

/* A full bucket says no more than none at all. */
static void forget_idle(RequestLimiter *l, int64_t now_ms)
{
    GHashTableIter it;
    gpointer value;
    g_hash_table_iter_init(&it, l->buckets);
    while (g_hash_table_iter_next(&it, NULL, &value))
        if (tokens_at(l, value, now_ms) >= l->burst)
            g_hash_table_iter_remove(&it);
}

static Bucket *bucket_of(RequestLimiter *l, const char *sender, int64_t now_ms)
{
    Bucket *b = g_hash_table_lookup(l->buckets, sender);
    if (b)
        return b;
    if (g_hash_table_size(l->buckets) >= REQUEST_LIMITER_MAX_SENDERS) {
        if (now_ms - l->shared.at_ms >= 1000)
            forget_idle(l, now_ms);
        if (g_hash_table_size(l->buckets) >= REQUEST_LIMITER_MAX_SENDERS)
            return &l->shared;
    }
    b = g_new0(Bucket, 1);
    b->tokens = l->burst;
    b->at_ms = now_ms;
    g_hash_table_insert(l->buckets, g_strdup(sender), b);
    return b;
}

gboolean request_limiter_allow(RequestLimiter *l, const char *sender, int64_t now_ms)
{
    Bucket *b = bucket_of(l, sender, now_ms);
    b->tokens = tokens_at(l, b, now_ms);
    b->at_ms = now_ms;
    if (b->tokens < 1)
        return FALSE;
    b->tokens -= 1;
    return TRUE;
}

guint request_limiter_size(const RequestLimiter *l)
{
    return g_hash_table_size(l->buckets);
}

void request_limiter_free(RequestLimiter *l)
{
    if (!l)
        return;
    g_hash_table_unref(l->buckets);
    g_free(l);
}
