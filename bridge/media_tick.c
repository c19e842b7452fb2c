/* SPDX-License-Identifier: Apache-2.0
 *
 * The timers of an endpoint. It has one: whatever is due first sets it, and each call does all that is due. */
#include "bridge/media_endpoint.h"

#include "bridge/rx/rx_feedback.h"
#include "bridge/tx/tx_allocate.h"
#include "bridge/tx/tx_pace.h"
#include "bridge/tx/tx_repair.h"
#include "bridge/tx/tx_reports.h"

#define LEAST_WAIT_US 500 /* between two calls, so that nothing due for ever can keep the thread busy */

void media_endpoint_wake(MediaEndpoint *ep, int64_t at_us)
{
    if (at_us != TIMER_NEVER)
        timer_at_latest(&media_endpoint_worker(ep)->timers, &ep->timer, at_us);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Reception reports run while packets come: each packet makes sure of the next one. */
static int64_t tick_receive(MediaEndpoint *ep, int64_t now_us)
{
    int64_t next = TIMER_NEVER;
    if (now_us >= ep->next_report_us && now_us - ep->last_packet_us < 2 * MEDIA_REPORT_US) {
        ep->next_report_us = now_us + MEDIA_REPORT_US;
        rx_feedback_report(ep, now_us);
    }
    if (ep->twcc) {
        if (now_us >= twcc_log_flush_at_us(ep->twcc))
            rx_feedback_transport_cc(ep, now_us);
        next = twcc_log_flush_at_us(ep->twcc);
    }
    return earlier(next, rx_feedback_tick(ep, now_us));
}

static int64_t tick_transmit(MediaEndpoint *ep, int64_t now_us)
{
    TxState *tx = ep->tx;
    if (!tx || !ep->ready)
        return TIMER_NEVER;
    if (now_us >= tx->allocate_at_us)
        tx_allocate_run(ep, now_us);
    tx_reports_after_switch(ep, now_us);
    int64_t next = tx_pace_release(ep, now_us);
    return earlier(next, earlier(tx_repair_tick(ep, now_us), tx->allocate_at_us));
}

void media_endpoint_tick(void *endpoint, int64_t now_us)
{
    MediaEndpoint *ep = endpoint;
    int64_t next = media_endpoint_tick_ice(ep, now_us);
    next = earlier(next, tick_receive(ep, now_us));
    next = earlier(next, tick_transmit(ep, now_us));
    if (next != TIMER_NEVER)
        media_endpoint_wake(ep, next > now_us + LEAST_WAIT_US ? next : now_us + LEAST_WAIT_US);
}
