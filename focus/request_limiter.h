/* SPDX-License-Identifier: Apache-2.0
 *
 * A token bucket for each sender against floods: of conference requests, of joins. PURE; bounded. */
#ifndef PLENUM_FOCUS_REQUEST_LIMITER_H
#define PLENUM_FOCUS_REQUEST_LIMITER_H

#include <glib.h>
#include <stdint.h>

#define REQUEST_LIMITER_MAX_SENDERS 20000 /* remembered; when full, unknown ones share one bucket */

typedef struct RequestLimiter RequestLimiter;

/* per_s > 0 tokens a second, up to burst >= 1. */
RequestLimiter *request_limiter_new(double per_s, guint burst);
/* Takes a token of this sender (any text, copied); FALSE: none left. now_ms: of one monotonic clock. */
gboolean request_limiter_allow(RequestLimiter *limiter, const char *sender, int64_t now_ms);
guint request_limiter_size(const RequestLimiter *limiter); /* senders remembered */
void request_limiter_free(RequestLimiter *limiter);        /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RequestLimiter, request_limiter_free)

#endif
