/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/rx/keyframe_requester.h"

bool keyframe_asker_allows(KeyframeAsker *a, int64_t rtt_us, int64_t now_us)
{
    int64_t interval = rtt_us > 0 ? rtt_us + KEYFRAME_RTT_EXTRA_US : KEYFRAME_RECEIVER_US;
    if (interval > KEYFRAME_RECEIVER_US)
        interval = KEYFRAME_RECEIVER_US;
    int64_t last = a->asked_us[(a->next + KEYFRAME_RECEIVER_BURST - 1) % KEYFRAME_RECEIVER_BURST];
    int64_t oldest = a->asked_us[a->next];
    if (oldest && now_us - oldest < KEYFRAME_WINDOW_US)
        interval = KEYFRAME_SLOW_US;
    if (last && now_us - last < interval)
        return false;
    a->asked_us[a->next] = now_us;
    a->next = (uint8_t)((a->next + 1) % KEYFRAME_RECEIVER_BURST);
    return true;
}

bool keyframe_asker_needs(KeyframeAsker *a, int64_t now_us)
{
    if (a->window_us == 0 || now_us - a->window_us >= KEYFRAME_WINDOW_US) {
        a->window_us = now_us;
        a->needs = 0;
    }
    int64_t interval = a->needs < KEYFRAME_NEED_BURST ? KEYFRAME_RECEIVER_US : KEYFRAME_SLOW_US;
    if (a->needed_us && now_us - a->needed_us < interval)
        return false;
    a->needed_us = now_us;
    if (a->needs < UINT8_MAX)
        a->needs++;
    return true;
}

int64_t keyframe_ahead_us(int64_t longest_receiver_rtt_us, int64_t sender_rtt_us, int64_t now_us)
{
    int64_t wait_us = longest_receiver_rtt_us > sender_rtt_us ? longest_receiver_rtt_us - sender_rtt_us : 0;
    if (wait_us > KEYFRAME_AHEAD_MAX_US)
        wait_us = KEYFRAME_AHEAD_MAX_US;
    return now_us + wait_us + KEYFRAME_AHEAD_US;
}

/* A sender that does not answer (gone quiet, screen share that ended) is not asked five times a second for ever. */
static int64_t interval_us(const KeyframeRequester *k)
{
    return k->unanswered < KEYFRAME_PATIENCE ? KEYFRAME_INTERVAL_US : KEYFRAME_SLOW_US;
}

static void sent(KeyframeRequester *k, int64_t now_us)
{
    k->last_us = now_us;
    k->pending = false;
    k->sent++;
    if (k->unanswered < UINT8_MAX)
        k->unanswered++;
}

bool keyframe_requester_ask(KeyframeRequester *k, int64_t now_us)
{
    k->asked++;
    if (k->last_us && now_us - k->last_us < interval_us(k)) {
        /* A request just sent covers this one, unless its key frame came before this receiver could use it. */
        k->pending = true;
        return false;
    }
    sent(k, now_us);
    return true;
}

int64_t keyframe_requester_due_us(const KeyframeRequester *k)
{
    return k->pending ? k->last_us + interval_us(k) : INT64_MAX;
}

bool keyframe_requester_tick(KeyframeRequester *k, int64_t now_us)
{
    if (!k->pending || now_us < k->last_us + interval_us(k))
        return false;
    sent(k, now_us);
    return true;
}

void keyframe_requester_fulfilled(KeyframeRequester *k)
{
    k->pending = false;
    k->unanswered = 0;
}
