/* SPDX-License-Identifier: Apache-2.0
 *
 * An endpoint's paths: the ICE agent's wishes carried out, addresses entered and removed, DTLS passed through. */
#include "bridge/media_endpoint.h"

#include "bridge/rx/rx_feedback.h"
#include "bridge/tx/tx_repair.h"
#include "bridge/tx/tx_slots.h"

#include <string.h>

static void enter_tuple(MediaEndpoint *ep, const Tuple *tuple, bool valid)
{
    Worker *w = media_endpoint_worker(ep);
    TupleEntry *e = tuple_table_put(&w->tuples, tuple);
    if (!e)
        return;
    /* A captured request can be replayed from another endpoint's address: only a check of our own that was
     * answered from there takes an address away from someone who is heard from. */
    if (e->endpoint && e->endpoint != ep && e->valid && !valid)
        return;
    e->endpoint = ep;
    e->valid = valid || (e->valid && e->endpoint == ep);
}

static void leave_tuple(MediaEndpoint *ep, const Tuple *tuple)
{
    Worker *w = media_endpoint_worker(ep);
    const TupleEntry *e = tuple_table_find(&w->tuples, tuple);
    if (e && e->endpoint == ep)
        tuple_table_remove(&w->tuples, tuple);
}

static void update_path(MediaEndpoint *ep)
{
    bool was_ready = ep->ready;
    Tuple before = ep->send_to;
    if (!ice_agent_send_tuple(ep->ice, &ep->send_to))
        ep->send_to = (Tuple){ 0 };
    ep->ready = ep->srtp_tx && tuple_is_set(&ep->send_to);
    if (ep->ready && !was_ready)
        tx_slots_ready(ep);
    else if (ep->ready && !tuple_equal(&before, &ep->send_to)) {
        rx_feedback_repeat(ep, media_endpoint_worker(ep)->now_us);
        tx_repair_moved(ep, media_endpoint_worker(ep)->now_us);
    }
}

static void emit_ice(MediaEndpoint *ep, WorkerEventType type, unsigned generation, const Tuple *remote)
{
    Worker *w = media_endpoint_worker(ep);
    WorkerEvent *ev = worker_event_new(w, type, NULL, ep, 0);
    ev->ice.generation = generation;
    ev->ice.remote = *remote;
    worker_emit(w, ev);
}

static void on_ice_event(MediaEndpoint *ep, const IceEvent *ev)
{
    Worker *w = media_endpoint_worker(ep);
    switch (ev->type) {
    case ICE_EV_TUPLE_ADDED:
        enter_tuple(ep, &ev->tuple, false);
        break;
    case ICE_EV_TUPLE_VALID:
        enter_tuple(ep, &ev->tuple, true);
        break;
    case ICE_EV_TUPLE_REMOVED:
        leave_tuple(ep, &ev->tuple);
        break;
    case ICE_EV_WRITABLE:
        ep->writable = true;
        emit_ice(ep, WORKER_EV_ICE_WRITABLE, ev->generation, &ev->tuple);
        break;
    case ICE_EV_SELECTED:
        ep->selected = true;
        emit_ice(ep, WORKER_EV_ICE_SELECTED, ev->generation, &ev->tuple);
        break;
    case ICE_EV_CONSENT_LOST:
        w->totals.ice_failed++;
        emit_ice(ep, WORKER_EV_CONSENT_LOST, ev->generation, &ev->tuple);
        break;
    case ICE_EV_FAILED:
        ep->ice_failed = true;
        w->totals.ice_failed++;
        emit_ice(ep, WORKER_EV_ICE_FAILED, ev->generation, &ev->tuple);
        break;
    case ICE_EV_RESTARTED:
        w->totals.ice_restarts++;
        emit_ice(ep, WORKER_EV_ICE_RESTARTED, ev->generation, &ev->tuple);
        break;
    case ICE_EV_GENERATION_ENDED:
        worker_remove_ufrag(w, ev->ufrag, ep);
        if (ev->generation > ice_agent_generation(ep->ice)) /* it never took over */
            emit_ice(ep, WORKER_EV_ICE_RESTART_FAILED, ev->generation, &ev->tuple);
        break;
    }
}

/* Carries out what one call of the agent wanted, and plans its next. */
static void apply(MediaEndpoint *ep, const IceOut *out)
{
    Worker *w = media_endpoint_worker(ep);
    for (unsigned i = 0; i < out->n_datagrams; i++)
        worker_send(w, &out->datagrams[i].to, out->datagrams[i].bytes, out->datagrams[i].len);
    for (unsigned i = 0; i < out->n_events; i++)
        on_ice_event(ep, &out->events[i]);
    if (out->n_events)
        update_path(ep);
    media_endpoint_wake(ep, ice_agent_next_due(ep->ice));
}

void media_endpoint_on_stun(MediaEndpoint *ep, const Tuple *from, const uint8_t *buf, size_t len)
{
    Worker *w = media_endpoint_worker(ep);
    IceOut *out = &w->ice_out;
    ice_out_clear(out);
    if (ice_agent_on_stun(ep->ice, w->stun, from, buf, len, w->now_us, out) != ICE_DROP_NONE)
        w->totals.drops[WORKER_DROP_STUN]++;
    else if (!ep->checked) {
        ep->checked = true;
        worker_emit_plain(w, WORKER_EV_FIRST_CHECK, ep);
    }
    apply(ep, out);
}

void media_endpoint_set_remote(MediaEndpoint *ep, const WorkerCommand *remote)
{
    Worker *w = media_endpoint_worker(ep);
    IceOut *out = &w->ice_out;
    if (remote->remote_ice.ufrag[0])
        ice_agent_set_remote(ep->ice, remote->remote_ice.generation, remote->remote_ice.ufrag, remote->remote_ice.pwd,
                             w->now_us);
    for (size_t i = 0; i < remote->n && i < WORKER_CANDIDATES_MAX; i++) {
        Tuple t = remote->remote_ice.candidates[i];
        for (t.socket = 0; t.socket < w->n_fds && w->config->addresses[t.socket].family != t.family;)
            t.socket++;
        if (t.socket == w->n_fds || t.port == 0)
            continue; /* no socket of that family */
        ice_out_clear(out);
        ice_agent_add_candidate(ep->ice, remote->remote_ice.generation, &t, w->now_us, out);
        apply(ep, out);
    }
    media_endpoint_wake(ep, ice_agent_next_due(ep->ice));
}

void media_endpoint_restart_ice(MediaEndpoint *ep, uint32_t generation, const IceCredentials *local)
{
    Worker *w = media_endpoint_worker(ep);
    Tuple none = { 0 };
    unsigned started = 0;
    if (worker_add_ufrag(w, local->ufrag, ep)) {
        started = ice_agent_restart(ep->ice, local, w->now_us);
        if (!started)
            worker_remove_ufrag(w, local->ufrag, ep);
    }
    if (started != generation)
        emit_ice(ep, WORKER_EV_ICE_RESTART_FAILED, generation, &none);
    media_endpoint_wake(ep, ice_agent_next_due(ep->ice));
}

int64_t media_endpoint_tick_ice(MediaEndpoint *ep, int64_t now_us)
{
    Worker *w = media_endpoint_worker(ep);
    if (ep->media_from_us) {
        ice_agent_on_media(ep->ice, &ep->media_from, ep->media_from_us);
        ep->media_from_us = 0;
    }
    if (ice_agent_next_due(ep->ice) <= now_us) {
        IceOut *out = &w->ice_out;
        ice_out_clear(out);
        ice_agent_on_tick(ep->ice, w->stun, now_us, out);
        apply(ep, out);
    }
    return ice_agent_next_due(ep->ice);
}

void media_endpoint_alive(MediaEndpoint *ep, const Tuple *from, int64_t now_us)
{
    ep->media_from = *from;
    ep->media_from_us = now_us;
    ep->last_packet_us = now_us;
}

void media_endpoint_send_dtls(MediaEndpoint *ep, const uint8_t *bytes, size_t len)
{
    if (tuple_is_set(&ep->send_to) && len <= WORKER_DATAGRAM_MAX)
        worker_send(media_endpoint_worker(ep), &ep->send_to, bytes, len);
}

void media_endpoint_on_dtls(MediaEndpoint *ep, const uint8_t *buf, size_t len)
{
    Worker *w = media_endpoint_worker(ep);
    if (w->now_us - ep->dtls_since_us >= 1000000) {
        ep->dtls_since_us = w->now_us;
        ep->dtls_datagrams = 0;
    }
    /* One client must not fill the box that all workers report through. */
    if (ep->dtls_datagrams++ >= MEDIA_DTLS_PER_S) {
        w->totals.drops[WORKER_DROP_DTLS]++;
        return;
    }
    WorkerEvent *ev = worker_event_new(w, WORKER_EV_DTLS, NULL, ep, len);
    memcpy(ev->dtls.bytes, buf, len);
    worker_emit(w, ev);
}

void media_endpoint_send_rtcp(MediaEndpoint *ep, uint8_t *buf, size_t len, size_t cap)
{
    Worker *w = media_endpoint_worker(ep);
    if (!ep->ready || len == 0 || srtcp_protect(ep->srtcp, buf, &len, cap) != SRTP_OK)
        return;
    w->totals.tx_rtcp++;
    worker_send(w, &ep->send_to, buf, len);
}
