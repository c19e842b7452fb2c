/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/request_limiter.h"

#include "focus/token_bucket.h"

struct RequestLimiter {
    double per_s, burst;
    GHashTable *buckets; /* sender -> TokenBucket */
    TokenBucket shared;
};

RequestLimiter *request_limiter_new(double per_s, guint burst)
{
    RequestLimiter *l = g_new0(RequestLimiter, 1);
    l->per_s = per_s;
    l->burst = burst;
    l->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return l;
}

/* A full bucket says no more than none at all. */
static void forget_idle(RequestLimiter *l, int64_t now_ms)
{
    GHashTableIter it;
    gpointer value;
    g_hash_table_iter_init(&it, l->buckets);
    while (g_hash_table_iter_next(&it, NULL, &value))
        if (token_bucket_is_full(value, l->per_s, now_ms))
            g_hash_table_iter_remove(&it);
}

static TokenBucket *bucket_of(RequestLimiter *l, const char *sender, int64_t now_ms)
{
    TokenBucket *b = g_hash_table_lookup(l->buckets, sender);
    if (b)
        return b;
    if (g_hash_table_size(l->buckets) >= REQUEST_LIMITER_MAX_SENDERS) {
        if (now_ms - l->shared.at_ms >= 1000)
            forget_idle(l, now_ms);
        if (g_hash_table_size(l->buckets) >= REQUEST_LIMITER_MAX_SENDERS)
            return &l->shared;
    }
    b = g_new0(TokenBucket, 1);
    g_hash_table_insert(l->buckets, g_strdup(sender), b);
    return b;
}

gboolean request_limiter_allow(RequestLimiter *l, const char *sender, int64_t now_ms)
{
    return token_bucket_take(bucket_of(l, sender, now_ms), l->per_s, l->burst, now_ms);
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
