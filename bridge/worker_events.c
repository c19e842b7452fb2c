/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands and events as blocks: how long each is, made, posted, freed. */
#include "bridge/capture.h"
#include "bridge/media_conference.h"
#include "bridge/media_endpoint.h"
#include "bridge/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t size)
{
    void *block = calloc(1, size);
    if (!block) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return block;
}

static size_t command_element(WorkerCommandType type)
{
    switch (type) {
    case WORKER_REMOTE_ICE:
        return sizeof(Tuple);
    case WORKER_SOURCES:
        return sizeof(WorkerSource);
    case WORKER_VIDEO_CONSTRAINTS:
        return sizeof(WorkerConstraint);
    case WORKER_AUDIO_SUBSCRIPTION:
        return sizeof(WorkerAudioName);
    case WORKER_DTLS_SEND:
        return 1;
    default:
        return 0;
    }
}

WorkerCommand *worker_command_new(WorkerCommandType type, uint64_t conference, uint64_t endpoint, size_t n)
{
    /* Simple and a little generous: the fixed part of the union and the array behind it. */
    WorkerCommand *c = allocate(sizeof(*c) + n * command_element(type));
    c->type = type;
    c->conference = conference;
    c->endpoint = endpoint;
    c->n = n;
    return c;
}

WorkerCommand *worker_command_copy(const WorkerCommand *c)
{
    WorkerCommand *copy = worker_command_new(c->type, c->conference, c->endpoint, c->n);
    memcpy(copy, c, sizeof(*c) + c->n * command_element(c->type));
    copy->next = NULL;
    return copy;
}

void worker_command_free(WorkerCommand *c)
{
    if (c && c->type == WORKER_SRTP_KEYS)
        srtp_keys_wipe(&c->srtp_keys);
    if (c && c->type == WORKER_CAPTURE)
        capture_release(c->capture.to);
    free(c);
}

static size_t event_element(WorkerEventType type)
{
    switch (type) {
    case WORKER_EV_DTLS:
        return 1;
    case WORKER_EV_VIDEO_SLOTS:
    case WORKER_EV_AUDIO_SLOTS:
        return sizeof(WorkerSlotEntry);
    case WORKER_EV_FORWARDED_SOURCES:
        return sizeof(WorkerName);
    case WORKER_EV_DOMINANT_SPEAKER:
        return sizeof(WorkerEndpointId);
    case WORKER_EV_SNAPSHOT:
        return sizeof(WorkerEndpointStats);
    default:
        return 0;
    }
}

WorkerEvent *worker_event_new(const Worker *w, WorkerEventType type, const MediaConference *c, const MediaEndpoint *ep,
                              size_t n)
{
    WorkerEvent *ev = allocate(sizeof(*ev) + n * event_element(type));
    ev->type = type;
    ev->worker = w->index;
    ev->conference = ep ? ep->conference->handle : c ? c->handle : 0;
    ev->endpoint = ep ? ep->handle : 0;
    ev->n = n;
    return ev;
}

/* What comes again by itself, or is only a number; all else is state that control would never hear of again. */
static bool may_be_lost(WorkerEventType type)
{
    return type == WORKER_EV_DTLS || type == WORKER_EV_BANDWIDTH || type == WORKER_EV_SNAPSHOT;
}

void worker_emit(Worker *w, WorkerEvent *ev)
{
    if (!w->unsent && mailbox_post(w->group->events, &ev))
        return;
    if (may_be_lost(ev->type) || w->n_unsent == WORKER_UNSENT) {
        w->totals.drops[WORKER_DROP_MAILBOX]++;
        worker_event_free(ev);
        return;
    }
    if (!w->unsent)
        w->last_unsent = &w->unsent;
    *w->last_unsent = ev;
    w->last_unsent = &ev->next;
    w->n_unsent++;
}

void worker_emit_unsent(Worker *w)
{
    for (WorkerEvent *ev; (ev = w->unsent);) {
        WorkerEvent *next = ev->next;
        ev->next = NULL;
        if (!mailbox_post(w->group->events, &ev)) {
            ev->next = next;
            return;
        }
        w->unsent = next;
        w->n_unsent--;
    }
}

void worker_drop_unsent(Worker *w)
{
    for (WorkerEvent *ev; (ev = w->unsent);) {
        w->unsent = ev->next;
        worker_event_free(ev);
    }
    w->n_unsent = 0;
}

void worker_emit_plain(Worker *w, WorkerEventType type, const MediaEndpoint *ep)
{
    worker_emit(w, worker_event_new(w, type, NULL, ep, 0));
}

void worker_event_free(WorkerEvent *ev)
{
    if (ev && ev->type == WORKER_EV_SNAPSHOT)
        free(ev->snapshot.streams);
    free(ev);
}

const char *worker_drop_name(WorkerDrop drop)
{
    static const char *const names[WORKER_DROPS] = {
        [WORKER_DROP_UNKNOWN_TUPLE] = "unknown_tuple",
        [WORKER_DROP_NOT_VALID] = "not_valid",
        [WORKER_DROP_DEMUX] = "demux",
        [WORKER_DROP_OVERSIZE] = "oversize",
        [WORKER_DROP_STUN] = "stun",
        [WORKER_DROP_NO_KEYS] = "no_keys",
        [WORKER_DROP_SRTP] = "srtp",
        [WORKER_DROP_SRTCP] = "srtcp",
        [WORKER_DROP_RTP_SYNTAX] = "rtp_syntax",
        [WORKER_DROP_SSRC] = "ssrc",
        [WORKER_DROP_PAYLOAD_TYPE] = "payload_type",
        [WORKER_DROP_MUTED] = "muted",
        [WORKER_DROP_DUPLICATE] = "duplicate",
        [WORKER_DROP_RTX] = "rtx",
        [WORKER_DROP_SILENCE] = "silence",
        [WORKER_DROP_VISITOR] = "visitor",
        [WORKER_DROP_POOL] = "pool",
        [WORKER_DROP_MAILBOX] = "mailbox",
        [WORKER_DROP_SEND] = "send",
        [WORKER_DROP_PACER] = "pacer",
        [WORKER_DROP_QUIETER] = "quieter",
        [WORKER_DROP_FEEDBACK] = "feedback",
        [WORKER_DROP_DTLS] = "dtls",
        [WORKER_DROP_SHARE] = "share",
    };
    return (unsigned)drop < WORKER_DROPS ? names[drop] : "unknown";
}

const char *worker_limit_name(WorkerLimit limit)
{
    static const char *const names[WORKER_LIMITS] = {
        [WORKER_LIMIT_MISSING] = "missing_packets",
        [WORKER_LIMIT_TWCC_RECEIVED] = "transport_cc_received",
        [WORKER_LIMIT_TWCC_SENT] = "transport_cc_sent",
        [WORKER_LIMIT_SENDER_REPORTS] = "sender_reports",
        [WORKER_LIMIT_SLOTS] = "slots",
        [WORKER_LIMIT_PACED] = "paced_queue",
        [WORKER_LIMIT_TUPLES] = "addresses",
    };
    return (unsigned)limit < WORKER_LIMITS ? names[limit] : "unknown";
}
